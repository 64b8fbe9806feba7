"""osu!standard: circles, sliders and spinners under a cursor."""

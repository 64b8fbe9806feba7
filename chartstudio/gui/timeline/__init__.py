"""The timeline: what part of the song is seen, how it is drawn, what the mouse does."""

"""The author's charts and games: export, and later the index of a library."""

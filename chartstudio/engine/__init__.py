"""The engine: hears songs, finds tempo, drafts charts. The only torch code."""

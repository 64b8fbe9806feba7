"""Sound files to samples and back, waveforms, slow playback, the metronome and the player.

Knows samples, seconds and sound devices; knows no ticks, no charts and no windows.
"""

"""Beat Saber: blocks, bombs and walls for two sabers.

The notes are in `notes`, what the mode does with them in `mode.MODE`.
"""

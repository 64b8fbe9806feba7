"""Beat Saber: blocks, bombs and walls for two sabers."""

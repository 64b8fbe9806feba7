"""Training: rendered music, a teacher, windows, the loop, and judging what came of it."""

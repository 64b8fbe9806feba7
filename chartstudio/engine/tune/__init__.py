"""Fine-tuning on an author's own charts, and the report that says what it was worth."""

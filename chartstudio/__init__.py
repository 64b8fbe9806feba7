"""ChartStudio: write rhythm-game charts on a timeline, with an engine that hears the song."""

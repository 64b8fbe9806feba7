"""Plain values: time, notes, songs, modes, jobs, errors. No io, no Qt, no torch."""

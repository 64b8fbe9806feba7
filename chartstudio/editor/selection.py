"""What is selected: a chart, notes of it, a stretch of time."""

from dataclasses import dataclass

from chartstudio.core.note import Note


@dataclass(frozen=True, slots=True)
class Selection:
    """What the next command works on.

    Parameters
    ----------
    chart : int
        Index of the active chart in the song.
    notes : frozenset of Note
        Selected notes of that chart.
    range : (int, int) or None
        Selected ticks ``[start, end)``.
    """

    chart: int = 0
    notes: frozenset[Note] = frozenset()
    range: tuple[int, int] | None = None

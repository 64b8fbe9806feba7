"""What every note of every game has in common, and the generic work on note lists.

A chart's notes are a tuple sorted by `sort_key`. This module knows only ``tick`` and
``end``; lanes, hands and positions belong to the modes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import Ticks


class Note(Protocol):
    """Anything that is played: a frozen dataclass with a start and an end.

    Attributes
    ----------
    tick : int
    end : int
        Equal to ``tick`` for a note without length.
    order : int
        Its place among the notes that start with it: the lane in lane games.
    """

    @property
    def tick(self) -> int:
        """Where the note starts."""
        ...

    @property
    def end(self) -> int:
        """Where it ends."""
        ...

    @property
    def order(self) -> int:
        """Its place among the notes that start with it."""
        ...


N = TypeVar("N", bound=Note)


@dataclass(frozen=True, slots=True, order=True)
class LaneNote:
    """A note of a lane game (dance, pump, mania; taiko has a single lane).

    Parameters
    ----------
    tick, end : int
    lane : int
        0-based, from the left.
    kind : str
        One of the mode's ``kinds``: tap, hold, roll, mine, lift, fake; don, kat and so on.
    sound : str
        The file's own text for this note's sample, prefixed with its format family
        (``"sm:12"``, ``"osu:2,0:0:0:70:clap.wav"``); empty for none.
    """

    tick: int
    end: int
    lane: int
    kind: str = "tap"
    sound: str = ""

    @property
    def order(self) -> int:
        """The lane."""
        return self.lane


def sort_key(note: Note) -> tuple[int, ...]:
    """Order of notes in a chart: by tick, then the mode's own order; else they keep theirs."""
    return (note.tick, note.order)


def sort_notes(notes: Iterable[N]) -> tuple[N, ...]:
    """The notes in chart order; equal ones keep their order."""
    return tuple(sorted(notes, key=sort_key))


def ticks_of(notes: Sequence[Note]) -> Ticks:
    """Start ticks, shape (N,)."""
    return np.fromiter((n.tick for n in notes), dtype=np.int64, count=len(notes))


def ends_of(notes: Sequence[Note]) -> Ticks:
    """End ticks, shape (N,)."""
    return np.fromiter((n.end for n in notes), dtype=np.int64, count=len(notes))


def slice_notes(notes: Sequence[N], start: int, end: int) -> Sequence[N]:
    """Notes of a sorted list that start in ``[start, end)``."""
    low = bisect_left(notes, start, key=lambda n: n.tick)
    high = bisect_left(notes, end, lo=low, key=lambda n: n.tick)
    return notes[low:high]


def overlapping(notes: Sequence[Note], start: int, end: int) -> NDArray[np.bool_]:
    """Which notes have any part in ``[start, end]``, shape (N,)."""
    return (ticks_of(notes) <= end) & (ends_of(notes) >= start)


def shift(note: N, ticks: int) -> N:
    """The note moved in time."""
    moved: Any = note
    return replace(moved, tick=note.tick + ticks, end=note.end + ticks)  # type: ignore[no-any-return]

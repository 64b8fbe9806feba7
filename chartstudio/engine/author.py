"""The author of a chart, as far as it is charted: what their bars say about the others.

Knows what stays of a chart and the likeness of bars; refuses to know the network and chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Mode
from chartstudio.core.note import Note, ticks_of
from chartstudio.engine.copying import Source
from chartstudio.engine.echo import (
    Evidence,
    Likeness,
    Mask,
    Slots,
    bar_beats,
    evidence,
    heard_from,
    likeness,
    widened,
)
from chartstudio.engine.features import SLOTS_PER_BEAT, SlotGrid, SongFeatures
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.stay import Stay
from chartstudio.engine.tokens import Echo, Rows

MOST_BARS = 3_000
"""Songs with more bars are not compared with themselves: the memory grows with the square."""

_LEAST_BARS, _LEAST_ROWS = 2, 4
"""From so much charted on there is a way of charting to follow."""

_WIDE = 0.5
"""A draft of at least this share of the song listens for what repeats in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Author:
    """What the charted bars say about what is to be written.

    Attributes
    ----------
    echo : Echo
        Of the charted bars.
    evidence : Evidence
        About the lines of the request.
    source : Source
        Their rows.
    level : float
        The mode's estimate of what is charted.
    times_per_s : float
        Note times per second in the charted bars.
    holds, chords : float
        Shares of their rows with a held note, and with more than one note.
    """

    echo: Echo
    evidence: Evidence
    source: Source
    level: float
    times_per_s: float
    holds: float
    chords: float


@dataclass(frozen=True, slots=True, eq=False)
class Charted:
    """What of a song is charted.

    Attributes
    ----------
    bars : ndarray of bool, shape (M,)
        Bars of which at least a part is known.
    has, known : ndarray of bool, shape (beats * 48,)
        Slots with a row, and slots of which it is known whether they have one.
    """

    bars: Mask
    has: Mask
    known: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A request with what stays of its chart.

    Attributes
    ----------
    request : GenerateRequest
    mode : Mode
    song : SongFeatures
    stay : Stay
    rows : Rows
        Of all notes that stay.
    """

    request: GenerateRequest
    mode: Mode
    song: SongFeatures
    stay: Stay
    rows: Rows


def charted(given: Given) -> Charted:
    """Find the bars that the author has charted, wholly or in part.

    Those are the bars with notes outside the holes, the bars that are kept, empty or not, and
    single empty bars between charted ones. Other empty bars are not charted yet.
    """
    request, stay, rows, grid = given.request, given.stay, given.rows, given.song.grid
    beats = bar_beats(grid)
    open_ = ~stay.written(grid.slot_ticks) & grid.valid
    has = np.zeros(len(open_), dtype=bool)
    has[rows.slots[~stay.written(rows.ticks)]] = True
    starts = beats[:-1] * SLOTS_PER_BEAT
    with_rows = np.logical_or.reduceat(has, starts)
    ticks = grid.slot_ticks
    kept = open_ & (ticks >= request.start) & (ticks < request.end)
    bars = with_rows | np.logical_or.reduceat(kept, starts)
    untouched = np.logical_and.reduceat(open_ | ~grid.valid, starts)
    bars[1:-1] |= untouched[1:-1] & with_rows[:-2] & with_rows[2:]
    known = open_ & np.repeat(bars, np.diff(beats) * SLOTS_PER_BEAT)
    return Charted(bars, widened(has) & open_, known)


def compares(request: GenerateRequest, stay: Stay, grid: SlotGrid) -> bool:
    """Whether a request gains by comparing the bars of the song with each other."""
    if np.count_nonzero(grid.beat_in_bar == 0) > MOST_BARS:
        return False
    outside = len(stay.given) - len(stay.locked)
    sounding = grid.slot_ticks[grid.valid]
    share = float(stay.written(sounding).mean()) if len(sounding) else 0.0
    return outside >= _LEAST_ROWS or (bool(request.keep) or share >= _WIDE)


def author_of(given: Given, slots: Slots) -> Author | None:
    """What the author's own bars say; None where there are too few of them.

    Parameters
    ----------
    given : Given
    slots : ndarray of int64, shape (L,)
        Lines that are asked about.
    """
    song, rows = given.song, given.rows
    found = charted(given)
    mine = ~given.stay.written(rows.ticks)
    like: Likeness = likeness(song)
    with_rows = np.zeros(len(like), dtype=bool)
    with_rows[like.bar_of(rows.slots[mine])] = True
    if np.count_nonzero(with_rows) < _LEAST_BARS or np.count_nonzero(mine) < _LEAST_ROWS:
        return None
    gone = given.stay.written(ticks_of(given.stay.given)).tolist()
    notes = [n for n, inside in zip(given.stay.given, gone, strict=True) if not inside]
    echo = heard_from(found.bars, like)
    level, holds, chords = _habits(given, notes)
    return Author(
        echo=echo,
        evidence=evidence(song, like, echo, found.has, found.known, slots),
        source=Source.of(like, with_rows, notes, given.mode, song.grid),
        level=level,
        times_per_s=np.count_nonzero(mine) / max(_seconds(found.known, song.grid), 1.0),
        holds=holds,
        chords=chords,
    )


def _seconds(known: NDArray[np.bool_], grid: SlotGrid) -> float:
    """How long the known slots last."""
    steps = np.diff(grid.slot_s, append=grid.slot_s[-1])
    return float(np.clip(steps, 0.0, 1.0)[known].sum())


def _habits(given: Given, notes: Sequence[Note]) -> tuple[float, float, float]:
    """Level, share of held rows and of chords of the notes outside the holes."""
    request, mode = given.request, given.mode
    counted = [n for n in notes if mode.counts(n)]
    level = mode.difficulty(replace(request.chart, notes=tuple(notes)), request.timing)
    times, counts = np.unique(ticks_of(counted), return_counts=True)
    held = {n.tick for n in counted if n.end > n.tick}
    n_rows = max(len(times), 1)
    return level, len(held) / n_rows, float(np.count_nonzero(counts > 1)) / n_rows

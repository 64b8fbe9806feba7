"""Charts as rows of events on the slots of a song.

What the network is shown of a chart (the raster, the gaps and the traces) is made here, for
training and drafting alike. Refuses to know audio and the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Mode
from chartstudio.core.note import Note
from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.features import (
    POSITIONS_PER_BEAT,
    SLOTS_PER_BEAT,
    SLOTS_PER_POSITION,
    SlotGrid,
)
from chartstudio.engine.vocab import END, Vocabulary

TRACE_S = (0.25, 1.5)
"""After these times the trace of an event has fallen to 1/e."""

FAR_S = 4.0
FAR_BEATS = 8.0
N_GAPS = 4 + SLOTS_PER_POSITION

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a chart that the vocabulary can spell; N events in all.

    Attributes
    ----------
    ticks, slots, end_slots : ndarray of int, shape (R,)
        Where each row starts, the nearest slot, and the slot where its longest note ends.
    seconds, beats : ndarray of float, shape (R,)
    flat : ndarray of int, shape (N,)
        Events of the mode, row after row, the ends included.
    shared : ndarray of int, shape (N,)
        The same as the vocabulary numbers them.
    starts : ndarray of int64, shape (R + 1,)
        Where each row's events start.
    n_events : int
        V, the size of the vocabulary.
    """

    ticks: Ticks
    slots: NDArray[np.integer]
    end_slots: NDArray[np.integer]
    seconds: NDArray[np.floating]
    beats: NDArray[np.floating]
    flat: NDArray[np.integer]
    shared: NDArray[np.integer]
    starts: NDArray[np.int64]
    n_events: int

    def __len__(self) -> int:
        return len(self.ticks)

    @cached_property
    def events(self) -> tuple[tuple[int, ...], ...]:
        """Flat events of the mode for each row, the end included."""
        flat, edges = self.flat.tolist(), self.starts.tolist()
        return tuple(tuple(flat[a:b]) for a, b in pairwise(edges))

    @cached_property
    def bags(self) -> Floats:
        """Shared events of each row, shape (R, V)."""
        return self.bags_of(0, len(self))

    def bags_of(self, first: int, end: int) -> Floats:
        """Bags of the rows ``[first, end)``, shape (end - first, V)."""
        found = np.zeros((end - first, self.n_events), dtype=np.float32)
        rows, shared = self.spelled(first, end)
        found[rows, shared] = 1.0
        return found

    def spelled(self, first: int, end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row, counted from ``first``, and shared event of all that is spelled but the ends."""
        return _events_of(self, np.arange(first, end))

    def between(self, first_beat: int, n_beats: int) -> tuple[int, int]:
        """First row and end of those that start in a run of beats."""
        edges = np.array([first_beat, first_beat + n_beats]) * SLOTS_PER_BEAT
        low, high = np.searchsorted(self.slots, edges)
        return int(low), int(high)


def encode_rows(
    notes: Sequence[Note], mode: Mode, vocabulary: Vocabulary, timing: TimingMap, grid: SlotGrid
) -> Rows:
    """Rows of notes in chart order; those outside the grid are left out."""
    spelled = []
    for tick, row in groupby(notes, key=lambda n: n.tick):
        held = tuple(row)
        events = mode.encode(held)
        if len(events) > 1:
            spelled.append((tick, max(n.end for n in held), events))
    ticks = np.array([t for t, _, _ in spelled], dtype=np.int64)
    slots = grid.slot_of(ticks)
    keep = np.flatnonzero(slots >= 0)
    ends = np.array([spelled[i][1] for i in keep], dtype=np.int64)
    end_slots = grid.slot_of(ends)
    last = len(grid.slot_ticks) - 1
    kept = [spelled[i][2] for i in keep]
    flat = np.array([e for row in kept for e in row], dtype=np.int64)
    return Rows(
        ticks=ticks[keep],
        slots=slots[keep],
        end_slots=np.where(end_slots < 0, last, end_slots),
        seconds=np.atleast_1d(timing.seconds_at(ticks[keep])),
        beats=slots[keep] / SLOTS_PER_BEAT,
        flat=flat,
        shared=vocabulary.shared(mode)[flat],
        starts=np.cumsum([0, *map(len, kept)], dtype=np.int64),
        n_events=vocabulary.n_events,
    )


# What the network is shown ---------------------------------------------------------------

HIDDEN, TIMED, PLACED, WHOLE = range(4)
"""How much of a row is shown: nothing, its time, its events without their time, or all."""


def n_raster(vocabulary: Vocabulary) -> int:
    """Channels of the raster: known, sounding, a row at each slot, and the events."""
    return 2 + SLOTS_PER_POSITION + vocabulary.n_events


def raster(
    rows: Rows,
    known: NDArray[np.bool_],
    first_beat: int,
    n_beats: int,
    shown: NDArray[np.int8] | None = None,
) -> Floats:
    """The known part of a chart, position by position.

    Parameters
    ----------
    rows : Rows
    known : ndarray of bool, shape (B,)
        Beats of the song where it is known whether a row stands; in the rest some are to be
        written.
    first_beat, n_beats : int
        The window; it may reach past the song.
    shown : ndarray of int8, shape (R,), optional
        `HIDDEN`, `TIMED` (a note of unknown place), `PLACED` (locked places, spread over their
        beat because the time is to be chosen anew) or `WHOLE` for each row; without it the
        rows of known beats are whole.

    Returns
    -------
    ndarray, shape (n_beats * 12, n_raster)
    """
    n_positions = n_beats * POSITIONS_PER_BEAT
    found = np.zeros((n_positions, 2 + SLOTS_PER_POSITION + rows.n_events), np.float32)
    low, high = max(first_beat, 0), min(first_beat + n_beats, len(known))
    if low >= high:
        return found
    at = slice((low - first_beat) * POSITIONS_PER_BEAT, (high - first_beat) * POSITIONS_PER_BEAT)
    found[at, 0] = np.repeat(known[low:high], POSITIONS_PER_BEAT)
    end = int(np.searchsorted(rows.slots, high * SLOTS_PER_BEAT))
    reached = np.flatnonzero(rows.end_slots[:end] >= low * SLOTS_PER_BEAT)
    if shown is None:
        how = np.where(known[rows.slots[reached] // SLOTS_PER_BEAT], WHOLE, HIDDEN)
    else:
        how = shown[reached]
    if not how.any():
        return found
    start = first_beat * SLOTS_PER_BEAT
    at = rows.slots[reached].astype(np.int64) - start
    position, within = at // SLOTS_PER_POSITION, at % SLOTS_PER_POSITION
    timed = ((how == TIMED) | (how == WHOLE)) & (position >= 0)
    found[position[timed], 2 + within[timed]] = 1.0
    whole = how == WHOLE
    ends = (rows.end_slots[reached].astype(np.int64) - start) // SLOTS_PER_POSITION
    _sound(found, np.maximum(position[whole] + 1, 0), np.minimum(ends[whole], n_positions))
    _write_events(found, rows, reached[whole & (position >= 0)], first_beat)
    _spread_events(found, rows, reached[(how == PLACED) & (position >= 0)], first_beat)
    return found


def _sound(found: Floats, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
    """Mark positions under held notes."""
    held = ends > starts
    if not held.any():
        return
    steps = np.zeros(len(found) + 1, dtype=np.int64)
    np.add.at(steps, starts[held], 1)
    np.add.at(steps, ends[held], -1)
    found[np.cumsum(steps[:-1]) > 0, 1] = 1.0


def _write_events(found: Floats, rows: Rows, chosen: NDArray[np.int64], first_beat: int) -> None:
    position, shared = _events_at(rows, chosen, first_beat)
    found[position, 2 + SLOTS_PER_POSITION + shared] = 1.0


def _spread_events(found: Floats, rows: Rows, chosen: NDArray[np.int64], first_beat: int) -> None:
    """Events over all positions of the beats that they stand in, by how often they do."""
    position, shared = _events_at(rows, chosen, first_beat)
    if not len(position):
        return
    start = 2 + SLOTS_PER_POSITION
    by_beat = np.zeros((len(found) // POSITIONS_PER_BEAT, rows.n_events), dtype=np.float32)
    np.add.at(by_beat, (position // POSITIONS_PER_BEAT, shared), np.float32(0.5))
    touched = np.unique(position // POSITIONS_PER_BEAT)
    view = found.reshape(-1, POSITIONS_PER_BEAT, found.shape[1])
    view[touched, :, start:] += by_beat[touched, None]


def _events_at(
    rows: Rows, chosen: NDArray[np.int64], first_beat: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Position in the window and shared event of all that some rows spell."""
    of, shared = _events_of(rows, chosen)
    slots = rows.slots[chosen].astype(np.int64) - first_beat * SLOTS_PER_BEAT
    return (slots // SLOTS_PER_POSITION)[of], shared


def _events_of(
    rows: Rows, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All that some rows spell but the ends: which of them, and the shared event."""
    counts = rows.starts[chosen + 1] - rows.starts[chosen]
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    shared = rows.shared[np.repeat(rows.starts[chosen], counts) + within].astype(np.int64)
    said = shared != END
    return np.repeat(np.arange(len(chosen)), counts)[said], shared[said]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a row falls, for the gaps between rows."""

    seconds: float
    beat: float
    slot: int


def gaps(before: Moment | None, here: Moment, after: Moment | None) -> Floats:
    """What a row knows of its neighbours in time, shape (N_GAPS,)."""
    since_s = FAR_S if before is None else min(here.seconds - before.seconds, FAR_S)
    until_s = FAR_S if after is None else min(after.seconds - here.seconds, FAR_S)
    since = FAR_BEATS if before is None else min(here.beat - before.beat, FAR_BEATS)
    until = FAR_BEATS if after is None else min(after.beat - here.beat, FAR_BEATS)
    found = np.zeros(N_GAPS, dtype=np.float32)
    found[:4] = (np.log(since_s + 0.02), np.log(until_s + 0.02), since / 2, until / 2)
    found[4 + here.slot % SLOTS_PER_POSITION] = 1.0
    return found


def fade(traces: Floats, bag: Floats, seconds: float) -> Floats:
    """The traces one row later.

    Parameters
    ----------
    traces : ndarray, shape (len(TRACE_S), V)
        Faded sums of the rows before the last one.
    bag : ndarray, shape (V,)
        The last row.
    seconds : float
        Time from the last row to the next.
    """
    kept = np.exp(-max(seconds, 0.0) / np.array(TRACE_S))[:, None].astype(np.float32)
    faded: Floats = (traces + bag) * kept
    return faded


def no_traces(n_events: int) -> Floats:
    """The traces before the first row."""
    return np.zeros((len(TRACE_S), n_events), dtype=np.float32)


def all_gaps(rows: Rows) -> Floats:
    """`gaps` of every row of a chart, shape (R, N_GAPS)."""
    moments = [
        Moment(s, b, slot)
        for s, b, slot in zip(
            rows.seconds.tolist(), rows.beats.tolist(), rows.slots.tolist(), strict=True
        )
    ]
    around = zip([None, *moments[:-1]], moments, [*moments[1:], None], strict=True)
    return np.array([gaps(*three) for three in around], dtype=np.float32).reshape(-1, N_GAPS)


def all_traces(rows: Rows) -> Floats:
    """The traces that each row of a chart sees, shape (R, len(TRACE_S) * V)."""
    traces = no_traces(rows.n_events)
    found, bags = [], rows.bags
    for r in range(len(rows)):
        if r:
            traces = fade(traces, bags[r - 1], float(rows.seconds[r] - rows.seconds[r - 1]))
        found.append(traces.ravel())
    return np.array(found, dtype=np.float32).reshape(len(rows), traces.size)


_FORGOTTEN_S = 12.0 * max(TRACE_S)
"""Rows further back have left no trace worth a digit."""


def row_inputs(rows: Rows, first: int, end: int) -> Floats:
    """What the placer is told of the rows ``[first, end)`` besides the sound.

    The same as `all_gaps`, the bag before and `all_traces`, for a few rows of a long chart.

    Returns
    -------
    ndarray, shape (end - first, N_GAPS + (1 + len(TRACE_S)) * V)
    """
    if first >= end:
        width = N_GAPS + (1 + len(TRACE_S)) * rows.n_events
        return np.zeros((0, width), dtype=np.float32)
    seconds = rows.seconds
    low = int(np.searchsorted(seconds, float(seconds[first]) - _FORGOTTEN_S))
    # The row before is told of, however long ago it was.
    low = min(low, max(first - 1, 0))
    bags = rows.bags_of(low, end)
    since = seconds[first:end, None].astype(np.float64) - seconds[None, low:end]
    earlier = np.arange(first, end)[:, None] > np.arange(low, end)[None]
    parts = [_gaps_of(rows, first, end), np.zeros((end - first, rows.n_events), np.float32)]
    parts[1][int(first == 0) :] = bags[max(first - 1, 0) - low : end - 1 - low]
    for fall_s in TRACE_S:
        left = np.where(earlier, np.exp(-np.maximum(since, 0.0) / fall_s), 0.0)
        parts.append(left.astype(np.float32) @ bags)
    return np.concatenate(parts, axis=1)


def _gaps_of(rows: Rows, first: int, end: int) -> Floats:
    """`gaps` of the rows ``[first, end)``, all at once."""
    near = slice(max(first - 1, 0), min(end + 1, len(rows)))
    found = np.zeros((end - first, N_GAPS), dtype=np.float32)
    for column, values, far in ((0, rows.seconds, FAR_S), (2, rows.beats, FAR_BEATS)):
        steps = np.minimum(np.diff(values[near].astype(np.float64)), far)
        if first == 0:
            steps = np.concatenate(((far,), steps))
        if end == len(rows):
            steps = np.concatenate((steps, (far,)))
        found[:, column], found[:, column + 1] = steps[:-1], steps[1:]
    found[:, :2] = np.log(found[:, :2] + 0.02)
    found[:, 2:4] /= 2
    found[np.arange(end - first), 4 + rows.slots[first:end] % SLOTS_PER_POSITION] = 1.0
    return found


# The echo --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Echo:
    """Which bars of a song stand in for which, because they sound alike.

    Attributes
    ----------
    beats : ndarray of int64, shape (M + 1,)
        First beat of each bar, and the end of the last.
    weights : ndarray, shape (M, M), float32
        For each bar the shares of the bars that are known, which add up to 1; all 0 for a bar
        that has no echo. A bar is no echo of itself.
    best : ndarray, shape (M,), float32
        Similarity of the bar that is most alike, 0 to 1.
    """

    beats: NDArray[np.int64]
    weights: Floats
    best: Floats


_FAINT = 0.02
"""Bars with a smaller share are left out of an echo."""


def n_echo(vocabulary: Vocabulary) -> int:
    """Channels of the echo: similarity, any at all, a row at each slot, and the events."""
    return 2 + SLOTS_PER_POSITION + vocabulary.n_events


def echo_raster(rows: Rows, echo: Echo, first_beat: int, n_beats: int) -> Floats:
    """What similar bars hold at each place, by how much they count.

    Parameters
    ----------
    rows : Rows
        Only rows of bars that have a share are read.
    echo : Echo
    first_beat, n_beats : int
        The window; it may reach past the song.

    Returns
    -------
    ndarray, shape (n_beats * 12, n_echo)
        Best similarity, 1 where there is an echo, and the shares of the bars with a row at
        the slot and with the event at the position.
    """
    found = np.zeros((n_beats * POSITIONS_PER_BEAT, 2 + SLOTS_PER_POSITION + rows.n_events),
                     np.float32)  # fmt: skip
    low = max(int(np.searchsorted(echo.beats, first_beat, "right")) - 1, 0)
    high = min(int(np.searchsorted(echo.beats, first_beat + n_beats)), len(echo.best))
    edges = np.clip((echo.beats - first_beat) * POSITIONS_PER_BEAT, 0, len(found))
    for bar in range(low, high):
        if echo.weights[bar].any():
            found[edges[bar] : edges[bar + 1], 0] = echo.best[bar]
            found[edges[bar] : edges[bar + 1], 1] = 1.0
    to, source = np.nonzero(echo.weights[low:high] >= _FAINT)
    if not len(to) or not len(rows):
        return found
    to = to + low
    # All rows of all sources, each moved to where its bar is echoed.
    borders = np.searchsorted(rows.slots, echo.beats * SLOTS_PER_BEAT)
    counts = borders[source + 1] - borders[source]
    pair = np.repeat(np.arange(len(to)), counts)
    chosen = np.arange(len(pair)) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen += np.repeat(borders[source], counts)
    beat = rows.slots[chosen].astype(np.int64) // SLOTS_PER_BEAT
    moved = beat - echo.beats[source[pair]] + echo.beats[to[pair]]
    inside = (moved < echo.beats[to[pair] + 1]) & (moved >= first_beat)
    inside &= moved < first_beat + n_beats
    chosen, moved = chosen[inside], moved[inside]
    share = echo.weights[to, source][pair[inside]]
    slots = (moved - first_beat) * SLOTS_PER_BEAT + rows.slots[chosen] % SLOTS_PER_BEAT
    at, within = np.divmod(slots, SLOTS_PER_POSITION)
    np.add.at(found, (at, 2 + within), share)
    of, shared = _events_of(rows, chosen)
    np.add.at(found, (at[of], 2 + SLOTS_PER_POSITION + shared), share[of])
    return found

"""Charts as rows of events on the slots of a song.

What the network is shown of a chart (the raster, the gaps and the traces) is made here, for
training and drafting alike. Refuses to know audio and the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

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
from chartstudio.engine.vocab import Vocabulary

TRACE_S = (0.25, 1.5)
"""After these times the trace of an event has fallen to 1/e."""

FAR_S = 4.0
FAR_BEATS = 8.0
N_GAPS = 4 + SLOTS_PER_POSITION

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a chart that the vocabulary can spell.

    Attributes
    ----------
    ticks, slots, end_slots : ndarray of int64, shape (R,)
        Where each row starts, the nearest slot, and the slot where its longest note ends.
    seconds, beats : ndarray of float64, shape (R,)
    events : tuple of tuple of int
        Flat events of the mode, the end included.
    bags : ndarray of float32, shape (R, V)
        Shared events of each row.
    """

    ticks: Ticks
    slots: NDArray[np.int64]
    end_slots: NDArray[np.int64]
    seconds: NDArray[np.float64]
    beats: NDArray[np.float64]
    events: tuple[tuple[int, ...], ...]
    bags: Floats

    def __len__(self) -> int:
        return len(self.ticks)


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
    events = tuple(spelled[i][2] for i in keep)
    bags = [vocabulary.bag(mode, e) for e in events]
    return Rows(
        ticks=ticks[keep],
        slots=slots[keep],
        end_slots=np.where(end_slots < 0, last, end_slots),
        seconds=np.atleast_1d(timing.seconds_at(ticks[keep])),
        beats=slots[keep] / SLOTS_PER_BEAT,
        events=events,
        bags=np.stack(bags) if bags else np.zeros((0, vocabulary.n_events), dtype=np.float32),
    )


# What the network is shown ---------------------------------------------------------------


def n_raster(vocabulary: Vocabulary) -> int:
    """Channels of the raster: known, sounding, a row at each slot, and the events."""
    return 2 + SLOTS_PER_POSITION + vocabulary.n_events


def raster(rows: Rows, known: NDArray[np.bool_], first_beat: int, n_beats: int) -> Floats:
    """The known part of a chart, position by position.

    Parameters
    ----------
    rows : Rows
    known : ndarray of bool, shape (B,)
        Beats of the song whose rows are given; the rest is to be written.
    first_beat, n_beats : int
        The window; it may reach past the song.

    Returns
    -------
    ndarray, shape (n_beats * 12, n_raster)
    """
    n_events = rows.bags.shape[1]
    found = np.zeros((n_beats * POSITIONS_PER_BEAT, 2 + SLOTS_PER_POSITION + n_events), np.float32)
    low, high = max(first_beat, 0), min(first_beat + n_beats, len(known))
    if low >= high or not known[low:high].any():
        return found
    at = slice((low - first_beat) * POSITIONS_PER_BEAT, (high - first_beat) * POSITIONS_PER_BEAT)
    found[at, 0] = np.repeat(known[low:high], POSITIONS_PER_BEAT)
    start = first_beat * SLOTS_PER_BEAT
    some = (rows.slots < high * SLOTS_PER_BEAT) & (rows.end_slots >= low * SLOTS_PER_BEAT)
    for r in np.flatnonzero(some):
        slot = int(rows.slots[r])
        if not known[slot // SLOTS_PER_BEAT]:
            continue
        position, within = divmod(slot - start, SLOTS_PER_POSITION)
        end = (int(rows.end_slots[r]) - start) // SLOTS_PER_POSITION
        found[max(position + 1, 0) : end, 1] = 1.0
        if position >= 0:
            found[position, 2 + within] = 1.0
            np.maximum(found[position, 2 + SLOTS_PER_POSITION :], rows.bags[r],
                       out=found[position, 2 + SLOTS_PER_POSITION :])  # fmt: skip
    return found


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
    traces = no_traces(rows.bags.shape[1])
    found = []
    for r in range(len(rows)):
        if r:
            traces = fade(traces, rows.bags[r - 1], float(rows.seconds[r] - rows.seconds[r - 1]))
        found.append(traces.ravel())
    return np.array(found, dtype=np.float32).reshape(len(rows), traces.size)

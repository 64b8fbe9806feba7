"""What stays of a chart while a part of it is written: kept bars, locks, held notes.

Knows requests, notes and modes; refuses to know the sound and the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.mode import Mode
from chartstudio.core.note import LaneNote, Note, slice_notes, sort_notes
from chartstudio.core.ticks import Ticks
from chartstudio.engine.requests import LOCKS, GenerateRequest
from chartstudio.engine.vocab import END

Holes = tuple[tuple[int, int], ...]
"""Stretches of ticks ``[a, b)``, in order and apart."""


@dataclass(frozen=True)
class Stay:
    """What of a chart is the author's while the rest is written.

    Attributes
    ----------
    holes : tuple of (int, int)
        What is written.
    given : tuple of Note
        All notes that stay, in chart order: those outside the holes, those that are locked.
    replaced : tuple of Note
        Notes in the holes that go.
    times : ndarray of int64, shape (N,), or None
        Where notes may stand, when their rhythm is locked.
    rows : tuple of tuple of Note
        Rows whose places stay, in order, when placement or the order of lanes is locked.
    kinds_stay : bool
        Whether those rows stay as a whole, rather than their lanes alone.
    lanes : frozenset of int
        Lanes that get no notes.
    cut : tuple of (Note, Note)
        Held notes that were cut short: as they were, and as they are in ``given``.
    """

    holes: Holes
    given: tuple[Note, ...]
    replaced: tuple[Note, ...]
    times: Ticks | None
    rows: tuple[tuple[Note, ...], ...]
    kinds_stay: bool
    lanes: frozenset[int]
    cut: tuple[tuple[Note, Note], ...]

    @property
    def start(self) -> int:
        """Where the first hole begins."""
        return self.holes[0][0]

    @property
    def end(self) -> int:
        """Where the last hole ends."""
        return self.holes[-1][1]

    def written(self, ticks: Ticks) -> NDArray[np.bool_]:
        """Which ticks lie in a hole, shape (N,)."""
        edges = np.array(self.holes).ravel()
        inside: NDArray[np.bool_] = np.searchsorted(edges, ticks, "right") % 2 == 1
        return inside

    def hole_end(self, tick: int) -> int:
        """Where the hole of a tick ends."""
        return next(end for start, end in self.holes if start <= tick < end)

    @cached_property
    def inside(self) -> tuple[Note, ...]:
        """Notes that stay between the first hole's start and the last one's end."""
        return tuple(slice_notes(self.given, self.start, self.end))

    @cached_property
    def locked(self) -> tuple[Note, ...]:
        """Notes that stay within the holes."""
        return _within(self.inside, self.holes)


def what_stays(request: GenerateRequest, mode: Mode, pinned: frozenset[int] = frozenset()) -> Stay:
    """Sort the notes of a request's chart into what stays and what goes.

    Parameters
    ----------
    request : GenerateRequest
    mode : Mode
    pinned : frozenset of int
        Ticks in the holes whose rows stay.

    Raises
    ------
    EngineError
        When nothing is left to write, or locks contradict each other.
    """
    holes = _holes(request)
    _refuse_odd_locks(request, mode)
    notes = request.chart.notes
    old = set(map(id, _within(notes, holes)))
    free = [
        n for n in notes if id(n) in old and n.tick not in pinned and not _locked(n, request, mode)
    ]
    gone = set(map(id, free))
    given, cut = [], []
    for note in notes:
        if id(note) in gone:
            continue
        short = _shortened(note, holes, mode) if request.cut_holds else note
        if short is not note and id(note) not in old:
            cut.append((note, short))
            given.append(short)
        else:
            given.append(note)
    counted = [n for n in free if mode.counts(n)]
    rows = tuple(tuple(row) for _, row in groupby(counted, key=lambda n: n.tick))
    by_row = "placement" in request.locks or ("lanes" in request.locks and not request.lanes)
    if not rows and (by_row or "rhythm" in request.locks):
        raise EngineError("there are no notes in this range to lock: leave the lock out")
    return Stay(
        holes=holes,
        given=sort_notes(given),
        replaced=tuple(free),
        times=_ticks(rows) if "rhythm" in request.locks else None,
        rows=rows if by_row else (),
        kinds_stay="placement" in request.locks,
        lanes=request.lanes if "lanes" in request.locks else frozenset(),
        cut=tuple(cut),
    )


def _ticks(rows: Sequence[Sequence[Note]]) -> Ticks:
    return np.array([row[0].tick for row in rows], dtype=np.int64)


def _holes(request: GenerateRequest) -> Holes:
    if request.start >= request.end:
        raise EngineError("the range to draft is empty: select at least one beat")
    found, low = [], request.start
    for start, end in sorted(request.keep):
        if start > low:
            found.append((low, min(start, request.end)))
        low = max(low, end)
        if low >= request.end:
            break
    else:
        found.append((low, request.end))
    found = [(a, b) for a, b in found if a < b]
    if not found:
        raise EngineError("all of the range is kept: leave something to write")
    return tuple(found)


def _refuse_odd_locks(request: GenerateRequest, mode: Mode) -> None:
    locks, n_lanes = request.locks, len(mode.layout.lanes)
    if not locks <= LOCKS:
        unknown, known = ", ".join(sorted(locks - LOCKS)), ", ".join(sorted(LOCKS))
        raise EngineError(f"{unknown} cannot be locked; choose from {known}")
    if {"rhythm", "placement"} <= locks:
        raise EngineError(
            "with rhythm and placement locked nothing is left to draw: leave one of them out"
        )
    if "notes" in locks and locks & {"rhythm", "placement"}:
        raise EngineError(
            "with the notes locked their rhythm and placement stay as well: leave those out"
        )
    if "lanes" in locks and n_lanes < 2:
        raise EngineError(f"{mode.title} has no lanes to lock: lock the placement instead")
    if request.lanes and "lanes" not in locks:
        raise EngineError("lanes are named but not locked: lock the lanes too")
    if any(not 0 <= lane < n_lanes for lane in request.lanes):
        raise EngineError(f"{mode.title} has lanes 1 to {n_lanes}: lock some of those")
    if n_lanes and len(request.lanes) == n_lanes:
        raise EngineError("all lanes are locked: leave one to write in")


def _locked(note: Note, request: GenerateRequest, mode: Mode) -> bool:
    """Whether a note in a hole stays where and as it is."""
    if "notes" in request.locks:
        return True
    return bool(request.lanes) and int(mode.spot(note)[0]) in request.lanes


def _shortened(note: Note, holes: Holes, mode: Mode) -> Note:
    """A held lane note that ends where the first hole begins that it reaches into.

    Sliders and walls are one shape and stay whole.
    """
    for start, _ in holes:
        if note.tick < start < note.end and isinstance(note, LaneNote):
            return mode.place(mode.kind(note), note.tick, start, mode.spot(note))
    return note


def _within(notes: Iterable[Note], holes: Holes) -> tuple[Note, ...]:
    found, i = [], 0
    for note in notes:
        while i < len(holes) and note.tick >= holes[i][1]:
            i += 1
        if i < len(holes) and note.tick >= holes[i][0]:
            found.append(note)
    return tuple(found)


def lanes_of_events(mode: Mode) -> NDArray[np.int64]:
    """The lane that each event of a lane mode puts a note in, -1 for others; shape (V_mode,)."""
    found = np.full(mode.n_events, -1, dtype=np.int64)
    length = first_length(mode)
    for event in range(1, mode.n_events):
        for events in ((event, END), (event, length, END)):
            notes, n_bad = mode.decode(0, events)
            if len(notes) == 1 and not n_bad:
                found[event] = int(mode.spot(notes[0])[0])
    return found


def first_length(mode: Mode) -> int:
    """The first event that says how long a note lasts; `END` in a mode without any."""
    first = 0
    for r in mode.event_ranges:
        if r.name.endswith("length"):
            return first
        first += r.size
    return END

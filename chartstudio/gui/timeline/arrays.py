"""A chart's notes as arrays, made once per chart and timing, for drawing and hit tests.

Knows notes, timing and modes; knows no pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Lane, Mode
from chartstudio.core.note import LaneNote, Note, ends_of, ticks_of
from chartstudio.core.song import Chart, Effect, Song
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.modes import MODES

KINDS = ("tap", "hold", "roll", "mine", "lift", "fake")
"""Kinds with a look of their own; any other is drawn as a tap."""

_TAP = KINDS.index("tap")
_FAKE = KINDS.index("fake")
_KIND_INDEX = {kind: i for i, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True, eq=False)
class NoteArrays:
    """Notes in chart order, as arrays of shape (N,).

    Parameters
    ----------
    notes : tuple of Note
    timing : TimingMap
    ticks, ends : ndarray of int64
    starts_s, ends_s : ndarray of float64
    lanes : ndarray of int16
        Row of the strip.
    kinds : ndarray of int8
        Index into `KINDS`.
    snaps : ndarray of int16
        Coarsest snap of each start; `core.ticks.OFF_GRID` for none.
    hittable : ndarray of bool
        False for notes that the game judges for no one: inside warps and fake stretches.
    reach : ndarray of int64
        Latest end of this note and all before it.
    """

    notes: tuple[Note, ...]
    timing: TimingMap
    ticks: Ticks
    ends: Ticks
    starts_s: Seconds
    ends_s: Seconds
    lanes: NDArray[np.int16]
    kinds: NDArray[np.int8]
    snaps: NDArray[np.int16]
    hittable: NDArray[np.bool_]
    reach: Ticks

    @classmethod
    def of(
        cls,
        notes: tuple[Note, ...],
        timing: TimingMap,
        mode: Mode | None,
        effects: Sequence[Effect] = (),
    ) -> NoteArrays:
        """The arrays of notes in chart order."""
        ticks, ends = ticks_of(notes), ends_of(notes)
        kinds = np.fromiter(_kinds(notes, mode), dtype=np.int8, count=len(notes))
        fake = kinds == _FAKE
        return cls(
            notes=notes,
            timing=timing,
            ticks=ticks,
            ends=ends,
            starts_s=timing.seconds_at(ticks),
            ends_s=timing.seconds_at(ends),
            lanes=np.fromiter(_lanes(notes), dtype=np.int16, count=len(notes)),
            kinds=kinds,
            snaps=timing.snaps_of(ticks),
            hittable=~(timing.warped(ticks) | _in_fakes(ticks, effects) | fake),
            reach=np.maximum.accumulate(ends) if len(ends) else ends,
        )

    def between(self, start: int, end: int) -> NDArray[np.intp]:
        """Indices of the notes with any part in ``[start, end]``."""
        low = int(np.searchsorted(self.reach, start, "left"))
        high = int(np.searchsorted(self.ticks, end, "right"))
        return low + np.flatnonzero(self.ends[low:high] >= start)

    def selected(self, notes: frozenset[Note]) -> NDArray[np.bool_]:
        """Which notes are in a set."""
        found = np.zeros(len(self.notes), dtype=bool)
        if not notes:
            return found
        low = int(np.searchsorted(self.ticks, min(n.tick for n in notes), "left"))
        high = int(np.searchsorted(self.ticks, max(n.tick for n in notes), "right"))
        for i in range(low, high):
            found[i] = self.notes[i] in notes
        return found


@dataclass(frozen=True, slots=True, eq=False)
class ChartArrays:
    """One chart as a strip shows it.

    Parameters
    ----------
    chart : Chart
    mode : Mode or None
        None when this program cannot edit the chart.
    timing : TimingMap
    lanes : tuple of Lane
        Rows of the strip, from the top; at least one.
    notes : NoteArrays
    """

    chart: Chart
    mode: Mode | None
    timing: TimingMap
    lanes: tuple[Lane, ...]
    notes: NoteArrays

    @property
    def editable(self) -> bool:
        """Whether notes can be placed by lane."""
        return self.mode is not None and bool(self.mode.layout.lanes)


class ArrayCache:
    """The arrays of the charts in view, rebuilt only for charts that changed.

    Charts are values: the same object has the same notes, so identity decides.
    """

    def __init__(self) -> None:
        self._held: dict[int, ChartArrays] = {}

    def of(self, song: Song, index: int) -> ChartArrays:
        """The arrays of a chart of the song."""
        chart = song.charts[index]
        timing = song.timing_of(chart)
        held = self._held.get(index)
        if held is None or held.chart is not chart or held.timing is not timing:
            same_notes = (
                held is not None
                and held.chart.notes is chart.notes
                and held.chart.effects is chart.effects
                and held.chart.mode == chart.mode
                and held.timing is timing
            )
            held = _build(chart, timing, held.notes if held and same_notes else None)
            self._held[index] = held
        return held

    def clear(self) -> None:
        """Forget everything, as when another song is opened."""
        self._held.clear()


def _build(chart: Chart, timing: TimingMap, notes: NoteArrays | None) -> ChartArrays:
    mode = MODES.get(chart.mode)
    if notes is None:
        notes = NoteArrays.of(chart.notes, timing, mode, chart.effects)
    return ChartArrays(chart, mode, timing, _rows(mode, notes), notes)


def _rows(mode: Mode | None, notes: NoteArrays) -> tuple[Lane, ...]:
    if mode is not None and mode.layout.lanes:
        return mode.layout.lanes
    n_rows = int(notes.lanes.max(initial=0)) + 1
    return tuple(Lane(str(i + 1), "key", i) for i in range(n_rows))


def _lanes(notes: Sequence[Note]) -> Iterator[int]:
    return (n.lane if isinstance(n, LaneNote) else 0 for n in notes)


def _kinds(notes: Sequence[Note], mode: Mode | None) -> Iterator[int]:
    """Kind numbers; a long note of any kind that has no look of its own shows as a hold."""
    kind_of: Callable[[Note], str]
    kind_of = mode.kind if mode is not None else attrgetter("kind")
    for note in notes:
        kind = kind_of(note) if mode is not None or hasattr(note, "kind") else ""
        yield _KIND_INDEX.get(kind, _TAP)


def _in_fakes(ticks: Ticks, effects: Sequence[Effect]) -> NDArray[np.bool_]:
    """Ticks inside ``fakes`` effects: ``values[0]`` beats from the effect's tick."""
    found = np.zeros(len(ticks), dtype=bool)
    for effect in effects:
        if effect.kind == "fakes" and effect.values:
            length = round(float(effect.values[0]) * TICKS_PER_BEAT)
            found |= (ticks >= effect.tick) & (ticks < effect.tick + length)
    return found

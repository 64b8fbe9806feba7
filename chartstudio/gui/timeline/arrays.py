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
from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.formats.playable import playable
from chartstudio.gui.timeline.looks import LOOK_INDEX, Faces
from chartstudio.gui.timeline.rows import field_of, rows_of
from chartstudio.modes import MODES

_TAP = LOOK_INDEX["tap"]
_FAKE = LOOK_INDEX["fake"]


@dataclass(frozen=True, slots=True, eq=False)
class NoteArrays:
    """Notes in chart order, as arrays of shape (N,).

    Parameters
    ----------
    notes : tuple of Note
    timing : TimingMap
    ticks, ends : ndarray of int64
    starts_s, ends_s : ndarray of float64
    faces : Faces
        Rows and looks.
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
    faces: Faces
    snaps: NDArray[np.int16]
    hittable: NDArray[np.bool_]
    reach: Ticks

    @classmethod
    def of(
        cls,
        notes: tuple[Note, ...],
        timing: TimingMap,
        mode: Mode | None,
        judged: NDArray[np.bool_] | None = None,
    ) -> NoteArrays:
        """The arrays of notes in chart order; ``judged`` as `formats.playable.playable` says."""
        ticks, ends = ticks_of(notes), ends_of(notes)
        faces = _faces(notes, mode)
        fake = faces.looks == _FAKE
        return cls(
            notes=notes,
            timing=timing,
            ticks=ticks,
            ends=ends,
            starts_s=timing.seconds_at(ticks),
            ends_s=timing.seconds_at(ends),
            faces=faces,
            snaps=timing.snaps_of(ticks),
            hittable=~fake if judged is None else judged & ~fake,
            reach=np.maximum.accumulate(ends) if len(ends) else ends,
        )

    @property
    def lanes(self) -> NDArray[np.int16]:
        """Row of the strip of each note."""
        return self.faces.rows

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
    effects : tuple of Effect
        The song's, which decide with the chart's own what is judged.
    lanes : tuple of Lane
        Rows of the strip, from the top; at least one.
    notes : NoteArrays
    """

    chart: Chart
    mode: Mode | None
    timing: TimingMap
    effects: tuple[Effect, ...]
    lanes: tuple[Lane, ...]
    notes: NoteArrays

    @property
    def editable(self) -> bool:
        """Whether notes can be placed by row."""
        return self.mode is not None and bool(rows_of(self.mode))


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
            held = self._held[index] = self._build(song, chart, held)
        elif held.effects is not song.effects:
            held = self._held[index] = self._build(song, chart, None)
        return held

    def clear(self) -> None:
        """Forget everything, as when another song is opened."""
        self._held.clear()

    @staticmethod
    def _build(song: Song, chart: Chart, before: ChartArrays | None) -> ChartArrays:
        """A chart's arrays; notes that are those of ``before`` keep theirs."""
        mode, timing = MODES.get(chart.mode), song.timing_of(chart)
        if (
            before is not None
            and before.chart.notes is chart.notes
            and before.chart.effects is chart.effects
            and before.effects is song.effects
            and before.chart.mode == chart.mode
            and before.timing is timing
        ):
            notes = before.notes
        else:
            notes = NoteArrays.of(chart.notes, timing, mode, playable(song, chart))
        return ChartArrays(chart, mode, timing, song.effects, _rows(mode, notes), notes)


def _rows(mode: Mode | None, notes: NoteArrays) -> tuple[Lane, ...]:
    if mode is not None and rows_of(mode):
        return rows_of(mode)
    n_rows = int(notes.lanes.max(initial=0)) + 1
    return tuple(Lane(str(i + 1), "key", i) for i in range(n_rows))


def _faces(notes: Sequence[Note], mode: Mode | None) -> Faces:
    field = field_of(mode)
    if field is not None:
        return field.faces(notes)
    looks = np.fromiter(_looks(notes, mode), dtype=np.int8, count=len(notes))
    lanes = (n.lane if isinstance(n, LaneNote) else 0 for n in notes)
    return Faces.plain(looks, np.fromiter(lanes, dtype=np.int16, count=len(notes)))


def _looks(notes: Sequence[Note], mode: Mode | None) -> Iterator[int]:
    """Looks by kind; a kind that has none of its own shows as a tap, or a hold when long."""
    kind_of: Callable[[Note], str]
    kind_of = mode.kind if mode is not None else attrgetter("kind")
    for note in notes:
        kind = kind_of(note) if mode is not None or hasattr(note, "kind") else ""
        yield LOOK_INDEX.get(kind, _TAP)

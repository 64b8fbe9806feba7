"""Ticks to seconds and back, for every way that games bend time.

A timing map is a list of anchors. Between two anchors time runs straight from one to the
other; after the last it runs at that anchor's tempo, before the first at the first's.

- A **pause** (StepMania stop or delay) is two anchors on one tick: the second is later.
- A **warp** is two anchors on one second: the second is further.
- A **bar anchor** restarts the measure and the beat there (osu! red line); its grid counts
  from it, so a line may cut a beat. Other anchors change the tempo within the running bar.

This module knows nothing of formats, notes or scroll speed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import overload

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import (
    OFF_GRID,
    SNAPS,
    TICKS_PER_BEAT,
    Ticks,
    snap_of,
    snap_ticks,
    snap_to,
)

Seconds = NDArray[np.float64]
"""Times in seconds, float64."""

SLACK_S = 0.001
"""A note is taken to lie on a grid line within this time."""


class Cause(Enum):
    """How an anchor was reached from the one before it."""

    TEMPO = "tempo"
    """Time ran on: a tempo or meter change, or a re-sync."""
    STOP = "stop"
    """Time passed on one tick, and a note there is judged before the pause (StepMania)."""
    DELAY = "delay"
    """Time passed on one tick, and a note there is judged after the pause (StepMania)."""
    WARP = "warp"
    """Ticks passed in no time."""


class Side(Enum):
    """Which moment of a paused tick, or which tick of a warped moment, is meant."""

    BEFORE = "before"
    AFTER = "after"
    NOTE = "note"
    """Where a note on that row is judged: after delays, before stops."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One fixed point of a timing map.

    Parameters
    ----------
    tick : int
    seconds : float
        Time of the tick in the audio.
    bpm : float
        Beats per minute in force from here on.
    meter : int
        Beats per measure from here on; read at bar anchors only.
    bar : bool
        A measure, and with it the beat grid, starts here.
    cause : Cause
        How time came here from the anchor before.
    """

    tick: int
    seconds: float
    bpm: float
    meter: int = 4
    bar: bool = False
    cause: Cause = Cause.TEMPO


@dataclass(frozen=True, slots=True)
class Position:
    """A tick as people say it: measure and beat, both counted from 1."""

    measure: int
    beat: float


@dataclass(frozen=True)
class TimingMap:
    """The tempo of a song or chart: at least one anchor, in order of tick and time.

    Parameters
    ----------
    anchors : tuple of Anchor
        The first is a bar anchor whatever it says: measure 1 starts there.

    Raises
    ------
    ValueError
        When there is no anchor, when they are out of order, or when a tempo or a meter is
        not positive and finite.
    """

    anchors: tuple[Anchor, ...]
    _ticks: Ticks = field(init=False, repr=False, compare=False)
    _seconds: Seconds = field(init=False, repr=False, compare=False)
    _seconds_per_tick: Seconds = field(init=False, repr=False, compare=False)
    _note_anchor: NDArray[np.int64] = field(init=False, repr=False, compare=False)
    _sections: _Sections = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        anchors = self.anchors
        if not anchors:
            raise ValueError("a timing map needs an anchor")
        if not anchors[0].bar:
            anchors = (replace(anchors[0], bar=True), *anchors[1:])
        ticks = np.array([a.tick for a in anchors], dtype=np.int64)
        seconds = np.array([a.seconds for a in anchors], dtype=np.float64)
        bpm = np.array([a.bpm for a in anchors], dtype=np.float64)
        if not (np.all(np.isfinite(bpm)) and np.all(bpm > 0) and np.all(np.isfinite(seconds))):
            raise ValueError("tempos must be positive and times finite")
        if any(a.meter < 1 for a in anchors):
            raise ValueError("a measure needs at least one beat")
        if np.any(np.diff(ticks) < 0) or np.any(np.diff(seconds) < 0):
            raise ValueError("anchors must be in order of tick and time")
        slope = 60.0 / bpm / TICKS_PER_BEAT
        moves = np.diff(ticks) > 0
        slope[:-1][moves] = np.diff(seconds)[moves] / np.diff(ticks)[moves]
        note_anchor = np.arange(len(anchors))
        for i, anchor in enumerate(anchors[1:], start=1):
            if anchor.cause is Cause.STOP and anchor.tick == anchors[i - 1].tick:
                note_anchor[i] = note_anchor[i - 1]
        derived = {
            "anchors": anchors,
            "_ticks": ticks,
            "_seconds": seconds,
            "_seconds_per_tick": slope,
            "_note_anchor": note_anchor,
            "_sections": _Sections.of(anchors),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @classmethod
    def constant(cls, bpm: float, offset_s: float = 0.0, meter: int = 4) -> TimingMap:
        """One tempo for the whole song, measure 1 starting at ``offset_s`` on tick 0."""
        return cls((Anchor(0, offset_s, bpm, meter, bar=True),))

    @overload
    def seconds_at(self, ticks: int, side: Side = Side.NOTE) -> float: ...
    @overload
    def seconds_at(self, ticks: Ticks, side: Side = Side.NOTE) -> Seconds: ...
    def seconds_at(self, ticks: int | Ticks, side: Side = Side.NOTE) -> float | Seconds:
        """Time of each tick.

        Parameters
        ----------
        ticks : int or ndarray of int64, any shape
        side : Side
            Which moment of a paused tick is meant.

        Returns
        -------
        float or ndarray of float64, same shape
        """
        at = np.asarray(ticks, dtype=np.int64)
        after = np.maximum(np.searchsorted(self._ticks, at, "right") - 1, 0)
        if side is Side.BEFORE:
            on_anchor = np.searchsorted(self._ticks, at, "left")
        else:
            on_anchor = self._note_anchor[after] if side is Side.NOTE else after
        index = np.where(self._ticks[after] == at, on_anchor, after)
        found = self._seconds[index] + (at - self._ticks[index]) * self._seconds_per_tick[index]
        return float(found) if np.ndim(found) == 0 else found

    @overload
    def tick_at(self, seconds: float, side: Side = Side.AFTER) -> int: ...
    @overload
    def tick_at(self, seconds: Seconds, side: Side = Side.AFTER) -> Ticks: ...
    def tick_at(self, seconds: float | Seconds, side: Side = Side.AFTER) -> int | Ticks:
        """The nearest tick at each time; inside a pause, the paused tick.

        Parameters
        ----------
        seconds : float or ndarray of float64
        side : Side
            `Side.BEFORE` gives the start of a warp, anything else its far end.
        """
        at = np.asarray(seconds, dtype=np.float64)
        index = np.maximum(np.searchsorted(self._seconds, at, "right") - 1, 0)
        if side is Side.BEFORE:
            first = np.minimum(np.searchsorted(self._seconds, at, "left"), len(self._seconds) - 1)
            index = np.where(self._seconds[first] == at, first, index)
        slope = self._seconds_per_tick[index]
        past = at - self._seconds[index]
        ticks = np.rint(np.divide(past, slope, out=np.zeros_like(past), where=slope > 0))
        limit = np.append(self._ticks[1:], np.iinfo(np.int64).max)[index]
        found = np.minimum(self._ticks[index] + ticks.astype(np.int64), limit)
        return int(found) if np.ndim(found) == 0 else found

    def bpm_at(self, tick: int) -> float:
        """Tempo in force from this tick on."""
        index = max(int(np.searchsorted(self._ticks, tick, "right")) - 1, 0)
        return self.anchors[index].bpm

    def warped(self, ticks: Ticks) -> NDArray[np.bool_]:
        """Whether each tick lies inside a warp, where StepMania judges no note.

        The row on which a warp starts is inside it, the row on which it ends is not, and a
        row with a stop or delay never is (``TimingData`` of StepMania and ITGmania).
        """
        at = np.asarray(ticks, dtype=np.int64)
        index = np.searchsorted(self._ticks, at, "right")
        ends_warp = np.array([*(a.cause is Cause.WARP for a in self.anchors), False])
        paused = [a.tick for a in self.anchors if a.cause in (Cause.STOP, Cause.DELAY)]
        found: NDArray[np.bool_] = (index > 0) & ends_warp[index] & ~np.isin(at, paused)
        return found

    # Measures, beats and snaps -----------------------------------------------------------

    def position(self, tick: int) -> Position:
        """Measure and beat of a tick; measures before the first anchor are 0, -1, ..."""
        i = self._sections.index(tick)
        start, length = self._sections.starts[i], self._sections.measure_ticks[i]
        measures, rest = divmod(tick - int(start), int(length))
        return Position(int(self._sections.first_measure[i]) + measures, 1 + rest / TICKS_PER_BEAT)

    def measure_start(self, measure: int) -> int:
        """Tick on which a measure (1-based) starts."""
        s = self._sections
        i = max(int(np.searchsorted(s.first_measure, measure, "right")) - 1, 0)
        return int(s.starts[i] + (measure - s.first_measure[i]) * s.measure_ticks[i])

    def measures_around(self, ticks: Ticks) -> tuple[Ticks, Ticks]:
        """Where the measure of each tick starts and where the next one does, shapes (N,).

        A bar anchor cuts the measure before it short.
        """
        s = self._sections
        i = s.index(ticks)
        length = s.measure_ticks[i]
        low = s.starts[i] + (ticks - s.starts[i]) // length * length
        next_bar = np.append(s.starts[1:], np.iinfo(np.int64).max)[i]
        return low, np.minimum(low + length, next_bar)

    def lines(self, start: int, end: int, snap: int | None = None) -> Ticks:
        """Grid lines of a snap in ``[start, end)``; without a snap, the measure lines.

        Every bar anchor starts the grid anew, so the last step before one may be short. The
        first bar anchor's grid also runs backwards before it.
        """
        s = self._sections
        found = []
        for i in range(len(s.starts)):
            low = start if i == 0 else max(start, int(s.starts[i]))
            high = end if i + 1 == len(s.starts) else min(end, int(s.starts[i + 1]))
            if high > low:
                step = int(s.measure_ticks[i]) if snap is None else snap_ticks(snap)
                origin = int(s.starts[i])
                first = origin + -(-(low - origin) // step) * step
                found.append(np.arange(first, high, step, dtype=np.int64))
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def grid_origin(self, ticks: Ticks) -> Ticks:
        """The bar anchor from which the grid at each tick counts."""
        return self._sections.starts[self._sections.index(ticks)]

    def snap(self, tick: int, snap: int) -> int:
        """The grid line nearest to a tick; a bar anchor is always a grid line."""
        i = int(self._sections.index(tick))
        starts = self._sections.starts
        line = snap_to(tick, snap, int(starts[i]))
        if i + 1 < len(starts) and (
            line > starts[i + 1] or starts[i + 1] - tick < abs(tick - line)
        ):
            return int(starts[i + 1])
        return line

    def snaps_of(self, ticks: Ticks, slack_s: float = SLACK_S) -> NDArray[np.int16]:
        """The coarsest snap that each tick lies on (`ticks.OFF_GRID` for none).

        Parameters
        ----------
        ticks : ndarray of int64, shape (N,)
        slack_s : float
            How far from its line a tick may lie. Files that hold whole milliseconds put their
            notes up to one beside it.
        """
        at = np.asarray(ticks, dtype=np.int64)
        phase = at - self.grid_origin(at)
        found = snap_of(phase)
        off = np.flatnonzero(found == OFF_GRID)
        index = np.maximum(np.searchsorted(self._ticks, at[off], "right") - 1, 0)
        slope = self._seconds_per_tick[index]
        slack = np.divide(slack_s, slope, out=np.zeros(len(off)), where=slope > 0)
        for snap in SNAPS:
            distance = np.abs(phase[off] - snap_to(phase[off], snap))
            near = (distance <= np.minimum(slack, snap_ticks(snap) / 4)) & (found[off] == OFF_GRID)
            found[off[near]] = snap
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Sections:
    """The stretches between bar anchors, as arrays.

    Attributes
    ----------
    starts, measure_ticks, first_measure : ndarray of int64, shape (S,)
    """

    starts: Ticks
    measure_ticks: Ticks
    first_measure: Ticks

    @classmethod
    def of(cls, anchors: Iterable[Anchor]) -> _Sections:
        # Of several bar anchors on one tick the last decides.
        bars = {a.tick: a for a in anchors if a.bar}
        starts = np.array(list(bars), dtype=np.int64)
        lengths = np.array([a.meter * TICKS_PER_BEAT for a in bars.values()], dtype=np.int64)
        n_measures = -(-np.diff(starts) // lengths[:-1])
        return cls(starts, lengths, np.concatenate(([1], 1 + np.cumsum(n_measures))))

    @overload
    def index(self, ticks: int) -> np.int64: ...
    @overload
    def index(self, ticks: Ticks) -> Ticks: ...
    def index(self, ticks: int | Ticks) -> np.int64 | Ticks:
        found: Ticks = np.maximum(np.searchsorted(self.starts, ticks, "right") - 1, 0)
        return found

"""Which grid lines, bars, pauses and warps are in view, never more than pixels can show.

Tempos of gimmick charts reach millions of beats per minute: a line is only asked for where
its neighbours are far enough away to be told apart. Knows timing and the view; draws
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks, snap_ticks
from chartstudio.core.timing import Seconds, Side, TimingMap
from chartstudio.gui.timeline.view import ViewState

MIN_SNAP_PX = 7.0
"""Closest lines of a snap."""

MIN_BEAT_PX = 6.0
MIN_BAR_PX = 4.0
MIN_LABEL_PX = 34.0
"""Closest numbers of bars."""

BAR = 1
"""The rank of a line on which a measure starts."""

_MAX_STRETCHES = 200
"""Separate stretches of grid that are worth their time; more are narrower than a few pixels."""

_AHEAD = 1.0
"""Lines are found for this many widths on either side of the view, and kept while it lasts."""


@dataclass(frozen=True, slots=True, eq=False)
class AnchorArrays:
    """The anchors of a timing as arrays, shape (A,), and its pauses and warps, shape (B,).

    Parameters
    ----------
    ticks : ndarray of int64
    bpm : ndarray of float64
    meters : ndarray of int64
        In force at each anchor: that of the last bar anchor.
    bend_ticks, bend_beats, bend_s
        Where each pause or warp starts, how many beats it skips, how long it pauses.
    """

    ticks: Ticks
    bpm: Seconds
    meters: NDArray[np.int64]
    bend_ticks: Ticks
    bend_beats: Seconds
    bend_s: Seconds

    @classmethod
    def of(cls, timing: TimingMap) -> AnchorArrays:
        """The arrays of a timing map."""
        ticks = np.array([a.tick for a in timing.anchors], dtype=np.int64)
        seconds = np.array([a.seconds for a in timing.anchors])
        bars = np.flatnonzero([a.bar for a in timing.anchors])
        meters = np.array([a.meter for a in timing.anchors], dtype=np.int64)
        last_bar = bars[np.searchsorted(bars, np.arange(len(ticks)), "right") - 1]
        jumps, pauses = np.diff(ticks), np.diff(seconds)
        bent = np.flatnonzero((jumps == 0) != (pauses == 0))
        return cls(
            ticks=ticks,
            bpm=np.array([a.bpm for a in timing.anchors]),
            meters=meters[last_bar],
            bend_ticks=ticks[bent],
            bend_beats=jumps[bent] / TICKS_PER_BEAT,
            bend_s=pauses[bent],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Grid lines of one timing, as arrays, in order.

    Parameters
    ----------
    ticks : ndarray of int64
    seconds : ndarray of float64
    ranks : ndarray of int16
        `BAR`, or the line's snap. Bars too close to be numbered count as beats.
    numbers : ndarray of int64
        Measure number of bars that are far enough from the last for it, else 0.
    """

    ticks: Ticks
    seconds: Seconds
    ranks: NDArray[np.int16]
    numbers: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """Lines with what they were found for."""

    timing: TimingMap
    key: tuple[object, ...]
    reach: tuple[int, int]
    lines: Lines


class Grid:
    """The lines of the timings in view, found anew only when the view leaves them."""

    def __init__(self) -> None:
        self._held: dict[int, _Held] = {}
        self._anchors: dict[int, tuple[TimingMap, AnchorArrays]] = {}

    def anchors(self, timing: TimingMap) -> AnchorArrays:
        """A timing's anchors as arrays, made once."""
        held = self._anchors.get(id(timing))
        if held is None or held[0] is not timing:
            if len(self._anchors) > 8:
                self._anchors.clear()
            held = self._anchors[id(timing)] = (timing, AnchorArrays.of(timing))
        return held[1]

    def lines(self, view: ViewState, timing: TimingMap) -> Lines:
        """The lines around the view, at least all that are in it."""
        start, end = view.seen_ticks(timing)
        key = (view.snap, view.width_px, *view.axis[1:])
        held = self._held.get(id(timing))
        if held is not None and held.timing is timing and held.key == key:
            low, high = held.reach
            if low <= start and end <= high:
                return held.lines
        margin = _AHEAD * view.width_px
        reach = view.seen_ticks(timing, margin)
        found = _Finder(view, timing, self.anchors(timing), reach).find()
        if len(self._held) > 8:
            self._held.clear()
        self._held[id(timing)] = _Held(timing, key, reach, found)
        return found


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds the lines of one timing within a range of ticks."""

    view: ViewState
    timing: TimingMap
    anchors: AnchorArrays
    reach: tuple[int, int]

    def find(self) -> Lines:
        bars = self._lines(None, MIN_BAR_PX)
        beats = self._lines(4, MIN_BEAT_PX)
        fine = self._lines(self.view.snap, MIN_SNAP_PX)
        ticks = np.unique(np.concatenate([bars, beats, fine]))
        ticks = ticks[self._one_per_pixel(ticks, np.isin(ticks, bars))]
        seconds = self.timing.seconds_at(ticks)
        ranks = self.timing.snaps_of(ticks)
        at = np.flatnonzero(np.isin(ticks, bars))
        measures = [self.timing.position(int(t)).measure for t in ticks[at]]
        x = self.view.x_of_places(ticks[at], seconds[at], self.timing)
        numbers = np.zeros(len(ticks), dtype=np.int64)
        numbers[at] = _numbered(x, np.array(measures, dtype=np.int64))
        ranks[at] = np.where(numbers[at] != 0, BAR, 4)
        return Lines(ticks, seconds, ranks, numbers)

    def _one_per_pixel(self, ticks: Ticks, first: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Indices of ticks on pixels of their own, those marked ``first`` before others.

        Restarted bars (osu! red lines) may lie closer than any step of a grid.
        """
        pixels = np.floor(self.view.x_of_ticks(ticks, self.timing))
        order = np.argsort(~first, kind="stable")
        _, found = np.unique(pixels[order], return_index=True)
        return np.sort(order[found])

    def _lines(self, snap: int | None, closest_px: float) -> Ticks:
        """Lines of a snap (of bars for None) where neighbours are at least so far apart."""
        found = [
            self.timing.lines(start, end, snap) for start, end in self._stretches(snap, closest_px)
        ]
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)

    def _stretches(self, snap: int | None, closest_px: float) -> list[tuple[int, int]]:
        """The parts of the view in which a grid step is wide enough to be drawn."""
        edges = _edges(self.anchors, self.reach)
        if snap is None:
            step = _bar_ticks(self.anchors, edges[:-1])
        else:
            step = np.full(len(edges) - 1, snap_ticks(snap), dtype=np.int64)
        return _runs(edges, self.view.px_per_tick(self.timing, edges) * step >= closest_px)


def bars_between(timing: TimingMap, start_s: float, end_s: float, closest_s: float) -> Ticks:
    """Bar lines of a stretch of time, where measures last at least ``closest_s``."""
    anchors = AnchorArrays.of(timing)
    reach = (timing.tick_at(start_s, Side.BEFORE), timing.tick_at(end_s))
    edges = _edges(anchors, reach)
    lasting = timing.seconds_at(edges[1:], Side.BEFORE) - timing.seconds_at(edges[:-1], Side.AFTER)
    share = _bar_ticks(anchors, edges[:-1]) / np.maximum(np.diff(edges), 1)
    runs = _runs(edges, lasting * share >= closest_s)
    found = [timing.lines(start, end) for start, end in runs]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _edges(anchors: AnchorArrays, reach: tuple[int, int]) -> Ticks:
    """Ticks that part a range into stretches of one tempo."""
    low, high = reach
    inner = np.unique(anchors.ticks[(anchors.ticks > low) & (anchors.ticks <= high)])
    return np.concatenate([[low], inner, [high + 1]])


def _bar_ticks(anchors: AnchorArrays, at: Ticks) -> Ticks:
    """Length of the measure at each tick."""
    index = np.maximum(np.searchsorted(anchors.ticks, at, "right") - 1, 0)
    return anchors.meters[index] * TICKS_PER_BEAT


def _runs(edges: Ticks, wide: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Neighbouring wide stretches as one, the longest when there are too many."""
    change = np.flatnonzero(np.diff(np.concatenate([[0], wide.astype(np.int8), [0]])))
    runs = [(int(edges[a]), int(edges[b])) for a, b in zip(change[::2], change[1::2], strict=True)]
    if len(runs) > _MAX_STRETCHES:
        runs = sorted(sorted(runs, key=lambda r: r[0] - r[1])[:_MAX_STRETCHES])
    return runs


def _numbered(x: Seconds, measures: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers to write: every bar's, or every 2nd, 4th, 8th ... where they are close; else 0."""
    every = 1
    step_px = float(np.median(np.diff(x))) if len(x) > 1 else MIN_LABEL_PX
    while step_px * every < MIN_LABEL_PX and every < 1 << 20:
        every *= 2
    # The measure before the first is number 0: it is never written, nor are those before it.
    numbers = np.where(((measures - 1) % every == 0) & (measures > 0), measures, 0)
    last = -np.inf
    for i in np.flatnonzero(numbers):
        if x[i] - last < MIN_LABEL_PX * 0.8:
            numbers[i] = 0
        else:
            last = x[i]
    return numbers


# Pauses and warps ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bend:
    """A pause or a warp in view.

    Parameters
    ----------
    left_px, right_px : float
        Equal where time or ticks pass unseen: a warp in the time view, a pause in the beats.
    seconds : float
        Length of a pause; 0 for a warp.
    beats : float
        Length of a warp; 0 for a pause.
    """

    left_px: float
    right_px: float
    seconds: float
    beats: float


def bends(
    view: ViewState, timing: TimingMap, anchors: AnchorArrays, limit: int = 200
) -> list[Bend]:
    """Pauses and warps in view, one per pixel and the widest if there are too many."""
    if not len(anchors.bend_ticks):
        return []
    starts = anchors.bend_ticks
    ends = starts + np.rint(anchors.bend_beats * TICKS_PER_BEAT).astype(np.int64)
    left = view.x_of_ticks(starts, timing, Side.BEFORE)
    right = view.x_of_ticks(ends, timing, Side.AFTER)
    seen = np.flatnonzero((right >= 0) & (left <= view.width_px))
    if len(seen) > limit:
        _, first = np.unique(np.floor(left[seen]), return_index=True)
        seen = seen[first]
        widest = np.argsort(left[seen] - right[seen], kind="stable")[:limit]
        seen = np.sort(seen[widest])
    return [
        Bend(
            float(left[i]), float(right[i]), float(anchors.bend_s[i]), float(anchors.bend_beats[i])
        )
        for i in seen
    ]

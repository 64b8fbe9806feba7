"""Which events may come next while the engine spells a row of osu!standard.

What the checks report as an error cannot be spelled, and little of what they warn of in charts
for beginners. Levels bound how far the cursor has to go in how much time. How dense a chart is,
is decided by whoever picks the times.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import RowContext
from chartstudio.modes.lanes import HOLD_LENGTHS
from chartstudio.modes.osu.checks import EASY_STARS, NORMAL_STARS, TOO_CLOSE_S
from chartstudio.modes.osu.curve import end_position
from chartstudio.modes.osu.events import (
    CELL_PX,
    COLUMNS,
    FIRST,
    LEAST_PX,
    LENGTHS_PX,
    N_EVENTS,
    ROOM_PX,
    ROWS,
    SIZE,
    SPANS,
    SPEEDS,
    Spelling,
    fits,
    longest_px,
)
from chartstudio.modes.osu.field import KINDS, osu_notes
from chartstudio.modes.osu.notes import Circle, OsuNote, Slider, Spinner

_AFTER_LONG_S = 0.040
"""What has a length ends so long before the next given object at least."""

_SHORTEST_SPINNER_S = 0.600
"""Long enough at any overall difficulty."""

_SPAN_S = ((EASY_STARS, 0.160), (NORMAL_STARS, 0.100), (np.inf, 0.060))
"""Shortest span of a slider below each level."""

_LONG_ENOUGH = LEAST_PX.min() <= LENGTHS_PX

_TOUCHING_PX = 62.0
"""Circles of the sizes that Easies have touch when they are this near."""

_TOUCH_WITHIN_S, _APART_FROM_S, _SEEN_S = 0.175, 0.250, 1.6
"""As in `checks`: nearer in time, objects of Easies should touch; while seen together, those
further apart should not."""

_PLACES = np.stack(
    np.meshgrid(
        CELL_PX * (np.arange(COLUMNS) + 0.5), CELL_PX * (np.arange(ROWS) + 0.5), indexing="ij"
    ),
    axis=-1,
)


class OsuGrammar:
    """Legal events of one row: what a cursor can do, given the objects around it.

    Parameters
    ----------
    context : RowContext
    """

    def __init__(self, context: RowContext) -> None:
        c = context
        self._now_s = c.timing.seconds_at(c.tick)
        self._level = c.level
        before = max(osu_notes(c.before), key=lambda n: n.end, default=None)
        after = osu_notes(c.after[:1])
        since_s = np.inf
        if before is not None:
            since_s = self._now_s - c.timing.seconds_at(before.end)
        until_s = c.timing.seconds_at(after[0].tick) - self._now_s if after else np.inf
        self._free = not c.here and min(since_s, until_s) >= TOO_CLOSE_S
        ends_s = c.timing.seconds_at(c.tick + np.array(HOLD_LENGTHS)) - self._now_s
        in_time = ends_s <= until_s - _AFTER_LONG_S
        self._spinners = in_time & (ends_s >= _SHORTEST_SPINNER_S)
        beat_s = 60 / c.timing.bpm_at(c.tick)
        self._sliders = self._playable_sliders(ends_s, beat_s) & in_time[:, None, None]
        self._cells = self._reachable(before, since_s, after, until_s)

    def _playable_sliders(self, ends_s: NDArray[np.float64], beat_s: float) -> NDArray[np.bool_]:
        """Sliders of a length that the level allows, by length, spans and speed."""
        least_s = next(span_s for below, span_s in _SPAN_S if self._level < below)
        slow = ends_s[:, None] / np.array(SPANS) >= least_s
        quick_px_s = np.array(SPEEDS) / beat_s <= 250 + 250 * self._level
        # At breakneck tempos the slowest speed is as good as any.
        quick_px_s[0] = True
        legal: NDArray[np.bool_] = slow[:, :, None] & quick_px_s & _LONG_ENOUGH
        return legal

    def _reachable(
        self, before: OsuNote | None, since_s: float, after: Sequence[OsuNote], until_s: float
    ) -> NDArray[np.bool_]:
        """Cells that a player of this level gets to and away from in time, shape (16, 12)."""
        cells = np.ones((COLUMNS, ROWS), dtype=bool)
        if before is not None and not isinstance(before, Spinner):
            from_x, from_y = end_position(before) if isinstance(before, Slider) else _at(before)
            away_px = np.hypot(_PLACES[..., 0] - from_x, _PLACES[..., 1] - from_y)
            cells = _narrowed(cells, away_px <= self._reach_px(since_s))
            if self._level < EASY_STARS:
                cells = _narrowed(cells, _readable(before, since_s, away_px))
        if after and not isinstance(after[0], Spinner):
            x, y = _at(after[0])
            away_px = np.hypot(_PLACES[..., 0] - x, _PLACES[..., 1] - y)
            cells = _narrowed(cells, away_px <= self._reach_px(until_s))
        return cells

    def _reach_px(self, gap_s: float) -> float:
        """How far apart objects may be that are so far apart in time."""
        return 48 + min(gap_s, 10.0) * (150 + 300 * self._level)

    def mask(self, events: Sequence[int]) -> NDArray[np.bool_]:
        """Legal next events; see `core.mode.Grammar`."""
        legal = np.zeros(N_EVENTS, dtype=bool)
        said = Spelling.of(events)
        if not self._free or said.is_whole:
            legal[0] = True
        elif not said.kind:
            objects = FIRST["osu-object"]
            legal[FIRST["new-combo"]] = not said.new_combo
            legal[objects : objects + len(KINDS)] = [
                True,
                bool(self._slider_cells().any()),
                bool(self._spinners.any()),
            ]
        else:
            first = FIRST[said.awaits]
            legal[first : first + SIZE[said.awaits]] = self._values(said)
        return legal

    def _slider_cells(self) -> NDArray[np.bool_]:
        """Reachable cells from which some slider fits."""
        if not self._sliders.any():
            return np.zeros((COLUMNS, ROWS), dtype=bool)
        least_px = float(LENGTHS_PX[self._sliders].min())
        found: NDArray[np.bool_] = self._cells & (ROOM_PX.max(axis=(2, 3)) >= least_px)
        return found

    def _values(self, said: Spelling) -> NDArray[np.bool_]:
        """Legal values of the part that a spelling awaits."""
        if said.kind == "spinner":
            return self._spinners
        values = said.values
        if len(values) < 2:
            cells = self._cells if said.kind == "circle" else self._slider_cells()
            return _some(np.asarray(cells[tuple(values)]))
        column, row = values[:2]
        if len(values) < 5:
            # Lengths, then spans, then speeds: each may be followed by some of the rest.
            legal = self._sliders & (longest_px(column, row) >= LENGTHS_PX)
            return _some(np.asarray(legal[tuple(values[2:])]))
        length, spans, speed = values[2:5]
        shapes = fits(column, row, float(LENGTHS_PX[length, spans, speed]))
        return _some(np.asarray(shapes[tuple(values[5:])]))


def _some(legal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether any choice is left after each value of the first axis."""
    return np.array([np.any(rest) for rest in legal], dtype=bool)


def _at(note: OsuNote) -> tuple[float, float]:
    assert not isinstance(note, Spinner)
    return note.x, note.y


def _narrowed(cells: NDArray[np.bool_], by: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fewer cells, unless none would be left."""
    both = cells & by
    return both if both.any() else cells


def _readable(before: OsuNote, gap_s: float, away_px: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Cells that a beginner does not misread, as the checks of Easies have it."""
    if gap_s < _TOUCH_WITHIN_S and isinstance(before, Circle):
        return away_px < _TOUCHING_PX
    if _APART_FROM_S < gap_s < _SEEN_S:
        return away_px >= _TOUCHING_PX
    return np.ones_like(away_px, dtype=bool)

"""Figures of an osu!standard chart: what the objects of a measure draw together.

A figure is a turning angle that is kept: a wide arc, a square, a triangle, a star, back and
forth. A measure is drawn in a few of them, both ways round, and the one that goes best stays.
Measures that come back get their figure again, moved, turned or mirrored as a whole. This
module knows no music.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.train.place_osu_aim import (
    CELLS,
    Aim,
    Beat,
    Cursor,
    Floats,
    Manner,
    Spot,
    length_of,
    move,
)
from chartstudio.engine.train.place_osu_rhythm import Stroke
from chartstudio.modes.osu.events import CELL_PX, COLUMNS, N_DIRECTIONS, ROOM_PX, ROWS, TURNS_DEG
from chartstudio.modes.osu.field import CENTRE

_N_FIGURES, _GOOD_FIGURE = 2, 1.0
"""So many are tried for a measure, unless one costs less than this an object."""

_MIRRORED_TURN = np.array([TURNS_DEG.index(-t) for t in TURNS_DEG])


class Hand:
    """Draws the objects of a chart.

    Parameters
    ----------
    manner : Manner
    seed : int
    """

    def __init__(self, manner: Manner, seed: int) -> None:
        self._manner = manner
        self._seed = seed
        self._known: dict[tuple[object, ...], _Figure] = {}
        self._cursor = Cursor(*CENTRE)

    def draw(self, beats: Sequence[Beat]) -> list[Spot]:
        """A place for every object; for spinners one that says nothing."""
        spots: list[Spot] = []
        for _, group in groupby(beats, key=lambda b: b.stroke.measure):
            measure = list(group)
            following = beats[len(spots) + len(measure) :][:1]
            spots += self._measure(measure, following)
        return spots

    def _measure(self, measure: list[Beat], following: Sequence[Beat]) -> list[Spot]:
        key = _key(measure)
        figure = self._known.get(key)
        # Dice of its own: a measure keeps them when those before it fall out differently.
        rng = np.random.default_rng((self._seed, measure[0].stroke.tick))
        fresh, way = rng.random(2).tolist()
        if figure is not None and fresh >= self._manner.variety:
            spots = self._again(figure, measure, way)
            if spots is not None:
                return spots
        spots = self._anew(measure, following, rng)
        if figure is None and all(b.stroke.kind != "spinner" for b in measure):
            self._known[key] = _Figure.of(spots, measure)
        return spots

    # New figures -------------------------------------------------------------------------

    def _anew(
        self, measure: list[Beat], following: Sequence[Beat], rng: np.random.Generator
    ) -> list[Spot]:
        """The best of a few figures, both ways round."""
        angles = np.array([turn for turn, _ in self._manner.turns])
        shares = np.array([share for _, share in self._manner.turns])
        picked = rng.choice(angles, _N_FIGURES, p=shares / shares.sum())
        dice = rng.random((len(measure), 4))
        best: tuple[float, list[Spot], Cursor] | None = None
        for n, turn_deg in enumerate(picked.tolist()):
            sign = 1 if dice[0, 3] < 0.5 else -1
            drawn = self._drawn(measure, following, math.radians(turn_deg) * sign * (-1) ** n, dice)
            if best is None or drawn[0] < best[0]:
                best = drawn
            if best[0] < _GOOD_FIGURE:
                break
        assert best is not None
        self._cursor = best[2]
        return best[1]

    def _drawn(
        self, measure: list[Beat], following: Sequence[Beat], turn: float, dice: Floats
    ) -> tuple[float, list[Spot], Cursor]:
        """Cost, places and the cursor after one figure."""
        cursor = self._cursor.copy()
        spots: list[Spot] = []
        total = 0.0
        ahead = [*measure[1:], *following]
        for n, beat in enumerate(measure):
            after = ahead[n] if n < len(ahead) else None
            aim = Aim(self._manner, cursor, beat, after, turn, dice[n])
            cost, spot = aim.best()
            total += cost
            spots.append(spot)
            move(cursor, beat, spot)
        return total / len(measure), spots, cursor

    # Figures that come back --------------------------------------------------------------

    def _again(self, figure: _Figure, measure: list[Beat], way: float) -> list[Spot] | None:
        """The figure where it goes on well from here; None where it does not."""
        manner = self._manner
        n = len(_WAYS)
        liked = 0 if way >= manner.mirrored else 1 + int(way / manner.mirrored * (n - 1))
        best: tuple[float, list[Spot]] = (np.inf, [])
        aim = Aim(manner, self._cursor, measure[0], None, 0.0, np.full(4, 0.99))
        entry = aim.entry_cost()
        for w in (liked, *(w for w in range(n) if w != liked)):
            cost, spots = figure.placed(w, entry, self._cursor, manner, measure[0].start_s)
            cost += 0.0 if w == liked else 1.0 if liked and w else 1.6
            best = min(best, (cost, spots), key=_cost)
            if best[0] < _GOOD:
                break
        if best[0] > _GOOD_ENOUGH:
            return None
        for beat, spot in zip(measure, best[1], strict=True):
            move(self._cursor, beat, spot)
        return best[1]


_GOOD, _GOOD_ENOUGH = 2.5, 5.0
"""Costs of an entry below which no other way is looked at, and above which a figure does not
come back."""


def _cost(found: tuple[float, list[Spot]]) -> float:
    return found[0]


def _key(measure: list[Beat]) -> tuple[object, ...]:
    """What has to be the same for a figure to come back: pattern, rhythm, and about the tempo."""
    first = measure[0].stroke
    lasts_s = measure[-1].end_s - measure[0].start_s
    return (
        first.pattern[0],
        round(math.log(max(lasts_s, 0.05)) / 0.06),
        *((s.kind, s.tick - first.tick, s.end - s.tick, s.n_spans) for s in _strokes(measure)),
    )


def _strokes(measure: list[Beat]) -> list[Stroke]:
    return [b.stroke for b in measure]


# Known figures ---------------------------------------------------------------------------

_WAYS = tuple((quarter, flipped) for flipped in (False, True) for quarter in range(4))
"""Turned clockwise by quarters, after being mirrored from left to right or not; the first
is the figure as it was."""


@dataclass(frozen=True, slots=True, eq=False)
class _Figure:
    """The objects of a measure relative to the first, as cells.

    Attributes
    ----------
    cells : ndarray of int64, shape (N, 2)
    shapes : ndarray of int64, shape (N, 3)
        Speed, turn and direction; of no matter where ``lengths_px`` is 0.
    lengths_px : ndarray, shape (N,)
        Of sliders' spans; 0 for circles.
    """

    cells: NDArray[np.int64]
    shapes: NDArray[np.int64]
    lengths_px: Floats

    @classmethod
    def of(cls, spots: Sequence[Spot], measure: Sequence[Beat]) -> _Figure:
        cells = np.array([(s.column, s.row) for s in spots])
        lengths = [
            length_of(b.stroke, s.speed) if b.stroke.kind == "slider" else 0.0
            for s, b in zip(spots, measure, strict=True)
        ]
        shapes = np.array([(s.speed, s.turn, s.direction) for s in spots])
        return cls(cells - cells[0], shapes, np.array(lengths))

    def _turned(self, way: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Cells and shapes after turning or mirroring."""
        quarters, flipped = _WAYS[way]
        cells, shapes = self.cells.copy(), self.shapes.copy()
        if flipped:
            cells[:, 0] *= -1
            shapes[:, 1] = _MIRRORED_TURN[shapes[:, 1]]
            shapes[:, 2] = (N_DIRECTIONS // 2 - shapes[:, 2]) % N_DIRECTIONS
        for _ in range(quarters):
            cells = np.stack((-cells[:, 1], cells[:, 0]), axis=1)
        shapes[:, 2] = (shapes[:, 2] + quarters * N_DIRECTIONS // 4) % N_DIRECTIONS
        return cells, shapes

    def placed(
        self, way: int, entry: Floats, cursor: Cursor, manner: Manner, now_s: float
    ) -> tuple[float, list[Spot]]:
        """Cost and places of the figure where it fits best; infinite where it does not fit.

        Parameters
        ----------
        way : int
            Index into `_WAYS`.
        entry : ndarray
            Cost of each cell for the first object.
        cursor : Cursor
        manner : Manner
        now_s : float
        """
        cells, shapes = self._turned(way)
        low, high = -cells.min(axis=0), np.array((COLUMNS, ROWS)) - 1 - cells.max(axis=0)
        inside = np.all((low <= CELLS) & (high >= CELLS), axis=1)
        heads = CELLS[inside]
        if not len(heads):
            return np.inf, []
        cost = entry[inside]
        at = heads[:, None, :] + cells
        sliders = np.flatnonzero(self.lengths_px)
        if len(sliders):
            columns, rows = at[:, sliders, 0], at[:, sliders, 1]
            room_px = ROOM_PX[columns, rows, shapes[sliders, 1], shapes[sliders, 2]]
            fits = np.all(self.lengths_px[sliders] <= room_px, axis=1)
            cost = np.where(fits, cost, np.inf)
        seen = [p for end_s, p, _ in cursor.seen if now_s - end_s < 0.8 * manner.seen_s]
        if seen and len(cells) > 1:
            places = np.concatenate(seen)
            near = CELL_PX * (at[:, 1:4] + 0.5)
            apart = np.hypot(
                near[..., 0, None] - places[:, 0], near[..., 1, None] - places[:, 1]
            ).min(axis=-1)
            too_near = np.maximum(1 - apart / (1.9 * manner.radius_px), 0.0)
            cost = cost + manner.clear * too_near.sum(axis=1) / 2
        i = int(np.argmin(cost))
        if not np.isfinite(cost[i]):
            return np.inf, []
        spots = [
            Spot(*cell, *shape) for cell, shape in zip(at[i].tolist(), shapes.tolist(), strict=True)
        ]
        return float(cost[i]), spots

"""Where the objects of an osu!standard chart lie: a hand that draws on the playfield.

The hand goes on from where the cursor is: as far as the time to the next object and the level
say, and in the direction that the figure it is drawing asks for. A figure is a turning angle
that is kept: a wide arc, a square, a triangle, a star, back and forth. Measures that come back
get their figure again, moved, turned or mirrored as a whole. Everything lies on cells of the
vocabulary, and every slider is one of its shapes. This module knows no music.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.train.place_osu_rhythm import Stroke
from chartstudio.modes.lanes import HOLD_LENGTHS
from chartstudio.modes.osu.events import (
    CELL_PX,
    COLUMNS,
    LEAST_PX,
    LENGTHS_PX,
    N_DIRECTIONS,
    ROOM_PX,
    ROWS,
    SPEEDS,
    TURNS_DEG,
)
from chartstudio.modes.osu.field import CENTRE, HEIGHT, WIDTH

Floats = NDArray[np.float64]

_CELLS = np.stack(np.meshgrid(np.arange(COLUMNS), np.arange(ROWS), indexing="ij"), axis=-1).reshape(
    -1, 2
)
_X, _Y = (CELL_PX * (_CELLS + 0.5)).T
_MOST_ROOM_PX = ROOM_PX.max(axis=(2, 3)).reshape(-1)

_TURNS = np.radians(np.array(TURNS_DEG, dtype=np.float64))
_TO = 2 * math.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
_SETS_OUT = _TO - _TURNS[:, None] / 2
"""Heading at a slider's head by turn and direction; at its end it is as much beyond ``_TO``."""
_ARRIVES = _TO + _TURNS[:, None] / 2
_CHORDS = np.sinc(_TURNS / (2 * math.pi))
"""Distance of a slider's ends as a share of its length, by turn."""

_ALONG = np.array((0.25, 0.5, 0.75, 1.0))


def _bodies() -> Floats:
    """Places along sliders of length 1, shape (turns, directions, places, 2)."""
    part = _TURNS[:, None] * _ALONG
    reach = _ALONG * np.sinc(part / (2 * math.pi))
    to = _SETS_OUT[:, :, None] + part[:, None, :] / 2
    return np.stack((reach[:, None] * np.cos(to), reach[:, None] * np.sin(to)), axis=-1)


_BODIES = _bodies()
_MIRRORED_TURN = np.array([TURNS_DEG.index(-t) for t in TURNS_DEG])

_COMFORT = (40.0, 40.0, WIDTH - 40.0, HEIGHT - 40.0)
"""Left, top, right and bottom of where a hand likes to be."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an object lies, as the vocabulary has it.

    Parameters
    ----------
    column, row : int
    speed, turn, direction : int
        Of a slider; see `modes.osu.events`.
    """

    column: int
    row: int
    speed: int = 0
    turn: int = 0
    direction: int = 0


@dataclass(frozen=True, slots=True)
class Manner:
    """How a hand moves at a level, with an author's habits.

    Parameters
    ----------
    px_s : float
        Speed of the cursor between objects close in time.
    widest_px : float
        What distances tend to as the time grows.
    burst : float
        Spacing within bursts, as a share of what the time between would make.
    jump : float
        By how much an accent is further away than its time says; 0 at easy levels.
    reach_px_s : float
        Faster than this nobody of the level's skill can go.
    radius_px : float
        Of the chart's circles.
    seen_s : float
        How long objects are in view before their time.
    speed : int
        Usual slider speed; index into `modes.osu.events.SPEEDS`.
    turns : tuple of (float, float)
        Turning angles of figures in degrees, and how often each is chosen.
    stacks : float
        Chance that an object lies on the one before, where that reads well.
    bent : float
        Share of sliders that are curved.
    mirrored : float
        Chance that a figure comes back mirrored or turned rather than only moved.
    variety : float
        Chance that a measure which comes back gets a new figure.
    is_easy : bool
        Whether the rules of reading for beginners hold: what is not close in time does not
        touch.
    tight : float
        Tolerance of distances, as a share.
    """

    px_s: float
    widest_px: float
    burst: float
    jump: float
    reach_px_s: float
    radius_px: float
    seen_s: float
    speed: int
    turns: tuple[tuple[float, float], ...]
    stacks: float
    bent: float
    mirrored: float
    variety: float
    is_easy: bool
    tight: float


@dataclass(frozen=True, slots=True)
class Beat:
    """A stroke with its times.

    Parameters
    ----------
    stroke : Stroke
    start_s, end_s : float
    gap_s : float
        Time since the end of the object before.
    gap_beats : float
    """

    stroke: Stroke
    start_s: float
    end_s: float
    gap_s: float
    gap_beats: float


@dataclass(slots=True)
class _Cursor:
    """Where the cursor is and what is in view.

    Attributes
    ----------
    x, y : float
    heading : float or None
        Direction of the last movement; None after spinners and rests.
    on_cell : bool
        Whether it rests on a circle.
    seen : list of (float, ndarray)
        When objects end, and places on them, the last ones only.
    """

    x: float
    y: float
    heading: float | None = None
    on_cell: bool = False
    seen: list[tuple[float, Floats]] = field(default_factory=list)

    def copy(self) -> _Cursor:
        return replace(self, seen=list(self.seen))


_N_SEEN = 7
_REST_S = 1.6
"""After so long the hand has forgotten where it was going."""

_BURST_BEATS, _BURST_S = 0.34, 0.175
_N_CANDIDATES = 2


class Hand:
    """Draws the objects of a chart.

    Parameters
    ----------
    manner : Manner
    rng : Generator
    """

    def __init__(self, manner: Manner, rng: np.random.Generator) -> None:
        self._manner = manner
        self._rng = rng
        self._known: dict[tuple[object, ...], _Figure] = {}
        self._cursor = _Cursor(*CENTRE)

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
        # The dice are thrown whether they are needed or not: what comes later stays the same.
        fresh, way = self._rng.random(2).tolist()
        if figure is not None and fresh >= self._manner.variety:
            spots = self._again(figure, measure, way)
            if spots is not None:
                return spots
        spots = self._anew(measure, following)
        if figure is None and all(b.stroke.kind != "spinner" for b in measure):
            self._known[key] = _Figure.of(spots, measure)
        return spots

    # New figures -------------------------------------------------------------------------

    def _anew(self, measure: list[Beat], following: Sequence[Beat]) -> list[Spot]:
        """The best of a few figures, both ways round."""
        angles = np.array([turn for turn, _ in self._manner.turns])
        shares = np.array([share for _, share in self._manner.turns])
        picked = self._rng.choice(angles, _N_CANDIDATES, p=shares / shares.sum())
        dice = self._rng.random((len(measure), 4))
        best: tuple[float, list[Spot], _Cursor] | None = None
        for n, turn_deg in enumerate(picked.tolist()):
            sign = 1 if dice[0, 3] < 0.5 else -1
            drawn = self._drawn(measure, following, math.radians(turn_deg) * sign * (-1) ** n, dice)
            if best is None or drawn[0] < best[0]:
                best = drawn
        assert best is not None
        self._cursor = best[2]
        return best[1]

    def _drawn(
        self, measure: list[Beat], following: Sequence[Beat], turn: float, dice: Floats
    ) -> tuple[float, list[Spot], _Cursor]:
        """Cost, places and the cursor after one figure."""
        cursor = self._cursor.copy()
        spots: list[Spot] = []
        total = 0.0
        ahead = [*measure[1:], *following]
        for n, beat in enumerate(measure):
            after = ahead[n] if n < len(ahead) else None
            aim = _Aim(self._manner, cursor, beat, after, turn, dice[n])
            cost, spot = aim.best()
            total += cost
            spots.append(spot)
            _move(cursor, beat, spot)
        return total / len(measure), spots, cursor

    # Figures that come back --------------------------------------------------------------

    def _again(self, figure: _Figure, measure: list[Beat], way: float) -> list[Spot] | None:
        """The figure where it goes on well from here; None where it does not."""
        manner = self._manner
        n = len(_WAYS)
        liked = 0 if way >= manner.mirrored else 1 + int(way / manner.mirrored * (n - 1))
        best: tuple[float, list[Spot]] | None = None
        aim = _Aim(manner, self._cursor, measure[0], None, 0.0, np.full(4, 0.99))
        entry = aim.entry_cost()
        for w in range(n):
            placed = figure.placed(w, entry, self._cursor, manner, measure[0].start_s)
            if placed is None:
                continue
            cost = placed[0] + (0.0 if w == liked else 1.0 if liked and w else 1.6)
            if best is None or cost < best[0]:
                best = (cost, placed[1])
        if best is None or best[0] > _GOOD_ENOUGH:
            return None
        for beat, spot in zip(measure, best[1], strict=True):
            _move(self._cursor, beat, spot)
        return best[1]


_GOOD_ENOUGH = 5.0


def _key(measure: list[Beat]) -> tuple[object, ...]:
    """What has to be the same for a figure to come back."""
    first = measure[0].stroke
    return (
        first.pattern[0],
        *((s.kind, s.tick - first.tick, s.end - s.tick, s.n_spans) for s in _strokes(measure)),
    )


def _strokes(measure: list[Beat]) -> list[Stroke]:
    return [b.stroke for b in measure]


def _move(cursor: _Cursor, beat: Beat, spot: Spot) -> None:
    """The cursor after it has played an object."""
    stroke = beat.stroke
    if stroke.kind == "spinner":
        cursor.x, cursor.y = CENTRE
        cursor.heading, cursor.on_cell, cursor.seen = None, False, []
        return
    x, y = CELL_PX * (spot.column + 0.5), CELL_PX * (spot.row + 0.5)
    places = np.array([[x, y]])
    if math.hypot(x - cursor.x, y - cursor.y) > 4:
        cursor.heading = math.atan2(y - cursor.y, x - cursor.x)
    cursor.x, cursor.y, cursor.on_cell = x, y, True
    if stroke.kind == "slider":
        body = places + _length_px(stroke, spot.speed) * _BODIES[spot.turn, spot.direction]
        places = np.concatenate((places, body))
        if stroke.n_spans % 2:
            cursor.x, cursor.y = body[-1].tolist()
            cursor.heading = float(_ARRIVES[spot.turn, spot.direction])
            cursor.on_cell = False
        else:
            cursor.heading = float(_SETS_OUT[spot.turn, spot.direction]) + math.pi
    cursor.seen = [*cursor.seen[-_N_SEEN + 1 :], (beat.end_s, places)]


def _length_px(stroke: Stroke, speed: int) -> float:
    return float(_lengths_px(stroke)[speed])


def _lengths_px(stroke: Stroke) -> Floats:
    """Length of one span at each speed."""
    found: Floats = LENGTHS_PX[HOLD_LENGTHS.index(stroke.end - stroke.tick), stroke.n_spans - 1]
    return found


def _wrapped(angle: Floats | float) -> Floats:
    """Angles brought to within half a turn of 0."""
    found: Floats = np.asarray((np.asarray(angle) + math.pi) % (2 * math.pi) - math.pi)
    return found


def _outside_px(x: Floats, y: Floats) -> Floats:
    """How far places are outside of where the hand likes to be."""
    left, top, right, bottom = _COMFORT
    across = np.maximum(np.maximum(left - x, x - right), 0.0)
    down = np.maximum(np.maximum(top - y, y - bottom), 0.0)
    found: Floats = across + down
    return found


# One object ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Aim:
    """The choice of one object's place.

    Parameters
    ----------
    manner : Manner
    cursor : _Cursor
    beat : Beat
    after : Beat or None
        The object after it.
    turn : float
        By how much the figure turns at every object, in radians; positive is clockwise.
    dice : ndarray, shape (4,)
    """

    manner: Manner
    cursor: _Cursor
    beat: Beat
    after: Beat | None
    turn: float
    dice: Floats

    def best(self) -> tuple[float, Spot]:
        """Cost and place."""
        kind = self.beat.stroke.kind
        if kind == "spinner":
            return 0.0, Spot(0, 0)
        if kind == "circle" and self._stacks():
            return 0.0, Spot(int(self.cursor.x // CELL_PX), int(self.cursor.y // CELL_PX))
        cost = self._cost()
        if kind == "slider":
            return self._slider(cost)
        i = int(np.argmin(cost))
        return float(cost[i]), Spot(*_CELLS[i].tolist())

    def _stacks(self) -> bool:
        """Whether the object lies on the one before.

        Not in an Easy; elsewhere on what was clicked just before and sounds the same, or in
        bursts that are too short to be spread.
        """
        manner, beat = self.manner, self.beat
        if manner.is_easy or not self.cursor.on_cell or beat.gap_s > min(0.4, 0.5 * manner.seen_s):
            return False
        likely = manner.stacks * (1.0 if beat.stroke.again else 0.4)
        if _is_burst(beat):
            likely = 1.6 * manner.stacks
        return bool(self.dice[0] < likely and beat.stroke.accent < 0.5)

    def entry_cost(self) -> Floats:
        """Cost of each cell for the first object of a known figure, whatever the turn."""
        return self._cost(any_turn=True)

    def _cost(self, any_turn: bool = False) -> Floats:
        """Cost of each cell: distance, direction, what lies around, and where it leads."""
        manner, cursor, beat = self.manner, self.cursor, self.beat
        dx, dy = _X - cursor.x, _Y - cursor.y
        distance = np.hypot(dx, dy)
        if cursor.heading is None or beat.gap_s > _REST_S:
            # Somewhere about the middle, not too far away.
            most_px = min(_wanted_px(manner, beat), 200.0)
            x, y = CENTRE
            cost = (np.maximum(distance - most_px, 0.0) / 40) ** 2
            cost += ((_X - x) / 160) ** 2 + ((_Y - y) / 120) ** 2 + 3 * self.dice[1] * _X / WIDTH
        else:
            wanted_px = _wanted_px(manner, beat)
            cost = ((distance - wanted_px) / (manner.tight * wanted_px + 6)) ** 2
            to = np.arctan2(dy, dx)
            turn = self._turn()
            off = _wrapped(to - cursor.heading - turn)
            if any_turn:
                off = np.abs(_wrapped(to - cursor.heading)) - math.pi / 2
            # Where the hand has time, it matters less where it came from.
            weight = min(1.0, 0.5 / max(beat.gap_s, 0.05)) * (0.3 if any_turn else 1.0)
            cost = np.minimum(cost, 30.0) + weight * (off / 0.5) ** 2
            if self.after is not None and not any_turn:
                next_px = _wanted_px(manner, self.after)
                onward = to + turn
                out = _outside_px(_X + next_px * np.cos(onward), _Y + next_px * np.sin(onward))
                cost += np.minimum(out / 60, 3.0)
        cost += 0.5 * _outside_px(_X, _Y) / 24 + self._crowding(_X, _Y)
        reach_px = 48 + beat.gap_s * manner.reach_px_s
        return np.where(distance <= reach_px, cost, cost + 1e3)

    def _turn(self) -> float:
        """The figure's turn; bursts go round gently."""
        if _is_burst(self.beat):
            return math.copysign(0.35, self.turn)
        return self.turn

    def _crowding(self, x: Floats, y: Floats) -> Floats:
        """Cost of lying on or too near what is still in view.

        The object just before is left out where the two are close in time, as in streams.
        """
        manner, beat = self.manner, self.beat
        near_px = 2 * (manner.radius_px - 5) if manner.is_easy else 1.9 * manner.radius_px
        seen = [
            (i, places)
            for i, (end_s, places) in enumerate(reversed(self.cursor.seen))
            if beat.start_s - end_s < manner.seen_s
        ]
        close = _is_burst(beat) or (not manner.is_easy and beat.gap_s < 0.25)
        if close and seen and _wanted_px(manner, beat) < near_px:
            seen = seen[1:]
        if not seen:
            return np.zeros_like(x)
        places = np.concatenate([p for _, p in seen])
        apart = np.hypot(x[..., None] - places[:, 0], y[..., None] - places[:, 1]).min(axis=-1)
        found: Floats = (12.0 if manner.is_easy else 5.0) * np.maximum(1 - apart / near_px, 0.0)
        if manner.is_easy:
            found += np.where((apart < near_px) & (beat.gap_s > 0.25), 20.0, 0.0)
        return found

    # Sliders -----------------------------------------------------------------------------

    def _slider(self, cost: Floats) -> tuple[float, Spot]:
        """The cheapest head for which a slider of the usual speed fits, and its best shape.

        Where none does near by, the slider is slower.
        """
        lengths_px = _lengths_px(self.beat.stroke)
        best: tuple[float, Spot] | None = None
        for slower, speed in enumerate(range(self.manner.speed, -1, -1)):
            length_px = float(lengths_px[speed])
            fitting = np.where(length_px <= _MOST_ROOM_PX - 8, cost, np.inf)
            for i in np.argsort(fitting)[:2].tolist():
                if not np.isfinite(fitting[i]):
                    break
                shape_cost, turn, direction = self._shape(i, length_px)
                total = float(fitting[i]) + shape_cost + 2.5 * slower
                if np.isfinite(total) and (best is None or total < best[0]):
                    best = (total, Spot(*_CELLS[i].tolist(), speed, turn, direction))
            if best is not None and best[0] < 6 + 2.5 * slower:
                break
        if best is None:
            return self._least_slider(cost, lengths_px)
        return best

    def _least_slider(self, cost: Floats, lengths_px: Floats) -> tuple[float, Spot]:
        """Any slider that fits, for lengths that hardly do."""
        for speed in range(len(SPEEDS)):
            for i in np.argsort(cost).tolist():
                shape_cost, turn, direction = self._shape(i, float(lengths_px[speed]))
                if np.isfinite(shape_cost):
                    spot = Spot(*_CELLS[i].tolist(), speed, turn, direction)
                    return float(cost[i]) + shape_cost, spot
        raise AssertionError("every length fits somewhere at some speed")

    def _shape(self, i: int, length_px: float) -> tuple[float, int, int]:
        """Cost, turn and direction of the best slider from a cell."""
        manner, cursor, beat = self.manner, self.cursor, self.beat
        column, row = _CELLS[i].tolist()
        legal = (LEAST_PX[:, None] <= length_px) & (length_px <= ROOM_PX[column, row])
        cost = _bend_cost(length_px, manner, self.dice, self.turn)
        x, y = _X[i], _Y[i]
        came = cursor.heading
        if math.hypot(x - cursor.x, y - cursor.y) > 4 and came is not None:
            came = math.atan2(y - cursor.y, x - cursor.x)
        if came is not None:
            off = np.abs(_wrapped(_SETS_OUT - came - 0.5 * self._turn()))
            cost = cost + (np.maximum(off - 0.3, 0.0) / 0.8) ** 2
        body = length_px * _BODIES
        places_x, places_y = x + body[..., 0], y + body[..., 1]
        cost = cost + 0.5 * self._crowding(places_x, places_y).mean(axis=-1)
        cost += _outside_px(places_x, places_y).mean(axis=-1) / 30
        if self.after is not None and self.after.stroke.kind != "spinner":
            next_px = _wanted_px(manner, self.after)
            turning = beat.stroke.n_spans % 2 == 0
            onward = (_SETS_OUT + math.pi if turning else _ARRIVES) + self.turn / 2
            end_x, end_y = (x, y) if turning else (places_x[..., -1], places_y[..., -1])
            out = _outside_px(end_x + next_px * np.cos(onward), end_y + next_px * np.sin(onward))
            cost += np.minimum(out / 60, 3.0)
        cost = np.where(legal, cost, np.inf)
        turn, to = divmod(int(np.argmin(cost)), N_DIRECTIONS)
        return float(cost[turn, to]), turn, to


def _bend_cost(length_px: float, manner: Manner, dice: Floats, turn: float) -> Floats:
    """Cost of each turn, shape (turns, 1): straight or bent by the dice, never a knot.

    An arc is to be wider than the circle that runs along it, else its shape cannot be seen.
    """
    sizes = np.abs(_TURNS)
    is_bent = dice[1] < manner.bent
    liked = math.radians(60 if dice[2] < 0.6 else 120 if dice[2] < 0.93 else 180) if is_bent else 0
    cost = (np.abs(sizes - liked) / 0.7) ** 2
    round_enough = length_px >= 1.15 * manner.radius_px * sizes
    cost = cost + np.where(round_enough | (sizes == 0), 0.0, 8.0)
    cost += np.where(sizes > math.pi + 0.1, 6.0 if manner.is_easy else 2.0, 0.0)
    # Bent with the figure rather than against it.
    cost += np.where(_TURNS * turn < 0, 0.6, 0.0)
    return cost[:, None]


def _is_burst(beat: Beat) -> bool:
    """Whether an object is so close to the one before that they are one gesture."""
    return beat.gap_beats <= _BURST_BEATS and beat.gap_s <= _BURST_S


def _wanted_px(manner: Manner, beat: Beat) -> float:
    """Distance from the object before: as time goes by, but not for ever."""
    straight_px = manner.px_s * beat.gap_s
    if _is_burst(beat):
        return max(manner.burst * straight_px, 20.0)
    straight_px *= 1 + manner.jump * (beat.stroke.accent - 0.15)
    distance_px = manner.widest_px * (1 - math.exp(-straight_px / manner.widest_px))
    if manner.is_easy and beat.gap_s > 0.25:
        distance_px = max(distance_px, 2 * manner.radius_px)
    return distance_px


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
            _length_px(b.stroke, s.speed) if b.stroke.kind == "slider" else 0.0
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
        self, way: int, entry: Floats, cursor: _Cursor, manner: Manner, now_s: float
    ) -> tuple[float, list[Spot]] | None:
        """Cost and places of the figure where it fits best; None where it does not fit.

        Parameters
        ----------
        way : int
            Index into `_WAYS`.
        entry : ndarray
            Cost of each cell for the first object.
        cursor : _Cursor
        manner : Manner
        now_s : float
        """
        cells, shapes = self._turned(way)
        low, high = -cells.min(axis=0), np.array((COLUMNS, ROWS)) - 1 - cells.max(axis=0)
        inside = np.all((low <= _CELLS) & (high >= _CELLS), axis=1)
        heads = _CELLS[inside]
        if not len(heads):
            return None
        cost = entry[inside]
        at = heads[:, None, :] + cells
        sliders = np.flatnonzero(self.lengths_px)
        if len(sliders):
            columns, rows = at[:, sliders, 0], at[:, sliders, 1]
            room_px = ROOM_PX[columns, rows, shapes[sliders, 1], shapes[sliders, 2]]
            fits = np.all(self.lengths_px[sliders] <= room_px, axis=1)
            cost = np.where(fits, cost, np.inf)
        seen = [p for end_s, p in cursor.seen if now_s - end_s < 0.6 * manner.seen_s]
        if seen and len(cells) > 1:
            places = np.concatenate(seen)
            near = CELL_PX * (at[:, 1:4] + 0.5)
            apart = np.hypot(
                near[..., 0, None] - places[:, 0], near[..., 1, None] - places[:, 1]
            ).min(axis=-1)
            too_near = np.maximum(1 - apart / (1.9 * manner.radius_px), 0.0)
            cost = cost + 3 * too_near.mean(axis=1)
        i = int(np.argmin(cost))
        if not np.isfinite(cost[i]):
            return None
        spots = [
            Spot(*cell, *shape) for cell, shape in zip(at[i].tolist(), shapes.tolist(), strict=True)
        ]
        return float(cost[i]), spots

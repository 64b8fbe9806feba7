"""Where one object of an osu!standard chart lies, seen from where the cursor is.

Every cell of the vocabulary has a cost: how far it is from the distance that the time asks
for, how far off the direction that the figure asks for, what is in the way, and whether the
next object still finds room. Sliders take the shape that goes on as the hand came. This module
knows one object at a time and no music.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

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

CELLS = np.stack(np.meshgrid(np.arange(COLUMNS), np.arange(ROWS), indexing="ij"), axis=-1).reshape(
    -1, 2
)
_X, _Y = (CELL_PX * (CELLS + 0.5)).T
_MOST_ROOM_PX = ROOM_PX.max(axis=(2, 3)).reshape(-1)

_TURNS = np.radians(np.array(TURNS_DEG, dtype=np.float64))
_TO = 2 * math.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
_SETS_OUT = _TO - _TURNS[:, None] / 2
"""Heading at a slider's head by turn and direction; at its end it is as much beyond ``_TO``."""
_ARRIVES = _TO + _TURNS[:, None] / 2
_CHORDS = np.sinc(_TURNS / (2 * math.pi))
"""Distance of a slider's ends as a share of its length, by turn."""

_ALONG = np.array((0.3, 0.65, 1.0))


def _bodies() -> Floats:
    """Places along sliders of length 1, shape (turns, directions, places, 2)."""
    part = _TURNS[:, None] * _ALONG
    reach = _ALONG * np.sinc(part / (2 * math.pi))
    to = _SETS_OUT[:, :, None] + part[:, None, :] / 2
    return np.stack((reach[:, None] * np.cos(to), reach[:, None] * np.sin(to)), axis=-1)


_BODIES = _bodies()

_COMFORT = (WIDTH / 2 - 40.0, HEIGHT / 2 - 40.0)
"""So far from the middle a hand likes to be, across and down."""


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
    burst, burst_s : float
        Spacing within bursts, as a share of what the time between would make; and how close
        in time quarters of a beat are such. At hard levels they jump like anything else.
    jump : float
        By how much accents are further away than their time says, and weak notes nearer; 0 at
        easy levels.
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
    clear : float
        How much it matters that objects in view do not touch.
    """

    px_s: float
    widest_px: float
    burst: float
    burst_s: float
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
    clear: float


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
class Cursor:
    """Where the cursor is and what is in view.

    Attributes
    ----------
    x, y : float
    heading : float or None
        Direction of the last movement; None after spinners and rests.
    on_cell : bool
        Whether it rests on a circle.
    seen : list of (float, ndarray, ndarray)
        When objects end, places on them, and how far each cell is from the nearest of these;
        the last objects only.
    """

    x: float
    y: float
    heading: float | None = None
    on_cell: bool = False
    seen: list[tuple[float, Floats, Floats]] = field(default_factory=list)

    def copy(self) -> Cursor:
        """The same, to be moved on its own."""
        return replace(self, seen=list(self.seen))


_NEAR_PX = 44.0
"""So far everybody gets in no time."""

_N_SEEN = 7
_REST_S = 1.6
"""After so long the hand has forgotten where it was going."""

_FARTHEST_PX = 340.0
"""Jumps are no wider than this however long the hand has for them."""

_BURST_BEATS, _ANY_BURST_S = 0.27, 0.09
"""Objects no further apart than this are one gesture: in beats, where the level has them so
close, and in seconds anywhere."""


def move(cursor: Cursor, beat: Beat, spot: Spot) -> None:
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
        body = places + length_of(stroke, spot.speed) * _BODIES[spot.turn, spot.direction]
        places = np.concatenate((places, body))
        if stroke.n_spans % 2:
            cursor.x, cursor.y = body[-1].tolist()
            cursor.heading = float(_ARRIVES[spot.turn, spot.direction])
            cursor.on_cell = False
        else:
            cursor.heading = float(_SETS_OUT[spot.turn, spot.direction]) + math.pi
    cursor.seen = [*cursor.seen[-_N_SEEN + 1 :], (beat.end_s, places, _apart_px(_X, _Y, places))]


def _apart_px(x: Floats, y: Floats, places: Floats) -> Floats:
    """Distance to the nearest of some places."""
    found: Floats = np.hypot(x[..., None] - places[:, 0], y[..., None] - places[:, 1]).min(axis=-1)
    return found


def length_of(stroke: Stroke, speed: int) -> float:
    """Length of one span of a slider, in pixels, at a speed of the vocabulary."""
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
    across, down = _COMFORT
    found: Floats = np.maximum(np.abs(x - CENTRE[0]) - across, 0.0)
    found += np.maximum(np.abs(y - CENTRE[1]) - down, 0.0)
    return found


_EDGE_COST = _outside_px(_X, _Y) / 48
"""Of each cell."""


# One object ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """The choice of one object's place.

    Parameters
    ----------
    manner : Manner
    cursor : Cursor
    beat : Beat
    after : Beat or None
        The object after it.
    turn : float
        By how much the figure turns at every object, in radians; positive is clockwise.
    dice : ndarray, shape (4,)
    """

    manner: Manner
    cursor: Cursor
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
        return float(cost[i]), Spot(*CELLS[i].tolist())

    def _stacks(self) -> bool:
        """Whether the object lies on the one before.

        Not in an Easy; elsewhere on what was clicked just before and sounds the same, or in
        bursts that are too short to be spread.
        """
        manner, beat = self.manner, self.beat
        if manner.is_easy or not self.cursor.on_cell or beat.gap_s > min(0.4, 0.5 * manner.seen_s):
            return False
        likely = manner.stacks * (1.0 if beat.stroke.again else 0.4)
        if _is_burst(manner, beat):
            likely = 1.6 * manner.stacks
        return bool(self.dice[0] < likely and beat.stroke.accent < 0.6)

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
            cost = ((distance - wanted_px) / (manner.tight * wanted_px + 5)) ** 2
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
        cost += _EDGE_COST + self._crowding()
        reach_px = _NEAR_PX + beat.gap_s * manner.reach_px_s
        return np.where(distance <= reach_px, cost, cost + 1e3)

    def _turn(self) -> float:
        """The figure's turn; bursts go round gently."""
        if _is_burst(self.manner, self.beat):
            return math.copysign(0.35, self.turn)
        return self.turn

    def _crowding(self, x: Floats | None = None, y: Floats | None = None) -> Floats:
        """Cost of lying on or too near what is still in view: of some places, or of each cell.

        The object just before is left out where the two are close in time, as in streams.
        """
        manner, beat = self.manner, self.beat
        near_px = 2 * (manner.radius_px - 5) if manner.is_easy else 1.9 * manner.radius_px
        seen = [s for s in self.cursor.seen if beat.start_s - s[0] < manner.seen_s]
        close = _is_burst(manner, beat) or (not manner.is_easy and beat.gap_s < 0.25)
        if close and seen and _wanted_px(manner, beat) < near_px:
            seen = seen[:-1]
        if not seen:
            return np.zeros_like(_X if x is None else x)
        if x is None or y is None:
            apart_px = np.minimum.reduce([field_px for _, _, field_px in seen])
        else:
            apart_px = _apart_px(x, y, np.concatenate([places for _, places, _ in seen]))
        found: Floats = manner.clear * np.maximum(1 - apart_px / near_px, 0.0)
        if manner.is_easy and beat.gap_s > 0.25:
            found += 20.0 * (apart_px < near_px)
        return found

    # Sliders -----------------------------------------------------------------------------

    def _slider(self, cost: Floats) -> tuple[float, Spot]:
        """The cheapest head for which a slider of the usual speed fits, and its best shape.

        Where none does near by, the slider is slower.
        """
        lengths_px = _lengths_px(self.beat.stroke)
        liked = _liked_turns(self.manner, self.dice)
        best = (np.inf, Spot(0, 0))
        for slower, speed in enumerate(range(self.manner.speed, -1, -1)):
            length_px = float(lengths_px[speed])
            fitting = np.where(length_px <= _MOST_ROOM_PX - 8, cost, np.inf)
            for _ in range(_N_HEADS):
                i = int(np.argmin(fitting))
                if not np.isfinite(fitting[i]):
                    break
                shape_cost, turn, direction = self._shape(i, length_px, liked)
                total = float(fitting[i]) + shape_cost + _SLOWER * slower
                best = min(
                    best, (total, Spot(*CELLS[i].tolist(), speed, turn, direction)), key=_cost
                )
                if shape_cost < _FITTING_SHAPE:
                    break
                fitting[i] = np.inf
            if best[0] < _FITTING + _SLOWER * slower:
                break
        return best if np.isfinite(best[0]) else self._least_slider(cost, lengths_px)

    def _least_slider(self, cost: Floats, lengths_px: Floats) -> tuple[float, Spot]:
        """Any slider that fits, for lengths that hardly do."""
        for speed in range(len(SPEEDS)):
            for i in np.argsort(cost).tolist():
                shape_cost, turn, direction = self._shape(i, float(lengths_px[speed]), _ALL_TURNS)
                if np.isfinite(shape_cost):
                    spot = Spot(*CELLS[i].tolist(), speed, turn, direction)
                    return float(cost[i]) + shape_cost, spot
        raise AssertionError("every length fits somewhere at some speed")

    def _shape(self, i: int, length_px: float, liked: NDArray[np.int64]) -> tuple[float, int, int]:
        """Cost, turn and direction of the best slider from a cell.

        Parameters
        ----------
        i : int
            Index into `CELLS`.
        length_px : float
        liked : ndarray of int64
            Turns to choose from, the best liked first.
        """
        manner, cursor, beat = self.manner, self.cursor, self.beat
        column, row = CELLS[i].tolist()
        room_px = ROOM_PX[column, row, liked]
        legal = (LEAST_PX[liked, None] <= length_px) & (length_px <= room_px)
        cost = _bend_cost(length_px, manner, liked, self.turn)
        x, y = _X[i], _Y[i]
        came = cursor.heading
        if math.hypot(x - cursor.x, y - cursor.y) > 4 and came is not None:
            came = math.atan2(y - cursor.y, x - cursor.x)
        if came is not None:
            off = np.abs(_wrapped(_SETS_OUT[liked] - came - 0.5 * self._turn()))
            cost = cost + (np.maximum(off - 0.3, 0.0) / 0.8) ** 2
        body = length_px * _BODIES[liked]
        places_x, places_y = x + body[..., 0], y + body[..., 1]
        # Sums are quicker than means here.
        cost = cost + self._crowding(places_x, places_y).sum(axis=-1) / 6
        cost += _outside_px(places_x, places_y).sum(axis=-1) / 90
        if self.after is not None and self.after.stroke.kind != "spinner":
            next_px = _wanted_px(manner, self.after)
            turning = beat.stroke.n_spans % 2 == 0
            leaves = _SETS_OUT[liked] + math.pi if turning else _ARRIVES[liked]
            onward = leaves + self.turn / 2
            end_x, end_y = (x, y) if turning else (places_x[..., -1], places_y[..., -1])
            out = _outside_px(end_x + next_px * np.cos(onward), end_y + next_px * np.sin(onward))
            cost += np.minimum(out / 60, 3.0)
        cost = np.where(legal, cost, np.inf)
        turn, to = divmod(int(np.argmin(cost)), N_DIRECTIONS)
        return float(cost[turn, to]), int(liked[turn]), to


_N_HEADS = 2
_SLOWER = 2.5
_FITTING, _FITTING_SHAPE = 6.0, 1.5
"""Costs below which no other slider, and no other head, is looked at."""


def _cost(found: tuple[float, Spot]) -> float:
    return found[0]


def _turns(*turns_deg: int) -> NDArray[np.int64]:
    return np.array([TURNS_DEG.index(t) for t in turns_deg])


_ALL_TURNS = np.arange(len(TURNS_DEG))
_BENT = ((0.6, _turns(60, -60, 0)), (0.93, _turns(120, -120, 60, -60, 0)))
_STRAIGHT, _HALF_CIRCLE = _turns(0, 60, -60), _turns(180, -180, 60, -60, 0)


def _liked_turns(manner: Manner, dice: Floats) -> NDArray[np.int64]:
    """Straight or bent by the dice, mostly a little; and what else will do."""
    if dice[1] >= manner.bent:
        return _STRAIGHT
    return next((turns for share, turns in _BENT if dice[2] < share), _HALF_CIRCLE)


def _bend_cost(length_px: float, manner: Manner, liked: NDArray[np.int64], turn: float) -> Floats:
    """Cost of each turn, shape (turns, 1).

    An arc is to be wider than the circle that runs along it, else its shape cannot be seen.
    """
    turns = _TURNS[liked]
    sizes = np.abs(turns)
    cost = (np.abs(sizes - sizes[0]) / 0.7) ** 2
    too_round = (length_px < 1.15 * manner.radius_px * sizes) & (sizes > 0)
    # Bent with the figure rather than against it.
    cost += 8.0 * too_round + 0.6 * (turns * turn < 0)
    return cost[:, None]


def _is_burst(manner: Manner, beat: Beat) -> bool:
    """Whether an object is so close to the one before that they are one gesture."""
    return beat.gap_s <= (manner.burst_s if beat.gap_beats <= _BURST_BEATS else _ANY_BURST_S)


def _wanted_px(manner: Manner, beat: Beat) -> float:
    """Distance from the object before: as time goes by, but not for ever."""
    straight_px = manner.px_s * beat.gap_s
    if _is_burst(manner, beat):
        return max(manner.burst * straight_px, 20.0)
    straight_px *= max(1 + manner.jump * (beat.stroke.accent - 0.4), 0.5)
    distance_px = manner.widest_px * (1 - math.exp(-straight_px / manner.widest_px))
    if manner.is_easy and beat.gap_s > 0.25:
        distance_px = max(distance_px, 2 * manner.radius_px)
    return min(distance_px, _FARTHEST_PX)

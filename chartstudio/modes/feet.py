"""Which foot presses which panel of a pad game, found over the whole chart at once.

A dancer's feet are walked through the chart row by row; of all ways to press every panel the
one with the least effort is kept (dynamic programming over where both feet are and which of
them moved last). What costs effort follows what players say of themselves: they face the
screen, change feet, move little, and bracket or switch feet only when that is easier than
anything else; see M. Votaw, "Predicting Foot Placement for 4-Panel Dance Games", and
ITGmania's ``StepParity``. Weights and code are our own.

This module knows panels and feet. It refuses to judge: the checks and the meter read it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations
from typing import Literal, NamedTuple

from chartstudio.core.mode import Layout
from chartstudio.core.note import ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.lanes import LONG, PRESSED, judged_notes, lane_notes, rows

Part = Literal["left", "left-heel", "left-toe", "right", "right-heel", "right-toe", "hand"]

Flag = Literal[
    "jump",
    "jack",
    "double-step",
    "footswitch",
    "bracket",
    "hold-bracket",
    "hold-switch",
    "crossover",
    "spin",
    "away",
    "hand",
]


@dataclass(frozen=True, slots=True)
class Step:
    """How one row is pressed.

    Parameters
    ----------
    tick : int
    seconds : float
    gap_s : float
        Time since the row before; infinite for the first.
    parts : tuple of (int, Part)
        What presses each lane of the row. A foot that presses one panel is not told apart
        into heel and toe.
    left, right : tuple of int
        Lanes under each foot afterwards, heel first.
    flags : frozenset of Flag
        ``jump``: both feet at once. ``jack``: a foot again where it just pressed.
        ``double-step``: a foot twice in a row on different panels though the other was free.
        ``footswitch``: a foot takes over the panel that the other stands on. ``bracket``: one
        foot on two panels; ``hold-bracket``: one of the two is held. ``hold-switch``: a foot
        takes over a hold. ``crossover``: from here on the right foot is left of the left
        foot. ``spin``: turned around behind. ``away``: back to the screen. ``hand``: more
        panels than the feet reach.
    """

    tick: int
    seconds: float
    gap_s: float
    parts: tuple[tuple[int, Part], ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    flags: frozenset[Flag]


def on_pad(chart: Chart, layout: Layout) -> Chart:
    """The chart without notes beside the pad, which a file may hold and no foot can reach."""
    n_lanes = len(layout.lanes)
    notes = lane_notes(chart.notes)
    if all(0 <= n.lane < n_lanes for n in notes):
        return chart
    return replace(chart, notes=tuple(n for n in notes if 0 <= n.lane < n_lanes))


def steps(chart: Chart, timing: TimingMap, layout: Layout) -> list[Step]:
    """The feet for every row of a chart that is judged.

    Parameters
    ----------
    chart : Chart
    timing : TimingMap
    layout : Layout
        Of a pad: panels one apart in x and y, y towards the player.

    Returns
    -------
    list of Step
        In order of time. Mines, lifts and fakes are not pressed.
    """
    pressed_rows = list(_rows(on_pad(chart, layout), timing))
    walk = _Walk(_pad(layout))
    for row in pressed_rows:
        walk.advance(row)
    pad = walk.pad
    return [
        Step(
            row.tick,
            row.seconds,
            row.gap_s,
            move.parts,
            pad.lanes[move.left],
            pad.lanes[move.right],
            move.flags,
        )
        for row, move in zip(pressed_rows, walk.best(), strict=True)
    ]


# Rows ------------------------------------------------------------------------------------


class _Row(NamedTuple):
    """A row as sets of lanes (bit masks).

    ``held`` are lanes held on beyond the row, ``bound`` those that were still held after the
    row before, ``mined`` those with a mine since then.
    """

    tick: int
    seconds: float
    gap_s: float
    pressed: int
    held: int
    bound: int
    mined: int


def _rows(chart: Chart, timing: TimingMap) -> Iterator[_Row]:
    notes = judged_notes(lane_notes(chart.notes), chart, timing)
    pressed = [n for n in notes if n.kind in PRESSED]
    mines = [n for n in notes if n.kind == "mine"]
    times = timing.seconds_at(ticks_of(pressed)).tolist()
    at_s = dict(zip((n.tick for n in pressed), times, strict=True))
    ends: dict[int, int] = {}
    before: tuple[int, float] | None = None
    n_mines = 0
    for tick, row in rows(pressed):
        since = -1 if before is None else before[0]
        bound = _mask(lane for lane, end in ends.items() if end > since)
        ends = {lane: end for lane, end in ends.items() if end > tick}
        mined = 0
        while n_mines < len(mines) and mines[n_mines].tick <= tick:
            mined |= 1 << mines[n_mines].lane
            n_mines += 1
        mask = _mask(n.lane for n in row)
        held = _mask(ends) & ~mask
        gap_s = math.inf if before is None else at_s[tick] - before[1]
        yield _Row(tick, at_s[tick], gap_s, mask, held, bound, mined)
        ends |= {n.lane: n.end for n in row if n.kind in LONG and n.end > tick}
        before = (tick, at_s[tick])


def _mask(lanes: Iterable[int]) -> int:
    mask = 0
    for lane in lanes:
        mask |= 1 << lane
    return mask


def _lanes(mask: int) -> tuple[int, ...]:
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


# The pad ---------------------------------------------------------------------------------

_BRACKET_REACH = 1.5
_STRETCH_REACH = 2.0
"""Panels this far apart, centre to centre, fit under one foot, easily and at a stretch."""

_WIDEST_STANCE = 3.2
_BACK_TO_SCREEN = 1.5
"""Legs crossed over one panel only do not turn the body round."""


@dataclass(frozen=True, eq=False)
class _Pad:
    """Where a foot can be: on a panel, or on two.

    Parameters
    ----------
    lanes : list of tuple of int
        Lanes of each place, heel first.
    masks : list of int
    n_panels : int
        The first places are the panels themselves.
    pairs : dict of mask to int
        Places of two panels.
    stretched : frozenset of int
        Places at a stretch.
    x, y : list of float
    moves : list of list of float
        Distance between places, in panel widths.
    facing : list of list of float
        Effort to stand with the left foot on the one and the right foot on the other.
    """

    lanes: list[tuple[int, ...]]
    masks: list[int]
    n_panels: int
    pairs: dict[int, int]
    stretched: frozenset[int]
    x: list[float]
    y: list[float]
    moves: list[list[float]]
    facing: list[list[float]]
    known: dict[tuple[int, int, int, int], dict[int, tuple[_Move, ...]]] = field(
        default_factory=dict
    )


@lru_cache(maxsize=16)
def _pad(layout: Layout) -> _Pad:
    panels = layout.lanes
    lanes: list[tuple[int, ...]] = [(i,) for i in range(len(panels))]
    stretched = set()
    for a, b in combinations(range(len(panels)), 2):
        reach = math.hypot(panels[a].x - panels[b].x, panels[a].y - panels[b].y)
        if reach <= _BRACKET_REACH or (reach <= _STRETCH_REACH and panels[a].y != panels[b].y):
            if reach > _BRACKET_REACH:
                stretched.add(len(lanes))
            # Toes point to the screen.
            lanes.append((a, b) if panels[a].y >= panels[b].y else (b, a))
    masks = [_mask(place) for place in lanes]
    x = [sum(panels[i].x for i in place) / len(place) for place in lanes]
    y = [sum(panels[i].y for i in place) / len(place) for place in lanes]
    places = range(len(lanes))
    return _Pad(
        lanes,
        masks,
        len(panels),
        {masks[p]: p for p in places if len(lanes[p]) == 2},
        frozenset(stretched),
        x,
        y,
        [
            [
                math.hypot(x[b] - x[a], y[b] - y[a]) * (0.3 if masks[a] & masks[b] else 1.0)
                for b in places
            ]
            for a in places
        ],
        [[_facing(x[r] - x[l_], y[r] - y[l_]) for r in places] for l_ in places],
    )


def _away(dx: float, dy: float) -> float:
    """How far a stance is turned from the screen: 0 up to sideways, 1 for a back to it."""
    return 0.0 if dx >= 0 else -dx / math.hypot(dx, dy)


def _facing(dx: float, dy: float) -> float:
    away = _away(dx, dy)
    return away + 5 * away**4 + max(0.0, math.hypot(dx, dy) - _WIDEST_STANCE)


# Moves -----------------------------------------------------------------------------------

_DOUBLE_STEP = 8.0
_SPIN = 10.0
_HAND = 14.0
_BRACKET = 4.0
_STRETCH = 6.0
_HOLD_BRACKET = 4.0
_HOLD_SWITCH = 6.0
_MISSED_SWITCH = 6.0
_ON_A_MINE = 1.0
_DISTANCE_S = 0.06
"""Effort of one panel width in one second."""

_NONE, _LEFT, _RIGHT, _BOTH = range(4)
"""Which foot pressed last."""


class _Move(NamedTuple):
    """One way to press a row from one stance.

    Effort is ``fixed`` plus, by the time there is, so much for the distance and for each
    double step, jack, switch and bracket.
    """

    state: int
    fixed: float
    distance: float
    double: int
    jacks: int
    switch: int
    brackets: int
    left: int
    right: int
    parts: tuple[tuple[int, Part], ...]
    flags: frozenset[Flag]


def _state(pad: _Pad, left: int, right: int, last: int) -> int:
    return (left * len(pad.lanes) + right) * 4 + last


def _moves(pad: _Pad, state: int, row: tuple[int, int, int, int]) -> tuple[_Move, ...]:
    """All sensible ways to press a row from a stance."""
    pressed, held, _, _ = row
    feet, last = divmod(state, 4)
    left, right = divmod(feet, len(pad.lanes))
    options = [
        (a, b, pressed & ~(pad.masks[a] if a >= 0 else 0) & ~(pad.masks[b] if b >= 0 else 0))
        for a in _options(pad, left, pressed, held)
        for b in _options(pad, right, pressed, held)
        if a < 0 or b < 0 or not pad.masks[a] & pad.masks[b] & pressed
    ]
    fewest = min(rest.bit_count() for _, _, rest in options)
    found = [
        _move(pad, (left, right, last), (a, b), row)
        for a, b, rest in options
        if rest.bit_count() == fewest
    ]
    found += _switched(pad, (left, right, last), row)
    return tuple(found)


def _options(pad: _Pad, place: int, pressed: int, held: int) -> Iterator[int]:
    """Where a foot may go; -1 stays."""
    yield -1
    holding = pad.masks[place] & held
    if not holding:
        yield from _lanes(pressed)
        yield from (p for mask, p in pad.pairs.items() if mask & pressed == mask)
    elif holding.bit_count() == 1:
        yield from (
            pad.pairs[holding | 1 << lane]
            for lane in _lanes(pressed)
            if holding | 1 << lane in pad.pairs
        )


def _switched(
    pad: _Pad, stance: tuple[int, int, int], row: tuple[int, int, int, int]
) -> Iterator[_Move]:
    """The holding foot presses while the other takes over what it held."""
    pressed, held = row[:2]
    left, right, _ = stance
    if pressed.bit_count() != 1 or held.bit_count() != 1:
        return
    lane, hold = _lanes(pressed)[0], _lanes(held)[0]
    if pad.masks[left] & held and not pad.masks[right] & held:
        yield _move(pad, stance, (lane, hold), row)
    elif pad.masks[right] & held and not pad.masks[left] & held:
        yield _move(pad, stance, (hold, lane), row)


def _move(
    pad: _Pad,
    stance: tuple[int, int, int],
    to: tuple[int, int],
    row: tuple[int, int, int, int],
) -> _Move:
    pressed, held, bound, mined = row
    left, right, last = stance
    were = (left, right)
    now = (left if to[0] < 0 else to[0], right if to[1] < 0 else to[1])
    moved = [f for f in (0, 1) if to[f] >= 0 and pad.masks[to[f]] & pressed]
    flags: set[Flag] = set()
    fixed, distance = pad.facing[now[0]][now[1]], 0.0
    double = jacks = switch = brackets = 0
    for f in moved:
        mask, own, other = pad.masks[to[f]], pad.masks[were[f]], pad.masks[were[1 - f]]
        just = last in (f + 1, _BOTH)
        distance += pad.moves[were[f]][now[f]]
        again = bool(just and own & mask & pressed)
        jacks += again
        if again and mask & pressed & mined:
            fixed += _MISSED_SWITCH
        if len(moved) == 1:
            double = int(last == f + 1 and not own & mask and not other & bound)
            switch = int(bool(other & mask & pressed) and not again)
            if mask & pressed & mined:
                switch = 0
                flags |= {"footswitch"} if other & mask & pressed and not again else set()
        if len(pad.lanes[to[f]]) == 2:
            fixed += _BRACKET + _STRETCH * (to[f] in pad.stretched)
            fixed += _HOLD_BRACKET * bool(mask & held)
            brackets += not mask & held
            flags.add("hold-bracket" if mask & held else "bracket")
    for f in (0, 1):
        if f not in moved:
            fixed += _ON_A_MINE * bool(pad.masks[now[f]] & mined)
            if now[f] != were[f]:
                fixed += _HOLD_SWITCH
                distance += pad.moves[were[f]][now[f]]
                flags.add("hold-switch")
    rest = pressed & ~_mask(lane for f in moved for lane in pad.lanes[to[f]])
    fixed += _HAND * rest.bit_count()
    fixed += _turning(pad, were, now, flags)
    said: tuple[tuple[Flag, bool], ...] = (
        ("jump", len(moved) == 2),
        ("jack", jacks > 0),
        ("hand", rest > 0),
        ("double-step", double > 0),
        ("footswitch", switch > 0),
    )
    flags |= {name for name, yes in said if yes}
    last = _NONE if not moved else _BOTH if len(moved) == 2 else moved[0] + 1
    return _Move(
        _state(pad, *now, last),
        fixed,
        distance * _DISTANCE_S,
        double,
        jacks,
        switch,
        brackets,
        *now,
        _parts(pad, to, moved, pressed, rest),
        frozenset(flags),
    )


def _turning(pad: _Pad, were: tuple[int, int], now: tuple[int, int], flags: set[Flag]) -> float:
    """Effort of turning the body, noting what it is."""
    dx, dy = pad.x[now[1]] - pad.x[now[0]], pad.y[now[1]] - pad.y[now[0]]
    old_dx, old_dy = pad.x[were[1]] - pad.x[were[0]], pad.y[were[1]] - pad.y[were[0]]
    if dx >= 0:
        return 0.0
    if old_dx >= 0:
        flags.add("crossover")
    if _away(dx, dy) > 0.95 and dx <= -_BACK_TO_SCREEN:
        flags.add("away")
    if old_dx < 0 and dy * old_dy < 0:
        flags.add("spin")
        return _SPIN
    return 0.0


def _parts(
    pad: _Pad, to: tuple[int, int], moved: Sequence[int], pressed: int, rest: int
) -> tuple[tuple[int, Part], ...]:
    names: tuple[tuple[Part, Part, Part], ...] = (
        ("left", "left-heel", "left-toe"),
        ("right", "right-heel", "right-toe"),
    )
    found: list[tuple[int, Part]] = [(lane, "hand") for lane in _lanes(rest)]
    for f in moved:
        lanes = pad.lanes[to[f]]
        own = names[f][1:] if len(lanes) == 2 else names[f][:1]
        found += [
            (lane, part) for lane, part in zip(lanes, own, strict=True) if pressed >> lane & 1
        ]
    return tuple(sorted(found))


# The walk --------------------------------------------------------------------------------

_N_KEPT = 8
_MARGIN = 12.0
_SHORTEST_S = 0.02
_MOST_KNOWN = 20_000
"""Rows of different kinds whose moves are remembered for a pad."""


class _Walk:
    """The cheapest way to every stance so far, row by row."""

    def __init__(self, pad: _Pad) -> None:
        self.pad = pad
        panels = range(pad.n_panels)
        self._costs = {
            _state(pad, a, b, _NONE): pad.moves[a][b] / 10
            for a in panels
            for b in panels
            if pad.x[a] < pad.x[b]
        }
        self._back: list[dict[int, tuple[float, int, _Move]]] = []

    def advance(self, row: _Row) -> None:
        """Take one more row."""
        kind = (row.pressed, row.held, row.bound, row.mined)
        if len(self.pad.known) > _MOST_KNOWN:
            self.pad.known.clear()
        known = self.pad.known.setdefault(kind, {})
        gap_s = min(max(row.gap_s, _SHORTEST_S), 2.0)
        speed = 1 / gap_s
        double = _DOUBLE_STEP * min(1.0, 0.4 / gap_s)
        jack = 4 * max(0.0, 1 - gap_s / 0.16)
        switch = 2 + 4 * max(0.0, 1 - 0.2 / gap_s)
        bracket = 6 * min(max(0.0, gap_s - 0.15), 1.0)
        reached: dict[int, tuple[float, int, _Move]] = {}
        for state, cost in self._costs.items():
            moves = known.get(state)
            if moves is None:
                moves = known[state] = _moves(self.pad, state, kind)
            for move in moves:
                total = (
                    cost
                    + move[1]
                    + move[2] * speed
                    + move[3] * double
                    + move[4] * jack
                    + move[5] * switch
                    + move[6] * bracket
                )
                old = reached.get(move[0])
                if old is None or total < old[0]:
                    reached[move[0]] = (total, state, move)
        self._back.append(reached)
        ordered = sorted((found[0], state) for state, found in reached.items())[:_N_KEPT]
        least = ordered[0][0]
        self._costs = {s: c - least for c, s in ordered if c - least < _MARGIN}

    def best(self) -> list[_Move]:
        """The moves of the cheapest walk."""
        if not self._back:
            return []
        state = min(self._costs, key=self._costs.__getitem__)
        found = []
        for reached in reversed(self._back):
            _, state, move = reached[state]
            found.append(move)
        return found[::-1]

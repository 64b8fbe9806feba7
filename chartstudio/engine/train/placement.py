"""Where a teacher puts its notes: under two feet on panels, under two hands on keys.

Rows of notes go in, lanes come out. This module knows bodies, not music: what is asked for
in a row (how many notes, how long held) was decided before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Lane

LEFT, RIGHT = 0, 1


@dataclass(frozen=True, slots=True)
class Row:
    """What is asked for at one moment.

    Parameters
    ----------
    start_s : float
    held_s : float
        How long its first note is held; 0 for taps.
    size : int
        Notes at once; fewer are placed where the body has no room.
    pitch : int
        MIDI key of what is followed, or 0: rising tunes lean to the right.
    """

    start_s: float
    held_s: float = 0.0
    size: int = 1
    pitch: int = 0


@dataclass(frozen=True, slots=True)
class Craft:
    """What a body is asked to do at a level, and an author's taste, all 0 to 1 but seconds.

    Parameters
    ----------
    jack_s : float
        The same lane is not struck again sooner.
    most : int
        Lanes pressed at once, holds included.
    jacks, crossovers, contour, stairs : float
        How much the author likes repeats on one lane, crossed legs, lanes that follow the
        pitch, and runs over neighbouring lanes.
    one_foot_s : float
        While one foot holds, the other steps no faster.
    """

    jack_s: float
    most: int
    jacks: float = 0.0
    crossovers: float = 0.0
    contour: float = 0.3
    stairs: float = 0.3
    one_foot_s: float = 0.3


class Body(Protocol):
    """Places rows one after another, remembering where it stands."""

    def place(self, row: Row, wanted: Sequence[int] = ()) -> tuple[int, ...]:
        """Lanes of the row, the held one first; empty when nothing fits.

        Parameters
        ----------
        row : Row
        wanted : sequence of int
            Lanes that would repeat an earlier pattern; taken when they can be played.
        """
        ...


def _draw(costs: Sequence[float], rng: np.random.Generator) -> int:
    """Index drawn with weights ``exp(-cost)``."""
    weights = np.exp(-(np.asarray(costs) - min(costs)))
    return int(np.searchsorted(np.cumsum(weights), rng.random() * weights.sum(), "right"))


# Feet ----------------------------------------------------------------------------------

_REACH = 2.9
"""Furthest two panels that are pressed at once, in panel widths: a pad's own diagonal."""

_HURRY_S = 0.11
"""Within this time after a step, the foot that made it goes to no other panel for a jump, and
the other one does not begin to cross it: dancers would find another way."""


class Feet:
    """A dancer: single notes go to alternate feet, two at once to both.

    The rules: never two notes in a row with one foot, except the same panel again (a jack)
    and beside a hold; no foot on the other's panel; legs cross only where the craft allows
    it and by one column; then the other foot may move behind, and the crossed one goes back.
    After a jump either foot may go on.

    Parameters
    ----------
    lanes : sequence of Lane
        Their places on the pad, in panel widths.
    craft : Craft
    rng : Generator
    """

    def __init__(self, lanes: Sequence[Lane], craft: Craft, rng: np.random.Generator) -> None:
        self._craft, self._rng = craft, rng
        at = np.array([(lane.x, lane.y) for lane in lanes])
        self._x = at[:, 0].tolist()
        self._apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)).tolist()
        self._free_s = [-1e9] * len(lanes)
        self._held_until_s = [-1e9, -1e9]
        self._moved_s = [-1e9, -1e9]
        self._last: int | None = None
        self._crossed: int | None = None
        middle = (at[:, 0].max() + at[:, 0].min()) / 2
        order = np.argsort(np.abs(at[:, 0] - middle + 0.9), kind="stable")
        self._on = [int(order[0]), int(np.argmin(np.abs(at[:, 0] - middle - 0.9)))]
        self._pitch = 0

    def place(self, row: Row, wanted: Sequence[int] = ()) -> tuple[int, ...]:
        """See `Body.place`."""
        free = [f for f in (LEFT, RIGHT) if self._held_until_s[f] < row.start_s]
        lanes: tuple[int, ...] = ()
        if row.size > 1 and len(free) == 2 and self._craft.most > 1:
            lanes = self._jump(row, wanted)
        if not lanes and free and self._craft.most > 2 - len(free):
            lanes = self._step(row, free, wanted)
        if lanes:
            self._pitch = row.pitch
        return lanes

    def _jump(self, row: Row, wanted: Sequence[int]) -> tuple[int, ...]:
        open_ = [p for p in range(len(self._x)) if self._ready(p, row.start_s)]
        pairs = [
            (left, right)
            for left, right in permutations(open_, 2)
            if self._x[left] <= self._x[right]
            and self._apart[left][right] <= _REACH
            and self._in_time((left, right), row)
        ]
        if not pairs:
            return ()
        match = [p for p in pairs if set(p) == set(wanted)]
        if match:
            left, right = match[0]
        else:
            costs = [
                self._travel(LEFT, a, row)
                + self._travel(RIGHT, b, row)
                + 2.0 * ([a, b] == self._on)
                for a, b in pairs
            ]
            left, right = pairs[_draw(costs, self._rng)]
        self._put(LEFT, left, row, row.held_s)
        self._put(RIGHT, right, row, 0.0)
        self._last = None
        return left, right

    def _step(self, row: Row, free: Sequence[int], wanted: Sequence[int]) -> tuple[int, ...]:
        options = list(self._steps(row, free))
        if not options:
            return ()
        matching = [o for o in options if o[1] in wanted]
        if matching:
            foot, panel, _ = matching[0]
        else:
            foot, panel, _ = options[_draw([cost for _, _, cost in options], self._rng)]
        self._put(foot, panel, row, row.held_s)
        self._last = foot
        return (panel,)

    def _steps(self, row: Row, free: Sequence[int]) -> Iterator[tuple[int, int, float]]:
        """Playable (foot, panel, cost)."""
        for foot in free:
            again = foot == self._last
            beside_hold = len(free) == 1
            if again and beside_hold and row.start_s - self._moved_s[foot] < self._craft.one_foot_s:
                continue
            for panel in range(len(self._x)):
                jack = again and panel == self._on[foot]
                if again and not beside_hold and not (jack and self._craft.jacks):
                    continue
                crossing = self._crossing(foot, panel)
                if crossing is None or not self._ready(panel, row.start_s):
                    continue
                if crossing and row.start_s - self._moved_s[1 - foot] < _HURRY_S:
                    continue
                cost = self._travel(foot, panel, row) + crossing
                cost += 3.5 * (1 - self._craft.jacks) + 1.0 if jack else 0.0
                yield foot, panel, cost + self._lean(panel, row)

    def _crossing(self, foot: int, panel: int) -> float | None:
        """What crossed legs cost there, or None where a foot cannot go."""
        other = self._on[1 - foot]
        if panel == other or self._apart[panel][other] > _REACH:
            return None
        dx = self._x[other] - self._x[panel] if foot == LEFT else self._x[panel] - self._x[other]
        if dx >= 0:
            return 0.0
        if dx < -1 or self._craft.crossovers <= 0:
            return None
        if self._x[self._on[LEFT]] > self._x[self._on[RIGHT]]:
            return 0.0 if foot != self._crossed else None
        return 2.5 * (1 - self._craft.crossovers) + 0.5

    def _travel(self, foot: int, panel: int, row: Row) -> float:
        """Cost of getting there: far is dear when time is short, staying put is dull."""
        gap_s = max(row.start_s - self._moved_s[foot], 0.05)
        away = self._apart[self._on[foot]][panel]
        return 0.7 if away == 0 else 0.12 * away**2 / min(gap_s, 0.6)

    def _lean(self, panel: int, row: Row) -> float:
        if not (row.pitch and self._pitch) or row.pitch == self._pitch:
            return 0.0
        rising = row.pitch > self._pitch
        from_x = self._x[self._on[self._last]] if self._last is not None else self._x[panel]
        agrees = np.sign(self._x[panel] - from_x) == (1 if rising else -1)
        return 0.0 if agrees else self._craft.contour

    def _in_time(self, panels: tuple[int, int], row: Row) -> bool:
        """Whether no foot has to leave, for these, a panel that it has only just reached."""
        return all(
            panel == self._on[foot] or row.start_s - self._moved_s[foot] >= _HURRY_S
            for foot, panel in enumerate(panels)
        )

    def _ready(self, panel: int, at_s: float) -> bool:
        return at_s - self._free_s[panel] >= self._craft.jack_s

    def _put(self, foot: int, panel: int, row: Row, held_s: float) -> None:
        was_crossed = self._x[self._on[LEFT]] > self._x[self._on[RIGHT]]
        self._on[foot] = panel
        if self._x[self._on[LEFT]] <= self._x[self._on[RIGHT]]:
            self._crossed = None
        elif not was_crossed:
            self._crossed = foot
        self._moved_s[foot] = row.start_s
        self._free_s[panel] = row.start_s + held_s
        if held_s:
            self._held_until_s[foot] = row.start_s + held_s


# Hands ---------------------------------------------------------------------------------


class Hands:
    """A keyboard player: work is shared between the hands, no key is hammered.

    Parameters
    ----------
    n_keys : int
        An odd one's middle key belongs to both thumbs.
    craft : Craft
    rng : Generator
    """

    def __init__(self, n_keys: int, craft: Craft, rng: np.random.Generator) -> None:
        self._craft, self._rng = craft, rng
        keys = np.arange(n_keys)
        self._side: NDArray[np.float64] = np.sign(keys - (n_keys - 1) / 2)
        self._free_s = np.full(n_keys, -1e9)
        self._wear = np.zeros(n_keys)
        self._balance = 0.0
        self._at = (n_keys - 1) / 2
        self._direction = 1.0
        self._before = Row(-1e9)

    def place(self, row: Row, wanted: Sequence[int] = ()) -> tuple[int, ...]:
        """See `Body.place`."""
        gap_s = row.start_s - self._before.start_s
        self._wear *= np.exp(-gap_s / 0.8)
        self._balance *= float(np.exp(-gap_s / 1.5))
        n_held = int(np.sum(self._free_s >= row.start_s))
        room = min(row.size, self._craft.most - n_held)
        open_ = row.start_s - self._free_s >= self._craft.jack_s
        chosen = [k for k in wanted if open_[k]][: max(room, 0)]
        for key in chosen:
            open_[key] = False
            self._strike(key)
        target = self._target(row)
        while len(chosen) < room and open_.any():
            keys = np.flatnonzero(open_)
            costs = 1.2 * self._wear[keys] + 0.9 * self._side[keys] * self._balance
            if not chosen:
                costs = costs + np.abs(keys - target) * 2.0 * self._pull(row)
            key = int(keys[_draw(costs.tolist(), self._rng)])
            chosen.append(key)
            open_[key] = False
            self._strike(key)
        if chosen:
            self._free_s[chosen] = row.start_s
            self._free_s[chosen[0]] = row.start_s + row.held_s
            self._at = float(chosen[0])
            self._before = row
        return tuple(chosen)

    def _strike(self, key: int) -> None:
        self._wear[key] += 1.0
        self._balance += self._side[key]

    def _pull(self, row: Row) -> float:
        moves = row.pitch and self._before.pitch and row.pitch != self._before.pitch
        return max(self._craft.contour if moves else 0.0, self._craft.stairs)

    def _target(self, row: Row) -> float:
        """The key that the tune or a run along the keys leads to."""
        last = len(self._wear) - 1
        if row.pitch and self._before.pitch and row.pitch != self._before.pitch:
            rise = row.pitch - self._before.pitch
            self._direction = float(np.sign(rise))
            return float(np.clip(self._at + np.clip(rise / 2, -2, 2), 0, last))
        if not 0 <= self._at + self._direction <= last:
            self._direction = -self._direction
        return self._at + self._direction

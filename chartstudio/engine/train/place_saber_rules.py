"""What two hands may do at a level, asked of the mode's grammar once and kept as tables.

The grammar judges one row of a whole chart; a teacher asks about thousands. All that it
forbids depends on little: how long a hand has rested, the way its last cut went, the cut of
the other hand, and the notes before the eyes. This module finds that out and refuses to know
what is good: see `place_saber_taste`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Grammar, Mode, RowContext
from chartstudio.core.note import Note
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, TimingMap

RED, BLUE = 0, 1
HANDS = ("red", "blue")
N_COLUMNS, N_ROWS = 4, 3
N_CELLS = N_COLUMNS * N_ROWS

UP, DOWN, LEFT, RIGHT, UP_LEFT, UP_RIGHT, DOWN_LEFT, DOWN_RIGHT, ANY = range(9)
N_ARROWS, N_DIRECTIONS = ANY, ANY + 1
N_CUTS = N_CELLS * N_DIRECTIONS
"""Cuts of one hand are counted by cell (from left to right, then upwards), then direction."""

FLIP_X = (UP, DOWN, RIGHT, LEFT, UP_RIGHT, UP_LEFT, DOWN_RIGHT, DOWN_LEFT, ANY)
FLIP_Y = (DOWN, UP, LEFT, RIGHT, DOWN_LEFT, DOWN_RIGHT, UP_LEFT, UP_RIGHT, ANY)
BACK = (DOWN, UP, RIGHT, LEFT, DOWN_RIGHT, DOWN_LEFT, UP_RIGHT, UP_LEFT, ANY)
STEPS = ((0, 1), (0, -1), (-1, 0), (1, 0), (-1, 1), (1, 1), (-1, -1), (1, -1), (0, 0))
"""Where each cut goes: columns to the right, rows up."""

FOREHAND = (
    frozenset((DOWN_LEFT, DOWN, DOWN_RIGHT, RIGHT)),
    frozenset((DOWN_RIGHT, DOWN, DOWN_LEFT, LEFT)),
)
"""Cuts that each hand makes with the palm down when nothing strains the wrist; it makes the
others backhanded. A hand that alternates between the two flows."""

RESTS_S = (0.0, 0.2, 0.5, 0.8, 2.0)
"""Rests from which on a hand may do more than after shorter ones."""

_SAFE_S = 0.001
_LEVEL_STEP = 0.1

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What the grammar allows at a level.

    Parameters
    ----------
    level : float
    least_gap_s : float
        Shortest time between two swings of a hand.
    hidden_s : float
        How long a note in the middle row of a middle column hides the cells behind it, its
        own and the one above.
    cell_rest_s : float
        Shortest time between two blocks in one cell.
    n_stack : int
        Most notes that one swing cuts at once.
    follows : ndarray of bool, shape (2, 5, 8, 8)
        By hand, rest (the last of `RESTS_S` that it lasted), arrow of the last cut: which
        arrows may come.
    reach : ndarray of bool, shape (2, N_CUTS)
        Cuts that each hand may ever make.
    beside : ndarray of bool, shape (N_CUTS, N_CUTS)
        Red and blue cuts that go together.
    """

    level: float
    least_gap_s: float
    hidden_s: float
    cell_rest_s: float
    n_stack: int
    follows: Mask
    reach: Mask
    beside: Mask

    @classmethod
    def of(cls, mode: Mode, level: float) -> Rules:
        """The rules of a level; of the next lower tenth, since lower ones only forbid more."""
        low, high = mode.level_range
        tenths = int(np.clip(level, low, high) / _LEVEL_STEP + 1e-6)
        return _rules(mode, tenths * _LEVEL_STEP)


@lru_cache(maxsize=64)
def _rules(mode: Mode, level: float) -> Rules:
    ask = _Ask(mode, level)
    alone = ask.grammar(0.0)
    reach = np.stack([ask.cuts(hand, alone.mask(())) for hand in (RED, BLUE)])
    beside = np.stack([ask.cuts(BLUE, alone.mask((ask.event(RED, i),))) for i in range(N_CUTS)])
    swung = ask.note(RED, cut_at(1, 0, DOWN))
    least_gap_s = _first(lambda s: ask.may(swung, RED, cut_at(0, 1, UP), s), 0.02, 1.0)
    hiding = ask.note(RED, cut_at(1, 1, DOWN))
    hidden_s = _first(lambda s: ask.may(hiding, BLUE, cut_at(1, 2, UP), s), 0.2, 4.0)
    taken = ask.note(RED, cut_at(1, 0, DOWN))
    cell_rest_s = _first(lambda s: ask.may(taken, BLUE, cut_at(1, 0, DOWN), s), 0.01, 0.5)
    follows = np.zeros((2, len(RESTS_S), N_ARROWS, N_ARROWS), dtype=bool)
    for hand in (RED, BLUE):
        for arrow in range(N_ARROWS):
            last = ask.note(hand, cut_at(1 + hand, 0, arrow))
            for r, rest_s in enumerate(RESTS_S):
                after_s = max(rest_s, least_gap_s) + _SAFE_S
                legal = ask.cuts(hand, ask.grammar(after_s, last).mask(()))
                by_cell = legal.reshape(N_CELLS, N_DIRECTIONS)
                follows[hand, r, arrow] = by_cell[:, :N_ARROWS].any(axis=0)
    tower = tuple(ask.event(RED, cut_at(0, y, DOWN)) for y in range(N_ROWS))
    n_stack = 1 + sum(bool(alone.mask(tower[:n])[tower[n]]) for n in (1, 2))
    return Rules(
        level,
        least_gap_s + _SAFE_S,
        hidden_s + _SAFE_S,
        cell_rest_s + _SAFE_S,
        n_stack,
        follows,
        reach,
        beside,
    )


class _Ask:
    """Questions to the grammar, in a chart of a beat a second that holds one note or none."""

    def __init__(self, mode: Mode, level: float) -> None:
        self._mode, self._level = mode, level
        self._timing = TimingMap((Anchor(0, 0.0, 60.0, 4, bar=True),))

    def event(self, hand: int, cut: int) -> int:
        return cut_event(self._mode, hand, cut)

    def cuts(self, hand: int, mask: Mask) -> Mask:
        first = self.event(hand, 0)
        return mask[first : first + N_CUTS]

    def note(self, hand: int, cut: int) -> tuple[Note, ...]:
        return self._mode.decode(0, (self.event(hand, cut),))[0]

    def grammar(self, at_s: float, before: tuple[Note, ...] = ()) -> Grammar:
        tick = round(at_s * TICKS_PER_BEAT)
        return self._mode.grammar(RowContext(tick, self._timing, before, (), (), self._level))

    def may(self, before: tuple[Note, ...], hand: int, cut: int, after_s: float) -> bool:
        return bool(self.grammar(after_s, before).mask(())[self.event(hand, cut)])


def _first(allowed: Callable[[float], bool], low: float, high: float) -> float:
    """From when on something is allowed, to a tenth of a millisecond; rounded up."""
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if allowed(middle) else (middle, high)
    return high


def cut_event(mode: Mode, hand: int, cut: int) -> int:
    """The mode's event of a cut."""
    return mode.event(f"{HANDS[hand]}-cut", cut)


def cut_at(x: int, y: int, direction: int) -> int:
    """Number of a cut."""
    return (y * N_COLUMNS + x) * N_DIRECTIONS + direction


def cell_of(cut: int) -> tuple[int, int, int]:
    """Column, row and direction of a cut."""
    cell, direction = divmod(cut, N_DIRECTIONS)
    return cell % N_COLUMNS, cell // N_COLUMNS, direction


def mirrored(cut: int) -> int:
    """The cut with left and right exchanged."""
    x, y, direction = cell_of(cut)
    return cut_at(N_COLUMNS - 1 - x, y, FLIP_X[direction])


def overturned(cut: int) -> int:
    """The cut upside down."""
    x, y, direction = cell_of(cut)
    return cut_at(x, N_ROWS - 1 - y, FLIP_Y[direction])

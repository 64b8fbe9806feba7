"""What mappers like: where each cut lies, which follows on which, which two go together.

Everything is written for the left hand, which is red, and mirrored for the other. All tables
are logarithms of weights, so that adding them and noise draws by their product. Two poles,
maps for beginners and maps for experts, are mixed by level. The weights are craft rules that
mapping guides agree on: down cuts low and up cuts high, each hand on its own side, outer
columns in the middle row, nothing before the eyes, mostly straight back or half a turn off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.train.place_saber_rules import (
    ANY,
    BACK,
    BLUE,
    DOWN,
    DOWN_LEFT,
    DOWN_RIGHT,
    FLIP_X,
    FOREHAND,
    LEFT,
    N_ARROWS,
    N_CELLS,
    N_COLUMNS,
    N_CUTS,
    N_DIRECTIONS,
    N_ROWS,
    RED,
    RIGHT,
    STEPS,
    UP,
    UP_LEFT,
    UP_RIGHT,
    cell_of,
    mirrored,
)

Floats = NDArray[np.float64]

NEVER = -1e6

_PLAIN: dict[int, tuple[str, str, str]] = {
    UP: (".,,.", "5:,.", "263."),
    DOWN: ("....", ",,..", "282."),
    LEFT: ("....", "9,..", "12.."),
    RIGHT: ("....", "...2", ".145"),
    UP_LEFT: (",...", "9...", ",,,."),
    UP_RIGHT: (".11.", "1,1.", ".21."),
    DOWN_LEFT: ("....", "2...", "6,.."),
    DOWN_RIGHT: ("....", "....", ".36,"),
    ANY: ("131.", "2,..", ",3,."),
}
_RICH: dict[int, tuple[str, str, str]] = {
    UP: (":54.", "5,,.", "121."),
    DOWN: (",,,.", "2,,.", "265."),
    LEFT: ("11..", "9...", "12.."),
    RIGHT: ("..1.", ":.:3", ".152"),
    UP_LEFT: ("1:..", "8...", ".1,."),
    UP_RIGHT: (".43.", ":...", ".:1."),
    DOWN_LEFT: (".1..", "5,..", "3,.."),
    DOWN_RIGHT: (".,,.", ":,,1", ",262"),
    ANY: ("111.", "3:,:", "132,"),
}
"""How often each cut lies in each cell, from the top row down; less than once
are ``:``, ``,`` and ``.``."""

_SELDOM = {".": 0.03, ",": 0.3, ":": 0.6}

_TURNS = {"plain": (1.0, 0.33, 0.45, 0.015, 0.03), "rich": (1.0, 0.42, 0.08, 0.01, 0.01)}
"""Weight of a cut by how far it turns off the way straight back, in eighths of a circle."""

_ROLLS = {"plain": (0.05, 1.0, 0.42, 0.9), "rich": (0.25, 1.0, 0.72, 0.72)}
"""Weight of a cut by the wrist's roll, from an eighth inwards by eighths: DL/UR, D/U, DR/UL,
R/L for the left hand."""

_INWARDS = {"plain": 0.5, "rich": 0.9}
"""Weight of a level cut towards the other hand, besides."""

_ROLLED = {
    DOWN_LEFT: 0, UP_RIGHT: 0, DOWN: 1, UP: 1, DOWN_RIGHT: 2, UP_LEFT: 2, RIGHT: 3, LEFT: 3,
}  # fmt: skip

_CIRCLE = (DOWN, DOWN_RIGHT, RIGHT, UP_RIGHT, UP, UP_LEFT, LEFT, DOWN_LEFT)
"""The arrows counter-clockwise, an eighth apart."""

_SAME_SIDE = {"plain": 0.07, "rich": 0.02}
"""Weight of swinging from the same side again, where there is time for it."""

_BACKHAND_START = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """Log weights of cuts at a level, for an author.

    Parameters
    ----------
    liking : ndarray, shape (2, N_CUTS)
        By hand: cells, given the direction.
    leads : ndarray, shape (2, 9, 8)
        By hand and last arrow (8: none, or too long ago): the next arrow.
    pairs : ndarray, shape (N_CUTS, N_CUTS)
        Red and blue cuts at once.
    """

    liking: Floats
    leads: Floats
    pairs: Floats

    @classmethod
    def of(cls, level: float, habits: Mapping[str, float]) -> Taste:
        """The taste of an author with these habits."""
        rich = float(np.clip((level - 1) / 3, 0.0, 1.0))
        height = habits.get("height", 0.5) - 0.5
        crossing = habits.get("crossovers", 0.5)
        return cls(
            np.stack([_liking(hand, rich, height) for hand in (RED, BLUE)]),
            np.stack([_leads(hand, rich, habits) for hand in (RED, BLUE)]),
            _pairs(rich, crossing),
        )


def _mixed(plain: float, rich: float, share: float) -> float:
    return float((1 - share) * plain + share * rich)


def _liking(hand: int, rich: float, height: float) -> Floats:
    found = np.zeros((N_CELLS, N_DIRECTIONS))
    for direction in range(N_DIRECTIONS):
        here = FLIP_X[direction] if hand == BLUE else direction
        weights = np.zeros((N_ROWS, N_COLUMNS))
        for y in range(N_ROWS):
            for x in range(N_COLUMNS):
                plain, more = (_weight(t[direction][N_ROWS - 1 - y][x]) for t in (_PLAIN, _RICH))
                weights[y, N_COLUMNS - 1 - x if hand == BLUE else x] = _mixed(plain, more, rich)
        weights[N_ROWS - 1] *= np.exp(1.5 * height)
        found[:, here] = np.log(weights / weights.sum()).ravel()
    return found.ravel()


def _weight(mark: str) -> float:
    return _SELDOM[mark] if mark in _SELDOM else float(mark)


def _leads(hand: int, rich: float, habits: Mapping[str, float]) -> Floats:
    """The way a hand goes on: mostly back, a little off, wherever the wrist is at ease."""
    bend = 0.3 + 1.4 * habits.get("angles", 0.5)
    roll = [_mixed(a, b, rich) for a, b in zip(_ROLLS["plain"], _ROLLS["rich"], strict=True)]
    turn = [_mixed(a, b, rich) for a, b in zip(_TURNS["plain"], _TURNS["rich"], strict=True)]
    again = _mixed(_SAME_SIDE["plain"], _SAME_SIDE["rich"], rich) * 2 * habits.get("resets", 0.5)
    inwards = _mixed(_INWARDS["plain"], _INWARDS["rich"], rich)
    found = np.zeros((N_ARROWS + 1, N_ARROWS))
    for arrow in range(N_ARROWS):
        rolled = _ROLLED[FLIP_X[arrow] if hand == BLUE else arrow]
        ease = roll[rolled] * (1.0 if rolled == 1 else bend)
        ease *= inwards if arrow == (RIGHT if hand == RED else LEFT) else 1.0
        for last in range(N_ARROWS):
            eighths = _eighths(arrow, BACK[last])
            same = (arrow in FOREHAND[hand]) == (last in FOREHAND[hand])
            found[last, arrow] = ease * turn[0 if same else eighths] * (again if same else 1.0)
        found[N_ARROWS, arrow] = ease * (1.0 if arrow in FOREHAND[hand] else _BACKHAND_START)
    return np.log(found + 1e-9)


def _eighths(a: int, b: int) -> int:
    apart = abs(_CIRCLE.index(a) - _CIRCLE.index(b))
    return min(apart, 8 - apart)


def _pairs(rich: float, crossing: float) -> Floats:
    """How well two cuts go together: parallel or mirrored, side by side, not crossed."""
    x, y, way = (np.array(part) for part in zip(*map(cell_of, range(N_CUTS)), strict=True))
    other = np.array([mirrored(cut) for cut in range(N_CUTS)])
    parallel = way[:, None] == way[None]
    mirror = way[other][:, None] == way[None]
    symmetric = (x[other][:, None] == x[None]) & (y[:, None] == y[None])
    apart = x[None] - x[:, None]
    found = np.where(parallel | mirror, _mixed(2.5, 0.8, rich), 0.0)
    found += np.where(symmetric & (parallel | mirror), _mixed(1.2, 0.5, rich), 0.0)
    found -= _mixed(0.8, 0.1, rich) * np.abs(y[:, None] - y[None])
    found -= np.where(apart < 0, _mixed(3.5, 1.8 - 2 * crossing, rich), 0.0)
    found -= np.where(apart == 0, 1.0, 0.0)
    # A dot beside an arrow reads badly.
    found -= np.where((way[:, None] == ANY) != (way[None] == ANY), 4.0, 0.0)
    return found


def _travel() -> Floats:
    """Squared cells from where each arrow's swing ends to where each cut starts."""
    steps = np.array(STEPS, dtype=np.float64)
    cells = np.array([(c % N_COLUMNS, c // N_COLUMNS) for c in range(N_CELLS)], dtype=np.float64)
    ends = (cells[:, None] + steps[None]).reshape(-1, 2)
    starts = (cells[:, None] - steps[None]).reshape(-1, 2)
    found: Floats = np.square(ends[:, None] - starts[None]).sum(axis=2)
    return found


TRAVEL = _travel()
"""Shape (N_CUTS, N_CUTS)."""

"""What a level of each mode asks of the music: how many rows, how fine, how thick.

A first guess, which the teacher corrects by the mode's own estimate of what it wrote. This
module knows no music and places nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Mode
from chartstudio.modes import MODES

DENSITY: dict[str, tuple[tuple[float, float, int, int], ...]] = {
    "feet": (
        (1, 0.75, 4, 0),
        (2, 1.5, 4, 0),
        (3, 2.2, 8, 0),
        (4, 3.1, 8, 12),
        (5, 4.0, 8, 12),
        (6, 4.9, 16, 12),
        (7, 5.7, 16, 12),
        (8, 6.6, 16, 24),
        (9, 7.5, 16, 24),
        (10, 8.5, 16, 24),
        (12, 10.7, 32, 24),
        (15, 14.7, 32, 24),
    ),
    "hands": (
        (0.5, 0.5, 4, 0),
        (1.0, 2.2, 8, 0),
        (1.5, 4.1, 8, 12),
        (2.0, 6.1, 16, 12),
        (2.5, 8.0, 16, 24),
        (3.0, 9.9, 16, 24),
        (4.0, 13.5, 32, 24),
        (5.0, 16.8, 32, 24),
        (6.0, 19.5, 32, 48),
        (8.0, 24.0, 32, 48),
    ),
    "drum": (
        (1.0, 1.3, 8, 0),
        (1.5, 2.2, 8, 0),
        (2.0, 3.1, 8, 12),
        (2.5, 3.9, 16, 12),
        (3.0, 4.8, 16, 12),
        (3.5, 5.8, 16, 24),
        (4.0, 6.8, 16, 24),
        (5.0, 8.8, 16, 24),
        (6.0, 11.0, 32, 24),
        (8.0, 15.0, 32, 48),
    ),
    "cursor": (
        (1.0, 0.8, 8, 0),
        (1.5, 1.2, 8, 0),
        (2.0, 1.7, 16, 12),
        (2.5, 2.2, 16, 12),
        (3.0, 2.7, 16, 12),
        (4.0, 3.6, 16, 12),
        (5.0, 4.6, 16, 24),
        (6.0, 5.8, 16, 24),
        (8.0, 8.0, 32, 24),
    ),
    "sabers": (
        (0.5, 1.5, 4, 0),
        (1.5, 2.7, 8, 0),
        (2.5, 3.4, 16, 12),
        (3.5, 4.2, 32, 24),
        (4.5, 6.1, 64, 48),
        (5.0, 7.7, 64, 48),
    ),
}
"""Level, rows per second where the music is busy, finest straight snap, finest triplet snap
(0: none). Feet by dance meter, hands, drum and cursor by stars, sabers by rank. The rates are
the medians that pieces of our own composer needed to reach the level.

Snaps by the games' own ranking rules and habits: taiko has halves of a beat up to Futsuu,
quarters from Muzukashii, sixths at Oni; osu! has halves below two stars, then quarters; Beat
Saber goes from whole beats at Easy to sixteenths of a beat at ExpertPlus."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What the levels of a mode ask for.

    Parameters
    ----------
    table : tuple
        A value of `DENSITY`.
    scale : float
        By how much the mode's levels exceed the table's.
    thicken : float
        How far more accents make up for notes that the music does not have, 0 to 1.
    pile : float
        How far such accents grow beyond two notes at once.
    """

    table: tuple[tuple[float, float, int, int], ...]
    scale: float = 1.0
    thicken: float = 0.0
    pile: float = 0.0

    def step(self, level: float) -> float:
        """The mode's level on the table's scale."""
        return level / self.scale

    def rate_hz(self, level: float) -> float:
        """Rows per second where the music is busy; beyond the table in proportion."""
        step, levels = self.step(level), [r[0] for r in self.table]
        within = min(max(step, levels[0]), levels[-1])
        return float(np.interp(within, levels, [r[1] for r in self.table])) * step / within

    def snaps(self, level: float) -> tuple[int, int]:
        """Finest straight and finest triplet snap; 0 for no triplets."""
        reached = [r for r in self.table if r[0] <= self.step(level)] or [self.table[0]]
        return reached[-1][2:]

    def ease(self, level: float) -> float:
        """0.1 for beginners to 1 for the level at which everything is allowed."""
        span = (self.table[1][0], self.table[-3][0])
        return float(np.interp(self.step(level), span, (0.1, 1.0)))


SABERS = next(mode.id for mode in MODES.values() if mode.level_unit == "rank")
"""The mode that is played with two sabers; the only one whose levels are ranks."""

DEMANDS: dict[str, Demand] = {
    "dance": Demand(DENSITY["feet"], thicken=0.4),
    "pump": Demand(DENSITY["feet"], scale=5 / 3, thicken=0.4),
    "mania": Demand(DENSITY["hands"], thicken=1.0, pile=2.5),
    "taiko": Demand(DENSITY["drum"]),
    "osu": Demand(DENSITY["cursor"]),
    SABERS: Demand(DENSITY["sabers"], thicken=0.4),
}
"""By the game's part of a mode's id."""


def game_of(mode: Mode) -> str:
    """The part of a mode's id that names the game."""
    return mode.id.partition("-")[0]


def demand_of(mode: Mode) -> Demand:
    """What the mode's levels ask for.

    Raises
    ------
    ModeError
        When nobody has said it for this mode.
    """
    demand = DEMANDS.get(game_of(mode))
    if demand is None:
        raise ModeError(f"no teacher for {mode.id!r}")
    return demand

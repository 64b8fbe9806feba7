"""Levels: how near the asked one a draft is, and how near people's own figures an estimate is."""

from __future__ import annotations

from collections.abc import Sequence

from chartstudio.core.mode import Mode
from chartstudio.engine.evaluate.times import rank_correlation

TOLERANCE = {"stars": 0.3, "meter": 1.0}
"""How far from the asked level a draft may be, by unit; ranks go by notes per second."""

NPS_TOLERANCE = 0.1

_STAR_EDGES = ((2.0, "Easy"), (3.0, "Normal"), (4.0, "Hard"), (5.3, "Insane"))
_METER_EDGES = ((4.5, "1-4"), (8.5, "5-8"), (12.5, "9-12"))

_NAMES = (
    ("beginner", "supaeasy", "novice", "cup", "kantan", "basic"),
    ("easy", "light", "salad", "futsuu"),
    ("medium", "normal", "standard", "platter", "muzukashii"),
    ("hard", "heavy", "rain", "oni", "advanced"),
    ("expert", "amazing", "challenge", "insane", "overdose"),
    ("expertplus", "expert+", "edit", "extra", "extreme", "ura", "inner oni"),
)
"""Difficulties by the names that authors give them, easiest first."""


def group_of(mode: Mode, level: float) -> str:
    """The group of levels that a chart is reported in: osu!'s bins of stars, runs of meters."""
    if mode.level_unit == "stars":
        return next((name for edge, name in _STAR_EDGES if level < edge), "Expert")
    if mode.level_unit == "meter":
        return next((name for edge, name in _METER_EDGES if level < edge), "13+")
    return f"{mode.level_unit} {min(max(round(level), mode.level_range[0]), mode.level_range[1]):g}"


def within_tolerance(mode: Mode, asked: float, reached: float, nps_ratio: float) -> bool:
    """Whether a draft is as hard as was asked.

    Parameters
    ----------
    mode : Mode
    asked, reached : float
        In the mode's unit.
    nps_ratio : float
        Notes per second of the draft over those of a chart of the asked level; only modes of
        ranks go by it.
    """
    if mode.level_unit in TOLERANCE:
        return abs(reached - asked) <= TOLERANCE[mode.level_unit]
    return abs(nps_ratio - 1) <= NPS_TOLERANCE


def named_rank(name: str) -> int | None:
    """How hard a difficulty's name says it is, 0 for the easiest; None for other names."""
    plain = name.strip().lower()
    return next((rank for rank, names in enumerate(_NAMES) if plain in names), None)


def order_agreement(estimates: Sequence[float], authors: Sequence[float]) -> float:
    """Rank correlation of estimates with authors' figures; NaN for fewer than three charts."""
    return rank_correlation(estimates, authors) if len(estimates) >= 3 else float("nan")

"""Settings that charts of a level usually have, mode by mode, and what games call levels.

Who writes a new chart of a level, be it a teacher, a draft or the window, sets them so. Knows
no notes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Mode
from chartstudio.core.timing import TimingMap
from chartstudio.modes.beatsaber.ranks import half_jump_beats, name_of, rank_of
from chartstudio.modes.osu.events import SPEEDS

Settings = tuple[tuple[str, Any], ...]
"""For `Chart.settings`: sorted by name."""


def usual_settings(mode_id: str, level: float, timing: TimingMap, tick: int = 0) -> Settings:
    """What a chart of a level usually sets as a whole.

    Parameters
    ----------
    mode_id : str
    level : float
        In the mode's unit.
    timing : TimingMap
    tick : int
        A place whose tempo stands for the song's, such as its middle.

    Returns
    -------
    tuple of (str, value)
        Sorted by name; none for modes that set nothing, or that games set by themselves.
    """
    found = _USUAL.get(mode_id)
    return () if found is None else found(level, timing, tick)


def level_named(mode: Mode, text: str) -> float:
    """A level as a number, or where a game has names for levels, as one of those.

    Parameters
    ----------
    mode : Mode
    text : str
        ``3.5``, or ``Hard`` in a mode whose levels are ranks.

    Raises
    ------
    ModeError
        When it is neither.
    """
    try:
        return float(text)
    except ValueError:
        if mode.level_unit == "rank":
            return rank_of(text)
    raise ModeError(f"{text!r} is no level of {mode.title}; levels are numbers such as 3.5")


def level_name(mode: Mode, level: float) -> str:
    """What charts of a level are called: the number, or the game's name of the nearest rank."""
    return name_of(level) if mode.level_unit == "rank" else f"{level:g}"


# osu! ------------------------------------------------------------------------------------

_STARS = (1.0, 2.0, 2.7, 4.0, 5.3, 6.5, 8.0)
_FIGURES: dict[str, tuple[float, ...]] = {
    "ar": (3.0, 4.6, 6.0, 8.0, 9.1, 9.5, 9.7),
    "cs": (2.5, 3.2, 3.6, 4.0, 4.0, 4.2, 4.5),
    "od": (1.5, 3.0, 5.0, 7.0, 8.5, 9.0, 9.3),
    "hp": (2.0, 3.0, 4.5, 5.5, 6.0, 6.0, 6.0),
}
"""Settings by stars. The osu! wiki (Ranking criteria/osu!, difficulty setting guidelines) has
for Easy AR 5 at most, OD and HP 1 to 3, CS 4 at most; Normal AR 4 to 6, OD and HP 3 to 5; Hard
AR 6 to 8, OD 5 to 7, HP 4 to 6; Insane AR 7 to 9.3, OD 7 to 9, HP 5 to 8; Expert AR and OD 8
and more, HP 5 and more. Bands are osu!'s: below 2, 2.7, 4, 5.3 stars. Within them as in ranked
charts that were looked at."""

_BALL_PX_S = (
    (1.0, 1.5, 2.3, 3.5, 4.9, 5.8, 7.0, 8.0),
    (130.0, 190.0, 280.0, 400.0, 530.0, 600.0, 680.0, 720.0),
)
"""Stars, and the speed of slider balls in osu! pixels a second, as in ranked charts."""

_MULTIPLIER_PX = tuple(speed for speed in SPEEDS if 40 <= speed <= 360)
"""Speeds in pixels a beat that slider multipliers of 0.4 to 3.6 can say."""

_SLOW_BEAT_S, _TWO_TICKS_FROM = 0.6, 2.7


def _osu(level: float, timing: TimingMap, tick: int) -> Settings:
    found = {name: round(float(np.interp(level, _STARS, v)), 1) for name, v in _FIGURES.items()}
    beat_s = 60 / timing.bpm_at(tick)
    px_beat = float(np.interp(level, *_BALL_PX_S)) * beat_s
    usual_px = min(_MULTIPLIER_PX, key=lambda s: abs(np.log(s / px_beat)))
    found["slider_multiplier"] = usual_px / 100
    # "Should be set according to the song" (osu! wiki): slow beats have room for two.
    is_slow = beat_s > _SLOW_BEAT_S and level >= _TWO_TICKS_FROM
    found["slider_tick_rate"] = 2.0 if is_slow else 1.0
    return tuple(sorted(found.items()))


# Taiko -----------------------------------------------------------------------------------

_TAIKO_STARS = (1.5, 2.5, 3.5, 4.5, 6.0)
_TAIKO_HP = (8.0, 7.0, 6.0, 5.5, 5.0)
_TAIKO_OD = (3.0, 4.0, 5.0, 5.5, 6.0)
"""Drain and strictness as mapsets have them, from Kantan to Inner Oni."""


def _taiko(level: float, timing: TimingMap, tick: int) -> Settings:
    hp, od = (
        round(float(np.interp(level, _TAIKO_STARS, values)), 1) for values in (_TAIKO_HP, _TAIKO_OD)
    )
    return (("hp", hp), ("od", od), ("slider_multiplier", 1.4), ("slider_tick_rate", 1.0))


# Beat Saber ------------------------------------------------------------------------------

_RANKS = (1, 2, 3, 4, 5)
_NJS = (10.0, 10.0, 12.0, 16.0, 18.0)
_REACTION_S = (1.15, 1.0, 0.8, 0.66, 0.57)
"""Note jump speed in metres per second, and how long before it is cut a note appears, by
rank."""

_OFFSET_STEP, _SHORTEST_JUMP = 0.25, 0.25
_JUMP_M = (16.5, 37.5)
"""How far notes may fly in all, so that they can be read."""


def _beat_saber(level: float, timing: TimingMap, tick: int) -> Settings:
    njs = round(2 * float(np.interp(level, _RANKS, _NJS))) / 2
    reaction_s = float(np.interp(level, _RANKS, _REACTION_S))
    # The game has one tempo for this, the one that a song starts with.
    bpm = timing.anchors[0].bpm
    return (
        ("characteristic", "Standard"),
        ("jump_offset", jump_offset(bpm, njs, reaction_s)),
        ("njs", njs),
    )


def jump_offset(bpm: float, njs: float, reaction_s: float) -> float:
    """Beats to add to the game's own, so that notes appear about so long ahead.

    Parameters
    ----------
    bpm : float
    njs : float
        Metres per second.
    reaction_s : float

    Returns
    -------
    float
        In quarters; the distance that notes fly stays within what can be read.
    """
    beat_s = 60 / bpm
    nearest, farthest = (half / (2 * njs * beat_s) for half in _JUMP_M)
    wanted = round(reaction_s / beat_s / _OFFSET_STEP) * _OFFSET_STEP
    low = np.ceil(max(nearest, _SHORTEST_JUMP) / _OFFSET_STEP) * _OFFSET_STEP
    high = max(np.floor(farthest / _OFFSET_STEP) * _OFFSET_STEP, low)
    return float(np.clip(wanted, low, high) - half_jump_beats(bpm, njs))


_USUAL: dict[str, Callable[[float, TimingMap, int], Settings]] = {
    "taiko": _taiko,
    "osu": _osu,
    "beatsaber": _beat_saber,
}

"""The five difficulties, and how far ahead of the player objects appear.

Levels of this mode are ranks with decimals: 1 is Easy, 5 ExpertPlus.
"""

from __future__ import annotations

from chartstudio.core.errors import ModeError

NAMES = ("Easy", "Normal", "Hard", "Expert", "ExpertPlus")

FALLBACK_NJS = (10.0, 10.0, 10.0, 12.0, 16.0)
"""Note jump speed that the game takes, by difficulty, where a map says 0."""

_START_BEATS = 4.0
_FARTHEST_M = 18.0 - 0.001
_SHORTEST_BEATS = 0.25


def rank_of(name: str) -> float:
    """Level of a difficulty's name; ``Expert+`` and other spellings are understood.

    Raises
    ------
    ModeError
        When the game has no such difficulty.
    """
    plain = name.strip().lower().replace("+", "plus").replace(" ", "").replace("_", "")
    for rank, known in enumerate(NAMES, start=1):
        if known.lower() == plain:
            return float(rank)
    raise ModeError(f"Beat Saber has no difficulty {name}; it has {', '.join(NAMES)}")


def name_of(level: float) -> str:
    """Name of the difficulty nearest to a level."""
    return NAMES[min(max(round(level), 1), len(NAMES)) - 1]


def game_rank(level: float) -> int:
    """The game's own number of the difficulty nearest to a level: 1, 3, 5, 7 or 9."""
    return 2 * rank_index(level) + 1


def rank_index(level: float) -> int:
    """Index in `NAMES` of the difficulty nearest to a level."""
    return NAMES.index(name_of(level))


def half_jump_beats(bpm: float, njs: float, offset: float = 0.0) -> float:
    """Beats between an object's appearing and its reaching the player.

    Four beats, halved until an object comes from within 18 m, then the map's offset; never
    less than a quarter (the game's ``CalculateHalfJumpDurationInBeats``).

    Parameters
    ----------
    bpm : float
    njs : float
        Note jump speed in metres per second.
    offset : float
        Beats.
    """
    per_beat_m = njs * 60 / bpm
    beats = _START_BEATS
    while per_beat_m * beats > _FARTHEST_M:
        beats /= 2
    return max(beats + offset, _SHORTEST_BEATS)


def jump_distance_m(bpm: float, njs: float, offset: float = 0.0) -> float:
    """Metres that an object flies in all, half of them before the player."""
    return 2 * njs * reaction_s(bpm, njs, offset)


def reaction_s(bpm: float, njs: float, offset: float = 0.0) -> float:
    """Seconds between an object's appearing and its reaching the player."""
    return half_jump_beats(bpm, njs, offset) * 60 / bpm

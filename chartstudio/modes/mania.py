"""osu!mania: 1 to 9 keys on one stage, 10 to 18 on two."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from chartstudio.core.mode import Lane, Layout, Mode
from chartstudio.core.note import ends_of, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.lanes import LONG, LaneRules, LaneSpec, lane_mode, lane_notes
from chartstudio.modes.osu_family import CALCULATOR as CALCULATOR
from chartstudio.modes.osu_family import HP, OD, stars_of

KEYS = (*range(1, 11), 12, 14, 16, 18)
"""How many keys a chart may have."""

_TWO_STAGES_FROM = 11
_STAGE_GAP = 0.5

_FINGERS = 10
"""That one player has; beyond so many keys osu!mania is for two players."""

_HIGHEST = {1: 4.0, 2: 5.5, 3: 6.5}
"""Stars of even streams in which each key is hit 10 to 12 times a second, by rosu-pp: with so
few keys there is nothing harder that hands can play."""

_LEAST_STARS = 0.31
_STARS_PER_NOTE_A_SECOND = {1: 0.32, 2: 0.234, 3: 0.204}
"""Stars of an even stream, by rosu-pp: these times its notes per second, and the first."""

SETTINGS = (HP, OD)
"""What a mania chart sets as a whole; its keys are its mode."""

_HEADER = """osu file format v14

[General]
Mode: 3

[Difficulty]
HPDrainRate:8
CircleSize:{keys}
OverallDifficulty:8
ApproachRate:5
SliderMultiplier:1.4
SliderTickRate:1

[TimingPoints]
0,500,4,2,0,50,1,0

[HitObjects]
"""


def _estimator(keys: int) -> Callable[[Chart, TimingMap], float]:
    def stars(chart: Chart, timing: TimingMap) -> float:
        """Star rating by rosu-pp, which equals the game's for mania."""
        notes = lane_notes(chart.notes)
        if not notes:
            return 0.0
        starts_ms = np.rint(timing.seconds_at(ticks_of(notes)) * 1000).astype(int)
        ends_ms = np.rint(timing.seconds_at(ends_of(notes)) * 1000).astype(int)
        lines = []
        for note, start_ms, end_ms in zip(notes, starts_ms.tolist(), ends_ms.tolist(), strict=True):
            x = math.floor((note.lane + 0.5) * 512 / keys)
            if note.kind in LONG:
                lines.append(f"{x},192,{start_ms},128,0,{end_ms}:0:0:0:0:")
            else:
                lines.append(f"{x},192,{start_ms},1,0,0:0:0:0:")
        text = _HEADER.format(keys=keys) + "\n".join(lines) + "\n"
        return stars_of(text)

    return stars


def _layout(keys: int) -> Layout:
    """Keys in a row; two stages lie a little apart."""
    right_from = keys // 2 if keys >= _TWO_STAGES_FROM else keys
    return Layout(
        "lanes",
        tuple(
            Lane(f"key {i + 1}", "key", i + (_STAGE_GAP if i >= right_from else 0))
            for i in range(keys)
        ),
    )


def _easy_jack_s(keys: int) -> Callable[[float], float]:
    """How soon a key may come again at a level.

    With one to three keys, a stream of even notes that has the level must be playable, with
    some room: there the same key comes soon whatever is written.
    """

    def usual(stars: float) -> float:
        return max(0.08, 0.45 / (1 + 0.6 * stars))

    if keys not in _STARS_PER_NOTE_A_SECOND:
        return usual
    of_stream = keys * _STARS_PER_NOTE_A_SECOND[keys]

    def easy(stars: float) -> float:
        return min(usual(stars), 0.8 * of_stream / max(stars - _LEAST_STARS, 0.1))

    return easy


def _mode(keys: int) -> Mode:
    spec = LaneSpec(
        id=f"mania-{keys}k",
        title=f"Mania {keys}K",
        kinds=("tap", "hold"),
        layout=_layout(keys),
        rules=LaneRules(
            n_lanes=keys,
            too_fast_jack_s=0.035,
            easy_jack_s=_easy_jack_s(keys),
            max_pressed=_FINGERS if keys <= _FINGERS else 2 * _FINGERS,
            easy_pressed=lambda stars: min(keys, _FINGERS, 1 + math.ceil(stars * keys / 8)),
        ),
        level_unit="stars",
        level_range=(0.5, _HIGHEST.get(keys, 8.0)),
        difficulty=_estimator(keys),
    )
    return replace(lane_mode(spec), settings=SETTINGS, estimator=CALCULATOR)


MODES = tuple(_mode(keys) for keys in KEYS)

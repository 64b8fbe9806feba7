"""osu!mania: 4 to 10 keys under the fingers of two hands."""

import math
from collections.abc import Callable

import numpy as np
import rosu_pp_py

from chartstudio.core.mode import Lane, Layout, Mode
from chartstudio.core.note import ends_of, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.lanes import LONG, LaneRules, LaneSpec, lane_mode, lane_notes

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
        beatmap = rosu_pp_py.Beatmap(content=text)
        return round(float(rosu_pp_py.Difficulty().calculate(beatmap).stars), 3)

    return stars


def _mode(keys: int) -> Mode:
    return lane_mode(
        LaneSpec(
            id=f"mania-{keys}k",
            title=f"Mania {keys}K",
            kinds=("tap", "hold"),
            layout=Layout("lanes", tuple(Lane(f"key {i + 1}", "key", i) for i in range(keys))),
            rules=LaneRules(
                n_lanes=keys,
                too_fast_jack_s=0.035,
                easy_jack_s=lambda stars: max(0.08, 0.45 / (1 + 0.6 * stars)),
                max_pressed=10,
                easy_pressed=lambda stars: min(keys, 1 + math.ceil(stars * keys / 8)),
            ),
            level_unit="stars",
            level_range=(0.5, 8.0),
            difficulty=_estimator(keys),
        )
    )


MODES = tuple(_mode(keys) for keys in range(4, 11))

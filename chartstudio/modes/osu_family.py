"""What osu!'s modes share: settings of a chart, and the calculator of its star rating.

The calculator takes the text of a .osu file; each mode writes that text itself, with no more
in it than the rating depends on. What a file is written as for players is the business of
the formats.
"""

from importlib.metadata import version

import rosu_pp_py

from chartstudio.core.mode import Setting

HP = Setting("hp", "HP drain", 5.0, 0.0, 10.0)
OD = Setting("od", "Overall difficulty", 5.0, 0.0, 10.0)
SLIDER_MULTIPLIER = Setting("slider_multiplier", "Slider multiplier", 1.4, 0.4, 3.6)
SLIDER_TICK_RATE = Setting("slider_tick_rate", "Slider tick rate", 1.0, 0.5, 8.0)
# Defaults and ranges are those of osu!'s LegacyBeatmapDecoder.

CALCULATOR = f"rosu-pp-py {version('rosu-pp-py')}"
"""Name and version of the calculator, to be kept beside a rating: ratings change with it."""


def stars_of(text: str) -> float:
    """Star rating of a chart of any of osu!'s modes, to three decimals.

    Charts made to keep a calculator busy, as rosu-pp knows them, have none: 0.

    Parameters
    ----------
    text : str
        A .osu file.
    """
    beatmap = rosu_pp_py.Beatmap(content=text)
    if beatmap.is_suspicious():
        return 0.0
    return round(float(rosu_pp_py.Difficulty().calculate(beatmap).stars), 3)

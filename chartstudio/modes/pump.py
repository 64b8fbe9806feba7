"""Pump It Up: one pad of five panels."""

from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.dance import PAD_KINDS, pad_lanes, pad_rules
from chartstudio.modes.lanes import LaneSpec, lane_mode, strain_nps

_PAD = (
    ("down-left", 0, 2),
    ("up-left", 0, 0),
    ("centre", 1, 1),
    ("up-right", 2, 0),
    ("down-right", 2, 2),
)


def estimate_meter(chart: Chart, timing: TimingMap) -> float:
    """Meter on Pump's longer scale, from the density of the hard parts.

    Fitted by eye to the four human charts of one song (7, 10, 16 and 21).
    """
    rows_per_s, chord_share = strain_nps(chart, timing)
    return float(round(1.6 * rows_per_s * (1 + 1.5 * chord_share), 2))


SINGLE = lane_mode(
    LaneSpec(
        id="pump-single",
        title="Pump single",
        kinds=PAD_KINDS,
        layout=pad_lanes(_PAD, 1),
        rules=pad_rules(5, 0.5),
        level_unit="meter",
        level_range=(1, 25),
        difficulty=estimate_meter,
    )
)

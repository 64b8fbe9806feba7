"""Pump It Up: one pad of five panels, or two side by side."""

from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.dance import PAD_KINDS, pad_lanes, pad_rules
from chartstudio.modes.feet_checks import FootRules, foot_checks
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
    return float(round(1.63 * rows_per_s * (1 + 1.5 * chord_share), 2))


def _mode(mode_id: str, title: str, n_pads: int) -> LaneSpec:
    layout = pad_lanes(_PAD, n_pads)
    return LaneSpec(
        id=mode_id,
        title=title,
        kinds=PAD_KINDS,
        layout=layout,
        rules=pad_rules(5 * n_pads, 0.5),
        level_unit="meter",
        level_range=(1, 25),
        difficulty=estimate_meter,
        checks=foot_checks(layout, FootRules(bracket_level=10, crossover_level=13)),
    )


SINGLE = lane_mode(_mode("pump-single", "Pump single", 1))
DOUBLE = lane_mode(_mode("pump-double", "Pump double", 2))

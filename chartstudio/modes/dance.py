"""Dance (StepMania, ITG): one pad of four panels, or two side by side."""

from chartstudio.core.mode import Lane, Layout
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.feet_checks import FootRules, foot_checks
from chartstudio.modes.lanes import LaneRules, LaneSpec, lane_mode, strain_nps

PAD_KINDS = ("tap", "hold", "roll", "mine", "lift", "fake")

_PAD = (("left", 0, 1), ("down", 1, 2), ("up", 1, 0), ("right", 2, 1))


def pad_lanes(panels: tuple[tuple[str, int, int], ...], n_pads: int) -> Layout:
    """Panels ``(symbol, x, y)`` of one pad, repeated to the right."""
    prefix = ("",) if n_pads == 1 else ("P1 ", "P2 ")
    return Layout(
        "lanes",
        tuple(
            Lane(prefix[pad] + symbol, symbol, x + 3 * pad, y)
            for pad in range(n_pads)
            for symbol, x, y in panels
        ),
    )


def pad_rules(n_lanes: int, easy_jack_s_at_1: float) -> LaneRules:
    """Rules of a game for two feet.

    Charts in play repeat a panel after 41 ms (32nds at 182 BPM); within 35 ms nobody does.
    Two feet and two hands press four panels at most.
    """
    return LaneRules(
        n_lanes=n_lanes,
        too_fast_jack_s=0.035,
        easy_jack_s=lambda level: max(0.11, easy_jack_s_at_1 / (1 + 0.3 * (level - 1))),
        max_pressed=4,
        easy_pressed=lambda level: 1 if level < 3 else 2,
        hands_from=3,
    )


def estimate_meter(chart: Chart, timing: TimingMap) -> float:
    """Meter from the density of the hard parts, jumps counting half as much again.

    The 13 human charts of three songs at hand are of two generations whose scales differ;
    the mean absolute error is 1.1 over them. Jacks, crossovers and double steps brought songs
    that were left out of a fit no nearer, so they are left to the checks.
    """
    rows_per_s, chord_share = strain_nps(chart, timing)
    return float(round(1.17 * (rows_per_s * (1 + 1.5 * chord_share)) ** 0.95, 2))


def _mode(mode_id: str, title: str, n_pads: int) -> LaneSpec:
    layout = pad_lanes(_PAD, n_pads)
    return LaneSpec(
        id=mode_id,
        title=title,
        kinds=PAD_KINDS,
        layout=layout,
        rules=pad_rules(4 * n_pads, 0.45),
        level_unit="meter",
        level_range=(1, 15),
        difficulty=estimate_meter,
        checks=foot_checks(layout, FootRules(bracket_level=9, crossover_level=10)),
    )


SINGLE = lane_mode(_mode("dance-single", "Dance single", 1))
DOUBLE = lane_mode(_mode("dance-double", "Dance double", 2))

"""Beat Saber: notes and swings per second, and the rank they suggest."""

import math
from pathlib import Path

import numpy as np
import pytest
from saber_maps import SONGS, blue, bomb, chart_of, human_charts, red

from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.beatsaber.difficulty import (
    Rate,
    estimate_rank,
    nps,
    pace,
    rate_of,
    swings_per_s,
)
from chartstudio.modes.beatsaber.ranks import rank_of

TIMING = TimingMap.constant(120)


def stream(per_beat: int, beats: int = 40) -> Chart:
    return chart_of(
        *(
            (red, blue)[i % 2](8 + i / per_beat, 1 + i % 2, 0, "du"[i // 2 % 2])
            for i in range(beats * per_beat)
        )
    )


def test_rates() -> None:
    assert rate_of(np.array([])) == Rate(0, 0, 0)
    steady = rate_of(np.arange(0, 20, 0.5))
    assert steady.mean == pytest.approx(40 / 19.5)
    assert (steady.dense, steady.peak) == (2, 2)
    burst = rate_of(np.concatenate((np.arange(0, 20, 0.5), np.arange(20, 22, 0.1))))
    assert burst.peak == 6
    assert burst.dense == pytest.approx(4, abs=1.2)


def test_a_stack_is_one_swing_and_bombs_are_no_notes() -> None:
    chart = chart_of(
        *(blue(8 + i, 2, y, "du"[i % 2]) for i in range(20) for y in (0, 1, 2)), bomb(9, 0, 0)
    )
    assert nps(chart, TIMING).dense == 6
    assert swings_per_s(chart, TIMING).dense == 2


def test_ranks_of_streams() -> None:
    ranks = [estimate_rank(stream(n), TIMING) for n in (1, 2, 3, 4, 6)]
    assert ranks == sorted(ranks)
    assert 0 < ranks[0] < 1
    assert ranks[-1] > 5
    assert estimate_rank(Chart("beatsaber"), TIMING) == 0


def test_one_hand_counts_for_two() -> None:
    both, one = stream(2), chart_of(*(blue(8 + i / 2, 2, 0, "du"[i % 2]) for i in range(80)))
    assert pace(one, TIMING) == pytest.approx(2 * pace(both, TIMING))


def spearman(a: list[float], b: list[float]) -> float:
    ranks = [np.array([np.mean([np.sum(np.array(v) < x), np.sum(np.array(v) <= x) - 1]) for x in v])
             for v in (a, b)]  # fmt: skip
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def test_ranks_of_human_maps(shared: Path) -> None:
    charts = human_charts(shared / "fixtures/beatsaber")
    print("\nsong           characteristic   rank  estimate   NPS  dense  swings/s  dense")
    for song, chart, timing in charts:
        notes, swings = nps(chart, timing), swings_per_s(chart, timing)
        kind = str(chart.setting("characteristic"))
        print(
            f"{song:14} {kind:9} {chart.name:10} {rank_of(chart.name):g} "
            f"{estimate_rank(chart, timing):8.2f} {notes.mean:8.2f} {notes.dense:5.2f} "
            f"{swings.mean:8.2f} {swings.dense:7.2f}"
        )
    ranks = [rank_of(chart.name) for _, chart, _ in charts]
    fitted = [estimate_rank(chart, timing) for _, chart, timing in charts]
    error = float(np.mean(np.abs(np.subtract(fitted, ranks))))
    held_out = []
    for left_out in SONGS:
        known = [i for i, (song, _, _) in enumerate(charts) if song != left_out]
        logs = [math.log(pace(chart, timing)) for _, chart, timing in charts]
        slope, start = np.polyfit([logs[i] for i in known], [ranks[i] for i in known], 1)
        held_out += [
            abs(start + slope * logs[i] - ranks[i]) for i in range(len(charts)) if i not in known
        ]
    print(f"mean error {error:.2f}, rank correlation {spearman(fitted, ranks):.3f}")
    print(f"mean error with each song left out {np.mean(held_out):.2f}")
    assert error < 0.4
    assert np.mean(held_out) < 0.5
    assert spearman(fitted, ranks) > 0.95

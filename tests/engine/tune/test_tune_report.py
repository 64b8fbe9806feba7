"""The verdict and its words, on scores that are made up."""

import pytest

from chartstudio.engine.evaluate.report import Score
from chartstudio.engine.tune.report import beside, compared, told

FIGURES = {
    "f1_20ms": 0.7,
    "density_correlation": 0.4,
    "row_agreement": 0.3,
    "transition_distance": 0.5,
    "level_abs_miss": 0.1,
    "chord_share": 0.2,
}


def scores(n_songs=4, **changes):
    measures = {name: value + changes.get(name, 0.0) for name, value in FIGURES.items()}
    nulls = {"f1_20ms.metro_fill": 0.65, "chord_share.human": 0.3}
    return [
        Score(f"song {i}", name, "mania-5k", level, "Hard", None, dict(measures), dict(nulls))
        for i in range(n_songs)
        for name, level in (("hard", 3.0), ("easy", 2.0))
    ]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"f1_20ms": 0.02}, "better"),
        ({"f1_20ms": -0.02}, "worse"),
        ({"f1_20ms": 0.002}, "even"),
        ({"transition_distance": -0.1}, "better"),
        ({"transition_distance": 0.1}, "worse"),
        ({"f1_20ms": 0.02, "transition_distance": 0.1}, "worse"),
        ({"row_agreement": 0.05, "density_correlation": -0.02}, "better"),
        ({"level_abs_miss": 0.5}, "worse"),
        # The author has 0.3: nearer is better, beyond is not.
        ({"chord_share": 0.1}, "better"),
        ({"chord_share": 0.2}, "even"),
        ({"chord_share": 0.5}, "worse"),
        ({"f1_20ms": 0.02, "chord_share": 0.5}, "worse"),
    ],
)
def test_the_verdict_weighs_all_changes(changes, verdict):
    assert compared(scores(), scores(**changes))["verdict"] == verdict


def test_changes_stand_beside_base_and_nulls():
    found = compared(scores(), scores(f1_20ms=0.05))
    f1 = found["changes"]["f1_20ms"]
    assert f1["base"] == pytest.approx(0.7)
    assert f1["tuned"] == pytest.approx(0.75)
    assert f1["change"] == pytest.approx(0.05)
    assert f1["interval"] == pytest.approx([0.05, 0.05])
    assert f1["nulls"] == {"metro_fill": 0.65}
    assert found["changes"]["chord_share"]["nulls"] == {"human": 0.3}
    assert found["groups"]["mania-5k"]["Hard"]["means"]["f1_20ms.base"] == pytest.approx(0.7)


def test_only_charts_that_both_drafted_are_compared():
    base, tuned = scores(2), scores(3)
    assert len(beside(base, tuned)) == 4
    assert compared(base, tuned)["charts"][0]["nulls"]["f1_20ms.base"] == 0.7


def test_a_report_is_told_in_plain_words():
    lines = told(compared(scores(), scores(f1_20ms=0.05)))
    assert lines[0].startswith("Better:")
    assert "8 charts of 4 songs" in lines[1]
    assert any("note times" in line and "+0.050" in line for line in lines)
    assert any("metro_fill 0.650" in line for line in lines)
    assert lines[-1].startswith("mania-5k Hard (8 charts): f1_20ms 0.700 > 0.750")
    assert told(compared(scores(), scores(f1_20ms=-0.05)))[0].startswith("Worse:")
    assert "hint" in "".join(told(compared(scores(1), scores(1))))


def test_without_charts_nothing_is_claimed():
    found = compared([], [])
    assert found["verdict"] == "unknown"
    assert told(found) == ("Unknown: no held-out chart could be judged; set songs aside to find "
                           "out.",)  # fmt: skip

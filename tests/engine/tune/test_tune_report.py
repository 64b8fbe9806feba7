"""The verdict and its words, on scores that are made up."""

from dataclasses import replace

import pytest

from chartstudio.engine.evaluate.report import Score
from chartstudio.engine.tune.report import beside, best, compared, preferred, told

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


# Which is used ------------------------------------------------------------------------------


def by_song(gains):
    """Charts of one song for each gain."""
    return [
        replace(s, measures={**s.measures, "f1_20ms": FIGURES["f1_20ms"] + gain})
        for n, gain in enumerate(gains)
        for s in scores(n + 1)[2 * n :]
    ]


def test_the_base_is_used_where_nothing_is_clearly_better():
    assert preferred({"base": scores(), "tuned": scores(f1_20ms=0.004)}) == "base"
    assert preferred({"base": scores(), "tuned": scores(f1_20ms=0.006)}) == "tuned"
    found = best({"base": scores(), "tuned": scores(f1_20ms=-0.1), "both": scores(f1_20ms=-0.02)})
    assert (found["arm"], found["shown"], found["verdict"]) == ("base", "both", "worse")
    assert any("The base stays in use" in line for line in told({**found, "n_folds": 4}))


def test_what_a_song_is_told_by_was_chosen_by_the_others():
    # On its own song each shines; on the others it does harm.
    lucky = {"base": scores(3), "tuned": by_song([0.3, 0, 0]), "both": by_song([0, 0.3, 0.1])}
    found = best(lucky)
    assert found["arm"] == "both"
    assert found["choice"] == {"by": "nested", "picks": {"both": 1, "tuned": 2}}
    # Song 1 by "both", which the others chose; songs 2 and 3 by "tuned".
    assert found["changes"]["f1_20ms"]["change"] == pytest.approx(0.0)
    assert found["arms"]["both"]["changes"]["f1_20ms"]["change"] == pytest.approx(0.4 / 3, abs=1e-4)
    assert found["verdict"] == "even"
    assert "tuned for 2" in "\n".join(told({**found, "n_folds": 3}))


def test_other_songs_choose_where_there_are_some():
    report = {"base": scores(), "tuned": scores(f1_20ms=0.1), "habits": scores(f1_20ms=0.02)}
    deciding = {"base": scores(2), "tuned": scores(2), "habits": scores(2, f1_20ms=0.1)}
    found = best(report, deciding)
    assert (found["arm"], found["verdict"]) == ("habits", "better")
    assert found["changes"]["f1_20ms"]["change"] == pytest.approx(0.02)
    # Songs that decide for the base keep it in use, whatever the report's own say.
    assert best(report, {arm: scores(2) for arm in report})["arm"] == "base"
    assert best(report, {arm: scores(2) for arm in report})["verdict"] != "better"
    assert best(report, {arm: [] for arm in report})["arm"] == "tuned"


def test_one_song_that_chooses_and_tells_is_said_to():
    found = best({"base": scores(1), "tuned": scores(1, f1_20ms=0.1)})
    assert found["choice"]["by"] == "same"
    assert "too good" in "\n".join(told({**found, "n_folds": 1}))


def test_nothing_judged_is_unknown():
    found = best({"base": [], "tuned": []}, {"base": scores(), "tuned": scores(f1_20ms=0.1)})
    assert (found["arm"], found["verdict"]) == ("tuned", "unknown")

"""Measured habits: rates, chords and weights of a plan, and what they are worth in the end."""

from dataclasses import replace

import numpy as np
import pytest
from made_tuning import author, request_of, steps_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.job import run
from chartstudio.engine import checkpoint
from chartstudio.engine.plan import PlanSpec
from chartstudio.engine.tune import habits, job
from chartstudio.engine.tune import report as report_
from chartstudio.engine.tune.charts import Reading, read_charts
from chartstudio.engine.tune.habits import logistic, with_rates, with_weights
from chartstudio.engine.tune.judging import songs_of
from chartstudio.engine.tune.pieces import open_store

PLAN = PlanSpec(
    density=(("mania-4k", ((1.0, 1.0), (5.0, 9.0))), ("taiko", ((1.0, 2.0),))),
    chords=(("mania-4k", ((1.0, 0.0), (5.0, 0.4))),),
    holds=0.3,
)


@pytest.fixture
def spelled(tmp_path):
    base = tiny_base()
    store = open_store(paths.cache() / "features", base.spec.features)
    charts = author(tmp_path, ("train", "train"))
    return run(read_charts(charts, store, base.spec.vocabulary, Reading(1.0, 1))).spelled


def test_a_plan_takes_the_author_s_rates_and_shares(spelled):
    plan = with_rates(PLAN, spelled)
    factors, chords = [], []
    for s in spelled:
        rate = len(s.rows) / (s.rows.seconds[-1] - s.rows.seconds[0])
        factors.append(rate / PLAN.times_per_s("mania-4k", s.level))
        chords.append(np.mean(s.sizes > 1) - PLAN.chord_share("mania-4k", s.level))
    for s in spelled[:1]:
        expected = PLAN.times_per_s("mania-4k", s.level) * np.median(factors)
        assert plan.times_per_s("mania-4k", s.level) == pytest.approx(expected, rel=1e-3)
    assert plan.chord_share("mania-4k", 1.0) == pytest.approx(max(np.median(chords), 0), abs=1e-3)
    assert plan.hold_share("mania-4k", 2.0) == 0
    assert plan.keeps_holds("mania-4k")
    assert dict(plan.density)["taiko"] == dict(PLAN.density)["taiko"]
    assert with_rates(PLAN, []) == PLAN


def test_weights_are_found_by_what_tells_hits():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(4000, 3))
    chance = 1 / (1 + np.exp(-(1.0 * inputs[:, 0] + 2.0 * inputs[:, 1] - 1.0)))
    net, metre, flux = logistic(inputs, rng.random(4000) < chance)
    assert net == pytest.approx(1.0, abs=0.15)
    assert metre / net == pytest.approx(2.0, abs=0.3)
    assert flux == pytest.approx(0.0, abs=0.15)


def test_a_model_s_plan_is_weighed_on_the_author_s_songs(tmp_path, monkeypatch):
    base = tiny_base()
    charts = author(tmp_path, ("train", "train"))
    left_out = []
    songs = songs_of(charts, base.spec.vocabulary.mode_ids, left_out)
    assert left_out == []
    monkeypatch.setattr(habits, "logistic", lambda inputs, hits: [0.5, 0.6, 9.0])
    plan = run(with_weights(base, songs))
    # Two songs against the firmness of twelve: a seventh of the way from 1 to 1.2, and to 4.
    assert plan == replace(base.spec.plan, metre=1.0286, flux=1.4286)
    # Where the network hears nothing in these charts, the plan stays.
    monkeypatch.setattr(habits, "logistic", lambda inputs, hits: [-0.1, 0.6, 9.0])
    assert run(with_weights(base, songs)) == base.spec.plan
    assert run(with_weights(base, [])) == base.spec.plan


def test_the_best_of_what_was_tried_is_the_model(tmp_path, monkeypatch):
    base = tiny_base()
    wanted = ["both", "habits", "tuned"]

    def preferred(scores):
        assert list(scores) == ["base", "tuned", "habits", "both"]
        return wanted[0]

    monkeypatch.setattr(report_, "preferred", preferred)
    request = request_of(author(tmp_path), habits=True, n_steps=4)
    while wanted:
        _, report = steps_of(job.tune(request))
        arm = wanted.pop(0)
        assert report.figures["arm"] == arm
        assert f"so it is {arm}" in "\n".join(report.text)
        model = checkpoint.load(paths.user_models() / "mine")
        assert (model.spec.plan == base.spec.plan) == (arm == "tuned")
        is_base = checkpoint.digest(model.net) == checkpoint.digest(base.net)
        assert is_base == (arm == "habits")
        request = replace(request, resume=True)

"""Drafts that keep to an author's share of held notes, whatever the network prefers."""

from dataclasses import replace

import numpy as np
import pytest
from made_engine import song_of, tiny_model

from chartstudio.core.job import run
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.generate import generate
from chartstudio.engine.held import HeldShare, begins_held
from chartstudio.engine.plan import PlanSpec
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.task import Wish, _wish, prepare
from chartstudio.engine.tune.habits import held_curve
from chartstudio.engine.vocab import END
from chartstudio.modes import MODES

MODE = MODES["mania-4k"]
STUBBORN = (-1.0, 3.0)
"""Log-odds by which the network would rather not hold, or hold, every row."""


def stubborn(towards, **plan):
    model = tiny_model(seed=1)
    bias = model.net.placer.out.bias
    shared = model.spec.vocabulary.shared(MODE)
    bias[shared[np.flatnonzero(begins_held(MODE))]] += towards
    return Model(replace(model.spec, plan=replace(model.spec.plan, **plan)), model.net)


def task_of(audio, timing, model):
    request = GenerateRequest(
        audio=audio, timing=timing, chart=Chart("mania-4k"), start=0, end=56 * BEAT, level=4.0,
        grid=16, n_times=160,
    )  # fmt: skip
    return prepare(request, MODE, model, song_of(audio, timing, model.spec.features))


def share_held(task):
    notes = run(generate(task)).candidates[0].notes
    rows = {n.tick: False for n in notes}
    for n in notes:
        rows[n.tick] |= n.end > n.tick
    return float(np.mean(list(rows.values())))


@pytest.mark.parametrize("towards", STUBBORN)
def test_a_draft_keeps_to_the_share(audio, timing, towards):
    held = (("mania-4k", ((1.0, 0.3),)),)
    free, kept = (share_held(task_of(audio, timing, stubborn(towards, held=h))) for h in ((), held))
    # It begins as the network would have it, and gets there on the way.
    assert abs(kept - 0.3) < abs(free - 0.3) - 0.05
    assert kept == pytest.approx(0.3, abs=0.12)


def test_another_mode_s_share_changes_nothing(audio, timing):
    one, other = (stubborn(0.5, held=held) for held in ((), (("taiko", ((1.0, 0.9),)),)))
    assert share_held(task_of(audio, timing, one)) == share_held(task_of(audio, timing, other))


def test_the_network_is_asked_for_the_same_share(audio, timing):
    held = (("mania-4k", ((2.0, 0.8), (6.0, 0.2))),)
    wish = _wish(task_of(audio, timing, stubborn(0.0, holds=0.1, held=held)))
    assert isinstance(wish, Wish)
    assert wish.holds == pytest.approx(0.5)
    assert _wish(task_of(audio, timing, stubborn(0.0, holds=0.1))).holds == 0.1


def test_the_lean_has_an_end():
    held = HeldShare(0.5)
    for _ in range(1000):
        held.see(True)
    low = held.lean
    held.see(True)
    assert held.lean == low < 0
    held.see(False)
    assert held.lean > low


def test_bare_notes_never_lean():
    assert begins_held(MODE).sum() == 4
    assert not begins_held(MODE)[END]
    assert not begins_held(MODES["taiko"]).any()


def test_a_plan_without_shares_is_read_as_before():
    plan = PlanSpec(held=(("mania-4k", ((1.0, 0.6), (3.0, 0.2))),))
    assert plan.hold_share("mania-4k", 2.0) == pytest.approx(0.4)
    assert plan.hold_share("taiko", 2.0) == plan.holds
    assert PlanSpec.from_json({"density": [], "chords": []}).held == ()


def test_easy_charts_hold_more_than_hard_ones():
    (low, most), (high, least) = held_curve([1.0, 2.0, 3.0, 4.0], [0.8, 0.6, 0.4, 0.2])
    assert (low, high) == (1.0, 4.0)
    assert 0.7 < most < 0.8
    assert 0.2 < least < 0.3
    assert held_curve([2.0], [0.4]) == ((2.0, 0.4),)
    # Levels that lie close together say little of a slope.
    (_, a), (_, b) = held_curve([2.0, 2.1], [0.1, 0.5])
    assert abs(a - b) < 0.05
    assert all(0 <= v <= 1 for _, v in held_curve([1, 1.2, 5, 5.2], [1.0, 1.0, 0.0, 0.0]))

"""A whole tuning on a few seconds of clicks: stopping, going on, what is left, what is said."""

import json
from dataclasses import replace

import pytest
import torch
from made_tuning import RECIPE, author, request_of, steps_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.engine import checkpoint
from chartstudio.engine.service import Engine
from chartstudio.engine.train.losses import LOSSES
from chartstudio.engine.tune import job, learning, steps
from chartstudio.engine.tune.folder import N_KEPT, Folder


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    return author(tmp_path_factory.mktemp("songs"))


@pytest.fixture
def charts(songs):
    tiny_base()
    return songs


def test_a_tuning_leaves_a_model_with_its_report(charts):
    found, report = steps_of(job.tune(request_of(charts, draft_every=1)))
    assert [s.step for s in found] == list(range(9))
    assert all(set(s.losses) == set(LOSSES) for s in found[1:])
    looks = [s for s in found if s.held_out is not None]
    assert [s.step for s in looks] == [0, 4, 8]
    assert all(0 <= s.f1 <= 1 and 0 <= s.f1_null <= 1 and s.nps > 0 for s in looks)
    assert report.n_charts == {"train": 4, "validation": 2, "test": 2}
    assert report.left_out == ()
    assert report.verdict in ("better", "even", "worse")
    assert set(report.figures["changes"]) >= {"f1_20ms", "row_agreement", "transition_distance"}
    assert "metro_fill" in report.figures["changes"]["f1_20ms"]["nulls"]
    folder = paths.user_models() / "mine"
    there = {p.name for p in folder.iterdir()}
    assert there == {"model.json", "adapter.safetensors", "README.md", "report.json",
                     "report.txt", "training"}  # fmt: skip
    assert json.loads((folder / "report.json").read_text("utf-8")) == json.loads(
        json.dumps(report.figures)
    )
    card = (folder / "README.md").read_text("utf-8")
    assert report.text[0] in card
    assert "sound 0" not in card
    assert "Song 0" not in (folder / "report.json").read_text("utf-8")
    (mine,) = (c for c in Engine(model="mine").models() if c.name == "mine")
    assert mine.card == card
    assert Folder(folder).steps() == found


def test_the_base_stays_as_it_was_and_the_tuned_model_differs(charts):
    before = checkpoint.digest(checkpoint.load(paths.user_models() / "tiny").net)
    run(job.tune(request_of(charts)))
    base, mine = (checkpoint.load(paths.user_models() / n) for n in ("tiny", "mine"))
    assert checkpoint.digest(base.net) == before
    assert checkpoint.digest(mine.net) != before
    assert mine.spec.version.startswith("7+")


def test_a_tuning_that_was_stopped_goes_on_exactly(charts):
    whole, _ = steps_of(job.tune(request_of(charts, "whole")))
    first, _ = steps_of(job.tune(request_of(charts, "parts")), 6)
    card = (paths.user_models() / "parts" / "README.md").read_text("utf-8")
    assert "being tuned" in card
    assert "--name 'parts' --resume" in card
    torch.manual_seed(99)
    resumed = replace(request_of((), "parts"), resume=True)
    rest, report = steps_of(job.tune(resumed))
    assert [s.step for s in first + rest] == [s.step for s in whole]
    for a, b in zip(whole, first + rest, strict=True):
        assert a.losses == pytest.approx(b.losses, abs=1e-4)
        assert a.held_out == (None if b.held_out is None else pytest.approx(b.held_out, abs=1e-4))
    one, other = (checkpoint.load(paths.user_models() / n) for n in ("whole", "parts"))
    for a, b in zip(one.net.parameters(), other.net.parameters(), strict=True):
        assert torch.equal(a, b)
    assert report.n_charts["train"] == 4
    assert [s.step for s in Folder(paths.user_models() / "parts").steps()] == list(range(9))


def test_a_tuning_that_was_killed_goes_on_from_its_last_checkpoint(charts, monkeypatch):
    whole, _ = steps_of(job.tune(request_of(charts, "whole")))
    killed = job.tune(request_of(charts, "parts"))
    found = []
    while len(found) < 7:
        step = next(killed).partial
        found += [] if step is None else [step]
    # A kill leaves no time for saving.
    with monkeypatch.context() as patched:
        patched.setattr(learning, "save_state", lambda *a: None)
        killed.close()
    rest, _ = steps_of(job.tune(replace(request_of((), "parts"), resume=True)))
    assert [s.step for s in rest] == [5, 6, 7, 8]
    for a, b in zip(whole[5:], rest, strict=True):
        assert a.losses == pytest.approx(b.losses, abs=1e-4)


def test_all_weights_can_learn(charts):
    run(job.tune(request_of(charts, full=True)))
    folder = paths.user_models() / "mine"
    assert (folder / "weights.safetensors").exists()
    assert not (folder / "adapter.safetensors").exists()
    assert checkpoint.load(folder).spec.base is None


def test_the_best_three_are_kept_and_the_best_is_the_model(charts, monkeypatch):
    losses = iter((9.0, 5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 7.0, 8.0))
    monkeypatch.setattr(learning, "mean_total", lambda judged: next(losses))
    run(job.tune(request_of(charts, judge_every=1)))
    folder = Folder(paths.user_models() / "mine")
    assert [(k.step, k.loss) for k in folder.kept()] == [(2, 1.0), (4, 2.0), (5, 3.0)]
    assert len(folder.kept()) == N_KEPT
    assert checkpoint.load(folder.path).spec.version == "7+2"


def nan_from(monkeypatch, *bad):
    """Losses that are no numbers in some steps, counted from 0."""
    plain, n = steps.losses, iter(range(100))

    def losses(*args):
        found = plain(*args)
        factor = float("nan") if next(n) in bad else 1.0
        return {name: loss * factor for name, loss in found.items()}

    monkeypatch.setattr(steps, "losses", losses)


def test_steps_without_numbers_are_skipped_and_three_in_a_row_end_with_the_best(
    charts, monkeypatch
):
    nan_from(monkeypatch, 1, 2, 5, 6, 7)
    found, report = steps_of(job.tune(request_of(charts, n_steps=20)))
    assert [s.step for s in found] == list(range(9))
    assert [s.step for s in found if s.losses] == [1, 4, 5]
    assert "3 steps in a row gave no numbers" in found[-1].notices[0]
    assert found[-1].notices[0] in report.text
    assert report.verdict != "unknown"
    kept = Folder(paths.user_models() / "mine").kept()
    assert {k.step for k in kept} == {0, 4}
    assert checkpoint.load(paths.user_models() / "mine").spec.version == f"7+{kept[0].step}"


def test_weights_that_only_get_worse_leave_the_base_as_it_was(charts, monkeypatch):
    losses = iter((1.0, 5.0, 6.0))
    monkeypatch.setattr(learning, "mean_total", lambda judged: next(losses))
    _, report = steps_of(job.tune(request_of(charts, rate=0.1)))
    base, mine = (checkpoint.load(paths.user_models() / n) for n in ("tiny", "mine"))
    assert checkpoint.digest(mine.net) == checkpoint.digest(base.net)
    assert report.verdict == "even"


def test_a_finished_tuning_is_judged_again_as_it_was(charts):
    _, first = steps_of(job.tune(request_of(charts, n_steps=4)))
    found, again = steps_of(job.tune(replace(request_of(()), resume=True)))
    assert found == []
    assert again.figures == first.figures


def test_an_estimate_keeps_nothing(charts):
    found = run(job.estimate(request_of(charts)))
    assert found.n_steps == 8
    assert found.step_s > 0
    assert found.total_s > 8 * found.step_s
    assert found.disk_bytes > 100_000
    assert found.device == "cpu"
    assert not (paths.user_models() / "mine").exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"base": "none"}, "no model 'none'; installed: .*tiny"),
        ({"base": "mine"}, "its own base"),
        ({"name": "a/b"}, "no name for a model"),
        ({"name": "base"}, "ships with the program"),
        ({"charts": ()}, "no charts to learn from"),
        ({"resume": True}, "without --resume"),
        ({"recipe": replace(RECIPE, parts=("nose",))}, "no layer of the network"),
        ({"device": "cuda"}, "--device cpu"),
    ],
)
def test_what_cannot_be_is_one_line(charts, changes, why, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match=why):
        run(job.tune(replace(request_of(charts), **changes)))


def test_a_name_is_taken_once_and_a_base_must_stay(charts):
    steps_of(job.tune(request_of(charts)), 3)
    with pytest.raises(EngineError, match="already: choose another"):
        run(job.tune(request_of(charts)))
    tiny_base(version="8")
    with pytest.raises(EngineError, match="another one than when this tuning began"):
        run(job.tune(replace(request_of(()), resume=True)))


def test_a_tuned_model_is_no_base_of_adapters(charts):
    run(job.tune(request_of(charts, n_steps=1)))
    with pytest.raises(EngineError, match="was tuned itself: tune from its base 'tiny'"):
        run(job.tune(request_of(charts, "second", base="mine")))

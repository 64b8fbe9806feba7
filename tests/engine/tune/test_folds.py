"""Songs left out in turn: who is left out with whom, what is kept, and going on in between."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from made_tuning import author, request_of, steps_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.job import run
from chartstudio.engine import checkpoint
from chartstudio.engine.requests import TrainChart
from chartstudio.engine.tune import folds, job, learning
from chartstudio.engine.tune.folder import Folder
from chartstudio.engine.tune.folds import Judged, but_for, folds_of
from chartstudio.engine.tune.recipe import FEW_SONGS, Recipe


def charts_of(n_songs, n_charts=2):
    return tuple(
        TrainChart(Path(f"{s}"), i, "train", f"song {s}")
        for s in range(n_songs)
        for i in range(n_charts)
    )


@pytest.mark.parametrize(
    ("n_songs", "asked", "sizes"),
    [
        (4, 0, [1, 1, 1, 1]),
        (FEW_SONGS, 0, [1] * FEW_SONGS),
        (FEW_SONGS + 1, 0, []),
        (7, 3, [3, 2, 2]),
        (3, 5, [1, 1, 1]),
        (40, 2, [20, 20]),
        (4, 1, []),
        (1, 0, []),
        (1, 3, []),
    ],
)
def test_every_song_is_left_out_once(n_songs, asked, sizes):
    found = folds_of(charts_of(n_songs), Recipe(folds=asked))
    assert [len(f) for f in found] == sizes
    if sizes:
        assert sorted(s for f in found for s in f) == sorted({c.song for c in charts_of(n_songs)})


def test_a_request_learns_from_all_but_some():
    request = request_of(charts_of(3))
    found = but_for(request, frozenset({"song 1"}))
    assert [c.split for c in found.charts] == ["train"] * 2 + ["test"] * 2 + ["train"] * 2
    assert {c.split for c in but_for(found, frozenset()).charts} == {"train"}


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    charts = author(tmp_path_factory.mktemp("songs"), ("train", "validation", "test"))
    return charts[::2]


@pytest.fixture
def request_(songs):
    tiny_base()
    return request_of(songs, n_steps=4, judge_every=2, folds=0)


def test_no_chart_is_judged_by_what_has_seen_it(request_, monkeypatch):
    learned, plain = [], folds.learn

    def learn(work, read, state, learner):
        learned.append({s.chart.song for s in read.spelled})
        yield from plain(work, read, state, learner)

    monkeypatch.setattr(folds, "learn", learn)
    report = run(job.tune(request_))
    everything = {"sound 0", "sound 1", "sound 2"}
    assert learned == [everything - {f"sound {n}"} for n in range(3)]
    assert report.n_charts == {"train": 3, "validation": 0, "test": 3}
    assert report.figures["n_folds"] == 3
    assert len(report.figures["charts"]) == 3
    assert report.figures["choice"]["by"] == "nested"
    assert "left out in turn, in 3 parts" in "\n".join(report.text)
    training = Folder(paths.user_models() / "mine").training
    for n in range(3):
        assert [p.name for p in (training / f"fold-{n + 1}").iterdir()] == ["scores.json"]
    card = (paths.user_models() / "mine" / "README.md").read_text("utf-8")
    assert "3 charts of 3 songs; to judge it they were left out in turn" in card
    # Names of songs stay with the training.
    told = (paths.user_models() / "mine" / "report.json").read_text("utf-8")
    assert "sound 0" not in told
    assert json.loads(told)["n_folds"] == 3


def advance(tuning, n_fold, n_saved):
    """Go on until some of a fold's steps are taken."""
    for step in tuning:
        if f"Part {n_fold} of 3" in step.what and f"Step {n_saved} " in step.what:
            return
    raise AssertionError("it came to its end")


def test_a_tuning_goes_on_exactly_within_a_fold(request_, monkeypatch):
    _, whole = steps_of(job.tune(replace(request_, name="whole")))
    plain = learning.Learner.step
    for name, killed in (("stopped", False), ("killed", True)):
        tuning = job.tune(replace(request_, name=name))
        advance(tuning, 2, 3)
        with monkeypatch.context() as patched:
            if killed:
                # A kill leaves no time for saving.
                patched.setattr(learning, "save_state", lambda *a: None)
            tuning.close()
        taken = []

        def step(self, taken=taken):
            taken.append(self.state.counts.step)
            return plain(self)

        with monkeypatch.context() as patched:
            patched.setattr(learning.Learner, "step", step)
            resumed = replace(request_, name=name, charts=(), resume=True)
            again, report = steps_of(job.tune(resumed))
        # The first fold and the model are done; the second goes on, the third begins.
        assert taken == ([2, 3] if killed else [3]) + [0, 1, 2, 3]
        assert again == []
        assert report.figures == whole.figures
        one, other = (checkpoint.load(paths.user_models() / n) for n in ("whole", name))
        assert checkpoint.digest(one.net) == checkpoint.digest(other.net)
        assert one.spec.plan == other.spec.plan


def test_scores_that_cannot_be_read_are_made_again(tmp_path):
    path = tmp_path / "scores.json"
    assert Judged.load(path) is None
    path.write_text('{"scores": {"base": [{"song": "x"}]}', "utf-8")
    assert Judged.load(path) is None


def test_an_estimate_counts_every_tuning(request_):
    one, three = (run(job.estimate(replace(request_, recipe=replace(request_.recipe, folds=n))))
                  for n in (1, 3))  # fmt: skip
    assert three.n_steps == one.n_steps == 4
    assert three.total_s > 4 * 4 * three.step_s

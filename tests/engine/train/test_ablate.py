"""The ablation table: variants differ in what they say, and in nothing else."""

import argparse
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_training import TIMING, filled, heard, lane_chart

from chartstudio.core.errors import EngineError
from chartstudio.engine.evaluate.cases import Case
from chartstudio.engine.features import SLOTS_PER_BEAT, FeatureSpec
from chartstudio.engine.train import ablate
from chartstudio.engine.train.ablate_charts import HumanChart
from chartstudio.engine.train.dataset import Windows
from chartstudio.engine.train.loop import Recipe, Shelves, fresh_state
from chartstudio.engine.train.losses import Numbers
from chartstudio.engine.vocab import Vocabulary
from chartstudio.modes import MODES

MODE_ID = "dance-single"
VOCABULARY = Vocabulary.of([MODES[MODE_ID]])
CPU = Numbers(torch.device("cpu"), False)
RECIPE = Recipe(n_steps=1, batch=2, warm_up=1, numbers="float32", device="cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def shelves(store):
    return Shelves.of(store, VOCABULARY)


@pytest.fixture(scope="module")
def spec(shelves):
    return fresh_state(shelves, "full", VOCABULARY, RECIPE).spec


@pytest.fixture(scope="module")
def windows(shelves, spec):
    return Windows(shelves.training, VOCABULARY, spec.features, spec.net, spec.windows.n_beats)


@pytest.fixture(scope="module")
def chart(spec):
    return HumanChart(Case("a song", lane_chart(MODE_ID), TIMING, MODES[MODE_ID]), heard(), spec)


def entered(shelves, *names):
    return ablate.entrants(names, shelves, VOCABULARY, RECIPE, CPU)


def scores(runner, heard_, **changes):
    runner.net.eval()
    with torch.inference_mode():
        return runner.net.encoder(replace(heard_, **changes))[1]


def test_variants_of_one_seed_start_alike_and_another_seed_does_not(shelves):
    runners = entered(shelves, "full", "full again", "no echo", "frames", "joint")
    first = {name: r.net.encoder.known.weight for name, r in runners.items()}
    for name in ("no echo", "frames", "joint"):
        assert torch.equal(first["full"], first[name]), name
    assert not torch.equal(first["full"], first["full again"])


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("no raster", ("raster",)),
        ("no echo", ("echo",)),
        ("no guidance", ("density", "layer", "style")),
    ],
)
def test_what_is_left_out_is_not_heard(shelves, windows, name, fields):
    runners = entered(shelves, "full", name)
    seen = windows.batch(2, (0, 0), 0.5).heard
    for field in fields:
        other = {field: torch.flip(getattr(seen, field), (1,)) + 1.0}
        assert torch.equal(scores(runners[name], seen), scores(runners[name], seen, **other))
        assert not torch.equal(
            scores(runners["full"], seen), scores(runners["full"], seen, **other)
        )


def test_without_rises_the_mels_are_still_heard(windows):
    """Onsets fill the second half of each frame of a group."""
    seen = windows.batch(1, (0, 0), 0.5).heard
    spec = FeatureSpec()
    marked = torch.zeros(spec.n_channels)
    start = 0
    for group in spec.groups:
        for frame in range(group.n_channels // (2 * group.n_mels)):
            low = start + (2 * frame + 1) * group.n_mels
            marked[low : low + group.n_mels] = 1.0
        start += group.n_channels
    found = ablate.VARIANTS["no rises"].alter(replace(seen, features=marked.expand(1, 4, -1)), spec)
    assert not found.features.any()
    found = ablate.VARIANTS["no rises"].alter(replace(seen, features=1 - marked[None, None]), spec)
    assert torch.equal(found.features, 1 - marked[None, None])


def test_every_variant_learns_and_is_judged_alike(shelves, windows, spec):
    runners = entered(shelves, *ablate.VARIANTS)
    before = {n: r.net.encoder.sound.weight.detach().clone() for n, r in runners.items()}
    assert list(ablate.teach(runners, windows, replace(RECIPE, n_steps=2))) == [1, 2]
    for name, runner in runners.items():
        runner.net.eval()
        assert runner.counts.step == 2
        assert not torch.equal(before[name], runner.net.encoder.sound.weight), name
    judged = Windows(shelves.judged, VOCABULARY, spec.features, spec.net, spec.windows.n_beats)
    found = ablate.judge_held_out(runners, judged, 2)
    for name, kinds in found.items():
        for kind in ablate.TASKS:
            assert all(math.isfinite(v) for v in kinds[kind].values()), name
            assert 0 <= kinds[kind]["right"] <= 1
    assert found == ablate.judge_held_out(runners, judged, 2)


def test_variants_see_the_same_batches(shelves, windows):
    """Left to the same seed, a twin learns the same although others learn beside it."""
    alone, beside = entered(shelves, "full"), entered(shelves, "full", "half width", "joint")
    for runners in (alone, beside):
        assert len(list(ablate.teach(runners, windows, RECIPE))) == 1
    for a, b in zip(alone["full"].net.parameters(), beside["full"].net.parameters(), strict=True):
        assert torch.equal(a, b)


# Human charts ----------------------------------------------------------------------------


def test_scores_that_know_the_chart_find_all_of_it(chart):
    for told in chart.tellings.values():
        known = np.isin(chart.lines, chart.case.times).astype(np.float32)
        ticks = told.top(chart, known)
        assert len(ticks) == len(told.true_s)
        assert told.score(chart, ticks) == 1.0
        assert told.score(chart, told.top(chart, -known)) < 0.5


def test_half_of_the_measures_are_given_and_only_then(chart):
    draft, half = chart.tellings["draft"], chart.tellings["half"]
    assert not draft.known.any()
    assert draft.open.all()
    assert not draft.heard.echo.any()
    assert len(draft.true_s) == len(chart.case.times)
    n = int(half.known.sum())
    assert n == 4 * (len(chart.case.bars) // 2)
    assert not half.open[half.known[chart.slots // SLOTS_PER_BEAT]].any()
    assert half.heard.raster[..., 0].any()
    assert half.heard.echo.any()
    hidden = ~half.known[chart.rows.slots // SLOTS_PER_BEAT]
    assert len(half.true_s) == hidden.sum()
    window = chart.windows[0]
    given = half.given(chart.rows, window, 12 * chart.spec.windows.n_beats)
    shown = half.heard.raster[0, :, 2:6].any(dim=1).nonzero().ravel().tolist()
    assert sorted(given) == shown


def test_only_a_painted_density_is_told(chart):
    said = {name: told.heard.density[..., 0].any().item() for name, told in chart.tellings.items()}
    assert said == {"draft": False, "painted": True, "half": False}


@pytest.mark.parametrize("name", ["full", "frames", "joint"])
def test_every_kind_of_entrant_follows_a_human_chart(shelves, chart, name):
    (runner,) = entered(shelves, name).values()
    runner.net.eval()
    found = runner.follow(chart)
    assert {"draft", "painted", "half"} <= set(found)
    assert ("count miss" in found) == (name == "joint")
    assert all(0 <= v <= 1 for k, v in found.items() if "miss" not in k)
    assert found == runner.follow(chart)


# The table -------------------------------------------------------------------------------


def met(song, full, other):
    return ablate.Met(song, "", {"full": {"draft": full}, "no echo": {"draft": other}})


def test_differences_are_weighed_by_song():
    found = [met("a", 0.5, 0.6), met("a", 0.5, 0.7), met("b", 0.8, 0.75)]
    gap, error = ablate.against(found, "no echo", "full", "draft")
    assert gap == pytest.approx((0.1 + 0.2 - 0.05) / 3)
    assert error == pytest.approx(np.std([0.15, -0.05], ddof=1) / math.sqrt(2))
    assert ablate.mean_of(found, "full", "draft") == pytest.approx(0.6)
    assert math.isnan(ablate.mean_of(found, "full", "listening"))
    assert all(math.isnan(v) for v in ablate.against(found, "full", "no echo", "half"))


def test_the_command_writes_its_report(store, tmp_path, monkeypatch, chart):
    monkeypatch.setattr(ablate, "human_charts", lambda folder, spec: iter([chart]))
    asked = argparse.Namespace(
        store=store.folder, data=tmp_path, out=tmp_path / "found.json", steps=1, minutes=1.0,
        batch=2, seed=0, only=["full", "joint"], modes=MODE_ID, judged=1, numbers="float32",
    )  # fmt: skip
    table = ablate.tables(ablate.ablate(asked))
    found = json.loads(asked.out.read_text())
    assert set(found["variants"]) == {"full", "joint"}
    assert set(found["charts"]) == {"full", "joint", "metro-fill", "flux + 2 x metre"}
    assert found["by_chart"][0]["song"] == "a song"
    lines = table.splitlines()
    assert lines[2].startswith("| full | 1.")
    assert len({line.count("|") for line in lines[:6]}) == 1
    assert "less full" in table


def test_an_empty_store_is_one_line(tmp_path):
    asked = argparse.Namespace(store=tmp_path, steps=1, minutes=1.0, batch=2, seed=0,
                               modes=MODE_ID, numbers="float32")  # fmt: skip
    with pytest.raises(EngineError, match="holds no training music"):
        ablate.ablate(asked)

"""Steps, checkpoints, going on, and what ends a training."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_engine import SIZES
from made_training import LANES, OTHERS, filled

from chartstudio.core.errors import EngineError
from chartstudio.engine import checkpoint
from chartstudio.engine.train import heldout, loop
from chartstudio.engine.train.dataset import Windows
from chartstudio.engine.train.losses import Numbers, faster, losses
from chartstudio.engine.train.state import Counts, load_state, save_state
from chartstudio.engine.vocab import Vocabulary
from chartstudio.modes import MODES

VOCABULARY = Vocabulary.of(MODES[m] for m in (*LANES, *OTHERS))
CPU = Numbers(torch.device("cpu"), False)
RECIPE = loop.Recipe(
    n_steps=6, batch=2, warm_up=2, judge_every=3, n_judged=2, numbers="float32", device="cpu"
)


@pytest.fixture(scope="module")
def shelves(tmp_path_factory):
    return loop.Shelves.of(filled(tmp_path_factory.mktemp("store")), VOCABULARY)


def fresh(shelves, recipe=RECIPE):
    return loop.fresh_state(shelves, "tiny", VOCABULARY, recipe, **SIZES)


def stream(shelves, spec):
    return Windows(shelves.training, VOCABULARY, spec.features, spec.net, spec.windows.n_beats)


def test_no_piece_is_on_both_shelves(shelves):
    training, judged = ({e.chart.song.name for e in s} for s in (shelves.training, shelves.judged))
    assert (len(training), len(judged)) == (2, 1)
    assert not training & judged


def run_losses(shelves, out, state, recipe, monkeypatch, n=None):
    """Losses of each step of a run, or of its first ``n``."""
    found, step = [], loop.train_step
    monkeypatch.setattr(loop, "train_step", lambda *a: found.append(step(*a)))
    job = loop.train(shelves, out, state, recipe)
    for i, _ in enumerate(job, 1):
        if i == n:
            job.close()
            break
    monkeypatch.undo()
    return found


def test_training_that_was_stopped_goes_on_exactly(shelves, tmp_path, monkeypatch):
    whole = run_losses(shelves, tmp_path / "a", fresh(shelves), RECIPE, monkeypatch)
    # It is killed two steps after its checkpoint: those are done again.
    parts = run_losses(shelves, tmp_path / "b", fresh(shelves), RECIPE, monkeypatch, 5)[:3]
    state = load_state(tmp_path / "b", RECIPE.rate, RECIPE.weight_decay)
    assert state.counts.step == 3
    torch.manual_seed(99)
    # More threads make the batches now, and farther ahead.
    recipe = replace(RECIPE, n_makers=3)
    parts += run_losses(shelves, tmp_path / "b", state, recipe, monkeypatch)
    assert len(whole) == len(parts) == 6
    for a, b in zip(whole, parts, strict=True):
        assert a == pytest.approx(b, abs=1e-4)
    one, other = (checkpoint.load(tmp_path / name) for name in "ab")
    assert one.spec == other.spec
    for a, b in zip(one.net.parameters(), other.net.parameters(), strict=True):
        assert torch.equal(a, b)


def test_steps_without_numbers_change_nothing_and_the_third_in_a_row_ends_it(shelves, tmp_path):
    state = fresh(shelves)
    windows = stream(shelves, state.spec)
    loop.train_step(state, windows.batch(2, (0, 0), 0.0), RECIPE, CPU)
    before = [p.detach().clone() for p in state.net.parameters()]
    bad = windows.batch(2, (0, 1), 0.0)
    bad.heard.features[0, 0, 0] = float("nan")
    loop.train_step(state, bad, RECIPE, CPU)
    loop.train_step(state, bad, RECIPE, CPU)
    assert (state.counts.step, state.counts.n_skipped) == (3, 2)
    loop.train_step(state, windows.batch(2, (0, 2), 0.0), RECIPE, CPU)
    assert state.counts.n_skipped_running == 0
    before = [p.detach().clone() for p in state.net.parameters()]
    for _ in range(2):
        loop.train_step(state, bad, RECIPE, CPU)
    with pytest.raises(EngineError, match="gave no numbers"):
        loop.train_step(state, bad, RECIPE, CPU)
    assert all(torch.equal(a, b) for a, b in zip(before, state.net.parameters(), strict=True))


def test_training_learns_every_mode(shelves, tmp_path):
    recipe = replace(RECIPE, n_steps=80, batch=6, rate=8e-3, judge_every=40, n_judged=4)
    state = fresh(shelves)
    judged = Windows(shelves.judged, VOCABULARY, state.spec.features, state.spec.net, 32)
    first = heldout.judge(state.net.eval(), judged, 4, CPU)
    state.net.train()
    for _ in loop.train(shelves, tmp_path, state, recipe):
        pass
    last = heldout.judge(state.net.eval(), judged, 4, CPU)
    assert set(first) == set(last) == {*LANES, *OTHERS}
    for mode_id in first:
        assert last[mode_id].events < 0.9 * first[mode_id].events, mode_id
    for mode_id in LANES:
        assert last[mode_id].times < 0.9 * first[mode_id].times
    lines = (tmp_path / loop.LOG_FILE).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [40, 80]
    assert set(json.loads(lines[0])["held_out"]) == set(first)


def test_the_best_weights_are_kept(shelves, tmp_path, monkeypatch):
    totals = iter((3.0, 1.0, 2.0))
    monkeypatch.setattr(loop, "mean_total", lambda judged: next(totals))
    state = fresh(shelves)
    for _ in loop.train(shelves, tmp_path, state, replace(RECIPE, judge_every=2)):
        pass
    assert checkpoint.load(tmp_path).spec.version == "4"
    assert state.counts.best == 1.0


def test_judging_again_gives_the_same(shelves):
    state = fresh(shelves)
    judged = Windows(shelves.judged, VOCABULARY, state.spec.features, state.spec.net, 32)
    one, again = (heldout.judge(state.net.eval(), judged, 3, CPU) for _ in range(2))
    assert one == again
    assert heldout.mean_total(one) == pytest.approx(
        np.mean([j.times + j.events for j in one.values()])
    )


def test_the_rate_rises_and_falls():
    recipe = loop.Recipe(n_steps=100, warm_up=10, rate=1.0)
    rates = [loop.learning_rate(step, step / 100, recipe) for step in range(101)]
    assert 8 <= int(np.argmax(rates)) <= 10
    assert rates[0] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0.01)


def test_a_training_by_time_ends_by_time():
    recipe = loop.Recipe(minutes=2.0)
    assert recipe.share(Counts(step=10_000, elapsed_s=60.0)) == 0.5
    assert recipe.share(Counts(elapsed_s=121.0)) == 1.0
    assert loop.Recipe(n_steps=10).share(Counts(step=5, elapsed_s=1e6)) == 0.5


def test_a_broken_state_is_refused(shelves, tmp_path):
    save_state(tmp_path, fresh(shelves))
    (tmp_path / "training.json").write_text(json.dumps({"counts": {"step": 2}}), encoding="utf-8")
    with pytest.raises(EngineError, match="start again in a new folder"):
        load_state(tmp_path, 1e-3, 0.0)
    save_state(tmp_path, fresh(shelves))
    (tmp_path / "training.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(EngineError, match="start again in a new folder"):
        load_state(tmp_path, 1e-3, 0.0)


def test_the_faster_numbers_are_chosen(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("chartstudio.engine.train.losses.perf_counter", lambda: now[0])

    def step(seconds):
        def run(numbers):
            now[0] += seconds[numbers.bf16]

        return run

    device = torch.device("cpu")
    assert faster(step({False: 2.0, True: 1.0}), device).bf16
    assert not faster(step({False: 1.0, True: 2.0}), device).bf16


def test_bfloat16_gives_nearly_the_same_losses(shelves):
    state = fresh(shelves)
    batch = stream(shelves, state.spec).batch(2, (0, 0), 0.0)
    state.net.eval()
    with torch.inference_mode():
        exact = losses(state.net, batch, CPU, 0.0)
        rough = losses(state.net, batch, Numbers(CPU.device, True), 0.0)
    for name, value in exact.items():
        assert float(rough[name]) == pytest.approx(float(value), rel=0.05)


def test_a_gpu_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert loop._device("any").type == "cpu"
    with pytest.raises(EngineError, match="--device cpu"):
        loop._device("cuda")


def test_an_empty_store_and_a_store_of_judged_music_are_one_line(tmp_path, shelves):
    empty = loop.Store.create(tmp_path / "empty", loop.FeatureSpec())
    with pytest.raises(EngineError, match="holds no charts"):
        loop.Shelves.of(empty, VOCABULARY)

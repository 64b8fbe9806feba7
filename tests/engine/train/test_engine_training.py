"""The store, windows, the loop and the figures, on a piece of a few beats."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_engine import clicks, decode_rows, tiny_model

from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint, features
from chartstudio.engine.train import calibrate, dataset, loop
from chartstudio.engine.train.piece import Piece, Sound
from chartstudio.modes import MODES

TIMING = TimingMap.constant(150.0)
N_BEATS = 60


def made_piece():
    sounds = tuple(
        Sound(b * BEAT, b * BEAT + BEAT // 2, 60 + b % 5, 80, "lead") for b in range(N_BEATS)
    )
    return Piece("made", TIMING, sounds)


def made_chart(mode_id):
    n = len(MODES[mode_id].layout.lanes)
    notes = []
    for b in range(N_BEATS):
        length = BEAT if b % 7 == 0 else 0
        notes.append(LaneNote(b * BEAT, b * BEAT + length, b % n, "hold" if length else "tap"))
        if b % 4 == 0:
            notes.append(LaneNote(b * BEAT + BEAT // 2, b * BEAT + BEAT // 2, (b + 2) % n))
    return Chart(mode_id, level=2.0, notes=tuple(notes))


@pytest.fixture
def store(tmp_path, monkeypatch):
    samples = clicks([b * 0.4 for b in range(N_BEATS)], 24.5)
    monkeypatch.setattr(dataset.synthesis, "render", lambda piece, rng: samples)
    monkeypatch.setattr(dataset.augment, "augment", lambda samples, rng: samples)
    monkeypatch.setattr(dataset.teacher, "write", lambda piece, mode, level, rng: made_chart(mode))
    folder = tmp_path / "store"
    folder.mkdir()
    dataset.add_piece(folder, made_piece(), features.FeatureSpec(), 3)
    return folder


@pytest.fixture
def spec():
    return tiny_model().spec


@pytest.fixture
def recipe():
    return loop.Recipe(n_steps=4, batch=2, warm_up=2, save_every=2, bf16=False)


def examples(store, spec):
    return list(dataset.read_store(store, spec.vocabulary))


# The store


def test_training_features_equal_those_of_drafting_bit_for_bit(store, spec):
    example = examples(store, spec)[0]
    samples = clicks([b * 0.4 for b in range(N_BEATS)], 24.5)[None]
    heard = features.mono(samples, features.FeatureSpec().rate_hz, features.FeatureSpec())
    song = features.SongFeatures(
        heard, features.slot_grid(TIMING, len(heard) / 22_050), features.FeatureSpec()
    )
    assert example.song.grid.n_beats == song.grid.n_beats
    for first, n in ((0, 32), (-4, 32), (40, 32), (17, 3)):
        assert np.array_equal(example.song.beats(first, n), song.beats(first, n))


def test_a_store_holds_charts_as_they_were_written(store, spec):
    for example in examples(store, spec):
        notes, n_bad = decode_rows(example.rows, example.mode)
        assert n_bad == 0
        assert notes == sort_notes(made_chart(example.mode.id).notes)


def test_a_piece_without_its_description_is_not_read(store, spec):
    (store / "3.json").unlink()
    with pytest.raises(EngineError, match="no rendered pieces"):
        examples(store, spec)


def test_level_curves_rise_and_cover_every_mode(store, spec):
    found = examples(store, spec)
    density, chords = map(dict, dataset.level_curves(found))
    assert set(density) == set(chords) == {e.mode.id for e in found}
    for curve in density.values():
        assert np.all(np.diff(np.array(curve), axis=0) > 0)


# Windows


@pytest.mark.parametrize("seed", range(5))
def test_hidden_bars_are_whole(seed):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        known = dataset.hide(61, 4, rng)
        assert known.shape == (61,)
        bars = known[:60].reshape(-1, 4)
        assert np.all(bars.all(axis=1) == bars.any(axis=1))


def test_drafts_gaps_and_scattered_bars_all_occur():
    rng = np.random.default_rng(0)
    kinds = set()
    for _ in range(100):
        known = dataset.hide(64, 4, rng)
        n_edges = int(np.abs(np.diff(known.astype(int))).sum())
        kinds.add("draft" if not known.any() else "gap" if n_edges <= 2 else "bars")
    assert kinds == {"draft", "gap", "bars"}


def test_a_batch_asks_for_hidden_rows_only_and_for_all_of_them(store, spec):
    found = examples(store, spec)
    windows = dataset.Windows(found, spec.vocabulary, spec.features, 32, np.random.default_rng(1))
    for _ in range(10):
        batch = windows.batch(3)
        note, asked = batch.when[..., 0] > 0, batch.asked
        n_rows = int((note & asked).sum())
        assert len(set(batch.step_rows.tolist())) == n_rows
        assert int((batch.target == 0).sum()) == n_rows
        known = batch.heard.raster[..., 0].repeat_interleave(4, dim=1) > 0
        assert not (known & asked).any()
        # What a hidden beat holds is not shown.
        shown = batch.heard.raster[..., 2:6].flatten(1) > 0
        assert not (shown & asked).any()


def test_rows_are_heard_where_they_stand(store, spec):
    found = examples(store, spec)
    windows = dataset.Windows(found, spec.vocabulary, spec.features, 32, np.random.default_rng(2))
    batch = windows.batch(4)
    for b in range(4):
        slots = torch.nonzero(batch.when[b, :, 0]).ravel()
        n = len(slots)
        assert torch.equal(batch.row_positions[b, :n], slots // 4)
        assert torch.allclose(batch.row_beats[b, :n], slots / 48)


def test_roughening_moves_all_groups_alike_and_keeps_rises_positive():
    spec = features.FeatureSpec()
    window = np.zeros((384, spec.n_channels), dtype=np.float32)
    window[200] = 1.0
    lags = set()
    for seed in range(40):
        found = dataset.roughen(window, spec, 0.4 / 48, np.random.default_rng(seed))
        assert found.shape == window.shape
        assert found.dtype == np.float32
        rises = found.reshape(384, -1)[:, 40:80]
        assert rises.min() >= 0
        coarse = found[:, -80:].sum(axis=1)
        lag = int(coarse.argmax()) - 200
        assert abs(lag) <= 1
        fine = np.stack([found[:, 80 * k + 40 : 80 * k + 80] for k in range(4)], axis=1)
        at = np.flatnonzero(fine.sum(axis=2).ravel() > 0)
        assert abs((at.min() - 800) / 4 - lag) <= 1
        lags.add(int(at.min()) - 800)
    assert len(lags) > 3


# The loop


def test_training_that_was_stopped_goes_on_exactly(store, spec, recipe, tmp_path):
    for _ in loop.train(store, tmp_path / "whole", spec, recipe):
        pass
    job = loop.train(store, tmp_path / "parts", spec, recipe)
    for _ in range(2):
        next(job)
    job.close()
    torch.manual_seed(99)
    for _ in loop.train(store, tmp_path / "parts", spec, recipe):
        pass
    whole, parts = (checkpoint.load(tmp_path / name) for name in ("whole", "parts"))
    assert whole.spec == parts.spec
    for a, b in zip(whole.net.parameters(), parts.net.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_step_without_numbers_changes_nothing_and_is_counted(store, spec, recipe):
    state = loop._fresh(spec, recipe, None)
    windows = dataset.Windows(examples(store, spec), spec.vocabulary, spec.features, 32, state.rng)
    loop.train_step(state, windows.batch(2), recipe)
    before = [p.detach().clone() for p in state.net.parameters()]
    batch = windows.batch(2)
    batch.heard.features[0, 0, 0] = float("nan")
    loop.train_step(state, batch, recipe)
    assert (state.step, state.n_skipped) == (2, 1)
    for a, b in zip(before, state.net.parameters(), strict=True):
        assert torch.equal(a, b)


def test_training_learns(store, spec, recipe):
    recipe = replace(recipe, n_steps=60, batch=4, rate=5e-3)
    state = loop._fresh(spec, recipe, None)
    windows = dataset.Windows(examples(store, spec), spec.vocabulary, spec.features, 32, state.rng)
    batch = windows.batch(8)
    first = {k: float(v.detach()) for k, v in loop.losses(state.net, batch, recipe).items()}
    for _ in range(60):
        loop.train_step(state, windows.batch(4), recipe)
    last = {k: float(v.detach()) for k, v in loop.losses(state.net, batch, recipe).items()}
    assert last["times"] < 0.5 * first["times"]
    assert last["events"] < 0.8 * first["events"]


def test_the_rate_rises_and_falls():
    recipe = loop.Recipe(n_steps=100, warm_up=10, rate=1.0)
    rates = [loop.learning_rate(step, recipe) for step in range(101)]
    assert max(rates) == rates[10] == 1.0
    assert rates[0] == pytest.approx(0.1)
    assert rates[100] == pytest.approx(0.01)


def test_a_broken_state_is_refused(store, spec, recipe, tmp_path):
    out = tmp_path / "out"
    job = loop.train(store, out, spec, recipe)
    for _ in range(3):
        next(job)
    job.close()
    (out / "training.json").write_text(json.dumps({"step": 2}), encoding="utf-8")
    with pytest.raises(EngineError, match="start again in a new folder"):
        next(loop.train(store, out, spec, recipe))


# Calibration


def test_scattered_points_give_a_rising_curve():
    rng = np.random.default_rng(0)
    points = [(level, level * 0.8 + rng.normal(0, 0.3)) for level in rng.uniform(1, 9, 60)]
    curve = np.array(calibrate.rising(points))
    assert np.all(np.diff(curve, axis=0) > 0)
    assert np.abs(curve[:, 1] - 0.8 * curve[:, 0]).max() < 0.5
    assert calibrate.rising([(2.0, 3.0)]) == ((2.0, 3.0),)


def test_calibrated_drafts_start_near_the_asked_level(audio, timing, monkeypatch):
    model = tiny_model()
    monkeypatch.setattr(calibrate, "N_LEVELS", 3)
    found = run(calibrate.calibrate(model, [(audio, timing)], ["dance-single"]))
    ((mode_id, curve),) = found
    assert mode_id == "dance-single"
    assert len(curve) >= 2
    assert np.all(np.diff(np.array(curve), axis=0) > 0)

"""The set: the same pieces for the same seed, in bounds, in every taught mode."""

from collections import Counter

import numpy as np
import pytest
from made_training import N_BEATS, SAMPLES, SPEC, TIMING, made_chart

from chartstudio.core.job import run
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.engine.train import music
from chartstudio.engine.train.music import CHARTS_PER_PIECE, Music, charts_of, fill
from chartstudio.engine.train.piece import TAUGHT_MODES, Piece, Sound
from chartstudio.engine.train.store import GIB, Store
from chartstudio.engine.vocab import Vocabulary
from chartstudio.modes import MODES

MODE_IDS = ("dance-single", "osu", "taiko")
VOCABULARY = Vocabulary.of(MODES[m] for m in MODE_IDS)


def piece(number):
    sounds = tuple(Sound(b * BEAT, b * BEAT + BEAT, 60, 80, "lead") for b in range(N_BEATS))
    return Piece(f"tune {number}", TIMING, sounds)


@pytest.fixture
def made(monkeypatch, tmp_path):
    """A set whose pieces cost nothing; counts what is rendered."""
    rendered = []
    monkeypatch.setattr(music.synthesis, "piece_at", lambda data, seed, number: piece(number))
    monkeypatch.setattr(music.synthesis, "manifest", lambda data: [])
    monkeypatch.setattr(
        music.synthesis, "render", lambda p, rng: rendered.append(p.name) or SAMPLES
    )
    monkeypatch.setattr(music.augment, "augment", lambda samples, rng: samples)
    monkeypatch.setattr(
        music.teacher, "write", lambda p, mode, level, rng: made_chart(mode, int(rng.integers(9)))
    )
    return Music(tmp_path, 5, MODE_IDS), Store.create(tmp_path / "store", SPEC), rendered


def events(store, number):
    return [c.rows.events for c in store.read(number, VOCABULARY)]


def test_filling_again_renders_only_what_is_missing(made):
    maker, store, rendered = made
    assert run(fill(maker, store, 3, 1.0)) == 3
    first = {n: events(store, n) for n in store.numbers()}
    for path in store.folder.glob("000001*"):
        path.unlink()
    (store.folder / "000002.npy.new").write_bytes(b"half")
    rendered.clear()
    assert run(fill(maker, store, 4, 1.0)) == 4
    assert rendered == ["tune 1", "tune 3"]
    assert {n: events(store, n) for n in range(3)} == first
    assert not list(store.folder.glob("*.new"))


def test_a_store_keeps_within_its_limit_and_does_not_render_what_it_gave_up(made):
    maker, store, rendered = made
    run(fill(maker, store, 1, 1.0))
    limit = 2.6 * store.size_bytes() / GIB
    run(fill(maker, store, 5, limit))
    assert store.numbers() == [3, 4]
    rendered.clear()
    run(fill(maker, store, 6, limit))
    assert rendered == ["tune 5"]
    assert store.numbers() == [4, 5]
    assert store.size_bytes() <= limit * GIB


def test_every_taught_mode_is_charted_at_levels_of_its_range(monkeypatch):
    asked = []

    def write(p, mode_id, level, rng):
        asked.append((mode_id, level))
        return made_chart("taiko") if len(asked) % 2 else Chart(mode_id, level=level)

    monkeypatch.setattr(music.teacher, "write", write)
    rng = np.random.default_rng(0)
    kept = [c for _ in range(150) for c in charts_of(piece(0), TAUGHT_MODES, rng)]
    assert len(asked) == 150 * CHARTS_PER_PIECE
    # Charts of hardly any notes are left out.
    assert len(kept) == len(asked) // 2
    counts = Counter(mode_id for mode_id, _ in asked)
    assert set(counts) == set(TAUGHT_MODES)
    for mode_id, level in asked:
        low, high = MODES[mode_id].level_range
        assert low <= level <= high
    assert counts["osu"] > counts["mania-9k"]

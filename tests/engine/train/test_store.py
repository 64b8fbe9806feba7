import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_engine import decode_rows
from made_training import FOLLOW, LANES, OTHERS, SPEC, filled, heard, made_chart, made_song

from chartstudio.core.errors import EngineError
from chartstudio.core.note import sort_notes
from chartstudio.engine import features
from chartstudio.engine.train import store as stores
from chartstudio.engine.train.store import Store, held_out
from chartstudio.engine.vocab import Vocabulary
from chartstudio.modes import MODES

VOCABULARY = Vocabulary.of(MODES[m] for m in (*LANES, *OTHERS))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("store"))


@pytest.fixture
def small(tmp_path):
    store = Store.create(tmp_path / "store", SPEC)
    for number in range(3):
        store.add(number, made_song(f"p{number}", ("dance-single",), (0,)), heard())
    return store


def test_training_features_are_those_of_drafting_in_half_precision(store):
    song, stored = heard(), store.read(0, VOCABULARY)[0].song
    assert stored.grid.n_beats == song.grid.n_beats
    for first, n in ((0, 32), (-4, 32), (40, 32), (17, 3), (90, 2)):
        found = stored.beats(first, n)
        assert found.dtype == np.float16
        assert np.array_equal(found, song.beats(first, n).astype(np.float16))


@pytest.mark.parametrize("mode_id", [*LANES, *OTHERS])
def test_charts_of_every_mode_come_back_as_they_were_spelled(store, mode_id):
    found = [c for c in store.read(1, VOCABULARY) if c.mode.id == mode_id]
    assert len(found) == 2
    mode = MODES[mode_id]
    for seed, chart in enumerate(found):
        written = made_chart(mode_id, seed)
        notes, n_bad = decode_rows(chart.rows, mode)
        assert n_bad == 0
        assert notes == sort_notes(written.notes)
        assert chart.level == written.level
        assert chart.follow == FOLLOW
        assert chart.habits["accents"] == pytest.approx(0.1 * (seed + 1))
        shared = VOCABULARY.shared(mode)[chart.rows.flat]
        assert np.array_equal(chart.rows.shared, shared)
        assert chart.sizes.sum() == sum(mode.counts(n) for n in written.notes)


def test_a_stored_piece_opens_as_a_project_with_settings(store):
    path = store.path(0, ".chartstudio")
    song = stores.project.read({path.name: path.read_bytes()}, path.name)
    assert {c.mode for c in song.charts} == {*LANES, *OTHERS}
    osu = next(c for c in song.charts if c.mode == "osu")
    assert osu.setting("od") == 5.0
    assert dict(osu.extra.get("teacher"))["repeat"] == 1.0


def test_an_index_that_is_lost_broken_or_old_is_made_again(store):
    path = store.path(0, ".npz")
    whole = store.read(0, VOCABULARY)
    good = path.read_bytes()
    for damage in (b"", good[: len(good) // 2]):
        path.write_bytes(damage)
        again = store.read(0, VOCABULARY)
        assert [c.rows.events for c in again] == [c.rows.events for c in whole]
        assert path.read_bytes() == good or len(path.read_bytes()) == len(good)
    path.unlink()
    assert len(store.read(0, VOCABULARY)) == len(whole)
    assert path.exists()


def test_modes_that_a_vocabulary_lacks_are_left_out(store):
    found = store.read(0, Vocabulary.of([MODES["osu"], MODES["dance-single"]]))
    assert {c.mode.id for c in found} == {"osu", "dance-single"}
    assert all(c.rows.n_events < VOCABULARY.n_events for c in found)


def test_a_piece_that_is_not_whole_is_not_there(small):
    small.path(1, ".chartstudio").unlink()
    assert small.numbers() == [0, 2]
    small.path(2, ".npy").unlink()
    assert small.read(2, VOCABULARY) == []
    small.path(0, ".alike.npy").unlink()
    assert small.read(0, VOCABULARY) == []


def test_the_oldest_pieces_make_room(small):
    size = small.size_bytes()
    assert small.trim(size) == 0
    assert small.trim(size - 1) == 1
    assert small.numbers() == [1, 2]
    assert small.first == 1
    assert small.trim(1) == 1
    assert small.numbers() == [2]
    assert not list(small.folder.glob("000001*"))


def test_old_foreign_and_missing_stores_are_one_line(tmp_path, small):
    with pytest.raises(EngineError, match="fill it with --data"):
        Store.open(tmp_path / "nothing", SPEC)
    old = tmp_path / "old"
    old.mkdir()
    (old / "3.json").write_text('{"name": "x", "charts": []}')
    for opening in (Store.open, Store.create):
        with pytest.raises(EngineError, match="earlier version"):
            opening(old, SPEC)
    with pytest.raises(EngineError, match="other features"):
        Store.open(small.folder, features.FeatureSpec(low_hz=31.0))
    (small.folder / "store.json").write_text("{")
    with pytest.raises(EngineError, match=r"store\.json"):
        Store.open(small.folder, SPEC)


_FILLER = """
import sys
sys.path[:0] = [{tests!r}, {here!r}]
from pathlib import Path
from made_training import SPEC, heard, made_song
from chartstudio.engine.train.store import Store
store, song, sound = Store.create(Path({folder!r}), SPEC), made_song("p"), heard()
sound.all_blocks()
print("ready", flush=True)
for number in range(10_000):
    store.add(number, song, sound)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL")
def test_a_filling_that_is_killed_leaves_a_store_that_can_be_read(tmp_path):
    here = Path(__file__).resolve().parent
    folder = tmp_path / "store"
    text = _FILLER.format(tests=str(here.parent), here=str(here), folder=str(folder))
    rng = np.random.default_rng()
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE) as filler:
            assert filler.stdout.readline() == b"ready\n"
            with pytest.raises(subprocess.TimeoutExpired):
                filler.wait(float(rng.uniform(0.3, 0.9)))
            os.kill(filler.pid, signal.SIGKILL)
        store = Store.open(folder, SPEC)
        for number in store.numbers():
            charts = store.read(number, VOCABULARY)
            assert len(charts) == 12
            assert np.isfinite(charts[0].song.beats(0, 60)).all()
    assert store.numbers()
    store.clean()
    assert not list(folder.glob("*.new"))


def test_renders_of_one_tune_are_kept_apart_together():
    names = [f"tune {i}" for i in range(400)]
    judged = [n for n in names if held_out(n)]
    assert 15 < len(judged) < 60
    for name in names:
        assert held_out(f"{name} / drummer 7") == held_out(name)

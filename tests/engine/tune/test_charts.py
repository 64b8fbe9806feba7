"""The author's charts as training reads them: what is shared, kept, left out and mirrored."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from made_tuning import TIMING, author, chart_of, save_song, tiny_base

from chartstudio.core import paths
from chartstudio.core.job import run
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine.requests import TrainChart
from chartstudio.engine.train.dataset import Windows, examples_of
from chartstudio.engine.train.store import GIB
from chartstudio.engine.tune import pieces
from chartstudio.engine.tune.charts import Reading, modes_to_mirror, read_charts, stored_charts
from chartstudio.engine.tune.pieces import open_store, piece_number


@pytest.fixture
def vocabulary():
    return tiny_base().spec.vocabulary


@pytest.fixture
def store():
    return open_store(paths.cache() / "features", tiny_base().spec.features)


def read(charts, store, vocabulary, limit_gib=1.0, n_workers=1, speeds=()):
    return run(read_charts(charts, store, vocabulary, Reading(limit_gib, n_workers, speeds)))


def test_charts_of_one_sound_share_its_features(tmp_path, store, vocabulary):
    found = read(author(tmp_path, ("train", "test")), store, vocabulary)
    assert found.left_out == []
    assert [s.title for s in found.spelled] == ["Song 0", "Song 0", "Song 1", "Song 1"]
    assert len({s.piece for s in found.spelled}) == 2
    assert len(store.numbers()) == 2
    stored = stored_charts(found.spelled, store)
    assert stored[0].song is stored[1].song
    assert stored[0].song.beats(4, 2).any()
    hard, easy = stored[:2]
    assert len(hard.rows) > len(easy.rows)
    assert hard.level > easy.level > 0
    assert hard.sizes.max() == 2
    assert hard.song.bars.similar.shape == (16, 16)  # the last is the silent end


def test_what_is_known_is_not_computed_again_and_what_is_gone_is(
    tmp_path, store, vocabulary, monkeypatch
):
    charts = author(tmp_path, ("train", "train"))
    first = read(charts, store, vocabulary)
    decoded = []
    decode = pieces.decode
    monkeypatch.setattr(pieces, "decode", lambda *a: decoded.append(a[1]) or decode(*a))
    again = read(charts, store, vocabulary)
    assert decoded == []
    for a, b in zip(first.spelled, again.spelled, strict=True):
        assert (a.piece, a.level, a.duration_s) == (b.piece, b.level, b.duration_s)
        assert np.array_equal(a.rows.flat, b.rows.flat)
    number = first.spelled[0].piece
    store.path(number, ".npy").write_bytes(b"no array")
    read(charts, store, vocabulary)
    assert len(decoded) == 1
    shutil.rmtree(store.folder)
    read(charts, open_store(store.folder.parent, store.spec), vocabulary)
    assert len(decoded) == 3


def test_only_what_was_left_long_ago_is_cleaned_up(tmp_path, store, vocabulary):
    old, new = (store.folder / f"{n:06d}.npy.new" for n in (1, 2))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    read(author(tmp_path, ("train",)), store, vocabulary)
    assert not old.exists()
    assert new.exists()


def test_an_edited_chart_is_read_anew(tmp_path, store, vocabulary):
    (chart, _) = author(tmp_path, ("train",))
    before = read([chart], store, vocabulary).spelled[0]
    save_song(chart.path, 0, (chart_of(0, step=3),))
    after = read([chart], store, vocabulary).spelled[0]
    assert after.piece == before.piece
    assert len(after.rows) < len(before.rows)


def test_another_timing_is_another_piece():
    data = b"sound"
    assert piece_number(data, TIMING) == piece_number(data, TimingMap.constant(150.0))
    assert piece_number(data, TIMING) != piece_number(data, TimingMap.constant(151.0))
    assert piece_number(data, TIMING) != piece_number(b"other", TIMING)


def test_what_cannot_be_learned_from_is_left_out_with_its_reason(tmp_path, store, vocabulary):
    good = author(tmp_path, ("train",))
    charts = [*good, replace(good[0], index=9)]
    charts.append(TrainChart(tmp_path / "gone", 0, "train", "gone"))
    short = save_song(tmp_path / "short", 7, (replace(chart_of(7), notes=chart_of(7).notes[:3]),))
    charts.append(TrainChart(short, 0, "train", "short"))
    other = save_song(tmp_path / "other", 8, (Chart("mania-7k", notes=chart_of(8).notes),))
    charts.append(TrainChart(other, 0, "train", "other"))
    mute = save_song(tmp_path / "mute", 9)
    (mute / "song.wav").unlink()
    charts.append(TrainChart(mute, 0, "train", "mute"))
    noise = save_song(tmp_path / "noise", 6)
    (noise / "song.wav").write_bytes(b"no sound at all")
    charts.append(TrainChart(noise, 0, "train", "noise"))
    found = read(charts, store, vocabulary)
    assert len(found.spelled) == 2
    whys = [left.why for left in found.left_out]
    for why, what in zip(
        whys,
        ("not there any more", "", "note times; 16", "does not draft", "audio song.wav", ""),
        strict=True,
    ):
        assert what in why
        assert why
        assert "\n" not in why


def test_songs_of_archives_are_found_in_their_folders(tmp_path, store, vocabulary):
    for n, name in enumerate(("one", "two")):
        save_song(tmp_path / "pack" / name, n)
    archive = shutil.make_archive(str(tmp_path / "pack"), "zip", tmp_path / "pack")
    path = tmp_path / "pack.osz"
    (tmp_path / archive).rename(path)
    charts = [TrainChart(path, 0, "train", name, name) for name in ("two", "three")]
    found = read(charts, store, vocabulary)
    assert [s.title for s in found.spelled] == ["Song 1"]
    (left,) = found.left_out
    assert "not in the archive any more" in left.why


def test_the_store_keeps_within_its_size(tmp_path, store, vocabulary):
    one = read(author(tmp_path / "a", ("train",)), store, vocabulary)
    old = one.spelled[0].piece
    n_bytes = store.size_bytes()
    others = author(tmp_path / "b", ("train", "train", "train"))[2:]
    found = read(others, store, vocabulary, 1.2 * n_bytes / GIB)
    # What is not needed goes first; for the second of the others there is no room.
    assert old not in store.numbers()
    assert len(store.numbers()) == 1
    assert store.size_bytes() <= 1.2 * n_bytes
    assert {s.title for s in found.spelled} == {"Song 1"}
    assert len(found.left_out) == 2
    assert "raise cache_gib" in found.left_out[0].why


def test_workers_find_what_one_process_does(tmp_path, store, vocabulary):
    charts = author(tmp_path, ("train", "train"))
    alone = read(charts, store, vocabulary)
    both = read(charts, store, vocabulary, n_workers=2)
    assert [s.piece for s in both.spelled] == [s.piece for s in alone.spelled]
    for a, b in zip(alone.spelled, both.spelled, strict=True):
        assert np.array_equal(a.rows.flat, b.rows.flat)


def test_charts_are_mirrored_where_the_author_has_no_favourite_side(tmp_path, store, vocabulary):
    even = [TrainChart(save_song(tmp_path / "even", 0), 0, "train", "even")]
    notes = tuple(n for n in chart_of(1).notes if n.lane != 0)
    odd = [
        TrainChart(
            save_song(tmp_path / "odd", 1, (replace(chart_of(1), notes=notes),)), 0, "train", "odd"
        )
    ]
    drum = [
        TrainChart(
            save_song(tmp_path / "drum", 2, (chart_of(2, "taiko"),)), 0, "train", "drum"
        )
    ]  # fmt: skip
    spelled = {
        name: read(charts, store, vocabulary).spelled
        for name, charts in (("even", even), ("odd", odd), ("drum", drum))
    }
    assert modes_to_mirror(spelled["even"], "auto") == {"mania-4k"}
    assert modes_to_mirror(spelled["odd"], "auto") == frozenset()
    assert modes_to_mirror(spelled["odd"], "always") == {"mania-4k"}
    assert modes_to_mirror(spelled["even"], "never") == frozenset()
    assert modes_to_mirror(spelled["drum"], "always") == frozenset()
    own, turned = stored_charts(spelled["even"], store, frozenset({"mania-4k"}))
    assert len(own.rows) == len(turned.rows)
    assert not np.array_equal(own.rows.flat, turned.rows.flat)


def test_windows_go_on_after_a_break(tmp_path, store, vocabulary):
    whole = chart_of(1)
    broken = replace(whole, notes=tuple(n for n in whole.notes if not 12 < n.tick / BEAT < 47))
    path = save_song(tmp_path / "broken", 1, (broken,))
    read_ = read([TrainChart(path, 0, "train", "broken")], store, vocabulary)
    (stored,) = stored_charts(read_.spelled, store)
    slow = replace(stored.rows, seconds=2 * stored.rows.seconds)
    (example,) = examples_of([replace(stored, rows=slow)])
    assert np.diff(slow.seconds).max() > 20.0
    spec = tiny_base().spec
    windows = Windows((example,), vocabulary, spec.features, spec.net, 32)
    rng = np.random.default_rng(0)
    begun = set()
    for _ in range(60):
        cut = windows.draw(rng, 0.5)
        low, high = cut.span
        begun |= {low} if low < high else set()
        assert torch.isfinite(windows.collate([cut], None).row_inputs).all()
    n_before = int(np.argmax(np.diff(example.chart.rows.seconds))) + 1
    assert {n_before, 0} < begun

"""Songs at other speeds: in time to the sample, as many as there is room for, never judged."""

from dataclasses import replace

import numpy as np
import pytest
from made_engine import clicks
from made_tuning import TIMING, author, request_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import run
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.engine.features import SongFeatures, mono, slot_grid
from chartstudio.engine.train.store import GIB
from chartstudio.engine.tune import job, pieces
from chartstudio.engine.tune import work as ready
from chartstudio.engine.tune.augment import SPEEDS, played, resampled
from chartstudio.engine.tune.charts import Reading, read_charts, stored_charts
from chartstudio.engine.tune.pieces import open_store, piece_bytes
from chartstudio.engine.tune.recipe import MOST_SPEEDS, Recipe
from chartstudio.engine.tune.team import Team

RATE_HZ = 22_050


def test_a_faster_song_is_in_time_to_the_sample():
    for speed in SPEEDS:
        found = resampled(clicks((1.0, 90.0, 179.0), 180.0), speed)
        assert len(found) == pytest.approx(180 * RATE_HZ / speed, abs=2)
        for second in (1.0, 90.0, 179.0):
            at = round(second / speed * RATE_HZ)
            assert np.abs(found[at - 40 : at + 40]).max() > 0.1
            assert np.abs(found[at - 440 : at - 40]).max() < 0.01
    samples = clicks((1.0,), 2.0)
    assert resampled(samples, 1.0) is samples


def test_a_song_is_higher_as_it_is_faster():
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ).astype(np.float32)
    found = resampled(tone, SPEEDS[0])
    peak = int(np.abs(np.fft.rfft(found * np.hanning(len(found)))).argmax())
    assert peak * RATE_HZ / len(found) == pytest.approx(466.2, abs=2)


def test_a_timing_keeps_its_ticks_pauses_and_warps():
    timing = TimingMap(
        (
            Anchor(0, 0.5, 120.0),
            Anchor(4 * BEAT, 2.5, 120.0),
            Anchor(4 * BEAT, 3.0, 240.0, cause=Cause.STOP),
            Anchor(8 * BEAT, 4.0, 240.0),
            Anchor(10 * BEAT, 4.0, 240.0, cause=Cause.WARP),
        )
    )
    found = played(timing, 1.25)
    ticks = np.arange(0, 14 * BEAT, BEAT // 3)
    assert found.seconds_at(ticks) == pytest.approx(timing.seconds_at(ticks) / 1.25)
    assert [a.cause for a in found.anchors] == [a.cause for a in timing.anchors]
    assert found.anchors[2].bpm == 300


# In a library ------------------------------------------------------------------------------


@pytest.fixture
def store():
    return open_store(paths.cache() / "features", tiny_base().spec.features)


def read(charts, store, **how):
    vocabulary = tiny_base().spec.vocabulary
    asked = replace(Reading(limit_gib=1.0, n_workers=1), **how)
    return run(read_charts(charts, store, vocabulary, asked))


def test_songs_to_learn_from_are_heard_at_other_speeds(tmp_path, store, monkeypatch):
    decoded, decode = [], pieces.decode
    monkeypatch.setattr(pieces, "decode", lambda *a: decoded.append(a[1]) or decode(*a))
    charts = author(tmp_path, ("train", "validation"))
    found = read(charts, store, speeds=SPEEDS[:2])
    assert found.left_out == []
    # Once for the song itself, and once for both others.
    assert len(decoded) == 3
    assert [len(s.others) for s in found.spelled] == [2, 2, 0, 0]
    one, (fast, slow) = found.spelled[0], found.spelled[0].others
    assert len(store.numbers()) == 4
    assert one.pieces == {one.piece, fast.piece, slow.piece} == found.spelled[1].pieces
    assert fast.chart == one.chart
    assert np.array_equal(fast.rows.flat, one.rows.flat)
    assert np.array_equal(fast.rows.slots, one.rows.slots)
    assert fast.rows.seconds == pytest.approx(one.rows.seconds / SPEEDS[0])
    assert slow.level < one.level < fast.level
    stored = stored_charts(found.spelled, store, frozenset({"mania-4k"}))
    assert len(stored) == 2 * 3 * 2 + 2 * 2
    assert stored[2].song.beats(4, 2).any()
    again = read(charts, store, speeds=SPEEDS[:2])
    assert len(decoded) == 3
    assert [s.pieces for s in again.spelled] == [s.pieces for s in found.spelled]


def test_what_is_heard_of_a_faster_song_is_what_a_draft_of_it_would_hear(tmp_path, store):
    (one, _) = read(author(tmp_path, ("train",)), store, speeds=SPEEDS[:1]).spelled
    (path,) = tmp_path.glob("*/song.wav")
    audio = pieces.decode(path.read_bytes(), path.name)
    samples = resampled(mono(audio.samples, audio.rate_hz, store.spec), SPEEDS[0])
    grid = slot_grid(played(TIMING, SPEEDS[0]), audio.duration_s / SPEEDS[0])
    drafted = SongFeatures(samples, grid, store.spec).beats(8, 8)
    kept = stored_charts([one], store)[1].song.beats(8, 8)
    assert np.array_equal(drafted.astype(np.float16), kept)


def test_there_are_as_many_speeds_as_there_is_room_for(tmp_path, store):
    charts = author(tmp_path, ("train", "train"))
    found = read(charts, store)
    size = sum(piece_bytes(store, n) for n in store.numbers())
    assert size == pytest.approx(store.size_bytes(), rel=0.01)
    for room, n_speeds in ((1.5, 0), (2.5, 1), (3.5, 2), (9, 4)):
        limit = room * size / GIB
        found = read(charts, store, speeds=SPEEDS, limit_gib=limit)
        assert {len(s.others) for s in found.spelled} == {n_speeds}
        assert found.left_out == []
        assert store.size_bytes() <= room * size
    # What another run heard makes room for what this one needs.
    stored = stored_charts(read(charts, store, limit_gib=1.5 * size / GIB).spelled, store)
    assert len(stored) == 4
    assert store.size_bytes() <= 4.5 * size


def test_a_recipe_says_how_many_speeds(tmp_path):
    tiny_base()
    assert len(SPEEDS) == MOST_SPEEDS
    charts = author(tmp_path, ("train", "validation"))
    for n in (0, 1):
        request = request_of(charts, name=f"mine {n}", speeds=n)
        work = ready.prepare(request, Team(), ready.torch.device("cpu"))
        spelled = run(ready.read_all(work)).spelled
        assert [len(s.others) for s in spelled] == [n, n, 0, 0]
    with pytest.raises(ChartStudioError, match="speeds = 5: it is one of 0 to 4"):
        Recipe(speeds=5)


def test_a_song_that_is_too_fast_already_is_heard_as_it_is(tmp_path, store, monkeypatch):
    charts = author(tmp_path, ("train",))
    plain = pieces.slot_grid

    def slot_grid(timing, duration_s):
        if timing.anchors[0].bpm > TIMING.anchors[0].bpm:
            raise ChartStudioError("too fast")
        return plain(timing, duration_s)

    monkeypatch.setattr(pieces, "slot_grid", slot_grid)
    found = read(charts, store, speeds=SPEEDS[:2])
    assert found.left_out == []
    assert [len(s.others) for s in found.spelled] == [1, 1]


def test_windows_at_all_speeds_follow_from_the_recipe(tmp_path):
    tiny_base()
    charts = author(tmp_path, ("train", "train"))

    def windows(n_speeds):
        request = request_of(charts, name=f"mine {n_speeds}", speeds=n_speeds)
        request = replace(request, resume=(paths.user_models() / request.name).exists())
        work = ready.prepare(request, Team(), ready.torch.device("cpu"))
        _, learner = ready.learner_of(work, run(ready.read_all(work)))
        learner.close()
        (found,) = learner._numbered.parts(3, 4)
        return found.heard.features, found.heard.beat_s

    first = windows(1)
    store_of = open_store(paths.cache() / "features", tiny_base().spec.features)
    for path in store_of.folder.glob("*.npy"):
        path.unlink()
    # As when a tuning goes on after its cache was deleted.
    assert all(map(ready.torch.equal, first, windows(1)))
    lengths = {round(float(s), 4) for s in first[1][:, 0].exp()}
    assert lengths <= {0.4, round(0.4 / SPEEDS[0], 4)}
    assert lengths != {0.4}
    assert {round(float(s), 4) for s in windows(0)[1][:, 0].exp()} == {0.4}


def test_an_estimate_counts_the_room_of_all_speeds(tmp_path):
    base = tiny_base()
    charts = author(tmp_path, ("train", "validation"))
    request = request_of(charts, n_steps=2)
    room = [
        run(job.estimate(replace(request, recipe=replace(request.recipe, speeds=n)))).disk_bytes
        for n in (0, 2)
    ]
    weights = 4 * sum(t.numel() * t.element_size() for t in base.net.state_dict().values())
    assert room[1] - weights == pytest.approx(3 * (room[0] - weights), rel=0.1)

import importlib.util
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import tempo_weights
from chartstudio.engine.tempo_rank import Reading, in_order, tempos_in
from chartstudio.engine.timing_bench import (
    changing,
    damage,
    fit,
    judge,
    loops,
    measure,
    nothing,
    report,
)
from chartstudio.engine.timing_bench.measure import Reading as Found
from chartstudio.engine.timing_bench.song import RATE_HZ, BenchSong, Plan, rng_of

TRUTH = TimingMap.constant(120.0, 0.25)


def test_a_right_reading_is_right_wherever_its_beat_is_given():
    for offset_s in (0.25, 10.25, -3.75):
        judged = measure.steady(TRUTH, 60.0, [Found(120.0, offset_s)])
        assert judged.place == 1
        assert judged.bpm_error == 0.0
        assert judged.offset_s == pytest.approx(0.0, abs=1e-9)


def test_offset_is_true_beat_minus_found_beat_in_the_middle():
    assert measure.steady(TRUTH, 60.0, [Found(120.0, 0.24)]).offset_s == pytest.approx(0.010)
    half = measure.steady(TRUTH, 60.0, [Found(120.0, 0.5)]).offset_s
    assert abs(half) == pytest.approx(0.25)


def test_octaves_are_places_not_tempos():
    judged = measure.steady(TRUTH, 60.0, [Found(60.0, 0.25), Found(240.0, 0.25), Found(120.01, 0)])
    assert judged.place == 3
    assert judged.bpm_error == pytest.approx(0.01)
    missing = measure.steady(TRUTH, 60.0, [Found(240.02, 0.25)])
    assert missing.place == 0
    assert missing.bpm_error == pytest.approx(0.01)
    assert np.isnan(missing.offset_s)
    assert measure.steady(TRUTH, 60.0, []).n_readings == 0


def test_a_line_through_beats_bridges_those_left_out():
    beats_s = np.delete(0.4 + np.arange(100) * 0.45, [20, 21, 60])
    found = measure.line(beats_s)[0]
    assert found.bpm == pytest.approx(60 / 0.45)
    assert found.offset_s == pytest.approx(0.4)
    assert measure.line(beats_s[:3]) == []


@pytest.mark.parametrize(("take", "octave"), [(1, 1.0), (2, 0.5)])
def test_followed_beats_may_count_at_half_the_tempo(take, octave):
    truth = changing.of_tempos(np.linspace(100, 140, 80), 0.5)
    beats_s = truth.seconds_at(np.arange(80) * TICKS_PER_BEAT)
    judged = measure.changing(truth, 30.0, beats_s[::take] + 0.004, 3)
    assert judged.octave == octave
    assert np.median(judged.errors_s) == pytest.approx(0.004, abs=0.001)
    assert judged.n_anchors == 3


def test_beats_half_way_are_errors_at_any_octave():
    halves_s = 0.5 + np.arange(60) * 0.5
    assert np.median(measure.changing(TRUTH, 30.0, halves_s, 1).errors_s) == pytest.approx(0.25)
    assert np.isinf(measure.changing(TRUTH, 30.0, np.empty(0), 0).errors_s).all()


@pytest.mark.parametrize("kind", changing.CURVES)
def test_curves_move_and_stay_sane(kind):
    bpms = changing.CURVES[kind](120.0, 200, rng_of(kind))
    assert len(bpms) == 200
    assert 60 < bpms.min() < bpms.max() < 220
    truth = changing.of_tempos(bpms, 0.5)
    gaps_s = np.diff(truth.seconds_at(np.arange(201) * TICKS_PER_BEAT))
    assert gaps_s[:199] == pytest.approx(60 / bpms[:199])


def strongest_s(samples, near_s):
    first = int((near_s - 0.05) * RATE_HZ)
    part = np.abs(samples[first : first + int(0.1 * RATE_HZ)])
    return (first + int(np.argmax(part > 0.5 * part.max()))) / RATE_HZ


def test_loops_strike_where_their_timing_says():
    truth = changing.of_tempos(np.repeat((100.0, 130.0), 20), 0.5)
    song = loops.metronome(truth, 15.0)
    for beat in (0, 5, 19, 25):
        at_s = truth.seconds_at(beat * TICKS_PER_BEAT)
        assert strongest_s(song.samples, at_s) == pytest.approx(at_s, abs=0.0006)


@pytest.mark.parametrize("how", damage.DAMAGES)
def test_damage_moves_nothing(how):
    song = loops.loop("damage", TimingMap.constant(110.0, 0.4), 12.0, loops.ROCK)
    after = damage.damaged(song, how, rng_of(how))
    assert after.duration_s == pytest.approx(song.duration_s, abs=0.001)
    assert after.samples.dtype == np.float32
    step = after.rate_hz // 1050

    def envelope(sound):
        n = int(sound.duration_s * 1050)
        at = (np.arange(n + 1) * sound.rate_hz / 1050).astype(int)
        total = np.concatenate(([0.0], np.cumsum(sound.samples.astype(np.float64) ** 2)))
        loud = np.sqrt(np.diff(total[np.minimum(at, len(sound.samples))]))
        rise = np.maximum(np.diff(loud), 0)
        return rise - rise.mean()

    a, b = envelope(song), envelope(after)
    n = min(len(a), len(b))
    lags = range(-12, 13)
    agree = [np.dot(a[20 : n - 20], b[20 + lag : n - 20 + lag]) for lag in lags]
    assert step >= 1
    assert abs(lags[int(np.argmax(agree))]) <= 3


@pytest.mark.parametrize("kind", nothing.SOUNDS)
def test_every_sound_without_rhythm_can_be_made_and_is_the_same_again(kind, monkeypatch):
    monkeypatch.setattr(nothing, "SECONDS", 5.0)
    first, again = nothing.sound("x", kind), nothing.sound("x", kind)
    assert np.array_equal(first.samples, again.samples)
    assert first.truth is None
    assert np.all(np.abs(first.samples) <= 1)


def click_song(data_dir):
    return loops.metronome(TimingMap.constant(133.3, 0.4), 20.0)


def off_song(data_dir):
    song = click_song(data_dir)
    return replace(song, truth=TimingMap.constant(133.3, 0.42))


def silent(data_dir):
    return BenchSong(np.zeros(5 * RATE_HZ, np.float32), RATE_HZ, None)


def results():
    plans = [Plan(f"click {i}", "clicks", click_song) for i in range(3)]
    plans += [Plan("late", "clicks", off_song), Plan("silence", "nothing", silent)]
    return [judge.judged(p, None, with_rival=False) for p in plans]


def test_the_report_names_what_fell_short_and_nothing_else():
    found = results()
    text = "\n".join(report.whole(found, songs=False))
    misses = report.misses(found)
    assert len(misses) == 1
    assert "late" in misses[0]
    assert "beat off by +20" in misses[0]
    assert "| clicks | 4 |" in text
    f = report.figures(found[:4], report.ours)
    assert (f.n, f.both, f.first_three) == (4, 0.75, 1.0)
    assert report.made_up(found) == []


def test_a_made_up_tempo_is_reported():
    quiet = partial(lambda song, _: replace(song, truth=None), click_song(None))
    found = judge.judged(Plan("trap", "nothing", quiet), None, with_rival=False)
    assert report.made_up([found]) == [found]
    assert "made-up" in report.misses([found])[0]


def test_a_ranking_learns_what_is_right_and_is_written_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "_N_STEPS", 40)
    monkeypatch.setattr(fit, "_N_MEMBERS", 1)
    rng = np.random.default_rng(5)
    samples = []
    for i in range(40):
        features = rng.standard_normal((6, len(tempo_weights.NAMES)))
        right = features[:, 5] == features[:, 5].max()
        samples.append(fit.Sample(f"piece {i}", features, right, right, np.arange(6) * 20.0 + 80))
    everything = np.concatenate([s.features for s in samples])
    ranking = fit.fitted(samples, everything.mean(axis=0), everything.std(axis=0))
    assert fit.judged(samples, ranking)[0] > 0.95
    path = tmp_path / "written_weights.py"
    path.write_text(fit.text(tempo_weights.NAMES, ranking), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("written_weights", path)
    written = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "written_weights", written)
    spec.loader.exec_module(written)
    assert written.RANKING.of(everything) == pytest.approx(ranking.of(everything), abs=0.1)


def test_half_and_double_come_before_other_tempos():
    found = [Reading(2.0, 0.1, 5.0), Reading(3.0, 0.1, 4.0), Reading(1.0, 0.1, 3.9)]
    found += [Reading(4.0, 0.1, 3.5), Reading(2.0, 0.35, 1.0)]
    ordered = in_order(tempos_in(found), 8)
    assert [r.beat_hz for r in ordered] == [2.0, 1.0, 4.0, 2.0, 3.0]
    assert ordered[3].phase_s == pytest.approx(0.35)

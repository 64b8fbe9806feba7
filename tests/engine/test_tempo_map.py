import numpy as np
import pytest

from chartstudio.audio.decode import Audio
from chartstudio.core.job import Progress, run
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine.beats import find_tempo
from chartstudio.engine.onsets import Onsets
from chartstudio.engine.requests import Tempo, TempoAnchor, TimingRequest
from chartstudio.engine.tempo_follow import exact_pulse, explained, rough_pulse, unrest
from chartstudio.engine.tempo_map import Lines, confidences, fewest_lines, fitted, tolerances
from chartstudio.engine.tempo_rank import Heard
from chartstudio.engine.timing_bench import changing, loops, measure, nothing


def exhausted(steps):
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def repeat(*parts, start_s=1.0):
    lengths = np.concatenate([np.full(int(n), period) for n, period in parts])
    return start_s + np.concatenate(([0.0], np.cumsum(lengths)))


def lines_of(beats_s, tolerance_s=0.007):
    return exhausted(fewest_lines(beats_s, np.full(len(beats_s), tolerance_s)))


def onsets_at(times_s):
    n = len(times_s)
    return Onsets(np.asarray(times_s, dtype=np.float64), np.ones(n), np.ones((n, 3)))


def heard_at(times_s, beats_s=()):
    """Sounds at some times, of which the network holds some for beats."""
    pulses_s = np.arange(0.0, times_s[-1] + 2, 0.02)
    odds = np.full(len(pulses_s), -4.0)
    odds[np.searchsorted(pulses_s, beats_s)] = 3.0
    flat = np.ones(len(pulses_s))
    return Heard(onsets_at(times_s), pulses_s, flat, flat, pulses_s, odds)


def test_a_kept_tempo_is_one_line():
    lines = lines_of(repeat((300, 0.5)))
    assert lines.beats.tolist() == [0, 300]


def test_small_errors_of_beats_need_no_anchor():
    beats_s = repeat((300, 0.5)) + np.random.default_rng(1).uniform(-0.004, 0.004, 301)
    assert lines_of(beats_s).beats.tolist() == [0, 300]


def test_a_step_is_one_anchor_where_it_is():
    lines = lines_of(repeat((64, 0.5), (80, 0.42)))
    assert len(lines.beats) == 3
    assert abs(lines.beats[1] - 64) <= 1
    assert lines.at(np.array([100.0]))[0] == pytest.approx(1 + 64 * 0.5 + 36 * 0.42, abs=0.007)


@pytest.mark.parametrize("tolerance_s", [0.004, 0.010])
def test_no_beat_of_a_ramp_lies_outside_its_tolerance(tolerance_s):
    beats_s = 1 + np.cumsum(np.linspace(0.6, 0.4, 120))
    lines = lines_of(beats_s, tolerance_s)
    assert np.abs(lines.at(np.arange(120.0)) - beats_s).max() <= tolerance_s + 1e-9
    assert len(lines.beats) < 25


def test_a_wider_tolerance_takes_fewer_anchors():
    beats_s = 1 + np.cumsum(np.linspace(0.6, 0.4, 120))
    assert len(lines_of(beats_s, 0.02).beats) < len(lines_of(beats_s, 0.003).beats)


def test_loose_onsets_widen_the_tolerance_up_to_a_limit():
    found = tolerances(np.array([0.0, 0.005, 1.0, np.inf]))
    assert np.all(np.diff(found) >= 0)
    assert found[0] < 0.008
    assert found[-1] == found[-2] == pytest.approx(0.030)


def test_lines_run_on_and_turn_round():
    lines = Lines(np.array([0, 10, 20]), np.array([1.0, 6.0, 10.0]))
    at = np.array([-2.0, 0.0, 5.0, 15.0, 25.0])
    assert lines.at(at) == pytest.approx([0.0, 1.0, 3.5, 8.0, 12.0])
    assert lines.number_at(lines.at(at)) == pytest.approx(at)


def test_lines_move_to_the_onsets():
    true = Lines(np.array([0, 40, 80]), np.array([1.0, 21.0, 38.0]))
    onsets = onsets_at(true.at(np.arange(0, 80, 0.5)))
    off = Lines(true.beats, true.times_s + np.array([0.003, -0.004, 0.005]))
    assert fitted(onsets, off, 4).times_s == pytest.approx(true.times_s, abs=0.0006)


def test_a_stretch_that_does_not_fit_has_no_confidence():
    lines = Lines(np.array([0, 40, 80]), np.array([1.0, 21.0, 41.0]))
    rng = np.random.default_rng(3)
    times_s = np.concatenate((1 + np.arange(80) * 0.25, np.sort(rng.uniform(21, 41, 80))))
    sure = confidences(onsets_at(times_s), lines, 4)
    assert sure[0] > 0.95
    assert sure[1] < 0.3


@pytest.mark.parametrize("period_s", [0.42, 0.5, 0.57])
def test_a_pulse_is_followed_through_a_ramp(period_s):
    true_s = 1 + np.cumsum(np.linspace(0.55, 0.45, 120))
    times_s = np.sort(np.concatenate((true_s, (true_s[1:] + true_s[:-1]) / 2)))
    onsets = onsets_at(times_s)
    pulse, spread_s = exact_pulse(onsets, exhausted(rough_pulse(heard_at(times_s), period_s)))
    away_s = np.abs(pulse.beats_s[:, None] - onsets.times_s[None]).min(axis=1)
    assert np.percentile(away_s, 95) < 0.004
    assert np.median(spread_s) < 0.003
    assert explained(onsets, pulse) > 0.95
    assert unrest(pulse) < 0.1


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_pulses_the_one_is_followed_that_the_network_hears(first):
    true_s = 1 + np.cumsum(np.linspace(0.55, 0.45, 120))
    times_s = np.sort(np.concatenate((true_s, (true_s[1:] + true_s[:-1]) / 2)))
    pulse = exhausted(rough_pulse(heard_at(times_s, times_s[first::2]), 0.5))
    away_s = np.abs(pulse.beats_s[4:-4, None] - times_s[None, first::2]).min(axis=1)
    assert away_s.max() < 0.05


def find(song, **how):
    return run(find_tempo(TimingRequest(Audio(song.samples[None], song.rate_hz, ""), **how)))


def beat_errors_s(tempo, song):
    timing = tempo.timing()
    ticks = np.arange(0, timing.tick_at(song.duration_s), TICKS_PER_BEAT, dtype=np.int64)
    judged = measure.changing(song.truth, song.duration_s - 1, timing.seconds_at(ticks), 0)
    return judged.errors_s


def test_a_step_in_a_song_is_found():
    truth = changing.of_tempos(np.repeat((120.0, 138.0), (60, 90)), 0.7)
    song = loops.loop("step", truth, 62.0, loops.ROCK)
    found = find(song, variable=True)
    assert 2 <= len(found.anchors) <= 4
    assert np.percentile(beat_errors_s(found, song), 95) < 0.005
    assert found.anchors[0].tick == 0
    assert all(a.tick % TICKS_PER_BEAT == 0 for a in found.anchors)
    assert all(0 < a.confidence <= 1 for a in found.anchors)
    assert "anchors" in found.message


def test_a_ramp_in_a_song_is_followed():
    bpms = np.concatenate((np.full(30, 110.0), np.linspace(110, 140, 40), np.full(40, 140.0)))
    song = loops.loop("ramp", changing.of_tempos(bpms, 0.7), 50.0, loops.ROCK)
    assert np.percentile(beat_errors_s(find(song, variable=True), song), 95) < 0.015


def test_a_tempo_that_stays_is_one_anchor_whether_changes_are_asked_for_or_not():
    song = loops.loop("steady", TimingMap.constant(131.37, 0.4), 50.0, loops.ROCK)
    plain, variable = find(song), find(song, variable=True)
    assert plain == variable
    best = plain.candidates[0]
    assert plain.anchors == (TempoAnchor(0, best.offset_s, best.bpm, best.meter, best.score),)


@pytest.mark.parametrize("kind", ["white noise", "pad", "rain", "one voice", "scattered notes"])
def test_changes_are_not_made_up(kind):
    found = find(nothing.sound(f"test of {kind}", kind), variable=True)
    assert found.anchors == ()
    assert found.candidates == ()
    assert found.message


def test_following_can_be_watched_and_left():
    truth = changing.of_tempos(np.repeat((120.0, 138.0), (30, 40)), 0.7)
    song = loops.loop("watched", truth, 30.0, loops.ROCK)
    request = TimingRequest(Audio(song.samples[None], song.rate_hz, ""), variable=True)
    done = []
    run(find_tempo(request), lambda p: done.append(p.done))
    assert done == sorted(done)
    assert done[-1] <= 1
    assert len(done) > 30
    job = find_tempo(request)
    assert isinstance(next(job), Progress)
    job.close()


def test_anchors_are_a_timing_map():
    anchors = (
        TempoAnchor(0, 0.5, 120.0, 3, 0.9),
        TempoAnchor(6 * TICKS_PER_BEAT, 3.5, 100.0, 3, 0.4),
    )
    timing = Tempo((), "", anchors).timing()
    assert timing.seconds_at(6 * TICKS_PER_BEAT) == 3.5
    assert timing.measure_start(2) == 3 * TICKS_PER_BEAT
    assert timing.bpm_at(7 * TICKS_PER_BEAT) == 100.0
    assert Tempo(()).timing() is None

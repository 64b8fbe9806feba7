import numpy as np
import pytest

from chartstudio.core.errors import EngineError
from chartstudio.engine import beat_net, onsets
from chartstudio.engine.beat_net import FRAME_HZ, N_CHANNELS, features, listen


def exhausted(steps):
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def drums(bpm, offset_s, seconds, rate_hz=22_050):
    """Kick on 1 and 3, snare on 2 and 4, hats on eighths, chords that change with the bar."""
    rng = np.random.default_rng(5)
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    samples = rng.standard_normal(len(t)) * 1e-4
    beat_s = 60 / bpm
    for k in range(int((seconds - offset_s - 0.3) / beat_s * 2)):
        first = int((offset_s + k * beat_s / 2) * rate_hz)
        local = t[: int(0.25 * rate_hz)]
        hit = 0.1 * rng.standard_normal(len(local)) * np.exp(-local / 0.02)
        if k % 4 == 0:
            hit += 0.9 * np.sin(2 * np.pi * 55 * local) * np.exp(-local / 0.08)
        if k % 4 == 2:
            hit += 0.5 * rng.standard_normal(len(local)) * np.exp(-local / 0.06)
        samples[first : first + len(local)] += hit[: len(samples) - first]
    for m, start_s in enumerate(np.arange(offset_s, seconds - 4 * beat_s, 4 * beat_s)):
        inside = (t >= start_s) & (t < start_s + 4 * beat_s)
        for ratio in (1, 1.25, 1.5):
            samples[inside] += 0.05 * np.sin(2 * np.pi * (220, 262, 196)[m % 3] * ratio * t[inside])
    return samples.astype(np.float32)


def heard(samples, rate_hz=22_050, start_s=0.0):
    return exhausted(onsets.novelty(samples, rate_hz, start_s))


def test_a_click_is_a_rise_in_its_own_frame():
    samples = np.random.default_rng(0).standard_normal(22_050 * 4).astype(np.float32) * 1e-3
    samples[2 * 22_050 : 2 * 22_050 + 200] += 0.5
    found = features(heard(samples))
    assert found.shape[1] == N_CHANNELS
    rises = found[:, N_CHANNELS // 2 :].sum(axis=1)
    assert abs(int(rises.argmax()) - 2 * FRAME_HZ) <= 1


def test_the_sample_rate_is_not_heard():
    low = drums(120.0, 0.5, 12.0)
    # Every sample twice over, and smoothed: the same sound but for the highest tones.
    high = np.convolve(np.repeat(low, 2), (0.25, 0.5, 0.25), "same").astype(np.float32)
    a, b = features(heard(low)), features(heard(high, 44_100))
    n = min(len(a), len(b))
    middle = slice(2, 24)
    agree = np.corrcoef(a[:n, middle].ravel(), b[:n, middle].ravel())[0, 1]
    assert agree > 0.98


@pytest.mark.parametrize(("bpm", "offset_s"), [(128.0, 0.31), (95.0, 0.7)])
def test_beats_and_downbeats_of_a_drum_loop(bpm, offset_s):
    pulses = exhausted(listen(heard(drums(bpm, offset_s, 40.0))))
    beats = offset_s + np.arange(4, int((38 - offset_s) * bpm / 60)) * 60 / bpm

    def odds(curve, at_s):
        frame = np.rint(at_s * FRAME_HZ).astype(int)
        return np.max([curve[frame + k] for k in (-1, 0, 1)], axis=0)

    assert np.median(odds(pulses.beat, beats)) > 0
    assert np.median(odds(pulses.beat, beats + 30 / bpm)) < -1
    others = np.concatenate([beats[k::4] for k in (1, 2, 3)])
    assert (
        np.median(odds(pulses.downbeat, beats[::4])) > np.median(odds(pulses.downbeat, others)) + 2
    )


def test_times_follow_the_start():
    samples = drums(120.0, 0.5, 20.0)
    pulses = exhausted(listen(heard(samples, start_s=30.0)))
    assert pulses.times_s[0] == 30.0
    assert len(pulses.times_s) == len(pulses.beat) == len(pulses.downbeat)


def test_missing_weights_are_an_error_of_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(beat_net.paths, "shipped_models", lambda: tmp_path)
    beat_net._net.cache_clear()
    with pytest.raises(EngineError, match="cannot be read") as error:
        exhausted(listen(heard(drums(120.0, 0.5, 5.0))))
    assert "\n" not in str(error.value)
    beat_net._net.cache_clear()

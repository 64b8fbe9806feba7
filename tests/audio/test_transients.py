import numpy as np
import pytest

from chartstudio.audio.transients import nearest_transient

RATE_HZ = 44_100


def quiet(seconds=1.0, level=0.001):
    noise = np.random.default_rng(1).normal(0, level, (2, round(seconds * RATE_HZ)))
    return noise.astype(np.float32)


def add_drum(samples, at_s, level=0.5, attack_s=0.0005):
    """A decaying burst with a tone below it."""
    at = round(at_s * RATE_HZ)
    t = np.arange(min(8000, samples.shape[1] - at)) / RATE_HZ
    sound = np.random.default_rng(2).normal(0, 0.4, len(t)) + np.sin(2 * np.pi * 90 * t)
    sound *= np.exp(-t / 0.05) * np.minimum(t / attack_s, 1) * level
    samples[:, at : at + len(t)] += sound.astype(np.float32)
    return samples


@pytest.mark.parametrize("off_s", [-0.035, -0.01, 0.0, 0.01, 0.035])
def test_a_hit_is_found_to_a_millisecond_wherever_the_line_is(off_s):
    samples = add_drum(quiet(), 0.5)
    assert nearest_transient(samples, RATE_HZ, 0.5 + off_s) == pytest.approx(0.5, abs=0.001)


def test_a_single_click_is_found_to_the_sample():
    samples = np.zeros((1, RATE_HZ), np.float32)
    samples[0, 22_050] = 0.9
    assert nearest_transient(samples, RATE_HZ, 0.52) == 0.5


def test_over_a_bass_that_hums_the_hit_wins():
    t = np.arange(RATE_HZ) / RATE_HZ
    hum = 0.3 * np.sin(2 * np.pi * 55 * t).astype(np.float32)
    samples = add_drum(quiet() + hum, 0.5, level=0.3)
    assert nearest_transient(samples, RATE_HZ, 0.48) == pytest.approx(0.5, abs=0.001)


def test_the_louder_of_two_is_taken_and_reach_is_kept():
    samples = add_drum(add_drum(quiet(), 0.49, level=0.05), 0.53)
    assert nearest_transient(samples, RATE_HZ, 0.5) == pytest.approx(0.53, abs=0.001)
    assert nearest_transient(samples, RATE_HZ, 0.5, 0.02) == pytest.approx(0.49, abs=0.001)


def test_where_nothing_sets_in_there_is_none():
    assert nearest_transient(quiet(), RATE_HZ, 0.5) is None
    assert nearest_transient(np.zeros((2, RATE_HZ), np.float32), RATE_HZ, 0.5) is None
    t = np.arange(RATE_HZ) / RATE_HZ
    pad = np.atleast_2d(0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    assert nearest_transient(pad, RATE_HZ, 0.5) is None


def test_the_edges_of_the_song_are_silence():
    samples = add_drum(quiet(0.3, 0.0), 0.0)
    assert nearest_transient(samples, RATE_HZ, 0.01) == pytest.approx(0.0, abs=0.001)
    assert nearest_transient(samples, RATE_HZ, -1.0) is None
    assert nearest_transient(samples, RATE_HZ, 5.0) is None
    assert nearest_transient(np.zeros((2, 0), np.float32), RATE_HZ, 0.0) is None

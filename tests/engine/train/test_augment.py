import numpy as np
import pytest

from chartstudio.engine.train import augment
from chartstudio.engine.train.synthesis import RATE_HZ

STEPS = [step for _, step in augment._STEPS]


def bursts(n_samples=12 * RATE_HZ, seed=0):
    """Struck noises at random times; returns samples and onsets."""
    rng = np.random.default_rng(seed)
    samples = np.zeros(n_samples, dtype=np.float32)
    onsets = np.arange(2000, n_samples - 4000, 9000) + rng.integers(0, 3000)
    for onset in onsets:
        hit = rng.standard_normal(2500) * np.exp(-np.arange(2500) / 400)
        samples[onset : onset + 2500] += hit.astype(np.float32)
    return samples / np.abs(samples).max(), onsets


def lag(a, b):
    n = 2 * len(a)
    match = np.fft.irfft(np.fft.rfft(a, n) * np.conj(np.fft.rfft(b, n)), n)
    found = int(np.argmax(match))
    return found if found < n // 2 else found - n


@pytest.mark.parametrize("step", STEPS, ids=lambda s: s.__name__)
@pytest.mark.parametrize("seed", range(4))
def test_no_step_moves_a_sound(step, seed):
    samples, onsets = bursts()
    changed = step(samples, np.random.default_rng(seed))
    assert changed.shape == samples.shape
    assert changed.dtype == np.float32
    assert not np.array_equal(changed, samples)
    assert abs(lag(changed, samples)) <= 1
    # Also locally: the energy of each hit starts where it did.
    power = np.convolve(changed.astype(np.float64) ** 2, np.ones(64) / 64, "same")
    for onset in onsets:
        around = power[onset - 1000 : onset + 1000]
        assert around[1100:1600].mean() > 3 * around[:800].mean()


@pytest.mark.parametrize("seed", range(6))
def test_variants_follow_the_generator_and_stay_in_range(seed):
    samples, _ = bursts(4 * RATE_HZ)
    first, again, other = (
        augment.augment(samples, np.random.default_rng(s)) for s in (seed, seed, seed + 100)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dtype == np.float32
    assert np.abs(first).max() <= 1.0
    assert np.all(np.isfinite(first))


@pytest.mark.parametrize("step", [*STEPS, augment.augment], ids=lambda s: s.__name__)
def test_silence_stays_finite(step):
    quiet = step(np.zeros(RATE_HZ, dtype=np.float32), np.random.default_rng(0))
    assert np.all(np.isfinite(quiet))
    assert np.abs(quiet).max() < 1e-3


def test_nothing_stays_nothing():
    assert len(augment.augment(np.zeros(0, dtype=np.float32), np.random.default_rng(0))) == 0


def test_compression_narrows_the_range():
    samples, _ = bursts()
    samples[: len(samples) // 2] *= 0.1
    changed = augment.compress(samples, np.random.default_rng(2))

    def ratio(x):
        half = len(x) // 2
        return np.sqrt(np.mean(x[half:] ** 2) / np.mean(x[:half] ** 2))

    assert ratio(changed) < 0.7 * ratio(samples)

"""Rates measured on what comes out: places, pitch, loudness, seams."""

import numpy as np
import pytest
from made_songs import RATE_HZ

from chartstudio.audio import stretch as module
from chartstudio.audio.stretch import StretchCache, Stretched, stretch, stretch_job
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import run

RATES = (0.25, 0.4, 0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2.0)


def clicks_in(duration_s, n_clicks, n_channels=1):
    """Silence with single loud samples, at least 150 ms apart and off any grid."""
    rng = np.random.default_rng(7)
    n_samples = int(duration_s * RATE_HZ)
    at = np.linspace(3000, n_samples - 9000, n_clicks).astype(int)
    at += rng.integers(0, 2500, n_clicks)
    samples = np.zeros((n_channels, n_samples), np.float32)
    samples[:, at] = 0.9
    return samples, at


@pytest.mark.parametrize("rate", RATES)
def test_a_click_lands_within_a_millisecond(rate):
    samples, clicks = clicks_in(8, 30)
    out = abs(stretch(samples, RATE_HZ, rate)[0])
    for click in clicks:
        near = round(click / rate)
        first = max(0, near - 2500)
        found = first + int(out[first : near + 2500].argmax())
        assert abs(found - click / rate) / RATE_HZ < 1e-3


@pytest.mark.parametrize("rate", [0.77, 1.13])
def test_nothing_drifts_in_a_long_song(rate):
    samples = np.zeros((1, 150 * RATE_HZ), np.float32)
    click = 149 * RATE_HZ + 77
    samples[0, click] = 0.9
    out = Stretched(samples, RATE_HZ, rate)
    out.fill(out.next_missing(click / RATE_HZ))
    assert abs(abs(out.samples[0]).argmax() - click / rate) / RATE_HZ < 1e-3


@pytest.mark.parametrize("rate", RATES)
def test_length_and_channels(rate):
    samples, _ = clicks_in(3.21, 5, n_channels=2)
    assert stretch(samples, RATE_HZ, rate).shape == (2, round(samples.shape[1] / rate))


def test_full_speed_is_the_song_itself():
    samples, _ = clicks_in(1, 2)
    assert stretch(samples, RATE_HZ, 1.0) is samples


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_keeps_its_pitch_and_has_no_seams(rate):
    t = np.arange(8 * RATE_HZ) / RATE_HZ
    tone = (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)[None]
    out = stretch(tone, RATE_HZ, rate)[0, 6000:-6000]
    spectrum = abs(np.fft.rfft(out * np.hanning(len(out))))
    assert spectrum.argmax() * RATE_HZ / len(out) == pytest.approx(440, abs=0.5)
    loudness = np.sqrt(np.square(out[: len(out) // 512 * 512].reshape(-1, 512)).mean(axis=1))
    assert loudness.max() < 1.1 * 0.5 / np.sqrt(2)
    assert loudness.min() > 0.7 * 0.5 / np.sqrt(2)  # opposed phases in a plain fade: below 0.3
    assert abs(np.diff(out)).max() < 1.1 * abs(np.diff(tone)).max()


def test_chunks_may_come_in_any_order():
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.1, (2, 6 * RATE_HZ)).astype(np.float32)
    straight = Stretched(samples, RATE_HZ, 0.75)
    while (chunk := straight.next_missing()) is not None:
        straight.fill(chunk)
    shuffled = Stretched(samples, RATE_HZ, 0.75)
    n_chunks = -(-shuffled.samples.shape[1] // shuffled._n_chunk)
    for chunk in rng.permutation(n_chunks):
        shuffled.fill(int(chunk))
    assert shuffled.share == 1
    assert np.array_equal(straight.samples, shuffled.samples)
    assert not straight._heads.keys() & straight._overruns.keys()


def test_what_is_missing_is_asked_for_from_the_playhead_on():
    out = Stretched(np.zeros((1, 10 * RATE_HZ), np.float32), RATE_HZ, 0.5)
    here = out.next_missing(5.0)
    order = []
    while (chunk := out.next_missing(5.0)) is not None:
        order.append(chunk)
        out.fill(chunk)
    assert here * out._n_chunk <= 10 * RATE_HZ < (here + 1) * out._n_chunk
    assert order == [*range(here, len(order)), *range(here)]
    assert out.next_missing(99.0) is None


def test_a_song_shorter_than_a_chunk():
    for n_samples in (1, 100, 8820):
        out = stretch(np.full((1, n_samples), 0.1, np.float32), RATE_HZ, 0.5)
        assert out.shape == (1, 2 * n_samples)
        assert np.isfinite(out).all()
    assert stretch(np.zeros((1, 0), np.float32), RATE_HZ, 0.5).shape == (1, 0)


@pytest.mark.parametrize("rate", [0.24, 2.01, 0.0, -1.0, float("nan")])
def test_rates_that_cannot_be_played(rate):
    with pytest.raises(ChartStudioError, match="25 to 200 %"):
        stretch(np.zeros((1, 100), np.float32), RATE_HZ, rate)


def test_a_song_too_long_for_memory(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    with pytest.raises(ChartStudioError, match="too long"):
        Stretched(np.zeros((1, 200), np.float32), RATE_HZ, 0.5)


def test_a_job_reports_and_can_be_closed():
    samples, _ = clicks_in(6, 5)
    shares = [step.done for step in stretch_job(samples, RATE_HZ, 0.5)]
    assert len(shares) == 10
    assert shares == sorted(shares)
    assert shares[-1] == 1
    job = stretch_job(samples, RATE_HZ, 0.5)
    next(job)
    job.close()
    assert np.array_equal(run(stretch_job(samples, RATE_HZ, 0.5)), stretch(samples, RATE_HZ, 0.5))


def test_the_cache_keeps_the_last_rates(monkeypatch):
    cache = StretchCache(np.zeros((1, 1000), np.float32), RATE_HZ, max_results=2)
    half = cache.get(0.5)
    cache.get(0.75)
    assert cache.get(0.5) is half
    cache.get(2.0)
    assert cache.get(0.5) is half  # 0.75 was the one that had to go
    monkeypatch.setattr(module, "MAX_BYTES", 16_000)
    slow = cache.get(0.25)  # fills the memory alone
    assert cache.get(0.25) is slow
    assert cache.get(0.5) is not half

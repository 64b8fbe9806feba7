"""The pyramid against a plain loop over samples, at every zoom."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_songs import RATE_HZ

from chartstudio.audio.peaks import Peaks, peaks_job
from chartstudio.core.job import run

NOISE = np.random.default_rng(5).normal(0, 0.3, (2, 50_021)).astype(np.float32)
PEAKS = Peaks.of(NOISE, RATE_HZ)


def plain_column(samples, left, right):
    """Extremes of the polyline between two fractional sample positions, and the rms."""
    n = samples.shape[1]
    if left >= n or right <= 0:
        return 0.0, 0.0, 0.0
    left, right = (min(max(x, 0), n - 1) for x in (left, right))
    ends = np.array([[np.interp(x, np.arange(n), c) for x in (left, right)] for c in samples])
    inner = samples[:, int(np.ceil(left)) : int(np.floor(right)) + 1]
    every = np.concatenate([ends, inner], axis=1)
    power = np.square(inner if inner.size else ends.mean(axis=1)).mean()
    return every.min(), every.max(), np.sqrt(power)


@given(
    start=st.floats(-0.3, 1.2),
    log_length=st.floats(-5, 0.4),
    n_columns=st.integers(1, 12),
)
@settings(max_examples=150, deadline=None)
def test_columns_are_exact_at_every_zoom(start, log_length, n_columns):
    end = start + 10**log_length
    view = PEAKS.view(start, end, n_columns)
    edges = np.linspace(start, end, n_columns + 1) * RATE_HZ
    for k in range(n_columns):
        low, high, rms = plain_column(NOISE, edges[k], edges[k + 1])
        assert view.low[k] == pytest.approx(low, abs=2e-5)
        assert view.high[k] == pytest.approx(high, abs=2e-5)
        assert view.rms[k] == pytest.approx(rms, rel=1e-3, abs=1e-4)


def test_one_sample_shows_in_its_column_and_in_no_other():
    samples = np.zeros((1, 60 * RATE_HZ), np.float32)
    samples[0, 1_234_567] = 1
    view = Peaks.of(samples, RATE_HZ).view(0, 60, 977)
    column = int(1_234_567 / RATE_HZ / 60 * 977)
    assert np.flatnonzero(view.high == 1).tolist() == [column]
    assert not view.low.any()


def test_neighbouring_columns_join():
    """Drawn as vertical strokes the waveform has no gaps, zoomed in or out."""
    for length_s in (0.0002, 0.002, 0.02, 0.2):
        view = PEAKS.view(0.3, 0.3 + length_s, 300)
        assert (view.low[1:] <= view.high[:-1] + 1e-6).all()
        assert (view.high[1:] >= view.low[:-1] - 1e-6).all()


def test_zoomed_in_beyond_samples_the_line_appears():
    samples = np.array([[0, 1, -1, 0.5]], np.float32)
    view = Peaks.of(samples, 1000).view(0, 0.003, 30)
    middle = (view.low + view.high) / 2
    expected = np.interp(np.arange(30) / 10 + 0.05, np.arange(4), samples[0])
    assert np.allclose(middle, expected, atol=1e-4)
    assert (view.high - view.low < 0.21).all()


def test_beyond_the_song_there_is_nothing():
    view = PEAKS.view(-1, 3, 400)
    edges_s = np.linspace(-1, 3, 401)
    outside = (edges_s[1:] <= 0) | (edges_s[:-1] >= NOISE.shape[1] / RATE_HZ)
    assert not view.low[outside].any()
    assert not view.high[outside].any()
    assert view.rms[~outside].all()


@pytest.mark.parametrize("n_samples", [0, 1, 15, 16, 17, 33, 8820])
def test_songs_of_any_length(n_samples):
    samples = np.full(n_samples, 0.5, np.float32)
    view = Peaks.of(samples, RATE_HZ).view(0, 0.2, 10)
    assert np.isfinite(view).all()
    if n_samples == 8820:
        assert (view.high == 0.5).all()
        assert np.allclose(view.rms, 0.5)


def test_mono_is_one_channel():
    mono, stereo = Peaks.of(NOISE[0], RATE_HZ), Peaks.of(NOISE[:1], RATE_HZ)
    assert np.array_equal(mono.view(0, 1, 50), stereo.view(0, 1, 50))


def test_the_pyramid_is_built_in_steps():
    samples = np.zeros((1, 8_000_000), np.float32)
    shares = [step.done for step in peaks_job(samples, RATE_HZ)]
    assert len(shares) >= 4
    assert shares[-1] == 1
    assert run(peaks_job(samples, RATE_HZ)).samples is samples

"""Where sounds start, by the millisecond: novelty over time, and exact onset times.

Both are for finding tempos; the network hears through `features`. This module knows nothing
of beats.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

FRAME_HZ = 400.0
"""Novelty values per second."""

BANDS_HZ = ((30.0, 180.0), (180.0, 2500.0), (2500.0, 11_000.0))
"""Kick and bass; voices and snare; hi-hats and attacks."""

_WINDOW_S = 0.023
_N_BLOCK = 2048
_BINS_PER_OCTAVE = 4


@dataclass(frozen=True, slots=True, eq=False)
class Novelty:
    """How much starts at each moment.

    Attributes
    ----------
    bands : ndarray, shape (T, 3), float32
        Rise of log energy by `BANDS_HZ`; frame ``i`` belongs to second ``start_s + i *
        hop_s``.
    colour : ndarray, shape (T, K), float32
        Log energy in quarter-octave steps: what the music sounds like there.
    centres_hz : ndarray, shape (K,)
        The middle of each step.
    start_s, hop_s : float
    """

    bands: NDArray[np.float32]
    colour: NDArray[np.float32]
    centres_hz: NDArray[np.float64]
    start_s: float
    hop_s: float


def novelty(
    samples: NDArray[np.float32], rate_hz: int, start_s: float = 0.0
) -> Generator[float, None, Novelty]:
    """Novelty of a recording, block by block.

    Parameters
    ----------
    samples : ndarray, shape (N,), float32
        Mono.
    rate_hz : int
    start_s : float
        Time of the first sample.

    Yields
    ------
    float
        Share done, 0 to 1.

    Returns
    -------
    Novelty
    """
    hop = max(round(rate_hz / FRAME_HZ), 1)
    size = scipy.fft.next_fast_len(round(_WINDOW_S * rate_hz), real=True)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    edges, centres_hz = _filters(size, rate_hz)
    group = np.searchsorted([high for _, high in BANDS_HZ[:-1]], centres_hz)
    n_frames = -(-len(samples) // hop)
    padded = np.pad(samples, (size // 2, size + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    energy = np.empty((n_frames, len(centres_hz)), dtype=np.float32)
    for first in range(0, n_frames, _N_BLOCK):
        last = min(first + _N_BLOCK, n_frames)
        spectrum = scipy.fft.rfft(frames[first:last] * window, axis=1, workers=2)
        power = spectrum.real**2 + spectrum.imag**2
        energy[first:last] = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
        yield last / n_frames
    # A floor 50 dB under each band's loud passages keeps hiss and silence from counting.
    loud = np.quantile(energy[:: max(n_frames // 20_000, 1)], 0.995, axis=0)
    colour = np.log(energy + 1e-5 * loud + 1e-5 * float(loud.max()) + 1e-20)
    yield 1.0
    rise = np.zeros_like(colour)
    # Over 7 ms: a struck sound rises through the window within some 10 ms.
    rise[1:-2] = np.maximum(colour[3:] - colour[:-3], 0.0)
    bands = np.stack([rise[:, group == g].sum(axis=1) for g in range(len(BANDS_HZ))], axis=1)
    yield 1.0
    return Novelty(bands, colour, centres_hz, start_s, hop / rate_hz)


def _filters(size: int, rate_hz: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """First FFT bin of each quarter-octave step (and where the last ends), and its middle."""
    low_hz, high_hz = BANDS_HZ[0][0], min(BANDS_HZ[-1][1], 0.48 * rate_hz)
    n_steps = int(np.log2(high_hz / low_hz) * _BINS_PER_OCTAVE)
    borders_hz = low_hz * 2.0 ** (np.arange(n_steps + 1) / _BINS_PER_OCTAVE)
    edges = np.unique(np.maximum(np.rint(borders_hz * size / rate_hz).astype(np.int64), 1))
    centres_hz = (edges[:-1] + edges[1:] - 1) / 2 * rate_hz / size
    return edges, centres_hz


# Onsets --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Onsets:
    """Starts of sounds.

    Attributes
    ----------
    times_s : ndarray, shape (N,)
        Sorted.
    weights : ndarray, shape (N,)
        How clearly each stands out; 1 is a typical loud one.
    bands : ndarray, shape (N, 3)
        Novelty there by `BANDS_HZ`.
    """

    times_s: NDArray[np.float64]
    weights: NDArray[np.float64]
    bands: NDArray[np.float64]


def salience(found: Novelty) -> NDArray[np.float64]:
    """One curve over time, shape (T,): novelty above its surroundings, evened out.

    Each band counts by how spiky it is, quiet passages nearly as much as loud ones.
    """
    total = np.zeros(len(found.bands))
    for band in found.bands.T.astype(np.float64):
        above = np.maximum(band - _mean_around(band, 0.15, found.hop_s), 0.0)
        total += above / (np.sqrt(np.mean(above**2)) + 1e-3)
    local = np.sqrt(_mean_around(total**2, 4.0, found.hop_s))
    return total / np.sqrt(local * (float(local.mean()) + 1e-9) + 1e-12)


def _mean_around(curve: NDArray[np.float64], reach_s: float, hop_s: float) -> NDArray[np.float64]:
    """Moving average over ``reach_s`` to both sides, shorter at the ends."""
    reach = max(int(reach_s / hop_s), 1)
    total = np.concatenate(([0.0], np.cumsum(curve)))
    at = np.arange(len(curve))
    low, high = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(curve))
    return (total[high] - total[low]) / (high - low)


def pick(
    samples: NDArray[np.float32], rate_hz: int, found: Novelty, curve: NDArray[np.float64]
) -> Generator[float, None, Onsets]:
    """Peaks of the salience, timed on the waveform.

    Parameters
    ----------
    samples : ndarray, shape (N,), float32
        What `found` was made from.
    rate_hz : int
    found : Novelty
    curve : ndarray, shape (T,)
        Its `salience`.

    Yields
    ------
    float
        Share done, 0 to 1.

    Returns
    -------
    Onsets
    """
    reach = max(int(0.025 / found.hop_s), 1)
    padded = np.pad(curve, reach)
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1)
    peaks = np.flatnonzero((curve >= highest) & (curve > 0))
    # A typical loud onset: the strongest ones, one per second of sound.
    n_loud = max(round(len(curve) * found.hop_s), 1)
    loud = float(np.sort(curve[peaks])[-n_loud:].mean()) if len(peaks) else 1.0
    peaks = peaks[curve[peaks] > 0.05 * loud]
    rough = peaks * found.hop_s
    exact = yield from _exact(samples, rate_hz, rough)
    order = np.argsort(exact, kind="stable")
    around = found.bands[np.clip(peaks, 0, len(found.bands) - 1)].astype(np.float64)
    weights = np.minimum(curve[peaks] / loud, 1.5)
    return Onsets(found.start_s + exact[order], weights[order], around[order])


_FINE_S = 0.006
_FINE_HOP_S = 0.0007
_SEARCH_S = 0.022
_EARLY_S = 0.0019
"""By how much the steepest growth is seen before a click starts: it enters the window
from the side. With it, clicks are found where they are to 0.1 ms."""


def _exact(
    samples: NDArray[np.float32], rate_hz: int, rough_s: NDArray[np.float64]
) -> Generator[float, None, NDArray[np.float64]]:
    """Onset times on the waveform: where a 6 ms spectrum grows fastest near each rough time.

    Magnitudes are compressed to their square root, so that a click over a bass counts.
    """
    if not len(rough_s):
        return rough_s
    size = scipy.fft.next_fast_len(max(round(_FINE_S * rate_hz), 16), real=True)
    hop = max(round(_FINE_HOP_S * rate_hz), 1)
    lag = max(round(0.003 * rate_hz / hop), 1)
    n_steps = int(2 * _SEARCH_S * rate_hz / hop) + lag
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    centre = np.rint(rough_s * rate_hz).astype(np.int64)
    first = centre - (n_steps * hop) // 2
    margin = n_steps * hop + size
    padded = np.pad(samples, margin)
    exact = np.empty(len(rough_s))
    at = np.arange(n_steps)[:, None] * hop + np.arange(size) - size // 2 + margin
    for low in range(0, len(first), 64):
        part = padded[first[low : low + 64, None, None] + at]
        spectrum = np.abs(scipy.fft.rfft(part * window, axis=2, workers=2))
        level = np.sqrt(spectrum).sum(axis=2)
        rise = np.maximum(level[:, lag:] - level[:, :-lag], 0.0)
        best = rise.argmax(axis=1)
        # The centre of the steep stretch, which noise moves less than its top does.
        steps = np.arange(rise.shape[1])
        near = np.abs(steps - best[:, None]) * hop <= 0.0025 * rate_hz
        weight = np.where(near, rise**2, 0.0) + 1e-12 * near
        mean = (weight * steps).sum(axis=1) / weight.sum(axis=1)
        at_s = (first[low : low + 64] + (mean + lag / 2) * hop) / rate_hz
        exact[low : low + 64] = at_s + _EARLY_S
        yield low / len(first)
    return exact


def clear_span(onsets: Onsets) -> tuple[float, float]:
    """Time of the first clear onset and of the last of all, in seconds."""
    clear = onsets.times_s[onsets.weights > 0.3]
    first_s = float(clear[0]) if len(clear) else float(onsets.times_s[0])
    return first_s, float(onsets.times_s[-1])

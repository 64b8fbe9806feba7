"""Where a sound sets in: the steepest rise of energy near a time.

Looks at a tenth of a second of samples at a time, for lines that are pulled to what is heard.
Knows samples; knows no beats, and is no onset detector for whole songs.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

REACH_S = 0.040
"""How far from a line a transient is looked for, unless told otherwise."""

_AHEAD_S, _BEHIND_S = 0.004, 0.008
"""Time constants of the energy after and before a moment. What comes after counts less the
later it comes, so that the rise is steepest on the very first sample of a sound."""

_MARGIN = 5
"""Time constants that are looked at."""

_BESIDE_S = 0.002
"""A rise is the steepest of its surroundings, so far on either side."""

_BLUR_S = 0.002

_PRE_EMPHASIS = 0.95
"""Takes the bass down, whose waves would each count as a rise."""

_LEAST_RISE = 1e-4
"""Rise of amplitude, full scale 1, below which there is only noise."""

_LEAST_RATIO = 1.4
"""How many times louder than before a sound must set in (3 dB)."""


def nearest_transient(
    samples: NDArray[np.float32], rate_hz: int, near_s: float, reach_s: float = REACH_S
) -> float | None:
    """The time of the steepest rise of energy within reach of a time.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
    rate_hz : int
    near_s : float
    reach_s : float

    Returns
    -------
    float or None
        In seconds, to the sample; None where nothing sets in.
    """
    first = max(round((near_s - reach_s) * rate_hz), 0)
    last = min(round((near_s + reach_s) * rate_hz), samples.shape[1] - 1)
    if last <= first:
        return None
    # Beyond the reach too, or the slope towards a sound outside would be taken for one.
    n_beside = round(_BESIDE_S * rate_hz)
    ahead, behind = _levels(samples, rate_hz, first - n_beside, last + n_beside)
    rise = ahead - behind
    tops = sliding_window_view(rise, 2 * n_beside + 1).max(axis=1)
    inside = slice(n_beside, n_beside + last - first + 1)
    rise, ahead, behind = rise[inside], ahead[inside], behind[inside]
    at = int(np.argmax(np.where(rise >= tops, rise, 0.0)))
    if rise[at] < max(_LEAST_RISE, tops[at]) or ahead[at] < _LEAST_RATIO * behind[at]:
        return None
    return (first + at) / rate_hz


def envelope(
    samples: NDArray[np.float32], rate_hz: int, start_s: float, end_s: float, n_columns: int
) -> NDArray[np.float32]:
    """How crisp the sound is over a stretch: what `nearest_transient` looks at, to be drawn.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
    rate_hz : int
    start_s, end_s : float
        ``start_s < end_s``; may reach beyond the song.
    n_columns : int

    Returns
    -------
    ndarray, shape (n_columns,), float32
        Amplitude without the bass, over two milliseconds; 0 where there is no song.
    """
    half = round(_BLUR_S / 2 * rate_hz)
    edges = np.rint(np.linspace(start_s, end_s, n_columns + 1) * rate_hz).astype(np.int64)
    part = _part(samples, int(edges[0]) - half - 1, int(edges[-1]) + half + 1)
    blur = np.hanning(2 * half + 3)[1:-1]
    smooth = np.convolve(_crisp(part), blur / blur.sum(), "valid")
    found: NDArray[np.float32] = np.maximum.reduceat(np.sqrt(smooth), edges[:-1] - edges[0])
    return found.astype(np.float32)


def _crisp(part: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy without the bass, over all channels; one sample shorter."""
    energy: NDArray[np.float64] = np.square(part[:, 1:] - _PRE_EMPHASIS * part[:, :-1]).mean(axis=0)
    return energy


def _part(samples: NDArray[np.float32], low: int, high: int) -> NDArray[np.float64]:
    """Samples ``[low, high)``; what lies outside the song is silence."""
    n_samples = samples.shape[1]
    inside = samples[:, min(max(low, 0), n_samples) : max(high, 0)].astype(np.float64)
    before = min(max(-low, 0), high - low)
    return np.pad(inside, ((0, 0), (before, high - low - before - inside.shape[1])))


def _levels(
    samples: NDArray[np.float32], rate_hz: int, first: int, last: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How loud it is from each sample on, and how loud it was before it, ends included."""
    n_ahead = round(_MARGIN * _AHEAD_S * rate_hz)
    n_behind = round(_MARGIN * _BEHIND_S * rate_hz)
    low, high = first - n_behind - 1, last + n_ahead
    part = _part(samples, low, high)
    energy = _crisp(part)
    n = last - first + 1
    ahead = _faded(energy[n_behind:], n_ahead, _AHEAD_S * rate_hz)
    behind = _faded(energy[: n_behind + n - 1][::-1], n_behind, _BEHIND_S * rate_hz)
    return np.sqrt(ahead), np.sqrt(behind[::-1])


def _faded(
    energy: NDArray[np.float64], n_samples: int, constant_samples: float
) -> NDArray[np.float64]:
    """Mean energy from each sample on, later ones counting less; only whole windows."""
    weights = np.exp(-np.arange(n_samples) / constant_samples)
    found: NDArray[np.float64] = np.correlate(energy, weights / weights.sum(), "valid")
    return found

"""What a song sounds like, in a few kilobytes: the same for every encoding of one recording.

The signs of differences between neighbouring bands and moments of a smoothed spectrum, 32 of
them eight times a second (the idea of Haitsma and Kalker, "A Highly Robust Audio Fingerprinting
System", ISMIR 2002, with windows of a second in place of 0.37 s, so that a start between two of
them matters little). Two recordings are one where the signs agree at some shift. Another tempo
or another pitch is another song here. Knows samples, no files.
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ = 8000
HOP_S = 0.125
LONGEST_S = 180.0
"""What is listened to from the start on."""

_FRAME = 2048
_STEP = RATE_HZ // 32
_PER_WORD = 4
_SMOOTH = 32
_LOW_HZ, _HIGH_HZ = 200.0, 3400.0
_N_BANDS = 17
_BACK = 16
"""Frames (half a second) between the two moments that are compared."""

_QUIET = 1e-7

Print = NDArray[np.uint32]
"""A fingerprint: one word for each `HOP_S`, shape (W,)."""

MIN_WORDS = 80
"""Ten seconds; less than that is no evidence."""

MAX_ERRORS = 0.26
"""Share of differing signs below which two stretches are one recording. Unrelated ones differ in
about half; the nearest of 120 pairs of real songs, one of them 22 seconds long, in 0.35 of theirs,
and small encodings with another start in up to 0.18."""


def fingerprint(samples: NDArray[np.float32], rate_hz: int) -> Print:
    """The fingerprint of a recording.

    Parameters
    ----------
    samples : ndarray, shape (N,), float32
        Mono.
    rate_hz : int

    Returns
    -------
    ndarray, shape (W,), uint32
        Empty for silence, and for what is shorter than a few seconds.
    """
    heard = samples[: round(LONGEST_S * rate_hz)]
    small = soxr.resample(heard, rate_hz, RATE_HZ) if len(heard) else heard
    if len(small) < _FRAME + (_SMOOTH + _BACK) * _STEP or float(np.abs(small).max()) < 1e-4:
        return np.empty(0, np.uint32)
    bands = _bands(small.astype(np.float32))
    # A running mean: what is short against a second decides nothing.
    total = np.cumsum(np.vstack([np.zeros((1, bands.shape[1])), bands]), axis=0)
    smooth = np.log((total[_SMOOTH:] - total[:-_SMOOTH]) / _SMOOTH + _QUIET)
    tilt = np.diff(smooth, axis=1)
    change = tilt[_BACK:] - tilt[:-_BACK]
    rise = smooth[_BACK:, :-1] - smooth[:-_BACK, :-1]
    signs = np.concatenate([change > 0, rise > 0], axis=1)[::_PER_WORD]
    return np.packbits(signs, axis=1, bitorder="little").view(np.uint32)[:, 0].copy()


def _bands(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Power in bands of equal ratio, shape (T, `_N_BANDS`)."""
    window = np.hanning(_FRAME).astype(np.float32)
    edges_hz = np.geomspace(_LOW_HZ, _HIGH_HZ, _N_BANDS + 1)
    edges = np.unique(np.round(edges_hz * _FRAME / RATE_HZ).astype(int))
    assert len(edges) == _N_BANDS + 1
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_STEP]
    found = np.empty((len(frames), _N_BANDS))
    for first in range(0, len(frames), 256):
        spectrum = np.fft.rfft(frames[first : first + 256] * window, axis=1)
        power = np.abs(spectrum[:, : edges[-1]]) ** 2
        found[first : first + 256] = np.add.reduceat(power, edges[:-1], axis=1)
    return found


def errors(a: Print, b: Print, shift: int) -> tuple[float, int]:
    """Share of differing signs where word ``i`` of ``a`` meets word ``i - shift`` of ``b``.

    Returns
    -------
    share : float
        1 where they do not meet.
    n_words : int
        How many meet.
    """
    start, end = max(0, shift), min(len(a), len(b) + shift)
    if end <= start:
        return 1.0, 0
    different = a[start:end] ^ b[start - shift : end - shift]
    n_bits = int(np.unpackbits(different.view(np.uint8)).sum())
    return n_bits / (32 * (end - start)), end - start


def is_same(a: Print, b: Print, shift: int) -> bool:
    """Whether two recordings are one, near a shift.

    Half of the shorter one must meet the other.
    """
    wanted = max(MIN_WORDS, min(len(a), len(b)) // 2)
    found = [errors(a, b, s) for s in range(shift - 1, shift + 2)]
    return any(n >= wanted and share <= MAX_ERRORS for share, n in found)

"""Percussion and chords that start at exact times, between samples too.

This module knows nothing of beats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.timing_bench.song import RATE_HZ, Samples

Times = NDArray[np.float64]
Sound = Callable[[Times], Times]
"""Amplitude at each second since the start; asked for times from 0 on only."""

_LONGEST_S = 0.2


def _noise(seed: int) -> Times:
    return np.random.default_rng(seed).standard_normal(int(_LONGEST_S * RATE_HZ) + 1)


_HISS, _BUZZ = _noise(1), _noise(2)


def click(t: Times) -> Times:
    """A short tone, as metronomes have it."""
    return 0.5 * np.sin(2 * np.pi * 1200 * t) * np.exp(-t / 0.006)


def kick(t: Times) -> Times:
    """A bass drum whose pitch falls."""
    phase = 2 * np.pi * (48 * t + 110 * 0.03 * (1 - np.exp(-t / 0.03)))
    return 0.9 * np.sin(phase) * np.exp(-t / 0.07) + 0.15 * click(t)


def snare(t: Times) -> Times:
    """Noise over a short low tone."""
    tone = 0.3 * np.sin(2 * np.pi * 190 * t)
    return (0.35 * _BUZZ[: len(t)] + tone) * np.exp(-t / 0.05)


def hat(t: Times) -> Times:
    """A closed hi-hat."""
    return 0.2 * np.diff(_HISS[: len(t)], prepend=0.0) * np.exp(-t / 0.015)


def strike(samples: Times, times_s: Iterable[float], sound: Sound, gain: float = 1.0) -> None:
    """Add a sound at each time, in place; what starts outside is left out."""
    n = int(_LONGEST_S * RATE_HZ)
    for at_s in times_s:
        first = int(np.ceil(at_s * RATE_HZ))
        if not 0 <= first < len(samples):
            continue
        last = min(first + n, len(samples))
        samples[first:last] += gain * sound(np.arange(first, last) / RATE_HZ - at_s)


def pluck(samples: Times, start_s: float, end_s: float, pitches_hz: Iterable[float]) -> None:
    """Add a chord with a soft attack that rings until its end, in place."""
    first, last = int(np.ceil(start_s * RATE_HZ)), min(int(end_s * RATE_HZ), len(samples))
    if first < 0 or last <= first:
        return
    t = np.arange(first, last) / RATE_HZ - start_s
    shape = (1 - np.exp(-t / 0.004)) * np.exp(-t / 1.2) * np.minimum((t[-1] - t) / 0.01, 1.0)
    for hz in pitches_hz:
        samples[first:last] += (
            0.07 * shape * (np.sin(2 * np.pi * hz * t) + 0.5 * np.sin(4 * np.pi * hz * t))
        )


def peaked(samples: Times) -> Samples:
    """At a peak of 0.9, over a breath of noise that no recording is without."""
    hiss = np.random.default_rng(9).standard_normal(len(samples)) * 1e-4
    loudest = float(np.abs(samples).max(initial=0.0))
    return (samples * (0.9 / max(loudest, 1e-9)) + hiss).astype(np.float32)

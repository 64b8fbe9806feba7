"""The tempo that somebody taps, and how sure it is.

Knows times of taps; knows no key and no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PAUSE_S = 3.0
"""A tap so long after the last begins anew."""

N_LEAST = 4
"""Taps from which a tempo is told."""

_STRAY = 3.0
"""Median deviations beyond which a tap is left out."""

_LEAST_STRAY_S = 0.02


@dataclass(frozen=True, slots=True)
class Tapped:
    """What taps amount to.

    Parameters
    ----------
    bpm : float
    error_bpm : float
        Standard error of it.
    n_taps : int
        Those that counted.
    beat_s : float
        Where the line through all taps has its last beat.
    """

    bpm: float
    error_bpm: float
    n_taps: int
    beat_s: float


def extended(times_s: Sequence[float], at_s: float) -> tuple[float, ...]:
    """The taps with one more, or that one alone after a pause or a jump back."""
    if not times_s or not 0 < at_s - times_s[-1] <= PAUSE_S:
        return (at_s,)
    return (*times_s, at_s)


def tempo_of(times_s: Sequence[float]) -> Tapped | None:
    """The tempo of taps: a line through them, counted by their median distance.

    Beats that were left out are counted; taps that stray are not. None while there are too
    few.

    Parameters
    ----------
    times_s : sequence of float
        Rising.
    """
    if len(times_s) < N_LEAST:
        return None
    times = np.array(times_s, dtype=np.float64)
    gaps = np.diff(times)
    beats = np.concatenate([[0.0], np.cumsum(np.maximum(np.rint(gaps / np.median(gaps)), 1.0))])
    beat_s, start_s = np.polyfit(beats, times, 1)
    off_s = np.abs(times - start_s - beat_s * beats)
    kept = off_s <= max(_STRAY * float(np.median(off_s)), _LEAST_STRAY_S)
    if kept.sum() >= N_LEAST:
        beats, times = beats[kept], times[kept]
        beat_s, start_s = np.polyfit(beats, times, 1)
    off_s = times - start_s - beat_s * beats
    spread = float(np.square(beats - beats.mean()).sum())
    error_s = float(np.sqrt(np.square(off_s).sum() / max(len(times) - 2, 1) / spread))
    bpm = 60.0 / float(beat_s)
    return Tapped(bpm, bpm * error_s / float(beat_s), len(times), start_s + beat_s * beats[-1])

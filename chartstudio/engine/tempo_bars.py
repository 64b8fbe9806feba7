"""Where measures start, and how many beats they have: 3 or 4.

Read from what is struck, from where the harmony changes, and from where the network hears
downbeats, beat by beat. This module knows nothing of tempo: beats come as times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.beat_net import FRAME_HZ, Pulses
from chartstudio.engine.onsets import Novelty

_DOWNBEAT = np.array((0.83, -0.23, -0.31, 3.08))
_OPPOSITE = np.array((-0.20, -0.57, -0.28, -0.20))
"""What `_accents` a downbeat has, and the beat opposite it in a measure of 4: mostly new
harmony. A conditional logit fitted on rendered pieces."""

_HEARD = 1.0
_ODDS_LIMITS = (-6.0, 4.0)
"""What the network's log-odds of a downbeat count beside that, and how far each goes."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Measures of ``meter`` beats; one of them starts on beat ``first`` of those given."""

    meter: int
    first: int


Measures = Callable[[NDArray[np.float64]], Bars]
"""`bars` of one recording: beats in, measures out."""


def bars(found: Novelty, pulses: Pulses, beats_s: NDArray[np.float64]) -> Bars:
    """Meter and first downbeat.

    Parameters
    ----------
    found : Novelty
    pulses : Pulses
    beats_s : ndarray, shape (B,)
        The beats from the first clear onset to the last.

    Returns
    -------
    Bars
        ``first`` is 0 or, where the music starts with an upbeat, negative: the downbeat at
        or before the first beat. A meter of 3 must repeat clearly better than 4.
    """
    if len(beats_s) < 8:
        return Bars(4, 0)
    accent = _accents(found, beats_s)
    meter = 4
    # By chance alone the two differ by some 1 / sqrt(beats).
    clearly = max(0.08, len(beats_s) ** -0.5)
    if len(beats_s) >= 24 and _repeats(accent, 3) > _repeats(accent, 4) + clearly:
        meter = 3
    means = np.array([accent[k::meter].mean(axis=0) for k in range(meter)])
    odds = _odds(pulses, beats_s)
    worth = means @ _DOWNBEAT + _HEARD * np.array([odds[k::meter].mean() for k in range(meter)])
    if meter == 4:
        worth += np.roll(means, -2, axis=0) @ _OPPOSITE
    at = int(np.argmax(worth))
    return Bars(meter, at - (meter if at else 0))


def _odds(pulses: Pulses, beats_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The network's log-odds of a downbeat around each beat, shape (B,)."""
    frame = np.rint((beats_s - pulses.start_s) * FRAME_HZ).astype(np.int64)
    around = np.clip(frame[:, None] + np.arange(-1, 2), 0, len(pulses.downbeat) - 1)
    return np.clip(pulses.downbeat[around].max(axis=1), *_ODDS_LIMITS)


def _accents(found: Novelty, beats_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Novelty by band, and change of colour, at each beat, standardised; shape (B, 4)."""
    n_frames = len(found.bands)
    frame = np.rint((beats_s - found.start_s) / found.hop_s).astype(np.int64)
    reach = max(int(0.03 / found.hop_s), 1)
    around = np.clip(frame[:, None] + np.arange(-reach, reach + 1), 0, n_frames - 1)
    struck = found.bands[around].max(axis=1).astype(np.float64)
    total = np.concatenate(
        (np.zeros((1, found.colour.shape[1])), np.cumsum(found.colour, axis=0, dtype=np.float64))
    )
    beat = np.maximum(np.gradient(frame.astype(np.float64)).astype(np.int64), 1)

    def mean(start: NDArray[np.int64]) -> NDArray[np.float64]:
        low, high = np.clip(start, 0, n_frames), np.clip(start + beat, 0, n_frames)
        return np.asarray((total[high] - total[low]) / np.maximum(high - low, 1)[:, None])

    change = np.abs(mean(frame) - mean(frame - beat)).mean(axis=1)
    accent = np.concatenate((struck, change[:, None]), axis=1)
    return np.asarray((accent - accent.mean(axis=0)) / (accent.std(axis=0) + 1e-9))


def _repeats(accent: NDArray[np.float64], meter: int) -> float:
    """How well the beats' accents agree with those one and two measures on, -1 to 1."""
    lags = (meter, 2 * meter)
    return float(np.mean([np.mean(accent[lag:] * accent[:-lag]) for lag in lags]))

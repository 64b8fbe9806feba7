"""Songs played a little faster or slower, higher or lower with it, like a record.

A chart that moves along with its song stays true to it to the sample, so a library that is
played at three speeds is one of three times as many songs. Knows samples and timing maps;
refuses to know charts and files.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import soxr

from chartstudio.core.timing import TimingMap
from chartstudio.engine.features import Samples

_SEMITONE = 2 ** (1 / 12)

SPEEDS: tuple[float, ...] = (_SEMITONE, 1 / _SEMITONE, _SEMITONE**2, _SEMITONE**-2)
"""Other speeds, in the order in which they are taken: a semitone up and down, a tone up and
down. Within 12 %: further off, charts of a level would be played that nobody charts there."""


def played(timing: TimingMap, speed: float) -> TimingMap:
    """The timing of a song at a speed.

    Parameters
    ----------
    timing : TimingMap
    speed : float
        More is faster.
    """
    return TimingMap(
        tuple(replace(a, seconds=a.seconds / speed, bpm=a.bpm * speed) for a in timing.anchors)
    )


def resampled(samples: Samples, speed: float) -> Samples:
    """A song at a speed.

    Parameters
    ----------
    samples : ndarray, shape (N,), float32
    speed : float

    Returns
    -------
    ndarray, shape (N / speed,), float32
        At the same rate.
    """
    if speed == 1.0:
        return samples
    return np.ascontiguousarray(soxr.resample(samples, speed, 1.0, "HQ"), dtype=np.float32)

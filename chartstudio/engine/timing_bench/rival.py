"""The reference: librosa's beat tracker, with a straight line through its beats.

Its first call compiles for some seconds; `warmed` gets that out of the way.
"""

from __future__ import annotations

import librosa
import numpy as np
import soxr
from numpy.typing import NDArray

from chartstudio.engine.timing_bench.song import RATE_HZ, BenchSong


def warmed() -> None:
    """Have everything compiled."""
    noise = np.random.default_rng(0).standard_normal(5 * RATE_HZ).astype(np.float32)
    librosa.beat.beat_track(y=noise, sr=RATE_HZ, units="time")


def beats(song: BenchSong) -> NDArray[np.float64]:
    """Beat times in seconds as `librosa.beat.beat_track` gives them at its defaults."""
    samples = song.samples
    if song.rate_hz != RATE_HZ:
        samples = soxr.resample(samples, song.rate_hz, RATE_HZ)
    _, found_s = librosa.beat.beat_track(y=samples, sr=RATE_HZ, units="time")
    return np.asarray(found_s, dtype=np.float64)

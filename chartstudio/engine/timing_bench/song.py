"""A song of the benchmark: its sound, its true beats, how it is made.

This module knows nothing of finders.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.timing import TimingMap

RATE_HZ = 22_050
"""Sample rate of what is made here."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class BenchSong:
    """Sound with known beats.

    Attributes
    ----------
    samples : ndarray, shape (N,), float32
        Mono.
    rate_hz : int
    truth : TimingMap or None
        Beats of the music; None where nothing is rhythmic.
    last_s : float
        When the last sound starts: beats after it cannot be heard.
    """

    samples: Samples
    rate_hz: int
    truth: TimingMap | None
    last_s: float = float("inf")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.rate_hz


@dataclass(frozen=True, slots=True)
class Plan:
    """A song that can be made at any time, the same one each time.

    Attributes
    ----------
    name, family : str
    make : callable
        Takes the data folder; sent to other processes.
    """

    name: str
    family: str
    make: Callable[[Path], BenchSong]


def rng_of(name: str) -> np.random.Generator:
    """Chance that belongs to a name, whatever else is made."""
    return np.random.default_rng(zlib.crc32(name.encode()))

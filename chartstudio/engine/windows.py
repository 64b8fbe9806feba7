"""Cutting a song into the network's windows, and putting the results together again.

A window is a core that is kept and a side on either hand that is only heard. What a window
shows the network is gathered here, for training and drafting alike. Refuses to know the
network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_BEAT, SlotGrid
from chartstudio.engine.tokens import Rows, raster

_BEAT_S_LIMITS = (0.05, 4.0)


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """Lengths in beats."""

    core: int = 24
    side: int = 4

    @property
    def n_beats(self) -> int:
        """Beats that the network hears at once."""
        return self.core + 2 * self.side


@dataclass(frozen=True, slots=True)
class Window:
    """A run of beats heard at once.

    Parameters
    ----------
    first : int
        First beat heard; may be negative, and the window may reach past the song's end.
    core_start, core_end : int
        Beats that are kept, half open.
    """

    first: int
    core_start: int
    core_end: int


@dataclass(frozen=True, slots=True, eq=False)
class WindowInput:
    """What the network is given of one window; T positions.

    Attributes
    ----------
    features : ndarray, shape (T, M), float32
    raster : ndarray, shape (T, n_raster), float32
    beat_in_bar : ndarray of int64, shape (T,)
    beat_s : ndarray, shape (T,), float32
        Log of the beat's length in seconds.
    """

    features: NDArray[np.float32]
    raster: NDArray[np.float32]
    beat_in_bar: NDArray[np.int64]
    beat_s: NDArray[np.float32]


def cut(start: int, end: int, spec: WindowSpec) -> Iterator[Window]:
    """Windows whose cores cover the beats ``[start, end)`` once, in order."""
    for core in range(start, end, spec.core):
        yield Window(core - spec.side, core, min(core + spec.core, end))


def stitch(
    windows: Sequence[Window], values: Iterable[NDArray[np.float32]], per_beat: int
) -> NDArray[np.float32]:
    """The cores of windows in a row.

    Parameters
    ----------
    windows : sequence of Window
        Neighbours, as `cut` gives them.
    values : iterable of ndarray, each of shape (n_beats * per_beat, ...)
    per_beat : int

    Returns
    -------
    ndarray, shape (beats covered * per_beat, ...)
    """
    cores = [
        value[(w.core_start - w.first) * per_beat : (w.core_end - w.first) * per_beat]
        for w, value in zip(windows, values, strict=True)
    ]
    return np.concatenate(cores)


class Hearable(Protocol):
    """A song's features: computed as they are asked for, or read from a store."""

    @property
    def grid(self) -> SlotGrid:
        """The song's beats."""
        ...

    def beats(self, first: int, n_beats: int) -> NDArray[np.float32]:
        """Features of a run of beats, shape (n_beats * 12, M); see `SongFeatures.beats`."""
        ...


def look(
    song: Hearable, rows: Rows, known: NDArray[np.bool_], first_beat: int, n_beats: int
) -> WindowInput:
    """Gather one window.

    Parameters
    ----------
    song : SongFeatures
    rows : Rows
        The chart so far.
    known : ndarray of bool, shape (B,)
        Beats whose rows are given.
    first_beat, n_beats : int
    """
    beats = np.arange(first_beat, first_beat + n_beats)
    in_bar, beat_s = beat_places(song.grid, beats)
    return WindowInput(
        features=song.beats(first_beat, n_beats),
        raster=raster(rows, known, first_beat, n_beats),
        beat_in_bar=np.repeat(in_bar, POSITIONS_PER_BEAT),
        beat_s=np.repeat(beat_s, POSITIONS_PER_BEAT),
    )


def beat_places(
    grid: SlotGrid, beats: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Place in the bar and log length in seconds of beats; the ends repeat beyond the song."""
    held = np.clip(beats, 0, grid.n_beats - 1)
    starts = grid.slot_s[::SLOTS_PER_BEAT]
    lengths = np.diff(starts, append=2 * starts[-1] - starts[-2] if len(starts) > 1 else 1.0)
    seconds = np.clip(lengths[held], *_BEAT_S_LIMITS)
    return grid.beat_in_bar[held], np.log(seconds).astype(np.float32)

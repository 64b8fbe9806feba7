"""Cutting a song into the network's windows, and putting the results together again.

A window is a core that is kept and a side on either hand that is only heard. What a window
shows the network is gathered here, for training and drafting alike. Refuses to know the
network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_BEAT, SlotGrid
from chartstudio.engine.tokens import Echo, Rows, echo_raster, raster

_BEAT_S_LIMITS = (0.05, 4.0)
_RAREST = 0.05
"""Note times per beat; less counts as this."""


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


def _unsaid() -> NDArray[np.float32]:
    return np.zeros(0, dtype=np.float32)


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
    echo : ndarray, shape (T, n_echo), float32
        See `tokens.echo_raster`. This and what follows is empty where nothing is said.
    density : ndarray, shape (T, 2), float32
        Whether it is said, and the logarithm of the note times per beat.
    layer : ndarray, shape (T, 1 + n_layers), float32
        Shares of the followed layers; see `layer_shares`.
    style : ndarray, shape (n_styles, 2), float32
        For each of the model's habits whether it is said, and how strong it is, -1 to 1.
    """

    features: NDArray[np.float32]
    raster: NDArray[np.float32]
    beat_in_bar: NDArray[np.int64]
    beat_s: NDArray[np.float32]
    echo: NDArray[np.float32] = field(default_factory=_unsaid)
    density: NDArray[np.float32] = field(default_factory=_unsaid)
    layer: NDArray[np.float32] = field(default_factory=_unsaid)
    style: NDArray[np.float32] = field(default_factory=_unsaid)


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """What the network is told beside the sound and the known beats, as far as it is known.

    Attributes
    ----------
    shown : ndarray of int8, shape (R,), optional
        How much of each row is shown; see `tokens.raster`.
    echo : Echo, optional
    density : ndarray, shape (B,), optional
        Note times per beat that are planned around each beat of the song; NaN where nothing is
        said.
    layers : ndarray, shape (B, 1 + n_layers), float32, optional
        See `layer_shares`.
    style : ndarray, shape (n_styles, 2), optional
        See `style_vector`.
    """

    shown: NDArray[np.int8] | None = None
    echo: Echo | None = None
    density: NDArray[np.float32] | None = None
    layers: NDArray[np.float32] | None = None
    style: NDArray[np.float32] | None = None


UNGUIDED = Guide()


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
    song: Hearable,
    rows: Rows,
    known: NDArray[np.bool_],
    first_beat: int,
    n_beats: int,
    guide: Guide = UNGUIDED,
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
    guide : Guide
    """
    beats = np.arange(first_beat, first_beat + n_beats)
    in_bar, beat_s = beat_places(song.grid, beats)
    echo, density, layers = guide.echo, guide.density, guide.layers
    return WindowInput(
        features=song.beats(first_beat, n_beats),
        raster=raster(rows, known, first_beat, n_beats, guide.shown),
        beat_in_bar=np.repeat(in_bar, POSITIONS_PER_BEAT),
        beat_s=np.repeat(beat_s, POSITIONS_PER_BEAT),
        echo=_unsaid() if echo is None else echo_raster(rows, echo, first_beat, n_beats),
        density=_unsaid() if density is None else _density(density, beats),
        layer=_unsaid() if layers is None else _layers(layers, beats),
        style=_unsaid() if guide.style is None else guide.style,
    )


def _density(density: NDArray[np.float32], beats: NDArray[np.int64]) -> NDArray[np.float32]:
    """Whether the density of each position is said, and its logarithm; shape (T, 2)."""
    inside = (beats >= 0) & (beats < len(density))
    rates = np.where(inside, density[np.clip(beats, 0, len(density) - 1)], np.nan)
    said = np.isfinite(rates)
    found = np.zeros((len(beats), 2), dtype=np.float32)
    found[said, 0], found[said, 1] = 1.0, np.log(np.maximum(rates[said], _RAREST))
    return np.repeat(found, POSITIONS_PER_BEAT, axis=0)


def _layers(layers: NDArray[np.float32], beats: NDArray[np.int64]) -> NDArray[np.float32]:
    inside = (beats >= 0) & (beats < len(layers))
    found = np.zeros((len(beats), layers.shape[1]), dtype=np.float32)
    found[:, 0] = 1.0
    found[inside] = layers[beats[inside]]
    return np.repeat(found, POSITIONS_PER_BEAT, axis=0)


def layer_shares(followed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Which layers are followed, as the network takes them.

    Parameters
    ----------
    followed : ndarray of bool, shape (B, n_layers)
        Those of ``NetSpec.layers`` that each beat follows; several are followed together, and
        none means that it is not known.

    Returns
    -------
    ndarray, shape (B, 1 + n_layers), float32
        Their shares, which add up to 1; the first is that of the unknown.
    """
    n_followed = followed.sum(axis=1, keepdims=True)
    shares = followed / np.maximum(n_followed, 1)
    return np.concatenate((n_followed == 0, shares), axis=1).astype(np.float32)


def style_vector(
    habits: Mapping[str, float], styles: Sequence[tuple[str, float, float]]
) -> NDArray[np.float32]:
    """Habits as the network takes them, shape (n_styles, 2).

    Parameters
    ----------
    habits : mapping of str to float
        Those that are said.
    styles : sequence of (str, float, float)
        ``NetSpec.styles``: names, with the lowest and highest value that was learned.
    """
    found = np.zeros((len(styles), 2), dtype=np.float32)
    for i, (name, low, high) in enumerate(styles):
        if name in habits:
            share = (habits[name] - low) / max(high - low, 1e-6)
            found[i] = 1.0, 2.0 * min(max(share, 0.0), 1.0) - 1.0
    return found


def beat_places(
    grid: SlotGrid, beats: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Place in the bar and log length in seconds of beats; the ends repeat beyond the song."""
    held = np.clip(beats, 0, grid.n_beats - 1)
    starts = grid.slot_s[::SLOTS_PER_BEAT]
    lengths = np.diff(starts, append=2 * starts[-1] - starts[-2] if len(starts) > 1 else 1.0)
    seconds = np.clip(lengths[held], *_BEAT_S_LIMITS)
    return grid.beat_in_bar[held], np.log(seconds).astype(np.float32)

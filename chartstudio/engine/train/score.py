"""A piece as an author hears it: on the grid, in voices, measure by measure.

This module listens; it knows nothing of levels, lanes or charts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks, snap_ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.train.piece import LAYERS, Piece

_BEAT = TICKS_PER_BEAT

_DRUM_WEIGHT = {
    **dict.fromkeys((35, 36), 1.0),
    **dict.fromkeys((38, 39, 40), 1.0),
    **dict.fromkeys((49, 52, 55, 57), 1.2),
    **dict.fromkeys((41, 43, 45, 47, 48, 50), 0.9),
    37: 0.7,
    46: 0.6,
    **dict.fromkeys((51, 53, 59), 0.45),
    42: 0.35,
    44: 0.2,
}
"""How much an author hears each General MIDI drum key; the rest 0.5."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """One line of the music on the grid, one entry per moment.

    Attributes
    ----------
    layer : str
    ticks : ndarray of int64, shape (N,)
    salience : ndarray of float64, shape (N,)
        0 to about 1.5.
    lengths : ndarray of int64, shape (N,)
        How long the longest sound of the moment lasts, in ticks; 0 for drums.
    pitches : ndarray of int64, shape (N,)
        The highest; 0 for drums.
    """

    layer: str
    ticks: Ticks
    salience: NDArray[np.float64]
    lengths: Ticks
    pitches: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A piece as an author hears it: quantised, in voices, measure by measure.

    Attributes
    ----------
    timing : TimingMap
    starts : ndarray of int64, shape (M + 1,)
        Where each measure starts, and where the last one ends.
    voices : tuple of Voice
        Drums, bass and chords are one voice each, every leading instrument is its own.
    loudness : dict of int to float
        By tick: how much sounds at once, as a rank within the piece, 0 to 1.
    drums : dict of int to tuple of int
        By tick: General MIDI drum keys struck there, in rising order.
    """

    timing: TimingMap
    starts: Ticks
    voices: tuple[Voice, ...]
    loudness: dict[int, float]
    drums: dict[int, tuple[int, ...]]

    @classmethod
    def of(cls, piece: Piece) -> Score:
        """Quantise a piece.

        Each layer of each measure is taken to the grid that fits it best: sixteenths,
        sextuplets or thirty-seconds.
        """
        sounds = piece.sounds
        ticks = np.array([s.tick for s in sounds], dtype=np.int64)
        lines = piece.timing.lines(int(ticks.min()) - 16 * _BEAT, int(ticks.max()) + 17 * _BEAT)
        inside = lines[max(int(np.searchsorted(lines, ticks.min(), "right")) - 1, 0) :]
        starts = inside[: int(np.searchsorted(inside, ticks.max(), "right")) + 1]
        layer = np.array([LAYERS.index(s.layer) for s in sounds])
        placed = _quantise(ticks, layer, starts)
        weight = np.array([_weight(s.layer, s.pitch) * s.velocity / 127 for s in sounds])
        lengths = np.array([s.end for s in sounds]) - ticks
        pitches = np.array([s.pitch for s in sounds])
        drums = layer == LAYERS.index("drums")
        lengths[drums], pitches[drums] = 0, 0
        is_lead = layer == LAYERS.index("lead")
        line = np.where(is_lead, 100 + np.array([s.part for s in sounds]), layer)
        voices = tuple(
            _voice(
                LAYERS[int(layer[mine][0])],
                placed[mine],
                weight[mine],
                lengths[mine],
                pitches[mine],
            )
            for mine in (line == v for v in np.unique(line))
        )
        moments, where = np.unique(placed, return_inverse=True)
        mass = np.bincount(where, weight**2)
        ranks = np.searchsorted(np.sort(mass), mass, "left") / max(len(mass) - 1, 1)
        loudness = dict(zip(moments.tolist(), ranks.tolist(), strict=True))
        keys = np.array([s.pitch for s in sounds])[drums]
        return cls(piece.timing, starts, voices, loudness, _struck(placed[drums], keys))

    def activity(self) -> NDArray[np.float64]:
        """Moments per second of each voice in each measure, shape (M, V)."""
        seconds = np.maximum(np.diff(self.timing.seconds_at(self.starts)), 0.1)
        counts = [np.histogram(v.ticks, self.starts)[0] / seconds for v in self.voices]
        return np.stack(counts, axis=1)


def _weight(layer: str, pitch: int) -> float:
    return _DRUM_WEIGHT.get(pitch, 0.5) if layer == "drums" else 0.9


def _struck(ticks: Ticks, keys: NDArray[np.int64]) -> dict[int, tuple[int, ...]]:
    found: dict[int, set[int]] = {}
    for tick, key in zip(ticks.tolist(), keys.tolist(), strict=True):
        found.setdefault(tick, set()).add(key)
    return {tick: tuple(sorted(struck)) for tick, struck in found.items()}


def _voice(
    layer: str,
    ticks: Ticks,
    weight: NDArray[np.float64],
    lengths: Ticks,
    pitches: NDArray[np.int64],
) -> Voice:
    moments, where, n_sounds = np.unique(ticks, return_inverse=True, return_counts=True)
    salience, longest, top = np.zeros(len(moments)), np.zeros_like(moments), np.zeros_like(moments)
    np.maximum.at(salience, where, weight)
    np.maximum.at(longest, where, lengths)
    np.maximum.at(top, where, pitches)
    return Voice(layer, moments, salience + 0.1 * np.minimum(n_sounds - 1, 4), longest, top)


def _quantise(ticks: Ticks, layer: NDArray[np.int64], starts: Ticks) -> Ticks:
    """Each tick on the grid that its layer plays in its measure."""
    measure = np.clip(np.searchsorted(starts, ticks, "right") - 1, 0, len(starts) - 1)
    placed = ticks.copy()
    group = measure * len(LAYERS) + layer
    order = np.argsort(group, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        origin = starts[measure[members[0]]]
        offsets = ticks[members] - origin
        found = {snap: _to_grid(offsets, snap) for snap in (16, 24, 32)}
        error = {snap: float(np.abs(grid - offsets).mean()) for snap, grid in found.items()}
        # A finer grid always fits better; it must fit better than by its fineness alone.
        snap = 16
        if error[24] < 0.55 * error[16] and error[16] > 0.025 * _BEAT:
            snap = 24
        elif error[32] < 0.25 * error[16] and error[16] > 0.025 * _BEAT:
            snap = 32
        placed[members] = origin + found[snap]
    return placed


def _to_grid(offsets: Ticks, snap: int) -> Ticks:
    step = snap_ticks(snap)
    return (offsets + step // 2) // step * step

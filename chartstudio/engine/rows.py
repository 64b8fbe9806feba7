"""The placer one row at a time, in numpy.

While drafting, a row is some forty tiny products in a chain. There the cost is not
arithmetic but calling: numpy calls are several times cheaper than torch's, and need no
thread pool. The numbers are `net.Placer`'s; a test holds the two together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.net import FAR_BEATS, NEVER, Placer

Floats = NDArray[np.float32]
_EPSILON = np.float32(1e-5)


@dataclass(slots=True, eq=False)
class Memory:
    """Rows that a batch of candidates has written, as later rows attend to them.

    Attributes
    ----------
    keys, values : ndarray, shape (n_layers, B, n_heads, most_rows, width of a head)
    beats : ndarray, shape (B, most_rows)
        Where each row lies; far ahead where there is none.
    n_rows : ndarray of int64, shape (B,)
        Rows written by each candidate; the newest replace the oldest.
    """

    keys: Floats
    values: Floats
    beats: Floats
    n_rows: NDArray[np.int64]

    def keep(self, candidate: int) -> None:
        """Make the row of the last step a part of the memory."""
        self.n_rows[candidate] += 1


def gelu(x: Floats) -> Floats:
    """``x`` times the normal distribution's share below it, to 2e-6.

    The error function by formula 7.1.26 of Abramowitz and Stegun.
    """
    size = np.abs(x) * np.float32(math.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = np.float32(1.061405429) * t - np.float32(1.453152027)
    series = (series * t + np.float32(1.421413741)) * t - np.float32(0.284496736)
    tail = (series * t + np.float32(0.254829592)) * t * np.exp(-size * size)
    half: Floats = np.float32(0.5) * x
    return half + np.abs(half) * (1 - tail)


class _Linear:
    """A matrix product and an offset, as torch's module of that name."""

    def __init__(self, weights: dict[str, Floats], name: str) -> None:
        self.matrix = np.ascontiguousarray(weights[f"{name}.weight"].T)
        self.offset = weights.get(f"{name}.bias", np.float32(0.0))

    def __call__(self, x: Floats) -> Floats:
        product: Floats = x @ self.matrix
        return product + self.offset


class _Norm:
    """Layer normalisation over the last axis."""

    def __init__(self, weights: dict[str, Floats], name: str) -> None:
        self.scale, self.offset = weights[f"{name}.weight"], weights[f"{name}.bias"]

    def __call__(self, x: Floats) -> Floats:
        x = x - x.mean(axis=-1, keepdims=True)
        spread = np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + _EPSILON)
        scaled: Floats = x / spread
        return scaled * self.scale + self.offset


class _Layer:
    """One layer of attention and its mix; see `net.Placer`."""

    def __init__(self, weights: dict[str, Floats], name: str) -> None:
        self.norm, self.mix_norm = (
            _Norm(weights, f"{name}.norm"),
            _Norm(weights, f"{name}.mix_norm"),
        )
        self.ask, self.give = _Linear(weights, f"{name}.ask"), _Linear(weights, f"{name}.give")
        self.widen = _Linear(weights, f"{name}.widen")
        self.narrow = _Linear(weights, f"{name}.narrow")


class RowPlacer:
    """What a trained `net.Placer` does, row by row.

    Parameters
    ----------
    placer : Placer
        Its weights are copied.
    """

    def __init__(self, placer: Placer) -> None:
        tensors = placer.state_dict() | {f"{k}.weight": t for k, t in placer.matrices().items()}
        weights = {k: t.detach().cpu().numpy().copy() for k, t in tensors.items()}
        self.spec = placer.spec
        self.n_inputs = placer.row.in_features
        self._turns = placer.turns.cpu().numpy().copy()
        self._row = _Linear(weights, "row")
        self._mode, self._last = weights["mode.weight"], weights["last.weight"]
        self._layers = [_Layer(weights, f"layers.{i}") for i in range(placer.spec.n_layers)]
        self._norm = _Norm(weights, "norm")
        self._from_state, self._out = _Linear(weights, "from_state"), _Linear(weights, "out")
        self._so_far = _Linear(weights, "so_far")

    def remember(self, n: int) -> Memory:
        """An empty memory for a batch of candidates."""
        s = self.spec
        shape = (s.n_layers, n, s.n_heads, s.most_rows, s.state // s.n_heads)
        far = np.full((n, s.most_rows), FAR_BEATS, dtype=np.float32)
        keys, values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        return Memory(keys, values, far, np.zeros(n, dtype=np.int64))

    def step(self, inputs: Floats, mode: int, beats: Floats, memory: Memory) -> Floats:
        """State of each candidate's next row; `Memory.keep` makes the row a part of the past.

        Parameters
        ----------
        inputs : ndarray, shape (B, n_inputs)
        mode : int
            As the vocabulary numbers it.
        beats : ndarray, shape (B,)
        memory : Memory

        Returns
        -------
        ndarray, shape (B, state)
        """
        s, n = self.spec, len(beats)
        x = gelu(self._row(inputs) + self._mode[mode])
        every, at = np.arange(n), memory.n_rows % s.most_rows
        memory.beats[every, at] = beats
        gap = beats[:, None] - memory.beats
        seen = (gap >= 0) & (gap < s.reach_beats)
        hidden = np.where(seen, np.float32(0.0), np.float32(NEVER))[:, None, :, None]
        angle = (beats[:, None] * self._turns)[:, None, None]
        cos, sin = np.cos(angle), np.sin(angle)
        scale = np.float32((s.state // s.n_heads) ** -0.5)
        for i, layer in enumerate(self._layers):
            three = layer.ask(layer.norm(x)).reshape(n, 3, s.n_heads, -1)
            both, half = three[:, :2], three.shape[3] // 2
            swapped = np.concatenate((-both[..., half:], both[..., :half]), axis=3)
            both = both * cos + swapped * sin
            memory.keys[i][every, :, at] = both[:, 1]
            memory.values[i][every, :, at] = three[:, 2]
            scores = memory.keys[i] @ both[:, 0, :, :, None] * scale + hidden
            weights = np.exp(scores - scores.max(axis=2, keepdims=True))
            weights /= weights.sum(axis=2, keepdims=True)
            mixed = weights.transpose(0, 1, 3, 2) @ memory.values[i]
            x = x + layer.give(mixed.reshape(n, -1))
            x = x + layer.narrow(gelu(layer.widen(layer.mix_norm(x))))
        return self._from_state(self._norm(x))

    def spell(self, row: Floats, so_far: Floats, last: NDArray[np.int64]) -> Floats:
        """Scores of the next event of rows; see `net.Placer.spell`."""
        return self._out(gelu(row + self._so_far(so_far) + self._last[last]))

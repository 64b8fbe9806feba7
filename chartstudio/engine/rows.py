"""The placer one row at a time, in numpy.

While drafting, a row is some forty tiny products in a chain. There the cost is not
arithmetic but calling: numpy calls are several times cheaper than torch's, and need no
thread pool. The numbers are `net.Placer`'s; a test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.net import FAR_BEATS, NEVER, Placer
from chartstudio.engine.tokens import TRACE_S

Floats = NDArray[np.float32]
_EPSILON = np.float32(1e-5)


@dataclass(slots=True, eq=False)
class Memory:
    """Rows that a batch of candidates has written, as later rows attend to them.

    Attributes
    ----------
    past : ndarray, shape (n_layers, B, 2, n_heads, most_rows, width of a head)
        Keys and values.
    beats : ndarray, shape (B, most_rows)
        Where each row lies; far ahead where there is none.
    n_rows : ndarray of int64, shape (B,)
        Rows written by each candidate; the newest replace the oldest.
    """

    past: Floats
    beats: Floats
    n_rows: NDArray[np.int64]

    def keep(self, candidate: int) -> None:
        """Make the row of the last step a part of the memory."""
        self.n_rows[candidate] += 1


def gelu(x: Floats) -> Floats:
    """``x`` times the normal distribution's share below it, to 2e-6.

    The error function by formula 7.1.26 of Abramowitz and Stegun.
    """
    # In place: at this size, making arrays costs as much as filling them.
    size: Floats = np.abs(x)
    size *= _ROOT_HALF
    t = size * np.float32(0.3275911)
    t += _ONE
    np.reciprocal(t, out=t)
    tail = t * np.float32(1.061405429)
    for term in _ERF_TERMS:
        tail += term
        tail *= t
    size *= size
    np.negative(size, out=size)
    np.exp(size, out=size)
    tail *= size
    half = np.float32(0.5) * x
    np.subtract(_ONE, tail, out=tail)
    tail *= np.abs(half)
    half += tail
    return half


_ONE, _ROOT_HALF = np.float32(1.0), np.float32(math.sqrt(0.5))
_ERF_TERMS = tuple(map(np.float32, (-1.453152027, 1.421413741, -0.284496736, 0.254829592)))


def evened(x: Floats) -> Floats:
    """Layer normalisation over the last axis, before its own scale and offset."""
    # The ufuncs themselves: the methods of arrays take three times as long to be called.
    share = np.float32(1.0 / x.shape[-1])
    mean: Floats = np.add.reduce(x, axis=-1, keepdims=True) * share
    found: Floats = x - mean
    power: Floats = np.add.reduce(found * found, axis=-1, keepdims=True) * share
    np.divide(found, np.sqrt(power + _EPSILON), out=found)
    return found


class _Linear:
    """A matrix product and an offset, as torch's module of that name.

    After a layer normalisation, its scale and offset are made a part of the product's.
    """

    def __init__(self, weights: dict[str, Floats], name: str, norm: str = "") -> None:
        matrix = weights[f"{name}.weight"].T.astype(np.float64)
        offset = weights.get(f"{name}.bias", np.float32(0.0)).astype(np.float64)
        if norm:
            offset = offset + weights[f"{norm}.bias"] @ matrix
            matrix = weights[f"{norm}.weight"][:, None] * matrix
        self.matrix = np.ascontiguousarray(matrix, dtype=np.float32)
        self.offset = offset.astype(np.float32)

    def __call__(self, x: Floats, n_at_once: int = 0) -> Floats:
        """The product of rows; of ``n_at_once`` rows, where there are fewer.

        A product of another shape may round differently, and rows would depend on how many
        candidates there are.
        """
        n = len(x)
        if n < n_at_once:
            x = np.concatenate((x, np.zeros((n_at_once - n, x.shape[1]), np.float32)))
        product: Floats = (x @ self.matrix)[:n]
        product += self.offset
        return product

    def of_inputs(self, some: NDArray[np.int64]) -> _Linear:
        """The same for some of the inputs, the others being 0."""
        found = copy(self)
        found.matrix = np.ascontiguousarray(self.matrix[some])
        return found


class _Layer:
    """One layer of attention and its mix; see `net.Placer`."""

    def __init__(self, weights: dict[str, Floats], name: str) -> None:
        self.ask = _Linear(weights, f"{name}.ask", f"{name}.norm")
        self.give = _Linear(weights, f"{name}.give")
        self.widen = _Linear(weights, f"{name}.widen", f"{name}.mix_norm")
        self.narrow = _Linear(weights, f"{name}.narrow")


class RowPlacer:
    """What a trained `net.Placer` does, row by row.

    Parameters
    ----------
    placer : Placer
        Its weights are copied.
    events : mapping of int to ndarray of int64, optional
        Shared numbers of a mode's events, by the number of the mode: its rows hold no others.
        Rows of other modes may hold all.
    """

    def __init__(
        self, placer: Placer, events: Mapping[int, NDArray[np.int64]] | None = None
    ) -> None:
        tensors = placer.state_dict() | {f"{k}.weight": t for k, t in placer.matrices().items()}
        weights = {k: t.detach().cpu().numpy().copy() for k, t in tensors.items()}
        self.spec = placer.spec
        self.n_inputs = placer.row.in_features
        self._scale = np.float32((placer.spec.state // placer.spec.n_heads) ** -0.5)
        self._turns = placer.turns.cpu().numpy().copy()
        row, n_bags = _Linear(weights, "row"), 1 + len(TRACE_S)
        firsts = self.n_inputs - placer.spec.n_events * np.arange(n_bags, 0, -1)
        self._row, self._rows = row, dict[int, tuple[NDArray[np.int64], _Linear]]()
        for mode, own in (events or {}).items():
            some = np.concatenate((np.arange(firsts[0]), *(firsts[:, None] + own)))
            self._rows[mode] = some, row.of_inputs(some)
        self._mode, self._last = weights["mode.weight"], weights["last.weight"]
        self._layers = [_Layer(weights, f"layers.{i}") for i in range(placer.spec.n_layers)]
        self._from_state = _Linear(weights, "from_state", "norm")
        self._so_far, self._out = _Linear(weights, "so_far"), _Linear(weights, "out")

    def remember(self, n: int) -> Memory:
        """An empty memory for a batch of candidates."""
        s = self.spec
        shape = (s.n_layers, n, 2, s.n_heads, s.most_rows, s.state // s.n_heads)
        far = np.full((n, s.most_rows), FAR_BEATS, dtype=np.float32)
        return Memory(np.zeros(shape, np.float32), far, np.zeros(n, dtype=np.int64))

    def step(self, inputs: Floats, mode: int, beats: Floats, memory: Memory) -> Floats:
        """State of each candidate's next row; `Memory.keep` makes the row a part of the past.

        Parameters
        ----------
        inputs : ndarray, shape (B, n_inputs)
            Zeros for candidates without a row, whose states are zeros then.
        mode : int
            As the vocabulary numbers it.
        beats : ndarray, shape (B,)
        memory : Memory

        Returns
        -------
        ndarray, shape (B, state)
        """
        s, n = self.spec, len(beats)
        # Candidates without a row take part in products alone, for the sake of their shape.
        seats = np.flatnonzero(inputs.any(axis=1))
        seated = slice(seats[0], seats[-1] + 1) if len(seats) else slice(0, n)
        beats = beats[seated]
        every, at = np.arange(n)[seated], memory.n_rows[seated] % s.most_rows
        x = gelu(self._told(inputs, mode)[seated] + self._mode[mode])
        memory.beats[every, at] = beats
        gap = beats[:, None] - memory.beats[seated]
        seen = (gap >= 0) & (gap < s.reach_beats)
        hidden = np.where(seen, np.float32(0.0), np.float32(NEVER))[:, None, None]
        angle = (beats[:, None] * self._turns)[:, None, None]
        turn = np.cos(angle), np.sin(angle)
        for layer, past in zip(self._layers, memory.past, strict=True):
            three = layer.ask(evened(x), n).reshape(len(x), 3, s.n_heads, -1)
            three[:, :2] = _turned(three[:, :2], turn)
            past[every, :, :, at] = three[:, 1:]
            keys, values = past[seated, 0], past[seated, 1]
            scores = (three[:, 0, :, None] * self._scale) @ keys.swapaxes(2, 3)
            scores += hidden
            scores -= np.maximum.reduce(scores, axis=3, keepdims=True)
            np.exp(scores, out=scores)
            scores /= np.add.reduce(scores, axis=3, keepdims=True)
            x += layer.give((scores @ values).reshape(len(x), -1), n)
            x += layer.narrow(gelu(layer.widen(evened(x), n)), n)
        found = np.zeros((n, s.state), np.float32)
        found[seated] = self._from_state(evened(x), n)
        return found

    def _told(self, inputs: Floats, mode: int) -> Floats:
        """What a row makes of all that it is told."""
        if mode not in self._rows:
            return self._row(inputs)
        some, row = self._rows[mode]
        return row(inputs[:, some])

    def spell(self, row: Floats, so_far: Floats, last: NDArray[np.int64]) -> Floats:
        """Scores of the next event of rows; see `net.Placer.spell`."""
        return self._out(gelu(row + self._so_far(so_far) + self._last[last]))


def _turned(both: Floats, turn: tuple[Floats, Floats]) -> Floats:
    """Queries and keys by their rotary places, as `net.Placer` has them."""
    half, (cos, sin) = both.shape[3] // 2, turn
    swapped = np.concatenate((-both[..., half:], both[..., :half]), axis=3)
    swapped *= sin
    swapped += both * cos
    return swapped

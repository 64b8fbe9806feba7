"""Bars of a song: how alike they sound, and plain copying.

Copying what stands in the most similar given bar needs no training, and is what in-fill and
finishing are set beside. Knows ticks and vectors of sound; no chart, no model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_WARMTH = 0.05
"""Temperature of the votes: bars less similar by this weigh 1/e."""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """The bars of a range.

    Parameters
    ----------
    edges : ndarray of int64, shape (M + 1,)
        Where they start, and where the last one ends.
    """

    edges: Ticks

    def __len__(self) -> int:
        return len(self.edges) - 1

    def of(self, ticks: Ticks) -> NDArray[np.int64]:
        """The bar of each tick, -1 outside all of them."""
        at = np.searchsorted(self.edges, ticks, "right") - 1
        inside: NDArray[np.int64] = np.where(at < len(self), at, -1)
        return inside

    def inside(self, ticks: Ticks, some: Mask) -> Ticks:
        """Those of the ticks that lie in some of the bars."""
        at = self.of(ticks)
        return ticks[(at >= 0) & some[at]]

    def counts(self, ticks: Ticks) -> NDArray[np.int64]:
        """Ticks in each bar, shape (M,)."""
        at = self.of(ticks)
        return np.bincount(at[at >= 0], minlength=len(self))

    def runs(self, some: Mask) -> list[tuple[int, int]]:
        """Ticks ``[start, end)`` of every run of neighbouring bars among some."""
        steps = np.diff(np.concatenate(([0], some.astype(np.int8), [0])))
        starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
        return [(int(self.edges[a]), int(self.edges[b])) for a, b in zip(starts, ends, strict=True)]


def similarity(vectors: Floats) -> Floats:
    """Cosine between bars, -1 to 1, what all bars share taken away.

    Parameters
    ----------
    vectors : ndarray, shape (M, D)

    Returns
    -------
    ndarray, shape (M, M)
    """
    own = vectors - vectors.mean(axis=0)
    own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-9)
    found: Floats = own @ own.T
    return found


def nearest(similar: Floats, given: Mask) -> NDArray[np.int64]:
    """The most similar given bar of every bar, shape (M,); a bar is not its own."""
    own = np.where(given[None, :], similar, -np.inf)
    np.fill_diagonal(own, -np.inf)
    found: NDArray[np.int64] = own.argmax(axis=1)
    return found


def copied(ticks: Ticks, bars: Bars, to: Mask, source: NDArray[np.int64]) -> tuple[Ticks, Ticks]:
    """Plain copying of bars.

    Parameters
    ----------
    ticks : ndarray of int64
        Rising.
    bars : Bars
    to : ndarray of bool, shape (M,)
        Bars to fill.
    source : ndarray of int64, shape (M,)
        Which bar each of them copies.

    Returns
    -------
    new : ndarray of int64, shape (N,)
        The copied ticks, rising.
    index : ndarray of int64, shape (N,)
        Which of the ticks each was copied from.
    """
    new, index = [ticks[:0]], [np.empty(0, dtype=np.int64)]
    for bar in np.flatnonzero(to).tolist():
        low, high = np.searchsorted(ticks, bars.edges[source[bar] : source[bar] + 2])
        moved = ticks[low:high] - bars.edges[source[bar]] + bars.edges[bar]
        fits = moved < bars.edges[bar + 1]
        new.append(moved[fits])
        index.append(np.arange(low, high)[fits])
    return np.concatenate(new), np.concatenate(index)


def voted(ticks: Ticks, bars: Bars, given: Mask, similar: Floats, n: int) -> Ticks:
    """The ``n`` best times of the other bars, by votes of the given ones that sound alike.

    Parameters
    ----------
    ticks : ndarray of int64
        The given bars' times; others are not looked at.
    bars : Bars
    given : ndarray of bool, shape (M,)
    similar : ndarray, shape (M, M)
    n : int
    """
    sources = np.flatnonzero(given)
    places = [ticks[(ticks >= bars.edges[b]) & (ticks < bars.edges[b + 1])] - bars.edges[b]
              for b in sources.tolist()]  # fmt: skip
    # Files in milliseconds put equal places a few ticks apart.
    step = TICKS_PER_BEAT // 48
    rounded = [np.unique((p + step // 2) // step) for p in places]
    width = 1 + max((int(r[-1]) for r in rounded if len(r)), default=0)
    held = np.zeros((len(sources), width))
    for row, r in enumerate(rounded):
        held[row, r] = 1.0
    hidden = np.flatnonzero(~given)
    weights = np.exp((similar[np.ix_(hidden, sources)] - 1.0) / _WARMTH)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
    scores = weights @ held
    at = bars.edges[hidden][:, None] + step * np.arange(width)
    fits = (at < bars.edges[hidden + 1][:, None]) & (scores > 0)
    candidates, votes = at[fits], scores[fits]
    best = np.argsort(-votes, kind="stable")[:n]
    return np.sort(candidates[best])

"""What every figure is set beside: charts made without ears, or without thought.

Each of these is told as much as the model is (tempo, phase, note count), and some are told
more. A figure that is not above them says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import cycle, islice

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import SNAPS, Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.evaluate.times import Seconds, f1

N_SHUFFLES = 5

_STRIDES = (1, 2, 4, 8, 16)


def metro_fill(lines: Ticks, timing: TimingMap, n: int) -> Ticks:
    """All quarters, then 8ths, then 16ths and finer; what is left over is spread evenly."""
    snaps = timing.snaps_of(lines)
    taken: Ticks = np.empty(0, dtype=np.int64)
    for snap in SNAPS:
        some = lines[snaps == snap]
        left = n - len(taken)
        taken = np.concatenate((taken, some if len(some) <= left else spread(some, left)))
    return np.sort(taken)


def spread(lines: Ticks, n: int) -> Ticks:
    """``n`` of the lines, evenly; all of them where there are fewer."""
    n = min(n, len(lines))
    return lines[np.arange(n) * len(lines) // max(n, 1)]


def top(lines: Ticks, scores: NDArray[np.float32], n: int) -> Ticks:
    """The ``n`` lines with the highest scores, in order of time; of equals the earlier."""
    return lines[np.sort(np.argsort(-scores, kind="stable")[:n])]


def best_metronome(lines: Ticks, timing: TimingMap, true_s: Seconds, within_s: float) -> float:
    """F1 of the plain metronome that fits a human chart best, chosen with the chart in hand.

    It clicks on every line, every second, fourth, eighth or sixteenth one, from any of them,
    and its number of clicks is its own.
    """
    seconds = timing.seconds_at(lines)
    return max(
        f1(seconds[phase::stride], true_s, within_s)
        for stride in _STRIDES
        for phase in range(min(stride, max(len(lines), 1)))
    )


def shuffled_measures(ticks: Ticks, edges: Ticks, rng: np.random.Generator) -> Ticks:
    """A human's times with the measures in another order.

    Parameters
    ----------
    ticks : ndarray of int64
    edges : ndarray of int64, shape (M + 1,)
        Where measures start, and where the last one ends.
    rng : numpy.random.Generator
    """
    order = rng.permutation(len(edges) - 1)
    lengths = np.diff(edges)
    found = []
    for to, source in enumerate(order.tolist()):
        own = ticks[(ticks >= edges[source]) & (ticks < edges[source + 1])] - edges[source]
        found.append(edges[to] + own[own < lengths[to]])
    return np.concatenate(found) if found else ticks[:0]


def fixed_patterns(rows: Sequence[Hashable]) -> list[tuple[Hashable, ...]]:
    """Patterns that a chart could be filled with by rote, made of its usual rows.

    Each of its four usual rows alone, and runs up, down and up and down again through its
    two to eight usual ones.

    Parameters
    ----------
    rows : sequence of hashable
        What is played at each time; see `patterns.symbols`.
    """
    usual = [row for row, _ in Counter(rows).most_common(8)]
    found: list[tuple[Hashable, ...]] = [(row,) for row in usual[:4]]
    for n in range(2, len(usual) + 1):
        up = tuple(sorted(usual[:n], key=repr))
        found += [up, up[::-1], up + up[-2:0:-1]]
    return found


def best_fixed_agreement(rows: Sequence[Hashable]) -> float:
    """Share of a chart's rows that the best of its `fixed_patterns`, repeated, gets right."""
    if not rows:
        return float("nan")
    return max(
        sum(a == b for a, b in zip(rows, islice(cycle(p), len(rows)), strict=True)) / len(rows)
        for p in fixed_patterns(rows)
    )

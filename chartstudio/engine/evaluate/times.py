"""How well two sets of note times agree. Knows seconds and counts; no chart, no model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]
Indices = NDArray[np.int64]
Numbers = Seconds | Indices

WITHIN_S = (0.02, 0.05)
"""How far apart two times may lie and still be the same."""


def matches(found_s: Seconds, true_s: Seconds, within_s: float) -> tuple[Indices, Indices]:
    """Pair two rising lists of times one to one; no pairing has more pairs.

    Parameters
    ----------
    found_s : ndarray, shape (N,)
    true_s : ndarray, shape (M,)
    within_s : float

    Returns
    -------
    found, true : ndarray of int64, shape (P,)
        Indices of the pairs, in order of time.
    """
    pairs: list[tuple[int, int]] = []
    i = j = 0
    a, b = found_s.tolist(), true_s.tolist()
    while i < len(a) and j < len(b):
        # Milliseconds of files do not add up exactly.
        if abs(a[i] - b[j]) <= within_s + 1e-9:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif a[i] < b[j]:
            i += 1
        else:
            j += 1
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def f1(found_s: Seconds, true_s: Seconds, within_s: float) -> float:
    """F1 of times matched one to one, both rising, 0 to 1."""
    n, _ = matches(found_s, true_s, within_s)
    return 2 * len(n) / max(len(found_s) + len(true_s), 1)


def near(times_s: Seconds, others_s: Seconds, within_s: float) -> NDArray[np.bool_]:
    """Whether each time has one of the others (rising) close by, shape (N,)."""
    if not len(others_s):
        return np.zeros(len(times_s), dtype=bool)
    after = np.minimum(np.searchsorted(others_s, times_s), len(others_s) - 1)
    before = np.maximum(after - 1, 0)
    gap = np.minimum(np.abs(others_s[after] - times_s), np.abs(others_s[before] - times_s))
    found: NDArray[np.bool_] = gap <= within_s + 1e-9
    return found


def mean_distance_s(found_s: Seconds, true_s: Seconds, within_s: float) -> float:
    """Mean time between the two of each pair, in seconds; NaN where nothing pairs."""
    i, j = matches(found_s, true_s, within_s)
    return float(np.abs(found_s[i] - true_s[j]).mean()) if len(i) else float("nan")


def count_miss(n_found: int, n_true: int) -> float:
    """By what share a count is off, never negative."""
    return abs(n_found / max(n_true, 1) - 1)


def correlation(a: Sequence[float] | Numbers, b: Sequence[float] | Numbers) -> float:
    """Pearson's correlation, -1 to 1; 0 where one of the two never changes and so says nothing."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if len(x) < 2:
        return 0.0
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 1e-12 else 0.0


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's correlation, -1 to 1; ties share their mean rank."""
    return correlation(_ranks(a), _ranks(b))


def _ranks(values: Sequence[float]) -> Seconds:
    _, where, counts = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Seconds = (ends - (counts - 1) / 2)[where]
    return ranks

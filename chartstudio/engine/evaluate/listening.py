"""Whether a score hears what a human charted, metre taken out of the question.

Lines are compared with lines of their own metrical class only, so that knowing where the
beats are is worth nothing: a metronome scores 0.5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CLASSES = (4, 8, 16)
"""Beats, off-8ths, off-16ths."""

_FEWEST = 3
"""A class with fewer hits or misses says nothing."""


def auc(scores: NDArray[np.float32], hits: NDArray[np.bool_]) -> float:
    """Chance that a hit scores above a miss, ties counting half; NaN without both.

    Parameters
    ----------
    scores : ndarray, shape (N,)
    hits : ndarray of bool, shape (N,)
    """
    good, bad = np.sort(scores[hits]), np.sort(scores[~hits])
    if not len(good) or not len(bad):
        return float("nan")
    below = np.searchsorted(bad, good, "left") + np.searchsorted(bad, good, "right")
    return float(below.mean() / 2 / len(bad))


def class_aucs(
    scores: NDArray[np.float32], hits: NDArray[np.bool_], snaps: NDArray[np.int16]
) -> dict[int, float]:
    """The AUC of each metrical class that has enough of both.

    Parameters
    ----------
    scores : ndarray, shape (L,)
        One for each line of the grid.
    hits : ndarray of bool, shape (L,)
        Where the human has a note.
    snaps : ndarray of int16, shape (L,)
        The coarsest snap of each line.

    Returns
    -------
    dict of int to float
        By snap.
    """
    found = {}
    for snap in CLASSES:
        mine = snaps == snap
        n_hits = int(hits[mine].sum())
        if min(n_hits, int(mine.sum()) - n_hits) >= _FEWEST:
            found[snap] = auc(scores[mine], hits[mine])
    return found


def listening_auc(
    scores: NDArray[np.float32], hits: NDArray[np.bool_], snaps: NDArray[np.int16]
) -> float:
    """The mean of `class_aucs`; NaN where no class can be judged."""
    found = list(class_aucs(scores, hits, snaps).values())
    return sum(found) / len(found) if found else float("nan")

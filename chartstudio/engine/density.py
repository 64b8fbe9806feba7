"""How dense a draft would be along the song, before anything is written.

Knows a request made ready and what is heard of it; refuses to know chance and candidates.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.generate import scored
from chartstudio.engine.requests import Density
from chartstudio.engine.task import Sound, Task, hear

_STEPS = 40
"""Halvings of the search for the right sum: more than a float32 can tell apart."""

_WIDEST = 60.0
"""Log-odds beyond which nothing changes any more."""


def densities(task: Task) -> Job[Density]:
    """The note times per beat that the sound lets expect in each measure of a request.

    Every line gets its chance of a note, such that all chances add up to the number of note
    times that the level takes. A draft, which takes the best lines, is sharper.

    Yields
    ------
    Progress
        One for each section that is heard.
    """
    sounds: list[Sound] = []
    for section in task.sections:
        for window in section.windows:
            task.song.beats(window.first, task.model.spec.windows.n_beats)
        yield Progress(len(sounds) / len(task.sections), "Listening")
        sounds.append(hear(task, section))
        yield Progress(len(sounds) / len(task.sections), "Listening")
    odds = np.concatenate(scored(task, sounds)).astype(np.float64)
    odds[task.weights == 0] = -np.inf
    sure = chances(odds, task.n_times)
    start, end, timing = task.lines[0], task.request.end, task.request.timing
    edges = timing.lines(timing.measure_start(timing.position(int(start)).measure), end)
    found = []
    for low, high in pairwise((*edges.tolist(), end)):
        n_times = float(sure[(task.lines >= low) & (task.lines < high)].sum())
        found.append((max(low, task.request.start), high, n_times * TICKS_PER_BEAT / (high - low)))
    return tuple(found)


def chances(odds: NDArray[np.float64], n: float) -> NDArray[np.float64]:
    """Chances with given differences of their log-odds that add up to a number.

    Parameters
    ----------
    odds : ndarray, shape (L,)
        Minus infinity for no chance at all.
    n : float
        At most the number of finite odds; more counts as that.
    """
    low, high = -_WIDEST, _WIDEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _risen(odds, middle).sum() < n:
            low = middle
        else:
            high = middle
    return _risen(odds, high)


def _risen(odds: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.exp(-np.logaddexp(0.0, -(odds + by)))
    return found

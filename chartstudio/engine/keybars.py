"""Which bars an author should chart by hand, so that the rest can be written their way.

Greedy facility location over the likeness of bars: each proposal is the bar that brings the
song as a whole nearest to something charted. Knows no audio and no network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.engine.echo import Likeness, heard_from, shares, widened
from chartstudio.engine.features import SLOTS_PER_BEAT, SlotGrid
from chartstudio.engine.requests import KeyBars, KeyBarsRequest

Mask = NDArray[np.bool_]
Doubles = NDArray[np.float64]

_SURE = 0.25
"""What a bar still counts of which the charted ones leave no doubt."""

_LINES_PER_BEAT = 4
"""Doubt is asked for at the sixteenths of a bar."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """Bars to chart, best first; N of them.

    Attributes
    ----------
    bars : ndarray of int64, shape (N,)
    coverage : ndarray, shape (N,)
        How near the song as a whole is to something charted once this bar is, 0 to 1.
    news : ndarray, shape (N,)
        How unlike each bar is to all that is charted before it, 0 to 1.
    """

    bars: NDArray[np.int64]
    coverage: Doubles
    news: Doubles


def propose(like: Likeness, given: Mask, open_: Mask, n: int, weights: Doubles) -> Proposal:
    """The bars that stand for the others, by greedy facility location.

    Parameters
    ----------
    like : Likeness
    given : ndarray of bool, shape (M,)
        Bars that are charted already.
    open_ : ndarray of bool, shape (M,)
        Bars that matter: those that can be proposed are the open ones that are not given.
    n : int
        At most so many are proposed.
    weights : ndarray, shape (M,)
        How much it matters that a bar is covered.
    """
    alike = like.plain.astype(np.float64)
    np.fill_diagonal(alike, 1.0)
    matter = np.where(open_, weights, 0.0)
    covered = alike[:, given].max(axis=1, initial=-1.0)
    free = open_ & ~given
    found: list[int] = []
    coverage, news = [], []
    for _ in range(min(n, int(free.sum()))):
        gain = matter @ np.maximum(alike - covered[:, None], 0.0)
        best = int(np.where(free, gain, -np.inf).argmax())
        found.append(best)
        news.append(1.0 - float(np.clip(covered[best], 0.0, 1.0)))
        free[best] = False
        covered = np.maximum(covered, alike[:, best])
        coverage.append(float(np.clip(covered[open_], 0.0, 1.0).mean()))
    return Proposal(np.array(found, dtype=np.int64), np.array(coverage), np.array(news))


def doubt(like: Likeness, charted: Mask, has: Mask) -> Doubles:
    """How little the charted bars say about each bar, 0 to 1; shape (M,).

    Parameters
    ----------
    like : Likeness
    charted : ndarray of bool, shape (M,)
    has : ndarray of bool, shape (beats * 48,)
        Slots with a note.

    Returns
    -------
    ndarray, shape (M,)
        1 where no charted bar sounds alike. Elsewhere it grows with the distance of the most
        similar one, and with how much the similar ones disagree.
    """
    if not charted.any():
        return np.ones(len(like))
    echo = heard_from(charted, like)
    lengths = np.diff(like.beats)
    known = np.repeat(charted, lengths * SLOTS_PER_BEAT)
    slots = np.arange(0, int(like.beats[-1]) * SLOTS_PER_BEAT, SLOTS_PER_BEAT // _LINES_PER_BEAT)
    share, _ = shares(echo, widened(has), known, slots)
    p = np.clip(share.astype(np.float64), 1e-6, 1 - 1e-6)
    bits = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    mean = np.add.reduceat(bits, like.beats[:-1] * _LINES_PER_BEAT) / (lengths * _LINES_PER_BEAT)
    found: Doubles = 1.0 - echo.best * (1.0 - mean)
    return found


def key_bars(request: KeyBarsRequest, like: Likeness, grid: SlotGrid) -> KeyBars:
    """Answer a request.

    Raises
    ------
    EngineError
        When no bar is left to propose.
    """
    if request.n < 1:
        raise EngineError("at least one key bar is needed; ask for 1 or more")
    has, charted = charted_bars(request.chart, like, grid)
    numbers = _measures(like, grid, request.timing)
    open_ = like.sounding & (numbers > 0)
    if request.stretch is not None:
        start, end = request.stretch
        ticks = grid.beat_ticks[like.beats[:-1]]
        open_ &= (ticks >= start) & (ticks < end)
    if not open_.any():
        raise EngineError("nothing sounds here: there are no bars to propose")
    unsure = doubt(like, charted, has)
    found = propose(like, charted, open_, request.n, _SURE + (1 - _SURE) * unsure)
    if not len(found.bars):
        raise EngineError("every bar that sounds has notes already: nothing is left to propose")
    return KeyBars(
        measures=tuple(numbers[found.bars].tolist()),
        coverage=tuple(np.round(found.coverage, 4).tolist()),
        uncertainty=tuple(np.round(np.minimum(unsure[found.bars], found.news), 4).tolist()),
    )


def charted_bars(chart: Chart, like: Likeness, grid: SlotGrid) -> tuple[Mask, Mask]:
    """Slots with a note, shape (beats * 48,), and bars with one, shape (M,)."""
    slots = grid.slot_of(np.array([n.tick for n in chart.notes], dtype=np.int64))
    slots = np.unique(slots[slots >= 0])
    has = np.zeros(grid.n_beats * SLOTS_PER_BEAT, dtype=bool)
    has[slots] = True
    bars = np.zeros(len(like), dtype=bool)
    bars[like.bar_of(slots)] = True
    return has, bars


def _measures(like: Likeness, grid: SlotGrid, timing: TimingMap) -> NDArray[np.int64]:
    """Number of each bar, from 1; 0 and less before the first downbeat, and for a part of one."""
    starts = grid.beat_ticks[like.beats[:-1]].tolist()
    numbers = [timing.position(tick).measure for tick in starts]
    whole = [timing.measure_start(m) == tick for m, tick in zip(numbers, starts, strict=True)]
    return np.where(whole, numbers, 0).astype(np.int64)

"""Filling a chart of which some bars are given: which bars, and what the engine makes of them.

Choosing bars and filling the rest are callables, so that they can be exchanged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress
from chartstudio.core.note import Note
from chartstudio.core.ticks import Ticks
from chartstudio.engine.evaluate import bars as plain
from chartstudio.engine.evaluate.bars import Mask
from chartstudio.engine.evaluate.nulls import metro_fill
from chartstudio.engine.evaluate.patterns import Rows, agreement
from chartstudio.engine.evaluate.times import WITHIN_S, Seconds, f1
from chartstudio.engine.evaluate.trial import Trial

Chooser = Callable[[Trial, int], Job[NDArray[np.int64]]]
"""``(trial, n) -> job of bars``: which bars of the range the author would chart."""

_RANDOM, _SOURCE = 1, 2


def _chosen(trial: Trial, n: int) -> Job[NDArray[np.int64]]:
    ranked = yield from trial.key_bars()
    return ranked[:n]


def _random(trial: Trial, n: int) -> Job[NDArray[np.int64]]:
    yield Progress(0.0, "Choosing bars")
    return trial.rng(_RANDOM).permutation(len(trial.case.bars))[:n]


def _first(trial: Trial, n: int) -> Job[NDArray[np.int64]]:
    yield Progress(0.0, "Choosing bars")
    return np.arange(min(n, len(trial.case.bars)))


CHOOSERS: dict[str, Chooser] = {"chosen": _chosen, "random": _random, "first": _first}
"""Ways to choose the bars that are given; ``chosen`` is the engine's own."""


@dataclass(frozen=True, eq=False)
class Given:
    """A human chart of which only some bars are shown.

    Parameters
    ----------
    trial : Trial
    mask : ndarray of bool, shape (M,)
        Bars that are given.
    """

    trial: Trial
    mask: Mask

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """The notes that start in given bars."""
        return tuple(n for n in self.trial.case.chart.notes if self.holds(n.tick))

    def holds(self, tick: int) -> bool:
        """Whether a tick lies in a given bar."""
        bar = bisect_right(self._edges, tick) - 1
        return 0 <= bar < len(self.mask) and bool(self.mask[bar])

    @cached_property
    def _edges(self) -> list[int]:
        found: list[int] = self.trial.case.bars.edges.tolist()
        return found

    def hidden(self, ticks: Ticks) -> Ticks:
        """Those of the ticks that lie in bars that are not given."""
        return self.trial.case.bars.inside(ticks, ~self.mask)

    def hidden_rows(self, rows: Rows) -> Rows:
        """Rows in bars that are not given."""
        keep = np.flatnonzero(np.isin(rows.ticks, self.hidden(rows.ticks))).tolist()
        return rows.some(keep, rows.ticks[keep])

    @cached_property
    def true(self) -> Rows:
        """The human's rows that are not shown."""
        return self.hidden_rows(self.trial.case.rows)

    @cached_property
    def true_s(self) -> Seconds:
        """Their times in seconds."""
        return self.trial.seconds(self.true.ticks)

    @cached_property
    def lines(self) -> Ticks:
        """Lines of the grid that a fill may choose from."""
        return self.hidden(self.trial.lines(self.trial.grid))

    @cached_property
    def n_hidden(self) -> int:
        """How many times are to be found, as far as there is room."""
        return min(len(self.true), len(self.lines))

    # Judging -------------------------------------------------------------------------

    def f1(self, ticks: Ticks) -> float:
        """F1 of times in the hidden bars, within 20 ms."""
        return f1(self.trial.seconds(self.hidden(np.unique(ticks))), self.true_s, WITHIN_S[0])

    def agreement(self, rows: Rows) -> float:
        """Share of the agreed times in the hidden bars with the very same row."""
        mine = self.hidden_rows(rows)
        seconds = (self.trial.seconds(mine.ticks), self.true_s)
        return agreement(mine, self.true, seconds, WITHIN_S[0])

    # Copying -------------------------------------------------------------------------

    def copied(self) -> Rows:
        """Every hidden bar as the most similar given one."""
        return self._copy(plain.nearest(self.trial.similar, self.mask))

    def copied_blindly(self) -> Rows:
        """Every hidden bar as any given one."""
        given = np.flatnonzero(self.mask)
        return self._copy(self.trial.rng(_SOURCE).choice(given, len(self.mask)))

    def _copy(self, source: NDArray[np.int64]) -> Rows:
        rows, bars = self.trial.case.rows, self.trial.case.bars
        ticks, index = plain.copied(rows.ticks, bars, ~self.mask, source)
        return rows.some(index.tolist(), ticks)

    def voted(self) -> Ticks:
        """As many times as are hidden, by the votes of given bars that sound alike."""
        case = self.trial.case
        return plain.voted(case.times, case.bars, self.mask, self.trial.similar, self.n_hidden)

    def metro(self) -> Ticks:
        """As many times as are hidden, quarters first."""
        return metro_fill(self.lines, self.trial.case.timing, self.n_hidden)


def give(trial: Trial, how: str, n: int) -> Job[Given]:
    """So many bars of a chart, chosen in one of the ways of `CHOOSERS`."""
    mask = np.zeros(len(trial.case.bars), dtype=bool)
    mask[(yield from CHOOSERS[how](trial, n))] = True
    return Given(trial, mask)


def fill(name: str, given: Given) -> Job[tuple[Note, ...]]:
    """Let the engine write the hidden bars, knowing the given ones.

    Returns
    -------
    tuple of Note
        Those written. Errors, broken locks and borders go to the trial's tally.
    """
    trial, bars = given.trial, given.trial.case.bars
    request = trial.request(
        chart=replace(trial.blank, notes=given.notes),
        keep=tuple(bars.runs(given.mask)),
        n_times=given.n_hidden,
    )
    draft = yield from trial.draft(name, request)
    written = draft.candidates[0].notes
    new = tuple(n for n in written if not given.holds(n.tick))
    kept = Counter(n for n in written if given.holds(n.tick))
    own = Counter(given.notes)
    trial.tally.n_broken += (own - kept).total() + (kept - own).total()
    trial.judge_filled(given.notes, new)
    return new

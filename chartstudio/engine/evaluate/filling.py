"""Filling a chart of which some bars are given: which bars, and what the engine makes of them.

Choosing bars and filling the rest are callables, so that they can be exchanged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job
from chartstudio.core.note import Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import Ticks
from chartstudio.engine.evaluate import bars as plain
from chartstudio.engine.evaluate.bars import Mask
from chartstudio.engine.evaluate.nulls import metro_fill
from chartstudio.engine.evaluate.patterns import Rows, agreement
from chartstudio.engine.evaluate.times import WITHIN_S, Seconds, f1
from chartstudio.engine.evaluate.trial import Trial
from chartstudio.engine.plan import allocate

Chooser = Callable[[Trial, int], NDArray[np.int64]]
"""``(trial, n) -> bars``: which bars of the range the author would chart."""

_RANDOM, _SOURCE = 1, 2


def _chosen(trial: Trial, n: int) -> NDArray[np.int64]:
    return plain.representative(trial.similar, n)


def _random(trial: Trial, n: int) -> NDArray[np.int64]:
    return trial.rng(_RANDOM).permutation(len(trial.case.bars))[:n]


def _first(trial: Trial, n: int) -> NDArray[np.int64]:
    return np.arange(min(n, len(trial.case.bars)))


CHOOSERS: dict[str, Chooser] = {"chosen": _chosen, "random": _random, "first": _first}
"""Ways to choose the bars that are given."""


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

    @classmethod
    def bars(cls, trial: Trial, how: str, n: int) -> Given:
        """So many bars, chosen in one of the ways of `CHOOSERS`."""
        mask = np.zeros(len(trial.case.bars), dtype=bool)
        mask[CHOOSERS[how](trial, n)] = True
        return cls(trial, mask)

    @classmethod
    def half(cls, trial: Trial) -> Given:
        """Half of the bars, drawn by chance."""
        return cls.bars(trial, "random", len(trial.case.bars) // 2)

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """The notes that start in given bars."""
        bars = self.trial.case.bars
        return tuple(n for n in self.trial.case.chart.notes if self._in(n.tick, bars.edges))

    def _in(self, tick: int, edges: Ticks) -> bool:
        bar = int(np.searchsorted(edges, tick, "right")) - 1
        return 0 <= bar < len(self.mask) and bool(self.mask[bar])

    def hidden(self, ticks: Ticks) -> Ticks:
        """Those of the ticks that lie in bars that are not given."""
        return self.trial.case.bars.inside(ticks, ~self.mask)

    def hidden_rows(self, rows: Rows) -> Rows:
        """Rows in bars that are not given."""
        keep = np.flatnonzero(np.isin(rows.ticks, self.hidden(rows.ticks))).tolist()
        symbols, long = (tuple(column[i] for i in keep) for column in (rows.symbols, rows.long))
        return Rows(rows.ticks[keep], symbols, long)

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
        kept = index.tolist()
        return Rows(ticks, tuple(rows.symbols[i] for i in kept), tuple(rows.long[i] for i in kept))

    def voted(self) -> Ticks:
        """As many times as are hidden, by the votes of given bars that sound alike."""
        case = self.trial.case
        return plain.voted(case.times, case.bars, self.mask, self.trial.similar, self.n_hidden)

    def metro(self) -> Ticks:
        """As many times as are hidden, quarters first."""
        return metro_fill(self.lines, self.trial.case.timing, self.n_hidden)


def fill(name: str, given: Given) -> Job[tuple[Note, ...]]:
    """Let the engine write the hidden bars, knowing the given ones.

    Returns
    -------
    tuple of Note
        Those written. Errors, broken locks and borders go to the trial's tally.
    """
    trial = given.trial
    new: list[Note] = []
    kept = given.notes
    for (start, end), n in zip(trial.case.bars.runs(~given.mask), _shares(given), strict=True):
        if not n:
            continue
        chart = _with(trial, (*kept, *new))
        request = trial.request(chart=chart, start=start, end=end, n_times=n)
        draft = yield from trial.draft((name, start), request)
        written = draft.candidates[0].notes
        trial.tally.n_broken += sum(not start <= n.tick < end for n in written)
        new += written
    trial.judge_filled(kept, new)
    return sort_notes(new)


def _with(trial: Trial, notes: tuple[Note, ...]) -> Chart:
    return replace(trial.blank, notes=sort_notes(notes))


def _shares(given: Given) -> list[int]:
    """Note times for each run of hidden bars, the known total shared as the given bars suggest."""
    trial, bars = given.trial, given.trial.case.bars
    weights = np.exp((trial.similar[:, given.mask] - 1.0) / 0.05)
    weights /= weights.sum(axis=1, keepdims=True)
    expected = weights @ bars.counts(trial.case.times)[given.mask]
    runs = bars.runs(~given.mask)
    lines, wanted, room = given.lines, [], []
    for start, end in runs:
        inside = (bars.edges[:-1] >= start) & (bars.edges[:-1] < end)
        wanted.append(float(expected[inside].sum()))
        room.append(int(((lines >= start) & (lines < end)).sum()))
    counts = allocate(given.n_hidden, np.array(wanted), np.array(room, dtype=np.int64))
    found: list[int] = counts.tolist()
    return found

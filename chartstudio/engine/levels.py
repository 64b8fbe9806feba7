"""Reaching an asked level: how many note times a candidate should have.

A finished candidate tells what its notes are worth. For another count its rows are moved to
the times that the plan would then pick, and the mode's own estimate of that is asked: far
cheaper than writing the rows anew. Knows plans and estimates; refuses to know the network.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np

from chartstudio.core.note import Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import Ticks
from chartstudio.engine.task import Task
from chartstudio.engine.writer import Writer

_SLACK = (0.15, 0.04)
"""A level is reached within this, or within this share of it."""

_N_GUESSES = 7
_WIDEST = 3.0


def retimed(writer: Writer, ticks: Ticks) -> tuple[Note, ...]:
    """A candidate's rows at other times; a new time gets the row of its neighbour before it."""
    notes = sort_notes(writer.notes)
    rows = [tuple(row) for _, row in groupby(notes, key=lambda n: n.tick)]
    starts = np.array([row[0].tick for row in rows])
    nearest = np.maximum(np.searchsorted(starts, ticks, "right") - 1, 0)
    moved: list[Note] = []
    for tick, r in zip(ticks.tolist(), nearest.tolist(), strict=True):
        for note in rows[r]:
            held: Any = note
            # A copied hold would lie under its own original.
            end = note.end if note.tick == tick else tick
            moved.append(replace(held, tick=tick, end=end))
    return sort_notes(moved)


@dataclass(slots=True, eq=False)
class Aim:
    """The search for the note count of one candidate.

    Parameters
    ----------
    task : Task

    Attributes
    ----------
    tried : dict of int to float
        Levels that were reached, by note count.
    """

    task: Task
    tried: dict[int, float] = field(default_factory=dict)

    def miss(self, reached: float) -> float:
        """How far a level is from the asked one."""
        return abs(reached - self.task.level)

    def next(self, writer: Writer, reached: float) -> int | None:
        """The count to write next; None when the level is reached, or cannot be.

        Parameters
        ----------
        writer : Writer
            A finished one.
        reached : float
            The level of its notes.
        """
        slack, share = _SLACK
        asked = self.task.level
        self.tried[writer.n_times] = reached
        if self.miss(reached) <= max(slack, share * asked) or not writer.notes:
            return None
        found = self._between()
        if found is None:
            found = self._guess(writer, reached < asked)
        return None if found in self.tried else found

    def _between(self) -> int | None:
        """A count between two that were written, one too easy and one too hard."""
        asked = self.task.level
        easy = max(((n, level) for n, level in self.tried.items() if level < asked), default=None)
        hard = min(((n, level) for n, level in self.tried.items() if level >= asked), default=None)
        if easy is None or hard is None or easy[0] >= hard[0]:
            return None
        share = (asked - easy[1]) / (hard[1] - easy[1])
        return round(easy[0] + share * (hard[0] - easy[0]))

    def _guess(self, writer: Writer, harder: bool) -> int:
        """The count at which the rows of a finished candidate, moved, reach the level."""
        asked = self.task.level
        low = writer.n_times if harder else max(round(writer.n_times / _WIDEST), 1)
        high = round(writer.n_times * _WIDEST) if harder else writer.n_times
        high = min(high, len(self.task.lines))
        for _ in range(_N_GUESSES):
            middle = (low + high) // 2
            if self._level(writer, middle) < asked:
                low = middle
            else:
                high = middle
        return high

    def _level(self, writer: Writer, n_times: int) -> float:
        notes = retimed(writer, writer.times(self.task, n_times))
        chart = Chart(self.task.mode.id, notes=sort_notes((*self.task.stay.inside, *notes)))
        return self.task.mode.difficulty(chart, self.task.request.timing)

"""Reaching an asked level: how many note times a candidate should have, and how thick rows.

A finished candidate tells what its notes are worth. For another count its rows are moved to
the times that the plan would then pick, and the mode's own estimate of that is asked: far
cheaper than writing the rows anew. Where the grid has no room for more times, rows get more
notes. Knows plans and estimates; refuses to know the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from chartstudio.core.job import Job, Progress
from chartstudio.core.mode import Mode
from chartstudio.core.note import Note, shift, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.task import Task
from chartstudio.engine.writer import Writer

_SLACK = (0.15, 0.04)
"""A level is reached within this, or within this share of it."""

_MOST_LEFT = 0.05
"""Share of the times without a row from which on a grid counts as full."""

_LAST_TICKS = 4 * TICKS_PER_BEAT
"""How long the last row may last."""

_SUSTAINED_S, _MOST_REPEATS = 30.0, 32

_LEAST_GAIN = 0.6
"""A guess is not taken to have led nearer to its level by less than this share."""

_N_GUESSES = 7
_WIDEST = 3.0

_THICKER, _THICKEST, _THICK_ALIKE = 3.0, 9.0, 0.25
"""By how much rows are thickened at first, and at most, in the unit of the network's scores;
below the last, one is as thick as another."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a candidate is written with.

    Parameters
    ----------
    n_times : int
    thick : float
        How much less a row likes to end while more notes could join it, in the unit of the
        network's scores.
    """

    n_times: int
    thick: float = 0.0


def retimed(writer: Writer, ticks: Ticks, mode: Mode) -> tuple[Note, ...]:
    """A candidate's rows at other times; a new time gets the row of its neighbour before it."""
    notes = sort_notes(writer.notes)
    rows = [tuple(row) for _, row in groupby(notes, key=lambda n: n.tick)]
    starts = np.array([row[0].tick for row in rows])
    nearest = np.maximum(np.searchsorted(starts, ticks, "right") - 1, 0)
    ends = np.append(ticks[1:], ticks[-1:] + _LAST_TICKS)
    moved: list[Note] = []
    for tick, end, r in zip(ticks.tolist(), ends.tolist(), nearest.tolist(), strict=True):
        found = (_moved(note, tick, end, mode) for note in rows[r])
        moved += [note for note in found if note is not None]
    return sort_notes(moved)


def _moved(note: Note, tick: int, until: int, mode: Mode) -> Note | None:
    """A note at another time, without its length where that does not fit.

    Held notes in lanes last beside others, but a copy would lie under its own original. Where
    there is one place for all, nothing lasts into the next row; what players do not count is
    left out then.
    """
    there = shift(note, tick - note.tick)
    in_lanes = len(mode.layout.lanes) > 1
    if there.end == tick or (note.tick == tick if in_lanes else there.end < until):
        return there
    if not mode.counts(note):
        return None
    return mode.place(mode.kinds[0], tick, tick, mode.spot(note))


def sustained(chart: Chart, start: int, end: int, timing: TimingMap) -> Chart:
    """A chart of a stretch played again and again, as long as it takes to be as hard as it is.

    Estimators weigh how long the hard part of a chart is; a stretch that is written into a
    chart is to be as hard as the rest of it, however short it is.
    """
    length_s = float(timing.seconds_at(end) - timing.seconds_at(start))
    n_times = min(int(np.ceil(_SUSTAINED_S / max(length_s, 0.1))), _MOST_REPEATS)
    again = [shift(n, i * (end - start)) for i in range(n_times) for n in chart.notes]
    return replace(chart, notes=sort_notes(again))


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
    thick : dict of float to float
        Levels that were reached on all the lines there are, by how thick rows were.
    full : bool
        Whether one that was too easy had a row on every line, or times left that it found none
        to play at.
    """

    task: Task
    tried: dict[int, float] = field(default_factory=dict)
    thick: dict[float, float] = field(default_factory=dict)
    full: bool = False
    _leap: tuple[float, float] | None = None
    """From which level to which the last guess was to lead."""

    def miss(self, reached: float) -> float:
        """How far a level is from the asked one."""
        return abs(reached - self.task.level)

    @property
    def slack(self) -> float:
        """By how much a level that counts as reached may be off."""
        least, share = _SLACK
        return max(least, share * self.task.level)

    def lacks_lines(self, reached: float) -> bool:
        """Whether a level is too low, and the grid has no line where more could be played."""
        return self.full and reached < self.task.level - self.slack

    def next(self, writer: Writer, reached: float, step: Progress) -> Job[Attempt | None]:
        """Find what to write next; None when the level is reached, or cannot be.

        Parameters
        ----------
        writer : Writer
            A finished one.
        reached : float
            The level of its notes.
        step : Progress
            Yielded after each estimate: those of long charts take their time.
        """
        asked = self.task.level
        if not writer.thick:
            self.tried[writer.n_times] = reached
        if self.miss(reached) <= self.slack or not writer.notes:
            return None
        full = writer.n_times >= len(self.task.lines) and not self.task.request.worth
        self.full |= reached < asked and (full or writer.n_left > _MOST_LEFT * writer.n_times)
        if writer.thick or (full and reached < asked):
            return self._thicker(writer, reached)
        found = self._between()
        if found is None:
            found = yield from self._guess(writer, reached < asked, step)
        return None if found in self.tried else Attempt(found)

    def _thicker(self, writer: Writer, reached: float) -> Attempt | None:
        """Thicker rows on all the lines; between two that were too easy and too hard."""
        asked = self.task.level
        self.thick[writer.thick] = reached
        thin = max(t for t, level in self.thick.items() if level < asked)
        hard = [(t, level) for t, level in self.thick.items() if level >= asked]
        if not hard:
            more = thin + _THICKER
            return Attempt(writer.n_times, more) if more <= _THICKEST else None
        thick, level = min(hard)
        if thick - thin < _THICK_ALIKE:
            return None
        share = (asked - self.thick[thin]) / (level - self.thick[thin])
        return Attempt(writer.n_times, thin + share * (thick - thin))

    def _between(self) -> int | None:
        """A count between two that were written, one too easy and one too hard."""
        asked = self.task.level
        easy = max(((n, level) for n, level in self.tried.items() if level < asked), default=None)
        hard = min(((n, level) for n, level in self.tried.items() if level >= asked), default=None)
        if easy is None or hard is None or easy[0] >= hard[0]:
            return None
        share = (asked - easy[1]) / (hard[1] - easy[1])
        return round(easy[0] + share * (hard[0] - easy[0]))

    def _guess(self, writer: Writer, harder: bool, step: Progress) -> Job[int]:
        """The count at which the rows of a finished candidate, moved, reach the level.

        Rows that are written anew for denser times tend to be easier than moved ones. When
        the last guess went that way only in part, this one goes further by as much.
        """
        reached, asked = self.tried[writer.n_times], self.task.level
        if self._leap is not None:
            was, hoped = self._leap
            came = float(np.clip((reached - was) / (hoped - was), _LEAST_GAIN, 1.0))
            asked = reached + (asked - reached) / came
        self._leap = (reached, asked)
        low = writer.n_times if harder else max(round(writer.n_times / _WIDEST), 1)
        high = round(writer.n_times * _WIDEST) if harder else writer.n_times
        high = min(high, len(self.task.lines))
        for _ in range(_N_GUESSES):
            middle = (low + high) // 2
            if self._level(writer, middle) < asked:
                low = middle
            else:
                high = middle
            yield step
        return high

    def _level(self, writer: Writer, n_times: int) -> float:
        task = self.task
        return self.level_of(retimed(writer, writer.times(task, n_times), task.mode))

    def level_of(self, notes: Sequence[Note]) -> float:
        """How hard a candidate's notes are, with what stays among them.

        Within a chart that is the level of the range alone, however short it is.
        """
        task, request = self.task, self.task.request
        chart = replace(request.chart, notes=sort_notes((*task.stay.inside, *notes)))
        if task.stay.given:
            chart = sustained(chart, request.start, request.end, request.timing)
        return task.mode.difficulty(chart, request.timing)

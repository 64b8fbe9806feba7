"""The record that every game mode fills in, and what its functions hand back.

A mode says what its notes are, how they are placed and mirrored, what is wrong with a chart,
how hard it is, and how the engine spells its notes as events. It knows no file format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.note import Note
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap

Severity = Literal["error", "warning", "hint"]
Axis = Literal["horizontal", "vertical", "both"]
Spot = tuple[float, ...]
"""Where a note is put: ``(lane,)`` in lane modes, ``(x, y)`` elsewhere; a mode may take more."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong with a chart, at a place.

    Parameters
    ----------
    id : str
        Stable name of the check's finding, such as ``jack-too-fast``.
    severity : {"error", "warning", "hint"}
    text : str
        One line for the author.
    tick, end : int
        Where; equal for a single row.
    fix : callable, optional
        Makes the chart without this issue, where that is safe.
    """

    id: str
    severity: Severity
    text: str
    tick: int
    end: int
    fix: Callable[[Chart], Chart] | None = None


Check = Callable[[Chart, TimingMap], Iterable[Issue]]


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane of a lane mode.

    Parameters
    ----------
    name : str
        What the game calls it: ``left``, ``up-right``, ``key 3``.
    symbol : str
        How it is drawn: ``left down up right up-left up-right down-left down-right centre``
        for arrows, ``key`` for bars.
    x, y : float
        Where it lies on the pad in panel widths, or on the keyboard.
    """

    name: str
    symbol: str
    x: float
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Layout:
    """The space a mode's notes live in.

    Parameters
    ----------
    space : str
        ``lanes``, or the name of another playfield.
    lanes : tuple of Lane
        Empty outside lane modes.
    """

    space: str
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """A figure or word that holds for a whole chart, as the author may set it.

    Parameters
    ----------
    name : str
        Key in `Chart.settings`.
    title : str
        What the game calls it.
    default : float or str
        What holds where a chart says nothing.
    low, high : float
        Range of a figure.
    choices : tuple of str
        The words to choose from; empty for a figure.
    """

    name: str
    title: str
    default: float | str
    low: float = 0.0
    high: float = 10.0
    choices: tuple[str, ...] = ()

    def of(self, chart: Chart) -> Any:
        """The chart's value, or the default."""
        return chart.setting(self.name, self.default)


@dataclass(frozen=True, slots=True)
class EventRange:
    """A run of ``size`` neighbouring events of one meaning in a mode's vocabulary."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class RowContext:
    """What is known when the notes of one tick are chosen.

    Parameters
    ----------
    tick : int
    timing : TimingMap
    before : sequence of Note
        Notes that start before ``tick``, in chart order; the last few seconds suffice, with
        every note whose end reaches ``tick``.
    here : sequence of Note
        Notes on ``tick`` that are given (locked) and stay.
    after : sequence of Note
        Notes after ``tick`` that are given, in chart order.
    level : float
        The level asked for.
    """

    tick: int
    timing: TimingMap
    before: Sequence[Note]
    here: Sequence[Note]
    after: Sequence[Note]
    level: float


class Grammar(Protocol):
    """Which events may come next while one row is spelled."""

    def mask(self, events: Sequence[int]) -> NDArray[np.bool_]:
        """Legal next events after those already given for the row.

        Parameters
        ----------
        events : sequence of int
            Flat events of this row so far.

        Returns
        -------
        ndarray of bool, shape (V,)
            V is the size of the mode's vocabulary. At least one entry is true.
        """
        ...


def lane_facts(note: Note) -> dict[str, Any]:
    """What a listing says of a lane note: its lane."""
    return {"lane": note.order}


@dataclass(frozen=True, slots=True)
class Mode:
    """A game mode.

    Parameters
    ----------
    id, title : str
    kinds : tuple of str
        Kinds of note that an author can place; the first is the default.
    note_types : tuple of type
    layout : Layout
    level_unit : str
        ``meter``, ``stars`` or ``rank``.
    level_range : (float, float)
        Levels that the Draft panel offers.
    place : callable
        ``(kind, tick, end, spot) -> Note``. Raises `ModeError` when the spot is no place.
    spot : callable
        ``(note) -> spot``.
    kind : callable
        ``(note) -> kind``.
    counts : callable
        ``(note) -> bool``: whether players call it a note (a mine is none).
    mirror : callable
        ``(notes, axis) -> notes``.
    conflicts : callable
        ``(notes, new) -> notes`` that cannot stay beside the new one.
    checks : tuple of Check
    event_ranges : tuple of EventRange
        The mode's vocabulary, flat and in order. Event 0 ends a row.
    encode : callable
        ``(row) -> events`` of the notes on one tick, ending with 0; notes that the
        vocabulary cannot spell are left out.
    decode : callable
        ``(tick, events) -> (notes, n_bad)``; bad events are skipped and counted.
    grammar : callable
        ``(RowContext) -> Grammar``; the rules that the checks use.
    difficulty : callable
        ``(chart, timing) -> level`` by the mode's estimator.
    settings : tuple of Setting
    facts : callable
        ``(note) -> {name: value}``: what a listing says of a note beyond its times and kind,
        as plain values.
    estimator : str
        Name and version of a level calculator that others wrote, to be kept beside its
        figures: they change with it. Empty for our own.
    """

    id: str
    title: str
    kinds: tuple[str, ...]
    note_types: tuple[type, ...]
    layout: Layout
    level_unit: str
    level_range: tuple[float, float]
    place: Callable[[str, int, int, Spot], Note]
    spot: Callable[[Note], Spot]
    kind: Callable[[Note], str]
    counts: Callable[[Note], bool]
    mirror: Callable[[Sequence[Note], Axis], tuple[Note, ...]]
    conflicts: Callable[[Sequence[Note], Note], tuple[Note, ...]]
    checks: tuple[Check, ...]
    event_ranges: tuple[EventRange, ...]
    encode: Callable[[Sequence[Note]], tuple[int, ...]]
    decode: Callable[[int, Sequence[int]], tuple[tuple[Note, ...], int]]
    grammar: Callable[[RowContext], Grammar]
    difficulty: Callable[[Chart, TimingMap], float]
    settings: tuple[Setting, ...] = ()
    facts: Callable[[Note], dict[str, Any]] = lane_facts
    estimator: str = ""

    @property
    def n_events(self) -> int:
        """Size of the vocabulary."""
        return sum(r.size for r in self.event_ranges)

    def event(self, name: str, value: int = 0) -> int:
        """Flat number of an event."""
        first = 0
        for r in self.event_ranges:
            if r.name == name:
                return first + value
            first += r.size
        raise KeyError(name)

    def meaning(self, event: int) -> tuple[str, int]:
        """Range name and value of a flat event; the inverse of `event`."""
        for r in self.event_ranges:
            if event < r.size:
                return r.name, event
            event -= r.size
        raise IndexError(event)

    def check(self, chart: Chart, timing: TimingMap) -> tuple[Issue, ...]:
        """All issues of a chart, by place."""
        found = [issue for check in self.checks for issue in check(chart, timing)]
        return tuple(sorted(found, key=lambda i: (i.tick, i.id)))

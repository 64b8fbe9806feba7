"""What is asked of a draft and what it proposes, as values. Knows no engine and no widget."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from chartstudio.core.note import Note
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.editor.finish import Span
from chartstudio.engine.requests import GenerateRequest
from chartstudio.modes import MODES

GRIDS = (4, 8, 12, 16, 24, 32, 48)
"""Grids that the panel offers to draft on."""

MAX_CANDIDATES = 8
MAX_SEED = 999_999


@dataclass(frozen=True, slots=True)
class DraftSettings:
    """What the Draft panel says.

    Parameters
    ----------
    mode : str
        A chart of this mode is drafted; when the active chart is of another, a new one.
    level : float
        In the mode's unit.
    grid : int
    seed : int
    n_candidates : int
    locks : frozenset of str
        What stays of notes that are redrawn; members of `engine.requests.LOCKS`.
    lanes : frozenset of int
        Which lanes the lock of that name holds; none is the order of all.
    cut_holds : bool
        Held notes that reach into what is redrawn end there, instead of staying whole.
    finish_at_level : bool
        Whether finishing takes the level above, instead of that of the author's bars.
    shows_style : bool
        Whether the sliders of habits are unfolded.
    """

    mode: str = "dance-single"
    level: float = 6.0
    grid: int = 16
    seed: int = 1
    n_candidates: int = 3
    locks: frozenset[str] = frozenset()
    lanes: frozenset[int] = frozenset()
    cut_holds: bool = False
    finish_at_level: bool = False
    shows_style: bool = False


class Purpose(Enum):
    """What a draft is for; the value is the name of the step that accepts it."""

    DRAFT = "Accept draft"
    SUGGEST = "Accept suggestion"
    FINISH = "Finish the song"
    REFRESH = "Refresh fills"

    @property
    def fills(self) -> bool:
        """Whether it is written around the author's bars, which it never changes."""
        return self in (Purpose.FINISH, Purpose.REFRESH)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be drafted.

    Parameters
    ----------
    purpose : Purpose
    chart : int
    span : (int, int)
        The range that is asked for.
    level : float or None
        None is that of the author's bars.
    keep : tuple of (int, int)
        The author's bars within it.
    spans : tuple of (int, int) or None
        Where its notes may land; None for all that is not kept.
    n_candidates : int
    """

    purpose: Purpose
    chart: int
    span: Span
    level: float | None
    keep: tuple[Span, ...] = ()
    spans: tuple[Span, ...] | None = None
    n_candidates: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A draft that was asked for.

    Parameters
    ----------
    request : GenerateRequest
    purpose : Purpose
    chart : int
    spans : tuple of (int, int)
        Where its notes may land.
    stays : frozenset of Note
        Notes there that are locked.
    """

    request: GenerateRequest
    purpose: Purpose
    chart: int
    spans: tuple[Span, ...]
    stays: frozenset[Note]


@dataclass(frozen=True, slots=True)
class Ghosts:
    """Proposed notes, as the timeline shows them and the note ticks play them.

    Parameters
    ----------
    chart : int
    notes : tuple of Note
    spans : tuple of (int, int)
        The stretches that are being replaced.
    stays : frozenset of Note
        Notes there that are locked, and stay.
    """

    chart: int
    notes: tuple[Note, ...]
    spans: tuple[Span, ...]
    stays: frozenset[Note] = frozenset()

    def replaces(self, note: Note) -> bool:
        """Whether a note of the chart would go."""
        return note not in self.stays and any(a <= note.tick < b for a, b in self.spans)


def song_range(timing: TimingMap, duration_s: float) -> tuple[int, int]:
    """The whole bars of a song: from the first that starts in the audio to its end.

    Parameters
    ----------
    timing : TimingMap
    duration_s : float

    Returns
    -------
    (int, int)
        Ticks ``[start, end)``; at least one bar.
    """
    first = max(1, timing.position(timing.tick_at(0.0)).measure)
    if timing.seconds_at(timing.measure_start(first)) < 0:
        first += 1
    last = timing.position(timing.tick_at(duration_s)).measure
    return timing.measure_start(first), timing.measure_start(max(last, first + 1))


_USUAL_LEVELS = {"stars": 3.0, "rank": 3.0, "meter": 6.0}
"""A level that many play, by the unit of levels."""


def usual_level(mode_id: str) -> float:
    """A level that many play in a mode, where nothing says which is wanted."""
    return _USUAL_LEVELS.get(MODES[mode_id].level_unit, MODES[mode_id].level_range[0])


def level_within(mode_id: str, level: float) -> float:
    """The nearest level that a mode has, with the one decimal that the panel shows."""
    low, high = MODES[mode_id].level_range
    return round(min(high, max(low, level)), 1)


def level_for(chart: Chart) -> float:
    """The level at which the panel starts for a chart: its own, else a usual one."""
    own = usual_level(chart.mode) if chart.level is None else chart.level
    return level_within(chart.mode, own)


def level_in(mode_id: str, settings: DraftSettings) -> float:
    """The level to go on with in another mode: the same figure where it means as much."""
    alike = MODES[mode_id].level_unit == MODES[settings.mode].level_unit
    return level_within(mode_id, settings.level if alike else usual_level(mode_id))

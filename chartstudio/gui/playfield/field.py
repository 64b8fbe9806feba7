"""What the window needs of a space that is no row of lanes, as one record per space.

The strip asks for rows and faces, the preview for a canvas. A field knows the notes of its
game; it knows no widget and changes no document.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from chartstudio.core.mode import Lane, Mode, Spot
from chartstudio.core.note import Note
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.gui.theme import Theme
from chartstudio.gui.timeline.looks import Faces

if TYPE_CHECKING:
    # The arrays are made with the fields' help.
    from chartstudio.gui.timeline.arrays import NoteArrays
    from chartstudio.gui.timeline.scene import Ghosts

FADED = 0.22
"""Opacity of notes that the shown candidate would replace."""

DASHES = (2.4, 1.8)
"""Of the outline of proposed notes, in widths of the pen."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """The moment that a playfield shows, and what a click there would do.

    Parameters
    ----------
    chart : Chart
    mode : Mode
    timing : TimingMap
    notes : NoteArrays
    now_s : float
    tick, next_tick : int
        The grid line nearest to the playhead, where notes are put, and the one after it.
    selected, hidden : frozenset of Note
        The hidden ones are on their way elsewhere.
    kind : str
        Of the mode's kinds: what a click places.
    spot : Spot or None
        Where the last note was put.
    theme : Theme
    ghosts : Ghosts or None
        The shown candidate, where it is one for this chart.
    """

    chart: Chart
    mode: Mode
    timing: TimingMap
    notes: NoteArrays
    now_s: float
    tick: int
    next_tick: int
    selected: frozenset[Note]
    kind: str
    spot: Spot | None
    theme: Theme
    hidden: frozenset[Note] = frozenset()
    ghosts: Ghosts | None = None

    def drawn(self, seen: Callable[[NoteArrays], list[int]]) -> list[tuple[NoteArrays, int]]:
        """What is to be drawn of the moment, the last first: notes and proposed ones.

        Parameters
        ----------
        seen : callable
            ``(notes) -> indices`` of those of the moment.
        """
        arrays = (self.notes, *((self.ghosts.notes,) if self.ghosts is not None else ()))
        found = [(notes, i) for notes in arrays for i in seen(notes)]
        kept = [at for at in found if at[0].notes[at[1]] not in self.hidden]
        return sorted(kept, key=lambda at: -float(at[0].starts_s[at[1]]))

    def is_ghost(self, notes: NoteArrays) -> bool:
        """Whether some notes are the proposed ones."""
        return self.ghosts is not None and notes is self.ghosts.notes

    def opacity(self, notes: NoteArrays, i: int) -> float:
        """How much of a note is seen: one that would be replaced is faint."""
        ghosts = self.ghosts
        if ghosts is None or notes is ghosts.notes:
            return 1.0
        note = notes.notes[i]
        gone = note not in ghosts.stays and any(a <= note.tick < b for a, b in ghosts.spans)
        return FADED if gone else 1.0


class Canvas(Protocol):
    """A space as it is drawn and touched; places are in the unit of the space.

    Attributes
    ----------
    step : float
        How far an arrow key moves notes.
    """

    step: float

    @property
    def area(self) -> QRectF:
        """What is shown of the space, its margin included."""
        ...

    def paint(self, painter: QPainter, shot: Shot) -> None:
        """Draw the ground and the notes of the moment."""
        ...

    def paint_one(self, painter: QPainter, shot: Shot, note: Note) -> None:
        """Draw a note that is being put, wherever it is in time."""
        ...

    def hit(self, shot: Shot, at: QPointF) -> Note | None:
        """The note of the moment that lies under a place, the foremost first."""
        ...

    def put(self, shot: Shot, pressed: QPointF, now: QPointF) -> Note | None:
        """The note that a press at one place, pulled to another, puts."""
        ...

    def moved(self, notes: Collection[Note], pressed: QPointF, now: QPointF) -> tuple[Note, ...]:
        """The notes pulled along, within the space."""
        ...

    def typed(self, shot: Shot, key: Qt.Key) -> tuple[Spot | None, tuple[Note, ...]] | None:
        """What a key means here: the spot from now on, and what the selected notes become.

        None for keys that mean nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class HabitWords:
    """A habit of authors, as its slider names it.

    Parameters
    ----------
    name : str
        As a draft request has it.
    title, tip : str
        In English; shown through `tr`.
    """

    name: str
    title: str
    tip: str


def _at_its_start(note: Note) -> tuple[int, ...]:
    return (note.tick,)


@dataclass(frozen=True, slots=True)
class Playfield:
    """One space.

    Parameters
    ----------
    space : str
        `core.mode.Layout.space`.
    rows : tuple of Lane
        Rows of its strip, from the top.
    faces : callable
        ``(notes) -> Faces`` of notes in chart order.
    row : callable
        ``(note) -> row`` of the strip.
    shifted : callable
        ``(notes, rows) -> notes`` moved down the strip, as far as there is room.
    spot_on_row : callable
        ``(row, last spot) -> spot`` where a click on the strip puts a note.
    spot_of : callable
        ``(note) -> spot`` to go on from, once a note is put; None for one without a place.
    put : callable
        ``(mode, kind, (tick, end), spot) -> Note``.
    canvas : Canvas
    heard : callable
        ``(note) -> ticks`` at which the note sounds.
    habits : tuple of HabitWords
        Habits of authors that mean something in this space only.
    """

    space: str
    rows: tuple[Lane, ...]
    faces: Callable[[Sequence[Note]], Faces]
    row: Callable[[Note], int]
    shifted: Callable[[Collection[Note], int], tuple[Note, ...]]
    spot_on_row: Callable[[int, Spot | None], Spot]
    spot_of: Callable[[Note], Spot | None]
    put: Callable[[Mode, str, tuple[int, int], Spot], Note]
    canvas: Canvas
    heard: Callable[[Note], tuple[int, ...]] = _at_its_start
    habits: tuple[HabitWords, ...] = ()

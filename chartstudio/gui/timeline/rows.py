"""What the rows of a strip mean in each mode: lanes, or what the mode's playfield says.

Everything that places, moves or finds notes by row asks here, so that it need not know
whether a mode has lanes. Knows modes and fields; knows no pixels.
"""

from __future__ import annotations

from collections.abc import Collection

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Lane, Mode, Spot
from chartstudio.core.note import Note
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.editor import edits
from chartstudio.gui.playfield import PLAYFIELDS
from chartstudio.gui.playfield.field import Playfield


def field_of(mode: Mode | None) -> Playfield | None:
    """The playfield of a mode's space; None for lane modes and unknown spaces."""
    return None if mode is None else PLAYFIELDS.get(mode.layout.space)


def rows_of(mode: Mode) -> tuple[Lane, ...]:
    """Rows of a mode's strip, from the top; none where it cannot be edited by row."""
    field = field_of(mode)
    return mode.layout.lanes if field is None else field.rows


def row_of(mode: Mode | None, note: Note) -> int:
    """The row that a note lies in."""
    field = field_of(mode)
    return int(getattr(note, "lane", 0)) if field is None else field.row(note)


def kind_for(mode: Mode, tool: str) -> str:
    """The kind that a tool places: its own, or the mode's first where that lacks it."""
    return tool if tool in mode.kinds else mode.kinds[0]


def put_note(
    mode: Mode | None, tool: str, ticks: tuple[int, int], row: int, spot: Spot | None = None
) -> Note | None:
    """The note that a tool would place; None where the mode allows none.

    A tap pulled long is a hold.

    Parameters
    ----------
    mode : Mode or None
    tool : str
        A mode without this kind gives its own first one.
    ticks : (int, int)
        Start and end.
    row : int
        Of the strip.
    spot : Spot, optional
        Where the last note was put, in spaces that have more to a place than its row.
    """
    if mode is None or not tool or row >= len(rows_of(mode)):
        return None
    kind, field = kind_for(mode, tool), field_of(mode)
    try:
        if field is not None:
            return field.put(mode, kind, ticks, field.spot_on_row(row, spot))
        if kind == "tap" and ticks[1] > ticks[0] and "hold" in mode.kinds:
            kind = "hold"
        return mode.place(kind, ticks[0], ticks[1], (row,))
    except ModeError:
        return None


def stretches(mode: Mode | None, tool: str) -> bool:
    """Whether what a tool places can be pulled long."""
    note = put_note(mode, tool, (0, TICKS_PER_BEAT), 0)
    return note is not None and note.end > note.tick


def shifted(mode: Mode, notes: Collection[Note], ticks: int, rows: int) -> tuple[Note, ...]:
    """The notes moved in time and down the strip, as far as there is room."""
    field = field_of(mode)
    if field is None:
        return edits.moved_notes(notes, mode.id, ticks, rows)
    return edits.moved_notes(field.shifted(notes, rows) if rows else notes, mode.id, ticks)

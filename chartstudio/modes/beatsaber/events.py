"""How the engine spells the objects of one time: one event per cut, a hand, a cell and a
direction in one; bombs by cell; walls by shape, each followed by its length.

Events of a row come in ascending order, so red cuts stand before blue ones and those before
bombs and walls. Arcs, chains and angles between the eight directions are not spelled.
"""

from __future__ import annotations

from collections.abc import Sequence

from chartstudio.core.mode import EventRange
from chartstudio.core.note import Note, sort_notes
from chartstudio.modes.beatsaber.notes import BLUE, RED, Bomb, ColorNote, SaberNote, Wall
from chartstudio.modes.beatsaber.space import (
    ANY,
    CEILING,
    N_COLUMNS,
    N_ROWS,
    conflicts,
    in_grid,
    saber_notes,
)
from chartstudio.modes.lanes import HOLD_LENGTHS, nearest_length

N_CELLS = N_COLUMNS * N_ROWS
N_DIRECTIONS = ANY + 1
N_CUTS = N_CELLS * N_DIRECTIONS

WALL_SHAPES: tuple[tuple[int, int, int, int], ...] = (
    *((x, y, 1, CEILING - y) for y in range(N_ROWS) for x in range(N_COLUMNS)),
    (0, 0, 2, CEILING),
    (2, 0, 2, CEILING),
    (0, 2, N_COLUMNS, CEILING - 2),
)
"""Column, row, width and height: one column wide from any cell up, either half, crouching."""

WALL_LENGTHS = HOLD_LENGTHS

EVENT_RANGES = (
    EventRange("end", 1),
    EventRange("red-cut", N_CUTS),
    EventRange("blue-cut", N_CUTS),
    EventRange("bomb-cell", N_CELLS),
    EventRange("wall-shape", len(WALL_SHAPES)),
    EventRange("wall-length", len(WALL_LENGTHS)),
)

END = 0
FIRST_CUT = (1, 1 + N_CUTS)
"""First event of each hand's cuts."""
FIRST_BOMB = 1 + 2 * N_CUTS
FIRST_WALL = FIRST_BOMB + N_CELLS
FIRST_LENGTH = FIRST_WALL + len(WALL_SHAPES)
N_EVENTS = FIRST_LENGTH + len(WALL_LENGTHS)


def cell_index(x: int, y: int) -> int:
    """Number of a cell: from left to right, then upwards."""
    return y * N_COLUMNS + x


def cut_event(hand: int, x: int, y: int, direction: int) -> int:
    """Event of a cut."""
    return FIRST_CUT[hand] + cell_index(x, y) * N_DIRECTIONS + direction


def note_of(event: int, tick: int) -> SaberNote | None:
    """The note, bomb or wall (still without its length) of an event, or None."""
    if FIRST_CUT[RED] <= event < FIRST_BOMB:
        hand, cut = divmod(event - FIRST_CUT[RED], N_CUTS)
        cell, direction = divmod(cut, N_DIRECTIONS)
        y, x = divmod(cell, N_COLUMNS)
        return ColorNote(tick, tick, x, y, (RED, BLUE)[hand], direction)
    if FIRST_BOMB <= event < FIRST_WALL:
        y, x = divmod(event - FIRST_BOMB, N_COLUMNS)
        return Bomb(tick, tick, x, y)
    if FIRST_WALL <= event < FIRST_LENGTH:
        return Wall(tick, tick + 1, *WALL_SHAPES[event - FIRST_WALL])
    return None


def encode(row: Sequence[Note]) -> tuple[int, ...]:
    """Events of the notes on one tick; what the vocabulary cannot spell is left out."""
    events: list[tuple[int, ...]] = []
    kept: list[SaberNote] = []
    for note in saber_notes(row):
        if conflicts(kept, note):
            continue
        kept.append(note)
        match note:
            case ColorNote(x=x, y=y, direction=direction) if (
                in_grid(x, y) and 0 <= direction <= ANY and note.color in (RED, BLUE)
            ):
                events.append((cut_event(note.color, x, y, direction),))
            case Bomb(x=x, y=y) if in_grid(x, y):
                events.append((FIRST_BOMB + cell_index(x, y),))
            case Wall() if (
                shape := (note.x, note.y, note.width, note.height)
            ) in WALL_SHAPES and note.end > note.tick:
                length = nearest_length(note.end - note.tick)
                events.append((FIRST_WALL + WALL_SHAPES.index(shape), FIRST_LENGTH + length))
    return (*(event for spelled in sorted(events) for event in spelled), END)


def decode(tick: int, events: Sequence[int]) -> tuple[tuple[Note, ...], int]:
    """Notes of a row's events and how many events were bad.

    Bad are unknown events, a second object in a cell, walls through walls, walls without a
    length and lengths without a wall.
    """
    notes: list[SaberNote] = []
    n_bad = 0
    waiting: Wall | None = None
    for event in events:
        wall, waiting = waiting, None
        if wall is not None and FIRST_LENGTH <= event < N_EVENTS:
            end = tick + WALL_LENGTHS[event - FIRST_LENGTH]
            notes.append(Wall(tick, end, wall.x, wall.y, wall.width, wall.height))
            continue
        n_bad += wall is not None
        if event == END:
            break
        note = note_of(event, tick)
        if note is None or conflicts(notes, note):
            n_bad += 1
        elif isinstance(note, Wall):
            waiting = note
        else:
            notes.append(note)
    return sort_notes(notes), n_bad + (waiting is not None)

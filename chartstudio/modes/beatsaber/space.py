"""The grid that objects fly through: cells, cut angles, placing, naming and mirroring.

Angles are degrees counter-clockwise from a cut straight down, as the player sees it: 90 is a
cut to the right. This module knows one object at a time, and nothing of hands that move.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Axis, Spot
from chartstudio.core.note import Note, sort_notes
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.modes.beatsaber.notes import (
    BLUE,
    RED,
    Arc,
    Bomb,
    Chain,
    ColorNote,
    SaberNote,
    Wall,
)

N_COLUMNS, N_ROWS = 4, 3
CEILING = 5
"""Height of a full wall in rows."""

UP, DOWN, LEFT, RIGHT, UP_LEFT, UP_RIGHT, DOWN_LEFT, DOWN_RIGHT, ANY = range(9)

ANGLES: tuple[float, ...] = (180.0, 0.0, 270.0, 90.0, 225.0, 135.0, 315.0, 45.0)
"""Cut angle of each arrow."""

KINDS = ("red", "blue", "bomb", "wall", "arc", "chain")
COLORS = ("red", "blue")

_PLACED_BY_MODS = ("coordinates", "osition", "fake", "interactable")
_WALLS_MOVED_BY_MODS = ("animation", "track")
_SHORTEST_WALL = TICKS_PER_BEAT // 4
_N_SLICES = 5

_FLIP_X = (UP, DOWN, RIGHT, LEFT, UP_RIGHT, UP_LEFT, DOWN_RIGHT, DOWN_LEFT, ANY)
_FLIP_Y = (DOWN, UP, LEFT, RIGHT, DOWN_LEFT, DOWN_RIGHT, UP_LEFT, UP_RIGHT, ANY)
_OTHER_WAY_ROUND = {1: 2, 2: 1}


def cut_angle(direction: int, angle: float = 0.0) -> float | None:
    """Angle of a cut, or None where any direction will do.

    Directions from 1000 to 1360 are Mapping Extensions' exact angles, clockwise from down.
    """
    if 0 <= direction < ANY:
        return (ANGLES[direction] + angle) % 360
    if 1000 <= direction <= 1360:
        return (1000.0 - direction) % 360
    return None


@lru_cache(maxsize=4096)
def unit(angle: float) -> tuple[float, float]:
    """Where a cut goes, as a vector to the right and up."""
    radians = math.radians(angle)
    return math.sin(radians), -math.cos(radians)


def between(a: float, b: float) -> float:
    """The smaller angle between two, 0 to 180."""
    return abs((a - b + 180.0) % 360.0 - 180.0)


def place_of(value: int) -> float:
    """Column or row of a stored coordinate; Mapping Extensions stores thousandths, off by one."""
    if abs(value) < 1000:
        return float(value)
    return value / 1000 - math.copysign(1, value)


def in_grid(x: int, y: int) -> bool:
    """Whether a coordinate pair is one of the game's twelve cells."""
    return 0 <= x < N_COLUMNS and 0 <= y < N_ROWS


def placed_by_mods(note: SaberNote) -> bool:
    """Whether a mod puts the object elsewhere, or makes it harmless (Noodle Extensions).

    Notes on an animated track still reach the player at their cell; walls need not.
    """
    if not note.custom:
        return False
    words = _PLACED_BY_MODS + (_WALLS_MOVED_BY_MODS if isinstance(note, Wall) else ())
    return any(word in note.custom for word in words)


# The mode's record -----------------------------------------------------------------------


_OBJECTS = (ColorNote, Bomb, Wall, Arc, Chain)


def saber_notes(notes: Iterable[Note]) -> tuple[SaberNote, ...]:
    """The notes, known to be this game's.

    Raises
    ------
    ModeError
        When one is not.
    """
    return tuple(_saber_note(n) for n in notes)


def _saber_note(note: Note) -> SaberNote:
    if not isinstance(note, _OBJECTS):
        raise ModeError(f"a {type(note).__name__} is no object of Beat Saber")
    return note


def kind_of(note: Note) -> str:
    """One of `KINDS`."""
    match _saber_note(note):
        case ColorNote(color=color):
            return "red" if color == RED else "blue"
        case Bomb():
            return "bomb"
        case Wall():
            return "wall"
        case Arc():
            return "arc"
        case Chain():
            return "chain"


def counts(note: Note) -> bool:
    """Whether players call it a note: red and blue ones."""
    return isinstance(note, ColorNote)


def spot_of(note: Note) -> Spot:
    """``(x, y, direction)`` of what is cut, ``(x, y)`` of bombs and walls."""
    note = _saber_note(note)
    if isinstance(note, Bomb | Wall):
        return (note.x, note.y)
    return (note.x, note.y, note.direction)


def facts(note: Note) -> dict[str, Any]:
    """What a listing says of an object beyond its times and kind."""
    note = _saber_note(note)
    found: dict[str, Any] = {"x": note.x, "y": note.y}
    if isinstance(note, Wall):
        found |= {"width": note.width, "height": note.height}
    elif not isinstance(note, Bomb):
        found |= {"direction": note.direction, "color": COLORS[note.color != RED]}
    if isinstance(note, ColorNote):
        found["angle"] = note.angle
    if isinstance(note, Arc | Chain):
        found |= {"tail_x": note.tail_x, "tail_y": note.tail_y}
    if isinstance(note, Arc):
        found["tail_direction"] = note.tail_direction
    if isinstance(note, Chain):
        found["slices"] = note.n_slices
    return found


def place(kind: str, tick: int, end: int, spot: Spot) -> Note:
    """A new object.

    Parameters
    ----------
    kind : str
        One of `KINDS`. Arcs and chains take the colour of their half of the grid: red on the
        left, blue on the right. Without a length they are notes of that colour.
    tick, end : int
        A wall without a length gets a quarter of a beat. Notes and bombs have none.
    spot : (x, y) or (x, y, direction)
        Any direction where none is given; bombs and walls ignore it. Walls are one column
        wide and reach from their row up to the ceiling: 5 high from the floor, 3 from the top
        row (crouch). Arcs end two rows across in the same column, chains two cells along
        their cut.

    Raises
    ------
    ModeError
        When there is no such kind, cell or direction.
    """
    x, y, direction = _checked(kind, spot)
    if kind == "bomb":
        return Bomb(tick, tick, x, y)
    if kind == "wall":
        return Wall(
            tick, max(end, tick + _SHORTEST_WALL if end <= tick else end), x, y, 1, CEILING - y
        )
    color = COLORS.index(kind) if kind in COLORS else (RED if x < N_COLUMNS // 2 else BLUE)
    if kind in COLORS or end <= tick:
        return ColorNote(tick, tick, x, y, color, direction)
    if kind == "arc":
        tail_y = N_ROWS - 1 - y if y != 1 else y
        return Arc(tick, end, x, y, color, direction, x, tail_y, ANY)
    if direction == ANY:
        direction = UP if y == 0 else DOWN
    right, up = unit(ANGLES[direction])
    tail_x = min(max(x + 2 * round(right), 0), N_COLUMNS - 1)
    tail_y = min(max(y + 2 * round(up), 0), N_ROWS - 1)
    return Chain(tick, end, x, y, color, direction, tail_x, tail_y, _N_SLICES)


def _checked(kind: str, spot: Spot) -> tuple[int, int, int]:
    if kind not in KINDS:
        raise ModeError(f"Beat Saber has no {kind}; it has {', '.join(KINDS)}")
    if len(spot) < 2:
        raise ModeError("Beat Saber needs a column and a row")
    x, y = int(spot[0]), int(spot[1])
    direction = int(spot[2]) if len(spot) > 2 else ANY
    if not in_grid(x, y):
        raise ModeError(
            f"Beat Saber has columns 1 to {N_COLUMNS} and rows 1 to {N_ROWS}, not {x + 1}, {y + 1}"
        )
    if not 0 <= direction <= ANY:
        raise ModeError(f"Beat Saber has directions 0 to {ANY}, not {direction}")
    return x, y, direction


def conflicts(notes: Sequence[Note], new: Note) -> tuple[Note, ...]:
    """What cannot stay beside the new object.

    Notes and bombs of one time share no cell; walls do not run through one another; a cell
    holds one arc and one chain of a time. A head note stays beside its arc or chain.
    """
    new = _saber_note(new)
    return tuple(n for n in notes if _collide(_saber_note(n), new))


def _collide(old: SaberNote, new: SaberNote) -> bool:
    if isinstance(new, Wall):
        return isinstance(old, Wall) and (
            old.tick < new.end
            and new.tick < old.end
            and old.x < new.x + new.width
            and new.x < old.x + old.width
            and old.y < new.y + new.height
            and new.y < old.y + old.height
        )
    if (old.tick, old.x, old.y) != (new.tick, new.x, new.y):
        return False
    blocks = (ColorNote, Bomb)
    if isinstance(new, blocks):
        return isinstance(old, blocks)
    return type(old) is type(new)


# Mirroring -------------------------------------------------------------------------------


def mirror(notes: Sequence[Note], axis: Axis) -> tuple[Note, ...]:
    """The notes mirrored; left and right also swaps the hands.

    Spawn rotations of the objects turn with them; a chart's own rotation effects are not
    notes and stay as they are. Walls turn over within their five rows.
    """
    found: list[SaberNote] = list(saber_notes(notes))
    if axis != "vertical":
        found = [_left_right(n) for n in found]
    if axis != "horizontal":
        found = [_upside_down(n) for n in found]
    return sort_notes(found)


def _across(value: int, width: int) -> int:
    """A coordinate seen from the other side of so many columns or rows."""
    if abs(value) < 1000:
        return width - 1 - value
    place = round(place_of(value) * 1000)
    other = (width - 1) * 1000 - place
    return other + 1000 if other >= 0 else other - 1000


def _turned(direction: int, table: tuple[int, ...], flips_x: bool) -> int:
    if 0 <= direction < len(table):
        return table[direction]
    for first in (1000, 2000):  # exact angles of arrows and of dots
        if first <= direction <= first + 360:
            past = direction - first
            return first + (360 - past if flips_x else (540 - past) % 360)
    return direction


def _left_right(note: SaberNote) -> SaberNote:
    changed: dict[str, Any] = {"x": _across(note.x, N_COLUMNS), "rotation": -note.rotation}
    if isinstance(note, Wall):
        changed["x"] = _wall_across(note)
    if isinstance(note, ColorNote | Arc | Chain):
        changed["color"] = BLUE if note.color == RED else RED
        changed["direction"] = _turned(note.direction, _FLIP_X, True)
    if isinstance(note, ColorNote):
        changed["angle"] = -note.angle
    if isinstance(note, Arc | Chain):
        changed["tail_x"] = _across(note.tail_x, N_COLUMNS)
        changed["tail_rotation"] = -note.tail_rotation
    if isinstance(note, Arc):
        changed["tail_direction"] = _turned(note.tail_direction, _FLIP_X, True)
        changed["mid_anchor"] = _OTHER_WAY_ROUND.get(note.mid_anchor, note.mid_anchor)
    return replace(note, **changed)


def _wall_across(wall: Wall) -> int:
    """Left corner of a mirrored wall: what was its right one."""
    if max(abs(wall.x), abs(wall.width)) < 1000:
        return N_COLUMNS - wall.x - wall.width
    left = round((N_COLUMNS - place_of(wall.x) - place_of(wall.width)) * 1000)
    return left + 1000 if left >= 0 else left - 1000


def _upside_down(note: SaberNote) -> SaberNote:
    changed: dict[str, Any]
    if isinstance(note, Wall):
        if max(abs(note.y), abs(note.height)) >= 1000:
            return note  # Mapping Extensions counts these in its own way
        return replace(note, y=CEILING - note.y - note.height)
    changed = {"y": _across(note.y, N_ROWS)}
    if isinstance(note, ColorNote | Arc | Chain):
        changed["direction"] = _turned(note.direction, _FLIP_Y, False)
    if isinstance(note, ColorNote):
        changed["angle"] = -note.angle
    if isinstance(note, Arc | Chain):
        changed["tail_y"] = _across(note.tail_y, N_ROWS)
    if isinstance(note, Arc):
        changed["tail_direction"] = _turned(note.tail_direction, _FLIP_Y, False)
        changed["mid_anchor"] = _OTHER_WAY_ROUND.get(note.mid_anchor, note.mid_anchor)
    return replace(note, **changed)

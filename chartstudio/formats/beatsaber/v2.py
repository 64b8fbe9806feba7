"""Version 2 of the difficulty file (2.0 to 2.6), and version 1, whose objects are the same.

Facts: bsmg.wiki, mapping/map-format/beatmap. Before 2.6 a wall's ``_type`` alone says its
height; 2.6 added arcs and free walls. Chains, angles and rotations of single objects are none.
What mods mark as fake is no note.
"""

from __future__ import annotations

from typing import Any

from chartstudio.formats.beatsaber.json_text import Json
from chartstudio.formats.beatsaber.kinds import Kind, Piece, Source, Version, end_of, span
from chartstudio.formats.beatsaber.values import (
    Object,
    beat,
    beats_of,
    custom_of,
    custom_text,
    inner,
    number,
    plain_number,
    tick_of,
    unknown,
    whole,
)
from chartstudio.modes.beatsaber.notes import Arc, Bomb, ColorNote, SaberNote, Wall

BOMB_TYPE = 3
FULL, CROUCH, FREE = 0, 1, 2

WALL_ROWS = {FULL: (0, 5), CROUCH: (2, 3)}
"""Lower row and height of a wall by its type."""

FAKES = "fake notes and walls of mods, which are not played; they are kept"
"""What mods show and nobody can hit (Noodle Extensions). Later versions have lists of their own
for them, in the custom data; here they stand among the others and say so."""

_NOTE_KEYS = {"_time", "_lineIndex", "_lineLayer", "_type", "_cutDirection"}
_WALL_KEYS = {"_time", "_duration", "_lineIndex", "_type", "_width", "_lineLayer", "_height"}
_ARC_KEYS = {
    "_colorType",
    "_headTime",
    "_headLineIndex",
    "_headLineLayer",
    "_headCutDirection",
    "_headControlPointLengthMultiplier",
    "_tailTime",
    "_tailLineIndex",
    "_tailLineLayer",
    "_tailCutDirection",
    "_tailControlPointLengthMultiplier",
    "_sliderMidAnchorMode",
}


def _is_fake(found: Object, source: Source) -> bool:
    if "_customData" not in found or inner(found, "_customData").get("_fake") is not True:
        return False
    source.tally[FAKES] += 1
    return True


def _read_note(found: Object, source: Source) -> SaberNote | None:
    if _is_fake(found, source):
        return None
    tick = tick_of(beat(found, "_time"))
    x = whole(found, "_lineIndex", source.tally)
    y = whole(found, "_lineLayer", source.tally)
    kind = whole(found, "_type", source.tally)
    direction = whole(found, "_cutDirection", source.tally)
    extras = unknown(found, _NOTE_KEYS) if len(found) != len(_NOTE_KEYS) else {}
    if kind in (0, 1):
        return ColorNote(tick, tick, x, y, kind, direction, custom=custom_text(extras))
    if kind != BOMB_TYPE:
        source.tally["notes of a type that the game does not know"] += 1
        return None
    if direction:
        extras["_cutDirection"] = direction
    return Bomb(tick, tick, x, y, custom=custom_text(extras))


def _write_note(note: ColorNote) -> Piece:
    value: dict[str, Json] = {
        "_time": beats_of(note.tick),
        "_lineIndex": note.x,
        "_lineLayer": note.y,
        "_type": note.color,
        "_cutDirection": note.direction,
    }
    return Piece(value | custom_of(note.custom))


def _write_bomb(note: Bomb) -> Piece:
    value: dict[str, Json] = {
        "_time": beats_of(note.tick),
        "_lineIndex": note.x,
        "_lineLayer": note.y,
        "_type": BOMB_TYPE,
        "_cutDirection": 0,
    }
    return Piece(value | custom_of(note.custom))


def _write_either(note: ColorNote | Bomb) -> Piece:
    return _write_bomb(note) if isinstance(note, Bomb) else _write_note(note)


def _read_wall(found: Object, source: Source) -> SaberNote | None:
    if _is_fake(found, source):
        return None
    tick = tick_of(beat(found, "_time"))
    end = tick + tick_of(beat(found, "_duration"))
    x = whole(found, "_lineIndex", source.tally)
    width = whole(found, "_width", source.tally)
    kind = whole(found, "_type", source.tally)
    extras = unknown(found, _WALL_KEYS)
    if kind == FREE:
        y = whole(found, "_lineLayer", source.tally)
        height = whole(found, "_height", source.tally)
    else:
        y, height = WALL_ROWS.get(kind, WALL_ROWS[FULL])
        said = {"_lineLayer": y, "_height": height}
        extras |= {k: found[k] for k, v in said.items() if k in found and found[k] != v}
        if kind not in WALL_ROWS:
            extras["_type"] = kind
    tick, end, custom = span(tick, end, extras)
    return Wall(tick, end, x, y, width, height, custom=custom)


def _write_wall(note: Wall) -> Piece:
    end, extras = end_of(note)
    kind = next((k for k, rows in WALL_ROWS.items() if rows == (note.y, note.height)), FREE)
    value: dict[str, Json] = {
        "_time": beats_of(note.tick),
        "_lineIndex": note.x,
        "_type": kind,
        "_duration": beats_of(end - note.tick),
        "_width": note.width,
    }
    if kind == FREE:
        value |= {"_lineLayer": note.y, "_height": note.height}
    return Piece(value | extras)


def _read_arc(found: Object, source: Source) -> SaberNote:
    tick, end = tick_of(beat(found, "_headTime")), tick_of(beat(found, "_tailTime"))
    tick, end, custom = span(tick, end, unknown(found, _ARC_KEYS))
    tally = source.tally
    return Arc(
        tick,
        end,
        whole(found, "_headLineIndex", tally),
        whole(found, "_headLineLayer", tally),
        whole(found, "_colorType", tally),
        whole(found, "_headCutDirection", tally),
        whole(found, "_tailLineIndex", tally),
        whole(found, "_tailLineLayer", tally),
        whole(found, "_tailCutDirection", tally),
        number(found, "_headControlPointLengthMultiplier"),
        number(found, "_tailControlPointLengthMultiplier"),
        whole(found, "_sliderMidAnchorMode", tally),
        custom=custom,
    )


def _write_arc(note: Arc) -> Piece:
    end, extras = end_of(note)
    value: dict[str, Json] = {
        "_colorType": note.color,
        "_headTime": beats_of(note.tick),
        "_headLineIndex": note.x,
        "_headLineLayer": note.y,
        "_headControlPointLengthMultiplier": plain_number(note.head_reach),
        "_headCutDirection": note.direction,
        "_tailTime": beats_of(end),
        "_tailLineIndex": note.tail_x,
        "_tailLineLayer": note.tail_y,
        "_tailControlPointLengthMultiplier": plain_number(note.tail_reach),
        "_tailCutDirection": note.tail_direction,
        "_sliderMidAnchorMode": note.mid_anchor,
    }
    return Piece(value | extras)


V2 = Version(
    2,
    (
        Kind("_notes", (ColorNote, Bomb), _read_note, _write_either),
        Kind("_obstacles", (Wall,), _read_wall, _write_wall),
        Kind("_sliders", (Arc,), _read_arc, _write_arc),
    ),
    "2.6.0",
    "_version",
    {
        "_notes": [],
        "_sliders": [],
        "_obstacles": [],
        "_events": [],
        "_waypoints": [],
        "_specialEventsKeywordFilters": {"_keywords": []},
    },
)


def holds(version: tuple[int, ...], note: Any) -> bool:
    """Whether a file of a 2.x version can say a note of a kind that version 2 has."""
    if version >= (2, 6):
        return True
    if isinstance(note, Wall):
        return (note.y, note.height) in WALL_ROWS.values()
    return not isinstance(note, Arc)

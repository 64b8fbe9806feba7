"""Version 3 of the difficulty file (3.0 to 3.3).

Facts: bsmg.wiki, mapping/map-format/beatmap. What a file leaves out is 0. Objects are written
in full, since some mods need every key. Rotations of single objects are none.
"""

from __future__ import annotations

from chartstudio.formats.beatsaber.json_text import Json
from chartstudio.formats.beatsaber.kinds import Kind, Piece, Source, Version, end_of, span
from chartstudio.formats.beatsaber.values import (
    Object,
    beat,
    beats_of,
    custom_of,
    custom_text,
    number,
    plain_number,
    tick_of,
    unknown,
    whole,
)
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, SaberNote, Wall

_NOTE_KEYS = {"b", "x", "y", "c", "d", "a"}
_BOMB_KEYS = {"b", "x", "y"}
_WALL_KEYS = {"b", "d", "x", "y", "w", "h"}
_ARC_KEYS = {"c", "b", "x", "y", "d", "mu", "tb", "tx", "ty", "tc", "tmu", "m"}
_CHAIN_KEYS = {"c", "b", "x", "y", "d", "tb", "tx", "ty", "sc", "s"}


def _read_note(found: Object, source: Source) -> SaberNote:
    tick, tally = tick_of(beat(found, "b")), source.tally
    return ColorNote(
        tick,
        tick,
        whole(found, "x", tally),
        whole(found, "y", tally),
        whole(found, "c", tally),
        whole(found, "d", tally),
        whole(found, "a", tally),
        custom=custom_text(unknown(found, _NOTE_KEYS)),
    )


def _write_note(note: ColorNote) -> Piece:
    value: dict[str, Json] = {
        "b": beats_of(note.tick),
        "x": note.x,
        "y": note.y,
        "c": note.color,
        "d": note.direction,
        "a": note.angle,
    }
    return Piece(value | custom_of(note.custom))


def _read_bomb(found: Object, source: Source) -> SaberNote:
    tick = tick_of(beat(found, "b"))
    x, y = whole(found, "x", source.tally), whole(found, "y", source.tally)
    return Bomb(tick, tick, x, y, custom=custom_text(unknown(found, _BOMB_KEYS)))


def _write_bomb(note: Bomb) -> Piece:
    return Piece({"b": beats_of(note.tick), "x": note.x, "y": note.y} | custom_of(note.custom))


def _read_wall(found: Object, source: Source) -> SaberNote:
    tick = tick_of(beat(found, "b"))
    end = tick + tick_of(beat(found, "d"))
    tick, end, custom = span(tick, end, unknown(found, _WALL_KEYS))
    x, y, width, height = (whole(found, key, source.tally) for key in ("x", "y", "w", "h"))
    return Wall(tick, end, x, y, width, height, custom=custom)


def _write_wall(note: Wall) -> Piece:
    end, extras = end_of(note)
    value: dict[str, Json] = {
        "b": beats_of(note.tick),
        "d": beats_of(end - note.tick),
        "x": note.x,
        "y": note.y,
        "w": note.width,
        "h": note.height,
    }
    return Piece(value | extras)


def _read_arc(found: Object, source: Source) -> SaberNote:
    tick, end, tally = tick_of(beat(found, "b")), tick_of(beat(found, "tb")), source.tally
    tick, end, custom = span(tick, end, unknown(found, _ARC_KEYS))
    return Arc(
        tick,
        end,
        whole(found, "x", tally),
        whole(found, "y", tally),
        whole(found, "c", tally),
        whole(found, "d", tally),
        whole(found, "tx", tally),
        whole(found, "ty", tally),
        whole(found, "tc", tally),
        number(found, "mu"),
        number(found, "tmu"),
        whole(found, "m", tally),
        custom=custom,
    )


def _write_arc(note: Arc) -> Piece:
    end, extras = end_of(note)
    value: dict[str, Json] = {
        "c": note.color,
        "b": beats_of(note.tick),
        "x": note.x,
        "y": note.y,
        "d": note.direction,
        "mu": plain_number(note.head_reach),
        "tb": beats_of(end),
        "tx": note.tail_x,
        "ty": note.tail_y,
        "tc": note.tail_direction,
        "tmu": plain_number(note.tail_reach),
        "m": note.mid_anchor,
    }
    return Piece(value | extras)


def _read_chain(found: Object, source: Source) -> SaberNote:
    tick, end, tally = tick_of(beat(found, "b")), tick_of(beat(found, "tb")), source.tally
    tick, end, custom = span(tick, end, unknown(found, _CHAIN_KEYS))
    return Chain(
        tick,
        end,
        whole(found, "x", tally),
        whole(found, "y", tally),
        whole(found, "c", tally),
        whole(found, "d", tally),
        whole(found, "tx", tally),
        whole(found, "ty", tally),
        whole(found, "sc", tally),
        number(found, "s"),
        custom=custom,
    )


def _write_chain(note: Chain) -> Piece:
    end, extras = end_of(note)
    value: dict[str, Json] = {
        "c": note.color,
        "b": beats_of(note.tick),
        "x": note.x,
        "y": note.y,
        "d": note.direction,
        "tb": beats_of(end),
        "tx": note.tail_x,
        "ty": note.tail_y,
        "sc": note.n_slices,
        "s": plain_number(note.squish),
    }
    return Piece(value | extras)


V3 = Version(
    3,
    (
        Kind("colorNotes", (ColorNote,), _read_note, _write_note),
        Kind("bombNotes", (Bomb,), _read_bomb, _write_bomb),
        Kind("obstacles", (Wall,), _read_wall, _write_wall),
        Kind("sliders", (Arc,), _read_arc, _write_arc),
        Kind("burstSliders", (Chain,), _read_chain, _write_chain),
    ),
    "3.3.0",
    "version",
    {
        "bpmEvents": [],
        "rotationEvents": [],
        "colorNotes": [],
        "bombNotes": [],
        "obstacles": [],
        "sliders": [],
        "burstSliders": [],
        "waypoints": [],
        "basicBeatmapEvents": [],
        "colorBoostBeatmapEvents": [],
        "lightColorEventBoxGroups": [],
        "lightRotationEventBoxGroups": [],
        "lightTranslationEventBoxGroups": [],
        "vfxEventBoxGroups": [],
        "_fxEventsCollection": {"_fl": [], "_il": []},
        "basicEventTypesWithKeywords": {"d": []},
        "useNormalEventsAsCompatibleEvents": True,
    },
)

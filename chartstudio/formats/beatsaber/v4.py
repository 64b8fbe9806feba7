"""Version 4 of the difficulty file (4.0, 4.1): objects that refer to lists of data.

Facts: bsmg.wiki, mapping/map-format/beatmap. What a file leaves out is 0, and so is an index;
an index that leads nowhere gives zeros. The data of an object stands once, however many refer
to it. Keys of the data that we do not know are in a note's ``custom`` under ``data``.
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

_KEYS = {"b", "r", "i"}
_ARC_KEYS = {"hb", "tb", "hr", "tr", "hi", "ti", "ai"}
_CHAIN_KEYS = {"hb", "tb", "hr", "tr", "i", "ci"}
_DATA_KEYS = {
    "colorNotesData": {"x", "y", "c", "d", "a"},
    "bombNotesData": {"x", "y"},
    "obstaclesData": {"d", "x", "y", "w", "h"},
    "arcsData": {"m", "tm", "a"},
    "chainsData": {"tx", "ty", "c", "s"},
}
_DATA = "data"


def _extras(found: Object, known: set[str], name: str, data: Object) -> dict[str, Json]:
    extras = unknown(found, known)
    beyond = unknown(data, _DATA_KEYS[name])
    return {**extras, _DATA: beyond} if beyond else extras


def _split(custom: dict[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """What a note's ``custom`` says of the object and of its data."""
    data = custom.pop(_DATA, {})
    return custom, data if isinstance(data, dict) else {}


def _read_note(found: Object, source: Source) -> SaberNote:
    tick, tally = tick_of(beat(found, "b")), source.tally
    data = source.entry("colorNotesData", found.get("i", 0))
    return ColorNote(
        tick,
        tick,
        whole(data, "x", tally),
        whole(data, "y", tally),
        whole(data, "c", tally),
        whole(data, "d", tally),
        whole(data, "a", tally),
        whole(found, "r", tally),
        custom_text(_extras(found, _KEYS, "colorNotesData", data)),
    )


def _colored(note: ColorNote | Arc | Chain, angle: int = 0) -> dict[str, Json]:
    return {"x": note.x, "y": note.y, "c": note.color, "d": note.direction, "a": angle}


def _write_note(note: ColorNote) -> Piece:
    extras, beyond = _split(custom_of(note.custom))
    value: dict[str, Json] = {"b": beats_of(note.tick), "r": note.rotation, "i": 0}
    data = _colored(note, note.angle) | beyond
    return Piece(value | extras, (("i", "colorNotesData", data),))


def _read_bomb(found: Object, source: Source) -> SaberNote:
    tick, tally = tick_of(beat(found, "b")), source.tally
    data = source.entry("bombNotesData", found.get("i", 0))
    x, y = whole(data, "x", tally), whole(data, "y", tally)
    extras = _extras(found, _KEYS, "bombNotesData", data)
    return Bomb(tick, tick, x, y, whole(found, "r", tally), custom_text(extras))


def _write_bomb(note: Bomb) -> Piece:
    extras, beyond = _split(custom_of(note.custom))
    value: dict[str, Json] = {"b": beats_of(note.tick), "r": note.rotation, "i": 0}
    return Piece(value | extras, (("i", "bombNotesData", {"x": note.x, "y": note.y} | beyond),))


def _read_wall(found: Object, source: Source) -> SaberNote:
    data, tally = source.entry("obstaclesData", found.get("i", 0)), source.tally
    extras = _extras(found, _KEYS, "obstaclesData", data)
    tick = tick_of(beat(found, "b"))
    tick, end, custom = span(tick, tick + tick_of(beat(data, "d")), extras)
    x, y, width, height = (whole(data, key, tally) for key in ("x", "y", "w", "h"))
    return Wall(tick, end, x, y, width, height, whole(found, "r", tally), custom)


def _write_wall(note: Wall) -> Piece:
    end, custom = end_of(note)
    extras, beyond = _split(custom)
    value: dict[str, Json] = {"b": beats_of(note.tick), "r": note.rotation, "i": 0}
    data: dict[str, Json] = {
        "d": beats_of(end - note.tick),
        "x": note.x,
        "y": note.y,
        "w": note.width,
        "h": note.height,
    }
    return Piece(value | extras, (("i", "obstaclesData", data | beyond),))


def _read_arc(found: Object, source: Source) -> SaberNote:
    tally = source.tally
    head = source.entry("colorNotesData", found.get("hi", 0))
    tail = source.entry("colorNotesData", found.get("ti", 0))
    data = source.entry("arcsData", found.get("ai", 0))
    tick, end = tick_of(beat(found, "hb")), tick_of(beat(found, "tb"))
    extras = _extras(found, _ARC_KEYS, "arcsData", data)
    tick, end, custom = span(tick, end, extras)
    return Arc(
        tick,
        end,
        whole(head, "x", tally),
        whole(head, "y", tally),
        whole(head, "c", tally),
        whole(head, "d", tally),
        whole(tail, "x", tally),
        whole(tail, "y", tally),
        whole(tail, "d", tally),
        number(data, "m"),
        number(data, "tm"),
        whole(data, "a", tally),
        whole(found, "hr", tally),
        whole(found, "tr", tally),
        custom,
    )


def _write_arc(note: Arc) -> Piece:
    end, custom = end_of(note)
    extras, beyond = _split(custom)
    value: dict[str, Json] = {
        "hb": beats_of(note.tick),
        "tb": beats_of(end),
        "hr": note.rotation,
        "tr": note.tail_rotation,
        "hi": 0,
        "ti": 0,
        "ai": 0,
    }
    tail: dict[str, Json] = {
        "x": note.tail_x,
        "y": note.tail_y,
        "c": note.color,
        "d": note.tail_direction,
        "a": 0,
    }
    data: dict[str, Json] = {
        "m": plain_number(note.head_reach),
        "tm": plain_number(note.tail_reach),
        "a": note.mid_anchor,
    }
    return Piece(
        value | extras,
        (
            ("hi", "colorNotesData", _colored(note)),
            ("ti", "colorNotesData", tail),
            ("ai", "arcsData", data | beyond),
        ),
    )


def _read_chain(found: Object, source: Source) -> SaberNote:
    tally = source.tally
    head = source.entry("colorNotesData", found.get("i", 0))
    data = source.entry("chainsData", found.get("ci", 0))
    tick, end = tick_of(beat(found, "hb")), tick_of(beat(found, "tb"))
    extras = _extras(found, _CHAIN_KEYS, "chainsData", data)
    tick, end, custom = span(tick, end, extras)
    return Chain(
        tick,
        end,
        whole(head, "x", tally),
        whole(head, "y", tally),
        whole(head, "c", tally),
        whole(head, "d", tally),
        whole(data, "tx", tally),
        whole(data, "ty", tally),
        whole(data, "c", tally),
        number(data, "s"),
        whole(found, "hr", tally),
        whole(found, "tr", tally),
        custom,
    )


def _write_chain(note: Chain) -> Piece:
    end, custom = end_of(note)
    extras, beyond = _split(custom)
    value: dict[str, Json] = {
        "hb": beats_of(note.tick),
        "tb": beats_of(end),
        "hr": note.rotation,
        "tr": note.tail_rotation,
        "i": 0,
        "ci": 0,
    }
    data: dict[str, Json] = {
        "tx": note.tail_x,
        "ty": note.tail_y,
        "c": note.n_slices,
        "s": plain_number(note.squish),
    }
    return Piece(
        value | extras,
        (("i", "colorNotesData", _colored(note)), ("ci", "chainsData", data | beyond)),
    )


V4 = Version(
    4,
    (
        Kind("colorNotes", (ColorNote,), _read_note, _write_note),
        Kind("bombNotes", (Bomb,), _read_bomb, _write_bomb),
        Kind("obstacles", (Wall,), _read_wall, _write_wall),
        Kind("arcs", (Arc,), _read_arc, _write_arc),
        Kind("chains", (Chain,), _read_chain, _write_chain),
    ),
    "4.1.0",
    "version",
    {
        "colorNotes": [],
        "bombNotes": [],
        "obstacles": [],
        "arcs": [],
        "chains": [],
        "colorNotesData": [],
        "bombNotesData": [],
        "obstaclesData": [],
        "arcsData": [],
        "chainsData": [],
        "njsEvents": [],
        "njsEventData": [],
    },
)

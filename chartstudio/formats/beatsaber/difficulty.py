"""One difficulty file: telling its version, and reading its notes and tempo changes.

What cannot be read stays in the file; it is counted. Lights are in `lights`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from chartstudio.core.note import sort_notes
from chartstudio.formats.beatsaber.json_text import Json, JsonText
from chartstudio.formats.beatsaber.kinds import Source, Version
from chartstudio.formats.beatsaber.tempo import Tempo
from chartstudio.formats.beatsaber.v2 import V2
from chartstudio.formats.beatsaber.v3 import V3
from chartstudio.formats.beatsaber.v4 import V4
from chartstudio.formats.beatsaber.values import (
    Object,
    OddValue,
    Tally,
    beat,
    figure,
    items,
)
from chartstudio.modes.beatsaber.notes import SaberNote

VERSIONS: Mapping[int, Version] = {2: V2, 3: V3, 4: V4}
"""Versions of the difficulty file by the first part of their number; version 1 is read as 2."""

TEMPO_EVENT, OLD_TEMPO_EVENT = 100, 10
"""Types of version 2's events that change the tempo: the first since 2.5, where its figure is
``_floatValue``; the other before, where it is ``_value``."""

TEMPO_IN_FLOAT = (2, 5)

_LEADING_VERSION = re.compile(r'\ufeff?\s*\{\s*"_?version"\s*:\s*"([^"\\]*)"', re.IGNORECASE)

_TELLTALE = (
    (4, ("colorNotesData", "bombNotesData", "obstaclesData", "arcsData", "chainsData")),
    (3, ("colorNotes", "bombNotes", "burstSliders", "basicBeatmapEvents")),
    (2, ("_notes", "_obstacles", "_events")),
)
"""Keys that tell the version of a file that does not say it."""


def version_of(value: Object) -> tuple[int, ...]:
    """The version that a file says, as numbers; (0,) where it says none."""
    for key in ("version", "_version"):
        said = value.get(key)
        if isinstance(said, str):
            parts = re.findall(r"\d{1,6}", said)
            if parts:
                return tuple(int(part) for part in parts)
    return (0,)


def leading_version(text: str) -> int | None:
    """The first part of a version that stands at the start of a file, if it does."""
    match = _LEADING_VERSION.match(text)
    digits = re.match(r"\d{1,6}", match[1]) if match else None
    return int(digits[0]) if digits else None


def major_of(value: Object) -> int:
    """Which of `VERSIONS` a difficulty file is of."""
    said = version_of(value)[0]
    if said in VERSIONS and any(k in value for _, keys in _TELLTALE for k in keys):
        return said
    for major, keys in _TELLTALE:
        if any(key in value for key in keys):
            return major
    return min(max(said, 2), 4)


@dataclass(frozen=True, slots=True)
class Place:
    """An object of a difficulty file: where it stands, and the note that it is, if it is one."""

    name: str
    index: int
    note: SaberNote | None


@dataclass(frozen=True, slots=True)
class Difficulty:
    """A difficulty file as read.

    Parameters
    ----------
    file : JsonText
    version : Version
    number : tuple of int
        What the file says its version is.
    places : list of Place
        Every object of every list, in order.
    tempos : tuple of Tempo
        Its own tempo changes.
    tally : Tally
        What was odd.
    """

    file: JsonText
    version: Version
    number: tuple[int, ...]
    places: list[Place]
    tempos: tuple[Tempo, ...]
    tally: Tally

    @classmethod
    def of(cls, text: str, name: str) -> Difficulty:
        """Read a difficulty file.

        Raises
        ------
        FormatError
            When it is no JSON object.
        """
        file = JsonText.of(text, name)
        version = VERSIONS[major_of(file.value)]
        tally: Tally = Counter()
        if file.n_repairs:
            tally["commas missing or too many, which the game may refuse"] += file.n_repairs
        source = Source(file.value, tally)
        places = [place for kind in version.kinds for place in _places(kind.name, source, version)]
        number = version_of(file.value)
        return cls(file, version, number, places, _tempos(file.value, number, tally), tally)

    @property
    def notes(self) -> tuple[SaberNote, ...]:
        """The notes in chart order."""
        return sort_notes(p.note for p in self.places if p.note is not None)


def _places(name: str, source: Source, version: Version) -> list[Place]:
    found = source.whole.get(name, [])
    if not isinstance(found, list):
        source.tally[f"{name} is no list; it is kept as it is"] += 1
        return []
    read = next(k.read for k in version.kinds if k.name == name)
    places = []
    for index, value in enumerate(found):
        note = None
        try:
            if not isinstance(value, dict):
                raise OddValue(name)
            note = read(value, source)
        except OddValue:
            source.tally["objects with values that make no sense; they are kept, unread"] += 1
        places.append(Place(name, index, note))
    return places


def _tempos(value: Object, number: tuple[int, ...], tally: Tally) -> tuple[Tempo, ...]:
    found = [_tempo(item, "b", "m") for item in items(value, "bpmEvents")]
    for item in items(value, "_events"):
        kind = item.get("_type") if isinstance(item, dict) else None
        if kind == TEMPO_EVENT:
            found.append(_tempo(item, "_time", "_floatValue"))
        elif kind == OLD_TEMPO_EVENT and (1,) <= number < TEMPO_IN_FLOAT:
            found.append(_tempo(item, "_time", "_value"))
    good = [tempo for tempo in found if tempo is not None]
    if len(good) < len(found):
        tally["tempo changes that make no sense"] += len(found) - len(good)
    return tuple(sorted(good, key=lambda t: t.beat))


def _tempo(item: Json, time: str, key: str) -> Tempo | None:
    if not isinstance(item, dict):
        return None
    try:
        return Tempo.checked(beat(item, time), figure(item, key))
    except OddValue:
        return None


def is_tempo_event(item: Json, number: tuple[int, ...]) -> bool:
    """Whether an element of version 2's events changes the tempo."""
    kind = item.get("_type") if isinstance(item, dict) else None
    return kind == TEMPO_EVENT or (kind == OLD_TEMPO_EVENT and (1,) <= number < TEMPO_IN_FLOAT)

"""What a version of the difficulty file is made of: kinds of objects, each a pair of functions.

`v2`, `v3` and `v4` fill this in. It knows neither files nor keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chartstudio.formats.beatsaber.json_text import Json
from chartstudio.formats.beatsaber.values import (
    LENGTH,
    MAX_TICKS,
    Object,
    Tally,
    custom_of,
    custom_text,
)
from chartstudio.modes.beatsaber.notes import SaberNote


@dataclass(frozen=True, slots=True)
class Piece:
    """An object as it stands in a file.

    Parameters
    ----------
    value : dict
        In its own list.
    data : tuple of (str, str, dict)
        Version 4: what it refers to, as the key that holds the index, the list that is
        indexed, and the entry there.
    """

    value: dict[str, Json]
    data: tuple[tuple[str, str, dict[str, Json]], ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """What an object is read from besides itself.

    Parameters
    ----------
    whole : mapping
        The file.
    tally : Tally
    """

    whole: Object
    tally: Tally

    def entry(self, name: str, index: Json) -> Object:
        """Entry of a list of data; nothing where the index leads out of it."""
        entries = self.whole.get(name)
        if type(index) is not int or not isinstance(entries, list) or not entries:
            return self._nothing(index, entries)
        if not 0 <= index < len(entries) or not isinstance(entries[index], dict):
            return self._nothing(index, entries)
        return entries[index]  # type: ignore[no-any-return]

    def _nothing(self, index: Json, entries: Json) -> Object:
        if index != 0 or entries:
            self.tally["objects that refer to data that is not there; zeros are taken"] += 1
        return {}


@dataclass(frozen=True, slots=True)
class Kind:
    """One list of objects in a difficulty file.

    Parameters
    ----------
    name : str
        The list's key.
    types : tuple of type
        Notes that it holds.
    read : callable
        ``(object, Source) -> note``. Raises `OddValue`; None for what is no note to the game.
    write : callable
        ``(note) -> Piece``.
    """

    name: str
    types: tuple[type, ...]
    read: Callable[[Object, Source], SaberNote | None]
    write: Callable[[Any], Piece]


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the difficulty file.

    Parameters
    ----------
    major : int
    kinds : tuple of Kind
    number : str
        What is written as its version.
    version_key : str
    empty : mapping
        Members of a new file, in order.
    """

    major: int
    kinds: tuple[Kind, ...]
    number: str
    version_key: str
    empty: Mapping[str, Json] = field(default_factory=dict)

    def kind_of(self, note: SaberNote) -> Kind | None:
        """The list that holds a note; None where the version has none."""
        return next((k for k in self.kinds if isinstance(note, k.types)), None)


def span(tick: int, end: int, extras: dict[str, Json]) -> tuple[int, int, str]:
    """Tick, end and ``custom`` of an object with a length, which may be negative."""
    if end < tick:
        return tick, tick, custom_text({**extras, LENGTH: end - tick})
    return tick, end, custom_text(extras)


def end_of(note: SaberNote) -> tuple[int, dict[str, Json]]:
    """The tick on which a note ends in a file, and what else its ``custom`` says."""
    extras = custom_of(note.custom)
    length = extras.pop(LENGTH, None)
    if note.end == note.tick and type(length) is int and -MAX_TICKS < length < 0:
        return note.tick + length, extras
    return note.end, extras

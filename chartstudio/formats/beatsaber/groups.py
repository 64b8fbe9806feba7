"""Groups of lights of versions 3 and 4: the same figures, once in place and once in tables.

Facts: bsmg.wiki, mapping/map-format/lightshow. Version 3 keeps a list of groups for each type,
version 4 one list for all, whose boxes, filters and events stand in tables. Each type is a row
of `_TYPES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chartstudio.formats.beatsaber.json_text import Json
from chartstudio.formats.beatsaber.values import Object, Tally, inner, items, objects

CUSTOM = "customData"
EASING_LOST = "easings of light colours that version 3 has not"

_FX = "_fxEventsCollection"
_FX_TYPO = "_fxEventsCollections"
_FX_FLOATS, _FX_WHOLES = "_fl", "_il"


@dataclass(frozen=True, slots=True)
class _Type:
    """One type of group.

    Parameters
    ----------
    number : int
        In version 4.
    old, boxes, events : str
        List of groups in version 3; tables of boxes and of events in version 4.
    box_keys, event_keys : mapping of str to str
        Version 4's keys and version 3's.
    listed : str
        Version 3's key of a box's events.
    """

    number: int
    old: str
    boxes: str
    events: str
    box_keys: Mapping[str, str]
    event_keys: Mapping[str, str]
    listed: str


_COLOR = _Type(
    1,
    "lightColorEventBoxGroups",
    "lightColorEventBoxes",
    "lightColorEvents",
    {"w": "w", "d": "d", "s": "r", "t": "t", "b": "b", "e": "i"},
    {"c": "c", "b": "s", "f": "f", "sb": "sb", "sf": "sf"},
    "e",
)
_MOVED = {"w": "w", "d": "d", "s": "s", "t": "t", "b": "b", "e": "i", "a": "a", "f": "r"}
_FLOAT_FX = _Type(
    4,
    "vfxEventBoxGroups",
    "fxEventBoxes",
    "floatFxEvents",
    {"w": "w", "d": "d", "s": "s", "t": "t", "b": "b", "e": "i"},
    {"p": "p", "e": "i", "v": "v"},
    "l",
)
_TYPES = (
    _COLOR,
    _Type(
        2,
        "lightRotationEventBoxGroups",
        "lightRotationEventBoxes",
        "lightRotationEvents",
        _MOVED,
        {"p": "p", "e": "e", "r": "r", "d": "o", "l": "l"},
        "l",
    ),
    _Type(
        3,
        "lightTranslationEventBoxGroups",
        "lightTranslationEventBoxes",
        "lightTranslationEvents",
        _MOVED,
        {"p": "p", "e": "e", "t": "t"},
        "l",
    ),
    _FLOAT_FX,
)

V3_NAMES = (*(t.old for t in _TYPES), _FX, _FX_TYPO)
"""Members of a version 3 file that hold groups of lights."""

_FILTER_KEYS = ("c", "f", "p", "t", "r", "n", "s", "l", "d")

_INSTANT, _GLIDE, _EXTEND = 0, 1, 2
"""How version 3 says a light changes its colour."""

_NO_EASING, _LINEAR = -1, 0


def n_groups(members: Object) -> int:
    """How many groups the members of a version 3 file hold."""
    return sum(len(items(members, t.old)) for t in _TYPES)


def _copied(found: Object, keys: Mapping[str, str]) -> dict[str, Json]:
    """Members under new names (the keys of the mapping), 0 where missing."""
    return {new: found.get(old, 0) for new, old in keys.items()} | _custom(found)


def _custom(found: Object) -> dict[str, Json]:
    return {CUSTOM: found[CUSTOM]} if CUSTOM in found else {}


# From version 3 to 4 ---------------------------------------------------------------------


class _Table:
    """A list whose entries stand once."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Json]] = []
        self._index: dict[str, int] = {}

    def index(self, entry: dict[str, Json]) -> int:
        """Index of an entry, added where it is new."""
        key = repr(entry)
        if key not in self._index:
            self._index[key] = len(self.entries)
            self.entries.append(entry)
        return self._index[key]


def to_v4(members: Object, tally: Tally) -> dict[str, Json]:
    """Members of a version 4 lightshow that hold the groups of a version 3 file."""
    filters = _Table()
    found: dict[str, Json] = {"eventBoxGroups": [], "indexFilters": filters.entries}
    floats = objects(inner(members, _FX) or inner(members, _FX_TYPO), _FX_FLOATS)
    for kind in _TYPES:
        boxes, events = _Table(), _Table()
        for group in objects(members, kind.old):
            made = [
                _box_to_v4(kind, box, (filters, boxes, events), floats)
                for box in objects(group, "e")
            ]
            value = {"b": group.get("b", 0), "g": group.get("g", 0), "t": kind.number, "e": made}
            found["eventBoxGroups"].append(value | _custom(group))
        found |= {kind.boxes: boxes.entries, kind.events: events.entries}
    wholes = items(inner(members, _FX) or inner(members, _FX_TYPO), _FX_WHOLES)
    tally["whole number effects of groups of lights"] += len(wholes)
    return found


def _box_to_v4(
    kind: _Type, box: Object, tables: tuple[_Table, _Table, _Table], floats: list[dict[str, Json]]
) -> dict[str, Json]:
    filters, boxes, events = tables
    said = inner(box, "f")
    listed: list[Json] = items(box, kind.listed)
    if kind is _FLOAT_FX:
        listed = [floats[i] for i in listed if type(i) is int and 0 <= i < len(floats)]
    made = []
    for event in listed:
        if isinstance(event, dict):
            entry = _copied(event, kind.event_keys)
            if kind is _COLOR:
                entry |= _easing_of(event.get("i", 0))
            made.append({"b": event.get("b", 0), "i": events.index(entry)})
    return {
        "f": filters.index({key: said.get(key, 0) for key in _FILTER_KEYS}),
        "e": boxes.index(_copied(box, kind.box_keys)),
        "l": made,
    }


def _easing_of(change: Json) -> dict[str, Json]:
    return {"p": int(change == _EXTEND), "e": _LINEAR if change == _GLIDE else _NO_EASING}


# From version 4 to 3 ---------------------------------------------------------------------


def _entry(whole: Object, name: str, index: Json) -> Object:
    table = items(whole, name)
    fits = type(index) is int and 0 <= index < len(table) and isinstance(table[index], dict)
    return table[index] if fits else {}


def to_v3(lightshow: Object, tally: Tally) -> dict[str, Json]:
    """Members of a version 3 file that hold the groups of a version 4 lightshow."""
    floats: list[dict[str, Json]] = []
    found: dict[str, Json] = {kind.old: [] for kind in _TYPES}
    by_number = {kind.number: kind for kind in _TYPES}
    for group in objects(lightshow, "eventBoxGroups"):
        number = group.get("t", 0)
        kind = by_number.get(number) if type(number) is int else None
        if kind is None:
            tally["groups of lights of no known type"] += 1
            continue
        made = [_box_to_v3(kind, box, lightshow, floats, tally) for box in objects(group, "e")]
        value = {"b": group.get("b", 0), "g": group.get("g", 0), "e": made}
        if kind is _FLOAT_FX:
            value["t"] = 1
        found[kind.old].append(value | _custom(group))
    return found | {_FX: {_FX_FLOATS: floats, _FX_WHOLES: []}}


def _box_to_v3(
    kind: _Type,
    box: Object,
    whole: Object,
    floats: list[dict[str, Json]],
    tally: Tally,
) -> dict[str, Json]:
    said = _entry(whole, "indexFilters", box.get("f", 0))
    made: list[Json] = []
    for event in objects(box, "l"):
        entry = _entry(whole, kind.events, event.get("i", 0))
        keys = {old: new for new, old in kind.event_keys.items()}
        value = {"b": event.get("b", 0)} | _copied(entry, keys)
        if kind is _COLOR:
            easing = entry.get("e", 0)
            tally[EASING_LOST] += easing not in (_NO_EASING, _LINEAR)
            glide = _INSTANT if easing == _NO_EASING else _GLIDE
            value["i"] = _EXTEND if entry.get("p", 0) == 1 else glide
        if kind is _FLOAT_FX:
            floats.append(value)
            made.append(len(floats) - 1)
        else:
            made.append(value)
    keys = {old: new for new, old in kind.box_keys.items()}
    figures = _copied(_entry(whole, kind.boxes, box.get("e", 0)), keys)
    return {"f": {key: said.get(key, 0) for key in _FILTER_KEYS}, **figures, kind.listed: made}

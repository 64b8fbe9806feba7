"""Everything of a difficulty that is not played: lights, boosts, rotations, waypoints.

`Lights` holds it as version 3 spells it; the functions here bring it from and to the other
versions. Groups of lights, which version 2 has not, go between 3 and 4 by `groups`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby

from chartstudio.core.errors import FormatError
from chartstudio.formats.beatsaber import custom, groups
from chartstudio.formats.beatsaber.difficulty import is_tempo_event
from chartstudio.formats.beatsaber.json_text import Json, JsonText
from chartstudio.formats.beatsaber.tempo import Tempo
from chartstudio.formats.beatsaber.values import (
    Object,
    OddValue,
    Tally,
    beats_of,
    figure,
    inner,
    items,
    number,
    objects,
    plain_number,
    tick_of,
    whole,
)
from chartstudio.modes.beatsaber.notes import Arc, Chain, SaberNote

BOOST, EARLY, LATE = 5, 14, 15
"""Types of version 2's events that later versions keep in lists of their own."""

ANGLES = (-60, -45, -30, -15, 15, 30, 45, 60)
"""What version 2's values of a rotation event turn by, in degrees."""

CUSTOM_LOST = "values of custom data that the version has no name for"
GROUPS_LOST = "groups of lights"
TURNS_LOST = "rotations that are no multiple of 15 up to 60 degrees"
KEYS_LOST = "values that ChartStudio does not know"
NJS_LOST = "changes of the jump speed"

_TURNED = (
    ("basicBeatmapEvents", "basic"),
    ("colorBoostBeatmapEvents", "boosts"),
    ("rotationEvents", "turns"),
    ("waypoints", "waypoints"),
)


@dataclass(frozen=True, slots=True)
class Lights:
    """What is not played, as version 3 spells it.

    Parameters
    ----------
    basic, boosts, turns, waypoints, keywords : list of dict
    groups : dict
        Members of a version 3 file that hold groups of lights.
    normal : bool
        ``useNormalEventsAsCompatibleEvents``.
    custom : dict
        The difficulty's own custom data.
    """

    basic: list[dict[str, Json]] = field(default_factory=list)
    boosts: list[dict[str, Json]] = field(default_factory=list)
    turns: list[dict[str, Json]] = field(default_factory=list)
    waypoints: list[dict[str, Json]] = field(default_factory=list)
    keywords: list[dict[str, Json]] = field(default_factory=list)
    groups: dict[str, Json] = field(default_factory=dict)
    normal: bool = True
    custom: dict[str, Json] = field(default_factory=dict)


# From version 2 --------------------------------------------------------------------------


def of_v2(value: Object, version: tuple[int, ...], tally: Tally) -> Lights:
    """The lights of a version 2 file."""
    found = Lights()
    for event in objects(value, "_events"):
        if is_tempo_event(event, version):
            continue
        try:
            _sort_event(event, version, found, tally)
        except OddValue:
            tally[KEYS_LOST] += 1
    for item in objects(value, "_waypoints"):
        keys = {"b": "_time", "x": "_lineIndex", "y": "_lineLayer", "d": "_offsetDirection"}
        found.waypoints.append({new: item.get(old, 0) for new, old in keys.items()})
    for item in objects(inner(value, "_specialEventsKeywordFilters"), "_keywords"):
        pair = {"k": item.get("_keyword", ""), "e": item.get("_specialEvents", [])}
        found.keywords.append(pair)
    # Version 1 has its own names for some of what is custom data later.
    kept, n_lost = custom.file_custom(value, max(min(version[0], 2), 1), 3)
    tally[CUSTOM_LOST] += n_lost
    return replace(found, custom=kept)


def _sort_event(event: Object, version: tuple[int, ...], found: Lights, tally: Tally) -> None:
    at = event.get("_time", 0)
    kind, value = whole(event, "_type", tally), whole(event, "_value", tally)
    if kind == BOOST:
        found.boosts.append({"b": at, "o": value == 1})
    elif kind in (EARLY, LATE):
        if 0 <= value < len(ANGLES):
            found.turns.append({"b": at, "e": kind - EARLY, "r": ANGLES[value]})
        else:
            tally[TURNS_LOST] += 1
    else:
        old = version < (2, 5)
        strength = 1 if old else event.get("_floatValue", 0)
        extras, n_lost = custom.event_in(event, 2, 3)
        tally[CUSTOM_LOST] += n_lost
        found.basic.append({"b": at, "et": kind, "i": value, "f": strength, **extras})


# From versions 3 and 4 -------------------------------------------------------------------


def of_v3(value: Object, tally: Tally) -> Lights:
    """The lights of a version 3 file."""
    known = {"version", "bpmEvents", *groups.V3_NAMES, *_V3_PLAYED, custom.NEW}
    known |= {name for name, _ in _TURNED}
    known |= {"basicEventTypesWithKeywords", "useNormalEventsAsCompatibleEvents"}
    tally[KEYS_LOST] += sum(key not in known for key in value)
    return Lights(
        **{attribute: objects(value, name) for name, attribute in _TURNED},
        keywords=objects(inner(value, "basicEventTypesWithKeywords"), "d"),
        groups={name: value[name] for name in groups.V3_NAMES if name in value},
        normal=value.get("useNormalEventsAsCompatibleEvents") is True,
        custom=inner(value, custom.NEW),
    )


_V3_PLAYED = ("colorNotes", "bombNotes", "obstacles", "sliders", "burstSliders")


def _joined(value: Object, name: str, names: dict[str, str]) -> list[dict[str, Json]]:
    """Objects of version 4 with their data beside them."""
    data = items(value, f"{name}Data")
    found = []
    for item in objects(value, name):
        index = item.get("i", 0)
        fits = type(index) is int and 0 <= index < len(data) and isinstance(data[index], dict)
        entry = data[index] if fits else {}
        joined = {"b": item.get("b", 0)}
        joined |= {new: entry.get(old, 0) for old, new in names.items()}
        extras = {k: o[k] for o in (entry, item) for k in (custom.NEW,) if k in o}
        found.append(joined | extras)
    return found


def lightshow_of(text: str) -> Object:
    """What a lightshow file says; nothing where it is damaged."""
    try:
        return JsonText.of(text, "").value if text else {}
    except FormatError:
        return {}


def of_v4(difficulty: Object, lightshow: Object, tally: Tally) -> Lights:
    """The lights of a version 4 difficulty and its lightshow file."""
    boosts = _joined(lightshow, "colorBoostEvents", {"b": "o"})
    tally[NJS_LOST] += len(items(difficulty, "njsEvents"))
    return Lights(
        _joined(lightshow, "basicEvents", {"t": "et", "i": "i", "f": "f"}),
        [{**boost, "o": bool(boost["o"])} for boost in boosts],
        _joined(difficulty, "spawnRotations", {"t": "e", "r": "r"}),
        _joined(lightshow, "waypoints", {"x": "x", "y": "y", "d": "d"}),
        objects(inner(lightshow, "basicEventTypesWithKeywords"), "d"),
        groups.to_v3(lightshow, tally),
        lightshow.get("useNormalEventsAsCompatibleEvents") is True,
        inner(lightshow, custom.NEW) | inner(difficulty, custom.NEW),
    )


# To version 2 ----------------------------------------------------------------------------


def to_v2(lights: Lights, tempos: Iterable[Tempo], tally: Tally) -> dict[str, Json]:
    """Members of a version 2 file."""
    events = [
        {"_time": plain_number(t.beat), "_type": 100, "_value": 0, "_floatValue": t.bpm}
        for t in tempos
    ]
    for e in lights.basic:
        extras, n_lost = custom.event_in(e, 3, 2)
        tally[CUSTOM_LOST] += n_lost
        events.append(_event(e, e.get("et", 0), e.get("i", 0), e.get("f", 0)) | extras)
    events += [_event(e, BOOST, int(bool(e.get("o")))) for e in lights.boosts]
    for e in lights.turns:
        if e.get("r", 0) in ANGLES:
            late = e.get("e", 0) == 1
            events.append(_event(e, LATE if late else EARLY, ANGLES.index(e.get("r", 0))))
        else:
            tally[TURNS_LOST] += 1
    events.sort(key=lambda e: figure(e, "_time") or 0.0)
    tally[GROUPS_LOST] += groups.n_groups(lights.groups)
    kept, n_lost = custom.file_custom({custom.NEW: lights.custom}, 3, 2)
    tally[CUSTOM_LOST] += n_lost
    keys = {"_time": "b", "_lineIndex": "x", "_lineLayer": "y", "_offsetDirection": "d"}
    return {
        "_events": events,
        "_waypoints": [{old: w.get(new, 0) for old, new in keys.items()} for w in lights.waypoints],
        "_specialEventsKeywordFilters": {
            "_keywords": [
                {"_keyword": w.get("k", ""), "_specialEvents": w.get("e", [])}
                for w in lights.keywords
            ]
        },
    } | ({custom.OLD: kept} if kept else {})


def _event(found: Object, kind: Json, value: Json, strength: Json = 0) -> dict[str, Json]:
    return {"_time": found.get("b", 0), "_type": kind, "_value": value, "_floatValue": strength}


# To versions 3 and 4 ---------------------------------------------------------------------


def to_v3(lights: Lights, tempos: Iterable[Tempo]) -> dict[str, Json]:
    """Members of a version 3 file."""
    return {
        "bpmEvents": [{"b": plain_number(t.beat), "m": plain_number(t.bpm)} for t in tempos],
        **{name: getattr(lights, attribute) for name, attribute in _TURNED},
        **lights.groups,
        "basicEventTypesWithKeywords": {"d": lights.keywords},
        "useNormalEventsAsCompatibleEvents": lights.normal,
    } | ({custom.NEW: lights.custom} if lights.custom else {})


def to_v4(lights: Lights, tally: Tally) -> dict[str, Json]:
    """A version 4 lightshow file."""
    found: dict[str, Json] = {"version": "4.0.0"}
    names = (
        ("basicEvents", lights.basic, {"t": "et", "i": "i", "f": "f"}),
        (
            "colorBoostEvents",
            [{**b, "o": int(bool(b.get("o")))} for b in lights.boosts],
            {"b": "o"},
        ),
        ("waypoints", lights.waypoints, {"x": "x", "y": "y", "d": "d"}),
    )
    for name, source, keys in names:
        found[name], found[f"{name}Data"] = _indexed(source, keys)
    found["basicEventTypesWithKeywords"] = {"d": lights.keywords}
    found |= groups.to_v4(lights.groups, tally)
    found["useNormalEventsAsCompatibleEvents"] = lights.normal
    return found


def _indexed(
    source: Sequence[Object], keys: dict[str, str]
) -> tuple[list[dict[str, Json]], list[dict[str, Json]]]:
    """Objects of version 3 as version 4 has them: data stands once."""
    index: dict[str, int] = {}
    events: list[dict[str, Json]] = []
    data: list[dict[str, Json]] = []
    for item in source:
        entry = {new: item.get(old, 0) for new, old in keys.items()}
        if custom.NEW in item:
            entry[custom.NEW] = item[custom.NEW]
        key = repr(entry)
        if key not in index:
            index[key] = len(data)
            data.append(entry)
        events.append({"b": item.get("b", 0), "i": index[key]})
    return events, data


# Rotations -------------------------------------------------------------------------------


def turned(notes: Iterable[SaberNote], turns: Iterable[Object]) -> list[SaberNote]:
    """Notes that say their rotation themselves, as version 4 wants it.

    An early event turns what is on its beat already, a late one only what comes after.
    """
    steps = []
    for event in turns:
        try:
            late = figure(event, "e") == 1
            steps.append((tick_of(number(event, "b")), late, round(number(event, "r"))))
        except (OddValue, OverflowError):
            continue
    steps.sort(key=lambda s: s[:2])
    keys = [s[:2] for s in steps]
    facing = [0, *accumulate(s[2] for s in steps)]

    def at(tick: int) -> int:
        return facing[bisect_right(keys, (tick, False))]

    found: list[SaberNote] = []
    for note in notes if steps else ():
        if isinstance(note, Arc | Chain):
            tail = note.tail_rotation + at(note.end)
            found.append(replace(note, rotation=note.rotation + at(note.tick), tail_rotation=tail))
        else:
            found.append(replace(note, rotation=note.rotation + at(note.tick)))
    return found if steps else list(notes)


def turns_of(notes: Iterable[SaberNote]) -> tuple[list[dict[str, Json]], int]:
    """Rotation events that turn notes as they say, and how many notes need another one."""
    found: list[dict[str, Json]] = []
    facing, n_torn = 0, 0
    for tick, same in groupby(sorted(notes, key=lambda n: n.tick), key=lambda n: n.tick):
        rotations = [note.rotation for note in same]
        n_torn += sum(r != rotations[0] for r in rotations)
        if rotations[0] != facing:
            found.append({"b": beats_of(tick), "e": 0, "r": rotations[0] - facing})
            facing = rotations[0]
    return found, n_torn

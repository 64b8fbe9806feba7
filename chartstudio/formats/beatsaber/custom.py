"""Custom data of mods under the names of another version.

Versions 3 and 4 share their names; version 2 has others, most of them with an underscore
before. Only what means the same under both is translated; the rest is counted as lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chartstudio.formats.beatsaber.json_text import Json
from chartstudio.formats.beatsaber.values import LENGTH, Object, custom_of, custom_text, items
from chartstudio.modes.beatsaber.notes import SaberNote

OLD, NEW = "_customData", "customData"
"""Where custom data lies in version 2, and in later ones."""

_NOTE_NAMES = {
    "_color": "color",
    "_track": "track",
    "_position": "coordinates",
    "_scale": "size",
    "_rotation": "worldRotation",
    "_localRotation": "localRotation",
    "_noteJumpMovementSpeed": "noteJumpMovementSpeed",
    "_noteJumpStartBeatOffset": "noteJumpStartBeatOffset",
    "_flip": "flip",
    "_disableNoteGravity": "disableNoteGravity",
    "_disableNoteLook": "disableNoteLook",
    "_disableSpawnEffect": "disableSpawnEffect",
}

_EVENT_NAMES = {
    "_color": "color",
    "_lightID": "lightID",
    "_easing": "easing",
    "_lerpType": "lerpType",
    "_direction": "direction",
    "_step": "step",
    "_prop": "prop",
    "_speed": "speed",
    "_rotation": "rotation",
    "_nameFilter": "nameFilter",
    "_lockPosition": "lockRotation",
}

_BOOKMARK_NAMES = {"_time": "b", "_name": "n", "_color": "c"}
_BPM_CHANGE_NAMES = {
    "_time": "b",
    "_BPM": "m",
    "_beatsPerBar": "p",
    "_metronomeOffset": "o",
}
_LISTS = {
    "_bookmarks": ("bookmarks", _BOOKMARK_NAMES),
    "_BPMChanges": ("BPMChanges", _BPM_CHANGE_NAMES),
}
_PLAIN = {"_time": "time", "robots": "robots"}


def _turned(names: Mapping[str, str], to_old: bool) -> dict[str, str]:
    return {new: old for old, new in names.items()} if to_old else dict(names)


def _renamed(
    found: Object, names: Mapping[str, str], to_old: bool
) -> tuple[dict[str, Json], list[str]]:
    """The members that have a name in the other version, and the names of those without."""
    table = _turned(names, to_old)
    kept = {table[key]: value for key, value in found.items() if key in table}
    return kept, [key for key in found if key not in table]


def _object_custom(
    extras: dict[str, Json], names: Mapping[str, str], from_major: int, to_major: int
) -> tuple[dict[str, Json], int]:
    """An object's unknown keys in another version, and how many members were lost."""
    if from_major >= 3 and to_major >= 3:
        kept = {NEW: extras[NEW]} if NEW in extras else {}
        return kept, len(extras) - len(kept)
    to_old = to_major == 2
    source, target = (NEW, OLD) if to_old else (OLD, NEW)
    inside = extras.get(source)
    n_lost = sum(key != source for key in extras)
    if not isinstance(inside, dict):
        return {}, n_lost + (source in extras)
    kept, lost = _renamed(inside, names, to_old)
    return ({target: kept} if kept else {}), n_lost + len(lost)


def note_in(note: SaberNote, from_major: int, to_major: int) -> tuple[SaberNote, int]:
    """A note with its ``custom`` under another version's names, and how much of it was lost."""
    extras = custom_of(note.custom)
    if not extras:
        return note, 0
    length = {LENGTH: extras.pop(LENGTH)} if LENGTH in extras else {}
    if from_major >= 3 and to_major >= 3 and isinstance(extras.get("data"), dict):
        # Version 4 has custom data beside an object's data too.
        data = extras.pop("data")
        extras = {**data, **extras}
    if from_major == 2:
        extras.pop("_cutDirection", None)
    kept, n_lost = _object_custom(extras, _NOTE_NAMES, from_major, to_major)
    return replace(note, custom=custom_text({**kept, **length})), n_lost


def major_of_note(note: SaberNote, default: int) -> int:
    """The version that a note's ``custom`` is spelled for."""
    if OLD in note.custom or '"_type"' in note.custom:
        return 2
    if f'"{NEW}"' in note.custom:
        return 3 if default == 2 else default
    return default


def event_in(found: Object, from_major: int, to_major: int) -> tuple[dict[str, Json], int]:
    """A light event's custom data, as a member of the event, in another version."""
    extras = {key: found[key] for key in (OLD, NEW) if key in found}
    return _object_custom(extras, _EVENT_NAMES, from_major, to_major)


def is_fake(note: SaberNote) -> bool:
    """Whether version 2's custom data says that a note cannot be hit."""
    if "_fake" not in note.custom:
        return False
    inside = custom_of(note.custom).get(OLD)
    return isinstance(inside, dict) and inside.get("_fake") is True


def file_custom(value: Object, from_major: int, to_major: int) -> tuple[dict[str, Json], int]:
    """A difficulty's own custom data in another version, and how many entries were lost."""
    if from_major == 1:
        value = {OLD: {k: value[k] for k in ("_time", "_bookmarks", "_BPMChanges") if k in value}}
    inside = value.get(OLD if from_major <= 2 else NEW)
    if not isinstance(inside, dict):
        return {}, 0
    from_major = max(from_major, 2)
    if (from_major == 2) == (to_major == 2):
        return dict(inside), 0
    to_old = to_major == 2
    kept, rest = _renamed(inside, _PLAIN, to_old)
    lists = {new: (old, names) for old, (new, names) in _LISTS.items()} if to_old else _LISTS
    n_lost = 0
    for key in rest:
        if key not in lists:
            content = inside[key]
            n_lost += len(content) if isinstance(content, list | dict) else 1
            continue
        name, names = lists[key]
        entries = [e for e in items(inside, key) if isinstance(e, dict)]
        kept[name] = [_renamed(entry, names, to_old)[0] for entry in entries]
    return kept, n_lost

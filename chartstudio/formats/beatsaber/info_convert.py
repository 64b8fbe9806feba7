"""An Info file of one version as another: environments, colour schemes, entries, custom data."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chartstudio.formats.beatsaber.info import (
    AUTHORS,
    ENTRY_KEYS,
    KEYS,
    MAPS_4,
    RANKS,
    SETS,
    TURNING,
    Entry,
    Info,
)
from chartstudio.formats.beatsaber.json_text import Json
from chartstudio.formats.beatsaber.values import (
    OddValue,
    figure,
    inner,
    items,
    number,
    objects,
    plain_number,
    word,
)

AUDIO_DATA_NAME = "AudioData.dat"

ENVIRONMENT, ALL_DIRECTIONS = "DefaultEnvironment", "GlassDesertEnvironment"

_COLORS = (
    "saberAColor",
    "saberBColor",
    "obstaclesColor",
    "environmentColor0",
    "environmentColor1",
    "environmentColorW",
    "environmentColor0Boost",
    "environmentColor1Boost",
    "environmentColorWBoost",
)

_PLAIN_NAMES = frozenset("rgba") | {"robots", "version"}
"""Members of custom data that have no underscore in version 2 either."""


def template(major: int) -> dict[str, Json]:
    """An Info of a song without anything."""
    if major == 4:
        return {
            "version": "4.0.1",
            "song": {"title": "", "subTitle": "", "author": ""},
            "audio": {
                "songFilename": "",
                "songDuration": 0,
                "audioDataFilename": AUDIO_DATA_NAME,
                "bpm": 120,
                "lufs": 0,
                "previewStartTime": 0,
                "previewDuration": 0,
            },
            "songPreviewFilename": "",
            "coverImageFilename": "",
            "environmentNames": ["DefaultEnvironment", "GlassDesertEnvironment"],
            "colorSchemes": [],
            MAPS_4: [],
        }
    return {
        "_version": "2.1.0",
        "_songName": "",
        "_songSubName": "",
        "_songAuthorName": "",
        "_levelAuthorName": "",
        "_beatsPerMinute": 120,
        "_songTimeOffset": 0,
        "_shuffle": 0,
        "_shufflePeriod": 0.5,
        "_previewStartTime": 0,
        "_previewDuration": 0,
        "_songFilename": "",
        "_coverImageFilename": "",
        "_environmentName": "DefaultEnvironment",
        "_allDirectionsEnvironmentName": "GlassDesertEnvironment",
        "_environmentNames": [],
        "_colorSchemes": [],
        SETS: [],
    }


def converted(old: Info, major: int) -> dict[str, Json]:
    """A version 4 Info from an older one, or a version 2 Info from another, without entries."""
    value = template(major)
    source, keys = old.file.value, KEYS[major]
    meta = old.metadata()
    for name, path in keys.texts.items():
        _set(value, path, getattr(meta, name))
    _set(value, keys.audio, old.audio())
    _set(value, keys.bpm, plain_number(old.bpm()[0]))
    for path, figure_s in (
        (keys.preview, meta.preview_s),
        (keys.preview_length, meta.preview_length_s),
    ):
        if figure_s is not None:
            _set(value, path, plain_number(figure_s))
    if major == 4:
        value["songPreviewFilename"] = old.audio()
        value["environmentNames"] = environments(old)
        value["colorSchemes"] = [_scheme_to_4(s) for s in objects(source, "_colorSchemes")]
    else:
        _to_2(value, old)
    custom = custom_in(inner(source, ENTRY_KEYS[old.keys.major].custom or "-"), major)
    if custom:
        value[ENTRY_KEYS[major].custom] = custom
    return value


def _set(value: dict[str, Json], path: tuple[str, ...], new: Json) -> None:
    for key in path[:-1]:
        value = value[key]
    if path:
        value[path[-1]] = new


def environments(old: Info) -> list[str]:
    """The names of the environments that a version 2 Info's entries count from."""
    value = old.file.value
    named = [n for n in items(value, "_environmentNames") if isinstance(n, str)]
    if named:
        return named
    first = word(value, "_environmentName") or word(value, "environmentName") or ENVIRONMENT
    return [first, word(value, "_allDirectionsEnvironmentName") or ALL_DIRECTIONS]


def _to_2(value: dict[str, Json], old: Info) -> None:
    source = old.file.value
    if old.keys.major == 4:
        names = [n for n in items(source, "environmentNames") if isinstance(n, str)]
        value["_environmentNames"] = names
        value["_environmentName"] = names[0] if names else ENVIRONMENT
        value["_colorSchemes"] = [_scheme_to_2(s) for s in objects(source, "colorSchemes")]
    else:
        value["_environmentName"] = environments(old)[0]


# Entries ---------------------------------------------------------------------------------


def entry_in(entry: Entry, old: Info, major: int) -> dict[str, Json]:
    """An entry's value in another version."""
    source, keys = ENTRY_KEYS[old.keys.major], ENTRY_KEYS[major]
    found = entry.value
    settings = dict(entry.settings)
    value: dict[str, Json] = {keys.difficulty: entry.difficulty, keys.file: entry.file}
    for name, key in (("njs", keys.njs), ("jump_offset", keys.jump_offset)):
        value[key] = plain_number(float(settings.get(name, 0)))
    if major == 4:
        has_list = bool(items(old.file.value, "_environmentNames"))
        turning = int(entry.characteristic in TURNING)
        environment = figure(found, "_environmentNameIdx") if has_list else None
        mapper = old.metadata().credit
        names = [name.strip() for name in mapper.split(",") if name.strip()]
        value |= {
            "characteristic": entry.characteristic,
            AUTHORS: {"mappers": names, "lighters": []},
            "environmentNameIdx": turning if environment is None else int(environment),
            "beatmapColorSchemeIdx": _scheme_index(found, "_beatmapColorSchemeIdx", old),
            "lightshowDataFilename": "",
        }
    else:
        value["_difficultyRank"] = RANKS.get(entry.difficulty, 9)
        value["_environmentNameIdx"] = int(figure(found, "environmentNameIdx") or 0)
        value["_beatmapColorSchemeIdx"] = _scheme_index(found, "beatmapColorSchemeIdx", old)
    custom = custom_in(inner(found, source.custom or "-"), major)
    if entry.label and not source.custom:
        custom[keys.label] = entry.label
    if custom:
        value[keys.custom] = custom
    return value


def _scheme_index(found: Mapping[str, Json], key: str, old: Info) -> int:
    name = "colorSchemes" if old.keys.major == 4 else "_colorSchemes"
    index = figure(found, key)
    return int(index) if index is not None and objects(old.file.value, name) else -1


# Colours ---------------------------------------------------------------------------------


def _scheme_to_4(scheme: Mapping[str, Json]) -> dict[str, Json]:
    used = scheme.get("useOverride") is True
    colors = inner(scheme, "colorScheme")
    found: dict[str, Json] = {
        "colorSchemeName": word(colors, "colorSchemeId"),
        "overrideNotes": used,
        "overrideLights": used,
    }
    return found | {name: _hex(inner(colors, name)) for name in _COLORS if name in colors}


def _scheme_to_2(scheme: Mapping[str, Json]) -> dict[str, Json]:
    used = any(scheme.get(k) is True for k in ("useOverride", "overrideNotes", "overrideLights"))
    colors: dict[str, Json] = {"colorSchemeId": word(scheme, "colorSchemeName")}
    colors |= {name: _rgba(word(scheme, name)) for name in _COLORS if name in scheme}
    return {"useOverride": used, "colorScheme": colors}


def _hex(color: Mapping[str, Json]) -> str:
    def channel(key: str) -> int:
        try:
            value = number(color, key, 1.0 if key == "a" else 0.0)
        except OddValue:
            return 0
        return round(min(max(value, 0.0), 1.0) * 255)

    return "".join(f"{channel(key):02X}" for key in "rgba")


def _rgba(text: str) -> dict[str, Json]:
    digits = re.sub(r"[^0-9A-Fa-f]", "", text).ljust(6, "0").ljust(8, "F")
    levels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4, 6)]
    return {key: plain_number(round(v, 7)) for key, v in zip("rgba", levels, strict=True)}


# Custom data -----------------------------------------------------------------------------


def custom_in(custom: Mapping[str, Json], major: int) -> dict[str, Json]:
    """An Info's custom data under the names of a version: with underscores in 2, without in 4."""
    return {_name(k, major): _renamed(v, major) for k, v in custom.items()}


def _renamed(value: Json, major: int) -> Json:
    if isinstance(value, dict):
        return {_name(k, major): _renamed(v, major) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(v, major) for v in value]
    return value


def _name(key: str, major: int) -> str:
    if major == 4:
        return key[1:] if re.match(r"_[a-z]", key) else key
    return f"_{key}" if re.match(r"[a-z]", key) and key not in _PLAIN_NAMES else key


LIGHTERS = "lighters"

NO_PLACE: Mapping[int, Mapping[str, str]] = {
    4: {
        "_songTimeOffset": "offset of the audio as a figure of its own; the tempo table holds it",
        "_shuffle": "swing of the notes (shuffle)",
    },
    2: {},
}
"""Figures of an Info that a version has no place for, in words."""

KNOWN: Mapping[int, frozenset[str]] = {
    1: frozenset(
        {
            *("songName", "songSubName", "authorName", "beatsPerMinute", "previewStartTime"),
            *("previewDuration", "coverImagePath", "environmentName", "difficultyLevels"),
            *("oneSaber", "contributors", "customEnvironment", "customEnvironmentHash"),
        }
    ),
    2: frozenset({*template(2), "_customData"}),
    4: frozenset({*template(4), "customData"}),
}
"""Members of an Info that have a meaning to us."""

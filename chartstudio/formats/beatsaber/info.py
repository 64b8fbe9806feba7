"""The Info file: what a song is called and which difficulties it has, in versions 1, 2 and 4.

`Info` reads one; `Entry` is one difficulty in it. Writing is in `info_write`.
Facts: bsmg.wiki, mapping/map-format/info.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chartstudio.core.song import Metadata
from chartstudio.formats.beatsaber.difficulty import version_of
from chartstudio.formats.beatsaber.json_text import Json, JsonText, text_of
from chartstudio.formats.beatsaber.tempo import DEFAULT_BPM, sound_bpm
from chartstudio.formats.beatsaber.values import Object, figure, inner, objects, word

DIFFICULTIES = ("Easy", "Normal", "Hard", "Expert", "ExpertPlus")
"""The game's difficulties, easiest first; a chart's level counts them from 1."""

RANKS = dict(zip(DIFFICULTIES, (1, 3, 5, 7, 9), strict=True))

STANDARD = "Standard"

TURNING = ("360Degree", "90Degree")
"""Characteristics that are played in an environment without a front."""

_SPELLINGS = {name.lower(): name for name in DIFFICULTIES}


def known_difficulty(name: str) -> str | None:
    """The game's id of a difficulty, however it is spelled: ``Expert+`` is ``ExpertPlus``."""
    return _SPELLINGS.get(re.sub(r"[\s_-]", "", name).replace("+", "plus").lower())


def level_of(difficulty: str) -> float | None:
    """A chart's level: the place of its difficulty, from 1."""
    if difficulty not in DIFFICULTIES:
        return None
    return float(DIFFICULTIES.index(difficulty) + 1)


@dataclass(frozen=True, slots=True)
class Keys:
    """Where an Info of one version says what. A path of one or two keys each.

    Parameters
    ----------
    major : int
    texts : mapping of str to path
        Fields of `Metadata`.
    audio, bpm, offset, preview, preview_length : path
        Empty where the version has none.
    """

    major: int
    texts: Mapping[str, tuple[str, ...]]
    audio: tuple[str, ...]
    bpm: tuple[str, ...]
    offset: tuple[str, ...]
    preview: tuple[str, ...]
    preview_length: tuple[str, ...]


KEYS = {
    1: Keys(
        1,
        {
            "title": ("songName",),
            "subtitle": ("songSubName",),
            "artist": ("authorName",),
            "cover": ("coverImagePath",),
        },
        (),
        ("beatsPerMinute",),
        (),
        ("previewStartTime",),
        ("previewDuration",),
    ),
    2: Keys(
        2,
        {
            "title": ("_songName",),
            "subtitle": ("_songSubName",),
            "artist": ("_songAuthorName",),
            "credit": ("_levelAuthorName",),
            "cover": ("_coverImageFilename",),
        },
        ("_songFilename",),
        ("_beatsPerMinute",),
        ("_songTimeOffset",),
        ("_previewStartTime",),
        ("_previewDuration",),
    ),
    4: Keys(
        4,
        {
            "title": ("song", "title"),
            "subtitle": ("song", "subTitle"),
            "artist": ("song", "author"),
            "cover": ("coverImageFilename",),
        },
        ("audio", "songFilename"),
        ("audio", "bpm"),
        (),
        ("audio", "previewStartTime"),
        ("audio", "previewDuration"),
    ),
}

SETS, MAPS = "_difficultyBeatmapSets", "_difficultyBeatmaps"
MAPS_4, MAPS_1 = "difficultyBeatmaps", "difficultyLevels"
AUTHORS = "beatmapAuthors"


@dataclass(frozen=True, slots=True)
class EntryKeys:
    """Keys of one difficulty in an Info of one version."""

    difficulty: str
    file: str
    njs: str
    jump_offset: str
    custom: str
    label: str
    information: str


ENTRY_KEYS = {
    1: EntryKeys("difficulty", "jsonPath", "", "", "", "difficultyLabel", ""),
    2: EntryKeys(
        "_difficulty",
        "_beatmapFilename",
        "_noteJumpMovementSpeed",
        "_noteJumpStartBeatOffset",
        "_customData",
        "_difficultyLabel",
        "_information",
    ),
    4: EntryKeys(
        "difficulty",
        "beatmapDataFilename",
        "noteJumpMovementSpeed",
        "noteJumpStartBeatOffset",
        "customData",
        "difficultyLabel",
        "information",
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One difficulty as the Info says it.

    Parameters
    ----------
    file, lightshow : str
        Names; the second in version 4 only.
    characteristic, difficulty, label : str
    settings : tuple of (str, float or str)
        Of a `Chart`.
    credit : str
        Its mappers, in version 4.
    value : dict
        The entry itself.
    """

    file: str
    lightshow: str
    characteristic: str
    difficulty: str
    label: str
    settings: tuple[tuple[str, float | str], ...]
    credit: str
    value: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Info:
    """An Info file as read.

    Parameters
    ----------
    name, encoding, kept : str
        The file, as `json_text.unpack` keeps it.
    file : JsonText
    keys : Keys
    entries : tuple of Entry
        In the file's order.
    """

    name: str
    encoding: str
    kept: str
    file: JsonText
    keys: Keys
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, name: str, kept: str, encoding: str) -> Info:
        """Read an Info file.

        Raises
        ------
        FormatError
            When it is no JSON object.
        """
        file = JsonText.of(text_of(kept, encoding, name), name)
        keys = KEYS[info_major(file.value)]
        return cls(name, encoding, kept, file, keys, tuple(_entries(file.value, keys.major)))

    def metadata(self) -> Metadata:
        """What the song is called; the opt-out is not looked for."""
        texts: dict[str, Any] = {k: word_at(self.file.value, p) for k, p in self.keys.texts.items()}
        if self.keys.major != 2:
            texts["credit"] = ", ".join(dict.fromkeys(e.credit for e in self.entries if e.credit))
        return Metadata(
            **texts,
            preview_s=figure_at(self.file.value, self.keys.preview),
            preview_length_s=figure_at(self.file.value, self.keys.preview_length),
        )

    def audio(self) -> str:
        """Name of the audio file."""
        if self.keys.audio:
            return word_at(self.file.value, self.keys.audio)
        levels = objects(self.file.value, MAPS_1)
        return next((word(level, "audioPath") for level in levels), "")

    def bpm(self) -> tuple[float, bool]:
        """The song's tempo, and whether the Info says one."""
        bpm = figure_at(self.file.value, self.keys.bpm)
        return (bpm, True) if bpm is not None and sound_bpm(bpm) else (DEFAULT_BPM, False)

    def offset_s(self) -> float:
        """When beat 0 plays."""
        offset_s = figure_at(self.file.value, self.keys.offset)
        return offset_s if offset_s is not None and abs(offset_s) < 1e6 else 0.0

    def audio_data_name(self) -> str:
        """Name of version 4's file of tempo regions."""
        return word_at(self.file.value, ("audio", "audioDataFilename"))


def info_major(value: Object) -> int:
    """Which of `KEYS` an Info is of."""
    if MAPS_4 in value or isinstance(value.get("song"), dict):
        return 4
    if MAPS_1 in value or ("songName" in value and "_songName" not in value):
        return 1
    return 4 if version_of(value)[0] >= 4 else 2


def is_info(value: Object) -> bool:
    """Whether a file is an Info, by what it holds."""
    return any(k in value for k in ("_songName", SETS, "songName", MAPS_1, MAPS_4)) or isinstance(
        value.get("song"), dict
    )


def word_at(value: Object, path: tuple[str, ...]) -> str:
    """A text at a path, or nothing."""
    for key in path[:-1]:
        value = inner(value, key)
    return word(value, path[-1]) if path else ""


def figure_at(value: Object, path: tuple[str, ...]) -> float | None:
    """A number at a path, or None."""
    for key in path[:-1]:
        value = inner(value, key)
    return figure(value, path[-1]) if path else None


def _entries(value: Object, major: int) -> Iterable[Entry]:
    if major == 2:
        for group in objects(value, SETS):
            characteristic = word(group, "_beatmapCharacteristicName")
            for found in objects(group, MAPS):
                yield _entry(found, characteristic or STANDARD, 2)
        return
    for found in objects(value, MAPS_4 if major == 4 else MAPS_1):
        yield _entry(found, word(found, "characteristic") or STANDARD, major)


def _entry(found: dict[str, Json], characteristic: str, major: int) -> Entry:
    keys = ENTRY_KEYS[major]
    said = word(found, keys.difficulty)
    settings: dict[str, float | str] = {"characteristic": characteristic}
    for name, key in (("njs", keys.njs), ("jump_offset", keys.jump_offset)):
        value = figure(found, key) if key else None
        if value is not None:
            settings[name] = value
    mappers = inner(found, AUTHORS).get("mappers")
    names = [m for m in mappers if isinstance(m, str) and m] if isinstance(mappers, list) else []
    return Entry(
        word(found, keys.file),
        word(found, "lightshowDataFilename") if major == 4 else "",
        characteristic,
        known_difficulty(said) or said,
        word(inner(found, keys.custom) if keys.custom else found, keys.label),
        tuple(sorted(settings.items())),
        ", ".join(names),
        found,
    )

"""Headers of levels: an ``Info.dat`` in any of its versions, without the difficulties it names.

Knows where the versions keep names and difficulties (facts: bsmg.wiki, mapping/map-format/info).
A file that is no plain JSON is left to the format's own reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chartstudio.core.song import Metadata
from chartstudio.formats import FORMATS
from chartstudio.formats.format import Files
from chartstudio.formats.text import decode
from chartstudio.library.header import ChartHeader, Header, marked
from chartstudio.library.places import LEVEL_INFO, LEVEL_SUFFIX

_FORMAT = next(f for f in FORMATS if LEVEL_SUFFIX in f.suffixes)
FAMILY = _FORMAT.family
MODE = (_FORMAT.modes or ("",))[0]

_DIFFICULTIES = ("Easy", "Normal", "Hard", "Expert", "ExpertPlus")
_SPELLINGS = {name.lower(): name for name in _DIFFICULTIES}

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Names:
    """Where one version says what; a path of keys each, parted by dots.

    Parameters
    ----------
    title, subtitle, artist, charter, audio, cover : str
        Of the song. The audio of version 1 stands at each difficulty.
    file, difficulty, label, needs, information : str
        Of a difficulty.
    """

    title: str
    subtitle: str
    artist: str
    charter: str
    audio: str
    cover: str
    file: str
    difficulty: str
    label: str
    needs: str
    information: str


_V1 = _Names(
    "songName", "songSubName", "authorName", "", "", "coverImagePath",
    "jsonPath", "difficulty", "difficultyLabel", "", "",
)  # fmt: skip
_V2 = _Names(
    "_songName", "_songSubName", "_songAuthorName", "_levelAuthorName", "_songFilename",
    "_coverImageFilename",
    "_beatmapFilename", "_difficulty", "_customData._difficultyLabel",
    "_customData._requirements", "_customData._information",
)  # fmt: skip
_V4 = _Names(
    "song.title", "song.subTitle", "song.author", "", "audio.songFilename",
    "coverImageFilename",
    "beatmapDataFilename", "difficulty", "customData.difficultyLabel",
    "customData.requirements", "customData.information",
)  # fmt: skip


def read(files: Files, names: list[str]) -> Header | None:
    """The header of a level; None where there is no Info, or none that is plain JSON.

    Raises
    ------
    FormatError
        When it is far too large for an Info.
    """
    lower = {name.lower(): name for name in reversed(names)}
    name = next((lower[n] for n in LEVEL_INFO if n in lower), None)
    if name is None:
        return None
    try:
        whole = json.loads(decode(files[name], name)[0].removeprefix("\ufeff").rstrip("\0 \r\n\t"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(whole, dict) or "contentChecksum" in whole:
        return None
    return _header(files, lower, whole)


def _header(files: Files, lower: dict[str, str], whole: Object) -> Header:
    keys = _version_of(whole)
    entries = list(_entries(whole, keys))
    charters = [c for e in entries if (c := _mappers(e))]
    metadata = Metadata(
        title=_text(whole, keys.title),
        subtitle=_text(whole, keys.subtitle),
        artist=_text(whole, keys.artist),
        credit=_text(whole, keys.charter) or ", ".join(dict.fromkeys(charters)),
        cover=_text(whole, keys.cover),
    )
    audio = _text(whole, keys.audio) or next(
        (t for e in entries if (t := _text(e, "audioPath"))), ""
    )
    there = [e for e in entries if _text(e, keys.file).lower() in lower]
    said = marked(metadata.credit)
    return Header(FAMILY, metadata, audio, tuple(_chart(e, keys, said) for e in there))


def _version_of(whole: Object) -> _Names:
    if isinstance(whole.get("song"), dict) or "difficultyBeatmaps" in whole:
        return _V4
    if "difficultyLevels" in whole or ("songName" in whole and "_songName" not in whole):
        return _V1
    return _V4 if str(whole.get("version", "")).startswith("4") else _V2


def _entries(whole: Object, keys: _Names) -> Iterator[Object]:
    if keys is not _V2:
        yield from _objects(whole, "difficultyBeatmaps" if keys is _V4 else "difficultyLevels")
        return
    for group in _objects(whole, "_difficultyBeatmapSets"):
        yield from _objects(group, "_difficultyBeatmaps")


def _chart(entry: Object, keys: _Names, is_ai: bool) -> ChartHeader:
    said = _text(entry, keys.difficulty)
    name = _SPELLINGS.get(re.sub(r"[\s_-]", "", said).replace("+", "plus").lower(), said)
    level = float(_DIFFICULTIES.index(name) + 1) if name in _DIFFICULTIES else None
    label = _text(entry, keys.label)
    told = _texts(entry, keys.information)
    return ChartHeader(
        MODE,
        name,
        level,
        label,
        _mappers(entry),
        is_ai or marked(label, *told),
        tuple(_texts(entry, keys.needs)),
    )


def _mappers(entry: Object) -> str:
    return ", ".join(_texts(entry, "beatmapAuthors.mappers"))


# Values of files that may hold anything ----------------------------------------------------


def _at(found: Any, path: str) -> Any:
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _text(found: Object, path: str) -> str:
    value = _at(found, path)
    return value if isinstance(value, str) else ""


def _texts(found: Object, path: str) -> list[str]:
    value = _at(found, path)
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _objects(found: Object, key: str) -> list[Object]:
    value = found.get(key)
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []

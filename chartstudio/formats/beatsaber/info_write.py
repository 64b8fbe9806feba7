"""Writing the Info file: into the one that there was, or a new one as the game's editor does.

Members that say the same as before keep their text. Between versions 2 and 4 everything that
has a place in the other is carried over; see `info_convert`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

from chartstudio.core.song import Chart, Metadata
from chartstudio.formats.beatsaber import info_convert, marks
from chartstudio.formats.beatsaber.info import (
    AUTHORS,
    ENTRY_KEYS,
    KEYS,
    MAPS,
    MAPS_4,
    RANKS,
    SETS,
    STANDARD,
    TURNING,
    Entry,
    EntryKeys,
    Info,
    known_difficulty,
)
from chartstudio.formats.beatsaber.json_text import (
    INDENTED,
    Json,
    bytes_of,
    fresh,
    pack,
)
from chartstudio.formats.beatsaber.kept import AI_OWNER
from chartstudio.formats.beatsaber.values import inner, objects, plain_number, word

NJS = {"Easy": 10, "Normal": 10, "Hard": 12, "Expert": 16, "ExpertPlus": 18}
"""Jump speeds that are written where a chart says none."""

_DEFAULT_NJS = 16

_PREVIEW = (12.0, 10.0)
"""Start and length in seconds of the preview where the song leaves it to the game, which
would play nothing."""

_SET_NAME = "_beatmapCharacteristicName"


@dataclass(frozen=True, slots=True)
class Row:
    """A difficulty as the Info is to say it.

    Parameters
    ----------
    file, lightshow : str
        The names it is written under.
    chart : Chart or None
        None for one that could not be read and stays.
    before : Entry or None
        As it was.
    index : int
        Its place among the entries that were; a large number for a new one.
    """

    file: str
    lightshow: str
    chart: Chart | None
    before: Entry | None
    index: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an Info is to say.

    Parameters
    ----------
    metadata : Metadata
    audio : str
    bpm, offset_s : float
    rows : sequence of Row
    duration_s : float
        Of the audio, for version 4; 0 where it stays as it was.
    opts_out : bool
        Whether the opt-out is to be added.
    """

    metadata: Metadata
    audio: str
    bpm: float
    offset_s: float
    rows: Sequence[Row]
    duration_s: float = 0.0
    opts_out: bool = False


def info_bytes(major: int, sheet: Sheet, old: Info | None) -> bytes:
    """The bytes of the Info.

    Parameters
    ----------
    major : int
        2 or 4.
    sheet : Sheet
    old : Info or None
        The one that there was, of any version.
    """
    same = old is not None and old.keys.major == major
    if old is None:
        base: dict[str, Json] = info_convert.template(major)
    elif same:
        base = old.file.value
    else:
        base = info_convert.converted(old, major)
    value = _filled(deepcopy(base), major, sheet, old)
    if old is None or not same:
        return fresh(value, INDENTED)
    changed = {k: v for k, v in value.items() if k not in base or base[k] != v}
    changed |= dict.fromkeys((k for k in base if k not in value), None)
    if not changed:
        return bytes_of(old.kept, old.encoding)
    return pack(old.file.edited({}, changed), old.encoding)


# Values ----------------------------------------------------------------------------------


def _filled(value: dict[str, Json], major: int, sheet: Sheet, old: Info | None) -> dict[str, Json]:
    keys, meta = KEYS[major], sheet.metadata
    before = old.metadata() if old else None
    for name, path in keys.texts.items():
        if before is None or getattr(meta, name) != getattr(before, name):
            set_at(value, path, getattr(meta, name))
    if old is None or sheet.audio != old.audio():
        if keys.major == 4 and word(value, "songPreviewFilename") in ("", old and old.audio()):
            value["songPreviewFilename"] = sheet.audio
        set_at(value, keys.audio, sheet.audio)
    start_s = _PREVIEW[0] if meta.preview_s is None else meta.preview_s
    length_s = _PREVIEW[1] if meta.preview_length_s is None else meta.preview_length_s
    if before is None or meta.preview_s != before.preview_s:
        set_at(value, keys.preview, plain_number(start_s))
    if before is None or meta.preview_length_s != before.preview_length_s:
        set_at(value, keys.preview_length, plain_number(length_s))
    if old is None or old.bpm()[0] != sheet.bpm:
        set_at(value, keys.bpm, plain_number(sheet.bpm))
    had_offset_s = old.offset_s() if old and old.keys.major == 2 else 0.0
    if keys.offset and (old is None or sheet.offset_s != had_offset_s):
        set_at(value, keys.offset, plain_number(sheet.offset_s))
    if keys.major == 4:
        _audio_data(value, sheet)
    _entries(value, major, sheet, old)
    return _marked(value, major, sheet)


def _audio_data(value: dict[str, Json], sheet: Sheet) -> None:
    if sheet.duration_s:
        set_at(value, ("audio", "songDuration"), plain_number(round(sheet.duration_s, 3)))
        if not word(inner(value, "audio"), "audioDataFilename"):
            set_at(value, ("audio", "audioDataFilename"), info_convert.AUDIO_DATA_NAME)


def set_at(value: dict[str, Json], path: tuple[str, ...], new: Json) -> None:
    """Set a member, with the objects above it made where they are missing."""
    if not path:
        return
    for key in path[:-1]:
        below = value.get(key)
        if not isinstance(below, dict):
            below = value[key] = {}
        value = below
    value[path[-1]] = new


def _marked(value: dict[str, Json], major: int, sheet: Sheet) -> dict[str, Json]:
    key = ENTRY_KEYS[major].custom
    custom = inner(value, key)
    if sheet.opts_out:
        custom = marks.with_opt_out(custom)
    if any(row.chart is not None and row.chart.extra.get(AI_OWNER) for row in sheet.rows):
        custom = marks.with_contributor(custom, major)
    if custom != inner(value, key):
        value[key] = custom
    return value


# Difficulties ----------------------------------------------------------------------------


def _entries(value: dict[str, Json], major: int, sheet: Sheet, old: Info | None) -> None:
    before = old.metadata() if old else None
    made = [(row, _entry(row, major, sheet.metadata, before)) for row in _in_order(sheet.rows)]
    if old is not None and old.keys.major == major:
        said = [(e.characteristic, e.value) for e in old.entries]
        if said == [(_characteristic(row), entry) for row, entry in made]:
            return
    if major == 4:
        value[MAPS_4] = [entry for _, entry in made]
        return
    groups: dict[str, dict[str, Json]] = {}
    for group in objects(value, SETS):
        groups.setdefault(word(group, _SET_NAME) or STANDARD, {**group, MAPS: []})
    had = {name for name in groups if not objects(_group(value, name), MAPS)}
    for row, entry in made:
        name = _characteristic(row)
        groups.setdefault(name, {_SET_NAME: name, MAPS: []})[MAPS].append(entry)
    value[SETS] = [g for name, g in groups.items() if g[MAPS] or name in had]


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """Rows at the places that they had, new ones last by rank; those of one name as they come."""
    places = sorted(rows, key=lambda r: (r.index, _rank(r)))
    waiting: dict[tuple[str, str], list[Row]] = {}
    for row in reversed(rows):
        waiting.setdefault(_name(row), []).append(row)
    return [waiting[_name(place)].pop() for place in places]


def _name(row: Row) -> tuple[str, str]:
    """Characteristic and difficulty; one that could not be read stays by itself."""
    return _characteristic(row), row.chart.name if row.chart else f"unread {row.index}"


def _group(value: Mapping[str, Json], name: str) -> dict[str, Json]:
    found = (g for g in objects(value, SETS) if (word(g, _SET_NAME) or STANDARD) == name)
    return next(found, {})


def _rank(row: Row) -> int:
    return RANKS.get(row.chart.name, 9) if row.chart else 0


def _characteristic(row: Row) -> str:
    if row.chart is None:
        return row.before.characteristic if row.before else STANDARD
    return str(row.chart.setting("characteristic", "") or STANDARD)


def _entry(row: Row, major: int, metadata: Metadata, before: Metadata | None) -> dict[str, Json]:
    """An entry as it was, with what the chart says differently."""
    keys, chart = ENTRY_KEYS[major], row.chart
    old = row.before
    entry: dict[str, Json] = dict(old.value) if old else {}
    if chart is None:
        return entry
    if old is None:
        entry = _new_entry(major, chart)
    if old is None or chart.name != old.difficulty:
        entry[keys.difficulty] = chart.name
        if major == 2:
            entry["_difficultyRank"] = RANKS.get(chart.name, 9)
    if word(entry, keys.file) != row.file:
        entry[keys.file] = row.file
    for name, key in (("njs", keys.njs), ("jump_offset", keys.jump_offset)):
        new = chart.setting(name)
        if isinstance(new, int | float) and (old is None or new != dict(old.settings).get(name)):
            entry[key] = plain_number(new)
    if chart.label != (old.label if old else ""):
        entry = _labelled(entry, keys, chart.label)
    if major == 4:
        entry = _of_version_4(entry, row, chart, metadata, before)
    if chart.extra.get(AI_OWNER):
        entry = marks.with_information(entry, keys.custom, keys.information)
    return entry


def _labelled(entry: dict[str, Json], keys: EntryKeys, label: str) -> dict[str, Json]:
    custom = {k: v for k, v in inner(entry, keys.custom).items() if k != keys.label}
    if label:
        custom[keys.label] = label
    return {**entry, keys.custom: custom}


def _of_version_4(
    entry: dict[str, Json], row: Row, chart: Chart, metadata: Metadata, before: Metadata | None
) -> dict[str, Json]:
    characteristic = _characteristic(row)
    if (word(entry, "characteristic") or STANDARD) != characteristic:
        entry["characteristic"] = characteristic
    if row.lightshow and word(entry, "lightshowDataFilename") != row.lightshow:
        entry["lightshowDataFilename"] = row.lightshow
    old_credit = row.before.credit if row.before else None
    credit = chart.credit
    if not credit:
        changed = before is None or metadata.credit != before.credit
        credit = metadata.credit if changed or old_credit is None else old_credit
    if credit != old_credit:
        names = [name.strip() for name in credit.split(",") if name.strip()]
        entry[AUTHORS] = {**inner(entry, AUTHORS), "mappers": names}
        entry[AUTHORS].setdefault("lighters", [])
    return entry


def _new_entry(major: int, chart: Chart) -> dict[str, Json]:
    name = chart.name
    turning = chart.setting("characteristic") in TURNING
    njs = NJS.get(known_difficulty(name) or "", _DEFAULT_NJS)
    if major == 2:
        return {
            "_difficulty": name,
            "_difficultyRank": RANKS.get(name, 9),
            "_beatmapFilename": "",
            "_noteJumpMovementSpeed": njs,
            "_noteJumpStartBeatOffset": 0,
            "_beatmapColorSchemeIdx": -1,
            "_environmentNameIdx": 0,
        }
    return {
        "characteristic": str(chart.setting("characteristic", STANDARD)),
        "difficulty": name,
        AUTHORS: {"mappers": [], "lighters": []},
        "environmentNameIdx": int(turning),
        "beatmapColorSchemeIdx": -1,
        "noteJumpMovementSpeed": njs,
        "noteJumpStartBeatOffset": 0,
        "beatmapDataFilename": "",
        "lightshowDataFilename": "",
    }

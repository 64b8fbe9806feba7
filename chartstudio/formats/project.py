"""ChartStudio's own file: the whole song as JSON, for people and version control to read.

One note a line, defaults left out, nothing executable. Reading gives back the very value
that was written. It stands beside the audio and names it relatively.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_args, get_origin, get_type_hints

from chartstudio.core.errors import FormatError
from chartstudio.core.note import LaneNote, Note
from chartstudio.core.song import Chart, Effect, Extra, Frozen, Metadata, Settings, Song
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats.format import Files, Format, Loss, Needs, sniff_suffix, top_level
from chartstudio.formats.text import MAX_CHART_BYTES, file_name
from chartstudio.modes import MODES

SUFFIX = ".chartstudio"
VERSION = 1

_MAX_TICK = 1 << 53
_MAX_METER = 1_000_000

_Json = Any
"""What ``json.loads`` gives."""


# Values to JSON --------------------------------------------------------------------------


def _defaults(cls: type) -> dict[str, Any]:
    return {f.name: f.default for f in fields(cls) if f.default is not MISSING}


_LANE = "lane"

_NOTE_TYPES: Mapping[str, type] = {_LANE: LaneNote} | {
    re.sub(r"(?<=.)(?=[A-Z])", "-", cls.__name__).lower(): cls
    for mode in MODES.values()
    for cls in mode.note_types
    if cls is not LaneNote
}
"""Types of note by the name they have in files. A type's first two fields are tick and end."""

_TYPE_NAMES = {cls: name for name, cls in _NOTE_TYPES.items()}

_NOTE_DEFAULTS = {name: _defaults(cls) for name, cls in _NOTE_TYPES.items()}


def write(song: Song) -> dict[str, bytes]:
    """The project file.

    Raises
    ------
    FormatError
        When the song holds a type of note that has no name in files.
    """
    whole: dict[str, _Json] = {"chartstudio": VERSION}
    whole |= _changed(song.metadata, "metadata")
    whole["audio"] = song.audio
    whole["timing"] = _anchors(song.timing)
    whole |= _named("effects", _effects(song.effects))
    whole["charts"] = [_chart(chart) for chart in song.charts]
    whole |= _named("extra", _extra(song.extra))
    whole |= _named("problems", list(song.problems))
    name = file_name(song.metadata.title, "song") + SUFFIX
    try:
        text = _layout(whole, "") + "\n"
    except ValueError as error:
        what = "the song holds a number that is none; undo the last change"
        raise FormatError(name, None, what) from error
    return {name: text.encode("utf-8", "surrogatepass")}


def _named(name: str, value: _Json) -> dict[str, _Json]:
    return {name: value} if value else {}


def _changed(value: Any, name: str) -> dict[str, _Json]:
    defaults = _defaults(type(value))
    items = {f.name: getattr(value, f.name) for f in fields(value)}
    return _named(name, {k: v for k, v in items.items() if v != defaults[k]})


def _chart(chart: Chart) -> dict[str, _Json]:
    found: dict[str, _Json] = {"mode": chart.mode, "name": chart.name, "level": chart.level}
    found |= _named("label", chart.label) | _named("credit", chart.credit)
    if chart.timing is not None:
        found["timing"] = _anchors(chart.timing)
    found |= _named("effects", _effects(chart.effects))
    found |= _named("settings", [list(item) for item in chart.settings])
    types = {type(n) for n in chart.notes}
    if not types <= _TYPE_NAMES.keys():
        what = f"the project file has no place for the notes of {chart.mode}"
        raise FormatError("", None, what)
    if types <= {LaneNote}:
        found |= {"type": _LANE, "notes": [_note(n) for n in chart.notes]}
    else:
        found["notes"] = [[_TYPE_NAMES[type(n)], *_note(n)] for n in chart.notes]
    return found | _named("extra", _extra(chart.extra))


def _note(note: Note) -> list[_Json]:
    """Tick, length, and the type's other fields up to the last that is no default."""
    kind = _TYPE_NAMES[type(note)]
    defaults = _NOTE_DEFAULTS[kind]
    names = [f.name for f in fields(_NOTE_TYPES[kind])][2:]
    values = [getattr(note, name) for name in names]
    while names and names[-1] in defaults and values[-1] == defaults[names[-1]]:
        names.pop()
        values.pop()
    return [note.tick, note.end - note.tick, *values]


def _anchors(timing: TimingMap) -> list[_Json]:
    return [
        [a.tick, a.seconds, a.bpm, a.meter, a.bar, *_named("cause", _cause(a)).values()]
        for a in timing.anchors
    ]


def _cause(anchor: Anchor) -> str:
    return "" if anchor.cause is Cause.TEMPO else str(anchor.cause.value)


def _effects(effects: Iterable[Effect]) -> list[_Json]:
    return [[e.tick, e.kind, *e.values] for e in effects]


def _extra(extra: Extra) -> list[_Json]:
    return [[owner, value] for owner, value in extra.items]


# Layout ----------------------------------------------------------------------------------


def _layout(value: _Json, indent: str) -> str:
    """JSON with objects and lists of lists over several lines, and all else on one."""
    deeper = indent + " "
    if isinstance(value, dict) and value:
        items = [f"{_flat(k)}: {_layout(v, deeper)}" for k, v in value.items()]
        return "{\n" + ",\n".join(deeper + i for i in items) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], list | dict):
        items = [_layout(v, deeper) if isinstance(v, dict) else _flat(v) for v in value]
        return "[\n" + ",\n".join(deeper + i for i in items) + f"\n{indent}]"
    return _flat(value)


def _flat(value: _Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "), allow_nan=False)


# JSON to values --------------------------------------------------------------------------


class _BadValue(Exception):
    """A value of the wrong sort; says where it is."""


def read(files: Files, chosen: str | None) -> Song:
    """The song of a project file.

    Raises
    ------
    FormatError
        When the file is no project, damaged, or from a newer program.
    """
    name = chosen or top_level(files, (SUFFIX,))[0]
    data = files[name]
    if len(data) > 4 * MAX_CHART_BYTES:
        raise FormatError(name, None, "is too large for a project; choose another file")
    try:
        whole = json.loads(data.decode("utf-8-sig", "surrogatepass"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        what = f"is damaged ({error.msg}); go back to an earlier copy"
        raise FormatError(name, error.lineno, what) from error
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise FormatError(name, None, "is no project file; choose another file") from error
    if not isinstance(whole, dict) or not isinstance(whole.get("chartstudio"), int):
        raise FormatError(name, None, "is no project file; choose another file")
    if whole["chartstudio"] > VERSION:
        raise FormatError(name, None, "was saved by a newer ChartStudio; update this one")
    try:
        return _song(whole)
    except RecursionError as error:
        raise FormatError(name, None, "is no project file; choose another file") from error
    except _BadValue as error:
        what = f"is damaged ({error}); go back to an earlier copy"
        raise FormatError(name, None, what) from error


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _song(whole: dict[str, _Json]) -> Song:
    return Song(
        _metadata(_object(whole, "metadata")),
        _text(whole, "audio"),
        _timing(whole.get("timing")),
        tuple(_read_chart(c, f"chart {i}") for i, c in enumerate(_list(whole, "charts"), 1)),
        _read_effects(whole, "the song"),
        _read_extra(whole, "the song"),
        tuple(p for p in _list(whole, "problems") if isinstance(p, str)),
    )


def _metadata(found: dict[str, _Json]) -> Metadata:
    values: dict[str, Any] = {}
    for name, default in _defaults(Metadata).items():
        if name not in found:
            continue
        value = found[name]
        allowed: Callable[[_Json], bool]
        if default is None:
            allowed = _is_number
        elif isinstance(default, bool):
            allowed = _is_bool
        else:
            allowed = _is_text
        if not allowed(value):
            raise _BadValue(f"metadata has a wrong {name}")
        values[name] = value
    return Metadata(**values)


def _read_chart(found: _Json, where: str) -> Chart:
    if not isinstance(found, dict):
        raise _BadValue(f"{where} is no object")
    level = found.get("level")
    if level is not None and not _is_number(level):
        raise _BadValue(f"{where} has a wrong level")
    kind = found.get("type")
    notes = tuple(_read_note(n, kind, where) for n in _list(found, "notes"))
    return Chart(
        _text(found, "mode"),
        _text(found, "name"),
        level,
        notes,
        _timing(found["timing"]) if "timing" in found else None,
        _read_effects(found, where),
        _text(found, "label"),
        _text(found, "credit"),
        _read_extra(found, where),
        _read_settings(found, where),
    )


def _read_settings(found: dict[str, _Json], where: str) -> Settings:
    items: list[tuple[str, float | str]] = []
    for item in _list(found, "settings"):
        fits = isinstance(item, list) and len(item) == 2 and _is_text(item[0])
        if not fits or not (_is_number(item[1]) or _is_text(item[1])):
            raise _BadValue(f"{where} has a wrong setting")
        items.append((item[0], item[1]))
    return tuple(items)


def _read_note(found: _Json, kind: _Json, where: str) -> Note:
    """A note; its type is the chart's, or where that says none the first word of the note."""
    if not isinstance(found, list):
        raise _BadValue(f"{where} has a note of the wrong shape")
    if kind is None:
        kind, *found = found or [None]
    if not _is_text(kind) or kind not in _NOTE_TYPES:
        raise _BadValue(f"{where} has notes of an unknown type")
    hints = _NOTE_HINTS[kind]
    if not 2 <= len(found) <= len(hints):
        raise _BadValue(f"{where} has a note of the wrong shape")
    if not all(_fits(value, hint) for value, hint in zip(found, hints, strict=False)):
        raise _BadValue(f"{where} has a wrong value in a note")
    tick, length, *values = found
    try:
        note: Note = _NOTE_TYPES[kind](tick, tick + length, *map(_frozen, values))
    except TypeError as error:
        raise _BadValue(f"{where} has a note that lacks something") from error
    return note


def _timing(found: _Json) -> TimingMap:
    if not isinstance(found, list):
        raise _BadValue("a timing map is missing")
    try:
        return TimingMap(tuple(_anchor(a) for a in found))
    except ValueError as error:
        raise _BadValue(str(error)) from error


def _anchor(found: _Json) -> Anchor:
    checks = (_is_tick, _is_number, _is_number, _is_meter, _is_bool, _is_cause)
    if not isinstance(found, list) or not 5 <= len(found) <= 6:
        raise _BadValue("an anchor has the wrong shape")
    if not all(check(value) for check, value in zip(checks, found, strict=False)):
        raise _BadValue("an anchor has a wrong value")
    cause = Cause(found[5]) if len(found) > 5 else Cause.TEMPO
    tick, seconds, bpm, meter, bar = found[:5]
    return Anchor(tick, float(seconds), float(bpm), meter, bar, cause)


def _read_effects(found: dict[str, _Json], where: str) -> tuple[Effect, ...]:
    effects = []
    for item in _list(found, "effects"):
        if not isinstance(item, list) or len(item) < 2:
            raise _BadValue(f"{where} has an effect of the wrong shape")
        tick, kind, *values = item
        plain = all(_is_number(v) or _is_text(v) or _is_bool(v) for v in values)
        if not (_is_tick(tick) and _is_text(kind) and plain):
            raise _BadValue(f"{where} has a wrong value in an effect")
        effects.append(Effect(tick, kind, tuple(values)))
    return tuple(effects)


def _read_extra(found: dict[str, _Json], where: str) -> Extra:
    items = []
    for item in _list(found, "extra"):
        if not isinstance(item, list) or len(item) != 2 or not _is_text(item[0]):
            raise _BadValue(f"{where} has an extra of the wrong shape")
        items.append((item[0], _frozen(item[1])))
    return Extra(tuple(items))


def _frozen(value: _Json) -> Frozen:
    if isinstance(value, list):
        return tuple(_frozen(v) for v in value)
    if isinstance(value, dict):
        raise _BadValue("an extra holds an object")
    plain: Frozen = value
    return plain


def _object(found: dict[str, _Json], name: str) -> dict[str, _Json]:
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise _BadValue(f"{name} is no object")
    return value


def _list(found: dict[str, _Json], name: str) -> list[_Json]:
    value = found.get(name, [])
    if not isinstance(value, list):
        raise _BadValue(f"{name} is no list")
    return value


def _text(found: dict[str, _Json], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise _BadValue(f"{name} is no text")
    return value


def _is_text(value: _Json) -> bool:
    return isinstance(value, str)


def _is_bool(value: _Json) -> bool:
    return isinstance(value, bool)


def _is_tick(value: _Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_TICK


def _is_number(value: _Json) -> bool:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    return fits and abs(value) < 1e300


def _is_cause(value: _Json) -> bool:
    return isinstance(value, str) and value in {c.value for c in Cause}


def _is_meter(value: _Json) -> bool:
    return _is_tick(value) and 1 <= value <= _MAX_METER


_CHECKS: Mapping[type, Callable[[_Json], bool]] = {
    int: _is_tick,
    str: _is_text,
    float: _is_number,
    bool: _is_bool,
}


def _fits(value: _Json, hint: Any) -> bool:
    """Whether a value is of a note field's type: a plain one, or a tuple of such."""
    if get_origin(hint) is not tuple:
        return _CHECKS[hint](value)
    if not isinstance(value, list):
        return False
    *kinds, last = get_args(hint)
    if last is Ellipsis:
        return all(_fits(v, kinds[0]) for v in value)
    kinds.append(last)
    return len(value) == len(kinds) and all(map(_fits, value, kinds))


_NOTE_HINTS: Mapping[str, list[Any]] = {
    name: [get_type_hints(cls)[f.name] for f in fields(cls)] for name, cls in _NOTE_TYPES.items()
}


def losses(song: Song) -> tuple[Loss, ...]:
    """Nothing: the project file holds the whole song."""
    return ()


PROJECT_FORMAT = Format(
    "project",
    "ChartStudio project",
    "project",
    (SUFFIX,),
    None,
    sniff_suffix((SUFFIX,)),
    read,
    write,
    losses,
    Needs(audio=()),
)

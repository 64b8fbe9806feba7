"""Hit objects of osu!, taiko and mania: a line of [HitObjects] as a note and its times.

Rules are those of osu!'s ``ConvertHitObjectParser`` and of its modes' converters. This module
knows lines and milliseconds, not files and not ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chartstudio.core.note import LaneNote
from chartstudio.formats.osu_lines import to_float, to_int
from chartstudio.formats.osu_paths import (
    MAX_COORDINATE,
    path_text,
    played_px,
    read_coordinate,
    read_path,
)
from chartstudio.formats.osu_sounds import (
    NO_SAMPLE,
    Sound,
    read_sample,
    read_sets,
    taiko_kind,
    with_kind,
    without_kind,
)
from chartstudio.formats.osu_speeds import Speeds
from chartstudio.formats.text import plain, shortest
from chartstudio.modes.osu.notes import Circle, OsuNote, Slider, Spinner

MAX_KEYS = 18

TAIKO_HITS = ("don", "kat", "big-don", "big-kat")
DRUMROLL, DENDEN = "drumroll", "denden"

_CIRCLE, _SLIDER, _NEW_COMBO, _SPINNER, _HOLD = 1, 2, 4, 8, 128
_SKIP_SHIFT, _MAX_SKIP = 4, 7
_WIDTH, _CENTRE = 512, "256,192"
_MAX_SPANS = 9000

MAX_MS = 2_147_483_647
"""The latest time that osu! reads."""

FileNote = LaneNote | OsuNote


@dataclass(frozen=True, slots=True)
class HitObject:
    """One line of [HitObjects] that is a note.

    Parameters
    ----------
    start_ms, end_ms : float
    note : LaneNote, Circle, Slider or Spinner
        With its ticks 0.
    by_length : bool
        Whether the end follows from a slider's length instead of being said.
    """

    start_ms: float
    end_ms: float
    note: FileNote
    by_length: bool = field(default=False, compare=False)


class SpinnerError(ValueError):
    """A spinner, which osu!mania has no lane for."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What lines of one chart are read and written with.

    Parameters
    ----------
    mode : str
        ``osu``, ``taiko`` or ``mania``.
    n_keys : int
        Lanes of a mania chart.
    offset_ms : int
        Added to every time.
    whole : bool
        Whether coordinates are whole numbers, as before osu! (lazer).
    speeds : Speeds
    """

    mode: str
    n_keys: int
    offset_ms: int
    whole: bool
    speeds: Speeds

    def read(self, line: str) -> HitObject:
        """One line.

        Raises
        ------
        SpinnerError
        ValueError
            When osu! would skip it.
        """
        fields = line.split(",")
        if len(fields) < 5:
            raise ValueError("a hit object needs five fields")
        x, y = (read_coordinate(text, self.whole) for text in fields[:2])
        start_ms = to_float(fields[2]) + self.offset_ms
        kind, bits = to_int(fields[3]), to_int(fields[4])
        said = _Said(fields, x, y, start_ms, kind, bits)
        for flag, reader in _READERS[self.mode].items():
            if kind & flag:
                return reader(self, said)
        raise ValueError(f"{kind} is no type of hit object")

    def text(self, found: HitObject) -> str:
        """The line of an object."""
        note = found.note
        start = round(found.start_ms) - self.offset_ms
        if isinstance(note, LaneNote):
            return _WRITERS[self.mode](self, found, note, start)
        return _osu_text(self, found, note, start)

    def end_text(self, found: HitObject) -> str:
        """The end of an object that says it."""
        return str(min(round(found.end_ms), MAX_MS) - self.offset_ms)

    def end_ms(self, text: str, start_ms: float) -> float:
        """An end that a line says, never before its start."""
        return max(start_ms, to_float(text) + self.offset_ms)


@dataclass(frozen=True, slots=True)
class _Said:
    """What every line says, and its fields."""

    fields: Sequence[str]
    x: float
    y: float
    start_ms: float
    kind: int
    bits: int

    def field(self, index: int) -> str:
        return self.fields[index] if len(self.fields) > index else ""

    @property
    def combo(self) -> tuple[bool, int]:
        return bool(self.kind & _NEW_COMBO), self.kind >> _SKIP_SHIFT & _MAX_SKIP


@dataclass(frozen=True, slots=True)
class _Path:
    """A slider's own fields; the length is 0 where the line says none."""

    curve: str
    points: tuple[tuple[str, float, float], ...]
    n_spans: int
    said_px: float
    sound: Sound

    def length_px(self, said: _Said) -> float:
        return played_px(self.curve, said.x, said.y, self.points, self.said_px)


def _path(lines: Lines, said: _Said) -> _Path:
    if len(said.fields) < 7:
        raise ValueError("a slider needs a path and its slides")
    n_spans = max(1, to_int(said.fields[6]))
    if n_spans > _MAX_SPANS:
        raise ValueError("too many slides")
    length = said.field(7)
    said_px = max(to_float(length, MAX_COORDINATE), 0.0) if length else 0.0
    curve, points = read_path(said.fields[5], lines.whole)
    sample, sets = read_sample(said.field(10)), read_sets(said.field(9))
    sound = Sound(said.bits, sample, said.field(8).strip(), sets)
    return _Path(curve, points, n_spans, said_px, sound)


def _sound(said: _Said, index: int) -> Sound:
    return Sound(said.bits, read_sample(said.field(index)))


def _held(said: _Said, lines: Lines) -> tuple[float, Sound]:
    """End and sound of a hold, which are one field."""
    end, _, sample = said.field(5).partition(":")
    end_ms = lines.end_ms(end, said.start_ms) if end.strip() else said.start_ms
    return end_ms, Sound(said.bits, read_sample(sample))


def _spun(said: _Said, lines: Lines) -> tuple[float, Sound]:
    """End and sound of a spinner."""
    if len(said.fields) < 6:
        raise ValueError("a spinner needs an end")
    return lines.end_ms(said.fields[5], said.start_ms), _sound(said, 6)


# osu!standard ----------------------------------------------------------------------------


def _osu_circle(lines: Lines, said: _Said) -> HitObject:
    note = Circle(0, 0, said.x, said.y, *said.combo, _sound(said, 5).text)
    return HitObject(said.start_ms, said.start_ms, note)


def _osu_slider(lines: Lines, said: _Said) -> HitObject:
    path = _path(lines, said)
    length_px = path.length_px(said)
    note = Slider(
        0, 0, said.x, said.y, path.curve, path.points, path.said_px or length_px,
        path.n_spans, *said.combo, path.sound.text,
    )  # fmt: skip
    duration_ms = lines.speeds.osu_ms(said.start_ms, length_px, path.n_spans)
    return HitObject(said.start_ms, said.start_ms + duration_ms, note, by_length=True)


def _osu_spinner(lines: Lines, said: _Said) -> HitObject:
    end_ms, sound = _spun(said, lines)
    return HitObject(said.start_ms, end_ms, Spinner(0, 0, *said.combo, sound.text))


def _osu_hold(lines: Lines, said: _Said) -> HitObject:
    """What only mania has; osu!standard plays it as a spinner."""
    end_ms, sound = _held(said, lines)
    return HitObject(said.start_ms, end_ms, Spinner(0, 0, *said.combo, sound.text))


def _osu_text(lines: Lines, found: HitObject, note: OsuNote, start: int) -> str:
    sound = Sound.of(note.sound)
    combo = _NEW_COMBO * note.new_combo | note.combo_skip << _SKIP_SHIFT
    if isinstance(note, Spinner):
        end = lines.end_text(found)
        sample = sound.sample or NO_SAMPLE
        return f"{_CENTRE},{start},{_SPINNER | combo},{sound.bits},{end},{sample}"
    head = f"{plain(note.x)},{plain(note.y)},{start}"
    if isinstance(note, Circle):
        return f"{head},{_CIRCLE | combo},{sound.bits},{sound.sample or NO_SAMPLE}"
    path = path_text(note.curve, note.points)
    body = f"{head},{_SLIDER | combo},{sound.bits},{path},{note.n_spans},{plain(note.length_px)}"
    if not (sound.edges or sound.sets or sound.sample):
        return body
    return f"{body},{sound.edges},{sound.sets},{sound.sample or NO_SAMPLE}"


# Taiko -----------------------------------------------------------------------------------


def _taiko_hit(lines: Lines, said: _Said) -> HitObject:
    sound = Sound(without_kind(said.bits), read_sample(said.field(5)))
    note = LaneNote(0, 0, 0, taiko_kind(said.bits), sound.text)
    return HitObject(said.start_ms, said.start_ms, note)


def _taiko_drumroll(lines: Lines, said: _Said) -> HitObject:
    """A slider; one that says no length has none, whatever its path."""
    path = _path(lines, said)
    duration_ms = lines.speeds.taiko_ms(said.start_ms, path.said_px, path.n_spans)
    note = LaneNote(0, 0, 0, DRUMROLL, path.sound.text)
    return HitObject(said.start_ms, said.start_ms + duration_ms, note, by_length=True)


def _taiko_denden(lines: Lines, said: _Said) -> HitObject:
    end_ms, sound = _spun(said, lines)
    return HitObject(said.start_ms, end_ms, LaneNote(0, 0, 0, DENDEN, sound.text))


def _taiko_hold(lines: Lines, said: _Said) -> HitObject:
    """What only mania has; taiko plays it as a denden."""
    end_ms, sound = _held(said, lines)
    return HitObject(said.start_ms, end_ms, LaneNote(0, 0, 0, DENDEN, sound.text))


def _taiko_text(lines: Lines, found: HitObject, note: LaneNote, start: int) -> str:
    sound = Sound.of(note.sound)
    sample = sound.sample or NO_SAMPLE
    head = f"{_CENTRE},{start}"
    if note.kind == DENDEN:
        end = lines.end_text(found)
        return f"{head},{_SPINNER},{sound.bits},{end},{sample}"
    if note.kind != DRUMROLL:
        return f"{head},{_CIRCLE},{with_kind(sound.bits, note.kind)},{sample}"
    n_spans, length = _drumroll_length(lines.speeds, found)
    body = f"{head},{_SLIDER},{sound.bits},L|{256 + _shown_px(length)}:192,{n_spans},{length}"
    if not (sound.edges or sound.sets or sound.sample):
        return body
    return f"{body},{sound.edges},{sound.sets},{sample}"


def _drumroll_length(speeds: Speeds, found: HitObject) -> tuple[int, str]:
    """Spans and length of one that end a drumroll at its whole millisecond."""
    start_ms, duration_ms = round(found.start_ms), round(found.end_ms) - round(found.start_ms)
    if duration_ms <= 0:
        return 1, "0"
    # The game cuts fractions off, so half a millisecond more is on the safe side.
    length_px = speeds.taiko_length_px(start_ms, duration_ms + 0.5)
    n_spans = min(max(1, -int(-length_px // (MAX_COORDINATE - 1))), _MAX_SPANS)

    def is_right(length: float) -> bool:
        return length > 0 and speeds.taiko_ms(start_ms, length, n_spans) == duration_ms

    exact_px = speeds.taiko_length_px(start_ms, found.end_ms - found.start_ms) / n_spans
    near = shortest(exact_px, is_right)
    text = near if is_right(float(near)) else shortest(length_px / n_spans, is_right)
    return n_spans, plain(min(float(text), MAX_COORDINATE))


def _shown_px(length: str) -> int:
    """How far the path of a drumroll reaches, which only editors show."""
    return max(1, min(round(float(length)), _WIDTH // 2))


# Mania -----------------------------------------------------------------------------------


def _lane(lines: Lines, x: float) -> int:
    return min(max(int(x) * lines.n_keys // _WIDTH, 0), lines.n_keys - 1)


def _mania_tap(lines: Lines, said: _Said) -> HitObject:
    note = LaneNote(0, 0, _lane(lines, said.x), "tap", _sound(said, 5).text)
    return HitObject(said.start_ms, said.start_ms, note)


def _mania_slider(lines: Lines, said: _Said) -> HitObject:
    """A slider, which mania plays as a hold."""
    path = _path(lines, said)
    duration_ms = lines.speeds.mania_ms(said.start_ms, path.length_px(said), path.n_spans)
    sound = Sound(said.bits, path.sound.sample)
    note = LaneNote(0, 0, _lane(lines, said.x), "hold", sound.text)
    return HitObject(said.start_ms, said.start_ms + duration_ms, note, by_length=True)


def _mania_spinner(lines: Lines, said: _Said) -> HitObject:
    raise SpinnerError("osu!mania has no lane for a spinner")


def _mania_hold(lines: Lines, said: _Said) -> HitObject:
    end_ms, sound = _held(said, lines)
    note = LaneNote(0, 0, _lane(lines, said.x), "hold", sound.text)
    return HitObject(said.start_ms, end_ms, note)


def _mania_text(lines: Lines, found: HitObject, note: LaneNote, start: int) -> str:
    sound = Sound.of(note.sound)
    sample = sound.sample or NO_SAMPLE
    head = f"{int((note.lane + 0.5) * _WIDTH / lines.n_keys)},192,{start}"
    if note.kind == "hold":
        end = lines.end_text(found)
        return f"{head},{_HOLD},{sound.bits},{end}:{sample}"
    return f"{head},{_CIRCLE},{sound.bits},{sample}"


_Reader = Callable[[Lines, _Said], HitObject]

_READERS: Mapping[str, Mapping[int, _Reader]] = {
    "osu": {
        _CIRCLE: _osu_circle,
        _SLIDER: _osu_slider,
        _SPINNER: _osu_spinner,
        _HOLD: _osu_hold,
    },
    "taiko": {
        _CIRCLE: _taiko_hit,
        _SLIDER: _taiko_drumroll,
        _SPINNER: _taiko_denden,
        _HOLD: _taiko_hold,
    },
    "mania": {
        _CIRCLE: _mania_tap,
        _SLIDER: _mania_slider,
        _SPINNER: _mania_spinner,
        _HOLD: _mania_hold,
    },
}
"""By type bit, in the order in which the game looks at them."""

_WRITERS: Mapping[str, Callable[[Lines, HitObject, LaneNote, int], str]] = {
    "taiko": _taiko_text,
    "mania": _mania_text,
}


def places_of(note: FileNote) -> Iterable[tuple[float, float]]:
    """Where a note lies on the playfield: its head and, of a slider, all points."""
    if isinstance(note, Circle | Slider):
        yield note.x, note.y
    if isinstance(note, Slider):
        yield from ((x, y) for _, x, y in note.points)


def merge(
    kept: Iterable[tuple[int, int, HitObject | None]], new: Iterable[tuple[int, HitObject]]
) -> list[int | HitObject]:
    """New objects put among the lines that stay, in order of time and then of the chart.

    Parameters
    ----------
    kept : iterable of (row number, place in the chart, HitObject or None)
        None for a line that is no note; it stays behind the line before it.
    new : iterable of (place in the chart, HitObject)
    """
    waiting = sorted(new, key=lambda item: (item[1].start_ms, item[0]), reverse=True)
    merged: list[int | HitObject] = []
    for row, place, there in kept:
        while there is not None and waiting and _is_before(waiting[-1], place, there):
            merged.append(waiting.pop()[1])
        merged.append(row)
    return merged + [found for _, found in reversed(waiting)]


def _is_before(new: tuple[int, HitObject], place: int, there: HitObject) -> bool:
    new_place, found = new
    if (found.start_ms, found.end_ms) == (there.start_ms, there.end_ms):
        return new_place < place
    return found.start_ms < there.start_ms

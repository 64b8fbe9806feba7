"""Hit objects of osu!mania charts as lane notes, and back.

Rules are those of osu!'s ``ConvertHitObjectParser``. This module knows lines, not files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chartstudio.core.note import LaneNote, ends_of, sort_notes, ticks_of
from chartstudio.core.ticks import SNAPS, Ticks, snap_to
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.formats.osu_lines import to_float, to_int
from chartstudio.formats.osu_timing import Controls

MAX_KEYS = 18

_CIRCLE, _SLIDER, _SPINNER, _HOLD = 1, 2, 8, 128
_WIDTH = 512
_MAX_COORDINATE = 131_072.0
_MAX_SLIDES = 9000
_SV_RANGE = (0.01, 10.0)
_SOUND = "osu:"
_NO_SAMPLE = "0:0:0:0:"


@dataclass(frozen=True, slots=True)
class HitObject:
    """One line of [HitObjects] that is a note.

    Parameters
    ----------
    start_ms, end_ms : float
    lane : int
    kind : str
        ``tap`` or ``hold``.
    sound : str
        As in `LaneNote`.
    """

    start_ms: float
    end_ms: float
    lane: int
    kind: str
    sound: str

    def text(self, n_keys: int, offset_ms: int) -> str:
        """The line."""
        x = int((self.lane + 0.5) * _WIDTH / n_keys)
        start, end = round(self.start_ms) - offset_ms, round(self.end_ms) - offset_ms
        hit_sound, _, sample = self.sound.removeprefix(_SOUND).partition(",")
        sample = sample or _NO_SAMPLE
        head = f"{x},192,{start}"
        if self.kind == "hold":
            return f"{head},{_HOLD},{hit_sound or 0},{end}:{sample}"
        return f"{head},{_CIRCLE},{hit_sound or 0},{sample}"


class SpinnerError(ValueError):
    """A spinner, which osu!mania has no lane for."""


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """What lines of one chart are read with.

    Parameters
    ----------
    n_keys : int
    offset_ms : int
        Added to every time.
    slider_multiplier : float
    controls : Controls
    """

    n_keys: int
    offset_ms: int
    slider_multiplier: float
    controls: Controls

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
        x = int(to_float(fields[0], _MAX_COORDINATE))
        to_float(fields[1], _MAX_COORDINATE)
        start_ms = to_float(fields[2]) + self.offset_ms
        kind = to_int(fields[3])
        hit_sound = to_int(fields[4])
        lane = min(max(x * self.n_keys // _WIDTH, 0), self.n_keys - 1)
        if kind & _CIRCLE:
            sample = fields[5] if len(fields) > 5 else ""
            return HitObject(start_ms, start_ms, lane, "tap", _sound(hit_sound, sample))
        if kind & _SLIDER:
            sample = fields[10] if len(fields) > 10 else ""
            end_ms = start_ms + self._slider_ms(fields, start_ms)
            return HitObject(start_ms, end_ms, lane, "hold", _sound(hit_sound, sample))
        if kind & _SPINNER:
            raise SpinnerError("osu!mania has no lane for a spinner")
        if kind & _HOLD:
            end, _, sample = (fields[5] if len(fields) > 5 else "").partition(":")
            end_ms = to_float(end) + self.offset_ms if end.strip() else start_ms
            sound = _sound(hit_sound, sample)
            return HitObject(start_ms, max(start_ms, end_ms), lane, "hold", sound)
        raise ValueError(f"{kind} is no type of hit object")

    def _slider_ms(self, fields: Sequence[str], start_ms: float) -> float:
        """Duration of a slider, which osu!mania plays as a hold."""
        if len(fields) < 7:
            raise ValueError("a slider needs a path and its slides")
        n_slides = max(1, to_int(fields[6]))
        if n_slides > _MAX_SLIDES:
            raise ValueError("too many slides")
        length = to_float(fields[7], _MAX_COORDINATE) if len(fields) > 7 and fields[7] else 0.0
        if length <= 0:
            length = _path_length(fields)
        low, high = _SV_RANGE
        sv = min(max(self.controls.sv_at(start_ms), low), high)
        pixels_a_beat = 100 * self.slider_multiplier * sv
        return n_slides * length / pixels_a_beat * self.controls.beat_ms_at(start_ms)


def _path_length(fields: Sequence[str]) -> float:
    """Length of a slider's path along its control points.

    Sliders without a length of their own are rare in mania; curves are taken as straight.
    """
    points = [(to_float(fields[0]), to_float(fields[1]))]
    for item in fields[5].split("|")[1:]:
        x, colon, y = item.partition(":")
        if colon:
            points.append((to_float(x, _MAX_COORDINATE), to_float(y, _MAX_COORDINATE)))
    return sum(math.dist(a, b) for a, b in pairwise(points))


def _sound(hit_sound: int, sample: str) -> str:
    sample = sample.strip()
    if sample.strip(":0") == "":
        sample = ""
    return f"{_SOUND}{hit_sound},{sample}" if hit_sound or sample else ""


def to_notes(objects: Sequence[HitObject], timing: TimingMap) -> tuple[LaneNote, ...]:
    """Notes by ticks; whole milliseconds come back exactly."""
    return sort_notes(_on_ticks(objects, timing))


def whole_ms(objects: Sequence[HitObject], timing: TimingMap) -> list[HitObject]:
    """The same objects, one by one, as they come back from being notes."""
    return to_objects(_on_ticks(objects, timing), timing)


def _on_ticks(objects: Sequence[HitObject], timing: TimingMap) -> list[LaneNote]:
    ticks = _ticks(np.array([o.start_ms for o in objects], dtype=np.float64), timing).tolist()
    end_ticks = _ticks(np.array([o.end_ms for o in objects], dtype=np.float64), timing).tolist()
    return [
        LaneNote(tick, max(tick, end), o.lane, o.kind, o.sound)
        for o, tick, end in zip(objects, ticks, end_ticks, strict=True)
    ]


def _ticks(times_ms: Seconds, timing: TimingMap) -> Ticks:
    """The tick of each time: of those that are written as the same millisecond, the one on the
    coarsest snap, else the nearest.

    The file's rounding alone would leave most notes beside the grid that they were set on.
    """
    ticks = nearest = timing.tick_at(times_ms / 1000)
    origin = timing.grid_origin(nearest)
    whole = times_ms == np.rint(times_ms)
    for snap in reversed(SNAPS):
        on_grid = snap_to(nearest - origin, snap) + origin
        same = whole & (np.rint(timing.seconds_at(on_grid) * 1000) == times_ms)
        ticks = np.where(same, on_grid, ticks)
    return ticks


def to_objects(notes: Sequence[LaneNote], timing: TimingMap) -> list[HitObject]:
    """Notes as hit objects in whole milliseconds. Kinds that mania lacks are left out."""
    notes = [n for n in notes if n.kind in ("tap", "hold")]
    starts = np.rint(timing.seconds_at(ticks_of(notes)) * 1000).tolist()
    ends = np.rint(timing.seconds_at(ends_of(notes)) * 1000).tolist()
    return [
        HitObject(start, end if n.kind == "hold" else start, n.lane, n.kind, _own_sound(n.sound))
        for n, start, end in zip(notes, starts, ends, strict=True)
    ]


def _own_sound(sound: str) -> str:
    return " ".join(sound.split()) if sound.startswith(_SOUND) else ""


def merge(
    kept: Iterable[tuple[int, HitObject | None]], new: Iterable[HitObject]
) -> list[int | HitObject]:
    """New objects put among the lines that stay, in order of time.

    Parameters
    ----------
    kept : iterable of (row number, HitObject or None)
        None for a line that is no note; it stays behind the line before it.
    new : iterable of HitObject
    """
    waiting = sorted(new, key=lambda o: o.start_ms, reverse=True)
    merged: list[int | HitObject] = []
    for row, there in kept:
        while there is not None and waiting and waiting[-1].start_ms < there.start_ms:
            merged.append(waiting.pop())
        merged.append(row)
    return merged + waiting[::-1]

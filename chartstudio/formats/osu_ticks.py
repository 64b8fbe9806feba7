"""Milliseconds of hit objects to ticks and back.

Files hold starts in whole milliseconds, so most notes would lie beside the grid that they were
set on if each were put on the nearest tick: of the ticks that mean the same millisecond, the
one on the coarsest snap is taken. Ends that follow from a slider's length are no whole
milliseconds, but carry the rounding of the start. This module knows no line and no file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.note import LaneNote, Note, ends_of, ticks_of
from chartstudio.core.ticks import SNAPS, Ticks, snap_to
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.formats.osu_objects import (
    DENDEN,
    DRUMROLL,
    TAIKO_HITS,
    FileNote,
    HitObject,
)
from chartstudio.formats.osu_sounds import Sound
from chartstudio.modes.osu.notes import Circle, Slider, Spinner

END_SLACK_MS: Mapping[str, float] = {"osu": 0.5, "mania": 0.5, "taiko": 1.0}
"""How far a slider's end may lie from a grid line that it is taken to mean. Taiko cuts the
fraction off as well."""

_KINDS = {"taiko": (*TAIKO_HITS, DRUMROLL, DENDEN), "mania": ("tap", "hold")}
_SAID_ENDS = ("hold", DENDEN)
_MAX_SKIP = 7

_SAME_MS = 1e-5
"""No tick of any tempo is so short."""

_OSU_NOTES = (Circle, Slider, Spinner)

_Means = Callable[[Ticks], NDArray[np.bool_]]


# Reading ---------------------------------------------------------------------------------


def to_notes(objects: Sequence[HitObject], timing: TimingMap, mode: str) -> list[FileNote]:
    """Notes by ticks, in the order of the objects; whole milliseconds come back exactly."""
    start_ms = np.array([o.start_ms for o in objects], dtype=np.float64)
    end_ms = np.array([o.end_ms for o in objects], dtype=np.float64)
    by_length = np.array([o.by_length for o in objects], dtype=bool)
    ticks = said_ticks(start_ms, timing)
    ends = np.where(
        by_length, played_ticks(end_ms, timing, END_SLACK_MS[mode]), said_ticks(end_ms, timing)
    )
    ends = np.maximum(ticks, ends)
    return [
        replace(o.note, tick=tick, end=end)
        for o, tick, end in zip(objects, ticks.tolist(), ends.tolist(), strict=True)
    ]


def said_ticks(times_ms: Seconds, timing: TimingMap) -> Ticks:
    """Ticks of times as a file says them."""
    whole = times_ms == np.rint(times_ms)

    def means(ticks: Ticks) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = whole & (np.rint(timing.seconds_at(ticks) * 1000) == times_ms)
        return same

    return _coarsest(times_ms, timing, means)


def played_ticks(times_ms: Seconds, timing: TimingMap, slack_ms: float) -> Ticks:
    """Ticks of times that the game works out, as near to them as the slack allows."""

    def means(ticks: Ticks) -> NDArray[np.bool_]:
        near: NDArray[np.bool_] = np.abs(timing.seconds_at(ticks) * 1000 - times_ms) <= slack_ms
        return near

    return _coarsest(times_ms, timing, means)


def _coarsest(times_ms: Seconds, timing: TimingMap, means: _Means) -> Ticks:
    """The tick on the coarsest snap that can be meant, bar anchors first; else the nearest."""
    ticks = nearest = timing.tick_at(times_ms / 1000)
    origin = timing.grid_origin(nearest)
    for snap in reversed(SNAPS):
        on_grid = snap_to(nearest - origin, snap) + origin
        ticks = np.where(means(on_grid), on_grid, ticks)
    bars = np.array([a.tick for a in timing.anchors if a.bar], dtype=np.int64)
    next_bar = bars[np.minimum(np.searchsorted(bars, nearest, "right"), len(bars) - 1)]
    return np.where(means(next_bar), next_bar, ticks)


# Writing ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placed:
    """A note as it stands in a file, and where it really is.

    Parameters
    ----------
    found : HitObject
        In whole milliseconds.
    start_ms, end_ms : float
        Of its ticks.
    """

    found: HitObject
    start_ms: float
    end_ms: float


def in_file(notes: Sequence[Note], timing: TimingMap, mode: str, whole: bool) -> list[Placed]:
    """Notes as hit objects; those that the mode does not have are left out.

    Parameters
    ----------
    notes : sequence of Note
    timing : TimingMap
    mode : str
    whole : bool
        Whether the file holds whole coordinates only.
    """
    held = held_notes(notes, mode)
    starts_ms = (timing.seconds_at(ticks_of(held)) * 1000).tolist()
    ends_ms = (timing.seconds_at(ends_of(held)) * 1000).tolist()
    placed = []
    for note, start_ms, end_ms in zip(held, starts_ms, ends_ms, strict=True):
        start = float(round(start_ms))
        end = float(round(end_ms)) if _has_end(note) else start
        placed.append(Placed(HitObject(start, end, _written(note, whole)), start_ms, end_ms))
    return placed


def whole_ms(
    notes: Sequence[FileNote], objects: Sequence[HitObject], timing: TimingMap
) -> list[HitObject]:
    """Read objects as `in_file` makes them of the notes that they became."""
    start_ms = np.rint(timing.seconds_at(ticks_of(notes)) * 1000).tolist()
    end_ms = np.rint(timing.seconds_at(ends_of(notes)) * 1000).tolist()
    return [
        replace(o, start_ms=start, end_ms=end if _has_end(o.note) else start)
        for o, start, end in zip(objects, start_ms, end_ms, strict=True)
    ]


def n_moved(notes: Sequence[FileNote], timing: TimingMap) -> int:
    """How many notes come back from lines in whole milliseconds at another time.

    Ends count where a line says them.
    """
    says_end = np.array([_says_end(n) for n in notes], dtype=bool)
    starts = ticks_of(notes)
    moved = _is_moved(starts, timing)
    moved |= _is_moved(np.where(says_end, ends_of(notes), starts), timing)
    return int(moved.sum())


def _is_moved(ticks: Ticks, timing: TimingMap) -> NDArray[np.bool_]:
    times_ms = timing.seconds_at(ticks) * 1000
    back_ms = timing.seconds_at(said_ticks(np.rint(times_ms), timing)) * 1000
    # By time, since ticks within a warp have one in common.
    moved: NDArray[np.bool_] = np.abs(back_ms - times_ms) > _SAME_MS
    return moved


def _says_end(note: FileNote) -> bool:
    return isinstance(note, Spinner) or (isinstance(note, LaneNote) and note.kind in _SAID_ENDS)


def held_notes(notes: Sequence[Note], mode: str) -> list[FileNote]:
    """The notes that a mode's files have a line for."""
    if mode == "osu":
        return [n for n in notes if isinstance(n, _OSU_NOTES)]
    kinds = _KINDS[mode]
    return [n for n in notes if isinstance(n, LaneNote) and n.kind in kinds]


def _has_end(note: FileNote) -> bool:
    if isinstance(note, LaneNote):
        return note.kind in (*_SAID_ENDS, DRUMROLL)
    return not isinstance(note, Circle)


def _written(note: FileNote, whole: bool) -> FileNote:
    """The note as it comes back from its line, without its ticks."""
    sound = Sound.of(note.sound).text if note.sound else ""
    if isinstance(note, LaneNote):
        return LaneNote(0, 0, note.lane, note.kind, sound)
    skip = min(max(note.combo_skip, 0), _MAX_SKIP)
    if isinstance(note, Slider):
        points = tuple((letter, _place(x, whole), _place(y, whole)) for letter, x, y in note.points)
        return replace(
            note, tick=0, end=0, x=_place(note.x, whole), y=_place(note.y, whole),
            points=points, combo_skip=skip, sound=sound,
        )  # fmt: skip
    if isinstance(note, Circle):
        return Circle(
            0, 0, _place(note.x, whole), _place(note.y, whole), note.new_combo, skip, sound
        )
    return Spinner(0, 0, note.new_combo, skip, sound)


def _place(value: float, whole: bool) -> float:
    return float(round(value)) if whole and math.isfinite(value) else float(value)

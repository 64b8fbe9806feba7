"""Sliders of osu!standard that end where their notes say.

A file says a slider's length, and its end follows from the velocity in force. Where that is
not the end that the note has, a green line at its head says the velocity that makes it so, as
osu! (lazer) writes its files; where no velocity of the game's does, the length is changed. The
next line of the chart's own takes a velocity back, and every later slider is looked at with
what is in force by then. This module works in milliseconds and knows no text.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.formats.osu_objects import HitObject
from chartstudio.formats.osu_paths import MAX_COORDINATE, played_px
from chartstudio.formats.osu_speeds import Speeds
from chartstudio.formats.osu_ticks import END_SLACK_MS, Placed, played_ticks
from chartstudio.formats.osu_timing import Controls, Point, green_beat, to_map
from chartstudio.formats.text import shortest
from chartstudio.modes.osu.notes import Slider
from chartstudio.modes.osu.timing import SV_RANGE, length_for, needed_sv

_EXACT_MS = 0.01
"""How near to its end what is written brings a slider, so as not to lean on a reader's slack."""

_SHORTEST_PX = 1e-6
"""A length of 0 would stand for the whole path."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Objects whose ends come out as they should, with the lines that it takes.

    Parameters
    ----------
    objects : tuple of HitObject
    velocities : tuple of (float, float)
        Start of a slider in milliseconds and the velocity that it needs, in order of time.
    n_lengths : int
        How many sliders have another length than their notes.
    """

    objects: tuple[HitObject, ...]
    velocities: tuple[tuple[float, float], ...] = ()
    n_lengths: int = 0


def settle(placed: Sequence[Placed], speeds: Speeds) -> Settled:
    """Find what makes every slider end where it should.

    Parameters
    ----------
    placed : sequence of Placed
        All objects by start.
    speeds : Speeds
        As the file says them so far.
    """
    objects = [p.found for p in placed]
    places = [i for i, o in enumerate(objects) if isinstance(o.note, Slider)]
    timing = to_map(speeds.controls.reds)
    ends_ms = np.array([placed[i].end_ms for i in places], dtype=np.float64)
    # An end so near to a grid line that no file tells the two apart may be read as that.
    ticks = (timing.tick_at(ends_ms / 1000), _ticks(ends_ms, timing))
    heads = [
        _Head.of(placed[i], (exact, near), speeds, timing)
        for i, exact, near in zip(places, *(t.tolist() for t in ticks), strict=True)
    ]
    read = _ticks(np.array([h.played_ms() for h in heads], dtype=np.float64), timing)
    is_right = ((read == ticks[0]) | (read == ticks[1])).tolist()
    if all(is_right):
        return Settled(tuple(objects))
    return _Settling(speeds.controls).run(objects, places, heads, is_right)


def _ticks(times_ms: Seconds, timing: TimingMap) -> Ticks:
    return played_ticks(times_ms, timing, END_SLACK_MS["osu"])


@dataclass(frozen=True, slots=True)
class _Head:
    """One slider with where its end should be.

    Parameters
    ----------
    start_ms : float
        As its line says it.
    from_ms, end_ms : float
        Of its ticks.
    ticks : tuple of int
        Of the end, as it may be read.
    note : Slider
    length_px : float
        As the game plays it.
    speeds : Speeds
    timing : TimingMap
        As the file's reader sees it.
    """

    start_ms: float
    from_ms: float
    end_ms: float
    ticks: tuple[int, ...]
    note: Slider
    length_px: float
    speeds: Speeds
    timing: TimingMap

    @classmethod
    def of(cls, placed: Placed, ticks: tuple[int, ...], speeds: Speeds, timing: TimingMap) -> _Head:
        note = placed.found.note
        assert isinstance(note, Slider)
        length_px = played_px(note.curve, note.x, note.y, note.points, note.length_px)
        end_ms = timing.seconds_at(ticks[0]) * 1000
        times_ms = (placed.found.start_ms, placed.start_ms, end_ms)
        return cls(*times_ms, ticks, note, length_px, speeds, timing)

    def _duration_ms(self, sv: float | None, length_px: float | None) -> float:
        length_px = self.length_px if length_px is None else length_px
        return self.speeds.osu_ms(self.start_ms, length_px, max(self.note.n_spans, 1), sv)

    def played_ms(self, sv: float | None = None, length_px: float | None = None) -> float:
        """Where the game ends it, with a velocity and a length or with those it has."""
        return self.start_ms + self._duration_ms(sv, length_px)

    def is_right(self, sv: float | None, length_px: float | None = None) -> bool:
        """Whether it would be read with the end that it should have."""
        played_ms = self.played_ms(sv, length_px)
        # Most that are wrong are so by far more than any slack.
        if abs(played_ms - self.end_ms) > 1.0 + END_SLACK_MS["osu"]:
            return False
        return int(_ticks(np.array([played_ms]), self.timing)[0]) in self.ticks

    def velocity(self) -> float | None:
        """The velocity that it needs, of few decimals; None where the game has none.

        The one by its ticks is the one that an author means, unless the rounding of its head
        keeps that from being read.
        """
        low, high = SV_RANGE
        beat_s = self.speeds.controls.beat_ms_at(self.start_ms) / 1000
        n_spans = max(self.note.n_spans, 1)
        for from_ms in (self.from_ms, self.start_ms):
            needed_s = (self.end_ms - from_ms) / 1000
            sv = needed_sv(self.length_px, n_spans, needed_s, beat_s, self.speeds.multiplier)
            if low <= sv <= high:
                sv = 100 / float(shortest(100 / sv, self._brings_velocity(from_ms)))
                if self.is_right(sv):
                    return sv
        return None

    def _brings_velocity(self, from_ms: float) -> Callable[[float], bool]:
        def brings(percent: float) -> bool:
            sv = 100 / percent
            off_ms = from_ms + self._duration_ms(sv, None) - self.end_ms
            return abs(off_ms) <= _EXACT_MS and self.is_right(sv)

        return brings

    def other_length(self, sv: float) -> float:
        """The length with which it ends right at a velocity."""
        beat_s = self.speeds.controls.beat_ms_at(self.start_ms) / 1000
        duration_s = max(self.end_ms - self.start_ms, 0.0) / 1000
        n_spans = max(self.note.n_spans, 1)
        exact = length_for(n_spans, duration_s, beat_s, self.speeds.multiplier, sv)
        exact = min(max(exact, _SHORTEST_PX), MAX_COORDINATE)

        def brings(length_px: float) -> bool:
            off_ms = self.played_ms(sv, length_px) - self.end_ms
            return length_px > 0 and abs(off_ms) <= _EXACT_MS and self.is_right(sv, length_px)

        return float(shortest(exact, brings))


class _Settling:
    """The walk along a chart that decides slider by slider.

    Parameters
    ----------
    controls : Controls
    """

    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.velocities: dict[float, float] = {}
        self.settled_ms = -math.inf
        self.n_lengths = 0

    def run(
        self,
        objects: list[HitObject],
        places: Sequence[int],
        heads: Sequence[_Head],
        is_right: Sequence[bool],
    ) -> Settled:
        """Go along all sliders."""
        for i, head, right in zip(places, heads, is_right, strict=True):
            length_px = self._length(head, right)
            if length_px is not None:
                self.n_lengths += 1
                note = replace(head.note, length_px=length_px)
                objects[i] = replace(objects[i], note=note)
            self.settled_ms = head.start_ms
        return Settled(tuple(objects), tuple(self.velocities.items()), self.n_lengths)

    def _length(self, head: _Head, right: bool) -> float | None:
        """Settle one slider: by a velocity, noted here, or else by the length returned."""
        given = self._given(head.start_ms)
        if right if given is None else head.is_right(given):
            return None
        own = self.controls.sv_at(head.start_ms)
        # A second slider at one time has to take the first one's velocity.
        if head.start_ms != self.settled_ms:
            sv = own if given is not None and head.is_right(own) else head.velocity()
            if sv is not None:
                self.velocities[head.start_ms] = sv
                return None
        return head.other_length(own if given is None else given)

    def _given(self, start_ms: float) -> float | None:
        """The velocity that an earlier slider was given and that no line has taken back."""
        if not self.velocities:
            return None
        given_ms, sv = next(reversed(self.velocities.items()))
        i = bisect_right(self.controls.times_ms, start_ms) - 1
        return sv if i < 0 or self.controls.times_ms[i] <= given_ms else None


def with_velocities(
    lines: Sequence[tuple[int | None, Point]],
    velocities: Sequence[tuple[float, float]],
    controls: Controls,
) -> list[tuple[int | None, Point]]:
    """Timing points with a green line for each velocity.

    Parameters
    ----------
    lines : sequence of (row number or None, Point)
        None for a line that is new.
    velocities : sequence of (float, float)
        As of `Settled`.
    controls : Controls
        What the lines say.
    """
    found = list(lines)
    at = len(found)
    for time_ms, sv in reversed(velocities):
        # Behind every line that holds by then; going back in time, that never moves forward.
        while at and found[at - 1][1].time_ms > time_ms:
            at -= 1
        i = bisect_right(controls.times_ms, time_ms) - 1
        state = controls.states[i] if i >= 0 else controls.default
        meter = found[at - 1][1].meter if at else 4
        style = (state.sample_set, state.sample_index, state.volume)
        point = Point(time_ms, green_beat(sv), meter, *style, False, state.kiai)
        if at and found[at - 1][1].time_ms == time_ms and not found[at - 1][1].red:
            at -= 1
            del found[at]
        found.insert(at, (None, point))
    return found

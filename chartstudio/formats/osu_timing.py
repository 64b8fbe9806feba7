"""osu!'s timing points as a timing map and effects, and back.

Red lines are bar anchors; what a line says of scroll speed, samples, volume and kiai becomes
effects. Rules are those of osu!'s ``LegacyBeatmapDecoder``. This module knows lines, not
files, and no hit object.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from itertools import groupby
from types import MappingProxyType

import numpy as np

from chartstudio.core.song import Effect
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.formats.osu_lines import to_float, to_int
from chartstudio.formats.text import shortest

_BEAT_MS = (6.0, 60_000.0)
"""What osu! clamps a beat to: 10,000 to 1 BPM."""

_SLOWEST_BPM = 3.0
"""Below it a tick is longer than a millisecond; such beats are halved until it is not."""

_LONGEST_TICK_MS = 0.99

_BPM_PLACES, _BPM_TOLERANCE = 6, 1e-10
_BEAT_TOLERANCE = 1e-12

_SAMPLE_SETS = {"None": 0, "Normal": 1, "Soft": 2, "Drum": 3}

_KIAI, _OMIT_BAR = 1, 8

EFFECT_KINDS = ("sv", "samples", "volume", "kiai", "omit-bar")
"""``sv`` (speed or "nan"), ``samples`` (set, index), ``volume`` (percent), ``kiai`` (0 or 1);
``omit-bar`` marks a red line whose first bar line is not drawn."""


@dataclass(frozen=True, slots=True)
class Point:
    """One line of [TimingPoints].

    Parameters
    ----------
    time_ms : float
    beat : float
        Milliseconds a beat on a red line, else ``-100 / speed``, or NaN.
    meter, sample_set, sample_index, volume : int
    red : bool
    flags : int
        1 kiai, 8 no first bar line.
    """

    time_ms: float
    beat: float
    meter: int = 4
    sample_set: int = 1
    sample_index: int = 0
    volume: int = 100
    red: bool = True
    flags: int = 0

    def text(self, offset_ms: int) -> str:
        """The line."""
        time = shortest(self.time_ms - offset_ms, lambda v: v + offset_ms == self.time_ms)
        beat = "NaN" if math.isnan(self.beat) else shortest(self.beat, lambda v: v == self.beat)
        rest = (self.meter, self.sample_set, self.sample_index, self.volume, int(self.red))
        return ",".join((time, beat, *map(str, rest), str(self.flags)))


@dataclass(frozen=True, slots=True)
class State:
    """What lines say besides tempo.

    Parameters
    ----------
    sv : float
        Scroll speed; NaN where slider ticks are switched off.
    sample_set, sample_index, volume, kiai : int
    """

    sv: float = 1.0
    sample_set: int = 1
    sample_index: int = 0
    volume: int = 100
    kiai: int = 0


def default_state(general: dict[str, str]) -> State:
    """What holds before the first line."""
    try:
        volume = to_int(general.get("SampleVolume", "100"))
    except ValueError:
        volume = 100
    return State(sample_set=_SAMPLE_SETS.get(general.get("SampleSet", "Normal"), 1), volume=volume)


# Reading ---------------------------------------------------------------------------------


def read_point(line: str, offset_ms: int, default: State) -> Point:
    """One line.

    Raises
    ------
    ValueError
        When osu! would skip it.
    """
    fields = line.split(",")
    if len(fields) < 2:
        raise ValueError("a timing point needs a time and a beat")
    time_ms = to_float(fields[0]) + offset_ms
    beat = to_float(fields[1], nan=True)
    numbers = [4, default.sample_set, 0, default.volume]
    for i, text in enumerate(fields[2:6]):
        numbers[i] = 4 if i == 0 and text[:1] == "0" else to_int(text)
    if numbers[0] < 1:
        raise ValueError("a measure needs at least one beat")
    red = len(fields) < 7 or fields[6][:1] == "1"
    flags = to_int(fields[7]) if len(fields) > 7 else 0
    if red and math.isnan(beat):
        raise ValueError("a red line needs a beat")
    meter, sample_set, sample_index, volume = numbers
    return Point(time_ms, beat, meter, sample_set, sample_index, volume, red, flags)


@dataclass(frozen=True, slots=True)
class Controls:
    """All timing points of a chart, in order of time and without those that have no effect.

    Parameters
    ----------
    reds : tuple of Point
    red_times_ms : tuple of float
    times_ms : tuple of float
    states : tuple of State
        From each time on.
    default : State
        Before the first.
    """

    reds: tuple[Point, ...]
    red_times_ms: tuple[float, ...]
    times_ms: tuple[float, ...]
    states: tuple[State, ...]
    default: State

    def beat_ms_at(self, time_ms: float) -> float:
        """Length of a beat; before the first red line it is that line's."""
        i = max(bisect_right(self.red_times_ms, time_ms) - 1, 0)
        return _clamped(self.reds[i].beat) if self.reds else 1000.0

    def sv_at(self, time_ms: float) -> float:
        """Scroll speed; 1 before the first line and where a line has none."""
        i = bisect_right(self.times_ms, time_ms) - 1
        sv = self.states[i].sv if i >= 0 else 1.0
        return 1.0 if math.isnan(sv) else sv


def controls(points: Iterable[Point], default: State) -> Controls:
    """Resolve lines that share a time.

    Of neighbouring lines at one time the last green one decides what is not tempo, and the
    first red one the tempo (``addControlPoint`` and ``flushPendingPoints``).
    """
    reds: dict[float, Point] = {}
    states: dict[float, State] = {}
    for time_ms, group in groupby(points, key=lambda p: p.time_ms):
        lines = list(group)
        red_lines = [p for p in lines if p.red]
        if red_lines:
            reds[time_ms] = red_lines[0]
        deciding = ([p for p in lines if not p.red] or red_lines[:1])[-1]
        states[time_ms] = _state(deciding)
    times = sorted(states)
    return Controls(
        tuple(reds[t] for t in sorted(reds)),
        tuple(sorted(reds)),
        tuple(times),
        tuple(states[t] for t in times),
        default,
    )


def _state(p: Point) -> State:
    speed = 100 / -p.beat if p.beat < 0 and not p.red else 1.0
    sv = math.nan if math.isnan(p.beat) else speed
    return State(sv, p.sample_set, p.sample_index, p.volume, p.flags & _KIAI)


def _clamped(beat_ms: float) -> float:
    low, high = _BEAT_MS
    return min(max(beat_ms, low), high)


def bpm_of(beat_ms: float) -> float:
    """Tempo of a red line; very slow ones doubled until a millisecond holds a tick.

    A beat of so many decimals stands for a tempo with few: 352.941176470588 ms is 170 BPM.
    """
    bpm = 60_000 / _clamped(beat_ms)
    while bpm < _SLOWEST_BPM:
        bpm *= 2
    meant = round(bpm, _BPM_PLACES)
    return meant if abs(meant - bpm) < _BPM_TOLERANCE * bpm else bpm


def to_map(reds: Sequence[Point]) -> TimingMap:
    """The timing map of red lines; 60 BPM from 0 when there are none.

    A line that cuts a beat lies on the nearest tick of the line before it; time between the
    two is stretched by less than a tick.
    """
    if not reds:
        return TimingMap.constant(60.0)
    anchors: list[Anchor] = []
    tick = 0
    for before, p in zip([None, *reds], reds, strict=False):
        if before is not None:
            tick += _ticks_between(before, p.time_ms - before.time_ms)
        anchors.append(Anchor(tick, p.time_ms / 1000, bpm_of(p.beat), p.meter, bar=True))
    return TimingMap(tuple(anchors))


def _ticks_between(red: Point, span_ms: float) -> int:
    exact = span_ms * bpm_of(red.beat) / 60_000 * TICKS_PER_BEAT
    n = round(exact)
    # Where few ticks share the rest, none may grow past a millisecond.
    return n if n and span_ms / n <= _LONGEST_TICK_MS else math.ceil(exact)


def to_effects(
    found: Controls, timing: TimingMap, starts: Mapping[float, int] = MappingProxyType({})
) -> tuple[Effect, ...]:
    """Changes of scroll speed, samples, volume and kiai.

    Parameters
    ----------
    found : Controls
    timing : TimingMap
    starts : mapping of float to int
        Ticks of the chart's notes by their milliseconds: a line at a note's millisecond lies on
        the note's tick, so that they stay together.
    """
    effects: list[Effect] = []
    omitted = {p.time_ms for p in found.reds if p.flags & _OMIT_BAR}
    before = found.default
    ticks = _effect_ticks(found.times_ms, timing, starts)
    for tick, time_ms, state in zip(ticks, found.times_ms, found.states, strict=True):
        changes = zip(_said(before), _said(state), strict=True)
        effects += [Effect(tick, *now) for old, now in changes if old != now]
        if time_ms in omitted:
            effects.append(Effect(tick, "omit-bar"))
        before = state
    return tuple(sorted(effects, key=lambda e: e.tick))


def _effect_ticks(
    times_ms: Sequence[float], timing: TimingMap, starts: Mapping[float, int]
) -> list[int]:
    """Ticks of lines, in the order of the lines and on their own side of every red one."""
    nearest = timing.tick_at(np.array(times_ms, dtype=np.float64) / 1000).tolist()
    bars = [a.tick for a in timing.anchors if a.bar]
    ticks: list[int] = []
    for time_ms, tick, after in zip(times_ms, nearest, [*nearest[1:], math.inf], strict=False):
        of_note = starts.get(time_ms, tick)
        in_order = (not ticks or ticks[-1] < of_note) and of_note < after
        same_side = bisect_right(bars, of_note) == bisect_right(bars, tick)
        ticks.append(of_note if in_order and same_side else tick)
    return ticks


def _said(state: State) -> tuple[tuple[str, tuple[float | str, ...]], ...]:
    sv: float | str = "nan" if math.isnan(state.sv) else state.sv
    return (
        ("sv", (sv,)),
        ("samples", (state.sample_set, state.sample_index)),
        ("volume", (state.volume,)),
        ("kiai", (state.kiai,)),
    )


# Writing ---------------------------------------------------------------------------------


def to_points(
    timing: TimingMap,
    effects: Iterable[Effect],
    default: State,
    note_ticks: Collection[int] = frozenset(),
) -> list[Point]:
    """Lines that say a timing map and effects; green ones only where something changes.

    Parameters
    ----------
    timing : TimingMap
    effects : iterable of Effect
    default : State
    note_ticks : collection of int
        Where notes start: they are written in whole milliseconds, and a line on one of them
        takes the note's, so that it holds for the note.
    """
    reds = _red_lines(timing)
    by_tick: dict[int, list[Effect]] = {}
    for effect in sorted(effects, key=lambda e: e.tick):
        if effect.kind in EFFECT_KINDS:
            by_tick.setdefault(effect.tick, []).append(effect)
    points: list[Point] = []
    state = default
    ticks = sorted({*reds, *by_tick})
    for tick, after in zip(ticks, [*ticks[1:], None], strict=False):
        here = by_tick.get(tick, [])
        state = _applied(state, here)
        omit = _OMIT_BAR * any(e.kind == "omit-bar" for e in here)
        style = (state.sample_set, state.sample_index, state.volume)
        for p in reds.get(tick, []):
            flags = state.kiai | omit | p.flags
            points.append(Point(p.time_ms, p.beat, p.meter, *style, True, flags))
        if tick in reds and state.sv == 1.0:
            continue
        if tick in reds:
            time_ms = reds[tick][-1].time_ms
        else:
            time_ms = _green_ms(timing, tick)
            low_ms = points[-1].time_ms if points else -math.inf
            high_ms = math.inf if after is None else timing.seconds_at(after) * 1000
            if tick in note_ticks and _is_free(timing, tick, low_ms, high_ms):
                time_ms = float(round(timing.seconds_at(tick) * 1000))
        meter = points[-1].meter if points else 4
        points.append(Point(time_ms, green_beat(state.sv), meter, *style, False, state.kiai))
    return points


def _is_free(timing: TimingMap, tick: int, low_ms: float, high_ms: float) -> bool:
    """Whether a line may lie at a tick's whole millisecond and keep its order."""
    time_ms = round(timing.seconds_at(tick) * 1000)
    bars = [a.tick for a in timing.anchors if a.bar]
    same_side = bisect_right(bars, timing.tick_at(time_ms / 1000)) == bisect_right(bars, tick)
    return same_side and low_ms < time_ms < high_ms


def _applied(state: State, effects: Iterable[Effect]) -> State:
    for effect in effects:
        values = effect.values
        if effect.kind == "sv":
            sv = math.nan if values[0] == "nan" else float(values[0])
            state = replace(state, sv=sv if sv > 0 or math.isnan(sv) else 1.0)
        elif effect.kind == "samples":
            state = replace(state, sample_set=int(values[0]), sample_index=int(values[1]))
        elif effect.kind == "volume":
            state = replace(state, volume=int(values[0]))
        elif effect.kind == "kiai":
            state = replace(state, kiai=int(values[0]) & _KIAI)
    return state


def green_beat(sv: float) -> float:
    """What a green line says for a speed."""
    if math.isnan(sv):
        return sv
    return -float(shortest(100 / sv, lambda v: v > 0 and 100 / v == sv))


def _green_ms(timing: TimingMap, tick: int) -> float:
    """A green line's time: a whole millisecond where that is the same tick."""
    time_ms = timing.seconds_at(tick) * 1000
    return float(shortest(time_ms, lambda v: timing.tick_at(v / 1000) == tick))


def _red_lines(timing: TimingMap) -> dict[int, list[Point]]:
    """Red lines by tick: one for each anchor, of several at one time the last."""
    found: dict[int, list[Point]] = {}
    meter = 4
    for anchor, after in zip(timing.anchors, [*timing.anchors[1:], None], strict=True):
        meter = anchor.meter if anchor.bar else meter
        if after is not None and after.seconds <= anchor.seconds:
            continue
        point = Point(_exact_ms(anchor.seconds), _beat_ms(anchor, after), meter)
        if not anchor.bar and timing.position(anchor.tick).beat != 1:
            # osu! starts a bar at every red line; at least it need not show it.
            point = replace(point, flags=_OMIT_BAR)
        found.setdefault(anchor.tick, []).append(point)
    return found


def _exact_ms(seconds: float) -> float:
    return float(shortest(seconds * 1000, lambda v: v / 1000 == seconds))


def _beat_ms(anchor: Anchor, after: Anchor | None) -> float:
    """The beat that a reader takes for the anchor's tempo and that leads to the next anchor."""
    bpm = anchor.bpm
    if after is not None and after.tick > anchor.tick:
        n_ticks = after.tick - anchor.tick
        span_ms = _exact_ms(after.seconds) - _exact_ms(anchor.seconds)
        if _ticks_between(Point(0.0, 60_000 / bpm), span_ms) != n_ticks:
            bpm = n_ticks / TICKS_PER_BEAT * 60_000 / span_ms
    beat = 60_000 / bpm

    def means_it(v: float) -> bool:
        return v > 0 and abs(v - beat) < _BEAT_TOLERANCE * beat and bpm_of(v) == bpm

    near = (float(shortest(beat, means_it)), math.nextafter(beat, 0), math.nextafter(beat, 1e9))
    return next((v for v in near if bpm_of(v) == bpm), beat)


def key(p: Point) -> tuple[object, ...]:
    """What makes two lines say the same: tempo as it is read, and NaN equal to itself."""
    beat: object = "nan" if math.isnan(p.beat) else bpm_of(p.beat) if p.red else p.beat
    return (p.time_ms, beat, *astuple(p)[2:])

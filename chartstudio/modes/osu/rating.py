"""Star rating of osu!standard charts: the chart as the .osu text that the calculator reads.

The rating depends on places, times and slider speeds; samples, combos and names are not in the
text. What a file is written as for players is the business of the formats.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np

from chartstudio.core.mode import Setting
from chartstudio.core.note import ends_of, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes.osu.curve import length_of
from chartstudio.modes.osu.field import osu_notes
from chartstudio.modes.osu.notes import Circle, OsuNote, Slider, Spinner
from chartstudio.modes.osu.timing import (
    SAME_END_S,
    SV_RANGE,
    Velocities,
    beat_ms_of,
    needed_sv,
    rules_version,
    slider_duration_s,
    slider_multiplier,
    tick_rate,
)
from chartstudio.modes.osu_family import HP, OD, SLIDER_MULTIPLIER, SLIDER_TICK_RATE, stars_of

CS = Setting("cs", "Circle size", 5.0, 0.0, 10.0)
AR = Setting("ar", "Approach rate", 5.0, 0.0, 10.0)
STACK_LENIENCY = Setting("stack_leniency", "Stack leniency", 0.7, 0.0, 1.0)

SETTINGS = (CS, AR, OD, HP, SLIDER_MULTIPLIER, SLIDER_TICK_RATE, STACK_LENIENCY)
"""What an osu! chart sets as a whole."""

_TEXT = """osu file format v{version}

[General]
StackLeniency:{stack_leniency!r}
Mode: 0

[Difficulty]
HPDrainRate:{hp!r}
CircleSize:{cs!r}
OverallDifficulty:{od!r}
ApproachRate:{ar!r}
SliderMultiplier:{slider_multiplier!r}
SliderTickRate:{slider_tick_rate!r}

[TimingPoints]
{points}

[HitObjects]
{objects}
"""

_VERSION = 14
_FIRST_IN_TIME = 5
"""Before this version times are shifted; the rules are the same."""

_MOST_PARTS = 500_000
_LONGEST_MS = 86_400_000
"""A chart with more repeats and ticks, or longer than a day, is no chart that anyone plays, and
would keep the calculator busy for minutes."""


def stars(chart: Chart, timing: TimingMap) -> float:
    """Star rating by rosu-pp; 0 for no notes, and for monsters that cannot be rated."""
    notes = osu_notes(chart.notes)
    times_ms = np.rint(timing.seconds_at(ticks_of(notes)) * 1000).astype(np.int64).tolist()
    ends_ms = np.rint(timing.seconds_at(ends_of(notes)) * 1000).astype(np.int64).tolist()
    if not notes or ends_ms[-1] - times_ms[0] > _LONGEST_MS or _n_parts(notes, chart) > _MOST_PARTS:
        return 0.0
    reds = {a.seconds * 1000: a for a in timing.anchors}
    lines = [(t, 0, f"{t!r},{beat_ms_of(a.bpm)!r},{a.meter},1,0,100,1,0") for t, a in reds.items()]
    lines += _velocity_lines(chart, timing, times_ms)
    values = {s.name: float(s.of(chart)) for s in SETTINGS}
    values |= {"slider_multiplier": slider_multiplier(chart), "slider_tick_rate": tick_rate(chart)}
    objects = (_line(n, *ms) for n, *ms in zip(notes, times_ms, ends_ms, strict=True))
    text = _TEXT.format(
        version=max(rules_version(chart) or _VERSION, _FIRST_IN_TIME),
        **values,
        points="\n".join(text for *_, text in sorted(lines)),
        objects="\n".join(objects),
    )
    return stars_of(text)


def _n_parts(notes: Sequence[OsuNote], chart: Chart) -> float:
    """About how many repeats and ticks there are in all."""
    densest = SV_RANGE[1] if rules_version(chart) else 1.0
    rate = tick_rate(chart) / TICKS_PER_BEAT * densest
    return sum(n.n_spans + (n.end - n.tick) * rate for n in notes if isinstance(n, Slider))


def _velocity_lines(
    chart: Chart, timing: TimingMap, times_ms: list[int]
) -> Iterator[tuple[float, int, str]]:
    """A green line for each slider, as ``(time in ms, 1, line)``."""
    velocities = Velocities(chart.effects)
    multiplier = slider_multiplier(chart)
    anchors = sorted(timing.anchors, key=lambda a: a.seconds)
    anchor_ms = [a.seconds * 1000 for a in anchors]
    for note, time_ms in zip(chart.notes, times_ms, strict=True):
        if isinstance(note, Slider):
            bpm = anchors[max(bisect_right(anchor_ms, time_ms) - 1, 0)].bpm
            sv = velocities.at(note.tick)
            duration_s = timing.seconds_at(note.end) - timing.seconds_at(note.tick)
            length_px = length_of(note.curve, note.x, note.y, note.points, note.length_px)
            meant_s = slider_duration_s(length_px, note.n_spans, 60 / bpm, multiplier, sv)
            if abs(meant_s - duration_s) > SAME_END_S:
                low, high = SV_RANGE
                sv = needed_sv(length_px, note.n_spans, duration_s, 60 / bpm, multiplier)
                sv = min(max(sv, low), high)
            beat = "NaN" if math.isnan(sv) else repr(-100 / sv)
            yield float(time_ms), 1, f"{time_ms},{beat},4,1,0,100,0,0"


def _line(note: OsuNote, time_ms: int, end_ms: int) -> str:
    """A note as a line of [HitObjects]."""
    if isinstance(note, Spinner):
        return f"256,192,{time_ms},12,0,{end_ms},0:0:0:0:"
    head = f"{_number(note.x)},{_number(note.y)},{time_ms}"
    if isinstance(note, Circle):
        return f"{head},1,0,0:0:0:0:"
    points = "|".join(
        (f"{letter}|" if letter else "") + f"{_number(x)}:{_number(y)}"
        for letter, x, y in note.points
    )
    return f"{head},2,0,{note.curve}|{points},{note.n_spans},{note.length_px!r}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))

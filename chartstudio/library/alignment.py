"""A song whose audio starts on a bar line: for games that know no offset.

Pure functions on values: how much silence goes before the audio, and the song as it is then.
Nothing here hears or writes audio.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from chartstudio.core.note import Note
from chartstudio.core.song import Chart, Effect, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, Cause, Side, TimingMap
from chartstudio.formats.format import Needs

CUT_S = 0.01
"""What may be cut off the start of the audio, rather than a whole measure put before it."""

_EXACT_S = 1e-6
"""Times nearer than this are one: a fortieth of a sample."""

Move = Callable[[int], int]
"""Old tick to new tick."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """A song and the silence that its times count on.

    Parameters
    ----------
    song : Song
    pad_s : float
        Silence to put before the audio; less than 0 is cut off its start.
    """

    song: Song
    pad_s: float


def aligned(song: Song, needs: Needs, keep_ticks: bool = False) -> Aligned:
    """The song as its game's clock has it: lead-in kept, offset baked into the audio.

    Parameters
    ----------
    song : Song
    needs : Needs
        Its ``lead_in_s`` and ``starts_on_beat`` decide.
    keep_ticks : bool
        For a song that comes from the game's own files: its beat 0 stays beat 0 whatever the
        lead-in, so that what those files say by beats (lights) stays in place.

    Returns
    -------
    Aligned
        Ticks have moved by whole measures. Every object keeps its time in the audio to within
        the rounding of `pad_s` to samples. A chart with its own timing gets a first stretch
        at a tempo that brings its bar lines onto whole beats.
    """
    first_s = first_note_s(song)
    if not needs.starts_on_beat:
        pad_s = 0.0 if keep_ticks else max(0.0, needs.lead_in_s - first_s)
        return Aligned(_later(song, pad_s) if pad_s else song, pad_s)
    limit_s = min(CUT_S, first_s - needs.lead_in_s)
    start = 0 if keep_ticks else _bar_before(song.timing, limit_s)
    timing = _starting_at(song.timing, start)
    pad_s = -timing.anchors[0].seconds
    timings = (song.timing, *(c.timing for c in song.charts if c.timing is not None))
    if start == 0 and all(map(_is_aligned, timings)):
        return Aligned(song, 0.0)
    return Aligned(_moved(song, timing), pad_s if abs(pad_s) > _EXACT_S else 0.0)


def first_note_s(song: Song) -> float:
    """Time of the first object of any chart; infinite where there is none."""
    firsts = (
        song.timing_of(chart).seconds_at(chart.notes[0].tick)
        for chart in song.charts
        if chart.notes
    )
    return min(firsts, default=math.inf)


def _is_aligned(timing: TimingMap) -> bool:
    return timing.anchors[0].tick == 0 and timing.anchors[0].seconds == 0


# Timing ----------------------------------------------------------------------------------


def _beat_s(timing: TimingMap) -> float:
    """Length of the beats before the first anchor."""
    first = timing.anchors[0]
    ahead_s = first.seconds - timing.seconds_at(first.tick - TICKS_PER_BEAT)
    # No time passes in a warp, which none starts with in earnest.
    return ahead_s or 60 / first.bpm


def _bar_before(timing: TimingMap, limit_s: float) -> int:
    """Tick of the last bar line that is not later than a time.

    Bar lines run on before the first anchor, at its tempo.
    """
    first = timing.anchors[0]
    if limit_s < first.seconds:
        n = math.ceil((first.seconds - limit_s) / (first.meter * _beat_s(timing)) - _EXACT_S)
        return first.tick - n * first.meter * TICKS_PER_BEAT
    measure = timing.position(timing.tick_at(limit_s)).measure
    while timing.seconds_at(timing.measure_start(measure), Side.BEFORE) > limit_s + _EXACT_S:
        measure -= 1
    return timing.measure_start(measure)


def _starting_at(timing: TimingMap, start: int) -> TimingMap:
    """The same times, with the first anchor on a tick, which is a bar line."""
    before = [a for a in timing.anchors if a.tick < start]
    after = [a for a in timing.anchors if a.tick >= start]
    meter = next((a.meter for a in reversed(before) if a.bar), timing.anchors[0].meter)
    if after and after[0].tick == start:
        there = after.pop(0)
        meter = there.meter if there.bar else meter
        first = replace(there, meter=meter, bar=True, cause=Cause.TEMPO)
    elif before:
        first = Anchor(start, timing.seconds_at(start), before[-1].bpm, meter, True)
    else:
        old = after[0]
        seconds = old.seconds - (old.tick - start) / TICKS_PER_BEAT * _beat_s(timing)
        first = replace(old, tick=start, seconds=seconds)
        if len(after) == 1 or after[1].cause is Cause.TEMPO:
            # The measures ahead are of one run with the old first anchor's: it moves to them.
            after.pop(0)
    return TimingMap((first, *after))


def _shifted(timing: TimingMap, ticks: int, seconds: float) -> TimingMap:
    return TimingMap(
        tuple(replace(a, tick=a.tick + ticks, seconds=a.seconds + seconds) for a in timing.anchors)
    )


def _own(timing: TimingMap, pad_s: float) -> tuple[TimingMap, Move]:
    """A chart's own timing from tick 0 at second 0 on, and where its ticks go.

    Its bar lines fall where they may on the new audio, so the stretch up to the first of them
    gets a tempo of its own that makes it whole beats.
    """
    start = _bar_before(timing, -pad_s)
    kept = _starting_at(timing, start)
    if kept.anchors[0].seconds < -pad_s - _EXACT_S:
        start = _next_bar(kept, -pad_s)
        kept = _starting_at(kept, start)
    first = kept.anchors[0]
    lead_s = first.seconds + pad_s
    if abs(lead_s) <= _EXACT_S:
        return _shifted(kept, -start, -first.seconds), lambda tick: tick - start
    n_beats = max(1, round(lead_s * first.bpm / 60))
    ahead = n_beats * TICKS_PER_BEAT
    lead = Anchor(0, 0.0, 60 * n_beats / lead_s, n_beats, True)
    made = TimingMap((lead, *_shifted(kept, ahead - start, pad_s).anchors))

    def move(tick: int) -> int:
        if tick >= start:
            return tick - start + ahead
        return made.tick_at(timing.seconds_at(tick) + pad_s)

    return made, move


def _next_bar(timing: TimingMap, after_s: float) -> int:
    """The first bar line that lies at least half a beat after a time."""
    measure = 1
    while True:
        measure += 1
        tick = timing.measure_start(measure)
        lead_s = timing.seconds_at(tick, Side.BEFORE) - after_s
        if lead_s * timing.bpm_at(tick) >= 30:
            return tick


# Songs -----------------------------------------------------------------------------------


def _later(song: Song, pad_s: float) -> Song:
    """The song with silence before its audio, its ticks as they are."""
    charts = (
        replace(c, timing=None if c.timing is None else _shifted(c.timing, 0, pad_s))
        for c in song.charts
    )
    timing = _shifted(song.timing, 0, pad_s)
    return replace(song, metadata=_preview(song, pad_s), timing=timing, charts=tuple(charts))


def _moved(song: Song, timing: TimingMap) -> Song:
    """The song with the first tick of a timing as tick 0 on second 0."""
    start, pad_s = timing.anchors[0].tick, -timing.anchors[0].seconds

    def move(tick: int) -> int:
        return tick - start

    return replace(
        song,
        metadata=_preview(song, pad_s),
        timing=_shifted(timing, -start, pad_s),
        effects=_effects(song.effects, move),
        charts=tuple(_chart(chart, move, pad_s) for chart in song.charts),
    )


def _preview(song: Song, pad_s: float) -> Metadata:
    at_s = song.metadata.preview_s
    return replace(song.metadata, preview_s=None if at_s is None else max(0.0, at_s + pad_s))


def _chart(chart: Chart, move: Move, pad_s: float) -> Chart:
    timing = chart.timing
    if timing is not None:
        timing, move = _own(timing, pad_s)
    return replace(
        chart,
        timing=timing,
        notes=tuple(_note(n, move) for n in chart.notes),
        effects=_effects(chart.effects, move),
    )


def _note(note: Note, move: Move) -> Note:
    moved: Note = replace(note, tick=move(note.tick), end=move(note.end))  # type: ignore[type-var]
    return moved


def _effects(effects: Iterable[Effect], move: Move) -> tuple[Effect, ...]:
    """Effects in their new places; those from before the start hold from the start on."""
    return tuple(replace(e, tick=max(0, move(e.tick))) for e in effects)

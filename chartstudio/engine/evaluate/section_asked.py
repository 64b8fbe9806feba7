"""Sections drawn by chance: everything that can be asked of a redraw, in any mixture.

Knows requests and charts; refuses to know what comes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chartstudio.audio.decode import Audio
from chartstudio.core.mode import Mode
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.engine.requests import GenerateRequest
from chartstudio.modes.usual import usual_settings

SECTIONS_PER_GROUND = 20
"""Sections that are asked for in one context chart."""

MOST_BARS = 16

Rng = np.random.Generator

_GRIDS = (4, 8, 12, 16, 16, 16, 24, 32, 48)
_CONTEXT_GRIDS = (8, 16, 16, 16, 24, 48)

_LOCKS: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split())
    for names in (
        *("",) * 6,
        *("notes",) * 3,
        *("rhythm",) * 3,
        *("placement",) * 3,
        *("lanes",) * 3,
        "lanes notes",
        "lanes placement",
        "lanes rhythm",
    )
)
"""Locks, the simple ones more often; those of lanes fall away where a mode has none."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the sections of one context share.

    Parameters
    ----------
    number : int
        From 0; with the run's seed it decides everything below.
    mode : Mode
    song : int
        Which of the songs.
    timing : TimingMap
    level : float
        That of the context chart.
    grid : int
        The snap that it is drafted on.
    seed : int
    """

    number: int
    mode: Mode
    song: int
    timing: TimingMap
    level: float
    grid: int
    seed: int

    def blank(self) -> Chart:
        """The context chart before it is drafted."""
        settings = usual_settings(self.mode.id, self.level, self.timing)
        return Chart(self.mode.id, level=self.level, settings=settings)

    def context(self, audio: Audio) -> GenerateRequest:
        """The draft of the context chart."""
        start = max(self.timing.tick_at(0.0), self.timing.anchors[0].tick)
        end = self.timing.tick_at(audio.duration_s)
        return GenerateRequest(
            audio, self.timing, self.blank(), start, end, self.level, self.grid, self.seed
        )


def ground(seed: int, number: int, modes: tuple[Mode, ...], n_songs: int) -> Ground:
    """The context of one group of sections; modes take turns.

    Parameters
    ----------
    seed : int
        Of the whole run.
    number : int
    modes : tuple of Mode
    n_songs : int
    """
    rng = np.random.default_rng([seed, number])
    mode = modes[number % len(modes)]
    low, high = mode.level_range
    return Ground(
        number=number,
        mode=mode,
        song=int(rng.integers(n_songs)),
        timing=_timing(rng),
        level=round(float(rng.uniform(low, high)), 2),
        grid=int(rng.choice(_CONTEXT_GRIDS)),
        seed=int(rng.integers(2**31)),
    )


# Timing ----------------------------------------------------------------------------------


def _timing(rng: Rng) -> TimingMap:
    """A tempo that need not be the song's: what is legal does not depend on it."""
    kinds: tuple[Callable[[Rng], TimingMap], ...] = (_steady, _steady, _steady, _changing, _paused)
    return kinds[int(rng.integers(len(kinds)))](rng)


def _bpm(rng: Rng) -> float:
    return round(float(rng.uniform(80.0, 220.0)), 3)


def _steady(rng: Rng) -> TimingMap:
    offset_s = round(float(rng.uniform(0.0, 2.0)), 3)
    return TimingMap.constant(_bpm(rng), offset_s, int(rng.choice((3, 4, 4, 4, 5))))


def _changing(rng: Rng) -> TimingMap:
    """Tempo and meter change every few bars, the last bar before a change sometimes cut."""
    anchors, tick, at_s = [], 0, 0.5
    while at_s < 60.0:
        bpm, meter = _bpm(rng), int(rng.choice((3, 4, 4)))
        anchors.append(Anchor(tick, at_s, bpm, meter, bar=True))
        n_beats = meter * int(rng.integers(2, 9)) - int(rng.integers(0, 2))
        tick += n_beats * TICKS_PER_BEAT
        at_s += n_beats * 60.0 / bpm
    return TimingMap(tuple(anchors))


def _paused(rng: Rng) -> TimingMap:
    """Stops and delays of up to a second between stretches of some bars."""
    bpm, meter = _bpm(rng), 4
    anchors, tick, at_s = [Anchor(0, 0.25, bpm, meter, bar=True)], 0, 0.25
    while at_s < 60.0:
        n_beats = meter * int(rng.integers(2, 9))
        tick += n_beats * TICKS_PER_BEAT
        at_s += n_beats * 60.0 / bpm
        anchors.append(Anchor(tick, at_s, bpm, meter))
        at_s += round(float(rng.uniform(0.05, 1.0)), 3)
        cause = (Cause.STOP, Cause.DELAY)[int(rng.integers(2))]
        anchors.append(Anchor(tick, at_s, bpm, meter, cause=cause))
    return TimingMap(tuple(anchors))


# Sections --------------------------------------------------------------------------------


def section(seed: int, number: int, where: Ground, request: GenerateRequest) -> GenerateRequest:
    """One section to be redrawn.

    Parameters
    ----------
    seed : int
        Of the whole run.
    number : int
        Of the section in the run.
    where : Ground
    request : GenerateRequest
        The context's own, with the notes that came of it in its chart.
    """
    rng = np.random.default_rng([seed, where.number, number])
    start, end = _range(rng, request)
    locks, lanes = _locks(rng, where.mode)
    asked: dict[str, Any] = {
        "start": start,
        "end": end,
        "level": _level(rng, where.mode),
        "grid": int(rng.choice(_GRIDS)),
        "seed": int(rng.integers(2**31)),
        "n_candidates": int(rng.choice((1, 1, 1, 1, 2))),
        "locks": locks,
        "lanes": lanes,
        "keep": _keep(rng, request.timing, start, end) if rng.random() < 0.3 else (),
        "cut_holds": bool(rng.random() < 0.5),
    }
    if rng.random() < 0.1 and "rhythm" not in locks:
        asked["density"] = ((start, end, round(float(rng.uniform(0.2, 4.0)), 2)),)
    return replace(request, **asked)


def _level(rng: Rng, mode: Mode) -> float | None:
    low, high = mode.level_range
    return None if rng.random() < 0.25 else round(float(rng.uniform(low, high)), 2)


def _range(rng: Rng, request: GenerateRequest) -> tuple[int, int]:
    """Bars, or beats, or any ticks; often with an edge in the midst of a held note."""
    timing = request.timing
    first = timing.position(request.start).measure
    last = max(timing.position(request.end - 1).measure, first)
    measure = int(rng.integers(first, last + 1))
    n_bars = round(MOST_BARS ** float(rng.random()))
    start, end = timing.measure_start(measure), timing.measure_start(measure + n_bars)
    way = rng.random()
    if way < 0.4:
        held = [n for n in request.chart.notes if n.end > n.tick + 1]
        if held:
            note = held[int(rng.integers(len(held)))]
            inside = int(rng.integers(note.tick + 1, note.end))
            snapped = timing.snap(inside, 4)
            edge = snapped if note.tick < snapped < note.end else inside
            start, end = (edge, edge + end - start) if way < 0.2 else (edge - (end - start), edge)
    elif way < 0.6:
        shift = int(rng.integers(1, 4)) * TICKS_PER_BEAT
        start, end = start + shift, end + shift
    elif way < 0.7:
        start, end = (edge + int(rng.integers(0, TICKS_PER_BEAT)) for edge in (start, end))
    start = min(max(start, request.start), request.end - 1)
    return start, max(min(end, request.end), start + 1)


def _keep(rng: Rng, timing: TimingMap, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """One to three bars of the range."""
    lines = timing.lines(start, end).tolist()
    if len(lines) < 2:
        return ()
    chosen = rng.choice(len(lines), min(int(rng.integers(1, 4)), len(lines) - 1), replace=False)
    measures = sorted(timing.position(lines[i]).measure for i in chosen.tolist())
    return tuple((timing.measure_start(m), timing.measure_start(m + 1)) for m in measures)


def _locks(rng: Rng, mode: Mode) -> tuple[frozenset[str], frozenset[int]]:
    locks, n_lanes = _LOCKS[int(rng.integers(len(_LOCKS)))], len(mode.layout.lanes)
    if n_lanes < 2:
        return locks - {"lanes"}, frozenset()
    if "lanes" not in locks or rng.random() < 0.4:
        return locks, frozenset()
    chosen = rng.choice(n_lanes, int(rng.integers(1, n_lanes)), replace=False)
    return locks, frozenset(chosen.tolist())


def held_over(chart: Chart, tick: int) -> bool:
    """Whether a lane is held across a tick."""
    return any(n.tick < tick < n.end for n in chart.notes if isinstance(n, LaneNote))

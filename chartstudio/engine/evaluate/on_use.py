"""Measures of what a user meets: levels, locks, raw audio, speed."""

from __future__ import annotations

import sys
from dataclasses import replace
from time import perf_counter

import numpy as np

from chartstudio.core.job import Job
from chartstudio.core.note import slice_notes, ticks_of
from chartstudio.core.ticks import SNAPS, Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.evaluate import nulls
from chartstudio.engine.evaluate.levels import within_tolerance
from chartstudio.engine.evaluate.objects import notes_per_s
from chartstudio.engine.evaluate.on_context import on_lines
from chartstudio.engine.evaluate.times import WITHIN_S, Seconds, f1
from chartstudio.engine.evaluate.trial import Found, Trial

_REDRAWN_BARS = 8
_N_CANDIDATES = 4


def level(trial: Trial) -> Job[Found]:
    """The level of a draft for which the human chart's own was asked."""
    candidate = yield from trial.free()
    case, found = trial.case, Found()
    asked, reached = trial.level, candidate.level_reached
    counted = [n for n in candidate.notes if case.mode.counts(n)]
    human = notes_per_s(case.notes, case.timing)
    ratio = notes_per_s(counted, case.timing) / max(human, 1e-9)
    found.add("level_miss", reached - asked)
    found.add("level_abs_miss", abs(reached - asked))
    found.add("level_within", float(within_tolerance(case.mode, asked, reached, ratio)))
    return found


def own_timing(trial: Trial) -> Job[Found]:
    """A draft on the timing that we find ourselves; 0 where none is found."""
    case, found = trial.case, Found()
    tempo = yield from trial.song.tempo()
    true = yield from trial.fixed()
    timing = tempo.timing()
    seconds, metro = np.zeros(0), np.zeros(0)
    if timing is not None:
        start, end = _range_on(timing, trial)
        lines = timing.lines(start, end, trial.grid)
        at_s = np.atleast_1d(timing.seconds_at(lines))
        lines = lines[(at_s >= 0) & (at_s < trial.song.audio.duration_s)]
        n = min(len(case.times), len(lines))
        request = trial.request(timing=timing, start=start, end=end, n_times=n)
        draft = yield from trial.draft("own timing", request)
        seconds = _seconds(timing, np.unique(ticks_of(draft.candidates[0].notes)))
        metro = _seconds(timing, nulls.metro_fill(lines, timing, n))
    for within_s in WITHIN_S:
        found.add(
            f"own_timing_f1_{within_s * 1000:.0f}ms",
            f1(seconds, case.true_s, within_s),
            true_timing=f1(trial.seconds(true.ticks), case.true_s, within_s),
            metro_fill=f1(metro, case.true_s, within_s),
        )
    return found


def _range_on(timing: TimingMap, trial: Trial) -> tuple[int, int]:
    """The measures of another timing that hold the human's notes."""
    first, last = (int(timing.tick_at(float(s))) for s in trial.case.true_s[[0, -1]])
    start = timing.measure_start(timing.position(first).measure)
    return start, timing.measure_start(timing.position(last).measure + 1)


def _seconds(timing: TimingMap, ticks: Ticks) -> Seconds:
    return np.atleast_1d(timing.seconds_at(ticks))


def safety(trial: Trial) -> Job[Found]:
    """What went wrong in all drafts so far, one with all times locked among them."""
    yield from trial.fixed()
    yield from trial.free()
    locked = on_lines(trial, trial.case.times)
    only = tuple(locked.tolist())
    heard = np.isin(locked, trial.lines(SNAPS[-1]))
    request = trial.request(only=only, grid=SNAPS[-1], n_times=int(heard.sum()))
    draft = yield from trial.draft("locked", request)
    written = np.unique(ticks_of(draft.candidates[0].notes))
    tally, found = trial.tally, Found()
    tally.n_broken += len(np.setxor1d(written, locked[heard]))
    found.add("errors", tally.n_errors)
    found.add("off_grid", tally.n_off_grid)
    found.add("broken_locks", tally.n_broken)
    found.add("illegal_borders", tally.n_borders)
    found.add("drafts", tally.n_drafts)
    return found


def speed(trial: Trial) -> Job[Found]:
    """How long a whole draft took, and how fast eight bars are redrawn."""
    yield from trial.fixed()
    found, bars = Found(), trial.case.bars
    minutes = (trial.seconds(bars.edges[[0, -1]]) / 60).tolist()
    length_min = max(minutes[1] - minutes[0], 1e-9)
    seconds = trial.seconds_of("fixed")
    found.add("draft_s_per_min", seconds["draft"] / length_min)
    if trial.first:
        found.add("features_s_per_min", seconds["features"] / length_min)
    middle = max(len(bars) // 2 - _REDRAWN_BARS // 2, 0)
    start, end = (int(t) for t in bars.edges[[middle, min(middle + _REDRAWN_BARS, len(bars))]])
    kept = [n for n in trial.case.chart.notes if not start <= n.tick < end]
    hidden = slice_notes(trial.case.chart.notes, start, end)
    request = trial.request(
        chart=replace(trial.blank, notes=tuple(kept)),
        start=start,
        end=end,
        n_times=max(len(np.unique(ticks_of(hidden))), 1),
        n_candidates=_N_CANDIDATES,
    )
    started = perf_counter()
    draft = yield from trial.draft("redrawn", request)
    found.add("candidates_per_s", len(draft.candidates) / max(perf_counter() - started, 1e-9))
    memory = peak_memory_mb()
    if memory is not None:
        found.add("memory_mb", memory)
    return found


def peak_memory_mb() -> float | None:
    """Most memory that this process has held, in MB; None where the system does not say."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6

"""One song at a time: made, listened to by the finder and by its rival, judged.

Made to run in several processes: what comes back holds numbers only.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio.decode import Audio
from chartstudio.core.job import Job
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.beats import find_tempo
from chartstudio.engine.requests import Tempo, TimingRequest
from chartstudio.engine.timing_bench import measure, rival
from chartstudio.engine.timing_bench.measure import Changing, Reading, Steady
from chartstudio.engine.timing_bench.plans import CHANGING, NOTHING_FOLLOWED
from chartstudio.engine.timing_bench.song import BenchSong, Plan


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one of the two made of a song.

    Attributes
    ----------
    seconds : float
        Wall time, for three minutes of sound.
    steady : Steady, optional
        For songs with one tempo.
    changing : Changing, optional
        For the others.
    text : str
        What it said, for the list of misses.
    downbeat : bool, optional
        Whether the offset is the start of a true measure; None where that was not asked.
    is_made_up : bool
        A tempo was found where there is none.
    """

    seconds: float
    steady: Steady | None = None
    changing: Changing | None = None
    text: str = ""
    downbeat: bool | None = None
    is_made_up: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A song and both verdicts.

    Attributes
    ----------
    longest_step_s : float
        The longest single step of the finder's job: how late a cancel can come.
    """

    name: str
    family: str
    bpm: float
    ours: Verdict
    theirs: Verdict | None = None
    longest_step_s: float = 0.0


def judged(plan: Plan, data_dir: Path, with_rival: bool) -> Result:
    """Make a song, have it timed, compare with the truth.

    Parameters
    ----------
    plan : Plan
    data_dir : Path
    with_rival : bool
        Whether librosa listens too.
    """
    song = plan.make(data_dir)
    audio = Audio(song.samples[None], song.rate_hz, "made for the benchmark")
    request = TimingRequest(audio, variable=plan.family in (*CHANGING, NOTHING_FOLLOWED))
    tempo, seconds, longest_s = _timed(find_tempo(request))
    scale = 180.0 / song.duration_s
    ours = _verdict(plan, song, tempo, seconds * scale)
    theirs = None
    if with_rival and song.truth is not None:
        started = time.perf_counter()
        found_s = rival.beats(song)
        theirs = _rival_verdict(plan, song, found_s, (time.perf_counter() - started) * scale)
    bpm = song.truth.anchors[0].bpm if song.truth else 0.0
    return Result(plan.name, plan.family, bpm, ours, theirs, longest_s)


def _end_s(song: BenchSong) -> float:
    """Until when beats are heard."""
    return min(song.last_s, song.duration_s - 1.0)


def _timed(job: Job[Tempo]) -> tuple[Tempo, float, float]:
    started = last = time.perf_counter()
    longest_s = 0.0
    while True:
        try:
            next(job)
        except StopIteration as stop:
            now = time.perf_counter()
            return stop.value, now - started, max(longest_s, now - last)
        now = time.perf_counter()
        longest_s, last = max(longest_s, now - last), now


def _verdict(plan: Plan, song: BenchSong, tempo: Tempo, seconds: float) -> Verdict:
    said = ", ".join(f"{c.bpm:.3f} ({c.score:.2f})" for c in tempo.candidates[:3])
    if song.truth is None:
        found = bool(tempo.candidates or tempo.anchors)
        return Verdict(seconds, text=said or tempo.message, is_made_up=found)
    if plan.family in CHANGING:
        timing = tempo.timing()
        found_s = np.empty(0)
        if timing is not None:
            first, last = timing.tick_at(0.0), timing.tick_at(song.duration_s)
            ticks = np.arange(first // TICKS_PER_BEAT, last // TICKS_PER_BEAT + 1, dtype=np.int64)
            found_s = timing.seconds_at(ticks * TICKS_PER_BEAT)
        judged = measure.changing(song.truth, _end_s(song), found_s, len(tempo.anchors))
        shown = ", ".join(f"{a.bpm:.2f} at {a.seconds:.1f} s" for a in tempo.anchors[:6])
        return Verdict(seconds, changing=judged, text=shown or tempo.message)
    readings = [Reading(c.bpm, c.offset_s) for c in tempo.candidates]
    steady = measure.steady(song.truth, song.duration_s, readings)
    downbeat = None
    if steady.place:
        c = tempo.candidates[steady.place - 1]
        downbeat = measure.is_downbeat(song.truth, c.offset_s, c.meter)
    return Verdict(seconds, steady=steady, text=said or tempo.message, downbeat=downbeat)


def _rival_verdict(
    plan: Plan, song: BenchSong, found_s: NDArray[np.float64], seconds: float
) -> Verdict:
    assert song.truth is not None
    if plan.family in CHANGING:
        return Verdict(seconds, changing=measure.changing(song.truth, _end_s(song), found_s, 0))
    lines = measure.line(found_s)
    said = ", ".join(f"{r.bpm:.3f}" for r in lines)
    return Verdict(seconds, steady=measure.steady(song.truth, song.duration_s, lines), text=said)

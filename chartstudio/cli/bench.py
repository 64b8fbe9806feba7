"""The bench command: the figures that the program promises, measured on this machine.

Each figure is the median of several runs in one process, so that two versions can be
compared side by side. Drafts run as the window runs them: one core is left to it, the model
is loaded, features are computed anew.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from chartstudio.audio import mix
from chartstudio.audio.decode import Audio, decode
from chartstudio.audio.peaks import Peaks
from chartstudio.cli.console import Console
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.document import Document
from chartstudio.engine.requests import Draft, GenerateRequest
from chartstudio.library.demo import demo_song, demo_source
from chartstudio.modes import MODES

if TYPE_CHECKING:
    from chartstudio.engine.service import Engine

N_RUNS = 5


@dataclass(frozen=True, slots=True)
class Drafting:
    """How one drafting went, in seconds."""

    total_s: float
    first_notes_s: float
    longest_step_s: float


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's command to the parser."""
    bench = commands.add_parser("bench", parents=[shared], help="measure this machine")
    bench.add_argument("--only", choices=tuple(FIGURES), metavar="NAME", help=", ".join(FIGURES))
    bench.set_defaults(run=_bench, print=_print)


def _bench(args: argparse.Namespace, console: Console) -> dict[str, Any]:
    figures = {}
    for name, measure in FIGURES.items():
        if args.only in (None, name):
            console.say(f"measuring {name}")
            figures[name] = round(measure(), 3)
    return {"figures": figures, "machine": machine()}


def _print(answer: dict[str, Any]) -> None:
    for name, value in answer["figures"].items():
        print(f"{name:24} {value:10.3f}")
    print(answer["machine"])


def machine() -> str:
    """What the figures were measured on."""
    system, python = platform.system(), platform.python_version()
    return f"{platform.machine()}, {os.cpu_count()} cores, {system}, Python {python}"


def _median(run: Callable[[], float], n_runs: int = N_RUNS) -> float:
    return statistics.median(run() for _ in range(n_runs))


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


# Editing ---------------------------------------------------------------------------------


@cache
def dense_song(n_notes: int = 10_000, seconds: float = 600.0) -> Song:
    """A song of so many notes, evenly spread over the lanes of dance-single."""
    timing = TimingMap.constant(150.0)
    step = int(timing.tick_at(seconds) / n_notes)
    notes = tuple(LaneNote(i * step, i * step, i * 7 % 4) for i in range(n_notes))
    return Song(timing=timing, charts=(Chart("dance-single", "Challenge", 12.0, notes),))


def _edit_10k_ms() -> float:
    document = Document(dense_song())
    note = LaneNote(5 * TICKS_PER_BEAT + 7, 5 * TICKS_PER_BEAT + 7, 1)

    def place_and_undo() -> float:
        took_s = _timed(lambda: document.apply("Place", edits.place(0, note)))
        document.undo()
        return took_s * 1000

    return _median(place_and_undo, 21)


def _check_10k_ms() -> float:
    song = dense_song()
    chart = song.charts[0]
    return _median(lambda: _timed(lambda: MODES[chart.mode].check(chart, song.timing)) * 1000, 7)


# Sound -----------------------------------------------------------------------------------


@cache
def _mp3_of_5_minutes() -> bytes:
    audio, _ = _song_of(300.0)
    target = io.BytesIO()
    soundfile.write(target, audio.samples.T, audio.rate_hz, format="MP3")
    return target.getvalue()


def _first_waveform_s() -> float:
    data = _mp3_of_5_minutes()
    return _median(lambda: _timed(lambda: _waveform(data)), 3)


def _waveform(mp3: bytes) -> Peaks:
    audio = decode(mp3, "song.mp3")
    return Peaks.of(audio.samples, audio.rate_hz)


def _tick_error_ms() -> float:
    """Greatest distance of a rendered tick from its note, over tempos and rates."""
    rate_hz, worst_s = 44_100, 0.0
    for bpm in (61.7, 128.0, 181.685):
        times_s = np.arange(0.25, 20.0, 60.0 / bpm)
        ticks = [mix.TickSound(t, "note", 1.0) for t in times_s.tolist()]
        rendered = mix.mix(np.zeros((1, 21 * rate_hz), np.float32), rate_hz, ticks)[0]
        starts = np.flatnonzero((rendered[1:] != 0) & (rendered[:-1] == 0)) + 1
        nearest = np.abs(times_s[:, None] - starts[None] / rate_hz).min(axis=1)
        worst_s = max(worst_s, float(nearest.max()))
    return worst_s * 1000


# Engine ----------------------------------------------------------------------------------


@cache
def _song_of(seconds: float) -> tuple[Audio, TimingMap]:
    """The demo song, repeated to a length."""
    audio, timing = demo_song()
    n = int(seconds * audio.rate_hz)
    times = -(-n // audio.samples.shape[1])
    samples = np.tile(audio.samples, (1, times))[:, :n]
    return Audio(samples, audio.rate_hz, audio.decoder), timing


@cache
def _engine() -> Engine:
    from chartstudio.engine.service import Engine

    engine = Engine(n_threads=max(1, (os.cpu_count() or 2) - 1))
    audio, timing = _song_of(20.0)
    end = timing.measure_start(5)
    _run(engine, GenerateRequest(audio, timing, Chart("dance-single"), 0, end, 5.0))
    return engine


def _run(engine: Engine, request: GenerateRequest) -> Drafting:
    job = engine.draft(request)
    started = last = time.perf_counter()
    first_notes_s, longest_s = 0.0, 0.0
    try:
        while True:
            step = next(job)
            now = time.perf_counter()
            longest_s, last = max(longest_s, now - last), now
            if step.partial and not first_notes_s:
                first_notes_s = now - started
    except StopIteration as stop:
        draft: Draft = stop.value
    if not draft.candidates:
        raise ChartStudioError("the engine drafted nothing; reinstall the base model")
    total_s = time.perf_counter() - started
    return Drafting(total_s, first_notes_s or total_s, longest_s)


@cache
def _drafts_of_3_minutes() -> tuple[Drafting, ...]:
    engine = _engine()
    runs = []
    for _ in range(3):
        audio, timing = _song_of(180.0)
        # A copy is another song to the engine, so nothing comes from its cache.
        fresh = Audio(audio.samples.copy(), audio.rate_hz, audio.decoder)
        end = timing.tick_at(audio.duration_s)
        runs.append(
            _run(engine, GenerateRequest(fresh, timing, Chart("dance-single"), 0, end, 9.0))
        )
    return tuple(runs)


def _median_draft(field: Callable[[Drafting], float]) -> float:
    return statistics.median(field(run) for run in _drafts_of_3_minutes())


def _redraw_s() -> float:
    engine = _engine()
    audio, timing = _song_of(180.0)
    start, end = timing.measure_start(17), timing.measure_start(25)
    chart = Chart("dance-single")
    request = GenerateRequest(audio, timing, chart, start, end, 9.0, n_candidates=4)
    _run(engine, request)
    return _median(lambda: _run(engine, request).total_s, 3)


def _rss_draft_mb() -> float:
    """Most memory this process has held, after a draft of three minutes."""
    if sys.platform == "win32":
        raise ChartStudioError("rss_draft_mb cannot be measured on Windows; leave it out")
    import resource

    _drafts_of_3_minutes()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


# Window ----------------------------------------------------------------------------------


def _first_paint_s() -> float:
    from chartstudio.gui import bench

    return _median(bench.first_paint_s, 3)


def _scroll_p95_ms() -> float:
    from chartstudio.gui import app
    from chartstudio.gui.timeline import bench

    app.make_app()
    return _median(lambda: bench.p95(bench.frame_times(300)), 3)


def _event_loop_p99_ms() -> float:
    from chartstudio.gui import bench

    source = demo_source(timed=True)
    source = replace(source, song=replace(source.song, charts=(Chart("dance-single", "9", 9.0),)))
    gaps = bench.event_loop_gaps_ms(source, _engine())
    return float(np.percentile(gaps, 99))


FIGURES: dict[str, Callable[[], float]] = {
    "first_paint_s": _first_paint_s,
    "first_waveform_s": _first_waveform_s,
    "scroll_p95_ms": _scroll_p95_ms,
    "event_loop_p99_ms": _event_loop_p99_ms,
    "draft_3min_s": lambda: _median_draft(lambda run: run.total_s),
    "first_notes_s": lambda: _median_draft(lambda run: run.first_notes_s),
    "redraw_8bars_4cand_s": _redraw_s,
    "cancel_ms": lambda: 1000 * _median_draft(lambda run: run.longest_step_s),
    "tick_error_ms": _tick_error_ms,
    "edit_10k_ms": _edit_10k_ms,
    "check_10k_ms": _check_10k_ms,
    "rss_draft_mb": _rss_draft_mb,
}
"""Every figure by its name; a cancelled job ends after the step that runs, at the longest."""

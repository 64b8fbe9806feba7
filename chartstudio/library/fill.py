"""Notes, levels and sound of the library's songs: the second, slow pass, done by workers.

Workers are processes of their own: a file that brings one down, or keeps it too long, is marked
as broken, and another worker takes its place. The catalog is written by the caller's process
alone, song by song, so that a filling that is cancelled or killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from chartstudio.audio.decode import decode
from chartstudio.core.errors import ChartStudioError, FormatError
from chartstudio.core.job import Job, Progress, part
from chartstudio.core.note import ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.formats import read_song
from chartstudio.formats.playable import counted, playable
from chartstudio.library import exclusions, twins
from chartstudio.library.catalog import Catalog
from chartstudio.library.describe import nps_peak
from chartstudio.library.entries import ChartEntry, Known, Sound
from chartstudio.library.exclusions import Reason
from chartstudio.library.fingerprint import fingerprint
from chartstudio.library.header import ChartHeader, header_of
from chartstudio.library.look import look
from chartstudio.library.places import open_place, stamp_now
from chartstudio.library.workers import Crash, Workers
from chartstudio.modes import MODES

VERSION = 1
"""Of the reading: songs that an older one has filled are filled again."""

SECTION_S = 10.0
"""Stretch of a song that a figure of `ChartEntry.density` is for."""

LONGEST_S = 180.0
"""How long a song may take before it is given up."""

_SPENT = 0.95


@dataclass(frozen=True, slots=True)
class Task:
    """A song to read."""

    path: Path
    inside: str
    stamp: str


@dataclass(frozen=True, slots=True)
class Filled:
    """What a worker has found.

    Parameters
    ----------
    charts : tuple of ChartEntry or None
        None where the notes could not be read.
    reasons : tuple of Reason
        Why the whole song is left out.
    sound : Sound or None
    """

    charts: tuple[ChartEntry, ...] | None
    reasons: tuple[Reason, ...]
    sound: Sound | None


@dataclass(slots=True)
class Report:
    """What a filling has done.

    Parameters
    ----------
    n_filled, n_broken : int
    n_twins : int
        Songs that sound like one before them.
    """

    n_filled: int = 0
    n_broken: int = 0
    n_twins: int = 0


def usual_workers() -> int:
    """As many as leave a core to the window."""
    return max(1, min(8, (os.cpu_count() or 2) - 1))


def fill(catalog: Catalog, n_workers: int | None = None) -> Job[Report]:
    """Read the notes and the sound of all songs of which they are not known.

    Parameters
    ----------
    catalog : Catalog
    n_workers : int, optional

    Returns
    -------
    Job of Report

    Raises
    ------
    ChartStudioError
        When the database cannot be written.
    """
    waiting = catalog.unfilled(VERSION)
    report = Report()
    if waiting:
        workers = Workers(read_task, min(len(waiting), n_workers or usual_workers()), LONGEST_S)
        yield from part(_fill(catalog, waiting, workers, report), 0.0, _SPENT)
    report.n_twins = yield from part(twins.refresh(catalog), _SPENT, 1.0)
    return report


def _fill(
    catalog: Catalog,
    waiting: Sequence[Known],
    workers: Workers[Task, Filled | None],
    report: Report,
) -> Job[None]:
    what = "Reading notes and sound"
    yield Progress(0.0, what)
    n_done = 0
    tasks = (Task(k.path, k.inside, k.stamp) for k in waiting)
    with workers:
        for number, result in workers.run(tasks):
            if number is not None:
                _note(catalog, waiting[number], result, report)
                n_done += 1
                what = f"Reading {waiting[number].path.name}"
            yield Progress(n_done / len(waiting), what)


def _note(catalog: Catalog, song: Known, result: Filled | Crash | None, report: Report) -> None:
    if result is None:
        # The file has changed since it was scanned; the next scan sees to it.
        return
    if isinstance(result, Crash):
        result = Filled(None, (exclusions.broken(result.what),), None)
    if catalog.put_filled(song, VERSION, result.charts, result.reasons, result.sound):
        report.n_filled += 1
        report.n_broken += any(r.id == "broken" for r in result.reasons)


# In the worker ---------------------------------------------------------------------------


def read_task(task: Task) -> Filled | None:
    """Read one song; None where it is not what was scanned any more."""
    if stamp_now(task.path) != task.stamp:
        return None
    try:
        files = open_place(task.path, task.inside)
        looked = look(files)
        song, _ = read_song(files)
    except ChartStudioError as error:
        return Filled(None, (exclusions.broken(str(error)),), None)
    except (MemoryError, RecursionError):
        return Filled(None, (exclusions.broken("it is too large to be read"),), None)
    opts_out = looked.opts_out or song.metadata.disallow_training
    header = replace(looked.header, charts=header_of(song, "").charts)
    reasons = list(exclusions.of_song(header, opts_out, looked.audio_found))
    sound = None
    if looked.audio_found:
        try:
            sound = _sound(files[song.audio], song.audio)
        except (ChartStudioError, MemoryError, KeyError) as error:
            what = f"its audio {song.audio} cannot be played: {_words(error)}"
            reasons.append(exclusions.broken(what))
    return Filled(tuple(_charts(song, looked.header.charts)), tuple(reasons), sound)


def _words(error: Exception) -> str:
    return error.what if isinstance(error, FormatError) else str(error) or type(error).__name__


def _sound(data: bytes, name: str) -> Sound:
    audio = decode(data, name)
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return Sound(
        round(audio.duration_s, 3), digest, fingerprint(audio.mono(), audio.rate_hz).tobytes()
    )


def _charts(song: Song, said: Sequence[ChartHeader]) -> Iterator[ChartEntry]:
    """The charts with their figures, each with what its header said and its notes do not."""
    left = list(said)
    for chart, own in zip(song.charts, header_of(song, "").charts, strict=True):
        names = (chart.mode, chart.name, chart.label)
        header = next((h for h in left if (h.mode, h.name, h.label) == names), None)
        if header is not None:
            left.remove(header)
            own = replace(
                header,
                charter=own.charter or header.charter,
                level=own.level,
                is_ai=own.is_ai or header.is_ai,
            )
        yield _entry(song, chart, own)
    for header in left:
        yield _entry_of(header, (exclusions.broken("its file is damaged or missing"),))


def _entry(song: Song, chart: Chart, header: ChartHeader) -> ChartEntry:
    timing = song.timing_of(chart)
    reasons = (*exclusions.of_header(header), *exclusions.of_chart(song, chart))
    entry = _entry_of(header, reasons)
    played = counted(chart) & playable(song, chart)
    if not played.any():
        return replace(entry, n_notes=0)
    ticks = ticks_of(chart.notes)[played]
    times_s = np.sort(timing.seconds_at(ticks))
    span_s = float(times_s[-1] - times_s[0])
    n_sections = min(int(max(times_s[-1], 0.0) // SECTION_S) + 1, 1000)
    edges_s = np.arange(n_sections + 1) * SECTION_S
    density = np.histogram(times_s, edges_s)[0] / SECTION_S
    mode = MODES.get(chart.mode)
    return replace(
        entry,
        estimate=round(float(mode.difficulty(chart, timing)), 3) if mode else None,
        n_notes=len(ticks),
        nps=round(len(ticks) / span_s, 3) if span_s > 0 else 0.0,
        nps_peak=nps_peak(ticks, timing),
        density=tuple(round(float(d), 2) for d in density),
    )


def _entry_of(header: ChartHeader, reasons: tuple[Reason, ...]) -> ChartEntry:
    return ChartEntry(
        header.mode, header.name, header.level, header.label, header.charter, reasons=reasons
    )

"""Human charts of a folder, song by song, and what of it cannot be judged.

Songs are read by the formats, as a user's are. Nothing is decoded before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from chartstudio.audio import decode
from chartstudio.audio.decode import Audio
from chartstudio.core.errors import ChartStudioError, FormatError
from chartstudio.core.mode import Mode
from chartstudio.core.note import Note
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.evaluate.bars import Bars
from chartstudio.engine.evaluate.patterns import Rows
from chartstudio.engine.evaluate.times import Seconds
from chartstudio.formats import FORMATS, Bundle, read_song
from chartstudio.formats.bundle import ARCHIVE_SUFFIXES
from chartstudio.modes import MODES

FEWEST_TIMES = 16
FEWEST_BARS = 8
"""Shorter charts say too little about anything."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in the folder that is not judged, and why."""

    song: str
    chart: str
    mode: str
    why: str


@dataclass(frozen=True)
class Case:
    """One human chart.

    Parameters
    ----------
    song : str
        Its folder's or archive's name.
    chart : Chart
    timing : TimingMap
    mode : Mode
    """

    song: str
    chart: Chart
    timing: TimingMap
    mode: Mode

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """What players count."""
        return tuple(n for n in self.chart.notes if self.mode.counts(n))

    @cached_property
    def rows(self) -> Rows:
        """What is played at each time."""
        return Rows.of(self.mode, self.chart.notes)

    @property
    def times(self) -> Ticks:
        """Distinct note times, in ticks."""
        return self.rows.ticks

    @cached_property
    def true_s(self) -> Seconds:
        """Distinct note times in seconds."""
        return np.atleast_1d(self.timing.seconds_at(self.times))

    @cached_property
    def level(self) -> float:
        """The mode's estimate of the human chart, in its unit."""
        return self.mode.difficulty(self.chart, self.timing)

    @cached_property
    def bars(self) -> Bars:
        """The measures from the first note to the last."""
        first, last = int(self.times[0]), int(self.times[-1])
        start = self.timing.measure_start(self.timing.position(first).measure)
        end = self.timing.measure_start(self.timing.position(last).measure + 1)
        return Bars(np.append(self.timing.lines(start, end), end))

    @property
    def start(self) -> int:
        """Where the first measure with notes starts, in ticks."""
        return int(self.bars.edges[0])

    @property
    def end(self) -> int:
        """Where the last measure with notes ends, in ticks."""
        return int(self.bars.edges[-1])

    def why_not(self, modes: Sequence[str]) -> str:
        """Why the chart cannot be judged; empty where it can."""
        if self.mode.id not in modes:
            return f"the model does not draft {self.mode.title}"
        if len(self.times) < FEWEST_TIMES:
            return f"fewer than {FEWEST_TIMES} note times"
        if len(self.bars) < FEWEST_BARS:
            return f"fewer than {FEWEST_BARS} measures"
        return ""


@dataclass(frozen=True)
class SongCases:
    """A song with those of its charts that are judged.

    Parameters
    ----------
    name : str
    cases : tuple of Case
        The hardest chart of each mode first.
    audio_name : str
    bundle : Bundle
        Where the audio is.
    """

    name: str
    cases: tuple[Case, ...]
    audio_name: str
    bundle: Bundle

    def audio(self) -> Audio:
        """Decode the song.

        Raises
        ------
        ChartStudioError
            When that cannot be done.
        """
        return decode.decode(self.bundle[self.audio_name], self.audio_name)


def find_songs(folder: Path, modes: Sequence[str], skipped: list[Skipped]) -> Iterator[SongCases]:
    """Songs below a folder that have charts to judge; what is left out is noted.

    Parameters
    ----------
    folder : Path
        A song's folder, or one with songs in it at any depth, archives included.
    modes : sequence of str
        Modes that the model drafts.
    skipped : list of Skipped
        Added to.

    Raises
    ------
    FormatError
        When there is no such folder.
    """
    if not folder.is_dir():
        raise FormatError(str(folder), None, "is no folder; name one with songs in it")
    for path in _song_paths(folder):
        name = path.name if path == folder else str(path.relative_to(folder))
        try:
            bundle = Bundle.open(path)
            song, _ = read_song(bundle)
        except ChartStudioError as error:
            skipped.append(Skipped(name, "", "", str(error)))
            continue
        if not song.charts:
            why = song.problems[0] if song.problems else "holds no chart"
            skipped.append(Skipped(name, "", "", why))
        cases = tuple(_cases(name, song, modes, skipped))
        if cases and (not song.audio or song.audio not in bundle):
            why = f"its audio {song.audio or ''} is missing".replace("  ", " ")
            skipped.append(Skipped(name, "", "", why))
        elif cases:
            yield SongCases(name, cases, song.audio, bundle)


def _cases(name: str, song: Song, modes: Sequence[str], skipped: list[Skipped]) -> Iterable[Case]:
    found = []
    for chart in song.charts:
        mode = MODES.get(chart.mode)
        if mode is None:
            skipped.append(Skipped(name, chart.name, chart.mode, "no mode that we know"))
            continue
        case = Case(name, chart, song.timing_of(chart), mode)
        why = case.why_not(modes)
        if why:
            skipped.append(Skipped(name, chart.name, chart.mode, why))
        else:
            found.append(case)
    return sorted(found, key=lambda c: (modes.index(c.mode.id), -c.level))


def _song_paths(folder: Path) -> Iterator[Path]:
    """Song folders and archives, in order; what lies inside a song's folder is its own."""
    suffixes = {s for f in FORMATS for s in f.suffixes} - set(ARCHIVE_SUFFIXES)
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    if any(p.suffix.lower() in suffixes for p in entries if p.is_file()):
        yield folder
        return
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            yield from _song_paths(entry)
        elif entry.suffix.lower() in ARCHIVE_SUFFIXES:
            yield entry

"""Everything that is wrong with a song, as the one list that window and command line show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from chartstudio.core import provenance
from chartstudio.core.mode import Severity
from chartstudio.core.song import Chart, Song
from chartstudio.formats.playable import effects_of
from chartstudio.modes import MODES


@dataclass(frozen=True, slots=True)
class SongIssue:
    """An issue with its place in the song.

    Parameters
    ----------
    chart : int or None
        Index of the chart; None when it concerns the song.
    id : str
    severity : {"error", "warning", "hint"}
    text : str
    tick, end : int
    start_s, end_s : float
    fix : callable, optional
        ``Chart -> Chart``, where that is safe.
    """

    chart: int | None
    id: str
    severity: Severity
    text: str
    tick: int = 0
    end: int = 0
    start_s: float = 0.0
    end_s: float = 0.0
    fix: Callable[[Chart], Chart] | None = None


def issues(song: Song, audio_found: bool = True) -> tuple[SongIssue, ...]:
    """All issues: the song's own first, then chart by chart in order of time.

    Parameters
    ----------
    song : Song
    audio_found : bool
        Whether the audio file that the song names is there.
    """
    return (*_of_song(song, audio_found), *_of_charts(song))


def _of_song(song: Song, audio_found: bool) -> Iterator[SongIssue]:
    if not song.audio:
        yield SongIssue(None, "no-audio", "warning", "The song names no audio file; choose one")
    elif not audio_found:
        text = f"The audio file {song.audio} is missing; locate it"
        yield SongIssue(None, "audio-missing", "warning", text)
    for problem in song.problems:
        yield SongIssue(None, "reading", "warning", problem)


def _of_charts(song: Song) -> Iterator[SongIssue]:
    for index, chart in enumerate(song.charts):
        mode = MODES.get(chart.mode)
        if mode is None:
            text = f"{chart.mode} cannot be edited yet; the chart is kept as it is"
            yield SongIssue(index, "unknown-mode", "hint", text)
            continue
        timing = song.timing_of(chart)
        # A check sees all that is in force; its fix is for the chart as it is.
        in_force = replace(chart, effects=effects_of(song, chart)) if song.effects else chart
        for issue in mode.check(in_force, timing):
            yield SongIssue(
                index,
                issue.id,
                issue.severity,
                issue.text,
                issue.tick,
                issue.end,
                timing.seconds_at(issue.tick),
                timing.seconds_at(issue.end),
                issue.fix,
            )


def fixed(song: Song, issues: Iterable[SongIssue]) -> Song:
    """The song without these issues, as far as their checks know a safe way.

    Parameters
    ----------
    song : Song
    issues : iterable of SongIssue
        Found in this song; those without a fix are passed over.
    """
    for issue in issues:
        if issue.fix is None or issue.chart is None or issue.chart >= len(song.charts):
            continue
        old = song.charts[issue.chart]
        new = issue.fix(old)
        if new != old:
            song = song.with_chart(issue.chart, provenance.touched(old, new))
    return song

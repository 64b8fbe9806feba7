"""Issues and estimated levels, kept up to date behind the window as the song is edited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from chartstudio.core.job import Job, Progress
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor.checks import SongIssue, issues
from chartstudio.editor.document import Change
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.text import tr
from chartstudio.modes import MODES

_PAUSE_MS = 250
"""How long the hand must rest before the song is checked again."""


class Checker(QObject):
    """Runs the checks on the io lane after edits and holds what they found.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    audio_found : callable
        Whether the song's audio is there; asked when a check starts.
    """

    changed = Signal()
    levels_changed = Signal()

    def __init__(self, bridge: Bridge, jobs: Jobs, audio_found: Callable[[], bool]) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._audio_found = audio_found
        self._running: Handle | None = None
        self.issues: tuple[SongIssue, ...] = ()
        self.levels: tuple[float | None, ...] = ()
        self._rated: tuple[_Rated, ...] = ()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.check_now)
        bridge.changed.connect(self._on_change)

    @property
    def up_to_date(self) -> bool:
        """Whether the issues are those of the song as it is now."""
        return not self._pause.isActive() and (self._running is None or not self._running.active)

    def recheck(self) -> None:
        """Check again once the hand rests."""
        self._pause.start()

    def check_now(self) -> None:
        """Check again at once; a check that still runs is given up."""
        self._pause.stop()
        if self._running is not None:
            self._running.cancel()
        song, found, rated = self._document.song, self._audio_found(), self._rated
        self._running = self._jobs.submit(
            Lane.IO, lambda: _check_job(song, found, rated), on_done=self._on_done
        )

    def stop(self) -> None:
        """Check no more."""
        self._pause.stop()

    def _on_change(self, change: Change) -> None:
        if change.origin == "open" or len(change.new.charts) != len(change.old.charts):
            self.levels = ()
        if change.origin == "open":
            self._show(())
        if change.new is not change.old:
            self.recheck()

    def _on_done(self, found: tuple[tuple[SongIssue, ...], tuple[_Rated, ...]]) -> None:
        issues_found, self._rated = found
        self.levels = tuple(r.level for r in self._rated)
        self._show(issues_found)
        self.levels_changed.emit()

    def _show(self, found: tuple[SongIssue, ...]) -> None:
        self.issues = found
        self.changed.emit()


@dataclass(frozen=True, slots=True)
class _Rated:
    """A chart's estimated level; None where the author's own stands, or there is none."""

    chart: Chart
    timing: TimingMap
    level: float | None


def _check_job(
    song: Song, audio_found: bool, before: tuple[_Rated, ...]
) -> Job[tuple[tuple[SongIssue, ...], tuple[_Rated, ...]]]:
    yield Progress(0.0, tr("Checking"))
    found = issues(song, audio_found)
    known = {(id(r.chart), id(r.timing)): r for r in before}
    rated = []
    for chart in song.charts:
        yield Progress(0.5, tr("Checking"))
        timing = song.timing_of(chart)
        rated.append(known.get((id(chart), id(timing))) or _rated(chart, timing))
    return found, tuple(rated)


def _rated(chart: Chart, timing: TimingMap) -> _Rated:
    mode = MODES.get(chart.mode)
    unknown = chart.level is None and mode is not None and mode.estimator and chart.notes
    return _Rated(chart, timing, mode.difficulty(chart, timing) if unknown else None)

"""Keeps unsaved work where a crash cannot reach it, and brings it back after one.

Every edit reaches the journal within a second, written on the io lane. What is saved, or
closed on purpose, is taken out of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress
from chartstudio.editor import journal
from chartstudio.editor.document import Change
from chartstudio.editor.journal import Journal, Lost
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.files import SongFiles
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.text import one_line, tr
from chartstudio.library.source import Source, open_source

_PAUSE_MS = 800


class Keeper(QObject):
    """The journal of one window.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    files : SongFiles
        Knows where the song came from.
    """

    changed = Signal()
    """What can be recovered."""
    message = Signal(str)

    def __init__(self, bridge: Bridge, jobs: Jobs, files: SongFiles) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._files = files
        self.make_journal: Callable[[], Journal] = Journal
        self._journal: Journal | None = None
        self._failed = False
        self._writing: Handle | None = None
        self._is_empty = True
        self.lost: tuple[Lost, ...] = ()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self.write_now)
        bridge.changed.connect(self._on_change)

    def _on_change(self, change: Change) -> None:
        # Started, not restarted: a hand that never rests must not keep the journal waiting.
        differs = self._document.modified or not self._is_empty
        if differs and not self._failed and not self._later.isActive():
            self._later.start()

    def write_now(self) -> None:
        """Write the song as it is into the journal, or clear it when all is saved."""
        self._later.stop()
        if self._writing is not None and self._writing.active:
            # A journal is not for two threads at once.
            self._later.start()
            return
        document, origin = self._document, self._files.origin
        song, format_id, unsaved = document.song, document.format_id, document.modified
        self._is_empty = not unsaved

        def job() -> Job[None]:
            yield Progress(0.0, tr("Keeping unsaved work"))
            if self._journal is None:
                self._journal = self.make_journal()
            if unsaved:
                self._journal.record(song, origin, format_id)
            else:
                self._journal.clear()

        self._writing = self._jobs.submit(Lane.IO, lambda: _told_once(job()), on_done=self._on_done)

    def _on_done(self, problem: str) -> None:
        if problem:
            self._failed = True
            self.message.emit(tr("Unsaved work is not kept: {why}", why=problem))

    def close(self) -> None:
        """Take the journal away: the window closes on purpose. Call it after the lanes end."""
        self._later.stop()
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    # After a crash -----------------------------------------------------------------------

    def look(self) -> None:
        """Look, on the io lane, for what crashes left behind."""

        def job() -> Job[tuple[Lost, ...]]:
            yield Progress(0.0, tr("Looking for unsaved work"))
            return journal.abandoned()

        def done(lost: tuple[Lost, ...]) -> None:
            self.lost = lost
            self.changed.emit()
            if lost:
                self.message.emit(tr("There is unsaved work of an earlier run: File, Recover"))

        self._jobs.submit(Lane.IO, job, on_done=done)

    def recover(self, lost: Lost) -> None:
        """Open what a crash left behind; it counts as unsaved."""

        def done() -> None:
            journal.forget(lost)
            self.lost = tuple(other for other in self.lost if other != lost)
            self.changed.emit()

        self._files.open_source(lambda: _recovered(lost), done)


def _told_once(job: Job[None]) -> Job[str]:
    """Run a job of the journal; what it says when the disk refuses is its result.

    A journal that cannot be written must not stop the work it is there to protect.
    """
    try:
        yield from job
    except (OSError, sqlite3.Error) as error:
        return one_line(error)
    return ""


def _recovered(lost: Lost) -> Source:
    song, origin = journal.restore(lost), Path(lost.origin)
    assets: Mapping[str, bytes] = {}
    try:
        assets = open_source(origin).assets if lost.origin else {}
    except ChartStudioError:
        # The song is whole without them; the list of issues says that the audio is missing.
        assets = {}
    return Source(origin, song, lost.format_id or None, assets)

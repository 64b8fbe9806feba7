"""Writing the song for a game from the window: which format, where, what is lost, how far.

Knows the document, its files and the io lane; knows no widget.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress
from chartstudio.formats import Loss, find_format, losses
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.files import SongFiles
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.text import one_line, tr
from chartstudio.library.export import ARCHIVES, Exported, export, folder_name


class Exporter(QObject):
    """The one export of the window.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    files : SongFiles
    preferences : Preferences
        Remembers the folder.
    """

    changed = Signal()
    message = Signal(str)

    def __init__(
        self, bridge: Bridge, jobs: Jobs, files: SongFiles, preferences: Preferences
    ) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._files = files
        self._preferences = preferences
        self._running: Handle | None = None
        self.format_id = "ssc"
        self.progress: Progress | None = None
        self.result: Exported | None = None

    @property
    def running(self) -> bool:
        """Whether an export runs."""
        return self._running is not None and self._running.active

    @property
    def folder(self) -> Path:
        """Under which folder exports are put."""
        stored = self._preferences.now.export_folder
        return Path(stored) if stored else Path.home() / "ChartStudio exports"

    def set_folder(self, folder: Path) -> None:
        """Put exports there from now on."""
        self._preferences.set(export_folder=str(folder))
        self.changed.emit()

    def set_format(self, format_id: str) -> None:
        """Choose the format."""
        self.format_id = format_id
        self.result = None
        self.changed.emit()

    @property
    def target(self) -> Path:
        """Where the files will be: the song's own folder, or that of its archive."""
        name = folder_name(self._document.song)
        return self.folder if self.format_id in ARCHIVES else self.folder / name

    def losses(self) -> tuple[Loss, ...]:
        """What the format cannot hold of the song as it is now."""
        return tuple(losses(self._document.song, self.format_id))

    def refusal(self) -> str:
        """Why the song cannot be exported at all; empty when it can."""
        song = self._document.song
        if not song.charts:
            return tr("There is no chart to export yet. Draft one, or add an empty one.")
        try:
            find_format(self.format_id).refuse_other_modes(song)
        except ChartStudioError as error:
            return one_line(error)
        return ""

    @property
    def can_start(self) -> bool:
        """Whether the song can be exported now."""
        return not self.running and not self.refusal()

    def start(self) -> None:
        """Write the files; what the format cannot hold has been shown before."""
        if self.running:
            return
        song, format_id, target = self._document.song, self.format_id, self.target
        files = self._files

        def job() -> Job[Exported]:
            yield Progress(0.0, tr("Reading the song's files"))
            return (yield from export(song, files.assets(song), format_id, target))

        self.result = None
        self.progress = Progress(0.0, tr("Waiting"))
        self._running = self._jobs.submit(
            Lane.IO, job, self._on_progress, self._on_done, lambda error: self._stop()
        )
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; nothing that is half written stays."""
        if self.running and self._running is not None:
            self._running.cancel()
            self.message.emit(tr("Export cancelled"))
        self._stop()

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    def _on_done(self, result: Exported) -> None:
        self.result = result
        self._stop()
        self.message.emit(
            tr("Exported {n} files to {folder}", n=len(result.files), folder=self.target)
        )

    def _stop(self) -> None:
        self._running = None
        self.progress = None
        self.changed.emit()

"""Writing the song for a game from the window: which format, where, what is lost, how far.

First a plan is made on the io lane, whose losses the panel shows; only then can it be carried
out. Knows the document, its files and the io lane; knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress
from chartstudio.core.song import Song
from chartstudio.editor.document import Change
from chartstudio.formats import FORMATS, find_format
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.files import SongFiles
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.text import one_line, tr
from chartstudio.library import sync
from chartstudio.library.export import Exported, Plan, carry_out, folder_name, plan


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """What an export would do, or why it cannot; for one song, format and sync.

    Parameters
    ----------
    song : Song
    format_id, sync : str
    plan : Plan or None
    refusal : str
        Why there is no plan.
    """

    song: Song
    format_id: str
    sync: str
    plan: Plan | None
    refusal: str = ""


class Exporter(QObject):
    """The one export of the window.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    files : SongFiles
    preferences : Preferences
        Remembers the folder, and the sync of songs that were timed here.
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
        self._looking: Handle | None = None
        self._prospect: Prospect | None = None
        self._shown: Prospect | None = None
        self._kept_sync = sync.KEEP
        self.format_id = "ssc"
        self.progress: Progress | None = None
        self.result: Exported | None = None
        bridge.changed.connect(self._on_change)

    def _on_change(self, change: Change) -> None:
        if change.origin == "open":
            self.result = None
            self._kept_sync = sync.KEEP
            self.format_id = self._usual_format(change.new)
            self.changed.emit()

    def _usual_format(self, song: Song) -> str:
        """The format that the song came in, else one that holds its charts."""
        modes = {chart.mode for chart in song.charts}
        for format_id in (self._document.format_id, self.format_id, *(f.id for f in FORMATS)):
            known = find_format(format_id) if format_id else None
            if known is not None and known.modes is not None and modes <= set(known.modes):
                return known.id
        return self.format_id

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
    def has_sync(self) -> bool:
        """Whether the format has several customs of placing beats against the sound."""
        return sync.has_choice(find_format(self.format_id))

    @property
    def sync(self) -> str:
        """The custom to export with, an id of `sync.SYNCS`.

        A song that came from such files is kept as it is until the author asks for another,
        for this song alone; for songs that were timed here the choice is remembered.
        """
        usual = sync.usual(self._document.song, self._preferences.now.sync)
        return self._kept_sync if usual == sync.KEEP else usual

    def set_sync(self, sync_id: str) -> None:
        """Choose the custom to export with."""
        if sync.came_with_choice(self._document.song):
            self._kept_sync = sync_id
        else:
            self._preferences.set(sync=sync_id)
        self.changed.emit()

    def note_itg(self, itg: bool) -> None:
        """Note whether the song came with ITG sync; one undo step, no time changes."""
        self._document.apply(tr("Note the song's sync"), sync.marked_itg(itg))

    @property
    def target(self) -> Path:
        """Where the files will be: the song's own folder, or that of its archive."""
        if find_format(self.format_id).needs.archive:
            return self.folder
        return self.folder / folder_name(self._document.song)

    # Planning ----------------------------------------------------------------------------

    @property
    def prospect(self) -> Prospect | None:
        """What an export of the song as it is now would do; None while that is not known."""
        held = self._prospect
        if held is None or held.song is not self._document.song:
            return None
        asked = (self.format_id, self.sync)
        return held if (held.format_id, held.sync) == asked else None

    def look(self, then: Callable[[Prospect], object] | None = None) -> None:
        """Find out what an export would do; ``then`` is called once that is known."""
        known = self.prospect
        if known is not None:
            if then is not None:
                then(known)
            return
        if self._looking is not None:
            self._looking.cancel()
        song, format_id, synced = self._document.song, self.format_id, self.sync
        assets, source = self._files.surroundings, self._document.format_id

        def job() -> Job[Prospect]:
            yield Progress(0.0, tr("Looking at what the format can hold"))
            try:
                made = plan(song, assets(song), format_id, source, synced)
            except ChartStudioError as error:
                return Prospect(song, format_id, synced, None, one_line(error))
            return Prospect(song, format_id, synced, made)

        def done(found: Prospect) -> None:
            self._prospect = found
            self.changed.emit()
            if then is not None:
                then(found)

        self._looking = self._jobs.submit(Lane.IO, job, on_done=done)

    def note_shown(self, prospect: Prospect) -> None:
        """The losses of a prospect have been read, or could have been."""
        self._shown = prospect

    def was_shown(self, prospect: Prospect) -> bool:
        """Whether its losses stood on the screen, or it has none."""
        return prospect is self._shown or prospect.plan is None or not prospect.plan.losses

    def refusal(self) -> str:
        """Why the song cannot be exported at all, as far as that is known."""
        if not self._document.song.charts:
            return tr("There is no chart to export yet. Draft one, or add an empty one.")
        return "" if self.prospect is None else self.prospect.refusal

    @property
    def can_start(self) -> bool:
        """Whether the song can be exported now."""
        return not self.running and not self.refusal()

    # Writing -----------------------------------------------------------------------------

    def start(self) -> None:
        """Write the files, whatever is lost; for callers who have shown that."""
        self.look(self.carry_out)

    def carry_out(self, prospect: Prospect) -> None:
        """Write what was planned.

        Raises
        ------
        ChartStudioError
            When nothing can be.
        """
        made, target = prospect.plan, self.target
        if self.running:
            return
        if made is None:
            raise ChartStudioError(prospect.refusal)
        self.result = None
        self.progress = Progress(0.0, tr("Waiting"))
        self._running = self._jobs.submit(
            Lane.IO,
            lambda: carry_out(made, target),
            self._on_progress,
            self._on_done,
            lambda error: self._stop(),
        )
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; nothing that is half written stays."""
        if self._looking is not None:
            self._looking.cancel()
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

"""What a tuning drafts of a held-out song, opened in the editor as a ghost over the author's chart.

Knows songs, their files and the draft that is shown; asks nobody and knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from chartstudio.audio.decode import Audio
from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress
from chartstudio.core.song import Chart, Song
from chartstudio.editor.document import Document
from chartstudio.editor.selection import Selection
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.tune import sample
from chartstudio.engine.tune.sample import Sample
from chartstudio.engine.tune.shelf import TRAINING
from chartstudio.gui.drafting import Drafting
from chartstudio.gui.files import SongFiles, source_at
from chartstudio.gui.jobs import Jobs, Lane
from chartstudio.gui.text import tr
from chartstudio.library.source import Source

Found = tuple[Sample, Source]


class Samples(QObject):
    """Brings drafts of held-out songs into the editor.

    Parameters
    ----------
    document : Document
    jobs : Jobs
    files : SongFiles
    drafting : Drafting
    """

    shown = Signal(int)
    """A sample is a ghost now; the tick where it begins."""
    message = Signal(str)

    def __init__(
        self, document: Document, jobs: Jobs, files: SongFiles, drafting: Drafting
    ) -> None:
        super().__init__()
        self._document, self._jobs = document, jobs
        self._files, self._drafting = files, drafting
        self._opening: Found | None = None
        self._waiting: Sample | None = None
        files.opened.connect(self._on_opened)
        files.sound_changed.connect(self._on_sound)

    def find(self, name: str, then: Callable[[Found], None]) -> None:
        """Read the newest sample of a tuning, and its song.

        Parameters
        ----------
        name : str
            Of the tuning.
        then : callable
            What to do with them, such as `open`.
        """
        folder = paths.user_models() / name / TRAINING

        def read() -> Job[Found]:
            yield Progress(0.0, tr("Reading the sample"))
            newest = sample.read(folder)
            if newest is None:
                raise EngineError(tr("{name} has drafted no held-out song yet.", name=name))
            return newest, source_at(*newest.place)

        self._jobs.submit(Lane.IO, read, None, then)

    def open(self, found: Found) -> None:
        """Make the song of a sample the document; its notes are ghosts once it can be heard."""
        self._opening = found
        self._files.open_source(lambda: found[1])

    def _on_opened(self, source: Source) -> None:
        opening, self._opening = self._opening, None
        self._waiting = opening[0] if opening is not None and opening[1] is source else None
        self._on_sound()

    def _on_sound(self) -> None:
        newest, audio = self._waiting, self._files.audio
        if newest is None or audio is None:
            return
        self._waiting = None
        index = place_of(newest, self._document.song)
        if index is None:
            self.message.emit(
                tr("The song has changed since the sample was drafted: it fits no chart any more")
            )
            return
        self._document.select(Selection(chart=index))
        chart = self._document.song.charts[index]
        self._drafting.propose(index, _request(newest, chart, audio), newest.draft())
        self.shown.emit(newest.start)
        self.message.emit(
            tr(
                "What {model} drafted of this song after step {n}",
                model=newest.model,
                n=newest.step,
            )
        )


def place_of(newest: Sample, song: Song) -> int | None:
    """Which chart of a song a sample was drafted for; None where it has changed too far."""
    wanted = newest.chart
    for index, chart in enumerate(song.charts):
        known = (chart.mode, chart.name, chart.level) == (wanted.mode, wanted.name, wanted.level)
        if known and song.timing_of(chart) == newest.song.timing:
            return index
    return None


def _request(newest: Sample, chart: Chart, audio: Audio) -> GenerateRequest:
    """What the draft was asked, as far as it matters for showing it."""
    return GenerateRequest(
        audio=audio,
        timing=newest.song.timing,
        chart=chart,
        start=newest.start,
        end=newest.end,
        level=newest.level,
        seed=newest.seed,
    )

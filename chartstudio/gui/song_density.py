"""The density that the song itself suggests: heard by the engine, painted as one undo step.

Knows the document and the engine lane; knows no widget.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from chartstudio.core.errors import EngineError
from chartstudio.core.job import Progress
from chartstudio.editor import density
from chartstudio.engine.requests import GenerateRequest
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.drafting import Drafting
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.proposals import Purpose, Work
from chartstudio.gui.text import count, tr


class SongDensity(QObject):
    """Asks how dense the active chart should be, bar by bar.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    engine : EngineHost
    drafting : Drafting
        Says what for: the range, the level, the habits.
    """

    changed = Signal()
    """The progress."""
    message = Signal(str)
    """One line for the status bar."""

    def __init__(self, bridge: Bridge, jobs: Jobs, engine: EngineHost, drafting: Drafting) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._engine = engine
        self._drafting = drafting
        self._running: Handle | None = None
        self.progress: Progress | None = None

    @property
    def running(self) -> bool:
        """Whether the engine listens now."""
        return self._running is not None and self._running.active

    @property
    def can_start(self) -> bool:
        """Whether the engine can be asked now."""
        chart, drafting = self._document.active_chart, self._drafting
        return (
            chart is not None
            and drafting.can_listen
            and not self.running
            and not (drafting.refusal)
        )

    def start(self) -> None:
        """Ask for the selected range, or for the whole song, at the level that is set.

        Raises
        ------
        EngineError
            When there is no audio to listen to.
        """
        span = self._drafting.target_range()
        if span is None:
            raise EngineError(
                tr("There is no audio to listen to. Open a song, or locate its file.")
            )
        index, level = self._document.selection.chart, self._drafting.settings.level
        request = self._drafting.asked_for(Work(Purpose.DRAFT, index, span, level)).request
        self.progress = Progress(0.0, tr("Waiting for the engine"))
        self._running = self._jobs.submit(
            Lane.ENGINE,
            lambda: self._engine.density(request),
            self._on_progress,
            lambda found: self._on_done(found, index, request),
            lambda _: self._stop(),
        )
        self.changed.emit()

    def cancel(self) -> None:
        """Stop listening; nothing is painted."""
        if self._running is not None and self._running.active:
            self._running.cancel()
            self.message.emit(tr("Cancelled: no density was painted"))
        self._stop()

    def _stop(self) -> None:
        self._running = None
        self.progress = None
        self.changed.emit()

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    def _on_done(
        self, found: tuple[density.Stretch, ...], index: int, request: GenerateRequest
    ) -> None:
        self._stop()
        song = self._document.song
        charts = song.charts[index : index + 1]
        if not any(c.mode == request.chart.mode for c in charts) or (
            song.timing_of(charts[0]) != request.timing
        ):
            self.message.emit(tr("The density was dropped: its chart or its tempo changed"))
            return
        strokes = tuple((start, end, density.fitting(value)) for start, end, value in found)
        if not strokes:
            self.message.emit(tr("Nothing sounds here: no density was painted"))
            return
        self._document.apply(tr("Density from the song"), density.paint(index, strokes))
        self.message.emit(
            count(
                len(strokes),
                "Density painted over {n} bar, as the song suggests",
                "Density painted over {n} bars, as the song suggests",
            )
        )

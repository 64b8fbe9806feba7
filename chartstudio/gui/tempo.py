"""Finding a song's tempo with the engine, or from taps.

Knows the document and the engine lane; knows no widget. Changing the timing by hand is the
timeline's: see `timeline.tempo_verbs`.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Progress
from chartstudio.core.timing import TimingMap
from chartstudio.editor import kept_seconds, retime, taps
from chartstudio.editor.document import Change
from chartstudio.editor.retime import Retiming
from chartstudio.editor.taps import Tapped
from chartstudio.engine.requests import Tempo, TempoCandidate, TimingRequest
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.view import ViewState


def first_downbeat_s(found: TimingMap) -> float:
    """Time of a found timing's first downbeat inside the audio."""
    first = found.anchors[0]
    return first.seconds % (60.0 / first.bpm * first.meter)


def constant(candidate: TempoCandidate) -> TimingMap:
    """A reading with one tempo as a timing map."""
    return TimingMap.constant(candidate.bpm, candidate.offset_s, candidate.meter)


class TempoFinder(QObject):
    """The one search for a tempo: asked, running, found.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    engine : EngineHost
    audio : callable
        The decoded song, or None while there is none.
    view : ViewState
        Says what notes keep and what later beats do.

    Attributes
    ----------
    follows : bool
        Look for tempos that change, too.
    stretch : (int, int) or None
        The selected ticks that were listened to; None for the whole song.
    """

    changed = Signal()
    found = Signal(object)
    """A `Tempo` has arrived."""

    def __init__(
        self,
        bridge: Bridge,
        jobs: Jobs,
        engine: EngineHost,
        audio: Callable[[], Audio | None],
        view: ViewState,
    ) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._engine = engine
        self._audio = audio
        self._view = view
        self._running: Handle | None = None
        self.progress: Progress | None = None
        self.tempo: Tempo | None = None
        self._use_best = False
        self.follows = False
        self.stretch: tuple[int, int] | None = None
        self._taps: tuple[float, ...] = ()
        bridge.changed.connect(self._on_change)

    @property
    def running(self) -> bool:
        """Whether the engine listens now."""
        return self._running is not None and self._running.active

    @property
    def can_start(self) -> bool:
        """Whether there is audio to listen to."""
        return self._audio() is not None and not self.running

    def start(self, use_best: bool = False) -> None:
        """Listen to the selected stretch, or to the whole song.

        Parameters
        ----------
        use_best : bool
            Give the song the best reading at once, as for a song that has no timing yet.

        Raises
        ------
        EngineError
            When there is no audio.
        """
        audio = self._audio()
        if audio is None:
            raise EngineError(
                tr("There is no audio to listen to. Open a song, or locate its file.")
            )
        if self.running:
            return
        request, selected = TimingRequest(audio, variable=self.follows), None
        if self._document.selection.range is not None:
            start_s, end_s = (self.timing.seconds_at(t) for t in self._document.selection.range)
            start_s, end_s = max(0.0, start_s), min(audio.duration_s, end_s)
            if end_s > start_s:
                request = TimingRequest(audio, start_s, end_s, self.follows)
                selected = self._document.selection.range
        self.stretch = selected
        self._use_best = use_best
        self.progress = Progress(0.0, tr("Waiting for the engine"))
        self._running = self._jobs.submit(
            Lane.ENGINE,
            lambda: self._engine.find_timing(request),
            self._on_progress,
            self._on_done,
            lambda error: self._stop(),
        )
        self.changed.emit()

    def cancel(self) -> None:
        """Stop listening."""
        if self._running is not None:
            self._running.cancel()
        self._stop()

    @property
    def timing(self) -> TimingMap:
        """The timing that the active chart goes by."""
        chart, song = self._document.active_chart, self._document.song
        return song.timing if chart is None else song.timing_of(chart)

    def use(self, found: TimingMap) -> None:
        """Give the active chart, and those that share its timing, what was found."""
        if any(chart.notes for chart in self._document.song.charts):
            near_s = self.timing.seconds_at(0)
        else:
            near_s = first_downbeat_s(found)
        self._retime(retime.use_found(found, near_s))

    def use_in_stretch(self, found: TimingMap) -> None:
        """Use what was found for the bars that were listened to, and leave the rest.

        Raises
        ------
        ChartStudioError
            When it does not fit there.
        """
        if self.stretch is not None:
            start, end = self.stretch
            later = self._view.later_beats
            self._retime(retime.use_found_between(found, start, end, later))

    def _retime(self, change: Retiming) -> None:
        keep = self._view.notes_keep
        kept_seconds.apply_retiming(self._document, tr("Set tempo"), change, keep)

    # Taps --------------------------------------------------------------------------------

    def tap(self, at_s: float) -> None:
        """A beat was tapped at a time of the song, or of any clock that runs on."""
        self._taps = taps.extended(self._taps, at_s)
        self.changed.emit()

    def clear_taps(self) -> None:
        """Forget the taps."""
        self._taps = ()
        self.changed.emit()

    @property
    def n_taps(self) -> int:
        """Taps since the last pause."""
        return len(self._taps)

    @property
    def tapped(self) -> Tapped | None:
        """What the taps amount to; None while there are too few."""
        return taps.tempo_of(self._taps)

    # The engine's answer -----------------------------------------------------------------

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    def _on_done(self, tempo: Tempo) -> None:
        self.tempo = tempo
        self._stop()
        if self._use_best and tempo.candidates:
            changing = tempo.timing() if self.follows else None
            self.use(changing or constant(tempo.candidates[0]))
        self.found.emit(tempo)

    def _stop(self) -> None:
        self._running = None
        self.progress = None
        self.changed.emit()

    def _on_change(self, change: Change) -> None:
        if change.origin == "open":
            self.cancel()
            self.tempo = None
            self._taps = ()
            self.changed.emit()

"""Finding a song's tempo with the engine, and changing it by hand.

Knows the document and the engine lane; knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QObject, Signal

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Progress
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.document import Change
from chartstudio.engine.requests import Tempo, TempoCandidate, TimingRequest
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.text import tr

Keep = Literal["ticks", "seconds"]

BPM_LIMITS = (10.0, 1000.0)


def is_constant(timing: TimingMap) -> bool:
    """Whether one tempo holds throughout."""
    return len(timing.anchors) == 1


def shifted(timing: TimingMap, by_s: float) -> TimingMap:
    """The same tempo, everything later by ``by_s`` seconds."""
    return TimingMap(tuple(replace(a, seconds=a.seconds + by_s) for a in timing.anchors))


def with_tempo(timing: TimingMap, bpm: float) -> TimingMap:
    """A constant tempo changed in place: the first beat stays where it is."""
    first = timing.anchors[0]
    return TimingMap((replace(first, bpm=bpm), *timing.anchors[1:]))


def with_meter(timing: TimingMap, meter: int) -> TimingMap:
    """Another number of beats per measure, from the start."""
    first = timing.anchors[0]
    return TimingMap((replace(first, meter=meter), *timing.anchors[1:]))


def reading(candidate: TempoCandidate, near_s: float) -> TimingMap:
    """A candidate as a timing map whose first measure starts near a time.

    Parameters
    ----------
    candidate : TempoCandidate
        Its downbeat may lie anywhere in the song.
    near_s : float
        Where measure 1 is now, so that notes that stay on their ticks stay in their measure.
    """
    measure_s = 60.0 / candidate.bpm * candidate.meter
    n_measures = round((near_s - candidate.offset_s) / measure_s)
    offset_s = candidate.offset_s + n_measures * measure_s
    return TimingMap.constant(candidate.bpm, offset_s, candidate.meter)


def first_downbeat_s(candidate: TempoCandidate) -> float:
    """Time of a candidate's first downbeat inside the audio."""
    return candidate.offset_s % (60.0 / candidate.bpm * candidate.meter)


class TempoFinder(QObject):
    """The one search for a tempo: asked, running, found.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    engine : EngineHost
    audio : callable
        The decoded song, or None while there is none.
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
    ) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._engine = engine
        self._audio = audio
        self._running: Handle | None = None
        self.progress: Progress | None = None
        self.tempo: Tempo | None = None
        self._use_best = False
        self.keep: Keep = "ticks"
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
        request, selected = TimingRequest(audio), self._document.selection.range
        if selected is not None:
            start_s, end_s = (self._document.song.timing.seconds_at(t) for t in selected)
            start_s, end_s = max(0.0, start_s), min(audio.duration_s, end_s)
            if end_s > start_s:
                request = TimingRequest(audio, start_s, end_s)
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

    def use(self, candidate: TempoCandidate) -> None:
        """Give the song this tempo."""
        song = self._document.song
        if any(chart.notes for chart in song.charts):
            near_s = song.timing.seconds_at(0)
        else:
            near_s = first_downbeat_s(candidate)
        self.retime(tr("Set tempo"), reading(candidate, near_s))

    def retime(self, label: str, timing: TimingMap) -> None:
        """Give the song a timing; the panel's choice says what notes keep."""
        self._document.apply(label, edits.retime(timing, self.keep))

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    def _on_done(self, tempo: Tempo) -> None:
        self.tempo = tempo
        self._stop()
        if self._use_best and tempo.candidates:
            self.use(tempo.candidates[0])
        self.found.emit(tempo)

    def _stop(self) -> None:
        self._running = None
        self.progress = None
        self.changed.emit()

    def _on_change(self, change: Change) -> None:
        if change.origin == "open":
            self.cancel()
            self.tempo = None
            self.changed.emit()

"""Asking the engine for notes, and what becomes of its candidates.

A draft belongs to one chart and one range. Its candidates are shown as ghosts, one at a
time, until they are accepted as one undo step or discarded. This module knows the document
and the engine lane; it knows no widget.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from PySide6.QtCore import QObject, Signal

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Progress
from chartstudio.core.note import Note
from chartstudio.core.provenance import Generated, generated
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.document import Change, Edit
from chartstudio.editor.selection import Selection
from chartstudio.engine.requests import DRAFTED_MODES, Candidate, Draft, GenerateRequest
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.text import count, tr
from chartstudio.modes import MODES

GRIDS = (4, 8, 12, 16, 24, 32, 48)
"""Grids that the panel offers to draft on."""

MAX_CANDIDATES = 8
MAX_SEED = 999_999


@dataclass(frozen=True, slots=True)
class DraftSettings:
    """What the Draft panel says.

    Parameters
    ----------
    mode : str
        A chart of this mode is drafted; when the active chart is of another, a new one.
    level : float
        In the mode's unit.
    grid : int
    seed : int
    n_candidates : int
    """

    mode: str = "dance-single"
    level: float = 6.0
    grid: int = 16
    seed: int = 1
    n_candidates: int = 3


@dataclass(frozen=True, slots=True)
class Ghosts:
    """Proposed notes, as the timeline shows them and the note ticks play them.

    Parameters
    ----------
    chart : int
    notes : tuple of Note
    start, end : int
        The range that is being replaced.
    """

    chart: int
    notes: tuple[Note, ...]
    start: int
    end: int


def song_range(timing: TimingMap, duration_s: float) -> tuple[int, int]:
    """The whole bars of a song: from the first that starts in the audio to its end.

    Parameters
    ----------
    timing : TimingMap
    duration_s : float

    Returns
    -------
    (int, int)
        Ticks ``[start, end)``; at least one bar.
    """
    first = max(1, timing.position(timing.tick_at(0.0)).measure)
    if timing.seconds_at(timing.measure_start(first)) < 0:
        first += 1
    last = timing.position(timing.tick_at(duration_s)).measure
    return timing.measure_start(first), timing.measure_start(max(last, first + 1))


def level_for(song: Song, index: int, settings: DraftSettings) -> float:
    """The level at which the panel starts for a chart: its own, within the mode's range."""
    low, high = MODES[settings.mode].level_range
    chart = song.charts[index] if index < len(song.charts) else None
    own = chart.level if chart is not None and chart.mode == settings.mode else None
    return min(high, max(low, settings.level if own is None else own))


class Drafting(QObject):
    """The one draft of the window: asked, running, shown, accepted.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    engine : EngineHost
    audio : callable
        The decoded song, or None while there is none.
    """

    changed = Signal()
    """Settings, progress, candidates or the one that is shown."""
    message = Signal(str)
    """One line for the status bar."""

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
        self.settings = DraftSettings()
        self.progress: Progress | None = None
        self._started_s = 0.0
        self._running: Handle | None = None
        self._forget()
        bridge.changed.connect(self._on_change)

    def _forget(self) -> None:
        self.draft: Draft | None = None
        self.shown = 0
        self._request: GenerateRequest | None = None
        self._chart = 0
        self._partial: tuple[Note, ...] = ()
        self._stamps: set[tuple[str, int, str]] = set()

    # Asking ------------------------------------------------------------------------------

    def set(self, **fields: Any) -> None:
        """Change what the panel says."""
        settings = replace(self.settings, **fields)
        if settings != self.settings:
            self.settings = settings
            self.changed.emit()

    def new_seed(self) -> None:
        """Draw another seed."""
        self.set(seed=random.randint(1, MAX_SEED))  # not for secrets

    @property
    def running(self) -> bool:
        """Whether the engine drafts now."""
        return self._running is not None and self._running.active

    @property
    def remaining_s(self) -> float | None:
        """How long the running draft still takes by its pace so far; None when unknown."""
        if not self.running or self.progress is None or self.progress.done < 0.05:
            return None
        spent_s = time.monotonic() - self._started_s
        return spent_s * (1 - self.progress.done) / self.progress.done

    def target_range(self) -> tuple[int, int] | None:
        """The ticks that a draft would fill: the selection, else the whole song."""
        selected = self._document.selection.range
        if selected is not None and selected[1] > selected[0]:
            return selected
        audio = self._audio()
        return None if audio is None else song_range(self._timing(), audio.duration_s)

    @property
    def can_listen(self) -> bool:
        """Whether there is audio to draft from."""
        return self._audio() is not None

    @property
    def refusal(self) -> str:
        """Why nothing can be drafted for the active chart; empty when something can."""
        chart = self._document.active_chart
        if chart is None or chart.mode in DRAFTED_MODES:
            return ""
        mode = MODES.get(chart.mode)
        return tr(
            "{mode} charts cannot be drafted yet; they are written by hand. Choose a chart of "
            "another mode, or add one.",
            mode=mode.title if mode is not None else chart.mode,
        )

    @property
    def can_start(self) -> bool:
        """Whether a draft can be asked for now."""
        return self.can_listen and not self.running and not self.refusal

    def start(self) -> None:
        """Ask for candidates; a new chart is added first where none of the mode is active.

        Raises
        ------
        EngineError
            When there is no audio to listen to, or the chart's mode cannot be drafted.
        """
        if self.refusal:
            raise EngineError(self.refusal)
        audio = self._audio()
        asked = self.target_range()
        if audio is None or asked is None:
            raise EngineError(
                tr("There is no audio to draft from. Open a song, or locate its file.")
            )
        if self.running:
            return
        if self._is_repeat(asked):
            # The same again would give the same notes: asking again means "show me others".
            seed = self.settings.seed + self.settings.n_candidates
            self.settings = replace(self.settings, seed=seed % MAX_SEED)
        self.discard()
        self._chart = self._chart_to_fill()
        song, settings = self._document.song, self.settings
        chart = song.charts[self._chart]
        request = GenerateRequest(
            audio=audio,
            timing=song.timing_of(chart),
            chart=chart,
            start=asked[0],
            end=asked[1],
            level=settings.level,
            grid=settings.grid,
            seed=settings.seed,
            n_candidates=settings.n_candidates,
        )
        self._request = self._last = request
        self.progress = Progress(0.0, tr("Waiting for the engine"))
        self._started_s = time.monotonic()
        self._running = self._jobs.submit(
            Lane.ENGINE,
            lambda: self._engine.draft(request),
            self._on_progress,
            self._on_done,
            self._on_error,
        )
        self.changed.emit()

    _last: GenerateRequest | None = None

    def _is_repeat(self, asked: tuple[int, int]) -> bool:
        last, now = self._last, self.settings
        return last is not None and (
            (last.start, last.end, last.chart.mode) == (*asked, now.mode)
            and (last.level, last.grid, last.seed) == (now.level, now.grid, now.seed)
        )

    def _timing(self) -> TimingMap:
        song, chart = self._document.song, self._document.active_chart
        return song.timing if chart is None else song.timing_of(chart)

    def _chart_to_fill(self) -> int:
        """Index of the chart that the draft is for; made when there is none."""
        document, settings = self._document, self.settings
        active = document.active_chart
        if active is not None and active.mode == settings.mode:
            return document.selection.chart
        index = len(document.song.charts)
        title = MODES[settings.mode].title
        chart = Chart(settings.mode, name=f"{title} {settings.level:g}", level=settings.level)
        document.apply(
            tr("New chart"),
            edits.add_chart(chart),
            Selection(chart=index, range=document.selection.range),
        )
        return index

    def cancel(self) -> None:
        """Stop the running draft and drop what it has so far."""
        if self._running is not None and self._running.active:
            self._running.cancel()
            self.message.emit(tr("Draft cancelled"))
        self._stop()

    def _stop(self) -> None:
        self._running = None
        self.progress = None
        self._partial = ()
        self.changed.emit()

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        if progress.partial is not None:
            self._partial = tuple(progress.partial)
        self.changed.emit()

    def _on_done(self, draft: Draft) -> None:
        self._stop()
        self.draft = draft
        self.shown = 0
        self._stamps = set()
        self.changed.emit()
        if not draft.candidates:
            self.message.emit(tr("The engine found no notes for this range"))

    def _on_error(self, error: Exception) -> None:
        self._forget()
        self._stop()

    # Candidates --------------------------------------------------------------------------

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Candidates that wait for a decision, best first."""
        return () if self.draft is None else self.draft.candidates

    @property
    def waiting(self) -> bool:
        """Whether there is a candidate to accept or discard."""
        return bool(self.candidates)

    @property
    def request(self) -> GenerateRequest | None:
        """What the shown or running draft was asked."""
        return self._request

    @property
    def ghosts(self) -> Ghosts | None:
        """The shown candidate, or the notes so far while drafting; None when neither."""
        request = self._request
        if request is None:
            return None
        if self.waiting:
            notes = self._free(self.candidates[self.shown].notes)
        elif self.running:
            notes = self._partial
        else:
            return None
        return Ghosts(self._chart, notes, request.start, request.end)

    def show(self, index: int) -> None:
        """Show a candidate as ghosts."""
        if self.waiting:
            self.shown = index % len(self.candidates)
            self.changed.emit()

    def step(self, by: int) -> None:
        """Show the next or the previous candidate, round and round."""
        self.show(self.shown + by)

    def accept(self) -> None:
        """Put the shown candidate into the chart, as one undo step."""
        request = self._request
        if request is not None and self.waiting:
            self._apply(self._open_ranges(request.start, request.end))
            self._forget()
            self.changed.emit()

    def accept_selected(self) -> None:
        """Put only what lies in the selected range into the chart; the rest stays a ghost."""
        request, selected = self._request, self._document.selection.range
        if request is None or not self.waiting:
            return
        if selected is None:
            self.message.emit(
                tr("Select a range first: only its part of the candidate is accepted")
            )
            return
        start, end = max(request.start, selected[0]), min(request.end, selected[1])
        ranges = self._open_ranges(start, end)
        if not ranges:
            self.message.emit(tr("The selected range holds no ghosts"))
            return
        self._apply(ranges)
        if not self._open_ranges(request.start, request.end):
            self._forget()
        self.changed.emit()

    def discard(self) -> None:
        """Drop all candidates; the chart stays as it is."""
        if self.running:
            self.cancel()
        if self._request is not None:
            self._forget()
            self.changed.emit()

    def _apply(self, ranges: tuple[tuple[int, int], ...]) -> None:
        candidate, draft, chart = self.candidates[self.shown], self.draft, self._chart
        assert draft is not None
        date = datetime.now(UTC).isoformat(timespec="milliseconds")
        source = Generated(0, 0, draft.model, candidate.seed, date)
        # Noted first: views redraw while the edit is applied.
        self._stamps.add(_stamp(source))
        steps = [
            edits.replace_range(chart, start, end, candidate.notes, source) for start, end in ranges
        ]
        self._document.apply(tr("Accept draft"), _in_turn(steps))

    def _accepted(self) -> list[tuple[int, int]]:
        """What the chart holds of this draft already; the document knows, undo included."""
        marks = generated(self._document.song.charts[self._chart])
        return [(m.start, m.end) for m in marks if _stamp(m) in self._stamps]

    def _open_ranges(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """The parts of ``[start, end)`` that were not accepted yet."""
        found = []
        for low, high in self._accepted():
            if start < low:
                found.append((start, min(low, end)))
            start = max(start, high)
        if start < end:
            found.append((start, end))
        return tuple((a, b) for a, b in found if a < b)

    def _free(self, notes: tuple[Note, ...]) -> tuple[Note, ...]:
        taken = self._accepted()
        return tuple(n for n in notes if not any(a <= n.tick < b for a, b in taken))

    # Following the document --------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change.origin == "open":
            self.discard()
            self._last = None
        elif self._request is not None and not self._still_fits(change.new):
            self.discard()
            self.message.emit(tr("The draft was discarded: its chart or its tempo changed"))
        self._follow_chart(change)

    def _still_fits(self, song: Song) -> bool:
        """Whether the ghosts still mean what they meant when they were asked for."""
        request = self._request
        if request is None or self._chart >= len(song.charts):
            return False
        chart = song.charts[self._chart]
        return chart.mode == request.chart.mode and song.timing_of(chart) == request.timing

    def _follow_chart(self, change: Change) -> None:
        """Offer the mode and the level of the chart that was just chosen."""
        charts, index = change.new.charts, change.selection.chart
        chart = charts[index] if index < len(charts) else None
        key = None if chart is None else (index, chart.mode, chart.level)
        if key == self._followed or chart is None or chart.mode not in DRAFTED_MODES:
            self._followed = key
            return
        self._followed = key
        settings = replace(self.settings, mode=chart.mode)
        self.set(mode=chart.mode, level=level_for(change.new, index, settings))

    _followed: tuple[int, str, float | None] | None = None


def _stamp(mark: Generated) -> tuple[str, int, str]:
    return mark.model, mark.seed, mark.date


def _in_turn(steps: list[Edit]) -> Edit:
    def edit(song: Song) -> Song:
        for step in steps:
            song = step(song)
        return song

    return edit


def summary(candidate: Candidate) -> str:
    """What a candidate holds, as one line: notes, chords, holds, errors."""
    notes = candidate.notes
    n_holds = sum(n.end > n.tick for n in notes)
    n_chords = sum(n > 1 for n in Counter(n.tick for n in notes).values())
    n_errors = sum(i.severity == "error" for i in candidate.issues)
    parts = [count(len(notes), "{n} note", "{n} notes")]
    if n_chords:
        parts.append(count(n_chords, "{n} chord", "{n} chords"))
    if n_holds:
        parts.append(count(n_holds, "{n} hold", "{n} holds"))
    parts.append(count(n_errors, "{n} error", "{n} errors") if n_errors else tr("no errors"))
    return " · ".join(parts)

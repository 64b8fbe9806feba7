"""Asking the engine for notes, and what becomes of its candidates.

A draft belongs to one chart and one range. Its candidates are shown as ghosts, one at a
time, until they are accepted as one undo step or discarded. This module knows the document
and the engine lane; it knows no widget.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from chartstudio.editor import density, edits, finish, follow, painted, style
from chartstudio.editor.document import Change
from chartstudio.editor.finish import Landing, Ownership, Span
from chartstudio.editor.locks import fitting, staying
from chartstudio.editor.selection import Selection
from chartstudio.engine.requests import (
    DRAFTED_MODES,
    Candidate,
    Draft,
    GenerateRequest,
    ModelCard,
)
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.proposals import (
    MAX_SEED,
    Asked,
    DraftSettings,
    Ghosts,
    Purpose,
    Work,
    level_for,
    level_within,
    song_range,
)
from chartstudio.gui.text import level as level_text
from chartstudio.gui.text import tr
from chartstudio.modes import MODES
from chartstudio.modes.usual import usual_settings


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
        self._asked: Asked | None = None
        self._partial: tuple[Note, ...] = ()
        self._stamps: set[tuple[str, int, str]] = set()

    # Asking ------------------------------------------------------------------------------

    def set(self, **fields: Any) -> None:
        """Change what the panel says."""
        settings = replace(self.settings, **fields)
        if "level" in fields:
            self._awaits_estimate = False
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
    def card(self) -> ModelCard | None:
        """What the model in use can be told; None where there is none."""
        return self._engine.card

    def on_card(self) -> None:
        """Tell everybody who shows what the model can be told: it is another one now."""
        self.changed.emit()

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
        asked = self.target_range()
        if asked is None or not self.can_listen:
            raise EngineError(
                tr("There is no audio to draft from. Open a song, or locate its file.")
            )
        if self.running:
            return
        chart, settings = self.chart_to_fill(), self.settings
        self.ask(
            Work(
                purpose=Purpose.DRAFT,
                chart=chart,
                span=asked,
                level=settings.level,
                n_candidates=settings.n_candidates,
            )
        )

    def ask(self, work: Work) -> None:
        """Ask the engine; what waits or runs is dropped.

        The same work again would give the same notes: asking again means "show me others".

        Raises
        ------
        EngineError
            When there is no audio to listen to.
        """
        key = self._key(work)
        if self._last == (key, self.settings.seed):
            seed = self.settings.seed + work.n_candidates
            self.settings = replace(self.settings, seed=seed % MAX_SEED)
        asked = self.asked_for(work)
        self.discard()
        self._last = (key, self.settings.seed)
        self._asked = asked
        self.progress = Progress(0.0, tr("Waiting for the engine"))
        self._started_s = time.monotonic()
        self._running = self._jobs.submit(
            Lane.ENGINE,
            lambda: self._engine.draft(asked.request),
            self._on_progress,
            self._on_done,
            self._on_error,
        )
        self.changed.emit()

    _last: tuple[object, int] | None = None
    """The last work and the seed it was done with."""

    def _key(self, work: Work) -> object:
        """What makes work the same again; for fills also what they are written around."""
        chart = self._document.song.charts[work.chart]
        notes = chart.notes if work.purpose.fills else ()
        wishes = density.curve(chart), follow.sections(chart), style.habits(chart)
        return work, replace(self.settings, seed=0, shows_style=False), notes, wishes

    def propose(self, chart: int, request: GenerateRequest, draft: Draft) -> None:
        """Show notes as ghosts that were drafted elsewhere; what waits or runs is dropped.

        Parameters
        ----------
        chart : int
            Over which they are shown.
        request : GenerateRequest
            What they were asked with.
        draft : Draft
        """
        self.discard()
        span = (request.start, request.end)
        self._asked = Asked(request, Purpose.DRAFT, chart, (span,), frozenset())
        self._on_done(draft)

    def asked_for(self, work: Work) -> Asked:
        """The request of some work. Locks are for redrawing, and fills leave holds whole.

        Raises
        ------
        EngineError
            When there is no audio to listen to.
        """
        audio = self._audio()
        if audio is None:
            raise EngineError(
                tr("There is no audio to draft from. Open a song, or locate its file.")
            )
        song, settings, purpose = self._document.song, self.settings, work.purpose
        chart = song.charts[work.chart]
        mode, timing = MODES[chart.mode], song.timing_of(chart)
        spans = finish.outside((work.span,), work.keep) if work.spans is None else work.spans
        locks, lanes = frozenset[str](), frozenset[int]()
        if purpose is Purpose.DRAFT:
            locks, lanes = fitting(settings.locks, settings.lanes, mode)
        request = GenerateRequest(
            audio=audio,
            timing=timing,
            chart=chart,
            start=work.span[0],
            end=work.span[1],
            level=work.level,
            grid=settings.grid,
            seed=settings.seed,
            n_candidates=work.n_candidates,
            density=painted.within(density.curve(chart), spans),
            follow=follow.entries(painted.within(follow.sections(chart), spans)),
            style=style.habits(chart),
            keep=work.keep,
            locks=locks,
            lanes=lanes,
            cut_holds=settings.cut_holds and not purpose.fills,
        )
        stays = staying(chart, mode, work.span, locks, lanes)
        return Asked(request, purpose, work.chart, spans, stays)

    def whose(self, index: int) -> Ownership:
        """Whose every bar of a chart is."""
        song = self._document.song
        chart = song.charts[index]
        timing, audio = song.timing_of(chart), self._audio()
        if audio is not None:
            span = song_range(timing, audio.duration_s)
        else:
            last = timing.position(max((n.tick for n in chart.notes), default=0)).measure
            span = timing.measure_start(1), timing.measure_start(last + 1)
        held = self._whose
        if held is None or held[0] is not chart or held[1:3] != (timing, span):
            held = self._whose = (chart, timing, span, Ownership.of(chart, timing, *span))
        return held[3]

    _whose: tuple[Chart, TimingMap, Span, Ownership] | None = None

    def _timing(self) -> TimingMap:
        song, chart = self._document.song, self._document.active_chart
        return song.timing if chart is None else song.timing_of(chart)

    def chart_to_fill(self) -> int:
        """Index of the chart that the draft is for; made when there is none."""
        document, settings = self._document, self.settings
        active = document.active_chart
        if active is not None and active.mode == settings.mode:
            return document.selection.chart
        index = len(document.song.charts)
        mode, level = MODES[settings.mode], settings.level
        span = self.target_range() or (0, 0)
        chart = Chart(
            settings.mode,
            name=f"{mode.title} {level_text(level, mode)}",
            level=level,
            settings=usual_settings(mode.id, level, document.song.timing, sum(span) // 2),
        )
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
        elif draft.notice:
            self.message.emit(draft.notice)

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
        return None if self._asked is None else self._asked.request

    @property
    def asked(self) -> Asked | None:
        """The same, with what it is for."""
        return self._asked

    @property
    def ghosts(self) -> Ghosts | None:
        """The shown candidate, or the notes so far while drafting; None when neither."""
        asked = self._asked
        if asked is None:
            return None
        if self.waiting:
            notes = self.candidates[self.shown].notes
        elif self.running:
            notes = self._partial
        else:
            return None
        spans = self._open_spans(asked)
        new = (n for n in finish.notes_within(notes, spans) if n not in asked.stays)
        return Ghosts(asked.chart, tuple(new), spans, asked.stays)

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
        asked = self._asked
        if asked is not None and self.waiting:
            self._apply(asked, self._open_spans(asked))
            self._forget()
            self.changed.emit()

    def accept_selected(self) -> None:
        """Put only what lies in the selected range into the chart; the rest stays a ghost."""
        asked, selected = self._asked, self._document.selection.range
        if asked is None or not self.waiting:
            return
        if selected is None:
            self.message.emit(
                tr("Select a range first: only its part of the candidate is accepted")
            )
            return
        spans = finish.within(self._open_spans(asked), *selected)
        if not spans:
            self.message.emit(tr("The selected range holds no ghosts"))
            return
        self._apply(asked, spans)
        if not self._open_spans(asked):
            self._forget()
        self.changed.emit()

    def discard(self) -> None:
        """Drop all candidates; the chart stays as it is."""
        if self.running:
            self.cancel()
        if self._asked is not None:
            self._forget()
            self.changed.emit()

    def _apply(self, asked: Asked, spans: tuple[Span, ...]) -> None:
        if not spans:
            self.message.emit(tr("Nothing is left of this draft: the bars are yours now"))
            return
        candidate, draft = self.candidates[self.shown], self.draft
        assert draft is not None
        date = datetime.now(UTC).isoformat(timespec="milliseconds")
        source = Generated(0, 0, draft.model, candidate.seed, date, number_type=draft.number_type)
        # Noted first: views redraw while the edit is applied.
        self._stamps.add(_stamp(source))
        landing = Landing(
            spans=spans,
            notes=candidate.notes,
            source=source,
            cut=draft.cut,
            fills=asked.purpose.fills,
            approves=asked.purpose is Purpose.SUGGEST,
        )
        self._document.apply(tr(asked.purpose.value), finish.land(asked.chart, landing))

    def _open_spans(self, asked: Asked) -> tuple[Span, ...]:
        """Where notes may still land: not where this draft was accepted already.

        What fills a chart keeps off every bar that has become the author's since it was
        asked for. The document knows both, undo included.
        """
        chart = self._document.song.charts[asked.chart]
        taken = [(m.start, m.end) for m in generated(chart) if _stamp(m) in self._stamps]
        if asked.purpose.fills:
            taken += self.whose(asked.chart).own
        return finish.outside(asked.spans, taken)

    # Following the document --------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change.origin == "open":
            self.discard()
            self._last = None
        elif self._asked is not None and not self._still_fits(change.new):
            self.discard()
            self.message.emit(tr("The draft was discarded: its chart or its tempo changed"))
        self._follow_chart(change)

    def _still_fits(self, song: Song) -> bool:
        """Whether the ghosts still mean what they meant when they were asked for."""
        asked = self._asked
        if asked is None or asked.chart >= len(song.charts):
            return False
        request, chart = asked.request, song.charts[asked.chart]
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
        self.set(mode=chart.mode, level=level_for(chart))
        self._awaits_estimate = chart.level is None and bool(chart.notes)

    def take_estimates(self, levels: Sequence[float | None]) -> None:
        """Start from the active chart's estimated level, unless the author has set one."""
        index, mode_id = self._document.selection.chart, self.settings.mode
        found = levels[index] if index < len(levels) else None
        if self._awaits_estimate and found is not None:
            self.set(level=level_within(mode_id, found))
            self._awaits_estimate = False

    _awaits_estimate = False
    """Whether the level is a usual one, until that of the chart is known."""
    _followed: tuple[int, str, float | None] | None = None


def _stamp(mark: Generated) -> tuple[str, int, str]:
    return mark.model, mark.seed, mark.date

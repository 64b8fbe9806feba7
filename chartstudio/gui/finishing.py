"""Key bars and finishing: which bars the author is to chart, and the rest written their way.

Proposals come from the engine and are kept with the chart; what is drafted goes through
`Drafting`, so that it is shown, accepted and undone like every draft. Knows the document and
the engine lane; knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Progress
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.editor import finish
from chartstudio.editor.finish import KeyBar, Ownership, Span, Standing
from chartstudio.engine.requests import KeyBars, KeyBarsRequest
from chartstudio.gui.alike import Changed, alike
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.drafting import Drafting
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.proposals import Purpose, Work
from chartstudio.gui.text import count, tr

N_KEY_BARS = 8
N_MORE = 4
MAX_KEY_BARS = 32

_LEAST_BARS = 2
"""From so many charted bars on there is a way of charting to follow."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A key bar as the list shows it.

    Parameters
    ----------
    order : int
        From 1, the most useful first.
    measure : int
    bar : KeyBar
    standing : Standing
    """

    order: int
    measure: int
    bar: KeyBar
    standing: Standing


class Finishing(QObject):
    """The key bars of the active chart, and the fills around the author's bars.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    engine : EngineHost
    audio : callable
        The decoded song, or None while there is none.
    drafting : Drafting
    """

    changed = Signal()
    """The number asked for, the progress, or the bars."""
    message = Signal(str)
    """One line for the status bar."""

    def __init__(
        self,
        bridge: Bridge,
        jobs: Jobs,
        engine: EngineHost,
        audio: Callable[[], Audio | None],
        drafting: Drafting,
    ) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._engine = engine
        self._audio = audio
        self._drafting = drafting
        self._running: Handle | None = None
        self.progress: Progress | None = None
        self.n_bars = N_KEY_BARS
        bridge.changed.connect(lambda _: self.changed.emit())

    # What there is -----------------------------------------------------------------------

    @property
    def _chart(self) -> Chart | None:
        return self._document.active_chart

    @property
    def _timing(self) -> TimingMap:
        song, chart = self._document.song, self._chart
        return song.timing if chart is None else song.timing_of(chart)

    @property
    def whose(self) -> Ownership:
        """Whose every bar of the active chart is."""
        if self._chart is None:
            return Ownership((), ())
        return self._drafting.whose(self._document.selection.chart)

    @property
    def listed(self) -> tuple[Listed, ...]:
        """The key bars of the active chart, the most useful first."""
        chart, timing = self._chart, self._timing
        if chart is None or not finish.key_bars(chart):
            return ()
        whose = self.whose
        return tuple(
            Listed(i, timing.position(bar.start).measure, bar, whose.standing_at(bar.start))
            for i, bar in enumerate(finish.key_bars(chart), 1)
        )

    @property
    def coverage(self) -> float:
        """How much of the song the key bars stand for, 0 to 1."""
        chart = self._chart
        bars = () if chart is None else finish.key_bars(chart)
        return bars[-1].coverage if bars else 0.0

    @property
    def has_others(self) -> bool:
        """Whether bars are the author's that are no key bars."""
        n_own_key_bars = sum(item.standing.own for item in self.listed)
        return self.whose.n_own > n_own_key_bars

    @property
    def outdated(self) -> bool:
        """Whether the author's bars have changed since the last fill, and fills are left."""
        chart = self._chart
        return chart is not None and bool(self.whose.filled) and finish.changed_since_fill(chart)

    @property
    def running(self) -> bool:
        """Whether the engine looks for key bars now."""
        return self._running is not None and self._running.active

    # Proposing ---------------------------------------------------------------------------

    @property
    def can_propose(self) -> bool:
        """Whether key bars can be asked for now."""
        return self._audio() is not None and not self.running and not self._drafting.refusal

    @property
    def can_propose_more(self) -> bool:
        """Whether there are some, and more can be asked for now."""
        return self.can_propose and bool(self.listed)

    def set_n_bars(self, n: int) -> None:
        """Ask for so many from now on."""
        self.n_bars = min(max(n, 1), MAX_KEY_BARS)
        self.changed.emit()

    def propose(self) -> None:
        """Propose the bars that stand for the song, in place of those proposed before."""
        self._ask(self.n_bars, more=False)

    def propose_more(self) -> None:
        """Propose the next ones besides those there are: where it is least sure."""
        n_open = sum(not item.standing.own for item in self.listed)
        self._ask(n_open + N_MORE, more=True)

    def _ask(self, n: int, more: bool) -> None:
        audio = self._audio()
        if self._drafting.refusal:
            raise EngineError(self._drafting.refusal)
        if audio is None:
            raise EngineError(
                tr("There is no audio to listen to. Open a song, or locate its file.")
            )
        if self.running:
            return
        if self._chart is None:
            self._drafting.chart_to_fill()
        index = self._document.selection.chart
        chart = self._document.song.charts[index]
        # What was drafted may be written anew: only the author's bars count as charted.
        own = finish.without_drafts(chart, self.whose.own)
        request = KeyBarsRequest(audio=audio, timing=self._timing, chart=own, n=n)
        self.progress = Progress(0.0, tr("Waiting for the engine"))
        self._running = self._jobs.submit(
            Lane.ENGINE,
            lambda: self._engine.key_bars(request),
            self._on_progress,
            lambda found: self._on_done(found, index, request, more),
            lambda _: self._stop(),
        )
        self.changed.emit()

    def cancel(self) -> None:
        """Stop looking for key bars."""
        if self._running is not None and self._running.active:
            self._running.cancel()
            self.message.emit(tr("Cancelled: no key bars were proposed"))
        self._stop()

    def _stop(self) -> None:
        self._running = None
        self.progress = None
        self.changed.emit()

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    def _on_done(self, found: KeyBars, index: int, request: KeyBarsRequest, more: bool) -> None:
        self._stop()
        song, timing = self._document.song, request.timing
        if index >= len(song.charts) or song.timing_of(song.charts[index]) != timing:
            self.message.emit(tr("The key bars were dropped: their chart or its tempo changed"))
            return
        held = finish.key_bars(song.charts[index]) if more else ()
        known = {bar.start for bar in held}
        least = held[-1].coverage if held else 0.0
        # An approved rest has no notes that would tell the engine.
        agreed = finish.approved(song.charts[index])
        new: list[KeyBar] = []
        for measure, coverage, unsure in zip(
            found.measures, found.coverage, found.uncertainty, strict=True
        ):
            start, end = timing.measure_start(measure), timing.measure_start(measure + 1)
            rests = any(a <= start < b for a, b in agreed)
            if start not in known and not rests and (not more or len(new) < N_MORE):
                new.append(KeyBar(start, end, max(coverage, least), unsure))
        if not new:
            self.message.emit(tr("No further bars are left to propose"))
            return
        bars = (*held, *new)
        self._document.apply(tr("Propose key bars"), finish.set_key_bars(index, bars))
        self.message.emit(coverage_line(len(bars), bars[-1].coverage, self.has_others))

    def clear(self) -> None:
        """Take the proposals away; notes and approvals stay."""
        chart = self._chart
        if chart is not None and finish.key_bars(chart):
            edit = finish.set_key_bars(self._document.selection.chart, ())
            self._document.apply(tr("Clear key bars"), edit)

    # Walking and approving ---------------------------------------------------------------

    def beside(self, tick: int, by: int) -> Listed | None:
        """The next or the previous key bar in the song, round and round."""
        if not self.listed:
            return None
        in_time = sorted(self.listed, key=lambda item: item.bar.start)
        if by > 0:
            return next((i for i in in_time if i.bar.start > tick), in_time[0])
        return next((i for i in reversed(in_time) if i.bar.start < tick), in_time[-1])

    def approve(self, span: Span) -> None:
        """Count the bars of a range as the author's as they stand; when all are, no longer."""
        chart, timing = self._chart, self._timing
        if chart is None:
            return
        start = timing.measure_start(timing.position(span[0]).measure)
        end = timing.measure_start(timing.position(max(span[1] - 1, span[0])).measure + 1)
        on = bool(finish.outside([(start, end)], finish.approved(chart)))
        edit = finish.approve(self._document.selection.chart, [(start, end)], on)
        label = tr("Approve bars") if on else tr("Take approval back")
        self._document.apply(label, edit)
        n = len(finish.bars_of(timing, start, end))
        if on:
            self.message.emit(count(n, "{n} bar approved as yours", "{n} bars approved as yours"))
        else:
            self.message.emit(tr("Approval taken back"))

    # Drafting ----------------------------------------------------------------------------

    @property
    def can_draft(self) -> bool:
        """Whether the engine can write for the active chart now."""
        return self._chart is not None and self._drafting.can_start

    @property
    def has_way(self) -> bool:
        """Whether enough bars are the author's to follow their way."""
        chart, whose = self._chart, self.whose
        if chart is None:
            return False
        own = (b for b, s in zip(whose.bars, whose.standings, strict=True) if s.own)
        return sum(bool(finish.notes_within(chart.notes, (bar,))) for bar in own) >= _LEAST_BARS

    def suggest(self, span: Span) -> None:
        """Draft a bar for the author to take, change or drop; taken, it counts as approved."""
        settings = self._drafting.settings
        level = None if self.has_way else settings.level
        index = self._document.selection.chart
        self._drafting.ask(
            Work(Purpose.SUGGEST, index, span, level, n_candidates=settings.n_candidates)
        )

    @property
    def can_finish(self) -> bool:
        """Whether there is something to finish, and a way to do it in."""
        return self.can_draft and (self.has_way or self._drafting.settings.finish_at_level)

    def finish(self) -> None:
        """Write everything outside the author's bars in their way, as ghosts."""
        self._fill(Purpose.FINISH, self._open())

    @property
    def can_refresh(self) -> bool:
        """Whether bars are left that are exactly as they were filled."""
        return self.can_finish and not self.running and bool(self.whose.filled)

    def refresh_fills(self) -> None:
        """Write bars anew that are exactly as they were filled, and no others.

        Where the author's bars have changed since, only those that sound like the changed
        ones; asked again with nothing changed, all of them.
        """
        chart, timing, audio = self._chart, self._timing, self._audio()
        changed = None if chart is None else finish.changed_bars(chart, timing)
        if chart is None or audio is None or not changed:
            self._fill(Purpose.REFRESH, self.whose.filled)
            return
        if self.running:
            return
        index, whose = self._document.selection.chart, self.whose
        own = tuple(b for b, s in zip(whose.bars, whose.standings, strict=True) if s.own)
        filled = tuple(
            b for b, s in zip(whose.bars, whose.standings, strict=True) if s is Standing.FILLED
        )
        what = Changed(KeyBarsRequest(audio, timing, chart, 1), own, changed)
        self.progress = Progress(0.0, tr("Waiting for the engine"))
        self._running = self._jobs.submit(
            Lane.ENGINE,
            lambda: alike(self._engine, what, filled),
            self._on_progress,
            lambda found: self._on_alike(found, index, chart),
            lambda _: self._stop(),
        )
        self.changed.emit()

    def _on_alike(self, found: tuple[Span, ...], index: int, chart: Chart) -> None:
        self._stop()
        charts = self._document.song.charts
        if index != self._document.selection.chart or charts[index : index + 1] != (chart,):
            self.message.emit(tr("The refresh was dropped: its chart changed"))
        elif found:
            self._fill(Purpose.REFRESH, finish.merged(found))
        else:
            self._document.apply(tr("Fills are up to date"), finish.follow_now(index))
            self.message.emit(tr("No fill sounds like the bars you changed: all can stay"))

    def _open(self) -> tuple[Span, ...]:
        whose = self.whose
        return finish.outside(whose.bars, whose.own)

    def _fill(self, purpose: Purpose, spans: tuple[Span, ...]) -> None:
        whose, settings = self.whose, self._drafting.settings
        if not spans:
            self.message.emit(tr("Every bar is yours already: nothing is left to fill"))
            return
        if not (self.has_way or settings.finish_at_level):
            raise EngineError(
                tr("Chart or approve at least two bars first: the rest is written like them.")
            )
        level = settings.level if settings.finish_at_level else None
        span = whose.bars[0][0], whose.bars[-1][1]
        index = self._document.selection.chart
        self._drafting.ask(Work(purpose, index, span, level, keep=whose.own, spans=spans))


def coverage_line(n: int, coverage: float, with_others: bool = False) -> str:
    """``These 8 bars stand for 71 % of the song``.

    Parameters
    ----------
    n : int
    coverage : float
        0 to 1.
    with_others : bool
        Whether other bars are charted too, which the coverage then counts.
    """
    share = f"{coverage * 100:.0f}"
    if with_others:
        return tr("With what you have charted, {n} bars stand for {share} %", n=n, share=share)
    if n == 1:
        return tr("This bar stands for {share} % of the song", share=share)
    return tr("These {n} bars stand for {share} % of the song", n=n, share=share)

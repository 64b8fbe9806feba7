"""The Draft panel: what to ask the engine for, and the candidates it gives."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QScrollArea,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from chartstudio.core.note import slice_notes
from chartstudio.editor.finish import notes_within
from chartstudio.engine.requests import DRAFTED_MODES, Candidate, Draft, GenerateRequest
from chartstudio.gui import text
from chartstudio.gui.actions import Actions
from chartstudio.gui.candidates import fault_lines, faults, summary
from chartstudio.gui.panels.candidate_card import CandidateCard, CandidateIssues, levels_line
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.density_curve import DensitySection
from chartstudio.gui.panels.follow import FollowSection
from chartstudio.gui.panels.key_bars import KeyBarsSection
from chartstudio.gui.panels.level_box import LevelBox
from chartstudio.gui.panels.locks import LocksSection
from chartstudio.gui.panels.parts import (
    JobBar,
    button,
    column,
    exchange,
    heading,
    label,
    row,
)
from chartstudio.gui.panels.style import StyleSection
from chartstudio.gui.proposals import GRIDS, MAX_CANDIDATES, MAX_SEED, level_in
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.modes import MODES

_SLIDER_STEPS = 10
"""Slider steps per level."""

_SMALL_PX = 34
_LAID_OUT_MS = 40
"""Cards have no place to scroll to before they are laid out."""

_LEGEND = (("Tab", "next"), ("Enter", "accept"), ("⇧ Enter", "part"), ("Esc", "drop"))


class DraftPanel(QWidget):
    """Asks `Drafting` and shows what it has.

    Parameters
    ----------
    studio : Studio
    """

    start_asked = Signal()
    """The button was pressed; the command of the same name does the work."""
    audition_asked = Signal(int)

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        bridge, drafting = studio.bridge, studio.drafting
        self._document = bridge.document
        self._drafting = drafting
        self.locks = LocksSection(studio)
        self.density = DensitySection(studio)
        self.follow = FollowSection(studio)
        self.style_ = StyleSection(studio)
        self.finish = KeyBarsSection(studio)
        self._cards: list[CandidateCard] = []
        self._cards_of: Draft | None = None
        self._engine_state = tr("Loaded with the first draft.")
        self._build_fields()
        self._start = button(tr("Draft"), self.start_asked.emit, "primary", tr("Draft (G)"))
        self.bar = JobBar(tr("drafting"), drafting.cancel)
        self._heading = heading(tr("Candidates"))
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self._hint = label(
            tr("Candidates appear here and as ghosts on the timeline."), "muted", wrap=True
        )
        self.issues = CandidateIssues()
        self._legend = _legend()
        self._engine = label(role="muted", wrap=True)
        self._lay_out()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._reveal)
        drafting.changed.connect(self.refresh)
        bridge.changed.connect(self.refresh)
        self.refresh()

    def _build_fields(self) -> None:
        self.mode = QComboBox()
        self.mode.setAccessibleName(tr("Mode"))
        for mode_id in DRAFTED_MODES:
            self.mode.addItem(MODES[mode_id].title, mode_id)
        self.mode.activated.connect(lambda _: self._on_mode(self.mode.currentData()))
        self.level = LevelBox()
        self.level.valueChanged.connect(lambda v: self._drafting.set(level=round(v, 1)))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(tr("Level slider"))
        self.slider.valueChanged.connect(lambda v: self._drafting.set(level=v / _SLIDER_STEPS))
        self.grid = QComboBox()
        self.grid.setAccessibleName(tr("Grid"))
        for grid in GRIDS:
            self.grid.addItem(f"1/{grid}", grid)
        self.grid.activated.connect(lambda _: self._drafting.set(grid=self.grid.currentData()))
        self.seed = QSpinBox()
        self.seed.setRange(0, MAX_SEED)
        self.seed.setAccessibleName(tr("Seed"))
        self.seed.valueChanged.connect(lambda v: self._drafting.set(seed=v))
        self.n_candidates = QSpinBox()
        self.n_candidates.setRange(1, MAX_CANDIDATES)
        self.n_candidates.setAccessibleName(tr("Number of candidates"))
        self.n_candidates.valueChanged.connect(lambda v: self._drafting.set(n_candidates=v))

    def _lay_out(self) -> None:
        content = QWidget()
        layout = column(content, margin=14, spacing=9)
        layout.addWidget(heading(tr("Section")))
        self._range = label()
        self._scope = label(role="chip")
        layout.addLayout(row(self._range, None, self._scope))
        fields = QGridLayout()
        fields.setVerticalSpacing(8)
        fields.setColumnStretch(1, 1)
        new_seed = button("⟳", self._drafting.new_seed, tip=tr("New seed"))
        new_seed.setFixedWidth(_SMALL_PX)
        lines: tuple[tuple[str, tuple[QWidget, ...]], ...] = (
            (tr("Mode"), (self.mode,)),
            (tr("Level"), (self.slider, self.level)),
            (tr("Grid"), (self.grid,)),
            (tr("Candidates"), (self.n_candidates,)),
            (tr("Seed"), (self.seed, new_seed)),
        )
        for i, (name, widgets) in enumerate(lines):
            fields.addWidget(label(name), i, 0)
            fields.addLayout(row(*widgets, wide=(0,)), i, 1)
        layout.addLayout(fields)
        self._refusal = label(role="bad", wrap=True)
        self._missing = label(tr("There is no audio to draft from."), "bad", wrap=True)
        layout.addWidget(self.locks)
        layout.addWidget(self.density)
        layout.addWidget(self.follow)
        layout.addWidget(self.style_)
        layout.addWidget(self._start)
        layout.addWidget(self._refusal)
        layout.addWidget(self._missing)
        layout.addWidget(self.bar)
        layout.addSpacing(4)
        layout.addWidget(self._heading)
        layout.addWidget(self._hint)
        layout.addLayout(self._list)
        layout.addWidget(self.issues)
        layout.addWidget(self._legend)
        layout.addSpacing(4)
        layout.addWidget(self.finish)
        layout.addSpacing(4)
        layout.addWidget(heading(tr("Engine")))
        layout.addWidget(self._engine)
        layout.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(content)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column(self, margin=0).addWidget(self._scroll)

    def bind(self, actions: Actions) -> None:
        """Give every button of a command its action."""
        for made in self.findChildren(CommandButton):
            made.bind(actions[made.command_id])

    def show_part(self, name: str) -> None:
        """Scroll to a part: ``draft``, ``keybars``, ``finish``, ``lock``, ``density``, ``follow``
        or ``style``.
        """
        parts: dict[str, QWidget] = {
            "draft": self._start,
            "keybars": self.finish,
            "finish": self.finish.refresh_fills,
            "lock": self.locks,
            "density": self.density,
            "follow": self.follow,
            "style": self.style_,
        }
        part = parts.get(name)
        if part is not None:
            self._scroll.ensureWidgetVisible(part)
        if name == "style":
            self.style_.focus_first()

    def to_level(self) -> None:
        """Put the focus on the level, to be typed."""
        self._scroll.ensureWidgetVisible(self.level)
        self.level.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.level.selectAll()

    def _on_mode(self, mode_id: str) -> None:
        drafting = self._drafting
        drafting.set(mode=mode_id, level=level_in(mode_id, drafting.settings))

    def show_engine(self, state: str) -> None:
        """Say what the engine is and does."""
        self._engine_state = state
        self._engine.setText(self._last_run() or state)

    # Showing -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show everything as it is now; for what neither drafting nor document tell."""
        self._show_range()
        self._show_fields()
        self._show_running()
        self._show_cards()
        self._engine.setText(self._last_run() or self._engine_state)

    def _show_range(self) -> None:
        document, asked = self._document, self._drafting.target_range()
        chart = document.active_chart
        timing = document.song.timing if chart is None else document.song.timing_of(chart)
        selected = document.selection.range is not None
        self._range.setText(text.bars(timing, *asked) if asked else tr("Whole song"))
        self._scope.setText(tr("selection") if selected else tr("whole song"))
        self._scope.setVisible(asked is not None)
        has_notes = (
            chart is not None
            and asked is not None
            and chart.mode == self._drafting.settings.mode
            and bool(slice_notes(chart.notes, *asked))
        )
        key = QKeySequence("G").toString(QKeySequence.SequenceFormat.NativeText)
        verb = tr("Redraw") if has_notes else tr("Draft")
        self._start.setText(f"{verb}   {key}")
        self._start.setEnabled(self._drafting.can_start)
        refusal = self._drafting.refusal
        self._refusal.setText(refusal)
        self._refusal.setVisible(bool(refusal))
        self._missing.setVisible(not refusal and not self._drafting.can_listen)
        for field in (self.mode, self.level, self.slider, self.grid, self.seed, self.n_candidates):
            field.setEnabled(not refusal)

    def _show_fields(self) -> None:
        settings = self._drafting.settings
        mode = MODES[settings.mode]
        low, high = mode.level_range
        blocked = [
            QSignalBlocker(w)
            for w in (self.mode, self.level, self.slider, self.grid, self.seed, self.n_candidates)
        ]
        self.mode.setCurrentIndex(self.mode.findData(settings.mode))
        self.level.set_mode(mode)
        self.level.setValue(settings.level)
        self.slider.setRange(round(low * _SLIDER_STEPS), round(high * _SLIDER_STEPS))
        self.slider.setSingleStep(_SLIDER_STEPS if mode.level_unit == "meter" else 1)
        self.slider.setValue(round(settings.level * _SLIDER_STEPS))
        self.grid.setCurrentIndex(self.grid.findData(settings.grid))
        self.seed.setValue(settings.seed)
        self.n_candidates.setValue(settings.n_candidates)
        del blocked

    def _show_running(self) -> None:
        progress = self._drafting.progress
        if self._drafting.running and progress is not None:
            self.bar.show_progress(progress.done, progress.what, self._drafting.remaining_s)
        else:
            self.bar.hide()

    def _show_cards(self) -> None:
        drafting = self._drafting
        if drafting.draft is not self._cards_of:
            self._cards_of = drafting.draft
            self._make_cards()
        for i, card in enumerate(self._cards):
            if card.mark(i == drafting.shown):
                self._later.start(_LAID_OUT_MS)
        shown = drafting.candidates[drafting.shown] if drafting.waiting else None
        request = drafting.request
        self.issues.show_issues(shown, None if request is None else request.timing)
        self._legend.setVisible(bool(self._cards))
        self._hint.setVisible(not self._cards)

    def _reveal(self) -> None:
        """Bring the card of the shown candidate into view."""
        if self._drafting.shown < len(self._cards):
            self._scroll.ensureWidgetVisible(self._cards[self._drafting.shown])

    def _make_cards(self) -> None:
        request, candidates = self._drafting.request, self._drafting.candidates
        cards: list[CandidateCard] = []
        if request is not None:
            cards = [self._card(request, i, c) for i, c in enumerate(candidates)]
        self._cards = exchange(self._list, self._cards, cards)

    def _card(self, request: GenerateRequest, index: int, candidate: Candidate) -> CandidateCard:
        mode = MODES[request.chart.mode]
        levels = levels_line(request.level, candidate.level_reached, mode)
        said = summary(self._new_part(candidate), mode), levels
        made = CandidateCard(chr(ord("A") + index), candidate, said, self._fault(candidate))
        made.clicked.connect(lambda: self._drafting.show(index))
        made.audition.connect(lambda: self.audition_asked.emit(index))
        return made

    def _new_part(self, candidate: Candidate) -> Candidate:
        """A candidate with no other notes than those that accepting it would bring."""
        asked = self._drafting.asked
        if asked is None:
            return candidate
        new = (n for n in notes_within(candidate.notes, asked.spans) if n not in asked.stays)
        return replace(candidate, notes=tuple(new))

    def _fault(self, candidate: Candidate) -> tuple[str, str]:
        """What accepting a candidate would bring besides notes: as a line, and one by one."""
        draft, request = self._drafting.draft, self._drafting.request
        if draft is None or request is None:
            return "", ""
        return faults(candidate, draft), fault_lines(candidate, draft, request.timing)

    def _last_run(self) -> str:
        draft, request = self._drafting.draft, self._drafting.request
        if draft is None or request is None:
            return ""
        seconds = sum(draft.seconds.values())
        return tr(
            "{model} · {device} · {number} · {seconds} s for {bars} × {n}",
            model=draft.model,
            device=draft.device.upper(),
            number=draft.number_type,
            seconds=f"{seconds:.1f}",
            bars=text.bars(request.timing, request.start, request.end).lower(),
            n=len(draft.candidates),
        )


def _legend() -> QWidget:
    """The keys that work on candidates."""
    made = QWidget()
    layout = QGridLayout(made)
    layout.setContentsMargins(0, 2, 0, 2)
    layout.setVerticalSpacing(2)
    for i, (key, what) in enumerate(_LEGEND):
        cap = label(key, "key")
        layout.addWidget(cap, 0, i, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(label(tr(what), "muted"), 1, i)
    return made

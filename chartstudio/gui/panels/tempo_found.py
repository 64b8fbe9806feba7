"""What the engine finds of the tempo: the search, its readings, and how to use them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from chartstudio.core.timing import TimingMap
from chartstudio.engine.requests import Tempo, TempoCandidate
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.panels.parts import JobBar, button, column, exchange, heading, label, row
from chartstudio.gui.tempo import TempoFinder, constant
from chartstudio.gui.text import bars, tr

_N_SHOWN = 5
"""Readings that are listed, best first."""

_SHAKY = 0.5
"""Below this confidence a stretch is worth a look."""


class FoundBox(QWidget):
    """Shows what `TempoFinder` does and found.

    Parameters
    ----------
    bridge : Bridge
    finder : TempoFinder
    attempt : callable
        Runs what may be refused, and tells when it is.
    """

    find_asked = Signal()

    def __init__(
        self,
        bridge: Bridge,
        finder: TempoFinder,
        attempt: Callable[[Callable[[], object]], None],
    ) -> None:
        super().__init__()
        self._document = bridge.document
        self._finder = finder
        self._attempt = attempt
        self._shown: Tempo | None = None
        self._find = button(tr("Find tempo"), self.find_asked.emit, "primary")
        self.follow = QCheckBox(tr("Follow a tempo that changes"))
        self.follow.setAccessibleName(self.follow.text())
        self.follow.toggled.connect(lambda on: setattr(finder, "follows", on))
        self.bar = JobBar(tr("finding the tempo"), finder.cancel)
        self.message = label(role="muted", wrap=True)
        self.message.hide()
        self._scope = label(role="muted", wrap=True)
        self.rows: list[QWidget] = []
        layout = column(self, margin=0, spacing=9)
        layout.addWidget(heading(tr("Find")))
        for item in (self._scope, self.follow, self._find, self.bar, self.message):
            layout.addWidget(item)
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        layout.addLayout(self._list)

    def show_state(self) -> None:
        """Show what is so now."""
        finder = self._finder
        if finder.running and finder.progress is not None:
            self.bar.show_progress(finder.progress.done, finder.progress.what)
        else:
            self.bar.hide()
        self._find.setEnabled(finder.can_start)
        selected = self._document.selection.range is not None
        self._scope.setText(
            tr("Listens to the selected bars.") if selected else tr("Listens to the whole song.")
        )
        if finder.tempo is not self._shown:
            self._shown = finder.tempo
            self._show_found()

    def _show_found(self) -> None:
        tempo = self._shown
        self.message.setText(tempo.message if tempo is not None else "")
        self.message.setVisible(bool(self.message.text()))
        rows = []
        if tempo is not None:
            found = tempo.timing()
            if found is not None and len(found.anchors) > 1:
                rows.append(self._changes_row(tempo, found))
            rows += [self._candidate_row(c) for c in tempo.candidates[:_N_SHOWN]]
        self.rows = exchange(self._list, self.rows, rows)

    def _changes_row(self, tempo: Tempo, found: TimingMap) -> QWidget:
        name = tr("{n} tempos", n=len(found.anchors))
        shaky = sum(a.confidence < _SHAKY for a in tempo.anchors)
        detail = tr("look at {n} of them", n=shaky) if shaky else tr("all of them sure")
        least = min(a.confidence for a in tempo.anchors)
        tip = tr("How much of the rhythm the worst stretch explains, 0 to 1")
        return self._row(found, (name, detail), (f"{least:.2f}", tip))

    def _candidate_row(self, candidate: TempoCandidate) -> QWidget:
        name = tr("{bpm} BPM", bpm=f"{candidate.bpm:.3f}")
        detail = tr(
            "{offset} s · {meter} beats",
            offset=f"{candidate.offset_s:+.3f}",
            meter=candidate.meter,
        )
        tip = tr("How much of the song's rhythm this explains, 0 to 1")
        return self._row(constant(candidate), (name, detail), (f"{candidate.score:.2f}", tip))

    def _row(self, found: TimingMap, texts: tuple[str, str], score: tuple[str, str]) -> QWidget:
        """One thing that was found, with its figures and what can be done with it."""
        finder, (name, detail) = self._finder, texts
        chip = label(score[0], "chip")
        chip.setToolTip(score[1])
        buttons = [
            button(
                tr("Use"),
                lambda: self._attempt(lambda: finder.use(found)),
                tip=tr("Use {tempo}", tempo=name),
            )
        ]
        if finder.stretch is not None:
            where = bars(finder.timing, *finder.stretch)
            buttons[0].setText(tr("All"))
            buttons.append(
                button(
                    tr("Here"),
                    lambda: self._attempt(lambda: finder.use_in_stretch(found)),
                    tip=tr("Use {tempo} in {bars} only", tempo=name, bars=where),
                )
            )
        made = QWidget()
        head = row(label(name, "name"), None, chip, *buttons)
        layout = column(made, margin=0, spacing=1)
        layout.addLayout(head)
        layout.addWidget(label(detail, "muted"))
        return made

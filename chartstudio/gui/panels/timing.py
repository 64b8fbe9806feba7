"""The Timing panel: find the tempo, or set it by hand."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QGridLayout,
    QRadioButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from chartstudio.core.timing import TimingMap
from chartstudio.engine.requests import Tempo, TempoCandidate
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.panels.parts import JobBar, button, column, heading, label, row
from chartstudio.gui.tempo import (
    BPM_LIMITS,
    Keep,
    TempoFinder,
    is_constant,
    shifted,
    with_meter,
    with_tempo,
)
from chartstudio.gui.text import tr

_NUDGES_MS = (-10, -1, 1, 10)


class TimingPanel(QWidget):
    """Shows what `TempoFinder` found, and the song's tempo as fields.

    Parameters
    ----------
    bridge : Bridge
    finder : TempoFinder
    """

    find_asked = Signal()

    def __init__(self, bridge: Bridge, finder: TempoFinder) -> None:
        super().__init__()
        self._document = bridge.document
        self._finder = finder
        self._shown: Tempo | None = None
        self._find = button(tr("Find tempo"), self.find_asked.emit, "primary")
        self.bar = JobBar(tr("finding the tempo"), finder.cancel)
        self._message = label(role="muted", wrap=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(4)
        self._rows: list[QWidget] = []
        self._build_fields()
        self._lay_out()
        finder.changed.connect(self._show)
        bridge.changed.connect(self._show)
        self._show()

    def _build_fields(self) -> None:
        self.bpm = QDoubleSpinBox()
        self.bpm.setDecimals(3)
        self.bpm.setRange(*BPM_LIMITS)
        self.bpm.setAccessibleName(tr("Tempo in BPM"))
        self.bpm.setKeyboardTracking(False)
        self.bpm.valueChanged.connect(self._set_bpm)
        self.offset_ms = QDoubleSpinBox()
        self.offset_ms.setDecimals(1)
        self.offset_ms.setRange(-600_000, 600_000)
        self.offset_ms.setSuffix(" ms")
        self.offset_ms.setAccessibleName(tr("Time of the first downbeat"))
        self.offset_ms.setKeyboardTracking(False)
        self.offset_ms.valueChanged.connect(self._set_offset)
        self.meter = QSpinBox()
        self.meter.setRange(1, 16)
        self.meter.setAccessibleName(tr("Beats per bar"))
        self.meter.setKeyboardTracking(False)
        self.meter.valueChanged.connect(
            lambda v: self._retime(tr("Set meter"), lambda t: with_meter(t, v))
        )
        self.keep: dict[Keep, QRadioButton] = {
            "ticks": QRadioButton(tr("stay on their beats and move in time")),
            "seconds": QRadioButton(tr("stay where they are heard and move on the grid")),
        }
        self._keep_group = QButtonGroup(self)
        for keep, made in self.keep.items():
            made.setAccessibleName(tr("Notes {what}", what=made.text()))
            made.clicked.connect(lambda _=False, k=keep: setattr(self._finder, "keep", k))
            self._keep_group.addButton(made)
        self.keep[self._finder.keep].setChecked(True)

    def _lay_out(self) -> None:
        content = QWidget()
        layout = column(content, margin=14, spacing=9)
        layout.addWidget(heading(tr("Find")))
        self._scope = label(role="muted", wrap=True)
        for item in (self._scope, self._find, self.bar, self._message):
            layout.addWidget(item)
        layout.addLayout(self._list)
        layout.addSpacing(4)
        layout.addWidget(heading(tr("When the tempo changes, notes")))
        for made in self.keep.values():
            layout.addWidget(made)
        layout.addSpacing(4)
        layout.addWidget(heading(tr("By hand")))
        layout.addLayout(self._field_grid())
        self._varies = label(role="muted", wrap=True)
        layout.addWidget(self._varies)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column(self, margin=0).addWidget(scroll)

    def _field_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self._tempo_nudges = [
            button("½", lambda: self._scale(0.5), tip=tr("Half the tempo")),
            button("×2", lambda: self._scale(2.0), tip=tr("Double the tempo")),
        ]
        self._offset_nudges = [
            button(
                f"{ms:+d}".replace("-", "−"),
                lambda ms=ms: self._shift(ms / 1000),
                tip=tr("Move the grid by {ms} ms", ms=f"{ms:+d}"),
            )
            for ms in _NUDGES_MS
        ]
        half = button(tr("½ beat"), self._shift_half_beat, tip=tr("Move the grid by half a beat"))
        grid.addWidget(label(tr("BPM")), 0, 0)
        grid.addLayout(row(self.bpm, *self._tempo_nudges), 0, 1)
        grid.addWidget(label(tr("Bar 1 at")), 1, 0)
        grid.addLayout(row(self.offset_ms), 1, 1)
        grid.addLayout(row(*self._offset_nudges, half, spacing=4), 2, 1)
        grid.addWidget(label(tr("Beats per bar")), 3, 0)
        grid.addLayout(row(self.meter, None), 3, 1)
        return grid

    # By hand -----------------------------------------------------------------------------

    def _retime(self, name: str, change: Callable[[TimingMap], TimingMap]) -> None:
        timing = self._document.song.timing
        self._finder.retime(name, change(timing))

    def _set_bpm(self, bpm: float) -> None:
        self._retime(tr("Set tempo"), lambda t: with_tempo(t, bpm))

    def _scale(self, factor: float) -> None:
        self.bpm.setValue(self.bpm.value() * factor)

    def _set_offset(self, offset_ms: float) -> None:
        now_s = self._document.song.timing.anchors[0].seconds
        self._shift(offset_ms / 1000 - now_s)

    def _shift(self, by_s: float) -> None:
        self._retime(tr("Move grid"), lambda t: shifted(t, by_s))

    def _shift_half_beat(self) -> None:
        self._shift(30.0 / self._document.song.timing.anchors[0].bpm)

    # Showing -----------------------------------------------------------------------------

    def _show(self) -> None:
        finder, song = self._finder, self._document.song
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
            self._show_candidates()
        first, constant = song.timing.anchors[0], is_constant(song.timing)
        blocked = [QSignalBlocker(w) for w in (self.bpm, self.offset_ms, self.meter)]
        self.bpm.setValue(first.bpm)
        self.offset_ms.setValue(first.seconds * 1000)
        self.meter.setValue(first.meter)
        del blocked
        for widget in (self.bpm, self.meter, *self._tempo_nudges):
            widget.setEnabled(constant)
        changes = len(song.timing.anchors) - 1
        own = self._document.active_chart
        notes = []
        if changes:
            notes.append(
                tr("The tempo changes {n} times; here the whole grid can be moved.", n=changes)
            )
        if own is not None and own.timing is not None:
            notes.append(tr("The active chart has its own timing, which stays as it is."))
        self._varies.setText(" ".join(notes))
        self._varies.setVisible(bool(notes))

    def _show_candidates(self) -> None:
        for old in self._rows:
            self._list.removeWidget(old)
            old.hide()
            old.deleteLater()
        tempo = self._shown
        self._message.setText(tempo.message if tempo is not None else "")
        self._message.setVisible(bool(self._message.text()))
        candidates = tempo.candidates if tempo is not None else ()
        self._rows = [self._candidate_row(c) for c in candidates]
        for made in self._rows:
            self._list.addWidget(made)

    def _candidate_row(self, candidate: TempoCandidate) -> QWidget:
        made = QWidget()
        name = tr("{bpm} BPM", bpm=f"{candidate.bpm:.3f}")
        detail = tr(
            "{offset} s · {meter} beats",
            offset=f"{candidate.offset_s:+.3f}",
            meter=candidate.meter,
        )
        score = label(f"{candidate.score:.2f}", "chip")
        score.setToolTip(tr("How much of the song's rhythm this explains, 0 to 1"))
        use = button(
            tr("Use"), lambda: self._finder.use(candidate), tip=tr("Use {tempo}", tempo=name)
        )
        made.setLayout(row(label(name, "name"), label(detail, "muted"), None, score, use))
        return made

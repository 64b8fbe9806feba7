"""The tempo changes of the active chart as a table, to go to, to mend and to remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.engine.requests import Tempo
from chartstudio.gui.panels.parts import button, column, heading, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import clock, tr

_SAME_S = 0.0015
"""A tempo change is the found one when it is no further away."""

_ROWS_SHOWN = 7
_ROW_PX = 22
_Index = QModelIndex | QPersistentModelIndex

_HEADS = ("Bar", "Time", "BPM", "Meter", "What", "Sure")
"""Names of the columns, in English."""

_WHAT = {Cause.TEMPO: "tempo", Cause.STOP: "stop", Cause.DELAY: "delay", Cause.WARP: "warp"}


def confidences(timing: TimingMap, found: Tempo | None) -> dict[int, float]:
    """How sure the finder was of anchors, by their index, as far as they are still there."""
    if found is None:
        return {}
    sure: dict[int, float] = {}
    for i, anchor in enumerate(timing.anchors):
        near = [a for a in found.anchors if abs(a.seconds - anchor.seconds) <= _SAME_S]
        if near:
            sure[i] = near[0].confidence
    # The first one may have been moved to the bar where the count begins.
    first = found.anchors[:1]
    if first and 0 not in sure and round(first[0].bpm - timing.anchors[0].bpm, 6) == 0:
        sure[0] = first[0].confidence
    return sure


class AnchorModel(QAbstractTableModel):
    """Anchors as rows."""

    def __init__(self) -> None:
        super().__init__()
        self.timing = TimingMap.constant(120.0)
        self.sure: dict[int, float] = {}

    def show_timing(self, timing: TimingMap, found: Tempo | None) -> None:
        """Show another timing."""
        self.beginResetModel()
        self.timing = timing
        self.sure = confidences(timing, found)
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self.timing.anchors)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(  # noqa: D102
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(_HEADS[section])
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        texts = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        if role not in texts:
            return None
        text = self._texts(index.row())[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{tr(_HEADS[index.column()])} {text}"
        return text

    def _texts(self, i: int) -> tuple[str, ...]:
        anchor, timing = self.timing.anchors[i], self.timing
        at = timing.position(anchor.tick)
        beat = f"{at.beat:.3f}".rstrip("0").rstrip(".")
        sure = self.sure.get(i)
        return (
            f"{at.measure}:{beat}",
            clock(anchor.seconds),
            f"{anchor.bpm:.3f}",
            f"{anchor.meter}/4" if anchor.bar else "",
            self._what(i, anchor),
            "" if sure is None else f"{sure:.2f}",
        )

    def _what(self, i: int, anchor: Anchor) -> str:
        what = tr(_WHAT[anchor.cause])
        if anchor.cause in (Cause.STOP, Cause.DELAY) and i:
            return f"{what} {anchor.seconds - self.timing.anchors[i - 1].seconds:.3g} s"
        return what


class AnchorBox(QWidget):
    """The table with what can be done to a row.

    Parameters
    ----------
    studio : Studio
    attempt : callable
        Runs what may be refused, and tells when it is.
    """

    def __init__(self, studio: Studio, attempt: Callable[[Callable[[], object]], None]) -> None:
        super().__init__()
        self._studio = studio
        self._attempt = attempt
        self._shown: tuple[object, ...] = ()
        self.model = AnchorModel()
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName(tr("Tempo changes"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        head = self.table.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setStretchLastSection(True)
        head.setHighlightSections(False)
        head.setAccessibleName(tr("Columns of tempo changes"))
        self.table.verticalHeader().setAccessibleName(tr("Rows of tempo changes"))
        head.setMinimumSectionSize(24)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.activated.connect(self._go)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())
        timeline = studio.timeline
        self.go = button(tr("Go there"), self._go)
        self.snap = button(
            tr("Onto sound"),
            lambda: self._on_tick(timeline.snap_beat),
            tip=tr("Put the chosen tempo change onto the sound near it"),
        )
        self.remove = button(
            tr("Remove"),
            lambda: self._on_tick(timeline.remove_change),
            tip=tr("Remove the chosen tempo change or pause"),
        )
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self.remove.click)
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Tempo changes")))
        layout.addWidget(self.table)
        layout.addLayout(row(self.go, self.snap, self.remove, None))
        self._show_buttons()

    @property
    def tick(self) -> int | None:
        """Tick of the chosen row."""
        rows = self.table.selectionModel().selectedRows()
        return self.model.timing.anchors[rows[0].row()].tick if rows else None

    def _go(self) -> None:
        if self.tick is not None:
            self._studio.timeline.go_to(self.tick)

    def _on_tick(self, run: Callable[[int], object]) -> None:
        tick = self.tick
        if tick is not None:
            self._attempt(lambda: run(tick))

    def show_state(self) -> None:
        """Show the active chart's timing; the chosen row stays chosen."""
        timing, found = self._studio.timeline.timing, self._studio.tempo.tempo
        if self._shown and self._shown[0] is timing and self._shown[1] is found:
            return
        self._shown = (timing, found)
        chosen = self.tick
        self.model.show_timing(timing, found)
        self.table.setColumnHidden(len(_HEADS) - 1, not self.model.sure)
        for i, anchor in enumerate(timing.anchors):
            if anchor.tick == chosen:
                self.table.selectRow(i)
                break
        n_rows = min(max(len(timing.anchors), 2), _ROWS_SHOWN)
        head_px = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(head_px + _ROW_PX * n_rows + 4)
        self._show_buttons()

    def _show_buttons(self) -> None:
        for made in (self.go, self.snap, self.remove):
            made.setEnabled(self.tick is not None)

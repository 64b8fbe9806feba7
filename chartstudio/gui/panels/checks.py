"""The list of everything that is wrong, and its short form beside the charts."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from chartstudio.editor.checks import SongIssue
from chartstudio.gui import text
from chartstudio.gui.checker import Checker
from chartstudio.gui.panels.parts import button, column, label, row
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme

_PADDING_PX = 24

SEVERITIES = ("error", "warning", "hint")


def counts_text(issues: tuple[SongIssue, ...]) -> tuple[str, str]:
    """How many errors, and how many of the rest, in words."""
    n = Counter(i.severity for i in issues)
    errors = text.count(n["error"], "{n} error", "{n} errors")
    rest = []
    if n["warning"]:
        rest.append(text.count(n["warning"], "{n} warning", "{n} warnings"))
    if n["hint"]:
        rest.append(text.count(n["hint"], "{n} hint", "{n} hints"))
    return errors, " · ".join(rest)


class _Issues(QAbstractListModel):
    """Issues as rows; only those in sight are ever turned into text."""

    def __init__(self, theme: Theme = DARK) -> None:
        super().__init__()
        self.issues: tuple[SongIssue, ...] = ()
        self._names: tuple[str, ...] = ()
        self._dots = {s: _dot(theme, s) for s in SEVERITIES}

    def show_issues(self, issues: tuple[SongIssue, ...], names: tuple[str, ...]) -> None:
        self.beginResetModel()
        self.issues, self._names = issues, names
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.issues)

    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        issue = self.issues[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{issue.text}{self._place(issue)}"
        if role == Qt.ItemDataRole.DecorationRole:
            return self._dots[issue.severity]
        if role == Qt.ItemDataRole.ToolTipRole:
            return issue.id
        return None

    def _place(self, issue: SongIssue) -> str:
        if issue.chart is None:
            return ""
        name = self._names[issue.chart] if issue.chart < len(self._names) else ""
        return f"\n{text.clock(issue.start_s)} · {name}"


def _dot(theme: Theme, severity: str) -> QPixmap:
    made = QPixmap(14, 14)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(theme.severity(severity))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(QPointF(7, 7), 4, 4)
    painter.end()
    return made


class _IssueRow(QStyledItemDelegate):
    """Rows as tall as their text needs beside the stylesheet's padding."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        narrower = QStyleOptionViewItem(option)
        narrower.rect = option.rect.adjusted(0, 0, -_PADDING_PX, 0)
        return super().sizeHint(narrower, index)


class ChecksPanel(QWidget):
    """Issues by place; a click jumps there, a button fixes what can be fixed safely.

    Parameters
    ----------
    checker : Checker
    """

    jump_asked = Signal(object)
    fix_asked = Signal(object)
    fix_all_asked = Signal()

    def __init__(self, checker: Checker) -> None:
        super().__init__()
        self._checker = checker
        self._names: tuple[str, ...] = ()
        self._model = _Issues()
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setAccessibleName(tr("Issues"))
        self.list.setWordWrap(True)
        self.list.setUniformItemSizes(False)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setItemDelegate(_IssueRow(self.list))
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.selectionModel().currentChanged.connect(self._on_current)
        self.list.clicked.connect(self._on_clicked)
        self._counts = label(role="muted")
        self._fix = button(tr("Fix"), self._fix_current, tip=tr("Fix the chosen issue"))
        self._fix_all = button(
            tr("Fix all"), self.fix_all_asked.emit, tip=tr("Fix every issue that has a safe fix")
        )
        self.setAutoFillBackground(True)
        layout = column(self, margin=12)
        layout.addLayout(row(self._counts, None))
        layout.addLayout(row(self._fix, self._fix_all, None))
        layout.addWidget(self.list, 1)
        checker.changed.connect(self._show)
        self._show()

    def name_charts(self, names: tuple[str, ...]) -> None:
        """Use these names for the charts."""
        self._names = names

    @property
    def current(self) -> SongIssue | None:
        """The chosen issue."""
        index = self.list.currentIndex()
        return self._model.issues[index.row()] if index.isValid() else None

    def step(self, by: int) -> None:
        """Choose the next or the previous issue and jump to it."""
        n = len(self._model.issues)
        if not n:
            return
        index = self.list.currentIndex()
        at = (index.row() + by) % n if index.isValid() else (0 if by > 0 else n - 1)
        self.list.setCurrentIndex(self._model.index(at))
        self.jump_asked.emit(self._model.issues[at])

    def _show(self) -> None:
        kept = self.list.currentIndex().row()
        self._model.show_issues(self._checker.issues, self._names)
        if 0 <= kept < len(self._checker.issues):
            self.list.setCurrentIndex(self._model.index(kept))
        self._counts.setText(" · ".join(p for p in counts_text(self._checker.issues) if p))
        n_fixes = sum(i.fix is not None for i in self._checker.issues)
        self._fix_all.setText(tr("Fix all ({n})", n=n_fixes) if n_fixes else tr("Fix all"))
        self._fix_all.setEnabled(n_fixes > 0)
        self._on_current()

    def _on_current(self) -> None:
        issue = self.current
        self._fix.setEnabled(issue is not None and issue.fix is not None)

    def _on_clicked(self, index: QModelIndex) -> None:
        self.jump_asked.emit(self._model.issues[index.row()])

    def _fix_current(self) -> None:
        if self.current is not None:
            self.fix_asked.emit(self.current)


class ChecksSummary(QWidget):
    """One line: how many errors and how much of the rest."""

    clicked = Signal()

    def __init__(self, checker: Checker) -> None:
        super().__init__()
        self._checker = checker
        self._button = button("", self.clicked.emit, "flat", tr("Show the checks"))
        self._rest = label(role="muted", wrap=True)
        self._rest.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = row(self._button, self._rest)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        checker.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        errors, rest = counts_text(self._checker.issues)
        bad = any(i.severity == "error" for i in self._checker.issues)
        colour = DARK.bad if bad else DARK.good
        self._button.setText(f"●  {errors}")
        self._button.setStyleSheet(f"color: {colour.name()}")
        self._rest.setText(rest)

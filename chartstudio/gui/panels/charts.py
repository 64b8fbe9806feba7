"""The list of a song's charts, and the commands on them."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QAction, QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QWidget,
)

from chartstudio.core.song import Chart
from chartstudio.editor import edits
from chartstudio.editor.document import Change
from chartstudio.editor.selection import Selection
from chartstudio.gui import text
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.checker import Checker
from chartstudio.gui.panels.parts import column, heading, label
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme
from chartstudio.modes import MODES

_CHIP = Qt.ItemDataRole.UserRole
_REMARK = _CHIP + 1
_ROW_PX = 30
_COUNT_PAUSE_MS = 120


def chart_title(chart: Chart) -> str:
    """What a list calls a chart."""
    return chart.name or chart.label or tr("Untitled")


def mode_title(mode_id: str) -> str:
    """A mode's name; the id itself of a mode that cannot be edited yet."""
    mode = MODES.get(mode_id)
    return mode.title if mode is not None else mode_id


def _chip(chart: Chart, estimate: float | None = None) -> str:
    mode = MODES.get(chart.mode)
    n_notes = len(chart.notes) if mode is None else sum(mode.counts(n) for n in chart.notes)
    level = estimate if chart.level is None else chart.level
    return f"{text.level(level, mode)} · {n_notes}"


def _remark(chart: Chart, usual_mode: str) -> str:
    """What a row says beside the name: another mode than the first chart's, and the label."""
    mode = mode_title(chart.mode) if chart.mode != usual_mode else ""
    label_text = chart.label if chart.label != chart_title(chart) else ""
    return " · ".join(part for part in (mode, label_text) if part)


def _heads(charts: tuple[Chart, ...]) -> tuple[object, ...]:
    """What the rows show besides the count."""
    return tuple((c.mode, c.name, c.label, c.level) for c in charts)


class _ChartRow(QStyledItemDelegate):
    """Draws a chart's name, a remark in grey, and level and count in a chip."""

    def __init__(self, parent: QWidget, theme: Theme = DARK) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(120, _ROW_PX)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        theme, chosen = self._theme, bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(1, 1.5, -1, -1.5)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            fill = QColor(theme.accent_dim if chosen else theme.panel_raised)
            fill.setAlphaF(0.65 if chosen else 1.0)
            painter.setBrush(fill)
            painter.setPen(theme.accent_dim.lighter(130) if chosen else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(box, 5, 5)
        left = self._draw_chip(painter, option, index.data(_CHIP))
        space = option.rect.adjusted(9, 0, 0, 0)
        space.setRight(left - 6)
        painter.setPen(theme.playhead if chosen else theme.text)
        name = option.fontMetrics.elidedText(
            index.data(), Qt.TextElideMode.ElideRight, space.width()
        )
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(space, flags, name)
        remark = index.data(_REMARK)
        used = option.fontMetrics.horizontalAdvance(name) + 7
        if remark and space.width() - used > 40:
            painter.setPen(theme.muted)
            rest = space.adjusted(used, 0, 0, 0)
            cut = option.fontMetrics.elidedText(remark, Qt.TextElideMode.ElideRight, rest.width())
            painter.drawText(rest, flags, cut)
        painter.restore()

    def _draw_chip(self, painter: QPainter, option: QStyleOptionViewItem, chip: str) -> int:
        """Draw the chip at the right; return its left edge."""
        font = option.font
        font.setPointSizeF(font.pointSizeF() * 0.88)
        painter.setFont(font)
        width = QFontMetrics(font).horizontalAdvance(chip) + 14
        box = QRect(option.rect.right() - width - 6, option.rect.center().y() - 8, width, 17)
        painter.setBrush(self._theme.line)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, 8, 8)
        painter.setPen(self._theme.muted)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, chip)
        font.setPointSizeF(font.pointSizeF() / 0.88)
        painter.setFont(font)
        return box.left()


class ChartsPanel(QWidget):
    """The charts of the song; choosing one makes it the active chart.

    Parameters
    ----------
    bridge : Bridge
    actions : tuple of QAction
        The commands on charts: in the list's menu, and the first below the list.
    checker : Checker
        Estimates the levels that nobody wrote.
    """

    def __init__(self, bridge: Bridge, actions: tuple[QAction, ...], checker: Checker) -> None:
        super().__init__()
        self._document = bridge.document
        self._checker = checker
        self._actions = actions
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Charts"))
        self.list.setItemDelegate(_ChartRow(self.list))
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.currentRowChanged.connect(self._on_row)
        self.list.itemChanged.connect(self._on_renamed)
        self._chips: list[tuple[Chart, float | None, str]] = []
        self._heads: tuple[object, ...] = ()
        # Counting a long chart takes milliseconds: not with every note, but when the hand rests.
        self._count_later = QTimer(self)
        self._count_later.setSingleShot(True)
        self._count_later.setInterval(_COUNT_PAUSE_MS)
        self._count_later.timeout.connect(self._count)
        self._empty = label(tr("No chart yet. Draft one, or add an empty one."), "muted", wrap=True)
        layout = column(self, margin=0, spacing=2)
        layout.addWidget(heading(tr("Charts")))
        layout.addWidget(self._empty)
        layout.addWidget(self.list)
        layout.addWidget(_link(actions[0]))
        bridge.changed.connect(self._on_change)
        checker.levels_changed.connect(self._count)
        self._fill()

    def _on_change(self, change: Change) -> None:
        if change.new.charts is not change.old.charts or change.origin == "open":
            if _heads(change.new.charts) != self._heads:
                self._fill()
            else:
                self._count_later.start()
        if self.list.currentRow() != change.selection.chart:
            self._show_row(change.selection.chart)

    def _count(self) -> None:
        """Show how many notes each chart has; only charts that were edited are counted."""
        known = {(id(chart), level): chip for chart, level, chip in self._chips}
        charts = self._document.song.charts
        levels = self._checker.levels
        rated = list(zip(charts, (*levels, *[None] * len(charts)), strict=False))
        self._chips = [
            (chart, level, known.get((id(chart), level)) or _chip(chart, level))
            for chart, level in rated
        ]
        self.list.blockSignals(True)
        for row, (_, _, chip) in enumerate(self._chips):
            self.list.item(row).setData(_CHIP, chip)
        self.list.blockSignals(False)

    def _fill(self) -> None:
        charts = self._document.song.charts
        usual_mode = charts[0].mode if charts else ""
        self._heads = _heads(charts)
        self.list.blockSignals(True)
        self.list.clear()
        for chart in charts:
            item = QListWidgetItem(chart_title(chart))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setData(_REMARK, _remark(chart, usual_mode))
            item.setToolTip(f"{mode_title(chart.mode)} · {chart.name} {chart.label}".strip())
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._count()
        self._show_row(self._document.selection.chart)
        self._empty.setVisible(not charts)
        self.list.setVisible(bool(charts))
        self.list.setFixedHeight(min(max(len(charts), 1), 12) * _ROW_PX + 4)

    def _show_row(self, index: int) -> None:
        self.list.blockSignals(True)
        self.list.setCurrentRow(index)
        self.list.blockSignals(False)

    def _on_row(self, index: int) -> None:
        if index >= 0:
            self._document.select(Selection(chart=index, range=self._document.selection.range))

    def _on_renamed(self, item: QListWidgetItem) -> None:
        index = self.list.row(item)
        chart, name = self._document.song.charts[index], item.text().strip()
        if not name or name == chart_title(chart):
            item.setText(chart_title(chart))
            return
        self._document.apply(tr("Rename chart"), edits.set_chart(index, name=name))

    def _show_menu(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.addActions(list(self._actions))
        menu.exec(self.list.mapToGlobal(where))
        menu.deleteLater()


def _link(action: QAction) -> QWidget:
    """A flat button that follows an action."""
    made = QToolButton()
    made.setText(f"+ {action.text()}")
    made.setToolTip(action.shortcut().toString())
    made.clicked.connect(action.trigger)
    made.setProperty("role", "flat")
    made.setAccessibleName(action.text())
    return made

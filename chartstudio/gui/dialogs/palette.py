"""The command palette: every command of the window, found by typing a part of its name."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, Qt
from PySide6.QtGui import QAction, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from chartstudio.gui.text import tr

_ACTION = Qt.ItemDataRole.UserRole
_KEYS = _ACTION + 1
_DROP_PX = 60

_LOOSE = 100.0
"""The rank of a name that only holds the query's letters in order."""


def rank(query: str, text: str) -> float | None:
    """How well a command's name answers a query: lower is better, None is no answer.

    Every word of the query must occur. A word that is one of the name's wins over one that
    starts one, and that over one in the middle; of equal names the shorter wins. Letters that
    only occur in order, as ``svas`` in "Save as", come last.
    """
    name = text.lower()
    words = query.lower().split()
    if all(word in name for word in words):
        own = name.split()
        inside = sum(not any(o.startswith(word) for o in own) for word in words)
        parts = sum(word not in own for word in words)
        return 10 * inside + 2 * parts + (not name.startswith(query.lower())) + len(name) / 1000
    letters = iter(name)
    if all(letter in letters for letter in query.lower() if letter != " "):
        return _LOOSE
    return None


class _KeyColumn(QStyledItemDelegate):
    """Draws a command's key at the right of its row."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        keys = index.data(_KEYS)
        if keys:
            painter.save()
            painter.setPen(option.palette.placeholderText().color())
            where = option.rect.adjusted(0, 0, -10, 0)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(where, flags, keys)
            painter.restore()


class Palette(QDialog):
    """A search box over a list of commands.

    Parameters
    ----------
    actions : sequence of QAction
        In the order in which an empty search shows them. Disabled ones are listed, greyed.
    parent : QWidget
    """

    def __init__(self, actions: Sequence[QAction], parent: QWidget) -> None:
        # A window of its own, not a popup: a popup passes Enter and Escape on as shortcuts.
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self.setObjectName("palette")
        self.setAccessibleName(tr("Commands"))
        self._actions = [a for a in actions if not a.isSeparator()]
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(tr("Type a command"))
        self.search.setAccessibleName(tr("Search for a command"))
        self.found = QListWidget(self)
        self.found.setAccessibleName(tr("Commands found"))
        self.found.setItemDelegate(_KeyColumn(self.found))
        self.found.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.search)
        layout.addWidget(self.found)
        self.search.textChanged.connect(self._fill)
        self.search.returnPressed.connect(self._run)
        self.found.itemActivated.connect(self._run)
        self.found.itemClicked.connect(self._run)
        self.search.installEventFilter(self)
        self._fill("")
        width = min(560, parent.width() - 40)
        self.setFixedSize(width, min(420, parent.height() - 80))
        self.move(parent.mapToGlobal(QPoint((parent.width() - width) // 2, _DROP_PX)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None and self.found.count():
                row = (self.found.currentRow() + step) % self.found.count()
                self.found.setCurrentRow(row)
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        left = event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow()
        if left and self.isVisible():
            self.reject()

    def _fill(self, query: str) -> None:
        ranked = []
        for place, action in enumerate(self._actions):
            value = rank(query.strip(), action.text().replace("&", ""))
            if value is not None:
                ranked.append((not action.isEnabled(), value, place, action))
        self.found.clear()
        for _, _, _, action in sorted(ranked, key=lambda r: r[:3]):
            item = QListWidgetItem(action.text().replace("&", ""))
            item.setData(_ACTION, action)
            item.setData(
                _KEYS, action.shortcut().toString(action.shortcut().SequenceFormat.NativeText)
            )
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.found.addItem(item)
        self.found.setCurrentRow(0)

    def _run(self) -> None:
        item = self.found.currentItem()
        if item is None:
            return
        action: QAction = item.data(_ACTION)
        self.accept()
        action.trigger()

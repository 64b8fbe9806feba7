"""The table of the library's songs: a view on `LibraryRows`, with covers and a menu."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPainterPath, QPalette, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from chartstudio.gui.library import Library
from chartstudio.gui.library_rows import Column, LibraryRows
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme

_ROW_PX = 44
_COVER_PX = 36
_PADDING_PX = 8
_WIDTHS_PX = {
    Column.TITLE: 245,
    Column.ARTIST: 140,
    Column.CHARTER: 100,
    Column.MODES: 110,
    Column.LEVELS: 116,
    Column.CHARTS: 64,
    Column.STATE: 150,
}


class SongTable(QTableView):
    """Songs as rows; marking some tells the library.

    Parameters
    ----------
    library : Library
    rows : LibraryRows
    theme : Theme
    """

    open_asked = Signal()
    """The song that was marked last is to be opened."""

    def __init__(self, library: Library, rows: LibraryRows, theme: Theme = DARK) -> None:
        super().__init__()
        self._library = library
        self._theme = theme
        self._rows = rows
        self._menu: tuple[QAction | None, ...] = ()
        self._anchor: tuple[int, int] | None = None
        self._is_restoring = False
        self.setModel(rows)
        self.setAccessibleName(tr("Songs"))
        self._dress()
        rows.modelAboutToBeReset.connect(self._note_place)
        rows.modelReset.connect(self._restore_place)
        self.selectionModel().selectionChanged.connect(self._on_selection)
        self.doubleClicked.connect(lambda _: self.open_asked.emit())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)

    def _dress(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setItemDelegate(_Cell(self, self._theme))
        down = self.verticalHeader()
        down.setAccessibleName(tr("Rows"))
        down.hide()
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(_ROW_PX)
        across = self.horizontalHeader()
        across.setStyleSheet(
            f"QHeaderView::section {{ background: {self._theme.background.name()}; "
            f"color: {self._theme.muted.name()}; border: none; padding: 5px {_PADDING_PX}px; "
            f"border-bottom: 1px solid {self._theme.line.name()}; }}"
        )
        across.setAccessibleName(tr("Columns; a click sorts"))
        across.setHighlightSections(False)
        across.setStretchLastSection(True)
        across.setMinimumSectionSize(48)
        for column, width_px in _WIDTHS_PX.items():
            self.setColumnWidth(column, width_px)
        across.setSortIndicator(Column.ARTIST, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def set_menu(self, actions: tuple[QAction | None, ...]) -> None:
        """What a right click offers; None is a line."""
        self._menu = actions

    def _show_menu(self, at: QPoint) -> None:
        if not self.indexAt(at).isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in self._menu:
            if action is None:
                menu.addSeparator()
            else:
                menu.addAction(action)
        menu.popup(self.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_asked.emit()
        else:
            super().keyPressEvent(event)

    # Choosing ----------------------------------------------------------------------------

    def _on_selection(self) -> None:
        if self._is_restoring:
            return
        marked = {index.row() for index in self.selectionModel().selectedRows()}
        last = self.currentIndex().row()
        # The one that has the cursor comes last: it is the one that is looked at.
        rows = sorted(marked - {last}) + ([last] if last in marked else [])
        self._library.choose([self._rows.ids[row] for row in rows])

    def _note_place(self) -> None:
        """Which song stands where in sight, before the rows become others."""
        row = self.rowAt(0)
        top = self.rowViewportPosition(row) if row >= 0 else 0
        self._anchor = (self._rows.ids[row], top) if row >= 0 else None

    def _restore_place(self) -> None:
        """Mark the same songs as before, and keep the first one in sight where it was."""
        chosen = [row for i in self._library.chosen if (row := self._rows.row_of(i)) is not None]
        marked = QItemSelection()
        for row in chosen:
            marked.select(self._rows.index(row, 0), self._rows.index(row, len(Column) - 1))
        model = self.selectionModel()
        self._is_restoring = True
        if chosen:
            here = self._rows.index(chosen[-1], 0)
            model.setCurrentIndex(here, QItemSelectionModel.SelectionFlag.NoUpdate)
        model.select(marked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._is_restoring = False
        if len(chosen) != len(self._library.chosen):
            self._library.choose([self._rows.ids[row] for row in chosen])
        row = None if self._anchor is None else self._rows.row_of(self._anchor[0])
        if row is not None and self._anchor is not None and row > 0:
            self.verticalScrollBar().setValue(row * _ROW_PX - self._anchor[1])


class _Cell(QStyledItemDelegate):
    """Draws a cell: the ground of its row, the cover before the title, one line of text."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        painter.save()
        theme, box = self._theme, option.rect
        state = option.state
        is_marked = bool(state & QStyle.StateFlag.State_Selected)
        if is_marked:
            painter.fillRect(box, theme.accent_dim)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, theme.panel_raised)
        painter.setPen(theme.line)
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        box = box.adjusted(_PADDING_PX, 0, -_PADDING_PX, 0)
        said = index.data(Qt.ItemDataRole.DisplayRole)
        if index.column() == Column.TITLE:
            cover = index.data(Qt.ItemDataRole.DecorationRole)
            self._paint_cover(painter, box, cover, str(said or ""))
            box = box.adjusted(_COVER_PX + 10, 0, 0, 0)
        if said:
            colour = index.data(Qt.ItemDataRole.ForegroundRole)
            bright = option.palette.color(QPalette.ColorRole.HighlightedText)
            is_plain = colour in (None, theme.text, theme.muted)
            painter.setPen(bright if is_marked and is_plain else colour or theme.muted)
            fitting = option.fontMetrics.elidedText(
                str(said), Qt.TextElideMode.ElideRight, box.width()
            )
            painter.drawText(box, int(index.data(Qt.ItemDataRole.TextAlignmentRole)), fitting)
        painter.restore()

    def _paint_cover(self, painter: QPainter, box: QRect, cover: object, name: str) -> None:
        """A picture with round corners; the first letter where there is none."""
        frame = QRectF(box.left(), 0, _COVER_PX, _COVER_PX)
        frame.moveCenter(QRectF(box).center())
        frame.moveLeft(box.left())
        shape = QPainterPath()
        shape.addRoundedRect(frame, 4, 4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if isinstance(cover, QPixmap):
            painter.save()
            painter.setClipPath(shape)
            painter.drawPixmap(frame, cover, QRectF(cover.rect()))
            painter.restore()
            return
        painter.fillPath(shape, self._theme.line)
        painter.setPen(self._theme.muted)
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, name[:1].upper())

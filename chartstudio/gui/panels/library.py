"""The Library tab: search, filters and figures, the table of songs, the song that is marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QSplitter, QStackedWidget, QToolButton, QWidget

from chartstudio.gui import text
from chartstudio.gui.installing import Installer
from chartstudio.gui.library import Library
from chartstudio.gui.library_covers import Covers
from chartstudio.gui.library_rows import LibraryRows
from chartstudio.gui.panels.library_details import SongDetails
from chartstudio.gui.panels.library_empty import EmptyLibrary
from chartstudio.gui.panels.library_filters import FilterColumn
from chartstudio.gui.panels.library_table import SongTable
from chartstudio.gui.panels.parts import column, label, row
from chartstudio.gui.text import tr
from chartstudio.library.search import Query

_PAUSE_MS = 120
"""How long typing must rest before it is searched for."""

_SIDE_PX = 250
_DETAILS_PX = 300
_MENU = (
    *("library.open", "library.show-folder", None),
    *("library.leave-out", "library.take-in", "library.rules"),
)


class LibraryPage(QWidget):
    """The whole library, in place of the timeline.

    Parameters
    ----------
    library : Library
    covers : Covers
    installer : Installer
    """

    left = Signal()
    """Back to the song."""

    def __init__(self, library: Library, covers: Covers, installer: Installer) -> None:
        super().__init__()
        self._library = library
        self.setAccessibleName(tr("Library"))
        self.search = QLineEdit()
        self.search.setAccessibleName(tr("Search the library"))
        self.search.setPlaceholderText(
            tr("Search: title, artist, charter, mode, level; artist:name looks in one of them")
        )
        self.search.setClearButtonEnabled(True)
        for made in self.search.findChildren(QToolButton):
            made.setAccessibleName(tr("Clear the search"))
        self._count = label(role="muted")
        self.filters = FilterColumn(library)
        self.rows = LibraryRows(library, covers)
        self.table = SongTable(library, self.rows)
        self.details = SongDetails(library)
        self.empty = EmptyLibrary(library, installer)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._search)
        self._lay_out()
        self.search.textEdited.connect(lambda _: self._later.start())
        self.search.returnPressed.connect(self._search)
        self.empty.clear_asked.connect(lambda: library.ask(Query()))
        self.empty.folder_asked.connect(library.add_folder)
        library.changed.connect(self._show)
        library.listed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.table)
        middle = QWidget()
        layout = column(middle, margin=10, spacing=8)
        layout.addLayout(row(self.search, 6, self._count, wide=(0,)))
        layout.addWidget(self._pages, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        for part in (self.filters, middle, self.details):
            split.addWidget(part)
        split.setStretchFactor(1, 1)
        split.setSizes([_SIDE_PX, 1000, _DETAILS_PX])
        self.filters.setMinimumWidth(_SIDE_PX - 30)
        self.details.setMinimumWidth(_DETAILS_PX - 60)
        column(self, margin=0).addWidget(split)

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Let buttons, menu and keys do what the commands do."""
        self.filters.bind(actions)
        self.details.bind(actions)
        self.table.set_menu(tuple(actions[i] if i else None for i in _MENU))
        self.table.open_asked.connect(actions["library.open"].trigger)
        self.empty.add_asked.connect(actions["library.add-folder"].trigger)

    def stop(self) -> None:
        """Ask for nothing more."""
        self._later.stop()
        self.rows.stop()

    def _search(self) -> None:
        self._later.stop()
        self._library.ask(replace(self._library.query, words=self.search.text()))

    def _show(self) -> None:
        library = self._library
        n_found, n_all = len(library.ids), library.found.facets.n_songs
        said = text.count(n_found, "{n} song", "{n} songs")
        if library.is_filtered and n_all:
            said = tr("{n} of {all} songs", n=n_found, all=n_all)
        self._count.setText(said if n_all else "")
        self.details.setVisible(n_all > 0)
        self._pages.setCurrentWidget(self.table if library.ids else self.empty)
        if self.search.text() != library.query.words and not self._later.isActive():
            self.search.setText(library.query.words)

    # Events ------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._library.look()
        if not self.search.hasFocus():
            self.table.setFocus()

    def event(self, event: QEvent) -> bool:  # noqa: D102
        # Keys without Ctrl or Alt are the table's here: a G must not draft in a song out of sight.
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            is_plain = not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
            if is_plain and not Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F35:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

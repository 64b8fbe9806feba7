"""The songs of the library as rows of a table, read a page at a time when they come into sight.

Knows what a row says; knows no view. What has been read is kept as long as there is room.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QColor

from chartstudio.gui import text
from chartstudio.gui.library import Library, Order
from chartstudio.gui.library_covers import Covers
from chartstudio.gui.panels.charts import mode_title
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme
from chartstudio.library.entries import Pick, SongEntry
from chartstudio.library.exclusions import TITLES
from chartstudio.modes import MODES

PAGE = 64
_N_KEPT = 2048
_N_WAITING = 6
"""Pages that are still wanted; older ones have been scrolled past."""


class Column(IntEnum):
    """The columns, left to right."""

    TITLE = 0
    ARTIST = 1
    CHARTER = 2
    MODES = 3
    LEVELS = 4
    CHARTS = 5
    STATE = 6
    TRAINING = 7


@dataclass(frozen=True, slots=True)
class _Face:
    """How a column is headed and sorted, and what it says of a song."""

    title: str
    order: str
    words: Callable[[SongEntry], str]


def modes_of(song: SongEntry) -> str:
    """The modes of a song's charts."""
    return ", ".join(dict.fromkeys(mode_title(c.mode) for c in song.charts))


def levels_of(song: SongEntry) -> str:
    """The levels of a song's charts, from the lowest to the highest."""
    known = [(c.estimate if c.level is None else c.level, c.mode) for c in song.charts]
    levels = sorted((level, mode) for level, mode in known if level is not None)
    if not levels:
        return "–" if song.charts else ""
    shown = [text.level(level, MODES.get(mode)) for level, mode in (levels[0], levels[-1])]
    return "–".join(dict.fromkeys(shown))


def state_of(song: SongEntry) -> str:
    """How far a song is known, and whether it is there twice."""
    if any(r.id == "broken" for r in song.reasons):
        return tr("broken")
    if song.twin:
        return tr("same as {song}", song=song.twin)
    return tr("read") if song.is_filled else tr("new")


def training_of(song: SongEntry) -> str:
    """What training makes of a song, in short."""
    if song.reasons:
        return ", ".join(dict.fromkeys(tr(TITLES[r.id]) for r in song.reasons))
    reasons = dict.fromkeys(tr(TITLES[r.id]) for c in song.charts for r in c.reasons)
    n_used = len(song.used)
    if song.charts and not n_used:
        return ", ".join(reasons)
    if song.pick is Pick.TAKE:
        return tr("taken in by hand")
    if not song.is_filled:
        return tr("not read yet")
    if n_used < len(song.charts):
        return tr("{n} of {all} · {why}", n=n_used, all=len(song.charts), why=", ".join(reasons))
    return tr("used")


_FACES = {
    Column.TITLE: _Face("Title", "title", lambda s: s.title),
    Column.ARTIST: _Face("Artist", "artist", lambda s: s.artist),
    Column.CHARTER: _Face("Charter", "charter", lambda s: s.charter),
    Column.MODES: _Face("Modes", "modes", modes_of),
    Column.LEVELS: _Face("Levels", "levels", levels_of),
    Column.CHARTS: _Face("Charts", "charts", lambda s: str(len(s.charts))),
    Column.STATE: _Face("State", "state", state_of),
    Column.TRAINING: _Face("Training", "training", training_of),
}
_RIGHT = (Column.LEVELS, Column.CHARTS)
_Index = QModelIndex | QPersistentModelIndex


class LibraryRows(QAbstractTableModel):
    """The songs that the library's query finds.

    Parameters
    ----------
    library : Library
    covers : Covers
    theme : Theme
    """

    def __init__(self, library: Library, covers: Covers, theme: Theme = DARK) -> None:
        super().__init__()
        self._library = library
        self._covers = covers
        self._theme = theme
        self._ids: tuple[int, ...] = ()
        self._rows: dict[int, int] = {}
        self._kept: OrderedDict[int, SongEntry] = OrderedDict()
        self._stale: set[int] = set()
        self._wanted: OrderedDict[int, None] = OrderedDict()
        self._is_reading = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._read)
        library.listed.connect(self._list)
        covers.arrived.connect(self._on_cover)
        self._list()

    # What is shown -----------------------------------------------------------------------

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids of the songs, row by row."""
        return self._ids

    def row_of(self, song_id: int) -> int | None:
        """Where a song stands."""
        return self._rows.get(song_id)

    def song_at(self, row: int) -> SongEntry | None:
        """The song of a row; None until it is read."""
        return self._kept.get(self._ids[row]) if 0 <= row < len(self._ids) else None

    def stop(self) -> None:
        """Ask for no more rows or covers."""
        self._later.stop()
        self._covers.stop()

    def _list(self) -> None:
        """Show the ids of the library; what is known of their songs stays until it is read anew."""
        self._stale.update(self._kept)
        self._wanted.clear()
        if self._ids == self._library.ids:
            self._tell(0, len(self._ids) - 1)
            return
        self.beginResetModel()
        self._ids = self._library.ids
        self._rows = {song_id: row for row, song_id in enumerate(self._ids)}
        self.endResetModel()

    def _tell(self, first: int, last: int) -> None:
        if first <= last:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(_FACES) - 1))

    def _on_cover(self, song_id: int) -> None:
        row = self._rows.get(song_id)
        if row is not None:
            index = self.index(row, Column.TITLE)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])

    # Qt's questions ----------------------------------------------------------------------

    def rowCount(self, parent: _Index | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else len(self._ids)

    def columnCount(self, parent: _Index | None = None) -> int:  # noqa: D102
        return 0 if parent is not None and parent.isValid() else len(_FACES)

    def headerData(  # noqa: D102
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(_FACES[Column(section)].title)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(Column(section))
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: D102
        column = Column(index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role not in (
            Qt.ItemDataRole.DisplayRole,
            Qt.ItemDataRole.DecorationRole,
            Qt.ItemDataRole.ForegroundRole,
            Qt.ItemDataRole.ToolTipRole,
        ):
            return None
        song = self._song(index.row())
        if song is None:
            loading = role == Qt.ItemDataRole.DisplayRole and column is Column.TITLE
            return "…" if loading else None
        if role == Qt.ItemDataRole.DisplayRole:
            return _FACES[column].words(song)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._covers.of(song) if column is Column.TITLE else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(song, column)
        return self._colour(song, column)

    def sort(  # noqa: D102
        self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder
    ) -> None:
        if column >= 0:
            descending = order is Qt.SortOrder.DescendingOrder
            self._library.sort(Order(_FACES[Column(column)].order, descending))

    def _tip(self, song: SongEntry, column: Column) -> str:
        if column is Column.TRAINING and song.excluded:
            return song.excluded
        return _FACES[column].words(song)

    def _colour(self, song: SongEntry, column: Column) -> QColor:
        theme = self._theme
        if column is Column.TITLE:
            return theme.text
        if column is Column.STATE:
            return theme.bad if any(r.id == "broken" for r in song.reasons) else theme.muted
        if column is not Column.TRAINING:
            return theme.muted
        if song.pick is not Pick.NONE:
            return theme.ghost
        if song.excluded:
            return theme.key_bar
        return theme.good if song.is_filled else theme.muted

    # Reading -----------------------------------------------------------------------------

    def _song(self, row: int) -> SongEntry | None:
        song_id = self._ids[row]
        song = self._kept.get(song_id)
        if song is None or song_id in self._stale:
            self._want(row // PAGE)
        return song

    def _want(self, page: int) -> None:
        self._wanted[page] = None
        self._wanted.move_to_end(page)
        while len(self._wanted) > _N_WAITING:
            self._wanted.popitem(last=False)
        if not self._is_reading and not self._later.isActive():
            self._later.start(0)

    def _read(self) -> None:
        """Read the page that was asked for last: the one in sight."""
        if self._is_reading or not self._wanted:
            return
        page, _ = self._wanted.popitem()
        ids = self._ids[page * PAGE : (page + 1) * PAGE]
        if not ids:
            self._later.start(0)
            return
        self._is_reading = True
        self._library.ask_catalog(
            tr("Reading songs"),
            lambda catalog: catalog.by_id(ids),
            lambda songs: self._keep(ids, songs),
            lambda _: self._give_up(),
        )

    def _keep(self, ids: Sequence[int], songs: Sequence[SongEntry]) -> None:
        self._is_reading = False
        for song in songs:
            self._kept[song.id] = song
            self._kept.move_to_end(song.id)
        self._stale.difference_update(ids)
        while len(self._kept) > _N_KEPT:
            gone, _ = self._kept.popitem(last=False)
            self._stale.discard(gone)
        rows = sorted(self._rows[i] for i in ids if i in self._rows)
        if rows:
            self._tell(rows[0], rows[-1])
        if self._wanted:
            self._later.start(0)

    def _give_up(self) -> None:
        """The database could not be read, which is told; nothing is asked until there is news."""
        self._is_reading = False
        self._wanted.clear()


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter

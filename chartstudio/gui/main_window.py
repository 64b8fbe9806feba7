"""The window: docks, menus and toolbar laid out from tables. No logic lives here."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QWidget,
)

from chartstudio.gui.actions import COMMANDS, Actions, Command
from chartstudio.gui.dialogs.palette import Palette
from chartstudio.gui.library_covers import Covers
from chartstudio.gui.panels.chart_details import ChartDetails
from chartstudio.gui.panels.charts import ChartsPanel, chart_title
from chartstudio.gui.panels.checks import ChecksPanel, ChecksSummary
from chartstudio.gui.panels.draft import DraftPanel
from chartstudio.gui.panels.export import ExportPanel
from chartstudio.gui.panels.library import LibraryPage
from chartstudio.gui.panels.parts import Segments, button, column, heading, label, row
from chartstudio.gui.panels.playfield import PlayfieldPanel
from chartstudio.gui.panels.song import SongPanel
from chartstudio.gui.panels.start import StartPage
from chartstudio.gui.panels.timing import TimingPanel
from chartstudio.gui.panels.train import TrainPanel
from chartstudio.gui.status_bar import StatusBar
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.minimap import Minimap
from chartstudio.gui.toolbar import TransportBar

_SEPARATOR = None

_RECENT = "recent"

MENUS: tuple[tuple[str, tuple[str | None, ...]], ...] = (
    (
        "File",
        (
            *("file.new", "file.open", "file.open-folder", _RECENT, "file.demo"),
            *("file.recover", _SEPARATOR),
            *("file.save", "file.save-as", "file.export", _SEPARATOR),
            *("file.locate-audio", "file.cancel", _SEPARATOR, "window.quit"),
        ),
    ),
    (
        "Edit",
        (
            *("edit.undo", "edit.redo", _SEPARATOR),
            *("edit.cut", "edit.copy", "edit.paste", "edit.delete", _SEPARATOR),
            *("edit.mirror", "edit.flip", "edit.turn", "edit.quantise", _SEPARATOR),
            *("edit.longer", "edit.shorter", "edit.nudge-earlier", "edit.nudge-later"),
            *("edit.nudge-up", "edit.nudge-down"),
        ),
    ),
    (
        "Select",
        (
            *("select.all", "select.none", "select.in-range", _SEPARATOR),
            *("select.bars", "select.more-bars", "select.fewer-bars", _SEPARATOR),
            *("select.start", "select.end"),
        ),
    ),
    (
        "Chart",
        (
            *("chart.new", "chart.duplicate", "chart.rename", "chart.level", "chart.mode"),
            *(_SEPARATOR, "chart.next", "chart.previous", _SEPARATOR, "chart.remove"),
        ),
    ),
    (
        "View",
        (
            *("view.zoom-in", "view.zoom-out", "view.all", "view.range", _SEPARATOR),
            *("view.beats", "view.follow", "view.second-chart", "view.lane-colours", _SEPARATOR),
            *("window.song", "window.panels", "window.playfield", "window.full-screen"),
        ),
    ),
    (
        "Play",
        (
            *("play.toggle", "play.loop", "play.metronome", "play.ticks", _SEPARATOR),
            *("play.slower", "play.faster", "play.louder", "play.quieter"),
            *("play.calibrate", _SEPARATOR),
            *("go.start", "go.end", "go.next-bar", "go.previous-bar", _SEPARATOR),
            *("snap.finer", "snap.coarser"),
        ),
    ),
    (
        "Draft",
        (
            *("draft.start", "draft.seed", "draft.cancel", _SEPARATOR),
            *("draft.next", "draft.previous", "draft.next-issue", _SEPARATOR),
            *("draft.accept", "draft.accept-selected", "draft.discard", _SEPARATOR),
            *("lock.notes", "lock.lanes", "lock.lanes-of-notes", "lock.rhythm"),
            *("lock.placement", "lock.cut-holds", _SEPARATOR),
            *("density.show", "density.denser", "density.sparser", "density.start"),
            *("density.song", "density.cancel", "density.clear", _SEPARATOR),
            *("follow.none", "follow.all", "follow.drums", "follow.lead", "follow.bass"),
            *("follow.chords", "follow.clear", _SEPARATOR),
            *("style.show", "style.reset", _SEPARATOR, "window.level", "window.draft"),
        ),
    ),
    (
        "Finish",
        (
            *("keybars.propose", "keybars.more", "keybars.clear", "keybars.cancel", _SEPARATOR),
            *("keybars.next", "keybars.previous", "keybars.suggest", "keybars.approve"),
            *(_SEPARATOR, "finish.start", "finish.refresh", "finish.at-level"),
        ),
    ),
    (
        "Timing",
        (
            *("timing.find", "timing.cancel", _SEPARATOR),
            *("timing.shift-10ms", "timing.shift-1ms", "timing.shift+1ms", "timing.shift+10ms"),
            *("timing.half-beat", _SEPARATOR),
            *("timing.bpm", "timing.halve", "timing.double", "timing.tap", "timing.use-taps"),
            *(_SEPARATOR, "timing.insert", "timing.remove", "timing.stop", "timing.delay"),
            *("timing.meter", "timing.start-bar", _SEPARATOR),
            *("timing.snap-beat", "timing.drag-beats", "timing.magnet", _SEPARATOR),
            *("timing.keep-seconds", "timing.move-later", _SEPARATOR),
            *("timing.next", "timing.previous", _SEPARATOR, "window.timing"),
        ),
    ),
    (
        "Library",
        (
            *("window.library", _SEPARATOR, "library.add-folder", "library.scan"),
            *("library.cancel", _SEPARATOR, "library.open", "library.show-folder", _SEPARATOR),
            *("library.leave-out", "library.take-in", "library.rules"),
        ),
    ),
    (
        "Train",
        (
            *("train.start", "train.measure", "train.pause", "train.stop", "train.resume"),
            *(_SEPARATOR, "train.sample", "train.report", "train.use-anyway", _SEPARATOR),
            *("models.use", "models.back", "models.report", "models.rename", "models.export"),
            *("models.remove", _SEPARATOR, "window.train"),
        ),
    ),
    ("Checks", ("window.next-issue", "window.previous-issue", _SEPARATOR, "window.checks")),
    ("Help", ("window.palette",)),
)
"""The menus, by command id; None is a line."""

_CHART_LIST = ("chart.new", "chart.duplicate", "chart.rename", "chart.level", "chart.mode")
_LEFT_PX, _RIGHT_PX, _FIELD_PX = 236, 338, 330
_TEXT_INPUTS = (QLineEdit, QAbstractSpinBox, QPlainTextEdit)


class MainWindow(QMainWindow):
    """One window on one studio.

    Parameters
    ----------
    studio : Studio
    minimap : Minimap
    """

    dropped = Signal(object)
    """A path was dropped on the window, or a recent one was chosen."""
    close_asked = Signal()
    """The user wants to close; `allow_close` and `close` do it."""

    def __init__(self, studio: Studio, minimap: Minimap) -> None:
        super().__init__()
        self.studio = studio
        self._may_close = False
        self._is_new = True
        self._in_library = False
        self.setAcceptDrops(True)
        self.setDockOptions(QMainWindow.DockOption.AnimatedDocks)
        self.draft = DraftPanel(studio)
        self.timing = TimingPanel(studio)
        self.checks = ChecksPanel(studio.checker)
        self.train = TrainPanel(studio.training, studio.library, studio.jobs)
        self.train.library_asked.connect(lambda: self.show_library())
        self.export = ExportPanel(studio.bridge, studio.exporter, studio.installer)
        self.song = SongPanel(studio.bridge)
        self.library = LibraryPage(studio.library, Covers(studio.jobs), studio.installer)
        self.library.left.connect(lambda: self.show_library(False))
        self.tabs = QTabWidget()
        self.left = self._dock("song", tr("Song and charts"))
        self.right = self._dock("panels", tr("Panels"))
        self.field = PlayfieldPanel(studio)
        self.below = self._dock("playfield", tr("Playfield"))
        self._wants_field = True
        self._share_later = QTimer(self)
        self._share_later.setSingleShot(True)
        self._share_later.timeout.connect(self._share_right)
        self.actions_ = Actions(studio, (*COMMANDS, *self._commands()), self)
        self._build_centre(minimap)
        self._build_left()
        self._build_right()
        self._build_menus()
        self.addToolBar(TransportBar(studio, self.actions_))
        self.status = StatusBar(studio)
        self.setStatusBar(self.status)
        self._guard = _TypingGuard(self)
        studio.bridge.changed.connect(self._show_song)
        studio.files.sound_changed.connect(self._show_song)
        self._show_song()

    # Tables ------------------------------------------------------------------------------

    def _commands(self) -> tuple[Command, ...]:
        """The commands on the window itself."""
        tabs = (
            ("draft", "Draft panel", "Alt+1", self.draft),
            ("timing", "Timing panel", "Alt+2", self.timing),
            ("checks", "Checks panel", "Alt+3", self.checks),
            ("train", "Train panel", "Alt+4", self.train),
            ("export", "Export panel", "Ctrl+E", self.export),
        )
        return (
            Command("window.palette", "Commands…", lambda _: self.show_palette(), "Ctrl+Shift+P"),
            *(
                Command(f"window.{name}", title, lambda _, p=panel: self.show_panel(p), keys)
                for name, title, keys, panel in tabs
            ),
            Command("window.level", "Level to draft at", lambda _: self._to_level(), "V"),
            Command("window.next-issue", "Next issue", lambda _: self.checks.step(1), "F8"),
            Command(
                "window.previous-issue", "Previous issue", lambda _: self.checks.step(-1),
                "Shift+F8",
            ),
            Command(
                "window.song", "Song and charts", lambda _: _flip(self.left), "F9",
                checked=lambda _: self.left.isVisible(),
            ),
            Command(
                "window.panels", "Panels", lambda _: _flip(self.right), "F10",
                checked=lambda _: self.right.isVisible(),
            ),
            Command(
                "window.playfield", "Playfield", lambda _: self._flip_field(), "F12",
                lambda _: self.field.has_field, checked=lambda _: self.below.isVisible(),
            ),
            Command(
                "window.to-playfield", "To the playfield", lambda _: self._to_field(), "Ctrl+2",
                lambda _: self.field.has_field,
            ),
            Command(
                "window.full-screen", "Full screen", lambda _: self._flip_full_screen(), "F11",
                checked=lambda _: self.isFullScreen(),
            ),
            Command(
                "window.timeline", "To the timeline", lambda s: s.timeline.setFocus(), "Ctrl+1"
            ),
            Command(
                "window.library", "Library", lambda _: self.show_library(not self._in_library),
                "Ctrl+3", checked=lambda _: self._in_library,
            ),
            Command("window.quit", "Quit", lambda _: self.close(), "Ctrl+Shift+Q"),
        )  # fmt: skip

    def _build_menus(self) -> None:
        bar = self.menuBar()
        self._brand = label(tr("ChartStudio"), "brand")
        bar.setCornerWidget(self._brand, Qt.Corner.TopLeftCorner)
        self._recent = QMenu(tr("Open recent"), self)
        self._recent.aboutToShow.connect(self._fill_recent)
        for title, entries in MENUS:
            menu = bar.addMenu(tr(title))
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                elif entry == _RECENT:
                    menu.addMenu(self._recent)
                else:
                    menu.addAction(self.actions_[entry])
        self._find = button(tr("Ctrl+Shift+P  commands"), self.show_palette, "flat")
        self._find.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._place = Segments(tr("Show"), ((False, tr("Song")), (True, tr("Library"))))
        self._place.chosen.connect(self.show_library)
        self._place.show_value(False)
        self._corner = QWidget()
        self._corner.setLayout(row(self._place, 8, self._find))
        bar.setCornerWidget(self._corner, Qt.Corner.TopRightCorner)

    def _fill_recent(self) -> None:
        self._recent.clear()
        for text in self.studio.preferences.now.recent:
            action = QAction(text, self._recent)
            action.triggered.connect(lambda _=False, p=Path(text): self.dropped.emit(p))
            self._recent.addAction(action)
        if self._recent.isEmpty():
            self._recent.addAction(tr("Nothing yet")).setEnabled(False)

    # Layout ------------------------------------------------------------------------------

    def _build_centre(self, minimap: Minimap) -> None:
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.studio.timeline)
        split.addWidget(minimap)
        split.setStretchFactor(0, 1)
        split.setSizes([700, 104])
        actions = self.actions_
        self.start = StartPage(
            self.studio.preferences,
            tuple(actions[i] for i in ("file.demo", "file.open", "file.new", "file.recover")),
        )
        self.start.recent_asked.connect(self.dropped)
        self.centre = QStackedWidget()
        self.centre.addWidget(self.start)
        self.centre.addWidget(split)
        self.centre.addWidget(self.library)
        self.setCentralWidget(self.centre)

    def _build_left(self) -> None:
        content = QWidget()
        layout = column(content, margin=12, spacing=12)
        actions = tuple(self.actions_[i] for i in (*_CHART_LIST, "chart.remove"))
        self.charts = ChartsPanel(self.studio.bridge, actions, self.studio.checker)
        self.details = ChartDetails(self.studio.bridge)
        self.summary = ChecksSummary(self.studio.checker)
        self.summary.clicked.connect(lambda: self.show_panel(self.checks))
        layout.addWidget(self.song)
        layout.addWidget(self.charts)
        layout.addWidget(self.details)
        layout.addWidget(heading(tr("Checks")))
        layout.addWidget(self.summary)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.left.setWidget(scroll)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.left)
        self.resizeDocks([self.left], [_LEFT_PX], Qt.Orientation.Horizontal)

    def _build_right(self) -> None:
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(tr("Panels"))
        self.tabs.addTab(self.draft, tr("Draft"))
        self.tabs.addTab(self.timing, tr("Timing"))
        self.tabs.addTab(self.checks, tr("Checks"))
        self.tabs.addTab(self.train, tr("Train"))
        self.tabs.addTab(self.export, tr("Export"))
        self.right.setWidget(self.tabs)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.right)
        self.below.setWidget(self.field)
        self.splitDockWidget(self.right, self.below, Qt.Orientation.Vertical)
        self.resizeDocks([self.right], [_RIGHT_PX], Qt.Orientation.Horizontal)
        self.field.wanted.connect(lambda _: self._show_field())

    def _show_field(self) -> None:
        """Show the playfield where there is one, unless it was put away."""
        shown = self._wants_field and self.field.has_field and not self._in_library
        if shown and not self.below.isVisible():
            # Docks have no heights to share before they are laid out.
            self._share_later.start(0)
        self.below.setVisible(shown)

    def _share_right(self) -> None:
        """Give the playfield its usual height, and the panels above it the rest."""
        both = [self.right, self.below]
        room = sum(dock.height() for dock in both)
        self.resizeDocks(both, [max(room - _FIELD_PX, 1), _FIELD_PX], Qt.Orientation.Vertical)

    def _flip_field(self) -> None:
        self._wants_field = not self.below.isVisible()
        self._show_field()

    def _to_field(self) -> None:
        self._wants_field = True
        self._show_field()
        self.field.view.setFocus()

    def _dock(self, name: str, title: str) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setAccessibleName(title)
        dock.setTitleBarWidget(QWidget())
        dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        return dock

    # Showing -----------------------------------------------------------------------------

    def show_panel(self, panel: QWidget) -> None:
        """Bring one of the right-hand panels up front."""
        self.show_library(False)
        self.right.show()
        self.tabs.setCurrentWidget(panel)

    def show_library(self, shown: bool = True) -> None:
        """Show the library in place of the song, or the song again."""
        self._place.show_value(shown)
        if shown != self._in_library:
            self._in_library = shown
            self._show_song()
            (self.library.table if shown else self.studio.timeline).setFocus()

    def _to_level(self) -> None:
        self.show_panel(self.draft)
        self.draft.to_level()

    def show_palette(self) -> None:
        """Search all commands."""
        self.actions_.refresh()
        palette = Palette(self.actions_.all(), self)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.show()
        palette.search.setFocus()

    def _flip_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _show_song(self) -> None:
        document = self.studio.document
        song = document.song
        has_song = bool(song.charts or song.audio or song.metadata.title)
        page = 2 if self._in_library else int(has_song)
        if self.centre.currentIndex() != page or self._is_new:
            self._is_new = False
            self.centre.setCurrentIndex(page)
            self.left.setVisible(page == 1)
            self.right.setVisible(page == 1)
            self._show_field()
        self.checks.name_charts(tuple(chart_title(c) for c in song.charts))
        title = song.metadata.title or (tr("Untitled song") if has_song else "")
        self.setWindowModified(document.modified)
        self.setWindowTitle(f"{title}[*] – ChartStudio" if title else "ChartStudio[*]")

    # Events ------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: D102
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: D102
        local = [url for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            event.acceptProposedAction()
            self.dropped.emit(Path(local[0].toLocalFile()))

    def allow_close(self) -> None:
        """The next `close` needs no more asking."""
        self._may_close = True

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: D102
        if not self._may_close:
            # Answered at once or later, after saving; Qt ignores a close within a close.
            self.close_asked.emit()
        event.setAccepted(self._may_close)


def _flip(dock: QDockWidget) -> None:
    dock.setVisible(not dock.isVisible())


class _TypingGuard(QObject):
    """Lets plain keys be text while the focus is in a field.

    Qt asks the focused widget first whether a key is its own; fields say so for letters but
    not for Enter, Tab and Escape, which here are commands.
    """

    _OWN = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
    _LEAVE = Qt.Key.Key_Escape

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._watched: QWidget | None = None
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._on_focus)

    def _on_focus(self, _old: QWidget | None, now: QWidget | None) -> None:
        # Only the focused field is watched: a filter on all would slow every event down.
        if self._watched is not None:
            self._watched.removeEventFilter(self)
            self._watched = None
        if isinstance(now, _TEXT_INPUTS) and now.window() is self._window:
            self._watched = now
            now.installEventFilter(self)
            now.destroyed.connect(self._forget)

    def _forget(self) -> None:
        self._watched = None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() in self._OWN and not event.modifiers() & ~_HARMLESS:
                event.accept()
                return True
            if event.key() == self._LEAVE and isinstance(watched, QWidget):
                watched.clearFocus()
                event.accept()
                return True
        return False


_HARMLESS = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier

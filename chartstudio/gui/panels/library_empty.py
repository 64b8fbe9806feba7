"""What the library shows in place of its table: how to begin, or that nothing fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from chartstudio.gui.installing import Installer
from chartstudio.gui.library import Library
from chartstudio.gui.panels.parts import (
    button,
    exchange,
    heading,
    label,
    middle,
    row,
)
from chartstudio.gui.text import tr
from chartstudio.library.games import Game

_WIDTH_PX = 520

_SAID = {
    "empty": (
        "Your library is empty",
        "Add the folders that hold your songs and charts: osu! Songs, StepMania packs, Beat "
        "Saber CustomLevels, your own projects, archives of any of them. ChartStudio looks "
        "through them, so that you can find every chart here and train a model on yours. "
        "Nothing in the folders is ever written.",
    ),
    "bare": (
        "No song yet",
        "There is no song in your folders that ChartStudio reads. Add another folder, or scan "
        "again when there is something new.",
    ),
    "scanning": ("Looking for songs…", "They appear here as they are found."),
    "unfound": ("No song is like that", "Search for something else, or clear the filters."),
    "opening": ("", ""),
}


class EmptyLibrary(QWidget):
    """A page that says what to do.

    Parameters
    ----------
    library : Library
    installer : Installer
        Knows which games are here, whose songs can be added at once.
    """

    add_asked = Signal()
    folder_asked = Signal(object)
    """The path of a folder to add."""
    clear_asked = Signal()

    def __init__(self, library: Library, installer: Installer) -> None:
        super().__init__()
        self._library = library
        self._installer = installer
        self._state = ""
        self._title = label(role="title")
        self._text = label(role="muted", wrap=True)
        self.add = button(tr("Add folder…"), self.add_asked.emit, "primary")
        self.clear = button(tr("Clear the filters"), self.clear_asked.emit)
        self._games_heading = heading(tr("Games on this computer"))
        self._games = QVBoxLayout()
        self._games.setSpacing(4)
        self.game_buttons: list[QPushButton] = []
        layout = middle(self, _WIDTH_PX)
        for item in (self._title, self._text):
            layout.addWidget(item)
        layout.addLayout(row(self.add, self.clear, None))
        layout.addSpacing(8)
        layout.addWidget(self._games_heading)
        layout.addLayout(self._games)
        library.changed.connect(self._show)
        library.listed.connect(self._show)
        installer.changed.connect(self._show_games)
        self._show()

    def _show(self) -> None:
        state = _state(self._library)
        if state == self._state:
            return
        self._state = state
        title, said = _SAID[state]
        self._title.setText(tr(title))
        self._text.setText(tr(said))
        # A page that is centred is given the height that its text would have on wide lines.
        self._text.setMinimumHeight(max(0, self._text.heightForWidth(_WIDTH_PX)))
        self.add.setVisible(state in ("empty", "bare"))
        self.clear.setVisible(state == "unfound")
        if state == "empty" and self._installer.games is None:
            self._installer.look()
        self._show_games()

    def _show_games(self) -> None:
        games = self._installer.games or () if self._state in ("empty", "bare") else ()
        new = (self._button(game, folder) for game in games for folder in _folders_of(game))
        self.game_buttons = exchange(self._games, self.game_buttons, new)
        self._games_heading.setVisible(bool(self.game_buttons))

    def _button(self, game: Game, folder: Path) -> QPushButton:
        add: Callable[[], object] = lambda: self.folder_asked.emit(folder)  # noqa: E731
        said = tr("Add the songs of {game}", game=game.title)
        return button(f"{said}   —   {folder}", add, "flat", said)


def _state(library: Library) -> str:
    if not library.is_known:
        return "opening"
    if library.is_filtered:
        return "unfound"
    if library.scanning:
        return "scanning"
    return "bare" if library.found.folders else "empty"


def _folders_of(game: Game) -> list[Path]:
    """Where a game keeps songs, as far as that is there."""
    return [p for p in (game.songs, *game.more_songs) if p is not None and p.is_dir()]

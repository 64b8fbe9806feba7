"""What the window shows while no song is open: the demo song and three things to try."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from chartstudio.gui.panels.parts import (
    button,
    column,
    exchange,
    heading,
    label,
    middle,
    row,
)
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.text import tr

_TRIES = (
    ("Space", "Hear it", "The notes of the chart tick along; 25 to 200 % keeps the pitch."),
    ("B, then G", "Redraw a bar", "The engine proposes; Tab shows the next one, Enter keeps it."),
    ("Ctrl+Shift+P", "Find any command", "Everything has a name and a key, export included."),
)
_N_RECENT = 5
_WIDTH_PX = 560


class StartPage(QWidget):
    """A page with ways to begin.

    Parameters
    ----------
    preferences : Preferences
        For the recent files.
    actions : tuple of QAction
        The ways to begin; the first is the main one, and those that are disabled are hidden.
    """

    recent_asked = Signal(object)

    def __init__(self, preferences: Preferences, actions: tuple[QAction, ...]) -> None:
        super().__init__()
        self._preferences = preferences
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        self._recent_heading = heading(tr("Recent"))
        self._links: list[QPushButton] = []
        layout = middle(self, _WIDTH_PX)
        layout.addWidget(label(tr("ChartStudio"), "title"))
        intro = tr("Open a song, let the engine draft any part of its chart, and edit the rest.")
        layout.addWidget(label(intro, "muted", wrap=True))
        layout.addSpacing(6)
        buttons = [_button(a, "" if i else "primary") for i, a in enumerate(actions)]
        layout.addLayout(row(*buttons, None))
        layout.addWidget(label(tr("Or drop a song, a folder or an audio file here."), "muted"))
        layout.addSpacing(10)
        layout.addWidget(heading(tr("Three things to try")))
        for keys, name, what in _TRIES:
            layout.addWidget(_try_card(keys, tr(name), tr(what)))
        layout.addSpacing(10)
        layout.addWidget(self._recent_heading)
        layout.addLayout(self._recent)
        self.setAccessibleName(tr("Start page"))
        preferences.changed.connect(self._show_recent)
        self._show_recent()

    def _show_recent(self) -> None:
        paths = map(Path, self._preferences.now.recent[:_N_RECENT])
        self._links = exchange(self._recent, self._links, map(self._link, paths))
        self._recent_heading.setVisible(bool(self._links))

    def _link(self, path: Path) -> QPushButton:
        return button(
            f"{path.name}   —   {path.parent}",
            lambda: self.recent_asked.emit(path),
            "flat",
            tr("Open {path}", path=path),
        )


def _button(action: QAction, role: str) -> QPushButton:
    made = button(action.text(), action.trigger, role)
    made.setToolTip(action.shortcut().toString())
    if not action.isEnabled():
        made.hide()  # showing it here would open a window: it has no parent yet
    action.enabledChanged.connect(made.setVisible)
    return made


def _try_card(keys: str, name: str, what: str) -> QFrame:
    card = QFrame()
    card.setProperty("role", "card")
    layout = column(card, margin=10, spacing=3)
    layout.addLayout(row(label(name, "name"), None, label(keys, "key")))
    layout.addWidget(label(what, "muted", wrap=True))
    return card

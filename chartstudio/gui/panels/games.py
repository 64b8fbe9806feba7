"""The games that are installed here, each with its folder and a button to install into it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from chartstudio.gui.installing import Installer, place_of
from chartstudio.gui.panels.parts import (
    JobBar,
    button,
    column,
    exchange,
    heading,
    label,
    row,
)
from chartstudio.gui.text import tr
from chartstudio.library.games import Game


class GamesPanel(QWidget):
    """Looks for games when it is first seen; installs on demand.

    Parameters
    ----------
    installer : Installer
    """

    install_asked = Signal(object)
    """A `Game`."""

    def __init__(self, installer: Installer) -> None:
        super().__init__()
        self._installer = installer
        self._shown: tuple[Game, ...] | None = None
        self._again = button(tr("Look again"), installer.look, "flat", tr("Look for games again"))
        self._none = label(role="muted", wrap=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        self.cards: list[QFrame] = []
        self.bar = JobBar(tr("installing"), installer.cancel)
        layout = column(self, margin=0, spacing=6)
        layout.addLayout(row(heading(tr("Install into a game")), None, self._again))
        layout.addWidget(self._none)
        layout.addLayout(self._list)
        layout.addWidget(self.bar)
        installer.changed.connect(self._show)
        self._show()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        if self._installer.games is None:
            self._installer.look()

    def _show(self) -> None:
        installer = self._installer
        if installer.games is not self._shown:
            self._shown = installer.games
            self._make_cards(installer.games or ())
        text = tr("No game was found here. Export, and put the files into the game yourself.")
        self._none.setText(text if installer.games == () else tr("Looking…"))
        self._none.setVisible(not installer.games)
        self._again.setEnabled(not installer.running)
        for card in self.cards:
            card.setEnabled(not installer.running)
        if installer.running and installer.progress is not None:
            self.bar.show_progress(installer.progress.done, installer.progress.what)
        else:
            self.bar.hide()

    def _make_cards(self, games: tuple[Game, ...]) -> None:
        self.cards = exchange(self._list, self.cards, map(self._card, games))

    def _card(self, game: Game) -> QFrame:
        made = QFrame()
        made.setProperty("role", "card")
        made.setAccessibleName(game.title)
        layout = column(made, margin=9, spacing=2)
        go = button(
            tr("Install"),
            lambda: self.install_asked.emit(game),
            tip=tr("Install into {game}", game=game.title),
        )
        layout.addLayout(row(label(game.title, "name"), None, go))
        place = label(place_of(game), "muted", wrap=True)
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(place)
        return made

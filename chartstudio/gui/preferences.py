"""The stored settings as the window changes them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from chartstudio.editor import settings
from chartstudio.editor.settings import N_RECENT, Settings
from chartstudio.gui.text import one_line, tr

_PAUSE_MS = 1000


class Preferences(QObject):
    """The settings in force; written a second after the last change and on closing.

    Parameters
    ----------
    now : Settings
    """

    changed = Signal()
    message = Signal(str)

    def __init__(self, now: Settings) -> None:
        super().__init__()
        self.now = now
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self.save)

    def set(self, **fields: Any) -> None:
        """Change settings."""
        new = replace(self.now, **fields)
        if new != self.now:
            self.now = new
            self._pause.start()
            self.changed.emit()

    def add_recent(self, path: Path) -> None:
        """Put a path on top of the list of recent ones."""
        text = str(path.absolute())
        others = tuple(p for p in self.now.recent if p != text)
        self.set(recent=(text, *others)[:N_RECENT])

    def forget_recent(self, path: Path) -> None:
        """Take a path that is gone off the list."""
        self.set(recent=tuple(p for p in self.now.recent if p != str(path.absolute())))

    def flush(self) -> None:
        """Write now what waits to be written."""
        if self._pause.isActive():
            self._pause.stop()
            self.save()

    def save(self) -> None:
        """Write the settings; a folder that cannot be written costs a message, not the work."""
        try:
            settings.save(self.now)
        except OSError as error:
            self.message.emit(tr("Settings were not saved: {why}", why=one_line(error)))

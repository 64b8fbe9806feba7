"""Every question that stops the user: which file, which folder, are you sure.

One object, so that a test or a script can answer in place of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QInputDialog, QMessageBox, QWidget

from chartstudio.gui.text import tr

AUDIO_SUFFIXES = (".ogg", ".oga", ".opus", ".mp3", ".wav", ".flac", ".aif", ".aiff")
"""What the file dialogs offer as audio; content decides on opening."""

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")


class Answer(Enum):
    """What to do with unsaved changes."""

    SAVE = "save"
    DISCARD = "discard"
    CANCEL = "cancel"


def _pattern(title: str, suffixes: Sequence[str]) -> str:
    return f"{title} ({' '.join('*' + s for s in suffixes)})"


class Ask:
    """Modal questions over a window.

    Parameters
    ----------
    parent : QWidget, optional
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self.parent = parent

    def open_song(self, suffixes: Sequence[str], folder: str) -> Path | None:
        """Which song, chart, archive or audio file to open."""
        charts = _pattern(tr("Songs and charts"), (*suffixes, *AUDIO_SUFFIXES))
        everything = tr("All files") + " (*)"
        name, _ = QFileDialog.getOpenFileName(
            self.parent, tr("Open"), folder, f"{charts};;{everything}"
        )
        return Path(name) if name else None

    def open_audio(self, folder: str) -> Path | None:
        """Which audio file to use."""
        pattern = f"{_pattern(tr('Audio'), AUDIO_SUFFIXES)};;{tr('All files')} (*)"
        name, _ = QFileDialog.getOpenFileName(self.parent, tr("Audio file"), folder, pattern)
        return Path(name) if name else None

    def folder(self, title: str, folder: str) -> Path | None:
        """Which folder."""
        name = QFileDialog.getExistingDirectory(self.parent, title, folder)
        return Path(name) if name else None

    def save_project(self, suggestion: str, suffix: str) -> Path | None:
        """Under which name to save a project."""
        pattern = _pattern(tr("ChartStudio project"), (suffix,))
        name, _ = QFileDialog.getSaveFileName(self.parent, tr("Save as"), suggestion, pattern)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)

    def unsaved(self, title: str) -> Answer:
        """What to do with changes that are not saved."""
        buttons = QMessageBox.StandardButton
        chosen = QMessageBox.question(
            self.parent,
            tr("Unsaved changes"),
            tr("{title} has changes that are not saved.", title=title or tr("The song")),
            buttons.Save | buttons.Discard | buttons.Cancel,
            buttons.Save,
        )
        return {buttons.Save: Answer.SAVE, buttons.Discard: Answer.DISCARD}.get(
            chosen, Answer.CANCEL
        )

    def confirm(self, title: str, text: str) -> bool:
        """Whether to go on."""
        buttons = QMessageBox.StandardButton
        chosen = QMessageBox.question(
            self.parent, title, text, buttons.Ok | buttons.Cancel, buttons.Cancel
        )
        return chosen == buttons.Ok

    def text(self, title: str, label: str, value: str) -> str | None:
        """One line of text."""
        found, accepted = QInputDialog.getText(self.parent, title, label, text=value)
        return found if accepted else None

    def choice(self, title: str, label: str, options: Sequence[str], current: int) -> int | None:
        """Which of a list."""
        found, accepted = QInputDialog.getItem(
            self.parent, title, label, list(options), current, editable=False
        )
        return list(options).index(found) if accepted else None

    def number(
        self, title: str, label: str, value: float, limits: tuple[float, float]
    ) -> float | None:
        """A number with one decimal."""
        found, accepted = QInputDialog.getDouble(
            self.parent, title, label, value, limits[0], limits[1], 1
        )
        return found if accepted else None

    def tell_error(self, text: str) -> None:
        """Say what went wrong and the way out."""
        QMessageBox.warning(self.parent, tr("ChartStudio"), text)

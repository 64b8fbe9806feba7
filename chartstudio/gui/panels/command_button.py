"""A button of a panel that does what a command does, and says its key."""

from __future__ import annotations

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QPushButton, QSizePolicy

from chartstudio.gui.text import tr


class CommandButton(QPushButton):
    """A face for a command; it does nothing until `bind` gives it its action.

    Parameters
    ----------
    command_id : str
    face : str
        Text of the button.
    tip : str
        A word of help; the command's key is added.
    role : str
        One of the stylesheet's.
    shows_key : bool
        Whether the key stands on the button too.
    """

    def __init__(
        self, command_id: str, face: str, tip: str, role: str = "", shows_key: bool = False
    ) -> None:
        super().__init__(face)
        self.command_id = command_id
        self._face, self._tip, self._shows_key = face, tip, shows_key
        self._action: QAction | None = None
        if role:
            self.setProperty("role", role)
        self.setToolTip(tip)
        self.setAccessibleName(face)
        self.setAccessibleDescription(tip)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def bind(self, action: QAction) -> None:
        """Do what an action does, and be enabled and checked as it is."""
        self._action = action
        self.setCheckable(action.isCheckable())
        self.clicked.connect(lambda: action.trigger())
        action.changed.connect(self._show)
        self._show()

    def set_face(self, face: str) -> None:
        """Show another text."""
        self._face = face
        self._show()

    def _show(self) -> None:
        action = self._action
        if action is None:
            self.setText(self._face)
            return
        key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.setText(f"{self._face}   {key}" if key and self._shows_key else self._face)
        self.setAccessibleName(self._face if len(self._face) > 1 else action.text())
        self.setToolTip(tr("{what} ({key})", what=self._tip, key=key) if key else self._tip)
        self.setEnabled(action.isEnabled())
        # A click has switched the button; the command decides whether that stays.
        self.setChecked(action.isChecked())

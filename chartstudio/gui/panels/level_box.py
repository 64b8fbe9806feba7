"""A number field for levels that speaks the game's own names of them."""

from __future__ import annotations

import re

from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Mode
from chartstudio.gui.text import level, tr
from chartstudio.modes.usual import level_named

_FIGURE = re.compile(r"-?\d+([.,]\d*)?")


class LevelBox(QDoubleSpinBox):
    """Shows ``3.4★``, ``9``, or ``Hard 3.2``; takes a number or a name."""

    def __init__(self) -> None:
        super().__init__()
        self._mode: Mode | None = None
        self.setDecimals(1)
        self.setKeyboardTracking(False)
        self.setAccessibleName(tr("Level"))

    def set_mode(self, mode: Mode) -> None:
        """Take levels of this mode from now on."""
        if mode is not self._mode:
            self._mode = mode
            self.setRange(*mode.level_range)
            self.setSingleStep(1.0 if mode.level_unit == "meter" else 0.1)

    def textFromValue(self, value: float) -> str:
        """The level as its game spells it."""
        return level(value, self._mode)

    def valueFromText(self, text: str) -> float:
        """The level that was typed; what it was where the text says none."""
        found = self._parsed(text)
        return self.value() if found is None else found

    def validate(self, text: str, pos: int) -> tuple[QValidator.State, str, int]:
        """Take what may become a level; `fixup` mends what did not."""
        known = self._parsed(text) is not None
        state = QValidator.State.Acceptable if known else QValidator.State.Intermediate
        return state, text, pos

    def fixup(self, text: str) -> str:
        """What is no level becomes the level that it was."""
        return self.textFromValue(self.value())

    def _parsed(self, text: str) -> float | None:
        figure = _FIGURE.search(text)
        if figure is not None:
            return float(figure.group().replace(",", "."))
        if self._mode is None:
            return None
        try:
            return level_named(self._mode, text)
        except ModeError:
            return None

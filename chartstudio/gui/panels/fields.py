"""The boxes of a panel in which something is chosen of what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSizePolicy

from chartstudio.gui.text import tr

_TOP_LEVEL = 99.0
_N_VISIBLE = 20


def combo(name: str, run: Callable[[], object]) -> QComboBox:
    """A box to choose from that is as narrow as its panel asks.

    Parameters
    ----------
    name : str
        Accessible name.
    run : callable
        Called when the user has chosen.
    """
    made = QComboBox()
    made.setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(8)
    made.setMaxVisibleItems(_N_VISIBLE)
    made.activated.connect(lambda _: run())
    return made


def fill(box: QComboBox, options: Sequence[tuple[str, str]], chosen: str) -> None:
    """Offer what there is; what is chosen stays on offer where it is there no more.

    Parameters
    ----------
    box : QComboBox
    options : sequence of (str, str)
        Values, and what is shown of each.
    chosen : str
        A value.
    """
    options = list(options)
    if all(chosen != value for value, _ in options):
        options.append((chosen, chosen))
    # An open list must not change under the pointer.
    if options != [(box.itemData(i), box.itemText(i)) for i in range(box.count())]:
        box.clear()
        for value, title in options:
            box.addItem(title, value)
    box.setCurrentIndex(box.findData(chosen))


class LevelBound(QDoubleSpinBox):
    """A lowest or highest level as people write it; 0 is any.

    Parameters
    ----------
    name : str
        Accessible name.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setRange(0.0, _TOP_LEVEL)
        self.setDecimals(2)
        self.setSingleStep(1.0)
        self.setSpecialValueText(tr("any level"))
        self.setKeyboardTracking(False)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def textFromValue(self, value: float) -> str:
        """The figure without zeros at its end."""
        return f"{value:g}"

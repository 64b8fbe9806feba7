"""The small pieces that every panel is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractButton,
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from chartstudio.gui.text import tr


def restyle(widget: QWidget) -> None:
    """Apply the stylesheet again after a property that it asks for has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def label(text: str = "", role: str = "", wrap: bool = False) -> QLabel:
    """A text; ``role`` is one of the stylesheet's: heading, title, muted, chip, name, bad."""
    made = QLabel(text)
    if role:
        made.setProperty("role", role)
    made.setWordWrap(wrap)
    if wrap:
        # Without this a wrapping label asks for its width on one line.
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return made


def heading(text: str) -> QLabel:
    """The title of a section of a panel."""
    return label(text.upper(), "heading")


def button(text: str, run: Callable[[], object], role: str = "", tip: str = "") -> QPushButton:
    """A button that does something."""
    made = QPushButton(text)
    if role:
        made.setProperty("role", role)
    made.setAccessibleName(tip or text)
    if tip:
        made.setToolTip(tip)
    made.clicked.connect(lambda: run())
    return made


def row(*items: QWidget | int | None, spacing: int = 6, wide: tuple[int, ...] = ()) -> QHBoxLayout:
    """Widgets side by side; None stretches, a number is a gap in pixels.

    Those whose places are in ``wide`` share the room that is left.
    """
    made = QHBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(spacing)
    for item in items:
        if item is None:
            made.addStretch(1)
        elif isinstance(item, int):
            made.addSpacing(item)
        else:
            made.addWidget(item)
    for place in wide:
        made.setStretch(place, 1)
    return made


def column(parent: QWidget, margin: int = 12, spacing: int = 8) -> QVBoxLayout:
    """A panel's layout, top to bottom."""
    made = QVBoxLayout(parent)
    made.setContentsMargins(margin, margin, margin, margin)
    made.setSpacing(spacing)
    return made


def middle(parent: QWidget, width_px: int) -> QVBoxLayout:
    """The layout of a page that says what to do: a column in its middle."""
    page = QWidget()
    page.setFixedWidth(width_px)
    outer = QVBoxLayout(parent)
    outer.addStretch(2)
    outer.addWidget(page, 0, Qt.AlignmentFlag.AlignHCenter)
    outer.addStretch(3)
    return column(page, margin=0, spacing=10)


W = TypeVar("W", bound=QWidget)


def exchange(layout: QBoxLayout, old: Iterable[QWidget], new: Iterable[W]) -> list[W]:
    """Delete widgets of a layout and add others at its end, which are handed back."""
    for widget in old:
        layout.removeWidget(widget)
        # It is deleted a moment later, and must not be seen until then.
        widget.hide()
        widget.deleteLater()
    made = list(new)
    for widget in made:
        layout.addWidget(widget)
    return made


class Segments(QWidget):
    """A row of joined buttons of which one is chosen, or none.

    Parameters
    ----------
    name : str
        Accessible name of the whole.
    options : tuple of (value, text)
    """

    chosen = Signal(object)

    def __init__(self, name: str, options: tuple[tuple[object, str], ...]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._buttons: dict[object, QAbstractButton] = {}
        layout = row(spacing=0)
        self.setLayout(layout)
        for i, (value, text) in enumerate(options):
            made = QToolButton()
            made.setText(text)
            made.setCheckable(True)
            made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            place = "first" if i == 0 else "last" if i == len(options) - 1 else "middle"
            made.setProperty("segment", place)
            made.setAccessibleName(f"{name} {text}")
            made.clicked.connect(lambda _=False, v=value: self._on_clicked(v))
            self._buttons[value] = made
            layout.addWidget(made)

    def _on_clicked(self, value: object) -> None:
        self.show_value(value)
        self.chosen.emit(value)

    def show_value(self, value: object) -> None:
        """Mark an option as chosen; a value that is none of them marks none."""
        for option, made in self._buttons.items():
            made.setChecked(option == value)


class JobBar(QWidget):
    """What a running job does, how far it is, and a cancel; hidden while nothing runs.

    Parameters
    ----------
    name : str
        Accessible name of the bar.
    cancel : callable
    """

    def __init__(self, name: str, cancel: Callable[[], object]) -> None:
        super().__init__()
        self._what = label(role="muted")
        self._what.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setMaximum(100)
        self._bar.setAccessibleName(name)
        self._cancel = button(tr("Cancel"), cancel, tip=tr("Cancel {name}", name=name))
        layout = column(self, margin=0, spacing=4)
        layout.addLayout(row(self._what, self._cancel, wide=(0,)))
        layout.addWidget(self._bar)
        self.hide()

    def show_progress(self, done: float, what: str, remaining_s: float | None = None) -> None:
        """Show how far the job is; ``done`` is a share from 0 to 1."""
        text = what
        if remaining_s is not None and remaining_s >= 1:
            text = tr("{what} · {n} s left", what=what, n=round(remaining_s))
        self._what.setText(text)
        self._bar.setValue(round(done * 100))
        self.show()

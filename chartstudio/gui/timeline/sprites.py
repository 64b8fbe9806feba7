"""Note heads, drawn once per (symbol, kind, colour, size, look) and kept as pixmaps.

Knows shapes and colours; knows no chart. To give a game's lanes a new shape, add its symbol
to `SHAPES`; to give a kind another look, change `_paint`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPixmap, QTransform

from chartstudio.gui.theme import DARK, Theme

PAD_PX = 4
"""Room around a head for its outline."""


class Look(Enum):
    """What a head stands for."""

    NOTE = "note"
    SELECTED = "selected"
    GHOST = "ghost"


@dataclass(frozen=True, slots=True)
class Head:
    """What decides how a head looks.

    Parameters
    ----------
    symbol : str
        `core.mode.Lane.symbol`.
    kind : str
        `looks.NoteLook.kind`.
    rgb : int
        Colour, as `QColor.rgb` gives it.
    size_px : (int, int)
        Width and height of the shape; its symbol's box is stretched to it.
    look : Look
    """

    symbol: str
    kind: str
    rgb: int
    size_px: tuple[int, int]
    look: Look = Look.NOTE


def _arrow() -> QPainterPath:
    """An arrow to the left in a box of side 1 around the origin."""
    path = QPainterPath(QPointF(-0.5, 0.0))
    for x, y in (
        (-0.02, -0.5),
        (-0.02, -0.245),
        (0.48, -0.245),
        (0.48, 0.245),
        (-0.02, 0.245),
        (-0.02, 0.5),
    ):
        path.lineTo(x, y)
    path.closeSubpath()
    return path


def _turned(degrees: float, scale: float = 1.0) -> Callable[[], QPainterPath]:
    return lambda: QTransform().rotate(degrees).scale(scale, scale).map(_arrow())


def _centre() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(-0.4, -0.4, 0.8, 0.8), 0.16, 0.16)
    return path


def _key() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(-0.5, -0.5, 1.0, 1.0), 0.3, 0.08)
    return path


def _circle() -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QRectF(-0.45, -0.45, 0.9, 0.9))
    return path


def _block() -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(QRectF(-0.46, -0.46, 0.92, 0.92), 0.17, 0.17)
    return path


def _half_block() -> QPainterPath:
    """The head of a chain: a block of which the lower half is missing."""
    path = QPainterPath()
    path.addRoundedRect(QRectF(-0.46, -0.46, 0.92, 0.56), 0.14, 0.14)
    return path


def _wedge() -> QPainterPath:
    """The arrow on a block that is cut upwards: it points where the sabre goes."""
    path = QPainterPath(QPointF(0.0, -0.36))
    path.lineTo(0.3, -0.04)
    path.lineTo(-0.3, -0.04)
    path.closeSubpath()
    return path


def _round(radius: float, hole: float = 0.0) -> Callable[[], QPainterPath]:
    def make() -> QPainterPath:
        path = QPainterPath()
        path.addEllipse(QPointF(0, 0), radius, radius)
        if hole:
            path.addEllipse(QPointF(0, 0), hole, hole)
        return path

    return make


def _spun(degrees: float, make: Callable[[], QPainterPath]) -> Callable[[], QPainterPath]:
    return lambda: QTransform().rotate(degrees).map(make())


_CUTS = {
    "up": 0.0, "up-right": 45.0, "right": 90.0, "down-right": 135.0,
    "down": 180.0, "down-left": 225.0, "left": 270.0, "up-left": 315.0,
}  # fmt: skip
"""Degrees clockwise of each direction of a cut."""

SHAPES: dict[str, Callable[[], QPainterPath]] = {
    "left": _turned(0),
    "up": _turned(90),
    "right": _turned(180),
    "down": _turned(270),
    "up-left": _turned(45, 1.15),
    "up-right": _turned(135, 1.15),
    "down-right": _turned(225, 1.15),
    "down-left": _turned(315, 1.15),
    "centre": _centre,
    "key": _key,
    "drum": _round(0.48),
    "denden": _round(0.48),
    "ring": _round(0.48),
    "dot": _round(0.3),
    **{f"cut-{name}": _spun(turn, _block) for name, turn in _CUTS.items()},
    "cut-any": _block,
    **{f"chain-{name}": _spun(turn, _half_block) for name, turn in _CUTS.items()},
    "chain-any": _half_block,
}
"""Outline of each symbol in a box of side 1 around the origin."""

MARKS: dict[str, Callable[[], QPainterPath]] = {
    "drum": _round(0.40, 0.33),
    "denden": _round(0.36, 0.2),
    "ring": _round(0.42, 0.34),
    **{f"cut-{name}": _spun(turn, _wedge) for name, turn in _CUTS.items()},
    "cut-any": _round(0.17),
    **{f"chain-{name}": _spun(turn, _wedge) for name, turn in _CUTS.items()},
    "chain-any": _round(0.12),
}
"""What is drawn in white over a symbol's shape."""


_TELLING = frozenset({"drum", "denden", *(s for s in SHAPES if s.startswith(("cut-", "chain-")))})
"""Symbols whose colour says what is played, so that proposed notes have it too."""


class Sprites:
    """The heads made so far.

    Parameters
    ----------
    theme : Theme
    """

    def __init__(self, theme: Theme = DARK) -> None:
        self._theme = theme
        self._made: dict[tuple[Head, float], QPixmap] = {}

    def get(self, head: Head, ratio: float = 1.0) -> QPixmap:
        """The pixmap of a head, centred in a box `PAD_PX` wider than it on every side.

        Parameters
        ----------
        head : Head
        ratio : float
            Device pixels per pixel.
        """
        key = (head, ratio)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._draw(head, ratio)
        return found

    def _draw(self, head: Head, ratio: float) -> QPixmap:
        width, height = (side + 2 * PAD_PX for side in head.size_px)
        pixmap = QPixmap(round(width * ratio), round(height * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(width / 2, height / 2)
            if head.kind == "mine":
                self._mine(painter, head)
            else:
                self._shape(painter, head)
        return pixmap

    def _shape(self, painter: QPainter, head: Head) -> None:
        make = SHAPES.get(head.symbol, _circle)
        path = QTransform.fromScale(*head.size_px).map(make())
        colour = QColor.fromRgb(head.rgb)
        edge = colour.lighter(150)
        pen, fill = QPen(edge, 1.0), QBrush(colour)
        if head.look is Look.GHOST:
            pen = QPen(self._theme.ghost, 1.5, Qt.PenStyle.CustomDashLine)
            pen.setDashPattern([1.8, 1.6])
            telling = head.symbol in _TELLING
            fill = QBrush(_faint(colour, 110) if telling else _faint(self._theme.ghost, 70))
        elif head.kind == "lift":
            pen = QPen(colour, max(min(head.size_px) * 0.09, 1.5))
            fill = QBrush(self._theme.background)
        elif head.kind == "fake":
            pen = QPen(_faint(edge, 150), 1.0, Qt.PenStyle.DotLine)
            fill = QBrush(_faint(colour, 60))
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        if head.look is Look.SELECTED:
            painter.strokePath(path, QPen(_faint(self._theme.accent, 150), 6.0))
            painter.strokePath(path, QPen(self._theme.playhead, 3.2))
        painter.setPen(pen)
        painter.setBrush(fill)
        painter.drawPath(path)
        mark = MARKS.get(head.symbol)
        if mark is not None:
            alpha = 150 if head.look is Look.GHOST else 235
            drawn = QTransform.fromScale(*head.size_px).map(mark())
            painter.fillPath(drawn, _faint(self._theme.playhead, alpha))

    def _mine(self, painter: QPainter, head: Head) -> None:
        radius = max(min(head.size_px), 8) * 0.4
        colour = self._theme.ghost if head.look is Look.GHOST else self._theme.bad
        if head.look is Look.SELECTED:
            painter.setPen(QPen(self._theme.playhead, 2.5))
            painter.drawEllipse(QPointF(0, 0), radius + 2, radius + 2)
        painter.setPen(QPen(colour, max(radius * 0.25, 1.5)))
        painter.setBrush(QBrush(self._theme.panel_raised))
        painter.drawEllipse(QPointF(0, 0), radius, radius)
        arm = radius * 0.42
        painter.drawLine(QPointF(-arm, -arm), QPointF(arm, arm))
        painter.drawLine(QPointF(-arm, arm), QPointF(arm, -arm))


def _faint(colour: QColor, alpha: int) -> QColor:
    found = QColor(colour)
    found.setAlpha(alpha)
    return found

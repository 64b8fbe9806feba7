"""Pictures of what is drawn over and over on a playfield, made once per size.

A shape that is stroked or filled smoothly costs a hundred times what its picture costs.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

_N_KEPT = 600


class Stamps:
    """The pictures made so far; all are dropped when there are too many."""

    def __init__(self) -> None:
        self._made: dict[Hashable, QPixmap] = {}

    def draw(
        self,
        painter: QPainter,
        key: Hashable,
        area: QRectF,
        make: Callable[[QPainter], None],
        scale: float = 1.0,
    ) -> None:
        """Draw a picture over an area, in the painter's units.

        Parameters
        ----------
        painter : QPainter
            Its transform scales alike in both directions.
        key : hashable
            All that the picture depends on besides its size.
        area : QRectF
            What ``make`` draws in.
        make : callable
            Draws it, in the same units, at full size.
        scale : float
            How much smaller the picture is drawn than ``area``, about its middle.
        """
        device = painter.device()
        ratio = device.devicePixelRatioF() if device is not None else 1.0
        per_unit = painter.transform().m11() * ratio
        whole = (key, round(per_unit, 3))
        stamp = self._made.get(whole)
        if stamp is None:
            if len(self._made) >= _N_KEPT:
                self._made.clear()
            stamp = self._made[whole] = _made(area, per_unit, make)
        target = QRectF(0, 0, area.width() * scale, area.height() * scale)
        target.moveCenter(area.center())
        painter.drawPixmap(target, stamp, QRectF(stamp.rect()))


def _made(area: QRectF, per_unit: float, make: Callable[[QPainter], None]) -> QPixmap:
    width, height = (max(round(side * per_unit), 1) for side in (area.width(), area.height()))
    stamp = QPixmap(width, height)
    stamp.fill(Qt.GlobalColor.transparent)
    with QPainter(stamp) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(width / area.width(), height / area.height())
        painter.translate(-area.topLeft())
        make(painter)
    return stamp

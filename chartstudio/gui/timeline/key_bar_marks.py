"""Draws the key bars: on the ruler with their order, and as frames in their chart's strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from chartstudio.core.timing import TimingMap
from chartstudio.gui.timeline.bands import GUTTER_PX, StripBand
from chartstudio.gui.timeline.notes import Kit
from chartstudio.gui.timeline.scene import Scene, shade

_EDGE_PX = 3
_CHIP_PX = 15
_ROOM_PX = 44
"""A bar narrower than this has no room for its number beside the order."""


@dataclass(frozen=True, slots=True)
class KeyBarMark:
    """One key bar of a chart.

    Parameters
    ----------
    chart : int
    order : int
        From 1, the most useful first.
    start, end : int
        Ticks ``[start, end)``.
    own : bool
        Whether the author has charted or approved it.
    """

    chart: int
    order: int
    start: int
    end: int
    own: bool


def paint_key_bars(kit: Kit, painter: QPainter, scene: Scene, marks: Sequence[KeyBarMark]) -> None:
    """Draw the marks of every chart in view; the ruler has those of the active one."""
    bands = scene.bands
    painter.setClipRect(QRect(GUTTER_PX, 0, bands.view_px, bands.height))
    for strip, chart in zip(bands.strips, scene.charts, strict=True):
        for mark in marks:
            if mark.chart != strip.chart:
                continue
            area = _across(scene, mark, chart.timing)
            if area is None:
                continue
            _frame(kit, painter, strip, area)
            if mark.chart == scene.selection.chart:
                _flag(kit, painter, scene, mark, area)
    painter.setClipping(False)


def _across(scene: Scene, mark: KeyBarMark, timing: TimingMap) -> tuple[int, int] | None:
    left, right = (round(scene.x(tick, timing)) for tick in (mark.start, mark.end))
    if right < GUTTER_PX or left > scene.bands.width:
        return None
    return max(left, GUTTER_PX - 4), min(right, scene.bands.width + 4)


def _frame(kit: Kit, painter: QPainter, strip: StripBand, area: tuple[int, int]) -> None:
    left, right = area
    top, height = strip.lanes.top, strip.lanes.height
    colour = kit.theme.key_bar
    painter.fillRect(QRect(left, top, right - left, height), shade(colour, 15))
    painter.setPen(QPen(shade(colour, 170), 1, Qt.PenStyle.DashLine))
    painter.drawLine(left, top, left, top + height - 1)
    painter.drawLine(right, top, right, top + height - 1)


def _flag(
    kit: Kit, painter: QPainter, scene: Scene, mark: KeyBarMark, area: tuple[int, int]
) -> None:
    """A band over the bar on the ruler; its order on a chip, filled once it is the author's."""
    left, right = area
    ruler, colour = scene.bands.ruler, kit.theme.key_bar
    painter.fillRect(QRect(left, ruler.top, right - left, ruler.height), shade(colour, 34))
    painter.fillRect(QRect(left, ruler.bottom - _EDGE_PX, right - left, _EDGE_PX), colour)
    text = f"{mark.order} ✓" if mark.own else str(mark.order)
    width = painter.fontMetrics().horizontalAdvance(text) + 10
    if right - left < width + 2:
        return
    # At the right end: the bar's own number stands at the left.
    x = right - width - 3 if right - left >= _ROOM_PX else left + 1
    chip = QRectF(x, ruler.top + 3, width, _CHIP_PX)
    painter.setPen(colour)
    painter.setBrush(colour if mark.own else kit.theme.panel)
    painter.drawRoundedRect(chip, 4, 4)
    painter.setPen(kit.theme.background if mark.own else colour)
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
    painter.setBrush(Qt.BrushStyle.NoBrush)

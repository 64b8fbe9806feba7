"""The lane of followed layers: a thin band of named stretches under the density.

A click selects a stretch, the right button takes it away. The lane is there while the active
chart has such stretches.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from chartstudio.editor import follow
from chartstudio.editor.finish import Span
from chartstudio.editor.follow import Layers, Section
from chartstudio.gui.layers import spoken
from chartstudio.gui.text import tr
from chartstudio.gui.theme import Theme
from chartstudio.gui.timeline import drag
from chartstudio.gui.timeline.bands import GUTTER_PX, Band, Zone
from chartstudio.gui.timeline.drag import IDLE, Button, Pointer, SelectRange
from chartstudio.gui.timeline.notes import Kit
from chartstudio.gui.timeline.scene import Scene, shade

_MARGIN_PX = 2
_TEXT_PX = 7
"""Left of a stretch's name, which stays in view as long as its stretch is."""


@dataclass(frozen=True, slots=True)
class Follow:
    """Let a stretch of a chart follow these layers."""

    chart: int
    span: Span
    layers: Layers


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about a press; nothing is dragged here."""

    action: Follow | SelectRange | None = None
    state: drag.State = IDLE


def press(at: Pointer, button: Button, sections: tuple[Section, ...]) -> Step | None:
    """What a button going down on the lane does; None where it is none of ours.

    Parameters
    ----------
    at : Pointer
    button : Button
    sections : tuple of (int, int, tuple of str)
        Of the active chart.
    """
    if at.zone is not Zone.FOLLOW or button is Button.MIDDLE:
        return None
    found = next(((a, b) for a, b, _ in sections if a <= at.tick < b), None)
    if found is None:
        return Step()
    if button is Button.RIGHT:
        return Step(Follow(at.chart, found, ()))
    return Step(SelectRange(*found))


def paint_follow(kit: Kit, painter: QPainter, scene: Scene) -> None:
    """Draw the lane with the stretches of the active chart."""
    lane, active, theme = scene.bands.follow, scene.active, kit.theme
    if lane is None:
        return
    area = QRectF(GUTTER_PX, lane.top, scene.bands.view_px, lane.height)
    painter.fillRect(area, theme.background.darker(112))
    painter.setPen(theme.muted)
    box = QRectF(8, lane.top, GUTTER_PX - 8, lane.height)
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, tr("follow"))
    if active is None:
        return
    painter.setClipRect(area)
    low, high = scene.view.seen_ticks(active.timing)
    for start, end, layers in follow.sections(active.chart):
        if end > low and start < high:
            left, right = (scene.x(tick, active.timing) for tick in (start, end))
            _stretch(painter, lane, (left, right), layers, theme)
    painter.setClipping(False)


def _stretch(
    painter: QPainter, lane: Band, across: tuple[float, float], layers: Layers, theme: Theme
) -> None:
    left, right = across
    colours = [_colour(theme, name) for name in layers]
    height = lane.height - 2 * _MARGIN_PX
    block = QRectF(left + 1, lane.top + _MARGIN_PX, max(right - left - 2, 1.0), height)
    painter.fillRect(block, shade(colours[0], 46))
    part = block.height() / len(colours)
    for i, colour in enumerate(colours):
        painter.fillRect(QRectF(block.left(), block.top() + i * part, 3, part), colour)
    text = spoken(layers)
    start = max(block.left(), float(GUTTER_PX)) + _TEXT_PX
    if block.right() - start > painter.fontMetrics().horizontalAdvance(text):
        painter.setPen(theme.text)
        box = QRectF(start, lane.top, block.right() - start, lane.height)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)


def _colour(theme: Theme, layer: str) -> QColor:
    """A colour to tell layers apart at a glance; their names stand beside it."""
    colours = {
        "all": theme.text,
        "drums": theme.snap(32),
        "lead": theme.accent,
        "bass": theme.snap(64),
        "chords": theme.snap(24),
    }
    return colours.get(layer, theme.muted)

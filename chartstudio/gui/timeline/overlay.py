"""Draws what moves over a still timeline: playhead, what a drag will do, where a click will.

Drawn every frame over the kept picture of everything else, so that a playhead or a pointer
costs no more than itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from chartstudio.core.mode import Mode
from chartstudio.core.note import Note, sort_key
from chartstudio.editor.edits import lengthened
from chartstudio.gui.theme import Theme
from chartstudio.gui.timeline.arrays import NoteArrays
from chartstudio.gui.timeline.bands import GUTTER_PX
from chartstudio.gui.timeline.drag import Box, Move, Pointer, Put, Stretch
from chartstudio.gui.timeline.notes import Kit, NoteBrush, seen_notes
from chartstudio.gui.timeline.rows import put_note, row_of, shifted
from chartstudio.gui.timeline.scene import Scene, shade

_HOVER_OPACITY = 0.35
_DRAG_OPACITY = 0.8


@dataclass(frozen=True, slots=True)
class Hover:
    """Where a click would place a note."""

    chart: int
    note: Note


def paint_overlay(
    kit: Kit, painter: QPainter, scene: Scene, playhead_x: float, hover: Hover | None
) -> None:
    """Draw the drag or the hovered place, then the playhead.

    Parameters
    ----------
    kit : Kit
    painter : QPainter
    scene : Scene
        Of the kept picture, with the current state.
    playhead_x : float
        Widget pixel.
    hover : Hover or None
    """
    painter.setClipRect(QRect(GUTTER_PX, 0, scene.bands.view_px, scene.bands.height))
    for strip, chart in zip(scene.bands.strips, scene.charts, strict=True):
        brush = NoteBrush(kit, painter, scene, strip, chart)
        _drag(brush)
        if hover is not None and hover.chart == strip.chart:
            painter.setOpacity(_HOVER_OPACITY)
            _draw_notes(brush, (hover.note,))
            painter.setOpacity(1.0)
    if isinstance(scene.state, Box):
        _box(painter, scene, scene.state, kit.theme)
    painter.setClipping(False)
    _playhead(painter, scene, playhead_x, kit.theme)


def _drag(brush: NoteBrush) -> None:
    """What the notes will be once the button is let go."""
    strip, chart, scene = brush.strip, brush.chart, brush.scene
    state = scene.state
    if not isinstance(state, Put | Move | Stretch) or state.chart != strip.chart:
        return
    brush.painter.setOpacity(_DRAG_OPACITY)
    match state:
        case Put(lane=lane, tick=tick, end=end):
            view = scene.view
            note = put_note(chart.mode, view.tool_kind, (tick, end), lane, view.spot_in(chart.mode))
            if note is not None:
                _draw_notes(brush, (note,))
        case Stretch(note=note, end=end) if chart.mode is not None:
            _draw_notes(brush, (lengthened(chart.mode, note, end),))
        case Move(notes=moving, ticks=ticks):
            chosen = brush.kit.among(chart.notes, moving)
            seen = seen_notes(scene, chart.notes, ticks)
            seen = seen.where(chosen[seen.index])
            brush.draw(chart.notes, seen, lanes=block_shift(state, chart.mode))
    brush.painter.setOpacity(1.0)


def block_shift(state: Move, mode: Mode | None) -> int:
    """Rows that a block moves, as far as there is room."""
    if mode is None or not state.lanes:
        return 0
    (moved, *_), first = shifted(mode, state.notes, 0, state.lanes), min(state.notes, key=sort_key)
    return row_of(mode, moved) - row_of(mode, first)


def _draw_notes(brush: NoteBrush, notes: tuple[Note, ...]) -> None:
    chart = brush.chart
    arrays = NoteArrays.of(notes, chart.timing, chart.mode)
    brush.draw(arrays, seen_notes(brush.scene, arrays))


def _box(painter: QPainter, scene: Scene, box: Box, theme: Theme) -> None:
    strip = scene.bands.strip_of(box.start.chart)
    if strip is None:
        return
    left, right = sorted((_pull_x(scene, box.start), box.now.x))
    top, bottom = sorted((box.start.y, box.now.y))
    area = QRectF(left, top, right - left, bottom - top)
    painter.fillRect(area, shade(theme.accent, 40))
    painter.setPen(QPen(theme.accent, 1, Qt.PenStyle.DashLine))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(area)


def _pull_x(scene: Scene, start: Pointer) -> float:
    """Where a drag began, in the view as it is scrolled now."""
    chart = next(
        (c for s, c in zip(scene.bands.strips, scene.charts, strict=True) if s.chart == start.chart)
    )
    return scene.x(start.tick, chart.timing)


def _playhead(painter: QPainter, scene: Scene, x: float, theme: Theme) -> None:
    if not GUTTER_PX - 1 <= x <= scene.bands.width:
        return
    at = round(x)
    painter.fillRect(QRect(at - 1, 0, 2, max(scene.bands.bottom, 0)), theme.playhead)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.playhead)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.drawPolygon(QPolygonF([QPointF(at - 6, 0), QPointF(at + 6, 0), QPointF(at, 9)]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

"""Draws what is locked: notes that stay, times that stay, places that stay.

Knows which notes and what of them; refuses to know who locked them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLine, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from chartstudio.core.note import Note
from chartstudio.gui.timeline.arrays import ChartArrays
from chartstudio.gui.timeline.bands import GUTTER_PX, StripBand
from chartstudio.gui.timeline.notes import Kit, Seen, head_size, is_slim, seen_notes
from chartstudio.gui.timeline.scene import Scene, shade

_AROUND_PX = 3
_PLACE_PX = 4


@dataclass(frozen=True, slots=True, eq=False)
class LockMarks:
    """What is locked of a chart.

    Parameters
    ----------
    chart : int
    start, end : int
        Where the locks hold, in ticks.
    notes : frozenset of Note
        Notes that stay as they are.
    lanes : frozenset of int
        Lanes that stay as they are.
    times : bool
        Whether the notes' times stay.
    places : bool
        Whether the notes' rows stay.
    """

    chart: int
    start: int
    end: int
    notes: frozenset[Note] = frozenset()
    lanes: frozenset[int] = frozenset()
    times: bool = False
    places: bool = False


def paint_locks(kit: Kit, painter: QPainter, scene: Scene, locks: LockMarks | None) -> None:
    """Draw the locks over the strip of their chart, if it has one."""
    if locks is None:
        return
    for strip, chart in zip(scene.bands.strips, scene.charts, strict=True):
        if strip.chart == locks.chart:
            lanes = strip.lanes
            painter.setClipRect(QRect(GUTTER_PX, lanes.top, scene.bands.view_px, lanes.height))
            _paint(kit, painter, scene, (strip, chart, locks))
            painter.setClipping(False)


def _paint(
    kit: Kit, painter: QPainter, scene: Scene, what: tuple[StripBand, ChartArrays, LockMarks]
) -> None:
    strip, chart, locks = what
    colour = kit.theme.lock
    left, right = (scene.x(tick, chart.timing) for tick in (locks.start, locks.end))
    left, right = max(left, GUTTER_PX), min(right, scene.bands.width)
    for lane in locks.lanes:
        top = strip.lane_y(lane) - strip.lane_px / 2
        painter.fillRect(QRectF(left, top, right - left, strip.lane_px), shade(colour, 26))
    seen = seen_notes(scene, chart.notes)
    ticks = chart.notes.ticks[seen.index]
    seen = seen.where((ticks >= locks.start) & (ticks < locks.end))
    if not len(seen.index) or is_slim(scene, strip, len(seen.index)):
        # There is no room for marks on each note: the stretch is tinted as a whole.
        if locks.notes or locks.times or locks.places:
            area = QRectF(left, strip.lanes.top, right - left, strip.lanes.height)
            painter.fillRect(area, shade(colour, 20))
        return
    if locks.times:
        painter.setPen(shade(colour, 120))
        top, bottom = strip.lanes.top, strip.lanes.bottom
        at = np.unique(np.rint(seen.x).astype(np.int64)).tolist()
        painter.drawLines([QLine(x, top, x, bottom) for x in at])
    if locks.places:
        _places(painter, strip, chart, seen, scene, kit)
    if locks.notes:
        held = [chart.notes.notes[i] in locks.notes for i in seen.index.tolist()]
        _rings(painter, strip, chart, seen.where(np.array(held)), scene, kit)


def _sizes(strip: StripBand, chart: ChartArrays, scene: Scene) -> list[tuple[int, int]]:
    """Width and height of a head in each row."""
    zoom = scene.view.seconds_per_px
    return [head_size(lane.symbol, strip.lane_px, zoom) for lane in chart.lanes]


def _places(
    painter: QPainter, strip: StripBand, chart: ChartArrays, seen: Seen, scene: Scene, kit: Kit
) -> None:
    """A corner below each note: it stays in its row."""
    sizes = _sizes(strip, chart, scene)
    for x, row in zip(seen.x.tolist(), chart.notes.lanes[seen.index].tolist(), strict=True):
        width, height = sizes[row]
        y = strip.lane_y(row) + height / 2 + 1
        painter.fillRect(QRectF(x - width / 2, y, width, _PLACE_PX - 1), kit.theme.lock)


def _rings(
    painter: QPainter, strip: StripBand, chart: ChartArrays, seen: Seen, scene: Scene, kit: Kit
) -> None:
    """A frame around each note, over its whole length."""
    sizes = _sizes(strip, chart, scene)
    painter.setPen(QPen(kit.theme.lock, 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    rows = chart.notes.lanes[seen.index].tolist()
    beyond = scene.bands.width + 10
    for x, end_x, row in zip(seen.x.tolist(), seen.end_x.tolist(), rows, strict=True):
        width, height = (size + 2 * _AROUND_PX for size in sizes[row])
        left, right = max(x - width / 2, -10.0), min(max(end_x, x + width / 2), beyond)
        area = QRectF(left, strip.lane_y(row) - height / 2, right - left, height)
        painter.drawRoundedRect(area, 4, 4)

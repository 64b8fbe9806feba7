"""Draws where the beats will be while one of them is dragged.

The lines of the timing to be are drawn over the still picture, so that they can be laid onto
the waveform; nothing is edited before the release.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLine, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.timing import TimingMap
from chartstudio.editor import retime
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.bands import GUTTER_PX
from chartstudio.gui.timeline.beat_drag import BeatDrag
from chartstudio.gui.timeline.grid import MIN_BEAT_PX, AnchorArrays
from chartstudio.gui.timeline.notes import Kit
from chartstudio.gui.timeline.scene import Scene, shade

_MAX_LINES = 2000
_LABEL_PX = 20
_LABEL_MARGIN_PX = 14
_BESIDE_PX = 8


def preview(scene: Scene, state: BeatDrag) -> TimingMap | ChartStudioError:
    """The timing that a release would leave, or why it would leave none."""
    change = retime.drag_beat(state.tick, state.seconds, scene.view.later_beats)
    try:
        return change(scene.timing)
    except ChartStudioError as error:
        return error


def paint_beat_drag(kit: Kit, painter: QPainter, scene: Scene) -> None:
    """Draw the beats as they will be, the dragged one, and what that means in figures."""
    state, theme = scene.state, kit.theme
    if not isinstance(state, BeatDrag):
        return
    bands = scene.bands
    painter.setClipRect(GUTTER_PX, 0, bands.view_px, bands.height)
    found = preview(scene, state)
    good = isinstance(found, TimingMap)
    if isinstance(found, TimingMap):
        _beats(painter, scene, found, theme.key_bar)
    x = round(GUTTER_PX + scene.view.x_of_seconds(state.seconds))
    from_x = round(GUTTER_PX + scene.view.x_of_seconds(state.line_s))
    colour = theme.key_bar if good else theme.bad
    painter.setPen(QPen(shade(theme.muted, 160), 1, Qt.PenStyle.DashLine))
    painter.drawLine(from_x, 0, from_x, bands.ruler.bottom)
    painter.setPen(QPen(colour, 2))
    painter.drawLine(x, 0, x, max(bands.bottom, bands.ruler.bottom))
    text = str(found) if isinstance(found, ChartStudioError) else _figures(scene, state, found)
    _label(painter, scene, x, text, (colour, theme.panel_raised))
    painter.setClipping(False)


def _beats(painter: QPainter, scene: Scene, timing: TimingMap, colour: QColor) -> None:
    """Beat lines over tempo, waveform and ruler; bars brighter. On the axis as it is now."""
    view, bands = scene.view, scene.bands
    start, end = timing.tick_at(view.start_s), timing.tick_at(view.end_s) + 1
    beat_px = 60.0 / max(float(AnchorArrays.of(timing).bpm.max()), 1.0) / view.seconds_per_px
    bars = timing.lines(start, end)
    beats = timing.lines(start, end, 4) if beat_px >= MIN_BEAT_PX else bars
    for ticks, alpha in ((beats, 110), (bars, 220)):
        if not 0 < len(ticks) <= _MAX_LINES:
            continue
        x = np.rint(view.x_of_seconds(timing.seconds_at(ticks))).astype(int) + GUTTER_PX
        painter.setPen(shade(colour, alpha))
        painter.drawLines([QLine(px, bands.tempo.top, px, bands.ruler.bottom) for px in x.tolist()])


def _figures(scene: Scene, state: BeatDrag, timing: TimingMap) -> str:
    """How far the beat goes, and the tempo before and after it."""
    before = timing.bpm_at(state.tick - 1)
    text = tr(
        "{ms} ms   {bpm} BPM",
        ms=f"{(state.seconds - state.line_s) * 1000:+.1f}",
        bpm=f"{before:.3f}",
    )
    after = timing.bpm_at(state.tick)
    was = scene.timing.bpm_at(state.tick)
    return f"{text} → {after:.3f}" if after not in (before, was) else text


def _label(
    painter: QPainter, scene: Scene, x: int, text: str, colours: tuple[QColor, QColor]
) -> None:
    """Figures beside the line, on a ground of their own."""
    metrics, room = painter.fontMetrics(), scene.bands.width - GUTTER_PX - 2 * _BESIDE_PX
    text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room - _LABEL_MARGIN_PX)
    width = metrics.horizontalAdvance(text) + _LABEL_MARGIN_PX
    right = x + _BESIDE_PX + width > scene.bands.width
    left = x - _BESIDE_PX - width if right else x + _BESIDE_PX
    # The line may be dragged out of sight; what it would do is still to be read.
    left = max(min(left, scene.bands.width - width - _BESIDE_PX), GUTTER_PX + _BESIDE_PX)
    box = QRectF(left, scene.bands.wave.top + 6, width, _LABEL_PX)
    painter.fillRect(box, colours[1])
    painter.setPen(colours[0])
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

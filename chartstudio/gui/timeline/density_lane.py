"""The density lane: note times per beat over the bars, painted with the mouse.

==========  =================================================================================
left        paint the bars that the mouse passes, at the height where it is
right       take away what is painted there
==========  =================================================================================

As everywhere, the edit is the action of the release. Drawn behind what is painted: how dense
the chart is now, and the ghosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.editor import density
from chartstudio.editor.density import MOST, Stretch, Stroke
from chartstudio.gui.text import tr
from chartstudio.gui.timeline import drag
from chartstudio.gui.timeline.bands import GUTTER_PX, Band, Zone
from chartstudio.gui.timeline.drag import IDLE, Button, Keys, Pointer, Rules
from chartstudio.gui.timeline.notes import Kit
from chartstudio.gui.timeline.scene import Scene, shade

_LINES = (1.0, 2.0, 4.0)
"""Note times per beat with a line: quarters, eighths, sixteenths."""

_LEAST_NAMED = 2.0
"""Lines below this lie too close for figures."""

_MOST_BARS = 2000
_MARGIN_PX = 5


@dataclass(frozen=True, slots=True)
class PaintDensity:
    """Paint on a chart's curve."""

    chart: int
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """The state that an event leads to, and what is to be done about it."""

    state: DensityDrag | drag.State
    action: PaintDensity | None = None


@dataclass(frozen=True, slots=True)
class DensityDrag:
    """Bars are being painted.

    Parameters
    ----------
    chart : int
    lane : Band
        Where the lane lies.
    erases : bool
    tick : int
        Where the mouse was last.
    strokes : tuple of (int, int, float or None)
        By bar, the latest last.
    """

    chart: int
    lane: Band
    erases: bool
    tick: int
    strokes: tuple[Stroke, ...] = ()

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Paint every bar between the last place and this one."""
        value = None if self.erases else value_at(self.lane, at.y)
        low, high = sorted((self.tick, at.tick))
        new: dict[tuple[int, int], float | None] = {s[:2]: s[2] for s in self.strokes}
        start, end = rules.measure(low)
        while start <= high and end > start:
            new.pop((start, end), None)
            new[start, end] = value
            start, end = rules.measure(end)
        strokes = tuple((a, b, v) for (a, b), v in new.items())
        return Step(replace(self, tick=at.tick, strokes=strokes))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Keep what was painted."""
        return Step(IDLE, PaintDensity(self.chart, self.strokes) if self.strokes else None)


def press(at: Pointer, button: Button, keys: Keys, rules: Rules, lane: Band | None) -> Step | None:
    """What a button going down on the lane begins; None where it is none of ours."""
    if at.zone is not Zone.DENSITY or lane is None or keys.shift or button is Button.MIDDLE:
        return None
    return DensityDrag(at.chart, lane, button is Button.RIGHT, at.tick).move(at, rules)


def value_at(lane: Band, y: float) -> float:
    """Note times per beat at a height."""
    room = lane.height - 2 * _MARGIN_PX
    return density.fitting((lane.bottom - _MARGIN_PX - y) / room * MOST)


def _y(lane: Band, value: float) -> float:
    return lane.bottom - _MARGIN_PX - min(value, MOST) / MOST * (lane.height - 2 * _MARGIN_PX)


# Drawing ---------------------------------------------------------------------------------


def paint_density(kit: Kit, painter: QPainter, scene: Scene) -> None:
    """Draw the lane with what stands still."""
    lane, active, theme = scene.bands.density, scene.active, kit.theme
    if lane is None:
        return
    area = QRectF(GUTTER_PX, lane.top, scene.bands.view_px, lane.height)
    painter.fillRect(area, theme.background.darker(112))
    painter.setPen(theme.line)
    painter.drawLine(GUTTER_PX, lane.top, scene.bands.width, lane.top)
    _scale(kit, painter, scene, lane)
    if active is None:
        return
    painter.setClipRect(area)
    start, end = scene.view.seen_ticks(active.timing)
    lines = active.timing.lines(start, end)
    if 0 < len(lines) <= _MOST_BARS:
        edges = np.concatenate([lines[:1] - 1, lines, [end + 1]])
        edges[0] = active.timing.measures_around(edges[:1])[0][0]
        edges[-1] = active.timing.measures_around(np.array([end]))[1][0]
        now = active.notes.ticks
        _steps(painter, scene, lane, (edges, _per_beat(now, edges)), shade(theme.muted, 190))
        ghosts = scene.ghosts
        _stretches(painter, scene, lane, density.curve(active.chart), theme.accent)
        if ghosts is not None and ghosts.chart == scene.selection.chart:
            for low, high in ghosts.spans:
                part = edges[(edges >= low) & (edges <= high)]
                shown = _per_beat(ghosts.notes.ticks, part)
                _steps(painter, scene, lane, (part, shown), theme.ghost)
    painter.setClipping(False)


def paint_density_drag(kit: Kit, painter: QPainter, scene: Scene) -> None:
    """Draw what is being painted, and the figure at the mouse."""
    state, active, lane = scene.state, scene.active, scene.bands.density
    if not isinstance(state, DensityDrag) or active is None or lane is None:
        return
    painter.setClipRect(GUTTER_PX, lane.top, scene.bands.view_px, lane.height)
    for start, end, value in state.strokes:
        left, right = scene.x(start, active.timing), scene.x(end, active.timing)
        ground = QRectF(left, lane.top + 1, right - left, lane.height - 1)
        painter.fillRect(ground, kit.theme.background.darker(112))
        if value is not None:
            _stretches(painter, scene, lane, ((start, end, value),), kit.theme.accent.lighter(115))
    if state.strokes:
        x = scene.x(state.tick, active.timing)
        value = state.strokes[-1][2]
        text = "×" if value is None else f"{value:g}"
        painter.setPen(kit.theme.playhead)
        painter.drawText(QRectF(x - 40, lane.top, 34, 20), Qt.AlignmentFlag.AlignRight, text)
    painter.setClipping(False)


def figure(value: float | None) -> str:
    """A painted value for people."""
    if value is None:
        return tr("nothing painted")
    return tr("{n} notes per beat", n=f"{value:g}")


def _scale(kit: Kit, painter: QPainter, scene: Scene, lane: Band) -> None:
    metrics = painter.fontMetrics()
    for value in _LINES:
        y = _y(lane, value)
        painter.setPen(shade(kit.theme.muted, 40))
        painter.drawLine(QLineF(GUTTER_PX, y, scene.bands.width, y))
        if value < _LEAST_NAMED:
            continue
        painter.setPen(shade(kit.theme.muted, 130))
        box = QRectF(0, y - metrics.height() / 2, GUTTER_PX - 6, metrics.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignRight, f"{value:g}")
    painter.setPen(kit.theme.muted)
    box = QRectF(8, lane.top, GUTTER_PX - 24, lane.height)
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, tr("density"))


def _per_beat(ticks: Ticks, edges: Ticks) -> NDArray[np.float64]:
    """Note times per beat between edges, shape (E-1,)."""
    counts = np.diff(np.searchsorted(np.unique(ticks), edges))
    found: NDArray[np.float64] = counts * TICKS_PER_BEAT / np.maximum(np.diff(edges), 1)
    return found


def _steps(
    painter: QPainter,
    scene: Scene,
    lane: Band,
    steps: tuple[Ticks, NDArray[np.float64]],
    colour: QColor,
) -> None:
    """A line of steps, bar by bar."""
    edges, values = steps
    if len(edges) < 2:
        return
    x = (scene.view.x_of_ticks(edges, scene.timing) + GUTTER_PX).tolist()
    y = [_y(lane, value) for value in values.tolist()]
    lines = [QLineF(a, at, b, at) for a, b, at in zip(x[:-1], x[1:], y, strict=True)]
    lines += [QLineF(at, a, at, b) for at, a, b in zip(x[1:-1], y[:-1], y[1:], strict=True)]
    painter.setPen(QPen(colour, 1))
    painter.drawLines(lines)


def _stretches(
    painter: QPainter, scene: Scene, lane: Band, stretches: Sequence[Stretch], colour: QColor
) -> None:
    """What is painted, as blocks with an edge on top."""
    low, high = scene.view.seen_ticks(scene.timing)
    for start, end, value in stretches:
        if end < low or start > high:
            continue
        left, right = scene.x(start, scene.timing), scene.x(end, scene.timing)
        top = _y(lane, value)
        painter.fillRect(QRectF(left, top, right - left, lane.bottom - top), shade(colour, 70))
        painter.fillRect(QRectF(left + 1, top - 1, right - left - 1, 3), colour)

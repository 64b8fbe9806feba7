"""Draws the strips of a scene: ground, grid, selected range, marks, notes, ghosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLine, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from chartstudio.core import provenance
from chartstudio.editor.finish import outside
from chartstudio.gui.text import level, tr
from chartstudio.gui.theme import Theme
from chartstudio.gui.timeline.arrays import ChartArrays
from chartstudio.gui.timeline.bands import GUTTER_PX, StripBand
from chartstudio.gui.timeline.drag import Erase, Move, Stretch
from chartstudio.gui.timeline.grid import BAR, bends
from chartstudio.gui.timeline.marks import IssueMarks
from chartstudio.gui.timeline.notes import Kit, NoteBrush, is_slim, seen_notes
from chartstudio.gui.timeline.scene import Ghosts, Scene, shade
from chartstudio.gui.timeline.sprites import Look

_DIM = 0.26
"""Opacity of notes that do not count: unhittable, about to go, behind ghosts."""

ISSUE_PX = 8
"""An issue's mark is at least so wide."""

_N_KEYS = 10
"""Lanes with a number key."""


def paint_strips(kit: Kit, painter: QPainter, scene: Scene) -> None:
    """Draw every strip of a scene."""
    for strip, chart, issues in zip(scene.bands.strips, scene.charts, scene.issues, strict=True):
        _StripPaint(kit, painter, scene, strip, chart).paint(issues)


def line_colour(theme: Theme, rank: int) -> QColor:
    """Colour of a grid line."""
    if rank == BAR:
        return shade(theme.muted, 92)
    return shade(theme.muted, 42) if rank == 4 else shade(theme.snap(rank), 17)


@dataclass(frozen=True, slots=True, eq=False)
class _StripPaint:
    """One strip on its painter."""

    kit: Kit
    painter: QPainter
    scene: Scene
    strip: StripBand
    chart: ChartArrays

    @property
    def area(self) -> QRect:
        """The strip without its name."""
        top = self.strip.head.top
        return QRect(GUTTER_PX, top, self.scene.bands.view_px, self.strip.lanes.bottom - top)

    @property
    def is_active(self) -> bool:
        return self.strip.chart == self.scene.selection.chart

    def paint(self, issues: IssueMarks) -> None:
        self._ground()
        self.painter.setClipRect(self.area)
        self._lines()
        self._bends()
        self._range()
        self._marks()
        self._notes()
        self._ghosts()
        self._issues(issues)
        self.painter.setClipping(False)
        self._name()

    # Ground ------------------------------------------------------------------------------

    def _ground(self) -> None:
        self.painter.fillRect(self.area, strip_ground(self.kit.theme))
        self.painter.setPen(self.kit.theme.panel_raised)
        strip, right = self.strip, self.scene.bands.width
        edges = [round(strip.lanes.top + i * strip.lane_px) for i in range(strip.n_lanes)]
        self.painter.drawLines([QLine(GUTTER_PX, y, right, y) for y in edges[1:]])

    def _lines(self) -> None:
        view, timing = self.scene.view, self.chart.timing
        lines = self.kit.grid.lines(view, timing)
        x = view.x_of_places(lines.ticks, lines.seconds, timing)
        seen = (x >= 0) & (x < view.width_px)
        ranks, pixels = lines.ranks[seen], np.rint(x[seen]).astype(np.int64) + GUTTER_PX
        top, bottom = self.area.top(), self.area.bottom()
        # Finest first: a bar's line lies over the others. Off the grid is finer than all.
        for rank in sorted(set(ranks.tolist()), key=lambda r: -(r or 1000)):
            self.painter.setPen(line_colour(self.kit.theme, rank))
            at = pixels[ranks == rank].tolist()
            self.painter.drawLines([QLine(px, top, px, bottom) for px in at])

    def _bends(self) -> None:
        timing = self.chart.timing
        for bend in bends(self.scene.view, timing, self.kit.grid.anchors(timing)):
            left = max(round(bend.left_px) + GUTTER_PX, GUTTER_PX)
            right = min(max(round(bend.right_px) + GUTTER_PX, left + 2), self.scene.bands.width)
            colour = bend_colour(self.kit.theme, bend.seconds > 0)
            area = QRect(left, self.area.top(), right - left, self.area.height())
            self.painter.fillRect(area, shade(colour, 26))

    def _range(self) -> None:
        span = self.scene.range_px()
        if span is None:
            return
        left, right = span
        area = QRect(left, self.area.top(), right - left, self.area.height())
        self.painter.fillRect(area, shade(self.kit.theme.accent, 24))
        if self.is_active:
            self.painter.setPen(self.kit.theme.accent)
            self.painter.setBrush(Qt.BrushStyle.NoBrush)
            self.painter.drawRect(area.adjusted(0, 0, 0, -1))

    # Marks -------------------------------------------------------------------------------

    def _marks(self) -> None:
        theme = self.kit.theme
        ghosts = self._ghosts_here()
        over = () if ghosts is None else ghosts.spans
        for edited, whole in _stretches(provenance.generated(self.chart.chart)):
            colour = theme.good if edited else theme.ghost
            text = tr("drafted, edited since") if edited else tr("drafted")
            for span in outside((whole,), over):
                self._mark(span, shade(colour, 150), text)
        if ghosts is not None:
            for span in over:
                self._mark(span, theme.ghost, ghosts.label)

    def _mark(self, ticks: tuple[int, int], colour: QColor, text: str) -> None:
        left, right = (self.scene.x(tick, self.chart.timing) for tick in ticks)
        left, right = max(left, GUTTER_PX), min(right, self.scene.bands.width)
        if right <= left:
            return
        top = self.strip.head.top
        self.painter.fillRect(QRectF(left, top, right - left, 4), strip_ground(self.kit.theme))
        self.painter.fillRect(QRectF(left, top, right - left, 3), colour)
        if right - left > self.painter.fontMetrics().horizontalAdvance(text) + 12:
            self.painter.setPen(shade(colour, 255))
            self.painter.drawText(QPointF(left + 7, top + 17), text)

    def _issues(self, issues: IssueMarks) -> None:
        """Issues as a coloured edge below the lanes."""
        view, bottom = self.scene.view, self.strip.lanes.bottom
        x, end_x = view.x_of_seconds(issues.starts_s), view.x_of_seconds(issues.ends_s)
        centred = x - np.where(end_x - x < ISSUE_PX, (ISSUE_PX - (end_x - x)) / 2, 0)
        for severity, left, width in issues.spans(centred, end_x, view.width_px, ISSUE_PX):
            area = QRect(left + GUTTER_PX, bottom - 4, width, 4)
            self.painter.fillRect(area, self.kit.theme.severity(severity))

    def _name(self) -> None:
        """The chart's name and level, and the number keys of its lanes."""
        painter, theme, strip, chart = self.painter, self.kit.theme, self.strip, self.chart
        if self.is_active and len(self.scene.charts) > 1:
            painter.fillRect(QRect(0, self.area.top(), 3, self.area.height()), theme.accent)
        metrics = painter.fontMetrics()
        line, middle = metrics.height(), self.area.center().y()
        name = chart.chart.name or chart.chart.label or chart.chart.mode
        painter.setPen(theme.text if self.is_active else theme.muted)
        elided = metrics.elidedText(name, Qt.TextElideMode.ElideRight, GUTTER_PX - 12)
        painter.drawText(QPointF(8, middle), elided)
        if chart.chart.level is not None:
            said = level(chart.chart.level, chart.mode)
            elided = metrics.elidedText(said, Qt.TextElideMode.ElideRight, GUTTER_PX - 12)
            painter.setPen(theme.accent)
            painter.drawText(QPointF(8, middle + line), elided)
        if not (self.is_active and chart.editable and strip.lane_px >= line * 0.8):
            return
        painter.setPen(shade(theme.muted, 110))
        for lane in range(min(strip.n_lanes, _N_KEYS)):
            box = QRectF(0, strip.lane_y(lane) - line / 2, GUTTER_PX - 6, line)
            if not middle - 1.5 * line < box.center().y() < middle + 1.5 * line:
                painter.drawText(box, Qt.AlignmentFlag.AlignRight, str((lane + 1) % 10))

    # Notes -------------------------------------------------------------------------------

    def _notes(self) -> None:
        notes = self.chart.notes
        seen = seen_notes(self.scene, notes)
        if not len(seen.index):
            return
        dim = (~notes.hittable | self._leaving())[seen.index]
        ghosts = self._ghosts_here()
        if ghosts is not None:
            dim |= ghosts.replaces(notes, seen.index)
        chosen = self._chosen()[seen.index]
        brush = NoteBrush(self.kit, self.painter, self.scene, self.strip, self.chart)
        if is_slim(self.scene, self.strip, len(seen.index)):
            brush.draw_slim(notes, seen, dim, chosen)
            return
        for faint in (True, False):
            keep = dim == faint
            if keep.any():
                self.painter.setOpacity(_DIM if faint else 1.0)
                brush.draw(notes, seen.where(keep), chosen[keep])
        self.painter.setOpacity(1.0)

    def _chosen(self) -> NDArray[np.bool_]:
        selected = self.scene.selection.notes if self.is_active else frozenset()
        return self.kit.among(self.chart.notes, selected) if selected else self._none()

    def _leaving(self) -> NDArray[np.bool_]:
        """Notes that a drag is about to take from where they are."""
        match self.scene.state:
            case Move(chart=chart, notes=leaving) | Erase(chart=chart, notes=leaving):
                pass
            case Stretch(chart=chart, note=note):
                leaving = frozenset({note})
            case _:
                return self._none()
        if chart != self.strip.chart:
            return self._none()
        if leaving is self.scene.selection.notes:
            return self._chosen()
        return self.chart.notes.selected(leaving)

    def _none(self) -> NDArray[np.bool_]:
        return np.zeros(len(self.chart.notes.notes), bool)

    def _ghosts_here(self) -> Ghosts | None:
        ghosts = self.scene.ghosts
        return ghosts if ghosts is not None and ghosts.chart == self.strip.chart else None

    def _ghosts(self) -> None:
        ghosts = self._ghosts_here()
        if ghosts is None:
            return
        seen = seen_notes(self.scene, ghosts.notes)
        brush = NoteBrush(self.kit, self.painter, self.scene, self.strip, self.chart)
        if is_slim(self.scene, self.strip, len(seen.index)):
            none = np.zeros(len(seen.index), bool)
            brush.draw_slim(ghosts.notes, seen, none, none, Look.GHOST)
        else:
            brush.draw(ghosts.notes, seen, look=Look.GHOST)


def _stretches(marks: Sequence[provenance.Generated]) -> list[tuple[bool, tuple[int, int]]]:
    """Whether edited, and where: neighbouring marks of one sort as one."""
    found: list[tuple[bool, tuple[int, int]]] = []
    for mark in marks:
        if found and found[-1][0] == mark.edited and found[-1][1][1] == mark.start:
            found[-1] = (mark.edited, (found[-1][1][0], mark.end))
        else:
            found.append((mark.edited, (mark.start, mark.end)))
    return found


def strip_ground(theme: Theme) -> QColor:
    """What a strip lies on: between the background and the panels."""
    low, high = theme.background, theme.panel
    return QColor(
        (low.red() + high.red()) // 2,
        (low.green() + high.green()) // 2,
        (low.blue() + high.blue()) // 2,
    )


def bend_colour(theme: Theme, is_pause: bool) -> QColor:
    """Colour of a pause, or of a warp."""
    return theme.bad if is_pause else theme.snap(12)

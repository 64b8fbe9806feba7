"""The whole song at a glance: how dense the active chart is, what is in view, what is wrong.

Its picture is kept until the chart, the issues or the size change; only the box of the view
and the playhead are drawn every time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QHideEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from chartstudio.core import provenance
from chartstudio.core.note import ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor.checks import SongIssue
from chartstudio.editor.document import Change, Document
from chartstudio.editor.finish import key_bars
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme
from chartstudio.gui.timeline.bands import GUTTER_PX
from chartstudio.gui.timeline.grid import bars_between
from chartstudio.gui.timeline.marks import IssueMarks
from chartstudio.gui.timeline.scene import shade
from chartstudio.gui.timeline.view import ViewState
from chartstudio.modes import MODES

HEIGHT_PX = 96
_LABELS_PX = 18
_ISSUES_TOP, _ISSUES_PX = 20, 5
_BARS_TOP, _BARS_PX = 29, 3
_CURVE_TOP = 38
_LEAST_ISSUE_PX = 2
_LEAST_BOX_PX = 4.0
_SMOOTH_S = 1.5
"""Width of the window over which notes per second are counted."""
_LEAST_PEAK_NPS = 4.0
"""The curve's full height, at least: a sparse chart should look sparse."""
_MOST_BARS = 4000
"""Shorter measures than this share of the song are no dash of their own."""
_POLL_MS = 50
_CLICK_PX = 3.0
_ZOOM = 1.25
_NOTCH = 120.0
_SCROLL_SHARE = 0.25
"""Share of the view that one notch of the wheel scrolls."""


@dataclass(frozen=True, slots=True, eq=False)
class _Summary:
    """What the picture shows of a chart.

    Parameters
    ----------
    starts_s : ndarray of float64
        Of the notes that count, in order.
    bars_s : ndarray of float64, shape (B + 1,)
        Where measures start, and where the last ends.
    bar_marks : tuple of str
        ``hand``, ``drafted``, ``edited`` or ``empty`` for each measure.
    labels : tuple of (float, str)
        Second and text of the author's section names.
    """

    starts_s: NDArray[np.float64]
    bars_s: NDArray[np.float64]
    bar_marks: tuple[str, ...]
    labels: tuple[tuple[float, str], ...]


class Minimap(QWidget):
    """The whole song, as wide as the timeline above it.

    Parameters
    ----------
    document : Document
    bridge : Bridge
    view : ViewState
    position_s : callable
        Where the player is, in seconds.

    Attributes
    ----------
    seek_requested : Signal(float)
        The player is to go to this second.
    """

    seek_requested = Signal(float)

    def __init__(
        self,
        document: Document,
        bridge: Bridge,
        view: ViewState,
        position_s: Callable[[], float],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._view = view
        self._position_s = position_s
        self._theme: Theme = DARK
        self._issues: tuple[SongIssue, ...] = ()
        self._audio_s = 0.0
        self._picture: QPixmap | None = None
        self._pictured: tuple[object, ...] = ()
        self._grabbed_s: float | None = None
        self._pressed_x = 0.0
        self._moved = False
        self._drawn_position_s = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)
        font = QFont(self.font())
        font.setPixelSize(11)
        self.setFont(font)
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(tr("Overview of the song"))
        self.setToolTip(tr("Drag to scroll, click to go there"))
        bridge.changed.connect(self._on_change)
        view.changed.connect(self.update)

    def set_issues(self, issues: Sequence[SongIssue]) -> None:
        """Mark these issues."""
        self._issues = tuple(issues)
        self.update()

    def set_duration(self, seconds: float) -> None:
        """The audio is so long."""
        self._audio_s = seconds
        self.update()

    def sizeHint(self) -> QSize:
        """As tall as it is, as wide as there is room."""
        return QSize(1000, HEIGHT_PX)

    # Where seconds lie -------------------------------------------------------------------

    @property
    def duration_s(self) -> float:
        """Seconds from edge to edge."""
        return max(self._audio_s, self._view.duration_s, 1.0)

    def x_of(self, seconds: float) -> float:
        """Widget pixel of a second."""
        return GUTTER_PX + seconds / self.duration_s * self._room_px

    def seconds_at(self, x: float) -> float:
        """Second at a widget pixel, within the song."""
        share = (x - GUTTER_PX) / self._room_px
        return min(max(share, 0.0), 1.0) * self.duration_s

    @property
    def _room_px(self) -> int:
        return max(self.width() - GUTTER_PX, 1)

    def box(self) -> QRectF:
        """The view's box, in widget pixels."""
        left = max(self.x_of(self._view.start_s), GUTTER_PX)
        right = min(self.x_of(self._view.end_s), self.width() - 1.0)
        width = max(right - left, _LEAST_BOX_PX)
        return QRectF(left, 0.5, width, self.height() - 1.0)

    # Changes -----------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change.origin == "open":
            self._issues = ()
        self.update()

    def _poll(self) -> None:
        if self._position_s() != self._drawn_position_s:
            self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Start to look at the player."""
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: do nothing."""
        self._timer.stop()

    # Painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the kept picture, the view's box and the playhead."""
        shown = self._shown()
        if self._picture is None or not _same(shown, self._pictured):
            self._picture, self._pictured = self._draw(), shown
        position = self._drawn_position_s = self._position_s()
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._picture)
            span, timing = self._document.selection.range, self._timing
            if span is not None:
                left, right = (self.x_of(timing.seconds_at(tick)) for tick in span)
                area = QRectF(left, 0, max(right - left, 1), self.height())
                painter.fillRect(area, shade(self._theme.accent, 60))
            box = self.box()
            painter.fillRect(box, shade(self._theme.playhead, 16))
            painter.setPen(QPen(self._theme.playhead, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(box)
            at = round(self.x_of(position))
            painter.fillRect(QRect(at, 0, 1, self.height()), self._theme.accent)

    @property
    def _timing(self) -> TimingMap:
        song, chart = self._document.song, self._document.active_chart
        return song.timing if chart is None else song.timing_of(chart)

    def _shown(self) -> tuple[object, ...]:
        """All that the picture depends on; values are never changed in place."""
        song, size = self._document.song, (self.width(), self.height())
        chart = self._document.active_chart
        sizes = (size, self.duration_s, self.devicePixelRatioF(), self._document.selection.chart)
        return (chart, song.timing, song.effects, self._issues, sizes)

    def _draw(self) -> QPixmap:
        song, chart = self._document.song, self._document.active_chart
        summary = _summary(song, chart, self._timing, self.duration_s)
        theme, ratio = self._theme, self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(theme.panel)
        with QPainter(picture) as painter:
            painter.setFont(self.font())
            painter.fillRect(QRect(0, 0, GUTTER_PX, self.height()), theme.panel_raised)
            peak = self._curve(painter, summary)
            self._bars(painter, summary)
            self._key_bars(painter)
            self._sections(painter, summary)
            self._issue_marks(painter)
            painter.setPen(theme.muted)
            middle = self.height() // 2
            painter.drawText(QPointF(8, middle), tr("song"))
            if len(summary.starts_s):
                painter.drawText(QPointF(8, middle + 15), tr("{nps}/s", nps=f"{peak:.1f}"))
            painter.setPen(theme.line)
            painter.drawLine(0, 0, self.width(), 0)
            painter.drawLine(GUTTER_PX - 1, 0, GUTTER_PX - 1, self.height())
        return picture

    def _curve(self, painter: QPainter, summary: _Summary) -> float:
        """Draw the density; returns its peak in notes per second."""
        at_s = np.linspace(0.0, self.duration_s, self._room_px + 1)
        starts = summary.starts_s
        counts = np.searchsorted(starts, at_s + _SMOOTH_S / 2) - np.searchsorted(
            starts, at_s - _SMOOTH_S / 2
        )
        nps = counts / _SMOOTH_S
        peak = float(nps.max(initial=0.0))
        room = self.height() - _CURVE_TOP
        tops = self.height() - nps / max(peak, _LEAST_PEAK_NPS) * room
        points = [QPointF(GUTTER_PX + i, y) for i, y in enumerate(tops.tolist())]
        ends = [QPointF(self.width(), self.height()), QPointF(GUTTER_PX, self.height())]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade(self._theme.wave, 150))
        painter.drawPolygon(QPolygonF([*points, *ends]))
        painter.setPen(QPen(shade(self._theme.wave_core, 150), 1))
        painter.drawPolyline(QPolygonF(points))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        return peak

    def _bars(self, painter: QPainter, summary: _Summary) -> None:
        """One dash per measure: by hand, drafted, edited since, empty."""
        colours = _mark_colours(self._theme)
        edges = [self.x_of(s) for s in summary.bars_s.tolist()]
        drawn_until = 0.0
        for i, mark in enumerate(summary.bar_marks):
            left, right = max(edges[i], drawn_until), edges[i + 1]
            gap = 1.0 if right - left > 3 else 0.0
            if right - left >= 1:
                area = QRectF(left, _BARS_TOP, right - left - gap, _BARS_PX)
                painter.fillRect(area, colours[mark])
                drawn_until = right

    def _key_bars(self, painter: QPainter) -> None:
        """A column over each bar that stands for the song."""
        chart, timing = self._document.active_chart, self._timing
        for bar in () if chart is None else key_bars(chart):
            left, right = (self.x_of(timing.seconds_at(tick)) for tick in bar.span)
            area = QRectF(left, _BARS_TOP - 4, max(right - left, 2.0), _BARS_PX + 8)
            painter.fillRect(area, shade(self._theme.key_bar, 170))

    def _sections(self, painter: QPainter, summary: _Summary) -> None:
        right = -1.0
        painter.setPen(self._theme.muted)
        for seconds, text in summary.labels:
            x = self.x_of(seconds)
            if x >= right:
                painter.drawText(QPointF(x + 4, _LABELS_PX - 4), text)
                painter.fillRect(QRectF(x, 0, 1, self.height()), self._theme.line)
                right = x + painter.fontMetrics().horizontalAdvance(text) + 10

    def _issue_marks(self, painter: QPainter) -> None:
        marks = IssueMarks.of(self._issues, self._document.selection.chart)
        scale = self._room_px / self.duration_s
        x, end_x = marks.starts_s * scale, marks.ends_s * scale
        for severity, left, width in marks.spans(x, end_x, self._room_px, _LEAST_ISSUE_PX):
            area = QRect(left + GUTTER_PX, _ISSUES_TOP, width, _ISSUES_PX)
            painter.fillRect(area, self._theme.severity(severity))

    # Mouse -------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the box; a press beside it brings it here first."""
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        x = self._pressed_x = event.position().x()
        self._moved = False
        if not self.box().contains(event.position()):
            self._centre(self.seconds_at(x))
        self._grabbed_s = self.seconds_at(x) - self._view.start_s

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pull the view along."""
        if self._grabbed_s is None:
            return
        self._moved |= abs(event.position().x() - self._pressed_x) >= _CLICK_PX
        if self._moved:
            self._view.start_s = self.seconds_at(event.position().x()) - self._grabbed_s

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go; without a drag, go there."""
        if self._grabbed_s is not None and not self._moved:
            self.seek_requested.emit(self.seconds_at(event.position().x()))
        self._grabbed_s = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the view; with Ctrl zoom it about its middle."""
        turned = event.angleDelta()
        notches = (turned.y() or turned.x()) / _NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._view.zoom(_ZOOM**notches, self._view.width_px / 2)
        else:
            self._view.scroll_px(-notches * _SCROLL_SHARE * self._view.width_px)
        event.accept()

    def _centre(self, seconds: float) -> None:
        x = float(self._view.x_of_seconds(seconds))
        self._view.scroll_px(x - self._view.width_px / 2)


def _same(shown: tuple[object, ...], before: tuple[object, ...]) -> bool:
    """Whether nothing was replaced: songs by identity, sizes by value."""
    if len(shown) != len(before):
        return False
    return all(a is b for a, b in zip(shown[:-1], before, strict=False)) and shown[-1] == before[-1]


def _mark_colours(theme: Theme) -> dict[str, QColor]:
    return {
        "hand": shade(theme.good, 170),
        "drafted": shade(theme.ghost, 170),
        "edited": shade(theme.lock, 190),
        "empty": theme.line,
    }


def _summary(song: Song, chart: Chart | None, timing: TimingMap, duration_s: float) -> _Summary:
    """Look at a chart once."""
    bars = bars_between(timing, 0.0, duration_s, duration_s / _MOST_BARS)
    bars_s = np.append(timing.seconds_at(bars), duration_s)
    labels = tuple(
        (timing.seconds_at(e.tick), str(e.values[0]))
        for e in (*song.effects, *(chart.effects if chart else ()))
        if e.kind == "label" and e.values
    )
    if chart is None:
        return _Summary(np.zeros(0), bars_s, ("empty",) * len(bars), labels)
    mode = MODES.get(chart.mode)
    counted = chart.notes if mode is None else [n for n in chart.notes if mode.counts(n)]
    ticks = ticks_of(counted)
    n_notes = np.diff(np.append(np.searchsorted(ticks, bars), len(ticks)))
    marks = ["hand" if n else "empty" for n in n_notes.tolist()]
    for stretch in provenance.generated(chart):
        low, high = np.searchsorted(bars, [stretch.start, stretch.end], "left").tolist()
        for i in range(max(low, 0), min(high, len(marks))):
            marks[i] = "edited" if stretch.edited else "drafted"
    return _Summary(timing.seconds_at(ticks), bars_s, tuple(marks), labels)

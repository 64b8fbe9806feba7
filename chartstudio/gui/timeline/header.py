"""Draws what lies above the strips: tempo lane, waveform and ruler, with their names."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLine, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from chartstudio.core.timing import TimingMap
from chartstudio.gui.text import tr
from chartstudio.gui.theme import Theme
from chartstudio.gui.timeline.bands import GUTTER_PX, Band
from chartstudio.gui.timeline.grid import BAR, Bend, bends
from chartstudio.gui.timeline.notes import Kit
from chartstudio.gui.timeline.scene import Scene, shade
from chartstudio.gui.timeline.strips import bend_colour, line_colour
from chartstudio.gui.timeline.waveform import Waveform

_FLAG_PX = 8
_MAX_FLAGS = 300

_TICK_PX = {BAR: 25, 4: 9, 8: 6}
"""Length of a ruler's line by rank; finer ones are `_FINE_TICK_PX`."""
_FINE_TICK_PX = 4


def paint_header(kit: Kit, wave: Waveform, painter: QPainter, scene: Scene) -> None:
    """Draw the bands above the strips, and the column of names beside everything."""
    theme, bands = kit.theme, scene.bands
    painter.fillRect(QRect(0, 0, bands.width, bands.height), theme.background)
    painter.fillRect(QRect(0, 0, GUTTER_PX, bands.height), theme.panel_raised)
    _ground(painter, scene, bands.tempo, theme.panel)
    _ground(painter, scene, bands.wave, theme.background.darker(115))
    _ground(painter, scene, bands.ruler, theme.panel)
    wave_area = QRectF(GUTTER_PX, bands.wave.top, bands.view_px, bands.wave.height)
    painter.setClipRect(wave_area)
    _range(painter, scene, theme)
    wave.paint(painter, wave_area, scene.view, scene.ratio)
    painter.setClipRect(QRect(GUTTER_PX, 0, bands.view_px, bands.height))
    _wave_bars(kit, painter, scene)
    _tempo(kit, painter, scene)
    _ruler(kit, painter, scene)
    painter.setClipping(False)
    for band, name in (
        (bands.tempo, tr("tempo")),
        (bands.wave, tr("wave")),
        (bands.ruler, tr("bars")),
    ):
        painter.setPen(theme.muted)
        box = QRectF(8, band.top, GUTTER_PX - 8, band.height)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
    painter.setPen(theme.line)
    painter.drawLine(GUTTER_PX - 1, 0, GUTTER_PX - 1, bands.height)


def _ground(painter: QPainter, scene: Scene, band: Band, colour: QColor) -> None:
    painter.fillRect(QRect(GUTTER_PX, band.top, scene.bands.view_px, band.height), colour)


def _range(painter: QPainter, scene: Scene, theme: Theme) -> None:
    span = scene.range_px()
    if span is not None:
        wave = scene.bands.wave
        area = QRect(span[0], wave.top, span[1] - span[0], wave.height)
        painter.fillRect(area, shade(theme.accent, 26))


def _wave_bars(kit: Kit, painter: QPainter, scene: Scene) -> None:
    """Faint bar lines over the waveform: where the ear should hear a downbeat."""
    lines = kit.grid.lines(scene.view, scene.timing)
    bars = lines.ranks == BAR
    x = scene.view.x_of_places(lines.ticks[bars], lines.seconds[bars], scene.timing)
    wave = scene.bands.wave
    painter.setPen(shade(kit.theme.muted, 38))
    at = (np.rint(x[(x >= 0) & (x < scene.view.width_px)]).astype(int) + GUTTER_PX).tolist()
    painter.drawLines([QLine(px, wave.top, px, wave.bottom - 1) for px in at])


# Tempo -----------------------------------------------------------------------------------


def _tempo(kit: Kit, painter: QPainter, scene: Scene) -> None:
    timing, theme, view = scene.timing, kit.theme, scene.view
    anchors = kit.grid.anchors(timing)
    for bend in bends(view, timing, anchors):
        _bend(painter, scene, bend, theme)
    x = view.x_of_ticks(anchors.ticks, timing) + GUTTER_PX
    seen = np.flatnonzero((x >= GUTTER_PX - _FLAG_PX) & (x <= scene.bands.width))
    if len(seen) > _MAX_FLAGS:
        _, first = np.unique(np.floor(x[seen] / 3), return_index=True)
        seen = seen[first]
    flags = _flags(timing, seen.tolist(), x[seen].tolist())
    band = scene.bands.tempo
    metrics = painter.fontMetrics()
    running = f"{timing.bpm_at(view.seen_ticks(timing)[0]):.3f}"
    first_px = next((px for px, _ in flags if px >= GUTTER_PX), np.inf)
    if GUTTER_PX + metrics.horizontalAdvance(running) + 12 < first_px:
        painter.setPen(shade(theme.good, 130))
        painter.drawText(QPointF(GUTTER_PX + 6, band.top + 19), running)
    for i, (px, text) in enumerate(flags):
        _flag(painter, px, band, theme.good)
        room = flags[i + 1][0] - px if i + 1 < len(flags) else np.inf
        # Of a flag on the left edge the running tempo says as much.
        seen_whole = px >= GUTTER_PX
        if text and seen_whole and metrics.horizontalAdvance(text) + _FLAG_PX + 8 < room:
            painter.setPen(theme.good.lighter(120))
            painter.drawText(
                QRectF(px + _FLAG_PX + 6, band.top, 300, band.height),
                Qt.AlignmentFlag.AlignVCenter,
                text,
            )


def _flags(timing: TimingMap, shown: list[int], x: list[float]) -> list[tuple[float, str]]:
    """Flags ``(pixel, text)``: the tempo where it changes, the meter where it does."""
    flags = []
    for i, px in zip(shown, x, strict=True):
        anchor = timing.anchors[i]
        before = timing.anchors[i - 1] if i else None
        texts = []
        if before is None or f"{before.bpm:.3f}" != f"{anchor.bpm:.3f}":
            texts.append(f"{anchor.bpm:.3f}")
        if anchor.bar and (before is None or before.meter != anchor.meter):
            texts.append(f"{anchor.meter}/4")
        if texts or anchor.bar:
            flags.append((px, "  ".join(texts)))
    return flags


def _flag(painter: QPainter, x: float, band: Band, colour: QColor) -> None:
    """A triangle whose upright side stands on the anchor."""
    top, bottom = band.top + 6, band.bottom - 7
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    middle = (top + bottom) / 2
    painter.drawPolygon(
        QPolygonF([QPointF(x, top), QPointF(x + _FLAG_PX, middle), QPointF(x, bottom)])
    )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _bend(painter: QPainter, scene: Scene, bend: Bend, theme: Theme) -> None:
    """A pause as a bar of its length, a warp as a mark, with figures where there is room."""
    band = scene.bands.tempo
    colour = bend_colour(theme, bend.seconds > 0)
    left = bend.left_px + GUTTER_PX
    width = max(bend.right_px - bend.left_px, 3.0)
    painter.fillRect(QRectF(left, band.bottom - 6, width, 6), shade(colour, 190))
    text = f"{bend.seconds:.3g} s" if bend.seconds else tr("{beats} beats", beats=f"{bend.beats:g}")
    if width > painter.fontMetrics().horizontalAdvance(text) + 6:
        painter.setPen(colour)
        painter.drawText(QPointF(left + 4, band.bottom - 9), text)


# Ruler -----------------------------------------------------------------------------------


def _ruler(kit: Kit, painter: QPainter, scene: Scene) -> None:
    band, theme, view = scene.bands.ruler, kit.theme, scene.view
    span = scene.range_px()
    if span is not None:
        area = QRect(span[0], band.top, span[1] - span[0], band.height)
        painter.fillRect(area, shade(theme.accent, 46))
    lines = kit.grid.lines(view, scene.timing)
    x = view.x_of_places(lines.ticks, lines.seconds, scene.timing)
    seen = (x >= -80) & (x < view.width_px)
    pixels = np.rint(x[seen]).astype(int) + GUTTER_PX
    ranks, numbers = lines.ranks[seen], lines.numbers[seen]
    bottom = band.bottom - 1
    for rank in sorted(set(ranks.tolist()), key=lambda r: -(r or 1000)):
        length = min(_TICK_PX.get(rank, _FINE_TICK_PX), band.height)
        colour = line_colour(theme, rank) if rank == BAR else shade(theme.snap(rank), 150)
        painter.setPen(colour)
        at = pixels[ranks == rank].tolist()
        painter.drawLines([QLine(px, bottom - length + 1, px, bottom) for px in at])
    painter.setPen(theme.text)
    for i in np.flatnonzero(numbers).tolist():
        painter.drawText(QPointF(int(pixels[i]) + 5, band.top + 16), str(numbers[i]))
    painter.setPen(theme.line)
    painter.drawLine(GUTTER_PX, band.top, scene.bands.width, band.top)

"""The waveform, drawn once per zoom in tiles that scroll.

Knows peaks and colours; asks the view what time a pixel is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from chartstudio.audio.peaks import Peaks, View
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme
from chartstudio.gui.timeline.view import ViewState

TILE_PX = 256
_MAX_TILES = 96
_FINER = 4
"""Columns per pixel that are read where beats, not seconds, are equally wide."""

_FULL = 0.92
"""Share of the height that full scale takes."""


@dataclass(frozen=True, slots=True)
class _Key:
    """What a tile's picture depends on."""

    number: int
    axis: tuple[float, bool, int]
    height: int
    ratio: float


class Waveform:
    """Draws a song's peaks.

    Parameters
    ----------
    theme : Theme
    """

    def __init__(self, theme: Theme = DARK) -> None:
        self._theme = theme
        self._peaks: Peaks | None = None
        self._tiles: dict[_Key, QImage] = {}

    def set_peaks(self, peaks: Peaks | None) -> None:
        """Show another song."""
        self._peaks = peaks
        self._tiles.clear()

    def paint(self, painter: QPainter, rect: QRectF, view: ViewState, ratio: float) -> None:
        """Draw the part in view; ``rect`` is where the view lies on the painter."""
        if self._peaks is None:
            painter.setPen(self._theme.muted)
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, tr("no sound loaded"))
            return
        start, per_px, beats, timing = view.axis
        left_px = round(start / per_px)
        first, last = left_px // TILE_PX, (left_px + int(rect.width())) // TILE_PX
        for number in range(first, last + 1):
            key = _Key(number, (per_px, beats, timing if beats else 0), int(rect.height()), ratio)
            tile = self._tiles.get(key)
            if tile is None:
                if len(self._tiles) >= _MAX_TILES:
                    del self._tiles[next(iter(self._tiles))]
                tile = self._tiles[key] = self._draw(key, view, self._peaks)
            x = rect.left() + number * TILE_PX - left_px
            painter.drawImage(QRectF(x, rect.top(), TILE_PX, rect.height()), tile)

    def _draw(self, key: _Key, view: ViewState, peaks: Peaks) -> QImage:
        n_columns = round(TILE_PX * key.ratio)
        pixels = key.number * TILE_PX + np.arange(n_columns + 1) / key.ratio
        edges_s = view.seconds_of_units(pixels * key.axis[0])
        columns = _columns(peaks, edges_s, even=not key.axis[1])
        image = _image(columns, round(key.height * key.ratio), self._theme)
        image.setDevicePixelRatio(key.ratio)
        return image


def _columns(peaks: Peaks, edges_s: NDArray[np.float64], even: bool) -> View:
    """The waveform between each pair of edges."""
    n_columns = len(edges_s) - 1
    start_s, end_s = float(edges_s[0]), float(edges_s[-1])
    if even:
        return peaks.view(start_s, end_s, n_columns)
    if end_s <= start_s:
        silent = np.zeros(n_columns, np.float32)
        return View(silent, silent, silent)
    n_fine = n_columns * _FINER
    fine = peaks.view(start_s, end_s, n_fine)
    at = np.floor((edges_s[:-1] - start_s) / (end_s - start_s) * n_fine).astype(np.intp)
    at = np.minimum(at, n_fine - 1)
    return View(
        np.minimum.reduceat(fine.low, at),
        np.maximum.reduceat(fine.high, at),
        np.maximum.reduceat(fine.rms, at),
    )


def _image(columns: View, height: int, theme: Theme) -> QImage:
    """Columns as a picture, edges smooth by how much of each pixel they cover."""
    middle, scale = height / 2, height / 2 * _FULL
    # A silent column still is a line.
    half = np.float32(0.5)
    top = np.minimum(middle - columns.high * scale, middle - half)
    bottom = np.maximum(middle - columns.low * scale, middle + half)
    outer = _cover(top, bottom, height)
    core_top = np.maximum(middle - columns.rms * scale, top)
    core_bottom = np.minimum(middle + columns.rms * scale, bottom)
    core = _cover(core_top, core_bottom, height)
    body = outer * (1 - core)
    pixels = np.empty((height, len(columns.low), 4), np.uint8)
    for channel, (b, c) in enumerate(
        zip(_channels(theme.wave), _channels(theme.wave_core), strict=True)
    ):
        pixels[..., channel] = body * b + core * c
    pixels[..., 3] = (body + core) * 255
    image = QImage(
        pixels.data,
        len(columns.low),
        height,
        4 * len(columns.low),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    return image.copy()


def _channels(colour: QColor) -> tuple[int, int, int]:
    """Blue, green, red: the byte order of 32-bit pictures on little-endian machines."""
    return colour.blue(), colour.green(), colour.red()


def _cover(
    top: NDArray[np.float32], bottom: NDArray[np.float32], height: int
) -> NDArray[np.float32]:
    """Share of each pixel between two edges, shape (height, columns), float32."""
    rows = np.arange(height, dtype=np.float32)[:, None]
    covered: NDArray[np.float32] = np.minimum(rows + 1, bottom) - np.maximum(rows, top)
    np.clip(covered, 0, 1, out=covered)
    return covered

"""Draws notes of one strip: heads, bodies, or slim bars where there is no room for heads.

Only what is in view is touched, found in the arrays by binary search. Slim bars are drawn as
one small picture, so that a whole song costs no more than a screen of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPixmap

from chartstudio.core.note import Note
from chartstudio.core.ticks import OFF_GRID, SNAPS
from chartstudio.core.timing import Seconds
from chartstudio.gui.theme import DARK, Theme
from chartstudio.gui.timeline.arrays import KINDS, ChartArrays, NoteArrays
from chartstudio.gui.timeline.bands import GUTTER_PX, StripBand
from chartstudio.gui.timeline.grid import Grid
from chartstudio.gui.timeline.scene import Scene, shade
from chartstudio.gui.timeline.sprites import PAD_PX, Head, Look, Sprites

MAX_HEAD_PX = 30
MIN_HEAD_PX = 7

_KEY_SHARE = 0.8
_MAX_KEY_PX = 48
_ARROW_SHARE = 0.84
"""Height of an arrow as a share of its lane, where lanes are narrow."""
_ARROW_PX, _ARROW_MORE = 12.0, 0.19
"""In wide lanes arrows grow more slowly: they should not hide the next one in time."""
_BODY_SHARE = 0.58
"""Height of a hold's body as a share of its head."""

_KEY_WIDTH_SHARE = 0.26
_LEAST_KEY_PX = 3
_ROOM_S = 0.4
"""Heads are no wider than what this time takes: about a beat."""
_LEAST_ROOM_PX = 11.0

TAIL_PX = 3
"""Width of the handle on which a hold ends."""

SLIM_PX = 7.0
"""Mean distance of notes in a lane below which they are drawn slim."""

_ROLL = KINDS.index("roll")
_LANE_SNAPS = (4, 8, 16, 48, 12, 32)
"""The snaps whose colours lanes take in turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Notes in view, as arrays of one length.

    Parameters
    ----------
    index : ndarray of int
        Into the `NoteArrays`.
    x, end_x : ndarray of float64
        Widget pixels.
    """

    index: NDArray[np.intp]
    x: Seconds
    end_x: Seconds

    def where(self, keep: NDArray[np.bool_]) -> Seen:
        """Those that are marked."""
        return Seen(self.index[keep], self.x[keep], self.end_x[keep])


def seen_notes(scene: Scene, notes: NoteArrays, shift_ticks: int = 0) -> Seen:
    """The notes with any part in view, were they moved by ``shift_ticks``."""
    view, timing = scene.view, notes.timing
    start, end = view.seen_ticks(timing, margin_px=MAX_HEAD_PX)
    index = notes.between(start - shift_ticks, end - shift_ticks)
    ticks, ends = notes.ticks[index], notes.ends[index]
    if shift_ticks:
        x = view.x_of_ticks(ticks + shift_ticks, timing)
        end_x = view.x_of_ticks(ends + shift_ticks, timing)
    else:
        x = view.x_of_places(ticks, notes.starts_s[index], timing)
        end_x = view.x_of_places(ends, notes.ends_s[index], timing)
    return Seen(index, x + GUTTER_PX, end_x + GUTTER_PX)


def is_slim(scene: Scene, strip: StripBand, n_seen: int) -> bool:
    """Whether so many notes in view leave no room for heads."""
    return n_seen * SLIM_PX > scene.view.width_px * strip.n_lanes


def head_size(symbol: str, lane_px: float, seconds_per_px: float) -> tuple[int, int]:
    """Width and height of a note's head.

    Parameters
    ----------
    symbol : str
    lane_px : float
        Height of the lane.
    seconds_per_px : float
        The zoom: far out, heads shrink, so that they hide each other less.
    """
    room = max(_ROOM_S / seconds_per_px, _LEAST_ROOM_PX)
    if symbol == "key":
        height = min(max(lane_px * _KEY_SHARE, MIN_HEAD_PX), _MAX_KEY_PX)
        width = max(min(height * _KEY_WIDTH_SHARE, room * _KEY_WIDTH_SHARE), _LEAST_KEY_PX)
        return int(width), int(height)
    wanted = min(lane_px * _ARROW_SHARE, _ARROW_PX + lane_px * _ARROW_MORE, room)
    size = int(min(max(wanted, MIN_HEAD_PX), MAX_HEAD_PX))
    return size, size


class Kit:
    """What every drawing of strips shares: the theme, the heads, the grid lines.

    Parameters
    ----------
    theme : Theme
    """

    def __init__(self, theme: Theme = DARK) -> None:
        self.theme = theme
        self.grid = Grid()
        self.sprites = Sprites(theme)
        self._by_snap = np.full(max(SNAPS) + 1, theme.snap(OFF_GRID).rgb(), np.uint32)
        for snap in SNAPS:
            self._by_snap[snap] = theme.snap(snap).rgb()
        self._by_lane = np.array([theme.snap(snap).rgb() for snap in _LANE_SNAPS], np.uint32)
        self._chosen: tuple[NoteArrays, frozenset[Note], NDArray[np.bool_]] | None = None

    def colours(self, scene: Scene, notes: NoteArrays, seen: Seen) -> NDArray[np.uint32]:
        """Colour of each note in view, as `QColor.rgb` gives it."""
        if scene.view.lane_colours:
            return self._by_lane[notes.lanes[seen.index] % len(self._by_lane)]
        return self._by_snap[notes.snaps[seen.index]]

    def among(self, notes: NoteArrays, chosen: frozenset[Note]) -> NDArray[np.bool_]:
        """Which notes are in a set; the last answer is kept."""
        held = self._chosen
        if held is None or held[0] is not notes or held[1] is not chosen:
            held = self._chosen = (notes, chosen, notes.selected(chosen))
        return held[2]


@dataclass(frozen=True, slots=True, eq=False)
class NoteBrush:
    """Draws notes on one strip of a scene."""

    kit: Kit
    painter: QPainter
    scene: Scene
    strip: StripBand
    chart: ChartArrays

    def draw(
        self,
        notes: NoteArrays,
        seen: Seen,
        chosen: NDArray[np.bool_] | None = None,
        look: Look = Look.NOTE,
        lanes: int = 0,
    ) -> None:
        """Draw bodies, then heads.

        Parameters
        ----------
        notes : NoteArrays
        seen : Seen
        chosen : ndarray of bool, optional
            Which of the seen notes are selected.
        look : Look
            Of the others.
        lanes : int
            Drawn so many lanes further down.
        """
        rows = np.clip(notes.lanes[seen.index] + lanes, 0, self.strip.n_lanes - 1)
        rgb = self.kit.colours(self.scene, notes, seen)
        if chosen is None:
            chosen = np.zeros(len(rows), bool)
        self._bodies(notes, seen, (rows, rgb, chosen), look)
        # One number per face, so that each is looked up once and not once per note.
        codes = rows.astype(np.int64) << 40 | chosen.astype(np.int64) << 39
        codes |= notes.kinds[seen.index].astype(np.int64) << 32 | rgb
        faces, face_of = np.unique(codes, return_inverse=True)
        sprites = [self._sprite(code, look) for code in faces.tolist()]
        pixmaps, halves, tops = zip(*sprites, strict=True) if sprites else ((), (), ())
        left = np.rint(seen.x - np.array(halves)[face_of]).astype(np.int64) if sprites else []
        put = self.painter.drawPixmap
        for x, face in zip(np.asarray(left).tolist(), face_of.tolist(), strict=True):
            put(x, tops[face], pixmaps[face])

    def _sprite(self, code: int, look: Look) -> tuple[QPixmap, float, int]:
        """A face as its picture, half its width, and the top where its lane wants it."""
        row, kind, rgb = code >> 40, code >> 32 & 0x7F, code & 0xFFFFFFFF
        symbol = self.chart.lanes[row].symbol
        size = head_size(symbol, self.strip.lane_px, self.scene.view.seconds_per_px)
        head = Head(symbol, KINDS[kind], rgb, size, Look.SELECTED if code >> 39 & 1 else look)
        top = round(self.strip.lane_y(row) - size[1] / 2 - PAD_PX)
        return self.kit.sprites.get(head, self.scene.ratio), size[0] / 2 + PAD_PX, top

    def _bodies(
        self,
        notes: NoteArrays,
        seen: Seen,
        faces: tuple[NDArray[np.int16], NDArray[np.uint32], NDArray[np.bool_]],
        look: Look,
    ) -> None:
        """Bodies of the long notes; ``faces`` are rows, colours and who is selected."""
        long = np.flatnonzero(notes.ends[seen.index] > notes.ticks[seen.index])
        if not len(long):
            return
        zoom = self.scene.view.seconds_per_px
        heights = [
            round(head_size(lane.symbol, self.strip.lane_px, zoom)[1] * _BODY_SHARE)
            for lane in self.chart.lanes
        ]
        rolls = notes.kinds[seen.index[long]] == _ROLL
        # Ends far outside the view mean nothing to a painter, and may overflow it.
        beyond = self.scene.bands.width + 10
        left = np.rint(np.clip(seen.x[long], -10, beyond)).astype(np.int64)
        right = np.rint(np.clip(seen.end_x[long], -10, beyond)).astype(np.int64)
        colours: dict[tuple[int, int, bool], tuple[QColor, QColor]] = {}
        middles = [round(self.strip.lane_y(row)) for row in range(self.strip.n_lanes)]
        rows, rgb, chosen = (values[long].tolist() for values in faces)
        for x, end_x, row, colour, is_chosen, is_roll in zip(
            left.tolist(), right.tolist(), rows, rgb, chosen, rolls.tolist(), strict=True
        ):
            key = (row, colour, is_roll)
            if key not in colours:
                colours[key] = self._body_colours(*key, look)
            fill, edge = colours[key]
            height = heights[row]
            top = middles[row] - height // 2
            self.painter.fillRect(x, top, end_x - x, height, fill)
            if is_roll:
                pattern = QBrush(shade(edge, 200), Qt.BrushStyle.BDiagPattern)
                self.painter.fillRect(QRect(x, top, end_x - x, height), pattern)
            self.painter.fillRect(end_x - TAIL_PX, top, TAIL_PX, height, edge)
            if is_chosen:
                self.painter.setPen(self.kit.theme.playhead)
                self.painter.setBrush(Qt.BrushStyle.NoBrush)
                self.painter.drawRect(x, top, end_x - x - 1, height - 1)

    def _body_colours(self, row: int, rgb: int, is_roll: bool, look: Look) -> tuple[QColor, QColor]:
        """What fills a body, and the colour of its tail."""
        theme = self.kit.theme
        if look is Look.GHOST:
            edge = theme.ghost
        elif self.chart.lanes[row].symbol == "key":
            edge = QColor.fromRgb(rgb)
        else:
            edge = theme.snap(32) if is_roll else theme.good
        return shade(edge, 125), edge

    def draw_slim(
        self,
        notes: NoteArrays,
        seen: Seen,
        dim: NDArray[np.bool_],
        chosen: NDArray[np.bool_],
        look: Look = Look.NOTE,
    ) -> None:
        """Draw notes as bars two pixels wide, in a picture of one row per lane."""
        width, n_lanes = self.scene.bands.view_px, self.strip.n_lanes
        rows = np.clip(notes.lanes[seen.index], 0, n_lanes - 1).astype(np.intp)
        at = np.clip(np.floor(seen.x) - GUTTER_PX, 0, width - 2).astype(np.intp)
        until = np.clip(np.floor(seen.end_x) - GUTTER_PX, 0, width - 1).astype(np.intp)
        long = until > at + 1
        steps = np.zeros((n_lanes, width + 1), np.int32)
        np.add.at(steps, (rows[long], at[long]), 1)
        np.add.at(steps, (rows[long], until[long]), -1)
        held = np.cumsum(steps, axis=1)[:, :width] > 0
        pixels = np.where(held, np.uint32(self.kit.theme.good.darker(190).rgb()), np.uint32(0))
        rgb = self.kit.colours(self.scene, notes, seen)
        if look is Look.GHOST:
            rgb = np.full_like(rgb, self.kit.theme.ghost.rgb())
        rgb = np.where(dim, _third(rgb), rgb)
        rgb = np.where(chosen, np.uint32(self.kit.theme.playhead.rgb()), rgb)
        for offset in (0, 1):
            pixels[rows, at + offset] = rgb
        picture = QImage(
            pixels.data, width, n_lanes, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
        )
        height = max(self.strip.lane_px * 0.55, 2.0)
        for lane in range(n_lanes):
            area = QRectF(GUTTER_PX, self.strip.lane_y(lane) - height / 2, width, height)
            self.painter.drawImage(area, picture, QRectF(0, lane, width, 1))


def _third(rgb: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Colours with a third of their light."""
    found = np.full_like(rgb, 0xFF000000)
    for shift in (16, 8, 0):
        found |= (rgb >> shift & 0xFF) // 3 << shift
    return found

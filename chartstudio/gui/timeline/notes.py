"""Draws notes of one strip: heads, bodies, or slim bars where there is no room for heads.

Only what is in view is touched, found in the arrays by binary search. Slim bars are drawn as
one small picture, so that a whole song costs no more than a screen of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLine, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPixmap

from chartstudio.core.note import Note
from chartstudio.core.ticks import OFF_GRID, SNAPS
from chartstudio.core.timing import Seconds
from chartstudio.gui.theme import DARK, Theme
from chartstudio.gui.timeline.arrays import ChartArrays, NoteArrays
from chartstudio.gui.timeline.bands import GUTTER_PX, StripBand
from chartstudio.gui.timeline.grid import Grid
from chartstudio.gui.timeline.looks import LIFT, LOOK_RGB, LOOKS, Body, Faces
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

_FLAT = frozenset({Body.HOLD, Body.ROLL, Body.SPAN})
"""Bodies that are a bar along their row."""

_LEAST_TURN_PX = 5.0
_MOST_TURNS = 1000
"""Turns of a slider closer or more than this are not marked."""

_N_LINKS = 6
_MOST_FACES = 4000

_LIFT_BIT, _ROW_BIT, _CHOSEN_BIT, _LOOK_BIT = 48, 40, 39, 32
"""Where a face's number holds what; the colour is in the lowest 32 bits."""

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
        self._faces: dict[tuple[object, ...], dict[int, tuple[QPixmap, float, int]]] = {}
        self._chosen: tuple[NoteArrays, frozenset[Note], NDArray[np.bool_]] | None = None

    def colours(self, scene: Scene, notes: NoteArrays, seen: Seen) -> NDArray[np.uint32]:
        """Colour of each note in view, as `QColor.rgb` gives it."""
        faces = notes.faces
        own = np.where(
            faces.tints[seen.index] > 0, faces.tints[seen.index], LOOK_RGB[faces.looks[seen.index]]
        )
        if scene.view.lane_colours:
            usual = self._by_lane[notes.lanes[seen.index] % len(self._by_lane)]
        else:
            usual = self._by_snap[notes.snaps[seen.index]]
        return np.where(own > 0, own, usual)

    def faces_of(self, key: tuple[object, ...]) -> dict[int, tuple[QPixmap, float, int]]:
        """Faces that were drawn before at one size and place, by their numbers."""
        if sum(map(len, self._faces.values())) > _MOST_FACES or len(self._faces) > 16:
            self._faces.clear()
        return self._faces.setdefault(key, {})

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
        codes = rows.astype(np.int64) << _ROW_BIT | chosen.astype(np.int64) << _CHOSEN_BIT
        codes |= notes.faces.looks[seen.index].astype(np.int64) << _LOOK_BIT | rgb
        codes |= (notes.faces.lifts[seen.index].astype(np.int64) + LIFT) << _LIFT_BIT
        faces, face_of = np.unique(codes, return_inverse=True)
        known = self.kit.faces_of(self._face_key(look))
        for code in faces.tolist():
            if code not in known:
                known[code] = self._sprite(code, look)
        sprites = [known[code] for code in faces.tolist()]
        pixmaps, halves, tops = zip(*sprites, strict=True) if sprites else ((), (), ())
        left = np.rint(seen.x - np.array(halves)[face_of]).astype(np.int64) if sprites else []
        put = self.painter.drawPixmap
        for x, face in zip(np.asarray(left).tolist(), face_of.tolist(), strict=True):
            put(x, tops[face], pixmaps[face])

    def _face_key(self, look: Look) -> tuple[object, ...]:
        """All that a face depends on besides its number."""
        strip, zoom = self.strip, self.scene.view.seconds_per_px
        return strip.lanes, strip.n_lanes, zoom, self.scene.ratio, look, self.chart.lanes

    def _sprite(self, code: int, look: Look) -> tuple[QPixmap, float, int]:
        """A face as its picture, half its width, and the top where its lane wants it."""
        row, kind, rgb = code >> _ROW_BIT & 0xFF, LOOKS[code >> _LOOK_BIT & 0x7F], code & 0xFFFFFFFF
        symbol = kind.symbol or self.chart.lanes[row].symbol
        usual = head_size(symbol, self.strip.lane_px, self.scene.view.seconds_per_px)
        size = (max(round(usual[0] * kind.scale), 2), max(round(usual[1] * kind.scale), 2))
        is_chosen = code >> _CHOSEN_BIT & 1
        head = Head(symbol, kind.kind, rgb, size, Look.SELECTED if is_chosen else look)
        lift_px = ((code >> _LIFT_BIT) - LIFT) / LIFT * self.strip.lane_px
        top = round(self.strip.lane_y(row) + lift_px - size[1] / 2 - PAD_PX)
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
        index = seen.index[long]
        heights = [self._body_px(lane.symbol) for lane in self.chart.lanes]
        # Ends far outside the view mean nothing to a painter, and may overflow it.
        beyond = self.scene.bands.width + 10
        left = np.rint(np.clip(seen.x[long], -10, beyond)).astype(np.int64)
        right = np.rint(np.clip(seen.end_x[long], -10, beyond)).astype(np.int64)
        middles = np.array([self.strip.lane_y(row) for row in range(self.strip.n_lanes)])
        rows, rgb, chosen = (values[long] for values in faces)
        lifted = notes.faces.lifts[index] * (self.strip.lane_px / LIFT)
        middle = np.rint(middles[rows] + lifted).astype(np.int64)
        pens: dict[tuple[int, int, int], tuple[Body, QColor, QColor]] = {}
        for n, x, end_x, y, row, colour, kind, is_chosen in zip(
            index.tolist(),
            left.tolist(),
            right.tolist(),
            middle.tolist(),
            rows.tolist(),
            rgb.tolist(),
            notes.faces.looks[index].tolist(),
            chosen.tolist(),
            strict=True,
        ):
            key = (row, colour, kind)
            if key not in pens:
                pens[key] = (LOOKS[kind].body, *self._body_colours(*key, look))
            body, fill, edge = pens[key]
            if body in _FLAT:
                height = heights[row]
                area = QRect(x, y - height // 2, end_x - x, height)
                self._flat(body, area, fill, edge)
                if is_chosen:
                    self._frame(area)
            else:
                where = (QRect(x, y, end_x - x, 0), row, is_chosen)
                self._special(body, notes.faces, n, where, edge)
            if body is Body.SPAN and notes.faces.turns[n] > 1:
                self._turns(notes, n, seen, area, edge)

    def _body_px(self, symbol: str) -> int:
        zoom = self.scene.view.seconds_per_px
        return round(head_size(symbol, self.strip.lane_px, zoom)[1] * _BODY_SHARE)

    def _flat(self, body: Body, area: QRect, fill: QColor, edge: QColor) -> None:
        """A bar along one row, with a handle at its end."""
        self.painter.fillRect(area, fill)
        if body is Body.ROLL:
            pattern = QBrush(shade(edge, 200), Qt.BrushStyle.BDiagPattern)
            self.painter.fillRect(area, pattern)
        self.painter.fillRect(
            area.x() + area.width() - TAIL_PX, area.y(), TAIL_PX, area.height(), edge
        )

    def _frame(self, area: QRect) -> None:
        """The outline of a selected body."""
        self.painter.setPen(self.kit.theme.playhead)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawRect(area.adjusted(0, 0, -1, -1))

    def _turns(self, notes: NoteArrays, n: int, seen: Seen, area: QRect, edge: QColor) -> None:
        """Where a body turns back, and how often."""
        at = int(np.searchsorted(seen.index, n))
        x, end_x, turns = float(seen.x[at]), float(seen.end_x[at]), int(notes.faces.turns[n])
        if (end_x - x) / turns < _LEAST_TURN_PX:
            return
        for i in range(1, min(turns, _MOST_TURNS)):
            place = round(x + (end_x - x) * i / turns)
            if area.left() <= place <= area.right():
                self.painter.fillRect(place - 1, area.y() - 3, 3, area.height() + 6, edge)

    def _special(
        self, body: Body, faces: Faces, n: int, where: tuple[QRect, int, bool], edge: QColor
    ) -> None:
        """Bodies over several rows: walls, and lines to another row."""
        line, row, is_chosen = where
        lane_px = self.strip.lane_px
        if body in (Body.WALL, Body.BEAM):
            height = round(lane_px if body is Body.WALL else lane_px / 3)
            for covered in range(row, min(row + int(faces.widths[n]), self.strip.n_lanes)):
                top = round(self.strip.lanes.top + covered * lane_px)
                area = QRect(line.x(), top, max(line.width(), 2), height)
                self.painter.fillRect(area, shade(edge, 46))
                self.painter.fillRect(area.x(), top, 2, height, shade(edge, 170))
                if is_chosen:
                    self._frame(area)
            return
        colour = self.kit.theme.playhead if is_chosen else shade(edge, 190)
        fall = round(float(faces.tails[n]) * lane_px)
        if body is Body.LINKS:
            size = max(round(lane_px * 0.08), 3)
            for i in range(1, _N_LINKS + 1):
                x, y = line.x() + line.width() * i // _N_LINKS, line.y() + fall * i // _N_LINKS
                self.painter.fillRect(x - size // 2, y - size // 2, size, size, colour)
            return
        # Two lines of one pixel cost a tenth of a smooth one of two.
        self.painter.setPen(colour)
        start, end = line.topLeft(), QPoint(line.x() + line.width(), line.y() + fall)
        down = QPoint(0, 1)
        self.painter.drawLines([QLine(start, end), QLine(start + down, end + down)])

    def _body_colours(self, row: int, rgb: int, kind: int, look: Look) -> tuple[QColor, QColor]:
        """What fills a body, and the colour of its tail."""
        theme = self.kit.theme
        if look is Look.GHOST:
            edge = theme.ghost
        elif LOOK_RGB[kind] or self.chart.lanes[row].symbol == "key":
            edge = QColor.fromRgb(rgb)
        else:
            edge = theme.snap(32) if LOOKS[kind].body is Body.ROLL else theme.good
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

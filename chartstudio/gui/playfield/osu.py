"""The osu! playfield: 512 x 384 osu! pixels with circles, sliders, spinners.

Follows the game's rules of what is seen when (approach rate) and how large (circle size);
the shape of a slider is `modes.osu.curve`'s. Skins are not drawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QPolygonF,
)

from chartstudio.core.mode import Lane, Mode, Spot
from chartstudio.core.note import Note
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.editor.places import displaced
from chartstudio.gui.playfield.field import DASHES, HabitWords, Playfield, Shot
from chartstudio.gui.playfield.stamps import Stamps
from chartstudio.gui.timeline.looks import COMBO, LOOK_INDEX, Faces
from chartstudio.modes.osu import curve
from chartstudio.modes.osu.field import CENTRE, HEIGHT, WIDTH, radius_px
from chartstudio.modes.osu.notes import Circle, OsuNote, Slider, Spinner
from chartstudio.modes.osu.timing import Velocities, length_for, slider_multiplier

if TYPE_CHECKING:
    from chartstudio.gui.timeline.arrays import NoteArrays

_MARGIN = 44
_SCREEN = QRectF(-WIDTH, -HEIGHT, 3 * WIDTH, 3 * HEIGHT)
"""What is drawn of sliders that run far away."""

_STAMPS = Stamps()
_GRID = 64
_N_NUMBERED = 4
"""Sets of notes whose places in combos are kept: charts, and candidates that are cycled."""

_LINGER_S = 0.3
"""How long an object fades once it is over: long enough to be grabbed."""

_MOST_HEARD = 1000

_LEAST_PULL = 12.0
"""A slider shorter than this many pixels was a click."""

_USUAL_PULL = 100.0
_USUAL_RATE = 5.0

_COMBO_RGB = tuple(int(c[1:], 16) | 0xFF000000 for c in COMBO)


def _name(note: Note) -> str:
    return type(note).__name__.lower()


def _combos(notes: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Number of its combo and place in it, from 1, of each note."""
    combo, place = 0, 0
    for i, note in enumerate(notes):
        if note.new_combo and i:
            combo, place = combo + 1 + note.combo_skip, 0
        place += 1
        yield combo, place


def faces(notes: Sequence[Note]) -> Faces:
    """One row of objects in the colours of their combos; spinners are grey."""
    rows = []
    for note, (combo, _) in zip(notes, _combos(notes), strict=True):
        tint = 0 if isinstance(note, Spinner) else _COMBO_RGB[combo % len(_COMBO_RGB)]
        turns = note.n_spans if isinstance(note, Slider) else 1
        rows.append((LOOK_INDEX[_name(note)], 0, 0, tint, 1, 0, min(turns, 30_000)))
    return Faces.of(rows)


def _spot_of(note: Note) -> Spot | None:
    return None if isinstance(note, Spinner) else (note.x, note.y)  # type: ignore[attr-defined]


def _heard(note: Note) -> tuple[int, ...]:
    """Head, repeats and end of a slider; the end of a spinner."""
    if isinstance(note, Slider):
        length, n_spans = note.end - note.tick, min(max(note.n_spans, 1), _MOST_HEARD)
        return tuple(note.tick + length * i // n_spans for i in range(n_spans + 1))
    return (note.end,)


def _put(mode: Mode, kind: str, ticks: tuple[int, int], spot: Spot) -> Note:
    return mode.place(kind, ticks[0], ticks[1], spot)


class OsuCanvas:
    """Draws and edits objects around the playhead."""

    step = 8.0

    def __init__(self) -> None:
        self._numbered: dict[int, tuple[NoteArrays, list[int]]] = {}

    @property
    def area(self) -> QRectF:
        """The playfield with room for circles on its edge."""
        return QRectF(-_MARGIN, -_MARGIN, WIDTH + 2 * _MARGIN, HEIGHT + 2 * _MARGIN)

    # Drawing -----------------------------------------------------------------------------

    def paint(self, painter: QPainter, shot: Shot) -> None:
        """Draw the grid, then the objects, the next one uppermost."""
        theme = shot.theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(_faint(theme.muted, 30), 0))
        for x in range(_GRID, WIDTH, _GRID):
            painter.drawLine(QPointF(x, 0), QPointF(x, HEIGHT))
        for y in range(_GRID, HEIGHT, _GRID):
            painter.drawLine(QPointF(0, y), QPointF(WIDTH, y))
        painter.setPen(QPen(_faint(theme.muted, 110), 0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(0, 0, WIDTH, HEIGHT))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for notes, i in shot.drawn(lambda notes: self._seen(shot, notes)):
            self._object(painter, shot, notes, i)
        painter.setOpacity(1.0)

    def paint_one(self, painter: QPainter, shot: Shot, note: Note) -> None:
        """Draw a note that is being put or pulled."""
        brush = _Brush(painter, shot, QColor(COMBO[0]))
        if isinstance(note, Slider):
            brush.body(note)
        brush.head(_place(note), "")

    def _object(self, painter: QPainter, shot: Shot, notes: NoteArrays, i: int) -> None:
        note: OsuNote = notes.notes[i]  # type: ignore[assignment]
        start_s, end_s = float(notes.starts_s[i]), float(notes.ends_s[i])
        wait_s, preempt_s = start_s - shot.now_s, _preempt_s(shot)
        shown = min((preempt_s - wait_s) / (preempt_s * 0.4), 1.0)
        gone = max(shot.now_s - end_s, 0.0) / _LINGER_S
        painter.setOpacity(max(min(shown, 1.0 - gone), 0.06) * shot.opacity(notes, i))
        tint = int(notes.faces.tints[i])
        colour = QColor.fromRgb(tint) if tint else shot.theme.muted
        if shot.is_ghost(notes):
            brush = _Brush(painter, shot, shot.theme.ghost, ghost=True)
        else:
            brush = _Brush(painter, shot, colour, note in shot.selected)
        if isinstance(note, Spinner):
            brush.spinner()
            return
        if isinstance(note, Slider):
            brush.body(note)
        brush.head((note.x, note.y), str(self._number(notes, i)))
        if wait_s > 0:
            brush.approach((note.x, note.y), wait_s / preempt_s)
        if isinstance(note, Slider) and start_s <= shot.now_s <= end_s:
            progress = (shot.now_s - start_s) / max(end_s - start_s, 1e-9) * note.n_spans
            brush.ball(curve.position_at(note, progress))

    def _number(self, notes: NoteArrays, i: int) -> int:
        """Place of a note in its combo, kept for the chart and for its ghosts."""
        found = self._numbered.get(id(notes))
        if found is None or found[0] is not notes:
            if len(self._numbered) > _N_NUMBERED:
                self._numbered.clear()
            places = [place for _, place in _combos(notes.notes)]
            found = self._numbered[id(notes)] = (notes, places)
        return found[1][i]

    def _seen(self, shot: Shot, notes: NoteArrays) -> list[int]:
        """Indices of the objects of the moment, in order of time."""
        timing = shot.timing
        first = timing.tick_at(shot.now_s - _LINGER_S)
        index = notes.between(first, timing.tick_at(shot.now_s + _preempt_s(shot)))
        late = notes.ends_s[index] > shot.now_s - _LINGER_S
        return index[late].tolist()  # type: ignore[no-any-return]

    # Touching ----------------------------------------------------------------------------

    def hit(self, shot: Shot, at: QPointF) -> Note | None:
        """The next object under a place, by its head or its path."""
        radius = radius_px(shot.chart)
        seen = self._seen(shot, shot.notes)
        for i in seen:
            note = shot.notes.notes[i]
            if isinstance(note, Spinner):
                continue
            line = curve.path_of(note) if isinstance(note, Slider) else np.array([_place(note)])
            if _distance(line, at) <= radius:
                return note
        return next((n for i in seen if isinstance(n := shot.notes.notes[i], Spinner)), None)

    def put(self, shot: Shot, pressed: QPointF, now: QPointF) -> Note | None:
        """A circle or spinner where it is pressed, or a slider pulled from there."""
        start = _inside(pressed)
        if shot.kind == "slider":
            return _slider(shot, start, _inside(now))
        end = shot.tick + 4 * TICKS_PER_BEAT if shot.kind == "spinner" else shot.tick
        return shot.mode.place(shot.kind, shot.tick, end, start)

    def moved(self, notes: Collection[Note], pressed: QPointF, now: QPointF) -> tuple[Note, ...]:
        """The objects moved by whole pixels, their heads within the playfield."""
        heads = [_place(n) for n in notes if not isinstance(n, Spinner)]
        if not heads:
            return tuple(notes)
        dx = _kept(round(now.x() - pressed.x()), [x for x, _ in heads], WIDTH)
        dy = _kept(round(now.y() - pressed.y()), [y for _, y in heads], HEIGHT)
        return tuple(displaced(n, dx, dy) for n in notes)

    def typed(self, shot: Shot, key: Qt.Key) -> tuple[Spot | None, tuple[Note, ...]] | None:
        """Q begins a new combo with the selected objects, or no longer."""
        if key != Qt.Key.Key_Q or not shot.selected:
            return None
        chosen: list[Any] = list(shot.selected)
        on = not all(n.new_combo for n in chosen)
        return shot.spot, tuple(replace(n, new_combo=on, combo_skip=0) for n in chosen)


def _preempt_s(shot: Shot) -> float:
    """Seconds that an object is seen before its time (``IBeatmapDifficultyInfo``)."""
    known = next((s for s in shot.mode.settings if s.name == "ar"), None)
    rate = float(known.of(shot.chart) if known else shot.chart.setting("ar", _USUAL_RATE))
    return (1200 + (5 - rate) * (120 if rate < 5 else 150)) / 1000


def _place(note: Note) -> tuple[float, float]:
    if isinstance(note, Circle | Slider):
        return note.x, note.y
    return CENTRE


def _inside(at: QPointF) -> tuple[float, float]:
    x, y = min(max(at.x(), 0), WIDTH), min(max(at.y(), 0), HEIGHT)
    return float(round(x)), float(round(y))


def _kept(by: int, places: list[float], size: int) -> int:
    """A move that takes no place out of the playfield that was in it."""
    low, high = min(*places, 0.0, 0.0), max(*places, float(size), float(size))
    return round(min(max(by, low - min(places)), high - max(places)))


def _distance(line: Any, at: QPointF) -> float:
    """Shortest way from a point to a line of corners, shape (N, 2)."""
    point = np.array([at.x(), at.y()])
    if len(line) == 1:
        return float(np.hypot(*(line[0] - point)))
    start, step = line[:-1], np.diff(line, axis=0)
    length = np.maximum((step**2).sum(axis=1), 1e-9)
    share = np.clip(((point - start) * step).sum(axis=1) / length, 0.0, 1.0)
    return float(np.hypot(*(start + share[:, None] * step - point).T).min())


def _slider(shot: Shot, start: tuple[float, float], end: tuple[float, float]) -> Slider:
    """A straight slider at the speed in force, its end on the grid line nearest to the pull."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    pulled = float(np.hypot(dx, dy))
    if pulled < _LEAST_PULL:
        dx, dy = (1.0 if start[0] < WIDTH / 2 else -1.0), 0.0
        pulled = _USUAL_PULL
    else:
        dx, dy = dx / pulled, dy / pulled
    beat_s = 60 / shot.timing.bpm_at(shot.tick)
    sv, multiplier = Velocities(shot.chart.effects).at(shot.tick), slider_multiplier(shot.chart)
    beat_px = length_for(1, beat_s, beat_s, multiplier, sv)
    step = shot.next_tick - shot.tick
    tick = shot.tick + max(round(pulled / beat_px * TICKS_PER_BEAT / step), 1) * step
    duration_s = shot.timing.seconds_at(tick) - shot.timing.seconds_at(shot.tick)
    length = length_for(1, duration_s, beat_s, multiplier, sv)
    tip = (round(start[0] + dx * length), round(start[1] + dy * length))
    points = (("", float(tip[0]), float(tip[1])),)
    return Slider(shot.tick, tick, *start, "L", points, length)


class _Brush:
    """Draws the parts of one object."""

    def __init__(
        self,
        painter: QPainter,
        shot: Shot,
        colour: QColor,
        selected: bool = False,
        ghost: bool = False,
    ) -> None:
        self._painter, self._theme = painter, shot.theme
        self._radius = radius_px(shot.chart)
        self._colour, self._ghost = colour, ghost
        edge = shot.theme.accent if selected else shot.theme.playhead
        self._edge = shot.theme.ghost if ghost else edge
        self._width = 6.0 if selected else 3.5
        self._key = (self._radius, colour.rgb(), selected, ghost)

    def _pen(self, colour: QColor, width: float) -> QPen:
        """The pen of an outline; that of a proposed note is dashed."""
        pen = QPen(colour, width)
        if self._ghost:
            pen.setDashPattern(DASHES)
        return pen

    @property
    def _fill(self) -> QColor:
        return _faint(self._colour, 70) if self._ghost else self._colour

    def head(self, at: tuple[float, float], number: str) -> None:
        """The circle with its number in the combo."""
        side = 2 * self._radius + self._width
        area = QRectF(at[0] - side / 2, at[1] - side / 2, side, side)

        def make(painter: QPainter) -> None:
            painter.setBrush(self._fill)
            painter.setPen(self._pen(self._edge, self._width))
            painter.drawEllipse(QPointF(*at), self._radius * 0.93, self._radius * 0.93)
            painter.setFont(_font(self._painter, self._radius * 0.85, bold=True))
            painter.setPen(self._edge if self._ghost else self._theme.background)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, number)

        _STAMPS.draw(self._painter, ("head", *self._key, number), area, make)

    def approach(self, at: tuple[float, float], left: float) -> None:
        """The ring that closes in: four times as large when the object appears."""
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.setPen(self._pen(self._colour, 3.0))
        size = self._radius * (1 + 3 * left)
        self._painter.drawEllipse(QPointF(*at), size, size)

    def body(self, slider: Slider) -> None:
        """The track between two edges, with the number of its turns at the end."""
        path = QPainterPath()
        path.addPolygon(QPolygonF([QPointF(x, y) for x, y in curve.path_of(slider).tolist()]))
        room = self._radius + self._width
        area = path.boundingRect().adjusted(-room, -room, room, room).intersected(_SCREEN)
        if area.isEmpty():
            return
        shape = (slider.x, slider.y, slider.curve, slider.points, slider.length_px, slider.n_spans)
        _STAMPS.draw(
            self._painter, ("body", *self._key, shape), area, lambda p: self._track(p, path, slider)
        )

    def _track(self, painter: QPainter, path: QPainterPath, slider: Slider) -> None:
        inner = 2 * self._radius - 2 * self._width
        if self._ghost:
            outline = _stroker(inner).createStroke(path).simplified()
            painter.setPen(self._pen(self._edge, self._width))
            painter.setBrush(_faint(self._colour, 40))
            painter.drawPath(outline)
        else:
            for width, colour in (
                (2 * self._radius, _faint(self._edge, 190)),
                (inner, self._theme.panel_raised),
                (inner, _faint(self._colour, 90)),
            ):
                pen = QPen(colour, width)
                pen.setCapStyle(Qt.PenCapStyle.RoundCap)
                pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
                painter.strokePath(path, pen)
        if slider.n_spans > 1:
            end = curve.position_at(slider, 1.0)
            painter.setFont(_font(self._painter, self._radius * 0.7))
            painter.setPen(self._theme.playhead)
            box = QRectF(end[0] - 40, end[1] - 40, 80, 80)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"↩{slider.n_spans - 1}")

    def ball(self, at: tuple[float, float]) -> None:
        """Where the slider is now."""
        self._painter.setBrush(_faint(self._theme.playhead, 200))
        self._painter.setPen(QPen(self._colour, 4.0))
        self._painter.drawEllipse(QPointF(*at), self._radius * 0.8, self._radius * 0.8)

    def spinner(self) -> None:
        """Two circles around the middle of the field."""
        self._painter.setBrush(_faint(self._colour, 40))
        self._painter.setPen(self._pen(self._edge, self._width))
        for radius in (HEIGHT * 0.45, HEIGHT * 0.07):
            self._painter.drawEllipse(QPointF(*CENTRE), radius, radius)


def _stroker(width: float) -> QPainterPathStroker:
    found = QPainterPathStroker()
    found.setWidth(width)
    found.setCapStyle(Qt.PenCapStyle.RoundCap)
    found.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return found


def _font(painter: QPainter, size: float, bold: bool = False) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(max(round(size), 6))
    font.setBold(bold)
    return font


def _faint(colour: QColor, alpha: int) -> QColor:
    found = QColor(colour)
    found.setAlpha(alpha)
    return found


_HABITS = (
    HabitWords("spacing", "Spacing", "How far apart objects lie"),
    HabitWords("jumps", "Jumps", "How much further accents lie from what is before them"),
    HabitWords("sharp", "Sharp turns", "How sharply the cursor turns"),
    HabitWords("sliders", "Sliders", "How many pairs of notes are one slider"),
    HabitWords("bent", "Curves", "How many sliders are curved"),
    HabitWords("reverses", "Reverses", "How many sliders turn back"),
    HabitWords("spinners", "Spinners", "How many long sounds are spun"),
    HabitWords("stacks", "Stacks", "How often objects lie on one another"),
    HabitWords("turned", "Turned figures", "How often a figure comes back turned or mirrored"),
    HabitWords("combos", "Long combos", "How long combos are"),
)

FIELD = Playfield(
    space="osu",
    rows=(Lane("objects", "ring", 0.0),),
    faces=faces,
    row=lambda note: 0,
    shifted=lambda notes, rows: tuple(notes),
    spot_on_row=lambda row, spot: spot or CENTRE,
    spot_of=_spot_of,
    put=_put,
    canvas=OsuCanvas(),
    heard=_heard,
    habits=_HABITS,
)

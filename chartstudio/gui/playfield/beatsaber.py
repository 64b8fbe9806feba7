"""The Beat Saber playfield: four columns and three rows, seen from where the player stands.

Notes come from the back to the front of the grid; what is due now is drawn in full size.
Rotation lanes and modded places outside of the grid are drawn at its edge.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from math import atan2, degrees, hypot
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTransform

from chartstudio.core.mode import Lane, Mode, Spot
from chartstudio.core.note import Note
from chartstudio.editor.places import displaced
from chartstudio.gui.playfield.field import DASHES, HabitWords, Playfield, Shot
from chartstudio.gui.playfield.stamps import Stamps
from chartstudio.gui.timeline.looks import ANY, BLUE, DIRECTIONS, LIFT, LOOK_INDEX, RED, Faces
from chartstudio.gui.timeline.sprites import MARKS, SHAPES
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, SaberNote, Wall

if TYPE_CHECKING:
    from chartstudio.gui.timeline.arrays import NoteArrays

COLUMNS, ROWS = 4, 3
_MARGIN = 0.35
_AHEAD_S = 1.0
"""How far ahead notes are seen."""

_LINGER_S = 0.08
_DEPTH = 1.7
"""How much smaller the far end looks: 1 / (1 + this)."""

_LIFT_PART = 5
"""Height between two rows of the grid on the strip, in `looks.LIFT` parts of a lane."""

_LEAST_PULL = 0.3
"""Cells that a press must be pulled for a direction."""

_DOWN = DIRECTIONS.index("down")
_STAMPS = Stamps()
_HANDS = ("red", "blue")
_COLOURS = (QColor(RED), QColor(BLUE))
_GHOST_ALPHA = 95
_BLOCK = 0.84
"""Side of a block as a share of its cell."""

_KEYS = {
    Qt.Key.Key_7: "up-left", Qt.Key.Key_8: "up", Qt.Key.Key_9: "up-right",
    Qt.Key.Key_4: "left", Qt.Key.Key_5: "any", Qt.Key.Key_6: "right",
    Qt.Key.Key_1: "down-left", Qt.Key.Key_2: "down", Qt.Key.Key_3: "down-right",
}  # fmt: skip
"""Directions as the number pad lies."""

_BY_ANGLE = ("right", "up-right", "up", "up-left", "left", "down-left", "down", "down-right")


def _names() -> tuple[str, ...]:
    return (*DIRECTIONS, "any")


def _direction(note: Any) -> int:
    """The direction that is drawn: modded ones turn freely and are drawn as any."""
    return note.direction if 0 <= note.direction < ANY else ANY


def _hand(note: Any) -> int:
    return 1 if note.color else 0


def _column(x: int) -> int:
    return min(max(x, 0), COLUMNS - 1)


def _lift(y: int) -> int:
    return (1 - min(max(y, 0), ROWS - 1)) * _LIFT_PART


# The strip -------------------------------------------------------------------------------


def _look(note: Note) -> str:
    match note:
        case ColorNote():
            return f"{_HANDS[_hand(note)]}-{_direction(note)}"
        case Chain():
            return f"{_HANDS[_hand(note)]}-chain-{_direction(note)}"
        case Arc():
            return f"{_HANDS[_hand(note)]}-arc"
        case Wall():
            return "beam" if note.y >= ROWS - 1 else "wall"
    return "bomb"


def faces(notes: Sequence[Note]) -> Faces:
    """A row per column; within it, higher notes stand higher."""
    rows = []
    for note in notes:
        place: Any = note
        row, lift, width, tail = _column(place.x), _lift(place.y), 1, 0.0
        if isinstance(note, Wall):
            lift = -_LIFT_PART if note.y >= ROWS - 1 else 0
            width = min(max(note.x + note.width, row + 1), COLUMNS) - row
        elif isinstance(note, Arc | Chain):
            tail = _column(note.tail_x) - row + (_lift(note.tail_y) - lift) / LIFT
        rows.append((LOOK_INDEX[_look(note)], row, lift, 0, width, tail, 1))
    return Faces.of(rows)


def _within(by: int, low: int, high: int, size: int) -> int:
    """A move by whole cells that takes nothing out of the grid that was in it."""
    return min(max(by, min(0, -low)), max(0, size - 1 - high))


def _moved(notes: Collection[Note], dx: int, dy: int) -> tuple[Note, ...]:
    places: list[Any] = list(notes)
    if not places:
        return ()
    xs = [x for n in places for x in (n.x, getattr(n, "tail_x", n.x))]
    ys = [y for n in places for y in (n.y, getattr(n, "tail_y", n.y))]
    dx = _within(dx, min(xs), max(xs), COLUMNS)
    dy = _within(dy, min(ys), max(ys), ROWS)
    return tuple(displaced(n, dx, dy) for n in places)


def _spot_on_row(row: int, spot: Spot | None) -> Spot:
    _, y, *direction = spot or (0, 0, _DOWN)
    return (row, y, *direction)


def _spot_of(note: Note) -> Spot | None:
    place: Any = note
    return (place.x, place.y, getattr(note, "direction", _DOWN))


def _put(mode: Mode, kind: str, ticks: tuple[int, int], spot: Spot) -> Note:
    return mode.place(kind, ticks[0], ticks[1], spot)


# The preview -----------------------------------------------------------------------------


class SaberCanvas:
    """Draws and edits notes around the playhead."""

    step = 1.0

    @property
    def area(self) -> QRectF:
        """The grid with some room; the unit is a cell, y counts downwards."""
        return QRectF(-_MARGIN, -_MARGIN, COLUMNS + 2 * _MARGIN, ROWS + 2 * _MARGIN)

    def paint(self, painter: QPainter, shot: Shot) -> None:
        """Draw the grid, then the notes, the next one uppermost."""
        theme = shot.theme
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for depth, alpha in ((1.0, 35), (0.5, 35), (0.0, 120)):
            painter.setPen(QPen(_faint(theme.muted, alpha), 0))
            painter.drawRect(_rect(0, 0, COLUMNS, ROWS, depth))
        painter.setPen(QPen(_faint(theme.muted, 45), 0))
        for x in range(1, COLUMNS):
            painter.drawLine(QPointF(x, 0), QPointF(x, ROWS))
        for y in range(1, ROWS):
            painter.drawLine(QPointF(0, y), QPointF(COLUMNS, y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        for notes, i in shot.drawn(lambda notes: self._seen(shot, notes)):
            self._note(painter, shot, notes, i)
        painter.setOpacity(1.0)

    def paint_one(self, painter: QPainter, shot: Shot, note: Note) -> None:
        """Draw a note that is being put or pulled, as if it were due."""
        _Brush(painter, shot, False).draw(note, 0.0, 0.0)

    def _note(self, painter: QPainter, shot: Shot, notes: NoteArrays, i: int) -> None:
        depth, end = (
            max(float(s[i]) - shot.now_s, 0.0) / _AHEAD_S for s in (notes.starts_s, notes.ends_s)
        )
        painter.setOpacity((1.0 - 0.7 * min(depth, 1.0)) * shot.opacity(notes, i))
        note, ghost = notes.notes[i], shot.is_ghost(notes)
        brush = _Brush(painter, shot, note in shot.selected and not ghost, ghost)
        brush.draw(note, min(depth, 1.0), min(end, 1.0))

    def _seen(self, shot: Shot, notes: NoteArrays) -> list[int]:
        """Indices of the notes of the moment, in order of time; what is ending stays."""
        timing = shot.timing
        first = timing.tick_at(shot.now_s - _LINGER_S)
        index = notes.between(first, timing.tick_at(shot.now_s + _AHEAD_S))
        late = notes.ends_s[index] > shot.now_s - _LINGER_S
        return index[late].tolist()  # type: ignore[no-any-return]

    def hit(self, shot: Shot, at: QPointF) -> Note | None:
        """The next note under a place where it is drawn; walls only where nothing else is."""
        seen = self._seen(shot, shot.notes)
        notes = shot.notes.notes
        for wanted in ((ColorNote, Bomb, Chain), (Arc,), (Wall,)):
            for i in seen:
                note: Any = notes[i]
                if not isinstance(note, wanted):
                    continue
                depth = max(float(shot.notes.starts_s[i]) - shot.now_s, 0.0) / _AHEAD_S
                width, height = (note.width, note.height) if isinstance(note, Wall) else (1, 1)
                top = ROWS - note.y - height
                if _rect(note.x, top, width, height, min(depth, 1.0)).contains(at):
                    return notes[i]
        return None

    def put(self, shot: Shot, pressed: QPointF, now: QPointF) -> Note | None:
        """A note in the pressed cell, cut the way the press is pulled; arcs end where it ends."""
        cell = _cell(pressed)
        if cell is None:
            return None
        direction = shot.spot[2] if shot.spot is not None and len(shot.spot) > 2 else _DOWN
        dx, dy = now.x() - pressed.x(), now.y() - pressed.y()
        if hypot(dx, dy) >= _LEAST_PULL:
            direction = _names().index(_BY_ANGLE[round(degrees(atan2(-dy, dx)) / 45) % 8])
        # Kinds without a length ignore the end.
        made = shot.mode.place(shot.kind, shot.tick, shot.next_tick, (*cell, direction))
        tail = _cell(now)
        if isinstance(made, Arc | Chain) and tail not in (None, cell):
            made = replace(made, tail_x=tail[0], tail_y=tail[1])
        return made

    def moved(self, notes: Collection[Note], pressed: QPointF, now: QPointF) -> tuple[Note, ...]:
        """The notes moved by whole cells, within the grid."""
        return _moved(notes, round(now.x() - pressed.x()), -round(now.y() - pressed.y()))

    def typed(self, shot: Shot, key: Qt.Key) -> tuple[Spot | None, tuple[Note, ...]] | None:
        """Number keys set the direction, as they lie on the number pad; 5 is any."""
        name = _KEYS.get(key)
        if name is None:
            return None
        direction = _names().index(name)
        x, y, *_ = shot.spot or (0, 0)
        chosen: list[Any] = list(shot.selected)
        changed = (
            replace(n, direction=direction) if hasattr(n, "direction") else n for n in chosen
        )
        return (x, y, direction), tuple(changed)


def _cell(at: QPointF) -> tuple[int, int] | None:
    """Column and row under a place of the grid's front."""
    if not QRectF(0, 0, COLUMNS, ROWS).contains(at):
        return None
    return min(int(at.x()), COLUMNS - 1), ROWS - 1 - min(int(at.y()), ROWS - 1)


def _at(x: float, y: float, depth: float) -> QPointF:
    """Where a place of the grid is seen at a depth; far ones draw together."""
    scale = 1 / (1 + _DEPTH * depth)
    middle_x, middle_y = COLUMNS / 2, ROWS * 0.42
    return QPointF(middle_x + (x - middle_x) * scale, middle_y + (y - middle_y) * scale)


def _rect(x: float, y: float, width: float, height: float, depth: float) -> QRectF:
    return QRectF(_at(x, y, depth), _at(x + width, y + height, depth))


def _middle(x: int, y: int, depth: float) -> QPointF:
    return _at(x + 0.5, ROWS - y - 0.5, depth)


class _Brush:
    """Draws one note at a depth."""

    def __init__(self, painter: QPainter, shot: Shot, selected: bool, ghost: bool = False) -> None:
        self._painter, self._theme = painter, shot.theme
        self._selected, self._ghost = selected, ghost

    def draw(self, note: Note, depth: float, end_depth: float) -> None:
        saber: SaberNote = note  # type: ignore[assignment]
        match saber:
            case ColorNote():
                self._block(saber, depth, f"cut-{_names()[_direction(saber)]}", -saber.angle)
            case Bomb():
                self._bomb(saber, depth)
            case Wall():
                self._wall(saber, depth, end_depth)
            case Arc():
                self._arc(saber, depth, end_depth)
            case Chain():
                self._chain(saber, depth, end_depth)

    def _edge(self, colour: QColor) -> QPen:
        if self._selected:
            return QPen(self._theme.playhead, 0.07)
        if self._ghost:
            return self._dashed(0.05)
        return QPen(colour.lighter(150), 0.025)

    def _dashed(self, width: float) -> QPen:
        """The outline of a proposed note."""
        pen = QPen(self._theme.ghost, width)
        pen.setDashPattern(DASHES)
        return pen

    def _fill(self, colour: QColor) -> QColor:
        """A proposed note is faint, but of its hand's colour: that is what it says."""
        return _faint(colour, _GHOST_ALPHA) if self._ghost else colour

    def _block(
        self, note: ColorNote | Chain, depth: float, symbol: str, turned: float = 0.0
    ) -> None:
        middle = _middle(note.x, note.y, depth)
        colour = _COLOURS[_hand(note)]
        area = QRectF(middle.x() - 0.7, middle.y() - 0.7, 1.4, 1.4)

        def make(painter: QPainter) -> None:
            place = QTransform().translate(middle.x(), middle.y())
            place = place.scale(_BLOCK, _BLOCK).rotate(turned)
            painter.setPen(self._edge(colour))
            painter.setBrush(self._fill(colour))
            painter.drawPath(place.map(SHAPES[symbol]()))
            mark = self._theme.ghost.lighter(125) if self._ghost else self._theme.playhead
            painter.fillPath(place.map(MARKS[symbol]()), mark)

        key = (symbol, turned, colour.rgb(), self._selected, self._ghost)
        _STAMPS.draw(self._painter, key, area, make, 1 / (1 + _DEPTH * depth))

    def _bomb(self, note: Bomb, depth: float) -> None:
        radius = _BLOCK / (1 + _DEPTH * depth) * 0.36
        middle = _middle(note.x, note.y, depth)
        spikes = QPainterPath()
        for i in range(16):
            reach = radius * (1.25 if i % 2 else 0.85)
            arm = QTransform().rotate(i * 22.5).map(QPointF(reach, 0)) + middle
            if i:
                spikes.lineTo(arm)
            else:
                spikes.moveTo(arm)
        spikes.closeSubpath()
        self._painter.setPen(self._edge(self._theme.muted))
        self._painter.setBrush(self._fill(self._theme.line))
        self._painter.drawPath(spikes)

    def _wall(self, note: Wall, depth: float, end_depth: float) -> None:
        top = ROWS - note.y - note.height
        front, back = (
            _rect(note.x, max(top, -1), note.width, ROWS - note.y - max(top, -1), d)
            for d in (depth, end_depth)
        )
        colour = self._theme.ghost if self._ghost else self._theme.bad
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        # A pen of width 0 is one pixel wide at any scale.
        pen = QPen(_faint(colour, 200), 0.07 if self._selected else 0)
        self._painter.setPen(self._dashed(0.04) if self._ghost else pen)
        self._painter.setBrush(_faint(colour, 38))
        self._painter.drawRect(back)
        self._painter.drawRect(front)
        self._painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def _line(self, note: Arc | Chain, depth: float, end_depth: float) -> tuple[QPointF, QPointF]:
        head = _middle(note.x, note.y, depth)
        return head, _middle(note.tail_x, note.tail_y, end_depth)

    def _arc(self, note: Arc, depth: float, end_depth: float) -> None:
        head, tail = self._line(note, depth, end_depth)
        path = QPainterPath(head)
        bend = _reach(_direction(note), note.head_reach)
        back = _reach(_direction_of(note.tail_direction), note.tail_reach)
        path.cubicTo(head + bend, tail - back, tail)
        pen = QPen(_faint(_COLOURS[_hand(note)], 200), 0.14 if self._selected else 0.08)
        self._painter.strokePath(path, self._dashed(0.07) if self._ghost else pen)

    def _chain(self, note: Chain, depth: float, end_depth: float) -> None:
        head, tail = self._line(note, depth, end_depth)
        colour = _COLOURS[_hand(note)]
        self._painter.setPen(self._edge(colour))
        self._painter.setBrush(self._fill(colour))
        n_links = min(max(note.n_slices - 1, 1), 64)
        for i in range(n_links, 0, -1):
            middle = head + (tail - head) * (i / n_links * min(max(note.squish, 0.0), 1.0))
            side = 0.3 / (1 + _DEPTH * depth)
            box = QRectF(middle.x() - side / 2, middle.y() - side / 4, side, side / 2)
            self._painter.drawRoundedRect(box, 0.04, 0.04)
        self._block(note, depth, f"chain-{_names()[_direction(note)]}")


def _direction_of(number: int) -> int:
    return number if 0 <= number < ANY else ANY


def _reach(direction: int, length: float) -> QPointF:
    """The way that an arc leaves a note, in cells."""
    if direction == ANY:
        return QPointF()
    turn = _BY_ANGLE.index(DIRECTIONS[direction]) * 45
    reach = min(max(length, 0.0), 4.0)
    return QTransform().rotate(-turn).map(QPointF(reach, 0.0))


def _faint(colour: QColor, alpha: int) -> QColor:
    found = QColor(colour)
    found.setAlpha(alpha)
    return found


_HABITS = (
    HabitWords("doubles", "Both hands", "How often both hands cut at once"),
    HabitWords("pairs", "Pairs", "How often one hand cuts twice in a row"),
    HabitWords("even", "Even hands", "How soon the hands are where they were before"),
    HabitWords("angles", "Slanted cuts", "How many cuts are slanted"),
    HabitWords("height", "Top row", "How often the top row is used"),
    HabitWords("crossovers", "Crossovers", "How often a hand cuts on the other's side"),
    HabitWords("contour", "Follow the pitch", "How far rows follow the tune"),
    HabitWords("resets", "Resets", "How readily a hand swings from the same side after a rest"),
    HabitWords("variation", "Variation", "How much repeats differ"),
    HabitWords("dots", "Dots", "How readily runs are blocks without a direction"),
    HabitWords("stacks", "Towers", "How many accents are towers of blocks"),
    HabitWords("walls", "Walls", "How many walls there are"),
    HabitWords("bombs", "Bombs", "How many bombs there are"),
)

FIELD = Playfield(
    space="beatsaber",
    rows=tuple(Lane(f"column {i + 1}", "cut-any", float(i)) for i in range(COLUMNS)),
    faces=faces,
    row=lambda note: _column(note.x),  # type: ignore[attr-defined]
    shifted=lambda notes, rows: _moved(notes, rows, 0),
    spot_on_row=_spot_on_row,
    spot_of=_spot_of,
    put=_put,
    canvas=SaberCanvas(),
    habits=_HABITS,
)

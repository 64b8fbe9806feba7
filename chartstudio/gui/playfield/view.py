"""The preview of a playfield at the playhead, and editing in it by mouse and key.

A left press puts a note of the tool's kind at the playhead's grid line, or drags the notes
under it; Ctrl adds to the selection; the right button deletes. An edit is only ever done on
release, as one undo step. What a space looks like is its `Playfield`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from chartstudio.core.note import Note
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.playfield.field import Playfield, Shot
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme
from chartstudio.gui.timeline.rows import field_of, kind_for
from chartstudio.gui.timeline.timeline import Timeline
from chartstudio.gui.timeline.verbs import next_line
from chartstudio.gui.timeline.view import SELECT_TOOL

_SLACK_PX = 4.0
_HOVER_OPACITY = 0.35
_PULL_OPACITY = 0.85

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


@dataclass(frozen=True, slots=True)
class _Pull:
    """A press that has not been let go; places in the unit of the space.

    ``notes`` are dragged along; with none, a note is being put.
    """

    pressed: QPointF
    now: QPointF
    notes: frozenset[Note]
    far: bool = False


class PlayfieldView(QWidget):
    """The active chart's playfield, as far as its mode has one.

    Parameters
    ----------
    timeline : Timeline
        Does the edits, and knows the cursor.
    bridge : Bridge
    position_s : callable
        Where the player is, in seconds.
    """

    def __init__(self, timeline: Timeline, bridge: Bridge, position_s: Callable[[], float]) -> None:
        super().__init__()
        self._timeline = timeline
        self._document = bridge.document
        self._view = timeline.view
        self._position_s = position_s
        self._theme: Theme = DARK
        self._pull: _Pull | None = None
        self._hover: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 130)
        self.setAccessibleName(tr("Playfield"))
        self.setAccessibleDescription(
            tr("The notes around the playhead in their places. Arrow keys move selected notes.")
        )
        bridge.changed.connect(self._on_change)
        self._view.changed.connect(self.update)

    @property
    def field(self) -> Playfield | None:
        """The playfield of the active chart's mode; None for lane modes."""
        chart = self._timeline.active_arrays()
        return None if chart is None else field_of(chart.mode)

    def sizeHint(self) -> QSize:
        """In the shape of most playfields."""
        return QSize(330, 250)

    def shot(self) -> Shot | None:
        """The moment that is shown; None where there is no playfield."""
        chart = self._timeline.active_arrays()
        if chart is None or chart.mode is None or field_of(chart.mode) is None:
            return None
        timing, tick = chart.timing, self._timeline.cursor_line
        pull = self._pull
        return Shot(
            chart=chart.chart,
            mode=chart.mode,
            timing=timing,
            notes=chart.notes,
            now_s=self._position_s(),
            tick=tick,
            next_tick=next_line(timing, tick, self._view.snap, forward=True),
            selected=self._document.selection.notes,
            kind=kind_for(chart.mode, self._view.tool_kind),
            spot=self._view.spot_in(chart.mode),
            theme=self._theme,
            hidden=pull.notes if pull is not None and pull.far else frozenset(),
            ghosts=self._timeline.ghosts_here,
        )

    def _on_change(self) -> None:
        # What a drag holds may be gone.
        self._pull = None
        self.update()

    # Painting ----------------------------------------------------------------------------

    def _transform(self, field: Playfield) -> QTransform:
        """From the unit of the space to pixels: as large as fits, in the middle."""
        area, room = field.canvas.area, QRectF(self.rect())
        scale = min(room.width() / area.width(), room.height() / area.height())
        middle, to = area.center(), room.center()
        made = QTransform.fromTranslate(to.x(), to.y()).scale(scale, scale)
        return made.translate(-middle.x(), -middle.y())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the moment, and what the mouse is about to do."""
        field, shot = self.field, self.shot()
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), self._theme.background)
            if field is None or shot is None:
                return
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setTransform(self._transform(field), combine=True)
            field.canvas.paint(painter, shot)
            painter.setOpacity(_HOVER_OPACITY if self._pull is None else _PULL_OPACITY)
            for note in self._coming(field, shot):
                field.canvas.paint_one(painter, shot, note)

    def _coming(self, field: Playfield, shot: Shot) -> tuple[Note, ...]:
        """The notes that a release now, or a click here, would make."""
        pull = self._pull
        if pull is not None and pull.notes:
            return field.canvas.moved(pull.notes, pull.pressed, pull.now) if pull.far else ()
        at = pull or (_Pull(self._hover, self._hover, frozenset()) if self._hover else None)
        if at is None or (pull is None and field.canvas.hit(shot, at.now) is not None):
            return ()
        if self._view.tool_kind == SELECT_TOOL:
            return ()
        made = field.canvas.put(shot, at.pressed, at.now)
        return () if made is None else (made,)

    # Mouse -------------------------------------------------------------------------------

    def _place(self, event: QMouseEvent, field: Playfield) -> QPointF:
        inverse, _ = self._transform(field).inverted()
        return inverse.map(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to put or to drag; delete with the right button."""
        field, shot = self.field, self.shot()
        if field is None or shot is None or self._pull is not None:
            return
        at = self._place(event, field)
        hit = field.canvas.hit(shot, at)
        chart = self._document.selection.chart
        if event.button() is Qt.MouseButton.RightButton:
            if hit is not None:
                self._timeline.remove(chart, frozenset({hit}))
            return
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        selected = self._document.selection.notes
        if hit is None:
            self._pull = _Pull(at, at, frozenset())
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._select(selected ^ {hit})
        else:
            if hit not in selected:
                self._select(frozenset({hit}))
            self._pull = _Pull(at, at, self._document.selection.notes)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pull along, or show what a click would put."""
        field = self.field
        if field is None:
            return
        at = self._hover = self._place(event, field)
        pull = self._pull
        if pull is not None:
            per_unit = self._transform(field).m11()
            way = at - pull.pressed
            far = pull.far or max(abs(way.x()), abs(way.y())) * per_unit >= _SLACK_PX
            self._pull = replace(pull, now=at, far=far)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Put the note, or leave the dragged ones where they are now."""
        pull, field = self._pull, self.field
        if pull is None or field is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        self._pull = None
        shot = self.shot()
        if pull.notes:
            if pull.far:
                self._exchange(field.canvas.moved(pull.notes, pull.pressed, pull.now))
        elif shot is not None:
            self._put(field, shot, pull)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """No mouse, no hovered place."""
        self._hover = None
        self.update()

    def _put(self, field: Playfield, shot: Shot, pull: _Pull) -> None:
        if self._view.tool_kind == SELECT_TOOL:
            self._select(frozenset())
            return
        made = field.canvas.put(shot, pull.pressed, pull.now if pull.far else pull.pressed)
        if made is not None:
            self._remember(field, made)
            self._timeline.put(made)

    def _remember(self, field: Playfield, note: Note) -> None:
        """Go on where a note was put, on the strip too."""
        spot = field.spot_of(note)
        if spot is not None:
            self._view.spots[field.space] = spot

    def _select(self, notes: frozenset[Note]) -> None:
        self._document.select(replace(self._document.selection, notes=notes))

    def _exchange(self, notes: tuple[Note, ...]) -> None:
        selection = self._document.selection
        if frozenset(notes) != selection.notes:
            self._timeline.replace(tr("Move notes"), selection.chart, selection.notes, notes)

    # Keys --------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the selected notes; Escape gives a drag up; the rest is the space's."""
        field, shot, key = self.field, self.shot(), Qt.Key(event.key())
        if field is None or shot is None:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Escape and self._pull is not None:
            self._pull = None
            self.update()
        elif key in _ARROWS and shot.selected:
            dx, dy = (way * field.canvas.step for way in _ARROWS[key])
            self._exchange(field.canvas.moved(shot.selected, QPointF(), QPointF(dx, dy)))
        elif key == Qt.Key.Key_Delete and shot.selected:
            self._timeline.delete_selection()
        elif not self._typed(field, shot, key):
            super().keyPressEvent(event)

    def _typed(self, field: Playfield, shot: Shot, key: Qt.Key) -> bool:
        found = field.canvas.typed(shot, key)
        if found is None:
            return False
        spot, notes = found
        if spot is not None:
            self._view.spots[field.space] = spot
        if notes and frozenset(notes) != shot.selected:
            chart = self._document.selection.chart
            self._timeline.replace(tr("Change notes"), chart, shot.selected, notes)
        self.update()
        return True

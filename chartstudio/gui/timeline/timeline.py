"""The timeline: a widget that draws the song and its charts, and turns the mouse into edits.

It owns no data. The picture of everything that stands still is kept until something in it
changes; the playhead and drags are drawn over it. What a press means is decided in `drag`,
what an edit does in `verbs`, what is drawn where in `header`, `strips` and `overlay`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFont,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from chartstudio.audio.peaks import Peaks
from chartstudio.core.note import Note
from chartstudio.editor import density, follow, painted
from chartstudio.editor.checks import SongIssue
from chartstudio.editor.document import Change, Document
from chartstudio.editor.finish import Span
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.text import tr
from chartstudio.gui.timeline import beat_drag, density_lane, drag, follow_lane
from chartstudio.gui.timeline.arrays import ArrayCache, ChartArrays
from chartstudio.gui.timeline.bands import GUTTER_PX, Zone, arrange
from chartstudio.gui.timeline.beat_drag import BeatDrag, BeatState
from chartstudio.gui.timeline.beat_overlay import paint_beat_drag
from chartstudio.gui.timeline.density_lane import DensityDrag, paint_density, paint_density_drag
from chartstudio.gui.timeline.drag import IDLE, Button, Keys, Part, Pointer, State
from chartstudio.gui.timeline.follow_lane import paint_follow
from chartstudio.gui.timeline.follow_verbs import FollowVerbs
from chartstudio.gui.timeline.header import paint_header
from chartstudio.gui.timeline.key_bar_marks import KeyBarMark, paint_key_bars
from chartstudio.gui.timeline.lock_marks import LockMarks, paint_locks
from chartstudio.gui.timeline.marks import IssueMarks
from chartstudio.gui.timeline.notes import Kit
from chartstudio.gui.timeline.overlay import Hover, paint_overlay
from chartstudio.gui.timeline.pointer import pointer_at, rules_for
from chartstudio.gui.timeline.rows import put_note
from chartstudio.gui.timeline.scene import Ghosts, Scene, proposed
from chartstudio.gui.timeline.strips import paint_strips
from chartstudio.gui.timeline.view import ViewState
from chartstudio.gui.timeline.waveform import Waveform

FRAME_MS = 16
_REST_MS = 80
"""How often a resting timeline looks whether the playhead was put elsewhere."""

_SCROLL_PX = 96.0
"""Pixels per notch of the wheel."""
_ZOOM = 1.25
"""Zoom per notch."""
_NOTCH = 120.0
_EDGE_PX = 8.0
"""A drag this close to the right edge scrolls; on the left, one over the names."""
_AFTER_S = 2.0
"""Room after the last note."""
_FONT_PX = 12
_SLACK_PX = 4.0

_BUTTONS = {
    Qt.MouseButton.LeftButton: Button.LEFT,
    Qt.MouseButton.MiddleButton: Button.MIDDLE,
    Qt.MouseButton.RightButton: Button.RIGHT,
}
_DRAGS_ON = (drag.Range, drag.Put, drag.Move, drag.Stretch, drag.Box, BeatDrag, DensityDrag)
"""States that go on when the mouse leaves the view, which then scrolls."""


class Timeline(FollowVerbs, QWidget):
    """The song over time: tempo, waveform, ruler and up to two charts.

    Parameters
    ----------
    document : Document
    bridge : Bridge
        Tells of the document's changes.
    view : ViewState
        Shared with everything else that shows or moves what is seen.
    position_s : callable
        Where the player is, in seconds; asked for every frame.

    Attributes
    ----------
    seek_requested : Signal(float)
        The player is to go to this second.
    hovered : Signal(int, object)
        Tick and lane under the mouse; the lane is None outside strips.
    refused : Signal(object)
        A `ChartStudioError`: why the timing could not be changed as the mouse asked.
    """

    seek_requested = Signal(float)
    hovered = Signal(int, object)
    refused = Signal(object)

    def __init__(
        self,
        document: Document,
        bridge: Bridge,
        view: ViewState,
        position_s: Callable[[], float],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.document = document
        self.view = view
        self.position_s = position_s
        self._arrays = ArrayCache()
        self._kit = Kit()
        self._wave = Waveform(self._kit.theme)
        self.peaks = None
        self._audio_s = 0.0
        self._issues: tuple[SongIssue, ...] = ()
        self._marks: dict[int, IssueMarks] = {}
        self._ghosts: Ghosts | None = None
        self._key_bars: tuple[KeyBarMark, ...] = ()
        self._locks: LockMarks | None = None
        self._first = document.selection.chart
        self._state: State | BeatState | DensityDrag = IDLE
        self._free = False
        self._hover: Hover | None = None
        self._pointer: Pointer | None = None
        self._by_mouse = False
        self._frame: QPixmap | None = None
        self._scene: Scene | None = None
        self._drawn_position_s = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._poll)
        self._build(bridge)

    def _build(self, bridge: Bridge) -> None:
        font = QFont(self.font())
        font.setPixelSize(_FONT_PX)
        self.setFont(font)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 200)
        self.setAccessibleName(tr("Timeline"))
        self.setAccessibleDescription(
            tr("Tempo, waveform, bars and notes over time. Arrow keys move the cursor.")
        )
        bridge.changed.connect(self._on_change)
        self.view.changed.connect(self.invalidate)
        self._fit_view()

    # What is shown -----------------------------------------------------------------------

    def set_peaks(self, peaks: Peaks | None, duration_s: float) -> None:
        """Show another song's waveform; ``duration_s`` is the length of the audio."""
        self._wave.set_peaks(peaks)
        self.peaks = peaks
        self._audio_s = duration_s
        self._fit_view()
        self.invalidate()

    def set_ghosts(
        self,
        chart: int,
        notes: tuple[Note, ...],
        spans: tuple[Span, ...],
        label: str = "",
        stays: frozenset[Note] = frozenset(),
    ) -> None:
        """Show proposed notes over stretches of a chart; those they replace are dimmed.

        Parameters
        ----------
        chart : int
        notes : tuple of Note
            In chart order.
        spans : tuple of (int, int)
            Stretches of ticks ``[start, end)``, in order and apart.
        label : str
            What the strip calls them, such as ``candidate B``.
        stays : frozenset of Note
            Notes there that are not replaced.
        """
        if chart < len(self.document.song.charts):
            arrays = proposed(notes, self._arrays.of(self.document.song, chart))
            self._ghosts = Ghosts(chart, arrays, spans, label or tr("proposed"), stays)
            self.invalidate()

    def clear_ghosts(self) -> None:
        """Show no proposed notes."""
        self._ghosts = None
        self.invalidate()

    @property
    def ghosts_here(self) -> Ghosts | None:
        """The proposed notes, where they are for the active chart."""
        ghosts = self._ghosts
        return ghosts if ghosts and ghosts.chart == self.document.selection.chart else None

    def set_key_bars(self, marks: Sequence[KeyBarMark]) -> None:
        """Mark these bars as those that stand for the song."""
        if tuple(marks) != self._key_bars:
            self._key_bars = tuple(marks)
            self.invalidate()

    def set_locks(self, locks: LockMarks | None) -> None:
        """Mark what is locked; None for nothing."""
        if locks is not None or self._locks is not None:
            self._locks = locks
            self.invalidate()

    def set_issues(self, issues: Sequence[SongIssue]) -> None:
        """Mark these issues under the strips."""
        self._issues = tuple(issues)
        self._marks.clear()
        self.invalidate()

    def set_playing(self, on: bool) -> None:
        """The player has started or stopped: follow it frame by frame, or rest."""
        self.view.playing = on
        self._run_timer()
        self.update()

    def sizeHint(self) -> QSize:
        """Room for every band at its usual height."""
        return QSize(1000, 640)

    @property
    def scene(self) -> Scene:
        """What the widget shows now."""
        if self._scene is None:
            self._scene = self._make_scene()
        return self._scene

    @property
    def state(self) -> State | BeatState | DensityDrag:
        """What the mouse is doing."""
        return self._state

    def active_arrays(self) -> ChartArrays | None:
        """The active chart as its strip shows it; None in a song without charts."""
        song, index = self.document.song, self.document.selection.chart
        return self._arrays.of(song, index) if index < len(song.charts) else None

    def invalidate(self) -> None:
        """Something that stands still has changed: draw it anew with the next frame."""
        self._scene = None
        self._frame = None
        self.update()

    def _make_scene(self) -> Scene:
        song, selection = self.document.song, self.document.selection
        shown = self._shown_charts()
        charts = tuple(self._arrays.of(song, index) for index in shown)
        rows = [(i, len(c.lanes)) for i, c in zip(shown, charts, strict=True)]
        span = selection.range
        if isinstance(self._state, drag.Range):
            span = self._state.span(rules_for(song, selection, self.view, selection.chart))
        return Scene(
            song=song,
            charts=charts,
            selection=selection,
            view=self.view,
            bands=arrange(
                self.width(),
                self.height(),
                rows,
                self.view.density_lane,
                bool(self._sections()),
            ),
            ghosts=self._ghosts,
            issues=tuple(self._marks_of(index) for index in shown),
            state=self._state,
            range=span,
            ratio=self.devicePixelRatioF(),
        )

    def _sections(self) -> tuple[follow.Section, ...]:
        """The stretches of the active chart that are told what to follow."""
        chart = self.document.active_chart
        return () if chart is None else follow.sections(chart)

    def _marks_of(self, chart: int) -> IssueMarks:
        found = self._marks.get(chart)
        if found is None:
            found = self._marks[chart] = IssueMarks.of(self._issues, chart)
        return found

    def _shown_charts(self) -> list[int]:
        """Charts of the strips: the large one, and the second where it is another one."""
        n_charts = len(self.document.song.charts)
        if not n_charts:
            return []
        second = self.view.second_chart
        shown = [min(self._first, n_charts - 1)]
        if second is not None and second < n_charts and second != shown[0]:
            shown.append(second)
        return shown

    def _on_change(self, change: Change) -> None:
        if change.origin == "open":
            self._arrays.clear()
            self._ghosts = None
            self.set_issues(())
            self._cursor = None
            self._state = IDLE
            self._first = change.selection.chart
            self.view.second_chart = None
        if change.new is not change.old:
            # What a drag holds may be gone.
            self._state = IDLE
            self._run_timer()
            self._hover = None
            self._fit_view()
        self._bring_up(change.selection.chart)
        self.invalidate()

    def _bring_up(self, chart: int) -> None:
        """The active chart gets the large strip, unless it was chosen by a click in its own."""
        if chart == self._first or (self._by_mouse and chart == self.view.second_chart):
            return
        if chart == self.view.second_chart:
            # Set first: the view's signal must find both strips in place.
            self._first, chart = chart, self._first
            self.view.second_chart = chart
        else:
            self._first = chart

    def _fit_view(self) -> None:
        """Tell the view the timing and the length of what it shows."""
        song = self.document.song
        last_s = max(
            (song.timing_of(c).seconds_at(c.notes[-1].end) for c in song.charts if c.notes),
            default=0.0,
        )
        self.view.set_timing(self.timing)
        self.view.set_duration(max(self._audio_s, last_s + _AFTER_S))

    # Painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the kept picture, anew when needed, and what moves over it."""
        if self._frame is None:
            self._frame = self._draw_frame()
        position = self.position_s()
        self._drawn_position_s = position
        x = GUTTER_PX + float(self.view.x_of_seconds(position))
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._frame)
            painter.setFont(self.font())
            paint_overlay(self._kit, painter, self.scene, x, self._hover)
            paint_beat_drag(self._kit, painter, self.scene)
            paint_density_drag(self._kit, painter, self.scene)

    def _draw_frame(self) -> QPixmap:
        scene = self.scene
        frame = QPixmap(self.size() * scene.ratio)
        frame.setDevicePixelRatio(scene.ratio)
        with QPainter(frame) as painter:
            painter.setFont(self.font())
            paint_header(self._kit, self._wave, painter, scene)
            paint_density(self._kit, painter, scene)
            paint_follow(self._kit, painter, scene)
            paint_strips(self._kit, painter, scene)
            paint_key_bars(self._kit, painter, scene, self._key_bars)
            paint_locks(self._kit, painter, scene, self._locks)
        return frame

    def _run_timer(self) -> None:
        if not self.isVisible():
            self._timer.stop()
            return
        busy = self.view.playing or isinstance(self._state, _DRAGS_ON)
        wanted_ms = FRAME_MS if busy else _REST_MS
        # Started anew with every move of the mouse, it would never come to fire.
        if not self._timer.isActive() or self._timer.interval() != wanted_ms:
            self._timer.start(wanted_ms)

    def _poll(self) -> None:
        """One beat of the timer: follow the player, scroll under a drag at the edge."""
        position = self.position_s()
        if self.view.playing and self.view.follow_playhead and self._state == IDLE:
            self.view.follow(position)
        if position != self._drawn_position_s:
            self.update()
        if isinstance(self._state, _DRAGS_ON) and self._pointer is not None:
            self._scroll_at_edge(self._pointer)

    def _scroll_at_edge(self, at: Pointer) -> None:
        beyond = max(at.x - (self.width() - _EDGE_PX), 0) - max(GUTTER_PX - at.x, 0)
        if beyond:
            self.view.scroll_px(beyond / 2)
            self._drag_to(at.x, at.y)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The view gets the room beside the names."""
        self.view.set_width(max(self.width() - GUTTER_PX, 1))
        self.invalidate()

    def showEvent(self, event: QShowEvent) -> None:
        """Start to look at the player."""
        self._run_timer()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: do nothing."""
        self._timer.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Draw anew in another font or palette."""
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self.invalidate()
        super().changeEvent(event)

    # Mouse -------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin what this button does here."""
        button = _BUTTONS.get(event.button())
        if button is None or self._state != IDLE:
            return
        mods = event.modifiers()
        keys = Keys(
            ctrl=bool(mods & Qt.KeyboardModifier.ControlModifier),
            shift=bool(mods & Qt.KeyboardModifier.ShiftModifier),
            alt=bool(mods & Qt.KeyboardModifier.AltModifier),
        )
        at = self._pointer = pointer_at(self.scene, event.position().x(), event.position().y())
        rules = self._rules(at.chart)
        lane = self.scene.bands.density
        self._take(
            density_lane.press(at, button, keys, rules, lane)
            or follow_lane.press(at, button, self._sections())
            or beat_drag.press(at, button, keys, rules)
            or drag.press(at, button, keys, rules)
        )

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select a measure on the ruler, insert a tempo change above; else a quick click."""
        at = pointer_at(self.scene, event.position().x(), event.position().y())
        left = event.button() is Qt.MouseButton.LeftButton
        if at.zone is Zone.RULER and left:
            self.select_range(*self._rules(at.chart).measure(at.tick))
        elif at.zone is Zone.TEMPO and left and at.anchor is None:
            self._take(drag.Step(IDLE))
            self.perform(beat_drag.InsertChange(self._rules(at.chart).snap(at.tick)))
        else:
            self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with a drag, or show what a click would do."""
        x, y = event.position().x(), event.position().y()
        self._free = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if self._state != IDLE:
            self._drag_to(x, y)
            return
        at = self._pointer = pointer_at(self.scene, x, y)
        self._show_hover(at)
        self.setCursor(self._cursor_over(at))
        self.hovered.emit(at.tick, at.lane if at.zone is Zone.STRIP else None)

    def _cursor_over(self, at: Pointer) -> Qt.CursorShape:
        """What the pointer looks like: it says what can be pulled."""
        above = at.zone in (Zone.TEMPO, Zone.WAVE, Zone.RULER)
        if at.anchor is not None or (above and self.view.drags_beats):
            return Qt.CursorShape.SplitHCursor
        tail = at.part is Part.TAIL
        return Qt.CursorShape.SizeHorCursor if tail else Qt.CursorShape.ArrowCursor

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag with its one edit."""
        if event.button() not in _BUTTONS or self._state == IDLE:
            return
        at = self._at_drag(event.position().x(), event.position().y())
        self._take(self._state.release(at, self._rules(at.chart)))

    def leaveEvent(self, event: QEvent) -> None:
        """No mouse, no hovered place."""
        self._hover = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll; with Ctrl zoom where the pointer is."""
        turned, moved = event.angleDelta(), event.pixelDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            at_px = event.position().x() - GUTTER_PX
            self.view.zoom(_ZOOM ** (turned.y() / _NOTCH), max(at_px, 0.0))
        elif not moved.isNull():
            self.view.scroll_px(-(moved.x() or moved.y()))
        else:
            self.view.scroll_px(-(turned.x() or turned.y()) / _NOTCH * _SCROLL_PX)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape gives a drag up; every other key is the window's."""
        if event.key() == Qt.Key.Key_Escape and self.cancel_drag():
            return
        super().keyPressEvent(event)

    def cancel_drag(self) -> bool:
        """Forget what the mouse has begun; False when it has begun nothing."""
        if self._state == IDLE:
            return False
        self._take(drag.Step(IDLE))
        return True

    def event(self, event: QEvent) -> bool:
        """Name the issues under the mouse as a tip."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(event.x(), event.y()), self)
            return True
        return super().event(event)

    def _tip(self, x: float, y: float) -> str:
        zone, strip = self.scene.bands.zone_at(y)
        if zone is Zone.DENSITY:
            return self._density_tip(x)
        if zone is Zone.FOLLOW:
            return tr("Notes follow this layer. A click selects it, the right button clears it.")
        if zone is not Zone.STRIP or strip is None:
            return ""
        seconds = self.view.seconds_at_x(x - GUTTER_PX)
        slack_s = _SLACK_PX * self.view.seconds_per_px
        return "\n".join(i.text for i in self._marks_of(strip.chart).at(seconds, slack_s)[:5])

    def _density_tip(self, x: float) -> str:
        """What is painted under the mouse, and how to."""
        chart = self.document.active_chart
        tick = self.view.tick_at_x(x - GUTTER_PX, self.timing)
        value = None if chart is None else painted.at(density.curve(chart), tick)
        how = tr("Drag paints, drag with the right button clears. Drafts follow what is painted.")
        return f"{density_lane.figure(value)}\n{how}"

    def _rules(self, chart: int) -> drag.Rules:
        return rules_for(self.document.song, self.document.selection, self.view, chart, self.catch)

    def _at_drag(self, x: float, y: float) -> Pointer:
        """The pointer as the current drag sees it: in the strip where it began."""
        at = pointer_at(self.scene, x, y, drag.chart_of(self._state))
        return replace(at, free=self._free)

    def _drag_to(self, x: float, y: float) -> None:
        at = self._pointer = self._at_drag(x, y)
        self._take(self._state.move(at, self._rules(at.chart)))

    def _take(
        self, step: drag.Step | beat_drag.Step | density_lane.Step | follow_lane.Step
    ) -> None:
        """Enter a step's state and do what it asks."""
        redraw = drag.stands_still(self._state) != drag.stands_still(step.state)
        self._state = step.state
        self._hover = None
        if redraw:
            self.invalidate()
        else:
            self._scene = None
            self.update()
        self._run_timer()
        if step.action is not None:
            self._by_mouse = True
            try:
                self.perform(step.action)
            finally:
                self._by_mouse = False

    def _show_hover(self, at: Pointer) -> None:
        """Show the note that a click here would place."""
        hover = None
        if at.zone is Zone.STRIP and at.note is None and at.editable and at.row >= 0:
            mode = self._mode(at.chart)
            tick = self._rules(at.chart).snap(at.tick)
            spot = self.view.spot_in(mode)
            note = put_note(mode, self.view.tool_kind, (tick, tick), at.lane, spot)
            hover = Hover(at.chart, note) if note is not None else None
        if hover != self._hover:
            self._hover = hover
            self.update()

"""What commands do on the timeline: the cursor, placing, selecting, copying, moving.

Each verb is one method, with no mouse and no key in it; the window's table of actions binds
them. The mouse goes through `perform`, so that both ways end in the same edits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import SignalInstance
from PySide6.QtGui import QGuiApplication

from chartstudio.core.mode import Axis, Mode
from chartstudio.core.note import LaneNote, Note, slice_notes
from chartstudio.core.song import Song
from chartstudio.core.ticks import TICKS_PER_BEAT, snap_ticks
from chartstudio.core.timing import TimingMap
from chartstudio.editor import clipboard, edits
from chartstudio.editor.clipboard import Clip
from chartstudio.editor.document import Document, Edit
from chartstudio.editor.selection import Selection
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.bands import GUTTER_PX
from chartstudio.gui.timeline.drag import (
    Action,
    MoveNotes,
    PanBy,
    PlaceNote,
    RemoveNotes,
    SeekPx,
    SeekTick,
    SelectBox,
    SelectNotes,
    SelectRange,
    SetEnd,
    ToggleNote,
)
from chartstudio.gui.timeline.rows import put_note, row_of, shifted
from chartstudio.gui.timeline.view import ViewState
from chartstudio.modes import MODES

_SAME_S = 0.002
"""The player is where the cursor was put when it is no further away than this."""

_SAME_TO_A_CLICK = frozenset({("tap", "hold"), ("hold", "tap"), ("roll", "tap")})
"""Tools that remove a note of another kind, because they differ by length alone."""


class Verbs:
    """Commands on the active chart; `Timeline` provides the attributes.

    Attributes
    ----------
    document : Document
    view : ViewState
    position_s : callable
        Where the player is.
    seek_requested : Signal(float)
    """

    document: Document
    view: ViewState
    position_s: Callable[[], float]
    seek_requested: SignalInstance

    _cursor: int | None = None

    # Mouse -------------------------------------------------------------------------------

    def perform(self, action: Action) -> None:
        """Do what a step of a drag asks for."""
        match action:
            case PanBy(dx):
                self.view.scroll_px(dx)
            case SeekPx(x):
                self._cursor = None
                self.seek_requested.emit(max(self.view.seconds_at_x(x - GUTTER_PX), 0.0))
            case SeekTick(tick):
                self.go_to(tick)
            case SelectRange(start, end):
                self.select_range(start, end)
            case SelectNotes(chart, notes):
                self._select(chart, notes)
            case SelectBox():
                self._select_box(action)
            case PlaceNote(chart, lane, tick, end):
                self.place(chart, lane, tick, end)
            case ToggleNote(chart, note):
                self.toggle(chart, note)
            case RemoveNotes(chart, notes):
                self.remove(chart, notes)
            case MoveNotes(chart, notes, ticks, lanes):
                self.move_notes(chart, notes, ticks, lanes)
            case SetEnd(chart, note, end):
                self.set_end(chart, note, end)

    # Cursor ------------------------------------------------------------------------------

    @property
    def timing(self) -> TimingMap:
        """Timing of the active chart, or the song's where there is none."""
        chart = self.document.active_chart
        song = self.document.song
        return song.timing if chart is None else song.timing_of(chart)

    @property
    def cursor_tick(self) -> int:
        """The tick at the playhead: exactly the one it was put on, while it rests there."""
        position = self.position_s()
        cursor, timing = self._cursor, self.timing
        if cursor is not None and abs(timing.seconds_at(cursor) - position) <= _SAME_S:
            return cursor
        return timing.tick_at(position)

    @property
    def cursor_line(self) -> int:
        """The grid line nearest to the playhead."""
        return self.timing.snap(self.cursor_tick, self.view.snap)

    def go_to(self, tick: int) -> None:
        """Put the playhead on a tick of the active chart, and show it."""
        self._cursor = tick
        seconds = self.timing.seconds_at(tick)
        self.seek_requested.emit(seconds)
        self.view.show(seconds)

    def move_cursor(self, steps: int) -> None:
        """Go ``steps`` grid lines on, or back."""
        tick = self.cursor_tick
        for _ in range(abs(steps)):
            tick = next_line(self.timing, tick, self.view.snap, forward=steps > 0)
        self.go_to(tick)

    def move_cursor_measures(self, steps: int) -> None:
        """Go to the start of another measure; back goes to this one's start first."""
        timing, tick = self.timing, self.cursor_tick
        measure = timing.position(tick).measure
        if steps < 0 and tick > timing.measure_start(measure):
            steps += 1
        self.go_to(timing.measure_start(measure + steps))

    def cursor_to_start(self) -> None:
        """Go to the first note, or on to the start of the song when already there."""
        chart = self.document.active_chart
        first = chart.notes[0].tick if chart is not None and chart.notes else 0
        self.go_to(first if self.cursor_tick > first else min(0, first))

    def cursor_to_end(self) -> None:
        """Go to the end of the last note."""
        chart = self.document.active_chart
        if chart is not None and chart.notes:
            self.go_to(max(n.end for n in chart.notes))

    def move_cursor_to_note(self, steps: int) -> None:
        """Go to the next (1) or the previous (-1) row of notes."""
        chart, tick = self.document.active_chart, self.cursor_tick
        if chart is None:
            return
        rows = sorted({n.tick for n in chart.notes})
        ahead = [t for t in rows if t > tick] if steps > 0 else [t for t in rows if t < tick][::-1]
        if len(ahead) >= abs(steps):
            self.go_to(ahead[abs(steps) - 1])

    # Placing and changing ----------------------------------------------------------------

    def place_at_cursor(self, lane: int = 0) -> None:
        """Place a note of the tool's kind at the cursor's grid line, or take it away."""
        chart = self.document.active_chart
        if chart is None:
            return
        tick = self.cursor_line
        mode = self._mode(self.document.selection.chart)
        here = [n for n in slice_notes(chart.notes, tick, tick + 1) if row_of(mode, n) == lane]
        if here:
            self.toggle(self.document.selection.chart, here[0])
        else:
            self.place(self.document.selection.chart, lane, tick, tick)

    def place(self, chart: int, lane: int, tick: int, end: int) -> None:
        """Place a note of the tool's kind; one that is long when ``end`` is later."""
        mode, view = self._mode(chart), self.view
        note = put_note(mode, view.tool_kind, (tick, end), lane, view.spot_in(mode))
        if note is not None:
            selection = self._selection(chart)
            self.document.apply(tr("Place note"), edits.place(chart, note), selection)

    def put(self, note: Note) -> None:
        """Put a note into the active chart, as it is."""
        chart = self.document.selection.chart
        self.document.apply(tr("Place note"), edits.place(chart, note), self._selection(chart))

    def toggle(self, chart: int, note: Note) -> None:
        """Remove a note, or make it the tool's kind when it is of another one."""
        mode = self._mode(chart)
        if mode is None:
            return
        tool, kind = self.view.tool_kind, mode.kind(note)
        if tool in mode.kinds and kind != tool and (tool, kind) not in _SAME_TO_A_CLICK:
            self._change(tr("Change note"), edits.set_kind(chart, [note], tool), chart)
        else:
            self.remove(chart, frozenset({note}))

    def remove(self, chart: int, notes: frozenset[Note]) -> None:
        """Delete notes."""
        label = tr("Delete note") if len(notes) == 1 else tr("Delete notes")
        self.document.apply(label, edits.remove(chart, notes), self._selection(chart))

    def delete_selection(self) -> None:
        """Delete the selected notes, or else those in the selected range."""
        chosen = self.chosen_notes()
        if chosen:
            self.remove(self.document.selection.chart, chosen)

    def set_end(self, chart: int, note: Note, end: int) -> None:
        """Give a note another end."""
        edit = edits.set_end(chart, note, end)
        if note in self._selection(chart).notes:
            self._change(tr("Change length"), edit, chart)
        else:
            self.document.apply(tr("Change length"), edit, self._selection(chart))

    def lengthen(self, steps: int) -> None:
        """Pull the ends of the selected notes ``steps`` grid lines later, or earlier."""
        chart, step = self.document.selection.chart, snap_ticks(self.view.snap)
        chosen = [n for n in self.document.selection.notes if self._has_length(n)]
        one_by_one = [
            edits.set_end(
                chart, n, max(self.timing.snap(n.end + steps * step, self.view.snap), n.tick)
            )
            for n in chosen
        ]
        self._change(tr("Change length"), _in_turn(one_by_one), chart)

    def move_notes(self, chart: int, notes: frozenset[Note], ticks: int, lanes: int = 0) -> None:
        """Move notes of a chart; they stay selected."""
        mode = self._mode(chart)
        if mode is not None and notes:
            self.replace(tr("Move notes"), chart, notes, shifted(mode, notes, ticks, lanes))

    def replace(self, label: str, chart: int, old: frozenset[Note], new: tuple[Note, ...]) -> None:
        """Put notes in place of others, as one undo step, and select them."""
        selection = self._selection(chart, frozenset(new))
        self.document.apply(label, edits.exchange(chart, old, new), selection)

    def nudge(self, ticks: int, lanes: int = 0) -> None:
        """Move the selected notes by ticks and lanes."""
        selection = self.document.selection
        self.move_notes(selection.chart, selection.notes, ticks, lanes)

    def nudge_snap(self, steps: int, lanes: int = 0) -> None:
        """Move the selected notes by steps of the snap."""
        self.nudge(steps * snap_ticks(self.view.snap), lanes)

    def mirror(self, axis: Axis) -> None:
        """Mirror the selected notes, or else those in the range."""
        chart, chosen = self.document.selection.chart, self.chosen_notes()
        if chosen and self._mode(chart) is not None:
            self._change(tr("Mirror"), edits.mirror(chart, chosen, axis), chart)

    def set_kind(self, kind: str) -> None:
        """Make the selected notes another kind."""
        chart, chosen = self.document.selection.chart, self.chosen_notes()
        mode = self._mode(chart)
        if chosen and mode is not None and kind in mode.kinds:
            self._change(tr("Change notes"), edits.set_kind(chart, chosen, kind), chart)

    def quantise(self) -> None:
        """Move the selected notes, or else those in the range, to the grid."""
        chart, chosen = self.document.selection.chart, self.chosen_notes()
        if chosen:
            self._change(tr("Quantise"), edits.quantise(chart, chosen, self.view.snap), chart)

    # Selecting ---------------------------------------------------------------------------

    def chosen_notes(self) -> frozenset[Note]:
        """The selected notes; when there are none, those that start in the selected range."""
        selection, chart = self.document.selection, self.document.active_chart
        if selection.notes or selection.range is None or chart is None:
            return selection.notes
        return frozenset(slice_notes(chart.notes, *selection.range))

    def select_all(self) -> None:
        """Select every note of the active chart."""
        chart = self.document.active_chart
        if chart is not None:
            self._select(self.document.selection.chart, frozenset(chart.notes))

    def select_none(self) -> None:
        """Select no note and no range."""
        self.document.select(Selection(self.document.selection.chart))

    def select_in_range(self) -> None:
        """Select the notes that start in the selected range."""
        chart, span = self.document.active_chart, self.document.selection.range
        if chart is not None and span is not None:
            notes = frozenset(slice_notes(chart.notes, *span))
            self._select(self.document.selection.chart, notes)

    def select_range(self, start: int, end: int) -> None:
        """Select ticks ``[start, end)``; an empty stretch selects none."""
        span = (start, end) if end > start else None
        self.document.select(replace(self.document.selection, range=span))

    def select_measures(self, more: int = 0) -> None:
        """Widen the range to whole measures; without one, select the cursor's measure.

        Parameters
        ----------
        more : int
            Measures added at the end, or taken away; one always stays.
        """
        timing = self.timing
        low, high = self.document.selection.range or (self.cursor_tick, self.cursor_tick + 1)
        first, last = timing.position(low).measure, timing.position(high - 1).measure
        last = max(last + more, first)
        self.select_range(timing.measure_start(first), timing.measure_start(last + 1))

    def start_range(self) -> None:
        """The range begins at the cursor."""
        start = self.cursor_line
        span = self.document.selection.range
        end = span[1] if span is not None and span[1] > start else self._measure(start)[1]
        self.select_range(start, end)

    def end_range(self) -> None:
        """The range ends at the cursor."""
        end = self.cursor_line
        span = self.document.selection.range
        start = span[0] if span is not None and span[0] < end else self._measure(end - 1)[0]
        self.select_range(start, end)

    # Copying -----------------------------------------------------------------------------

    def copy(self) -> None:
        """Copy the selected notes, or else the selected range with its notes."""
        selection, chosen = self.document.selection, self.chosen_notes()
        if not chosen:
            return
        if selection.notes or selection.range is None:
            clip = clipboard.copy(tuple(chosen))
        else:
            clip = clipboard.copy(tuple(chosen), *selection.range)
        QGuiApplication.clipboard().setText(clipboard.to_text(clip))

    def cut(self) -> None:
        """Copy, then delete."""
        self.copy()
        self.delete_selection()

    def paste(self) -> None:
        """Put copied notes at the cursor's grid line, and select them."""
        clip = clipboard.from_text(QGuiApplication.clipboard().text())
        index = self.document.selection.chart
        mode = self._mode(index)
        if clip is None or mode is None:
            return
        clip = fitting(clip, mode)
        tick = self.cursor_line
        self._change(tr("Paste"), edits.paste(index, clip, tick), index, held=frozenset())

    def _select_box(self, box: SelectBox) -> None:
        """Select the notes of a chart whose start lies in a box."""
        (start, end), (top, bottom) = box.ticks, box.lanes
        notes = slice_notes(self.document.song.charts[box.chart].notes, start, end + 1)
        mode = self._mode(box.chart)
        found = frozenset(n for n in notes if top <= row_of(mode, n) <= bottom)
        if box.add:
            found |= self._selection(box.chart).notes
        self._select(box.chart, found)

    # Shared ------------------------------------------------------------------------------

    def _mode(self, chart: int) -> Mode | None:
        """The mode of a chart that can be edited here."""
        charts = self.document.song.charts
        return MODES.get(charts[chart].mode) if chart < len(charts) else None

    def _has_length(self, note: Note) -> bool:
        """Whether a note is long or a tap that can be."""
        mode = self._mode(self.document.selection.chart)
        if mode is None:
            return False
        return edits.lengthened(mode, note, note.end + TICKS_PER_BEAT) != note

    def _measure(self, tick: int) -> tuple[int, int]:
        return measure_around(self.timing, tick)

    def _selection(self, chart: int, notes: frozenset[Note] | None = None) -> Selection:
        """The selection after an edit of a chart: that chart is the active one."""
        now = self.document.selection
        if notes is None:
            notes = now.notes if now.chart == chart else frozenset()
        return Selection(chart, notes, now.range)

    def _select(self, chart: int, notes: frozenset[Note]) -> None:
        self.document.select(self._selection(chart, notes))

    def _change(
        self, label: str, edit: Edit, chart: int, held: frozenset[Note] | None = None
    ) -> None:
        """Apply an edit of a chart's notes and select the notes that it made.

        What remains of ``held``, by default the selected notes, stays selected.
        """
        song = self.document.song
        new = edit(song)
        if new is song:
            return
        before, after = frozenset(song.charts[chart].notes), frozenset(new.charts[chart].notes)
        if held is None:
            held = self._selection(chart).notes
        selection = self._selection(chart, (held & after) | (after - before))
        self.document.apply(label, lambda _: new, selection)


def next_line(timing: TimingMap, tick: int, snap: int, forward: bool) -> int:
    """The grid line after or before a tick."""
    step = snap_ticks(snap)
    if forward:
        return int(timing.lines(tick + 1, tick + step + 1, snap)[0])
    return int(timing.lines(tick - step, tick, snap)[-1])


def measure_around(timing: TimingMap, tick: int) -> tuple[int, int]:
    """The measure that a tick lies in, ``[start, end)``."""
    measure = timing.position(tick).measure
    return timing.measure_start(measure), timing.measure_start(measure + 1)


def fitting(clip: Clip, mode: Mode) -> Clip:
    """The notes of a clip that a mode can hold; kinds that it lacks become its first one."""
    n_lanes = len(mode.layout.lanes)
    notes: list[Note] = []
    for note in clip.notes:
        if isinstance(note, LaneNote) and note.lane < n_lanes:
            known = note.kind in mode.kinds
            notes.append(note if known else replace(note, kind=mode.kinds[0], end=note.tick))
        elif isinstance(note, mode.note_types) and not isinstance(note, LaneNote):
            notes.append(note)
    return replace(clip, notes=tuple(notes))


def _in_turn(steps: Sequence[Edit]) -> Edit:
    """Several edits as one."""

    def edit(song: Song) -> Song:
        for step in steps:
            song = step(song)
        return song

    return edit

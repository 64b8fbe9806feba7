"""What the mouse is doing, as frozen states; nothing here draws or edits.

A press makes a state, moves make the next one, the release ends it. Each step may carry an
action: what the timeline is to do now. An edit is only ever the action of a release, so a
drag is one undo step and Escape costs nothing.

The scheme, for a tool that places notes (``Rules.tool`` is a kind) and the select tool:

=================  ==========================================================================
left on a line     place a note; pulled to the right, a hold
left on a note     click: remove it or make it the tool's kind (select tool: select it);
                   drag: move it, with the selection it belongs to
left on a tail     change where a hold ends
left, empty, with  box selection; Ctrl adds to what is selected. The select tool needs no Alt
Alt or Ctrl
Ctrl on a note     add it to the selection, or take it out
right              delete; dragged, everything it passes
middle, or Shift   pan
ruler              click: go there; drag: select a range, whole measures with Shift
waveform, tempo    go there, and follow the mouse; what beat lines do there is in `beat_drag`
=================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from math import floor
from typing import Any

from chartstudio.core.note import Note
from chartstudio.editor.selection import Selection
from chartstudio.gui.timeline.bands import Zone
from chartstudio.gui.timeline.view import SELECT_TOOL

SLACK_PX = 4.0
"""A press that moves less is a click."""


class Button(Enum):
    """Mouse buttons."""

    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"


class Part(Enum):
    """What of a note lies under the pointer."""

    HEAD = "head"
    BODY = "body"
    TAIL = "tail"


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys held during a press."""

    ctrl: bool = False
    shift: bool = False
    alt: bool = False


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the mouse is, in pixels and in the song.

    Parameters
    ----------
    x, y : float
        Pixels in the widget.
    zone : Zone
    chart : int
        Of the strip under the pointer; elsewhere the active chart.
    tick : int
        Under the pointer, on no grid.
    row : float
        Lanes below the strip's upper edge; may lie outside it.
    lane : int
        The nearest lane.
    note : Note or None
        Under the pointer.
    part : Part or None
    editable : bool
        Whether notes can be placed here.
    seconds : float
        Time under the pointer.
    anchor : int or None
        Tick of the tempo change whose flag lies under the pointer.
    free : bool
        The key is held that switches magnets off.
    """

    x: float
    y: float
    zone: Zone
    chart: int = 0
    tick: int = 0
    row: float = 0.0
    lane: int = 0
    note: Note | None = None
    part: Part | None = None
    editable: bool = True
    seconds: float = 0.0
    anchor: int | None = None
    free: bool = False


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Rules:
    """What a press means now.

    Parameters
    ----------
    tool : str
        Kind that a click places, or `view.SELECT_TOOL`.
    stretches : bool
        Whether that kind can be pulled long.
    selection : Selection
    snap : callable
        ``tick -> tick``, the nearest grid line.
    measure : callable
        ``tick -> (start, end)`` of the measure around it.
    drags_beats : bool
        Whether presses above the strips take hold of beat lines.
    beat : callable
        ``tick -> tick``, the nearest beat line.
    seconds : callable
        ``tick -> seconds``.
    catch : callable
        ``seconds -> seconds``, drawn to a sound nearby.
    """

    tool: str
    stretches: bool
    selection: Selection
    snap: Callable[[int], int]
    measure: Callable[[int], tuple[int, int]]
    drags_beats: bool = False
    beat: Callable[[int], int] = _unchanged
    seconds: Callable[[int], float] = float
    catch: Callable[[float], float] = _unchanged


# Actions ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PanBy:
    """Scroll by pixels."""

    dx: float


@dataclass(frozen=True, slots=True)
class SeekPx:
    """Go to the time at a pixel of the widget."""

    x: float


@dataclass(frozen=True, slots=True)
class SeekTick:
    """Go to a tick of the active chart."""

    tick: int


@dataclass(frozen=True, slots=True)
class SelectRange:
    """Select ticks ``[start, end)``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SelectNotes:
    """Select exactly these notes of a chart."""

    chart: int
    notes: frozenset[Note]


@dataclass(frozen=True, slots=True)
class SelectBox:
    """Select the notes of a chart in ticks and rows, both ends included."""

    chart: int
    ticks: tuple[int, int]
    lanes: tuple[int, int]
    add: bool


@dataclass(frozen=True, slots=True)
class PlaceNote:
    """Place a note of the tool's kind."""

    chart: int
    lane: int
    tick: int
    end: int


@dataclass(frozen=True, slots=True)
class ToggleNote:
    """Remove a note, or make it the tool's kind."""

    chart: int
    note: Note


@dataclass(frozen=True, slots=True)
class RemoveNotes:
    """Delete notes."""

    chart: int
    notes: frozenset[Note]


@dataclass(frozen=True, slots=True)
class MoveNotes:
    """Move notes in time and across lanes."""

    chart: int
    notes: frozenset[Note]
    ticks: int
    lanes: int


@dataclass(frozen=True, slots=True)
class SetEnd:
    """Give a note another end."""

    chart: int
    note: Note
    end: int


Action = (
    PanBy
    | SeekPx
    | SeekTick
    | SelectRange
    | SelectNotes
    | SelectBox
    | PlaceNote
    | ToggleNote
    | RemoveNotes
    | MoveNotes
    | SetEnd
)


# States ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Idle:
    """No button is down."""

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Nothing follows the mouse."""
        return Step(self)

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Nothing ends."""
        return Step(self)


@dataclass(frozen=True, slots=True)
class Pan:
    """The song is pulled along."""

    x: float

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Scroll by what the mouse moved."""
        return Step(Pan(at.x), PanBy(self.x - at.x))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Stay there."""
        return Step(IDLE)


@dataclass(frozen=True, slots=True)
class Scrub:
    """The playhead follows the mouse."""

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Go where the mouse is."""
        return Step(self, SeekPx(at.x))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Stay there."""
        return Step(IDLE)


@dataclass(frozen=True, slots=True)
class RulerPress:
    """Pressed on the ruler: a click so far."""

    x: float
    tick: int
    measures: bool

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Far enough, and it is a range."""
        if abs(at.x - self.x) < SLACK_PX:
            return Step(self)
        return Range(self.tick, at.tick, self.measures).move(at, rules)

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Go there, or select its measure."""
        if self.measures:
            return Step(IDLE, SelectRange(*rules.measure(self.tick)))
        return Step(IDLE, SeekTick(rules.snap(self.tick)))


@dataclass(frozen=True, slots=True)
class Range:
    """A range is pulled open on the ruler, from one raw tick to another."""

    anchor: int
    tick: int
    measures: bool

    def span(self, rules: Rules) -> tuple[int, int]:
        """The ticks that it selects, on the grid."""
        low, high = sorted((self.anchor, self.tick))
        if self.measures:
            return rules.measure(low)[0], rules.measure(high)[1]
        return rules.snap(low), rules.snap(high)

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Pull the range's end."""
        return Step(replace(self, tick=at.tick))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Select it, unless it is empty."""
        start, end = self.span(rules)
        return Step(IDLE, SelectRange(start, end) if end > start else None)


@dataclass(frozen=True, slots=True)
class Put:
    """A new note, not placed yet."""

    chart: int
    lane: int
    tick: int
    end: int
    pressed_tick: int

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Pull the note's end."""
        # Relative to the press, so that a press beside a line does not jump to the next.
        end = rules.snap(self.tick + at.tick - self.pressed_tick) if rules.stretches else self.tick
        return Step(replace(self, end=max(end, self.tick)))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Place it."""
        return Step(IDLE, PlaceNote(self.chart, self.lane, self.tick, self.end))


@dataclass(frozen=True, slots=True)
class Press:
    """Pressed on a note: a click so far."""

    at: Pointer
    note: Note
    ctrl: bool

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Far enough, and the note moves, with the selection it belongs to."""
        if max(abs(at.x - self.at.x), abs(at.y - self.at.y)) < SLACK_PX or not at.editable:
            return Step(self)
        chart, chosen = self.at.chart, rules.selection
        with_others = chosen.chart == chart and self.note in chosen.notes
        notes = chosen.notes if with_others else frozenset({self.note})
        return Move(chart, self.note, notes, self.at.tick, floor(self.at.row)).move(at, rules)

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Select, toggle or remove the note."""
        chart, chosen = self.at.chart, rules.selection
        if self.ctrl:
            held = chosen.notes if chosen.chart == chart else frozenset()
            return Step(IDLE, SelectNotes(chart, held ^ {self.note}))
        if rules.tool == SELECT_TOOL or not self.at.editable:
            return Step(IDLE, SelectNotes(chart, frozenset({self.note})))
        return Step(IDLE, ToggleNote(chart, self.note))


@dataclass(frozen=True, slots=True)
class Move:
    """Notes hang on the pointer, ``ticks`` and ``lanes`` from where they are."""

    chart: int
    note: Note
    notes: frozenset[Note]
    pressed_tick: int
    pressed_row: int
    ticks: int = 0
    lanes: int = 0

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Follow by whole grid lines and lanes."""
        target = rules.snap(self.note.tick + at.tick - self.pressed_tick)
        # A note off the grid stays there until it is pulled to another line.
        ticks = 0 if target == rules.snap(self.note.tick) else target - self.note.tick
        return Step(replace(self, ticks=ticks, lanes=floor(at.row) - self.pressed_row))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Move the notes, unless they are back where they were."""
        if not self.ticks and not self.lanes:
            return Step(IDLE)
        return Step(IDLE, MoveNotes(self.chart, self.notes, self.ticks, self.lanes))


@dataclass(frozen=True, slots=True)
class Stretch:
    """The end of a note hangs on the pointer."""

    chart: int
    note: Note
    end: int
    pressed_tick: int

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Pull the end to the grid, never before the start."""
        end = rules.snap(self.note.end + at.tick - self.pressed_tick)
        return Step(replace(self, end=max(end, self.note.tick)))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Set the end."""
        changed = self.end != self.note.end
        return Step(IDLE, SetEnd(self.chart, self.note, self.end) if changed else None)


@dataclass(frozen=True, slots=True)
class Box:
    """A box from where the mouse was pressed to where it is."""

    start: Pointer
    now: Pointer
    add: bool

    @property
    def ticks(self) -> tuple[int, int]:
        """First and last tick."""
        low, high = sorted((self.start.tick, self.now.tick))
        return low, high

    @property
    def rows(self) -> tuple[float, float]:
        """Upper and lower edge, in lanes."""
        low, high = sorted((self.start.row, self.now.row))
        return low, high

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Pull the box."""
        return Step(replace(self, now=at))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Select what is in it; a click selects nothing."""
        chart = self.start.chart
        if max(abs(at.x - self.start.x), abs(at.y - self.start.y)) < SLACK_PX:
            return Step(IDLE, None if self.add else SelectNotes(chart, frozenset()))
        low, high = self.rows
        return Step(IDLE, SelectBox(chart, self.ticks, (floor(low), floor(high)), self.add))


@dataclass(frozen=True, slots=True)
class Erase:
    """Notes that the right button has passed."""

    chart: int
    notes: frozenset[Note]

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Take what is passed."""
        if at.note is None or at.chart != self.chart or at.zone is not Zone.STRIP:
            return Step(self)
        return Step(replace(self, notes=self.notes | {at.note}))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Delete what was passed."""
        return Step(IDLE, RemoveNotes(self.chart, self.notes) if self.notes else None)


State = Idle | Pan | Scrub | RulerPress | Range | Put | Press | Move | Stretch | Box | Erase

IDLE = Idle()


def chart_of(state: object) -> int | None:
    """The chart in whose strip a drag began, if in any."""
    match state:
        case Put(chart=chart) | Move(chart=chart) | Stretch(chart=chart) | Erase(chart=chart):
            return chart
        case Press(at=start) | Box(start=start):
            return start.chart
        case _:
            return None


def stands_still(state: object) -> object:
    """What of a drag shows in the picture behind it: notes that leave, a range pulled open."""
    match state:
        case Move(chart=chart, notes=notes) | Erase(chart=chart, notes=notes):
            return chart, notes
        case Stretch(chart=chart, note=note):
            return chart, note
        case Range():
            return state
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Step:
    """The state that an event leads to, and what is to be done about it."""

    state: State
    action: Action | None = None


def press(at: Pointer, button: Button, keys: Keys, rules: Rules) -> Step:
    """What a button going down begins."""
    if button is Button.MIDDLE or (
        button is Button.LEFT and keys.shift and at.zone is not Zone.RULER
    ):
        return Step(Pan(at.x))
    if at.zone is Zone.STRIP:
        return _press_on_strip(at, button, keys, rules)
    if button is not Button.LEFT:
        return Step(IDLE)
    if at.zone is Zone.RULER:
        return Step(RulerPress(at.x, at.tick, keys.shift))
    if at.zone in (Zone.WAVE, Zone.TEMPO):
        return Step(Scrub(), SeekPx(at.x))
    return Step(IDLE, SelectNotes(at.chart, frozenset()))


def _press_on_strip(at: Pointer, button: Button, keys: Keys, rules: Rules) -> Step:
    if button is Button.RIGHT:
        erased = frozenset({at.note} if at.note is not None and at.editable else ())
        return Step(Erase(at.chart, erased) if at.editable else IDLE)
    if keys.alt:
        return Step(Box(at, at, keys.ctrl))
    if at.note is not None:
        if at.part is Part.TAIL and at.editable and not keys.ctrl:
            return Step(Stretch(at.chart, at.note, at.note.end, at.tick))
        return Step(Press(at, at.note, keys.ctrl))
    if keys.ctrl or rules.tool == SELECT_TOOL or not at.editable or at.row < 0:
        return Step(Box(at, at, keys.ctrl))
    tick = rules.snap(at.tick)
    return Step(Put(at.chart, at.lane, tick, tick, at.tick))

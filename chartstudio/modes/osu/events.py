"""How the engine spells osu!standard: places by cells, sliders by speed, turn and direction.

A row is one object, since there is one cursor. It is spelled as an optional ``new-combo``, the
object, and its parts in the order of `PARTS`; then the end. A slider's length in pixels is not
said but follows from how long it takes and how fast the ball is, so that charts keep one
velocity where they mean to. Shapes are lines and arcs that stay on the field; a slider of any
other shape is spelled as the arc with the same ends' direction and as much of a turn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import EventRange
from chartstudio.core.note import Note
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.modes.lanes import HOLD_LENGTHS, nearest_length
from chartstudio.modes.osu.curve import span_path
from chartstudio.modes.osu.field import HEIGHT, KINDS, WIDTH, osu_note
from chartstudio.modes.osu.notes import Circle, OsuNote, Slider, Spinner

CELL_PX = 32
COLUMNS, ROWS = WIDTH // CELL_PX, HEIGHT // CELL_PX

SPANS = (1, 2, 3, 4)

SPEEDS = (35, 50, 70, 100, 140, 200, 280, 400)
"""How fast a ball runs, in osu! pixels a beat."""

TURNS_DEG = (0, 60, -60, 120, -120, 180, -180, 270, -270)
"""By how much a slider's direction changes from head to end; positive is clockwise on screen."""

N_DIRECTIONS = 16
"""Directions from a slider's head to its end, clockwise from the right."""

BODY = (2.0, 2.0, 510.0, 370.0)
"""Left, top, right and bottom of where sliders are put. Circles of any size on it are on a
4:3 screen."""

_SHORTEST_PX, _SHORTEST_ARC_PX = 16.0, 48.0
"""Control points are whole pixels; shorter ones would lose their shape."""

PARTS: dict[str, tuple[str, ...]] = {
    "circle": ("osu-x", "osu-y"),
    "slider": (
        "osu-x",
        "osu-y",
        "length",
        "slider-spans",
        "slider-speed",
        "slider-turn",
        "slider-direction",
    ),
    "spinner": ("length",),
}
"""What is said of an object, in order."""

EVENT_RANGES = (
    EventRange("end", 1),
    EventRange("new-combo", 1),
    EventRange("osu-object", len(KINDS)),
    EventRange("osu-x", COLUMNS),
    EventRange("osu-y", ROWS),
    EventRange("length", len(HOLD_LENGTHS)),
    EventRange("slider-spans", len(SPANS)),
    EventRange("slider-speed", len(SPEEDS)),
    EventRange("slider-turn", len(TURNS_DEG)),
    EventRange("slider-direction", N_DIRECTIONS),
)
"""Vocabulary. ``length`` is an index into `lanes.HOLD_LENGTHS`, the time from start to end."""

N_EVENTS = sum(r.size for r in EVENT_RANGES)

_MEANINGS = tuple((r.name, i) for r in EVENT_RANGES for i in range(r.size))
FIRST = {name: i for i, (name, value) in enumerate(_MEANINGS) if value == 0}
"""First event of each range."""

SIZE = {r.name: r.size for r in EVENT_RANGES}

LENGTHS_PX: NDArray[np.float64] = (
    np.array(HOLD_LENGTHS)[:, None, None]
    / TICKS_PER_BEAT
    * np.array(SPEEDS)
    / np.array(SPANS)[:, None]
)
"""Length of one span by ``length``, ``slider-spans`` and ``slider-speed``."""


# Shapes ----------------------------------------------------------------------------------


def _unit_arcs() -> NDArray[np.float64]:
    """Arcs of length 1 from the origin, shape (turns, directions, points, 2)."""
    along = np.linspace(0, 1, 65)
    found = np.empty((len(TURNS_DEG), N_DIRECTIONS, len(along), 2))
    for t, turn_deg in enumerate(TURNS_DEG):
        for d in range(N_DIRECTIONS):
            turn = math.radians(turn_deg)
            # The heading at the head is half a turn before the direction to the end.
            start = 2 * math.pi * d / N_DIRECTIONS - turn / 2
            if turn == 0:
                x, y = along * math.cos(start), along * math.sin(start)
            else:
                x = (np.sin(start + turn * along) - math.sin(start)) / turn
                y = (math.cos(start) - np.cos(start + turn * along)) / turn
            found[t, d] = np.stack((x, y), axis=1)
    return found


_ARCS = _unit_arcs()
_HALF = _ARCS.shape[2] // 2


def _room() -> NDArray[np.float64]:
    """The longest slider from each cell, by turn and direction: shape (16, 12, 9, 16)."""
    low, high = _ARCS.min(axis=2), _ARCS.max(axis=2)
    x = CELL_PX * (np.arange(COLUMNS) + 0.5)[:, None, None, None]
    y = CELL_PX * (np.arange(ROWS) + 0.5)[None, :, None, None]
    left, top, right, bottom = BODY
    tiny = 1e-9
    sides = (
        (x - left) / np.maximum(-low[..., 0], tiny),
        (right - x) / np.maximum(high[..., 0], tiny),
        (y - top) / np.maximum(-low[..., 1], tiny),
        (bottom - y) / np.maximum(high[..., 1], tiny),
    )
    found: NDArray[np.float64] = np.minimum.reduce(np.broadcast_arrays(*sides))
    return found


ROOM_PX = _room()

LEAST_PX = np.where(np.array(TURNS_DEG) == 0, _SHORTEST_PX, _SHORTEST_ARC_PX)
"""The shortest slider of each turn."""


def fits(column: int, row: int, length_px: float) -> NDArray[np.bool_]:
    """Which turns and directions keep a slider from a cell on the field, shape (9, 16)."""
    found: NDArray[np.bool_] = (LEAST_PX[:, None] <= length_px) & (
        length_px <= ROOM_PX[column, row]
    )
    return found


def longest_px(column: int, row: int) -> float:
    """The longest slider that fits from a cell; shorter ones do too, down to `LEAST_PX`."""
    return float(ROOM_PX[column, row].max())


def _centre(column: int, row: int) -> tuple[float, float]:
    return (CELL_PX * (column + 0.5), CELL_PX * (row + 0.5))


def _cell(x: float, y: float) -> tuple[int, int]:
    return (
        min(max(int(x // CELL_PX), 0), COLUMNS - 1),
        min(max(int(y // CELL_PX), 0), ROWS - 1),
    )


# Reading events --------------------------------------------------------------------------


@dataclass(slots=True)
class Spelling:
    """What the events of a row have said so far.

    Attributes
    ----------
    new_combo : bool
    kind : str
        Empty before the object is said.
    values : list of int
        Of the object's `PARTS`, as far as they are said.
    n_bad : int
        Events that made no sense and were skipped.
    """

    new_combo: bool = False
    kind: str = ""
    values: list[int] = field(default_factory=list)
    n_bad: int = 0

    @property
    def awaits(self) -> str:
        """The range that has to come next; empty when nothing is missing."""
        parts = PARTS.get(self.kind, ())
        return parts[len(self.values)] if len(self.values) < len(parts) else ""

    @property
    def is_whole(self) -> bool:
        """Whether an object was said with all its parts."""
        return bool(self.kind) and not self.awaits

    @classmethod
    def of(cls, events: Sequence[int]) -> Spelling:
        """Read events up to the end."""
        found = cls()
        for event in events:
            name, value = _MEANINGS[event] if 0 <= event < N_EVENTS else ("", 0)
            if name == "end":
                break
            if found.kind:
                if name and name == found.awaits:
                    found.values.append(value)
                else:
                    found.n_bad += 1
            elif name == "osu-object":
                found.kind = KINDS[value]
            elif name == "new-combo" and not found.new_combo:
                found.new_combo = True
            else:
                found.n_bad += 1
        return found


def decode(tick: int, events: Sequence[int]) -> tuple[tuple[Note, ...], int]:
    """The object of a row, and how many of its events made no sense.

    A slider that would leave the field runs at the nearest speed that keeps it there, which
    counts as one bad event; where none does, it is dropped.
    """
    spelling = Spelling.of(events)
    if not spelling.is_whole:
        return (), spelling.n_bad + (bool(spelling.kind) or spelling.new_combo)
    values, combo = spelling.values, spelling.new_combo
    if spelling.kind == "spinner":
        return (Spinner(tick, tick + HOLD_LENGTHS[values[0]], combo),), spelling.n_bad
    if spelling.kind == "circle":
        return (Circle(tick, tick, *_centre(*values), combo),), spelling.n_bad
    column, row, length, spans, speed, turn, direction = values
    legal = [
        s
        for s in range(len(SPEEDS))
        if fits(column, row, LENGTHS_PX[length, spans, s])[turn, direction]
    ]
    if not legal:
        return (), spelling.n_bad + 1
    nearest = min(legal, key=lambda s: abs(s - speed))
    slider = _slider(tick, [column, row, length, spans, nearest, turn, direction], combo)
    return (slider,), spelling.n_bad + (nearest != speed)


def _slider(tick: int, values: Sequence[int], new_combo: bool) -> Slider:
    column, row, length, spans, speed, turn, direction = values
    x, y = _centre(column, row)
    length_px = float(LENGTHS_PX[length, spans, speed])
    arc = np.rint((x, y) + length_px * _ARCS[turn, direction])
    curve, places = ("P", (_HALF, -1)) if TURNS_DEG[turn] else ("L", (-1,))
    points = tuple(("", *arc[i].tolist()) for i in places)
    end = tick + HOLD_LENGTHS[length]
    return Slider(tick, end, x, y, curve, points, length_px, SPANS[spans], new_combo)


# Writing events --------------------------------------------------------------------------


def encode(row: Sequence[Note]) -> tuple[int, ...]:
    """Events of the notes on one tick; of several at one time the first is spelled."""
    if not row:
        return (0,)
    note = osu_note(row[0])
    kind, values = _values(note)
    said = [("osu-object", KINDS.index(kind)), *zip(PARTS[kind], values, strict=True)]
    combo = (FIRST["new-combo"],) if note.new_combo else ()
    return (*combo, *(FIRST[name] + value for name, value in said), 0)


def _values(note: OsuNote) -> tuple[str, tuple[int, ...]]:
    if isinstance(note, Spinner):
        return "spinner", (nearest_length(note.end - note.tick),)
    cell = _cell(note.x, note.y)
    if isinstance(note, Circle) or note.end <= note.tick:
        return "circle", cell
    length = nearest_length(note.end - note.tick)
    spans = min(max(note.n_spans, SPANS[0]), SPANS[-1]) - 1
    shape = _nearest_shape(note, cell, LENGTHS_PX[length, spans])
    return "slider", (*cell, length, spans, *shape)


def _nearest_shape(
    slider: Slider, cell: tuple[int, int], lengths_px: NDArray[np.float64]
) -> tuple[int, int, int]:
    """Speed, turn and direction that come nearest to a slider and fit on the field.

    Some always do: the slowest of the longest sliders is shorter than `longest_px` everywhere.

    Parameters
    ----------
    slider : Slider
    cell : (int, int)
    lengths_px : ndarray, shape (speeds,)
        Length that each speed makes.
    """
    turn_deg, direction = _turn_and_direction(slider)
    beats = (slider.end - slider.tick) / TICKS_PER_BEAT
    px_per_beat = max(slider.length_px * max(slider.n_spans, 1) / beats, 1.0)
    speed_cost = np.abs(np.log2(np.array(SPEEDS) / px_per_beat)) * 2
    turn_cost = np.abs(np.array(TURNS_DEG) - turn_deg) / 60
    around = np.abs(np.arange(N_DIRECTIONS) - direction)
    direction_cost = np.minimum(around, N_DIRECTIONS - around)
    cost = speed_cost[:, None, None] + turn_cost[:, None] + direction_cost
    legal = np.stack([fits(*cell, length) for length in lengths_px.tolist()])
    speed, turn, to = np.unravel_index(np.argmin(np.where(legal, cost, np.inf)), cost.shape)
    return int(speed), int(turn), int(to)


_TURN_STEPS = np.radians(np.linspace(1e-3, 350, 500))
_CHORDS = np.sin(_TURN_STEPS / 2) / (_TURN_STEPS / 2)
"""Distance of an arc's ends as a share of its length, falling with its turn."""

_CLOSED = 0.02


def _turn_and_direction(slider: Slider) -> tuple[float, float]:
    """Turn of a slider's path in degrees, and its direction in sixteenths of a circle."""
    path = span_path(slider)
    along = path.points - path.points[0]
    x, y = along[-1].tolist()
    share = math.hypot(x, y) / path.length_px if path.length_px > 0 else 1.0
    turn_deg = math.degrees(float(np.interp(-min(share, 1.0), -_CHORDS, _TURN_STEPS)))
    area = float(np.sum(along[:-1, 0] * along[1:, 1] - along[1:, 0] * along[:-1, 1]))
    if share < _CLOSED and len(along) > 1:
        # A closed path leads nowhere; it has the direction that it sets out in.
        x, y = along[1].tolist()
    direction = math.atan2(y, x) / (2 * math.pi) * N_DIRECTIONS % N_DIRECTIONS
    return math.copysign(turn_deg, area), direction

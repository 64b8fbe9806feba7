"""The playfield of osu!standard: placing, naming and mirroring its objects.

It knows where things may lie and what they are called; not when, and not how well.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Axis, Spot
from chartstudio.core.note import Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.modes.osu.curve import path_of
from chartstudio.modes.osu.notes import Circle, OsuNote, Slider, Spinner
from chartstudio.modes.osu.timing import DEFAULT_MULTIPLIER

WIDTH, HEIGHT = 512, 384
"""The playfield in osu! pixels."""

CENTRE = (WIDTH / 2, HEIGHT / 2)

SCREEN = (-67.0, -60.0, 579.0, 428.0)
"""Left, top, right and bottom of a 4:3 screen in osu! pixels (osu!'s
``CheckOffscreenObjects``)."""

KINDS = ("circle", "slider", "spinner")

_TITLE = "osu!"
_PX_PER_BEAT = 100 * DEFAULT_MULTIPLIER


def osu_note(note: Note) -> OsuNote:
    """The note, known to be one of osu!standard.

    Raises
    ------
    ModeError
        When it is not.
    """
    if isinstance(note, Circle | Slider | Spinner):
        return note
    raise ModeError(f"a {type(note).__name__} is no note of {_TITLE}")


def osu_notes(notes: Iterable[Note]) -> tuple[OsuNote, ...]:
    """The notes, known to be of osu!standard."""
    return tuple(osu_note(n) for n in notes)


def kind_of(note: Note) -> str:
    """``circle``, ``slider`` or ``spinner``."""
    return type(osu_note(note)).__name__.lower()


def spot_of(note: Note) -> Spot:
    """Where a note lies.

    Returns
    -------
    tuple of float
        ``(x, y)``; for a slider ``(x, y, end_x, end_y, n_spans)``, the end of its path.
    """
    note = osu_note(note)
    if isinstance(note, Spinner):
        return CENTRE
    if isinstance(note, Slider):
        end_x, end_y = path_of(note)[-1].tolist()
        return (note.x, note.y, end_x, end_y, note.n_spans)
    return (note.x, note.y)


def counts(note: Note) -> bool:
    """Whether players call it a note: every kind."""
    return kind_of(note) in KINDS


def place(kind: str, tick: int, end: int, spot: Spot) -> Note:
    """A note on the playfield.

    Parameters
    ----------
    kind : str
    tick, end : int
        A slider or spinner without length is a circle.
    spot : tuple of float
        ``(x, y)``; a slider takes ``(x, y, end_x, end_y)`` too, and the number of spans after
        that, and is a straight line between the two. With ``(x, y)`` alone it runs level to
        the farther side, as long as the default velocity makes it and in so many spans that it
        stays on the field.

    Raises
    ------
    ModeError
        When osu! has no such kind, or the spot lies off the screen.
    """
    if kind not in KINDS:
        raise ModeError(f"{_TITLE} has no {kind}; it has {', '.join(KINDS)}")
    left, top, right, bottom = SCREEN
    for x, y in zip(spot[:4:2], spot[1:4:2], strict=False):
        if not (left <= x <= right and top <= y <= bottom):
            raise ModeError(f"{x:g}, {y:g} is off the screen; the field is {WIDTH} by {HEIGHT}")
    if len(spot) < 2:
        raise ModeError(f"a place in {_TITLE} is x and y")
    x, y = spot[:2]
    if kind == "circle" or end <= tick:
        return Circle(tick, tick, x, y)
    if kind == "spinner":
        return Spinner(tick, end)
    return _straight(tick, end, spot)


def _straight(tick: int, end: int, spot: Spot) -> Slider:
    x, y = spot[:2]
    if len(spot) >= 4 and tuple(spot[2:4]) != (x, y):
        length_px = math.dist(spot[:2], spot[2:4])
        n_spans = max(1, int(spot[4])) if len(spot) > 4 else 1
        return Slider(tick, end, x, y, "L", (("", spot[2], spot[3]),), length_px, n_spans)
    whole_px = (end - tick) / TICKS_PER_BEAT * _PX_PER_BEAT
    inside_x = min(max(x, 0.0), float(WIDTH))
    room_px = max(inside_x, WIDTH - inside_x)
    n_spans = max(1, math.ceil(whole_px / room_px))
    length_px = whole_px / n_spans
    tip = x + length_px if inside_x <= WIDTH / 2 else x - length_px
    return Slider(tick, end, x, y, "L", (("", tip, y),), length_px, n_spans)


def mirror(notes: Sequence[Note], axis: Axis) -> tuple[Note, ...]:
    """The notes across the middle of the playfield, curves and all."""
    return sort_notes(_mirrored(n, axis) for n in osu_notes(notes))


def _mirrored(note: OsuNote, axis: Axis) -> OsuNote:
    def turned(x: float, y: float) -> tuple[float, float]:
        return (x if axis == "vertical" else WIDTH - x, y if axis == "horizontal" else HEIGHT - y)

    if isinstance(note, Spinner):
        return note
    x, y = turned(note.x, note.y)
    if isinstance(note, Circle):
        return replace(note, x=x, y=y)
    points = tuple((letter, *turned(px, py)) for letter, px, py in note.points)
    return replace(note, x=x, y=y, points=points)


def conflicts(notes: Sequence[Note], new: Note) -> tuple[Note, ...]:
    """Notes that are going on at any time of the new one: there is one cursor."""
    return tuple(n for n in notes if n.tick <= new.end and n.end >= new.tick)


def facts(note: Note) -> dict[str, Any]:
    """What a listing says of a note: its place as in the file, and a slider's shape."""
    note = osu_note(note)
    x, y = (_plain(v) for v in spot_of(note)[:2])
    if not isinstance(note, Slider):
        return {"x": x, "y": y}
    return {
        "x": x,
        "y": y,
        "curve": note.curve,
        "points": [[_plain(px), _plain(py)] for _, px, py in note.points],
        "repeats": note.n_spans - 1,
        "length_px": _plain(note.length_px),
    }


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(value)


def radius_px(chart: Chart) -> float:
    """Radius of the chart's circles (osu!'s rule from circle size)."""
    size = chart.setting("cs")
    circle_size = min(max(float(size), 0.0), 10.0) if isinstance(size, int | float) else 5.0
    return 54.4 - 4.48 * circle_size

"""How each kind of note looks on a strip, as one table, and what a look leaves to each note.

A look says symbol, colour, size and body; which row a note lies in and what else differs
from note to note is in `Faces`. Knows kinds of note by name; knows no mode and no painter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

LIFT = 16
"""Lifts are counted in this part of a lane's height."""


class Body(Enum):
    """What a long note's length is drawn as."""

    HOLD = "hold"
    ROLL = "roll"
    SPAN = "span"
    """In the note's own colour, with a mark where it turns."""
    WALL = "wall"
    """Over the whole height of the rows it covers."""
    BEAM = "beam"
    """Over the upper third of each row it covers."""
    LINE = "line"
    """A line to the row in which it ends."""
    LINKS = "links"
    """The same, dotted."""


@dataclass(frozen=True, slots=True)
class NoteLook:
    """How notes of one sort look.

    Parameters
    ----------
    name : str
    kind : str
        What `sprites` draws it as: tap, mine, lift, fake.
    symbol : str
        Key of `sprites.SHAPES`; empty for that of the note's lane.
    colour : str
        ``#rrggbb``; empty where notes are coloured by snap or lane.
    scale : float
        Of the head.
    body : Body
    """

    name: str
    kind: str = "tap"
    symbol: str = ""
    colour: str = ""
    scale: float = 1.0
    body: Body = Body.HOLD


KINDS = ("tap", "hold", "roll", "mine", "lift", "fake")
"""Kinds of lane games; any that is in no table is drawn as a tap."""

DIRECTIONS = ("up", "down", "left", "right", "up-left", "up-right", "down-left", "down-right")
"""Directions of a cut, in the order in which files number them; the next number is any."""

ANY = len(DIRECTIONS)
RED, BLUE = "#e2474b", "#3f86f5"
DON, KAT, DRUMROLL = "#ee5a47", "#4a9be8", "#ffc857"
COMBO = ("#ffa94d", "#63d297", "#5aa9ff", "#ff7aa2")
"""Colours that combos take in turn where the map's own are not drawn."""

_LANES = (
    NoteLook("tap"),
    NoteLook("hold"),
    NoteLook("roll", body=Body.ROLL),
    NoteLook("mine", "mine"),
    NoteLook("lift", "lift"),
    NoteLook("fake", "fake"),
)
_DRUM = (
    NoteLook("don", symbol="drum", colour=DON),
    NoteLook("kat", symbol="drum", colour=KAT),
    NoteLook("big-don", symbol="drum", colour=DON, scale=1.5),
    NoteLook("big-kat", symbol="drum", colour=KAT, scale=1.5),
    NoteLook("drumroll", symbol="drum", colour=DRUMROLL, body=Body.SPAN),
    NoteLook("big-drumroll", symbol="drum", colour=DRUMROLL, scale=1.5, body=Body.SPAN),
    NoteLook("denden", symbol="denden", colour="#b48cff", scale=1.3, body=Body.SPAN),
)
_OBJECTS = (
    NoteLook("circle", symbol="ring", colour=COMBO[0]),
    NoteLook("slider", symbol="ring", colour=COMBO[0], body=Body.SPAN),
    NoteLook("spinner", symbol="denden", colour="#8a93a3", body=Body.SPAN),
)
_BLOCKS = tuple(
    look
    for hand, colour in (("red", RED), ("blue", BLUE))
    for look in (
        *(
            NoteLook(f"{hand}-{i}", symbol=f"cut-{name}", colour=colour, scale=0.9)
            for i, name in enumerate((*DIRECTIONS, "any"))
        ),
        *(
            NoteLook(f"{hand}-chain-{i}", symbol=f"chain-{name}", colour=colour, body=Body.LINKS)
            for i, name in enumerate((*DIRECTIONS, "any"))
        ),
        NoteLook(f"{hand}-arc", "lift", "dot", colour, 0.4, Body.LINE),
    )
)
_OBSTACLES = (
    NoteLook("bomb", "mine", colour="#c8ced8"),
    NoteLook("wall", symbol="dot", colour="#ff6b8a", scale=0.4, body=Body.WALL),
    NoteLook("beam", symbol="dot", colour="#ff6b8a", scale=0.4, body=Body.BEAM),
)

LOOKS: tuple[NoteLook, ...] = (*_LANES, *_DRUM, *_OBJECTS, *_BLOCKS, *_OBSTACLES)
"""Every look; `Faces.looks` counts in it."""

LOOK_INDEX = {look.name: i for i, look in enumerate(LOOKS)}

LOOK_RGB = np.array(
    [int(look.colour[1:], 16) | 0xFF000000 if look.colour else 0 for look in LOOKS], np.uint32
)
"""Own colour of each look as `QColor.rgb` gives it; 0 for none."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """What tells one note's picture from another's, as arrays of shape (N,).

    Parameters
    ----------
    looks : ndarray of int8
        Index into `LOOKS`.
    rows : ndarray of int16
        Row of the strip.
    lifts : ndarray of int8
        Below the middle of the row, in `LIFT` parts of its height.
    tints : ndarray of uint32
        Colour as `QColor.rgb` gives it; 0 for that of the look.
    widths : ndarray of int16
        Rows that the body covers, downwards.
    tails : ndarray of float32
        Rows further down, lifts included, at which a line ends.
    turns : ndarray of int16
        Parts that the body is marked into.
    """

    looks: NDArray[np.int8]
    rows: NDArray[np.int16]
    lifts: NDArray[np.int8]
    tints: NDArray[np.uint32]
    widths: NDArray[np.int16]
    tails: NDArray[np.float32]
    turns: NDArray[np.int16]

    @classmethod
    def of(cls, rows: Sequence[tuple[float, ...]]) -> Faces:
        """From one row of the seven values per note, in the order of the fields."""
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 7)
        looks, row, lifts, tints, widths, tails, turns = table.T
        return cls(
            looks.astype(np.int8),
            row.astype(np.int16),
            lifts.astype(np.int8),
            tints.astype(np.uint32),
            widths.astype(np.int16),
            tails.astype(np.float32),
            turns.astype(np.int16),
        )

    @classmethod
    def plain(cls, looks: NDArray[np.int8], rows: NDArray[np.int16]) -> Faces:
        """Notes in the middle of their rows, in the colours of their looks."""
        n = len(looks)
        return cls(
            looks,
            rows,
            np.zeros(n, np.int8),
            np.zeros(n, np.uint32),
            np.ones(n, np.int16),
            np.zeros(n, np.float32),
            np.ones(n, np.int16),
        )

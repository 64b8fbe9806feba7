"""Objects of Beat Saber as values: notes, bombs, walls, arcs, chains.

Columns count from the left (0 to 3), rows from the bottom (0 to 2); modded maps hold other
numbers, which are kept. Directions are the game's: 0 up, 1 down, 2 left, 3 right, 4 up-left,
5 up-right, 6 down-left, 7 down-right, 8 any. ``custom`` is the JSON text of what the file says
beyond these fields (custom data and keys that we do not know), empty for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

RED, BLUE = 0, 1


def _order(rank: int, x: int, y: int) -> int:
    """Objects of one time in order of their kind, then from left to right and upwards."""
    return (rank << 40) + (x << 20) + y


@dataclass(frozen=True, slots=True)
class ColorNote:
    """A block that is cut.

    Parameters
    ----------
    tick, end : int
        Equal.
    x, y : int
    color : int
        `RED` for the left hand, `BLUE` for the right.
    direction : int
    angle : int
        Degrees that the block is turned by besides, counter-clockwise.
    rotation : int
        Lane of a 360 degree chart, in degrees, where the object itself says it (version 4).
    custom : str
    """

    tick: int
    end: int
    x: int
    y: int
    color: int
    direction: int
    angle: int = 0
    rotation: int = 0
    custom: str = ""

    @property
    def order(self) -> int:
        """Notes come first."""
        return _order(self.color, self.x, self.y)


@dataclass(frozen=True, slots=True)
class Bomb:
    """A bomb, which must not be touched."""

    tick: int
    end: int
    x: int
    y: int
    rotation: int = 0
    custom: str = ""

    @property
    def order(self) -> int:
        """Bombs come after notes."""
        return _order(2, self.x, self.y)


@dataclass(frozen=True, slots=True)
class Wall:
    """An obstacle to dodge.

    ``x`` and ``y`` are its lower left corner, ``width`` and ``height`` in columns and rows;
    a full wall is 5 high from row 0, a crouch wall 3 high from row 2.
    """

    tick: int
    end: int
    x: int
    y: int
    width: int
    height: int
    rotation: int = 0
    custom: str = ""

    @property
    def order(self) -> int:
        """Walls come after bombs."""
        return _order(3, self.x, self.y)


@dataclass(frozen=True, slots=True)
class Arc:
    """A guide line from one note to another, without a score of its own.

    ``head_reach`` and ``tail_reach`` are the file's control point length multipliers,
    ``mid_anchor`` its mode of the middle (0 straight, 1 clockwise, 2 counter-clockwise).
    """

    tick: int
    end: int
    x: int
    y: int
    color: int
    direction: int
    tail_x: int
    tail_y: int
    tail_direction: int
    head_reach: float = 1.0
    tail_reach: float = 1.0
    mid_anchor: int = 0
    rotation: int = 0
    tail_rotation: int = 0
    custom: str = ""

    @property
    def order(self) -> int:
        """Arcs come after walls."""
        return _order(4 + self.color, self.x, self.y)


@dataclass(frozen=True, slots=True)
class Chain:
    """A note that is cut along ``n_slices`` links up to its tail.

    ``squish`` is how much of the way to the tail the links fill.
    """

    tick: int
    end: int
    x: int
    y: int
    color: int
    direction: int
    tail_x: int
    tail_y: int
    n_slices: int
    squish: float = 1.0
    rotation: int = 0
    tail_rotation: int = 0
    custom: str = ""

    @property
    def order(self) -> int:
        """Chains come last."""
        return _order(6 + self.color, self.x, self.y)


SaberNote = ColorNote | Bomb | Wall | Arc | Chain

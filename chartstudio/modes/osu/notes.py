"""Objects of osu!standard as values: circles, sliders, spinners.

Places are osu! pixels on a playfield of 512 x 384, and may lie outside of it. This module
knows no geometry of curves and no file.
"""

from __future__ import annotations

from dataclasses import dataclass

ControlPoint = tuple[str, float, float]
"""A slider's point ``(segment, x, y)``: ``segment`` is the curve letter that the file puts in
front of the point, which starts a segment of that type there; empty elsewhere."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A hit circle.

    Parameters
    ----------
    tick, end : int
        Equal.
    x, y : float
    new_combo : bool
    combo_skip : int
        Combo colours to pass over besides, 0 to 7.
    sound : str
        ``osu:`` and the file's hit sound and hit sample, as of `core.note.LaneNote`.
    """

    tick: int
    end: int
    x: float
    y: float
    new_combo: bool = False
    combo_skip: int = 0
    sound: str = ""

    @property
    def order(self) -> int:
        """Objects of one time keep the order in which they were made."""
        return 0


@dataclass(frozen=True, slots=True)
class Slider:
    """A slider: a curve run along once or several times, at one speed.

    Parameters
    ----------
    tick, end : int
        From the head to the end of the last span. The end is the author's; the speed follows
        from it and ``length_px``.
    x, y : float
        The head, which is the curve's first point.
    curve : str
        Type of the first segment: ``B`` Bezier, ``L`` linear, ``P`` perfect circle,
        ``C`` Catmull, ``B3`` a B-spline of degree 3.
    points : tuple of ControlPoint
        The points after the head, absolute. A Bezier point given twice ends a segment.
    length_px : float
        Length of one span; the curve is cut or stretched along its last line to it.
    n_spans : int
        1 for a slider without repeats.
    new_combo, combo_skip
        As of `Circle`.
    sound : str
        ``osu:`` and the file's hit sound, edge sounds, edge sets and hit sample, as far as it
        has them.
    """

    tick: int
    end: int
    x: float
    y: float
    curve: str
    points: tuple[ControlPoint, ...]
    length_px: float
    n_spans: int = 1
    new_combo: bool = False
    combo_skip: int = 0
    sound: str = ""

    @property
    def order(self) -> int:
        """Objects of one time keep the order in which they were made."""
        return 0


@dataclass(frozen=True, slots=True)
class Spinner:
    """A spinner, in the middle of the playfield.

    Parameters
    ----------
    tick, end : int
    new_combo, combo_skip, sound
        As of `Circle`.
    """

    tick: int
    end: int
    new_combo: bool = False
    combo_skip: int = 0
    sound: str = ""

    @property
    def order(self) -> int:
        """Objects of one time keep the order in which they were made."""
        return 0


OsuNote = Circle | Slider | Spinner

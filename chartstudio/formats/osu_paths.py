"""The path of a slider as a .osu file spells it: letters and points, and back.

Rules are those of osu!'s ``ConvertHitObjectParser``. It knows spelling, not shapes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

from chartstudio.formats.osu_lines import to_float
from chartstudio.formats.text import plain
from chartstudio.modes.osu.curve import length_of
from chartstudio.modes.osu.notes import ControlPoint

MAX_COORDINATE = 131_072.0
"""What osu! reads at most, of places and of lengths."""

_LETTERS = ("L", "P")
_MAX_POINTS = 128
_MAX_DEGREE_DIGITS = 9


def read_coordinate(text: str, whole: bool) -> float:
    """A coordinate; before osu! (lazer) its fraction is cut off.

    Raises
    ------
    ValueError
        When it is no number or too large.
    """
    value = to_float(text, MAX_COORDINATE)
    return float(int(value)) if whole else value


def read_path(text: str, whole: bool) -> tuple[str, tuple[ControlPoint, ...]]:
    """The first segment's type and all points.

    Parameters
    ----------
    text : str
        ``B|100:50|P|20:30``: a letter in front of a point starts a segment there.
    whole : bool
        Whether coordinates lose their fractions.

    Raises
    ------
    ValueError
        When osu! would skip the slider.
    """
    first, *items = text.split("|")
    if not first:
        raise ValueError("a slider needs the type of its path")
    points: list[ControlPoint] = []
    letter = ""
    for item in items:
        if item[:1].isalpha():
            letter = _segment(item)
            continue
        x, *rest = item.split(":")
        if not rest:
            raise ValueError(f"{item[:30]!r} is no point")
        points.append((letter, read_coordinate(x, whole), read_coordinate(rest[0], whole)))
        letter = ""
    return _segment(first), tuple(points)


def _segment(text: str) -> str:
    """Type of a segment: a letter that osu! does not know is Catmull to it."""
    letter, degree = text[0], text[1:]
    if letter == "B":
        is_degree = degree.isascii() and degree.isdecimal() and len(degree) <= _MAX_DEGREE_DIGITS
        return f"B{int(degree)}" if is_degree and int(degree) > 0 else "B"
    return letter if letter in _LETTERS else "C"


def path_text(curve: str, points: Iterable[ControlPoint]) -> str:
    """The path's spelling; the inverse of `read_path`."""
    items = [_segment(curve or "L")]
    for letter, x, y in points:
        if letter:
            items.append(_segment(letter))
        items.append(f"{plain(x)}:{plain(y)}")
    return "|".join(items)


def played_px(
    curve: str, x: float, y: float, points: tuple[ControlPoint, ...], said_px: float
) -> float:
    """Length of one span as the game plays it (`modes.osu.curve.length_of`).

    It is nearly always what the line says, which costs nothing. Of paths that have to be
    measured, those with very many points count as straight lines, so that no file takes long.

    Parameters
    ----------
    curve, x, y, points
        As of `modes.osu.notes.Slider`.
    said_px : float
        0 where the line says none.
    """
    if said_px > 0 and points and points[-1][1:] != (points[-2][1:] if points[1:] else (x, y)):
        return said_px
    if len(points) <= _MAX_POINTS:
        return _measured_px(curve, x, y, points, said_px)
    places = [(x, y), *((px, py) for _, px, py in points)]
    straight_px = sum(math.dist(a, b) for a, b in pairwise(places))
    return min(said_px, straight_px) if said_px > 0 else straight_px


_measured_px = lru_cache(maxsize=2048)(length_of)

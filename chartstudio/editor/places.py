"""Where notes lie in the space of their game, as far as every game spells it alike.

A place is a field by name: ``lane`` in lane games; ``x`` and ``y`` elsewhere, with ``tail_x``
and ``tail_y`` where a note ends in another place, and ``points`` where it runs along a curve.
This module knows these names and no game.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from typing import Any

from chartstudio.core.note import N, Note

_Move = Callable[[Any, float, float], Any]


def _points(points: Any, dx: float, dy: float) -> Any:
    return tuple((segment, x + dx, y + dy) for segment, x, y in points)


_MOVES: Mapping[str, _Move] = {
    "lane": lambda value, dx, dy: value + dx,
    "x": lambda value, dx, dy: value + dx,
    "tail_x": lambda value, dx, dy: value + dx,
    "y": lambda value, dx, dy: value + dy,
    "tail_y": lambda value, dx, dy: value + dy,
    "points": _points,
}
"""How each field that is a place follows a move."""

_OWN = frozenset({"tick", "end", "kind"})
"""Fields that say what a note is; two notes never share them by chance."""


def displaced(note: N, dx: float, dy: float) -> N:
    """The note moved in its space; one without a place, such as a spinner, stays.

    Parameters
    ----------
    note : Note
    dx, dy : float
        In the unit of the game's space; integers where that counts columns and rows.
    """
    whole: Any = note
    moved = {
        f.name: _MOVES[f.name](getattr(whole, f.name), dx, dy)
        for f in fields(whole)
        if f.name in _MOVES
    }
    return replace(whole, **moved) if moved else note


def with_details_of(old: Note, new: Note) -> Note:
    """The new note with what the old one says beyond place and kind: its sample, its combo.

    A detail is a field with a default that the new note does not set itself.
    """
    whole: Any = new
    details = {
        f.name: getattr(old, f.name)
        for f in fields(whole)
        if f.name not in _OWN
        and f.default is not MISSING
        and getattr(whole, f.name) == f.default
        and hasattr(old, f.name)
    }
    return replace(whole, **details) if details else new

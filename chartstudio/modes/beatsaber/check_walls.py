"""Checks of walls: lengths, notes inside them, and walls that nobody can dodge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from chartstudio.core.mode import Issue
from chartstudio.core.note import sort_notes
from chartstudio.core.song import Chart
from chartstudio.modes.beatsaber.notes import Bomb, Wall
from chartstudio.modes.beatsaber.scene import Scene, without
from chartstudio.modes.beatsaber.space import N_COLUMNS, N_ROWS, place_of

_CENTRE = frozenset({1, 2})
_ALL = frozenset(range(N_COLUMNS))
_LOWEST_DUCK = 1
"""A wall that starts above this row leaves room to duck under."""


def check_wall_sizes(scene: Scene) -> Iterator[Issue]:
    """Walls without a length or size, or with a negative one."""
    for wall in scene.walls:
        first, last = min(wall.tick, wall.end), max(wall.tick, wall.end)
        if wall.end < wall.tick:
            text = "A wall that ends before it starts: the game behaves in odd ways"
            yield Issue("negative-wall", "warning", text, first, last, _turned(wall))
        elif wall.end == wall.tick:
            yield Issue("empty-wall", "hint", "A wall without length", first, last, without(wall))
        if wall.width <= 0 or wall.height <= 0:
            text = f"A wall {wall.width} wide and {wall.height} high"
            yield Issue("wall-size", "hint", text, first, last)


def _turned(wall: Wall) -> Callable[[Chart], Chart]:
    """A fix: the wall with its two ends exchanged."""

    def fix(chart: Chart) -> Chart:
        right = replace(wall, tick=wall.end, end=wall.tick)
        return replace(chart, notes=sort_notes(right if n == wall else n for n in chart.notes))

    return fix


def check_notes_in_walls(scene: Scene) -> Iterator[Issue]:
    """Notes where a wall stands; the saber may enter, the eye cannot."""
    notes = scene.cut.notes
    ticks = np.array([n.tick for n in notes], dtype=np.int64)
    for wall in scene.walls:
        low, high = np.searchsorted(ticks, (wall.tick, wall.end))
        if low == high:
            continue
        left, bottom = place_of(wall.x), place_of(wall.y)
        right, top = left + wall.width, bottom + wall.height
        for note in notes[low:high]:
            x, y = place_of(note.x), place_of(note.y)
            if left <= x < right and bottom <= y < top and not isinstance(note, Bomb):
                text = "A note inside a wall"
                yield Issue("note-in-wall", "warning", text, note.tick, note.tick)


def check_dodging(scene: Scene) -> Iterator[Issue]:
    """Walls that leave no room for the head: over all columns, or over both in the middle."""
    standing: list[Wall] = []
    before: frozenset[int] = frozenset()
    for wall in sorted((w for w in scene.walls if _at_head(w)), key=lambda w: w.tick):
        standing = [w for w in standing if w.end > wall.tick]
        standing.append(wall)
        covered = frozenset(c for w in standing for c in _columns(w))
        shared_until = min(w.end for w in standing)
        if covered >= _ALL and not before >= _ALL:
            text = "Walls over all four columns: there is no way round or under"
            yield Issue("wall-everywhere", "error", text, wall.tick, shared_until)
        elif covered >= _CENTRE and not before >= _CENTRE:
            text = "Walls over both middle columns: the player has to step aside"
            yield Issue("wall-in-centre", "warning", text, wall.tick, shared_until)
        before = covered


def _at_head(wall: Wall) -> bool:
    """Whether ducking does not help: it reaches from the chest or below to over the head."""
    bottom = place_of(wall.y)
    return wall.end > wall.tick and bottom <= _LOWEST_DUCK and bottom + wall.height >= N_ROWS


def _columns(wall: Wall) -> range:
    left = place_of(wall.x)
    return range(max(int(left), 0), min(int(left + wall.width), N_COLUMNS))

"""Checks of walls: lengths, notes inside them, and walls that nobody can dodge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Issue, Severity
from chartstudio.core.note import sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import Ticks
from chartstudio.modes.beatsaber.notes import Wall
from chartstudio.modes.beatsaber.scene import Scene, without
from chartstudio.modes.beatsaber.space import N_COLUMNS, N_ROWS, place_of

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
    """Notes where a wall stands; the saber may enter, the eye cannot. One issue for a note.

    Takes time linear in notes and walls for each cell that holds notes, however many walls
    stand at once.
    """
    notes = scene.cut.notes
    if not notes or not scene.walls:
        return
    stretches = _Stretches.of(scene.walls)
    cells: dict[tuple[int, int], list[int]] = {}
    for i, note in enumerate(notes):
        cells.setdefault((note.x, note.y), []).append(i)
    ticks = np.array([n.tick for n in notes], dtype=np.int64)
    inside = np.zeros(len(notes), dtype=bool)
    for (x, y), indices in cells.items():
        inside[indices] = stretches.hold(place_of(x), place_of(y), ticks[indices])
    for tick in ticks[inside].tolist():
        yield Issue("note-in-wall", "warning", "A note inside a wall", tick, tick)


@dataclass(frozen=True, slots=True, eq=False)
class _Stretches:
    """Where and when walls stand, by when they start.

    Parameters
    ----------
    sides : ndarray of float64, shape (4, N)
        Left, right, bottom and top; right and top do not belong to the wall.
    spans : ndarray of int64, shape (2, N)
        First tick, and the one after the last.
    """

    sides: NDArray[np.float64]
    spans: NDArray[np.int64]

    @classmethod
    def of(cls, walls: Sequence[Wall]) -> _Stretches:
        corners = np.array([(place_of(w.x), place_of(w.y)) for w in walls]).T
        sizes = np.array([(w.width, w.height) for w in walls], dtype=np.float64).T
        spans = np.array([(w.tick, w.end) for w in walls], dtype=np.int64).T
        sides = np.stack((corners[0], corners[0] + sizes[0], corners[1], corners[1] + sizes[1]))
        order = np.argsort(spans[0], kind="stable")
        return cls(sides[:, order], spans[:, order])

    def hold(self, x: float, y: float, ticks: Ticks) -> NDArray[np.bool_]:
        """Whether a wall stands in a cell at each of the ticks."""
        left, right, bottom, top = self.sides
        here = (left <= x) & (x < right) & (bottom <= y) & (y < top)
        starts, ends = self.spans[:, here]
        if not len(starts):
            return np.zeros(len(ticks), dtype=bool)
        until = np.maximum.accumulate(ends)
        n_started = np.searchsorted(starts, ticks, "right")
        return (n_started > 0) & (until[n_started - 1] > ticks)


_TIGHT: Mapping[frozenset[int], tuple[str, Severity, str]] = {
    frozenset({1, 2}): (
        "wall-in-centre",
        "warning",
        "Walls over both middle columns: the player has to step aside",
    ),
    frozenset(range(N_COLUMNS)): (
        "wall-everywhere",
        "error",
        "Walls over all four columns: there is no way round or under",
    ),
}
"""Columns that must not all be walled off, the more serious last."""


def check_dodging(scene: Scene) -> Iterator[Issue]:
    """Walls that leave no room for the head: over all columns, or over both in the middle.

    One issue for each stretch of time, however many walls make it up.
    """
    rules = list(_TIGHT.values())
    since: dict[int, int] = {}
    before = 0
    for tick, tightness in _tightness(w for w in scene.walls if _at_head(w)):
        for over in [t for t in since if t > tightness]:
            issue, severity, text = rules[over - 1]
            yield Issue(issue, severity, text, since.pop(over), tick)
        if tightness > before:
            since[tightness] = tick
        before = tightness


def _tightness(walls: Iterable[Wall]) -> Iterator[tuple[int, int]]:
    """When walls start or end, and how many of `_TIGHT` hold from then on; 0 at last."""
    changes: dict[int, list[int]] = {}
    for wall in walls:
        columns = _columns(wall)
        for tick, by in ((wall.tick, 1), (wall.end, -1)):
            change = changes.setdefault(tick, [0] * N_COLUMNS)
            for column in columns:
                change[column] += by
    standing = [0] * N_COLUMNS
    for tick in sorted(changes):
        standing = [n + by for n, by in zip(standing, changes[tick], strict=True)]
        yield tick, sum(all(standing[c] for c in columns) for columns in _TIGHT)


def _at_head(wall: Wall) -> bool:
    """Whether ducking does not help: it reaches from the chest or below to over the head."""
    bottom = place_of(wall.y)
    return wall.end > wall.tick and bottom <= _LOWEST_DUCK and bottom + wall.height >= N_ROWS


def _columns(wall: Wall) -> range:
    left = place_of(wall.x)
    return range(max(int(left), 0), min(int(left + wall.width), N_COLUMNS))

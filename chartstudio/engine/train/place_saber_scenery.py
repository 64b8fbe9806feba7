"""Walls and bombs round cuts that are placed already.

Walls stand in the outer columns where nothing is cut for as long as a held sound lasts, or
for a moment at the start of a measure; bombs hang in the corners above low doubles. Neither
may be in anyone's way: one wall at a time, no note inside, no bomb within a cell of a cut.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from chartstudio.core.mode import Mode, RowContext
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.train.moments import Moment, Scene
from chartstudio.engine.train.place_saber_rules import (
    HANDS,
    N_CELLS,
    N_COLUMNS,
    N_CUTS,
    N_DIRECTIONS,
    N_ROWS,
)
from chartstudio.modes.lanes import HOLD_LENGTHS

Row = tuple[int, list[int]]
"""Tick, and the events there."""

_SIDES = (0, N_COLUMNS - 1)
_BEFORE_NOTE = TICKS_PER_BEAT // 4
_SHORT_WALL = TICKS_PER_BEAT // 2
_LONGEST_WALL = 4 * TICKS_PER_BEAT
_ALONE_S = 0.3
"""Bombs keep this far from the rows before and after."""


def decorate(
    rows: Sequence[Row], moments: Sequence[Moment], scene: Scene, rng: np.random.Generator
) -> None:
    """Add events of walls and bombs to rows.

    Parameters
    ----------
    rows : sequence of (tick, list of int)
        By time; the lists grow.
    moments : sequence of Moment
        One for each row.
    scene : Scene
    rng : Generator
    """
    cells = [_cells(scene.mode, events) for _, events in rows]
    _add_bombs(rows, moments, cells, scene, rng)
    _add_walls(rows, moments, cells, scene, rng)


def _cells(mode: Mode, events: Sequence[int]) -> list[set[int]]:
    """Cells that each hand cuts."""
    firsts = [mode.event(f"{hand}-cut") for hand in HANDS]
    return [
        {(e - first) // N_DIRECTIONS for e in events if 0 <= e - first < N_CUTS} for first in firsts
    ]


# Bombs -----------------------------------------------------------------------------------


def _add_bombs(
    rows: Sequence[Row],
    moments: Sequence[Moment],
    cells: Sequence[Sequence[set[int]]],
    scene: Scene,
    rng: np.random.Generator,
) -> None:
    """Bombs in the top corners over accents that both hands cut.

    Only there: a bomb that comes between two swings of a hand would send it back.
    """
    liking = scene.habits.get("bombs", 0.3)
    times = scene.timing.seconds_at(np.array([tick for tick, _ in rows], dtype=np.int64))
    alone = np.diff(times, prepend=-np.inf, append=np.inf) >= _ALONE_S
    first = scene.mode.event("bomb-cell")
    corners = [(N_ROWS - 1) * N_COLUMNS + x for x in _SIDES]
    for i, (tick, events) in enumerate(rows):
        if not all(cells[i]) or moments[i].size < 2 or not (alone[i] and alone[i + 1]):
            continue
        if max(map(max, cells[i])) >= N_COLUMNS or rng.random() > 0.6 * liking:
            continue
        context = RowContext(tick, scene.timing, (), (), (), scene.skill)
        legal = scene.mode.grammar(context).mask(events)
        events += [first + cell for cell in corners if legal[first + cell]]


# Walls -----------------------------------------------------------------------------------


def _add_walls(
    rows: Sequence[Row],
    moments: Sequence[Moment],
    cells: Sequence[Sequence[set[int]]],
    scene: Scene,
    rng: np.random.Generator,
) -> None:
    """Walls at the sides: full ones where the column is free, else above the middle row."""
    liking = scene.habits.get("walls", 0.5)
    bombs, first = scene.mode.event("bomb-cell"), scene.mode.event("wall-shape")
    used: list[list[int]] = [[] for _ in range(N_CELLS)]
    for i, (tick, events) in enumerate(rows):
        here = set().union(*cells[i], (e - bombs for e in events if bombs <= e < first))
        for cell in here:
            used[cell].append(tick)
    starts = set(scene.starts.tolist())
    until, side = 0, int(rng.integers(2))
    for (tick, events), moment in zip(rows, moments, strict=True):
        chance = 0.9 if moment.hold else 0.8 if tick in starts else 0.25
        if tick < until or rng.random() > chance * liking:
            continue
        wanted = min(moment.hold or _SHORT_WALL, _LONGEST_WALL)
        for x, y in ((_SIDES[side], 0), (_SIDES[1 - side], 0), (_SIDES[side], N_ROWS - 1)):
            free = min(_next(used[row * N_COLUMNS + x], tick) for row in range(y, N_ROWS))
            room = min(wanted, free - tick - _BEFORE_NOTE)
            lengths = [n for n in range(len(HOLD_LENGTHS)) if HOLD_LENGTHS[n] <= room]
            if lengths:
                length = lengths[-1]
                events += [first + y * N_COLUMNS + x, scene.mode.event("wall-length", length)]
                until = tick + HOLD_LENGTHS[length]
                side = 1 - side
                break


def _next(ticks: Sequence[int], tick: int) -> int:
    """The next tick of a sorted list, far ahead where there is none."""
    at = bisect_left(ticks, tick)
    return ticks[at] if at < len(ticks) else tick + 64 * TICKS_PER_BEAT

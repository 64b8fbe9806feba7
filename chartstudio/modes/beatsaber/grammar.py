"""Which events may come next: what hands can do, by the rules that the checks report.

The grammar is stricter than the checks' errors: it also keeps a draft from most of what they
warn of, at the pace that the asked level allows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import RowContext
from chartstudio.core.timing import TimingMap
from chartstudio.modes.beatsaber.check_sight import clash, hides, hiding_span_of, swung_into
from chartstudio.modes.beatsaber.events import (
    END,
    FIRST_BOMB,
    FIRST_CUT,
    FIRST_LENGTH,
    FIRST_WALL,
    N_CELLS,
    N_CUTS,
    N_DIRECTIONS,
    N_EVENTS,
    WALL_LENGTHS,
    WALL_SHAPES,
    cell_index,
    note_of,
)
from chartstudio.modes.beatsaber.flow import (
    PAUSE_S,
    SAME_TIME_S,
    SLIDER_S,
    Parity,
    Struck,
    Swing,
    hand_swings,
    side_for,
    strain,
    struck_notes,
    wrist_roll,
)
from chartstudio.modes.beatsaber.notes import BLUE, RED, Bomb, ColorNote, SaberNote, Wall
from chartstudio.modes.beatsaber.space import (
    ANGLES,
    ANY,
    N_COLUMNS,
    N_ROWS,
    between,
    in_grid,
    saber_notes,
    unit,
)

LEAST_GAP_S = (0.26, 0.22, 0.14, 0.13, 0.10)
"""Shortest time between two swings of a hand, by rank."""

TURNS = ((0.2, 68.0), (0.8, 95.0))
"""Below each time between two swings, the most that the second may turn off the way back."""

_AFTER_DOT_S = SLIDER_S + SAME_TIME_S
_SOON_S = 0.5
_EASY_STRAIN = 30.0
_RECENT = 24
_FUSED_S = 0.06
_CROSSING_LEVEL = 4.0
_STACK_LEVELS = (2.5, 4.5)
"""From these levels on a hand may cut two, then three notes at once."""

_WALL_LENGTHS = np.array(WALL_LENGTHS)

Mask = NDArray[np.bool_]


class SaberGrammar:
    """Legal events of one row, given the notes around it.

    Parameters
    ----------
    context : RowContext
    """

    def __init__(self, context: RowContext) -> None:
        before = saber_notes(
            (
                *(n for n in context.before[:-_RECENT] if n.end > context.tick),
                *context.before[-_RECENT:],
            )
        )
        here, after = saber_notes(context.here), saber_notes(context.after)
        now_s = context.timing.seconds_at(context.tick)
        self._given = bool(here)
        self._n_stack = 1 + sum(context.level >= level for level in _STACK_LEVELS)
        edges = _edges(context, now_s)
        cells = _free_cells(context.tick, edges, (before, here, after))
        seen = _seen_cells(edges, (before, after))
        self._cells = cells
        swings = _last_swings(before, context.timing)
        self._cuts = [
            (cells & seen & _reach(hand, context.level))[:, None]
            & _cuts_of(swings[hand], hand, context, now_s, (here, after))
            for hand in (RED, BLUE)
        ]
        for note in here:
            if isinstance(note, ColorNote) and (cut := _cut_index(note)) is not None:
                for hand in (RED, BLUE):
                    if hand != note.color:
                        self._cuts[hand] &= _clear_of(note.color, cut)
        self._here_cuts = any(isinstance(n, ColorNote) for n in here)
        self._room = _room_for_walls(context, (before, here, after))

    def mask(self, events: Sequence[int]) -> Mask:
        """Legal next events; see `core.mode.Grammar`."""
        legal = np.zeros(N_EVENTS, dtype=bool)
        if events and FIRST_WALL <= events[-1] < FIRST_LENGTH:
            legal[FIRST_LENGTH:] = self._room >= _WALL_LENGTHS
            return legal
        row = [n for e in events if (n := note_of(e, 0)) is not None]
        cuts = [n for n in row if isinstance(n, ColorNote)]
        cells = self._cells.copy()
        for note in row:
            if not isinstance(note, Wall):
                cells[cell_index(note.x, note.y)] = False
        for hand in (RED, BLUE):
            allowed = self._cuts[hand]
            if row:
                allowed = allowed & cells[:, None] & self._beside(hand, cuts)
            legal[FIRST_CUT[hand] : FIRST_CUT[hand] + N_CUTS] = allowed.ravel()
        if cuts or self._here_cuts:
            legal[FIRST_BOMB:FIRST_WALL] = cells & _out_of_paths(cuts)
            if self._room >= WALL_LENGTHS[0] and not any(isinstance(n, Wall) for n in row):
                legal[FIRST_WALL:FIRST_LENGTH] = _shapes_beside(row)
        if events:
            legal[: max(events) + 1] = False
        legal[END] = bool(row) or self._given or not legal.any()
        return legal

    def _beside(self, hand: int, cuts: Sequence[ColorNote]) -> Mask:
        """Cuts of a hand that go with those already in the row."""
        allowed = np.ones((N_CELLS, N_DIRECTIONS), dtype=bool)
        own = [n for n in cuts if n.color == hand]
        if len(own) >= self._n_stack:
            allowed[:] = False
        elif own:
            allowed &= _stacked_on(own)
        for other in cuts:
            cut = _cut_index(other)
            if other.color != hand and cut is not None:
                allowed &= _clear_of(other.color, cut)
        return allowed


Around = tuple[Sequence[SaberNote], Sequence[SaberNote], Sequence[SaberNote]]
"""Notes before, on and after the row."""


# Cells -----------------------------------------------------------------------------------


class _Edges(NamedTuple):
    """Ticks around a row between which other notes matter, on either side of it."""

    fused: tuple[int, int]
    nearest: tuple[int, int]
    farthest: tuple[int, int]


def _edges(context: RowContext, now_s: float) -> _Edges:
    nearest_s, farthest_s = hiding_span_of(context.level)
    # Looked up at once: a single time costs as much as a hundred.
    around_s = np.array([[-1.0], [1.0]]) * (_FUSED_S, nearest_s, farthest_s)
    before, after = context.timing.tick_at(now_s + around_s).tolist()
    return _Edges(*zip(before, after, strict=True))


def _free_cells(tick: int, edges: _Edges, around: Around) -> Mask:
    """Cells where no other block is, or is about to be, and no wall stands."""
    free = np.ones(N_CELLS, dtype=bool)
    first, last = edges.fused
    for notes in around:
        for note in notes:
            if isinstance(note, Wall):
                if note.tick <= tick < note.end:
                    for x, y in _cells_of(note):
                        free[cell_index(x, y)] = False
            elif first <= note.tick <= last and in_grid(note.x, note.y):
                free[cell_index(note.x, note.y)] = False
    return free


def _cells_of(wall: Wall) -> Iterable[tuple[int, int]]:
    columns = range(max(wall.x, 0), min(wall.x + wall.width, N_COLUMNS))
    rows = range(max(wall.y, 0), min(wall.y + wall.height, N_ROWS))
    return ((x, y) for x in columns for y in rows)


def _seen_cells(edges: _Edges, sides: tuple[Sequence[SaberNote], Sequence[SaberNote]]) -> Mask:
    """Cells that neither are hidden by a note before them nor hide one after them."""
    seen = np.ones(N_CELLS, dtype=bool)
    near, far = edges.nearest, edges.farthest
    for note in reversed(sides[0]):
        if note.tick < far[0]:
            break
        if note.tick <= near[0] and isinstance(note, ColorNote) and _in_sight(note):
            for y in (1, 2):
                seen[cell_index(note.x, y)] = False
    for note in sides[1]:
        if note.tick > far[1]:
            break
        if note.tick >= near[1] and isinstance(note, ColorNote):
            for x in (1, 2):
                if hides(x, note.x, note.y):
                    seen[cell_index(x, 1)] = False
    return seen


def _in_sight(note: ColorNote) -> bool:
    return note.y == 1 and note.x in (1, 2)


def _reach(hand: int, level: float) -> Mask:
    """Cells that a hand may go to: not the far column on the lower levels."""
    reach = np.ones(N_CELLS, dtype=bool)
    if level < _CROSSING_LEVEL:
        reach[(N_COLUMNS - 1 if hand == RED else 0) :: N_COLUMNS] = False
    return reach


# Cuts ------------------------------------------------------------------------------------


def _cuts_of(
    swing: Swing | None,
    hand: int,
    context: RowContext,
    now_s: float,
    sides: tuple[Sequence[SaberNote], Sequence[SaberNote]],
) -> Mask:
    """Directions that a hand may cut after its last swing, shape (9,)."""
    here, after = sides
    allowed = np.zeros(N_DIRECTIONS, dtype=bool)
    if any(isinstance(n, ColorNote) and n.color == hand for n in here):
        return allowed
    gap_s = _least_gap_s(context.level)
    following = _next_struck(hand, after, context.timing)
    if swing is not None and now_s - swing.end_s < (
        # An arrow so soon after a dot would be read as its slider, and turn it.
        gap_s if swing.arrow else max(gap_s, _AFTER_DOT_S)
    ):
        return allowed
    if following is not None and following.time_s - now_s < gap_s:
        return allowed
    allowed[ANY] = following is None or following.time_s - now_s >= _AFTER_DOT_S
    allowed[:ANY] = _flowing(hand, swing, now_s)
    if following is not None and following.angle is not None:
        most = _most_turn(following.time_s - now_s)
        allowed[:ANY] &= [between(following.angle, angle + 180.0) <= most for angle in ANGLES]
    return allowed


@lru_cache(maxsize=64)
def _least_gap_s(level: float) -> float:
    return float(np.interp(level, range(1, 6), LEAST_GAP_S))


def _last_swings(before: Sequence[SaberNote], timing: TimingMap) -> list[Swing | None]:
    """The last swing of each hand, red first."""
    bombs = [n for n in before if isinstance(n, Bomb)]
    found: list[Swing | None] = []
    for hand, struck in enumerate(struck_notes(before, timing)):
        newest = deque(hand_swings(hand, struck, bombs, timing), maxlen=1)
        found.append(newest[0] if newest else None)
    return found


def _next_struck(hand: int, after: Sequence[SaberNote], timing: TimingMap) -> Struck | None:
    for note in after:
        if isinstance(note, ColorNote) and note.color == hand:
            return struck_notes((note,), timing)[hand][0]
    return None


def _flowing(hand: int, before: Swing | None, now_s: float) -> tuple[bool, ...]:
    """Which arrows follow well on the hand's last swing."""
    gap_s = PAUSE_S if before is None else now_s - before.end_s
    if before is None or gap_s >= PAUSE_S:
        return _flowing_anew(hand)
    held = (before.parity, before.roll)
    return _flowing_on(hand, held, before.end_angle, (_most_turn(gap_s), gap_s < _SOON_S))


@lru_cache(maxsize=2)
def _flowing_anew(hand: int) -> tuple[bool, ...]:
    """Which arrows are comfortable for a hand that has rested."""
    sides = [(angle, side_for(angle, hand)) for angle in ANGLES]
    return tuple(strain(wrist_roll(angle, side, hand), hand) == 0 for angle, side in sides)


@lru_cache(maxsize=4096)
def _flowing_on(
    hand: int, held: tuple[Parity, float], from_angle: float, pace: tuple[float, bool]
) -> tuple[bool, ...]:
    """Which arrows follow well on a swing: its side and roll, and the angle it ended with.

    ``pace`` holds the most that the next one may turn, and whether it comes so soon that the
    hand must change sides.
    """
    most_turn, soon = pace
    found = []
    for angle in ANGLES:
        side = side_for(angle, hand, held)
        found.append(
            between(angle, from_angle + 180.0) <= most_turn
            and not (soon and side is held[0])
            and strain(wrist_roll(angle, side, hand), hand) <= _EASY_STRAIN
        )
    return tuple(found)


def _most_turn(gap_s: float) -> float:
    return next((turn for below_s, turn in TURNS if gap_s < below_s), 180.0)


def _cut_index(note: ColorNote) -> int | None:
    """Number of the cut among a hand's; None where only mods put or turn a note so."""
    if note.color not in (RED, BLUE) or not in_grid(note.x, note.y):
        return None
    if not 0 <= note.direction <= ANY:
        return None
    return cell_index(note.x, note.y) * N_DIRECTIONS + note.direction


@lru_cache(maxsize=2 * N_CUTS)
def _clear_of(hand: int, cut: int) -> Mask:
    """Which cuts of the other hand get on with a cut of this one, shape (12, 9)."""
    own = note_of(FIRST_CUT[hand] + cut, 0)
    others = [note_of(FIRST_CUT[RED + BLUE - hand] + i, 0) for i in range(N_CUTS)]
    found = np.ones(N_CUTS, dtype=bool)
    for i, other in enumerate(others):
        if isinstance(own, ColorNote) and isinstance(other, ColorNote):
            red, blue = (own, other) if hand == RED else (other, own)
            found[i] = not (
                (red.x, red.y) == (blue.x, blue.y)
                or clash(red, blue) is not None
                or swung_into(red, blue)
                or swung_into(blue, red)
            )
    return found.reshape(N_CELLS, N_DIRECTIONS)


def _stacked_on(own: Sequence[ColorNote]) -> Mask:
    """Cuts that one swing takes along with others: the next cell on their line."""
    allowed = np.zeros((N_CELLS, N_DIRECTIONS), dtype=bool)
    direction = own[0].direction
    if direction == ANY:
        return allowed
    right, up = (round(part) for part in unit(ANGLES[direction]))
    for note in own:
        for sign in (-1, 1):
            x, y = note.x + sign * right, note.y + sign * up
            if in_grid(x, y):
                allowed[cell_index(x, y), direction] = True
    return allowed


# Bombs and walls -------------------------------------------------------------------------


def _out_of_paths(cuts: Sequence[ColorNote]) -> Mask:
    """Cells that no swing of the row passes on its way to or from a note."""
    clear = np.ones(N_CELLS, dtype=bool)
    for note in cuts:
        for x in range(note.x - 1, note.x + 2):
            for y in range(note.y - 1, note.y + 2):
                if in_grid(x, y):
                    clear[cell_index(x, y)] = False
    return clear


def _shapes_beside(row: Sequence[SaberNote]) -> Mask:
    """Wall shapes that hold no object of the row."""
    taken = {(n.x, n.y) for n in row}
    return np.array(
        [
            not any(x <= tx < x + width and y <= ty < y + height for tx, ty in taken)
            for x, y, width, height in WALL_SHAPES
        ]
    )


def _room_for_walls(context: RowContext, around: Around) -> int:
    """Longest wall in ticks: none while another stands, and up to what is given next."""
    before, here, after = around
    if any(isinstance(n, Wall) and n.end > context.tick for n in (*before, *here)):
        return 0
    if here:
        return 0
    return after[0].tick - context.tick - 1 if after else WALL_LENGTHS[-1]

"""Two hands that move: given who cuts and what is wished for, where and which way.

Every cut is drawn among those that the rules allow, by the author's taste, the way from the
hand's last swing, and what was wished for. Knows nothing of measures or music.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.train.place_saber_roles import BOTH
from chartstudio.engine.train.place_saber_rules import (
    ANY,
    BACK,
    BLUE,
    FOREHAND,
    N_ARROWS,
    N_CELLS,
    N_COLUMNS,
    N_CUTS,
    N_DIRECTIONS,
    N_ROWS,
    RED,
    RESTS_S,
    STEPS,
    Mask,
    Rules,
    cell_of,
    cut_at,
)
from chartstudio.engine.train.place_saber_taste import NEVER, TRAVEL, Floats, Taste

Cut = tuple[int, int]
"""Hand, and number of the cut."""

AFTER_DOT_S = 0.14
"""An arrow sooner after a dot would be read as its continuation."""

NEAR_DOT_S = 0.5
"""A dot is cut the way back only where the hand does not rest before or after it."""

_MOST_DOTS = 2
"""Dots in a row; after more of them nobody knows which way the hand is going."""

_EXACT, _CELL, _WAY = 6.0, 1.5, 1.5
"""Worth of a wished cut, of its cell and of its direction alone."""

_TRAVEL = 0.09
_STALE = 0.35
"""Cost of a cell that the hand cut last, or the time before."""

_CROSSED_S = 0.35
_N_TOP = 20
_POOR = -12.0
"""A pair of cuts this much worse than the cuts by themselves is not worth both hands."""

_ROW = np.repeat(np.arange(N_ROWS), N_COLUMNS * N_DIRECTIONS).astype(np.float64)
_COLUMN = np.tile(np.repeat(np.arange(N_COLUMNS), N_DIRECTIONS), N_ROWS)


def _beyond() -> Floats:
    """By hand and the other's column: how far each cut is crossed, shape (2, 4, N_CUTS)."""
    columns = np.arange(N_COLUMNS)[:, None]
    right, left = _COLUMN - columns, columns - _COLUMN
    return np.stack((np.maximum(right, 0), np.maximum(left, 0))).astype(np.float64)


_BEYOND = _beyond()


@dataclass(slots=True)
class Hand:
    """Where a hand is.

    Parameters
    ----------
    arrow : int
        The way of its last cut, guessed for a dot; 8 before the first.
    cut : int
        Its last cut, with that way.
    time_s : float
    n_dots : int
        Dots that it cut since its last arrow.
    past : list of int
        Its last two cuts.
    """

    arrow: int = ANY
    cut: int = 0
    time_s: float = -math.inf
    n_dots: int = 0
    past: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for at a moment.

    Parameters
    ----------
    time_s : float
    role : tuple of int
        Hands that cut.
    cuts : dict of int to int
        By hand, a cut that would repeat an earlier one.
    height : float
        Row that the music suggests.
    pull : float
        How much it does.
    dot : bool
    n_stack : int
        Notes that a hand takes at once, at most.
    """

    time_s: float
    role: tuple[int, ...]
    cuts: Mapping[int, int]
    height: float = 0.0
    pull: float = 0.0
    dot: bool = False
    n_stack: int = 1


class Player:
    """Both hands of someone who plays the chart while it is written.

    Parameters
    ----------
    rules : Rules
    taste : Taste
    habits : dict of str to float
    rng : Generator
    """

    def __init__(
        self, rules: Rules, taste: Taste, habits: Mapping[str, float], rng: np.random.Generator
    ) -> None:
        self._rules, self._taste, self._rng = rules, taste, rng
        crossing = habits.get("crossovers", 0.5)
        self._uncrossed = float(np.interp(rules.level, (1, 4), (1.5, 0.5 - 0.4 * crossing)))
        self.hands = (Hand(), Hand())
        self._cell_s: NDArray[np.float64] = np.full(N_CELLS, -math.inf)
        self._eyes_s = [-math.inf] * N_COLUMNS

    def ready(self, hand: int, time_s: float) -> bool:
        """Whether a hand has had the time for another swing."""
        state = self.hands[hand]
        least_s = self._rules.least_gap_s
        return time_s - state.time_s >= (max(least_s, AFTER_DOT_S) if state.n_dots else least_s)

    def forehand_next(self, hand: int, time_s: float) -> bool:
        """Whether a hand goes on palm down; so it does after a rest."""
        state = self.hands[hand]
        rested = time_s - state.time_s >= RESTS_S[-1]
        return rested or state.arrow not in FOREHAND[hand]

    def place(self, wish: Wish) -> tuple[Cut, ...]:
        """Cut a moment; fewer hands or none where it cannot be done."""
        role = tuple(h for h in wish.role if self.ready(h, wish.time_s))
        if not role:
            return ()
        closed = self._closed(wish.time_s)
        scores = {hand: self._scores(hand, wish, closed) for hand in role}
        cuts = self._both(scores) if role == BOTH else ()
        if not cuts:
            hand = max(role, key=lambda h: float(scores[h].max()))
            best = int(scores[hand].argmax())
            cuts = ((hand, best),) if scores[hand][best] > NEVER / 2 else ()
        if wish.n_stack > 1:
            cuts = self._stacked(cuts, wish, closed)
        self._swing(cuts, wish.time_s)
        return cuts

    def _closed(self, time_s: float) -> Mask:
        """Cuts in cells that are taken or hidden, shape (N_CUTS,)."""
        closed = (time_s - self._cell_s < self._rules.cell_rest_s).reshape(N_ROWS, N_COLUMNS)
        for x in (1, 2):
            if time_s - self._eyes_s[x] < self._rules.hidden_s:
                closed[1:, x] = True
        return np.repeat(closed.ravel(), N_DIRECTIONS)

    def _scores(self, hand: int, wish: Wish, closed: Mask) -> Floats:
        """Log weights of a hand's cuts, with the noise that makes the best one a draw."""
        state, rules = self.hands[hand], self._rules
        gap_s = wish.time_s - state.time_s
        rest = int(np.searchsorted(RESTS_S, gap_s - 0.001, "right")) - 1
        flowing = state.arrow != ANY and rest < len(RESTS_S) - 1
        leads = self._taste.leads[hand, state.arrow if flowing else ANY].copy()
        if flowing:
            leads[~rules.follows[hand, rest, state.arrow]] = NEVER
            if state.n_dots:
                back = leads[BACK[state.arrow]]
                leads[:] = NEVER
                leads[BACK[state.arrow]] = back
        dotting = wish.dot and flowing and state.n_dots < _MOST_DOTS
        dotting = dotting and AFTER_DOT_S <= gap_s < NEAR_DOT_S
        by_way = np.append(
            np.full(N_ARROWS, NEVER) if dotting else leads, 0.0 if dotting else NEVER
        )
        found: Floats = self._taste.liking[hand] + np.tile(by_way, N_CELLS)
        if flowing:
            found -= _TRAVEL * min(0.3 / gap_s, 2.0) * TRAVEL[state.cut]
        for cut in state.past:
            cell = cut - cut % N_DIRECTIONS
            found[cell : cell + N_DIRECTIONS] -= _STALE
        found -= wish.pull * np.abs(_ROW - wish.height)
        other = self.hands[1 - hand]
        if wish.time_s - other.time_s < _CROSSED_S:
            found -= self._uncrossed * _BEYOND[hand, cell_of(other.cut)[0]]
        wanted = wish.cuts.get(hand)
        if wanted is not None and not (flowing and self._again(hand, wanted)):
            cell, way = divmod(wanted, N_DIRECTIONS)
            found[cell * N_DIRECTIONS : (cell + 1) * N_DIRECTIONS] += _CELL
            found[way::N_DIRECTIONS] += _WAY
            found[wanted] += _EXACT
        found += self._rng.gumbel(size=N_CUTS)
        found[closed | ~rules.reach[hand]] = NEVER
        return found

    def _again(self, hand: int, cut: int) -> bool:
        """Whether a hand would swing from the same side as before."""
        way, last = cut % N_DIRECTIONS, self.hands[hand].arrow
        return way != ANY and (way in FOREHAND[hand]) == (last in FOREHAND[hand])

    def _both(self, scores: Mapping[int, Floats]) -> tuple[Cut, ...]:
        """A cut for each hand that go together; none where nothing does."""
        red, blue = (np.argpartition(scores[hand], -_N_TOP)[-_N_TOP:] for hand in BOTH)
        together = self._taste.pairs[np.ix_(red, blue)]
        joint = scores[RED][red][:, None] + scores[BLUE][blue][None] + together
        joint = np.where(self._rules.beside[np.ix_(red, blue)], joint, NEVER)
        i, k = divmod(int(joint.argmax()), _N_TOP)
        alone = float(scores[RED].max() + scores[BLUE].max())
        if joint[i, k] < max(NEVER / 2, alone + _POOR):
            return ()
        return (RED, int(red[i])), (BLUE, int(blue[k]))

    def _stacked(self, cuts: tuple[Cut, ...], wish: Wish, closed: Mask) -> tuple[Cut, ...]:
        """The cuts with more notes along the way of one hand's swing."""
        found = list(cuts)
        for hand, cut in sorted(cuts, key=lambda c: cell_of(c[1])[2])[:1]:  # up and down first
            line = [cut]
            while len(line) < min(wish.n_stack, self._rules.n_stack):
                more = next(
                    (c for c in self._along(line) if self._fits(hand, c, found, closed)), None
                )
                if more is None:
                    break
                line.append(more)
                found.append((hand, more))
        return tuple(sorted(found))

    def _along(self, line: Sequence[int]) -> Iterator[int]:
        taken = set(line)
        for cut in line:
            x, y, way = cell_of(cut)
            right, up = STEPS[way]
            if (right, up) == (0, 0):
                return
            for sign in (1, -1):
                to_x, to_y = x + sign * right, y + sign * up
                if 0 <= to_x < N_COLUMNS and 0 <= to_y < N_ROWS:
                    more = cut_at(to_x, to_y, way)
                    if more not in taken:
                        yield more

    def _fits(self, hand: int, cut: int, cuts: Sequence[Cut], closed: Mask) -> bool:
        if closed[cut] or not self._rules.reach[hand, cut]:
            return False
        x, y, _ = cell_of(cut)
        if y == 1 and x in (1, 2):
            return False  # a tower before the eyes
        beside = self._rules.beside
        return all(beside[cut, c] if hand == RED else beside[c, cut] for h, c in cuts if h != hand)

    def _swing(self, cuts: Sequence[Cut], time_s: float) -> None:
        for hand, cut in cuts:
            x, y, way = cell_of(cut)
            self._cell_s[cut // N_DIRECTIONS] = time_s
            if y == 1:
                self._eyes_s[x] = time_s
            state = self.hands[hand]
            if state.time_s == time_s:
                continue  # the rest of a stack
            state.n_dots = state.n_dots + 1 if way == ANY else 0
            state.arrow = BACK[state.arrow] if way == ANY else way
            state.cut = cut - way + state.arrow
            state.time_s = time_s
            state.past = [*state.past[-1:], cut]

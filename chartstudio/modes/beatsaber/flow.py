"""How the two hands swing through a chart: swings, their directions, parity, resets.

A swing is what one movement of a hand cuts: a note, a stack, a tower, a slider, a chain. Two
swings follow well when the second goes back where the first came from, and when the wrist
changes between forehand (palm down: a cut from the top) and backhand. This module says how a
chart is swung; what of it is wrong, the checks say.

The rules are those of the mappers' community (BSMG wiki, "Basic Mapping": flow, parity,
double directionals, resets). The wrist is measured by its roll: 0 is a forehand cut down or a
backhand cut up, counter-clockwise positive, the same for every cut that leaves the forearm
as it is. Walls and arcs play no part.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from chartstudio.core.timing import TimingMap
from chartstudio.modes.beatsaber.notes import BLUE, RED, Bomb, Chain, ColorNote, SaberNote
from chartstudio.modes.beatsaber.space import (
    N_COLUMNS,
    N_ROWS,
    between,
    cut_angle,
    place_of,
    placed_by_mods,
    unit,
)

SAME_TIME_S = 0.010
"""Notes of a hand this close together are one swing, whatever they look like."""

SLIDER_S = 0.125
"""Notes of a swing follow one another within this time."""

DOT_SLIDER_S = 0.075
"""Two dots say less than arrows about belonging together and must be closer."""

DOT_LEAP_S = 0.040
"""Only so close in time may dots of one swing leave a cell out."""

SLIDER_BEND = 60.0
"""Arrows of one swing differ by at most this, note by note, in degrees."""

PAUSE_S = 2.0
"""After so long a rest a hand starts anew, with whichever side is comfortable."""

ROLL_REST = (22.5, -22.5)
"""Middle of the wrist's comfortable range in degrees, by hand."""

ROLL_COMFORT = 67.5
"""How far from the middle the wrist rolls without effort, in degrees."""

_REVERSES = 90.0
_KEEP_SIDE = 0.5
"""Cost of not changing sides, in units of 90 degrees of wrist roll."""


class Parity(Enum):
    """The side of the hand that leads a swing."""

    FOREHAND = "forehand"
    BACKHAND = "backhand"

    @property
    def other(self) -> Parity:
        """The side that a flowing swing changes to."""
        return Parity.BACKHAND if self is Parity.FOREHAND else Parity.FOREHAND


class Start(Enum):
    """How a hand came into its swing."""

    FIRST = "first"
    PAUSE = "pause"
    FLOW = "flow"
    BOMB = "bomb"
    """Bombs made the hand go back, so that it swings from the same side again."""
    RESET = "reset"
    """The hand swings from the same side again and nothing made it."""


Cell = tuple[float, float]
"""Column and row; fractions where a mod puts notes between cells."""


class Swing(NamedTuple):
    """One movement of a hand; a chart has thousands, made anew with every question to it.

    Parameters
    ----------
    hand : int
        `RED` or `BLUE`.
    notes : tuple of ColorNote or Chain
        In the order in which they are cut.
    start_s, end_s : float
    angle, end_angle : float
        Direction of the first and the last cut, degrees counter-clockwise from down.
    arrow : bool
        Whether an arrow says so; otherwise all are dots and the direction is a guess.
    tail : (float, float)
        Cell in which the last cut ends.
    parity : Parity
    roll : float
        Wrist roll in degrees.
    start : Start
    turn : float
        Angle between this swing and the one that would lead straight back from the one
        before: 0 flows best, 180 cuts the same way twice. 0 at the start and after a pause.
    gap_s : float
        Time since the hand's last swing ended; infinite for the first.
    """

    hand: int
    notes: tuple[ColorNote | Chain, ...]
    start_s: float
    end_s: float
    angle: float
    end_angle: float
    arrow: bool
    tail: Cell
    parity: Parity = Parity.FOREHAND
    roll: float = 0.0
    start: Start = Start.FIRST
    turn: float = 0.0
    gap_s: float = math.inf

    @property
    def first(self) -> ColorNote | Chain:
        """The note that is cut first."""
        return self.notes[0]

    @property
    def last(self) -> ColorNote | Chain:
        """The note that is cut last."""
        return self.notes[-1]

    @property
    def entry(self) -> Cell:
        """Cell of the first cut."""
        return place_of(self.first.x), place_of(self.first.y)

    @property
    def exit(self) -> Cell:
        """Cell where the saber comes to rest, which may lie one outside the grid."""
        x, y = self.tail
        right, up = unit(self.end_angle)
        return (
            min(max(x + right, -1.0), float(N_COLUMNS)),
            min(max(y + up, -1.0), float(N_ROWS)),
        )


class Struck(NamedTuple):
    """A note with what flow needs of it, looked up once.

    ``tail`` and ``end_s`` are where and when its cut ends: those of its chain if it has one.
    """

    note: ColorNote | Chain
    time_s: float
    x: float
    y: float
    angle: float | None
    tail: Cell
    end_s: float


# Wrists ----------------------------------------------------------------------------------


def wrist_roll(angle: float, parity: Parity, hand: int) -> float:
    """Roll of the wrist for a cut, within half a turn of its rest, in degrees."""
    rest = ROLL_REST[hand]
    raw = angle - (180.0 if parity is Parity.BACKHAND else 0.0)
    return rest - 180.0 + (raw - rest + 180.0) % 360.0


def strain(roll: float, hand: int) -> float:
    """How far beyond its comfortable range a wrist is rolled, in degrees."""
    return max(0.0, abs(roll - ROLL_REST[hand]) - ROLL_COMFORT)


def side_for(angle: float, hand: int, before: tuple[Parity, float] | None = None) -> Parity:
    """The side that a hand takes for a cut: the one that rolls and strains the wrist least.

    Parameters
    ----------
    angle : float
    hand : int
    before : (Parity, float), optional
        Side and roll of the swing before, where it was not too long ago to matter. Changing
        sides is preferred by the worth of 45 degrees of roll.
    """
    (fore_roll, fore), (back_roll, back) = _wrists(angle, hand)
    if before is None:
        return Parity.FOREHAND if fore <= back else Parity.BACKHAND
    parity, roll = before
    fore += abs(fore_roll - roll) / 90.0
    back += abs(back_roll - roll) / 90.0
    if parity is Parity.FOREHAND:
        return Parity.BACKHAND if back <= fore + _KEEP_SIDE else Parity.FOREHAND
    return Parity.FOREHAND if fore <= back + _KEEP_SIDE else Parity.BACKHAND


Wrist = tuple[float, float]
"""Roll of a wrist in degrees, and what its strain costs."""


@lru_cache(maxsize=4096)
def _wrists(angle: float, hand: int) -> tuple[Wrist, Wrist]:
    """The wrist in a cut with the palm down, and with the palm up; most cuts have few angles."""
    fore = wrist_roll(angle, Parity.FOREHAND, hand)
    back = wrist_roll(angle, Parity.BACKHAND, hand)
    return (fore, strain(fore, hand) / 45.0), (back, strain(back, hand) / 45.0)


# Swings ----------------------------------------------------------------------------------


def swings_of(notes: Sequence[SaberNote], timing: TimingMap) -> tuple[Swing, ...]:
    """All swings of a chart, in order of time.

    Parameters
    ----------
    notes : sequence of SaberNote
        In chart order. Objects that a mod places or makes harmless are left out.
    timing : TimingMap

    Returns
    -------
    tuple of Swing
        Takes time linear in the number of notes.
    """
    played = [n for n in notes if not (n.custom and placed_by_mods(n))]
    bombs = [n for n in played if type(n) is Bomb]
    found = [
        swing
        for hand, struck in enumerate(struck_notes(played, timing))
        for swing in hand_swings(hand, struck, bombs, timing)
    ]
    found.sort(key=lambda s: (s.start_s, s.hand))
    return tuple(found)


def struck_notes(
    notes: Sequence[SaberNote], timing: TimingMap
) -> tuple[list[Struck], list[Struck]]:
    """What each hand cuts, red first. A chain counts where it has no head note."""
    cut: list[ColorNote | Chain] = [n for n in notes if type(n) is ColorNote]
    chains = {(n.tick, n.x, n.y): n for n in notes if type(n) is Chain}
    if chains:
        heads = {(n.tick, n.x, n.y) for n in cut}
        cut += [chain for key, chain in chains.items() if key not in heads]
        cut.sort(key=lambda n: n.tick)
    times = timing.seconds_at(np.array([n.tick for n in cut], dtype=np.int64)).tolist()
    hands: tuple[list[Struck], list[Struck]] = ([], [])
    for note, time_s in zip(cut, times, strict=True):
        x, y = place_of(note.x), place_of(note.y)
        if type(note) is ColorNote:
            angle = cut_angle(note.direction, note.angle)
        else:
            angle = cut_angle(note.direction) or 0.0  # a chain's dot is still cut downwards
        tail, end_s = (x, y), time_s
        chain = chains.get((note.tick, note.x, note.y)) if chains else None
        if chain is not None:
            tail = place_of(chain.tail_x), place_of(chain.tail_y)
            end_s = max(time_s, timing.seconds_at(chain.end))
        hands[note.color != RED].append(Struck(note, time_s, x, y, angle, tail, end_s))
    return hands


def hand_swings(
    hand: int, struck: Sequence[Struck], bombs: Sequence[Bomb], timing: TimingMap
) -> Iterator[Swing]:
    """The swings of one hand.

    Parameters
    ----------
    hand : int
    struck : sequence of Struck
        What it cuts, in order of time.
    bombs : sequence of Bomb
        All bombs, in order of time.
    timing : TimingMap
    """
    bomb_ticks = np.array([b.tick for b in bombs], dtype=np.int64)
    bomb_times = timing.seconds_at(bomb_ticks).tolist() if bombs else []
    before: Swing | None = None
    at = 0
    groups = list(_groups(struck))
    for i, group in enumerate(groups):
        passed = []
        while at < len(bombs) and bomb_times[at] < group[0].time_s - SAME_TIME_S:
            if before is not None and bomb_times[at] > before.end_s + SAME_TIME_S:
                passed.append(bombs[at])
            at += 1
        lead = 0.0
        if before is None or group[0].time_s - before.end_s > PAUSE_S:
            lead = _lead_in(groups, i)
        before = _swing(hand, group, before, passed, lead)
        yield before


def _lead_in(groups: Sequence[Sequence[Struck]], start: int) -> float:
    """Direction of a swing after a rest, if it cuts dots: the one that leads to an arrow.

    Dots swing to and fro up to the first arrow; without one before the next rest, the first
    goes down.
    """
    for i in range(start, len(groups)):
        group = groups[i]
        if i > start and group[0].time_s - groups[i - 1][-1].end_s > PAUSE_S:
            break
        arrow = next((n.angle for n in group if n.angle is not None), None)
        if arrow is not None:
            return (arrow + 180.0 * ((i - start) % 2)) % 360.0
    return 0.0


def _groups(struck: Sequence[Struck]) -> Iterator[list[Struck]]:
    group: list[Struck] = []
    heading: float | None = None
    for note in struck:
        if group and not _same_swing(group, heading, note):
            yield group
            group, heading = [], None
        group.append(note)
        if note.angle is not None:
            heading = note.angle
    if group:
        yield group


def _same_swing(group: Sequence[Struck], heading: float | None, note: Struck) -> bool:
    last = group[-1]
    gap_s = note.time_s - last.time_s
    if gap_s <= SAME_TIME_S:
        return True
    if gap_s > SLIDER_S:
        return False
    right, up = note.x - last.x, note.y - last.y
    if right == 0 and up == 0:
        return False
    if heading is None and note.angle is None:
        return gap_s <= DOT_SLIDER_S and _goes_on(group, right, up, gap_s)
    if (
        heading is not None
        and note.angle is not None
        and (between(heading, note.angle) > SLIDER_BEND)
    ):
        return False
    x, y = unit(heading if heading is not None else note.angle or 0.0)
    return right * x + up * y > 0.1


def _goes_on(group: Sequence[Struck], right: float, up: float, gap_s: float) -> bool:
    """Whether a step continues the line of dots before it."""
    if max(abs(right), abs(up)) > 1.5 and gap_s > DOT_LEAP_S:
        return False
    if len(group) < 2:
        return True
    before = group[-1].x - group[-2].x, group[-1].y - group[-2].y
    return before[0] * right + before[1] * up > 0


def _swing(
    hand: int, group: Sequence[Struck], before: Swing | None, bombs: Sequence[Bomb], lead: float
) -> Swing:
    """The swing that cuts a group, after the hand's last one and the bombs in between.

    ``lead`` is the way that dots are cut after a rest.
    """
    gap_s = math.inf if before is None else group[0].time_s - before.end_s
    rested = before is None or gap_s > PAUSE_S
    back = lead if before is None or rested else (before.end_angle + 180.0) % 360.0
    arrows = [n.angle for n in group if n.angle is not None]
    angle = arrows[0] if arrows else _dot_angle(group, back)
    turn = 0.0 if rested else between(angle, back)
    held = rested or (arrows and turn < _REVERSES)
    if before is not None and not held and bombs and sent_back(before, bombs):
        # As if the hand had swung back on its way round the bombs.
        angle = angle if arrows else before.end_angle
        start, parity, turn = Start.BOMB, before.parity, 0.0
    elif before is None or rested:
        start = Start.FIRST if before is None else Start.PAUSE
        parity = side_for(angle, hand)
    else:
        parity = side_for(angle, hand, (before.parity, before.roll))
        start = Start.RESET if parity is before.parity else Start.FLOW
    ordered = _in_cut_order(group, angle)
    end_angle = arrows[-1] if arrows else angle
    return Swing(
        hand=hand,
        notes=tuple(n.note for n in ordered),
        start_s=ordered[0].time_s,
        end_s=max(group[-1].time_s, ordered[-1].end_s),
        angle=angle,
        end_angle=end_angle,
        arrow=bool(arrows),
        tail=ordered[-1].tail,
        parity=parity,
        roll=_wrists(angle, hand)[parity is Parity.BACKHAND][0],
        start=start,
        turn=turn,
        gap_s=gap_s,
    )


def _in_cut_order(group: Sequence[Struck], angle: float) -> Sequence[Struck]:
    """The notes in order of time, and those of one time along the cut."""
    if len(group) < 2:
        return group
    right, up = unit(angle)
    ordered: list[Struck] = []
    at_once: list[Struck] = []
    for note in (*group, None):
        if at_once and (note is None or note.time_s - at_once[-1].time_s > SAME_TIME_S):
            ordered += sorted(at_once, key=lambda n: n.x * right + n.y * up)
            at_once = []
        if note is not None:
            at_once.append(note)
    return ordered


def _dot_angle(group: Sequence[Struck], back: float) -> float:
    """Direction of a swing through dots alone: along them, else straight back."""
    first, last = group[0], group[-1]
    if len(group) > 1 and last.time_s - first.time_s <= SAME_TIME_S:
        first = min(group, key=lambda n: (n.x, n.y))
        last = max(group, key=lambda n: (n.x, n.y))
    right, up = last.x - first.x, last.y - first.y
    if right == 0 and up == 0:
        return back
    along = math.degrees(math.atan2(right, -up)) % 360.0
    if last.time_s - first.time_s <= SAME_TIME_S and between(along, back) > _REVERSES:
        return (along + 180.0) % 360.0
    return along


def sent_back(before: Swing, bombs: Iterable[Bomb]) -> bool:
    """Whether bombs lie where a swing came to rest, so that the hand must leave.

    A bomb does where the saber rests (a cell around `Swing.exit`) or in the inner column of
    the row that an up or down swing ends in, which the saber's blade reaches from there.
    """
    x, y = before.exit
    _, up = unit(before.end_angle)
    inner = 1 if before.hand == RED else 2
    row = N_ROWS - 1 if up > 0 else 0
    for bomb in bombs:
        bomb_x, bomb_y = place_of(bomb.x), place_of(bomb.y)
        if abs(bomb_x - x) <= 1.0 and abs(bomb_y - y) <= 1.0:
            return True
        if abs(up) > 0.5 and bomb_x == inner and bomb_y == row:
            return True
    return False


def by_hand(swings: Iterable[Swing]) -> tuple[list[Swing], list[Swing]]:
    """The swings of each hand, red first."""
    hands: tuple[list[Swing], list[Swing]] = ([], [])
    for swing in swings:
        hands[swing.hand == BLUE].append(swing)
    return hands

"""Which hand plays which moment: turn by turn, in pairs, or both at once.

Works on one measure at a time. A measure in which each hand swings an even number of times
leaves the hands as it found them, so that it can come back; that is striven for. Refuses to
know where notes lie or how they are cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chartstudio.engine.train.place_saber_rules import BLUE, RED

Role = tuple[int, ...]
"""The hands that cut; none where nobody can."""

BOTH: Role = (RED, BLUE)

_ROOMY = 1.05
"""Doubles leave each hand this many times the shortest gap."""

_PAIR_S = 0.24
"""Shortest time between two notes of a hand that are put together by choice."""

_NEARLY = 0.8
"""A moment that wants both hands this much gets them where that evens the measure."""

_DOTTED_S = 0.65

_TOWERS = 0.5
"""Share of the accents that are towers where authors like them most."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One moment of a measure, as far as hands are concerned.

    Parameters
    ----------
    time_s : float
    accent : float
        How much it wants both hands: 1 or more gets them where they are free.
    loudness : float
    """

    time_s: float
    accent: float
    loudness: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A measure's hands.

    Parameters
    ----------
    roles : tuple of Role
    dots : frozenset of int
        Places that are cut any way.
    towers : frozenset of int
        Places at which a hand takes more than one note.
    """

    roles: tuple[Role, ...]
    dots: frozenset[int]
    towers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Stance:
    """How the hands come into a measure.

    Parameters
    ----------
    last_s : (float, float)
        When each last swung.
    turn : int
        The hand whose turn it is.
    """

    last_s: tuple[float, float]
    turn: int


def plan(
    beats: Sequence[Beat],
    stance: Stance,
    least_gap_s: float,
    habits: Mapping[str, float],
    rng: np.random.Generator,
) -> Plan:
    """Hands for a measure that was not heard before.

    Parameters
    ----------
    beats : sequence of Beat
    stance : Stance
    least_gap_s : float
        Shortest time between two swings of a hand.
    habits : dict of str to float
    rng : Generator
    """
    roles = _dealt(beats, stance, least_gap_s, habits, rng)
    if rng.random() < habits.get("even", 0.7):
        roles = _evened(beats, roles, stance, least_gap_s)
    high = _TOWERS * habits.get("stacks", 0.5)
    towers = frozenset(i for i, b in enumerate(beats) if b.accent >= 1 and rng.random() < high)
    return Plan(tuple(roles), _dots(beats, roles, habits, rng), towers)


def turned(plan_: Plan) -> Plan:
    """The same with the hands exchanged."""
    roles = tuple(tuple(sorted(1 - hand for hand in role)) for role in plan_.roles)
    return replace(plan_, roles=roles)


def fits(beats: Sequence[Beat], roles: Sequence[Role], stance: Stance, gap_s: float) -> bool:
    """Whether each hand has time for its swings."""
    last = list(stance.last_s)
    for beat, role in zip(beats, roles, strict=False):
        for hand in role:
            if beat.time_s - last[hand] < gap_s:
                return False
            last[hand] = beat.time_s
    return True


def _dealt(
    beats: Sequence[Beat],
    stance: Stance,
    least_gap_s: float,
    habits: Mapping[str, float],
    rng: np.random.Generator,
) -> list[Role]:
    run = 2 if rng.random() < habits.get("pairs", 0.2) else 1
    last = list(stance.last_s)
    hand, n_run = stance.turn, 0
    roles: list[Role] = []
    for beat in beats:
        gaps = [beat.time_s - t for t in last]
        role: Role = ()
        if beat.accent >= 1 and min(gaps) >= _ROOMY * least_gap_s:
            role = BOTH
        else:
            again = n_run > 0 and (n_run >= run or gaps[hand] < max(_PAIR_S, least_gap_s))
            if again or gaps[hand] < least_gap_s:
                hand, n_run = 1 - hand, 0
            if gaps[hand] < least_gap_s:
                hand, n_run = 1 - hand, 0
            if gaps[hand] >= least_gap_s:
                role, n_run = (hand,), n_run + 1
        for swung in role:
            last[swung] = beat.time_s
        roles.append(role)
    return roles


def _evened(
    beats: Sequence[Beat],
    roles: list[Role],
    stance: Stance,
    least_gap_s: float,
) -> list[Role]:
    """The roles with one changed, so that each hand swings an even number of times."""
    odd = tuple(hand for hand in BOTH if sum(hand in role for role in roles) % 2)
    if not odd or sum(map(bool, roles)) < 2:
        return roles
    loudest_first = sorted(range(len(roles)), key=lambda i: (-beats[i].accent, -beats[i].loudness))
    changes: list[tuple[int, Role]] = []
    if odd == BOTH:
        changes = [(i, (1 - roles[i][0],)) for i in reversed(loudest_first) if len(roles[i]) == 1]
    else:
        single = (1 - odd[0],)
        loud = [i for i in loudest_first if beats[i].accent >= _NEARLY]
        changes = [(i, BOTH) for i in loud if roles[i] == single]
    for i, role in changes:
        tried = [*roles[:i], role, *roles[i + 1 :]]
        if fits(beats, tried, stance, max(_ROOMY * least_gap_s, 0.6 * _PAIR_S)):
            return tried
    return roles


def _dots(
    beats: Sequence[Beat],
    roles: Sequence[Role],
    habits: Mapping[str, float],
    rng: np.random.Generator,
) -> frozenset[int]:
    """A few neighbouring quick places now and then, none of them an accent."""
    if len(beats) < 4 or rng.random() >= habits.get("dots", 0.2):
        return frozenset()
    first = int(rng.integers(1, len(beats) - 1))
    found: set[int] = set()
    for i in range(first, min(first + int(rng.integers(1, 6)), len(beats))):
        quick = beats[i].time_s - beats[i - 1].time_s < _DOTTED_S
        if not quick or beats[i].accent >= 1 or not roles[i]:
            break
        found.add(i)
    return frozenset(found)

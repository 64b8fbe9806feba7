"""A mapper's hand for two sabers: chosen moments become cuts that flow.

Each hand swings to and fro between forehand and backhand; hands take turns or go together on
accents; measures that sound alike are cut alike, or mirrored. What is legal comes from
`place_saber_rules`, what is good from `place_saber_taste`; who plays from `place_saber_roles`,
where from `place_saber_hands`; walls and bombs are `place_saber_scenery`. This module holds
the measures together and refuses to know what a level demands of the music.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from chartstudio.core.mode import Mode
from chartstudio.core.note import Note, sort_notes
from chartstudio.engine.train.moments import Moment, Placed, Scene
from chartstudio.engine.train.place_saber_hands import AFTER_DOT_S, NEAR_DOT_S, Cut, Player, Wish
from chartstudio.engine.train.place_saber_roles import (
    BOTH,
    Beat,
    Plan,
    Role,
    Stance,
    fits,
    plan,
    turned,
)
from chartstudio.engine.train.place_saber_rules import (
    BLUE,
    RED,
    Rules,
    cut_event,
    mirrored,
    overturned,
)
from chartstudio.engine.train.place_saber_scenery import decorate
from chartstudio.engine.train.place_saber_taste import Taste
from chartstudio.engine.train.style import Habit
from chartstudio.modes.usual import usual_settings

HABITS: tuple[Habit, ...] = (
    ("doubles", 0.0, 1.0),
    ("pairs", 0.0, 0.4),
    ("even", 0.3, 1.0),
    ("angles", 0.0, 1.0),
    ("height", 0.0, 1.0),
    ("crossovers", 0.0, 1.0),
    ("contour", 0.0, 1.0),
    ("resets", 0.0, 1.0),
    ("variation", 0.0, 0.6),
    ("dots", 0.0, 0.8),
    ("stacks", 0.0, 1.0),
    ("walls", 0.0, 1.0),
    ("bombs", 0.0, 1.0),
)
"""Both hands beyond the accents; two notes of a hand in a row; measures after which the hands
are as before; slanted cuts; the top row; hands on the other's side; rows that follow the
pitch; swinging from the same side again after a rest; repeats that differ; runs of dots;
accents as towers of notes; walls; bombs. ``mirror`` of `style.Style` is read too: measures
that come back with the hands exchanged."""

_MARGIN = 0.93
"""Rules bind as of this share of the skill, since what is reached may fall a little short."""

_DOUBLES = (0.06, 0.48)
"""Share of the moments that get both hands, by habit from none to all."""

_MOST_DOUBLES = 0.6

_DOUBLES_BY_RANK = ((1.0, 3.0), (0.7, 1.0))
"""Two ranks, and what that share is multiplied by there."""

_READY_S = 1.5
"""Nobody is ready to cut sooner after the music starts."""

_KICKS, _SNARES = frozenset((35, 36)), frozenset((37, 38, 39, 40))
_CRASHES = frozenset((49, 52, 55, 57))


def place(moments: Sequence[Moment], scene: Scene, rng: np.random.Generator) -> Placed:
    """Cuts, walls and bombs for chosen moments.

    Parameters
    ----------
    moments : sequence of Moment
        By time. Held sounds become walls where there is room for one.
    scene : Scene
        Its skill bounds the hands, its level sets speed and distance; habits are `HABITS`.
    rng : Generator

    Returns
    -------
    Placed
        The settings are ``characteristic``, ``njs`` and ``jump_offset``.
    """
    settings = usual_settings(scene.mode.id, scene.level, scene.timing)
    moments = [m for m in moments if scene.timing.seconds_at(m.tick) >= _READY_S]
    if not moments:
        return Placed((), settings)
    mapper = _Mapper(scene, rng)
    rows: list[tuple[Moment, tuple[Cut, ...]]] = []
    for measure in _measures(moments, scene):
        rows += zip(measure.moments, mapper.place(measure), strict=True)
    rows = [(moment, cuts) for moment, cuts in rows if cuts]
    events = [(m.tick, [cut_event(scene.mode, *cut) for cut in cuts]) for m, cuts in rows]
    decorate(events, [m for m, _ in rows], scene, rng)
    return Placed(_notes(scene.mode, events), settings)


def _notes(mode: Mode, rows: Sequence[tuple[int, list[int]]]) -> tuple[Note, ...]:
    return sort_notes(note for tick, events in rows for note in mode.decode(tick, events)[0])


# Measures --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Measure:
    """Neighbouring moments of one pattern.

    Parameters
    ----------
    key : tuple
        Equal for measures that are cut alike.
    """

    key: tuple[int, ...]
    moments: tuple[Moment, ...]
    beats: tuple[Beat, ...]
    heights: tuple[float, ...]


def _measures(moments: Sequence[Moment], scene: Scene) -> list[_Measure]:
    ticks = np.array([m.tick for m in moments], dtype=np.int64)
    times = scene.timing.seconds_at(ticks).tolist()
    number = np.searchsorted(scene.starts, ticks, "right").tolist()
    heights, accents = _heights(moments), _accents(moments, scene)
    found = []
    for _, members in groupby(range(len(moments)), lambda i: (number[i], moments[i].pattern[0])):
        at = list(members)
        first = moments[at[0]]
        start = int(scene.starts[number[at[0]] - 1]) if number[at[0]] else first.tick
        key = (first.pattern[0], *(moments[i].tick - start for i in at))
        beats = tuple(Beat(times[i], accents[i], moments[i].loudness) for i in at)
        group = tuple(moments[i] for i in at)
        found.append(_Measure(key, group, beats, tuple(heights[i] for i in at)))
    return found


def _accents(moments: Sequence[Moment], scene: Scene) -> list[float]:
    """How much each moment wants both hands; from 1 on it gets them where they are free.

    An author uses both hands for a share of the moments, besides the chosen accents.
    """
    starts = set(scene.starts.tolist())
    loud = np.array(
        [
            m.loudness
            + 0.5 * bool(_CRASHES.intersection(m.drums))
            + 0.3 * (m.tick in starts)
            + 2.0 * (m.size - 1)
            for m in moments
        ]
    )
    low, high = _DOUBLES
    share = low + (high - low) * scene.habits.get("doubles", 0.5)
    share *= float(np.interp(scene.skill, *_DOUBLES_BY_RANK))
    limit = min(float(np.quantile(loud, 1 - share)), 2.0)
    # Moments that sound alike share their loudness: all of them or none are beyond a limit.
    most = min(2 * share - float(np.mean(loud > limit)), _MOST_DOUBLES)
    limit += 1e-6 if float(np.mean(loud >= limit)) > most else 0.0
    found: list[float] = (loud / max(limit, 1e-6)).tolist()
    return found


def _heights(moments: Sequence[Moment]) -> list[float]:
    """The row that suits each moment: by pitch among its layer's, or by drum."""
    pitches: dict[str, list[int]] = {}
    for m in moments:
        if m.pitch:
            pitches.setdefault(m.layer, []).append(m.pitch)
    spans = {layer: np.quantile(p, (0.1, 0.9)) for layer, p in pitches.items()}
    found = []
    for m in moments:
        if m.pitch:
            low, high = spans[m.layer]
            found.append(float(np.clip(2 * (m.pitch - low) / max(high - low, 1), 0, 2)))
        elif _KICKS.intersection(m.drums):
            found.append(0.0)
        else:
            found.append(1.0 if not m.drums or _SNARES.intersection(m.drums) else 1.6)
    return found


# Placing ---------------------------------------------------------------------------------

_Sides = tuple[bool, bool]
_Rows = list[tuple[Cut, ...]]


class _Mapper:
    """Places measures one after another and remembers how."""

    def __init__(self, scene: Scene, rng: np.random.Generator) -> None:
        skill = _MARGIN * scene.skill
        self._habits: Mapping[str, float] = scene.habits
        self._rules = Rules.of(scene.mode, skill)
        self._player = Player(self._rules, Taste.of(skill, scene.habits), scene.habits, rng)
        self._rng = rng
        self._beginner = skill < 2.4
        self._plans: dict[tuple[int, ...], Plan] = {}
        self._firsts: dict[tuple[int, ...], tuple[_Sides, _Rows]] = {}
        self._known: dict[tuple[tuple[int, ...], bool, _Sides], _Rows] = {}
        self._turn = RED if rng.random() < 0.5 else BLUE

    def place(self, measure: _Measure) -> _Rows:
        """The cuts of each moment; none where nobody can."""
        start_s = measure.beats[0].time_s
        left, right = (self._player.forehand_next(h, start_s) for h in BOTH)
        sides = (left, right)
        plan_, flipped = self._plan(measure, sides)
        wished = self._wished(measure, sides, flipped)
        rows = []
        for i, role in enumerate(plan_.roles):
            cuts = dict(wished[i]) if i < len(wished) else {}
            rows.append(self._player.place(self._wish(measure, i, role, plan_, cuts)))
        self._known.setdefault((measure.key, flipped, sides), rows)
        if measure.key not in self._firsts:
            self._firsts[measure.key] = sides, rows
        singles = [row[0][0] for row in rows if len({hand for hand, _ in row}) == 1]
        self._turn = 1 - singles[-1] if singles else self._turn
        return rows

    def _plan(self, measure: _Measure, sides: _Sides) -> tuple[Plan, bool]:
        """Who plays what, and whether that is a known measure with the hands exchanged."""
        hands = self._player.hands
        stance = Stance((hands[RED].time_s, hands[BLUE].time_s), self._turn)
        known = self._plans.get(measure.key)
        if known is not None:
            mirror = self._rng.random() < self._habits.get("mirror", 0.2)
            options = []
            for flipped in (False, True):
                chosen = turned(known) if flipped else known
                late = not fits(measure.beats, chosen.roles, stance, self._rules.least_gap_s)
                new = (measure.key, flipped, sides) not in self._known
                other = chosen.roles[0] == (1 - self._turn,)
                unwonted = 1.5 * (flipped != mirror and len(chosen.roles) > 2)
                options.append((5 * late + new + 1.2 * other + unwonted, flipped, chosen))
            cost, flipped, chosen = min(options, key=lambda o: o[0])
            if cost < 5:
                return chosen, flipped
        made = plan(measure.beats, stance, self._rules.least_gap_s, self._habits, self._rng)
        if known is None:
            self._plans[measure.key] = made
        return made, False

    def _wished(self, measure: _Measure, sides: _Sides, flipped: bool) -> _Rows:
        """Cuts that repeat the measure; upside down for a hand that comes the other way."""
        found = self._known.get((measure.key, flipped, sides))
        if found is None and measure.key in self._firsts:
            first_sides, rows = self._firsts[measure.key]
            if flipped:
                first_sides = (first_sides[1], first_sides[0])
                rows = [tuple((1 - hand, mirrored(cut)) for hand, cut in row) for row in rows]
            found = [
                tuple(
                    (hand, cut if sides[hand] == first_sides[hand] else overturned(cut))
                    for hand, cut in row
                )
                for row in rows
            ]
        if found is None:
            return []
        vary = 0.5 * self._habits.get("variation", 0.2)
        return [() if self._rng.random() < vary else row for row in found]

    def _wish(
        self, measure: _Measure, i: int, role: Role, plan_: Plan, cuts: Mapping[int, int]
    ) -> Wish:
        moment, beat = measure.moments[i], measure.beats[i]
        if role == BOTH and self._beginner:
            role = self._together(beat.time_s)
        contour = self._habits.get("contour", 0.5)
        return Wish(
            time_s=beat.time_s,
            role=role,
            cuts=cuts,
            height=measure.heights[i],
            pull=contour * (0.4 + 0.6 * min(moment.loudness, 1.0)),
            dot=i in plan_.dots and _goes_on(measure, i, role, plan_),
            n_stack=2 + (moment.size > 3) if i in plan_.towers else 1,
        )

    def _together(self, time_s: float) -> Role:
        """Both hands if they come from the same side, or can start anew; else one."""
        forehand = [self._player.forehand_next(h, time_s) for h in BOTH]
        rest_s = [time_s - self._player.hands[h].time_s for h in BOTH]
        if forehand[0] == forehand[1]:
            return BOTH
        behind = forehand.index(False)
        return BOTH if rest_s[behind] >= 0.8 else (self._turn,)


def _goes_on(measure: _Measure, i: int, role: Role, plan_: Plan) -> bool:
    """Whether the hands that cut a moment cut again soon, in the same measure."""
    soon = {
        hand
        for beat, later in zip(measure.beats[i + 1 :], plan_.roles[i + 1 :], strict=True)
        if AFTER_DOT_S <= beat.time_s - measure.beats[i].time_s < NEAR_DOT_S
        for hand in later
    }
    return soon.issuperset(role)

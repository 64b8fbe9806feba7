"""A teacher's hand on panels and keys: every moment gets its lanes.

What two feet or two hands may be asked at a level stands here; how they move is in
`placement`. This module decides no times, and only shortens holds to what fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chartstudio.core.mode import Mode
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.train.demands import demand_of
from chartstudio.engine.train.moments import Moment, Placed, Scene
from chartstudio.engine.train.placement import Body, Craft, Feet, Hands, Row
from chartstudio.engine.train.style import Habit
from chartstudio.modes.lanes import HOLD_LENGTHS

_BEAT = TICKS_PER_BEAT

HABITS: tuple[Habit, ...] = (
    ("overlaps", 0.0, 1.0),
    ("jacks", 0.0, 0.6),
    ("crossovers", 0.0, 1.0),
    ("contour", 0.0, 1.0),
    ("stairs", 0.0, 0.8),
)
"""Chance that other notes go on during a hold; for the others see `placement.Craft`."""

_RELEASE_S = 0.1
"""Shortest time between the end of a hold and the next row."""

_BEGINNERS_BELOW = {"stars": 2.0, "meter": 4.0}
"""Holds of half a beat are too short below these steps of the mode's density table."""


def place(moments: Sequence[Moment], scene: Scene, rng: np.random.Generator) -> Placed:
    """Lanes for every moment; a measure that comes back gets its own lanes again."""
    lanes, craft = scene.mode.layout.lanes, _craft(scene)
    keys = scene.mode.level_unit == "stars"
    body: Body = Hands(len(lanes), craft, rng) if keys else Feet(lanes, craft, rng)
    flip = {n.lane: i for i, n in enumerate(_mirrored(scene.mode))}
    holds = _Holds(scene, moments, craft, rng)
    memory: dict[tuple[int, int], tuple[int, ...]] = {}
    times_s = scene.timing.seconds_at(np.array([x.tick for x in moments], dtype=np.int64))
    notes: list[LaneNote] = []
    turned = False
    for i, moment in enumerate(moments):
        if moment.pattern[1] == 0:
            turned = rng.random() < scene.habits.get("mirror", 0.0)
        wanted = memory.get(moment.pattern, ())
        if turned:
            wanted = tuple(flip[lane] for lane in wanted)
        held = holds.length(i)
        end_s = float(scene.timing.seconds_at(moment.tick + held))
        row = Row(float(times_s[i]), end_s - float(times_s[i]), moment.size, moment.pitch)
        placed = body.place(row, wanted)
        if moment.pattern not in memory:
            memory[moment.pattern] = placed
        for n, lane in enumerate(placed):
            length = held if n == 0 else 0
            kind = "hold" if length else "tap"
            notes.append(LaneNote(moment.tick, moment.tick + length, lane, kind))
    return Placed(sort_notes(notes))


def _craft(scene: Scene) -> Craft:
    """What bodies may be asked at this level.

    Repeats and chords stay within what the modes' grammars allow drafts of the level that
    was reached (`modes.dance.pad_rules`, `modes.mania`), with a margin.
    """
    mode, skill, habits = scene.mode, 0.93 * scene.skill, scene.habits
    contour, stairs = habits.get("contour", 0.3), habits.get("stairs", 0.3)
    if mode.level_unit == "stars":
        n_keys = len(mode.layout.lanes)
        jack_s = max(0.085, 0.47 / (1 + 0.6 * skill))
        most = min(n_keys, 1 + int(np.ceil(skill * n_keys / 8)))
        return Craft(jack_s, most, contour=contour, stairs=stairs)
    ease = float(np.clip((demand_of(mode).step(skill) - 5) / 6, 0.0, 1.0))
    return Craft(
        jack_s=max(0.12, 0.52 / (1 + 0.3 * (skill - 1))) if skill > 1 else 0.52,
        most=1 if skill < 3 else 2,
        jacks=habits.get("jacks", 0.3) * (0.4 + 0.6 * ease),
        crossovers=habits.get("crossovers", 0.5) * ease,
        contour=contour,
        stairs=stairs,
        one_foot_s=0.45 - 0.2 * ease,
    )


def _mirrored(mode: Mode) -> tuple[LaneNote, ...]:
    row = tuple(LaneNote(i, i, i) for i in range(len(mode.layout.lanes)))
    mirrored = sorted(mode.mirror(row, "horizontal"), key=lambda n: n.tick)
    return tuple(n for n in mirrored if isinstance(n, LaneNote))


@dataclass(frozen=True, slots=True, eq=False)
class _Holds:
    """How long sounds are held: lengths that the modes can spell."""

    scene: Scene
    moments: Sequence[Moment]
    craft: Craft
    rng: np.random.Generator

    def length(self, i: int) -> int:
        """Ticks that the moment's sound is held; 0 for a tap.

        Without overlaps a hold ends a quarter of a beat before the next row, or sooner where
        that is too quick to let go.
        """
        scene, moment = self.scene, self.moments[i]
        step = demand_of(scene.mode).step(scene.level)
        beginner = step < _BEGINNERS_BELOW[scene.mode.level_unit]
        shortest = 3 * _BEAT // 4 if beginner else _BEAT // 2
        if moment.hold < 0.9 * shortest:
            return 0
        room = moment.hold + _BEAT // 8
        if i + 1 < len(self.moments):
            next_tick = self.moments[i + 1].tick
            overlaps = scene.habits.get("overlaps", 0.5)
            if not (self.craft.most > 1 and self.rng.random() < overlaps):
                timing = scene.timing
                release = timing.tick_at(timing.seconds_at(next_tick) - _RELEASE_S)
                room = min(room, release - moment.tick, next_tick - _BEAT // 4 - moment.tick)
        return max((n for n in HOLD_LENGTHS if shortest <= n <= room), default=0)

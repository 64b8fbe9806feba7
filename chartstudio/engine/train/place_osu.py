"""A teacher's hand on a cursor: every moment becomes a circle, a slider or a spinner.

What is clicked and what is followed is decided in `place_osu_rhythm`, where it lies in
`place_osu_figures`. Here are an author's knobs, what a level means, and the chart's figures.

How hard a chart is depends at the same moments on how far apart they lie. The level gives the
speed at which the cursor goes (`_SPEED`); then the chart is rated by the mode and drawn again
with the spacing that was missing, as far as authors go (`_SPACING`); beyond that fewer or more
moments are left to sliders. What is still missing is for whoever chooses the moments. The
skill bounds what may be asked: it sets the fastest movement and, for beginners, what may touch
(see `modes.osu.grammar`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chartstudio.core.note import Note
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.train.moments import Moment, Placed, Scene
from chartstudio.engine.train.place_osu_aim import Beat, Manner, Spot
from chartstudio.engine.train.place_osu_figures import Hand
from chartstudio.engine.train.place_osu_rhythm import Stroke, strokes
from chartstudio.engine.train.style import Habit
from chartstudio.modes.lanes import HOLD_LENGTHS
from chartstudio.modes.osu.checks import EASY_STARS
from chartstudio.modes.osu.events import FIRST, PARTS, SPANS, SPEEDS
from chartstudio.modes.osu.field import KINDS
from chartstudio.modes.usual import usual_settings

HABITS: tuple[Habit, ...] = (
    ("spacing", 0.0, 1.0),
    ("jumps", 0.0, 1.0),
    ("sharp", 0.0, 1.0),
    ("sliders", 0.0, 1.0),
    ("bent", 0.35, 1.0),
    ("reverses", 0.0, 1.0),
    ("spinners", 0.0, 1.0),
    ("stacks", 0.0, 1.0),
    ("turned", 0.0, 1.0),
    ("combos", 0.0, 1.0),
)
"""How far apart; how much accents jump; how sharply the cursor turns; how many pairs of notes
are one slider; how many sliders are curved; how many turn back; how many long sounds are spun;
how often notes lie on one another; how often a figure comes back turned or mirrored; how long
combos are."""

_SPEED = (
    (1.0, 150.0),
    (1.5, 200.0),
    (2.3, 345.0),
    (3.5, 640.0),
    (4.9, 1100.0),
    (5.8, 1450.0),
    (7.0, 1950.0),
    (8.0, 2400.0),
)
"""Stars; speed of the cursor between objects in osu! pixels a second, as measured in ranked
charts; distance snap follows as 1 in an Easy ("0.8x to 1.2x", osu! wiki) to nearly 3."""

_SPACING = (0.75, 1.3)
"""How far spacing may be from the level's usual to reach the level."""

_STEEPNESS = 3.0
"""By what power of the stars that are missing spacing grows: stars grow with about its third
root (measured)."""

_TRIES = 3
_NEAR_ENOUGH = 0.04

_TURNS: tuple[tuple[float, float, float, float], ...] = (
    (30.0, 1.0, 1.2, 1.0),
    (60.0, 1.0, 2.5, 1.0),
    (75.0, 1.0, 2.5, 1.0),
    (90.0, 1.5, 1.5, 1.5),
    (120.0, 2.5, 0.5, 1.5),
    (144.0, 3.5, 0.2, 1.6),
    (168.0, 3.5, 0.1, 1.0),
)
"""Turning angle of a figure in degrees; stars from which it is drawn; how often by authors who
like it smooth, and by those who like it sharp."""

_REACH_PX_S, _CAREFUL = (150.0, 300.0), 0.85
"""As in `modes.osu.grammar`: a reach that grows with the level; and by how much less than the
skill is asked, since a chart may come out easier than it was meant."""


def place(moments: Sequence[Moment], scene: Scene, rng: np.random.Generator) -> Placed:
    """An osu!standard chart of chosen moments.

    Parameters
    ----------
    moments : sequence of Moment
        In order of time, one per tick. Those that fall on a slider become no object.
    scene : Scene
        Its level sets spacing and settings, its skill bounds both; habits are `HABITS`.
    rng : Generator

    Returns
    -------
    Placed
        The settings are ``ar``, ``cs``, ``od``, ``hp``, ``slider_multiplier`` and
        ``slider_tick_rate``.
    """
    settings = usual_settings(scene.mode.id, scene.level, scene.timing, _middle(scene))
    if not moments:
        return Placed((), settings)
    seed = int(rng.integers(2**63))
    usual = 0.85 + 0.3 * scene.habits.get("spacing", 0.5)
    low, high = (limit * usual for limit in _SPACING)
    # What was too easy so far is begun wider.
    spacing, eager = usual * min(max(scene.level / max(scene.skill, 0.1), 1.0), 1.2), 0.0
    best: tuple[float, tuple[Note, ...]] = (np.inf, ())
    for _ in range(_TRIES):
        notes = _drawn(moments, scene, dict(settings), _Try(seed, spacing, eager))
        reached = scene.mode.difficulty(
            Chart(scene.mode.id, notes=notes, settings=settings), scene.timing
        )
        best = min(best, (abs(reached - scene.level), notes), key=lambda b: b[0])
        if best[0] < _NEAR_ENOUGH * scene.level:
            break
        wanted = spacing * (scene.level / max(reached, 0.1)) ** _STEEPNESS
        spacing = min(max(wanted, low), high)
        eager = float(np.clip(eager + np.log(wanted / spacing), -1.0, 1.0))
    return Placed(best[1], settings)


@dataclass(frozen=True, slots=True)
class _Try:
    """What is varied to reach a level: spacing, and how much is clicked (see `strokes`)."""

    seed: int
    spacing: float
    eager: float


def _drawn(
    moments: Sequence[Moment], scene: Scene, settings: dict[str, float], way: _Try
) -> tuple[Note, ...]:
    """The objects of one try."""
    rng = np.random.default_rng(way.seed)
    beats = _timed(strokes(moments, scene, rng, way.eager), scene)
    spots = Hand(_manner(scene, settings, way.spacing), way.seed).draw(beats)
    return _spelled(beats, spots, scene)


def _middle(scene: Scene) -> int:
    """A tick where most of the song is."""
    return int(scene.starts[len(scene.starts) // 2]) if len(scene.starts) else 0


def _manner(scene: Scene, settings: dict[str, float], spacing: float) -> Manner:
    """How the hand moves: by the level, the habits and a share of the usual spacing."""
    level, habits = scene.level, scene.habits
    skill = min(scene.skill, level)
    px_s = float(np.interp(level, [r[0] for r in _SPEED], [r[1] for r in _SPEED]))
    ease = float(np.clip((level - 2.4) / 2.0, 0.0, 1.0))
    sharp = habits.get("sharp", 0.5)
    turns = tuple(
        (turn, (1 - sharp) * smooth + sharp * pointed)
        for turn, least, smooth, pointed in _TURNS
        if level >= least
    )
    is_easy = min(level, skill) < EASY_STARS
    preempt_s = 1.2 - (settings["ar"] - 5) * (0.15 if settings["ar"] > 5 else 0.12)
    base, growth = _REACH_PX_S
    return Manner(
        px_s=px_s * spacing,
        widest_px=float(np.interp(level, (1.5, 4.0, 7.0), (360.0, 380.0, 460.0)))
        * max(spacing, 1.0),
        burst=float(np.interp(level, (2.5, 4.0, 6.0, 8.0), (0.5, 0.4, 0.45, 0.6))),
        burst_s=float(np.interp(level, (3.5, 4.5, 6.0), (0.15, 0.125, 0.1))),
        jump=1.8 * habits.get("jumps", 0.5) * ease,
        reach_px_s=base + growth * _CAREFUL * skill,
        radius_px=54.4 - 4.48 * settings["cs"],
        # Objects take 0.4 s to fade out, which beginners still see (`modes.osu.checks`).
        seen_s=preempt_s + (0.4 if is_easy else 0.0),
        speed=SPEEDS.index(round(100 * settings["slider_multiplier"])),
        turns=turns,
        stacks=0.45 * habits.get("stacks", 0.5),
        bent=habits.get("bent", 0.6),
        mirrored=0.25 + 0.75 * habits.get("turned", 0.5),
        variety=0.15,
        is_easy=is_easy,
        tight=float(np.interp(level, (2.5, 4.0), (0.05, 0.1))),
        clear=float(np.interp(level, (2.0, 3.0, 4.0, 6.0), (14.0, 11.0, 8.0, 5.0))),
    )


def _timed(found: Sequence[Stroke], scene: Scene) -> list[Beat]:
    """Strokes with their times."""
    starts_s = scene.timing.seconds_at(np.array([s.tick for s in found], dtype=np.int64))
    ends_s = scene.timing.seconds_at(np.array([s.end for s in found], dtype=np.int64))
    beats = []
    for i, stroke in enumerate(found):
        gap_s, gap = (
            (float(starts_s[i] - ends_s[i - 1]), stroke.tick - found[i - 1].end)
            if i
            else (10.0, 16 * TICKS_PER_BEAT)
        )
        times = (float(starts_s[i]), float(ends_s[i]))
        beats.append(Beat(stroke, *times, gap_s, gap / TICKS_PER_BEAT))
    return beats


def _spelled(beats: Sequence[Beat], spots: Sequence[Spot], scene: Scene) -> tuple[Note, ...]:
    """Objects as the vocabulary reads them back."""
    notes: list[Note] = []
    for beat, spot in zip(beats, spots, strict=True):
        stroke = beat.stroke
        row, n_bad = scene.mode.decode(stroke.tick, _events(stroke, spot))
        assert not n_bad, "places come from the vocabulary"
        notes += row
    return tuple(notes)


def _events(stroke: Stroke, spot: Spot) -> tuple[int, ...]:
    values = {"osu-x": spot.column, "osu-y": spot.row}
    if stroke.kind != "circle":
        values["length"] = HOLD_LENGTHS.index(stroke.end - stroke.tick)
        values["slider-spans"] = SPANS.index(stroke.n_spans)
        values["slider-speed"] = spot.speed
        values["slider-turn"] = spot.turn
        values["slider-direction"] = spot.direction
    said = [(FIRST[part] + values[part]) for part in PARTS[stroke.kind]]
    combo = (FIRST["new-combo"],) if stroke.new_combo else ()
    return (*combo, FIRST["osu-object"] + KINDS.index(stroke.kind), *said, 0)

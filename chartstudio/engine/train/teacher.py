"""Charts written by rule over music whose every note is known.

An ear chooses what to follow and which moments become notes (`choosing`), a hand for each
game places them. What makes them like an author's, in order of worth: each section follows
one voice of the music and rests when it rests; density follows the sections and the level;
identical measures are charted identically; strong beats come before weak ones; accents are
emphasised; sustained sounds are held.

Levels are conditions, not wishes: a chart's level is its mode's own estimate of what was
written, which the teacher steers towards the level asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chartstudio.core.errors import ModeError
from chartstudio.core.song import Chart, Extra
from chartstudio.engine.train import place_lanes, place_osu, place_saber, place_taiko
from chartstudio.engine.train.choosing import Task, choose, find_sections
from chartstudio.engine.train.demands import SABERS, demand_of, game_of
from chartstudio.engine.train.moments import Placer, Scene
from chartstudio.engine.train.piece import Piece
from chartstudio.engine.train.score import Score
from chartstudio.engine.train.style import Habit
from chartstudio.engine.train.style import Style as Style
from chartstudio.modes import MODES


@dataclass(frozen=True, slots=True)
class Hand:
    """How a game's notes are placed, and what an author may like there."""

    place: Placer
    habits: tuple[Habit, ...]


_LANES = Hand(place_lanes.place, place_lanes.HABITS)

HANDS: dict[str, Hand] = {
    **dict.fromkeys(("dance", "pump", "mania"), _LANES),
    "taiko": Hand(place_taiko.place, place_taiko.HABITS),
    "osu": Hand(place_osu.place, place_osu.HABITS),
    SABERS: Hand(place_saber.place, place_saber.HABITS),
}
"""By the game's part of a mode's id."""

_TRIES, _PATIENCE = 7, 4
"""Charts written for one, at most; and from which on a level is taken to be out of reach."""

_SUPPLIED = 0.9
"""Of the rows asked for, the share from which on the music is said to have had enough."""

_SKILL_MARGIN = 0.93
"""By how much a chart may be easier than the level whose rules of play it keeps."""


def write(
    piece: Piece, mode_id: str, level: float, rng: np.random.Generator, style: Style | None = None
) -> Chart:
    """A chart of the piece.

    Parameters
    ----------
    piece : Piece
    mode_id : str
        One of `piece.TAUGHT_MODES`.
    level : float
        Level to aim for, in the mode's unit.
    rng : Generator
    style : Style, optional
        Drawn when absent.

    Returns
    -------
    Chart
        Its ``level`` is the mode's estimate of what was written: less than asked where the
        music has too few notes. ``extra`` holds under ``"teacher"`` the style's knobs as
        (name, value) pairs and, under ``"follow"``, one (start tick, end tick, layer) per
        section.

    Raises
    ------
    ModeError
        When nobody teaches the mode.
    """
    mode = MODES.get(mode_id)
    if mode is None or game_of(mode) not in HANDS:
        raise ModeError(f"no teacher for {mode_id!r}")
    hand = HANDS[game_of(mode)]
    style = style or Style.drawn(rng, hand.habits)
    score, demand = Score.of(piece), demand_of(mode)
    sections = find_sections(score, style, rng)
    task = Task(demand, score, style, sections, level, level, demand.rate_hz(level))
    borders = tuple(int(score.starts[s.first]) for s in sections)
    scene = Scene(mode, piece.timing, score.starts, level, level, dict(style.knobs()), borders)
    best = _best(task, scene, hand.place, int(rng.integers(2**63)))
    follow = tuple(
        (int(score.starts[s.first]), int(score.starts[s.last]), score.voices[s.voice].layer)
        for s in sections
    )
    extra = Extra((("teacher", style.knobs()), ("follow", follow)))
    return replace(best.chart, level=round(float(best.reached), 3), extra=extra)


@dataclass(frozen=True, slots=True, eq=False)
class _Try:
    """A chart that was written on the way.

    Parameters
    ----------
    task : Task
    chart : Chart
    reached : float
        Its level.
    rate_hz : float
        What there was of the task's rate.
    """

    task: Task
    chart: Chart
    reached: float
    rate_hz: float

    @property
    def miss(self) -> float:
        """How far it is from the level asked for."""
        return abs(self.reached - self.task.level)

    @property
    def fits(self) -> bool:
        """Whether it keeps the rules of play of the level that it reached."""
        return self.reached >= _SKILL_MARGIN * self.task.skill

    @property
    def close(self) -> bool:
        """Whether no other try is needed."""
        return self.fits and self.miss < 0.04 * self.task.level + 0.05


def _best(task: Task, scene: Scene, place: Placer, seed: int) -> _Try:
    """The chart nearest to the level, of some; those that keep its rules come first."""
    tried: list[_Try] = []
    while len(tried) < _TRIES and not (tried and tried[-1].close):
        task = _corrected(tried) if tried else task
        moments = choose(task, np.random.default_rng(seed))
        scene = replace(scene, skill=task.skill)
        placed = place(moments, scene, np.random.default_rng(seed))
        settings = tuple(sorted(placed.settings))
        chart = Chart(scene.mode.id, notes=placed.notes, settings=settings)
        reached = scene.mode.difficulty(chart, scene.timing)
        tried.append(_Try(task, chart, reached, task.supplied_hz(moments)))
    return min(tried, key=lambda x: (not x.fits, x.miss))


def _corrected(tried: Sequence[_Try]) -> Task:
    """The task for the next try.

    The rate goes on from what was achieved, not from what was asked for: where the music had
    too little, asking for more changes nothing, but borrowing from other voices does. The
    rules of play stay those of the level asked for until it turns out to be out of reach.
    """
    last = tried[-1]
    task, push = last.task, last.task.push
    reached = max(last.reached, 0.1)
    ratio = task.demand.rate_hz(task.level) / task.demand.rate_hz(reached)
    ratio = float(np.clip(ratio, 0.6, 1.6))
    if ratio < 1:
        push = max(push - 0.1, 0.0)
    elif last.rate_hz < _SUPPLIED * task.rate_hz:
        push = min(push + 0.3, 1.0)
    skill = task.level if len(tried) < _PATIENCE else min(task.level, reached)
    return replace(task, rate_hz=last.rate_hz * ratio, push=push, skill=skill)

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
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np

from chartstudio.core.errors import ModeError
from chartstudio.core.song import Chart, Extra
from chartstudio.engine.train.choosing import Task, choose, find_sections
from chartstudio.engine.train.demands import SABERS, demand_of, game_of
from chartstudio.engine.train.moments import Placer, Scene
from chartstudio.engine.train.piece import Piece
from chartstudio.engine.train.score import Score
from chartstudio.engine.train.style import Style as Style
from chartstudio.modes import MODES

_HANDS = {
    "dance": "place_lanes",
    "pump": "place_lanes",
    "mania": "place_lanes",
    "taiko": "place_taiko",
    "osu": "place_osu",
    SABERS: "place_saber",
}
"""Module of each game's placement, with its ``place`` and its ``HABITS``."""

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
    if mode is None:
        raise ModeError(f"no teacher for {mode_id!r}")
    hand = _hand(game_of(mode), mode_id)
    place: Placer = hand.place
    style = style or Style.drawn(rng, hand.HABITS)
    score, demand = Score.of(piece), demand_of(mode)
    sections = find_sections(score, style, rng)
    seed = int(rng.integers(2**63))
    task = Task(demand, score, style, sections, level, level, demand.rate_hz(level))
    borders = tuple(int(score.starts[s.first]) for s in sections)
    scene = Scene(mode, piece.timing, score.starts, level, level, dict(style.knobs()), borders)
    tried: list[_Try] = []
    while len(tried) < _TRIES and not (tried and tried[-1].close):
        task = _corrected(tried) if tried else task
        moments = choose(task, np.random.default_rng(seed))
        placed = place(moments, replace(scene, skill=task.skill), np.random.default_rng(seed))
        chart = Chart(mode_id, notes=placed.notes, settings=tuple(sorted(placed.settings)))
        reached = mode.difficulty(chart, piece.timing)
        tried.append(_Try(task, chart, reached, task.supplied_hz(moments)))
    best = min(tried, key=lambda x: (not x.fits, x.miss))
    follow = tuple(
        (int(score.starts[s.first]), int(score.starts[s.last]), score.voices[s.voice].layer)
        for s in sections
    )
    extra = Extra((("teacher", style.knobs()), ("follow", follow)))
    return replace(best.chart, level=round(float(best.reached), 3), extra=extra)


def _hand(game: str, mode_id: str) -> ModuleType:
    """The module that places a game's notes."""
    name = f"{__package__}.{_HANDS.get(game, '')}"
    if game not in _HANDS or find_spec(name) is None:
        raise ModeError(f"no teacher for {mode_id!r}")
    return import_module(name)


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

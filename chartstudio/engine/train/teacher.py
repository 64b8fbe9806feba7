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

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np

from chartstudio.core.errors import ModeError
from chartstudio.core.song import Chart, Extra
from chartstudio.engine.train.choosing import Task, choose, find_sections
from chartstudio.engine.train.demands import SABERS, demand_of, game_of
from chartstudio.engine.train.moments import Placed, Placer, Scene
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

_TRIES = 7


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
    best: tuple[float, float, Chart] = (np.inf, 0.0, Chart(mode_id))
    borders = tuple(int(score.starts[s.first]) for s in sections)
    scene = Scene(mode, piece.timing, score.starts, level, level, dict(style.knobs()), borders)
    for _ in range(_TRIES):
        scene = replace(scene, skill=task.skill)
        moments = choose(task, np.random.default_rng(seed))
        chart = _chart(mode_id, place(moments, scene, np.random.default_rng(seed)))
        reached = mode.difficulty(chart, piece.timing)
        best = min(best, (abs(reached - level), reached, chart), key=lambda b: b[0])
        if best[0] < 0.04 * level + 0.05:
            break
        task = _corrected(task, reached)
    _, reached, chart = best
    follow = tuple(
        (int(score.starts[s.first]), int(score.starts[s.last]), score.voices[s.voice].layer)
        for s in sections
    )
    extra = Extra((("teacher", style.knobs()), ("follow", follow)))
    return replace(chart, level=round(float(reached), 3), extra=extra)


def _hand(game: str, mode_id: str) -> ModuleType:
    """The module that places a game's notes."""
    name = f"{__package__}.{_HANDS.get(game, '')}"
    if game not in _HANDS or find_spec(name) is None:
        raise ModeError(f"no teacher for {mode_id!r}")
    return import_module(name)


def _chart(mode_id: str, placed: Placed) -> Chart:
    return Chart(mode_id, notes=placed.notes, settings=tuple(sorted(placed.settings)))


def _corrected(task: Task, reached: float) -> Task:
    """The task for the next try, after one that reached this level.

    Too easy a chart is first made denser from what the music has, then thicker.
    """
    ratio = task.level / max(reached, 0.1)
    rate_hz = task.rate_hz * float(np.clip(ratio, 0.6, 1.5))
    push = float(np.clip(task.push + (0.3 if ratio > 1 else -0.1), 0.0, 1.0))
    return replace(task, rate_hz=rate_hz, push=push, skill=min(task.level, reached))

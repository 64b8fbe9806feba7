"""What an author's charts say without any training: how many notes, and where by preference.

Measured habits go into a model's plan: how many note times a level has, how often rows are
chords and holds, and how much metre and the rise of the sound weigh beside what the network
hears. Knows plans and figures of charts; refuses to change a network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.evaluate.cases import SongCases
from chartstudio.engine.evaluate.times import WITHIN_S, near
from chartstudio.engine.evaluate.trial import SongTrial, Trial
from chartstudio.engine.plan import Curve, PlanSpec, metrical_prior
from chartstudio.engine.tune.charts import Spelled
from chartstudio.engine.tune.judging import stand_of

_FACTOR_LIMITS = (0.33, 3.0)
_WEIGHT_LIMITS = (0.0, 4.0)
_ROUNDS = 20
_RIDGE = 1e-3
_SLOPE_RIDGE = 0.5

_FIRM_SONGS = 12
"""The plan's own weights of metre and rise count as much as so many songs. Of the eight human
songs at hand, each judged by weights of its author's other three: F1 73.56 by the plan's own,
73.57 a quarter of the way to those that fit the three, 73.48 half of it, 73.26 all of it."""

N_SONGS = 4
"""So many songs are listened to for the weights; a logistic fit of four numbers needs no more."""


def with_rates(plan: PlanSpec, spelled: Sequence[Spelled]) -> PlanSpec:
    """A plan with an author's own rates, chords and holds.

    The plan's curves keep their shape: few authors have charts of every level. Each is scaled,
    or moved, by the median of what the author's charts differ by.

    Parameters
    ----------
    plan : PlanSpec
    spelled : sequence of Spelled
        The author's charts.
    """
    density, chords, held = dict(plan.density), dict(plan.chords), dict(plan.held)
    for mode_id in dict.fromkeys(s.mode_id for s in spelled):
        own = [s for s in spelled if s.mode_id == mode_id]
        factors = [_rate(s) / plan.times_per_s(mode_id, s.level) for s in own]
        factor = float(np.clip(np.median(factors), *_FACTOR_LIMITS))
        moves = [float(np.mean(s.sizes > 1)) - plan.chord_share(mode_id, s.level) for s in own]
        if mode_id in density:
            density[mode_id] = _changed(density[mode_id], factor, 0.0)
        if mode_id in chords:
            chords[mode_id] = _changed(chords[mode_id], 1.0, float(np.median(moves)), 1.0)
        held[mode_id] = held_curve(
            [s.level for s in own], [float(np.mean(s.rows.end_slots > s.rows.slots)) for s in own]
        )
    return replace(
        plan,
        density=tuple(density.items()),
        chords=tuple(chords.items()),
        held=tuple(held.items()),
    )


def held_curve(levels: Sequence[float], shares: Sequence[float]) -> Curve:
    """The share of held rows by level: a straight line between the lowest and highest.

    The author's easy charts hold most rows and their hard ones few, so that one figure for all
    would be wrong for each. Few levels that lie close together make no slope.

    Parameters
    ----------
    levels, shares : sequence of float
        Of each chart.
    """
    at, share = np.array(levels), np.array(shares)
    away = at - at.mean()
    slope = float(away @ (share - share.mean())) / (float(away @ away) + _SLOPE_RIDGE)
    ends = sorted({float(at.min()), float(at.max())})
    values = [float(share.mean()) + slope * (level - float(at.mean())) for level in ends]
    return tuple(
        (round(level, 4), round(min(max(value, 0.0), 1.0), 4))
        for level, value in zip(ends, values, strict=True)
    )


def _rate(spelled: Spelled) -> float:
    """Note times per second, from the first to the last."""
    seconds = spelled.rows.seconds
    return len(seconds) / max(float(seconds[-1] - seconds[0]), 1.0)


def _changed(curve: Curve, factor: float, move: float, most: float = np.inf) -> Curve:
    return tuple(
        (level, round(min(max(value * factor + move, 0.0), most), 4)) for level, value in curve
    )


def with_weights(model: Model, songs: Sequence[SongCases]) -> Job[PlanSpec]:
    """A model's plan with metre and rise weighed more as fits an author's charts.

    Parameters
    ----------
    model : Model
        Its plan is the one that is changed, and its network is listened to.
    songs : sequence of SongCases
        The author's; the first few are used.

    Yields
    ------
    Progress
        One per song.
    """
    plan = model.spec.plan
    stand, inputs, hits = stand_of(model), [], []
    few = songs[:N_SONGS]
    for i, song in enumerate(few):
        yield Progress(i / len(few), "Measuring habits")
        try:
            shared = SongTrial(stand, song.audio(), None)
            # The hardest chart says most: of an easy one's lines few are taken.
            trial = Trial(song.cases[0], shared)
            heard = trial.heard
        except ChartStudioError:
            # Whatever is wrong with this song is told where it is learned from or judged.
            continue
        metre = metrical_prior(heard.lines, trial.case.timing)
        inputs.append(np.stack((heard.scores, metre, heard.flux), axis=1))
        hits.append(near(trial.seconds(heard.lines), trial.case.true_s, WITHIN_S[0]))
    if not inputs:
        return plan
    net, *others = logistic(np.concatenate(inputs), np.concatenate(hits))
    if net <= 0:
        # What the network hears says nothing of these charts: weights beside it mean nothing.
        return plan
    fitting = [float(np.clip(w / net, *_WEIGHT_LIMITS)) for w in others]
    share = len(inputs) / (len(inputs) + _FIRM_SONGS)
    of_metre, of_flux = (
        (1 - share) * usual + share * found
        for usual, found in zip((plan.metre, plan.flux), fitting, strict=True)
    )
    return replace(plan, metre=round(of_metre, 4), flux=round(of_flux, 4))


def logistic(inputs: NDArray[np.floating], hits: NDArray[np.bool_]) -> list[float]:
    """Weights by which inputs best tell hits, after Newton; the offset is left out.

    Parameters
    ----------
    inputs : ndarray, shape (N, K)
    hits : ndarray of bool, shape (N,)
    """
    x = np.concatenate((inputs.astype(np.float64), np.ones((len(inputs), 1))), axis=1)
    weights = np.zeros(x.shape[1])
    ridge = _RIDGE * len(x) * np.diag([*[1.0] * inputs.shape[1], 0.0])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (hits - chance) - ridge @ weights
        bend = (x.T * (chance * (1 - chance) + 1e-9)) @ x + ridge
        weights = weights + np.linalg.solve(bend, slope)
    found: list[float] = weights[:-1].tolist()
    return found

"""A reading to the millisecond: a regression over all onsets of the song, and its worth.

This module knows one tempo at a time and nothing of measures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.onsets import Onsets
from chartstudio.engine.tempo_rank import Reading


@dataclass(frozen=True, slots=True)
class Fit:
    """A regression line through the onsets: beat ``k`` at ``offset_s + k * period_s``.

    ``support`` is the weight of the onsets near the line, each counting less the further
    away it is.
    """

    period_s: float
    offset_s: float
    support: float


_N_ROUNDS = 6
_WIDEST_S, _NARROWEST_S = 0.020, 0.006
_PER_SPREAD = 2.5
"""Onsets further away than this many times their usual distance are left out of each round
of the regression, within limits: machines play within a millisecond, people within ten."""

_SLOT_WEIGHTS = np.array((1.0, 0.35, 0.7, 0.35))
"""On the beat, and its three sixteenths: off-beats are swung and played loosely."""

_WHOLE = ((1.0, 0.008), (2.0, 0.003), (10.0, 0.001))
"""Tempos are tried as whole BPM, halves and tenths: steps per BPM, and the greatest drift
over the whole song, in seconds, that may hide behind them."""


def fitted(onsets: Onsets, start: Fit, period_s: float | None = None) -> Fit:
    """Robust least squares over all onsets near sixteenths; with a given period, of the offset."""
    fit = start if period_s is None else replace(start, period_s=period_s)
    times_s, energy = onsets.times_s, np.minimum(onsets.weights, 1.2) ** 2
    tolerance_s = _WIDEST_S
    for _ in range(_N_ROUNDS):
        sixteenth_s = fit.period_s / 4
        reach_s = min(tolerance_s, 0.3 * sixteenth_s)
        slot = np.rint((times_s - fit.offset_s) / sixteenth_s)
        away = times_s - fit.offset_s - slot * sixteenth_s
        near = np.abs(away) < reach_s
        if near.sum() < 4:
            break
        worth = energy * _SLOT_WEIGHTS[slot.astype(np.int64) % 4]
        weight = np.where(near, worth * (1 - (away / reach_s) ** 2) ** 2, 0.0)
        total = float(weight.sum()) + 1e-12
        beat = slot / 4
        mean_beat, mean_s = float(weight @ beat) / total, float(weight @ times_s) / total
        period = fit.period_s
        if period_s is None:
            spread = float(weight @ (beat - mean_beat) ** 2)
            if spread > 0:
                period = float(weight @ ((beat - mean_beat) * (times_s - mean_s))) / spread
        fit = Fit(period, mean_s - period * mean_beat, total)
        around = np.abs(away) < min(_WIDEST_S, 0.3 * sixteenth_s)
        spread_s = 1.48 * _median(np.abs(away[around]), worth[around])
        tolerance_s = min(max(_PER_SPREAD * spread_s, _NARROWEST_S), _WIDEST_S)
    return fit


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def refined(onsets: Onsets, reading: Reading) -> Fit:
    """The reading's best fit, at a whole tempo where that fits as well."""
    # The middle of the song anchors the first guess: the error of a rough tempo is least.
    middle_s = float(np.median(onsets.times_s))
    period_s = 1 / reading.beat_hz
    beat = round((middle_s - reading.phase_s) / period_s)
    fit = fitted(onsets, Fit(period_s, reading.phase_s + beat * period_s, 0.0))
    span_s = float(onsets.times_s[-1] - onsets.times_s[0])
    bpm = 60 / fit.period_s
    for steps, drift_s in _WHOLE:
        whole = round(bpm * steps) / steps
        if abs(whole / bpm - 1) * span_s > drift_s:
            continue
        tried = fitted(onsets, fit, 60 / whole)
        if tried.support >= 0.99 * fit.support:
            return tried
    return fit


def score(onsets: Onsets, fit: Fit) -> float:
    """Share of onset energy on sixteenths or sextuplets, beyond that of random onsets."""
    energy = onsets.weights**2
    best = 0.0
    for parts in (4, 6):
        step_s = fit.period_s / parts
        reach_s = min(0.020, 0.2 * step_s)
        phase = (onsets.times_s - fit.offset_s) / step_s
        near = np.abs(phase - np.rint(phase)) * step_s <= reach_s
        share = float(energy[near].sum() / (energy.sum() + 1e-12))
        chance = 2 * reach_s / step_s
        best = max(best, (share - chance) / (1 - chance))
    return best

"""How hard a chart is: notes and swings per second, and the rank that they suggest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chartstudio.core.song import Chart
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.modes.beatsaber.flow import by_hand, swings_of
from chartstudio.modes.beatsaber.notes import ColorNote
from chartstudio.modes.beatsaber.space import saber_notes

DENSE_WINDOW_S = 4.0
_DENSE_SHARE = 0.9

_RANK_0, _RANK_PER_LOG = -3.4, 3.46
_EASY_PACE = math.exp((1 - _RANK_0) / _RANK_PER_LOG)


@dataclass(frozen=True, slots=True)
class Rate:
    """Events per second.

    Parameters
    ----------
    mean : float
        Over the time from the first to the last.
    dense : float
        In the hard parts: the 90th percentile, over all events, of the rate in the four
        seconds after each.
    peak : float
        The busiest four seconds.
    """

    mean: float
    dense: float
    peak: float


def rate_of(times: Seconds) -> Rate:
    """Rates of sorted times in seconds, shape (N,)."""
    if len(times) == 0:
        return Rate(0.0, 0.0, 0.0)
    ahead = np.searchsorted(times, times + DENSE_WINDOW_S) - np.arange(len(times))
    span_s = max(float(times[-1] - times[0]), 1.0)
    return Rate(
        mean=len(times) / span_s,
        dense=float(np.quantile(ahead, _DENSE_SHARE)) / DENSE_WINDOW_S,
        peak=float(ahead.max()) / DENSE_WINDOW_S,
    )


def nps(chart: Chart, timing: TimingMap) -> Rate:
    """Notes per second: red and blue ones."""
    return rate_of(np.sort(np.concatenate(_note_times(chart, timing))))


def swings_per_s(chart: Chart, timing: TimingMap) -> Rate:
    """Swings per second of both hands; a stack or a slider is one swing."""
    swings = swings_of(saber_notes(chart.notes), timing)
    return rate_of(np.array([s.start_s for s in swings]))


def pace(chart: Chart, timing: TimingMap) -> float:
    """How fast a chart's hard parts are played, per second.

    The geometric mean of notes and swings. A hand that does more than its half counts as if
    the other did as much, so that one saber is harder than two.
    """
    swings = by_hand(swings_of(saber_notes(chart.notes), timing))
    note_rate = _of_both(_note_times(chart, timing))
    swing_rate = _of_both([np.array([s.start_s for s in hand]) for hand in swings])
    return math.sqrt(note_rate * swing_rate)


def estimate_rank(chart: Chart, timing: TimingMap) -> float:
    """The rank, 1 for Easy to 5 for ExpertPlus, that the chart's pace suggests.

    It rises with the logarithm of the pace. Its two figures were fitted to eleven charts of
    two songs by one mapper, where it is off by 0.2 in the mean; mappers differ more. Below
    Easy it falls evenly to 0, and beyond ExpertPlus it rises on.
    """
    rate = pace(chart, timing)
    if rate <= _EASY_PACE:
        return round(rate / _EASY_PACE, 2)
    return round(_RANK_0 + _RANK_PER_LOG * math.log(rate), 2)


def _note_times(chart: Chart, timing: TimingMap) -> list[Seconds]:
    """Times of the red and of the blue notes."""
    notes = [n for n in chart.notes if isinstance(n, ColorNote)]
    times = timing.seconds_at(np.array([n.tick for n in notes], dtype=np.int64))
    colors = np.array([n.color for n in notes], dtype=np.int64)
    return [times[colors == color] for color in (0, 1)]


def _of_both(hands: list[Seconds]) -> float:
    whole = rate_of(np.sort(np.concatenate(hands))).dense
    return max(whole, *(2 * rate_of(hand).dense for hand in hands))

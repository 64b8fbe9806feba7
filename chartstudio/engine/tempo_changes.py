"""A song's changing tempo as anchors: pulse, count, fewest lines, measures.

Puts together what `tempo_follow`, `tempo_rank`, `tempo_map` and `tempo_bars` know. Where
even the best pulse gathers no more than chance, there is none.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.onsets import Novelty, Onsets, clear_span
from chartstudio.engine.requests import TempoAnchor
from chartstudio.engine.tempo_bars import Bars, bars
from chartstudio.engine.tempo_follow import (
    Pulse,
    exact_pulse,
    explained,
    parts_of,
    rough_pulse,
    unrest,
    usual_periods,
)
from chartstudio.engine.tempo_lines import Spectrum, tempos
from chartstudio.engine.tempo_map import Lines, confidences, fewest_lines, fitted, tolerances
from chartstudio.engine.tempo_rank import Heard, readings

_T = TypeVar("_T")

N_PULSES = 3
NEAR_S = 0.015
"""An onset this near to a line of the grid is explained by it."""

LEAST_EXPLAINED = 0.3
LEAST_WORTH = 0.2
"""Less is a pulse that chance gathers: see the test of sounds without a rhythm."""

_UNREST = 0.05
"""What a tempo that moves by a natural octave must explain more than one that does not."""

_RATIOS = np.array(
    (1 / 4, 1 / 3, 3 / 8, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 8 / 3, 3, 4), dtype=np.float64
)
"""Pulses per beat."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """A tempo that was followed.

    Attributes
    ----------
    on_grid : ndarray of bool, shape (N,)
        Whether each onset lies on the fourths or sixths of these beats.
    """

    anchors: tuple[TempoAnchor, ...]
    on_grid: NDArray[np.bool_]


def follow(heard: Heard, found: Novelty) -> Generator[float, None, Followed | None]:
    """Follow the tempo.

    Parameters
    ----------
    heard : Heard
    found : Novelty

    Yields
    ------
    float
        Share done, 0 to 1.

    Returns
    -------
    Followed or None
        None where there is no pulse.
    """
    onsets = heard.onsets
    if len(onsets.times_s) < 16:
        return None
    best = yield from _best_pulse(onsets)
    if best is None:
        return None
    pulse, spread_s = best
    if explained(onsets, pulse) < LEAST_EXPLAINED or pulse.worth < LEAST_WORTH:
        return None
    yield 0.9
    at = _counted(heard, pulse)
    yield 0.95
    beats_s = pulse.seconds_at(at)
    number = np.arange(len(pulse.beats_s), dtype=np.float64)
    room_s = tolerances(np.interp(at, number, np.minimum(spread_s, 1.0)))
    lines = yield from _scaled(fewest_lines(beats_s, room_s), 0.92, 1.0)
    parts = parts_of(np.interp(onsets.times_s, beats_s, np.arange(len(at))), onsets.weights)
    lines = fitted(onsets, lines, parts)
    measures = bars(found, lines.at(np.arange(len(at), dtype=np.float64)))
    sure = confidences(onsets, lines, parts)
    number = lines.number_at(onsets.times_s)
    away_s = np.abs(onsets.times_s - lines.at(np.rint(number * parts) / parts))
    return Followed(_anchors(lines, measures, sure), away_s < NEAR_S)


def _scaled(
    steps: Generator[float, None, _T], low: float, high: float
) -> Generator[float, None, _T]:
    """A generator of shares done, as one stretch of a longer one."""
    while True:
        try:
            share = next(steps)
        except StopIteration as stop:
            return stop.value
        yield low + (high - low) * share


def _best_pulse(
    onsets: Onsets,
) -> Generator[float, None, tuple[Pulse, NDArray[np.float64]] | None]:
    """The pulse that explains most and moves least, with the spread around its beats."""
    periods = yield from _scaled(usual_periods(onsets, N_PULSES), 0.0, 0.1)
    best, most = None, -np.inf
    for i, period_s in enumerate(periods):
        share = 0.8 / len(periods)
        low = 0.1 + i * share
        rough = yield from _scaled(rough_pulse(onsets, period_s), low, low + share)
        if len(rough.beats_s) < 8:
            continue
        pulse, spread_s = exact_pulse(onsets, rough)
        worth = explained(onsets, pulse) - _UNREST * unrest(pulse)
        if worth > most:
            best, most = (pulse, spread_s), worth
        yield low + share
    return best


def _counted(heard: Heard, pulse: Pulse) -> NDArray[np.float64]:
    """The beats that people count, as pulse numbers.

    In time that runs evenly with the pulse the tempo stays, and is ranked like any other.
    """
    period_s = pulse.period_s
    even = heard.warped(
        pulse.number_at(heard.onsets.times_s) * period_s,
        pulse.number_at(heard.frames_s) * period_s,
    )
    found = [r for f in tempos(Spectrum.of(even.onsets)) for r in readings(even, f)]
    steps, start = 1.0, 0.0
    for reading in sorted(found, key=lambda r: -r.rank):
        per_beat = 1 / (reading.beat_hz * period_s)
        near = _RATIOS[np.abs(np.log(_RATIOS / per_beat)).argmin()]
        if abs(per_beat / near - 1) < 0.004:
            # In the middle of the song the phase is surest.
            middle = len(pulse.beats_s) / 2
            beat = reading.phase_s / period_s
            beat += round((middle - beat) / per_beat) * per_beat
            parts = 12 if near >= 1 else 24
            steps, start = float(near), round(beat * parts) / parts % float(near)
            break
    first_s, last_s = clear_span(heard.onsets)
    first, last = pulse.number_at(np.array((first_s, last_s)))
    low = int(np.floor((first - start) / steps + 0.2))
    high = max(int(np.ceil((last - start) / steps)), low + 2)
    return start + np.arange(low, high + 1) * steps


def _anchors(lines: Lines, measures: Bars, sure: NDArray[np.float64]) -> tuple[TempoAnchor, ...]:
    """Lines as anchors whose tick 0 is the first downbeat."""
    beats, times_s = lines.beats.astype(np.float64), lines.times_s
    if measures.first < 0:
        times_s = np.concatenate((lines.at(np.array([float(measures.first)])), times_s[1:]))
        beats = np.concatenate(([float(measures.first)], beats[1:]))
    bpms = 60 * np.diff(beats) / np.diff(times_s)
    return tuple(
        TempoAnchor(
            tick=int(beat - beats[0]) * TICKS_PER_BEAT,
            seconds=round(float(at_s), 5),
            bpm=round(float(bpm), 4),
            meter=measures.meter,
            confidence=round(float(confidence), 4),
        )
        for beat, at_s, bpm, confidence in zip(beats, times_s, bpms, sure, strict=False)
    )

"""A song's changing tempo as anchors: pulse, count, fewest lines, measures.

Puts together what `tempo_follow`, `tempo_rank`, `tempo_map` and `tempo_bars` know. Where
even the best pulse gathers no more than chance, there is none.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.onsets import clear_span
from chartstudio.engine.requests import TempoAnchor
from chartstudio.engine.tempo_bars import Bars, Measures
from chartstudio.engine.tempo_follow import (
    Pulse,
    exact_pulse,
    explained,
    heard_beats,
    parts_of,
    rough_pulse,
    unrest,
    usual_periods,
)
from chartstudio.engine.tempo_lines import Spectrum, tempos
from chartstudio.engine.tempo_map import Lines, confidences, fewest_lines, fitted, tolerances
from chartstudio.engine.tempo_rank import Heard, Reading, agreement, readings

_T = TypeVar("_T")

N_PULSES = 3
NEAR_S = 0.015
"""An onset this near to a line of the grid is explained by it."""

LEAST_STRENGTH, LEAST_IF_STEADY = 350.0, 150.0
"""Least line strength, per minute, of the onsets in time that runs with the pulse; less is
asked of a song in which one tempo was found already. Beats that are free to follow chance
reach 320 in made-up speech, rain, scattered notes and kicks; the loosest song that was
followed rightly 400, most some thousands."""

_UNREST = 0.3
"""What a tempo that moves by a natural octave must explain more than one that does not."""

_AGREEMENT = 0.15
"""What a nat per second of the network's agreement is worth beside what is explained."""

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


def follow(
    heard: Heard, measures: Measures, is_rhythmic: bool
) -> Generator[float, None, Followed | None]:
    """Follow the tempo.

    Parameters
    ----------
    heard : Heard
    measures : callable
        Says where measures start.
    is_rhythmic : bool
        One tempo was found: no chance sounds.

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
    best = yield from _best_pulse(heard)
    if best is None:
        return None
    pulse, spread_s = best
    yield 0.9
    even = _evened(heard, pulse)
    spectrum = Spectrum.of(even.onsets)
    beats_hz = tempos(spectrum)
    strength = max((spectrum.strength(f) for f in beats_hz), default=0.0) * 60 / spectrum.span_s
    if strength < (LEAST_IF_STEADY if is_rhythmic else LEAST_STRENGTH):
        return None
    counted: list[Reading] = []
    for beat_hz in beats_hz:
        counted += readings(even, beat_hz)
        yield 0.9
    at = _counted(heard, pulse, counted)
    yield 0.95
    beats_s = pulse.seconds_at(at)
    number = np.arange(len(pulse.beats_s), dtype=np.float64)
    room_s = tolerances(np.interp(at, number, np.minimum(spread_s, 1.0)))
    lines = yield from _scaled(fewest_lines(beats_s, room_s), 0.92, 1.0)
    parts = parts_of(np.interp(onsets.times_s, beats_s, np.arange(len(at))), onsets.weights)
    lines = fitted(onsets, lines, parts)
    found = measures(lines.at(np.arange(len(at), dtype=np.float64)))
    sure = confidences(onsets, lines, parts)
    number = lines.number_at(onsets.times_s)
    away_s = np.abs(onsets.times_s - lines.at(np.rint(number * parts) / parts))
    return Followed(_anchors(lines, found, sure), away_s < NEAR_S)


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
    heard: Heard,
) -> Generator[float, None, tuple[Pulse, NDArray[np.float64]] | None]:
    """The pulse that explains most and moves least, with the spread around its beats."""
    onsets, beats = heard.onsets, heard_beats(heard)
    known = beats if len(beats.times_s) >= 16 else onsets
    periods = yield from _scaled(usual_periods(known, N_PULSES), 0.0, 0.1)
    best, most = None, -np.inf
    for i, period_s in enumerate(periods):
        share = 0.8 / len(periods)
        low = 0.1 + i * share
        rough = yield from _scaled(rough_pulse(heard, period_s), low, low + share)
        if len(rough.beats_s) < 8:
            continue
        pulse, spread_s = exact_pulse(onsets, rough)
        worth = explained(onsets, pulse) - _UNREST * unrest(pulse)
        worth += _AGREEMENT * agreement(heard, pulse.number_at)
        if worth > most:
            best, most = (pulse, spread_s), worth
        yield low + share
    return best


def _evened(heard: Heard, pulse: Pulse) -> Heard:
    """The same sounds in time that runs with the pulse, where the tempo stays."""
    return heard.warped(lambda at_s: pulse.number_at(at_s) * pulse.period_s)


def _counted(heard: Heard, pulse: Pulse, found: Sequence[Reading]) -> NDArray[np.float64]:
    """The beats that people count, as pulse numbers, from the readings of even time."""
    period_s = pulse.period_s
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

"""How far what was found lies from what is true.

A **reading** is one tempo with one beat. This module knows nothing of how songs are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap

RIGHT = 5e-4
"""A tempo is the right one within this share: 0.06 BPM at 120. Recordings run that far from
what their score says."""

_HALVES = (0.25, 1 / 3, 0.5, 2 / 3, 0.75, 1.0, 4 / 3, 1.5, 2.0, 3.0, 4.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """A tempo and the time of one of its beats."""

    bpm: float
    offset_s: float


@dataclass(frozen=True, slots=True)
class Steady:
    """How one steady song was read.

    Attributes
    ----------
    place : int
        Of the right tempo among the readings, 1 is first; 0 where it is missing.
    bpm_error : float
        Of the right tempo's reading, or of the first one's nearest multiple.
    offset_s : float
        True beat minus found beat, in the middle of the song.
    n_readings : int
    """

    place: int
    bpm_error: float
    offset_s: float
    n_readings: int


def steady(truth: TimingMap, duration_s: float, readings: Sequence[Reading]) -> Steady:
    """Judge readings of a song with one tempo.

    The first reading with the right tempo is the one whose offset counts, be its beats the
    true ones or those half-way between.
    """
    bpm = truth.anchors[0].bpm
    middle_s = truth.anchors[0].seconds + (duration_s - truth.anchors[0].seconds) / 2
    right = [i for i, r in enumerate(readings) if abs(r.bpm / bpm - 1) < RIGHT]
    if not readings:
        return Steady(0, float("nan"), float("nan"), 0)
    if right:
        reading = readings[right[0]]
        off_s = offset_s(truth, reading, middle_s)
        return Steady(right[0] + 1, abs(reading.bpm - bpm), off_s, len(readings))
    near = min((readings[0].bpm / r for r in _HALVES), key=lambda found: abs(found - bpm))
    return Steady(0, abs(near - bpm), float("nan"), len(readings))


def offset_s(truth: TimingMap, reading: Reading, at_s: float) -> float:
    """True beat nearest to a time minus the reading's beat nearest to that."""
    beat = round(truth.tick_at(at_s) / TICKS_PER_BEAT) * TICKS_PER_BEAT
    away = truth.seconds_at(beat) - reading.offset_s
    beat_s = 60.0 / reading.bpm
    return (away + beat_s / 2) % beat_s - beat_s / 2


def is_downbeat(truth: TimingMap, at_s: float, meter: int) -> bool:
    """Whether a beat starts a true measure and the meter is the true one."""
    true_meter = truth.anchors[0].meter
    beat = round(truth.tick_at(at_s) / TICKS_PER_BEAT)
    return meter == true_meter and beat % true_meter == 0


def line(beats_s: NDArray[np.float64]) -> list[Reading]:
    """The least-squares line through tracked beats; none through fewer than four."""
    if len(beats_s) < 4:
        return []
    usual_s = float(np.median(np.diff(beats_s)))
    number = np.cumsum(np.concatenate(([0.0], np.rint(np.diff(beats_s) / usual_s))))
    period_s, first_s = np.polyfit(number, beats_s, 1)
    return [Reading(60.0 / float(period_s), float(first_s))]


_OCTAVES = (0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class Changing:
    """How one song with a changing tempo was followed.

    Attributes
    ----------
    errors_s : ndarray, shape (B,)
        Distance of every true beat from the nearest found one, at the best octave.
    octave : float
        Found beats per true beat, 0.5, 1 or 2, that fits best.
    n_anchors : int
    """

    errors_s: NDArray[np.float64]
    octave: float
    n_anchors: int


def changing(
    truth: TimingMap, end_s: float, found_s: NDArray[np.float64], n_anchors: int
) -> Changing:
    """Judge found beats of a song whose tempo moves.

    Parameters
    ----------
    truth : TimingMap
    end_s : float
        Beats up to here count.
    found_s : ndarray, shape (F,)
        Found beats. Where they count at half the tempo the beats half-way between them
        stand in; where at twice the tempo, every other one does.
    n_anchors : int
    """
    last = truth.tick_at(end_s) // TICKS_PER_BEAT
    true_s = truth.seconds_at(np.arange(0, last + 1, dtype=np.int64) * TICKS_PER_BEAT)
    if len(found_s) < 2:
        return Changing(np.full(len(true_s), np.inf), 1.0, n_anchors)
    n_true = len(true_s)
    inside = (found_s > true_s[0] - 0.1) & (found_s < true_s[-1] + 0.1)
    ratio = max(int(inside.sum()), 1) / n_true
    octave = min(_OCTAVES, key=lambda o: abs(np.log(ratio / o)))
    if octave == 0.5:
        choices = [_with_halves(found_s)]
    elif octave == 2.0:
        choices = [found_s[::2], found_s[1::2]]
    else:
        choices = [found_s]
    best = min((_nearest(true_s, c) for c in choices), key=lambda e: float(np.median(e)))
    return Changing(best, octave, n_anchors)


def _with_halves(beats_s: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sort(np.concatenate((beats_s, (beats_s[1:] + beats_s[:-1]) / 2)))


def _nearest(true_s: NDArray[np.float64], found_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each true beat from the nearest found one."""
    at = np.searchsorted(found_s, true_s)
    before = found_s[np.clip(at - 1, 0, len(found_s) - 1)]
    after = found_s[np.clip(at, 0, len(found_s) - 1)]
    return np.minimum(np.abs(true_s - before), np.abs(after - true_s))

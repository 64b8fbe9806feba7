"""The pulse of music whose tempo moves, beat by beat.

First a rough pulse, by dynamic programming: the sequence of beats that the network hears
best, that gathers the most onset energy and changes its tempo the least. Then every beat to the
millisecond, by lines through the onsets around it. Which of the pulses is the beat that
people count, and how few anchors say the same, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.onsets import Onsets
from chartstudio.engine.tempo_rank import Heard

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PERIOD_FRAMES = 64
"""Frames of the rough pulse's usual period: it moves in steps of 1.6 %."""

_SPREAD = 1.5
"""Pulses up to this many times longer or shorter than the usual one are followed."""

_QUARTER = 0.4
"""What an onset on a quarter of the pulse is worth; half-way it is worth as much as on the
pulse: onsets do not tell the one from the other, the network does."""

_STRUCK = 0.4
"""What a struck beat is worth beside one that the network is sure of."""

_STIFFNESS, _JUMP, _FAR_JUMP = 20.0, 4.0, 10.0
"""Cost of a beat that is e times as long as the one before, as long as the change is small;
that of a sudden change, and what its size adds. A beat that is struck is worth some 1."""

_N_BLOCK = 1500


@dataclass(frozen=True, slots=True, eq=False)
class Pulse:
    """Beats of some metrical level.

    Attributes
    ----------
    beats_s : ndarray, shape (B,)
        Strictly rising.
    worth : float
        Mean onset energy gathered, less the cost of changes, per usual period.
    """

    beats_s: Floats
    worth: float

    @property
    def period_s(self) -> float:
        """The usual time between two."""
        return float(np.median(np.diff(self.beats_s)))

    def number_at(self, seconds: Floats) -> Floats:
        """Pulse number, with fraction, at any time; runs on straight before and after."""
        return _bent(seconds, self.beats_s, np.arange(len(self.beats_s), dtype=np.float64))

    def seconds_at(self, number: Floats) -> Floats:
        """The reverse of `number_at`."""
        return _bent(number, np.arange(len(self.beats_s), dtype=np.float64), self.beats_s)


def _bent(at: Floats, x: Floats, y: Floats) -> Floats:
    """Linear interpolation that runs on with the slope of the first and last eight steps."""
    n = min(8, len(x) - 1)
    found = np.interp(at, x, y)
    first, last = (y[n] - y[0]) / (x[n] - x[0]), (y[-1] - y[-1 - n]) / (x[-1] - x[-1 - n])
    found = np.where(at < x[0], y[0] + (at - x[0]) * first, found)
    return np.where(at > x[-1], y[-1] + (at - x[-1]) * last, found)


# Usual periods ---------------------------------------------------------------------------

_BPMS = np.exp(np.arange(np.log(70.0), np.log(240.0), 0.01))
_WINDOW_S = 8.0


def usual_periods(onsets: Onsets, n: int) -> Generator[float, None, list[float]]:
    """Periods in seconds that are heard most over the song, strongest first.

    Local Fourier combs over 8 s, averaged over the song and over neighbouring tempos, so
    that a tempo that wanders counts like one that stays.

    Yields
    ------
    float
        Share done, 0 to 1.
    """
    times_s, weights = onsets.times_s, np.minimum(onsets.weights, 1.0)
    hz = _BPMS / 60
    total = np.zeros(len(hz))
    for start_s in np.arange(times_s[0], times_s[-1], _WINDOW_S / 2):
        inside = (times_s >= start_s) & (times_s < start_s + _WINDOW_S)
        if inside.sum() < 8:
            continue
        turn = np.exp(2j * np.pi * np.outer(hz, times_s[inside] - start_s))
        power, at = np.zeros(len(hz)), turn
        for multiple in range(1, 5):
            at = at * turn if multiple > 1 else turn
            power += np.abs(at @ weights[inside]) ** 2 / multiple
        total += power / np.sum(weights[inside]) ** 2
        yield (start_s - times_s[0]) / (times_s[-1] - times_s[0])
    kernel = np.hanning(19)
    smooth = np.convolve(total, kernel / kernel.sum(), "same")
    smooth *= np.exp(-0.5 * (np.log(_BPMS / 125) / 0.6) ** 2)
    found: list[float] = []
    for i in np.argsort(-smooth):
        bpm = float(_BPMS[i])
        if all(abs(np.log(bpm * p / 60)) > 0.25 for p in found):
            found.append(60.0 / bpm)
        if len(found) == n:
            break
    return found


# The rough pulse -------------------------------------------------------------------------


def rough_pulse(heard: Heard, period_s: float) -> Generator[float, None, Pulse]:
    """The best sequence of beats around a usual period.

    Parameters
    ----------
    heard : Heard
    period_s : float
        From `usual_periods`.

    Yields
    ------
    float
        Share done, 0 to 1.

    Returns
    -------
    Pulse
    """
    frame_s = period_s / PERIOD_FRAMES
    start_s = float(heard.onsets.times_s[0]) - 2 * period_s
    strength = _STRUCK * _strength(heard.onsets, start_s, frame_s)
    beat = _beat(heard, start_s + frame_s * np.arange(len(strength)))
    periods = np.arange(round(PERIOD_FRAMES / _SPREAD), round(PERIOD_FRAMES * _SPREAD) + 1)
    cost = _cost(periods)
    n_frames, n = len(strength), len(periods)
    longest, shortest = int(periods[-1]), int(periods[0])
    best = np.zeros((n_frames + longest, n))
    came = np.zeros((n_frames + longest, n), dtype=np.int16)
    padded, beat = (np.concatenate((np.zeros(longest), part)) for part in (strength, beat))
    quarters, halves = periods // 4, periods // 2
    scale = periods / PERIOD_FRAMES
    for t in range(longest, n_frames + longest):
        # Row i: a period of periods[i] before t, whatever period ended there.
        before = best[t - longest : t - shortest + 1][::-1] + cost
        which = before.argmax(axis=1)
        came[t] = which
        found = beat[t] + padded[t] + padded[t - halves]
        found = found + _QUARTER * (padded[t - quarters] + padded[t - quarters - halves])
        best[t] = before[np.arange(n), which] + scale * found
        if t % _N_BLOCK == 0:
            yield (t - longest) / n_frames
    last = n_frames + longest - 1 - int(best[: n_frames - shortest : -1].max(axis=1).argmax())
    state = int(best[last].argmax())
    worth = float(best[last, state]) / (n_frames / PERIOD_FRAMES)
    frames = [last]
    while frames[-1] - int(periods[state]) >= longest:
        state, at = int(came[frames[-1], state]), frames[-1] - int(periods[state])
        frames.append(at)
    beats_s = start_s + (np.array(frames[::-1]) - longest) * frame_s
    return Pulse(beats_s, worth)


def _beat(heard: Heard, at_s: Floats) -> Floats:
    """Chance of a beat at each moment by the network, less its mean."""
    chance = 1 / (1 + np.exp(-np.interp(at_s, heard.pulses_s, heard.beat, -9.0, -9.0)))
    found: Floats = chance - chance.mean()
    return found


def heard_beats(heard: Heard) -> Onsets:
    """Peaks of the chance of a beat, as heavy as it is high."""
    chance = 1 / (1 + np.exp(-heard.beat))
    inner = (chance[1:-1] >= chance[:-2]) & (chance[1:-1] > chance[2:]) & (chance[1:-1] > 0.05)
    peaks = np.flatnonzero(inner) + 1
    return Onsets(heard.pulses_s[peaks], chance[peaks], np.zeros((len(peaks), 3)))


def _strength(onsets: Onsets, start_s: float, frame_s: float) -> Floats:
    """Onset energy by frame, blurred by some 2.5 % of the period, less its mean."""
    n = int((float(onsets.times_s[-1]) - start_s) / frame_s) + 2 * PERIOD_FRAMES
    at = np.rint((onsets.times_s - start_s) / frame_s).astype(np.int64)
    raw = np.bincount(at, np.minimum(onsets.weights, 1.0), n)
    blur = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    smooth = np.minimum(np.convolve(raw, blur, "same"), 1.5)
    return smooth - float(smooth.mean())


def _cost(periods: Ints) -> Floats:
    """Of going from one period (columns) to another (rows), as values to add."""
    change = np.abs(np.log(periods[:, None] / periods[None]))
    return -np.minimum(_STIFFNESS * change, _JUMP + _FAR_JUMP * change)


# To the millisecond ----------------------------------------------------------------------

_REACHES_S = (0.045, 0.028, 0.018, 0.014)
"""Onsets further from the line so far are left out of each round."""

_WINDOWS = ((-4, 4), (-7, 0), (0, 7), (-2, 2))
"""Pulses before and after that a line is laid through; around a sudden change those that
look one way only fit, and short ones where the tempo runs."""

_SLOTS = {4: np.array((1.0, 0.35, 0.7, 0.35)), 6: np.array((1.0, 0.3, 0.5, 0.6, 0.5, 0.3))}
"""How much onsets count by their place between two pulses, for fourths and for sixths."""


def explained(onsets: Onsets, pulse: Pulse) -> float:
    """Share of onset energy on the pulse's fourths or sixths, beyond that of random onsets."""
    number = pulse.number_at(onsets.times_s)
    parts = parts_of(number, onsets.weights)
    step_s = pulse.period_s / parts
    away_s = np.abs(onsets.times_s - pulse.seconds_at(np.rint(number * parts) / parts))
    reach_s = min(0.015, 0.25 * step_s)
    energy = np.minimum(onsets.weights, 1.0) ** 2
    share = float(energy[away_s < reach_s].sum() / (energy.sum() + 1e-12))
    chance = 2 * reach_s / step_s
    return (share - chance) / (1 - chance)


def unrest(pulse: Pulse) -> float:
    """How much the tempo moves in all beyond 1 % per beat, in natural octaves."""
    length = np.log(np.diff(pulse.beats_s))
    padded = np.pad(length, 4, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, 9), axis=1)
    return float(np.maximum(np.abs(np.diff(smooth)) - 0.01, 0.0).sum())


def exact_pulse(onsets: Onsets, pulse: Pulse) -> tuple[Pulse, Floats]:
    """Every beat by straight lines through the onsets near it.

    Parameters
    ----------
    onsets : Onsets
    pulse : Pulse
        Right to a few hundredths of a beat.

    Returns
    -------
    pulse : Pulse
    spread_s : ndarray, shape (B,)
        How far the onsets around each beat lie from its line; infinite where there are too
        few for a line.
    """
    spread_s = np.full(len(pulse.beats_s), np.inf)
    for reach_s in _REACHES_S:
        beats_s, spread_s = _round(onsets, pulse, reach_s)
        pulse = Pulse(beats_s, pulse.worth)
    return pulse, spread_s


def _round(onsets: Onsets, pulse: Pulse, reach_s: float) -> tuple[Floats, Floats]:
    number = pulse.number_at(onsets.times_s)
    parts = parts_of(number, onsets.weights)
    slot = np.rint(number * parts)
    away_s = onsets.times_s - pulse.seconds_at(slot / parts)
    near_s = min(reach_s, 0.3 * pulse.period_s / parts)
    energy = np.minimum(onsets.weights, 1.0) ** 2 * _SLOTS[parts][slot.astype(np.int64) % parts]
    weight = np.where(np.abs(away_s) < near_s, energy * (1 - (away_s / near_s) ** 2) ** 2, 0.0)
    return _lines(slot / parts, away_s, weight, pulse)


def parts_of(number: Floats, weights: Floats) -> int:
    """Whether the onsets between pulses lie on fourths or on sixths."""

    def share(parts: int) -> float:
        near = np.abs(number * parts - np.rint(number * parts)) < 0.15
        return float((weights * near).sum())

    return 6 if share(6) > 1.1 * share(4) else 4


def _lines(number: Floats, away_s: Floats, weight: Floats, pulse: Pulse) -> tuple[Floats, Floats]:
    """Beats moved by the best of several lines through what lies around each."""
    order = np.argsort(number, kind="stable")
    x, y, w = number[order], away_s[order], weight[order]
    sums = np.stack((w, w * x, w * y, w * x * x, w * x * y, w * y * y), axis=1)
    total = np.concatenate((np.zeros((1, 6)), np.cumsum(sums, axis=0)))
    k = np.arange(len(pulse.beats_s), dtype=np.float64)
    best, moved = np.full(len(k), np.inf), np.zeros(len(k))
    for before, after in _WINDOWS:
        low = np.searchsorted(x, k + before - 0.1)
        high = np.searchsorted(x, k + after + 0.1)
        s, sx, sy, sxx, sxy, syy = (total[high] - total[low]).T
        mean_x, mean_y = sx / (s + 1e-9), sy / (s + 1e-9)
        var_x = np.maximum(sxx / (s + 1e-9) - mean_x**2, 0.0)
        slope = (sxy / (s + 1e-9) - mean_x * mean_y) / (var_x + 0.02)
        rest = syy / (s + 1e-9) - mean_y**2 - slope**2 * var_x
        # Few onsets say little; those far to one side of the beat less.
        doubt = 1 + (k - mean_x) ** 2 / (var_x + 0.3)
        variance = (np.maximum(rest, 0.0) + 0.001**2) * doubt * (1 + 1.5 / (s + 0.05))
        enough = (high - low >= 3) & (s > 0.4)
        better = enough & (variance < best)
        best = np.where(better, variance, best)
        moved = np.where(better, mean_y + slope * (k - mean_x), moved)
    known = np.isfinite(best)
    if known.any():
        # Where nothing is struck the beats go along with their neighbours.
        moved = np.where(known, moved, np.interp(k, k[known], moved[known]))
    beats_s = pulse.beats_s + np.clip(moved, -0.06 * pulse.period_s, 0.06 * pulse.period_s)
    return beats_s, np.sqrt(best)

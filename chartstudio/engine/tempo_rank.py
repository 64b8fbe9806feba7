"""Which of the tempos and beats that the onsets allow people would count.

Every reading, a tempo with a phase, is described by what is heard on, between and around
its beats: struck energy by band, kick and snare in turn, where the sound changes colour.
A small ranking over these, fitted on rendered music whose beats are known, orders them.
This module knows nothing of how exact a reading is, nor of measures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.beat_net import Pulses
from chartstudio.engine.onsets import Novelty, Onsets
from chartstudio.engine.tempo_weights import RANKING

Floats = NDArray[np.float64]

_BINS = 48
"""Places per beat of a profile: divides by 4 and 6."""

_CYCLE = 4
"""Beats of a profile."""

_BARE_PULSE = 100.0
_ALIKE = 0.5
"""Every other beat of a metronome has at least this share of the others' low sound."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A tempo with a phase: beats at ``phase_s + k / beat_hz``.

    Attributes
    ----------
    rank : float
        Higher is likelier to be what people count; log odds between readings.
    """

    beat_hz: float
    phase_s: float
    rank: float

    def number_at(self, seconds: Floats) -> Floats:
        """Beat number, with fraction, at any time."""
        return (seconds - self.phase_s) * self.beat_hz


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a ranking looks at, in seconds that may run unevenly against the recording's.

    Attributes
    ----------
    onsets : Onsets
    frames_s : ndarray, shape (T,)
        Times of the frames of the change curves.
    quick, slow : ndarray, shape (T,)
        How much the sound's colour differs just after from just before each frame, over an
        eighth and over some half of a second; 1 on average.
    pulses_s, beat : ndarray, shape (P,)
        Log-odds of a beat by the network, and when.
    """

    onsets: Onsets
    frames_s: Floats
    quick: Floats
    slow: Floats
    pulses_s: Floats
    beat: Floats

    @classmethod
    def of(cls, onsets: Onsets, found: Novelty, pulses: Pulses) -> Heard:
        """Everything in the recording's own seconds."""
        step = 4
        frames = np.arange(0, len(found.colour), step)
        total = np.cumsum(np.pad(found.colour.astype(np.float64), ((1, 0), (0, 0))), axis=0)
        quick, slow = (_change(total, frames, reach_s / found.hop_s) for reach_s in (0.12, 0.45))
        frames_s = found.start_s + frames * found.hop_s
        return cls(onsets, frames_s, quick, slow, pulses.times_s, pulses.beat)

    def warped(self, to: Callable[[Floats], Floats]) -> Heard:
        """The same sounds at other times."""
        return replace(
            self,
            onsets=replace(self.onsets, times_s=to(self.onsets.times_s)),
            frames_s=to(self.frames_s),
            pulses_s=to(self.pulses_s),
        )

    def change(self, curve: Floats, at_s: Floats) -> Floats:
        """A change curve at any time."""
        return np.interp(at_s, self.frames_s, curve)


def _change(total: Floats, frames: NDArray[np.int64], reach: float) -> Floats:
    """Mean colour after each frame less that before, summed over the steps; 1 on average."""
    n, r = len(total) - 1, max(round(reach), 1)
    after, before = np.clip(frames + r, 0, n), np.clip(frames - r, 0, n)
    ahead = (total[after] - total[frames]) / np.maximum(after - frames, 1)[:, None]
    behind = (total[frames] - total[before]) / np.maximum(frames - before, 1)[:, None]
    curve = np.abs(ahead - behind).mean(axis=1)
    return curve / (float(curve.mean()) + 1e-9)


def readings(heard: Heard, beat_hz: float) -> list[Reading]:
    """The phases at which this tempo could be counted, each with its rank."""
    cycle = _profile(heard.onsets, beat_hz)
    total = cycle.reshape(_CYCLE, _BINS, -1).sum(axis=0)[:, 0]
    bare = _bare_pulse(heard.onsets, beat_hz, total)
    struck = int(total.argmax())
    found = []
    for place in _places(total):
        away = min((place - struck) % _BINS, (struck - place) % _BINS)
        bonus = _BARE_PULSE if bare and away <= 2 else 0.0
        reading = Reading(beat_hz, place / _BINS / beat_hz, 0.0)
        rank = bonus + float(RANKING.of(features(heard, reading, cycle)))
        rank += _AGREEMENT * agreement(heard, reading.number_at)
        found.append(replace(reading, rank=rank))
    return found


_AGREEMENT = 1.0
"""What a nat per second of `agreement` is worth in rank."""

_SUREST = 3.0
"""Log-odds beyond which the network is not believed."""

_NEAR_S = 0.025


def agreement(heard: Heard, number_at: Callable[[Floats], Floats]) -> float:
    """Log-likelihood of beats by what the network heard, in nats per second.

    The likeliest moment near each beat is a beat, and all others but its neighbours are none.

    Parameters
    ----------
    heard : Heard
    number_at : callable
        Beat number, with fraction, at any time.
    """
    at_s, first_s, last_s = heard.pulses_s, *heard.onsets.times_s[[0, -1]]
    low, high = np.searchsorted(at_s, (first_s, last_s))
    at_s, odds = at_s[low:high], np.clip(heard.beat[low:high], -_SUREST, _SUREST)
    if len(at_s) < 2:
        return 0.0
    beat = number_at(at_s)
    number = np.rint(beat)
    near = np.abs(beat - number) < _NEAR_S * np.gradient(beat, at_s)
    starts = np.flatnonzero(np.diff(number[near], prepend=np.nan))
    if not len(starts):
        return 0.0
    struck = np.maximum.reduceat(odds[near], starts)
    total = -np.logaddexp(0.0, -struck).sum() - np.logaddexp(0.0, odds[~near]).sum()
    return float(total / (at_s[-1] - at_s[0]))


def _places(total: Floats) -> list[int]:
    """Where in the beat a phase may lie: on the strongest comb of fourths, and of sixths."""
    found: list[int] = []
    for n_parts in (4, 6):
        part = _BINS // n_parts
        comb = total.reshape(n_parts, part).sum(axis=0)
        for place in (int(comb.argmax()) + part * np.arange(n_parts)).tolist():
            if all(min((place - q) % _BINS, (q - place) % _BINS) > 1 for q in found):
                found.append(place)
    return found


def _bare_pulse(onsets: Onsets, beat_hz: float, total: Floats) -> bool:
    """Whether every beat is struck alike and nothing else is: a metronome is its own tempo.

    Low and high sounds in turn (kick and hat) are two strokes of one beat.
    """
    beat = onsets.times_s * beat_hz - int(total.argmax()) / _BINS
    near = np.abs(beat - np.rint(beat)) < 0.08
    n_struck = len(np.unique(np.rint(beat[near])))
    n_beats = (onsets.times_s[-1] - onsets.times_s[0]) * beat_hz + 1
    share = onsets.weights[near].sum() / onsets.weights.sum()
    if share <= 0.95 or n_struck <= 0.9 * n_beats:
        return False
    low, odd = onsets.bands[near, 0], np.rint(beat[near]).astype(np.int64) % 2 == 1
    sides = sorted((float(low[odd].mean()), float(low[~odd].mean())))
    return sides[0] >= _ALIKE * sides[1]


def _profile(onsets: Onsets, beat_hz: float) -> Floats:
    """Onset energy around four beats: overall, low, middle, high; (_CYCLE * _BINS, 4)."""
    n = _CYCLE * _BINS
    place = np.floor(onsets.times_s * beat_hz * _BINS).astype(np.int64) % n
    weights = onsets.weights
    columns = (weights, *(weights * band for band in onsets.bands.T))
    raw = np.stack([np.bincount(place, w, n) for w in columns], axis=1)
    blur_s = min(0.010, 0.06 / beat_hz)
    away_s = np.minimum(np.arange(n), n - np.arange(n)) / _BINS / beat_hz
    kernel = np.exp(-0.5 * (away_s / blur_s) ** 2)
    smooth = np.fft.rfft(kernel / kernel.sum())[:, None] * np.fft.rfft(raw, axis=0)
    return np.maximum(np.fft.irfft(smooth, n, axis=0), 0.0)


def features(heard: Heard, reading: Reading, cycle: Floats | None = None) -> Floats:
    """What tells a counted beat, named in `tempo_weights.NAMES`.

    Parameters
    ----------
    heard : Heard
    reading : Reading
    cycle : ndarray, optional
        The tempo's profile, where it is known already.
    """
    cycle = _profile(heard.onsets, reading.beat_hz) if cycle is None else cycle
    place = round(reading.phase_s * reading.beat_hz * _BINS)
    octave = float(np.log2(reading.beat_hz * 60 / 120))
    n_beats = (heard.onsets.times_s[-1] - heard.onsets.times_s[0]) * reading.beat_hz + 1
    density = float(np.log2(heard.onsets.weights.sum() / n_beats + 0.05))
    return np.concatenate(
        (
            (octave, octave**2, octave**3, density, density**2),
            _levels(cycle, place),
            _turns(cycle, place),
            _changes(heard, reading),
        )
    )


def _levels(cycle: Floats, place: int) -> Floats:
    """Log energy on the beat, half-way, at its quarters and at its thirds, by band; (16,)."""
    one = cycle.reshape(_CYCLE, _BINS, -1).sum(axis=0)
    level = np.log(one / (one.mean(axis=0) + 1e-9) + 0.1)

    def at(*parts: float) -> Floats:
        rows = [(place + round(part * _BINS)) % _BINS for part in parts]
        return np.asarray(level[rows].mean(axis=0))

    return np.concatenate((at(0), at(1 / 2), at(1 / 4, 3 / 4), at(1 / 3, 2 / 3)))


def _turns(cycle: Floats, place: int) -> Floats:
    """How unlike each other successive beats are: kick and snare in turn; (10,)."""
    n = len(cycle)
    rows = (place + _BINS * np.arange(_CYCLE)) % n
    floor = 0.2 * cycle.mean(axis=0) + 1e-9
    beats, halves = cycle[rows], cycle[(rows + _BINS // 2) % n]

    def sides(of: Floats) -> Floats:
        even, odd = of[0] + of[2], of[1] + of[3]
        return np.asarray((even - odd) / (even + odd + floor))

    two, between = sides(beats), sides(halves)
    four = np.abs(beats[:2] - beats[2:]) / (beats[:2] + beats[2:] + floor)
    return np.concatenate(
        (np.abs(two), (-two[1] * two[2], -two[1] * two[3]), four.max(axis=0)[1:3],
         np.abs(between)[1:3])
    )  # fmt: skip


def _changes(heard: Heard, reading: Reading) -> Floats:
    """How far new colours keep to beats, and to every second, third, fourth, eighth; (6,)."""
    first_s, last_s = heard.onsets.times_s[0], heard.onsets.times_s[-1]
    beat_s = 1 / reading.beat_hz
    n_beats = max(int((last_s - first_s) / beat_s), 1)
    first = np.floor((first_s - reading.phase_s) / beat_s)
    at_s = reading.phase_s + (first + np.arange(n_beats)) * beat_s
    on = float(heard.change(heard.quick, at_s).mean())
    half = float(heard.change(heard.quick, at_s + beat_s / 2).mean())
    quarters = float(
        heard.change(heard.quick, np.append(at_s, at_s + beat_s / 2) + beat_s / 4).mean()
    )
    slow = heard.change(heard.slow, at_s)
    found = [np.log((on + 0.05) / (half + 0.05)), np.log((on + 0.05) / (quarters + 0.05))]
    for period in (2, 3, 4, 8):
        means = [float(slow[k::period].mean()) for k in range(min(period, len(slow)))]
        # By chance the largest of more, shorter means is larger.
        chance = np.sqrt(period / n_beats)
        found.append(max(means) / (float(slow.mean()) + 1e-9) - 1 - chance)
    return np.array(found)


_OCTAVE_BONUS = 0.7
"""Half and double the first tempo are what people are likeliest to mean instead of it."""


def tempos_in(found: Sequence[Reading]) -> list[Reading]:
    """The best reading of each tempo, best first."""
    kept: list[Reading] = []
    for r in sorted(found, key=lambda r: -r.rank):
        if all(abs(r.beat_hz / k.beat_hz - 1) > 0.001 for k in kept):
            kept.append(r)
    return kept


def in_order(tempos: Sequence[Reading], n: int) -> list[Reading]:
    """Three tempos, the first one's half-beat shift, then the rest.

    Parameters
    ----------
    tempos : sequence of Reading
        From `tempos_in`.
    n : int
        How many at most.
    """
    best = tempos[0]

    def chance(r: Reading) -> float:
        octaves = np.log2(r.beat_hz / best.beat_hz)
        return r.rank + _OCTAVE_BONUS * bool(abs(abs(octaves) - 1) < 0.003)

    others = sorted(tempos[1:], key=lambda r: -chance(r))
    shifted = replace(best, phase_s=best.phase_s + 0.5 / best.beat_hz)
    return [best, *others[:2], shifted, *others[2:]][:n]

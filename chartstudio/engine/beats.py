"""The tempo of a song that keeps one: BPM, offset, meter, and how sure that is.

The way there: onsets of the whole song; the frequencies at which they line up (a Fourier
transform of the onset times has sharp lines at the multiples of a kept tempo, and none in
noise, pads or speech); every tempo that those lines allow; their ranking by where in the
beat the energy falls; a regression over all onsets to the millisecond; the downbeat.

This module knows nothing of tempos that change, and never makes one up.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress
from chartstudio.engine.onsets import Novelty, Onsets, novelty, pick, salience
from chartstudio.engine.requests import Tempo, TempoAnchor, TempoCandidate, TimingRequest

_T = TypeVar("_T")

BPM_RANGE = (60.0, 320.0)
"""Tempos that are offered; slower ones appear at twice their tempo."""

LONGEST_S = 1200.0
"""Only the first 20 minutes are listened to: a tempo that holds so long holds."""

SHORTEST_S = 3.0
"""Less than this says nothing about a tempo."""

N_CANDIDATES = 8

LEAST_SCORE = 0.12
"""Where the first reading explains no more of the onset energy than this, none is given."""

LINE_STRENGTH = 50.0
"""Least sum of the sixteen multiples' line powers. In a random onset train each power is
exponentially distributed with mean 1; the highest sum seen in 60 stretches of noise, rain,
random clicks and made-up speech was 44, the lowest in a song that keeps a tempo 71."""

LEAST_RISE = 17.0
"""How much the clearest sounds, one per second, must rise: the sum over all quarter octaves
of the log energy. Sustained chords that beat against each other reach 15, the softest music
that was tried 21."""


_NO_TEMPO = "no steady tempo fits: it changes, or nothing rhythmic was heard"


def find_tempo(request: TimingRequest) -> Job[Tempo]:
    """Readings of a recording's tempo, best first.

    Parameters
    ----------
    request : TimingRequest

    Yields
    ------
    Progress

    Returns
    -------
    Tempo
        Times are those of the decoded audio. ``score`` is the share of onset energy on the
        reading's sixteenths or triplets beyond what random onsets would have there. The
        order also weighs how listeners count: a slower reading explains no less. Nothing
        rhythmic gives no candidates and a message.
    """
    audio = request.audio
    first = max(round(request.start_s * audio.rate_hz), 0)
    end_s = audio.duration_s if request.end_s is None else request.end_s
    last = min(round(end_s * audio.rate_hz), first + round(LONGEST_S * audio.rate_hz))
    samples = audio.mono()[first:last]
    if len(samples) < SHORTEST_S * audio.rate_hz:
        return Tempo((), f"less than {SHORTEST_S:g} s of sound: too short to tell a tempo")
    if not np.any(samples):
        return Tempo((), "the sound is silent")
    start_s = first / audio.rate_hz
    found = yield from _progressing(novelty(samples, audio.rate_hz, start_s), 0.0, 0.55)
    curve = salience(found)
    onsets = yield from _progressing(pick(samples, audio.rate_hz, found, curve), 0.55, 0.9)
    n_clear = max(round(len(samples) / audio.rate_hz), 1)
    if np.sort(onsets.bands.sum(axis=1))[-n_clear:].sum() < LEAST_RISE * n_clear:
        return Tempo((), "nothing rhythmic was heard: no sound has a clear start")
    yield Progress(0.9, "Finding the tempo")
    spectrum = _Spectrum.of(onsets)
    beats_hz = _tempos(spectrum)
    strength = max((spectrum.strength(f) for f in beats_hz), default=0.0)
    if strength < LINE_STRENGTH:
        return Tempo((), _NO_TEMPO)
    readings = [r for f in beats_hz for r in _readings(onsets, f)]
    yield Progress(0.95, "Finding the downbeat")
    chosen = _in_order(readings)
    candidates = tuple(_candidate(onsets, found, r) for r in chosen)
    best = candidates[0].score
    if best < LEAST_SCORE:
        return Tempo((), _NO_TEMPO)
    message = "a weak fit: the tempo may change, or only a part keeps it" if best < 0.2 else ""
    kept = _distinct(candidates)
    return Tempo(kept, message, (_anchor(kept[0]),))


def _anchor(best: TempoCandidate) -> TempoAnchor:
    """The first reading as the only anchor of a tempo that stays."""
    return TempoAnchor(0, best.offset_s, best.bpm, best.meter, best.score)


def _progressing(
    steps: Generator[float, None, _T], low: float, high: float
) -> Generator[Progress, None, _T]:
    """A generator of shares done, as progress from ``low`` to ``high``."""
    while True:
        try:
            share = next(steps)
        except StopIteration as stop:
            return stop.value
        yield Progress(low + (high - low) * share, "Listening for onsets")


# Tempos that the onsets allow ----------------------------------------------------------

_MULTIPLES = np.arange(1, 17)
_LINES_HZ = (0.9, 24.0)
_RATIOS = (*(1 / n for n in range(16, 0, -1)), 2 / 3, 3 / 4, 4 / 3, 3 / 2, 2.0, 3.0, 4.0)
"""What the beat may be of a line: the line is a sixteenth, a triplet, a measure and so on."""


@dataclass(frozen=True, slots=True, eq=False)
class _Spectrum:
    """How well all onsets agree with each frequency.

    Attributes
    ----------
    power : ndarray, shape (F,)
        Squared length of the mean phase vector; its mean is 1 for random onsets.
    step_hz : float
    span_s : float
        From the first onset to the last.
    """

    power: NDArray[np.float64]
    step_hz: float
    span_s: float

    @classmethod
    def of(cls, onsets: Onsets) -> _Spectrum:
        if len(onsets.times_s) < 8:
            return cls(np.zeros(2), 60.0, 1.0)
        at_ms = (onsets.times_s - onsets.times_s[0]) * 1000
        span_s = float(at_ms[-1]) / 1000
        n = 1 << int(np.ceil(np.log2(max(at_ms[-1], 1000.0) * 4)))
        whole = np.floor(at_ms).astype(np.int64)
        part = at_ms - whole
        train = np.bincount(whole, onsets.weights * (1 - part), n)
        train += np.bincount(whole + 1, onsets.weights * part, n)
        power = np.abs(np.fft.rfft(train)[: int(0.09 * n)]) ** 2 / np.sum(onsets.weights**2)
        return cls(power, 1000 / n, span_s)

    def at(self, hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Power at any frequency; 0 beyond the spectrum."""
        return np.interp(hz / self.step_hz, np.arange(len(self.power)), self.power, right=0.0)

    def strength(self, beat_hz: float) -> float:
        """Sum over the multiples of a beat's frequency."""
        return float(self.at(beat_hz * _MULTIPLES).sum())


def _tempos(spectrum: _Spectrum) -> list[float]:
    """Beat frequencies that the strongest lines are multiples or fractions of, in hertz."""
    found: list[float] = []
    lines = _lines(spectrum)
    low, high = (bpm / 60 for bpm in BPM_RANGE)
    reach_hz = 0.15 / spectrum.span_s
    for line_hz, power in lines:
        if power < 0.25 * lines[0][1]:
            continue
        for ratio in _RATIOS:
            if not 0.999 * low <= line_hz * ratio <= 1.001 * high:
                continue
            near = line_hz * ratio + np.linspace(-reach_hz, reach_hz, 121)
            beat_hz = float(near[spectrum.at(np.outer(near, _MULTIPLES)).sum(axis=1).argmax()])
            if all(abs(beat_hz / f - 1) > 0.002 for f in found):
                found.append(beat_hz)
    return found


def _lines(spectrum: _Spectrum, n_lines: int = 4) -> list[tuple[float, float]]:
    """The strongest lines as (hertz, power), strongest first."""
    first, last = (int(hz / spectrum.step_hz) for hz in _LINES_HZ)
    power = spectrum.power[: last + 1].copy()
    power[:first] = 0.0
    reach = int(3 / spectrum.span_s / spectrum.step_hz) + 1
    found = []
    for _ in range(n_lines):
        i = int(power.argmax()) if len(power) else 0
        if not len(power) or power[i] <= 0:
            break
        found.append((i * spectrum.step_hz, float(power[i])))
        power[max(i - reach, 0) : i + reach + 1] = 0.0
    return found


# Which of them people would count ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reading:
    """A tempo with a phase: beats at ``phase_s + k / beat_hz``."""

    beat_hz: float
    phase_s: float
    rank: float


_BINS = 96
"""Places per beat of a phase profile: divides by 4 and 6."""

_RANK = (1.55, -3.30, 7.42, 2.11, 0.13, -0.51, 0.36, -0.90, 1.04)
"""Weights of `_features`: a conditional logit over all readings of a song, fitted to the
notated beats of 238 rendered pieces (multi-track MIDI, human drummers, our own composer; in
pieces above 200 BPM half the tempo counted as right too). The first two make a preference
for tempos around 141 BPM. No recording and no charted song took part."""


_BARE_PULSE = 100.0
_ALIKE = 0.5
"""Every other beat of a metronome has at least this share of the others' low sound."""


def _readings(onsets: Onsets, beat_hz: float) -> list[_Reading]:
    """The phases at which this tempo could be counted, each with its rank."""
    profile = _profile(onsets, beat_hz)
    one_beat = profile[:_BINS] + profile[_BINS:]
    total = one_beat[:, 0]
    found: list[int] = []
    for n_parts in (4, 6):
        part = _BINS // n_parts
        comb = total.reshape(n_parts, part).sum(axis=0)
        places = int(comb.argmax()) + part * np.arange(n_parts)
        found += [
            p
            for p in places.tolist()
            if all(min((p - q) % _BINS, (q - p) % _BINS) > 3 for q in found)
        ]
    bonus = _BARE_PULSE if _bare_pulse(onsets, beat_hz, one_beat) else 0.0
    return [
        _Reading(
            beat_hz,
            p / _BINS / beat_hz,
            bonus + float(np.dot(_RANK, _features(profile, one_beat, p, beat_hz))),
        )
        for p in found
    ]


def _bare_pulse(onsets: Onsets, beat_hz: float, one_beat: NDArray[np.float64]) -> bool:
    """Whether every beat is struck alike and nothing else is: a metronome is its own tempo.

    Low and high sounds in turn (kick and hat) are two strokes of one beat.
    """
    place = int(one_beat[:, 0].argmax()) / _BINS
    beat = onsets.times_s * beat_hz - place
    near = np.abs(beat - np.rint(beat)) < 0.08
    n_struck = len(np.unique(np.rint(beat[near])))
    n_beats = (onsets.times_s[-1] - onsets.times_s[0]) * beat_hz + 1
    share = onsets.weights[near].sum() / onsets.weights.sum()
    if share <= 0.95 or n_struck <= 0.9 * n_beats:
        return False
    low, odd = onsets.bands[near, 0], np.rint(beat[near]).astype(np.int64) % 2 == 1
    sides = sorted((float(low[odd].mean()), float(low[~odd].mean())))
    return sides[0] >= _ALIKE * sides[1]


def _profile(onsets: Onsets, beat_hz: float) -> NDArray[np.float64]:
    """Onset energy around two beats, overall and in the low band, shape (2 * _BINS, 2)."""
    n = 2 * _BINS
    place = np.floor(onsets.times_s * beat_hz * _BINS).astype(np.int64) % n
    low = onsets.weights * onsets.bands[:, 0]
    raw = np.stack([np.bincount(place, w, n) for w in (onsets.weights, low)], axis=1)
    blur_s = min(0.010, 0.06 / beat_hz)
    away = np.minimum(np.arange(n), n - np.arange(n)) / _BINS / beat_hz
    kernel = np.exp(-0.5 * (away / blur_s) ** 2)
    smooth = np.fft.rfft(kernel / kernel.sum())[:, None] * np.fft.rfft(raw, axis=0)
    return np.maximum(np.fft.irfft(smooth, n, axis=0), 0.0)


def _features(
    profile: NDArray[np.float64], one_beat: NDArray[np.float64], place: int, beat_hz: float
) -> NDArray[np.float64]:
    """What tells a counted beat: tempo, energy on and between the beats, alternation."""
    level = np.log(one_beat / (one_beat.mean(axis=0) + 1e-9) + 0.1)

    def at(part: float, band: int) -> float:
        return float(level[round(place + part * _BINS) % _BINS, band])

    octave = float(np.log2(beat_hz * 60 / 120))
    even, odd = profile[place, 0], profile[place + _BINS, 0]
    return np.array(
        (
            octave,
            octave**2,
            at(0, 0),
            at(1 / 2, 0),
            (at(1 / 4, 0) + at(3 / 4, 0)) / 2,
            (at(1 / 3, 0) + at(2 / 3, 0)) / 2,
            at(0, 1),
            at(1 / 2, 1),
            abs(even - odd) / (even + odd + 0.2 * profile[:, 0].mean() + 1e-12),
        )
    )


def _in_order(readings: Sequence[_Reading]) -> list[_Reading]:
    """Three tempos at their best phases, the first one's half-beat shift, then the rest."""
    ranked = sorted(readings, key=lambda r: -r.rank)
    tempos: list[_Reading] = []
    for r in ranked:
        if all(abs(r.beat_hz / t.beat_hz - 1) > 0.001 for t in tempos):
            tempos.append(r)
    best = tempos[0]
    shifted = replace(best, phase_s=best.phase_s + 0.5 / best.beat_hz)
    return [*tempos[:3], shifted, *tempos[3:]][:N_CANDIDATES]


# To the millisecond --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fit:
    """A regression line through the onsets: beat ``k`` at ``offset_s + k * period_s``.

    ``support`` is the weight of the onsets near the line, each counting less the further
    away it is.
    """

    period_s: float
    offset_s: float
    support: float


_TOLERANCES_S = (0.020, 0.014, 0.010, 0.008, 0.006, 0.006)
"""Onsets further away than this are left out of each round of the regression."""

_SLOT_WEIGHTS = np.array((1.0, 0.35, 0.7, 0.35))
"""On the beat, and its three sixteenths: off-beats are swung and played loosely."""

_WHOLE = ((1.0, 0.008), (2.0, 0.004), (10.0, 0.002))
"""Tempos are tried as whole BPM, halves and tenths: steps per BPM, and the greatest drift
over the whole song, in seconds, that may hide behind them."""


def _fit(onsets: Onsets, start: _Fit, period_s: float | None = None) -> _Fit:
    """Robust least squares over all onsets near sixteenths; with a given period, of the offset."""
    fit = start if period_s is None else replace(start, period_s=period_s)
    times_s, energy = onsets.times_s, onsets.weights**2
    for tolerance_s in _TOLERANCES_S:
        sixteenth_s = fit.period_s / 4
        reach_s = min(tolerance_s, 0.3 * sixteenth_s)
        slot = np.rint((times_s - fit.offset_s) / sixteenth_s)
        away = times_s - fit.offset_s - slot * sixteenth_s
        near = np.abs(away) < reach_s
        if near.sum() < 4:
            break
        weight = energy * _SLOT_WEIGHTS[slot.astype(np.int64) % 4]
        weight = np.where(near, weight * (1 - (away / reach_s) ** 2) ** 2, 0.0)
        total = float(weight.sum()) + 1e-12
        beat = slot / 4
        mean_beat, mean_s = float(weight @ beat) / total, float(weight @ times_s) / total
        period = fit.period_s
        if period_s is None:
            spread = float(weight @ (beat - mean_beat) ** 2)
            if spread > 0:
                period = float(weight @ ((beat - mean_beat) * (times_s - mean_s))) / spread
        fit = _Fit(period, mean_s - period * mean_beat, total)
    return fit


def _refined(onsets: Onsets, reading: _Reading) -> _Fit:
    """The reading's best fit, at a whole tempo where that fits as well."""
    # The middle of the song anchors the first guess: the error of a rough tempo is least.
    middle_s = float(np.median(onsets.times_s))
    period_s = 1 / reading.beat_hz
    beat = round((middle_s - reading.phase_s) / period_s)
    fit = _fit(onsets, _Fit(period_s, reading.phase_s + beat * period_s, 0.0))
    span_s = float(onsets.times_s[-1] - onsets.times_s[0])
    bpm = 60 / fit.period_s
    for steps, drift_s in _WHOLE:
        whole = round(bpm * steps) / steps
        if abs(whole / bpm - 1) * span_s > drift_s:
            continue
        tried = _fit(onsets, fit, 60 / whole)
        if tried.support >= 0.99 * fit.support:
            return tried
    return fit


def _score(onsets: Onsets, fit: _Fit) -> float:
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


def _candidate(onsets: Onsets, found: Novelty, reading: _Reading) -> TempoCandidate:
    fit = _refined(onsets, reading)
    meter, downbeat_s = _downbeat(onsets, found, fit)
    return TempoCandidate(
        bpm=round(60 / fit.period_s, 4),
        offset_s=round(downbeat_s, 5),
        meter=meter,
        score=round(_score(onsets, fit), 4),
    )


def _distinct(candidates: Sequence[TempoCandidate]) -> tuple[TempoCandidate, ...]:
    """Candidates without those that came out the same beats as an earlier one."""
    kept: list[TempoCandidate] = []
    for c in candidates:
        beat_s = 60 / c.bpm
        if not any(
            abs(c.bpm / k.bpm - 1) < 1e-4
            and abs((c.offset_s - k.offset_s + beat_s / 2) % beat_s - beat_s / 2) < 0.1 * beat_s
            for k in kept
        ):
            kept.append(c)
    return tuple(kept)


# Measures ------------------------------------------------------------------------------


_DOWNBEAT = np.array((0.83, -0.23, -0.31, 3.08))
_OPPOSITE = np.array((-0.20, -0.57, -0.28, -0.20))
"""What `_accents` a downbeat has, and the beat opposite it in a measure of 4: mostly new
harmony. Fitted like `_RANK`, on the same rendered pieces."""


def _downbeat(onsets: Onsets, found: Novelty, fit: _Fit) -> tuple[int, float]:
    """Meter, 3 or 4, and the time of the downbeat at or before the first clear onset.

    A meter of 3 must repeat clearly better than 4.
    """
    clear = onsets.times_s[onsets.weights > 0.3]
    first_s = float(clear[0]) if len(clear) else float(onsets.times_s[0])
    first = int(np.floor((first_s - fit.offset_s) / fit.period_s + 0.2))
    last = int((float(onsets.times_s[-1]) - fit.offset_s) / fit.period_s)
    beats = np.arange(first, last + 1)
    if len(beats) < 8:
        return 4, fit.offset_s + first * fit.period_s
    accent = _accents(found, fit, beats)
    meter = 4
    # By chance alone the two differ by some 1 / sqrt(beats).
    clearly = max(0.08, len(beats) ** -0.5)
    if len(beats) >= 24 and _repeats(accent, 3) > _repeats(accent, 4) + clearly:
        meter = 3
    means = np.array([accent[k::meter].mean(axis=0) for k in range(meter)])
    worth = means @ _DOWNBEAT
    if meter == 4:
        worth += np.roll(means, -2, axis=0) @ _OPPOSITE
    at = int(np.argmax(worth))
    beat = first + at - (meter if at else 0)
    return meter, fit.offset_s + beat * fit.period_s


def _accents(found: Novelty, fit: _Fit, beats: NDArray[np.int64]) -> NDArray[np.float64]:
    """Novelty by band, and change of colour, at each beat, standardised; shape (B, 4)."""
    n_frames = len(found.bands)
    times_s = fit.offset_s + beats * fit.period_s - found.start_s
    frame = np.rint(times_s / found.hop_s).astype(np.int64)
    reach = max(int(0.03 / found.hop_s), 1)
    around = np.clip(frame[:, None] + np.arange(-reach, reach + 1), 0, n_frames - 1)
    struck = found.bands[around].max(axis=1).astype(np.float64)
    total = np.concatenate(
        (np.zeros((1, found.colour.shape[1])), np.cumsum(found.colour, axis=0, dtype=np.float64))
    )
    beat = max(int(fit.period_s / found.hop_s), 1)

    def mean(start: NDArray[np.int64]) -> NDArray[np.float64]:
        low, high = np.clip(start, 0, n_frames), np.clip(start + beat, 0, n_frames)
        return (total[high] - total[low]) / np.maximum(high - low, 1)[:, None]

    change = np.abs(mean(frame) - mean(frame - beat)).mean(axis=1)
    accent = np.concatenate((struck, change[:, None]), axis=1)
    return (accent - accent.mean(axis=0)) / (accent.std(axis=0) + 1e-9)


def _repeats(accent: NDArray[np.float64], meter: int) -> float:
    """How well the beats' accents agree with those one and two measures on, -1 to 1."""
    lags = (meter, 2 * meter)
    return float(np.mean([np.mean(accent[lag:] * accent[:-lag]) for lag in lags]))

"""The tempo of a song: one for the whole of it, ranked, or as it changes.

The way there: onsets of the whole song; the tempos at which they line up; their ranking by
what people would count; a regression over all onsets to the millisecond; the downbeat. A
tempo that changes is followed beat by beat and said with as few anchors as that takes.

What is rhythmic and what is not is decided here, and a tempo is never made up.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress
from chartstudio.engine.beat_net import listen
from chartstudio.engine.onsets import Onsets, clear_span, novelty, pick, salience
from chartstudio.engine.requests import Tempo, TempoAnchor, TempoCandidate, TimingRequest
from chartstudio.engine.tempo_bars import Measures, bars
from chartstudio.engine.tempo_changes import NEAR_S, Followed, follow
from chartstudio.engine.tempo_fit import Fit, refined, score
from chartstudio.engine.tempo_lines import Spectrum, tempos
from chartstudio.engine.tempo_rank import Heard, Reading, in_order, readings, tempos_in

_T = TypeVar("_T")

LONGEST_S = 1200.0
"""Only the first 20 minutes are listened to: a tempo that holds so long holds."""

SHORTEST_S = 3.0
"""Less than this says nothing about a tempo."""

N_CANDIDATES = 8

LEAST_SCORE = 0.12
"""Where the first reading explains no more of the onset energy than this, none is given."""

_N_TRIED = 12
_LEAST_SHARE = 0.4
"""A tempo that explains less than this share of what another explains is not offered,
however people might count it."""

LINE_STRENGTH = 50.0
"""Least sum of the sixteen multiples' line powers. In a random onset train each power is
exponentially distributed with mean 1; the highest sum seen in 60 stretches of noise, rain,
random clicks and made-up speech was 44, the lowest in a song that keeps a tempo 71."""

LEAST_RISE = 17.0
"""How much the clearest sounds, one per second, must rise: the sum over all quarter octaves
of the log energy. Sustained chords that beat against each other reach 15, the softest music
that was tried 21."""

_NO_TEMPO = "no steady tempo fits: it changes, or nothing rhythmic was heard"
_NO_PULSE = "no pulse could be followed: nothing rhythmic was heard"
_WEAK = 0.5
"""Confidence below which a segment is named in the message."""


def find_tempo(request: TimingRequest) -> Job[Tempo]:
    """Readings of a recording's tempo, best first.

    Parameters
    ----------
    request : TimingRequest
        With ``variable`` a changing tempo is followed, too.

    Yields
    ------
    Progress

    Returns
    -------
    Tempo
        Times are those of the decoded audio. ``score`` is the share of onset energy on the
        reading's sixteenths or triplets beyond what random onsets would have there. The
        order also weighs how listeners count: a slower reading explains no less. Nothing
        rhythmic gives no candidates, no anchors and a message.
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
    share = 0.5 if request.variable else 0.9
    found = yield from _progressing(
        novelty(samples, audio.rate_hz, start_s), 0.0, 0.5 * share, _LISTENING
    )
    curve = salience(found)
    yield Progress(0.5 * share, _LISTENING)
    pulses = yield from _progressing(listen(found), 0.5 * share, 0.6 * share, _LISTENING)
    onsets = yield from _progressing(
        pick(samples, audio.rate_hz, found, curve), 0.6 * share, share, _LISTENING
    )
    n_clear = max(round(len(samples) / audio.rate_hz), 1)
    if np.sort(onsets.bands.sum(axis=1))[-n_clear:].sum() < LEAST_RISE * n_clear:
        return Tempo((), "nothing rhythmic was heard: no sound has a clear start")
    heard, measures = Heard.of(onsets, found, pulses), partial(bars, found, pulses)
    yield Progress(share, "Finding the tempo")
    steady = yield from _steady(heard, measures, share)
    if not request.variable:
        return steady
    steps = follow(heard, measures, bool(steady.candidates))
    followed = yield from _progressing(steps, share, 1.0, "Following the tempo")
    return _with_changes(steady, followed, onsets)


_LISTENING = "Listening for onsets"


def _progressing(
    steps: Generator[float, None, _T], low: float, high: float, what: str
) -> Generator[Progress, None, _T]:
    """A generator of shares done, as progress from ``low`` to ``high``."""
    while True:
        try:
            share = next(steps)
        except StopIteration as stop:
            return stop.value
        yield Progress(low + (high - low) * min(share, 1.0), what)


# One tempo -------------------------------------------------------------------------------


def _steady(heard: Heard, measures: Measures, done: float) -> Generator[Progress, None, Tempo]:
    """Readings with one tempo for the whole stretch."""
    spectrum = Spectrum.of(heard.onsets)
    beats_hz = tempos(spectrum)
    yield Progress(done, "Finding the tempo")
    strength = max((spectrum.strength(f) for f in beats_hz), default=0.0)
    if strength < LINE_STRENGTH:
        return Tempo((), _NO_TEMPO)
    every: list[Reading] = []
    for beat_hz in beats_hz:
        every += readings(heard, beat_hz)
        yield Progress(done, "Finding the tempo")
    scores: list[float] = []
    likely = tempos_in(every)[:_N_TRIED]
    for reading in likely:
        scores.append(score(heard.onsets, refined(heard.onsets, reading)))
        yield Progress(done, "Finding the tempo")
    least = _LEAST_SHARE * max(scores)
    likely = [r for r, s in zip(likely, scores, strict=True) if s >= least]
    candidates = []
    for reading in in_order(likely, N_CANDIDATES):
        candidates.append(_candidate(heard.onsets, measures, reading))
        yield Progress(done, "Finding the downbeat")
    best = candidates[0].score
    if best < LEAST_SCORE:
        return Tempo((), _NO_TEMPO)
    message = "a weak fit: the tempo may change, or only a part keeps it" if best < 0.2 else ""
    kept = _distinct(candidates)
    return Tempo(kept, message, (_anchor(kept[0]),))


def _candidate(onsets: Onsets, measures: Measures, reading: Reading) -> TempoCandidate:
    fit = refined(onsets, reading)
    meter, downbeat_s = _downbeat(onsets, measures, fit)
    return TempoCandidate(
        bpm=round(60 / fit.period_s, 4),
        offset_s=round(downbeat_s, 5),
        meter=meter,
        score=round(score(onsets, fit), 4),
    )


def _downbeat(onsets: Onsets, measures: Measures, fit: Fit) -> tuple[int, float]:
    """Meter, and the time of the downbeat at or before the first clear onset."""
    first_s, last_s = clear_span(onsets)
    first = int(np.floor((first_s - fit.offset_s) / fit.period_s + 0.2))
    last = int((last_s - fit.offset_s) / fit.period_s)
    found = measures(fit.offset_s + np.arange(first, last + 1) * fit.period_s)
    return found.meter, fit.offset_s + (first + found.first) * fit.period_s


def _anchor(best: TempoCandidate) -> TempoAnchor:
    """The first reading as the only anchor of a tempo that stays."""
    return TempoAnchor(0, best.offset_s, best.bpm, best.meter, best.score)


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


# A tempo that changes --------------------------------------------------------------------

_BLOCK_S = 4.0
_BETTER = 0.35
_N_BETTER = 2
_ASTRAY = 0.5
"""Changes are preferred where they explain this much more of the onset energy in at least
so many stretches of so many seconds; where one tempo explains less than half as much as
usual, it does not fit."""


def _with_changes(steady: Tempo, followed: Followed | None, onsets: Onsets) -> Tempo:
    """The steady readings, with the anchors of what was followed where that says more."""
    if followed is None:
        return steady if steady.candidates else replace(steady, message=_NO_PULSE)
    if steady.candidates and (
        len(followed.anchors) < 2 or not _says_more(followed, steady.candidates[0], onsets)
    ):
        return replace(steady, message=_unexplained(steady, onsets) or steady.message)
    doubtful = [
        (a, after)
        for a, after in zip(followed.anchors, (*followed.anchors[1:], None), strict=True)
        if a.confidence < _WEAK
    ]
    message = f"the tempo changes: {len(followed.anchors)} anchors"
    if doubtful:
        places = ", ".join(_stretch(a, after) for a, after in doubtful[:4])
        message += f"; look first at {places}" + (" and others" if len(doubtful) > 4 else "")
    return Tempo(steady.candidates, message, followed.anchors)


def _says_more(followed: Followed, steady: TempoCandidate, onsets: Onsets) -> bool:
    """Whether one tempo leaves stretches unexplained that changes explain."""
    gain = _by_block(onsets, followed.on_grid) - _by_block(onsets, _on_grid(onsets, steady))
    return int((gain > _BETTER).sum()) >= _N_BETTER


def _unexplained(steady: Tempo, onsets: Onsets) -> str:
    """Where the one tempo does not hold, for the eye; empty where it holds throughout."""
    share = _by_block(onsets, _on_grid(onsets, steady.candidates[0]))
    usual = float(np.median(share))
    astray = np.flatnonzero(share < _ASTRAY * usual)
    if len(astray) < _N_BETTER or usual < LEAST_SCORE:
        return ""
    first_s = float(onsets.times_s[0])
    runs = np.split(astray, np.flatnonzero(np.diff(astray) > 1) + 1)
    runs = sorted((r for r in runs if len(r) >= _N_BETTER), key=len, reverse=True)[:4]
    places = ", ".join(
        f"{first_s + r[0] * _BLOCK_S:.0f}-{first_s + (r[-1] + 1) * _BLOCK_S:.0f} s" for r in runs
    )
    return f"one tempo, but it does not fit everywhere: look at {places}" if runs else ""


def _by_block(onsets: Onsets, on_grid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the onset energy on a grid, by stretches of `_BLOCK_S`."""
    energy = np.minimum(onsets.weights, 1.0) ** 2
    block = ((onsets.times_s - onsets.times_s[0]) / _BLOCK_S).astype(np.int64)
    return np.asarray(np.bincount(block, energy * on_grid) / (np.bincount(block, energy) + 0.5))


def _on_grid(onsets: Onsets, steady: TempoCandidate) -> NDArray[np.bool_]:
    """Whether each onset lies on the fourths, or the sixths, of one tempo's beats."""
    found = []
    for parts in (4, 6):
        step_s = 60 / steady.bpm / parts
        slot = (onsets.times_s - steady.offset_s) / step_s
        found.append(np.abs(slot - np.rint(slot)) * step_s < NEAR_S)
    return max(found, key=lambda on: float(np.minimum(onsets.weights, 1.0) ** 2 @ on))


def _stretch(anchor: TempoAnchor, after: TempoAnchor | None) -> str:
    start = f"{anchor.seconds:.1f}"
    return f"{start}-{after.seconds:.1f} s" if after else f"{start} s to the end"

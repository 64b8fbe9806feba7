"""Measures of whole drafts from nothing: when they play, what they play, whether they listen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job
from chartstudio.core.note import ticks_of
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.engine.evaluate import nulls, patterns
from chartstudio.engine.evaluate.bars import Bars
from chartstudio.engine.evaluate.ear import Heard
from chartstudio.engine.evaluate.listening import class_aucs, listening_auc
from chartstudio.engine.evaluate.nulls import N_SHUFFLES
from chartstudio.engine.evaluate.times import (
    WITHIN_S,
    correlation,
    count_miss,
    f1,
    near,
)
from chartstudio.engine.evaluate.trial import Found, Trial

_METRONOME = 0.5
_SHUFFLE, _PLACES = 11, 12
_LONG_BEATS = 8

SHARES = {
    "jack_share": patterns.jack_share,
    "chord_share": patterns.chord_share,
    "hold_share": patterns.hold_share,
    "repetition": patterns.repetition,
}
"""What of a chart's rows is set beside the human's own."""


def times(trial: Trial) -> Job[Found]:
    """Note times with true timing and the human's count."""
    case, found = trial.case, Found()
    rows = yield from trial.fixed()
    choices = blind_choices(trial)
    shuffles = _shuffles(trial)
    for within_s in WITHIN_S:
        known = {name: f1(trial.seconds(t), case.true_s, within_s) for name, t in choices.items()}
        shuffled = [f1(trial.seconds(t), case.true_s, within_s) for t in shuffles]
        metronome = nulls.best_metronome(trial.lines(16), case.timing, case.true_s, within_s)
        found.add(
            f"f1_{within_s * 1000:.0f}ms",
            f1(trial.seconds(rows.ticks), case.true_s, within_s),
            best_metronome=metronome,
            shuffled_measures=float(np.mean(shuffled)),
            **known,
        )
    found.add("count_miss", count_miss(len(rows), len(case.times)))
    return found


def blind_choices(trial: Trial) -> dict[str, Ticks]:
    """Times chosen without the network, as many as the human's."""
    lines, n = trial.heard.lines, trial.n_times
    return {
        "metro_fill": nulls.metro_fill(lines, trial.case.timing, n),
        "uniform": nulls.spread(lines, n),
        "flux": nulls.top(lines, trial.heard.flux, n),
        "flux_metre": nulls.top(lines, trial.flux_metre, n),
    }


def _shuffles(trial: Trial) -> list[Ticks]:
    rng, case = trial.rng(_SHUFFLE), trial.case
    return [nulls.shuffled_measures(case.times, case.bars.edges, rng) for _ in range(N_SHUFFLES)]


def listening(trial: Trial) -> Job[Found]:
    """Whether the network's scores hear the human's choice, class by class."""
    yield from trial.fixed()
    heard = trial.heard
    ours, flux = (_aucs(trial, heard, s) for s in (heard.scores, heard.flux))
    found = Found()
    for name, value in ours.items():
        found.add(name, value, metronome=_METRONOME, flux=flux[name])
    chosen_by = _aucs(trial, heard, heard.odds)["listening_auc"]
    found.add("drafting_auc", chosen_by, metronome=_METRONOME, flux=flux["listening_auc"])
    return found


def _aucs(trial: Trial, heard: Heard, scores: NDArray[np.float32]) -> dict[str, float]:
    hits = near(trial.seconds(heard.lines), trial.case.true_s, WITHIN_S[0])
    snaps = trial.case.timing.snaps_of(heard.lines)
    by_class = class_aucs(scores, hits, snaps)
    found = {f"listening_auc_{snap}": value for snap, value in by_class.items()}
    return {"listening_auc": listening_auc(scores, hits, snaps), **found}


def density(trial: Trial) -> Job[Found]:
    """Whether notes are many and few where the human's are."""
    rows = yield from trial.fixed()
    case, choices, shuffles = trial.case, blind_choices(trial), _shuffles(trial)
    long_edges = np.arange(case.start, case.end + 1, _LONG_BEATS * TICKS_PER_BEAT, dtype=np.int64)
    found = Found()
    for name, bars in (("density_correlation", case.bars), ("density_8_beats", Bars(long_edges))):
        found.add(
            name,
            likeness(bars, rows.ticks, case.times),
            shuffled_measures=float(np.mean([likeness(bars, t, case.times) for t in shuffles])),
            metro_fill=likeness(bars, choices["metro_fill"], case.times),
            flux_metre=likeness(bars, choices["flux_metre"], case.times),
        )
    return found


def likeness(bars: Bars, found: Ticks, true: Ticks) -> float:
    """Correlation of the numbers of ticks in each bar."""
    return correlation(bars.counts(found), bars.counts(true))


def shuffled_audio(trial: Trial) -> Job[Found]:
    """The same with another song's audio bent under the same beats; nothing without one."""
    found, case = Found(), trial.case
    bent = trial.song.bent(case.timing)
    if bent is None:
        return found
    own = yield from trial.fixed()
    request = trial.request(audio=bent)
    draft = yield from trial.draft("bent", request)
    ticks = np.unique(ticks_of(draft.candidates[0].notes))
    heard = trial.song.stand.ear.listen(request)
    metro = blind_choices(trial)["metro_fill"]
    scored = {
        name: f1(trial.seconds(t), case.true_s, WITHIN_S[0])
        for name, t in (("found", ticks), ("metro_fill", metro), ("own_audio", own.ticks))
    }
    found.add("shuffled_audio_f1", scored.pop("found"), **scored)
    auc = _aucs(trial, heard, heard.scores)["listening_auc"]
    own_auc = _aucs(trial, trial.heard, trial.heard.scores)["listening_auc"]
    found.add("shuffled_audio_auc", auc, metronome=_METRONOME, own_audio=own_auc)
    found.add(
        "shuffled_audio_density",
        likeness(case.bars, ticks, case.times),
        own_audio=likeness(case.bars, own.ticks, case.times),
    )
    return found


def patterns_of(trial: Trial) -> Job[Found]:
    """What is played, beside what the human plays."""
    rows = yield from trial.fixed()
    human, found = trial.case.rows, Found()
    drawn = patterns.random_places(human, trial.rng(_PLACES))
    found.add(
        "transition_distance",
        patterns.transition_distance(rows, human),
        random_places=patterns.transition_distance(drawn, human),
    )
    seconds = (trial.seconds(rows.ticks), trial.case.true_s)
    found.add(
        "row_agreement",
        patterns.agreement(rows, human, seconds, WITHIN_S[0]),
        fixed_pattern=nulls.best_fixed_agreement(human.symbols),
        random_places=patterns.agreement(drawn, human, (seconds[1], seconds[1]), WITHIN_S[0]),
    )
    for name, share in SHARES.items():
        found.add(name, share(rows), human=share(human))
    return found

"""Measures of drafts that know a part of the chart: in-fill, finishing, lower levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chartstudio.core.job import Job
from chartstudio.core.note import ticks_of
from chartstudio.core.ticks import SNAPS, Ticks
from chartstudio.engine.evaluate import nulls
from chartstudio.engine.evaluate.filling import CHOOSERS, fill, give
from chartstudio.engine.evaluate.times import WITHIN_S, f1, near
from chartstudio.engine.evaluate.trial import Found, Trial
from chartstudio.engine.requests import Candidate, Draft, GenerateRequest
from chartstudio.engine.spread import easier
from chartstudio.engine.thinning import USUAL, rows_of, worth

FINISHED_FROM = (4, 8, 16, 32)
"""Numbers of bars that the author has charted."""

COMPARED_AT = 8
"""With this many, random and first bars are drafted from as well."""

LANES_FROM = (8, 16, 32)

_FINEST = SNAPS[-1]


def infill(trial: Trial) -> Job[Found]:
    """The other half of a chart of which half of the measures are given."""
    found = Found()
    given = yield from give(trial, "random", len(trial.case.bars) // 2)
    if not given.n_hidden:
        return found
    notes = yield from fill("infill", given)
    only = tuple(given.lines.tolist())
    request = trial.request(only=only, n_times=given.n_hidden)
    alone = yield from trial.draft("infill alone", request)
    found.add(
        "infill_f1",
        given.f1(ticks_of(notes)),
        no_context=given.f1(ticks_of(alone.candidates[0].notes)),
        copy=given.f1(given.copied().ticks),
        vote=given.f1(given.voted()),
        metro_fill=given.f1(given.metro()),
    )
    return found


def finish(trial: Trial) -> Job[Found]:
    """The rest of a chart of which some bars are given; sizes up to half of the chart."""
    found = Found()
    for n in FINISHED_FROM:
        if 2 * n > len(trial.case.bars):
            break
        given = {}
        for how in CHOOSERS:
            given[how] = yield from give(trial, how, n)
        chosen = given["chosen"]
        if not chosen.n_hidden:
            break
        notes = yield from fill(f"finish {n}", chosen)
        others = {}
        if n == COMPARED_AT:
            for how in ("random", "first"):
                filled = yield from fill(f"finish {how}", given[how])
                others[f"{how}_bars"] = given[how].f1(ticks_of(filled))
        copied = chosen.copied()
        found.add(
            f"finish_{n}_f1",
            chosen.f1(ticks_of(notes)),
            copy=chosen.f1(copied.ticks),
            vote=chosen.f1(chosen.voted()),
            copy_random=given["random"].f1(given["random"].copied().ticks),
            copy_first=given["first"].f1(given["first"].copied().ticks),
            metro_fill=chosen.f1(chosen.metro()),
            **others,
        )
        if n in LANES_FROM:
            found.add(
                f"finish_{n}_rows",
                chosen.agreement(trial.rows(notes)),
                fixed_pattern=nulls.best_fixed_agreement(chosen.true.symbols),
                copy=chosen.agreement(copied),
                random_bar=chosen.agreement(chosen.copied_blindly()),
            )
    return found


# Lower levels ----------------------------------------------------------------------------


def spread(trial: Trial) -> Job[Found]:
    """A lower level from the hardest: the human's thinned, and our own spread.

    Nothing for the hardest itself.
    """
    found, case = Found(), trial.case
    if trial.harder is None:
        return found
    hardest = trial.hardest.case
    rows = rows_of(hardest.chart, case.mode, case.timing, trial.song.audio)
    above, n = rows.ticks, min(len(case.times), len(rows.ticks))
    best = tuple(worth(rows, USUAL).tolist())
    request = trial.request(only=tuple(above.tolist()), worth=best, grid=_FINEST, n_times=n)
    draft = yield from trial.draft("thinned", request)
    whole = yield from trial.fixed()

    def score(ticks: Ticks) -> float:
        return f1(trial.seconds(ticks), case.true_s, WITHIN_S[0])

    found.add(
        "spread_f1",
        score(np.unique(ticks_of(draft.candidates[0].notes))),
        metre_thinning=score(nulls.metro_fill(above, case.timing, n)),
        even_thinning=score(nulls.spread(above, n)),
        from_audio=score(whole.ticks),
    )
    upper = yield from _spread_level(trial.harder)
    own = yield from _spread_level(trial)
    found.add(
        "spread_subset",
        float(np.isin(ticks_of(own.notes), ticks_of(upper.notes)).mean()),
        human=float(near(case.true_s, hardest.true_s, WITHIN_S[0]).mean()),
    )
    found.add(
        "spread_order",
        float(own.level_reached < upper.level_reached),
        human=float(case.level < trial.harder.case.level),
    )
    return found


def _spread_level(trial: Trial) -> Job[Candidate]:
    """A level of our own spread: times from the next harder one, the hardest from nothing."""
    if trial.harder is None:
        return (yield from trial.free())
    upper = yield from _spread_level(trial.harder)
    chart = replace(trial.blank, notes=upper.notes)
    asked = trial.request(chart=chart, n_times=None, grid=trial.harder.grid)

    def answer(request: GenerateRequest) -> Job[Draft]:
        return trial.draft(("spread", request.n_times), request)

    made = yield from easier(asked, trial.level, upper.level_reached, USUAL, answer)
    return made.best


def on_lines(trial: Trial, ticks: Ticks) -> Ticks:
    """Distinct grid lines nearest to ticks: files in milliseconds stand a little beside them."""
    timing = trial.case.timing
    return np.unique(np.array([timing.snap(t, _FINEST) for t in ticks.tolist()], dtype=np.int64))

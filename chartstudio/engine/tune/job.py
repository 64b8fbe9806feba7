"""Fine-tuning as a job: an author's charts in, a model with its report out.

Everything that a later step depends on is in the state, or follows from the recipe and the
step's number, so that a tuning that was stopped or killed goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import torch

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress, part
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.requests import SPLITS, LeftOut, TrainEstimate, TrainReport, TrainRequest
from chartstudio.engine.train.state import State
from chartstudio.engine.tune.card import write_report
from chartstudio.engine.tune.charts import Read
from chartstudio.engine.tune.folder import Folder
from chartstudio.engine.tune.folds import (
    Judged,
    Songs,
    arms_of,
    but_for,
    folds_of,
    judged_in_turn,
)
from chartstudio.engine.tune.judging import score, songs_of
from chartstudio.engine.tune.learning import learn
from chartstudio.engine.tune.lock import alone
from chartstudio.engine.tune.pieces import open_store, piece_bytes
from chartstudio.engine.tune.report import BASE, HABITS, N_ARMS, TUNED, best
from chartstudio.engine.tune.steps import Learner, bytes_per_window, process_bytes
from chartstudio.engine.tune.team import Team
from chartstudio.engine.tune.work import (
    Work,
    base_folder,
    learner_of,
    prepare,
    publish,
    read_all,
)

_TRAIN, _VALIDATION, _TEST = SPLITS
_READING, _LEARNING = 0.2, 0.85
"""How far a tuning is when songs are read, and when the last step is done."""

_ARMS = 0.1
"""Of the report, the time to make what is judged."""

_N_TIMED = 10
_UNTIMED = 2
"""Steps that an estimate takes, and those at their beginning that are slower than the rest."""

_SONGS_TIMED = 3


def tune(request: TrainRequest) -> Job[TrainReport]:
    """Tune a model and judge it.

    Closing the job stops the tuning: where it stands is saved, and a request with ``resume``
    goes on from there.

    Parameters
    ----------
    request : TrainRequest

    Yields
    ------
    Progress
        One per song that is read, per step (with a `TrainStep`) and per measure of the report.

    Returns
    -------
    TrainReport

    Raises
    ------
    EngineError
        When there is nothing to learn from, the base or the state does not fit, or steps give
        no numbers before any weights were kept.
    """
    team = Team.here()
    device = team.device(request.device)
    team.meet(device)
    try:
        yield Progress(0.0, "Loading the base model")
        # The first of a team writes for all: the others have no need of the lock.
        with alone(Folder.of(request.name).path) if team.leads else nullcontext():
            return (yield from _tune(request, team, device))
    finally:
        team.part()


def _tune(request: TrainRequest, team: Team, device: torch.device) -> Job[TrainReport]:
    """The tuning of one process of a team."""
    work = prepare(request, team, device)
    folds = folds_of(work.request.charts, work.request.recipe)
    if folds:
        # Who are left out in turn are all learned from in the end.
        work = replace(work, request=but_for(work.request, frozenset()))
    # A fold takes as long as the tuning of the model.
    learned = _READING + (_LEARNING - _READING) / (len(folds) + 1)
    try:
        read = yield from part(read_all(work), 0.0, _READING)
        state, learner = learner_of(work, read)
    except EngineError:
        if team.leads and not request.resume:
            work.folder.forget()
        raise
    try:
        yield from part(learn(work, read, state, learner), _READING, learned)
    finally:
        learner.close()
    if not team.leads:
        return _unjudged(work, read, state)
    report: TrainReport = yield from part(_report(work, read, state, folds), learned, 1.0)
    return report


def estimate(request: TrainRequest) -> Job[TrainEstimate]:
    """Measure what a tuning will take, on a few songs and steps; nothing is kept but features.

    Raises
    ------
    EngineError
        As `tune`.
    """
    team = Team()
    device = team.device(request.device)
    yield Progress(0.0, "Loading the base model")
    request = request.fitted()
    base = checkpoint.load(base_folder(request.base))
    folds = folds_of(request.charts, request.recipe)
    request = but_for(request, frozenset()) if folds else request
    songs = list(dict.fromkeys(c.song for c in request.charts if c.split == _TRAIN))
    few = tuple(c for c in request.charts if c.split == _TRAIN and c.song in songs[:_SONGS_TIMED])
    work = Work(replace(request, charts=few), Folder(Path()), base, team, device)
    started = perf_counter()
    read = yield from part(read_all(work), 0.0, 0.5)
    reading_s = (perf_counter() - started) / max(len(songs[:_SONGS_TIMED]), 1)
    _, learner = learner_of(work, read)
    taken = []
    try:
        for n in range(min(_N_TIMED, request.recipe.n_steps)):
            started = perf_counter()
            learner.step()
            taken.append(perf_counter() - started)
            yield Progress(0.5 + 0.4 * (n + 1) / _N_TIMED, "Measuring")
    finally:
        learner.close()
    timed = taken[_UNTIMED:] or taken
    judging_s = yield from part(_judging_s(work), 0.9, 1.0)
    pace = _Pace(reading_s, sum(timed) / len(timed), judging_s)
    return _estimated(replace(work, request=request), learner, read, (pace, len(folds)))


@dataclass(frozen=True, slots=True)
class _Pace:
    """Seconds for a song that is read, a step, and a chart that is judged once."""

    reading_s: float
    step_s: float
    judging_s: float


def _judging_s(work: Work) -> Job[float]:
    """How long it takes to judge a chart with one model."""
    chart = work.request.charts[:1]
    songs = songs_of(chart, work.base.spec.vocabulary.mode_ids, [])
    started = perf_counter()
    yield from score(songs, [work.base], [])
    return perf_counter() - started


def _estimated(
    work: Work, learner: Learner, read: Read, measured: tuple[_Pace, int]
) -> TrainEstimate:
    (pace, n_folds), spec, recipe = measured, work.base.spec, work.request.recipe
    store = open_store(paths.cache() / "features", spec.features)
    n_bytes = sum(piece_bytes(store, n) for n in {n for s in read.spelled for n in s.pieces})
    n_read = len({s.piece for s in read.spelled})
    weights = sum(t.numel() * t.element_size() for t in work.base.net.state_dict().values())
    each = bytes_per_window(spec.net, spec.windows.n_beats)
    charts = work.request.charts
    n_songs = len({c.song for c in charts if c.split != _TEST})
    n_judged = len(charts) if n_folds else sum(c.split != _TRAIN for c in charts)
    n_arms = N_ARMS if recipe.habits else 2
    return TrainEstimate(
        step_s=pace.step_s,
        n_steps=recipe.n_steps,
        total_s=pace.reading_s * n_songs
        + pace.step_s * recipe.n_steps * (n_folds + 1)
        + pace.judging_s * n_judged * n_arms,
        disk_bytes=n_bytes // max(n_read, 1) * n_songs + 4 * weights,
        memory_bytes=process_bytes(learner.numbers.name) + each * learner.at_once + 4 * weights,
        device=learner.numbers.device.type,
    )


# Judging ---------------------------------------------------------------------------------


def _report(work: Work, read: Read, state: State, folds: Sequence[Songs]) -> Job[TrainReport]:
    """Judge the best weights and the author's habits beside the base; the best is the model."""
    models = yield from part(arms_of(work, read, state), 0.0, _ARMS)
    yield Progress(_ARMS, "Judging")
    if folds:
        judged = yield from part(judged_in_turn(work, read, folds), _ARMS, 1.0)
        figures = best(judged.scores)
    else:
        half = (1.0 + _ARMS) / 2
        deciding = yield from part(_judged(work, models, _VALIDATION), _ARMS, half)
        judged = yield from part(_judged(work, models, _TEST), half, 1.0)
        figures = best(judged.scores, deciding.scores)
    figures["n_folds"] = max(len(folds), 1)
    figures["notices"] = [n for step in work.folder.steps() for n in step.notices]
    chosen = models[figures["shown"]].spec
    if figures["shown"] != TUNED:
        kept = work.folder.kept()[0]
        learned = {} if figures["shown"] == HABITS else kept.load()
        publish(work, replace(state.spec, plan=chosen.plan), kept.step, learned)
        chosen = checkpoint.load_spec(work.folder.path)
    report = _unjudged(work, read, state)
    report = replace(
        report,
        figures=figures,
        n_charts={**report.n_charts, _TEST: len(judged.scores[BASE])},
        left_out=(*report.left_out, *judged.left_out),
        seconds=round(report.seconds + judged.seconds, 1),
    )
    return write_report(work.folder.path, report, chosen, work.request)


def _judged(work: Work, models: dict[str, Model], split: str) -> Job[Judged]:
    """Scores of all models on the songs of a side."""
    left_out: list[LeftOut] = []
    charts = [c for c in work.request.charts if c.split == split]
    songs = songs_of(charts, work.base.spec.vocabulary.mode_ids, left_out)
    judging = score(songs, list(models.values()), left_out, work.request.recipe.seed)
    scores = yield from judging
    return Judged(dict(zip(models, scores, strict=True)), left_out, {}, 0.0, 0.0)


def _unjudged(work: Work, read: Read, state: State) -> TrainReport:
    n_charts = {split: sum(s.chart.split == split for s in read.spelled) for split in SPLITS}
    left_out: tuple[LeftOut, ...] = tuple(read.left_out)
    return TrainReport(
        name=work.request.name,
        base=work.request.base,
        folder=work.folder.path,
        verdict="unknown",
        text=(),
        figures={},
        n_charts=n_charts,
        left_out=left_out,
        seconds=round(state.counts.elapsed_s, 1),
    )

"""Fine-tuning as a job: an author's charts in, a model with its report out.

Everything that a later step depends on is in the state, or follows from the recipe and the
step's number, so that a tuning that was stopped or killed goes on as if it had not been.
"""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import torch

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress, part
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.net import Net
from chartstudio.engine.requests import (
    SPLITS,
    LeftOut,
    TrainEstimate,
    TrainReport,
    TrainRequest,
    TrainStep,
)
from chartstudio.engine.train.dataset import Windows
from chartstudio.engine.train.heldout import judge, mean_total
from chartstudio.engine.train.state import Counts, State, save_state
from chartstudio.engine.tune import adapters, sample
from chartstudio.engine.tune.card import write_notice, write_report
from chartstudio.engine.tune.charts import Read
from chartstudio.engine.tune.folder import Folder
from chartstudio.engine.tune.habits import with_rates, with_weights
from chartstudio.engine.tune.judging import Heard, Listener, score, songs_of
from chartstudio.engine.tune.lock import alone
from chartstudio.engine.tune.pieces import open_store
from chartstudio.engine.tune.report import BASE, BOTH, HABITS, TUNED, best
from chartstudio.engine.tune.steps import Learner, bytes_per_window
from chartstudio.engine.tune.team import Team
from chartstudio.engine.tune.work import (
    Work,
    base_folder,
    learner_of,
    prepare,
    publish,
    read_all,
    windows_of,
)

_TRAIN, _VALIDATION, _TEST = SPLITS
_READING, _LEARNING = 0.2, 0.85
"""How far a tuning is when songs are read, and when the last step is done."""

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
    try:
        read = yield from part(read_all(work), 0.0, _READING)
        state, learner = learner_of(work, read)
    except EngineError:
        if team.leads and not request.resume:
            work.folder.forget()
        raise
    try:
        yield from part(_learn(work, read, state, learner), _READING, _LEARNING)
    finally:
        learner.close()
    if not team.leads:
        return _unjudged(work, read, state)
    report: TrainReport = yield from part(_report(work, read, state), _LEARNING, 1.0)
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
    base = checkpoint.load(base_folder(request.base))
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
            yield Progress(0.5 + 0.5 * (n + 1) / _N_TIMED, "Measuring")
    finally:
        learner.close()
    n_songs = len({c.song for c in request.charts if c.split != _TEST})
    return _estimated(work, learner, read, (taken, reading_s, n_songs))


def _estimated(
    work: Work, learner: Learner, read: Read, measured: tuple[list[float], float, int]
) -> TrainEstimate:
    taken, reading_s, n_songs = measured
    timed = taken[_UNTIMED:] or taken
    step_s = sum(timed) / len(timed)
    spec, n_steps = work.base.spec, work.request.recipe.n_steps
    store = open_store(paths.cache() / "features", spec.features)
    pieces = {s.piece for s in read.spelled}
    piece_bytes = sum(p.stat().st_size for n in pieces for p in store.folder.glob(f"{n:06d}.*"))
    weights = sum(t.numel() * t.element_size() for t in work.base.net.state_dict().values())
    each = bytes_per_window(spec.net, spec.windows.n_beats)
    return TrainEstimate(
        step_s=step_s,
        n_steps=n_steps,
        total_s=reading_s * n_songs + step_s * n_steps,
        disk_bytes=piece_bytes // max(len(pieces), 1) * n_songs + 4 * weights,
        memory_bytes=each * learner.at_once + 4 * weights,
        device=learner.numbers.device.type,
    )


# Learning --------------------------------------------------------------------------------


def _learn(work: Work, read: Read, state: State, learner: Learner) -> Job[None]:
    """All steps that are left; what the held-out songs say decides which weights are kept."""
    recipe, counts, folder = work.request.recipe, state.counts, work.folder
    validation = [s for s in read.spelled if s.chart.split == _VALIDATION]
    look = _Look(work, state, learner, windows_of(work, validation, frozenset()))
    saved, pace = counts.step, _Pace(recipe.n_steps)
    yield Progress(counts.step / recipe.n_steps, "Learning")
    if work.team.leads:
        folder.rewind(counts.step)
        if counts.step == 0:
            # The base's own weights are among those that may turn out best.
            step = look(TrainStep(0, recipe.n_steps, {}, 0.0))
            folder.log(step)
            yield Progress(0.0, "Learning", step)
    try:
        while counts.step < recipe.n_steps:
            started = perf_counter()
            try:
                values = learner.step()
            except EngineError as error:
                if work.team.size > 1:
                    # The others may not know of it, and would wait for ever.
                    raise
                # What was kept so far is the result.
                learner.notices.append(str(error))
                values = {}
            taken_s = perf_counter() - started
            counts.elapsed_s += taken_s
            told = {name: v for name, v in values.items() if math.isfinite(v)}
            step = TrainStep(counts.step, recipe.n_steps, told, pace.left_s(counts.step, taken_s))
            if work.team.leads:
                is_look = counts.step % recipe.judge_every == 0 or counts.step == recipe.n_steps
                if values and is_look:
                    step = look(step)
                    saved = counts.step
                step = replace(step, notices=tuple(learner.notices))
                learner.notices.clear()
                folder.log(step)
            yield Progress(counts.step / recipe.n_steps, _words(step, counts), step)
            if not values:
                return
    finally:
        if work.team.leads and counts.step != saved:
            save_state(folder.training, state)


class _Pace:
    """How long steps take."""

    def __init__(self, n_steps: int) -> None:
        self._n_steps, self._taken_s = n_steps, list[float]()

    def left_s(self, step: int, taken_s: float) -> float:
        """Seconds until the last step, by those so far."""
        self._taken_s.append(taken_s)
        # The first step of a run waits for its windows.
        timed = self._taken_s[1:] or self._taken_s
        return round(sum(timed) / len(timed) * (self._n_steps - step), 1)


class _Look:
    """Looks at the held-out songs, keeps the best weights and saves where the training stands."""

    def __init__(self, work: Work, state: State, learner: Learner, judged: Windows | None) -> None:
        self._work, self._state, self._learner, self._judged = work, state, learner, judged
        charts = [c for c in work.request.charts if c.split == _VALIDATION]
        modes = work.base.spec.vocabulary.mode_ids
        self._listener = Listener(songs_of(charts, modes, []))

    def __call__(self, step: TrainStep) -> TrainStep:
        work, state, recipe = self._work, self._state, self._work.request.recipe
        loss = self._loss()
        learned = adapters.learned(state.net)
        work.folder.keep(step.step, loss, learned)
        # Even the first that is no good is better than none.
        if loss <= state.counts.best:
            state.counts.best = loss
            publish(work, state.spec, step.step, learned)
            write_notice(work.folder.path, work.request, step.step)
        save_state(work.folder.training, state)
        n_look = -(-step.step // recipe.judge_every)
        if recipe.draft_every and n_look % recipe.draft_every == 0:
            heard = self._listener.listen(self._model())
            if heard is not None:
                sample.keep(work.folder.training, heard.sample, step.step)
            step = _with(step, heard)
        return replace(step, held_out=loss if math.isfinite(loss) else None)

    def _loss(self) -> float:
        state, recipe = self._state, self._work.request.recipe
        if self._judged is None:
            means = state.counts.means
            return means.get("times", math.inf) + means.get("events", math.inf)
        state.net.eval()
        found = judge(state.net, self._judged, recipe.n_judged, self._learner.numbers)
        state.net.train(recipe.dropout)
        return mean_total(found)

    def _model(self) -> Model:
        """The weights as they are, as a model that drafts."""
        net = Net(self._state.spec.net)
        net.load_state_dict(adapters.plain(self._state.net))
        return Model(self._state.spec, net.eval().requires_grad_(False))


def _with(step: TrainStep, heard: Heard | None) -> TrainStep:
    if heard is None:
        return step
    return replace(
        step,
        f1=heard.f1,
        f1_null=heard.f1_null,
        nps=heard.nps,
        nps_author=heard.nps_author,
    )


def _words(step: TrainStep, counts: Counts) -> str:
    losses = ", ".join(f"{name} {value:.2f}" for name, value in step.losses.items())
    skipped = f"; {counts.n_skipped} skipped" if counts.n_skipped else ""
    notice = f"; {step.notices[-1]}" if step.notices else ""
    return (
        f"Step {step.step} of {step.n_steps}, {_time(step.left_s)} left: {losses}{skipped}{notice}"
    )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


# Judging ---------------------------------------------------------------------------------


def _report(work: Work, read: Read, state: State) -> Job[TrainReport]:
    """Judge the best weights and the author's habits beside the base; the best is the model."""
    report = _unjudged(work, read, state)
    left_out, request = list(report.left_out), work.request
    models = yield from part(_models(work, read, state), 0.0, 0.1)
    yield Progress(0.1, "Judging")
    charts = [c for c in request.charts if c.split == _TEST]
    songs = songs_of(charts, work.base.spec.vocabulary.mode_ids, left_out)
    judging = score(songs, list(models.values()), left_out, request.recipe.seed)
    scores = yield from part(judging, 0.1, 1.0)
    figures = best(dict(zip(models, scores, strict=True)))
    figures["notices"] = [n for step in work.folder.steps() for n in step.notices]
    chosen = models[figures["arm"]].spec
    if figures["arm"] != TUNED:
        kept = work.folder.kept()[0]
        learned = {} if figures["arm"] == HABITS else kept.load()
        publish(work, replace(state.spec, plan=chosen.plan), kept.step, learned)
        chosen = checkpoint.load_spec(work.folder.path)
    report = replace(
        report,
        figures=figures,
        n_charts={**report.n_charts, _TEST: len(scores[0])},
        left_out=tuple(left_out),
    )
    return write_report(work.folder.path, report, chosen, request)


def _models(work: Work, read: Read, state: State) -> Job[dict[str, Model]]:
    """What is set against each other."""
    # What an earlier report made of it is undone first.
    kept = work.folder.kept()[0]
    publish(work, state.spec, kept.step, kept.load())
    tuned = checkpoint.load(work.folder.path)
    found = {BASE: work.base, TUNED: tuned}
    if not work.request.recipe.habits:
        return found
    training = [s for s in read.spelled if s.chart.split == _TRAIN]
    rates = with_rates(work.base.spec.plan, training)
    modes = work.base.spec.vocabulary.mode_ids
    songs = songs_of([s.chart for s in training], modes, [])
    for n, (arm, model) in enumerate(((HABITS, work.base), (BOTH, tuned))):
        rated = Model(replace(model.spec, plan=rates), model.net)
        plan = yield from part(with_weights(rated, songs), 0.5 * n, 0.5 * (n + 1))
        found[arm] = Model(replace(model.spec, plan=plan), model.net)
    return found


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

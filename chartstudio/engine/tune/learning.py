"""The steps of one tuning: what held-out songs say of them, what is kept, what is told.

Knows a network that learns and the folder that it is kept in; refuses to know what comes of it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from time import perf_counter

from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.net import Net
from chartstudio.engine.requests import SPLITS, TrainStep
from chartstudio.engine.train.dataset import Windows
from chartstudio.engine.train.heldout import judge, mean_total
from chartstudio.engine.train.state import Counts, State, save_state
from chartstudio.engine.tune import adapters, sample
from chartstudio.engine.tune.card import write_notice
from chartstudio.engine.tune.charts import Read
from chartstudio.engine.tune.judging import Heard, Listener, songs_of
from chartstudio.engine.tune.steps import Learner
from chartstudio.engine.tune.work import Work, publish, windows_of

_, _VALIDATION, _ = SPLITS


def learn(work: Work, read: Read, state: State, learner: Learner) -> Job[None]:
    """Take all steps that are left; what the held-out songs say decides which weights are kept.

    Closing the job saves where the tuning stands.

    Parameters
    ----------
    work : Work
    read : Read
    state : State
    learner : Learner

    Yields
    ------
    Progress
        One per step, with a `TrainStep`.
    """
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

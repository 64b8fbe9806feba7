"""Tuning a model from the window: what is planned, what runs, how far it is, what came of it.

The work is a process of its own behind a job on a lane of its own, so that drafting goes on.
Knows the plan, the lanes and the models; knows no widget and asks nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

from PySide6.QtCore import QObject, Signal

from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress
from chartstudio.engine.requests import (
    TrainEstimate,
    TrainReport,
    TrainRequest,
    TrainStep,
)
from chartstudio.engine.tune.groups import Group
from chartstudio.engine.tune.process import (
    estimate_apart,
    find_gpus,
    groups_apart,
    tune_apart,
)
from chartstudio.engine.tune.recipe import Recipe
from chartstudio.engine.tune.sample import SAMPLE_FILE
from chartstudio.engine.tune.shelf import TRAINING, Shelved, place_of, read_steps
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.library import Library
from chartstudio.gui.text import one_line, tr
from chartstudio.gui.training_models import Models
from chartstudio.gui.training_plan import Origin, Plan, Prospect, bases_for, find, free_name
from chartstudio.library.catalog import Catalog
from chartstudio.library.search import Query
from chartstudio.library.selection import Side

BETTER = "better"


class Stage(Enum):
    """What the tab is doing."""

    IDLE = "idle"
    MEASURING = "measuring"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    """The process finishes its step and saves."""


class Training(QObject):
    """The one tuning of the window.

    Parameters
    ----------
    jobs : Jobs
    library : Library
    models : Models

    Attributes
    ----------
    plan : Plan
    prospect : Prospect or None
        What the plan would learn from; None until that is known.
    estimate : TrainEstimate or None
        What the plan will take, once measured.
    groups : tuple of Group
        The ways of charting that it will tell apart, once measured.
    stage : Stage
    name : str
        Of the tuning that runs, or ran last.
    steps : list of TrainStep
        Its steps so far.
    progress : Progress or None
    report : TrainReport or None
        What came of it.
    problem : str
        Why the last one came to nothing; else empty.
    gpus : tuple of str or None
        Names of the GPUs that work; None until that is known.
    tune, measure_with, find_groups : callable
        ``TrainRequest -> Job``.
    find_gpus : callable
        ``() -> Job``, for the engine's lane.
    """

    changed = Signal()
    progressed = Signal()
    message = Signal(str)

    def __init__(self, jobs: Jobs, library: Library, models: Models) -> None:
        super().__init__()
        self._jobs, self._library, self.models = jobs, library, models
        self.plan = Plan()
        self.prospect: Prospect | None = None
        self.estimate: TrainEstimate | None = None
        self.groups: tuple[Group, ...] = ()
        self.stage = Stage.IDLE
        self.name = ""
        self.steps: list[TrainStep] = []
        self.progress: Progress | None = None
        self.report: TrainReport | None = None
        self.problem = ""
        self.gpus: tuple[str, ...] | None = None
        self.find_gpus: Callable[[], Job[tuple[str, ...]]] = find_gpus
        self.tune: Callable[[TrainRequest], Job[TrainReport]] = tune_apart
        self.measure_with: Callable[[TrainRequest], Job[TrainEstimate]] = estimate_apart
        self.find_groups: Callable[[TrainRequest], Job[tuple[Group, ...]]] = groups_apart
        self._handle: Handle | None = None
        self._looking: Handle | None = None
        self._asked: object = None
        self._figures: object = None
        self._is_watched = self._is_tuning = self._had_sample = False
        self._inbox: deque[TrainStep] = deque()
        library.changed.connect(self._look_again)
        models.changed.connect(self._on_models)
        models.gone.connect(self._on_gone)
        jobs.changed.connect(self._on_jobs)

    # Planning ------------------------------------------------------------------------------

    def watch(self) -> None:
        """Somebody looks: from now on the preview follows the library and the plan."""
        if not self._is_watched:
            self._jobs.submit(Lane.ENGINE, lambda: self.find_gpus(), None, self._on_gpus)
        self._is_watched = True
        if not self._library.is_known:
            self._library.look()
        self.models.look()
        self._look_again()

    def _on_gpus(self, gpus: tuple[str, ...]) -> None:
        self.gpus = gpus
        self.changed.emit()

    def set_plan(self, plan: Plan) -> None:
        """Plan something else."""
        if plan == self.plan:
            return
        if _taxing(plan) != _taxing(self.plan):
            self.estimate = None
        self.plan = plan
        self._fit_base()
        self._look_again()
        self.changed.emit()

    def _on_models(self) -> None:
        self._fit_base()
        taken = self.models.named(self.plan.name) is not None
        if self.models.is_known and self.stage is Stage.IDLE and (taken or not self.plan.name):
            self.plan = replace(self.plan, name=free_name(self.models.found))
        self._look_again()
        self.changed.emit()

    def _on_gone(self, name: str) -> None:
        """Show no more of a tuning that nothing could be opened of."""
        if name == self.name and not self.is_busy:
            self.name, self.report, self.steps, self.problem = "", None, [], ""
            self.changed.emit()

    def _fit_base(self) -> None:
        """Start from a model that can be started from."""
        bases = bases_for(self.models.found, self.plan.full)
        if bases and self.plan.base not in bases:
            first = self.models.in_use if self.models.in_use in bases else bases[-1]
            self.plan = replace(self.plan, base=first)

    @property
    def query(self) -> Query:
        """What the library is asked for."""
        by_origin = {Origin.LIBRARY: self._library.query, Origin.OWN: self.plan.own}
        return by_origin.get(self.plan.origin, Query())

    def _look_again(self) -> None:
        """See what the plan would learn from, unless that is known."""
        if not (self._is_watched and self._library.is_known and self.models.is_known):
            return
        is_marked = self.plan.origin is Origin.MARKED
        marked = frozenset(self._library.chosen) if is_marked else None
        base = self.models.named(self.plan.base)
        modes = base.modes if base is not None else ()
        asked, found, query = (self.query, marked, modes), self._library.found, self.query
        # Whatever changes the library makes new figures of it.
        if asked == self._asked and found is self._figures:
            return
        self._asked, self._figures = asked, found
        if self._looking is not None:
            self._looking.cancel()

        def work(catalog: Catalog) -> Prospect:
            return find(catalog, query, marked, modes)

        def done(prospect: Prospect) -> None:
            if prospect != self.prospect:
                self.prospect, self.estimate, self.groups = prospect, None, ()
                self.changed.emit()

        def failed(_: Exception) -> None:
            self._asked = None

        what = tr("Looking at what to learn from")
        self._looking = self._library.ask_catalog(what, work, done, failed)

    @property
    def is_empty(self) -> bool:
        """Whether the library has no song at all."""
        return self._library.is_known and not self._library.found.facets.n_songs

    @property
    def n_parts(self) -> int:
        """In how many parts songs are left out in turn; 1 for not at all."""
        n_songs = 0 if self.prospect is None else self.prospect.n_recordings
        return self.plan.recipe.n_parts(n_songs)

    @property
    def may_fold(self) -> bool:
        """Whether there are so few songs that each can be left out in turn."""
        n_songs = 0 if self.prospect is None else self.prospect.n_recordings
        return Recipe().n_parts(n_songs) > 1

    @property
    def refusal(self) -> str:
        """Why the plan cannot be begun now, with the way out; empty where it can."""
        if self.prospect is None:
            return tr("Looking at the library…")
        if not self.prospect.n_charts[Side.TRAIN]:
            return tr("There is nothing to learn from: add songs, or ask for more of them.")
        if not self.plan.base:
            return tr("No model to start from is installed; install the program again.")
        try:
            place_of(self.plan.name)
        except ChartStudioError as error:
            return one_line(error) if self.plan.name else tr("Give the result a name.")
        if self.models.named(self.plan.name) is not None:
            return tr("There is a model named {name}; choose another name.", name=self.plan.name)
        return ""

    # Running -------------------------------------------------------------------------------

    @property
    def is_busy(self) -> bool:
        """Whether a process works, or ends."""
        return self.stage is not Stage.IDLE

    @property
    def offered(self) -> Shelved | None:
        """An unfinished tuning to go on with: the marked one, or the one that was written last."""
        unfinished = self.models.unfinished
        marked = [s for s in unfinished if s.name in self.models.chosen]
        return max(marked or unfinished, key=lambda s: (s.date, s.name == self.name), default=None)

    @property
    def has_sample(self) -> bool:
        """Whether the tuning that runs, or ran last, has drafted a held-out song."""
        where = paths.user_models() / self.name / TRAINING / SAMPLE_FILE
        return bool(self.name) and where.exists()

    @property
    def can_start(self) -> bool:
        """Whether the plan can be begun or measured."""
        return not self.is_busy and not self.refusal

    def start(self) -> None:
        """Tune as planned."""
        if self.can_start and self.prospect is not None:
            self._run(self.plan.request(self.prospect.charts))

    def resume(self, name: str) -> None:
        """Go on with a tuning that was stopped, or whose process died."""
        if self.stage is Stage.PAUSED and self._handle is not None:
            self._handle.go_on()
            self._enter(Stage.RUNNING)
        elif not self.is_busy:
            self._run(TrainRequest(name, device=self.plan.device or None, resume=True))

    def pause(self) -> None:
        """Ask for no more steps for now; the process waits."""
        if self.stage is Stage.RUNNING and self._handle is not None:
            self._handle.pause()
            self._enter(Stage.PAUSED)

    def stop(self) -> None:
        """End the process after its step; `resume` goes on from there."""
        if self._handle is not None and self._handle.active:
            self._handle.cancel()
            self._enter(Stage.STOPPING)

    def measure(self) -> None:
        """Measure what the plan will take, and look for ways of charting."""
        if not self.can_start or self.prospect is None:
            return
        request = self.plan.request(self.prospect.charts)

        def done(groups: tuple[Group, ...]) -> None:
            self.groups = groups
            self._end()

        def measured(estimate: TrainEstimate) -> None:
            self.estimate = estimate
            self._submit(lambda: self.find_groups(request), done)
            self.changed.emit()

        self.problem, self._is_tuning = "", False
        self._submit(lambda: self.measure_with(request), measured)
        self._enter(Stage.MEASURING)

    def _run(self, request: TrainRequest) -> None:
        self.name, self.report, self.problem = request.name, None, ""
        self._is_tuning = True
        self._inbox.clear()
        self._had_sample = False
        past = read_steps(paths.user_models() / request.name) if request.resume else ()
        self.steps = list(past)
        self._submit(lambda: _noted(self.tune(request), self._inbox), self._on_report)
        self._enter(Stage.RUNNING)

    def _submit(self, job: Callable[[], Job[Any]], done: Callable[[Any], None]) -> None:
        self.progress = Progress(0.0, tr("Starting a process of its own"))
        self._handle = self._jobs.submit(
            Lane.TRAINING, job, self._on_progress, done, self._on_error
        )

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        self.changed.emit()
        self.progressed.emit()

    def _end(self) -> None:
        self._take_steps()
        self._handle, self.progress = None, None
        self._enter(Stage.IDLE)
        self.models.look()

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        self._take_steps()
        if self.has_sample != self._had_sample:
            self._had_sample = not self._had_sample
            self.changed.emit()
        self.progressed.emit()

    def _take_steps(self) -> None:
        while self._inbox:
            step = self._inbox.popleft()
            # What is done again after a kill replaces what was done before it.
            while self.steps and self.steps[-1].step >= step.step:
                self.steps.pop()
            self.steps.append(step)

    def _on_report(self, report: TrainReport) -> None:
        self.report = report
        if report.verdict == BETTER and self.models.in_use == report.base:
            self.models.use(report.name)
        self._end()
        self.message.emit(report.text[0] if report.text else tr("The tuning is done"))

    def _on_error(self, error: Exception) -> None:
        self.problem = one_line(error)
        self._end()

    def _on_jobs(self) -> None:
        """See whether a process that was stopped has ended."""
        if self.stage is Stage.STOPPING and self._handle is not None and self._handle.ended:
            was_tuning = self._is_tuning
            self._end()
            if was_tuning:
                n = self.steps[-1].step if self.steps else 0
                self.message.emit(tr("Stopped after step {n}; it can be gone on with", n=n))


def _taxing(plan: Plan) -> object:
    """What of a plan decides how long it takes on the same charts."""
    return plan.recipe, plan.base, plan.device


def _noted(job: Job[TrainReport], inbox: deque[TrainStep]) -> Job[TrainReport]:
    """A job that keeps every step: of what is told 30 times a second some would be lost."""
    try:
        while True:
            progress = next(job)
            if isinstance(progress.partial, TrainStep):
                inbox.append(progress.partial)
            yield progress
    except StopIteration as stop:
        report: TrainReport = stop.value
        return report
    finally:
        job.close()

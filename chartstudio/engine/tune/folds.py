"""Leaving songs out in turn: what would have been, had the author not charted them yet.

Each fold is a tuning of its own inside the training's folder, on all songs but its own, with
the same steps; base, habits, tuned weights and both are then judged on the songs it left out.
No chart is ever judged by what has seen it. A fold that is done is kept as its scores, one that
was stopped goes on from its last state. Knows tunings and scores; refuses to know which of them
are used in the end.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import torch

from chartstudio.core.job import Job, Progress, part
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.evaluate.report import Score
from chartstudio.engine.requests import SPLITS, LeftOut, TrainChart, TrainRequest
from chartstudio.engine.train.heldout import judge
from chartstudio.engine.train.losses import Numbers
from chartstudio.engine.train.state import State
from chartstudio.engine.tune import sample
from chartstudio.engine.tune.charts import Read
from chartstudio.engine.tune.folder import Folder, write_text
from chartstudio.engine.tune.habits import with_rates, with_weights
from chartstudio.engine.tune.judging import JUDGED, Listener, score, songs_of
from chartstudio.engine.tune.learning import learn
from chartstudio.engine.tune.recipe import Recipe
from chartstudio.engine.tune.report import BASE, BOTH, HABITS, TUNED, Scores
from chartstudio.engine.tune.sample import SAMPLE_FILE
from chartstudio.engine.tune.team import Team
from chartstudio.engine.tune.work import Work, learner_of, publish, windows_of

_TRAIN, _, _TEST = SPLITS
_SCORES_FILE = "scores.json"
_LEARNED, _MADE = 0.4, 0.5
"""How far a fold is when its steps are done, and when there is something to judge."""

_NUMBERS = Numbers(torch.device("cpu"), False)

Songs, Measures = frozenset[str], Sequence[str]


# Which songs -----------------------------------------------------------------------------


def folds_of(charts: Sequence[TrainChart], recipe: Recipe) -> tuple[Songs, ...]:
    """The songs that are left out together; none where a fixed split is to decide."""
    songs = list(dict.fromkeys(c.song for c in charts))
    n = recipe.n_parts(len(songs))
    return tuple(frozenset(songs[i::n]) for i in range(n)) if n > 1 else ()


def but_for(request: TrainRequest, songs: Songs) -> TrainRequest:
    """A request to learn from all songs but some, which are to be judged."""
    charts = tuple(
        replace(c, split=_TEST if c.song in songs else _TRAIN) for c in request.charts
    )  # fmt: skip
    return replace(request, charts=charts)


# What is judged --------------------------------------------------------------------------


def arms_of(work: Work, read: Read, state: State) -> Job[dict[str, Model]]:
    """What is set against each other: the base, and what the author's charts make of it.

    The tuned one is published in the work's folder.
    """
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


# Folds -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Judged:
    """What came of songs that were left out.

    Parameters
    ----------
    scores : dict of str to list of Score
    left_out : list of LeftOut
        What could not be judged.
    events : dict of str to (int, int)
        Of the events in the author's rows, how many the network of an arm thought likeliest,
        and how many there are.
    seconds, judging_s : float
        Of all steps, and of what came after them.
    """

    scores: Scores
    left_out: list[LeftOut]
    events: dict[str, tuple[int, int]]
    seconds: float
    judging_s: float

    @classmethod
    def nothing(cls) -> Judged:
        """No songs."""
        return cls({}, [], {}, 0.0, 0.0)

    def add(self, other: Judged) -> None:
        """Take in those of other songs."""
        for arm, own in other.scores.items():
            self.scores.setdefault(arm, []).extend(own)
        for arm, (right, n) in other.events.items():
            known = self.events.get(arm, (0, 0))
            self.events[arm] = (known[0] + right, known[1] + n)
        self.left_out += other.left_out
        self.seconds += other.seconds
        self.judging_s += other.judging_s

    def accuracy(self) -> dict[str, float]:
        """Share of the events that the network of each arm thought likeliest, 0 to 1."""
        return {arm: right / max(n, 1) for arm, (right, n) in self.events.items()}

    def save(self, path: Path) -> None:
        """Write it down."""
        write_text(path, json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Judged | None:
        """Read what `save` wrote; None where there is nothing that can be read."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            scores = {arm: [Score(**s) for s in own] for arm, own in found["scores"].items()}
            left_out = [LeftOut(**left) for left in found["left_out"]]
            events = {arm: (int(right), int(n)) for arm, (right, n) in found["events"].items()}
            return cls(scores, left_out, events, found["seconds"], found["judging_s"])
        except (OSError, ValueError, KeyError, TypeError):
            # It is judged again.
            return None


def judged_in_turn(work: Work, read: Read, folds: Sequence[Songs]) -> Job[Judged]:
    """Leave songs out in turn, and judge what was tuned on the others.

    Parameters
    ----------
    work : Work
        Its folder is where the folds are kept.
    read : Read
        All charts.
    folds : sequence of frozenset of str

    Yields
    ------
    Progress
        Without steps: plots are of the tuning of the model.
    """
    whole = Judged.nothing()
    for n, songs in enumerate(folds):
        folder = Folder(work.folder.training / f"fold-{n + 1}")
        own = replace(work, folder=folder, request=but_for(work.request, songs), team=Team())
        job = left_out(own, read, JUDGED)
        words = f"Part {n + 1} of {len(folds)} left out"
        whole.add((yield from part(_said(job, words), n / len(folds), (n + 1) / len(folds))))
        with suppress(FileNotFoundError):
            (folder.path / SAMPLE_FILE).replace(work.folder.training / SAMPLE_FILE)
    return whole


def _said(job: Job[Judged], words: str) -> Job[Judged]:
    try:
        while True:
            step = next(job)
            yield Progress(step.done, f"{words}: {step.what}")
    except StopIteration as stop:
        found: Judged = stop.value
        return found
    finally:
        job.close()


def left_out(work: Work, read: Read, measures: Measures) -> Job[Judged]:
    """Tune on the songs to learn from, and judge on the others; at once where that was done.

    Parameters
    ----------
    work : Work
        Its folder keeps the scores, and until then where the tuning stands.
    read : Read
        Charts of any split; what the request says of their split counts.
    measures : sequence of str
        Of `evaluate`.
    """
    folder, request = work.folder, work.request
    known = Judged.load(folder.path / _SCORES_FILE)
    if known is not None:
        return known
    folder.training.mkdir(parents=True, exist_ok=True)
    recipe = replace(request.recipe, draft_every=0)
    own = replace(work, request=replace(request, recipe=recipe, resume=True))
    learned = {c.song for c in request.charts if c.split == _TRAIN}
    training = [
        replace(s, chart=replace(s.chart, split=_TRAIN))
        for s in read.spelled
        if s.chart.song in learned
    ]
    only = Read(training, [])
    state, learner = learner_of(own, only)
    try:
        yield from part(learn(own, only, state, learner), 0.0, _LEARNED)
    finally:
        learner.close()
    started = perf_counter()
    models = yield from part(arms_of(own, only, state), _LEARNED, _MADE)
    if request.recipe.draft_every:
        _keep_draft(work, models[TUNED])
    found = yield from part(_judged(own, read, models, measures), _MADE, 1.0)
    found.seconds, found.judging_s = state.counts.elapsed_s, perf_counter() - started
    found.save(folder.path / _SCORES_FILE)
    _tidy(folder)
    return found


def _keep_draft(work: Work, model: Model) -> None:
    """Draft a song that was left out, for the author to look at."""
    charts = [c for c in work.request.charts if c.split == _TEST]
    songs = songs_of(charts, work.base.spec.vocabulary.mode_ids, [])
    heard = Listener(songs).listen(model)
    if heard is not None:
        sample.keep(work.folder.path, heard.sample, work.request.recipe.n_steps)


def _judged(work: Work, read: Read, models: dict[str, Model], measures: Measures) -> Job[Judged]:
    """Judge models on the songs that a request leaves out."""
    request, lost = work.request, list[LeftOut]()
    charts = [c for c in request.charts if c.split == _TEST]
    songs = songs_of(charts, work.base.spec.vocabulary.mode_ids, lost)
    scoring = score(songs, list(models.values()), lost, request.recipe.seed, measures)
    scores = yield from scoring
    judged = {c.song for c in charts}
    windows = windows_of(work, [s for s in read.spelled if s.chart.song in judged], frozenset())
    events = {}
    if windows is not None:
        for arm in (BASE, TUNED):
            told = judge(models[arm].net, windows, request.recipe.n_judged, _NUMBERS).values()
            right = sum(round(j.accuracy * j.n_events) for j in told)
            events[arm] = (right, sum(j.n_events for j in told))
    return Judged(dict(zip(models, scores, strict=True)), lost, events, 0.0, 0.0)


def _tidy(folder: Folder) -> None:
    """Delete all but the scores and what was drafted."""
    for path in folder.path.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in (_SCORES_FILE, SAMPLE_FILE):
            path.unlink(missing_ok=True)

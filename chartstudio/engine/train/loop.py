"""Training: batches in, a model folder out, one step per ``next()``.

    python -m chartstudio.engine.train.loop --data DATA --store STORE --out MODEL --minutes 60

fills the store with rendered music, trains, and writes the model that did best on music kept
apart. Started again with the same folders it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn

from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.features import FeatureSpec
from chartstudio.engine.net import Net
from chartstudio.engine.train.dataset import (
    Batch,
    Example,
    Windows,
    examples_of,
    habit_ranges,
    level_curves,
)
from chartstudio.engine.train.heldout import Judgement, judge, mean_total
from chartstudio.engine.train.losses import LOSSES, Numbers, faster, losses
from chartstudio.engine.train.music import Music, fill
from chartstudio.engine.train.piece import TAUGHT_MODES
from chartstudio.engine.train.state import (
    STATE_FILE,
    Counts,
    State,
    load_state,
    optimizer_of,
    rate_at,
    save_state,
    take_step,
    to_device,
)
from chartstudio.engine.train.store import Store, held_out
from chartstudio.engine.vocab import Vocabulary
from chartstudio.modes import MODES

_log = logging.getLogger(__name__)

LOG_FILE = "log.jsonl"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train.

    Parameters
    ----------
    n_steps : int
        0 to train for ``minutes``.
    minutes : float
        Time for all steps of all runs together; the learning rate falls by it.
    batch : int
        Windows per step.
    rate : float
        Highest learning rate; it rises over the warm-up and falls along a cosine.
    warm_up : int
        Steps.
    weight_decay : float
    smoothing : float
        Of the events' labels.
    clip : float
        Largest norm of the gradient.
    kinds_weight : float
        Weight of the chord and hold scores, which serve the encoder only.
    seed : int
    judge_every : int
        Steps between looks at the held-out music, each with a checkpoint.
    n_judged : int
        Held-out windows of each mode.
    numbers : str
        ``float32``, ``bfloat16``, or ``fastest`` to time both first.
    device : str
        ``cpu``, ``cuda``, or ``any``: CUDA where there is a GPU.
    n_makers : int
        Threads that make the next batches; the batches do not depend on it.
    """

    n_steps: int = 0
    minutes: float = 60.0
    batch: int = 16
    rate: float = 1.5e-3
    warm_up: int = 200
    weight_decay: float = 0.05
    smoothing: float = 0.02
    clip: float = 1.0
    kinds_weight: float = 0.3
    seed: int = 0
    judge_every: int = 500
    n_judged: int = 12
    numbers: str = "fastest"
    device: str = "any"
    n_makers: int = 1

    def share(self, counts: Counts) -> float:
        """How far a training is, 0 to 1."""
        if self.n_steps:
            return min(counts.step / self.n_steps, 1.0)
        return min(counts.elapsed_s / (60.0 * self.minutes), 1.0)


def learning_rate(step: int, share: float, recipe: Recipe) -> float:
    """Rate of a step; see `state.rate_at`."""
    return rate_at(step, share, recipe.rate, recipe.warm_up)


def train_step(state: State, batch: Batch, recipe: Recipe, numbers: Numbers) -> dict[str, float]:
    """Learn from one batch; a step that yields no numbers changes nothing and is counted.

    Returns
    -------
    dict of str to float
        The batch's losses.

    Raises
    ------
    EngineError
        When too many steps in a row yielded none.
    """
    counts = state.counts
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(counts.step, recipe.share(counts), recipe)
    # What is dropped follows from the step alone, so that a resumed training drops the same.
    torch.manual_seed(recipe.seed * 1_000_003 + counts.step)
    total, found = _descend(state, batch, recipe, numbers)
    norm = nn.utils.clip_grad_norm_(state.net.parameters(), recipe.clip)
    values = {name: float(loss) for name, loss in found.items()}
    take_step(state, values, math.isfinite(float(total) + float(norm)))
    return values


def _descend(
    state: State, batch: Batch, recipe: Recipe, numbers: Numbers
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The gradient of a batch, its total and its losses."""
    state.optimizer.zero_grad(set_to_none=True)
    found = losses(state.net, batch, numbers, recipe.smoothing)
    total = found["times"] + recipe.kinds_weight * found["kinds"] + found["events"]
    total.backward()  # type: ignore[no-untyped-call]
    return total.detach(), {name: loss.detach() for name, loss in found.items()}


# What is trained on ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Shelves:
    """A store's charts, parted by their pieces' names."""

    training: list[Example]
    judged: list[Example]

    @classmethod
    def of(cls, store: Store, vocabulary: Vocabulary) -> Shelves:
        """Read a store.

        Raises
        ------
        EngineError
            When nothing in it can be trained on.
        """
        charts = [c for number in store.numbers() for c in store.read(number, vocabulary)]
        examples = examples_of(charts)
        judged = [e for e in examples if held_out(e.chart.song.name)]
        training = [e for e in examples if not held_out(e.chart.song.name)]
        if not training:
            raise EngineError(f"{store.folder}: holds only music kept for judging; add more")
        return cls(training, judged)


def fresh_state(
    shelves: Shelves, name: str, vocabulary: Vocabulary, recipe: Recipe, **net: Any
) -> State:
    """An untrained network that knows the modes, habits and levels of some charts."""
    density, chords = level_curves(shelves.training)
    sizes: dict[str, Any] = {"styles": habit_ranges(shelves.training), **net}
    spec = ModelSpec.fresh(name, vocabulary, **sizes)
    spec = replace(spec, plan=replace(spec.plan, density=density, chords=chords))
    torch.manual_seed(recipe.seed)
    made = Net.fresh(spec.net, vocabulary).train()
    return State(spec, made, optimizer_of(made, recipe.rate, recipe.weight_decay), Counts())


def state_from(folder: Path, name: str, recipe: Recipe) -> State:
    """Start from a model's weights."""
    model = checkpoint.load(folder)
    net = model.net.requires_grad_(True).train()
    optimizer = optimizer_of(net, recipe.rate, recipe.weight_decay)
    return State(replace(model.spec, name=name), net, optimizer, Counts())


# The job ---------------------------------------------------------------------------------


def train(shelves: Shelves, out: Path, state: State, recipe: Recipe) -> Job[State]:
    """Train.

    Parameters
    ----------
    shelves : Shelves
    out : Path
        Model folder: holds the weights that did best, and the training's state and log.
    state : State
        A fresh one, or the one read from ``out``.
    recipe : Recipe

    Yields
    ------
    Progress
        One per step.

    Returns
    -------
    State

    Raises
    ------
    EngineError
        When steps yield no numbers any more.
    """
    spec, counts = state.spec, state.counts
    to_device(state, _device(recipe.device))
    training, judged = (
        Windows(examples, spec.vocabulary, spec.features, spec.net, spec.windows.n_beats)
        for examples in (shelves.training, shelves.judged)
    )
    out.mkdir(parents=True, exist_ok=True)
    with _Ahead(training, recipe, counts) as batches:
        numbers = _numbers(state, batches.first(), recipe)
        while recipe.share(counts) < 1.0:
            started = perf_counter()
            train_step(state, batches.next().to(numbers.device), recipe, numbers)
            counts.elapsed_s += perf_counter() - started
            if counts.step % recipe.judge_every == 0 or recipe.share(counts) >= 1.0:
                _look(state, judged, out, recipe, numbers)
            yield Progress(recipe.share(counts), summary(counts, recipe))
    return state


class _Ahead:
    """Batches in the order of their steps, made by threads while other steps run.

    Parameters
    ----------
    windows : Windows
    recipe : Recipe
    counts : Counts
        The training's own; its step is the first batch's number.
    """

    def __init__(self, windows: Windows, recipe: Recipe, counts: Counts) -> None:
        self._windows, self._recipe, self._counts = windows, recipe, counts
        self._makers = ThreadPoolExecutor(recipe.n_makers)
        self._coming: deque[Future[Batch]] = deque()
        self._n_ordered = counts.step

    def __enter__(self) -> _Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._makers.shutdown(cancel_futures=True)

    def first(self) -> Batch:
        """The next batch, which stays the next."""
        self._order(1)
        return self._coming[0].result()

    def next(self) -> Batch:
        """The next batch; those after it are begun."""
        self._order(1 + self._recipe.n_makers)
        return self._coming.popleft().result()

    def _order(self, n: int) -> None:
        while len(self._coming) < n:
            # By its own number, so that a batch is the same however far ahead it was made.
            share = self._recipe.share(replace(self._counts, step=self._n_ordered))
            seed = (self._recipe.seed, self._n_ordered)
            job = self._makers.submit(self._windows.batch, self._recipe.batch, seed, share)
            self._coming.append(job)
            self._n_ordered += 1


def _device(asked: str) -> torch.device:
    if asked == "any":
        asked = "cuda" if torch.cuda.is_available() else "cpu"
    if asked == "cuda" and not torch.cuda.is_available():
        raise EngineError("there is no GPU that works: train with --device cpu")
    return torch.device(asked)


def _numbers(state: State, batch: Batch, recipe: Recipe) -> Numbers:
    """What to compute in: as asked, as before, or as a short timing says."""
    device = state.device
    chosen = state.counts.number_type or recipe.numbers
    if chosen == "fastest":
        moved = batch.to(device)
        found = faster(lambda n: _descend(state, moved, recipe, n), device)
        state.optimizer.zero_grad(set_to_none=True)
    else:
        found = Numbers(device, chosen == "bfloat16")
    state.counts.number_type = found.name
    return found


def _look(state: State, judged: Windows, out: Path, recipe: Recipe, numbers: Numbers) -> None:
    """Judge, keep the weights that are the best so far, and save where the training stands."""
    state.net.eval()
    found = judge(state.net, judged, recipe.n_judged, numbers)
    state.net.train()
    counts = state.counts
    total = mean_total(found) if found else counts.means.get("events", math.inf)
    if total < counts.best or not (out / checkpoint.SPEC_FILE).exists():
        counts.best = total
        version = f"{counts.step}"
        checkpoint.save(out, replace(state.spec, version=version), state.net)
    save_state(out, state)
    line = {
        "step": counts.step,
        "elapsed_s": round(counts.elapsed_s, 1),
        "training": counts.means,
        "held_out": {mode_id: asdict(j) for mode_id, j in found.items()},
        "mean": total,
    }
    with (out / LOG_FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    _log.info("%s; held out %.3f\n%s", summary(counts, recipe), total, table(found))


def summary(counts: Counts, recipe: Recipe) -> str:
    """One line: step, losses, speed."""
    means = counts.means
    parts = ", ".join(f"{name} {means[name]:.3f}" for name in LOSSES if name in means)
    per_s = counts.step / max(counts.elapsed_s, 1e-9)
    return (
        f"step {counts.step}: {parts}; {counts.n_skipped} skipped; {per_s:.2f} steps/s, "
        f"{per_s * recipe.batch:.0f} windows/s, {counts.number_type}"
    )


def table(judged: dict[str, Judgement]) -> str:
    """Held-out figures, a line for each mode."""
    return "\n".join(
        f"  {mode_id:14} times {j.times:.3f}  kinds {j.kinds:.3f}  events {j.events:.3f}  "
        f"right {100 * j.accuracy:.1f} %  of {j.n_events}"
        for mode_id, j in judged.items()
    )


# The command -----------------------------------------------------------------------------


def _arguments() -> argparse.Namespace:
    standard = Recipe()
    parser = argparse.ArgumentParser(prog="python -m chartstudio.engine.train.loop")
    parser.add_argument("--data", type=Path, help="folder with manifest.json and its MIDI files")
    parser.add_argument("--store", type=Path, required=True, help="folder of rendered pieces")
    parser.add_argument("--out", type=Path, help="model folder to write; none: fill the store only")
    parser.add_argument("--name", default="base")
    parser.add_argument("--pieces", type=int, default=300, help="pieces to render, with --data")
    parser.add_argument("--limit-gib", type=float, default=8.0, help="largest size of the store")
    parser.add_argument("--workers", type=int, default=1, help="processes that render")
    parser.add_argument("--threads", type=int, help="threads of a step; torch's choice without")
    parser.add_argument("--from", dest="start", type=Path, help="model to start from")
    for name, value in asdict(standard).items():
        flag = "--" + ("steps" if name == "n_steps" else name.replace("_", "-"))
        parser.add_argument(flag, dest=name, type=type(value), default=value)
    return parser.parse_args()


def _jobs(asked: argparse.Namespace) -> Iterator[Progress]:
    recipe = Recipe(**{name: getattr(asked, name) for name in asdict(Recipe())})
    going_on = asked.out is not None and (asked.out / STATE_FILE).exists()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    spec = FeatureSpec()
    if asked.data is not None:
        store = Store.create(asked.store, spec)
        music = Music(asked.data, recipe.seed)
        yield from fill(music, store, asked.pieces, asked.limit_gib, asked.workers)
    if asked.out is None:
        return
    vocabulary = Vocabulary.of(MODES[mode_id] for mode_id in TAUGHT_MODES)
    if going_on:
        state = load_state(asked.out, recipe.rate, recipe.weight_decay)
    elif asked.start is not None:
        state = state_from(asked.start, asked.name, recipe)
    if going_on or asked.start is not None:
        shelves = Shelves.of(Store.open(asked.store, spec), state.spec.vocabulary)
    else:
        shelves = Shelves.of(Store.open(asked.store, spec), vocabulary)
        state = fresh_state(shelves, asked.name, vocabulary, recipe)
    _log.info("%d charts to train on, %d kept for judging; %s parameters",
              len(shelves.training), len(shelves.judged),
              f"{sum(p.numel() for p in state.net.parameters()):,}")  # fmt: skip
    yield from train(shelves, asked.out, state, recipe)


def main() -> int:
    """Entry of ``python -m``."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        for progress in _jobs(_arguments()):
            if progress.what.startswith("Rendered"):
                _log.info("%s", progress.what)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

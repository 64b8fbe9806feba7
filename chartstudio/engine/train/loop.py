"""Training: batches in, a model folder out, one step per ``next()``.

    python -m chartstudio.engine.train.loop --data DATA --store STORE --out MODEL --steps 20000

fills the store with rendered music, trains, and writes the model. Started again with the
same folders it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.net import Net
from chartstudio.engine.train.dataset import (
    Batch,
    Windows,
    add_recordings,
    fill_store,
    level_curves,
    read_store,
)
from chartstudio.engine.train.piece import TAUGHT_MODES
from chartstudio.engine.vocab import Vocabulary
from chartstudio.modes import MODES

_log = logging.getLogger(__name__)

_STATE_FILE, _TENSORS_FILE = "training.json", "training.safetensors"
_LOSSES = ("times", "kinds", "events")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train.

    Parameters
    ----------
    n_steps : int
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
    save_every : int
        Steps between checkpoints.
    bf16 : bool
        Compute in bfloat16 where the processor does that fast.
    """

    n_steps: int = 20_000
    batch: int = 16
    rate: float = 1.5e-3
    warm_up: int = 200
    weight_decay: float = 0.05
    smoothing: float = 0.02
    clip: float = 1.0
    kinds_weight: float = 0.3
    seed: int = 0
    save_every: int = 500
    bf16: bool = True


@dataclass(slots=True, eq=False)
class State:
    """Training as it stands.

    Attributes
    ----------
    step : int
        Steps done, skipped ones included.
    n_skipped : int
        Steps whose loss or gradient was no number.
    means : dict of str to float
        Running mean of each loss.
    """

    net: Net
    optimizer: torch.optim.AdamW
    rng: np.random.Generator
    step: int
    n_skipped: int
    means: dict[str, float]


def losses(net: Net, batch: Batch, recipe: Recipe) -> dict[str, Tensor]:
    """Losses of a batch by name: note times, their kinds, and the events of rows."""
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bf16):
        states, scores = net.encoder(batch.heard)
        width = states.shape[2]
        at = batch.row_positions.unsqueeze(2).expand(-1, -1, width)
        inputs = torch.cat((states.gather(1, at), batch.row_inputs), dim=2)
        rows = net.placer.walk(inputs, batch.heard.mode, batch.row_beats)
        spelled = net.placer.spell(rows.flatten(0, 1)[batch.step_rows], batch.so_far, batch.last)
    times, asked = batch.when[..., 0], batch.asked
    per_slot = functional.binary_cross_entropy_with_logits
    # Per beat, so that the few slots with notes are not drowned by the many without.
    n_beats = (asked.sum() / 48).clamp(min=1)
    found = {"times": per_slot(scores[..., 0][asked], times[asked], reduction="sum") / n_beats}
    notes = asked & (times > 0)
    n_notes = notes.sum().clamp(min=1)
    kinds = per_slot(scores[notes][:, 1:], batch.when[notes][:, 1:], reduction="sum")
    found["kinds"] = kinds / n_notes
    events = functional.cross_entropy(
        spelled.float(), batch.target, label_smoothing=recipe.smoothing, reduction="sum"
    )
    found["events"] = events / max(len(batch.target), 1)
    return found


def learning_rate(step: int, recipe: Recipe) -> float:
    """Rate of a step: a straight rise, then half a cosine down to a hundredth."""
    if step < recipe.warm_up:
        return recipe.rate * (step + 1) / recipe.warm_up
    share = (step - recipe.warm_up) / max(recipe.n_steps - recipe.warm_up, 1)
    return recipe.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))))


def train_step(state: State, batch: Batch, recipe: Recipe) -> None:
    """Learn from one batch; a step that yields no numbers changes nothing and is counted."""
    for group in state.optimizer.param_groups:
        group["lr"] = learning_rate(state.step, recipe)
    state.optimizer.zero_grad(set_to_none=True)
    found = losses(state.net, batch, recipe)
    total = found["times"] + recipe.kinds_weight * found["kinds"] + found["events"]
    total.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(state.net.parameters(), recipe.clip)
    state.step += 1
    if not (torch.isfinite(total) and torch.isfinite(norm)):
        state.n_skipped += 1
        return
    state.optimizer.step()
    for name, loss in found.items():
        value = float(loss.detach())
        state.means[name] = 0.98 * state.means.get(name, value) + 0.02 * value


# Checkpoints -----------------------------------------------------------------------------


def _fresh(spec: ModelSpec, recipe: Recipe, start: Path | None) -> State:
    torch.manual_seed(recipe.seed)
    net = checkpoint.load(start).net.requires_grad_(True) if start else Net(spec.net)
    return State(net.train(), _optimizer(net, recipe), np.random.default_rng(recipe.seed), 0, 0, {})


def _optimizer(net: Net, recipe: Recipe) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        net.parameters(), lr=recipe.rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )


def save_state(folder: Path, state: State) -> None:
    """Write all that a resumed training needs; each file is replaced whole."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"net.{name}": t.detach() for name, t in state.net.state_dict().items()}
    held = state.optimizer.state_dict()["state"]
    for index, slots in held.items():
        tensors |= {f"optimizer.{index}.{name}": t for name, t in slots.items()}
    tensors["torch_rng"] = torch.get_rng_state()
    found = {
        "step": state.step,
        "n_skipped": state.n_skipped,
        "means": state.means,
        "rng": state.rng.bit_generator.state,
    }
    fresh = folder / (_TENSORS_FILE + ".new")
    save_file({name: t.contiguous() for name, t in tensors.items()}, fresh, _stamp(state))
    fresh.replace(folder / _TENSORS_FILE)
    fresh = folder / (_STATE_FILE + ".new")
    fresh.write_text(json.dumps(found), encoding="utf-8")
    fresh.replace(folder / _STATE_FILE)


def _stamp(state: State) -> dict[str, str]:
    return {"step": str(state.step)}


def load_state(folder: Path, spec: ModelSpec, recipe: Recipe) -> State:
    """Read what `save_state` wrote.

    Raises
    ------
    EngineError
        When the files do not fit the model.
    """
    path = folder / _STATE_FILE
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tensors = load_file(folder / _TENSORS_FILE)
        net = Net(spec.net)
        net.load_state_dict({k[4:]: t for k, t in tensors.items() if k.startswith("net.")})
        state = State(
            net.train(),
            _optimizer(net, recipe),
            np.random.default_rng(),
            int(found["step"]),
            int(found["n_skipped"]),
            dict(found["means"]),
        )
        state.rng.bit_generator.state = found["rng"]
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise EngineError(
            f"{path}: training cannot go on from here ({error}); start again in a new folder"
        ) from error
    held: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer."):
            _, index, name = key.split(".")
            held.setdefault(int(index), {})[name] = tensor
    content = state.optimizer.state_dict()
    content["state"] = held
    state.optimizer.load_state_dict(content)
    torch.set_rng_state(tensors["torch_rng"])
    return state


# The job ---------------------------------------------------------------------------------


def train(
    store: Path, out: Path, spec: ModelSpec, recipe: Recipe, start: Path | None = None
) -> Job[State]:
    """Train on a store of rendered pieces.

    Parameters
    ----------
    store : Path
    out : Path
        Model folder; holds the training's state too, so that it can go on.
    spec : ModelSpec
    recipe : Recipe
    start : Path, optional
        A model to start from.

    Yields
    ------
    Progress
        One per step.

    Returns
    -------
    State
    """
    if (out / _STATE_FILE).exists():
        state = load_state(out, spec, recipe)
    else:
        state = _fresh(spec, recipe, start)
    examples = list(read_store(store, spec.vocabulary))
    density, chords = level_curves(examples)
    spec = replace(spec, plan=replace(spec.plan, density=density, chords=chords))
    windows = Windows(examples, spec.vocabulary, spec.features, spec.windows.n_beats, state.rng)
    while state.step < recipe.n_steps:
        train_step(state, windows.batch(recipe.batch), recipe)
        if state.step % recipe.save_every == 0 or state.step == recipe.n_steps:
            save_state(out, state)
            checkpoint.save(out, replace(spec, version=str(state.step)), state.net)
            _log.info("%s", _summary(state))
        yield Progress(state.step / recipe.n_steps, _summary(state))
    return state


def _summary(state: State) -> str:
    parts = [f"{name} {state.means[name]:.3f}" for name in _LOSSES if name in state.means]
    return f"step {state.step}: {', '.join(parts)}; {state.n_skipped} skipped"


def _arguments() -> argparse.Namespace:
    standard = Recipe()
    parser = argparse.ArgumentParser(prog="python -m chartstudio.engine.train.loop")
    parser.add_argument("--data", type=Path, help="folder with manifest.json and its MIDI files")
    parser.add_argument("--store", type=Path, required=True, help="folder of rendered pieces")
    parser.add_argument("--out", type=Path, required=True, help="model folder to write")
    parser.add_argument("--name", default="base")
    parser.add_argument("--pieces", type=int, default=260, help="pieces to render, with --data")
    parser.add_argument("--from", dest="start", type=Path, help="model to start from")
    for name, value in asdict(standard).items():
        flag = "--" + ("steps" if name == "n_steps" else name.replace("_", "-"))
        if isinstance(value, bool):
            parser.add_argument(flag, dest=name, action=argparse.BooleanOptionalAction)
        else:
            parser.add_argument(flag, dest=name, type=type(value))
    parser.set_defaults(**asdict(standard))
    return parser.parse_args()


def _jobs(asked: argparse.Namespace) -> Iterator[Progress]:
    recipe = Recipe(**{name: getattr(asked, name) for name in asdict(Recipe())})
    if asked.data is not None:
        yield from fill_store(asked.data, asked.store, asked.pieces, recipe.seed)
        yield from add_recordings(asked.data, asked.store, 3, recipe.seed + asked.pieces)
    spec = ModelSpec.fresh(asked.name, Vocabulary.of(MODES[m] for m in TAUGHT_MODES))
    if asked.start is not None:
        spec = replace(checkpoint.load_spec(asked.start), name=asked.name)
    yield from train(asked.store, asked.out, spec, recipe, asked.start)


def main() -> None:
    """Entry of ``python -m``."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    for _ in _jobs(_arguments()):
        pass


if __name__ == "__main__":
    main()

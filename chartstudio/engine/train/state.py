"""Training as it stands, in memory and on disk: weights, optimiser, counts.

Everything that a later step depends on is here or follows from the recipe and the step's
number; nothing is ever unpickled.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from chartstudio.core.errors import EngineError
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.net import Net

STATE_FILE, TENSORS_FILE = "training.json", "training.safetensors"
_NEW = ".new"

MOST_SKIPPED = 3
"""So many steps without numbers in a row end a training."""


@dataclass(slots=True)
class Counts:
    """Figures of a training.

    Attributes
    ----------
    step : int
        Steps done, skipped ones included.
    elapsed_s : float
        Time spent in steps, in all runs together.
    n_skipped, n_skipped_running : int
        Steps whose loss or gradient was no number, in all and since the last that was one.
    best : float
        Lowest held-out loss; infinite before the first.
    number_type : str
        What steps compute in: ``float32`` or ``bfloat16``; empty before it is chosen.
    means : dict of str to float
        Running mean of each loss.
    """

    step: int = 0
    elapsed_s: float = 0.0
    n_skipped: int = 0
    n_skipped_running: int = 0
    best: float = float("inf")
    number_type: str = ""
    means: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class State:
    """Training as it stands.

    Attributes
    ----------
    spec : ModelSpec
    net : Net
    optimizer : torch.optim.AdamW
    counts : Counts
    """

    spec: ModelSpec
    net: Net
    optimizer: torch.optim.AdamW
    counts: Counts

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.net.parameters()).device


def optimizer_of(net: Net, rate: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW; only matrices decay, offsets and scales do not."""
    learning = [p for p in net.parameters() if p.requires_grad]
    matrices = [p for p in learning if p.ndim > 1]
    others = [p for p in learning if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def rate_at(step: int, share: float, highest: float, warm_up: int) -> float:
    """Learning rate of a step: a straight rise, then half a cosine down to a hundredth.

    Parameters
    ----------
    step : int
    share : float
        How far the training is, 0 to 1.
    highest : float
    warm_up : int
        Steps of the rise.
    """
    falling = highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
    return falling * min((step + 1) / max(warm_up, 1), 1.0)


def take_step(state: State, values: Mapping[str, float], is_number: bool) -> None:
    """Move the weights along their gradients; without numbers only count the step.

    Parameters
    ----------
    state : State
    values : mapping of str to float
        The step's losses.
    is_number : bool
        Whether they and the gradient are finite.

    Raises
    ------
    EngineError
        When too many steps in a row were none.
    """
    counts = state.counts
    counts.step += 1
    if not is_number:
        counts.n_skipped += 1
        counts.n_skipped_running += 1
        if counts.n_skipped_running >= MOST_SKIPPED:
            raise EngineError(
                f"{MOST_SKIPPED} steps in a row gave no numbers: the best weights so far are kept; "
                "go on with a lower rate"
            )
        return
    counts.n_skipped_running = 0
    state.optimizer.step()
    for name, value in values.items():
        counts.means[name] = 0.98 * counts.means.get(name, value) + 0.02 * value


def save_state(folder: Path, state: State) -> None:
    """Write all that a resumed training needs; each file is replaced whole.

    Frozen weights are not written: they are the base's. The tensors carry the counts, so that
    they fit each other whenever a training is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    frozen = {name for name, p in state.net.named_parameters() if not p.requires_grad}
    tensors = {
        f"net.{name}": t.detach().cpu()
        for name, t in state.net.state_dict().items()
        if name not in frozen
    }
    for index, slots in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": t.cpu() for name, t in slots.items()}
    counts = {name: getattr(state.counts, name) for name in Counts.__dataclass_fields__}
    path = folder / TENSORS_FILE
    fresh = path.with_name(path.name + _NEW)
    stamp = {"counts": json.dumps(counts)}
    save_file({name: t.contiguous() for name, t in tensors.items()}, fresh, stamp)
    path = folder / STATE_FILE
    text = json.dumps({"counts": counts, "spec": state.spec.to_json()})
    path.with_name(path.name + _NEW).write_text(text, encoding="utf-8")
    fresh.replace(folder / TENSORS_FILE)
    path.with_name(path.name + _NEW).replace(path)


def load_state(folder: Path, rate: float, weight_decay: float, net: Net | None = None) -> State:
    """Read what `save_state` wrote.

    Parameters
    ----------
    folder : Path
    rate, weight_decay : float
    net : Net, optional
        Holds the frozen weights; without one, none are.

    Raises
    ------
    EngineError
        When the files are broken or do not fit each other.
    """
    path = folder / STATE_FILE
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tensors, stamp = _read(folder / TENSORS_FILE)
        spec = ModelSpec.from_json(found["spec"])
        net = Net(spec.net).train() if net is None else net
        _fill(net, {k[4:]: t for k, t in tensors.items() if k.startswith("net.")})
        counts = Counts(**json.loads(stamp["counts"]) if "counts" in stamp else found["counts"])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise EngineError(
            f"{path}: training cannot go on from here ({error}); start again in a new folder"
        ) from error
    held: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer."):
            _, index, name = key.split(".")
            held.setdefault(int(index), {})[name] = tensor
    optimizer = optimizer_of(net, rate, weight_decay)
    content = optimizer.state_dict()
    content["state"] = held
    optimizer.load_state_dict(content)
    return State(spec, net, optimizer, counts)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors of a file, and what is said beside them."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def _fill(net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put tensors into a network; only frozen weights may be missing.

    Raises
    ------
    RuntimeError
        When the two do not fit.
    """
    frozen = {name for name, p in net.named_parameters() if not p.requires_grad}
    missing, unknown = net.load_state_dict(dict(tensors), strict=False)
    if unknown or not frozen.issuperset(missing):
        raise RuntimeError("its weights are others than this network's")


def to_device(state: State, device: torch.device) -> None:
    """Move the network, and what the optimiser knows of it."""
    state.net.to(device)
    content = state.optimizer.state_dict()
    state.optimizer.load_state_dict(content)

"""Training as it stands, in memory and on disk: weights, optimiser, counts.

Everything that a later step depends on is here or follows from the recipe and the step's
number; nothing is ever unpickled.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from chartstudio.core.errors import EngineError
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.net import Net

STATE_FILE, TENSORS_FILE = "training.json", "training.safetensors"
_NEW = ".new"


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
    matrices = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def save_state(folder: Path, state: State) -> None:
    """Write all that a resumed training needs; the tensors first, each file replaced whole."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"net.{name}": t.detach().cpu() for name, t in state.net.state_dict().items()}
    for index, slots in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": t.cpu() for name, t in slots.items()}
    counts = {name: getattr(state.counts, name) for name in Counts.__dataclass_fields__}
    stamp = {"step": str(state.counts.step)}
    path = folder / TENSORS_FILE
    fresh = path.with_name(path.name + _NEW)
    save_file({name: t.contiguous() for name, t in tensors.items()}, fresh, stamp)
    # Between the two replacements the files would not fit: the tensors carry the counts too.
    path = folder / STATE_FILE
    text = json.dumps({"counts": counts, "spec": state.spec.to_json()})
    path.with_name(path.name + _NEW).write_text(text, encoding="utf-8")
    fresh.replace(folder / TENSORS_FILE)
    path.with_name(path.name + _NEW).replace(path)


def load_state(folder: Path, rate: float, weight_decay: float) -> State:
    """Read what `save_state` wrote.

    Raises
    ------
    EngineError
        When the files are broken or do not fit each other.
    """
    path = folder / STATE_FILE
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tensors = load_file(folder / TENSORS_FILE)
        spec = ModelSpec.from_json(found["spec"])
        net = Net(spec.net)
        net.load_state_dict({k[4:]: t for k, t in tensors.items() if k.startswith("net.")})
        counts = Counts(**found["counts"])
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
    return State(spec, net.train(), optimizer, counts)


def to_device(state: State, device: torch.device) -> None:
    """Move the network, and what the optimiser knows of it."""
    state.net.to(device)
    content = state.optimizer.state_dict()
    state.optimizer.load_state_dict(content)

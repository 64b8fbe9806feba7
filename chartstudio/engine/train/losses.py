"""What a step lessens: losses of a batch, and the number type that they are computed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional

from chartstudio.engine.features import SLOTS_PER_BEAT
from chartstudio.engine.net import Net
from chartstudio.engine.train.dataset import Batch

LOSSES = ("times", "kinds", "events")

_N_TIMED = 3


@dataclass(frozen=True, slots=True)
class Numbers:
    """Where and in what numbers a network runs.

    Parameters
    ----------
    device : torch.device
    bf16 : bool
    """

    device: torch.device
    bf16: bool

    @property
    def name(self) -> str:
        """The number type."""
        return "bfloat16" if self.bf16 else "float32"


def _run(net: Net, batch: Batch, numbers: Numbers) -> tuple[Tensor, Tensor]:
    """Scores of times (B, S, N_WHEN), and of the events of all steps (N, V), in float32."""
    with torch.autocast(numbers.device.type, torch.bfloat16, enabled=numbers.bf16):
        states, scores = net.encoder(batch.heard)
        at = batch.row_positions.unsqueeze(2).expand(-1, -1, states.shape[2])
        inputs = torch.cat((states.gather(1, at), batch.row_inputs), dim=2)
        rows = net.placer.walk(inputs, batch.heard.mode, batch.row_beats)
        spelled = net.placer.spell(rows.flatten(0, 1)[batch.step_rows], batch.so_far, batch.last)
    return scores, spelled.float()


def losses(net: Net, batch: Batch, numbers: Numbers, smoothing: float) -> dict[str, Tensor]:
    """Losses of a batch by name: note times, their kinds, and the events of rows."""
    scores, spelled = _run(net, batch, numbers)
    sums = _when(scores, batch)
    events = functional.cross_entropy(
        spelled, batch.target, label_smoothing=smoothing, reduction="sum"
    )
    # Per beat, so that the few slots with notes are not drowned by the many without.
    return {
        "times": sums[0] / sums[1].clamp(min=1),
        "kinds": sums[2] / sums[3].clamp(min=1),
        "events": events / max(len(batch.target), 1),
    }


def figures(net: Net, batch: Batch, numbers: Numbers) -> Tensor:
    """Sums over a batch: times and beats, kinds and rows, events, right ones and all of them."""
    scores, spelled = _run(net, batch, numbers)
    events = functional.cross_entropy(spelled, batch.target, reduction="sum")
    right = (spelled.argmax(dim=1) == batch.target).sum()
    n = torch.tensor(float(len(batch.target)), device=numbers.device)
    return torch.stack((*_when(scores, batch), events, right.float(), n))


def _when(scores: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Loss of the times and the beats asked; loss of their kinds and the rows asked."""
    per_slot = functional.binary_cross_entropy_with_logits
    asked, times = batch.asked, batch.when[..., 0]
    found = per_slot(scores[..., 0], times, weight=asked.float(), reduction="sum")
    notes = (asked & (times > 0)).unsqueeze(2).float()
    kinds = per_slot(scores[..., 1:], batch.when[..., 1:], weight=notes, reduction="sum")
    return found, asked.sum() / SLOTS_PER_BEAT, kinds, notes.sum()


def faster(step: Callable[[Numbers], object], device: torch.device) -> Numbers:
    """The number type in which a step takes less time; the first of each is not counted.

    Parameters
    ----------
    step : callable
        Runs one step in the numbers that it is given, and changes nothing that lasts.
    device : torch.device
    """
    taken = {}
    for bf16 in (False, True):
        numbers = Numbers(device, bf16)
        seconds = []
        for _ in range(_N_TIMED):
            started = perf_counter()
            step(numbers)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            seconds.append(perf_counter() - started)
        taken[bf16] = min(seconds[1:])
    return Numbers(device, taken[True] < taken[False])

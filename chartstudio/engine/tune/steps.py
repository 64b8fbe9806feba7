"""Steps of a tuning: windows by their numbers, gradients in parts, and what memory allows.

A window follows from the seed, the step and its own number alone: so it does not matter how
many are on the device at once, how many processes share them, or whether the training was
stopped in between.
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from chartstudio.core.errors import EngineError
from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_BEAT
from chartstudio.engine.net import Net, NetSpec
from chartstudio.engine.train.dataset import Batch, Windows
from chartstudio.engine.train.losses import LOSSES, Numbers, faster, losses
from chartstudio.engine.train.roughen import roughen
from chartstudio.engine.train.state import State, rate_at, take_step, to_device
from chartstudio.engine.tune.recipe import Recipe
from chartstudio.engine.tune.team import Team

_UNKNOWN_MEMORY = 4 << 30
_MEMORY_SHARE = 0.5
"""Of the free memory; the rest is for what other programs and the optimiser take."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Windows by step and number.

    Parameters
    ----------
    windows : Windows
    recipe : Recipe
    team : Team
    """

    windows: Windows
    recipe: Recipe
    team: Team

    def parts(self, step: int, at_once: int) -> list[Batch]:
        """The windows of a step that are for this process, so many in each batch."""
        own = range(self.team.rank, self.recipe.batch, self.team.size)
        share = step / self.recipe.n_steps
        return [self._batch(step, own[i : i + at_once], share) for i in range(0, len(own), at_once)]

    def _batch(self, step: int, numbers: range, share: float) -> Batch:
        rngs = [np.random.default_rng((self.recipe.seed, step, n)) for n in numbers]
        batch = self.windows.collate([self.windows.draw(rng, share) for rng in rngs], None)
        if not self.recipe.roughen:
            return batch
        heard, spec = batch.heard, self.windows.features
        slot_s = np.exp(heard.beat_s[:, 0].double().numpy()) / SLOTS_PER_BEAT
        rough = [
            roughen(heard.features[i : i + 1], spec, slot_s[i : i + 1], rng)
            for i, rng in enumerate(rngs)
        ]
        return replace(batch, heard=replace(heard, features=torch.cat(rough)))


class _Losses(nn.Module):
    """A network's losses as a module, which is what can be trained in several processes."""

    def __init__(self, net: Net, smoothing: float) -> None:
        super().__init__()
        self.net, self.smoothing = net, smoothing

    def forward(self, batch: Batch, numbers: Numbers) -> Tensor:
        """Losses in the order of `LOSSES`."""
        found = losses(self.net, batch, numbers, self.smoothing)
        return torch.stack([found[name] for name in LOSSES])


def amounts(batch: Batch) -> Tensor:
    """What each loss of a batch is the mean over: beats, rows and events that are asked."""
    n_rows = (batch.asked & (batch.when[..., 0] > 0)).sum()
    n_beats = batch.asked.sum() / SLOTS_PER_BEAT
    return torch.tensor([float(n_beats), float(n_rows), float(len(batch.target))])


class Learner:
    """Takes the steps of a training.

    Parameters
    ----------
    state : State
        Moved to the device.
    windows : Windows
        To learn from.
    recipe : Recipe
    team : Team
    device : torch.device

    Attributes
    ----------
    notices : list of str
        What had to be changed on the way.

    Raises
    ------
    EngineError
        When there are more processes than windows in a step.
    """

    def __init__(
        self, state: State, windows: Windows, recipe: Recipe, team: Team, device: torch.device
    ) -> None:
        if recipe.batch < team.size:
            raise EngineError(f"{team.size} processes cannot share {recipe.batch} windows per step")
        self.state, self.notices = state, list[str]()
        self._recipe, self._team = recipe, team
        self._numbered = Numbered(windows, recipe, team)
        self._worth = torch.tensor([1.0, recipe.kinds_weight, 1.0])
        each = bytes_per_window(state.spec.net, windows.n_beats)
        self.at_once = max(1, min(-(-recipe.batch // team.size), _free_bytes(device) // each))
        self._maker = ThreadPoolExecutor(1)
        self._coming: Future[list[Batch]] | None = None
        self._place(device)

    def close(self) -> None:
        """End the thread that makes batches."""
        self._maker.shutdown(cancel_futures=True)

    @property
    def numbers(self) -> Numbers:
        """Where and in what numbers steps run."""
        return self._numbers

    def step(self) -> dict[str, float]:
        """Learn from the next windows; see `state.take_step` for steps without numbers.

        Returns
        -------
        dict of str to float
            The losses of all processes' windows.

        Raises
        ------
        EngineError
            When too many steps in a row gave no numbers, or memory is not enough for one window.
        """
        counts, recipe = self.state.counts, self._recipe
        rate = rate_at(counts.step, counts.step / recipe.n_steps, recipe.rate, recipe.warm_up)
        for group in self.state.optimizer.param_groups:
            group["lr"] = rate
        while True:
            try:
                values, norm = self._descend(self._parts())
                break
            except torch.OutOfMemoryError as error:
                self._make_do(error)
        is_number = math.isfinite(norm) and all(map(math.isfinite, values.values()))
        take_step(self.state, values, is_number)
        if counts.step % _GIVE_BACK_EVERY == 0:
            _give_back()
        return values

    def _parts(self) -> list[Batch]:
        """The windows of this step; those of the next are begun."""
        step = self.state.counts.step
        if self._coming is None:
            found = self._numbered.parts(step, self.at_once)
        else:
            found = self._coming.result()
        self._coming = None
        if step + 1 < self._recipe.n_steps:
            self._coming = self._maker.submit(self._numbered.parts, step + 1, self.at_once)
        return found

    def _descend(self, parts: list[Batch]) -> tuple[dict[str, float], float]:
        """The gradient of a step; its losses and the gradient's length."""
        state, team, device = self.state, self._team, self._numbers.device
        # What is dropped follows from the step alone, so that a resumed training drops the same.
        number = state.counts.step * team.size + team.rank
        torch.manual_seed(self._recipe.seed * 1_000_003 + number)
        state.optimizer.zero_grad(set_to_none=True)
        own = torch.stack([amounts(part) for part in parts])
        whole = team.sum(own.sum(dim=0).to(device)).clamp(min=1)
        found = torch.zeros(len(LOSSES), device=device)
        for i, (part, amount) in enumerate(zip(parts, own.to(device), strict=True)):
            joined = isinstance(self._losses, DistributedDataParallel) and i + 1 == len(parts)
            with nullcontext() if joined else self._alone():
                each = self._losses(part.to(device), self._numbers)
                weighted = each * amount / whole
                # Processes are averaged: their number makes a sum of it.
                total = (weighted * self._worth.to(device)).sum() * team.size
                total.backward()
            found += weighted.detach()
        values = team.sum(found).tolist()
        learning = [p for p in state.net.parameters() if p.requires_grad]
        norm = float(nn.utils.clip_grad_norm_(learning, self._recipe.clip))
        return dict(zip(LOSSES, values, strict=True)), norm

    def _alone(self) -> nullcontext[None]:
        if isinstance(self._losses, DistributedDataParallel):
            return self._losses.no_sync()  # type: ignore[return-value]
        return nullcontext()

    # Where steps run -----------------------------------------------------------------------

    def _place(self, device: torch.device) -> None:
        """Move to a device, and choose what to compute in."""
        to_device(self.state, device)
        self._losses: nn.Module = _Losses(self.state.net, self._recipe.smoothing)
        if self._team.size > 1:
            self._losses = DistributedDataParallel(self._losses, broadcast_buffers=False)
        self._numbers = Numbers(device, False)
        chosen = self.state.counts.number_type or self._recipe.numbers
        if chosen != "fastest":
            bf16 = chosen == "bfloat16"
        elif device.type == "cuda":
            bf16 = torch.cuda.is_bf16_supported()
        else:
            bf16 = self._team.size == 1 and self._is_faster_in_bf16()
        self._numbers = Numbers(device, bf16)
        self.state.counts.number_type = self._numbers.name

    def _is_faster_in_bf16(self) -> bool:
        part = self._numbered.parts(self.state.counts.step, self.at_once)[0]

        def step(numbers: Numbers) -> None:
            self._numbers = numbers
            self._descend([part])

        try:
            return faster(step, self._numbers.device).bf16
        except torch.OutOfMemoryError as error:
            self._make_do(error)
            return False
        finally:
            self.state.optimizer.zero_grad(set_to_none=True)

    def _make_do(self, error: torch.OutOfMemoryError) -> None:
        """Take less memory: half as many windows at once, or the processor in place of the GPU.

        What is learned stays the same: a step still has all its windows.

        Raises
        ------
        EngineError
            When nothing is left to give up, or other processes would have to follow.
        """
        device = self._numbers.device
        if self._team.size > 1:
            what = f"process {self._team.rank} of {self._team.size} ran out of memory"
            raise EngineError(f"{what}; use a smaller batch in the recipe") from error
        self.state.optimizer.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.empty_cache()
        if self._coming is not None:
            self._coming.cancel()
            self._coming = None
        if self.at_once > 1:
            self.at_once = -(-self.at_once // 2)
            self.notices.append(f"memory ran out: {self.at_once} windows at once from here on")
        elif device.type != "cpu":
            self.state.counts.number_type = ""
            self.notices.append("the GPU has too little memory: the processor goes on")
            self._place(torch.device("cpu"))
        else:
            raise EngineError("memory ran out with one window at once; close other programs")


# Memory ----------------------------------------------------------------------------------

_GIVE_BACK_EVERY = 10
"""Steps; a tenth of a second each time. No two batches have the same shape, and the holes that
they leave would add up to gigabytes within some hundred steps."""


def _give_back() -> None:
    """Return freed memory to the system, where the C library keeps it for itself."""
    if sys.platform == "linux":
        # Other C libraries than glibc have no such call, and no need of it.
        with suppress(AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


_BLOCK_WIDTHS, _INPUT_COPIES, _FLOAT_BYTES = 11, 8, 4
"""Numbers kept for the gradient: in each block, in units of the width; and of each input, of
which there are those of the window, of the next one, and what both are made of."""

_PROCESS_BYTES = {"float32": 950 << 20, "bfloat16": 1450 << 20}
"""Measured with the shipped model on 20 songs, on two cores under Linux."""


def bytes_per_window(spec: NetSpec, n_beats: int) -> int:
    """Memory that learning from a window takes, roughly and from above."""
    inputs = spec.n_features + spec.n_raster + spec.n_echo
    kept = _INPUT_COPIES * inputs + _BLOCK_WIDTHS * spec.width * len(spec.dilations)
    return n_beats * POSITIONS_PER_BEAT * kept * _FLOAT_BYTES


def process_bytes(number_type: str) -> int:
    """Memory that a tuning takes besides its windows, from above, after some hundred steps.

    Libraries are half a gigabyte of it; the rest is what songs were read with, holes, and, in
    bfloat16, what is kept for each shape of a product.
    """
    return _PROCESS_BYTES[number_type]


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return int(_MEMORY_SHARE * torch.cuda.mem_get_info(device)[0])
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        free = _UNKNOWN_MEMORY
    return int(_MEMORY_SHARE * free)

"""Processes that train together, one device each, as ``torchrun`` starts them.

A process that was started alone is a team of one, for which nothing here does anything.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

from chartstudio.core.errors import EngineError


@dataclass(frozen=True, slots=True)
class Team:
    """A process among its fellows.

    Parameters
    ----------
    rank : int
        This one's number; 0 reads songs, writes files and speaks for all.
    size : int
    local_rank : int
        This one's number on its machine, and that of its GPU.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ) -> Team:
        """The team that the running process was started in."""
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
        if not all(environment.get(name, "").isdecimal() for name in names):
            return cls()
        return cls(*(int(environment[name]) for name in names))

    @property
    def leads(self) -> bool:
        """Whether this process speaks for all."""
        return self.rank == 0

    def device(self, asked: str | None) -> torch.device:
        """The device of this process.

        Raises
        ------
        EngineError
            When a GPU is asked for and there is none that works.
        """
        there = torch.cuda.is_available()
        if asked == "cuda" and not there:
            raise EngineError("there is no GPU that works: train with --device cpu")
        if asked == "cpu" or not there:
            return torch.device("cpu")
        return torch.device("cuda", self.local_rank % torch.cuda.device_count())

    def meet(self, device: torch.device) -> None:
        """Wait for all others, once, before anything is summed."""
        if self.size > 1 and not distributed.is_initialized():
            # The first reads all songs while the others wait.
            backend = "nccl" if device.type == "cuda" else "gloo"
            distributed.init_process_group(backend, timeout=timedelta(days=1))

    def part(self) -> None:
        """Leave the others."""
        if self.size > 1 and distributed.is_initialized():
            distributed.destroy_process_group()

    def wait(self) -> None:
        """Wait until all others are here, too."""
        if self.size > 1:
            distributed.barrier()

    def sum(self, values: Tensor) -> Tensor:
        """The sum of every process's values."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

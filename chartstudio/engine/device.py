"""Where the encoder runs and in which numbers, and what it falls back to.

The faster of two number types is found by a short timing, once for a model on a machine, and
kept: the same seed is to give the same notes tomorrow. A GPU that runs out of memory is given
windows one at a time, then given up for good. Knows networks and devices; refuses to know
songs and charts. Rows are always written on the CPU in float32: a row is a few small products
in a chain, for which a GPU is slower.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import fields
from pathlib import Path
from time import perf_counter

import torch

from chartstudio.core import paths
from chartstudio.engine.features import POSITIONS_PER_BEAT
from chartstudio.engine.net import N_ASKED, Heard, Net, NetSpec

NUMBER_TYPES = ("float32", "bfloat16")

_CLEARLY = 1.15
"""Notes differ between the types, so that a little faster is not worth a change."""

_N_TIMED = 3
_CHOICES_FILE = "number_types.json"

Encoded = tuple[torch.Tensor, torch.Tensor]
"""States and scores of windows, on the CPU; see `net.Encoder`."""


class Ear:
    """Runs the encoder of a network.

    Parameters
    ----------
    net : Net

    Attributes
    ----------
    number_type : str
        One of `NUMBER_TYPES`; float32 at first.
    """

    def __init__(self, net: Net) -> None:
        self._net = net
        self._one_by_one = False
        self._news: list[str] = []
        self.number_type = NUMBER_TYPES[0]

    @property
    def device(self) -> torch.device:
        """Where the encoder is."""
        return next(self._net.encoder.parameters()).device

    def news(self) -> str:
        """What the user should know of a GPU, told once; empty for nothing."""
        told, self._news = self._news, []
        return " ".join(told)

    def move(self, asked: str | None) -> None:
        """Go to the GPU, where there is one that works.

        Parameters
        ----------
        asked : str, optional
            ``cpu`` or ``cuda``; without one, CUDA where there is a GPU.
        """
        if asked == "cpu":
            return
        if not torch.cuda.is_available():
            if asked == "cuda":
                self._to_cpu("There is no GPU that works")
            return
        try:
            self._net.encoder.to("cuda")
            torch.zeros(1, device="cuda").add_(1).cpu()
        except (RuntimeError, AssertionError) as error:
            self._to_cpu(f"The GPU cannot be used ({_first_line(error)})")

    def hear(self, heard: Heard) -> Encoded:
        """Run the encoder; where a GPU fails, again in the next best way.

        Raises
        ------
        RuntimeError
            What the CPU fails with.
        """
        while True:
            try:
                return self._run(heard)
            except RuntimeError as error:
                if self.device.type == "cpu":
                    raise
                why, is_full = _first_line(error), isinstance(error, torch.OutOfMemoryError)
            # Behind the handler: until there, the error holds on to the GPU's memory.
            self._step_back(why, is_full)

    def _run(self, heard: Heard) -> Encoded:
        device, n_windows = self.device, len(heard.mode)
        at_once = 1 if self._one_by_one else n_windows
        with torch.inference_mode(), _numbers(device, self.number_type):
            found = [
                self._net.encoder(_windows(heard, i, i + at_once).to(device))
                for i in range(0, n_windows, at_once)
            ]
            states = torch.cat([part.cpu() for part, _ in found])
            return states, torch.cat([part.cpu() for _, part in found])

    def _step_back(self, why: str, is_full: bool) -> None:
        if not is_full:
            self._to_cpu(f"The GPU failed ({why})")
            return
        torch.cuda.empty_cache()
        if self._one_by_one:
            self._to_cpu("The GPU is out of memory")
        else:
            self._one_by_one = True
            self._news.append("The GPU is short of memory: it hears less at once.")

    def _to_cpu(self, why: str) -> None:
        self._net.encoder.to("cpu")
        self.number_type = NUMBER_TYPES[0]
        self._news.append(f"{why}: drafts are made on the CPU.")

    def settle(self, model: str, n_beats: int) -> None:
        """Take the number type that is faster, as it was found the first time.

        Parameters
        ----------
        model : str
            The model's label.
        n_beats : int
            Beats of a window.
        """
        key = " ".join((model, _name(self.device), f"torch {torch.__version__}"))
        file = paths.cache() / _CHOICES_FILE
        choices = _read(file)
        if choices.get(key) not in NUMBER_TYPES:
            choices[key] = self._faster(n_beats)
            _write(file, choices)
        self.number_type = choices[key]

    def _faster(self, n_beats: int) -> str:
        device = self.device
        heard = _silence(self._net.spec, n_beats).to(device)

        def run(number_type: str) -> None:
            with torch.inference_mode(), _numbers(device, number_type):
                self._net.encoder(heard)[1].cpu()  # a copy waits for the GPU

        try:
            return faster(run)
        except RuntimeError:
            # What fails here fails again when a window is heard, and is answered there.
            return NUMBER_TYPES[0]


def faster(run: Callable[[str], None], clock: Callable[[], float] = perf_counter) -> str:
    """The number type in which something clearly takes less time, or else float32.

    Parameters
    ----------
    run : callable
        Does it once in the type that it is given.
    clock : callable
        Tells seconds.
    """
    taken = dict.fromkeys(NUMBER_TYPES, float("inf"))
    for _ in range(_N_TIMED):
        for number_type in NUMBER_TYPES:
            started = clock()
            run(number_type)
            taken[number_type] = min(taken[number_type], clock() - started)
    exact, rough = (taken[number_type] for number_type in NUMBER_TYPES)
    return NUMBER_TYPES[exact > _CLEARLY * rough]


def _numbers(device: torch.device, number_type: str) -> AbstractContextManager[object]:
    if number_type == NUMBER_TYPES[0]:
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def _windows(heard: Heard, first: int, end: int) -> Heard:
    return Heard(**{f.name: getattr(heard, f.name)[first:end] for f in fields(Heard)})


def _silence(spec: NetSpec, n_beats: int) -> Heard:
    """One window in which nothing sounds and nothing is known."""
    n = n_beats * POSITIONS_PER_BEAT
    return Heard(
        features=torch.zeros(1, n, spec.n_features),
        raster=torch.zeros(1, n, spec.n_raster),
        beat_in_bar=torch.zeros(1, n, dtype=torch.int64),
        beat_s=torch.zeros(1, n),
        mode=torch.zeros(1, dtype=torch.int64),
        asked=torch.zeros(1, N_ASKED),
    )


def _name(device: torch.device) -> str:
    """The device as the choice is kept for it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _read(file: Path) -> dict[str, str]:
    """Choices that were made; none where the file is missing or broken."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(file: Path, choices: dict[str, str]) -> None:
    """Keep the choices; where that fails they are made again the next time."""
    fresh = file.with_suffix(".new")
    with suppress(OSError):
        fresh.write_text(json.dumps(choices, indent=1) + "\n", encoding="utf-8")
        fresh.replace(file)

"""The folder of a tuning: the model, what it is made of, and where its training stands.

``NAME/`` is a model like any other; ``NAME/training/`` holds the request, the state to go on
from, the best weights and the log. Every file is replaced whole: whenever a tuning is killed,
what is there can be loaded. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.engine import checkpoint
from chartstudio.engine.requests import TrainChart, TrainRequest, TrainStep
from chartstudio.engine.train.state import STATE_FILE
from chartstudio.engine.tune.recipe import recipe_of
from chartstudio.engine.tune.shelf import (
    LOG_FILE,
    REQUEST_FILE,
    TRAINING,
    place_of,
    read_steps,
)

N_KEPT = 3
"""So many of the best weights are kept."""

_KEPT = "best-"
_NEW = ".new"


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one tuning.

    Parameters
    ----------
    path : Path
    """

    path: Path

    @classmethod
    def of(cls, name: str) -> Folder:
        """The folder of a model to be tuned.

        Raises
        ------
        EngineError
            When no folder can have this name, or a model that ships has it.
        """
        return cls(place_of(name))

    @property
    def training(self) -> Path:
        """Where the training stands."""
        return self.path / TRAINING

    @property
    def is_begun(self) -> bool:
        """Whether there is a state to go on from."""
        return (self.training / STATE_FILE).exists()

    def begin(self, request: TrainRequest) -> None:
        """Make the folder and note what is asked.

        Raises
        ------
        EngineError
            When a model or a tuning of that name is there already.
        """
        if (self.path / checkpoint.SPEC_FILE).exists() or (self.training / REQUEST_FILE).exists():
            raise EngineError(
                f"there is a model or a tuning named {request.name!r} already: choose another "
                f"name, go on with it by --resume, or delete {self.path}"
            )
        self.training.mkdir(parents=True, exist_ok=True)
        charts = [{**asdict(c), "path": str(c.path)} for c in request.charts]
        whole = {
            "base": request.base,
            "charts": charts,
            "recipe": request.recipe.to_json(),
        }
        write_text(self.training / REQUEST_FILE, json.dumps(whole))

    def forget(self) -> None:
        """Take back a tuning that came to nothing, so that its name is free again."""
        shutil.rmtree(self.training, ignore_errors=True)
        with suppress(OSError):
            self.path.rmdir()

    def request(self, name: str, device: str | None) -> TrainRequest:
        """What was asked when the tuning began.

        Raises
        ------
        EngineError
            When there is none, or its file is broken.
        """
        path = self.training / REQUEST_FILE
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return TrainRequest(
                name=name,
                charts=tuple(
                    TrainChart(**{**chart, "path": Path(chart["path"])})
                    for chart in found["charts"]
                ),
                base=str(found["base"]),
                recipe=recipe_of(found["recipe"]),
                device=device,
                resume=True,
            )
        except FileNotFoundError:
            raise EngineError(
                f"no tuning named {name!r} was begun: start it without --resume"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, ChartStudioError) as error:
            raise EngineError(
                f"{path}: cannot be read ({error}); delete {self.path} and start again"
            ) from error

    # Weights -------------------------------------------------------------------------------

    def keep(self, step: int, loss: float, learned: Mapping[str, Tensor]) -> None:
        """Keep weights, as long as they are among the best."""
        path = self.training / f"{_KEPT}{step:06d}.safetensors"
        fresh = path.with_name(path.name + _NEW)
        tensors = {name: t.detach().to("cpu", torch.float32) for name, t in learned.items()}
        stamp = {"step": str(step), "loss": repr(loss)}
        save_file({name: t.contiguous() for name, t in tensors.items()}, fresh, stamp)
        fresh.replace(path)
        for worse in self.kept()[N_KEPT:]:
            worse.path.unlink(missing_ok=True)

    def kept(self) -> list[Kept]:
        """The weights that are kept, best first."""
        found = []
        for path in self.training.glob(f"{_KEPT}*.safetensors"):
            try:
                with safe_open(path, "pt") as file:
                    stamp = file.metadata()
                found.append(Kept(path, int(stamp["step"]), float(stamp["loss"])))
            except (OSError, SafetensorError, KeyError, TypeError, ValueError):
                # Somebody else's file, or a broken disk's: it cannot be the best.
                continue
        return sorted(found, key=lambda k: (k.loss, k.step))

    # Words ---------------------------------------------------------------------------------

    def log(self, step: TrainStep) -> None:
        """Add a line to the log."""
        with (self.training / LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(step)) + "\n")

    def steps(self) -> list[TrainStep]:
        """The steps so far, for plots of a tuning that goes on."""
        return list(read_steps(self.path))

    def rewind(self, step: int) -> None:
        """Forget lines of steps that will be done again."""
        kept = [json.dumps(asdict(s)) + "\n" for s in self.steps() if s.step <= step]
        write_text(self.training / LOG_FILE, "".join(kept))


@dataclass(frozen=True, slots=True)
class Kept:
    """Weights that were kept.

    Parameters
    ----------
    path : Path
    step : int
    loss : float
        On the held-out songs.
    """

    path: Path
    step: int
    loss: float

    def load(self) -> dict[str, Tensor]:
        """The weights, as `adapters.learned` had them."""
        return load_file(self.path)


def write_text(path: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    fresh = path.with_name(path.name + _NEW)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)

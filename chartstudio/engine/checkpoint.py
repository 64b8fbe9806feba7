"""Models on disk: ``model.json`` says what a model is, ``weights.safetensors`` holds it.

Nothing is ever unpickled. A folder that is broken or foreign is refused with one line that
names the file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.mode import EventRange
from chartstudio.engine.features import FeatureGroup, FeatureSpec
from chartstudio.engine.net import Net, NetSpec
from chartstudio.engine.plan import PlanSpec
from chartstudio.engine.requests import LAYERS
from chartstudio.engine.rows import RowPlacer
from chartstudio.engine.tokens import n_echo, n_raster
from chartstudio.engine.vocab import Vocabulary
from chartstudio.engine.windows import WindowSpec

FORMAT_VERSION = 1
SPEC_FILE, WEIGHTS_FILE, CARD_FILE = "model.json", "weights.safetensors", "README.md"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Everything about a model but its weights.

    Parameters
    ----------
    name, version : str
    features : FeatureSpec
    windows : WindowSpec
    vocabulary : Vocabulary
    net : NetSpec
    plan : PlanSpec
    """

    name: str
    version: str
    features: FeatureSpec
    windows: WindowSpec
    vocabulary: Vocabulary
    net: NetSpec
    plan: PlanSpec = field(default_factory=PlanSpec)

    @classmethod
    def fresh(cls, name: str, vocabulary: Vocabulary, **net: Any) -> ModelSpec:
        """A model of standard shape for some modes, its net changed by keyword."""
        features = FeatureSpec()
        standard: dict[str, Any] = {
            "n_features": features.n_channels,
            "n_raster": n_raster(vocabulary),
            "n_events": vocabulary.n_events,
            "n_modes": len(vocabulary.modes),
            "n_echo": n_echo(vocabulary),
            "n_facets": vocabulary.facets().shape[1],
            "guided": True,
            "layers": LAYERS,
        }
        sizes = NetSpec(**{**standard, **net})
        return cls(name, "0", features, WindowSpec(), vocabulary, sizes)

    def to_json(self) -> dict[str, Any]:
        """The content of ``model.json``."""
        return {
            "format": FORMAT_VERSION,
            "name": self.name,
            "version": self.version,
            "features": asdict(self.features),
            "windows": asdict(self.windows),
            "modes": [
                {"id": mode, "events": [[r.name, r.size] for r in ranges]}
                for mode, ranges in self.vocabulary.modes
            ],
            "net": asdict(self.net),
            "plan": asdict(self.plan),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> ModelSpec:
        """The inverse of `to_json`.

        Raises
        ------
        KeyError, TypeError, ValueError
            When something is missing, unknown or of another kind.
        """
        if found["format"] != FORMAT_VERSION:
            raise ValueError(f"format {found['format']} is not {FORMAT_VERSION}")
        features = dict(found["features"])
        groups = tuple(FeatureGroup(**g) for g in features.pop("groups"))
        modes = tuple(
            (str(m["id"]), tuple(EventRange(str(n), int(size)) for n, size in m["events"]))
            for m in found["modes"]
        )
        return cls(
            name=str(found["name"]),
            version=str(found["version"]),
            features=FeatureSpec(groups=groups, **features),
            windows=WindowSpec(**found["windows"]),
            vocabulary=Vocabulary(modes),
            net=NetSpec.from_json(found["net"]),
            plan=PlanSpec.from_json(found["plan"]),
        )


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model, in evaluation mode."""

    spec: ModelSpec
    net: Net

    @cached_property
    def rows(self) -> RowPlacer:
        """The placer as drafting uses it."""
        return RowPlacer(self.net.placer)

    @property
    def label(self) -> str:
        """Name and version, for provenance."""
        return f"{self.spec.name} {self.spec.version}"


def save(folder: Path, spec: ModelSpec, net: Net) -> None:
    """Write a model; weights are stored in float16.

    Files are replaced whole, the weights first, so that a half-written model is never read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: t.detach().to("cpu", torch.float16) for name, t in net.state_dict().items()}
    fresh = folder / (WEIGHTS_FILE + ".new")
    save_file({name: t.contiguous() for name, t in weights.items()}, fresh)
    fresh.chmod(0o644)  # safetensors makes it for its owner alone
    fresh.replace(folder / WEIGHTS_FILE)
    text = json.dumps(spec.to_json(), indent=1) + "\n"
    fresh = folder / (SPEC_FILE + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(folder / SPEC_FILE)


def load(folder: Path) -> Model:
    """Read a model.

    Raises
    ------
    EngineError
        When a file is missing, broken, or of another version.
    """
    spec = load_spec(folder)
    net = Net(spec.net)
    path = folder / WEIGHTS_FILE
    try:
        weights = load_file(path)
    except FileNotFoundError:
        raise EngineError(f"{path}: missing; install the model again") from None
    except (SafetensorError, OSError) as error:
        raise EngineError(f"{path}: cannot be read ({error}); install the model again") from error
    try:
        net.load_state_dict({name: t.float() for name, t in weights.items()})
    except RuntimeError as error:
        raise EngineError(f"{path}: does not fit {SPEC_FILE}; install the model again") from error
    return Model(spec, net.eval().requires_grad_(False))


def load_spec(folder: Path) -> ModelSpec:
    """Read ``model.json`` alone.

    Raises
    ------
    EngineError
        As `load`.
    """
    path = folder / SPEC_FILE
    try:
        return ModelSpec.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise EngineError(f"{path}: missing; install the model again") from None
    except OSError as error:
        raise EngineError(f"{path}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"{path}: is no model of this version ({error})") from error


def installed() -> dict[str, Path]:
    """Folders of all models by name; the user's own come before those that ship."""
    found: dict[str, Path] = {}
    for root in (paths.user_models(), paths.shipped_models()):
        if root.is_dir():
            for folder in sorted(root.iterdir()):
                if (folder / SPEC_FILE).is_file():
                    found.setdefault(folder.name, folder)
    return found

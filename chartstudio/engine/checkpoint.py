"""Models on disk: ``model.json`` says what a model is, ``weights.safetensors`` holds it.

A tuned model may hold no more than what it adds to another, its base, in
``adapter.safetensors``. Nothing is ever unpickled. A folder that is broken or foreign is refused
with one line that names the file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.mode import EventRange
from chartstudio.engine.device import Ear
from chartstudio.engine.features import FeatureGroup, FeatureSpec
from chartstudio.engine.net import Net, NetSpec
from chartstudio.engine.plan import PlanSpec
from chartstudio.engine.requests import LAYERS, Label
from chartstudio.engine.rows import RowPlacer
from chartstudio.engine.tokens import n_echo, n_raster
from chartstudio.engine.tune.adapters import merged
from chartstudio.engine.vocab import Vocabulary
from chartstudio.engine.windows import WindowSpec
from chartstudio.modes import MODES

FORMAT_VERSION = 1
SPEC_FILE, WEIGHTS_FILE, CARD_FILE = "model.json", "weights.safetensors", "README.md"
ADAPTER_FILE = "adapter.safetensors"


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The model that an adapter belongs to.

    Parameters
    ----------
    name, version : str
    weights : str
        See `digest`.
    """

    name: str
    version: str
    weights: str


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
    base : BaseModel, optional
        With one, the folder holds an adapter.
    labels : tuple of Label
        Ways of charting that it was tuned on; see `requests.ModelCard`.
    """

    name: str
    version: str
    features: FeatureSpec
    windows: WindowSpec
    vocabulary: Vocabulary
    net: NetSpec
    plan: PlanSpec = field(default_factory=PlanSpec)
    base: BaseModel | None = None
    labels: tuple[Label, ...] = ()

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
            **({} if self.base is None else {"base": asdict(self.base)}),
            **(
                {"labels": [[name, dict(habits)] for name, habits in self.labels]}
                if self.labels
                else {}
            ),
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
            base=BaseModel(**found["base"]) if "base" in found else None,
            labels=tuple(
                (str(name), tuple((str(habit), float(value)) for habit, value in habits.items()))
                for name, habits in found.get("labels", ())
            ),
        )


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model, in evaluation mode."""

    spec: ModelSpec
    net: Net

    @cached_property
    def ear(self) -> Ear:
        """The encoder as drafting uses it."""
        return Ear(self.net)

    @cached_property
    def rows(self) -> RowPlacer:
        """The placer as drafting uses it."""
        vocabulary = self.spec.vocabulary
        numbered = enumerate(vocabulary.mode_ids)
        events = {i: vocabulary.shared(MODES[m]) for i, m in numbered if m in MODES}
        return RowPlacer(self.net.placer, events)

    @property
    def label(self) -> str:
        """Name and version, for provenance."""
        return f"{self.spec.name} {self.spec.version}"


def save(folder: Path, spec: ModelSpec, net: Net) -> None:
    """Write a model; weights are stored in float16.

    Files are replaced whole, the weights first, so that a half-written model is never read.
    """
    _save(folder, WEIGHTS_FILE, spec, net.state_dict())


def save_adapter(folder: Path, spec: ModelSpec, adapter: Mapping[str, Tensor]) -> None:
    """Write what a tuned model adds to its base; see `save`.

    Parameters
    ----------
    folder : Path
    spec : ModelSpec
        Names the base.
    adapter : mapping of str to Tensor
        As `adapters.learned` has it.
    """
    _save(folder, ADAPTER_FILE, spec, adapter)


def _save(folder: Path, name: str, spec: ModelSpec, tensors: Mapping[str, Tensor]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: t.detach().to("cpu", torch.float16) for key, t in tensors.items()}
    fresh = folder / (name + ".new")
    save_file({key: t.contiguous() for key, t in weights.items()}, fresh)
    fresh.chmod(0o644)  # safetensors makes it for its owner alone
    fresh.replace(folder / name)
    text = json.dumps(spec.to_json(), indent=1) + "\n"
    fresh = folder / (SPEC_FILE + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(folder / SPEC_FILE)


def digest(net: Net) -> str:
    """A short text that tells one network's weights from another's."""
    found = hashlib.blake2b(digest_size=8)
    for name, tensor in sorted(net.state_dict().items()):
        found.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def load(folder: Path) -> Model:
    """Read a model.

    Raises
    ------
    EngineError
        When a file is missing, broken, or of another version.
    """
    spec = load_spec(folder)
    net = Net(spec.net)
    path = folder / (WEIGHTS_FILE if spec.base is None else ADAPTER_FILE)
    weights = _tensors(path)
    try:
        if spec.base is not None:
            weights = merged(_base_of(folder, spec.base).net.state_dict(), weights)
        net.load_state_dict(weights)
    except (KeyError, RuntimeError) as error:
        raise EngineError(f"{path}: does not fit {SPEC_FILE}; install the model again") from error
    return Model(spec, net.eval().requires_grad_(False))


def _tensors(path: Path) -> dict[str, Tensor]:
    try:
        return {name: t.float() for name, t in load_file(path).items()}
    except FileNotFoundError:
        raise EngineError(f"{path}: missing; install the model again") from None
    except (SafetensorError, OSError) as error:
        raise EngineError(f"{path}: cannot be read ({error}); install the model again") from error


def _base_of(folder: Path, base: BaseModel) -> Model:
    """The very model that an adapter was tuned from.

    Raises
    ------
    EngineError
        When it is not installed, or is another one by now.
    """
    way_out = f"install that one, or tune {folder.name!r} again"
    where = installed().get(base.name)
    if where is None:
        what = f"was tuned from {base.name} {base.version}, which is not installed"
        raise EngineError(f"{folder}: {what}; {way_out}")
    spec = load_spec(where)
    if spec.base is not None:
        raise EngineError(f"{folder}: its base {base.name} was tuned itself; {way_out}")
    model = load(where)
    if (spec.version, digest(model.net)) != (base.version, base.weights):
        other = f"{spec.version} is installed"
        if spec.version == base.version:
            other = "another of that version is installed"
        raise EngineError(
            f"{folder}: was tuned from {base.name} {base.version}, {other}; {way_out}"
        )
    return model


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

"""A tuning made ready: its charts read, its network with what is to learn, its state.

Knows how a request becomes these, and how weights become a model; refuses to know when.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import BaseModel, Model, ModelSpec
from chartstudio.engine.net import Net
from chartstudio.engine.requests import SPLITS, Label, TrainRequest
from chartstudio.engine.train.dataset import UNSAID, Windows, examples_of
from chartstudio.engine.train.state import Counts, State, load_state, optimizer_of
from chartstudio.engine.tune import adapters
from chartstudio.engine.tune.augment import SPEEDS
from chartstudio.engine.tune.charts import (
    Read,
    Reading,
    Spelled,
    Told,
    modes_to_mirror,
    read_charts,
    stored_charts,
)
from chartstudio.engine.tune.folder import Folder
from chartstudio.engine.tune.groups import groups_of, labels_of
from chartstudio.engine.tune.pieces import open_store
from chartstudio.engine.tune.steps import Learner
from chartstudio.engine.tune.team import Team

_TRAIN, _, _TEST = SPLITS

_UNSAID = {**UNSAID, "style": 0.15, "habit": 0.0}
"""How often the network is not told of each. A way of charting is told whole, and mostly: a
tuning has few steps to learn its name in."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """A request made ready.

    Attributes
    ----------
    request : TrainRequest
    folder : Folder
    base : Model
    team : Team
    device : torch.device
    """

    request: TrainRequest
    folder: Folder
    base: Model
    team: Team
    device: torch.device


def prepare(request: TrainRequest, team: Team, device: torch.device) -> Work:
    """Check a request; the first process writes it down, and the others read it there.

    Raises
    ------
    EngineError
        When there is nothing to learn from, or the name or the base cannot be used.
    """
    folder = Folder.of(request.name)
    if request.resume:
        request = folder.request(request.name, request.device)
    elif team.leads:
        request = request.fitted()
        _check(request)
        folder.begin(request)
    team.wait()
    if not team.leads:
        request = folder.request(request.name, request.device)
    base = checkpoint.load(base_folder(request.base))
    return Work(request, folder, base, team, device)


def _check(request: TrainRequest) -> None:
    if request.base == request.name:
        raise EngineError(f"{request.name!r} cannot be its own base; choose another name")
    base = checkpoint.load_spec(base_folder(request.base))
    if base.base is not None and not request.recipe.full:
        raise EngineError(
            f"{request.base!r} was tuned itself: tune from its base {base.base.name!r}, or train "
            "all weights (full = true in the recipe)"
        )
    if not any(c.split == _TRAIN for c in request.charts):
        raise EngineError("there are no charts to learn from; add songs to the library and scan it")


def base_folder(name: str) -> Path:
    """The folder of an installed model.

    Raises
    ------
    EngineError
        When there is none of that name.
    """
    folders = checkpoint.installed()
    if name not in folders:
        raise EngineError(f"there is no model {name!r}; installed: {', '.join(folders) or 'none'}")
    return folders[name]


def read_all(work: Work) -> Job[Read]:
    """Read the charts that are learned from or decide; one process fills the store for all.

    Raises
    ------
    EngineError
        When none is left to learn from.
    """
    request, spec = work.request, work.base.spec
    store = open_store(paths.cache() / "features", spec.features)
    charts = [c for c in request.charts if c.split != _TEST]
    recipe, team = request.recipe, work.team
    if not team.leads:
        team.wait()
    how = Reading(
        limit_gib=recipe.cache_gib,
        n_workers=recipe.n_workers if team.leads else 1,
        speeds=SPEEDS[: recipe.speeds],
    )
    read = yield from read_charts(charts, store, spec.vocabulary, how)
    if team.leads:
        team.wait()
    if not any(s.chart.split == _TRAIN for s in read.spelled):
        why = read.left_out[0].why if read.left_out else "there are none"
        raise EngineError(f"no chart can be learned from: {why}")
    return read


def windows_of(
    work: Work,
    spelled: Sequence[Spelled],
    mirrored: frozenset[str],
    told: Told | None = None,
) -> Windows | None:
    """Windows of some charts; None without any."""
    if not spelled:
        return None
    spec = work.base.spec
    store = open_store(paths.cache() / "features", spec.features)
    examples = examples_of(stored_charts(spelled, store, mirrored, told))
    return Windows(
        examples, spec.vocabulary, spec.features, spec.net, spec.windows.n_beats, _UNSAID
    )


def learner_of(work: Work, read: Read) -> tuple[State, Learner]:
    """The state to go on from, or a fresh one, and what takes its steps."""
    recipe = work.request.recipe
    training = [s for s in read.spelled if s.chart.split == _TRAIN]
    labels, told = _ways(work, training)
    windows = windows_of(work, training, modes_to_mirror(training, recipe.mirror), told)
    assert windows is not None
    spec, net = replace(spec_of(work), labels=labels), net_of(work)
    if work.request.resume and work.folder.is_begun:
        state = load_state(
            work.folder.training, recipe.rate, recipe.weight_decay, net
        )  # fmt: skip
        if state.spec.base != spec.base:
            raise EngineError(
                f"the base {work.request.base!r} is another one than when this tuning began: start "
                "again under another name"
            )
    else:
        optimizer = optimizer_of(net, recipe.rate, recipe.weight_decay)
        state = State(spec, net, optimizer, Counts())
    return state, Learner(state, windows, recipe, work.team, work.device)


def _ways(work: Work, training: Sequence[Spelled]) -> tuple[tuple[Label, ...], Told]:
    """The ways of charting that the tuned model can be told, and which each chart is of."""
    groups = groups_of([s.portrait for s in training], work.request.name)
    labels = labels_of(groups, work.base.spec.net.styles)
    habits = {name: dict(own) for name, own in labels}
    told = {
        s.chart: habits[group.name]
        for s in training
        for group in groups
        if group.name in habits and group.has(s.portrait)
    }
    return labels, told


def spec_of(work: Work) -> ModelSpec:
    """What the tuned model is, all but its weights."""
    base, recipe = work.base, work.request.recipe
    known = BaseModel(work.request.base, base.spec.version, checkpoint.digest(base.net))
    return replace(base.spec, name=work.request.name, base=None if recipe.full else known)


def net_of(work: Work) -> Net:
    """The base's network with what is to learn."""
    recipe = work.request.recipe
    net = Net(work.base.spec.net)
    net.load_state_dict(work.base.net.state_dict())
    torch.manual_seed(recipe.seed)
    if recipe.full:
        adapters.free(net, recipe.parts)
    else:
        adapters.attach(net, recipe.rank, recipe.parts)
    if not any(p.requires_grad for p in net.parameters()):
        raise EngineError(f"parts = {', '.join(recipe.parts)}: no layer of the network is named so")
    return net.train(recipe.dropout)


def publish(work: Work, spec: ModelSpec, step: int, learned: dict[str, Tensor]) -> None:
    """Make the weights the model's.

    Without any it is its base, which knows no way of charting by name.
    """
    labels = spec.labels if learned else work.base.spec.labels
    spec = replace(spec, version=f"{work.base.spec.version}+{step}", labels=labels)
    if spec.base is not None:
        checkpoint.save_adapter(work.folder.path, spec, learned)
        return
    net = Net(spec.net)
    net.load_state_dict({**work.base.net.state_dict(), **learned})
    checkpoint.save(work.folder.path, spec, net)

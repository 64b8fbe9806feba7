"""Low-rank adapters: a few numbers beside frozen weights that learn in their place.

Knows a network's layers and tensors; refuses to know files, charts and training. A weight with
an adapter is ``weight + up @ down`` wherever it is read, so that the network's own code needs no
change; merged into its base an adapter costs nothing.

Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

_WHOLE = ("encoder.style",)
"""Layers that learn as they are: they hold one column for each thing that a network is told, and
what is told for the first time has nothing to lean on."""

UP, DOWN = ".up", ".down"
"""What ends the names of an adapter's tensors; the rest of the name is the weight's."""

_ORIGINAL = ".original"
_INSIDE = ".parametrizations.weight"


class LowRank(nn.Module):
    """What is added to one weight.

    Parameters
    ----------
    weight : Tensor, shape (n_out, n_in)
        Not changed.
    rank : int
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        n_out, n_in = weight.shape
        self.up = nn.Parameter(torch.zeros(n_out, rank))
        self.down = nn.Parameter(torch.empty(rank, n_in))
        nn.init.uniform_(self.down, -1 / math.sqrt(n_in), 1 / math.sqrt(n_in))

    def forward(self, weight: Tensor) -> Tensor:
        """The weight as it is used."""
        return weight + self.up @ self.down


def attach(net: nn.Module, rank: int, parts: tuple[str, ...]) -> None:
    """Freeze a network but for adapters on its linear layers, and their offsets and scales.

    Parameters
    ----------
    net : Module
        Changed in place.
    rank : int
    parts : tuple of str
        Beginnings of the names of the layers that learn, such as ``encoder.blocks``.
    """
    net.requires_grad_(False)
    for name, layer in list(net.named_modules()):
        if not name.startswith(parts):
            continue
        if name in _WHOLE:
            layer.requires_grad_(True)
            continue
        if isinstance(layer, nn.Linear):
            made = LowRank(layer.weight, min(rank, *layer.weight.shape)).to(layer.weight.device)
            parametrize.register_parametrization(layer, "weight", made)
        if isinstance(layer, nn.Linear | nn.LayerNorm):
            for own in layer.parameters(recurse=False):
                own.requires_grad_(own.ndim == 1)


def free(net: nn.Module, parts: tuple[str, ...]) -> None:
    """Freeze a network but for the whole of some parts; see `attach`."""
    for name, own in net.named_parameters():
        own.requires_grad_(name.startswith(parts))


def learned(net: nn.Module) -> dict[str, Tensor]:
    """What is learned beside a base: adapters by ``NAME.up`` and ``NAME.down``, others whole."""
    return {
        name.replace(f"{_INSIDE}.0", ".weight"): own.detach()
        for name, own in net.named_parameters()
        if own.requires_grad
    }


def plain(net: nn.Module) -> dict[str, Tensor]:
    """The content of a network, its adapters merged, as one without any has it."""
    state = net.state_dict()
    bases = {
        name.replace(f"{_INSIDE}{_ORIGINAL}", ".weight"): t
        for name, t in state.items()
        if f"{_INSIDE}.0" not in name
    }
    added = {
        name.replace(f"{_INSIDE}.0", ".weight"): t
        for name, t in state.items()
        if f"{_INSIDE}.0" in name
    }
    return merged(bases, added)


def merged(weights: Mapping[str, Tensor], adapter: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights with an adapter.

    Parameters
    ----------
    weights : mapping of str to Tensor
    adapter : mapping of str to Tensor
        As `learned` has it.

    Raises
    ------
    KeyError, RuntimeError
        When the two do not fit.
    """
    found = dict(weights)
    for name, tensor in adapter.items():
        stem = name.removesuffix(UP).removesuffix(DOWN)
        if name.endswith(UP):
            found[stem] = found[stem] + tensor @ adapter[stem + DOWN]
        elif not name.endswith(DOWN):
            found[name] = tensor.reshape(found[name].shape)
    return found

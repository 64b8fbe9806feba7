"""What an author asks of a draft beside its level: density, followed layers, habits.

Turns the stretches and names of a request into what the network is told beat by beat. Refuses
to know sounds and notes.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.ticks import Ticks
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.features import SlotGrid
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.windows import Guide, layer_shares, style_vector

_REST = "none"
_UNTAUGHT = ("all", _REST)
"""What a model that knows no layers can follow: all of them, and bars that stay empty."""


def refuse_unknown(request: GenerateRequest, spec: ModelSpec) -> None:
    """Say which layer or habit the model cannot be told.

    Raises
    ------
    EngineError
    """
    layers = {layer for _, _, layer in request.follow}
    _refuse(layers, spec.net.layers or _UNTAUGHT, "follow", spec.name)
    habits = {name for name, _ in request.style}
    _refuse(habits, [name for name, _, _ in spec.net.styles], "be told the habit", spec.name)


def _refuse(asked: set[str], known: Iterable[str], what: str, model: str) -> None:
    odd = sorted(asked - set(known))
    if odd:
        choice = ", ".join(known)
        way_out = f"choose of {choice}" if choice else "leave it out, or choose another model"
        raise EngineError(f"the model {model} cannot {what} {odd[0]!r}: {way_out}")


def guide_of(request: GenerateRequest, spec: ModelSpec, grid: SlotGrid) -> Guide:
    """What a network is told of a request's wishes, as far as it has ears for them.

    Habits that a request leaves open are those of the way of charting that the model was tuned
    on, if it was one; of several the author chooses.
    """
    net = spec.net
    usual = dict(spec.labels[0][1]) if len(spec.labels) == 1 else {}
    return Guide(
        density=_rates(request, grid) if net.guided else None,
        layers=layer_shares(_followed(request, net.layers, grid)) if net.layers else None,
        style=style_vector(usual | dict(request.style), net.styles) if net.styles else None,
    )


def _rates(request: GenerateRequest, grid: SlotGrid) -> NDArray[np.float32]:
    """The painted note times per beat, shape (B,); NaN where nothing is painted."""
    found = np.full(grid.n_beats, np.nan, dtype=np.float32)
    for start, end, per_beat in request.density:
        found[_inside(start, end, grid.beat_ticks[:-1])] = per_beat
    return found


def _followed(
    request: GenerateRequest, layers: tuple[str, ...], grid: SlotGrid
) -> NDArray[np.bool_]:
    """Which layers each beat is to follow, shape (B, n_layers)."""
    found = np.zeros((grid.n_beats, len(layers)), dtype=bool)
    for start, end, layer in request.follow:
        found[_inside(start, end, grid.beat_ticks[:-1]), layers.index(layer)] = True
    return found


def rests(request: GenerateRequest, ticks: Ticks) -> NDArray[np.bool_]:
    """Ticks that are to stay without notes, shape (N,)."""
    found = np.zeros(len(ticks), dtype=bool)
    for start, end, layer in request.follow:
        if layer == _REST:
            found |= _inside(start, end, ticks)
    return found


def _inside(start: int, end: int, ticks: Ticks) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (ticks >= start) & (ticks < end)
    return found

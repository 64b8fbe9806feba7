"""The network: one encoder of sound and known notes, one head for times, one for rows.

Knows tensors only. The encoder runs once per window. A row of the chart is written in two
steps of thought: attention over the rows before it makes a state, and a small head spells the
row event by event from that state and the events already spelled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_POSITION
from chartstudio.engine.tokens import N_GAPS, TRACE_S
from chartstudio.engine.vocab import Vocabulary
from chartstudio.engine.windows import WindowInput

N_WHEN = 3
"""Outputs per slot: a note starts, it is a chord, it is held."""

N_ASKED = 4
"""What is asked for: level, density, share of held rows, share of chords."""

N_DENSITY = 2
"""What is said of the density at a position; see `Heard.density`."""

MOST_BEATS_IN_BAR = 8
_DROPOUT = 0.15
_RARE_LOG_ODDS = -3.0
NEVER = -1e9
FAR_BEATS = 1e6
_N_FACETED = 4
"""Where facets are told besides traces: the last event, those before, the scores, the row
before."""


@dataclass(frozen=True, slots=True)
class NetSpec:
    """Sizes of the network.

    Parameters
    ----------
    n_features, n_raster, n_events, n_modes : int
        Given by the features, the vocabulary and its modes.
    width : int
        Channels of the encoder.
    state : int
        Channels of the rows' states.
    n_heads, n_layers : int
        Of the attention over rows.
    reach_beats : float
        Rows further back are not attended to.
    most_rows : int
        Rows that are remembered while drafting.
    dilations : tuple of int
        One residual block each, in positions: neighbours first, then beats and measures.
    n_echo : int
        Channels of the echo; 0 for a network that is not shown one.
    n_facets : int
        Columns of `Vocabulary.facets` that events are told by besides their numbers.
    guided : bool
        Whether the density along the song can be said.
    layers : tuple of str
        Layers that a section can be told to follow.
    styles : tuple of (str, float, float)
        Habits of an author that can be said, with the lowest and highest value of each.
    """

    n_features: int
    n_raster: int
    n_events: int
    n_modes: int
    width: int = 128
    state: int = 128
    n_heads: int = 4
    n_layers: int = 2
    reach_beats: float = 32.0
    most_rows: int = 96
    dilations: tuple[int, ...] = (1, 2, 4, 8, 12, 24, 48, 96, 1, 12)
    n_echo: int = 0
    n_facets: int = 0
    guided: bool = False
    layers: tuple[str, ...] = ()
    styles: tuple[tuple[str, float, float], ...] = ()

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> NetSpec:
        """Read what ``dataclasses.asdict`` and JSON made of it; older ones say less."""
        return cls(**{name: _frozen(value) for name, value in found.items()})


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _nothing() -> Tensor:
    return torch.zeros(0)


@dataclass(frozen=True, slots=True)
class Heard:
    """A batch of windows as the encoder takes it.

    Attributes
    ----------
    features : Tensor, shape (B, T, n_features)
    raster : Tensor, shape (B, T, n_raster)
    beat_in_bar : Tensor of int64, shape (B, T)
    beat_s : Tensor, shape (B, T)
        Log of the beat's length in seconds.
    mode : Tensor of int64, shape (B,)
    asked : Tensor, shape (B, N_ASKED)
        See `task.asked_for`.
    echo : Tensor, shape (B, T, n_echo)
        See `windows.echo_raster`. This and the following may be empty: nothing is said then.
    density : Tensor, shape (B, T, N_DENSITY)
        Whether it is said, and the logarithm of the note times per beat.
    layer : Tensor, shape (B, T, 1 + n_layers)
        Shares of the followed layers, which add up to 1; the first is that of the unknown.
    style : Tensor, shape (B, n_styles, 2)
        For each habit whether it is said, and how strong it is, -1 to 1.
    """

    features: Tensor
    raster: Tensor
    beat_in_bar: Tensor
    beat_s: Tensor
    mode: Tensor
    asked: Tensor
    echo: Tensor = field(default_factory=_nothing)
    density: Tensor = field(default_factory=_nothing)
    layer: Tensor = field(default_factory=_nothing)
    style: Tensor = field(default_factory=_nothing)

    @classmethod
    def of(
        cls, windows: Sequence[WindowInput], mode: Sequence[int], asked: NDArray[np.float32]
    ) -> Heard:
        """A batch of windows.

        Parameters
        ----------
        windows : sequence of WindowInput, B of them
            All of them say the same of echo, density, layer and style, or nothing.
        mode : sequence of int
            Each window's mode, as the vocabulary numbers them.
        asked : ndarray, shape (B, N_ASKED)
            Rows of `task.asked_for`.
        """
        stacked = {
            f.name: torch.from_numpy(np.stack([getattr(w, f.name) for w in windows]))
            for f in fields(WindowInput)
        }
        asked_ = torch.from_numpy(asked)
        return cls(mode=torch.tensor(mode, dtype=torch.int64), asked=asked_, **stacked)

    def to(self, device: torch.device) -> Heard:
        """The same on another device."""
        return Heard(**{f.name: getattr(self, f.name).to(device) for f in fields(Heard)})


class _Block(nn.Module):
    """Residual block: three positions a dilation apart, then a mix of channels."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.norm = nn.LayerNorm(width)
        self.gather = nn.Linear(3 * width, width)
        self.mix = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        n, d = x.shape[1], self.dilation
        padded = functional.pad(self.norm(x), (0, 0, d, d))
        three = torch.cat([padded[:, i * d : i * d + n] for i in range(3)], dim=2)
        mixed: Tensor = self.mix(functional.gelu(self.gather(three)))
        return x + mixed


class Encoder(nn.Module):
    """Windows of sound and known notes to one state per position, and scores of times."""

    def __init__(self, spec: NetSpec) -> None:
        super().__init__()
        self.spec = spec
        w = spec.width
        self.sound = nn.Linear(spec.n_features, w)
        self.known = nn.Linear(spec.n_raster, w)
        self.in_beat = nn.Embedding(POSITIONS_PER_BEAT, w)
        self.in_bar = nn.Embedding(MOST_BEATS_IN_BAR, w)
        self.beat_s = nn.Linear(1, w)
        self.mode = nn.Embedding(spec.n_modes, w)
        self.asked = nn.Linear(N_ASKED, w)
        # Without offsets: what is not said adds nothing.
        if spec.n_echo:
            self.echo = nn.Linear(spec.n_echo, w, bias=False)
        if spec.guided:
            self.density = nn.Linear(N_DENSITY, w, bias=False)
        if spec.layers:
            self.layer = nn.Embedding(len(spec.layers) + 1, w)
        if spec.styles:
            self.style = nn.Linear(2 * len(spec.styles), w, bias=False)
        self.blocks = nn.ModuleList(_Block(w, d) for d in spec.dilations)
        self.norm = nn.LayerNorm(w)
        self.when = nn.Linear(w, SLOTS_PER_POSITION * N_WHEN)
        # Few slots have a note: known from the start, it need not be learned.
        nn.init.constant_(self.when.bias, _RARE_LOG_ODDS)

    def forward(self, heard: Heard) -> tuple[Tensor, Tensor]:
        """States (B, T, width) and time scores (B, T * 4, N_WHEN), both float32."""
        n = heard.features.shape[1]
        phase = torch.arange(n, device=heard.features.device) % POSITIONS_PER_BEAT
        whole = self.mode(heard.mode) + self.asked(heard.asked)
        x = self.sound(heard.features) + self.known(heard.raster) + self.in_beat(phase)
        x = x + self.in_bar(heard.beat_in_bar.clamp(max=MOST_BEATS_IN_BAR - 1))
        x = x + self.beat_s(heard.beat_s.unsqueeze(2)) + whole.unsqueeze(1)
        x = self._guided(x, heard)
        # One place is enough against learning songs by heart, and cheap on a CPU.
        x = functional.dropout(x, _DROPOUT, self.training)
        for block in self.blocks:
            x = block(x)
        states = self.norm(x)
        scores = self.when(states).float()
        return states.float(), scores.reshape(len(x), n * SLOTS_PER_POSITION, N_WHEN)

    def _guided(self, x: Tensor, heard: Heard) -> Tensor:
        """Add what is said of echo, density, layer and style, as far as the network has ears."""
        spec = self.spec
        if spec.n_echo and heard.echo.numel():
            x = x + self.echo(heard.echo)
        if spec.guided and heard.density.numel():
            x = x + self.density(heard.density)
        if spec.layers:
            weight = self.layer.weight
            x = x + (heard.layer @ weight if heard.layer.numel() else weight[0])
        if spec.styles and heard.style.numel():
            x = x + self.style(heard.style.flatten(1)).unsqueeze(1)
        return x


class _Layer(nn.Module):
    """Pre-norm attention over rows, and a mix of channels."""

    def __init__(self, spec: NetSpec) -> None:
        super().__init__()
        w = spec.state
        self.n_heads = spec.n_heads
        self.norm = nn.LayerNorm(w)
        self.ask = nn.Linear(w, 3 * w, bias=False)
        self.give = nn.Linear(w, w, bias=False)
        self.mix_norm = nn.LayerNorm(w)
        self.widen = nn.Linear(w, 2 * w)
        self.narrow = nn.Linear(2 * w, w)

    def heads(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of rows (B, R, state), each (B, R, n_heads, width)."""
        h, (cos, sin) = self.n_heads, turn
        three = self.ask(self.norm(x)).float().unflatten(2, (3 * h, -1))
        both = three[:, :, : 2 * h]
        left, right = both.chunk(2, dim=-1)
        both = both * cos + torch.cat((-right, left), dim=-1) * sin
        return both[:, :, :h], both[:, :, h:], three[:, :, 2 * h :]

    def finish(self, x: Tensor, seen: Tensor) -> Tensor:
        """Add what was seen, both (B, R, state), and mix."""
        x = x + self.give(seen)
        mixed: Tensor = self.narrow(functional.gelu(self.widen(self.mix_norm(x))))
        return x + mixed


class Placer(nn.Module):
    """Writes rows: which events stand at the times that were picked.

    Here for training, on rows that are all known; `rows.RowPlacer` is the same for drafting.
    """

    def __init__(self, spec: NetSpec) -> None:
        super().__init__()
        self.spec = spec
        w = spec.state
        self.row = nn.Linear(spec.width + N_GAPS + spec.n_events * (1 + len(TRACE_S)), w)
        self.mode = nn.Embedding(spec.n_modes, w)
        self.layers = nn.ModuleList(_Layer(spec) for _ in range(spec.n_layers))
        self.norm = nn.LayerNorm(w)
        self.from_state = nn.Linear(w, w)
        self.so_far = nn.Linear(spec.n_events, w, bias=False)
        self.last = nn.Embedding(spec.n_events, w)
        self.out = nn.Linear(w, spec.n_events)
        if spec.n_facets:
            self.facets: Tensor
            self.register_buffer("facets", torch.zeros(spec.n_events, spec.n_facets))
            shape = (_N_FACETED + len(TRACE_S), spec.n_facets, w)
            self.by_facet = nn.Parameter(torch.zeros(shape))
        half = w // spec.n_heads // 2
        # Periods from a quarter of a beat to twice the reach.
        periods = 0.25 * (8 * spec.reach_beats) ** (torch.arange(half) / (half - 1))
        self.turns: Tensor
        self.register_buffer("turns", (2 * math.pi / periods).repeat(2), persistent=False)

    def walk(self, inputs: Tensor, mode: Tensor, beats: Tensor) -> Tensor:
        """States of rows that are all known, as in training.

        Parameters
        ----------
        inputs : Tensor, shape (B, R, width + N_GAPS + 3 * V)
            Encoder state at the row, its gaps, the row before it, and the traces.
        mode : Tensor of int64, shape (B,)
        beats : Tensor, shape (B, R)

        Returns
        -------
        Tensor, shape (B, R, state)
            What `spell` starts from.
        """
        found = functional.linear(inputs, self.matrices()["row"], self.row.bias)
        x = functional.gelu(found + self.mode(mode).unsqueeze(1))
        gap = beats.unsqueeze(2) - beats.unsqueeze(1)
        order = torch.ones(gap.shape[1:], dtype=torch.bool, device=gap.device).tril()
        hidden = ~(order & (gap < self.spec.reach_beats)).unsqueeze(1)
        turn = self._turn(beats)
        for layer in self.layers:
            query, key, value = (t.transpose(1, 2) for t in layer.heads(x, turn))
            scores = query @ key.transpose(2, 3) * self._scale
            weights = scores.masked_fill(hidden, NEVER).softmax(dim=-1)
            x = layer.finish(x, (weights @ value).transpose(1, 2).flatten(2))
        walked: Tensor = self.from_state(self.norm(x))
        return walked

    @property
    def _scale(self) -> float:
        return (self.spec.state // self.spec.n_heads) ** -0.5

    def _turn(self, beats: Tensor) -> tuple[Tensor, Tensor]:
        """Rotary places of rows (B, R): cosines and sines, each (B, R, 1, width of a head).

        Two rows then see how many beats lie between them, and nothing else of where they are.
        """
        angle = beats[:, :, None, None] * self.turns
        return angle.cos(), angle.sin()

    def spell(self, row: Tensor, so_far: Tensor, last: Tensor) -> Tensor:
        """Scores of the next event of rows.

        Parameters
        ----------
        row : Tensor, shape (..., state)
        so_far : Tensor, shape (..., V)
            Shared events that the row already holds.
        last : Tensor of int64, shape (...)
            The last of them, or `vocab.END` for none.

        Returns
        -------
        Tensor, shape (..., V)
        """
        matrices = self.matrices()
        told = functional.linear(so_far, matrices["so_far"])
        told = told + functional.embedding(last, matrices["last"])
        return functional.linear(functional.gelu(row + told), matrices["out"], self.out.bias)

    def matrices(self) -> dict[str, Tensor]:
        """The weights that stand for events, what events have in common included.

        Drafting takes these, so that facets cost nothing there.
        """
        found = {name: getattr(self, name).weight for name in ("row", "so_far", "last", "out")}
        if self.spec.n_facets:
            last, so_far, out, *rows = (self.facets @ part for part in self.by_facet)
            before = found["row"].shape[1] - sum(len(part) for part in rows)
            faceted = torch.cat([part.T for part in rows], dim=1)
            found["row"] = found["row"] + functional.pad(faceted, (before, 0))
            found["so_far"] = found["so_far"] + so_far.T
            found["last"], found["out"] = found["last"] + last, found["out"] + out
        return found


class Net(nn.Module):
    """Encoder and placer, trained together."""

    def __init__(self, spec: NetSpec) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = Encoder(spec)
        self.placer = Placer(spec)

    @classmethod
    def fresh(cls, spec: NetSpec, vocabulary: Vocabulary) -> Net:
        """An untrained network for the events of a vocabulary."""
        net = cls(spec)
        if spec.n_facets:
            net.placer.facets.copy_(torch.from_numpy(vocabulary.facets()))
        return net

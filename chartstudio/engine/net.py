"""The network: one encoder of sound and known notes, one head for times, one for rows.

Knows tensors only. The encoder runs once per window. A row of the chart is written in two
steps of thought: a recurrent state walks from row to row, and a small head spells the row
event by event from that state and the events already spelled.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_POSITION
from chartstudio.engine.tokens import N_GAPS, TRACE_S

N_WHEN = 3
"""Outputs per slot: a note starts, it is a chord, it is held."""

MOST_BEATS_IN_BAR = 8


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
        Size of the state that walks along the rows.
    dilations : tuple of int
        One residual block each, in positions: neighbours first, then beats and measures.
    """

    n_features: int
    n_raster: int
    n_events: int
    n_modes: int
    width: int = 128
    state: int = 192
    dilations: tuple[int, ...] = (1, 2, 4, 8, 12, 24, 48, 96, 1, 12)


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
    asked : Tensor, shape (B, 2)
        Level within the mode's range, and log of the note times per second.
    """

    features: Tensor
    raster: Tensor
    beat_in_bar: Tensor
    beat_s: Tensor
    mode: Tensor
    asked: Tensor


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
        w = spec.width
        self.sound = nn.Linear(spec.n_features, w)
        self.known = nn.Linear(spec.n_raster, w)
        self.in_beat = nn.Embedding(POSITIONS_PER_BEAT, w)
        self.in_bar = nn.Embedding(MOST_BEATS_IN_BAR, w)
        self.beat_s = nn.Linear(1, w)
        self.mode = nn.Embedding(spec.n_modes, w)
        self.asked = nn.Linear(2, w)
        self.blocks = nn.ModuleList(_Block(w, d) for d in spec.dilations)
        self.norm = nn.LayerNorm(w)
        self.when = nn.Linear(w, SLOTS_PER_POSITION * N_WHEN)

    def forward(self, heard: Heard) -> tuple[Tensor, Tensor]:
        """States (B, T, width) and time scores (B, T * 4, N_WHEN), both float32."""
        n = heard.features.shape[1]
        phase = torch.arange(n, device=heard.features.device) % POSITIONS_PER_BEAT
        whole = self.mode(heard.mode) + self.asked(heard.asked)
        x = self.sound(heard.features) + self.known(heard.raster) + self.in_beat(phase)
        x = x + self.in_bar(heard.beat_in_bar.clamp(max=MOST_BEATS_IN_BAR - 1))
        x = x + self.beat_s(heard.beat_s.unsqueeze(2)) + whole.unsqueeze(1)
        for block in self.blocks:
            x = block(x)
        states = self.norm(x)
        scores = self.when(states).float()
        return states.float(), scores.reshape(len(x), n * SLOTS_PER_POSITION, N_WHEN)


class Placer(nn.Module):
    """Writes rows: which events stand at the times that were picked."""

    def __init__(self, spec: NetSpec) -> None:
        super().__init__()
        self.n_events = spec.n_events
        self.state_size = spec.state
        self.row = nn.Linear(spec.width + N_GAPS + spec.n_events * (1 + len(TRACE_S)), spec.state)
        self.mode = nn.Embedding(spec.n_modes, spec.state)
        self.walk = nn.GRU(spec.state, spec.state, batch_first=True)
        self.from_state = nn.Linear(spec.state, spec.state)
        self.from_row = nn.Linear(spec.state, spec.state)
        self.so_far = nn.Linear(spec.n_events, spec.state, bias=False)
        self.last = nn.Embedding(spec.n_events, spec.state)
        self.out = nn.Linear(spec.state, spec.n_events)

    def walk_rows(
        self, inputs: Tensor, mode: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Advance along rows.

        Parameters
        ----------
        inputs : Tensor, shape (B, R, width + N_GAPS + 3 * V)
            Encoder state at the row, its gaps, the row before it, and the traces.
        mode : Tensor of int64, shape (B,)
        state : Tensor, shape (1, B, state), optional

        Returns
        -------
        Tensor, shape (B, R, state)
            What `spell` starts from.
        Tensor, shape (1, B, state)
        """
        rows = functional.gelu(self.row(inputs) + self.mode(mode).unsqueeze(1))
        walked, state = self.walk(rows, state)
        return self.from_state(walked) + self.from_row(rows), state

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
        scores: Tensor = self.out(functional.gelu(row + self.so_far(so_far) + self.last(last)))
        return scores


class Net(nn.Module):
    """Encoder and placer, trained together."""

    def __init__(self, spec: NetSpec) -> None:
        super().__init__()
        self.spec = spec
        self.encoder = Encoder(spec)
        self.placer = Placer(spec)

    @property
    def n_parameters(self) -> int:
        """Trainable numbers."""
        return sum(p.numel() for p in self.parameters())

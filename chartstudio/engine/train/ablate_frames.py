"""The encoder without beats: frames of equal time, for the table of `ablate`.

The program never runs this. What a window shows is moved from beats to frames, and what the
network makes of the frames is read back at the slots, so that it is taught and judged as the
others are. Features are moved, not computed anew, because a store keeps no sound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_POSITION, FeatureSpec
from chartstudio.engine.net import Encoder, Heard, NetSpec

FRAME_S = 0.04
"""Length of a frame; scores stand at quarters of it. About a position at 125 BPM."""

_STRETCH = 0.15
"""While training, frames are shorter or longer by up to about this share."""

_JUDGED_PHASE = 0.4
"""Where the first beat falls in its frame when nothing is drawn, in frames."""

_N_STATE = 2
"""Channels at the head of a raster and of an echo that hold for whole positions."""


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """Beats of windows against frames; T positions, F frames.

    Attributes
    ----------
    frames : Tensor, shape (B, T * 4)
        Place of each slot on the axis of the frames, in frames.
    positions : Tensor, shape (B, F * 4)
        Place of each quarter of a frame on the axis of the positions, in positions; outside
        0 to T beyond the window.
    """

    frames: Tensor
    positions: Tensor

    @classmethod
    def of(cls, beat_s: Tensor, frame_s: Tensor, phase: Tensor) -> Clock:
        """Frames of a length in seconds that begin a share of one before the window does.

        Parameters
        ----------
        beat_s : Tensor, shape (B, T)
            Log of the beat's length in seconds, as `Heard` has it.
        frame_s, phase : Tensor, shape (B,)
        """
        t = beat_s.shape[1]
        lengths_s = beat_s.float().exp() / POSITIONS_PER_BEAT
        ends_s = lengths_s.cumsum(dim=1)
        starts_s = ends_s - lengths_s
        quarters = torch.arange(SLOTS_PER_POSITION) / SLOTS_PER_POSITION
        slots_s = starts_s.unsqueeze(2) + lengths_s.unsqueeze(2) * quarters
        frames = slots_s.flatten(1) / frame_s.unsqueeze(1) + phase.unsqueeze(1)
        n_frames = int(frames.max().ceil()) + 2
        at = torch.arange(n_frames * SLOTS_PER_POSITION) / SLOTS_PER_POSITION
        at_s = ((at - phase.unsqueeze(1)) * frame_s.unsqueeze(1)).contiguous()
        before = torch.searchsorted(ends_s.contiguous(), at_s, right=True).clamp(max=t - 1)
        into = (at_s - starts_s.gather(1, before)) / lengths_s.gather(1, before)
        return cls(frames, before + into)

    @property
    def n_frames(self) -> int:
        """F."""
        return self.positions.shape[1] // SLOTS_PER_POSITION


def read(values: Tensor, places: Tensor) -> Tensor:
    """Values between their neighbours, shape (B, M, C); the ends repeat.

    Parameters
    ----------
    values : Tensor, shape (B, N, C)
    places : Tensor, shape (B, M)
        On the axis of the values.
    """
    held = places.clamp(0, values.shape[1] - 1)
    low = held.floor().long()
    high = (low + 1).clamp(max=values.shape[1] - 1)
    share = (held - low).unsqueeze(2).to(values.dtype)
    return torch.lerp(_taken(values, low), _taken(values, high), share)


def _taken(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(1, index.unsqueeze(2).expand(-1, -1, values.shape[2]))


def _sent(values: Tensor, index: Tensor, n: int) -> Tensor:
    """Each value at its index among ``n``; of several at one the largest."""
    to = torch.zeros(len(values), n, values.shape[2], dtype=values.dtype)
    at = index.clamp(0, n - 1).unsqueeze(2).expand(-1, -1, values.shape[2])
    return to.scatter_reduce(1, at, values, "amax")


class FramesEncoder(Encoder):
    """An encoder that must hear the beat itself.

    Parameters
    ----------
    spec : NetSpec
    features : FeatureSpec
    """

    def __init__(self, spec: NetSpec, features: FeatureSpec) -> None:
        super().__init__(spec)
        self._groups = features.groups

    @classmethod
    def of(cls, encoder: Encoder, features: FeatureSpec) -> FramesEncoder:
        """One that starts from the weights of another; places in the beat are nothing to it."""
        made = cls(encoder.spec, features)
        made.load_state_dict(encoder.state_dict())
        made.in_beat.weight.requires_grad_(False).zero_()
        return made

    def forward(self, heard: Heard) -> tuple[Tensor, Tensor]:
        """As the other, on the positions and slots of the window; between them, frames."""
        n = len(heard.features)
        if self.training:
            phase = torch.rand(n)
            frame_s = FRAME_S * ((2 * torch.rand(n) - 1) * _STRETCH).exp()
        else:
            phase, frame_s = torch.full((n,), _JUDGED_PHASE), torch.full((n,), FRAME_S)
        clock = Clock.of(heard.beat_s, frame_s, phase)
        states, scores = super().forward(self.framed(heard, clock))
        at_positions = clock.frames[:, ::SLOTS_PER_POSITION]
        return read(states, at_positions), read(scores, SLOTS_PER_POSITION * clock.frames)

    def framed(self, heard: Heard, clock: Clock) -> Heard:
        """A window on frames; nothing in it says where beats are, or how long."""
        n, f = len(heard.features), clock.n_frames
        starts = clock.positions[:, ::SLOTS_PER_POSITION]
        held = starts.clamp(0, heard.features.shape[1] - 1).long()
        return replace(
            heard,
            features=self._sound(heard.features, clock),
            raster=_raster(heard.raster, clock, held),
            echo=_raster(heard.echo, clock, held) if heard.echo.numel() else heard.echo,
            density=_taken(heard.density, held) if heard.density.numel() else heard.density,
            layer=_taken(heard.layer, held) if heard.layer.numel() else heard.layer,
            beat_in_bar=torch.zeros(n, f, dtype=torch.int64),
            beat_s=torch.zeros(n, f),
        )

    def _sound(self, features: Tensor, clock: Clock) -> Tensor:
        """Features at the frames, each group at its own rate; zeros beyond the window."""
        n, t, _ = features.shape
        parts, start = [], 0
        for group in self._groups:
            per = group.per_beat // POSITIONS_PER_BEAT
            own = features[..., start : start + group.n_channels].reshape(n, t * per, -1)
            start += group.n_channels
            places = clock.positions[:, :: SLOTS_PER_POSITION // per]
            inside = (places >= 0) & (places < t)
            found = read(own, places * per) * inside.unsqueeze(2)
            parts.append(found.reshape(n, clock.n_frames, group.n_channels))
        return torch.cat(parts, dim=2)


def _raster(raster: Tensor, clock: Clock, held: Tensor) -> Tensor:
    """What is known of a chart, at the frames: spans as they lie, rows and events moved."""
    n, t, _ = raster.shape
    f, first = clock.n_frames, _N_STATE + SLOTS_PER_POSITION
    spans = _taken(raster[..., :_N_STATE], held)
    rows = raster[..., _N_STATE:first].reshape(n, t * SLOTS_PER_POSITION, 1)
    quarters = (SLOTS_PER_POSITION * clock.frames).round().long()
    moved = _sent(rows, quarters, f * SLOTS_PER_POSITION).reshape(n, f, SLOTS_PER_POSITION)
    events = _sent(raster[..., first:], clock.frames[:, ::SLOTS_PER_POSITION].long(), f)
    return torch.cat((spans, moved, events), dim=2)

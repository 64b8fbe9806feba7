"""What the network hears: log-mels and their rises on the beat grid of a song.

Knows samples and a timing map. Refuses to know charts, modes and the network. Training and
drafting call the same functions with the same block sizes, so that their numbers are equal
bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import soxr
import torch
import torchaudio
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import TimingMap

SLOTS_PER_BEAT = 48
SLOT_TICKS = TICKS_PER_BEAT // SLOTS_PER_BEAT
POSITIONS_PER_BEAT = 12
SLOTS_PER_POSITION = SLOTS_PER_BEAT // POSITIONS_PER_BEAT
BLOCK_BEATS = 8
"""Features are computed in blocks of this many beats, always: a matrix product of another
shape may round differently."""
SLOWEST_BPM, FASTEST_BPM = 30.0, 400.0
SHORTEST_S = 1.0
MOST_BEATS = 40_000
_SAMPLED_BLOCKS = 6

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FeatureGroup:
    """Log-mels of one FFT size.

    Parameters
    ----------
    n_fft : int
        Window length in samples.
    per_beat : int
        Frames per beat; a multiple of `POSITIONS_PER_BEAT` that divides `SLOTS_PER_BEAT`.
        Long windows change slowly, so they need fewer frames.
    n_mels : int
    lag : int
        Frames between the two that a rise is taken over.
    """

    n_fft: int
    per_beat: int
    n_mels: int
    lag: int

    @property
    def n_channels(self) -> int:
        """Numbers per position: mels and rises of all its frames."""
        return self.per_beat // POSITIONS_PER_BEAT * self.n_mels * 2


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """Everything that decides a feature's value."""

    rate_hz: int = 22_050
    groups: tuple[FeatureGroup, ...] = (
        FeatureGroup(512, 48, 40, 2),
        FeatureGroup(1024, 24, 80, 1),
        FeatureGroup(2048, 12, 80, 1),
    )
    low_hz: float = 30.0
    high_hz: float = 11_000.0
    floor: float = 1e-5

    @property
    def n_channels(self) -> int:
        """M: numbers per position."""
        return sum(g.n_channels for g in self.groups)


@dataclass(frozen=True, eq=False)
class SlotGrid:
    """The beats of a song, each cut into 48 slots.

    A bar anchor that cuts a beat shortens it: its slots from there on are invalid, so that
    every beat has the same number of slots.

    Attributes
    ----------
    beat_ticks : ndarray of int64, shape (B + 1,)
        Start of each beat, and the end of the last.
    beat_in_bar : ndarray of int64, shape (B,)
    slot_ticks : ndarray of int64, shape (B * 48,)
    slot_s : ndarray of float64, shape (B * 48,)
    valid : ndarray of bool, shape (B * 48,)
        False beyond a cut, inside warps, and outside the audio.
    """

    beat_ticks: Ticks
    beat_in_bar: NDArray[np.int64]
    slot_ticks: Ticks
    slot_s: NDArray[np.float64]
    valid: NDArray[np.bool_]

    @property
    def n_beats(self) -> int:
        """B."""
        return len(self.beat_in_bar)

    def slot_of(self, ticks: Ticks) -> NDArray[np.int64]:
        """The nearest slot of each tick, -1 outside the grid."""
        at = np.asarray(ticks, dtype=np.int64)
        beat = np.searchsorted(self.beat_ticks, at, "right") - 1
        inside = (beat >= 0) & (beat < self.n_beats)
        held = np.clip(beat, 0, self.n_beats - 1)
        within = (at - self.beat_ticks[held] + SLOT_TICKS // 2) // SLOT_TICKS
        within = np.minimum(within, SLOTS_PER_BEAT - 1)
        return np.where(inside, held * SLOTS_PER_BEAT + within, -1)

    def beat_of(self, tick: int) -> int:
        """The beat that holds a tick, clipped to the grid."""
        beat = int(np.searchsorted(self.beat_ticks, tick, "right")) - 1
        return min(max(beat, 0), self.n_beats - 1)


def slot_grid(timing: TimingMap, duration_s: float) -> SlotGrid:
    """The slots from the start of the audio to its end.

    Parameters
    ----------
    timing : TimingMap
    duration_s : float

    Raises
    ------
    EngineError
        When the song is too short to hear a beat in, or its tempo leaves 30 to 400 BPM.
    """
    if duration_s < SHORTEST_S:
        raise EngineError(
            f"the song lasts {duration_s:.2f} s: drafting needs at least {SHORTEST_S:g} s of audio"
        )
    _refuse_odd_tempos(timing, duration_s)
    low, high = timing.tick_at(0.0), timing.tick_at(duration_s)
    if high - low > MOST_BEATS * TICKS_PER_BEAT:
        raise EngineError(
            f"the timing skips {(high - low) // TICKS_PER_BEAT:,} beats in one song: draft on a "
            "copy without its warps"
        )
    beats = timing.lines(low - TICKS_PER_BEAT + 1, high + 1, snap=4)
    measures = timing.lines(int(beats[0]) - 64 * TICKS_PER_BEAT, high + 1)
    ends = np.append(beats[1:], beats[-1] + TICKS_PER_BEAT)
    bar = measures[np.maximum(np.searchsorted(measures, beats, "right") - 1, 0)]
    ticks = beats[:, None] + np.arange(SLOTS_PER_BEAT) * SLOT_TICKS
    uncut = ticks < ends[:, None]
    ticks = np.minimum(ticks, ends[:, None] - 1).ravel()
    seconds = timing.seconds_at(ticks)
    heard = (seconds >= 0) & (seconds < duration_s)
    return SlotGrid(
        beat_ticks=np.append(beats, ends[-1]),
        beat_in_bar=(beats - bar) // TICKS_PER_BEAT,
        slot_ticks=ticks,
        slot_s=seconds,
        valid=uncut.ravel() & heard & ~timing.warped(ticks),
    )


def _refuse_odd_tempos(timing: TimingMap, duration_s: float) -> None:
    """Refuse tempos at which a beat grid says nothing about the music."""
    anchors = timing.anchors
    for i, anchor in enumerate(anchors):
        end_s = anchors[i + 1].seconds if i + 1 < len(anchors) else duration_s
        heard_s = min(end_s, duration_s) - max(anchor.seconds, 0.0)
        if heard_s <= 0:
            continue
        bpm = anchor.bpm
        if i + 1 < len(anchors):
            beats = (anchors[i + 1].tick - anchor.tick) / TICKS_PER_BEAT
            if beats == 0:  # a pause: time runs on one tick
                continue
            bpm = 60.0 * beats / (end_s - anchor.seconds)
        if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
            measure = timing.position(anchor.tick).measure
            raise EngineError(
                f"measure {measure} runs at {bpm:.4g} BPM: drafting needs a tempo between "
                f"{SLOWEST_BPM:g} and {FASTEST_BPM:g}; halve or double it in the timing"
            )


def mono(samples: Samples, rate_hz: int, spec: FeatureSpec) -> Samples:
    """One channel at the features' rate.

    Parameters
    ----------
    samples : ndarray, shape (C, N) or (N,), float32 in [-1, 1]
    rate_hz : int
    spec : FeatureSpec

    Returns
    -------
    ndarray, shape (N',), float32
    """
    one = np.atleast_2d(samples).mean(axis=0, dtype=np.float32)
    if rate_hz != spec.rate_hz:
        one = soxr.resample(one, rate_hz, spec.rate_hz, "HQ")
    return np.ascontiguousarray(one, dtype=np.float32)


@cache
def _window(n_fft: int) -> torch.Tensor:
    return torch.hann_window(n_fft)


@cache
def _mel_bank(group: FeatureGroup, spec: FeatureSpec) -> torch.Tensor:
    bank = torchaudio.functional.melscale_fbanks(
        group.n_fft // 2 + 1,
        spec.low_hz,
        spec.high_hz,
        group.n_mels,
        spec.rate_hz,
        mel_scale="htk",
    )
    # A triangle narrower than one bin would hear nothing: give it the nearest bin.
    empty = (bank.sum(dim=0) == 0).nonzero().ravel().tolist()
    centres = np.linspace(*_htk(np.array([spec.low_hz, spec.high_hz])), group.n_mels + 2)[1:-1]
    hertz = 700.0 * (10.0 ** (centres / 2595.0) - 1.0)
    for mel in empty:
        bank[round(hertz[mel] * group.n_fft / spec.rate_hz), mel] = 1.0
    return bank.contiguous()


def _htk(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 2595.0 * np.log10(1.0 + hertz / 700.0)


_Raw = tuple[torch.Tensor, torch.Tensor]
"""Log-mels and rises of a block, before they are made even over the song."""


@dataclass(eq=False)
class SongFeatures:
    """The features of one song, computed block by block as they are asked for.

    Parameters
    ----------
    samples : ndarray, shape (N,), float32
        Mono audio at the spec's rate.
    grid : SlotGrid
    spec : FeatureSpec
    """

    samples: Samples
    grid: SlotGrid
    spec: FeatureSpec
    _padded: torch.Tensor = field(init=False, repr=False)
    _blocks: dict[int, NDArray[np.float32]] = field(init=False, repr=False, default_factory=dict)
    _onsets: dict[int, NDArray[np.float32]] = field(init=False, repr=False, default_factory=dict)
    _sampled: dict[tuple[int, FeatureGroup], _Raw] = field(
        init=False, repr=False, default_factory=dict
    )
    _scales: tuple[tuple[float, float, float], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._margin = max(g.n_fft for g in self.spec.groups)
        self._padded = torch.from_numpy(np.pad(self.samples, self._margin))
        self._scales = self._song_scales()

    @property
    def n_blocks(self) -> int:
        """Blocks of `BLOCK_BEATS` beats, the last one padded."""
        return -(-self.grid.n_beats // BLOCK_BEATS)

    def beats(self, first: int, n_beats: int) -> NDArray[np.float32]:
        """Features of a run of beats; zeros outside the song.

        Returns
        -------
        ndarray, shape (n_beats * 12, M), float32
        """
        self._need(first, n_beats)
        return join_blocks(self._blocks, self.grid.n_beats, first, n_beats)

    def all_blocks(self) -> NDArray[np.float32]:
        """Features of the whole song for a store, shape (n_blocks, 8 * 12, M)."""
        for block in range(self.n_blocks):
            self._compute(block)
        return np.stack([self._blocks[block] for block in range(self.n_blocks)])

    def onsets(self, first: int, n_beats: int) -> NDArray[np.float32]:
        """Strength of what starts at each slot: the mean rise over all groups.

        Returns
        -------
        ndarray, shape (n_beats * 48,), float32
            Zero outside the song; 1 is a usual rise of this song.
        """
        self._need(first, n_beats)
        return join_blocks(self._onsets, self.grid.n_beats, first, n_beats)

    @cached_property
    def activity(self) -> NDArray[np.float32]:
        """`activity` of the song, shape (B,)."""
        return activity(self.samples, self.grid, self.spec)

    def _need(self, first: int, n_beats: int) -> None:
        low, high = max(first, 0), min(first + n_beats, self.grid.n_beats)
        # A run outside the song still takes its shape from a block.
        low, high = (low, high) if low < high else (0, 1)
        for block in range(low // BLOCK_BEATS, -(-high // BLOCK_BEATS)):
            self._compute(block)

    def _compute(self, block: int) -> None:
        if block in self._blocks:
            return
        parts, onsets = [], np.zeros(BLOCK_BEATS * SLOTS_PER_BEAT, dtype=np.float32)
        n_positions = BLOCK_BEATS * POSITIONS_PER_BEAT
        for group, (mean, spread, rise_spread) in zip(self.spec.groups, self._scales, strict=True):
            known = (block, group) in self._sampled
            mels, rises = self._sampled.pop((block, group)) if known else self._raw(block, group)
            mels = (mels - mean) / spread
            rises = rises / rise_spread
            strength = rises.mean(dim=1).numpy()
            onsets += np.repeat(strength, SLOTS_PER_BEAT // group.per_beat)
            both = torch.cat((mels, rises), dim=1)
            parts.append(both.reshape(n_positions, group.n_channels))
        self._blocks[block] = torch.cat(parts, dim=1).numpy()
        self._onsets[block] = onsets / len(parts)

    def _raw(self, block: int, group: FeatureGroup) -> _Raw:
        """Log-mels of a block and their half-wave rises, each (8 * per_beat, n_mels)."""
        step = SLOTS_PER_BEAT // group.per_beat
        first = block * BLOCK_BEATS * SLOTS_PER_BEAT
        index = first + step * np.arange(-group.lag, BLOCK_BEATS * group.per_beat)
        seconds = self.grid.slot_s[np.clip(index, 0, len(self.grid.slot_s) - 1)]
        centres = np.rint(seconds * self.spec.rate_hz).astype(np.int64)
        starts = np.clip(centres, 0, len(self.samples)) + self._margin - group.n_fft // 2
        # In place where that gives the same numbers: memory is what takes time here.
        frames = self._padded.unfold(0, group.n_fft, 1)[torch.from_numpy(starts)]
        bins = torch.fft.rfft(frames.mul_(_window(group.n_fft)))
        power = bins.real.square().add_(bins.imag.square())
        mels = (power @ _mel_bank(group, self.spec)).add_(self.spec.floor).log_()
        rises = torch.relu(mels[group.lag :] - mels[: -group.lag])
        return mels[group.lag :], rises

    def _song_scales(self) -> tuple[tuple[float, float, float], ...]:
        """Mean and spread of each group, from a few blocks spread over the song.

        All blocks would cost a first pass over the song before any note could be shown.
        """
        sampled = np.unique(np.linspace(0, self.n_blocks - 1, _SAMPLED_BLOCKS).astype(int)).tolist()
        scales = []
        for group in self.spec.groups:
            both = [self._raw(b, group) for b in sampled]
            self._sampled |= {(b, group): raw for b, raw in zip(sampled, both, strict=True)}
            mels = torch.cat([m for m, _ in both]).double()
            rises = torch.cat([r for _, r in both]).double()
            spread = max(float(mels.std()), 1e-3)
            rise_spread = max(float(rises.square().mean().sqrt()), 1e-3)
            scales.append((float(mels.mean()), spread, rise_spread))
        return tuple(scales)


def join_blocks(
    blocks: Mapping[int, NDArray[np.float32]], n_song_beats: int, first: int, n_beats: int
) -> NDArray[np.float32]:
    """A run of beats out of blocks; zeros outside the song.

    Parameters
    ----------
    blocks : mapping of int to ndarray, each of shape (8 * n, ...)
        At least those that the run touches.
    n_song_beats, first, n_beats : int

    Returns
    -------
    ndarray, shape (n_beats * n, ...)
    """
    low, high = max(first, 0), min(first + n_beats, n_song_beats)
    like = blocks[low // BLOCK_BEATS if low < high else 0]
    per_beat = len(like) // BLOCK_BEATS
    found = np.zeros((n_beats * per_beat, *like.shape[1:]), dtype=np.float32)
    while low < high:
        block, skipped = divmod(low, BLOCK_BEATS)
        taken = min(BLOCK_BEATS - skipped, high - low)
        to = (low - first) * per_beat
        rows = slice(skipped * per_beat, (skipped + taken) * per_beat)
        found[to : to + taken * per_beat] = blocks[block][rows]
        low += taken
    return found


_HOP = 256
_SILENT_DB = -55.0


def activity(samples: Samples, grid: SlotGrid, spec: FeatureSpec) -> NDArray[np.float32]:
    """How much starts in each beat, from the waveform alone.

    Costs a few hundredths of a second for a whole song, so that a plan can share out its
    notes before the network has heard all of it.

    Parameters
    ----------
    samples : ndarray, shape (N,), float32
    grid : SlotGrid
    spec : FeatureSpec

    Returns
    -------
    ndarray, shape (B,), float32
        0 in silence; the mean of the beats that sound is 1; at most 2.
    """
    n_hops = max(len(samples) // _HOP, 1)
    whole = np.resize(samples, n_hops * _HOP) if len(samples) < _HOP else samples[: n_hops * _HOP]
    hops = whole.reshape(n_hops, _HOP)
    # The difference of neighbours weighs what attacks carry: the high frequencies.
    power = np.square(np.diff(hops, axis=1)).mean(axis=1, dtype=np.float64)
    loud = np.log(power + 1e-8)
    rises = np.maximum(np.diff(loud, prepend=loud[0]), 0.0)
    edges_s = np.append(grid.slot_s[::SLOTS_PER_BEAT], grid.slot_s[-1])
    edges = np.clip(edges_s * spec.rate_hz / _HOP, 0, n_hops)
    at = np.arange(n_hops + 1)
    lengths = np.maximum(np.diff(edges), 1e-6)
    rise = np.diff(np.interp(edges, at, np.append(0.0, np.cumsum(rises)))) / lengths
    mean_power = np.diff(np.interp(edges, at, np.append(0.0, np.cumsum(power)))) / lengths
    silent = mean_power <= max(power.max() * 10 ** (_SILENT_DB / 10), 1e-12)
    kernel = np.ones(BLOCK_BEATS)
    smooth = np.convolve(rise, kernel, "same") / np.convolve(np.ones_like(rise), kernel, "same")
    smooth[silent] = 0.0
    usual = smooth[~silent].mean() if (~silent).any() else 1.0
    return np.clip(smooth / max(usual, 1e-9), 0.0, 2.0).astype(np.float32)

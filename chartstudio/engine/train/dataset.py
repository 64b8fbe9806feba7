"""Training windows out of rendered pieces with charts.

A store is a folder of pieces: the features of each render, its timing, and charts by the
teacher. Windows are cut and spelled by the functions that draft; what is added here is what
to hide of a chart, and batches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chartstudio.audio import decode
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress
from chartstudio.core.mode import Mode
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.engine.features import (
    SLOTS_PER_BEAT,
    SLOTS_PER_POSITION,
    FeatureSpec,
    Samples,
    SlotGrid,
    SongFeatures,
    join_blocks,
    mono,
    slot_grid,
)
from chartstudio.engine.net import Heard
from chartstudio.engine.plan import Curve
from chartstudio.engine.task import Wish, as_tensors, asked_for
from chartstudio.engine.tokens import Rows, all_gaps, all_traces, encode_rows
from chartstudio.engine.train import augment, synthesis, teacher
from chartstudio.engine.train.piece import TAUGHT_MODES, Piece
from chartstudio.engine.vocab import END, Vocabulary
from chartstudio.engine.windows import WindowInput, look
from chartstudio.modes import MODES

CHARTS_PER_PIECE = 8
_MODE_SHARES = {"dance-single": 0.28, "dance-double": 0.08, "pump-single": 0.10}
"""Share of the charts that a mode gets; the rest is split evenly among the others."""

_FEWEST_ROWS = 16
_LATEST_S = 0.025


# The store -------------------------------------------------------------------------------


def add_piece(folder: Path, piece: Piece, spec: FeatureSpec, seed: int) -> None:
    """Render a piece, chart it, and write both into a store.

    Parameters
    ----------
    folder : Path
    piece : Piece
    spec : FeatureSpec
    seed : int
        Names the piece in the store, and decides its sound and charts.
    """
    _add(folder, piece, spec, seed, None)


def add_recording(
    folder: Path, piece: Piece, samples: Samples, spec: FeatureSpec, seed: int
) -> None:
    """Like `add_piece`, with a recording of the piece instead of a render.

    ``samples`` are mono at the spec's rate, second 0 of the piece's timing first.
    """
    _add(folder, piece, spec, seed, samples)


def _add(folder: Path, piece: Piece, spec: FeatureSpec, seed: int, samples: Samples | None) -> None:
    rng = np.random.default_rng(seed)
    charts = _charts(piece, rng)
    samples = augment.augment(synthesis.render(piece, rng) if samples is None else samples, rng)
    song = features_of(samples, piece.timing, spec)
    np.save(folder / f"{seed}.npy", song.all_blocks())
    found = {
        "name": piece.name,
        "duration_s": len(samples) / spec.rate_hz,
        "timing": [{**asdict(a), "cause": a.cause.value} for a in piece.timing.anchors],
        "charts": [_chart_to_json(chart) for chart in charts],
    }
    # The description comes last: a piece without one is not read.
    (folder / f"{seed}.json").write_text(json.dumps(found), encoding="utf-8")


def features_of(samples: Samples, timing: TimingMap, spec: FeatureSpec) -> SongFeatures:
    """Features of mono samples at the spec's rate, as drafting computes them."""
    return SongFeatures(samples, slot_grid(timing, len(samples) / spec.rate_hz), spec)


def _charts(piece: Piece, rng: np.random.Generator) -> list[Chart]:
    others = [mode for mode in TAUGHT_MODES if mode not in _MODE_SHARES]
    rest = (1 - sum(_MODE_SHARES.values())) / len(others)
    shares = np.array([_MODE_SHARES.get(mode, rest) for mode in TAUGHT_MODES])
    charts = []
    for mode_id in rng.choice(TAUGHT_MODES, CHARTS_PER_PIECE, p=shares / shares.sum()):
        low, high = MODES[mode_id].level_range
        # Authors write more easy and middling charts than extreme ones.
        level = low + (high - low) * float(rng.beta(1.6, 1.9))
        chart = teacher.write(piece, str(mode_id), level, rng)
        if len(chart.notes) >= _FEWEST_ROWS:
            charts.append(chart)
    return charts


def _chart_to_json(chart: Chart) -> dict[str, Any]:
    notes = [(n.tick, n.end, n.lane, n.kind) for n in chart.notes if isinstance(n, LaneNote)]
    return {"mode": chart.mode, "level": chart.level, "notes": notes}


def fill_store(data: Path, folder: Path, n_pieces: int, seed: int) -> Job[int]:
    """Render pieces into a store until it holds so many; those there already are kept.

    Returns
    -------
    int
        Pieces in the store.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = synthesis.pieces(data, seed)
    for i in range(n_pieces):
        piece = next(source)
        if not (folder / f"{seed + i}.json").exists():
            add_piece(folder, piece, FeatureSpec(), seed + i)
        yield Progress((i + 1) / n_pieces, f"Rendered {piece.name}")
    return len(list(folder.glob("*.json")))


def add_recordings(data: Path, folder: Path, n_each: int, seed: int) -> Job[int]:
    """Add the manifest's recordings whose notes are known from an aligned MIDI file.

    Parameters
    ----------
    data, folder : Path
    n_each : int
        Variants of each, with other charts and other augmentation.
    seed : int

    Returns
    -------
    int
        Recordings that were added.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = json.loads((data / "manifest.json").read_text(encoding="utf-8"))
    rows = [r for r in rows if r["kind"] == "paired" and r["train_ok"] and r.get("aligned")]
    spec = FeatureSpec()
    for i, row in enumerate(rows):
        piece = synthesis.read_midi(data / row["midi"], row["title"])
        audio = decode.load(data / row["audio"])
        heard = mono(audio.samples, audio.rate_hz, spec)
        late = round(row["midi_to_audio_offset_s"] * spec.rate_hz)
        heard = heard[late:] if late >= 0 else np.pad(heard, (-late, 0))
        for k in range(n_each if synthesis.usable(piece) else 0):
            add_recording(folder, piece, heard, spec, seed + i * n_each + k)
        yield Progress((i + 1) / len(rows), f"Added {piece.name}")
    return len(rows)


@dataclass(frozen=True, eq=False)
class StoredSong:
    """A piece of a store; its features stay on disk until they are asked for."""

    path: Path
    grid: SlotGrid
    timing: TimingMap

    @cached_property
    def _blocks(self) -> dict[int, NDArray[np.float32]]:
        return dict(enumerate(np.load(self.path, mmap_mode="r")))

    def beats(self, first: int, n_beats: int) -> NDArray[np.float32]:
        """Features of a run of beats, shape (n_beats * 12, M)."""
        return join_blocks(self._blocks, self.grid.n_beats, first, n_beats)


@dataclass(frozen=True, eq=False)
class Example:
    """One chart of one piece, spelled."""

    song: StoredSong
    mode: Mode
    level: float
    rows: Rows

    @cached_property
    def gaps(self) -> NDArray[np.float32]:
        """`tokens.all_gaps` of the rows."""
        return all_gaps(self.rows)

    @cached_property
    def traces(self) -> NDArray[np.float32]:
        """`tokens.all_traces` of the rows."""
        return all_traces(self.rows)

    @cached_property
    def wish(self) -> Wish:
        """The chart's own level, rows per second from the first to the last, and shares."""
        rows = self.rows
        span_s = max(float(rows.seconds[-1] - rows.seconds[0]), 1.0)
        holds = float(np.mean(rows.end_slots > rows.slots))
        chords = float(np.mean(self.sizes > 1))
        return Wish(self.level, len(rows) / span_s, holds, chords)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Notes of each row."""
        return np.array([len(self.mode.decode(0, events)[0]) for events in self.rows.events])


def read_store(folder: Path, vocabulary: Vocabulary) -> Iterator[Example]:
    """All charts of a store that the vocabulary can spell.

    Raises
    ------
    EngineError
        When the folder holds no pieces.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise EngineError(f"{folder}: holds no rendered pieces; fill the store first")
    for path in paths:
        found = json.loads(path.read_text(encoding="utf-8"))
        timing = TimingMap(
            tuple(Anchor(**{**a, "cause": Cause(a["cause"])}) for a in found["timing"])
        )
        grid = slot_grid(timing, found["duration_s"])
        song = StoredSong(path.with_suffix(".npy"), grid, timing)
        for chart in found["charts"]:
            if chart["mode"] not in vocabulary.mode_ids:
                continue
            mode = MODES[chart["mode"]]
            notes = [LaneNote(*note) for note in chart["notes"]]
            rows = encode_rows(notes, mode, vocabulary, timing, grid)
            if len(rows) >= _FEWEST_ROWS:
                yield Example(song, mode, float(chart["level"]), rows)


def level_curves(
    examples: Sequence[Example],
) -> tuple[tuple[tuple[str, Curve], ...], tuple[tuple[str, Curve], ...]]:
    """What the charts of a store have at their levels, for each mode.

    Returns
    -------
    density : tuple of (str, Curve)
        Note times per second, rising.
    chords : tuple of (str, Curve)
        Share of the rows with more than one note.
    """
    density, chords = [], []
    for mode_id in dict.fromkeys(e.mode.id for e in examples):
        wishes = [e.wish for e in examples if e.mode.id == mode_id]
        own = sorted((w.level, w.times_per_s, w.chords) for w in wishes)
        bins = np.array_split(np.array(own), max(min(len(own) // 6, 8), 1))
        medians = np.array([np.median(b, axis=0) for b in bins])
        medians[:, 1] = np.maximum.accumulate(medians[:, 1])
        rising = np.diff(medians[:, :2], axis=0, prepend=-1.0).min(axis=1) > 1e-3
        kept = medians[rising].tolist()
        density.append((mode_id, tuple((level, rate) for level, rate, _ in kept)))
        chords.append((mode_id, tuple((level, share) for level, _, share in kept)))
    return tuple(density), tuple(chords)


# Windows ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Windows with what is to be learned from them.

    Attributes
    ----------
    heard : Heard
    when : Tensor, shape (B, S, 3)
        Note, chord, hold at each slot.
    asked : Tensor of bool, shape (B, S)
        Slots whose beat is hidden.
    row_inputs : Tensor, shape (B, R, N_GAPS + 3 * V)
    row_positions : Tensor of int64, shape (B, R)
        Where in the window's states each row is heard.
    row_beats : Tensor, shape (B, R)
    step_rows : Tensor of int64, shape (N,)
        Which row (``b * R + r``) each spelled event belongs to; hidden rows only.
    so_far : Tensor, shape (N, V)
    last, target : Tensor of int64, shape (N,)
    """

    heard: Heard
    when: Tensor
    asked: Tensor
    row_inputs: Tensor
    row_positions: Tensor
    row_beats: Tensor
    step_rows: Tensor
    so_far: Tensor
    last: Tensor
    target: Tensor


def hide(n_beats: int, per_bar: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which beats of a chart are known, shape (B,): none, both sides of a gap, or some bars."""
    kind = rng.random()
    if kind < 0.45:
        return np.zeros(n_beats, dtype=bool)
    n_bars = -(-n_beats // per_bar)
    if kind < 0.75:
        known = np.ones(n_bars, dtype=bool)
        length = int(np.ceil(2 ** rng.uniform(0, np.log2(max(n_bars, 2)))))
        start = int(rng.integers(max(n_bars - length, 0) + 1))
        known[start : start + length] = False
    else:
        known = rng.random(n_bars) < rng.uniform(0.05, 0.6)
    return np.repeat(known, per_bar)[:n_beats]


def roughen(
    features: NDArray[np.float32], spec: FeatureSpec, slot_s: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Features of one window as another room, mix, player and timing would give them.

    Bands are raised, lowered or silenced for the whole window, so that a song is not known by
    its tone: without this the network learns the rendered songs by heart. All is moved by up
    to `_LATEST_S`, because authors sync by ear: a network that has only seen exact timing
    hears nothing in a song that is 20 ms off.

    Parameters
    ----------
    features : ndarray, shape (T, M)
    spec : FeatureSpec
    slot_s : float
        Time from slot to slot.
    rng : numpy.random.Generator
    """
    late_s = float(np.clip(rng.normal(0.0, _LATEST_S / 2), -_LATEST_S, _LATEST_S))
    tilt, bend = rng.normal(0.0, 0.4, 2)
    parts, start = [], 0
    for group in spec.groups:
        part = features[:, start : start + group.n_channels].reshape(-1, 2 * group.n_mels)
        start += group.n_channels
        place = np.linspace(-1.0, 1.0, group.n_mels)
        tone = tilt * place + bend * np.cos(np.pi * place) + rng.normal(0.0, 0.15, group.n_mels)
        heard = np.ones(group.n_mels)
        if rng.random() < 0.7:
            low = int(rng.integers(group.n_mels))
            heard[low : low + int(rng.integers(1, group.n_mels // 3))] = 0.0
        rise = heard * np.exp(rng.normal(0.0, 0.25)) * np.exp(rng.normal(0.0, 0.2, group.n_mels))
        scale = np.concatenate((heard * np.exp(rng.normal(0.0, 0.15)), rise))
        offset = np.concatenate((tone * heard, np.zeros(group.n_mels)))
        n_late = round(late_s / slot_s * group.per_beat / SLOTS_PER_BEAT)
        moved = np.roll(part, n_late, axis=0) * scale.astype(np.float32)
        parts.append((moved + offset.astype(np.float32)).reshape(len(features), -1))
    return np.concatenate(parts, axis=1)


@dataclass(eq=False)
class Windows:
    """An endless stream of batches.

    Parameters
    ----------
    examples : sequence of Example
    vocabulary : Vocabulary
    features : FeatureSpec
    n_beats : int
        Length of a window.
    rng : numpy.random.Generator
        Its state is all that a resumed training needs.
    """

    examples: Sequence[Example]
    vocabulary: Vocabulary
    features: FeatureSpec
    n_beats: int
    rng: np.random.Generator

    def batch(self, size: int) -> Batch:
        """The next batch."""
        return self._collate([self._draw() for _ in range(size)])

    def _draw(self) -> _Cut:
        rng = self.rng
        example = self.examples[int(rng.integers(len(self.examples)))]
        n_song = example.song.grid.n_beats
        known = hide(n_song, 4, rng)
        hidden = np.flatnonzero(~known)
        if not len(hidden):
            known[:], hidden = False, np.arange(n_song)
        # Some hidden beat lies in the window; songs' edges are seen as often as their middles.
        first = int(rng.choice(hidden)) - int(rng.integers(self.n_beats))
        first = min(max(first, -4), max(n_song + 4 - self.n_beats, -4))
        rate = example.wish.times_per_s * float(np.exp(rng.normal(0.0, 0.1)))
        seen = look(example.song, example.rows, known, first, self.n_beats)
        slot_s = float(np.exp(seen.beat_s[0])) / SLOTS_PER_BEAT
        seen = replace(seen, features=roughen(seen.features, self.features, slot_s, rng))
        return _Cut(
            example,
            known,
            first,
            seen,
            asked_for(example.mode, replace(example.wish, times_per_s=rate)),
        )

    def _collate(self, cuts: Sequence[_Cut]) -> Batch:
        mode = [self.vocabulary.index(c.example.mode) for c in cuts]
        heard = as_tensors([c.seen for c in cuts], mode, np.stack([c.asked for c in cuts]))
        spans = [c.rows(self.n_beats) for c in cuts]
        most = max(max(len(s) for s in spans), 1)
        n_inputs = cuts[0].example.gaps.shape[1] + 3 * self.vocabulary.n_events
        inputs = np.zeros((len(cuts), most, n_inputs), dtype=np.float32)
        slots = np.zeros((len(cuts), most), dtype=np.int64)
        when, asked, steps = [], [], []
        for b, (cut, span) in enumerate(zip(cuts, spans, strict=True)):
            inputs[b, : len(span)] = cut.row_inputs(span)
            slots[b, : len(span)] = cut.slots(span)
            when.append(cut.when(span, self.n_beats))
            asked.append(cut.hidden_slots(self.n_beats))
            steps += self._steps(cut, span, b * most)
        return Batch(
            heard=heard,
            when=torch.from_numpy(np.stack(when)),
            asked=torch.from_numpy(np.stack(asked)),
            row_inputs=torch.from_numpy(inputs),
            row_positions=torch.from_numpy(slots // SLOTS_PER_POSITION),
            row_beats=torch.from_numpy((slots / SLOTS_PER_BEAT).astype(np.float32)),
            step_rows=torch.tensor([s[0] for s in steps], dtype=torch.int64),
            so_far=torch.from_numpy(np.array([s[1] for s in steps], dtype=np.float32)),
            last=torch.tensor([s[2] for s in steps], dtype=torch.int64),
            target=torch.tensor([s[3] for s in steps], dtype=torch.int64),
        )

    def _steps(
        self, cut: _Cut, span: NDArray[np.int64], first: int
    ) -> list[tuple[int, NDArray[np.float32], int, int]]:
        """Every event of the hidden rows: row, events before it, the last of them, itself."""
        shared = self.vocabulary.shared(cut.example.mode)
        rows, steps = cut.example.rows, []
        for r, row in enumerate(span.tolist()):
            if cut.known[rows.slots[row] // SLOTS_PER_BEAT]:
                continue
            so_far, last = np.zeros(self.vocabulary.n_events, dtype=np.float32), END
            for event in rows.events[row]:
                target = int(shared[event])
                steps.append((first + r, so_far.copy(), last, target))
                so_far[target], last = 1.0, target
        return steps


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """One window of one chart."""

    example: Example
    known: NDArray[np.bool_]
    first: int
    seen: WindowInput
    asked: NDArray[np.float32]

    def rows(self, n_beats: int) -> NDArray[np.int64]:
        """Rows that start in the window."""
        edges = np.array([self.first, self.first + n_beats]) * SLOTS_PER_BEAT
        low, high = np.searchsorted(self.example.rows.slots, edges)
        return np.arange(low, high)

    def slots(self, span: NDArray[np.int64]) -> NDArray[np.int64]:
        """Slots of rows, counted from the window's start."""
        slots: NDArray[np.int64] = self.example.rows.slots[span] - self.first * SLOTS_PER_BEAT
        return slots

    def row_inputs(self, span: NDArray[np.int64]) -> NDArray[np.float32]:
        """What the placer is told of rows besides the sound."""
        bags = self.example.rows.bags
        before = np.where((span > 0)[:, None], bags[np.maximum(span - 1, 0)], 0.0)
        parts = (self.example.gaps[span], before, self.example.traces[span])
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def when(self, span: NDArray[np.int64], n_beats: int) -> NDArray[np.float32]:
        """Note, chord and hold at each slot."""
        found = np.zeros((n_beats * SLOTS_PER_BEAT, 3), dtype=np.float32)
        slots, rows = self.slots(span), self.example.rows
        found[slots, 0] = 1.0
        found[slots, 1] = self.example.sizes[span] > 1
        found[slots, 2] = rows.end_slots[span] > rows.slots[span]
        return found

    def hidden_slots(self, n_beats: int) -> NDArray[np.bool_]:
        """Slots of hidden beats inside the song."""
        beats = np.arange(self.first, self.first + n_beats)
        inside = (beats >= 0) & (beats < len(self.known))
        hidden = inside & ~self.known[np.clip(beats, 0, len(self.known) - 1)]
        return np.repeat(hidden, SLOTS_PER_BEAT)

"""Training windows out of a store: what to draw, what to show of it, and batches.

Windows are gathered and spelled by the functions that draft. A batch follows from the seed and
its number alone, so that a training that goes on sees what it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chartstudio.core.errors import EngineError
from chartstudio.engine.echo import Likeness, heard_from
from chartstudio.engine.features import SLOTS_PER_BEAT, SLOTS_PER_POSITION, FeatureSpec
from chartstudio.engine.net import Heard, NetSpec
from chartstudio.engine.plan import Curve
from chartstudio.engine.task import Wish, asked_for
from chartstudio.engine.tokens import row_inputs
from chartstudio.engine.train.masks import Mask, draw_kind, hide
from chartstudio.engine.train.roughen import roughen
from chartstudio.engine.train.store import StoredChart
from chartstudio.engine.vocab import END, Vocabulary
from chartstudio.engine.windows import Guide, WindowInput, layer_shares, look, style_vector

FEWEST_ROWS = 16

_SILENT_BEATS = 8
"""So many beats without a row follow nothing."""

# What is drawn ---------------------------------------------------------------------------

PLAIN, RICH, RARE = range(3)
"""Classes of rows: bare notes; held ones and chords; objects that are rare in their mode."""

STAGES: tuple[tuple[float, tuple[float, float, float]], ...] = (
    (0.0, (0.8, 0.15, 0.05)),
    (0.2, (0.5, 0.35, 0.15)),
    (0.5, (0.34, 0.36, 0.30)),
    (1.0, (0.4, 0.4, 0.2)),
)
"""Share of the windows drawn for each class by how far the training is, 0 to 1."""

_RARE_SHARE = 0.04
_KINDS = ("osu-object", "drum-hit", "drum-roll", "slider-spans")
"""Ranges whose events are kinds of object, each rare or not by itself."""

UNSAID = {"echo": 0.15, "density": 0.35, "layers": 0.5, "style": 0.5, "habit": 0.3}
"""How often the network is not told of each, so that it does without."""


@dataclass(frozen=True, eq=False)
class Example:
    """One chart of one piece."""

    chart: StoredChart
    classes: NDArray[np.int8]

    @cached_property
    def wish(self) -> Wish:
        """The chart's own level, rows per second from the first to the last, and shares."""
        rows = self.chart.rows
        span_s = max(float(rows.seconds[-1] - rows.seconds[0]), 1.0)
        holds = float(np.mean(rows.end_slots > rows.slots))
        chords = float(np.mean(self.chart.sizes > 1))
        return Wish(self.chart.level, len(rows) / span_s, holds, chords)

    @cached_property
    def per_beat(self) -> NDArray[np.float32]:
        """Rows of each beat, shape (B,)."""
        beats = self.chart.rows.slots // SLOTS_PER_BEAT
        return np.bincount(beats, minlength=self.chart.song.grid.n_beats).astype(np.float32)

    def layers(self, names: Sequence[str]) -> NDArray[np.int64]:
        """The layer that each beat follows, counted from 1; 0 where that is not known."""
        found = np.zeros(len(self.per_beat), dtype=np.int64)
        ticks = self.chart.song.grid.beat_ticks[:-1]
        for start, end, layer in self.chart.follow:
            if layer in names:
                found[(ticks >= start) & (ticks < end)] = 1 + names.index(layer)
        if "none" in names:
            found[smooth(self.per_beat, 2 * _SILENT_BEATS) == 0] = 1 + names.index("none")
        return found


def smooth(per_beat: NDArray[np.float32], n_beats: int) -> NDArray[np.float32]:
    """The mean over some beats around each, as an author paints density and a plan makes it."""
    kernel = np.ones(n_beats, dtype=np.float32)
    total = np.convolve(per_beat, kernel, "same")[: len(per_beat)]
    weight = np.convolve(np.ones_like(per_beat), kernel, "same")[: len(per_beat)]
    return np.maximum(total / weight, 0.0).astype(np.float32)


def examples_of(charts: Iterable[StoredChart]) -> list[Example]:
    """Charts that are long enough, with the classes of their rows.

    Raises
    ------
    EngineError
        When there are none.
    """
    kept = [c for c in charts if len(c.rows) >= FEWEST_ROWS]
    if not kept:
        raise EngineError("the training music holds no charts; fill it with --data first")
    rare = {mode_id: _rare_events([c for c in kept if c.mode.id == mode_id])
            for mode_id in {c.mode.id for c in kept}}  # fmt: skip
    return [Example(c, _classes(c, rare[c.mode.id])) for c in kept]


def _rare_events(charts: Sequence[StoredChart]) -> NDArray[np.bool_]:
    """Events of a mode that few rows hold: whole ranges, and kinds of object one by one."""
    mode = charts[0].mode
    n_rows = sum(len(c.rows) for c in charts)
    counts = sum(np.bincount(c.rows.flat, minlength=mode.n_events) for c in charts)
    assert not isinstance(counts, int)
    found, first = np.zeros(mode.n_events, dtype=bool), 0
    for r in mode.event_ranges:
        span = slice(first, first + r.size)
        own = counts[span] if r.name in _KINDS else np.full(r.size, counts[span].sum())
        found[span] = own < _RARE_SHARE * n_rows
        first += r.size
    return found


def _classes(chart: StoredChart, rare: NDArray[np.bool_]) -> NDArray[np.int8]:
    rows = chart.rows
    rich = (rows.end_slots > rows.slots) | (chart.sizes > 1)
    is_rare = np.logical_or.reduceat(rare[rows.flat], rows.starts[:-1])
    return np.where(is_rare, RARE, np.where(rich, RICH, PLAIN)).astype(np.int8)


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
    for mode_id in dict.fromkeys(e.chart.mode.id for e in examples):
        wishes = [e.wish for e in examples if e.chart.mode.id == mode_id]
        own = sorted((w.level, w.times_per_s, w.chords) for w in wishes)
        bins = np.array_split(np.array(own), max(min(len(own) // 6, 8), 1))
        medians = np.array([np.median(b, axis=0) for b in bins])
        medians[:, 1] = np.maximum.accumulate(medians[:, 1])
        rising = np.diff(medians[:, :2], axis=0, prepend=-1.0).min(axis=1) > 1e-3
        kept = medians[rising].tolist()
        density.append((mode_id, tuple((level, rate) for level, rate, _ in kept)))
        chords.append((mode_id, tuple((level, share) for level, _, share in kept)))
    return tuple(density), tuple(chords)


def habit_ranges(examples: Sequence[Example]) -> tuple[tuple[str, float, float], ...]:
    """Habits of the charts' authors with their lowest and highest values, by name."""
    values: dict[str, list[float]] = {}
    for example in examples:
        for name, value in example.chart.habits.items():
            values.setdefault(name, []).append(value)
    return tuple((name, min(v), max(v)) for name, v in sorted(values.items()) if min(v) < max(v))


# Batches ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Windows with what is to be learned from them.

    Attributes
    ----------
    heard : Heard
    when : Tensor, shape (B, S, 3)
        Note, chord, hold at each slot.
    asked : Tensor of bool, shape (B, S)
        Slots where it is asked whether a row stands.
    row_inputs : Tensor, shape (B, R, N_GAPS + 3 * V)
    row_positions : Tensor of int64, shape (B, R)
        Where in the window's states each row is heard.
    row_beats : Tensor, shape (B, R)
    step_rows : Tensor of int64, shape (N,)
        Which row (``b * R + r``) each spelled event belongs to; asked rows only.
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

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        return Batch(*(getattr(self, name).to(device) for name in Batch.__dataclass_fields__))


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One window of one chart, with its task.

    Attributes
    ----------
    first, n_beats : int
        The window.
    """

    example: Example
    mask: Mask
    first: int
    n_beats: int
    seen: WindowInput
    asked: NDArray[np.float32]

    @property
    def span(self) -> tuple[int, int]:
        """First row and end of those that start in the window."""
        return self.example.chart.rows.between(self.first, self.n_beats)

    def when(self, slots: NDArray[np.int64]) -> NDArray[np.float32]:
        """Note, chord and hold at each slot; ``slots`` are those of the window's rows."""
        found = np.zeros((self.n_beats * SLOTS_PER_BEAT, 3), dtype=np.float32)
        low, high = self.span
        rows = self.example.chart.rows
        found[slots, 0] = 1.0
        found[slots, 1] = self.example.chart.sizes[low:high] > 1
        found[slots, 2] = rows.end_slots[low:high] > rows.slots[low:high]
        return found

    def asked_slots(self) -> NDArray[np.bool_]:
        """Slots of the window where it is asked whether a row stands."""
        found = np.zeros(self.n_beats * SLOTS_PER_BEAT, dtype=bool)
        start = self.first * SLOTS_PER_BEAT
        low, high = max(start, 0), min(start + len(found), len(self.mask.slots))
        found[low - start : high - start] = self.mask.slots[low:high]
        return found


def steps_of(cut: Cut) -> tuple[NDArray[np.int64], ...]:
    """Every event of the asked rows of a window, and what precedes it in its row.

    Returns
    -------
    rows, last, target : ndarray of int64, shape (N,)
        Row of each event, counted from the window's first; the event before it, or `END`; and
        the event itself.
    told_steps, told : ndarray of int64, shape (P,)
        Pairs of a step and an event that the row already holds there.
    """
    low, high = cut.span
    rows = cut.example.chart.rows
    chosen = low + np.flatnonzero(cut.mask.rows[low:high])
    counts = (rows.starts[chosen + 1] - rows.starts[chosen]).astype(np.int64)
    ends = np.cumsum(counts)
    within = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts)
    target = rows.shared[np.repeat(rows.starts[chosen], counts) + within].astype(np.int64)
    last = np.where(within > 0, np.roll(target, 1), END)
    # Step i of a row is told of the i events before it.
    told_steps = np.repeat(np.arange(len(target)), within)
    before = np.arange(len(told_steps)) - np.repeat(np.cumsum(within) - within, within)
    told = target[(np.arange(len(target)) - within)[told_steps] + before]
    return np.repeat(chosen - low, counts), last, target, told_steps, told


@dataclass(frozen=True, eq=False)
class Windows:
    """Draws windows and makes batches of them.

    Parameters
    ----------
    examples : sequence of Example
    vocabulary : Vocabulary
    features : FeatureSpec
    net : NetSpec
        What the network can be told.
    n_beats : int
        Length of a window.
    unsaid : mapping of str to float
        How often the network is not told of each; see `UNSAID`.
    """

    examples: Sequence[Example]
    vocabulary: Vocabulary
    features: FeatureSpec
    net: NetSpec
    n_beats: int
    unsaid: Mapping[str, float] = field(default_factory=UNSAID.copy)

    @cached_property
    def _by_class(self) -> dict[str, tuple[NDArray[np.int64], ...]]:
        """For each mode the examples to draw a class from, plain, rich and rare."""
        found = {}
        for mode_id in dict.fromkeys(e.chart.mode.id for e in self.examples):
            own = np.array([i for i, e in enumerate(self.examples) if e.chart.mode.id == mode_id])
            shares = np.array(
                [[np.mean(self.examples[i].classes == c) for c in (PLAIN, RICH, RARE)] for i in own]
            )
            plain = own[shares[:, PLAIN] >= np.median(shares[:, PLAIN])]
            found[mode_id] = (plain, own[shares[:, RICH] > 0], own[shares[:, RARE] > 0])
        return found

    @property
    def mode_ids(self) -> tuple[str, ...]:
        """Modes that there are charts of."""
        return tuple(sorted({e.chart.mode.id for e in self.examples}))

    def batch(self, size: int, seed: tuple[int, int], share: float) -> Batch:
        """A batch that its seed decides.

        Parameters
        ----------
        size : int
        seed : (int, int)
            Of the training, and the number of the batch.
        share : float
            How far the training is, 0 to 1.
        """
        rng = np.random.default_rng(seed)
        return self.collate([self.draw(rng, share) for _ in range(size)], rng)

    def draw(self, rng: np.random.Generator, share: float) -> Cut:
        """One window of a chart, with a task."""
        example, wanted = self._choose(rng, share)
        mask = hide(draw_kind(rng), example.chart.rows, example.chart.song.bars.beats, rng)
        return self.cut(example, mask, self.first_beat(example, mask, rng, wanted), rng)

    def _choose(self, rng: np.random.Generator, share: float) -> tuple[Example, int]:
        """A chart and the class of rows that it is drawn for."""
        drawn = self.examples[int(rng.integers(len(self.examples)))]
        places, shares = zip(*STAGES, strict=True)
        weights = [np.interp(share, places, column) for column in zip(*shares, strict=True)]
        wanted = int(rng.choice(3, p=np.array(weights) / sum(weights)))
        fitting = self._by_class[drawn.chart.mode.id][wanted]
        if not len(fitting):
            return drawn, PLAIN
        return self.examples[int(rng.choice(fitting))], wanted

    def first_beat(
        self, example: Example, mask: Mask, rng: np.random.Generator, wanted: int = PLAIN
    ) -> int:
        """First beat of a window that asks for something, for a row of the wanted class."""
        rows, n_song = example.chart.rows, example.chart.song.grid.n_beats
        asked = ~mask.charted
        if wanted != PLAIN:
            own = np.unique(rows.slots[example.classes == wanted] // SLOTS_PER_BEAT)
            own = own[asked[own]]
            if len(own):
                asked = np.zeros_like(asked)
                asked[own] = True
        # Songs' edges are seen as often as their middles.
        first = int(rng.choice(np.flatnonzero(asked))) - int(rng.integers(self.n_beats))
        return min(max(first, -4), max(n_song + 4 - self.n_beats, -4))

    def cut(self, example: Example, mask: Mask, first: int, rng: np.random.Generator) -> Cut:
        """Gather a window, with what the network is told beside it."""
        chart = example.chart
        seen = look(
            chart.song, chart.rows, mask.known, first, self.n_beats, self._guide(example, mask, rng)
        )
        rate = example.wish.times_per_s * float(np.exp(rng.normal(0.0, 0.1)))
        asked = asked_for(chart.mode, replace(example.wish, times_per_s=rate))
        return Cut(example, mask, first, self.n_beats, seen, asked)

    def _guide(self, example: Example, mask: Mask, rng: np.random.Generator) -> Guide:
        """What the network is told, each at times left out."""
        chart, n_song = example.chart, example.chart.song.grid.n_beats
        said = {name: rng.random() >= chance for name, chance in self.unsaid.items()}
        bars = chart.song.bars.beats
        whole = np.add.reduceat(mask.charted, bars[:-1]) == np.diff(bars)
        whole &= said["echo"]
        density = np.full(n_song, np.nan, dtype=np.float32)
        if said["density"]:
            loose = np.exp(rng.normal(0.0, 0.08, n_song)).astype(np.float32)
            density = smooth(example.per_beat, int(rng.choice((4, 8, 16)))) * loose
        follow = example.layers(self.net.layers) * said["layers"]
        layers = layer_shares(follow[:, None] == 1 + np.arange(len(self.net.layers)))
        habits = {k: v for k, v in chart.habits.items() if rng.random() >= self.unsaid["habit"]}
        return Guide(
            shown=mask.shown,
            echo=heard_from(whole, cast(Likeness, chart.song.bars)) if self.net.n_echo else None,
            density=density if self.net.guided else None,
            layers=layers if self.net.layers else None,
            style=style_vector(habits if said["style"] else {}, self.net.styles),
        )

    def collate(self, cuts: Sequence[Cut], rng: np.random.Generator | None) -> Batch:
        """A batch of windows, their sound roughened by ``rng`` where there is one."""
        mode = [self.vocabulary.index(c.example.chart.mode) for c in cuts]
        heard = Heard.of([c.seen for c in cuts], mode, np.stack([c.asked for c in cuts]))
        slot_s = np.exp([float(c.seen.beat_s[0]) for c in cuts]) / SLOTS_PER_BEAT
        features = heard.features.float()
        if rng is not None:
            features = roughen(features, self.features, slot_s, rng)
        spans = [c.span for c in cuts]
        most = max(max(high - low for low, high in spans), 1)
        parts = [
            row_inputs(c.example.chart.rows, *span) for c, span in zip(cuts, spans, strict=True)
        ]
        inputs = np.zeros((len(cuts), most, parts[0].shape[1]), dtype=np.float32)
        slots = np.zeros((len(cuts), most), dtype=np.int64)
        when, steps = [], []
        for b, (cut, (low, high)) in enumerate(zip(cuts, spans, strict=True)):
            inputs[b, : high - low] = parts[b]
            own = cut.example.chart.rows.slots[low:high] - cut.first * SLOTS_PER_BEAT
            slots[b, : high - low] = own
            when.append(cut.when(own))
            steps.append(steps_of(cut))
        return Batch(
            heard=replace(heard, features=features),
            when=torch.from_numpy(np.stack(when)),
            asked=torch.from_numpy(np.stack([c.asked_slots() for c in cuts])),
            row_inputs=torch.from_numpy(inputs),
            row_positions=torch.from_numpy(slots // SLOTS_PER_POSITION),
            row_beats=torch.from_numpy((slots / SLOTS_PER_BEAT).astype(np.float32)),
            **self._steps(steps, most),
        )

    def _steps(
        self, steps: Sequence[tuple[NDArray[np.int64], ...]], most: int
    ) -> dict[str, Tensor]:
        """The windows' steps, one after another."""
        n_before = np.cumsum([0, *(len(s[2]) for s in steps)])
        rows, last, target, told_steps, told = (
            np.concatenate(column)
            for column in zip(
                *(
                    (s[0] + b * most, s[1], s[2], s[3] + n_before[b], s[4])
                    for b, s in enumerate(steps)
                ),
                strict=True,
            )
        )
        so_far = torch.zeros(len(target), self.vocabulary.n_events)
        so_far[torch.from_numpy(told_steps), torch.from_numpy(told)] = 1.0
        return {
            "step_rows": torch.from_numpy(rows),
            "so_far": so_far,
            "last": torch.from_numpy(last),
            "target": torch.from_numpy(target),
        }

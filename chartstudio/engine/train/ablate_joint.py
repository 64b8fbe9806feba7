"""Times and rows in one autoregressive stream, for the table of `ablate`.

The program never runs this. It is the encoder-decoder that the field uses, on our encoder and
our windows: the decoder writes a window from left to right, for each row its time and then its
events, until it says that the window ends. Times are positions of the window (twelfths of a
beat), and are pointed at: the decoder's state is compared with the encoder's state there, which
needs less training than a symbol for each.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import process_time

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from chartstudio.core.ticks import Ticks
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.evaluate.times import count_miss
from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_BEAT, SLOTS_PER_POSITION
from chartstudio.engine.net import NEVER, Encoder, Heard, NetSpec
from chartstudio.engine.train.ablate_charts import Bools, Figures, HumanChart, Told
from chartstudio.engine.train.dataset import Batch, Cut
from chartstudio.engine.train.loop import Recipe, learning_rate
from chartstudio.engine.train.losses import Numbers
from chartstudio.engine.train.state import Counts, optimizer_of
from chartstudio.engine.vocab import END

_N_LAYERS, _N_HEADS = 2, 4
_MOST_EVENTS = 8
"""A row that is longer while drafting ends there."""
_MOST_SYMBOLS = 900
_SHORTEST, _LONGEST = 3.0, 768.0
"""Periods that places are told by, in positions: a quarter of a beat to two windows."""


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """Windows as they are written; L symbols each, shorter ones padded.

    Attributes
    ----------
    symbol : Tensor of int64, shape (B, L)
        The symbol before: an event, `Joint.time` or `Joint.start`.
    place : Tensor of int64, shape (B, L)
        Position of the row before or at hand, counted from 1; 0 before the first.
    target : Tensor of int64, shape (B, L)
        A position, T for the end of the window, or an event.
    timed, spelled : Tensor of bool, shape (B, L)
        Where a time is asked, and where an event is.
    """

    symbol: Tensor
    place: Tensor
    target: Tensor
    timed: Tensor
    spelled: Tensor


def streams(cuts: Sequence[Cut], n_events: int) -> Streams:
    """Windows as the decoder writes them; of rows at one position the first."""
    found = [_stream(cut, n_events) for cut in cuts]
    longest = max(len(one) for one in found)
    padded = np.zeros((len(found), longest, 5), dtype=np.int64)
    for b, one in enumerate(found):
        padded[b, : len(one)] = one
    columns = torch.from_numpy(padded).unbind(dim=2)
    return Streams(*columns[:3], *(column.bool() for column in columns[3:]))


def _stream(cut: Cut, n_events: int) -> NDArray[np.int64]:
    """Columns of `Streams`, shape (L, 5)."""
    rows, (low, high) = cut.example.chart.rows, cut.span
    asked = cut.asked_slots()[::SLOTS_PER_POSITION]
    n_asked = np.concatenate(((0,), np.cumsum(asked)))
    places = (rows.slots[low:high] - cut.first * SLOTS_PER_BEAT) // SLOTS_PER_POSITION
    symbol, last, found = n_events + 1, -1, []
    for row, place in zip(range(low, high), places.tolist(), strict=True):
        if place == last:
            continue
        # A time tells of all positions that it skips.
        timed = n_asked[place + 1] > n_asked[last + 1]
        found.append((symbol, last + 1, place, timed, False))
        symbol, last = n_events, place
        for event in rows.shared[rows.starts[row] : rows.starts[row + 1]].tolist():
            found.append((symbol, place + 1, event, False, cut.mask.rows[row]))
            symbol = event
    found.append((symbol, last + 1, len(asked), n_asked[-1] > n_asked[last + 1], False))
    return np.array(found, dtype=np.int64)


# The network -----------------------------------------------------------------------------

Memory = tuple[Tensor, Tensor]
"""Keys and values, each (B, heads, N, width of a head)."""


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.keep_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask = nn.Linear(width, width, bias=False)
        self.keep = nn.Linear(width, 2 * width, bias=False)
        self.give = nn.Linear(width, width, bias=False)

    def memory(self, x: Tensor) -> Memory:
        key, value = self.keep(self.keep_norm(x)).chunk(2, dim=2)
        return _heads(key), _heads(value)

    def forward(self, x: Tensor, memory: Memory, causal: bool) -> Tensor:
        seen = functional.scaled_dot_product_attention(
            _heads(self.ask(self.norm(x))), *memory, is_causal=causal
        )
        given: Tensor = self.give(seen.transpose(1, 2).flatten(2))
        return x + given


def _heads(x: Tensor) -> Tensor:
    return x.view(*x.shape[:2], _N_HEADS, -1).transpose(1, 2)


class _Layer(nn.Module):
    """Rows before, then the window, then a mix of channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before = _Attention(width)
        self.window = _Attention(width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, before: Memory, window: Memory, causal: bool) -> Tensor:
        x = self.before(x, before, causal)
        x = self.window(x, window, False)
        mixed: Tensor = self.narrow(functional.gelu(self.widen(self.norm(x))))
        return x + mixed


class Joint(nn.Module):
    """The encoder, whose own scores of times are not used, and a decoder."""

    def __init__(self, spec: NetSpec, n_positions: int) -> None:
        super().__init__()
        self.encoder = Encoder(spec)
        self.encoder.when.requires_grad_(False)
        w = spec.width
        self.spec, self.time, self.start = spec, spec.n_events, spec.n_events + 1
        self.symbol = nn.Embedding(spec.n_events + 2, w)
        self.place = nn.Linear(w, w)
        self._layers = nn.ModuleList(_Layer(w) for _ in range(_N_LAYERS))
        self.norm = nn.LayerNorm(w)
        self.event = nn.Linear(w, spec.n_events)
        self.point = nn.Linear(w, w)
        self.end = nn.Parameter(torch.zeros(w))
        self.places: Tensor
        self.register_buffer("places", _waves(n_positions + 1, w), persistent=False)

    @property
    def layers(self) -> tuple[_Layer, ...]:
        """The decoder's."""
        return tuple(layer for layer in self._layers if isinstance(layer, _Layer))

    def window(self, heard: Heard) -> Tensor:
        """The encoder's states with their places, shape (B, T, width)."""
        states, _ = self.encoder(heard)
        found: Tensor = states + self.place(self.places[1:])
        return found

    def told(self, symbol: Tensor, place: Tensor) -> Tensor:
        """Symbols (B, L) as the decoder takes them, shape (B, L, width)."""
        found: Tensor = self.symbol(symbol) + self.place(self.places[place])
        return found

    def walk(self, told: Tensor, window: Tensor) -> Tensor:
        """States at all symbols of known streams, shape (B, L, width)."""
        x = told
        for layer in self.layers:
            x = layer(x, layer.before.memory(x), layer.window.memory(window), True)
        walked: Tensor = self.norm(x)
        return walked

    def times(self, states: Tensor, window: Tensor, place: Tensor) -> Tensor:
        """Scores of the next position and of the end, shape (B, L, T + 1); only later ones."""
        n = window.shape[1]
        goals = torch.cat((window, self.end.expand(len(window), 1, -1)), dim=1)
        scores = self.point(states) @ goals.transpose(1, 2) * states.shape[2] ** -0.5
        gone = torch.arange(n + 1) < place.unsqueeze(2)
        found: Tensor = scores.float().masked_fill(gone, NEVER)
        return found


def _waves(n: int, width: int) -> Tensor:
    periods = _SHORTEST * (_LONGEST / _SHORTEST) ** (torch.arange(width // 2) / (width // 2 - 1))
    angle = torch.arange(n).unsqueeze(1) * (2 * math.pi / periods)
    return torch.cat((angle.sin(), angle.cos()), dim=1)


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """How likely known streams are.

    Attributes
    ----------
    times, events : Tensor, shape ()
        Losses of the asked ones, summed; those of events with smoothed labels.
    n_right, n_events : Tensor, shape ()
        Asked events that were thought likeliest, and all of them.
    """

    times: Tensor
    events: Tensor
    n_right: Tensor
    n_events: Tensor


def written(net: Joint, heard: Heard, asked: Streams, smoothing: float) -> Written:
    """Judge the decoder on streams, each symbol knowing the true ones before it."""
    window = net.window(heard)
    states = net.walk(net.told(asked.symbol, asked.place), window)
    times = net.times(states, window, asked.place)[asked.timed]
    events = net.event(states[asked.spelled]).float()
    target = asked.target[asked.spelled]
    return Written(
        functional.cross_entropy(times, asked.target[asked.timed], reduction="sum"),
        functional.cross_entropy(events, target, label_smoothing=smoothing, reduction="sum"),
        (events.argmax(dim=1) == target).sum(),
        asked.spelled.sum(),
    )


# Writing ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """Windows to be written; W windows.

    Attributes
    ----------
    heard : Heard
    open : ndarray of bool, shape (W, T)
        Positions where a row may be written.
    known : sequence of (mapping of int to sequence of int)
        For each window the events of the rows that are given, the end included, by position.
    events : ndarray of int64
        Events of the mode.
    """

    heard: Heard
    open: Bools
    known: Sequence[Mapping[int, Sequence[int]]]
    events: NDArray[np.int64]


@dataclass(slots=True)
class _Pen:
    """Where the writing of one window stands."""

    known: deque[tuple[int, Sequence[int]]]
    row: int = -1
    n_events: int = -1
    coming: deque[int] = field(default_factory=deque)
    found: list[int] = field(default_factory=list)
    done: bool = False

    def next(self, time: int, event: int, net: Joint, n: int) -> int:
        """Take the next symbol: a given one, or what the decoder says."""
        if self.n_events < 0:
            if self.known and self.known[0][0] <= time:
                self.row, events = self.known.popleft()
                self.coming.extend(events)
            elif time == n:
                self.done = True
                return net.start
            else:
                self.row = time
                self.found.append(time)
            self.n_events = 0
            return net.time
        symbol = self.coming.popleft() if self.coming else event
        self.n_events += 1
        if not self.coming and self.n_events == _MOST_EVENTS:
            symbol = END
        if symbol == END:
            self.n_events = -1
        return symbol


@torch.inference_mode()
def draft(net: Joint, blank: Blank, chance: torch.Generator | None) -> list[list[int]]:
    """Write windows side by side.

    Parameters
    ----------
    net : Joint
        In evaluation mode.
    blank : Blank
    chance : torch.Generator, optional
        Samples; without it the likeliest symbol is taken.

    Returns
    -------
    list of list of int
        Positions of the rows that were written in each window; given ones are not among them.
    """
    window = net.window(blank.heard)
    w, n, _ = window.shape
    around = [layer.window.memory(window) for layer in net.layers]
    shape = (w, _N_HEADS, _MOST_SYMBOLS, window.shape[2] // _N_HEADS)
    kept = [(torch.zeros(shape), torch.zeros(shape)) for _ in net.layers]
    closed = ~torch.from_numpy(np.pad(blank.open, ((0, 0), (0, 1)), constant_values=True))
    foreign = torch.ones(net.spec.n_events, dtype=torch.bool)
    foreign[torch.from_numpy(blank.events)] = False
    pens = [_Pen(deque(sorted(known.items()))) for known in blank.known]
    symbols, places = torch.full((w, 1), net.start), torch.zeros(w, 1, dtype=torch.int64)
    for i in range(_MOST_SYMBOLS):
        x = net.told(symbols, places)
        for layer, mine, theirs in zip(net.layers, kept, around, strict=True):
            new = layer.before.memory(x)
            for whole, part in zip(mine, new, strict=True):
                whole[:, :, i] = part[:, :, 0]
            so_far = (mine[0][:, :, : i + 1], mine[1][:, :, : i + 1])
            x = layer(x, so_far, theirs, False)
        states = net.norm(x)
        times = net.times(states, window, places)[:, 0].masked_fill(closed, NEVER)
        events = net.event(states)[:, 0].masked_fill(foreign, NEVER)
        chosen = zip(_chosen(times, chance), _chosen(events, chance), strict=True)
        taken = [
            net.start if pen.done else pen.next(time, event, net, n)
            for pen, (time, event) in zip(pens, chosen, strict=True)
        ]
        if all(pen.done for pen in pens):
            break
        symbols = torch.tensor(taken).unsqueeze(1)
        places = torch.tensor([pen.row + 1 for pen in pens]).unsqueeze(1)
    return [pen.found for pen in pens]


def _chosen(scores: Tensor, chance: torch.Generator | None) -> list[int]:
    if chance is not None:
        drawn = torch.rand(scores.shape, generator=chance).clamp(1e-9, 1 - 1e-7)
        scores = scores - (-drawn.log()).log()
    found: list[int] = scores.argmax(dim=1).tolist()
    return found


# Training and judging --------------------------------------------------------------------


@dataclass(eq=False)
class JointEntrant:
    """The encoder with a decoder that writes times and rows."""

    spec: ModelSpec
    net: Joint
    optimizer: torch.optim.AdamW
    recipe: Recipe
    numbers: Numbers
    counts: Counts = field(default_factory=Counts)
    seconds: float = 0.0

    @classmethod
    def of(cls, spec: ModelSpec, recipe: Recipe, numbers: Numbers) -> JointEntrant:
        """A fresh one."""
        torch.manual_seed(recipe.seed)
        net = Joint(spec.net, spec.windows.n_beats * POSITIONS_PER_BEAT).train()
        optimizer = optimizer_of(net, recipe.rate, recipe.weight_decay)  # type: ignore[arg-type]
        return cls(spec, net, optimizer, recipe, numbers)

    def learn(self, cuts: Sequence[Cut], batch: Batch) -> None:
        """One step: the losses are weighed as those of slots and rows are."""
        started = process_time()
        recipe, counts = self.recipe, self.counts
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(counts.step, recipe.share(counts), recipe)
        torch.manual_seed(recipe.seed * 1_000_003 + counts.step)
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.numbers.bf16):
            asked = streams(cuts, self.net.spec.n_events)
            found = written(self.net, batch.heard, asked, recipe.smoothing)
        n_beats = (batch.asked.sum() / SLOTS_PER_BEAT).clamp(min=1)
        total = found.times / n_beats + found.events / found.n_events.clamp(min=1)
        total.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), recipe.clip)
        counts.step += 1
        if math.isfinite(float(total.detach()) + float(norm)):
            self.optimizer.step()
        else:
            counts.n_skipped += 1
        self.seconds += process_time() - started

    def figures(self, cuts: Sequence[Cut], batch: Batch) -> Tensor:
        """See `ablate.Entrant`; each symbol knows the true ones before it."""
        found = written(self.net, batch.heard, streams(cuts, self.net.spec.n_events), 0.0)
        beats = batch.asked.sum() / SLOTS_PER_BEAT
        return torch.stack((found.times, beats, found.events, found.n_right, found.n_events))

    def follow(self, chart: HumanChart) -> Figures:
        """F1 of what it writes, with the number of times that it chooses."""
        found = {}
        for name, told in chart.tellings.items():
            ticks = self._draft(chart, told, None)
            found[name] = told.score(chart, ticks)
            if name == "draft":
                found["count miss"] = count_miss(len(ticks), len(told.true_s))
                chance = torch.Generator().manual_seed(self.recipe.seed)
                ticks = self._draft(chart, told, chance)
                found["sampled"] = told.score(chart, ticks)
                found["sampled count miss"] = count_miss(len(ticks), len(told.true_s))
        return found

    def _draft(self, chart: HumanChart, told: Told, chance: torch.Generator | None) -> Ticks:
        """The lines that are written, in order."""
        per_beat = POSITIONS_PER_BEAT
        n = self.spec.windows.n_beats * per_beat
        lines = chart.slots[told.open] // SLOTS_PER_POSITION
        open_ = np.zeros((len(chart.windows), n), dtype=bool)
        known: list[dict[int, list[int]]] = []
        for w, window in enumerate(chart.windows):
            own = lines - window.first * per_beat
            open_[w, own[(own >= 0) & (own < n)]] = True
            known.append(told.given(chart.rows, window, n))
        events = self.spec.vocabulary.shared(chart.case.mode)
        wrote = draft(self.net, Blank(told.heard, open_, known, events), chance)
        slots = [
            (p + window.first * per_beat) * SLOTS_PER_POSITION
            for window, places in zip(chart.windows, wrote, strict=True)
            for p in places
            if window.core_start <= p // per_beat + window.first < window.core_end
        ]
        return chart.lines[np.isin(chart.slots, slots)]

"""Rows that are offered to the writer because alike bars, or locks, have them.

A row is offered with a weight, never forced: the grammar has the last word. Knows the echo,
rows and chance; refuses to know the network.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Grammar, Mode
from chartstudio.core.note import LaneNote, Note
from chartstudio.engine.echo import WARMTH, Likeness, heard_from
from chartstudio.engine.features import SLOTS_PER_BEAT, SlotGrid
from chartstudio.engine.vocab import END
from chartstudio.modes.lanes import HOLD_LENGTHS, nearest_length

Events = tuple[int, ...]
Offers = dict[Events, float]
"""Rows with their weights, which add up to 1; empty where nothing is offered."""

_FAINT = 0.02
"""Bars with a smaller share offer nothing."""

_SURENESS = 3.0
"""How much the bar that a candidate prefers counts beyond the others: a bar is copied from
one bar where that is possible, so that its pattern stays whole."""

_MIRRORED_FROM = 0.5
"""Authors whose alike bars are mirrored less often than this do not mirror."""

_MIRRORED_BARS, _FEW_ROWS, _MOST_ROWS = 2, 3, 0.7

_LUCK = 0.4
"""How far a candidate's preference goes; 1 would draw bars by their shares."""

_OWN_ALIKE = 0.6
"""Bars of one draft that are less alike than this do not repeat each other."""


def mirrored(events: Events, mode: Mode) -> Events:
    """A row seen in the mirror."""
    notes, _ = mode.decode(0, events)
    return mode.encode(mode.mirror(notes, "horizontal"))


@dataclass(frozen=True, eq=False)
class Source:
    """The rows of the author's bars, as they are offered to bars that sound alike.

    Attributes
    ----------
    like : Likeness
    weights : ndarray, shape (M, M), float32
        Of the echo of the bars that have rows.
    rows : tuple of dict
        For each bar the events by slot within the bar.
    mirror : float
        How often alike bars of this author are mirrored, 0 to 1.
    mode : Mode
    """

    like: Likeness
    weights: NDArray[np.float32]
    rows: tuple[dict[int, Events], ...]
    mirror: float
    mode: Mode

    @classmethod
    def of(
        cls,
        like: Likeness,
        known: NDArray[np.bool_],
        notes: Sequence[Note],
        mode: Mode,
        grid: SlotGrid,
    ) -> Source:
        """Rows of notes in the known bars.

        Parameters
        ----------
        like : Likeness
        known : ndarray of bool, shape (M,)
        notes : sequence of Note
            In chart order; those in other bars are left out.
        mode : Mode
        grid : SlotGrid
        """
        found = tuple(dict[int, Events]() for _ in range(len(like)))
        spelled = [
            (tick, mode.encode(tuple(row)))
            for tick, row in groupby(with_room(notes, mode), key=lambda n: n.tick)
        ]
        slots = grid.slot_of(np.array([tick for tick, _ in spelled], dtype=np.int64))
        bars = like.bar_of(slots)
        for (_, events), slot, bar in zip(spelled, slots.tolist(), bars.tolist(), strict=True):
            if slot >= 0 and known[bar] and len(events) > 1:
                found[bar][slot - int(like.beats[bar]) * SLOTS_PER_BEAT] = events
        weights = heard_from(known, like).weights
        return cls(like, weights, found, mirror_share(weights, found, mode), mode)

    def offers(self, slot: int, taste: Taste) -> Offers:
        """Rows for a slot.

        Parameters
        ----------
        slot : int
        taste : Taste
            Which bars a candidate prefers where several are alike.
        """
        bar = int(self.like.bar_of(np.array([slot]))[0])
        within = slot - int(self.like.beats[bar]) * SLOTS_PER_BEAT
        found: defaultdict[Events, float] = defaultdict(float)
        for source, weight in taste.preferred(self.weights[bar], bar):
            events = row_at(self.rows[source], within)
            if events is not None:
                found[mirrored(events, self.mode) if taste.mirrors(bar) else events] += weight
        return _shared_out(found) or self._by_sound(slot)

    def _by_sound(self, slot: int) -> Offers:
        """Rows at the same place in the beat, by how much their moments sound like this one."""
        events, slots = self._by_phase.get(slot % SLOTS_PER_BEAT, ((), np.empty(0, np.int64)))
        if not len(slots):
            return {}
        alike = self.like.moments(slots) @ self.like.moments(np.array([slot]))[0]
        found: defaultdict[Events, float] = defaultdict(float)
        weights = np.exp((alike - alike.max()) / WARMTH)
        for spelled, weight in zip(events, weights.tolist(), strict=True):
            found[spelled] += weight
        return _shared_out(found)

    @cached_property
    def _by_phase(self) -> dict[int, tuple[tuple[Events, ...], NDArray[np.int64]]]:
        """All rows and their slots by their place in the beat."""
        found: defaultdict[int, list[tuple[Events, int]]] = defaultdict(list)
        for bar, rows in enumerate(self.rows):
            start = int(self.like.beats[bar]) * SLOTS_PER_BEAT
            for within, events in rows.items():
                found[(start + within) % SLOTS_PER_BEAT].append((events, start + within))
        return {
            phase: (tuple(e for e, _ in some), np.array([s for _, s in some]))
            for phase, some in found.items()
        }


def with_room(notes: Sequence[Note], mode: Mode) -> list[Note]:
    """The notes, with held ones shorter where spelling would make them reach the next.

    Lengths are spelled by a few values: a hold that ends just before its lane is struck again
    would be spelled up to that time, and could not be copied.
    """
    found = list(notes)
    last: dict[int, int] = {}
    for i, note in enumerate(notes):
        if not isinstance(note, LaneNote):
            continue
        before = last.get(note.lane)
        last[note.lane] = i
        held = None if before is None else notes[before]
        if before is None or held is None or not held.tick < held.end < note.tick:
            continue
        spelled = held.tick + HOLD_LENGTHS[nearest_length(held.end - held.tick)]
        if spelled >= note.tick:
            shorter = [n for n in HOLD_LENGTHS if held.tick + n < note.tick]
            end = held.tick + max(shorter, default=0)
            found[before] = mode.place(mode.kind(held), held.tick, end, mode.spot(held))
    return found


def row_at(rows: dict[int, Events], within: int) -> Events | None:
    """The row on a slot of a bar or beside it: charts kept in milliseconds miss a slot."""
    return next((rows[w] for w in (within, within - 1, within + 1) if w in rows), None)


def _shared_out(found: dict[Events, float]) -> Offers:
    total = sum(found.values())
    return {events: weight / total for events, weight in found.items()} if total else {}


def mirror_share(
    weights: NDArray[np.float32], rows: Sequence[dict[int, Events]], mode: Mode
) -> float:
    """How often an author's bar is the mirror of the bar that sounds most like it, 0 to 1.

    Rows that are their own mirror say nothing, and single rows agree by chance: a bar counts
    where most of `_FEW_ROWS` rows or more agree. 0 for an author who has not mirrored
    `_MIRRORED_BARS` bars, or not `_MIRRORED_FROM` of all.
    """
    plain = turned = 0
    cache: dict[Events, Events] = {}
    for bar, own in enumerate(rows):
        if not own or not weights[bar].any():
            continue
        other = rows[int(weights[bar].argmax())]
        pairs = [(other[slot], events) for slot, events in own.items() if slot in other]
        for _, events in pairs:
            cache.setdefault(events, mirrored(events, mode))
        told = [(beside, events) for beside, events in pairs if cache[events] != events]
        if len(told) < _FEW_ROWS:
            continue
        plain += sum(beside == events for beside, events in told) > _MOST_ROWS * len(told)
        turned += sum(beside == cache[events] for beside, events in told) > _MOST_ROWS * len(told)
    share = turned / max(plain + turned, 1)
    return share if turned >= _MIRRORED_BARS and share >= _MIRRORED_FROM else 0.0


@dataclass(eq=False)
class Taste:
    """Which bars one candidate prefers to copy, by its seed.

    Alike bars then get alike rows, and candidates differ where the music leaves a choice.

    Parameters
    ----------
    seed : int
    n_bars : int
    mirror : float
        How often a bar is mirrored.
    """

    seed: int
    n_bars: int
    mirror: float = 0.0
    _luck: NDArray[np.float64] = field(init=False, repr=False)
    _coins: NDArray[np.float64] = field(init=False, repr=False)
    _chosen: dict[int, list[tuple[int, float]]] = field(
        init=False, repr=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed % 2**63, 2])
        self._luck = _LUCK * rng.gumbel(size=self.n_bars)
        self._coins = rng.random(self.n_bars)

    def mirrors(self, bar: int) -> bool:
        """Whether a bar is written as the mirror of what it copies."""
        return bool(self._coins[bar] < self.mirror)

    def preferred(self, weights: NDArray[np.float32], bar: int) -> list[tuple[int, float]]:
        """Bars that a bar may copy, and how much each counts."""
        if bar not in self._chosen:
            some = np.flatnonzero(weights >= _FAINT)
            if len(some):
                scores = _SURENESS * (np.log(weights[some].astype(np.float64)) + self._luck[some])
                counts = np.exp(scores - scores.max())
                self._chosen[bar] = list(zip(some.tolist(), counts.tolist(), strict=True))
            else:
                self._chosen[bar] = []
        return self._chosen[bar]


@dataclass(eq=False)
class OwnRows:
    """What a candidate wrote so far, offered to later bars that sound alike.

    Parameters
    ----------
    like : Likeness
    """

    like: Likeness
    _rows: dict[int, dict[int, Events]] = field(init=False, repr=False, default_factory=dict)

    def keep(self, slot: int, events: Events) -> None:
        """Remember a row."""
        bar = int(self.like.bar_of(np.array([slot]))[0])
        own = self._rows.setdefault(bar, {})
        own[slot - int(self.like.beats[bar]) * SLOTS_PER_BEAT] = events

    def offers(self, slot: int) -> tuple[Offers, float]:
        """Rows of earlier bars for a slot, and how alike the nearest of those bars is."""
        bar = int(self.like.bar_of(np.array([slot]))[0])
        within = slot - int(self.like.beats[bar]) * SLOTS_PER_BEAT
        found: defaultdict[Events, float] = defaultdict(float)
        best = 0.0
        for other, rows in self._rows.items():
            alike = float(self.like.similar[bar, other])
            if other == bar or alike < _OWN_ALIKE:
                continue
            events = row_at(rows, within)
            if events is not None:
                found[events] += float(np.exp(alike / WARMTH))
                best = max(best, alike)
        return _shared_out(found), best


def next_events(offers: Offers, said: Sequence[int], n_events: int) -> NDArray[np.float64]:
    """How the offered rows go on after some events, shape (V_mode,); zeros where none does.

    A row that could not be had is still followed in how much there is of it.
    """
    found = np.zeros(n_events)
    n = len(said)
    for events, weight in offers.items():
        if len(events) > n and events[:n] == tuple(said):
            found[events[n]] += weight
    if n and not found.any():
        found[END] = sum(weight for events, weight in offers.items() if len(events) <= n + 1)
    return found


@dataclass(eq=False)
class Following:
    """A grammar by which offered rows may be as hard as can be played, others only comfortable.

    Where no comfortable row is left, any that can be played will do.

    Parameters
    ----------
    comfort, hard : Grammar
        By the rules of the level, and of the hardest one.
    offers : dict
    """

    comfort: Grammar
    hard: Grammar
    offers: Offers
    _known: dict[Events, bool] = field(init=False, repr=False, default_factory=dict)

    def mask(self, events: Sequence[int]) -> NDArray[np.bool_]:
        """Legal next events; see `core.mode.Grammar`."""
        hard = self.hard.mask(events)
        if not self._comfortable(tuple(events)):
            return hard
        easy = self.comfort.mask(events)
        if not events and not easy[END + 1 :].any():
            return hard
        wanted = next_events(self.offers, events, len(hard)) > 0
        found: NDArray[np.bool_] = easy | (hard & wanted)
        return found

    def _comfortable(self, events: Events) -> bool:
        if not events:
            return True
        if events not in self._known:
            before = events[:-1]
            easy = self._comfortable(before) and bool(self.comfort.mask(before)[events[-1]])
            self._known[events] = easy
        return self._known[events]


@dataclass(frozen=True, eq=False)
class LaneOrder:
    """Rows whose lanes stay while their times are drawn anew.

    Attributes
    ----------
    rows : tuple of tuple of int
        Events of the rows in order.
    kinds_stay : bool
        Whether rows stay whole, rather than their lanes alone.
    lanes : ndarray of int64, shape (V_mode,)
        See `stay.lanes_of_events`; empty in modes without lanes.
    """

    rows: tuple[Events, ...]
    kinds_stay: bool
    lanes: NDArray[np.int64]

    def row(self, i: int, n: int) -> Events:
        """The row for the ``i``-th of ``n`` times."""
        if n == len(self.rows) or n < 2:
            return self.rows[min(i, len(self.rows) - 1)]
        return self.rows[round(i * (len(self.rows) - 1) / (n - 1))]

    def narrowed(
        self, row: Events, said: Sequence[int], legal: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """What may come next if the row is to stay; all that is legal where it cannot."""
        if self.kinds_stay and len(row) > len(said) and row[: len(said)] == tuple(said):
            found = np.zeros_like(legal)
            found[row[len(said)]] = legal[row[len(said)]]
            if found.any():
                return found
        if not len(self.lanes):
            return legal
        lanes = [int(self.lanes[e]) for e in row if self.lanes[e] >= 0]
        done = sum(int(self.lanes[e]) >= 0 for e in said)
        if done < len(lanes):
            found = (self.lanes == lanes[done]) & legal
        else:
            found = np.zeros_like(legal)
            found[END] = legal[END]
        return found if found.any() else legal

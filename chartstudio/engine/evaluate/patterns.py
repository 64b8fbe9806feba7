"""What is played at each time: lanes, chords, jacks, holds, and how it repeats.

A row of notes becomes a symbol: its lanes in lane modes, its kinds in taiko, its places and
cuts elsewhere. Authors vary these even where the rhythm repeats, so shares and distances
between distributions count for more than agreement. Knows notes through their mode alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np

from chartstudio.core.mode import Mode
from chartstudio.core.note import Note
from chartstudio.core.ticks import Ticks
from chartstudio.engine.evaluate.times import Seconds, matches

Symbol = tuple[Hashable, ...]

_GRAM = 4


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A chart's counted notes, time by time.

    Parameters
    ----------
    ticks : ndarray of int64, shape (R,)
    symbols : tuple of tuple
        What is played at each.
    long : tuple of bool
        Whether any note of the row lasts.
    """

    ticks: Ticks
    symbols: tuple[Symbol, ...]
    long: tuple[bool, ...]

    @classmethod
    def of(cls, mode: Mode, notes: Sequence[Note]) -> Rows:
        """The rows of notes in chart order."""
        found = [
            (tick, tuple(row))
            for tick, row in groupby((n for n in notes if mode.counts(n)), key=lambda n: n.tick)
        ]
        return cls(
            np.array([tick for tick, _ in found], dtype=np.int64),
            tuple(tuple(sorted(_place(mode, n) for n in row)) for _, row in found),
            tuple(any(n.end > n.tick for n in row) for _, row in found),
        )

    def __len__(self) -> int:
        return len(self.ticks)

    def some(self, index: Sequence[int], ticks: Ticks) -> Rows:
        """Some of the rows, at ticks of their own."""
        symbols = tuple(self.symbols[i] for i in index)
        return Rows(ticks, symbols, tuple(self.long[i] for i in index))


def _place(mode: Mode, note: Note) -> tuple[Hashable, ...]:
    """Where and how a note is played, so that two alike are equal."""
    facts = mode.facts(note)
    if len(mode.layout.lanes) > 1:
        return (facts["lane"],)
    return (mode.kind(note), *(facts[name] for name in ("x", "y", "direction") if name in facts))


# Shares ----------------------------------------------------------------------------------


def jack_share(rows: Rows) -> float:
    """Share of the rows that strike again what the row before them struck, 0 to 1."""
    again = [bool(set(a) & set(b)) for a, b in pairwise(rows.symbols)]
    return sum(again) / max(len(again), 1)


def chord_share(rows: Rows) -> float:
    """Share of the rows with more than one note, 0 to 1."""
    return sum(len(s) > 1 for s in rows.symbols) / max(len(rows), 1)


def hold_share(rows: Rows) -> float:
    """Share of the rows with a note that lasts, 0 to 1."""
    return sum(rows.long) / max(len(rows), 1)


def repetition(rows: Rows) -> float:
    """Share of the runs of four rows that were played before in the chart, 0 to 1."""
    grams = _grams(rows)
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def diversity(rows: Rows) -> float:
    """Distinct runs of four rows as a share of all, 0 to 1."""
    return 1 - repetition(rows) if len(rows) >= _GRAM else 0.0


def _grams(rows: Rows) -> list[tuple[Symbol, ...]]:
    s = rows.symbols
    return list(zip(*(s[i:] for i in range(_GRAM)), strict=False))


# Two charts ------------------------------------------------------------------------------


def transition_distance(a: Rows, b: Rows) -> float:
    """How differently two charts go from row to row: 0 alike, 1 nothing in common.

    Total variation between the shares that each pair of neighbouring rows has of all pairs.
    """
    one, other = (Counter(pairwise(rows.symbols)) for rows in (a, b))
    n_one, n_other = sum(one.values()), sum(other.values())
    if not n_one or not n_other:
        return 1.0
    return sum(abs(one[p] / n_one - other[p] / n_other) for p in one.keys() | other.keys()) / 2


def agreement(found: Rows, true: Rows, seconds: tuple[Seconds, Seconds], within_s: float) -> float:
    """Share of the times that two charts have in common at which they play the very same.

    Parameters
    ----------
    found, true : Rows
    seconds : (ndarray, ndarray)
        Times of their rows.
    within_s : float

    Returns
    -------
    float
        NaN where no times agree.
    """
    i, j = matches(*seconds, within_s)
    pairs = zip(i.tolist(), j.tolist(), strict=True)
    same = [found.symbols[a] == true.symbols[b] for a, b in pairs]
    return sum(same) / len(same) if same else float("nan")


def random_places(rows: Rows, rng: np.random.Generator) -> Rows:
    """The same chart with every row's places drawn anew, as many of them as there were."""
    places = sorted({place for s in rows.symbols for place in s}, key=repr)
    drawn = [rng.permutation(len(places))[: len(s)].tolist() for s in rows.symbols]
    symbols = tuple(tuple(sorted((places[i] for i in row), key=repr)) for row in drawn)
    return Rows(rows.ticks, symbols, rows.long)

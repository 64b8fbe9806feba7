"""What is hidden of a chart while training, and what is to be learned there.

Knows rows, beats and bars; refuses to know sounds and batches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.features import SLOTS_PER_BEAT
from chartstudio.engine.tokens import HIDDEN, PLACED, TIMED, WHOLE, Rows

MASKS: tuple[tuple[str, float], ...] = (
    ("draft", 0.35),
    ("gap", 0.2),
    ("bars", 0.2),
    ("rhythm", 0.1),
    ("places", 0.05),
    ("locks", 0.1),
)
"""Kinds of task and their shares from the first step on.

``draft`` hides everything; ``gap`` a run of bars, with both sides known; ``bars`` all but some
scattered bars that the author has charted. ``rhythm``, ``places`` and ``locks`` hide as one of
these does, but show of the hidden rows their times, their events, or some of them whole.
"""

_HIDINGS = ("draft", "gap", "bars")
_HIDING_SHARES = (0.4, 0.3, 0.3)

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """What is known of a chart, and what is asked.

    Attributes
    ----------
    known : ndarray of bool, shape (B,)
        Beats where it is known whether rows stand.
    charted : ndarray of bool, shape (B,)
        Beats of which everything is known: what an echo may be taken from.
    shown : ndarray of int8, shape (R,)
        How much of each row is shown; see `tokens.raster`.
    slots : ndarray of bool, shape (B * 48,)
        Slots where it is asked whether a row stands.
    rows : ndarray of bool, shape (R,)
        Rows whose events are asked.
    """

    known: Bools
    charted: Bools
    shown: NDArray[np.int8]
    slots: Bools
    rows: Bools


def draw_kind(rng: np.random.Generator) -> str:
    """A kind of task by its share."""
    names, shares = zip(*MASKS, strict=True)
    return str(rng.choice(names, p=np.array(shares) / sum(shares)))


def hide(kind: str, rows: Rows, bars: NDArray[np.int64], rng: np.random.Generator) -> Mask:
    """A task of a kind.

    Parameters
    ----------
    kind : str
        One of `MASKS`.
    rows : Rows
    bars : ndarray of int64, shape (M + 1,)
        First beat of each bar, and the end of the song.
    rng : numpy.random.Generator
    """
    base = kind if kind in _HIDINGS else str(rng.choice(_HIDINGS, p=_HIDING_SHARES))
    charted = np.repeat(_known_bars(base, len(bars) - 1, rng), np.diff(bars))
    hidden_rows = ~charted[rows.slots // SLOTS_PER_BEAT]
    shown = np.where(hidden_rows, HIDDEN, WHOLE).astype(np.int8)
    known, asked = charted, hidden_rows
    slots = np.repeat(~charted, SLOTS_PER_BEAT)
    if kind == "rhythm":
        shown[hidden_rows] = TIMED
        known, slots = np.ones_like(charted), np.zeros_like(slots)
    elif kind == "places":
        shown[hidden_rows] = PLACED
        asked = np.zeros_like(hidden_rows)
    elif kind == "locks":
        locked = hidden_rows & (rng.random(len(rows)) < rng.uniform(0.05, 0.5))
        shown[locked] = WHOLE
        slots[rows.slots[locked]] = False
        asked = hidden_rows & ~locked
    return Mask(known, charted, shown, slots, asked)


def _known_bars(kind: str, n_bars: int, rng: np.random.Generator) -> Bools:
    """Which bars are known, shape (M,); at least one is not."""
    known = np.zeros(n_bars, dtype=bool)
    if kind == "gap":
        length = int(np.ceil(2 ** rng.uniform(0, np.log2(max(n_bars, 2)))))
        start = int(rng.integers(max(n_bars - length, 0) + 1))
        known[:] = True
        known[start : start + length] = False
    elif kind == "bars":
        # From the eight bars that an author begins with to most of the song.
        n_known = int(np.clip(round(2 ** rng.uniform(2, np.log2(max(n_bars, 5)))), 1, n_bars - 1))
        known[rng.permutation(n_bars)[: max(n_known, 0)]] = True
    return known if not known.all() else np.zeros(n_bars, dtype=bool)

"""What charts are like, in shares: how much of them streams, jumps, holds and repeats.

Shares are of rows, whatever the game, so that charts of an author can be compared, grouped and
told to a network as habits. Knows notes through their mode; refuses to know sounds and torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Mode
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.evaluate.patterns import (
    Rows,
    chord_share,
    hold_share,
    jack_share,
    repetition,
)
from chartstudio.engine.train.style import Style
from chartstudio.engine.train.teacher import HANDS

_QUICK_TICKS = TICKS_PER_BEAT // 2
_STREAM_ROWS = 8
"""Rows at even steps of half a beat or less; so many of them are a stream."""

_SAME_TICKS = TICKS_PER_BEAT // 96
"""Steps that differ by no more are the same: files in milliseconds miss some ticks."""

_SECTION_TICKS = 4 * TICKS_PER_BEAT

HABITS: tuple[tuple[str, str, float, float], ...] = (
    ("accents", "jumps", 0.0, 0.35),
    ("alternations", "turns", 0.0, 0.8),
    ("contrast", "contrast", 0.3, 1.0),
    ("doubles", "jumps", 0.0, 1.0),
    ("jacks", "jacks", 0.0, 0.6),
    ("repeat", "repeats", 0.7, 1.0),
    ("stairs", "stairs", 0.0, 0.8),
)
"""A habit that networks are told, the share that it is read from, and its values where that is
none and all. How many rows are held and stand on beats is said by the plan, level by level.

The rules that wrote the base model's charts have these knobs, but no share tells a knob surely:
what one does goes with all the others. Tuning tells the network what they mean."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """What is known of a chart's way of charting.

    Parameters
    ----------
    song : str
        The same for all charts on one sound; see `requests.TrainChart`.
    mode_id : str
    n_rows : int
    charter : str
        Who made it; empty where nobody says.
    words : str
        Its tags and names.
    traits : dict of str to float
        See `traits_of`.
    """

    song: str
    mode_id: str
    n_rows: int
    charter: str
    words: str
    traits: Mapping[str, float]

    @property
    def habits(self) -> dict[str, float]:
        """Habits of the mode's game that can be read from a chart, in the networks' units."""
        return habits_of(self.traits, self.mode_id.partition("-")[0])


def portrait_of(song: Song, chart: Chart, mode: Mode, name: str) -> Portrait:
    """Look at one chart of a song; ``name`` is the same for all charts on its sound."""
    rows = Rows.of(mode, chart.notes)
    meta = song.metadata
    return Portrait(
        song=name,
        mode_id=mode.id,
        n_rows=len(rows),
        charter=(chart.credit or meta.credit).strip(),
        words=" ".join((meta.tags, chart.label, chart.name)),
        traits=traits_of(rows, mode),
    )


def traits_of(rows: Rows, mode: Mode) -> dict[str, float]:
    """Shares of a chart, each 0 to 1.

    Returns
    -------
    dict of str to float
        ``streams``: rows in runs of even quick steps. ``technical``: steps unlike the one
        before. ``jumps``, ``jacks``, ``holds``: rows with several notes, that strike again what
        was struck, with a note that lasts. ``repeats``: runs of four rows that came before.
        ``beats``: rows on beats. ``turns``: rows unlike the one before. ``contrast``: how
        unevenly rows are spread over the song, as the spread of their number in four beats by
        its mean. ``stairs``: steps between lanes that go on the way they went.
    """
    steps = np.diff(rows.ticks)
    even = np.abs(np.diff(steps)) <= _SAME_TICKS
    per_section = np.bincount((rows.ticks - rows.ticks[0]) // _SECTION_TICKS) if len(rows) else [0]
    turns = [a != b for a, b in pairwise(rows.symbols)]
    phases = rows.ticks % TICKS_PER_BEAT
    on_beat = np.minimum(phases, TICKS_PER_BEAT - phases) <= _SAME_TICKS
    found = {
        "streams": _in_runs(even & (steps[1:] <= _QUICK_TICKS)),
        "technical": 1.0 - _mean(even) if len(even) else 0.0,
        "jumps": chord_share(rows),
        "jacks": jack_share(rows),
        "holds": hold_share(rows),
        "repeats": repetition(rows),
        "beats": _mean(on_beat),
        "turns": _mean(turns),
        "contrast": min(float(np.std(per_section) / max(np.mean(per_section), 1e-6)), 1.0),
    }
    if len(mode.layout.lanes) > 1:
        found["stairs"] = _stairs(rows)
    return {name: round(share, 4) for name, share in found.items()}


def _mean(values: NDArray[np.bool_] | list[bool]) -> float:
    return float(np.mean(values)) if len(values) else 0.0


def _in_runs(even: NDArray[np.bool_]) -> float:
    """Share of the rows in runs; ``even`` tells rows whose steps on both sides are one's."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], even.astype(np.int8), [0]))))
    # A run of n such rows has one more on either side.
    lengths = np.diff(edges)[::2] + 2
    return min(float(lengths[lengths >= _STREAM_ROWS].sum()) / max(len(even) + 2, 1), 1.0)


def _stairs(rows: Rows) -> float:
    """Share of the steps from lane to lane that go on the way the last one went."""
    lanes = np.array([s[0] for s in rows.symbols], dtype=np.float64).reshape(-1)
    ways = np.sign(np.diff(lanes))
    return _mean((ways[1:] == ways[:-1]) & (ways[1:] != 0))


def habits_of(traits: Mapping[str, float], game: str) -> dict[str, float]:
    """What shares say as habits, of those that a game's charts have.

    Parameters
    ----------
    traits : mapping of str to float
    game : str
        The beginning of its modes' ids.
    """
    own = set(Style.__dataclass_fields__)
    own |= {name for name, _, _ in HANDS[game].habits} if game in HANDS else set()
    return {
        habit: round(low + traits[trait] * (high - low), 4)
        for habit, trait, low, high in HABITS
        if habit in own and trait in traits
    }

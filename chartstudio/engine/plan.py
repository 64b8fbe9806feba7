"""How many notes stand where: exact counts, and the grid lines that they fall on.

Knows levels, counts and scores; refuses to know audio, events and the network. Only lines of
the chosen grid are ever offered, so nothing can fall off it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.echo import Blend

Curve = tuple[tuple[float, float], ...]
"""Points (level, value) with the levels rising."""

_METRE = {4: 1.0, 8: 0.6, 12: 0.25, 16: 0.3, 24: 0.1}
"""Prior of a line by its coarsest snap; finer ones have none."""

_PLAIN: Curve = ((1.0, 1.0), (15.0, 12.0))
"""Note times per second of a mode that a model has no figures for."""


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """How times are chosen.

    Parameters
    ----------
    density : tuple of (str, Curve)
        Note times per second by level, for each mode; rising.
    chords : tuple of (str, Curve)
        Share of the rows with more than one note, by level, for each mode.
    holds : float
        Share of the rows with a held note that the network is asked for; it writes them
        where sounds last.
    held : tuple of (str, Curve)
        Share of the rows with a held note, by level, for each mode in which an author's was
        measured: drafts keep to it.
    metre : float
        Weight of the metrical prior, in units of the network's log-odds.
    flux : float
        Weight of the rise of the sound at the line.
    noise : float
        Scale of the seeded Gumbel noise, by which candidates differ.
    evenness : float
        Share of the notes that is spread by time alone; the rest follows the activity.
    repeats : float
        Weight of the scores of alike bars in a draft without charted bars, 0 to 1: what
        repeats in the song then repeats in the chart.
    blend : Blend
        How the network and the author's own bars are weighed where there are some.
    """

    density: tuple[tuple[str, Curve], ...] = ()
    chords: tuple[tuple[str, Curve], ...] = ()
    holds: float = 0.1
    held: tuple[tuple[str, Curve], ...] = ()
    metre: float = 1.0
    flux: float = 1.0
    noise: float = 0.15
    evenness: float = 0.5
    repeats: float = 0.5
    blend: Blend = field(default_factory=Blend)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> PlanSpec:
        """Read what ``dataclasses.asdict`` and JSON made of it."""
        rest = dict(found)
        curves = {name: _curves(rest.pop(name)) for name in ("density", "chords")}
        curves["held"] = _curves(rest.pop("held", ()))
        blend = Blend(**rest.pop("blend", {}))
        return cls(blend=blend, **curves, **rest)

    def chord_share(self, mode_id: str, level: float) -> float:
        """Share of the rows that are usually chords at a level; 0 where none is known."""
        return _at(dict(self.chords).get(mode_id, ((0.0, 0.0),)), level)

    def hold_share(self, mode_id: str, level: float) -> float:
        """Share of the rows that are asked to be held at a level."""
        return _at(dict(self.held).get(mode_id, ((0.0, self.holds),)), level)

    def keeps_holds(self, mode_id: str) -> bool:
        """Whether drafts keep to the share of held rows, more than being asked for it."""
        return mode_id in dict(self.held)

    def times_per_s(self, mode_id: str, level: float) -> float:
        """Note times per second that usually reach a level; straight beyond the curve's ends."""
        curve = dict(self.density).get(mode_id, _PLAIN)
        levels, rates = (np.array(column) for column in zip(*curve, strict=True))
        if level <= levels[0] or len(levels) == 1:
            return float(max(rates[0] * max(level, 0.1) / levels[0], 0.05))
        i = min(int(np.searchsorted(levels, level)), len(levels) - 1)
        slope = (rates[i] - rates[i - 1]) / (levels[i] - levels[i - 1])
        return float(rates[i - 1] + slope * (level - levels[i - 1]))


def _at(curve: Curve, level: float) -> float:
    """The value of a curve; that of its nearer end beyond it."""
    levels, values = zip(*curve, strict=True)
    return float(np.interp(level, levels, values))


def _curves(found: Any) -> tuple[tuple[str, Curve], ...]:
    return tuple(
        (str(mode), tuple((float(level), float(value)) for level, value in curve))
        for mode, curve in found
    )


def metrical_prior(ticks: Ticks, timing: TimingMap) -> NDArray[np.float32]:
    """Prior of each line by its place in the beat, shape (L,)."""
    snaps = timing.snaps_of(ticks)
    found = np.zeros(len(ticks), dtype=np.float32)
    for snap, weight in _METRE.items():
        found[snaps == snap] = weight
    return found


def allocate(n: int, weights: NDArray[np.float64], room: NDArray[np.int64]) -> NDArray[np.int64]:
    """Share a count out over sections.

    Parameters
    ----------
    n : int
    weights : ndarray, shape (S,)
        Share of each section; not negative.
    room : ndarray of int64, shape (S,)
        Most that each section can hold.

    Returns
    -------
    ndarray of int64, shape (S,)
        Sums to ``min(n, room.sum())``; in proportion to the weights where there is room.
    """
    counts = np.zeros(len(room), dtype=np.int64)
    left = min(n, int(room.sum()))
    while left:
        open_ = room - counts
        share = np.where(open_ > 0, np.maximum(weights, 1e-9), 0.0)
        edges = np.rint(np.cumsum(share) / share.sum() * left).astype(np.int64)
        given = np.minimum(np.diff(edges, prepend=0), open_)
        counts += given
        left -= int(given.sum())
    return counts


def pick(scores: NDArray[np.float32], n: int) -> NDArray[np.int64]:
    """The ``n`` best lines in order of time; of equals the earlier."""
    return np.sort(np.argsort(-scores, kind="stable")[:n])

"""Spelling one row under its grammar: scores and chance in, events out.

Knows one row of one candidate at a time; refuses to know the network and the song.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Grammar
from chartstudio.engine.vocab import END

_MOST_STEPS = 64


@dataclass(frozen=True, slots=True)
class Sampling:
    """How bold the choice of events is.

    Parameters
    ----------
    temperature : float
        1 follows the network, less is surer.
    top_p : float
        The least likely events that make up the rest are never chosen.
    """

    temperature: float = 0.95
    top_p: float = 0.99


def choose(
    scores: NDArray[np.float32], legal: NDArray[np.bool_], rng: np.random.Generator, how: Sampling
) -> int:
    """One legal event by chance; takes one random number, whatever the scores.

    Parameters
    ----------
    scores : ndarray, shape (V,)
    legal : ndarray of bool, shape (V,)
        At least one is true.
    rng : numpy.random.Generator
    how : Sampling
    """
    at = np.flatnonzero(legal)
    luck = rng.random()
    if len(at) == 1:
        return int(at[0])
    found = scores[at].astype(np.float64) / how.temperature
    weights = np.exp(found - found.max())
    order = np.argsort(-weights, kind="stable")
    total = np.cumsum(weights[order]) / weights.sum()
    kept = int(np.searchsorted(total, how.top_p)) + 1
    within = np.searchsorted(total[:kept], luck * total[min(kept, len(total)) - 1], "right")
    return int(at[order[min(int(within), len(at) - 1)]])


def lean(
    scores: NDArray[np.float32],
    legal: NDArray[np.bool_],
    offered: tuple[NDArray[np.float64], float],
    how: Sampling,
) -> NDArray[np.float32]:
    """Scores that lean towards events which are offered.

    Parameters
    ----------
    scores : ndarray, shape (V,)
    legal : ndarray of bool, shape (V,)
    offered : (ndarray of shape (V,), float)
        Weights of events, and the chance that one of those is taken where one is legal.
    how : Sampling
        That the scores will be chosen by.

    Returns
    -------
    ndarray, shape (V,), float32
        Log chances in the unit of scores; of illegal events they mean nothing.
    """
    weights, trust = offered
    wanted = np.where(legal, weights, 0.0)
    total = wanted.sum()
    if not total or not trust:
        return scores
    found = np.where(legal, scores.astype(np.float64) / how.temperature, -np.inf)
    chances = np.exp(found - found.max())
    mixed = (1 - trust) * chances / chances.sum() + trust * wanted / total
    return (np.log(np.maximum(mixed, 1e-30)) * how.temperature).astype(np.float32)


@dataclass(eq=False)
class RowSpeller:
    """One row as it grows.

    Parameters
    ----------
    grammar : Grammar
    allowed : ndarray of bool, shape (V,)
        Events that fit this row's place on the grid.

    Attributes
    ----------
    events : list of int
        Flat events so far; ends with `END` when done.
    """

    grammar: Grammar
    allowed: NDArray[np.bool_]
    events: list[int] = field(default_factory=list)
    _n_steps: int = 0

    @property
    def done(self) -> bool:
        """Whether the row is ended."""
        return bool(self.events) and self.events[-1] == END

    def legal(self) -> NDArray[np.bool_]:
        """Events that may come next.

        Where the grammar leads on to nothing that fits the grid (a hold without a length
        that ends on a line), the step there is taken back and not tried again.
        """
        while True:
            legal = self.grammar.mask(self.events) & self.allowed
            if legal.any():
                return legal
            if not self.events:
                legal[END] = True
                return legal
            self.allowed = self.allowed.copy()
            self.allowed[self.events.pop()] = False

    def push(self, event: int) -> None:
        """Take an event.

        Raises
        ------
        ValueError
            When the row does not come to an end.
        """
        self._n_steps += 1
        if self._n_steps > _MOST_STEPS:
            raise ValueError("a row does not end")
        self.events.append(event)

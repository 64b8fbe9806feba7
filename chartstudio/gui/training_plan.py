"""What the author wants to tune and on what, and what that comes to, as values.

Knows the library's selection and the request that is made of it; knows no Qt and no torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import Enum

from chartstudio.engine.requests import TrainChart, TrainRequest
from chartstudio.engine.tune.recipe import Recipe
from chartstudio.engine.tune.shelf import Shelved
from chartstudio.library.catalog import Catalog
from chartstudio.library.search import Query
from chartstudio.library.selection import (
    LeftOut,
    Side,
    TrainingSelection,
    UsedSong,
    select,
    split,
)

_LOOKS = 8
"""So often the held-out songs are looked at in a tuning that is shorter than usual."""


class Origin(Enum):
    """Which songs are learned from."""

    LIBRARY = "library"
    """What the Library tab shows."""
    OWN = "own"
    """What filters of the tuning's own find."""
    MARKED = "marked"
    """The songs that are marked in the Library tab."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to tune.

    Parameters
    ----------
    name : str
        Of the result.
    base : str
    full : bool
        All weights learn, else adapters.
    n_steps, folds : int
        As of `Recipe`.
    device : str
        As of `TrainRequest.device`; empty for the best that there is.
    origin : Origin
    own : Query
        For `Origin.OWN`.
    """

    name: str = ""
    base: str = ""
    full: bool = False
    n_steps: int = Recipe().n_steps
    folds: int = Recipe().folds
    device: str = ""
    origin: Origin = Origin.LIBRARY
    own: Query = field(default_factory=Query)

    @property
    def recipe(self) -> Recipe:
        """How it is tuned."""
        usual = Recipe()
        usual = replace(usual, full=self.full, n_steps=self.n_steps, folds=self.folds)
        if not self.n_steps:
            return usual
        judge_every = min(usual.judge_every, max(1, self.n_steps // _LOOKS))
        return replace(
            usual, judge_every=judge_every, warm_up=min(usual.warm_up, self.n_steps // 4)
        )

    def request(self, charts: tuple[TrainChart, ...]) -> TrainRequest:
        """What the engine is asked."""
        return TrainRequest(self.name, charts, self.base, self.recipe, self.device or None)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a tuning would learn from.

    Parameters
    ----------
    charts : tuple of TrainChart
    n_songs, n_charts : dict of Side to int
        The split: songs and charts of each side.
    n_recordings : int
        Songs, where those that sound the same are one.
    duration_s : float
        Of all recordings.
    charters : dict of str to int
        Charts by who made them; those that say nobody are not counted.
    left_out : tuple of LeftOut
        What the library leaves out.
    n_foreign : int
        Charts of modes that the base model does not know.
    """

    charts: tuple[TrainChart, ...] = ()
    n_songs: Counter[Side] = field(default_factory=Counter)
    n_charts: Counter[Side] = field(default_factory=Counter)
    n_recordings: int = 0
    duration_s: float = 0.0
    charters: Counter[str] = field(default_factory=Counter)
    left_out: tuple[LeftOut, ...] = ()
    n_foreign: int = 0


def find(
    catalog: Catalog, query: Query, marked: Collection[int] | None, modes: Collection[str]
) -> Prospect:
    """What a tuning would learn from.

    Parameters
    ----------
    catalog : Catalog
    query : Query
    marked : collection of int, optional
        Ids of the only songs to use.
    modes : collection of str
        That the base model knows; empty where that is not known.
    """
    found = select(catalog, query)
    if marked is not None:
        found = _only(found, marked)
    n_all = found.n_charts
    if modes:
        found = replace(found, songs=_of_modes(found.songs, modes))
    songs = found.songs
    return Prospect(
        charts=tuple(TrainChart(*place) for place in found.places()),
        n_songs=Counter(s.side for s in songs),
        n_charts=Counter(s.side for s in songs for _ in s.charts),
        n_recordings=found.n_recordings,
        duration_s=found.duration_s,
        charters=Counter(c.charter for s in songs for c in s.charts if c.charter),
        left_out=found.left_out,
        n_foreign=n_all - found.n_charts,
    )


def _only(found: TrainingSelection, marked: Collection[int]) -> TrainingSelection:
    """Some songs, split anew among themselves."""
    songs = [s for s in found.songs if s.id in marked]
    sides = split(s.recording for s in songs)
    return TrainingSelection(tuple(replace(s, side=sides[s.recording]) for s in songs))


def _of_modes(songs: tuple[UsedSong, ...], modes: Collection[str]) -> tuple[UsedSong, ...]:
    """Songs with the charts that a model knows the modes of; none without such charts.

    They are split anew: a side must not be left empty for charts that nobody can use.
    """
    kept = [replace(s, charts=tuple(c for c in s.charts if c.mode in modes)) for s in songs]
    kept = [s for s in kept if s.charts]
    sides = split(s.recording for s in kept)
    return tuple(replace(s, side=sides[s.recording]) for s in kept)


def bases_for(shelf: Collection[Shelved], full: bool) -> tuple[str, ...]:
    """Models to start from: adapters need one that is none itself."""
    return tuple(s.name for s in shelf if s.is_model and s.is_finished and not _adapts(s, full))


def _adapts(model: Shelved, full: bool) -> bool:
    return model.needs_base and not full


def free_name(shelf: Collection[Shelved], wanted: str = "mine") -> str:
    """A name that no model has."""
    taken = {s.name for s in shelf}
    names = (wanted if n == 1 else f"{wanted} {n}" for n in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)

"""Ways of charting in a library: the groups that it falls into, and what each is called.

By charter where several have enough songs, else by what songs are tagged with, else by how
their charts differ where they clearly fall apart, else all as one. Knows portraits of charts;
refuses to know sounds, networks and torch, so that a window can show the groups of a plan.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress
from chartstudio.engine.requests import Label, TrainChart
from chartstudio.engine.tune.opened import open_song
from chartstudio.engine.tune.traits import Portrait, portrait_of
from chartstudio.modes import MODES

Floats = NDArray[np.float64]

FEWEST_SONGS = 3
"""A group has so many songs at least."""

CLEAR = 0.5
"""Mean silhouette from which on songs fall apart by themselves: "a reasonable structure has been
found" (Kaufman and Rousseeuw, Finding Groups in Data, 1990)."""

_APART = 0.15
"""In one of the shares, at least, groups differ so much: less is not seen when playing."""

_MOST_GROUPS, _ROUNDS = 4, 50

WORDS: dict[str, tuple[str, ...]] = {
    "streams": ("stream", "streams", "stamina"),
    "technical": ("tech", "technical"),
    "jumps": ("jump", "jumps", "chordjack", "doubles"),
    "jacks": ("jack", "jacks"),
    "holds": ("ln", "lns", "holds", "noodles", "sliders"),
}
"""What groups are called when they are told by their charts, which are the shares that they are
told by, and what authors call the same in tags and names."""


@dataclass(frozen=True, slots=True)
class Group:
    """Songs that are charted alike.

    Parameters
    ----------
    name : str
    by : str
        What they have in common: ``charter``, ``tags``, ``patterns``, or ``all``.
    songs : tuple of str
        As `requests.TrainChart` names them.
    habits : tuple of (str, float)
        The median of their hardest charts, one of each song and mode: easier ones are those
        with less of it.
    """

    name: str
    by: str
    songs: tuple[str, ...]
    habits: tuple[tuple[str, float], ...]

    def has(self, portrait: Portrait) -> bool:
        """Whether a chart is one of the group's: of a song that several people charted, not all
        are.
        """
        if self.by == "charter":
            return portrait.charter.casefold() == self.name.casefold()
        return portrait.song in self.songs


def look_at(charts: Sequence[TrainChart]) -> Job[tuple[Portrait, ...]]:
    """Look at charts; what cannot be read is passed over.

    Yields
    ------
    Progress
        One per song.
    """
    places: dict[tuple[object, str], list[TrainChart]] = {}
    for chart in charts:
        places.setdefault((chart.path, chart.inside), []).append(chart)
    found: list[Portrait] = []
    for n, own in enumerate(places.values()):
        yield Progress(n / len(places), f"Reading {own[0].path.name}")
        try:
            song, _ = open_song(own[0].path, own[0].inside)
        except ChartStudioError:
            # Who learns from it is told why it cannot be read.
            continue
        for chart in (c for c in own if 0 <= c.index < len(song.charts)):
            one = song.charts[chart.index]
            if one.mode in MODES:
                found.append(portrait_of(song, one, MODES[one.mode], chart.song))
    return tuple(found)


def labels_of(
    groups: Sequence[Group], styles: Sequence[tuple[str, float, float]]
) -> tuple[Label, ...]:
    """What a model that is tuned on groups of charts can be told to draft like.

    One group is told by its habits. Several are told as far apart as habits go, from the group
    with the least of each to the one with the most: songs of one group differ more among
    themselves than groups do in the middle, and a network that is told the middles learns to
    hear no difference.

    Parameters
    ----------
    groups : sequence of Group
    styles : sequence of (str, float, float)
        Habits that the model can be told, with their lowest and highest values. Without any
        there is nothing to choose.
    """
    found = []
    spans = {name: (low, high) for name, low, high in styles}
    told = [{h: v for h, v in g.habits if h in spans} for g in groups]
    shared = [h for h in (told[0] if told else ()) if all(h in each for each in told)]
    for group, own in zip(groups, told, strict=True):
        if len(groups) > 1:
            own = {h: _far(own[h], [each[h] for each in told], spans[h]) for h in shared}
        if own:
            found.append((group.name, tuple(own.items())))
    return tuple(found)


def _far(value: float, values: Sequence[float], span: tuple[float, float]) -> float:
    """A value drawn out so that the least and the most of some fill a span."""
    least, most = min(values), max(values)
    share = (value - least) / (most - least) if most > least else 0.5
    return round(span[0] + share * (span[1] - span[0]), 4)


def groups_of(portraits: Sequence[Portrait], name: str) -> tuple[Group, ...]:
    """The groups that charts fall into, the one of most songs first.

    Songs of charters and tags with too few are in none.

    Parameters
    ----------
    portraits : sequence of Portrait
    name : str
        Of the group when there is only one.
    """
    if not portraits:
        return ()
    ways = ((by, find(portraits)) for by, find in _WAYS)
    whole = ("all", {name: {p.song for p in portraits}})
    by, found = next((way for way in ways if len(way[1]) > 1), whole)
    empty = [Group(called, by, tuple(sorted(songs)), ()) for called, songs in found.items()]
    groups = [replace(g, habits=_median([p for p in portraits if g.has(p)])) for g in empty]
    return tuple(sorted(groups, key=lambda g: (-len(g.songs), g.name)))


def _median(portraits: Sequence[Portrait]) -> tuple[tuple[str, float], ...]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    for portrait in _hardest(portraits):
        for habit, value in portrait.habits.items():
            values[habit].append(value)
    return tuple((h, round(float(np.median(v)), 4)) for h, v in sorted(values.items()))


def _hardest(portraits: Sequence[Portrait]) -> list[Portrait]:
    """The chart of each song and mode that has most rows."""
    found: dict[tuple[str, str], Portrait] = {}
    for p in portraits:
        key = p.song, p.mode_id
        if key not in found or p.n_rows > found[key].n_rows:
            found[key] = p
    return list(found.values())


# Ways to group ---------------------------------------------------------------------------


def _by_charter(portraits: Sequence[Portrait]) -> dict[str, set[str]]:
    songs: defaultdict[str, set[str]] = defaultdict(set)
    spelled: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for p in portraits:
        if p.charter:
            songs[p.charter.casefold()].add(p.song)
            spelled[p.charter.casefold()][p.charter] += 1
    return {
        spelled[key].most_common(1)[0][0]: own
        for key, own in songs.items()
        if len(own) >= FEWEST_SONGS
    }


def _by_tags(portraits: Sequence[Portrait]) -> dict[str, set[str]]:
    said: defaultdict[str, set[str]] = defaultdict(set)
    for p in portraits:
        words = set(re.findall(r"[a-z]+", p.words.casefold()))
        said[p.song] |= {word for word, others in WORDS.items() if words & set(others)}
    songs: defaultdict[str, set[str]] = defaultdict(set)
    for song, words in said.items():
        if len(words) == 1:
            songs[words.pop()].add(song)
    return {word: own for word, own in songs.items() if len(own) >= FEWEST_SONGS}


def _by_patterns(portraits: Sequence[Portrait]) -> dict[str, set[str]]:
    hardest = {p.song: p for p in sorted(_hardest(portraits), key=lambda p: p.n_rows)}
    if len(hardest) < 2 * FEWEST_SONGS:
        return {}
    points = _within_modes(list(hardest.values()))
    side = _clusters(points)
    if side is None:
        return {}
    songs = list(hardest)
    return {
        called: {song for song, at in zip(songs, side.tolist(), strict=True) if at == n}
        for n, called in enumerate(_names(points, side))
    }


_WAYS: tuple[tuple[str, Callable[[Sequence[Portrait]], Mapping[str, set[str]]]], ...] = (
    ("charter", _by_charter),
    ("tags", _by_tags),
    ("patterns", _by_patterns),
)


# Clusters --------------------------------------------------------------------------------


def _within_modes(charts: Sequence[Portrait]) -> Floats:
    """Shares of charts less the median of their mode, shape (N, len(WORDS))."""
    points = np.array([[p.traits[word] for word in WORDS] for p in charts])
    modes: list[Hashable] = [p.mode_id for p in charts]
    for mode_id in set(modes):
        own = np.array([m == mode_id for m in modes])
        points[own] -= np.median(points[own], axis=0)
    return points


def _clusters(points: Floats) -> NDArray[np.int64] | None:
    """The side of each point where points fall apart clearly; the clearest number of sides."""
    found: list[tuple[float, NDArray[np.int64]]] = []
    for k in range(2, min(_MOST_GROUPS, len(points) // FEWEST_SONGS) + 1):
        side = k_means(points, k)
        sizes = np.bincount(side, minlength=k)
        if sizes.min() >= FEWEST_SONGS and _least_apart(points, side) >= _APART:
            found.append((silhouette(points, side), side))
    clear = [f for f in found if f[0] >= CLEAR]
    return max(clear, key=lambda f: f[0])[1] if clear else None


def k_means(points: Floats, k: int) -> NDArray[np.int64]:
    """The side of each point, 0 to k - 1; begins with points far from each other.

    Parameters
    ----------
    points : ndarray, shape (N, D)
    k : int
    """
    chosen = [int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmax())]
    while len(chosen) < k:
        chosen.append(int(_distances(points, points[chosen]).min(axis=1).argmax()))
    centres, side = points[chosen], np.full(len(points), -1)
    for _ in range(_ROUNDS):
        new = _distances(points, centres).argmin(axis=1)
        if (new == side).all():
            break
        side = new
        centres = np.array(
            [points[side == n].mean(axis=0) if (side == n).any() else centres[n] for n in range(k)]
        )
    return side


def silhouette(points: Floats, side: NDArray[np.int64]) -> float:
    """How much nearer points are to their own side than to the next, -1 to 1 in the mean.

    Rousseeuw, Silhouettes, J. Comput. Appl. Math. 20 (1987). A point that is alone counts 0.
    """
    far = _distances(points, points)
    sides = np.unique(side)
    sums = np.stack([far[:, side == n].sum(axis=1) for n in sides], axis=1)
    sizes = np.array([(side == n).sum() for n in sides])
    at = np.searchsorted(sides, side)
    here = np.arange(len(points))
    own = sums[here, at] / np.maximum(sizes[at] - 1, 1)
    means = sums / sizes
    means[here, at] = np.inf
    next_ = means.min(axis=1)
    values = np.where(sizes[at] > 1, (next_ - own) / np.maximum(np.maximum(own, next_), 1e-9), 0.0)
    return float(values.mean())


def _distances(a: Floats, b: Floats) -> Floats:
    found: Floats = np.linalg.norm(a[:, None] - b[None], axis=2)
    return found


def _centres(points: Floats, side: NDArray[np.int64]) -> Floats:
    return np.array([points[side == n].mean(axis=0) for n in range(side.max() + 1)])


def _least_apart(points: Floats, side: NDArray[np.int64]) -> float:
    """The largest difference in any share, of the two sides that differ least."""
    centres = _centres(points, side)
    apart = np.abs(centres[:, None] - centres[None]).max(axis=2)
    return float(apart[~np.eye(len(centres), dtype=bool)].min())


def _names(points: Floats, side: NDArray[np.int64]) -> list[str]:
    """A word for each side: what it has most beyond the others; the clearest is named first."""
    centres = _centres(points, side)
    n = len(centres)
    beyond = centres - (centres.sum(axis=0) - centres) / (n - 1)
    names = [""] * n
    words = list(WORDS)
    for _ in range(n):
        at, word = np.unravel_index(int(beyond.argmax()), beyond.shape)
        clear = beyond[at, word] > _APART / 2
        names[at] = words[word] if clear else _plain(names)
        beyond[at] = -np.inf
        if clear:
            beyond[np.isfinite(beyond[:, word]), word] = -1.0
    return names


def _plain(names: Sequence[str]) -> str:
    """A name for what stands out by nothing."""
    n = sum(name.startswith("plain") for name in names)
    return "plain" if not n else f"plain {n + 1}"

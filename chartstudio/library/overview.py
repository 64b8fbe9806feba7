"""Figures of the library as queries: what can be filtered by, and how charts are spread."""

from __future__ import annotations

from dataclasses import dataclass

from chartstudio.library.catalog import Catalog
from chartstudio.library.search import (
    CHARTER,
    LEVEL,
    Condition,
    Query,
    chart_condition,
    song_condition,
)

_MAX_BINS = 40
"""What lies above is counted in the last bin; charts made for the show reach any figure."""


@dataclass(frozen=True, slots=True)
class Facet:
    """Something that songs can be filtered by.

    Parameters
    ----------
    value : str
        A mode, or a charter's name.
    n_songs : int
        With a chart of it.
    """

    value: str
    n_songs: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What the songs of a library can be filtered by.

    Parameters
    ----------
    n_songs : int
    modes : tuple of Facet
        By name.
    charters : tuple of Facet
        Those with the most songs first.
    folders : dict of int to int
        Songs by id of the folder.
    """

    n_songs: int = 0
    modes: tuple[Facet, ...] = ()
    charters: tuple[Facet, ...] = ()
    folders: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Histogram:
    """Charts by a figure, in bins of 1.

    Parameters
    ----------
    start : int
        Where the first bin begins; the last one holds what lies above it, too.
    used, left_out : tuple of int
        Charts in each bin that training uses and leaves out.
    """

    start: int = 0
    used: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()

    @property
    def n_charts(self) -> int:
        """How many charts are counted."""
        return sum(self.used) + sum(self.left_out)


@dataclass(frozen=True, slots=True)
class Overview:
    """How the charts are spread that a query asks for.

    Parameters
    ----------
    levels : Histogram
        By level: the author's, or where that says none the estimate.
    densities : Histogram
        By notes per second; only charts whose notes were read.
    """

    levels: Histogram = Histogram()
    densities: Histogram = Histogram()


def facets(catalog: Catalog) -> Facets:
    """What the songs of a library can be filtered by."""
    modes = catalog.rows(
        "SELECT mode, count(DISTINCT song_id) FROM charts GROUP BY mode ORDER BY mode"
    )
    charters = catalog.rows(
        f"SELECT who, count(DISTINCT song) AS n FROM (SELECT {CHARTER} AS who, songs.id AS song "
        "FROM songs JOIN charts c ON c.song_id = songs.id) WHERE who != '' "
        "GROUP BY who COLLATE NOCASE ORDER BY n DESC, who COLLATE NOCASE"
    )
    folders = catalog.rows("SELECT folder_id, count(*) FROM songs GROUP BY folder_id")
    return Facets(
        catalog.count(),
        tuple(Facet(*r) for r in modes),
        tuple(Facet(*r) for r in charters),
        tuple((r[0], r[1]) for r in folders),
    )


def overview(catalog: Catalog, query: Query) -> Overview:
    """How the charts are spread that a query asks for."""
    song, chart = song_condition(query), chart_condition(query)
    asked = Condition.all_of((song, chart))
    return Overview(_histogram(catalog, LEVEL, asked), _histogram(catalog, "c.nps", asked))


def _histogram(catalog: Catalog, figure: str, asked: Condition) -> Histogram:
    rows = catalog.rows(
        f"SELECT CAST(max({figure}, 0) AS INTEGER) AS bin, u.id IS NOT NULL AS is_used, "
        "count(*) AS n FROM songs JOIN charts c ON c.song_id = songs.id "
        "LEFT JOIN used_charts u ON u.id = c.id "
        f"WHERE {figure} IS NOT NULL AND {asked.text} GROUP BY bin, is_used ORDER BY bin",
        asked.values,
    )
    if not rows:
        return Histogram()
    start = rows[0]["bin"]
    n_bins = min(rows[-1]["bin"] - start + 1, _MAX_BINS)
    counts = {True: [0] * n_bins, False: [0] * n_bins}
    for r in rows:
        counts[bool(r["is_used"])][min(r["bin"] - start, n_bins - 1)] += r["n"]
    return Histogram(start, tuple(counts[True]), tuple(counts[False]))

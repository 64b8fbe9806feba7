"""What a training run learns from: songs and charts, what is left out and why, and the sides.

A pure function of the library and a query: the same library gives the same answer. It knows
what songs are and where they lie; it reads none. The notes, the sound and the twins must be
known first: run `fill.fill` to its end before training, which is quick where nothing is new.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import groupby
from pathlib import Path

from chartstudio.library.catalog import Catalog
from chartstudio.library.exclusions import TITLES, UNREAD
from chartstudio.library.search import (
    CHARTER,
    Condition,
    Query,
    chart_condition,
    song_condition,
)


class Side(Enum):
    """What a song is for. The songs of one recording are always on one side."""

    TRAIN = "train"
    VALIDATION = "validation"
    """Chooses among the states of a run."""
    TEST = "test"
    """Is looked at once, for the report."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How much of the recordings is held out.

    Parameters
    ----------
    test, validation : float
        Shares of the recordings, 0 to 1. In a small library each gets one recording at least:
        of two, one is for validation; of three, one is for each side.
    """

    test: float = 0.1
    validation: float = 0.1


@dataclass(frozen=True, slots=True)
class UsedChart:
    """A chart to learn from.

    Parameters
    ----------
    place : int
        Its number among the charts of the song, as `formats.read_song` reads it.
    mode, name, label, charter : str
        As of `core.song.Chart`; the charter is the song's where the chart names none.
    level, estimate : float or None
        What its author says, and what the mode's estimator says.
    n_notes : int
    nps : float
        Notes per second from the first to the last note.
    """

    place: int
    mode: str
    name: str
    label: str
    charter: str
    level: float | None
    estimate: float | None
    n_notes: int
    nps: float


@dataclass(frozen=True, slots=True)
class UsedSong:
    """A song to learn from.

    Parameters
    ----------
    id : int
        In the library.
    path : Path
        What to open: a folder, an archive or a project file.
    inside : str
        The folder within an archive that holds a pack; `places.open_place` takes both.
    title, artist : str
    audio_hash : str
        Of the audio file's bytes.
    duration_s : float
    recording : str
        The same for all songs of one recording, whatever its encoding, and for that recording
        in any library in which it was found first in the same file.
    side : Side
    charts : tuple of UsedChart
    """

    id: int
    path: Path
    inside: str
    title: str
    artist: str
    audio_hash: str
    duration_s: float
    recording: str
    side: Side
    charts: tuple[UsedChart, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is left out for one reason; what has two reasons is counted at both.

    Parameters
    ----------
    reason : str
        A key of `exclusions.TITLES`; `search.Query` finds the songs by it.
    n_songs, n_charts : int
        Songs of which all or some charts are left out for it, and those charts. A song that
        cannot be read has none.
    """

    reason: str
    n_songs: int
    n_charts: int

    @property
    def title(self) -> str:
        """The reason in short."""
        return TITLES[self.reason]


@dataclass(frozen=True, slots=True)
class TrainingSelection:
    """What a training run would use and leave out.

    Parameters
    ----------
    songs : tuple of UsedSong
        By id.
    left_out : tuple of LeftOut
        In the order of `exclusions.TITLES`.
    """

    songs: tuple[UsedSong, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def n_charts(self) -> int:
        """How many charts it learns from."""
        return sum(len(s.charts) for s in self.songs)

    @property
    def n_recordings(self) -> int:
        """How many songs there are where those that sound the same are one."""
        return len({s.recording for s in self.songs})

    @property
    def duration_s(self) -> float:
        """Length of all recordings, each counted once, by its longest file."""
        longest: dict[str, float] = {}
        for song in self.songs:
            longest[song.recording] = max(song.duration_s, longest.get(song.recording, 0.0))
        return sum(longest.values())

    def places(self) -> Iterator[tuple[Path, int, str, str, str]]:
        """Every chart as who learns from it wants it named.

        Yields
        ------
        path : Path
            What to open.
        place : int
            The chart's number in it.
        side : str
        recording : str
        inside : str
            The folder within an archive.
        """
        for song in self.songs:
            for chart in song.charts:
                yield song.path, chart.place, song.side.value, song.recording, song.inside

    def side(self, side: Side) -> tuple[UsedSong, ...]:
        """The songs of one side."""
        return tuple(s for s in self.songs if s.side is side)


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a `TrainingSelection`, which take a tenth of the time.

    Parameters
    ----------
    n_songs, n_charts, n_recordings : int
    duration_s : float
    sides : dict of Side to int
        Songs of each side.
    left_out : tuple of LeftOut
    """

    n_songs: int = 0
    n_charts: int = 0
    n_recordings: int = 0
    duration_s: float = 0.0
    sides: dict[Side, int] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()


_DEFAULT_SHARES = Shares()

_RECORDING = "COALESCE(first.audio_hash, songs.audio_hash)"
_OF_CHART = 8
"""Where in a row of `_used` the fields of `UsedChart` begin."""


def select(
    catalog: Catalog, query: Query | None = None, shares: Shares = _DEFAULT_SHARES
) -> TrainingSelection:
    """What a training run would use of the songs and charts that a query asks for.

    Parameters
    ----------
    catalog : Catalog
    query : Query, optional
        All where not given. What it asks of charts (modes, levels, charters) holds for every
        chart; ``reason`` and ``excluded`` ask for what is left out, and are not heeded.
    shares : Shares

    Returns
    -------
    TrainingSelection
        Songs of which nothing is used are not in it.

    Raises
    ------
    ChartStudioError
        When the database cannot be read.
    """
    asked = replace(query or Query(), reason="", excluded=None)
    return TrainingSelection(_used(catalog, asked, shares), _left_out(catalog, asked))


def summarise(
    catalog: Catalog, query: Query | None = None, shares: Shares = _DEFAULT_SHARES
) -> Summary:
    """The figures of what `select` would give.

    Raises
    ------
    ChartStudioError
        When the database cannot be read.
    """
    asked = replace(query or Query(), reason="", excluded=None)
    source = _source(asked)
    rows = catalog.rows(
        f"SELECT {_RECORDING} AS recording, count(DISTINCT songs.id) AS n_songs, "
        f"count(*) AS n_charts, max(songs.duration_s) AS duration_s {source.text} GROUP BY 1",
        source.values,
    )
    sides = split([r["recording"] for r in rows], shares)
    n_songs = dict.fromkeys(Side, 0)
    for r in rows:
        n_songs[sides[r["recording"]]] += r["n_songs"]
    return Summary(
        sum(n_songs.values()),
        sum(r["n_charts"] for r in rows),
        len(rows),
        sum(r["duration_s"] or 0.0 for r in rows),
        n_songs,
        _left_out(catalog, asked),
    )


def split(recordings: Iterable[str], shares: Shares = _DEFAULT_SHARES) -> dict[str, Side]:
    """The side of each recording.

    Every recording has a place between 0 and 1 that follows from its name alone. Those in the
    first share are the test, those in the next the validation. So a song stays on its side
    when others come and go, except where the library is so small that a side would be empty:
    then the recordings with the first places fill it.

    Parameters
    ----------
    recordings : iterable of str
    shares : Shares
    """
    places = sorted((_place(r), r) for r in set(recordings))
    n_wanted = [
        sum(place < shares.test for place, _ in places),
        sum(shares.test <= place < shares.test + shares.validation for place, _ in places),
    ]
    if len(places) > 1:
        n_wanted[1] = max(1, n_wanted[1])
    if len(places) > 2:
        n_wanted[0] = max(1, n_wanted[0])
    n_test = min(n_wanted[0], max(0, len(places) - 2))
    n_held = min(n_test + n_wanted[1], max(0, len(places) - 1))
    return {
        recording: Side.TEST if i < n_test else Side.VALIDATION if i < n_held else Side.TRAIN
        for i, (_, recording) in enumerate(places)
    }


def _place(recording: str) -> float:
    """Where between 0 and 1 a recording's name falls, evenly."""
    digest = hashlib.blake2b(recording.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _source(query: Query) -> Condition:
    """The charts to use that a query asks for, with their songs, as the end of a statement."""
    song, chart = song_condition(query), chart_condition(query)
    text = (
        "FROM songs JOIN used_charts c ON c.song_id = songs.id "
        "LEFT JOIN songs first ON first.id = songs.twin_of "
        f"WHERE songs.filled > 0 AND {song.text} AND {chart.text}"
    )
    return Condition(text, (*song.values, *chart.values))


def _used(catalog: Catalog, query: Query, shares: Shares) -> tuple[UsedSong, ...]:
    """The songs with a chart to use, each on its side."""
    source = _source(query)
    rows = catalog.rows(
        "SELECT songs.id, songs.path, songs.inside, songs.title, songs.artist, songs.audio_hash, "
        f"songs.duration_s, {_RECORDING} AS recording, "
        f"c.place, c.mode, c.name, c.label, {CHARTER} AS charter, c.level, c.estimate, "
        f"c.n_notes, c.nps {source.text} ORDER BY songs.id, c.place",
        source.values,
    )
    sides = split({r["recording"] for r in rows}, shares)
    return tuple(_song(list(charts), sides) for _, charts in groupby(rows, key=lambda r: r["id"]))


def _song(rows: Sequence[sqlite3.Row], sides: dict[str, Side]) -> UsedSong:
    """A song from the rows of its charts."""
    r = rows[0]
    return UsedSong(
        r["id"],
        Path(os.fsdecode(r["path"])),
        r["inside"],
        r["title"],
        r["artist"],
        r["audio_hash"],
        r["duration_s"] or 0.0,
        r["recording"],
        sides[r["recording"]],
        tuple(UsedChart(*c[_OF_CHART:]) for c in rows),
    )


def _left_out(catalog: Catalog, query: Query) -> tuple[LeftOut, ...]:
    song, chart = song_condition(query), chart_condition(query)
    rows = catalog.rows(
        "SELECT v.id, count(DISTINCT songs.id) AS n_songs, count(DISTINCT c.id) AS n_charts "
        f"FROM songs LEFT JOIN charts c ON c.song_id = songs.id AND {chart.text} JOIN "
        "(SELECT song_id, chart_id, id FROM verdicts WHERE NOT overruled UNION ALL "
        f"SELECT id, NULL, '{UNREAD.id}' FROM songs WHERE filled = 0) v ON v.song_id = songs.id "
        "AND (v.chart_id IS NULL OR v.chart_id = c.id) "
        f"WHERE {song.text} GROUP BY v.id",
        (*chart.values, *song.values),
    )
    found = [LeftOut(r["id"], r["n_songs"], r["n_charts"]) for r in rows if r["id"] in TITLES]
    order = list(TITLES)
    return tuple(sorted(found, key=lambda left: order.index(left.reason)))

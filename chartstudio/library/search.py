"""Finding songs of the library by words, modes, levels, charters, folders and what training makes
of them.

The words are looked up in the catalog's full-text index; this module knows how people type
them. Everything is asked of the database, so that a large library need not be in memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import SongEntry
from chartstudio.library.exclusions import UNREAD

FIELDS = ("title", "artist", "charter", "mode", "level", "pack")
"""What a word may be looked for in alone: ``artist:felt``."""

LEVEL = "COALESCE(c.level, c.estimate)"
"""A chart's level in the database: the author's, or where that says none the estimate."""

CHARTER = "CASE c.charter WHEN '' THEN songs.charter ELSE c.charter END"
"""Who charted a chart: whom it names, or else its song."""

_WORD = re.compile(r'(?:(\w+):)?(?:"([^"]*)"|(\S+))')
_UNPARTED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts in which words are not parted by spaces: the index has whole sentences of them."""

_LEVELS = f"(SELECT max({LEVEL}) FROM charts c WHERE c.song_id = songs.id)"
_ORDERS = {
    "artist": "artist COLLATE NOCASE",
    "title": "title COLLATE NOCASE",
    "charter": "charter COLLATE NOCASE",
    "modes": "(SELECT min(c.mode) FROM charts c WHERE c.song_id = songs.id)",
    "levels": _LEVELS,
    "charts": "(SELECT count(*) FROM charts c WHERE c.song_id = songs.id)",
    "state": "(filled > 0) * 2 - (twin_of IS NOT NULL)",
    "training": "EXISTS (SELECT 1 FROM used_charts c WHERE c.song_id = songs.id)",
}
ORDERS = tuple(_ORDERS)
"""What songs can be sorted by."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to find.

    Parameters
    ----------
    words : str
        All must occur, as beginnings of words; ``field:word`` looks in one field,
        ``"two words"`` for both in this order.
    modes : tuple of str
        A song must have a chart of one of them; ``mania`` means all of them that start so.
    low, high : float or None
        ... with a level from ``low`` to ``high``: the author's, or where that says none the
        estimate.
    charters : tuple of str
        ... charted by one of them; any case.
    folder : int or None
        Id of the author's folder that it lies in.
    reason : str
        A key of `exclusions.TITLES`: only songs that, or of which such charts, are left out for
        this reason.
    excluded : bool or None
        Only songs of which training uses nothing, or only others.
    """

    words: str = ""
    modes: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    charters: tuple[str, ...] = ()
    folder: int | None = None
    reason: str = ""
    excluded: bool | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a statement, with a value for each of its question marks."""

    text: str = "1"
    values: tuple[object, ...] = ()

    @classmethod
    def all_of(cls, parts: Sequence[Condition]) -> Condition:
        """All of some conditions."""
        if not parts:
            return cls()
        text = " AND ".join(f"({p.text})" for p in parts)
        return cls(text, tuple(v for p in parts for v in p.values))


def find(catalog: Catalog, query: Query) -> list[SongEntry]:
    """The songs that a query asks for, by artist and title."""
    return catalog.by_id(find_ids(catalog, query))


def find_ids(
    catalog: Catalog, query: Query, order: str = "artist", descending: bool = False
) -> list[int]:
    """Ids of the songs that a query asks for.

    Parameters
    ----------
    order : str
        One of `ORDERS`; ties by artist and title.
    descending : bool
    """
    where = song_condition(query)
    rows = catalog.rows(
        f"SELECT id FROM songs WHERE {where.text} ORDER BY {_ORDERS[order]} "
        f"{'DESC' if descending else ''}, "
        "artist COLLATE NOCASE, title COLLATE NOCASE, path, inside",
        where.values,
    )
    return [r["id"] for r in rows]


# Conditions ------------------------------------------------------------------------------


def song_condition(query: Query) -> Condition:
    """What a query asks of rows of ``songs``; their charts included."""
    parts = [_word_condition(word) for word in _WORD.finditer(query.words.replace("\0", ""))]
    chart = chart_condition(query)
    own = f"SELECT c.id FROM charts c WHERE c.song_id = songs.id AND {chart.text}"
    if chart.values:
        parts.append(Condition(f"EXISTS ({own})", chart.values))
    if query.folder is not None:
        parts.append(Condition("songs.folder_id = ?", (query.folder,)))
    if query.reason == UNREAD.id:
        parts.append(Condition("songs.filled = 0"))
    elif query.reason:
        said = (
            "EXISTS (SELECT 1 FROM verdicts v WHERE v.song_id = songs.id AND v.id = ? "
            f"AND NOT v.overruled AND (v.chart_id IS NULL OR v.chart_id IN ({own})))"
        )
        parts.append(Condition(said, (query.reason, *chart.values)))
    if query.excluded is not None:
        used = "EXISTS (SELECT 1 FROM used_charts u WHERE u.song_id = songs.id)"
        parts.append(Condition(f"NOT {used}" if query.excluded else used))
    return Condition.all_of(parts)


def chart_condition(query: Query) -> Condition:
    """What a query asks of charts ``c`` of ``songs``; without values where it asks nothing."""
    parts = []
    if query.modes:
        likes = " OR ".join("c.mode = ? OR c.mode LIKE ?" for _ in query.modes)
        values = tuple(v for mode in query.modes for v in (mode, f"{mode}-%"))
        parts.append(Condition(likes, values))
    if query.charters:
        places = ", ".join("?" * len(query.charters))
        said = f"{CHARTER} COLLATE NOCASE IN ({places})"
        parts.append(Condition(said, query.charters))
    if query.low is not None:
        parts.append(Condition(f"{LEVEL} >= ?", (query.low,)))
    if query.high is not None:
        parts.append(Condition(f"{LEVEL} <= ?", (query.high,)))
    return Condition.all_of(parts)


def _word_condition(found: re.Match[str]) -> Condition:
    field, quoted, plain = found.groups()
    word = plain if quoted is None else quoted
    if field is not None and field.lower() not in FIELDS:
        word, field = found[0], None
    if _UNPARTED.search(word):
        names = [field.lower()] if field and field != "level" else ["title", "artist", "charter"]
        likes = " OR ".join(f"words.{n} LIKE ? ESCAPE '\\'" for n in names)
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
        text = f"songs.id IN (SELECT rowid FROM words WHERE {likes})"
        return Condition(text, (pattern,) * len(names))
    said = '"' + word.replace('"', '""') + '"'
    # Numbers are whole: level 1 is not level 12.
    prefix = "" if re.fullmatch(r"[\d.]+", word) or quoted is not None else "*"
    match = f"{field.lower()} : {said}{prefix}" if field else f"{said}{prefix}"
    return Condition("songs.id IN (SELECT rowid FROM words WHERE words MATCH ?)", (match,))

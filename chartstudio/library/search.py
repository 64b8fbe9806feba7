"""Finding songs of the library by words, by mode, by level, by what training makes of them.

The words are looked up in the catalog's full-text index; this module knows how people type
them.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from chartstudio.library.catalog import Catalog, ChartEntry, SongEntry

FIELDS = ("title", "artist", "charter", "mode", "level", "pack")
"""What a word may be looked for in alone: ``artist:felt``."""

_WORD = re.compile(r'(?:(\w+):)?(?:"([^"]*)"|(\S+))')
_UNPARTED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts in which words are not parted by spaces: the index has whole sentences of them."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to find.

    Parameters
    ----------
    words : str
        All must occur, as beginnings of words; ``field:word`` looks in one field,
        ``"two words"`` for both in this order.
    mode : str
        A song must have a chart of it; ``mania`` means all of them that start so.
    low, high : float or None
        A song must have a chart of that mode between these levels: the author's, or where
        that says none the estimate.
    excluded : bool or None
        Only songs of which training uses nothing, or only others.
    """

    words: str = ""
    mode: str = ""
    low: float | None = None
    high: float | None = None
    excluded: bool | None = None


def find(catalog: Catalog, query: Query) -> list[SongEntry]:
    """The songs that a query asks for, by artist and title."""
    conditions, values = ["1"], []
    for word in _WORD.finditer(query.words):
        condition, value = _condition(word)
        conditions.append(condition)
        values += value
    try:
        songs = catalog.songs(" AND ".join(conditions), values)
    except sqlite3.OperationalError:
        # A word of nothing but signs has no token to look for.
        return []
    return [s for s in songs if _fits(s, query)]


def _condition(found: re.Match[str]) -> tuple[str, list[object]]:
    field, quoted, plain = found.groups()
    word = plain if quoted is None else quoted
    if field is not None and field.lower() not in FIELDS:
        word, field = found[0], None
    if _UNPARTED.search(word):
        names = [field.lower()] if field and field != "level" else ["title", "artist", "charter"]
        likes = " OR ".join(f"words.{n} LIKE ? ESCAPE '\\'" for n in names)
        pattern = "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"
        return f"id IN (SELECT rowid FROM words WHERE {likes})", [pattern] * len(names)
    said = '"' + word.replace('"', '""') + '"'
    # Numbers are whole: level 1 is not level 12.
    prefix = "" if re.fullmatch(r"[\d.]+", word) or quoted is not None else "*"
    match = f"{field.lower()} : {said}{prefix}" if field else f"{said}{prefix}"
    return "id IN (SELECT rowid FROM words WHERE words MATCH ?)", [match]


def _fits(song: SongEntry, query: Query) -> bool:
    if query.excluded is not None and bool(song.excluded) != query.excluded:
        return False
    if not query.mode and query.low is None and query.high is None:
        return True
    return any(_chart_fits(c, query) for c in song.charts)


def _chart_fits(chart: ChartEntry, query: Query) -> bool:
    if query.mode and chart.mode != query.mode and not chart.mode.startswith(f"{query.mode}-"):
        return False
    level = chart.estimate if chart.level is None else chart.level
    if query.low is not None and (level is None or level < query.low):
        return False
    return query.high is None or (level is not None and level <= query.high)

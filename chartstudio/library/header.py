"""What a song says of itself, without its notes, as values.

Nothing is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from chartstudio.core.song import Metadata, Song
from chartstudio.formats.format import Files
from chartstudio.formats.marks import AI_MARK, OSU_TAGS, is_generated

_AI = re.compile(
    r"\bai[-_ ]?(assisted|generated|made|mapped|charted)\b|\bbeat ?sage\b", re.IGNORECASE
)
"""How authors and tools say that a machine charted; Beat Sage signs as the mapper."""


@dataclass(frozen=True, slots=True)
class ChartHeader:
    """What a song says of one of its charts.

    Parameters
    ----------
    mode, name, label, charter : str
        As of `core.song.Chart`.
    level : float or None
        What the author says.
    is_ai : bool
        Whether it is marked as charted by a machine, in whole or in part.
    needs : tuple of str
        Mods without which it cannot be played.
    """

    mode: str
    name: str
    level: float | None = None
    label: str = ""
    charter: str = ""
    is_ai: bool = False
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What a song says of itself.

    Parameters
    ----------
    family : str
        The family of its format.
    metadata : Metadata
    audio : str
        Name of the audio file; empty for none.
    charts : tuple of ChartHeader
        Of modes that are read.
    """

    family: str
    metadata: Metadata
    audio: str
    charts: tuple[ChartHeader, ...]


def marked(*texts: str) -> bool:
    """Whether a text about a chart says that a machine has charted."""
    return any(AI_MARK in t or OSU_TAGS[0] in t.lower() or _AI.search(t) for t in texts)


def header_of(song: Song, family: str) -> Header:
    """The header of a song that was read whole."""
    tagged = marked(song.metadata.tags, song.metadata.credit)
    charts = tuple(
        ChartHeader(
            c.mode,
            c.name,
            c.level,
            c.label,
            c.credit,
            tagged or is_generated(c) or marked(c.credit, c.label),
        )
        for c in song.charts
    )
    return Header(family, song.metadata, song.audio, charts)


HeaderReader = Callable[[Files, list[str]], Header | None]
"""``(files, names to read, in order) -> header``; None where the files are of another family, or
where only the format's own reader can tell. Raises `FormatError` for what is broken."""

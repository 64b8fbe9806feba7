"""Copied notes, measured in ticks from where the copy began: pasting follows the beat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.note import Note, shift, sort_notes
from chartstudio.core.song import Chart, Song
from chartstudio.formats import project

_MARK = "chartstudio-notes"


@dataclass(frozen=True, slots=True)
class Clip:
    """Notes with their ticks counted from the start of the copied stretch.

    Parameters
    ----------
    notes : tuple of Note
    length : int
        Ticks from the stretch's start to its end.
    """

    notes: tuple[Note, ...]
    length: int


def copy(notes: Sequence[Note], start: int | None = None, end: int | None = None) -> Clip:
    """Copy notes.

    Parameters
    ----------
    notes : sequence of Note
    start, end : int, optional
        The stretch that was copied; by default from the first note to the last one's end.
    """
    ordered = sort_notes(notes)
    first = ordered[0].tick if start is None and ordered else start or 0
    last = max((n.end for n in ordered), default=first) if end is None else end
    return Clip(tuple(shift(n, -first) for n in ordered), last - first)


def to_text(clip: Clip) -> str:
    """The clip as text for the system's clipboard: a project with one nameless chart.

    Raises
    ------
    FormatError
        When the clip holds notes of no known mode.
    """
    (data,) = project.write(Song(charts=(Chart("", notes=clip.notes),))).values()
    return json.dumps(
        {_MARK: 2, "length": clip.length, "song": data.decode("utf-8", "surrogatepass")}
    )


def from_text(text: str) -> Clip | None:
    """The clip in a text, or None when the text is something else."""
    try:
        found: Any = json.loads(text)
        if not isinstance(found, dict) or found.get(_MARK) != 2:
            return None
        name = f"clipboard{project.SUFFIX}"
        song = project.read({name: str(found["song"]).encode("utf-8", "surrogatepass")}, name)
        (chart,) = song.charts
        return Clip(sort_notes(chart.notes), int(found["length"]))
    except (ChartStudioError, ValueError, KeyError, TypeError):
        return None

"""Copied notes, measured in ticks from where the copy began: pasting follows the beat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chartstudio.core.note import LaneNote, Note, shift, sort_notes

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
    """The clip as text for the system's clipboard."""
    notes = [asdict(n) for n in clip.notes if isinstance(n, LaneNote)]
    return json.dumps({_MARK: 1, "length": clip.length, "notes": notes})


def from_text(text: str) -> Clip | None:
    """The clip in a text, or None when the text is something else."""
    try:
        data: Any = json.loads(text)
        if not isinstance(data, dict) or data.get(_MARK) != 1:
            return None
        return Clip(
            sort_notes(
                LaneNote(
                    int(n["tick"]), int(n["end"]), int(n["lane"]), str(n["kind"]), str(n["sound"])
                )
                for n in data["notes"]
            ),
            int(data["length"]),
        )
    except (ValueError, KeyError, TypeError):
        return None

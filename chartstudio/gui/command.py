"""What a command is: id, name, key, when it can run, what it does.

The table of them all is in `actions`. Knows the studio; knows no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from chartstudio.gui.studio import Studio


class Scope(Enum):
    """Where a command's key works."""

    WINDOW = "window"
    TIMELINE = "timeline"
    """Only while the timeline has the focus: keys that lists and fields use themselves."""


def always(studio: Studio) -> bool:
    """At any time."""
    return True


def has_song(studio: Studio) -> bool:
    """While there is something to chart."""
    return bool(studio.document.song.charts) or studio.files.audio is not None


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that the user can do.

    Parameters
    ----------
    id : str
        Stable: key bindings in the settings name it.
    text : str
        In English; shown through `tr`.
    run : callable
    keys : str
        Default shortcut, alternatives after ``; ``.
    enabled : callable
    checked : callable, optional
        For switches: whether it is on.
    scope : Scope
    title : callable, optional
        A name that depends on the state, such as ``Undo Place note``.
    repeats : bool
        Whether holding the key down repeats it.
    """

    id: str
    text: str
    run: Callable[[Studio], object]
    keys: str = ""
    enabled: Callable[[Studio], bool] = always
    checked: Callable[[Studio], bool] | None = None
    scope: Scope = Scope.WINDOW
    title: Callable[[Studio], str] | None = None
    repeats: bool = False

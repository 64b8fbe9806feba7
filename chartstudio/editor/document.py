"""The open song: its one current value, its history, and who wants to know.

The only way to change anything is `Document.apply`. Undo hands back the very song object
that was there before, so it covers metadata, timing, effects and selection for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from chartstudio.core.song import Chart, Song
from chartstudio.editor.selection import Selection

Edit = Callable[[Song], Song]
"""A change as a pure function."""

N_STEPS = 200
"""Whole songs that the history keeps; they share what did not change."""


@dataclass(frozen=True, slots=True)
class Change:
    """What listeners are told.

    Parameters
    ----------
    old, new : Song
        The same object when only the selection changed.
    selection : Selection
        The one in force now.
    label : str
        Name of the undo step.
    origin : {"apply", "undo", "redo", "select", "open"}
    """

    old: Song
    new: Song
    selection: Selection
    label: str
    origin: str


@dataclass(frozen=True, slots=True)
class _State:
    """A moment of the history: the step that led to it, and what it left."""

    label: str
    song: Song
    selection: Selection


class Document:
    """One open song.

    Parameters
    ----------
    song : Song
    path : Path, optional
        The file or folder it came from.
    format_id : str, optional
        The format it was read as.
    """

    def __init__(
        self, song: Song | None = None, path: Path | None = None, format_id: str | None = None
    ) -> None:
        self._listeners: list[Callable[[Change], None]] = []
        self._start(song or Song(), path, format_id)

    def _start(self, song: Song, path: Path | None, format_id: str | None) -> None:
        self._past: list[_State] = []
        self._now = _State("", song, Selection())
        self._future: list[_State] = []
        self._saved = song
        self.path = path
        self.format_id = format_id

    @property
    def song(self) -> Song:
        """The song as it is now."""
        return self._now.song

    @property
    def selection(self) -> Selection:
        """The selection as it is now."""
        return self._now.selection

    @property
    def active_chart(self) -> Chart | None:
        """The chart that commands work on, or None in a song without charts."""
        charts = self.song.charts
        return charts[self.selection.chart] if self.selection.chart < len(charts) else None

    def apply(self, label: str, edit: Edit, selection: Selection | None = None) -> None:
        """Change the song as one undo step; an edit that changes nothing adds none.

        Parameters
        ----------
        label : str
            What the Edit menu calls it.
        edit : callable
            ``Song -> Song``. When it raises, the document is untouched.
        selection : Selection, optional
            What is selected afterwards; by default what still exists of the current one.
        """
        old = self._now
        new = edit(old.song)
        if new is old.song or new == old.song:
            if selection is not None:
                self.select(selection)
            return
        self._past.append(old)
        del self._past[:-N_STEPS]
        self._future.clear()
        self._now = _State(label, new, _fitting(selection or old.selection, new))
        self._tell(old.song, label, "apply")

    def select(self, selection: Selection) -> None:
        """Change what is selected; not an undo step of its own."""
        fitting = _fitting(selection, self.song)
        if fitting == self.selection:
            return
        self._now = replace(self._now, selection=fitting)
        self._tell(self.song, "", "select")

    def undo(self) -> bool:
        """Go back one step; False when there is none."""
        if not self._past:
            return False
        left = self._now
        self._future.append(left)
        self._now = self._past.pop()
        self._tell(left.song, left.label, "undo")
        return True

    def redo(self) -> bool:
        """Take back the last undo; False when there is none."""
        if not self._future:
            return False
        left = self._now
        self._past.append(left)
        self._now = self._future.pop()
        self._tell(left.song, self._now.label, "redo")
        return True

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        return bool(self._future)

    @property
    def undo_label(self) -> str:
        """Name of the step that `undo` would take back; empty when there is none."""
        return self._now.label if self._past else ""

    @property
    def redo_label(self) -> str:
        """Name of the step that `redo` would do again; empty when there is none."""
        return self._future[-1].label if self._future else ""

    def open(self, song: Song, path: Path | None = None, format_id: str | None = None) -> None:
        """Replace everything; the history starts anew."""
        old = self.song
        self._start(song, path, format_id)
        self._tell(old, "", "open")

    @property
    def modified(self) -> bool:
        """Whether the song differs from what is on disk."""
        return self.song is not self._saved

    def mark_saved(self, path: Path, format_id: str) -> None:
        """Remember that the current song is what ``path`` holds."""
        self._saved = self.song
        self.path = path
        self.format_id = format_id
        self._tell(self.song, "", "select")

    def mark_unsaved(self) -> None:
        """Remember that the current song is on no disk yet, such as a new or a drafted one."""
        self._saved = Song()
        self._tell(self.song, "", "select")

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Be told of every change; returns the function that ends it."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def _tell(self, old: Song, label: str, origin: str) -> None:
        change = Change(old, self.song, self.selection, label, origin)
        for listener in tuple(self._listeners):
            listener(change)


def _fitting(selection: Selection, song: Song) -> Selection:
    """The selection without what the song does not hold."""
    index = max(0, min(selection.chart, len(song.charts) - 1))
    if not selection.notes:
        return replace(selection, chart=index) if index != selection.chart else selection
    held = frozenset(song.charts[index].notes) if song.charts else frozenset()
    return replace(selection, chart=index, notes=selection.notes & held)

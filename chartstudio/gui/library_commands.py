"""The commands on the library: folders, scanning, and what to do with the marked songs."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from chartstudio.core.errors import FormatError
from chartstudio.gui import verbs
from chartstudio.gui.command import Command
from chartstudio.gui.files import source_at
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.library import hand
from chartstudio.library.entries import Folder, Pick


def add_folder(studio: Studio) -> None:
    """Choose a folder of songs and add it to the library."""
    path = studio.ask.folder(tr("Add a folder of songs"), str(Path.home()))
    if path is not None:
        studio.library.add_folder(path)


def remove_folder(studio: Studio, folder: Folder) -> None:
    """Take a folder out of the library, once the author agrees."""
    question = tr(
        "Take {folder} out of the library?\n\nIts files stay as they are. Songs that you left out "
        "or took in by hand are remembered, should you add it again.",
        folder=folder.path,
    )
    if studio.ask.confirm(tr("Library"), question):
        studio.library.remove_folder(folder)


def open_song(studio: Studio) -> None:
    """Open the marked song in the editor."""
    song = studio.library.song
    if song is None:
        return
    if song.inside:
        make = partial(source_at, song.path, song.inside)
        verbs.guarded(studio, lambda: studio.files.open_source(make))
    else:
        verbs.open_path(studio, song.path)


def show_folder(studio: Studio) -> None:
    """Show the marked song's files in the system's file manager.

    Raises
    ------
    FormatError
        When they are gone.
    """
    song = studio.library.song
    if song is None:
        return
    folder = song.path if song.path.is_dir() else song.path.parent
    if not folder.is_dir():
        raise FormatError(str(folder), None, tr("is not there any more; scan the library again"))
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _has_song(studio: Studio) -> bool:
    return studio.library.song is not None


def _can_leave_out(studio: Studio) -> bool:
    song, n = studio.library.song, len(studio.library.chosen)
    return song is not None and (n > 1 or song.pick is not Pick.LEAVE)


def _can_take_in(studio: Studio) -> bool:
    song, n = studio.library.song, len(studio.library.chosen)
    return song is not None and (n > 1 or not hand.refusal(song))


def _can_undo_pick(studio: Studio) -> bool:
    song, n = studio.library.song, len(studio.library.chosen)
    return song is not None and (n > 1 or song.pick is not Pick.NONE)


LIBRARY = (
    Command("library.add-folder", "Add a folder to the library…", add_folder),
    Command(
        "library.scan", "Scan the library", lambda s: s.library.scan(),
        enabled=lambda s: bool(s.library.found.folders) and not s.library.scanning,
    ),
    Command(
        "library.cancel", "Stop scanning", lambda s: s.library.cancel(),
        enabled=lambda s: s.library.scanning,
    ),
    Command("library.open", "Open the library's song", open_song, enabled=_has_song),
    Command("library.show-folder", "Show the song's folder", show_folder, enabled=_has_song),
    Command(
        "library.leave-out", "Leave out of training", lambda s: s.library.leave_out(),
        enabled=_can_leave_out,
    ),
    Command(
        "library.take-in", "Take into training", lambda s: s.library.take_in(),
        enabled=_can_take_in,
    ),
    Command(
        "library.rules", "Let the rules decide", lambda s: s.library.let_rules_decide(),
        enabled=_can_undo_pick,
    ),
)  # fmt: skip
"""The commands of the library."""

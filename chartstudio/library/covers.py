"""Bytes of a song's picture, out of its folder or its archive; nothing is decoded here."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath

from chartstudio.core.errors import FormatError
from chartstudio.formats import Bundle
from chartstudio.library.entries import SongEntry
from chartstudio.library.places import open_place

MAX_BYTES = 8 << 20
"""Larger pictures are not shown in lists: each would take longer than the rest of a page."""


def cover_of(song: SongEntry) -> bytes:
    """The bytes of a song's picture.

    Returns
    -------
    bytes
        Empty where it names none, or where that is missing, larger than `MAX_BYTES` or cannot
        be read: a list does without it, and opening the song says what is wrong.
    """
    if not song.cover:
        return b""
    try:
        files = open_place(song.path, song.inside)
        if song.cover not in files or _is_large(song, files):
            return b""
        return files[song.cover]
    except (FormatError, OSError, zipfile.BadZipFile):
        return b""


def _is_large(song: SongEntry, files: Bundle) -> bool:
    """Whether the picture may be too large; in an archive any of its kind tells.

    Names in archives are spelled in many ways, and a picture must not be unpacked to find out.
    """
    folder = files.path if files.chosen is None else files.path.parent
    if folder.is_dir():
        return (folder / (files.find(song.cover) or song.cover)).stat().st_size > MAX_BYTES
    suffix = PurePosixPath(song.cover).suffix.lower()
    with zipfile.ZipFile(song.path) as archive:
        sizes = [i.file_size for i in archive.infolist() if i.filename.lower().endswith(suffix)]
    return max(sizes, default=0) > MAX_BYTES

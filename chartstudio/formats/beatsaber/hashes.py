"""The hash by which players and servers know a level (``custom_level_<HASH>``).

Source of the rule: Kylemc1413/SongCore, ``Utilities/Hashing.cs``. The Info goes in as its text
in UTF-8, so without a byte-order mark; all other files as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from chartstudio.core.errors import FormatError
from chartstudio.formats.beatsaber.info import Info
from chartstudio.formats.beatsaber.read import Shelf
from chartstudio.formats.format import Files


def level_hash(files: Files) -> str:
    """SHA-1 of a level's files by the game's rule, in upper-case hexadecimal digits.

    Version 2: the Info and each difficulty in its order. Version 4: the Info, the audio data,
    and for each difficulty its file and its lightshow. Missing files are left out.

    Raises
    ------
    FormatError
        When there is no Info that can be read.
    """
    shelf = Shelf(files)
    kept = shelf.info()
    if kept is None:
        raise FormatError("Info.dat", None, "is missing; choose a folder with one")
    info = Info.of(kept.name, kept.kept, kept.encoding)
    digest = hashlib.sha1(kept.text().removeprefix("\ufeff").encode("utf-8", "replace"))
    for name in _names(info):
        found = shelf.find(name)
        if found is not None:
            digest.update(shelf.raw(found))
    return digest.hexdigest().upper()


def _names(info: Info) -> Iterable[str]:
    if info.keys.major == 4:
        yield info.audio_data_name()
    for entry in info.entries:
        yield entry.file
        if info.keys.major == 4:
            yield entry.lightshow

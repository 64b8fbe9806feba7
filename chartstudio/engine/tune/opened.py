"""Songs of a library as files: opening them, and finding their sound.

Songs are read, and never written. Knows no torch, so that a window can ask.
"""

from __future__ import annotations

from pathlib import Path

from chartstudio.core.errors import EngineError, FormatError
from chartstudio.core.song import Song
from chartstudio.formats import Bundle, read_song


def open_song(path: Path, inside: str = "") -> tuple[Song, Bundle]:
    """A song and its files.

    Parameters
    ----------
    path : Path
        A folder, an archive or a chart file.
    inside : str
        The folder within an archive.

    Raises
    ------
    ChartStudioError
        When it cannot be read.
    """
    bundle = Bundle.open(path)
    if inside:
        prefix = f"{inside}/"
        names = [n.removeprefix(prefix) for n in bundle.names if n.startswith(prefix)]
        if not names:
            raise FormatError(
                f"{path}/{inside}", None, "is not in the archive any more; scan again"
            )
        found = {name.casefold(): name for name in names} | {name: name for name in names}
        whole = bundle
        bundle = Bundle(path / inside, None, tuple(names), lambda n: whole[prefix + n], found)
    return read_song(bundle)[0], bundle


def sound_of(song: Song, bundle: Bundle) -> bytes:
    """The bytes of a song's audio.

    Raises
    ------
    ChartStudioError
        When it is missing.
    """
    if not song.audio or song.audio not in bundle:
        raise EngineError(f"its audio {song.audio} is missing".replace("  ", " "))
    return bundle[song.audio]

"""What a path holds for us: a song in some format, or bare audio to make one of.

Nothing is decoded here; the audio's bytes are handed on as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from chartstudio.core.errors import FormatError
from chartstudio.core.song import Metadata, Song
from chartstudio.formats import read_song
from chartstudio.formats.bundle import Bundle

AUDIO_SUFFIXES = (".mp3", ".ogg", ".opus", ".flac", ".wav", ".oga")
"""Names under which sound files are offered; what they hold is told by their bytes."""


@dataclass(frozen=True, slots=True)
class Source:
    """An opened path.

    Parameters
    ----------
    path : Path
    song : Song
    format_id : str or None
        None for bare audio.
    assets : mapping of str to bytes
        The files beside the charts, read when asked for.
    """

    path: Path
    song: Song
    format_id: str | None
    assets: Mapping[str, bytes]

    @property
    def audio_found(self) -> bool:
        """Whether the audio that the song names is there."""
        return bool(self.song.audio) and self.song.audio in self.assets

    def audio(self) -> bytes:
        """Bytes of the song's audio.

        Raises
        ------
        FormatError
            When it is missing.
        """
        if not self.song.audio:
            raise FormatError(str(self.path), None, "names no audio file; give one that does")
        if not self.audio_found:
            what = f"its audio {self.song.audio} is missing; put the file beside the chart"
            raise FormatError(str(self.path), None, what)
        return self.assets[self.song.audio]


class FilesOnDisk(Mapping[str, bytes]):
    """Some files by their names, read when asked for.

    Parameters
    ----------
    paths : Path
        Files that exist, with names of their own.
    """

    def __init__(self, *paths: Path) -> None:
        self._paths = {path.name: path for path in paths}

    def __getitem__(self, name: str) -> bytes:
        path = self._paths[name]
        try:
            return path.read_bytes()
        except OSError as error:
            what = f"cannot be read ({error.strerror}); check the file"
            raise FormatError(str(path), None, what) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def open_source(path: Path) -> Source:
    """Open a chart file, a game folder, an archive, a project or bare audio.

    Raises
    ------
    FormatError
        When there is nothing, or nothing that we can read.
    """
    if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
        return Source(path, song_of_audio(path.name), None, FilesOnDisk(path))
    bundle = Bundle.open(path)
    song, format_id = read_song(bundle)
    return Source(path, song, format_id, bundle)


def song_of_audio(name: str) -> Song:
    """A song without charts, named after its file (``Artist - Title.ogg``)."""
    stem = PurePosixPath(name).stem.replace("_", " ").strip()
    parts = re.split(r"\s+-\s+", stem, maxsplit=1)
    artist, title = parts if len(parts) == 2 else ("", stem)
    return Song(Metadata(title=title, artist=artist), audio=name)

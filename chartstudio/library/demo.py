"""The song that ships with the program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from chartstudio.audio.decode import Audio, load
from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.song import Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.library.source import FilesOnDisk, Source


def has_demo() -> bool:
    """Whether the song is there; an installation may leave it out."""
    return _facts_file().is_file()


def _facts_file() -> Path:
    return paths.resources() / "demo" / "demo.json"


def _facts() -> dict[str, Any]:
    path = _facts_file()
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ChartStudioError(f"{path}: cannot be read; reinstall the program") from error
    return found


def demo_source(timed: bool = False) -> Source:
    """The bundled song without charts.

    Parameters
    ----------
    timed : bool
        Whether it comes with its true timing, or with none as any new song.

    Raises
    ------
    ChartStudioError
        When the program is not installed whole.
    """
    facts = _facts()
    folder = paths.resources() / "demo"
    metadata = Metadata(
        title=facts["title"], artist=facts["artist"], cover=facts["cover"], genre="Electronic"
    )
    audio = folder / facts["audio"]
    files = FilesOnDisk(audio, folder / facts["cover"])
    song = Song(metadata, audio.name, _timing(facts)) if timed else Song(metadata, audio.name)
    return Source(audio, song, None, files)


def demo_song() -> tuple[Audio, TimingMap]:
    """The bundled song decoded, and its true timing."""
    facts = _facts()
    audio = load(paths.resources() / "demo" / facts["audio"])
    return audio, _timing(facts)


def _timing(facts: dict[str, Any]) -> TimingMap:
    return TimingMap.constant(facts["bpm"], facts["offset_s"], facts["meter"])

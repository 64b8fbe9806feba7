"""The song that ships with the program."""

from __future__ import annotations

import json
from typing import Any

from chartstudio.audio.decode import Audio, load
from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.song import Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.library.source import FilesOnDisk, Source


def _facts() -> dict[str, Any]:
    path = paths.resources() / "demo" / "demo.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ChartStudioError(f"{path}: cannot be read; reinstall the program") from error
    return found


def demo_source() -> Source:
    """The bundled song, without charts and without timing."""
    facts = _facts()
    folder = paths.resources() / "demo"
    metadata = Metadata(
        title=facts["title"], artist=facts["artist"], cover=facts["cover"], genre="Electronic"
    )
    audio = folder / facts["audio"]
    files = FilesOnDisk(audio, folder / facts["cover"])
    return Source(audio, Song(metadata, audio.name), None, files)


def demo_song() -> tuple[Audio, TimingMap]:
    """The bundled song decoded, and its true timing."""
    facts = _facts()
    audio = load(paths.resources() / "demo" / facts["audio"])
    return audio, TimingMap.constant(facts["bpm"], facts["offset_s"])

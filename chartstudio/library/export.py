"""Writing a song for a game: one job that window and command line both call.

It says what the format cannot hold, brings the audio and the pictures along in a form that
the game plays, marks generated charts, and saves everything or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from chartstudio.audio import encode
from chartstudio.audio.decode import decode_job
from chartstudio.core import provenance
from chartstudio.core.job import Job, Progress, part
from chartstudio.core.song import Chart, Song
from chartstudio.formats import Loss, bundle, losses, write_song

_OGG, _ID3, _WAV = b"OggS", b"ID3", b"RIFF"

STEPMANIA_NAMES = ("Beginner", "Easy", "Medium", "Hard", "Challenge", "Edit")
"""Difficulties that StepMania knows; any other chart is an Edit with a description."""

_METER_NAMES = ((2, "Beginner"), (4, "Easy"), (7, "Medium"), (10, "Hard"), (25, "Challenge"))

AI_MARK = "AI-assisted (ChartStudio)"
"""What the credit of a chart with generated parts says."""

_OSU_TAG = "ai-assisted chartstudio"
"""The same in osu!'s tags, which are words in lower case."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Parameters
    ----------
    files : tuple of Path
    losses : tuple of Loss
        What the format could not hold.
    """

    files: tuple[Path, ...]
    losses: tuple[Loss, ...]


def _is_vorbis(data: bytes) -> bool:
    return data[:4] == _OGG and b"\x01vorbis" in data[:128]


def _is_mp3(data: bytes) -> bool:
    return data[:3] == _ID3 or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0)


def _is_wav(data: bytes) -> bool:
    return data[:4] == _WAV


_PLAYS: dict[str, Callable[[bytes], bool]] = {
    # Readers differ by 25 ms in where an mp3 starts, so StepMania gets none.
    "sm": _is_vorbis,
    "ssc": _is_vorbis,
    "osz": lambda data: _is_vorbis(data) or _is_mp3(data) or _is_wav(data),
    "project": lambda data: True,
}
"""Which audio each format takes as it is; anything else is encoded as Ogg Vorbis."""

ARCHIVES = {"osz": ".osz"}
"""Formats that are one file, with its suffix; the others are a folder."""


def folder_name(song: Song) -> str:
    """A name for the song's folder that every file system takes."""
    meta = song.metadata
    text = " - ".join(part for part in (meta.artist, meta.title) if part) or "song"
    text = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", text).strip(" .")[:120].rstrip(" .")
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", text):
        text = f"_{text}"
    return text or "song"


def export(
    song: Song,
    assets: Mapping[str, bytes],
    format_id: str,
    folder: Path,
) -> Job[Exported]:
    """Write a song with its audio for a game.

    Parameters
    ----------
    song : Song
    assets : mapping of str to bytes
        The files that the song names, as far as they exist: audio, cover, background.
    format_id : str
        Key of `formats.FORMATS`.
    folder : Path
        For a folder format the song's own folder; for an archive the folder it is put in.
        Made when missing.

    Returns
    -------
    Job of Exported

    Raises
    ------
    FormatError
        When a file cannot be written; then none of them is there.
    ModeError
        When the format cannot hold a chart's mode.
    """
    yield Progress(0.0, "Preparing the charts")
    ready = _for_game(song, format_id)
    lost = losses(song, format_id)
    files: dict[str, bytes] = {}
    if song.audio and song.audio in assets:
        name, data = yield from _audio(song.audio, assets[song.audio], format_id)
        files[name] = data
        ready = replace(ready, audio=name)
    meta = song.metadata
    for picture in {meta.cover, meta.background, meta.banner} - {""}:
        if picture in assets:
            files[picture] = assets[picture]
    yield Progress(0.9, "Writing")
    files |= write_song(ready, format_id)
    if format_id in ARCHIVES:
        path = folder / (folder_name(song) + ARCHIVES[format_id])
        bundle.save_archive(path, files)
        written = [path]
    else:
        bundle.save_files(folder, files)
        written = [folder / name for name in files]
    return Exported(tuple(written), tuple(lost))


def _audio(name: str, data: bytes, format_id: str) -> Job[tuple[str, bytes]]:
    """The audio under the name and in the form that the game takes."""
    if _PLAYS[format_id](data):
        return name, data
    audio = yield from part(decode_job(data, name), 0.1, 0.3, "Reading the audio")
    encoding = encode.ogg_vorbis_job(audio.samples, audio.rate_hz, game_ready=True)
    encoded = yield from part(encoding, 0.3, 0.9, "Encoding the audio as Ogg Vorbis")
    return PurePosixPath(name).with_suffix(".ogg").name, encoded


def _for_game(song: Song, format_id: str) -> Song:
    """The song as the game wants it: names it knows, generated charts marked."""
    if format_id == "project":
        return song
    if format_id == "osz":
        is_generated = any(provenance.generated(c) for c in song.charts)
        if is_generated and _OSU_TAG not in song.metadata.tags:
            tags = f"{song.metadata.tags} {_OSU_TAG}".strip()
            return replace(song, metadata=replace(song.metadata, tags=tags))
        return song
    # An .sm file has one line for a chart's name and its author both.
    field = "label" if format_id == "sm" else "credit"
    charts = _stepmania_names(song.charts)
    marked = tuple(_marked(c, field) if provenance.generated(c) else c for c in charts)
    return replace(song, charts=marked)


def _marked(chart: Chart, field: str) -> Chart:
    """The chart with the mark at the end of its credit or label."""
    said = getattr(chart, field)
    if AI_MARK in said:
        return chart
    marked: dict[str, Any] = {field: f"{said}, {AI_MARK}" if said else AI_MARK}
    return replace(chart, **marked)


def _stepmania_names(charts: tuple[Chart, ...]) -> tuple[Chart, ...]:
    """Give charts a difficulty that StepMania knows, their own name as description.

    The game shows one chart of each difficulty per style, and any number of edits.
    """
    taken = {(c.mode, c.name) for c in charts}
    named = []
    for chart in charts:
        if chart.name in STEPMANIA_NAMES:
            named.append(chart)
            continue
        level = chart.level or 1
        name = next((n for top, n in _METER_NAMES if level <= top), "Challenge")
        if (chart.mode, name) in taken:
            name = "Edit"
        taken.add((chart.mode, name))
        named.append(replace(chart, name=name, label=chart.label or chart.name))
    return tuple(named)

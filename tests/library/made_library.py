"""Folders of songs for the library's tests: every family, made by the program's own writers."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio import encode
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.formats import write_song
from chartstudio.modes.beatsaber.notes import ColorNote
from chartstudio.modes.osu.notes import Circle

RATE_HZ = 22_050

MODES = {"ssc": "dance-single", "sm": "dance-single", "osz": "mania-4k", "project": "dance-single"}


def music(seed: int, seconds: float = 24.0, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """Something with chords, a tune and drums, of its own for each seed; shape (2, N)."""
    random = np.random.default_rng(seed)
    n = round(seconds * rate_hz)
    out = np.zeros(n)
    at_s = 0.0
    while at_s < seconds:
        length_s = random.choice([0.25, 0.5, 0.75])
        start, end = round(at_s * rate_hz), min(n, round((at_s + length_s) * rate_hz))
        t = np.arange(end - start) / rate_hz
        for note in random.integers(40, 84, 3):
            f = 440 * 2 ** ((note - 69) / 12)
            for k in range(1, 5):
                out[start:end] += np.sin(2 * np.pi * f * k * t) * np.exp(-3 * t) / k
        hit = random.normal(size=min(end - start, 800))
        out[start : start + len(hit)] += hit * np.linspace(1, 0, len(hit)) * random.random()
        at_s += length_s
    out /= np.abs(out).max() * 1.2
    return np.stack([out, out]).astype(np.float32)


def notes(mode: str, n: int = 32, step: int = BEAT // 2) -> tuple[Note, ...]:
    """Notes of a mode on a grid."""
    ticks = [(8 + i) * step for i in range(n)]
    if mode == "osu":
        return sort_notes(Circle(t, t, 100.0 + i % 7 * 30, 100.0) for i, t in enumerate(ticks))
    if mode == "beatsaber":
        return sort_notes(ColorNote(t, t, i % 4, i % 3, i % 2, 1) for i, t in enumerate(ticks))
    return sort_notes(LaneNote(t, t, i % 4) for i, t in enumerate(ticks))


def song(title: str, mode: str = "dance-single", names: Sequence[str] = ("Hard",)) -> Song:
    """A song with charts of one mode."""
    charts = tuple(
        Chart(mode, name, None if mode in ("osu", "mania-4k") else 5.0 + i, notes(mode))
        for i, name in enumerate(names)
    )
    meta = Metadata(title, artist=f"Artist of {title}", credit="Charter")
    return Song(meta, "song.ogg", TimingMap.constant(120.0), charts)


def save(folder: Path, made: Song, fmt: str, audio: bytes | None = b"OggS no sound") -> Path:
    """Write a song as a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in write_song(made, fmt).items():
        (folder / name).write_bytes(data)
    if audio is not None:
        (folder / made.audio).write_bytes(audio)
    return folder


def zipped(path: Path, folder: Path) -> Path:
    """An archive of everything below a folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


def ogg(samples: NDArray[np.float32], quality: float = 0.5, rate_hz: int = RATE_HZ) -> bytes:
    return encode.ogg_vorbis(samples, rate_hz, quality=quality)


def renamed(made: Song, title: str) -> Song:
    return replace(made, metadata=replace(made.metadata, title=title))


def snapshot(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Everything below a folder with size, time and rights: what must never change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        s = os.lstat(path)
        found[str(path.relative_to(folder))] = (s.st_size, s.st_mtime_ns, s.st_mode)
    return found


def later(path: Path) -> None:
    """Give a file a newer time, as any program that saves does."""
    s = path.stat()
    os.utime(path, ns=(s.st_atime_ns, s.st_mtime_ns + 1_000_000_000))

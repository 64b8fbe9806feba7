"""The sound of an author's songs in a store: what is heard of each, found by what it is.

A piece's number follows from the sound's bytes and the timing, its folder from the feature
spec; what is deleted is computed again. Charts are no concern of this module.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from time import time

import numpy as np

from chartstudio.audio.decode import Audio, decode
from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.core.song import Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.engine.echo import bar_beats
from chartstudio.engine.features import (
    POSITIONS_PER_BEAT,
    FeatureSpec,
    SlotGrid,
    SongFeatures,
    mono,
    slot_grid,
)
from chartstudio.engine.train.store import Bars, Store, StoredSong
from chartstudio.engine.tune.augment import resampled
from chartstudio.engine.tune.opened import open_song as open_song
from chartstudio.engine.tune.opened import sound_of as sound_of
from chartstudio.formats import project

_OWNER = "features"
_SOUND, _ALIKE = ".npy", ".alike.npy"
"""Endings of the store's files that hold what is heard."""

_HALF, _LEFT_S = ".new", 3600.0
"""How half-written files end, and after how long nobody is writing them any more."""


def open_store(folder: Path, spec: FeatureSpec) -> Store:
    """The store of a feature spec in a folder of caches, made where it is missing."""
    text = json.dumps(asdict(spec), sort_keys=True)
    return Store.create(folder / blake2b(text.encode(), digest_size=6).hexdigest(), spec)


def piece_number(data: bytes, timing: TimingMap) -> int:
    """The number under which a store keeps the features of some audio on a timing."""
    anchors = [
        (a.tick, a.seconds, a.bpm, a.meter, a.bar, a.cause.value) for a in timing.anchors
    ]  # fmt: skip
    found = blake2b(data, digest_size=7)
    found.update(json.dumps(anchors).encode())
    return int.from_bytes(found.digest())


@dataclass(frozen=True, eq=False)
class Sound:
    """An audio file, decoded when that is needed.

    Parameters
    ----------
    data : bytes
    name : str
    """

    data: bytes
    name: str

    @cached_property
    def audio(self) -> Audio:
        """What it sounds like.

        Raises
        ------
        ChartStudioError
            When it cannot be decoded.
        """
        return decode(self.data, self.name)


def hear(
    store: Store, sound: Sound, timing: TimingMap, speed: float = 1.0
) -> tuple[int, SlotGrid, float]:
    """Put a sound into the store, where it is not there yet.

    Parameters
    ----------
    store : Store
    sound : Sound
    timing : TimingMap
        At this speed; see `augment.played`.
    speed : float

    Returns
    -------
    number : int
        Of the piece.
    grid : SlotGrid
    duration_s : float

    Raises
    ------
    ChartStudioError
        When it cannot be decoded, or has no tempo that can be drafted on.
    """
    number = piece_number(sound.data, timing)
    duration_s = _known_duration_s(store, number)
    if duration_s is not None:
        grid = slot_grid(timing, duration_s)
        if _is_whole(store, number, grid):
            with suppress(FileNotFoundError):
                os.utime(store.path(number, project.SUFFIX))
            return number, grid, duration_s
    audio = sound.audio
    duration_s = audio.duration_s / speed
    grid = slot_grid(timing, duration_s)
    samples = resampled(mono(audio.samples, audio.rate_hz, store.spec), speed)
    piece = Song(Metadata(title=f"{number}"), timing=timing)
    known = (("duration_s", duration_s),)
    piece = replace(piece, extra=piece.extra.set(_OWNER, known))
    store.add(number, piece, SongFeatures(samples, grid, store.spec))
    return number, grid, duration_s


def piece_bytes(store: Store, number: int) -> int:
    """What the files of a piece take; 0 where it is not there."""
    found = 0
    for path in store.folder.glob(f"{store.path(number, '').name}.*"):
        # Another process may delete what was listed.
        with suppress(FileNotFoundError):
            found += path.stat().st_size
    return found


def _known_duration_s(store: Store, number: int) -> float | None:
    path = store.path(number, project.SUFFIX)
    try:
        whole = project.read({path.name: path.read_bytes()}, path.name)
    except (OSError, ChartStudioError):
        return None
    found = dict(whole.extra.get(_OWNER, ())).get("duration_s")
    return found if isinstance(found, float) else None


def _is_whole(store: Store, number: int, grid: SlotGrid) -> bool:
    """Whether what is heard of a piece is there, and of its beats."""
    n_bars = len(bar_beats(grid)) - 1
    shapes = {
        _SOUND: (grid.n_beats * POSITIONS_PER_BEAT, store.spec.n_channels),
        _ALIKE: (n_bars, n_bars),
    }
    try:
        return all(
            np.load(store.path(number, ending), mmap_mode="r").shape == shape
            for ending, shape in shapes.items()
        )
    except (OSError, ValueError, EOFError):
        return False


def clean(store: Store) -> None:
    """Delete what was left half written long ago; what is newer another tuning may be writing."""
    for path in store.folder.glob(f"*{_HALF}"):
        with suppress(FileNotFoundError):
            if time() - path.stat().st_mtime > _LEFT_S:
                path.unlink()


class Room:
    """Keeps a store within its size.

    Parameters
    ----------
    store : Store
    limit_bytes : int
    """

    def __init__(self, store: Store, limit_bytes: int) -> None:
        self._store, self._limit = store, limit_bytes
        self._needed: set[int] = set()

    def holds(self, new: set[int]) -> bool:
        """Whether there is room for new pieces; those that nothing needs are given up for it.

        Parameters
        ----------
        new : set of int
            In the store already, and deleted again where they are too much.
        """
        old = [n for n in self._store.numbers() if n not in self._needed | new]
        old.sort(key=self._used_s)
        while self._store.size_bytes() > self._limit and old:
            self._delete(old.pop(0))
        if self._store.size_bytes() <= self._limit:
            self._needed |= new
            return True
        for number in new - self._needed:
            self._delete(number)
        return False

    def _used_s(self, number: int) -> float:
        try:
            return self._store.path(number, project.SUFFIX).stat().st_mtime
        except OSError:
            return 0.0

    def _delete(self, number: int) -> None:
        # The project file first: without it a piece is not there.
        self._store.path(number, project.SUFFIX).unlink(missing_ok=True)
        for path in self._store.folder.glob(f"{self._store.path(number, '').name}.*"):
            path.unlink(missing_ok=True)


def stored_song(store: Store, number: int, timing: TimingMap, duration_s: float) -> StoredSong:
    """The sound of a piece as training reads it.

    Raises
    ------
    EngineError
        When it was deleted meanwhile.
    """
    grid = slot_grid(timing, duration_s)
    try:
        alike = np.load(store.path(number, _ALIKE)).astype(np.float32)
        bars = Bars(bar_beats(grid), alike)
        song = StoredSong(f"{number}", store.path(number, _SOUND), grid, bars)
        # From here on the file may be deleted: it is open.
        song.beats(0, 1)
    except (OSError, ValueError) as error:
        raise EngineError(
            f"{store.folder}: was changed while songs were read; start again"
        ) from error
    return song

"""The training set: which music is rendered, in which modes and levels it is charted.

Every piece follows from the data folder, a seed and its number alone, so that a store can be
filled piece by piece, thrown away and filled again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import torch

from chartstudio.audio import decode
from chartstudio.core.job import Job, Progress
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.engine.features import FeatureSpec, Samples, SongFeatures, mono, slot_grid
from chartstudio.engine.train import augment, synthesis, teacher
from chartstudio.engine.train.piece import TAUGHT_MODES, Piece
from chartstudio.engine.train.store import GIB, Store
from chartstudio.modes import MODES

CHARTS_PER_PIECE = 8

MODE_SHARES: dict[str, float] = {
    "dance-single": 0.12,
    "dance-double": 0.05,
    "pump-single": 0.07,
    "pump-double": 0.05,
    "taiko": 0.10,
    "osu": 0.16,
    "mania-4k": 0.08,
    "mania-5k": 0.05,
    "mania-7k": 0.07,
}
"""Share of the charts that a mode gets before all are made to add up to 1."""

_OTHER_SHARE = 0.025
_WIDE_SHARE = 0.16
_WIDE_EVENTS = 200
"""A mode with more events than this has more to teach."""

RECORDINGS = 0.1
"""Share of the pieces that are recordings whose notes are known from an aligned MIDI file."""

FEWEST_NOTES = 16


@dataclass(frozen=True, slots=True)
class Music:
    """Endless music with charts for training.

    Parameters
    ----------
    data : Path
        Folder with ``manifest.json``.
    seed : int
    modes : tuple of str
        Modes to chart.
    """

    data: Path
    seed: int
    modes: tuple[str, ...] = TAUGHT_MODES

    def add(self, store: Store, number: int) -> str:
        """Render a piece, chart it, write both into a store, and tell its name."""
        rng = np.random.default_rng([self.seed, number, 1])
        recording = self._recording(rng, store.spec) if rng.random() < RECORDINGS else None
        if recording is None:
            piece = synthesis.piece_at(self.data, self.seed, number)
            samples = synthesis.render(piece, rng)
        else:
            piece, samples = recording
        samples = augment.augment(samples, rng)
        song = Song(
            metadata=Metadata(title=piece.name),
            timing=piece.timing,
            charts=charts_of(piece, self.modes, rng),
        )
        store.add(number, song, features_of(samples, piece, store.spec))
        return piece.name

    def _recording(
        self, rng: np.random.Generator, spec: FeatureSpec
    ) -> tuple[Piece, Samples] | None:
        """A recording, second 0 of its piece's timing first; None where there is none."""
        rows = [
            r
            for r in synthesis.manifest(self.data)
            if r.get("kind") == "paired" and r.get("aligned")
        ]
        if not rows:
            return None
        row: dict[str, Any] = rows[int(rng.integers(len(rows)))]
        piece = synthesis.read_midi(self.data / row["midi"], row["title"])
        if not synthesis.usable(piece):
            return None
        audio = decode.load(self.data / row["audio"])
        heard = mono(audio.samples, audio.rate_hz, spec)
        late = round(row["midi_to_audio_offset_s"] * spec.rate_hz)
        return piece, heard[late:] if late >= 0 else np.pad(heard, (-late, 0))


def features_of(samples: Samples, piece: Piece, spec: FeatureSpec) -> SongFeatures:
    """Features of mono samples at the spec's rate, as drafting computes them."""
    return SongFeatures(samples, slot_grid(piece.timing, len(samples) / spec.rate_hz), spec)


def charts_of(piece: Piece, modes: tuple[str, ...], rng: np.random.Generator) -> tuple[Chart, ...]:
    """Charts of a piece by teachers, in some modes and at levels all over their ranges."""
    weights = np.array([_share(mode_id) for mode_id in modes])
    found = []
    for mode_id in rng.choice(modes, CHARTS_PER_PIECE, p=weights / weights.sum()):
        low, high = MODES[str(mode_id)].level_range
        # Authors write more easy and middling charts than extreme ones.
        level = low + (high - low) * float(rng.beta(1.6, 1.9))
        chart = teacher.write(piece, str(mode_id), level, rng)
        if len(chart.notes) >= FEWEST_NOTES:
            found.append(chart)
    return tuple(found)


def _share(mode_id: str) -> float:
    wide = MODES[mode_id].n_events > _WIDE_EVENTS
    return MODE_SHARES.get(mode_id, _WIDE_SHARE if wide else _OTHER_SHARE)


def fill(
    music: Music, store: Store, n_pieces: int, limit_gib: float, n_workers: int = 1
) -> Job[int]:
    """Fill a store up to a number of pieces; those that are there are kept.

    Parameters
    ----------
    music : Music
    store : Store
    n_pieces : int
        Numbers 0 up to this one, without those that were given up for newer ones.
    limit_gib : float
        Of the whole folder; the oldest pieces make room.
    n_workers : int
        Processes that render; the pieces do not depend on it.

    Returns
    -------
    int
        Pieces in the store.
    """
    store.clean()
    there = set(store.numbers())
    wanted = [number for number in range(store.first, n_pieces) if number not in there]
    rendered = _one_by_one if n_workers <= 1 else _side_by_side
    for number, name in rendered(music, store, wanted, n_workers):
        store.trim(round(limit_gib * GIB))
        yield Progress((number + 1) / n_pieces, f"Rendered {number}: {name}")
    return len(store.numbers())


def _one_by_one(
    music: Music, store: Store, wanted: Sequence[int], n_workers: int
) -> Iterator[tuple[int, str]]:
    for number in wanted:
        yield number, music.add(store, number)


def _side_by_side(
    music: Music, store: Store, wanted: Sequence[int], n_workers: int
) -> Iterator[tuple[int, str]]:
    """Render in several processes; an error in one ends all."""
    context = get_context("spawn")
    with ProcessPoolExecutor(n_workers, context, initializer=_worker) as pool:
        try:
            waiting = {pool.submit(music.add, store, number): number for number in wanted}
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _worker() -> None:
    """One thread for each process, and none of them outlives the one that asked."""
    torch.set_num_threads(1)
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)

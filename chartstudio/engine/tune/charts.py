"""An author's charts as training reads them: sound in a store, rows in memory.

Features are kept in a `Store` under a number that follows from the sound's bytes and the
timing, in a folder of their feature spec, and shared by all charts of one sound; what is
deleted is computed again. Charts are spelled anew for each run, so that they are always those
of the author's files. Songs are read, and never written; one that cannot be is left out with
its reason.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from time import time

import numpy as np
import torch
from numpy.typing import NDArray

from chartstudio.audio.decode import decode
from chartstudio.core.errors import ChartStudioError, EngineError, FormatError
from chartstudio.core.job import Job, Progress
from chartstudio.core.mode import Mode
from chartstudio.core.note import Note
from chartstudio.core.song import Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.engine.echo import bar_beats
from chartstudio.engine.features import (
    POSITIONS_PER_BEAT,
    SLOTS_PER_BEAT,
    FeatureSpec,
    SlotGrid,
    SongFeatures,
    mono,
    slot_grid,
)
from chartstudio.engine.requests import LeftOut, TrainChart
from chartstudio.engine.tokens import Rows, encode_rows
from chartstudio.engine.train.dataset import FEWEST_ROWS
from chartstudio.engine.train.store import GIB, Bars, Store, StoredChart, StoredSong
from chartstudio.engine.vocab import Vocabulary
from chartstudio.formats import Bundle, project, read_song
from chartstudio.modes import MODES

LOWEST_LEVEL = 0.1

_OWNER = "features"
_SOUND, _ALIKE = ".npy", ".alike.npy"
"""Endings of the store's files that hold what is heard."""

_HALF, _LEFT_S = ".new", 3600.0
"""How half-written files end, and after how long nobody is writing them any more."""

_SAME = 0.15
"""Charts whose shares differ less than this from their mirror image's are alike in it."""


def open_store(folder: Path, spec: FeatureSpec) -> Store:
    """The store of a feature spec in a folder of caches, made where it is missing."""
    text = json.dumps(asdict(spec), sort_keys=True)
    return Store.create(folder / blake2b(text.encode(), digest_size=6).hexdigest(), spec)


# Files -----------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class SongTask:
    """The charts on one sound, of which nothing else reads at the same time."""

    charts: tuple[TrainChart, ...]
    store: Store
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class Spelled:
    """One chart as rows.

    Attributes
    ----------
    chart : TrainChart
    title : str
        Of the song.
    mode_id : str
    level : float
        The mode's own estimate, in its unit.
    piece : int
        Where the store keeps its sound.
    timing : TimingMap
    duration_s : float
    rows : Rows
    sizes : ndarray of uint8, shape (R,)
        Notes of each row, as players count them.
    mirrored : (Rows, ndarray), optional
        The same of the chart in a mirror, where that makes sense in its mode.
    """

    chart: TrainChart
    title: str
    mode_id: str
    level: float
    piece: int
    timing: TimingMap
    duration_s: float
    rows: Rows
    sizes: NDArray[np.uint8]
    mirrored: tuple[Rows, NDArray[np.uint8]] | None


@dataclass(slots=True)
class Read:
    """What was found: charts, and what had to be left out."""

    spelled: list[Spelled] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


# In a worker -----------------------------------------------------------------------------


def read_task(task: SongTask) -> Read:
    """Spell the charts on one sound; its features are in the store afterwards."""
    found = Read()
    places = dict.fromkeys((c.path, c.inside) for c in task.charts)
    for path, inside in places:
        own = [c for c in task.charts if (c.path, c.inside) == (path, inside)]
        name = f"{path.name}/{inside}" if inside else path.name
        try:
            song, bundle = open_song(path, inside)
            data = sound_of(song, bundle)
        except ChartStudioError as error:
            found.left_out.append(LeftOut(name, "", str(error)))
            continue
        for chart in own:
            if not 0 <= chart.index < len(song.charts):
                why = "the chart is not there any more; scan the library again"
                found.left_out.append(LeftOut(name, "", why))
                continue
            try:
                found.spelled.append(_spelled(chart, song, data, task))
            except (ChartStudioError, MemoryError) as error:
                title = song.charts[chart.index].name
                found.left_out.append(LeftOut(name, title, str(error) or "it is too large"))
    return found


def _spelled(of: TrainChart, song: Song, data: bytes, task: SongTask) -> Spelled:
    """One chart of a song."""
    chart = song.charts[of.index]
    mode, timing = MODES.get(chart.mode), song.timing_of(chart)
    if mode is None:
        raise EngineError(f"{chart.mode} is no mode to draft")
    task.vocabulary.index(mode)
    number, grid, duration_s = _heard(task.store, data, song.audio, timing)
    rows, sizes = _rows(chart.notes, mode, timing, grid, task.vocabulary)
    if len(rows) < FEWEST_ROWS:
        raise EngineError(f"it has {len(rows)} note times; {FEWEST_ROWS} are needed")
    mirrored = None
    # A drum has no left and right: its mirror image swaps what the sound decides.
    if len(mode.layout.lanes) != 1:
        turned = mode.mirror(chart.notes, "horizontal")
        mirrored = _rows(turned, mode, timing, grid, task.vocabulary)
    return Spelled(
        chart=of,
        title=song.metadata.title,
        mode_id=mode.id,
        level=max(mode.difficulty(chart, timing), LOWEST_LEVEL),
        piece=number,
        timing=timing,
        duration_s=duration_s,
        rows=rows,
        sizes=sizes,
        mirrored=mirrored,
    )


def _rows(
    notes: Sequence[Note], mode: Mode, timing: TimingMap, grid: SlotGrid, vocabulary: Vocabulary
) -> tuple[Rows, NDArray[np.uint8]]:
    """Rows of notes, one for each slot, and how many notes players count in each."""
    rows = encode_rows(notes, mode, vocabulary, timing, grid)
    counts = Counter(n.tick for n in notes if mode.counts(n))
    sizes = np.array([min(counts[t], 255) for t in rows.ticks.tolist()], dtype=np.uint8)
    return rows, sizes


def piece_number(data: bytes, timing: TimingMap) -> int:
    """The number under which a store keeps the features of some audio on a timing."""
    anchors = [
        (a.tick, a.seconds, a.bpm, a.meter, a.bar, a.cause.value) for a in timing.anchors
    ]  # fmt: skip
    found = blake2b(data, digest_size=7)
    found.update(json.dumps(anchors).encode())
    return int.from_bytes(found.digest())


def _heard(store: Store, data: bytes, name: str, timing: TimingMap) -> tuple[int, SlotGrid, float]:
    """A sound's number in the store, its beats and its length; computed where it is missing."""
    number = piece_number(data, timing)
    duration_s = _known_duration_s(store, number)
    if duration_s is not None:
        grid = slot_grid(timing, duration_s)
        if _is_whole(store, number, grid):
            with suppress(FileNotFoundError):
                os.utime(store.path(number, project.SUFFIX))
            return number, grid, duration_s
    audio = decode(data, name)
    grid = slot_grid(timing, audio.duration_s)
    samples = mono(audio.samples, audio.rate_hz, store.spec)
    piece = Song(Metadata(title=f"{number}"), timing=timing)
    known = (("duration_s", audio.duration_s),)
    piece = replace(piece, extra=piece.extra.set(_OWNER, known))
    store.add(number, piece, SongFeatures(samples, grid, store.spec))
    return number, grid, audio.duration_s


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


# The pass over all songs -----------------------------------------------------------------


def usual_workers() -> int:
    """As many processes as leave a core to the rest."""
    return max(1, min(8, (os.cpu_count() or 2) - 1))


def read_charts(
    charts: Sequence[TrainChart],
    store: Store,
    vocabulary: Vocabulary,
    limit_gib: float,
    n_workers: int = 0,
) -> Job[Read]:
    """Spell charts and fill the store with their sound.

    Parameters
    ----------
    charts : sequence of TrainChart
    store : Store
    vocabulary : Vocabulary
    limit_gib : float
        Largest size of the store. What this run does not need makes room, longest unused
        first; songs beyond that are left out.
    n_workers : int
        Processes; 1 for none but this one, 0 for `usual_workers`.

    Yields
    ------
    Progress
        One per sound.

    Returns
    -------
    Read
        In the order of the charts, however many processes there are.

    Raises
    ------
    EngineError
        When a process is brought down.
    """
    songs: dict[str, list[TrainChart]] = {}
    for chart in charts:
        songs.setdefault(chart.song, []).append(chart)
    tasks = [SongTask(tuple(own), store, vocabulary) for own in songs.values()]
    _clean(store)
    room = _Room(store, round(limit_gib * GIB))
    results: dict[int, Read] = {}
    workers = min(n_workers or usual_workers(), max(len(tasks), 1))
    read = _one_by_one if workers == 1 else _side_by_side
    for number, result in read(tasks, workers):
        results[number] = room.fit(result)
        name = tasks[number].charts[0].path.name
        yield Progress(len(results) / len(tasks), f"Listening to {name}")
    found = Read()
    for number in sorted(results):
        found.spelled += results[number].spelled
        found.left_out += results[number].left_out
    return found


def _clean(store: Store) -> None:
    """Delete what was left half written long ago; what is newer another tuning may be writing."""
    for path in store.folder.glob(f"*{_HALF}"):
        with suppress(FileNotFoundError):
            if time() - path.stat().st_mtime > _LEFT_S:
                path.unlink()


class _Room:
    """Keeps a store within its size."""

    def __init__(self, store: Store, limit_bytes: int) -> None:
        self._store, self._limit = store, limit_bytes
        self._needed: set[int] = set()

    def fit(self, result: Read) -> Read:
        """What there is room for of a result; other songs are given up for it."""
        new = {s.piece for s in result.spelled}
        if not new:
            return result
        old = [n for n in self._store.numbers() if n not in self._needed | new]
        old.sort(key=self._used_s)
        while self._store.size_bytes() > self._limit and old:
            self._delete(old.pop(0))
        if self._store.size_bytes() <= self._limit:
            self._needed |= new
            return result
        for number in new - self._needed:
            self._delete(number)
        why = "there is no room for its features; raise cache_gib in the recipe"
        lost = [LeftOut(s.title, MODES[s.mode_id].title, why) for s in result.spelled]
        return Read([], [*result.left_out, *lost])

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


def _one_by_one(tasks: Sequence[SongTask], workers: int) -> Iterator[tuple[int, Read]]:
    for number, task in enumerate(tasks):
        yield number, read_task(task)


def _side_by_side(tasks: Sequence[SongTask], workers: int) -> Iterator[tuple[int, Read]]:
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_worker) as pool:
        try:
            waiting = {pool.submit(read_task, task): i for i, task in enumerate(tasks)}
            for done in as_completed(waiting):
                yield waiting[done], done.result()
        except BrokenProcessPool as error:
            raise EngineError(
                "a process that reads songs came to an end; free some memory, or scan the library "
                "to find the file that does it"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _worker() -> None:
    """One thread for each process, and none of them outlives the one that asked."""
    torch.set_num_threads(1)
    with suppress(AttributeError, OSError):
        os.nice(10)
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


# What is learned from --------------------------------------------------------------------


def stored_charts(
    spelled: Sequence[Spelled], store: Store, mirrored: frozenset[str] = frozenset()
) -> list[StoredChart]:
    """Charts over the sound in the store.

    Parameters
    ----------
    spelled : sequence of Spelled
    store : Store
    mirrored : frozenset of str
        Modes whose charts come in a mirror, too.

    Raises
    ------
    EngineError
        When a file of the store was deleted meanwhile.
    """
    songs: dict[int, StoredSong] = {}
    found = []
    for one in spelled:
        if one.piece not in songs:
            songs[one.piece] = _stored_song(one, store)
        variants = [(one.rows, one.sizes)]
        if one.mirrored is not None and one.mode_id in mirrored:
            variants.append(one.mirrored)
        found += [
            StoredChart(songs[one.piece], MODES[one.mode_id], one.level, rows, sizes, (), {})
            for rows, sizes in variants
        ]
    return found


def _stored_song(of: Spelled, store: Store) -> StoredSong:
    grid = slot_grid(of.timing, of.duration_s)
    try:
        alike = np.load(store.path(of.piece, _ALIKE)).astype(np.float32)
        song = StoredSong(
            of.title, store.path(of.piece, _SOUND), grid, Bars(bar_beats(grid), alike)
        )
        # From here on the file may be deleted: it is open.
        song.beats(0, 1)
    except (OSError, ValueError) as error:
        raise EngineError(
            f"{store.folder}: was changed while songs were read; start again"
        ) from error
    return song


def modes_to_mirror(spelled: Sequence[Spelled], how: str) -> frozenset[str]:
    """Modes whose charts may be learned from in a mirror, too.

    With ``auto``, those in which the author's charts are nearly as often left as right: each
    event's share on beats and off them, against the same in the mirror. Who never steps left
    on an off-beat would else be taught to.

    Parameters
    ----------
    spelled : sequence of Spelled
    how : str
        One of `recipe.MIRRORS`.
    """
    turnable = [s for s in spelled if s.mirrored is not None]
    mode_ids = frozenset(s.mode_id for s in turnable)
    if how != "auto":
        return mode_ids if how == "always" else frozenset()
    return frozenset(
        m for m in mode_ids if _asymmetry([s for s in turnable if s.mode_id == m]) < _SAME
    )


def _asymmetry(spelled: Sequence[Spelled]) -> float:
    """Total variation between events, on beats and off them, and their mirror image's."""
    own, other = (sum((_events(r) for r in rows), Counter()) for rows in (
        (s.rows for s in spelled), (s.mirrored[0] for s in spelled if s.mirrored))
    )  # fmt: skip
    n_own, n_other = own.total(), other.total()
    keys = own.keys() | other.keys()
    return sum(abs(own[k] / n_own - other[k] / n_other) for k in keys) / 2


def _events(rows: Rows) -> Counter[tuple[bool, int]]:
    """How often each event stands on beats, and off them; the ends of rows are left out."""
    on_beat = np.repeat(rows.slots % SLOTS_PER_BEAT == 0, np.diff(rows.starts))
    return Counter(
        (on, event) for on, event in zip(on_beat.tolist(), rows.flat.tolist(), strict=True) if event
    )

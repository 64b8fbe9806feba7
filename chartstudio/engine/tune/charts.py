"""An author's charts as training reads them: rows in memory over the sound in a store.

Charts are spelled anew for each run, so that they are always those of the author's files;
their sound is computed once, see `pieces`. A song that cannot be read is left out with its
reason.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import product
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread

import numpy as np
import torch
from numpy.typing import NDArray

from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.core.job import Job, Progress, part
from chartstudio.core.mode import Mode
from chartstudio.core.note import Note
from chartstudio.core.song import Song
from chartstudio.core.timing import TimingMap
from chartstudio.engine.features import SLOTS_PER_BEAT, SlotGrid
from chartstudio.engine.requests import SPLITS, LeftOut, TrainChart
from chartstudio.engine.tokens import Rows, encode_rows
from chartstudio.engine.train.dataset import FEWEST_ROWS
from chartstudio.engine.train.store import GIB, Store, StoredChart, StoredSong
from chartstudio.engine.tune.augment import played
from chartstudio.engine.tune.opened import open_song, sound_of
from chartstudio.engine.tune.pieces import Room, Sound, clean, hear, piece_bytes, stored_song
from chartstudio.engine.tune.traits import Portrait, portrait_of
from chartstudio.engine.vocab import Vocabulary
from chartstudio.modes import MODES

LOWEST_LEVEL = 0.1

_LEARNED = SPLITS[0]

_SPARE = 1.05
"""Files of a song at another speed take as much as its own, and hardly more."""

_SAME = 0.15
"""Charts whose shares differ less than this from their mirror image's are alike in it."""


@dataclass(frozen=True, slots=True)
class SongTask:
    """The charts on one sound, of which nothing else reads at the same time."""

    charts: tuple[TrainChart, ...]
    store: Store
    vocabulary: Vocabulary
    speeds: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True)
class Reading:
    """How charts are read.

    Parameters
    ----------
    limit_gib : float
        Largest size of the store. What is not needed makes room, longest unused first; songs
        beyond that are left out.
    n_workers : int
        Processes; 1 for none but this one, 0 for `usual_workers`.
    speeds : tuple of float
        Others than their own at which songs to learn from are heard, too, as many of them as
        the store has room for.
    """

    limit_gib: float
    n_workers: int = 0
    speeds: tuple[float, ...] = ()


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
    portrait : Portrait
    mirrored : (Rows, ndarray), optional
        The same of the chart in a mirror, where that makes sense in its mode.
    others : tuple of Spelled
        The same chart with its song played at other speeds.
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
    portrait: Portrait
    mirrored: tuple[Rows, NDArray[np.uint8]] | None
    others: tuple[Spelled, ...] = ()

    @property
    def pieces(self) -> set[int]:
        """Where the store keeps its sound at all speeds."""
        return {self.piece, *(other.piece for other in self.others)}


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
            sound = Sound(sound_of(song, bundle), song.audio)
        except ChartStudioError as error:
            found.left_out.append(LeftOut(name, "", str(error)))
            continue
        for chart, speed in product(own, task.speeds):
            if not 0 <= chart.index < len(song.charts):
                why = "the chart is not there any more; scan the library again"
                found.left_out.append(LeftOut(name, "", why))
                continue
            try:
                found.spelled.append(_spelled(chart, song, sound, task, speed))
            except (ChartStudioError, MemoryError) as error:
                title = song.charts[chart.index].name
                found.left_out.append(LeftOut(name, title, str(error) or "it is too large"))
    return found


def _spelled(of: TrainChart, song: Song, sound: Sound, task: SongTask, speed: float) -> Spelled:
    """One chart of a song at a speed."""
    chart = song.charts[of.index]
    mode, timing = MODES.get(chart.mode), played(song.timing_of(chart), speed)
    if mode is None:
        raise EngineError(f"{chart.mode} is no mode to draft")
    task.vocabulary.index(mode)
    number, grid, duration_s = hear(task.store, sound, timing, speed)
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
        portrait=portrait_of(song, chart, mode, of.song),
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


# The pass over all songs -----------------------------------------------------------------


def usual_workers() -> int:
    """As many processes as leave a core to the rest."""
    return max(1, min(8, (os.cpu_count() or 2) - 1))


def read_charts(
    charts: Sequence[TrainChart], store: Store, vocabulary: Vocabulary, how: Reading
) -> Job[Read]:
    """Spell charts and fill the store with their sound.

    Parameters
    ----------
    charts : sequence of TrainChart
    store : Store
    vocabulary : Vocabulary
    how : Reading

    Yields
    ------
    Progress
        One per sound, and one more for each that is heard at other speeds.

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
    clean(store)
    room = Room(store, round(how.limit_gib * GIB))
    share = 1 / (1 + len(how.speeds))
    read = yield from part(_all(tasks, room, how.n_workers), 0.0, share)
    tasks = _faster_and_slower(read, store, vocabulary, how)
    if tasks:
        more = yield from part(_all(tasks, room, how.n_workers), share, 1.0)
        others: dict[TrainChart, list[Spelled]] = {}
        for one in more.spelled:
            others.setdefault(one.chart, []).append(one)
        read.spelled = [replace(s, others=tuple(others.get(s.chart, ()))) for s in read.spelled]
    return read


def _all(tasks: Sequence[SongTask], room: Room, n_workers: int) -> Job[Read]:
    """What comes of tasks, in their order, as far as there is room for it."""
    results: dict[int, Read] = {}
    workers = min(n_workers or usual_workers(), max(len(tasks), 1))
    read = _one_by_one if workers == 1 else _side_by_side
    for number, result in read(tasks, workers):
        results[number] = _fitting(result, room)
        name = tasks[number].charts[0].path.name
        yield Progress(len(results) / len(tasks), f"Listening to {name}")
    return _joined(results[number] for number in sorted(results))


def _faster_and_slower(
    read: Read, store: Store, vocabulary: Vocabulary, how: Reading
) -> list[SongTask]:
    """The tasks of hearing songs at other speeds, of which each takes as much room as its own.

    How many speeds there is room for follows from what was read alone, so that every process
    of a training and every run of it learns from the same.
    """
    own: dict[int, list[TrainChart]] = {}
    for one in read.spelled:
        if one.chart.split == _LEARNED:
            own.setdefault(one.piece, []).append(one.chart)
    needed = sum(piece_bytes(store, n) for n in {s.piece for s in read.spelled})
    each = sum(piece_bytes(store, n) for n in own)
    n_speeds = int((how.limit_gib * GIB - needed) / (_SPARE * max(each, 1)))
    speeds = how.speeds[: max(n_speeds, 0)]
    return [SongTask(tuple(c), store, vocabulary, speeds) for c in own.values() if speeds]


def _joined(results: Iterable[Read]) -> Read:
    found = Read()
    for result in results:
        found.spelled += result.spelled
        found.left_out += result.left_out
    return found


def _fitting(result: Read, room: Room) -> Read:
    """What there is room for of a result."""
    if room.holds({s.piece for s in result.spelled}):
        return result
    why = "there is no room for its features; raise cache_gib in the recipe"
    lost = [LeftOut(s.title, MODES[s.mode_id].title, why) for s in result.spelled]
    return Read([], [*result.left_out, *lost])


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


Told = Mapping[TrainChart, Mapping[str, float]]
"""What the network is told of the habits of each chart's author."""


def stored_charts(
    spelled: Sequence[Spelled],
    store: Store,
    mirrored: frozenset[str] = frozenset(),
    told: Told | None = None,
) -> list[StoredChart]:
    """Charts over the sound in the store.

    Parameters
    ----------
    spelled : sequence of Spelled
    store : Store
    mirrored : frozenset of str
        Modes whose charts come in a mirror, too.
    told : mapping, optional
        See `Told`.

    Raises
    ------
    EngineError
        When a file of the store was deleted meanwhile.
    """
    songs: dict[int, StoredSong] = {}
    found = []
    for one in (o for s in spelled for o in (s, *s.others)):
        if one.piece not in songs:
            songs[one.piece] = stored_song(store, one.piece, one.timing, one.duration_s)
        variants = [(one.rows, one.sizes)]
        if one.mirrored is not None and one.mode_id in mirrored:
            variants.append(one.mirrored)
        song, mode = songs[one.piece], MODES[one.mode_id]
        habits = dict((told or {}).get(one.chart, {}))
        found += [
            StoredChart(song, mode, one.level, rows, sizes, (), habits) for rows, sizes in variants
        ]
    return found


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

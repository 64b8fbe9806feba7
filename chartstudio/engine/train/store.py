"""A folder of rendered music with charts: what training reads, and how it is kept.

A piece is four files of one number: its features and the likeness of its bars in half
precision, its charts as a project file that the program opens like any other, and an index of
their rows, which is made again from the charts where it is missing or old. A piece without its
project file is not there yet, so that a filling that is killed leaves a store that can be read,
and any file may be deleted at any time. This module knows files; what to render and chart is
decided elsewhere.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.mode import Mode
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.engine.echo import bar_beats, likeness
from chartstudio.engine.features import (
    POSITIONS_PER_BEAT,
    SLOTS_PER_BEAT,
    FeatureSpec,
    SlotGrid,
    SongFeatures,
    slot_grid,
)
from chartstudio.engine.tokens import Rows, encode_rows
from chartstudio.engine.vocab import Vocabulary
from chartstudio.formats import project
from chartstudio.modes import MODES

VERSION = 2
_STORE_FILE = "store.json"
_OWNER = "training"
_INDEX_VERSION = 1
_FEATURES, _ALIKE, _INDEX, _CHARTS = ".npy", ".alike.npy", ".npz", project.SUFFIX
_NEW = ".new"

GIB = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """The bars of a piece: what `echo.heard_from` reads of an `echo.Likeness`.

    Attributes
    ----------
    beats : ndarray of int64, shape (M + 1,)
        First beat of each bar, and the end of the last.
    similar : ndarray, shape (M, M), float32
    """

    beats: NDArray[np.int64]
    similar: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StoredSong:
    """The sound of a piece; its features stay on disk until they are asked for.

    Attributes
    ----------
    name : str
    path : Path
        Features of all positions, shape (B * 12, M), float16.
    grid : SlotGrid
    bars : Bars
    """

    name: str
    path: Path
    grid: SlotGrid
    bars: Bars

    @cached_property
    def _positions(self) -> NDArray[np.float16]:
        found: NDArray[np.float16] = np.load(self.path, mmap_mode="r")
        return found

    def beats(self, first: int, n_beats: int) -> NDArray[np.float32]:
        """Features of a run of beats, shape (n_beats * 12, M), float16; zeros outside."""
        low, high = max(first, 0), min(first + n_beats, self.grid.n_beats)
        found = np.zeros((n_beats * POSITIONS_PER_BEAT, self._positions.shape[1]), np.float16)
        if low < high:
            to, end = (low - first) * POSITIONS_PER_BEAT, (high - first) * POSITIONS_PER_BEAT
            at = slice(low * POSITIONS_PER_BEAT, high * POSITIONS_PER_BEAT)
            found[to:end] = self._positions[at]
        return found  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, eq=False)
class StoredChart:
    """One chart of a piece, spelled in its mode's own events.

    Attributes
    ----------
    song : StoredSong
    mode : Mode
    level : float
    rows : Rows
    sizes : ndarray of int, shape (R,)
        Notes of each row, as players count them.
    follow : tuple of (int, int, str)
        Start tick, end tick and the layer that is followed there.
    habits : dict of str to float
        The author's.
    """

    song: StoredSong
    mode: Mode
    level: float
    rows: Rows
    sizes: NDArray[np.integer]
    follow: tuple[tuple[int, int, str], ...]
    habits: dict[str, float]


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of pieces by number; the lowest are the oldest.

    Parameters
    ----------
    folder : Path
    spec : FeatureSpec
        What all its features were computed by.
    """

    folder: Path
    spec: FeatureSpec

    @classmethod
    def create(cls, folder: Path, spec: FeatureSpec) -> Store:
        """Open a folder, or make it.

        Raises
        ------
        EngineError
            As `open`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / _STORE_FILE).exists():
            if any(folder.glob("*.json")):
                raise EngineError(_old(folder))
            found = {"store": VERSION, "features": asdict(spec), "first": 0}
            _replace(folder / _STORE_FILE, json.dumps(found).encode())
        return cls.open(folder, spec)

    @classmethod
    def open(cls, folder: Path, spec: FeatureSpec) -> Store:
        """Open a folder that holds a store.

        Raises
        ------
        EngineError
            When it holds none, or one of another version or of other features.
        """
        path = folder / _STORE_FILE
        if not path.exists():
            old = any(folder.glob("*.json")) if folder.is_dir() else False
            missing = f"{folder}: holds no training music; fill it with --data first"
            raise EngineError(_old(folder) if old else missing)
        found = _settings(path)
        if found.get("store") != VERSION:
            raise EngineError(_old(folder))
        if found.get("features") != json.loads(json.dumps(asdict(spec))):
            raise EngineError(
                f"{folder}: was filled with other features than this model hears; choose another "
                "folder"
            )
        return cls(folder, spec)

    @property
    def first(self) -> int:
        """Pieces below this number were given up for newer ones."""
        return int(_settings(self.folder / _STORE_FILE).get("first", 0))

    def numbers(self) -> list[int]:
        """Pieces that are there, oldest first."""
        stems = (p.stem for p in self.folder.glob(f"*{_CHARTS}"))
        return sorted(int(stem) for stem in stems if stem.isdigit())

    def add(self, number: int, song: Song, heard: SongFeatures) -> None:
        """Write a piece; one of the same number is replaced.

        Parameters
        ----------
        number : int
        song : Song
            Its title decides whether the piece is kept for judging; see `held_out`. Each chart
            has a level; what it follows and its author's habits are in its ``extra``, as
            `teacher.write` puts them there.
        heard : SongFeatures
        """
        duration_s = len(heard.samples) / heard.spec.rate_hz
        blocks = heard.all_blocks().reshape(-1, heard.spec.n_channels)
        features = blocks[: heard.grid.n_beats * POSITIONS_PER_BEAT].astype(np.float16)
        whole = replace(song, extra=song.extra.set(_OWNER, (("duration_s", duration_s),)))
        (data,) = project.write(whole).values()
        alike = likeness(heard).similar.astype(np.float16)
        self.path(number, _CHARTS).unlink(missing_ok=True)
        for suffix, values in ((_FEATURES, features), (_ALIKE, alike)):
            path = self.path(number, suffix)
            with _fresh(path).open("wb") as file:
                np.save(file, values)
            _fresh(path).replace(path)
        self._index(number, whole, heard.grid)
        _replace(self.path(number, _CHARTS), data)

    def path(self, number: int, suffix: str) -> Path:
        """One of the files of a piece."""
        return self.folder / f"{number:06d}{suffix}"

    def size_bytes(self) -> int:
        """What all files take."""
        found = 0
        for path in self.folder.iterdir():
            # Another process may delete what was listed.
            with suppress(FileNotFoundError):
                found += path.stat().st_size
        return found

    def trim(self, limit_bytes: int) -> int:
        """Give up the oldest pieces until the rest fits; one is always kept.

        Returns
        -------
        int
            Pieces that are gone.
        """
        numbers, gone = self.numbers(), 0
        while len(numbers) - gone > 1 and self.size_bytes() > limit_bytes:
            number = numbers[gone]
            gone += 1
            found = _settings(self.folder / _STORE_FILE) | {"first": number + 1}
            _replace(self.folder / _STORE_FILE, json.dumps(found).encode())
            for suffix in (_CHARTS, _INDEX, _ALIKE, _FEATURES):
                self.path(number, suffix).unlink(missing_ok=True)
        return gone

    def clean(self) -> None:
        """Delete what a filling that was killed left half written."""
        for path in self.folder.glob(f"*{_NEW}"):
            path.unlink(missing_ok=True)

    def read(self, number: int, vocabulary: Vocabulary) -> list[StoredChart]:
        """The charts of a piece that a vocabulary can spell; none where the piece is gone."""
        try:
            alike = np.load(self.path(number, _ALIKE))
            found = self._read_index(number)
            if found is None:
                found = self._index_again(number)
        except FileNotFoundError:
            return []
        meta = json.loads(str(found["meta"]))
        timing = TimingMap(tuple(Anchor(*a[:5], Cause(a[5])) for a in meta["timing"]))
        grid = slot_grid(timing, meta["duration_s"])
        song = StoredSong(
            name=meta["name"],
            path=self.path(number, _FEATURES),
            grid=grid,
            bars=Bars(bar_beats(grid), alike.astype(np.float32)),
        )
        return list(_charts(meta["charts"], found, song, vocabulary))

    def _read_index(self, number: int) -> dict[str, NDArray[Any]] | None:
        """The index of a piece, or None where it is missing, broken or old."""
        if not self.path(number, _CHARTS).exists() or not self.path(number, _FEATURES).exists():
            raise FileNotFoundError
        try:
            # numpy leaves a file open that is no archive.
            with self.path(number, _INDEX).open("rb") as file, np.load(file) as columns:
                found = dict(columns)
            meta = json.loads(str(found["meta"]))
            fresh = meta["version"] == _INDEX_VERSION and all(
                c["spelling"] == _spelling(MODES[c["mode"]])
                for c in meta["charts"]
                if c["mode"] in MODES
            )
        except (FileNotFoundError, BadZipFile, EOFError, KeyError, ValueError):
            return None
        return found if fresh else None

    def _index_again(self, number: int) -> dict[str, NDArray[Any]]:
        name = self.path(number, _CHARTS).name
        whole = project.read({name: self.path(number, _CHARTS).read_bytes()}, name)
        duration_s = dict(whole.extra.get(_OWNER))["duration_s"]
        grid = slot_grid(whole.timing, duration_s)
        return self._index(number, whole, grid)

    def _index(self, number: int, whole: Song, grid: SlotGrid) -> dict[str, NDArray[Any]]:
        """Write the index of a piece, and hand it back."""
        charts = [_spell(chart, whole.timing, grid) for chart in whole.charts]
        meta = {
            "version": _INDEX_VERSION,
            "name": whole.metadata.title,
            "duration_s": dict(whole.extra.get(_OWNER))["duration_s"],
            "timing": [
                [a.tick, a.seconds, a.bpm, a.meter, a.bar, a.cause.value]
                for a in whole.timing.anchors
            ],
            "charts": [meta for meta, _ in charts],
        }
        found: dict[str, NDArray[Any]] = {
            name: np.concatenate([np.zeros(0, kind), *(arrays[name] for _, arrays in charts)])
            for name, kind in _COLUMNS
        }
        found["meta"] = np.array(json.dumps(meta))
        path = self.path(number, _INDEX)
        with _fresh(path).open("wb") as file:
            np.savez(file, **found)
        _fresh(path).replace(path)
        return found


# Spelling --------------------------------------------------------------------------------

_COLUMNS: tuple[tuple[str, type[np.generic]], ...] = (
    ("ticks", np.int64),
    ("slots", np.int32),
    ("end_slots", np.int32),
    ("seconds", np.float64),
    ("sizes", np.uint8),
    ("lengths", np.uint8),
    ("flat", np.uint16),
)


def _spelling(mode: Mode) -> list[list[Any]]:
    return [[r.name, r.size] for r in mode.event_ranges]


def _spell(
    chart: Chart, timing: TimingMap, grid: SlotGrid
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """A chart as rows: what is said of it, and the columns of the index."""
    mode = MODES[chart.mode]
    rows = encode_rows(chart.notes, mode, Vocabulary.of([mode]), timing, grid)
    counts = Counter(n.tick for n in chart.notes if mode.counts(n))
    columns = {
        "ticks": rows.ticks,
        "slots": rows.slots,
        "end_slots": rows.end_slots,
        "seconds": rows.seconds,
        "sizes": [min(counts[t], 255) for t in rows.ticks.tolist()],
        "lengths": np.diff(rows.starts),
        "flat": rows.flat,
    }
    meta = {
        "mode": mode.id,
        "level": chart.level,
        "spelling": _spelling(mode),
        "n_rows": len(rows),
        "n_events": len(rows.flat),
        "follow": chart.extra.get("follow", ()),
        "habits": [
            [name, value]
            for name, value in chart.extra.get("teacher", ())
            if isinstance(value, int | float)
        ],
    }
    return meta, {name: np.asarray(columns[name], dtype=kind) for name, kind in _COLUMNS}


def _charts(
    metas: Sequence[dict[str, Any]],
    found: dict[str, NDArray[Any]],
    song: StoredSong,
    vocabulary: Vocabulary,
) -> Iterator[StoredChart]:
    row, event = 0, 0
    for meta in metas:
        rows, events = slice(row, row + meta["n_rows"]), slice(event, event + meta["n_events"])
        row, event = rows.stop, events.stop
        mode = MODES.get(meta["mode"])
        if mode is None or mode.id not in vocabulary.mode_ids:
            continue
        slots, flat = found["slots"][rows], found["flat"][events]
        yield StoredChart(
            song=song,
            mode=mode,
            level=float(meta["level"]),
            rows=Rows(
                ticks=found["ticks"][rows],
                slots=slots,
                end_slots=found["end_slots"][rows],
                seconds=found["seconds"][rows],
                beats=slots / SLOTS_PER_BEAT,
                flat=flat,
                shared=vocabulary.shared(mode)[flat].astype(np.uint16),
                starts=np.concatenate(((0,), np.cumsum(found["lengths"][rows], dtype=np.int64))),
                n_events=vocabulary.n_events,
            ),
            sizes=found["sizes"][rows],
            follow=tuple((int(a), int(b), str(layer)) for a, b, layer in meta["follow"]),
            habits={str(name): float(value) for name, value in meta["habits"]},
        )


# Files -----------------------------------------------------------------------------------

_JUDGED = 12
"""One name in so many is kept for judging."""


def held_out(name: str) -> bool:
    """Whether a piece is never trained on, by its name: all renders of one tune alike.

    What a human drummer plays along with it ("tune / drummer") does not matter.
    """
    return zlib.crc32(name.split(" / ")[0].encode()) % _JUDGED == 0


def _old(folder: Path) -> str:
    return f"{folder}: was filled by an earlier version; delete it or choose another folder"


def _settings(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path}: cannot be read ({error}); delete the folder") from error
    return found if isinstance(found, dict) else {}


def _fresh(path: Path) -> Path:
    return path.with_name(path.name + _NEW)


def _replace(path: Path, data: bytes) -> None:
    _fresh(path).write_bytes(data)
    _fresh(path).replace(path)

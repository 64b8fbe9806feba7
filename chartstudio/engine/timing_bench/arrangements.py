"""Full arrangements with known beats: MIDI of the data folder and our own composer's.

The pieces are parted once: those that the finder's ranking was fitted on, and those it is
judged by. Recordings and charted songs are in neither.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from chartstudio.core.errors import EngineError
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.engine.timing_bench.song import BenchSong, rng_of
from chartstudio.engine.train import composer, synthesis
from chartstudio.engine.train.piece import Piece

BPM_RANGE = (60.0, 320.0)
"""Tempos that pieces are played at."""


@dataclass(frozen=True, slots=True)
class Row:
    """A piece of the data folder.

    Attributes
    ----------
    title : str
    midi : str
        Path inside the data folder.
    bpm : float
        As notated, at the start.
    """

    title: str
    midi: str
    bpm: float


@cache
def rows(data_dir: Path, kind: str, for_fit: bool, steady: bool = True) -> tuple[Row, ...]:
    """Pieces of one kind that were written to a click, in an order that chance fixed once.

    Parameters
    ----------
    data_dir : Path
    kind : str
        ``midi`` or ``drums``.
    for_fit : bool
        Those that the ranking may be fitted on; else those that judge it.
    steady : bool
        Those that keep one tempo, or those that change it.

    Raises
    ------
    EngineError
        When the manifest or a piece cannot be read.
    """
    path = data_dir / "manifest.json"
    try:
        listed: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"{path}: cannot read the list of music ({error})") from None
    found = []
    for row in listed:
        if row["kind"] != kind or row["duration_s"] < 25 or row.get("beat_type") == "fill":
            continue
        mark = zlib.crc32(row["midi"].encode())
        if (mark % 2 == 0) != for_fit or (not row["bpm"]["n_changes"]) != steady:
            continue
        if synthesis.usable(synthesis.read_midi(data_dir / row["midi"])):
            found.append((mark, Row(row["title"], row["midi"], row["bpm"]["first"])))
    return tuple(row for _, row in sorted(found, key=lambda pair: pair[0]))


def piece_of(row: Row, data_dir: Path, seconds: float) -> Piece:
    """The row's piece cut to a length at its own tempo."""
    return cut(synthesis.read_midi(data_dir / row.midi, row.title), seconds)


def composed(name: str, seconds: float) -> Piece:
    """A piece by our own composer, one tempo throughout."""
    piece = composer.compose(rng_of(name))
    first = piece.timing.anchors[0]
    return cut(replace(piece, timing=TimingMap((first,))), seconds)


def accompanied(row: Row, data_dir: Path, seconds: float) -> Piece:
    """A human drummer, who played to a click, with composed bass, chords and tune."""
    drummer = synthesis.read_midi(data_dir / row.midi, row.title)
    meter = drummer.timing.anchors[0].meter
    n_measures = round(seconds * row.bpm / 60 / meter)
    band = composer.compose(rng_of(row.midi), composer.Frame(row.bpm, meter, n_measures))
    return cut(synthesis.with_drummer(band, drummer), seconds)


def cut(piece: Piece, seconds: float) -> Piece:
    """What starts within the first seconds after the piece's first sound."""
    first = piece.sounds[0].tick // TICKS_PER_BEAT * TICKS_PER_BEAT
    last = piece.timing.tick_at(float(piece.timing.seconds_at(first)) + seconds)
    return replace(piece, sounds=tuple(s for s in piece.sounds if s.tick < last))


def drawn_bpm(bpm: float, rng: np.random.Generator, spread: float = 1.3) -> float:
    """A tempo with three decimals not too far from the notated one."""
    low = min(max(BPM_RANGE[0], bpm / spread), BPM_RANGE[1] / 1.1)
    high = max(min(BPM_RANGE[1], bpm * spread), 1.1 * low)
    return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))), 3)


def at_tempo(piece: Piece, bpm: float, lead_s: float) -> Piece:
    """The piece at one tempo, its first measure with sound ``lead_s`` after the start."""
    anchors = piece.timing.anchors
    meter = next((a.meter for a in reversed(anchors) if a.bar), 4)
    measure = meter * TICKS_PER_BEAT
    first = piece.sounds[0].tick // measure * measure
    sounds = tuple(replace(s, tick=s.tick - first, end=s.end - first) for s in piece.sounds)
    timing = TimingMap((Anchor(0, lead_s, bpm, meter, bar=True),))
    return replace(piece, timing=timing, sounds=sounds)


def over(piece: Piece, timing: TimingMap) -> Piece:
    """The piece played over another timing, from its first measure with sound on."""
    moved = at_tempo(piece, 120.0, 0.0)
    return replace(moved, timing=timing)


def rendered(piece: Piece, name: str) -> BenchSong:
    """The piece as sound, in a mix that its name fixes."""
    last_s = float(piece.timing.seconds_at(max(s.tick for s in piece.sounds)))
    samples = synthesis.render(piece, rng_of(name))
    return BenchSong(samples, synthesis.RATE_HZ, piece.timing, last_s)

"""Every song of the benchmark by name and family, made when it is its turn.

This module decides how many of what; how each is made is said elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from chartstudio.core.timing import TimingMap
from chartstudio.engine.timing_bench import (
    arrangements,
    changing,
    damage,
    loops,
    nothing,
    recordings,
)
from chartstudio.engine.timing_bench.arrangements import Row
from chartstudio.engine.timing_bench.song import BenchSong, Plan, rng_of

MADE = ("clicks", "loops", "swing", "jitter", "edges", "damaged loops")
"""One tempo, sounds of our own that start when they should."""

RENDERED = ("arrangements", "composed", "damaged", "drummers")
"""One tempo, played by FluidSynth, which has a latency of its own."""

NOTATED = "as notated"
CHANGING = ("steps", "ramps", "drift", "free start", NOTATED)
RECORDED = ("paired", "charted")
NOTHING, NOTHING_FOLLOWED = "nothing", "nothing, followed"

_CLICK_BPMS = (60.0, 67.891, 83.337, 99.5, 120.0, 133.333, 151.27, 175.0, 203.456, 240.5, 287.654,
               320.0)  # fmt: skip
_LOOP_S = 100.0
_SONG_S = 110.0
_N_PIECES = 44
_MADE_BPM = (62.0, 250.0)


def plans(data_dir: Path, quick: bool) -> list[Plan]:
    """All songs, or every fourth of each family."""
    everything = list(_all(data_dir))
    if not quick:
        return everything
    families: dict[str, list[Plan]] = {}
    for plan in everything:
        families.setdefault(plan.family, []).append(plan)
    return [plan for family in families.values() for plan in family[::4]]


def _all(data_dir: Path) -> Iterator[Plan]:
    for bpm in _CLICK_BPMS:
        name = f"clicks at {bpm:g}"
        yield Plan(name, "clicks", partial(_clicks, name, bpm))
    yield from _loops()
    yield from _pieces(data_dir)
    yield from _edges()
    yield from _damaged(data_dir)
    yield from _changing(data_dir)
    for row in recordings.listed(data_dir):
        yield Plan(row["title"], row["kind"], partial(_recorded, row))
    for kind in nothing.SOUNDS:
        yield Plan(kind, NOTHING, partial(_nothing, kind))
        yield Plan(f"{kind}, followed", NOTHING_FOLLOWED, partial(_nothing, kind))


# Steady --------------------------------------------------------------------------------


def _clicks(name: str, bpm: float, data_dir: Path) -> BenchSong:
    lead_s = float(rng_of(name).uniform(0.05, 1.5))
    return loops.metronome(TimingMap.constant(bpm, lead_s), 60.0)


_SWUNG = ("swing", "light swing", "sixteenth swing", "shuffle", "triplets")


def _loops() -> Iterator[Plan]:
    for pattern in loops.PATTERNS:
        family = "swing" if pattern in _SWUNG else "loops"
        for k in range(2 if family == "swing" else 3):
            bpm = _made_bpm(f"{pattern} {k}", top=180.0 if family == "swing" else _MADE_BPM[1])
            name = f"{pattern} at {bpm:g}"
            yield Plan(name, family, partial(_loop, name, pattern, bpm, 0.0))
    for k, jitter_s in enumerate((0.003, 0.005, 0.005, 0.008)):
        for pattern in ("rock", "breakbeat"):
            bpm = _made_bpm(f"{pattern} jitter {k}", top=180.0)
            name = f"{pattern} at {bpm:g}, {jitter_s * 1000:g} ms loose"
            yield Plan(name, "jitter", partial(_loop, name, pattern, bpm, jitter_s))


def _made_bpm(name: str, top: float = _MADE_BPM[1]) -> float:
    low, high = np.log(_MADE_BPM[0]), np.log(top)
    return round(float(np.exp(rng_of(name).uniform(low, high))), 3)


def _loop(name: str, pattern: str, bpm: float, jitter_s: float, data_dir: Path) -> BenchSong:
    known = loops.PATTERNS[pattern]
    timing = TimingMap.constant(bpm, float(rng_of(name).uniform(0.05, 2.0)), known.meter)
    return loops.loop(name, timing, 170.0 if jitter_s else _LOOP_S, known, jitter_s)


def _pieces(data_dir: Path) -> Iterator[Plan]:
    for row in arrangements.rows(data_dir, "midi", for_fit=False)[:_N_PIECES]:
        yield Plan(row.title, "arrangements", partial(_arrangement, row))
    for k in range(10):
        name = f"composed {k}"
        yield Plan(name, "composed", partial(_composed, name))
    for row in arrangements.rows(data_dir, "drums", for_fit=False)[:8]:
        yield Plan(f"{row.title} with a band", "drummers", partial(_drummer, row))


def _arrangement(row: Row, data_dir: Path) -> BenchSong:
    piece = arrangements.piece_of(row, data_dir, _SONG_S)
    rng = rng_of(row.title)
    bpm, lead_s = arrangements.drawn_bpm(row.bpm, rng), float(rng.uniform(0.05, 2.0))
    return arrangements.rendered(arrangements.at_tempo(piece, bpm, lead_s), row.title)


def _composed(name: str, data_dir: Path) -> BenchSong:
    piece = arrangements.composed(name, _SONG_S)
    rng = rng_of(name)
    bpm = arrangements.drawn_bpm(piece.timing.anchors[0].bpm, rng, 1.1)
    return arrangements.rendered(
        arrangements.at_tempo(piece, bpm, float(rng.uniform(0.05, 2.0))), name
    )


def _drummer(row: Row, data_dir: Path) -> BenchSong:
    piece = arrangements.accompanied(row, data_dir, _SONG_S)
    rng = rng_of(row.midi)
    bpm = arrangements.drawn_bpm(row.bpm, rng, 1.15)
    moved = arrangements.at_tempo(piece, bpm, float(rng.uniform(0.05, 2.0)))
    return arrangements.rendered(moved, row.midi)


# Steady, at its edges and after damage ---------------------------------------------------


def _edges() -> Iterator[Plan]:
    for silence_s in (2.5, 8.0, 20.0):
        yield _edge(f"{silence_s:g} s of silence first", silence_s, (0.0, 0.0))
    for fade_in_s, fade_out_s in ((10.0, 0.0), (0.0, 25.0), (20.0, 30.0)):
        yield _edge(f"fades {fade_in_s:g} s in, {fade_out_s:g} s out", 0.5, (fade_in_s, fade_out_s))
    yield Plan("only 20 s", "edges", partial(_short, "only 20 s", 20.0))
    yield Plan("only 12 s", "edges", partial(_short, "only 12 s", 12.0))


def _edge(what: str, silence_s: float, fade_s: tuple[float, float]) -> Plan:
    return Plan(what, "edges", partial(_edged, what, silence_s, fade_s))


def _edged(name: str, silence_s: float, fade_s: tuple[float, float], data_dir: Path) -> BenchSong:
    bpm = _made_bpm(name, top=190.0)
    timing = TimingMap.constant(bpm, silence_s + float(rng_of(name).uniform(0.0, 1.0)))
    song = loops.loop(name, timing, _LOOP_S + silence_s, loops.PATTERNS["busy"])
    return replace(song, samples=loops.faded(song.samples, *fade_s))


def _short(name: str, seconds: float, data_dir: Path) -> BenchSong:
    return loops.loop(name, TimingMap.constant(150.0, 0.2), seconds, loops.ROCK)


def _damaged(data_dir: Path) -> Iterator[Plan]:
    rows = arrangements.rows(data_dir, "midi", for_fit=False)
    for i, how in enumerate(damage.DAMAGES):
        # Other pieces than those beside which they are listed undamaged, as far as there are.
        for row in (rows[-1 - i], rows[_N_PIECES - 1 - i]):
            yield Plan(f"{row.title}, {how}", "damaged", partial(_after, row, how))
        yield Plan(f"rock loop, {how}", "damaged loops", partial(_after, None, how))


def _after(row: Row | None, how: str, data_dir: Path) -> BenchSong:
    if row is None:
        whole = _loop("rock", "rock", 137.731, 0.0, data_dir)
    else:
        whole = _arrangement(row, data_dir)
    return damage.damaged(whole, how, rng_of(how))


# Changing --------------------------------------------------------------------------------


def _changing(data_dir: Path) -> Iterator[Plan]:
    rows = arrangements.rows(data_dir, "midi", for_fit=False)
    for family in changing.CURVES:
        for k, pattern in enumerate(("rock", "busy", "four on the floor", "waltz")):
            bpm = _made_bpm(f"{family} {pattern}", top=190.0)
            name = f"{family} {k}, {pattern} from {bpm:g}"
            yield Plan(name, family, partial(_changing_loop, name, family, pattern, bpm))
        for row in rows[5 : 5 + 4]:
            name = f"{family}, {row.title}"
            yield Plan(name, family, partial(_changing_piece, name, family, row))
    for row in arrangements.rows(data_dir, "midi", for_fit=False, steady=False):
        yield Plan(row.title, NOTATED, partial(_as_notated, row))


def _curve(name: str, family: str, bpm: float, meter: int) -> TimingMap:
    rng = rng_of(name)
    n_beats = int(_SONG_S * bpm / 60) + 20
    bpms = changing.CURVES[family](bpm, n_beats, rng)
    return changing.of_tempos(bpms, float(rng.uniform(0.1, 2.0)), meter)


def _changing_loop(name: str, family: str, pattern: str, bpm: float, data_dir: Path) -> BenchSong:
    known = loops.PATTERNS[pattern]
    timing = _curve(name, family, bpm, known.meter)
    return loops.loop(name, timing, _LOOP_S, known, 0.006 if family == "drift" else 0.0)


def _changing_piece(name: str, family: str, row: Row, data_dir: Path) -> BenchSong:
    piece = arrangements.piece_of(row, data_dir, _SONG_S)
    bpm = arrangements.drawn_bpm(row.bpm, rng_of(name), 1.2)
    meter = piece.timing.anchors[0].meter
    return arrangements.rendered(arrangements.over(piece, _curve(name, family, bpm, meter)), name)


def _as_notated(row: Row, data_dir: Path) -> BenchSong:
    """A piece with the tempo changes that its composer wrote."""
    piece = arrangements.piece_of(row, data_dir, _SONG_S)
    return arrangements.rendered(piece, row.title)


# Recorded, and nothing --------------------------------------------------------------------


def _recorded(row: dict[str, Any], data_dir: Path) -> BenchSong:
    return recordings.recording(row, data_dir)


def _nothing(kind: str, data_dir: Path) -> BenchSong:
    return nothing.sound(f"nothing: {kind}", kind)

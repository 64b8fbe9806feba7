"""Fits the tempo finder's ranking on rendered music, and writes `tempo_weights`.

Run ``python -m chartstudio.engine.timing_bench.fit --data ../shared/data``. It takes only
pieces that the benchmark does not judge by: half of the MIDI and of the human drummers, and
pieces that our own composer makes for it. No recording and no charted song takes part.

The ranking is a conditional logit: of all readings of a song, one that has the notated beats
should come first. It is judged on fifths of the pieces that it was not fitted on.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.timing import TimingMap
from chartstudio.engine import tempo_weights
from chartstudio.engine.onsets import novelty, pick, salience
from chartstudio.engine.tempo_lines import Spectrum, tempos
from chartstudio.engine.tempo_rank import Heard, Reading, features, readings
from chartstudio.engine.timing_bench import arrangements
from chartstudio.engine.timing_bench.song import BenchSong, rng_of
from chartstudio.engine.train.augment import augment

Floats = NDArray[np.float64]
_T = TypeVar("_T")

_SONG_S = 95.0
_N_DRUMMERS, _N_COMPOSED, _N_MIXES = 90, 140, 2
_PENALTY = 0.01
_N_PARTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """All readings of one song.

    Attributes
    ----------
    piece : str
        Mixes of one piece go into the same part.
    features : ndarray, shape (R, K)
    right : ndarray of bool, shape (R,)
        Whether the reading has the notated beats. Above 200 BPM half the tempo counts too.
    tempo : ndarray of bool, shape (R,)
        Whether it has the notated tempo, at whatever phase.
    bpm : ndarray, shape (R,)
    """

    piece: str
    features: Floats
    right: NDArray[np.bool_]
    tempo: NDArray[np.bool_]
    bpm: Floats


def songs(data_dir: Path) -> Iterator[tuple[str, BenchSong]]:
    """Rendered and damaged songs to fit on, by the name of their piece."""
    for row in arrangements.rows(data_dir, "midi", for_fit=True):
        for k in range(_N_MIXES):
            piece = arrangements.piece_of(row, data_dir, _SONG_S)
            yield row.midi, _mixed(piece, f"fit midi {row.midi} {k}", 1.12)
    for row in arrangements.rows(data_dir, "drums", for_fit=True)[:_N_DRUMMERS]:
        piece = arrangements.accompanied(row, data_dir, 80.0)
        yield row.midi, _mixed(piece, f"fit drums {row.midi} 0", 1.12)
    for k in range(_N_COMPOSED):
        name = f"fit composed {k} 0"
        yield name, _mixed(arrangements.composed(name, 90.0), name, 1.01)


def _mixed(piece: arrangements.Piece, name: str, spread: float) -> BenchSong:
    rng = rng_of(name)
    bpm = arrangements.drawn_bpm(piece.timing.anchors[0].bpm, rng, spread)
    moved = arrangements.at_tempo(piece, bpm, float(rng.uniform(0.05, 2.0)))
    song = arrangements.rendered(moved, name)
    return BenchSong(augment(song.samples, rng), song.rate_hz, song.truth, song.last_s)


def sample(piece: str, song: BenchSong) -> Sample:
    """Every reading that the finder would rank, described and judged."""
    found_at = _exhausted(novelty(song.samples, song.rate_hz))
    struck = pick(song.samples, song.rate_hz, found_at, salience(found_at))
    heard = Heard.of(_exhausted(struck), found_at)
    found = [r for f in tempos(Spectrum.of(heard.onsets)) for r in readings(heard, f)]
    assert song.truth is not None
    middle_s = float(np.median(heard.onsets.times_s))
    truth, bpm = song.truth, song.truth.anchors[0].bpm
    right = [_is(r, truth, bpm, middle_s) for r in found]
    tempo = [_near(r, bpm) for r in found]
    if bpm > 200:
        right = [a or _is(r, truth, bpm / 2, middle_s) for a, r in zip(right, found, strict=True)]
        tempo = [a or _near(r, bpm / 2) for a, r in zip(tempo, found, strict=True)]
    return Sample(
        piece,
        np.array([features(heard, r) for r in found]),
        np.array(right),
        np.array(tempo),
        np.array([r.beat_hz * 60 for r in found]),
    )


def _exhausted(steps: Generator[float, None, _T]) -> _T:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def _near(reading: Reading, bpm: float) -> bool:
    return abs(reading.beat_hz * 60 / bpm - 1) < 2e-3


def _is(reading: Reading, truth: TimingMap, bpm: float, at_s: float) -> bool:
    """Whether a reading has this tempo, and a true beat near this time on one of its beats."""
    first = truth.anchors[0]
    beat_s, found_s = 60 / first.bpm, 1 / reading.beat_hz
    true_s = first.seconds + round((at_s - first.seconds) / beat_s) * beat_s
    away_s = (true_s - reading.phase_s + found_s / 2) % found_s - found_s / 2
    return _near(reading, bpm) and abs(away_s) < 0.12 * found_s


def fitted(samples: Sequence[Sample], means: Floats, scales: Floats) -> Floats:
    """Weights of the conditional logit, of features less their means over their scales."""
    known = [((s.features - means) / scales, s.right) for s in samples if s.right.any()]

    def loss(w: Floats) -> tuple[float, Floats]:
        total, slope = 0.0, np.zeros(len(w))
        for x, right in known:
            odds = np.exp(x @ w - (x @ w).max())
            chance = odds / odds.sum()
            wanted = np.where(right, odds, 0.0) / odds[right].sum()
            total -= np.log(chance[right].sum())
            slope += x.T @ (chance - wanted)
        n = len(known)
        return total / n + _PENALTY * float(w @ w), slope / n + 2 * _PENALTY * w

    return np.asarray(minimize(loss, np.zeros(len(means)), jac=True, method="L-BFGS-B").x)


def judged(samples: Sequence[Sample], weights: Floats, means: Floats, scales: Floats) -> Floats:
    """Shares: beats right first, tempo right first, tempo among three, beats if tempo right."""
    rows = []
    for s in samples:
        order = np.argsort(-((s.features - means) / scales @ weights))
        kept: list[int] = []
        for i in order.tolist():
            if all(abs(s.bpm[i] / s.bpm[k] - 1) > 1e-3 for k in kept):
                kept.append(i)
        best = next((i for i in order.tolist() if s.tempo[i]), None)
        in_three = bool(s.tempo[kept[:3]].any())
        beat = bool(s.right[best]) if best is not None else False
        rows.append((s.right[order[0]], s.tempo[order[0]], in_three, beat))
    return np.mean(np.array(rows, dtype=np.float64), axis=0)


def _across(samples: Sequence[Sample], means: Floats, scales: Floats) -> Floats:
    """The same shares on pieces left out of the fit."""
    part = np.array([zlib.crc32(s.piece.encode()) // 7 % _N_PARTS for s in samples])
    found, sizes = [], []
    for k in range(_N_PARTS):
        kept = [s for s, p in zip(samples, part, strict=True) if p != k]
        left = [s for s, p in zip(samples, part, strict=True) if p == k]
        if left and kept:
            found.append(judged(left, fitted(kept, means, scales), means, scales))
            sizes.append(len(left))
    return np.average(found, axis=0, weights=sizes)


def text(names: Sequence[str], means: Floats, weights: Floats) -> str:
    """The module `tempo_weights` with a new table."""
    rows = "".join(
        f'    ("{name}", {mean:.4f}, {weight:.4f}),\n'
        for name, mean, weight in zip(names, means, weights, strict=True)
    )
    head, _, rest = Path(tempo_weights.__file__).read_text("utf-8").partition("TABLE = (\n")
    _, _, tail = rest.partition("\n)\n")
    return f"{head}TABLE = (\n{rows})\n{tail}"


def main(argv: Sequence[str] | None = None) -> int:
    """Fit, print how good it is, write the table."""
    parser = argparse.ArgumentParser(prog="python -m chartstudio.engine.timing_bench.fit")
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.json")
    parser.add_argument("--dry", action="store_true", help="print only, write nothing")
    args = parser.parse_args(argv)
    try:
        samples = []
        for piece, song in songs(args.data):
            samples.append(sample(piece, song))
            print(f"\r{len(samples)} songs", end="", file=sys.stderr, flush=True)
    except ChartStudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    everything = np.concatenate([s.features for s in samples])
    means, scales = everything.mean(axis=0), everything.std(axis=0) + 1e-6
    weights = fitted(samples, means, scales)
    print(f"{len(samples)} songs: beats first, tempo first, tempo in three, beats if tempo right")
    print("fitted on  ", judged(samples, weights, means, scales).round(3))
    print("left out   ", _across(samples, means, scales).round(3))
    if not args.dry:
        table = text(tempo_weights.NAMES, means, weights / scales)
        Path(tempo_weights.__file__).write_text(table, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

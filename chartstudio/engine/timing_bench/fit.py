"""Fits the tempo finder's ranking on rendered music, and writes `tempo_weights`.

Run ``python -m chartstudio.engine.timing_bench.fit --data ../shared/data``. It takes only
pieces that the benchmark does not judge by: half of the MIDI and of the human drummers, and
pieces that our own composer makes for it. No recording and no charted song takes part.

Of all readings of a song, one that has the notated beats should come first: a softmax over
the readings of each song, through a small network. It is judged on fifths of the pieces that
it was not fitted on. A ranking without hidden units gets a twentieth less of those right.
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
import torch
from numpy.typing import NDArray

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.timing import TimingMap
from chartstudio.engine import tempo_weights
from chartstudio.engine.beat_net import listen
from chartstudio.engine.onsets import novelty, pick, salience
from chartstudio.engine.tempo_lines import Spectrum, tempos
from chartstudio.engine.tempo_rank import Heard, Reading, features, readings
from chartstudio.engine.tempo_weights import Ranking
from chartstudio.engine.timing_bench import arrangements
from chartstudio.engine.timing_bench.song import BenchSong, rng_of
from chartstudio.engine.train.augment import augment

Floats = NDArray[np.float64]
_T = TypeVar("_T")

_SONG_S = 95.0
_N_DRUMMERS, _N_COMPOSED, _N_MIXES = 90, 140, 2
_N_HIDDEN, _N_MEMBERS = 8, 2
_N_STEPS, _LEARNING_RATE, _DECAY, _DROPPED = 150, 0.03, 0.3, 0.2
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
            yield row.midi, mixed(piece, f"fit midi {row.midi} {k}", 1.12)
    for row in arrangements.rows(data_dir, "drums", for_fit=True)[:_N_DRUMMERS]:
        piece = arrangements.accompanied(row, data_dir, 80.0)
        yield row.midi, mixed(piece, f"fit drums {row.midi} 0", 1.12)
    for k in range(_N_COMPOSED):
        name = f"fit composed {k} 0"
        yield name, mixed(arrangements.composed(name, 90.0), name, 1.01)


def mixed(piece: arrangements.Piece, name: str, spread: float) -> BenchSong:
    """A piece at a tempo near its own, rendered and made to sound recorded, as its name says."""
    rng = rng_of(name)
    bpm = arrangements.drawn_bpm(piece.timing.anchors[0].bpm, rng, spread)
    moved = arrangements.at_tempo(piece, bpm, float(rng.uniform(0.05, 2.0)))
    song = arrangements.rendered(moved, name)
    return BenchSong(augment(song.samples, rng), song.rate_hz, song.truth, song.last_s)


def sample(piece: str, song: BenchSong) -> Sample:
    """Every reading that the finder would rank, described and judged."""
    found_at = exhausted(novelty(song.samples, song.rate_hz))
    struck = pick(song.samples, song.rate_hz, found_at, salience(found_at))
    heard = Heard.of(exhausted(struck), found_at, exhausted(listen(found_at)))
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


def exhausted(steps: Generator[float, None, _T]) -> _T:
    """What the generator returns."""
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


def fitted(samples: Sequence[Sample], means: Floats, scales: Floats) -> Ranking:
    """The mean of several small networks, each from another random start."""
    known = [s for s in samples if s.right.any()]
    shape = (len(known), max(len(s.right) for s in known))
    x = torch.zeros((*shape, len(means)))
    there, right = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.bool)
    for i, s in enumerate(known):
        n = len(s.right)
        x[i, :n] = torch.as_tensor((s.features - means) / scales)
        there[i, :n], right[i, :n] = True, torch.as_tensor(s.right)
    members = [_member(x, there, right, seed) for seed in range(_N_MEMBERS)]
    linear, hidden, bias, out = zip(*members, strict=True)
    return Ranking(
        means=means,
        scales=scales,
        linear=np.mean(linear, axis=0),
        hidden=np.concatenate(hidden, axis=1),
        bias=np.concatenate(bias),
        out=np.concatenate(out) / _N_MEMBERS,
    )


def _member(
    x: torch.Tensor, there: torch.Tensor, right: torch.Tensor, seed: int
) -> tuple[Floats, ...]:
    """One network: features dropped at random while it learns, weights held small."""
    chance = torch.Generator().manual_seed(seed)
    n = x.shape[2]
    weights = [
        torch.zeros(n),
        torch.randn((n, _N_HIDDEN), generator=chance) * 0.15,
        torch.zeros(_N_HIDDEN),
        torch.randn(_N_HIDDEN, generator=chance) * 0.1,
    ]
    for w in weights:
        w.requires_grad_()
    linear, hidden, bias, out = weights
    steps = torch.optim.AdamW(weights, lr=_LEARNING_RATE, weight_decay=_DECAY)
    for _ in range(_N_STEPS):
        kept = (torch.rand(n, generator=chance) > _DROPPED) / (1 - _DROPPED)
        seen = x * kept
        rank = seen @ linear + torch.tanh(seen @ hidden + bias) @ out
        rank = rank.masked_fill(~there, -1e9)
        wanted = torch.logsumexp(rank.masked_fill(~right, -1e9), dim=1)
        loss = (torch.logsumexp(rank, dim=1) - wanted).mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
    return tuple(w.detach().numpy().astype(np.float64) for w in weights)


def judged(samples: Sequence[Sample], ranking: Ranking) -> Floats:
    """Shares: beats right first, tempo right first, tempo among three, beats if tempo right."""
    rows = []
    for s in samples:
        order = np.argsort(-ranking.of(s.features))
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
            found.append(judged(left, fitted(kept, means, scales)))
            sizes.append(len(left))
    return np.average(found, axis=0, weights=sizes)


def text(names: Sequence[str], ranking: Ranking) -> str:
    """The module `tempo_weights` with new constants."""
    rows = zip(names, ranking.means, ranking.scales, ranking.linear, ranking.hidden, strict=True)
    table = "".join(
        f'    ("{name}", {mean:.4f}, {scale:.4f}, {linear:.4f},\n{_numbers(hidden, 5)}),\n'
        for name, mean, scale, linear, hidden in rows
    )
    source = Path(tempo_weights.__file__).read_text("utf-8")
    head, _, _ = source.partition(_MARK)
    return (
        f"{head}{_MARK}\n# fmt: off\n_TABLE: _Table = (\n{table})\n"
        f"_BIAS: _Numbers = (\n{_numbers(ranking.bias, 4)})\n"
        f"_OUT: _Numbers = (\n{_numbers(ranking.out, 4)})\n# fmt: on\n\n"
        "RANKING = _ranking(_TABLE, _BIAS, _OUT)\n"
    )


_MARK = "# Written by timing_bench.fit from here on."


def _numbers(values: Floats, indent: int) -> str:
    words = [f"{v:.3f}" for v in values]
    lines = [", ".join(words[i : i + 10]) for i in range(0, len(words), 10)]
    return ",\n".join(" " * indent + line for line in lines)


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
    ranking = fitted(samples, means, scales)
    print(f"{len(samples)} songs: beats first, tempo first, tempo in three, beats if tempo right")
    print("fitted on  ", judged(samples, ranking).round(3))
    print("left out   ", _across(samples, means, scales).round(3))
    if not args.dry:
        source = text(tempo_weights.NAMES, ranking)
        Path(tempo_weights.__file__).write_text(source, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

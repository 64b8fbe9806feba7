"""Trains the beat network on rendered music whose beats are known.

Run ``python -m chartstudio.engine.timing_bench.fit_beats --data ../shared/data --store DIR
--minutes 40``. It takes only pieces that the benchmark does not judge by: half of the MIDI
and of the human drummers, and pieces that our own composer makes for it. No recording and no
charted song takes part. What was rendered already is kept in the store; a part of the pieces
is held out of the training, to tell when to stop.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.beat_net import FRAME_HZ, WEIGHTS, BeatNet, features
from chartstudio.engine.onsets import novelty
from chartstudio.engine.timing_bench import arrangements, fit
from chartstudio.engine.timing_bench.song import BenchSong, rng_of
from chartstudio.engine.train.augment import augment

Floats = NDArray[np.float32]

_SONG_S = 75.0
_N_MIXES, _N_DRUMMERS, _N_COMPOSED = 5, 150, 260
_SPREAD = 1.15
_HELD_OUT = 8
"""One piece in so many is never trained on."""

_N_FRAMES = 3000
_BATCH = 6
_RATE = 2e-3
_NEAR = 0.5
"""What the frames beside a beat are worth."""


# The store -------------------------------------------------------------------------------


def songs(data_dir: Path) -> Iterator[tuple[str, str]]:
    """Names of the songs, with those of their pieces: mixes of all kinds in turn."""
    midi = [
        row
        for steady in (True, False)
        for row in arrangements.rows(data_dir, "midi", for_fit=True, steady=steady)
    ]
    drums = arrangements.rows(data_dir, "drums", for_fit=True)[:_N_DRUMMERS]
    for k in range(_N_MIXES):
        yield from ((f"midi {row.midi} {k}", row.midi) for row in midi)
        yield from ((f"drums {row.midi} 0", row.midi) for row in drums[k::_N_MIXES])
        yield from ((f"composed {i} 0", f"composed {i}") for i in range(k, _N_COMPOSED, _N_MIXES))


def _made(name: str, data_dir: Path) -> BenchSong:
    kind, rest = name.split(" ", 1)
    if kind == "composed":
        return fit.mixed(arrangements.composed(f"beats {name}", _SONG_S), name, 1.01)
    path = rest.rsplit(" ", 1)[0]
    rows = [
        row
        for steady in (True, False)
        for row in arrangements.rows(data_dir, kind, for_fit=True, steady=steady)
        if row.midi == path
    ]
    if kind == "drums":
        return fit.mixed(arrangements.accompanied(rows[0], data_dir, _SONG_S), name, _SPREAD)
    piece = arrangements.piece_of(rows[0], data_dir, _SONG_S)
    if rows[0] in arrangements.rows(data_dir, kind, for_fit=True):
        return fit.mixed(piece, name, _SPREAD)
    song = arrangements.rendered(piece, name)
    return replace(song, samples=augment(song.samples, rng_of(name)))


def fill(store: Path, data_dir: Path) -> Iterator[str]:
    """Render what the store lacks."""
    store.mkdir(parents=True, exist_ok=True)
    for name, piece in songs(data_dir):
        path = store / f"{zlib.crc32(name.encode()):08x}.npz"
        if path.exists():
            continue
        song = _made(name, data_dir)
        heard = features(fit.exhausted(novelty(song.samples, song.rate_hz)))
        assert song.truth is not None
        last = int(song.truth.tick_at(min(song.duration_s, song.last_s + 1.0)) // TICKS_PER_BEAT)
        ticks = np.arange(0, max(last, 2), dtype=np.int64) * TICKS_PER_BEAT
        bars = song.truth.lines(0, int(ticks[-1]) + 1)
        fresh = path.with_suffix(".new.npz")
        np.savez(
            fresh,
            heard=heard.astype(np.float16),
            beats_s=song.truth.seconds_at(ticks),
            is_bar=np.isin(ticks, bars),
            piece=np.array(piece),
        )
        fresh.replace(path)
        yield name


# Training --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """One rendered song.

    Attributes
    ----------
    heard : ndarray, shape (T, N_CHANNELS), float16
    beats : ndarray, shape (B,)
        In frames.
    is_bar : ndarray of bool, shape (B,)
    """

    heard: NDArray[np.float16]
    beats: NDArray[np.float64]
    is_bar: NDArray[np.bool_]


def read(store: Path) -> tuple[list[Song], list[Song]]:
    """Songs to train on, and those that are held out."""
    sides: tuple[list[Song], list[Song]] = ([], [])
    for path in sorted(store.glob("????????.npz")):
        with np.load(path) as found:
            song = Song(found["heard"], found["beats_s"] * FRAME_HZ, found["is_bar"])
            held = zlib.crc32(str(found["piece"]).encode()) // 3 % _HELD_OUT == 0
        sides[held].append(song)
    return sides


def targets(song: Song, n_frames: int) -> Floats:
    """Beat and downbeat at each frame, 0 to 1, shape (2, n_frames)."""
    found = np.zeros((2, n_frames + 2), dtype=np.float32)
    for row, at in enumerate((song.beats, song.beats[song.is_bar])):
        frame = np.rint(at).astype(np.int64) + 1
        frame = frame[(frame > 0) & (frame <= n_frames)]
        for beside in (-1, 1):
            found[row, frame + beside] = np.maximum(found[row, frame + beside], _NEAR)
        found[row, frame] = 1.0
    return found[:, 1:-1]


def bent(song: Song, rng: np.random.Generator) -> Song:
    """The song at another tempo, which often moves: frames are read at other times."""
    n = len(song.heard)
    speed = np.full(n, np.exp(rng.normal(0.0, 0.07)))
    kind = rng.random()
    if kind < 0.2:
        speed *= np.exp(np.interp(np.arange(n), (0, n), rng.normal(0.0, 0.12, 2)))
    elif kind < 0.4:
        walk = np.cumsum(rng.normal(0.0, 1.0, n // 100 + 2))
        speed *= np.exp(0.02 * np.interp(np.arange(n), np.arange(len(walk)) * 100, walk))
    elif kind < 0.55:
        speed[int(rng.integers(n)) :] *= np.exp(rng.normal(0.0, 0.2))
    speed = np.clip(speed, 0.6, 1.6)
    read_at = np.concatenate(([0.0], np.cumsum(speed)))
    read_at = read_at[read_at < n - 1]
    low = read_at.astype(np.int64)
    part = (read_at - low).astype(np.float32)[:, None]
    heard = song.heard[low] * (1 - part) + song.heard[low + 1] * part
    beats = np.interp(song.beats, read_at, np.arange(len(read_at)), left=-9, right=-9)
    return Song(heard.astype(np.float16), beats, song.is_bar)


def roughened(heard: Floats, rng: np.random.Generator) -> Floats:
    """Another tone and another room: a tilt, missing bands, noise."""
    n_bands = heard.shape[1] // 2
    place = np.linspace(-1.0, 1.0, n_bands)
    tone = rng.normal(0, 0.4) * place + rng.normal(0, 0.15, n_bands)
    there = np.ones(n_bands)
    if rng.random() < 0.4:
        low = int(rng.integers(n_bands))
        there[low : low + int(rng.integers(1, 8))] = 0.0
    scale = np.concatenate((there * np.exp(rng.normal(0, 0.15)), there * np.exp(tone)))
    shift = np.concatenate((tone * there, np.zeros(n_bands)))
    noise = rng.normal(0.0, float(rng.uniform(0, 0.25)), heard.shape)
    return (heard * scale + shift + noise).astype(np.float32)


def batch(songs: Sequence[Song], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Windows of songs: what is heard (B, C, T), what is true (B, 2, T)."""
    heard, true = [], []
    for _ in range(_BATCH):
        song = bent(songs[int(rng.integers(len(songs)))], rng)
        n = len(song.heard)
        first = int(rng.integers(max(n - _N_FRAMES, 0) + 1))
        part = song.heard[first : first + _N_FRAMES].astype(np.float32)
        part = roughened(part, rng)
        at = targets(song, n)[:, first : first + _N_FRAMES]
        short = _N_FRAMES - len(part)
        heard.append(np.pad(part, ((0, short), (0, 0))).T)
        true.append(np.pad(at, ((0, 0), (0, short))))
    return torch.from_numpy(np.stack(heard)), torch.from_numpy(np.stack(true))


def loss_of(net: BeatNet, heard: Tensor, true: Tensor) -> Tensor:
    """Mean cross entropy; downbeats, which are rarer, count as much as beats."""
    said = net(heard)
    per = functional.binary_cross_entropy_with_logits(said, true, reduction="none").mean((0, 2))
    return per[0] + 2.0 * per[1]


def held_out_loss(net: BeatNet, songs: Sequence[Song]) -> float:
    """Mean loss over whole songs that were never trained on."""
    found = []
    with torch.inference_mode():
        for song in songs:
            heard = torch.from_numpy(song.heard.astype(np.float32).T.copy())[None]
            true = torch.from_numpy(targets(song, heard.shape[2]))[None]
            found.append(float(loss_of(net, heard, true)))
    return float(np.mean(found))


def train(store: Path, out: Path, minutes: float, seed: int) -> None:
    """Train for so long, keep what does best on the songs that are held out."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    known, held = read(store)
    print(f"{len(known)} songs, {len(held)} held out", flush=True)
    net = BeatNet()
    steps = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=0.01)
    # What is kept is a mean over the last steps: it does better than any one of them.
    mean = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995)
    )
    started, best, n_steps = time.monotonic(), np.inf, 0
    while (share := (time.monotonic() - started) / (60 * minutes)) < 1:
        for group in steps.param_groups:
            group["lr"] = _RATE * min((n_steps + 1) / 100, 0.02 + 0.98 * (1 - share) ** 1.5)
        loss = loss_of(net, *batch(known, rng))
        steps.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        steps.step()
        mean.update_parameters(net)
        n_steps += 1
        if n_steps % 200 == 0:
            own = held_out_loss(mean.module, held)
            print(f"step {n_steps}, {100 * share:.0f} %: {float(loss):.4f}, {own:.4f}", flush=True)
            if own < best:
                best = own
                _save(mean.module, out)


def _save(net: BeatNet, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_suffix(".new")
    weights = {
        name: t.detach().to(torch.float16).contiguous() for name, t in net.state_dict().items()
    }
    save_file(weights, fresh)
    fresh.chmod(0o644)
    fresh.replace(out)


def main(argv: Sequence[str] | None = None) -> int:
    """Render, train, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m chartstudio.engine.timing_bench.fit_beats")
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.json")
    parser.add_argument("--store", type=Path, required=True, help="folder for rendered songs")
    parser.add_argument("--minutes", type=float, default=40.0, help="0: render only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=paths.shipped_models() / WEIGHTS)
    args = parser.parse_args(argv)
    try:
        for n, _ in enumerate(fill(args.store, args.data)):
            print(f"\r{n + 1} songs", end="", file=sys.stderr, flush=True)
    except ChartStudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if args.minutes:
        train(args.store, args.out, args.minutes, args.seed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

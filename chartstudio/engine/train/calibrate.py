"""How many notes a model needs for a level, measured on its own drafts.

The teacher's charts are placed by other hands than the network's; a draft that starts from
the model's own figures reaches its level in one round more often.

    python -m chartstudio.engine.train.calibrate --model FOLDER --data DATA
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from chartstudio.audio.decode import Audio
from chartstudio.core.job import Job, Progress, run
from chartstudio.core.mode import Mode
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.features import SongFeatures, slot_grid
from chartstudio.engine.generate import generate
from chartstudio.engine.plan import Curve
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.task import prepare
from chartstudio.engine.train import synthesis
from chartstudio.modes import MODES
from chartstudio.modes.usual import usual_settings

N_LEVELS = 6
_LONGEST_S = 75.0
_HARDEST = 0.75
"""Levels above this share of a mode's range lie beyond what most songs can be charted to."""


def rising(points: Sequence[tuple[float, float]]) -> Curve:
    """A rising curve through the medians of scattered (level, rate) points."""
    ordered = np.array(sorted(points))
    bins = np.array_split(ordered, min(N_LEVELS, len(ordered)))
    medians = np.array([np.median(b, axis=0) for b in bins])
    medians[:, 1] = np.maximum.accumulate(medians[:, 1])
    kept = np.diff(medians, axis=0, prepend=-1.0).min(axis=1) > 1e-3
    return tuple((round(level, 3), round(rate, 3)) for level, rate in medians[kept].tolist())


def calibrate(
    model: Model, songs: Sequence[tuple[Audio, TimingMap]], mode_ids: Sequence[str], seed: int = 0
) -> Job[tuple[tuple[str, Curve], ...]]:
    """Measure the density curves of a model.

    Parameters
    ----------
    model : Model
    songs : sequence of (Audio, TimingMap)
        Mono at the features' rate.
    mode_ids : sequence of str
    seed : int

    Returns
    -------
    tuple of (str, Curve)
        For `PlanSpec.density`.
    """
    spec = model.spec.features
    heard = [
        (audio, timing, SongFeatures(audio.samples[0], slot_grid(timing, audio.duration_s), spec))
        for audio, timing in songs
    ]
    modes = [MODES[mode_id] for mode_id in mode_ids]
    curves = []
    for i, mode in enumerate(modes):
        points = []
        for audio, timing, song in heard:
            for level in _levels(mode):
                end = timing.tick_at(audio.duration_s)
                figures = usual_settings(mode.id, level, timing, end // 2)
                chart = Chart(mode.id, settings=figures)
                request = GenerateRequest(audio, timing, chart, 0, end, level, seed=seed)
                task = prepare(request, mode, model, song)
                best = run(generate(task)).candidates[0]
                rate = len({n.tick for n in best.notes}) / task.sounding_s
                points.append((best.level_reached, rate))
            yield Progress((i + 0.5) / len(modes), f"Measured {mode.title}")
        curves.append((mode.id, rising(points)))
    return tuple(curves)


def _levels(mode: Mode) -> list[float]:
    low, high = mode.level_range
    found: list[float] = np.linspace(low, low + _HARDEST * (high - low), N_LEVELS).tolist()
    return found


def rendered(data: Path, n_songs: int, seed: int) -> list[tuple[Audio, TimingMap]]:
    """Songs to measure on, from the training music."""
    rng = np.random.default_rng(seed)
    found = []
    for piece in islice(synthesis.pieces(data, seed), n_songs):
        samples = synthesis.render(piece, rng)[: round(_LONGEST_S * synthesis.RATE_HZ)]
        found.append((Audio(samples[None], synthesis.RATE_HZ, "FluidSynth"), piece.timing))
    return found


def main() -> None:
    """Entry of ``python -m``: writes the curves into the model."""
    parser = argparse.ArgumentParser(prog="python -m chartstudio.engine.train.calibrate")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=777)
    asked = parser.parse_args()
    model = checkpoint.load(asked.model)
    songs = rendered(asked.data, asked.songs, asked.seed)
    curves = run(calibrate(model, songs, model.spec.vocabulary.mode_ids))
    spec = replace(model.spec, plan=replace(model.spec.plan, density=curves))
    checkpoint.save(asked.model, spec, model.net)


if __name__ == "__main__":
    main()

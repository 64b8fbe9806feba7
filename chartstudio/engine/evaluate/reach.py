"""Levels asked for against levels reached, over songs, modes, levels and seeds.

``python -m chartstudio.engine.evaluate.reach --model NAME --data DIR --out DIR``. Beside it
stands how far the estimators themselves are from what people said of their own charts
(``--human DIR``). Songs are cut short, and their tempo is found as a user's would be.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.core.job import run
from chartstudio.core.mode import Mode
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.engine.beats import find_tempo
from chartstudio.engine.evaluate.cases import Case
from chartstudio.engine.evaluate.cuts import Drafter, cut_of, find_audio, open_model
from chartstudio.engine.evaluate.levels import TOLERANCE, named_rank
from chartstudio.engine.evaluate.sections import drafted_modes
from chartstudio.engine.evaluate.times import rank_correlation
from chartstudio.engine.requests import GenerateRequest, TimingRequest
from chartstudio.formats import FORMATS, Bundle, read_song
from chartstudio.formats.bundle import ARCHIVE_SUFFIXES, save_files
from chartstudio.modes import MODES
from chartstudio.modes.usual import usual_settings

CUT_S = 60.0
"""Songs are cut to so much."""

SHARES = (0.1, 0.25, 0.4, 0.55, 0.7)
"""Asked levels where none are named, as shares of the way through a mode's range: what lies
above is for charts that few people play."""

RANK_TOLERANCE = 0.33
"""What a tenth more or fewer notes per second make of a rank: it rises by 3.46 with the
natural logarithm of the pace (the mode's own estimate)."""

_FALLBACK_BPM = 120.0
_GRIDS = (16, 24, 32, 48, 64)
"""Snaps to draft on: the next one where a draft says that its grid has no line left."""

_USUAL = "Standard"
_FAR = 0.9


@dataclass(frozen=True, slots=True)
class Reached:
    """One draft.

    Parameters
    ----------
    song, mode : str
    grid, seed : int
    asked, reached : float
        In the mode's unit.
    n_times : int
    """

    song: str
    mode: str
    grid: int
    seed: int
    asked: float
    reached: float
    n_times: int

    @property
    def miss(self) -> float:
        """By how much the draft is too hard."""
        return self.reached - self.asked

    @property
    def within(self) -> bool:
        """Whether it is as hard as was asked."""
        return abs(self.miss) <= tolerance(MODES[self.mode])


def tolerance(mode: Mode) -> float:
    """How far from the asked level a draft may be."""
    return TOLERANCE.get(mode.level_unit, RANK_TOLERANCE)


def levels_of(mode: Mode, asked: Sequence[float] | None) -> list[float]:
    """The levels to ask for; those beyond the mode's range are left out."""
    low, high = mode.level_range
    if asked is not None:
        return [level for level in asked if low <= level <= high]
    return [round(low + share * (high - low), 2) for share in SHARES]


# Drafts ----------------------------------------------------------------------------------


def timed(audio: Audio) -> TimingMap:
    """The tempo that is found, or a usual one where there is none."""
    tempo = run(find_tempo(TimingRequest(audio)))
    return tempo.timing() or TimingMap.constant(_FALLBACK_BPM)


@dataclass(frozen=True, slots=True)
class Song:
    """A cut with its tempo."""

    name: str
    audio: Audio
    timing: TimingMap

    def request(self, mode: Mode, level: float, seed: int, grid: int) -> GenerateRequest:
        """A draft of the whole cut."""
        start = max(self.timing.tick_at(0.0), self.timing.anchors[0].tick)
        end = self.timing.tick_at(self.audio.duration_s)
        settings = usual_settings(mode.id, level, self.timing, (start + end) // 2)
        chart = Chart(mode.id, level=level, settings=settings)
        return GenerateRequest(self.audio, self.timing, chart, start, end, level, grid, seed)


def drafts(
    drafter: Drafter, song: Song, modes: Sequence[Mode], asked: Sequence[float] | None, n_seeds: int
) -> Iterator[Reached]:
    """Draft every mode, level and seed on a song, on finer grids where a draft asks for that."""
    for mode in modes:
        for level in levels_of(mode, asked):
            for seed in range(n_seeds):
                for grid in _GRIDS:
                    draft = drafter.draft(song.request(mode, level, seed, grid))
                    if not draft.lacks_lines:
                        break
                best = draft.candidates[0]
                n_times = len({n.tick for n in best.notes})
                yield Reached(song.name, mode.id, grid, seed, level, best.level_reached, n_times)


def of_modes(found: Iterable[Reached]) -> dict[str, dict[str, float]]:
    """Figures mode by mode: drafts, share within tolerance, how far off."""
    by_mode: dict[str, list[Reached]] = {}
    for one in found:
        by_mode.setdefault(one.mode, []).append(one)
    figures = {}
    for mode, some in by_mode.items():
        misses = np.array([abs(one.miss) for one in some])
        figures[mode] = {
            "drafts": len(some),
            "first_grid": float(np.mean([one.grid == _GRIDS[0] for one in some])),
            "tolerance": tolerance(MODES[mode]),
            "within": round(float(np.mean([one.within for one in some])), 3),
            "median_miss": round(float(np.median(misses)), 3),
            "p90_miss": round(float(np.quantile(misses, _FAR)), 3),
            "mean_signed": round(float(np.mean([one.miss for one in some])), 3),
        }
    return figures


# Estimators ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A human chart: what its author says of its level, and what the estimate is.

    ``human`` is a meter where the mode has meters, else the rank of the difficulty's name.
    """

    song: str
    mode: str
    name: str
    human: float
    estimate: float


def said(case: Case) -> Said | None:
    """What is said of a chart; None where nothing is."""
    if case.chart.setting("characteristic", _USUAL) != _USUAL:
        return None  # played in another way, under the same names
    in_meters = case.mode.level_unit == "meter"
    human = case.chart.level if in_meters else _rank(case.chart.name)
    if human is None:
        return None
    return Said(case.song, case.mode.id, case.chart.name, float(human), case.level)


def _rank(name: str) -> int | None:
    """Rank of a difficulty's name; ``Someone's Hard`` is a Hard."""
    whole = named_rank(name)
    words = name.split()
    return named_rank(words[-1]) if whole is None and words else whole


def of_estimators(folders: Iterable[Path]) -> dict[str, dict[str, float]]:
    """How near the estimates are to what people say, game by game.

    Returns
    -------
    dict
        By the game's part of the mode's id: ``charts``, ``rank_correlation``, ``in_order``
        (share of the pairs of a song's charts that stand in the author's order), and for
        meters ``mean_error`` and ``mean_abs_error``.
    """
    by_game: dict[str, list[Said]] = {}
    for case in (case for folder in folders for case in human_charts(folder)):
        one = None if case.why_not(tuple(MODES)) else said(case)
        if one is not None:
            by_game.setdefault(one.mode.partition("-")[0], []).append(one)
    return {game: _agreement(some) for game, some in sorted(by_game.items())}


def human_charts(folder: Path) -> Iterator[Case]:
    """All charts below a folder, with or without their audio; what cannot be read is left out."""
    suffixes = {s for f in FORMATS for s in f.suffixes} - set(ARCHIVE_SUFFIXES)
    files = (p for p in folder.rglob("*") if p.suffix.lower() in suffixes and p.is_file())
    for path in sorted({p.parent for p in files}):
        try:
            song, _ = read_song(Bundle.open(path))
        except ChartStudioError:
            continue
        for chart in song.charts:
            if chart.mode in MODES:
                yield Case(path.name, chart, song.timing_of(chart), MODES[chart.mode])


def _agreement(some: Sequence[Said]) -> dict[str, float]:
    pairs = [
        (a.estimate < b.estimate) == (a.human < b.human)
        for a, b in combinations(some, 2)
        if (a.song, a.mode) == (b.song, b.mode) and a.human != b.human
    ]
    humans, estimates = ([getattr(s, name) for s in some] for name in ("human", "estimate"))
    found: dict[str, float] = {"charts": len(some)}
    if len(some) > 2:
        found["rank_correlation"] = round(rank_correlation(estimates, humans), 3)
    if pairs:
        found["in_order"] = round(float(np.mean(pairs)), 3)
    if MODES[some[0].mode].level_unit == "meter":
        errors = np.array(estimates) - np.array(humans)
        found["mean_error"] = round(float(errors.mean()), 2)
        found["mean_abs_error"] = round(float(np.abs(errors).mean()), 2)
    return found


# The run ---------------------------------------------------------------------------------


def table(figures: dict[str, Any]) -> list[str]:
    """The figures as lines of text."""
    lines = [
        f"{figures['model']}: {figures['songs']} songs cut to {figures['cut_s']:g} s, "
        f"{len(figures['drafts'])} drafts, {figures['within']:.1%} within tolerance",
        f"{'mode':14s} {'drafts':>6s} {'within':>7s} {'tolerance':>9s} {'median':>7s} "
        f"{'p90':>6s} {'signed':>7s} {'on 1/16':>8s}",
    ]
    for mode, f in figures["modes"].items():
        lines.append(
            f"{mode:14s} {f['drafts']:6d} {f['within']:7.1%} {f['tolerance']:9.2f} "
            f"{f['median_miss']:7.2f} {f['p90_miss']:6.2f} {f['mean_signed']:+7.2f} "
            f"{f['first_grid']:8.0%}"
        )
    for game, f in figures["estimators"].items():
        facts = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in f.items())
        lines.append(f"estimator of {game}: {facts}")
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print the figures; 0 when done, 1 with a line of why not."""
    args = _parser().parse_args(argv)
    try:
        figures = _figures(args)
        text = json.dumps(figures, indent=1) + "\n"
        lines = "\n".join(table(figures)) + "\n"
        save_files(args.out, {"reach.json": text.encode(), "reach.txt": lines.encode()})
    except ChartStudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(lines, end="")
    return 0


def _figures(args: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(1)
    started = time.perf_counter()
    model = open_model(args.model)
    modes, drafter = drafted_modes(model, args.modes), Drafter(model)
    paths = find_audio(args.data)[: args.songs]
    found: list[Reached] = []
    for path in paths:
        audio = cut_of(path, CUT_S, model.spec.features)
        song = Song(str(path.relative_to(args.data)), audio, timed(audio))
        found += drafts(drafter, song, modes, args.levels, args.seeds)
        print(f"{song.name}: {len(found)} drafts", file=sys.stderr, flush=True)
    if not found:
        raise EngineError("none of the levels lies in the range of a mode: name others")
    return {
        "model": model.label,
        "songs": len(paths),
        "cut_s": CUT_S,
        "within": round(float(np.mean([one.within for one in found])), 3),
        "modes": of_modes(found),
        "estimators": of_estimators(args.human),
        "seconds": round(time.perf_counter() - started, 1),
        "drafts": [{**asdict(one), "within": one.within} for one in found],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chartstudio.engine.evaluate.reach",
        description="Draft songs at many levels and see which are reached.",
    )
    parser.add_argument("--model", default="base", help="an installed model, or a model's folder")
    parser.add_argument("--data", type=Path, required=True, help="folder with audio, at any depth")
    parser.add_argument("--out", type=Path, required=True, help="folder for the JSON and the table")
    parser.add_argument("--modes", type=lambda text: text.split(","), metavar="MODE[,...]")
    parser.add_argument("--songs", type=int, help="only the first so many")
    parser.add_argument(
        "--levels",
        type=lambda text: [float(level) for level in text.split(",")],
        metavar="L[,...]",
        help="in each mode's unit; without, some through each mode's range",
    )
    parser.add_argument("--seeds", type=int, default=1, help="drafts of each level (default 1)")
    parser.add_argument(
        "--human",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder of human charts that the estimators are set beside; may be repeated",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

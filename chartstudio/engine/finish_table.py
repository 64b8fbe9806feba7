"""How well a song is finished from a few charted bars, on human charts, as a table.

The true timing, the human's level and number of note times are given; some bars are kept,
and the engine writes the others. Scored is what it wrote, one to one within 20 ms, and the
share of the agreed times at which it plays the very same. With ``--fit`` the weights of an
`echo.Blend` are fitted anew, and each song is judged by the weights of the others.

    python -m chartstudio.engine.finish_table --data FOLDER [--model NAME] [--fit] [--only WAYS]
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio.decode import Audio
from chartstudio.core.job import run
from chartstudio.core.note import slice_notes
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.echo import Blend, Likeness, likeness
from chartstudio.engine.evaluate.cases import Case, find_songs
from chartstudio.engine.evaluate.nulls import best_fixed_agreement, metro_fill
from chartstudio.engine.evaluate.patterns import Rows, agreement
from chartstudio.engine.evaluate.times import f1
from chartstudio.engine.features import SLOTS_PER_BEAT, SongFeatures, mono, slot_grid
from chartstudio.engine.generate import generate
from chartstudio.engine.keybars import propose
from chartstudio.engine.lines import lines_of
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.stay import what_stays
from chartstudio.engine.task import Task, hear, prepare

WITHIN_S = 0.02
GRID = 16
CHOSEN = (4, 8, 16, 32)
DRAWN = (8, 16)

Holes = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One chart of which some bars are given."""

    case: Case
    audio: Audio
    song: SongFeatures
    kept: str
    request: GenerateRequest


def trials(folder: Path, model: Model) -> Iterator[Trial]:
    """All charts below a folder, each with every way of choosing bars."""
    for found in find_songs(folder, model.spec.vocabulary.mode_ids, []):
        audio = found.audio()
        spec = model.spec.features
        samples = mono(audio.samples, audio.rate_hz, spec)
        for case in found.cases:
            song = SongFeatures(samples, slot_grid(case.timing, audio.duration_s), spec)
            for kept, bars in kept_bars(case, likeness(song), song):
                yield Trial(case, audio, song, kept, _request(case, audio, bars))


def kept_bars(
    case: Case, like: Likeness, song: SongFeatures
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Ways of choosing bars, each as the places of the bars in the chart."""
    starts = song.grid.beat_ticks[like.beats[:-1]]
    bars = np.flatnonzero((starts >= case.start) & (starts < case.end))
    open_ = np.zeros(len(like), dtype=bool)
    open_[bars] = True
    nothing = np.zeros(len(like), dtype=bool)
    best = propose(like, nothing, open_, max(CHOSEN), np.ones(len(like))).bars
    rng = np.random.default_rng(len(case.notes))
    for n in CHOSEN:
        yield f"chosen {n}", starts[np.sort(best[:n])]
    for n in DRAWN:
        yield f"random {n}", starts[np.sort(rng.permutation(bars)[:n])]
    yield "first 8", starts[bars[:8]]
    yield "every second", starts[bars[::2]]
    yield "none", starts[:0]


def _request(case: Case, audio: Audio, starts: NDArray[np.int64]) -> GenerateRequest:
    timing = case.timing
    measures = [timing.position(int(t)).measure for t in starts]
    keep = tuple((timing.measure_start(m), timing.measure_start(m + 1)) for m in measures)
    hidden = [t for t in case.times.tolist() if not any(a <= t < b for a, b in keep)]
    return GenerateRequest(
        audio=audio,
        timing=timing,
        chart=replace(case.chart, notes=case.notes),
        start=case.start,
        end=case.end,
        level=max(case.level, 0.1),
        grid=GRID,
        n_times=len(hidden),
        keep=keep,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a trial."""

    song: str
    kept: str
    f1: float
    metronome: float
    same: float
    fixed: float
    n_errors: int


def judge(trial: Trial, model: Model) -> Result:
    """Write what is hidden, and compare it with what the human wrote there."""
    case, timing = trial.case, trial.case.timing
    task = _task(trial, model)
    draft = run(generate(task))
    best = draft.candidates[0]
    new = [n for a, b in draft.holes for n in slice_notes(best.notes, a, b)]
    true = [n for a, b in draft.holes for n in slice_notes(case.notes, a, b)]
    mine, human = Rows.of(case.mode, new), Rows.of(case.mode, true)
    found_s, true_s = timing.seconds_at(mine.ticks), timing.seconds_at(human.ticks)
    lines = timing.seconds_at(metro_fill(task.lines, timing, min(len(human), len(task.lines))))
    return Result(
        song=case.song,
        kept=trial.kept,
        f1=f1(found_s, true_s, WITHIN_S),
        metronome=f1(lines, true_s, WITHIN_S),
        same=agreement(mine, human, (found_s, true_s), WITHIN_S),
        fixed=best_fixed_agreement(human.symbols),
        n_errors=sum(issue.severity == "error" for issue in best.issues),
    )


def _task(trial: Trial, model: Model) -> Task:
    request, mode = trial.request, trial.case.mode
    # Charts with triplets may hold more times than the grid has lines.
    lines = lines_of(request, what_stays(request, mode), trial.song.grid)
    n_times = min(request.n_times or 1, len(lines))
    return prepare(replace(request, n_times=n_times), mode, model, trial.song)


# Fitting ---------------------------------------------------------------------------------


Sample = tuple[str, NDArray[np.float64], NDArray[np.bool_]]
"""Song, figures of the lines in the order of the blend's weights, and whether a note is there."""


def sample(trial: Trial, model: Model) -> Sample | None:
    """What is known of the hidden lines of a trial, and what the human did there."""
    task = _task(trial, model)
    if task.author is None:
        return None
    columns = []
    for section in task.sections:
        sound = hear(task, section)
        lines = slice(section.first_line, section.end_line)
        net = sound.scores[task.line_slots[lines] - sound.first_beat * SLOTS_PER_BEAT]
        found = task.author.evidence.part(lines).columns(net)
        columns.append(np.stack([found[f.name] for f in fields(Blend)], axis=1))
    true_s = trial.case.true_s
    lines_s = trial.case.timing.seconds_at(task.lines)
    at = np.clip(np.searchsorted(true_s, lines_s), 1, len(true_s) - 1)
    near_s = np.minimum(np.abs(true_s[at] - lines_s), np.abs(true_s[at - 1] - lines_s))
    return trial.case.song, np.concatenate(columns), near_s <= WITHIN_S


def fitted(samples: Sequence[Sample]) -> Blend:
    """Weights by logistic regression, every trial counting the same."""
    rows = np.concatenate([columns for _, columns, _ in samples])
    hits = np.concatenate([hits for _, _, hits in samples]).astype(np.float64)
    counts = np.concatenate([np.full(len(hits), 1 / len(hits)) for _, _, hits in samples])
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (counts * (chances - hits)) + _PULL * counts.sum() * weights
        bend = (rows * (counts * chances * (1 - chances))[:, None]).T @ rows
        bend += _PULL * counts.sum() * np.eye(len(weights))
        weights -= np.linalg.solve(bend, slope)
    names = (f.name for f in fields(Blend))
    return Blend(**dict(zip(names, weights.round(3).tolist(), strict=True)))


_STEPS = 25
_PULL = 1e-3


# The table -------------------------------------------------------------------------------


def table(results: Sequence[Result]) -> str:
    """Means over charts, one line for each way of choosing bars."""
    by_kept: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_kept[result.kept].append(result)
    lines = [f"{'kept':14s}{'F1':>7s}{'metro':>7s}{'same':>7s}{'fixed':>7s}{'errors':>7s}"]
    for kept, some in by_kept.items():
        figures = [np.nanmean([getattr(r, n) for r in some]) for n in _FIGURES]
        errors = sum(r.n_errors for r in some)
        lines.append(f"{kept:14s}" + "".join(f"{f:7.3f}" for f in figures) + f"{errors:7d}")
    return "\n".join(lines)


_FIGURES = ("f1", "metronome", "same", "fixed")


def main() -> None:
    """Entry of ``python -m``."""
    parser = argparse.ArgumentParser(prog="python -m chartstudio.engine.finish_table")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="base")
    parser.add_argument("--fit", action="store_true", help="fit the blend's weights anew")
    parser.add_argument("--only", type=lambda text: text.split(","), help="such as 'chosen 8,none'")
    asked = parser.parse_args()
    model = checkpoint.load(checkpoint.installed()[asked.model])
    held: dict[str, Model] = {}
    if asked.fit:
        samples = [s for t in trials(asked.data, model) if (s := sample(t, model)) is not None]
        for song in dict.fromkeys(s[0] for s in samples):
            blend = fitted([s for s in samples if s[0] != song])
            held[song] = _with(model, blend)
        print("weights of all songs:", fitted(samples))
    results: list[Result] = []
    for trial in trials(asked.data, model):
        if asked.only and trial.kept not in asked.only:
            continue
        if results and results[-1].song != trial.case.song:
            print(f"{table(results)}\n", flush=True)
        results.append(judge(trial, held.get(trial.case.song, model)))
    print(table(results))


def _with(model: Model, blend: Blend) -> Model:
    plan = replace(model.spec.plan, blend=blend)
    return replace(model, spec=replace(model.spec, plan=plan))


if __name__ == "__main__":
    main()

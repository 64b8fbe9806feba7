"""Drafts against human charts, every figure beside what needs no ears.

True timing and the human's number of note times are given, so that only the choice of times
is judged. Charts are read by the formats and drafted by `generate`, as a user's are.

    python -m chartstudio.engine.train.evaluate --model FOLDER --data FOLDER
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio import decode
from chartstudio.audio.decode import Audio
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress, run
from chartstudio.core.mode import Mode
from chartstudio.core.note import ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.features import SLOTS_PER_BEAT, SongFeatures, mono, slot_grid
from chartstudio.engine.generate import generate
from chartstudio.engine.plan import metrical_prior, pick
from chartstudio.engine.requests import Draft, GenerateRequest
from chartstudio.engine.task import Task, hear, prepare
from chartstudio.formats import Bundle, read_song
from chartstudio.modes import MODES

GRID = 16
WINDOWS_S = (0.02, 0.05)
_CLASSES = (4, 8, 16)
_N_BOOTSTRAP = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One human chart with its song."""

    song: str
    chart: Chart
    audio: Audio
    timing: TimingMap
    mode: Mode

    @property
    def times(self) -> Ticks:
        """The human's distinct note times, in ticks."""
        return np.unique(ticks_of([n for n in self.chart.notes if self.mode.counts(n)]))

    @property
    def level(self) -> float:
        """The mode's estimate of the human chart."""
        return self.mode.difficulty(self.chart, self.timing)


@dataclass(frozen=True, slots=True)
class Score:
    """Figures of one chart: ``measures`` of the model, ``nulls`` of what has no ears."""

    song: str
    chart: str
    mode: str
    level: float
    measures: dict[str, float]
    nulls: dict[str, float]


def cases(folder: Path, model: Model) -> Iterator[Case]:
    """Human charts below a folder, one folder per song, in modes that the model drafts.

    Songs whose audio or charts cannot be read are left out.
    """
    for path in sorted(p for p in folder.iterdir() if p.is_dir()):
        try:
            song, _ = read_song(Bundle.open(path))
            audio = decode.load(path / song.audio)
        except ChartStudioError:
            continue
        for chart in song.charts:
            if chart.mode in model.spec.vocabulary.mode_ids and chart.notes:
                yield Case(path.name, chart, audio, song.timing_of(chart), MODES[chart.mode])


# Measures --------------------------------------------------------------------------------


def f1(found_s: NDArray[np.float64], true_s: NDArray[np.float64], within_s: float) -> float:
    """F1 of times matched one to one, both rising, 0 to 1."""
    i = j = n = 0
    while i < len(found_s) and j < len(true_s):
        if abs(found_s[i] - true_s[j]) <= within_s:
            n, i, j = n + 1, i + 1, j + 1
        elif found_s[i] < true_s[j]:
            i += 1
        else:
            j += 1
    return 2 * n / max(len(found_s) + len(true_s), 1)


def auc(scores: NDArray[np.float32], hits: NDArray[np.bool_]) -> float:
    """Chance that a hit scores above a miss, ties counting half; NaN without both."""
    good, bad = np.sort(scores[hits]), np.sort(scores[~hits])
    if not len(good) or not len(bad):
        return float("nan")
    below = np.searchsorted(bad, good, "left") + np.searchsorted(bad, good, "right")
    return float(below.mean() / 2 / len(bad))


def metro_fill(lines: Ticks, timing: TimingMap, n: int) -> Ticks:
    """All quarters, then 8ths, then 16ths; what is left over is spread evenly."""
    snaps = timing.snaps_of(lines)
    taken: Ticks = np.empty(0, dtype=np.int64)
    for snap in _CLASSES:
        some = lines[snaps == snap]
        left = n - len(taken)
        if len(some) > left:
            some = spread(some, left)
        taken = np.concatenate((taken, some))
    return np.sort(taken)


def spread(lines: Ticks, n: int) -> Ticks:
    """``n`` of the lines, evenly."""
    return lines[np.arange(n) * len(lines) // max(n, 1)]


# Judging ---------------------------------------------------------------------------------


def evaluate(folder: Path, model: Model, seed: int = 0) -> Job[dict[str, Any]]:
    """Judge a model on a folder of human charts.

    Returns
    -------
    dict
        ``charts``, one `Score` each; ``means`` over all charts; ``intervals``, 95 % by
        drawing songs with replacement.
    """
    scores: list[Score] = []
    known: tuple[Audio, TimingMap, SongFeatures] | None = None
    for case in cases(folder, model):
        if known is None or known[0] is not case.audio or known[1] != case.timing:
            spec = model.spec.features
            samples = mono(case.audio.samples, case.audio.rate_hz, spec)
            song = SongFeatures(samples, slot_grid(case.timing, case.audio.duration_s), spec)
            known = (case.audio, case.timing, song)
        scores.append(judge(case, model, known[2], seed))
        yield Progress(0.0, f"{case.song} {case.chart.name}")
    return summary(scores)


def judge(case: Case, model: Model, song: SongFeatures, seed: int) -> Score:
    """Figures of one chart."""
    wide = _task(case, model, song, seed, fixed=True)
    fixed = run(generate(wide))
    free = run(generate(_task(case, model, song, seed, fixed=False)))
    true_s = case.timing.seconds_at(case.times)
    lines, n = wide.lines, len(case.times)
    heard = [hear(wide, section) for section in wide.sections]
    first = heard[0].first_beat * SLOTS_PER_BEAT
    scores = np.concatenate([sound.scores for sound in heard])[wide.line_slots - first]
    first_beat, last_beat = wide.line_slots[[0, -1]] // SLOTS_PER_BEAT
    flux = song.onsets(int(first_beat), int(last_beat - first_beat) + 1)
    flux = flux[wide.line_slots - first_beat * SLOTS_PER_BEAT]
    metre = metrical_prior(lines, case.timing)
    choices = {
        "metro": metro_fill(lines, case.timing, n),
        "uniform": spread(lines, n),
        "flux": lines[pick(flux, n)],
        "flux_metre": lines[pick(flux + 2 * metre, n)],
    }
    measures, nulls = _draft_figures(case, fixed, free), {}
    drafted = np.unique(ticks_of(fixed.candidates[0].notes))
    for within_s in WINDOWS_S:
        name = f"f1_{within_s * 1000:.0f}ms"
        measures[name] = f1(case.timing.seconds_at(drafted), true_s, within_s)
        for null, ticks in choices.items():
            nulls[f"{null}_{name}"] = f1(case.timing.seconds_at(ticks), true_s, within_s)
    hits = np.isin(lines, case.times)
    snaps = case.timing.snaps_of(lines)
    for target, found in ((measures, scores), (nulls, flux)):
        values = [auc(found[snaps == snap], hits[snaps == snap]) for snap in _CLASSES]
        if not np.all(np.isnan(values)):
            target["listening_auc" if target is measures else "flux_auc"] = float(
                np.nanmean(values)
            )
    return Score(case.song, case.chart.name, case.mode.id, case.level, measures, nulls)


def _task(case: Case, model: Model, song: SongFeatures, seed: int, fixed: bool) -> Task:
    timing, times = case.timing, case.times
    start = timing.measure_start(timing.position(int(times[0])).measure)
    end = timing.measure_start(timing.position(int(times[-1])).measure + 1)
    request = GenerateRequest(
        audio=case.audio,
        timing=timing,
        chart=Chart(case.mode.id),
        start=start,
        end=end,
        level=max(case.level, 0.1),
        grid=GRID,
        seed=seed,
        n_times=len(times) if fixed else None,
    )
    try:
        return prepare(request, case.mode, model, song)
    except ChartStudioError:
        if not fixed:
            raise
        # More times than the grid has lines: triplets or faster. Take every line.
        lines = timing.lines(start, end, GRID)
        inside = (timing.seconds_at(lines) >= 0) & (
            timing.seconds_at(lines) < case.audio.duration_s
        )
        return prepare(replace(request, n_times=int(inside.sum())), case.mode, model, song)


def _draft_figures(case: Case, fixed: Draft, free: Draft) -> dict[str, float]:
    best, own = fixed.candidates[0], free.candidates[0]
    errors = [i for c in (best, own) for i in c.issues if i.severity == "error"]
    drafted = len(np.unique(ticks_of(best.notes)))
    return {
        "count_error": abs(drafted / len(case.times) - 1),
        "level_miss": abs(own.level_reached - case.level),
        "errors": float(len(errors)),
        "off_grid": float(best.n_off_grid + own.n_off_grid),
    }


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """Means over charts, with intervals by drawing songs."""
    rows = [{**s.measures, **s.nulls} for s in scores]
    names = list(dict.fromkeys(name for row in rows for name in row))
    means = {n: float(np.nanmean([row.get(n, np.nan) for row in rows])) for n in names}
    songs = sorted({s.song for s in scores})
    rng = np.random.default_rng(0)
    drawn = rng.integers(max(len(songs), 1), size=(_N_BOOTSTRAP, len(songs)))
    intervals = {}
    for name in names:
        sums = np.array([_of_song(scores, rows, song, name) for song in songs])
        totals = np.array([sums[d].sum(axis=0) for d in drawn])
        values = totals[:, 0] / np.maximum(totals[:, 1], 1)
        intervals[name] = np.quantile(values, (0.025, 0.975)).round(4).tolist()
    charts = [asdict(s) for s in scores]
    return {"charts": charts, "means": means, "intervals": intervals}


def _of_song(
    scores: Sequence[Score], rows: Sequence[dict[str, float]], song: str, name: str
) -> tuple[float, float]:
    found = [
        row[name] for s, row in zip(scores, rows, strict=True) if s.song == song and name in row
    ]
    return float(sum(found)), float(len(found))


def main() -> None:
    """Entry of ``python -m``: prints the JSON of `evaluate`."""
    parser = argparse.ArgumentParser(prog="python -m chartstudio.engine.train.evaluate")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    asked = parser.parse_args()
    print(json.dumps(run(evaluate(asked.data, checkpoint.load(asked.model))), indent=1))


if __name__ == "__main__":
    main()

"""The whole protocol as one job: a folder of human charts in, every figure out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.core.job import Job, Progress, part
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.evaluate.cases import Case, Skipped, SongCases, find_songs
from chartstudio.engine.evaluate.ear import Ear
from chartstudio.engine.evaluate.measures import MEASURES, Measure
from chartstudio.engine.evaluate.report import Score, summary
from chartstudio.engine.evaluate.trial import Found, SongTrial, Stand, Trial
from chartstudio.engine.service import Engine

QUICK_SONGS = 3
"""A quick run takes this many songs, and of each mode their hardest and easiest charts."""


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """Judge a model on a folder of human charts.

    Parameters
    ----------
    folder : Path
        Songs with audio at any depth.
    only : tuple of str
        Names of measures; all with none.
    quick : bool
        A part of the folder only.
    seed : int
        Seed of all drafts and of what is drawn by chance.

    Raises
    ------
    EngineError
        When a measure is unknown.
    """

    folder: Path
    only: tuple[str, ...] = ()
    quick: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        known = [m.name for m in MEASURES]
        for name in self.only:
            if name not in known:
                raise EngineError(f"there is no measure {name!r}; choose of {', '.join(known)}")

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What is asked for, in the order of the table."""
        return tuple(m for m in MEASURES if not self.only or m.name in self.only)


@dataclass(eq=False)
class _Judged:
    """Figures of one chart as they are found."""

    values: dict[str, float] = field(default_factory=dict)
    nulls: dict[str, float] = field(default_factory=dict)

    def take(self, found: Found) -> None:
        self.values |= found.values
        self.nulls |= found.nulls


def evaluate(engine: Engine, model: Model, request: EvaluateRequest) -> Job[dict[str, Any]]:
    """Judge a model.

    Parameters
    ----------
    engine : Engine
        Drafts; of the same model.
    model : Model
        Its network is listened to.
    request : EvaluateRequest

    Returns
    -------
    dict
        What `report.summary` tells, with ``model``, ``quick``, ``skipped`` (song, chart,
        mode, why) and ``seconds`` (by measure, ``total``, ``music``).

    Raises
    ------
    ChartStudioError
        When the folder holds no chart that can be judged.
    """
    started = perf_counter()
    skipped: list[Skipped] = []
    yield Progress(0.0, "Looking for charts")
    songs = _songs(request, model, skipped)
    stand = Stand(engine, Ear(model), request.seed)
    scores: list[Score] = []
    seconds: dict[str, float] = {}
    music_s = 0.0
    n_charts, n_done = sum(len(s.cases) for s in songs), 0
    for song, shared in _shared(songs, stand, skipped):
        for trial in trials(song.cases, shared):
            span = (n_done / n_charts, (n_done + 1) / n_charts)
            job = _judge(trial, request.measures, skipped, seconds)
            judged = yield from part(job, *span)
            scores.append(Score.of(trial.case, judged.values, judged.nulls))
            n_done += 1
        music_s += shared.audio.duration_s
    seconds |= {"total": perf_counter() - started, "music": music_s}
    return {
        "model": model.label,
        "quick": request.quick,
        **summary(scores),
        "skipped": [asdict(s) for s in skipped],
        "seconds": {name: round(s, 2) for name, s in seconds.items()},
    }


def _songs(request: EvaluateRequest, model: Model, skipped: list[Skipped]) -> list[SongCases]:
    """The songs to judge on, at least one."""
    songs = list(find_songs(request.folder, model.spec.vocabulary.mode_ids, skipped))
    if not songs:
        why = f": {skipped[0].why}" if skipped else ""
        what = f"holds no chart that {model.label} can be judged on{why}"
        raise EngineError(f"{request.folder}: {what}")
    return _quick(songs) if request.quick else songs


def _judge(
    trial: Trial, measures: Sequence[Measure], skipped: list[Skipped], seconds: dict[str, float]
) -> Job[_Judged]:
    """All measures of one chart; one that cannot be taken is noted and passed over."""
    judged, case = _Judged(), trial.case
    fitting = [m for m in measures if m.fits(case.mode)]
    for i, measure in enumerate(fitting):
        span = (i / len(fitting), (i + 1) / len(fitting))
        started = perf_counter()
        what = f"{case.song} {case.chart.name}: {measure.name}"
        yield Progress(span[0], what)
        try:
            judged.take((yield from part(_rising(measure.run(trial)), *span, what)))
        except EngineError as error:
            why = f"{measure.name}: {error}"
            skipped.append(Skipped(case.song, case.chart.name, case.mode.id, why))
        seconds[measure.name] = seconds.get(measure.name, 0.0) + perf_counter() - started
    return judged


def _rising(job: Job[Found]) -> Job[Found]:
    """A measure's job, whose progress never goes back when it drafts again."""
    done = 0.0
    try:
        while True:
            step = next(job)
            done = max(done, step.done)
            yield Progress(done, step.what)
    except StopIteration as stop:
        found: Found = stop.value
        return found
    finally:
        job.close()


def trials(cases: Sequence[Case], shared: SongTrial) -> Iterator[Trial]:
    """The charts of one song, each knowing the next harder one of its mode."""
    harder: dict[str, Trial] = {}
    for i, case in enumerate(cases):
        trial = Trial(case, shared, harder.get(case.mode.id), first=i == 0)
        harder[case.mode.id] = trial
        yield trial


def _shared(
    songs: Sequence[SongCases], stand: Stand, skipped: list[Skipped]
) -> Iterator[tuple[SongCases, SongTrial]]:
    """Songs with their audio decoded, each beside the next one."""
    decoded: dict[str, Audio] = {}

    def audio(song: SongCases) -> Audio | None:
        if song.name not in decoded:
            try:
                decoded[song.name] = song.audio()
            except ChartStudioError as error:
                skipped.append(Skipped(song.name, "", "", str(error)))
                return None
        return decoded[song.name]

    for i, song in enumerate(songs):
        own = audio(song)
        if own is None:
            continue
        beside = songs[(i + 1) % len(songs)]
        other = audio(beside) if beside is not song else None
        heard = None if other is None else (other, beside.cases[0].timing)
        yield song, SongTrial(stand, own, heard)
        for name in set(decoded) - {beside.name}:
            del decoded[name]


def _quick(songs: Sequence[SongCases]) -> list[SongCases]:
    """A few songs from all over the folder, each with its hardest and easiest charts."""
    step = max(len(songs) // QUICK_SONGS, 1)
    return [
        SongCases(s.name, _ends(s.cases), s.audio_name, s.bundle)
        for s in list(songs)[::step][:QUICK_SONGS]
    ]


def _ends(cases: Sequence[Case]) -> tuple[Case, ...]:
    found = []
    for mode in dict.fromkeys(c.mode.id for c in cases):
        mine = [c for c in cases if c.mode.id == mode]
        found += [mine[0], mine[-1]] if len(mine) > 1 else mine
    return tuple(found)

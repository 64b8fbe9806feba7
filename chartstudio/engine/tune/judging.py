"""A model that is at hand, judged on an author's held-out charts by the measures of `evaluate`.

Models need not be installed, and share what is computed of the sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.core.job import Job, Progress, part, run
from chartstudio.core.song import Song
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.evaluate.cases import Case, SongCases
from chartstudio.engine.evaluate.ear import Ear
from chartstudio.engine.evaluate.measures import MEASURES, Measure
from chartstudio.engine.evaluate.objects import notes_per_s
from chartstudio.engine.evaluate.on_drafts import times
from chartstudio.engine.evaluate.protocol import trials
from chartstudio.engine.evaluate.report import Score
from chartstudio.engine.evaluate.trial import SongTrial, Stand, Trial
from chartstudio.engine.generate import generate
from chartstudio.engine.requests import Draft, GenerateRequest, LeftOut, TrainChart
from chartstudio.engine.task import prepare
from chartstudio.engine.tune.pieces import open_song, sound_of
from chartstudio.engine.tune.sample import Sample
from chartstudio.modes import MODES

JUDGED = ("times", "listening", "density", "patterns", "level")
"""Measures of a report, of those that `evaluate` knows."""


@dataclass(frozen=True, slots=True, eq=False)
class Drafter:
    """Drafts with the model of an ear, as `service.Engine` does with an installed one."""

    ear: Ear

    def draft(self, request: GenerateRequest) -> Job[Draft]:
        """Draft a range."""
        song = self.ear.song(request.audio, request.timing)
        task = prepare(request, MODES[request.chart.mode], self.ear.model, song)
        draft = yield from generate(task)
        return draft


def stand_of(model: Model, beside: Stand | None = None, seed: int = 0) -> Stand:
    """Where a model is judged; what another one's stand has heard of songs is taken over."""
    ear = Ear(model) if beside is None else replace(beside.ear, model=model)
    return Stand(Drafter(ear), ear, seed)  # type: ignore[arg-type]


# Cases -----------------------------------------------------------------------------------


def songs_of(
    charts: Sequence[TrainChart], modes: Sequence[str], left_out: list[LeftOut]
) -> list[SongCases]:
    """Charts as cases, song by song; what cannot be judged is noted.

    Parameters
    ----------
    charts : sequence of TrainChart
    modes : sequence of str
        Modes that the model drafts.
    left_out : list of LeftOut
        Added to.
    """
    places: dict[tuple[str, str, str], list[TrainChart]] = {}
    for chart in charts:
        places.setdefault((str(chart.path), chart.inside, chart.song), []).append(chart)
    found = []
    for own in places.values():
        name = own[0].path.name
        try:
            song, bundle = open_song(own[0].path, own[0].inside)
            sound_of(song, bundle)
        except ChartStudioError as error:
            left_out.append(LeftOut(name, "", str(error)))
            continue
        cases = tuple(_cases(own, song, modes, left_out))
        if cases:
            found.append(SongCases(own[0].song, cases, song.audio, bundle))
    return found


def _cases(
    charts: Sequence[TrainChart], song: Song, modes: Sequence[str], left_out: list[LeftOut]
) -> list[Case]:
    """The cases of one song, the hardest of each mode first."""
    found = []
    for chart in (song.charts[c.index] for c in charts if c.index < len(song.charts)):
        mode = MODES.get(chart.mode)
        if mode is None:
            left_out.append(LeftOut(song.metadata.title, chart.name, "no mode to draft"))
            continue
        case = Case(charts[0].song, chart, song.timing_of(chart), mode)
        why = case.why_not(modes)
        if why:
            left_out.append(LeftOut(song.metadata.title, chart.name, why))
        else:
            found.append(case)
    return sorted(found, key=lambda c: (modes.index(c.mode.id), -c.level))


# Scores ----------------------------------------------------------------------------------


def score(
    songs: Sequence[SongCases],
    models: Sequence[Model],
    left_out: list[LeftOut],
    seed: int = 0,
    judged: Sequence[str] = JUDGED,
) -> Job[list[list[Score]]]:
    """Judge models on the same charts.

    Parameters
    ----------
    songs : sequence of SongCases
    models : sequence of Model
    left_out : list of LeftOut
        Added to.
    seed : int
        Of all drafts.
    judged : sequence of str
        Names of measures.

    Returns
    -------
    list of list of Score
        For each model one of each chart, in the same order.
    """
    measures = [m for m in MEASURES if m.name in judged]
    stands = [stand_of(models[0], None, seed)]
    stands += [stand_of(model, stands[0], seed) for model in models[1:]]
    found: list[list[Score]] = [[] for _ in models]
    n_jobs = sum(len(song.cases) for song in songs) * len(models)
    for n_done, (n_model, trial) in enumerate(_trials(songs, stands, left_out)):
        span = (n_done / n_jobs, (n_done + 1) / n_jobs)
        found[n_model].append((yield from part(_judge(trial, measures, left_out), *span)))
    return found


def _trials(
    songs: Sequence[SongCases], stands: Sequence[Stand], left_out: list[LeftOut]
) -> Iterator[tuple[int, Trial]]:
    """Every chart with every model; a song's sound is decoded once."""
    for song in songs:
        try:
            audio = song.audio()
        except ChartStudioError as error:
            left_out.append(LeftOut(song.name, "", str(error)))
            continue
        for n, stand in enumerate(stands):
            yield from ((n, t) for t in trials(song.cases, SongTrial(stand, audio, None)))


def _judge(trial: Trial, measures: Sequence[Measure], left_out: list[LeftOut]) -> Job[Score]:
    """All measures of one chart; one that cannot be taken is noted and passed over."""
    case = trial.case
    values: dict[str, float] = {}
    nulls: dict[str, float] = {}
    for i, measure in enumerate(measures):
        what = f"Judging {case.chart.name}: {measure.name}"
        yield Progress(i / len(measures), what)
        try:
            found = run(measure.run(trial))
        except EngineError as error:
            left_out.append(LeftOut(case.song, case.chart.name, f"{measure.name}: {error}"))
            continue
        values |= found.values
        nulls |= found.nulls
    return Score.of(case, values, nulls)


# While training --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """What one draft of a held-out chart is worth.

    Parameters
    ----------
    f1, f1_null : float
        Note times within 20 ms, and those of filling by the metre alone.
    nps, nps_author : float
        Notes per second.
    sample : Sample
        The draft.
    """

    f1: float
    f1_null: float
    nps: float
    nps_author: float
    sample: Sample


class Listener:
    """Drafts held-out songs in turn with the weights as they are.

    Parameters
    ----------
    songs : sequence of SongCases
        The first few are used.
    """

    _N_SONGS = 2

    def __init__(self, songs: Sequence[SongCases]) -> None:
        self._songs = list(songs)[: self._N_SONGS]
        self._sounds: dict[str, Audio] = {}
        self._stand: Stand | None = None
        self._n = 0

    def listen(self, model: Model) -> Heard | None:
        """Draft the hardest chart of the next song; None where no song can be drafted."""
        while self._songs:
            song = self._songs[self._n % len(self._songs)]
            try:
                found = self._listen(model, song)
            except ChartStudioError:
                # It is no part of the training: the report says what cannot be judged.
                self._songs.remove(song)
                continue
            self._n += 1
            return found
        return None

    def _listen(self, model: Model, song: SongCases) -> Heard:
        if song.name not in self._sounds:
            self._sounds[song.name] = song.audio()
        self._stand = stand_of(model, self._stand)
        case = song.cases[0]
        trial = Trial(case, SongTrial(self._stand, self._sounds[song.name], None))
        found, request = run(times(trial)), trial.request()
        draft = run(trial.draft("fixed", request))
        written = [n for n in draft.candidates[0].notes if case.mode.counts(n)]
        return Heard(
            f1=found.values["f1_20ms"],
            f1_null=found.nulls["f1_20ms.metro_fill"],
            nps=notes_per_s(written, case.timing),
            nps_author=notes_per_s(case.notes, case.timing),
            sample=Sample.of(song.bundle.path, case.chart, request, draft),
        )

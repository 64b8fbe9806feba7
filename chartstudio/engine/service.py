"""The engine as the window and the command line see it: requests in, jobs out.

Owns the model, the device and what was heard of the last songs. Nothing is loaded before the
first job runs.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from weakref import ref

import torch

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress, part
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.author import compares
from chartstudio.engine.density import densities
from chartstudio.engine.device import NUMBER_TYPES
from chartstudio.engine.echo import listen
from chartstudio.engine.features import FeatureSpec, Samples, SongFeatures, mono, slot_grid
from chartstudio.engine.generate import generate
from chartstudio.engine.keybars import key_bars
from chartstudio.engine.lines import refuse_odd
from chartstudio.engine.requests import (
    Density,
    Draft,
    GenerateRequest,
    KeyBars,
    KeyBarsRequest,
    ModelCard,
    Tempo,
    TimingRequest,
)
from chartstudio.engine.stay import what_stays
from chartstudio.engine.task import Task, prepare
from chartstudio.modes import MODES

_SONGS_KEPT = 3
_TIMINGS_KEPT = 6


class Engine:
    """Answers requests with jobs. Jobs of one engine must run one after another.

    Parameters
    ----------
    device : str, optional
        ``cpu`` or ``cuda``; without one, CUDA where there is a GPU that works.
    model : str
        Name of an installed model.
    n_threads : int, optional
        Threads that torch may use in this process; torch's own choice without.
    number_type : str, optional
        ``float32`` or ``bfloat16`` for the encoder; without one, what is faster here.

    Raises
    ------
    EngineError
        When the device is none that torch knows, or there is no such number type. A missing
        GPU is no error: the job then runs on the CPU, and its `Draft` says so.
    """

    def __init__(
        self,
        device: str | None = None,
        model: str = "base",
        n_threads: int | None = None,
        number_type: str | None = None,
    ) -> None:
        if device not in (None, "cpu", "cuda"):
            raise EngineError(f"{device!r} is no device: choose cpu or cuda")
        if number_type not in (None, *NUMBER_TYPES):
            raise EngineError(f"{number_type!r} is no number type: {' or '.join(NUMBER_TYPES)}")
        if n_threads is not None:
            torch.set_num_threads(max(1, n_threads))
        self._asked_device = device
        self._asked_type = number_type
        self._name = model
        self._model: checkpoint.Model | None = None
        self._heard = _Heard()

    def draft(self, request: GenerateRequest) -> Job[Draft]:
        """Draft or redraw a range; the job's errors are `EngineError`."""
        task, prepared_s = yield from self._prepared(request)
        draft = yield from generate(task)
        features_s = draft.seconds["features"] + prepared_s
        return replace(draft, seconds={**draft.seconds, "features": features_s})

    def density(self, request: GenerateRequest) -> Job[Density]:
        """Note times per beat that a draft of a range lets expect in each of its measures.

        What is painted or kept in the range has no say in it; the job's errors are
        `EngineError`.
        """
        free = replace(request, density=(), keep=(), locks=frozenset(), lanes=frozenset())
        task, _ = yield from self._prepared(free)
        return (yield from densities(task))

    def _prepared(self, request: GenerateRequest) -> Job[tuple[Task, float]]:
        """A request made ready, and the seconds that hearing its song took."""
        yield Progress(0.0, "Loading the model")
        model = self._load()
        mode = MODES.get(request.chart.mode)
        if mode is None:
            known = ", ".join(model.spec.vocabulary.mode_ids)
            raise EngineError(f"{request.chart.mode!r} is no mode to draft; choose one of {known}")
        model.spec.vocabulary.index(mode)
        yield Progress(0.0, "Listening")
        started = perf_counter()
        self._heard.samples(request.audio, model.spec.features)
        yield Progress(0.0, "Listening")
        song = self._heard.song(request.audio, request.timing, model.spec.features)
        yield Progress(0.0, "Listening")
        refuse_odd(request)
        if compares(request, what_stays(request, mode), song.grid):
            # Else it would be one long step, at the end of which alone a job can be cancelled.
            for _ in listen(song):
                yield Progress(0.0, "Listening")
        task = prepare(request, mode, model, song)
        return task, perf_counter() - started

    def key_bars(self, request: KeyBarsRequest) -> Job[KeyBars]:
        """Propose bars to be charted by hand; the job's errors are `EngineError`."""
        yield Progress(0.0, "Listening")
        spec = self._load().spec.features
        self._heard.samples(request.audio, spec)
        yield Progress(0.1, "Listening")
        song = self._heard.song(request.audio, request.timing, spec)
        like = yield from part(listen(song), 0.1, 1.0)
        return key_bars(request, like, song.grid)

    def find_timing(self, request: TimingRequest) -> Job[Tempo]:
        """Find the tempo of a song."""
        # What finds tempos is slow to import, and drafting does without.
        from chartstudio.engine.beats import find_tempo

        return find_tempo(request)

    def models(self) -> tuple[ModelCard, ...]:
        """All installed models; broken ones are left out."""
        cards = []
        for name, folder in checkpoint.installed().items():
            try:
                spec = checkpoint.load_spec(folder)
            except EngineError:
                continue
            text = _text(folder / checkpoint.CARD_FILE)
            cards.append(
                ModelCard(
                    name=name,
                    active=name == self._name,
                    card=text,
                    modes=spec.vocabulary.mode_ids,
                    layers=spec.net.layers,
                    styles=spec.net.styles,
                    labels=spec.labels,
                )
            )
        return tuple(cards)

    def _load(self) -> checkpoint.Model:
        if self._model is None:
            folders = checkpoint.installed()
            if self._name not in folders:
                known = ", ".join(folders) or "none"
                raise EngineError(f"there is no model {self._name!r}; installed: {known}")
            model = checkpoint.load(folders[self._name])
            model.ear.move(self._asked_device)
            if self._asked_type is not None:
                model.ear.number_type = self._asked_type
            else:
                model.ear.settle(model.label, model.spec.windows.n_beats)
            self._model = model
        return self._model


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


class _Heard:
    """Features of the last songs, so that a redraw starts at once.

    The songs themselves are not kept alive: a minute of stereo takes 21 MB.
    """

    def __init__(self) -> None:
        self._samples: OrderedDict[int, tuple[ref[Samples], FeatureSpec, Samples]] = OrderedDict()
        self._songs: OrderedDict[tuple[int, TimingMap, FeatureSpec], SongFeatures] = OrderedDict()

    def song(self, audio: Audio, timing: TimingMap, spec: FeatureSpec) -> SongFeatures:
        """Features of a song on its grid, as far as they are computed."""
        samples = self.samples(audio, spec)
        key = (id(audio.samples), timing, spec)
        if key not in self._songs:
            self._songs[key] = SongFeatures(samples, slot_grid(timing, audio.duration_s), spec)
        self._songs.move_to_end(key)
        while len(self._songs) > _TIMINGS_KEPT:
            self._songs.popitem(last=False)
        return self._songs[key]

    def samples(self, audio: Audio, spec: FeatureSpec) -> Samples:
        """The song in mono at the features' rate."""
        self._forget_the_gone()
        key = id(audio.samples)
        kept = self._samples.get(key)
        if kept is None or kept[1] != spec:
            kept = (ref(audio.samples), spec, mono(audio.samples, audio.rate_hz, spec))
            self._samples[key] = kept
        self._samples.move_to_end(key)
        while len(self._samples) > _SONGS_KEPT:
            self._forget(next(iter(self._samples)))
        return kept[2]

    def _forget_the_gone(self) -> None:
        """Forget songs that nobody holds any more: their numbers may be given to others."""
        for key in [k for k, (song, _, _) in self._samples.items() if song() is None]:
            self._forget(key)

    def _forget(self, key: int) -> None:
        del self._samples[key]
        for other in [k for k in self._songs if k[0] == key]:
            del self._songs[other]

"""The engine as the window holds it: made late, on the engine lane, so that torch loads
behind the first paint and never on the window's thread.

Every method returns a job for `jobs.Lane.ENGINE`; none may be stepped on another lane.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress
from chartstudio.editor import settings
from chartstudio.engine.requests import (
    Draft,
    GenerateRequest,
    KeyBars,
    KeyBarsRequest,
    ModelCard,
    Tempo,
    TimingRequest,
)
from chartstudio.engine.tune.shelf import read_card
from chartstudio.gui.habits import within_reach
from chartstudio.gui.layers import known_layers
from chartstudio.gui.text import one_line, tr


class Engine(Protocol):
    """What the window asks of `engine.service.Engine`."""

    def draft(self, request: GenerateRequest) -> Job[Draft]:
        """Draft or redraw a range."""
        ...

    def key_bars(self, request: KeyBarsRequest) -> Job[KeyBars]:
        """Propose bars to be charted by hand."""
        ...

    def density(self, request: GenerateRequest) -> Job[tuple[tuple[int, int, float], ...]]:
        """Say how dense each bar of a range would be."""
        ...

    def find_timing(self, request: TimingRequest) -> Job[Tempo]:
        """Find the tempo."""
        ...

    def models(self) -> tuple[ModelCard, ...]:
        """All installed models."""
        ...


def load_engine() -> Engine:
    """The real engine; importing it imports torch, so call this on the engine lane only."""
    from chartstudio.engine.service import Engine as Service

    # One core stays with the window while the engine works.
    n_threads = max(1, (os.cpu_count() or 2) - 1)
    return Service(model=settings.load().model, n_threads=n_threads)


class EngineHost:
    """Makes the engine with the first job that needs it.

    Parameters
    ----------
    load : callable
        Makes the engine, on the engine lane.

    Attributes
    ----------
    card : ModelCard or None
        What the model in use can be told: what its folder says, until it is loaded. None where
        there is no such model.
    """

    def __init__(self, load: Callable[[], Engine] = load_engine) -> None:
        self._load = load
        self._engine: Engine | None = None
        self._card: ModelCard | None = None
        self.card: ModelCard | None = None

    @property
    def loaded(self) -> bool:
        """Whether the engine has been made."""
        return self._engine is not None

    def expect(self, model: str) -> None:
        """Know what a model can be told that is to be loaded next."""
        self.card = read_card(model)

    def warm_up(self) -> Job[str]:
        """Make the engine, so that the first draft need not wait for it.

        Returns
        -------
        Job of str
            Empty, or why there is no engine. Nobody asked for it yet, so this is no error;
            the first draft tries again and fails with the same words.
        """
        yield Progress(0.0, tr("Loading the engine"))
        try:
            self._ready()
        except (ImportError, OSError, ChartStudioError) as error:
            return one_line(error)
        return ""

    def reload(self) -> Job[str]:
        """Make the engine anew, because the settings name another model; as `warm_up`."""
        self._engine = self._card = None
        return (yield from self.warm_up())

    def draft(self, request: GenerateRequest) -> Job[Draft]:
        """Draft or redraw a range; see `engine.service.Engine.draft`."""
        if not self.loaded:
            yield Progress(0.0, tr("Loading the engine"))
        return (yield from self._ready().draft(self._told(request)))

    def density(self, request: GenerateRequest) -> Job[tuple[tuple[int, int, float], ...]]:
        """Say how dense each bar would be; see `engine.service.Engine.density`."""
        if not self.loaded:
            yield Progress(0.0, tr("Loading the engine"))
        return (yield from self._ready().density(self._told(request)))

    def key_bars(self, request: KeyBarsRequest) -> Job[KeyBars]:
        """Propose bars to be charted by hand; see `engine.service.Engine.key_bars`."""
        if not self.loaded:
            yield Progress(0.0, tr("Loading the engine"))
        return (yield from self._ready().key_bars(request))

    def find_timing(self, request: TimingRequest) -> Job[Tempo]:
        """Find the tempo; see `engine.service.Engine.find_timing`."""
        if not self.loaded:
            yield Progress(0.0, tr("Loading the engine"))
        return (yield from self._ready().find_timing(request))

    def _ready(self) -> Engine:
        if self._engine is None:
            engine = self._load()
            self._card = next((card for card in engine.models() if card.active), None)
            self.card, self._engine = self._card, engine
        return self._engine

    def _told(self, request: GenerateRequest) -> GenerateRequest:
        """A request with no other wishes than the model understands: a chart may have been
        guided with another one.
        """
        layers = known_layers(self._card)
        follow = tuple(row for row in request.follow if row[2] in layers)
        return replace(request, follow=follow, style=within_reach(request.style, self._card))

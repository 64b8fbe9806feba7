"""One human chart under judgement: what is drafted for it, once each, and what went wrong.

Drafts go through the engine's own service, as a user's do. Several measures look at the same
draft; it is made when the first of them asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio.decode import Audio
from chartstudio.core.job import Job
from chartstudio.core.note import Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.evaluate.bars import Floats, similarity
from chartstudio.engine.evaluate.cases import Case
from chartstudio.engine.evaluate.ear import Ear, Heard, under_other_beats
from chartstudio.engine.evaluate.patterns import Rows
from chartstudio.engine.plan import metrical_prior
from chartstudio.engine.requests import (
    Candidate,
    Draft,
    GenerateRequest,
    KeyBarsRequest,
    Tempo,
    TimingRequest,
)
from chartstudio.engine.service import Engine

GRIDS = (16, 32, 48, 192)
"""Drafts are on sixteenths; on the first finer grid with room where a human has more times."""

LOWEST_LEVEL = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """What judges: the engine with its model, its ear, and the seed of all chances."""

    engine: Engine
    ear: Ear
    seed: int = 0


@dataclass(eq=False)
class SongTrial:
    """What the charts of one song share.

    Parameters
    ----------
    stand : Stand
    audio : Audio
    other : (Audio, TimingMap) or None
        Another song; None where there is only one.
    """

    stand: Stand
    audio: Audio
    other: tuple[Audio, TimingMap] | None
    _tempo: Tempo | None = field(default=None, init=False, repr=False)
    _bent: dict[TimingMap, Audio] = field(default_factory=dict, init=False, repr=False)

    def tempo(self) -> Job[Tempo]:
        """The song's tempo as our own finder hears it."""
        if self._tempo is None:
            self._tempo = yield from self.stand.engine.find_timing(TimingRequest(self.audio))
        return self._tempo

    def bent(self, timing: TimingMap) -> Audio | None:
        """The other song under this one's beats; None where there is no other."""
        if self.other is None:
            return None
        if timing not in self._bent:
            self._bent[timing] = under_other_beats(self.audio, timing, *self.other)
        return self._bent[timing]


@dataclass(slots=True)
class Tally:
    """What went wrong in the drafts of a chart; all of it must stay 0 but ``n_drafts``."""

    n_drafts: int = 0
    n_errors: int = 0
    n_off_grid: int = 0
    n_broken: int = 0
    n_borders: int = 0


@dataclass(eq=False)
class Trial:
    """One human chart with its drafts.

    Parameters
    ----------
    case : Case
    song : SongTrial
    harder : Trial or None
        The next harder chart of the song in the same mode.
    first : bool
        Whether nothing was drafted on this song's sound before.
    """

    case: Case
    song: SongTrial
    harder: Trial | None = None
    first: bool = False
    tally: Tally = field(default_factory=Tally)
    _drafts: dict[Hashable, Draft] = field(default_factory=dict, repr=False)
    _key_bars: NDArray[np.int64] | None = field(default=None, init=False, repr=False)

    @cached_property
    def hardest(self) -> Trial:
        """The hardest chart of the song in the same mode, maybe this one."""
        return self.harder.hardest if self.harder else self

    @cached_property
    def rng_seed(self) -> list[int]:
        """Seed of this chart's chances, the same whatever else is judged."""
        name = f"{self.case.song}/{self.case.chart.name}/{self.case.mode.id}"
        return [self.song.stand.seed, *name.encode()]

    def rng(self, purpose: int) -> np.random.Generator:
        """Chance for one purpose."""
        return np.random.default_rng([*self.rng_seed, purpose])

    # Asking --------------------------------------------------------------------------

    @property
    def blank(self) -> Chart:
        """A chart of this mode without notes, with what the human's says of itself."""
        return Chart(self.case.mode.id, self.case.chart.name, settings=self.case.chart.settings)

    @property
    def level(self) -> float:
        """The level asked for: the estimate of the human chart."""
        return max(self.case.level, LOWEST_LEVEL)

    def lines(self, grid: int) -> Ticks:
        """Grid lines of the charted range that are heard."""
        case = self.case
        lines = case.timing.lines(case.start, case.end, grid)
        seconds = np.atleast_1d(case.timing.seconds_at(lines))
        heard = (seconds >= 0) & (seconds < self.song.audio.duration_s)
        return lines[heard & ~case.timing.warped(lines)]

    @cached_property
    def grid(self) -> int:
        """The snap that drafts are written on; see `GRIDS`."""
        n = len(self.case.times)
        return next((g for g in GRIDS if len(self.lines(g)) >= n), GRIDS[-1])

    @cached_property
    def n_times(self) -> int:
        """The human's number of note times, as far as the grid has room."""
        return min(len(self.case.times), len(self.lines(self.grid)))

    def request(self, **changes: Any) -> GenerateRequest:
        """A draft from nothing with the human's number of times, or what is changed of it."""
        asked = GenerateRequest(
            audio=self.song.audio,
            timing=self.case.timing,
            chart=self.blank,
            start=self.case.start,
            end=self.case.end,
            level=self.level,
            grid=self.grid,
            seed=self.song.stand.seed,
            n_times=self.n_times,
        )
        return replace(asked, **changes)

    def draft(self, name: Hashable, request: GenerateRequest) -> Job[Draft]:
        """Draft once under a name; what is wrong with a draft from nothing is tallied."""
        if name not in self._drafts:
            draft = yield from self.song.stand.engine.draft(request)
            self._drafts[name] = draft
            self._count(draft.candidates, not request.chart.notes)
        return self._drafts[name]

    def _count(self, candidates: Sequence[Candidate], alone: bool) -> None:
        """Tally candidates; errors only of those that stand alone, others by `judge_filled`."""
        self.tally.n_drafts += len(candidates)
        self.tally.n_off_grid += sum(c.n_off_grid for c in candidates)
        if alone:
            found = [i.severity == "error" for c in candidates for i in c.issues]
            self.tally.n_errors += sum(found)

    def fixed(self) -> Job[Rows]:
        """The draft from nothing with the human's number of times, as rows."""
        draft = yield from self.draft("fixed", self.request())
        return self.rows(draft.candidates[0].notes)

    def seconds_of(self, name: Hashable) -> dict[str, float]:
        """Wall time of a draft that was made, by stage."""
        return self._drafts[name].seconds

    def free(self) -> Job[Candidate]:
        """The draft from nothing at the human chart's level."""
        draft = yield from self.draft("free", self.request(n_times=None))
        return draft.candidates[0]

    def key_bars(self) -> Job[NDArray[np.int64]]:
        """The bars of the charted range in the order in which the engine proposes them."""
        if self._key_bars is None:
            case, timing, bars = self.case, self.case.timing, self.case.bars
            stretch = (case.start, case.end)
            request = KeyBarsRequest(
                self.song.audio, timing, self.blank, max(len(bars), 1), stretch
            )
            found = yield from self.song.stand.engine.key_bars(request)
            starts = [timing.measure_start(m) for m in found.measures]
            at = bars.of(np.array(starts, dtype=np.int64))
            self._key_bars = at[at >= 0]
        return self._key_bars

    # What came of it -----------------------------------------------------------------

    def rows(self, notes: Sequence[Note]) -> Rows:
        """Notes time by time."""
        return Rows.of(self.case.mode, notes)

    def seconds(self, ticks: Ticks) -> NDArray[np.float64]:
        """Times of ticks in the audio."""
        return np.atleast_1d(self.case.timing.seconds_at(ticks))

    @cached_property
    def heard(self) -> Heard:
        """The network's scores and the rises at every line."""
        return self.song.stand.ear.listen(self.request())

    @cached_property
    def flux_metre(self) -> NDArray[np.float32]:
        """Rise of the sound plus twice the metre at every line."""
        found: NDArray[np.float32] = self.heard.flux + 2 * metrical_prior(
            self.heard.lines, self.case.timing
        )
        return found

    @cached_property
    def similar(self) -> Floats:
        """How alike the bars sound, shape (M, M)."""
        case = self.case
        return similarity(self.song.stand.ear.bars(self.song.audio, case.timing, case.bars))

    def judge_filled(self, given: Sequence[Note], new: Sequence[Note]) -> None:
        """Tally the errors of a fill: within it, and where it meets what was given."""
        own = self._errors(new)
        whole = self._errors((*given, *new))
        borders = whole - own - self._errors(given) - self._errors(self.case.chart.notes)
        self.tally.n_errors += own.total()
        self.tally.n_borders += borders.total()

    def _errors(self, notes: Sequence[Note]) -> Counter[tuple[str, int, int]]:
        chart = replace(self.case.chart, notes=sort_notes(notes))
        issues = self.case.mode.check(chart, self.case.timing)
        return Counter((i.id, i.tick, i.end) for i in issues if i.severity == "error")


@dataclass(slots=True)
class Found:
    """Figures of one measure on one chart.

    Parameters
    ----------
    values : dict of str to float
        By figure.
    nulls : dict of str to float
        By ``figure.null``.
    """

    values: dict[str, float] = field(default_factory=dict)
    nulls: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, value: float, **nulls: float) -> None:
        """One figure with its nulls."""
        self.values[name] = value
        self.nulls |= {f"{name}.{null}": known for null, known in nulls.items()}

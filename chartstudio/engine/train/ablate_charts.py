"""Human charts as the entrants of `ablate` meet them: lines, windows, and ways to be told.

Knows songs, grids and rows; refuses to know networks and trainings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import Ticks
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.echo import heard_from, likeness
from chartstudio.engine.evaluate import nulls
from chartstudio.engine.evaluate.cases import Case, find_songs
from chartstudio.engine.evaluate.listening import listening_auc
from chartstudio.engine.evaluate.times import WITHIN_S, Seconds, f1, near
from chartstudio.engine.features import (
    POSITIONS_PER_BEAT,
    SLOTS_PER_BEAT,
    SLOTS_PER_POSITION,
    SlotGrid,
    SongFeatures,
    mono,
    slot_grid,
)
from chartstudio.engine.net import Heard
from chartstudio.engine.plan import metrical_prior
from chartstudio.engine.task import Wish, asked_for
from chartstudio.engine.tokens import Rows, encode_rows
from chartstudio.engine.train.dataset import smooth
from chartstudio.engine.windows import Guide, Window, cut, look, style_vector

Figures = dict[str, float]
Bools = NDArray[np.bool_]

GRID = 16
"""Human charts are met on lines of this snap."""

_HALF_SEED = 7
_PAINTED_BEATS = 8


@dataclass(frozen=True, eq=False)
class Told:
    """One way to be told of a human chart.

    Parameters
    ----------
    heard : Heard
        All windows of the chart.
    known : ndarray of bool, shape (B,)
        Beats of the song that are given.
    open : ndarray of bool, shape (L,)
        Lines to choose from.
    true_s : ndarray of float64
        The human's times that are not given.
    """

    heard: Heard
    known: Bools
    open: Bools
    true_s: Seconds

    def top(self, chart: HumanChart, scores: NDArray[np.float32]) -> Ticks:
        """As many of the open lines as the human has times, by scores of all lines."""
        return nulls.top(chart.lines[self.open], scores[self.open], len(self.true_s))

    def score(self, chart: HumanChart, ticks: Ticks) -> float:
        """F1 of times."""
        return f1(np.atleast_1d(chart.case.timing.seconds_at(ticks)), self.true_s, WITHIN_S[0])

    def given(self, rows: Rows, window: Window, n: int) -> dict[int, list[int]]:
        """Given rows of a window of so many positions: events with their end, by position."""
        low, high = rows.between(window.first, n // POSITIONS_PER_BEAT)
        starts = rows.starts
        found: dict[int, list[int]] = {}
        for r in range(low, high):
            if self.known[rows.slots[r] // SLOTS_PER_BEAT]:
                at = int(rows.slots[r]) // SLOTS_PER_POSITION - window.first * POSITIONS_PER_BEAT
                found.setdefault(at, rows.shared[starts[r] : starts[r + 1]].tolist())
        return found


@dataclass(frozen=True, eq=False)
class HumanChart:
    """A human chart, laid out in windows.

    Parameters
    ----------
    case : Case
    song : SongFeatures
    spec : ModelSpec
    """

    case: Case
    song: SongFeatures
    spec: ModelSpec

    @property
    def grid(self) -> SlotGrid:
        """The song's beats."""
        return self.song.grid

    @cached_property
    def lines(self) -> Ticks:
        """Lines of the charted range that are heard."""
        lines = self.case.timing.lines(self.case.start, self.case.end, GRID)
        slots = self.grid.slot_of(lines)
        return lines[(slots >= 0) & self.grid.valid[slots]]

    @cached_property
    def slots(self) -> NDArray[np.int64]:
        """Their slots."""
        return self.grid.slot_of(self.lines)

    @cached_property
    def rows(self) -> Rows:
        """The human's rows."""
        case = self.case
        return encode_rows(
            case.chart.notes, case.mode, self.spec.vocabulary, case.timing, self.grid
        )

    @cached_property
    def windows(self) -> tuple[Window, ...]:
        """Windows over the charted range."""
        first, last = (int(s) // SLOTS_PER_BEAT for s in self.slots[[0, -1]])
        return tuple(cut(first, last + 1, self.spec.windows))

    @cached_property
    def tellings(self) -> dict[str, Told]:
        """Nothing but the level and the rate; the density too; half of the measures as well."""
        beats = likeness(self.song).beats
        inside = np.flatnonzero(
            (beats[:-1] >= self.slots[0] // SLOTS_PER_BEAT)
            & (beats[1:] <= self.slots[-1] // SLOTS_PER_BEAT + 1)
        )
        seed = (_HALF_SEED, *f"{self.case.song}/{self.case.chart.name}".encode())
        half = np.random.default_rng(seed).permutation(inside)[: len(inside) // 2]
        none, some = np.zeros((2, len(beats) - 1), dtype=bool)
        some[half] = True
        per_beat = np.bincount(
            self.rows.slots // SLOTS_PER_BEAT, minlength=self.grid.n_beats
        ).astype(np.float32)
        unsaid = np.full(self.grid.n_beats, np.nan, dtype=np.float32)
        return {
            "draft": self._told(none, unsaid),
            "painted": self._told(none, smooth(per_beat, _PAINTED_BEATS)),
            "half": self._told(some, unsaid),
        }

    def _told(self, bars: Bools, density: NDArray[np.float32]) -> Told:
        song, spec, case = self.song, self.spec, self.case
        alike = likeness(song)
        known = np.repeat(bars, np.diff(alike.beats))
        guide = Guide(
            echo=heard_from(bars, alike),
            density=density,
            style=style_vector({}, spec.net.styles),
        )
        n_beats = spec.windows.n_beats
        seen = [look(song, self.rows, known, w.first, n_beats, guide) for w in self.windows]
        mode = [spec.vocabulary.index(case.mode)] * len(seen)
        asked = np.repeat(asked_for(case.mode, self._wish)[None], len(seen), axis=0)
        at = self.grid.slot_of(case.times)
        hidden = ~(known[np.maximum(at, 0) // SLOTS_PER_BEAT] & (at >= 0))
        return Told(
            heard=Heard.of(seen, mode, asked),
            known=known,
            open=~known[self.slots // SLOTS_PER_BEAT],
            true_s=case.true_s[hidden],
        )

    @property
    def _wish(self) -> Wish:
        """The human's level and rate; holds and chords as a draft asks for them."""
        case, plan = self.case, self.spec.plan
        rate = len(case.true_s) / max(float(case.true_s[-1] - case.true_s[0]), 1.0)
        return Wish(case.level, rate, plan.holds, plan.chord_share(case.mode.id, case.level))

    @cached_property
    def flux(self) -> NDArray[np.float32]:
        """Rise of the sound at each line."""
        found: NDArray[np.float32] = self.song.onsets(0, self.grid.n_beats)[self.slots]
        return found

    def listening(self, scores: NDArray[np.float32]) -> float:
        """The listening AUC of scores of the lines."""
        timing = self.case.timing
        hits = near(np.atleast_1d(timing.seconds_at(self.lines)), self.case.true_s, WITHIN_S[0])
        return listening_auc(scores, hits, timing.snaps_of(self.lines))

    def blind(self) -> dict[str, Figures]:
        """What needs no network: a metronome, and rises with the metre."""
        timing, tellings = self.case.timing, self.tellings
        found: dict[str, Figures] = {"metro-fill": {}, "flux + 2 x metre": {}}
        rises = self.flux + 2 * metrical_prior(self.lines, timing)
        for name, told in tellings.items():
            metro = nulls.metro_fill(self.lines[told.open], timing, len(told.true_s))
            found["metro-fill"][name] = told.score(self, metro)
            found["flux + 2 x metre"][name] = told.score(self, told.top(self, rises))
        found["metro-fill"]["listening"] = 0.5
        found["flux + 2 x metre"]["listening"] = self.listening(self.flux)
        return found


def human_charts(folder: Path, spec: ModelSpec) -> Iterator[HumanChart]:
    """Human charts of a folder, their sound computed once for each timing."""
    for song in find_songs(folder, spec.vocabulary.mode_ids, []):
        audio = song.audio()
        samples = mono(audio.samples, audio.rate_hz, spec.features)
        heard: dict[Any, SongFeatures] = {}
        for case in song.cases:
            if case.timing not in heard:
                grid = slot_grid(case.timing, audio.duration_s)
                heard[case.timing] = SongFeatures(samples, grid, spec.features)
            yield HumanChart(case, heard[case.timing], spec)

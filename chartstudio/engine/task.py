"""A draft request made ready: what is checked, laid out and heard before any chance is taken.

Knows the request, the song's features and the encoder; refuses to know seeds and candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.mode import Mode
from chartstudio.core.note import Note, slice_notes
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks, snap_ticks
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_BEAT, SongFeatures
from chartstudio.engine.net import Heard, Net
from chartstudio.engine.plan import metrical_prior
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.tokens import (
    Rows,
    encode_rows,
)
from chartstudio.engine.vocab import END
from chartstudio.engine.windows import Window, WindowInput, cut, look, stitch

WINDOWS_AT_ONCE = 2
LEAD_BEATS = 8
"""Given beats before the range that the writer walks through first."""
RECENT_NOTES = 24


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch that is heard in one batch and planned at once.

    Parameters
    ----------
    windows : tuple of Window
    first_line, end_line : int
        Its lines among those of the task.
    """

    windows: tuple[Window, ...]
    first_line: int
    end_line: int


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What the encoder makes of a section.

    Attributes
    ----------
    states : ndarray, shape (beats * 12, width), float32
    scores : ndarray, shape (beats * 48,), float32
        Log-odds of a note at each slot.
    first_beat : int
    """

    states: NDArray[np.float32]
    scores: NDArray[np.float32]
    first_beat: int


@dataclass(frozen=True)
class Task:
    """A request made ready: everything that does not depend on the seed.

    Attributes
    ----------
    lines : ndarray of int64, shape (L,)
        Grid lines of the range on which a note may stand.
    line_slots : ndarray of int64, shape (L,)
    sections : tuple of Section
    weights : ndarray of float64, shape (L,)
        Expected note times at each line.
    sounding_s : float
        Length of what sounds in the range, busy passages counting for more.
    n_times : int
        Note times to begin with.
    fixed : bool
        Whether that count was asked for.
    context, given : Rows, tuple of Note
        The chart outside the range.
    """

    request: GenerateRequest
    model: Model
    mode: Mode
    song: SongFeatures
    lines: Ticks
    line_slots: NDArray[np.int64]
    sections: tuple[Section, ...]
    weights: NDArray[np.float64]
    sounding_s: float
    n_times: int
    fixed: bool
    context: Rows
    given: tuple[Note, ...]

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Beats that lie wholly outside the range, shape (B,)."""
        ticks = self.song.grid.beat_ticks
        return (ticks[1:] <= self.request.start) | (ticks[:-1] >= self.request.end)

    def priors(self, section: Section) -> NDArray[np.float32]:
        """Metre and rise of the sound at each line of a section, weighted."""
        plan, lines = self.model.spec.plan, slice(section.first_line, section.end_line)
        first, end = section.windows[0].core_start, section.windows[-1].core_end
        slots = self.line_slots[lines] - first * SLOTS_PER_BEAT
        rises = self.song.onsets(first, end - first)[slots]
        metre = metrical_prior(self.lines[lines], self.request.timing)
        return plan.metre * metre + plan.flux * rises

    @cached_property
    def before(self) -> tuple[Note, ...]:
        """Given notes that the first row can touch."""
        start = self.request.start
        early = [n for n in self.given if n.tick < start]
        return tuple(n for n in early[:-RECENT_NOTES] if n.end >= start) + tuple(
            early[-RECENT_NOTES:]
        )

    @cached_property
    def after(self) -> tuple[Note, ...]:
        """Given notes that the last row can touch."""
        end = self.request.end
        return tuple(slice_notes(self.given, end, end + self.reach))

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Ticks that each event of the mode makes a note last; 0 for other events."""
        found = np.zeros(self.mode.n_events, dtype=np.int64)
        if any(r.name == "length" for r in self.mode.event_ranges):
            size = next(r.size for r in self.mode.event_ranges if r.name == "length")
            for i in range(size):
                event = self.mode.event("length", i)
                notes, _ = self.mode.decode(0, (self.mode.event("hold"), event, END))
                found[event] = notes[0].end
        return found

    @cached_property
    def reach(self) -> int:
        """Ticks after the range that a note in it can touch."""
        return max(int(self.lengths.max()), 4 * TICKS_PER_BEAT)

    @cached_property
    def last_tick(self) -> int:
        """Where notes must have ended: the range's end, or the song's."""
        sounding = self.song.grid.slot_ticks[self.song.grid.valid]
        return min(self.request.end, int(sounding[-1]))

    @cached_property
    def ends(self) -> frozenset[int]:
        """Ticks on which a note of the range may end."""
        lines = self.request.timing.lines(self.request.start, self.last_tick + 1, self.request.grid)
        return frozenset(lines.tolist())

    def allowed(self, tick: int) -> NDArray[np.bool_]:
        """Events whose notes end on a line of the grid within the range, shape (V_mode,)."""
        fits = [not length or tick + length in self.ends for length in self.lengths.tolist()]
        return np.array(fits)


# Making ready ----------------------------------------------------------------------------


def prepare(request: GenerateRequest, mode: Mode, model: Model, song: SongFeatures) -> Task:
    """Check a request and lay out its work.

    Raises
    ------
    EngineError
        When the request cannot be met; the line says what to change.
    """
    model.spec.vocabulary.index(mode)
    lines = _lines(request, song)
    slots = song.grid.slot_of(lines)
    sections = _sections(request, model, song, slots)
    given = tuple(n for n in request.chart.notes if not request.start <= n.tick < request.end)
    step_s = _step_s(request, lines)
    evenness = model.spec.plan.evenness
    activity = song.activity[slots // SLOTS_PER_BEAT].astype(np.float64)
    sounding_s = np.where(activity > 0, evenness + (1 - evenness) * activity, 0.0) * step_s
    rate = model.spec.plan.times_per_s(mode.id, request.level)
    weights = _painted(request, lines, sounding_s * rate)
    n_times = request.n_times
    if n_times is None:
        n_times = min(round(float(weights.sum())), len(lines))
        if n_times == 0:
            raise EngineError("nothing sounds in this range: choose another, or give a note count")
    elif not 0 < n_times <= len(lines):
        raise EngineError(
            f"{n_times} note times were asked for, and the range has {len(lines)} lines of the "
            f"1/{request.grid} grid: ask for 1 to {len(lines)}, or choose a finer grid"
        )
    return Task(
        request=request,
        model=model,
        mode=mode,
        song=song,
        lines=lines,
        line_slots=slots,
        sections=sections,
        weights=weights,
        sounding_s=float(sounding_s.sum()),
        n_times=n_times,
        fixed=request.n_times is not None or bool(request.density),
        context=encode_rows(given, mode, model.spec.vocabulary, request.timing, song.grid),
        given=given,
    )


def _lines(request: GenerateRequest, song: SongFeatures) -> Ticks:
    if request.start >= request.end:
        raise EngineError("the range to draft is empty: select at least one beat")
    if not 0 < request.level < 1000:
        raise EngineError(f"level {request.level:g} cannot be drafted: ask for more than 0")
    if request.n_candidates < 1:
        raise EngineError("ask for at least one candidate")
    try:
        snap_ticks(request.grid)
    except (ValueError, ZeroDivisionError):
        raise EngineError(
            f"1/{request.grid} is no grid: choose one of 4, 8, 12, 16, 24, 32, 48, 64, 96, 192"
        ) from None
    grid = song.grid
    low = max(request.start, int(grid.beat_ticks[0]))
    high = min(request.end, int(grid.beat_ticks[-1]))
    lines = request.timing.lines(low, high, request.grid) if low < high else np.empty(0, np.int64)
    if len(lines):
        seconds = request.timing.seconds_at(lines)
        heard = (seconds >= 0) & (seconds < request.audio.duration_s)
        lines = lines[heard & ~request.timing.warped(lines)]
    if request.only is not None:
        lines = lines[np.isin(lines, request.only)]
    if not len(lines):
        raise EngineError(
            f"no line of the 1/{request.grid} grid lies in this range of the audio: "
            "choose a longer range or a finer grid"
        )
    return lines


def _painted(
    request: GenerateRequest, lines: Ticks, expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected note times at each line, as painted where something is painted."""
    found = expected.copy()
    for start, end, per_beat in request.density:
        inside = (lines >= start) & (lines < end)
        n_beats = (end - start) / TICKS_PER_BEAT
        found[inside] = min(per_beat * n_beats / max(int(inside.sum()), 1), 1.0)
    return found


def _step_s(request: GenerateRequest, lines: Ticks) -> NDArray[np.float64]:
    """Time from each line to the next, gaps and pauses left out."""
    step = snap_ticks(request.grid)
    bpm = np.array([request.timing.bpm_at(int(t)) for t in lines[:: max(len(lines) // 64, 1)]])
    usual_s = step / TICKS_PER_BEAT * 60.0 / np.median(bpm)
    seconds = np.diff(request.timing.seconds_at(lines))
    # Between chosen times there may be beats; between neighbouring lines only a pause.
    longest_s = (2 if request.only is None else 8) * usual_s
    capped: NDArray[np.float64] = np.minimum(np.append(seconds, usual_s), longest_s)
    return capped


def _sections(
    request: GenerateRequest, model: Model, song: SongFeatures, slots: NDArray[np.int64]
) -> tuple[Section, ...]:
    first, last = int(slots[0]) // SLOTS_PER_BEAT, int(slots[-1]) // SLOTS_PER_BEAT
    if any(n.tick < request.start for n in request.chart.notes):
        first = max(first - LEAD_BEATS, 0)
    windows = tuple(cut(first, last + 1, model.spec.windows))
    sections = []
    for i in range(0, len(windows), WINDOWS_AT_ONCE):
        taken = windows[i : i + WINDOWS_AT_ONCE]
        edges = np.array([taken[0].core_start, taken[-1].core_end]) * SLOTS_PER_BEAT
        low, high = np.searchsorted(slots, edges)
        sections.append(Section(taken, int(low), int(high)))
    return tuple(sections)


# Hearing ---------------------------------------------------------------------------------


def as_tensors(
    windows: Sequence[WindowInput], mode: Sequence[int], asked: NDArray[np.float32]
) -> Heard:
    """A batch for the encoder.

    Parameters
    ----------
    windows : sequence of WindowInput, B of them
    mode : sequence of int
        Each window's mode, as the vocabulary numbers them.
    asked : ndarray, shape (B, N_ASKED)
        Rows of `asked_for`.
    """
    return Heard(
        features=torch.from_numpy(np.stack([w.features for w in windows])),
        raster=torch.from_numpy(np.stack([w.raster for w in windows])),
        beat_in_bar=torch.from_numpy(np.stack([w.beat_in_bar for w in windows])),
        beat_s=torch.from_numpy(np.stack([w.beat_s for w in windows])),
        mode=torch.tensor(mode, dtype=torch.int64),
        asked=torch.from_numpy(asked),
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What the network is told of the chart that is wanted.

    Parameters
    ----------
    level : float
        In the mode's own unit.
    times_per_s : float
    holds, chords : float
        Shares of the rows with a held note, and with more than one note, 0 to 1.
    """

    level: float
    times_per_s: float
    holds: float
    chords: float


def asked_for(mode: Mode, wish: Wish) -> NDArray[np.float32]:
    """A wish as the network takes it, shape (N_ASKED,)."""
    low, high = mode.level_range
    level, rate = (wish.level - low) / (high - low), np.log(max(wish.times_per_s, 0.05))
    return np.array([level, rate, 4 * wish.holds, 2 * wish.chords], np.float32)


def hear(task: Task, section: Section) -> Sound:
    """Run the encoder on a section."""
    spec, net = task.model.spec, task.model.net
    n_beats = spec.windows.n_beats
    inputs = [look(task.song, task.context, task.known, w.first, n_beats) for w in section.windows]
    inputs += [inputs[-1]] * (WINDOWS_AT_ONCE - len(inputs))
    rate = task.n_times / max(task.sounding_s, 1.0)
    chords = spec.plan.chord_share(task.mode.id, task.request.level)
    wish = Wish(task.request.level, rate, spec.plan.holds, chords)
    asked = np.stack([asked_for(task.mode, wish)] * WINDOWS_AT_ONCE)
    mode = [spec.vocabulary.index(task.mode)] * WINDOWS_AT_ONCE
    states, scores = _encode(net, as_tensors(inputs, mode, asked))
    n = len(section.windows)
    return Sound(
        states=stitch(section.windows, states[:n].numpy(), POSITIONS_PER_BEAT),
        scores=stitch(section.windows, scores[:n, :, 0].numpy(), SLOTS_PER_BEAT),
        first_beat=section.windows[0].core_start,
    )


def _encode(net: Net, heard: Heard) -> tuple[torch.Tensor, torch.Tensor]:
    """States and scores on the CPU; a GPU that fails is given up for good."""
    device = next(net.encoder.parameters()).device
    try:
        with torch.inference_mode():
            moved = (getattr(heard, name).to(device) for name in Heard.__dataclass_fields__)
            states, scores = net.encoder(Heard(*moved))
            return states.cpu(), scores.cpu()
    except RuntimeError:
        if device.type == "cpu":
            raise
    net.encoder.to("cpu")
    return _encode(net, heard)

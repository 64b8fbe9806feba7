"""Candidates as they grow: each plans its times and writes its rows by its own seed.

A candidate's notes depend on its own seed alone: the network always runs on batches of one
shape, so that neither the number of candidates nor where they stand changes a rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Grammar, RowContext
from chartstudio.core.note import Note
from chartstudio.core.ticks import Ticks
from chartstudio.engine.features import SLOTS_PER_BEAT, SLOTS_PER_POSITION
from chartstudio.engine.plan import allocate, pick
from chartstudio.engine.rows import Memory
from chartstudio.engine.sampling import RowSpeller, Sampling, choose
from chartstudio.engine.task import RECENT_NOTES, Sound, Task
from chartstudio.engine.tokens import (
    Moment,
    all_gaps,
    all_traces,
    fade,
    gaps,
    no_traces,
)
from chartstudio.engine.vocab import END

CANDIDATES_AT_ONCE = 4
ROWS_PER_STEP = 24
SECTIONS_AHEAD = 12
"""Sections heard before one is planned: most songs wholly, and half a second of work."""

_SAMPLING = Sampling()
_MOST_CAUTION = 2
_SILENCE = 1e3
"""Taken from the scores of silent lines: they are used when no others are left."""


@dataclass(slots=True, eq=False)
class Writer:
    """One candidate as it grows.

    Attributes
    ----------
    n_times, n_left : int
        Note times that this round plans, and those not planned yet; a time at which nothing
        was legal is made up for later.
    planned : list of (int, Moment, ndarray)
        Ticks still to be written, with the encoder's state there.
    scores : list of ndarray
        Scores of each planned section's lines, the chance included.
    """

    seed: int
    n_times: int
    n_left: int
    chance: np.random.Generator
    luck: np.random.Generator
    traces: NDArray[np.float32]
    last_bag: NDArray[np.float32]
    last: Moment | None
    recent: list[Note]
    planned: list[tuple[int, Moment, NDArray[np.float32]]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    n_bad: int = 0

    def hear(self, task: Task, index: int, sound: Sound) -> None:
        """Score the lines of the next section that was heard."""
        section = task.sections[index]
        lines = slice(section.first_line, section.end_line)
        slots = task.line_slots[lines] - sound.first_beat * SLOTS_PER_BEAT
        noise = self.chance.gumbel(size=len(slots)).astype(np.float32)
        scores = sound.scores[slots] + task.priors(section)
        scores = scores + task.model.spec.plan.noise * noise
        scores[task.weights[lines] == 0] -= _SILENCE
        self.scores.append(scores)

    def plan(self, task: Task, index: int, sound: Sound) -> None:
        """Choose the times of a section."""
        section = task.sections[index]
        picked = _pick_times(task, index, self.scores[index:], self.n_left)
        self.n_left -= len(picked)
        lines = section.first_line + picked
        ticks = task.lines[lines]
        seconds = task.request.timing.seconds_at(ticks)
        slots = task.line_slots[lines]
        states = sound.states[(slots - sound.first_beat * SLOTS_PER_BEAT) // SLOTS_PER_POSITION]
        for tick, second, slot, state in zip(
            ticks.tolist(), seconds.tolist(), slots.tolist(), states, strict=True
        ):
            self.planned.append((tick, Moment(second, slot / SLOTS_PER_BEAT, slot), state))

    def times(self, task: Task, n_times: int) -> Ticks:
        """Ticks that a plan of another count would pick; all sections are heard."""
        found = []
        for index, section in enumerate(task.sections):
            heard = self.scores[index : index + SECTIONS_AHEAD]
            picked = _pick_times(task, index, heard, n_times)
            n_times -= len(picked)
            found.append(section.first_line + picked)
        return task.lines[np.concatenate(found)]

    def inputs(self) -> NDArray[np.float32]:
        """What the placer is told of the next row."""
        _, here, heard = self.planned[0]
        after = self.planned[1][1] if len(self.planned) > 1 else None
        if self.last is None:
            traces = self.traces
        else:
            traces = fade(self.traces, self.last_bag, here.seconds - self.last.seconds)
        return np.concatenate((heard, gaps(self.last, here, after), self.last_bag, traces.ravel()))

    def speller(self, task: Task, allowed: NDArray[np.bool_]) -> RowSpeller:
        """The next row, empty, to be spelled with the allowed events."""
        return RowSpeller(self._grammar(task, self.planned[0][0], self.recent), allowed)

    def blocks(self, task: Task, row: RowSpeller) -> bool:
        """Whether a finished row would leave nothing to play at the next planned time."""
        tick = self.planned[0][0]
        if len(self.planned) < 2:
            return False
        notes, _ = task.mode.decode(tick, row.events)
        if len(notes) == 1 and notes[0].end == tick:
            return False  # there is no smaller row
        next_tick = self.planned[1][0]
        legal = self._grammar(task, next_tick, [*self.recent, *notes]).mask(())
        return not legal[END + 1 :].any()

    def _grammar(self, task: Task, tick: int, before: Sequence[Note]) -> Grammar:
        return task.mode.grammar(
            RowContext(
                tick=tick,
                timing=task.request.timing,
                before=before,
                here=(),
                after=task.after if task.request.end - tick <= task.reach else (),
                level=task.request.level,
            )
        )

    def take(self, task: Task, row: RowSpeller) -> bool:
        """Keep a finished row; False when nothing could be written there."""
        tick, here, _ = self.planned.pop(0)
        notes, n_bad = task.mode.decode(tick, row.events)
        self.n_bad += n_bad
        if not notes:
            self.n_left += 1
            return False
        if self.last is not None:
            self.traces = fade(self.traces, self.last_bag, here.seconds - self.last.seconds)
        self.last_bag = task.model.spec.vocabulary.bag(task.mode, row.events)
        self.last = here
        self.notes += notes
        self.recent += notes
        if len(self.recent) > 2 * RECENT_NOTES:
            held = [n for n in self.recent[:-RECENT_NOTES] if n.end >= tick]
            self.recent = held + self.recent[-RECENT_NOTES:]
        return True


def _pick_times(
    task: Task, index: int, scores: Sequence[NDArray[np.float32]], n_left: int
) -> NDArray[np.int64]:
    """Lines of a section that get a row, counted from its first.

    The best lines of all that is heard compete, so that a busy passage takes more than a calm
    one; between what is heard and what is not, counts are shared by activity.

    Parameters
    ----------
    task : Task
    index : int
    scores : sequence of ndarray
        Of this section and of those after it that are heard.
    n_left : int
        Note times for this section and all after it.
    """
    if task.request.density:
        return _pick_painted(task, index, scores[0])
    first = task.sections[index].first_line
    end = task.sections[index + len(scores) - 1].end_line
    weights = np.array([task.weights[first:end].sum(), task.weights[end:].sum()])
    room = np.array([end - first, len(task.lines) - end])
    taken = pick(np.concatenate(scores), int(allocate(n_left, weights, room)[0]))
    return taken[taken < len(scores[0])]


def _pick_painted(task: Task, index: int, scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Lines of a section where the author painted how many there are: the best of each stretch."""
    section = task.sections[index]
    lines = slice(section.first_line, section.end_line)
    edges = sorted({tick for start, end, _ in task.request.density for tick in (start, end)})
    stretches = np.searchsorted(edges, task.lines[lines], "right")
    expected = task.weights[lines] * (task.n_times / task.weights.sum())
    found = []
    for stretch in np.unique(stretches):
        inside = np.flatnonzero(stretches == stretch)
        n = round(float(expected[inside].sum()))
        found.append(inside[pick(scores[inside], n)])
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def new_writer(task: Task, seed: int, n_times: int, start: Start) -> Writer:
    """A candidate before its first row."""
    return Writer(
        seed=seed,
        n_times=n_times,
        n_left=n_times,
        chance=np.random.default_rng([seed % 2**63, 0]),
        luck=np.random.default_rng([seed % 2**63, 1]),
        traces=start.traces,
        last_bag=start.last_bag,
        last=start.last,
        recent=list(task.before),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Where every candidate starts: behind the given rows before the range.

    Attributes
    ----------
    traces, last_bag, last
        As in `Writer`.
    inputs : ndarray, shape (R, inputs of the placer)
        The given rows that are walked through first.
    beats : ndarray, shape (R,), float32
    """

    traces: NDArray[np.float32]
    last_bag: NDArray[np.float32]
    last: Moment | None
    inputs: NDArray[np.float32]
    beats: NDArray[np.float32]


def start_of(task: Task, sound: Sound) -> Start:
    """Gather the given rows before the range, as far as the first section hears them."""
    rows, n_events = task.context, task.model.spec.vocabulary.n_events
    lead = np.flatnonzero(rows.ticks < task.request.start)
    n_inputs = task.model.rows.n_inputs
    nothing = np.zeros((0, n_inputs), dtype=np.float32)
    if not len(lead):
        empty = np.zeros(n_events, dtype=np.float32)
        return Start(no_traces(n_events), empty, None, nothing, nothing[:, 0])
    traces, between = all_traces(rows), all_gaps(rows)
    last = int(lead[-1])
    heard = lead[rows.slots[lead] >= sound.first_beat * SLOTS_PER_BEAT]
    first = sound.first_beat * SLOTS_PER_BEAT // SLOTS_PER_POSITION
    states = sound.states[rows.slots[heard] // SLOTS_PER_POSITION - first]
    bags = np.where((heard > 0)[:, None], rows.bags[np.maximum(heard - 1, 0)], 0.0)
    inputs = np.concatenate((states, between[heard], bags, traces[heard]), axis=1, dtype=np.float32)
    return Start(
        traces=traces[last].reshape(-1, n_events),
        last_bag=rows.bags[last],
        last=Moment(float(rows.seconds[last]), float(rows.beats[last]), int(rows.slots[last])),
        inputs=inputs,
        beats=rows.beats[heard].astype(np.float32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Desk:
    """Up to `CANDIDATES_AT_ONCE` candidates that are written in one batch."""

    task: Task
    writers: tuple[Writer, ...]
    memory: Memory


def desks(task: Task, writers: Sequence[Writer], start: Start) -> tuple[Desk, ...]:
    """Seat candidates, and walk through the given rows before the range."""
    placer = task.model.rows
    mode = task.model.spec.vocabulary.index(task.mode)
    found = []
    for i in range(0, len(writers), CANDIDATES_AT_ONCE):
        memory = placer.remember(CANDIDATES_AT_ONCE)
        for row, beat in zip(start.inputs, start.beats, strict=True):
            inputs = np.stack([row] * CANDIDATES_AT_ONCE)
            placer.step(inputs, mode, np.full(CANDIDATES_AT_ONCE, beat), memory)
            for k in range(CANDIDATES_AT_ONCE):
                memory.keep(k)
        found.append(Desk(task, tuple(writers[i : i + CANDIDATES_AT_ONCE]), memory))
    return tuple(found)


def write(desk: Desk, keep: int) -> Iterator[None]:
    """Write the planned rows of a desk; yields every `ROWS_PER_STEP` rows.

    ``keep`` rows stay planned: a row wants to know when the next one falls.
    """
    while any(len(w.planned) > keep for w in desk.writers):
        for _ in range(ROWS_PER_STEP):
            busy = [(k, w) for k, w in enumerate(desk.writers) if len(w.planned) > keep]
            if not busy:
                break
            _write_row(desk, busy)
        yield


def _write_row(desk: Desk, busy: Sequence[tuple[int, Writer]]) -> None:
    """Write the next row of each candidate; ``busy`` holds its place in the batch."""
    task = desk.task
    placer = task.model.rows
    inputs = np.zeros((CANDIDATES_AT_ONCE, placer.n_inputs), dtype=np.float32)
    beats = np.zeros(CANDIDATES_AT_ONCE, dtype=np.float32)
    for k, writer in busy:
        inputs[k] = writer.inputs()
        beats[k] = writer.planned[0][1].beat
    mode = task.model.spec.vocabulary.index(task.mode)
    state = placer.step(inputs, mode, beats, desk.memory)
    left = list(busy)
    finished: list[tuple[int, Writer, RowSpeller]] = []
    for caution in range(_MOST_CAUTION + 1):
        rows = [(k, w, w.speller(task, _allowed(task, w, caution))) for k, w in left]
        _spell(desk, rows, state, short=caution == _MOST_CAUTION)
        again = [(k, w, row) for k, w, row in rows if w.blocks(task, row)]
        if caution == _MOST_CAUTION:
            again = []
        finished += [row for row in rows if row not in again]
        left = [(k, w) for k, w, _ in again]
        if not left:
            break
    for k, writer, row in finished:
        if writer.take(task, row):
            desk.memory.keep(k)


def _allowed(task: Task, writer: Writer, caution: int) -> NDArray[np.bool_]:
    """Events for the next row: what fits the grid; with caution nothing that lasts for long.

    A row after which nothing could be played at the next planned time is written again,
    first without notes that reach past that time, then as a single short one.
    """
    tick = writer.planned[0][0]
    allowed = task.allowed(tick)
    if caution:
        longest = writer.planned[1][0] - tick if caution == 1 else 1
        allowed &= task.lengths < longest
    return allowed


def _spell(
    desk: Desk,
    rows: Sequence[tuple[int, Writer, RowSpeller]],
    state: NDArray[np.float32],
    short: bool,
) -> None:
    """Spell rows to their end; ``short`` ones end as soon as they may."""
    task = desk.task
    placer, vocabulary = task.model.rows, task.model.spec.vocabulary
    shared = vocabulary.shared(task.mode)
    so_far = np.zeros((CANDIDATES_AT_ONCE, vocabulary.n_events), dtype=np.float32)
    last = np.full(CANDIDATES_AT_ONCE, END, dtype=np.int64)
    growing = rows
    while growing:
        scores = placer.spell(state, so_far, last)
        for k, writer, row in growing:
            legal = row.legal()
            if short and legal[END]:
                row.push(END)
            else:
                row.push(choose(scores[k][shared], legal, writer.luck, _SAMPLING))
            so_far[k] = vocabulary.bag(task.mode, row.events)
            last[k] = shared[row.events[-1]]
        growing = [g for g in growing if not g[2].done]

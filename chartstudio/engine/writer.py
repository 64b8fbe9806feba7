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
from chartstudio.core.note import Note, sort_notes
from chartstudio.core.ticks import Ticks
from chartstudio.engine.copying import Following, Offers, OwnRows, Taste, next_events
from chartstudio.engine.features import SLOTS_PER_BEAT, SLOTS_PER_POSITION
from chartstudio.engine.held import HeldShare, begins_held
from chartstudio.engine.plan import allocate, pick
from chartstudio.engine.rows import Memory
from chartstudio.engine.sampling import RowSpeller, Sampling, choose, lean
from chartstudio.engine.task import RECENT_NOTES, Section, Sound, Task
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
ROWS_PER_STEP = 8
SECTIONS_AHEAD = 12
"""Sections heard before one is planned: most songs wholly, and half a second of work."""

_SAMPLING = Sampling()
_MOST_CAUTION = 2
_TRUST = 0.97
"""How far a row that alike bars offer goes before the network's choice."""

_NOISE_FOLLOWING = 1 / 3
"""Share of the noise where an author is followed: what they do is known better."""

_SILENCE = 1e3
"""Taken from the scores of silent lines: they are used when no others are left."""


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A time that gets a row, or has one that is given.

    Attributes
    ----------
    tick : int
    moment : Moment
    state : ndarray, shape (width,), float32
        What the encoder makes of it.
    given : tuple of int, optional
        Events of the row that stands there and is only walked through.
    """

    tick: int
    moment: Moment
    state: NDArray[np.float32]
    given: tuple[int, ...] | None = None


@dataclass(slots=True, eq=False)
class Writer:
    """One candidate as it grows.

    Attributes
    ----------
    n_times, n_left : int
        Note times that this round plans, and those not planned yet; a time at which nothing
        was legal is made up for later.
    taste : Taste
        Which of the author's bars it prefers to copy.
    own : OwnRows, optional
        What it wrote so far, where it is to repeat itself with the song.
    planned : list of Planned
        Times still to be walked through.
    scores, odds : list of ndarray
        Scores of each planned section's lines, the chance included and left out.
    thick : float
        See `levels.Attempt`.
    held : HeldShare, optional
        Where it keeps to an author's share of held notes.
    n_passed, n_written : int
        Given notes among the holes that were walked by, and rows that were written.
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
    taste: Taste
    own: OwnRows | None
    thick: float = 0.0
    held: HeldShare | None = None
    planned: list[Planned] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    odds: list[NDArray[np.float32]] = field(default_factory=list)
    n_passed: int = 0
    n_written: int = 0
    n_bad: int = 0

    def hear(self, task: Task, index: int, odds: NDArray[np.float32]) -> None:
        """Score the lines of the next section that was heard."""
        section = task.sections[index]
        lines = slice(section.first_line, section.end_line)
        noise = self.chance.gumbel(size=len(odds)).astype(np.float32)
        scale = task.model.spec.plan.noise * (1.0 if task.author is None else _NOISE_FOLLOWING)
        scores = odds + np.float32(scale if task.worth is None else 0.0) * noise
        if task.worth is None:
            scores[task.weights[lines] == 0] -= _SILENCE
        self.odds.append(odds)
        self.scores.append(scores)

    def plan(self, task: Task, index: int, sound: Sound) -> None:
        """Choose the times of a section, and join them with the rows that stand there."""
        section = task.sections[index]
        heard = slice(index, None)
        picked = _pick_times(task, index, (self.scores[heard], self.odds[heard]), self.n_left)
        self.n_left -= len(picked)
        lines = section.first_line + picked
        ticks, slots = task.lines[lines], task.line_slots[lines]
        seconds = task.request.timing.seconds_at(ticks)
        new = [
            Planned(tick, Moment(second, slot / SLOTS_PER_BEAT, slot), _state(sound, slot))
            for tick, second, slot in zip(
                ticks.tolist(), seconds.tolist(), slots.tolist(), strict=True
            )
        ]
        standing = _standing(task, section, sound, frozenset(ticks.tolist()))
        self.planned += sorted((*new, *standing), key=lambda p: p.tick)

    def times(self, task: Task, n_times: int) -> Ticks:
        """Ticks that a plan of another count would pick; all sections are heard."""
        found = []
        for index, section in enumerate(task.sections):
            heard = slice(index, index + SECTIONS_AHEAD)
            picked = _pick_times(task, index, (self.scores[heard], self.odds[heard]), n_times)
            n_times -= len(picked)
            found.append(section.first_line + picked)
        return task.lines[np.concatenate(found)]

    def arrive(self, task: Task) -> None:
        """Walk by the given notes before the next row."""
        inside, tick = task.stay.inside, self.planned[0].tick
        while self.n_passed < len(inside) and inside[self.n_passed].tick < tick:
            self.recent.append(inside[self.n_passed])
            self.n_passed += 1

    def inputs(self) -> NDArray[np.float32]:
        """What the placer is told of the next row."""
        next_ = self.planned[0]
        after = self.planned[1].moment if len(self.planned) > 1 else None
        traces = self._faded(next_.moment)
        between = gaps(self.last, next_.moment, after)
        return np.concatenate((next_.state, between, self.last_bag, traces.ravel()))

    def _faded(self, here: Moment) -> NDArray[np.float32]:
        if self.last is None:
            return self.traces
        return fade(self.traces, self.last_bag, here.seconds - self.last.seconds)

    def speller(self, task: Task, allowed: NDArray[np.bool_]) -> RowSpeller:
        """The next row, empty, to be spelled with the allowed events.

        Where places or times are locked, or an author is followed, rows that are harder than
        the level's are legal too: they are wanted.
        """
        tick = self.planned[0].tick
        grammar = self._grammar(task, tick, self.recent, hardest=task.order is not None)
        if task.order is None and (task.follows or task.stay.times is not None):
            hard = self._grammar(task, tick, self.recent, hardest=True)
            grammar = Following(grammar, hard, self.offers(task)[0] if task.follows else {})
        return RowSpeller(grammar, allowed)

    def offers(self, task: Task) -> tuple[Offers, float]:
        """Rows that alike bars offer for the next time, and how much to trust them."""
        slot = self.planned[0].moment.slot
        if task.author is not None:
            return task.author.source.offers(slot, self.taste), _TRUST
        if self.own is not None:
            offers, alike = self.own.offers(slot)
            return offers, _TRUST * alike
        return {}, 0.0

    def locked_row(self, task: Task) -> tuple[int, ...] | None:
        """The row whose place is locked for the next time."""
        if task.order is None:
            return None
        return task.order.row(self.n_written, self.n_times)

    def blocks(self, task: Task, row: RowSpeller) -> bool:
        """Whether a finished row would leave nothing to play at the next time to be written."""
        tick = self.planned[0].tick
        next_ = next((p for p in self.planned[1:] if p.given is None), None)
        if next_ is None:
            return False
        notes, _ = task.mode.decode(tick, row.events)
        if len(notes) == 1 and notes[0].end == tick:
            return False  # there is no smaller row
        next_tick = next_.tick
        inside = task.stay.inside
        low, between = self.n_passed, self.n_passed
        while between < len(inside) and inside[between].tick < next_tick:
            between += 1
        before = sort_notes((*notes, *inside[low:between]))
        hardest = task.follows or task.stay.times is not None or task.order is not None
        legal = self._grammar(task, next_tick, [*self.recent, *before], hardest).mask(())
        return not (legal & task.allowed(next_tick))[END + 1 :].any()

    def _grammar(
        self, task: Task, tick: int, before: Sequence[Note], hardest: bool = False
    ) -> Grammar:
        here, after = task.around(tick)
        return task.mode.grammar(
            RowContext(
                tick=tick,
                timing=task.request.timing,
                before=before,
                here=here,
                after=after,
                level=task.mode.level_range[1] if hardest else task.level,
            )
        )

    def walk(self, task: Task) -> None:
        """Pass a row that stands there."""
        next_ = self.planned.pop(0)
        self._remember(task, next_, next_.given or ())

    def take(self, task: Task, row: RowSpeller) -> bool:
        """Keep a finished row; False when nothing could be written there."""
        next_ = self.planned.pop(0)
        notes, n_bad = task.mode.decode(next_.tick, row.events)
        self.n_bad += n_bad
        here, _ = task.around(next_.tick)
        self.n_left += not notes
        self.n_written += bool(notes)
        if self.held is not None and notes:
            self.held.see(any(n.end > n.tick for n in notes))
        if not notes and not here:
            return False
        events = task.mode.encode(sort_notes((*here, *notes))) if here else tuple(row.events)
        self._remember(task, next_, events)
        if self.own is not None:
            self.own.keep(next_.moment.slot, events)
        self.notes += notes
        self.recent += notes
        if len(self.recent) > 2 * RECENT_NOTES:
            held = [n for n in self.recent[:-RECENT_NOTES] if n.end >= next_.tick]
            self.recent = held + self.recent[-RECENT_NOTES:]
        return True

    def _remember(self, task: Task, next_: Planned, events: tuple[int, ...]) -> None:
        self.traces = self._faded(next_.moment)
        self.last_bag = task.model.spec.vocabulary.bag(task.mode, events)
        self.last = next_.moment


def _state(sound: Sound, slot: int) -> NDArray[np.float32]:
    """What the encoder makes of a slot."""
    found: NDArray[np.float32] = sound.states[
        (slot - sound.first_beat * SLOTS_PER_BEAT) // SLOTS_PER_POSITION
    ]
    return found


def _standing(task: Task, section: Section, sound: Sound, but: frozenset[int]) -> Iterator[Planned]:
    """Given rows of a section that are walked through, those on some ticks left out."""
    rows = task.context
    first, end = section.windows[0].core_start, section.windows[-1].core_end
    for r in range(*rows.between(first, end - first)):
        tick, slot = int(rows.ticks[r]), int(rows.slots[r])
        if task.stay.start <= tick < task.stay.end and tick not in but:
            moment = Moment(float(rows.seconds[r]), float(rows.beats[r]), slot)
            yield Planned(tick, moment, _state(sound, slot), rows.events[r])


Heard = tuple[Sequence[NDArray[np.float32]], Sequence[NDArray[np.float32]]]
"""Scores and odds of the lines of a section and of those after it that are heard."""


def _pick_times(task: Task, index: int, heard: Heard, n_left: int) -> NDArray[np.int64]:
    """Lines of a section that get a row, counted from its first.

    The best lines of all that is heard compete, so that a busy passage takes more than a calm
    one; between what is heard and what is not, counts are shared by activity. Where the
    author's bars decide, there are as many as they let expect.

    Parameters
    ----------
    task : Task
    index : int
    heard : (sequence of ndarray, sequence of ndarray)
    n_left : int
        Note times for this section and all after it.
    """
    scores, odds = heard
    if task.request.density:
        return _pick_painted(task, index, scores[0])
    first = task.sections[index].first_line
    if task.worth is not None:
        taken = pick(task.worth[first:], n_left)
        return taken[taken < len(scores[0])]
    end = task.sections[index + len(scores) - 1].end_line
    if task.count.by_author and task.author is not None:
        n = task.author.evidence.part(slice(first, end)).expected(np.concatenate(odds))
    else:
        weights = np.array([task.weights[first:end].sum(), task.weights[end:].sum()])
        room = np.array([end - first, len(task.lines) - end])
        n = int(allocate(n_left, weights, room)[0])
    taken = pick(np.concatenate(scores), n)
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


def new_writer(task: Task, seed: int, n_times: int, start: Start, thick: float = 0.0) -> Writer:
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
        taste=_taste(task, seed),
        own=None if task.like is None else OwnRows(task.like),
        thick=thick,
        held=_held_share(task),
    )


def _held_share(task: Task) -> HeldShare | None:
    """The share of held notes that is kept to; none where bars of the song decide."""
    plan, mode_id = task.model.spec.plan, task.mode.id
    if task.author is not None or not plan.keeps_holds(mode_id):
        return None
    return HeldShare(plan.hold_share(mode_id, task.level))


def _taste(task: Task, seed: int) -> Taste:
    if task.author is None:
        return Taste(seed, 0)
    source = task.author.source
    return Taste(seed, len(source.rows), source.mirror)


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
    lead = np.flatnonzero(rows.ticks < task.stay.start)
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
        writer.arrive(task)
        inputs[k] = writer.inputs()
        beats[k] = writer.planned[0].moment.beat
    mode = task.model.spec.vocabulary.index(task.mode)
    state = placer.step(inputs, mode, beats, desk.memory)
    passed: set[int] = set()
    for k, writer in busy:
        if writer.planned[0].given is not None:
            writer.walk(task)
            desk.memory.keep(k)
            passed.add(k)
    left = [(k, w) for k, w in busy if k not in passed]
    finished: list[tuple[int, Writer, RowSpeller]] = []
    for caution in range(_MOST_CAUTION + 1 if left else 0):
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
    tick = writer.planned[0].tick
    allowed = task.allowed(tick)
    if (row := writer.locked_row(task)) is not None and task.order is not None:
        if task.order.kinds_stay:
            # What takes the place of a row that cannot be had lasts no longer than that.
            allowed &= (task.lengths == 0) | np.isin(np.arange(len(allowed)), row)
        elif len(writer.planned) > 1:
            # The next locked row may want the lane that would still be held.
            caution = max(caution, 1)
    if caution:
        longest = writer.planned[1].tick - tick if caution == 1 else 1
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
    offered = {k: w.offers(task) for k, w, _ in rows}
    locked = {k: w.locked_row(task) for k, w, _ in rows}
    begins = begins_held(task.mode)
    growing = rows
    while growing:
        scores = placer.spell(state, so_far, last)
        for k, writer, row in growing:
            legal = row.legal()
            if (wanted := locked[k]) is not None and task.order is not None:
                legal = task.order.narrowed(wanted, row.events, legal)
            rows_, trust = offered[k]
            said = next_events(rows_, row.events, len(legal))
            leant = lean(scores[k][shared], legal, (said, trust), _SAMPLING)
            if writer.thick:
                leant[END] -= np.float32(writer.thick)
            if writer.held is not None:
                leant[begins] += np.float32(writer.held.lean)
            if short and legal[END]:
                row.push(END)
            else:
                row.push(choose(leant, legal, writer.luck, _SAMPLING))
            so_far[k] = vocabulary.bag(task.mode, row.events)
            last[k] = shared[row.events[-1]]
        growing = [g for g in growing if not g[2].done]

"""A draft request made ready: what is checked, laid out and heard before any chance is taken.

Knows the request, the song's features and the encoder; refuses to know seeds and candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.mode import Mode
from chartstudio.core.note import Note, slice_notes, sort_notes, ticks_of
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.engine.author import Author, Given, author_of, compares
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.copying import LaneOrder
from chartstudio.engine.echo import Likeness, likeness
from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOTS_PER_BEAT, SongFeatures
from chartstudio.engine.guiding import guide_of, refuse_unknown, rests
from chartstudio.engine.lines import Count, count, lines_of, painted, refuse_odd, step_s
from chartstudio.engine.net import Heard
from chartstudio.engine.plan import metrical_prior
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.stay import Stay, first_length, lanes_of_events, what_stays
from chartstudio.engine.tokens import PLACED, TIMED, WHOLE, Rows, encode_rows
from chartstudio.engine.windows import Guide, Window, cut, look, stitch
from chartstudio.modes.lanes import HOLD_LENGTHS

WINDOWS_AT_ONCE = 2
LEAD_BEATS = 8
"""Given beats before the range that the writer walks through first."""
RECENT_NOTES = 24
_BELOW = 0.8
"""Less than this share of the charted bars' level is clearly lower."""


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
    stay : Stay
        What is written, and what of the chart stays.
    level : float
        The asked one, or else the author's.
    lines : ndarray of int64, shape (L,)
        Grid lines on which a note may stand.
    line_slots : ndarray of int64, shape (L,)
    sections : tuple of Section
    weights : ndarray of float64, shape (L,)
        Expected note times at each line.
    sounding_s : float
        Length of what sounds, busy passages counting for more.
    count : Count
        Note times to begin with.
    context : Rows
        Of the notes that stay.
    author : Author, optional
        What the charted bars say, where there are enough of them.
    like : Likeness, optional
        How the bars compare, where a draft is to repeat itself with the song.
    order : LaneOrder, optional
        Rows whose places are locked.
    """

    request: GenerateRequest
    model: Model
    mode: Mode
    song: SongFeatures
    stay: Stay
    level: float
    lines: Ticks
    line_slots: NDArray[np.int64]
    sections: tuple[Section, ...]
    weights: NDArray[np.float64]
    sounding_s: float
    count: Count
    context: Rows
    author: Author | None
    like: Likeness | None
    order: LaneOrder | None

    @property
    def follows(self) -> bool:
        """Whether rows may be as hard as the author's: comfort is theirs to decide.

        Who asks for a clearly lower level than theirs wants another way of charting.
        """
        return self.author is not None and self.level >= _BELOW * self.author.level

    @property
    def n_times(self) -> int:
        """Note times to begin with."""
        return self.count.n_times

    @property
    def fixed(self) -> bool:
        """Whether the level has no say in how many note times there are."""
        return self.count.fixed

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Beats that lie wholly outside the holes, shape (B,)."""
        ticks = self.song.grid.beat_ticks
        found = np.ones(len(ticks) - 1, dtype=bool)
        for start, end in self.stay.holes:
            found &= (ticks[1:] <= start) | (ticks[:-1] >= end)
        return found

    @cached_property
    def shown(self) -> tuple[Rows, NDArray[np.bool_], Guide]:
        """What the network is shown of the chart: rows, known beats, and how much of each."""
        net = self.model.spec.net
        told = guide_of(self.request, self.model.spec, self.song.grid)
        if self.author is not None and net.n_echo:
            told = replace(told, echo=self.author.echo)
        if not net.guided:
            return self.context, self.known, told
        stay, grid = self.stay, self.song.grid
        how = TIMED if stay.times is not None else PLACED
        hinted = stay.replaced if stay.times is not None or stay.rows else ()
        notes = sort_notes((*stay.given, *hinted))
        rows = encode_rows(notes, self.mode, self.model.spec.vocabulary, self.request.timing, grid)
        whole = np.isin(rows.ticks, ticks_of(stay.given))
        shown = np.where(whole, WHOLE, how).astype(np.int8)
        known = self.known if stay.times is None else np.ones_like(self.known)
        return rows, known, replace(told, shown=shown)

    @cached_property
    def worth(self) -> NDArray[np.float32] | None:
        """What each line is worth, shape (L,), where the request says so."""
        only, worth = self.request.only, self.request.worth
        if only is None or not worth:
            return None
        known = dict(zip(only, worth, strict=True))
        return np.array([known[t] for t in self.lines.tolist()], dtype=np.float32)

    def odds(self, section: Section, sound: Sound) -> NDArray[np.float32]:
        """Log-odds of a note at each line of a section, by all that is known but chance."""
        plan, lines = self.model.spec.plan, slice(section.first_line, section.end_line)
        if self.worth is not None:
            said: NDArray[np.float32] = self.worth[lines]
            return said
        net = sound.scores[self.line_slots[lines] - sound.first_beat * SLOTS_PER_BEAT]
        if self.author is not None:
            return self.author.evidence.part(lines).blended(plan.blend, net)
        first, end = section.windows[0].core_start, section.windows[-1].core_end
        slots = self.line_slots[lines] - first * SLOTS_PER_BEAT
        rises = self.song.onsets(first, end - first)[slots]
        metre = metrical_prior(self.lines[lines], self.request.timing)
        return net + plan.metre * metre + plan.flux * rises

    @cached_property
    def before(self) -> tuple[Note, ...]:
        """Given notes that the first row can touch."""
        start = self.stay.start
        early = [n for n in self.stay.given if n.tick < start]
        return tuple(n for n in early[:-RECENT_NOTES] if n.end >= start) + tuple(
            early[-RECENT_NOTES:]
        )

    def around(self, tick: int) -> tuple[Sequence[Note], Sequence[Note]]:
        """Given notes on a tick, and those after it that a row there can touch."""
        given = self.stay.given
        return slice_notes(given, tick, tick + 1), slice_notes(given, tick + 1, tick + self.reach)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Ticks that each event of the mode makes a note last; 0 for other events."""
        found = np.zeros(self.mode.n_events, dtype=np.int64)
        first = first_length(self.mode)
        if first:
            found[first : first + len(HOLD_LENGTHS)] = HOLD_LENGTHS
        return found

    @cached_property
    def reach(self) -> int:
        """Ticks after a row that a note in it can touch."""
        return max(int(self.lengths.max()), 4 * TICKS_PER_BEAT)

    @cached_property
    def last_tick(self) -> int:
        """Where notes must have ended at the latest: the end of the last hole, or the song's."""
        sounding = self.song.grid.slot_ticks[self.song.grid.valid]
        return min(self.stay.end, int(sounding[-1]))

    @cached_property
    def ends(self) -> frozenset[int]:
        """Ticks on which a note that is written may end."""
        lines = self.request.timing.lines(self.stay.start, self.last_tick + 1, self.request.grid)
        return frozenset(lines.tolist())

    @cached_property
    def open_events(self) -> NDArray[np.bool_]:
        """Events that put nothing in a locked lane, shape (V_mode,)."""
        if not self.stay.lanes:
            return np.ones(self.mode.n_events, dtype=bool)
        return ~np.isin(lanes_of_events(self.mode), list(self.stay.lanes))

    def allowed(self, tick: int) -> NDArray[np.bool_]:
        """Events whose notes end on a line of the grid within the hole, shape (V_mode,)."""
        end = self.stay.hole_end(tick)
        fits = [
            not length or (tick + length <= end and tick + length in self.ends)
            for length in self.lengths.tolist()
        ]
        found: NDArray[np.bool_] = np.array(fits) & self.open_events
        return found


# Making ready ----------------------------------------------------------------------------


def prepare(
    request: GenerateRequest,
    mode: Mode,
    model: Model,
    song: SongFeatures,
    pinned: frozenset[int] = frozenset(),
) -> Task:
    """Check a request and lay out its work.

    Parameters
    ----------
    request : GenerateRequest
    mode : Mode
    model : Model
    song : SongFeatures
    pinned : frozenset of int
        Ticks whose rows stay though they are in the range.

    Raises
    ------
    EngineError
        When the request cannot be met; the line says what to change.
    """
    model.spec.vocabulary.index(mode)
    refuse_odd(request)
    refuse_unknown(request, model.spec)
    stay = what_stays(request, mode, pinned)
    lines = lines_of(request, stay, song.grid)
    slots = song.grid.slot_of(lines)
    rows = encode_rows(stay.given, mode, model.spec.vocabulary, request.timing, song.grid)
    like = author = None
    if compares(request, stay, song.grid):
        like = likeness(song)
        author = author_of(Given(request, mode, song, stay, rows), slots)
    level = _level(request, author)
    usual_s = step_s(request, stay, lines)
    plan = model.spec.plan
    activity = song.activity[slots // SLOTS_PER_BEAT].astype(np.float64)
    sounding_s = np.where(activity > 0, plan.evenness + (1 - plan.evenness) * activity, 0.0)
    sounding_s *= usual_s
    sounding_s[rests(request, lines)] = 0.0
    rate = plan.times_per_s(mode.id, level)
    if request.level is None and author is not None:
        rate = author.times_per_s
    weights = painted(request, lines, sounding_s * rate)
    return Task(
        request=request,
        model=model,
        mode=mode,
        song=song,
        stay=stay,
        level=level,
        lines=lines,
        line_slots=slots,
        sections=_sections(stay, model, slots),
        weights=weights,
        sounding_s=float(sounding_s.sum()),
        count=count(request, stay, lines, weights),
        context=rows,
        author=author,
        like=None if author is not None else like,
        order=_order(stay, mode),
    )


def _level(request: GenerateRequest, author: Author | None) -> float:
    if request.level is not None:
        return request.level
    if author is None:
        raise EngineError("there are too few notes to take the level from: ask for a level")
    return max(author.level, 0.1)


def _order(stay: Stay, mode: Mode) -> LaneOrder | None:
    if not stay.rows:
        return None
    lanes = lanes_of_events(mode) if mode.layout.lanes else np.empty(0, dtype=np.int64)
    spelled = tuple(mode.encode(row) for row in stay.rows)
    rows = tuple(events for events in spelled if len(events) > 1)
    return LaneOrder(rows, stay.kinds_stay, lanes) if rows else None


def _sections(stay: Stay, model: Model, slots: NDArray[np.int64]) -> tuple[Section, ...]:
    first, last = int(slots[0]) // SLOTS_PER_BEAT, int(slots[-1]) // SLOTS_PER_BEAT
    if stay.given and stay.given[0].tick < stay.start:
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
    spec = task.model.spec
    n_beats = spec.windows.n_beats
    rows, known, guide = task.shown
    inputs = [look(task.song, rows, known, w.first, n_beats, guide) for w in section.windows]
    inputs += [inputs[-1]] * (WINDOWS_AT_ONCE - len(inputs))
    asked = np.stack([asked_for(task.mode, _wish(task))] * WINDOWS_AT_ONCE)
    mode = [spec.vocabulary.index(task.mode)] * WINDOWS_AT_ONCE
    states, scores = task.model.ear.hear(Heard.of(inputs, mode, asked))
    n = len(section.windows)
    return Sound(
        states=stitch(section.windows, states[:n].numpy(), POSITIONS_PER_BEAT),
        scores=stitch(section.windows, scores[:n, :, 0].numpy(), SLOTS_PER_BEAT),
        first_beat=section.windows[0].core_start,
    )


def _wish(task: Task) -> Wish:
    plan, author = task.model.spec.plan, task.author
    rate = task.n_times / max(task.sounding_s, 1.0)
    if author is not None:
        rate = author.times_per_s if task.count.by_author else rate
        return Wish(task.level, rate, author.holds, author.chords)
    mode_id, level = task.mode.id, task.level
    return Wish(level, rate, plan.hold_share(mode_id, level), plan.chord_share(mode_id, level))

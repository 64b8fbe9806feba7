"""What went wrong in a redrawn section, found without asking the engine.

Reads the request, the notes before and the notes after: errors by the mode's checks, notes off
the grid, locks, kept bars and held notes that did not stay, and refusals without a reason.
Refuses to know how sections are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from chartstudio.core.mode import Mode, RowContext
from chartstudio.core.note import LaneNote, Note, shift, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.engine.requests import Candidate, Draft, GenerateRequest
from chartstudio.modes import MODES

KINDS = (
    "errors",
    "off_grid",
    "broken_notes",
    "broken_rhythm",
    "broken_placement",
    "broken_lanes",
    "broken_keep",
    "illegal_borders",
    "refused",
    "crashed",
)
"""What may go wrong; all of it is to be 0."""

Row = tuple[Note, ...]

_FOLLOWED, _LET_GO = 24, 2 * TICKS_PER_BEAT
"""Notes before a row that its mode is told of, and before how many ticks an earlier one that was
held ends at most: a lane that was just let go may not be pressed again at once."""

_CLOSE_BY, _LEAST_WRITTEN = 2, 0.9
"""By how many rows one may be off its part of all, and which share of all times gets a row at
least: where nothing can be played there is none, and the rows after it come earlier."""

_FAINT, _HEARD_S = 0.03, 0.1
"""Share of a song's loudest sample below which a stretch may pass for silent, as may one that
is shorter."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that went wrong.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    what : str
        Where and how, for whoever mends it.
    """

    kind: str
    what: str


@dataclass(frozen=True)
class Before:
    """A request with what its chart was, as the judge sees it.

    Parameters
    ----------
    request : GenerateRequest
    errors : Counter
        Errors of the chart before: see `errors_of`.
    """

    request: GenerateRequest
    errors: Counter[tuple[str, int, int]]

    @property
    def mode(self) -> Mode:
        """The chart's mode."""
        return MODES[self.request.chart.mode]

    def written(self, tick: int) -> bool:
        """Whether what starts on a tick is to be written anew, locks aside."""
        request = self.request
        kept = any(a <= tick < b for a, b in request.keep)
        return request.start <= tick < request.end and not kept

    def edges(self) -> list[int]:
        """Where stretches that are written begin."""
        request = self.request
        found = [request.start, *(b for _, b in request.keep)]
        return sorted(t for t in found if self.written(t))

    def locked(self, note: Note) -> bool:
        """Whether a note in a stretch that is written is to stay as it is."""
        request = self.request
        if "notes" in request.locks:
            return True
        return isinstance(note, LaneNote) and note.lane in request.lanes

    def staying(self) -> list[Note]:
        """Every note that has to be found in the new chart."""
        found = []
        for note in self.request.chart.notes:
            if not self.written(note.tick):
                found.append(self._cut(note))
            elif self.locked(note):
                found.append(note)
        return found

    def _cut(self, note: Note) -> Note:
        if not self.request.cut_holds or not isinstance(note, LaneNote):
            return note
        ends = [edge for edge in self.edges() if note.tick < edge < note.end]
        return replace(note, end=ends[0]) if ends else note

    def free(self) -> list[Note]:
        """Notes that players count and that are to be written anew."""
        return [
            n
            for n in self.request.chart.notes
            if self.written(n.tick) and not self.locked(n) and self.mode.counts(n)
        ]


def errors_of(chart: Chart, request: GenerateRequest) -> Counter[tuple[str, int, int]]:
    """Errors of a chart by the mode's checks: id, start and end."""
    issues = MODES[chart.mode].check(chart, request.timing)
    return Counter((i.id, i.tick, i.end) for i in issues if i.severity == "error")


def judged(before: Before, draft: Draft) -> list[Fault]:
    """Everything that is wrong with the candidates of a draft."""
    found: list[Fault] = []
    for candidate in draft.candidates:
        found += _judged(before, draft, candidate)
    if len(draft.candidates) != before.request.n_candidates:
        found.append(Fault("crashed", f"{len(draft.candidates)} candidates"))
    return found


def _judged(before: Before, draft: Draft, candidate: Candidate) -> Iterator[Fault]:
    request = before.request
    cut = dict(draft.cut)
    outside = [
        cut.get(n, n) for n in request.chart.notes if not request.start <= n.tick < request.end
    ]
    after = sort_notes((*outside, *candidate.notes))
    stays = Counter(before.staying())
    new = sort_notes((Counter(after) - stays).elements())
    yield from _errors(before, after, new)
    yield from _off_grid(before, new)
    yield from _outside(before, stays - Counter(after), new)
    for lock, broken in _LOCKS.items():
        if lock in request.locks:
            yield from broken(before, after, new)
    if candidate.n_bad_events:
        yield Fault("errors", f"{candidate.n_bad_events} events could not be read")


# Errors, grid, surroundings --------------------------------------------------------------


def _errors(before: Before, after: Row, new: Row) -> Iterator[Fault]:
    """Errors that were not there: within the new notes, or where they meet the others."""
    request = before.request
    found = errors_of(replace(request.chart, notes=after), request) - before.errors
    if not found:
        return
    own = errors_of(replace(request.chart, notes=new), request)
    for name, tick, end in sorted(found.elements()):
        kind = "errors" if (name, tick, end) in own else "illegal_borders"
        yield Fault(kind, f"{name} at {tick} to {end}")


def _off_grid(before: Before, new: Row) -> Iterator[Fault]:
    """New notes that start or end between the lines; locked times are the author's own."""
    request = before.request
    own = {n.tick for n in before.free()} if "rhythm" in request.locks else set()
    for note in _written(before, new):
        for tick in {note.tick, note.end} - own:
            if request.timing.snap(tick, request.grid) != tick:
                yield Fault("off_grid", f"{tick} of {note}")


def _written(before: Before, new: Row) -> Row:
    """New notes that are not old ones: at locked times some may be left as they were."""
    old = set(before.free()) if "rhythm" in before.request.locks else set()
    return tuple(n for n in new if n not in old)


def _outside(before: Before, missing: Counter[Note], new: Row) -> Iterator[Fault]:
    """What was to stay and did not, and what was written where nothing was to be."""
    request = before.request
    for note in missing:
        kind = "broken_keep"
        if before.written(note.tick):
            kind = "broken_notes" if "notes" in request.locks else "broken_lanes"
        yield Fault(kind, f"{note} is gone")
    stops = sorted([request.end, *(a for a, _ in request.keep)])
    for note in _written(before, new):
        if not before.written(note.tick):
            yield Fault("broken_keep", f"{note} is new")
        elif any(note.tick < stop < note.end for stop in stops):
            yield Fault("illegal_borders", f"{note} lasts beyond its stretch")


# Locks -----------------------------------------------------------------------------------


def _notes_stay(before: Before, after: Row, new: Row) -> Iterator[Fault]:
    """New notes stand beside the locked ones, at other times."""
    ticks = {n.tick for n in before.request.chart.notes if before.written(n.tick)}
    yield from (Fault("broken_notes", f"{n} at a locked time") for n in new if n.tick in ticks)


def _rhythm_stays(before: Before, after: Row, new: Row) -> Iterator[Fault]:
    """Something is played at all of the times again, and nothing new at others."""
    counts = before.mode.counts
    was, is_ = ({n.tick for n in notes if counts(n)} for notes in (before.free(), after))
    yield from (Fault("broken_rhythm", f"nothing at {t}") for t in sorted(was - is_))
    yield from (Fault("broken_rhythm", f"{n} is new") for n in new if n.tick not in was)


def _placement_stays(before: Before, after: Row, new: Row) -> Iterator[Fault]:
    """Rows come in order and as they were, wherever that can be played."""
    for tick, now, olds in _changed(before, new, before.mode.encode):
        moved = [tuple(shift(n, tick - n.tick) for n in old) for old in olds]
        if all(_playable(before, after, now, row) for row in moved):
            yield Fault("broken_placement", f"{now} at {tick} might have been {olds[0]}")


def _lanes_stay(before: Before, after: Row, new: Row) -> Iterator[Fault]:
    """Named lanes get no notes; else lanes come in order, wherever that can be played."""
    lanes = before.request.lanes
    if lanes:
        found = [n for n in new if isinstance(n, LaneNote) and n.lane in lanes]
        yield from (Fault("broken_lanes", f"{n} is new") for n in found)
        return
    mode = before.mode
    tap = mode.kinds[0]
    for tick, now, olds in _changed(before, new, lambda row: tuple(mode.spot(n) for n in row)):
        taps = [tuple(mode.place(tap, tick, tick, mode.spot(n)) for n in old) for old in olds]
        if all(_playable(before, after, now, row) for row in taps):
            yield Fault("broken_lanes", f"{now} at {tick} might have had the lanes of {olds[0]}")


_LOCKS: dict[str, Callable[[Before, Row, Row], Iterator[Fault]]] = {
    "notes": _notes_stay,
    "rhythm": _rhythm_stays,
    "placement": _placement_stays,
    "lanes": _lanes_stay,
}


def _rows(notes: Sequence[Note]) -> list[Row]:
    return [tuple(row) for _, row in groupby(notes, key=lambda n: n.tick)]


def _changed(
    before: Before, new: Row, what: Callable[[Row], Sequence[Hashable]]
) -> Iterator[tuple[int, Row, list[Row]]]:
    """New rows that are none of those that they may be, with these.

    With as many times as old rows, each is to be the one of its number. With more or fewer, or
    a painted density, they only have to come in order, and some more than once: the others
    should be, or be a part of, one of those between their neighbours', or of those that are
    as far through the song.
    """
    was, is_ = _rows(before.free()), _rows(new)
    if not was or not is_:
        return
    places, found = [what(row) for row in was], [what(row) for row in is_]
    if len(is_) == len(was) and not before.request.density:
        for i, row in enumerate(is_):
            if found[i] != places[i]:
                yield row[0].tick, row, [was[i]]
        return
    early, late = _in_order(found, places)
    for i, row in enumerate(is_):
        if early[i] is None:
            low = next((k for k in reversed(early[:i]) if k is not None), 0)
            high = next((k for k in late[i:] if k is not None), len(was) - 1)
            last = round(i * (len(was) - 1) / max(len(is_) - 1, 1))
            first = round(last * _LEAST_WRITTEN)
            near = {*range(low, high + 1), *range(first - _CLOSE_BY, last + _CLOSE_BY + 1)}
            due = [k for k in sorted(near) if 0 <= k < len(was)]
            if not any(set(found[i]) <= set(places[k]) for k in due):
                yield row[0].tick, row, [was[k] for k in due]


def _in_order(
    found: Sequence[Hashable], places: Sequence[Hashable]
) -> tuple[list[int | None], list[int | None]]:
    """Which of the places each found one is at the earliest, and at the latest.

    Rows are compared as in a longest common subsequence, but that a place may come again. The
    rows without a place are those of the earliest.
    """
    best = np.zeros((len(found) + 1, len(places) + 1), dtype=np.int64)
    for i in range(len(found) - 1, -1, -1):
        for k in range(len(places) - 1, -1, -1):
            same = best[i + 1, k] + 1 if found[i] == places[k] else 0
            best[i, k] = max(same, best[i + 1, k], best[i, k + 1])

    def walk(late: bool) -> Iterator[int | None]:
        k = 0
        for i, place in enumerate(found):
            own = [
                j
                for j in range(k, len(places))
                if place == places[j] and best[i, k] == best[i, j] == best[i + 1, j] + 1
            ]
            if own:
                k = own[-1 if late else 0]
            yield k if own else None

    return list(walk(late=False)), list(walk(late=True))


def _playable(before: Before, after: Row, now: Row, other: Row) -> bool:
    """Whether a row could have been another, by the checks and the edges of what is written."""
    request = before.request
    stops = [request.end, *(a for a, _ in request.keep)]
    for note in other:
        if request.timing.snap(note.end, request.grid) != note.end:
            return False
        if any(note.tick < stop < note.end for stop in stops):
            return False
    notes = sort_notes((*(Counter(after) - Counter(now)).elements(), *other))
    if errors_of(replace(request.chart, notes=notes), request) - before.errors:
        return False
    new = (Counter(after) - Counter(before.staying())).elements()
    later = _rows(sort_notes(n for n in new if n.tick > other[0].tick))[:1]
    return all(_written_so(before, notes, row) for row in (other, *later))


def _written_so(before: Before, after: Row, row: Row) -> bool:
    """Whether the mode would have a row written so, at its hardest, after what came before."""
    request, mode, tick = before.request, before.mode, row[0].tick
    stays = before.staying()
    context = RowContext(
        tick=tick,
        timing=request.timing,
        before=_just_before(after, tick),
        here=tuple(n for n in stays if n.tick == tick),
        after=tuple(n for n in stays if n.tick > tick),
        level=mode.level_range[1],
    )
    grammar, events = mode.grammar(context), mode.encode(row)
    return all(grammar.mask(events[:i])[event] for i, event in enumerate(events))


def _just_before(notes: Row, tick: int) -> Row:
    """What a row has to follow on: the last notes before it, and what is held until then."""
    early = [n for n in notes if n.tick < tick]
    held = (n for n in early[:-_FOLLOWED] if n.end >= tick - _LET_GO)
    return (*held, *early[-_FOLLOWED:])


# Refusals --------------------------------------------------------------------------------


def _nothing_locked(before: Before) -> bool:
    return not before.free()


def _no_lines(before: Before) -> bool:
    request = before.request
    if "rhythm" in request.locks:
        lines = np.array([n.tick for n in before.free()], dtype=np.int64)
    else:
        lines = request.timing.lines(request.start, request.end, request.grid)
    seconds = request.timing.seconds_at(lines)
    heard = (seconds >= 0) & (seconds < request.audio.duration_s) & ~request.timing.warped(lines)
    taken = {n.tick for n in request.chart.notes if "notes" in request.locks}
    free = [t for t in lines[heard].tolist() if before.written(t) and t not in taken]
    return not free


def _all_kept(before: Before) -> bool:
    return not before.edges()


def _few_outside(before: Before) -> bool:
    outside = [n for n in before.request.chart.notes if not before.written(n.tick)]
    return len({n.tick for n in outside}) < 4 or len(_bars_of(before, outside)) < 2


def _bars_of(before: Before, notes: Sequence[Note]) -> set[int]:
    return {before.request.timing.position(n.tick).measure for n in notes}


def _notes_locked(before: Before) -> bool:
    return "notes" in before.request.locks


def _may_be_silent(before: Before) -> bool:
    """Whether nothing that is written anew comes near the song's loudest moment."""
    request = before.request
    rate_hz, samples = request.audio.rate_hz, np.abs(request.audio.samples[0])
    stops = sorted([request.end, *(a for a, _ in request.keep)])
    stretches = [(edge, next(s for s in stops if s > edge)) for edge in before.edges()]
    ends_s = np.clip(request.timing.seconds_at(np.array(stretches)), 0, None)
    inside = np.concatenate([samples[a:b] for a, b in np.rint(ends_s * rate_hz).astype(int)])
    return len(inside) < _HEARD_S * rate_hz or inside.max() < _FAINT * samples.max()


_DUE: tuple[tuple[str, Callable[[Before], bool]], ...] = (
    ("there are no notes in this range to lock", _nothing_locked),
    ("all of the range is kept", _all_kept),
    ("no line of the", _no_lines),
    ("there are too few notes to take the level from", _few_outside),
    ("locked note times are all that this level takes", _notes_locked),
    ("with rhythm and placement locked", lambda before: False),
    ("nothing sounds in this range", _may_be_silent),
)
"""Refusals by their words, and when they are due."""


def refused(before: Before, said: str) -> Fault | None:
    """A refusal that is not due; None where it is."""
    for words, due in _DUE:
        if words in said:
            return None if due(before) else Fault("refused", said)
    return Fault("refused", said)


def reason(said: str) -> str:
    """The plain words of a refusal, to count them by."""
    return next((words for words, _ in _DUE if words in said), said)

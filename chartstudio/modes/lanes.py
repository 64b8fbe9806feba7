"""What dance, pump and mania share: lanes, their rules, their events.

The functions that say what is playable serve twice: the checks report a finished chart by
them, and the grammar keeps the engine from writing what they would report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Axis, Check, EventRange, Issue, Layout, Mode, RowContext, Spot
from chartstudio.core.note import LaneNote, Note, sort_notes, ticks_of
from chartstudio.core.song import Chart, judged
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import TimingMap

HOLD_LENGTHS: tuple[int, ...] = tuple(
    TICKS_PER_BEAT * quarters // 12 for quarters in (3, 4, 6, 9, 12, 18, 24, 36, 48, 72, 96, 192)
)
"""Hold lengths that the engine can spell, in ticks: 1/4, 1/3, 1/2, 3/4, 1, 1.5, 2, 3, 4, 6, 8
and 16 beats."""

COUNTED = frozenset({"tap", "hold", "roll", "lift"})
"""Kinds that players count as notes (StepMania's RADARVALUES)."""

PRESSED = frozenset({"tap", "hold", "roll"})
"""Kinds that a hand or foot presses."""

LONG = frozenset({"hold", "roll"})
"""Kinds with a length."""


@dataclass(frozen=True, slots=True)
class LaneRules:
    """What a body can do on these lanes.

    Parameters
    ----------
    n_lanes : int
    too_fast_jack_s : float
        The same lane struck again within this time cannot be played: an error.
    easy_jack_s : callable
        ``level -> seconds``: the quickest repeat that a draft of that level may hold.
    max_pressed : int
        More lanes pressed or held at once than this cannot be played: an error.
    easy_pressed : callable
        ``level -> count``: the most that a draft of that level may ask for.
    hands_from : int or None
        From so many at once two feet no longer do: a warning.
    """

    n_lanes: int
    too_fast_jack_s: float
    easy_jack_s: Callable[[float], float]
    max_pressed: int
    easy_pressed: Callable[[float], int]
    hands_from: int | None = None


# Placing ---------------------------------------------------------------------------------


def kind_of(note: Note) -> str:
    """Kind of a lane note."""
    return _lane_note(note).kind


def spot_of(note: Note) -> Spot:
    """Where a lane note lies: ``(lane,)``."""
    return (_lane_note(note).lane,)


def counts(note: Note) -> bool:
    """Whether players call it a note."""
    return _lane_note(note).kind in COUNTED


def _lane_note(note: Note) -> LaneNote:
    if not isinstance(note, LaneNote):
        raise ModeError(f"a {type(note).__name__} is no note of a lane mode")
    return note


def lane_notes(notes: Iterable[Note]) -> tuple[LaneNote, ...]:
    """The notes, known to be lane notes.

    Raises
    ------
    ModeError
        When one is not.
    """
    return tuple(_lane_note(n) for n in notes)


def _placer(
    title: str, kinds: tuple[str, ...], n_lanes: int
) -> Callable[[str, int, int, Spot], Note]:
    def place(kind: str, tick: int, end: int, spot: Spot) -> Note:
        lane = int(spot[0])
        if kind not in kinds:
            raise ModeError(f"{title} has no {kind}; it has {', '.join(kinds)}")
        if not 0 <= lane < n_lanes:
            raise ModeError(f"{title} has lanes 1 to {n_lanes}, not {lane + 1}")
        if kind in LONG and end > tick:
            return LaneNote(tick, end, lane, kind)
        return LaneNote(tick, tick, lane, "tap" if kind in LONG else kind)

    return place


def conflicts(notes: Sequence[Note], new: Note) -> tuple[Note, ...]:
    """Notes of the new one's lane that it would touch or cover."""
    lane = _lane_note(new).lane
    return tuple(
        n for n in notes if n.tick <= new.end and n.end >= new.tick and _lane_note(n).lane == lane
    )


def _mirrorer(permutations: dict[Axis, tuple[int, ...]]) -> Callable[..., tuple[Note, ...]]:
    def mirror(notes: Sequence[Note], axis: Axis) -> tuple[Note, ...]:
        to = permutations[axis]
        return sort_notes(replace(n, lane=to[n.lane]) for n in lane_notes(notes))

    return mirror


def _permutations(layout: Layout) -> dict[Axis, tuple[int, ...]]:
    """Lane permutations by mirroring the layout's places; a lane without a twin stays."""
    at = {(lane.x, lane.y): i for i, lane in enumerate(layout.lanes)}
    width = sum(x for x, _ in at) / len(at) * 2
    height = sum(y for _, y in at) / len(at) * 2

    def turned(flip_x: bool, flip_y: bool) -> tuple[int, ...]:
        return tuple(
            at.get((width - x if flip_x else x, height - y if flip_y else y), i)
            for (x, y), i in at.items()
        )

    return {
        "horizontal": turned(True, False),
        "vertical": turned(False, True),
        "both": turned(True, True),
    }


# Checks ----------------------------------------------------------------------------------


def judged_notes(notes: Sequence[LaneNote], chart: Chart, timing: TimingMap) -> list[LaneNote]:
    """Those of a chart's notes that a player is judged on; see `core.song.judged`."""
    ok = judged(timing, chart.effects, ticks_of(notes))
    return [n for n, yes in zip(notes, ok.tolist(), strict=True) if yes]


def check_overlaps(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Two notes on one row of a lane, and notes under a hold of their own lane."""
    last: dict[int, LaneNote] = {}
    for note in lane_notes(chart.notes):
        before = last.get(note.lane)
        if before is not None and before.tick == note.tick:
            yield Issue(
                "overlap",
                "error",
                f"Two notes at once in lane {note.lane + 1}",
                note.tick,
                note.end,
                _without(note),
            )
        elif before is not None and note.tick <= before.end and note.kind != "mine":
            yield Issue(
                "inside-hold",
                "error" if note.tick < before.end else "warning",
                f"A {note.kind} in lane {note.lane + 1} while that lane is held",
                note.tick,
                note.end,
                _without(note),
            )
        if before is None or note.end >= before.end:
            last[note.lane] = note


def _without(note: LaneNote) -> Callable[[Chart], Chart]:
    def fix(chart: Chart) -> Chart:
        kept = list(chart.notes)
        # The last of equal notes is the one that was reported.
        for i in range(len(kept) - 1, -1, -1):
            if kept[i] == note:
                del kept[i]
                break
        return replace(chart, notes=tuple(kept))

    return fix


def _check_jacks(rules: LaneRules) -> Check:
    def check(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
        """The same lane struck again faster than anyone can."""
        notes = [
            n for n in judged_notes(lane_notes(chart.notes), chart, timing) if n.kind in PRESSED
        ]
        times = timing.seconds_at(ticks_of(notes))
        last: dict[int, int] = {}
        for i, note in enumerate(notes):
            before = last.get(note.lane)
            last[note.lane] = i
            if before is None or notes[before].tick == note.tick:
                continue
            gap_s = float(times[i] - times[before])
            if 0 < gap_s < rules.too_fast_jack_s:
                yield Issue(
                    "jack-too-fast",
                    "error",
                    f"Lane {note.lane + 1} again after {gap_s * 1000:.0f} ms",
                    notes[before].tick,
                    note.tick,
                )

    return check


def _check_chords(rules: LaneRules) -> Check:
    def check(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
        """More lanes at once than there are feet and hands."""
        held: list[int] = []
        notes = judged_notes(lane_notes(chart.notes), chart, timing)
        for tick, row in rows(n for n in notes if n.kind in PRESSED):
            held = [end for end in held if end >= tick]
            n_held, pressed = sum(end > tick for end in held), len(row) + len(held)
            held += [n.end for n in row if n.end > tick]
            if pressed > rules.max_pressed:
                text = f"{pressed} lanes at once; {rules.max_pressed} is the most that works"
                yield Issue("impossible-chord", "error", text, tick, tick)
            elif rules.hands_from is not None and n_held >= rules.hands_from - 1:
                text = f"{len(row)} more while {n_held} panels are held; needs a hand or a bracket"
                yield Issue("hand-while-holding", "warning", text, tick, tick)
            elif rules.hands_from is not None and pressed >= rules.hands_from:
                text = f"{pressed} panels at once need a hand or a bracket"
                yield Issue("needs-hand", "warning", text, tick, tick)

    return check


def check_places(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Notes before the audio starts, and notes on no grid."""
    notes = lane_notes(chart.notes)
    if not notes:
        return
    ticks = np.array([n.tick for n in notes], dtype=np.int64)
    early = timing.seconds_at(ticks) < 0
    off = timing.snaps_of(ticks) == 0
    for i in np.flatnonzero(early):
        yield Issue(
            "before-start", "warning", "Before the audio starts", notes[i].tick, notes[i].end
        )
    for i in np.flatnonzero(off):
        yield Issue(
            "off-grid", "hint", "On none of the grids up to 1/192", notes[i].tick, notes[i].tick
        )


def rows(notes: Iterable[LaneNote]) -> Iterator[tuple[int, list[LaneNote]]]:
    """Notes grouped by tick; the input is in chart order."""
    row: list[LaneNote] = []
    for note in notes:
        if row and note.tick != row[0].tick:
            yield row[0].tick, row
            row = []
        row.append(note)
    if row:
        yield row[0].tick, row


# Events ----------------------------------------------------------------------------------


def event_ranges(n_lanes: int) -> tuple[EventRange, ...]:
    """Vocabulary of a lane mode: a row is taps and holds from left to right, then the end.

    A hold is followed by its length, an index into `HOLD_LENGTHS`.
    """
    return (
        EventRange("end", 1),
        EventRange("tap", n_lanes),
        EventRange("hold", n_lanes),
        EventRange("length", len(HOLD_LENGTHS)),
    )


def nearest_length(ticks: int) -> int:
    """Index of the hold length nearest to a duration (by ratio)."""
    return int(np.argmin(np.abs(np.log(np.array(HOLD_LENGTHS) / max(ticks, 1)))))


def _encoder(n_lanes: int) -> Callable[[Sequence[Note]], tuple[int, ...]]:
    first_length = 1 + 2 * n_lanes

    def encode(row: Sequence[Note]) -> tuple[int, ...]:
        events: list[int] = []
        for note in sorted(lane_notes(row), key=lambda n: n.lane):
            if note.kind == "tap":
                events.append(1 + note.lane)
            elif note.kind in LONG:
                length = nearest_length(note.end - note.tick)
                events += (1 + n_lanes + note.lane, first_length + length)
        return (*events, 0)

    return encode


def _decoder(n_lanes: int) -> Callable[[int, Sequence[int]], tuple[tuple[Note, ...], int]]:
    first_hold, first_length = 1 + n_lanes, 1 + 2 * n_lanes
    n_events = first_length + len(HOLD_LENGTHS)

    def decode(tick: int, events: Sequence[int]) -> tuple[tuple[Note, ...], int]:
        notes: dict[int, LaneNote] = {}
        n_bad = 0
        hold_lane: int | None = None
        for event in events:
            waiting, hold_lane = hold_lane, None
            if first_length <= event < n_events and waiting is not None:
                end = tick + HOLD_LENGTHS[event - first_length]
                notes[waiting] = LaneNote(tick, end, waiting, "hold")
                continue
            n_bad += waiting is not None
            if event == 0:
                break
            if 1 <= event < first_hold and event - 1 not in notes:
                notes[event - 1] = LaneNote(tick, tick, event - 1)
            elif first_hold <= event < first_length and event - first_hold not in notes:
                hold_lane = event - first_hold
            else:
                n_bad += 1
        return sort_notes(notes.values()), n_bad + (hold_lane is not None)

    return decode


class LaneGrammar:
    """Legal events of one row: what `LaneRules` allow, given the notes around it.

    Parameters
    ----------
    rules : LaneRules
    context : RowContext
    """

    def __init__(self, rules: LaneRules, context: RowContext) -> None:
        self._n = rules.n_lanes
        here = [n for n in lane_notes(context.here) if n.kind in PRESSED]
        free, n_held = self._lanes_free(rules, context)
        most = min(rules.easy_pressed(context.level), rules.max_pressed)
        self._room = max(0, most - n_held - len(here))
        self._given = bool(context.here)
        self._longest = self._longest_holds(rules, context, most)
        self._free = free

    def _lanes_free(self, rules: LaneRules, c: RowContext) -> tuple[NDArray[np.bool_], int]:
        free = np.ones(self._n, dtype=bool)
        gap_s = max(rules.easy_jack_s(c.level), rules.too_fast_jack_s)
        now_s = c.timing.seconds_at(c.tick)
        earliest = c.timing.tick_at(now_s - gap_s)
        latest = c.timing.tick_at(now_s + gap_s)
        n_held = 0

        def near(tick: int) -> bool:
            # Time may stand still on the last tick: a note there is before or after that.
            return abs(c.timing.seconds_at(tick) - now_s) < gap_s

        for note in c.before:
            if not isinstance(note, LaneNote):
                continue
            if note.end >= c.tick:
                n_held += note.kind in PRESSED
                free[note.lane] = False
            elif note.kind in PRESSED and (
                note.end > earliest or (note.end == earliest and near(note.end))
            ):
                free[note.lane] = False
        for note in c.here:
            free[_lane_note(note).lane] = False
        for note in c.after:
            if note.tick > latest or (note.tick == latest and not near(note.tick)):
                break
            if _lane_note(note).kind in PRESSED:
                free[_lane_note(note).lane] = False
        return free, n_held

    def _longest_holds(self, rules: LaneRules, c: RowContext, most: int) -> Ticks:
        """Longest hold that each lane has room for, in ticks.

        A hold ends a jack's gap before the next given note of its lane, and before any given
        row that already needs all the hands there are.
        """
        longest = np.full(self._n, HOLD_LENGTHS[-1], dtype=np.int64)
        gap_s = max(rules.easy_jack_s(c.level), rules.too_fast_jack_s)
        limit = c.tick + HOLD_LENGTHS[-1]
        held = [n.end for n in (*c.before, *c.here) if n.end > c.tick]
        soon = [n for n in lane_notes(c.after) if n.tick <= limit and n.kind != "fake"]
        for tick, row in rows(soon):
            room_until = c.timing.tick_at(c.timing.seconds_at(tick) - gap_s) - c.tick
            for note in row:
                longest[note.lane] = min(longest[note.lane], room_until)
            pressed = [n for n in row if n.kind in PRESSED]
            if len(pressed) + sum(end >= tick for end in held) >= most:
                return np.minimum(longest, tick - c.tick - 1)
            held += [n.end for n in pressed if n.end > tick]
        return longest

    def mask(self, events: Sequence[int]) -> NDArray[np.bool_]:
        """Legal next events; see `core.mode.Grammar`."""
        n, first_length = self._n, 1 + 2 * self._n
        legal = np.zeros(first_length + len(HOLD_LENGTHS), dtype=bool)
        if events and 1 + n <= events[-1] < first_length:
            lane = events[-1] - 1 - n
            legal[first_length:] = np.array(HOLD_LENGTHS) <= self._longest[lane]
            return legal
        lanes = [(e - 1) % n for e in events if 1 <= e < first_length]
        if len(lanes) < self._room:
            free = self._free.copy()
            free[: max(lanes, default=-1) + 1] = False
            legal[1 : 1 + n] = free
            legal[1 + n : first_length] = free & (self._longest >= HOLD_LENGTHS[0])
        legal[0] = bool(lanes) or self._given or not legal.any()
        return legal


# Building --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """What tells one lane mode from another; ``checks`` come on top of those of all lanes."""

    id: str
    title: str
    kinds: tuple[str, ...]
    layout: Layout
    rules: LaneRules
    level_unit: str
    level_range: tuple[float, float]
    difficulty: Callable[[Chart, TimingMap], float]
    checks: tuple[Check, ...] = ()


def lane_mode(spec: LaneSpec) -> Mode:
    """The mode record of a lane game."""
    n_lanes = spec.rules.n_lanes
    return Mode(
        id=spec.id,
        title=spec.title,
        kinds=spec.kinds,
        note_types=(LaneNote,),
        layout=spec.layout,
        level_unit=spec.level_unit,
        level_range=spec.level_range,
        place=_placer(spec.title, spec.kinds, n_lanes),
        spot=spot_of,
        kind=kind_of,
        counts=counts,
        mirror=_mirrorer(_permutations(spec.layout)),
        conflicts=conflicts,
        checks=(
            check_overlaps,
            _check_jacks(spec.rules),
            _check_chords(spec.rules),
            check_places,
            *spec.checks,
        ),
        event_ranges=event_ranges(n_lanes),
        encode=_encoder(n_lanes),
        decode=_decoder(n_lanes),
        grammar=lambda context: LaneGrammar(spec.rules, context),
        difficulty=spec.difficulty,
    )


_WINDOWS = ((4.0, 0.75), (16.0, 0.25))
"""Seconds and weights over which a chart's density is taken: its bursts and its stamina.
Shorter times hold too few rows of easy charts to be told apart."""


def strain_nps(chart: Chart, timing: TimingMap) -> tuple[float, float]:
    """How dense a chart's hard parts are.

    Parameters
    ----------
    chart : Chart
    timing : TimingMap

    Returns
    -------
    rows_per_s : float
        90th percentile, over all rows, of the rows per second in the time after each; the
        mean of several lengths of that time.
    chord_share : float
        Notes beyond the first of their row, as a share of all notes.
    """
    counted = [n for n in lane_notes(chart.notes) if n.kind in COUNTED]
    ticks = ticks_of(judged_notes(counted, chart, timing))
    if len(ticks) == 0:
        return 0.0, 0.0
    times = np.unique(np.round(timing.seconds_at(ticks), 3))
    # A long look ahead would see the end of a short chart everywhere.
    longest_s = max(_WINDOWS[0][0], float(times[-1] - times[0]) / 2)
    rows_per_s = 0.0
    for length_s, weight in _WINDOWS:
        window_s = min(length_s, longest_s)
        ahead = np.searchsorted(times, times + window_s) - np.arange(len(times))
        rows_per_s += weight * float(np.quantile(ahead, 0.9)) / window_s
    return rows_per_s, 1 - len(times) / len(ticks)

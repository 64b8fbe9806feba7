"""osu!taiko: one drum, struck in the middle (don) or on the rim (kat).

Notes are `core.note.LaneNote` on lane 0. What hands can do is in ``taiko_checks``, how hard
a chart is in ``taiko_stars``; this module places and spells notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import Axis, EventRange, Lane, Layout, Mode, RowContext, Spot
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.modes import taiko_checks
from chartstudio.modes.lanes import (
    HOLD_LENGTHS,
    check_places,
    kind_of,
    lane_notes,
    nearest_length,
    spot_of,
)
from chartstudio.modes.osu_family import CALCULATOR as CALCULATOR
from chartstudio.modes.taiko_checks import (
    HITS,
    ONE_HAND_S,
    ROLLS,
    SHORTEST_DENDEN_S,
    TOO_FAST_S,
)
from chartstudio.modes.taiko_stars import SETTINGS, stars

_TITLE = "Taiko"

_OTHER_COLOUR = {"don": "kat", "kat": "don", "big-don": "big-kat", "big-kat": "big-don"}

# Placing ---------------------------------------------------------------------------------


def place(kind: str, tick: int, end: int, spot: Spot) -> Note:
    """A note on the drum; a drumroll or denden without length is a don.

    Raises
    ------
    ModeError
        When taiko has no such kind or no such lane.
    """
    if kind not in (*HITS, *ROLLS):
        raise ModeError(f"{_TITLE} has no {kind}; it has {', '.join((*HITS, *ROLLS))}")
    if int(spot[0]) != 0:
        raise ModeError(f"{_TITLE} has one lane, not lanes up to {int(spot[0]) + 1}")
    if kind in ROLLS and end > tick:
        return LaneNote(tick, end, 0, kind)
    return LaneNote(tick, tick, 0, "don" if kind in ROLLS else kind)


def counts(note: Note) -> bool:
    """Whether players call it a note: every kind."""
    return kind_of(note) in (*HITS, *ROLLS)


def mirror(notes: Sequence[Note], axis: Axis) -> tuple[Note, ...]:
    """Dons and kats change places where the axis has a left and a right.

    The drum is the same on both sides, and up and down: ``vertical`` changes nothing, and
    ``both`` is ``horizontal``. Swapped colours are what the arcade game calls inverse.
    """
    if axis == "vertical":
        return sort_notes(lane_notes(notes))
    return sort_notes(replace(n, kind=_OTHER_COLOUR.get(n.kind, n.kind)) for n in lane_notes(notes))


def conflicts(notes: Sequence[Note], new: Note) -> tuple[Note, ...]:
    """Notes at the new one's time, under its roll, or whose roll it would interrupt.

    A roll may end where the next note starts.
    """
    return tuple(n for n in notes if n.tick == new.tick or (n.tick < new.end and n.end > new.tick))


# Events ----------------------------------------------------------------------------------

_FIRST_ROLL = 1 + len(HITS)
_FIRST_LENGTH = _FIRST_ROLL + len(ROLLS)
_LENGTHS = np.array(HOLD_LENGTHS)

EVENT_RANGES = (
    EventRange("end", 1),
    EventRange("drum-hit", len(HITS)),
    EventRange("drum-roll", len(ROLLS)),
    EventRange("length", len(HOLD_LENGTHS)),
)
"""Vocabulary: a row is one hit, or a roll and its length (an index into `HOLD_LENGTHS`); then
the end."""


def encode(row: Sequence[Note]) -> tuple[int, ...]:
    """Events of the notes on one tick; a second note at one time cannot be spelled."""
    for note in lane_notes(row):
        if note.kind in HITS:
            return (1 + HITS.index(note.kind), 0)
        if note.kind in ROLLS:
            length = nearest_length(note.end - note.tick)
            return (_FIRST_ROLL + ROLLS.index(note.kind), _FIRST_LENGTH + length, 0)
    return (0,)


def decode(tick: int, events: Sequence[int]) -> tuple[tuple[Note, ...], int]:
    """Note of a row, and how many of its events made no sense."""
    note: LaneNote | None = None
    roll: str | None = None
    n_bad = 0
    for event in events:
        waiting, roll = roll, None
        if _FIRST_LENGTH <= event < _FIRST_LENGTH + len(HOLD_LENGTHS) and waiting is not None:
            note = LaneNote(tick, tick + HOLD_LENGTHS[event - _FIRST_LENGTH], 0, waiting)
            continue
        n_bad += waiting is not None
        if event == 0:
            break
        if 1 <= event < _FIRST_ROLL and note is None:
            note = LaneNote(tick, tick, 0, HITS[event - 1])
        elif _FIRST_ROLL <= event < _FIRST_LENGTH and note is None:
            roll = ROLLS[event - _FIRST_ROLL]
        else:
            n_bad += 1
    return (() if note is None else (note,)), n_bad + (roll is not None)


class TaikoGrammar:
    """Legal events of one row: what two hands can do, given the notes around it.

    A level decides only how near to its neighbours a big hit may be: how dense a chart is,
    is decided by whoever picks the times.

    Parameters
    ----------
    context : RowContext
    """

    def __init__(self, context: RowContext) -> None:
        c = context
        self._given = bool(c.here)
        now_s = c.timing.seconds_at(c.tick)
        before = lane_notes(c.before)
        gap_s = float("inf")
        if before:
            gap_s = now_s - c.timing.seconds_at(before[-1].tick)
        n_ticks = HOLD_LENGTHS[-1]
        if c.after:
            gap_s = min(gap_s, c.timing.seconds_at(c.after[0].tick) - now_s)
            n_ticks = c.after[0].tick - c.tick
        rolling = any(n.end > c.tick for n in before)
        self._free = not (self._given or rolling) and gap_s >= TOO_FAST_S
        self._big = gap_s >= max(ONE_HAND_S, 0.5 / (1 + 0.6 * c.level))
        lengths_s = c.timing.seconds_at(c.tick + _LENGTHS) - now_s
        fits = self._free & (n_ticks >= _LENGTHS)
        self._lengths = {
            "drumroll": fits & (lengths_s >= TOO_FAST_S),
            "denden": fits & (lengths_s >= SHORTEST_DENDEN_S),
        }

    def mask(self, events: Sequence[int]) -> NDArray[np.bool_]:
        """Legal next events; see `core.mode.Grammar`."""
        legal = np.zeros(_FIRST_LENGTH + len(HOLD_LENGTHS), dtype=bool)
        if not events:
            legal[1:_FIRST_ROLL] = [
                self._free and (self._big or kind not in taiko_checks.BIG) for kind in HITS
            ]
            legal[_FIRST_ROLL:_FIRST_LENGTH] = [self._lengths[kind].any() for kind in ROLLS]
            legal[0] = self._given or not legal.any()
        elif _FIRST_ROLL <= events[-1] < _FIRST_LENGTH:
            legal[_FIRST_LENGTH:] = self._lengths[ROLLS[events[-1] - _FIRST_ROLL]]
        else:
            legal[0] = True
        return legal


MODE = Mode(
    id="taiko",
    title=_TITLE,
    kinds=(*HITS, *ROLLS),
    note_types=(LaneNote,),
    layout=Layout("lanes", (Lane("drum", "drum", 0.0),)),
    level_unit="stars",
    level_range=(1.0, 8.0),
    place=place,
    spot=spot_of,
    kind=kind_of,
    counts=counts,
    mirror=mirror,
    conflicts=conflicts,
    checks=(
        taiko_checks.check_overlaps,
        taiko_checks.check_gaps,
        taiko_checks.check_streams,
        taiko_checks.check_one_colour,
        taiko_checks.check_both_hands,
        taiko_checks.check_lengths,
        check_places,
    ),
    event_ranges=EVENT_RANGES,
    encode=encode,
    decode=decode,
    grammar=TaikoGrammar,
    difficulty=stars,
    settings=SETTINGS,
    estimator=CALCULATOR,
)

"""How the suite over all modes makes notes of each: rows that its vocabulary spells exactly.

A mode whose notes are not taps and holds on lanes adds one entry to `SAMPLES`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from chartstudio.core.mode import Mode, Spot
from chartstudio.core.note import Note
from chartstudio.modes.lanes import HOLD_LENGTHS


@dataclass(frozen=True)
class Sample:
    """Notes of a mode, for tests.

    Parameters
    ----------
    row : callable
        ``(mode, rng, tick) -> notes`` of one tick, of every kind that the engine writes.
    plain : callable
        ``(mode, i, tick) -> note``: the ``i``-th of a stream of notes without length.
    nowhere : Spot or None
        A spot that the mode refuses; None where every spot is a place.
    """

    row: Callable[[Mode, random.Random, int], list[Note]]
    plain: Callable[[Mode, int, int], Note]
    nowhere: Spot | None = (1000,)


def _lanes_row(mode: Mode, rng: random.Random, tick: int) -> list[Note]:
    lanes = range(len(mode.layout.lanes))
    chosen = rng.sample(lanes, rng.randint(1, min(3, len(lanes))))
    return [
        mode.place(rng.choice(["tap", "hold"]), tick, tick + rng.choice(HOLD_LENGTHS), (lane,))
        for lane in chosen
    ]


def _lanes_plain(mode: Mode, i: int, tick: int) -> Note:
    return mode.place("tap", tick, tick, (i * 3 % len(mode.layout.lanes),))


def _taiko_row(mode: Mode, rng: random.Random, tick: int) -> list[Note]:
    return [mode.place(rng.choice(mode.kinds), tick, tick + rng.choice(HOLD_LENGTHS), (0,))]


def _taiko_plain(mode: Mode, i: int, tick: int) -> Note:
    return mode.place(("don", "don", "kat")[i % 3], tick, tick, (0,))


def _saber_row(mode: Mode, rng: random.Random, tick: int) -> list[Note]:
    """Up to two blocks or bombs in the lower rows and, at times, a wall above them."""
    cells = rng.sample([(x, y) for x in range(4) for y in range(2)], rng.randint(1, 2))
    row = [
        mode.place(rng.choice(["red", "blue", "bomb"]), tick, tick, (*cell, rng.randrange(9)))
        for cell in cells
    ]
    if rng.random() < 0.3:
        end = tick + rng.choice(HOLD_LENGTHS)
        row.append(mode.place("wall", tick, end, (rng.randrange(4), 2)))
    return row


def _saber_plain(mode: Mode, i: int, tick: int) -> Note:
    """Both hands in turn, each down and up."""
    return mode.place(("red", "blue")[i % 2], tick, tick, (1 + i % 2, 0, (1, 0)[i // 2 % 2]))


def _osu_row(mode: Mode, rng: random.Random, tick: int) -> list[Note]:
    """One object, snapped to what the vocabulary can spell."""
    spot = (rng.uniform(0, 512), rng.uniform(0, 384), rng.uniform(0, 512), rng.uniform(0, 384))
    note = mode.place(rng.choice(mode.kinds), tick, tick + rng.choice(HOLD_LENGTHS), spot)
    return list(mode.decode(tick, mode.encode([note]))[0])


def _osu_plain(mode: Mode, i: int, tick: int) -> Note:
    return mode.place("circle", tick, tick, (16.0 + i * 96 % 480, 16.0 + i * 64 % 352))


_LANES = Sample(_lanes_row, _lanes_plain)

SAMPLES = {
    "taiko": Sample(_taiko_row, _taiko_plain),
    "osu": Sample(_osu_row, _osu_plain),
    "beatsaber": Sample(_saber_row, _saber_plain),
}
"""By mode id; every other mode has lanes."""


def sample_of(mode: Mode) -> Sample:
    """How notes of a mode are made."""
    return SAMPLES.get(mode.id, _LANES)

"""What an author lays over stretches of a chart, and how it stays with the music.

Densities, followed layers, key bars, approvals and marks of drafts are rows that begin with the
ticks ``[start, end)``, kept in the chart's `Extra`, so that undo and every project has them.
Knows stretches; refuses to know what the values mean and who reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from chartstudio.core.provenance import OWNER as PROVENANCE
from chartstudio.core.song import Extra
from chartstudio.core.timing import TimingMap

KEY_BARS, APPROVED, DENSITY, FOLLOW = "key-bars", "approved-bars", "density", "follow"
"""Owners in a chart's `Extra` whose rows begin with a stretch of ticks."""

V = TypeVar("V")

Span = tuple[int, int]

_NEAR = 8
"""An edge goes to a bar line that is no further than the bar divided by this."""


# Painting --------------------------------------------------------------------------------


def stroked(
    old: Iterable[tuple[int, int, V]], strokes: Iterable[tuple[int, int, V | None]]
) -> tuple[tuple[int, int, V], ...]:
    """What is painted with strokes laid over it, one after the other; None takes away."""
    now = list(old)
    for start, end, value in strokes:
        now = [row for held in now for row in _beside(held, start, end)]
        if value is not None and start < end:
            now.append((start, end, value))
    return tuple(sorted(now, key=lambda row: row[0]))


def joined(rows: Iterable[tuple[int, int, V]]) -> tuple[tuple[int, int, V], ...]:
    """Rows in order, neighbours of one value as one."""
    found: list[tuple[int, int, V]] = []
    for start, end, value in rows:
        if found and found[-1][1:] == (start, value):
            found[-1] = (found[-1][0], end, value)
        else:
            found.append((start, end, value))
    return tuple(found)


def within(
    rows: Iterable[tuple[int, int, V]], spans: Iterable[Span]
) -> tuple[tuple[int, int, V], ...]:
    """What is painted, cut to some stretches of ticks."""
    spans = tuple(spans)
    return tuple(
        (max(start, low), min(end, high), value)
        for start, end, value in rows
        for low, high in spans
        if max(start, low) < min(end, high)
    )


def at(rows: Iterable[tuple[int, int, V]], tick: int) -> V | None:
    """What is painted around a tick."""
    return next((value for start, end, value in rows if start <= tick < end), None)


def values_over(rows: Iterable[tuple[int, int, V]], span: Span) -> tuple[V | None, ...]:
    """The values within a stretch, each once; None where a part of it has none."""
    held = within(rows, (span,))
    covered = sum(end - start for start, end, _ in held)
    found: dict[V | None, None] = dict.fromkeys(value for _, _, value in held)
    if covered < span[1] - span[0]:
        found[None] = None
    return tuple(found)


def _beside(row: tuple[int, int, V], start: int, end: int) -> list[tuple[int, int, V]]:
    low, high, value = row
    parts = ((low, min(high, start), value), (max(low, end), high, value))
    return [part for part in parts if part[0] < part[1]]


# Keeping time ----------------------------------------------------------------------------


def mover(old: TimingMap, new: TimingMap) -> Callable[[int], int]:
    """Where an edge of a stretch goes when what is heard keeps its seconds.

    An edge on a bar line goes to the bar line that is near where it is heard, if one is: a
    bar stays a bar when a song's beats are moved by some milliseconds.
    """

    def move(tick: int) -> int:
        heard = int(new.tick_at(old.seconds_at(tick)))
        if old.measure_start(old.position(tick).measure) != tick:
            return heard
        measure = new.position(heard).measure
        low, high = new.measure_start(measure), new.measure_start(measure + 1)
        line = low if heard - low <= high - heard else high
        return line if abs(line - heard) * _NEAR <= high - low else heard

    return move


def moved(extra: Extra, move: Callable[[int], int]) -> Extra:
    """What a chart holds with every stretch moved; those of which nothing is left are gone."""
    for owner in (PROVENANCE, KEY_BARS, APPROVED, DENSITY, FOLLOW):
        rows: Sequence[tuple[int, ...]] = extra.get(owner, ())
        if rows:
            new = tuple((move(start), move(end), *rest) for start, end, *rest in rows)
            kept = tuple(row for row in new if row[0] < row[1])
            extra = extra.set(owner, kept or None)
    return extra

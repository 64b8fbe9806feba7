"""Which parts of a chart the engine wrote, and which of those were edited since.

Kept in the chart's `Extra` under `OWNER` as tuples of plain values, so that every save holds
it and every export can say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, replace

from chartstudio.core.note import slice_notes
from chartstudio.core.song import Chart

OWNER = "provenance"


@dataclass(frozen=True, slots=True, order=True)
class Generated:
    """A generated stretch.

    Parameters
    ----------
    start, end : int
        Ticks ``[start, end)``.
    model : str
    seed : int
    date : str
        ISO 8601.
    edited : bool
        Whether a hand has changed it since.
    number_type : str
        What the model reckoned in; with another one the same seed may give other rows.
    """

    start: int
    end: int
    model: str
    seed: int
    date: str
    edited: bool = False
    number_type: str = ""


def generated(chart: Chart) -> tuple[Generated, ...]:
    """The generated stretches of a chart, in order, never overlapping."""
    return tuple(Generated(*item) for item in chart.extra.get(OWNER, ()))


def mark(chart: Chart, new: Generated) -> Chart:
    """The chart with a stretch marked as generated, replacing what was said of it."""
    kept = [part for old in generated(chart) for part in _outside(old, new.start, new.end)]
    return _with(chart, (*kept, new))


def touched(old: Chart, new: Chart) -> Chart:
    """The new chart, with the stretches marked in which its notes differ from the old one's."""
    marks = generated(new)
    if not marks or old.notes is new.notes:
        return new
    now = tuple(
        m
        if m.edited
        or slice_notes(old.notes, m.start, m.end) == slice_notes(new.notes, m.start, m.end)
        else replace(m, edited=True)
        for m in marks
    )
    return new if now == marks else _with(new, now)


def _outside(mark: Generated, start: int, end: int) -> Iterable[Generated]:
    if mark.end <= start or mark.start >= end:
        yield mark
        return
    if mark.start < start:
        yield replace(mark, end=start)
    if mark.end > end:
        yield replace(mark, start=end)


def _with(chart: Chart, marks: Iterable[Generated]) -> Chart:
    items = tuple(astuple(m) for m in sorted(marks))
    return replace(chart, extra=chart.extra.set(OWNER, items or None))

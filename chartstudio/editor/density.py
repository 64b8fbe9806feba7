"""The density that an author paints: how many note times per beat a stretch is to have.

Kept in the chart's `Extra`, so that painting is an edit like any other. Knows charts and
bars; refuses to know who draws it and who drafts by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from chartstudio.core.note import Note, ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor.document import Edit
from chartstudio.editor.finish import bars_of
from chartstudio.editor.painted import DENSITY, stroked

MOST = 6.0
"""Note times per beat at the top of the curve: a run of twenty-fourths."""

STEP = 0.25
"""What is painted is a multiple of this."""

Stretch = tuple[int, int, float]
"""Ticks ``[start, end)`` and note times per beat there."""

Stroke = tuple[int, int, float | None]
"""The same to be painted; None takes away what is painted."""


def curve(chart: Chart) -> tuple[Stretch, ...]:
    """What is painted on a chart, in order and apart."""
    return tuple((start, end, value) for start, end, value in chart.extra.get(DENSITY, ()))


def fitting(value: float) -> float:
    """The nearest value that can be painted."""
    return min(max(round(value / STEP) * STEP, 0.0), MOST)


def paint(index: int, strokes: Sequence[Stroke]) -> Edit:
    """Paint on a chart."""

    def edit(song: Song) -> Song:
        chart = song.charts[index]
        rows = stroked(curve(chart), strokes)
        return song.with_chart(index, replace(chart, extra=chart.extra.set(DENSITY, rows or None)))

    return edit


def density_of(
    notes: Sequence[Note], timing: TimingMap, start: int, end: int
) -> tuple[Stretch, ...]:
    """How dense notes are in each bar of ``[start, end)``."""
    bars = bars_of(timing, start, end)
    ticks = np.unique(ticks_of(notes))
    edges = np.searchsorted(ticks, [start, *(high for _, high in bars)])
    return tuple(
        (low, high, fitting(n * TICKS_PER_BEAT / (high - low)))
        for (low, high), n in zip(bars, np.diff(edges).tolist(), strict=True)
    )

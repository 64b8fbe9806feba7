"""The habits that an author asks of what is drafted for a chart.

Kept in the chart's `Extra`, so that a change is an edit like any other. Knows names and
figures; refuses to know what a habit means and what values it may have.
"""

from __future__ import annotations

from dataclasses import replace

from chartstudio.core.song import Chart, Song
from chartstudio.editor.document import Edit

OWNER = "style"

Habit = tuple[str, float]
"""Its name and its value, in the habit's own unit."""


def habits(chart: Chart) -> tuple[Habit, ...]:
    """The habits that are asked for, by name; all others are left to the song."""
    return tuple((name, value) for name, value in chart.extra.get(OWNER, ()))


def set_habit(index: int, name: str, value: float | None) -> Edit:
    """Ask for a habit; None leaves it to the song again."""

    def edit(song: Song) -> Song:
        chart = song.charts[index]
        kept = dict(habits(chart))
        kept.pop(name, None)
        if value is not None:
            kept[name] = value
        rows = tuple(sorted(kept.items()))
        return song.with_chart(index, replace(chart, extra=chart.extra.set(OWNER, rows or None)))

    return edit


def clear(index: int) -> Edit:
    """Leave every habit to the song."""

    def edit(song: Song) -> Song:
        chart = song.charts[index]
        return song.with_chart(index, replace(chart, extra=chart.extra.set(OWNER, None)))

    return edit

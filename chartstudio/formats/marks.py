"""What an export says of its charts: who drafted them, and difficulties by known names.

Pure functions from song to song, used as `Format.prepare`. They never touch the open song,
so a mark lasts exactly as long as generated notes do; one that came in with a file is the
author's text and stays. This module knows no file's grammar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from chartstudio.core.note import slice_notes
from chartstudio.core.provenance import generated
from chartstudio.core.song import Chart, Song
from chartstudio.formats.stepmania_dialect import DIFFICULTIES

AI_MARK = "AI-assisted (ChartStudio)"
"""What the credit of a chart with generated parts says."""

OSU_TAGS = ("ai-assisted", "chartstudio")
"""The same in osu!'s tags, which are words in lower case."""

_METER_NAMES = ((2, "Beginner"), (4, "Easy"), (7, "Medium"), (10, "Hard"))
"""Highest meter of each of StepMania's difficulties below Challenge."""

_STEPMANIA_OWNERS = ("sm", "ssc")


def is_generated(chart: Chart) -> bool:
    """Whether a generated stretch of the chart still holds notes, edited since or not."""
    return any(slice_notes(chart.notes, g.start, g.end) for g in generated(chart))


def with_mark(text: str) -> str:
    """A line about a chart's author, with the mark at its end; it is never said twice."""
    if AI_MARK in text:
        return text
    return f"{text}, {AI_MARK}" if text else AI_MARK


def osu_prepare(song: Song) -> Song:
    """The song with osu!'s usual tags where a chart has generated parts."""
    if not any(map(is_generated, song.charts)):
        return song
    said = song.metadata.tags.lower().split()
    new = [tag for tag in OSU_TAGS if tag not in said]
    tags = " ".join((song.metadata.tags, *new)).strip()
    return replace(song, metadata=replace(song.metadata, tags=tags))


def stepmania_prepare(field: Literal["credit", "label"]) -> Callable[[Song], Song]:
    """How StepMania wants its charts: under names that it knows, generated ones marked.

    Parameters
    ----------
    field : {"credit", "label"}
        Where the mark goes. A chart has one line for its name and its author both in an .sm
        file.
    """

    def prepare(song: Song) -> Song:
        charts = _named(song.charts)
        return replace(song, charts=tuple(_marked(c, field) for c in charts))

    return prepare


def _marked(chart: Chart, field: Literal["credit", "label"]) -> Chart:
    if not is_generated(chart):
        return chart
    if field == "credit":
        return replace(chart, credit=with_mark(chart.credit))
    return replace(chart, label=with_mark(chart.label))


def _named(charts: tuple[Chart, ...]) -> tuple[Chart, ...]:
    """Give charts a difficulty that StepMania knows, their own name as description.

    The game shows one chart of each difficulty per style, and any number of edits. What came
    from its own files is left as it is.
    """
    keeping = [_keeps_name(charts, i) for i in range(len(charts))]
    taken = {(c.mode, c.name) for c, keeps in zip(charts, keeping, strict=True) if keeps}
    named = []
    for chart, keeps in zip(charts, keeping, strict=True):
        if keeps:
            named.append(chart)
            continue
        level = chart.level or 1
        name = next((n for top, n in _METER_NAMES if level <= top), "Challenge")
        if (chart.mode, name) in taken:
            name = "Edit"
        taken.add((chart.mode, name))
        named.append(replace(chart, name=name, label=chart.label or chart.name))
    return tuple(named)


def _keeps_name(charts: tuple[Chart, ...], index: int) -> bool:
    """Whether a chart's name is one of the game's and no other chart's before it."""
    chart = charts[index]
    if chart.name not in DIFFICULTIES:
        return False
    if chart.name == "Edit" or any(chart.extra.get(o) is not None for o in _STEPMANIA_OWNERS):
        return True
    return all((c.mode, c.name) != (chart.mode, chart.name) for c in charts[:index])

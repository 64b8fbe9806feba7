"""Which layer of the music the notes of a stretch are to follow.

Kept in the chart's `Extra`, as the painted density is. Knows charts and the names of layers;
refuses to know who hears them.
"""

from __future__ import annotations

from dataclasses import replace

from chartstudio.core.song import Chart, Song
from chartstudio.editor.document import Edit
from chartstudio.editor.painted import FOLLOW, Span, joined, stroked, values_over

LAYERS = ("none", "all", "drums", "lead", "bass", "chords")
"""The names are those of a draft request; ``none`` is a rest."""

REST = "none"

_ALONE = frozenset({"none", "all"})
"""Layers that leave nothing to be followed together with them."""

Layers = tuple[str, ...]
"""One layer, or several that are followed together, in the order of `LAYERS`."""

Section = tuple[int, int, Layers]
"""Ticks ``[start, end)`` and what is followed there."""


def sections(chart: Chart) -> tuple[Section, ...]:
    """The stretches of a chart that are told what to follow, in order and apart."""
    return tuple((start, end, tuple(layers)) for start, end, layers in chart.extra.get(FOLLOW, ()))


def follow(index: int, span: Span, layers: Layers) -> Edit:
    """Let a stretch of a chart follow these layers; none of them leaves it to the engine."""

    def edit(song: Song) -> Song:
        chart = song.charts[index]
        rows = joined(stroked(sections(chart), [(*span, layers or None)]))
        return song.with_chart(index, replace(chart, extra=chart.extra.set(FOLLOW, rows or None)))

    return edit


def over(chart: Chart, span: Span) -> Layers | None:
    """What a stretch follows: empty where nothing is said, None where its parts differ."""
    found = values_over(sections(chart), span)
    return (found[0] or ()) if len(found) == 1 else None


def toggled(layers: Layers, name: str) -> Layers:
    """The layers with one switched; a rest, and all of them, stand alone."""
    if name in layers:
        return tuple(layer for layer in layers if layer != name)
    if name in _ALONE:
        return (name,)
    now = {name, *(set(layers) - _ALONE)}
    return tuple(layer for layer in LAYERS if layer in now)


def entries(rows: tuple[Section, ...]) -> tuple[tuple[int, int, str], ...]:
    """The same with a row for each layer, as a draft request has them."""
    return tuple((start, end, layer) for start, end, layers in rows for layer in layers)

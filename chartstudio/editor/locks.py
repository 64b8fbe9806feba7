"""Which notes the chosen locks hold fast when a stretch of a chart is redrawn.

Knows notes and modes; the locks' names are those of a draft request.
"""

from __future__ import annotations

from chartstudio.core.mode import Mode
from chartstudio.core.note import Note, slice_notes
from chartstudio.core.song import Chart
from chartstudio.editor.finish import Span

LOCKS = ("notes", "lanes", "rhythm", "placement")

_CONTRARY = {
    "notes": frozenset({"lanes", "rhythm", "placement"}),
    "lanes": frozenset({"notes"}),
    "rhythm": frozenset({"notes", "placement"}),
    "placement": frozenset({"notes", "rhythm"}),
}
"""Locks that leave nothing to draw together, or of which one says what the other does."""


def toggled(locks: frozenset[str], name: str) -> frozenset[str]:
    """The locks with one switched; switched on, it drops those that it contradicts."""
    if name in locks:
        return locks - {name}
    return (locks - _CONTRARY.get(name, frozenset())) | {name}


def toggled_lane(lanes: frozenset[int], lane: int, n_lanes: int) -> frozenset[int]:
    """The locked lanes with one switched; one lane always stays open."""
    now = lanes ^ {lane}
    return lanes if len(now) >= n_lanes else now


def fitting(
    locks: frozenset[str], lanes: frozenset[int], mode: Mode
) -> tuple[frozenset[str], frozenset[int]]:
    """The locks and lanes that mean something in a mode; one without lanes has none to lock."""
    n_lanes = len(mode.layout.lanes)
    if n_lanes < 2:
        return locks - {"lanes"}, frozenset()
    return locks, lanes & frozenset(range(n_lanes)) if "lanes" in locks else frozenset()


def staying(
    chart: Chart, mode: Mode, span: Span, locks: frozenset[str], lanes: frozenset[int]
) -> frozenset[Note]:
    """The notes of a stretch that stay where and as they are."""
    notes = slice_notes(chart.notes, *span)
    if "notes" in locks:
        return frozenset(notes)
    if "lanes" in locks and lanes and mode.layout.lanes:
        return frozenset(n for n in notes if int(mode.spot(n)[0]) in lanes)
    return frozenset()

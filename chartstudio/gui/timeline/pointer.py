"""What lies under the mouse: zone, chart, tick, lane, note.

Knows a scene; draws nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from chartstudio.core.note import Note
from chartstudio.core.song import Song
from chartstudio.editor.selection import Selection
from chartstudio.gui.timeline.arrays import ChartArrays
from chartstudio.gui.timeline.bands import GUTTER_PX, StripBand, Zone
from chartstudio.gui.timeline.drag import Part, Pointer, Rules
from chartstudio.gui.timeline.looks import LIFT
from chartstudio.gui.timeline.notes import head_size, seen_notes
from chartstudio.gui.timeline.rows import stretches
from chartstudio.gui.timeline.scene import Scene
from chartstudio.gui.timeline.verbs import measure_around
from chartstudio.gui.timeline.view import ViewState
from chartstudio.modes import MODES

TAIL_PX = 6.0
"""How close to its end a hold is grabbed by the tail."""

FLAG_LEFT_PX, FLAG_RIGHT_PX = 4.0, 10.0
"""How far beside its line the flag of a tempo change is grabbed."""

_LEAST_PX = 4.0
"""A head is grabbed from at least so far."""


def pointer_at(scene: Scene, x: float, y: float, strip_chart: int | None = None) -> Pointer:
    """Everything about a point of the widget.

    Parameters
    ----------
    scene : Scene
    x, y : float
        Widget pixels.
    strip_chart : int, optional
        Measure lanes and ticks in this chart's strip, wherever the point is: a drag that has
        left its strip still belongs to it.
    """
    zone, strip = scene.bands.zone_at(y)
    if strip_chart is not None and scene.bands.strip_of(strip_chart) is not None:
        strip = scene.bands.strip_of(strip_chart)
    if x < GUTTER_PX:
        zone = Zone.NOTHING
    if strip is None:
        tick = scene.view.tick_at_x(x - GUTTER_PX, scene.timing)
        at = Pointer(x, y, zone, scene.selection.chart, tick)
        anchor = anchor_at(scene, x) if zone is Zone.TEMPO else None
        return replace(at, seconds=scene.view.seconds_at_x(x - GUTTER_PX), anchor=anchor)
    chart = chart_of(scene, strip)
    note, part = note_at(scene, strip, chart, x, y)
    return Pointer(
        x,
        y,
        zone,
        chart=strip.chart,
        tick=scene.view.tick_at_x(x - GUTTER_PX, chart.timing),
        row=strip.row_at(y),
        lane=strip.lane_at(y),
        note=note,
        part=part,
        editable=chart.editable,
        seconds=scene.view.seconds_at_x(x - GUTTER_PX),
    )


def anchor_at(scene: Scene, x: float) -> int | None:
    """Tick of the tempo change whose flag lies under a pixel; of several the nearest."""
    ticks = np.unique([a.tick for a in scene.timing.anchors])
    off_px = x - GUTTER_PX - scene.view.x_of_ticks(ticks, scene.timing)
    near = np.flatnonzero((off_px >= -FLAG_LEFT_PX) & (off_px <= FLAG_RIGHT_PX))
    return int(ticks[near[np.argmin(np.abs(off_px[near]))]]) if len(near) else None


def chart_of(scene: Scene, strip: StripBand) -> ChartArrays:
    """The chart that a strip shows."""
    return scene.charts[scene.bands.strips.index(strip)]


def note_at(
    scene: Scene, strip: StripBand, chart: ChartArrays, x: float, y: float
) -> tuple[Note | None, Part | None]:
    """The note under a point, and what of it: the nearest head, else a tail, else a body."""
    row = strip.row_at(y)
    if not 0 <= row < strip.n_lanes:
        return None, None
    notes = chart.notes
    seen = seen_notes(scene, notes)
    first = notes.lanes[seen.index]
    seen = seen.where((first <= int(row)) & (int(row) < first + notes.faces.widths[seen.index]))
    if not len(seen.index):
        return None, None
    symbol = chart.lanes[int(row)].symbol
    reach = max(head_size(symbol, strip.lane_px, scene.view.seconds_per_px)[0] / 2, _LEAST_PX)
    from_head, from_tail = np.abs(seen.x - x), np.abs(seen.end_x - x)
    long = notes.ends[seen.index] > notes.ticks[seen.index]
    # Of several that stand above each other in one row, the nearest in height.
    middles = notes.lanes[seen.index] + 0.5 + notes.faces.lifts[seen.index] / LIFT
    nearest = int(np.argmin(np.hypot(from_head, (middles - row) * strip.lane_px)))
    tails = np.flatnonzero(long & (from_tail <= TAIL_PX) & (from_tail < from_head[nearest]))
    if len(tails):
        return notes.notes[seen.index[tails[0]]], Part.TAIL
    if from_head[nearest] <= reach:
        return notes.notes[seen.index[nearest]], Part.HEAD
    bodies = np.flatnonzero(long & (seen.x <= x) & (x <= seen.end_x))
    if len(bodies):
        return notes.notes[seen.index[bodies[-1]]], Part.BODY
    return None, None


def rules_for(
    song: Song,
    selection: Selection,
    view: ViewState,
    chart: int,
    catch: Callable[[float], float] = float,
) -> Rules:
    """What presses mean on a chart; ``catch`` draws dragged times to sounds."""
    timing = song.timing_of(song.charts[chart]) if chart < len(song.charts) else song.timing
    mode = MODES.get(song.charts[chart].mode) if chart < len(song.charts) else None
    return Rules(
        tool=view.tool_kind,
        stretches=stretches(mode, view.tool_kind),
        selection=selection,
        snap=lambda tick: timing.snap(tick, view.snap),
        measure=lambda tick: measure_around(timing, tick),
        drags_beats=view.drags_beats,
        beat=lambda tick: timing.snap(tick, 4),
        seconds=timing.seconds_at,
        catch=catch,
    )

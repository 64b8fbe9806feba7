"""What the mouse and the keys do to the painted density of the active chart."""

from __future__ import annotations

from typing import Any

from chartstudio.core.note import Note
from chartstudio.editor import density, painted
from chartstudio.editor.density import STEP, Stroke
from chartstudio.editor.finish import Span, bars_of
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.density_lane import PaintDensity
from chartstudio.gui.timeline.tempo_verbs import TempoVerbs
from chartstudio.gui.timeline.verbs import measure_around

_FROM = 1.0
"""Note times per beat that a bar starts from when nothing is painted and nothing stands there."""


class DensityVerbs(TempoVerbs):
    """Commands on the density curve; `Timeline` provides the rest."""

    def perform(self, action: Any) -> None:
        """Do what a step of a drag asks for."""
        match action:
            case PaintDensity(chart, strokes):
                self.paint_density(chart, strokes)
            case _:
                super().perform(action)

    def paint_density(self, chart: int, strokes: tuple[Stroke, ...]) -> None:
        """Paint on a chart, as one step; the lane comes into view."""
        if chart < len(self.document.song.charts):
            erases = all(value is None for _, _, value in strokes)
            label = tr("Clear density") if erases else tr("Paint density")
            self.document.apply(label, density.paint(chart, strokes))
        self.view.density_lane = True

    def density_bars(self) -> tuple[Span, ...]:
        """The bars that keys paint: those of the selected range, else the one at the cursor."""
        span = self.document.selection.range or measure_around(self.timing, self.cursor_tick)
        start = measure_around(self.timing, span[0])[0]
        end = measure_around(self.timing, max(span[1] - 1, span[0]))[1]
        return bars_of(self.timing, start, end)

    def nudge_density(self, steps: int) -> None:
        """Paint the bars denser or sparser: from what is painted, else from what stands there."""
        chart = self.document.active_chart
        if chart is None:
            return
        curve, strokes = density.curve(chart), list[Stroke]()
        for start, end in self.density_bars():
            now = painted.at(curve, start)
            if now is None:
                ((_, _, now),) = density.density_of(chart.notes, self.timing, start, end)
                now = now or _FROM
            strokes.append((start, end, density.fitting(now + steps * STEP)))
        self.paint_density(self.document.selection.chart, tuple(strokes))

    def clear_density(self) -> None:
        """Take away what is painted in the selected range, or everywhere without one."""
        chart, span = self.document.active_chart, self.document.selection.range
        if chart is None or not density.curve(chart):
            return
        curve = density.curve(chart)
        whole = curve[0][0], curve[-1][1]
        start, end = whole if span is None else span
        self.paint_density(self.document.selection.chart, ((start, end, None),))

    def paint_density_of(self, notes: tuple[Note, ...], span: Span) -> None:
        """Paint the density that some notes have, over whole bars."""
        strokes = density.density_of(notes, self.timing, *span)
        self.paint_density(self.document.selection.chart, strokes)

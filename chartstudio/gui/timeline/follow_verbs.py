"""What the mouse and the keys do to the followed layers of the active chart."""

from __future__ import annotations

from typing import Any

from chartstudio.editor import follow
from chartstudio.editor.finish import Span
from chartstudio.editor.follow import Layers
from chartstudio.gui.layers import spoken
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.density_verbs import DensityVerbs
from chartstudio.gui.timeline.follow_lane import Follow


class FollowVerbs(DensityVerbs):
    """Commands on followed layers; `Timeline` provides the rest."""

    def perform(self, action: Any) -> None:
        """Do what a step of a drag asks for."""
        match action:
            case Follow(chart, span, layers):
                self.follow_layers(chart, span, layers)
            case _:
                super().perform(action)

    def follow_layers(self, chart: int, span: Span, layers: Layers) -> None:
        """Let a stretch of a chart follow layers, as one step; none leaves it to the engine."""
        if chart < len(self.document.song.charts):
            label = tr("Follow {layers}", layers=spoken(layers)) if layers else tr("Follow nothing")
            self.document.apply(label, follow.follow(chart, span, layers))

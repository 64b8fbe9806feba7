"""The layers of the music that notes can follow, in words."""

from __future__ import annotations

from chartstudio.core.song import Chart
from chartstudio.editor.finish import Span
from chartstudio.editor.follow import LAYERS, REST, Layers, over
from chartstudio.engine.requests import ModelCard
from chartstudio.gui.text import tr

FACES = {
    "none": ("Rest", "No notes here at all"),
    "all": ("All", "Everything that sounds"),
    "drums": ("Drums", "The drums"),
    "lead": ("Lead", "The tune: voice or lead instrument"),
    "bass": ("Bass", "The bass line"),
    "chords": ("Chords", "Chords and pads behind the tune"),
}
"""Face and help of each layer."""


def spoken(layers: Layers) -> str:
    """What is followed, in words: ``drums + lead``."""
    return " + ".join(tr(FACES[name][0]).lower() for name in layers if name in FACES)


def known_layers(card: ModelCard | None) -> tuple[str, ...]:
    """What a model can be told to follow; every one can leave bars empty."""
    if card is None:
        return ()
    return tuple(name for name in LAYERS if name == REST or name in card.layers)


def followed(chart: Chart | None, span: Span | None) -> Layers | None:
    """What a stretch of a chart follows; None where its parts differ, or there is none."""
    return None if chart is None or span is None else over(chart, span)

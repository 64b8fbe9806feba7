"""The commands on followed layers and habits: their part of the table in `actions`."""

from __future__ import annotations

from chartstudio.editor import style
from chartstudio.editor.follow import LAYERS, sections, toggled
from chartstudio.gui.command import Command
from chartstudio.gui.layers import FACES, followed, known_layers
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr

_KEYS = {
    **{"none": "Ctrl+Alt+R", "all": "Ctrl+Alt+A", "drums": "Ctrl+Alt+U", "lead": "Ctrl+Alt+E"},
    **{"bass": "Ctrl+Alt+W", "chords": "Ctrl+Alt+C"},
}


def toggle_layer(studio: Studio, name: str) -> None:
    """Follow a layer in the selected range, or in the whole song, besides the others there.

    A stretch whose parts differ follows the layer alone from then on.
    """
    chart, span = studio.document.active_chart, studio.drafting.target_range()
    if chart is None or span is None:
        return
    layers = toggled(followed(chart, span) or (), name)
    studio.timeline.follow_layers(studio.document.selection.chart, span, layers)


def clear_layers(studio: Studio) -> None:
    """Leave the selected range to the engine, or everything without one."""
    chart, span = studio.document.active_chart, studio.document.selection.range
    if chart is None or not sections(chart):
        return
    rows = sections(chart)
    whole = rows[0][0], rows[-1][1]
    studio.timeline.follow_layers(studio.document.selection.chart, span or whole, ())


def _can_follow(studio: Studio, name: str) -> bool:
    drafting = studio.drafting
    known = studio.document.active_chart is not None and not drafting.refusal
    return known and drafting.target_range() is not None and name in known_layers(drafting.card)


def _follows(studio: Studio, name: str) -> bool:
    span = studio.drafting.target_range()
    return name in (followed(studio.document.active_chart, span) or ())


def _has_sections(studio: Studio) -> bool:
    chart = studio.document.active_chart
    return chart is not None and bool(sections(chart))


def _layer(name: str) -> Command:
    return Command(
        f"follow.{name}", f"Follow: {FACES[name][0].lower()}", lambda s: toggle_layer(s, name),
        _KEYS[name], lambda s: _can_follow(s, name), checked=lambda s: _follows(s, name),
    )  # fmt: skip


def _flip_style(studio: Studio) -> None:
    studio.drafting.set(shows_style=not studio.drafting.settings.shows_style)


def reset_style(studio: Studio) -> None:
    """Leave every habit of the active chart to the song."""
    edit = style.clear(studio.document.selection.chart)
    studio.document.apply(tr("Reset the style"), edit)


def _has_habits(studio: Studio) -> bool:
    chart = studio.document.active_chart
    return chart is not None and bool(style.habits(chart))


def _can_style(studio: Studio) -> bool:
    card = studio.drafting.card
    return card is not None and bool(card.styles) and not studio.drafting.refusal


FOLLOW: tuple[Command, ...] = (
    *map(_layer, LAYERS),
    Command(
        "follow.clear", "Follow nothing in particular", clear_layers, "Ctrl+Alt+F", _has_sections
    ),
)

STYLE: tuple[Command, ...] = (
    Command(
        "style.show", "Style sliders", _flip_style, "Y", _can_style,
        checked=lambda s: s.drafting.settings.shows_style,
    ),
    Command("style.reset", "Leave the style to the song", reset_style, "Shift+Y", _has_habits),
)  # fmt: skip

GUIDANCE: tuple[Command, ...] = (*FOLLOW, *STYLE)

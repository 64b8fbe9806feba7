"""Which layer of the music is followed: a part of the Draft panel."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from chartstudio.editor.follow import REST, sections
from chartstudio.gui import text
from chartstudio.gui.layers import FACES, followed, known_layers, spoken
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.parts import column, heading, label, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import count, tr


class FollowSection(QWidget):
    """Switches for the layers that the selected range follows, and what the rest does.

    Parameters
    ----------
    studio : Studio
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Follow")))
        self.switches = {
            name: CommandButton(
                f"follow.{name}", tr(face), tr("{what}, in the selection or the song", what=tr(tip))
            )
            for name, (face, tip) in FACES.items()
        }
        layout.addLayout(row(*self.switches.values(), spacing=3))
        self.clear = CommandButton(
            "follow.clear",
            tr("Clear"),
            tr("Leave the selection to the engine, or everything without one"),
        )
        self.state = label(role="muted", wrap=True)
        layout.addLayout(row(self.state, self.clear, wide=(0,)))
        studio.drafting.changed.connect(self.refresh)
        studio.bridge.changed.connect(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Say what is followed here."""
        chart = self._studio.document.active_chart
        self.clear.setVisible(chart is not None and bool(sections(chart)))
        self.state.setText(self._state())

    def _state(self) -> str:
        studio = self._studio
        card, chart = studio.drafting.card, studio.document.active_chart
        if card is None:
            return tr("No model is in use that could be read.")
        if set(known_layers(card)) <= {REST}:
            return tr(
                "The model {name} does not tell layers apart: it can only be told to rest.",
                name=card.name,
            )
        span = studio.drafting.target_range()
        if chart is None or span is None:
            return tr("Once there is a chart, its parts can follow layers.")
        layers, n = followed(chart, span), len(sections(chart))
        where = text.bars(studio.document.song.timing_of(chart), *span)
        if layers is None:
            return tr("{where}: parts follow different layers.", where=where)
        if layers:
            return tr("{where}: {layers}.", where=where, layers=spoken(layers))
        if n:
            said = count(n, "{n} section is told", "{n} sections are told")
            return tr("{where}: the engine decides. Elsewhere {said}.", where=where, said=said)
        return tr("Nothing said: the engine decides.")

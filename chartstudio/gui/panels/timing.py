"""The Timing panel: find the tempo, set it by hand, and see whether it holds."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QScrollArea, QWidget

from chartstudio.core.errors import ChartStudioError
from chartstudio.gui.panels.beat_stack import BeatBox
from chartstudio.gui.panels.parts import column
from chartstudio.gui.panels.tempo_anchors import AnchorBox
from chartstudio.gui.panels.tempo_found import FoundBox
from chartstudio.gui.panels.tempo_hand import ChoicesBox, HandBox, TapBox
from chartstudio.gui.studio import Studio


class TimingPanel(QWidget):
    """Everything about the timing of the active chart.

    Parameters
    ----------
    studio : Studio
    """

    find_asked = Signal()

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.found = FoundBox(studio.bridge, studio.tempo, self._attempt)
        self.found.find_asked.connect(self.find_asked)
        self.choices = ChoicesBox(studio, self._attempt)
        self.hand = HandBox(studio, self._attempt)
        self.tap = TapBox(studio, self._attempt)
        self.anchors = AnchorBox(studio, self._attempt)
        self.beats = BeatBox(studio, self._attempt)
        self._lay_out()
        studio.tempo.changed.connect(self._show)
        studio.bridge.changed.connect(self._show)
        studio.files.sound_changed.connect(self._show)
        studio.playback.moved.connect(self._show_place)
        self._show()

    def _lay_out(self) -> None:
        content = QWidget()
        layout = column(content, margin=14, spacing=14)
        for box in (self.found, self.hand, self.tap, self.choices, self.beats, self.anchors):
            layout.addWidget(box)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column(self, margin=0).addWidget(scroll)

    def _attempt(self, run: Callable[[], object]) -> None:
        """Do something to the timing; tell why when it cannot be done."""
        try:
            run()
        except ChartStudioError as error:
            self._studio.timeline.refused.emit(error)
            # What a field says but the song refused goes back to what is so.
            self.hand.show_state(anew=True)

    def _show(self) -> None:
        self.found.show_state()
        self.tap.show_state()
        self.anchors.show_state()
        self.choices.show_rows()
        self._show_place()

    def _show_place(self) -> None:
        """Show what depends on the playhead; while nobody looks, not at all."""
        self.hand.show_state()
        if self.isVisible():
            self.beats.show_state()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what has changed unseen."""
        self._show()
        super().showEvent(event)

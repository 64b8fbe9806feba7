"""The playfield preview with the kinds of note that a click puts."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chartstudio.gui.bridge import Bridge
from chartstudio.gui.panels.parts import Segments, column, heading, row
from chartstudio.gui.playfield.view import PlayfieldView
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.rows import kind_for
from chartstudio.modes import MODES


class PlayfieldPanel(QWidget):
    """Shows the playfield of the active chart's mode and the tool to put notes with.

    Parameters
    ----------
    studio : Studio
    """

    wanted = Signal(bool)
    """Whether the active chart's mode has a playfield, when that changes."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        bridge: Bridge = studio.bridge
        self.view = PlayfieldView(studio.timeline, bridge, studio.playback.position)
        self.kinds = Segments(tr("Kind of note"), ())
        self._mode_id = ""
        self._place: QVBoxLayout = column(self, margin=10, spacing=6)
        self._title = heading(tr("Playfield"))
        self._head = row(self._title, None, self.kinds)
        self._place.addLayout(self._head)
        self._place.addWidget(self.view, 1)
        self.setAutoFillBackground(True)
        bridge.changed.connect(self._show)
        studio.view.changed.connect(self._show_kind)
        studio.drafting.changed.connect(self.view.update)
        studio.playback.moved.connect(self.view.update)
        self._show()

    @property
    def has_field(self) -> bool:
        """Whether there is something to show."""
        return self.view.field is not None

    def _show(self) -> None:
        chart = self._studio.document.active_chart
        mode_id = chart.mode if chart is not None and self.has_field else ""
        if mode_id == self._mode_id:
            return
        had = bool(self._mode_id)
        self._mode_id = mode_id
        kinds = MODES[mode_id].kinds if mode_id else ()
        self._head.removeWidget(self.kinds)
        self.kinds.hide()
        self.kinds.deleteLater()
        self.kinds = Segments(tr("Kind of note"), tuple((kind, tr(kind)) for kind in kinds))
        self.kinds.chosen.connect(self._choose)
        self._head.addWidget(self.kinds)
        self._show_kind()
        if had != bool(mode_id):
            self.wanted.emit(bool(mode_id))

    def _choose(self, kind: object) -> None:
        self._studio.view.tool_kind = str(kind)

    def _show_kind(self) -> None:
        if self._mode_id:
            tool = self._studio.view.tool_kind
            self.kinds.show_value(kind_for(MODES[self._mode_id], tool) if tool else None)

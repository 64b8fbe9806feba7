"""What a redraw leaves as it is: a part of the Draft panel."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QWidget

from chartstudio.gui.finish_commands import N_LANE_LOCKS
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.parts import Segments, column, heading, label, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.modes import MODES

_FACES = {
    "notes": ("Notes", "All notes here stay; new ones come in between them."),
    "lanes": ("Lanes", "The order of lanes stays; when and what the notes are is drawn anew."),
    "rhythm": ("Rhythm", "The times stay; where and what the notes are is drawn anew."),
    "placement": ("Places", "The rows stay, one after the other; the times are drawn anew."),
}
"""Face and help of each lock."""

_SOME_LANES = "All notes in the chosen lanes stay, and nothing is added there."
_N_COLUMNS = 10


class LocksSection(QWidget):
    """Switches for the locks, the lanes they hold, and what happens to holds at the edges.

    Parameters
    ----------
    studio : Studio
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Lock when redrawing")))
        self.switches = {
            name: CommandButton(f"lock.{name}", tr(face), tr(tip), "lock")
            for name, (face, tip) in _FACES.items()
        }
        layout.addLayout(row(*self.switches.values(), spacing=4))
        self._lanes = QWidget()
        grid = QGridLayout(self._lanes)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(3)
        self.lanes = [
            CommandButton(f"lock.lane-{i + 1}", str(i + 1), tr("Lock lane {n}", n=i + 1), "lock")
            for i in range(N_LANE_LOCKS)
        ]
        for i, made in enumerate(self.lanes):
            made.setMinimumWidth(22)
            grid.addWidget(made, i // _N_COLUMNS, i % _N_COLUMNS)
        layout.addWidget(self._lanes)
        self.help = label(role="muted", wrap=True)
        layout.addWidget(self.help)
        self.holds = Segments(
            tr("Holds at the edges"), ((False, tr("Keep whole")), (True, tr("Cut")))
        )
        self.holds.setToolTip(
            tr("What holds do that reach into what is redrawn: stay whole, or end there (H)")
        )
        self.holds.chosen.connect(lambda cut: studio.drafting.set(cut_holds=cut))
        layout.addLayout(row(label(tr("Holds at the edges"), "muted"), None, self.holds))
        studio.drafting.changed.connect(self.refresh)
        studio.bridge.changed.connect(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show the locks as they are."""
        settings, chart = self._studio.drafting.settings, self._studio.document.active_chart
        mode = MODES.get(chart.mode) if chart is not None else None
        n_lanes = len(mode.layout.lanes) if mode is not None else 0
        on = settings.locks if n_lanes > 1 else settings.locks - {"lanes"}
        self.switches["lanes"].setVisible(mode is None or n_lanes > 1)
        for i, made in enumerate(self.lanes):
            made.setVisible(i < n_lanes)
        self._lanes.setVisible("lanes" in on and n_lanes > 1)
        lines = [
            tr(_SOME_LANES if name == "lanes" and settings.lanes else tip)
            for name, (_, tip) in _FACES.items()
            if name in on
        ]
        if "lanes" in on and not settings.lanes:
            lines.append(tr("Choose lanes to keep only those as they are."))
        self.help.setText("\n".join(lines))
        self.help.setVisible(bool(lines))
        self.holds.show_value(settings.cut_holds)

"""The painted density, in figures and buttons: a part of the Draft panel."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from chartstudio.editor import density
from chartstudio.editor.finish import bars_of
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.parts import JobBar, column, heading, label, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import count, tr


class DensitySection(QWidget):
    """Shows whether a curve is painted, which every draft then follows.

    Parameters
    ----------
    studio : Studio
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Density")))
        self.show_lane = CommandButton(
            "density.show",
            tr("Lane"),
            tr("Show the lane on which notes per beat are painted over the bars"),
        )
        self.start = CommandButton(
            "density.start",
            tr("From ghosts"),
            tr("Paint the curve that the ghosts have, or without ghosts the chart"),
        )
        self.clear = CommandButton(
            "density.clear",
            tr("Clear"),
            tr("Take away what is painted in the selection, or everywhere"),
        )
        self.from_song = CommandButton(
            "density.song",
            tr("From the song"),
            tr("Paint what the song suggests at the level above, in the selection or everywhere"),
        )
        layout.addLayout(row(self.show_lane, self.from_song, self.start, self.clear, spacing=4))
        self.bar = JobBar(tr("listening for the density"), studio.song_density.cancel)
        layout.addWidget(self.bar)
        self.state = label(role="muted", wrap=True)
        layout.addWidget(self.state)
        studio.drafting.changed.connect(self.refresh)
        studio.song_density.changed.connect(self._show_running)
        studio.bridge.changed.connect(lambda _: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Say what is painted."""
        studio = self._studio
        chart, has_ghosts = studio.document.active_chart, studio.drafting.ghosts is not None
        self.start.set_face(tr("From ghosts") if has_ghosts else tr("From chart"))
        painted = density.curve(chart) if chart is not None else ()
        if chart is None or not painted:
            self.state.setText(tr("Nothing painted: the level decides."))
            return
        timing = studio.document.song.timing_of(chart)
        n_bars = sum(len(bars_of(timing, start, end)) for start, end, _ in painted)
        self.state.setText(
            count(
                n_bars,
                "Painted over {n} bar: drafts follow it there.",
                "Painted over {n} bars: drafts follow it there.",
            )
        )

    def _show_running(self) -> None:
        found = self._studio.song_density
        if found.running and found.progress is not None:
            self.bar.show_progress(found.progress.done, found.progress.what)
        else:
            self.bar.hide()

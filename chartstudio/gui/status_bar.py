"""The line at the bottom: where, what is selected, how dense, what the engine does, saved."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar

from chartstudio.core.note import slice_notes
from chartstudio.editor.document import Change
from chartstudio.gui import text
from chartstudio.gui.jobs import Lane
from chartstudio.gui.panels.parts import button, label, restyle
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.modes import MODES

_MESSAGE_MS = 8000
_NPS_WINDOW_S = 1.0
"""Notes per second are counted half of this to either side of the playhead."""


class StatusBar(QStatusBar):
    """Shows the state of a studio.

    Parameters
    ----------
    studio : Studio
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._refusal = ""
        self.setSizeGripEnabled(False)
        self._saved = self._add(tr("Saved state"))
        self._position = self._add(tr("Position"))
        self._snap = self._add(tr("Snap"))
        self._selection = self._add(tr("Selection"))
        self._density = self._add(tr("Notes per second here"))
        self._ghosts = self._add(tr("Ghosts"))
        self._bar = QProgressBar()
        # In whole percents: a bar repaints at once with every other value.
        self._bar.setMaximum(100)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(110)
        self._bar.setAccessibleName(tr("Reading and writing"))
        self._stop = button(tr("Cancel"), studio.files.cancel, "flat", tr("Cancel reading"))
        self._engine = label()
        self._engine.setAccessibleName(tr("Engine state"))
        self._tempo = label()
        self._tempo.setAccessibleName(tr("Tempo and offset"))
        self._silent = label(tr("no sound"), "bad")
        self._silent.setAccessibleName(tr("No sound"))
        for widget in (self._bar, self._stop, self._silent, self._engine, self._tempo):
            self.addPermanentWidget(widget)
        studio.bridge.changed.connect(self._on_change)
        studio.playback.moved.connect(self._show_place)
        studio.playback.changed.connect(self._show_silence)
        studio.view.changed.connect(self._show_snap)
        studio.drafting.changed.connect(self._show_ghosts)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._show_jobs)
        studio.jobs.changed.connect(self._show_jobs_later)
        studio.files.changed.connect(self._show_jobs_later)
        self._show_song()
        self._show_place()
        self._show_silence()
        self._show_snap()
        self._show_ghosts()
        self._show_jobs()

    def _add(self, name: str) -> QLabel:
        made = label()
        made.setAccessibleName(name)
        self.addWidget(made)
        return made

    def tell(self, message: str) -> None:
        """Show a message for a while."""
        self.showMessage(message, _MESSAGE_MS)

    def refuse(self, message: str) -> None:
        """Say why something cannot be done, until something else is done."""
        self._refusal = message
        self.tell(message)

    def _on_change(self, change: Change) -> None:
        if change.new is not change.old and self.currentMessage() == self._refusal:
            # Why the last attempt failed is no word on the one that has just been made.
            self.clearMessage()
        self._show_song()

    def _show_song(self) -> None:
        document = self._studio.document
        song, selection, chart = document.song, document.selection, document.active_chart
        self._saved.setText(tr("● unsaved changes") if document.modified else tr("● saved"))
        role = "" if document.modified else "good"
        if self._saved.property("role") != role:
            self._saved.setProperty("role", role)
            restyle(self._saved)
        timing = song.timing if chart is None else song.timing_of(chart)
        parts = []
        n_notes = len(selection.notes)
        if selection.range is not None:
            parts.append(text.bars(timing, *selection.range).lower())
            if chart is not None and not n_notes:
                n_notes = len(slice_notes(chart.notes, *selection.range))
        if parts or n_notes:
            parts.append(text.count(n_notes, "{n} note", "{n} notes"))
        self._selection.setText(tr("selection: {what}", what=", ".join(parts)) if parts else "")
        self._tempo.setText(
            tr(
                "{tempo} · offset {offset} s",
                tempo=text.bpm(song.timing),
                offset=f"{song.timing.anchors[0].seconds:+.3f}",
            )
        )
        self._show_place()

    def _show_place(self) -> None:
        studio = self._studio
        song, chart = studio.document.song, studio.document.active_chart
        timing = song.timing if chart is None else song.timing_of(chart)
        now_s = studio.playback.position()
        self._position.setText(
            f"{text.clock(now_s)} · {text.bar_and_beat(timing, timing.tick_at(now_s))}"
        )
        if chart is None:
            self._density.setText("")
            return
        half_s = _NPS_WINDOW_S / 2
        near = slice_notes(
            chart.notes, timing.tick_at(now_s - half_s), timing.tick_at(now_s + half_s)
        )
        mode = MODES.get(chart.mode)
        n_near = len(near) if mode is None else sum(mode.counts(n) for n in near)
        self._density.setText(tr("{n} notes/s here", n=f"{n_near / _NPS_WINDOW_S:.0f}"))

    def _show_silence(self) -> None:
        notice = self._studio.playback.notice
        self._silent.setVisible(bool(notice))
        self._silent.setToolTip(notice)

    def _show_snap(self) -> None:
        self._snap.setText(tr("snap 1/{snap}", snap=self._studio.view.snap))

    def _show_ghosts(self) -> None:
        drafting = self._studio.drafting
        name = chr(ord("A") + drafting.shown)
        self._ghosts.setText(tr("ghosts: candidate {name}", name=name) if drafting.waiting else "")

    def _show_jobs_later(self) -> None:
        """Show them once for all that one round of deliveries changes."""
        if not self._later.isActive():
            self._later.start(0)

    def _show_jobs(self) -> None:
        studio, busy = self._studio, self._studio.files.busy
        self._bar.setVisible(busy is not None)
        self._stop.setVisible(busy is not None)
        if busy is not None:
            self._bar.setValue(round(busy.done * 100))
            self._bar.setToolTip(busy.what)
        running = studio.jobs.active(Lane.ENGINE)
        if running:
            progress = running[0].progress
            self._engine.setText(progress.what if progress else tr("engine waits"))
        else:
            ready = studio.engine.loaded
            self._engine.setText(tr("engine ready") if ready else tr("engine not loaded yet"))

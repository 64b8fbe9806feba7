"""The Export panel: for which game, where, what gets lost, and what was written."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QScrollArea, QVBoxLayout, QWidget

from chartstudio.formats import FORMATS
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.exporting import Exporter, Prospect
from chartstudio.gui.installing import Installer
from chartstudio.gui.panels.games import GamesPanel
from chartstudio.gui.panels.parts import (
    JobBar,
    button,
    column,
    exchange,
    heading,
    label,
    row,
)
from chartstudio.gui.text import tr
from chartstudio.library.sync import KEEP, SYNCS, came_with_choice, is_itg

_PAUSE_MS = 150
"""How long the hand must rest before the loss report is made again."""


class ExportPanel(QWidget):
    """Asks `Exporter` and shows the loss report before anything is written.

    Parameters
    ----------
    bridge : Bridge
    exporter : Exporter
    installer : Installer
    """

    start_asked = Signal()
    folder_asked = Signal()

    def __init__(self, bridge: Bridge, exporter: Exporter, installer: Installer) -> None:
        super().__init__()
        self._exporter = exporter
        self._document = bridge.document
        self._reported: Prospect | None = None
        self.format = QComboBox()
        self.format.setAccessibleName(tr("Format"))
        for known in FORMATS:
            self.format.addItem(known.title, known.id)
        self.format.activated.connect(lambda _: exporter.set_format(self.format.currentData()))
        self._build_sync()
        self._target = label(role="muted", wrap=True)
        self._target.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._choose = button(tr("Change…"), self.folder_asked.emit, tip=tr("Choose the folder"))
        self._losses = _Lines()
        self._start = button(tr("Export"), self.start_asked.emit, "primary")
        self._refusal = label(role="bad", wrap=True)
        self.bar = JobBar(tr("exporting"), exporter.cancel)
        self.games = GamesPanel(installer)
        self._done = heading(tr("Written"))
        self._written = _Lines()
        self._show_folder = button(
            tr("Open the folder"),
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(exporter.target))),
        )
        self._lay_out()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_PAUSE_MS)
        self._later.timeout.connect(self._look)
        exporter.changed.connect(self._show)
        bridge.changed.connect(self._on_change)
        self._show()

    def _build_sync(self) -> None:
        """Where beats go against the sound, for the games whose authors differ in that."""
        exporter = self._exporter
        self._sync_title = heading(tr("Sync"))
        self.sync = QComboBox()
        self.sync.setAccessibleName(tr("Sync"))
        self.sync.setToolTip(
            tr("Packs for ITG machines have every beat 9 ms before its sound; others do not.")
        )
        self.sync.activated.connect(lambda _: exporter.set_sync(self.sync.currentData()))
        self.itg = QCheckBox(tr("It came with ITG sync"))
        self.itg.setToolTip(
            tr("Its beats lie 9 ms before the sound already. Nothing in its files says so.")
        )
        self.itg.clicked.connect(exporter.note_itg)

    def _lay_out(self) -> None:
        content = QWidget()
        layout = column(content, margin=14, spacing=8)
        layout.addWidget(heading(tr("For")))
        layout.addWidget(self.format)
        for item in (self._sync_title, self.sync, self.itg):
            layout.addWidget(item)
        layout.addWidget(heading(tr("Into")))
        layout.addWidget(self._target)
        layout.addLayout(row(self._choose, None))
        layout.addWidget(heading(tr("What is lost or changed")))
        for item in (self._losses, self._refusal, self._start, self.bar):
            layout.addWidget(item)
        for item in (self._done, self._written):
            layout.addWidget(item)
        layout.addLayout(row(self._show_folder, None))
        layout.addSpacing(6)
        layout.addWidget(self.games)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column(self, margin=0).addWidget(scroll)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._show()

    def _on_change(self) -> None:
        # The loss report reads every chart: not with every note, and not behind another panel.
        if self.isVisible():
            self._show()

    def stop(self) -> None:
        """Look at no more exports."""
        self._later.stop()

    def _look(self) -> None:
        if self._document.song.charts:
            self._exporter.look()

    def _show(self) -> None:
        exporter = self._exporter
        if self.isVisible() and exporter.prospect is None and self._document.song.charts:
            self._later.start()
        self.format.setCurrentIndex(self.format.findData(exporter.format_id))
        self._show_sync()
        self._target.setText(str(exporter.target))
        refusal = exporter.refusal()
        self._refusal.setText(refusal)
        self._refusal.setVisible(bool(refusal))
        self._start.setEnabled(exporter.can_start)
        self._show_losses()
        if exporter.running and exporter.progress is not None:
            self.bar.show_progress(exporter.progress.done, exporter.progress.what)
        else:
            self.bar.hide()
        result = exporter.result
        self._written.show_lines([str(p) for p in result.files] if result else [])
        for widget in (self._done, self._written, self._show_folder):
            widget.setVisible(result is not None)

    def _show_sync(self) -> None:
        exporter, song = self._exporter, self._document.song
        came = came_with_choice(song)
        # Only files can have been synced in a way that is to be kept.
        offered = [s for s in SYNCS if came or s.id != KEEP]
        if [self.sync.itemData(i) for i in range(self.sync.count())] != [s.id for s in offered]:
            self.sync.clear()
            for known in offered:
                self.sync.addItem(tr(known.title), known.id)
        self.sync.setCurrentIndex(self.sync.findData(exporter.sync))
        self.itg.setChecked(is_itg(song))
        for widget in (self._sync_title, self.sync):
            widget.setVisible(exporter.has_sync)
        self.itg.setVisible(is_itg(song) or (came and exporter.has_sync))

    def _show_losses(self) -> None:
        found = self._exporter.prospect
        if found is not None and self.isVisible():
            self._exporter.note_shown(found)
        if found is self._reported and found is not None:
            return
        self._reported = found
        if found is None or found.plan is None:
            self._losses.show_lines([] if found is not None else [tr("Looking…")])
            return
        lines = [
            f"{loss.chart + ': ' if loss.chart else ''}{loss.what}"
            + (f" ({loss.n})" if loss.n else "")
            for loss in found.plan.losses
        ]
        self._losses.show_lines(lines or [tr("Nothing: it holds the whole song.")])


class _Lines(QWidget):
    """Some lines of text below each other."""

    def __init__(self) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(3)
        self._labels: list[QLabel] = []

    def show_lines(self, lines: list[str]) -> None:
        """Show these lines."""
        new = [label(line, "muted", wrap=True) for line in lines]
        for made in new:
            made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._labels = exchange(self._layout, self._labels, new)

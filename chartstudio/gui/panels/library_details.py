"""The song that is marked in the library: what it is, why it is left out, what can be done."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from chartstudio.gui import text
from chartstudio.gui.library import Library
from chartstudio.gui.panels.charts import mode_title
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.parts import (
    column,
    exchange,
    heading,
    label,
    restyle,
    row,
)
from chartstudio.gui.text import tr
from chartstudio.library import hand
from chartstudio.library.entries import ChartEntry, Pick, SongEntry
from chartstudio.modes import MODES

_PICKS = {
    Pick.LEAVE: "Left out by hand.",
    Pick.TAKE: "Taken in by hand, although: {why}.",
}


class SongDetails(QWidget):
    """Shows `Library.song`.

    Parameters
    ----------
    library : Library
    """

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self._shown: SongEntry | None = None
        self._title = label(role="title", wrap=True)
        self._facts = label(role="muted", wrap=True)
        self._verdict = label(wrap=True)
        self._refusal = label(role="muted", wrap=True)
        self._path = label(role="muted", wrap=True)
        self._path.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._many = label(role="muted", wrap=True)
        self.open = CommandButton(
            "library.open", tr("Open in the editor"), tr("Open this song"), "primary"
        )
        self.folder = CommandButton(
            "library.show-folder", tr("Show folder"), tr("Show its files in the file manager")
        )
        self.leave_out = CommandButton(
            "library.leave-out", tr("Leave out"), tr("Never train on the marked songs")
        )
        self.take_in = CommandButton(
            "library.take-in", tr("Take in"), tr("Train on the marked songs, where that may be")
        )
        self.rules = CommandButton(
            "library.rules", tr("By the rules"), tr("Take back what was picked by hand")
        )
        self._charts = QVBoxLayout()
        self._charts.setSpacing(4)
        self._cards: list[QWidget] = []
        self._lay_out()
        library.changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        content = QWidget()
        layout = column(content, margin=12, spacing=8)
        for item in (self._title, self._facts, self._verdict, self._refusal, self._many):
            layout.addWidget(item)
        layout.addLayout(row(self.open, self.folder, None))
        layout.addLayout(row(self.leave_out, self.take_in, self.rules, None))
        self._heading = heading(tr("Charts"))
        layout.addWidget(self._heading)
        layout.addLayout(self._charts)
        layout.addWidget(self._path)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column(self, margin=0).addWidget(scroll)

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Let the buttons do what the commands do."""
        for made in (self.open, self.folder, self.leave_out, self.take_in, self.rules):
            made.bind(actions[made.command_id])

    def _show(self) -> None:
        song, n = self._library.song, len(self._library.chosen)
        self._many.setText(tr("{n} songs are marked; Leave out and Take in mean them all.", n=n))
        self._many.setVisible(n > 1)
        if song == self._shown and self._title.text():
            return
        self._shown = song
        for item in (self._facts, self._path, self._heading, self.open, self.folder):
            item.setVisible(song is not None)
        for item in (self.leave_out, self.take_in, self.rules):
            item.setVisible(song is not None)
        self._show_charts(song.charts if song is not None else ())
        if song is None:
            self._title.setText(tr("No song is marked"))
            self._verdict.setText(tr("Mark one to see why training uses it or leaves it out."))
            self._dress_verdict("muted")
            self._refusal.hide()
            return
        self._title.setText(song.title)
        facts = [song.artist, song.charter and tr("by {charter}", charter=song.charter), song.pack]
        if song.duration_s is not None:
            facts.append(text.duration(song.duration_s))
        self._facts.setText(" · ".join(fact for fact in facts if fact))
        self._path.setText(str(song.path / song.inside if song.inside else song.path))
        self._show_verdict(song)

    def _show_verdict(self, song: SongEntry) -> None:
        said, role = _verdict(song)
        if song.twin:
            twin = tr("The same recording as {song}: on one side of every split.", song=song.twin)
            said = f"{said}\n{twin}"
        self._verdict.setText(said)
        self._dress_verdict(role)
        refusal = hand.refusal(song) if song.excluded else ""
        # What is wrong stands above it already.
        refusal = refusal.removesuffix(f": {song.excluded}").rstrip(".")
        self._refusal.setText(tr("It cannot be taken in by hand: {why}.", why=refusal))
        self._refusal.setVisible(bool(refusal))

    def _dress_verdict(self, role: str) -> None:
        self._verdict.setProperty("role", role)
        restyle(self._verdict)

    def _show_charts(self, charts: tuple[ChartEntry, ...]) -> None:
        self._cards = exchange(self._charts, self._cards, map(_card, charts))


def _verdict(song: SongEntry) -> tuple[str, str]:
    """What training makes of a song, as sentences, and the look of it."""
    overruled = dict.fromkeys(r.text for c in song.charts for r in c.overruled)
    if song.pick is not Pick.NONE:
        said = tr(_PICKS[song.pick], why="; ".join(overruled) or tr("no rule left it out"))
        if song.pick is Pick.LEAVE or not song.excluded:
            return said, "name"
    if song.excluded:
        return tr("Left out of training: {why}.", why=song.excluded.rstrip(".")), "warning"
    if not song.is_filled:
        return tr("Its notes and its sound are not read yet. Scanning does that."), "muted"
    if len(song.used) < len(song.charts):
        n_charts = len(song.charts)
        return tr("Training uses {n} of its {all} charts.", n=len(song.used), all=n_charts), "good"
    return tr("Training uses it."), "good"


def _card(chart: ChartEntry) -> QFrame:
    made = QFrame()
    made.setProperty("role", "card")
    layout = column(made, margin=8, spacing=2)
    known = chart.estimate if chart.level is None else chart.level
    level = label(text.level(known, MODES.get(chart.mode)), "chip")
    name = label(chart.name or chart.label or mode_title(chart.mode), wrap=True)
    layout.addLayout(row(name, level, wide=(0,)))
    facts = [mode_title(chart.mode)]
    if chart.n_notes is not None:
        facts.append(text.count(chart.n_notes, "{n} note", "{n} notes"))
    if chart.nps is not None:
        facts.append(tr("{nps} per second", nps=f"{chart.nps:.1f}"))
    layout.addWidget(label(" · ".join(facts), "muted", wrap=True))
    if chart.reasons:
        layout.addWidget(label("; ".join(r.text for r in chart.reasons), "warning", wrap=True))
    elif chart.overruled:
        said = tr("in by hand: {why}", why="; ".join(r.text for r in chart.overruled))
        layout.addWidget(label(said, "muted", wrap=True))
    return made

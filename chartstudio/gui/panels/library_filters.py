"""Beside the library's table: its folders, what to show, and what training makes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from chartstudio.gui import text
from chartstudio.gui.library import Library
from chartstudio.gui.panels.charts import mode_title
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.fields import LevelBound, combo, fill
from chartstudio.gui.panels.library_histogram import HistogramView
from chartstudio.gui.panels.parts import (
    JobBar,
    Segments,
    button,
    column,
    exchange,
    heading,
    label,
    row,
)
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK, Theme
from chartstudio.library.overview import Facet
from chartstudio.library.selection import Side, Summary

_MANY_CHARTERS = 400
"""More than anybody looks through in a list; the search finds the others."""

_SIDES = {Side.TRAIN: "{n} train", Side.VALIDATION: "{n} validation", Side.TEST: "{n} test"}


class FilterColumn(QWidget):
    """Folders, filters, figures of the library.

    Parameters
    ----------
    library : Library
    """

    remove_asked = Signal(object)
    """A `Folder` is to be taken out."""

    def __init__(self, library: Library) -> None:
        super().__init__()
        self._library = library
        self.folders = _Rows(tr("Folders"), self._ask_folder, self._ask_removal)
        self.reasons = _Rows(tr("Left out"), self._ask_reason)
        self.bar = JobBar(tr("scanning"), library.cancel)
        self.add = CommandButton(
            "library.add-folder", tr("Add folder…"), tr("Add a folder of songs")
        )
        self.scan = CommandButton(
            "library.scan", tr("Scan now"), tr("Look for what is new or has changed")
        )
        self.notice = label(role="warning", wrap=True)
        self._build_filters()
        self._uses = label(wrap=True)
        self._sides = label(role="muted", wrap=True)
        self.levels = HistogramView(tr("Charts by level"), lambda n: tr("level {n}", n=n))
        self.levels.chosen.connect(self._ask_level)
        self.densities = HistogramView(
            tr("Charts by notes per second"), lambda n: tr("{n} to {m} per second", n=n, m=n + 1)
        )
        self.densities.setCursor(Qt.CursorShape.ArrowCursor)
        self._lay_out()
        library.changed.connect(self._show)
        library.progressed.connect(self._show_progress)
        self._show()

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Let the buttons do what the commands do."""
        for made in (self.add, self.scan):
            made.bind(actions[made.command_id])

    def _build_filters(self) -> None:
        self.mode = combo(tr("Mode"), self._ask_mode)
        self.charter = combo(tr("Charter"), self._ask_charter)
        self.low, self.high = (LevelBound(name) for name in (tr("From level"), tr("To level")))
        for box in (self.low, self.high):
            box.valueChanged.connect(self._ask_levels)
        self.used = Segments(
            tr("Training"), ((None, tr("All")), (False, tr("Used")), (True, tr("Left out")))
        )
        self.used.chosen.connect(lambda value: self._ask(excluded=value))
        self.clear = button(tr("Clear"), self._clear, "flat", tr("Show all songs"))

    def _lay_out(self) -> None:
        content = QWidget()
        layout = column(content, margin=12, spacing=7)
        layout.addWidget(heading(tr("Folders")))
        layout.addWidget(self.folders)
        layout.addLayout(row(self.add, self.scan, None))
        layout.addWidget(self.bar)
        layout.addWidget(self.notice)
        self._rest = QWidget()
        layout.addWidget(self._rest)
        layout.addStretch(1)
        self._lay_out_rest()
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column(self, margin=0).addWidget(scroll)

    def _lay_out_rest(self) -> None:
        """What means something as soon as there is a song."""
        layout = column(self._rest, margin=0, spacing=7)
        layout.addSpacing(4)
        layout.addLayout(row(heading(tr("Show")), None, self.clear))
        layout.addWidget(self.mode)
        layout.addLayout(row(self.low, label("–", "muted"), self.high, wide=(0, 2)))
        layout.addWidget(self.charter)
        layout.addLayout(row(self.used, None))
        layout.addSpacing(4)
        layout.addWidget(heading(tr("Training would use")))
        layout.addWidget(self._uses)
        layout.addWidget(self._sides)
        self._left_out = heading(tr("And leave out"))
        layout.addWidget(self._left_out)
        layout.addWidget(self.reasons)
        layout.addSpacing(4)
        for title, histogram in ((tr("Levels"), self.levels), (tr("Notes/s"), self.densities)):
            layout.addWidget(heading(title))
            layout.addWidget(histogram)

    # Asking ------------------------------------------------------------------------------

    def _ask(self, **fields: object) -> None:
        self._library.ask(replace(self._library.query, **fields))  # type: ignore[arg-type]

    def _clear(self) -> None:
        self._library.ask(type(self._library.query)())

    def _ask_mode(self) -> None:
        mode = self.mode.currentData()
        self._ask(modes=(mode,) if mode else ())

    def _ask_charter(self) -> None:
        charter = self.charter.currentData()
        self._ask(charters=(charter,) if charter else ())

    def _ask_levels(self) -> None:
        low, high = self.low.value(), self.high.value()
        self._ask(low=low or None, high=high or None)

    def _ask_level(self, level: int) -> None:
        """Show one bar of the histogram; all again where it was shown already."""
        limits = (float(level), level + 0.99)
        query = self._library.query
        low, high = (None, None) if (query.low, query.high) == limits else limits
        self._ask(low=low, high=high)

    def _ask_folder(self, folder_id: object) -> None:
        now = self._library.query.folder
        self._ask(folder=None if now == folder_id else folder_id)

    def _ask_removal(self, folder_id: object) -> None:
        for folder in self._library.found.folders:
            if folder.id == folder_id:
                self.remove_asked.emit(folder)

    def _ask_reason(self, reason: object) -> None:
        self._ask(reason="" if self._library.query.reason == reason else reason)

    # Showing -----------------------------------------------------------------------------

    def _show_progress(self) -> None:
        progress = self._library.progress
        if progress is None:
            self.bar.hide()
        else:
            self.bar.show_progress(progress.done, progress.what)

    def _show(self) -> None:
        library, query = self._library, self._library.query
        found = library.found
        counts = dict(found.facets.folders)
        lines = (
            _Line(f.id, f.path.name or str(f.path), counts.get(f.id, 0), str(f.path))
            for f in found.folders
        )
        self.folders.show_lines(lines, query.folder)
        self.notice.setText(library.notice)
        self.notice.setVisible(bool(library.notice))
        self._rest.setVisible(found.facets.n_songs > 0)
        self.clear.setVisible(library.is_filtered)
        modes = [_option(f, mode_title(f.value)) for f in found.facets.modes]
        fill(self.mode, [("", tr("Any mode")), *modes], next(iter(query.modes), ""))
        charters = [_option(f, f.value) for f in found.facets.charters[:_MANY_CHARTERS]]
        fill(self.charter, [("", tr("Any charter")), *charters], next(iter(query.charters), ""))
        for box, value in ((self.low, query.low), (self.high, query.high)):
            if not box.hasFocus():
                with QSignalBlocker(box):
                    box.setValue(value or 0.0)
        self.used.show_value(query.excluded)
        self._show_training(found.training)
        self.levels.show_histogram(found.overview.levels)
        self.densities.show_histogram(found.overview.densities)

    def _show_training(self, training: Summary) -> None:
        parts = [
            text.count(training.n_songs, "{n} song", "{n} songs"),
            text.count(training.n_charts, "{n} chart", "{n} charts"),
            tr("{n} hours", n=f"{training.duration_s / 3600:.1f}"),
        ]
        if training.n_recordings < training.n_songs:
            n_recordings = training.n_recordings
            parts.insert(1, text.count(n_recordings, "{n} recording", "{n} recordings"))
        self._uses.setText(" · ".join(parts) if training.n_songs else tr("Nothing."))
        sides = [tr(words, n=training.sides.get(side, 0)) for side, words in _SIDES.items()]
        self._sides.setText(" · ".join(sides))
        self._sides.setVisible(training.n_songs > 0)
        tip = "{n} charts; a click shows the songs"
        lines = (
            _Line(left.reason, tr(left.title), left.n_songs, tr(tip, n=left.n_charts))
            for left in training.left_out
        )
        self.reasons.show_lines(lines, self._library.query.reason)
        self._left_out.setVisible(bool(training.left_out))


@dataclass(frozen=True, slots=True)
class _Line:
    """What a row says: its key, its words, a count, more words for who asks."""

    key: object
    title: str
    n: int
    tip: str


class _Row(QWidget):
    """A line that can be clicked, with a count at its end, and a cross where it can be removed."""

    def __init__(
        self,
        line: _Line,
        run: Callable[[object], object],
        remove: Callable[[object], object] | None,
        theme: Theme = DARK,
    ) -> None:
        super().__init__()
        self.line = line
        self.face = QPushButton(line.title)
        self.face.setProperty("role", "flat")
        self.face.setCheckable(True)
        # Flat buttons look the same when they are pressed.
        pressed = f"background: {theme.accent_dim.name()}; color: {theme.playhead.name()};"
        self.face.setStyleSheet(f"QPushButton:checked {{ {pressed} }}")
        self.face.setToolTip(line.tip)
        self.face.setAccessibleName(f"{line.title}, {line.n}")
        self.face.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.face.clicked.connect(lambda: run(line.key))
        layout = row(self.face, label(str(line.n), "chip"), spacing=4, wide=(0,))
        self.cross: QPushButton | None = None
        if remove is not None:
            tip = tr("Take {folder} out", folder=line.title)
            self.cross = button("✕", lambda: remove(line.key), "flat", tip)
            layout.addWidget(self.cross)
        self.setLayout(layout)


class _Rows(QWidget):
    """Rows below each other, made anew only when they say something else.

    Parameters
    ----------
    name : str
        Accessible name.
    run, remove : callable
        Called with the key of the row that is clicked, or whose cross is.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[object], object],
        remove: Callable[[object], object] | None = None,
    ) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._run, self._remove = run, remove
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(1)
        self.rows: list[_Row] = []

    def show_lines(self, lines: Iterable[_Line], marked: object) -> None:
        """Show these lines; the row of the marked key is pressed."""
        wanted = list(lines)
        if wanted != [made.line for made in self.rows]:
            new = (_Row(line, self._run, self._remove) for line in wanted)
            self.rows = exchange(self._layout, self.rows, new)
        for made in self.rows:
            made.face.setChecked(made.line.key == marked)


def _option(facet: Facet, title: str) -> tuple[str, str]:
    """A value to choose, with the number of its songs."""
    return facet.value, tr("{name} ({n})", name=title, n=facet.n_songs)

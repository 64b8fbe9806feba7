"""The key bars and what is filled around them: a part of the Draft panel."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QSpinBox, QTreeWidget, QTreeWidgetItem, QWidget

from chartstudio.editor.finish import Standing
from chartstudio.gui.finishing import MAX_KEY_BARS, Finishing, Listed, coverage_line
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.parts import JobBar, column, heading, label, restyle, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import count, level, tr
from chartstudio.gui.theme import DARK
from chartstudio.modes import MODES

_ROWS_SHOWN = 10

_WORDS = {
    Standing.EMPTY: "to chart",
    Standing.DRAFTED: "drafted, not yours yet",
    Standing.FILLED: "filled, not yours yet",
    Standing.HAND: "yours",
    Standing.EDITED: "yours",
    Standing.APPROVED: "yours, approved",
}


class KeyBarsSection(QWidget):
    """Proposes key bars, lists them with whose each is, and finishes the rest.

    Parameters
    ----------
    studio : Studio
    """

    bar_asked = Signal(object)
    """A bar of the list was chosen: its ticks ``(start, end)``."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._finishing: Finishing = studio.finishing
        self._shown: tuple[Listed, ...] = ()
        self._build_fields()
        layout = column(self, margin=0, spacing=7)
        layout.addWidget(heading(tr("Key bars")))
        layout.addLayout(row(self.n_bars, self.propose, self.more, self.clear, spacing=4))
        layout.addWidget(self.bar)
        layout.addWidget(self.coverage)
        layout.addWidget(self.list)
        layout.addLayout(row(self.previous, self.next, self.suggest, self.approve, spacing=4))
        layout.addSpacing(6)
        layout.addWidget(heading(tr("Finish")))
        layout.addWidget(self.state)
        layout.addWidget(self.at_level)
        layout.addWidget(self.start)
        layout.addWidget(self.refresh_fills)
        studio.finishing.changed.connect(self.refresh)
        studio.drafting.changed.connect(self.refresh)
        self.refresh()

    def _build_fields(self) -> None:
        self.n_bars = QSpinBox()
        self.n_bars.setRange(1, MAX_KEY_BARS)
        self.n_bars.setAccessibleName(tr("Number of key bars"))
        self.n_bars.setToolTip(tr("How many bars to propose (Ctrl+Alt+K, Ctrl+Alt+Shift+K)"))
        self.n_bars.valueChanged.connect(self._finishing.set_n_bars)
        self.propose = CommandButton(
            "keybars.propose",
            tr("Propose"),
            tr("Find the bars that stand for the song: chart those, and the rest can be filled"),
            shows_key=True,
        )
        self.more = CommandButton(
            "keybars.more", tr("More"), tr("Propose the next ones: where it is least sure")
        )
        self.clear = CommandButton(
            "keybars.clear", tr("Clear"), tr("Take the proposals away; notes and approvals stay")
        )
        self.bar = JobBar(tr("proposing key bars"), self._finishing.cancel)
        self.coverage = label(role="muted", wrap=True)
        self.list = QTreeWidget()
        self.list.setColumnCount(3)
        self.list.setHeaderHidden(True)
        self.list.header().setAccessibleName(tr("Columns of the key bars"))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setAllColumnsShowFocus(True)
        self.list.setAccessibleName(tr("Key bars, the most useful first"))
        self.list.setTabKeyNavigation(False)
        self.list.itemClicked.connect(lambda item, _: self._on_chosen(item))
        self.list.currentItemChanged.connect(self._on_current)
        self.previous = CommandButton("keybars.previous", "◀", tr("Previous key bar in the song"))
        self.next = CommandButton("keybars.next", "▶", tr("Next key bar in the song"))
        self.suggest = CommandButton(
            "keybars.suggest",
            tr("Suggest"),
            tr("Draft this bar as ghosts; accepted, it counts as yours"),
        )
        self.approve = CommandButton(
            "keybars.approve",
            tr("Mine"),
            tr("Count this bar, or those selected, as yours as they stand; again takes it back"),
        )
        self.state = label(role="muted", wrap=True)
        self.at_level = CommandButton(
            "finish.at-level",
            tr("Level: as in my bars"),
            tr("Take level and density from your bars, or the level that is set above"),
        )
        self.start = CommandButton(
            "finish.start",
            tr("Finish my way"),
            tr("Write everything outside your bars the way they are charted, as ghosts"),
            shows_key=True,
        )
        self.refresh_fills = CommandButton(
            "finish.refresh",
            tr("Refresh fills"),
            tr("Write only those bars anew that are exactly as they were filled"),
            shows_key=True,
        )

    # Showing -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show everything as it is now."""
        finishing = self._finishing
        with QSignalBlocker(self.n_bars):
            self.n_bars.setValue(finishing.n_bars)
        progress = finishing.progress
        if finishing.running and progress is not None:
            self.bar.show_progress(progress.done, progress.what)
        else:
            self.bar.hide()
        listed = finishing.listed
        if listed != self._shown:
            self._shown = listed
            self._fill_list()
        self._mark_current()
        self.list.setVisible(bool(listed))
        self.coverage.setText(self._coverage_text())
        for made in (self.previous, self.next):
            made.setVisible(bool(listed))
        role = "primary" if listed else ""
        if self.start.property("role") != role:
            self.start.setProperty("role", role)
            restyle(self.start)
        self.state.setText(self._state_text())
        self.at_level.set_face(self._level_text())

    def _level_text(self) -> str:
        settings = self._studio.drafting.settings
        if not settings.finish_at_level:
            return tr("Level: as in my bars")
        said = level(settings.level, MODES[settings.mode])
        return tr("Level: {level}, as set above", level=said)

    def _coverage_text(self) -> str:
        listed = self._shown
        if not listed:
            return tr("A few bars stand for the whole song. Chart those, and the rest follows.")
        n_own = sum(item.standing.own for item in listed)
        finishing = self._finishing
        said = coverage_line(len(listed), finishing.coverage, finishing.has_others)
        return tr("{said}. {n} of {total} are yours.", said=said, n=n_own, total=len(listed))

    def _state_text(self) -> str:
        finishing, whose = self._finishing, self._finishing.whose
        if not whose.bars:
            return ""
        n_filled = whose.count(Standing.FILLED)
        n_open = len(whose.bars) - whose.n_own - n_filled
        parts = [count(whose.n_own, "{n} bar is yours", "{n} bars are yours")]
        if n_filled:
            parts.append(tr("{n} filled", n=n_filled))
        if n_open:
            parts.append(tr("{n} to fill", n=n_open))
        text = ", ".join(parts) + "."
        if finishing.outdated:
            text += " " + tr("Your bars changed since the fill: refresh it.")
        elif not finishing.has_way:
            text += " " + tr("Chart or approve at least two to finish the rest like them.")
        return text

    def _fill_list(self) -> None:
        with QSignalBlocker(self.list):
            self.list.clear()
            for item in self._shown:
                self.list.addTopLevelItem(_row(item))
        for i in range(self.list.columnCount()):
            self.list.resizeColumnToContents(i)
        height = self.list.sizeHintForRow(0) if self._shown else 0
        self.list.setFixedHeight(min(len(self._shown), _ROWS_SHOWN) * height + 4)

    def _mark_current(self) -> None:
        """Mark the bar that is selected on the timeline."""
        span = self._studio.document.selection.range
        at = next((i for i, item in enumerate(self._shown) if item.bar.span == span), None)
        with QSignalBlocker(self.list):
            row_item = None if at is None else self.list.topLevelItem(at)
            self.list.setCurrentItem(row_item)  # type: ignore[arg-type]

    def _on_current(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and self.list.hasFocus():
            self._on_chosen(item)

    def _on_chosen(self, item: QTreeWidgetItem) -> None:
        self.bar_asked.emit(self._shown[self.list.indexOfTopLevelItem(item)].bar.span)


def _row(item: Listed) -> QTreeWidgetItem:
    share = f"{item.bar.coverage * 100:.0f} %"
    bar, word = tr("Bar {bar}", bar=item.measure), tr(_WORDS[item.standing])
    made = QTreeWidgetItem([f"{item.order}   {bar}", word, share])
    made.setForeground(0, DARK.key_bar)
    made.setForeground(1, DARK.good if item.standing.own else DARK.text)
    made.setForeground(2, DARK.muted)
    made.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    tip = tr(
        "{bar}, {word}. With this bar and those above it, {share} of the song is like "
        "something charted. Without it, this bar is {unsure} % unsure.",
        bar=bar,
        word=word,
        share=share,
        unsure=f"{item.bar.uncertainty * 100:.0f}",
    )
    for column_index in range(3):
        made.setToolTip(column_index, tip)
    made.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{item.order}: {bar}, {word}, {share}")
    return made

"""What the Draft panel shows of candidates: a card for each, and the issues of the shown one."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QWidget

from chartstudio.core.mode import Issue, Mode
from chartstudio.core.timing import TimingMap
from chartstudio.engine.requests import Candidate
from chartstudio.gui import text
from chartstudio.gui.candidates import gravest_first, issue_line
from chartstudio.gui.panels.parts import button, column, heading, label, restyle, row
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK

_ROWS_SHOWN = 6


def levels_line(asked: float | None, reached: float, mode: Mode) -> str:
    """The level that was asked for beside the one that is reached."""
    found = text.level(reached, mode)
    if asked is None:
        return tr("reaches {level}", level=found)
    return tr("asked {asked} · reaches {level}", asked=text.level(asked, mode), level=found)


class CandidateCard(QFrame):
    """One candidate: its letter, its level, what it holds, what is wrong with it, its seed.

    Parameters
    ----------
    letter : str
    candidate : Candidate
    said : (str, str)
        What it holds, and its level beside the one that was asked for.
    fault : (str, str)
        What is wrong with it as one line, and one by one.
    """

    clicked = Signal()
    audition = Signal()

    def __init__(
        self, letter: str, candidate: Candidate, said: tuple[str, str], fault: tuple[str, str]
    ) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.letter = letter
        self._name = label(letter, "name")
        holds, levels = said
        self.levels = label(levels, "chip")
        play = button("▶", self.audition.emit, "flat", tr("Play candidate {name}", name=letter))
        layout = column(self, margin=9, spacing=2)
        layout.addLayout(row(self._name, None, self.levels))
        what = label(holds, "muted", wrap=True)
        layout.addLayout(row(what, play, wide=(0,)))
        self.fault = label(fault[0], "warning", wrap=True)
        self.fault.setToolTip(fault[1])
        layout.addWidget(self.fault)
        self.fault.setHidden(not fault[0])
        layout.addWidget(label(tr("seed {seed}", seed=candidate.seed), "muted"))
        told = (holds, levels, *filter(None, fault[:1]))
        self.setAccessibleName(f"{tr('Candidate {name}', name=letter)}: {', '.join(told)}")
        self.setAccessibleDescription(fault[1])

    def mark(self, shown: bool) -> bool:
        """Look like the one whose notes are shown as ghosts, or not.

        Returns
        -------
        bool
            Whether it is only now the one that is shown.
        """
        if self.property("shown") == shown:
            return False
        self.setProperty("shown", shown)
        self._name.setText(tr("{name} · as ghosts", name=self.letter) if shown else self.letter)
        restyle(self)
        restyle(self._name)
        return shown

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self.clicked.emit()
        event.accept()


class CandidateIssues(QWidget):
    """The issues of the shown candidate, to go to one by one; hidden where there are none."""

    jump_asked = Signal(object)
    """An `Issue` was chosen."""

    def __init__(self) -> None:
        super().__init__()
        self._issues: tuple[Issue, ...] = ()
        layout = column(self, margin=0, spacing=4)
        layout.addWidget(heading(tr("Issues of this candidate")))
        self.list = QListWidget()
        self.list.setAccessibleName(tr("Issues of the shown candidate, the gravest first"))
        # Long ones are cut off and told whole by their tips.
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setToolTip(tr("A click goes to the issue; Alt+F8 goes to the next one"))
        self.list.itemClicked.connect(lambda item: self._jump(self.list.row(item)))
        self.list.currentRowChanged.connect(self._on_row)
        layout.addWidget(self.list)

    def show_issues(self, candidate: Candidate | None, timing: TimingMap | None) -> None:
        """List the issues of a candidate; None for none."""
        found = () if candidate is None or timing is None else gravest_first(candidate)
        if found != self._issues:
            self._issues = found
            with QSignalBlocker(self.list):
                self.list.clear()
                if timing is not None:
                    for issue in found:
                        self.list.addItem(_item(issue, timing))
            height = self.list.sizeHintForRow(0) if found else 0
            self.list.setFixedHeight(min(len(found), _ROWS_SHOWN) * height + 4)
        self.setVisible(bool(found))

    def _on_row(self, index: int) -> None:
        # Keys go from row to row, and each is gone to; Enter is for accepting.
        if self.list.hasFocus():
            self._jump(index)

    def _jump(self, index: int) -> None:
        if 0 <= index < len(self._issues):
            self.jump_asked.emit(self._issues[index])


def _item(issue: Issue, timing: TimingMap) -> QListWidgetItem:
    said = issue_line(issue, timing)
    made = QListWidgetItem(said)
    made.setToolTip(f"{issue.severity}: {said}")
    made.setForeground(DARK.severity(issue.severity))
    return made

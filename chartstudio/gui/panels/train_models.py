"""The list of models: which drafts, what each was worth, and what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from chartstudio.engine.tune.shelf import Shelved
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.parts import column, heading, label, row
from chartstudio.gui.text import tr
from chartstudio.gui.training_models import Models

_KILOBYTE, _MEGABYTE = 1e3, 1e6
_FEWEST_ROWS, _MOST_ROWS = 2, 8
_ROW_PX = 22


class ModelsBox(QWidget):
    """Shows `Models.found`.

    Parameters
    ----------
    models : Models
    """

    def __init__(self, models: Models) -> None:
        super().__init__()
        self._models = models
        self._shown: object = None
        self.list = QTreeWidget()
        self.list.setAccessibleName(tr("Models"))
        self.list.setHeaderLabels([tr(t) for t in ("Name", "Verdict", "Date")])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setTabKeyNavigation(False)
        self.list.setSelectionMode(QTreeWidget.SelectionMode.ExtendedSelection)
        self.list.header().setAccessibleName(tr("Columns of the models"))
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.itemSelectionChanged.connect(self._choose)
        self._details = label(role="muted", wrap=True)
        self.buttons = tuple(
            CommandButton(command, tr(face), tr(tip))
            for command, face, tip in (
                ("models.use", "Use", "Draft with the marked model from now on"),
                ("models.back", "Roll back", "Draft with the model that was in use before"),
                (
                    "models.report",
                    "Report",
                    "What the marked models were worth, side by side",
                ),
                ("models.rename", "Rename…", "Give the marked model another name"),
                ("models.export", "Export…", "Write the marked model into a zip archive"),
                ("models.remove", "Remove…", "Delete the marked model"),
            )
        )
        self._report = self.buttons[2]
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Models")))
        layout.addWidget(self.list)
        layout.addWidget(self._details)
        layout.addLayout(row(*self.buttons[:3], None))
        layout.addLayout(row(*self.buttons[3:], None))
        models.changed.connect(self._show)
        self._show()

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Let buttons and keys do what the commands do."""
        for made in self.buttons:
            made.bind(actions[made.command_id])
        self.list.itemActivated.connect(lambda *_: actions["models.report"].trigger())

    def _choose(self) -> None:
        current = self.list.currentItem()
        marked = [item.data(0, Qt.ItemDataRole.UserRole) for item in self.list.selectedItems()]
        if current is not None and current.isSelected():
            # The one that was marked last is what renaming and the like are about.
            name = current.data(0, Qt.ItemDataRole.UserRole)
            marked = [*(n for n in marked if n != name), name]
        self._models.choose(tuple(marked))

    def _show(self) -> None:
        models = self._models
        state = (models.found, models.in_use)
        if state != self._shown:
            self._shown = state
            self._fill()
        marked = models.marked
        self._details.setText("" if marked is None else _details(marked))
        self._details.setVisible(marked is not None)
        self._report.set_face(tr("Compare") if len(models.chosen) > 1 else tr("Report"))

    def _fill(self) -> None:
        with QSignalBlocker(self.list):
            self.list.clear()
            for model in self._models.found:
                is_used = model.name == self._models.in_use
                item = QTreeWidgetItem(_cells(model, is_used))
                item.setData(0, Qt.ItemDataRole.UserRole, model.name)
                item.setToolTip(0, _details(model))
                if is_used:
                    font = item.font(0)
                    font.setBold(True)
                    item.setFont(0, font)
                self.list.addTopLevelItem(item)
                item.setSelected(model.name in self._models.chosen)
        n_rows = min(max(self.list.topLevelItemCount(), _FEWEST_ROWS), _MOST_ROWS)
        self.list.setFixedHeight(_ROW_PX * (n_rows + 1))


def _cells(model: Shelved, is_used: bool) -> list[str]:
    name = tr("{name} (in use)", name=model.name) if is_used else model.name
    verdict = tr(model.verdict) if model.verdict else tr("ships") if model.ships else ""
    if not model.is_finished:
        verdict = tr("{n} of {all}", n=model.step, all=model.n_steps)
    return [name, verdict, model.date]


def _details(model: Shelved) -> str:
    facts = [model.name]
    if model.base:
        facts.append(tr("tuned from {base}", base=model.base))
    if model.is_held:
        facts.append(tr("a process is tuning it"))
    elif not model.is_finished:
        facts.append(tr("not finished"))
    if model.needs_base:
        facts.append(tr("adapters"))
    facts.append(_size(model.n_bytes))
    return " · ".join(facts)


def _size(n_bytes: int) -> str:
    if n_bytes < _MEGABYTE:
        return tr("{n} kB", n=f"{n_bytes / _KILOBYTE:.0f}")
    return tr("{n} MB", n=f"{n_bytes / _MEGABYTE:.1f}")

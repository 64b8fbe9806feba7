"""What to learn from, what to start from, and what that will take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from chartstudio.engine.requests import TrainEstimate
from chartstudio.gui.library import Library
from chartstudio.gui.panels import train_words
from chartstudio.gui.panels.charts import mode_title
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.fields import LevelBound, combo, fill
from chartstudio.gui.panels.parts import Segments, button, column, heading, label, row
from chartstudio.gui.text import tr
from chartstudio.gui.training import Training
from chartstudio.gui.training_plan import Origin, Prospect, bases_for

_STEPS = (0, 20_000, 50)
"""Fewest and most steps of a tuning, and by how many a key changes them; 0 leaves it open."""

_MEGABYTE = 1e6

_ORIGINS = (
    (Origin.LIBRARY, "As in the Library"),
    (Origin.OWN, "Own filters"),
    (Origin.MARKED, "Marked songs"),
)


class PlanBox(QWidget):
    """Shows and changes `Training.plan`.

    Parameters
    ----------
    training : Training
    library : Library
    """

    library_asked = Signal()

    def __init__(self, training: Training, library: Library) -> None:
        super().__init__()
        self._training, self._library = training, library
        self._build_origin()
        self._build_model()
        self.empty = label(
            tr(
                "Your library is empty. Add the folders of your charts there, and ChartStudio "
                "learns to chart as you do, on this computer."
            ),
            wrap=True,
        )
        self.to_library = button(tr("Open the Library"), self.library_asked.emit, "primary")
        self.preview = label(wrap=True)
        self.left_out = label(role="muted", wrap=True)
        self.style_ = label(role="muted", wrap=True)
        self.no_gpu = label(tr("No GPU that works was found: the CPU does it."), "muted", wrap=True)
        self.needs = label(role="muted", wrap=True)
        self.refusal = label(role="warning", wrap=True)
        self.measure = CommandButton(
            "train.measure", tr("Measure"), tr("Take ten steps to see how long it will take")
        )
        self.start = CommandButton(
            "train.start", tr("Start"), tr("Tune the model on these charts"), "primary", True
        )
        self._lay_out()
        training.changed.connect(self._show)
        library.changed.connect(self._show)
        self._show()

    def _build_origin(self) -> None:
        self.origin = Segments(
            tr("Learn from"), tuple((origin, tr(title)) for origin, title in _ORIGINS)
        )
        self.origin.chosen.connect(lambda origin: self._plan(origin=origin))
        self.mode = combo(tr("Mode to learn from"), lambda: self._filter(modes=_chosen(self.mode)))
        self.charter = combo(
            tr("Charter to learn from"), lambda: self._filter(charters=_chosen(self.charter))
        )
        self.low = LevelBound(tr("Learn from this level"))
        self.high = LevelBound(tr("Learn to this level"))
        self.low.valueChanged.connect(lambda value: self._filter(low=value or None))
        self.high.valueChanged.connect(lambda value: self._filter(high=value or None))

    def _build_model(self) -> None:
        self.name = QLineEdit()
        self.name.setAccessibleName(tr("Name of the tuned model"))
        self.name.textEdited.connect(lambda name: self._plan(name=name.strip()))
        self.base = combo(tr("Base model"), lambda: self._plan(base=self.base.currentData()))
        self.kind = Segments(
            tr("What learns"), ((False, tr("Adapters")), (True, tr("All weights")))
        )
        self.kind.setToolTip(
            tr("Adapters are small and quick. All weights make a model as large as its base.")
        )
        self.kind.chosen.connect(lambda full: self._plan(full=full))
        self.folds = Segments(
            tr("Judged by"), ((0, tr("Each song in turn")), (1, tr("A few songs")))
        )
        self.folds.setToolTip(
            tr(
                "In turn: for each song it is tuned once more without it, and judged on it. That "
                "takes long, and is worth it for a few songs."
            )
        )
        self.folds.chosen.connect(lambda folds: self._plan(folds=folds))
        self.device = combo(tr("Device"), lambda: self._plan(device=self.device.currentData()))
        self.device.setToolTip(tr("Where it is tuned; what is drafted with stays as it is"))
        self.n_steps = QSpinBox()
        self.n_steps.setAccessibleName(tr("Steps"))
        self.n_steps.setRange(*_STEPS[:2])
        self.n_steps.setSingleStep(_STEPS[2])
        self.n_steps.setSpecialValueText(tr("as many as suit the songs"))
        self.n_steps.setKeyboardTracking(False)
        self.n_steps.valueChanged.connect(lambda n: self._plan(n_steps=n))

    def _lay_out(self) -> None:
        layout = column(self, margin=0, spacing=8)
        layout.addWidget(heading(tr("Learn from")))
        layout.addWidget(self.empty)
        layout.addLayout(row(self.to_library, None))
        self._rest = QWidget()
        layout.addWidget(self._rest)
        rest = column(self._rest, margin=0, spacing=8)
        rest.addLayout(row(self.origin, None))
        self._own = QWidget()
        own = column(self._own, margin=0, spacing=6)
        own.addWidget(self.mode)
        own.addWidget(self.charter)
        own.addLayout(row(self.low, label("–", "muted"), self.high, wide=(0, 2)))
        for item in (self._own, self.preview, self.style_, self.left_out, heading(tr("Model"))):
            rest.addWidget(item)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(label(tr("Name")), self.name)
        form.addRow(label(tr("Start from")), self.base)
        form.addRow(label(tr("What learns")), row(self.kind, None))
        form.addRow(label(tr("Steps")), row(self.n_steps, None))
        form.addRow(label(tr("Judged by")), row(self.folds, None))
        form.addRow(label(tr("Device")), self.device)
        rest.addLayout(form)
        rest.addWidget(self.no_gpu)
        rest.addWidget(self.needs)
        rest.addWidget(self.refusal)
        rest.addLayout(row(self.start, self.measure, None))

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Let the buttons do what the commands do."""
        for made in (self.start, self.measure):
            made.bind(actions[made.command_id])

    # Asking --------------------------------------------------------------------------------

    def _plan(self, **fields: object) -> None:
        plan = self._training.plan
        self._training.set_plan(replace(plan, **fields))  # type: ignore[arg-type]

    def _filter(self, **fields: object) -> None:
        own = self._training.plan.own
        self._plan(own=replace(own, **fields))  # type: ignore[arg-type]

    # Showing -------------------------------------------------------------------------------

    def _show(self) -> None:
        training, plan = self._training, self._training.plan
        for item in (self.empty, self.to_library):
            item.setVisible(training.is_empty)
        self._rest.setVisible(not training.is_empty)
        self.origin.show_value(plan.origin)
        self._own.setVisible(plan.origin is Origin.OWN)
        facets = self._library.found.facets
        modes = [(f.value, mode_title(f.value)) for f in facets.modes]
        charters = [(f.value, f.value) for f in facets.charters]
        fill(self.mode, [("", tr("Any mode")), *modes], next(iter(plan.own.modes), ""))
        fill(self.charter, [("", tr("Any charter")), *charters], next(iter(plan.own.charters), ""))
        bases = bases_for(training.models.found, plan.full)
        fill(self.base, [(name, name) for name in bases], plan.base)
        fill(self.device, train_words.devices(training.gpus or ()), plan.device)
        self.no_gpu.setVisible(training.gpus == ())
        self.kind.show_value(plan.full)
        self.folds.show_value(plan.folds if training.may_fold else 1)
        self.folds.setEnabled(training.may_fold)
        for box, value in (
            *((self.low, plan.own.low or 0.0), (self.high, plan.own.high or 0.0)),
            (self.n_steps, plan.n_steps),
        ):
            if not box.hasFocus():
                with QSignalBlocker(box):
                    box.setValue(value)
        if self.name.text().strip() != plan.name:
            self.name.setText(plan.name)
        self.setEnabled(not training.is_busy)
        self._show_prospect(training.prospect)
        self._show_needs(training.estimate)

    def _show_prospect(self, prospect: Prospect | None) -> None:
        training = self._training
        lines, style, left_out = "", "", ""
        if prospect is not None:
            lines = train_words.preview(prospect, training.n_parts)
            style = train_words.style_of(prospect, training.groups)
            left_out = train_words.left_out(prospect)
        self.preview.setText(lines)
        for item, said in (
            (self.style_, style),
            (self.left_out, left_out),
            (self.refusal, "" if training.is_busy else training.refusal),
        ):
            item.setText(said)
            item.setVisible(bool(said))

    def _show_needs(self, estimate: TrainEstimate | None) -> None:
        if estimate is None:
            said = tr("How long it takes is not measured yet; that takes ten steps.")
        else:
            said = train_words.needs(estimate, self._training.n_parts)
        self.needs.setText(said)


def _chosen(box: QComboBox) -> tuple[str, ...]:
    return (box.currentData(),) if box.currentData() else ()

"""The Train tab: what to learn from, the tuning that runs, what came of it, and all models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from chartstudio.core.job import Job, Progress
from chartstudio.engine.tune.shelf import Told
from chartstudio.gui.jobs import Jobs, Lane
from chartstudio.gui.library import Library
from chartstudio.gui.panels.parts import column
from chartstudio.gui.panels.train_models import ModelsBox
from chartstudio.gui.panels.train_plan import PlanBox
from chartstudio.gui.panels.train_report import ReportDialog
from chartstudio.gui.panels.train_run import ResultBox, RunBox
from chartstudio.gui.text import tr
from chartstudio.gui.training import Stage, Training

if TYPE_CHECKING:
    from chartstudio.gui.panels.train_plots import Plots


class TrainPanel(QWidget):
    """Everything about tuning.

    Parameters
    ----------
    training : Training
    library : Library
    jobs : Jobs
    """

    library_asked = Signal()

    def __init__(self, training: Training, library: Library, jobs: Jobs) -> None:
        super().__init__()
        self._training, self._jobs = training, jobs
        self._wants_plots, self._has_plots = True, False
        self.plan = PlanBox(training, library)
        self.run = RunBox(training)
        self.result = ResultBox(training)
        self.models = ModelsBox(training.models)
        self.plots: Plots | None = None
        self.reports: ReportDialog | None = None
        self._lay_out()
        self.plan.library_asked.connect(self.library_asked)
        training.changed.connect(self._show)
        training.progressed.connect(self._show_steps)
        training.models.told.connect(self.show_reports)

    def _lay_out(self) -> None:
        content = QWidget()
        layout = column(content, margin=14, spacing=14)
        self._plots_place = QVBoxLayout()
        layout.addWidget(self.run)
        layout.addWidget(self.result)
        layout.addLayout(self._plots_place)
        for box in (self.plan, self.models):
            layout.addWidget(box)
        layout.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column(self, margin=0).addWidget(scroll)
        self._scroll = scroll

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Let the buttons do what the commands do."""
        for box in (self.plan, self.run, self.result, self.models):
            box.bind(actions)

    def show_reports(self, told: tuple[Told, ...]) -> None:
        """Open a window with reports side by side."""
        self.reports = ReportDialog(self.window(), told)
        self.reports.show()

    def _show(self) -> None:
        # While it runs the plan only takes room.
        is_tuning = self._training.stage in (Stage.RUNNING, Stage.PAUSED, Stage.STOPPING)
        self.plan.setVisible(not is_tuning)
        self._show_steps()

    def _show_steps(self) -> None:
        """Draw the course, as soon as there is some and somebody looks."""
        steps, training = self._training.steps, self._training
        if not self.isVisible():
            return
        is_shown = bool(steps) and (training.is_busy or training.report is not None)
        if is_shown and self._has_plots and self.plots is None:
            from chartstudio.gui.panels.train_plots import Plots

            self.plots = Plots()
            self._plots_place.addWidget(self.plots)
        if self.plots is not None:
            self.plots.setVisible(is_shown)
            self.plots.show_steps(steps)

    def _on_plots(self, _: None) -> None:
        self._has_plots = True
        self._show_steps()

    def showEvent(self, event: QShowEvent) -> None:
        """Look at the library and the models; what has happened unseen is drawn."""
        super().showEvent(event)
        self._training.watch()
        if self._wants_plots:
            self._wants_plots = False
            self._jobs.submit(Lane.IO, _load_plots, None, self._on_plots)
        self._show()


def _load_plots() -> Job[None]:
    """Load the library of plots behind the window: it takes a second."""
    yield Progress(0.0, tr("Loading the plots"))
    import chartstudio.gui.panels.train_plots  # noqa: F401

"""The tuning that runs: how far it is, pause and stop, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QProgressBar, QWidget

from chartstudio.engine.requests import TrainReport
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.panels.parts import column, heading, label, restyle, row
from chartstudio.gui.text import tr
from chartstudio.gui.training import BETTER, Stage, Training

_SAID = {
    Stage.MEASURING: "Measuring what it will take",
    Stage.RUNNING: "Tuning {name}",
    Stage.PAUSED: "{name} is paused",
    Stage.STOPPING: "Stopping: the step is finished and saved",
}
_ROLES = {"better": "good", "worse": "warning"}
_N_LEFT_OUT = 6
"""So many charts that were left out are told one by one."""


class RunBox(QWidget):
    """Shows the state of `Training`; hidden while there is nothing to say.

    Parameters
    ----------
    training : Training
    """

    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training = training
        self._title = label(role="name", wrap=True)
        self._what = label(role="muted", wrap=True)
        self._bar = QProgressBar()
        self._bar.setMaximum(1000)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Tuning"))
        self.pause = CommandButton(
            "train.pause", tr("Pause"), tr("Take no more steps until you go on"), "", True
        )
        self.stop = CommandButton(
            "train.stop", tr("Stop"), tr("End it; you can go on from there at any time")
        )
        self.sample = sample_button()
        self._notices = label(role="warning", wrap=True)
        self._problem = label(role="bad", wrap=True)
        self.unfinished = label(wrap=True)
        self.resume = CommandButton(
            "train.resume", tr("Go on with it"), tr("Go on exactly where it was"), "primary"
        )
        self._lay_out()
        training.changed.connect(self._show)
        training.progressed.connect(self._show_progress)
        self._show()

    def _lay_out(self) -> None:
        layout = column(self, margin=0, spacing=8)
        self._running = QWidget()
        running = column(self._running, margin=0, spacing=6)
        for item in (heading(tr("Now")), self._title, self._bar, self._what, self._notices):
            running.addWidget(item)
        running.addLayout(row(self.pause, self.stop, None))
        running.addLayout(row(self.sample, None))
        layout.addWidget(self._running)
        layout.addWidget(self._problem)
        self._offer = QWidget()
        offer = column(self._offer, margin=0, spacing=6)
        offer.addWidget(heading(tr("Unfinished")))
        offer.addWidget(self.unfinished)
        offer.addLayout(row(self.resume, None))
        layout.addWidget(self._offer)

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Let the buttons do what the commands do."""
        for made in (self.pause, self.stop, self.sample, self.resume):
            made.bind(actions[made.command_id])

    def _show(self) -> None:
        training = self._training
        self._running.setVisible(training.is_busy)
        self._title.setText(tr(_SAID.get(training.stage, "{name}"), name=training.name))
        self.pause.set_face(tr("Go on") if training.stage is Stage.PAUSED else tr("Pause"))
        self._problem.setText(training.problem)
        self._problem.setVisible(bool(training.problem))
        unfinished = training.offered
        self._offer.setVisible(unfinished is not None and not training.is_busy)
        if unfinished is not None:
            said = "{name}: {n} of {all} steps are done; it goes on from its last checkpoint."
            if unfinished.step >= unfinished.n_steps:
                said = "{name}: all {all} steps are done, the report is not."
            self.unfinished.setText(
                tr(said, name=unfinished.name, n=unfinished.step, all=unfinished.n_steps)
            )
        # An empty box would leave a gap.
        self.setVisible(training.is_busy or bool(training.problem) or unfinished is not None)
        self._show_progress()

    def _show_progress(self) -> None:
        training = self._training
        progress = training.progress
        if progress is not None:
            self._bar.setValue(round(1000 * progress.done))
            self._what.setText(progress.what)
        notices = dict.fromkeys(n for step in training.steps for n in step.notices)
        self._notices.setText("\n".join(notices))
        self._notices.setVisible(bool(notices))


class ResultBox(QWidget):
    """What came of the last tuning, in words; hidden before there is one.

    Parameters
    ----------
    training : Training
    """

    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training = training
        self._verdict = label(role="name", wrap=True)
        self._text = label(wrap=True)
        self._use = label(role="muted", wrap=True)
        self._left_out = label(role="muted", wrap=True)
        self.report = CommandButton(
            "train.report", tr("Open the report"), tr("All figures by mode and level")
        )
        self.use_anyway = CommandButton(
            "train.use-anyway", tr("Use anyway"), tr("Draft with it from now on")
        )
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Report")))
        for item in (self._verdict, self._text, self._use, self._left_out):
            layout.addWidget(item)
        self.sample = sample_button()
        layout.addLayout(row(self.report, self.use_anyway, None))
        layout.addLayout(row(self.sample, None))
        training.changed.connect(self._show)
        self._show()

    def bind(self, actions: Mapping[str, QAction]) -> None:
        """Let the buttons do what the commands do."""
        for made in (self.report, self.use_anyway, self.sample):
            made.bind(actions[made.command_id])

    def _show(self) -> None:
        training = self._training
        report = training.report
        self.setVisible(report is not None and not training.is_busy)
        if report is None:
            return
        first, *others = report.text or (tr("It was not judged."),)
        self._verdict.setText(first)
        self._verdict.setProperty("role", _ROLES.get(report.verdict, "name"))
        restyle(self._verdict)
        # The figures follow an empty line; they are in the report.
        words = others[: others.index("")] if "" in others else others
        self._text.setText("\n".join(words))
        self._use.setText(_in_use(report, training.models.in_use))
        self.use_anyway.setVisible(training.models.in_use != report.name)
        is_better = report.verdict == BETTER
        self.use_anyway.set_face(tr("Use it") if is_better else tr("Use anyway"))
        self._left_out.setText("\n".join(_left_out(report)))
        self._left_out.setVisible(bool(report.left_out))


def _in_use(report: TrainReport, in_use: str) -> str:
    """Which model drafts from now on, and why."""
    if in_use == report.name:
        return tr("{name} is in use now.", name=report.name)
    if report.verdict == BETTER:
        return tr(
            "{name} stays in use: {new} was set beside {base} only.",
            name=in_use,
            new=report.name,
            base=report.base,
        )
    return tr("{name} stays in use; {new} is not switched on.", name=in_use, new=report.name)


def sample_button() -> CommandButton:
    """Opens what was drafted of a held-out song."""
    return CommandButton(
        "train.sample",
        tr("Open the current sample"),
        tr("Open a held-out song with what the model made of it, as ghosts over your own chart"),
    )


def _left_out(report: TrainReport) -> list[str]:
    lines = [
        tr("Left out: {what}: {why}", what=" ".join(filter(None, (o.song, o.chart))), why=o.why)
        for o in report.left_out[:_N_LEFT_OUT]
    ]
    if len(report.left_out) > _N_LEFT_OUT:
        lines.append(tr("and {n} more", n=len(report.left_out) - _N_LEFT_OUT))
    return lines

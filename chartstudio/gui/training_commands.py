"""The commands on tunings and models."""

from __future__ import annotations

from pathlib import Path

from chartstudio.gui import verbs
from chartstudio.gui.command import Command
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.gui.training import Stage
from chartstudio.gui.training_sample import Found


def _pause(studio: Studio) -> None:
    training = studio.training
    if training.stage is Stage.PAUSED:
        training.resume(training.name)
    else:
        training.pause()


def _resume(studio: Studio) -> None:
    offered = studio.training.offered
    if offered is not None:
        studio.training.resume(offered.name)


def _sample(studio: Studio) -> None:
    def open_found(found: Found) -> None:
        verbs.guarded(studio, lambda: studio.samples.open(found))

    studio.samples.find(studio.training.name, open_found)


def _use_anyway(studio: Studio) -> None:
    report = studio.training.report
    if report is not None:
        studio.models.use(report.name)


def _report(studio: Studio) -> None:
    report = studio.training.report
    if report is not None:
        studio.models.show_reports((report.name,))


def _use(studio: Studio) -> None:
    model = studio.models.marked
    if model is None:
        return
    question = tr(
        "The report says that {name} does worse than {base} on songs that it has not learned "
        "from. Use it anyway?",
        name=model.name,
        base=model.base,
    )
    if model.verdict != "worse" or studio.ask.confirm(tr("Models"), question):
        studio.models.use(model.name)


def _rename(studio: Studio) -> None:
    model = studio.models.marked
    if model is None:
        return
    new = studio.ask.text(tr("Rename a model"), tr("Name"), model.name)
    if new and new.strip() != model.name:
        studio.models.rename(model.name, new.strip())


def _export(studio: Studio) -> None:
    model = studio.models.marked
    if model is None:
        return
    folder = studio.ask.folder(tr("Write the model into this folder"), str(Path.home()))
    if folder is not None:
        studio.models.export(model.name, folder / f"{model.name}.zip")


def _remove(studio: Studio) -> None:
    model = studio.models.marked
    if model is None:
        return
    question = tr(
        "Delete the model {name} and all that its training has left? It cannot be undone.",
        name=model.name,
    )
    if studio.ask.confirm(tr("Models"), question):
        studio.models.remove(model.name)


def _has_own(studio: Studio) -> bool:
    """Whether the marked model can be changed: it is the user's, and no process writes it."""
    model, training = studio.models.marked, studio.training
    if model is None or model.ships or model.is_held:
        return False
    return not (training.is_busy and model.name == training.name)


def _can_use(studio: Studio) -> bool:
    model = studio.models.marked
    return model is not None and model.is_model and model.name != studio.models.in_use


def _has_result(studio: Studio) -> bool:
    return studio.training.report is not None


_RUNS = (Stage.RUNNING, Stage.PAUSED)

TRAINING = (
    Command(
        "train.start", "Start tuning", lambda s: s.training.start(), "Ctrl+Alt+T",
        lambda s: s.training.can_start,
    ),
    Command(
        "train.measure", "Measure what a tuning takes", lambda s: s.training.measure(),
        enabled=lambda s: s.training.can_start,
    ),
    Command(
        "train.pause", "Pause the tuning", _pause, "Ctrl+Alt+P",
        lambda s: s.training.stage in _RUNS,
        title=lambda s: (
            tr("Go on tuning") if s.training.stage is Stage.PAUSED else tr("Pause the tuning")
        ),
    ),
    Command(
        "train.stop", "Stop the tuning", lambda s: s.training.stop(),
        enabled=lambda s: s.training.stage in (*_RUNS, Stage.MEASURING),
    ),
    Command(
        "train.resume", "Go on with an unfinished tuning", _resume,
        enabled=lambda s: s.training.offered is not None and not s.training.is_busy,
    ),
    Command(
        "train.sample", "Open the current sample", _sample, "Ctrl+Alt+G",
        lambda s: s.training.has_sample,
    ),
    Command("train.report", "Open the report of the tuning", _report, enabled=_has_result),
    Command(
        "train.use-anyway", "Use the tuned model anyway", _use_anyway,
        enabled=lambda s: (
            s.training.report is not None and s.training.report.name != s.models.in_use
        ),
    ),
    Command("models.use", "Use the marked model", _use, enabled=_can_use),
    Command(
        "models.back", "Roll back to the model before", lambda s: s.models.go_back(),
        "Ctrl+Alt+Z", lambda s: bool(s.models.before),
    ),
    Command(
        "models.report", "Report of the marked model, or several compared",
        lambda s: s.models.show_reports(s.models.chosen),
        enabled=lambda s: bool(s.models.chosen),
    ),
    Command("models.rename", "Rename the marked model…", _rename, enabled=_has_own),
    Command(
        "models.export", "Export the marked model…", _export,
        enabled=lambda s: s.models.marked is not None and s.models.marked.is_model,
    ),
    Command("models.remove", "Remove the marked model…", _remove, enabled=_has_own),
)  # fmt: skip
"""The commands of the Train tab."""

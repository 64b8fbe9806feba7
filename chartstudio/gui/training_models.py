"""The models of the author: which there are, which one drafts, and what can be done with them.

Reading and changing folders runs on the io lane, loading a model on the engine lane. Knows no
widget and asks nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from chartstudio.core import paths
from chartstudio.core.job import Job, Progress
from chartstudio.editor.settings import Settings
from chartstudio.engine.tune import shelf
from chartstudio.engine.tune.shelf import Shelved, Told
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.jobs import Jobs, Lane
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.text import tr

T = TypeVar("T")

_USED_FILE = "models-used.json"
_N_USED = 20


class Models(QObject):
    """The installed models.

    Parameters
    ----------
    jobs : Jobs
    preferences : Preferences
        Name the model in use.
    engine : EngineHost
        Is made anew when another is used.

    Attributes
    ----------
    found : tuple of Shelved
    is_known : bool
        Whether the folders have been looked into.
    chosen : tuple of str
        Names of those that are marked in the list.
    """

    changed = Signal()
    message = Signal(str)
    switched = Signal()
    """Another model is in use; it is not loaded yet."""
    loaded = Signal(str)
    """Another model was loaded; empty, or why it could not be."""
    gone = Signal(str)
    """There is no model of this name any more: it was renamed or removed."""
    told = Signal(object)
    """Reports that were asked for: a tuple of `Told`."""

    def __init__(self, jobs: Jobs, preferences: Preferences, engine: EngineHost) -> None:
        super().__init__()
        self._jobs, self._preferences, self._engine = jobs, preferences, engine
        self.found: tuple[Shelved, ...] = ()
        self.is_known = False
        self.chosen: tuple[str, ...] = ()
        self._used = _read_used()
        preferences.changed.connect(self.changed)

    # Looking -------------------------------------------------------------------------------

    @property
    def in_use(self) -> str:
        """The model that drafts."""
        return self._preferences.now.model

    @property
    def unfinished(self) -> tuple[Shelved, ...]:
        """Tunings that can be gone on with: nobody works on them."""
        return tuple(s for s in self.found if not s.is_finished and not s.is_held)

    @property
    def before(self) -> str:
        """The model to roll back to: the one in use before, or what this one was tuned from."""
        there = {s.name: s for s in self.found if s.is_model}
        used = [name for name in self._used if name in there and name != self.in_use]
        if used:
            return used[-1]
        base = there[self.in_use].base if self.in_use in there else Settings().model
        return base if base in there and base != self.in_use else ""

    def named(self, name: str) -> Shelved | None:
        """What there is of a name."""
        return next((s for s in self.found if s.name == name), None)

    @property
    def marked(self) -> Shelved | None:
        """The model that was marked last."""
        return self.named(self.chosen[-1]) if self.chosen else None

    def choose(self, names: tuple[str, ...]) -> None:
        """Mark models."""
        if names != self.chosen:
            self.chosen = names
            self.changed.emit()

    def look(self) -> None:
        """Look again at what there is."""

        def done(found: tuple[Shelved, ...]) -> None:
            self.found, self.is_known = found, True
            names = {s.name for s in found}
            self.chosen = tuple(name for name in self.chosen if name in names)
            self.changed.emit()

        self._jobs.submit(Lane.IO, _job(tr("Looking at the models"), shelf.shelf), None, done)

    def show_reports(self, names: tuple[str, ...]) -> None:
        """Read reports and hand them on by `told`."""

        def read() -> tuple[Told, ...]:
            return tuple(map(shelf.read_told, names))

        self._jobs.submit(Lane.IO, _job(tr("Reading reports"), read), None, self.told.emit)

    # Using ---------------------------------------------------------------------------------

    def use(self, name: str) -> None:
        """Draft with a model from now on."""
        if name == self.in_use:
            return
        others = [n for n in self._used if n != self.in_use]
        self._note_used([*others, self.in_use][-_N_USED:])
        self._switch(name)
        self.message.emit(tr("{name} is in use now", name=name))

    def go_back(self) -> None:
        """Draft with the model that was in use before this one."""
        name = self.before
        if name:
            self._note_used([n for n in self._used if n != name])
            self._switch(name)
            self.message.emit(tr("{name} is in use again", name=name))

    def _switch(self, name: str) -> None:
        self._preferences.set(model=name)
        # The engine reads the stored settings.
        self._preferences.flush()
        self._engine.expect(name)
        self.switched.emit()
        self._jobs.submit(Lane.ENGINE, self._engine.reload, None, self.loaded.emit)
        self.changed.emit()

    def _note_used(self, names: list[str]) -> None:
        self._used = names
        (paths.state() / _USED_FILE).write_text(json.dumps(names), "utf-8")

    # Changing ------------------------------------------------------------------------------

    def rename(self, name: str, new: str) -> None:
        """Give a model another name."""

        def done(_: None) -> None:
            self.chosen = (new,)
            if name in self._used:
                self._note_used([new if n == name else n for n in self._used])
            if name == self.in_use:
                self._switch(new)
            self.gone.emit(name)
            self.look()
            self.message.emit(tr("{name} is named {new} now", name=name, new=new))

        what = tr("Renaming a model")
        self._jobs.submit(Lane.IO, _job(what, lambda: shelf.rename(name, new)), None, done)

    def remove(self, name: str) -> None:
        """Delete a model; the usual one takes its place where it is in use."""

        def done(_: None) -> None:
            if name == self.in_use:
                self._switch(Settings().model)
            self.gone.emit(name)
            self.look()
            self.message.emit(tr("{name} was removed", name=name))

        what = tr("Removing a model")
        self._jobs.submit(Lane.IO, _job(what, lambda: shelf.remove(name)), None, done)

    def export(self, name: str, path: Path) -> None:
        """Write a model's folder into a zip archive."""

        def done(_: None) -> None:
            self.message.emit(tr("{name} was written to {path}", name=name, path=path))

        what = tr("Writing {name}", name=path.name)
        self._jobs.submit(Lane.IO, _job(what, lambda: shelf.pack(name, path)), None, done)


def _job(what: str, work: Callable[[], T]) -> Callable[[], Job[T]]:
    """One call as a job."""

    def steps() -> Job[T]:
        yield Progress(0.0, what)
        return work()

    return steps


def _read_used() -> list[str]:
    """Models that were in use before, the last one at the end."""
    try:
        found = json.loads((paths.state() / _USED_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

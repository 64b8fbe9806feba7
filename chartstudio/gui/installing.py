"""Putting the song into a game that is installed here: which games, what is lost, how far.

Looking for games and writing run on the io lane. Knows the document, its files and the games;
knows no widget and asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from chartstudio.core.job import Job, Progress
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.files import SongFiles
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.text import tr
from chartstudio.library import install
from chartstudio.library.export import Exported, Plan
from chartstudio.library.games import Game, find_games
from chartstudio.library.machine import Machine


class Installer(QObject):
    """The games on this computer, and the one installation of the window.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    files : SongFiles
    sync : callable
        Where exports put beats against the sound, an id of `library.sync.SYNCS`.
    """

    changed = Signal()
    message = Signal(str)

    def __init__(
        self, bridge: Bridge, jobs: Jobs, files: SongFiles, sync: Callable[[], str]
    ) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._files = files
        self._sync = sync
        self._running: Handle | None = None
        self.machine: Callable[[], Machine] = Machine.here
        self.launch = install.start_program
        self.games: tuple[Game, ...] | None = None
        self.progress: Progress | None = None
        self.result: Exported | None = None

    @property
    def running(self) -> bool:
        """Whether games are looked for or one is written to."""
        return self._running is not None and self._running.active

    def look(self) -> None:
        """Look for games, again."""
        if self.running:
            return
        machine = self.machine

        def job() -> Job[tuple[Game, ...]]:
            yield Progress(0.0, tr("Looking for games"))
            return find_games(machine())

        def done(found: tuple[Game, ...]) -> None:
            self.games = found

        self._submit(job, done)

    def plan(self, game: Game, then: Callable[[Plan], object]) -> None:
        """Find out what an installation would do; ``then`` is called once that is known."""
        if self.running:
            return
        song, source = self._document.song, self._document.format_id
        assets, synced = self._files.surroundings, self._sync()

        def job() -> Job[Plan]:
            yield Progress(0.0, tr("Looking at what {game} can hold", game=game.title))
            return install.plan_for(song, assets(song), game, source, synced)

        self._submit(job, then)

    def start(self, made: Plan, game: Game) -> None:
        """Put the song into a game."""

        def done(result: Exported) -> None:
            self.result = result
            said = [loss.what for loss in result.losses if loss not in made.losses]
            self.message.emit("; ".join(said) or tr("Installed into {game}", game=game.title))

        self.result = None
        self._submit(lambda: install.install(made, game, self.launch), done)

    def cancel(self) -> None:
        """Stop; nothing that is half written stays."""
        if self._running is not None and self._running.active:
            self._running.cancel()
        self._end()

    def _submit(self, job: Callable[[], Job[Any]], done: Callable[[Any], object]) -> None:
        def end(value: Any) -> None:
            self._end()
            done(value)
            self.changed.emit()

        self.progress = Progress(0.0, tr("Waiting"))
        self._running = self._jobs.submit(
            Lane.IO, job, self._on_progress, end, lambda _: self._end()
        )
        self.changed.emit()

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    def _end(self) -> None:
        self._running = None
        self.progress = None
        self.changed.emit()


def place_of(game: Game) -> str:
    """Where a game keeps songs, or that it must be handed them."""
    if game.songs is None:
        return tr("{path} (is handed the song)", path=game.path)
    return str(game.songs / game.pack if game.pack else game.songs)

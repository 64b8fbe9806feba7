"""The author's library as the window sees it: what is found, what is chosen, what is scanned.

Every question to the database and all reading of files run on the io lane; scanning itself is
done by a process of its own. Knows the catalog and the lanes; knows no widget and asks nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from chartstudio.core import paths
from chartstudio.core.job import Job, Progress
from chartstudio.gui import text
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.text import tr
from chartstudio.library import hand
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import Folder, SongEntry
from chartstudio.library.hand import Picked
from chartstudio.library.overview import Facets, Overview, facets, overview
from chartstudio.library.search import Query, find_ids
from chartstudio.library.selection import Summary, summarise
from chartstudio.library.update import Updated, update_apart

T = TypeVar("T")

_LOOK_AGAIN_MS = 4000
"""How often the list follows a scan that is running."""

_N_REFUSED = 3
"""Refusals that are told one by one."""


@dataclass(frozen=True, slots=True)
class Order:
    """How songs are sorted: one of `search.ORDERS`, and which way."""

    by: str = "artist"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What the library holds, and what of it a query finds.

    Parameters
    ----------
    ids : tuple of int
        In the order that was asked for.
    folders : tuple of Folder
    facets : Facets
        Of the whole library.
    overview : Overview
    training : Summary
        What a training run on what the query asks for would use.
    """

    ids: tuple[int, ...] = ()
    folders: tuple[Folder, ...] = ()
    facets: Facets = field(default_factory=Facets)
    overview: Overview = field(default_factory=Overview)
    training: Summary = field(default_factory=Summary)


class Library(QObject):
    """The one library of the window.

    Parameters
    ----------
    jobs : Jobs

    Attributes
    ----------
    query : Query
    order : Order
    ids : tuple of int
        The songs that the query finds.
    found : Found
        The figures of what it finds; a moment later than the ids.
    chosen : tuple of int
        Ids of the songs that the user has marked.
    song : SongEntry or None
        The one of them that was marked last, as soon as it is known.
    notice : str
        What the user should know of the last scan; else empty.
    update : callable
        ``folder of the database -> Job[Updated]``.
    """

    changed = Signal()
    """The figures, the folders, the choice, or whether there is a scan."""
    progressed = Signal()
    """The scan is further, or over."""
    listed = Signal()
    """The ids are others, or what is known of their songs may be."""
    message = Signal(str)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._looking: Handle | None = None
        self._scanning: Handle | None = None
        self._is_checked = False
        self._is_listed = False
        self._looks_again = False
        self._wants_scan = False
        self.query = Query()
        self.order = Order()
        self.ids: tuple[int, ...] = ()
        self.found = Found()
        self.chosen: tuple[int, ...] = ()
        self.song: SongEntry | None = None
        self.is_known = False
        self.notice = ""
        self.progress: Progress | None = None
        self.update: Callable[[Path], Job[Updated]] = update_apart
        self._again = QTimer(self)
        self._again.setInterval(_LOOK_AGAIN_MS)
        self._again.timeout.connect(self.look)

    # Looking -----------------------------------------------------------------------------

    @property
    def scanning(self) -> bool:
        """Whether the folders are being looked through."""
        return self._scanning is not None and self._scanning.active

    @property
    def is_filtered(self) -> bool:
        """Whether only some songs are asked for."""
        return self.query != Query()

    def ask(self, query: Query) -> None:
        """Show what another query finds."""
        if query != self.query:
            self.query = query
            self._look_anew()

    def sort(self, order: Order) -> None:
        """Show the songs in another order."""
        if order != self.order:
            self.order = order
            self._look_anew()

    def look(self) -> None:
        """Look again at what the database holds; once more afterwards where that is going on."""
        if self._looking is not None and self._looking.active:
            self._looks_again = True
            return
        self._look_anew()

    def _look_anew(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looks_again = False
        query, order = self.query, self.order

        def work(catalog: Catalog) -> Job[Found]:
            ids = tuple(find_ids(catalog, query, order.by, order.descending))
            yield Progress(0.5, tr("Looking into the library"), ids)
            return Found(
                ids,
                tuple(catalog.folders()),
                facets(catalog),
                overview(catalog, query),
                summarise(catalog, query),
            )

        def said(progress: Progress) -> None:
            # The songs are shown before the figures of all of them are known.
            if progress.partial is not None:
                self._list(progress.partial)

        def done(found: Found) -> None:
            self.is_known = True
            self.found = found
            if not self._is_listed:
                self._list(found.ids)
            self.changed.emit()
            if self._looks_again:
                self._look_anew()

        def failed(_: Exception) -> None:
            # One that was sound when it was opened is looked at again; what is spoilt is begun
            # anew then.
            if was_checked:
                self._look_anew()

        was_checked = self._is_checked
        self._is_listed = False
        self._looking = self._ask(work, done, said, failed)

    def _list(self, ids: tuple[int, ...]) -> None:
        self._is_listed = True
        self.ids = ids
        self.listed.emit()

    def ask_catalog(
        self,
        what: str,
        work: Callable[[Catalog], T],
        done: Callable[[T], object],
        failed: Callable[[Exception], None] | None = None,
    ) -> Handle:
        """Do something with the catalog on the io lane.

        Parameters
        ----------
        what : str
            In words.
        work : callable
        done : callable
            Gets its result on the window's thread.
        failed : callable, optional
            Told of an error; that is shown anyway.
        """

        def steps(catalog: Catalog) -> Job[T]:
            yield Progress(0.5, what)
            return work(catalog)

        return self._ask(steps, done, failed=failed)

    def _ask(
        self,
        work: Callable[[Catalog], Job[T]],
        done: Callable[[T], object],
        said: Callable[[Progress], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
    ) -> Handle:
        """Run a job on the catalog, which is made sure to be sound when it is first opened."""
        check = not self._is_checked

        def job() -> Job[tuple[T, str]]:
            yield Progress(0.0, tr("Opening the library"))
            with Catalog(paths.library(), check) as catalog:
                return (yield from work(catalog)), catalog.notice

        def on_done(result: tuple[T, str]) -> None:
            value, notice = result
            self._is_checked = True
            self.notice = notice or self.notice
            done(value)

        def on_error(error: Exception) -> None:
            self._is_checked = False
            if failed is not None:
                failed(error)

        return self._jobs.submit(Lane.IO, job, said, on_done, on_error)

    # Choosing ----------------------------------------------------------------------------

    def choose(self, ids: Sequence[int]) -> None:
        """Mark songs; the last one is the one that is looked at."""
        self.chosen = tuple(ids)
        if not ids:
            self._show_song(None)
        elif self.song is None or self.song.id != ids[-1]:
            self._read_song()
        self.changed.emit()

    def _read_song(self) -> None:
        wanted = self.chosen[-1:]

        def done(songs: list[SongEntry]) -> None:
            if self.chosen[-1:] == wanted:
                self._show_song(songs[0] if songs else None)

        self.ask_catalog(tr("Reading a song"), lambda c: c.by_id(wanted), done)

    def _show_song(self, song: SongEntry | None) -> None:
        self.song = song
        self.changed.emit()

    # Hand picks --------------------------------------------------------------------------

    def leave_out(self) -> None:
        """Leave the chosen songs out of training."""
        self._pick(hand.leave_out, tr("left out of training"))

    def take_in(self) -> None:
        """Let training use the chosen songs, as far as that may be."""
        self._pick(hand.take_in, tr("taken in"))

    def let_rules_decide(self) -> None:
        """Take back what was picked by hand of the chosen songs."""
        self._pick(hand.let_rules_decide, tr("left to the rules"))

    def _pick(self, pick: Callable[[Catalog, Sequence[int]], Picked], what: str) -> None:
        ids = self.chosen

        def done(picked: Picked) -> None:
            said = []
            if picked.n_picked:
                n = text.count(picked.n_picked, "{n} song", "{n} songs")
                said.append(tr("{n} {what}", n=n, what=what))
            said += [f"{song.title}: {why}" for song, why in picked.refused[:_N_REFUSED]]
            if len(picked.refused) > _N_REFUSED:
                said.append(tr("{n} more cannot be", n=len(picked.refused) - _N_REFUSED))
            self.message.emit(" · ".join(said))
            self._read_song()
            self.look()

        self.ask_catalog(tr("Picking songs"), lambda catalog: pick(catalog, ids), done)

    # Folders and scanning ----------------------------------------------------------------

    def add_folder(self, path: Path) -> None:
        """Add a folder and look through it."""

        def done(_: Folder) -> None:
            self.look()
            self.scan()

        self.ask_catalog(tr("Adding a folder"), lambda c: c.add_folder(path), done)

    def remove_folder(self, folder: Folder) -> None:
        """Forget a folder and its songs; the files stay."""

        def done(_: None) -> None:
            if self.query.folder == folder.id:
                self.query = replace(self.query, folder=None)
            self.message.emit(tr("{folder} was taken out of the library", folder=folder.path))
            self.look()

        self.ask_catalog(tr("Taking out a folder"), lambda c: c.remove_folder(folder), done)

    def scan(self) -> None:
        """Look through all folders; once more afterwards where that is going on."""
        if self.scanning:
            self._wants_scan = True
            return
        self._wants_scan = False
        self.notice = ""
        self.progress = Progress(0.0, tr("Starting"))
        folder = paths.library()
        self._scanning = self._jobs.submit(
            Lane.IO,
            lambda: self.update(folder),
            self._on_progress,
            self._on_scanned,
            lambda _: self._end_scan(),
        )
        self._again.start()
        self.changed.emit()
        self.progressed.emit()

    def stop(self) -> None:
        """Look no more; a scan ends with its lane."""
        self._again.stop()

    def cancel(self) -> None:
        """Stop scanning; what has been found stays."""
        if self.scanning and self._scanning is not None:
            self._scanning.cancel()
            self._wants_scan = False
            self.message.emit(tr("Stopped; the next scan goes on from here"))
            self._end_scan()

    def _on_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.progressed.emit()

    def _on_scanned(self, updated: Updated) -> None:
        self.notice = " ".join(part for part in (updated.notice, _missing(updated)) if part)
        self.message.emit(_in_words(updated))
        self._end_scan()
        if self._wants_scan:
            self.scan()

    def _end_scan(self) -> None:
        self._again.stop()
        self._scanning = None
        self.progress = None
        if self.chosen:
            self._read_song()
        self.look()
        self.changed.emit()
        self.progressed.emit()


def _missing(updated: Updated) -> str:
    missing = updated.scanned.missing
    if not missing:
        return ""
    names = ", ".join(str(path) for path in missing[:_N_REFUSED])
    more = tr(" and {n} more", n=len(missing) - _N_REFUSED) if len(missing) > _N_REFUSED else ""
    return tr(
        "{names}{more} cannot be looked into; their songs stay listed.", names=names, more=more
    )


def _in_words(updated: Updated) -> str:
    """What a scan came by, as a line."""
    scanned, filled = updated.scanned, updated.filled
    counts = (
        (scanned.n_new, "{n} new"),
        (scanned.n_changed, "{n} changed"),
        (scanned.n_moved, "{n} moved"),
        (scanned.n_gone, "{n} gone"),
        (max(scanned.n_broken, filled.n_broken), "{n} cannot be read"),
    )
    said = [tr(words, n=n) for n, words in counts if n]
    n_songs = text.count(scanned.n_songs, "{n} song", "{n} songs")
    return tr(
        "{songs} in the library: {what}", songs=n_songs, what=", ".join(said) or tr("no news")
    )

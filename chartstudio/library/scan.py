"""Looking through the author's folders: what is new, changed, moved or gone, by headers alone.

Only files of another size or time than last time are read. Nothing below the folders is ever
written. What goes wrong with one song is that song's reason to be left out, and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from chartstudio.core.errors import ChartStudioError, FormatError
from chartstudio.core.job import Job, Progress, part
from chartstudio.library import exclusions, headers_stepmania
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import ChartEntry, Folder, Known, NewSong
from chartstudio.library.header import ChartHeader
from chartstudio.library.look import Looked, look
from chartstudio.library.places import Place, Walk, open_place, songs_in, walk

_BATCH = 50
_SHARE_OF_WALK = 0.2


@dataclass(slots=True)
class Report:
    """What a scan came by.

    Parameters
    ----------
    n_songs : int
        In the library, when it was over.
    n_new, n_changed, n_moved, n_gone : int
    n_broken : int
        Of the new and the changed ones.
    missing : list of Path
        Folders that could not be looked into. What is known of their songs stays.
    """

    n_songs: int = 0
    n_new: int = 0
    n_changed: int = 0
    n_moved: int = 0
    n_gone: int = 0
    n_broken: int = 0
    missing: list[Path] = field(default_factory=list)


@dataclass(slots=True)
class _Found:
    """What lies in the folders now, against what is known."""

    known: dict[tuple[Path, str], Known]
    report: Report
    fresh: list[tuple[Folder, Place]] = field(default_factory=list)
    seen: set[tuple[Path, str]] = field(default_factory=set)
    kept: list[Path] = field(default_factory=list)

    def gone(self) -> dict[int, Known]:
        """What is known and was not seen, by id; not what lies where nobody could look."""
        return {
            k.id: k
            for key, k in self.known.items()
            if key not in self.seen and not any(k.path.is_relative_to(p) for p in self.kept)
        }


def scan(catalog: Catalog, only: Sequence[Folder] = ()) -> Job[Report]:
    """Bring the library up to date with the folders.

    Every batch of songs is written when it is read, so that a scan that is cancelled or killed
    goes on where it was.

    Parameters
    ----------
    catalog : Catalog
    only : sequence of Folder
        The folders to look through; all where none is given.

    Returns
    -------
    Job of Report

    Raises
    ------
    ChartStudioError
        When the database cannot be written.
    """
    folders = list(only) or catalog.folders()
    ids = {f.id for f in folders}
    known = {key: k for key, k in catalog.known().items() if k.folder_id in ids}
    found = _Found(known, Report())
    for i, folder in enumerate(folders):
        share = _SHARE_OF_WALK / len(folders)
        yield from part(_walk_one(found, folder), i * share, (i + 1) * share)
    gone = found.gone()
    yield from part(_read(catalog, found, gone), _SHARE_OF_WALK, 1.0)
    catalog.forget(gone.values())
    found.report.n_gone = len(gone)
    found.report.n_songs = catalog.count()
    return found.report


# Walking ---------------------------------------------------------------------------------


def _walk_one(found: _Found, folder: Folder) -> Job[None]:
    what = f"Looking through {folder.path.name}"
    yield Progress(0.0, what)
    if not folder.path.is_dir():
        found.report.missing.append(folder.path)
        found.kept.append(folder.path)
        return
    walked = Walk()
    for walked in walk(folder.path):
        # How many folders there are is not known before the end.
        yield Progress(1 - 1 / (1 + len(walked.places) / 500), what)
    found.report.missing += walked.unreadable
    found.kept += walked.unreadable
    archives = _archives(found.known)
    for place in walked.places:
        if place.is_archive:
            _note_archive(found, folder, place, archives.get(place.path, []))
            yield Progress(1.0, what)
        else:
            _note(found, folder, place)


def _archives(known: dict[tuple[Path, str], Known]) -> dict[Path, list[Known]]:
    by_path: dict[Path, list[Known]] = {}
    for k in known.values():
        by_path.setdefault(k.path, []).append(k)
    return by_path


def _note(found: _Found, folder: Folder, place: Place) -> None:
    key = (place.path, place.inside)
    if key in found.seen:
        return
    found.seen.add(key)
    known = found.known.get(key)
    if known is None or known.stamp != place.stamp:
        found.fresh.append((folder, place))


def _note_archive(found: _Found, folder: Folder, place: Place, known: list[Known]) -> None:
    """An archive is opened only when it changed: it may hold a song, a pack, or neither."""
    if known and all(k.stamp == place.stamp for k in known):
        found.seen |= {(k.path, k.inside) for k in known}
        return
    try:
        places = songs_in(place)
    except FormatError:
        # What is wrong is told when its header is read.
        places = [place]
    for one in places:
        _note(found, folder, one)


# Reading ---------------------------------------------------------------------------------


def _read(catalog: Catalog, found: _Found, gone: dict[int, Known]) -> Job[None]:
    by_content: dict[str, list[int]] = {}
    for k in gone.values():
        by_content.setdefault(k.content, []).append(k.id)
    waiting: list[NewSong] = []
    for i, (folder, place) in enumerate(found.fresh):
        yield Progress(i / len(found.fresh), f"Reading {place.title}")
        song = read_new(folder, place)
        if song is None:
            continue
        before = found.known.get((place.path, place.inside))
        if before is not None and before.content == song.content != "":
            catalog.move(before.id, song)
            continue
        old = by_content.get(song.content, []) if before is None and song.content else []
        if old:
            moved = old.pop()
            del gone[moved]
            catalog.move(moved, song)
            found.report.n_moved += 1
            continue
        _count(found, song)
        waiting.append(song)
        if len(waiting) >= _BATCH:
            catalog.put(waiting)
            waiting = []
    catalog.put(waiting)


def _count(found: _Found, song: NewSong) -> None:
    known = (song.place.path, song.place.inside) in found.known
    found.report.n_changed += known
    found.report.n_new += not known
    found.report.n_broken += any(r.id == "broken" for r in song.reasons)


def read_new(folder: Folder, place: Place) -> NewSong | None:
    """A song by its header; one that cannot be read says why.

    Returns
    -------
    NewSong or None
        None where the place has gone since it was seen.
    """
    try:
        return _new(folder, place, look(open_place(place.path, place.inside)))
    except ChartStudioError as error:
        if not place.path.exists():
            return None
        what = str(error)
    except Exception as error:
        # Whatever a stranger's file does to a reader must not hide the library's other songs.
        # It is not hidden itself: the list shows what it was.
        what = f"reading it failed ({type(error).__name__}: {error}); tell us of this file"
    return NewSong(
        place, folder.id, "", "", place.title, "", "", place.pack, "",
        reasons=(exclusions.broken(what),),
    )  # fmt: skip


def _new(folder: Folder, place: Place, looked: Looked) -> NewSong:
    header = looked.header
    meta = header.metadata
    pack = place.pack
    if not pack and header.family == headers_stepmania.FAMILY and not place.is_archive:
        # Somebody who adds one pack adds the folder around its songs.
        pack = place.path.parent.name
    return NewSong(
        place,
        folder.id,
        looked.content,
        header.family,
        meta.title or place.title,
        meta.artist,
        meta.credit or next((c.charter for c in header.charts if c.charter), ""),
        pack,
        header.audio,
        meta.cover or meta.background or meta.banner,
        " ".join(_other_names(looked)),
        tuple(map(entry_of, header.charts)),
        exclusions.of_song(header, looked.opts_out, looked.audio_found),
    )


def _other_names(looked: Looked) -> Iterator[str]:
    meta = looked.header.metadata
    names = (meta.subtitle, meta.title_translit, meta.subtitle_translit, meta.artist_translit)
    yield from (name for name in names if name)


def entry_of(chart: ChartHeader) -> ChartEntry:
    """A chart as its header tells."""
    entry = ChartEntry(chart.mode, chart.name, chart.level, chart.label, chart.charter)
    return replace(entry, reasons=exclusions.of_header(chart))

"""Where songs lie below the author's folders, and whether they changed; nothing is read of them.

A place is a folder with charts at its top, an archive, a folder inside an archive that holds a
pack, or a project file. Which it is, is told by names; whether it changed, by the sizes and
times of the files that matter. Nothing is ever written below an author's folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from chartstudio.core.errors import FormatError
from chartstudio.formats import FORMATS, Bundle
from chartstudio.formats.bundle import ARCHIVE_SUFFIXES
from chartstudio.formats.format import has_suffix
from chartstudio.formats.project import SUFFIX as PROJECT_SUFFIX
from chartstudio.library.source import AUDIO_SUFFIXES

PACK_SUFFIXES = (*ARCHIVE_SUFFIXES, ".smzip")
"""Archives that may hold songs; ``.smzip`` is StepMania's name for a pack."""

LEVEL_SUFFIX = ".dat"
LEVEL_INFO = ("info.dat", "info.json")
"""What makes a folder of ``.dat`` files a level: other programs use that ending too."""

SHEET_SUFFIXES = tuple(
    dict.fromkeys(
        s
        for f in FORMATS
        for s in f.suffixes
        if s not in (LEVEL_SUFFIX, PROJECT_SUFFIX, *ARCHIVE_SUFFIXES)
    )
)
"""Endings of files that are charts wherever they lie."""

_AUDIO = (*AUDIO_SUFFIXES, ".egg")
_WATCHED = (*SHEET_SUFFIXES, LEVEL_SUFFIX, ".json", *_AUDIO)
ROBOTS = "robots.txt"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one song lies.

    Parameters
    ----------
    path : Path
        A folder, an archive or a project file.
    inside : str
        The folder within an archive; empty where the song is the whole of it.
    pack : str
        Name of the pack or the collection; empty where there is none.
    stamp : str
        Another one whenever a file that matters has another size or time.
    """

    path: Path
    inside: str
    pack: str
    stamp: str

    @property
    def is_archive(self) -> bool:
        """Whether the path is an archive."""
        return has_suffix(self.path.name, PACK_SUFFIXES)

    @property
    def title(self) -> str:
        """What to call it while nothing is known of its song."""
        return PurePosixPath(self.inside).name or self.path.stem or str(self.path)


@dataclass(slots=True)
class Walk:
    """What a walk below one folder came by.

    Parameters
    ----------
    places : list of Place
        An archive is one place, whatever it holds.
    unreadable : list of Path
        Folders that could not be listed: nothing is known of what is in them.
    """

    places: list[Place] = field(default_factory=list)
    unreadable: list[Path] = field(default_factory=list)


def walk(root: Path) -> Iterator[Walk]:
    """Look for songs below a folder, one folder at a time.

    Yields
    ------
    Walk
        The same one each time, growing.
    """
    found = Walk()
    waiting = [root]
    seen: set[tuple[int, int]] = set()
    while waiting:
        folder = waiting.pop()
        try:
            status = folder.stat()
            # Links may lead in circles.
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            files, folders = _listing(folder)
        except OSError:
            found.unreadable.append(folder)
            continue
        songs = list(_places(root, folder, files))
        found.places += songs
        # What lies below a song is its own: storyboards, backups of an editor.
        if folder == root or not any(p.path == folder for p in songs):
            waiting += sorted(folders, reverse=True)
        yield found
    yield found


def _listing(folder: Path) -> tuple[dict[str, os.stat_result], list[Path]]:
    """Files with their sizes and times, and folders; hidden ones aside."""
    files: dict[str, os.stat_result] = {}
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(folder / entry.name)
            elif has_suffix(entry.name, (*_WATCHED, *PACK_SUFFIXES, PROJECT_SUFFIX, ROBOTS)):
                try:
                    files[entry.name] = entry.stat()
                except OSError:
                    # A link to nothing, or a file that went away since.
                    continue
    return files, folders


def _places(root: Path, folder: Path, files: dict[str, os.stat_result]) -> Iterator[Place]:
    pack = _pack(root, folder)
    projects = sorted(name for name in files if has_suffix(name, (PROJECT_SUFFIX,)))
    for name in projects:
        kept = {n: s for n, s in files.items() if n == name or has_suffix(n, (*_AUDIO, ROBOTS))}
        yield Place(folder / name, "", pack, _stamp(kept))
    if not projects and is_song(files):
        yield Place(folder, "", pack, _stamp(_watched(files)))
    for name, status in sorted(files.items()):
        if has_suffix(name, PACK_SUFFIXES):
            inside = pack if folder == root else folder.name
            yield Place(folder / name, "", inside, _stamp({name: status}))


def is_song(names: Iterable[str]) -> bool:
    """Whether files of these names, in one folder, are a song with charts."""
    lower = [name.lower() for name in names]
    return any(n.endswith(SHEET_SUFFIXES) for n in lower) or any(n in LEVEL_INFO for n in lower)


def _watched(files: dict[str, os.stat_result]) -> dict[str, os.stat_result]:
    return {n: s for n, s in files.items() if has_suffix(n, (*_WATCHED, ROBOTS))}


def _pack(root: Path, folder: Path) -> str:
    """The folder that a song's folder lies in, unless that is the author's folder itself."""
    return "" if folder == root or folder.parent == root else folder.parent.name


def _stamp(files: dict[str, os.stat_result]) -> str:
    said = "\n".join(f"{n}|{s.st_size}|{s.st_mtime_ns}" for n, s in sorted(files.items()))
    return hashlib.blake2b(said.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def stamp_now(path: Path) -> str:
    """The stamp that the place has now; empty where it is gone or cannot be looked at."""
    try:
        if path.is_dir():
            return _stamp(_watched(_listing(path)[0]))
        if has_suffix(path.name, PACK_SUFFIXES):
            return _stamp({path.name: path.stat()})
        files, _ = _listing(path.parent)
    except OSError:
        return ""
    kept = {n: s for n, s in files.items() if n == path.name or has_suffix(n, (*_AUDIO, ROBOTS))}
    return _stamp(kept)


# Archives and reading --------------------------------------------------------------------


def songs_in(archive: Place) -> list[Place]:
    """The songs of an archive: itself, or the folders in it that hold charts.

    Raises
    ------
    FormatError
        When it is damaged.
    """
    names = Bundle.open(archive.path).names
    if is_song(n for n in names if "/" not in n) or _has_project(names, ""):
        return [archive]
    folders: dict[str, list[str]] = {}
    for name in names:
        folder, _, last = name.rpartition("/")
        folders.setdefault(folder, []).append(last)
    return [
        replace(archive, inside=folder, pack=PurePosixPath(folder).parent.name or archive.path.stem)
        for folder, inside in sorted(folders.items())
        if is_song(inside)
    ]


def _has_project(names: Iterable[str], folder: str) -> bool:
    return any(n.rpartition("/")[0] == folder and has_suffix(n, (PROJECT_SUFFIX,)) for n in names)


def open_place(path: Path, inside: str = "") -> Bundle:
    """The files of a song's place.

    Raises
    ------
    FormatError
        When they cannot be reached, or an archive is damaged.
    """
    bundle = Bundle.open(path)
    if not inside:
        return bundle
    prefix = f"{inside}/"
    names = sorted(n.removeprefix(prefix) for n in bundle.names if n.startswith(prefix))
    if not names:
        raise FormatError(f"{path}/{inside}", None, "is not in the archive any more; scan again")
    found = {name.casefold(): name for name in reversed(names)} | {name: name for name in names}
    return Bundle(path / inside, None, tuple(names), lambda n: bundle[prefix + n], found)

"""Work that outlives a crash: snapshots of the open song in a small database of its own.

Every running window holds one journal and deletes it when it closes. A journal that nobody
holds any more is what a crash left behind.
"""

from __future__ import annotations

import sqlite3
import sys
import uuid
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from chartstudio.core import paths
from chartstudio.core.errors import FormatError
from chartstudio.core.song import Song
from chartstudio.formats import project

N_KEPT = 20
"""Snapshots that a journal keeps: some minutes of steady work."""

_SUFFIX = ".journal"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS snapshot (
    id INTEGER PRIMARY KEY, saved_at TEXT, origin TEXT, format_id TEXT, title TEXT, song BLOB
)
"""


@dataclass(frozen=True, slots=True)
class Lost:
    """What a crash left behind: the last snapshot of a journal.

    Parameters
    ----------
    journal : Path
    origin : str
        Where the song had been opened from; empty for a new one.
    format_id : str
    title : str
    saved_at : str
        ISO 8601, UTC.
    """

    journal: Path
    origin: str
    format_id: str
    title: str
    saved_at: str


def _folder() -> Path:
    folder = paths.state() / "journals"
    folder.mkdir(exist_ok=True)
    return folder


class Journal:
    """The journal of one running window. Not for two threads at once.

    Parameters
    ----------
    folder : Path, optional
        The user's by default.

    Raises
    ------
    OSError, sqlite3.Error
        When nothing can be written there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or _folder()) / f"{uuid.uuid4().hex}{_SUFFIX}"
        lock = _hold(self.path)
        if lock is None:
            raise OSError(f"{self.path} is in use")
        self._lock = lock
        self._db = sqlite3.connect(self.path, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(_SCHEMA)
        self._db.commit()

    def record(self, song: Song, origin: Path | None, format_id: str | None) -> None:
        """Keep the song as it is now; older snapshots beyond `N_KEPT` go."""
        (text,) = project.write(song).values()
        row = (
            datetime.now(UTC).isoformat(timespec="seconds"),
            str(origin or ""),
            format_id or "",
            song.metadata.title,
            zlib.compress(text, 1),
        )
        with self._db:
            self._db.execute(
                "INSERT INTO snapshot (saved_at, origin, format_id, title, song) "
                "VALUES (?, ?, ?, ?, ?)",
                row,
            )
            self._db.execute(
                "DELETE FROM snapshot WHERE id <= (SELECT max(id) FROM snapshot) - ?", (N_KEPT,)
            )

    def clear(self) -> None:
        """Forget everything: the song is on disk as it is."""
        with self._db:
            self._db.execute("DELETE FROM snapshot")

    def close(self) -> None:
        """End the journal and take its files away."""
        self._db.close()
        self._lock.close()
        _delete(self.path)


def abandoned(folder: Path | None = None) -> tuple[Lost, ...]:
    """What crashes left behind, newest first; empty and broken journals are cleared away."""
    found = []
    for path in (folder or _folder()).glob(f"*{_SUFFIX}"):
        lock = _hold(path)
        if lock is None:
            continue
        with lock:
            lost = _last(path)
        if lost is None:
            _delete(path)
        else:
            found.append(lost)
    return tuple(sorted(found, key=lambda lost: lost.saved_at, reverse=True))


def restore(lost: Lost) -> Song:
    """The song as it was last.

    Raises
    ------
    FormatError
        When the journal is damaged.
    """
    try:
        with closing(sqlite3.connect(lost.journal)) as db:
            (data,) = db.execute("SELECT song FROM snapshot ORDER BY id DESC LIMIT 1").fetchone()
        text = zlib.decompress(data)
    except (sqlite3.Error, zlib.error, TypeError) as error:
        what = "the unsaved work in it is damaged; open the song's own file"
        raise FormatError(str(lost.journal), None, what) from error
    name = f"unsaved{project.SUFFIX}"
    return project.PROJECT_FORMAT.read({name: text}, name)


def forget(lost: Lost) -> None:
    """Take a crash's journal away."""
    _delete(lost.journal)


def _last(path: Path) -> Lost | None:
    try:
        with closing(sqlite3.connect(path)) as db:
            row = db.execute(
                "SELECT origin, format_id, title, saved_at FROM snapshot ORDER BY id DESC LIMIT 1"
            ).fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else Lost(path, *row)


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-lock"):
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink()


def _hold(path: Path) -> IO[bytes] | None:
    """Hold a journal until the file is closed or this process ends; None when another does."""
    lock = path.with_name(path.name + "-lock").open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock

"""The library's database as a file: its tables, opening it, and starting anew where it is spoilt.

Everything in it can be had again from the author's folders, and what the author chose, those
folders and the songs picked by hand, is kept in plain files beside it. So a database that is
damaged, or that a newer program has made, is moved aside and a new one is begun; it never stands
in the way. SQLite's write-ahead log lets several processes read while one writes, and loses no
finished transaction when one is killed.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from contextlib import suppress
from pathlib import Path

from chartstudio.core.errors import ChartStudioError
from chartstudio.library.entries import Pick
from chartstudio.library.exclusions import HAND, OVERRULABLE

FILE = "library.sqlite3"
FOLDERS_FILE = "folders.json"
PICKS_FILE = "picks.json"

_TABLES = """
CREATE TABLE folders(
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL UNIQUE
);
CREATE TABLE songs(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder_id INTEGER NOT NULL REFERENCES folders(id) ON DELETE CASCADE,
    path BLOB NOT NULL,
    inside TEXT NOT NULL,
    stamp TEXT NOT NULL,
    content TEXT NOT NULL,
    family TEXT NOT NULL,
    pack TEXT NOT NULL,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    charter TEXT NOT NULL,
    other_names TEXT NOT NULL,
    audio TEXT NOT NULL,
    cover TEXT NOT NULL,
    filled INTEGER NOT NULL DEFAULT 0,
    duration_s REAL,
    audio_hash TEXT NOT NULL DEFAULT '',
    fingerprint BLOB,
    twin_of INTEGER,
    UNIQUE(path, inside)
);
CREATE INDEX songs_by_folder ON songs(folder_id);
CREATE INDEX songs_by_content ON songs(content);
CREATE INDEX songs_by_filled ON songs(filled);
CREATE TABLE charts(
    id INTEGER PRIMARY KEY,
    song_id INTEGER NOT NULL REFERENCES songs(id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    mode TEXT NOT NULL,
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    charter TEXT NOT NULL,
    level REAL,
    estimate REAL,
    n_notes INTEGER,
    nps REAL,
    nps_peak REAL,
    density TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX charts_by_song ON charts(song_id);
CREATE TABLE reasons(
    song_id INTEGER NOT NULL REFERENCES songs(id) ON DELETE CASCADE,
    chart_id INTEGER REFERENCES charts(id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX reasons_by_song ON reasons(song_id);
CREATE INDEX reasons_by_chart ON reasons(chart_id);
CREATE VIRTUAL TABLE words USING fts5(
    title, artist, charter, mode, level, pack, tokenize = "unicode61 remove_diacritics 2"
);
CREATE TRIGGER songs_gone AFTER DELETE ON songs BEGIN
    DELETE FROM words WHERE rowid = old.id;
END;
"""

_PICKS = """
CREATE TABLE picks(
    path BLOB NOT NULL,
    inside TEXT NOT NULL,
    pick TEXT NOT NULL,
    PRIMARY KEY(path, inside)
) WITHOUT ROWID;
CREATE TABLE facts(
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""
"""Picks outlive their songs: a folder that is taken out and added again brings them back."""

_VERDICTS = f"""
CREATE TEMP VIEW verdicts AS
    SELECT r.rowid AS place, r.song_id, r.chart_id, r.id, r.text,
        p.pick IS NOT NULL AND p.pick = '{Pick.TAKE.value}'
            AND r.id IN ({", ".join(f"'{i}'" for i in OVERRULABLE)}) AS overruled
    FROM reasons r JOIN songs s ON s.id = r.song_id
    LEFT JOIN picks p ON p.path = s.path AND p.inside = s.inside
    UNION ALL
    SELECT 0, s.id, NULL, '{HAND.id}', '{HAND.text}', 0
    FROM picks p JOIN songs s ON s.path = p.path AND s.inside = p.inside
    WHERE p.pick = '{Pick.LEAVE.value}';
CREATE TEMP VIEW used_charts AS
    SELECT c.* FROM charts c WHERE NOT EXISTS (
        SELECT 1 FROM verdicts v WHERE v.song_id = c.song_id AND NOT v.overruled
        AND (v.chart_id IS NULL OR v.chart_id = c.id)
    );
"""
"""What training leaves out and why, the author's picks heeded: the one place of that rule."""

_STEPS: tuple[str, ...] = (_TABLES, _PICKS)
"""What brings a database from each version to the next; the first starts from nothing."""

VERSION = len(_STEPS)

_BUSY_S = 30.0
_SPOILT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_FILES = ("", "-wal", "-shm")


class _Unfit(Exception):
    """A database that cannot be used; says why."""


def open_database(folder: Path, check: bool = True) -> tuple[sqlite3.Connection, str]:
    """Open the database of a folder, or begin one.

    Parameters
    ----------
    folder : Path
        Exists and may be written.
    check : bool
        Whether to look at every page of it first.

    Returns
    -------
    database : sqlite3.Connection
        In autocommit mode, with rows by name.
    notice : str
        A line for the user where the one that was there had to be moved aside; else empty.

    Raises
    ------
    ChartStudioError
        When the folder cannot be written, or another process keeps the database.
    """
    path = folder / FILE
    try:
        try:
            return _connect(path, check), ""
        except _Unfit:
            pass
        try:
            # Somebody else may have begun a new one since.
            return _connect(path, True), ""
        except _Unfit as unfit:
            aside = _move_aside(path)
            database = _connect(path, True)
            _restore(database, folder)
            notice = f"the library was {unfit}; it was moved to {aside.name} and begun anew"
            return database, f"{notice}: scan to fill it again"
    except (sqlite3.Error, OSError, _Unfit) as error:
        what = "cannot be opened; free some space, allow writing there, or set CHARTSTUDIO_HOME"
        raise ChartStudioError(f"{path}: {what} ({error})") from error


def _connect(path: Path, check: bool) -> sqlite3.Connection:
    """A connection to a sound database of our version.

    Raises
    ------
    _Unfit
        When it is damaged, or of a newer version.
    """
    database = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        database.row_factory = sqlite3.Row
        # A database without a log yet is locked for a moment while it gets one, by anybody.
        database.execute(f"PRAGMA busy_timeout = {int(_BUSY_S * 1000)}")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA foreign_keys = ON")
        if check and database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise _Unfit("damaged")
        _upgrade(database)
        for view in _statements(_VERDICTS):
            database.execute(view)
    except sqlite3.DatabaseError as error:
        database.close()
        if error.sqlite_errorcode & 0xFF in _SPOILT:
            raise _Unfit("damaged") from error
        raise
    except BaseException:
        database.close()
        raise
    return database


def _upgrade(database: sqlite3.Connection) -> None:
    """Bring the tables to our version; two processes may come here at once."""
    if _version(database) == VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        version = _version(database)
        if version > VERSION:
            raise _Unfit("made by a newer ChartStudio")
        tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables:
            raise _Unfit("no library of ChartStudio")
        for step in _STEPS[version:]:
            for statement in _statements(step):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            database.execute("ROLLBACK")
        raise


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    """The statements of a script; ``executescript`` would end the transaction."""
    found, waiting = [], ""
    for line in script.splitlines(keepends=True):
        waiting += line
        if sqlite3.complete_statement(waiting):
            found.append(waiting)
            waiting = ""
    return found


def _move_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.stem}-{secrets.token_hex(4)}.old")
    for ending in _FILES:
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").replace(f"{aside}{ending}")
    return aside


# What the author chose, in files of its own ---------------------------------------------------


def keep_folders(database: sqlite3.Connection, folder: Path) -> None:
    """Write the author's folders beside the database, where a damaged one leaves them.

    Raises
    ------
    ChartStudioError
        When they cannot be written.
    """
    rows = database.execute("SELECT path FROM folders ORDER BY id")
    _keep(folder, FOLDERS_FILE, [os.fsdecode(row["path"]) for row in rows])


def keep_picks(database: sqlite3.Connection, folder: Path) -> None:
    """Write the songs picked by hand beside the database.

    Raises
    ------
    ChartStudioError
        When they cannot be written.
    """
    rows = database.execute("SELECT path, inside, pick FROM picks")
    picks = [[os.fsdecode(row["path"]), row["inside"], row["pick"]] for row in rows]
    _keep(folder, PICKS_FILE, picks)


def _keep(folder: Path, name: str, value: object) -> None:
    temporary = folder / f".{secrets.token_hex(8)}.tmp"
    try:
        temporary.write_text(json.dumps(value), "utf-8")
        temporary.replace(folder / name)
    except OSError as error:
        what = f"cannot be written ({error.strerror}); free some space or allow writing there"
        raise ChartStudioError(f"{folder / name}: {what}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _restore(database: sqlite3.Connection, folder: Path) -> None:
    for path in _kept(folder, FOLDERS_FILE):
        if isinstance(path, str):
            database.execute("INSERT OR IGNORE INTO folders(path) VALUES (?)", (os.fsencode(path),))
    for pick in _kept(folder, PICKS_FILE):
        if isinstance(pick, list) and [*map(type, pick)] == [str, str, str]:
            values = (os.fsencode(pick[0]), *pick[1:])
            database.execute("INSERT OR IGNORE INTO picks VALUES (?, ?, ?)", values)


def _kept(folder: Path, name: str) -> list[object]:
    """What was written there; nothing where that cannot be read, which must not stop a start."""
    try:
        found = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []

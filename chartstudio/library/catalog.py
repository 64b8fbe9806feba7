"""The author's library: which songs lie where, what is in them, and what training leaves out.

This module keeps and finds; it reads no song. `scan` and `fill` do, and hand their findings
here. A `Catalog` is one connection to the database: open one per process and per job.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError
from chartstudio.library.entries import ChartEntry, Folder, Known, NewSong, Pick, SongEntry, Sound
from chartstudio.library.exclusions import Reason
from chartstudio.library.schema import keep_folders, keep_picks, open_database

_AT_ONCE = 500
"""Ids of one statement; SQLite takes no more than some thousands of values."""

_TWINS = "twins"


class Catalog:
    """One connection to the library.

    Parameters
    ----------
    folder : Path, optional
        Where the database lies; the user's own where not given.
    check : bool
        Whether to make sure first that the database is sound, which takes longer the larger it
        is. Who opens it again and again in one run does so the first time.

    Attributes
    ----------
    notice : str
        A line for the user where the database had to be begun anew; else empty.

    Raises
    ------
    ChartStudioError
        When the database can be neither opened nor begun.
    """

    def __init__(self, folder: Path | None = None, check: bool = True) -> None:
        self.folder = folder or paths.library()
        self._db, self.notice = open_database(self.folder, check)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing.

        Raises
        ------
        ChartStudioError
            When the disk is full or another process holds the database for too long.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                with suppress(sqlite3.OperationalError):
                    # A full disk has ended the transaction already.
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            what = "cannot be written; close other copies of ChartStudio or free some space"
            raise ChartStudioError(f"{self.folder}: the library {what} ({error})") from error

    def rows(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """The rows of a question to the database; see `schema` for its tables and views.

        Raises
        ------
        ChartStudioError
            When the database is damaged, or another process keeps it for too long.
        """
        try:
            return self._db.execute(statement, tuple(values)).fetchall()
        except sqlite3.DatabaseError as error:
            is_ours = isinstance(error, sqlite3.ProgrammingError)
            if is_ours or error.sqlite_errorcode == sqlite3.SQLITE_ERROR:
                # The statement is wrong, not the database.
                raise
            what = "cannot be read; start again, and scan if it is begun anew"
            raise ChartStudioError(f"{self.folder}: the library {what} ({error})") from error

    # Folders -----------------------------------------------------------------------------

    def folders(self) -> list[Folder]:
        """The author's folders, in the order in which they were added."""
        rows = self.rows("SELECT id, path FROM folders ORDER BY id")
        return [Folder(r["id"], Path(os.fsdecode(r["path"]))) for r in rows]

    def add_folder(self, path: Path) -> Folder:
        """Add a folder; nothing in it is read yet.

        One inside a folder that is there already is that folder; one around others takes
        their place, with what is known of their songs.

        Raises
        ------
        ChartStudioError
            When there is no such folder.
        """
        if not path.is_dir():
            raise ChartStudioError(f"{path}: is no folder; name the folder that holds the songs")
        path = path.resolve()
        with self.writing() as db:
            inner = []
            for folder in self.folders():
                if path.is_relative_to(folder.path):
                    return folder
                if folder.path.is_relative_to(path):
                    inner.append(folder.id)
            new = db.execute("INSERT INTO folders(path) VALUES (?)", (os.fsencode(path),)).lastrowid
            for old in inner:
                db.execute("UPDATE songs SET folder_id = ? WHERE folder_id = ?", (new, old))
                db.execute("DELETE FROM folders WHERE id = ?", (old,))
        keep_folders(self._db, self.folder)
        return Folder(int(new or 0), path)

    def remove_folder(self, folder: Folder) -> None:
        """Forget a folder and its songs; the files stay."""
        with self.writing() as db:
            db.execute("DELETE FROM folders WHERE id = ?", (folder.id,))
        keep_folders(self._db, self.folder)

    # What `scan` asks and tells ------------------------------------------------------------

    def known(self) -> dict[tuple[Path, str], Known]:
        """All places that are known."""
        rows = self.rows("SELECT id, folder_id, path, inside, stamp, content, filled FROM songs")
        found = {}
        for r in rows:
            path = Path(os.fsdecode(r["path"]))
            found[path, r["inside"]] = Known(
                r["id"],
                r["folder_id"],
                path,
                r["inside"],
                r["stamp"],
                r["content"],
                r["filled"] > 0,
            )
        return found

    def put(self, songs: Iterable[NewSong]) -> None:
        """Write songs with their headers; what was known of their notes is forgotten."""
        with self.writing() as db:
            # A song that is read again has lost its twins.
            db.execute("DELETE FROM facts WHERE name = ?", (_TWINS,))
            for song in songs:
                _put(db, song)

    def move(self, song_id: int, song: NewSong) -> None:
        """A song lies elsewhere now, or its files are newer and the same.

        What is known of its notes and its sound stays.
        """
        place = song.place
        path = os.fsencode(place.path)
        with self.writing() as db:
            db.execute(
                "DELETE FROM songs WHERE path = ? AND inside = ? AND id != ?",
                (path, place.inside, song_id),
            )
            db.execute(
                "UPDATE OR REPLACE picks SET path = ?, inside = ? WHERE (path, inside) = "
                "(SELECT path, inside FROM songs WHERE id = ?)",
                (path, place.inside, song_id),
            )
            db.execute(
                "UPDATE songs SET folder_id = ?, path = ?, inside = ?, stamp = ?, pack = ? "
                "WHERE id = ?",
                (song.folder_id, path, place.inside, place.stamp, _clean(song.pack), song_id),
            )
            db.execute("UPDATE words SET pack = ? WHERE rowid = ?", (_clean(song.pack), song_id))

    def forget(self, songs: Iterable[Known]) -> None:
        """Songs that are gone; one that another process has found elsewhere since, stays."""
        gone = [(k.id, os.fsencode(k.path), k.inside) for k in songs]
        with self.writing() as db:
            db.executemany("DELETE FROM songs WHERE id = ? AND path = ? AND inside = ?", gone)

    # What `fill` asks and tells ------------------------------------------------------------

    def unfilled(self, version: int) -> list[Known]:
        """Songs whose notes and sound were not read by this version of the reading."""
        rows = self.rows(
            "SELECT id, folder_id, path, inside, stamp, content FROM songs WHERE filled < ? "
            "ORDER BY id",
            (version,),
        )
        return [
            Known(
                r["id"],
                r["folder_id"],
                Path(os.fsdecode(r["path"])),
                r["inside"],
                r["stamp"],
                r["content"],
                False,
            )
            for r in rows
        ]

    def put_filled(
        self,
        song: Known,
        version: int,
        charts: Sequence[ChartEntry] | None,
        reasons: Sequence[Reason],
        sound: Sound | None,
    ) -> bool:
        """Write what was found in a song, unless it has changed since.

        Parameters
        ----------
        song : Known
        version : int
            Of the reading.
        charts : sequence of ChartEntry or None
            None keeps those of the header.
        reasons : sequence of Reason
            All of the song.
        sound : Sound or None

        Returns
        -------
        bool
            Whether it was written.
        """
        with self.writing() as db:
            row = db.execute(
                "SELECT * FROM songs WHERE id = ? AND stamp = ?", (song.id, song.stamp)
            ).fetchone()
            if row is None:
                return False
            db.execute(
                "UPDATE songs SET filled = ?, duration_s = ?, audio_hash = ?, fingerprint = ? "
                "WHERE id = ?",
                (
                    version,
                    sound.duration_s if sound else None,
                    sound.hash if sound else "",
                    sound.fingerprint if sound else None,
                    song.id,
                ),
            )
            db.execute("DELETE FROM reasons WHERE song_id = ? AND chart_id IS NULL", (song.id,))
            _put_reasons(db, song.id, None, reasons)
            if charts is not None:
                _put_charts(db, song.id, charts)
                _put_words(db, row, charts)
        return True

    # Twins ---------------------------------------------------------------------------------

    def fingerprints(self) -> tuple[list[int], list[str], list[NDArray[np.uint32]]]:
        """Ids, hashes of the audio and fingerprints of the songs whose sound is known, by id."""
        rows = self.rows(
            "SELECT id, audio_hash, fingerprint FROM songs WHERE fingerprint IS NOT NULL "
            "ORDER BY id"
        )
        prints = [np.frombuffer(r["fingerprint"], np.uint32) for r in rows]
        return [r["id"] for r in rows], [r["audio_hash"] for r in rows], prints

    def twins_among(self) -> str:
        """Between which recordings twins were last looked for, as `put_twins` was told."""
        rows = self.rows("SELECT value FROM facts WHERE name = ?", (_TWINS,))
        return rows[0]["value"] if rows else ""

    def put_twins(self, twin_of: dict[int, int], among: str) -> None:
        """Write which songs sound the same; those not named are alone."""
        with self.writing() as db:
            db.execute("UPDATE songs SET twin_of = NULL WHERE twin_of IS NOT NULL")
            pairs = [(first, song) for song, first in twin_of.items()]
            db.executemany("UPDATE songs SET twin_of = ? WHERE id = ?", pairs)
            db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (_TWINS, among))

    def n_twins(self) -> int:
        """How many songs sound like one before them."""
        return int(self.rows("SELECT count(*) FROM songs WHERE twin_of IS NOT NULL")[0][0])

    # Picks ---------------------------------------------------------------------------------

    def pick(self, picks: dict[int, Pick]) -> None:
        """Note what the author decided by hand, by id of the song.

        `hand` knows which picks mean something.
        """
        with self.writing() as db:
            db.executemany(
                "DELETE FROM picks WHERE (path, inside) = "
                "(SELECT path, inside FROM songs WHERE id = ?)",
                [(i,) for i in picks],
            )
            db.executemany(
                "INSERT INTO picks SELECT path, inside, ? FROM songs WHERE id = ?",
                [(p.value, i) for i, p in picks.items() if p is not Pick.NONE],
            )
        keep_picks(self._db, self.folder)

    # Reading ---------------------------------------------------------------------------------

    def songs(self, where: str = "1", values: Sequence[object] = ()) -> list[SongEntry]:
        """Songs by artist and title.

        Parameters
        ----------
        where : str
            A condition on the table ``songs``, with a ``?`` for each of the values.
        """
        rows = self.rows(
            f"SELECT id FROM songs WHERE {where} "
            "ORDER BY artist COLLATE NOCASE, title COLLATE NOCASE, path, inside",
            values,
        )
        return self.by_id([r["id"] for r in rows])

    def by_id(self, ids: Sequence[int]) -> list[SongEntry]:
        """Songs in the order of their ids; without those that are gone."""
        found = {}
        for first in range(0, len(ids), _AT_ONCE):
            found.update(self._some(ids[first : first + _AT_ONCE]))
        return [found[i] for i in ids if i in found]

    def _some(self, ids: Sequence[int]) -> dict[int, SongEntry]:
        places = ", ".join("?" * len(ids))
        of_song: dict[int, list[Reason]] = {}
        of_chart: dict[int, list[tuple[Reason, bool]]] = {}
        for r in self.rows(
            f"SELECT * FROM verdicts WHERE song_id IN ({places}) ORDER BY place", ids
        ):
            reason = Reason(r["id"], r["text"])
            if r["chart_id"] is None:
                of_song.setdefault(r["song_id"], []).append(reason)
            else:
                of_chart.setdefault(r["chart_id"], []).append((reason, bool(r["overruled"])))
        charts: dict[int, list[ChartEntry]] = {}
        for r in self.rows(
            f"SELECT * FROM charts WHERE song_id IN ({places}) ORDER BY song_id, place", ids
        ):
            charts.setdefault(r["song_id"], []).append(_chart(r, of_chart.get(r["id"], ())))
        rows = self.rows(
            "SELECT s.*, p.pick, t.title AS twin_title, t.pack AS twin_pack FROM songs s "
            "LEFT JOIN picks p ON p.path = s.path AND p.inside = s.inside "
            f"LEFT JOIN songs t ON t.id = s.twin_of WHERE s.id IN ({places})",
            ids,
        )
        return {
            r["id"]: _song(r, tuple(charts.get(r["id"], ())), tuple(of_song.get(r["id"], ())))
            for r in rows
        }

    def count(self) -> int:
        """How many songs there are."""
        return int(self.rows("SELECT count(*) FROM songs")[0][0])


# Rows ------------------------------------------------------------------------------------


def _clean(text: str) -> str:
    """A text without half characters, which SQLite does not take."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _put(db: sqlite3.Connection, song: NewSong) -> None:
    place = song.place
    names = (song.family, song.pack, song.title, song.artist, song.charter)
    texts = (*names, song.other_names, song.audio, song.cover)
    row = db.execute(
        "INSERT INTO songs(path, inside, folder_id, stamp, content, family, pack, title, artist, "
        "charter, other_names, audio, cover) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT(path, inside) DO UPDATE SET folder_id = excluded.folder_id, "
        "stamp = excluded.stamp, content = excluded.content, family = excluded.family, "
        "pack = excluded.pack, title = excluded.title, artist = excluded.artist, "
        "charter = excluded.charter, other_names = excluded.other_names, "
        "audio = excluded.audio, cover = excluded.cover, filled = 0, duration_s = NULL, "
        "audio_hash = '', fingerprint = NULL, twin_of = NULL RETURNING *",
        (
            os.fsencode(place.path),
            place.inside,
            song.folder_id,
            place.stamp,
            song.content,
            *map(_clean, texts),
        ),
    ).fetchone()
    db.execute("DELETE FROM reasons WHERE song_id = ?", (row["id"],))
    _put_reasons(db, row["id"], None, song.reasons)
    _put_charts(db, row["id"], song.charts)
    _put_words(db, row, song.charts)


def _put_reasons(
    db: sqlite3.Connection, song_id: int, chart_id: int | None, reasons: Iterable[Reason]
) -> None:
    db.executemany(
        "INSERT INTO reasons(song_id, chart_id, id, text) VALUES (?, ?, ?, ?)",
        [(song_id, chart_id, r.id, _clean(r.text)) for r in reasons],
    )


def _put_charts(db: sqlite3.Connection, song_id: int, charts: Sequence[ChartEntry]) -> None:
    db.execute("DELETE FROM charts WHERE song_id = ?", (song_id,))
    for place, c in enumerate(charts):
        texts = map(_clean, (c.mode, c.name, c.label, c.charter))
        figures = (c.level, c.estimate, c.n_notes, c.nps, c.nps_peak)
        chart_id = db.execute(
            "INSERT INTO charts(song_id, place, mode, name, label, charter, level, estimate, "
            "n_notes, nps, nps_peak, density) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (song_id, place, *texts, *figures, json.dumps(c.density)),
        ).lastrowid
        _put_reasons(db, song_id, chart_id, c.reasons)


def _put_words(db: sqlite3.Connection, row: sqlite3.Row, charts: Sequence[ChartEntry]) -> None:
    """What the search looks through."""
    charters = dict.fromkeys((row["charter"], *(c.charter for c in charts)))
    levels = [w for c in charts for w in (c.name, c.label, level_word(c.level)) if w]
    words = (
        f"{row['title']} {row['other_names']}",
        row["artist"],
        " ".join(charters),
        " ".join(dict.fromkeys(c.mode for c in charts)),
        " ".join(dict.fromkeys(levels)),
        row["pack"],
    )
    db.execute("DELETE FROM words WHERE rowid = ?", (row["id"],))
    db.execute(
        "INSERT INTO words(rowid, title, artist, charter, mode, level, pack) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row["id"], *map(_clean, words)),
    )


def level_word(level: float | None) -> str:
    """A level as people type it."""
    return "" if level is None else f"{level:g}"


def _chart(row: sqlite3.Row, verdicts: Sequence[tuple[Reason, bool]]) -> ChartEntry:
    return ChartEntry(
        row["mode"],
        row["name"],
        row["level"],
        row["label"],
        row["charter"],
        row["estimate"],
        row["n_notes"],
        row["nps"],
        row["nps_peak"],
        tuple(json.loads(row["density"])),
        tuple(reason for reason, overruled in verdicts if not overruled),
        tuple(reason for reason, overruled in verdicts if overruled),
    )


def _song(
    row: sqlite3.Row, charts: tuple[ChartEntry, ...], reasons: tuple[Reason, ...]
) -> SongEntry:
    return SongEntry(
        row["id"],
        Path(os.fsdecode(row["path"])),
        row["inside"],
        row["family"],
        row["title"],
        row["artist"],
        row["charter"],
        row["pack"],
        row["audio"],
        row["cover"],
        row["filled"] > 0,
        row["duration_s"],
        row["id"] if row["twin_of"] is None else row["twin_of"],
        _twin(row["twin_title"], row["twin_pack"]),
        Pick(row["pick"] or ""),
        charts,
        reasons,
    )


def _twin(title: str | None, pack: str | None) -> str:
    """What to call a song's twin."""
    return f"{title} ({pack})" if title and pack else title or ""

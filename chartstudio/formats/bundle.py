"""Songs on disk: a folder or an archive as names and bytes, and saving all or nothing.

The only disk access of this package. It knows no chart format; it does know what hostile
archives try.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from chartstudio.core.errors import FormatError

MAX_TOTAL_BYTES = 2 << 30
MAX_FILE_BYTES = 512 << 20
MAX_ENTRIES = 10_000

ARCHIVE_SUFFIXES = (".osz", ".olz", ".zip")

_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError)
_STORED = (".mp3", ".ogg", ".opus", ".jpg", ".jpeg", ".png", ".mp4", ".avi", ".flv")
_BOMB_BYTES = 64 << 20
_BOMB_RATIO = 200
"""No chart, picture or sound this large packs so well; a file that does is there to fill memory."""

_FINDERS_OWN = "__MACOSX"
"""What macOS puts into archives for itself."""

_EARLIEST = (1980, 1, 1, 0, 0, 0)

_TOO_LARGE = "is larger than any file of a song; take it out or choose another song"

_REASONS = {
    errno.ENOENT: "does not exist; check the path",
    errno.EACCES: "cannot be accessed; allow it in the file's permissions or choose another place",
    errno.EPERM: "cannot be accessed; allow it in the file's permissions or choose another place",
    errno.ENOSPC: "cannot be written, the disk is full; free some space or choose another disk",
    errno.EDQUOT: "cannot be written, your quota is full; free some space or choose another disk",
    errno.EROFS: "cannot be written, the disk is read-only; choose another place",
    errno.ENAMETOOLONG: "has too long a name; shorten the title or choose another place",
    errno.ENOTDIR: "lies below a file, not a folder; check the path",
    errno.EISDIR: "is a folder where a file is wanted; remove or rename it",
}


def _reason(error: OSError) -> str:
    known = _REASONS.get(error.errno or 0)
    return known or f"failed ({error.strerror or error}); try again or choose another place"


def _refuse(path: Path | str, error: OSError) -> FormatError:
    return FormatError(str(path), None, _reason(error))


def _key(name: str) -> str:
    """How names are compared: games run on systems that ignore case, some use backslashes."""
    return str(PurePosixPath(name.replace("\\", "/"))).casefold()


@dataclass(frozen=True, eq=False)
class Bundle(Mapping[str, bytes]):
    """The files of a song, read when asked for.

    Names are relative, with forward slashes; a name is found in any case.

    Parameters
    ----------
    path : Path
        What was opened.
    chosen : str or None
        The chart file asked for, or None for the whole folder or archive.
    names : tuple of str
        Sorted.
    """

    path: Path
    chosen: str | None
    names: tuple[str, ...]
    _read: Callable[[str], bytes] = field(repr=False)
    _found: dict[str, str] = field(repr=False)

    @classmethod
    def open(cls, path: Path) -> Bundle:
        """Look at a chart file, a folder or an archive.

        Raises
        ------
        FormatError
            When it is missing, empty, not accessible, damaged, or too large.
        """
        try:
            mode = path.stat().st_mode
            if stat.S_ISDIR(mode):
                return _open_folder(path, None)
            if not stat.S_ISREG(mode):
                raise FormatError(str(path), None, "is no file or folder; choose a song")
            with path.open("rb") as file:
                magic = file.read(4)
        except OSError as error:
            raise _refuse(path, error) from error
        if magic in _ZIP_MAGIC:
            return _open_archive(path)
        if path.suffix.lower() in ARCHIVE_SUFFIXES:
            what = "is not an archive" if magic else "is empty"
            raise FormatError(str(path), None, f"{what}; download or export it again")
        return _open_folder(path.parent, path.name)

    def find(self, name: str) -> str | None:
        """The file's name as it is in the bundle, whatever the case asked in; else None."""
        return self._found.get(name) or self._found.get(_key(name))

    def __getitem__(self, name: str) -> bytes:
        """The file's bytes.

        Raises
        ------
        KeyError
            When there is none of that name.
        FormatError
            When it cannot be read.
        """
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return self._read(found)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def where(self, name: str) -> str:
        """The file as the user knows it: a path, or ``archive/entry``."""
        return str((self.path.parent if self.path.name == self.chosen else self.path) / name)


def _bundle(
    path: Path, chosen: str | None, names: list[str], read: Callable[[str], bytes]
) -> Bundle:
    found = {_key(name): name for name in sorted(names, reverse=True)}
    # Where names differ by case only, each is still found as it is spelled.
    found |= {name: name for name in names}
    return Bundle(path, chosen, tuple(sorted(names)), read, found)


# Folders ---------------------------------------------------------------------------------


def _open_folder(folder: Path, chosen: str | None) -> Bundle:
    try:
        names, total = _list(folder)
    except OSError as error:
        if chosen is None:
            raise _refuse(folder, error) from error
        names, total = [chosen], 0
    if chosen is None and not names:
        raise FormatError(str(folder), None, "is an empty folder; choose one with a song in it")
    if chosen is not None and chosen not in names:
        names.append(chosen)
    if chosen is None and total > MAX_TOTAL_BYTES:
        raise FormatError(str(folder), None, "holds more than 2 GiB; choose one song's folder")

    def read(name: str) -> bytes:
        path = folder / name
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise FormatError(str(path), None, _TOO_LARGE)
            return path.read_bytes()
        except OSError as error:
            raise _refuse(path, error) from error

    return _bundle(folder if chosen is None else folder / chosen, chosen, names, read)


def _list(folder: Path) -> tuple[list[str], int]:
    """Files below a folder, and their bytes; links, hidden files and unreadable ones aside."""
    names: list[str] = []
    total = 0
    waiting = [(folder, "")]
    while waiting and len(names) < MAX_ENTRIES:
        place, prefix = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.is_symlink():
                    continue
                if entry.is_dir():
                    # One level is what songs use; a whole collection is not a song.
                    if not prefix and os.access(entry.path, os.R_OK | os.X_OK):
                        waiting.append((Path(entry.path), f"{entry.name}/"))
                elif entry.is_file():
                    names.append(prefix + entry.name)
                    total += entry.stat().st_size
    return names[:MAX_ENTRIES], total


# Archives --------------------------------------------------------------------------------


def _open_archive(path: Path) -> Bundle:
    entries = _entries(path)
    root = _common_folder(entries)
    files = {name.removeprefix(root): info for name, info in entries.items()}

    def read(name: str) -> bytes:
        info = files[name]
        ratio = info.file_size / max(info.compress_size, 1)
        is_bomb = info.file_size > _BOMB_BYTES and ratio > _BOMB_RATIO
        if is_bomb or info.file_size > MAX_FILE_BYTES:
            raise FormatError(f"{path}/{name}", None, _TOO_LARGE)
        try:
            with zipfile.ZipFile(path) as archive, archive.open(info) as file:
                return file.read()
        except (OSError, *_DAMAGED) as error:
            raise _damaged(f"{path}/{name}", error) from error
        except (RuntimeError, NotImplementedError) as error:
            what = "is locked or packed in an unknown way; pack it again without a password"
            raise FormatError(f"{path}/{name}", None, what) from error

    return _bundle(path, None, list(files), read)


def _damaged(name: str, error: Exception) -> FormatError:
    """An archive, or a file in one, that does not hold together or cannot be reached."""
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _refuse(name, error)
    return FormatError(name, None, "is damaged; get the archive again")


def _entries(path: Path) -> dict[str, zipfile.ZipInfo]:
    """The files of an archive by their names.

    Raises
    ------
    FormatError
        When the archive is damaged, too large, or has names that lead out of it.
    """
    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (OSError, *_DAMAGED, NotImplementedError) as error:
        raise _damaged(str(path), error) from error
    if len(infos) > MAX_ENTRIES:
        what = f"holds {len(infos)} files, more than {MAX_ENTRIES}; choose one song's archive"
        raise FormatError(str(path), None, what)
    if sum(info.file_size for info in infos) > MAX_TOTAL_BYTES:
        raise FormatError(str(path), None, "unpacks to more than 2 GiB; choose another archive")
    # Sizes are promises: an entry that claims more than there is would be given that much memory.
    if any(info.compress_size > size for info in infos):
        raise FormatError(str(path), None, "is damaged; get the archive again")
    found = {}
    for info in infos:
        name = _entry_name(info).replace("\\", "/")
        if name.endswith("/") or stat.S_ISLNK(info.external_attr >> 16):
            continue
        parts = name.split("/")
        if parts[0] == _FINDERS_OWN:
            continue
        if name.startswith("/") or ":" in parts[0] or ".." in parts or "\0" in name or not name:
            what = f"holds a file named {name!r}, which leads out of it; do not trust it"
            raise FormatError(str(path), None, what)
        found[str(PurePosixPath(name))] = info
    if not found:
        raise FormatError(str(path), None, "is an empty archive; get it again")
    return found


def _entry_name(info: zipfile.ZipInfo) -> str:
    """The name; where it is not marked as UTF-8, osu! and others took Shift-JIS."""
    if info.flag_bits & 0x800:
        return info.filename
    raw = info.orig_filename.encode("cp437", "replace")
    for encoding in ("cp932", "utf-8"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename


def _common_folder(names: Mapping[str, object]) -> str:
    """``folder/`` where everything lies in one folder, else nothing."""
    tops = {name.split("/")[0] for name in names}
    lone = tops.pop()
    return f"{lone}/" if not tops and all("/" in name for name in names) else ""


# Saving ----------------------------------------------------------------------------------


def save_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Save files in a folder: all of them, or none.

    Each is written beside its place, flushed to the disk and renamed when all are there.

    Parameters
    ----------
    folder : Path
        Made when missing.
    files : mapping of str to bytes
        Names are relative, with forward slashes.

    Raises
    ------
    FormatError
        When something cannot be written, or a name leads out of the folder.
    """
    written: list[tuple[Path, Path]] = []
    made: list[Path] = []
    path = folder
    try:
        for name, data in files.items():
            path = folder / _checked(name, folder)
            _make(path.parent, made)
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "is a folder")
            temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
            written.append((temporary, path))
            _write(temporary, data)
        for temporary, path in written:
            temporary.replace(path)
    except BaseException as error:
        _undo([temporary for temporary, _ in written], made)
        if isinstance(error, OSError):
            raise _refuse(path, error) from error
        raise


def save_archive(path: Path, files: Mapping[str, bytes]) -> None:
    """Save files as one zip archive, or nothing. The same files give the same bytes.

    Raises
    ------
    FormatError
        When it cannot be written, or a name leads out of the archive.
    """
    made: list[Path] = []
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        _make(path.parent, made)
        with temporary.open("xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                for name, data in files.items():
                    info = zipfile.ZipInfo(_checked(name, path), _EARLIEST)
                    info.external_attr = 0o644 << 16
                    packed = name.lower().endswith(_STORED)
                    method = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
                    archive.writestr(info, data, method)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        _undo([temporary], made)
        if isinstance(error, OSError):
            raise _refuse(path, error) from error
        raise


def _checked(name: str, where: Path) -> str:
    parts = name.replace("\\", "/").split("/")
    if any(part in ("", ".", "..") for part in parts) or ":" in parts[0] or "\0" in name:
        raise FormatError(str(where), None, f"cannot take a file named {name!r}; rename it")
    return "/".join(parts)


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder with those above it, noting each that was not there."""
    missing = []
    place = folder
    while not place.exists():
        missing.append(place)
        place = place.parent
    for new in reversed(missing):
        new.mkdir()
        made.append(new)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _undo(temporaries: list[Path], made: list[Path]) -> None:
    """Take away what was begun; what cannot be is not what went wrong."""
    for path in temporaries:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    for folder in reversed(made):
        with suppress(OSError):
            if not any(folder.iterdir()):
                folder.rmdir()

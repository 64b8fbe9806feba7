"""One process at a time works on a tuning; the system lets go of it for one that dies.

Knows one file beside the tuning's folder, locked as the system offers it; refuses to know what
is done meanwhile. What a killed process leaves behind is no lock: only an open file is.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from chartstudio.core.errors import EngineError

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a tuning: nobody else does, in this process or another, until the block ends.

    Parameters
    ----------
    folder : Path
        Of the tuning; it need not exist, and may be renamed or removed meanwhile.

    Raises
    ------
    EngineError
        When somebody holds it, or no file can be made beside it.
    """
    # Beside the folder: one that comes to nothing can then be removed while it is held.
    path = folder.with_name(f".{folder.name}.lock")
    file = _taken(path, folder.name)
    try:
        yield
    finally:
        if sys.platform != "win32":
            path.unlink(missing_ok=True)
        file.close()
        if sys.platform == "win32":
            # Open files cannot be deleted here: not this one, nor one that is held again.
            with suppress(OSError):
                path.unlink()


def _taken(path: Path, name: str) -> BinaryIO:
    """The lock's file, held."""
    while True:
        try:
            file = path.open("ab")
        except OSError as error:
            raise EngineError(f"{path}: cannot be written ({error.strerror})") from error
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise EngineError(
                f"the tuning {name!r} is being trained by another process: wait until it is "
                "done, or stop it there first"
            ) from error
        if _is_there(file, path):
            return file
        # Who held it before has deleted it since it was opened: another one counts by now.
        file.close()


def _is_there(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False

"""Bringing the whole library up to date: the headers, then notes, levels, sound and twins."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chartstudio.core.job import Job, part
from chartstudio.library import fill, scan
from chartstudio.library.apart import apart
from chartstudio.library.catalog import Catalog

_SHARE_OF_SCAN = 0.1


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update came by.

    Parameters
    ----------
    scanned : scan.Report
    filled : fill.Report
    notice : str
        A line for the user where the database had to be begun anew; else empty.
    """

    scanned: scan.Report = field(default_factory=scan.Report)
    filled: fill.Report = field(default_factory=fill.Report)
    notice: str = ""


def update(folder: Path, n_workers: int | None = None) -> Job[Updated]:
    """Scan the author's folders and read what is new in them.

    Parameters
    ----------
    folder : Path
        Of the database.
    n_workers : int, optional
        Processes that read.

    Raises
    ------
    ChartStudioError
        When the database cannot be opened or written.
    """
    with Catalog(folder) as catalog:
        scanned = yield from part(scan.scan(catalog), 0.0, _SHARE_OF_SCAN)
        filled = yield from part(fill.fill(catalog, n_workers), _SHARE_OF_SCAN, 1.0)
        return Updated(scanned, filled, catalog.notice)


def update_apart(folder: Path, n_workers: int | None = None) -> Job[Updated]:
    """`update` in a process of its own: reading headers keeps Python's lock all the time."""
    return apart(update, folder, n_workers)

"""Bytes to songs and back: one file per format, and the one table of them.

Nothing here opens a file except `bundle`.
"""

from __future__ import annotations

from dataclasses import replace

from chartstudio.core.errors import FormatError
from chartstudio.core.song import Song
from chartstudio.formats import beatsaber
from chartstudio.formats.bundle import Bundle
from chartstudio.formats.format import Format, Loss
from chartstudio.formats.osu import OSZ_FORMAT
from chartstudio.formats.project import PROJECT_FORMAT
from chartstudio.formats.stepmania import SM_FORMAT, SSC_FORMAT

__all__ = [
    "FORMATS",
    "Bundle",
    "Format",
    "Loss",
    "find_format",
    "losses",
    "read_song",
    "write_song",
]

FORMATS: tuple[Format, ...] = (
    SM_FORMAT,
    SSC_FORMAT,
    OSZ_FORMAT,
    *beatsaber.FORMATS,
    PROJECT_FORMAT,
)
"""Every format, in the order in which lists show them."""

_FIRST = ("project", "ssc", "sm", "osz")
"""Which format wins where a folder holds several: our own, then as the games choose; the
others follow in the order of `FORMATS`."""


def find_format(format_id: str) -> Format:
    """The format of an id.

    Raises
    ------
    KeyError
        When there is none.
    """
    return {f.id: f for f in FORMATS}[format_id]


def read_song(bundle: Bundle) -> tuple[Song, str]:
    """Read what was opened.

    A chart file gives that file's charts; a folder or archive gives the whole set.

    Returns
    -------
    song : Song
    format_id : str

    Raises
    ------
    FormatError
        When nothing in it can be read.
    """
    first = (find_format(format_id) for format_id in _FIRST)
    formats = (*first, *(f for f in FORMATS if f.id not in _FIRST))
    for fmt in formats:
        if fmt.sniff(bundle, bundle.chosen):
            try:
                return fmt.read(bundle, bundle.chosen), fmt.id
            except FormatError as error:
                if error.file not in bundle:
                    raise
                raise FormatError(bundle.where(error.file), error.line, error.what) from error
    suffixes = ", ".join(dict.fromkeys(s for f in FORMATS for s in f.suffixes))
    what = f"holds no chart that can be read; choose a file, folder or archive with {suffixes}"
    raise FormatError(str(bundle.path), None, what)


def write_song(song: Song, format_id: str) -> dict[str, bytes]:
    """The song's chart files in a format, by name.

    Raises
    ------
    ModeError
        When the format cannot hold a chart.
    FormatError
        When a value cannot be written.
    """
    fmt = find_format(format_id)
    fmt.refuse_other_modes(song)
    return fmt.write(song)


def losses(song: Song, format_id: str) -> tuple[Loss, ...]:
    """What a format cannot hold of a song, told before anything is written."""
    fmt = find_format(format_id)
    held = tuple(c for c in song.charts if fmt.modes is None or c.mode in fmt.modes)
    others = (c for c in song.charts if fmt.modes is not None and c.mode not in fmt.modes)
    refused = (Loss(c.name, f"the whole chart: {fmt.title} has no {c.mode}", 1) for c in others)
    return (*refused, *fmt.losses(replace(song, charts=held)))

"""Which files saving a song writes, and where: over what was opened, or as a new project.

Knows formats and folders; knows no window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chartstudio.core.errors import FormatError
from chartstudio.core.job import Job, Progress
from chartstudio.core.song import Song
from chartstudio.formats import Bundle, bundle, find_format, write_song
from chartstudio.formats.format import Format, has_suffix

PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a song is saved.

    Parameters
    ----------
    path : Path
        The chart file, the song's folder, or the archive.
    format_id : str
    """

    path: Path
    format_id: str


def save_job(
    song: Song, place: Place, opened: Mapping[str, bytes], beside: Mapping[str, bytes]
) -> Job[None]:
    """Write a song where it was opened, or to a new place.

    Parameters
    ----------
    song : Song
    place : Place
    opened : mapping of str to bytes
        The files that the song was opened with. In an archive the ones that are no charts
        stay; in a folder a lone chart file keeps its name.
    beside : mapping of str to bytes
        Files to put beside the charts: audio and pictures, for a new place.

    Raises
    ------
    FormatError
        When it cannot be written; then nothing is.
    ModeError
        When the format cannot hold a chart's mode.
    """
    yield Progress(0.2, "Writing the charts")
    if isinstance(opened, Bundle) and opened.path == place.path:
        # The files are not those of the first opening once the song was saved over them.
        opened = Bundle.open(place.path)
    known = find_format(place.format_id)
    written = write_song(song, place.format_id)
    charts = [name for name in opened if "/" not in name and has_suffix(name, known.suffixes)]
    if has_suffix(place.path.name, bundle.ARCHIVE_SUFFIXES):
        # A format's suffix may be that of other files too, which stay.
        replaced = known.write(known.read(opened, None)) if opened else {}
        kept = {name: opened[name] for name in opened if name not in replaced}
        yield Progress(0.6, "Writing the archive")
        bundle.save_archive(place.path, {**kept, **beside, **written})
        return
    is_file = has_suffix(place.path.name, known.suffixes)
    folder = place.path.parent if is_file else place.path
    if len(written) == 1:
        (data,) = written.values()
        if is_file:
            written = {place.path.name: data}
        elif len(charts) == 1:
            written = {charts[0]: data}
    elif is_file and _is_part(known, opened, place.path.name):
        written = _part_alone(known, opened, place.path, written)
    stale = () if is_file else _stale(known, opened, folder, written)
    bundle.save_files(folder, {**_new_in(folder, beside), **written})
    for path in stale:
        path.unlink(missing_ok=True)


def _stale(
    known: Format, opened: Mapping[str, bytes], folder: Path, written: Mapping[str, bytes]
) -> list[Path]:
    """Files of the opened set whose charts were renamed or removed: the set is now elsewhere."""
    if not isinstance(opened, Bundle) or opened.path != folder or not known.sniff(opened, None):
        return []
    there = known.write(known.read(opened, None))
    taken = {name.casefold() for name in written}
    return [folder / name for name in there if name.casefold() not in taken]


def _is_part(known: Format, opened: Mapping[str, bytes], name: str) -> bool:
    """Whether a file was opened alone that holds one chart of a set beside it."""
    if name not in opened:
        return False
    return len(known.read(opened, name).charts) < len(known.read(opened, None).charts)


def _part_alone(
    known: Format, opened: Mapping[str, bytes], path: Path, written: dict[str, bytes]
) -> dict[str, bytes]:
    """The one file: what the format would write around it would hide the rest of the set.

    Raises
    ------
    FormatError
        When the song was changed in what those other files hold.
    """
    before = known.write(known.read(opened, path.name))
    others = [n for n in written if n != path.name and written[n] != before.get(n)]
    if others:
        what = (
            f"holds one chart of a set, and what was changed belongs in {others[0]}; open that "
            "file, or save as a project"
        )
        raise FormatError(str(path), None, what)
    return {path.name: written[path.name]}


def _new_in(folder: Path, beside: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that are not in a folder yet.

    Raises
    ------
    FormatError
        When another file of the same name is there.
    """
    new = {}
    for name, data in beside.items():
        path = folder / name
        if not path.exists():
            new[name] = data
        elif path.stat().st_size != len(data) or path.read_bytes() != data:
            what = "is there already and is another file; save in an empty folder"
            raise FormatError(str(path), None, what)
    return new

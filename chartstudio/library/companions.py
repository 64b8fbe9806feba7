"""The files that go along with a song's charts: pictures, storyboards, samples, videos.

Knows which of them a target has a use for. Never takes along what only happens to lie in the
same folder: a lone chart file may have been opened among somebody's papers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from chartstudio.core.song import Song
from chartstudio.formats import FORMATS, Bundle, Format, Loss, find_format
from chartstudio.formats.format import has_suffix
from chartstudio.formats.project import PROJECT_FORMAT

OWNER = "files"
"""Whose place in a project's `Extra` the names of its companions are."""

ROBOTS = "robots.txt"


@dataclass(frozen=True, slots=True)
class Companions:
    """Files that go along as they are.

    Parameters
    ----------
    copied : mapping of str to str
        Name in the export to name among the assets; the audio is not among them.
    losses : tuple of Loss
    """

    copied: Mapping[str, str]
    losses: tuple[Loss, ...]


def gather(
    song: Song, assets: Mapping[str, bytes], fmt: Format, source_format: str | None
) -> Companions:
    """Choose the files that go along.

    Parameters
    ----------
    song : Song
    assets : mapping of str to bytes
        Names are compared regardless of case, as games do.
    fmt : Format
        The target.
    source_format : str or None
        Where the song comes from; where that is not told, only what the song names goes along.
    """
    source = None if source_format is None else find_format(source_format)
    meta = song.metadata
    named = {meta.cover, meta.background, meta.banner, ROBOTS} - {""}
    copied = {name: name for name in sorted(named) if name in assets}
    seen = {name.replace("\\", "/").lower() for name in (*copied, song.audio)}
    n_left = 0
    shared = source is not None and _share_files(source, fmt)
    alone = isinstance(assets, Bundle) and assets.chosen is not None
    own = set(song.extra.get(OWNER, ())) if alone else set(assets)
    for name in _others(assets, source, fmt):
        if name.lower() in seen:
            continue
        if shared and name in own:
            copied[name] = name
        else:
            n_left += 1
    losses: tuple[Loss, ...] = ()
    if shared and n_left:
        what = "files beside the chart; open the whole folder to take them along"
        losses = (Loss("", what, n_left),)
    elif source is not None and n_left and not alone:
        losses = (Loss("", "files that the charts of this format do not use", n_left),)
    return Companions(copied, losses)


def noted(song: Song, companions: Companions, fmt: Format) -> Song:
    """The song as it is written: a project remembers which of the files beside it are its own."""
    if fmt is not PROJECT_FORMAT:
        return song
    meta = song.metadata
    own = set(companions.copied) - {meta.cover, meta.background, meta.banner, ROBOTS}
    return replace(song, extra=song.extra.set(OWNER, tuple(sorted(own)) or None))


def _share_files(source: Format, target: Format) -> bool:
    """Whether what lies beside one's charts is of use to the other; a project keeps all."""
    return source.family == target.family or PROJECT_FORMAT in (source, target)


def _others(assets: Mapping[str, bytes], source: Format | None, target: Format) -> Iterator[str]:
    """Names of files that are no charts."""
    involved = (source, target)
    families = {f.family for f in involved if f is not None}
    if PROJECT_FORMAT in involved:
        families = {f.family for f in FORMATS}
    suffixes = tuple({s for f in FORMATS if f.family in families for s in f.suffixes})
    return (name for name in assets if not has_suffix(name, suffixes))

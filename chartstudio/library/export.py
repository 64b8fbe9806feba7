"""Writing a song for a game: one job that window and command line both call.

First a `Plan`: which charts go along and as what, which files, what becomes of the audio and
the cover, and everything that is lost or changed by it. Then the job that carries it out and
saves everything or nothing. What a game wants stands in its `Format`; no game is named here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from chartstudio.audio.decode import origin_of
from chartstudio.core.errors import FormatError, ModeError
from chartstudio.core.job import Job, Progress, part
from chartstudio.core.song import Chart, Song
from chartstudio.formats import FORMATS, Format, Loss, bundle, find_format
from chartstudio.formats.project import PROJECT_FORMAT
from chartstudio.formats.text import file_name
from chartstudio.library import companions, pictures, soundtrack, sync
from chartstudio.library.alignment import aligned
from chartstudio.library.companions import Companions
from chartstudio.library.soundtrack import Soundtrack
from chartstudio.modes import MODES, convert

CUT_COVER = "the cover is cut to a square"
DRAWN_COVER = "there is no picture that can be the cover: a plain one is drawn"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Parameters
    ----------
    files : tuple of Path
    losses : tuple of Loss
        What the format could not hold, and what was changed.
    """

    files: tuple[Path, ...]
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """An export before anything is written.

    Parameters
    ----------
    fmt : Format
    song : Song
        As it will be written, but for its cover.
    assets : mapping of str to bytes
    companions : Companions
        The files that go along.
    track : Soundtrack
    losses : tuple of Loss
        Everything that is lost or changed.
    changes_modes : bool
        Whether charts are converted to another mode or left out. Whoever carries such a plan
        out must have shown the losses.
    """

    fmt: Format
    song: Song
    assets: Mapping[str, bytes]
    companions: Companions
    track: Soundtrack
    losses: tuple[Loss, ...]
    changes_modes: bool


class Content(Mapping[str, bytes]):
    """The files of an export by name; those that are not changed are read when asked for.

    Parameters
    ----------
    made : dict of str to bytes
    copied : dict of str to str
        Name in the export to name among the assets.
    assets : mapping of str to bytes
    """

    def __init__(
        self, made: dict[str, bytes], copied: Mapping[str, str], assets: Mapping[str, bytes]
    ) -> None:
        keys = {name.lower() for name in made}
        self._made = made
        self._copied = {n: asset for n, asset in copied.items() if n.lower() not in keys}
        self._assets = assets

    def __getitem__(self, name: str) -> bytes:
        if name in self._made:
            return self._made[name]
        return self._assets[self._copied[name]]

    def __iter__(self) -> Iterator[str]:
        yield from self._made
        yield from self._copied

    def __len__(self) -> int:
        return len(self._made) + len(self._copied)


def folder_name(song: Song) -> str:
    """A name for the song's folder that every file system takes."""
    meta = song.metadata
    return file_name(" - ".join(part for part in (meta.artist, meta.title) if part), "song")


# Planning --------------------------------------------------------------------------------


def plan(
    song: Song,
    assets: Mapping[str, bytes],
    format_id: str,
    source_format: str | None = None,
    synced: str = sync.KEEP,
) -> Plan:
    """Say what an export will do, before anything is written.

    Parameters
    ----------
    song : Song
    assets : mapping of str to bytes
        The files of the song's folder or archive.
    format_id : str
        Key of `formats.FORMATS`.
    source_format : str or None
        The format that the song was read from. Between formats of one family, and to and
        from a project, the other files of ``assets`` go along; else those that the song names.
    synced : str
        Where beats are to lie against the sound, for games with several customs: an id of
        `sync.SYNCS`.

    Raises
    ------
    ModeError
        When the format can hold none of the charts.
    """
    fmt = find_format(format_id)
    charts, of_charts = _charts(song, fmt)
    by_s = sync.shift_s(song, fmt, synced)
    fitting = sync.later(replace(song, charts=charts), by_s)
    # A first note that only its sync puts before the audio asks for no silence.
    needs = replace(fmt.needs, lead_in_s=fmt.needs.lead_in_s + min(0.0, by_s))
    baked = aligned(fmt.prepare(fitting), needs, keep_ticks=_came_from(song, fmt))
    beside = companions.gather(song, assets, fmt, source_format)
    track = soundtrack.choose(
        song.audio, assets, fmt.needs, baked.pad_s, {n.lower() for n in beside.copied}
    )
    if "mp3" in fmt.needs.audio and track.source and not _came_from(song, fmt):
        track = replace(
            track, losses=(*track.losses, *soundtrack.other_start(track, assets[track.source]))
        )
    ready = companions.noted(replace(baked.song, audio=track.name), beside, fmt)
    losses = (*of_charts, *sync.losses(by_s), *fmt.losses(fitting), *track.losses, *beside.losses)
    return Plan(
        fmt,
        ready,
        assets,
        beside,
        track,
        (*losses, *_cover_losses(song, assets, fmt.needs.square_cover_px)),
        charts != song.charts,
    )


def _charts(song: Song, fmt: Format) -> tuple[tuple[Chart, ...], list[Loss]]:
    """The charts as the format can hold them, and what that costs."""
    kept: list[Chart] = []
    losses = _unread(song, fmt)
    for chart in song.charts:
        if fmt.modes is None or chart.mode in fmt.modes:
            kept.append(chart)
            continue
        to = next((m for m in convert.targets(chart.mode) if m in fmt.modes), None)
        if to is None:
            what = f"the whole chart: {fmt.title} has no {_mode_title(chart.mode)}"
            losses.append(Loss(chart.name, what, 1))
            continue
        converted, changes = convert.convert(chart, to, song)
        kept.append(converted)
        what = f"converted from {_mode_title(chart.mode)} to {_mode_title(to)}"
        losses += (Loss(chart.name, what, 1), *(Loss(chart.name, w, n) for w, n in changes))
    if losses and not kept:
        modes = ", ".join(Counter(c.mode for c in song.charts)) or "modes that are kept unread"
        raise ModeError(
            f"{fmt.title} cannot hold any of the charts, which are for {modes}; "
            "choose another format"
        )
    return tuple(kept), losses


def _unread(song: Song, fmt: Format) -> list[Loss]:
    """Charts that another format's files hold unread, and that stay behind."""
    if fmt.modes is None:
        return []
    # Formats of one family take each other's along, or say themselves what they cannot.
    others = (other for other in FORMATS if other.family != fmt.family)
    names = dict.fromkeys(name for other in others for name in other.unread(song))
    return [Loss(name, "the whole chart: it is for a mode that is not read", 1) for name in names]


def _mode_title(mode_id: str) -> str:
    mode = MODES.get(mode_id)
    return mode.title if mode else mode_id


def _came_from(song: Song, fmt: Format) -> bool:
    """Whether the song, or a chart of it, was read from a file of the format's family."""
    owners = {f.id for f in FORMATS if f.family == fmt.family} | {fmt.family}
    extras = (song.extra, *(c.extra for c in song.charts))
    return any(owner in owners for extra in extras for owner, _ in extra.items)


# Covers ----------------------------------------------------------------------------------


def _picture(song: Song, assets: Mapping[str, bytes]) -> str:
    """Name of the picture that the cover is made of; empty where there is none."""
    meta = song.metadata
    names = (meta.cover, meta.background, meta.banner)
    return next((n for n in names if n and n in assets), "")


def _cover_losses(song: Song, assets: Mapping[str, bytes], side_px: int) -> tuple[Loss, ...]:
    name = _picture(song, assets)
    if not side_px or (name and pictures.is_square(assets[name], side_px)):
        return ()
    return (Loss("", CUT_COVER if name else DRAWN_COVER, 1),)


def _covered(made: Plan) -> tuple[Song, dict[str, bytes], tuple[Loss, ...]]:
    """The song with the cover that its game wants, the cover's file, and what went wrong."""
    song, side_px = made.song, made.fmt.needs.square_cover_px
    name = _picture(song, made.assets)
    losses: tuple[Loss, ...] = ()
    if not side_px:
        return song, {}, losses
    if name and pictures.is_square(made.assets[name], side_px):
        return _with_cover(song, name), {}, losses
    try:
        picture = pictures.squared(made.assets[name], name, side_px) if name else None
    except FormatError as error:
        picture = None
        losses = (Loss("", f"{error}: a plain cover is drawn", 1),)
    named = song.metadata.cover
    picture = picture or pictures.drawn(folder_name(song), side_px, PurePosixPath(named).suffix)
    taken = {n.lower() for n in made.companions.copied} | {song.audio.lower()}
    # A picture that is named and not there gives its name to the one that is drawn.
    fits = PurePosixPath(named).suffix.lower() == picture.suffix
    new, number = named if fits else f"cover{picture.suffix}", 1
    while new.lower() in taken:
        number += 1
        new = f"cover {number}{picture.suffix}"
    return _with_cover(song, new), {new: picture.data}, losses


def _with_cover(song: Song, name: str) -> Song:
    return replace(song, metadata=replace(song.metadata, cover=name))


# Carrying out ----------------------------------------------------------------------------


def content(made: Plan) -> Job[tuple[Content, tuple[Loss, ...]]]:
    """The files that a plan comes to, and its losses with those that only now showed.

    Raises
    ------
    FormatError
        When the audio must be encoded anew and cannot be decoded, or a value cannot be
        written.
    """
    yield Progress(0.0, "Preparing the charts")
    song, files, unexpected = _covered(made)
    track = made.track
    copied = dict(made.companions.copied)
    if track.source and track.is_encoded:
        encoding = soundtrack.made(track, made.assets[track.source])
        files[track.name] = yield from part(encoding, 0.1, 0.9)
    elif track.source:
        copied[track.name] = track.source
    yield Progress(0.9, "Writing")
    sound = files.get(track.name) or (made.assets[track.source] if track.source else b"")
    charts = made.fmt.write(_with_origin(song, sound, made.fmt))
    length = soundtrack.length_of(sound)
    files |= charts if length is None else made.fmt.finish(charts, *length)
    return Content(files, copied, made.assets), (*made.losses, *unexpected)


def _with_origin(song: Song, sound: bytes, fmt: Format) -> Song:
    """The song as it is written: a project notes where its audio starts."""
    if fmt is not PROJECT_FORMAT or not sound:
        return song
    try:
        return soundtrack.noted(song, origin_of(sound, song.audio))
    except FormatError:
        return song  # what cannot be decoded has no start; opening it says so


def carry_out(made: Plan, folder: Path) -> Job[Exported]:
    """Write what was planned: all of it, or nothing.

    Parameters
    ----------
    made : Plan
    folder : Path
        For a folder format the song's own folder; for an archive the folder it is put in.
        Made when missing.

    Raises
    ------
    FormatError
        When a file cannot be read or written; then none of them is there.
    """
    files, losses = yield from content(made)
    if made.fmt.needs.archive:
        path = folder / (folder_name(made.song) + made.fmt.needs.archive)
        bundle.save_archive(path, files)
        return Exported((path,), losses)
    bundle.save_files(folder, files)
    return Exported(tuple(folder / name for name in files), losses)


def export(
    song: Song,
    assets: Mapping[str, bytes],
    format_id: str,
    folder: Path,
    source_format: str | None = None,
) -> Job[Exported]:
    """Write a song whose charts the format holds as they are.

    For callers who have not shown a plan's losses: nothing is converted, no chart left out.

    Parameters
    ----------
    song : Song
    assets : mapping of str to bytes
        The files that the song names, as far as they exist: audio, cover, background.
    format_id : str
        Key of `formats.FORMATS`.
    folder : Path
        As of `carry_out`.
    source_format : str or None
        As of `plan`.

    Raises
    ------
    FormatError
        As of `carry_out`.
    ModeError
        When the format cannot hold a chart's mode.
    """
    find_format(format_id).refuse_other_modes(song)
    return (yield from carry_out(plan(song, assets, format_id, source_format), folder))

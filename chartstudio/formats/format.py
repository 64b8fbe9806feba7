"""The record that every file format fills in, and what a format cannot hold.

It knows no format and opens no file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chartstudio.core.errors import ModeError
from chartstudio.core.song import Song

Files = Mapping[str, bytes]
"""A song's folder or archive: file name to bytes, read when asked for."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something that a format cannot hold, told before anything is written.

    Parameters
    ----------
    chart : str
        The chart's name; empty when the song as a whole is meant.
    what : str
        In words for the author.
    n : int
        How many of them.
    """

    chart: str
    what: str
    n: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What a game wants of the files around its charts.

    Parameters
    ----------
    archive : str
        Suffix of the one file that a song is; empty where it is a folder.
    audio : tuple of str
        Codecs taken as they are (``vorbis``, ``mp3``, ``wav``); anything else is encoded as
        Ogg Vorbis. Empty: every file is taken.
    audio_suffix : str
        What encoded audio is called.
    lead_in_s : float
        Quiet that the audio must hold before the first note.
    starts_on_beat : bool
        Whether the audio must start on the chart's beat 0, so that an offset is baked in.
    square_cover_px : int
        Side that the cover must have at least, as a square; 0 where any picture will do.
    """

    archive: str = ""
    audio: tuple[str, ...] = ("vorbis",)
    audio_suffix: str = ".ogg"
    lead_in_s: float = 0.0
    starts_on_beat: bool = False
    square_cover_px: int = 0


def unfinished(files: dict[str, bytes], n_samples: int, rate_hz: int) -> dict[str, bytes]:
    """The files themselves: a `Format.finish` for charts that say nothing of their audio."""
    return files


def nothing_unread(song: Song) -> tuple[str, ...]:
    """No charts: a `Format.unread` for formats all of whose charts are read."""
    return ()


def as_it_is(song: Song) -> Song:
    """The song itself: a `Format.prepare` for formats that ask for nothing."""
    return song


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Parameters
    ----------
    id, title : str
    family : str
        Formats of one family share the files that lie beside their charts: storyboards,
        samples, videos.
    suffixes : tuple of str
        Endings of its files, in lower case with the dot; the first is the one that an export
        goes by.
    modes : tuple of str or None
        Modes whose charts it can hold; None for every mode.
    sniff : callable
        ``(files, chosen) -> bool``: whether the files, or the chosen one, are of this format.
        Goes by names where they suffice, and never raises for what a file holds.
    read : callable
        ``(files, chosen) -> Song``. ``chosen`` is the chart file asked for, or None for the
        whole set. Raises `FormatError`.
    write : callable
        ``(song) -> {name: bytes}``, the chart files only.
    losses : callable
        ``(song) -> losses``, for charts of modes that the format holds.
    needs : Needs
    prepare : callable
        ``(song) -> song`` as an export writes it: difficulties by names that the game knows,
        charts with generated parts marked as its players expect.
    finish : callable
        ``(files, n_samples, rate_hz) -> files``: what `write` gave, with what is known of the
        audio that goes with it, per channel.
    unread : callable
        ``(song) -> names`` of charts that the song's files of this format hold and that are
        kept as they are, unread: no other format can take them along.
    """

    id: str
    title: str
    family: str
    suffixes: tuple[str, ...]
    modes: tuple[str, ...] | None
    sniff: Callable[[Files, str | None], bool]
    read: Callable[[Files, str | None], Song]
    write: Callable[[Song], dict[str, bytes]]
    losses: Callable[[Song], tuple[Loss, ...]]
    needs: Needs = Needs()
    prepare: Callable[[Song], Song] = as_it_is
    finish: Callable[[dict[str, bytes], int, int], dict[str, bytes]] = unfinished
    unread: Callable[[Song], tuple[str, ...]] = nothing_unread

    def refuse_other_modes(self, song: Song) -> None:
        """Check that every chart's mode can be held.

        Raises
        ------
        ModeError
            Naming the first that cannot.
        """
        if self.modes is None:
            return
        for chart in song.charts:
            if chart.mode not in self.modes:
                name = f" ({chart.name})" if chart.name else ""
                raise ModeError(
                    f"{self.title} cannot hold the {chart.mode} chart{name}; "
                    "remove it from the export or choose another format"
                )


def has_suffix(name: str, suffixes: tuple[str, ...]) -> bool:
    """Whether a file name ends in one of the suffixes, in any case."""
    return name.lower().endswith(suffixes)


def sniff_suffix(
    suffixes: tuple[str, ...],
) -> Callable[[Files, str | None], bool]:
    """A `Format.sniff` that goes by the endings of top-level names."""

    def sniff(files: Files, chosen: str | None) -> bool:
        if chosen is not None:
            return has_suffix(chosen, suffixes)
        return any("/" not in name and has_suffix(name, suffixes) for name in files)

    return sniff


def top_level(files: Files, suffixes: tuple[str, ...]) -> list[str]:
    """Names at the top of a bundle that end in one of the suffixes, sorted."""
    return sorted(n for n in files if "/" not in n and has_suffix(n, suffixes))

"""What the library knows of folders, songs and charts, as values. Nothing is read here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from chartstudio.library.exclusions import Reason
from chartstudio.library.places import Place


class Pick(Enum):
    """What the author decided by hand about a song in training."""

    NONE = ""
    """Nothing: the rules decide."""
    LEAVE = "leave"
    """It stays out, whatever the rules say."""
    TAKE = "take"
    """It comes in where a rule that may be overruled leaves it out; see `exclusions`."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that the author has added."""

    id: int
    path: Path


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of a place."""

    id: int
    folder_id: int
    path: Path
    inside: str
    stamp: str
    content: str
    is_filled: bool


@dataclass(frozen=True, slots=True)
class ChartEntry:
    """A chart of the library.

    Parameters
    ----------
    mode, name, label, charter : str
        As of `core.song.Chart`.
    level : float or None
        What the author says.
    estimate : float or None
        What the mode's estimator says; None until the notes were read.
    n_notes : int or None
    nps, nps_peak : float or None
        Notes per second from the first to the last note, and in the busiest measure.
    density : tuple of float
        Notes per second in each `fill.SECTION_S` of the song.
    reasons : tuple of Reason
        Why training leaves it out; those of its song are not repeated here.
    overruled : tuple of Reason
        Why the rules would leave it out, were its song not taken in by hand.
    """

    mode: str
    name: str
    level: float | None = None
    label: str = ""
    charter: str = ""
    estimate: float | None = None
    n_notes: int | None = None
    nps: float | None = None
    nps_peak: float | None = None
    density: tuple[float, ...] = ()
    reasons: tuple[Reason, ...] = ()
    overruled: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class SongEntry:
    """A song of the library.

    Parameters
    ----------
    id : int
    path : Path
        What to open: a folder, an archive or a project file.
    inside : str
        The folder within an archive that holds a pack.
    family, title, artist, charter, pack, audio, cover : str
    is_filled : bool
        Whether its notes and its sound were read.
    duration_s : float or None
    twin_of : int
        Id of the first song with the same sound, its own where it is that one. Songs of one
        ``twin_of`` are one song, and never belong on two sides of a split.
    twin : str
        What to call that first song; empty where it is this one.
    pick : Pick
        What the author decided by hand; ``reasons`` and ``charts`` heed it already.
    charts : tuple of ChartEntry
    reasons : tuple of Reason
        Why training leaves the whole of it out.
    """

    id: int
    path: Path
    inside: str
    family: str
    title: str
    artist: str
    charter: str
    pack: str
    audio: str
    cover: str
    is_filled: bool
    duration_s: float | None
    twin_of: int
    twin: str
    pick: Pick
    charts: tuple[ChartEntry, ...]
    reasons: tuple[Reason, ...]

    @property
    def used(self) -> tuple[ChartEntry, ...]:
        """The charts that training may use."""
        return () if self.reasons else tuple(c for c in self.charts if not c.reasons)

    @property
    def excluded(self) -> str:
        """Why nothing of it is used, in words; empty where something is."""
        if self.reasons:
            return "; ".join(r.text for r in self.reasons)
        if self.used or not self.charts:
            return ""
        return "; ".join(dict.fromkeys(r.text for c in self.charts for r in c.reasons))


@dataclass(frozen=True, slots=True)
class NewSong:
    """What `scan` found out about a song.

    Parameters
    ----------
    place : Place
    folder_id : int
    content, family, title, artist, charter, pack, audio, cover : str
    other_names : str
        Names in other scripts and subtitles, for the search.
    charts : tuple of ChartEntry
    reasons : tuple of Reason
    """

    place: Place
    folder_id: int
    content: str
    family: str
    title: str
    artist: str
    charter: str
    pack: str
    audio: str
    cover: str = ""
    other_names: str = ""
    charts: tuple[ChartEntry, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    """What is known of a song's sound.

    Parameters
    ----------
    duration_s : float
    hash : str
        Of the file's bytes.
    fingerprint : bytes
        See `fingerprint`.
    """

    duration_s: float
    hash: str
    fingerprint: bytes

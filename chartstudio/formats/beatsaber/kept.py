"""What a song keeps of the files that it was read from, in the `Extra`s of song and charts.

Everything is kept as text (`json_text.unpack`), so that it can be stored anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from chartstudio.core.song import Chart, Frozen, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats.beatsaber.json_text import bytes_of, text_of

OWNER = "beatsaber"

AI_OWNER = "beatsaber-ai"
"""Whose place in a chart's `Extra` says that it is to be marked as generated."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file as it was.

    Parameters
    ----------
    name, encoding, kept : str
        See `json_text.unpack`.
    """

    name: str
    encoding: str
    kept: str

    def text(self) -> str:
        """Its readable text."""
        return text_of(self.kept, self.encoding, self.name)

    def data(self) -> bytes:
        """Its bytes."""
        return bytes_of(self.kept, self.encoding)


@dataclass(frozen=True, slots=True)
class KeptSong:
    """What belongs to a song as a whole.

    Parameters
    ----------
    home : int
        The version that the set as a whole is of: the highest in use.
    info : KeptFile or None
    others : tuple of KeptFile
        Audio data, lightshows, and difficulties that could not be read.
    unread : tuple of str
        Names of difficulties in the Info that are no charts of the song.
    anchors : tuple
        The song's timing as it was read.
    disallow : bool
        Whether it opted out of training.
    """

    home: int
    info: KeptFile | None
    others: tuple[KeptFile, ...]
    unread: tuple[str, ...]
    anchors: tuple[Frozen, ...]
    disallow: bool

    @classmethod
    def of(cls, song: Song) -> KeptSong | None:
        """What a song keeps; None where it is from elsewhere."""
        found = song.extra.get(OWNER)
        if found is None:
            return None
        home, info, others, unread, anchors, disallow = found
        files = tuple(KeptFile(*item) for item in others)
        said = KeptFile(*info) if info else None
        return cls(home, said, files, tuple(unread), anchors, disallow)

    def frozen(self) -> Frozen:
        """For an `Extra`."""
        files = tuple((f.name, f.encoding, f.kept) for f in self.others)
        info = self.info
        said = (info.name, info.encoding, info.kept) if info else ()
        return (self.home, said, files, self.unread, self.anchors, self.disallow)

    def other(self, name: str) -> KeptFile | None:
        """One of the other files, in any case."""
        return next((f for f in self.others if f.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class KeptChart:
    """What belongs to a chart: its file, the name of its lightshow, its timing as read."""

    file: KeptFile
    lightshow: str
    anchors: tuple[Frozen, ...]

    @classmethod
    def of(cls, chart: Chart) -> KeptChart | None:
        """What a chart keeps; None where it is from elsewhere."""
        found = chart.extra.get(OWNER)
        if found is None:
            return None
        name, encoding, kept, lightshow, anchors = found
        return cls(KeptFile(name, encoding, kept), lightshow, anchors)

    def frozen(self) -> Frozen:
        """For an `Extra`."""
        file = self.file
        return (file.name, file.encoding, file.kept, self.lightshow, self.anchors)


def anchors_of(timing: TimingMap) -> tuple[Frozen, ...]:
    """A timing as plain values, to tell whether it was changed."""
    return tuple((a.tick, a.seconds, a.bpm, a.meter, a.cause.value) for a in timing.anchors)

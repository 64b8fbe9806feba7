"""Where beats lie against the sound in each game's files, and songs moved to where they belong.

Inside ChartStudio a beat lies on the sound, in seconds of the decoded audio. Some games' files
put all beats a constant earlier or later; the one table of those constants is here, and an
export comes here for it. Nothing is guessed from audio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chartstudio.core.song import Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats import FORMATS, Format, Loss

KEEP = "keep"
NULL = "null"
ITG = "itg"

ITG_S = -0.009
"""How much later than its sound a beat of an ITG-synced song is: it is 9 ms early.

ITG sync adds 9 ms to ``#OFFSET``, and ``time(beat 0) = -OFFSET``: a song whose first beat is
the first sample has ``#OFFSET:0.009`` in it where null sync has ``#OFFSET:0.000``
(itgwiki.dominick.cc, "The 9ms Bias"). ITGmania takes the same 9 ms out again when a pack's
Pack.ini says ``SyncOffset=ITG`` (``src/Group.cpp``: ``m_fSyncOffset = -0.009f``, "remove the
9ms ITG bias").
"""

_OWNER = "sync"
"""Whose place in a song's `Extra` it is that the song came with ITG sync."""


@dataclass(frozen=True, slots=True)
class Bias:
    """What is known of one game's clock.

    Parameters
    ----------
    game : str
        What the titles of its formats begin with.
    seconds : float
        How much later than its sound a beat is in the game's files.
    why : str
        The source.
    """

    game: str
    seconds: float
    why: str


BIASES: tuple[Bias, ...] = (
    Bias(
        "StepMania",
        0.0,
        "time(beat 0) = -OFFSET in the decoded audio (ITGmania src/TimingData.cpp); the delay of "
        "a player's machine is the game's own global offset. The 9 ms of ITG sync are a choice "
        "of packs, not of the game: see SYNCS.",
    ),
    Bias(
        "osu!",
        0.0,
        "times are milliseconds of the decoded audio. osu!(lazer) adds 15 ms to its own clock on "
        "Windows to agree with osu!(stable) there (osu.Game/Beatmaps/FramedBeatmapClock.cs, "
        "platformOffsetClock), so charts need none. BASS and our decoder drop the same samples "
        "of a tagged MP3; where they do not, the export says so for that file.",
    ),
    Bias(
        "Beat Saber",
        0.0,
        "beat 0 is the first sample of the audio, which is Ogg Vorbis and has no start delay "
        "(bsmg wiki, map-format/audio); no source names a constant.",
    ),
    Bias("ChartStudio", 0.0, "times are those of the decoded audio"),
)
"""One constant per game. 0 unless a source says otherwise."""


@dataclass(frozen=True, slots=True)
class Sync:
    """A custom of placing beats that an author can ask for.

    Parameters
    ----------
    id, title : str
    seconds : float or None
        How much later than its sound a beat is; None leaves the song as it is.
    """

    id: str
    title: str
    seconds: float | None


SYNCS: tuple[Sync, ...] = (
    Sync(KEEP, "As in this song", None),
    Sync(NULL, "Null sync: beats on the sound", 0.0),
    Sync(ITG, "ITG sync: beats 9 ms before the sound", ITG_S),
)
"""The customs of StepMania's packs, in the order in which lists show them."""

_FAMILY = "stepmania"


def has_choice(fmt: Format) -> bool:
    """Whether authors choose among `SYNCS` for a format."""
    return fmt.family == _FAMILY


def came_with_choice(song: Song) -> bool:
    """Whether a song was read from files that may be synced either way."""
    owners = {f.id for f in FORMATS if has_choice(f)}
    extras = (song.extra, *(c.extra for c in song.charts))
    return any(owner in owners for extra in extras for owner, _ in extra.items)


def usual(song: Song, stored: str) -> str:
    """The sync to export with unless the author says otherwise for this very song.

    What a StepMania song was synced to when it was made cannot be read from it, so it is kept.

    Parameters
    ----------
    song : Song
    stored : str
        The author's choice for songs timed here, an id of `SYNCS`.
    """
    if came_with_choice(song):
        return KEEP
    return stored if stored in {s.id for s in SYNCS} else NULL


def is_itg(song: Song) -> bool:
    """Whether the author has said that the song came with ITG sync."""
    return bool(song.extra.get(_OWNER) == ITG)


def marked_itg(itg: bool) -> Callable[[Song], Song]:
    """The edit that notes whether the song came with ITG sync; its times stay."""

    def edit(song: Song) -> Song:
        if is_itg(song) == itg:
            return song
        return replace(song, extra=song.extra.set(_OWNER, ITG if itg else None))

    return edit


def shift_s(song: Song, fmt: Format, sync: str) -> float:
    """How much later all beats are to be written.

    Parameters
    ----------
    song : Song
    fmt : Format
        The target; a project is always written as the song is.
    sync : str
        An id of `SYNCS`, for targets that have the choice.

    Raises
    ------
    KeyError
        When there is no such sync.
    """
    if fmt.modes is None:
        return 0.0
    asked = {s.id: s for s in SYNCS}[sync].seconds if has_choice(fmt) else 0.0
    if asked is None:
        return 0.0
    bias = next((b.seconds for b in BIASES if fmt.title.startswith(b.game)), 0.0)
    return asked + bias - (ITG_S if is_itg(song) else 0.0)


def later(song: Song, by_s: float) -> Song:
    """The song with every beat later, its audio and its ticks as they are."""

    def moved(timing: TimingMap) -> TimingMap:
        # Sums of decimals are not decimals: without rounding, files would say 0.10899999999999999.
        anchors = (replace(a, seconds=round(a.seconds + by_s, 9)) for a in timing.anchors)
        return TimingMap(tuple(anchors))

    if not by_s:
        return song
    charts = (replace(c, timing=None if c.timing is None else moved(c.timing)) for c in song.charts)
    return replace(song, timing=moved(song.timing), charts=tuple(charts))


def losses(by_s: float) -> tuple[Loss, ...]:
    """What to tell the author of a shift."""
    if not by_s:
        return ()
    way = "earlier" if by_s < 0 else "later"
    return (Loss("", f"every beat is written {abs(by_s) * 1000:g} ms {way} than here (sync)", 1),)

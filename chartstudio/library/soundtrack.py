"""The audio of an export: kept as it is, or decoded and encoded as the game wants it.

Knows codecs by their first bytes and what to tell the author; no chart and no game.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import soundfile

from chartstudio.audio import encode
from chartstudio.audio.decode import Origin, bass_lead_s, decode_job
from chartstudio.core.job import Job, part
from chartstudio.core.song import Song
from chartstudio.formats import Loss
from chartstudio.formats.format import Needs

_CODECS: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("vorbis", lambda data: data[:4] == b"OggS" and b"\x01vorbis" in data[:128]),
    ("opus", lambda data: data[:4] == b"OggS" and b"OpusHead" in data[:128]),
    ("wav", lambda data: data[:4] == b"RIFF" and data[8:12] == b"WAVE"),
    ("flac", lambda data: data[:4] == b"fLaC"),
    ("mp3", lambda data: data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] >= b"\xe0")),
)
"""Codecs by the name they have in `Needs.audio`, and how a file's first bytes tell."""

_SUFFIX_CODECS = {".ogg": "vorbis", ".egg": "vorbis", ".mp3": "mp3", ".wav": "wav"}
"""What a file that is not there is taken for."""

_OWNER = "audio"
"""Whose place in a song's `Extra` it is how its audio was decoded when it was timed."""

_HEARD_S = 0.0005
"""Starts nearer than this are one."""

ENCODED_ANEW = "the audio is encoded anew as Ogg Vorbis"


@dataclass(frozen=True, slots=True)
class Soundtrack:
    """What becomes of a song's audio.

    Parameters
    ----------
    source : str
        Its name among the song's files; empty where it is missing.
    name : str
        What the charts call it from now on.
    lead_in_s : float
        Silence put before it; less than 0 is cut off its start.
    is_encoded : bool
        Whether it is encoded anew.
    losses : tuple of Loss
        What the author must know of it.
    """

    source: str
    name: str
    lead_in_s: float = 0.0
    is_encoded: bool = False
    losses: tuple[Loss, ...] = ()


def codec_of(data: bytes) -> str:
    """A sound file's codec by its first bytes; empty where it is none that we know."""
    return next((codec for codec, matches in _CODECS if matches(data)), "")


def length_of(data: bytes) -> tuple[int, int] | None:
    """Samples per channel and their rate; None where the file's head does not say them."""
    try:
        head = soundfile.info(io.BytesIO(data))
    except soundfile.LibsndfileError:
        return None
    return int(head.frames), int(head.samplerate)


def choose(
    name: str, assets: Mapping[str, bytes], needs: Needs, lead_in_s: float, taken: Collection[str]
) -> Soundtrack:
    """Say what becomes of a song's audio; nothing is decoded yet.

    Parameters
    ----------
    name : str
        As the song has it; empty for none.
    assets : mapping of str to bytes
    needs : Needs
    lead_in_s : float
    taken : collection of str
        Names of other files, in lower case, which a new name must avoid.
    """
    if not name:
        return Soundtrack("", "", losses=(Loss("", "the song names no audio", 1),))
    found = name in assets
    codec = codec_of(assets[name]) if found else _codec_of_name(name)
    unfit = bool(needs.audio and codec not in needs.audio)
    # What is not there keeps its name where its bytes could stay as they are.
    is_encoded = bool(lead_in_s) or (unfit and found)
    new = _new_name(name, needs.audio_suffix, taken) if is_encoded else name
    steps = [_in_words(lead_in_s)] if lead_in_s else []
    if not found:
        return Soundtrack("", new, lead_in_s, is_encoded, (_missing(name, new, steps, is_encoded),))
    steps += [ENCODED_ANEW] if is_encoded else []
    return Soundtrack(name, new, lead_in_s, is_encoded, tuple(Loss("", s, 1) for s in steps))


def other_start(track: Soundtrack, data: bytes) -> tuple[Loss, ...]:
    """What to tell of an mp3 that goes along as it is and starts elsewhere in its game.

    Only osu! takes mp3 as it is.
    """
    lead_s = 0.0 if track.is_encoded else bass_lead_s(data)
    if abs(lead_s) < _HEARD_S:
        return ()
    way = "earlier" if lead_s > 0 else "later"
    what = (
        f"the game plays this mp3 {abs(lead_s) * 1000:.1f} ms {way} than it is heard here; "
        "use it as Ogg Vorbis, which starts alike everywhere"
    )
    return (Loss("", what, 1),)


# What second 0 is ------------------------------------------------------------------------


def noted(song: Song, origin: Origin) -> Song:
    """The song with how its audio was decoded; no time moves by it."""
    value = (origin.decoder, origin.rate_hz, origin.trim_samples)
    return replace(song, extra=song.extra.set(_OWNER, value))


def origin_noted(song: Song) -> Origin | None:
    """How the song's audio was decoded when it was stored; None where that is not known."""
    match song.extra.get(_OWNER):
        case (str(decoder), int(rate_hz), int(trim_samples)) if rate_hz > 0:
            return Origin(decoder, rate_hz, trim_samples)
    return None


def start_moved_s(song: Song, origin: Origin) -> float:
    """How much earlier the audio's sounds come now than when the song was stored.

    Another file under the same name, or another decoder, may drop more at the start.
    """
    before = origin_noted(song)
    moved_s = 0.0 if before is None else origin.trim_s - before.trim_s
    return moved_s if abs(moved_s) >= _HEARD_S else 0.0


# Encoding --------------------------------------------------------------------------------


def made(track: Soundtrack, data: bytes) -> Job[bytes]:
    """The audio's new bytes.

    Raises
    ------
    FormatError
        When it must be encoded anew and cannot be decoded.
    """
    if not track.is_encoded:
        return data
    audio = yield from part(decode_job(data, track.source), 0.0, 0.3, "Reading the audio")
    encoding = encode.ogg_vorbis_job(
        audio.samples, audio.rate_hz, game_ready=True, lead_in_s=track.lead_in_s
    )
    return (yield from part(encoding, 0.3, 1.0, "Encoding the audio as Ogg Vorbis"))


def _codec_of_name(name: str) -> str:
    return _SUFFIX_CODECS.get(PurePosixPath(name).suffix.lower(), "")


def _in_words(lead_in_s: float) -> str:
    if lead_in_s > 0:
        return f"{lead_in_s:.3f} s of silence go before the audio"
    return f"{-lead_in_s:.3f} s are cut off the start of the audio"


def _missing(name: str, new: str, steps: list[str], is_encoded: bool) -> Loss:
    """What the author must do to audio that is not there."""
    if not is_encoded:
        return Loss("", f"the audio {name} is missing; put it beside the charts", 1)
    todo = "; ".join([*steps, f"it must be Ogg Vorbis, 44.1 kHz, named {new}, beside the charts"])
    return Loss("", f"the audio {name} is missing; what is to be done to it: {todo}", 1)


def _new_name(name: str, suffix: str, taken: Collection[str]) -> str:
    """The audio's name with another ending, and a number where another file has that."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    new, number = f"{stem}{suffix}", 1
    while new.lower() in taken:
        number += 1
        new = f"{stem} {number}{suffix}"
    return new

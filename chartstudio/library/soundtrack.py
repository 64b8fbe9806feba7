"""The audio of an export: kept as it is, or decoded and encoded as the game wants it.

Knows codecs by their first bytes and what to tell the author; no chart and no game.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import soundfile

from chartstudio.audio import encode
from chartstudio.audio.decode import decode_job
from chartstudio.core.job import Job, part
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
    is_encoded = bool(lead_in_s) or bool(needs.audio and codec not in needs.audio)
    new = _new_name(name, needs.audio_suffix, taken) if is_encoded else name
    steps = [_in_words(lead_in_s)] if lead_in_s else []
    if not found:
        return Soundtrack("", new, lead_in_s, is_encoded, (_missing(name, new, steps, is_encoded),))
    steps += [ENCODED_ANEW] if is_encoded else []
    return Soundtrack(name, new, lead_in_s, is_encoded, tuple(Loss("", s, 1) for s in steps))


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

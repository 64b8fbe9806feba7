"""Sound files to samples.

Knows which library reads what and which of their traps to step around; a file is told by
its bytes, never by its suffix. Refuses to know songs and charts.

``soundfile`` reads wav, flac, Ogg Vorbis and Opus. mp3 goes through ``miniaudio``, because
libsndfile cuts a variable-bit-rate mp3 without a tag short and says nothing.
"""

import io
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import miniaudio
import numpy as np
import soundfile
from numpy.typing import NDArray

from chartstudio.audio import mp3, opus
from chartstudio.core.errors import FormatError
from chartstudio.core.job import Job, Progress, run

MAX_DURATION_S = 90 * 60.0
"""Longer songs are refused before anything is allocated."""

MAX_BYTES = 2 * 1024**3
"""Decoded size above which a song is refused: an hour of stereo at 96 kHz is too much,
90 minutes at 48 kHz are not."""

_BLOCK_FRAMES = 1 << 17
"""Three seconds at 44.1 kHz: some 10 ms of decoding between two chances to cancel."""

_ENDLESS = 1 << 62
"""What soundfile calls the length of a flac that was written to a pipe and does not say."""

_WAYS_OUT = "Choose a wav, flac, ogg, opus or mp3 file."


@dataclass(frozen=True, slots=True)
class Origin:
    """What second 0 of a decoded file is: the note to keep beside times measured in it.

    Parameters
    ----------
    decoder : str
        As of `Audio`.
    rate_hz, trim_samples : int
        As of `Audio`.
    """

    decoder: str
    rate_hz: int
    trim_samples: int

    @property
    def trim_s(self) -> float:
        """What was dropped at the start, in seconds."""
        return self.trim_samples / self.rate_hz


@dataclass(frozen=True, slots=True, eq=False)
class Audio:
    """A decoded song.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
        Read-only. Nominally in [-1, 1]; lossy files overshoot a little.
    rate_hz : int
    decoder : str
        What decoded it, with its version: ``"miniaudio 1.71"``.
    trim_samples : int
        Samples at ``rate_hz`` that the decoder dropped before the first one kept, which
        is where two decoders of one file differ. Times are never shifted by it.
    notice : str
        A line for the user about a file that was read only in part; else empty.
    """

    samples: NDArray[np.float32]
    rate_hz: int
    decoder: str
    trim_samples: int = 0
    notice: str = ""

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.rate_hz)

    @property
    def origin(self) -> Origin:
        """What second 0 is."""
        return Origin(self.decoder, self.rate_hz, self.trim_samples)

    def mono(self) -> NDArray[np.float32]:
        """Return the mean of the channels, shape (N,), float32."""
        one: NDArray[np.float32] = (
            self.samples[0]
            if self.samples.shape[0] == 1
            else self.samples.mean(axis=0, dtype=np.float32)
        )
        return one


@dataclass(frozen=True, slots=True)
class _Source:
    """An opened file: what it claims, and its blocks of shape (n, C)."""

    rate_hz: int
    n_channels: int
    n_claimed: int | None
    blocks: Generator[NDArray[np.float32], None, None]
    decoder: str
    trim_samples: int


def load(path: str | Path) -> Audio:
    """Read and decode a sound file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Audio

    Raises
    ------
    FormatError
        As `load_job`.
    """
    return run(load_job(path))


def load_job(path: str | Path) -> Job[Audio]:
    """Read and decode a sound file, block by block.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Job of Audio

    Raises
    ------
    FormatError
        If there is no such file, it may not be read, or `decode_job` refuses it.
    """
    file = Path(path)
    yield Progress(0.0, f"Reading {file.name}")
    try:
        n_bytes = file.stat().st_size
        if n_bytes > MAX_BYTES:
            raise FormatError(str(path), None, _too_big(n_bytes))
        data = file.read_bytes()
    except FileNotFoundError:
        what = "there is no such file. Check the name, or choose the audio file again."
        raise FormatError(str(path), None, what) from None
    except IsADirectoryError:
        what = f"this is a folder, not a sound file. {_WAYS_OUT}"
        raise FormatError(str(path), None, what) from None
    except PermissionError:
        if file.is_dir():  # what Windows says of a folder
            what = f"this is a folder, not a sound file. {_WAYS_OUT}"
        else:
            what = "no permission to read it. Allow reading, or copy it to a folder of yours."
        raise FormatError(str(path), None, what) from None
    except OSError as error:
        what = f"cannot be read ({error.strerror or error}). Copy it to another disk and try again."
        raise FormatError(str(path), None, what) from error
    return (yield from decode_job(data, str(path)))


def origin_of(data: bytes, name: str) -> Origin:
    """Say what second 0 of a sound file will be, without decoding it.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        The file as the user knows it, for messages only.

    Raises
    ------
    FormatError
        If it is not sound that can be read.
    """
    try:
        source = _open(data, name)
    except (soundfile.LibsndfileError, miniaudio.MiniaudioError) as error:
        raise FormatError(name, None, _damaged(error)) from error
    source.blocks.close()
    return Origin(source.decoder, source.rate_hz, source.trim_samples)


def bass_lead_s(data: bytes) -> float:
    """How much earlier sounds of a file come in osu!, which plays with BASS, than here.

    Parameters
    ----------
    data : bytes
        The whole file; anything but an mp3 starts alike everywhere.
    """
    body = data[mp3.after_id3(data) :]
    if any(body[at : at + len(magic)] == magic for at, magic, _ in _READERS):
        return 0.0
    frame = mp3.first_frame(body)
    if frame is None:
        return 0.0
    body = body[frame:]
    n_samples = mp3.bass_trim_samples(body) - mp3.start_trim_samples(body)
    return n_samples / miniaudio.mp3_get_info(body).sample_rate if n_samples else 0.0


def decode(data: bytes, name: str) -> Audio:
    """Decode a sound file that is in memory.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        The file as the user knows it, for messages only.

    Returns
    -------
    Audio

    Raises
    ------
    FormatError
        As `decode_job`.
    """
    return run(decode_job(data, name))


def decode_job(data: bytes, name: str) -> Job[Audio]:
    """Decode a sound file that is in memory, block by block.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        The file as the user knows it, for messages only.

    Returns
    -------
    Job of Audio
        A file that ends early gives what is there, and a ``notice``.

    Raises
    ------
    FormatError
        If the file is empty, is not sound, holds no sound, is damaged from its start on,
        or is longer than `MAX_DURATION_S` or larger than `MAX_BYTES` once decoded.
    """
    what = f"Decoding {Path(name).name}"
    yield Progress(0.0, what)
    try:
        source = _open(data, name)
    except (soundfile.LibsndfileError, miniaudio.MiniaudioError) as error:
        raise FormatError(name, None, _damaged(error)) from error
    sink = _Sink(source, name)
    broke: Exception | None = None
    with closing(source.blocks):
        try:
            for block in source.blocks:
                sink.add(block)
                yield Progress(sink.share(), what)
        except (soundfile.LibsndfileError, miniaudio.MiniaudioError) as error:
            broke = error
    if sink.n == 0:
        raise FormatError(name, None, _damaged(broke))
    return Audio(
        sink.samples(), source.rate_hz, source.decoder, source.trim_samples, _notice(sink, broke)
    )


def _damaged(error: Exception | None) -> str:
    if error is None:
        return "it holds no sound. Get a complete copy of the file."
    detail = str(getattr(error, "error_string", "")).rstrip(".")
    reason = f" ({detail})" if detail else ""
    return f"the sound cannot be decoded{reason}. Get a complete copy, or convert it to ogg or wav."


def _too_big(n_bytes: int) -> str:
    gib = n_bytes / 1024**3
    return (
        f"decoded it takes {gib:.1f} GB of memory, and {MAX_BYTES / 1024**3:.0f} GB is the limit. "
        "Convert it to 44.1 kHz stereo, or cut it."
    )


def _too_long(duration_s: float) -> str:
    return (
        f"the song is {_clock(duration_s)} long, and {_clock(MAX_DURATION_S)} is the limit. "
        "Cut it into parts first."
    )


def _clock(seconds: float) -> str:
    """Write seconds as people read them: ``3:05``, ``2:00:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Sink:
    """Collects blocks into one (C, N) array, within the limits.

    Checks what the file claims before it allocates, and what it delivers as it comes:
    claims are wrong in damaged files and absent in streamed ones.
    """

    def __init__(self, source: _Source, name: str) -> None:
        self._source = source
        self._name = name
        self.n = 0
        claimed = source.n_claimed or 0
        self._check(claimed)
        self._samples = self._allocate(claimed or 60 * source.rate_hz)

    def _check(self, n_frames: int) -> None:
        duration_s = n_frames / self._source.rate_hz
        n_bytes = 4 * n_frames * self._source.n_channels
        if duration_s > MAX_DURATION_S:
            raise FormatError(self._name, None, _too_long(duration_s))
        if n_bytes > MAX_BYTES:
            raise FormatError(self._name, None, _too_big(n_bytes))

    def _allocate(self, n_frames: int) -> NDArray[np.float32]:
        try:
            return np.empty((self._source.n_channels, n_frames), np.float32)
        except MemoryError as error:
            what = "there is not enough free memory to decode it. Close other programs, or cut it."
            raise FormatError(self._name, None, what) from error

    def add(self, block: NDArray[np.float32]) -> None:
        end = self.n + len(block)
        self._check(end)
        if end > self._samples.shape[1]:
            grown = self._allocate(max(end, 2 * self._samples.shape[1]))
            grown[:, : self.n] = self._samples[:, : self.n]
            self._samples = grown
        self._samples[:, self.n : end] = block.T
        self.n = end

    def share(self) -> float:
        """Return how much of the claimed length is here, 0 to 1."""
        return min(1.0, self.n / (self._source.n_claimed or self._samples.shape[1]))

    def missing_s(self) -> float:
        """Seconds that were claimed and did not come."""
        return max(0, (self._source.n_claimed or 0) - self.n) / self._source.rate_hz

    def duration_s(self) -> float:
        return self.n / self._source.rate_hz

    def samples(self) -> NDArray[np.float32]:
        whole = self._samples[:, : self.n]
        if self.n < 0.9 * self._samples.shape[1]:  # do not keep a mostly empty buffer alive
            whole = whole.copy()
        whole.flags.writeable = False
        return whole


def _notice(sink: _Sink, broke: Exception | None) -> str:
    """Say that a file ended early; a tag may be off by a frame or two without harm."""
    if broke is None and sink.missing_s() < 0.2:
        return ""
    of = f" of {_clock(sink.duration_s() + sink.missing_s())}" if sink.missing_s() >= 1 else ""
    return f"The file ends early: {_clock(sink.duration_s())}{of} could be read."


def _open(data: bytes, name: str) -> _Source:
    """Choose the decoder by content."""
    if not data:
        raise FormatError(name, None, f"the file is empty. {_WAYS_OUT}")
    start = mp3.after_id3(data)
    body = data[start:] if start else data
    for at, magic, opener in _READERS:
        if body[at : at + len(magic)] == magic:
            return opener(body)
    for at, magic, kind in _STRANGERS:
        if body[at : at + len(magic)] == magic:
            what = f"this is {kind}, which cannot be read. Convert it to ogg, flac or mp3 first."
            raise FormatError(name, None, what)
    frame = mp3.first_frame(body)
    if frame is not None:
        return _open_mp3(body[frame:] if frame else body)
    if start >= len(data) and start:
        raise FormatError(name, None, _damaged(None))
    kind = "a text file" if _is_text(body) else "not a sound file that can be read"
    raise FormatError(name, None, f"this is {kind}, whatever its name says. {_WAYS_OUT}")


def _is_text(data: bytes) -> bool:
    head = data[:4096]
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # anything but a character cut by the slice
            return False
        text = head[: error.start].decode("utf-8")
    return all(c.isprintable() or c in "\t\n\r\f\ufeff" for c in text)


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read from start to end.

    Else soundfile seeks to where it is after each block, which libsndfile gets wrong in
    some Opus files and cannot do in a flac that does not say its length.
    """

    def seekable(self) -> bool:
        """Return False."""
        return False


class _Memory(io.BytesIO):
    """Bytes in which a damaged file may seek before the start, which gets it nowhere."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, or stay where it would be before the first byte."""
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def _open_sndfile(data: bytes) -> _Source:
    file = _ForwardFile(_Memory(data))
    return _Source(
        file.samplerate,
        file.channels,
        file.frames if file.frames < _ENDLESS else None,
        _sndfile_blocks(file),
        f"soundfile {soundfile.__version__}",
        0,
    )


def _open_ogg(data: bytes) -> _Source:
    if not opus.is_opus(data):
        return _open_sndfile(data)
    source = _open_sndfile(opus.with_true_page_times(data))
    return replace(source, trim_samples=opus.start_trim_samples(data, source.rate_hz))


def _sndfile_blocks(file: Any) -> Generator[NDArray[np.float32], None, None]:
    may_hold_nan = file.subtype in ("FLOAT", "DOUBLE")
    with file:
        while True:
            block = file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)
            if not len(block):
                return
            if may_hold_nan:
                np.nan_to_num(block, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
            yield block


def _open_mp3(data: bytes) -> _Source:
    info = miniaudio.mp3_get_info(data)
    return _Source(
        info.sample_rate,
        info.nchannels,
        info.num_frames or None,
        _mp3_blocks(data, info.nchannels, info.sample_rate),
        f"miniaudio {miniaudio.__version__}",
        mp3.start_trim_samples(data),
    )


def _mp3_blocks(
    data: bytes, n_channels: int, rate_hz: int
) -> Generator[NDArray[np.float32], None, None]:
    stream = miniaudio.stream_memory(
        data, miniaudio.SampleFormat.FLOAT32, n_channels, rate_hz, frames_to_read=_BLOCK_FRAMES
    )
    with closing(stream):
        for block in stream:
            yield np.frombuffer(block, np.float32).reshape(-1, n_channels)


_READERS: tuple[tuple[int, bytes, Callable[[bytes], _Source]], ...] = (
    (8, b"WAVE", _open_sndfile),
    (0, b"fLaC", _open_sndfile),
    (0, b"OggS", _open_ogg),
    (8, b"AIF", _open_sndfile),
)
"""(offset, bytes there, what opens it); mp3 has no magic and is told by its frames."""

_STRANGERS = (
    (4, b"ftyp", "an MP4 or M4A file"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media file"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (0, b"MThd", "a MIDI file"),
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"wvpk", "a WavPack file"),
)
"""Files that people do pick, named so that the way out is plain."""

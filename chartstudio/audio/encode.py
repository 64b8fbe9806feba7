"""Samples to sound files, in memory.

Knows what the games want to be fed; the caller saves the bytes.
"""

import io
from collections.abc import Iterator
from typing import Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress, run

GAME_RATE_HZ = 44_100
"""The rate that every game plays without resampling."""

BLOCK_FRAMES = 16_384
"""libsndfile 1.2.2 keeps a whole Vorbis write on the stack: a minute of stereo in one
call ends the process. Blocks of this size are safe."""

_BLOCKS_PER_STEP = 8
"""Blocks between two chances to cancel: three seconds of song, some 50 ms of encoding."""


def for_games(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """Make 44.1 kHz stereo of any song.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
        One channel is doubled; more than two are folded into one and doubled.
    rate_hz : int

    Returns
    -------
    ndarray, shape (2, M), float32
        ``M`` is ``N * 44100 / rate_hz``, rounded. Sample times do not move.
    """
    stereo = samples
    if samples.shape[0] != 2:
        stereo = np.repeat(samples.mean(axis=0, keepdims=True, dtype=np.float32), 2, axis=0)
    if rate_hz == GAME_RATE_HZ:
        return stereo
    return np.ascontiguousarray(soxr.resample(stereo.T, rate_hz, GAME_RATE_HZ).T)


def ogg_vorbis(
    samples: NDArray[np.float32],
    rate_hz: int,
    *,
    game_ready: bool = False,
    quality: float = 0.6,
    lead_in_s: float = 0.0,
) -> bytes:
    """Encode as Ogg Vorbis.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
    rate_hz : int
    game_ready : bool
        Whether to make 44.1 kHz stereo of it first (`for_games`).
    quality : float
        Vorbis quality, 0 (smallest) to 1; 0.6 is some 190 kbit/s of stereo.
    lead_in_s : float
        Silence put before the samples; less than 0 cuts that much off their start. Rounded
        to whole samples of the encoded rate.

    Returns
    -------
    bytes
        A whole file. Decoded again it has the same number of samples at the same times.
    """
    return run(
        ogg_vorbis_job(
            samples, rate_hz, game_ready=game_ready, quality=quality, lead_in_s=lead_in_s
        )
    )


def ogg_vorbis_job(
    samples: NDArray[np.float32],
    rate_hz: int,
    *,
    game_ready: bool = False,
    quality: float = 0.6,
    lead_in_s: float = 0.0,
) -> Job[bytes]:
    """Encode as Ogg Vorbis in steps that can be cancelled; parameters as `ogg_vorbis`.

    Returns
    -------
    Job of bytes
    """
    yield Progress(0.0, "Encoding the song")
    if game_ready:
        samples, rate_hz = for_games(samples, rate_hz), GAME_RATE_HZ
    n_silent = round(lead_in_s * rate_hz)
    samples = samples[:, max(0, -n_silent) :]
    n_frames = max(0, n_silent) + samples.shape[1]
    target = io.BytesIO()
    with soundfile.SoundFile(
        target,
        "w",
        rate_hz,
        samples.shape[0],
        subtype="VORBIS",
        format="OGG",
        compression_level=1.0 - quality,
    ) as file:
        n_written = 0
        for n_done, block in enumerate(_blocks(samples, n_silent), 1):
            file.write(block.T)
            n_written += block.shape[1]
            if n_done % _BLOCKS_PER_STEP == 0:
                yield Progress(n_written / n_frames, "Encoding the song")
    return target.getvalue()


def _blocks(samples: NDArray[np.float32], n_silent: int) -> Iterator[NDArray[np.float32]]:
    """Silence, then the samples, in blocks that are safe to write."""
    silence = np.zeros((samples.shape[0], BLOCK_FRAMES), np.float32)
    for start in range(0, n_silent, BLOCK_FRAMES):
        yield silence[:, : n_silent - start]
    for start in range(0, samples.shape[1], BLOCK_FRAMES):
        yield samples[:, start : start + BLOCK_FRAMES]


def wav(
    samples: NDArray[np.float32], rate_hz: int, subtype: Literal["PCM_16", "FLOAT"] = "FLOAT"
) -> bytes:
    """Encode as wav; ``FLOAT`` loses nothing, ``PCM_16`` is what every program reads.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
    rate_hz : int
    subtype : {"PCM_16", "FLOAT"}
    """
    target = io.BytesIO()
    soundfile.write(target, samples.T, rate_hz, subtype=subtype, format="WAV")
    return target.getvalue()

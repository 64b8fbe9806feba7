"""Samples to sound files, in memory.

Knows what the games want to be fed; the caller saves the bytes.
"""

import io
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
    samples: NDArray[np.float32], rate_hz: int, *, game_ready: bool = False, quality: float = 0.6
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

    Returns
    -------
    bytes
        A whole file. Decoded again it has the same number of samples at the same times.
    """
    return run(ogg_vorbis_job(samples, rate_hz, game_ready=game_ready, quality=quality))


def ogg_vorbis_job(
    samples: NDArray[np.float32], rate_hz: int, *, game_ready: bool = False, quality: float = 0.6
) -> Job[bytes]:
    """Encode as Ogg Vorbis in steps that can be cancelled; parameters as `ogg_vorbis`.

    Returns
    -------
    Job of bytes
    """
    yield Progress(0.0, "Encoding the song")
    if game_ready:
        samples, rate_hz = for_games(samples, rate_hz), GAME_RATE_HZ
    n_frames = samples.shape[1]
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
        for n_done, start in enumerate(range(0, n_frames, BLOCK_FRAMES), 1):
            file.write(samples[:, start : start + BLOCK_FRAMES].T)
            if n_done % _BLOCKS_PER_STEP == 0:
                yield Progress(min(1.0, (start + BLOCK_FRAMES) / n_frames), "Encoding the song")
    return target.getvalue()


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

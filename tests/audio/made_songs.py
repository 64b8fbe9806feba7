"""Songs and sound files made on the spot."""

import io

import numpy as np
import soundfile

RATE_HZ = 44_100
CLICK_AT = 30_000
"""Sample of the one loud click in every song of `song`."""


def song(duration_s=3.0, rate_hz=RATE_HZ, n_channels=2):
    """A quiet chord with one click, (C, N) float32; the channels differ."""
    t = np.arange(int(duration_s * rate_hz)) / rate_hz
    channels = [
        0.1 * np.sin(2 * np.pi * 220 * (1 + k / 2) * t) + 0.05 * np.sin(2 * np.pi * 997 * t + k)
        for k in range(n_channels)
    ]
    samples = np.stack(channels).astype(np.float32)
    if samples.shape[1] > CLICK_AT:
        samples[:, CLICK_AT] = 0.9
    return samples


def encoded(samples, rate_hz, file_format, subtype=None, **options):
    """A sound file through soundfile, in blocks that libsndfile survives."""
    target = io.BytesIO()
    with soundfile.SoundFile(
        target, "w", rate_hz, len(samples), format=file_format, subtype=subtype, **options
    ) as file:
        for start in range(0, samples.shape[1], 8192):
            file.write(samples[:, start : start + 8192].T)
    return target.getvalue()


def vbr_mp3(samples, rate_hz=RATE_HZ):
    """A variable-bit-rate mp3 with a LAME tag in its first frame."""
    return encoded(samples, rate_hz, "MP3", bitrate_mode="VARIABLE", compression_level=0.3)

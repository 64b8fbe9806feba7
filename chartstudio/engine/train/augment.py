"""Rendered music made to sound like recordings: tone, dynamics, noise, lossy codecs.

Nothing here moves a sound in time: what the teacher wrote stays true to the sample. This
module knows nothing of music or charts.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import soundfile
from numpy.typing import NDArray

from chartstudio.engine.train.synthesis import RATE_HZ

Samples = NDArray[np.float32]


def augment(samples: Samples, rng: np.random.Generator) -> Samples:
    """A random variant of a recording, of the same length and timing.

    Each step happens or not: tone, detuning beside the original, compression, noise, a
    lossy codec; level always varies.

    Parameters
    ----------
    samples : ndarray, shape (N,), float32
        Mono at `synthesis.RATE_HZ`.
    rng : Generator

    Returns
    -------
    ndarray, shape (N,), float32
        Within [-1, 1].
    """
    if not len(samples):
        return samples
    for chance, step in _STEPS:
        if rng.random() < chance:
            samples = step(samples, rng)
    peak = float(np.abs(samples).max())
    level_db = rng.uniform(-18.0, -0.1)
    return (samples * (10 ** (level_db / 20) / max(peak, 1e-6))).astype(np.float32)


def equalise(samples: Samples, rng: np.random.Generator) -> Samples:
    """A smooth random tone curve of up to 9 dB either way, zero phase.

    Sometimes the lows or highs are missing, as on a phone or an old tape.
    """
    bands_hz = np.array((20.0, 60.0, 150.0, 400.0, 1000.0, 2500.0, 6000.0, 11_025.0))
    gains_db = np.clip(rng.normal(0.0, 4.0, len(bands_hz)), -9.0, 9.0)
    if rng.random() < 0.15:
        gains_db[:2] -= rng.uniform(10.0, 25.0)
    if rng.random() < 0.15:
        gains_db[-2:] -= rng.uniform(10.0, 30.0)
    n_taps = 1023
    at_hz = np.fft.rfftfreq(n_taps, 1 / RATE_HZ)
    curve_db = np.interp(np.log(np.maximum(at_hz, 20.0)), np.log(bands_hz), gains_db)
    # An even window of a real spectrum has no phase: nothing moves.
    taps = np.fft.irfft(10 ** (curve_db / 20), n_taps)
    taps = np.roll(taps, n_taps // 2) * np.hanning(n_taps)
    return _convolved(samples, taps)


def _convolved(samples: Samples, taps: NDArray[np.float64]) -> Samples:
    """Overlap-add convolution; tap ``len // 2`` stands for the present."""
    block = 1 << 15
    n_fft = 1 << 16
    spectrum = np.fft.rfft(taps, n_fft)
    out = np.zeros(len(samples) + n_fft, dtype=np.float32)
    for start in range(0, len(samples), block):
        part = np.fft.irfft(np.fft.rfft(samples[start : start + block], n_fft) * spectrum, n_fft)
        out[start : start + n_fft] += part.astype(np.float32)
    middle = len(taps) // 2
    return out[middle : middle + len(samples)]


def detune(samples: Samples, rng: np.random.Generator) -> Samples:
    """A second copy beside the first, slowly swaying in pitch, never over 1.5 ms away."""
    depth = rng.uniform(0.0002, 0.0015) * RATE_HZ
    sway_hz = rng.uniform(0.1, 0.8)
    at = np.arange(len(samples), dtype=np.float64)
    phase = rng.uniform(0, 2 * np.pi)
    read = at + depth * np.sin(2 * np.pi * sway_hz * at / RATE_HZ + phase)
    copy = np.interp(read, at, samples)
    share = rng.uniform(0.2, 0.5)
    return (samples * (1 - share) + copy * share).astype(np.float32)


def compress(samples: Samples, rng: np.random.Generator) -> Samples:
    """Louder quiet parts, then soft clipping, as masters are made.

    The level is measured around each moment (10 to 100 ms), ahead as much as behind.
    """
    window = int(rng.uniform(0.01, 0.1) * RATE_HZ) | 1
    power = np.cumsum(np.pad(samples.astype(np.float64) ** 2, (window // 2 + 1, window // 2)))
    level = np.sqrt(np.maximum(power[window:] - power[:-window], 0.0) / window)
    reference = float(np.quantile(level, 0.9)) + 1e-6
    ratio = rng.uniform(1.5, 5.0)
    # 30 dB at most: silence stays silence.
    gain = np.minimum((np.maximum(level, 1e-6) / reference) ** (1 / ratio - 1), 30.0)
    squeezed = samples * gain / reference
    drive = rng.uniform(0.2, 1.0)
    return np.tanh(squeezed * drive).astype(np.float32)


def add_noise(samples: Samples, rng: np.random.Generator) -> Samples:
    """Noise between white and brown, 15 to 50 dB below the music, with hum at times."""
    noise = np.fft.rfft(rng.standard_normal(1 << 17))
    slope = np.maximum(np.arange(len(noise)), 8.0) ** -rng.uniform(0.0, 1.0)
    pattern = np.fft.irfft(noise * slope)
    if rng.random() < 0.2:
        at_s = np.arange(len(pattern)) / RATE_HZ
        hum_hz = float(rng.choice((50.0, 60.0)))
        pattern /= pattern.std()
        pattern += sum(np.sin(2 * np.pi * hum_hz * k * at_s) / k for k in (1, 2, 3))
    pattern = np.resize(pattern, len(samples))
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    level = rms * 10 ** (-rng.uniform(15.0, 50.0) / 20) / max(float(pattern.std()), 1e-9)
    return (samples + level * pattern).astype(np.float32)


def lossy(samples: Samples, rng: np.random.Generator) -> Samples:
    """Through an mp3 or Ogg Vorbis encoder of low to middling quality and back.

    Both come back on the sample: libsndfile writes and reads the gapless tags.
    """
    codec, subtype = _CODECS[int(rng.integers(len(_CODECS)))]
    quality = float(rng.uniform(0.4, 0.95))
    scale = np.float32(max(float(np.abs(samples).max()), 1e-6) / 0.9)
    file = io.BytesIO()
    options = {"format": codec, "subtype": subtype, "compression_level": quality}
    with soundfile.SoundFile(file, "w", samplerate=RATE_HZ, channels=1, **options) as sink:
        # libsndfile's Vorbis writer overflows its stack on long single writes.
        for start in range(0, len(samples), RATE_HZ):
            sink.write(samples[start : start + RATE_HZ] / scale)
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    decoded = np.pad(decoded[: len(samples)], (0, max(len(samples) - len(decoded), 0)))
    return decoded * scale


_CODECS = (("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"))

_Step = Callable[[Samples, np.random.Generator], Samples]

_STEPS: tuple[tuple[float, _Step], ...] = (
    (0.7, equalise),
    (0.2, detune),
    (0.5, compress),
    (0.5, add_noise),
    (0.3, lossy),
)
"""Each step with its chance, in order."""

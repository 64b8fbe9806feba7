"""What happens to music on its way to a listener, eleven ways; none moves it in time.

This module knows nothing of beats.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.signal
import soundfile
import soxr

from chartstudio.engine.timing_bench.song import BenchSong, Samples

Damage = Callable[[BenchSong, np.random.Generator], BenchSong]


def damaged(song: BenchSong, name: str, rng: np.random.Generator) -> BenchSong:
    """The song after one of `DAMAGES`."""
    return DAMAGES[name](song, rng)


def _coded(codec: str, subtype: str, level: float) -> Damage:
    def through(song: BenchSong, rng: np.random.Generator) -> BenchSong:
        file = io.BytesIO()
        options = {"format": codec, "subtype": subtype, "compression_level": level}
        rate_hz, n = song.rate_hz, len(song.samples)
        with soundfile.SoundFile(file, "w", samplerate=rate_hz, channels=1, **options) as sink:
            # libsndfile's Vorbis writer overflows its stack on long single writes.
            for start in range(0, n, rate_hz):
                sink.write(song.samples[start : start + rate_hz])
        file.seek(0)
        decoded, _ = soundfile.read(file, dtype="float32")
        decoded = np.pad(decoded[:n], (0, max(n - len(decoded), 0)))
        return replace(song, samples=decoded)

    return through


def _filtered(kind: str, hz: float) -> Damage:
    def through(song: BenchSong, rng: np.random.Generator) -> BenchSong:
        sections = scipy.signal.butter(4, hz, kind, fs=song.rate_hz, output="sos")
        # Forwards and backwards: nothing moves.
        return replace(song, samples=_level(scipy.signal.sosfiltfilt(sections, song.samples)))

    return through


def _noisy(song: BenchSong, rng: np.random.Generator) -> BenchSong:
    level = float(np.std(song.samples)) * 10 ** (-8 / 20)
    noise = rng.standard_normal(len(song.samples)) * level
    return replace(song, samples=_level(song.samples + noise))


def _rumbling(song: BenchSong, rng: np.random.Generator) -> BenchSong:
    slow = np.fft.rfft(rng.standard_normal(len(song.samples)))
    slow /= np.maximum(np.arange(len(slow)), 100.0)
    noise = np.fft.irfft(slow, len(song.samples))
    level = float(np.std(song.samples)) / float(np.std(noise))
    return replace(song, samples=_level(song.samples + noise * level))


def _clipped(song: BenchSong, rng: np.random.Generator) -> BenchSong:
    return replace(song, samples=np.clip(song.samples * 6.0, -0.9, 0.9))


def _quiet(song: BenchSong, rng: np.random.Generator) -> BenchSong:
    """50 dB down and rounded to 16 bits."""
    soft = np.rint(song.samples * 10 ** (-50 / 20) * 32_767) / 32_767
    return replace(song, samples=soft.astype(np.float32))


def _resampled(song: BenchSong, rng: np.random.Generator) -> BenchSong:
    """Through 11,025 Hz to 48,000 Hz, as old samples in new files."""
    low = soxr.resample(song.samples, song.rate_hz, 11_025)
    return replace(song, samples=soxr.resample(low, 11_025, 48_000), rate_hz=48_000)


def _squeezed(song: BenchSong, rng: np.random.Generator) -> BenchSong:
    """As loud masters are: the level around each 40 ms evened out, then soft clipping."""
    window = int(0.04 * song.rate_hz) | 1
    power = np.convolve(song.samples.astype(np.float64) ** 2, np.ones(window) / window, "same")
    level = np.sqrt(np.maximum(power, 0.0))
    reference = float(np.quantile(level, 0.95)) + 1e-9
    gain = (np.maximum(level, 0.02 * reference) / reference) ** -0.75
    return replace(song, samples=np.tanh(song.samples / reference * gain).astype(np.float32))


def _hall(song: BenchSong, rng: np.random.Generator) -> BenchSong:
    """A second of reverberation as loud as the music."""
    rate_hz = song.rate_hz
    at_s = np.arange(rate_hz) / rate_hz
    tail = rng.standard_normal(rate_hz) * np.exp(-at_s / 0.25)
    tail /= np.sqrt(np.sum(tail**2))
    wet = scipy.signal.fftconvolve(song.samples, tail)[: len(song.samples)]
    return replace(song, samples=_level(song.samples + wet))


def _level(samples: np.ndarray) -> Samples:
    return (samples * (0.9 / max(float(np.abs(samples).max()), 1e-9))).astype(np.float32)


DAMAGES: dict[str, Damage] = {
    "ogg": _coded("OGG", "VORBIS", 0.95),
    "mp3": _coded("MP3", "MPEG_LAYER_III", 0.95),
    "low-passed": _filtered("lowpass", 2000.0),
    "high-passed": _filtered("highpass", 400.0),
    "white noise": _noisy,
    "rumble": _rumbling,
    "clipped": _clipped,
    "quiet": _quiet,
    "resampled": _resampled,
    "squeezed": _squeezed,
    "hall": _hall,
}

"""Sounds in which nothing keeps a beat: no tempo may be found in any of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from chartstudio.engine.timing_bench import sounds
from chartstudio.engine.timing_bench.song import RATE_HZ, BenchSong, rng_of

Wave = NDArray[np.float64]
SECONDS = 60.0


def _coloured(slope: float) -> Callable[[int, np.random.Generator], Wave]:
    def make(n: int, rng: np.random.Generator) -> Wave:
        spectrum = np.fft.rfft(rng.standard_normal(n))
        return np.fft.irfft(spectrum * np.maximum(np.arange(len(spectrum)), 50.0) ** -slope, n)

    return make


def _silence(n: int, rng: np.random.Generator) -> Wave:
    return np.zeros(n)


def _hum(n: int, rng: np.random.Generator) -> Wave:
    t = np.arange(n) / RATE_HZ
    return sum((np.sin(2 * np.pi * 50 * k * t) / k for k in (1, 2, 3, 5)), np.zeros(n))


def _pad(n: int, rng: np.random.Generator) -> Wave:
    """A chord whose voices sway, each at its own slow pace."""
    t, out = np.arange(n) / RATE_HZ, np.zeros(n)
    for hz in (110.0, 138.6, 164.8, 220.3, 331.0):
        sway = 1 + 0.4 * np.sin(2 * np.pi * rng.uniform(0.05, 0.3) * t + rng.uniform(0, 6))
        out += sway * np.sin(2 * np.pi * hz * t + rng.uniform(0, 6))
    return out * np.minimum(t / 2, 1)


def _choir(n: int, rng: np.random.Generator) -> Wave:
    """Long chords that swell and end whenever they like."""
    out, at = np.zeros(n), 0
    while at < n:
        length = int(rng.uniform(2.0, 7.0) * RATE_HZ)
        t = np.arange(min(length, n - at)) / RATE_HZ
        root = 110 * 2 ** (rng.integers(12) / 12)
        for ratio in (1, 1.25, 1.5, 2):
            sway = 0.003 * np.sin(2 * np.pi * 5 * t + rng.uniform(0, 6))
            out[at : at + len(t)] += np.sin(2 * np.pi * root * ratio * (t + sway / 20)) * np.sin(
                np.pi * t / max(t[-1], 1e-3)
            )
        at += int(0.8 * length)
    return out


def _sweep(n: int, rng: np.random.Generator) -> Wave:
    return scipy.signal.chirp(np.arange(n) / RATE_HZ, 40, SECONDS, 6000, "logarithmic")


def _rain(n: int, rng: np.random.Generator) -> Wave:
    out = np.zeros(n)
    drops_s = rng.uniform(0, n / RATE_HZ, int(12 * n / RATE_HZ))
    for at_s, gain in zip(drops_s.tolist(), rng.exponential(0.3, len(drops_s)), strict=True):
        sounds.strike(out, (at_s,), sounds.hat, float(gain))
    return out + 0.01 * rng.standard_normal(n)


def _scattered_kicks(n: int, rng: np.random.Generator) -> Wave:
    out = np.zeros(n)
    sounds.strike(out, np.cumsum(rng.exponential(0.5, int(2 * n / RATE_HZ))).tolist(), sounds.kick)
    return out


def _scattered_notes(n: int, rng: np.random.Generator) -> Wave:
    """Single plucked notes at free times."""
    out, at_s = np.zeros(n), 0.5
    while at_s < n / RATE_HZ - 1:
        pitch = 220 * 2 ** (rng.integers(24) / 12)
        sounds.pluck(out, at_s, min(at_s + 2.0, n / RATE_HZ), (float(pitch),))
        at_s += float(rng.gamma(2.5, 0.25))
    return out


def _talking(n_voices: int) -> Callable[[int, np.random.Generator], Wave]:
    """Syllables of chance length, buzzing at a wandering pitch, in phrases."""

    def make(n: int, rng: np.random.Generator) -> Wave:
        out = np.zeros(n)
        for _ in range(n_voices):
            at, base_hz = int(rng.uniform(0, RATE_HZ)), rng.uniform(95, 220)
            while at < n - RATE_HZ:
                length = int(rng.gamma(5, 0.035) * RATE_HZ) + 600
                t = np.arange(length) / RATE_HZ
                hz = base_hz * np.exp(rng.normal(0, 0.12))
                buzz = scipy.signal.sawtooth(2 * np.pi * (hz * t + 8 * rng.normal() * t**2))
                formant = scipy.signal.butter(
                    2, (rng.uniform(300, 700), rng.uniform(900, 2500)), "band", fs=RATE_HZ,
                    output="sos",
                )  # fmt: skip
                voiced = scipy.signal.sosfilt(formant, buzz) * np.hanning(length)
                if rng.random() < 0.4:
                    voiced[: length // 3] += 0.2 * rng.standard_normal(length // 3)
                out[at : at + length] += voiced * rng.uniform(0.3, 1.0)
                pause = rng.exponential(0.03) + (rng.random() < 0.13) * rng.uniform(0.3, 1.2)
                at += length + int(pause * RATE_HZ)
        return out

    return make


def _crackle(n: int, rng: np.random.Generator) -> Wave:
    out = 0.003 * rng.standard_normal(n)
    at = rng.integers(0, n, int(6 * n / RATE_HZ))
    out[at] += rng.choice((-1.0, 1.0), len(at)) * rng.exponential(0.3, len(at))
    return out


def _waves(n: int, rng: np.random.Generator) -> Wave:
    """Surf: noise that swells every six to ten seconds."""
    turns = np.cumsum(rng.uniform(6, 10, 20))
    phase = np.interp(np.arange(n) / RATE_HZ, np.concatenate(([0.0], turns)), np.arange(21))
    return rng.standard_normal(n) * (0.1 + (0.5 - 0.5 * np.cos(2 * np.pi * phase)) ** 3)


def _birds(n: int, rng: np.random.Generator) -> Wave:
    out = 0.002 * rng.standard_normal(n)
    for at in rng.integers(0, n - RATE_HZ, int(1.5 * n / RATE_HZ)):
        t = np.arange(int(rng.uniform(0.05, 0.3) * RATE_HZ)) / RATE_HZ
        hz = rng.uniform(2000, 5000) + rng.uniform(-6000, 6000) * t
        out[at : at + len(t)] += np.sin(2 * np.pi * hz * t) * np.hanning(len(t))
    return out


def _applause(n: int, rng: np.random.Generator) -> Wave:
    out = np.zeros(n)
    for _ in range(40):
        pace_s = rng.uniform(0.2, 0.4)
        at_s = rng.uniform(0, 1) + np.cumsum(pace_s * np.exp(rng.normal(0, 0.15, 400)))
        sounds.strike(out, at_s.tolist(), sounds.snare, float(rng.uniform(0.1, 0.5)))
    return out


def _one_clap(n: int, rng: np.random.Generator) -> Wave:
    out = 1e-3 * rng.standard_normal(n)
    sounds.strike(out, (3.0,), sounds.snare)
    return out


SOUNDS: dict[str, Callable[[int, np.random.Generator], Wave]] = {
    "silence": _silence,
    "white noise": _coloured(0.0),
    "pink noise": _coloured(0.5),
    "brown noise": _coloured(1.0),
    "hum": _hum,
    "pad": _pad,
    "choir": _choir,
    "sweep": _sweep,
    "rain": _rain,
    "scattered kicks": _scattered_kicks,
    "scattered notes": _scattered_notes,
    "one voice": _talking(1),
    "two voices": _talking(2),
    "a crowd": _talking(12),
    "crackle": _crackle,
    "surf": _waves,
    "birds": _birds,
    "applause": _applause,
    "one clap": _one_clap,
}


def sound(name: str, kind: str) -> BenchSong:
    """One of `SOUNDS`, drawn by its name."""
    wave = SOUNDS[kind](int(SECONDS * RATE_HZ), rng_of(name))
    samples = np.zeros(len(wave), np.float32) if not wave.any() else sounds.peaked(wave)
    return BenchSong(samples, RATE_HZ, None)

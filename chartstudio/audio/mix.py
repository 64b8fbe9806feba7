"""Metronome clicks and note ticks, at the exact sample.

Knows short sounds and the seconds at which they sound; knows no beats, notes or devices.

A tick at second ``t`` of the song begins at sample ``round(t / rate * rate_hz)`` of what
is played at a playback rate, and its first sample is already loud. Ticks are not
stretched: they sound the same at every rate.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class _Timbre:
    """How a tick is made: a decaying tone with some noise in it."""

    frequency_hz: float
    decay_s: float
    noise: float
    peak: float


_TIMBRES = {
    "downbeat": _Timbre(1760.0, 0.012, 0.0, 0.8),
    "beat": _Timbre(1175.0, 0.010, 0.0, 0.6),
    "note": _Timbre(2600.0, 0.004, 0.5, 0.6),
    "note-low": _Timbre(900.0, 0.006, 0.4, 0.6),
    "note-high": _Timbre(4200.0, 0.004, 0.3, 0.6),
    "note-chord": _Timbre(1900.0, 0.007, 0.7, 0.7),
    "note-hold": _Timbre(700.0, 0.010, 0.1, 0.5),
}

SOUNDS = tuple(_TIMBRES)
"""Ids of the sounds there are."""

_DECAYS = 6.0
"""A sound ends after so many decay times, where it is 52 dB down, with a short fade."""


@lru_cache(maxsize=64)
def sound(sound_id: str, rate_hz: int) -> NDArray[np.float32]:
    """Make one of `SOUNDS`.

    Parameters
    ----------
    sound_id : str
    rate_hz : int

    Returns
    -------
    ndarray, shape (n,), float32
        Read-only; the same every time. The first sample is the loudest.
    """
    timbre = _TIMBRES[sound_id]
    t = np.arange(round(_DECAYS * timbre.decay_s * rate_hz)) / rate_hz
    noise = np.random.default_rng(SOUNDS.index(sound_id)).uniform(-1, 1, len(t))
    noise[0] = 1.0
    tone = np.cos(2 * np.pi * timbre.frequency_hz * t)
    wave = (1 - timbre.noise) * tone + timbre.noise * noise
    wave *= timbre.peak * np.exp(-t / timbre.decay_s) * np.minimum(1, (t[-1] - t) / 0.002)
    made: NDArray[np.float32] = wave.astype(np.float32)
    made.flags.writeable = False
    return made


@dataclass(frozen=True, slots=True)
class TickSound:
    """One tick.

    Parameters
    ----------
    time_s : float
        Second of the song at which it sounds.
    sound_id : str
        One of `SOUNDS`.
    gain : float
        Factor on the sound's own loudness.
    """

    time_s: float
    sound_id: str = "note"
    gain: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Many ticks as arrays of one length, in any order.

    Parameters
    ----------
    times_s : ndarray, shape (n,), float64
    sounds : ndarray, shape (n,), int
        Indices into `SOUNDS`.
    gains : ndarray, shape (n,), float32
    """

    times_s: NDArray[np.float64]
    sounds: NDArray[np.int64]
    gains: NDArray[np.float32]

    @classmethod
    def of(cls, ticks: Iterable[TickSound]) -> "Ticks":
        """Gather single ticks.

        Raises
        ------
        KeyError
            If a sound is not one of `SOUNDS`.
        """
        rows = list(ticks)
        index = {sound_id: k for k, sound_id in enumerate(SOUNDS)}
        return cls(
            np.array([tick.time_s for tick in rows], np.float64),
            np.array([index[tick.sound_id] for tick in rows], np.int64),
            np.array([tick.gain for tick in rows], np.float32),
        )

    @classmethod
    def at(cls, times_s: NDArray[np.float64], sound_id: str = "note") -> "Ticks":
        """Give every time the same sound."""
        n_ticks = len(times_s)
        sounds = np.full(n_ticks, SOUNDS.index(sound_id), np.int64)
        return cls(np.asarray(times_s, np.float64), sounds, np.ones(n_ticks, np.float32))

    def schedule(self, rate_hz: int, rate: float = 1.0) -> "Schedule":
        """Place the ticks on the samples of a playback rate.

        Where one sound is asked for several times on one sample, as by a chord, it sounds
        once, at the largest gain: chords are not louder than single notes.

        Parameters
        ----------
        rate_hz : int
        rate : float
            Playback rate; 0.5 is half speed.
        """
        starts = np.rint(self.times_s / rate * rate_hz).astype(np.int64)
        order = np.lexsort((-self.gains, self.sounds, starts))
        starts, sounds, gains = starts[order], self.sounds[order], self.gains[order]
        first = np.ones(len(starts), bool)
        first[1:] = (np.diff(starts) != 0) | (np.diff(sounds) != 0)
        return Schedule(rate_hz, starts[first], sounds[first], gains[first])


NO_TICKS = Ticks.of(())


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """Ticks on samples, ascending.

    Parameters
    ----------
    rate_hz : int
    starts : ndarray, shape (n,), int64
        The sample at which each begins.
    sounds : ndarray, shape (n,), int64
    gains : ndarray, shape (n,), float32
    """

    rate_hz: int
    starts: NDArray[np.int64]
    sounds: NDArray[np.int64]
    gains: NDArray[np.float32]


class _Voice(NamedTuple):
    """A sound that goes on into the next block."""

    rest: NDArray[np.float32]
    gain: float


class Mixer:
    """Adds ticks to blocks that are rendered one after the other.

    A tick that has begun sounds to its end, also when the next block is of another place:
    a loop that jumps back does not cut the tick before the jump, and does not bring the
    tail of one that it did not play.
    """

    def __init__(self) -> None:
        self._voices: list[_Voice] = []

    def silence(self) -> None:
        """Forget what is still sounding."""
        self._voices.clear()

    def mix_block(
        self, out: NDArray[np.float32], schedule: Schedule, start_sample: int, gain: float = 1.0
    ) -> None:
        """Add the ticks that begin in a block.

        Parameters
        ----------
        out : ndarray, shape (n, C), float32
            The block; changed in place.
        schedule : Schedule
        start_sample : int
            Where the block begins, in the schedule's samples.
        gain : float
            Factor on all ticks; 0 begins none.
        """
        if gain <= 0.0:
            return
        first, end = np.searchsorted(schedule.starts, (start_sample, start_sample + len(out)))
        for k in range(first, end):
            wave = sound(SOUNDS[schedule.sounds[k]], schedule.rate_hz)
            at = int(schedule.starts[k]) - start_sample
            self._add(out[at:], wave, gain * float(schedule.gains[k]))

    def ring_on(self, out: NDArray[np.float32]) -> None:
        """Add what began in earlier blocks; call once per block, before `mix_block`.

        Parameters
        ----------
        out : ndarray, shape (n, C), float32
            The block; changed in place.
        """
        voices, self._voices = self._voices, []
        for voice in voices:
            self._add(out, voice.rest, voice.gain)

    def _add(self, out: NDArray[np.float32], wave: NDArray[np.float32], gain: float) -> None:
        n = min(len(out), len(wave))
        out[:n] += (gain * wave[:n])[:, None]
        if n < len(wave):
            self._voices.append(_Voice(wave[n:], gain))


def mix(
    samples: NDArray[np.float32], rate_hz: int, ticks: Iterable[TickSound]
) -> NDArray[np.float32]:
    """Add ticks to a whole song.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
    rate_hz : int
    ticks : iterable of TickSound

    Returns
    -------
    ndarray, shape (C, N), float32
        A new array; not limited to [-1, 1]. Ticks outside the song are left out.
    """
    mixed = samples.copy()
    Mixer().mix_block(mixed.T, Ticks.of(ticks).schedule(rate_hz), 0)
    return mixed

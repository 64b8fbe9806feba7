"""Tempos at which a song's onsets line up.

A Fourier transform of the onset times has sharp lines at the multiples of a kept tempo, and
none in noise, pads or speech. Which of those tempos people would count is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.onsets import Onsets

BPM_RANGE = (60.0, 320.0)
"""Tempos that are offered; slower ones appear at twice their tempo."""

_MULTIPLES = np.arange(1, 17)
_LINES_HZ = (0.9, 24.0)
_RATIOS = (*(1 / n for n in range(16, 0, -1)), 2 / 3, 3 / 4, 4 / 3, 3 / 2, 2.0, 3.0, 4.0)
"""What the beat may be of a line: the line is a sixteenth, a triplet, a measure and so on."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """How well all onsets agree with each frequency.

    Attributes
    ----------
    power : ndarray, shape (F,)
        Squared length of the mean phase vector; its mean is 1 for random onsets.
    step_hz : float
    span_s : float
        From the first onset to the last.
    """

    power: NDArray[np.float64]
    step_hz: float
    span_s: float

    @classmethod
    def of(cls, onsets: Onsets) -> Spectrum:
        """The spectrum of all onsets, each as heavy as it stands out."""
        if len(onsets.times_s) < 8:
            return cls(np.zeros(2), 60.0, 1.0)
        at_ms = (onsets.times_s - onsets.times_s[0]) * 1000
        span_s = float(at_ms[-1]) / 1000
        n = 1 << int(np.ceil(np.log2(max(at_ms[-1], 1000.0) * 4)))
        whole = np.floor(at_ms).astype(np.int64)
        part = at_ms - whole
        train = np.bincount(whole, onsets.weights * (1 - part), n)
        train += np.bincount(whole + 1, onsets.weights * part, n)
        power = np.abs(np.fft.rfft(train)[: int(0.09 * n)]) ** 2 / np.sum(onsets.weights**2)
        return cls(power, 1000 / n, span_s)

    def at(self, hz: NDArray[np.float64]) -> NDArray[np.float64]:
        """Power at any frequency; 0 beyond the spectrum."""
        return np.interp(hz / self.step_hz, np.arange(len(self.power)), self.power, right=0.0)

    def strength(self, beat_hz: float) -> float:
        """Sum over the multiples of a beat's frequency."""
        return float(self.at(beat_hz * _MULTIPLES).sum())


def tempos(spectrum: Spectrum) -> list[float]:
    """Beat frequencies that the strongest lines are multiples or fractions of, in hertz."""
    found: list[float] = []
    lines = _lines(spectrum)
    low, high = (bpm / 60 for bpm in BPM_RANGE)
    reach_hz = 0.15 / spectrum.span_s
    for line_hz, power in lines:
        if power < 0.25 * lines[0][1]:
            continue
        for ratio in _RATIOS:
            if not 0.999 * low <= line_hz * ratio <= 1.001 * high:
                continue
            near = line_hz * ratio + np.linspace(-reach_hz, reach_hz, 121)
            beat_hz = float(near[spectrum.at(np.outer(near, _MULTIPLES)).sum(axis=1).argmax()])
            if all(abs(beat_hz / f - 1) > 0.002 for f in found):
                found.append(beat_hz)
    return found


def _lines(spectrum: Spectrum, n_lines: int = 4) -> list[tuple[float, float]]:
    """The strongest lines as (hertz, power), strongest first."""
    first, last = (int(hz / spectrum.step_hz) for hz in _LINES_HZ)
    power = spectrum.power[: last + 1].copy()
    power[:first] = 0.0
    reach = int(3 / spectrum.span_s / spectrum.step_hz) + 1
    found = []
    for _ in range(n_lines):
        i = int(power.argmax()) if len(power) else 0
        if not len(power) or power[i] <= 0:
            break
        found.append((i * spectrum.step_hz, float(power[i])))
        power[max(i - reach, 0) : i + reach + 1] = 0.0
    return found

"""The waveform at every zoom: a pyramid of minima, maxima and energies.

Knows samples and columns; knows no pixels, colours or widgets.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress, run

_BUCKET = 16
"""Samples in a bucket of the lowest level. The raw samples serve what is finer."""

_STEP_BUCKETS = 1 << 17
"""Buckets built between two chances to cancel: 48 s at 44.1 kHz, some 10 ms."""


class View(NamedTuple):
    """Columns of a drawn waveform, each of shape (n_columns,), float32.

    ``low`` and ``high`` are the extremes over all channels, ``rms`` is the root of the
    mean square over time and channels. All are 0 where there is no song.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    rms: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """The pyramid over one song; make it with `Peaks.of` or `peaks_job`.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
        The song itself, for the zooms that show single samples; not copied.
    rate_hz : int
    lows, highs : tuple of ndarray
        Level ``k`` holds the extremes of whole buckets of ``16 * 2 ** k`` samples over
        all channels. A tail shorter than a bucket is left to the level below.
    energy : ndarray, shape (n_buckets + 1,), float64
        Sum of squares, averaged over channels, of everything before a bucket.
    """

    samples: NDArray[np.float32]
    rate_hz: int
    lows: tuple[NDArray[np.float32], ...]
    highs: tuple[NDArray[np.float32], ...]
    energy: NDArray[np.float64]

    @classmethod
    def of(cls, samples: NDArray[np.float32], rate_hz: int) -> "Peaks":
        """Build the pyramid.

        Parameters
        ----------
        samples : ndarray, shape (N,) or (C, N), float32
        rate_hz : int
        """
        return run(peaks_job(samples, rate_hz))

    def view(self, start_s: float, end_s: float, n_columns: int) -> View:
        """Reduce a stretch of the song to columns of equal duration.

        Every column is exact at every zoom: it is the extremes of the waveform, drawn
        with straight lines between samples, over the column's own time. So neighbours
        always join, and zoomed in beyond a sample per column the line itself appears.

        Parameters
        ----------
        start_s, end_s : float
            The stretch in seconds, ``start_s < end_s``; it may reach beyond the song.
        n_columns : int

        Returns
        -------
        View
        """
        n_samples = self.samples.shape[1]
        low, high, rms = (np.zeros(n_columns, np.float32) for _ in range(3))
        edges = np.linspace(start_s, end_s, n_columns + 1) * self.rate_hz
        inside = np.flatnonzero((edges[:-1] < n_samples) & (edges[1:] > 0))
        if n_samples == 0 or not len(inside):
            return View(low, high, rms)
        left = np.clip(edges[inside], 0, n_samples - 1)
        right = np.clip(edges[inside + 1], 0, n_samples - 1)
        at_left, at_right = self._line_at(left), self._line_at(right)
        column_low = np.minimum(at_left, at_right).min(axis=0)
        column_high = np.maximum(at_left, at_right).max(axis=0)
        square = np.square((at_left + at_right) / 2, dtype=np.float64).mean(axis=0)

        first, end = np.ceil(left).astype(np.int64), np.floor(right).astype(np.int64) + 1
        full = np.flatnonzero(end > first)
        if len(full):
            lows, highs, sums = self._spans(first[full], end[full])
            column_low[full] = np.minimum(column_low[full], lows)
            column_high[full] = np.maximum(column_high[full], highs)
            square[full] = sums / (end[full] - first[full])
        low[inside], high[inside], rms[inside] = column_low, column_high, np.sqrt(square)
        return View(low, high, rms)

    def _line_at(self, at: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the waveform between samples, shape (C, n)."""
        before = at.astype(np.int64)
        after = np.minimum(before + 1, self.samples.shape[1] - 1)
        share = (at - before).astype(np.float32)
        here = self.samples[:, before]
        line: NDArray[np.float32] = here + share * (self.samples[:, after] - here)
        return line

    def _spans(
        self, first: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
        """Extremes and sums of squares over the samples ``first <= i < end``, not empty."""
        left, right = -(-first // _BUCKET), end // _BUCKET
        whole = right > left  # spans that hold at least one whole bucket
        head_end = np.where(whole, left * _BUCKET, end)
        tail_first = np.where(whole, right * _BUCKET, end)
        low, high, sums = self._raw(first, head_end)
        tail_low, tail_high, tail_sums = self._raw(tail_first, end)
        np.minimum(low, tail_low, out=low)
        np.maximum(high, tail_high, out=high)
        sums += tail_sums
        sums[whole] += self.energy[right[whole]] - self.energy[left[whole]]
        self._climb(low, high, np.where(whole, left, 0), np.where(whole, right, 0))
        return low, high, sums

    def _raw(
        self, first: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]:
        """Do as `_spans`, from the samples themselves; spans may be empty and are short."""
        width = int((end - first).max(initial=0))
        if width <= 0:
            shape = first.shape
            low, high = np.full(shape, np.inf, np.float32), np.full(shape, -np.inf, np.float32)
            return low, high, np.zeros(shape)
        at = first[:, None] + np.arange(width)
        beyond = at >= end[:, None]
        np.minimum(at, self.samples.shape[1] - 1, out=at)
        values = self.samples[:, at]
        squares = np.square(values).mean(axis=0)
        squares[beyond] = 0
        low, high = values.min(axis=0), values.max(axis=0)
        low[beyond], high[beyond] = np.inf, -np.inf
        return low.min(axis=1), high.max(axis=1), squares.sum(axis=1, dtype=np.float64)

    def _climb(
        self,
        low: NDArray[np.float32],
        high: NDArray[np.float32],
        left: NDArray[np.int64],
        right: NDArray[np.int64],
    ) -> None:
        """Fold the extremes of the buckets ``left <= i < right`` into ``low`` and ``high``.

        At each level a span takes the bucket that sticks out on its left and on its
        right, if any, and hands the rest to the level above, where buckets are twice as
        long: some ``2 log n`` buckets per span, for all spans at once.
        """
        for lows, highs in zip(self.lows, self.highs, strict=True):
            odd = np.flatnonzero((left < right) & (left & 1 == 1))
            low[odd] = np.minimum(low[odd], lows[left[odd]])
            high[odd] = np.maximum(high[odd], highs[left[odd]])
            left[odd] += 1
            odd = np.flatnonzero((left < right) & (right & 1 == 1))
            right[odd] -= 1
            low[odd] = np.minimum(low[odd], lows[right[odd]])
            high[odd] = np.maximum(high[odd], highs[right[odd]])
            left >>= 1
            right >>= 1


def peaks_job(samples: NDArray[np.float32], rate_hz: int) -> Job[Peaks]:
    """Build the pyramid in steps that can be cancelled.

    Parameters
    ----------
    samples : ndarray, shape (N,) or (C, N), float32
    rate_hz : int

    Returns
    -------
    Job of Peaks
    """
    samples = np.atleast_2d(samples)
    n_buckets = samples.shape[1] // _BUCKET
    low, high = np.empty(n_buckets, np.float32), np.empty(n_buckets, np.float32)
    squares = np.empty(n_buckets)
    for start in range(0, n_buckets, _STEP_BUCKETS):
        end = min(start + _STEP_BUCKETS, n_buckets)
        block = samples[:, start * _BUCKET : end * _BUCKET]
        low[start:end] = _fold(np.minimum, block)
        high[start:end] = _fold(np.maximum, block)
        squares[start:end] = _fold(np.add, np.square(block)) / len(samples)
        yield Progress(end / n_buckets, "Drawing the waveform")
    lows, highs = [low], [high]
    while len(lows[-1]) > 1:
        n_pairs = len(lows[-1]) // 2
        even, odd = slice(0, 2 * n_pairs, 2), slice(1, 2 * n_pairs, 2)
        lows.append(np.minimum(lows[-1][even], lows[-1][odd]))
        highs.append(np.maximum(highs[-1][even], highs[-1][odd]))
    energy = np.concatenate([[0.0], np.cumsum(squares)])
    return Peaks(samples, rate_hz, tuple(lows), tuple(highs), energy)


def _fold(how: np.ufunc, block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reduce (C, n * 16) to (n,) by halving, four times as fast as reducing over 16."""
    folded: NDArray[np.float32] = how.reduce(block, axis=0)
    for _ in range(_BUCKET.bit_length() - 1):
        folded = how(folded[::2], folded[1::2])
    return folded

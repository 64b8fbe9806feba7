"""A song slower or faster at the same pitch, rendered in pieces and kept.

Knows one song's samples and playback rates; knows nothing of playing them.

The library stretches a whole array per call and holds Python's global lock while it does,
so that one call over a song would stop the window and the sound for seconds. Here a song
is rendered in chunks that are anchored to the input one by one, which also means that no
rounding adds up: second ``t`` of the song is second ``t / rate`` of the result, however
long the song is.
"""

import threading
from collections import OrderedDict
from typing import Final

import numpy as np
import python_stretch
from numpy.typing import NDArray

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress, run

MIN_RATE: Final = 0.25
MAX_RATE: Final = 2.0

MAX_BYTES: Final = 1 << 30
"""Most memory for one result, and for all that a `StretchCache` keeps."""

_CLEAN_RATE = 0.5
"""Below this the library smears a click over 30 ms; two passes keep it in place."""

_CHUNK_S = 1.2
"""Result seconds per chunk: some 20 ms of work between two chances to cancel."""

_WINDOW_S = 0.12
"""The library's analysis window; it needs half of it on either side."""

_FFT, _HOP = 1024, 256

_FADE = 4 * _FFT
"""Result samples over which one chunk turns into the next."""


def check_rate(rate: float) -> None:
    """Refuse a rate that cannot be played.

    Raises
    ------
    ChartStudioError
        If it is not from 0.25 to 2.
    """
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ChartStudioError(
            f"cannot play at {100 * rate:.0f} %: choose {100 * MIN_RATE:.0f} to "
            f"{100 * MAX_RATE:.0f} %."
        )


class Stretched:
    """A song at one playback rate, filled in chunk by chunk, in any order.

    Parameters
    ----------
    source : ndarray, shape (C, N), float32
        One or two channels.
    rate_hz : int
    rate : float
        Playback rate; 0.5 is half speed.

    Attributes
    ----------
    samples : ndarray, shape (C, round(N / rate)), float32
        The result; zero where it is not filled in yet.

    Raises
    ------
    ChartStudioError
        If the rate is not from 0.25 to 2 or the result would not fit in `MAX_BYTES`.
    """

    def __init__(self, source: NDArray[np.float32], rate_hz: int, rate: float) -> None:
        check_rate(rate)
        n_samples = round(source.shape[1] / rate)
        if 4 * len(source) * n_samples > MAX_BYTES:
            raise ChartStudioError(
                f"the song is too long to be played at {100 * rate:.0f} %: choose a rate nearer "
                "to 100 %."
            )
        self.rate = rate
        self.rate_hz = rate_hz
        self.samples: NDArray[np.float32] = np.zeros((len(source), n_samples), np.float32)
        self._source = source
        self._lock = threading.Lock()
        self._n_chunk = round(_CHUNK_S * rate_hz)
        n_chunks = -(-n_samples // self._n_chunk)
        self._filled = [False] * n_chunks
        # The two renderings of a chunk's first samples wait here for each other.
        self._heads: dict[int, NDArray[np.float32]] = {}
        self._overruns: dict[int, NDArray[np.float32]] = {}

    @property
    def share(self) -> float:
        """How much is filled in, 0 to 1."""
        return sum(self._filled) / len(self._filled) if self._filled else 1.0

    def is_ready(self, start_s: float, end_s: float) -> bool:
        """Whether everything between two seconds of the song is filled in."""
        if not self._filled:
            return True
        first, last = (min(self._chunk_at(at), len(self._filled) - 1) for at in (start_s, end_s))
        return all(self._filled[first : last + 1])

    def _chunk_at(self, song_s: float) -> int:
        return int(max(0.0, song_s) / self.rate * self.rate_hz) // self._n_chunk

    def next_missing(self, from_s: float = 0.0) -> int | None:
        """Return the first chunk that is missing from a song second on, else from the start.

        Parameters
        ----------
        from_s : float
            Seconds of the song, not of the result.

        Returns
        -------
        int or None
            A chunk for `fill`; None when nothing is missing.
        """
        if all(self._filled):
            return None
        here = self._chunk_at(from_s)
        if not all(self._filled[here:]):
            return self._filled.index(False, here)
        return self._filled.index(False)

    def fill(self, chunk: int) -> None:
        """Render one chunk and join it to the neighbours that are there."""
        with self._lock:
            if not self._filled[chunk]:
                self._fill(chunk)

    def _fill(self, chunk: int) -> None:
        start = chunk * self._n_chunk
        end = min(start + self._n_chunk, self.samples.shape[1])
        fade_end = min(end + _FADE, self.samples.shape[1])
        rendered = _render(self._source, self.rate_hz, self.rate, start, fade_end)
        self.samples[:, start:end] = rendered[:, : end - start]
        self._filled[chunk] = True
        self._heads[chunk] = rendered[:, :_FADE]
        self._overruns[chunk + 1] = rendered[:, end - start :]
        self._join(chunk)
        self._join(chunk + 1)

    def _join(self, chunk: int) -> None:
        """Fade into a chunk from what the one before it ran over, once both are there."""
        if chunk not in self._heads or chunk not in self._overruns:
            return
        head, overrun = self._heads.pop(chunk), self._overruns.pop(chunk)
        n = min(head.shape[1], overrun.shape[1])
        start = chunk * self._n_chunk
        self.samples[:, start : start + n] = _crossfade(overrun[:, :n], head[:, :n])


def _render(
    source: NDArray[np.float32], rate_hz: int, rate: float, start: int, end: int
) -> NDArray[np.float32]:
    """Render samples ``start`` to ``end`` of the result.

    The analysis has settled at either end; the fades hide that the synthesis has not.
    """
    half = _WINDOW_S / 2 * rate_hz
    margin = round(half / rate)
    first, last = round((start - margin) * rate), round((end + margin) * rate)
    n_samples = source.shape[1]
    piece: NDArray[np.float32] = np.zeros((len(source), last - first), np.float32)
    inside = slice(max(first, 0), min(last, n_samples))
    piece[:, inside.start - first : inside.stop - first] = source[:, inside]
    for factor in (rate,) if rate >= _CLEAN_RATE else (_CLEAN_RATE, rate / _CLEAN_RATE):
        stretcher = python_stretch.Signalsmith.Stretch(0)
        stretcher.preset(len(piece), float(rate_hz))
        stretcher.setTimeFactor(factor)
        piece = np.asarray(stretcher.process(piece), np.float32)
    at = start - round(first / rate)
    rendered: NDArray[np.float32] = piece[:, at : at + end - start]
    return rendered


def _crossfade(old: NDArray[np.float32], new: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn one rendering of the same sound into another, both of shape (C, n).

    Two renderings agree in what sounds, not in its phase, and where phases are opposed a
    plain crossfade falls silent half way. So the fade is made per frequency: each bin of
    a short-time spectrum turns from one into the other and keeps its strength.
    """
    n = old.shape[1]
    if n < _FADE:  # the last chunk of a song may be shorter than a fade
        share = np.linspace(0, 1, n, dtype=np.float32)
        short: NDArray[np.float32] = (1 - share) * old + share * new
        return short
    starts = np.arange(_HOP - _FFT, n, _HOP)
    at = starts[:, None] + np.arange(_FFT) + _FFT
    window = np.sqrt(np.hanning(_FFT + 1)[:-1])
    before, after = (
        np.fft.rfft(np.pad(x, ((0, 0), (_FFT, _FFT)))[:, at] * window) for x in (old, new)
    )
    # Frames that reach over an end stay what they were: the fade meets its neighbours.
    share = np.clip(starts / (n - _FFT), 0, 1)[:, None]
    mixed = (1 - share) * before + share * after
    strength = (1 - share) * np.abs(before) + share * np.abs(after)
    mixed *= strength / np.maximum(np.abs(mixed), 1e-12)
    frames = np.fft.irfft(mixed) * (window / 2)  # the windows' squares add up to 2
    faded = np.zeros((len(old), n + 2 * _FFT))
    for k, start in enumerate(starts + _FFT):
        faded[:, start : start + _FFT] += frames[:, k]
    return faded[:, _FFT:-_FFT].astype(np.float32)


def stretch(samples: NDArray[np.float32], rate_hz: int, rate: float) -> NDArray[np.float32]:
    """Make a song slower or faster at the same pitch.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
        One or two channels.
    rate_hz : int
    rate : float
        Playback rate, 0.25 to 2; 0.5 is half speed.

    Returns
    -------
    ndarray, shape (C, round(N / rate)), float32
        What is at second ``t`` of the song is at ``t / rate`` of the result.

    Raises
    ------
    ChartStudioError
        As `Stretched`.
    """
    return run(stretch_job(samples, rate_hz, rate))


def stretch_job(
    samples: NDArray[np.float32], rate_hz: int, rate: float
) -> Job[NDArray[np.float32]]:
    """Do as `stretch`, chunk by chunk.

    Returns
    -------
    Job of ndarray
    """
    if rate == 1.0:
        return samples
    stretched = Stretched(samples, rate_hz, rate)
    while (chunk := stretched.next_missing()) is not None:
        stretched.fill(chunk)
        yield Progress(stretched.share, f"Preparing {100 * rate:.0f} %")
    return stretched.samples


class StretchCache:
    """The last few rates of one song, rendered or part rendered.

    Parameters
    ----------
    samples : ndarray, shape (C, N), float32
    rate_hz : int
    max_results : int
        How many rates are kept, within `MAX_BYTES` for all together.
    """

    def __init__(self, samples: NDArray[np.float32], rate_hz: int, max_results: int = 4) -> None:
        self._samples = samples
        self._rate_hz = rate_hz
        self._max_results = max_results
        self._results: OrderedDict[float, Stretched] = OrderedDict()

    def get(self, rate: float) -> Stretched:
        """Return the song at a rate, made empty when it is not kept.

        Raises
        ------
        ChartStudioError
            As `Stretched`.
        """
        found = self._results.get(rate)
        if found is None:
            found = self._results[rate] = Stretched(self._samples, self._rate_hz, rate)
        self._results.move_to_end(rate)
        while len(self._results) > 1 and (
            len(self._results) > self._max_results
            or sum(kept.samples.nbytes for kept in self._results.values()) > MAX_BYTES
        ):
            self._results.popitem(last=False)
        return found

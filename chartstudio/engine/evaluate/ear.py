"""What is heard of a song while a model is judged: the network's scores, rises, bars.

Also another song under the beats of this one, for asking whether a model listens at all.
Knows the engine's inside; the measures do not.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio.decode import Audio
from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.evaluate.bars import Bars
from chartstudio.engine.features import (
    POSITIONS_PER_BEAT,
    SLOTS_PER_BEAT,
    SongFeatures,
    mono,
    slot_grid,
)
from chartstudio.engine.generate import scored
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.task import hear, prepare
from chartstudio.modes import MODES

_KEPT = 4


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What is heard at each line of a request's grid.

    Attributes
    ----------
    lines : ndarray of int64, shape (L,)
    scores : ndarray, shape (L,), float32
        The network's log-odds of a note.
    odds : ndarray, shape (L,), float32
        What a draft chooses by: those with the rise, the metre and alike bars.
    flux : ndarray, shape (L,), float32
        How much starts there.
    """

    lines: Ticks
    scores: NDArray[np.float32]
    odds: NDArray[np.float32]
    flux: NDArray[np.float32]


@dataclass(eq=False)
class Ear:
    """Hears songs with a model.

    Parameters
    ----------
    model : Model
    """

    model: Model
    _songs: OrderedDict[tuple[int, TimingMap], tuple[Audio, SongFeatures]] = field(
        default_factory=OrderedDict, repr=False
    )

    def song(self, audio: Audio, timing: TimingMap) -> SongFeatures:
        """A song's features on its grid; those of the last few are kept."""
        key = (id(audio), timing)
        if key not in self._songs:
            spec = self.model.spec.features
            samples = mono(audio.samples, audio.rate_hz, spec)
            features = SongFeatures(samples, slot_grid(timing, audio.duration_s), spec)
            # Holding the audio keeps its id from being given to another.
            self._songs[key] = (audio, features)
        self._songs.move_to_end(key)
        while len(self._songs) > _KEPT:
            self._songs.popitem(last=False)
        return self._songs[key][1]

    def listen(self, request: GenerateRequest) -> Heard:
        """Scores and rises at every line that a draft could choose.

        Raises
        ------
        EngineError
            When the request cannot be met.
        """
        song = self.song(request.audio, request.timing)
        task = prepare(request, MODES[request.chart.mode], self.model, song)
        sounds = [hear(task, section) for section in task.sections]
        slots = task.line_slots - sounds[0].first_beat * SLOTS_PER_BEAT
        scores = np.concatenate([sound.scores for sound in sounds])[slots]
        first, last = (int(s) // SLOTS_PER_BEAT for s in task.line_slots[[0, -1]])
        flux = song.onsets(first, last - first + 1)[task.line_slots - first * SLOTS_PER_BEAT]
        return Heard(task.lines, scores, np.concatenate(scored(task, sounds)), flux)

    def bars(self, audio: Audio, timing: TimingMap, bars: Bars) -> NDArray[np.float64]:
        """What each bar sounds like, beat by beat, shape (M, D); short bars end in silence."""
        song = self.song(audio, timing)
        beats = [song.grid.beat_of(int(t)) for t in bars.edges.tolist()]
        longest = max(b - a for a, b in pairwise(beats))
        found = []
        for first, end in pairwise(beats):
            rows = song.beats(first, max(end - first, 1))
            # Pairs of neighbouring channels and positions suffice, at a quarter of the work.
            coarse = rows.reshape(len(rows) // 2, 2, -1, 2).mean(axis=(1, 3))
            whole = np.zeros((longest * POSITIONS_PER_BEAT // 2, coarse.shape[1]))
            whole[: len(coarse)] = coarse
            found.append(whole.ravel())
        return np.stack(found)


def under_other_beats(
    audio: Audio, timing: TimingMap, other: Audio, other_timing: TimingMap
) -> Audio:
    """Another song bent so that its beats fall on this song's.

    Each beat of the other song is resampled to the length of the beat that it stands for, from
    its first downbeat on; where it ends it starts again.

    Parameters
    ----------
    audio, timing
        The song whose length and beats are kept.
    other, other_timing
        The song that is heard instead.

    Returns
    -------
    Audio
        Mono, as long as ``audio``.
    """
    own_s, own_bar = _beats_s(timing, audio.duration_s)
    other_s, other_bar = _beats_s(other_timing, other.duration_s)
    n_own, n_other = len(own_s) - 1, len(other_s) - 1
    at_s = np.arange(round(audio.duration_s * audio.rate_hz)) / audio.rate_hz
    beat = np.interp(at_s, own_s, np.arange(n_own + 1, dtype=np.float64))
    usable = max((n_other - other_bar) // 4 * 4, 1)
    turned = other_bar + np.mod(beat - own_bar, min(usable, n_other))
    heard_s = np.interp(turned, np.arange(n_other + 1, dtype=np.float64), other_s)
    samples = other.samples.mean(axis=0, dtype=np.float32)
    taken = np.interp(heard_s * other.rate_hz, np.arange(len(samples)), samples)
    return Audio(taken.astype(np.float32)[None], audio.rate_hz, "bent")


def _beats_s(timing: TimingMap, duration_s: float) -> tuple[NDArray[np.float64], int]:
    """Times of the beats in the audio, at least two, and which of them is the first downbeat."""
    low, high = timing.tick_at(0.0), timing.tick_at(duration_s)
    beats = timing.lines(low, high + 1, snap=4)
    seconds = np.atleast_1d(timing.seconds_at(beats))
    downbeats = np.flatnonzero(np.isin(beats, timing.lines(low, high + 1)))
    return seconds, int(downbeats[0]) if len(downbeats) else 0

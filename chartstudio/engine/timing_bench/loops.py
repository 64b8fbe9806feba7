"""Drum loops and metronomes over any timing: patterns played on made sounds.

This module knows nothing of MIDI or recordings.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine.timing_bench import sounds
from chartstudio.engine.timing_bench.song import RATE_HZ, BenchSong, Samples, rng_of


@dataclass(frozen=True, slots=True)
class Pattern:
    """One measure as text: ``x`` strikes, ``o`` strikes softly, anything else rests.

    Attributes
    ----------
    kick, snare, hat : str
        ``steps * meter`` characters, repeated when shorter.
    steps : int
        Steps per beat.
    swing : float
        How far every second of the swung steps is late: 0 is straight, 1 a triplet.
    swung : int
        Steps that swing as one: 2 swings eighths, 1 sixteenths.
    chords : bool
        A new chord in each measure.
    """

    kick: str
    snare: str
    hat: str
    steps: int = 4
    meter: int = 4
    swing: float = 0.0
    swung: int = 2
    chords: bool = True


ROCK = Pattern("x.......x.......", "....x.......x...", "x.x.")
PATTERNS = {
    "rock": ROCK,
    "four on the floor": Pattern("x...", "....x.......x...", "..x."),
    "breakbeat": Pattern("x.x.......xx....", "....x..o.o..x..o", "x.x."),
    "busy": Pattern("x..x..x.x..x..x.", "....x..o....x..o", "xoxo"),
    "half time": Pattern("x.....x...x.....", "........x.......", "x.o."),
    "waltz": Pattern("x...........", "....x...x...", "x.o.", meter=3),
    "swing": replace(ROCK, swing=1.0),
    "light swing": replace(ROCK, swing=0.5),
    "sixteenth swing": Pattern("x..x..x...x.....", "....x.......x..o", "xoxo", swing=0.7, swung=1),
    "shuffle": Pattern("x.....x.....", "...x.....x..", "x.x", steps=3),
    "triplets": Pattern("x....xx.....", "...x.....x.o", "xoo", steps=3),
}


def metronome(timing: TimingMap, seconds: float) -> BenchSong:
    """Clicks on every beat."""
    samples = np.zeros(int(seconds * RATE_HZ))
    ticks = np.arange(0, timing.tick_at(seconds), TICKS_PER_BEAT, dtype=np.int64)
    sounds.strike(samples, timing.seconds_at(ticks).tolist(), sounds.click)
    return BenchSong(sounds.peaked(samples), RATE_HZ, timing)


def loop(
    name: str, timing: TimingMap, seconds: float, pattern: Pattern, jitter_s: float = 0.0
) -> BenchSong:
    """A pattern from tick 0 to the end, each stroke early or late by chance."""
    rng = rng_of(name)
    samples = np.zeros(int(seconds * RATE_HZ))
    step = TICKS_PER_BEAT // pattern.steps
    steps = np.arange(timing.tick_at(seconds) // step)
    ticks = steps * step
    late = steps % (2 * pattern.swung) == pattern.swung
    ticks = ticks + late * round(pattern.swing * pattern.swung * step / 3)
    times_s = timing.seconds_at(ticks)
    voices = ((pattern.kick, sounds.kick), (pattern.snare, sounds.snare), (pattern.hat, sounds.hat))
    for marks, sound in voices:
        mark = np.array(list(marks))[steps % len(marks)]
        for sign, gain in (("x", 1.0), ("o", 0.45)):
            struck = times_s[mark == sign]
            struck = struck + rng.normal(0.0, jitter_s, len(struck)) if jitter_s else struck
            sounds.strike(samples, struck.tolist(), sound, gain)
    if pattern.chords:
        _chords(samples, timing, pattern.meter, rng)
    return BenchSong(sounds.peaked(samples), RATE_HZ, timing)


def _chords(samples: sounds.Times, timing: TimingMap, meter: int, rng: np.random.Generator) -> None:
    roots_hz = rng.permutation((98.0, 110.0, 130.8, 146.8, 123.5))[:4]
    end = timing.tick_at(len(samples) / RATE_HZ)
    starts = timing.seconds_at(
        np.arange(0, end + meter * TICKS_PER_BEAT, meter * TICKS_PER_BEAT, dtype=np.int64)
    )
    for i, (start_s, end_s) in enumerate(itertools.pairwise(starts.tolist())):
        root = float(roots_hz[i % 4])
        sounds.pluck(samples, start_s, end_s, (root, 2.5 * root, 3 * root))


def faded(samples: Samples, fade_in_s: float, fade_out_s: float) -> Samples:
    """Louder from silence, and softer into it."""
    at_s = np.arange(len(samples)) / RATE_HZ
    end_s = len(samples) / RATE_HZ
    gain = np.minimum(at_s / max(fade_in_s, 1e-3), (end_s - at_s) / max(fade_out_s, 1e-3))
    return (samples * np.clip(gain, 0.0, 1.0) ** 2).astype(np.float32)

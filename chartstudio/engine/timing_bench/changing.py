"""Timings that change: steps, ramps, players who drift, free introductions.

Each is a timing map with an anchor on every beat where the tempo moves. This module knows
nothing of sound.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, TimingMap

Curve = NDArray[np.float64]


def of_tempos(bpms: Curve, lead_s: float, meter: int = 4) -> TimingMap:
    """A timing with one tempo per beat; the last goes on.

    Parameters
    ----------
    bpms : ndarray, shape (B,)
    lead_s : float
        Time of the first beat.
    meter : int
    """
    starts_s = lead_s + np.concatenate(([0.0], np.cumsum(60.0 / bpms)[:-1]))
    keep = np.concatenate(([True], np.abs(np.diff(bpms)) > 1e-9))
    anchors = tuple(
        Anchor(
            int(beat) * TICKS_PER_BEAT, float(starts_s[beat]), float(bpms[beat]), meter, beat == 0
        )
        for beat in np.flatnonzero(keep)
    )
    return TimingMap(anchors)


def steps(bpm: float, n_beats: int, rng: np.random.Generator) -> Curve:
    """Two to four sudden changes, each on a measure, by 4 to 30 %."""
    bpms = np.full(n_beats, bpm)
    n_changes = int(rng.integers(2, 5))
    for k in range(1, n_changes + 1):
        at = round(n_beats * k / (n_changes + 1) / 4) * 4
        factor = float(np.exp(rng.choice((-1, 1)) * rng.uniform(0.04, 0.26)))
        now = bpms[at - 1]
        factor = factor if 0.7 * bpm <= now * factor <= 1.4 * bpm else 1 / factor
        bpms[at:] = round(now * factor, 3)
    return bpms


def ramps(bpm: float, n_beats: int, rng: np.random.Generator) -> Curve:
    """Constant, then faster over 16 to 64 beats, constant, then slower."""
    top = bpm * float(rng.uniform(1.08, 1.35))
    length = int(rng.integers(4, 17)) * 4
    first, second = n_beats // 4, n_beats * 2 // 3
    knots = (0, first, first + length, second, second + length)
    return np.interp(np.arange(n_beats), knots, (bpm, bpm, top, top, bpm * 0.97))


def drifting(bpm: float, n_beats: int, rng: np.random.Generator) -> Curve:
    """A player without a click: the tempo wanders by some 3 %, beat by beat."""
    away, bpms = 0.0, np.empty(n_beats)
    for i in range(n_beats):
        away = 0.985 * away + rng.normal(0.0, 0.005)
        bpms[i] = bpm * np.exp(away)
    return bpms


def free_start(bpm: float, n_beats: int, rng: np.random.Generator) -> Curve:
    """16 beats that breathe by a fifth either way, then a steady tempo."""
    bpms = np.full(n_beats, bpm)
    sway = np.sin(np.arange(16) * 2 * np.pi / rng.uniform(5, 9) + rng.uniform(0, 6))
    bpms[:16] = 0.8 * bpm * np.exp(0.15 * sway)
    return bpms


CURVES: dict[str, Callable[[float, int, np.random.Generator], Curve]] = {
    "steps": steps,
    "ramps": ramps,
    "drift": drifting,
    "free start": free_start,
}

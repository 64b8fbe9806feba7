"""A tempo that changes, said with few anchors.

Beats that were followed one by one become anchors between which time runs straight: the
fewest such that no beat lies further from its place than it can be told to lie. This module
knows nothing of how beats are followed or counted.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.engine.onsets import Onsets

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TOLERANCE_S = 0.007
"""A followed beat may lie this far from the line between two anchors."""

_PER_SPREAD = 1.6
_LARGEST_S = 0.030
"""How much of the onsets' own spread is added to that where they are loose, and the most."""

_N_BLOCK = 50

_VALUES_S = np.linspace(-0.006, 0.006, 7)
"""Where an anchor may lie beside its followed beat."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Beats as straight lines: beat ``beats[i]`` at ``times_s[i]``, the last one an end."""

    beats: Ints
    times_s: Floats

    def at(self, beat: Floats) -> Floats:
        """Time of any beat; runs on straight."""
        return _straight(beat, self.beats.astype(np.float64), self.times_s)

    def number_at(self, seconds: Floats) -> Floats:
        """The reverse of `at`."""
        return _straight(seconds, self.times_s, self.beats.astype(np.float64))


def _straight(at: Floats, x: Floats, y: Floats) -> Floats:
    """Linear interpolation that runs on with the first and last slope."""
    found = np.interp(at, x, y)
    first, last = (y[1] - y[0]) / (x[1] - x[0]), (y[-1] - y[-2]) / (x[-1] - x[-2])
    found = np.where(at < x[0], y[0] + (at - x[0]) * first, found)
    return np.where(at > x[-1], y[-1] + (at - x[-1]) * last, found)


def tolerances(spread_s: Floats) -> Floats:
    """How far each beat may lie from its line, from how far its onsets do."""
    known = np.where(np.isfinite(spread_s), spread_s, _LARGEST_S)
    return np.minimum(TOLERANCE_S + _PER_SPREAD * known, _LARGEST_S)


def fewest_lines(beats_s: Floats, tolerance_s: Floats) -> Generator[float, None, Lines]:
    """The fewest joined lines that keep every beat within its tolerance.

    Parameters
    ----------
    beats_s, tolerance_s : ndarray, shape (B,)
        At least two.

    Yields
    ------
    float
        Share done, 0 to 1.

    Returns
    -------
    Lines
        Each anchor on a beat. Of equally few lines those that lie closest.

    Notes
    -----
    Dynamic programming over (beat, value). From each anchor the slopes that still keep every
    beat so far within tolerance are an interval that only shrinks; another anchor is reached
    where its slope lies inside.
    """
    n, n_values = len(beats_s), len(_VALUES_S)
    cost = np.full((n, n_values), np.inf)
    cost[0] = (_VALUES_S / TOLERANCE_S) ** 2 * 0.01
    came = np.zeros((n, n_values, 2), dtype=np.int32)
    for i in range(n - 1):
        if i % _N_BLOCK == _N_BLOCK - 1:
            yield i / n
        ahead = np.arange(1, n - i)
        for v in np.flatnonzero(np.isfinite(cost[i])):
            start_s = beats_s[i] + _VALUES_S[v]
            rise = beats_s[i + 1 :] - start_s
            low = np.maximum.accumulate((rise - tolerance_s[i + 1 :]) / ahead)
            high = np.minimum.accumulate((rise + tolerance_s[i + 1 :]) / ahead)
            n_open = int(np.searchsorted(low > high, True))
            if not n_open:
                n_open = 1
            slope = (rise[:n_open, None] + _VALUES_S) / ahead[:n_open, None]
            fits = (slope >= low[:n_open, None]) & (slope <= high[:n_open, None])
            fits[0] = True
            # Fewest first; then anchors close to their beats.
            new = cost[i, v] + 1.0 + 0.01 * (_VALUES_S / TOLERANCE_S) ** 2
            better = fits & (new < cost[i + 1 : i + 1 + n_open])
            rows, columns = np.nonzero(better)
            cost[i + 1 + rows, columns] = new[columns]
            came[i + 1 + rows, columns] = (i, v)
    place = (n - 1, int(cost[-1].argmin()))
    found = [place]
    while place[0]:
        place = (int(came[place][0]), int(came[place][1]))
        found.append(place)
    beats = np.array([beat for beat, _ in found[::-1]])
    values = np.array([_VALUES_S[v] for _, v in found[::-1]])
    return Lines(beats, beats_s[beats] + values)


_REACH_S = 0.012


def fitted(onsets: Onsets, lines: Lines, parts: int) -> Lines:
    """The lines moved, all together, to where the onsets lie closest.

    Parameters
    ----------
    onsets : Onsets
    lines : Lines
    parts : int
        Onsets lie on fourths or on sixths of a beat.
    """
    n = len(lines.beats)
    for _ in range(3):
        number = lines.number_at(onsets.times_s)
        slot = np.rint(number * parts)
        beat = slot / parts
        away_s = onsets.times_s - lines.at(beat)
        period_s = np.median(np.diff(lines.times_s) / np.diff(lines.beats))
        reach_s = min(_REACH_S, 0.3 * period_s / parts)
        energy = np.minimum(onsets.weights, 1.0) ** 2 * np.where(slot % parts == 0, 1.0, 0.4)
        weight = np.where(np.abs(away_s) < reach_s, energy * (1 - (away_s / reach_s) ** 2) ** 2, 0)
        # Each onset pulls at the two anchors around it.
        left = np.clip(np.searchsorted(lines.beats, beat, "right") - 1, 0, n - 2)
        width = lines.beats[left + 1] - lines.beats[left]
        share = (beat - lines.beats[left]) / width
        matrix, right = np.eye(n) * 0.3, np.zeros(n)
        for a, wa in ((left, 1 - share), (left + 1, share)):
            np.add.at(right, a, weight * wa * away_s)
            for b, wb in ((left, 1 - share), (left + 1, share)):
                np.add.at(matrix, (a, b), weight * wa * wb)
        moved_s = np.clip(np.linalg.solve(matrix, right), -0.010, 0.010)
        times_s = lines.times_s + moved_s
        if np.any(np.diff(times_s) <= 0):
            break
        lines = Lines(lines.beats, times_s)
    return lines


def confidences(onsets: Onsets, lines: Lines, parts: int) -> Floats:
    """Share of onset energy within 15 ms of the grid along each line, beyond chance.

    Returns
    -------
    ndarray, shape (len(lines.beats) - 1,)
        0 where too little sounds to tell.
    """
    number = lines.number_at(onsets.times_s)
    slot_s = lines.at(np.rint(number * parts) / parts)
    energy = np.minimum(onsets.weights, 1.0) ** 2
    n = len(lines.beats) - 1
    line = np.clip(np.searchsorted(lines.beats, number, "right") - 1, 0, n - 1)
    step_s = np.diff(lines.times_s) / np.diff(lines.beats) / parts
    reach_s = np.minimum(0.015, 0.25 * step_s)
    near = np.abs(onsets.times_s - slot_s) < reach_s[line]
    total = np.bincount(line, energy, n)
    share = np.bincount(line, energy * near, n) / np.maximum(total, 1e-9)
    chance = 2 * reach_s / step_s
    sure = np.minimum(np.bincount(line, minlength=n) / 8.0, 1.0)
    return np.clip((share - chance) / (1 - chance), 0.0, 1.0) * sure

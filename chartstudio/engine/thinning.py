"""Which times of a harder chart an easier one keeps.

Each time gets a worth: from its place in the bar, the sound, what the harder chart has there
and how near its neighbours are. The easier chart keeps the best, as many as its level takes.
The weights are those of human charts; where the author has written an easier chart beside a
harder one, theirs are learned from it. Knows notes and samples; refuses to know the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from chartstudio.audio.decode import Audio
from chartstudio.core.mode import Mode
from chartstudio.core.provenance import generated
from chartstudio.core.song import Chart
from chartstudio.core.ticks import SNAPS, Ticks
from chartstudio.core.timing import TimingMap

Floats = NDArray[np.float64]

USUAL: dict[str, float] = {
    "downbeat": 0.84,
    "half_bar": 0.46,
    "beat": 3.12,
    "eighth": 1.69,
    "triplet": 0.64,
    "fine": 0.34,
    "strength": 0.32,
    "chord": 0.92,
    "held": -0.33,
    "gap_before": 0.87,
    "gap_after": 0.91,
    "gap_nearest": -0.84,
    "beaten_before": -1.1,
    "beaten_after": -0.73,
}
"""Weights by feature, in log-odds of being kept: what `learned` makes, from nothing, of the
34 pairs of human charts that we have (two authors, eight songs). A sixteenth is what beats,
eighths, triplets and finer lines are measured by."""

FINEST = SNAPS[-1]
"""The finest grid: charts kept in milliseconds stand a little beside its lines."""

_SAME_S = 0.02
"""Times of two charts within this are the same."""

_BESIDE_S = 0.0021
"""What rounding to milliseconds, here and in the tempo, may move a time by."""

_NEAR_S = 0.3
"""Neighbours within this compete."""

_GAPS_S = (0.05, 1.0)
_RISE_S = (0.04, 0.01)
"""How long a stretch of sound before and after a time is compared, and how early it may set
in."""

_LOUDEST = 2.0
_MOST_AT_ONCE = 3
_CAUTION = 100.0
"""How firmly the usual weights are held to when an author's are learned, in rows."""

_LEAST_SHARE, _LEAST_SUBSET, _LEAST_ROWS = 0.02, 0.8, 16
"""An easier chart teaches where it leaves out and keeps at least this share of the harder
one's times, has few times of its own, and is not too short."""

_N_STEPS, _CLOSE = 40, 1e-6
_TIE = 1e-3
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The times of a harder chart and what is known of each.

    Parameters
    ----------
    ticks : ndarray of int64, shape (R,)
        Distinct, rising; on a line where they are but a rounding beside it.
    seconds : ndarray, shape (R,)
    known : ndarray, shape (R, F)
        Columns as in `USUAL`.
    """

    ticks: Ticks
    seconds: Floats
    known: Floats


def rows_of(chart: Chart, mode: Mode, timing: TimingMap, audio: Audio) -> Rows:
    """What is known of each time of a chart."""
    counted = [n for n in chart.notes if mode.counts(n)]
    found = groupby(counted, key=lambda n: _on_line(n.tick, timing))
    rows = {tick: tuple(row) for tick, row in found}
    ticks = np.array(list(rows), dtype=np.int64)
    if not len(ticks):
        return Rows(ticks, np.empty(0), np.empty((0, len(USUAL))))
    seconds = np.atleast_1d(timing.seconds_at(ticks))
    loud = strengths(audio, seconds)
    metre, weight = _metre(ticks, timing)
    steps_s = np.diff(seconds) if len(seconds) > 1 else np.array(_GAPS_S[1:])
    # Nothing is known of the time before the first and after the last.
    before_s, after_s = np.append(steps_s[:1], steps_s), np.append(steps_s, steps_s[-1:])
    before_s, after_s = before_s[: len(ticks)], after_s[-len(ticks) :]
    gaps = [_log_gap(g) for g in (before_s, after_s, np.minimum(before_s, after_s))]
    columns = [
        *metre,
        loud,
        np.array([min(len(row), _MOST_AT_ONCE) - 1 for row in rows.values()]),
        np.array([any(n.end > n.tick for n in row) for row in rows.values()]),
        *gaps,
        _beaten(weight, before_s, -1),
        _beaten(weight, after_s, 1),
    ]
    return Rows(ticks, seconds, np.stack(columns, axis=1).astype(np.float64))


def _on_line(tick: int, timing: TimingMap) -> int:
    """The line of the finest grid that a tick stands on or just beside; else the tick."""
    line = timing.snap(tick, FINEST)
    beside_s = abs(timing.seconds_at(line) - timing.seconds_at(tick))
    return line if beside_s <= _BESIDE_S else tick


def _metre(ticks: Ticks, timing: TimingMap) -> tuple[list[NDArray[np.bool_]], Floats]:
    """Classes of place in the bar, and how heavy each time is by them."""
    snaps = timing.snaps_of(ticks)
    low, high = timing.measures_around(ticks)
    down, half = ticks == low, 2 * (ticks - low) == high - low
    classes = [
        down,
        half,
        snaps == 4,
        snaps == 8,
        (snaps == 12) | (snaps == 24),
        (snaps > 16) & (snaps != 24),
    ]
    weight = np.select([down, half, snaps == 4, snaps == 8, snaps <= 16], [4, 3.5, 3, 2, 1], 0.5)
    return classes, weight


def _log_gap(gap_s: Floats) -> Floats:
    return np.log2(np.clip(gap_s, *_GAPS_S))


def _beaten(weight: Floats, gap_s: Floats, side: int) -> NDArray[np.bool_]:
    """Whether the near neighbour on a side is heavier by its place in the bar."""
    beside = np.roll(weight, -side)
    beside[0 if side < 0 else -1] = 0.0
    found: NDArray[np.bool_] = (beside > weight) & (gap_s < _NEAR_S)
    return found


def strengths(audio: Audio, seconds: Floats) -> Floats:
    """How much the sound rises at some times, in this song's own measure: mean 0, spread 1.

    Parameters
    ----------
    audio : Audio
    seconds : ndarray, shape (N,)

    Returns
    -------
    ndarray, shape (N,)
    """
    # The difference of neighbours weighs what attacks carry: the high frequencies.
    power = np.square(np.diff(audio.mono(), prepend=0.0), dtype=np.float64)
    total = np.append(0.0, np.cumsum(power))
    length_s, early_s = _RISE_S

    def mean(start_s: Floats) -> Floats:
        edges = np.stack((start_s, start_s + length_s)) * audio.rate_hz
        low, high = np.clip(edges.astype(np.int64), 0, len(power))
        found: Floats = (total[high] - total[low]) / np.maximum(high - low, 1)
        return found

    start_s = seconds - early_s
    rise = np.log(mean(start_s) + 1e-9) - np.log(mean(start_s - length_s) + 1e-9)
    spread = rise.std()
    if spread < 1e-9:
        return np.zeros(len(seconds))
    found: Floats = np.clip((rise - rise.mean()) / spread, -_LOUDEST, _LOUDEST)
    return found


def worth(rows: Rows, weights: dict[str, float]) -> Floats:
    """What each time is worth, shape (R,); equals are told apart evenly over the song."""
    order = np.array([weights[name] for name in USUAL])
    even = np.arange(len(rows.ticks)) * _GOLDEN % 1.0
    found: Floats = rows.known @ order + _TIE * even
    return found


# Learning --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """A harder chart and an easier one of the same song and mode, whose thinning is learned.

    Parameters
    ----------
    harder : Rows
    kept : ndarray of bool, shape (R,)
        Which of its times the easier one has.
    """

    harder: Rows
    kept: NDArray[np.bool_]

    @property
    def teaches(self) -> bool:
        """Whether enough was left out and kept to learn from."""
        share = float(self.kept.mean()) if len(self.kept) else 0.0
        return len(self.kept) >= _LEAST_ROWS and _LEAST_SHARE <= share <= 1 - _LEAST_SHARE


def pair(harder: Rows, easier: Chart, mode: Mode, timing: TimingMap) -> Pair:
    """The rows of a harder chart that lie where the easier one is the author's own work.

    Stretches of it that were generated and not edited since say nothing about the author.
    """
    foreign = [g for g in generated(easier) if not g.edited]
    ticks = harder.ticks
    own = np.ones(len(ticks), dtype=bool)
    for g in foreign:
        own &= (ticks < g.start) | (ticks >= g.end)
    times = np.unique([n.tick for n in easier.notes if mode.counts(n)]).astype(np.int64)
    easy_s = np.atleast_1d(timing.seconds_at(times)) if len(times) else np.empty(0)
    kept, there = _near(harder.seconds, easy_s), _near(easy_s, harder.seconds)
    if len(there) and there.mean() < _LEAST_SUBSET:
        own[:] = False  # it was not made by leaving out
    rows = Rows(ticks[own], harder.seconds[own], harder.known[own])
    return Pair(rows, kept[own])


def _near(times_s: Floats, others_s: Floats) -> NDArray[np.bool_]:
    """Whether each time has one of the others (rising) close by."""
    if not len(others_s):
        return np.zeros(len(times_s), dtype=bool)
    after = np.minimum(np.searchsorted(others_s, times_s), len(others_s) - 1)
    before = np.maximum(after - 1, 0)
    gap_s = np.minimum(np.abs(others_s[after] - times_s), np.abs(others_s[before] - times_s))
    found: NDArray[np.bool_] = gap_s <= _SAME_S + 1e-9
    return found


def learned(
    pairs: Sequence[Pair], usual: dict[str, float] | None = None, caution: float = _CAUTION
) -> dict[str, float]:
    """The weights by which an author thins: a logistic fit that starts from the usual ones.

    Parameters
    ----------
    pairs : sequence of Pair
        Those that teach nothing are passed over; with none left, the usual weights come back.
    usual : dict of str to float, optional
        Weights that are kept to where the pairs say little; `USUAL` without.
    caution : float
        How firmly.

    Returns
    -------
    dict of str to float
    """
    start = USUAL if usual is None else usual
    pairs = [p for p in pairs if p.teaches]
    if not pairs:
        return dict(start)
    # How much is kept is each pair's own, and no part of how an author chooses.
    own = np.repeat(np.eye(len(pairs)), [len(p.kept) for p in pairs], axis=0)
    known = np.hstack((np.concatenate([p.harder.known for p in pairs]), own))
    kept = np.concatenate([p.kept for p in pairs]).astype(np.float64)
    prior = np.append(list(start.values()), np.zeros(len(pairs)))
    firm = np.append(np.full(len(start), caution), np.full(len(pairs), 1e-3))
    found = _fit(known, kept, prior, firm)
    return dict(zip(start, found.tolist(), strict=False))


def _fit(known: Floats, kept: Floats, prior: Floats, firm: Floats) -> Floats:
    """Newton's steps to the most likely weights under a normal prior."""
    found = prior.copy()
    for _ in range(_N_STEPS):
        odds = np.clip(known @ found, -30.0, 30.0)
        chance = 1.0 / (1.0 + np.exp(-odds))
        curve = (known * (chance * (1 - chance))[:, None]).T @ known + np.diag(firm)
        step = np.linalg.solve(curve, known.T @ (kept - chance) - firm * (found - prior))
        found += step
        if np.abs(step).max() < _CLOSE:
            break
    return found

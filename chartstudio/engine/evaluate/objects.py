"""Figures of single games: objects in time and place, and swings of two hands.

osu! objects are compared as things hit at a time and a place; swings are judged by what the
game's own checks say of them. Notes are read through their mode, never by their type, except
for the curves of sliders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Mode
from chartstudio.core.note import Note, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.evaluate.patterns import Rows, diversity
from chartstudio.engine.evaluate.times import Seconds, f1, matches
from chartstudio.modes.osu.curve import path_of
from chartstudio.modes.osu.notes import Slider

HIT_S = 0.05
HIT_PX = 50.0

_CELL_PX = 8.0
_BALL_PX = 32.0
_STEPS_PER_BEAT = 48


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Objects with times and places, in order of time.

    Parameters
    ----------
    seconds : ndarray, shape (N,)
    places : ndarray, shape (N, 2)
    """

    seconds: Seconds
    places: NDArray[np.float64]


def placed(mode: Mode, notes: Sequence[Note], timing: TimingMap) -> Placed:
    """Where and when the notes of a chart are hit first."""
    places = np.array([mode.spot(n)[:2] for n in notes], dtype=np.float64).reshape(-1, 2)
    return Placed(np.atleast_1d(timing.seconds_at(ticks_of(notes))), places)


def hit_f1(
    found: Placed, true: Placed, within_s: float = HIT_S, within_px: float = HIT_PX
) -> float:
    """F1 of objects that agree in time and place, matched one to one in order of time, 0 to 1."""
    n, used = 0, np.zeros(len(true.seconds), dtype=bool)
    for second, place in zip(found.seconds.tolist(), found.places, strict=True):
        low = int(np.searchsorted(true.seconds, second - within_s - 1e-9))
        high = int(np.searchsorted(true.seconds, second + within_s + 1e-9))
        far = np.hypot(*(true.places[low:high] - place).T)
        fits = np.flatnonzero((far <= within_px) & ~used[low:high])
        if len(fits):
            used[low + fits[0]] = True
            n += 1
    return 2 * n / max(len(found.seconds) + len(true.seconds), 1)


def edit_distance(a: Sequence[Hashable], b: Sequence[Hashable]) -> float:
    """Levenshtein's distance as a share of the longer sequence, 0 to 1."""
    names = {item: i for i, item in enumerate({*a, *b})}
    x, y = (np.array([names[item] for item in s], dtype=np.int64) for s in (a, b))
    steps = np.arange(len(y) + 1)
    row = steps.copy()
    for i, item in enumerate(x.tolist(), start=1):
        best = np.empty_like(row)
        best[0] = i
        best[1:] = np.minimum(row[1:] + 1, row[:-1] + (y != item))
        # What is inserted from the left costs one for each step.
        row = np.minimum.accumulate(best - steps) + steps
    return float(row[-1]) / max(len(x), len(y), 1)


def spelled(mode: Mode, notes: Sequence[Note]) -> list[tuple[str, int]]:
    """A chart as a sequence for `edit_distance`: each note's kind and the time since the last."""
    return [(mode.kind(n), gap) for n, gap in zip(notes, steps(ticks_of(notes)), strict=True)]


def steps(ticks: Ticks) -> list[int]:
    """48ths of a beat from each tick to the next, 0 for the first.

    Files in milliseconds put equal gaps a few ticks apart; this makes them equal again.
    """
    gaps = np.diff(ticks, prepend=ticks[:1])
    rounded = np.rint(gaps * _STEPS_PER_BEAT / TICKS_PER_BEAT).astype(np.int64)
    found: list[int] = rounded.tolist()
    return found


def slider_iou(found: Sequence[Note], true: Sequence[Note], timing: TimingMap) -> float:
    """How well sliders cover one another, 0 to 1; NaN where neither chart has any.

    Sliders are paired by the times of their heads; of each pair it is the area that both balls
    pass over by the area that either does. A slider without a partner scores 0.
    """
    ours, theirs = ([n for n in notes if isinstance(n, Slider)] for notes in (found, true))
    if not ours and not theirs:
        return float("nan")
    seconds = [np.atleast_1d(timing.seconds_at(ticks_of(s))) for s in (ours, theirs)]
    i, j = matches(seconds[0], seconds[1], HIT_S)
    shared = sum(_iou(ours[a], theirs[b]) for a, b in zip(i.tolist(), j.tolist(), strict=True))
    return shared / (len(ours) + len(theirs) - len(i))


def _iou(a: Slider, b: Slider) -> float:
    one, other = _covered(a), _covered(b)
    return len(one & other) / max(len(one | other), 1)


def _covered(slider: Slider) -> set[tuple[int, int]]:
    """Cells that the slider's ball passes over."""
    corners = path_of(slider)
    steps = np.hypot(*np.diff(corners, axis=0).T) if len(corners) > 1 else np.zeros(0)
    at = np.concatenate(([0.0], np.cumsum(steps)))
    along = np.arange(0.0, at[-1] + _CELL_PX / 2, _CELL_PX / 2)
    points = np.stack([np.interp(along, at, corners[:, k]) for k in (0, 1)], axis=1)
    reach = np.arange(-_BALL_PX, _BALL_PX + 1, _CELL_PX)
    disc = np.array([(x, y) for x in reach for y in reach if x * x + y * y <= _BALL_PX**2])
    cells = np.floor((points[:, None] + disc[None]) / _CELL_PX).astype(np.int64).reshape(-1, 2)
    return {(x, y) for x, y in np.unique(cells, axis=0).tolist()}


# Hands -----------------------------------------------------------------------------------

_PARITY = frozenset({"double-directional", "parity-reset"})
_SIGHT = frozenset({"vision-block"})
_FLOW = frozenset({"awkward-angle", "inline-angle", "handclap", "crossed-hands", "swing-path"})
"""Names of what the checks find."""

WEIGHTS = {
    "onset_f1": 0.25,
    "beat_alignment": 0.15,
    "parity": 0.15,
    "sight": 0.15,
    "flow": 0.1,
    "nps": 0.1,
    "diversity": 0.1,
}
"""What each part is worth in the composite; they add up to 1."""


def has_hands(mode: Mode) -> bool:
    """Whether notes of a mode belong to a red and a blue hand."""
    return {"red", "blue"} <= set(mode.kinds)


@dataclass(frozen=True, slots=True)
class Hands:
    """How a chart for two hands swings.

    Parameters
    ----------
    parity_rate, sight_rate, flow_rate : float
        Swings that break the parity, notes that hide others, and awkward swings, as shares
        of the notes of a hand at a time, as the mode's checks find them at any severity.
    nps : float
        Notes per second from the first to the last.
    balance : float
        Notes of the hand with fewer over those of the other, 0 to 1.
    """

    parity_rate: float
    sight_rate: float
    flow_rate: float
    nps: float
    balance: float

    @classmethod
    def of(cls, mode: Mode, chart: Chart, timing: TimingMap) -> Hands:
        """Judge a chart."""
        found = Counter(issue.id for issue in mode.check(chart, timing))
        notes = [n for n in chart.notes if mode.counts(n)]
        n_swings = max(len({(n.tick, mode.kind(n)) for n in notes}), 1)
        kinds = Counter(mode.kind(n) for n in notes)
        red, blue = kinds["red"], kinds["blue"]

        def rate(ids: frozenset[str]) -> float:
            return sum(found[i] for i in ids) / n_swings

        return cls(
            parity_rate=rate(_PARITY),
            sight_rate=rate(_SIGHT),
            flow_rate=rate(_FLOW),
            nps=notes_per_s(notes, timing),
            balance=min(red, blue) / max(red, blue, 1),
        )


def notes_per_s(notes: Sequence[Note], timing: TimingMap) -> float:
    """Notes per second from the first to the last; at least a second is counted."""
    if not notes:
        return 0.0
    seconds = np.atleast_1d(timing.seconds_at(ticks_of(notes)))
    return len(notes) / max(float(seconds.max() - seconds.min()), 1.0)


def nps_accuracy(found: float, true: float) -> float:
    """1 for the very same notes per second, 0 for none or twice as many."""
    return max(0.0, 1 - abs(found - true) / max(true, 1e-9))


def composite(mode: Mode, draft: Chart, human: Chart, timing: TimingMap) -> dict[str, float]:
    """A draft for two hands as one figure, with its parts, each 0 to 1.

    Onset F1 within 50 ms, share of the notes on 16ths or coarser, swings without broken
    parity, notes that hide none, swings without strain, likeness of notes per second,
    distinct runs of four rows.
    """
    ours, theirs = Hands.of(mode, draft, timing), Hands.of(mode, human, timing)
    times = [np.unique(ticks_of([n for n in c.notes if mode.counts(n)])) for c in (draft, human)]
    seconds = [np.atleast_1d(timing.seconds_at(t)) for t in times]
    snaps = timing.snaps_of(times[0])
    parts = {
        "onset_f1": f1(seconds[0], seconds[1], HIT_S),
        "beat_alignment": float(np.isin(snaps, (4, 8, 12, 16)).mean()) if len(snaps) else 0.0,
        "parity": max(0.0, 1 - ours.parity_rate),
        "sight": max(0.0, 1 - ours.sight_rate),
        "flow": max(0.0, 1 - ours.flow_rate),
        "nps": nps_accuracy(ours.nps, theirs.nps),
        "diversity": diversity(Rows.of(mode, draft.notes)),
    }
    return {"composite": sum(WEIGHTS[name] * value for name, value in parts.items()), **parts}

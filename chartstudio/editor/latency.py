"""How late the author hears or sees, found from taps along to beats.

Pure arithmetic on seconds of one clock. Knows no device and no window; the delay of the hand
cannot be told from that of the machine and is part of what is found.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from statistics import median

MIN_TAPS = 12
"""Taps that must agree: their median is then known to a third of their spread."""

SURE_S = 0.004
"""An error of the result that is good enough: a third of what players of rhythm games notice."""

_EARLIEST = -0.25
"""Share of the gap between beats by which a tap can come before its beat."""

_TOGETHER_S = 0.12
"""Taps that mean one thing lie within so much of each other."""

_MIN_SHARE = 0.6
"""Share of all taps that must agree: of taps at random a fifth does."""

_BETWEEN = (0.4, 0.6)
"""Shares of the gap between beats that are as far from one beat as from the next."""

_NORMAL = 1.4826
"""Standard deviation over median distance, of what is normally distributed."""

_OF_MEDIAN = 1.2533
"""Standard error of a median over that of a mean."""


@dataclass(frozen=True, slots=True)
class Latency:
    """What taps along to beats agree on.

    Parameters
    ----------
    seconds : float
        How much later than the beats they came: the median.
    spread_s : float
        Median distance from it.
    n_taps : int
        How many agreed.
    n_all : int
        How many there were.
    between : bool
        Whether they came as far from one beat as from the next: who tapped between the beats
        is not late.
    """

    seconds: float
    spread_s: float
    n_taps: int
    n_all: int
    between: bool = False

    @property
    def error_s(self) -> float:
        """Standard error of ``seconds``."""
        return _OF_MEDIAN * _NORMAL * self.spread_s / sqrt(self.n_taps)

    @property
    def sure(self) -> bool:
        """Whether more taps would not tell more that matters."""
        return self.error_s <= SURE_S


def latency_of(taps_s: Sequence[float], beats_s: Sequence[float]) -> Latency | None:
    """How much later than beats somebody tapped.

    Parameters
    ----------
    taps_s : sequence of float
        In the order in which they were made; some may be missing, doubled or astray.
    beats_s : sequence of float
        When the beats were, on the same clock; at least two, ascending. A tap up to a quarter
        of the gap before a beat is taken for that beat's, a later one for the beat before.

    Returns
    -------
    Latency or None
        None while fewer than `MIN_TAPS` taps agree, or too many do not.

    Raises
    ------
    ValueError
        When there are fewer than two beats.
    """
    if len(beats_s) < 2:
        raise ValueError("latency_of needs at least two beats")
    gap_s = min(after - before for before, after in pairwise(beats_s))
    starts_s = [beat + _EARLIEST * gap_s for beat in beats_s]
    late: list[tuple[float, int]] = []
    for tap in taps_s:
        beat = bisect_right(starts_s, tap) - 1
        if beat >= 0 and tap < starts_s[beat] + gap_s:
            late.append((tap - beats_s[beat], beat))
    together = _densest(sorted(late))
    if not together:
        return None
    centre_s = median(seconds for seconds, _ in together)
    best: dict[int, float] = {}
    for seconds, beat in together:  # of a double tap the one that is more like the others
        held = best.get(beat)
        if held is None or abs(seconds - centre_s) < abs(held - centre_s):
            best[beat] = seconds
    if len(best) < MIN_TAPS or len(together) < _MIN_SHARE * len(taps_s):
        return None
    found_s = median(best.values())
    spread_s = median(abs(seconds - found_s) for seconds in best.values())
    low, high = (share * gap_s for share in _BETWEEN)
    return Latency(found_s, spread_s, len(best), len(taps_s), low <= found_s <= high)


def _densest(late: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """The most values that lie within `_TOGETHER_S`; of equally many the closest."""
    found: list[tuple[float, int]] = []
    start = 0
    for end, (seconds, _) in enumerate(late, start=1):
        while seconds - late[start][0] > _TOGETHER_S:
            start += 1
        run = late[start:end]
        closer = len(run) == len(found) and run[-1][0] - run[0][0] < found[-1][0] - found[0][0]
        if len(run) > len(found) or closer:
            found = run
    return found

"""What is wrong with a taiko chart, and the limits of two hands on a drum.

The limits serve twice: the checks report a finished chart by them, and the grammar keeps the
engine from writing what they would report as an error. It knows hits and rolls, and no file.

How hands play: two sticks (or four keys, two for each hand) take turns whatever the colour,
so that a stream asks of each hand half of its hits. A big hit is struck with both hands at
once; osu! accepts one hand for it, at half of its score, so that it is never impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Issue
from chartstudio.core.note import LaneNote, ends_of, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import Seconds, TimingMap
from chartstudio.modes.lanes import lane_notes
from chartstudio.modes.osu_family import OD, SLIDER_TICK_RATE

HITS = ("don", "kat", "big-don", "big-kat")
"""Kinds that are struck once."""

BIG = frozenset({"big-don", "big-kat"})
"""Kinds that are struck with both hands."""

ROLLS = ("drumroll", "denden")
"""Kinds with a length, struck as often as one can."""

TOO_FAST_S = 0.030
"""Hits closer together are an error: each hand would strike more than 16 times a second,
where the quickest hands on record do 13 to 14."""

ONE_HAND_S = 0.075
"""One hand strikes again after this time at most times, but hardly sooner."""

_FULL_SPEED_S = 0.045
"""Streams of hits closer together are for nobody but the very best."""

_RUN_HITS, _COLOUR_HITS = 9, 12
"""From so many hits on, a run at its limit is long."""

_SHORTER_THAN_SIXTH = TICKS_PER_BEAT / 6.5
"""Half way from a sixth to a seventh of a beat: files in whole milliseconds put hits beside
their lines."""

_SLACK_S = 0.002
"""By how much a roll's end may pass the next hit: files round both."""

_DENDEN_RATES_HZ = (3 * 1.65, 5 * 1.65, 7.5 * 1.65)
"""Hits per second that a denden asks for at OD 0, 5 and 10 (osu!'s ``TaikoBeatmapConverter``)."""

_FEWEST_DENDEN_HITS = 3

SHORTEST_DENDEN_S = _FEWEST_DENDEN_HITS / _DENDEN_RATES_HZ[0]
"""A denden of this length is long enough at any OD."""


@dataclass(frozen=True, slots=True)
class _Hits:
    """The hits of a chart, with the time from each to the next.

    Attributes
    ----------
    notes : tuple of LaneNote, length N
    ticks : ndarray of int64, shape (N,)
    gaps_s : ndarray of float64, shape (max(N - 1, 0),)
    """

    notes: tuple[LaneNote, ...]
    ticks: Ticks
    gaps_s: Seconds

    @classmethod
    def of(cls, chart: Chart, timing: TimingMap) -> _Hits:
        notes = tuple(n for n in lane_notes(chart.notes) if n.kind in HITS)
        ticks = ticks_of(notes)
        return cls(notes, ticks, np.diff(timing.seconds_at(ticks)))

    def runs(self, quick: NDArray[np.bool_], n_hits: int) -> Iterator[tuple[int, int]]:
        """First and last hit of each run of at least ``n_hits`` with quick gaps only."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], quick, [False])).astype(np.int8)))
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if last - first + 1 >= n_hits:
                yield first, last

    def rate_hz(self, first: int, last: int) -> float:
        """Hits per second of a run."""
        span_s = float(self.gaps_s[first:last].sum())
        return (last - first) / span_s if span_s > 0 else float("inf")


def check_overlaps(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Two notes at one time, and notes while a drumroll or denden goes on."""
    notes = lane_notes(chart.notes)
    starts_s = timing.seconds_at(ticks_of(notes)).tolist()
    ends_s = timing.seconds_at(ends_of(notes)).tolist()
    roll = -1
    for i, note in enumerate(notes):
        if i and notes[i - 1].tick == note.tick:
            text = "Two notes at one time"
            yield Issue("overlap", "error", text, note.tick, note.end, _without(note))
        elif roll >= 0 and starts_s[i] < ends_s[roll] - _SLACK_S:
            text = f"A {note.kind} while a {notes[roll].kind} goes on"
            yield Issue("inside-roll", "error", text, note.tick, note.end, _without(note))
        if note.kind in ROLLS and (roll < 0 or note.end > notes[roll].end):
            roll = i


def check_gaps(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Hits closer together than two hands can strike."""
    hits = _Hits.of(chart, timing)
    quick = (hits.gaps_s < TOO_FAST_S) & (np.diff(hits.ticks) > 0)
    for first, last in hits.runs(quick, 2):
        shortest_ms = float(hits.gaps_s[first:last].min()) * 1000
        text = f"{last - first + 1} hits only {shortest_ms:.0f} ms apart"
        yield _over(hits, first, last, "hits-too-fast", "error", text)


def check_streams(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Long streams quicker than sixths of a beat, or than all but the best can play."""
    hits = _Hits.of(chart, timing)
    fine = np.diff(hits.ticks) < _SHORTER_THAN_SIXTH
    quick = (hits.gaps_s < _FULL_SPEED_S) | (fine & (hits.gaps_s < ONE_HAND_S))
    for first, last in hits.runs(quick, _RUN_HITS):
        text = f"{last - first + 1} hits in a row, {hits.rate_hz(first, last):.0f} a second"
        yield _over(hits, first, last, "stream-too-fast", "warning", text)


def check_one_colour(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Long quick runs of one colour: players who keep a hand per colour have one hand for it."""
    hits = _Hits.of(chart, timing)
    kat = np.array([n.kind.endswith("kat") for n in hits.notes], dtype=bool)
    quick = (hits.gaps_s < ONE_HAND_S) & (kat[1:] == kat[:-1])
    for first, last in hits.runs(quick, _COLOUR_HITS):
        colour = "kats" if kat[first] else "dons"
        rate_hz = hits.rate_hz(first, last)
        text = f"{last - first + 1} {colour} in a row, {rate_hz:.0f} a second"
        yield _over(hits, first, last, "one-colour-too-long", "warning", text)


def check_both_hands(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Big hits with a neighbour so near that a hand has to strike twice in succession."""
    hits = _Hits.of(chart, timing)
    near = hits.gaps_s < ONE_HAND_S
    before = np.concatenate(([False], near))[: len(hits.notes)]
    after = np.concatenate((near, [False]))[: len(hits.notes)]
    big = np.array([n.kind in BIG for n in hits.notes], dtype=bool)
    for i in np.flatnonzero(big & (before | after)).tolist():
        gaps_s = hits.gaps_s[max(i - 1, 0) : i + 1]
        text = f"A big hit needs both hands, {float(gaps_s.min()) * 1000:.0f} ms from another hit"
        yield Issue("big-too-close", "warning", text, hits.notes[i].tick, hits.notes[i].tick)


def check_lengths(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Drumrolls and dendens too short to be more than a hit."""
    od = min(max(float(OD.of(chart)), OD.low), OD.high)
    rate_hz = float(np.interp(od, (0.0, 5.0, 10.0), _DENDEN_RATES_HZ))
    # osu! rolls in thirds of a beat at tick rate 3, else in quarters.
    tick_rate = 3 if SLIDER_TICK_RATE.of(chart) == 3 else 4
    for note in lane_notes(chart.notes):
        if note.kind == "drumroll":
            n_hits = 1 + int((note.end - note.tick) * (tick_rate + 0.1) / TICKS_PER_BEAT)
            fewest = 2
        elif note.kind == "denden":
            span_s = timing.seconds_at(note.end) - timing.seconds_at(note.tick)
            n_hits, fewest = max(1, int((span_s + _SLACK_S) * rate_hz)), _FEWEST_DENDEN_HITS
        else:
            continue
        if n_hits < fewest:
            times = "one hit" if n_hits == 1 else f"{n_hits} hits"
            text = f"A {note.kind} with time for {times}"
            yield Issue("roll-too-short", "warning", text, note.tick, note.end, _as_don(note))


def _over(hits: _Hits, first: int, last: int, issue_id: str, severity: str, text: str) -> Issue:
    ticks = hits.notes[first].tick, hits.notes[last].tick
    return Issue(issue_id, severity, text, *ticks)  # type: ignore[arg-type]


def _without(note: LaneNote) -> Callable[[Chart], Chart]:
    return lambda chart: _with_last(chart, note, None)


def _as_don(note: LaneNote) -> Callable[[Chart], Chart]:
    don = replace(note, end=note.tick, kind="don", sound="")
    return lambda chart: _with_last(chart, note, don)


def _with_last(chart: Chart, old: LaneNote, new: LaneNote | None) -> Chart:
    """The chart with the last of the notes equal to ``old`` replaced, or gone."""
    if old not in chart.notes:
        return chart
    i = len(chart.notes) - 1 - chart.notes[::-1].index(old)
    put = () if new is None else (new,)
    return replace(chart, notes=(*chart.notes[:i], *put, *chart.notes[i + 1 :]))

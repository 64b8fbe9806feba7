"""Which bars of a chart are the author's own, and what was written around them.

A bar is the author's when it holds notes set by hand, when a hand has changed what was
drafted there, or when it was approved. Key bars, approvals and which drafts were fills are
kept in the chart's `Extra`, so undo and every save of a project cover them. Knows charts,
bars and marks; refuses to know who proposes bars and who writes notes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from zlib import crc32

import numpy as np

from chartstudio.core import provenance
from chartstudio.core.note import Note, slice_notes, sort_notes, ticks_of
from chartstudio.core.provenance import Generated, generated
from chartstudio.core.song import Chart, Extra, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.document import Edit
from chartstudio.editor.painted import APPROVED, KEY_BARS

Span = tuple[int, int]
"""Ticks ``[start, end)``."""

FILLS = "fills"
"""Owner in a chart's `Extra`: the dates of fills, each with figures of what it followed."""


@dataclass(frozen=True, slots=True)
class KeyBar:
    """A bar that stands for others.

    Parameters
    ----------
    start, end : int
        Ticks ``[start, end)``.
    coverage : float
        How much of the song it and those before it stand for, 0 to 1.
    uncertainty : float
        How little was known of it when it was proposed, 0 to 1.
    """

    start: int
    end: int
    coverage: float
    uncertainty: float

    @property
    def span(self) -> Span:
        """Its ticks."""
        return self.start, self.end


class Standing(Enum):
    """Whose a bar is."""

    EMPTY = "empty"
    HAND = "hand"
    EDITED = "edited"
    APPROVED = "approved"
    DRAFTED = "drafted"
    """Drafted and not changed since."""
    FILLED = "filled"
    """Written around the author's bars, and exactly as it was then."""

    @property
    def own(self) -> bool:
        """Whether it is the author's."""
        return self in (Standing.HAND, Standing.EDITED, Standing.APPROVED)


# Stretches -------------------------------------------------------------------------------


def bars_of(timing: TimingMap, start: int, end: int) -> tuple[Span, ...]:
    """The bars of ``[start, end)``; those at its ends may be cut short."""
    if start >= end:
        return ()
    lines = timing.lines(start + 1, end).tolist()
    edges = [start, *lines, end]
    return tuple(pairwise(edges))


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The stretches in order, those that touch or overlap as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return tuple(found)


def outside(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of stretches without others."""
    rest = merged(spans)
    for low, high in merged(taken):
        parts = [((a, min(b, low)), (max(a, high), b)) for a, b in rest]
        rest = tuple(span for pair in parts for span in pair if span[0] < span[1])
        rest = tuple(dict.fromkeys(rest))
    return rest


def within(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    """Stretches cut to ``[start, end)``."""
    cut = ((max(a, start), min(b, end)) for a, b in spans)
    return merged(span for span in cut if span[0] < span[1])


def notes_within(notes: Sequence[Note], spans: Iterable[Span]) -> tuple[Note, ...]:
    """Those of sorted notes that start in one of the stretches."""
    return tuple(n for start, end in merged(spans) for n in slice_notes(notes, start, end))


# Whose bars ------------------------------------------------------------------------------


def key_bars(chart: Chart) -> tuple[KeyBar, ...]:
    """The proposed bars of a chart, the most useful first."""
    return tuple(KeyBar(*item) for item in chart.extra.get(KEY_BARS, ()))


def approved(chart: Chart) -> tuple[Span, ...]:
    """The stretches that the author has approved."""
    return tuple((a, b) for a, b in chart.extra.get(APPROVED, ()))


@dataclass(frozen=True, slots=True)
class Ownership:
    """The bars of a chart and whose each is.

    Parameters
    ----------
    bars : tuple of (int, int)
    standings : tuple of Standing
        One for each bar.
    """

    bars: tuple[Span, ...]
    standings: tuple[Standing, ...]

    @classmethod
    def of(cls, chart: Chart, timing: TimingMap, start: int, end: int) -> Ownership:
        """Look at every bar of ``[start, end)``."""
        bars = bars_of(timing, start, end)
        marks, agreed, fills = generated(chart), merged(approved(chart)), _dates(chart)
        ends = [m.end for m in marks]
        standings = []
        for low, high in bars:
            here = []
            for mark in marks[bisect_right(ends, low) :]:
                if mark.start >= high:
                    break
                here.append(mark)
            if any(a <= low and high <= b for a, b in agreed):
                standings.append(Standing.APPROVED)
            else:
                standings.append(_standing(slice_notes(chart.notes, low, high), here, fills))
        return cls(bars, tuple(standings))

    @property
    def own(self) -> tuple[Span, ...]:
        """The author's bars, neighbours as one."""
        return merged(b for b, s in zip(self.bars, self.standings, strict=True) if s.own)

    @property
    def filled(self) -> tuple[Span, ...]:
        """Bars that are exactly as they were filled, neighbours as one."""
        return merged(
            b for b, s in zip(self.bars, self.standings, strict=True) if s is Standing.FILLED
        )

    def count(self, *wanted: Standing) -> int:
        """How many bars are so."""
        return sum(s in wanted for s in self.standings)

    @property
    def n_own(self) -> int:
        """How many bars are the author's."""
        return sum(s.own for s in self.standings)

    def standing_at(self, tick: int) -> Standing:
        """Whose the bar around a tick is; a bar that is not looked at is empty."""
        pairs = zip(self.bars, self.standings, strict=True)
        return next((s for (a, b), s in pairs if a <= tick < b), Standing.EMPTY)


def _standing(notes: Sequence[Note], marks: Sequence[Generated], fills: frozenset[str]) -> Standing:
    if any(m.edited for m in marks):
        return Standing.EDITED
    if any(not any(m.start <= n.tick < m.end for m in marks) for n in notes):
        return Standing.HAND
    if not marks:
        return Standing.EMPTY
    return Standing.FILLED if all(m.date in fills for m in marks) else Standing.DRAFTED


def _dates(chart: Chart) -> frozenset[str]:
    return frozenset(row[0] for row in chart.extra.get(FILLS, ()))


def changed_since_fill(chart: Chart) -> bool:
    """Whether the author's notes are others than those that the last fill followed."""
    fills = chart.extra.get(FILLS, ())
    return bool(fills) and fills[-1][1] != _figure(chart)


def changed_bars(chart: Chart, timing: TimingMap) -> tuple[Span, ...] | None:
    """The bars that are others than those that the last fill followed, new and gone ones too.

    Returns
    -------
    tuple of (int, int), or None
        In order; None where it is not known which bars it followed.
    """
    fills = chart.extra.get(FILLS, ())
    if not fills or len(fills[-1]) < 3:
        return None
    now = frozenset(_bar_figures(chart, timing))
    starts = {start for start, _ in now ^ frozenset(fills[-1][2])}
    measures = sorted(timing.position(start).measure for start in starts)
    return tuple((timing.measure_start(m), timing.measure_start(m + 1)) for m in measures)


def followed(chart: Chart, timing: TimingMap, date: str | None = None) -> Chart:
    """The chart whose last fill follows the author's bars as they are now.

    Parameters
    ----------
    chart : Chart
    timing : TimingMap
    date : str, optional
        Of a new fill; without one, the last one is meant.
    """
    fills = chart.extra.get(FILLS, ())
    if date is None:
        if not fills:
            return chart
        *kept, (date, *_) = fills
    else:
        # Fills of which nothing is left are forgotten.
        alive = {m.date for m in generated(chart)} - {date}
        kept = [row for row in fills if row[0] in alive]
    row = (date, _figure(chart), _bar_figures(chart, timing))
    return replace(chart, extra=chart.extra.set(FILLS, (*kept, row)))


def still_followed(old: Chart, new: Chart, timing: TimingMap) -> Chart:
    """A chart whose notes were moved in time as one: the last fill still follows them.

    Parameters
    ----------
    old, new : Chart
        Before and after.
    timing : TimingMap
        The new one.
    """
    if old.notes is new.notes or changed_since_fill(old):
        return new
    return followed(new, timing)


def follow_now(index: int) -> Edit:
    """Count the fills of a chart as following the author's bars as they are now."""

    def edit(song: Song) -> Song:
        chart = song.charts[index]
        return song.with_chart(index, followed(chart, song.timing_of(chart)))

    return edit


def _own_notes(chart: Chart) -> list[Note]:
    """The notes that no draft holds as it was written, or that were approved."""
    drafts = outside([(m.start, m.end) for m in generated(chart) if not m.edited], approved(chart))
    edges = np.array(drafts, dtype=np.int64).ravel()
    drafted = np.searchsorted(edges, ticks_of(chart.notes), "right") % 2 == 1
    return [n for n, gone in zip(chart.notes, drafted.tolist(), strict=True) if not gone]


def _figure(chart: Chart) -> int:
    """A figure that changes when the author's notes or approvals do."""
    return crc32(repr((_own_notes(chart), approved(chart))).encode())


def _bar_figures(chart: Chart, timing: TimingMap) -> tuple[tuple[int, int], ...]:
    """Start and figure of each bar with notes of the author's, and of approved ones."""
    bars: dict[int, list[Note]] = {
        start: [] for span in approved(chart) for start, _ in bars_of(timing, *span)
    }
    own = _own_notes(chart)
    starts, _ = timing.measures_around(ticks_of(own))
    for note, start in zip(own, starts.tolist(), strict=True):
        bars.setdefault(start, []).append(note)
    return tuple((start, crc32(repr(bars[start]).encode())) for start in sorted(bars))


def without_drafts(chart: Chart, own: Iterable[Span]) -> Chart:
    """The chart with no other notes than those of the author's bars."""
    return replace(chart, notes=notes_within(chart.notes, own))


# Edits -----------------------------------------------------------------------------------


def set_key_bars(index: int, bars: Sequence[KeyBar]) -> Edit:
    """Propose these bars and no others."""
    rows = tuple((b.start, b.end, b.coverage, b.uncertainty) for b in bars)
    return _on_extra(index, lambda chart: chart.extra.set(KEY_BARS, rows or None))


def approve(index: int, spans: Iterable[Span], on: bool = True) -> Edit:
    """Count stretches as the author's, whatever stands there; or no longer."""
    spans = merged(spans)
    return _on_extra(index, lambda chart: _approving(chart, spans, on).extra)


def _on_extra(index: int, change: Callable[[Chart], Extra]) -> Edit:
    def edit(song: Song) -> Song:
        chart = song.charts[index]
        return song.with_chart(index, replace(chart, extra=change(chart)))

    return edit


def _approving(chart: Chart, spans: Sequence[Span], on: bool) -> Chart:
    held = approved(chart)
    now = merged((*held, *spans)) if on else outside(held, spans)
    return replace(chart, extra=chart.extra.set(APPROVED, now or None))


@dataclass(frozen=True, slots=True)
class Landing:
    """What of a candidate goes into a chart.

    Parameters
    ----------
    spans : tuple of (int, int)
        Where it replaces what is there.
    notes : tuple of Note
        In chart order; those outside the stretches are left out.
    source : Generated
        Its ticks are not read: every bar gets a mark of its own, so that a change in one
        leaves the others as drafted.
    cut : tuple of (Note, Note)
        Held notes that end earlier: as they were, and as they become.
    fills : bool
        Whether this was written around the author's bars, in their way.
    approves : bool
        Whether the bars count as the author's from now on.
    """

    spans: tuple[Span, ...]
    notes: tuple[Note, ...]
    source: Generated
    cut: tuple[tuple[Note, Note], ...] = ()
    fills: bool = False
    approves: bool = False


def land(index: int, landing: Landing) -> Edit:
    """Accept a candidate, or a part of it."""

    def edit(song: Song) -> Song:
        chart = song.charts[index]
        timing = song.timing_of(chart)
        # Before the new notes come: they would push out what they do not fit beside.
        song = song.with_chart(index, _cut(chart, landing))
        for start, end in landing.spans:
            put = edits.replace_range(index, start, end, landing.notes, landing.source)
            song = put(song)
        chart = song.charts[index]
        for start, end in landing.spans:
            for low, high in bars_of(timing, start, end):
                chart = provenance.mark(chart, replace(landing.source, start=low, end=high))
        chart = _approving(chart, landing.spans, landing.approves)
        if landing.fills:
            chart = followed(chart, timing, landing.source.date)
        return song.with_chart(index, chart)

    return edit


def _cut(chart: Chart, landing: Landing) -> Chart:
    """The chart with those holds shortened that reach into what is replaced."""
    shorter = {
        old: new
        for old, new in landing.cut
        if any(start <= new.end < end for start, end in landing.spans)
    }
    if not shorter:
        return chart
    return replace(chart, notes=sort_notes(shorter.get(n, n) for n in chart.notes))

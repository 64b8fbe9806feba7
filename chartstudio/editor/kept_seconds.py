"""Notes that keep their seconds while the timing changes: what follows them, and what that costs.

A selection goes along with its notes. Where notes come to lie between the rows that StepMania
files can hold, it is counted and can be mended; nothing here moves a note unasked. Knows songs
and selections; knows no window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chartstudio.core.note import Note, ends_of, sort_notes, ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import Ticks, snap_ticks
from chartstudio.core.timing import TimingMap
from chartstudio.editor.document import Document, Edit
from chartstudio.editor.retime import Keep, Retiming, retimed
from chartstudio.editor.selection import Selection
from chartstudio.formats import FORMATS

ROW_TICKS = snap_ticks(192)
"""StepMania and ITGmania hold notes on 48 rows a beat (``ROWS_PER_BEAT`` of ``NoteTypes.h``)
and round others to them as they read, whatever a file says."""

_ROWS_FAMILY = "stepmania"


# Applying --------------------------------------------------------------------------------


def apply_retiming(document: Document, label: str, change: Retiming, keep: Keep) -> bool:
    """Change the timing of the active chart as one undo step; the selection goes along.

    Returns
    -------
    bool
        Whether anything changed.

    Raises
    ------
    ChartStudioError
        When the change cannot be made; the document is untouched.
    """
    old, selection = document.song, document.selection
    new = retimed(selection.chart, change, keep)(old)
    if new is old or new == old:
        return False
    follows = followed(selection, old, new) if keep == "seconds" else selection
    document.apply(label, lambda _: new, follows)
    return True


def followed(selection: Selection, old: Song, new: Song) -> Selection:
    """The same notes and the same stretch of time, after notes have kept their seconds.

    Parameters
    ----------
    selection : Selection
        Of ``old``.
    old, new : Song
        Before and after `retime.retimed` with ``keep="seconds"``.
    """
    before, after = (_timing_of(song, selection.chart) for song in (old, new))
    if before == after:
        return selection
    held = list(selection.notes)
    starts = _same_seconds(ticks_of(held), before, after)
    ends = _same_seconds(ends_of(held), before, after)
    moved: Iterable[Any] = held
    notes = frozenset(
        replace(note, tick=start, end=max(start, end))
        for note, start, end in zip(moved, starts.tolist(), ends.tolist(), strict=True)
    )
    span = selection.range
    if span is not None:
        first, last = _same_seconds(np.array(span, dtype=np.int64), before, after).tolist()
        span = (first, max(last, first + 1))
    return replace(selection, notes=notes, range=span)


def _timing_of(song: Song, chart: int) -> TimingMap:
    return song.timing_of(song.charts[chart]) if chart < len(song.charts) else song.timing


def _same_seconds(ticks: Ticks, before: TimingMap, after: TimingMap) -> Ticks:
    return after.tick_at(before.seconds_at(ticks))


# Rows ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OffRows:
    """Notes between the rows that StepMania files hold.

    Parameters
    ----------
    n_notes : int
        Those that a file would move.
    n_all : int
        Notes of the same charts.
    worst_s : float
        How far the farthest would go.
    """

    n_notes: int
    n_all: int
    worst_s: float


def off_rows(song: Song, chart: int) -> OffRows:
    """Count the notes between rows, in the charts that share a chart's timing.

    Charts whose mode no StepMania file can hold do not count.
    """
    n_notes, n_all, worst_s = 0, 0, 0.0
    for index in _with_rows(song, chart):
        notes, timing = song.charts[index].notes, song.timing_of(song.charts[index])
        n_all += len(notes)
        off = np.zeros(len(notes), dtype=bool)
        for ticks in (ticks_of(notes), ends_of(notes)):
            here = ticks % ROW_TICKS != 0
            off |= here
            if here.any():
                by_s = timing.seconds_at(_rows_near(ticks[here])) - timing.seconds_at(ticks[here])
                worst_s = max(worst_s, float(np.abs(by_s).max()))
        n_notes += int(off.sum())
    return OffRows(n_notes, n_all, worst_s)


def on_rows(chart: int) -> Edit:
    """Put the notes that `off_rows` counts on the rows nearest to them.

    Notes of one lane that would meet on a row stay where they are: none is lost.
    """

    def edit(song: Song) -> Song:
        for index in _with_rows(song, chart):
            notes = _on_rows(song.charts[index].notes)
            if notes != song.charts[index].notes:
                song = song.with_chart(index, replace(song.charts[index], notes=notes))
        return song

    return edit


def _with_rows(song: Song, chart: int) -> list[int]:
    """Charts that share a chart's timing and that StepMania files can hold."""

    def holds(c: Chart) -> bool:
        return any(f.family == _ROWS_FAMILY and f.modes and c.mode in f.modes for f in FORMATS)

    own = chart < len(song.charts) and song.charts[chart].timing is not None
    shared = [chart] if own else [i for i, c in enumerate(song.charts) if c.timing is None]
    return [i for i in shared if holds(song.charts[i])]


def _rows_near(ticks: Ticks) -> Ticks:
    found: Ticks = np.rint(ticks / ROW_TICKS).astype(np.int64) * ROW_TICKS
    return found


def _on_rows(notes: Sequence[Note]) -> tuple[Note, ...]:
    starts, ends = ticks_of(notes), ends_of(notes)
    rows = _rows_near(starts)
    # What is long stays long, by a row at least.
    tails = np.where(ends > starts, np.maximum(_rows_near(ends), rows + ROW_TICKS), rows)
    lanes: dict[int, list[int]] = defaultdict(list)
    for i, note in enumerate(notes):
        lanes[note.order].append(i)
    for lane in lanes.values():
        _keep_apart(np.array(lane), (starts, ends), (rows, tails))
    put: list[Any] = list(notes)
    for i in np.flatnonzero((rows != starts) | (tails != ends)).tolist():
        put[i] = replace(put[i], tick=int(rows[i]), end=int(tails[i]))
    return sort_notes(put)


def _keep_apart(lane: Ticks, was: tuple[Ticks, Ticks], new: tuple[Ticks, Ticks]) -> None:
    """Take back, in ``new``, the moves of neighbours that only now meet."""
    met_before = was[1][lane[:-1]] >= was[0][lane[1:]]
    while True:
        meet = (new[1][lane[:-1]] >= new[0][lane[1:]]) & ~met_before
        both = np.unique(np.concatenate([lane[:-1][meet], lane[1:][meet]]))
        moved = both[(new[0][both] != was[0][both]) | (new[1][both] != was[1][both])]
        if not len(moved):
            return
        for side in (0, 1):
            new[side][moved] = was[side][moved]

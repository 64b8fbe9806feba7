"""Every verb of the editor as a pure function ``Song -> Song``.

Each function takes what to do and returns the `Edit`; `Document.apply` makes it one undo
step. ``chart`` is always an index into ``song.charts``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Literal

from chartstudio.core import provenance
from chartstudio.core.mode import Axis, Mode
from chartstudio.core.note import LaneNote, Note, ends_of, shift, sort_key, sort_notes, ticks_of
from chartstudio.core.song import Chart, Effect, Song
from chartstudio.core.ticks import snap_ticks
from chartstudio.core.timing import TimingMap
from chartstudio.editor import painted
from chartstudio.editor.clipboard import Clip
from chartstudio.editor.document import Edit
from chartstudio.editor.places import displaced, with_details_of
from chartstudio.modes import MODES

_FEW = 64
"""Up to so many notes are put in one by one rather than all sorted again."""


def _on_chart(index: int, change: Callable[[Song, Chart], Chart]) -> Edit:
    def edit(song: Song) -> Song:
        old = song.charts[index]
        new = change(song, old)
        return song if new == old else song.with_chart(index, provenance.touched(old, new))

    return edit


def _on_notes(index: int, change: Callable[[Chart], Sequence[Note]]) -> Edit:
    """An edit of the notes alone; ``change`` gives them in chart order."""
    return _on_chart(index, lambda song, chart: replace(chart, notes=tuple(change(chart))))


def _tick(note: Note) -> int:
    return note.tick


def _leaving(notes: Sequence[Note], gone: Collection[Note]) -> list[Note]:
    """Sorted notes without some of them; only their neighbourhood is compared."""
    if not gone:
        return list(notes)
    low = bisect_left(notes, min(n.tick for n in gone), key=_tick)
    high = bisect_right(notes, max(n.tick for n in gone), key=_tick)
    dropped = frozenset(gone)
    return [*notes[:low], *(n for n in notes[low:high] if n not in dropped), *notes[high:]]


def _adding(chart: Chart, new: Sequence[Note], dropped: Collection[Note] = ()) -> Sequence[Note]:
    """The chart's notes, in order, with new ones in place of what they conflict with."""
    kept = _leaving(chart.notes, dropped)
    if not new:
        return kept
    kept = _leaving(kept, _hit(kept, new, MODES[chart.mode].conflicts))
    if len(new) > _FEW:
        return sort_notes((*kept, *new))
    for note in new:
        insort(kept, note, key=sort_key)
    return kept


def _hit(
    kept: Sequence[Note],
    new: Sequence[Note],
    conflicts: Callable[[Sequence[Note], Note], tuple[Note, ...]],
) -> set[Note]:
    """Kept notes that cannot stay beside the new ones; each looks at its surroundings only."""
    first, last = min(n.tick for n in new), max(n.end for n in new)
    near = [n for n in kept[: bisect_right(kept, last, key=_tick)] if n.end >= first]
    longest = max((n.end - n.tick for n in near), default=0)
    hit: set[Note] = set()
    for note in new:
        low = bisect_left(near, note.tick - longest, key=_tick)
        high = bisect_right(near, note.end, key=_tick)
        hit.update(conflicts(near[low:high], note))
    return hit


# Notes -----------------------------------------------------------------------------------


def place(chart: int, note: Note) -> Edit:
    """Put a note; notes that it conflicts with go."""
    return _on_notes(chart, lambda c: _adding(c, [note]))


def remove(chart: int, notes: Collection[Note]) -> Edit:
    """Take notes away."""
    return _on_notes(chart, lambda c: _leaving(c.notes, notes))


def moved_notes(
    notes: Collection[Note], mode_id: str, ticks: int, lanes: int = 0
) -> tuple[Note, ...]:
    """The notes moved in time and across lanes; the block stops at the outermost lane.

    Notes of other spaces keep their places; see `places.displaced`.
    """
    n_lanes = len(MODES[mode_id].layout.lanes)
    occupied = [n.lane for n in notes if isinstance(n, LaneNote)]
    if not occupied:
        return sort_notes(shift(n, ticks) for n in notes)
    lanes = max(-min(occupied), min(lanes, n_lanes - 1 - max(occupied)))
    return sort_notes(displaced(shift(n, ticks), lanes, 0) for n in notes)


def move(chart: int, notes: Collection[Note], ticks: int, lanes: int = 0) -> Edit:
    """Move notes in time and across lanes."""
    return _on_notes(
        chart, lambda c: _adding(c, moved_notes(notes, c.mode, ticks, lanes), dropped=notes)
    )


def exchange(chart: int, old: Collection[Note], new: Sequence[Note]) -> Edit:
    """Put notes in place of others, such as the same ones moved in their game's space."""
    return _on_notes(chart, lambda c: _adding(c, sort_notes(new), dropped=old))


def set_end(chart: int, note: Note, end: int) -> Edit:
    """Give a note another end: a tap pulled long becomes a hold, a hold pushed flat a tap."""

    def change(c: Chart) -> Sequence[Note]:
        new = lengthened(MODES[c.mode], note, end)
        return c.notes if new == note else _adding(c, [new], dropped=[note])

    return _on_notes(chart, change)


def lengthened(mode: Mode, note: Note, end: int) -> Note:
    """The note with another end; the same one where its kind cannot have it.

    Parameters
    ----------
    mode : Mode
    note : Note
    end : int
        ``note.tick`` or later.
    """
    whole: Any = note
    if note.tick < min(end, note.end):
        return replace(whole, end=end)  # type: ignore[no-any-return]
    kind = mode.kind(note)
    if kind == "tap" and end > note.tick and "hold" in mode.kinds:
        kind = "hold"
    if not isinstance(note, LaneNote):
        return note
    return with_details_of(note, mode.place(kind, note.tick, end, mode.spot(note)))


def set_kind(chart: int, notes: Collection[Note], kind: str) -> Edit:
    """Make the notes another kind, where they are."""

    def change(c: Chart) -> Sequence[Note]:
        mode = MODES[c.mode]
        new = [
            with_details_of(n, mode.place(kind, n.tick, n.end, mode.spot(n)))
            for n in notes
            if mode.kind(n) != kind
        ]
        gone = [n for n in notes if mode.kind(n) != kind]
        return _adding(c, sort_notes(new), dropped=gone)

    return _on_notes(chart, change)


def mirror(chart: int, notes: Collection[Note], axis: Axis) -> Edit:
    """Mirror notes across the playing field."""
    return _on_notes(
        chart,
        lambda c: _adding(c, MODES[c.mode].mirror(tuple(notes), axis), dropped=notes),
    )


def quantise(chart: int, notes: Collection[Note], snap: int) -> Edit:
    """Move the starts and ends of notes to the nearest grid lines."""

    def change(song: Song, c: Chart) -> Chart:
        new = sort_notes(_snapped(n, song.timing_of(c), snap) for n in notes)
        return replace(c, notes=tuple(_adding(c, new, dropped=notes)))

    return _on_chart(chart, change)


def _snapped(note: Note, timing: TimingMap, snap: int) -> Note:
    """The note on the grid; a long one keeps a step of it at least."""
    whole: Any = note
    tick, end = timing.snap(note.tick, snap), timing.snap(note.end, snap)
    if note.end > note.tick and end <= tick:
        end = tick + snap_ticks(snap)
    return replace(whole, tick=tick, end=end)  # type: ignore[no-any-return]


def paste(chart: int, clip: Clip, at_tick: int) -> Edit:
    """Put copied notes with their start at a tick."""
    return _on_notes(chart, lambda c: _adding(c, [shift(n, at_tick) for n in clip.notes]))


def replace_range(
    chart: int, start: int, end: int, notes: Sequence[Note], source: provenance.Generated
) -> Edit:
    """Accept a draft: its notes instead of those that start in ``[start, end)``."""

    def change(song: Song, c: Chart) -> Chart:
        kept = [n for n in c.notes if not start <= n.tick < end]
        inside = [n for n in notes if start <= n.tick < end]
        merged = _adding(replace(c, notes=tuple(kept)), inside)
        marked = replace(source, start=start, end=end)
        return provenance.mark(replace(c, notes=tuple(merged)), marked)

    def edit(song: Song) -> Song:
        return song.with_chart(chart, change(song, song.charts[chart]))

    return edit


# Charts and song -------------------------------------------------------------------------


def add_chart(chart: Chart) -> Edit:
    """Append a chart."""
    return lambda song: replace(song, charts=(*song.charts, chart))


def remove_chart(index: int) -> Edit:
    """Remove a chart."""
    return lambda song: replace(song, charts=(*song.charts[:index], *song.charts[index + 1 :]))


def set_chart(index: int, **fields: Any) -> Edit:
    """Change fields of a chart other than its notes, such as its name or level."""
    return lambda song: song.with_chart(index, replace(song.charts[index], **fields))


def set_setting(index: int, name: str, value: float | str | None) -> Edit:
    """Set one of a chart's settings; None leaves it to the game."""
    return lambda song: song.with_chart(index, song.charts[index].with_setting(name, value))


def set_metadata(**fields: Any) -> Edit:
    """Change fields of the metadata."""
    return lambda song: replace(song, metadata=replace(song.metadata, **fields))


def set_audio(name: str) -> Edit:
    """Name another audio file."""
    return lambda song: replace(song, audio=name)


def retime(timing: TimingMap, keep: Literal["ticks", "seconds"]) -> Edit:
    """Give the song another timing.

    Parameters
    ----------
    timing : TimingMap
    keep : {"ticks", "seconds"}
        ``ticks``: notes stay on their beats and move in time. ``seconds``: notes stay where
        they are heard and move on the grid, and what is kept of stretches goes along.
        Charts with their own timing are left alone.
    """

    def edit(song: Song) -> Song:
        if timing == song.timing:
            return song
        if keep == "ticks":
            return replace(song, timing=timing)
        charts = tuple(
            c if c.timing is not None else _at_same_seconds(c, song.timing, timing)
            for c in song.charts
        )
        effects = _effects_at_same_seconds(song.effects, song.timing, timing)
        return replace(song, timing=timing, charts=charts, effects=effects)

    return edit


def _at_same_seconds(chart: Chart, old: TimingMap, new: TimingMap) -> Chart:
    starts = new.tick_at(old.seconds_at(ticks_of(chart.notes))).tolist()
    ends = new.tick_at(old.seconds_at(ends_of(chart.notes))).tolist()
    notes = sort_notes(
        replace(n, tick=s, end=max(s, e))  # type: ignore[type-var]
        for n, s, e in zip(chart.notes, starts, ends, strict=True)
    )
    move = painted.mover(old, new)
    effects = _effects_at_same_seconds(chart.effects, old, new)
    return replace(chart, notes=notes, effects=effects, extra=painted.moved(chart.extra, move))


def _effects_at_same_seconds(
    effects: Sequence[Effect], old: TimingMap, new: TimingMap
) -> tuple[Effect, ...]:
    return tuple(replace(e, tick=new.tick_at(old.seconds_at(e.tick))) for e in effects)

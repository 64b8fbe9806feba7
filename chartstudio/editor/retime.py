"""Timing by hand: every way of changing a tempo as a pure function of timing maps.

Each verb takes what to do and returns a `Retiming`, a function from one map to the next;
`retimed` makes it an edit of the song, or of the one chart that has a timing of its own, and
says what notes keep. Ticks of a map are never renumbered, except where a verb says so.

Anchors that a pause or a warp joins are moved as one *block*. What lies between two blocks is
a section with one tempo. ``later`` says what becomes of the beats after the place that is
changed:

- ``"move"``: everything after it keeps its tempos and moves along in time.
- ``"stay"``: the next block stays on its second, and the tempo on the way to it adapts.
  Where there is none, the next bar line becomes one, so that the rest of the song stays.

A request that cannot be met raises a `ChartStudioError` of one line. This module knows no
audio, and nothing of how the tempo was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.note import ends_of, ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.editor import edits, finish
from chartstudio.editor.document import Edit
from chartstudio.editor.tempo_blocks import (
    Block,
    Later,
    blocks_of,
    checked_bpm,
    index_at,
    is_anchor,
    length_s,
    map_of,
    move_from,
    moved,
    place_name,
    put,
    refit,
    settle,
    with_tempo,
)

Keep = Literal["ticks", "seconds"]
"""What notes keep: their beats, or the times at which they are heard."""

Retiming = Callable[[TimingMap], TimingMap]
"""A change of timing as a pure function."""

METER_LIMITS = (1, 64)
LONGEST_PAUSE_S = 600.0

_FAR_S = 86_400.0
"""No grid is moved further than a day."""

_PLACES = 6
"""Decimals of a tempo that has been nudged: finer ones are noise of the sum."""

_PAUSES = (Cause.STOP, Cause.DELAY)

_SLACK_S = 1e-6


# Edits of a song -------------------------------------------------------------------------


def retimed(chart: int, change: Retiming, keep: Keep) -> Edit:
    """A change of the timing that a chart goes by, as an edit.

    Parameters
    ----------
    chart : int
        One with a timing of its own changes alone; any other number means the song's timing,
        which every chart without one shares.
    change : callable
    keep : {"ticks", "seconds"}
        ``ticks``: notes stay on their beats and move in time. ``seconds``: notes stay where
        they are heard, to half a tick, and move on the grid.

    Raises
    ------
    ChartStudioError
        By the edit, when the change cannot be made, or when a note cannot keep its second
        because it would sound inside a pause.
    """

    def edit(song: Song) -> Song:
        own = song.charts[chart].timing if chart < len(song.charts) else None
        if own is None:
            new = change(song.timing)
            if keep == "seconds" and new != song.timing:
                for shared in song.charts:
                    if shared.timing is None:
                        _refuse_lost_notes(shared, song.timing, new)
            return _followed_on(song, edits.retime(new, keep)(song))
        new = change(own)
        if new == own:
            return song
        if keep == "seconds":
            _refuse_lost_notes(song.charts[chart], own, new)
        alone = Song(timing=own, charts=(replace(song.charts[chart], timing=None),))
        there = _followed_on(alone, edits.retime(new, keep)(alone)).charts[0]
        return song.with_chart(chart, replace(there, timing=new))

    return edit


def _followed_on(old: Song, new: Song) -> Song:
    """The new song, with fills that still follow the notes whose ticks alone have changed."""
    charts = tuple(
        finish.still_followed(before, after, new.timing_of(after))
        for before, after in zip(old.charts, new.charts, strict=True)
    )
    return new if charts == new.charts else replace(new, charts=charts)


def _refuse_lost_notes(chart: Chart, old: TimingMap, new: TimingMap) -> None:
    """Raise when notes cannot keep their seconds: a pause has one tick, a warp one second."""
    starts = ticks_of(chart.notes)
    n_lost = len(np.unique(starts)) - len(np.unique(new.tick_at(old.seconds_at(starts))))
    for ticks in (starts, ends_of(chart.notes)):
        wanted_s = old.seconds_at(ticks)
        found = new.tick_at(wanted_s)
        off_s = np.abs(new.seconds_at(found) - wanted_s)
        n_lost = max(n_lost, int(np.sum(off_s > _tick_s(new, found) + _SLACK_S)))
    if n_lost:
        who = "A note" if n_lost == 1 else f"{n_lost} notes"
        raise ChartStudioError(
            f"{who} of {chart.name or 'the chart'} would sound inside a pause or a warp and "
            "cannot keep the time; let notes keep their beats, or move them first"
        )


def _tick_s(timing: TimingMap, ticks: Ticks) -> NDArray[np.float64]:
    """How long a tick lasts at each tick, on its slower side."""
    bpm = np.array([a.bpm for a in timing.anchors])
    at = np.searchsorted([a.tick for a in timing.anchors], ticks, "right") - 1
    slowest = np.minimum(bpm[np.maximum(at, 0)], bpm[np.maximum(at - 1, 0)])
    found: NDArray[np.float64] = 60.0 / slowest / TICKS_PER_BEAT
    return found


# The grid --------------------------------------------------------------------------------


def shift(by_s: float) -> Retiming:
    """Move the whole grid in time."""

    def change(timing: TimingMap) -> TimingMap:
        if not abs(by_s) <= _FAR_S:
            raise ChartStudioError(
                f"The grid cannot be moved by {by_s:g} s; choose less than a day"
            )
        if by_s == 0:
            return timing
        return map_of([moved(block, by_s) for block in blocks_of(timing)])

    return change


def shift_beats(n_beats: float, tick: int) -> Retiming:
    """Move the whole grid by beats of the tempo at a tick: half a beat mends a wrong phase."""
    return lambda timing: shift(n_beats * 60.0 / timing.bpm_at(tick))(timing)


def set_offset(seconds: float) -> Retiming:
    """Move the whole grid so that its first anchor lies on a second."""
    return lambda timing: shift(seconds - timing.anchors[0].seconds)(timing)


def scale(factor: float) -> Retiming:
    """Count more or fewer beats in the same time: 2 doubles every tempo, 0.5 halves it.

    The tempo changes stay where they are heard; their ticks are scaled, from the first.
    """

    def change(timing: TimingMap) -> TimingMap:
        first = timing.anchors[0].tick
        scaled = tuple(
            replace(
                a,
                tick=first + round((a.tick - first) * factor),
                bpm=checked_bpm(a.bpm * factor),
            )
            for a in timing.anchors
        )
        n_places = len({a.tick for a in timing.anchors})
        if len({a.tick for a in scaled}) != n_places:
            raise ChartStudioError(
                "Tempo changes that lie a tick apart cannot be halved; remove one of them first"
            )
        return map_of([scaled])

    return change


# Tempo -----------------------------------------------------------------------------------


def set_bpm(tick: int, bpm: float, later: Later = "move") -> Retiming:
    """Set the tempo of the section at a tick.

    With ``later="stay"`` the block that ends the section moves, and the tempo after it adapts
    so that the block after that stays.
    """

    def change(timing: TimingMap) -> TimingMap:
        checked_bpm(bpm)
        blocks = blocks_of(timing)
        i = index_at(blocks, tick)
        if blocks[i][-1].bpm == bpm:
            return timing
        blocks[i] = with_tempo(blocks[i], bpm)
        if i + 1 < len(blocks):
            last, after = blocks[i][-1], blocks[i + 1][0]
            until_s = last.seconds + length_s(after.tick - last.tick, bpm)
            by_s = until_s - after.seconds
            blocks[i + 1] = moved(blocks[i + 1], by_s)
            settle(blocks, i + 1, by_s, timing, later)
        return map_of(blocks)

    return change


def nudge_bpm(tick: int, by_bpm: float, later: Later = "move") -> Retiming:
    """Make the section at a tick faster or slower."""

    def change(timing: TimingMap) -> TimingMap:
        now = blocks_of(timing)[index_at(blocks_of(timing), tick)][-1].bpm
        return set_bpm(tick, round(now + by_bpm, _PLACES), later)(timing)

    return change


def insert_change(tick: int, bpm: float | None = None, later: Later = "move") -> Retiming:
    """Let the tempo change at a tick; without a tempo it runs on, to be changed from there."""

    def change(timing: TimingMap) -> TimingMap:
        blocks = blocks_of(timing)
        put(blocks, timing, tick)
        new = map_of(blocks)
        return new if bpm is None else set_bpm(tick, bpm, later)(new)

    return change


def drag_beat(tick: int, seconds: float, later: Later) -> Retiming:
    """Put a beat onto a second; the tempo before it, since the block before, follows.

    Within a section ``"stay"`` makes the beat an anchor, and ``"move"`` gives the whole
    section the tempo that leads there. Dragging the first anchor with ``"move"`` moves
    everything.
    """

    def change(timing: TimingMap) -> TimingMap:
        if not abs(seconds) <= _FAR_S:
            raise ChartStudioError("A beat can only be put on a time inside the song")
        by_s = seconds - timing.seconds_at(tick)
        if by_s == 0:
            return timing
        blocks = blocks_of(timing)
        i = index_at(blocks, tick)
        if tick > blocks[i][-1].tick and later == "move":
            last = blocks[i][-1]
            if seconds <= last.seconds:
                raise ChartStudioError(
                    f"{place_name(timing, tick)} cannot come before the tempo change at "
                    f"{place_name(timing, last.tick)}"
                )
            bpm = (tick - last.tick) / TICKS_PER_BEAT * 60.0 / (seconds - last.seconds)
            return set_bpm(tick, bpm, "move")(timing)
        i = put(blocks, timing, tick)
        blocks[i] = moved(blocks[i], by_s)
        if i:
            refit(blocks, i - 1)
        settle(blocks, i, by_s, timing, later)
        return map_of(blocks)

    return change


# Bars ------------------------------------------------------------------------------------


def set_meter(tick: int, meter: int) -> Retiming:
    """Set the beats per bar from the bar at a tick on, until the next change of meter."""
    return lambda timing: _bar_from(
        timing, timing.measure_start(timing.position(tick).measure), meter
    )


def start_bar(tick: int) -> Retiming:
    """Let a bar start on a tick, whatever was counted before."""

    def change(timing: TimingMap) -> TimingMap:
        meter = next((a.meter for a in reversed(timing.anchors) if a.bar and a.tick <= tick), None)
        return _bar_from(timing, tick, timing.anchors[0].meter if meter is None else meter)

    return change


def _bar_from(timing: TimingMap, tick: int, meter: int) -> TimingMap:
    low, high = METER_LIMITS
    if not low <= meter <= high:
        raise ChartStudioError(f"A bar of {meter} beats is none; choose {low} to {high}")
    first = timing.anchors[0].tick
    blocks = blocks_of(timing)
    i = put(blocks, timing, max(tick, first))
    here = [k for k, a in enumerate(blocks[i]) if a.tick == max(tick, first)]
    # Of several bar anchors on one tick the last decides; keep it where the file had it.
    bars = [k for k in here if blocks[i][k].bar] or here
    blocks[i] = tuple(
        replace(a, meter=meter, bar=True) if k == bars[-1] else a for k, a in enumerate(blocks[i])
    )
    return map_of(blocks)


# Pauses ----------------------------------------------------------------------------------


def insert_pause(
    tick: int, seconds: float, cause: Cause = Cause.STOP, later: Later = "move"
) -> Retiming:
    """Let time pass on a tick; a pause of the same kind that is there grows.

    Parameters
    ----------
    tick : int
    seconds : float
        0 to 600, not 0.
    cause : {Cause.STOP, Cause.DELAY}
        A note on the tick is judged before a stop and after a delay.
    later : {"stay", "move"}
    """

    def change(timing: TimingMap) -> TimingMap:
        if not 0 < seconds <= LONGEST_PAUSE_S:
            raise ChartStudioError(
                f"A pause of {seconds:g} s cannot be; choose more than 0 and at most "
                f"{LONGEST_PAUSE_S:g} s"
            )
        blocks = blocks_of(timing)
        i = put(blocks, timing, tick)
        block = blocks[i]
        here = [k for k, a in enumerate(block) if a.tick == tick]
        same = [k for k in here if block[k].cause is cause and k > 0]
        if same:
            before, rest = block[: same[-1]], block[same[-1] :]
        else:
            # Delays come before stops: a note lies between them.
            ahead = [k for k in here if cause is Cause.STOP or block[k].cause is not Cause.STOP]
            cut = (ahead[-1] if ahead else here[0]) + 1
            at = block[cut - 1]
            before = (
                *block[:cut],
                replace(at, seconds=at.seconds + seconds, bar=False, cause=cause),
            )
            rest = block[cut:]
        blocks[i] = (*before, *moved(rest, seconds))
        settle(blocks, i, seconds, timing, later)
        return map_of(blocks)

    return change


# Removing --------------------------------------------------------------------------------


def pause_at(timing: TimingMap, tick: int) -> Cause | None:
    """The kind of pause that `remove` would take from a tick; None where there is none."""
    here = (a.cause for a in timing.anchors if a.tick == tick and a.cause in _PAUSES)
    return next(here, None)


def remove(tick: int, later: Later = "move") -> Retiming:
    """Remove what happens on a tick: its pauses, else the warp from or to it, else the change.

    Raises
    ------
    ChartStudioError
        By the change, when there is nothing, and at the first anchor.
    """

    def change(timing: TimingMap) -> TimingMap:
        blocks = blocks_of(timing)
        i = index_at(blocks, tick)
        block = blocks[i]
        if not is_anchor(block, tick):
            raise ChartStudioError(
                f"There is no tempo change at {place_name(timing, tick)} to remove"
            )
        pauses = [k for k, a in enumerate(block) if k and a.tick == tick and a.cause in _PAUSES]
        if pauses:
            return _without_pauses(timing, i, pauses, later)
        warp = next((k for k, a in enumerate(block) if k and _warps(block, k, tick)), None)
        if warp is not None:
            return _without_warp(timing, i, warp, later)
        return _without_change(timing, i, tick, later)

    return change


def _warps(block: Block, k: int, tick: int) -> bool:
    """Whether ticks pass in no time before an anchor of a block, to or from a tick."""
    return block[k].tick > block[k - 1].tick and tick in (block[k - 1].tick, block[k].tick)


def _without_pauses(timing: TimingMap, i: int, pauses: list[int], later: Later) -> TimingMap:
    blocks = blocks_of(timing)
    kept: list[Anchor] = []
    gone_s = 0.0
    for k, anchor in enumerate(blocks[i]):
        if k in pauses:
            gone_s += anchor.seconds - blocks[i][k - 1].seconds
            # What the pause's anchor said besides goes over to the one before it.
            bar = kept[-1].bar or anchor.bar
            meter = anchor.meter if anchor.bar else kept[-1].meter
            kept[-1] = replace(kept[-1], bpm=anchor.bpm, bar=bar, meter=meter)
        else:
            kept.append(replace(anchor, seconds=anchor.seconds - gone_s))
    blocks[i] = tuple(kept)
    settle(blocks, i, -gone_s, timing, later)
    return map_of(blocks)


def _without_warp(timing: TimingMap, i: int, k: int, later: Later) -> TimingMap:
    blocks = blocks_of(timing)
    before, rest = blocks[i][:k], blocks[i][k:]
    by_s = length_s(rest[0].tick - before[-1].tick, checked_bpm(before[-1].bpm))
    rest = moved((replace(rest[0], cause=Cause.TEMPO), *rest[1:]), by_s)
    blocks[i : i + 1] = [before, rest]
    settle(blocks, i + 1, by_s, timing, later)
    return map_of(blocks)


def _without_change(timing: TimingMap, i: int, tick: int, later: Later) -> TimingMap:
    blocks = blocks_of(timing)
    if tick == blocks[0][0].tick:
        raise ChartStudioError("The first tempo cannot be removed; change it instead")
    if len(blocks[i]) > 1:
        raise ChartStudioError(
            f"The tempo at {place_name(timing, tick)} ends a pause or a warp; remove that first"
        )
    del blocks[i]
    if i == len(blocks):
        return map_of(blocks)
    if later == "stay":
        refit(blocks, i - 1)
        return map_of(blocks)
    last, after = blocks[i - 1][-1], blocks[i][0]
    until_s = last.seconds + length_s(after.tick - last.tick, last.bpm)
    move_from(blocks, i, until_s - after.seconds)
    return map_of(blocks)


# What was found --------------------------------------------------------------------------


def use_found(found: TimingMap, near_s: float) -> Retiming:
    """Another timing altogether, such as one that was found.

    Parameters
    ----------
    found : TimingMap
        Its bars may be counted from anywhere; it has no pauses.
    near_s : float
        Tick 0 becomes the start of the found bar that is nearest to this second, so that
        notes that keep their ticks stay in their bar.
    """

    def change(timing: TimingMap) -> TimingMap:
        origin, bar = found.anchors[0].tick, TICKS_PER_BEAT * found.anchors[0].meter
        low = origin + round((found.tick_at(near_s) - origin) / bar) * bar
        zero = min(
            (low - bar, low, low + bar), key=lambda tick: abs(found.seconds_at(tick) - near_s)
        )
        meter = next(
            (a.meter for a in reversed(found.anchors) if a.bar and a.tick <= zero),
            found.anchors[0].meter,
        )
        first = Anchor(0, found.seconds_at(zero), found.bpm_at(zero), meter, bar=True)
        # The first tempo now starts at tick 0, wherever it was counted from.
        others = (replace(a, tick=a.tick - zero) for a in found.anchors[1:] if a.tick > zero)
        return map_of([(first, *others)])

    return change


def use_found_between(found: TimingMap, start: int, end: int, later: Later) -> Retiming:
    """What was found for a stretch instead of the timing of ``[start, end)``.

    The found beat nearest to ``start`` becomes that tick, and what was found holds exactly up
    to ``end``: the bar before the stretch takes up the difference. With ``later="move"`` the
    beats after the stretch follow it in time. With ``"stay"`` they keep their seconds from
    the next bar on, and their ticks move by whole beats where the stretch has more or fewer
    than before.
    """

    def change(timing: TimingMap) -> TimingMap:
        zero = found.snap(found.tick_at(timing.seconds_at(start)), 4)
        n_ticks = end - start
        if later == "stay":
            until = found.snap(found.tick_at(timing.seconds_at(end)), 4)
            n_ticks = max(until - zero, TICKS_PER_BEAT)
        blocks = _parted(timing, start, end, later)
        i, j = index_at(blocks, start), index_at(blocks, end)
        if len(blocks[i]) > 1:
            raise ChartStudioError(
                f"{place_name(timing, start)} is a pause or a warp; select from the bar after it"
            )
        bpm = checked_bpm(found.bpm_at(zero))
        head = replace(blocks[i][0], seconds=found.seconds_at(zero), bpm=bpm)
        inside = (a for a in found.anchors if zero < a.tick < zero + n_ticks)
        new = [*blocks[:i], (head,)]
        new += [(replace(a, tick=a.tick - zero + start, bar=False),) for a in inside]
        k = len(new)
        rest = _renumbered(blocks[j:], start + n_ticks - end)
        by_s = found.seconds_at(zero + n_ticks) - rest[0][0].seconds
        new += [moved(rest[0], by_s), *rest[1:]]
        if i:
            refit(new, i - 1)
        settle(new, k, by_s, timing, later)
        return map_of(new)

    return change


def _parted(timing: TimingMap, start: int, end: int, later: Later) -> list[Block]:
    """Blocks with anchors at both ends of a stretch, and where what lies outside is to stay."""
    blocks = blocks_of(timing)
    i = put(blocks, timing, start)
    before = timing.measure_start(timing.position(start - 1).measure)
    if i and blocks[i - 1][-1].tick < before:
        put(blocks, timing, before)
    j = put(blocks, timing, end)
    after = timing.measure_start(timing.position(end).measure + 1)
    if later == "stay" and (j + 1 == len(blocks) or blocks[j + 1][0].tick > after):
        put(blocks, timing, after)
    return blocks


def _renumbered(blocks: Sequence[Block], by_ticks: int) -> list[Block]:
    """Blocks on later ticks; the measure starts anew where they begin."""
    found = [tuple(replace(a, tick=a.tick + by_ticks) for a in block) for block in blocks]
    if by_ticks:
        found[0] = (replace(found[0][0], bar=True), *found[0][1:])
    return found

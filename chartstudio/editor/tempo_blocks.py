"""A timing map as blocks with sections between them: what moves together, and what adapts.

Anchors that a pause or a warp joins are one *block*; between two blocks lies a section with
one tempo. Knows what keeps a map in order; knows no verb and no song.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, TimingMap

BPM_LIMITS = (1.0, 9999.0)
"""Tempos that can be set; files may hold others, which stay as they are."""

Block = tuple[Anchor, ...]

Later = Literal["stay", "move"]
"""What becomes of the beats after a place that is changed: see `retime`."""


def blocks_of(timing: TimingMap) -> list[Block]:
    """The anchors, those that a pause or a warp joins together."""
    found: list[list[Anchor]] = []
    for anchor in timing.anchors:
        last = found[-1][-1] if found else None
        if last is not None and (last.tick == anchor.tick or last.seconds == anchor.seconds):
            found[-1].append(anchor)
        else:
            found.append([anchor])
    return [tuple(block) for block in found]


def map_of(blocks: Sequence[Block]) -> TimingMap:
    """The blocks as a map again.

    Raises
    ------
    ChartStudioError
        When they are out of order: a limit of what floating point can tell apart.
    """
    try:
        return TimingMap(tuple(anchor for block in blocks for anchor in block))
    except ValueError as error:
        raise ChartStudioError(f"The timing would be out of order ({error})") from error


def index_at(blocks: Sequence[Block], tick: int) -> int:
    """The block from which time runs at a tick; the first also runs backwards."""
    return max(sum(block[0].tick <= tick for block in blocks) - 1, 0)


def is_anchor(block: Block, tick: int) -> bool:
    """Whether one of a block's anchors lies on a tick."""
    return any(anchor.tick == tick for anchor in block)


def moved(block: Block, by_s: float) -> Block:
    """The block, later by seconds."""
    return tuple(replace(a, seconds=a.seconds + by_s) for a in block)


def move_from(blocks: list[Block], first: int, by_s: float) -> None:
    """Move every block from one on."""
    blocks[first:] = [moved(block, by_s) for block in blocks[first:]]


def with_tempo(block: Block, bpm: float) -> Block:
    """The block with another tempo from its last tick on."""
    tick = block[-1].tick
    return tuple(replace(a, bpm=bpm) if a.tick == tick else a for a in block)


def length_s(n_ticks: int, bpm: float) -> float:
    """How long ticks last at a tempo."""
    return n_ticks / TICKS_PER_BEAT * 60.0 / bpm


def checked_bpm(bpm: float) -> float:
    """A tempo that may be set.

    Raises
    ------
    ChartStudioError
        Outside `BPM_LIMITS`.
    """
    low, high = BPM_LIMITS
    if not low <= bpm <= high:
        raise ChartStudioError(
            f"{bpm:.6g} BPM is outside what games play; choose {low:g} to {high:,g} BPM"
        )
    return bpm


def refit(blocks: list[Block], i: int) -> None:
    """Give a section the tempo that leads from its block to the next.

    Raises
    ------
    ChartStudioError
        When the next block would be reached too early, or at a tempo out of range.
    """
    here, after = blocks[i][-1], blocks[i + 1][0]
    left_s = after.seconds - here.seconds
    bpm = (after.tick - here.tick) / TICKS_PER_BEAT * 60.0 / left_s if left_s > 0 else math.inf
    if not BPM_LIMITS[0] <= bpm <= BPM_LIMITS[1]:
        where = place_name(_map_of_ticks(blocks), after.tick)
        raise ChartStudioError(
            f"There is no room for that before {where}; the beats would pass the tempo change "
            "beside them, or their tempo leave 1 to 9,999 BPM"
        )
    blocks[i] = with_tempo(blocks[i], bpm)


def _map_of_ticks(blocks: Sequence[Block]) -> TimingMap:
    """A map of the blocks' bars alone, for naming places of a timing that cannot be."""
    anchors = [a for block in blocks for a in block]
    return TimingMap(tuple(replace(a, seconds=float(i)) for i, a in enumerate(anchors)))


def place_name(timing: TimingMap, tick: int) -> str:
    """A tick as error messages say it: ``bar 12, beat 2.5``."""
    at = timing.position(tick)
    beat = f"{at.beat:.2f}".rstrip("0").rstrip(".")
    return f"bar {at.measure}, beat {beat}"


def settle(blocks: list[Block], i: int, by_s: float, old: TimingMap, later: Later) -> None:
    """Let what comes after a block follow it, or fit the tempo to what stays.

    Parameters
    ----------
    blocks : list of Block
        Block ``i`` has its new second already.
    i : int
    by_s : float
        How much later the end of the block is than it was.
    old : TimingMap
        The map as it was, for the bar line that stays where no block does.
    later : {"stay", "move"}
    """
    if later == "move":
        move_from(blocks, i + 1, by_s)
        return
    if i + 1 == len(blocks):
        tick = blocks[i][-1].tick
        bar = old.measure_start(old.position(tick).measure + 1)
        last = blocks[i][-1]
        blocks.append((Anchor(bar, old.seconds_at(bar), old.bpm_at(bar), last.meter),))
    refit(blocks, i)


def put(blocks: list[Block], timing: TimingMap, tick: int) -> int:
    """Make a tick an anchor, at the time it has; returns its block.

    Raises
    ------
    ChartStudioError
        Before the first anchor, and inside a warp.
    """
    i = index_at(blocks, tick)
    block = blocks[i]
    if tick < blocks[0][0].tick:
        raise ChartStudioError(
            "Nothing can change before the first beat; move the whole grid earlier instead"
        )
    if is_anchor(block, tick):
        return i
    if tick < block[-1].tick:
        where = place_name(timing, tick)
        raise ChartStudioError(
            f"{where} is inside a warp, where no time passes; remove the warp first"
        )
    last = block[-1]
    blocks.insert(i + 1, (Anchor(tick, timing.seconds_at(tick), last.bpm, last.meter),))
    return i + 1

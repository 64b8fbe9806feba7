"""Checks of single objects and of the chart's figures: places, times, arcs, chains, speed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from chartstudio.core.mode import Issue
from chartstudio.core.note import sort_notes
from chartstudio.core.song import Chart
from chartstudio.modes.beatsaber.flow import SAME_TIME_S
from chartstudio.modes.beatsaber.notes import Arc, ColorNote, SaberNote, Wall
from chartstudio.modes.beatsaber.ranks import (
    half_jump_beats,
    jump_distance_m,
    name_of,
    rank_index,
    reaction_s,
)
from chartstudio.modes.beatsaber.scene import HANDS, Block, Scene, without
from chartstudio.modes.beatsaber.space import in_grid, placed_by_mods

HOT_START_S = 1.5
SAFE_START_S = 2.0
"""The game pads no silence: what comes earlier meets a player who is not ready yet."""

BLOCK_M = 0.4
"""Depth of a block in metres."""

_CLOSE_S = 0.1

USUAL_NJS = ((6, 13), (8, 15), (9, 17), (11, 20), (14, 23))
"""Usual note jump speeds by rank, wider by two than mappers' tables (BSMG wiki, "Note Jump
Speed & Jump Distance")."""

USUAL_JUMP_M = (16.0, 38.0)
SHORTEST_REACTION_S = 0.38

_FAST_BPM = ((100, -1), (160, 0), (200, 1))
_FASTEST_SHIFT = 2


def check_cells(scene: Scene) -> Iterator[Issue]:
    """Two blocks or bombs in one cell, at one time or running into each other."""
    close_s = min(max(BLOCK_M / scene.njs, SAME_TIME_S), _CLOSE_S)
    last: dict[tuple[int, int, int], tuple[Block, float]] = {}
    both = [*zip(scene.cut.notes, scene.cut.times.tolist(), strict=True)]
    if scene.bombs.notes:
        both += zip(scene.bombs.notes, scene.bombs.times.tolist(), strict=True)
        both.sort(key=lambda item: item[1])
    for note, time_s in both:
        cell = (note.x, note.y, note.rotation)
        before = last.get(cell)
        last[cell] = note, time_s
        if before is None or time_s - before[1] >= close_s:
            continue
        where = f"column {note.x + 1}, row {note.y + 1}"
        if time_s - before[1] <= SAME_TIME_S / 2:
            text = f"Two objects at once in {where}"
            yield Issue("same-cell", "error", text, before[0].tick, note.tick, without(note))
        else:
            text = f"Two objects run into each other in {where}"
            yield Issue("fused", "warning", text, before[0].tick, note.tick)


def check_grid(scene: Scene) -> Iterator[Issue]:
    """Objects outside the game's twelve cells, and on none of the beat's grids."""
    timed = [n for n in scene.notes if not isinstance(n, Wall)]
    for note in timed:
        if not in_grid(note.x, note.y) and not placed_by_mods(note):
            text = "Outside the grid of 4 x 3: needs the Mapping Extensions mod"
            yield Issue("outside-grid", "hint", text, note.tick, note.tick)
    snaps = scene.timing.snaps_of(np.array([n.tick for n in timed], dtype=np.int64))
    for i in np.flatnonzero(snaps == 0):
        tick = timed[i].tick
        yield Issue("off-grid", "hint", "On none of the grids up to 1/192", tick, tick)


def check_start(scene: Scene) -> Iterator[Issue]:
    """Objects before the audio starts, or before a player is ready."""
    played = [n for n in scene.notes if not isinstance(n, Wall | Arc)]
    if not played:
        return
    first = played[0]
    first_s = scene.timing.seconds_at(first.tick)
    if first_s < 0:
        text = "Before the audio starts: the game leaves it out"
        yield Issue("before-start", "warning", text, first.tick, first.tick)
    elif first_s < SAFE_START_S:
        yield Issue(
            "hot-start",
            "warning" if first_s < HOT_START_S else "hint",
            f"The first note comes after {first_s:.2f} s; {SAFE_START_S:g} s are safe",
            first.tick,
            first.tick,
        )


def check_jump(scene: Scene) -> Iterator[Issue]:
    """Speed and distance of objects against what is usual."""
    if not scene.cut.notes:
        return
    tick = scene.cut.notes[0].tick
    low, high = usual_njs(scene.level, scene.bpm)
    if not low <= scene.njs <= high:
        text = (
            f"Note jump speed {scene.njs:g} is unusual for {name_of(scene.level)} at "
            f"{scene.bpm:g} BPM: {low:g} to {high:g} is common"
        )
        yield Issue("njs-range", "warning", text, tick, tick)
    far_m = jump_distance_m(scene.bpm, scene.njs, scene.jump_offset)
    seen_s = reaction_s(scene.bpm, scene.njs, scene.jump_offset)
    if not USUAL_JUMP_M[0] <= far_m <= USUAL_JUMP_M[1]:
        text = (
            f"Jump distance {far_m:.1f} m (half jump "
            f"{half_jump_beats(scene.bpm, scene.njs, scene.jump_offset):g} beats); "
            f"{USUAL_JUMP_M[0]:g} to {USUAL_JUMP_M[1]:g} m can be read"
        )
        yield Issue("jump-distance", "warning", text, tick, tick)
    elif seen_s < SHORTEST_REACTION_S:
        text = f"Notes appear only {seen_s * 1000:.0f} ms ahead"
        yield Issue("reaction-time", "warning", text, tick, tick)


def usual_njs(level: float, bpm: float) -> tuple[float, float]:
    """Usual note jump speeds of a rank: faster songs take faster notes."""
    shift = next((by for below, by in _FAST_BPM if bpm < below), _FASTEST_SHIFT)
    low, high = USUAL_NJS[rank_index(level)]
    return float(low + shift), float(high + shift)


def check_chains(scene: Scene) -> Iterator[Issue]:
    """Chains that crash the game, go nowhere or have no note at their head."""
    heads = {(n.tick, n.x, n.y) for n in scene.cut.notes}
    for chain in scene.chains:
        tick, end = chain.tick, max(chain.tick, chain.end)
        if chain.squish == 0:
            text = "A chain of squish 0 crashes the game"
            fix = _with(chain, replace(chain, squish=1.0))
            yield Issue("chain-squish", "error", text, tick, end, fix)
        if chain.n_slices < 1:
            text = f"A chain of {chain.n_slices} links breaks the game"
            yield Issue("chain-links", "error", text, tick, end, without(chain))
        elif chain.n_slices > 1 and (chain.x, chain.y) == (chain.tail_x, chain.tail_y):
            text = "A chain that ends where it starts"
            yield Issue("chain-links", "warning", text, tick, end)
        if chain.end < chain.tick:
            yield Issue("backwards", "warning", "A chain that ends before it starts", tick, end)
        if (chain.tick, chain.x, chain.y) not in heads:
            head = ColorNote(tick, tick, chain.x, chain.y, chain.color, chain.direction)
            text = "A chain without a note at its head"
            yield Issue("chain-head", "warning", text, tick, end, _with(None, head))


def check_arcs(scene: Scene) -> Iterator[Issue]:
    """Arcs that start at no note, and arcs that end before they start."""
    heads = {(n.tick, n.x, n.y, n.color) for n in scene.cut.notes if isinstance(n, ColorNote)}
    for arc in scene.arcs:
        if arc.end < arc.tick:
            text = "An arc that ends before it starts"
            yield Issue("backwards", "warning", text, arc.end, arc.tick)
        elif (arc.tick, arc.x, arc.y, arc.color) not in heads:
            text = f"{HANDS[arc.color != 0]} arc that starts at no note"
            yield Issue("arc-head", "hint", text, arc.tick, arc.end)


def _with(old: SaberNote | None, new: SaberNote) -> Callable[[Chart], Chart]:
    """A fix: one note in place of another, or beside the rest."""

    def fix(chart: Chart) -> Chart:
        kept = chart if old is None else without(old)(chart)
        return replace(chart, notes=sort_notes((*kept.notes, new)))

    return fix

"""Checks of objects against one another: hands that clash, bombs in the way, hidden notes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache

import numpy as np

from chartstudio.core.mode import Issue, Severity
from chartstudio.modes.beatsaber.flow import Swing
from chartstudio.modes.beatsaber.notes import RED, Chain, ColorNote
from chartstudio.modes.beatsaber.ranks import reaction_s
from chartstudio.modes.beatsaber.scene import HANDS, Scene
from chartstudio.modes.beatsaber.space import cut_angle, place_of, unit

NEVER_HIDDEN_S = (0.025, 0.05, 0.08, 0.1, 0.1)
"""A note this close behind another reads as one pattern with it, by rank."""

SEEN_AGAIN_S = (1.2, 1.0, 0.75, 0.625, 0.5)
"""A note this far behind another leaves time to react once it shows, by rank (the figures of
MapCheck, the mappers' usual checker)."""

_FACING = ((1.1, 0.7), (1.5, 0.86), (2.1, 0.96))
"""Distance in cells, and cosine from which two cuts at that distance meet."""

_PATH_CELLS = 1.5
_PATH_COSINE = 0.92
_BOMB_BEFORE_S = 0.05
_BOMB_AFTER_S = 0.08


def check_vision_blocks(scene: Scene) -> Iterator[Issue]:
    """Notes before the player's eyes that hide the ones right behind them.

    The two cells in the middle of the grid do, each for its own column and for the row of
    the player's eyes on its own side. One issue for each note that hides others.
    """
    notes = [n for n in scene.cut.notes if isinstance(n, ColorNote)]
    times = scene.cut.times
    nearest_s, farthest_s = hiding_span(scene)
    behind = {x: [i for i, n in enumerate(notes) if hides(x, n.x, n.y)] for x in (1, 2)}
    behind_times = {x: times[indices] for x, indices in behind.items()}
    for i, note in enumerate(notes):
        if note.y != 1 or note.x not in behind:
            continue
        at = int(np.searchsorted(behind_times[note.x], times[i] + nearest_s))
        if at == len(behind[note.x]) or behind_times[note.x][at] >= times[i] + farthest_s:
            continue
        after_s = float(behind_times[note.x][at] - times[i])
        text = f"Hides a note {after_s * 1000:.0f} ms behind it"
        yield Issue("vision-block", "warning", text, note.tick, notes[behind[note.x][at]].tick)


def hides(blocker_x: int, x: int, y: int) -> bool:
    """Whether a note in the middle row of a centre column hides the one in a cell behind it."""
    return x == blocker_x and y >= 1


def hiding_span(scene: Scene) -> tuple[float, float]:
    """From when until when after a note others are hidden, in seconds.

    What has not yet appeared when the note is cut was never hidden by it: the span ends at
    the reaction time.
    """
    seen_s = reaction_s(scene.bpm, scene.njs, scene.jump_offset)
    nearest_s, farthest_s = hiding_span_of(scene.level)
    return nearest_s, min(seen_s, farthest_s)


@lru_cache(maxsize=64)
def hiding_span_of(level: float) -> tuple[float, float]:
    """The longest such span at any note jump speed."""
    ranks = range(1, len(SEEN_AGAIN_S) + 1)
    return (
        float(np.interp(level, ranks, NEVER_HIDDEN_S)),
        float(np.interp(level, ranks, SEEN_AGAIN_S)),
    )


def check_handclaps(scene: Scene) -> Iterator[Issue]:
    """Hands that swing at one another, and crossed hands with opposite swings.

    Hands that cross on their way outwards pass one above the other, which good maps do ask
    for: a hint. Crossed hands that swing inwards meet: a warning.
    """
    done = -1
    for red, blue in scene.pairs():
        found = clash(red, blue) if red.tick != done else None
        if found is not None:
            done = red.tick
            issue, severity, text = _CLASHES[found]
            yield Issue(issue, severity, text, red.tick, blue.tick)


class Clash(Enum):
    """How two hands get in each other's way."""

    FACING = "facing"
    INWARDS = "inwards"
    OUTWARDS = "outwards"


_CLASHES: dict[Clash, tuple[str, Severity, str]] = {
    Clash.FACING: ("handclap", "warning", "Both hands swing at one another"),
    Clash.INWARDS: ("crossed-hands", "warning", "Crossed hands that swing together"),
    Clash.OUTWARDS: ("crossed-hands", "hint", "Crossed hands that swing apart"),
}


def clash(red: ColorNote, blue: ColorNote) -> Clash | None:
    """How the hands that cut two notes of one time get in each other's way, if they do."""
    red_cut, blue_cut = _cut(red), _cut(blue)
    if red_cut is None or blue_cut is None:
        return None
    right, up = place_of(blue.x) - place_of(red.x), place_of(blue.y) - place_of(red.y)
    apart = math.hypot(right, up)
    if apart == 0:
        return None
    towards = min(_dot(red_cut, (right, up)), -_dot(blue_cut, (right, up))) / apart
    if any(apart <= cells and towards >= cosine for cells, cosine in _FACING):
        return Clash.FACING
    if right <= -1 and abs(up) <= 1 and red_cut[0] * blue_cut[0] < -0.1:
        return Clash.OUTWARDS if red_cut[0] > 0 else Clash.INWARDS
    return None


def check_swing_paths(scene: Scene) -> Iterator[Issue]:
    """A note of the other hand where a swing goes through, at the same time."""
    done = -1
    for red, blue in scene.pairs():
        if red.tick == done:
            continue
        for note, other in ((red, blue), (blue, red)):
            if swung_into(note, other):
                done = red.tick
                text = f"{HANDS[note.color != RED]} swings on into the other hand's note"
                yield Issue("swing-path", "warning", text, note.tick, other.tick)


def swung_into(note: ColorNote, other: ColorNote) -> bool:
    """Whether one hand's swing goes on through the other hand's note.

    Two that meet head-on are a `clash` instead.
    """
    cut, other_cut = _cut(note), _cut(other)
    if cut is None or (other_cut is not None and _dot(cut, other_cut) < -_PATH_COSINE):
        return False
    return _in_path(cut, note, place_of(other.x), place_of(other.y))


def check_bombs_in_path(scene: Scene) -> Iterator[Issue]:
    """Bombs where a saber cuts or swings through."""
    ends = np.array([s.end_s for s in scene.swings])
    first = np.searchsorted(scene.bombs.times, ends - _BOMB_BEFORE_S)
    end = np.searchsorted(scene.bombs.times, ends + _BOMB_AFTER_S)
    places: dict[tuple[int, int], set[tuple[float, float]]] = {}
    for i in np.flatnonzero(first < end):
        swing, some = scene.swings[i], (int(first[i]), int(end[i]))
        if some not in places:
            # Many chains may end at one time, among many bombs: each cell is looked at once.
            bombs = scene.bombs.notes[slice(*some)]
            places[some] = {(place_of(b.x), place_of(b.y)) for b in bombs}
        if any(_swung_through(swing, x, y) for x, y in places[some]):
            text = f"A bomb where {HANDS[swing.hand].lower()} swings through"
            yield Issue("bomb-in-path", "warning", text, swing.last.tick, swing.last.tick)


def _swung_through(swing: Swing, x: float, y: float) -> bool:
    if not swing.arrow:
        return False
    return _in_path(unit(swing.end_angle), swing.last, x, y)


def _in_path(cut: tuple[float, float], note: ColorNote | Chain, x: float, y: float) -> bool:
    """Whether a cell lies right where a cut goes on to."""
    right, up = x - place_of(note.x), y - place_of(note.y)
    apart = math.hypot(right, up)
    return 0 < apart <= _PATH_CELLS and _dot(cut, (right, up)) >= _PATH_COSINE * apart


def _cut(note: ColorNote) -> tuple[float, float] | None:
    angle = cut_angle(note.direction, note.angle)
    return None if angle is None else unit(angle)


def _dot(a: tuple[float, float], b: tuple[float, float]) -> float:
    return a[0] * b[0] + a[1] * b[1]

"""Checks of one hand's swings: parity, resets, angles, speed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from chartstudio.core.mode import Issue, Severity
from chartstudio.modes.beatsaber.flow import SAME_TIME_S, Start, Swing, strain
from chartstudio.modes.beatsaber.notes import RED, ColorNote
from chartstudio.modes.beatsaber.scene import HANDS, Scene
from chartstudio.modes.beatsaber.space import between, cut_angle, place_of, unit

DOUBLE_TURN = 112.0
"""From this turn on the second cut goes the same way as the first (arrows 45 degrees apart
or less, BSMG wiki "Double Directionals")."""

IMPOSSIBLE_RESET_S = 0.120
"""Back and down again within this time: nobody swings 17 times a second with one hand."""

QUICK_RESET_S = 0.5
QUICK_WRIST_S = 0.25
"""A change of side that the arm has to make without a cut: wants this much time."""

TOO_FAST_S = 0.050
"""Two swings of a hand within this time cannot be told apart, let alone swung."""

_QUICK_STRAIN_S = 0.4
_STRAINED = 40.0
_INLINE_S = 0.15
_ACROSS = 90.0
_SIDE_BY_SIDE = 0.1


def check_double_directionals(scene: Scene) -> Iterator[Issue]:
    """A hand that cuts the same way twice and must go back in between.

    With one saber there is no other hand to keep the flow: only the quick ones are warned of.
    """
    worth_a_warning_s = QUICK_WRIST_S if scene.characteristic == "OneSaber" else QUICK_RESET_S
    for hand in scene.hands:
        for before, swing in pairwise(hand):
            if swing.turn < DOUBLE_TURN or swing.gap_s >= QUICK_RESET_S:
                continue
            severity: Severity = "hint"
            if before.arrow and swing.arrow:
                if swing.gap_s < worth_a_warning_s:
                    severity = "error" if swing.gap_s < IMPOSSIBLE_RESET_S else "warning"
            elif swing.gap_s >= QUICK_WRIST_S:
                continue  # a dot may be cut any way: the direction was a guess
            yield Issue(
                "double-directional",
                severity,
                f"{HANDS[swing.hand]} cuts the same way twice within {_ms(swing.gap_s)}",
                before.last.tick,
                swing.first.tick,
            )


def check_resets(scene: Scene) -> Iterator[Issue]:
    """A hand that swings from the same side again after a quarter turn, with little time."""
    for hand in scene.hands:
        for before, swing in pairwise(hand):
            if (
                swing.start is Start.RESET
                and swing.turn < DOUBLE_TURN
                and swing.gap_s < QUICK_RESET_S
            ):
                quick = swing.gap_s < QUICK_WRIST_S and before.arrow and swing.arrow
                yield Issue(
                    "parity-reset",
                    "warning" if quick else "hint",
                    f"{HANDS[swing.hand]} swings {swing.parity.value} twice in a row, "
                    f"{_ms(swing.gap_s)} apart",
                    before.last.tick,
                    swing.first.tick,
                )


def check_awkward_angles(scene: Scene) -> Iterator[Issue]:
    """Cuts that roll the wrist far, right after another."""
    for swing in scene.swings:
        strained = strain(swing.roll, swing.hand) >= _STRAINED
        if swing.arrow and strained and swing.gap_s < _QUICK_STRAIN_S:
            yield Issue(
                "awkward-angle",
                "hint",
                f"{HANDS[swing.hand]} {swing.parity.value} at an awkward angle after "
                f"{_ms(swing.gap_s)}",
                swing.first.tick,
                swing.last.tick,
            )


def check_speed(scene: Scene) -> Iterator[Issue]:
    """A hand that has to swing again at once."""
    for hand in scene.hands:
        for before, swing in pairwise(hand):
            if swing.gap_s < TOO_FAST_S:
                yield Issue(
                    "swing-too-fast",
                    "error" if before.arrow and swing.arrow else "warning",
                    f"{HANDS[swing.hand]} swings again after {_ms(swing.gap_s)}",
                    before.last.tick,
                    swing.first.tick,
                )


def check_stacks(scene: Scene) -> Iterator[Issue]:
    """Notes of one hand and time that one swing cannot cut."""
    for swing in scene.swings:
        if len(swing.notes) < 2:
            continue
        row = _at_once(swing, scene)
        if len(row) < 2:
            continue
        arrows = [a for n in row if (a := cut_angle(n.direction, n.angle)) is not None]
        if not arrows:
            continue
        tick = row[0].tick
        if max(between(arrows[0], a) for a in arrows) > _ACROSS:
            text = f"{HANDS[swing.hand]} cuts opposite ways at once"
            yield Issue("hammer-hit", "error", text, tick, tick)
        elif _along(row, arrows[0]) < _SIDE_BY_SIDE:
            text = f"{HANDS[swing.hand]} cuts notes side by side in one swing"
            yield Issue("side-by-side", "warning", text, tick, tick)


def _at_once(swing: Swing, scene: Scene) -> list[ColorNote]:
    """The swing's notes that share the time of its first."""
    notes = [n for n in swing.notes if isinstance(n, ColorNote)]
    if notes and notes[-1].tick != notes[0].tick:
        until = scene.timing.tick_at(swing.start_s + SAME_TIME_S)
        notes = [n for n in notes if n.tick <= until]
    return notes


def _along(row: list[ColorNote], angle: float) -> float:
    """How far apart, in cells, the outermost notes lie along a cut."""
    right, up = unit(angle)
    places = [place_of(n.x) * right + place_of(n.y) * up for n in row]
    return max(places) - min(places)


def check_inline_angles(scene: Scene) -> Iterator[Issue]:
    """A note right behind another in the same cell that does not lead straight back."""
    for hand in scene.hands:
        for before, swing in pairwise(hand):
            if (
                swing.gap_s <= _INLINE_S
                and before.arrow
                and swing.arrow
                and 67.0 < swing.turn < DOUBLE_TURN
                and (swing.first.x, swing.first.y) == (before.last.x, before.last.y)
            ):
                yield Issue(
                    "inline-angle",
                    "warning",
                    f"{HANDS[swing.hand]} turns sharply in one cell within {_ms(swing.gap_s)}",
                    before.last.tick,
                    swing.first.tick,
                )


def check_one_saber(scene: Scene) -> Iterator[Issue]:
    """Red notes where there is no red saber."""
    for note in scene.cut.notes:
        if isinstance(note, ColorNote) and note.color == RED:
            text = "Red note in a chart for one saber, which is blue"
            yield Issue("no-red-saber", "error", text, note.tick, note.tick)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"

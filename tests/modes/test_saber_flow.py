"""Beat Saber: which notes are one swing, and which side of the hand leads it."""

import random
from pathlib import Path

import pytest
from saber_maps import blue, bomb, chain, human_charts, red

from chartstudio.core.note import Note, sort_notes
from chartstudio.core.timing import TimingMap
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber.flow import (
    Parity,
    Start,
    Swing,
    by_hand,
    strain,
    swings_of,
    wrist_roll,
)
from chartstudio.modes.beatsaber.space import saber_notes

TIMING = TimingMap.constant(120)  # half a second a beat


def swings(*notes: Note) -> tuple[Swing, ...]:
    return swings_of(saber_notes(sort_notes(notes)), TIMING)


def story(*notes: Note) -> str:
    """Each swing's side and start: ``f`` or ``b``, ``!`` for a reset, ``*`` for bombs."""
    marks = {Start.RESET: "!", Start.BOMB: "*"}
    return " ".join(s.parity.value[0] + marks.get(s.start, "") for s in swings(*notes))


def line(arrows: str, step: float = 1.0, hand=blue) -> list[Note]:  # type: ignore[no-untyped-def]
    return [hand(1 + i * step, 1, 0, arrow) for i, arrow in enumerate(arrows.split())]


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        (line("d u d u"), "f b f b"),
        (line("u d u d"), "b f b f"),
        (line("d o d o u"), "f b f b b!"),
        (line("o o o d"), "b f b f"),
        (line("o o u"), "b f b"),
        (line("o o"), "f b"),
        ([blue(1, 1, 0, "o"), blue(9, 1, 0, "u")], "f b"),
        (line("d d"), "f f!"),
        (line("u ur"), "b b!"),
        (line("d dr", 0.5), "f f!"),
        # To the left is forehand for the right hand, backhand for the left hand.
        (line("l r l r"), "f b f b"),
        (line("l r l r", hand=red), "b f b f"),
        (line("d l"), "f f!"),
        (line("d r"), "f b"),
        (line("d l", hand=red), "f b"),
        # Diagonals a quarter turn off still flow.
        (line("dl ur dl u dr ul"), "f b f b f b"),
        # After a long rest whatever is comfortable.
        ([blue(1, 1, 0, "d"), blue(9, 1, 0, "d")], "f f"),
        ([blue(1, 1, 0, "d"), blue(9, 1, 0, "u")], "f b"),
        # Bombs below the hand after a cut down send it back up.
        ([blue(1, 2, 0, "d"), bomb(1.5, 2, 0), blue(2, 2, 0, "d")], "f f*"),
        ([blue(1, 2, 0, "d"), bomb(1.5, 2, 0), blue(2, 2, 0, "o"), blue(3, 2, 0, "u")], "f f* b"),
        # Bombs elsewhere do not, and bombs that good flow passes change nothing.
        ([blue(1, 2, 0, "d"), bomb(1.5, 0, 2), blue(2, 2, 0, "d")], "f f!"),
        ([blue(1, 2, 0, "d"), bomb(1.5, 2, 0), blue(2, 2, 2, "u")], "f b"),
        ([blue(1, 2, 0, "d"), bomb(2, 2, 0), blue(2, 2, 1, "d")], "f f!"),
    ],
)
def test_sides(notes: list[Note], expected: str) -> None:
    assert story(*notes) == expected


@pytest.mark.parametrize(
    ("notes", "sizes"),
    [
        ([blue(1, 2, 0, "u"), blue(1, 2, 1, "u"), blue(1, 2, 2, "u")], [3]),  # tower
        ([blue(1, 0, 0, "ur"), blue(1, 2, 2, "ur")], [2]),  # window
        ([blue(1, 2, 2, "d"), blue(1.1, 2, 1, "o"), blue(1.2, 2, 0, "o")], [3]),  # slider
        ([blue(1, 0, 1, "r"), blue(1.2, 1, 0, "dr"), blue(1.4, 2, 0, "d")], [3]),
        ([blue(1, 0, 1, "r"), blue(1.2, 1, 0, "dr"), blue(1.4, 1, 1, "d")], [2, 1]),
        ([blue(1, 2, 0, "d"), blue(1.1, 2, 1, "o")], [1, 1]),  # against the cut
        ([blue(1, 2, 0, "d"), blue(1.1, 2, 0, "d")], [1, 1]),  # the same cell
        ([blue(1, 2, 1, "d"), blue(1.1, 2, 0, "u")], [1, 1]),  # the other way
        ([blue(1, 2, 2, "d"), blue(1.3, 2, 1, "d")], [1, 1]),  # too far apart in time
        ([blue(1, 0, 0, "o"), blue(1.1, 1, 0, "o"), blue(1.2, 2, 0, "o")], [3]),
        ([blue(1, 0, 0, "o"), blue(1.1, 1, 0, "o"), blue(1.2, 0, 0, "o")], [2, 1]),
        ([blue(1, 0, 0, "o"), blue(1.2, 1, 0, "o")], [1, 1]),  # dots, not quite so close
        ([blue(1, 0, 0, "o"), blue(1.05, 3, 0, "o")], [2]),
        ([blue(1, 0, 0, "o"), blue(1.12, 3, 0, "o")], [1, 1]),
        ([red(1, 1, 0), blue(1, 2, 0)], [1, 1]),
    ],
)
def test_what_one_swing_cuts(notes: list[Note], sizes: list[int]) -> None:
    assert [len(s.notes) for s in swings(*notes)] == sizes


def test_a_stack_is_cut_in_the_direction_of_its_arrows() -> None:
    (swing,) = swings(blue(1, 2, 0), blue(1, 2, 1), blue(1, 2, 2))
    assert [n.y for n in swing.notes] == [2, 1, 0]
    assert (swing.entry, swing.exit) == ((2, 2), (2, -1))


def test_a_stack_of_dots_is_cut_the_way_that_leads_back() -> None:
    _, up = swings(blue(1, 2, 0, "d"), blue(2, 2, 0, "o"), blue(2, 2, 1, "o"))
    assert (up.angle, up.arrow, up.turn) == (180, False, 0)
    assert [n.y for n in up.notes] == [0, 1]
    _, second = swings(blue(1, 2, 0, "u"), blue(2, 2, 0, "o"), blue(2, 2, 1, "o"))
    assert (second.angle, [n.y for n in second.notes]) == (0, [1, 0])


def test_a_chain_is_part_of_its_head_and_ends_at_its_tail() -> None:
    (swing,) = swings(blue(1, 2, 2), chain(1, 1.25, 2, 2, tail_x=1))
    assert len(swing.notes) == 1
    assert (swing.exit, swing.end_s - swing.start_s) == ((1, -1), 0.125)
    (alone,) = swings(chain(1, 1.25, 2, 2, tail_x=1))
    assert (alone.exit, alone.angle) == ((1, -1), 0)


def test_turns_and_gaps() -> None:
    first, second, third, last = swings(
        blue(1, 2, 0, "d"), blue(2, 2, 0, "u", angle=10), blue(3, 2, 0, "r"), blue(12, 2, 0, "r")
    )
    assert (first.turn, first.start, first.gap_s) == (0, Start.FIRST, float("inf"))
    assert (second.turn, second.gap_s) == (10, 0.5)
    assert third.turn == 80
    assert (last.turn, last.start) == (0, Start.PAUSE)


def test_wrists() -> None:
    fore, back = Parity.FOREHAND, Parity.BACKHAND
    assert (wrist_roll(0, fore, 1), wrist_roll(180, back, 1)) == (0, 0)
    assert wrist_roll(270, fore, 1) == -90
    assert strain(wrist_roll(270, fore, 1), 1) == 0
    assert strain(wrist_roll(90, fore, 1), 1) == 45
    assert strain(wrist_roll(90, fore, 0), 0) == 0
    assert strain(wrist_roll(0, back, 1), 1) == 90


def test_mirrored_charts_are_swung_the_same_way() -> None:
    rng = random.Random(5)
    arrows = ["u", "d", "l", "r", "ul", "ur", "dl", "dr", "o"]
    notes = sort_notes(
        rng.choice((red, blue))(1 + i / 4, rng.randrange(4), rng.randrange(3), rng.choice(arrows))
        for i in range(300)
    )
    plain = by_hand(swings(*notes))
    mirrored = by_hand(swings(*MODES["beatsaber"].mirror(notes, "horizontal")))
    for one, other in zip(plain, reversed(mirrored), strict=True):
        assert [(s.parity, s.start, len(s.notes)) for s in one] == [
            (s.parity, s.start, len(s.notes)) for s in other
        ]
        assert [s.roll for s in one] == pytest.approx([-s.roll for s in other])


def test_every_note_belongs_to_one_swing() -> None:
    rng = random.Random(6)
    notes = sort_notes(
        rng.choice((red, blue))(1 + rng.randrange(400) / 16, i % 4, i % 3, rng.choice("udlro"))
        for i in range(500)
    )
    found = swings(*notes)
    assert sort_notes(n for s in found for n in s.notes) == notes
    assert all(len(s.notes) > 0 and s.start_s <= s.end_s for s in found)
    assert [s.start_s for s in found] == sorted(s.start_s for s in found)


def test_what_mods_place_is_not_swung_at() -> None:
    assert len(swings(blue(1, 1, 0), blue(2, 1, 0, custom='{"coordinates":[9,9]}'))) == 1
    assert swings() == ()


def test_good_human_maps_keep_parity(shared: Path) -> None:
    """Mapper and flow agree on nearly all swings, which is what makes resets worth showing."""
    for song, chart, timing in human_charts(shared / "fixtures/beatsaber"):
        found = swings_of(saber_notes(chart.notes), timing)
        quick = [s for s in found if s.start is Start.RESET and s.gap_s < 0.5]
        strained = [s for s in found if strain(s.roll, s.hand) > 22.5]
        limit = 0.05 if chart.setting("characteristic") == "OneSaber" else 0.02
        print(f"{song:14} {chart.name:10} {len(found)} swings, {len(quick)} quick resets")
        assert len(quick) <= limit * len(found)
        assert len(strained) <= limit * len(found)

"""Beat Saber: placing, naming, mirroring; ranks and jump distances."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saber_maps import arc, blue, bomb, chain, red, wall

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote, Note
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, Wall
from chartstudio.modes.beatsaber.ranks import (
    NAMES,
    game_rank,
    half_jump_beats,
    jump_distance_m,
    name_of,
    rank_of,
    reaction_s,
)
from chartstudio.modes.beatsaber.space import (
    ANGLES,
    ANY,
    DOWN_LEFT,
    UP_RIGHT,
    between,
    cut_angle,
    place_of,
    placed_by_mods,
    unit,
)

MODE = MODES["beatsaber"]


@pytest.mark.parametrize(
    ("kind", "spot", "end", "note"),
    [
        ("red", (1, 0), 9, ColorNote(5, 5, 1, 0, 0, ANY)),
        ("blue", (0, 2, 3), 5, ColorNote(5, 5, 0, 2, 1, 3)),
        ("bomb", (3, 1, 4), 9, Bomb(5, 5, 3, 1)),
        ("wall", (2, 0), 9, Wall(5, 9, 2, 0, 1, 5)),
        ("wall", (2, 2, 1), 9, Wall(5, 9, 2, 2, 1, 3)),
        ("wall", (0, 0), 5, Wall(5, 5 + BEAT // 4, 0, 0, 1, 5)),
        ("arc", (3, 0, 0), 9, Arc(5, 9, 3, 0, 1, 0, 3, 2, ANY)),
        ("arc", (1, 1), 9, Arc(5, 9, 1, 1, 0, ANY, 1, 1, ANY)),
        ("arc", (3, 0, 0), 5, ColorNote(5, 5, 3, 0, 1, 0)),
        ("chain", (3, 2, 1), 9, Chain(5, 9, 3, 2, 1, 1, 3, 0, 5)),
        ("chain", (0, 0), 9, Chain(5, 9, 0, 0, 0, 0, 0, 2, 5)),
        ("chain", (1, 1, 7), 9, Chain(5, 9, 1, 1, 0, 7, 3, 0, 5)),
        ("chain", (1, 1, 7), 5, ColorNote(5, 5, 1, 1, 0, 7)),
    ],
)
def test_placing(kind: str, spot: tuple[float, ...], end: int, note: Note) -> None:
    assert MODE.place(kind, 5, end, spot) == note


@pytest.mark.parametrize(
    ("kind", "spot", "what"),
    [
        ("red", (4, 0), "columns 1 to 4 and rows 1 to 3, not 5, 1"),
        ("wall", (0, -1), "not 1, 0"),
        ("red", (0, 0, 9), "directions 0 to 8, not 9"),
        ("red", (0,), "needs a column and a row"),
        ("slider", (0, 0), "has no slider"),
    ],
)
def test_no_such_place(kind: str, spot: tuple[float, ...], what: str) -> None:
    with pytest.raises(ModeError, match=what):
        MODE.place(kind, 0, 0, spot)


def test_what_a_listing_says() -> None:
    assert MODE.facts(red(1, 2, 1, "u", angle=-10)) == {
        "x": 2, "y": 1, "direction": 0, "color": "red", "angle": -10,
    }  # fmt: skip
    assert MODE.facts(bomb(1, 0, 2)) == {"x": 0, "y": 2}
    assert MODE.facts(wall(1, 2, 0, 2, 4, 3)) == {"x": 0, "y": 2, "width": 4, "height": 3}
    assert MODE.facts(arc(1, 2, 3, 0))["tail_direction"] == 0
    assert MODE.facts(chain(1, 2, 3, 2)) | {"slices": 0} == {
        "x": 3, "y": 2, "direction": 1, "color": "blue", "tail_x": 3, "tail_y": 0, "slices": 0,
    }  # fmt: skip
    kinds = [red(1, 0, 0), blue(1, 0, 0), bomb(1, 0, 0), wall(1, 2, 0, 0, 1, 5)]
    kinds += [arc(1, 2, 0, 0), chain(1, 2, 0, 2)]
    assert tuple(MODE.kind(n) for n in kinds) == MODE.kinds
    assert [MODE.counts(n) for n in kinds] == [True, True, False, False, False, False]
    assert MODE.spot(red(1, 2, 1, "u")) == (2, 1, 0)
    assert MODE.spot(wall(1, 2, 3, 0, 1, 5)) == (3, 0)


def test_notes_of_other_games_are_refused() -> None:
    with pytest.raises(ModeError, match="LaneNote is no object of Beat Saber"):
        MODE.kind(LaneNote(0, 0, 0))


def test_mirroring_left_and_right_swaps_the_hands() -> None:
    given = (
        red(1, 0, 2, "ul", angle=20, rotation=15),
        wall(2, 3, 0, 0, 2, 5),
        replace(arc(4, 5, 3, 0), direction=UP_RIGHT, tail_x=1, mid_anchor=1, tail_rotation=30),
        chain(6, 7, 3, 2, tail_x=2),
    )
    expected = (
        blue(1, 3, 2, "ur", angle=-20, rotation=-15),
        wall(2, 3, 2, 0, 2, 5),
        Arc(4 * BEAT, 5 * BEAT, 0, 0, 0, 4, 2, 2, 0, 1.0, 1.0, 2, 0, -30),
        Chain(6 * BEAT, 7 * BEAT, 0, 2, 0, 1, 1, 0, 4),
    )
    assert MODE.mirror(given, "horizontal") == expected


def test_mirroring_up_and_down() -> None:
    given = (red(1, 0, 2, "ul", angle=20), wall(2, 3, 0, 2, 4, 3), arc(4, 5, 3, 0))
    expected = (
        red(1, 0, 0, "dl", angle=-20),
        wall(2, 3, 0, 0, 4, 3),
        Arc(4 * BEAT, 5 * BEAT, 3, 2, 1, 0, 3, 0, 1),
    )
    assert MODE.mirror(given, "vertical") == expected


@pytest.mark.parametrize(
    ("x", "mirrored"), [(1000, 4000), (1500, 3500), (-1500, 4500), (2000, 3000), (5, -2)]
)
def test_places_of_mapping_extensions_are_mirrored(x: int, mirrored: int) -> None:
    (note,) = MODE.mirror((red(1, x, 0),), "horizontal")
    assert isinstance(note, ColorNote)
    assert note.x == mirrored
    assert place_of(x) + place_of(note.x) == 3


def test_exact_angles_and_wall_sizes_of_mapping_extensions_are_mirrored() -> None:
    note = replace(red(1, 0, 0), direction=1030)
    assert [n.direction for n in MODE.mirror((note,), "horizontal")] == [1330]  # type: ignore[attr-defined]
    assert [n.direction for n in MODE.mirror((note,), "vertical")] == [1150]  # type: ignore[attr-defined]
    odd = replace(note, direction=77)
    assert [n.direction for n in MODE.mirror((odd,), "vertical")] == [77]  # type: ignore[attr-defined]
    half = wall(1, 2, 1000, 0, 1500, 5)
    assert MODE.mirror((half,), "horizontal") == (replace(half, x=4500),)
    assert MODE.mirror((replace(half, y=1500),), "vertical") == (replace(half, y=1500),)


CELLS = st.tuples(st.integers(0, 3), st.integers(0, 2))


@given(CELLS, st.integers(0, 8), st.integers(-45, 45), st.sampled_from(["horizontal", "vertical"]))
def test_a_mirrored_cut_is_the_mirrored_cut(
    cell: tuple[int, int], direction: int, angle: int, axis: str
) -> None:
    note = ColorNote(0, 0, *cell, 0, direction, angle)
    (other,) = MODE.mirror((note,), axis)  # type: ignore[arg-type]
    assert isinstance(other, ColorNote)
    before, after = (cut_angle(n.direction, n.angle) for n in (note, other))
    if before is None:
        assert after is None
    else:
        assert after is not None
        x, y = unit(before)
        expected = (-x, y) if axis == "horizontal" else (x, -y)
        assert unit(after) == pytest.approx(expected, abs=1e-9)


def test_conflicts() -> None:
    head, other_hand = red(1, 0, 0), blue(1, 0, 0)
    there = (head, bomb(1, 1, 0), arc(1, 2, 0, 0), wall(1, 3, 0, 0, 2, 5), wall(1, 3, 0, 2, 4, 3))
    assert MODE.conflicts(there, other_hand) == (head,)
    assert MODE.conflicts(there, red(1, 1, 0)) == (bomb(1, 1, 0),)
    assert MODE.conflicts(there, chain(1, 2, 0, 0)) == ()
    assert MODE.conflicts(there, arc(1, 4, 0, 0)) == (there[2],)
    assert MODE.conflicts(there, wall(2, 4, 1, 0, 1, 2)) == (there[3],)
    assert MODE.conflicts(there, wall(3, 4, 1, 0, 1, 2)) == ()
    assert MODE.conflicts(there, wall(2, 4, 2, 0, 1, 2)) == ()


def test_angles() -> None:
    assert [round(unit(a)[0]) for a in ANGLES] == [0, 0, -1, 1, -1, 1, -1, 1]
    assert [round(unit(a)[1]) for a in ANGLES] == [1, -1, 0, 0, 1, 1, -1, -1]
    assert cut_angle(DOWN_LEFT, 45) == 0
    assert cut_angle(1090) == 270  # clockwise from down: to the left
    assert cut_angle(ANY) is cut_angle(2000) is None
    assert (between(350, 10), between(0, 180), between(90, 0)) == (20, 180, 90)


def test_what_mods_place_is_known_by_its_custom_data() -> None:
    assert placed_by_mods(red(1, 0, 0, custom='{"coordinates":[0,1]}'))
    assert placed_by_mods(red(1, 0, 0, custom='{"_position":[0,1]}'))
    assert not placed_by_mods(red(1, 0, 0, custom='{"_color":[0,1,1]}'))
    assert not placed_by_mods(red(1, 0, 0, custom='{"track":"lead"}'))
    assert placed_by_mods(replace(wall(1, 2, 0, 0, 1, 5), custom='{"track":"lead"}'))
    assert placed_by_mods(red(1, 0, 0, custom='{"animation":{"definitePosition":[]}}'))
    assert not placed_by_mods(red(1, 0, 0))


# Ranks -----------------------------------------------------------------------------------


def test_ranks_and_their_names() -> None:
    assert [rank_of(name) for name in NAMES] == [1, 2, 3, 4, 5]
    assert [name_of(level) for level in (0, 1.4, 2.2, 2.8, 4.4, 4.6, 9)] == [
        "Easy", "Easy", "Normal", "Hard", "Expert", "ExpertPlus", "ExpertPlus",
    ]  # fmt: skip
    assert [game_rank(level) for level in (1, 2, 3, 4, 5)] == [1, 3, 5, 7, 9]
    assert [rank_of(name) for name in ("Expert+", "expert plus", "EASY")] == [5, 5, 1]
    with pytest.raises(ModeError, match="no difficulty Lunatic"):
        rank_of("Lunatic")


@pytest.mark.parametrize(
    ("bpm", "njs", "offset", "beats", "metres", "seconds"),
    [
        (120, 10, 0, 2, 20, 1),
        (120, 16, 0, 2, 32, 1),
        (120, 16, -1, 1, 16, 0.5),
        (120, 16, 1, 3, 48, 1.5),
        (120, 16, -4, 0.25, 4, 0.125),
        (120, 9, 0, 2, 18, 1),  # 18 m at four beats is too far by a millimetre
        (300, 10, 0, 4, 16, 0.8),
        (60, 19, 0, 0.5, 19, 0.5),
        (185, 19, -0.25, 1.75, 21.568, 0.568),
    ],
)
def test_half_jumps(
    bpm: float, njs: float, offset: float, beats: float, metres: float, seconds: float
) -> None:
    assert half_jump_beats(bpm, njs, offset) == beats
    assert jump_distance_m(bpm, njs, offset) == pytest.approx(metres, abs=1e-3)
    assert reaction_s(bpm, njs, offset) == pytest.approx(seconds, abs=1e-3)

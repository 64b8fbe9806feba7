"""Placing, naming and mirroring osu! objects."""

import math

import numpy as np
import pytest

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.modes.osu import MODE
from chartstudio.modes.osu.curve import end_position, length_of, path_of
from chartstudio.modes.osu.field import radius_px
from chartstudio.modes.osu.notes import Circle, Slider, Spinner


def test_what_has_no_length_is_a_circle() -> None:
    for kind in MODE.kinds:
        assert MODE.place(kind, 5, 5, (100, 200)) == Circle(5, 5, 100, 200)
    assert MODE.place("circle", 5, 50, (100, 200)) == Circle(5, 5, 100, 200)
    assert MODE.place("spinner", 5, 50, (100, 200)) == Spinner(5, 50)
    assert MODE.spot(Spinner(5, 50)) == (256, 192)


@pytest.mark.parametrize("x", [0, 10, 200, 256, 300, 512, -20, 540])
@pytest.mark.parametrize("n_beats", [0.25, 1, 2, 3.5, 8, 64])
def test_a_slider_pulled_from_a_place_has_the_usual_velocity_on_the_field(
    x: float, n_beats: float
) -> None:
    note = MODE.place("slider", 0, round(n_beats * BEAT), (x, 190))
    assert isinstance(note, Slider)
    assert (note.curve, note.end) == ("L", n_beats * BEAT)
    assert note.length_px * note.n_spans == pytest.approx(140 * n_beats)
    tip_x, tip_y = path_of(note)[-1]
    assert 0 <= tip_x <= 512
    assert tip_y == 190


def test_a_slider_can_be_pulled_to_a_place() -> None:
    note = MODE.place("slider", 0, BEAT, (100, 100, 130, 140))
    assert note == Slider(0, BEAT, 100, 100, "L", (("", 130, 140),), 50.0)
    assert MODE.spot(note) == (100, 100, 130, 140, 1)
    thrice = MODE.place("slider", 0, BEAT, (100, 100, 130, 140, 3))
    assert isinstance(thrice, Slider)
    assert thrice.n_spans == 3
    assert MODE.place("slider", 0, BEAT, MODE.spot(thrice)) == thrice
    on_itself = MODE.place("slider", 0, BEAT, (100, 100, 100, 100))
    assert on_itself == MODE.place("slider", 0, BEAT, (100, 100))


@pytest.mark.parametrize("spot", [(-100, 0), (0, -61), (600, 0), (0, 430), (0, 0, 900, 0), (5,)])
def test_places_off_the_screen_are_refused(spot: tuple[float, ...]) -> None:
    with pytest.raises(ModeError):
        MODE.place("slider", 0, BEAT, spot)


def test_foreign_notes_are_refused() -> None:
    for ask in (MODE.kind, MODE.spot, MODE.counts, MODE.facts):
        with pytest.raises(ModeError, match="LaneNote is no note of osu!"):
            ask(LaneNote(0, 0, 1))


def test_mirrored_curves_are_mirrored_paths() -> None:
    points = (("", 150.0, 200.0), ("", 200.0, 100.0), ("P", 250.0, 120.0), ("", 260.0, 90.0))
    note = Slider(0, BEAT, 100, 100, "B", points, 300.0, 2)
    path = path_of(note)
    for axis, sign, shift in (
        ("horizontal", (-1, 1), (512, 0)),
        ("vertical", (1, -1), (0, 384)),
        ("both", (-1, -1), (512, 384)),
    ):
        (mirrored,) = MODE.mirror((note,), axis)  # type: ignore[arg-type]
        assert isinstance(mirrored, Slider)
        assert np.allclose(path_of(mirrored), path * sign + shift, atol=1e-6)
        assert MODE.mirror((mirrored,), axis) == (note,)  # type: ignore[arg-type]
    assert MODE.mirror((Spinner(0, 5), Circle(9, 9, 12, 20)), "both") == (
        Spinner(0, 5),
        Circle(9, 9, 500, 364),
    )


def test_one_cursor_plays_one_object_at_a_time() -> None:
    notes = (Circle(0, 0, 1, 1), Slider(10, 20, 0, 0, "L", (("", 9, 9),), 9.0), Spinner(30, 40))
    assert MODE.conflicts(notes, Circle(20, 20, 300, 300)) == (notes[1],)
    assert MODE.conflicts(notes, Spinner(0, 35)) == notes
    assert MODE.conflicts(notes, Circle(25, 25, 1, 1)) == ()


def test_facts_are_the_files() -> None:
    points = (("", 150.0, 200.5), ("P", 200.0, 100.0))
    note = Slider(0, BEAT, 100.0, 90.0, "B", points, 300.0, 2)
    assert MODE.facts(note) == {
        "x": 100,
        "y": 90,
        "curve": "B",
        "points": [[150, 200.5], [200, 100]],
        "repeats": 1,
        "length_px": 300,
    }
    assert MODE.facts(Circle(0, 0, 10.0, 20.5)) == {"x": 10, "y": 20.5}
    assert MODE.facts(Spinner(0, 9)) == {"x": 256, "y": 192}
    assert [MODE.kind(n) for n in (note, Circle(0, 0, 1, 1), Spinner(0, 9))] == [
        "slider",
        "circle",
        "spinner",
    ]
    assert all(MODE.counts(n) for n in (note, Circle(0, 0, 1, 1), Spinner(0, 9)))


def test_circles_have_the_games_sizes() -> None:
    chart = Chart("osu")
    sizes = [radius_px(chart.with_setting("cs", s)) for s in (0.0, 4.0, 7.0, 99.0)]
    assert sizes == pytest.approx([54.4, 36.48, 23.04, 9.6])
    assert radius_px(chart) == radius_px(chart.with_setting("cs", "large"))
    assert radius_px(chart) == pytest.approx(32)


def test_the_end_of_a_placed_slider_is_where_it_says() -> None:
    note = MODE.place("slider", 0, BEAT, (100, 100, 160, 180, 2))
    assert isinstance(note, Slider)
    assert end_position(note) == (100, 100)
    assert length_of(note.curve, note.x, note.y, note.points) == math.hypot(60, 80)

"""Slider shapes against closed forms and against the game's own corner cases."""

import math
from itertools import pairwise

import numpy as np
import pytest

from chartstudio.modes.osu.curve import (
    end_position,
    length_of,
    path_of,
    position_at,
    span_path,
)
from chartstudio.modes.osu.notes import ControlPoint, Slider


def at(*places: tuple[float, float]) -> tuple[ControlPoint, ...]:
    return tuple(("", float(x), float(y)) for x, y in places)


def slider(
    curve: str, points: tuple[ControlPoint, ...], length_px: float, n_spans: int = 1
) -> Slider:
    return Slider(0, 1, 0.0, 0.0, curve, points, length_px, n_spans)


def bezier_length(*places: tuple[float, float]) -> float:
    t = np.linspace(0, 1, 20_001)[:, None]
    found = [np.array(p, dtype=float) + 0 * t for p in places]
    while len(found) > 1:
        found = [a * (1 - t) + b * t for a, b in pairwise(found)]
    return float(np.hypot(*np.diff(found[0], axis=0).T).sum())


BEND = ((0, 0), (50, 100), (100, 0))
WILD = ((0, 0), (50, 100), (100, 0), (300, 200), (20, 30), (400, 300), (10, 10))
QUARTER = (100 * math.sin(math.pi / 4), 100 - 100 * math.cos(math.pi / 4))

LENGTHS = [
    ("L", at((100, 0), (100, 50)), 150.0),
    ("P", at(QUARTER, (100, 100)), 50 * math.pi),
    ("P", at((50, 50), (100, 0)), 50 * math.pi),
    ("P", at((50, 50), (100, 0), (150, 50)),
     bezier_length((0, 0), (50, 50), (100, 0), (150, 50))),
    ("P", at((50, 0), (100, 0)), 100.0),
    ("P", at((100, 0)), 100.0),
    ("B", at(*BEND[1:]), bezier_length(*BEND)),
    ("B", at(*WILD[1:]), bezier_length(*WILD)),
    ("B", at((50, 0), (50, 0), (50, 80)), 130.0),
    ("B", at((0, 0), (50, 0), (50, 0), (50, 0), (50, 80)), 130.0),
    ("B", (*at((50, 100)), ("P", 100, 0), *at((150, 50), (200, 0))),
     bezier_length(*BEND) + 50 * math.pi),
    ("B", (*at((50, 100)), ("L", 100, 0), *at((100, 30))), bezier_length(*BEND) + 30),
    # A clamped uniform quadratic B-spline is Beziers through the middles of its inner lines.
    ("B2", at((100, 0), (100, 100), (200, 100)),
     2 * bezier_length((0, 0), (100, 0), (100, 50))),
    ("B9", at(*BEND[1:]), bezier_length(*BEND)),
    ("L", (), 0.0),
    ("B", at((0, 0)), 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("curve", "points", "expected_px"), LENGTHS)
def test_lengths_are_those_of_the_curves(
    curve: str, points: tuple[ControlPoint, ...], expected_px: float
) -> None:
    # The game's own lines through a circle are up to 0.1 px inside of it.
    assert length_of(curve, 0, 0, points) == pytest.approx(expected_px, abs=0.25)


def test_an_arc_has_as_many_corners_as_in_the_game() -> None:
    path = path_of(slider("P", at((50, 50), (100, 0)), 156.9))
    n = math.ceil(math.pi / (2 * math.acos(1 - 0.1 / 50)))
    assert len(path) == n == 25
    assert length_of("P", 0, 0, at((50, 50), (100, 0))) == pytest.approx(
        100 * 24 * math.sin(math.pi / 48)
    )
    assert np.allclose(np.hypot(*(path[:-1] - (50, 0)).T), 50)


def test_a_catmull_spline_goes_through_its_points_in_lines_of_a_fiftieth() -> None:
    points = at((100, 0), (200, 100), (50, 200))
    path = path_of(slider("C", points, 1e4))[:-1]
    assert len(path) == 3 * 50
    for place in ((0, 0), (100, 0), (200, 100)):
        assert np.min(np.hypot(*(path - place).T)) < 1e-9
    # Half way from the first to the second point, by the spline's formula.
    assert np.allclose(path[25], (43.75, -6.25))


def test_catmull_points_given_twice_start_no_segment_but_a_head_given_twice_is_dropped() -> None:
    twice = at((100, 0), (100, 0), (100, 80))
    assert length_of("C", 0, 0, twice) != pytest.approx(180, abs=0.5)
    assert length_of("C", 0, 0, at((0, 0), (100, 0), (100, 80))) == pytest.approx(
        length_of("C", 0, 0, at((100, 0), (100, 80)))
    )
    assert length_of("X", 0, 0, twice) == length_of("C", 0, 0, twice)


def test_a_path_is_cut_and_stretched_along_its_last_line() -> None:
    corner = at((100, 0), (100, 50))
    assert path_of(slider("L", corner, 120)).tolist() == [[0, 0], [100, 0], [100, 20]]
    assert path_of(slider("L", corner, 100)).tolist() == [[0, 0], [100, 0]]
    assert path_of(slider("L", corner, 60)).tolist() == [[0, 0], [60, 0]]
    assert path_of(slider("L", corner, 400)).tolist() == [[0, 0], [100, 0], [100, 300]]
    assert path_of(slider("L", corner, 0)).tolist() == [[0, 0]]
    assert span_path(slider("L", corner, 120)).length_px == 120


def test_a_path_that_ends_twice_on_one_place_is_cut_but_never_stretched() -> None:
    points = at((100, 0), (100, 0))
    assert path_of(slider("L", points, 250)).tolist() == [[0, 0], [100, 0]]
    assert path_of(slider("L", points, 50)).tolist() == [[0, 0], [50, 0]]
    assert length_of("L", 0, 0, points, 250) == 100
    assert length_of("L", 0, 0, points, 50) == 50
    assert length_of("L", 0, 0, at((100, 0)), 250) == 250
    assert length_of("L", 0, 0, at((0, 0)), 250) == 0


def test_the_ball_turns_at_every_span() -> None:
    back_and_forth = slider("L", at((100, 0), (100, 50)), 150, n_spans=3)
    places = [position_at(back_and_forth, p) for p in (0, 0.5, 1, 1.5, 2, 2.5, 3, 9, -1)]
    assert places == [
        (0, 0), (75, 0), (100, 50), (75, 0), (0, 0), (75, 0), (100, 50), (100, 50), (0, 0)
    ]  # fmt: skip
    assert end_position(back_and_forth) == (100, 50)
    assert end_position(slider("L", at((100, 0)), 100, n_spans=2)) == (0, 0)


@pytest.mark.parametrize("curve", ["B", "B3", "B40", "C", "L", "P"])
@pytest.mark.parametrize("n", [2, 64, 65_000])
@pytest.mark.parametrize("reach", [512.0, 1e300])
def test_no_slider_takes_more_than_its_room(curve: str, n: int, reach: float) -> None:
    rng = np.random.default_rng(n)
    points = at(*rng.uniform(-reach, reach, (n, 2)))
    path = path_of(slider(curve, points, 1e9))
    assert 2 <= len(path) <= 6_000 + 6 * n
    assert np.all(np.isfinite(path))
    assert span_path(slider(curve, points, math.inf)).length_px == 1e9


def test_splines_of_high_degree_are_bounded_too() -> None:
    points = at(*np.random.default_rng(1).uniform(0, 512, (1000, 2)))
    assert len(path_of(slider("B40", points, 1e9))) < 50_000
    assert len(path_of(slider("B600", points, 1e9))) <= 1_001


def test_many_hostile_segments_share_one_room() -> None:
    rng = np.random.default_rng(5)
    arcs = [("P", *rng.uniform(-1e5, 1e5, 2)) if i % 2 else ("", *rng.uniform(-1e5, 1e5, 2))
            for i in range(8_000)]  # fmt: skip
    assert len(path_of(slider("P", tuple(arcs), 1e12))) < 60_000


def test_the_line_may_not_be_written_to() -> None:
    path = path_of(slider("L", at((100, 0)), 100))
    with pytest.raises(ValueError, match="read-only"):
        path[0, 0] = 5

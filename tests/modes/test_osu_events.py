"""How osu! objects are spelled as events, and what the grammar lets be spelled."""

import math
import random

import numpy as np
import pytest

from chartstudio.core.mode import RowContext
from chartstudio.core.note import Note, sort_notes
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes.lanes import HOLD_LENGTHS
from chartstudio.modes.osu import MODE
from chartstudio.modes.osu.curve import path_of, span_path
from chartstudio.modes.osu.events import (
    BODY,
    COLUMNS,
    LEAST_PX,
    LENGTHS_PX,
    N_DIRECTIONS,
    ROWS,
    SPANS,
    SPEEDS,
    TURNS_DEG,
    fits,
    longest_px,
)
from chartstudio.modes.osu.notes import Circle, Slider, Spinner

TIMING = TimingMap.constant(150)


def spelled(new_combo: bool, kind: str, *parts: tuple[str, int]) -> tuple[int, ...]:
    combo = (MODE.event("new-combo"),) if new_combo else ()
    said = [("osu-object", MODE.kinds.index(kind)), *parts]
    return (*combo, *(MODE.event(name, value) for name, value in said), 0)


def spelled_slider(values: tuple[int, ...]) -> tuple[int, ...]:
    names = ("osu-x", "osu-y", "length", "slider-spans", "slider-speed", "slider-turn",
             "slider-direction")  # fmt: skip
    return spelled(False, "slider", *zip(names, values, strict=True))


def random_note(rng: random.Random, tick: int) -> Note:
    """Any object as an author may have it: also far out, curled up, backwards."""
    end = tick + rng.randint(1, 12 * BEAT)
    x, y = rng.uniform(-60, 570), rng.uniform(-60, 440)
    combo = rng.random() < 0.3
    kind = rng.choice(["circle", "slider", "slider", "slider", "spinner"])
    if kind == "circle":
        return Circle(tick, tick, x, y, combo)
    if kind == "spinner":
        return Spinner(tick, end, combo)
    points = tuple(
        ("", rng.uniform(-100, 600), rng.uniform(-100, 500)) for _ in range(rng.randint(1, 5))
    )
    length_px = rng.choice([0.0, 1.0, 60.0, 150.0, 400.0, 3000.0])
    return Slider(tick, end, x, y, rng.choice("BLPC"), points, length_px, rng.randint(1, 9), combo)


def test_circles_and_spinners_snap() -> None:
    events = MODE.encode([Circle(0, 0, 100, 383.9, new_combo=True)])
    assert events == spelled(True, "circle", ("osu-x", 3), ("osu-y", 11))
    assert MODE.decode(7, events) == ((Circle(7, 7, 112, 368, True),), 0)
    events = MODE.encode([Spinner(0, 4 * BEAT + 9)])
    assert events == spelled(False, "spinner", ("length", 8))
    assert MODE.decode(7, events) == ((Spinner(7, 7 + 4 * BEAT),), 0)
    assert MODE.encode([]) == (0,)


def test_the_velocity_of_a_slider_is_kept_before_its_length() -> None:
    straight = Slider(0, BEAT, 100, 100, "L", (("", 240, 100),), 140.0)
    (found,), n_bad = MODE.decode(0, MODE.encode([straight]))
    assert n_bad == 0
    assert found == Slider(0, BEAT, 112, 112, "L", (("", 252, 112),), 140.0)
    twice = Slider(0, 2 * BEAT, 100, 100, "L", (("", 240, 100),), 140.0, 2)
    (found,), _ = MODE.decode(0, MODE.encode([twice]))
    assert found == Slider(0, 2 * BEAT, 112, 112, "L", (("", 252, 112),), 140.0, 2)


@pytest.mark.parametrize("turn_deg", [60, -60, 120, -120, 180, -180])
def test_arcs_keep_their_turn_and_direction(turn_deg: int) -> None:
    turn, length_px = math.radians(turn_deg), 200.0
    along = np.linspace(0, 1, 9)
    x = 250 + length_px / turn * (np.sin(turn * along - turn / 2) + math.sin(turn / 2))
    y = 190 + length_px / turn * (math.cos(turn / 2) - np.cos(turn * along - turn / 2))
    points = tuple(("", float(x[i]), float(y[i])) for i in (4, 8))
    arc = Slider(0, BEAT, 250.0, 190.0, "P", points, length_px)
    (found,), _ = MODE.decode(0, MODE.encode([arc]))
    assert isinstance(found, Slider)
    assert found.length_px == length_px
    offset = path_of(found)[-1] - path_of(arc)[-1]
    assert np.allclose(offset, (found.x - 250, found.y - 190), atol=1.5)


@pytest.mark.parametrize(("away", "direction"), [((60, 0), 0), ((0, 60), 4), ((-60, 0), 8)])
def test_a_path_that_comes_back_has_the_direction_that_it_sets_out_in(
    away: tuple[float, float], direction: int
) -> None:
    x, y = 240.0, 176.0
    points = (("", x + away[0], y + away[1]), ("", x + 0.5, y))
    events = MODE.encode([Slider(0, BEAT, x, y, "L", points, 120.0)])
    assert MODE.meaning(events[-2]) == ("slider-direction", direction)
    assert TURNS_DEG[MODE.meaning(events[-3])[1]] in (270, -270)


def test_what_is_decoded_is_spelled_the_same_again() -> None:
    rng = random.Random(3)
    n = 0
    while n < 1500:
        cell = rng.randrange(COLUMNS), rng.randrange(ROWS)
        length, spans = rng.randrange(len(HOLD_LENGTHS)), rng.randrange(len(SPANS))
        speed = rng.randrange(len(SPEEDS))
        turn, direction = rng.randrange(len(TURNS_DEG)), rng.randrange(N_DIRECTIONS)
        if not fits(*cell, LENGTHS_PX[length, spans, speed])[turn, direction]:
            continue
        n += 1
        events = spelled_slider((*cell, length, spans, speed, turn, direction))
        notes, n_bad = MODE.decode(3 * BEAT, events)
        assert n_bad == 0
        assert MODE.encode(notes) == events


def test_any_authors_notes_snap_once_and_for_all_and_are_legal() -> None:
    rng = random.Random(4)
    kinds = set()
    for i in range(600):
        tick = i * 20 * BEAT
        once, n_bad = MODE.decode(tick, MODE.encode([random_note(rng, tick)]))
        assert n_bad == 0
        assert len(once) == 1
        assert MODE.decode(tick, MODE.encode(once)) == (once, 0)
        kinds.add(MODE.kind(once[0]))
        assert [e for e in MODE.check(Chart("osu", notes=once), TIMING) if e.severity == "error"
                and e.id != "spinner-too-short"] == []  # fmt: skip
    assert kinds == set(MODE.kinds)


def test_sliders_stay_on_the_field() -> None:
    rng = random.Random(5)
    left, top, right, bottom = BODY
    for _ in range(500):
        values = (rng.randrange(COLUMNS), rng.randrange(ROWS), rng.randrange(len(HOLD_LENGTHS)),
                  rng.randrange(len(SPANS)), rng.randrange(len(SPEEDS)),
                  rng.randrange(len(TURNS_DEG)), rng.randrange(N_DIRECTIONS))  # fmt: skip
        notes, n_bad = MODE.decode(0, spelled_slider(values))
        legal = fits(*values[:2], LENGTHS_PX[values[2:5]])[values[5:]]
        assert bool(n_bad) is not bool(legal)
        for note in notes:
            assert isinstance(note, Slider)
            path = path_of(note)
            assert path[:, 0].min() > left - 2
            assert path[:, 0].max() < right + 2
            assert path[:, 1].min() > top - 2
            assert path[:, 1].max() < bottom + 2
            assert span_path(note).length_px == pytest.approx(note.length_px)


def test_every_length_up_to_the_longest_fits_somehow() -> None:
    for column in range(COLUMNS):
        for row in range(ROWS):
            most = longest_px(column, row)
            assert most > LENGTHS_PX[:, :, 0].max()
            for length_px in np.linspace(LEAST_PX.min(), most, 20):
                assert fits(column, row, float(length_px)).any()
            assert not fits(column, row, most + 1).any()


BAD_EVENTS = [
    (spelled(True, "circle", ("osu-y", 3), ("osu-x", 2), ("osu-y", 1)), 1, 1),
    (spelled(False, "circle", ("osu-x", 3)), 0, 1),
    ((MODE.event("new-combo"), 0), 0, 1),
    ((MODE.event("new-combo"), *spelled(True, "spinner", ("length", 3))), 1, 1),
    ((*spelled(False, "spinner", ("length", 3))[:-1], MODE.event("osu-x"), -1, 999, 0), 1, 3),
    (spelled_slider((0, 0, 4, 0, 4, 0, 8)), 0, 1),
    (spelled_slider((8, 5, 8, 0, 7, 0, 0)), 1, 1),
    ((0, *spelled(False, "spinner", ("length", 3))), 0, 0),
]


@pytest.mark.parametrize(("events", "n_notes", "n_bad"), BAD_EVENTS)
def test_bad_events_are_counted(events: tuple[int, ...], n_notes: int, n_bad: int) -> None:
    notes, found_bad = MODE.decode(0, events)
    assert (len(notes), found_bad) == (n_notes, n_bad)


# The grammar -----------------------------------------------------------------------------


def walk(rng: random.Random, level: float, timing: TimingMap, given: list[Note]) -> Chart:
    notes: list[Note] = []
    for tick in range(0, 80 * BEAT, BEAT // 2):
        here = [n for n in given if n.tick == tick]
        after = [n for n in given if n.tick > tick]
        before = sort_notes(notes)
        grammar = MODE.grammar(RowContext(tick, timing, before, here, after, level))
        events: list[int] = []
        while not events or events[-1] != 0:
            mask = grammar.mask(events)
            assert mask.shape == (MODE.n_events,)
            assert mask.any()
            events.append(int(rng.choice(np.flatnonzero(mask).tolist())))
        new, n_bad = MODE.decode(tick, events)
        assert n_bad == 0
        notes += [*new, *here]
    return Chart("osu", level=level, notes=sort_notes(notes))


@pytest.mark.parametrize("level", [0.5, 1.5, 2.5, 4.0, 8.0])
@pytest.mark.parametrize("bpm", [35.0, 120.0, 200.0, 390.0])
@pytest.mark.parametrize("difficulty", [0.0, 10.0])
def test_nothing_that_the_grammar_allows_is_an_error(
    level: float, bpm: float, difficulty: float
) -> None:
    rng = random.Random(int(level * 10 + bpm))
    timing = TimingMap.constant(bpm)
    given: list[Note] = [
        Circle(7 * BEAT, 7 * BEAT, 30, 30),
        Slider(20 * BEAT, 22 * BEAT, 300, 300, "L", (("", 100, 300),), 200.0),
        Spinner(40 * BEAT, 44 * BEAT),
        Circle(70 * BEAT + BEAT // 3, 70 * BEAT + BEAT // 3, 500, 30),
    ]
    chart = walk(rng, level, timing, given)
    assert len(chart.notes) > 12
    for name in ("cs", "od", "ar"):
        chart = chart.with_setting(name, difficulty)
    found = MODE.check(chart, timing)
    assert [i for i in found if i.severity == "error"] == []
    assert {"almost-at-once", "slider-too-short", "off-screen"} & {i.id for i in found} == set()


def mask_at(level: float, before: tuple[Note, ...], here: tuple[Note, ...] = ()) -> set[int]:
    context = RowContext(4 * BEAT, TIMING, before, here, (), level)
    return set(np.flatnonzero(MODE.grammar(context).mask([])).tolist())


def test_a_row_that_is_given_or_covered_ends_at_once() -> None:
    assert mask_at(5, (Spinner(0, 8 * BEAT),)) == {0}
    assert mask_at(5, (Slider(0, 4 * BEAT, 9, 9, "L", (("", 99, 9),), 90.0),)) == {0}
    assert mask_at(5, (), (Circle(4 * BEAT, 4 * BEAT, 9, 9),)) == {0}
    assert 0 not in mask_at(5, (Circle(3 * BEAT, 3 * BEAT, 9, 9),))


def test_low_levels_keep_the_cursor_near() -> None:
    before = (Circle(4 * BEAT - BEAT // 2, 4 * BEAT - BEAT // 2, 16, 16),)
    start = [MODE.event("osu-object", MODE.kinds.index("circle"))]
    reach = {}
    for level in (1.0, 6.0):
        grammar = MODE.grammar(RowContext(4 * BEAT, TIMING, before, (), (), level))
        mask = grammar.mask(start)
        reach[level] = int(mask[MODE.event("osu-x") : MODE.event("osu-y")].sum())
    assert 2 < reach[1.0] < reach[6.0]


def test_no_combo_starts_twice_in_a_row() -> None:
    grammar = MODE.grammar(RowContext(0, TIMING, (), (), (), 5))
    combo = MODE.event("new-combo")
    assert grammar.mask([])[combo]
    assert not grammar.mask([combo])[combo]
    assert not grammar.mask([combo])[0]

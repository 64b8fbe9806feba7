"""osu!'s timing points: what counts, what wins, and there and back."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Effect
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats.osu_objects import HitObject
from chartstudio.formats.osu_ticks import to_notes, whole_ms
from chartstudio.formats.osu_timing import (
    Controls,
    Point,
    State,
    bpm_of,
    controls,
    default_state,
    key,
    read_point,
    to_effects,
    to_map,
    to_points,
)

DEFAULT = State(sample_set=2, volume=80)


def tap(time_ms: float) -> HitObject:
    return HitObject(time_ms, time_ms, LaneNote(0, 0, 0))


def points(*lines: str, offset_ms: int = 0) -> list[Point]:
    return [read_point(line, offset_ms, DEFAULT) for line in lines]


def resolved(*lines: str) -> Controls:
    return controls(points(*lines), DEFAULT)


def effects(*lines: str) -> list[tuple[str, tuple]]:
    found = resolved(*lines)
    return [(e.kind, e.values) for e in to_effects(found, to_map(found.reds))]


def test_fields_that_old_files_lack() -> None:
    assert points("100,500") == [Point(100.0, 500.0, 4, 2, 0, 80, True, 0)]
    assert points("100,500,3,1,2,30") == [Point(100.0, 500.0, 3, 1, 2, 30, True, 0)]
    assert points("1.5, -50 ,4,2,1,60,0,9") == [Point(1.5, -50.0, 4, 2, 1, 60, False, 9)]
    assert points("100,500,07,2,1,60,1,0")[0].meter == 4
    assert points("100,500", offset_ms=24)[0].time_ms == 124.0


@pytest.mark.parametrize(
    "line",
    [
        "100",
        "x,500",
        "nan,500",
        "100,",
        "100,NaN,4,2,1,60,1,0",
        "100,500,-1",
        "100,500,4.5",
        "100,500,4,2,1,60,1,x",
        "1e10,500",
        "100,500,4,9999999999999",
        "1e99999,500",
    ],
)
def test_lines_that_osu_skips(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        points(line)


def test_defaults_come_from_the_general_section() -> None:
    assert default_state({}) == State()
    assert default_state({"SampleSet": "Drum", "SampleVolume": "70"}) == State(1.0, 3, 0, 70)
    assert default_state({"SampleSet": "?", "SampleVolume": "?"}) == State()


def test_red_lines_are_bars() -> None:
    timing = to_map(resolved("1000,500", "3000,250,3").reds)
    assert timing.anchors == (
        Anchor(0, 1.0, 120.0, 4, bar=True),
        Anchor(4 * BEAT, 3.0, 240.0, 3, bar=True),
    )
    assert timing.position(4 * BEAT).measure == 2


def test_a_line_that_cuts_a_beat_keeps_its_own_time() -> None:
    timing = to_map(resolved("0,500", "1333.3,500").reds)
    second = timing.anchors[1]
    assert second.tick == round(1333.3 / 500 * BEAT)
    assert timing.seconds_at(second.tick + BEAT) == pytest.approx(1.8333)
    assert timing.snap(second.tick + 100, 4) == second.tick


def test_lines_out_of_order_are_sorted() -> None:
    assert [a.seconds for a in to_map(resolved("2000,500", "1000,400").reds).anchors] == [1.0, 2.0]


def test_without_red_lines_there_are_60_beats_a_minute() -> None:
    assert to_map(resolved("100,-50,4,1,0,50,0,0").reds) == TimingMap.constant(60.0)
    assert resolved().beat_ms_at(0) == 1000.0


def test_of_two_red_lines_at_a_time_the_first_counts() -> None:
    assert to_map(resolved("0,500", "0,400").reds).anchors[0].bpm == 120.0


@pytest.mark.parametrize(
    "lines", [("0,500", "0,-50,4,1,0,50,0,0"), ("0,-50,4,1,0,50,0,0", "0,500")]
)
def test_a_green_line_beats_a_red_one_at_the_same_time(lines: tuple[str, str]) -> None:
    found = resolved(*lines)
    assert found.sv_at(0) == 2.0
    assert found.states[0].volume == 50


def test_of_green_lines_at_a_time_the_last_counts() -> None:
    assert resolved("0,500", "9,-50,4,1,0,50,0,0", "9,-25,4,1,0,50,0,0").sv_at(9) == 4.0


def test_a_red_line_takes_the_speed_back() -> None:
    found = resolved("0,500", "1000,-50,4,2,0,80,0,0", "2000,500")
    assert [found.sv_at(t) for t in (-1, 0, 1000, 1999, 2000)] == [1.0, 1.0, 2.0, 2.0, 1.0]


def test_effects_are_changes() -> None:
    assert effects(
        "0,500,4,1,0,80,1,0",
        "500,-100,4,1,0,80,0,0",
        "1000,-50,4,1,0,80,0,1",
        "1500,NaN,4,1,3,20,0,1",
        "2000,500,4,1,3,20,1,8",
    ) == [
        ("samples", (1, 0)),
        ("sv", (2.0,)),
        ("kiai", (1,)),
        ("sv", ("nan",)),
        ("samples", (1, 3)),
        ("volume", (20,)),
        ("sv", (1.0,)),
        ("kiai", (0,)),
        ("omit-bar", ()),
    ]
    assert resolved("0,500", "1500,NaN,4,1,3,20,0,1").sv_at(1500) == 1.0


@pytest.mark.parametrize(
    ("beat_ms", "bpm"),
    [
        (500, 120),
        (352.941176470588, 170),
        (352.941, 170.000085),
        (20_000, 3),
        (30_000, 4),
        (60_000, 4),
        (1e9, 4),
        (0.001, 10_000),
        (0, 10_000),
    ],
)
def test_absurd_tempos_are_clamped_and_slow_ones_doubled(beat_ms: float, bpm: float) -> None:
    assert bpm_of(beat_ms) == bpm


def test_lines_for_a_tempo_and_effects() -> None:
    timing = TimingMap.constant(120.0, 1.0)
    made = to_points(timing, [Effect(BEAT, "sv", (2.0,)), Effect(BEAT, "volume", (30,))], State())
    assert [p.text(0) for p in made] == ["1000,500,4,1,0,100,1,0", "1500,-50,4,1,0,30,0,0"]
    assert made[0].text(24) == "976,500,4,1,0,100,1,0"


def test_a_speed_across_a_red_line_is_said_again() -> None:
    timing = TimingMap((Anchor(0, 0.0, 120.0), Anchor(4 * BEAT, 2.0, 240.0, 3, bar=True)))
    texts = [p.text(0) for p in to_points(timing, [Effect(BEAT, "sv", (2.0,))], State())]
    assert texts[-2:] == ["2000,250,3,1,0,100,1,0", "2000,-50,3,1,0,100,0,0"]


def test_effects_of_others_and_impossible_speeds_are_no_lines() -> None:
    kinds = [Effect(0, "scroll", (1.0,)), Effect(0, "sv", (-1.0,)), Effect(0, "kiai", (1,))]
    (point,) = to_points(TimingMap.constant(60.0), kinds, State())
    assert (point.red, point.flags) == (True, 1)


def test_tempo_changes_inside_a_measure_do_not_show_a_bar() -> None:
    timing = TimingMap(
        (Anchor(0, 0.0, 60.0), Anchor(BEAT, 1.0, 120.0), Anchor(4 * BEAT, 2.5, 60.0))
    )
    assert [p.flags for p in to_points(timing, (), State())] == [0, 8, 0]


def test_pauses_have_a_line_at_each_end_and_warps_one() -> None:
    timing = TimingMap(
        (
            Anchor(0, 0.0, 60.0),
            Anchor(4 * BEAT, 4.0, 60.0),
            Anchor(4 * BEAT, 4.5, 60.0, cause=Cause.STOP),
            Anchor(8 * BEAT, 8.5, 60.0),
            Anchor(9 * BEAT, 8.5, 120.0, cause=Cause.WARP),
        )
    )
    made = [(p.time_ms, p.beat) for p in to_points(timing, (), State())]
    assert made == [(0.0, 1000.0), (4000.0, 1000.0), (4500.0, 1000.0), (8500.0, 500.0)]


def test_a_tempo_that_does_not_lead_to_the_next_anchor_is_corrected() -> None:
    timing = TimingMap((Anchor(0, 0.0, 999.0), Anchor(4 * BEAT, 2.0, 60.0)))
    assert to_points(timing, (), State())[0].beat == 500.0


def test_nan_equals_itself() -> None:
    assert key(Point(0.0, math.nan)) == key(Point(0.0, math.nan))
    assert Point(5.0, math.nan, red=False).text(0) == "5,NaN,4,1,0,100,0,0"


_times = st.integers(-10_000, 600_000)
_beats = st.one_of(st.integers(60, 20_000).map(lambda n: n / 1), st.floats(60.0, 20_000.0))
_lines = st.builds(
    Point,
    _times.map(float),
    _beats,
    st.integers(1, 9),
    st.integers(1, 3),
    st.integers(0, 5),
    st.integers(0, 100),
    st.just(True),
    st.sampled_from([0, 1, 8, 9]),
)
_greens = st.builds(
    Point,
    _times.map(float),
    st.one_of(st.just(math.nan), st.integers(-1000, -10).map(float), st.floats(-1000.0, -10.0)),
    st.just(4),
    st.integers(1, 3),
    st.integers(0, 5),
    st.integers(0, 100),
    st.just(False),
    st.sampled_from([0, 1]),
)


@given(st.lists(_lines, min_size=1, max_size=5), st.lists(_greens, max_size=6))
@settings(max_examples=150, deadline=None)
def test_lines_give_the_same_map_and_effects_back(reds: list[Point], greens: list[Point]) -> None:
    found = controls([*reds, *greens], State())
    timing = to_map(found.reds)
    said = to_effects(found, timing)
    again = controls(
        [read_point(p.text(0), 0, State()) for p in to_points(timing, said, State())], State()
    )
    assert to_map(again.reds) == timing
    assert to_effects(again, timing) == said


@given(
    st.lists(st.tuples(_times, st.floats(6.0, 20_000.0)), min_size=1, max_size=6),
    st.lists(st.integers(-20_000, 1_000_000), min_size=1, max_size=60),
)
@settings(max_examples=200, deadline=None)
def test_whole_milliseconds_come_back_exactly(
    lines: list[tuple[int, float]], times_ms: list[int]
) -> None:
    found = controls([Point(float(t), beat) for t, beat in lines], State())
    timing = to_map(found.reds)
    objects = [tap(t) for t in times_ms]
    notes = to_notes(objects, timing, "mania")
    assert [o.start_ms for o in whole_ms(notes, objects, timing)] == times_ms


def test_of_the_ticks_of_a_millisecond_the_one_on_the_grid_is_taken() -> None:
    timing = to_map(resolved("7,333.333333333333").reds)
    times_ms = [7 + round(i * 333.333333333333 / 4) for i in range(64)]
    notes = to_notes([tap(t) for t in times_ms], timing, "mania")
    assert [n.tick for n in notes] == [i * BEAT // 4 for i in range(64)]
    (between,) = to_notes([tap(9.4)], timing, "mania")
    assert between.tick == timing.tick_at(0.0094)

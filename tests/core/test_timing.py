"""Golden cases of every way that games bend time, and the round trip between the clocks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, Position, Side, TimingMap

STOPPED = TimingMap(
    (
        Anchor(0, 0.0, 120),
        Anchor(4 * BEAT, 2.0, 120),
        Anchor(4 * BEAT, 2.5, 120, cause=Cause.STOP),
    )
)
DELAYED = TimingMap(
    (
        Anchor(0, 0.0, 120),
        Anchor(4 * BEAT, 2.0, 120),
        Anchor(4 * BEAT, 2.5, 120, cause=Cause.DELAY),
    )
)
BOTH = TimingMap(
    (
        Anchor(0, 0.0, 120),
        Anchor(4 * BEAT, 2.0, 120),
        Anchor(4 * BEAT, 2.25, 120, cause=Cause.DELAY),
        Anchor(4 * BEAT, 2.75, 120, cause=Cause.STOP),
    )
)
WARPED = TimingMap(
    (
        Anchor(0, 0.0, 120),
        Anchor(4 * BEAT, 2.0, 120),
        Anchor(8 * BEAT, 2.0, 120, cause=Cause.WARP),
    )
)
PAUSED_IN_WARP = TimingMap(
    (
        Anchor(0, 0.0, 120),
        Anchor(4 * BEAT, 2.0, 120),
        Anchor(6 * BEAT, 2.0, 120, cause=Cause.WARP),
        Anchor(6 * BEAT, 2.5, 120, cause=Cause.STOP),
        Anchor(8 * BEAT, 2.5, 120, cause=Cause.WARP),
    )
)
CUT = TimingMap((Anchor(0, 0.0, 120), Anchor(11 * BEAT // 2, 2.75, 140, 3, bar=True)))


@pytest.mark.parametrize(
    ("timing", "before", "note", "after"),
    [(STOPPED, 2.0, 2.0, 2.5), (DELAYED, 2.0, 2.5, 2.5), (BOTH, 2.0, 2.25, 2.75)],
    ids=["stop", "delay", "both"],
)
def test_a_note_on_a_paused_row_is_judged_before_stops_and_after_delays(
    timing: TimingMap, before: float, note: float, after: float
) -> None:
    row = 4 * BEAT
    assert timing.seconds_at(row, Side.BEFORE) == before
    assert timing.seconds_at(row) == note
    assert timing.seconds_at(row, Side.AFTER) == after
    assert timing.seconds_at(5 * BEAT) == after + 0.5
    assert timing.seconds_at(3 * BEAT) == 1.5


def test_inside_a_pause_the_tick_stands_still() -> None:
    times = np.array([1.999, 2.0, 2.25, 2.499, 2.5, 2.75])
    expected = [round(3.998 * BEAT), 4 * BEAT, 4 * BEAT, 4 * BEAT, 4 * BEAT, round(4.5 * BEAT)]
    assert STOPPED.tick_at(times).tolist() == expected


def test_a_warp_passes_in_no_time_and_its_start_and_inside_cannot_be_hit() -> None:
    rows = np.array([3, 4, 5, 7, 8, 9]) * BEAT
    assert WARPED.seconds_at(rows).tolist() == [1.5, 2.0, 2.0, 2.0, 2.0, 2.5]
    assert WARPED.warped(rows).tolist() == [False, True, True, True, False, False]
    assert WARPED.tick_at(2.0) == 8 * BEAT
    assert WARPED.tick_at(2.0, Side.BEFORE) == 4 * BEAT
    assert WARPED.tick_at(2.5, Side.BEFORE) == 9 * BEAT


def test_a_stop_inside_a_warp_takes_time_and_makes_its_row_hittable() -> None:
    rows = np.array([5, 6, 7, 8]) * BEAT
    assert PAUSED_IN_WARP.warped(rows).tolist() == [True, False, True, False]
    assert PAUSED_IN_WARP.seconds_at(rows).tolist() == [2.0, 2.0, 2.5, 2.5]
    assert PAUSED_IN_WARP.seconds_at(9 * BEAT) == 3.0


def test_an_osu_line_that_cuts_a_beat_starts_measure_and_grid_anew() -> None:
    line = 11 * BEAT // 2
    assert CUT.lines(0, 12 * BEAT).tolist() == [0, 4 * BEAT, line, line + 3 * BEAT, line + 6 * BEAT]
    assert CUT.position(line) == Position(3, 1.0)
    assert CUT.position(line + BEAT) == Position(3, 2.0)
    assert [CUT.measure_start(m) for m in (1, 2, 3, 4)] == [0, 4 * BEAT, line, line + 3 * BEAT]
    assert CUT.snap(round(5.4 * BEAT), 4) == line
    assert CUT.snap(round(5.1 * BEAT), 4) == 5 * BEAT
    assert CUT.snap(line + BEAT + 5, 16) == line + BEAT
    assert CUT.snaps_of(np.array([5 * BEAT, line, line + BEAT, 6 * BEAT])).tolist() == [4, 4, 4, 8]


def test_whole_milliseconds_beside_a_line_count_as_on_it() -> None:
    timing = TimingMap.constant(170.0, -0.005)
    seconds = timing.seconds_at(np.arange(0, 400) * BEAT // 4)
    for truncated in (np.floor(seconds * 1000) / 1000, np.ceil(seconds * 1000) / 1000):
        snaps = timing.snaps_of(timing.tick_at(truncated))
        assert set(snaps.tolist()) == {4, 8, 16}
    beside = timing.tick_at(seconds + 0.0015)
    assert set(timing.snaps_of(beside).tolist()) == {0}
    assert timing.snaps_of(timing.tick_at(seconds + 0.0005), slack_s=0.0).tolist() == [0] * 400


def test_an_osu_line_that_resyncs_by_milliseconds_keeps_both_sides_exact() -> None:
    # 120 BPM drifts 3 ms behind after 8 beats; the line puts the beat back.
    timing = TimingMap((Anchor(0, 1.0, 120), Anchor(round(8.006 * BEAT), 5.003, 120, bar=True)))
    assert timing.seconds_at(7 * BEAT) == pytest.approx(4.5, abs=1e-5)
    assert timing.seconds_at(round(8.006 * BEAT)) == 5.003
    assert timing.seconds_at(round(8.006 * BEAT) + BEAT) == pytest.approx(5.503, abs=1e-9)


def test_tempo_changes_inside_a_bar_leave_the_measures_alone() -> None:
    timing = TimingMap((Anchor(0, 0.5, 60), Anchor(2 * BEAT, 2.5, 120), Anchor(3 * BEAT, 3.0, 240)))
    assert timing.lines(0, 9 * BEAT).tolist() == [0, 4 * BEAT, 8 * BEAT]
    assert timing.seconds_at(np.array([-BEAT, BEAT, 4 * BEAT])).tolist() == [-0.5, 1.5, 3.25]
    assert [timing.bpm_at(t * BEAT) for t in (-1, 0, 2, 9)] == [60, 60, 120, 240]
    assert timing.position(-BEAT) == Position(0, 4.0)
    assert timing.measure_start(0) == -4 * BEAT


def test_grid_lines_run_backwards_before_the_first_measure() -> None:
    timing = TimingMap.constant(100, 3.0, meter=3)
    assert timing.lines(-4 * BEAT, 4 * BEAT).tolist() == [-3 * BEAT, 0, 3 * BEAT]
    assert timing.lines(0, BEAT, 16).tolist() == [0, BEAT // 4, BEAT // 2, 3 * BEAT // 4]
    assert timing.lines(5, 5, 16).tolist() == []


@pytest.mark.parametrize(
    "anchors",
    [
        (),
        (Anchor(0, 0.0, 0.0),),
        (Anchor(0, 0.0, float("nan")),),
        (Anchor(0, float("inf"), 120),),
        (Anchor(0, 0.0, 120, 0),),
        (Anchor(5, 0.0, 120), Anchor(4, 1.0, 120)),
        (Anchor(0, 1.0, 120), Anchor(4, 0.5, 120)),
    ],
)
def test_maps_that_make_no_sense_are_refused(anchors: tuple[Anchor, ...]) -> None:
    with pytest.raises(ValueError, match=r"anchor|tempo|measure"):
        TimingMap(anchors)


@st.composite
def timing_maps(draw: st.DrawFn) -> TimingMap:
    anchors = [Anchor(0, draw(st.floats(-5, 60)), draw(st.floats(3, 1000)), bar=True)]
    steps = st.sampled_from(["tempo", "bar", "stop", "delay", "warp"])
    for step in draw(st.lists(steps, max_size=8)):
        last = anchors[-1]
        ticks, seconds = draw(st.integers(1, 40 * BEAT)), draw(st.floats(0.01, 10))
        run_s = ticks * 60 / last.bpm / BEAT
        bpm = draw(st.floats(3, 1000))
        new = {
            "tempo": Anchor(last.tick + ticks, last.seconds + run_s, bpm),
            "bar": Anchor(last.tick + ticks, last.seconds + run_s, bpm, 3, bar=True),
            "stop": Anchor(last.tick, last.seconds + seconds, last.bpm, cause=Cause.STOP),
            "delay": Anchor(last.tick, last.seconds + seconds, last.bpm, cause=Cause.DELAY),
            "warp": Anchor(last.tick + ticks, last.seconds, last.bpm, cause=Cause.WARP),
        }[step]
        anchors.append(new)
    return TimingMap(tuple(anchors))


@given(timing_maps(), st.lists(st.integers(-10 * BEAT, 400 * BEAT), min_size=1, max_size=30))
def test_time_never_runs_backwards_and_ticks_that_take_time_come_back(
    timing: TimingMap, ticks: list[int]
) -> None:
    at = np.array(sorted(ticks), dtype=np.int64)
    seconds = timing.seconds_at(at, Side.AFTER)
    assert all(b >= a for a, b in pairwise(seconds.tolist()))
    back = timing.tick_at(seconds)
    # A tick inside a warp shares its second with the warp's end.
    inside = (timing.seconds_at(at + 1, Side.BEFORE) - seconds) == 0
    spread = np.abs(back - at)
    assert np.all((spread <= 1) | inside)


@given(timing_maps(), st.integers(0, 600_000))
def test_any_millisecond_survives_as_a_tick(timing: TimingMap, ms: int) -> None:
    last = timing.anchors[-1]
    if last.bpm < 3.01:
        return
    seconds = last.seconds + ms / 1000
    assert abs(timing.seconds_at(timing.tick_at(seconds), Side.AFTER) - seconds) < 0.0005


def test_the_measure_around_a_tick() -> None:
    timing = TimingMap(
        (
            Anchor(0, 0.0, 120.0, 4, bar=True),
            Anchor(6 * BEAT, 3.0, 120.0, 3, bar=True),
        )
    )
    ticks = np.array([-1, 0, 4 * BEAT - 1, 4 * BEAT, 6 * BEAT, 10 * BEAT], dtype=np.int64)
    low, high = timing.measures_around(ticks)
    assert (low // BEAT).tolist() == [-4, 0, 0, 4, 6, 9]
    assert (high // BEAT).tolist() == [0, 4, 4, 6, 9, 12]
    for tick, start in zip(ticks.tolist(), low.tolist(), strict=True):
        assert timing.measure_start(timing.position(tick).measure) == start

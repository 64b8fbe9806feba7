"""Timing tags: golden cases by hand, ITGmania's own rules, and there and back."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, Side, TimingMap
from chartstudio.formats.stepmania_tempo import n_off_rows, of_map, tag_texts
from chartstudio.formats.stepmania_timing import (
    ROW_TICKS,
    Segments,
    number,
    read_segments,
    row_of,
    to_map,
)


def read(warp_tags: bool = True, version: float = 0.83, **tags: str) -> TimingMap:
    segments, _ = read_segments(tags, warp_tags, version, 0.0)
    return to_map(segments)


def times(timing: TimingMap, *beats: float) -> list[float]:
    return [round(timing.seconds_at(round(b * BEAT)), 6) for b in beats]


def test_offset_sign() -> None:
    assert times(read(OFFSET="-0.009", BPMS="0=60"), 0, 1) == [0.009, 1.009]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), (" -2e1x", -20.0), ("", 0.0), ("abc", 0.0), (".5", 0.5), ("1e999", 0.0)],
)
def test_numbers_are_read_as_far_as_they_go(text: str, value: float) -> None:
    assert number(text) == value


def test_rows_are_a_48th_of_a_beat_and_halves_go_to_the_even_one() -> None:
    assert [row_of(b) for b in (0.333, 1 / 96, 3 / 96, -1 / 96)] == [16, 0, 2, 0]


def test_thirds_with_three_decimals_are_thirds() -> None:
    timing = read(BPMS="0=60,1.333=120")
    assert timing.anchors[1].tick == BEAT + BEAT // 3


def test_tempo_changes_out_of_order_and_twice() -> None:
    timing = read(BPMS="8=240,0=60,4=100,4=120")
    assert times(timing, 4, 8, 12) == [4.0, 6.0, 7.0]


@pytest.mark.parametrize("warp_tags", [True, False])
def test_without_a_tempo_at_the_start_the_next_one_holds(warp_tags: bool) -> None:
    assert times(read(warp_tags, BPMS="4=120"), 2, 4) == [1.0, 2.0]
    assert times(read(warp_tags, BPMS=""), 1) == [1.0]


def test_entries_without_exactly_one_equals_sign_are_skipped() -> None:
    segments, problems = read_segments(
        {"BPMS": "0=60,4,8=1=2,12=0,\n", "STOPS": "x"}, True, 0.83, 0.0
    )
    assert segments.bpms == ((0, 60.0),)
    assert len(problems) == 4


def test_ssc_drops_what_sm_takes_for_warps() -> None:
    segments, problems = read_segments(
        {
            "BPMS": "0=60,4=-60,-1=90",
            "STOPS": "4=-1,-4=2",
            "DELAYS": "4=-1",
            "WARPS": "4=-1,5=0.001",
        },
        True,
        0.83,
        0.0,
    )
    assert segments == Segments(0.0, ((0, 60.0),))
    assert len(problems) == 6


def test_a_note_on_a_stop_comes_before_it_and_on_a_delay_after_it() -> None:
    timing = read(BPMS="0=60", STOPS="2=0.5", DELAYS="2=0.25")
    assert times(timing, 2, 3) == [2.25, 3.75]
    assert timing.seconds_at(2 * BEAT, Side.BEFORE) == 2.0


def test_warps_are_free_and_a_stop_in_one_is_not() -> None:
    timing = read(BPMS="0=60,5=120", WARPS="4=4", STOPS="6=1", DELAYS="8=0.5")
    assert times(timing, 4, 5, 6, 7, 8, 10) == [4.0, 4.0, 4.0, 5.0, 5.5, 6.5]
    rows = [4, 5, 6, 7, 8]
    ticks = [b * BEAT for b in rows]
    assert timing.warped(np.array(ticks)).tolist() == [True, True, False, True, False]


def test_warps_that_overlap_end_with_the_further_one() -> None:
    assert times(read(BPMS="0=60", WARPS="4=4,5=1,6=3"), 4, 9, 10) == [4.0, 4.0, 5.0]


def test_absolute_warps_of_old_versions() -> None:
    assert times(read(version=0.69, BPMS="0=60", WARPS="4=6"), 6, 7) == [4.0, 5.0]
    assert times(read(version=0.69, BPMS="0=60", WARPS="4=2"), 6, 7) == [4.0, 5.0]


def test_pauses_before_the_first_beat_only_shift_the_song_in_sm() -> None:
    assert times(read(False, OFFSET="0", BPMS="0=60", STOPS="-4=0.5,-2=0.25"), 0, 1) == [0.75, 1.75]


def test_negative_tempo_is_a_warp_until_time_is_paid_back() -> None:
    timing = read(False, BPMS="0=60,4=-60,8=60")
    assert times(timing, 4, 8, 12, 13) == [4.0, 4.0, 4.0, 5.0]
    assert [a.cause for a in timing.anchors if a.tick == 12 * BEAT] == [Cause.WARP]


def test_a_tempo_change_inside_goes_to_the_start_of_the_warp() -> None:
    timing = read(False, BPMS="0=60,4=-60,8=120")
    assert times(timing, 4, 16, 18) == [4.0, 4.0, 5.0]
    assert [a.bpm for a in timing.anchors if a.tick == 4 * BEAT] == [120.0]


def test_negative_stop() -> None:
    assert times(read(False, BPMS="0=60", STOPS="4=-2"), 4, 6, 7) == [4.0, 4.0, 5.0]


def test_a_stop_inside_pays_back_and_what_is_over_is_waited() -> None:
    timing = read(False, BPMS="0=60", STOPS="4=-2,5=3")
    assert times(timing, 4, 5, 6) == [4.0, 4.0, 7.0]
    assert [a.cause for a in timing.anchors if a.tick == 5 * BEAT][-1] is Cause.STOP
    small = read(False, BPMS="0=60", STOPS="4=-2,5=0.5")
    assert times(small, 4, 5.5, 6) == [4.0, 4.0, 4.5]


def test_a_stop_inside_a_negative_tempo_starts_the_warp_again() -> None:
    timing = read(False, BPMS="0=60,4=-60,8=60", STOPS="6=3")
    assert times(timing, 4, 6, 7, 10, 11) == [4.0, 4.0, 5.0, 5.0, 6.0]


def test_a_stop_that_ends_a_warp_brings_the_tempo_changes_along() -> None:
    timing = read(False, BPMS="0=60,4=-60,5=120", STOPS="6=3")
    assert times(timing, 4, 6, 8) == [4.0, 4.0, pytest.approx(7.5)]


def test_tempo_beyond_what_can_be_played_is_a_warp() -> None:
    timing = read(False, BPMS="0=60,4=99999999,8=60")
    assert times(timing, 4, 8, 9) == [4.0, 4.0, 5.0]


def test_a_warp_that_never_ends() -> None:
    timing = read(False, BPMS="0=60,4=-60")
    assert times(timing, 4, 1000) == [4.0, 4.0]


def test_a_song_that_starts_with_a_negative_tempo() -> None:
    assert times(read(False, BPMS="0=-60,4=60"), 0, 4) == [0.0, 4.0]


def test_time_signatures_are_bars() -> None:
    timing = read(BPMS="0=60", TIMESIGNATURES="0=3=4,6=6=8,9=0=4,10=4,11=x=4,-1=4=4,12=3=8")
    bars = [(a.tick // BEAT, a.meter) for a in timing.anchors if a.bar]
    assert bars == [(0, 3), (6, 3), (12, 2)]


def test_tags_of_a_plain_song() -> None:
    texts = tag_texts(of_map(TimingMap.constant(123.456, 0.009)), True)
    assert texts == {
        "OFFSET": "-0.009",
        "BPMS": "0=123.456",
        "STOPS": "",
        "DELAYS": "",
        "WARPS": "",
        "TIMESIGNATURES": "0=4=4",
    }
    assert "WARPS" not in tag_texts(of_map(TimingMap.constant(100.0)), False)


def test_anchors_off_the_rows_leave_every_row_at_its_time() -> None:
    timing = TimingMap(
        (
            Anchor(0, 0.123, 100.0, 3),
            Anchor(100_001, 3.2, 150.0, 4, bar=True),
            Anchor(200_123, 5.0, 90.0),
            Anchor(200_123, 5.5, 90.0, cause=Cause.STOP),
        )
    )
    assert n_off_rows(timing) == 3
    again = to_map(of_map(timing))
    for row in range(700):
        if row not in (476, 477):
            there, here = again.seconds_at(row * ROW_TICKS), timing.seconds_at(row * ROW_TICKS)
            assert there == pytest.approx(here, abs=3e-6), row
    assert [a.meter for a in again.anchors if a.bar] == [3, 4]


def test_pauses_of_one_kind_on_a_row_are_one() -> None:
    timing = TimingMap(
        (
            Anchor(0, 0.0, 60.0),
            Anchor(BEAT, 1.0, 60.0),
            Anchor(BEAT, 1.25, 60.0),
            Anchor(BEAT, 1.5, 60.0, cause=Cause.DELAY),
            Anchor(BEAT, 1.5, 60.0),
        )
    )
    assert of_map(timing) == Segments(0.0, ((0, 60.0),), delays=((48, 0.5),))


def test_a_map_that_starts_later_is_led_back_to_beat_0() -> None:
    again = to_map(of_map(TimingMap((Anchor(2 * BEAT, 3.0, 120.0),))))
    assert times(again, 0, 2, 4) == [2.0, 3.0, 4.0]


_rows = st.integers(0, 2000)
_bpms = st.integers(3000, 999_999).map(lambda n: n / 1000)
_pauses = st.integers(1, 5_000_000).map(lambda n: n / 1_000_000)


@st.composite
def segments(draw: st.DrawFn) -> Segments:
    bpms = draw(st.dictionaries(_rows, _bpms, max_size=5)) | {0: draw(_bpms)}
    changes = [key for key, _ in groupby(sorted(bpms.items()), key=lambda b: b[1])]
    assume(len(changes) == len(bpms))
    stops = draw(st.dictionaries(_rows, _pauses, max_size=4))
    delays = draw(st.dictionaries(_rows, _pauses, max_size=3))
    warps: dict[int, float] = {}
    end = 0
    for start, length in sorted(
        draw(st.dictionaries(_rows, st.integers(1, 200), max_size=3)).items()
    ):
        if start > end:
            warps[start] = float(length)
            end = start + length
    meters = draw(st.dictionaries(_rows.filter(bool), st.integers(1, 9).map(float), max_size=3))
    return Segments(
        draw(st.integers(-5000, 5000)) / 1000,
        tuple(sorted(bpms.items())),
        tuple(sorted(stops.items())),
        tuple(sorted(delays.items())),
        tuple(sorted(warps.items())),
        tuple(sorted(meters.items())),
    )


@given(segments())
@settings(max_examples=150, deadline=None)
def test_ssc_tags_give_the_same_map_back(made: Segments) -> None:
    timing = to_map(made)
    again, problems = read_segments(tag_texts(of_map(timing), True), True, 0.83, 9.9)
    assert problems == []
    assert to_map(again) == timing


@given(segments())
@settings(max_examples=150, deadline=None)
def test_sm_tags_give_the_same_times_back(made: Segments) -> None:
    timing = to_map(made)
    again, problems = read_segments(tag_texts(of_map(timing), False), False, 0.0, 9.9)
    assert problems == []
    there = to_map(again)
    for row in {0, 2500, *(row for part in (made.bpms, made.stops, made.warps) for row, _ in part)}:
        tick = row * ROW_TICKS
        for side in (Side.BEFORE, Side.AFTER):
            assert there.seconds_at(tick, side) == pytest.approx(
                timing.seconds_at(tick, side), abs=1e-4
            )

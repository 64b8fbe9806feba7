"""Slider speeds, ends and ticks against the game's own figures."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartstudio.core.song import Chart, Effect
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.modes.osu.notes import Slider
from chartstudio.modes.osu.timing import (
    SV_RANGE,
    Velocities,
    duration_by_velocity_s,
    length_for,
    needed_sv,
    slider_duration_s,
    slider_times,
    tick_shares,
    ticks_of_slider,
)

DURATIONS = [
    # length, spans, beat_s, multiplier, sv -> seconds
    ((140, 1, 0.5, 1.4, 1.0), 0.5),
    ((140, 3, 0.5, 1.4, 1.0), 1.5),
    ((140, 1, 0.5, 1.4, 2.0), 0.25),
    ((140, 1, 0.5, 1.4, math.nan), 0.5),
    ((140, 1, 0.5, 1.4, 100.0), 0.05),
    ((140, 1, 0.5, 1.4, 0.01), 5.0),
    ((140, 1, 0.5, 1.4, -3.0), 0.5),
    ((0, 1, 0.5, 1.4, 1.0), 0.0),
    ((140, 0, 0.5, 1.4, 1.0), 0.5),
    # -200 at 264.31718061674 ms and multiplier 1.05, from a ranked Easy: 105 px are two beats.
    ((105, 1, 0.26431718061674, 1.05, 0.5), 0.52863436123348),
]


@pytest.mark.parametrize(("given", "expected_s"), DURATIONS)
def test_durations(given: tuple[float, int, float, float, float], expected_s: float) -> None:
    assert slider_duration_s(*given) == pytest.approx(expected_s, abs=1e-9)


def test_the_velocity_is_rounded_to_a_float_like_in_the_game() -> None:
    # 100 / 1.3 as a float, 76.92308 = 76.92308044433594.
    assert slider_duration_s(140, 1, 0.5, 1.4, 1.3) == pytest.approx(
        0.5 * 76.92308044433594 / 100, rel=1e-15
    )


@given(
    st.floats(1, 2000), st.integers(1, 20), st.floats(0.05, 5), st.floats(0.2, 2),
    st.floats(0.4, 3.6),
)  # fmt: skip
def test_the_needed_velocity_makes_the_duration(
    length_px: float, n_spans: int, duration_s: float, beat_s: float, multiplier: float
) -> None:
    sv = needed_sv(length_px, n_spans, duration_s, beat_s, multiplier)
    if SV_RANGE[0] <= sv <= SV_RANGE[1]:
        made = slider_duration_s(length_px, n_spans, beat_s, multiplier, sv)
        assert made == pytest.approx(duration_s, rel=1e-6)
        assert length_for(n_spans, duration_s, beat_s, multiplier, sv) == pytest.approx(
            length_px, rel=1e-6
        )


def test_no_velocity_makes_something_of_nothing() -> None:
    assert needed_sv(100, 1, 0, 0.5, 1.4) == math.inf
    assert needed_sv(0, 1, 1, 0.5, 1.4) == 0


NO_TICKS = np.empty(0)

TICKS = [
    # start, end, spans, pixels between ticks at 1 px a ms -> ticks, repeats: the cases of
    # osu!'s SliderEventGeneratorTest.
    ((0, 1, 1, 500), [0.5], []),
    ((0, 2, 2, 500), [0.5, 1.5], [1]),
    ((0, 2, 2, 300), [0.3, 0.6, 0.9, 1.1, 1.4, 1.7], [1]),
    ((0, 1, 1, 990), [], []),
    ((0, 1, 1, 989.9), [0.9899], []),
    ((5, 6, 1, math.inf), [], []),
    ((5, 6, 1, 250), [5.25, 5.5, 5.75], []),
    ((0, 3, 3, 400), [0.4, 0.8, 1.2, 1.6, 2.4, 2.8], [1, 2]),
    ((0, 0, 4, 400), [], [0, 0, 0]),
]


@pytest.mark.parametrize(("given", "ticks", "repeats"), TICKS)
def test_ticks_and_repeats(
    given: tuple[float, float, int, float], ticks: list[float], repeats: list[float]
) -> None:
    start_s, end_s, n_spans, tick_px = given
    shares = tick_shares((end_s - start_s) / n_spans * 1000, tick_px, 1.0)
    found = slider_times(start_s, end_s, n_spans, shares)
    assert found.ticks_s.tolist() == pytest.approx(ticks)
    assert found.repeats_s.tolist() == pytest.approx(repeats)
    assert (found.start_s, found.end_s) == given[:2]


def test_the_legacy_last_tick_is_36_ms_early_but_not_before_the_middle() -> None:
    assert slider_times(0, 1, 2, NO_TICKS).legacy_last_tick_s == pytest.approx(0.964)
    assert slider_times(0, 0.05, 1, NO_TICKS).legacy_last_tick_s == pytest.approx(0.025)


def test_hostile_sliders_have_a_bounded_number_of_ticks() -> None:
    shares = tick_shares(1e9, 1e-6, 1e-3)
    assert len(shares) == 100_000
    assert len(slider_times(0, 1e9, 9000, shares).ticks_s) <= 100_000
    assert len(slider_times(0, 1e9, 1_000_000, shares).repeats_s) == 999_999


def test_ticks_of_a_chart_follow_its_tempo_rate_and_effects() -> None:
    timing = TimingMap.constant(120, 1.0)
    effects = (Effect(4 * BEAT, "sv", (2.0,)), Effect(8 * BEAT, "sv", ("nan",)))
    chart = Chart("osu", effects=effects).with_setting("slider_tick_rate", 2.0)
    slider = Slider(0, 2 * BEAT, 0, 0, "L", (("", 100, 0),), 280.0)
    assert ticks_of_slider(slider, chart, timing).ticks_s == pytest.approx([1.25, 1.5, 1.75])
    assert duration_by_velocity_s(slider, chart, timing) == pytest.approx(1)
    quick = Slider(4 * BEAT, 5 * BEAT, 0, 0, "L", (("", 100, 0),), 280.0)
    assert ticks_of_slider(quick, chart, timing).ticks_s == pytest.approx([3.25])
    assert duration_by_velocity_s(quick, chart, timing) == pytest.approx(0.5)
    tickless = Slider(8 * BEAT, 10 * BEAT, 0, 0, "L", (("", 100, 0),), 280.0)
    assert ticks_of_slider(tickless, chart, timing).ticks_s.tolist() == []
    assert duration_by_velocity_s(tickless, chart, timing) == pytest.approx(1)
    strange = chart.with_setting("slider_multiplier", "much").with_setting("slider_tick_rate", 99.0)
    assert duration_by_velocity_s(slider, strange, timing) == pytest.approx(1)
    assert len(ticks_of_slider(slider, strange, timing).ticks_s) == 15


def test_velocities_hold_from_their_tick_on() -> None:
    found = Velocities(
        [Effect(10, "sv", (0.5,)), Effect(5, "kiai", (1,)), Effect(20, "sv", (-1.0,))]
    )
    assert [found.at(t) for t in (0, 9, 10, 19, 20)] == [1, 1, 0.5, 0.5, 1]

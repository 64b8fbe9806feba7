import numpy as np
import pytest

from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import Anchor, Cause, Side, TimingMap
from chartstudio.gui.timeline.view import MIN_SECONDS_PER_PX, PLAYHEAD_SHARE, ViewState


@pytest.fixture
def view(qapp) -> ViewState:
    view = ViewState()
    view.set_width(1000)
    view.set_duration(120.0)
    view.seconds_per_px = 0.01
    view.start_s = 10.0
    return view


TWO_TEMPOS = TimingMap((Anchor(0, 0.0, 120.0, 4, True), Anchor(40 * B, 20.0, 240.0)))


def test_zoom_keeps_the_time_under_the_pointer(view):
    before = view.seconds_at_x(300)
    view.zoom(3.7, 300)
    assert view.seconds_per_px == pytest.approx(0.01 / 3.7)
    assert view.seconds_at_x(300) == pytest.approx(before)


def test_zoom_stops_at_the_closest_and_the_widest(view):
    view.zoom(1e9, 0)
    assert view.seconds_per_px == MIN_SECONDS_PER_PX
    view.zoom(1e-9, 0)
    assert view.start_s <= 0
    assert view.end_s >= 120.0
    assert view.seconds_per_px < 1.0


def test_scrolling_stops_a_little_beyond_the_song(view):
    view.scroll_px(1e9)
    assert 120.0 <= view.end_s <= 122.0
    view.scroll_px(-1e9)
    assert -2.0 <= view.start_s <= 0.0


def test_ticks_and_pixels_are_inverse_in_both_views(view):
    view.set_timing(TWO_TEMPOS)
    ticks = np.array([0, 1, B // 3, 39 * B, 40 * B, 41 * B + 7])
    for beats in (False, True):
        view.beat_view = beats
        view.zoom(5, 400)
        x = view.x_of_ticks(ticks)
        assert np.all(np.diff(x) > 0)
        close = 1 / view.seconds_per_px / 240 / B * 60
        for tick, px in zip(ticks.tolist(), x.tolist(), strict=True):
            assert abs(view.tick_at_x(px) - tick) <= max(1, close)


def test_known_seconds_give_the_same_pixels(view):
    view.set_timing(TWO_TEMPOS)
    ticks = np.array([0, 39 * B, 44 * B])
    for beats in (False, True):
        view.beat_view = beats
        known = view.x_of_places(ticks, TWO_TEMPOS.seconds_at(ticks), TWO_TEMPOS)
        assert known == pytest.approx(view.x_of_ticks(ticks, TWO_TEMPOS))


def test_beat_view_makes_beats_equal_and_keeps_the_middle(view):
    view.set_timing(TWO_TEMPOS)
    middle = view.seconds_at_x(500)
    view.beat_view = True
    assert view.seconds_at_x(500) == pytest.approx(middle, abs=1e-3)
    x = view.x_of_ticks(np.arange(38, 44) * B)
    assert np.diff(x) == pytest.approx(np.diff(x)[0])
    view.beat_view = False
    assert view.seconds_at_x(500) == pytest.approx(middle, abs=1e-3)


def test_a_chart_of_its_own_timing_keeps_its_seconds_in_the_beat_view(view):
    view.set_timing(TWO_TEMPOS)
    own = TimingMap.constant(60.0)
    view.beat_view = True
    # One second is two beats of the song and one of the chart.
    assert view.x_of_ticks(B, own) == pytest.approx(view.x_of_ticks(2 * B), abs=0.1)


def test_a_pause_has_two_sides(view):
    stop = TimingMap((Anchor(0, 0.0, 120.0, 4, True), Anchor(B, 0.5, 120.0), Anchor(B, 2.5, 120.0)))
    before, after = (view.x_of_ticks(B, stop, side) for side in (Side.BEFORE, Side.AFTER))
    assert after - before == pytest.approx(200)


def test_px_per_tick_of_each_stretch(view):
    warp = TimingMap(
        (
            Anchor(0, 0.0, 120.0, 4, True),
            Anchor(B, 0.5, 120.0),
            Anchor(3 * B, 0.5, 120.0, cause=Cause.WARP),
        )
    )
    per_tick = view.px_per_tick(warp, np.array([0, B, 3 * B, 4 * B]))
    assert per_tick * B == pytest.approx([50, 0, 50])


def test_show_leaves_alone_what_is_in_view(view):
    view.show(12.0)
    assert view.start_s == pytest.approx(10.0)
    view.show(50.0)
    assert view.x_of_seconds(50.0) == pytest.approx(PLAYHEAD_SHARE * 1000)


def test_follow_lets_the_playhead_run_to_its_place_then_scrolls(view):
    view.follow(11.0)
    assert view.start_s == pytest.approx(10.0)
    view.follow(14.0)
    assert view.x_of_seconds(14.0) == pytest.approx(PLAYHEAD_SHARE * 1000, abs=1)
    view.follow(6.0)
    assert view.x_of_seconds(6.0) == pytest.approx(PLAYHEAD_SHARE * 1000, abs=1)


def test_show_range_fills_the_view(view):
    view.show_range(30.0, 34.0)
    assert view.start_s < 30.0 < 34.0 < view.end_s
    assert view.end_s - view.start_s < 4.6


def test_changed_is_told_once_and_only_of_changes(view):
    told = []
    view.changed.connect(lambda: told.append(1))
    view.snap = 24
    view.snap = 24
    view.tool_kind = "mine"
    view.scroll_px(0)
    view.set_width(1000)
    assert len(told) == 2


def test_retiming_keeps_the_left_edge(view):
    view.beat_view = True
    start_s = view.start_s
    view.set_timing(TWO_TEMPOS)
    assert view.start_s == pytest.approx(start_s, abs=1e-3)


@pytest.mark.parametrize(("snap", "steps", "found"), [(16, 1, 24), (16, -1, 12), (192, 1, 192)])
def test_step_snap(view, snap, steps, found):
    view.snap = snap
    view.step_snap(steps)
    assert view.snap == found

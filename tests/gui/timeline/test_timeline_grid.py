import numpy as np
import pytest

from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.gui.timeline.grid import BAR, MIN_SNAP_PX, Grid, bars_between, bends
from chartstudio.gui.timeline.view import ViewState


@pytest.fixture
def view(qapp) -> ViewState:
    view = ViewState()
    view.set_width(1000)
    view.set_duration(600.0)
    view.seconds_per_px = 0.005
    view.start_s = 10.0
    return view


def seen(view, timing):
    lines = Grid().lines(view, timing)
    x = view.x_of_places(lines.ticks, lines.seconds, timing)
    inside = (x >= 0) & (x <= view.width_px)
    return lines.ticks[inside], lines.ranks[inside], lines.numbers[inside], x[inside]


def test_lines_of_the_snap_with_bars_and_their_numbers(view):
    timing = TimingMap.constant(120.0)
    ticks, ranks, numbers, _ = seen(view, timing)
    # 10 s to 15 s at 120 BPM: beats 20 to 30, bars 6 to 8.
    assert ticks.tolist() == list(range(20 * B, 30 * B + 1, B // 4))
    assert ticks[ranks == BAR].tolist() == [20 * B, 24 * B, 28 * B]
    assert numbers[ranks == BAR].tolist() == [6, 7, 8]
    assert set(ranks.tolist()) == {BAR, 4, 8, 16}


def test_fine_lines_go_first_when_zoomed_out(view):
    timing = TimingMap.constant(120.0)
    view.seconds_per_px = 0.05
    _, ranks, _, x = seen(view, timing)
    assert set(ranks.tolist()) == {BAR, 4}
    assert np.diff(x).min() >= MIN_SNAP_PX
    view.seconds_per_px = 0.4
    _, ranks, numbers, x = seen(view, timing)
    assert len(x) <= 1000 / 4
    written = numbers[numbers > 0]
    assert np.all((written - 1) % 8 == 0)


@pytest.mark.parametrize("bpm", [1e6, 9e9])
def test_gimmick_tempos_draw_no_more_lines_than_pixels(view, bpm):
    timing = TimingMap(
        (
            Anchor(0, 0.0, 120.0, 4, True),
            Anchor(24 * B, 12.0, bpm),
            Anchor(24 * B + int(bpm / 60 * B), 13.0, 120.0),
        )
    )
    for beats in (False, True):
        view.beat_view = beats
        view.set_timing(timing)
        ticks, _, _, _ = seen(view, timing)
        assert len(ticks) <= 1001


def test_many_bars_that_restart_draw_one_line_per_pixel(view):
    anchors = tuple(Anchor(i * 97, 10 + i * 0.0004, 200.0, 4, True) for i in range(12_000))
    lines = Grid().lines(view, TimingMap(anchors))
    assert len(lines.ticks) <= 3003


def test_lines_are_kept_while_the_view_stays_within_them(view):
    grid, timing = Grid(), TimingMap.constant(120.0)
    lines = grid.lines(view, timing)
    view.scroll_px(300)
    assert grid.lines(view, timing) is lines
    view.scroll_px(3000)
    later = grid.lines(view, timing)
    assert later is not lines
    view.snap = 24
    assert grid.lines(view, timing) is not later


def test_meters_of_other_bars(view):
    timing = TimingMap((Anchor(0, 0.0, 120.0, 3, True), Anchor(22 * B, 11.0, 120.0, 5, True)))
    ticks, ranks, _, _ = seen(view, timing)
    bars = ticks[ranks == BAR]
    assert bars.tolist() == [21 * B, 22 * B, 27 * B]


def test_pauses_and_warps_in_view(view):
    timing = TimingMap(
        (
            Anchor(0, 0.0, 120.0, 4, True),
            Anchor(22 * B, 11.0, 120.0),
            Anchor(22 * B, 12.0, 120.0, cause=Cause.STOP),
            Anchor(24 * B, 13.0, 120.0),
            Anchor(26 * B, 13.0, 120.0, cause=Cause.WARP),
            Anchor(1000 * B, 500.0, 120.0),
            Anchor(1000 * B, 501.0, 120.0, cause=Cause.DELAY),
        )
    )
    grid = Grid()
    pause, warp = bends(view, timing, grid.anchors(timing))
    assert (pause.seconds, pause.beats) == (1.0, 0.0)
    assert pause.right_px - pause.left_px == pytest.approx(200)
    assert (warp.seconds, warp.beats) == (0.0, 2.0)
    assert warp.right_px == pytest.approx(warp.left_px)
    view.set_timing(timing)
    view.beat_view = True
    pause, warp = bends(view, timing, grid.anchors(timing))[:2]
    assert pause.right_px == pytest.approx(pause.left_px)
    assert warp.right_px > warp.left_px


def test_thousands_of_pauses_are_thinned(view):
    anchors = [Anchor(0, 0.0, 120.0, 4, True)]
    for i in range(1, 6000):
        anchors.append(Anchor(i * 40, 10 + i * 0.001, 120.0))
        anchors.append(Anchor(i * 40, 10 + i * 0.001 + 0.0005, 120.0, cause=Cause.STOP))
    timing = TimingMap(tuple(anchors))
    assert len(bends(view, timing, Grid().anchors(timing))) <= 200


def test_bars_of_a_whole_song_leave_out_gimmicks():
    fast = int(9e9 / 60 * B)
    timing = TimingMap(
        (
            Anchor(0, 0.0, 120.0, 4, True),
            Anchor(8 * B, 4.0, 9e9),
            Anchor(8 * B + fast, 5.0, 120.0, 4, True),
        )
    )
    bars = bars_between(timing, 0.0, 9.0, 0.01)
    assert bars.tolist() == [0, 4 * B, 8 * B + fast, 12 * B + fast, 16 * B + fast]

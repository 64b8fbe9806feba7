from itertools import pairwise

import pytest

from chartstudio.gui.timeline.bands import MAX_LANE_PX, MIN_LANE_PX, Zone, arrange


def test_zones_from_top_to_bottom():
    bands = arrange(1000, 800, [(3, 4), (1, 4)])
    zones = [bands.zone_at(y)[0] for y in range(bands.bottom)]
    order = [zone for zone in Zone if zone in zones]
    assert order[:4] == [Zone.TEMPO, Zone.WAVE, Zone.RULER, Zone.STRIP]
    assert bands.zone_at(bands.bottom + 1) == (Zone.NOTHING, None)
    assert bands.zone_at(bands.strips[1].lanes.top)[1].chart == 1


@pytest.mark.parametrize("height", [200, 500, 900, 2000])
@pytest.mark.parametrize("charts", [[], [(0, 4)], [(0, 4), (1, 4)], [(0, 18), (1, 10)]])
def test_bands_never_overlap_and_lanes_stay_within_their_bounds(height, charts):
    bands = arrange(1000, height, charts)
    tops = [bands.tempo, bands.wave, bands.ruler]
    for strip in bands.strips:
        tops += [strip.head, strip.lanes]
        assert 1 <= strip.lane_px <= MAX_LANE_PX + 1
    for upper, lower in pairwise(tops):
        assert upper.bottom <= lower.top
    if bands.strips:
        assert bands.strips[0].lane_px >= MIN_LANE_PX


def test_the_first_strip_is_the_large_one_and_uses_the_room():
    bands = arrange(1000, 700, [(0, 4), (1, 4)])
    first, second = bands.strips
    assert first.lane_px > second.lane_px * 1.4
    assert bands.bottom <= 700
    assert bands.bottom > 690


def test_lanes_and_heights_are_inverse():
    strip = arrange(1000, 700, [(0, 5)]).strips[0]
    for lane in range(5):
        assert strip.lane_at(strip.lane_y(lane)) == lane
        assert strip.row_at(strip.lane_y(lane)) == pytest.approx(lane + 0.5)
    assert strip.lane_at(-100) == 0
    assert strip.lane_at(9999) == 4

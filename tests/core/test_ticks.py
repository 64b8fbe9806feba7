import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartstudio.core.ticks import SNAPS, TICKS_PER_BEAT, snap_of, snap_ticks, snap_to


@pytest.mark.parametrize("snap", SNAPS)
def test_every_snap_divides_the_clock(snap: int) -> None:
    assert snap_ticks(snap) * snap == 4 * TICKS_PER_BEAT


def test_a_snap_that_does_not_divide_the_clock_is_refused() -> None:
    with pytest.raises(ValueError, match="1/11"):
        snap_ticks(11)


@given(st.integers(-(10**9), 10**9), st.sampled_from(SNAPS), st.integers(0, 10**6))
def test_snapping_lands_on_the_grid_at_most_half_a_step_away(
    tick: int, snap: int, origin: int
) -> None:
    snapped = snap_to(tick, snap, origin)
    assert (snapped - origin) % snap_ticks(snap) == 0
    assert abs(snapped - tick) * 2 <= snap_ticks(snap)


@pytest.mark.parametrize(
    ("beats", "snap"),
    [(0, 4), (3, 4), (1 / 2, 8), (1 / 3, 12), (2 / 3, 12), (1 / 4, 16), (1 / 6, 24), (1 / 8, 32)],
)
def test_the_snap_of_a_tick_is_the_coarsest_that_holds_it(beats: float, snap: int) -> None:
    assert snap_of(round(beats * TICKS_PER_BEAT)) == snap


def test_snaps_of_arrays_match_single_ticks_and_off_grid_is_zero() -> None:
    ticks = np.arange(-5000, 5000, 7)
    found = snap_of(ticks, origin=11)
    assert found.tolist() == [snap_of(int(t), origin=11) for t in ticks]
    assert snap_of(1) == 0

"""Taps made up as people make them: jitter, misses, doubles, nonsense."""

import random
from itertools import accumulate

import pytest

from chartstudio.editor.latency import MIN_TAPS, Latency, latency_of

BEATS_S = tuple(1.0 + 0.7 * k for k in range(40))


def tapped(late_s: float, n: int = 16, jitter_s: float = 0.0, seed: int = 0) -> list[float]:
    rng = random.Random(seed)
    return [beat + late_s + rng.gauss(0.0, jitter_s) for beat in BEATS_S[2 : 2 + n]]


@pytest.mark.parametrize("late_s", [-0.12, -0.02, 0.0, 0.043, 0.25, 0.5])
def test_exact_taps_give_their_delay(late_s: float) -> None:
    found = latency_of(tapped(late_s), BEATS_S)
    assert found is not None
    assert found.seconds == pytest.approx(late_s, abs=1e-9)
    assert found.spread_s == pytest.approx(0.0, abs=1e-9)
    assert found.n_taps == 16


@pytest.mark.parametrize("seed", range(20))
def test_jitter_is_averaged_out(seed: int) -> None:
    found = latency_of(tapped(0.08, 30, 0.02, seed), BEATS_S)
    assert found is not None
    assert found.seconds == pytest.approx(0.08, abs=0.015)
    assert 0.005 < found.spread_s < 0.025


def test_misses_doubles_and_slips_change_nothing() -> None:
    taps = tapped(0.06, 20)
    del taps[7], taps[3]
    taps += [taps[0] + 0.03, taps[5] + 0.05]  # a finger that bounces
    taps += [0.1, BEATS_S[8] + 0.4, BEATS_S[12] - 0.13]  # slips
    assert latency_of(taps, BEATS_S) == Latency(
        pytest.approx(0.06), pytest.approx(0.0, abs=1e-9), 18, 23
    )
    assert latency_of(sorted(taps), BEATS_S) == latency_of(taps, BEATS_S)


def test_too_few_taps_say_nothing() -> None:
    assert latency_of([], BEATS_S) is None
    assert latency_of(tapped(0.05, MIN_TAPS - 1), BEATS_S) is None
    assert latency_of(tapped(0.05, MIN_TAPS), BEATS_S) is not None
    twice = [tap + extra for tap in tapped(0.05, MIN_TAPS - 1) for extra in (0.0, 0.02)]
    assert latency_of(twice, BEATS_S) is None


@pytest.mark.parametrize("seed", range(20))
def test_hammering_says_nothing(seed: int) -> None:
    rng = random.Random(seed)
    assert latency_of([rng.uniform(1.0, 28.0) for _ in range(120)], BEATS_S) is None


def test_taps_off_every_beat_are_left_out() -> None:
    early_and_late = [0.2, 30.0, 31.0]
    found = latency_of([*tapped(0.1), *early_and_late], BEATS_S)
    assert found is not None
    assert found.seconds == pytest.approx(0.1)


def test_beats_need_not_be_even() -> None:
    rng = random.Random(1)
    beats = list(accumulate(rng.uniform(0.5, 0.9) for _ in range(30)))
    found = latency_of([beat + 0.2 for beat in beats[:15]], beats)
    assert found is not None
    assert found.seconds == pytest.approx(0.2)


def test_one_beat_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="two beats"):
        latency_of([1.0], [1.0])


@pytest.mark.parametrize("seed", range(20))
def test_a_fifth_of_the_beats_missed_does_no_harm(seed: int) -> None:
    rng = random.Random(seed)
    taps = [tap for tap in tapped(0.09, 34, 0.015, seed) if rng.random() > 0.2]
    found = latency_of(taps, BEATS_S)
    assert found is not None
    assert abs(found.seconds - 0.09) < 4 * max(found.error_s, 0.002)
    assert not found.between


def test_how_sure_it_is_grows_with_taps_and_shrinks_with_spread() -> None:
    errors = [
        latency_of(tapped(0.1, n, jitter_s, 5), BEATS_S).error_s  # type: ignore[union-attr]
        for n, jitter_s in ((38, 0.005), (14, 0.005), (14, 0.03))
    ]
    assert errors == sorted(errors)
    assert latency_of(tapped(0.1, 16), BEATS_S).sure  # type: ignore[union-attr]
    assert not latency_of(tapped(0.1, 14, 0.03, 5), BEATS_S).sure  # type: ignore[union-attr]


def test_the_error_that_is_told_is_the_error_that_is_made() -> None:
    off, told = [], []
    for seed in range(300):
        found = latency_of(tapped(0.08, 24, 0.015, seed), BEATS_S)
        assert found is not None
        off.append(found.seconds - 0.08)
        told.append(found.error_s)
    rms = (sum(x * x for x in off) / len(off)) ** 0.5
    assert rms == pytest.approx(sum(told) / len(told), rel=0.25)


@pytest.mark.parametrize("late_s", [0.3, 0.35, 0.4])
def test_taps_between_the_beats_are_known(late_s: float) -> None:
    found = latency_of(tapped(late_s, jitter_s=0.004), BEATS_S)
    assert found is not None
    assert found.between
    assert not latency_of(tapped(0.25), BEATS_S).between  # type: ignore[union-attr]


def test_twice_as_many_taps_as_beats_say_nothing() -> None:
    taps = sorted([*tapped(0.05, 30), *tapped(0.4, 30)])
    assert latency_of(taps, BEATS_S) is None

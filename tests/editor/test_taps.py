import numpy as np
import pytest

from chartstudio.editor import taps


def beats(bpm: float, n: int, wobble_s: float = 0.0) -> list[float]:
    noise = np.random.default_rng(3).normal(0, wobble_s, n)
    return [float(t) for t in 10 + 60 / bpm * np.arange(n) + noise]


def test_even_taps_are_told_exactly() -> None:
    found = taps.tempo_of(beats(137.25, 8))
    assert found is not None
    assert found.bpm == pytest.approx(137.25)
    assert found.error_bpm == pytest.approx(0.0, abs=1e-6)
    assert found.beat_s == pytest.approx(10 + 7 * 60 / 137.25)


def test_uneven_taps_say_how_sure_they_are() -> None:
    few, many = taps.tempo_of(beats(150, 8, 0.015)), taps.tempo_of(beats(150, 64, 0.015))
    assert few is not None
    assert many is not None
    assert abs(many.bpm - 150) < 3 * many.error_bpm < 0.5
    assert many.error_bpm < few.error_bpm / 5


def test_a_beat_left_out_and_a_tap_astray_do_no_harm() -> None:
    times = beats(120, 16)
    del times[5]
    times[9] += 0.11
    found = taps.tempo_of(times)
    assert found is not None
    assert found.bpm == pytest.approx(120.0)
    assert found.n_taps == 14


def test_too_few_taps_are_no_tempo_and_a_pause_begins_anew() -> None:
    assert taps.tempo_of(beats(120, 3)) is None
    times: tuple[float, ...] = ()
    for at_s in (1.0, 1.5, 2.0):
        times = taps.extended(times, at_s)
    assert times == (1.0, 1.5, 2.0)
    assert taps.extended(times, 5.5) == (5.5,)
    assert taps.extended(times, 1.9) == (1.9,)

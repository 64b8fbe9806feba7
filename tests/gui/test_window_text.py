import pytest

from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.gui import text
from chartstudio.modes import MODES

BAR = 4 * TICKS_PER_BEAT


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "0:00.000"),
        (72.48, "1:12.480"),
        (59.9996, "1:00.000"),
        (-0.25, "-0:00.250"),
        (-0.0001, "0:00.000"),
        (3600.0, "60:00.000"),
    ],
)
def test_clock(seconds, expected):
    assert text.clock(seconds) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(94, "1:34"), (59.7, "1:00"), (7384, "2:03:04")])
def test_duration(seconds, expected):
    assert text.duration(seconds) == expected


def test_bars_name_both_ends():
    timing = TimingMap.constant(120.0)
    assert text.bars(timing, 40 * BAR, 44 * BAR) == "Bars 41–44"
    assert text.bars(timing, 40 * BAR, 41 * BAR) == "Bar 41"
    assert text.bars(timing, 40 * BAR, 40 * BAR) == "Bar 41"


def test_bar_and_beat():
    timing = TimingMap.constant(120.0)
    assert text.bar_and_beat(timing, 42 * BAR + TICKS_PER_BEAT * 5 // 4) == "bar 43 · beat 2.25"


def test_tempo_is_one_or_a_span():
    assert text.bpm(TimingMap.constant(142.0)) == "142 BPM"
    assert text.bpm(TimingMap.constant(181.685)) == "181.685 BPM"
    two = TimingMap((Anchor(0, 0.0, 90.0), Anchor(BAR, 2.0, 180.0)))
    assert text.bpm(two) == "90–180 BPM"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (94.6, 95.2, "94.6–95.2 BPM"),
        (95.12, 95.14, "95.12–95.14 BPM"),
        (95.001, 95.0034, "95.001–95.003 BPM"),
        (95.0001, 95.0002, "95 BPM"),
        (94.51, 95.49, "94.5–95.5 BPM"),
    ],
)
def test_a_span_of_tempos_has_two_ends(low, high, expected):
    timing = TimingMap((Anchor(0, 0.0, high), Anchor(BAR, 2.0, low)))
    assert text.bpm(timing) == expected


@pytest.mark.parametrize(
    ("value", "mode", "expected"),
    [
        (9.0, "dance-single", "9"),
        (3.42, "osu", "3.4★"),
        (None, "osu", "–"),
        (8.75, "", "8.8"),
        (3.0, "beatsaber", "Hard"),
        (4.2, "beatsaber", "Expert 4.2"),
    ],
)
def test_level(value, mode, expected):
    assert text.level(value, MODES.get(mode)) == expected


def test_errors_are_one_line():
    assert text.one_line(ValueError("a\n  b")) == "a b"
    assert text.one_line(ValueError()) == "ValueError"


def test_counts_agree_with_their_word():
    assert text.count(1, "{n} hold", "{n} holds") == "1 hold"
    assert text.count(0, "{n} hold", "{n} holds") == "0 holds"

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from chartstudio.audio.peaks import Peaks
from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.gui.theme import DARK
from chartstudio.gui.timeline.view import ViewState
from chartstudio.gui.timeline.waveform import Waveform

RATE_HZ = 8000


@pytest.fixture
def view(qapp) -> ViewState:
    view = ViewState()
    view.set_width(600)
    view.set_duration(10.0)
    view.seconds_per_px = 0.01
    view.start_s = 0.0
    return view


def burst(start_s, end_s):
    samples = np.zeros(RATE_HZ * 10, np.float32)
    low, high = int(start_s * RATE_HZ), int(end_s * RATE_HZ)
    samples[low:high] = np.where(np.arange(high - low) % 2, 0.9, -0.9)
    return Peaks.of(samples, RATE_HZ)


def paint(wave, view, ratio=1.0):
    image = QImage(int(600 * ratio), int(100 * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(QColor(0, 0, 0))
    with QPainter(image) as painter:
        wave.paint(painter, QRectF(0, 0, 600, 100), view, ratio)
    return image


def loud(image, x):
    return image.pixelColor(x, image.height() // 4).blue() > 100


def test_sound_is_drawn_where_it_sounds(view):
    wave = Waveform()
    wave.set_peaks(burst(2.0, 3.0))
    image = paint(wave, view)
    left = next(x for x in range(600) if loud(image, x))
    right = max(x for x in range(600) if loud(image, x))
    offset = view.x_of_seconds(2.0)
    assert left == pytest.approx(offset, abs=1)
    assert right == pytest.approx(offset + 99, abs=1)
    assert image.pixelColor(int(left) + 50, 50) == DARK.wave_core


def test_it_scrolls_and_zooms_with_the_view(view):
    wave = Waveform()
    wave.set_peaks(burst(2.0, 3.0))
    paint(wave, view)
    view.scroll_px(137)
    image = paint(wave, view)
    left = next(x for x in range(600) if loud(image, x))
    assert left == pytest.approx(view.x_of_seconds(2.0), abs=1)
    view.zoom(2.5, 100)
    image = paint(wave, view)
    left = next(x for x in range(600) if loud(image, x))
    assert left == pytest.approx(view.x_of_seconds(2.0), abs=1)


def test_it_follows_the_beats_when_they_are_equal(view):
    timing = TimingMap((Anchor(0, 0.0, 120.0, 4, True), Anchor(4 * B, 2.0, 60.0)))
    view.set_timing(timing)
    view.beat_view = True
    wave = Waveform()
    wave.set_peaks(burst(2.0, 3.0))
    image = paint(wave, view)
    found = [x for x in range(600) if loud(image, x)]
    assert found[0] == pytest.approx(view.x_of_ticks(4 * B), abs=1.5)
    assert found[-1] == pytest.approx(view.x_of_ticks(5 * B) - 1, abs=1.5)


def test_silence_is_a_line_and_no_song_a_word(view):
    wave = Waveform()
    empty = paint(wave, view)
    said = {(x, y) for x in range(600) for y in range(100) if empty.pixelColor(x, y).value()}
    assert said
    assert all(200 < x < 400 and 35 < y < 65 for x, y in said)
    wave.set_peaks(Peaks.of(np.zeros(RATE_HZ, np.float32), RATE_HZ))
    image = paint(wave, view)
    column = [image.pixelColor(300, y).value() > 0 for y in range(100)]
    assert 1 <= sum(column) <= 2


def test_fine_screens_get_fine_columns(view):
    wave = Waveform()
    wave.set_peaks(burst(2.0, 3.0))
    image = paint(wave, view, ratio=2.0)
    left = next(x for x in range(1200) if loud(image, x))
    assert left == pytest.approx(2 * view.x_of_seconds(2.0), abs=2)

"""Tapping to clicks and to the light, by a person who is always equally late."""

import random
import threading

import pytest
from PySide6.QtCore import Qt
from window_rig import RATE_HZ

from chartstudio.audio.output import HandOutput
from chartstudio.audio.player import Player
from chartstudio.editor.latency import MIN_TAPS
from chartstudio.gui.calibration import BEAT_S, BEATS_S, Calibration, What
from chartstudio.gui.dialogs.calibration import CalibrationDialog, open_calibration

BLOCK = 480


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def output():
    return HandOutput(0.06, "Speakers")


@pytest.fixture
def player(output):
    return Player(output)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def calibration(window, player, clock, qtbot):
    """What measures, with a device that has been found."""
    made = Calibration(window.studio.preferences, window.studio.jobs, lambda: player, clock)
    made.look()
    qtbot.waitUntil(lambda: made._player is not None)
    yield made
    made.close()


@pytest.fixture
def dialog(calibration, qtbot):
    made = CalibrationDialog(calibration)
    made.show()
    yield made
    made.close()


def _turn_until(player, output, song_s):
    while player.position_s < song_s:
        output.turn(BLOCK)


def _tap_to_clicks(calibration, player, output, late_s, beats):
    for beat_s in beats:
        _turn_until(player, output, beat_s + late_s)
        calibration.tap()


def test_the_delay_of_the_sound_is_stored_for_its_device(calibration, player, output, window):
    calibration.start(What.SOUND)
    _tap_to_clicks(calibration, player, output, 0.12, BEATS_S[1:MIN_TAPS])
    assert calibration.running is What.SOUND
    _tap_to_clicks(calibration, player, output, 0.12, [BEATS_S[MIN_TAPS]])
    assert calibration.running is None
    now = window.studio.preferences.now
    assert now.sound_device == "Speakers"
    assert dict(now.sound_delays)["Speakers"] == pytest.approx(0.12, abs=0.011)
    assert now.tap_delay_s == now.sound_delay_s == dict(now.sound_delays)["Speakers"]
    assert now.picture_delay_s == 0.0
    assert not output.active
    assert "12 of 12 taps agree" in calibration.said(What.SOUND)
    assert "± 2 ms" in calibration.said(What.SOUND) or "± 1 ms" in calibration.said(What.SOUND)


def test_clicks_are_where_they_are_counted(calibration, player, output):
    calibration.start(What.SOUND)
    heard_s = [
        player._transport._cursor / player._transport.rate_hz
        for _ in range(400)
        if abs(output.turn(BLOCK)).max() > 0.5
    ]
    starts = [at for at in heard_s if not any(0 < at - other < 0.3 for other in heard_s)]
    assert starts == pytest.approx(BEATS_S[: len(starts)], abs=2 * BLOCK / 48_000)
    assert len(starts) >= 4


def test_the_delay_of_the_picture(calibration, clock, window):
    calibration.start(What.PICTURE)
    for beat_s in BEATS_S[2 : 2 + MIN_TAPS]:
        clock.now_s = 100.0 + beat_s + 0.045
        calibration.tap()
    assert window.studio.preferences.now.picture_delay_s == pytest.approx(0.045)
    assert window.studio.preferences.now.sound_delays == ()


def test_taps_that_do_not_agree_change_nothing(calibration, clock, window):
    window.studio.preferences.set(picture_delay_s=0.02)
    calibration.start(What.PICTURE)
    for k in range(40):
        clock.now_s = 100.0 + 1.0 + 0.61803 * k
        calibration.tap()
    clock.now_s = 100.0 + BEATS_S[-1] + BEAT_S + 0.1
    calibration._on_frame()
    assert calibration.running is None
    assert "did not agree" in calibration.said(What.PICTURE)
    assert window.studio.preferences.now.picture_delay_s == 0.02


def test_without_sound_the_picture_can_still_be_measured(window, qtbot):
    silent = Player(HandOutput(), "No sound: no device.")
    calibration = Calibration(window.studio.preferences, window.studio.jobs, lambda: silent)
    dialog = CalibrationDialog(calibration)
    dialog.show()
    calibration.look()
    qtbot.waitUntil(lambda: dialog._silence.isVisible())
    assert "No sound: no device." in dialog._silence.text()
    assert "picture can be measured" in dialog._silence.text()
    assert not dialog.starts[What.SOUND].isEnabled()
    assert not dialog.fields[What.SOUND].isEnabled()
    assert dialog.starts[What.PICTURE].isEnabled()
    calibration.start(What.SOUND)
    assert calibration.running is None
    dialog.close()


def test_a_device_that_fails_when_it_is_opened_is_said(calibration, player, window):
    from chartstudio.audio.output import OutputError

    def fail(*_):
        raise OutputError("the sound device cannot be used.")

    player._output.start = fail
    calibration.start(What.SOUND)
    assert calibration.running is None
    assert "cannot be used" in calibration.silence
    player.stop()


def test_any_key_taps_once_and_escape_leaves(dialog, calibration, qtbot):
    qtbot.mouseClick(dialog.starts[What.PICTURE], Qt.MouseButton.LeftButton)
    assert calibration.running is What.PICTURE
    qtbot.keyClick(dialog.pad, Qt.Key.Key_Space)
    qtbot.keyClick(dialog.pad, Qt.Key.Key_F)
    qtbot.mouseClick(dialog.pad, Qt.MouseButton.LeftButton)
    assert calibration.n_taps == 3
    assert "3 taps" in dialog.said[What.PICTURE].text()
    qtbot.keyClick(dialog.pad, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert calibration.running is None


def test_delays_can_be_typed_and_reset(dialog, calibration, window):
    dialog.fields[What.SOUND].setValue(180.0)
    dialog.fields[What.PICTURE].setValue(-12.5)
    now = window.studio.preferences.now
    assert (now.sound_delay_s, now.picture_delay_s) == (0.18, -0.0125)
    dialog.reset.click()
    now = window.studio.preferences.now
    assert (now.sound_delays, now.picture_delay_s) == ((), 0.0)
    assert dialog.fields[What.SOUND].value() == 0.0


def test_the_light_crosses_the_line_on_the_beat(dialog, calibration, clock):
    calibration.start(What.PICTURE)
    clock.now_s = 100.0 + BEATS_S[3]
    assert dialog.pad.phase_s() == pytest.approx(0.0, abs=1e-9)
    clock.now_s -= 0.1
    assert dialog.pad.phase_s() == pytest.approx(-0.1)
    assert not dialog.pad.grab().isNull()


def test_the_device_is_named_with_what_it_says(dialog):
    assert dialog._device.text() == "Speakers · says 60 ms"


def test_the_song_lets_the_device_go_and_stays_where_it_was(opened, qtbot):
    playback = opened.studio.playback
    playback.play(2.0)
    for _ in range(20):
        playback._player._output.turn(RATE_HZ // 20)
    dialog = open_calibration(opened.studio)
    assert not playback.playing
    assert playback.position_s == pytest.approx(3.0, abs=0.06)
    assert not playback._player._output.active
    qtbot.waitUntil(lambda: opened.studio.jobs.idle)
    dialog.close()
    playback.play()
    assert playback.playing
    assert playback.position_s == pytest.approx(3.0, abs=0.06)


def test_a_calibrated_song_is_drawn_where_it_is_heard(opened):
    studio = opened.studio
    playback = studio.playback
    studio.preferences.set(picture_delay_s=0.02)
    studio.preferences.set(sound_delays=studio.preferences.now.with_sound_delay(0.2).sound_delays)
    playback.play(0.0)
    for _ in range(40):
        playback._player._output.turn(RATE_HZ // 40)
    assert playback.position_s == pytest.approx(1.0, abs=0.001)
    assert playback.heard_s == pytest.approx(0.8, abs=0.001)
    assert playback.position() == pytest.approx(0.82, abs=0.001)
    playback.pause()
    assert playback.position_s == playback.heard_s == playback.position()
    assert playback.position_s == pytest.approx(0.8, abs=0.001)


# Breaking it ------------------------------------------------------------------------------


def _tap_to_light(calibration, clock, late_s):
    for beat_s, late in zip(BEATS_S, late_s, strict=False):
        clock.now_s = 100.0 + beat_s + late
        if calibration.running is None:
            return
        calibration.tap()
    clock.now_s = 100.0 + BEATS_S[-1] + BEAT_S + 0.1
    calibration._on_frame()


def test_taps_on_the_half_beat_are_not_stored(calibration, clock, window):
    calibration.start(What.PICTURE)
    _tap_to_light(calibration, clock, [0.35] * 40)
    assert calibration.running is None
    assert "half-way between two beats" in calibration.said(What.PICTURE)
    assert "+350 ms" in calibration.said(What.PICTURE)
    assert window.studio.preferences.now.picture_delay_s == 0.0


def test_uneven_taps_go_on_for_longer_and_say_how_rough_they_are(calibration, clock, window):
    rng = random.Random(4)
    calibration.start(What.PICTURE)
    late_s = [0.06 + rng.gauss(0.0, 0.035) for _ in range(40)]
    _tap_to_light(calibration, clock, late_s)
    assert calibration.n_taps == 40
    said = calibration.said(What.PICTURE)
    assert "rough" in said
    assert "of 40 taps agree" in said
    assert window.studio.preferences.now.picture_delay_s == pytest.approx(0.06, abs=0.02)


def test_what_is_known_so_far_is_shown_while_taps_come(calibration, clock, dialog):
    rng = random.Random(4)
    calibration.start(What.PICTURE)
    for beat_s in BEATS_S[:20]:
        clock.now_s = 100.0 + beat_s + 0.06 + rng.gauss(0.0, 0.035)
        calibration.tap()
    assert "so far" in dialog.said[What.PICTURE].text()


def test_a_fifth_of_the_taps_may_be_missing(calibration, clock, window):
    rng = random.Random(2)
    calibration.start(What.PICTURE)
    for beat_s in BEATS_S:
        clock.now_s = 100.0 + beat_s + 0.05 + rng.gauss(0.0, 0.008)
        if rng.random() > 0.2 and calibration.running is not None:
            calibration.tap()
    assert calibration.running is None
    assert window.studio.preferences.now.picture_delay_s == pytest.approx(0.05, abs=0.012)


def test_nobody_who_taps_is_told_so(calibration, clock):
    calibration.start(What.PICTURE)
    clock.now_s = 100.0 + BEATS_S[-1] + BEAT_S + 0.1
    calibration._on_frame()
    assert "No tap came" in calibration.said(What.PICTURE)


def test_stopping_half_way_changes_nothing_and_says_so(dialog, calibration, clock, window, qtbot):
    window.studio.preferences.set(picture_delay_s=0.02)
    calibration.start(What.PICTURE)
    for beat_s in BEATS_S[:6]:
        clock.now_s = 100.0 + beat_s + 0.2
        calibration.tap()
    qtbot.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    assert "Stopped" in dialog.said[What.PICTURE].text()
    assert window.studio.preferences.now.picture_delay_s == 0.02
    calibration.start(What.PICTURE)
    assert "0 taps" in dialog.said[What.PICTURE].text()
    dialog.close()
    assert calibration.running is None
    calibration.tap()
    assert window.studio.preferences.now.picture_delay_s == 0.02


def test_a_device_that_goes_away_half_way_is_said(calibration, player, output, clock, window):
    calibration.start(What.SOUND)
    _tap_to_clicks(calibration, player, output, 0.12, BEATS_S[:4])
    calibration._on_frame()
    clock.now_s += 10.0
    calibration._on_frame()
    assert calibration.running is None
    assert "has stopped" in calibration.said(What.SOUND)
    assert window.studio.preferences.now.sound_delays == ()


def test_a_device_that_is_found_after_the_dialog_was_closed_is_let_go(window, qtbot):
    opening, go_on = threading.Event(), threading.Event()
    closed = []

    class Slow(Player):
        def close(self):
            closed.append(True)
            super().close()

    def make():
        opening.set()
        assert go_on.wait(5)
        return Slow(HandOutput())

    calibration = Calibration(window.studio.preferences, window.studio.jobs, make)
    dialog = CalibrationDialog(calibration)
    dialog.show()
    calibration.look()
    assert "Looking for" in dialog._device.text()
    qtbot.waitUntil(opening.is_set)
    dialog.close()
    go_on.set()
    qtbot.waitUntil(lambda: window.studio.jobs.idle)
    assert closed
    assert calibration._player is None

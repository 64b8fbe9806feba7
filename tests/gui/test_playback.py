import numpy as np
import pytest
from window_rig import BAR, BEAT, DURATION_S, RATE_HZ, make_song

from chartstudio.audio.mix import SOUNDS
from chartstudio.core.note import LaneNote
from chartstudio.core.timing import TimingMap
from chartstudio.editor.selection import Selection
from chartstudio.gui.drafting import Ghosts
from chartstudio.gui.playback import beats, heard_notes, note_ticks, silence


@pytest.fixture
def playback(opened):
    return opened.studio.playback


def _turn(playback, seconds):
    """Let the hand-turned output play so long."""
    for _ in range(round(seconds * 20)):
        playback._player._output.turn(RATE_HZ // 20)
    playback._on_watch()


def test_it_plays_and_pauses_where_it_is(playback, opened):
    opened.actions_["play.toggle"].trigger()
    assert playback.playing
    assert opened.studio.view.playing
    _turn(playback, 1.0)
    opened.actions_["play.toggle"].trigger()
    assert not playback.playing
    assert not opened.studio.view.playing
    assert playback.position_s == pytest.approx(1.0, abs=0.06)


def test_the_end_of_the_song_is_noticed(playback, opened):
    playback.play(DURATION_S - 0.2)
    _turn(playback, 1.0)
    assert not playback.playing
    assert not opened.studio.view.playing


def test_the_timeline_moves_it(playback, opened):
    opened.studio.timeline.go_to(2 * BAR)
    assert playback.position_s == pytest.approx(4.1)
    assert "0:04.100" in opened.findChild(type(opened.status)).parent().status._position.text()


def test_the_loop_follows_the_selection(playback, opened):
    document = opened.studio.document
    opened.actions_["play.loop"].trigger()
    assert not playback.looping
    document.select(Selection(range=(BAR, 2 * BAR)))
    opened.actions_["play.loop"].trigger()
    assert playback._player.loop_s == pytest.approx((2.1, 4.1))
    document.select(Selection(range=(2 * BAR, 3 * BAR)))
    assert playback._player.loop_s == pytest.approx((4.1, 6.1))
    opened.actions_["play.loop"].trigger()
    assert playback._player.loop_s is None


def test_the_rate_is_kept_within_its_limits(playback, opened, settle):
    playback.set_rate(0.5)
    settle(opened)
    assert playback._player.rate == 0.5
    assert opened.studio.preferences.now.rate == 0.5
    playback.set_rate(9)
    assert playback.rate == 2.0
    playback.set_rate(0.01)
    assert playback.rate == 0.25


def test_switches_set_the_gains(playback, opened):
    assert playback._player.tick_gain == 0.6
    opened.actions_["play.ticks"].trigger()
    assert playback._player.tick_gain == 0.0
    opened.actions_["play.metronome"].trigger()
    assert playback._player.metronome_gain == 0.6


def test_ticks_follow_edits_and_ghosts(playback, opened, qtbot):
    def times():
        return sorted(set(np.round(playback._player._ticks.times_s, 3).tolist()))

    expected = [round(0.1 + 0.5 * b, 3) for b in range(16)]
    qtbot.waitUntil(lambda: times() == expected)
    opened.studio.timeline.go_to(20 * BEAT)
    opened.studio.timeline.place_at_cursor(0)
    qtbot.waitUntil(lambda: times() == [*expected, 10.1])
    opened.studio.document.select(Selection(range=(6 * BAR, 7 * BAR)))
    opened.studio.drafting.start()
    qtbot.waitUntil(lambda: times() == [*expected, 10.1, 12.1, 12.6, 13.1, 13.6])


def test_beats_click_at_their_seconds_with_the_first_of_a_bar_higher():
    found = beats(TimingMap.constant(120.0, 0.25, 3), 3.0)
    np.testing.assert_allclose(found.times_s, [0.25, 0.75, 1.25, 1.75, 2.25, 2.75])
    names = [SOUNDS[s] for s in found.sounds]
    assert names == ["downbeat", "beat", "beat", "downbeat", "beat", "beat"]


def test_beats_too_close_to_hear_are_left_out():
    assert len(beats(TimingMap.constant(9_999_999.0), 0.2).times_s) <= 8


def test_rows_tick_once_and_chords_otherwise():
    notes = (
        LaneNote(0, 0, 0),
        LaneNote(0, 0, 1),
        LaneNote(BEAT, BEAT, 2),
        LaneNote(BAR, BAR, 0, "mine"),
    )
    found = note_ticks(notes, "dance-single", TimingMap.constant(120.0))
    np.testing.assert_allclose(found.times_s, [0.0, 0.5])
    assert [SOUNDS[s] for s in found.sounds] == ["note-chord", "note"]


def test_ghosts_are_heard_instead_of_what_they_replace():
    chart = make_song().charts[0]
    ghosts = Ghosts(0, (LaneNote(BAR, BAR, 3),), BAR, 4 * BAR)
    heard = heard_notes(chart, 0, ghosts)
    assert [n.tick for n in heard] == [0, BEAT, 2 * BEAT, 3 * BEAT, BAR]
    assert heard_notes(chart, 1, ghosts) is chart.notes


def test_a_chart_without_audio_plays_silently_to_its_end():
    song = make_song()
    assert silence(song).duration_s == pytest.approx(7.6 + 4.0)


def test_a_window_without_audio_still_plays(window, song_folder, settle):
    (song_folder / "song.wav").unlink()
    window.studio.files.open(song_folder)
    settle(window)
    window.studio.timeline.go_to(BAR)
    assert window.studio.playback.position_s == pytest.approx(2.1)
    window.studio.playback.play()
    assert window.studio.playback.playing


def test_a_missing_sound_device_is_said(window, song_folder, settle):
    from chartstudio.audio.output import HandOutput
    from chartstudio.audio.player import Player

    window.studio.playback.make_player = lambda: Player(HandOutput(), "No sound: no device.")
    window.studio.files.open(song_folder)
    settle(window)
    assert window.status.currentMessage() == "No sound: no device."
    assert window.status._silent.isVisible()


def test_a_song_opened_while_another_loads_wins(window, song_folder, tmp_path, settle):
    from window_rig import write_wav

    other = write_wav(tmp_path / "other.wav", 3.0)
    window.studio.files.open(song_folder)
    window.studio.files.open(other)
    settle(window)
    assert window.studio.playback.duration_s == pytest.approx(3.0)
    assert window.studio.files.audio.duration_s == pytest.approx(3.0)


def test_playing_before_anything_is_ready_says_so(window):
    window.studio.playback.play()
    assert "not ready" in window.status.currentMessage()

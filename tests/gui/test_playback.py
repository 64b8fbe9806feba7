import numpy as np
import pytest
from window_rig import BAR, BEAT, DURATION_S, RATE_HZ, make_song

from chartstudio.audio.mix import SOUNDS
from chartstudio.core.note import LaneNote
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.editor import retime
from chartstudio.editor.selection import Selection
from chartstudio.gui.playback import beats, heard_notes, note_ticks, silence
from chartstudio.gui.proposals import Ghosts
from chartstudio.gui.toolbar import TransportBar


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


def test_a_beat_too_close_is_left_out_and_the_next_that_is_not_clicks():
    times_s = beats(TimingMap.constant(2400.0), 1.0).times_s
    np.testing.assert_allclose(times_s[:3], [0.0, 0.05, 0.1])


def test_pauses_and_warps_click_where_notes_are_judged():
    timing = TimingMap(
        (
            Anchor(0, 0.0, 120.0),
            Anchor(BEAT, 0.5, 120.0),
            Anchor(BEAT, 1.5, 120.0, cause=Cause.STOP),
            Anchor(2 * BEAT, 2.0, 120.0),
            Anchor(2 * BEAT, 3.0, 120.0, cause=Cause.DELAY),
            Anchor(3 * BEAT, 3.5, 120.0),
            Anchor(BAR, 3.5, 60.0, cause=Cause.WARP),
        )
    )
    found = beats(timing, 6.0)
    np.testing.assert_allclose(found.times_s, [0.0, 0.5, 3.0, 3.5, 4.5, 5.5])
    assert SOUNDS[found.sounds[3]] == "downbeat"


def _clicks(playback, n_blocks, between=lambda i: None):
    """Seconds of the song at which something is heard to begin, in what is put out."""
    player, n = playback._player, RATE_HZ // 50
    heard = []
    for i in range(n_blocks):
        heard.append(player._output.turn(n))
        between(i)
    heard[0][:] = 0.0  # the song fades out there
    loud = np.abs(np.concatenate(heard)[:, 0]) > 0.2
    at = np.flatnonzero(loud)
    return at[np.diff(at, prepend=-RATE_HZ) > 0.1 * RATE_HZ] / RATE_HZ


def test_the_metronome_follows_edits_while_the_song_plays(playback, opened):
    studio, player = opened.studio, playback._player
    studio.preferences.set(volume=0.0, metronome=1.0, note_ticks=0.0)
    timeline = studio.timeline
    playback.play(0.0)

    def edit(i):
        if i == 60:  # at 1.2 s: a stop on bar 2, which is at 2.1 s
            timeline.retime("stop", retime.insert_pause(BAR, 0.33))
        if i == 150:  # at 3.0 s: twice as fast from bar 3 on, bars of three
            timeline.retime("tempo", retime.insert_change(2 * BAR, 240.0))
            timeline.retime("meter", retime.set_meter(2 * BAR, 3))
        if i == 290:  # at 5.8 s
            studio.document.undo()
            studio.document.undo()

    heard = _clicks(playback, 360, edit)
    beat_s = [0.1, 0.6, 1.1, 1.6, 2.1, 2.93, 3.43, 3.93, 4.43]
    fast_s = [4.68, 4.93, 5.18, 5.43, 5.68]
    np.testing.assert_allclose(heard, [*beat_s, *fast_s, 5.93, 6.43, 6.93], atol=1.5 / RATE_HZ)
    assert len(player._clicks.times_s) == len(
        beats(studio.document.song.timing, DURATION_S).times_s
    )


def test_a_key_that_repeats_does_not_put_the_ticks_off(playback, opened, qtbot):
    for _ in range(4):
        opened.studio.timeline.shift_grid(0.001)
        qtbot.wait(60)
    first = playback._player._ticks.times_s.min()
    assert first > 0.1005


def test_clocks_show_what_is_seen_and_not_what_the_device_says(playback, opened):
    studio = opened.studio
    studio.preferences.set(sound_delays=studio.preferences.now.with_sound_delay(0.5).sound_delays)
    playback.play(0.0)
    _turn(playback, 3.0)
    assert playback.position_s == pytest.approx(3.0, abs=0.01)
    assert playback.position() == pytest.approx(2.5, abs=0.01)
    assert opened.status._position.text().startswith(("0:02.49", "0:02.50"))
    assert opened.findChild(TransportBar)._clock.text() in opened.status._position.text()


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
    ghosts = Ghosts(0, (LaneNote(BAR, BAR, 3),), ((BAR, 4 * BAR),))
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

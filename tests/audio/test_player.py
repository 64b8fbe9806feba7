"""The player, turned by hand: what is heard, sample by sample, and what it says of it."""

import numpy as np
import pytest
from made_songs import RATE_HZ, song

from chartstudio.audio.decode import Audio
from chartstudio.audio.mix import SOUNDS, TickSound, mix, sound
from chartstudio.audio.output import HandOutput, OutputError, SilentOutput
from chartstudio.audio.player import Player
from chartstudio.audio.stretch import stretch
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import run

BLOCK = 441
"""Ten milliseconds."""

BEATS = [TickSound(0.25 + k / 2, "downbeat" if k % 4 == 0 else "beat") for k in range(8)]
NOTES = [TickSound(0.1234 + 0.17 * k, "note", 0.5 + 0.02 * k) for k in range(20)]


def made(samples=None, latency_s=0.0, rate_hz=RATE_HZ):
    """A player with a song, and the output in whose hands it is."""
    output = HandOutput(latency_s)
    player = Player(output)
    player.load(Audio(song(4) if samples is None else samples, rate_hz, "test"))
    return player, output


def turned(output, n_samples, block=BLOCK):
    """What comes out in the next ``n_samples``, shape (2, n)."""
    n_blocks, rest = divmod(n_samples, block)
    blocks = [output.turn(n) for n in [block] * n_blocks + [rest] * bool(rest)]
    return np.concatenate(blocks).T


SILENT = np.zeros((1, 4 * RATE_HZ), np.float32)


# What is heard


@pytest.mark.parametrize("block", [64, 441, 1000, 4096])
def test_the_song_comes_out_sample_by_sample(block):
    player, output = made()
    player.play()
    assert np.array_equal(turned(output, 3 * RATE_HZ, block), song(4)[:, : 3 * RATE_HZ])


def test_one_channel_is_heard_on_both_sides():
    mono = song(1, n_channels=1)
    player, output = made(mono)
    player.play()
    out = turned(output, RATE_HZ)
    assert np.array_equal(out, np.repeat(mono, 2, axis=0))


def test_many_channels_are_folded():
    player, output = made(song(1, n_channels=5))
    player.play()
    assert np.allclose(turned(output, RATE_HZ)[0], song(1, n_channels=5).mean(axis=0))


@pytest.mark.parametrize("block", [64, 441, 4096])
def test_metronome_and_ticks_are_on_the_sample(block):
    player, output = made()
    player.set_clicks(BEATS)
    player.set_ticks(NOTES)
    player.metronome_gain = player.tick_gain = 1.0
    player.play()
    n_samples = 4 * RATE_HZ
    expected = np.clip(mix(song(4), RATE_HZ, BEATS + NOTES), -1, 1)
    assert np.allclose(turned(output, n_samples, block), expected[:, :n_samples], atol=1e-6)


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.8, 1.0, 1.3, 2.0])
def test_ticks_are_on_the_sample_at_every_rate(rate):
    player, output = made(SILENT)
    run(player.change_rate(rate))
    player.set_ticks(NOTES)
    player.tick_gain = 1.0
    player.play()
    out = turned(output, int(4 * RATE_HZ / rate))[0]
    expected = np.zeros_like(out)
    for note in NOTES:
        at = round(note.time_s / rate * RATE_HZ)
        wave = sound("note", RATE_HZ)[: len(out) - at]
        expected[at : at + len(wave)] += note.gain * wave
    assert np.allclose(out, expected, atol=1e-6)


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.8, 1.3, 2.0])
def test_the_metronome_stays_with_the_song_at_every_rate(rate):
    """A song that clicks itself, against the metronome: within a millisecond."""
    samples = SILENT.copy()
    beats_s = [0.5, 1.0013, 1.75, 3.2]
    for beat_s in beats_s:
        samples[0, round(beat_s * RATE_HZ)] = 0.9
    player, output = made(samples)
    run(player.change_rate(rate))
    player.play()
    out = abs(turned(output, int(3.9 * RATE_HZ / rate))[0])
    player.set_clicks([TickSound(beat_s) for beat_s in beats_s])
    player.metronome_gain, player.volume = 1.0, 0.0
    player.seek(0)
    ticks = abs(turned(output, len(out))[0])
    for beat_s in beats_s:
        near = slice(round(beat_s / rate * RATE_HZ) - 2000, round(beat_s / rate * RATE_HZ) + 2000)
        if near.start > 2 * BLOCK:  # the fade to volume 0
            assert abs(int(out[near].argmax()) - int(ticks[near].argmax())) < RATE_HZ / 1000


def test_gains_are_told_apart():
    player, output = made(SILENT + 0.5)
    player.set_clicks([TickSound(0.5, "beat")])
    player.set_ticks([TickSound(1.0, "note")])
    player.volume, player.metronome_gain, player.tick_gain = 0.5, 0.25, 0.5
    assert (player.volume, player.metronome_gain, player.tick_gain) == (0.5, 0.25, 0.5)
    player.play(0.1)
    out = turned(output, 2 * RATE_HZ)[0]
    at = [round((t - 0.1) * RATE_HZ) for t in (0.4, 0.5, 1.0)]
    assert out[at[0]] == 0.25
    assert out[at[1]] == pytest.approx(0.25 + 0.25 * sound("beat", RATE_HZ)[0])
    assert out[at[2]] == pytest.approx(0.25 + 0.5 * sound("note", RATE_HZ)[0])


def test_ticks_are_off_until_they_are_wanted():
    player, output = made(SILENT)
    player.set_clicks(BEATS)
    player.set_ticks(NOTES)
    player.play()
    assert not turned(output, 2 * RATE_HZ).any()


def test_a_change_of_volume_does_not_click():
    player, output = made(SILENT + 0.8)
    player.play()
    turned(output, 1000)
    player.volume = 0.1
    out = turned(output, 2000)[0]
    assert abs(np.diff(out)).max() < 0.01
    assert out[-1] == pytest.approx(0.08)


def test_what_is_too_loud_is_limited():
    player, output = made(SILENT + 0.8)
    player.set_ticks([TickSound(0.01)])
    player.tick_gain = player.volume = 2.0
    player.play()
    assert turned(output, 2000).max() == 1.0


def test_edited_notes_tick_from_the_next_block_on():
    player, output = made(SILENT)
    player.tick_gain = 1.0
    player.play()
    turned(output, BLOCK)
    player.set_ticks([TickSound(0.02)])
    out = turned(output, 2000)[0]
    assert np.flatnonzero(out)[0] == round(0.02 * RATE_HZ) - BLOCK


# Moving


def test_a_loop_turns_on_the_sample():
    player, output = made()
    a, b = 30_000, 41_234
    player.loop(a / RATE_HZ, b / RATE_HZ)
    assert player.loop_s == (a / RATE_HZ, b / RATE_HZ)
    player.play(0.5)
    samples, start = song(4), round(0.5 * RATE_HZ)
    lap = samples[:, a:b]
    expected = np.concatenate([samples[:, start:b], lap, lap, lap], axis=1)
    assert np.array_equal(turned(output, expected.shape[1]), expected)


def test_a_short_loop_turns_several_times_in_a_block():
    player, output = made()
    player.loop(0.1, 0.15)
    player.play(0.1)
    lap = song(4)[:, 4410:6615]
    assert np.array_equal(turned(output, 10 * 2205, block=7000), np.tile(lap, 10))


def test_ticks_in_a_loop_sound_once_per_lap_and_ring_out():
    player, output = made(SILENT)
    a, b = 22_050, 33_075
    end = TickSound((b - 50) / RATE_HZ)
    player.set_ticks([TickSound(a / RATE_HZ), end, TickSound(b / RATE_HZ)])
    player.tick_gain = 1.0
    player.loop(a / RATE_HZ, b / RATE_HZ)
    player.play(a / RATE_HZ)
    out = turned(output, 3 * (b - a))[0]
    wave, expected = sound("note", RATE_HZ), np.zeros(3 * (b - a) + 4000, np.float32)
    for lap in range(3):
        for at in (lap * (b - a), (lap + 1) * (b - a) - 50):
            expected[at : at + len(wave)] += wave
    assert np.allclose(out, expected[: len(out)], atol=1e-6)


def test_beyond_a_loop_the_song_plays_on():
    player, output = made()
    player.loop(0.5, 1.0)
    player.play(1.5)
    assert np.array_equal(turned(output, RATE_HZ), song(4)[:, 66_150 : 66_150 + RATE_HZ])


def test_a_loop_that_is_taken_away():
    player, output = made()
    player.loop(0.5, 1.0)
    player.play(0.9)
    turned(output, BLOCK)
    player.unloop()
    assert player.loop_s is None
    start = round(0.9 * RATE_HZ) + BLOCK
    assert np.array_equal(turned(output, RATE_HZ), song(4)[:, start : start + RATE_HZ])


@pytest.mark.parametrize(("a_s", "b_s"), [(1.0, 1.01), (2.0, 1.0), (3.99, 9.0), (-3.0, 0.0)])
def test_a_loop_without_length(a_s, b_s):
    player, _ = made()
    with pytest.raises(ChartStudioError, match="select more"):
        player.loop(a_s, b_s)
    assert player.loop_s is None


def test_seeking_while_playing():
    player, output = made()
    player.play()
    turned(output, 1000)
    player.seek(2.5)
    assert player.position_s == 2.5
    at = round(2.5 * RATE_HZ)
    assert np.array_equal(turned(output, 5000), song(4)[:, at : at + 5000])


@pytest.mark.parametrize(("asked_s", "at_s"), [(-1.0, 0.0), (99.0, 4.0)])
def test_seeking_outside_the_song_goes_to_its_end(asked_s, at_s):
    player, _ = made()
    player.seek(asked_s)
    assert player.position_s == at_s


def test_a_pause_is_silent_and_goes_on_at_the_next_sample():
    player, output = made()
    player.play()
    turned(output, 4410)
    player.pause()
    assert not player.playing
    assert player.position_s == pytest.approx(0.1)
    assert not turned(output, 3000).any()
    assert player.position_s == pytest.approx(0.1)
    player.play()
    assert np.array_equal(turned(output, 5000), song(4)[:, 4410:9410])


def test_a_pause_stays_where_it_was_heard_not_where_it_was_rendered():
    player, output = made(latency_s=0.06)
    player.play()
    turned(output, 4410)
    player.pause()
    assert player.position_s == pytest.approx(0.04)
    player.play()
    start = round(0.04 * RATE_HZ)
    assert np.array_equal(turned(output, 5000), song(4)[:, start : start + 5000])


def test_stop_goes_back_and_lets_the_device_go():
    player, output = made()
    player.play(1.0)
    turned(output, 1000)
    player.stop()
    assert (player.playing, player.position_s, output.active) == (False, 0.0, False)
    player.play()
    assert np.array_equal(turned(output, 1000), song(4)[:, :1000])


def test_the_end_of_the_song():
    player, output = made(latency_s=0.05)
    player.play(3.99)
    out = turned(output, 2 * BLOCK)
    assert np.array_equal(out[:, :441], song(4)[:, -441:])
    assert not out[:, 441:].any()
    assert player.playing  # its last block is not heard yet
    turned(output, 10 * BLOCK)
    assert not player.playing
    assert player.position_s == 4.0
    player.play()
    assert player.position_s == 0.0
    assert np.array_equal(turned(output, 1000), song(4)[:, :1000])


def test_seeking_to_the_end_while_playing_ends_it():
    player, output = made()
    player.play()
    turned(output, 1000)
    player.seek(4.0)
    assert player.playing
    assert not turned(output, 1000).any()
    assert not player.playing
    player.seek(1.0)
    assert player.playing
    assert np.array_equal(turned(output, 1000), song(4)[:, RATE_HZ : RATE_HZ + 1000])


def test_playing_twice_is_playing():
    player, output = made()
    player.play()
    turned(output, 1000)
    player.play()
    assert np.array_equal(turned(output, 1000), song(4)[:, 1000:2000])


# Where it says it is


def test_the_position_is_what_is_heard_between_blocks_too():
    player, output = made(latency_s=0.04)
    player.play(1.0)
    assert player.position_s == 1.0
    start_s = output.now_s()
    for _ in range(100):
        output.turn(512)
        expected = 1.0 + max(0.0, output.now_s() - start_s - 0.04)
        assert player.position_s == pytest.approx(expected, abs=1e-9)
        output.wait(-0.003)
        assert player.position_s == pytest.approx(expected, abs=1e-9)  # never back
        output.wait(0.003)


def test_the_position_stands_still_when_the_device_does():
    player, output = made()
    player.play()
    turned(output, 1000)
    output.wait(10)
    assert player.position_s == pytest.approx(1000 / RATE_HZ)


@pytest.mark.parametrize("rate", [0.5, 1.5])
def test_the_position_runs_at_the_rate(rate):
    player, output = made(latency_s=0.02)
    run(player.change_rate(rate))
    player.play(1.0)
    turned(output, RATE_HZ)
    assert player.position_s == pytest.approx(1.0 + 0.98 * rate, abs=1e-4)


def test_the_position_turns_with_the_loop():
    player, output = made(latency_s=0.03)
    player.loop(1.0, 1.5)
    player.play(1.0)
    heard_s = -0.03
    for _ in range(300):
        output.turn(BLOCK)
        heard_s += 0.01
        expected = 1.0 + max(0.0, heard_s) % 0.5
        gap = abs(player.position_s - expected)
        assert min(gap, 0.5 - gap) < 1e-6  # at the turn itself both ends are right


def test_a_slow_clock_never_makes_it_go_back():
    """An output whose timestamps wobble by more than a block."""
    player, output = made()
    player.play()
    rng = np.random.default_rng(0)
    seen = []
    for _ in range(200):
        output._latency_s = 0.03 + rng.uniform(-0.015, 0.015)
        output.turn(BLOCK)
        seen.append(player.position_s)
    assert (np.diff(seen) >= 0).all()
    assert seen[-1] == pytest.approx(2 - 0.03, abs=0.03)


# Rates


def test_a_rate_changes_the_song_under_the_playhead():
    player, output = made()
    slow = stretch(song(4), RATE_HZ, 0.5)
    player.play()
    turned(output, RATE_HZ)
    run(player.change_rate(0.5))
    assert player.rate == 0.5
    assert player.position_s == pytest.approx(1.0)
    assert np.array_equal(turned(output, 5000), slow[:, 2 * RATE_HZ : 2 * RATE_HZ + 5000])
    at_s = player.position_s
    run(player.change_rate(1.0))
    start = round(at_s * RATE_HZ)
    assert np.array_equal(turned(output, 5000), song(4)[:, start : start + 5000])
    assert player.position_s == pytest.approx(at_s + 5000 / RATE_HZ, abs=1e-4)


def test_a_rate_is_heard_before_the_whole_song_is_rendered():
    player, output = made(song(12))
    player.play(6.0)
    turned(output, BLOCK)
    job = player.change_rate(0.5)
    shares = []
    while player.rate == 1.0:
        shares.append(next(job).done)
    assert shares[-1] < 0.3
    assert turned(output, 10 * BLOCK).any()
    shares += [step.done for step in job]
    assert shares[-1] == 1


def test_a_rate_is_heard_without_a_hole():
    player, output = made(song(12))
    player.play(5.9)  # a chunk of the slow song ends at 6.0
    job = player.change_rate(0.5)
    while player.rate == 1.0:
        next(job)
    out = turned(output, RATE_HZ // 2)[0]
    assert abs(out).reshape(-1, BLOCK // 9).max(axis=1).min() > 0
    job.close()


def test_what_lies_ahead_of_the_playhead_is_rendered_first():
    player, output = made(song(20))
    player.play(1.0)
    job = player.change_rate(0.5)
    while player.rate == 1.0:
        next(job)
    player.seek(15.0)
    next(job)
    assert turned(output, 4000).any()
    job.close()


def test_a_rate_job_that_is_closed_goes_back():
    player, output = made(song(12))
    player.play(1.0)
    job = player.change_rate(0.5)
    while player.rate == 1.0:
        next(job)
    job.close()
    assert player.rate == 1.0
    at = round(player.position_s * RATE_HZ)
    assert np.array_equal(turned(output, 1000), song(12)[:, at : at + 1000])


def test_another_rate_ends_the_first_job():
    player, _ = made(song(12))
    first = player.change_rate(0.5)
    next(first)
    run(player.change_rate(2.0))
    assert list(first) == []
    assert player.rate == 2.0


def test_another_song_ends_a_rate_job():
    player, _ = made(song(12))
    job = player.change_rate(0.5)
    next(job)
    player.load(Audio(song(1), RATE_HZ, "test"))
    assert list(job) == []
    assert player.rate == 1.0


def test_a_rate_that_was_rendered_is_there_at_once():
    player, _ = made()
    run(player.change_rate(0.5))
    run(player.change_rate(1.0))
    assert list(player.change_rate(0.5)) == []
    assert player.rate == 0.5


def test_a_rate_out_of_range():
    player, _ = made()
    with pytest.raises(ChartStudioError, match="25 to 200"):
        run(player.change_rate(3.0))
    assert player.rate == 1.0


def test_loops_keep_their_seconds_at_a_rate():
    player, output = made(SILENT)
    run(player.change_rate(0.5))
    player.set_ticks([TickSound(1.0)])
    player.tick_gain = 1.0
    player.loop(1.0, 1.5)
    player.play(1.0)
    out = turned(output, 3 * RATE_HZ)[0]
    wave = sound("note", RATE_HZ)
    for lap in range(3):
        assert np.array_equal(out[lap * RATE_HZ :][: len(wave)], wave)


# Songs and outputs


def test_without_a_song():
    player = Player(HandOutput())
    assert (player.duration_s, player.position_s, player.playing) == (0.0, 0.0, False)
    player.play()
    run(player.change_rate(0.5))
    player.seek(3.0)
    assert player.position_s == 0.0
    player.close()


def test_another_song_starts_afresh():
    player, output = made()
    player.set_ticks(NOTES)
    player.tick_gain = 1.0
    player.loop(1, 2)
    player.play(1.5)
    run(player.change_rate(0.5))
    player.load(Audio(song(2), RATE_HZ, "test"))
    assert (player.playing, player.position_s, player.rate) == (False, 0.0, 1.0)
    assert (player.duration_s, player.loop_s, player.tick_gain) == (2.0, None, 1.0)
    player.play()
    assert np.array_equal(turned(output, 8000), song(2)[:, :8000])


def test_a_song_at_a_rate_that_the_device_refuses():
    class Stubborn(HandOutput):
        def supported_rate(self, rate_hz):
            return 48_000

    output = Stubborn()
    player = Player(output)
    player.load(Audio(song(2), RATE_HZ, "test"))
    player.set_ticks([TickSound(0.5)])
    assert player.duration_s == pytest.approx(2.0)
    player.play()
    out = turned(output, 48_000)
    click = 30_000 * 48_000 / RATE_HZ
    assert abs(abs(out[0]).argmax() - click) <= 1
    assert player.position_s == pytest.approx(1.0)


def test_a_device_that_fails_at_the_start_is_replaced_by_silence():
    class Busy(HandOutput):
        def start(self, rate_hz, render):
            raise OutputError("the sound device is busy.")

    player = Player(Busy())
    player.load(Audio(song(1), RATE_HZ, "test"))
    player.play()
    assert player.notice == "No sound: the sound device is busy."
    assert isinstance(player._output, SilentOutput)
    assert player.playing
    player.close()
    assert not player._output.active


def test_a_device_that_went_away_is_opened_again():
    player, output = made()
    player.play()
    turned(output, 1000)
    output.stop()
    player.pause()
    player.play()
    assert output.active


def test_the_callback_never_raises_and_the_next_command_does(caplog):
    player, output = made()
    player.play()
    player._order(gains=None)
    assert not turned(output, 1000).any()
    assert "playback failed" in caplog.text
    assert len(caplog.records) == 1
    with pytest.raises(AttributeError):
        player.pause()


def test_silent_and_real_outputs_run_the_same_song():
    """The silent output's own step, on a clock of the test's."""
    now_s = 10.0
    output = SilentOutput(lambda: now_s)
    player = Player(output)
    player.load(Audio(song(4), RATE_HZ, "test"))
    output.start = output.begin
    player.play(1.0)
    for _ in range(50):
        now_s += 0.02
        output.step()
        assert player.position_s == pytest.approx(1.0 + now_s - 10.0, abs=1e-6)


def test_every_sound_can_be_ticked():
    player, output = made(SILENT)
    player.set_ticks([TickSound(0.1 * k, sound_id) for k, sound_id in enumerate(SOUNDS)])
    player.tick_gain = 1.0
    player.play()
    out = turned(output, RATE_HZ)[0]
    for k, sound_id in enumerate(SOUNDS):
        at = round(0.1 * k * RATE_HZ)
        assert out[at] == pytest.approx(sound(sound_id, RATE_HZ)[0], abs=1e-3)


# What its listener's delays change


def test_a_late_listener_hears_what_was_said_to_sound_before():
    player, output = made(latency_s=0.05)
    player.sound_delay_s, player.picture_delay_s = 0.15, 0.03
    player.play(1.0)
    turned(output, RATE_HZ)
    assert player.position_s == pytest.approx(1.95, abs=1e-9)
    assert player.heard_s == pytest.approx(1.80, abs=1e-9)
    assert player.drawn_s == pytest.approx(1.83, abs=1e-9)


def test_nothing_moves_before_it_is_heard():
    player, output = made()
    player.sound_delay_s = 0.2
    player.play(1.0)
    turned(output, RATE_HZ // 10)
    assert player.heard_s == player.drawn_s == 1.0
    assert player.position_s == pytest.approx(1.1)


def test_delays_are_seconds_of_the_clock_at_every_rate():
    player, output = made()
    run(player.change_rate(0.5))
    player.sound_delay_s = 0.2
    player.play(0.0)
    turned(output, RATE_HZ)
    assert player.position_s - player.heard_s == pytest.approx(0.1, abs=1e-6)


def test_pausing_stays_where_the_listener_was():
    player, output = made()
    player.sound_delay_s = 0.2
    player.play(0.0)
    turned(output, RATE_HZ)
    player.pause()
    assert player.position_s == player.heard_s == player.drawn_s == pytest.approx(0.8)


def test_a_long_delay_is_known_with_short_blocks_too():
    player, output = made()
    player.sound_delay_s = 0.5
    player.play(0.0)
    turned(output, 2 * RATE_HZ, block=64)
    assert player.heard_s == pytest.approx(1.5, abs=1e-4)

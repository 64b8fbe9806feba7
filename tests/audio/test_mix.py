"""Ticks on the sample, whole or in blocks."""

import numpy as np
import pytest
from made_songs import RATE_HZ, song

from chartstudio.audio.mix import NO_TICKS, SOUNDS, Mixer, Ticks, TickSound, mix, sound

SILENCE = np.zeros((2, 2 * RATE_HZ), np.float32)


@pytest.mark.parametrize("rate_hz", [8000, 44_100, 96_000])
@pytest.mark.parametrize("sound_id", SOUNDS)
def test_a_sound_is_short_and_loudest_at_its_first_sample(sound_id, rate_hz):
    wave = sound(sound_id, rate_hz)
    assert abs(wave).argmax() == 0
    assert 0.4 < wave[0] < 1
    assert 0.01 < len(wave) / rate_hz < 0.1
    assert abs(wave[-5:]).max() < 2e-3
    assert not wave.flags.writeable


def test_sounds_differ():
    waves = [sound(sound_id, RATE_HZ)[:1000] for sound_id in SOUNDS]
    for k, wave in enumerate(waves):
        assert not any(np.array_equal(wave, other) for other in waves[:k])


@pytest.mark.parametrize("time_s", [0.0, 0.5, 0.123456, 1.999])
def test_a_tick_begins_on_its_sample(time_s):
    mixed = mix(SILENCE, RATE_HZ, [TickSound(time_s, "beat", 0.5)])
    at = round(time_s * RATE_HZ)
    wave = 0.5 * sound("beat", RATE_HZ)
    assert not mixed[:, :at].any()
    n = min(len(wave), mixed.shape[1] - at)
    assert np.array_equal(mixed[0, at : at + n], wave[:n])
    assert not mixed[:, at + n :].any()
    assert np.array_equal(mixed[0], mixed[1])


def test_the_song_is_underneath_and_left_alone():
    samples = song(1)
    before = samples.copy()
    mixed = mix(samples, RATE_HZ, [TickSound(0.5)])
    assert np.array_equal(samples, before)
    ticks = mix(np.zeros_like(samples), RATE_HZ, [TickSound(0.5)])
    assert np.allclose(mixed - samples, ticks, atol=1e-6)


def test_ticks_outside_the_song_are_left_out():
    ticks = [TickSound(-0.01), TickSound(2.0), TickSound(500.0)]
    assert not mix(SILENCE, RATE_HZ, ticks).any()


def test_a_chord_is_no_louder_than_its_loudest_note():
    one = mix(SILENCE, RATE_HZ, [TickSound(0.5, "note", 0.8)])
    chord = [TickSound(0.5, "note", gain) for gain in (0.2, 0.8, 0.5)]
    assert np.array_equal(mix(SILENCE, RATE_HZ, chord), one)
    both = mix(SILENCE, RATE_HZ, [TickSound(0.5, "note", 0.8), TickSound(0.5, "beat")])
    assert both[0, RATE_HZ // 2] > one[0, RATE_HZ // 2]


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.8, 1.0, 1.37, 2.0])
def test_places_scale_with_the_playback_rate(rate):
    times_s = np.random.default_rng(0).uniform(0, 300, 500)
    starts = Ticks.at(times_s).schedule(RATE_HZ, rate).starts
    assert np.array_equal(starts, np.sort(np.rint(times_s / rate * RATE_HZ)))


@pytest.mark.parametrize("n_block", [1, 64, 777, 4096])
def test_blocks_add_up_to_the_whole(n_block):
    rng = np.random.default_rng(1)
    ticks = [
        TickSound(t, SOUNDS[k % len(SOUNDS)], g)
        for k, (t, g) in enumerate(
            zip(rng.uniform(0, 0.4, 60), rng.uniform(0.1, 1, 60), strict=True)
        )
    ]
    whole = mix(np.zeros((2, RATE_HZ // 2), np.float32), RATE_HZ, ticks)
    schedule, mixer = Ticks.of(ticks).schedule(RATE_HZ), Mixer()
    out = np.zeros((RATE_HZ // 2, 2), np.float32)
    for start in range(0, len(out), n_block):
        block = out[start : start + n_block]
        mixer.ring_on(block)
        mixer.mix_block(block, schedule, start)
    assert np.allclose(out.T, whole, atol=1e-6)


def test_a_jump_lets_ticks_ring_out_and_brings_no_tails():
    schedule = Ticks.of([TickSound(0.1), TickSound(0.299)]).schedule(RATE_HZ)
    mixer = Mixer()
    start = round(0.299 * RATE_HZ)
    before, after = np.zeros((200, 1), np.float32), np.zeros((2000, 1), np.float32)
    mixer.mix_block(before, schedule, start - 100)
    mixer.ring_on(after)
    mixer.mix_block(after, schedule, round(0.1 * RATE_HZ) + 10)  # just after the other tick
    wave = sound("note", RATE_HZ)
    assert np.array_equal(before[100:, 0], wave[:100])
    assert np.array_equal(after[: len(wave) - 100, 0], wave[100:])
    assert not after[len(wave) - 100 :].any()


def test_silence_forgets():
    mixer, schedule = Mixer(), Ticks.of([TickSound(0)]).schedule(RATE_HZ)
    mixer.mix_block(np.zeros((10, 2), np.float32), schedule, 0)
    mixer.silence()
    out = np.zeros((10, 2), np.float32)
    mixer.ring_on(out)
    assert not out.any()


def test_muted_ticks_do_not_begin():
    mixer, out = Mixer(), np.zeros((100, 2), np.float32)
    mixer.mix_block(out, Ticks.of([TickSound(0)]).schedule(RATE_HZ), 0, gain=0.0)
    mixer.ring_on(out)
    assert not out.any()


def test_no_ticks_at_all():
    assert len(NO_TICKS.schedule(RATE_HZ).starts) == 0


def test_an_unknown_sound():
    with pytest.raises(KeyError):
        Ticks.of([TickSound(0, "gong")])

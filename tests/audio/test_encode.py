"""What we write comes back, at the same sample."""

import numpy as np
import pytest
from made_songs import CLICK_AT, RATE_HZ, song

from chartstudio.audio.decode import decode
from chartstudio.audio.encode import (
    BLOCK_FRAMES,
    for_games,
    ogg_vorbis,
    ogg_vorbis_job,
    wav,
)


def test_vorbis_keeps_length_and_place():
    samples = song(5)
    data = ogg_vorbis(samples, RATE_HZ)
    assert data[:4] == b"OggS"
    audio = decode(data, "x.ogg")
    assert audio.samples.shape == samples.shape
    assert abs(audio.samples[1]).argmax() == CLICK_AT


def test_quality_costs_bytes():
    noise = np.random.default_rng(0).normal(0, 0.1, (2, RATE_HZ)).astype(np.float32)
    sizes = [len(ogg_vorbis(noise, RATE_HZ, quality=q)) for q in (0.1, 0.5, 0.9)]
    assert sizes == sorted(set(sizes))


def test_minutes_of_stereo_do_not_crash_the_process(monkeypatch):
    """In one write libsndfile would overflow its stack; so no block may be longer."""
    longest = 0
    write = __import__("soundfile").SoundFile.write

    def watch(self, block):
        nonlocal longest
        longest = max(longest, len(block))
        write(self, block)

    monkeypatch.setattr("soundfile.SoundFile.write", watch)
    samples = np.zeros((2, 90 * RATE_HZ), np.float32)
    assert decode(ogg_vorbis(samples, RATE_HZ, quality=0), "x").samples.shape == samples.shape
    assert longest == BLOCK_FRAMES == 16_384


@pytest.mark.parametrize(("rate_hz", "n_channels"), [(48_000, 2), (24_000, 1), (44_100, 6)])
def test_games_get_stereo_at_their_rate_and_the_click_stays(rate_hz, n_channels):
    samples = song(3, rate_hz, n_channels)
    made = for_games(samples, rate_hz)
    assert made.shape == (2, 3 * RATE_HZ)
    assert made.dtype == np.float32
    expected = CLICK_AT * RATE_HZ / rate_hz
    assert abs(abs(made[0]).argmax() - expected) <= 1
    audio = decode(ogg_vorbis(samples, rate_hz, game_ready=True), "x.ogg")
    assert (audio.rate_hz, audio.samples.shape) == (RATE_HZ, made.shape)
    assert abs(abs(audio.samples[0]).argmax() - expected) <= 1


def test_stereo_at_the_right_rate_is_left_alone():
    samples = song(1)
    assert for_games(samples, RATE_HZ) is samples


def test_an_encoding_job_can_be_closed_at_every_step():
    samples = song(20)
    steps = list(ogg_vorbis_job(samples, RATE_HZ))
    shares = [step.done for step in steps]
    assert len(steps) >= 6
    assert shares == sorted(shares)
    for n_steps in range(1, len(steps)):
        job = ogg_vorbis_job(samples, RATE_HZ)
        for _ in range(n_steps):
            next(job)
        job.close()


def test_wav_is_exact():
    samples = song(1)
    assert np.array_equal(decode(wav(samples, RATE_HZ), "x.wav").samples, samples)
    rounded = decode(wav(samples, RATE_HZ, "PCM_16"), "x.wav").samples
    assert abs(rounded - samples).max() <= 1 / 32768


@pytest.mark.parametrize("lead_in_s", [0.5, 1 / RATE_HZ, -0.01])
def test_silence_goes_before_the_song_and_nothing_else_moves(lead_in_s: float):
    samples = song(2)
    audio = decode(ogg_vorbis(samples, RATE_HZ, lead_in_s=lead_in_s), "x.ogg")
    n = round(lead_in_s * RATE_HZ)
    assert audio.samples.shape == (samples.shape[0], samples.shape[1] + n)
    assert abs(audio.samples[1]).argmax() == CLICK_AT + n
    assert n <= 0 or abs(audio.samples[:, : max(0, n - 4096)]).max(initial=0) < 1e-3

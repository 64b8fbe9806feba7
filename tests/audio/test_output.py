"""Outputs without a sound card: what falls back, what keeps time."""

import threading
import types

import numpy as np
import pytest
from made_songs import RATE_HZ

from chartstudio.audio import output as module
from chartstudio.audio.output import (
    HandOutput,
    OutputError,
    SilentOutput,
    SoundDeviceOutput,
    SteadyClock,
    open_output,
)


class PortAudioError(Exception):
    """Stands for the library's own."""


class FakeStream:
    """A PortAudio stream that a test calls back."""

    latency = 0.08

    def __init__(self, callback, **settings):
        self.callback, self.settings, self.active = callback, settings, False

    def start(self):
        self.active = True

    def close(self, ignore_errors=True):
        self.active = False

    def call(self, n_frames, current_s, heard_s):
        block = np.full((n_frames, 2), np.nan, np.float32)
        times = types.SimpleNamespace(currentTime=current_s, outputBufferDacTime=heard_s)
        self.callback(block, n_frames, times, None)
        return block


@pytest.fixture
def library(monkeypatch):
    """A sound library with one device at 48 kHz."""
    library = types.SimpleNamespace(
        PortAudioError=PortAudioError,
        query_devices=lambda kind: {"default_samplerate": 48_000.0, "name": "Speakers"},
        check_output_settings=lambda **settings: None,
        OutputStream=FakeStream,
    )
    monkeypatch.setattr(module, "_sounddevice", lambda: library)
    return library


def failing(error):
    def fail(*_, **__):
        raise error

    return fail


def test_without_portaudio_the_user_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sounddevice", None)
    real_import = __import__

    def refuse(name, *rest, **options):
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real_import(name, *rest, **options)

    monkeypatch.setattr("builtins.__import__", refuse)
    output, message = open_output()
    assert isinstance(output, SilentOutput)
    assert "apt install libportaudio2" in message
    assert "\n" not in message


@pytest.mark.parametrize("error", [PortAudioError("no device"), ValueError("none")])
def test_without_a_device_the_song_runs_silently(library, error):
    library.query_devices = failing(error)
    output, message = open_output()
    assert isinstance(output, SilentOutput)
    assert message.startswith("No sound: no sound device")


def test_with_a_device_there_is_nothing_to_say(library):
    output, message = open_output()
    assert isinstance(output, SoundDeviceOutput)
    assert message == ""


def test_importing_the_player_does_not_look_for_portaudio():
    import subprocess
    import sys

    code = "import sys, chartstudio.audio.player; sys.exit('sounddevice' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_rate_that_the_device_refuses(library):
    output = SoundDeviceOutput()
    assert output.supported_rate(44_100) == 44_100
    library.check_output_settings = failing(PortAudioError("rate"))
    assert output.supported_rate(44_100) == 48_000


def test_a_device_in_use(library):
    output = SoundDeviceOutput()
    library.OutputStream = failing(PortAudioError("busy"))
    with pytest.raises(OutputError, match="Close programs that hold it"):
        output.start(44_100, lambda block, at: None)
    assert not output.active


def test_blocks_are_heard_when_the_device_says(library, monkeypatch):
    now_s = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s)
    heard = []
    output = SoundDeviceOutput()

    def render(block, at_s):
        block.fill(0.25)
        heard.append(at_s)

    output.start(1000, render)
    stream = output._stream
    assert (stream.settings["samplerate"], stream.settings["channels"]) == (1000, 2)
    assert (stream.call(10, current_s=7.0, heard_s=7.03) == 0.25).all()
    now_s = 100.5
    stream.call(10, current_s=0.0, heard_s=0.0)  # a driver that does not say
    assert heard == pytest.approx([100.03, 100.5 + FakeStream.latency])
    assert output.active
    output.stop()
    assert not output.active
    assert not stream.active


def test_a_device_says_its_name_and_latency(library):
    output = SoundDeviceOutput()
    assert output.device == "Speakers"
    output.start(1000, lambda block, at: None)
    assert output.latency_s == FakeStream.latency
    output.stop()
    assert (SilentOutput().device, SilentOutput().latency_s) == ("", 0.0)
    hand = HandOutput(0.5, "hand")
    assert (hand.device, hand.latency_s) == ("hand", 0.5)


def test_jitter_of_the_callback_is_smoothed():
    rng = np.random.default_rng(0)
    clock = SteadyClock(RATE_HZ)
    true_s = np.arange(2000) * 512 / RATE_HZ
    jitter_s = rng.uniform(-0.004, 0.004, 2000)
    heard_s = np.array([clock.heard_at(t + j, 512) for t, j in zip(true_s, jitter_s, strict=True)])
    error_s = heard_s - true_s
    assert abs(error_s[200:]).max() < 0.0015
    assert (np.diff(heard_s) > 0).all()


def test_a_gap_is_taken_over_at_once():
    clock = SteadyClock(1000)
    clock.heard_at(1.0, 10)
    assert clock.heard_at(3.0, 10) == 3.0


class Clock:
    def __init__(self):
        self.now_s = 50.0

    def __call__(self):
        return self.now_s


def test_silence_asks_for_as_much_as_time_passes():
    clock, blocks = Clock(), []
    output = SilentOutput(clock)
    output.begin(10_240, lambda block, at_s: blocks.append((len(block), at_s)))
    for _ in range(100):
        clock.now_s += 0.013
        output.step()
    n_frames = sum(n for n, _ in blocks)
    assert 1.3 * 10_240 <= n_frames <= 1.5 * 10_240
    assert [at for _, at in blocks] == pytest.approx([50 + k / 10 for k in range(len(blocks))])


def test_silence_does_not_catch_up_on_sleep():
    clock, blocks = Clock(), []
    output = SilentOutput(clock)
    output.begin(10_240, lambda block, at_s: blocks.append(at_s))
    output.step()
    clock.now_s += 3600
    output.step()
    assert len(blocks) < 5
    assert blocks[-1] == pytest.approx(clock.now_s, abs=0.2)


def test_the_silent_thread_runs_and_is_gone_after_stop():
    asked = threading.Event()
    output = SilentOutput()
    n_threads = threading.active_count()
    output.start(RATE_HZ, lambda block, at_s: asked.set())
    assert output.active
    assert asked.wait(10)
    output.start(RATE_HZ, lambda block, at_s: asked.set())  # starting again leaves one
    assert threading.active_count() == n_threads + 1
    output.stop()
    assert not output.active
    assert threading.active_count() == n_threads
    output.stop()


def test_a_silent_output_that_was_not_started_does_nothing():
    SilentOutput().step()


def test_the_hand_output_keeps_its_own_time():
    output = HandOutput(latency_s=0.5)
    assert not output.turn(100).any()
    heard = []

    def render(block, at_s):
        block.fill(1)
        heard.append(at_s)

    start_s = output.now_s()
    output.start(100, render)
    assert output.active
    assert output.turn(25).shape == (25, 2)
    output.wait(0.25)
    output.turn(50)
    assert heard == [start_s + 0.5, start_s + 1.0]
    assert output.now_s() == start_s + 1.0
    output.stop()
    assert not output.turn(10).any()

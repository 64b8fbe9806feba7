"""The song and the model that the engine's tests share."""

import pytest
from made_engine import RATE_HZ, clicks, song_of, tiny_model

from chartstudio.audio.decode import Audio
from chartstudio.core.timing import TimingMap


@pytest.fixture(autouse=True)
def exact_numbers(monkeypatch):
    """Whatever this machine does faster, tests run in float32."""
    monkeypatch.setattr("chartstudio.engine.device.faster", lambda work: "float32")


@pytest.fixture
def model():
    return tiny_model()


@pytest.fixture(scope="session")
def audio():
    """24 s at 150 BPM: 60 beats, a click on every 8th but for four silent beats."""
    times = [i * 0.2 for i in range(118) if not 60 <= i < 68]
    samples = clicks(times, 24.0)[None]
    samples.setflags(write=False)
    return Audio(samples, RATE_HZ, "made")


@pytest.fixture(scope="session")
def timing():
    return TimingMap.constant(150.0)


@pytest.fixture
def song(audio, timing, model):
    return song_of(audio, timing, model.spec.features)

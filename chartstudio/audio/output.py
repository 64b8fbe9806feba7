"""Where sound goes: a device, nowhere in real time, or into a test's hands.

All outputs ask for blocks through one callback and say when each block will be heard, so
that what plays does not know which one it feeds. Knows no songs.
"""

import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import ChartStudioError

N_CHANNELS = 2

Render = Callable[[NDArray[np.float32], float], None]
"""``render(block, heard_at_s)`` fills a block of shape (n, 2), float32, whose first frame
is heard at that second of the output's own `Output.now_s`. It must not raise or wait."""

_LATENCY_S = 0.06
"""Asked of the device: some stretching step can hold Python's lock for half of that."""

_SILENT_LEAD_S = 0.05
_SILENT_BLOCK = 1024
_ASLEEP_S = 0.5


class OutputError(ChartStudioError):
    """Sound that cannot be put out: no library, no device, a device in use."""


class Output(Protocol):
    """What a player needs of a sound output."""

    @property
    def active(self) -> bool:
        """Whether blocks are being asked for."""
        ...

    @property
    def device(self) -> str:
        """Name of the device; empty where there is none, or none that says its name."""
        ...

    @property
    def latency_s(self) -> float:
        """How long after it is asked for a block is heard, as the device says.

        It is in every ``heard_at_s`` already.
        """
        ...

    def supported_rate(self, rate_hz: int) -> int:
        """Return the rate to use for a song of ``rate_hz``: that, where it can be had."""
        ...

    def start(self, rate_hz: int, render: Render) -> None:
        """Begin to ask for blocks.

        Raises
        ------
        OutputError
        """
        ...

    def stop(self) -> None:
        """Ask for no more blocks, and let the device go; no callback runs afterwards."""
        ...

    def now_s(self) -> float:
        """Return the clock that ``heard_at_s`` refers to."""
        ...


def open_output() -> tuple[Output, str]:
    """Open the default sound device, or run silently.

    Returns
    -------
    output : Output
    message : str
        Empty, or one line that tells the user why there is no sound.
    """
    try:
        return SoundDeviceOutput(), ""
    except OutputError as error:
        return SilentOutput(), silent_because(error)


def silent_because(error: OutputError) -> str:
    """Word the line that tells why there is no sound."""
    return f"No sound: {error}"


def _sounddevice() -> ModuleType:
    """Import the library late: it looks for PortAudio while it is imported."""
    try:
        import sounddevice
    except OSError as error:
        raise OutputError(
            "PortAudio is not installed. On Debian or Ubuntu: apt install libportaudio2."
        ) from error
    module: ModuleType = sounddevice
    return module


class SteadyClock:
    """Says when blocks are heard, without the jitter of the moments they are asked for.

    Frames are heard at the device's steady pace, but the callback runs a little early or
    late. Each block is expected where the last one ends, and that expectation follows
    the measurements slowly; after a gap it starts anew.
    """

    _FOLLOW = 0.05
    _GAP_S = 0.05

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._expected_s: float | None = None

    def heard_at(self, measured_s: float, n_frames: int) -> float:
        """Return when a block is heard, given when it seems to be."""
        at = measured_s
        if self._expected_s is not None and abs(measured_s - self._expected_s) < self._GAP_S:
            at = self._expected_s + self._FOLLOW * (measured_s - self._expected_s)
        self._expected_s = at + n_frames / self._rate_hz
        return at


class SoundDeviceOutput:
    """The default sound device through PortAudio.

    Raises
    ------
    OutputError
        If PortAudio is missing or there is no device.
    """

    def __init__(self) -> None:
        self._library = _sounddevice()
        self._stream: Any = None
        self._latency_s = _LATENCY_S
        self._clock = SteadyClock(1)
        try:
            self._device = self._library.query_devices(kind="output")
        except (self._library.PortAudioError, ValueError) as error:
            raise OutputError(
                "no sound device was found. Connect one and start the program again."
            ) from error

    @property
    def active(self) -> bool:
        """Whether the stream runs; a device that was unplugged ends it."""
        return self._stream is not None and bool(self._stream.active)

    @property
    def device(self) -> str:
        """What PortAudio calls the device."""
        return str(self._device.get("name", ""))

    @property
    def latency_s(self) -> float:
        """What the stream reported when it was opened last; before that what is asked for."""
        return self._latency_s

    def supported_rate(self, rate_hz: int) -> int:
        """Return ``rate_hz``, or the device's own rate where it refuses."""
        try:
            self._library.check_output_settings(
                channels=N_CHANNELS, dtype="float32", samplerate=rate_hz
            )
        except (self._library.PortAudioError, ValueError):
            return int(self._device["default_samplerate"])
        return rate_hz

    def start(self, rate_hz: int, render: Render) -> None:
        """Open the device and begin."""
        self.stop()
        self._clock = SteadyClock(rate_hz)

        def callback(block: NDArray[np.float32], n_frames: int, times: Any, _: Any) -> None:
            delay_s = times.outputBufferDacTime - times.currentTime
            if not 0 < delay_s < 2:  # some drivers leave the times empty
                delay_s = self._latency_s
            render(block, self._clock.heard_at(self.now_s() + delay_s, n_frames))

        try:
            self._stream = self._library.OutputStream(
                samplerate=rate_hz,
                channels=N_CHANNELS,
                dtype="float32",
                latency=_LATENCY_S,
                callback=callback,
            )
            self._latency_s = float(self._stream.latency)
            self._stream.start()
        except (self._library.PortAudioError, ValueError) as error:
            self.stop()
            raise OutputError(
                "the sound device cannot be used. Close programs that hold it, or connect another."
            ) from error

    def stop(self) -> None:
        """Close the device."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)

    def now_s(self) -> float:
        """Return the system's monotonic clock."""
        return time.monotonic()


class SilentOutput:
    """Runs the clock and throws the sound away.

    Parameters
    ----------
    clock : callable
        Seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._render: Render | None = None
        self._rate_hz = 1
        self._start_s = 0.0
        self._n_rendered = 0

    @property
    def active(self) -> bool:
        """Whether it runs."""
        return self._thread is not None

    @property
    def device(self) -> str:
        """No name: there is no device."""
        return ""

    @property
    def latency_s(self) -> float:
        """Nothing is heard, and at once."""
        return 0.0

    def supported_rate(self, rate_hz: int) -> int:
        """Return ``rate_hz``: silence has every rate."""
        return rate_hz

    def start(self, rate_hz: int, render: Render) -> None:
        """Begin on a thread of its own."""
        self.stop()
        self.begin(rate_hz, render)
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(self._ended,), name="silent-output", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ended.set()
            thread.join()

    def now_s(self) -> float:
        """Return the clock it was given."""
        return self._clock()

    def begin(self, rate_hz: int, render: Render) -> None:
        """Set the clock to now, without a thread."""
        self._rate_hz, self._render = rate_hz, render
        self._start_s, self._n_rendered = self._clock(), 0

    def step(self) -> None:
        """Render what is due by now, and a little more; skip time slept through."""
        if self._render is None:
            return
        elapsed_s = self._clock() - self._start_s
        late_s = elapsed_s - self._n_rendered / self._rate_hz
        if late_s > _ASLEEP_S:
            self._start_s += late_s
            elapsed_s -= late_s
        due = int((elapsed_s + _SILENT_LEAD_S) * self._rate_hz)
        while self._n_rendered < due:
            block = np.empty((_SILENT_BLOCK, N_CHANNELS), np.float32)
            self._render(block, self._start_s + self._n_rendered / self._rate_hz)
            self._n_rendered += _SILENT_BLOCK

    def _run(self, ended: threading.Event) -> None:
        while not ended.wait(0.01):
            self.step()


class HandOutput:
    """An output that is turned by hand: for tests, and for rendering to a file.

    Parameters
    ----------
    latency_s : float
        How long after it was asked for a block is heard.
    device : str
        The name it goes by.
    """

    def __init__(self, latency_s: float = 0.0, device: str = "") -> None:
        self._latency_s = latency_s
        self._device = device
        self._render: Render | None = None
        self._rate_hz = 1
        self._now_s = 0.0

    @property
    def active(self) -> bool:
        """Whether it was started."""
        return self._render is not None

    @property
    def device(self) -> str:
        """The name it was given."""
        return self._device

    @property
    def latency_s(self) -> float:
        """What it was given."""
        return self._latency_s

    def supported_rate(self, rate_hz: int) -> int:
        """Return ``rate_hz``."""
        return rate_hz

    def start(self, rate_hz: int, render: Render) -> None:
        """Be ready to be turned."""
        self._rate_hz, self._render = rate_hz, render

    def stop(self) -> None:
        """Render no more."""
        self._render = None

    def now_s(self) -> float:
        """Return the seconds turned so far."""
        return self._now_s

    def turn(self, n_frames: int) -> NDArray[np.float32]:
        """Render one block and let its duration pass.

        Returns
        -------
        ndarray, shape (n_frames, 2), float32
            Zeros when it was not started.
        """
        block = np.zeros((n_frames, N_CHANNELS), np.float32)
        if self._render is not None:
            block.fill(np.nan)  # what is not written shows
            self._render(block, self._now_s + self._latency_s)
        self._now_s += n_frames / self._rate_hz
        return block

    def wait(self, seconds: float) -> None:
        """Let time pass within a block."""
        self._now_s += seconds

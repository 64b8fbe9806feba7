"""Plays a song with its metronome and note ticks, and says where it is.

Knows seconds of the song, playback rates and outputs; knows no ticks of a beat, no charts
and no windows. The position is there to be asked for on every paint, from the window's
thread; nothing is signalled.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import soxr
from numpy.typing import NDArray

from chartstudio.audio.decode import Audio
from chartstudio.audio.mix import NO_TICKS, SOUNDS, Ticks, TickSound, sound
from chartstudio.audio.output import Output, OutputError, SilentOutput, silent_because
from chartstudio.audio.stretch import StretchCache, check_rate
from chartstudio.audio.transport import Gains, Jump, Mark, Orders, Transport
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress

MIN_LOOP_S = 0.05

_AHEAD_S = 0.3
"""Song seconds from the playhead on that must be rendered before a rate is heard."""

_log = logging.getLogger(__name__)


class Player:
    """A song, a clock, and what sounds with it.

    Methods may be called from any thread but the sound callback's. Until `load` there is
    a song of no length.

    Parameters
    ----------
    output : Output
        From `chartstudio.audio.output.open_output`.
    notice : str
        What that said, for the window to show.

    Attributes
    ----------
    notice : str
        One line that tells why there is no sound; empty while there is.
    sound_delay_s : float
        How much later than the output says its listener hears it.
    picture_delay_s : float
        How much later than it is drawn they see a picture.
    """

    def __init__(self, output: Output, notice: str = "") -> None:
        self.notice = notice
        self.sound_delay_s = 0.0
        self.picture_delay_s = 0.0
        self._output = output
        self._lock = threading.Lock()  # between callers; the callback never takes it
        self._clicks, self._ticks = NO_TICKS, NO_TICKS
        self._fault: Exception | None = None
        self._said, self._drawn = _Rising(), _Rising()
        self._rate_wanted: object = None
        self._gains = Gains()
        self._set_song(np.zeros((1, 0), np.float32), 44_100)

    # The song

    def load(self, audio: Audio) -> None:
        """Take another song: stopped, at its start, at 100 %, without loop and ticks.

        Where the device refuses the song's sample rate the song is resampled, which takes
        some 40 ms per minute; load on a worker thread.

        Parameters
        ----------
        audio : Audio
        """
        self.stop()
        rate_hz = self._output.supported_rate(audio.rate_hz)
        samples = audio.samples
        if samples.shape[0] > 2:
            samples = audio.mono()[None]
        if rate_hz != audio.rate_hz:
            resampled = soxr.resample(samples.T, audio.rate_hz, rate_hz)
            samples = np.ascontiguousarray(resampled.T, np.float32)
        for sound_id in SOUNDS:  # made now, so that the callback finds them made
            sound(sound_id, rate_hz)
        with self._lock:
            self._clicks, self._ticks = NO_TICKS, NO_TICKS
            self._set_song(samples, rate_hz)

    def _set_song(self, samples: NDArray[np.float32], rate_hz: int) -> None:
        nothing = NO_TICKS.schedule(rate_hz)
        orders = Orders(
            samples, 1.0, False, Jump(0.0), None, self._gains, clicks=nothing, ticks=nothing
        )
        self._song, self._rate_hz = samples, rate_hz
        self._cache = StretchCache(samples, rate_hz)
        self._transport = Transport(rate_hz, orders)
        self._fault = None

    @property
    def duration_s(self) -> float:
        """Length of the song in seconds."""
        return float(self._song.shape[1] / self._rate_hz)

    # Moving

    def play(self, from_s: float | None = None) -> None:
        """Play on from here, or from a second of the song; from the start when at the end.

        Where the device fails the song runs on silently and `notice` says why.

        Parameters
        ----------
        from_s : float or None
        """
        self._raise_fault()
        if from_s is None:
            if self.playing:
                return
            here_s = self.position_s
            from_s = 0.0 if here_s >= self.duration_s - 0.001 else here_s
        self._order(playing=True, jump=Jump(self._within(from_s)))
        if self._output.active:
            return
        try:
            self._output.start(self._rate_hz, self._render)
        except OutputError as error:
            self.notice = silent_because(error)
            self._output = SilentOutput()
            self._output.start(self._rate_hz, self._render)

    def pause(self) -> None:
        """Stay where the song is heard now."""
        self._raise_fault()
        if self._transport.orders.playing:
            self._order(playing=False, jump=Jump(self.heard_s))

    def seek(self, to_s: float) -> None:
        """Go to a second of the song, playing or not; the nearest when it is outside."""
        self._raise_fault()
        self._order(jump=Jump(self._within(to_s)))

    def stop(self) -> None:
        """Go back to the start and let the device go."""
        self._order(playing=False, jump=Jump(0.0))
        self._output.stop()

    def close(self) -> None:
        """Let device and song go."""
        self.stop()
        with self._lock:
            self._rate_wanted = None
            self._set_song(np.zeros((1, 0), np.float32), self._rate_hz)

    def loop(self, a_s: float, b_s: float) -> None:
        """Repeat from ``a_s`` up to ``b_s``; what plays beyond ``b_s`` plays on.

        Raises
        ------
        ChartStudioError
            If less than `MIN_LOOP_S` of the song lies between them.
        """
        a_s, b_s = self._within(a_s), self._within(b_s)
        if b_s - a_s < MIN_LOOP_S - 1e-9:
            raise ChartStudioError(
                f"a loop is at least {1000 * MIN_LOOP_S:.0f} ms of the song long: select more."
            )
        self._order(loop_s=(a_s, b_s))

    def unloop(self) -> None:
        """Repeat nothing."""
        self._order(loop_s=None)

    @property
    def loop_s(self) -> tuple[float, float] | None:
        """Seconds of the song that are repeated."""
        return self._transport.orders.loop_s

    # Where it is

    @property
    def playing(self) -> bool:
        """Whether the song is heard to move; False again once its end was heard."""
        orders = self._transport.orders
        return orders.playing and not self._ended(orders.jump)

    @property
    def device(self) -> str:
        """Name of the sound device; empty where there is none or it is not known."""
        return self._output.device

    @property
    def latency_s(self) -> float:
        """How long sound takes, as the device says; every position counts on it."""
        return self._output.latency_s

    @property
    def position_s(self) -> float:
        """Second of the song that is heard now, as far as the device knows.

        Interpolated between blocks and delayed by the output's latency. While the song
        plays it never goes back, except by a jump or at the turn of a loop.
        """
        return self._said.of(*self._place(0.0))

    @property
    def heard_s(self) -> float:
        """Second of the song that the listener hears now: what a tap made now means."""
        return self._place(-self.sound_delay_s)[2]

    @property
    def drawn_s(self) -> float:
        """Second of the song to draw now, so that it is seen as it is heard.

        Never goes back, as `position_s`.
        """
        return self._drawn.of(*self._place(self.picture_delay_s - self.sound_delay_s))

    def _place(self, ahead_s: float) -> tuple[Jump, int, float]:
        """The jump, the lap and the second of the song that sounds ``ahead_s`` from now."""
        transport = self._transport
        jump = transport.orders.jump
        at_s = self._output.now_s() + ahead_s
        mark = _heard(transport.marks, jump, at_s) if transport.orders.playing else None
        if mark is None:
            return jump, 0, jump.to_s
        elapsed_s = min(max(0.0, at_s - mark.heard_at_s), mark.duration_s)
        position_s = min(mark.song_s + elapsed_s * mark.rate, self.duration_s)
        return jump, mark.lap, position_s

    def _ended(self, jump: Jump) -> bool:
        marks = self._transport.marks
        if not marks or not marks[-1].last or marks[-1].jump is not jump:
            return False
        return self._output.now_s() >= marks[-1].heard_at_s

    # Rate

    @property
    def rate(self) -> float:
        """Playback rate; 0.5 is half speed."""
        return self._transport.orders.rate

    def change_rate(self, rate: float) -> Job[None]:
        """Play slower or faster at the same pitch, from the same place.

        The song goes on at the old rate until what comes next is rendered, a few tens of
        milliseconds; the job then renders the rest, always next what lies ahead of the
        playhead. Closing it early goes back to 100 %; asking for another rate ends it.

        Parameters
        ----------
        rate : float
            0.25 to 2.

        Returns
        -------
        Job of None
            Nothing happens until it is run.

        Raises
        ------
        ChartStudioError
            If the rate is outside its range, or the song too long for it.
        """
        check_rate(rate)
        with self._lock:
            wanted = self._rate_wanted = object()
            transport = self._transport
            if rate == 1.0:
                self._set_rate(self._song, 1.0)
                return
            stretched = self._cache.get(rate)
        what = f"Preparing {100 * rate:.0f} %"
        heard = done = False
        try:
            while self._rate_wanted is wanted and self._transport is transport:
                here_s = self.position_s
                if not heard and stretched.is_ready(here_s, here_s + _AHEAD_S):
                    with self._lock:
                        self._set_rate(stretched.samples, rate)
                    heard = True
                chunk = stretched.next_missing(here_s)
                if chunk is None:
                    done = True
                    return
                stretched.fill(chunk)
                yield Progress(stretched.share, what)
        finally:
            with self._lock:
                if heard and not done and self._rate_wanted is wanted:
                    self._set_rate(self._song, 1.0)

    def _set_rate(self, samples: NDArray[np.float32], rate: float) -> None:
        """Order a rate; the caller holds the lock."""
        self._transport.orders = replace(
            self._transport.orders,
            samples=samples,
            rate=rate,
            clicks=self._clicks.schedule(self._rate_hz, rate),
            ticks=self._ticks.schedule(self._rate_hz, rate),
        )

    # What sounds

    @property
    def volume(self) -> float:
        """Factor on the song."""
        return self._gains.song

    @volume.setter
    def volume(self, gain: float) -> None:
        self._set_gains(replace(self._gains, song=gain))

    @property
    def metronome_gain(self) -> float:
        """Factor on the metronome; 0, as at first, is off."""
        return self._gains.metronome

    @metronome_gain.setter
    def metronome_gain(self, gain: float) -> None:
        self._set_gains(replace(self._gains, metronome=gain))

    @property
    def tick_gain(self) -> float:
        """Factor on the note ticks; 0, as at first, is off."""
        return self._gains.ticks

    @tick_gain.setter
    def tick_gain(self, gain: float) -> None:
        self._set_gains(replace(self._gains, ticks=gain))

    def _set_gains(self, gains: Gains) -> None:
        self._gains = gains
        self._order(gains=gains)

    def set_clicks(self, beats: Ticks | Iterable[TickSound]) -> None:
        """Set what the metronome plays.

        Parameters
        ----------
        beats : Ticks or iterable of TickSound
            In seconds of the song.
        """
        self._clicks = beats if isinstance(beats, Ticks) else Ticks.of(beats)
        self._reschedule()

    def set_ticks(self, notes: Ticks | Iterable[TickSound]) -> None:
        """Set what ticks with the notes.

        Parameters
        ----------
        notes : Ticks or iterable of TickSound
            In seconds of the song.
        """
        self._ticks = notes if isinstance(notes, Ticks) else Ticks.of(notes)
        self._reschedule()

    def _reschedule(self) -> None:
        with self._lock:
            orders = self._transport.orders
            self._set_rate(orders.samples, orders.rate)

    # Inside

    def _order(self, **changes: object) -> None:
        with self._lock:
            transport = self._transport
            transport.orders = replace(transport.orders, **changes)  # type: ignore[arg-type]

    def _within(self, at_s: float) -> float:
        return min(max(0.0, at_s), self.duration_s)

    def _render(self, block: NDArray[np.float32], heard_at_s: float) -> None:
        """Do as `Transport.render`, and never raise into the sound system.

        A defect silences the player; it is logged here and raised by the next command.
        """
        if self._fault is None:
            try:
                self._transport.render(block, heard_at_s)
            except Exception as error:
                _log.exception("playback failed")
                self._fault = error
            else:
                return
        block.fill(0.0)

    def _raise_fault(self) -> None:
        if self._fault is not None:
            fault, self._fault = self._fault, None
            self.stop()
            raise fault


class _Rising:
    """Keeps the jitter of clocks from moving a playing song backwards."""

    def __init__(self) -> None:
        self._last: tuple[Jump | None, int, float] = (None, 0, 0.0)

    def of(self, jump: Jump, lap: int, position_s: float) -> float:
        """The position, or the last one of this jump where that lies further on."""
        last_jump, last_lap, last_s = self._last
        if last_jump is jump and (lap, position_s) < (last_lap, last_s):
            return last_s
        self._last = (jump, lap, position_s)
        return position_s


def _heard(marks: tuple[Mark, ...], jump: Jump, now_s: float) -> Mark | None:
    """Return the piece that is heard now, of those since a jump; None before the first."""
    for mark in reversed(marks):
        if mark.jump is not jump:
            return None
        if mark.heard_at_s <= now_s:
            return mark
    return None

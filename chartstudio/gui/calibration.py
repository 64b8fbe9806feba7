"""Measuring how late the author hears the song and sees the window, by taps along to beats.

Two measurements: one to clicks from the sound device, one to a light in the window. Knows the
settings, the sound lane and a clock; knows no widget.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from chartstudio.audio.decode import Audio
from chartstudio.audio.mix import Ticks
from chartstudio.audio.player import Player
from chartstudio.core.job import Job, Progress
from chartstudio.editor.latency import MIN_TAPS, Latency, latency_of
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.text import tr

BEAT_S = 0.7
"""Gap between beats: slow enough for a delay of half a second to be told from the next beat."""

BEATS_S = tuple(1.0 + BEAT_S * k for k in range(40))

_SILENT_RATE_HZ = 48_000
_FRAME_MS = 16
_STILL_S = 3.0
"""A song that stands so long while it should play has lost its device."""


class What(Enum):
    """What is measured."""

    SOUND = "sound"
    PICTURE = "picture"


class Calibration(QObject):
    """One measurement at a time, and the delays that are stored.

    Parameters
    ----------
    preferences : Preferences
        Where delays are stored as they are found.
    jobs : Jobs
    make_player : callable
        Makes a player of its own, on the sound lane.
    clock : callable
        Seconds that only rise; the light goes by it.
    """

    changed = Signal()
    """What is measured, what was found, or a delay."""
    moved = Signal()
    """A frame of the light is due; emitted while a measurement runs."""

    def __init__(
        self,
        preferences: Preferences,
        jobs: Jobs,
        make_player: Callable[[], Player],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._preferences = preferences
        self._jobs = jobs
        self._make_player = make_player
        self._clock = clock
        self._player: Player | None = None
        self._opening: Handle | None = None
        self._start_s = 0.0
        self._taps_s: list[float] = []
        self.running: What | None = None
        self._came_of: dict[What, str] = {}
        self._at: tuple[float, float] = (0.0, 0.0)
        self._closed = False
        self._frames = QTimer(self)
        self._frames.setTimerType(Qt.TimerType.PreciseTimer)
        self._frames.setInterval(_FRAME_MS)
        self._frames.timeout.connect(self._on_frame)
        preferences.changed.connect(self.changed)

    # The device --------------------------------------------------------------------------

    def look(self) -> None:
        """Find the sound device, on the sound lane."""

        def job() -> Job[Player]:
            yield Progress(0.0, tr("Looking for the sound device"))
            player = self._make_player()
            if self._closed:  # nobody is left to close it
                player.close()
                return player
            n_samples = round((BEATS_S[-1] + 2.0) * _SILENT_RATE_HZ)
            player.load(Audio(np.zeros((1, n_samples), np.float32), _SILENT_RATE_HZ, "silence"))
            player.metronome_gain = 1.0
            player.set_clicks(Ticks.at(np.array(BEATS_S), "beat"))
            return player

        def on_error(_: Exception) -> None:
            self._opening = None
            self.changed.emit()

        self._opening = self._jobs.submit(Lane.SOUND, job, None, self._on_player, on_error)
        self.changed.emit()

    def _on_player(self, player: Player) -> None:
        self._opening = None
        self._player = player
        if not player.notice:
            self._preferences.set(sound_device=player.device)
        self.changed.emit()

    @property
    def device(self) -> str:
        """The sound device in words, with the latency that it reports; empty for none."""
        player = self._player
        if self._opening is not None:
            return tr("Looking for the sound device…")
        if player is None or player.notice:
            return ""
        name = player.device or tr("The sound device")
        return tr("{name} · says {n} ms", name=name, n=round(player.latency_s * 1000))

    @property
    def silence(self) -> str:
        """Why there is no sound to tap to; empty while there is, or may be."""
        notice = "" if self._player is None else self._player.notice
        return f"{notice} {tr('The picture can be measured without it.')}" if notice else ""

    def can_start(self, what: What) -> bool:
        """Whether a measurement can begin now."""
        if self.running is not None:
            return False
        has_sound = self._player is not None and not self._player.notice
        return what is What.PICTURE or has_sound

    # Measuring ---------------------------------------------------------------------------

    def start(self, what: What) -> None:
        """Begin to play clicks, or to flash."""
        if not self.can_start(what):
            return
        player = self._player
        if what is What.SOUND and player is not None:
            player.play(0.0)
            if player.notice:  # the device was there and cannot be used
                player.stop()
                self.changed.emit()
                return
        self._start_s = self._clock()
        self._taps_s = []
        self._at = (self._start_s, 0.0)
        self._came_of.pop(what, None)
        self.running = what
        self._frames.start()
        self.changed.emit()

    def give_up(self) -> None:
        """End a measurement before it has a result; the stored delay stays."""
        self._end(tr("Stopped. Nothing was changed."))

    def _end(self, words: str) -> None:
        """End a measurement, and say what came of it."""
        if self.running is not None:
            self._came_of[self.running] = words
        self.stop()

    def stop(self) -> None:
        """Be still; the stored delay stays."""
        self._frames.stop()
        self.running = None
        if self._player is not None:
            self._player.stop()
        self.changed.emit()

    def close(self) -> None:
        """Let the sound device go."""
        self.stop()
        self._closed = True
        if self._opening is not None:
            self._opening.cancel()
            self._opening = None
        if self._player is not None:
            self._player.close()
            self._player = None

    @property
    def now_s(self) -> float:
        """Where in `BEATS_S` the measurement is."""
        if self.running is What.SOUND and self._player is not None:
            return self._player.position_s
        return self._clock() - self._start_s

    @property
    def n_taps(self) -> int:
        """Taps so far."""
        return len(self._taps_s)

    def tap(self) -> None:
        """The author has tapped, now."""
        if self.running is None:
            return
        self._taps_s.append(self.now_s)
        latency = latency_of(self._taps_s, BEATS_S)
        if latency is None or not latency.sure:
            self.changed.emit()
            return
        self._take(latency)

    def _take(self, latency: Latency) -> None:
        """Store what the taps agree on, unless they cannot mean it."""
        what = self.running
        self._end(_result(latency))
        if what is not None and not latency.between:
            self.set_delay(what, latency.seconds)

    def _on_frame(self) -> None:
        self.moved.emit()
        clock_s, now_s = self._clock(), self.now_s
        if now_s != self._at[1]:
            self._at = (clock_s, now_s)
        elif clock_s - self._at[0] > _STILL_S:
            self._end(tr("The sound device has stopped. Nothing was changed; choose another."))
            return
        if self.running is not None and now_s > BEATS_S[-1] + BEAT_S:
            latency = latency_of(self._taps_s, BEATS_S)
            if latency is not None:
                self._take(latency)
            elif self._taps_s:
                self._end(tr("The taps did not agree. Nothing was changed; try again."))
            else:
                self._end(tr("No tap came. Nothing was changed; tap with every beat."))

    # Delays ------------------------------------------------------------------------------

    def delay_s(self, what: What) -> float:
        """The stored delay."""
        now = self._preferences.now
        return now.sound_delay_s if what is What.SOUND else now.picture_delay_s

    def set_delay(self, what: What, seconds: float) -> None:
        """Store a delay, to the tenth of a millisecond; that of sound belongs to its device."""
        seconds = round(seconds, 4)
        if what is What.SOUND:
            delays = self._preferences.now.with_sound_delay(seconds).sound_delays
            self._preferences.set(sound_delays=delays)
        else:
            self._preferences.set(picture_delay_s=seconds)

    def reset(self) -> None:
        """Count on no delays beyond what the device says."""
        self._came_of.clear()
        for what in What:
            self.set_delay(what, 0.0)
        self.changed.emit()

    def said(self, what: What) -> str:
        """How a measurement goes, or what came of it and how sure that is, in words."""
        if self.running is what:
            return self._progress()
        return self._came_of.get(what, "")

    def _progress(self) -> str:
        latency = latency_of(self._taps_s, BEATS_S)
        if latency is None:
            return tr("{n} taps; {needed} that agree are needed", n=self.n_taps, needed=MIN_TAPS)
        return tr(
            "{ms} ± {error} ms so far; more taps make it surer",
            ms=f"{latency.seconds * 1000:+.0f}",
            error=_whole_ms(latency.error_s),
        )


def _result(latency: Latency) -> str:
    values = {
        "ms": f"{latency.seconds * 1000:+.0f}",
        "error": _whole_ms(latency.error_s),
        "n": latency.n_taps,
        "all": latency.n_all,
    }
    if latency.between:
        return tr(
            "Not stored: {n} of {all} taps agree on {ms} ms, but that is half-way between two "
            "beats. Tap on the beats; or type it, if you are sure that you hear so late.",
            **values,
        )
    if latency.sure:
        return tr("{ms} ± {error} ms: {n} of {all} taps agree", **values)
    return tr(
        "{ms} ± {error} ms, which is rough: {n} of {all} taps agree, but not closely. Measure "
        "again for a better one.",
        **values,
    )


def _whole_ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))

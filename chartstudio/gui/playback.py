"""Hearing the song: play, seek, rate, loop, metronome, and the ticks of the active chart.

Wraps `audio.player.Player`, which knows seconds, for a window that knows bars and charts.
The player is made on the sound lane, because opening a device can take a while.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from chartstudio.audio.decode import Audio
from chartstudio.audio.mix import SOUNDS, Ticks
from chartstudio.audio.output import open_output
from chartstudio.audio.player import Player
from chartstudio.core.job import Job, Progress
from chartstudio.core.note import Note, ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor.document import Change
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.drafting import Drafting
from chartstudio.gui.files import SongFiles
from chartstudio.gui.jobs import Handle, Jobs, Lane
from chartstudio.gui.preferences import Preferences
from chartstudio.gui.proposals import Ghosts
from chartstudio.gui.text import tr
from chartstudio.gui.timeline.rows import field_of
from chartstudio.modes import MODES

RATES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Rates that the toolbar offers; the commands go in steps of `RATE_STEP`."""

RATE_STEP = 0.05
MIN_RATE, MAX_RATE = RATES[0], RATES[-1]

_WATCH_MS = 33
_NOTES_PAUSE_MS = 100
_SILENT_RATE_HZ = 22_050
_TAIL_S = 4.0
_MIN_BEAT_S = 0.03


def _real_player() -> Player:
    return Player(*open_output())


def beats(timing: TimingMap, duration_s: float) -> Ticks:
    """Where the metronome clicks: every beat of the song, the first of a bar higher.

    On a paused beat it clicks when a note there would be judged: before a stop, after a
    delay. Beats that a warp passes over do not sound.
    """
    start, end = timing.tick_at(0.0), timing.tick_at(duration_s) + 1
    every, first = timing.lines(start, end, 4), timing.lines(start, end)
    every = every[~timing.warped(every)]
    times_s = timing.seconds_at(every)
    every, times_s = every[times_s >= 0.0], times_s[times_s >= 0.0]
    apart = _apart(times_s)
    every, times_s = every[apart], times_s[apart]
    sounds = np.full(len(every), SOUNDS.index("beat"), np.int64)
    sounds[np.isin(every, first)] = SOUNDS.index("downbeat")
    return Ticks(times_s, sounds, np.ones(len(every), np.float32))


def _apart(times_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of ascending times are far enough from the last one that is.

    Gimmick tempos put thousands of beats in a second; nobody hears them apart.
    """
    found = np.diff(times_s, prepend=-np.inf) >= _MIN_BEAT_S
    if found.all():
        return found
    found[:] = False
    i = 0
    while i < len(times_s):
        found[i] = True
        i = int(np.searchsorted(times_s, times_s[i] + _MIN_BEAT_S))
    return found


def note_ticks(notes: Sequence[Note], mode_id: str, timing: TimingMap) -> Ticks:
    """What ticks with a chart: each row of notes once, chords with another sound.

    Notes that sound more than once, such as sliders, tick as often.
    """
    mode = MODES.get(mode_id)
    counted = [n for n in notes if mode is None or mode.counts(n)]
    field = field_of(mode)
    heard = (
        ticks_of(counted)
        if field is None
        else np.array([tick for n in counted for tick in field.heard(n)], dtype=np.int64)
    )
    rows, n_notes = np.unique(heard, return_counts=True)
    rows_of_chart: NDArray[np.int64] = rows
    sounds = np.full(len(rows), SOUNDS.index("note"), np.int64)
    sounds[n_notes > 1] = SOUNDS.index("note-chord")
    return Ticks(timing.seconds_at(rows_of_chart), sounds, np.ones(len(rows), np.float32))


def heard_notes(chart: Chart, index: int, ghosts: Ghosts | None) -> Sequence[Note]:
    """The chart's notes with the shown ghosts in place of what they would replace."""
    if ghosts is None or ghosts.chart != index:
        return chart.notes
    kept = [n for n in chart.notes if not ghosts.replaces(n)]
    return [*kept, *ghosts.notes]


def silence(song: Song) -> Audio:
    """What plays while there is no audio: nothing, as long as the longest chart."""
    ends_s = [
        song.timing_of(chart).seconds_at(max(n.end for n in chart.notes))
        for chart in song.charts
        if chart.notes
    ]
    n_samples = round((max(ends_s, default=0.0) + _TAIL_S) * _SILENT_RATE_HZ)
    return Audio(np.zeros((1, max(n_samples, 1)), np.float32), _SILENT_RATE_HZ, "silence")


class Playback(QObject):
    """The transport of the window.

    Parameters
    ----------
    bridge : Bridge
    jobs : Jobs
    files : SongFiles
    drafting : Drafting
    preferences : Preferences
    make_player : callable
        Makes the player, on the sound lane.
    """

    changed = Signal()
    """Playing, rate, loop or what sounds."""
    moved = Signal()
    """The position may be another one; emitted while playing, and on every seek."""
    message = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        jobs: Jobs,
        files: SongFiles,
        drafting: Drafting,
        preferences: Preferences,
    ) -> None:
        super().__init__()
        self._document = bridge.document
        self._jobs = jobs
        self._files = files
        self._drafting = drafting
        self._preferences = preferences
        self.make_player: Callable[[], Player] = _real_player
        self._player: Player | None = None
        self._loading: Handle | None = None
        self._rating: Handle | None = None
        self._wanted: Audio | None = None
        self._loaded: Audio | None = None
        self._at_s = 0.0
        self._was_playing = False
        self._clicked: tuple[TimingMap, float] | None = None
        self.looping = False
        self.rate = preferences.now.rate
        self._watch = _timer(self, _WATCH_MS, self._on_watch)
        self._pause = _timer(self, _NOTES_PAUSE_MS, self._refresh_ticks, once=True)
        files.sound_changed.connect(self._on_sound)
        bridge.changed.connect(self._on_change)
        drafting.changed.connect(self._refresh_soon)
        preferences.changed.connect(self._apply_settings)

    # State -------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether the song moves."""
        return self._player is not None and self._player.playing

    @property
    def position_s(self) -> float:
        """Where the song is heard now as the sound device says, or where it will start."""
        return self._at_s if self._player is None else self._player.position_s

    @property
    def heard_s(self) -> float:
        """Where the author hears it, by the delay in the settings: what a tap made now means."""
        return self._at_s if self._player is None else self._player.heard_s

    def position(self) -> float:
        """Where to draw it so that it is seen as it is heard, for views that poll it."""
        return self._at_s if self._player is None else self._player.drawn_s

    @property
    def duration_s(self) -> float:
        """Length of what plays."""
        return 0.0 if self._loaded is None else self._loaded.duration_s

    @property
    def ready(self) -> bool:
        """Whether there is something to play."""
        return self._player is not None and self._loaded is not None

    @property
    def notice(self) -> str:
        """Why there is no sound; empty while there is."""
        return "" if self._player is None else self._player.notice

    # Moving ------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self, from_s: float | None = None) -> None:
        """Play on, or from a second of the song."""
        player = self._player
        if player is None or not self.ready:
            self.message.emit(tr("The song is not ready to play yet"))
            return
        notice = player.notice
        player.play(from_s)
        if player.notice != notice:
            self.message.emit(player.notice)
        self._note_state()

    def pause(self) -> None:
        """Stay here."""
        if self._player is not None:
            self._player.pause()
        self._note_state()

    def seek(self, to_s: float) -> None:
        """Go to a second of the song."""
        self._at_s = max(0.0, to_s)
        if self._player is not None:
            self._player.seek(self._at_s)
        self.moved.emit()

    def set_rate(self, rate: float) -> None:
        """Play slower or faster at the same pitch, from 0.25 to 2."""
        rate = round(min(MAX_RATE, max(MIN_RATE, rate)), 2)
        self.rate = rate
        self._preferences.set(rate=rate)
        self._apply_rate()
        self.changed.emit()

    def toggle_loop(self) -> None:
        """Repeat the selected range, or stop repeating."""
        if not self.looping and self._document.selection.range is None:
            self.message.emit(tr("Select a range to repeat"))
            return
        self.looping = not self.looping
        self._apply_loop()
        self.changed.emit()

    def let_go(self) -> None:
        """Pause, and let the sound device go until the song plays again."""
        self.pause()
        if self._player is not None:
            self._player.stop()
            self._player.seek(self._at_s)

    def close(self) -> None:
        """Let the sound device go."""
        self._watch.stop()
        self._pause.stop()
        if self._player is not None:
            self._player.close()
            self._player = None

    # Loading -----------------------------------------------------------------------------

    def _on_sound(self) -> None:
        sound = self._files.sound
        self._wanted = silence(self._document.song) if sound is None else sound.audio
        if self._loading is None or not self._loading.active:
            self._load()

    def _load(self) -> None:
        """Hand the wanted song to the player; one at a time, the last one wins."""
        audio, player, make = self._wanted, self._player, self.make_player
        assert audio is not None

        def job() -> Job[Player]:
            yield Progress(0.0, tr("Preparing playback"))
            ready = player or make()
            ready.load(audio)
            return ready

        if self._rating is not None:
            self._rating.cancel()
        self._loading = self._jobs.submit(
            Lane.SOUND, job, on_done=lambda p: self._on_loaded(p, audio)
        )

    def _on_loaded(self, player: Player, audio: Audio) -> None:
        if self._player is None:
            self._player = player
            if player.notice:
                self.message.emit(player.notice)
            else:
                self._preferences.set(sound_device=player.device)
        if audio is not self._wanted:
            self._load()
            return
        self._loaded = audio
        self._clicked = None  # a player that has loaded has forgotten its clicks
        player.seek(self._at_s)
        self._apply_settings()
        self._apply_rate()
        self._apply_loop()
        self._refresh_ticks()
        self._note_state()
        self.changed.emit()
        self.moved.emit()

    # What sounds -------------------------------------------------------------------------

    def _apply_settings(self) -> None:
        now, player = self._preferences.now, self._player
        if player is not None:
            player.volume = now.volume
            player.metronome_gain = now.metronome
            player.tick_gain = now.note_ticks
            player.sound_delay_s = now.sound_delay_s
            player.picture_delay_s = now.picture_delay_s
        self.changed.emit()

    def _apply_rate(self) -> None:
        player, rate = self._player, self.rate
        if self._rating is not None:
            self._rating.cancel()
            self._rating = None
        if player is not None and self.ready and player.rate != rate:
            self._rating = self._jobs.submit(Lane.SOUND, lambda: player.change_rate(rate))

    def _apply_loop(self) -> None:
        player, selected = self._player, self._document.selection.range
        if player is None:
            return
        if not self.looping or selected is None:
            player.unloop()
            return
        timing = self._timing()
        start_s, end_s = (timing.seconds_at(tick) for tick in selected)
        if min(end_s, self.duration_s) - max(start_s, 0.0) > 0.1:
            player.loop(start_s, end_s)

    def _refresh_clicks(self) -> None:
        """Let the metronome click by the timing that is so now, from the next block on."""
        timing, duration_s = self._timing(), self.duration_s
        old = self._clicked
        if self._player is None or (old and old[0] is timing and old[1] == duration_s):
            return
        self._clicked = (timing, duration_s)
        self._player.set_clicks(beats(timing, duration_s))

    def _refresh_ticks(self) -> None:
        player, document = self._player, self._document
        if player is None:
            return
        self._refresh_clicks()
        timing, chart = self._timing(), document.active_chart
        notes: Sequence[Note] = ()
        if chart is not None:
            notes = heard_notes(chart, document.selection.chart, self._drafting.ghosts)
        player.set_ticks(note_ticks(notes, chart.mode if chart else "", timing))

    def _timing(self) -> TimingMap:
        song, chart = self._document.song, self._document.active_chart
        return song.timing if chart is None else song.timing_of(chart)

    # Following ---------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change.origin == "open":
            self.looping = False
            self.pause()
            self.seek(0.0)
        if change.new is not change.old or change.origin == "select":
            # The metronome proves an edit by ear: it may not wait, nor for a key that repeats.
            self._refresh_clicks()
            self._refresh_soon()
        if self.looping:
            self._apply_loop()

    def _refresh_soon(self) -> None:
        """Let notes tick anew, ten times a second at most, also while edits go on and on."""
        if not self._pause.isActive():
            self._pause.start()

    def _on_watch(self) -> None:
        self._note_state()
        self.moved.emit()

    def _note_state(self) -> None:
        """Watch the position while the song plays, and notice when it ends by itself."""
        playing = self.playing
        if playing and not self._watch.isActive():
            self._watch.start()
        elif not playing:
            self._watch.stop()
            self._at_s = self.position_s
        if playing != self._was_playing:
            self._was_playing = playing
            self.changed.emit()
            self.moved.emit()


def _timer(parent: QObject, ms: int, run: Callable[[], None], once: bool = False) -> QTimer:
    made = QTimer(parent)
    made.setInterval(ms)
    made.setSingleShot(once)
    made.timeout.connect(run)
    return made

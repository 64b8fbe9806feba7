"""What commands and the mouse do to the timing of the active chart.

Each verb is one method and one undo step. The view says what notes keep and what later beats
do; what cannot be done is told through `refused`, unless a command asked, which tells itself.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import SignalInstance

from chartstudio.audio.peaks import Peaks
from chartstudio.audio.transients import REACH_S, nearest_transient
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.timing import Cause
from chartstudio.editor import kept_seconds, retime
from chartstudio.editor.retime import Retiming
from chartstudio.editor.tempo_blocks import Later
from chartstudio.gui.text import clock, count, tr
from chartstudio.gui.timeline.beat_drag import DragBeat, InsertChange, RemoveChange
from chartstudio.gui.timeline.verbs import Verbs

_CATCH_PX = 12.0
"""A dragged line is caught by sounds this close to it."""


class TempoVerbs(Verbs):
    """Commands on the timing that the active chart goes by; `Timeline` provides the rest.

    Attributes
    ----------
    peaks : Peaks or None
        The song's sound.
    refused : Signal(object)
        A `ChartStudioError`: why a change could not be made.
    pauses_later : {"move", "stay"}
        What the beats after a stop or delay do that is put in or taken out. A pause adds its
        time, and everything after it moves, in StepMania's editor and in ArrowVortex: both
        add a pause to all time that has passed before a beat (``TimingData.cpp``).
    """

    peaks: Peaks | None
    refused: SignalInstance
    pauses_later: Later = "move"

    def perform(self, action: Any) -> None:
        """Do what a step of a drag asks for."""
        later = self.view.later_beats
        match action:
            case DragBeat(tick, seconds):
                self.try_retime(tr("Drag beat"), retime.drag_beat(tick, seconds, later))
            case InsertChange(tick):
                self.try_retime(tr("Insert tempo change"), retime.insert_change(tick))
            case RemoveChange(tick):
                self.try_retime(*self._removal(tick))
            case _:
                super().perform(action)

    def retime(self, label: str, change: Retiming) -> None:
        """Change the timing of the active chart, and of those that share it.

        The selection goes along with notes that keep their seconds. What changes nothing is
        told, so that nobody waits for it.

        Raises
        ------
        ChartStudioError
            When the change cannot be made; the song is untouched.
        """
        if not kept_seconds.apply_retiming(self.document, label, change, self.view.notes_keep):
            self.refused.emit(ChartStudioError(tr("{what}: it is so already", what=label)))

    def try_retime(self, label: str, change: Retiming) -> bool:
        """`retime`, but what cannot be done is told instead of raised; whether it was done."""
        try:
            self.retime(label, change)
        except ChartStudioError as error:
            self.refused.emit(error)
            return False
        return True

    # The grid ----------------------------------------------------------------------------

    def shift_grid(self, by_s: float) -> None:
        """Move the whole grid in time."""
        self.retime(tr("Move grid"), retime.shift(by_s))

    def shift_beats(self, n_beats: float) -> None:
        """Move the whole grid by beats of the tempo at the playhead."""
        self.retime(tr("Move grid"), retime.shift_beats(n_beats, self.cursor_tick))

    def scale_tempo(self, factor: float) -> None:
        """Halve or double every tempo."""
        self.retime(tr("Halve tempo") if factor < 1 else tr("Double tempo"), retime.scale(factor))

    # The section at the playhead ---------------------------------------------------------

    def set_bpm(self, bpm: float) -> None:
        """Set the tempo of the section at the playhead."""
        self.set_bpm_at(self.cursor_tick, bpm)

    def set_bpm_at(self, tick: int, bpm: float) -> None:
        """Set the tempo of the section at a tick."""
        self.retime(tr("Set tempo"), retime.set_bpm(tick, bpm, self.view.later_beats))

    def nudge_bpm(self, by_bpm: float) -> None:
        """Make the section at the playhead faster or slower."""
        change = retime.nudge_bpm(self.cursor_tick, by_bpm, self.view.later_beats)
        self.retime(tr("Change tempo"), change)

    def set_meter(self, meter: int) -> None:
        """Set the beats per bar from the bar at the playhead on."""
        self.retime(tr("Set meter"), retime.set_meter(self.cursor_tick, meter))

    def start_bar(self) -> None:
        """Let a bar start at the playhead's beat."""
        self.retime(tr("Start bar"), retime.start_bar(self.cursor_beat))

    def insert_change(self) -> None:
        """Let the tempo change at the playhead's grid line."""
        self.retime(tr("Insert tempo change"), retime.insert_change(self.cursor_line))

    def insert_pause(self, seconds: float, cause: Cause) -> None:
        """Let time pass on the playhead's tempo change or grid line."""
        label = tr("Insert stop") if cause is Cause.STOP else tr("Insert delay")
        change = retime.insert_pause(self.cursor_place, seconds, cause, self.pauses_later)
        self.retime(label, change)

    def remove_change(self, tick: int | None = None) -> None:
        """Remove what happens on a tick, or at the playhead."""
        self.retime(*self._removal(self.cursor_place if tick is None else tick))

    def _removal(self, tick: int) -> tuple[str, Retiming]:
        """The name of the step that removes what happens on a tick, and the step."""
        paused = retime.pause_at(self.timing, tick)
        if paused is None:
            return tr("Remove tempo change"), retime.remove(tick, self.view.later_beats)
        label = tr("Remove stop") if paused is Cause.STOP else tr("Remove delay")
        return label, retime.remove(tick, self.pauses_later)

    # Rows --------------------------------------------------------------------------------

    @property
    def off_rows(self) -> kept_seconds.OffRows:
        """Notes of this timing that lie between the rows that StepMania files hold."""
        return kept_seconds.off_rows(self.document.song, self.document.selection.chart)

    def snap_to_rows(self) -> None:
        """Put notes that lie between rows on the nearest ones.

        Raises
        ------
        ChartStudioError
            When none can be put anywhere.
        """
        chart, before = self.document.selection.chart, self.document.song
        self.document.apply(tr("Snap to rows"), kept_seconds.on_rows(chart))
        n_left = self.off_rows.n_notes
        if n_left or self.document.song is before:
            what = count(n_left, "{n} note stays", "{n} notes stay")
            raise ChartStudioError(
                tr("{what} between rows: on a row it would meet its neighbour", what=what)
                if n_left
                else tr("Every note is on a row already")
            )

    # Beats -------------------------------------------------------------------------------

    @property
    def cursor_place(self) -> int:
        """The tempo change at the playhead, wherever on the grid, or the grid line near it."""
        return self._change_here(self.cursor_line)

    @property
    def cursor_beat(self) -> int:
        """The tempo change at the playhead, or the beat line nearest to it."""
        return self._change_here(self.timing.snap(self.cursor_tick, 4))

    def _change_here(self, otherwise: int) -> int:
        tick = self.cursor_tick
        return tick if any(a.tick == tick for a in self.timing.anchors) else otherwise

    def move_beat(self, by_s: float) -> None:
        """Put the beat at the playhead a little later or earlier, and go with it."""
        tick = self.cursor_beat
        self.drag_beat(tick, self.timing.seconds_at(tick) + by_s)

    def drag_beat(self, tick: int, seconds: float, label: str = "") -> None:
        """Put a beat onto a second, and stay on that beat."""
        rests_there = self.cursor_beat == tick
        change = retime.drag_beat(tick, seconds, self.view.later_beats)
        self.retime(label or tr("Drag beat"), change)
        if rests_there and not self.view.playing:
            self.go_to(tick)

    def snap_beat(self, tick: int | None = None) -> None:
        """Put a beat, by default the one at the playhead, onto the sound that sets in near it.

        Raises
        ------
        ChartStudioError
            When there is none within 40 ms.
        """
        at = self.cursor_beat if tick is None else tick
        seconds = self.transient_near(self.timing.seconds_at(at))
        if seconds is None:
            raise ChartStudioError(
                tr(
                    "Nothing sets in within 40 ms of {time}; drag the beat there by hand",
                    time=clock(self.timing.seconds_at(at)),
                )
            )
        self.drag_beat(at, seconds, tr("Put beat onto sound"))

    def transient_near(self, seconds: float, reach_s: float = REACH_S) -> float | None:
        """Where a sound sets in near a time; None where none does, or no sound is loaded."""
        peaks = self.peaks
        if peaks is None:
            return None
        return nearest_transient(peaks.samples, peaks.rate_hz, seconds, reach_s)

    def catch(self, seconds: float) -> float:
        """A dragged time, drawn to a sound that is close to it on the screen."""
        if not self.view.magnetic:
            return seconds
        reach_s = min(REACH_S, _CATCH_PX * self.view.seconds_per_px)
        found = self.transient_near(seconds, reach_s)
        return seconds if found is None else found

    # Going there -------------------------------------------------------------------------

    def go_to_change(self, steps: int) -> None:
        """Go to the next (1) or the previous (-1) tempo change."""
        ticks = sorted({a.tick for a in self.timing.anchors})
        now = self.cursor_tick
        ahead = [t for t in ticks if t > now] if steps > 0 else [t for t in ticks if t < now][::-1]
        if ahead:
            self.go_to(ahead[0])

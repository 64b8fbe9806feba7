"""What part of the song is seen, and the way between ticks, seconds and pixels.

One `ViewState` is shared by the timeline, the minimap and the window's actions. It alone
knows whether the axis shows equal seconds or equal beats; everything else asks it for x.
It knows no chart and draws nothing.

The axis is measured in *units*: seconds in the time view; in the beat view, beats of the
song's timing, each as long as a beat of the song's main tempo, so that switching views
keeps the scale.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Generic, TypeVar, overload

import numpy as np
from PySide6.QtCore import QObject, Signal

from chartstudio.core.mode import Mode, Spot
from chartstudio.core.ticks import SNAPS, TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import Seconds, Side, TimingMap
from chartstudio.editor.retime import Keep
from chartstudio.editor.tempo_blocks import Later

MIN_SECONDS_PER_PX = 0.0002
"""The closest zoom: a sixteenth at 180 BPM is 400 pixels wide."""

PLAYHEAD_SHARE = 0.35
"""Where the playhead rests in the view while the song scrolls under it, as share of width."""

SELECT_TOOL = ""
"""The value of `ViewState.tool_kind` when clicks select instead of placing."""

_MARGIN_PX = 80.0
"""How far the view may go past either end of the song."""

V = TypeVar("V")


class _Watched(Generic[V]):
    """An attribute that emits ``changed`` when it gets another value."""

    def __init__(self, default: V) -> None:
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    @overload
    def __get__(self, view: None, owner: type) -> _Watched[V]: ...
    @overload
    def __get__(self, view: ViewState, owner: type) -> V: ...
    def __get__(self, view: ViewState | None, owner: type) -> Any:
        return self if view is None else getattr(view, self._name, self._default)

    def __set__(self, view: ViewState, value: V) -> None:
        if value != self.__get__(view, type(view)):
            setattr(view, self._name, value)
            view.changed.emit()


class ViewState(QObject):
    """The seen part of a song, and how it is shown.

    Attributes
    ----------
    changed : Signal
        Anything below has changed.
    snap : int
        The snap that the mouse and the cursor keys use (a member of `core.ticks.SNAPS`).
    follow_playhead : bool
        Scroll with the song while it plays.
    tool_kind : str
        Kind of note that a click places, or `SELECT_TOOL`.
    second_chart : int or None
        Chart shown in the second strip.
    lane_colours : bool
        Notes coloured by lane instead of by snap.
    playing : bool
        Whether the song runs; views poll the position while it does.
    notes_keep : {"ticks", "seconds"}
        What notes keep when the timing is changed by hand.
    later_beats : {"stay", "move"}
        What the beats after a changed place do.
    magnetic : bool
        Dragged beats are drawn to what is heard near them.
    drags_beats : bool
        Over tempo, waveform and ruler the mouse drags beat lines instead of going there.
    density_lane : bool
        The lane is shown on which density is painted.
    spots : dict of str to Spot
        Where a note was last put, by the space of its mode.
    """

    changed = Signal()

    snap = _Watched(16)
    follow_playhead = _Watched(True)
    tool_kind = _Watched("tap")
    second_chart: _Watched[int | None] = _Watched(None)
    lane_colours = _Watched(False)
    playing = _Watched(False)
    notes_keep: _Watched[Keep] = _Watched("ticks")
    later_beats: _Watched[Later] = _Watched("stay")
    magnetic = _Watched(True)
    drags_beats = _Watched(False)
    density_lane = _Watched(False)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._start = -0.5
        self._per_px = 1 / 160
        self._beat_view = False
        self._width_px = 1000.0
        self._duration_s = 60.0
        self._timing = TimingMap.constant(120.0)
        self._unit_per_tick = _main_beat_s(self._timing) / TICKS_PER_BEAT
        self.spots: dict[str, Spot] = {}
        self._seen: dict[tuple[int, float], tuple[TimingMap, tuple[int, int]]] = {}
        self._seen_for: tuple[object, ...] = ()

    def spot_in(self, mode: Mode | None) -> Spot | None:
        """Where a note was last put in a mode's space."""
        return None if mode is None else self.spots.get(mode.layout.space)

    # What is seen ------------------------------------------------------------------------

    @property
    def start_s(self) -> float:
        """Second at the left edge."""
        return float(self.seconds_of_units(self._start))

    @start_s.setter
    def start_s(self, seconds: float) -> None:
        self._show(float(self._units_of_seconds(seconds)), self._per_px)

    @property
    def end_s(self) -> float:
        """Second at the right edge."""
        return self.seconds_at_x(self._width_px)

    @property
    def seconds_per_px(self) -> float:
        """The zoom; in the beat view, of a song at its main tempo."""
        return self._per_px

    @seconds_per_px.setter
    def seconds_per_px(self, value: float) -> None:
        self.zoom(self._per_px / value, 0.0)

    @property
    def width_px(self) -> float:
        """Width of the drawn part of the song."""
        return self._width_px

    @property
    def duration_s(self) -> float:
        """Length of the song, its last note included."""
        return self._duration_s

    @property
    def timing(self) -> TimingMap:
        """The timing whose beats are equal in the beat view."""
        return self._timing

    @property
    def beat_view(self) -> bool:
        """Equal beats instead of equal seconds."""
        return self._beat_view

    @beat_view.setter
    def beat_view(self, on: bool) -> None:
        if on == self._beat_view:
            return
        middle_s = self.seconds_at_x(self._width_px / 2)
        self._beat_view = on
        self._start = float(self._units_of_seconds(middle_s)) - self._width_px / 2 * self._per_px
        self.changed.emit()

    def set_width(self, width_px: float) -> None:
        """The drawn part has another width; its left edge stays."""
        if width_px != self._width_px and width_px > 0:
            self._width_px = width_px
            self.changed.emit()

    def set_duration(self, seconds: float) -> None:
        """The song has another length."""
        if seconds != self._duration_s:
            self._duration_s = seconds
            self.changed.emit()

    def set_timing(self, timing: TimingMap) -> None:
        """The song has another timing; the left edge keeps its second."""
        if timing is self._timing:
            return
        start_s = self.start_s
        self._timing = timing
        self._unit_per_tick = _main_beat_s(timing) / TICKS_PER_BEAT
        self._start = float(self._units_of_seconds(start_s))
        self.changed.emit()

    # Moving ------------------------------------------------------------------------------

    def zoom(self, factor: float, at_px: float) -> None:
        """Show ``factor`` times more detail; the time under ``at_px`` stays there."""
        per_px = float(np.clip(self._per_px / factor, MIN_SECONDS_PER_PX, self._widest()))
        self._show(self._start + at_px * (self._per_px - per_px), per_px)

    def scroll_px(self, dx: float) -> None:
        """Move the view to the right over the song (later) by ``dx`` pixels."""
        self._show(self._start + dx * self._per_px, self._per_px)

    def show(self, seconds: float) -> None:
        """Bring a time into view; scroll only when it is out of sight."""
        x = float(self.x_of_seconds(seconds))
        edge = min(40.0, self._width_px / 4)
        if not edge <= x <= self._width_px - edge:
            self.scroll_px(x - PLAYHEAD_SHARE * self._width_px)

    def follow(self, seconds: float) -> None:
        """Scroll so that the playhead rests once it is `PLAYHEAD_SHARE` into the view."""
        x = float(self.x_of_seconds(seconds))
        rest = PLAYHEAD_SHARE * self._width_px
        if x > rest or x < 0:
            # Whole pixels: text and lines stay as sharp as they are at rest.
            self.scroll_px(round(x - rest) if 0 <= x - rest <= self._width_px else x - rest)

    def show_range(self, start_s: float, end_s: float) -> None:
        """Zoom so that a stretch fills the view."""
        start, end = (float(self._units_of_seconds(s)) for s in (start_s, end_s))
        per_px = max(end - start, 1e-3) / max(self._width_px - _MARGIN_PX, 1.0)
        per_px = float(np.clip(per_px, MIN_SECONDS_PER_PX, self._widest()))
        self._show((start + end - self._width_px * per_px) / 2, per_px)

    def show_all(self) -> None:
        """Zoom so that the whole song is seen."""
        self.show_range(0.0, self._duration_s)

    def step_snap(self, steps: int) -> None:
        """Go to a finer (positive) or coarser snap of `core.ticks.SNAPS`."""
        at = SNAPS.index(self.snap) if self.snap in SNAPS else SNAPS.index(16)
        self.snap = SNAPS[min(max(at + steps, 0), len(SNAPS) - 1)]

    def _widest(self) -> float:
        length = float(self._units_of_seconds(self._duration_s) - self._units_of_seconds(0.0))
        return max(length * 1.2 / max(self._width_px, 1.0), 4 * MIN_SECONDS_PER_PX)

    def _show(self, start: float, per_px: float) -> None:
        margin = _MARGIN_PX * per_px
        low = float(self._units_of_seconds(min(0.0, self._timing.anchors[0].seconds))) - margin
        high = float(self._units_of_seconds(self._duration_s)) + margin - self._width_px * per_px
        start = max(min(start, high), low) if high > low else min(low, max(start, high))
        if (start, per_px) != (self._start, self._per_px):
            self._start, self._per_px = start, per_px
            self.changed.emit()

    # Ticks, seconds, pixels --------------------------------------------------------------

    @overload
    def x_of_seconds(self, seconds: float) -> float: ...
    @overload
    def x_of_seconds(self, seconds: Seconds) -> Seconds: ...
    def x_of_seconds(self, seconds: float | Seconds) -> float | Seconds:
        """Pixels from the left edge."""
        x: float | Seconds = (self._units_of_seconds(seconds) - self._start) / self._per_px
        return x

    @overload
    def x_of_ticks(
        self, ticks: int, timing: TimingMap | None = None, side: Side = Side.NOTE
    ) -> float: ...
    @overload
    def x_of_ticks(
        self, ticks: Ticks, timing: TimingMap | None = None, side: Side = Side.NOTE
    ) -> Seconds: ...
    def x_of_ticks(
        self, ticks: int | Ticks, timing: TimingMap | None = None, side: Side = Side.NOTE
    ) -> float | Seconds:
        """Pixels from the left edge, of ticks of a timing (the song's when None)."""
        timing = timing or self._timing
        if self._counts_beats_of(timing):
            x: float | Seconds = (
                np.multiply(ticks, self._unit_per_tick) - self._start
            ) / self._per_px
            return x
        return self.x_of_seconds(timing.seconds_at(ticks, side))

    def x_of_places(self, ticks: Ticks, seconds: Seconds, timing: TimingMap) -> Seconds:
        """`x_of_ticks` for ticks whose seconds are known already."""
        if self._counts_beats_of(timing):
            return self.x_of_ticks(ticks, timing)
        return self.x_of_seconds(seconds)

    def seconds_at_x(self, x: float) -> float:
        """Time at a pixel."""
        return float(self.seconds_of_units(self._start + x * self._per_px))

    def tick_at_x(self, x: float, timing: TimingMap | None = None, side: Side = Side.AFTER) -> int:
        """Nearest tick at a pixel."""
        timing = timing or self._timing
        units = self._start + x * self._per_px
        if self._counts_beats_of(timing):
            return round(units / self._unit_per_tick)
        return timing.tick_at(float(self.seconds_of_units(units)), side)

    def seen_ticks(
        self, timing: TimingMap | None = None, margin_px: float = 0.0
    ) -> tuple[int, int]:
        """First and last tick in view, both included."""
        timing = timing or self._timing
        # A frame asks this a dozen times.
        key = (*self.axis, self._width_px)
        if key != self._seen_for:
            self._seen.clear()
            self._seen_for = key
        held = self._seen.get((id(timing), margin_px))
        if held is None or held[0] is not timing:
            left = self.tick_at_x(-margin_px, timing, Side.BEFORE)
            right = self.tick_at_x(self._width_px + margin_px, timing, Side.AFTER)
            held = self._seen[id(timing), margin_px] = (timing, (left, right))
        return held[1]

    def px_per_tick(self, timing: TimingMap, ticks: Ticks) -> Seconds:
        """Pixels that each stretch between neighbouring ticks takes, per tick; shape (N-1,)."""
        x = self.x_of_ticks(ticks, timing, Side.BEFORE)
        from_x = self.x_of_ticks(ticks, timing, Side.AFTER)
        return (x[1:] - from_x[:-1]) / np.maximum(np.diff(ticks), 1)

    @property
    def axis(self) -> tuple[float, float, bool, int]:
        """Everything that x depends on, as a key for caches: start, scale, view, timing."""
        return self._start, self._per_px, self._beat_view, id(self._timing)

    def _counts_beats_of(self, timing: TimingMap) -> bool:
        return self._beat_view and timing is self._timing

    def _units_of_seconds(self, seconds: float | Seconds) -> Any:
        if not self._beat_view:
            return seconds
        return np.multiply(self._timing.tick_at(seconds), self._unit_per_tick)

    def seconds_of_units(self, units: float | Seconds) -> Any:
        """Times on the axis whose pixel ``x`` is unit ``axis[0] + x * axis[1]``."""
        if not self._beat_view:
            return units
        ticks = np.rint(np.divide(units, self._unit_per_tick)).astype(np.int64)
        return self._timing.seconds_at(ticks)


def _main_beat_s(timing: TimingMap) -> float:
    """Seconds per beat of the tempo that lasts longest (of the last one, when only one)."""
    anchors = timing.anchors
    lasting: dict[float, float] = {}
    for anchor, after in pairwise(anchors):
        length_s = after.seconds - anchor.seconds
        lasting[anchor.bpm] = lasting.get(anchor.bpm, 0.0) + length_s
    # Nobody knows how long the last tempo lasts; half a minute makes it win over intros.
    lasting[anchors[-1].bpm] = lasting.get(anchors[-1].bpm, 0.0) + 30.0
    return 60.0 / max(lasting, key=lambda bpm: lasting[bpm])

"""Everything that one picture of the timeline is made from, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from chartstudio.core.note import Note
from chartstudio.core.song import Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor.finish import Span
from chartstudio.editor.selection import Selection
from chartstudio.gui.timeline.arrays import ChartArrays, NoteArrays
from chartstudio.gui.timeline.bands import GUTTER_PX, Bands
from chartstudio.gui.timeline.beat_drag import BeatState
from chartstudio.gui.timeline.drag import State
from chartstudio.gui.timeline.marks import IssueMarks
from chartstudio.gui.timeline.view import ViewState

if TYPE_CHECKING:
    from chartstudio.gui.timeline.density_lane import DensityDrag


@dataclass(frozen=True, slots=True, eq=False)
class Ghosts:
    """A proposed draft over one chart.

    Parameters
    ----------
    chart : int
    notes : NoteArrays
    spans : tuple of (int, int)
        The stretches of ticks ``[start, end)`` that it would replace.
    label : str
        What the strip's head calls it.
    stays : frozenset of Note
        Notes there that it would leave.
    """

    chart: int
    notes: NoteArrays
    spans: tuple[Span, ...]
    label: str
    stays: frozenset[Note] = frozenset()

    def replaces(self, notes: NoteArrays, index: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which of some notes of the chart would go, shape (N,)."""
        edges = np.array(self.spans, dtype=np.int64).ravel()
        gone: NDArray[np.bool_] = np.searchsorted(edges, notes.ticks[index], "right") % 2 == 1
        if self.stays:
            gone &= [notes.notes[i] not in self.stays for i in index.tolist()]
        return gone


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is to be drawn.

    Parameters
    ----------
    song : Song
    charts : tuple of ChartArrays
        One per strip of ``bands``, in the same order.
    selection : Selection
    view : ViewState
    bands : Bands
    ghosts : Ghosts or None
    issues : tuple of IssueMarks
        One per strip.
    state : State, BeatState or DensityDrag
        What the mouse is doing.
    range : (int, int) or None
        Selected ticks of the active chart, the ones being pulled open included.
    ratio : float
        Device pixels per pixel.
    """

    song: Song
    charts: tuple[ChartArrays, ...]
    selection: Selection
    view: ViewState
    bands: Bands
    ghosts: Ghosts | None
    issues: tuple[IssueMarks, ...]
    state: State | BeatState | DensityDrag
    range: tuple[int, int] | None
    ratio: float

    @property
    def timing(self) -> TimingMap:
        """The timing that the ruler shows: the active chart's."""
        active = self.active
        return active.timing if active is not None else self.song.timing

    @property
    def active(self) -> ChartArrays | None:
        """The active chart, if it has a strip."""
        for strip, chart in zip(self.bands.strips, self.charts, strict=True):
            if strip.chart == self.selection.chart:
                return chart
        return None

    def x(self, tick: int, timing: TimingMap) -> float:
        """Widget pixel of a tick."""
        return GUTTER_PX + self.view.x_of_ticks(tick, timing)

    def range_px(self) -> tuple[int, int] | None:
        """Widget pixels of the selected range, cut to what is in view; None for none."""
        if self.range is None:
            return None
        left, right = (self.x(tick, self.timing) for tick in self.range)
        if right < GUTTER_PX or left > self.bands.width:
            return None
        return round(max(left, GUTTER_PX - 4)), round(min(right, self.bands.width + 4))


def shade(colour: QColor, alpha: int) -> QColor:
    """The colour with another alpha, 0 to 255."""
    found = QColor(colour)
    found.setAlpha(alpha)
    return found


def proposed(notes: tuple[Note, ...], chart: ChartArrays) -> NoteArrays:
    """The arrays of proposed notes, on a chart's timing."""
    return NoteArrays.of(notes, chart.timing, chart.mode)

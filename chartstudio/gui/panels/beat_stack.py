"""Successive beats on top of each other: a tempo that is off shows as a slant.

Each row is the sound around one beat, its bass taken down, all aligned at their beat lines.
Where the sounds form an upright line the tempo holds; where that line stands beside the
middle the offset is off, and where it slants the tempo is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from chartstudio.audio.peaks import Peaks
from chartstudio.audio.transients import envelope
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks
from chartstudio.core.timing import TimingMap
from chartstudio.gui.panels.parts import button, column, heading, label, row
from chartstudio.gui.studio import Studio
from chartstudio.gui.text import tr
from chartstudio.gui.theme import DARK
from chartstudio.gui.timeline.scene import shade

AROUND_S = 0.060
"""What is shown on either side of a beat."""

N_BEATS = 16
_MOST = 64
_N_BARS = 4
_ROW_PX = 15
_LEAST_ROW_PX = 5
_NAMES_PX = 40
_QUIETEST = 0.08
"""A row is drawn as if it were at least this share of the loudest."""
_FLOOR = 0.8
"""Share of a row's quietest moment that is cut off, so that what sets in stands out."""
_N_LEAST = 4
_STEADY_S = 0.012
"""What is heard may stray so far from its line to be gone by; anything near a beat at random
strays twice as far."""
_N_STEADY = 6
_STEADY_SHARE = 0.4
"""Fewer beats at which something sets in agree by chance; drums play at half of them at least."""
_NORMAL = 1.4826
"""Standard deviation over median distance, of what is normally distributed."""
_OF_SLOPE = 1.05
"""Standard error of a median of slopes over that of a fitted slope."""
_MARKS_S = (-0.04, -0.02, 0.02, 0.04)


def compared_beats(timing: TimingMap, tick: int, span: tuple[int, int] | None) -> Ticks:
    """The beats to compare: those of the selected range, else of the four bars at a tick.

    Of a long range only every second, fourth ... beat, or bar.
    """
    if span is not None:
        found = timing.lines(*span, 4)
        if len(found) > _MOST:
            found = timing.lines(*span)
        return found[:: -(-max(len(found), 1) // _MOST)]
    first = max(timing.position(tick).measure - 1, 0) // _N_BARS * _N_BARS + 1
    return timing.lines(timing.measure_start(first), timing.measure_start(first + _N_BARS), 4)[
        :N_BEATS
    ]


@dataclass(frozen=True, slots=True)
class Drift:
    """How what is heard lies to the beats.

    Parameters
    ----------
    offset_s : float
        Median of heard minus beat; positive where sounds come late.
    per_beat_s : float
        How much that grows from beat to beat.
    n_heard : int
        Beats at which something sets in.
    n_all : int
        Beats that were listened to.
    spread_s : float
        How far that strays from its line: as a standard deviation, strays left out.
    drift_error_s : float
        Standard error of ``per_beat_s``.
    """

    offset_s: float
    per_beat_s: float
    n_heard: int
    n_all: int = 0
    spread_s: float = 0.0
    drift_error_s: float = 0.0

    @property
    def steady(self) -> bool:
        """Whether it can be gone by: enough is heard, and that does not stray."""
        enough = self.n_heard >= max(_N_STEADY, _STEADY_SHARE * self.n_all)
        return enough and self.spread_s <= _STEADY_S

    @property
    def drifts(self) -> bool:
        """Whether it drifts by more than it strays."""
        return self.steady and abs(self.per_beat_s) > 2 * self.drift_error_s


def drift_of(beats: NDArray[np.float64], off_s: NDArray[np.float64]) -> Drift | None:
    """The median offset and the median of all slopes (Theil and Sen); None for too few.

    Parameters
    ----------
    beats : ndarray, shape (N,)
        Numbers of beats.
    off_s : ndarray, shape (N,)
        Heard minus beat; NaN where nothing sets in.
    """
    heard = ~np.isnan(off_s)
    if heard.sum() < _N_LEAST:
        return None
    x, y = beats[heard], off_s[heard]
    i, j = np.triu_indices(len(x), 1)
    slope = float(np.median((y[j] - y[i]) / (x[j] - x[i])))
    rest = y - slope * x
    spread_s = _NORMAL * float(np.median(np.abs(rest - np.median(rest))))
    error_s = _OF_SLOPE * spread_s / float(np.sqrt(np.square(x - x.mean()).sum()))
    return Drift(float(np.median(y)), slope, len(x), len(off_s), spread_s, error_s)


class BeatStack(QWidget):
    """The picture.

    Parameters
    ----------
    studio : Studio
    """

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self._beats: Ticks = np.empty(0, np.int64)
        self._heard: dict[float, float | None] = {}
        self._of: Peaks | None = None
        self._key: tuple[object, ...] = ()
        self._picture = QPixmap()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Beats compared"))

    @property
    def timing(self) -> TimingMap:
        """The timing whose beats are shown."""
        return self._studio.timeline.timing

    def show_beats(self, beats: Ticks) -> None:
        """Show other beats."""
        if not np.array_equal(beats, self._beats):
            self._beats = beats
            n = max(len(beats), 1)
            self.setFixedHeight(max(min(_ROW_PX, N_BEATS * _ROW_PX // n), _LEAST_ROW_PX) * n)
        self.update()

    def drift(self) -> Drift | None:
        """How what is heard lies to the shown beats."""
        times = self.timing.seconds_at(self._beats)
        off_s = np.array([self._off(float(t)) for t in times])
        return drift_of((self._beats - self._beats[:1]) / TICKS_PER_BEAT, off_s)

    def _off(self, beat_s: float) -> float:
        """What is heard near a beat, minus the beat; NaN where nothing sets in."""
        peaks = self._studio.timeline.peaks
        if peaks is not self._of:
            self._of = peaks
            self._heard.clear()
        key = round(beat_s, 5)
        if key not in self._heard:
            if len(self._heard) > 4 * _MOST:
                self._heard.clear()
            self._heard[key] = self._studio.timeline.transient_near(beat_s, AROUND_S)
        found = self._heard[key]
        return np.nan if found is None else found - beat_s

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the beat of a row."""
        i = int(event.position().y() * len(self._beats) / max(self.height(), 1))
        if event.button() is Qt.MouseButton.LeftButton and 0 <= i < len(self._beats):
            self._studio.timeline.go_to(int(self._beats[i]))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows, anew where something in them has changed."""
        peaks, ratio = self._studio.timeline.peaks, self.devicePixelRatioF()
        times = self.timing.seconds_at(self._beats)
        key = (times.tobytes(), id(peaks), self.size(), ratio)
        if key != self._key:
            self._key = key
            self._picture = QPixmap(self.size() * ratio)
            self._picture.setDevicePixelRatio(ratio)
            with QPainter(self._picture) as painter:
                painter.setFont(self.font())
                self._draw(painter, peaks, times)
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, self._picture)

    def _draw(self, painter: QPainter, peaks: Peaks | None, times_s: NDArray[np.float64]) -> None:
        painter.fillRect(self.rect(), DARK.background)
        if peaks is None or not len(times_s):
            painter.setPen(DARK.muted)
            text = tr("no sound loaded") if peaks is None else tr("no beats here")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
            return
        left, width = _NAMES_PX, self.width() - _NAMES_PX
        row_px = self.height() / len(times_s)
        n_columns = round(width * self.devicePixelRatioF())
        shapes = [
            envelope(peaks.samples, peaks.rate_hz, t - AROUND_S, t + AROUND_S, n_columns)
            for t in times_s
        ]
        loudest = max(max(float(shape.max()) for shape in shapes), 1e-6)
        for i, shape in enumerate(shapes):
            area = QRectF(left, i * row_px + 1, width, row_px - 1)
            floor = _FLOOR * float(shape.min())
            height = max(float(shape.max()) - floor, loudest * _QUIETEST)
            _hill(painter, (shape - floor) / height, area)
        self._lines(painter, left, width)
        self._marks(painter, times_s, row_px)

    def _lines(self, painter: QPainter, left: int, width: int) -> None:
        painter.setPen(shade(DARK.muted, 60))
        for mark_s in _MARKS_S:
            x = left + width * (0.5 + mark_s / (2 * AROUND_S))
            painter.drawLine(QLineF(x, 0, x, self.height()))
        painter.setPen(QPen(DARK.key_bar, 1))
        middle = left + width / 2
        painter.drawLine(QLineF(middle, 0, middle, self.height()))

    def _marks(self, painter: QPainter, times_s: NDArray[np.float64], row_px: float) -> None:
        """Names of beats, and where a sound sets in."""
        width = self.width() - _NAMES_PX
        every = max(round(_ROW_PX / row_px), 1)
        for i, beat_s in enumerate(times_s):
            at = self.timing.position(int(self._beats[i]))
            if i % every == 0:
                painter.setPen(DARK.text if at.beat == 1 else DARK.muted)
                # Narrow rows are named over their neighbours, which are not.
                box = QRectF(0, (i + 0.5) * row_px - _ROW_PX / 2, _NAMES_PX - 5, _ROW_PX)
                painter.drawText(
                    box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                    f"{at.measure}.{at.beat:g}",
                )  # fmt: skip
            off_s = self._off(float(beat_s))
            if not np.isnan(off_s):
                x = _NAMES_PX + width * (0.5 + off_s / (2 * AROUND_S))
                painter.setPen(QPen(DARK.good, 2))
                painter.drawLine(QLineF(x, i * row_px + 1, x, (i + 1) * row_px - 1))


def _hill(painter: QPainter, heights: NDArray[np.float32], area: QRectF) -> None:
    """One row: what is heard, standing on the row's lower edge."""
    x = area.left() + (np.arange(len(heights)) + 0.5) * area.width() / len(heights)
    tops = area.bottom() - heights * area.height()
    painter.setPen(QPen(DARK.wave_core, area.width() / len(heights)))
    bottom = area.bottom()
    columns = zip(x.tolist(), tops.tolist(), strict=True)
    painter.drawLines([QLineF(left, top, left, bottom) for left, top in columns])


class BeatBox(QWidget):
    """The picture with its figures, and what follows from them.

    Parameters
    ----------
    studio : Studio
    attempt : callable
        Runs what may be refused, and tells when it is.
    """

    def __init__(self, studio: Studio, attempt: Callable[[Callable[[], object]], None]) -> None:
        super().__init__()
        self._studio = studio
        self._attempt = attempt
        self._shown: tuple[object, ...] = ()
        self.stack = BeatStack(studio)
        self.text = label(role="muted", wrap=True)
        self.move = button(
            tr("Move grid"), self._move, tip=tr("Move the whole grid by the median offset")
        )
        self.fit = button(
            tr("Fit tempo"), self._fit, tip=tr("Take the drift out of the tempo at these beats")
        )
        layout = column(self, margin=0, spacing=6)
        layout.addWidget(heading(tr("Compare beats")))
        layout.addWidget(self.stack)
        layout.addWidget(self.text)
        layout.addLayout(row(self.move, self.fit, None))

    def show_state(self) -> None:
        """Show the beats at the playhead, or of the selected range, and how they lie."""
        timeline, selection = self._studio.timeline, self._studio.document.selection
        timing = timeline.timing
        beats = compared_beats(timing, timeline.cursor_tick, selection.range)
        shown = (timing, timeline.peaks, beats.tobytes())
        same = self._shown and all(a is b for a, b in zip(shown[:2], self._shown, strict=False))
        if same and shown[2] == self._shown[2]:
            return
        self._shown = shown
        self.stack.show_beats(beats)
        drift = self.stack.drift()
        self.move.setEnabled(drift is not None and drift.steady)
        self.fit.setEnabled(drift is not None and drift.drifts)
        text = _in_words(drift, len(beats))
        self.text.setText(text)
        self.stack.setAccessibleDescription(text)

    def _move(self) -> None:
        drift = self.stack.drift()
        if drift is not None:
            self._attempt(lambda: self._studio.timeline.shift_grid(drift.offset_s))

    def _fit(self) -> None:
        """Beats that come later by a constant each are longer by it."""
        drift, beats = self.stack.drift(), self.stack._beats
        if drift is not None:
            bpm = self._studio.timeline.timing.bpm_at(int(beats[0]))
            fitted = 60.0 / (60.0 / bpm + drift.per_beat_s)
            self._attempt(lambda: self._studio.timeline.set_bpm_at(int(beats[0]), fitted))


def _in_words(drift: Drift | None, n_beats: int) -> str:
    if drift is None:
        return tr(
            "Too few beats at which something is heard to set in within {ms} ms. The grid may be "
            "further off: find the tempo, or go to the first bars.",
            ms=round(AROUND_S * 1000),
        )
    if not drift.steady:
        return tr(
            "Nothing steady to go by: sounds set in at {n} of {all} beats only, or stray too far "
            "({spread} ms). Go to a part with clear drums, or select one.",
            n=drift.n_heard,
            all=n_beats,
            spread=f"{drift.spread_s * 1000:.0f}",
        )
    return tr(
        "Heard {offset} ms from the beat (to {spread} ms, {n} of {all} beats). {drift}",
        offset=f"{drift.offset_s * 1000:+.1f}",
        drift=tr(
            "It drifts {drift} ± {error} ms a beat." if drift.drifts else "No drift to be told.",
            drift=f"{drift.per_beat_s * 1000:+.3f}",
            error=f"{drift.drift_error_s * 1000:.3f}",
        ),
        n=drift.n_heard,
        all=n_beats,
        spread=max(1, round(drift.spread_s * 1000)),
    )

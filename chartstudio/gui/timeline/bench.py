"""How long a frame takes while a large song scrolls.

The song is made up: ten minutes, two charts of 20,000 notes, a waveform. Frames are painted
on the widget's own backing store, without a display if there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from time import perf_counter

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from chartstudio.audio.peaks import Peaks
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor.document import Document
from chartstudio.gui.bridge import Bridge
from chartstudio.gui.timeline.timeline import Timeline
from chartstudio.gui.timeline.view import ViewState

DURATION_S = 600.0
N_NOTES = 20_000
SIZE_PX = (1400, 800)
STEP_PX = 7.0
"""Scrolled per frame: a song at 420 pixels per second and 60 frames."""

_BPM = 150.0
_RATE_HZ = 22_050
_LONG_SHARE = 0.1


def big_song(n_notes: int = N_NOTES, duration_s: float = DURATION_S) -> Song:
    """A song with two charts, their notes spread evenly over sixteenths and four lanes."""
    return Song(
        timing=TimingMap.constant(_BPM),
        charts=tuple(
            Chart("dance-single", name, level, _notes(n_notes, duration_s, seed))
            for name, level, seed in (("Challenge", 15.0, 1), ("Hard", 12.0, 2))
        ),
    )


def _notes(n_notes: int, duration_s: float, seed: int) -> tuple[LaneNote, ...]:
    random = np.random.default_rng(seed)
    step = TICKS_PER_BEAT // 4
    n_steps = int(duration_s * _BPM / 60 * 4)
    places = np.sort(random.choice(n_steps * 4, size=n_notes, replace=False))
    long = random.random(n_notes) < _LONG_SHARE
    return sort_notes(
        LaneNote(
            place // 4 * step,
            place // 4 * step + is_long * step // 2,
            place % 4,
            "hold" if is_long else "tap",
        )
        for place, is_long in zip(places.tolist(), long.tolist(), strict=True)
    )


def big_peaks(duration_s: float = DURATION_S) -> Peaks:
    """A waveform of noise that swells with every beat."""
    random = np.random.default_rng(0)
    n_samples = int(duration_s * _RATE_HZ)
    swell = np.exp(-(np.arange(n_samples) * (_BPM / 60 / _RATE_HZ) % 1.0) * 5)
    noise = random.standard_normal(n_samples).astype(np.float32)
    return Peaks.of((noise * swell * 0.3).astype(np.float32), _RATE_HZ)


def scrolling(timeline: Timeline, n_frames: int, step_px: float = STEP_PX) -> list[float]:
    """Milliseconds per frame while the view scrolls: layout, drawing and showing.

    Parameters
    ----------
    timeline : Timeline
        Shown.
    n_frames : int
    step_px : float
        Pixels per frame.
    """
    return _timed(timeline, (step_px for _ in range(n_frames)))


def _timed(timeline: Timeline, steps: Iterable[float]) -> list[float]:
    found = []
    for step in steps:
        start = perf_counter()
        timeline.view.scroll_px(step)
        timeline.repaint()
        found.append((perf_counter() - start) * 1000)
        QCoreApplication.processEvents()
    return found


def frame_times(n_frames: int = 600, seconds_per_px: float | None = None) -> list[float]:
    """Milliseconds per frame while ten minutes with 20,000 notes scroll, both strips shown.

    Parameters
    ----------
    n_frames : int
    seconds_per_px : float, optional
        The zoom; by default one at which sixteenths are 16 pixels apart.
    """
    # Held until the end: without an application no widget can be made.
    app = QApplication.instance() or QApplication([])
    document = Document(big_song())
    view = ViewState()
    timeline = Timeline(document, Bridge(document), view, lambda: view.start_s + 1.0)
    timeline.resize(*SIZE_PX)
    timeline.set_peaks(big_peaks(), DURATION_S)
    view.second_chart = 1
    timeline.show()
    app.processEvents()
    view.seconds_per_px = seconds_per_px or 60 / _BPM / 4 / 16
    view.start_s = 30.0
    timeline.repaint()
    try:
        return scrolling(timeline, n_frames)
    finally:
        timeline.close()


def p95(times_ms: list[float]) -> float:
    """The time that 95 of 100 frames stay within."""
    return float(np.percentile(times_ms, 95))

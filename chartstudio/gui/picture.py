"""Draws the window into a file, with nobody watching: for the demo and the README."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtWidgets import QApplication

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.note import ticks_of
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor.selection import Selection
from chartstudio.editor.settings import Settings
from chartstudio.gui import app
from chartstudio.gui.dialogs.ask import Ask
from chartstudio.gui.engine_host import Engine
from chartstudio.gui.main_window import MainWindow
from chartstudio.library.source import Source, open_source
from chartstudio.modes import MODES

_WAIT_S = 120.0
_CONTEXT = 0.62
"""How much of the range's length is shown on either side of it."""

_N_BARS = 4
_PLAYHEAD = 0.58
"""Where in the range the playhead stands."""


class _NoAnswers(Ask):
    """Answers no question; an error ends the drawing."""

    def __init__(self) -> None:
        super().__init__()
        self.error = ""

    def tell_error(self, text: str) -> None:
        self.error = text


def draw(
    source: Source | Path,
    out_png: Path,
    engine: Engine | None = None,
    size: tuple[int, int] = (1680, 1020),
) -> None:
    """Save a picture of the window with a song in it.

    Parameters
    ----------
    source : Source or Path
        What to open.
    out_png : Path
    engine : Engine, optional
        Redraws some bars of the song's hardest chart, whose candidates are shown as ghosts.
        Without one the picture shows the song alone.
    size : (int, int)
        Pixels.

    Raises
    ------
    ChartStudioError
        When the song cannot be opened, the engine fails, or the picture cannot be written.
    """
    opened = open_source(source) if isinstance(source, Path) else source
    qt = app.make_app()
    ask = _NoAnswers()
    window = app.build(Settings(), ask, lambda: engine) if engine else app.build(Settings(), ask)
    studio = window.studio

    def settle() -> None:
        _settle(qt, lambda: studio.jobs.idle or bool(ask.error))
        if ask.error:
            raise ChartStudioError(ask.error)

    try:
        window.resize(*size)
        window.show()
        studio.files.open_source(lambda: opened)
        settle()
        _arrange(window)
        if engine is not None and studio.document.song.charts:
            studio.drafting.start()
            settle()
            studio.drafting.show(1)
        studio.checker.check_now()
        settle()
        window.status.clearMessage()
        app.screenshot(window, out_png)
    finally:
        window.allow_close()
        window.close()
        app.shut_down(window)
        window.deleteLater()


def _arrange(window: MainWindow) -> None:
    """Bring the hardest chart's fullest bars into view, selected, an easier chart below."""
    studio = window.studio
    song = studio.document.song
    known = [i for i, chart in enumerate(song.charts) if chart.mode in MODES]
    if not known:
        return
    # Levels of different modes cannot be compared; the first mode is the song's main one.
    mode = song.charts[known[0]].mode
    index = max(known, key=lambda i: (song.charts[i].mode == mode, song.charts[i].level or 0.0))
    chart = song.charts[index]
    timing = song.timing_of(chart)
    start, end = _fullest_bars(chart, timing)
    studio.document.select(Selection(chart=index, range=(start, end)))
    studio.view.second_chart = _easier(song, index)
    start_s, end_s = timing.seconds_at(start), timing.seconds_at(end)
    around_s = (end_s - start_s) * _CONTEXT
    studio.view.show_range(start_s - around_s, end_s + around_s)
    studio.playback.seek(start_s + (end_s - start_s) * _PLAYHEAD)


def _fullest_bars(chart: Chart, timing: TimingMap) -> tuple[int, int]:
    """The bars with the most notes, as ticks ``[start, end)``."""
    if not chart.notes:
        return timing.measure_start(1), timing.measure_start(1 + _N_BARS)
    ticks = ticks_of(chart.notes)
    last = timing.position(int(ticks[-1])).measure
    starts = np.array([timing.measure_start(m) for m in range(1, last + _N_BARS + 1)])
    edges = np.searchsorted(ticks, starts)
    n_notes = edges[_N_BARS:] - edges[:-_N_BARS]
    first = int(np.argmax(n_notes))
    return int(starts[first]), int(starts[first + _N_BARS])


def _easier(song: Song, index: int) -> int | None:
    """The next easier chart of the same mode, to be shown below; else None."""
    mode, level = song.charts[index].mode, song.charts[index].level or 0.0
    easier = [
        (chart.level or 0.0, i)
        for i, chart in enumerate(song.charts)
        if i != index and chart.mode == mode and (chart.level or 0.0) < level
    ]
    return max(easier)[1] if easier else None


def _settle(qt: QApplication, done: Callable[[], bool]) -> None:
    """Let the window work until something is so.

    Raises
    ------
    ChartStudioError
        When it takes longer than two minutes.
    """
    until_s = time.monotonic() + _WAIT_S
    while True:
        qt.processEvents()
        if done():
            break
        if time.monotonic() > until_s:
            raise ChartStudioError("the window could not be drawn in time; try a shorter song")
        time.sleep(0.005)
    for _ in range(3):
        qt.processEvents()

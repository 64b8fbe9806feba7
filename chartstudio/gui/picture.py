"""Draws the window into a file, with nobody watching: for the demo and the README."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QApplication

from chartstudio.audio.decode import Audio
from chartstudio.audio.peaks import Peaks
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.song import Song
from chartstudio.editor.selection import Selection
from chartstudio.editor.settings import Settings
from chartstudio.engine.requests import Draft, GenerateRequest
from chartstudio.gui import app
from chartstudio.gui.dialogs.ask import Ask
from chartstudio.gui.files import Sound
from chartstudio.gui.main_window import MainWindow

_WAIT_S = 120.0
_CONTEXT = 0.62
"""How much of the range's length is shown on either side of it."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """A draft to show as ghosts.

    Parameters
    ----------
    request : GenerateRequest
    draft : Draft
    chart : int
        Index of the song's chart that they are for.
    shown : int
        Which candidate is shown.
    """

    request: GenerateRequest
    draft: Draft
    chart: int
    shown: int = 0


class _NoAnswers(Ask):
    """Answers no question; an error ends the drawing."""

    def __init__(self) -> None:
        super().__init__()
        self.error = ""

    def tell_error(self, text: str) -> None:
        self.error = text


def render_window(
    source: Path | Song,
    out_png: Path,
    size: tuple[int, int] = (1680, 1020),
    audio: Audio | None = None,
    candidates: Candidates | None = None,
) -> None:
    """Save a picture of the window with a song in it.

    Parameters
    ----------
    source : Path or Song
        What to open. For a `Song`, ``audio`` is its sound.
    out_png : Path
    size : (int, int)
        Pixels.
    audio : Audio, optional
        Used instead of decoding the song's file.
    candidates : Candidates, optional
        Shown as ghosts over their range, which is selected.

    Raises
    ------
    ChartStudioError
        When the song cannot be opened or the picture cannot be written.
    """
    qt = app.make_app()
    ask = _NoAnswers()
    window = app.build(Settings(), ask)
    try:
        window.resize(*size)
        window.show()
        _open(window, source, audio)
        _settle(qt, lambda: window.studio.jobs.idle or bool(ask.error))
        if ask.error:
            raise ChartStudioError(ask.error)
        _arrange(window, candidates)
        window.studio.checker.check_now()
        _settle(qt, lambda: window.studio.jobs.idle)
        app.screenshot(window, out_png)
    finally:
        window.allow_close()
        window.close()
        app.shut_down(window)
        window.deleteLater()


def _open(window: MainWindow, source: Path | Song, audio: Audio | None) -> None:
    files = window.studio.files
    if isinstance(source, Path):
        files.open(source)
        return
    window.studio.document.open(source)
    if audio is not None:
        files.use_sound(Sound(audio, Peaks.of(audio.samples, audio.rate_hz)))


def _arrange(window: MainWindow, candidates: Candidates | None) -> None:
    """Show the candidates' range with its surroundings, or the start of the song."""
    studio = window.studio
    if candidates is None:
        return
    request = candidates.request
    studio.document.select(Selection(chart=candidates.chart, range=(request.start, request.end)))
    studio.drafting.set(
        mode=request.chart.mode,
        level=request.level,
        grid=request.grid,
        seed=request.seed,
        n_candidates=request.n_candidates,
    )
    studio.drafting.adopt(request, candidates.draft, candidates.chart)
    studio.drafting.show(candidates.shown)
    start_s, end_s = (request.timing.seconds_at(t) for t in (request.start, request.end))
    around_s = (end_s - start_s) * _CONTEXT
    studio.view.show_range(start_s - around_s, end_s + around_s)
    studio.playback.seek(start_s + (end_s - start_s) * 0.58)


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

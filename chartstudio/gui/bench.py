"""How fast the window comes up, and how long it is deaf while the engine works."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from PySide6.QtCore import QEventLoop, QTimer

from chartstudio.core.errors import ChartStudioError
from chartstudio.editor.settings import Settings
from chartstudio.gui import app
from chartstudio.gui.engine_host import Engine
from chartstudio.library.source import Source

_TICK_MS = 2
_MOST_S = 120.0

_PAINT = """
import sys, time
from chartstudio.editor.settings import Settings
from chartstudio.gui import app
qt = app.make_app()
window = app.build(Settings())
window.show()
window.repaint()
qt.processEvents()
print(time.time(), "torch" in sys.modules)
window.allow_close()
app.shut_down(window)
"""


def first_paint_s() -> float:
    """Seconds from starting a new process to its window on the screen, without torch.

    Raises
    ------
    ChartStudioError
        When the window does not come up, or torch was loaded for it.
    """
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", _PAINT], capture_output=True, text=True, env=os.environ, check=False
    )
    if done.returncode != 0:
        raise ChartStudioError(f"the window did not come up: {done.stderr.strip()[-200:]}")
    painted, torch_loaded = done.stdout.split()
    if torch_loaded == "True":
        raise ChartStudioError("torch was loaded before the first paint")
    return float(painted) - started


def event_loop_gaps_ms(source: Source, engine: Engine) -> list[float]:
    """Times between two turns of the event loop while a whole song is drafted.

    Parameters
    ----------
    source : Source
        A song with its timing and at least one chart, which is drafted anew.
    engine : Engine
        With its model loaded.

    Returns
    -------
    list of float
        Milliseconds beyond the timer's own 2.
    """
    qt = app.make_app()
    window = app.build(Settings(), engine=lambda: engine)
    studio, loop, gaps = window.studio, QEventLoop(), list[float]()
    window.show()
    studio.files.open_source(lambda: source)
    until_s = time.monotonic() + _MOST_S
    while not studio.jobs.idle and time.monotonic() < until_s:
        qt.processEvents()
    studio.drafting.start()
    last = time.perf_counter()

    def turn() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append((now - last) * 1000 - _TICK_MS)
        last = now
        if studio.jobs.idle or time.monotonic() > until_s:
            loop.quit()

    timer = QTimer()
    timer.timeout.connect(turn)
    timer.start(_TICK_MS)
    loop.exec()
    timer.stop()
    window.allow_close()
    window.close()
    app.shut_down(window)
    return gaps

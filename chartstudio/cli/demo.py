"""The demo command: the bundled song from nothing to a window full of charts."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from chartstudio.cli.console import Console, path
from chartstudio.cli.draft import (
    Drafted,
    Stopwatch,
    decoded,
    draft_level,
    found_timing,
    print_draft,
    sounding_range,
)
from chartstudio.core.song import Chart
from chartstudio.engine.requests import GenerateRequest, TimingRequest
from chartstudio.formats import FORMATS
from chartstudio.library.demo import demo_source
from chartstudio.library.export import export
from chartstudio.library.source import Source

CHARTS = (("dance-single", (3.0, 6.0, 9.0)), ("mania-4k", (2.5,)))
"""What the demo drafts: mode and levels."""

SEED = 7


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's command to the parser."""
    demo = commands.add_parser("demo", parents=[shared], help="chart the bundled song")
    demo.add_argument("--out", type=path, metavar="DIR", default=Path("demo-output"))
    demo.set_defaults(run=_demo, print=_print)


def has_display() -> bool:
    """Whether a window can be seen here."""
    if sys.platform != "linux":
        return True
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return False
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _demo(args: argparse.Namespace, console: Console) -> dict[str, Any] | None:
    from chartstudio.engine.service import Engine

    watch = Stopwatch()
    source = demo_source()
    audio = watch.time("decode", lambda: decoded(source, console))
    engine = Engine()
    timing = watch.time(
        "timing",
        lambda: found_timing(engine.find_timing(TimingRequest(audio)), source.song.audio, console),
    )
    start, end = sounding_range(timing, audio)
    drafted: list[Drafted] = []
    for mode_id, levels in CHARTS:
        for level in levels:
            request = GenerateRequest(
                audio, timing, Chart(mode_id, level=level), start, end, level, seed=SEED
            )
            drafted += draft_level(request, engine, console, watch)
    song = replace(source.song, timing=timing, charts=tuple(d.chart for d in drafted))
    source = replace(source, song=song)
    answer: dict[str, Any] = {"charts": [d.answer() for d in drafted]}
    if has_display():
        from chartstudio.gui import app

        console.say("opening the window")
        app.show(source, engine)
        return None
    files = watch.time("export", lambda: _export_all(source, args.out, console))
    picture = args.out / "window.png"
    watch.time("window", lambda: _draw(source, engine, picture))
    return {"files": [str(f) for f in (*files, picture)], **answer, "seconds": watch.seconds}


def _export_all(source: Source, out: Path, console: Console) -> list[Path]:
    """One export per format, each with the charts that it can hold."""
    files: list[Path] = []
    for fmt in FORMATS:
        charts = tuple(c for c in source.song.charts if fmt.modes is None or c.mode in fmt.modes)
        song = replace(source.song, charts=charts)
        files += console.run(export(song, source.assets, fmt.id, out / fmt.id)).files
    return files


def _draw(source: Source, engine: Any, picture: Path) -> None:
    from chartstudio.gui import app

    app.render_window(source, picture, engine)


def _print(answer: dict[str, Any]) -> None:
    print("No display here, so the window was drawn into a picture.")
    print_draft(answer)

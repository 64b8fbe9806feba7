"""The keybars command: which measures stand for a song."""

from __future__ import annotations

import argparse
from typing import Any

from chartstudio.cli.console import Console, path
from chartstudio.cli.draft import decoded, found_timing
from chartstudio.core.errors import EngineError, ModeError
from chartstudio.core.song import Chart, Song
from chartstudio.editor import settings
from chartstudio.engine.requests import DRAFTED_MODES, KeyBarsRequest, TimingRequest
from chartstudio.library.source import open_source


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's command to the parser."""
    keybars = commands.add_parser(
        "keybars", parents=[shared], help="the measures that stand for a song, best first"
    )
    keybars.add_argument("source", type=path)
    keybars.add_argument(
        "--chart", help="name of the chart that is begun: its measures with notes are not proposed"
    )
    keybars.add_argument(
        "-n", type=int, default=8, metavar="N", help="how many; 8 if none is named"
    )
    keybars.add_argument("--model", help="the model in use, if none is named")
    keybars.set_defaults(run=_keybars, print=print_keybars)


def _keybars(args: argparse.Namespace, console: Console) -> dict[str, Any]:
    from chartstudio.engine.service import Engine

    source = open_source(args.source)
    chart = _begun(source.song, args)
    audio = decoded(source, console)
    engine = Engine(device="cpu", model=args.model or settings.load().model)
    timing = source.song.timing_of(chart)
    if source.format_id is None:
        search = engine.find_timing(TimingRequest(audio))
        timing = found_timing(search, str(args.source), console)
    try:
        found = console.run(engine.key_bars(KeyBarsRequest(audio, timing, chart, args.n)))
    except EngineError as error:
        raise EngineError(f"{args.source}: {error}") from error
    return {
        "measures": list(found.measures),
        "coverage": list(found.coverage),
        "uncertainty": list(found.uncertainty),
    }


def _begun(song: Song, args: argparse.Namespace) -> Chart:
    """The chart that is begun; an empty one where none is named."""
    if args.chart is None:
        return Chart(DRAFTED_MODES[0])
    for chart in song.charts:
        if args.chart in (chart.name, chart.label):
            return chart
    names = ", ".join(c.name for c in song.charts) or "none"
    raise ModeError(f"{args.source}: no chart is named {args.chart!r}; it has {names}")


def print_keybars(answer: dict[str, Any]) -> None:
    """The answer as text."""
    rows = zip(answer["measures"], answer["coverage"], answer["uncertainty"], strict=True)
    for measure, coverage, uncertainty in rows:
        print(f"measure {measure}: {coverage:.0%} covered with it, {uncertainty:.0%} unsure")

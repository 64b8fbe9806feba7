"""The convert command: a song as another format, after what that costs has been told."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from chartstudio.cli.console import Console, path
from chartstudio.editor import settings
from chartstudio.formats import FORMATS, Loss
from chartstudio.library.export import Exported, Plan, carry_out, plan
from chartstudio.library.source import Source, open_source
from chartstudio.library.sync import usual

Answer = dict[str, Any]


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's command to the parser."""
    convert = commands.add_parser(
        "convert",
        parents=[shared],
        help="write another format",
        description="Write a song in another format. What is lost or changed is listed first.",
    )
    convert.add_argument("source", type=path, help="a chart file, a folder or an archive")
    convert.add_argument("--to", required=True, choices=[f.id for f in FORMATS], help="the format")
    convert.add_argument(
        "--out", required=True, type=path, metavar="DIR", help="the song's folder, made if missing"
    )
    convert.set_defaults(run=_convert, print=print_files)


def _convert(args: argparse.Namespace, console: Console) -> Answer:
    source = open_source(args.source)
    synced = usual(source.song, settings.load().sync)
    made = plan(source.song, source.assets, args.to, source.format_id, synced)
    tell(made, source, args.json, console)
    return answer_of(console.run(carry_out(made, args.out)), made, args.json)


def tell(made: Plan, source: Source, as_json: bool, console: Console) -> None:
    """List what an export will cost, before anything is written.

    In JSON it is part of the answer; only missing audio and converted charts are said besides.
    """
    if not source.audio_found:
        console.say(f"warning: {source.path}: the audio is missing; only the charts are written")
    if not as_json:
        print_losses(made.losses)
    elif made.changes_modes:
        what = "charts are converted to another mode or left out; see the losses"
        console.say(f"warning: {source.path}: {what}")


def print_losses(losses: Iterable[Loss]) -> None:
    """One line for each loss, on standard output."""
    for loss in losses:
        chart = f"{loss.chart}: " if loss.chart else ""
        print(f"lost: {chart}{loss.what} ({loss.n})", flush=True)


def answer_of(done: Exported, made: Plan, as_json: bool) -> Answer:
    """What was written; losses that only showed on the way are told now."""
    if not as_json:
        print_losses(done.losses[len(made.losses) :])
    return {
        "files": [str(path) for path in done.files],
        "losses": [asdict(loss) for loss in done.losses],
    }


def print_files(answer: Answer) -> None:
    """The files; their losses have been told before."""
    for file in answer["files"]:
        print(file)

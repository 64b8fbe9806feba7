"""The whole command line: its parser, and running one command to its exit status."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from chartstudio.cli import bench, convert, demo, draft, evaluate, keybars, library, show, train
from chartstudio.cli.console import Console, path
from chartstudio.core.errors import ChartStudioError

FAILED = 1


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="chartstudio",
        description="Write rhythm-game charts with an engine that hears the song.",
        epilog="Without a command the window opens.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print one JSON document")
    for module in (show, convert, draft, keybars, library, train, evaluate, demo, bench):
        module.add_commands(commands, shared)
    opening = commands.add_parser("open", help="open the window on a song")
    opening.add_argument("path", type=path)
    opening.set_defaults(run=_open)
    return parser


def _open(args: argparse.Namespace, console: Console) -> dict[str, Any] | None:
    from chartstudio.gui import app

    status = app.main(args.path)
    if status:
        raise SystemExit(status)
    return None


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status.

    Raises
    ------
    KeyboardInterrupt
        When it was cancelled with Ctrl+C; then no half-written file is left.
    """
    args = build_parser().parse_args(argv)
    if args.command is None:
        from chartstudio.gui import app

        return app.main()
    wants_json = getattr(args, "json", False)
    console = Console(sys.stderr)
    try:
        with console.interruptible():
            answer = args.run(args, console)
        if wants_json and answer is not None:
            print(json.dumps(answer, ensure_ascii=False, allow_nan=False))
        elif answer is not None:
            args.print(answer)
        sys.stdout.flush()
    except ChartStudioError as error:
        console.clear()
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    finally:
        console.clear()
    return 0

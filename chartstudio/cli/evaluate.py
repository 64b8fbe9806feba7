"""The evaluate command: a model against human charts, every figure beside its nulls."""

from __future__ import annotations

import argparse
import json
from typing import Any

from chartstudio.cli.console import Console, path
from chartstudio.core.errors import EngineError
from chartstudio.editor import settings
from chartstudio.formats.bundle import save_files

JSON_FILE, TABLE_FILE = "evaluation.json", "evaluation.txt"


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's command to the parser."""
    evaluate = commands.add_parser(
        "evaluate",
        parents=[shared],
        help="judge a model on human charts",
        description="Judge a model on a folder of human charts with audio. Every figure stands "
        "beside what needs no ears; charts that the model does not draft are listed and left "
        "out.",
    )
    evaluate.add_argument("--model", metavar="NAME", help="the model in use, if none is named")
    evaluate.add_argument("--data", required=True, type=path, metavar="DIR")
    evaluate.add_argument(
        "--out", type=path, metavar="DIR", help="save the JSON, the table and plots there"
    )
    evaluate.add_argument(
        "--only",
        type=lambda text: tuple(text.split(",")),
        default=(),
        metavar="MEASURE[,...]",
        help="such as times,listening,finish; an unknown one is answered with all there are",
    )
    evaluate.add_argument(
        "--quick", action="store_true", help="a few songs, their hardest and easiest charts"
    )
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument("--device", choices=("cpu", "cuda"))
    evaluate.set_defaults(run=_evaluate, print=_print)


def _evaluate(args: argparse.Namespace, console: Console) -> dict[str, Any]:
    # What judges is slow to import, and no other command needs it.
    from chartstudio.engine import checkpoint
    from chartstudio.engine.evaluate.plots import plots
    from chartstudio.engine.evaluate.protocol import EvaluateRequest, evaluate
    from chartstudio.engine.evaluate.report import table
    from chartstudio.engine.service import Engine

    name = args.model or settings.load().model
    folders = checkpoint.installed()
    if name not in folders:
        known = ", ".join(folders) or "none"
        raise EngineError(f"there is no model {name!r}; installed: {known}")
    request = EvaluateRequest(args.data, args.only, args.quick, args.seed)
    engine, model = Engine(device=args.device, model=name), checkpoint.load(folders[name])
    answer = console.run(evaluate(engine, model, request))
    if args.out is not None:
        text = json.dumps(answer, ensure_ascii=False, indent=1, allow_nan=False)
        lines = "\n".join(table(answer))
        files = {JSON_FILE: text.encode(), TABLE_FILE: f"{lines}\n".encode(), **plots(answer)}
        save_files(args.out, files)
    return answer


def _print(answer: dict[str, Any]) -> None:
    from chartstudio.engine.evaluate.report import table

    print("\n".join(table(answer)))
    seconds = answer["seconds"]
    print(f"{seconds['total']:.0f} s for {seconds['music'] / 60:.0f} minutes of music")

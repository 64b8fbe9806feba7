"""The train command: tune a model on the library's charts, and say what it was worth."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from typing import Any

from chartstudio.cli.console import Console, path
from chartstudio.core.job import run
from chartstudio.editor import settings
from chartstudio.engine.requests import TrainChart, TrainReport, TrainRequest
from chartstudio.engine.tune.recipe import Recipe, read_recipe
from chartstudio.library import fill
from chartstudio.library.catalog import Catalog
from chartstudio.library.selection import select

Answer = dict[str, Any]


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's command to the parser."""
    train = commands.add_parser(
        "train",
        parents=[shared],
        help="fine-tune a model on your charts",
        description="Fine-tune a model on the charts of the library and judge it on songs kept "
        "apart. Ctrl+C stops it; --resume goes on exactly where it was. Under torchrun every "
        "process trains on its own device.",
    )
    train.add_argument("--name", required=True, metavar="NAME", help="of the tuned model")
    train.add_argument("--base", metavar="NAME", help="the model to start from (base)")
    train.add_argument("--recipe", type=path, metavar="FILE", help="TOML with what differs")
    train.add_argument("--resume", action="store_true", help="go on with one that was stopped")
    train.add_argument("--device", choices=("cpu", "cuda"))
    train.set_defaults(run=_train, print=_print, parser=train)


def _train(args: argparse.Namespace, console: Console) -> Answer | None:
    # What trains is slow to import, and no other command needs it.
    from chartstudio.engine.tune.job import tune
    from chartstudio.engine.tune.team import Team

    if args.resume and (args.base or args.recipe):
        args.parser.error("a tuning goes on as it began: --resume takes no --base and no --recipe")
    recipe = read_recipe(args.recipe) if args.recipe else Recipe()
    base = args.base or settings.Settings().model
    request = TrainRequest(args.name, (), base, recipe, args.device, args.resume)
    if not Team.here().leads:
        # It learns of the request from the first process, which speaks for all.
        run(tune(request))
        return None
    if not args.resume:
        request = replace(request, charts=_charts(console))
    report = console.run(tune(request))
    return _answer(report, _use(report))


def _charts(console: Console) -> tuple[TrainChart, ...]:
    """The library's charts that may be learned from, each on its side."""
    with Catalog() as catalog:
        if catalog.notice:
            console.say(catalog.notice)
        console.run(fill.fill(catalog))
        return tuple(TrainChart(*place) for place in select(catalog).places())


def _use(report: TrainReport) -> bool:
    """Switch a better model on, where its base was in use; tells whether it is in use."""
    kept = settings.load()
    if report.verdict == "better" and kept.model == report.base:
        settings.save(replace(kept, model=report.name))
    return settings.load().model == report.name


def _answer(report: TrainReport, active: bool) -> Answer:
    return {
        "name": report.name,
        "base": report.base,
        "folder": str(report.folder),
        "verdict": report.verdict,
        "active": active,
        "charts": report.n_charts,
        "left_out": [asdict(left) for left in report.left_out],
        "figures": report.figures,
        "seconds": report.seconds,
        "text": list(report.text),
    }


def _print(answer: Answer) -> None:
    print("\n".join(answer["text"]))
    for left in answer["left_out"]:
        print(f"left out: {' '.join(w for w in (left['song'], left['chart']) if w)}: {left['why']}")
    counts = ", ".join(f"{n} {split}" for split, n in answer["charts"].items())
    print(f"charts: {counts}; {answer['seconds'] / 60:.1f} minutes of steps; {answer['folder']}")
    if answer["active"]:
        print(
            f"{answer['name']} is in use now; `chartstudio models use {answer['base']}` goes back"
        )
    else:
        print(f"it is not in use; `chartstudio models use {answer['name']}` switches it on")

"""Commands that look: inspect, check, timing, models."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import asdict, replace
from typing import Any

from chartstudio.cli.console import Console, path
from chartstudio.cli.draft import decoded
from chartstudio.core import paths
from chartstudio.core.errors import ChartStudioError
from chartstudio.core.song import Chart
from chartstudio.editor import checks, settings
from chartstudio.engine.requests import Tempo, TimingRequest
from chartstudio.library.describe import describe
from chartstudio.library.source import open_source

Answer = dict[str, Any]


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's commands to the parser."""
    inspect = commands.add_parser("inspect", parents=[shared], help="what a song holds")
    inspect.add_argument("source", type=path)
    inspect.add_argument("--notes", action="store_true", help="list every note")
    inspect.set_defaults(run=_inspect, print=_print_inspect)

    check = commands.add_parser("check", parents=[shared], help="the issues of a song")
    check.add_argument("source", type=path)
    check.set_defaults(run=_check, print=_print_check)

    timing = commands.add_parser("timing", parents=[shared], help="find tempo and offset")
    timing.add_argument("audio", type=path)
    timing.add_argument("--range", type=seconds_range, metavar="A:B", help="seconds")
    timing.add_argument("--variable", action="store_true", help="follow a changing tempo")
    timing.set_defaults(run=_timing, print=_print_timing)

    models = commands.add_parser("models", parents=[shared], help="installed models")
    models.add_argument("action", nargs="?", choices=("use", "remove"))
    models.add_argument("name", nargs="?", default="")
    models.set_defaults(run=_models, print=_print_models, parser=models)


def seconds_range(text: str) -> tuple[float, float]:
    """``A:B`` in seconds."""
    try:
        start, end = (float(part) for part in text.split(":"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no range such as 10:45.5") from None
    if not 0 <= start < end:
        raise argparse.ArgumentTypeError(f"{text!r} does not end after it starts")
    return start, end


def _inspect(args: argparse.Namespace, console: Console) -> Answer:
    return describe(open_source(args.source), args.notes)


_NOTE_COLUMNS = ("tick", "start_s", "end_s", "kind", "playable")


def _print_inspect(answer: Answer) -> None:
    first = answer["timing"]["anchors"][0]
    print(f"{answer['artist'] or '?'} - {answer['title'] or '?'} ({answer['format']})")
    print(f"audio {answer['audio'] or 'none'}{'' if answer['audio_found'] else ' (missing)'}")
    n_anchors = len(answer["timing"]["anchors"])
    print(f"{first['bpm']:.3f} BPM from {first['s']:.3f} s, {n_anchors} anchor(s)")
    for chart in answer["charts"]:
        counts = ", ".join(f"{n} {kind}" for kind, n in chart["counts"].items() if n)
        level = "" if chart["level"] is None else f" {chart['level']:g}"
        print(f"{chart['mode']:14} {chart['name']}{level}: {chart['n_notes']} notes ({counts})")
        for note in chart.get("notes", ()):
            facts = " ".join(f"{k}={v}" for k, v in note.items() if k not in _NOTE_COLUMNS)
            print(f"  {note['start_s']:10.3f} {note['kind']:9} {facts}")
    for issue in answer["issues"]:
        print(f"issue: {issue}")


def _check(args: argparse.Namespace, console: Console) -> Answer:
    source = open_source(args.source)
    charts = source.song.charts
    return {
        "issues": [
            {
                "chart": "" if issue.chart is None else charts[issue.chart].name,
                **_which(None if issue.chart is None else charts[issue.chart]),
                "severity": issue.severity,
                "start_s": round(issue.start_s, 6),
                "end_s": round(issue.end_s, 6),
                "id": issue.id,
                "text": issue.text,
                "fixable": issue.fix is not None,
            }
            for issue in checks.issues(source.song, source.audio_found)
        ]
    }


def _which(chart: Chart | None) -> dict[str, str]:
    """What tells charts of one name apart."""
    if chart is None:
        return {}
    return {"mode": chart.mode, "characteristic": chart.setting("characteristic", "")}


def _print_check(answer: Answer) -> None:
    for issue in answer["issues"]:
        which = " ".join(issue.get(key, "") for key in ("mode", "characteristic", "chart"))
        place = f"{' '.join(which.split())} {issue['start_s']:.3f} s".strip()
        print(f"{issue['severity']:8} {place}: {issue['text']} [{issue['id']}]")
    print(f"{len(answer['issues'])} issue(s)")


def _timing(args: argparse.Namespace, console: Console) -> Answer:
    from chartstudio.engine.service import Engine

    source = open_source(args.audio)
    audio = decoded(source, console)
    start_s, end_s = args.range or (0.0, None)
    request = TimingRequest(audio, start_s, end_s, variable=args.variable)
    tempo: Tempo = console.run(Engine().find_timing(request))
    return {
        "candidates": [asdict(c) for c in tempo.candidates],
        "anchors": [
            {"tick": a.tick, "s": a.seconds, "bpm": a.bpm, "confidence": a.confidence}
            for a in tempo.anchors
        ],
        "message": tempo.message,
    }


def _print_timing(answer: Answer) -> None:
    for c in answer["candidates"]:
        print(
            f"{c['bpm']:8.3f} BPM  {c['offset_s']:8.4f} s  {c['meter']}/4  score {c['score']:.2f}"
        )
    if len(answer["anchors"]) > 1:
        print("tempo changes:")
        for a in answer["anchors"]:
            print(f"  {a['s']:10.4f} s  {a['bpm']:8.3f} BPM  confidence {a['confidence']:.2f}")
    if answer["message"]:
        print(answer["message"])


def _models(args: argparse.Namespace, console: Console) -> Answer:
    from chartstudio.engine.service import Engine

    if args.action is not None and not args.name:
        args.parser.error(f"name the model to {args.action}")
    kept = settings.load()
    cards = {c.name: c for c in Engine().models()}
    if not cards:
        raise ChartStudioError("no model is installed; reinstall the program to get the base model")
    if args.action is not None and args.name not in cards:
        raise ChartStudioError(f"no model {args.name!r} is installed; there is {', '.join(cards)}")
    if args.action == "use":
        kept = replace(kept, model=args.name)
        settings.save(kept)
    elif args.action == "remove":
        _remove_model(args.name)
        del cards[args.name]
        if kept.model == args.name:
            kept = replace(kept, model=settings.Settings().model)
            settings.save(kept)
    return {
        "models": [
            {"name": c.name, "active": c.name == kept.model, "card": c.card} for c in cards.values()
        ]
    }


def _remove_model(name: str) -> None:
    folder = paths.user_models() / name
    if not folder.is_dir():
        raise ChartStudioError(f"the model {name!r} ships with the program; it cannot be removed")
    shutil.rmtree(folder)


def _print_models(answer: Answer) -> None:
    for model in answer["models"]:
        summary = next((s for s in model["card"].splitlines() if s and not s.startswith("#")), "")
        print(f"{'*' if model['active'] else ' '} {model['name']}: {summary}")

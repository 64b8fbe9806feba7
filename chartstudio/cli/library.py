"""The library commands: which games are here, and a song put into one of them."""

from __future__ import annotations

import argparse
from typing import Any

from chartstudio.cli.console import Console, path
from chartstudio.cli.convert import Answer, answer_of, print_files, tell
from chartstudio.core.errors import ChartStudioError
from chartstudio.editor import settings
from chartstudio.library.games import KNOWN_IDS, Game, find_games
from chartstudio.library.install import install, plan_for
from chartstudio.library.machine import Machine
from chartstudio.library.source import open_source
from chartstudio.library.sync import usual


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's commands to the parser."""
    library = commands.add_parser("library", help="your games")
    actions = library.add_subparsers(dest="action", metavar="ACTION", required=True)
    games = actions.add_parser(
        "games", parents=[shared], help="the games that are installed, and where their songs go"
    )
    games.set_defaults(run=_games, print=_print_games)
    installing = actions.add_parser(
        "install",
        parents=[shared],
        help="put a song into a game",
        description="Put a song into a game, in the form that it wants. What is lost or changed "
        "is listed first. A folder that ChartStudio did not write is never touched.",
    )
    installing.add_argument("source", type=path, help="a chart file, a folder or an archive")
    installing.add_argument(
        "--game", required=True, metavar="GAME", help="its id, as `library games` lists it"
    )
    installing.set_defaults(run=_install, print=print_files, parser=installing)


def _games(args: argparse.Namespace, console: Console) -> Answer:
    return {
        "games": [
            {"id": g.id, "path": str(g.path), "songs": "" if g.songs is None else str(g.songs)}
            for g in find_games(Machine.here())
        ]
    }


def _print_games(answer: Answer) -> None:
    for game in answer["games"]:
        print(f"{game['id']:16} {game['songs'] or game['path']}")
    if not answer["games"]:
        print("no game was found")


def _install(args: argparse.Namespace, console: Console) -> Answer:
    game = _game(args)
    source = open_source(args.source)
    synced = usual(source.song, settings.load().sync)
    made = plan_for(source.song, source.assets, game, source.format_id, synced)
    tell(made, source, args.json, console)
    return answer_of(console.run(install(made, game)), made, args.json)


def _game(args: argparse.Namespace) -> Game:
    """The game of an id; a word that can be no id is a wrong call."""
    if not args.game.startswith(KNOWN_IDS):
        args.parser.error(f"there is no game {args.game!r}; choose one of {', '.join(KNOWN_IDS)}")
    games = find_games(Machine.here())
    found = next((g for g in games if g.id == args.game), None)
    if found is None:
        there = ", ".join(g.id for g in games) or "no game at all"
        raise ChartStudioError(f"{args.game} was not found on this computer; there is {there}")
    return found

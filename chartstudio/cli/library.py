"""The library commands: the author's songs, the games that are here, a song put into one."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chartstudio.cli.console import Console, path
from chartstudio.cli.convert import Answer, answer_of, print_files, tell
from chartstudio.core.errors import ChartStudioError
from chartstudio.editor import settings
from chartstudio.library import fill, hand, scan
from chartstudio.library.catalog import Catalog
from chartstudio.library.entries import SongEntry
from chartstudio.library.exclusions import TITLES
from chartstudio.library.games import KNOWN_IDS, Game, find_games
from chartstudio.library.install import install, plan_for
from chartstudio.library.machine import Machine
from chartstudio.library.search import FIELDS, Query, find
from chartstudio.library.selection import Summary, summarise
from chartstudio.library.source import open_source
from chartstudio.library.sync import usual


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add this module's commands to the parser."""
    library = commands.add_parser("library", help="your songs and your games")
    actions = library.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_songs(actions, shared)
    _add_choices(actions, shared)
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


def _add_songs(actions: Any, shared: argparse.ArgumentParser) -> None:
    """The commands about the author's songs."""
    adding = actions.add_parser(
        "add",
        parents=[shared],
        help="add a folder of songs: osu! Songs, StepMania packs, CustomLevels, your projects",
        description="Add a folder of songs and look through it. Nothing in it is ever written.",
    )
    adding.add_argument("folder", type=path, metavar="DIR")
    adding.set_defaults(run=_add, print=_print_scan)
    scanning = actions.add_parser(
        "scan",
        parents=[shared],
        help="look through all folders again, and read the notes and the sound of what is new",
    )
    scanning.add_argument(
        "--headers", action="store_true", help="titles and charts only, which takes seconds"
    )
    scanning.add_argument("--workers", type=_count, metavar="N", help="processes that read")
    scanning.set_defaults(run=_scan, print=_print_scan)
    listing = actions.add_parser(
        "list",
        parents=[shared],
        help="the songs, and why training leaves some out",
    )
    listing.add_argument(
        "--search", default="", metavar="WORDS", help=f"all of these; FIELD:word of {FIELDS}"
    )
    listing.add_argument("--mode", default="", help="with a chart of this mode, or family of modes")
    listing.add_argument("--level", type=_levels, default=(None, None), metavar="LOW:HIGH")
    listing.add_argument(
        "--excluded", action="store_true", help="only songs that training leaves out"
    )
    listing.add_argument("--charter", default="", metavar="NAME", help="with a chart by them")
    listing.add_argument(
        "--reason", default="", choices=("", *TITLES), help="only what is left out for this"
    )
    listing.set_defaults(run=_list, print=_print_songs)


def _add_choices(actions: Any, shared: argparse.ArgumentParser) -> None:
    """The commands that take folders out, and songs in or out."""
    removing = actions.add_parser(
        "remove", parents=[shared], help="forget a folder and its songs; the files stay"
    )
    removing.add_argument("folder", type=path, metavar="DIR")
    removing.set_defaults(run=_remove, print=_print_removed)
    picking = actions.add_parser(
        "pick",
        parents=[shared],
        help="leave songs out of training, or take them in, by hand",
        description="Leave songs out of training, or take in what a rule leaves out that may be "
        "overruled. What its author does not allow and what a machine charted stays out.",
    )
    picking.add_argument("how", choices=_PICKS, help="rules: take back what was picked by hand")
    picking.add_argument("paths", type=path, nargs="+", metavar="SONG", help="folder or archive")
    picking.set_defaults(run=_pick, print=_print_picked)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("it is no number from 1 to 64")
    return int(text)


def _levels(text: str) -> tuple[float | None, float | None]:
    """``3:7``, ``3:``, ``:7`` or a level alone."""
    low, colon, high = text.partition(":")
    try:
        found = tuple(float(part) if part else None for part in (low, high if colon else low))
    except ValueError:
        raise argparse.ArgumentTypeError("it is no level, nor two of them as LOW:HIGH") from None
    return found[0], found[1]


@contextmanager
def _catalog(console: Console) -> Iterator[Catalog]:
    with Catalog() as catalog:
        if catalog.notice:
            console.say(catalog.notice)
        yield catalog


def _add(args: argparse.Namespace, console: Console) -> Answer:
    with _catalog(console) as catalog:
        folder = catalog.add_folder(args.folder)
        report = console.run(scan.scan(catalog, [folder]))
        return {"folder": str(folder.path), **_scanned(report)}


def _remove(args: argparse.Namespace, console: Console) -> Answer:
    with _catalog(console) as catalog:
        wanted = args.folder.resolve()
        folder = next((f for f in catalog.folders() if f.path == wanted), None)
        if folder is None:
            there = ", ".join(str(f.path) for f in catalog.folders()) or "none"
            raise ChartStudioError(f"{args.folder}: is no folder of the library; those are {there}")
        catalog.remove_folder(folder)
        return {"folder": str(folder.path), "songs": catalog.count()}


def _print_removed(answer: Answer) -> None:
    print(f"{answer['folder']} was taken out; {answer['songs']} songs are left")


_PICKS = {"leave": hand.leave_out, "take": hand.take_in, "rules": hand.let_rules_decide}


def _pick(args: argparse.Namespace, console: Console) -> Answer:
    with _catalog(console) as catalog:
        ids = []
        for song in args.paths:
            rows = catalog.rows(
                "SELECT id FROM songs WHERE path = ?", (os.fsencode(song.resolve()),)
            )
            if not rows:
                raise ChartStudioError(f"{song}: is no song of the library; scan, or check it")
            ids += [row["id"] for row in rows]
        picked = _PICKS[args.how](catalog, ids)
        refused = [{"title": s.title, "why": why} for s, why in picked.refused]
        return {"picked": picked.n_picked, "refused": refused}


def _print_picked(answer: Answer) -> None:
    print(f"{answer['picked']} songs")
    for song in answer["refused"]:
        print(f"{song['title']}: {song['why']}")


def _scan(args: argparse.Namespace, console: Console) -> Answer:
    with _catalog(console) as catalog:
        if not catalog.folders():
            raise ChartStudioError("no folder is in the library; add one with `library add DIR`")
        report = console.run(scan.scan(catalog))
        for folder in report.missing:
            console.say(f"{folder}: cannot be looked into; its songs stay as they were")
        if args.headers:
            return _scanned(report)
        filled = console.run(fill.fill(catalog, args.workers))
        return {
            **_scanned(report),
            "read": filled.n_filled,
            "broken": filled.n_broken or report.n_broken,
            "duplicates": filled.n_twins,
        }


def _scanned(report: scan.Report) -> Answer:
    return {
        "songs": report.n_songs,
        "new": report.n_new,
        "changed": report.n_changed,
        "moved": report.n_moved,
        "gone": report.n_gone,
        "broken": report.n_broken,
    }


def _print_scan(answer: Answer) -> None:
    words = (f"{answer[key]} {key}" for key in answer if key not in ("folder", "songs"))
    print(f"{answer['songs']} songs in the library: {', '.join(words)}")
    if "read" not in answer:
        print("notes and sound are read by `chartstudio library scan`")


def _list(args: argparse.Namespace, console: Console) -> Answer:
    low, high = args.level
    query = Query(
        args.search,
        (args.mode,) if args.mode else (),
        low,
        high,
        (args.charter,) if args.charter else (),
        reason=args.reason,
        excluded=True if args.excluded else None,
    )
    with _catalog(console) as catalog:
        if not args.json:
            _tell_training(summarise(catalog, query), console)
        return {"songs": [_described(song) for song in find(catalog, query)]}


def _tell_training(figures: Summary, console: Console) -> None:
    """What a training run would use of these songs, and what it would leave out."""
    sides = ", ".join(f"{n} {side.value}" for side, n in figures.sides.items())
    console.say(
        f"training would use {figures.n_songs} songs, {figures.n_charts} charts, "
        f"{figures.duration_s / 3600:.1f} hours ({sides})"
    )
    for left in figures.left_out:
        console.say(f"left out: {left.n_songs} songs, {left.n_charts} charts: {left.title}")


def _described(song: SongEntry) -> Answer:
    return {
        "title": song.title,
        "artist": song.artist,
        "charts": len(song.charts),
        "excluded": song.excluded,
    }


def _print_songs(answer: Answer) -> None:
    for song in answer["songs"]:
        name = " - ".join(filter(None, (song["artist"], song["title"])))
        left_out = f"   left out: {song['excluded']}" if song["excluded"] else ""
        print(f"{song['charts']:3} charts  {name}{left_out}")
    n_out = sum(bool(song["excluded"]) for song in answer["songs"])
    print(f"{len(answer['songs'])} songs, {n_out} left out of training")


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

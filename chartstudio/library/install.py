"""Putting an export into a game: whole or not at all, and over nothing that is not ours.

A song is written beside its place, on the same disk, and renamed into it. A folder of ours
holds a `MARKER`; only one of the same song that nobody has changed since is replaced. Any
other folder of the wanted name stays, and the song gets a number behind its name.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from uuid import uuid4

from chartstudio.core.errors import FormatError
from chartstudio.core.job import Job, Progress
from chartstudio.core.song import Song
from chartstudio.formats import Loss, bundle, find_format
from chartstudio.library.export import Exported, Plan, content, folder_name, plan
from chartstudio.library.games import FILE, Game
from chartstudio.library.packs import PACK_INI, agree, look
from chartstudio.library.sync import KEEP, has_choice

MARKER = ".chartstudio"
"""The file by which a folder of ours is known: what song it is, and what we wrote."""

_TEMPORARY = ".tmp-"
_LEFT_OVER = re.compile(r"\.tmp-[0-9a-f]{32}")
_LEFT_OVER_S = 24 * 3600.0

Launch = Callable[[tuple[str, ...]], None]
"""Starts a program and does not wait for it."""


@dataclass(frozen=True, slots=True)
class GamePlan(Plan):
    """An installation before anything is written.

    Parameters
    ----------
    pack_ini : bytes or None
        What the pack is to say about its songs, where it says nothing yet.
    """

    pack_ini: bytes | None = None


def plan_for(
    song: Song,
    assets: Mapping[str, bytes],
    game: Game,
    source_format: str | None = None,
    synced: str = KEEP,
) -> Plan:
    """What an installation will do, before anything is written.

    A song of the game itself keeps its format, any other gets the game's first. What its pack
    says about sync decides over ``synced``. Parameters and errors as of `export.plan`.
    """
    same = source_format in game.formats
    format_id = source_format if same and source_format else game.formats[0]
    pack = look(game, MARKER) if has_choice(find_format(format_id)) else None
    if pack is None:
        return plan(song, assets, format_id, source_format, synced)
    agreed = agree(pack, song, synced)
    made = plan(song, assets, format_id, source_format, agreed.sync)
    values = {f.name: getattr(made, f.name) for f in fields(made)}
    return GamePlan(**{**values, "losses": (*made.losses, *agreed.said)}, pack_ini=agreed.ini)


def install(made: Plan, game: Game, launch: Launch | None = None) -> Job[Exported]:
    """Put a song into a game.

    Parameters
    ----------
    made : Plan
        As `plan_for` makes it; its losses have been shown.
    game : Game
    launch : callable, optional
        For games that must be handed the song; `start_program` if not given.

    Raises
    ------
    FormatError
        When something cannot be read or written; then nothing of the song is in the game.
    """
    files, losses = yield from content(made)
    name = folder_name(made.song)
    if game.songs is None:
        copy = Path(tempfile.mkdtemp(prefix="chartstudio-")) / (name + made.fmt.needs.archive)
        bundle.save_archive(copy, files)
        return _hand_over(Exported((copy,), losses), game, launch or start_program)
    yield Progress(0.95, f"Installing into {game.title}")
    # A manager of several installations links their song folders to one that they share.
    parent = Path(os.path.realpath(game.songs / game.pack if game.pack else game.songs))
    try:
        place = _put(files, parent, name, _song_id(made.song))
    except OSError as error:
        what = (
            f"the song cannot be put there ({error.strerror or error}); close the game and "
            "check that the folder may be written"
        )
        raise FormatError(str(parent), None, what) from error
    written = tuple(place / file for file in files)
    if isinstance(made, GamePlan) and made.pack_ini is not None:
        return _with_pack_ini(Exported(written, losses), parent / PACK_INI, made.pack_ini)
    return Exported(written, losses)


def _with_pack_ini(done: Exported, path: Path, data: bytes) -> Exported:
    """Put down what the pack says, unless it says something by now."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return done
    except OSError as error:
        what = f"{path} could not be written ({error.strerror or error}): the pack says no sync"
        return Exported(done.files, (*done.losses, Loss("", what, 1)))
    return Exported((*done.files, path), done.losses)


# Folders ---------------------------------------------------------------------------------


def _song_id(song: Song) -> str:
    """Tells songs apart whose folder names are alike."""
    meta = song.metadata
    parts = (meta.artist, meta.title, meta.subtitle, meta.credit)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _put(files: Mapping[str, bytes], parent: Path, name: str, song_id: str) -> Path:
    """Write a folder beside its place and rename it; returns where it is."""
    was_there = parent.is_dir()
    if was_there:
        _sweep(parent)
    temporary = parent / f"{_TEMPORARY}{uuid4().hex}"
    try:
        # The marker comes first: what is left of a killed program is known by it.
        bundle.save_files(temporary, {MARKER: song_id.encode()})
        bundle.save_files(temporary, files)
        bundle.save_files(temporary, {MARKER: _marker(song_id, temporary)})
        return _swap_in(temporary, parent, name, song_id)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if not was_there and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()


def _swap_in(temporary: Path, parent: Path, name: str, song_id: str) -> Path:
    """Rename the folder to its name, or to one with a number where another's is."""
    place, number = parent / name, 1
    while os.path.lexists(place) and not _is_ours(place, song_id):
        number += 1
        place = parent / f"{name} {number}"
    if os.path.lexists(place):
        _replace(place, temporary)
    else:
        temporary.rename(place)
    return place


def _replace(place: Path, temporary: Path) -> None:
    """Rename the old folder aside, the new one in; on failure the old one is back."""
    aside = place.with_name(f"{_TEMPORARY}{uuid4().hex}")
    place.rename(aside)
    try:
        temporary.rename(place)
    except BaseException:
        aside.rename(place)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _is_ours(place: Path, song_id: str) -> bool:
    """Whether a folder is this song as we wrote it; a changed one is its player's now."""
    if place.is_symlink() or not place.is_dir():
        return False
    try:
        return (place / MARKER).read_bytes() == _marker(song_id, place)
    except OSError:
        return False


def _marker(song_id: str, folder: Path) -> bytes:
    """What the marker of a folder must say: the song, and a digest of all other files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / MARKER:
            digest.update(path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape"))
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{song_id}\n{digest.hexdigest()}\n".encode()


def _sweep(parent: Path) -> None:
    """Remove what a killed program left a day or more ago."""
    before_s = time.time() - _LEFT_OVER_S
    for place in parent.iterdir():
        known = _LEFT_OVER.fullmatch(place.name) and (place / MARKER).is_file()
        if known and place.stat().st_mtime < before_s:
            shutil.rmtree(place, ignore_errors=True)


# Handing over ----------------------------------------------------------------------------


def _hand_over(copy: Exported, game: Game, launch: Launch) -> Exported:
    """Give the game a copy of its own, which it may delete when it has imported it."""
    (path,) = copy.files
    command = tuple(str(path) if part == FILE else part for part in game.command)
    if command:
        try:
            launch(command)
            return copy
        except OSError:
            pass  # the user is told what to do, as when there is no program at all
    what = f"{game.title} could not be started: drag {path} onto its window to import it"
    return Exported(copy.files, (*copy.losses, Loss("", what, 1)))


def start_program(command: tuple[str, ...]) -> None:
    """Start a program that outlives this one.

    Raises
    ------
    OSError
        When it cannot be started.
    """
    apart = (
        {"creationflags": 0x00000008 | 0x00000200}  # DETACHED_PROCESS, a process group of its own
        if sys.platform == "win32"
        else {"start_new_session": True}
    )
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **apart,
    )
    # It is not ours to wait for, and Python shall not complain that we do not.
    process.returncode = 0

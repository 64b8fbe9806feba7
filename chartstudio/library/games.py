"""Which games are installed, and where each wants its songs.

Every place comes from the games' own rules (their source code and manuals); nothing is
written here. Where a game is found twice, the second has ``-2`` behind its id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from chartstudio.formats import FORMATS
from chartstudio.library import steam
from chartstudio.library.machine import (
    Machine,
    OsName,
    folders_in,
    is_file,
    is_folder,
    settings_in,
)

PACK = "chartstudio"
"""The pack that our songs are in, where a game sorts its songs into packs."""

FILE = "{file}"
"""Stands for the file in a `Game.command`."""


@dataclass(frozen=True, slots=True)
class Game:
    """A game on this computer.

    Parameters
    ----------
    id : str
        What the command line calls it: ``itgmania``, ``beat-saber-2``.
    title : str
    path : Path
        The installation, or the folder of its data.
    songs : Path or None
        Where songs go; None for a game that must be handed them.
    formats : tuple of str
        Formats that it plays; the first is what it gets of a song of another game.
    pack : str
        Folder between ``songs`` and the song's own; empty for none.
    more_songs : tuple of Path
        Further folders that it reads songs from.
    command : tuple of str
        For a game that must be handed songs: what to run, with `FILE` in it; empty where its
        program was not found.
    reads_packs : bool
        Whether it reads the sync of a pack's songs from a file in the pack: see `packs`.
    """

    id: str
    title: str
    path: Path
    songs: Path | None
    formats: tuple[str, ...]
    pack: str = ""
    more_songs: tuple[Path, ...] = ()
    command: tuple[str, ...] = ()
    reads_packs: bool = False


KNOWN_IDS = ("osu-stable", "osu-lazer", "stepmania", "itgmania", "beat-saber")
"""What ids of games start with."""


def find_games(machine: Machine) -> tuple[Game, ...]:
    """The games that are installed.

    Parameters
    ----------
    machine : Machine

    Returns
    -------
    tuple of Game
        Each with an id of its own.
    """
    finders = (_osu_stable, _osu_lazer, _stepmanias, _beat_sabers)
    return tuple(_numbered(chain.from_iterable(find(machine) for find in finders)))


def _numbered(games: Iterable[Game]) -> Iterator[Game]:
    """The games with a number behind ids that are taken."""
    taken = set()
    for game in games:
        free, number = game.id, 1
        while free in taken:
            number += 1
            free = f"{game.id}-{number}"
        taken.add(free)
        yield replace(game, id=free)


def _formats_of(family: str) -> tuple[str, ...]:
    """Ids of a game's formats, told by the words that their titles start with."""
    return tuple(f.id for f in FORMATS if f.title.startswith(family))


# osu! ------------------------------------------------------------------------------------


def _osu_stable(machine: Machine) -> Iterator[Game]:
    """Find osu! stable: by what its files open with, then where its installer puts it.

    The rule of osu!'s own migration (``OsuGameDesktop.getStableInstallPath``).
    """
    places = [_opened_by(machine, key) for key in ("osustable.File.osz", "osu!")]
    if machine.os_name == "windows":
        places.append(machine.local / "osu!")
    places.append(machine.home / ".osu")
    for place in places:
        if place and (is_folder(place / "Songs") or is_file(place / "osu!.cfg")):
            songs = _beatmap_folder(machine, place)
            yield Game("osu-stable", "osu! (stable)", place, songs, _formats_of("osu!"))
            return


def _opened_by(machine: Machine, file_class: str) -> Path | None:
    """Folder of the program that Windows opens a kind of file with."""
    command = machine.registry.values(rf"HKCR\{file_class}\shell\open\command").get("", "")
    found = re.match(r'"([^"]+)"', command)
    return Path(found[1]).parent if found else None


def _beatmap_folder(machine: Machine, place: Path) -> Path:
    """Where stable keeps songs; its settings are named after the user."""
    user = machine.env.get("USERNAME") or machine.home.name
    moved = settings_in(place / f"osu!.{user}.cfg").get("BeatmapDirectory", "")
    # Only whole paths count (`StableStorage`).
    return Path(moved) if moved and Path(moved).is_absolute() else place / "Songs"


_LAZER_FILES = ("client.realm", "storage.ini", "framework.ini")
_FLATPAK_ID = "sh.ppy.osu"


def _osu_lazer(machine: Machine) -> Iterator[Game]:
    """Find osu! lazer, which keeps songs in a database: it is handed an archive to import."""
    places = [machine.data / "osu", machine.home / ".var/app" / _FLATPAK_ID / "data/osu"]
    command = _lazer_command(machine)
    known = (p for p in places if any(is_file(p / name) for name in _LAZER_FILES))
    place = next(known, places[0] if command else None)
    if place is not None:
        moved = settings_in(place / "storage.ini").get("FullPath", "")
        path = Path(moved) if moved else place
        yield Game("osu-lazer", "osu! (lazer)", path, None, _formats_of("osu!"), command=command)


def _lazer_command(machine: Machine) -> tuple[str, ...]:
    programs = {"windows": _windows_lazer, "macos": _mac_lazer, "linux": _linux_lazer}
    return programs[machine.os_name](machine)


def _windows_lazer(machine: Machine) -> tuple[str, ...]:
    folder = machine.local / "osulazer"
    for program in (folder / "current" / "osu!.exe", folder / "osu!.exe"):
        if is_file(program):
            return (str(program), FILE)
    return ()


def _mac_lazer(machine: Machine) -> tuple[str, ...]:
    for folder in (machine.root / "Applications", machine.home / "Applications"):
        if is_folder(folder / "osu!.app"):
            return ("open", "-a", str(folder / "osu!.app"), FILE)
    return ()


def _linux_lazer(machine: Machine) -> tuple[str, ...]:
    folders = [Path(p) for p in machine.env.get("PATH", "").split(":") if p]
    folders += [machine.home / name for name in ("Applications", "bin", ".local/bin", "")]
    for folder in folders:
        for name in ("osu-lazer", "osu!", "osu.AppImage"):
            if is_file(folder / name):
                return (str(folder / name), FILE)
    installed = (machine.root / "var/lib/flatpak", machine.home / ".local/share/flatpak")
    if any(is_folder(place / "app" / _FLATPAK_ID) for place in installed):
        # The game lives in a sandbox: the marks around the file let it in.
        return ("flatpak", "run", "--file-forwarding", _FLATPAK_ID, "@@", FILE, "@@")
    return ()


# StepMania and ITGmania ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _StepMania:
    """One release of StepMania or ITGmania.

    Parameters
    ----------
    id, title : str
    hidden : str
        Its folder in the home of a Linux user; elsewhere its title is.
    reads_packs : bool
        As of `Game`.
    """

    id: str
    title: str
    hidden: str
    reads_packs: bool = False


_STEPMANIAS = (
    _StepMania("stepmania", "StepMania 5.1", ".stepmania-5.1"),
    _StepMania("stepmania", "StepMania 5", ".stepmania-5.0"),
    _StepMania("itgmania", "ITGmania", ".itgmania", reads_packs=True),
)

_STEPMANIA_FORMATS = ("ssc", "sm")


def _stepmanias(machine: Machine) -> Iterator[Game]:
    """Each release's own folder, and portable installations beside their programs."""
    for release in _STEPMANIAS:
        own = machine.home / release.hidden if machine.os_name == "linux" else None
        place = own or machine.data / release.title
        if any(is_folder(place / name) for name in ("Songs", "Save")):
            yield _stepmania(release, release.title, place)
        for install in _installs(machine, release):
            if is_file(install / "Portable.ini"):
                yield _stepmania(release, f"{release.title} (portable)", install)


def _installs(machine: Machine, release: _StepMania) -> list[Path]:
    """Where the programs are put by their installers, or by hand."""
    drive = machine.folder("SystemDrive", Path("C:"))
    # A drive alone is no root: "C:" is the running folder of that drive.
    root = Path(f"{drive}/")
    places: dict[OsName, tuple[Path, ...]] = {
        "windows": (
            root / "Games",
            machine.folder("ProgramFiles", root / "Program Files"),
            machine.folder("ProgramFiles(x86)", root / "Program Files (x86)"),
            root,
        ),
        "macos": (machine.root / "Applications", machine.home / "Applications"),
        "linux": (machine.root / "opt", machine.home, machine.home / "Games"),
    }
    names = (release.title, release.title.lower().replace(" ", "-"))
    found: dict[Path, Path] = {}
    for folder in places[machine.os_name]:
        for name in names:
            if is_folder(folder / name):
                # One folder, on a system that ignores case.
                found.setdefault((folder / name).resolve(), folder / name)
    return list(found.values())


def _stepmania(release: _StepMania, title: str, place: Path) -> Game:
    """The game with its songs; a folder that its settings add stands in for a missing one.

    Folders are separated by commas (``PrefsManager.cpp``).
    """
    settings = settings_in(place / "Save" / "Preferences.ini")
    writable = settings.get("AdditionalSongFoldersWritable") or settings.get(
        "AdditionalSongFolders", ""
    )
    read_only = settings.get("AdditionalSongFoldersReadOnly", "")
    more = [
        [Path(p.strip()) for p in text.split(",") if p.strip()] for text in (writable, read_only)
    ]
    songs = place / "Songs"
    if not is_folder(songs):
        songs = next((p for p in more[0] if is_folder(p)), songs)
    others = tuple(p for p in chain(*more) if p != songs and is_folder(p))
    formats, packs = _STEPMANIA_FORMATS, release.reads_packs
    return Game(release.id, title, place, songs, formats, PACK, others, reads_packs=packs)


# Beat Saber ------------------------------------------------------------------------------

_STEAM_ID = "620980"
_TITLE = "Beat Saber"
_DATA = "Beat Saber_Data"
_PROGRAM = "Beat Saber.exe"
_OCULUS_NAME = "hyperbolic-magnetism-beat-saber"
_OCULUS_LIBRARIES = r"HKCU\SOFTWARE\Oculus VR, LLC\Oculus\Libraries"
_OCULUS_CONFIG = r"HKLM\SOFTWARE\WOW6432Node\Oculus VR, LLC\Oculus\Config"


def _beat_sabers(machine: Machine) -> Iterator[Game]:
    """Every copy of the game; each has a folder for finished maps and one for maps in work."""
    seen = set()
    for title, place in _beat_saber_places(machine):
        if not is_file(place / _PROGRAM) or place.resolve() in seen:
            continue
        seen.add(place.resolve())
        formats = _formats_of(_TITLE)
        for suffix, note, folder in (
            ("", "", "CustomLevels"),
            ("-wip", ", maps in work", "CustomWIPLevels"),
        ):
            songs = place / _DATA / folder
            yield Game(f"beat-saber{suffix}", f"{_TITLE} ({title}{note})", place, songs, formats)


def _beat_saber_places(machine: Machine) -> Iterator[tuple[str, Path]]:
    for place in steam.game_folders(machine, _STEAM_ID, _TITLE):
        yield "Steam", place
    if machine.os_name == "windows":
        for library in _oculus_libraries(machine):
            yield "Oculus", library / "Software" / _OCULUS_NAME
    for instance in folders_in(machine.home / "BSManager" / "BSInstances"):
        yield f"BSManager {instance.name}", instance


def _oculus_libraries(machine: Machine) -> Iterator[Path]:
    registry = machine.registry
    for name in registry.subkeys(_OCULUS_LIBRARIES):
        values = registry.values(rf"{_OCULUS_LIBRARIES}\{name}")
        # The other one starts with the number of a volume, which Windows takes too.
        path = values.get("OriginalPath") or values.get("Path")
        if path:
            yield Path(path)
    path = registry.values(_OCULUS_CONFIG).get("InitialAppLibrary")
    if path:
        yield Path(path)
    yield machine.folder("ProgramFiles", Path("C:/Program Files")) / "Oculus"

"""Where Steam keeps a game: its roots on each system, their libraries, the game's folder.

Knows Steam's files and no game.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import vdf  # type: ignore[import-untyped,unused-ignore]

from chartstudio.library.machine import Machine, is_folder

_LINUX_ROOTS = (
    ".local/share/Steam",
    ".steam/steam",
    ".steam/root",
    ".steam/debian-installation",
    ".var/app/com.valvesoftware.Steam/.local/share/Steam",
    ".var/app/com.valvesoftware.Steam/data/Steam",
    "snap/steam/common/.local/share/Steam",
)

_WINDOWS_KEYS = (
    (r"HKLM\SOFTWARE\WOW6432Node\Valve\Steam", "InstallPath"),
    (r"HKLM\SOFTWARE\Valve\Steam", "InstallPath"),
    (r"HKCU\Software\Valve\Steam", "SteamPath"),
)


def game_folders(machine: Machine, app_id: str, usual_name: str) -> Iterator[Path]:
    """Folders in which Steam says that a game is, whether it is there or not.

    Parameters
    ----------
    machine : Machine
    app_id : str
        Steam's number of the game.
    usual_name : str
        What its folder is called where Steam's note of it cannot be read.
    """
    for library in _libraries(machine):
        apps = library / "steamapps"
        state = _table(apps / f"appmanifest_{app_id}.acf", "AppState")
        name = state.get("installdir")
        yield apps / "common" / (name if isinstance(name, str) and name else usual_name)


def _libraries(machine: Machine) -> Iterator[Path]:
    """Library folders, each once however many links lead to it."""
    seen = set()
    for root in _roots(machine):
        noted = _table(root / "steamapps" / "libraryfolders.vdf", "libraryfolders")
        for library in (root, *map(Path, _paths(noted))):
            if is_folder(library) and library.resolve() not in seen:
                seen.add(library.resolve())
                yield library


def _roots(machine: Machine) -> Iterator[Path]:
    if machine.os_name == "windows":
        for key, name in _WINDOWS_KEYS:
            path = machine.registry.values(key).get(name)
            if path:
                yield Path(path)
        yield machine.folder("ProgramFiles(x86)", Path("C:/Program Files (x86)")) / "Steam"
    elif machine.os_name == "linux":
        yield from (machine.home / root for root in _LINUX_ROOTS)


def _paths(noted: Mapping[str, Any]) -> Iterator[str]:
    """Paths of the libraries: texts in old files, tables with a path in newer ones."""
    for name, entry in noted.items():
        path = entry.get("path") if isinstance(entry, Mapping) else entry
        if name.isdigit() and isinstance(path, str) and path:
            yield path


def _table(path: Path, name: str) -> Mapping[str, Any]:
    """The named table of one of Steam's files, in any case; empty where it cannot be read."""
    try:
        found = vdf.loads(path.read_text("utf-8-sig", errors="replace"))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return {}
    tables = (value for key, value in found.items() if key.lower() == name.lower())
    return next((table for table in tables if isinstance(table, Mapping)), {})

"""The computer as the search for games sees it: home, environment, registry.

A value, so that tests can stand any system up in a folder.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

OsName = Literal["windows", "linux", "macos"]


class Registry(Protocol):
    """What Windows keeps about programs. Keys start with ``HKLM``, ``HKCU`` or ``HKCR``."""

    def values(self, key: str) -> Mapping[str, str]:
        """Texts of a key by name, its default as ``""``; empty where there is no such key."""
        ...

    def subkeys(self, key: str) -> tuple[str, ...]:
        """Names of the keys right below a key."""
        ...


@dataclass(frozen=True, slots=True)
class StoredRegistry:
    """A registry as a plain mapping; other systems have an empty one.

    Parameters
    ----------
    keys : mapping
        Whole key to its texts by name.
    """

    keys: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def values(self, key: str) -> Mapping[str, str]:
        """As of `Registry`."""
        return self.keys.get(key, {})

    def subkeys(self, key: str) -> tuple[str, ...]:
        """As of `Registry`."""
        below = (k.removeprefix(f"{key}\\") for k in self.keys if k.startswith(f"{key}\\"))
        return tuple(dict.fromkeys(name.split("\\")[0] for name in below))


class WindowsRegistry:
    """The registry of this computer."""

    def values(self, key: str) -> Mapping[str, str]:
        """As of `Registry`."""
        entries = self._walk(key, "EnumValue")
        return {name: value for name, value in entries if isinstance(value, str)}

    def subkeys(self, key: str) -> tuple[str, ...]:
        """As of `Registry`."""
        return tuple(name for name, _ in self._walk(key, "EnumKey"))

    def _walk(self, key: str, function: str) -> Iterator[tuple[str, Any]]:
        """Values or subkeys until the system says that there are no more."""
        import winreg

        windows: Any = winreg
        roots = {
            "HKLM": windows.HKEY_LOCAL_MACHINE,
            "HKCU": windows.HKEY_CURRENT_USER,
            "HKCR": windows.HKEY_CLASSES_ROOT,
        }
        root, _, path = key.partition("\\")
        try:
            with windows.OpenKey(roots[root], path) as handle:
                for index in range(10_000):
                    entry = getattr(windows, function)(handle, index)
                    yield entry[:2] if isinstance(entry, tuple) else (entry, None)
        except OSError:
            return


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer.

    Parameters
    ----------
    os_name : {"windows", "linux", "macos"}
    home : Path
    env : mapping of str to str
    registry : Registry
    root : Path
        Where its file system starts, for places such as ``/opt``.
    """

    os_name: OsName
    home: Path
    env: Mapping[str, str] = field(default_factory=dict)
    registry: Registry = field(default_factory=StoredRegistry)
    root: Path = Path("/")

    @classmethod
    def here(cls) -> Machine:
        """The computer that the program runs on."""
        names: dict[str, OsName] = {"win32": "windows", "darwin": "macos"}
        os_name = names.get(sys.platform, "linux")
        registry = WindowsRegistry() if os_name == "windows" else StoredRegistry()
        return cls(os_name, Path.home(), dict(os.environ), registry)

    def folder(self, variable: str, default: Path) -> Path:
        """The folder that an environment variable names, or the usual one."""
        value = self.env.get(variable, "")
        return Path(value) if value else default

    @property
    def roaming(self) -> Path:
        """Windows: where programs keep what follows the user."""
        return self.folder("APPDATA", self.home / "AppData" / "Roaming")

    @property
    def local(self) -> Path:
        """Windows: where programs keep what stays on this computer."""
        return self.folder("LOCALAPPDATA", self.home / "AppData" / "Local")

    @property
    def data(self) -> Path:
        """Where programs keep the user's data, on any system."""
        if self.os_name == "windows":
            return self.roaming
        if self.os_name == "macos":
            return self.home / "Library" / "Application Support"
        return self.folder("XDG_DATA_HOME", self.home / ".local" / "share")


def is_folder(path: Path) -> bool:
    """Whether a folder is there; one that may not be looked at is not."""
    try:
        return path.is_dir()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Whether a file is there; one that may not be looked at is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def folders_in(path: Path) -> list[Path]:
    """The folders in a folder by name; none where it may not be looked at."""
    try:
        return sorted(p for p in path.iterdir() if is_folder(p))
    except OSError:
        return []


def settings_in(path: Path) -> dict[str, str]:
    """``name = value`` lines of a settings file of any game; empty where there is none."""
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}

"""What the program remembers between starts, in one small JSON file.

A broken or foreign file is no error: what cannot be read falls back to the defaults.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from chartstudio.core import paths

N_RECENT = 12


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the window.

    Parameters
    ----------
    volume, metronome, note_ticks : float
        Gains, 0 to 1; 0 is off.
    rate : float
        Playback rate, 0.25 to 2.
    snap : int
    recent : tuple of str
        Paths, newest first.
    keys : tuple of (str, str)
        Command id and the key sequence that replaces its own.
    export_folder : str
    author : str
        Written as the charter of new charts.
    model : str
        The model that drafts.
    may_use_music : bool
        The author has said that they may use the music of what they export.
    installs : tuple of str
        Folders of games into which the author lets exports be put.
    """

    volume: float = 0.8
    metronome: float = 0.0
    note_ticks: float = 0.6
    rate: float = 1.0
    snap: int = 16
    recent: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    export_folder: str = ""
    author: str = ""
    model: str = "base"
    may_use_music: bool = False
    installs: tuple[str, ...] = ()


def load(path: Path | None = None) -> Settings:
    """The stored settings; defaults where there are none."""
    path = path or paths.settings() / "settings.json"
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return Settings()
    if not isinstance(stored, dict):
        return Settings()
    default = Settings()
    known: dict[str, Any] = {}
    for f in fields(Settings):
        value = _tuples(stored.get(f.name))
        if type(value) is type(getattr(default, f.name)):
            known[f.name] = value
    return Settings(**known)


def save(settings: Settings, path: Path | None = None) -> None:
    """Store the settings; the file is replaced whole.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    path = path or paths.settings() / "settings.json"
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(asdict(settings), indent=1), "utf-8")
    temporary.replace(path)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value

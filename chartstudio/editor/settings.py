"""What the program remembers between starts, in one small JSON file.

A broken or foreign file is no error: what cannot be read falls back to the defaults.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
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
    sync : str
        Where exports put beats against the sound, an id of `library.sync.SYNCS`.
    sound_device : str
        The device that sound went to last; empty where none is known.
    sound_delays : tuple of (str, float)
        Device and how many seconds later than it says the author hears it; measured by
        tapping, so the hand's own delay is in it.
    picture_delay_s : float
        How much later than it is drawn the author sees a picture; measured in the same way.
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
    sync: str = "null"
    sound_device: str = ""
    sound_delays: tuple[tuple[str, float], ...] = ()
    picture_delay_s: float = 0.0

    @property
    def sound_delay_s(self) -> float:
        """How much later than the device in use says its sound is heard; 0 if not measured."""
        return dict(self.sound_delays).get(self.sound_device, 0.0)

    @property
    def tap_delay_s(self) -> float:
        """Seconds of the clock between a sound's stated time and the author's tap to it.

        A tap made at playback rate ``r`` while a player's ``position_s`` is ``p`` meant second
        ``p - r * tap_delay_s`` of the song, which the player has as ``heard_s``.
        """
        return self.sound_delay_s

    def with_sound_delay(self, seconds: float) -> Settings:
        """A copy in which the device in use has another delay; 0 forgets it."""
        kept = tuple(item for item in self.sound_delays if item[0] != self.sound_device)
        new = ((self.sound_device, seconds),) if seconds else ()
        return replace(self, sound_delays=(*kept, *new))


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
    delays = known.get("sound_delays", ())
    known["sound_delays"] = tuple(item for item in delays if _is_delay(item))
    return Settings(**known)


def _is_delay(item: Any) -> bool:
    """Whether something stored is a device with its delay."""
    if not isinstance(item, tuple) or len(item) != 2:
        return False
    return isinstance(item[0], str) and isinstance(item[1], float)


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

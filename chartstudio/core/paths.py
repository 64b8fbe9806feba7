"""Where things lie: what ships with the program, and what belongs to the user.

``CHARTSTUDIO_HOME`` moves every folder of the user's under one root, which is how tests
and portable installs keep to themselves.
"""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent.parent


def _shipped(name: str) -> Path:
    """A folder that ships: inside the wheel, or beside the package in a checkout."""
    bundled = _PACKAGE / "_data" / name
    return bundled if bundled.is_dir() else _PACKAGE.parent / name


def _own(name: str, standard: Path) -> Path:
    home = os.environ.get("CHARTSTUDIO_HOME")
    path = Path(home) / name if home else standard
    path.mkdir(parents=True, exist_ok=True)
    return path


def resources() -> Path:
    """Read-only files that ship with the program: the demo song, icons."""
    return _shipped("resources")


def shipped_models() -> Path:
    """Read-only models that ship with the program."""
    return _shipped("models")


def user_models() -> Path:
    """Models that the user trained; made on first use."""
    return _own("models", platformdirs.user_data_path("chartstudio", False) / "models")


def settings() -> Path:
    """The folder of the settings file; made on first use."""
    return _own("settings", platformdirs.user_config_path("chartstudio", False))


def cache() -> Path:
    """What may be thrown away: features, stretched audio, peaks; made on first use."""
    return _own("cache", platformdirs.user_cache_path("chartstudio", False))


def state() -> Path:
    """What must survive a crash: the journal; made on first use."""
    return _own("state", platformdirs.user_state_path("chartstudio", False))


def library() -> Path:
    """The folder of the library's database; made on first use."""
    return _own("library", platformdirs.user_data_path("chartstudio", False) / "library")

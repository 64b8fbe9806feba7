"""What a pack of ITGmania says about the sync of its songs, and songs that agree with it.

ITGmania from 1.0.0 on reads a ``Pack.ini`` in the folder of a pack (``src/Group.cpp``, pull
request 506). Only with a ``Version`` in its section ``[Group]`` is the rest read;
``SyncOffset`` is ``NULL`` or ``ITG``, in capitals, and with ``ITG`` the game takes the 9 ms of
ITG sync out of every song of the pack. A pack without, or with another value, is taken for what
the preference ``DefaultSyncOffset`` says, which is ``ITG`` unless the player has changed it
(``src/PrefsManager.cpp``): a null-synced song in a pack that says nothing is 9 ms off. Lines are
``name=value``, both trimmed; ``;``, ``#``, ``//`` and ``--`` start a comment (``src/IniFile.cpp``).
The file is found whatever the case of its name. StepMania reads none.

Knows folders of packs; writes none, and never changes a ``Pack.ini`` that is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chartstudio.core.song import Song
from chartstudio.formats import Loss
from chartstudio.library import sync
from chartstudio.library.games import Game
from chartstudio.library.machine import folders_in, settings_in

PACK_INI = "Pack.ini"

_VALUES: Mapping[str, str] = {"NULL": sync.NULL, "ITG": sync.ITG}
_NAMES = {sync_id: value for value, sync_id in _VALUES.items()}
_USUAL = sync.ITG
"""``DefaultSyncOffset`` of a game that was never told otherwise."""

_COMMENTS = (";", "#", "//", "--")
_MS = abs(sync.ITG_S) * 1000


@dataclass(frozen=True, slots=True)
class Pack:
    """The pack that a song goes into.

    Parameters
    ----------
    name : str
    sync : str or None
        Id of `sync.SYNCS` by its ``Pack.ini``; None where that says none that the game reads.
    has_ini : bool
    usual : str
        What the game takes where a pack says nothing.
    n_ours, n_foreign : int
        Songs in it, by whether ChartStudio has put them there.
    """

    name: str
    sync: str | None
    has_ini: bool
    usual: str
    n_ours: int = 0
    n_foreign: int = 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a song and its pack come to say the same.

    Parameters
    ----------
    sync : str
        What to export with, an id of `sync.SYNCS`.
    ini : bytes or None
        A ``Pack.ini`` that the pack lacks.
    said : tuple of Loss
        What the author must know.
    """

    sync: str
    ini: bytes | None = None
    said: tuple[Loss, ...] = ()


def read_sync(text: str) -> str | None:
    """What a ``Pack.ini`` says, as the game reads it; None where it says nothing valid."""
    section, values = "", {}
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith(_COMMENTS):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif section == "Group" and "=" in line:
            name, _, value = line.partition("=")
            values[name.strip()] = value.strip()
    return _VALUES.get(values.get("SyncOffset", "")) if values.get("Version") else None


def ini_of(sync_id: str) -> bytes:
    """The ``Pack.ini`` of a pack whose songs are synced so."""
    return f"[Group]\nVersion=1\nSyncOffset={_NAMES[sync_id]}\n".encode()


def look(game: Game, marker: str) -> Pack | None:
    """The pack that a game's songs go into; None where the game reads no ``Pack.ini``.

    Parameters
    ----------
    game : Game
    marker : str
        The file by which folders of ours are known.
    """
    if not game.reads_packs or game.songs is None or not game.pack:
        return None
    folder = game.songs / game.pack
    ini = _ini_in(folder)
    songs = folders_in(folder)
    n_ours = sum((song / marker).is_file() for song in songs)
    preference = settings_in(game.path / "Save" / "Preferences.ini").get("DefaultSyncOffset", "")
    return Pack(
        game.pack,
        None if ini is None else read_sync(ini.read_text("utf-8", errors="replace")),
        ini is not None,
        _VALUES.get(preference.removeprefix("SyncOffset_"), _USUAL),
        n_ours,
        len(songs) - n_ours,
    )


def _ini_in(folder: Path) -> Path | None:
    try:
        here = sorted(p for p in folder.iterdir() if p.name.lower() == PACK_INI.lower())
    except OSError:
        return None
    return next((p for p in here if p.is_file()), None)


def agree(pack: Pack, song: Song, asked: str) -> Agreement:
    """Let a song and its pack say the same about sync.

    A ``Pack.ini`` that is there decides; a pack of ours without one gets one. What the sync of
    the song is must be known for either: see `sync.usual`.

    Parameters
    ----------
    pack : Pack
    song : Song
    asked : str
        An id of `sync.SYNCS`.
    """
    own = _written(song, asked)
    if own is None:
        return _unknown(pack, asked)
    if pack.sync is not None:
        return Agreement(pack.sync, None, _decided(pack, own))
    if not pack.has_ini and not pack.n_foreign:
        return Agreement(asked, ini_of(own), _founded(pack, own))
    return Agreement(asked, None, _default(pack, own))


def _written(song: Song, asked: str) -> str | None:
    """How the song would be synced; None where nobody knows."""
    if asked != sync.KEEP:
        return asked
    if sync.is_itg(song):
        return sync.ITG
    return None if sync.came_with_choice(song) else sync.NULL


def _decided(pack: Pack, own: str) -> tuple[Loss, ...]:
    if pack.sync is None or pack.sync == own:
        return ()
    return _say(
        f"{_NAMES[pack.sync]} sync instead of {_NAMES[own]}, because {PACK_INI} of the pack "
        f"{pack.name} says SyncOffset={_NAMES[pack.sync]}: the game plays both alike"
    )


def _founded(pack: Pack, own: str) -> tuple[Loss, ...]:
    if not pack.n_ours:
        return ()
    return _say(
        f"the pack {pack.name} gets a {PACK_INI} that says SyncOffset={_NAMES[own]}, which "
        f"holds for the {pack.n_ours} song(s) there too; install those of another sync again"
    )


def _default(pack: Pack, own: str) -> tuple[Loss, ...]:
    if pack.usual == own:
        return ()
    lacks = f"{PACK_INI} without a SyncOffset that is read" if pack.has_ini else f"no {PACK_INI}"
    return _say(
        f"the pack {pack.name} has {lacks}, so the game takes it for {_NAMES[pack.usual]} sync "
        f"(DefaultSyncOffset): this song, in {_NAMES[own]} sync, is {_MS:g} ms off there until "
        f"its {PACK_INI} says [Group], Version=1, SyncOffset={_NAMES[own]}"
    )


def _unknown(pack: Pack, asked: str) -> Agreement:
    takes = pack.sync or pack.usual
    where = f"{PACK_INI} of the pack {pack.name}" if pack.sync else "a pack that says nothing"
    what = (
        f"whether the song is in NULL or ITG sync cannot be told from its file; the game takes "
        f"it for {_NAMES[takes]} sync by {where}, and is {_MS:g} ms off if it is not: choose its "
        "sync before installing"
    )
    return Agreement(asked, None, _say(what))


def _say(what: str) -> tuple[Loss, ...]:
    return (Loss("", what, 1),)

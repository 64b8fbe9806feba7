"""The folders of models without torch: what lies there, and renaming, removing, packing it.

Knows names, dates, verdicts and logs, so that a window can list models and go on with tunings
before any engine is loaded; refuses to know weights.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.engine.requests import ModelCard, TrainStep
from chartstudio.engine.tune.lock import alone

SPEC_FILE, CARD_FILE = "model.json", "README.md"
REPORT_FILE, REPORT_TEXT_FILE = "report.json", "report.txt"
TRAINING, REQUEST_FILE, LOG_FILE = "training", "request.json", "log.jsonl"

_NEW = ".new"
_NAME = re.compile(r"\w[\w .-]{0,62}[\w-]|\w")


@dataclass(frozen=True, slots=True)
class Shelved:
    """A model, or a tuning that may become one.

    Parameters
    ----------
    name : str
    folder : Path
    ships : bool
        It came with the program: nobody renames or removes it.
    base : str
        What it was tuned from; empty for one that was not.
    needs_base : bool
        It holds no more than what it adds to its base.
    modes : tuple of str
    date : str
        When it was last written, as ``2024-05-31``.
    verdict : str
        Of its report, as `requests.TrainReport` has it; empty without one.
    n_bytes : int
        Of all its files.
    step, n_steps : int
        How far its tuning is, and how long it was to be; 0 of 0 for what was never tuned.
    is_held : bool
        A process works on it; told of what is not finished.
    """

    name: str
    folder: Path
    ships: bool = False
    base: str = ""
    needs_base: bool = False
    modes: tuple[str, ...] = ()
    date: str = ""
    verdict: str = ""
    n_bytes: int = 0
    step: int = 0
    n_steps: int = 0
    is_held: bool = False

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing left to be tuned or judged."""
        return not self.n_steps or bool(self.verdict)

    @property
    def is_model(self) -> bool:
        """Whether it can draft; a tuning that has just begun cannot."""
        return bool(self.modes)


def place_of(name: str) -> Path:
    """Where a model of the user's would lie.

    Raises
    ------
    EngineError
        When no folder can have this name, or a model that ships has it.
    """
    if not _NAME.fullmatch(name):
        raise EngineError(
            f"{name!r} is no name for a model: use up to 64 letters, digits, blanks, - and _"
        )
    if (paths.shipped_models() / name / SPEC_FILE).exists():
        raise EngineError(f"{name!r} is a model that ships with the program; name it otherwise")
    return paths.user_models() / name


def shelf() -> tuple[Shelved, ...]:
    """All models and tunings, the user's first; what is broken is left out."""
    found: dict[str, Shelved] = {}
    for root, ships in ((paths.user_models(), False), (paths.shipped_models(), True)):
        folders = sorted(root.iterdir()) if root.is_dir() else []
        for folder in folders:
            one = _shelved(folder, ships)
            if one is not None:
                found.setdefault(one.name, one)
    return tuple(found.values())


def _shelved(folder: Path, ships: bool) -> Shelved | None:
    spec, request = _json(folder / SPEC_FILE), _json(folder / TRAINING / REQUEST_FILE)
    if not spec and not request:
        return None
    steps = read_steps(folder)
    try:
        of_spec = spec.get("base")
        when = (folder / SPEC_FILE if spec else folder / TRAINING).stat().st_mtime
        found = Shelved(
            name=folder.name,
            folder=folder,
            ships=ships,
            base=str(request.get("base") or (of_spec["name"] if of_spec else "")),
            needs_base=bool(of_spec),
            modes=tuple(str(mode["id"]) for mode in spec.get("modes", ())),
            date=datetime.fromtimestamp(when, UTC).date().isoformat(),
            verdict=str(_json(folder / REPORT_FILE).get("verdict", "")),
            n_bytes=sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
            step=steps[-1].step if steps else 0,
            n_steps=int(request["recipe"]["n_steps"]) if request else 0,
        )
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return found if found.is_finished else replace(found, is_held=_is_held(folder))


def _is_held(folder: Path) -> bool:
    try:
        with alone(folder):
            return False
    except EngineError:
        return True


def _json(path: Path) -> dict[str, Any]:
    """What a file holds; nothing where it is missing or broken."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


# What a model is made of ------------------------------------------------------------------


def read_card(name: str) -> ModelCard | None:
    """What a model can be told; None where there is none of that name, or it is broken.

    As `engine.service.Engine.models` has it, only sooner: no weights are read.
    """
    roots = (paths.user_models(), paths.shipped_models())
    folder = next((root / name for root in roots if (root / name / SPEC_FILE).is_file()), None)
    if folder is None:
        return None
    spec = _json(folder / SPEC_FILE)
    try:
        net = spec["net"]
        return ModelCard(
            name=name,
            active=True,
            card="",
            modes=tuple(str(mode["id"]) for mode in spec["modes"]),
            layers=tuple(map(str, net.get("layers", ()))),
            styles=tuple(
                (str(habit), float(low), float(high)) for habit, low, high in net.get("styles", ())
            ),
            labels=tuple(
                (str(label), tuple((str(habit), float(value)) for habit, value in habits.items()))
                for label, habits in spec.get("labels", ())
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a tuning, as it lies in its folder.

    Parameters
    ----------
    name : str
    lines : tuple of str
        The report in words, the verdict first; none before it was judged.
    figures : dict
        As of `requests.TrainReport`.
    steps : tuple of TrainStep
    """

    name: str
    lines: tuple[str, ...]
    figures: dict[str, Any]
    steps: tuple[TrainStep, ...]


def read_told(name: str) -> Told:
    """The report of one of the user's models."""
    folder = paths.user_models() / name
    lines: tuple[str, ...] = ()
    with suppress(OSError, UnicodeDecodeError):
        lines = tuple((folder / REPORT_TEXT_FILE).read_text(encoding="utf-8").splitlines())
    return Told(name, lines, _json(folder / REPORT_FILE), read_steps(folder))


def read_steps(folder: Path) -> tuple[TrainStep, ...]:
    """The steps of a model's tuning so far, as its log has them."""
    try:
        lines = (folder / TRAINING / LOG_FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ()
    found = []
    for line in lines:
        try:
            values = json.loads(line)
            found.append(TrainStep(**{**values, "notices": tuple(values["notices"])}))
        except (ValueError, TypeError, KeyError):
            # A line that was cut by a kill is done again.
            continue
    return tuple(found)


# What can be done with it -----------------------------------------------------------------


def rename(name: str, new: str) -> None:
    """Give one of the user's models another name.

    Raises
    ------
    EngineError
        When it ships, others are made from it, it is being trained, the new name is none or
        taken, or the folder cannot be moved.
    """
    folder = _own(name, "renamed")
    place = place_of(new)
    if place.exists():
        raise EngineError(f"there is a model or a folder named {new!r} already; name it otherwise")
    try:
        with alone(folder):
            folder.rename(place)
        spec = _json(place / SPEC_FILE)
        if spec:
            _write(place / SPEC_FILE, json.dumps({**spec, "name": new}, indent=1) + "\n")
        card = place / CARD_FILE
        if card.exists():
            title, _, rest = card.read_text(encoding="utf-8").partition("\n")
            _write(card, (f"# {new}" if title == f"# {name}" else title) + "\n" + rest)
    except OSError as error:
        raise EngineError(f"{folder}: cannot be renamed ({error.strerror})") from error


def remove(name: str) -> None:
    """Delete one of the user's models, or what a tuning has left.

    Raises
    ------
    EngineError
        When it ships, others are made from it, it is being trained, or its files cannot be
        deleted.
    """
    folder = _own(name, "removed")
    try:
        with alone(folder):
            shutil.rmtree(folder)
    except OSError as error:
        raise EngineError(f"{folder}: cannot be deleted ({error.strerror})") from error


def pack(name: str, path: Path) -> None:
    """Put a model with its card and its report into a zip archive.

    What its training goes on from stays: it is large, and names the author's files. Charters'
    names do not go along either: ways of charting that are called after them get numbers.

    Raises
    ------
    EngineError
        When it cannot be read or written.
    """
    folder = next((s.folder for s in shelf() if s.name == name), paths.user_models() / name)
    fresh = path.with_name(path.name + _NEW)
    try:
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(p for p in folder.iterdir() if p.is_file()):
                data = file.read_bytes()
                if file.name == SPEC_FILE:
                    data = _without_charters(data)
                archive.writestr(f"{name}/{file.name}", data)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise EngineError(
            f"{path}: cannot be written ({error.strerror}); choose another folder"
        ) from error


def _without_charters(data: bytes) -> bytes:
    """A model's spec with numbers for the names of its ways of charting, if it has several.

    A single one is called like the model itself.
    """
    try:
        spec = json.loads(data)
    except ValueError:
        return data
    labels = spec.get("labels", ())
    if len(labels) < 2:
        return data
    spec["labels"] = [[f"style {n}", habits] for n, (_, habits) in enumerate(labels, 1)]
    return json.dumps(spec, indent=1).encode()


def _own(name: str, what: str) -> Path:
    """The folder of a model that can be changed."""
    folder = paths.user_models() / name
    if not folder.is_dir():
        raise EngineError(f"the model {name!r} ships with the program; it cannot be {what}")
    others = [s.name for s in shelf() if s.base == name and (s.needs_base or not s.is_finished)]
    if others:
        raise EngineError(
            f"{name!r} cannot be {what}: {', '.join(others)} cannot be without it; remove that "
            "first"
        )
    return folder


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + _NEW)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)

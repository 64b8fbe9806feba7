"""The newest draft of a held-out song that a tuning has made, as it lies in its folder.

Written by the process that tunes and read by the window, so it knows no torch. It names the
author's song and holds no sound.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chartstudio.core.errors import EngineError, FormatError
from chartstudio.core.song import Chart, Song
from chartstudio.engine.requests import Candidate, Draft, GenerateRequest
from chartstudio.formats import project
from chartstudio.modes import MODES

SAMPLE_FILE = "sample.json"

_NEW = ".new"
_SONG = f"sample{project.SUFFIX}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A draft of a held-out chart.

    Parameters
    ----------
    path : Path
        Of the song: a folder, an archive or a chart file, or a folder within an archive.
    song : Song
        The chart's timing, and as its one chart the author's with the drafted notes.
    start, end : int
        What was drafted, in ticks.
    level : float or None
        That was asked for, in the mode's unit.
    seed : int
    model, device, number_type : str
        As of `requests.Draft`.
    step : int
        After which the weights drafted it.
    """

    path: Path
    song: Song
    start: int
    end: int
    level: float | None
    seed: int
    model: str
    device: str
    number_type: str
    step: int = 0

    @classmethod
    def of(cls, path: Path, chart: Chart, request: GenerateRequest, draft: Draft) -> Sample:
        """The best candidate of a draft.

        Parameters
        ----------
        path : Path
        chart : Chart
            The author's.
        request : GenerateRequest
        draft : Draft
        """
        best = draft.candidates[0]
        drafted = Chart(chart.mode, chart.name, chart.level, best.notes, settings=chart.settings)
        return cls(
            path=path,
            song=Song(timing=request.timing, charts=(drafted,)),
            start=request.start,
            end=request.end,
            level=request.level,
            seed=best.seed,
            model=draft.model,
            device=draft.device,
            number_type=draft.number_type,
        )

    @property
    def chart(self) -> Chart:
        """The author's chart with the drafted notes in place of the author's."""
        return self.song.charts[0]

    @property
    def place(self) -> tuple[Path, str]:
        """What to open, and the folder within it where that is an archive."""
        for archive in self.path.parents:
            if archive.is_file():
                return archive, self.path.relative_to(archive).as_posix()
        return self.path, ""

    def draft(self) -> Draft:
        """The draft as the engine gave it, judged anew."""
        mode, timing = MODES[self.chart.mode], self.song.timing
        candidate = Candidate(
            notes=self.chart.notes,
            seed=self.seed,
            level_reached=mode.difficulty(self.chart, timing),
            issues=tuple(mode.check(self.chart, timing)),
        )
        return Draft((candidate,), self.model, self.device, self.number_type)


_PLAIN: dict[str, tuple[type, ...]] = {
    "start": (int,),
    "end": (int,),
    "level": (int, float, type(None)),
    "seed": (int,),
    "model": (str,),
    "device": (str,),
    "number_type": (str,),
    "step": (int,),
}
"""The fields that a file holds as they are, and their types."""


def keep(folder: Path, sample: Sample, step: int) -> None:
    """Write a sample in place of the one before.

    Parameters
    ----------
    folder : Path
        Where a training stands.
    sample : Sample
    step : int
        After which it was drafted.
    """
    sample = replace(sample, step=step)
    found: dict[str, Any] = {name: getattr(sample, name) for name in _PLAIN}
    found["path"] = str(sample.path)
    found["song"] = json.loads(next(iter(project.write(sample.song).values())))
    fresh = folder / (SAMPLE_FILE + _NEW)
    fresh.write_text(json.dumps(found), encoding="utf-8")
    fresh.replace(folder / SAMPLE_FILE)


def read(folder: Path) -> Sample | None:
    """The newest sample of a training; None before there is one.

    Raises
    ------
    EngineError
        When the file is broken.
    """
    file = folder / SAMPLE_FILE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        song = project.read({_SONG: json.dumps(found["song"]).encode()}, _SONG)
        plain = {name: found[name] for name in _PLAIN}
        if not all(isinstance(plain[name], kinds) for name, kinds in _PLAIN.items()):
            raise ValueError("a figure is of another kind")
        if not song.charts or song.charts[0].mode not in MODES:
            raise ValueError("holds no chart")
        return Sample(path=Path(found["path"]), song=song, **plain)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, FormatError) as error:
        raise EngineError(
            f"{file}: cannot be read ({error}); the next sample replaces it"
        ) from error

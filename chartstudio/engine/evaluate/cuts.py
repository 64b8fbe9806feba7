"""Songs cut short, and a model that drafts on them: what long runs of drafts share.

Knows folders of audio and the engine's parts; refuses to know what a draft is judged by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from chartstudio.audio import decode
from chartstudio.audio.decode import Audio
from chartstudio.core.errors import EngineError, FormatError
from chartstudio.core.job import run
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.evaluate.ear import Ear
from chartstudio.engine.features import FeatureSpec, mono
from chartstudio.engine.generate import generate
from chartstudio.engine.requests import Draft, GenerateRequest
from chartstudio.engine.task import prepare
from chartstudio.modes import MODES

AUDIO_SUFFIXES = (".ogg", ".opus", ".mp3", ".wav", ".flac", ".egg")

_SKIPPED_SHARE = 0.25
"""A cut begins so far into what a song is longer than it: past the introduction."""


def find_audio(folder: Path) -> tuple[Path, ...]:
    """Audio files at any depth of a folder, in order of their paths.

    Raises
    ------
    FormatError
        When there is no such folder, or no audio in it.
    """
    if not folder.is_dir():
        raise FormatError(str(folder), None, "is no folder; name one with songs in it")
    found = tuple(p for p in sorted(_files(folder)) if p.suffix.lower() in AUDIO_SUFFIXES)
    if not found:
        raise FormatError(str(folder), None, "holds no audio; name a folder with songs in it")
    return found


def _files(folder: Path) -> Iterator[Path]:
    return (p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


@lru_cache(maxsize=64)
def cut_of(path: Path, length_s: float, spec: FeatureSpec) -> Audio:
    """A stretch of a song in mono, at the rate that a model hears.

    Parameters
    ----------
    path : Path
    length_s : float
        Shorter songs stay whole.
    spec : FeatureSpec
    """
    whole = decode.load(path)
    samples = mono(whole.samples, whole.rate_hz, spec)
    n = round(length_s * spec.rate_hz)
    first = round(max(len(samples) - n, 0) * _SKIPPED_SHARE)
    part = np.ascontiguousarray(samples[None, first : first + n])
    part.setflags(write=False)
    return Audio(part, spec.rate_hz, whole.decoder)


def open_model(name: str) -> Model:
    """A model by the name it is installed under, or by its folder.

    Raises
    ------
    EngineError
        When it is neither, or broken.
    """
    folder = checkpoint.installed().get(name, Path(name))
    if not (folder / checkpoint.SPEC_FILE).is_file():
        known = ", ".join(checkpoint.installed()) or "none"
        raise EngineError(f"{name} is no model's folder, nor installed; installed: {known}")
    return checkpoint.load(folder)


@dataclass(eq=False)
class Drafter:
    """Drafts as the engine's service does, with a model that need not be installed.

    Parameters
    ----------
    model : Model
    """

    model: Model
    _ear: Ear = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._ear = Ear(self.model)

    def draft(self, request: GenerateRequest) -> Draft:
        """Answer a request.

        Raises
        ------
        EngineError
            When it cannot be met.
        """
        mode = MODES[request.chart.mode]
        task = prepare(request, mode, self.model, self._ear.song(request.audio, request.timing))
        return run(generate(task))

"""Songs and charts as values. Nothing here can be changed in place.

What a format holds and we do not model is kept in `Extra`, so that writing a file again
loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.note import Note
from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import TimingMap

Frozen = str | int | float | bool | None | tuple["Frozen", ...]
"""What an `Extra` may hold: text, numbers and tuples of them, so that it can be stored."""

Settings = tuple[tuple[str, float | str], ...]
"""Names and values."""


@dataclass(frozen=True, slots=True)
class Extra:
    """What a file holds beyond our model, by owner.

    Parameters
    ----------
    items : tuple of (str, Frozen)
        Owner (a format id, or a name such as ``"provenance"``) and its value.
    """

    items: tuple[tuple[str, Frozen], ...] = ()

    def get(self, owner: str, default: Any = None) -> Any:
        """The owner's value, or ``default``."""
        return next((value for name, value in self.items if name == owner), default)

    def set(self, owner: str, value: Frozen) -> Extra:
        """A copy with the owner's value replaced; None removes it."""
        kept = tuple(item for item in self.items if item[0] != owner)
        return Extra(kept if value is None else (*kept, (owner, value)))


@dataclass(frozen=True, slots=True)
class Effect:
    """A change of looks or sound along a chart that never moves a note in time.

    Parameters
    ----------
    tick : int
    kind : str
        ``scroll``, ``speed``, ``fakes``, ``sv``, ``volume``, ``combo``, ``tickcount``,
        ``label``, ``njs`` and the like.
    values : tuple
        As the kind defines them.
    """

    tick: int
    kind: str
    values: tuple[float | str, ...] = ()


def judged(timing: TimingMap, effects: Iterable[Effect], ticks: Ticks) -> NDArray[np.bool_]:
    """Whether a note on each tick would be judged, shape (N,).

    Not inside warps, unless the row has a stop or delay, and not inside fake stretches
    (``TimingData::IsJudgableAtRow`` of StepMania, the one game with either).
    """
    found = ~timing.warped(ticks)
    for effect in effects:
        if effect.kind == "fakes":
            found &= (ticks < effect.tick) | (ticks >= effect.tick + float(effect.values[0]))
    return found


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a song is called and who made it.

    ``title`` and ``artist`` are in the song's own script, the ``_translit`` fields in Latin
    letters. File names are relative to the song's folder. ``preview_s`` is None where the
    game is to choose; ``disallow_training`` is the author's opt-out (``robots: disallow``).
    """

    title: str = ""
    subtitle: str = ""
    artist: str = ""
    title_translit: str = ""
    subtitle_translit: str = ""
    artist_translit: str = ""
    genre: str = ""
    credit: str = ""
    source: str = ""
    tags: str = ""
    preview_s: float | None = None
    preview_length_s: float | None = None
    cover: str = ""
    background: str = ""
    banner: str = ""
    disallow_training: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One difficulty of a song.

    Parameters
    ----------
    mode : str
        Key of `chartstudio.modes.MODES`.
    name : str
        The difficulty (StepMania ``Challenge``, osu! ``Version``, Beat Saber ``ExpertPlus``).
    level : float or None
        The author's own figure: meter for dance and pump, stars for osu! modes.
    notes : tuple of Note
        In chart order (`core.note.sort_key`).
    timing : TimingMap or None
        This chart's own timing, or None for the song's.
    label : str
        The author's own name for it (StepMania description, Beat Saber label).
    credit : str
        Who charted it.
    settings : tuple of (str, float or str)
        The game's figures that hold for the whole chart, as far as the author set them; what
        they mean and their defaults are in the mode's ``settings`` table (osu! ``cs``,
        Beat Saber ``njs``). Sorted by name.
    """

    mode: str
    name: str = ""
    level: float | None = None
    notes: tuple[Note, ...] = ()
    timing: TimingMap | None = None
    effects: tuple[Effect, ...] = ()
    label: str = ""
    credit: str = ""
    extra: Extra = field(default_factory=Extra)
    settings: Settings = ()

    def setting(self, name: str, default: Any = None) -> Any:
        """One of the chart's settings, or ``default``."""
        return next((value for key, value in self.settings if key == name), default)

    def with_setting(self, name: str, value: float | str | None) -> Chart:
        """A copy with one setting replaced; None removes it."""
        kept = {key: old for key, old in self.settings if key != name}
        if value is not None:
            kept[name] = value
        return replace(self, settings=tuple(sorted(kept.items())))


@dataclass(frozen=True, slots=True)
class Song:
    """A song with all its charts.

    Parameters
    ----------
    audio : str
        Name of the audio file in the song's folder; empty when the source names none.
    problems : tuple of str
        What the reader had to skip or guess, one line each, for the list of issues.
    """

    metadata: Metadata = field(default_factory=Metadata)
    audio: str = ""
    timing: TimingMap = field(default_factory=lambda: TimingMap.constant(120.0))
    charts: tuple[Chart, ...] = ()
    effects: tuple[Effect, ...] = ()
    extra: Extra = field(default_factory=Extra)
    problems: tuple[str, ...] = field(default=(), compare=False)

    def timing_of(self, chart: Chart) -> TimingMap:
        """The chart's own timing, or else the song's."""
        return chart.timing or self.timing

    def with_chart(self, index: int, chart: Chart) -> Song:
        """A copy with one chart replaced."""
        return replace(self, charts=(*self.charts[:index], chart, *self.charts[index + 1 :]))

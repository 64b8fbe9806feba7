"""Which notes of a chart are judged, and how many of each kind there are.

It knows timing and effects, and what players call a note; no file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.note import ticks_of
from chartstudio.core.song import Chart, Effect, Song, judged
from chartstudio.modes import MODES

NOTE_KINDS = ("tap", "hold", "roll", "lift")
"""What StepMania's radar calls notes."""


def effects_of(song: Song, chart: Chart) -> tuple[Effect, ...]:
    """The effects in force: a chart with its own timing has its own effects only."""
    return chart.effects if chart.timing is not None else (*song.effects, *chart.effects)


def playable(song: Song, chart: Chart) -> NDArray[np.bool_]:
    """Whether each note of a chart is judged, shape (N,)."""
    return judged(song.timing_of(chart), effects_of(song, chart), ticks_of(chart.notes))


def kinds_of(chart: Chart) -> list[str]:
    """The kind of each note; a mode that we do not know has lane notes."""
    mode = MODES.get(chart.mode)
    kind_of: Callable[[Any], str] = mode.kind if mode else attrgetter("kind")
    return [kind_of(n) for n in chart.notes]


def count_kinds(song: Song, chart: Chart, everything: bool = False) -> Counter[str]:
    """Notes by kind.

    Parameters
    ----------
    song : Song
    chart : Chart
    everything : bool
        Whether to count notes that are not judged too.
    """
    kinds = kinds_of(chart)
    if everything:
        return Counter(kinds)
    return Counter(k for k, ok in zip(kinds, playable(song, chart), strict=True) if ok)


def count_notes(song: Song, chart: Chart) -> int:
    """How many notes a player is told the chart has."""
    return int((playable(song, chart) & counted(chart)).sum())


def counted(chart: Chart) -> NDArray[np.bool_]:
    """Whether players call each note one, judged or not, shape (N,)."""
    mode = MODES.get(chart.mode)
    if mode is None:
        return np.array([kind in NOTE_KINDS for kind in kinds_of(chart)], dtype=bool)
    return np.array([mode.counts(n) for n in chart.notes], dtype=bool)

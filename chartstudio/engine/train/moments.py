"""What a teacher's ear hands to its hand: chosen moments of the music, without places.

Every mode's placement takes these and gives notes. This module knows no mode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chartstudio.core.mode import Mode
from chartstudio.core.note import Note
from chartstudio.core.ticks import Ticks
from chartstudio.core.timing import TimingMap


@dataclass(frozen=True, slots=True)
class Moment:
    """One row before it has places.

    Parameters
    ----------
    tick : int
    hold : int
        Ticks that the followed sound lasts, where it is to be held; 0 for a plain note.
    pattern : (int, int)
        Which measure pattern, and the place in it: measures that sound alike share the first
        and are charted alike.
    pitch : int
        MIDI key of what is followed; 0 for drums and where nothing is.
    size : int
        1; 2 or more for accents.
    layer : str
        What is followed there, one of `piece.LAYERS`, or what fills it, where the followed
        voice rests; empty for a moment that nobody plays.
    drums : tuple of int
        General MIDI drum keys struck at this moment, whatever layer is followed.
    loudness : float
        How much sounds there, as a rank within the piece, 0 to 1; the same in every repeat of
        a measure.
    """

    tick: int
    hold: int
    pattern: tuple[int, int]
    pitch: int = 0
    size: int = 1
    layer: str = ""
    drums: tuple[int, ...] = ()
    loudness: float = 0.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the moments are to be placed.

    Parameters
    ----------
    mode : Mode
    timing : TimingMap
    starts : ndarray of int64
        Ticks at which measures start, the end of the last one included.
    level : float
        Level asked for, in the mode's unit.
    skill : float
        The level whose rules of play bind: what was reached so far, at most ``level``.
    habits : dict of str to float
        The author's knobs, 0 to 1, by name: those of `style.Style`, and the placement's own,
        which its module lists as ``HABITS`` (name, low, high). A placement reads its own by
        ``get`` with a default.
    sections : tuple of int
        Ticks at which sections start: there the followed voice or the density may change.
    """

    mode: Mode
    timing: TimingMap
    starts: Ticks
    level: float
    skill: float
    habits: dict[str, float]
    sections: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A chart's notes, and the figures that hold for the whole of it.

    Parameters
    ----------
    notes : tuple of Note
        In chart order.
    settings : tuple of (str, value)
        For `Chart.settings`.
    """

    notes: tuple[Note, ...]
    settings: tuple[tuple[str, Any], ...] = ()


Placer = Callable[[Sequence[Moment], Scene, np.random.Generator], Placed]
"""A mode's placement. It may leave out moments that cannot be played, and never adds any."""

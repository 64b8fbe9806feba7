"""An author's habits, as numbers that can be drawn and learned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

Habit = tuple[str, float, float]
"""A knob of a mode's placement: name, lowest and highest value that authors have."""


@dataclass(frozen=True, slots=True)
class Style:
    """An author's habits; all 0 to 1 unless said.

    Parameters
    ----------
    lead, drums, bass, chords : float
        Liking for each layer as the one that a section follows.
    section_measures : int
        Longest stretch under one followed voice.
    repeat : float
        Chance that a measure heard before is charted as before.
    mirror : float
        Chance that such a measure comes back with left and right exchanged.
    metre : float
        Preference for strong beats over loud ones.
    contrast : float
        How far density follows the music's.
    fill : float
        Willingness to borrow from other voices where the followed one is sparse.
    accents : float
        Share of notes that become chords, before the level's own limit.
    holds : float
        Chance that a sustained sound is held.
    habits : tuple of (str, float)
        Knobs of the mode's placement, as its ``HABITS`` name them; a placement has its own
        defaults for those that are missing.
    """

    lead: float
    drums: float
    bass: float
    chords: float
    section_measures: int
    repeat: float
    mirror: float
    metre: float
    contrast: float
    fill: float
    accents: float
    holds: float
    habits: tuple[tuple[str, float], ...] = ()

    @classmethod
    def drawn(cls, rng: np.random.Generator, habits: Iterable[Habit] = ()) -> Style:
        """Habits of a random author, those of a mode's placement included."""
        liking = rng.dirichlet((2.5, 2.0, 0.5, 1.0))
        low_high = {
            "repeat": (0.7, 1.0),
            "mirror": (0.0, 0.4),
            "metre": (0.3, 1.0),
            "contrast": (0.3, 1.0),
            "fill": (0.0, 1.0),
            "accents": (0.0, 0.35),
            "holds": (0.0, 0.8),
        }
        knobs = {name: round(float(rng.uniform(*span)), 3) for name, span in low_high.items()}
        lead, drums, bass, chords = (round(float(x), 3) for x in liking)
        measures = int(rng.choice((4, 8, 8, 16)))
        own = tuple((name, round(float(rng.uniform(low, high)), 3)) for name, low, high in habits)
        return cls(lead, drums, bass, chords, section_measures=measures, habits=own, **knobs)

    def knobs(self) -> tuple[tuple[str, float], ...]:
        """Every habit by name, those of the placement last."""
        own = tuple((f.name, getattr(self, f.name)) for f in fields(self) if f.name != "habits")
        return (*own, *self.habits)

"""Keeping a draft to the share of held notes that its author has.

A network goes on as it began: people hold note after note for a while, and a draft that falls
into such a run has nothing that leads it out again. So the first event of every row leans
towards held notes while the draft has too few of them, and away while it has too many. Knows
events and counts; refuses to know the network and the song.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.mode import Mode

_BEGIN_HELD = ("hold",)
"""Ranges whose events begin a held note that may as well be a bare one."""

_PULL, _MOST = 0.25, 5.0
"""By how much a row changes the lean, and how far it goes, both in log-odds: a run of some bars
may stay, one of half a song may not."""


def begins_held(mode: Mode) -> NDArray[np.bool_]:
    """Which events of a mode begin a held note, shape (V,); none in modes without a choice."""
    return np.concatenate([np.full(r.size, r.name in _BEGIN_HELD) for r in mode.event_ranges])


@dataclass(slots=True)
class HeldShare:
    """How far a candidate leans to held notes.

    Parameters
    ----------
    share : float
        Of the rows, that are to hold a note.
    lean : float
        What is added to the scores of events that begin one, in log-odds.
    """

    share: float
    lean: float = 0.0

    def see(self, held: bool) -> None:
        """Take note of a row that was written."""
        moved = self.lean + _PULL * (self.share - held)
        self.lean = min(max(moved, -_MOST), _MOST)

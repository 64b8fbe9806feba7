"""Windows that do not begin right after a long pause.

What the placer is told of earlier rows reaches a few seconds back, and is told only where a row
lies within that reach. Breaks of human charts are longer than those of rendered music.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chartstudio.engine.features import SLOTS_PER_BEAT
from chartstudio.engine.tokens import TRACE_S
from chartstudio.engine.train.dataset import PLAIN, Example, Windows
from chartstudio.engine.train.masks import Mask

_REACH_S = 12.0 * max(TRACE_S)
"""How far back `tokens.row_inputs` looks."""


@dataclass(frozen=True, eq=False)
class HumanWindows(Windows):
    """Windows of charts with breaks."""

    def first_beat(
        self, example: Example, mask: Mask, rng: np.random.Generator, wanted: int = PLAIN
    ) -> int:
        """As of `Windows`; later where its first row would be the first after a break."""
        first = super().first_beat(example, mask, rng, wanted)
        rows = example.chart.rows
        rested = 1 + np.flatnonzero(np.diff(rows.seconds) > _REACH_S)
        while True:
            low, high = rows.between(first, self.n_beats)
            if low >= high or low not in rested:
                return first
            first = int(rows.slots[low]) // SLOTS_PER_BEAT + 1

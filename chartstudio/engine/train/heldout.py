"""How a network does on music that it was never trained on, mode by mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from chartstudio.engine.net import Net
from chartstudio.engine.train.dataset import Cut, Windows
from chartstudio.engine.train.losses import Numbers, figures
from chartstudio.engine.train.masks import hide

_KINDS = ("draft", "bars", "gap", "draft")
"""Tasks that are judged, in turn."""

_BATCH = 8
_SEED = 4711


@dataclass(frozen=True, slots=True)
class Judgement:
    """Figures of one mode.

    Parameters
    ----------
    times : float
        Loss of the note times, nats per beat.
    kinds : float
        Loss of chord and hold, nats per row.
    events : float
        Loss of what rows hold, nats per event, labels not smoothed.
    accuracy : float
        Share of the events that the network thought likeliest, 0 to 1.
    n_events : int
    """

    times: float
    kinds: float
    events: float
    accuracy: float
    n_events: int

    @property
    def total(self) -> float:
        """What the best checkpoint has least of."""
        return self.times + self.events


def judge(net: Net, windows: Windows, n_each: int, numbers: Numbers) -> dict[str, Judgement]:
    """Judge a network on fixed windows of each mode.

    Parameters
    ----------
    net : Net
        In evaluation mode.
    windows : Windows
        Of held-out pieces.
    n_each : int
        Windows per mode.
    numbers : Numbers
    """
    found = {}
    for mode_id in windows.mode_ids:
        cuts = _cuts(windows, mode_id, n_each)
        parts = []
        for i in range(0, len(cuts), _BATCH):
            batch = windows.collate(cuts[i : i + _BATCH], None).to(numbers.device)
            with torch.inference_mode():
                parts.append(figures(net, batch, numbers).cpu().numpy())
        sums = np.sum(parts, axis=0, dtype=np.float64)
        times, beats, kinds, rows, events, right, n = sums.tolist()
        found[mode_id] = Judgement(
            times=times / max(beats, 1.0),
            kinds=kinds / max(rows, 1.0),
            events=events / max(n, 1.0),
            accuracy=right / max(n, 1.0),
            n_events=round(n),
        )
    return found


def _cuts(windows: Windows, mode_id: str, n_each: int) -> Sequence[Cut]:
    """The same windows every time: spread over the mode's charts, their tasks in turn."""
    own = [e for e in windows.examples if e.chart.mode.id == mode_id]
    rng = np.random.default_rng(_SEED)
    found = []
    for i in range(n_each):
        example = own[i * len(own) // n_each]
        beats = example.chart.song.bars.beats
        mask = hide(_KINDS[i % len(_KINDS)], example.chart.rows, beats, rng)
        found.append(windows.cut(example, mask, windows.first_beat(example, mask, rng), rng))
    return found


def mean_total(judged: dict[str, Judgement]) -> float:
    """Mean over modes, each counting alike."""
    return float(np.mean([j.total for j in judged.values()])) if judged else float("inf")

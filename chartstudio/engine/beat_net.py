"""Where beats and downbeats are heard: a small network over the whole song.

It hears what `onsets.novelty` measured, fifty times a second, and gives the log-odds of a
beat and of a downbeat at each moment. To the millisecond it says nothing: that is read from
the onsets. This module knows nothing of tempos.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.engine.onsets import Novelty

FRAME_HZ = 50.0

N_BANDS = 32
_CENTRES_HZ = np.geomspace(40.0, 10_000.0, N_BANDS)

N_CHANNELS = 2 * N_BANDS
"""Level and rise of each band."""

WEIGHTS = Path("beats", "weights.safetensors")
"""Among the models that ship."""

_WIDTH, _N_LAYERS, _KERNEL = 40, 11, 5


def features(found: Novelty) -> NDArray[np.float32]:
    """What the network hears.

    Parameters
    ----------
    found : Novelty

    Returns
    -------
    ndarray, shape (T, N_CHANNELS), float32
        Frame ``i`` is the 20 ms around second ``found.start_s + i / FRAME_HZ``. Levels have
        mean 0 in every band and deviation 1 over all; rises have a mean square of 1.
    """
    n = int(len(found.colour) * found.hop_s * FRAME_HZ)
    edges = (np.arange(n + 1) - 0.5) / FRAME_HZ / found.hop_s + 0.5
    colour = found.colour @ _to_fixed(found)
    rise = np.zeros_like(colour)
    rise[1:-2] = np.maximum(colour[3:] - colour[:-3], 0.0)
    level, rises = (_pooled(part, edges) for part in (colour, rise))
    level -= level.mean(axis=0)
    level /= float(level.std()) + 1e-6
    rises /= float(np.sqrt(np.mean(rises**2))) + 1e-6
    return np.concatenate((level, rises), axis=1).astype(np.float32)


def _to_fixed(found: Novelty) -> NDArray[np.float32]:
    """Interpolation from the recording's bands to the network's, shape (K, N_BANDS)."""
    own, wanted = np.log2(found.centres_hz), np.log2(_CENTRES_HZ)
    columns = [np.interp(wanted, own, row) for row in np.eye(len(own))]
    return np.array(columns, dtype=np.float32)


def _pooled(curve: NDArray[np.float32], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means between fractional edges, shape (len(edges) - 1, ...)."""
    total = np.cumsum(np.pad(curve.astype(np.float64), ((1, 0), (0, 0))), axis=0)
    at = np.clip(edges, 0, len(curve))
    low = np.minimum(at.astype(np.int64), len(curve) - 1)
    part = (at - low)[:, None]
    sums = total[low] * (1 - part) + total[low + 1] * part
    found: NDArray[np.float64] = np.diff(sums, axis=0) / np.maximum(np.diff(at), 1e-3)[:, None]
    return found


class BeatNet(nn.Module):
    """Dilated convolutions that look at some 80 s around each frame.

    After the temporal convolutional networks of Davies and Böck (2019).
    """

    def __init__(self, width: int = _WIDTH) -> None:
        super().__init__()
        self.first = nn.Conv1d(N_CHANNELS, width, 3, padding=1)
        self.wide = nn.ModuleList(
            nn.Conv1d(width, width, _KERNEL, padding=2 * 2**i, dilation=2**i)
            for i in range(_N_LAYERS)
        )
        self.mix = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(_N_LAYERS))
        self.last = nn.Conv1d(width, 2, 1)

    def forward(self, heard: Tensor) -> Tensor:
        """Log-odds of a beat and of a downbeat.

        Parameters
        ----------
        heard : Tensor, shape (B, N_CHANNELS, T)

        Returns
        -------
        Tensor, shape (B, 2, T)
        """
        *_, found = self.steps(heard)
        return found

    def steps(self, heard: Tensor) -> Iterator[Tensor]:
        """The states after each layer; the last one is what `forward` gives."""
        state = functional.elu(self.first(heard))
        for wide, mix in zip(self.wide, self.mix, strict=True):
            yield state
            state = state + mix(functional.elu(wide(state)))
        yield self.last(functional.elu(state))


@dataclass(frozen=True, slots=True, eq=False)
class Pulses:
    """Where beats are heard.

    Attributes
    ----------
    beat, downbeat : ndarray, shape (T,), float64
        Log-odds at second ``start_s + i / FRAME_HZ``.
    start_s : float
    """

    beat: NDArray[np.float64]
    downbeat: NDArray[np.float64]
    start_s: float

    @property
    def times_s(self) -> NDArray[np.float64]:
        """Of the frames."""
        return self.start_s + np.arange(len(self.beat)) / FRAME_HZ


def listen(found: Novelty) -> Generator[float, None, Pulses]:
    """Run the network over a recording.

    Yields
    ------
    float
        Share done, 0 to 1.

    Raises
    ------
    EngineError
        When the weights cannot be read.
    """
    net = _net()
    yield 0.0
    heard = torch.from_numpy(features(found).T.copy())[None]
    with torch.inference_mode():
        steps = net.steps(heard)
    for i in range(_N_LAYERS + 1):
        yield i / (_N_LAYERS + 1)
        with torch.inference_mode():
            state = next(steps)
    beat, downbeat = state[0].numpy().astype(np.float64)
    return Pulses(beat, downbeat, found.start_s)


@cache
def _net() -> BeatNet:
    path = paths.shipped_models() / WEIGHTS
    net = BeatNet()
    try:
        net.load_state_dict({name: t.float() for name, t in load_file(path).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise EngineError(f"{path}: cannot be read ({error}); install the program again") from error
    return net.eval().requires_grad_(False)

"""Features as another room, mix, player and timing would give them.

Works on batches of windows, in torch; refuses to know charts.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chartstudio.engine.features import SLOTS_PER_BEAT, FeatureSpec

_LATEST_S = 0.025


def roughen(
    features: Tensor, spec: FeatureSpec, slot_s: NDArray[np.float64], rng: np.random.Generator
) -> Tensor:
    """Windows with other tone and timing, each of its own.

    Bands are raised, lowered or silenced for the whole window, so that a song is not known by
    its tone: without this the network learns the rendered songs by heart. All is moved by up
    to `_LATEST_S`, because authors sync by ear: a network that has only seen exact timing
    hears nothing in a song that is 20 ms off.

    Parameters
    ----------
    features : Tensor, shape (B, T, M)
    spec : FeatureSpec
    slot_s : ndarray, shape (B,)
        Time from slot to slot.
    rng : numpy.random.Generator
    """
    n = len(features)
    late_s = np.clip(rng.normal(0.0, _LATEST_S / 2, n), -_LATEST_S, _LATEST_S)
    tilt, bend = rng.normal(0.0, 0.4, (2, n, 1))
    found = torch.empty_like(features)
    start = 0
    for group in spec.groups:
        channels = slice(start, start + group.n_channels)
        start += group.n_channels
        m = group.n_mels
        place = np.linspace(-1.0, 1.0, m)
        tone = tilt * place + bend * np.cos(np.pi * place) + rng.normal(0.0, 0.15, (n, m))
        low = rng.integers(m, size=(n, 1))
        high = low + rng.integers(1, m // 3, size=(n, 1))
        silenced = rng.random((n, 1)) < 0.7
        heard = ~(silenced & (np.arange(m) >= low) & (np.arange(m) < high))
        rise = heard * np.exp(rng.normal(0.0, 0.25, (n, 1)) + rng.normal(0.0, 0.2, (n, m)))
        scale = np.concatenate((heard * np.exp(rng.normal(0.0, 0.15, (n, 1))), rise), axis=1)
        offset = np.concatenate((tone * heard, np.zeros((n, m))), axis=1)
        scaled = _all_frames(features[..., channels], scale, offset)
        n_late = np.rint(late_s / slot_s * group.per_beat / SLOTS_PER_BEAT).astype(int)
        for b, late in enumerate(n_late.tolist()):
            frames = scaled[b].reshape(-1, 2 * m)
            found[b, :, channels] = frames.roll(late, 0).reshape(scaled[b].shape)
    return found


def _all_frames(part: Tensor, scale: NDArray[np.float64], offset: NDArray[np.float64]) -> Tensor:
    """The frames of every position times a scale and moved by an offset, each (B, 2 * mels)."""
    n_frames = part.shape[2] // scale.shape[1]
    factors, steps = (
        torch.from_numpy(np.tile(x, n_frames).astype(np.float32)).unsqueeze(1)
        for x in (scale, offset)
    )
    return torch.addcmul(steps, part, factors)

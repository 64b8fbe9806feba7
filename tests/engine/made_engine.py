"""Songs of clicks, and a network whose scores are written by hand."""

from dataclasses import replace

import numpy as np
import torch

from chartstudio.core.note import shift, sort_notes
from chartstudio.engine.checkpoint import Model, ModelSpec
from chartstudio.engine.features import (
    SLOTS_PER_BEAT,
    SLOTS_PER_POSITION,
    SongFeatures,
    mono,
    slot_grid,
)
from chartstudio.engine.net import Net
from chartstudio.engine.train.piece import TAUGHT_MODES
from chartstudio.engine.vocab import Vocabulary
from chartstudio.modes import MODES

RATE_HZ = 22_050
SIZES = {"width": 8, "state": 8, "n_heads": 2, "n_layers": 1, "dilations": (1, 12)}


def clicks(times_s, duration_s, rate_hz=RATE_HZ):
    """A click at each time, in mono."""
    samples = np.zeros(round(duration_s * rate_hz), dtype=np.float32)
    click = np.random.default_rng(0).normal(size=400).astype(np.float32)
    click *= np.exp(-np.arange(400) / 80).astype(np.float32)
    for time_s in times_s:
        at = round(time_s * rate_hz)
        samples[at : at + 400] += 0.3 * click[: max(len(samples) - at, 0)]
    return samples


class ScriptedEncoder(torch.nn.Module):
    """Likes beats best, then 8ths, then 16ths; hears nothing."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.unused = torch.nn.Parameter(torch.zeros(1))
        self.n_calls = 0

    def forward(self, heard):
        self.n_calls += 1
        n, t = heard.features.shape[:2]
        slot = torch.arange(t * SLOTS_PER_POSITION) % SLOTS_PER_BEAT
        scores = torch.full((n, t * SLOTS_PER_POSITION, 3), -6.0)
        for step, score in ((12, -2.0), (24, 0.0), (48, 2.0)):
            scores[:, slot % step == 0] = score
        return torch.zeros(n, t, self.spec.width), scores


def tiny_model(scripted=True, seed=0):
    spec = ModelSpec.fresh("tiny", Vocabulary.of(MODES[m] for m in TAUGHT_MODES), **SIZES)
    spec = replace(spec, plan=replace(spec.plan, noise=0.1))
    torch.manual_seed(seed)
    net = Net(spec.net)
    if scripted:
        net.encoder = ScriptedEncoder(spec.net)
    return Model(spec, net.eval().requires_grad_(False))


def song_of(audio, timing, spec):
    samples = mono(audio.samples, audio.rate_hz, spec)
    return SongFeatures(samples, slot_grid(timing, audio.duration_s), spec)


def decode_rows(rows, mode):
    """Notes of rows, and how many events were bad."""
    found = [
        mode.decode(t, events) for t, events in zip(rows.ticks.tolist(), rows.events, strict=True)
    ]
    return sort_notes(n for notes, _ in found for n in notes), sum(bad for _, bad in found)


def snap_notes(notes, timing, snap):
    """Notes moved to the nearest grid line, keeping their lengths."""
    return sort_notes(shift(n, timing.snap(n.tick, snap) - n.tick) for n in notes)

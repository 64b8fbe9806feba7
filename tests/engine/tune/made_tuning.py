"""A tiny base model in the user's own folder of models, and an author's songs to tune it on."""

from dataclasses import replace

import numpy as np
import torch
from made_engine import SIZES, clicks

from chartstudio.audio import encode
from chartstudio.core import paths
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.net import Net
from chartstudio.engine.requests import TrainChart, TrainRequest, TrainStep
from chartstudio.engine.tune.recipe import Recipe
from chartstudio.engine.vocab import Vocabulary
from chartstudio.formats import project
from chartstudio.formats.bundle import save_files
from chartstudio.modes import MODES


def tiny_base(name="tiny", version="7", modes=("mania-4k", "taiko"), seed=0):
    """Save an untrained model and hand it back as it is loaded."""
    vocabulary = Vocabulary.of(MODES[m] for m in modes)
    torch.manual_seed(seed)
    spec = ModelSpec.fresh(name, vocabulary, **SIZES)
    folder = paths.user_models() / name
    fresh = checkpoint.ModelSpec.from_json(spec.to_json() | {"version": version})
    checkpoint.save(folder, fresh, Net.fresh(spec.net, vocabulary))
    return checkpoint.load(folder)


# An author ---------------------------------------------------------------------------------

TIMING = TimingMap.constant(150.0)
N_BEATS = 60
LANES = (0, 2, 1, 3)


def chart_of(n_song, mode_id="mania-4k", step=1, name="Hard"):
    """A run through the lanes in an order of the author's, chords at times."""
    notes = []
    for b in range(2, N_BEATS - 2, step):
        lanes = {LANES[(b + n_song) % 4]} | ({LANES[(b + n_song + 2) % 4]} if b % 8 == 0 else set())
        notes += [LaneNote(b * BEAT, b * BEAT, lane) for lane in lanes]
        if b % 3 == 0:
            half = b * BEAT + BEAT // 2
            notes.append(LaneNote(half, half, LANES[(b + 2) % 4]))
    if mode_id == "taiko":
        notes = [LaneNote(n.tick, n.tick, 0, ("don", "kat")[n.lane % 2]) for n in notes[::2]]
        notes = {n.tick: n for n in notes}.values()
    return Chart(mode_id, name, None, sort_notes(notes))


def save_song(folder, n_song, charts=None):
    """A song of 24 s on disk: clicks, and a project with charts of two levels."""
    charts = charts or (chart_of(n_song), chart_of(n_song, step=2, name="Easy"))
    rng = np.random.default_rng(n_song)
    times = [b * 0.2 for b in range(116) if b % 2 == 0 or rng.random() < 0.4]
    wav = encode.wav(clicks(times, 24.0)[None], 22_050, "PCM_16")
    song = Song(Metadata(f"Song {n_song}"), "song.wav", TIMING, tuple(charts))
    save_files(folder, {"song.wav": wav, **project.write(song)})
    return folder


def author(root, splits=("train", "train", "validation", "test")):
    """Songs with two charts each, and what a request names of them."""
    found = []
    for n, split in enumerate(splits):
        path = save_song(root / f"song-{n}", n)
        found += [TrainChart(path, i, split, f"sound {n}") for i in range(2)]
    return tuple(found)


RECIPE = Recipe(
    n_steps=8, batch=4, rank=2, warm_up=2, judge_every=4, n_judged=2, draft_every=0, habits=False,
    folds=1, numbers="float32", n_workers=1,
)  # fmt: skip


def request_of(charts, name="mine", base="tiny", recipe=RECIPE, **changes):
    return TrainRequest(name, charts, base, replace(recipe, **changes), device="cpu")


def steps_of(job, n=None):
    """The steps of a job, or of its beginning, and what it gave in the end."""
    found = []
    try:
        while n is None or len(found) < n:
            step = next(job).partial
            if isinstance(step, TrainStep):
                found.append(step)
    except StopIteration as stop:
        return found, stop.value
    job.close()
    return found, None

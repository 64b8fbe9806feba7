"""A tiny base model in the user's own folder of models, for tunes to start from."""

import torch
from made_engine import SIZES

from chartstudio.core import paths
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.net import Net
from chartstudio.engine.vocab import Vocabulary
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

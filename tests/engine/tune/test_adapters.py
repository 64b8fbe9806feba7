"""Adapters: what learns, what they add, and which base they fit."""

import json
from dataclasses import replace

import pytest
import torch
from made_tuning import tiny_base

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import BaseModel
from chartstudio.engine.net import Net
from chartstudio.engine.service import Engine
from chartstudio.engine.tune import adapters

PARTS = ("encoder", "placer")


def adapted(base, rank=2, parts=PARTS):
    net = Net(base.spec.net)
    net.load_state_dict(base.net.state_dict())
    adapters.attach(net, rank, parts)
    return net


def moved(net):
    """Everything that learns, moved by chance."""
    with torch.no_grad():
        for own in net.parameters():
            if own.requires_grad:
                own.add_(0.1 * torch.randn_like(own))
    return net


def of_base(base, name="mine"):
    known = BaseModel(base.spec.name, base.spec.version, checkpoint.digest(base.net))
    return replace(base.spec, name=name, base=known)


def test_a_fresh_adapter_changes_nothing_and_leaves_the_base_frozen():
    base = tiny_base()
    net = adapted(base)
    plain = adapters.plain(net)
    assert plain.keys() == base.net.state_dict().keys()
    for name, tensor in base.net.state_dict().items():
        assert torch.equal(plain[name], tensor), name
    learning = {name for name, p in net.named_parameters() if p.requires_grad}
    assert not any(name.endswith("original") or "mode.weight" in name for name in learning)
    ends = {name.split(".")[-1] for name in learning}
    assert ends == {"up", "down", "bias", "weight"}  # weights of norms only
    assert all(p.ndim == 1 or ".parametrizations." in n for n, p in net.named_parameters()
               if p.requires_grad)  # fmt: skip


def test_what_is_learned_beside_the_base_is_all_of_it():
    base = tiny_base()
    net = moved(adapted(base))
    merged = adapters.merged(base.net.state_dict(), adapters.learned(net))
    plain = adapters.plain(net)
    changed = 0
    for name, tensor in plain.items():
        assert torch.allclose(merged[name], tensor, atol=1e-6), name
        changed += not torch.equal(tensor, base.net.state_dict()[name])
    assert changed > 20
    # A layer with an adapter computes what the merged one does.
    x = torch.randn(3, base.spec.net.width)
    expected = torch.nn.functional.linear(x, plain["encoder.when.weight"], net.encoder.when.bias)
    assert torch.allclose(net.encoder.when(x), expected, atol=1e-6)
    # So does what reads weights past their layers.
    assert torch.allclose(net.placer.matrices()["out"],
                          net_with(base, plain).placer.matrices()["out"], atol=1e-6)  # fmt: skip


def net_with(base, weights):
    net = Net(base.spec.net)
    net.load_state_dict(weights)
    return net


def test_only_the_parts_that_are_named_learn():
    net = adapted(tiny_base(), parts=("placer.out", "encoder.when"))
    learning = {name for name, p in net.named_parameters() if p.requires_grad}
    assert learning
    assert all(name.startswith(("placer.out", "encoder.when")) for name in learning)
    full = Net(tiny_base().spec.net)
    adapters.free(full, ("placer",))
    assert all(p.requires_grad == n.startswith("placer") for n, p in full.named_parameters())


def test_an_adapter_is_a_model_like_any_other():
    base = tiny_base()
    net = moved(adapted(base))
    folder = paths.user_models() / "mine"
    checkpoint.save_adapter(folder, of_base(base), adapters.learned(net))
    assert {p.name for p in folder.iterdir()} == {"model.json", "adapter.safetensors"}
    assert "mine" in checkpoint.installed()
    model = checkpoint.load(folder)
    assert model.label == "mine 7"
    for name, tensor in adapters.plain(net).items():
        assert torch.allclose(model.net.state_dict()[name], tensor, atol=2e-3), name
    assert not any(p.requires_grad for p in model.net.parameters())
    assert "mine" in {card.name for card in Engine(model="mine").models()}


def test_an_adapter_of_another_base_is_refused_in_one_line():
    base = tiny_base()
    folder = paths.user_models() / "mine"
    checkpoint.save_adapter(folder, of_base(base), adapters.learned(adapted(base)))
    tiny_base(version="8")
    with pytest.raises(EngineError, match=r"from tiny 7, 8 is installed; .* 'mine' again"):
        checkpoint.load(folder)
    tiny_base(version="7", seed=1)
    with pytest.raises(EngineError, match="another of that version is installed"):
        checkpoint.load(folder)
    checkpoint.save_adapter(paths.user_models() / "tiny", of_base(base, "tiny"), {})
    with pytest.raises(EngineError, match="was tuned itself"):
        checkpoint.load(folder)
    (paths.user_models() / "tiny" / "model.json").unlink()
    with pytest.raises(EngineError, match="tiny 7, which is not installed"):
        checkpoint.load(folder)


def test_broken_adapters_are_refused_in_one_line():
    base = tiny_base()
    folder = paths.user_models() / "mine"
    learned = adapters.learned(adapted(base))
    checkpoint.save_adapter(folder, of_base(base), {**learned, "nowhere.up": torch.zeros(2, 2)})
    with pytest.raises(EngineError, match="does not fit"):
        checkpoint.load(folder)
    found = json.loads((folder / "model.json").read_text("utf-8"))
    found["base"] = {"name": "tiny"}
    (folder / "model.json").write_text(json.dumps(found), "utf-8")
    with pytest.raises(EngineError, match="no model of this version"):
        checkpoint.load(folder)
    (folder / "model.json").unlink()
    checkpoint.save_adapter(folder, of_base(base), learned)
    (folder / "adapter.safetensors").write_bytes(b"\0" * 40)
    with pytest.raises(EngineError, match="cannot be read"):
        checkpoint.load(folder)

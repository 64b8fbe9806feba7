"""What the network is told beside the sound, and what events have in common."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from chartstudio.core.mode import EventRange
from chartstudio.engine import checkpoint
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.net import Heard, Net
from chartstudio.engine.requests import LAYERS
from chartstudio.engine.rows import RowPlacer
from chartstudio.engine.vocab import AXES, Vocabulary
from chartstudio.engine.windows import WindowInput, _density, _layers, layer_shares, style_vector
from chartstudio.modes import MODES

LANES = Vocabulary.of(MODES[m] for m in ("dance-single", "mania-7k", "taiko"))
ALL = Vocabulary.of(MODES[m] for m in ("dance-single", "osu", "beatsaber"))
SIZES = {"width": 8, "state": 8, "n_heads": 2, "n_layers": 1, "dilations": (1, 12)}
STYLES = (("jacks", 0.0, 0.6), ("repeat", 0.5, 1.0))
N = 24


def spec_of(vocabulary=ALL, **sizes):
    return ModelSpec.fresh("t", vocabulary, **{**SIZES, "styles": STYLES, **sizes})


def net_of(spec, seed=0):
    torch.manual_seed(seed)
    net = Net.fresh(spec.net, spec.vocabulary)
    if spec.net.n_facets:
        torch.nn.init.normal_(net.placer.by_facet, std=0.2)
    return net.eval().requires_grad_(False)


def window(spec, seed=0, **said):
    rng = np.random.default_rng(seed)
    return WindowInput(
        features=rng.normal(size=(N, spec.net.n_features)).astype(np.float32),
        raster=np.zeros((N, spec.net.n_raster), np.float32),
        beat_in_bar=np.zeros(N, np.int64),
        beat_s=np.zeros(N, np.float32),
        **said,
    )


def scores(net, *windows):
    asked = np.zeros((len(windows), 4), np.float32)
    return net.encoder(Heard.of(windows, [0] * len(windows), asked))[1]


# Facets


def test_lanes_have_no_facets_and_cost_nothing():
    assert LANES.facets().shape == (LANES.n_events, 0)
    bare, lanes = net_of(spec_of(LANES, n_facets=0)), net_of(spec_of(LANES))
    n_bare, n_lanes = (sum(p.numel() for p in net.placer.parameters()) for net in (bare, lanes))
    assert n_bare == n_lanes


@pytest.mark.parametrize("name", sorted(AXES))
def test_axes_fit_the_ranges_that_modes_have(name):
    sizes = {r.name: r.size for mode in MODES.values() for r in mode.event_ranges}
    assert np.prod([axis.size for axis in AXES[name]]) == sizes[name]


def test_neighbours_are_alike_and_directions_go_round():
    facets, mode = ALL.facets(), MODES["osu"]
    shared = ALL.shared(mode)

    def alike(name, a, b):
        one, other = (facets[shared[mode.event(name, v)]] for v in (a, b))
        return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    assert alike("osu-x", 5, 6) > alike("osu-x", 5, 7) > alike("osu-x", 5, 9)
    assert alike("osu-x", 0, 15) < 0.01
    assert alike("slider-direction", 0, 15) == pytest.approx(
        alike("slider-direction", 0, 1), abs=0.1
    )
    assert alike("osu-x", 5, 5) == pytest.approx(1.0)
    assert not facets[shared[mode.event("new-combo")]].any()


def test_cuts_of_one_cell_and_of_one_direction_share():
    facets, mode = ALL.facets(), MODES["beatsaber"]
    shared = ALL.shared(mode)
    red, same_cell, same_cut, blue, other = (
        facets[shared[mode.event(name, cell * 9 + cut)]] > 0
        for name, cell, cut in (
            ("red-cut", 5, 1), ("red-cut", 5, 2), ("red-cut", 11, 1), ("blue-cut", 5, 1),
            ("red-cut", 2, 3),
        )
    )  # fmt: skip
    assert (red & same_cell).sum() == 4  # row and column, its own and those of both hands
    assert (red & same_cut).sum() == 2
    assert (red & blue).sum() == 3
    assert (red & other).sum() == 0
    assert (red & (facets[shared[mode.event("bomb-cell", 5)]] > 0)).sum() == 2


def test_a_range_of_another_size_has_no_facets():
    odd = Vocabulary((("odd", (EventRange("end", 1), EventRange("osu-x", 5))),))
    assert odd.facets().shape[1] == 0


def test_rows_one_by_one_equal_rows_at_once_with_facets():
    placer = net_of(spec_of()).placer
    assert placer.spec.n_facets > 0
    torch.manual_seed(1)
    inputs = torch.randn(2, 20, placer.row.in_features)
    beats = torch.cumsum(torch.rand(2, 20) + 0.3, dim=1)
    at_once = placer.walk(inputs, torch.tensor([1, 1]), beats).numpy()
    quick = RowPlacer(placer)
    memory, found = quick.remember(2), []
    for r in range(20):
        found.append(quick.step(inputs[:, r].numpy(), 1, beats[:, r].numpy(), memory))
        for k in range(2):
            memory.keep(k)
    assert np.allclose(np.stack(found, axis=1), at_once, atol=1e-5)
    so_far, last = torch.rand(2, ALL.n_events), torch.tensor([0, 40])
    spelled = placer.spell(torch.from_numpy(found[0]), so_far, last).numpy()
    assert np.allclose(quick.spell(found[0], so_far.numpy(), last.numpy()), spelled, atol=1e-5)


def test_a_model_with_facets_is_the_same_after_saving(tmp_path):
    spec = spec_of()
    net = net_of(spec)
    checkpoint.save(tmp_path, spec, net)
    again = checkpoint.load(tmp_path)
    assert again.spec == spec
    assert again.spec.net.styles == STYLES
    for name, matrix in net.placer.matrices().items():
        assert torch.allclose(again.net.placer.matrices()[name], matrix, atol=2e-3)


# The guide


def followed(layer):
    """The layer of a number, followed throughout."""
    return np.tile(layer_shares(np.arange(len(LAYERS))[None] == layer), (N, 1))


def test_what_is_not_said_adds_nothing():
    spec = spec_of()
    net = net_of(spec)
    silent = scores(net, window(spec))
    unsaid = {
        "echo": np.zeros((N, spec.net.n_echo), np.float32),
        "density": np.zeros((N, 2), np.float32),
        "layer": np.tile(layer_shares(np.zeros((1, len(LAYERS)), bool)), (N, 1)),
        "style": np.zeros((2, 2), np.float32),
    }
    assert torch.allclose(silent, scores(net, window(spec, **unsaid)), atol=1e-6)


@pytest.mark.parametrize("name", ["echo", "density", "layer", "style"])
def test_what_is_said_is_heard(name):
    spec = spec_of()
    net = net_of(spec)
    said = {
        "echo": np.ones((N, spec.net.n_echo), np.float32),
        "density": np.ones((N, 2), np.float32),
        "layer": followed(2),
        "style": style_vector({"jacks": 0.6}, STYLES),
    }
    assert not torch.allclose(
        scores(net, window(spec)), scores(net, window(spec, **{name: said[name]}))
    )


def test_a_model_without_ears_for_it_drafts_as_ever():
    spec = spec_of(n_echo=0, guided=False, layers=(), styles=(), n_facets=0)
    net = net_of(spec)
    assert not {"encoder.echo.weight", "encoder.layer.weight"} & set(net.state_dict())
    said = {"density": np.ones((N, 2), np.float32), "layer": followed(2)}
    assert torch.equal(scores(net, window(spec)), scores(net, window(spec, **said)))


def test_a_spec_of_before_reads_as_one_without(tmp_path):
    spec = spec_of(n_echo=0, guided=False, layers=(), styles=(), n_facets=0)
    found = spec.to_json()
    for name in ("n_echo", "guided", "layers", "styles", "n_facets"):
        del found["net"][name]
    assert ModelSpec.from_json(found) == spec
    with pytest.raises(TypeError):
        ModelSpec.from_json({**found, "net": {**found["net"], "ears": 2}})


def test_density_and_layers_beyond_the_song_are_unknown():
    density = np.array([1.0, np.nan, 4.0], dtype=np.float32)
    found = _density(density, np.arange(-1, 4))[::12]
    assert found[:, 0].tolist() == [0, 1, 0, 1, 0]
    assert found[3, 1] == pytest.approx(np.log(4.0))
    shares = layer_shares(np.array([[False, True], [True, True]]))
    found = _layers(shares, np.arange(-1, 3))[::12]
    assert found.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0.5, 0.5], [1, 0, 0]]


def test_habits_are_said_by_their_own_range():
    found = style_vector({"jacks": 0.3, "repeat": 2.0, "foreign": 1.0}, STYLES)
    assert found.tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert not style_vector({}, STYLES).any()


def test_windows_that_say_different_things_are_refused():
    spec = spec_of()
    told = replace(window(spec), layer=followed(2))
    with pytest.raises(ValueError, match="same shape"):
        Heard.of([window(spec), told], [0, 0], np.zeros((2, 4), np.float32))

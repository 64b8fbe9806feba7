"""The network without beats, and the one that writes in one stream."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from made_training import filled

from chartstudio.engine.features import SLOTS_PER_POSITION, FeatureSpec
from chartstudio.engine.net import Encoder, Heard
from chartstudio.engine.train import ablate_joint
from chartstudio.engine.train.ablate_frames import Clock, FramesEncoder, read
from chartstudio.engine.train.ablate_joint import Blank, Joint, draft, streams, written
from chartstudio.engine.train.dataset import Windows
from chartstudio.engine.train.loop import Recipe, Shelves, fresh_state
from chartstudio.engine.vocab import END, Vocabulary
from chartstudio.modes import MODES

MODE = MODES["dance-single"]
VOCABULARY = Vocabulary.of([MODE])
SIZES = {"width": 16, "state": 16, "dilations": (1, 2)}


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    shelves = Shelves.of(filled(tmp_path_factory.mktemp("store")), VOCABULARY)
    spec = fresh_state(shelves, "x", VOCABULARY, Recipe(), **SIZES).spec
    return Windows(shelves.training, VOCABULARY, spec.features, spec.net, spec.windows.n_beats)


@pytest.fixture(scope="module")
def cuts(windows):
    rng = np.random.default_rng(1)
    return [windows.draw(rng, 0.5) for _ in range(4)]


# Frames ----------------------------------------------------------------------------------

BEAT_S = torch.log(torch.tensor([[0.5] * 96, [0.5] * 48 + [0.4] * 48]))


def test_slots_and_frames_tell_the_same_time():
    clock = Clock.of(BEAT_S, torch.tensor([0.02, 0.04]), torch.tensor([0.3, 0.7]))
    # 8 beats of half a second are 4 s.
    assert clock.n_frames == 202
    assert float(clock.frames[0, 0]) == pytest.approx(0.3)
    assert float(clock.frames[0, 48] - clock.frames[0, 0]) == pytest.approx(25.0, rel=1e-5)
    assert float(clock.frames[1, -1] - clock.frames[1, -2]) == pytest.approx(0.4 / 48 / 0.04, 1e-3)
    # Where each slot's quarter frame says that it is, is where the slot is.
    there = read(clock.positions.unsqueeze(2), SLOTS_PER_POSITION * clock.frames)[..., 0]
    own = (torch.arange(96 * SLOTS_PER_POSITION) / SLOTS_PER_POSITION).expand(2, -1)
    assert torch.allclose(there, own, atol=0.05)


def frames_of(windows):
    encoder = Encoder(windows.net)
    return FramesEncoder.of(encoder, FeatureSpec()).eval()


def test_frames_know_nothing_of_beats(windows, cuts):
    encoder, seen = frames_of(windows), windows.collate(cuts, None).heard
    other = replace(seen, beat_in_bar=3 - seen.beat_in_bar.clamp(max=3))
    with torch.inference_mode():
        for one, two in zip(encoder(seen), encoder(other), strict=True):
            assert torch.equal(one, two)
    assert not encoder.in_beat.weight.any()


def test_while_training_the_phase_is_drawn(windows, cuts):
    encoder, seen = frames_of(windows), windows.collate(cuts, None).heard
    encoder.train()
    torch.manual_seed(0)
    one = encoder(seen)[1]
    assert not torch.equal(one, encoder(seen)[1])
    torch.manual_seed(0)
    assert torch.equal(one, encoder(seen)[1])


def test_known_rows_keep_their_time_on_frames(windows, cuts):
    encoder, seen = frames_of(windows), windows.collate(cuts, None).heard
    some = seen.raster[..., 2:6].flatten(1).amax(dim=1) > 0
    assert some.any()
    clock = Clock.of(seen.beat_s, torch.full((4,), 0.04), torch.full((4,), 0.4))
    framed = encoder.framed(seen, clock)
    flags = framed.raster[..., 2:6].flatten(1)
    rows = seen.raster[..., 2:6].flatten(1)
    for b in range(4):
        at = (SLOTS_PER_POSITION * clock.frames[b, rows[b] > 0]).round().long()
        assert sorted(set(at.tolist())) == flags[b].nonzero().ravel().tolist()
    assert framed.raster[..., 6:].sum() <= seen.raster[..., 6:].sum()
    assert framed.raster.shape[1] == clock.n_frames


def test_sound_beyond_the_window_is_silence(windows, cuts):
    encoder = frames_of(windows)
    loud = replace(
        windows.collate(cuts, None).heard, features=torch.ones(4, 384, FeatureSpec().n_channels)
    )
    clock = Clock.of(loud.beat_s, torch.full((4,), 0.04), torch.full((4,), 0.4))
    heard = encoder.framed(loud, clock).features
    assert not heard[:, 0, :40].any()
    assert not heard[:, -1].any()
    assert torch.allclose(heard[:, 1:90], torch.ones(()))


# One stream ------------------------------------------------------------------------------


def joint(windows, seed=0):
    torch.manual_seed(seed)
    net = Joint(windows.net, 12 * windows.n_beats).eval()
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.2 * torch.randn_like(p))
    return net


def test_a_stream_spells_the_window(windows, cuts):
    found = streams(cuts, VOCABULARY.n_events)
    for b, cut in enumerate(cuts):
        rows, (low, high) = cut.example.chart.rows, cut.span
        asked = cut.mask.rows[low:high]
        n = int(sum(rows.starts[low + 1 : high + 1][asked] - rows.starts[low:high][asked]))
        assert int(found.spelled[b].sum()) == n
        spelled = found.target[b][found.spelled[b]]
        assert int((spelled == END).sum()) == int(asked.sum())
        assert int(found.symbol[b, 0]) == VOCABULARY.n_events + 1
        # A time is later than the row before it, and is then told to the events of its row.
        timed = found.timed[b]
        assert bool((found.target[b] >= found.place[b])[timed].all())
        before = found.symbol[b] == VOCABULARY.n_events
        places = found.place[b][before]
        assert bool((places.diff() > 0).all())
        assert len(places) == high - low


def test_the_loss_falls_on_what_it_has_seen(windows, cuts):
    torch.manual_seed(0)
    net = Joint(windows.net, 12 * windows.n_beats).train()
    asked, heard = streams(cuts, VOCABULARY.n_events), windows.collate(cuts, None).heard
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=5e-3)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        found = written(net, heard, asked, 0.0)
        (found.times + found.events).backward()
        optimizer.step()
        losses.append((float(found.times.detach()), float(found.events.detach())))
    for first, last in zip(losses[0], losses[-1], strict=True):
        assert last < 0.7 * first


def alone(heard, b):
    return Heard(**{n: getattr(heard, n)[b : b + 1] for n in Heard.__dataclass_fields__})


def test_drafting_says_what_training_would(windows, cuts, monkeypatch):
    """The greedy stream, taught back, is the likeliest at each of its symbols."""
    net, heard = joint(windows), windows.collate(cuts, None).heard
    said = []
    keep = ablate_joint._Pen.next

    def listen(pen, time, event, net_, n):
        timed, symbol = pen.n_events < 0, keep(pen, time, event, net_, n)
        said.append((symbol, pen.row + 1, timed, time if timed else event))
        return symbol

    monkeypatch.setattr(ablate_joint._Pen, "next", listen)
    monkeypatch.setattr(ablate_joint, "_MOST_SYMBOLS", 40)
    events = VOCABULARY.shared(MODE)
    draft(net, Blank(alone(heard, 0), np.ones((1, 384), bool), [{}], events), None)
    symbols = torch.tensor([[net.start, *(s for s, *_ in said[:-1])]])
    places = torch.tensor([[0, *(p for _, p, *_ in said[:-1])]])
    with torch.inference_mode():
        window = net.window(alone(heard, 0))
        states = net.walk(net.told(symbols, places), window)
        times, spelled = net.times(states, window, places)[0], net.event(states)[0]
    assert len(said) > 5
    for i, (_, _, timed, choice) in enumerate(said):
        assert int((times if timed else spelled)[i].argmax()) == choice


@pytest.mark.parametrize("sampled", [False, True])
def test_drafts_stay_on_open_positions_and_keep_what_is_given(windows, cuts, sampled, monkeypatch):
    monkeypatch.setattr(ablate_joint, "_MOST_SYMBOLS", 200)
    net, heard = joint(windows), windows.collate(cuts, None).heard
    open_ = np.zeros((4, 384), dtype=bool)
    open_[:, ::3] = True
    open_[:, 96:192] = False
    known = [{96: (1, END), 120: (2, END)}] * 4
    chance = torch.Generator().manual_seed(1) if sampled else None
    found = draft(net, Blank(heard, open_, known, VOCABULARY.shared(MODE)), chance)
    assert any(found)
    for b, places in enumerate(found):
        assert all(open_[b, p] for p in places)
        assert places == sorted(set(places))
        assert not set(places) & set(known[b])

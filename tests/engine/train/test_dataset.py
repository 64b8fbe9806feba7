"""What is drawn, hidden, shown and asked."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from made_training import FOLLOW, LANES, N_BEATS, OTHERS, SPEC, filled

from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.engine import tokens
from chartstudio.engine.checkpoint import ModelSpec
from chartstudio.engine.requests import LAYERS
from chartstudio.engine.train import dataset, masks
from chartstudio.engine.train.dataset import PLAIN, RARE, RICH, Windows, examples_of
from chartstudio.engine.train.roughen import roughen
from chartstudio.engine.vocab import END, Vocabulary
from chartstudio.modes import MODES

VOCABULARY = Vocabulary.of(MODES[m] for m in (*LANES, *OTHERS))


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    store = filled(tmp_path_factory.mktemp("store"))
    return examples_of(c for n in store.numbers() for c in store.read(n, VOCABULARY))


@pytest.fixture(scope="module")
def windows(examples):
    net = ModelSpec.fresh("t", VOCABULARY, styles=dataset.habit_ranges(examples)).net
    return Windows(examples, VOCABULARY, SPEC, net, 32)


def rows_of(examples, mode_id):
    return next(e for e in examples if e.chart.mode.id == mode_id).chart.rows


# Masks


BARS = np.arange(0, N_BEATS + 1, 4)


@pytest.mark.parametrize("kind", [name for name, _ in masks.MASKS])
def test_every_task_hides_whole_bars_and_asks_for_some(examples, kind):
    rows = rows_of(examples, "osu")
    for seed in range(20):
        mask = masks.hide(kind, rows, BARS, np.random.default_rng(seed))
        charted = mask.charted.reshape(-1, 4)
        assert np.all(charted.all(axis=1) == charted.any(axis=1))
        assert not charted.all()
        hidden = ~mask.charted[rows.slots // 48]
        assert not (mask.rows & ~hidden).any()
        assert not (mask.slots & np.repeat(mask.charted, 48)).any()
        assert np.all(mask.shown[~hidden] == tokens.WHOLE)


def test_what_a_task_shows_of_hidden_rows(examples):
    rows = rows_of(examples, "dance-single")
    rng = np.random.default_rng(3)
    for _ in range(10):
        rhythm = masks.hide("rhythm", rows, BARS, rng)
        hidden = ~rhythm.charted[rows.slots // 48]
        assert np.all(rhythm.shown[hidden] == tokens.TIMED)
        assert rhythm.known.all()
        assert not rhythm.slots.any()
        assert np.array_equal(rhythm.rows, hidden)
        places = masks.hide("places", rows, BARS, rng)
        hidden = ~places.charted[rows.slots // 48]
        assert np.all(places.shown[hidden] == tokens.PLACED)
        assert not places.rows.any()
        assert places.slots.any()
        locks = masks.hide("locks", rows, BARS, rng)
        locked = (locks.shown == tokens.WHOLE) & ~locks.charted[rows.slots // 48]
        assert not (locks.rows & locked).any()
        assert not locks.slots[rows.slots[locked]].any()


def test_tasks_come_by_their_shares():
    rng = np.random.default_rng(0)
    counts = Counter(masks.draw_kind(rng) for _ in range(4000))
    for name, share in masks.MASKS:
        assert counts[name] / 4000 == pytest.approx(share, abs=0.03)


def test_rows_are_shown_as_much_as_is_said(examples):
    rows = rows_of(examples, "mania-7k")
    hidden = np.zeros(N_BEATS, dtype=bool)
    none = np.zeros(len(rows), dtype=np.int8)
    assert not tokens.raster(rows, hidden, 0, 32, none).any()
    times = tokens.raster(rows, hidden, 0, 32, none + tokens.TIMED)
    assert times[:, 2:6].sum() == np.sum(rows.slots < 32 * 48)
    assert not times[:, [0, 1]].any()
    assert not times[:, 6:].any()
    places = tokens.raster(rows, hidden, 0, 32, none + tokens.PLACED)
    assert not places[:, :6].any()
    by_beat = places[:, 6:].reshape(32, 12, -1)
    assert np.all(by_beat == by_beat[:, :1])
    assert np.allclose(by_beat[4, 0], 0.5 * rows.bags[rows.slots // 48 == 4].sum(axis=0))
    whole = tokens.raster(rows, hidden, 0, 32, none + tokens.WHOLE)
    known = tokens.raster(rows, ~hidden, 0, 32)
    assert np.array_equal(whole[:, 1:], known[:, 1:])


# The echo


def test_an_echo_is_the_weighted_rows_of_its_bars(examples):
    rows = rows_of(examples, "dance-single")
    weights = np.zeros((15, 15), dtype=np.float32)
    weights[7, [2, 3]] = 0.75, 0.25
    best = np.full(15, 0.5, dtype=np.float32)
    echo = tokens.Echo(BARS, weights, best)
    found = tokens.echo_raster(rows, echo, 26, 32)
    seven = slice(2 * 12, 6 * 12)
    assert np.all(found[seven, 0] == 0.5)
    assert np.all(found[seven, 1] == 1.0)
    assert not np.delete(found, np.r_[seven], axis=0).any()
    known = np.ones(N_BEATS, dtype=bool)
    two, three = (tokens.raster(rows, known, first, 4)[:, 2:] for first in (8, 12))
    assert np.allclose(found[seven, 2:], 0.75 * two + 0.25 * three)


def test_an_echo_comes_from_charted_bars_only(windows, examples):
    example, rng = examples[0], np.random.default_rng(5)
    for _ in range(20):
        mask = masks.hide("bars", example.chart.rows, example.chart.song.bars.beats, rng)
        guide = windows._guide(example, mask, rng)
        beats = example.chart.song.bars.beats
        whole = np.array([mask.charted[a:b].all() for a, b in pairwise(beats)])
        assert not guide.echo.weights[:, ~whole].any()
        assert not guide.echo.weights.diagonal().any()


# Rows


@pytest.mark.parametrize("mode_id", [*LANES, *OTHERS])
def test_inputs_of_a_few_rows_are_those_of_the_chart(examples, mode_id):
    rows = rows_of(examples, mode_id)
    before = np.concatenate((np.zeros((1, rows.n_events), np.float32), rows.bags[:-1]))
    whole = np.concatenate((tokens.all_gaps(rows), before, tokens.all_traces(rows)), axis=1)
    n = len(rows)
    for first, end in ((0, n), (0, 1), (n - 1, n), (5, 9), (n // 2, n), (3, 3)):
        found = tokens.row_inputs(rows, first, end)
        assert found.shape == whole[first:end].shape
        assert np.allclose(found, whole[first:end], atol=2e-4)


@pytest.mark.parametrize("mode_id", [*LANES, *OTHERS])
def test_what_a_row_holds_and_its_last_event_tell_where_its_spelling_is(examples, mode_id):
    """The placer is told a bag and the last event: no two beginnings may look alike.

    Left out are permutations of which of several holds has which length.
    """
    seen = {}
    for example in examples:
        if example.chart.mode.id != mode_id:
            continue
        for row in example.chart.rows.events:
            for i in range(len(row)):
                state = (frozenset(row[:i]), row[i - 1] if i else END)
                assert seen.setdefault(state, sorted(row[:i])) == sorted(row[:i])


# Batches


def test_a_batch_follows_from_its_seed_alone(windows):
    one, again = (windows.batch(4, (3, 17), 0.5) for _ in range(2))
    other = windows.batch(4, (3, 18), 0.5)
    assert torch.equal(one.heard.features, again.heard.features)
    assert torch.equal(one.target, again.target)
    assert torch.equal(one.heard.echo, again.heard.echo)
    assert not torch.equal(one.heard.features, other.heard.features)


def test_a_batch_asks_for_what_is_hidden_and_shows_none_of_it(windows):
    n_rows = 0
    for i in range(20):
        batch = windows.batch(3, (1, i), 0.5)
        note, asked = batch.when[..., 0] > 0, batch.asked
        shown = batch.heard.raster[..., 2:6].flatten(1) > 0
        assert not (shown & asked).any()
        known = batch.heard.raster[..., 0].repeat_interleave(4, dim=1) > 0
        assert not (known & asked).any()
        assert int((batch.target == END).sum()) == len(set(batch.step_rows.tolist()))
        for b, r in ((int(s) // batch.row_beats.shape[1], int(s) % batch.row_beats.shape[1])
                     for s in set(batch.step_rows.tolist())):  # fmt: skip
            slot = round(float(batch.row_beats[b, r]) * 48)
            assert note[b, slot]
            n_rows += 1
    assert n_rows > 200


def test_steps_are_told_of_the_events_before_them(windows):
    batch = windows.batch(6, (2, 2), 1.0)
    starts = np.flatnonzero(np.diff(batch.step_rows.numpy(), prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(batch.target)], strict=True):
        spelled = batch.target[start:end].tolist()
        assert spelled[-1] == END
        for i in range(end - start):
            assert set(torch.nonzero(batch.so_far[start + i]).ravel().tolist()) == set(spelled[:i])
            assert int(batch.last[start + i]) == (spelled[i - 1] if i else END)


def test_rows_are_heard_where_they_stand(windows):
    batch = windows.batch(4, (2, 5), 0.5)
    for b in range(4):
        slots = torch.nonzero(batch.when[b, :, 0]).ravel()
        n = len(slots)
        assert torch.equal(batch.row_positions[b, :n], slots // 4)
        assert torch.allclose(batch.row_beats[b, :n], slots / 48)


def test_the_guide_says_what_the_chart_has_or_nothing(windows, examples):
    example = next(e for e in examples if e.chart.mode.id == "dance-single")
    layers = example.layers(LAYERS)
    assert set(layers[:24]) == {1 + LAYERS.index("drums")}
    assert set(layers[24:60]) == {1 + LAYERS.index("lead")}
    assert example.chart.follow[0][1] == 24 * BEAT == FOLLOW[0][1]
    said = Counter()
    rng = np.random.default_rng(0)
    names = [name for name, _, _ in windows.net.styles]
    assert names == ["accents"]
    for _ in range(300):
        mask = masks.hide("draft", example.chart.rows, example.chart.song.bars.beats, rng)
        guide = windows._guide(example, mask, rng)
        said["density"] += bool(np.isfinite(guide.density).all())
        said["layers"] += bool(guide.layers[:, 1:].any())
        said["style"] += bool(guide.style[:, 0].any())
        if guide.style[:, 0].any():
            assert abs(guide.style[0, 1]) == 1.0
    assert said["density"] / 300 == pytest.approx(1 - dataset.UNSAID["density"], abs=0.1)
    assert said["layers"] / 300 == pytest.approx(1 - dataset.UNSAID["layers"], abs=0.1)
    told = (1 - dataset.UNSAID["style"]) * (1 - dataset.UNSAID["habit"])
    assert said["style"] / 300 == pytest.approx(told, abs=0.1)


def test_density_is_the_mean_around_each_beat():
    beats = np.zeros(40, dtype=np.float32)
    beats[16:24] = 4.0
    found = dataset.smooth(beats, 8)
    assert found[20] == pytest.approx(4.0)
    assert found[5] == 0
    assert found.max() <= 4.0 + 1e-5
    assert np.all(dataset.smooth(np.ones(40, np.float32), 16) == pytest.approx(1.0))


def test_rows_have_classes_and_plain_ones_come_first(windows, examples):
    lanes = next(e for e in examples if e.chart.mode.id == "dance-single")
    assert set(np.flatnonzero(lanes.classes == RICH)) == set(
        np.flatnonzero(lanes.chart.rows.end_slots > lanes.chart.rows.slots)
    )

    def drawn(share):
        rng = np.random.default_rng(1)
        return Counter(windows._choose(rng, share)[1] for _ in range(400))

    early, late = drawn(0.0), drawn(0.6)
    assert early[PLAIN] > late[PLAIN]
    assert early[RARE] <= late[RARE]


def test_events_of_few_rows_are_rare(examples):
    charts = [e.chart for e in examples if e.chart.mode.id == "dance-single"]
    mode, rows = charts[0].mode, charts[0].rows
    hold, tap = mode.event("hold", 0), mode.event("tap", 0)
    assert not dataset._rare_events(charts)[[hold, tap]].any()
    is_hold = (rows.flat >= hold) & (rows.flat < hold + 4)
    flat = np.where(is_hold & (np.cumsum(is_hold) > 1), tap, rows.flat)
    found = dataset._rare_events([replace(charts[0], rows=replace(rows, flat=flat))])
    assert found[hold]
    assert not found[tap]


def test_level_curves_rise_and_cover_every_mode(examples):
    density, chords = map(dict, dataset.level_curves(examples))
    assert set(density) == set(chords) == {e.chart.mode.id for e in examples}
    for curve in density.values():
        assert np.all(np.diff(np.array(curve), axis=0) > 0)


# Roughening


def test_roughening_moves_all_groups_alike_and_keeps_rises_positive():
    window = torch.zeros(1, 384, SPEC.n_channels)
    window[0, 200] = 1.0
    lags = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        found = roughen(window, SPEC, np.array([0.4 / 48]), rng)[0].numpy()
        assert found.shape == window.shape[1:]
        assert found.dtype == np.float32
        assert found.reshape(384, -1)[:, 40:80].min() >= 0
        coarse = found[:, -80:].sum(axis=1)
        lag = int(coarse.argmax()) - 200
        assert abs(lag) <= 1
        fine = np.stack([found[:, 80 * k + 40 : 80 * k + 80] for k in range(4)], axis=1)
        at = np.flatnonzero(fine.sum(axis=2).ravel() > 0)
        assert abs((at.min() - 800) / 4 - lag) <= 1
        lags.add(int(at.min()) - 800)
    assert len(lags) > 3


def test_windows_are_roughened_each_in_its_own_way():
    found = roughen(torch.ones(3, 24, SPEC.n_channels), SPEC, np.full(3, 0.01),
                    np.random.default_rng(0))  # fmt: skip
    assert not torch.allclose(found[0], found[1])
    assert not torch.allclose(found[1], found[2])

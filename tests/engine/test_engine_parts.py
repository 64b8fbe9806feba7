"""Windows, vocabulary, rows, plan, sampling and network, each alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_engine import decode_rows, snap_notes, tiny_model

from chartstudio.core.errors import EngineError
from chartstudio.core.mode import EventRange
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.ticks import TICKS_PER_BEAT, snap_ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine import plan, sampling, tokens
from chartstudio.engine.features import POSITIONS_PER_BEAT, SLOT_TICKS, slot_grid
from chartstudio.engine.rows import RowPlacer, gelu
from chartstudio.engine.train.piece import TAUGHT_MODES
from chartstudio.engine.vocab import END, Vocabulary
from chartstudio.engine.windows import WindowSpec, cut, stitch
from chartstudio.modes import MODES
from chartstudio.modes.lanes import HOLD_LENGTHS

TIMING = TimingMap.constant(150.0)
GRID = slot_grid(TIMING, 60.0)
LANE_MODES = tuple(m for m in TAUGHT_MODES if "hold" in MODES[m].kinds)
VOCABULARY = Vocabulary.of(MODES[m] for m in TAUGHT_MODES)


# Windows


@pytest.mark.parametrize("start", [0, 3, 17])
@pytest.mark.parametrize("length", [1, 23, 24, 25, 48, 61])
def test_cut_and_stitch_give_the_song_back_at_every_border(start, length):
    spec = WindowSpec()
    windows = tuple(cut(start, start + length, spec))
    beats = np.arange(-10, 200, dtype=np.float32)
    heard = [np.repeat(beats[w.first + 10 : w.first + 10 + spec.n_beats], 12) for w in windows]
    assert np.array_equal(
        stitch(windows, heard, 12), np.repeat(np.arange(start, start + length), 12)
    )
    assert all(w.core_start - w.first == spec.side for w in windows)


# Vocabulary


def test_events_of_one_name_share_their_numbers():
    four, seven = MODES["mania-4k"], MODES["mania-7k"]
    shared4, shared7 = VOCABULARY.shared(four), VOCABULARY.shared(seven)
    assert shared4[four.event("hold", 2)] == shared7[seven.event("hold", 2)]
    assert shared4[END] == END
    assert len(set(shared7.tolist())) == seven.n_events
    lanes = Vocabulary.of(MODES[m] for m in LANE_MODES)
    assert lanes.n_events == 1 + 10 + 10 + len(HOLD_LENGTHS)


def test_a_mode_spelled_otherwise_is_refused():
    mode = MODES["mania-4k"]
    other = Vocabulary(((mode.id, (EventRange("end", 1), EventRange("tap", 4))),))
    with pytest.raises(EngineError, match="train it again"):
        other.index(mode)
    with pytest.raises(EngineError, match="it drafts mania-4k"):
        other.index(MODES["mania-5k"])


# Rows


@st.composite
def charts(draw):
    mode = MODES[draw(st.sampled_from(sorted(LANE_MODES)))]
    notes, free = [], [0] * len(mode.layout.lanes)
    for slot in sorted(draw(st.sets(st.integers(0, 40 * 48), max_size=30))):
        for lane in draw(st.sets(st.integers(0, len(free) - 1), min_size=1, max_size=3)):
            tick = slot * SLOT_TICKS + draw(st.integers(-40, 40))
            length = draw(st.sampled_from((0, 0, *HOLD_LENGTHS)))
            if tick > free[lane]:
                notes.append(mode.place("hold" if length else "tap", tick, tick + length, (lane,)))
                free[lane] = tick + length + SLOT_TICKS
    return mode, sort_notes(notes)


@settings(max_examples=60, deadline=None)
@given(charts())
def test_decoding_what_was_encoded_gives_the_snapped_chart(made):
    mode, notes = made
    snapped = snap_notes(notes, TIMING, 192)
    rows = tokens.encode_rows(snapped, mode, VOCABULARY, TIMING, GRID)
    decoded, n_bad = decode_rows(rows, mode)
    assert n_bad == 0
    assert decoded == snapped
    assert np.array_equal(GRID.slot_ticks[rows.slots], rows.ticks)


def _rows():
    notes = sort_notes(
        [
            LaneNote(0, 0, 0),
            LaneNote(TICKS_PER_BEAT, 3 * TICKS_PER_BEAT, 1, "hold"),
            LaneNote(TICKS_PER_BEAT, TICKS_PER_BEAT, 3),
            LaneNote(6 * TICKS_PER_BEAT + SLOT_TICKS, 6 * TICKS_PER_BEAT + SLOT_TICKS, 2),
        ]
    )
    return tokens.encode_rows(notes, MODES["mania-4k"], VOCABULARY, TIMING, GRID)


def test_raster_shows_known_beats_only():
    rows, known = _rows(), np.zeros(GRID.n_beats, dtype=bool)
    known[0:4] = True
    found = tokens.raster(rows, known, -1, 10)
    assert found.shape == (10 * POSITIONS_PER_BEAT, tokens.n_raster(VOCABULARY))
    assert found[:, 0].sum() == 4 * POSITIONS_PER_BEAT
    assert found[12, 2] == 1
    assert found[24, 2] == 1
    assert found[25:48, 1].all()
    assert not found[:25, 1].any()
    assert not found[60:].any()
    shared = VOCABULARY.shared(MODES["mania-4k"])
    mode = MODES["mania-4k"]
    assert found[24, 6 + shared[mode.event("hold", 1)]] == 1
    assert found[24, 6 + shared[mode.event("tap", 3)]] == 1


def test_a_hold_that_reaches_into_the_window_sounds_there():
    rows, known = _rows(), np.ones(GRID.n_beats, dtype=bool)
    found = tokens.raster(rows, known, 2, 4)
    assert found[:12, 1].all()
    assert not found[12:, 1].any()


def test_traces_and_gaps_row_by_row_equal_those_of_the_chart():
    rows = _rows()
    traces, between = tokens.all_traces(rows), tokens.all_gaps(rows)
    held, last = tokens.no_traces(VOCABULARY.n_events), None
    for r in range(len(rows)):
        here = tokens.Moment(float(rows.seconds[r]), float(rows.beats[r]), int(rows.slots[r]))
        if last is not None:
            held = tokens.fade(held, rows.bags[r - 1], here.seconds - last.seconds)
        assert np.array_equal(held.ravel(), traces[r])
        assert between[r, 4 + here.slot % 4] == 1
        last = here


# Plan


@given(
    st.integers(0, 300),
    st.lists(st.tuples(st.floats(0, 10), st.integers(0, 40)), min_size=1, max_size=12),
)
def test_counts_are_exact_and_fit(n, sections):
    weights = np.array([w for w, _ in sections])
    room = np.array([r for _, r in sections], dtype=np.int64)
    found = plan.allocate(n, weights, room)
    assert found.sum() == min(n, room.sum())
    assert np.all((found >= 0) & (found <= room))


def test_counts_follow_the_weights_where_there_is_room():
    found = plan.allocate(40, np.array([1.0, 2.0, 1.0]), np.array([50, 50, 50]))
    assert found.tolist() == [10, 20, 10]


def test_the_best_lines_are_picked_in_order_of_time():
    assert plan.pick(np.array([0.1, 3, 2, 3, 0], np.float32), 3).tolist() == [1, 2, 3]


def test_density_rises_with_the_level_beyond_the_curve_too():
    spec = plan.PlanSpec(density=(("m", ((2.0, 1.0), (4.0, 3.0), (5.0, 3.5))),))
    rates = [spec.times_per_s("m", level) for level in (0.5, 1, 2, 3, 4, 5, 7)]
    assert rates[2:6] == [1.0, 2.0, 3.0, 3.5]
    assert np.all(np.diff(rates) > 0)
    assert spec.times_per_s("unknown", 5) > 0


def test_metre_prefers_coarse_lines():
    lines = TIMING.lines(0, TICKS_PER_BEAT, 16)
    prior = plan.metrical_prior(lines, TIMING)
    assert prior[0] > prior[2] > prior[1] == prior[3]


# Sampling


class Stubborn:
    """A grammar that leads from event 1 into nothing, and from 2 to the end."""

    def mask(self, events):
        legal = np.zeros(4, dtype=bool)
        if not events:
            legal[1:3] = True
        elif events[-1] == 2:
            legal[END] = True
        else:
            legal[3] = True
        return legal


def test_a_step_into_nothing_is_taken_back():
    row = sampling.RowSpeller(Stubborn(), np.array([True, True, True, False]))
    row.push(1)
    assert np.flatnonzero(row.legal()).tolist() == [2]
    assert row.events == []
    row.push(2)
    row.push(int(np.flatnonzero(row.legal())[0]))
    assert row.done
    assert row.events == [2, END]


def test_a_row_that_does_not_end_is_an_error():
    row = sampling.RowSpeller(Stubborn(), np.ones(4, dtype=bool))
    for _ in range(64):
        row.push(3)
    with pytest.raises(ValueError, match="does not end"):
        row.push(3)


@given(st.integers(0, 1000), st.sets(st.integers(0, 9), min_size=1))
def test_only_legal_events_are_chosen_and_luck_is_drawn_once(seed, allowed):
    rng = np.random.default_rng(seed)
    scores = np.random.default_rng(seed + 1).normal(size=10).astype(np.float32) * 5
    legal = np.zeros(10, dtype=bool)
    legal[list(allowed)] = True
    assert sampling.choose(scores, legal, rng, sampling.Sampling()) in allowed
    other = np.random.default_rng(seed)
    other.random()
    assert rng.random() == other.random()


def test_cold_sampling_takes_the_best():
    scores = np.array([0, 3, 1, 2], np.float32)
    how = sampling.Sampling(temperature=0.01)
    rng = np.random.default_rng(0)
    found = {sampling.choose(scores, np.ones(4, dtype=bool), rng, how) for _ in range(50)}
    assert found == {1}


def test_the_tail_is_never_chosen():
    scores = np.log(np.array([0.6, 0.36, 0.03, 0.01])).astype(np.float32)
    how = sampling.Sampling(temperature=1.0, top_p=0.95)
    rng = np.random.default_rng(0)
    found = {sampling.choose(scores, np.ones(4, dtype=bool), rng, how) for _ in range(500)}
    assert found == {0, 1}


# Network


def test_gelu_equals_torchs():
    x = np.linspace(-8, 8, 4001, dtype=np.float32)
    assert np.abs(gelu(x) - torch.nn.functional.gelu(torch.from_numpy(x)).numpy()).max() < 2e-6


def test_rows_one_by_one_equal_rows_at_once():
    placer = tiny_model(scripted=False).net.placer
    torch.manual_seed(1)
    n, n_rows = 3, 150
    inputs = torch.randn(n, n_rows, placer.row.in_features)
    beats = torch.cumsum(torch.rand(n, n_rows) + 0.3, dim=1)
    at_once = placer.walk(inputs, torch.tensor([2, 2, 2]), beats).numpy()
    quick = RowPlacer(placer)
    memory, one_by_one = quick.remember(n), []
    for r in range(n_rows):
        one_by_one.append(quick.step(inputs[:, r].numpy(), 2, beats[:, r].numpy(), memory))
        for k in range(n):
            memory.keep(k)
    assert np.allclose(np.stack(one_by_one, axis=1), at_once, atol=1e-5)
    so_far = torch.rand(n, VOCABULARY.n_events)
    last = torch.tensor([0, 3, 12])
    spelled = placer.spell(torch.from_numpy(one_by_one[0]), so_far, last).numpy()
    assert np.allclose(quick.spell(one_by_one[0], so_far.numpy(), last.numpy()), spelled, atol=1e-5)


def test_a_row_that_is_not_kept_leaves_no_trace():
    quick = RowPlacer(tiny_model().net.placer)
    inputs = np.random.default_rng(1).normal(size=(5, 2, quick.n_inputs)).astype(np.float32)
    plain, disturbed = quick.remember(2), quick.remember(2)
    for r in range(5):
        beats = np.full(2, r, dtype=np.float32)
        a = quick.step(inputs[r], 0, beats, plain)
        quick.step(inputs[r] * 2 + 1, 0, beats - np.float32(0.5), disturbed)
        b = quick.step(inputs[r], 0, beats, disturbed)
        assert np.array_equal(a, b)
        for memory in (plain, disturbed):
            memory.keep(0)
            memory.keep(1)


def test_candidates_without_a_row_change_nothing_for_the_others():
    quick = RowPlacer(tiny_model().net.placer)
    inputs = np.random.default_rng(2).normal(size=(6, 4, quick.n_inputs)).astype(np.float32)
    whole, alone = quick.remember(4), quick.remember(4)
    only = np.zeros((6, 4, quick.n_inputs), dtype=np.float32)
    only[:, 2] = inputs[:, 2]
    for r in range(6):
        beats = np.full(4, r, dtype=np.float32)
        a, b = quick.step(inputs[r], 1, beats, whole), quick.step(only[r], 1, beats, alone)
        assert np.array_equal(a[2], b[2])
        assert not b[[0, 1, 3]].any()
        for k in range(4):
            whole.keep(k)
        alone.keep(2)


def test_a_mode_is_told_its_own_events_alone():
    model = tiny_model()
    vocabulary, placer = model.spec.vocabulary, model.net.placer
    number = vocabulary.index(MODES["taiko"])
    n, events = vocabulary.n_events, vocabulary.shared(MODES["taiko"])
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(2, model.rows.n_inputs)).astype(np.float32)
    bags = np.zeros((2, 3, n), dtype=np.float32)
    bags[:, :, events] = rng.normal(size=(2, 3, len(events)))
    inputs[:, -3 * n :] = bags.reshape(2, -1)
    beats = np.zeros(2, dtype=np.float32)
    plain = RowPlacer(placer)
    told = plain.step(inputs, number, beats, plain.remember(2))
    found = model.rows.step(inputs, number, beats, model.rows.remember(2))
    assert np.allclose(found, told, atol=1e-5)
    assert np.abs(told).max() > 0.01


def test_grid_step_of_every_usual_snap_falls_on_slots():
    for snap in (4, 8, 12, 16, 24, 32, 48, 64, 96, 192):
        lines = TIMING.lines(0, 8 * TICKS_PER_BEAT, snap)
        assert np.array_equal(GRID.slot_ticks[GRID.slot_of(lines)], lines)
        assert snap_ticks(snap) % SLOT_TICKS == 0

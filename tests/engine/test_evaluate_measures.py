"""Measures and nulls as functions, on hand-made cases with known answers."""

from dataclasses import replace

import numpy as np
import pytest

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine.evaluate import bars, levels, listening, nulls, objects, patterns, times
from chartstudio.engine.evaluate.bars import Bars
from chartstudio.engine.evaluate.patterns import Rows
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber.notes import BLUE, RED, ColorNote
from chartstudio.modes.osu.notes import Circle, Slider

TIMING = TimingMap.constant(150.0)
EDGES = np.arange(0, 17 * BEAT, 4 * BEAT)
MANIA = MODES["mania-4k"]


def at(*beats):
    return np.array([round(b * BEAT) for b in beats], dtype=np.int64)


def taps(lanes, start=0.0, step=1.0):
    """One tap per step on each lane of the string; ``-`` rests, ``(12)`` is a chord."""
    notes, beat, chord = [], start, False
    for c in lanes:
        if c in "()":
            chord = c == "("
            beat += step if c == ")" else 0.0
            continue
        if c != "-":
            notes.append(LaneNote(round(beat * BEAT), round(beat * BEAT), int(c)))
        beat += 0.0 if chord else step
    return tuple(notes)


# Times


def test_matching_is_one_to_one():
    true_s = np.array([1.0, 2.0, 3.0])
    assert times.f1(true_s, true_s, 0.02) == 1
    assert times.f1(np.array([1.0, 1.01, 2.0]), true_s, 0.02) == pytest.approx(2 / 3)
    assert times.f1(np.array([]), true_s, 0.05) == 0
    assert times.f1(np.array([]), np.array([]), 0.05) == 0


@pytest.mark.parametrize(("shift_s", "within_20", "within_50"), [(0.02, 1, 1), (0.03, 0, 1)])
def test_shifted_times_are_told_by_the_narrow_window(shift_s, within_20, within_50):
    true_s = np.arange(1.0, 30.0, 0.4)
    for sign in (-1, 1):
        moved = true_s + sign * shift_s
        assert times.f1(moved, true_s, times.WITHIN_S[0]) == within_20
        assert times.f1(moved, true_s, times.WITHIN_S[1]) == within_50
    assert times.mean_distance_s(true_s + shift_s, true_s, 0.1) == pytest.approx(shift_s)


def test_near_looks_to_both_sides():
    found = times.near(np.array([0.99, 1.5, 3.01, 9.0]), np.array([1.0, 3.0]), 0.02)
    assert found.tolist() == [True, False, True, False]
    assert not times.near(np.array([1.0]), np.array([]), 0.02).any()


def test_correlation_of_what_never_changes_is_nothing():
    assert times.correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert times.correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert times.correlation([1, 2, 3], [4, 4, 4]) == 0
    assert times.correlation([1], [1]) == 0
    assert times.rank_correlation([1, 10, 100], [1, 2, 3]) == pytest.approx(1)
    assert times.rank_correlation([1, 1, 2], [5, 5, 4]) == pytest.approx(-1)


def test_counts_off_either_way():
    assert times.count_miss(97, 100) == pytest.approx(0.03)
    assert times.count_miss(103, 100) == pytest.approx(0.03)


# Listening


def test_auc_of_a_metronome_is_a_half():
    hits = np.array([True, False, True, False])
    assert listening.auc(np.ones(4, np.float32), hits) == 0.5
    assert listening.auc(np.array([2, 1, 3, 0], np.float32), hits) == 1
    assert listening.auc(np.array([0, 1, 0, 2], np.float32), hits) == 0
    assert np.isnan(listening.auc(np.ones(4, np.float32), np.ones(4, dtype=bool)))


def test_knowing_the_metre_is_worth_nothing():
    lines = TIMING.lines(0, 40 * BEAT, 16)
    snaps = TIMING.snaps_of(lines)
    hits = np.arange(len(lines)) % 3 == 0
    metre = (snaps == 4) * 2.0 + (snaps == 8)
    assert listening.listening_auc(metre.astype(np.float32), hits, snaps) == 0.5
    # Within its class a score that is right is right, whatever the classes weigh.
    heard = (metre * 10 + hits).astype(np.float32)
    assert listening.class_aucs(heard, hits, snaps) == {4: 1.0, 8: 1.0, 16: 1.0}
    few = np.zeros(len(lines), dtype=bool)
    few[:2] = True
    assert np.isnan(listening.listening_auc(heard, few, snaps))


# Nulls


def test_metro_fill_takes_coarse_lines_first():
    lines = TIMING.lines(0, 4 * BEAT, 16)
    assert nulls.metro_fill(lines, TIMING, 4).tolist() == [b * BEAT for b in range(4)]
    six = nulls.metro_fill(lines, TIMING, 6)
    assert set(range(0, 4 * BEAT, BEAT)) <= set(six.tolist())
    assert not np.any(six % (BEAT // 2))
    assert len(nulls.metro_fill(lines, TIMING, 16)) == 16


def test_spread_and_top_give_what_is_asked():
    lines = TIMING.lines(0, 4 * BEAT, 4)
    assert nulls.spread(lines, 2).tolist() == [0, 2 * BEAT]
    assert len(nulls.spread(lines, 99)) == 4
    assert nulls.top(lines, np.array([0, 3, 1, 2], np.float32), 2).tolist() == [BEAT, 3 * BEAT]


def test_the_best_metronome_finds_stride_and_phase():
    lines = TIMING.lines(0, 16 * BEAT, 16)
    off_8ths = lines[2::4]
    assert nulls.best_metronome(lines, TIMING, TIMING.seconds_at(off_8ths), 0.02) == 1
    swung = TIMING.seconds_at(off_8ths) + 0.03
    assert nulls.best_metronome(lines, TIMING, swung, 0.02) < 0.1


def test_shuffled_measures_hold_the_same_rhythms():
    ticks = at(0, 1, 4, 4.5, 5, 8, 12.25)
    shuffled = nulls.shuffled_measures(ticks, EDGES, np.random.default_rng(0))
    assert sorted((shuffled % (4 * BEAT)).tolist()) == sorted((ticks % (4 * BEAT)).tolist())
    assert shuffled.tolist() == sorted(shuffled.tolist())
    assert shuffled.tolist() != ticks.tolist()


def test_the_best_fixed_pattern_is_found_by_rote():
    assert nulls.best_fixed_agreement([("a",)] * 9) == 1
    assert nulls.best_fixed_agreement([(0,), (1,), (2,), (3,)] * 4) == 1
    assert nulls.best_fixed_agreement([(0,), (1,), (2,), (1,)] * 4) == 1
    mixed = [(int(i),) for i in np.random.default_rng(0).integers(4, size=400)]
    assert nulls.best_fixed_agreement(mixed) < 0.35
    assert np.isnan(nulls.best_fixed_agreement([]))


# Bars


def test_bars_count_and_cut_ticks():
    some = Bars(EDGES)
    assert len(some) == 4
    assert some.of(at(-1, 0, 3.9, 4, 16)).tolist() == [-1, 0, 0, 1, -1]
    assert some.counts(at(0, 1, 5, 99)).tolist() == [2, 1, 0, 0]
    mask = np.array([True, False, True, True])
    assert some.inside(at(0, 5, 9, 20), mask).tolist() == at(0, 9).tolist()
    assert some.runs(mask) == [(0, 4 * BEAT), (8 * BEAT, 16 * BEAT)]


SOUNDS = bars.similarity(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1], [0.1, 1.0]]))


def test_copying_repeats_the_bar_that_sounds_alike():
    given = np.array([True, True, False, False])
    assert bars.nearest(SOUNDS, given)[2:].tolist() == [0, 1]
    ticks = at(0, 1, 2, 4.5)
    new, index = bars.copied(ticks, Bars(EDGES), ~given, bars.nearest(SOUNDS, given))
    assert new.tolist() == at(8, 9, 10, 12.5).tolist()
    assert index.tolist() == [0, 1, 2, 3]
    assert bars.voted(ticks, Bars(EDGES), given, SOUNDS, 4).tolist() == new.tolist()
    assert len(bars.voted(ticks, Bars(EDGES), given, SOUNDS, 2)) == 2


# Patterns


def test_shares_of_a_chart():
    rows = Rows.of(MANIA, taps("0011(02)3"))
    assert len(rows) == 6
    assert patterns.jack_share(rows) == pytest.approx(2 / 5)
    assert patterns.chord_share(rows) == pytest.approx(1 / 6)
    assert patterns.hold_share(rows) == 0
    held = (*taps("01"), LaneNote(4 * BEAT, 6 * BEAT, 2, "hold"))
    assert patterns.hold_share(Rows.of(MANIA, held)) == pytest.approx(1 / 3)
    empty = Rows.of(MANIA, ())
    shares = (patterns.jack_share, patterns.chord_share, patterns.hold_share, patterns.repetition)
    assert [share(empty) for share in shares] == [0, 0, 0, 0]


def test_repetition_counts_runs_of_four():
    assert patterns.repetition(Rows.of(MANIA, taps("0123"))) == 0
    assert patterns.repetition(Rows.of(MANIA, taps("01230123"))) == pytest.approx(1 / 5)
    assert patterns.repetition(Rows.of(MANIA, taps("0" * 40))) > 0.9
    assert patterns.diversity(Rows.of(MANIA, taps("0123"))) == 1


def test_transitions_are_compared_as_shares():
    run, jacks = Rows.of(MANIA, taps("01230123")), Rows.of(MANIA, taps("00000000"))
    assert patterns.transition_distance(run, run) == 0
    assert patterns.transition_distance(run, jacks) == 1
    assert patterns.transition_distance(run, Rows.of(MANIA, ())) == 1


def test_agreement_looks_at_agreed_times_only():
    one, other = Rows.of(MANIA, taps("0123")), Rows.of(MANIA, taps("01-2"))
    seconds = tuple(TIMING.seconds_at(rows.ticks) for rows in (one, other))
    assert patterns.agreement(one, other, seconds, 0.02) == pytest.approx(2 / 3)
    far = (seconds[0], seconds[1] + 0.03)
    assert np.isnan(patterns.agreement(one, other, far, 0.02))


def test_random_places_keep_times_and_sizes():
    rows = Rows.of(MANIA, taps("01(23)0123" * 4))
    drawn = patterns.random_places(rows, np.random.default_rng(0))
    assert [len(s) for s in drawn.symbols] == [len(s) for s in rows.symbols]
    assert drawn.symbols != rows.symbols


def test_taiko_rows_tell_colours_and_sabers_cuts():
    don, kat = LaneNote(0, 0, 0, "don"), LaneNote(0, 0, 0, "kat")
    taiko = MODES["taiko"]
    assert Rows.of(taiko, (don,)).symbols != Rows.of(taiko, (kat,)).symbols
    down, up = (ColorNote(0, 0, 1, 0, RED, direction) for direction in (1, 0))
    sabers = MODES["beatsaber"]
    assert Rows.of(sabers, (down,)).symbols != Rows.of(sabers, (up,)).symbols


# Levels


@pytest.mark.parametrize(
    ("mode", "level", "group"),
    [("mania-4k", 1.9, "Easy"), ("osu", 5.3, "Expert"), ("dance-single", 9, "9-12"),
     ("beatsaber", 4.4, "rank 4")],
)  # fmt: skip
def test_groups_of_levels(mode, level, group):
    assert levels.group_of(MODES[mode], level) == group


def test_tolerances_by_unit():
    assert levels.within_tolerance(MODES["osu"], 4.0, 4.29, 9.0)
    assert not levels.within_tolerance(MODES["osu"], 4.0, 4.31, 1.0)
    assert levels.within_tolerance(MODES["dance-single"], 9, 10, 9.0)
    assert levels.within_tolerance(MODES["beatsaber"], 3, 5, 1.05)
    assert not levels.within_tolerance(MODES["beatsaber"], 3, 3, 1.2)


def test_names_say_how_hard_a_chart_is():
    names = ("Beginner", "Easy", "Medium", "HARD", "Challenge", "ExpertPlus")
    assert [levels.named_rank(name) for name in names] == [0, 1, 2, 3, 4, 5]
    assert levels.named_rank("My own") is None
    assert levels.order_agreement([1.0, 2.0, 3.0], [1, 5, 9]) == pytest.approx(1)
    assert np.isnan(levels.order_agreement([1.0, 2.0], [1, 2]))


# Objects and hands

OSU = MODES["osu"]
CIRCLES = tuple(Circle(b * BEAT, b * BEAT, 50.0 * b, 100.0) for b in range(8))


def placed(notes):
    return objects.placed(OSU, notes, TIMING)


def test_hits_agree_in_time_and_place():
    assert objects.hit_f1(placed(CIRCLES), placed(CIRCLES)) == 1
    near = [replace(c, y=140.0) for c in CIRCLES]
    far = [replace(c, y=160.0) for c in CIRCLES]
    assert objects.hit_f1(placed(near), placed(CIRCLES)) == 1
    assert objects.hit_f1(placed(far), placed(CIRCLES)) == 0
    assert objects.hit_f1(placed(CIRCLES[:4]), placed(CIRCLES)) == pytest.approx(2 / 3)
    assert objects.hit_f1(placed(()), placed(CIRCLES)) == 0
    doubled = sorted((*CIRCLES, *CIRCLES), key=lambda n: n.tick)
    assert objects.hit_f1(placed(doubled), placed(CIRCLES)) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("abcd", "abcd", 0), ("abcd", "abxd", 0.25), ("abcd", "", 1), ("", "", 0),
     ("abcd", "xabcd", 0.2), ("kitten", "sitting", 3 / 7)],
)  # fmt: skip
def test_edit_distance(a, b, distance):
    assert objects.edit_distance(a, b) == pytest.approx(distance)


def test_equal_gaps_of_milliseconds_are_equal():
    assert objects.steps(at(0, 1, 2.001, 2.999)) == [0, 48, 48, 48]
    assert objects.spelled(OSU, CIRCLES[:2]) == [("circle", 0), ("circle", 48)]


def slider(beat, x, y, length_px=200.0):
    return Slider(beat * BEAT, (beat + 1) * BEAT, x, y, "L", (("", x + length_px, y),), length_px)


def test_sliders_cover_one_another():
    one = slider(0, 100, 100)
    assert objects.slider_iou((one,), (one,), TIMING) == 1
    assert objects.slider_iou((slider(0, 100, 300),), (one,), TIMING) == 0
    half = objects.slider_iou((slider(0, 200, 100),), (one,), TIMING)
    assert 0.3 < half < 0.6
    assert objects.slider_iou((one,), (one, slider(4, 100, 100)), TIMING) == 0.5
    assert np.isnan(objects.slider_iou(CIRCLES, CIRCLES, TIMING))


def swings(directions, start=0):
    """Red and blue by turns of a beat each, cut in the given directions."""
    return tuple(
        ColorNote(b * BEAT, b * BEAT, 1 + b % 2, 0 if d == 1 else 2, (RED, BLUE)[b % 2], d)
        for b, d in enumerate(directions, start=start)
    )


def saber_figures(notes):
    chart = Chart("beatsaber", "Expert", notes=notes)
    return objects.Hands.of(MODES["beatsaber"], chart, TIMING)


def test_hands_that_flow_break_no_parity():
    flowing = saber_figures(swings([1, 1, 0, 0] * 4))
    assert flowing.parity_rate == 0
    assert flowing.balance == 1
    assert flowing.nps == pytest.approx(16 / 6.0)
    # The same way again within half a second and none made the hand go back.
    fast = tuple(ColorNote(i * BEAT // 2, i * BEAT // 2, 1, 0, RED, 1) for i in range(16))
    again = saber_figures(fast)
    assert again.parity_rate > 0.9
    assert again.balance == 0
    assert saber_figures(()).nps == 0


def test_the_composite_of_a_human_chart_with_itself():
    chart = Chart("beatsaber", "Expert", notes=swings([1, 1, 0, 0] * 4))
    mode = MODES["beatsaber"]
    parts = objects.composite(mode, chart, chart, TIMING)
    same = {name: parts[name] for name in ("onset_f1", "beat_alignment", "parity", "nps")}
    assert set(same.values()) == {1}
    assert sum(objects.WEIGHTS.values()) == pytest.approx(1)
    empty = objects.composite(mode, replace(chart, notes=()), chart, TIMING)
    assert empty["composite"] < parts["composite"]
    assert empty["onset_f1"] == 0
    assert objects.nps_accuracy(4.0, 2.0) == 0

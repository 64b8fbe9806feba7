from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest

from chartstudio.core.mode import RowContext
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.engine.train import place_saber, teacher
from chartstudio.engine.train.composer import compose
from chartstudio.engine.train.moments import Moment, Scene
from chartstudio.engine.train.place_saber_rules import (
    ANY,
    DOWN,
    FLIP_X,
    FLIP_Y,
    FOREHAND,
    N_CUTS,
    RESTS_S,
    Rules,
    cell_of,
    cut_at,
    cut_event,
    mirrored,
    overturned,
)
from chartstudio.engine.train.place_saber_taste import TRAVEL, Taste
from chartstudio.modes import MODES
from chartstudio.modes.beatsaber import space
from chartstudio.modes.beatsaber.check_sight import hiding_span_of
from chartstudio.modes.beatsaber.flow import Start, by_hand, swings_of
from chartstudio.modes.beatsaber.grammar import LEAST_GAP_S
from chartstudio.modes.beatsaber.notes import BLUE, RED, Bomb, ColorNote, Wall
from chartstudio.modes.beatsaber.ranks import jump_distance_m, reaction_s
from chartstudio.modes.lanes import rows

MODE = MODES["beatsaber"]
STEADY = {name: 0.0 for name, _, _ in place_saber.HABITS} | {"mirror": 0.0, "even": 1.0}
"""An author without fancies."""


def moments(n_measures=24, step=BEAT // 2, n_patterns=4, seed=0, accent=4, hold=0):
    """Measures of equal steps; accents every so many, their first the loudest."""
    rng = np.random.default_rng(seed)
    per = 4 * BEAT // step
    tunes = rng.integers(50, 80, (n_patterns, per)).tolist()
    found = []
    for m in range(n_measures):
        for i in range(per):
            pitch = tunes[m % n_patterns][i]
            size = 2 if accent and i % accent == 0 else 1
            tick = (m + 2) * 4 * BEAT + i * step
            loud = 0.9 if size > 1 else 0.1 + 0.02 * i
            found.append(Moment(tick, hold, (m % n_patterns, i), pitch, size, "lead", (), loud))
    return found


def scene(level=3.0, bpm=120.0, timing=None, **habits):
    starts = np.arange(0, 80) * 4 * BEAT
    timing = timing or TimingMap.constant(bpm)
    return Scene(MODE, timing, starts, level, level, STEADY | habits)


def place(asked, where, seed=0):
    return place_saber.place(asked, where, np.random.default_rng(seed))


def chart_of(placed, level=3.0):
    return Chart("beatsaber", level=level, notes=placed.notes, settings=placed.settings)


def cuts(notes):
    return [n for n in notes if isinstance(n, ColorNote)]


def hands_by_tick(notes):
    found = defaultdict(set)
    for note in cuts(notes):
        found[note.tick].add(note.color)
    return found


def refused(chart, timing, window_beats=8):
    """Rows that the vocabulary cannot spell, or the grammar does not allow."""
    before, bad = [], []
    for tick, row in rows(chart.notes):
        events = MODE.encode(row)
        if MODE.decode(tick, events) != (tuple(row), 0):
            bad.append((tick / BEAT, "spelling", row))
        grammar = MODE.grammar(RowContext(tick, timing, before, (), (), chart.level))
        if not all(grammar.mask(events[:i])[event] for i, event in enumerate(events)):
            bad.append((tick / BEAT, "grammar", row))
        before = [n for n in before if n.end > tick - window_beats * BEAT] + list(row)
    return bad


# What the grammar was asked --------------------------------------------------------------


@pytest.mark.parametrize("level", [1.0, 2.7, 4.2, 5.0])
def test_rules_are_the_grammars(level):
    rules = Rules.of(MODE, level)
    tenth = int(level * 10 + 1e-6) / 10
    assert rules.level == pytest.approx(tenth)
    assert rules.least_gap_s == pytest.approx(np.interp(tenth, range(1, 6), LEAST_GAP_S), abs=0.002)
    assert rules.hidden_s == pytest.approx(hiding_span_of(tenth)[1], abs=0.002)
    assert rules.n_stack == 1 + (level >= 2.5) + (level >= 4.5)
    assert rules.cell_rest_s < 0.1


@pytest.mark.parametrize("level", [1.3, 3.0, 5.0])
def test_what_follows_may_follow_after_any_such_rest(level):
    rules, rng = Rules.of(MODE, level), np.random.default_rng(1)
    timing = TimingMap.constant(60.0)
    n_allowed = 0
    for _ in range(300):
        hand, arrow = int(rng.integers(2)), int(rng.integers(8))
        rest_s = max(float(rng.choice(RESTS_S)), rules.least_gap_s) + float(rng.random()) ** 3
        last = MODE.decode(0, (cut_event(MODE, hand, cut_at(1 + hand, 0, arrow)),))[0]
        tick = timing.tick_at(rest_s)
        mask = MODE.grammar(RowContext(tick, timing, last, (), (), level)).mask(())
        row = rules.follows[hand, int(np.searchsorted(RESTS_S, rest_s - 0.001, "right")) - 1, arrow]
        for way in np.flatnonzero(row).tolist():
            n_allowed += 1
            assert mask[cut_event(MODE, hand, cut_at(1 + hand, 2, way))], (hand, arrow, way, rest_s)
    assert n_allowed > 900


def test_forehand_cuts_are_those_that_strain_nobody():
    for hand in (RED, BLUE):
        for way, angle in enumerate(space.ANGLES):
            note = ColorNote(0, 0, 1, 0, hand, way)
            (swing,) = swings_of((note,), TimingMap.constant(60.0))
            assert (swing.parity.value == "forehand") == (way in FOREHAND[hand]), angle


def test_cuts_turn_over_as_the_mode_turns_them():
    assert space._FLIP_X == FLIP_X
    assert space._FLIP_Y == FLIP_Y
    for cut in range(N_CUTS):
        assert mirrored(mirrored(cut)) == overturned(overturned(cut)) == cut
    assert cell_of(mirrored(cut_at(0, 2, DOWN))) == (3, 2, DOWN)


def test_a_swing_starts_near_where_the_last_ended():
    down = cut_at(1, 0, DOWN)
    back, far = cut_at(1, 0, space.UP), cut_at(3, 2, space.UP)
    assert TRAVEL[down, back] < 1 < TRAVEL[down, far]


def test_taste_is_the_same_for_both_hands():
    taste = Taste.of(3.0, {})
    other = [mirrored(cut) for cut in range(N_CUTS)]
    np.testing.assert_allclose(taste.liking[RED][other], taste.liking[BLUE])
    np.testing.assert_allclose(taste.pairs[np.ix_(other, other)].T, taste.pairs)


# What is placed --------------------------------------------------------------------------


@pytest.mark.parametrize("step", [BEAT, BEAT // 2, BEAT // 3, BEAT // 4])
@pytest.mark.parametrize("level", [1.0, 2.0, 3.0, 4.0, 5.0])
def test_placed_charts_are_legal_and_flow(level, step):
    lively = {name: high for name, _, high in place_saber.HABITS}
    asked = moments(step=step, accent=3, hold=step)
    where = scene(level, 160.0, **lively)
    placed = place(asked, where, seed=round(level))
    chart = chart_of(placed, level)
    assert len(chart.notes) > 60
    assert not refused(chart, where.timing)
    assert not refused(chart, where.timing, window_beats=1000)
    assert not [i for i in MODE.check(chart, where.timing) if i.severity != "hint"]
    assert {n.tick for n in chart.notes} <= {m.tick for m in asked}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("level", [1.0, 2.5, 4.0, 5.0])
def test_teachers_charts_are_legal(level, seed):
    piece = compose(np.random.default_rng(seed))
    chart = teacher.write(piece, MODE.id, level, np.random.default_rng(seed))
    assert len(chart.notes) > 30
    assert not refused(chart, piece.timing)
    assert not [i for i in MODE.check(chart, piece.timing) if i.severity != "hint"]


def test_hands_swing_to_and_fro():
    placed = place(moments(accent=0), scene(5.0, 140.0, variation=1.0, angles=1.0))
    for hand in by_hand(swings_of(placed.notes, TimingMap.constant(140.0))):
        assert len(hand) > 80
        assert all(s.start is Start.FLOW for s in hand[1:])
        assert {s.parity for s in hand[::2]} != {s.parity for s in hand[1::2]}


def test_hands_take_turns_in_streams():
    placed = place(moments(step=BEAT // 4, accent=0), scene(5.0, 150.0))
    turns = [min(hands) for _, hands in sorted(hands_by_tick(placed.notes).items())]
    assert np.mean(np.diff(turns) != 0) > 0.9
    assert 0.45 < np.mean(turns) < 0.55


def test_too_quick_moments_are_left_out():
    asked = moments(step=BEAT // 12, accent=0)
    placed = place(asked, scene(1.0, 120.0))
    assert 0 < len(placed.notes) < 0.6 * len(asked)
    times = TimingMap.constant(120.0).seconds_at(np.array([n.tick for n in placed.notes]))
    for hand in (RED, BLUE):
        mine = times[[n.color == hand for n in placed.notes]]
        assert np.diff(mine).min() >= LEAST_GAP_S[0]


def test_accents_get_both_hands():
    asked = moments()
    found = hands_by_tick(place(asked, scene(4.0)).notes)
    assert all(len(found[m.tick]) == 2 for m in asked if m.size > 1)


def test_doubles_are_parallel_or_mirrored_for_beginners():
    asked = [m for m in moments(n_measures=60) if m.size > 1]
    chart = place(asked, scene(1.0, 90.0, doubles=1.0))
    kinds = Counter()
    for _, row in rows(chart.notes):
        if len(row) == 2:
            red, blue = row
            kinds[blue.direction in (red.direction, FLIP_X[red.direction])] += 1
            assert red.x < blue.x
    assert kinds[True] > 20 * kinds[False] > -1
    assert kinds[True] > 50


def test_equal_measures_are_cut_alike():
    """But for a cell that happens to be hidden, and for hands that come the other way."""
    placed = place(moments(), scene(3.0))
    seen = defaultdict(Counter)
    for tick, row in rows(placed.notes):
        shape = tuple((n.x, n.y, n.color, n.direction) for n in row)
        seen[tick % (16 * BEAT)][shape] += 1
    assert len(seen) == 32
    assert np.mean([found.most_common(1)[0][1] for found in seen.values()]) > 4.5
    assert all(max(found.values()) >= 3 for found in seen.values())


def test_measures_come_back_mirrored_by_habit():
    asked = moments(n_measures=2, n_patterns=1, accent=2)
    placed = place(asked, scene(3.0, mirror=1.0))
    first, second = (
        [replace(n, tick=n.tick - s, end=n.tick - s) for n in placed.notes if s <= n.tick < e]
        for s, e in ((8 * BEAT, 12 * BEAT), (12 * BEAT, 16 * BEAT))
    )
    assert tuple(second) == MODE.mirror(first, "horizontal")
    assert second != first


def test_variation_changes_repeats():
    same, varied = (
        {
            (n.tick % (4 * BEAT), n.x, n.y, n.color, n.direction)
            for n in place(moments(n_patterns=1), scene(3.0, variation=v)).notes
        }
        for v in (0.0, 0.6)
    )
    assert len(varied) > 1.5 * len(same)


@pytest.mark.parametrize(
    ("habit", "found", "step"),
    [
        ("dots", lambda n: isinstance(n, ColorNote) and n.direction == ANY, BEAT // 2),
        ("walls", lambda n: isinstance(n, Wall), BEAT),
        ("bombs", lambda n: isinstance(n, Bomb), BEAT),
    ],
)
def test_habits_that_are_off_do_nothing(habit, found, step):
    asked = moments(n_measures=40, step=step, n_patterns=12, hold=step)
    without, with_ = (
        sum(map(found, place(asked, scene(3.0, 120.0, **{habit: value})).notes)) for value in (0, 1)
    )
    assert without == 0 < with_


def test_towers_by_habit_and_level():
    def n_towers(level, stacks):
        notes = place(moments(), scene(level, 100.0, stacks=stacks)).notes
        seen = Counter((n.tick, n.color) for n in cuts(notes))
        return sum(n > 1 for n in seen.values())

    assert n_towers(2.0, 1.0) == n_towers(4.0, 0.0) == 0 < n_towers(4.0, 1.0)


def test_held_sounds_are_walls_of_that_length():
    asked = [replace(m, hold=2 * BEAT) for m in moments(step=4 * BEAT, accent=0, n_measures=40)]
    walls = [n for n in place(asked, scene(2.0, walls=1.0)).notes if isinstance(n, Wall)]
    assert Counter(w.end - w.tick for w in walls).most_common(1)[0][0] == 2 * BEAT


def test_higher_pitches_lie_higher():
    asked = moments(n_measures=60, n_patterns=60, accent=0)
    at = {m.tick: m.pitch for m in asked}

    def agreement(contour):
        notes = cuts(place(asked, scene(4.0, contour=contour)).notes)
        return np.corrcoef([at[n.tick] for n in notes], [n.y for n in notes])[0, 1]

    assert agreement(1.0) > agreement(0.0) + 0.1


def test_hands_stay_on_their_side_at_lower_levels():
    notes = cuts(place(moments(n_measures=60, n_patterns=60), scene(3.0, crossovers=1.0)).notes)
    assert not [n for n in notes if n.x == (3 if n.color == RED else 0)]
    assert np.mean([n.x < 2 for n in notes if n.color == RED]) > 0.6
    assert np.mean([n.x < 2 for n in notes if n.color == BLUE]) < 0.4


def test_nothing_before_anyone_is_ready():
    asked = [replace(m, tick=m.tick - 8 * BEAT) for m in moments()]
    placed = place(asked, scene())
    assert placed.notes[0].tick == 3 * BEAT
    assert place(asked[:2], scene()).notes == ()


def test_same_generator_same_chart():
    assert place(moments(), scene(4.0), 5) == place(moments(), scene(4.0), 5)
    assert place(moments(), scene(4.0), 5) != place(moments(), scene(4.0), 6)


def test_tempo_changes_are_minded():
    anchors = (Anchor(0, 0.0, 90.0, 4, bar=True), Anchor(40 * BEAT, 80 / 3, 220.0, 4, bar=True))
    where = scene(3.0, timing=TimingMap(anchors))
    chart = chart_of(place(moments(step=BEAT // 4), where))
    assert not refused(chart, where.timing)


# Settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "njs"), [(1, 10), (2, 10), (3, 12), (4, 16), (5, 18)])
def test_settings_follow_the_level(level, njs):
    settings = dict(place([], scene(level)).settings)
    assert settings["njs"] == njs
    assert settings["characteristic"] == "Standard"
    assert all(name in {s.name for s in MODE.settings} for name in settings)


@pytest.mark.parametrize("bpm", [40.0, 75.0, 120.0, 174.0, 222.0, 300.0])
def test_notes_appear_in_good_time(bpm):
    seen = []
    for level in (1, 2, 3, 4, 5):
        settings = dict(place([], scene(level, bpm)).settings)
        njs, offset = settings["njs"], settings["jump_offset"]
        assert 16 <= jump_distance_m(bpm, njs, offset) <= 38
        seen.append(reaction_s(bpm, njs, offset))
    assert seen == sorted(seen, reverse=True)
    assert 0.44 <= seen[-1] < seen[0] <= 1.6

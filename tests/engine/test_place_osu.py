from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from chartstudio.core.mode import RowContext
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.engine.train import composer, place_osu, teacher
from chartstudio.engine.train.moments import Moment, Scene
from chartstudio.engine.train.place_osu_rhythm import band, strokes
from chartstudio.modes import MODES
from chartstudio.modes.osu.curve import end_position, path_of
from chartstudio.modes.osu.notes import Circle, Slider, Spinner

MODE = MODES["osu"]
LEVELS = (1.0, 1.5, 2.3, 3.0, 4.5, 6.0, 8.0)
MEASURE = 4 * BEAT
RHYTHMS = {
    1.0: ((0, 1, 2), (0, 2)),
    2.0: ((0, 1, 2, 2.5, 3), (0, 1.5, 2, 3)),
    3.0: ((0, 0.5, 1, 2, 2.5, 3), (0, 1, 1.5, 2, 3, 3.5)),
    9.0: ((0, 0.5, 1, 1.5, 2, 2.25, 2.5, 2.75, 3, 3.5), (0, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)),
}


def scene(level=3.0, bpm=150.0, n_measures=24, skill=None, timing=None, **habits):
    starts = np.arange(n_measures + 1, dtype=np.int64) * MEASURE
    timing = timing or TimingMap.constant(bpm)
    return Scene(MODE, timing, starts, level, level if skill is None else skill, habits)


def moments(level=3.0, n_measures=24, **changes):
    """Two measures in turn, as dense as the level has it."""
    rhythm = next(r for below, r in RHYTHMS.items() if level <= below)
    return [
        Moment(
            m * MEASURE + round(beat * BEAT),
            0,
            (m % 2, n),
            pitch=60 + int(7 * n) % 5,
            size=2 if beat == 0 and m % 4 == 0 else 1,
            layer="lead",
            loudness=0.9 if beat == int(beat) else 0.4,
            **changes,
        )
        for m in range(n_measures)
        for n, beat in enumerate(rhythm[m % 2])
    ]


def place(level=3.0, seed=0, chosen=None, **changes):
    where = scene(level, **changes)
    placed = place_osu.place(
        moments(level) if chosen is None else chosen, where, np.random.default_rng(seed)
    )
    chart = Chart("osu", notes=placed.notes, settings=placed.settings)
    return chart, where.timing


def stars(chart, timing):
    return MODE.difficulty(chart, timing)


def distances(chart, timing):
    """(seconds, pixels) from each object's end to the next."""
    found = []
    for a, b in pairwise(chart.notes):
        if not isinstance(a, Spinner) and not isinstance(b, Spinner):
            from_x, from_y = end_position(a) if isinstance(a, Slider) else (a.x, a.y)
            gap_s = timing.seconds_at(b.tick) - timing.seconds_at(a.end)
            found.append((float(gap_s), float(np.hypot(b.x - from_x, b.y - from_y))))
    return found


# What holds for every chart ---------------------------------------------------------------


@pytest.mark.parametrize("bpm", [72.0, 128.0, 233.0])
@pytest.mark.parametrize("level", LEVELS)
def test_charts_can_be_spelled_played_and_read(level, bpm):
    chart, timing = place(level, bpm=bpm)
    assert len(chart.notes) > 20
    for note in chart.notes:
        assert MODE.decode(note.tick, MODE.encode((note,))) == ((note,), 0)
        if not isinstance(note, Spinner):
            path = path_of(note) if isinstance(note, Slider) else np.array([[note.x, note.y]])
            assert path.min() >= 0
            assert path[:, 0].max() <= 512
            assert path[:, 1].max() <= 384
    assert [i for i in MODE.check(chart, timing) if i.severity == "error"] == []


@pytest.mark.parametrize("level", LEVELS)
def test_the_grammar_of_the_level_allows_every_row(level):
    chart, timing = place(level)
    for k, note in enumerate(chart.notes):
        before = chart.notes[max(0, k - 10) : k]
        grammar = MODE.grammar(RowContext(note.tick, timing, before, (), (), level))
        events = MODE.encode((note,))
        assert all(grammar.mask(events[:j])[event] for j, event in enumerate(events))


def test_objects_lie_on_moments_and_none_is_made_up():
    chosen = moments()
    chart, _ = place(chosen=chosen)
    ticks = {m.tick for m in chosen}
    assert {n.tick for n in chart.notes} <= ticks
    covered = [m for m in chosen if any(n.tick < m.tick <= n.end for n in chart.notes)]
    assert len(chart.notes) + len(covered) == len(chosen)


def test_the_same_seed_gives_the_same_chart_and_another_seed_another():
    assert place(seed=3)[0] == place(seed=3)[0]
    assert place(seed=3)[0] != place(seed=4)[0]


def test_nothing_to_place():
    placed = place_osu.place([], scene(), np.random.default_rng(0))
    assert placed.notes == ()
    assert dict(placed.settings)["ar"] > 0


def test_a_single_moment_at_the_very_end():
    chart, timing = place(chosen=[replace(moments()[0], tick=23 * MEASURE + 3 * BEAT)])
    assert len(chart.notes) == 1
    assert not MODE.check(chart, timing)


def test_tempo_changes_and_sounds_longer_than_the_field():
    timing = TimingMap((Anchor(0, 0.0, 60.0, 4, bar=True), Anchor(MEASURE, 4.0, 240.0, 4)))
    chosen = [Moment(m * MEASURE, 4 * BEAT, (m, 0), size=1) for m in range(24)]
    for level in LEVELS:
        chart, _ = place(level, chosen=chosen, timing=timing, spinners=0.0)
        assert any(isinstance(n, Slider) for n in chart.notes)
        assert [i for i in MODE.check(chart, timing) if i.severity == "error"] == []


# Levels -----------------------------------------------------------------------------------


def test_the_level_sets_how_hard_the_same_moments_are():
    chosen = moments(3.0)
    reached = [stars(*place(level, chosen=chosen)) for level in (1.5, 2.5, 3.5, 5.0, 7.0)]
    assert reached == sorted(reached)
    assert reached[-1] > 1.6 * reached[0]


def test_spacing_makes_up_for_what_is_missing():
    # Sparse for its level, and dense: the sparse one is wider.
    sparse, dense = moments(2.0), moments(9.0)
    found = [distances(*place(3.2, chosen=c, spacing=0.5)) for c in (sparse, dense)]
    speeds = [np.median([px / s for s, px in d if 0.15 < s < 0.45 and px > 20]) for d in found]
    assert speeds[0] > 1.2 * speeds[1]


def test_a_low_skill_bounds_the_reach():
    chart, timing = place(7.0, skill=1.0, chosen=moments(9.0))
    assert all(px <= 48 + s * 450 for s, px in distances(chart, timing))
    free, _ = place(7.0, chosen=moments(9.0))
    assert any(px > 48 + s * 450 for s, px in distances(free, timing))


def test_the_teacher_reaches_levels():
    piece = composer.compose(np.random.default_rng(12))
    for level in (1.5, 3.0, 5.0):
        chart = teacher.write(piece, "osu", level, np.random.default_rng(0))
        assert chart.level == pytest.approx(level, abs=0.3)
        assert dict(chart.extra.get("teacher")).keys() >= {name for name, _, _ in place_osu.HABITS}


WIKI = {
    # Difficulty setting guidelines of the osu! wiki: AR, OD, HP, CS, with our levels.
    1.0: ((0, 5), (1, 3), (1, 3), (0, 4)),
    1.9: ((0, 5), (1, 3), (1, 3), (0, 4)),
    2.0: ((4, 6), (3, 5), (3, 5), (0, 5)),
    2.6: ((4, 6), (3, 5), (3, 5), (0, 5)),
    2.7: ((6, 8), (5, 7), (4, 6), (0, 6)),
    3.9: ((6, 8), (5, 7), (4, 6), (0, 6)),
    4.0: ((7, 9.3), (7, 9), (5, 8), (0, 7)),
    5.2: ((7, 9.3), (7, 9), (5, 8), (0, 7)),
    5.3: ((8, 10), (8, 10), (5, 10), (0, 7)),
    8.0: ((8, 10), (8, 10), (5, 10), (0, 7)),
}


@pytest.mark.parametrize("level", WIKI)
def test_settings_are_those_of_ranked_charts(level):
    settings = dict(place_osu.place([], scene(level), np.random.default_rng(0)).settings)
    for name, (low, high) in zip(("ar", "od", "hp", "cs"), WIKI[level], strict=True):
        assert low <= settings[name] <= high
    assert 0.4 <= settings["slider_multiplier"] <= 3.6


def test_sliders_have_the_velocity_of_the_chart():
    chart, _ = place(3.0, sliders=1.0)
    sliders = [n for n in chart.notes if isinstance(n, Slider)]
    usual = 100 * chart.setting("slider_multiplier")
    speeds = [n.length_px * n.n_spans / ((n.end - n.tick) / BEAT) for n in sliders]
    assert np.mean(np.isclose(speeds, usual)) > 0.9


# Rhythm -----------------------------------------------------------------------------------


def kinds(chosen, level=3.0, **habits):
    found = strokes(chosen, scene(level, **habits), np.random.default_rng(0))
    return [(s.kind, s.tick / BEAT, (s.end - s.tick) / BEAT, s.n_spans) for s in found]


def row(*beats, hold=0, pitch=0, size=1):
    """Moments in one measure, each of a pitch of its own unless said."""
    return [
        Moment(round(b * BEAT), round(hold * BEAT), (0, n), pitch or 50 + n, size)
        for n, b in enumerate(beats)
    ]


def test_held_sounds_are_followed_and_leave_time_for_the_next():
    first, second = row(0, 3)
    found = kinds([replace(first, hold=2 * BEAT), second])
    assert found[0] == ("slider", 0, 2, 1)
    near = replace(second, tick=2 * BEAT)
    assert kinds([replace(first, hold=2 * BEAT), near])[0] == ("slider", 0, 1.5, 1)


def test_short_sounds_are_struck():
    assert kinds(row(1, 2, hold=0.25))[0][0] == "circle"
    assert kinds(row(1, 2.5, hold=1))[0][0] == "slider"


def test_a_slider_ends_on_the_weaker_sound_never_on_the_stronger():
    assert kinds(row(1, 1.5, 2.5), sliders=1.0)[0] == ("slider", 1, 0.5, 1)
    assert kinds(row(0.5, 1, 3), sliders=1.0)[0] == ("circle", 0.5, 0, 1)
    accent = [*row(1)[:1], replace(row(1, 1.5)[1], size=2), *row(1, 1.5, 2.5)[2:]]
    assert kinds(accent, sliders=1.0)[0][0] == "circle"


def test_repeated_sounds_turn_back():
    found = {
        strokes(row(0, 0.5, 1, 2.5, pitch=60), scene(reverses=1.0, sliders=0.0), rng)[0].n_spans
        for rng in map(np.random.default_rng, range(12))
    }
    assert 2 in found
    differing = [strokes(row(0, 0.5, 1, 2.5), scene(reverses=1.0), r)[0] for r in rngs(12)]
    assert all(s.n_spans == 1 for s in differing)


def rngs(n):
    return map(np.random.default_rng, range(n))


def test_beginners_click_no_bursts():
    chosen = row(0, 0.25, 0.5, 2, 2.25, 2.5)
    easy = strokes(chosen, scene(2.3, bpm=120), np.random.default_rng(0))
    hard = strokes(chosen, scene(5.0, bpm=120, sliders=0.0, reverses=0.0), np.random.default_rng(0))
    assert len(hard) == len(chosen)
    assert len(easy) < len(chosen)
    assert all(b.tick - a.end > BEAT // 4 for a, b in pairwise(easy))


@pytest.mark.parametrize("level", [1.5, 2.3, 3.0, 5.0])
def test_quiet_places_are_spun_with_time_to_recover(level):
    busy = [m for m in moments(level) if not 10 * MEASURE < m.tick < 14 * MEASURE]
    charts = [place(level, seed, chosen=busy, spinners=1.0) for seed in range(6)]
    spun = 0
    for chart, timing in charts:
        for a, b in pairwise(chart.notes):
            if isinstance(a, Spinner):
                spun += 1
                lasts_s = timing.seconds_at(a.end) - timing.seconds_at(a.tick)
                assert lasts_s >= band(level).spinner_s
                recovery_s = timing.seconds_at(b.tick) - timing.seconds_at(a.end)
                assert recovery_s >= band(level).recovery_s - 1e-9
                assert a.new_combo
                assert b.new_combo
    assert spun


def test_combos_follow_measures():
    chart, _ = place(3.0)
    assert chart.notes[0].new_combo
    starts = [n.tick for n in chart.notes if n.new_combo]
    assert all(t % MEASURE in (0, MEASURE // 2) for t in starts)
    lengths = np.diff([*(i for i, n in enumerate(chart.notes) if n.new_combo), len(chart.notes)])
    assert lengths.max() <= 16
    assert 2 <= np.median(lengths) <= 9


# Places -----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [1.5, 2.3])
def test_beginners_can_read_time_from_distance(level):
    found = distances(*place(level, chosen=moments(2.0)))
    by_gap = {}
    for gap_s, px in found:
        if gap_s <= 0.6 and px >= 12:
            by_gap.setdefault(round(gap_s, 2), []).append(px)
    medians = [np.median(px) for _, px in sorted(by_gap.items())]
    assert len(medians) > 1
    assert all(b > a - 8 for a, b in pairwise(medians))
    assert medians[-1] > 1.2 * medians[0]
    for gap in by_gap.values():
        assert np.ptp(np.percentile(gap, (10, 90))) <= 0.3 * np.median(gap)


def test_accents_jump_at_hard_levels_only():
    def share(level, jumps):
        chart, timing = place(level, chosen=moments(3.0), jumps=jumps, stacks=0.0)
        gaps = [px for s, px in distances(chart, timing) if 0.18 < s < 0.22 and px > 12]
        return np.std(gaps) / np.mean(gaps)

    assert share(5.5, 1.0) > share(5.5, 0.0) + 0.04
    assert share(2.2, 1.0) == pytest.approx(share(2.2, 0.0))


def shape(notes):
    """Distances between all objects of a measure, which moving and turning keep."""
    places = np.array([(n.x, n.y) for n in notes])
    return np.hypot(*(places[:, None] - places).transpose(2, 0, 1)).round(6)


def test_measures_that_come_back_have_the_same_figure():
    chart, _ = place(4.0, spinners=0.0)
    measures = [[n for n in chart.notes if n.tick // MEASURE == m] for m in range(1, 24)]
    alike = [
        len(a) == len(b) and np.array_equal(shape(a), shape(b))
        for a, b in zip(measures, measures[2:], strict=False)
    ]
    assert np.mean(alike) > 0.5
    placed = {tuple((n.x, n.y) for n in m) for m in measures[1::2]}
    assert len(placed) > 3


def test_habits_are_heard():
    def sliders(chart):
        return [n for n in chart.notes if isinstance(n, Slider)]

    few, many = (sum(k == "slider" for k, *_ in kinds(moments(), sliders=x)) for x in (0.0, 1.0))
    assert many > few
    straight, bent = (sliders(place(3.0, sliders=1.0, bent=x)[0]) for x in (0.0, 1.0))
    assert np.mean([n.curve == "P" for n in bent]) > np.mean([n.curve == "P" for n in straight])
    apart, stacked = (
        sum(px == 0 for _, px in distances(*place(4.0, chosen=repeated(), stacks=x, sliders=0.0)))
        for x in (0.0, 1.0)
    )
    assert apart == 0
    assert stacked > 3


def repeated():
    return [replace(m, pitch=60, size=1) for m in moments(3.0)]


def test_circles_in_view_are_not_hidden_from_beginners():
    for seed in range(4):
        chart, timing = place(1.6, seed, chosen=moments(1.0))
        radius_px = 54.4 - 4.48 * chart.setting("cs")
        circles = [n for n in chart.notes if isinstance(n, Circle)]
        for a, b in pairwise(circles):
            if timing.seconds_at(b.tick) - timing.seconds_at(a.tick) < 1.2:
                assert np.hypot(b.x - a.x, b.y - a.y) > 1.7 * radius_px

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chartstudio.core.errors import ModeError
from chartstudio.core.mode import RowContext
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.ticks import snap_ticks
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.engine.train import demands, placement, synthesis, teacher
from chartstudio.engine.train.piece import TAUGHT_MODES, Piece, Sound
from chartstudio.engine.train.score import Score
from chartstudio.modes import MODES
from chartstudio.modes.lanes import HOLD_LENGTHS, rows

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="no shared data")

STYLE = replace(
    teacher.Style.drawn(np.random.default_rng(0)),
    **{"repeat": 1.0, "mirror": 0.0, "fill": 0.5, "contrast": 0.8, "section_measures": 8},
)


def sound(beat, length, pitch, layer, part=0, velocity=90):
    start = round(beat * BEAT)
    return Sound(start, start + round(length * BEAT), pitch, velocity, layer, part)


def song(n_measures=32, bpm=140.0, timing=None) -> Piece:
    """Rock beat, bass, and a lead that plays a two-measure phrase and rests in 9 to 16."""
    sounds = []
    for m in range(n_measures):
        b = 4 * m
        sounds += [sound(b + k / 2, 0.1, 42, "drums", velocity=60) for k in range(8)]
        sounds += [sound(b + k, 0.1, 36 if k % 2 == 0 else 38, "drums") for k in range(4)]
        if m % 8 == 0:
            sounds.append(sound(b, 1, 49, "drums", velocity=120))
        sounds += [sound(b + k / 2, 0.4, 40, "bass", 1) for k in range(8)]
        if not 8 <= m < 16:
            tune = (0, 0.5, 1.5, 2, 2.5, 3) if m % 2 else (0, 1, 1.5, 2, 3.5)
            sounds += [sound(b + x, 0.3, 60 + 2 * i, "lead", 2) for i, x in enumerate(tune[:-1])]
            sounds.append(sound(b + tune[-1], 0.75 if m % 2 else 0.4, 72, "lead", 2))
    timing = timing or TimingMap.constant(bpm)
    return Piece("song", timing, tuple(sorted(sounds, key=lambda s: s.tick)), (0, 33, 80))


def write(mode_id, level, seed=0, piece=None, style=None):
    return teacher.write(piece or song(), mode_id, level, np.random.default_rng(seed), style)


def errors(chart, timing):
    return [i for i in MODES[chart.mode].check(chart, timing) if i.severity == "error"]


def n_warnings(chart, timing):
    return sum(i.severity == "warning" for i in MODES[chart.mode].check(chart, timing))


@pytest.mark.parametrize("mode_id", TAUGHT_MODES)
@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_charts_have_no_errors_and_few_warnings(mode_id, share):
    low, high = MODES[mode_id].level_range
    piece = song()
    chart = write(mode_id, low + share * (high - low), piece=piece)
    assert len(chart.notes) > 20
    assert not errors(chart, piece.timing)
    assert n_warnings(chart, piece.timing) <= 1 + len(chart.notes) / 150


@pytest.mark.parametrize("mode_id", TAUGHT_MODES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_drafts_of_that_level_may_be_so(mode_id, share):
    """What the teacher writes, the grammar lets the engine write."""
    mode = MODES[mode_id]
    low, high = mode.level_range
    piece = song()
    chart = write(mode_id, low + share * (high - low), seed=2, piece=piece)
    before: list = []
    for tick, row in rows(chart.notes):
        context = RowContext(tick, piece.timing, before, (), (), chart.level)
        grammar = mode.grammar(context)
        events = mode.encode(row)
        for i, event in enumerate(events):
            assert grammar.mask(events[:i])[event], (tick / BEAT, row)
        before = [n for n in before if n.end > tick - 8 * BEAT] + list(row)


def test_same_generator_same_chart():
    assert write("dance-single", 7, 3) == write("dance-single", 7, 3)
    assert write("dance-single", 7, 3) != write("dance-single", 7, 4)


@pytest.mark.parametrize("mode_id", ["dance-single", "pump-single", "mania-4k", "mania-7k"])
def test_asked_levels_are_reached_or_the_truth_is_told(mode_id):
    mode, piece = MODES[mode_id], song()
    low, high = mode.level_range
    reached = []
    for asked in np.linspace(low, low + 0.4 * (high - low), 6):
        chart = write(mode_id, float(asked), piece=piece, style=STYLE)
        assert chart.level == pytest.approx(mode.difficulty(chart, piece.timing), abs=1e-3)
        assert chart.level == pytest.approx(asked, rel=0.2, abs=0.45)
        reached.append(len({n.tick for n in chart.notes}))
    assert reached == sorted(reached)
    assert reached[-1] > 2.5 * reached[0]


def test_density_tables_rise():
    for table in demands.DENSITY.values():
        for easier, harder in itertools.pairwise(table):
            assert easier[0] < harder[0]
            assert easier[1] < harder[1]
            assert easier[2] <= harder[2]


def test_beginners_get_beats_only():
    chart = write("dance-single", 1.5)
    assert all(n.tick % BEAT == 0 for n in chart.notes)
    assert len({n.tick for n in chart.notes}) == len(chart.notes)


def test_identical_measures_are_charted_identically():
    piece = song(n_measures=24)
    chart = write("dance-single", 6, piece=piece, style=replace(STYLE, lead=1.0, drums=0.0))
    (start, end, layer), *_ = chart.extra.get("follow")
    assert layer == "lead"
    measures = [
        tuple((n.tick - m, n.end - m) for n in chart.notes if m <= n.tick < m + 8 * BEAT)
        for m in range(start, end, 8 * BEAT)
    ]
    assert len(measures[0]) > 5
    assert len(set(measures)) <= 2


def test_the_followed_voice_decides_where_notes_are():
    piece = song()
    style = replace(STYLE, lead=1.0, drums=0.0, bass=0.0, chords=0.0, fill=0.0)
    chart = write("mania-4k", 0.9, piece=piece, style=style)
    lead = {s.tick for s in piece.sounds if s.layer == "lead"}
    for start, end, layer in chart.extra.get("follow"):
        mine = {n.tick for n in chart.notes if start <= n.tick < end}
        if layer == "lead":
            assert len(mine & lead) > 0.8 * len(mine)
    # Where the lead rests, another voice is followed.
    assert {f[2] for f in chart.extra.get("follow") if f[0] == 32 * BEAT} <= {"drums", "bass"}


def test_long_sounds_are_held_and_drums_are_not():
    style = replace(STYLE, lead=1.0, drums=0.0, bass=0.0, chords=0.0, holds=1.0)
    chart = write("mania-7k", 1.0, style=style)
    holds = [n for n in chart.notes if n.end > n.tick]
    assert len(holds) >= 5
    assert all(n.end - n.tick in HOLD_LENGTHS for n in holds)
    assert not [
        n for n in write("mania-7k", 1.0, style=replace(style, holds=0.0)).notes if n.end > n.tick
    ]


def test_accents_are_the_loudest_moments():
    style = replace(STYLE, drums=1.0, lead=0.0, bass=0.0, chords=0.0, accents=0.15)
    piece = song()
    chart = write("dance-single", 7, piece=piece, style=style)
    jumps = {t for t, row in rows(chart.notes) if len(row) > 1}
    crashes = {s.tick for s in piece.sounds if s.pitch == 49}
    singles = {t for t, row in rows(chart.notes) if len(row) == 1}
    assert jumps
    assert len(crashes & jumps) > len(crashes & singles)


def test_silence_is_left_alone():
    piece = song(n_measures=8)
    late = tuple(replace(s, tick=s.tick + 64 * BEAT, end=s.end + 64 * BEAT) for s in piece.sounds)
    chart = write("dance-single", 6, piece=replace(piece, sounds=piece.sounds + late))
    assert not [n for n in chart.notes if 33 * BEAT < n.tick < 63 * BEAT]
    assert [n for n in chart.notes if n.tick >= 64 * BEAT]


def test_changing_tempo_and_meter():
    timing = TimingMap(
        (
            Anchor(0, 0.5, 120.0, 4, bar=True),
            Anchor(16 * BEAT, 8.5, 150.0, 3, bar=True),
            Anchor(40 * BEAT, 18.1, 90.0),
        )
    )
    piece = song(timing=timing)
    chart = write("pump-single", 9, piece=piece)
    assert not errors(chart, timing)
    assert chart.notes[-1].tick > 40 * BEAT


def test_unknown_mode():
    with pytest.raises(ModeError, match="no teacher"):
        write("chess", 3)


# Quantising --------------------------------------------------------------------------------


@pytest.mark.parametrize("snap", [16, 24])
def test_human_playing_is_taken_to_its_grid(snap):
    rng = np.random.default_rng(1)
    step = snap_ticks(snap)
    true = np.arange(0, 32 * BEAT, step)
    played = np.maximum(true + rng.normal(0, 0.02 * BEAT, len(true)).round().astype(int), 0)
    sounds = tuple(Sound(int(t), int(t) + 99, 42, 80, "drums") for t in np.sort(played))
    score = Score.of(Piece("p", TimingMap.constant(120), sounds))
    assert np.mean(np.isin(score.voices[0].ticks, true)) > 0.97


# Bodies ------------------------------------------------------------------------------------


def n_double_steps(steps, lanes):
    """Least number of rows that repeat a foot on another panel; jumps use both feet.

    Dynamic programming over which foot made the last step, legs crossed at most once in a row.
    """
    x = [lane.x for lane in lanes]
    best = {(None, None, None): 0}
    for step in steps:
        ahead = {}
        for (left, right, last), cost in best.items():
            if len(step) == 2:
                for a, b in itertools.permutations(step):
                    state = (a, b, None)
                    ahead[state] = min(ahead.get(state, 999), cost + (x[a] > x[b]))
                continue
            for foot in (0, 1):
                (panel,) = step
                own, other = (left, right) if foot == 0 else (right, left)
                if panel == other:
                    continue
                extra = foot == last and panel != own
                state = (panel, right, 0) if foot == 0 else (left, panel, 1)
                ahead[state] = min(ahead.get(state, 999), cost + extra)
        best = ahead
    return min(best.values())


@pytest.mark.parametrize("mode_id", ["dance-single", "dance-double", "pump-single"])
@pytest.mark.parametrize("crossovers", [0.0, 1.0])
def test_feet_alternate(mode_id, crossovers):
    lanes = MODES[mode_id].layout.lanes
    craft = placement.Craft(0.12, 2, jacks=0.3, crossovers=crossovers)
    feet = placement.Feet(lanes, craft, np.random.default_rng(5))
    steps = [feet.place(placement.Row(0.17 * i, size=2 if i % 11 == 0 else 1)) for i in range(600)]
    steps = [s for s in steps if s]
    assert len(steps) > 590
    assert n_double_steps(steps, lanes) == 0
    used = np.bincount([p for s in steps for p in s], minlength=len(lanes))
    assert used.min() > 0.3 * used.mean()


def test_no_crossed_legs_unless_asked():
    lanes = MODES["dance-single"].layout.lanes

    def facing(crossovers):
        craft = placement.Craft(0.12, 1, crossovers=crossovers)
        feet = placement.Feet(lanes, craft, np.random.default_rng(5))
        crossed = 0
        for i in range(300):
            feet.place(placement.Row(0.25 * i))
            crossed += lanes[feet._on[0]].x > lanes[feet._on[1]].x
        return crossed

    assert facing(0.0) == 0
    assert facing(1.0) > 10


def test_one_foot_holds_while_the_other_steps_slowly():
    lanes = MODES["dance-single"].layout.lanes
    feet = placement.Feet(lanes, placement.Craft(0.12, 2), np.random.default_rng(0))
    (held,) = feet.place(placement.Row(0.0, held_s=2.0))
    beside = [feet.place(placement.Row(0.1 + 0.2 * i, size=2)) for i in range(9)]
    assert all(len(s) <= 1 and held not in s for s in beside)
    assert 3 <= sum(map(len, beside)) <= 6


@pytest.mark.parametrize("n_keys", [4, 7, 10])
def test_hands_share_the_work(n_keys):
    craft = placement.Craft(0.15, 3)
    hands = placement.Hands(n_keys, craft, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    last, gaps = {}, []
    hits = np.zeros(n_keys)
    for i in range(800):
        for key in hands.place(placement.Row(0.125 * i, size=int(rng.integers(1, 3)))):
            gaps.append(0.125 * i - last.get(key, -9))
            last[key] = 0.125 * i
            hits[key] += 1
    assert min(gaps) >= 0.15
    assert hits[: n_keys // 2].sum() / hits[-(n_keys // 2) :].sum() == pytest.approx(1, abs=0.1)
    assert hits.min() > 0.4 * hits.mean()


def test_wanted_lanes_are_taken_when_playable():
    hands = placement.Hands(4, placement.Craft(0.1, 2), np.random.default_rng(0))
    assert hands.place(placement.Row(0.0, size=2), (0, 3)) == (0, 3)
    assert hands.place(placement.Row(0.05, size=2), (0, 3)) != (0, 3)
    feet = placement.Feet(
        MODES["dance-single"].layout.lanes, placement.Craft(0.1, 2), np.random.default_rng(0)
    )
    lanes = [feet.place(placement.Row(0.3 * i), (i % 4,)) for i in range(4)]
    assert lanes == [(0,), (1,), (2,), (3,)]


@needs_data
def test_real_music_gives_clean_charts():
    for i, piece in enumerate(itertools.islice(synthesis.pieces(DATA, 11), 3)):
        for mode_id, level in (("dance-single", 9), ("pump-single", 14), ("mania-4k", 3.0)):
            chart = write(mode_id, level, seed=i, piece=piece)
            assert not errors(chart, piece.timing)
            assert n_warnings(chart, piece.timing) <= 1 + len(chart.notes) / 100
            assert not np.any(piece.timing.snaps_of(np.array([n.tick for n in chart.notes])) == 0)

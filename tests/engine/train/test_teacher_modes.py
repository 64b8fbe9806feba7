"""Every taught mode: clean charts, levels, repeats, rests, and taiko's colours."""

import itertools
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from test_teacher import sound

from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.ticks import snap_ticks
from chartstudio.core.timing import TimingMap
from chartstudio.engine.train import demands, place_lanes, place_taiko, teacher
from chartstudio.engine.train.choosing import Section, Task, choose
from chartstudio.engine.train.composer import compose
from chartstudio.engine.train.moments import Moment, Scene
from chartstudio.engine.train.piece import TAUGHT_MODES, Piece
from chartstudio.engine.train.score import Score
from chartstudio.modes import MODES
from chartstudio.modes.lanes import HOLD_LENGTHS
from chartstudio.modes.taiko_checks import BIG, HITS, ROLLS

N_PIECES = 12
SABERS = demands.SABERS

FOLLOWER = teacher.Style(
    lead=1.0,
    drums=0.0,
    bass=0.0,
    chords=0.0,
    section_measures=8,
    repeat=1.0,
    mirror=0.0,
    metre=0.5,
    contrast=0.5,
    fill=0.0,
    accents=0.2,
    holds=0.0,
)
DRUMMER = replace(FOLLOWER, lead=0.0, drums=1.0)


@cache
def piece(i) -> Piece:
    """The first 14 measures of a composed piece."""
    whole = compose(np.random.default_rng(100 + i))
    end = whole.timing.lines(0, 400 * BEAT)[14]
    return replace(whole, sounds=tuple(s for s in whole.sounds if s.tick < end))


@cache
def chart(mode_id, i):
    """Every piece at another level, from the lowest to nine tenths of the range."""
    low, high = MODES[mode_id].level_range
    asked = low + 0.9 * (high - low) * i / (N_PIECES - 1)
    return asked, teacher.write(piece(i), mode_id, asked, np.random.default_rng(i))


def rows_of(notes):
    return [(t, list(row)) for t, row in itertools.groupby(notes, key=lambda n: n.tick)]


def write(mode_id, level, song, style=None, seed=0):
    return teacher.write(song, mode_id, level, np.random.default_rng(seed), style)


def tune(n_measures=16, bpm=132.0, rests=(), length=0.2, drums=True) -> Piece:
    """A two-measure phrase over a beat; the lead is silent in the measures that rest."""
    sounds = []
    for m in range(n_measures):
        b = 4 * m
        if drums:
            sounds += [sound(b + k, 0.1, 36 if k % 2 == 0 else 38, "drums") for k in range(4)]
            sounds += [sound(b + k + 0.5, 0.1, 42, "drums", velocity=50) for k in range(4)]
        if m not in rests:
            at = (0, 0.5, 1, 2, 2.5, 3) if m % 2 else (0, 1, 1.5, 2, 3, 3.5)
            pitches = (60, 64, 67, 72, 67, 60)
            sounds += [
                sound(b + x, length, p, "lead", 2, velocity=110)
                for x, p in zip(at, pitches, strict=True)
            ]
    sounds.sort(key=lambda s: s.tick)
    return Piece("tune", TimingMap.constant(bpm), tuple(sounds), (0, 33, 80))


# Every mode ------------------------------------------------------------------------------


@pytest.mark.parametrize("mode_id", TAUGHT_MODES)
def test_charts_are_playable_and_can_be_spelled(mode_id):
    mode, misses = MODES[mode_id], []
    n_notes = 0
    for i in range(N_PIECES):
        asked, written = chart(mode_id, i)
        misses.append(abs(written.level - asked))
        n_notes += len(written.notes)
        found = [x for x in mode.check(written, piece(i).timing) if x.severity == "error"]
        assert not found, (piece(i).name, asked)
        for tick, row in rows_of(written.notes):
            notes, n_bad = mode.decode(tick, mode.encode(row))
            assert (list(notes), n_bad) == (row, 0), (piece(i).name, asked)
        ticks = np.array([n.tick for n in written.notes])
        assert np.all(piece(i).timing.snaps_of(ticks) > 0)
        assert written.level == pytest.approx(mode.difficulty(written, piece(i).timing), abs=1e-3)
    assert n_notes > 40 * N_PIECES
    print(f"{mode_id}: asked and reached differ by {np.mean(misses):.2f} {mode.level_unit}")


@pytest.mark.parametrize("mode_id", TAUGHT_MODES)
def test_notes_are_where_something_sounds_or_between(mode_id):
    """No chart starts before the music or goes on after it."""
    for i in range(0, N_PIECES, 3):
        sounds, notes = piece(i).sounds, chart(mode_id, i)[1].notes
        assert min(n.tick for n in notes) >= min(s.tick for s in sounds) - BEAT // 2
        assert max(n.tick for n in notes) <= max(s.tick for s in sounds) + BEAT // 2


@pytest.mark.parametrize(
    ("mode_id", "levels", "within"),
    [
        ("pump-double", (4, 8, 12, 16), 1.5),
        ("mania-2k", (0.6, 1.0, 1.4, 1.8), 0.3),
        ("mania-8k", (1, 2, 3, 4), 0.4),
        ("taiko", (1.2, 2, 3, 4.5), 0.4),
        ("osu", (1.2, 2.2, 3.5, 5), 0.4),
        (SABERS, (1, 2.5, 3.5, 4.5), 0.6),
    ],
)
def test_levels_rise_as_asked(mode_id, levels, within):
    found = [[write(mode_id, level, piece(i), seed=i).level for level in levels] for i in (1, 2, 3)]
    for reached in found:
        assert all(a < b for a, b in itertools.pairwise(reached))
    misses = np.abs(np.array(found) - np.array(levels))
    assert misses.mean() < within


@pytest.mark.parametrize("mode_id", TAUGHT_MODES)
def test_where_the_followed_voice_rests_so_does_the_chart(mode_id):
    # Charts of so low a level need no other voice.
    level = 0.6 if mode_id == SABERS else MODES[mode_id].level_range[0]
    written = write(mode_id, level, tune(rests=(3, 7, 11, 15)), FOLLOWER)
    assert {layer for _, _, layer in written.extra.get("follow")} == {"lead"}
    # Walls and bombs stand beside the music.
    notes = [n for n in written.notes if MODES[mode_id].counts(n)]
    assert len(notes) > 8
    assert not [n.tick / BEAT for n in notes if n.tick // (4 * BEAT) in (3, 7, 11, 15)]


# With one key, what comes too soon after the note before is left out.
@pytest.mark.parametrize("mode_id", [m for m in TAUGHT_MODES if m != "mania-1k"])
def test_identical_measures_have_identical_rhythms(mode_id):
    low, high = MODES[mode_id].level_range
    written = write(mode_id, low + 0.2 * (high - low), tune(), FOLLOWER)
    notes = [n for n in written.notes if MODES[mode_id].counts(n)]
    for first, last, _ in written.extra.get("follow"):
        phrases = Counter(
            tuple(sorted({n.tick - m for n in notes if m <= n.tick < m + 4 * BEAT}))
            for m in range(first, last, 4 * BEAT)
        )
        assert len(phrases) <= 2


@pytest.mark.parametrize("mode_id", ["taiko", "mania-3k", "mania-8k"])
def test_identical_measures_are_charted_identically(mode_id):
    level = 2.5 if mode_id == "taiko" else 1.2
    written = write(mode_id, level, tune(), FOLLOWER)
    (first, last, _), *_ = written.extra.get("follow")
    phrases = Counter(
        tuple((n.tick - m, n.order, n.kind) for n in written.notes if m <= n.tick < m + 8 * BEAT)
        for m in range(first, last, 8 * BEAT)
    )
    assert phrases.most_common(1)[0][1] >= sum(phrases.values()) - 1
    assert len(next(iter(phrases))) > 5


@pytest.mark.parametrize(
    ("mode_id", "level", "snap"),
    [("taiko", 1.2, 8), ("osu", 1.3, 8), (SABERS, 1.0, 4), (SABERS, 2.0, 8)],
)
def test_easy_charts_keep_to_coarse_snaps(mode_id, level, snap):
    dense = tune(bpm=170)
    more = [sound(b / 4, 0.1, 42, "drums") for b in range(4 * 64)]
    dense = replace(dense, sounds=tuple(sorted((*dense.sounds, *more), key=lambda s: s.tick)))
    for seed in range(3):
        notes = write(mode_id, level, dense, seed=seed).notes
        counted = [n for n in notes if MODES[mode_id].counts(n)]
        assert not [n.tick / BEAT for n in counted if n.tick % snap_ticks(snap)]


@pytest.mark.parametrize("hand", [place_lanes, place_taiko])
def test_habits_are_drawn_and_told(hand):
    mode_id = "taiko" if hand is place_taiko else "pump-double"
    written = write(mode_id, 3.0, tune())
    told = dict(written.extra.get("teacher"))
    for name, low, high in hand.HABITS:
        assert 0 <= low <= told[name] <= high <= 1


def test_scenes_tell_the_styles_habits(monkeypatch):
    seen = []

    def place(moments, scene, rng):
        seen.append((moments, scene))
        return place_taiko.Placed((), (("b", 1), ("a", 2)))

    monkeypatch.setitem(teacher.HANDS, "taiko", teacher.Hand(place, ()))
    style = replace(DRUMMER, habits=(("rolls", 0.25),))
    written = write("taiko", 3.0, tune(), style)
    moments, scene = seen[0]
    assert scene.habits["rolls"] == 0.25
    assert scene.habits["drums"] == 1.0
    assert scene.sections[0] == 0
    assert all(x.layer == "drums" for x in moments)
    assert {x.drums for x in moments} <= {(36,), (38,), (42,)}
    assert written.settings == (("a", 2), ("b", 1))


def test_repeated_moments_are_equally_loud():
    score = Score.of(tune())
    lead = next(i for i, v in enumerate(score.voices) if v.layer == "lead")
    demand = demands.DEMANDS["taiko"]
    task = Task(demand, score, FOLLOWER, (Section(0, 16, lead, 1.0),), 3.0, 3.0, 4.8)
    by_pattern = {}
    for moment in choose(task, np.random.default_rng(0)):
        assert 0 <= moment.loudness <= 1
        assert by_pattern.setdefault(moment.pattern, moment.loudness) == moment.loudness
    assert len(set(by_pattern.values())) > 1


def test_rates_rise_beyond_their_tables():
    for mode_id in TAUGHT_MODES:
        demand = demands.demand_of(MODES[mode_id])
        levels = np.linspace(0.1, 40, 60)
        assert np.all(np.diff([demand.rate_hz(x) for x in levels]) > 0)


# Taiko -----------------------------------------------------------------------------------


def scene(level=4.0, bpm=150.0, sections=(0,), **habits):
    starts = np.arange(0, 64 * 4 * BEAT, 4 * BEAT)
    timing = TimingMap.constant(bpm)
    return Scene(MODES["taiko"], timing, starts, level, level, habits, sections)


def place(moments, where=None, seed=0):
    return place_taiko.place(moments, where or scene(), np.random.default_rng(seed)).notes


def hits(ticks, **known):
    return [Moment(tick, 0, (0, i), **known) for i, tick in enumerate(ticks)]


@pytest.mark.parametrize("level", [1.5, 3.0, 5.0])
def test_kicks_are_dons_and_snares_and_hats_are_kats(level):
    song = tune()
    struck = Score.of(song).drums
    written = write("taiko", level, song, DRUMMER)
    assert {layer for *_, layer in written.extra.get("follow")} == {"drums"}
    kinds = Counter(
        (struck[n.tick], n.kind.removeprefix("big-"))
        for n in written.notes
        if n.tick in struck and n.kind in HITS
    )
    assert set(kinds) <= {((36,), "don"), ((38,), "kat"), ((42,), "kat")}
    assert kinds[(36,), "don"] > 10 < kinds[(38,), "kat"]


def test_high_notes_of_a_tune_are_kats():
    style = replace(FOLLOWER, habits=(("contour", 1.0), ("offbeats", 0.0)))
    song = tune(drums=False)
    written = write("taiko", 1.7, song, style)
    pitch = {s.tick: s.pitch for s in song.sounds}
    kats = [pitch[n.tick] for n in written.notes if n.kind == "kat"]
    dons = [pitch[n.tick] for n in written.notes if n.kind == "don"]
    assert np.mean(kats) > np.mean(dons) + 4


def test_off_beats_are_kats_where_the_tune_says_nothing():
    moments = hits(range(0, 64 * BEAT, BEAT // 2), layer="bass")
    notes = place(moments, scene(offbeats=1.0, one_colour=0.0, tails=0.0, alternations=0.0))
    kat = np.array([n.kind.endswith("kat") for n in notes])
    assert kat[1::2].mean() > 0.8 > 0.2 > kat[::2].mean()


@pytest.mark.parametrize(
    ("habit", "shape"),
    [
        ("one_colour", {"ddd", "kkk"}),
        ("tails", {"ddk", "kkd"}),
        ("alternations", {"dkd", "kdk"}),
    ],
)
def test_quick_groups_are_spelled_as_the_author_likes(habit, shape):
    habits = {"one_colour": 0.0, "tails": 0.0, "alternations": 0.0, "turns": 0.8, "offbeats": 0.0}
    ticks = [m * 4 * BEAT + 2 * k * BEAT + s * BEAT // 4
             for m in range(50) for k in range(2) for s in range(3)]  # fmt: skip

    def share(value):
        groups = Counter()
        for seed in range(10):
            notes = place(hits(ticks), scene(5.0, **{**habits, habit: value}), seed)
            kinds = "".join(n.kind[0] for n in notes[:6])
            groups.update((kinds[:3], kinds[3:]))
        return sum(groups[s] for s in shape) / groups.total()

    assert share(1.0) > share(0.0) + 0.25


def test_beginners_get_no_turns_in_quick_groups():
    ticks = [k * BEAT // 4 for k in range(4)]

    def turns(level):
        found = 0
        for seed in range(40):
            kinds = [n.kind for n in place(hits(ticks), scene(level), seed)]
            found += sum(a != b for a, b in itertools.pairwise(kinds))
        return found

    assert turns(1.2) < 0.5 * turns(5.0)


def test_strong_accents_are_big_and_have_room():
    moments = hits(range(0, 32 * BEAT, BEAT))
    moments[4] = replace(moments[4], size=3)
    moments[5] = replace(moments[5], size=2)
    moments[6] = replace(moments[6], size=2, drums=(36, 49))
    moments[8] = replace(moments[8], size=2)
    big = [n.tick // BEAT for n in place(moments) if n.kind in BIG]
    assert big == [4, 6, 8]
    close = [replace(x, tick=x.tick // 8, size=3) for x in hits(range(0, 8 * BEAT, BEAT))]
    assert not [n for n in place(close)[:-1] if n.kind in BIG]


def test_held_sounds_are_rolled_until_the_next_hit():
    moments = [Moment(4 * m * BEAT, 3 * BEAT, (m, 0)) for m in range(8)]
    moments += [Moment(4 * m * BEAT + 2 * BEAT, 0, (m, 1)) for m in range(4)]
    moments.sort(key=lambda x: x.tick)
    notes = place(moments, scene(rolls=1.0, dendens=0.0))
    rolls = [n for n in notes if n.kind in ROLLS]
    assert len(rolls) == 8
    assert all(n.end - n.tick in HOLD_LENGTHS for n in rolls)
    assert all(a.end <= b.tick - BEAT // 2 for a, b in itertools.pairwise(notes))
    assert not [n for n in place(moments, scene(rolls=0.0, dendens=0.0)) if n.kind in ROLLS]


def test_a_sections_last_held_sound_is_a_denden():
    moments = [Moment(4 * m * BEAT, 4 * BEAT, (m, 0)) for m in range(8)]
    notes = place(moments, scene(sections=(0, 16 * BEAT), rolls=1.0, dendens=1.0))
    assert [n.tick // (4 * BEAT) for n in notes if n.kind == "denden"] == [3, 7]
    assert [n.tick // (4 * BEAT) for n in notes if n.kind == "drumroll"] == [0, 1, 2, 4, 5, 6]


@pytest.mark.parametrize("step", [BEAT // 4, BEAT // 8, BEAT // 12, BEAT // 16])
@pytest.mark.parametrize("bpm", [100.0, 200.0, 300.0])
def test_hands_can_strike_whatever_is_asked(step, bpm):
    moments = hits(range(0, 16 * BEAT, step), drums=(36,), layer="drums", size=3)
    where = scene(8.0, bpm)
    notes = place(moments, where)
    assert {n.tick for n in notes} <= {x.tick for x in moments}
    assert len(notes) > 20
    written = teacher.Chart("taiko", notes=notes)
    assert not [x for x in MODES["taiko"].check(written, where.timing) if x.severity != "hint"]

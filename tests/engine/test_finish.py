"""A song in verses and choruses, some bars of which an author has charted."""

from dataclasses import replace
from difflib import SequenceMatcher

import numpy as np
import pytest
from made_engine import RATE_HZ, song_of, tiny_model

from chartstudio.audio.decode import Audio
from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote, slice_notes, sort_notes, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.engine.echo import (
    UNLIKE,
    Blend,
    bar_beats,
    compared,
    evidence,
    heard_from,
    likeness,
    repeated,
    shares,
)
from chartstudio.engine.features import SLOTS_PER_BEAT
from chartstudio.engine.generate import generate
from chartstudio.engine.keybars import key_bars
from chartstudio.engine.requests import GenerateRequest, KeyBarsRequest
from chartstudio.engine.task import prepare
from chartstudio.modes import MODES

BAR = 4 * BEAT
FORM = "vvccvvccvbcc-vcv"
"""Verse, chorus, bridge and a silent bar."""

PATTERNS = {"v": (0, 4, 8, 12), "c": (0, 3, 6, 8, 11, 14), "b": (2, 5, 10, 13), "-": ()}
"""Sixteenths of a bar on which something starts."""

LANES = {"v": (0, 1, 2, 3), "c": (3, 0, 2, 1, 3, 0), "b": (1, 1, 2, 2)}
MODES_WITH_LANES = ("dance-single", "pump-single", "mania-4k", "mania-7k")
ALL_MODES = (*MODES_WITH_LANES, "taiko", "osu", "beatsaber")


@pytest.fixture(scope="module")
def timing():
    return TimingMap.constant(150.0)


@pytest.fixture(scope="module")
def audio():
    bar_s, sixteenth_s = 1.6, 0.1
    n = round(bar_s * len(FORM) * RATE_HZ)
    samples = np.zeros(n + RATE_HZ // 10, dtype=np.float32)
    time_s = np.arange(round(0.09 * RATE_HZ)) / RATE_HZ
    hz = {"v": 220.0, "c": 660.0, "b": 1500.0}
    for bar, part in enumerate(FORM):
        for line in PATTERNS[part]:
            at = round((bar * bar_s + line * sixteenth_s) * RATE_HZ)
            tone = np.sin(2 * np.pi * hz[part] * time_s) * np.exp(-30 * time_s)
            samples[at : at + len(tone)] += 0.4 * tone.astype(np.float32)
    return Audio(samples[None, :n], RATE_HZ, "made")


@pytest.fixture(scope="module")
def song(audio, timing):
    return song_of(audio, timing, tiny_model().spec.features)


@pytest.fixture(scope="module")
def like(song):
    return likeness(song)


def charted(*bars):
    """The author's way of charting some bars, counted from 0."""
    return sort_notes(
        LaneNote(bar * BAR + line * BEAT // 4, bar * BAR + line * BEAT // 4, lane)
        for bar in bars
        for line, lane in zip(PATTERNS[FORM[bar]], LANES[FORM[bar]], strict=True)
    )


def spans(*bars):
    return tuple((bar * BAR, (bar + 1) * BAR) for bar in bars)


def ask(audio, timing, notes=(), **changes):
    standard = GenerateRequest(
        audio, timing, Chart("mania-4k", notes=notes), 0, len(FORM) * BAR, level=None
    )
    return replace(standard, **changes)


def draft(request, song, model=None):
    model = model or tiny_model(scripted=False, seed=3)
    return run(generate(prepare(request, MODES[request.chart.mode], model, song)))


def in_bar(notes, bar):
    """Rows of a bar: sixteenths and lanes."""
    own = slice_notes(notes, bar * BAR, (bar + 1) * BAR)
    return [((n.tick - bar * BAR) * 4 / BEAT, n.lane) for n in own]


# Likeness --------------------------------------------------------------------------------


def test_bars_that_sound_alike_are_alike(like):
    for a in range(len(FORM)):
        for b in range(a):
            if FORM[a] == FORM[b]:
                others = [c for c in range(len(FORM)) if FORM[c] not in (FORM[a], "-")]
                assert like.similar[a, b] > max(like.similar[a, c] for c in others)


def test_bars_of_other_lengths_are_never_compared(audio):
    timing = TimingMap(
        (Anchor(0, 0.0, 150.0, 4, bar=True), Anchor(8 * BAR, 12.8, 150.0, 3, bar=True))
    )
    like = likeness(song_of(audio, timing, tiny_model().spec.features))
    lengths = np.diff(like.beats)
    assert {3, 4} <= set(lengths.tolist())
    assert np.all(like.similar[lengths[:, None] != lengths[None]] == UNLIKE)
    known = lengths == 4
    assert not heard_from(known, like).weights[lengths == 3].any()


def test_bars_that_do_not_differ_are_all_alike():
    beats = np.arange(0, 41, 4)
    same = np.tile(np.random.default_rng(0).normal(size=(4, 3)), (10, 1)).astype(np.float32)
    assert compared(((1.0, same),), beats, even=True).min() > 0.99


def test_beats_before_the_first_bar_are_a_bar_of_their_own(audio):
    timing = TimingMap.constant(150.0, 0.8)
    grid = song_of(audio, timing, tiny_model().spec.features).grid
    assert bar_beats(grid)[:3].tolist() == [0, 2, 6]


def test_a_share_is_what_alike_bars_hold(song, like):
    known = np.zeros(len(like), dtype=bool)
    known[[0, 2]] = True
    has = np.zeros(song.grid.n_beats * SLOTS_PER_BEAT, dtype=bool)
    has[song.grid.slot_of(ticks_of(charted(0, 2)))] = True
    told = np.repeat(known, np.diff(like.beats) * SLOTS_PER_BEAT)
    lines = np.arange(16) * SLOTS_PER_BEAT // 4
    for bar, part in ((4, "v"), (6, "c")):
        share, habit = shares(heard_from(known, like), has, told, bar * 4 * SLOTS_PER_BEAT + lines)
        assert set(np.flatnonzero(share > 0.9)) == set(PATTERNS[part])
        assert habit[0] > habit[3] > habit[1]  # both, one of two, none


def test_nothing_known_says_nothing(like, song):
    none = np.zeros(len(like), dtype=bool)
    echo = heard_from(none, like)
    assert not echo.weights.any()
    assert not echo.best.any()
    empty = np.zeros(song.grid.n_beats * SLOTS_PER_BEAT, dtype=bool)
    found = evidence(song, like, echo, empty, empty, np.arange(0, 960, 12))
    assert np.isfinite(found.blended(Blend(), np.zeros(80, np.float32))).all()


def test_values_of_what_repeats_are_drawn_together(like):
    slots = np.arange(0, len(FORM) * 4 * SLOTS_PER_BEAT, 12)
    values = np.random.default_rng(0).normal(size=len(slots)).astype(np.float32)
    even = repeated(values, slots, like, 0.5).reshape(-1, 16)
    rows = values.reshape(-1, 16)
    assert np.abs(even[0] - even[4]).mean() < 0.8 * np.abs(rows[0] - rows[4]).mean()
    assert np.array_equal(repeated(values, slots, like, 0.0), values)


# Key bars --------------------------------------------------------------------------------


def proposed(audio, timing, song, like, n, notes=()):
    chart = Chart("mania-4k", notes=notes)
    return key_bars(KeyBarsRequest(audio, timing, chart, n), like, song.grid)


def test_key_bars_stand_for_all_parts_of_the_song(audio, timing, song, like):
    found = proposed(audio, timing, song, like, 5)
    assert {FORM[m - 1] for m in found.measures[:2]} == {"v", "c"}
    assert {FORM[m - 1] for m in found.measures} == {"v", "c", "b"}
    assert list(found.coverage) == sorted(found.coverage)
    assert found.uncertainty[0] == 1.0


def test_what_is_charted_is_not_proposed_again(audio, timing, song, like):
    found = proposed(audio, timing, song, like, 99, charted(0, 2))
    assert FORM[found.measures[0] - 1] == "b"
    assert found.uncertainty[0] == max(found.uncertainty)
    assert not {1, 3} & set(found.measures)


def test_silent_bars_are_not_proposed(audio, timing, song, like):
    found = proposed(audio, timing, song, like, 99)
    assert len(found.measures) == len(FORM) - 1
    assert FORM.index("-") + 1 not in found.measures


def test_only_bars_of_the_stretch_are_proposed(audio, timing, song, like):
    request = KeyBarsRequest(audio, timing, Chart("mania-4k"), 99, (2 * BAR, 5 * BAR))
    assert sorted(key_bars(request, like, song.grid).measures) == [3, 4, 5]
    with pytest.raises(EngineError, match="nothing sounds"):
        key_bars(replace(request, stretch=(500 * BAR, 501 * BAR)), like, song.grid)


def test_what_cannot_be_proposed_is_refused(audio, timing, song, like):
    everything = charted(*(i for i, part in enumerate(FORM) if part != "-"))
    for n, notes, words in ((0, (), "at least one"), (3, everything, "nothing is left")):
        with pytest.raises(EngineError, match=words):
            proposed(audio, timing, song, like, n, notes)


# Finishing -------------------------------------------------------------------------------


def finish(audio, timing, song, kept=(0, 2, 9), **changes):
    request = ask(audio, timing, charted(*kept), keep=spans(*kept), **changes)
    return request, draft(request, song)


def test_alike_bars_are_charted_alike(audio, timing, song):
    _, found = finish(audio, timing, song)
    notes = found.candidates[0].notes
    lines = {part: {line for line, _ in in_bar(charted(bar), bar)}
             for bar, part in ((0, "v"), (2, "c"))}  # fmt: skip
    for bar in (1, 3, 4, 5, 6, 7, 8, 10, 11):
        assert {line for line, _ in in_bar(notes, bar)} == lines[FORM[bar]]


def test_rows_are_copied_where_they_can_be_played(audio, timing, song):
    _, found = finish(audio, timing, song, n_candidates=4)
    for bar, kept in ((1, 0), (5, 0), (3, 2), (7, 2), (11, 2)):
        same = [in_bar(c.notes, bar) == in_bar(charted(kept), kept) for c in found.candidates]
        assert np.mean(same) >= 0.5
    # Before this bar stands a note in the lane that would come next: too soon to strike again.
    assert len(in_bar(found.candidates[0].notes, 4)) == 4


def test_kept_bars_are_never_touched(audio, timing, song):
    for seed in range(4):
        request, found = finish(audio, timing, song, seed=seed, n_candidates=2)
        for candidate in found.candidates:
            for bar in (0, 2, 9):
                assert in_bar(candidate.notes, bar) == in_bar(request.chart.notes, bar)
    assert found.holes == ((BAR, 2 * BAR), (3 * BAR, 9 * BAR), (10 * BAR, len(FORM) * BAR))


def test_notes_in_the_holes_are_no_evidence(audio, timing, song):
    request, found = finish(audio, timing, song)
    noise = [LaneNote(BAR + i * BEAT // 4, BAR + i * BEAT // 4, 3) for i in range(16)]
    more = replace(request.chart, notes=sort_notes([*request.chart.notes, *noise]))
    assert draft(replace(request, chart=more), song).candidates == found.candidates


def test_an_empty_bar_that_is_kept_says_that_its_like_stay_empty(audio, timing, song):
    request = ask(audio, timing, charted(0, 4), keep=spans(0, 2, 4), level=None)
    notes = draft(request, song).candidates[0].notes
    counts = {bar: len(in_bar(notes, bar)) for bar in range(len(FORM))}
    assert counts[2] == 0
    assert max(counts[b] for b in (3, 6, 7, 10, 11)) < min(counts[b] for b in (1, 5, 8))


def test_the_number_of_times_may_be_asked_for(audio, timing, song):
    for n_times in (20, 60):
        _, found = finish(audio, timing, song, n_times=n_times)
        notes = found.candidates[0].notes
        new = {n.tick for a, b in found.holes for n in slice_notes(notes, a, b)}
        assert abs(len(new) - n_times) <= 0.03 * n_times + 1


def test_without_notes_a_level_is_needed(audio, timing, song):
    with pytest.raises(EngineError, match="ask for a level"):
        draft(ask(audio, timing), song)
    with pytest.raises(EngineError, match="all of the range is kept"):
        draft(ask(audio, timing, keep=((0, len(FORM) * BAR),)), song)


def test_a_redraw_follows_the_notes_around_it(audio, timing, song):
    others = [bar for bar in range(len(FORM)) if bar not in (5, 6) and FORM[bar] != "-"]
    request = ask(audio, timing, charted(*others), start=5 * BAR, end=7 * BAR, level=None)
    notes = draft(request, song).candidates[0].notes
    for bar in (5, 6):
        assert {line for line, _ in in_bar(notes, bar)} == set(PATTERNS[FORM[bar]])


def test_authors_who_mirror_get_mirrored_bars(audio, timing, song):
    turned = tuple(
        replace(n, lane=3 - n.lane) if (n.tick // BAR) % 2 else n for n in charted(0, 1, 2, 3)
    )
    request = ask(audio, timing, turned, keep=spans(*range(4)))
    task = prepare(request, MODES["mania-4k"], tiny_model(), song)
    assert task.author.source.mirror > 0.4
    plain = prepare(
        replace(request, chart=Chart("mania-4k", notes=charted(0, 1, 2, 3))),
        MODES["mania-4k"],
        tiny_model(),
        song,
    )
    assert plain.author.source.mirror == 0


def test_a_draft_repeats_itself_where_the_song_does(audio, timing, song):
    request = ask(audio, timing, level=3.0, n_times=70)
    notes = draft(request, song).candidates[0].notes
    same = np.mean([in_bar(notes, a) == in_bar(notes, b) for a, b in ((4, 8), (5, 8), (10, 11))])
    assert same > 0


@pytest.mark.parametrize("mode_id", ALL_MODES)
def test_borders_are_legal_whatever_is_kept(audio, timing, song, mode_id):
    model = tiny_model(scripted=False, seed=5)
    level = sum(MODES[mode_id].level_range) / 2
    whole = ask(audio, timing, chart=Chart(mode_id), level=level, n_times=90)
    notes = draft(whole, song, model).candidates[0].notes
    request = replace(
        whole, chart=Chart(mode_id, notes=notes), keep=spans(1, 4, 5, 10), n_times=70, seed=8
    )
    found = draft(replace(request, n_candidates=2), song, model)
    for candidate in found.candidates:
        assert not [i for i in candidate.issues if i.severity == "error"]
        assert candidate.n_off_grid == candidate.n_bad_events == 0
        for start, end in request.keep:
            assert slice_notes(candidate.notes, start, end) == slice_notes(notes, start, end)


# Locks -----------------------------------------------------------------------------------


def locked(audio, timing, song, mode_id, locks, **changes):
    """A chart and what came of redrawing its bars 3 to 7 under locks."""
    model = tiny_model(scripted=False, seed=7)
    level = sum(MODES[mode_id].level_range) / 2
    whole = ask(audio, timing, chart=Chart(mode_id), level=level, n_times=80, seed=4)
    notes = draft(whole, song, model).candidates[0].notes
    request = replace(
        whole,
        chart=Chart(mode_id, notes=notes),
        start=3 * BAR,
        end=7 * BAR,
        n_times=None,
        locks=frozenset(locks),
        seed=9,
        n_candidates=2,
    )
    found = draft(replace(request, **changes), song, model)
    for candidate in found.candidates:
        assert not [i for i in candidate.issues if i.severity == "error"]
        assert candidate.n_off_grid == candidate.n_bad_events == 0
    return tuple(slice_notes(notes, 3 * BAR, 7 * BAR)), found.candidates


@pytest.mark.parametrize("mode_id", ALL_MODES)
def test_locked_notes_stay_and_others_come_between(audio, timing, song, mode_id):
    n_old = 30
    old, candidates = locked(audio, timing, song, mode_id, ["notes"], n_times=n_old)
    for candidate in candidates:
        assert set(old) <= set(candidate.notes)
        assert set(candidate.notes) - set(old)
        assert not {n.tick for n in set(candidate.notes) - set(old)} & {n.tick for n in old}


@pytest.mark.parametrize("mode_id", ALL_MODES)
def test_a_locked_rhythm_stays_and_its_places_change(audio, timing, song, mode_id):
    old, candidates = locked(audio, timing, song, mode_id, ["rhythm"])
    for candidate in candidates:
        assert {n.tick for n in candidate.notes} == {n.tick for n in old}
        assert candidate.notes != old


@pytest.mark.parametrize("mode_id", MODES_WITH_LANES)
@pytest.mark.parametrize("lock", ["placement", "lanes"])
def test_locked_places_stay_in_order_while_times_change(audio, timing, song, mode_id, lock):
    old, candidates = locked(audio, timing, song, mode_id, [lock])
    lanes = [tuple(n.lane for n in row) for row in _rows(old)]
    for candidate in candidates:
        found = [tuple(n.lane for n in row) for row in _rows(candidate.notes)]
        assert len(found) >= len(lanes) - 2
        # What cannot be played at its new time gives way.
        assert SequenceMatcher(None, found, lanes).ratio() > 0.7
        assert {n.tick for n in candidate.notes} != {n.tick for n in old}


@pytest.mark.parametrize("mode_id", MODES_WITH_LANES)
def test_locked_lanes_keep_their_notes_and_get_no_others(audio, timing, song, mode_id):
    old, candidates = locked(
        audio, timing, song, mode_id, ["lanes"], lanes=frozenset({0, 2}), n_times=24
    )
    for candidate in candidates:
        kept = [n for n in candidate.notes if n.lane in (0, 2)]
        assert kept == [n for n in old if n.lane in (0, 2)]
        assert [n for n in candidate.notes if n.lane not in (0, 2)]


def _rows(notes):
    ticks = sorted({n.tick for n in notes})
    return [[n for n in notes if n.tick == tick] for tick in ticks]


def test_held_notes_stay_whole_or_are_cut_as_asked(audio, timing, song):
    into = LaneNote(3 * BAR - BEAT, 3 * BAR + 2 * BEAT, 1, "hold")
    notes = sort_notes([*charted(0, 1), into])
    request = ask(audio, timing, notes, start=3 * BAR, end=7 * BAR, level=4.0, n_times=40)
    whole = draft(request, song)
    assert whole.cut == ()
    for note in whole.candidates[0].notes:
        assert note.lane != 1 or note.tick > into.end
    cut = draft(replace(request, cut_holds=True), song)
    assert cut.cut == ((into, replace(into, end=3 * BAR)),)
    assert not [i for i in cut.candidates[0].issues if i.severity == "error"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"locks": frozenset({"notes", "rhythm"})}, "leave those out"),
        ({"locks": frozenset({"rhythm", "placement"})}, "nothing is left to draw"),
        ({"locks": frozenset({"colour"})}, "cannot be locked"),
        ({"lanes": frozenset({1})}, "not locked"),
        ({"lanes": frozenset({9}), "locks": frozenset({"lanes"})}, "lanes 1 to 4"),
        ({"lanes": frozenset(range(4)), "locks": frozenset({"lanes"})}, "leave one"),
        ({"start": 14 * BAR, "locks": frozenset({"rhythm"})}, "no notes in this range"),
        ({"locks": frozenset({"notes"}), "n_times": 2}, "note times were asked for"),
    ],
)
def test_locks_that_make_no_sense_are_refused_in_one_line(audio, timing, song, changes, words):
    request = ask(audio, timing, charted(0, 1, 2, 3), level=3.0)
    with pytest.raises(EngineError, match=words) as refused:
        draft(replace(request, **changes), song)
    assert "\n" not in str(refused.value)

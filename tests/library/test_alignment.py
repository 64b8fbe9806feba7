"""The audio starts on a bar line, and no object moves against it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.note import LaneNote, sort_notes, ticks_of
from chartstudio.core.song import Chart, Effect, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, Side, TimingMap
from chartstudio.formats.format import Needs
from chartstudio.library.alignment import CUT_S, aligned, first_note_s

BAKED = Needs(lead_in_s=2.0, starts_on_beat=True)
MEASURE = 4 * BEAT


def song(timing: TimingMap, *ticks: int, **more) -> Song:
    notes = tuple(LaneNote(t, t + BEAT // 2, 0, "hold") for t in ticks)
    return Song(timing=timing, charts=(Chart("dance-single", "Hard", 9, notes),), **more)


@st.composite
def timings(draw) -> TimingMap:
    anchors = [
        Anchor(
            draw(st.integers(-3, 3)) * MEASURE,
            draw(st.floats(-5, 20)),
            draw(st.floats(60, 300)),
            draw(st.sampled_from([3, 4, 5])),
            bar=True,
        )
    ]
    for _ in range(draw(st.integers(0, 4))):
        last = anchors[-1]
        cause = draw(st.sampled_from(Cause))
        ticks = 0 if cause in (Cause.STOP, Cause.DELAY) else draw(st.integers(1, 12)) * BEAT
        seconds = 0.0 if cause is Cause.WARP else draw(st.floats(0.1, 4))
        if cause is Cause.TEMPO:
            seconds = ticks / BEAT * 60 / last.bpm
        anchors.append(
            Anchor(
                last.tick + ticks,
                last.seconds + seconds,
                draw(st.floats(60, 300)),
                4,
                bar=cause is Cause.TEMPO and draw(st.booleans()),
                cause=cause,
            )
        )
    return TimingMap(tuple(anchors))


ticks_st = st.lists(st.integers(0, 300).map(lambda n: n * BEAT // 4), min_size=1, max_size=8)


def seconds_of(song: Song, index: int) -> np.ndarray:
    chart = song.charts[index]
    return song.timing_of(chart).seconds_at(ticks_of(chart.notes))


@settings(max_examples=200, deadline=None)
@given(timings(), ticks_st, st.one_of(st.none(), timings()))
def test_every_object_keeps_its_time_in_the_audio(timing, ticks, own):
    notes = sort_notes(
        LaneNote(timing.anchors[0].tick + t, timing.anchors[0].tick + t, 0) for t in ticks
    )
    charts = [Chart("dance-single", "Hard", 9, notes)]
    if own is not None:
        moved = sort_notes(
            LaneNote(own.anchors[0].tick + t, own.anchors[0].tick + t, 0) for t in ticks
        )
        charts.append(Chart("dance-single", "Easy", 3, moved, timing=own))
    before = Song(Metadata(preview_s=30.0), timing=timing, charts=tuple(charts))
    found = aligned(before, BAKED)
    after = found.song
    for i in range(len(charts)):
        there = seconds_of(after, i) - found.pad_s
        assert np.abs(there - seconds_of(before, i)).max() < 1e-4
        first = after.timing_of(after.charts[i]).anchors[0]
        assert (first.tick, first.seconds, first.bar) == (0, 0.0, True)
    assert found.pad_s >= -CUT_S - 1e-6
    assert first_note_s(after) >= BAKED.lead_in_s - 1e-6
    assert after.metadata.preview_s == pytest.approx(30 + found.pad_s)
    moved_by = ticks_of(after.charts[0].notes) - ticks_of(before.charts[0].notes)
    assert len(set(moved_by.tolist())) == 1
    again = aligned(after, BAKED)
    assert (again.song, again.pad_s) == (after, 0.0)


def test_a_bar_line_falls_on_the_first_sample():
    found = aligned(song(TimingMap.constant(120, 0.35), 0), BAKED)
    # Two seconds to a measure: the bars before lie at -1.65 and -3.65.
    assert found.pad_s == pytest.approx(1.65 + 0.0) or found.pad_s == pytest.approx(3.65)
    assert first_note_s(found.song) == pytest.approx(0.35 + found.pad_s)
    assert found.song.timing.anchors == (Anchor(0, 0.0, 120, 4, bar=True),)
    assert found.song.charts[0].notes[0].tick == MEASURE


def test_no_more_than_a_breath_is_cut_off():
    late = aligned(song(TimingMap.constant(120, 0.009), 2 * MEASURE), BAKED)
    assert late.pad_s == pytest.approx(-0.009)
    assert late.song.charts[0].notes[0].tick == 2 * MEASURE
    later = aligned(song(TimingMap.constant(120, 0.011), 2 * MEASURE), BAKED)
    assert later.pad_s == pytest.approx(2 - 0.011)


def test_what_begins_right_is_the_same_song():
    right = song(TimingMap.constant(120), MEASURE)
    assert aligned(right, BAKED).song is right
    early = song(TimingMap.constant(120), 0)
    assert aligned(early, BAKED).pad_s == pytest.approx(2.0)
    assert aligned(early, BAKED, keep_ticks=True).song is early


def test_a_song_of_the_game_itself_keeps_its_beats():
    lights = (Effect(BEAT, "light", (1.0,)),)
    own = song(TimingMap.constant(120, 0.4), 0, MEASURE)
    own = replace(own, charts=(replace(own.charts[0], effects=lights),))
    found = aligned(own, BAKED, keep_ticks=True)
    assert found.pad_s == pytest.approx(-0.4)
    assert found.song.charts[0].notes == own.charts[0].notes
    assert found.song.charts[0].effects == lights
    assert found.song.timing.anchors[0].seconds == 0.0


def test_effects_from_before_the_start_hold_from_the_start_on():
    timing = TimingMap.constant(120, -10.0)
    effects = (Effect(0, "sv", (2.0,)), Effect(7 * MEASURE, "sv", (1.0,)))
    before = song(timing, 7 * MEASURE, effects=effects)
    found = aligned(before, BAKED)
    assert [e.tick for e in found.song.effects] == [0, 2 * MEASURE]
    assert found.song.charts[0].notes[0].tick == 2 * MEASURE


def test_games_that_ask_for_nothing_get_the_song_as_it_is():
    any_song = song(TimingMap.constant(120, 0.3), 0)
    assert aligned(any_song, Needs()).song is any_song


def test_a_lead_in_alone_moves_seconds_and_no_ticks():
    own = TimingMap.constant(90, 1.0)
    before = song(TimingMap.constant(120, 0.5), 0)
    before = replace(before, charts=(*before.charts, replace(before.charts[0], timing=own)))
    found = aligned(before, Needs(lead_in_s=2.0))
    assert found.pad_s == 1.5
    assert found.song.charts[0].notes == before.charts[0].notes
    assert found.song.charts[1].timing.anchors[0].seconds == 2.5


def test_a_song_without_notes_only_needs_a_bar_line():
    found = aligned(song(TimingMap.constant(120, 0.5)), BAKED)
    assert found.pad_s == pytest.approx(1.5)


def test_an_own_timing_gets_whole_beats_up_to_its_first_bar():
    own = TimingMap.constant(100, 0.7)
    charts = (
        Chart("dance-single", "Hard", 9, (LaneNote(MEASURE, MEASURE, 0),)),
        Chart("dance-single", "Easy", 3, (LaneNote(MEASURE, MEASURE, 0),), timing=own),
    )
    found = aligned(Song(timing=TimingMap.constant(120), charts=charts), BAKED)
    lead, first = found.song.charts[1].timing.anchors
    assert (lead.tick, lead.seconds, first.bpm) == (0, 0.0, 100)
    assert first.tick == lead.meter * BEAT
    assert first.seconds == pytest.approx(own.seconds_at(0) + found.pad_s) or first.bar
    note = found.song.charts[1].notes[0]
    assert note.tick % BEAT == 0
    at_s = found.song.charts[1].timing.seconds_at(note.tick, Side.NOTE)
    assert at_s - found.pad_s == pytest.approx(own.seconds_at(MEASURE), abs=1e-9)

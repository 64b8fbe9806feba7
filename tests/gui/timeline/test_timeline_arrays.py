from dataclasses import replace

import numpy as np

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Effect, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.gui.timeline.arrays import ArrayCache, NoteArrays
from chartstudio.gui.timeline.looks import LOOKS
from chartstudio.modes import MODES

MODE = MODES["dance-single"]
STEADY = TimingMap.constant(120.0)


def arrays(*notes):
    return NoteArrays.of(notes, STEADY, MODE)


def test_every_field_follows_the_notes():
    found = arrays(
        LaneNote(0, 0, 0),
        LaneNote(B // 3, B // 3, 1, "mine"),
        LaneNote(B // 2, 3 * B, 2, "roll"),
        LaneNote(100, 100, 3),
    )
    assert found.lanes.tolist() == [0, 1, 2, 3]
    assert [LOOKS[k].name for k in found.faces.looks] == ["tap", "mine", "roll", "tap"]
    assert found.snaps.tolist() == [4, 12, 8, 0]
    assert found.starts_s[2] == 0.25
    assert found.ends_s[2] == 1.5


def test_between_finds_long_notes_that_began_earlier():
    found = arrays(
        LaneNote(0, 40 * B, 0, "hold"),
        LaneNote(B, B, 1),
        LaneNote(20 * B, 20 * B, 2),
        LaneNote(30 * B, 30 * B, 1),
    )
    assert found.between(19 * B, 21 * B).tolist() == [0, 2]
    assert found.between(41 * B, 50 * B).tolist() == []
    assert found.between(0, 0).tolist() == [0]


def test_notes_that_nobody_can_hit():
    timing = TimingMap(
        (
            Anchor(0, 0.0, 120.0, 4, True),
            Anchor(4 * B, 2.0, 120.0),
            Anchor(6 * B, 2.0, 120.0, cause=Cause.WARP),
        )
    )
    notes = [LaneNote(t * B, t * B, 0) for t in (3, 4, 5, 6, 10, 11, 12)]
    notes.append(LaneNote(13 * B, 13 * B, 0, "fake"))
    chart = Chart("dance-single", notes=tuple(notes))
    song = Song(timing=timing, effects=(Effect(10 * B, "fakes", (2 * B,)),), charts=(chart,))
    cache = ArrayCache()
    found = cache.of(song, 0).notes
    assert found.hittable.tolist() == [True, False, False, True, False, False, True, False]
    found = cache.of(replace(song, effects=()), 0).notes
    assert found.hittable.tolist() == [True, False, False, True, True, True, True, False]


def test_selected_marks_equal_notes():
    notes = [LaneNote(t * B, t * B, 0) for t in range(10)]
    found = arrays(*notes)
    chosen = frozenset({LaneNote(3 * B, 3 * B, 0), LaneNote(7 * B, 7 * B, 0)})
    assert np.flatnonzero(found.selected(chosen)).tolist() == [3, 7]
    assert not found.selected(frozenset()).any()


def test_arrays_are_rebuilt_only_for_what_changed():
    song = Song(
        timing=STEADY,
        charts=(
            Chart("dance-single", notes=(LaneNote(0, 0, 0),)),
            Chart("dance-single", notes=(LaneNote(B, B, 1),)),
        ),
    )
    cache = ArrayCache()
    first, second = cache.of(song, 0), cache.of(song, 1)
    edited = song.with_chart(0, replace(song.charts[0], notes=()))
    assert cache.of(edited, 1) is second
    assert cache.of(edited, 0) is not first
    renamed = edited.with_chart(1, replace(song.charts[1], name="Easy"))
    assert cache.of(renamed, 1).notes is second.notes
    assert cache.of(renamed, 1).chart.name == "Easy"
    faster = replace(renamed, timing=TimingMap.constant(60.0))
    assert cache.of(faster, 1).notes.starts_s.tolist() == [1.0]


def test_a_mode_that_is_unknown_shows_its_lanes_and_cannot_be_edited():
    song = Song(charts=(Chart("kb7-single", notes=(LaneNote(0, 0, 6, "strange"),)),))
    found = ArrayCache().of(song, 0)
    assert len(found.lanes) == 7
    assert not found.editable
    assert LOOKS[found.notes.faces.looks[0]].name == "tap"


def test_an_empty_chart_has_its_lanes():
    found = ArrayCache().of(Song(charts=(Chart("mania-5k"),)), 0)
    assert len(found.lanes) == 5
    assert found.notes.between(0, 100).tolist() == []

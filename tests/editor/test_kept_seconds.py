"""Notes that keep their seconds: what is selected follows, and what falls between rows is told."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as B
from chartstudio.core.timing import TimingMap
from chartstudio.editor import retime
from chartstudio.editor.document import Document
from chartstudio.editor.kept_seconds import ROW_TICKS, apply_retiming, off_rows, on_rows
from chartstudio.editor.selection import Selection
from chartstudio.formats import find_format, write_song


def _note(i: int) -> LaneNote:
    start = i * B // 2
    return (
        LaneNote(start, start + B, i % 4, "hold") if i % 6 == 0 else LaneNote(start, start, i % 4)
    )


NOTES = tuple(map(_note, range(24)))


def song(*charts: Chart) -> Song:
    made = charts or (Chart("dance-single", "Hard", 8.0, NOTES),)
    return Song(timing=TimingMap.constant(120.0, 0.1), charts=made)


def test_the_same_notes_stay_selected_and_the_range_moves_along() -> None:
    document = Document(song())
    document.select(Selection(notes=frozenset(NOTES[3:9]), range=(2 * B, 6 * B)))
    before, old = document.selection, document.song
    assert apply_retiming(document, "x", retime.set_bpm(0, 127.3), "seconds")
    new, after = document.song, document.selection
    places = [i for i, n in enumerate(new.charts[0].notes) if n in after.notes]
    assert places == list(range(3, 9))
    for was, now in zip(before.range or (), after.range or (), strict=True):
        at_s = new.timing.seconds_at(now)
        assert at_s == pytest.approx(old.timing.seconds_at(was), abs=1e-4)
    document.undo()
    assert (document.selection, document.song) == (before, old)
    document.redo()
    assert document.selection == after


def test_notes_that_keep_their_beats_keep_the_selection() -> None:
    document = Document(song())
    document.select(Selection(notes=frozenset(NOTES[3:9]), range=(2 * B, 6 * B)))
    before = document.selection
    assert apply_retiming(document, "x", retime.shift(0.25), "ticks")
    assert document.selection == before


def test_a_chart_with_its_own_timing_is_followed_alone() -> None:
    own = Chart("dance-single", "Easy", 1.0, NOTES[::2], TimingMap.constant(90.0))
    document = Document(song(Chart("dance-single", "Hard", 8.0, NOTES), own))
    document.select(Selection(1, frozenset(own.notes[:4]), (0, 4 * B)))
    assert apply_retiming(document, "x", retime.scale(2.0), "seconds")
    assert document.selection.notes == frozenset(document.song.charts[1].notes[:4])
    assert document.selection.range == (0, 8 * B)
    assert document.song.charts[0].notes is NOTES


def test_what_changes_nothing_is_no_step_and_what_cannot_be_leaves_everything() -> None:
    document = Document(song())
    document.select(Selection(notes=frozenset(NOTES[:2])))
    assert not apply_retiming(document, "x", retime.shift(0.0), "seconds")
    with pytest.raises(ChartStudioError):
        apply_retiming(document, "x", retime.set_bpm(0, 0.1), "seconds")
    assert not document.can_undo
    assert document.selection.notes == frozenset(NOTES[:2])


def test_a_song_without_charts_has_a_range_that_follows() -> None:
    document = Document(Song(timing=TimingMap.constant(120.0)))
    document.select(Selection(range=(B, 2 * B)))
    assert apply_retiming(document, "x", retime.set_bpm(0, 240.0), "seconds")
    assert document.selection.range == (2 * B, 4 * B)


# Rows -------------------------------------------------------------------------------------


def test_notes_between_rows_are_counted_with_how_far_they_would_go() -> None:
    assert off_rows(song(), 0).n_notes == 0
    off = LaneNote(5 * B + 100, 5 * B + 100, 0)
    tail = LaneNote(7 * B, 8 * B + 210, 1, "hold")
    made = song(Chart("dance-single", "Hard", 8.0, (*NOTES[:3], off, tail)))
    found = off_rows(made, 0)
    assert (found.n_notes, found.n_all) == (2, 5)
    assert found.worst_s == pytest.approx(210 / B * 0.5)


def test_only_what_stepmania_holds_and_what_shares_the_timing_counts() -> None:
    off = (LaneNote(100, 100, 0),)
    made = song(
        Chart("dance-single", "Hard", 8.0, off),
        Chart("mania-4k", "Mania", 1.0, off),
        Chart("dance-single", "Own", 1.0, off * 1, TimingMap.constant(99.0)),
    )
    assert off_rows(made, 0).n_notes == 1
    assert off_rows(made, 2).n_notes == 1
    fixed = on_rows(0)(made)
    assert [c.notes[0].tick for c in fixed.charts] == [0, 100, 100]


def test_snapped_notes_are_saved_as_they_are() -> None:
    document = Document(song())
    assert apply_retiming(document, "x", retime.nudge_bpm(0, 0.37), "seconds")
    found = off_rows(document.song, 0)
    assert found.n_notes > 20
    assert 0 < found.worst_s <= 0.5 * ROW_TICKS / B * 0.5
    losses = {loss.what for loss in find_format("ssc").losses(document.song)}
    assert "notes moved to the nearest 1/192" in losses
    document.apply("snap", on_rows(0))
    assert off_rows(document.song, 0).n_notes == 0
    ready = document.song
    assert not [x for x in find_format("ssc").losses(ready) if "1/192" in x.what]
    read = find_format("ssc").read(write_song(ready, "ssc"), None)
    assert read.charts[0].notes == ready.charts[0].notes


_TICKS = st.lists(
    st.tuples(st.integers(0, 3000), st.integers(0, 900), st.integers(0, 1)), min_size=1, max_size=30
)


@given(_TICKS)
def test_snapping_loses_no_note_and_makes_none_meet(places: list[tuple[int, int, int]]) -> None:
    free = [0, 0]
    notes = []
    for gap, length, lane in places:
        start = free[lane] + gap + 1
        notes.append(LaneNote(start, start + length, lane, "hold" if length else "tap"))
        free[lane] = start + length
    notes.sort()
    made = song(Chart("dance-single", "Hard", 8.0, tuple(notes)))
    new = on_rows(0)(made).charts[0].notes
    assert len(new) == len(notes)
    for lane in (0, 1):
        mine = [n for n in new if n.lane == lane]
        ends, starts = np.array([n.end for n in mine[:-1]]), np.array([n.tick for n in mine[1:]])
        assert (ends < starts).all()
        was = [n for n in notes if n.lane == lane]
        for before, after in zip(was, mine, strict=True):
            assert abs(after.tick - before.tick) <= ROW_TICKS // 2
            assert (after.end > after.tick) == (before.end > before.tick)
            assert after == before or after.tick % ROW_TICKS == after.end % ROW_TICKS == 0
    assert on_rows(0)(on_rows(0)(made)) == on_rows(0)(made)

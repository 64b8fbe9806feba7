from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.note import LaneNote, sort_key
from chartstudio.core.provenance import Generated
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.clipboard import copy
from chartstudio.editor.document import N_STEPS, Change, Document, Edit
from chartstudio.editor.selection import Selection

NOTES = tuple(LaneNote(i * BEAT, i * BEAT, i % 4) for i in range(8))
SONG = Song(charts=(Chart("dance-single", "Hard", 9, NOTES), Chart("dance-single", "Easy", 2)))


def test_an_edit_is_one_step_and_undo_returns_the_same_object() -> None:
    document = Document(SONG)
    document.select(Selection(0, frozenset(NOTES[:2])))
    document.apply("Delete", edits.remove(0, NOTES[:2]))
    assert document.song.charts[0].notes == NOTES[2:]
    assert document.selection.notes == frozenset()
    assert (document.can_undo, document.undo_label) == (True, "Delete")
    assert document.undo()
    assert document.song is SONG
    assert document.selection == Selection(0, frozenset(NOTES[:2]))
    assert (document.can_undo, document.redo_label) == (False, "Delete")
    assert document.redo()
    assert document.song.charts[0].notes == NOTES[2:]
    assert not document.redo()


def test_an_edit_that_changes_nothing_adds_no_step() -> None:
    document = Document(SONG)
    document.apply("Delete", edits.remove(0, []), Selection(1))
    assert not document.can_undo
    assert document.song is SONG
    assert document.selection.chart == 1
    assert not document.undo()


def test_an_edit_that_fails_leaves_everything_alone() -> None:
    document = Document(SONG)

    def fail(song: Song) -> Song:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        document.apply("Fail", fail)
    assert document.song is SONG
    assert not document.can_undo


def test_listeners_hear_every_change_until_they_stop() -> None:
    document = Document(SONG)
    heard: list[Change] = []
    stop = document.listen(heard.append)
    document.select(Selection(1))
    document.select(Selection(1))
    document.apply("Rename", edits.set_metadata(title="x"))
    document.undo()
    document.redo()
    document.open(Song())
    stop()
    stop()
    document.apply("Rename", edits.set_metadata(title="y"))
    assert [c.origin for c in heard] == ["select", "apply", "undo", "redo", "open"]
    assert [c.label for c in heard[1:4]] == ["Rename"] * 3
    assert heard[1].old is SONG


def test_modified_follows_what_was_saved() -> None:
    document = Document(SONG, Path("a.ssc"), "ssc")
    document.apply("Rename", edits.set_metadata(title="x"))
    assert document.modified
    document.undo()
    assert not document.modified
    document.redo()
    document.mark_saved(Path("b.ssc"), "ssc")
    assert (document.modified, document.path) == (False, Path("b.ssc"))
    document.mark_unsaved()
    assert document.modified


def test_the_history_is_bounded() -> None:
    document = Document(SONG)
    for i in range(N_STEPS + 20):
        document.apply("Rename", edits.set_metadata(title=str(i)))
    n_undone = 0
    while document.undo():
        n_undone += 1
    assert n_undone == N_STEPS


def test_a_selection_outside_the_song_is_brought_inside() -> None:
    document = Document(SONG)
    document.select(Selection(9))
    assert document.selection.chart == 1
    assert document.active_chart == SONG.charts[1]
    document.apply("Remove chart", edits.remove_chart(1))
    assert document.selection.chart == 0
    assert Document().active_chart is None


EDITS = st.one_of(
    st.builds(
        lambda t, lane, n: edits.place(0, LaneNote(t, t + n, lane, "hold" if n else "tap")),
        st.integers(0, 9 * BEAT),
        st.integers(0, 3),
        st.sampled_from([0, 0, BEAT]),
    ),
    st.builds(
        lambda t, lanes: _on_all(lambda n: edits.move(0, n, t, lanes)),
        st.integers(-BEAT, BEAT),
        st.integers(-4, 4),
    ),
    st.builds(
        lambda axis: _on_all(lambda n: edits.mirror(0, n, axis)),
        st.sampled_from(["horizontal", "vertical"]),
    ),
    st.builds(lambda snap: _on_all(lambda n: edits.quantise(0, n, snap)), st.sampled_from([4, 16])),
    st.builds(
        lambda at: _on_all(lambda n: edits.paste(0, copy(n[:3]), at)), st.integers(0, 9 * BEAT)
    ),
    st.builds(
        lambda bpm, keep: edits.retime(TimingMap.constant(bpm, 0.1), keep),
        st.floats(60, 200),
        st.sampled_from(["ticks", "seconds"]),
    ),
    st.builds(lambda title: edits.set_metadata(title=title), st.text(max_size=3)),
    st.builds(lambda: edits.add_chart(Chart("mania-4k"))),
    st.builds(
        lambda a, b: edits.replace_range(0, a, a + b, (), Generated(0, 0, "m", 1, "d")),
        st.integers(0, 9 * BEAT),
        st.integers(1, 3 * BEAT),
    ),
)


def _on_all(make) -> Edit:  # type: ignore[no-untyped-def]
    return lambda song: make(song.charts[0].notes)(song) if song.charts[0].notes else song


@settings(deadline=None, max_examples=60)
@given(st.lists(EDITS, max_size=15))
def test_undoing_everything_gives_back_the_original_and_redoing_the_last(made: list[Edit]) -> None:
    document = Document(SONG)
    for edit in made:
        document.apply("Edit", edit)
        notes = document.song.charts[0].notes
        assert list(notes) == sorted(notes, key=sort_key)
    last = document.song
    while document.undo():
        pass
    assert document.song is SONG
    while document.redo():
        pass
    assert document.song is last


def test_frozen_values_stay_shared() -> None:
    document = Document(SONG)
    document.apply("Rename", edits.set_metadata(title="x"))
    assert document.song.charts is SONG.charts
    assert replace(document.song, metadata=SONG.metadata) == SONG

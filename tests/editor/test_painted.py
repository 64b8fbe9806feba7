"""What is laid over stretches of a chart: painting, following, habits, and a new timing."""

import pytest

from chartstudio.core.note import LaneNote
from chartstudio.core.provenance import Generated, generated
from chartstudio.core.song import Chart, Extra, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor import density, finish, follow, painted, retime, style
from chartstudio.editor.document import Document
from chartstudio.editor.finish import KeyBar, Landing, Ownership
from chartstudio.editor.retime import retimed
from chartstudio.engine import requests

B = TICKS_PER_BEAT
BAR = 4 * B
TIMING = TimingMap.constant(120.0)


def _document(**fields):
    notes = tuple(LaneNote(b * B, b * B, 0) for b in range(16))
    return Document(Song(timing=TIMING, charts=(Chart("dance-single", notes=notes, **fields),)))


def _chart(document):
    return document.song.charts[0]


def test_a_stroke_cuts_what_it_passes_and_leaves_the_rest():
    rows = painted.stroked([(0, 100, "a"), (100, 200, "b")], [(50, 120, "c"), (150, 160, None)])
    assert rows == ((0, 50, "a"), (50, 120, "c"), (120, 150, "b"), (160, 200, "b"))
    assert painted.stroked(rows, [(30, 30, "d")]) == ((0, 30, "a"), (30, 50, "a"), *rows[1:])


def test_values_over_a_stretch_tell_gaps_from_differences():
    rows = [(0, 10, "a"), (10, 20, "b")]
    assert painted.values_over(rows, (0, 10)) == ("a",)
    assert painted.values_over(rows, (5, 15)) == ("a", "b")
    assert painted.values_over(rows, (15, 25)) == ("b", None)


# Following -------------------------------------------------------------------------------


def test_layers_have_the_names_of_a_request():
    assert follow.LAYERS == requests.LAYERS


def test_neighbours_that_follow_the_same_are_one_section():
    document = _document()
    for bar in (2, 0, 1):
        document.apply("x", follow.follow(0, (bar * BAR, (bar + 1) * BAR), ("drums", "lead")))
    assert follow.sections(_chart(document)) == ((0, 3 * BAR, ("drums", "lead")),)
    document.apply("x", follow.follow(0, (BAR, 2 * BAR), ()))
    assert follow.over(_chart(document), (0, BAR)) == ("drums", "lead")
    assert follow.over(_chart(document), (BAR, 2 * BAR)) == ()
    assert follow.over(_chart(document), (0, 2 * BAR)) is None
    document.undo()
    assert follow.over(_chart(document), (0, 2 * BAR)) == ("drums", "lead")


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ((), "lead", ("lead",)),
        (("lead",), "drums", ("drums", "lead")),
        (("drums", "lead"), "drums", ("lead",)),
        (("drums", "lead"), "all", ("all",)),
        (("all",), "bass", ("bass",)),
        (("none",), "none", ()),
    ],
)
def test_a_rest_and_all_layers_stand_alone(before, name, after):
    assert follow.toggled(before, name) == after


def test_a_request_has_a_row_for_each_layer():
    rows = ((0, 5, ("drums", "bass")), (5, 9, ("none",)))
    assert follow.entries(rows) == ((0, 5, "drums"), (0, 5, "bass"), (5, 9, "none"))


# Habits ----------------------------------------------------------------------------------


def test_a_habit_is_asked_for_and_left_to_the_song_again():
    document = _document()
    document.apply("x", style.set_habit(0, "repeat", 0.9))
    document.apply("x", style.set_habit(0, "fill", 0.1))
    document.apply("x", style.set_habit(0, "repeat", 0.8))
    assert style.habits(_chart(document)) == (("fill", 0.1), ("repeat", 0.8))
    document.apply("x", style.set_habit(0, "fill", None))
    assert style.habits(_chart(document)) == (("repeat", 0.8),)
    document.apply("x", style.clear(0))
    assert _chart(document).extra == Extra()


# A new timing ----------------------------------------------------------------------------


def _guided():
    """Key bar 3, bar 4 approved, bar 5 filled and painted, bars 6 and 7 without a word."""
    document = _document()
    third, fourth, fifth = ((n * BAR, (n + 1) * BAR) for n in (2, 3, 4))
    notes = (LaneNote(4 * BAR, 4 * BAR, 1),)
    document.apply("x", finish.set_key_bars(0, [KeyBar(*third, 0.5, 0.5)]))
    document.apply("x", finish.approve(0, [fourth]))
    fill = Landing((fifth,), notes, Generated(0, 0, "m", 1, "d"), fills=True)
    document.apply("x", finish.land(0, fill))
    document.apply("x", density.paint(0, [(*fifth, 2.0)]))
    document.apply("x", follow.follow(0, fifth, ("bass",)))
    return document


def _bars(chart, timing):
    """The first bar of each kind of stretch, and whether all edges are bar lines."""
    spans = (
        finish.key_bars(chart)[0].span,
        finish.approved(chart)[0],
        (generated(chart)[0].start, generated(chart)[0].end),
        density.curve(chart)[0][:2],
        follow.sections(chart)[0][:2],
    )
    starts = [start for start, _ in spans]
    lines = all(timing.measure_start(timing.position(t).measure) == t for t in starts)
    return [timing.position(t).measure for t in starts], lines


def test_stretches_keep_their_bars_when_beats_move_by_milliseconds():
    document = _guided()
    document.apply("x", retimed(0, retime.shift(0.02), "seconds"))
    chart, timing = _chart(document), document.song.timing
    assert chart.notes[1].tick != B
    assert _bars(chart, timing) == ([3, 4, 5, 5, 5], True)
    assert finish.approved(chart)[0] == (3 * BAR, 4 * BAR)
    whose = Ownership.of(chart, timing, 0, 8 * BAR)
    assert whose.filled == ((4 * BAR, 5 * BAR),)
    assert not finish.changed_since_fill(chart)


def test_stretches_move_with_what_is_heard():
    document = _guided()
    document.apply("x", retimed(0, lambda _: TimingMap.constant(240.0), "seconds"))
    chart = _chart(document)
    assert finish.key_bars(chart)[0].span == (4 * BAR, 6 * BAR)
    assert density.curve(chart) == ((8 * BAR, 10 * BAR, 2.0),)
    assert follow.sections(chart) == ((8 * BAR, 10 * BAR, ("bass",)),)
    assert [(m.start, m.end) for m in generated(chart)] == [(8 * BAR, 10 * BAR)]


def test_stretches_keep_their_beats_when_notes_do():
    document = _guided()
    before = _chart(document)
    document.apply("x", retimed(0, lambda _: TimingMap.constant(240.0), "ticks"))
    assert _chart(document) is before


def test_half_a_bar_is_not_drawn_to_a_bar_line():
    move = painted.mover(TIMING, TimingMap.constant(60.0))
    assert move(3 * BAR) == BAR + 2 * B
    assert move(2 * BAR) == BAR

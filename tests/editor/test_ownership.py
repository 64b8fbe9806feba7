import pytest

from chartstudio.core.note import LaneNote
from chartstudio.core.provenance import Generated, generated
from chartstudio.core.song import Chart, Song
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.editor import density, edits, finish, painted
from chartstudio.editor.document import Document
from chartstudio.editor.finish import KeyBar, Landing, Ownership, Standing
from chartstudio.editor.locks import fitting, staying, toggled, toggled_lane
from chartstudio.modes import MODES

B = TICKS_PER_BEAT
BAR = 4 * B
TIMING = TimingMap.constant(120.0)
SOURCE = Generated(0, 0, "fake 1", 1, "2026-01-01T00:00:00.000+00:00")


def _taps(*bars, lane=0):
    return tuple(LaneNote(b * BAR + i * B, b * BAR + i * B, lane) for b in bars for i in range(4))


def _document(*bars):
    return Document(Song(timing=TIMING, charts=(Chart("dance-single", notes=_taps(*bars)),)))


def _whose(document, n_bars=8):
    return Ownership.of(document.song.charts[0], TIMING, 0, n_bars * BAR)


def _fill(document, *spans, lane=3, date=SOURCE.date, fills=True):
    bars = [b for start, end in spans for b in range(start // BAR, end // BAR)]
    source = Generated(0, 0, "fake 1", 1, date)
    landing = Landing(spans, _taps(*bars, lane=lane), source, fills=fills)
    document.apply("Fill", finish.land(0, landing))


def test_bars_with_notes_by_hand_are_the_authors():
    whose = _whose(_document(1, 2, 5))
    assert whose.own == ((BAR, 3 * BAR), (5 * BAR, 6 * BAR))
    assert whose.n_own == 3
    assert whose.standing_at(5 * BAR + B) is Standing.HAND
    assert whose.standing_at(0) is Standing.EMPTY
    assert whose.standing_at(100 * BAR) is Standing.EMPTY


def test_what_was_filled_is_not_the_authors_until_a_hand_changes_it():
    document = _document(1)
    _fill(document, (2 * BAR, 6 * BAR))
    assert _whose(document).own == ((BAR, 2 * BAR),)
    assert _whose(document).filled == ((2 * BAR, 6 * BAR),)
    document.apply("x", edits.remove(0, [LaneNote(3 * BAR, 3 * BAR, 3)]))
    assert _whose(document).standing_at(3 * BAR) is Standing.EDITED
    assert _whose(document).filled == ((2 * BAR, 3 * BAR), (4 * BAR, 6 * BAR))
    document.undo()
    assert _whose(document).filled == ((2 * BAR, 6 * BAR),)


def test_a_note_set_into_a_filled_bar_makes_it_the_authors():
    document = _document(1)
    _fill(document, (2 * BAR, 4 * BAR))
    document.apply("x", edits.place(0, LaneNote(2 * BAR + B // 2, 2 * BAR + B // 2, 1)))
    assert _whose(document).standing_at(2 * BAR) is Standing.EDITED
    assert _whose(document).standing_at(3 * BAR) is Standing.FILLED


def test_a_redrawn_bar_is_no_longer_as_it_was_filled():
    document = _document(1)
    _fill(document, (2 * BAR, 6 * BAR))
    _fill(document, (3 * BAR, 4 * BAR), lane=2, date="2026-02-02", fills=False)
    assert _whose(document).standing_at(3 * BAR) is Standing.DRAFTED
    assert _whose(document).filled == ((2 * BAR, 3 * BAR), (4 * BAR, 6 * BAR))


def test_a_bar_redrawn_in_part_is_no_longer_as_it_was_filled():
    document = _document(1)
    _fill(document, (2 * BAR, 3 * BAR))
    half = Landing(((2 * BAR, 2 * BAR + 2 * B),), (), Generated(0, 0, "m", 2, "later"))
    document.apply("x", finish.land(0, half))
    assert _whose(document).standing_at(2 * BAR) is Standing.DRAFTED


def test_approving_makes_a_bar_the_authors_even_an_empty_one():
    document = _document(1)
    _fill(document, (2 * BAR, 4 * BAR))
    document.apply("x", finish.approve(0, [(2 * BAR, 3 * BAR), (6 * BAR, 7 * BAR)]))
    assert _whose(document).own == ((BAR, 3 * BAR), (6 * BAR, 7 * BAR))
    document.apply("x", finish.approve(0, [(6 * BAR, 7 * BAR)], on=False))
    assert _whose(document).own == ((BAR, 3 * BAR),)
    assert finish.approved(document.song.charts[0]) == ((2 * BAR, 3 * BAR),)


def test_a_draft_over_an_approved_bar_takes_the_approval_away():
    document = _document(1)
    document.apply("x", finish.approve(0, [(BAR, 2 * BAR)]))
    _fill(document, (BAR, 2 * BAR), fills=False)
    assert _whose(document).own == ()


def test_accepting_a_suggestion_approves_it():
    document = _document()
    landing = Landing(((BAR, 2 * BAR),), _taps(1), SOURCE, approves=True)
    document.apply("x", finish.land(0, landing))
    assert _whose(document).standing_at(BAR) is Standing.APPROVED
    assert len(generated(document.song.charts[0])) == 1


def test_a_fill_keeps_what_lies_between_and_marks_every_bar():
    document = _document(2)
    kept = document.song.charts[0].notes
    _fill(document, (0, 2 * BAR), (3 * BAR, 5 * BAR))
    chart = document.song.charts[0]
    assert finish.notes_within(chart.notes, [(2 * BAR, 3 * BAR)]) == kept
    assert [m.start // BAR for m in generated(chart)] == [0, 1, 3, 4]
    assert {n.lane for n in finish.without_drafts(chart, _whose(document).own).notes} == {0}
    document.undo()
    assert document.song.charts[0].notes is kept


def test_holds_that_reach_in_are_cut_before_the_new_notes_come():
    hold, short = LaneNote(B, 2 * BAR, 0, "hold"), LaneNote(B, BAR, 0, "hold")
    document = Document(Song(timing=TIMING, charts=(Chart("dance-single", notes=(hold,)),)))
    notes = _taps(1)[1:]
    landing = Landing(((BAR, 2 * BAR),), notes, SOURCE, cut=((hold, short),))
    document.apply("x", finish.land(0, landing))
    assert document.song.charts[0].notes == (short, *notes)
    document.undo()
    elsewhere = Landing(((4 * BAR, 5 * BAR),), _taps(4), SOURCE, cut=((hold, short),))
    document.apply("x", finish.land(0, elsewhere))
    assert hold in document.song.charts[0].notes


def test_a_fill_knows_whether_the_authors_bars_changed_since():
    document = _document(1)
    assert not finish.changed_since_fill(document.song.charts[0])
    _fill(document, (2 * BAR, 6 * BAR))
    assert not finish.changed_since_fill(document.song.charts[0])
    document.apply("x", edits.place(0, LaneNote(BAR + B // 2, BAR + B // 2, 2)))
    assert finish.changed_since_fill(document.song.charts[0])
    document.undo()
    document.apply("x", finish.approve(0, [(3 * BAR, 4 * BAR)]))
    assert finish.changed_since_fill(document.song.charts[0])


def test_bars_that_changed_since_the_fill_are_known_one_by_one():
    document = _document(1, 2)

    def changed():
        return finish.changed_bars(document.song.charts[0], TIMING)

    assert changed() is None
    _fill(document, (3 * BAR, 6 * BAR))
    assert changed() == ()
    document.apply("x", edits.remove(0, [LaneNote(BAR, BAR, 0)]))
    assert changed() == ((BAR, 2 * BAR),)
    document.apply("x", edits.place(0, LaneNote(4 * BAR + B, 4 * BAR + B, 1)))
    document.apply("x", finish.approve(0, [(7 * BAR, 8 * BAR)]))
    assert changed() == tuple((n * BAR, (n + 1) * BAR) for n in (1, 4, 7))
    document.apply("x", finish.follow_now(0))
    assert changed() == ()
    assert not finish.changed_since_fill(document.song.charts[0])


def test_fills_of_which_nothing_is_left_are_forgotten():
    document = _document(1)
    _fill(document, (2 * BAR, 4 * BAR), date="first")
    _fill(document, (2 * BAR, 4 * BAR), date="second")
    assert [row[0] for row in document.song.charts[0].extra.get(finish.FILLS)] == ["second"]


def test_key_bars_are_kept_with_the_chart_in_their_order():
    document = _document()
    bars = (KeyBar(3 * BAR, 4 * BAR, 0.4, 1.0), KeyBar(BAR, 2 * BAR, 0.6, 0.8))
    document.apply("x", finish.set_key_bars(0, bars))
    assert finish.key_bars(document.song.charts[0]) == bars
    document.apply("x", finish.set_key_bars(0, ()))
    assert finish.key_bars(document.song.charts[0]) == ()
    assert not document.song.charts[0].extra.items


@pytest.mark.parametrize(
    ("spans", "taken", "rest"),
    [
        ([(0, 10)], [(3, 5)], ((0, 3), (5, 10))),
        ([(0, 10)], [(0, 10)], ()),
        ([(0, 4), (6, 10)], [(3, 7)], ((0, 3), (7, 10))),
        ([(0, 4)], [(4, 9)], ((0, 4),)),
        ([(0, 10)], [(1, 2), (4, 5)], ((0, 1), (2, 4), (5, 10))),
    ],
)
def test_what_is_left_of_stretches(spans, taken, rest):
    assert finish.outside(spans, taken) == rest


def test_bars_follow_meter_changes_and_are_cut_at_the_ends():
    assert finish.bars_of(TIMING, B, 2 * BAR + B) == (
        (B, BAR),
        (BAR, 2 * BAR),
        (2 * BAR, 2 * BAR + B),
    )
    assert finish.bars_of(TIMING, BAR, BAR) == ()


# Density ---------------------------------------------------------------------------------


def test_density_is_counted_by_note_times_per_beat():
    notes = (*_taps(0), LaneNote(0, 0, 1), LaneNote(BAR, BAR, 0), LaneNote(BAR + B, BAR + B, 0))
    found = density.density_of(finish.notes_within(notes, [(0, 9 * BAR)]), TIMING, 0, 3 * BAR)
    assert found == ((0, BAR, 1.0), (BAR, 2 * BAR, 0.5), (2 * BAR, 3 * BAR, 0.0))


def test_strokes_replace_what_they_pass_and_none_takes_away():
    document = _document()
    document.apply("x", density.paint(0, [(0, BAR, 2.0), (BAR, 2 * BAR, 3.0)]))
    document.apply("x", density.paint(0, [(BAR, 2 * BAR, 1.0), (0, BAR, None)]))
    curve = density.curve(document.song.charts[0])
    assert curve == ((BAR, 2 * BAR, 1.0),)
    assert painted.at(curve, BAR + B) == 1.0
    assert painted.at(curve, 0) is None
    document.apply("x", density.paint(0, [(BAR + B, BAR + 2 * B, None)]))
    assert density.curve(document.song.charts[0]) == (
        (BAR, BAR + B, 1.0),
        (BAR + 2 * B, 2 * BAR, 1.0),
    )


def test_a_curve_is_cut_to_what_is_written():
    assert painted.within([(0, 10, 2.0), (20, 30, 1.0)], [(5, 22)]) == ((5, 10, 2.0), (20, 22, 1.0))
    assert density.fitting(99.0) == density.MOST
    assert density.fitting(1.1) == 1.0


# Locks -----------------------------------------------------------------------------------


def test_locks_that_contradict_each_other_are_never_on_together():
    assert toggled(frozenset({"rhythm"}), "placement") == {"placement"}
    assert toggled(frozenset({"rhythm", "lanes"}), "notes") == {"notes"}
    assert toggled(frozenset({"rhythm"}), "lanes") == {"rhythm", "lanes"}
    assert toggled(frozenset({"notes"}), "notes") == frozenset()


def test_a_lane_always_stays_open():
    lanes = frozenset({0, 1, 2})
    assert toggled_lane(lanes, 3, 4) == lanes
    assert toggled_lane(lanes, 2, 4) == {0, 1}


def test_a_mode_without_lanes_has_none_to_lock():
    locks, lanes = frozenset({"lanes", "rhythm"}), frozenset({0, 5})
    assert fitting(locks, lanes, MODES["osu"]) == ({"rhythm"}, frozenset())
    assert fitting(locks, lanes, MODES["dance-single"]) == (locks, {0})
    assert fitting(frozenset({"rhythm"}), lanes, MODES["dance-single"])[1] == frozenset()


def test_the_notes_that_stay():
    chart = Chart("dance-single", notes=(*_taps(0, lane=1), *_taps(1, lane=2)))
    mode, span = MODES["dance-single"], (0, 2 * BAR)
    assert staying(chart, mode, (0, BAR), frozenset({"notes"}), frozenset()) == set(
        _taps(0, lane=1)
    )
    locked = staying(chart, mode, span, frozenset({"lanes"}), frozenset({2}))
    assert locked == set(_taps(1, lane=2))
    assert not staying(chart, mode, span, frozenset({"lanes"}), frozenset())
    assert not staying(chart, mode, span, frozenset({"rhythm"}), frozenset())

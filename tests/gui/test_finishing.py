"""Key bars, finish and refresh, locks and density, in the window, on a prepared engine."""

import pytest
from PySide6.QtCore import QPoint, Qt
from window_rig import BAR, BEAT

from chartstudio.core.mode import Issue
from chartstudio.core.note import LaneNote
from chartstudio.core.provenance import generated
from chartstudio.editor import density, edits, finish
from chartstudio.editor.finish import Standing
from chartstudio.editor.selection import Selection
from chartstudio.engine.requests import Candidate, Draft
from chartstudio.gui.candidates import fault_lines, faults
from chartstudio.gui.panels.command_button import CommandButton
from chartstudio.gui.proposals import Purpose

# The test song: 8 bars, of which the first 4 are charted by hand.


@pytest.fixture
def studio(opened):
    return opened.studio


@pytest.fixture
def proposed(studio, qtbot):
    _run(studio, qtbot, studio.finishing.propose)
    return studio.finishing


@pytest.fixture
def filled(studio, qtbot):
    _run(studio, qtbot, studio.finishing.finish)
    studio.drafting.accept()
    return studio.finishing


def _run(studio, qtbot, ask):
    ask()
    qtbot.waitUntil(lambda: studio.jobs.idle)


def _notes(studio, start, end):
    return [n for n in studio.document.active_chart.notes if start <= n.tick < end]


def _press(window, command):
    window.actions_.refresh()
    window.actions_[command].trigger()


# Key bars --------------------------------------------------------------------------------


def test_proposed_bars_are_listed_marked_and_undone(proposed, opened, engine):
    studio = opened.studio
    assert engine.requests[0].n == 8
    assert [i.measure for i in proposed.listed] == [7, 2, 5]
    assert [i.standing for i in proposed.listed] == [
        Standing.EMPTY,
        Standing.HAND,
        Standing.EMPTY,
    ]
    marks = studio.timeline._key_bars
    assert [(m.order, m.start, m.own) for m in marks] == [
        (1, 6 * BAR, False),
        (2, BAR, True),
        (3, 4 * BAR, False),
    ]
    assert opened.draft.finish.list.topLevelItemCount() == 3
    assert "71 %" in opened.draft.finish.coverage.text()
    assert "1 of 3" in opened.draft.finish.coverage.text()
    studio.document.undo()
    assert not studio.timeline._key_bars
    assert not opened.draft.finish.list.isVisible()


def test_only_the_authors_notes_count_as_charted(filled, studio, engine, qtbot):
    _run(studio, qtbot, filled.propose)
    assert {n.tick for n in engine.requests[-1].chart.notes} == set(range(0, 4 * BAR, BEAT))


def test_more_adds_others_after_those_there_are(proposed, studio, engine, qtbot):
    engine.key_bars_found = ((7, 5, 6, 8), (0.6, 0.7, 0.8, 0.9), (0.9, 0.8, 0.7, 0.6))
    _run(studio, qtbot, proposed.propose_more)
    assert engine.requests[-1].n == 2 + 4
    assert [i.measure for i in proposed.listed] == [7, 2, 5, 6, 8]
    engine.key_bars_found = ((7,), (0.6,), (0.5,))
    _run(studio, qtbot, proposed.propose_more)
    assert len(proposed.listed) == 5


def test_an_approved_rest_is_not_proposed_again(studio, qtbot):
    studio.finishing.approve((6 * BAR, 7 * BAR))
    _run(studio, qtbot, studio.finishing.propose)
    assert [i.measure for i in studio.finishing.listed] == [2, 5]


def test_walking_goes_through_the_song_round_and_round(proposed, opened):
    seen = []
    for _ in range(4):
        _press(opened, "keybars.next")
        seen.append(opened.studio.document.selection.range[0] // BAR + 1)
    assert seen == [2, 5, 7, 2]
    _press(opened, "keybars.previous")
    assert opened.studio.document.selection.range == (6 * BAR, 7 * BAR)
    assert opened.draft.finish.list.currentItem().text(0).endswith("Bar 7")


def test_a_click_in_the_list_goes_to_the_bar(proposed, opened):
    tree = opened.draft.finish.list
    tree.itemClicked.emit(tree.topLevelItem(2), 0)
    assert opened.studio.document.selection.range == (4 * BAR, 5 * BAR)
    assert opened.studio.timeline.cursor_tick == 4 * BAR


def test_a_suggestion_that_is_accepted_is_the_authors_in_one_step(proposed, opened, engine, qtbot):
    studio = opened.studio
    song = studio.document.song
    studio.document.select(Selection(range=(6 * BAR, 7 * BAR)))
    _press(opened, "keybars.suggest")
    qtbot.waitUntil(lambda: studio.drafting.waiting)
    assert (engine.requests[-1].start, engine.requests[-1].end) == (6 * BAR, 7 * BAR)
    assert engine.requests[-1].level is None
    studio.drafting.accept()
    assert proposed.whose.standing_at(6 * BAR) is Standing.APPROVED
    assert proposed.listed[0].standing.own
    studio.document.undo()
    assert studio.document.song is song


def test_approving_by_key_and_taking_it_back(filled, opened):
    studio = opened.studio
    studio.document.select(Selection(range=(5 * BAR, 6 * BAR)))
    _press(opened, "keybars.approve")
    assert filled.whose.standing_at(5 * BAR) is Standing.APPROVED
    assert filled.whose.standing_at(6 * BAR) is Standing.FILLED
    _press(opened, "keybars.approve")
    assert filled.whose.standing_at(5 * BAR) is Standing.FILLED


def test_proposing_can_be_cancelled_by_escape(opened, engine, qtbot):
    studio = opened.studio
    engine.endless = True
    song = studio.document.song
    _press(opened, "keybars.propose")
    qtbot.waitUntil(lambda: bool(engine.requests) and opened.draft.finish.bar.isVisible())
    _press(opened, "draft.discard")
    qtbot.waitUntil(lambda: studio.jobs.idle)
    assert not studio.finishing.running
    assert engine.closed
    assert studio.document.song is song
    assert not opened.draft.finish.bar.isVisible()


def test_key_bars_are_dropped_when_their_tempo_changed_meanwhile(opened, engine, qtbot):
    from chartstudio.core.timing import TimingMap

    studio = opened.studio
    studio.finishing.propose()
    studio.document.apply("x", edits.retime(TimingMap.constant(99.0), "ticks"))
    qtbot.waitUntil(lambda: studio.jobs.idle)
    assert not studio.finishing.listed


# Finish and refresh ----------------------------------------------------------------------


def test_finishing_keeps_the_authors_bars_and_is_one_step(studio, engine, qtbot):
    song = studio.document.song
    own = _notes(studio, 0, 4 * BAR)
    _run(studio, qtbot, studio.finishing.finish)
    request = engine.requests[-1]
    assert request.keep == ((0, 4 * BAR),)
    assert (request.start, request.end, request.level) == (0, 8 * BAR, None)
    ghosts = studio.drafting.ghosts
    assert ghosts.spans == ((4 * BAR, 8 * BAR),)
    assert all(n.tick >= 4 * BAR for n in ghosts.notes)
    assert not any(ghosts.replaces(n) for n in own)
    studio.drafting.accept()
    assert _notes(studio, 0, 4 * BAR) == own
    assert len(_notes(studio, 4 * BAR, 8 * BAR)) == 16
    assert [m.start // BAR for m in generated(studio.document.active_chart)] == [4, 5, 6, 7]
    assert studio.finishing.whose.count(Standing.FILLED) == 4
    assert studio.document.undo_label == Purpose.FINISH.value
    studio.document.undo()
    assert studio.document.song is song


def test_the_level_that_is_set_is_taken_when_asked_for(opened, engine, qtbot):
    studio = opened.studio
    _press(opened, "finish.at-level")
    _run(studio, qtbot, studio.finishing.finish)
    assert engine.requests[-1].level == studio.drafting.settings.level
    assert "as set above" in opened.draft.finish.at_level.text()


def test_finishing_needs_bars_to_follow(opened):
    studio = opened.studio
    studio.document.apply("x", edits.remove(0, studio.document.active_chart.notes[3:]))
    assert not studio.finishing.can_finish
    assert "at least two" in opened.draft.finish.state.text()
    studio.drafting.set(finish_at_level=True)
    assert studio.finishing.can_finish


def test_refreshing_changes_only_what_is_exactly_as_it_was_filled(filled, opened, engine, qtbot):
    studio = opened.studio
    touched, redrawn, approved = 4 * BAR, 5 * BAR, 6 * BAR
    studio.document.apply("x", edits.remove(0, _notes(studio, touched, touched + 1)))
    studio.document.select(Selection(range=(redrawn, redrawn + BAR)))
    _run(studio, qtbot, studio.drafting.start)
    studio.drafting.show(2)
    studio.drafting.accept()
    filled.approve((approved, approved + BAR))
    studio.document.apply("x", edits.place(0, LaneNote(BEAT // 2, BEAT // 2, 3)))
    assert filled.outdated
    assert "changed since" in opened.draft.finish.state.text()
    before = _notes(studio, 0, 7 * BAR)
    engine.lane = 3
    _run(studio, qtbot, filled.refresh_fills)
    assert studio.drafting.ghosts.spans == ((7 * BAR, 8 * BAR),)
    studio.drafting.accept()
    assert _notes(studio, 0, 7 * BAR) == before
    assert {n.lane for n in _notes(studio, 7 * BAR, 8 * BAR)} == {3}
    assert not filled.outdated


def test_a_bar_touched_while_its_refresh_waits_stays(filled, studio, engine, qtbot):
    engine.lane = 2
    _run(studio, qtbot, filled.refresh_fills)
    note = LaneNote(5 * BAR + BEAT // 2, 5 * BAR + BEAT // 2, 1)
    studio.document.apply("x", edits.place(0, note))
    bar = _notes(studio, 5 * BAR, 6 * BAR)
    assert studio.drafting.ghosts.spans == ((4 * BAR, 5 * BAR), (6 * BAR, 8 * BAR))
    studio.drafting.accept()
    assert _notes(studio, 5 * BAR, 6 * BAR) == bar
    assert {n.lane for n in _notes(studio, 4 * BAR, 5 * BAR)} == {2}


def test_refreshing_needs_fills(opened):
    opened.actions_.refresh()
    assert not opened.actions_["finish.refresh"].isEnabled()


def test_finishing_again_asks_for_another_version(studio, engine, qtbot):
    for _ in range(2):
        _run(studio, qtbot, studio.finishing.finish)
    assert [r.seed for r in engine.requests] == [1, 2]


# Locks -----------------------------------------------------------------------------------


def test_locks_go_with_a_redraw_and_not_with_a_fill(opened, engine, qtbot):
    studio = opened.studio
    studio.document.select(Selection(range=(0, 2 * BAR)))
    _press(opened, "lock.rhythm")
    _press(opened, "lock.cut-holds")
    _run(studio, qtbot, studio.drafting.start)
    assert engine.requests[-1].locks == {"rhythm"}
    assert engine.requests[-1].cut_holds
    _run(studio, qtbot, studio.finishing.finish)
    assert engine.requests[-1].locks == frozenset()
    assert not engine.requests[-1].cut_holds


def test_lanes_are_locked_by_key_and_their_notes_are_marked(opened, engine, qtbot):
    studio = opened.studio
    studio.document.select(Selection(range=(0, 2 * BAR)))
    _press(opened, "lock.lane-2")
    assert studio.drafting.settings.locks == {"lanes"}
    assert opened.draft.locks.lanes[1].isChecked()
    marks = studio.timeline._locks
    held = {n for n in _notes(studio, 0, 2 * BAR) if n.lane == 1}
    assert (marks.lanes, marks.notes) == ({1}, held)
    _run(studio, qtbot, studio.drafting.start)
    assert engine.requests[-1].lanes == {1}
    assert studio.drafting.ghosts.stays == held
    assert not held & set(studio.drafting.ghosts.notes)
    _press(opened, "lock.lanes")
    studio.drafting.discard()
    assert studio.timeline._locks is None


def test_the_lanes_of_selected_notes_are_locked(opened):
    studio = opened.studio
    notes = frozenset(n for n in _notes(studio, 0, BAR) if n.lane in (0, 2))
    studio.document.select(Selection(notes=notes))
    _press(opened, "lock.lanes-of-notes")
    assert studio.drafting.settings.lanes == {0, 2}
    studio.document.select(Selection(notes=frozenset(_notes(studio, 0, BAR))))
    _press(opened, "lock.lanes-of-notes")
    assert studio.drafting.settings.lanes == {0, 2}
    assert "stays open" in opened.status.currentMessage()


# Density ---------------------------------------------------------------------------------


def _drag(opened, qtbot, button, ticks, height_px):
    timeline = opened.studio.timeline
    lane = timeline.scene.bands.density
    xs = [round(timeline.scene.x(t, timeline.timing)) for t in ticks]
    y = lane.bottom - height_px
    qtbot.mousePress(timeline, button, pos=QPoint(xs[0], y))
    qtbot.mouseMove(timeline, QPoint(xs[-1], y))
    qtbot.mouseRelease(timeline, button, pos=QPoint(xs[-1], y))


def test_density_is_painted_with_the_mouse_and_drafts_follow_it(opened, engine, qtbot):
    studio = opened.studio
    _press(opened, "density.show")
    studio.view.show_all()
    song = studio.document.song
    inside = BEAT // 2
    _drag(opened, qtbot, Qt.MouseButton.LeftButton, (BAR + inside, 3 * BAR + inside), 30)
    painted = density.curve(studio.document.active_chart)
    assert [s[:2] for s in painted] == [(b * BAR, (b + 1) * BAR) for b in (1, 2, 3)]
    assert len({s[2] for s in painted}) == 1
    assert 0 < painted[0][2] < density.MOST
    _drag(opened, qtbot, Qt.MouseButton.RightButton, (3 * BAR + inside, 3 * BAR + inside), 30)
    assert [s[0] for s in density.curve(studio.document.active_chart)] == [BAR, 2 * BAR]
    studio.document.select(Selection(range=(2 * BAR, 4 * BAR)))
    _run(studio, qtbot, studio.drafting.start)
    assert engine.requests[-1].density == ((2 * BAR, 3 * BAR, painted[0][2]),)
    studio.drafting.discard()
    studio.document.undo()
    studio.document.undo()
    assert studio.document.song is song


def test_density_is_painted_by_keys(opened):
    studio = opened.studio
    studio.document.select(Selection(range=(0, 2 * BAR)))
    _press(opened, "density.denser")
    _press(opened, "density.denser")
    assert density.curve(studio.document.active_chart) == ((0, BAR, 1.5), (BAR, 2 * BAR, 1.5))
    assert studio.view.density_lane
    studio.document.select(Selection(range=(BAR, 2 * BAR)))
    _press(opened, "density.clear")
    assert density.curve(studio.document.active_chart) == ((0, BAR, 1.5),)
    assert "1 bar" in opened.draft.density.state.text()


def test_the_curve_starts_from_the_ghosts_else_from_the_chart(opened, qtbot):
    studio = opened.studio
    studio.document.apply("x", edits.remove(0, studio.document.active_chart.notes[1::2]))
    _press(opened, "density.start")
    painted = density.curve(studio.document.active_chart)
    assert [s[2] for s in painted] == [0.5] * 4 + [0.0] * 4
    _press(opened, "density.clear")
    studio.document.select(Selection(range=(4 * BAR, 6 * BAR)))
    _run(studio, qtbot, studio.drafting.start)
    _press(opened, "density.start")
    assert density.curve(studio.document.active_chart) == (
        (4 * BAR, 5 * BAR, 1.0),
        (5 * BAR, 6 * BAR, 1.0),
    )


def test_escape_gives_a_stroke_up(opened, qtbot):
    studio = opened.studio
    _press(opened, "density.show")
    song = studio.document.song
    lane = studio.timeline.scene.bands.density
    qtbot.mousePress(studio.timeline, Qt.MouseButton.LeftButton, pos=QPoint(300, lane.top + 20))
    assert studio.timeline.cancel_drag()
    assert studio.document.song is song


# Refreshing what sounds alike ------------------------------------------------------------


def _sounds_like(likeness):
    """How unlike the bar of a request is to the nearest of those that are charted."""

    def unlike(request):
        here = request.stretch[0] // BAR
        charted = {n.tick // BAR for n in request.chart.notes}
        return 1 - max((likeness.get((here, bar), 0.0) for bar in charted), default=0.0)

    return unlike


def _change(studio, bar):
    """Take a note out of a bar of the author's."""
    gone = _notes(studio, bar * BAR, (bar + 1) * BAR)[:1]
    studio.document.apply("x", edits.remove(0, gone))


def test_only_fills_that_sound_like_a_changed_bar_are_refreshed(filled, studio, engine, qtbot):
    # Bar 5 is like bar 2, bar 6 as much like bar 3 as bar 2, bar 7 more like bar 4.
    likeness = {(4, 1): 0.9, (5, 1): 0.7, (5, 2): 0.7, (6, 1): 0.3, (6, 3): 0.8}
    engine.unlike = _sounds_like(likeness)
    _change(studio, 1)
    assert filled.outdated
    engine.lane = 1
    _run(studio, qtbot, filled.refresh_fills)
    assert studio.drafting.asked.spans == ((4 * BAR, 6 * BAR),)
    assert studio.drafting.asked.purpose is Purpose.REFRESH
    before = _notes(studio, 6 * BAR, 8 * BAR)
    studio.drafting.accept()
    assert {n.lane for n in _notes(studio, 4 * BAR, 6 * BAR)} == {1}
    assert _notes(studio, 6 * BAR, 8 * BAR) == before
    assert not filled.outdated


def test_fills_like_no_changed_bar_stay_and_are_up_to_date(filled, studio, engine, qtbot):
    engine.unlike = _sounds_like({})
    _change(studio, 1)
    n_asked = len(engine.requests)
    _run(studio, qtbot, filled.refresh_fills)
    assert len(engine.requests) == n_asked
    assert not filled.outdated
    assert studio.document.undo_label == "Fills are up to date"
    studio.document.undo()
    assert filled.outdated


def test_asked_again_with_nothing_changed_all_fills_are_refreshed(filled, studio, engine, qtbot):
    engine.unlike = _sounds_like({})
    _run(studio, qtbot, filled.refresh_fills)
    assert studio.drafting.asked.spans == ((4 * BAR, 8 * BAR),)


# What is wrong with a candidate ----------------------------------------------------------


def test_faults_are_told_before_the_ghosts_land(studio):
    timing = studio.document.song.timing
    issues = (
        Issue("close", "warning", "too close", BEAT, BEAT),
        Issue("jack", "warning", "jack", BAR, BAR),
    )
    old, new = LaneNote(0, 2 * BAR, 0, "hold"), LaneNote(0, BAR, 0, "hold")
    draft = Draft((), "m", "cpu", "float32", cut=((old, new),))
    candidate = Candidate((), 1, 1.0, issues)
    assert faults(candidate, draft) == "2 warnings in this candidate · cuts 1 hold short"
    lines = fault_lines(candidate, draft, timing).splitlines()
    assert lines[0] == "bar 1 · beat 2.00: too close"
    assert "ends at bar 2" in lines[2]
    assert faults(Candidate((), 1, 1.0), Draft((), "m", "cpu", "float32")) == ""


def test_faults_stand_on_the_card(opened, engine, qtbot):
    engine.issues = (Issue("x", "error", "impossible", 0, 0),)
    _run(opened.studio, qtbot, opened.studio.drafting.start)
    card = opened.draft._cards[0]
    assert not card.fault.isHidden()
    assert "1 error in this candidate" in card.fault.text()
    assert "impossible" in card.fault.toolTip()


def test_a_hold_is_cut_only_when_the_candidate_is_accepted(opened, engine, qtbot):
    studio = opened.studio
    hold, short = (LaneNote(3 * BAR, e * BAR, 1, "hold") for e in (6, 4))
    studio.document.apply("x", edits.place(0, hold))
    engine.cut = ((hold, short),)
    studio.document.select(Selection(range=(4 * BAR, 5 * BAR)))
    _run(studio, qtbot, studio.drafting.start)
    assert hold in studio.document.active_chart.notes
    studio.drafting.accept()
    assert short in studio.document.active_chart.notes
    assert hold not in studio.document.active_chart.notes


# Panel -----------------------------------------------------------------------------------


def test_every_button_has_a_command_a_key_and_a_word_of_help(opened):
    buttons = opened.draft.findChildren(CommandButton)
    assert len(buttons) > 20
    for made in buttons:
        assert opened.actions_[made.command_id].shortcut().toString(), made.command_id
        assert made.toolTip(), made.command_id
        assert made.accessibleName(), made.command_id


def test_a_button_does_what_its_command_does(opened):
    opened.draft.locks.switches["notes"].click()
    assert opened.studio.drafting.settings.locks == {"notes"}
    opened.actions_.refresh()
    assert opened.draft.locks.switches["notes"].isChecked()
    assert opened.draft.locks.help.text()


def test_what_is_filled_survives_saving_as_a_project(filled, studio):
    from chartstudio.formats import find_format, write_song

    files = write_song(studio.document.song, "project")
    chart = find_format("project").read(files, None).charts[0]
    assert finish.Ownership.of(chart, studio.document.song.timing, 0, 8 * BAR) == filled.whose


def test_the_card_of_a_fill_counts_what_is_new(opened, qtbot):
    _run(opened.studio, qtbot, opened.studio.finishing.finish)
    assert "16 notes" in opened.draft._cards[0].accessibleName()

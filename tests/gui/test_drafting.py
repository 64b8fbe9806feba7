import pytest
from window_rig import BAR, BEAT, DURATION_S

from chartstudio.core.errors import EngineError
from chartstudio.core.provenance import generated
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.selection import Selection
from chartstudio.engine.requests import Candidate, Draft
from chartstudio.gui.candidates import summary
from chartstudio.gui.proposals import song_range
from chartstudio.modes import MODES


@pytest.fixture
def drafting(opened):
    opened.studio.document.select(Selection(range=(BAR, 3 * BAR)))
    return opened.studio.drafting


@pytest.fixture
def drafted(drafting, qtbot):
    drafting.start()
    qtbot.waitUntil(lambda: drafting.waiting)
    return drafting


def _in(notes, start, end):
    return [n for n in notes if start <= n.tick < end]


def test_a_draft_asks_for_the_selected_range(drafted, engine, opened):
    request = engine.requests[0]
    assert (request.start, request.end) == (BAR, 3 * BAR)
    assert request.chart is opened.studio.document.song.charts[0]
    assert request.level == 6.0
    assert request.audio is opened.studio.files.audio
    assert len(drafted.candidates) == 3


def test_without_a_selection_the_whole_song_is_drafted(opened, engine, qtbot):
    opened.studio.drafting.start()
    qtbot.waitUntil(lambda: opened.studio.drafting.waiting)
    assert (engine.requests[0].start, engine.requests[0].end) == (0, 8 * BAR)


@pytest.mark.parametrize(
    ("offset_s", "duration_s", "expected"),
    [
        (0.0, 8.0, (0, 4 * BAR)),
        (0.1, DURATION_S, (0, 8 * BAR)),
        (-1.0, 8.0, (BAR, 4 * BAR)),
        (5.0, 16.0, (0, 5 * BAR)),
        (0.0, 0.2, (0, BAR)),
    ],
)
def test_the_range_of_a_song(offset_s, duration_s, expected):
    assert song_range(TimingMap.constant(120.0, offset_s), duration_s) == expected


def test_notes_so_far_are_shown_while_it_drafts(drafting, engine, opened, qtbot):
    engine.endless = True
    drafting.start()
    qtbot.waitUntil(lambda: drafting.ghosts is not None and len(drafting.ghosts.notes) == 2)
    assert opened.studio.timeline.scene.ghosts is not None
    assert opened.draft.bar.isVisible()
    song = opened.studio.document.song
    drafting.cancel()
    qtbot.waitUntil(lambda: opened.studio.jobs.idle)
    assert engine.closed
    assert drafting.ghosts is None
    assert opened.studio.timeline.scene.ghosts is None
    assert opened.studio.document.song is song
    assert not opened.draft.bar.isVisible()


def test_candidates_are_cards_and_ghosts(drafted, opened):
    assert len(opened.draft._cards) == 3
    assert [c.property("shown") for c in opened.draft._cards] == [True, False, False]
    assert {n.lane for n in drafted.ghosts.notes} == {0}
    opened.actions_.refresh()
    opened.actions_["draft.next"].trigger()
    assert {n.lane for n in drafted.ghosts.notes} == {1}
    opened.actions_["draft.previous"].trigger()
    opened.actions_["draft.previous"].trigger()
    assert drafted.shown == 2
    opened.draft._cards[0].clicked.emit()
    assert drafted.shown == 0


def test_accepting_is_one_step_that_says_where_notes_come_from(drafted, opened):
    document = opened.studio.document
    song = document.song
    drafted.show(1)
    drafted.accept()
    chart = document.song.charts[0]
    assert {n.lane for n in _in(chart.notes, BAR, 3 * BAR)} == {1}
    assert _in(chart.notes, 0, BAR) == _in(song.charts[0].notes, 0, BAR)
    marks = generated(chart)
    assert [(m.start, m.end) for m in marks] == [(BAR, 2 * BAR), (2 * BAR, 3 * BAR)]
    assert {(m.model, m.seed, m.edited) for m in marks} == {("fake 1", 2, False)}
    assert all(m.date for m in marks)
    assert drafted.ghosts is None
    assert opened.studio.timeline.scene.ghosts is None
    assert document.undo()
    assert document.song is song
    assert not document.can_undo


def test_a_part_can_be_accepted_and_the_rest_later(drafted, opened):
    document = opened.studio.document
    song = document.song
    document.select(Selection(range=(2 * BAR, 4 * BAR)))
    drafted.accept_selected()
    notes = document.song.charts[0].notes
    assert {n.lane for n in _in(notes, 2 * BAR, 3 * BAR)} == {0}
    assert _in(notes, BAR, 2 * BAR) == _in(song.charts[0].notes, BAR, 2 * BAR)
    assert all(n.tick < 2 * BAR for n in drafted.ghosts.notes)
    drafted.show(2)
    drafted.accept()
    notes = document.song.charts[0].notes
    assert {n.lane for n in _in(notes, BAR, 2 * BAR)} == {2}
    assert {n.lane for n in _in(notes, 2 * BAR, 3 * BAR)} == {0}
    assert [m.seed for m in generated(document.song.charts[0])] == [3, 1]


def test_undoing_a_part_makes_it_a_ghost_again(drafted, opened):
    document = opened.studio.document
    document.select(Selection(range=(2 * BAR, 3 * BAR)))
    drafted.accept_selected()
    document.undo()
    assert any(n.tick >= 2 * BAR for n in drafted.ghosts.notes)


def test_accepting_every_part_ends_the_draft(drafted, opened):
    opened.studio.document.select(Selection(range=(0, 4 * BAR)))
    drafted.accept_selected()
    assert not drafted.waiting


@pytest.mark.parametrize("selected", [None, (6 * BAR, 7 * BAR)])
def test_a_part_outside_the_ghosts_accepts_nothing(drafted, opened, selected):
    song = opened.studio.document.song
    opened.studio.document.select(Selection(range=selected))
    drafted.accept_selected()
    assert opened.studio.document.song is song
    assert drafted.waiting
    assert opened.status.currentMessage()


def test_escape_drops_the_ghosts_first_and_then_the_selection(drafted, opened):
    opened.actions_.refresh()
    opened.actions_["draft.discard"].trigger()
    assert not drafted.waiting
    assert opened.studio.document.selection.range is not None
    opened.actions_["draft.discard"].trigger()
    assert opened.studio.document.selection.range is None


def test_asking_again_shows_others_and_a_chosen_seed_is_kept(drafted, engine, qtbot):
    drafted.start()
    qtbot.waitUntil(lambda: drafted.waiting)
    drafted.set(seed=77)
    drafted.start()
    qtbot.waitUntil(lambda: drafted.waiting)
    assert [r.seed for r in engine.requests] == [1, 4, 77]


def test_a_new_chart_is_added_where_none_of_the_mode_is_active(opened, engine, qtbot):
    studio = opened.studio
    song = studio.document.song
    studio.drafting.set(mode="mania-4k", level=3.0)
    studio.drafting.start()
    qtbot.waitUntil(lambda: studio.drafting.waiting)
    assert studio.document.active_chart.mode == "mania-4k"
    assert studio.document.active_chart.level == 3.0
    assert studio.drafting.ghosts.chart == 2
    studio.drafting.accept()
    assert len(studio.document.active_chart.notes) == 32
    studio.document.undo()
    studio.document.undo()
    assert studio.document.song is song


def test_ghosts_go_when_their_chart_or_tempo_does(drafted, opened):
    studio = opened.studio
    studio.document.apply("x", edits.retime(TimingMap.constant(100.0), "ticks"))
    assert not drafted.waiting
    assert studio.timeline.scene.ghosts is None
    studio.document.undo()


def test_ghosts_go_when_their_chart_is_removed(drafted, opened):
    opened.studio.document.apply("x", edits.remove_chart(1))
    assert drafted.waiting
    opened.studio.document.apply("x", edits.remove_chart(0))
    assert not drafted.waiting


def test_ghosts_go_when_another_song_is_opened(drafted, opened, song_folder, settle):
    opened.studio.files.open(song_folder)
    settle(opened)
    assert not drafted.waiting
    assert opened.studio.timeline.scene.ghosts is None


def test_a_failed_draft_is_told_once_and_changes_nothing(drafting, engine, opened, answers, qtbot):
    song = opened.studio.document.song
    engine.error = EngineError("there is no model; install one")
    drafting.start()
    qtbot.waitUntil(lambda: not drafting.running)
    assert answers.errors == ["there is no model; install one"]
    assert opened.studio.document.song is song
    assert drafting.ghosts is None
    engine.error = None
    drafting.start()
    qtbot.waitUntil(lambda: drafting.waiting)


def test_a_defect_is_logged_and_never_a_dialog(drafting, engine, opened, answers, qtbot, caplog):
    engine.error = ZeroDivisionError("oops")
    drafting.start()
    qtbot.waitUntil(lambda: not drafting.running)
    assert answers.errors == []
    assert "oops" in opened.status.currentMessage()
    assert [r.message for r in caplog.records] == ["defect"]


def test_drafting_needs_audio(window, qtbot):
    with pytest.raises(EngineError, match="no audio"):
        window.studio.drafting.start()


def test_the_panel_knows_of_audio_that_arrives_after_the_song(opened):
    assert opened.draft._start.isEnabled()


def test_drafting_by_key_brings_the_panel_up(drafting, opened):
    opened.show_panel(opened.timing)
    opened.actions_["draft.start"].trigger()
    assert opened.tabs.currentWidget() is opened.draft


def test_the_panel_offers_the_levels_of_the_mode(opened):
    panel, drafting = opened.draft, opened.studio.drafting
    panel.mode.setCurrentIndex(panel.mode.findData("mania-7k"))
    panel._on_mode("mania-7k")
    low, high = MODES["mania-7k"].level_range
    assert (panel.level.minimum(), panel.level.maximum()) == (low, high)
    panel.slider.setValue(35)
    assert drafting.settings.level == 3.5
    assert panel.level.value() == 3.5
    panel.level.setValue(4.2)
    assert panel.slider.value() == 42
    panel.n_candidates.setValue(5)
    panel.grid.setCurrentIndex(panel.grid.findData(24))
    panel.grid.activated.emit(panel.grid.currentIndex())
    drafting.new_seed()
    assert (drafting.settings.n_candidates, drafting.settings.grid) == (5, 24)
    assert panel.seed.value() == drafting.settings.seed


def test_the_panel_says_what_it_will_do(opened):
    opened.studio.document.select(Selection(range=(0, BAR)))
    assert opened.draft._range.text() == "Bar 1"
    assert opened.draft._start.text().startswith("Redraw")
    opened.studio.document.select(Selection(range=(5 * BAR, 7 * BAR)))
    assert opened.draft._range.text() == "Bars 6–7"
    assert opened.draft._start.text().startswith("Draft")


def test_a_summary_names_what_a_candidate_holds():
    from chartstudio.core.note import LaneNote
    from chartstudio.modes.beatsaber.notes import Wall

    notes = (
        LaneNote(0, 0, 0),
        LaneNote(0, 0, 1),
        LaneNote(BEAT, 2 * BEAT, 0, "hold"),
    )
    said = summary(Candidate(notes, 1, 3.0), MODES["dance-single"])
    assert said == "3 notes · 1 chord · 1 hold · no errors"
    walls = tuple(Wall(t * BEAT, (t + 1) * BEAT, 0, 0, 1, 5) for t in (0, 2))
    said = summary(Candidate(walls, 1, 3.0), MODES["beatsaber"])
    assert said == "2 notes · 2 walls · no errors"


def test_a_draft_without_candidates_says_so(drafting, opened):
    drafting._asked = None
    drafting._on_done(Draft((), "fake", "cpu", "float32"))
    assert "no notes" in opened.status.currentMessage()
    assert drafting.ghosts is None


def test_what_a_draft_fell_back_to_is_said(drafting, opened):
    drafting._asked = None
    found = (Candidate((), 1, 3.0),)
    drafting._on_done(Draft(found, "fake", "cpu", "float32", notice="No memory left on cuda:0"))
    assert opened.status.currentMessage() == "No memory left on cuda:0"

"""What the Draft panel tells of candidates and of levels, in the words of each game."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QApplication
from window_rig import BAR, BEAT

from chartstudio.core.mode import Issue
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.editor import edits
from chartstudio.editor.selection import Selection
from chartstudio.gui.panels.candidate_card import levels_line
from chartstudio.gui.panels.level_box import LevelBox
from chartstudio.gui.proposals import DraftSettings, level_for, level_in, usual_level
from chartstudio.modes import MODES

ISSUES = (
    Issue("a", "hint", "a hint", BEAT, BEAT),
    Issue("b", "error", "impossible", 2 * BAR, 2 * BAR),
    Issue("c", "warning", "too close", 3 * BAR, 3 * BAR),
)


def _draft(window, qtbot):
    window.studio.drafting.start()
    qtbot.waitUntil(lambda: window.studio.jobs.idle)


# Levels ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "asked", "said"),
    [
        ("dance-single", 8.0, "asked 8 · reaches 7.6"),
        ("osu", 3.5, "asked 3.5★ · reaches 7.6★"),
        ("dance-single", None, "reaches 7.6"),
    ],
)
def test_asked_and_reached_level_stand_side_by_side(mode, asked, said):
    assert levels_line(asked, 7.6, MODES[mode]) == said


def test_ranks_are_named():
    assert levels_line(4.0, 3.2, MODES["beatsaber"]) == "asked Expert · reaches Hard 3.2"


def test_the_card_says_both_levels(opened, qtbot):
    opened.studio.drafting.set(level=9.0)
    _draft(opened, qtbot)
    assert opened.draft._cards[0].levels.text() == "asked 9 · reaches 5"
    assert "reaches 5" in opened.draft._cards[0].accessibleName()


@pytest.fixture
def box(qtbot):
    made = LevelBox()
    qtbot.addWidget(made)
    return made


def test_a_rank_can_be_typed_by_name(box):
    box.set_mode(MODES["beatsaber"])
    box.setValue(4.0)
    assert box.text() == "Expert"
    assert box.valueFromText("Hard") == 3.0
    assert box.valueFromText("Hard 3.4") == 3.4
    assert box.validate("Ha", 2)[0] is QValidator.State.Intermediate
    assert box.fixup("Ha") == "Expert"
    box.set_mode(MODES["osu"])
    box.setValue(3.25)
    assert box.text() in ("3.2★", "3.3★")
    assert box.valueFromText("4,1") == 4.1


def test_a_level_that_is_typed_counts_when_it_is_done(box, qtbot):
    box.set_mode(MODES["dance-single"])
    box.show()
    box.selectAll()
    qtbot.keyClicks(box, "12")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 12.0


def test_a_chart_without_a_level_starts_from_a_usual_one():
    assert level_for(Chart("osu")) == usual_level("osu") < 4.0
    assert level_for(Chart("osu", level=5.25)) in (5.2, 5.3)
    assert level_for(Chart("beatsaber", level=9.0)) == 5.0
    settings = DraftSettings("osu", 4.5)
    assert level_in("mania-4k", settings) == 4.5
    assert level_in("dance-single", settings) == 6.0


def test_the_level_box_takes_the_charts_estimate_once(window):
    notes = tuple(LaneNote(b * BEAT // 2, b * BEAT // 2, b % 4) for b in range(60))
    charts = (Chart("mania-4k", "Hard", None, notes), Chart("mania-4k", "Empty", None, ()))
    song = Song(Metadata(title="x"), "", TimingMap.constant(180.0), charts)
    studio = window.studio
    studio.document.open(song)
    studio.checker.check_now()
    _until_checked(window)
    found = studio.checker.levels[0]
    assert found is not None
    assert studio.drafting.settings.level == pytest.approx(found, abs=0.051)
    studio.drafting.set(level=2.5)
    studio.document.apply("x", edits.remove(0, notes[:1]))
    studio.checker.check_now()
    _until_checked(window)
    assert studio.drafting.settings.level == 2.5
    studio.document.select(Selection(chart=1))
    assert studio.drafting.settings.level == usual_level("mania-4k")


def _until_checked(window):
    while not (window.studio.jobs.idle and window.studio.checker.up_to_date):
        QApplication.processEvents()


# Issues ----------------------------------------------------------------------------------


def test_issues_of_the_shown_candidate_are_listed_and_gone_to(opened, engine, qtbot):
    engine.issues = ISSUES
    _draft(opened, qtbot)
    shown = opened.draft.issues
    assert not shown.isHidden()
    texts = [shown.list.item(i).text() for i in range(shown.list.count())]
    assert texts == [
        "bar 3 · beat 1.00: impossible",
        "bar 4 · beat 1.00: too close",
        "bar 1 · beat 2.00: a hint",
    ]
    shown.list.itemClicked.emit(shown.list.item(0))
    assert opened.studio.timeline.cursor_tick == 2 * BAR
    assert opened.studio.document.selection.range is None
    opened.studio.drafting.discard()
    assert shown.isHidden()


def test_keys_go_from_issue_to_issue(opened, engine, qtbot):
    engine.issues = ISSUES
    opened.actions_.refresh()
    assert not opened.actions_["draft.next-issue"].isEnabled()
    _draft(opened, qtbot)
    opened.actions_.refresh()
    at = []
    for name in ("next", "next", "next", "next", "previous"):
        opened.actions_[f"draft.{name}-issue"].trigger()
        at.append(opened.studio.timeline.cursor_tick)
    assert at == [BEAT, 2 * BAR, 3 * BAR, BEAT, 3 * BAR]
    shown = opened.draft.issues.list
    shown.setFocus()
    opened.activateWindow()
    shown.setFocus()
    qtbot.waitUntil(shown.hasFocus)
    shown.setCurrentRow(1)
    assert opened.studio.timeline.cursor_tick == 3 * BAR


def test_a_candidate_without_issues_has_no_list(opened, qtbot):
    _draft(opened, qtbot)
    assert opened.draft.issues.isHidden()

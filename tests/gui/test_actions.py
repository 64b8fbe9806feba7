from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from chartstudio.core.errors import EngineError
from chartstudio.editor.settings import Settings
from chartstudio.gui.actions import COMMANDS, Scope, sequences
from chartstudio.gui.dialogs.palette import Palette, rank
from chartstudio.gui.main_window import MENUS


def _show(palette, qtbot):
    palette.show()
    palette.activateWindow()
    palette.search.setFocus()
    qtbot.waitUntil(palette.search.hasFocus)


def test_ids_are_unique(window):
    commands = (*COMMANDS, *window._commands())
    assert [i for i, n in Counter(c.id for c in commands).items() if n > 1] == []


def test_no_two_commands_share_a_key(window):
    keys = [
        key.toString()
        for command in (*COMMANDS, *window._commands())
        for key in sequences(command.keys)
    ]
    assert [k for k, n in Counter(keys).items() if n > 1] == []
    assert "" not in keys


def test_every_key_is_one_that_qt_knows():
    for command in COMMANDS:
        for key in sequences(command.keys):
            assert not key.isEmpty(), command.id
            assert key[0].key() != Qt.Key.Key_unknown, command.id


def test_every_menu_entry_is_a_command(window):
    entries = {e for _, menu in MENUS for e in menu if e is not None and e != "recent"}
    known = {a.objectName() for a in window.actions_.all()}
    assert entries <= known


def test_every_command_can_be_found_by_name(window):
    palette = Palette(window.actions_.all(), window)
    assert palette.found.count() == len(window.actions_.all())


def test_the_palette_runs_what_was_typed(opened, qtbot):
    palette = Palette(opened.actions_.all(), opened)
    _show(palette, qtbot)
    qtbot.keyClicks(palette.search, "snap 1/24")
    assert palette.found.item(0).text() == "Snap 1/24"
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert opened.studio.view.snap == 24
    assert not palette.isVisible()


def test_the_palette_takes_enter_and_escape_from_the_commands(opened, qtbot):
    drafting = opened.studio.drafting
    drafting.start()
    qtbot.waitUntil(lambda: drafting.waiting)
    qtbot.waitUntil(opened.actions_["draft.accept"].isEnabled)
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return):
        palette = Palette(opened.actions_.all(), opened)
        _show(palette, qtbot)
        qtbot.keyClicks(palette.search, "snap 1/8")
        qtbot.keyClick(palette.search, key)
        assert not palette.isVisible()
        assert drafting.waiting
    assert opened.studio.view.snap == 8


def test_the_palette_is_walked_with_the_arrow_keys(opened, qtbot):
    palette = Palette(opened.actions_.all(), opened)
    _show(palette, qtbot)
    qtbot.keyClicks(palette.search, "zoom")
    qtbot.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.found.currentRow() == 1
    qtbot.keyClick(palette.search, Qt.Key.Key_Up)
    qtbot.keyClick(palette.search, Qt.Key.Key_Up)
    assert palette.found.currentRow() == palette.found.count() - 1


def test_the_palette_says_when_nothing_fits(opened, qtbot):
    palette = Palette(opened.actions_.all(), opened)
    _show(palette, qtbot)
    qtbot.keyClicks(palette.search, "qqqqzz")
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert palette.found.count() == 0


def test_disabled_commands_come_last_and_do_not_run(window, qtbot):
    palette = Palette(window.actions_.all(), window)
    _show(palette, qtbot)
    qtbot.keyClicks(palette.search, "undo")
    assert not palette.found.item(0).flags() & Qt.ItemFlag.ItemIsEnabled


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("save", "Save", "Save as project…"),
        ("bar", "Next bar", "Make barren"),
        ("sel bar", "Select the bar", "Redraw the selected bars"),
        ("und", "Undo Place note", "Note found"),
        ("", "Cut", "Quantise to the snap"),
    ],
)
def test_ranking(query, better, worse):
    assert rank(query, better) is not None
    assert rank(query, worse) is None or rank(query, better) < rank(query, worse)


def test_letters_in_order_find_a_command():
    assert rank("svap", "Save as project…") > rank("sav", "Save as project…")
    assert rank("xyz", "Save") is None


def test_keys_can_be_rebound(make_window):
    window = make_window(Settings(keys=(("draft.start", "Ctrl+J; F5"), ("edit.copy", ""))))
    shown = [k.toString() for k in window.actions_["draft.start"].shortcuts()]
    assert shown == ["Ctrl+J", "F5"]
    assert window.actions_["edit.copy"].shortcuts() == []


def test_an_error_of_a_command_is_told_and_not_raised(opened, answers, monkeypatch):
    def fail():
        raise EngineError("no way; try another")

    monkeypatch.setattr(opened.studio.drafting, "start", fail)
    opened.actions_["draft.start"].trigger()
    assert answers.errors == ["no way; try another"]


def test_keys_of_the_timeline_are_not_taken_from_fields(opened, qtbot):
    field = opened.song.fields["title"]
    opened.song._fold.setChecked(True)
    opened.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    field.selectAll()
    qtbot.keyClicks(field, "A 1g")
    assert field.text() == "A 1g"
    assert opened.studio.drafting.request is None
    assert not opened.studio.playback.playing


def test_enter_in_a_field_is_not_a_command(opened, engine, qtbot):
    drafting = opened.studio.drafting
    drafting.start()
    qtbot.waitUntil(lambda: drafting.waiting)
    opened.activateWindow()
    field = opened.draft.seed
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert drafting.waiting
    assert opened.studio.document.modified is False
    opened.studio.timeline.setFocus()
    qtbot.waitUntil(opened.actions_["draft.accept"].isEnabled)
    qtbot.keyClick(opened.studio.timeline, Qt.Key.Key_Return)
    assert not drafting.waiting


def test_scopes_put_keys_where_they_work(window):
    for command in COMMANDS:
        action = window.actions_[command.id]
        owner = window.studio.timeline if command.scope is Scope.TIMELINE else window
        assert action in owner.actions()


def test_names_follow_the_state(opened):
    opened.actions_.refresh()
    assert opened.actions_["play.toggle"].text() == "Play"
    opened.studio.playback.play()
    opened.actions_.refresh()
    assert opened.actions_["play.toggle"].text() == "Pause"


def test_the_palette_has_a_name_for_its_fields(window):
    palette = Palette(window.actions_.all(), window)
    assert all(w.accessibleName() for w in (palette.found, *palette.findChildren(QLineEdit)))

import os
import re
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
)
from window_rig import BAR, BEAT, DURATION_S, Answers, make_song, write_wav

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.editor import edits
from chartstudio.editor.selection import Selection
from chartstudio.editor.settings import Settings
from chartstudio.formats import Bundle, read_song
from chartstudio.gui import app
from chartstudio.gui.dialogs.ask import Answer
from chartstudio.gui.panels.charts import _CHIP
from chartstudio.modes import MODES


def _trigger(window, command_id):
    window.actions_.refresh()
    assert window.actions_[command_id].isEnabled(), command_id
    window.actions_[command_id].trigger()


# Opening ---------------------------------------------------------------------------------


def test_it_starts_with_a_page_of_ways_to_begin(window):
    assert window.centre.currentWidget() is window.start
    assert not window.left.isVisible()


def test_it_opens_a_song_with_its_audio(opened):
    studio = opened.studio
    assert studio.document.song.metadata.title == "Test Song"
    assert [opened.charts.list.item(i).text() for i in range(2)] == ["Hard", "Easy"]
    assert studio.files.audio.duration_s == pytest.approx(DURATION_S)
    assert studio.playback.duration_s == pytest.approx(DURATION_S)
    assert not studio.document.modified
    assert opened.centre.currentWidget() is not opened.start
    assert "Test Song" in opened.windowTitle()


def test_a_dropped_path_is_opened(window, song_folder, settle):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(song_folder / "chart.ssc"))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    settle(window)
    assert window.studio.document.song.metadata.title == "Test Song"


def test_opened_songs_are_remembered(opened, song_folder):
    assert opened.studio.preferences.now.recent == (str(song_folder),)
    opened._fill_recent()
    assert opened._recent.actions()[0].text() == str(song_folder)


def test_audio_alone_begins_a_song_and_its_tempo_is_found(window, tmp_path, settle):
    path = write_wav(tmp_path / "Someone - New Song.wav")
    window.studio.files.open(path)
    settle(window)
    document = window.studio.document
    assert (document.song.metadata.artist, document.song.metadata.title) == ("Someone", "New Song")
    assert document.song.timing.anchors[0].bpm == 150.0
    assert document.modified
    assert document.path is None


def test_a_song_whose_audio_is_missing_opens_and_can_be_given_it(
    window, answers, song_folder, tmp_path, settle
):
    (song_folder / "song.wav").rename(tmp_path / "elsewhere.wav")
    window.studio.files.open(song_folder)
    settle(window)
    studio = window.studio
    assert len(studio.document.song.charts) == 2
    assert "audio-missing" in {i.id for i in studio.checker.issues}
    assert studio.files.audio is None
    assert "song.wav is missing" in window.song._notice.text()
    assert answers.errors == []
    answers.answers["open_audio"] = tmp_path / "elsewhere.wav"
    _trigger(window, "file.locate-audio")
    settle(window)
    assert studio.document.song.audio == "elsewhere.wav"
    assert studio.files.audio is not None
    assert window.song._notice.text() == ""
    assert "audio-missing" not in {i.id for i in studio.checker.issues}
    studio.document.undo()
    settle(window)
    assert studio.files.audio is None


def _empty(folder):
    path = folder / "empty.ogg"
    path.write_bytes(b"")
    return path


def _text_as_ogg(folder):
    path = folder / "words.ogg"
    path.write_text("this is no music\n" * 40)
    return path


def _stump(folder):
    path = folder / "cut.mp3"
    path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb\x90\x64")
    return path


def _nothing(folder):
    return folder / "not-there.ssc"


def _no_song(folder):
    path = folder / "no-song"
    path.mkdir()
    (path / "readme.txt").write_text("hello")
    return path


@pytest.mark.parametrize("make", [_empty, _text_as_ogg, _stump, _nothing, _no_song])
def test_what_cannot_be_opened_is_told_once_and_changes_nothing(
    opened, answers, tmp_path, settle, make
):
    song, path = opened.studio.document.song, make(tmp_path)
    opened.studio.files.open(path)
    settle(opened)
    assert len(answers.errors) == 1
    assert path.name in answers.errors[0]
    assert "\n" not in answers.errors[0]
    assert opened.studio.document.song is song
    assert opened.studio.files.audio is not None
    assert opened.studio.files.busy is None


def test_a_chart_whose_audio_is_broken_opens_without_it(window, answers, song_folder, settle):
    (song_folder / "song.wav").write_bytes(b"")
    window.studio.files.open(song_folder)
    settle(window)
    assert len(answers.errors) == 1
    assert len(window.studio.document.song.charts) == 2
    assert window.studio.files.audio is None
    assert window.studio.files.sound_error


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a file it may not read")
def test_a_file_without_permission_is_told(opened, answers, song_folder, settle):
    path = song_folder / "chart.ssc"
    path.chmod(0)
    opened.studio.files.open(path)
    settle(opened)
    assert len(answers.errors) == 1


# Editing ---------------------------------------------------------------------------------


def test_notes_are_placed_by_key_and_taken_back(opened, qtbot):
    document, timeline = opened.studio.document, opened.studio.timeline
    song = document.song
    timeline.go_to(20 * BEAT)
    timeline.setFocus()
    qtbot.keyClick(timeline, Qt.Key.Key_3)
    assert LaneNote(20 * BEAT, 20 * BEAT, 2) in document.active_chart.notes
    assert document.modified
    assert opened.isWindowModified()
    opened.actions_.refresh()
    assert opened.actions_["edit.undo"].text() == "Undo Place note"
    _trigger(opened, "edit.undo")
    assert document.song is song
    assert not document.modified
    _trigger(opened, "edit.redo")
    assert LaneNote(20 * BEAT, 20 * BEAT, 2) in document.active_chart.notes


def test_commands_that_cannot_run_are_disabled(window, opened):
    opened.actions_.refresh()
    assert not opened.actions_["edit.undo"].isEnabled()
    assert not opened.actions_["edit.delete"].isEnabled()
    assert not opened.actions_["draft.accept"].isEnabled()
    opened.studio.document.select(Selection(range=(0, BAR)))
    opened.actions_.refresh()
    assert opened.actions_["edit.delete"].isEnabled()


def test_charts_are_added_copied_renamed_levelled_and_removed(opened, answers):
    document = opened.studio.document
    song = document.song
    answers.answers.update(choice=3, text="Mine", number=7.5)
    _trigger(opened, "chart.new")
    assert document.active_chart.mode == list(MODES)[3]
    _trigger(opened, "chart.rename")
    _trigger(opened, "chart.level")
    assert (document.active_chart.name, document.active_chart.level) == ("Mine", 7.5)
    document.select(Selection(chart=0))
    _trigger(opened, "chart.duplicate")
    assert document.active_chart.notes == song.charts[0].notes
    assert opened.charts.list.currentRow() == 3
    _trigger(opened, "chart.remove")
    assert len(document.song.charts) == 3
    while document.undo():
        pass
    assert document.song is song


def test_a_chart_with_notes_is_converted_beside_itself(opened, answers):
    document = opened.studio.document
    song = document.song
    _trigger(opened, "chart.mode")
    assert document.song is song
    answers.answers["confirm"] = True
    _trigger(opened, "chart.mode")
    assert document.song.charts[:2] == song.charts
    new = document.active_chart
    assert (new.mode, new.name) == ("mania-4k", "Hard")
    assert [(n.tick, n.lane) for n in new.notes] == [(n.tick, n.lane) for n in song.charts[0].notes]
    document.undo()
    assert document.song is song


def test_a_chart_that_no_other_game_plays_is_not_converted(opened, answers):
    notes = (LaneNote(0, 0, 0, "don"),)
    opened.studio.document.apply("add", edits.add_chart(Chart("taiko", "Oni", 5.0, notes)))
    opened.studio.document.select(Selection(chart=2))
    _trigger(opened, "chart.mode")
    assert "no other game is played like" in answers.errors[0]


def test_choosing_a_chart_in_the_list_makes_it_active(opened):
    opened.charts.list.setCurrentRow(1)
    assert opened.studio.document.active_chart.name == "Easy"
    assert opened.studio.drafting.settings.level == 2.0


def test_metadata_edits_are_undo_steps(opened):
    field = opened.song.fields["title"]
    field.setText("Better")
    field.editingFinished.emit()
    assert opened.studio.document.song.metadata.title == "Better"
    opened.studio.document.undo()
    assert opened.studio.document.song.metadata.title == "Test Song"
    assert field.text() == "Test Song"


def test_issues_follow_edits_and_can_be_jumped_to(opened, settle):
    studio, document = opened.studio, opened.studio.document
    overlapping = (LaneNote(20 * BEAT, 24 * BEAT, 0, "hold"), LaneNote(22 * BEAT, 22 * BEAT, 0))
    chart = document.song.charts[0]
    worse = replace(chart, notes=(*chart.notes, *overlapping))
    document.apply("Spoil", lambda song: song.with_chart(0, worse))
    settle(opened)
    errors = [i for i in studio.checker.issues if i.severity == "error"]
    assert errors
    assert opened.checks.list.model().rowCount() == len(studio.checker.issues)
    document.select(Selection(chart=1))
    opened.checks.jump_asked.emit(errors[0])
    assert document.selection.chart == 0
    assert studio.timeline.cursor_tick == errors[0].tick


# Saving and exporting --------------------------------------------------------------------


def test_saving_writes_the_file_it_came_from(opened, song_folder, settle):
    opened.studio.timeline.go_to(20 * BEAT)
    _trigger(opened, "note.lane-1")
    _trigger(opened, "file.save")
    settle(opened)
    assert not opened.studio.document.modified
    assert sorted(p.name for p in song_folder.iterdir()) == ["chart.ssc", "song.wav"]
    song, _ = read_song(Bundle.open(song_folder))
    assert LaneNote(20 * BEAT, 20 * BEAT, 0) in song.charts[0].notes


@pytest.mark.parametrize(
    ("answer", "is_saved", "is_open"),
    [(Answer.CANCEL, False, True), (Answer.DISCARD, False, False), (Answer.SAVE, True, False)],
)
def test_unsaved_changes_ask_before_closing(
    opened, answers, song_folder, settle, qtbot, answer, is_saved, is_open
):
    before = (song_folder / "chart.ssc").read_bytes()
    opened.studio.timeline.go_to(20 * BEAT)
    _trigger(opened, "note.lane-1")
    answers.answers["unsaved"] = answer
    opened.close()
    settle(opened)
    assert answers.asked == ["unsaved"]
    assert ((song_folder / "chart.ssc").read_bytes() != before) is is_saved
    assert opened.isVisible() is is_open


def test_an_unchanged_song_closes_without_asking(opened, answers):
    assert opened.close()
    assert answers.asked == []


def test_exporting_writes_a_folder_that_reads_back(opened, tmp_path, settle):
    studio = opened.studio
    studio.exporter.set_folder(tmp_path / "out")
    studio.exporter.set_format("sm")
    opened.show_panel(opened.export)
    _trigger(opened, "file.export")
    settle(opened)
    folder = tmp_path / "out" / "Nobody - Test Song"
    assert studio.exporter.result is not None
    assert {p.suffix for p in folder.iterdir()} == {".sm", ".ogg"}
    song, format_id = read_song(Bundle.open(folder))
    assert format_id == "sm"
    assert song.charts[0].notes == make_song().charts[0].notes


def test_an_export_that_cannot_be_written_leaves_nothing(opened, answers, tmp_path, settle):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("x")
    answers.answers["confirm"] = True
    opened.studio.exporter.set_folder(in_the_way)
    _trigger(opened, "file.export")
    settle(opened)
    assert len(answers.errors) == 1
    assert opened.studio.exporter.result is None
    assert not opened.studio.exporter.running
    assert list(tmp_path.glob("**/*.tmp")) == []


# The whole -------------------------------------------------------------------------------


def test_every_control_says_what_it_is(opened):
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QAbstractItemView)
    nameless = [
        w
        for w in opened.findChildren(kinds[0])
        if not (w.accessibleName() or w.text()) and not w.objectName().startswith("qt_")
    ]
    for kind in kinds[1:]:
        nameless += [
            w
            for w in opened.findChildren(kind)
            if not w.accessibleName()
            and not w.objectName().startswith("qt_")
            and not isinstance(w.parent(), QAbstractSpinBox)
            and not isinstance(w.parent().parent() if w.parent() else None, QComboBox)
        ]
    assert [(type(w).__name__, type(w.parent()).__name__) for w in nameless] == []


def test_the_state_line_says_where_and_what(opened):
    opened.studio.document.select(Selection(range=(0, 2 * BAR)))
    opened.studio.timeline.go_to(BAR)
    texts = " | ".join(
        w.text() for w in opened.status.children() if hasattr(w, "text") and w.isVisible()
    )
    assert "bar 2 · beat 1.00" in texts
    assert "0:02.100" in texts
    assert "bars 1–2, 8 notes" in texts
    assert "snap 1/16" in texts


def test_shutting_down_leaves_no_thread(make_window, song_folder, settle):
    before = set(threading.enumerate())
    window = make_window()
    window.studio.files.open(song_folder)
    settle(window)
    window.studio.playback.play()
    window.studio.playback.set_rate(0.5)
    assert app.shut_down(window)
    assert set(threading.enumerate()) == before


def test_starting_does_not_load_torch():
    code = (
        "import sys\n"
        "from chartstudio.gui import app\n"
        "from chartstudio.editor.settings import Settings\n"
        "qt = app.make_app()\n"
        "window = app.build(Settings())\n"
        "window.show()\n"
        "qt.processEvents()\n"
        "slow = {'torch', 'torchaudio', 'librosa', 'scipy', 'numba'} & set(sys.modules)\n"
        "assert not slow, slow\n"
        "assert app.shut_down(window)\n"
    )
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env.pop("QT_QPA_PLATFORM", None)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_stored_settings_are_used(make_window):
    window = make_window(Settings(snap=24, rate=0.5, metronome=0.6, note_ticks=0.0))
    assert window.studio.view.snap == 24
    assert window.studio.playback.rate == 0.5
    assert window.actions_["play.metronome"].isChecked()
    assert not window.actions_["play.ticks"].isChecked()


def test_answers_stand_in_for_a_person():
    assert Answers({"text": "x"}).text("a", "b", "c") == "x"


def test_counts_follow_edits_once_the_hand_rests(opened, qtbot):
    from chartstudio.gui.panels.charts import _CHIP

    item = opened.charts.list.item(0)
    assert item.data(_CHIP) == "6 · 16"
    opened.studio.timeline.go_to(20 * BEAT)
    _trigger(opened, "note.lane-1")
    assert opened.charts.list.item(0) is item
    qtbot.waitUntil(lambda: item.data(_CHIP) == "6 · 17")


def test_a_chart_is_renamed_in_the_list(opened):
    opened.charts.list.item(1).setText("Light")
    assert opened.studio.document.song.charts[1].name == "Light"
    opened.charts.list.item(1).setText("  ")
    assert opened.charts.list.item(1).text() == "Light"


def test_a_chart_is_called_by_its_name_with_its_label_beside(opened):
    from chartstudio.gui.panels.charts import _REMARK

    opened.studio.document.apply("x", edits.set_chart(0, label="Mine"))
    opened.studio.document.apply("x", edits.add_chart(Chart("mania-4k", "", label="Keys")))
    items = [opened.charts.list.item(i) for i in range(3)]
    assert [i.text() for i in items] == ["Hard", "Easy", "Keys"]
    assert [i.data(_REMARK) for i in items] == ["Mine", "", "Mania 4K"]


def test_levels_that_nobody_wrote_are_estimated(opened, settle):
    studio = opened.studio
    notes = tuple(LaneNote(i * BEAT // 2, i * BEAT // 2, i % 4) for i in range(64))
    studio.document.apply("add", edits.add_chart(Chart("mania-4k", "Stars", None, notes)))
    studio.document.apply("add", edits.add_chart(Chart("mania-4k", "Own", 3.3, notes)))
    studio.checker.check_now()
    settle(opened)
    chips = [opened.charts.list.item(i).data(_CHIP) for i in range(4)]
    assert re.match(r"[0-9.]+★ · 64", chips[2])
    assert chips[3] == "3.3★ · 64"
    edit = edits.remove_chart(0)
    studio.document.apply("remove", edit)
    assert studio.checker.levels == ()

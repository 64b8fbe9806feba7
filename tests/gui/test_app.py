import logging
import signal
import sys

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from window_rig import BAR

from chartstudio.audio.output import HandOutput
from chartstudio.audio.player import Player
from chartstudio.core.provenance import generated
from chartstudio.editor.settings import Settings
from chartstudio.gui import app, playback
from chartstudio.gui.main_window import MainWindow
from chartstudio.library.source import open_source


@pytest.fixture
def running(monkeypatch, answers, engine, qtbot):
    """Runs the program's own event loop until a condition holds, then closes the window."""
    build = app.build
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(playback, "_real_player", lambda: Player(HandOutput()))
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)
    monkeypatch.setattr(
        app, "build", lambda engine=lambda: engine, **_: build(Settings(), answers, engine)
    )
    handler = signal.getsignal(signal.SIGINT)
    seen = []

    def run(main, until):
        timer = QTimer()

        def look():
            for window in QApplication.topLevelWidgets():
                if isinstance(window, MainWindow) and window.isVisible() and until(window):
                    seen.append(window)
                    timer.stop()
                    window.allow_close()
                    window.close()

        timer.timeout.connect(look)
        timer.start(20)
        assert main() == 0
        return seen[0]

    yield run
    signal.signal(signal.SIGINT, handler)


def test_the_window_opens_on_a_path_and_loads_the_engine_afterwards(running, song_folder):
    window = running(
        lambda: app.main(song_folder),
        lambda w: w.studio.document.song.charts and w.studio.engine.loaded and w.studio.jobs.idle,
    )
    assert window.studio.document.path == song_folder
    assert not window.studio.jobs.active()


def test_the_window_opens_without_a_path(running):
    window = running(app.main, lambda w: w.studio.engine.loaded)
    assert window.studio.document.song.charts == ()


def test_the_window_opens_on_a_song_in_memory(running, song_folder, engine):
    source = open_source(song_folder)
    window = running(
        lambda: app.show(source, engine), lambda w: w.studio.document.song is source.song
    )
    assert window.studio.document.path == song_folder


def test_an_error_in_the_window_goes_to_the_log_and_the_state_line(
    running, song_folder, caplog, answers
):
    def spoil(window):
        if window.studio.engine.loaded and "spoiled" not in window.status.currentMessage():
            sys.excepthook(ValueError, ValueError("spoiled"), None)
        return "spoiled" in window.status.currentMessage()

    running(lambda: app.main(song_folder), spoil)
    assert [r.message for r in caplog.records] == ["defect"]
    assert answers.errors == []


def test_an_engine_that_cannot_be_loaded_is_no_error_until_it_is_needed(opened, answers, qtbot):
    def fail():
        raise ImportError("No module named 'torch'")

    opened.studio.engine._load = fail
    app._after_paint(opened)
    qtbot.waitUntil(lambda: opened.studio.jobs.idle)
    assert "torch" in opened.draft._engine.text()
    assert answers.errors == []


def test_draft_edit_and_export_by_keys_alone(opened, engine, answers, qtbot, tmp_path, settle):
    answers.answers["confirm"] = True
    studio, timeline = opened.studio, opened.studio.timeline
    studio.exporter.set_folder(tmp_path / "out")
    opened.activateWindow()
    timeline.setFocus()
    qtbot.waitUntil(timeline.hasFocus)

    def press(key, modifier=Qt.KeyboardModifier.NoModifier, ready=None):
        if ready is not None:
            qtbot.waitUntil(opened.actions_[ready].isEnabled)
        qtbot.keyClick(QApplication.focusWidget() or timeline, key, modifier)

    press(Qt.Key.Key_PageDown)
    press(Qt.Key.Key_PageDown)
    press(Qt.Key.Key_B)
    press(Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert studio.document.selection.range == (BAR, 3 * BAR)
    press(Qt.Key.Key_G, ready="draft.start")
    qtbot.waitUntil(lambda: studio.drafting.waiting)
    press(Qt.Key.Key_Tab, ready="draft.next")
    assert studio.drafting.shown == 1
    press(Qt.Key.Key_Return)
    chart = studio.document.active_chart
    assert {m.seed for m in generated(chart)} == {2}
    press(Qt.Key.Key_4)
    assert len(studio.document.active_chart.notes) == len(chart.notes) + 1
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, ready="edit.undo")
    assert studio.document.active_chart is chart
    press(
        Qt.Key.Key_E,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
        ready="file.export",
    )
    settle(opened)
    assert studio.exporter.result is not None
    press(Qt.Key.Key_Space)
    assert studio.playback.playing

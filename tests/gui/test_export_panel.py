import pytest
from window_rig import make_song, write_wav

from chartstudio.core.song import Chart
from chartstudio.editor import edits
from chartstudio.editor.settings import Settings


@pytest.fixture
def planned(qtbot):
    """Waits until it is known what an export would do."""

    def wait(window):
        exporter = window.studio.exporter
        qtbot.waitUntil(lambda: exporter.prospect is not None)

    return wait


def _lines(widget):
    return [made.text() for made in widget._labels]


def test_losses_are_shown_before_anything_is_written(opened, tmp_path, planned):
    exporter, panel = opened.studio.exporter, opened.export
    exporter.set_folder(tmp_path / "out")
    opened.studio.document.apply("x", edits.set_chart(0, level=6.5))
    exporter.set_format("ssc")
    opened.show_panel(panel)
    planned(opened)
    assert any("decimals of the level" in line for line in _lines(panel._losses))
    assert not (tmp_path / "out").exists()
    exporter.set_format("project")
    planned(opened)
    assert _lines(panel._losses) == ["Nothing: it holds the whole song."]


def test_a_chart_that_is_converted_is_named(opened, planned):
    opened.show_panel(opened.export)
    opened.studio.document.apply("x", edits.add_chart(Chart("mania-4k", "Keys")))
    opened.studio.exporter.set_format("ssc")
    planned(opened)
    assert any("converted from" in line for line in _lines(opened.export._losses))


def test_a_song_that_the_format_cannot_hold_is_refused_in_words(opened, planned):
    exporter, panel = opened.studio.exporter, opened.export
    opened.show_panel(panel)
    opened.studio.document.apply("x", edits.remove_chart(0))
    opened.studio.document.apply("x", edits.remove_chart(0))
    opened.studio.document.apply("x", edits.add_chart(Chart("taiko", "Drum")))
    exporter.set_format("ssc")
    planned(opened)
    assert "cannot hold" in panel._refusal.text()
    assert not panel._start.isEnabled()


def test_losses_that_nobody_has_seen_are_asked_about(opened, answers, tmp_path, settle):
    exporter = opened.studio.exporter
    exporter.set_folder(tmp_path / "out")
    opened.studio.document.apply("x", edits.set_chart(0, level=6.5))
    opened.actions_["file.export"].trigger()
    settle(opened)
    assert answers.asked == ["confirm"]
    assert not (tmp_path / "out").exists()
    answers.answers["confirm"] = True
    opened.actions_["file.export"].trigger()
    settle(opened)
    assert exporter.result is not None


def test_the_first_export_asks_once_whether_the_music_may_be_used(
    make_window, answers, song_folder, tmp_path, settle
):
    window = make_window(Settings())
    window.studio.files.open(song_folder)
    settle(window)
    window.studio.exporter.set_folder(tmp_path / "out")
    window.actions_["file.export"].trigger()
    settle(window)
    assert window.studio.exporter.result is None
    assert not window.studio.preferences.now.may_use_music
    answers.answers["confirm"] = True
    window.actions_["file.export"].trigger()
    settle(window)
    assert window.studio.exporter.result is not None
    n_asked = len(answers.asked)
    window.show_panel(window.export)
    window.actions_["file.export"].trigger()
    settle(window)
    assert len(answers.asked) == n_asked


def test_a_song_without_charts_cannot_be_exported(opened):
    for _ in make_song().charts:
        opened.studio.document.apply("x", edits.remove_chart(0))
    opened.show_panel(opened.export)
    assert "no chart" in opened.export._refusal.text()


def test_the_chosen_folder_is_remembered(opened, answers, tmp_path):
    answers.answers["folder"] = tmp_path / "games"
    opened.export._choose.click()
    assert opened.studio.preferences.now.export_folder == str(tmp_path / "games")
    assert str(tmp_path / "games") in opened.export._target.text()


def test_results_are_listed(opened, tmp_path, settle):
    opened.studio.exporter.set_folder(tmp_path / "out")
    opened.show_panel(opened.export)
    opened.export._start.click()
    settle(opened)
    lines = _lines(opened.export._written)
    assert len(lines) == 2
    assert all("out" in line for line in lines)
    assert opened.export._show_folder.isVisible()


def test_cancelling_leaves_nothing(opened, tmp_path, settle):
    opened.studio.exporter.set_folder(tmp_path / "out")
    opened.studio.exporter.start()
    opened.studio.exporter.cancel()
    settle(opened)
    assert opened.studio.exporter.result is None
    assert list(tmp_path.glob("out/**/*")) == []


def _sync_choices(panel):
    return [panel.sync.itemData(i) for i in range(panel.sync.count())]


def test_the_sync_of_a_song_from_files_is_kept_until_it_is_asked_for(opened, tmp_path, planned):
    exporter, panel = opened.studio.exporter, opened.export
    opened.show_panel(panel)
    exporter.set_format("ssc")
    assert _sync_choices(panel) == ["keep", "null", "itg"]
    assert panel.sync.currentData() == "keep"
    planned(opened)
    assert not any("sync" in line for line in _lines(panel._losses))
    panel.sync.setCurrentIndex(2)
    panel.sync.activated.emit(2)
    planned(opened)
    assert any("9 ms earlier" in line for line in _lines(panel._losses))
    assert opened.studio.preferences.now.sync == "null"
    panel.itg.click()
    assert opened.studio.document.undo_label == "Note the song's sync"
    planned(opened)
    assert not any("9 ms" in line for line in _lines(panel._losses))
    opened.studio.document.undo()
    assert not panel.itg.isChecked()


def test_the_sync_of_songs_timed_here_is_remembered(window, tmp_path, settle):
    window.studio.files.open(write_wav(tmp_path / "bare.wav", 3.0))
    settle(window)
    panel = window.export
    window.show_panel(panel)
    window.studio.exporter.set_format("sm")
    assert _sync_choices(panel) == ["null", "itg"]
    assert panel.sync.isVisible()
    assert not panel.itg.isVisible()
    panel.sync.setCurrentIndex(1)
    panel.sync.activated.emit(1)
    assert window.studio.preferences.now.sync == "itg"
    assert window.studio.exporter.sync == "itg"
    window.studio.exporter.set_format("osz")
    assert not panel.sync.isVisible()

from window_rig import make_song

from chartstudio.core.song import Chart
from chartstudio.editor import edits


def _lines(widget):
    return [made.text() for made in widget._labels]


def test_losses_are_shown_before_anything_is_written(opened, tmp_path):
    exporter, panel = opened.studio.exporter, opened.export
    exporter.set_folder(tmp_path / "out")
    opened.studio.document.apply("x", edits.set_chart(0, level=6.5))
    exporter.set_format("ssc")
    opened.show_panel(panel)
    assert any("decimals of the level" in line for line in _lines(panel._losses))
    assert not (tmp_path / "out").exists()
    exporter.set_format("project")
    assert _lines(panel._losses) == ["Nothing: it holds the whole song."]


def test_a_song_that_the_format_cannot_hold_is_refused_in_words(opened):
    exporter, panel = opened.studio.exporter, opened.export
    opened.show_panel(panel)
    opened.studio.document.apply("x", edits.add_chart(Chart("mania-4k", "Keys")))
    exporter.set_format("ssc")
    assert "cannot hold the mania-4k chart" in panel._refusal.text()
    assert not panel._start.isEnabled()


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

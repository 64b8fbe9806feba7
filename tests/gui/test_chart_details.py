"""The fields of the active chart, new charts by mode, and mending everything at once."""

import pytest
from window_rig import BEAT, make_song

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.editor import edits
from chartstudio.editor.selection import Selection
from chartstudio.gui import verbs
from chartstudio.modes import MODES


@pytest.fixture
def details(window):
    """The fields of a song with a dance and an osu! chart."""
    song = make_song()
    osu = Chart("osu", "Insane", 4.5, settings=(("cs", 3.5), ("hp", 12.0)))
    window.studio.document.open(edits.add_chart(osu)(song))
    window.details.unfold(True)
    return window.details


def _chart(window):
    return window.studio.document.active_chart


def test_texts_and_level_are_stored_as_one_step_each(details, window):
    details.fields["label"].setText("Mine")
    details.fields["label"].editingFinished.emit()
    details.fields["credit"].setText("Me")
    details.fields["credit"].editingFinished.emit()
    details.level.setValue(7.5)
    assert (_chart(window).label, _chart(window).credit, _chart(window).level) == (
        "Mine",
        "Me",
        7.5,
    )
    details.level.setValue(details.level.minimum())
    assert _chart(window).level is None
    for _ in range(4):
        assert window.studio.document.undo()
    assert not window.studio.document.can_undo
    assert details.fields["label"].text() == ""
    assert details.level.value() == 6.0


def test_settings_are_those_of_the_mode(details, window):
    assert set(details.settings) == {s.name for s in MODES["dance-single"].settings}
    window.studio.document.select(Selection(chart=2))
    assert set(details.settings) == {s.name for s in MODES["osu"].settings}
    assert details.settings["cs"].value() == 3.5
    # A file may hold more than the usual range.
    assert details.settings["hp"].value() == 12.0
    details.settings["ar"].setValue(9.3)
    assert _chart(window).setting("ar") == 9.3
    assert _chart(window).setting("cs") == 3.5
    assert window.studio.document.undo()
    assert _chart(window).setting("ar") is None
    assert not window.studio.document.can_undo


def test_words_that_a_file_has_beyond_the_usual_ones_are_kept(window):
    chart = Chart("beatsaber", "Expert", settings=(("characteristic", "Upside"),))
    window.studio.document.open(edits.add_chart(chart)(make_song()))
    window.studio.document.select(Selection(chart=2))
    field = window.details.settings["characteristic"]
    assert field.currentText() == "Upside"
    field.textActivated.emit("OneSaber")
    assert _chart(window).setting("characteristic") == "OneSaber"


def test_new_charts_are_offered_by_game(opened, answers, monkeypatch):
    offered = []

    def choice(title, label, options, current):
        offered.extend(options)
        return next(i for i, name in enumerate(options) if "Taiko" in name)

    monkeypatch.setattr(answers, "choice", choice, raising=False)
    verbs.add_chart(opened.studio)
    assert len(offered) == len(MODES)
    games = [name.split(" · ")[0] for name in offered if " · " in name]
    # Each game once, in one run.
    assert len(set(games)) == sum(a != b for a, b in zip(games, ["", *games[:-1]], strict=True))
    assert _chart(opened).mode == "taiko"
    assert _chart(opened).name == "Easy"


def test_everything_that_can_be_mended_is_one_step(opened, settle):
    document = opened.studio.document
    extra = (*document.song.charts[0].notes, LaneNote(0, 0, 0), LaneNote(BEAT, BEAT, 1))
    notes = tuple(sorted(extra))
    document.apply("x", edits.set_chart(0, notes=notes))
    opened.studio.checker.check_now()
    settle(opened)
    before = document.song
    assert opened.checks._fix_all.isEnabled()
    opened.checks._fix_all.click()
    settle(opened)
    assert document.song.charts[0].notes == make_song().charts[0].notes
    assert document.undo()
    assert document.song is before


def test_a_song_is_kept_out_of_training_sets_as_one_step(opened):
    opened.song.opt_out.click()
    assert opened.studio.document.song.metadata.disallow_training
    assert opened.studio.document.undo()
    assert not opened.song.opt_out.isChecked()
    assert not opened.studio.document.can_undo

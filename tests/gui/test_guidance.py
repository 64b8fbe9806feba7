"""What drafts are told beside the level: layers to follow, habits, the song's own density."""

import json
from dataclasses import replace
from threading import Event

import pytest
from PySide6.QtCore import QPoint, Qt
from window_rig import BAR

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.editor import density, follow, style
from chartstudio.editor.selection import Selection
from chartstudio.engine.requests import ModelCard
from chartstudio.engine.service import Engine
from chartstudio.engine.train import (
    place_lanes,
    place_osu,
    place_saber,
    place_taiko,
)
from chartstudio.engine.tune import shelf
from chartstudio.gui.habits import habits_of, knobs, within_reach
from chartstudio.modes import MODES


@pytest.fixture
def studio(opened, qtbot):
    """The engine is loaded, as it is a moment after the window is seen."""
    studio = opened.studio
    for _ in studio.engine.warm_up():
        pass
    studio.drafting.on_card()
    opened.actions_.refresh()
    return studio


def save_model(name, **net):
    """A model of the author's, all but its weights."""
    spec = json.loads((paths.shipped_models() / "base" / "model.json").read_text("utf-8"))
    folder = paths.user_models() / name
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps(spec | {"net": spec["net"] | net}))
    return folder


def _press(window, command):
    window.actions_.refresh()
    window.actions_[command].trigger()


def _select(studio, first, last):
    studio.document.select(Selection(range=(first * BAR, last * BAR)))


def _run(studio, qtbot, ask):
    ask()
    qtbot.waitUntil(lambda: studio.jobs.idle)


def _chart(studio):
    return studio.document.active_chart


# Following -------------------------------------------------------------------------------


def test_a_selection_follows_layers_and_the_request_says_so(studio, opened, engine, qtbot):
    _select(studio, 0, 2)
    _press(opened, "follow.lead")
    _press(opened, "follow.drums")
    assert follow.sections(_chart(studio)) == ((0, 2 * BAR, ("drums", "lead")),)
    assert studio.document.undo_label == "Follow drums + lead"
    _select(studio, 1, 4)
    _run(studio, qtbot, studio.drafting.start)
    assert engine.requests[-1].follow == (
        (BAR, 2 * BAR, "drums"),
        (BAR, 2 * BAR, "lead"),
    )
    studio.document.undo()
    studio.document.undo()
    assert follow.sections(_chart(studio)) == ()


def test_the_panel_says_what_is_followed_here(studio, opened):
    section = opened.draft.follow
    assert section.state.text() == "Nothing said: the engine decides."
    assert section.clear.isHidden()
    _select(studio, 0, 2)
    _press(opened, "follow.bass")
    opened.actions_.refresh()
    assert section.state.text() == "Bars 1–2: bass."
    assert section.switches["bass"].isChecked()
    assert not section.switches["lead"].isChecked()
    _select(studio, 1, 3)
    assert "different" in section.state.text()
    _select(studio, 5, 6)
    assert "1 section is told" in section.state.text()
    _press(opened, "follow.clear")
    assert follow.sections(_chart(studio)) == ((0, 2 * BAR, ("bass",)),)
    studio.document.select(Selection())
    _press(opened, "follow.clear")
    assert follow.sections(_chart(studio)) == ()


def test_what_the_model_can_be_told_is_there_before_it_is_loaded(opened):
    studio = opened.studio
    opened.actions_.refresh()
    assert not studio.engine.loaded
    assert studio.drafting.card == replace(Engine().models()[0], card="")
    assert opened.draft.follow.switches["drums"].isEnabled()
    assert opened.draft.follow.state.text() == "Nothing said: the engine decides."
    assert len(opened.draft.style_.rows) > 9
    assert opened.actions_["style.show"].isEnabled()
    assert not opened.draft.style_.ways.isVisible()


def _held_up(engine, monkeypatch):
    """Let the engine not be made before this is set."""
    may_load, load = Event(), engine._load

    def wait_and_load():
        may_load.wait(60)
        return load()

    monkeypatch.setattr(engine, "_load", wait_and_load)
    return may_load


def test_another_model_brings_its_own_controls_at_once(opened, qtbot, monkeypatch):
    studio = opened.studio
    may_load = _held_up(studio.engine, monkeypatch)
    save_model("plain", layers=(), styles=())
    studio.models.use("plain")
    assert "plain does not tell layers apart" in opened.draft.follow.state.text()
    assert not opened.draft.style_.rows
    save_model("odd", styles=[["holds", 0.0, 1.0]])
    studio.models.use("odd")
    assert [r.knob.name for r in opened.draft.style_.rows] == ["holds"]
    may_load.set()
    qtbot.waitUntil(lambda: studio.jobs.idle)
    assert studio.drafting.card.name == "fake"


def test_a_model_that_is_broken_has_no_controls(opened, qtbot, monkeypatch):
    may_load = _held_up(opened.studio.engine, monkeypatch)
    folder = save_model("broken")
    (folder / "model.json").write_text('{"net": 3}')
    opened.studio.models.use("broken")
    assert "could be read" in opened.draft.follow.state.text()
    assert "could be read" in opened.draft.style_.state.text()
    assert shelf.read_card("nobody") is None
    may_load.set()
    qtbot.waitUntil(lambda: opened.studio.jobs.idle)


def test_a_model_that_knows_no_layers_can_only_rest(opened, engine):
    engine.layers = ()
    for _ in opened.studio.engine.warm_up():
        pass
    opened.studio.drafting.on_card()
    opened.actions_.refresh()
    section = opened.draft.follow
    assert "fake" in section.state.text()
    assert section.switches["none"].isEnabled()
    assert not section.switches["drums"].isEnabled()


def test_what_a_model_does_not_know_is_not_asked_of_it(opened, engine, qtbot):
    studio = opened.studio
    engine.layers = ("none", "all", "drums")
    edits = (
        follow.follow(0, (0, BAR), ("drums", "lead")),
        style.set_habit(0, "repeat", 5.0),
        style.set_habit(0, "unheard-of", 0.5),
    )
    for edit in edits:
        studio.document.apply("x", edit)
    _run(studio, qtbot, studio.drafting.start)
    assert engine.requests[-1].follow == ((0, BAR, "drums"),)
    assert engine.requests[-1].style == (("repeat", 1.0),)


def test_the_lane_is_there_while_something_is_followed(studio, opened, qtbot):
    timeline = studio.timeline
    assert timeline.scene.bands.follow is None
    _select(studio, 1, 3)
    _press(opened, "follow.chords")
    band = timeline.scene.bands.follow
    assert band is not None
    assert timeline.scene.bands.strips[0].head.top >= band.bottom
    studio.document.select(Selection())
    x = round(timeline.scene.x(2 * BAR, timeline.scene.timing))
    at = QPoint(x, band.top + band.height // 2)
    qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=at)
    assert studio.document.selection.range == (BAR, 3 * BAR)
    assert timeline.grab().size() == timeline.size()
    qtbot.mouseClick(timeline, Qt.MouseButton.RightButton, pos=at)
    assert follow.sections(_chart(studio)) == ()
    assert timeline.scene.bands.follow is None


# Density of the song ---------------------------------------------------------------------


def test_the_songs_density_is_painted_as_one_step(studio, opened, engine, qtbot):
    _select(studio, 2, 4)
    studio.drafting.set(level=9.0)
    _run(studio, qtbot, lambda: _press(opened, "density.song"))
    assert engine.requests[-1].level == 9.0
    assert density.curve(_chart(studio)) == ((2 * BAR, 3 * BAR, 1.0), (3 * BAR, 4 * BAR, 4.0))
    assert studio.view.density_lane
    assert studio.document.undo_label == "Density from the song"
    studio.document.undo()
    assert density.curve(_chart(studio)) == ()


def test_listening_for_the_density_can_be_cancelled(studio, opened, engine, qtbot):
    engine.endless = True
    _press(opened, "density.song")
    qtbot.waitUntil(lambda: studio.song_density.progress.done == 0.6)
    assert opened.draft.density.bar.isVisible()
    opened.actions_.refresh()
    assert not opened.actions_["density.song"].isEnabled()
    _press(opened, "density.cancel")
    qtbot.waitUntil(lambda: studio.jobs.idle)
    assert density.curve(_chart(studio)) == ()
    assert opened.draft.density.bar.isHidden()


def test_a_density_that_fails_is_told_once(studio, opened, engine, answers, qtbot):
    engine.error = EngineError("nothing to hear")
    _run(studio, qtbot, lambda: _press(opened, "density.song"))
    assert answers.errors == ["nothing to hear"]
    assert not studio.song_density.running


# Habits ----------------------------------------------------------------------------------


def _row(window, name):
    return next(r for r in window.draft.style_.rows if r.knob.name == name)


def test_only_habits_of_the_model_and_the_mode_have_sliders(studio, opened):
    assert [r.knob.name for r in opened.draft.style_.rows] == ["repeat", "jacks"]
    assert not opened.draft.style_.sliders.isVisible()
    _press(opened, "style.show")
    assert all(r.slider.accessibleName() and r.slider.toolTip() for r in opened.draft.style_.rows)
    assert all(r.reset.accessibleName() for r in opened.draft.style_.rows)


def test_a_slider_asks_for_a_habit_until_it_is_reset(studio, opened, engine, qtbot):
    made = _row(opened, "jacks")
    assert made.figure.text() == "song"
    assert not made.reset.isEnabled()
    made.slider.setValue(100)
    assert style.habits(_chart(studio)) == (("jacks", 0.6),)
    assert made.figure.text() == "100 %"
    assert "1 habit" in opened.draft.style_.state.text()
    _run(studio, qtbot, studio.drafting.start)
    assert engine.requests[-1].style == (("jacks", 0.6),)
    studio.document.undo()
    assert made.figure.text() == "song"
    studio.document.redo()
    made.reset.click()
    assert style.habits(_chart(studio)) == ()
    made.slider.setValue(0)
    middle = _row(opened, "repeat").slider
    middle.setSliderDown(True)
    middle.setSliderDown(False)
    assert dict(style.habits(_chart(studio))) == {"jacks": 0.0, "repeat": 0.85}
    _press(opened, "style.reset")
    assert style.habits(_chart(studio)) == ()


def test_sliders_and_level_are_reached_by_key(studio, opened, qtbot):
    opened.activateWindow()
    studio.timeline.setFocus()
    qtbot.keyClick(studio.timeline, Qt.Key.Key_Y)
    first = opened.draft.style_.rows[0].slider
    qtbot.waitUntil(first.hasFocus)
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert style.habits(_chart(studio)) == (("repeat", 0.853),)
    studio.timeline.setFocus()
    qtbot.keyClick(studio.timeline, Qt.Key.Key_V)
    qtbot.waitUntil(opened.draft.level.hasFocus)
    qtbot.keyClicks(opened.draft.level, "7")
    qtbot.keyClick(opened.draft.level, Qt.Key.Key_Return)
    assert studio.drafting.settings.level == 7.0


def test_a_model_without_habits_says_so(opened, engine):
    engine.styles = ()
    for _ in opened.studio.engine.warm_up():
        pass
    opened.studio.drafting.on_card()
    assert "cannot be asked" in opened.draft.style_.state.text()
    assert not opened.draft.style_.rows


LABELS = (
    ("Ann", (("jacks", 0.4), ("repeat", 0.9), ("spinners", 1.0))),
    ("Bob", (("jacks", 0.9), ("repeat", 0.7))),
)


@pytest.fixture
def named(opened, engine, qtbot):
    """The model knows two ways of charting by name."""
    engine.labels = LABELS
    for _ in opened.studio.engine.warm_up():
        pass
    opened.studio.drafting.on_card()
    return opened


def _choose(window, text):
    box = window.draft.style_.ways
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def test_a_named_style_sets_the_sliders(named, engine, qtbot):
    studio, box = named.studio, named.draft.style_.ways
    offered = ["As it was tuned (Ann)", "Ann", "Bob"]
    assert [box.itemText(i) for i in range(box.count())] == offered
    assert box.currentText() == offered[0]
    assert "As it was tuned" in named.draft.style_.state.text()
    assert _row(named, "jacks").figure.text() == "tuned"
    _choose(named, "Bob")
    # No more than the model has learned.
    assert style.habits(_chart(studio)) == (("jacks", 0.6), ("repeat", 0.7))
    assert _row(named, "jacks").figure.text() == "100 %"
    assert studio.document.undo_label == "Style: Bob"
    _run(studio, qtbot, studio.drafting.start)
    assert engine.requests[-1].style == (("jacks", 0.6), ("repeat", 0.7))
    _row(named, "jacks").slider.setValue(50)
    assert box.currentText() == "Your own"
    box.activated.emit(box.currentIndex())
    assert dict(style.habits(_chart(studio)))["jacks"] == 0.3
    _choose(named, "Ann")
    assert style.habits(_chart(studio)) == (("jacks", 0.4), ("repeat", 0.9))
    assert [box.itemText(i) for i in range(box.count())] == offered
    _choose(named, offered[0])
    assert style.habits(_chart(studio)) == ()
    studio.document.undo()
    assert box.currentText() == "Ann"


@pytest.mark.parametrize(
    ("mode", "placement"),
    [
        ("dance-single", place_lanes),
        ("mania-4k", place_lanes),
        ("taiko", place_taiko),
        ("osu", place_osu),
        ("beatsaber", place_saber),
    ],
)
def test_every_habit_that_placements_have_has_words(mode, placement):
    names = {h.name for h in habits_of(MODES[mode])}
    own = {name for name, _, _ in placement.HABITS}
    # Hands on keys know no jacks and no crossed legs.
    assert own - names == ({"jacks", "crossovers"} if mode == "mania-4k" else set())
    assert all(h.title and h.tip for h in habits_of(MODES[mode]))
    assert len(names) == len(habits_of(MODES[mode]))


def test_a_request_stays_between_what_was_learned():
    card = ModelCard("m", True, "", (), styles=(("repeat", 0.7, 1.0),))
    assert within_reach([("repeat", 0.2), ("jumps", 0.5)], card) == (("repeat", 0.7),)
    assert within_reach([("repeat", 0.2)], None) == ()
    assert [k.name for k in knobs(MODES["osu"], card)] == ["repeat"]
    assert knobs(None, card) == ()

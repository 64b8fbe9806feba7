"""The Train tab: plan, preview, a tuning that runs, pauses, stops, fails and ends, and models."""

from collections import Counter
from dataclasses import replace

import pytest
from training_rig import (
    MANY,
    add_songs,
    is_enabled,
    make_model,
    make_tuning,
    said_of,
    trigger,
)
from window_rig import BAR

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.song import Song
from chartstudio.editor import edits
from chartstudio.engine.requests import TrainEstimate
from chartstudio.engine.tune import sample
from chartstudio.engine.tune.groups import Group
from chartstudio.gui.files import source_at
from chartstudio.gui.jobs import Lane
from chartstudio.gui.panels import train_words
from chartstudio.gui.training import Stage
from chartstudio.gui.training_plan import Origin, Plan
from chartstudio.library.search import Query
from chartstudio.library.selection import Side

# Planning ----------------------------------------------------------------------------------


def test_an_empty_library_says_what_to_do(bare, calm):
    plan = bare.train.plan
    assert plan.to_library.isVisible()
    assert not plan.start.isVisible()
    assert not is_enabled(bare, "train.start")
    plan.to_library.click()
    assert bare.library.isVisible()


def test_the_preview_tells_the_split_and_what_is_left_out(tab):
    training = tab.studio.training
    assert training.prospect.n_songs == {Side.TRAIN: 2, Side.VALIDATION: 1, Side.TEST: 1}
    assert {c.split for c in training.prospect.charts} == {"train", "validation", "test"}
    plan = tab.train.plan
    assert "4 songs, 4 charts, 0.10 hours" in plan.preview.text()
    assert "Each song is left out in turn" in plan.preview.text()
    plan.folds._buttons[1].click()
    assert "2 songs, 2 charts to learn from" in plan.preview.text()
    assert training.plan.request(()).recipe.folds == 1
    assert training.refusal == ""
    assert (training.plan.name, training.plan.base) == ("mine", "base")


def test_many_songs_are_not_left_out_in_turn(bare, calm):
    add_songs(9)
    bare.studio.library.look()
    calm(bare)
    assert not bare.train.plan.folds.isEnabled()
    assert "to choose the best weights by" in bare.train.plan.preview.text()


def test_filters_of_its_own_leave_the_library_as_it_is(tab, calm):
    plan, training = tab.train.plan, tab.studio.training
    plan.origin._buttons[Origin.OWN].click()
    plan.low.setValue(6.0)
    calm(tab)
    assert training.prospect.n_songs.total() == 3
    plan.low.setValue(50.0)
    calm(tab)
    assert "nothing to learn from" in training.refusal
    assert not is_enabled(tab, "train.start")
    assert tab.studio.library.query == Query()
    plan.origin._buttons[Origin.MARKED].click()
    tab.studio.library.choose(tab.studio.library.ids[:2])
    calm(tab)
    assert training.prospect.n_songs == {Side.TRAIN: 1, Side.VALIDATION: 1}


def test_the_library_s_filters_are_followed(tab, calm):
    tab.studio.library.ask(Query(low=8.0))
    calm(tab)
    assert tab.studio.training.prospect.n_songs.total() == 1


def test_charts_of_modes_that_the_base_does_not_know_are_told(bare, calm):
    add_songs(modes=("dance-single", "catch"))
    bare.studio.library.look()
    calm(bare)
    assert bare.studio.training.prospect.n_foreign == 4
    assert bare.studio.training.prospect.n_charts.total() == 4
    assert "4 charts: of modes that the base model" in bare.train.plan.left_out.text()


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "Give the result a name"), ("a/b", "no name for a model"), ("base", "ships"),
     ("there", "choose another name")],
)  # fmt: skip
def test_a_name_that_cannot_be_is_refused(tab, calm, name, why):
    make_model("there")
    tab.studio.models.look()
    calm(tab)
    tab.train.plan.name.setText(name)
    tab.train.plan.name.textEdited.emit(name)
    assert why in tab.studio.training.refusal
    assert why in tab.train.plan.refusal.text()
    assert not is_enabled(tab, "train.start")


def test_adapters_are_not_put_upon_adapters(tab, calm):
    make_model("there")
    tab.studio.models.look()
    calm(tab)
    plan = tab.train.plan
    assert plan.base.findData("there") == -1
    plan.kind._buttons[True].click()
    assert plan.base.findData("there") != -1
    plan.base.setCurrentIndex(plan.base.findData("there"))
    plan.base.activated.emit(0)
    assert tab.studio.training.plan.base == "there"
    plan.kind._buttons[False].click()
    assert tab.studio.training.plan.base == "base"


def test_a_short_tuning_looks_at_the_held_out_songs_as_often():
    assert Plan(n_steps=200).recipe.judge_every == 25
    assert Plan(n_steps=16).recipe.judge_every == 2
    assert Plan(n_steps=10, full=True).recipe.full


def test_what_it_takes_is_measured(tab, fake, calm):
    trigger(tab, "train.measure")
    calm(tab)
    said = tab.train.plan.needs.text()
    assert "About 7 minutes on the CPU: 5 times 100 steps of 2.0 s, and judging. 5 MB on" in said
    tab.train.plan.folds._buttons[1].click()
    trigger(tab, "train.measure")
    calm(tab)
    assert "CPU: 100 steps of" in tab.train.plan.needs.text()
    tab.train.plan.n_steps.setValue(400)
    assert tab.studio.training.estimate is None
    long = TrainEstimate(2.0, 100, 4900.0, 1, 1, "cuda")
    assert train_words.needs(long, 1).startswith("About 1 h 22 min on the GPU: 100 steps of 2.0 s")
    assert fake.requests[0].charts == tab.studio.training.prospect.charts


def devices_of(window):
    box = window.train.plan.device
    return {box.itemText(i): box.itemData(i) for i in range(box.count())}


def test_without_a_gpu_the_tab_says_so(tab):
    assert devices_of(tab) == {"Automatic": "", "CPU": "cpu"}
    assert tab.train.plan.no_gpu.isVisible()
    assert tab.studio.training.plan.request(()).device is None


def test_a_gpu_can_be_chosen_and_is_gone_on_with(window, fake, calm):
    fake.gpus = ("Fast", "Slow")
    make_tuning("old")
    fake.play_in(window)
    window.show_panel(window.train)
    calm(window)
    assert not window.train.plan.no_gpu.isVisible()
    assert devices_of(window) == {
        **{"Automatic": "", "CPU": "cpu"},
        **{"0: Fast": "cuda:0", "1: Slow": "cuda:1"},
    }
    training, box = window.studio.training, window.train.plan.device
    training.estimate = TrainEstimate(2.0, 10, 20.0, 1, 1, "cpu")
    box.setCurrentIndex(3)
    box.activated.emit(3)
    assert training.plan.device == training.plan.request(()).device == "cuda:1"
    assert training.estimate is None
    trigger(window, "train.resume")
    calm(window)
    assert fake.requests[-1].device == "cuda:1"


def test_ways_of_charting_are_told_once_they_are_known(tab, fake, calm):
    fake.groups = (Group("Ann", "charter", ("a", "b", "c"), ()), Group("Bob", "tags", ("d",), ()))
    trigger(tab, "train.measure")
    calm(tab)
    assert "Ann (3), Bob (1). You can choose" in tab.train.plan.style_.text()
    tab.studio.library.ask(Query(low=8.0))
    calm(tab)
    assert tab.studio.training.groups == ()


def test_the_tab_says_whose_style_is_learned(tab, calm):
    style = tab.train.plan.style_
    assert style.text() == "By C: that is the style that is learned."
    prospect = replace(tab.studio.training.prospect, charters=Counter({"A": 1, "C": 3}))
    assert "By 2 charters, 3 of 4 charts by C." in train_words.style_of(prospect, ())
    assert train_words.style_of(replace(prospect, charters=Counter()), ()) == ""


# Running -----------------------------------------------------------------------------------


def test_a_better_model_is_used_at_once(tab, fake, calm):
    trigger(tab, "train.start")
    calm(tab)
    training, models = tab.studio.training, tab.studio.models
    assert [s.step for s in training.steps] == list(range(1, 11))
    assert fake.requests[0].name == "mine"
    assert len(fake.requests[0].charts) == 4
    assert models.in_use == "mine"
    assert "mine is in use now" in tab.train.result._use.text()
    assert not tab.train.result.use_anyway.isVisible()
    assert tab.train.plots.isVisible()
    # The next one has a name of its own.
    assert training.plan.name == "mine 2"
    trigger(tab, "models.back")
    calm(tab)
    assert models.in_use == "base"


def test_a_better_one_than_its_base_does_not_take_the_place_of_another(tab, fake, calm):
    make_model("other")
    tab.studio.models.use("other")
    calm(tab)
    trigger(tab, "train.start")
    calm(tab)
    result = tab.train.result
    assert "other stays in use: mine was set beside base only" in result._use.text()
    assert result.use_anyway.text() == "Use it"
    result.use_anyway.click()
    calm(tab)
    assert tab.studio.models.in_use == "mine"


@pytest.mark.parametrize("verdict", ["worse", "even", "unknown"])
def test_what_is_not_better_is_used_only_if_asked(tab, fake, calm, verdict):
    fake.verdict = verdict
    trigger(tab, "train.start")
    calm(tab)
    models = tab.studio.models
    assert models.in_use == "base"
    assert "mine is not switched on" in tab.train.result._use.text()
    assert tab.train.result.use_anyway.text() == "Use anyway"
    tab.train.result.use_anyway.click()
    calm(tab)
    assert models.in_use == "mine"


def test_it_pauses_and_goes_on_while_drafting_works(tab, fake, qtbot):
    fake.n_steps = MANY
    training = tab.studio.training
    trigger(tab, "train.start")
    qtbot.waitUntil(lambda: len(training.steps) > 2)
    trigger(tab, "train.pause")
    assert training.stage is Stage.PAUSED
    qtbot.wait(100)
    n = fake.n_taken
    done = []
    tab.studio.jobs.submit(Lane.ENGINE, tab.studio.engine.warm_up, on_done=done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert fake.n_taken == n
    assert tab.actions_["train.pause"].text() == "Go on tuning"
    trigger(tab, "train.pause")
    qtbot.waitUntil(lambda: fake.n_taken > n)
    assert training.stage is Stage.RUNNING
    trigger(tab, "train.pause")
    trigger(tab, "train.stop")
    qtbot.waitUntil(lambda: training.stage is Stage.IDLE)
    assert fake.closed


def test_what_was_stopped_is_gone_on_with(tab, fake, qtbot, calm):
    fake.n_steps = MANY
    training = tab.studio.training
    trigger(tab, "train.start")
    qtbot.waitUntil(lambda: len(training.steps) > 2)
    trigger(tab, "train.stop")
    assert training.stage is not Stage.RUNNING
    calm(tab)
    assert training.stage is Stage.IDLE
    assert training.offered.name == "mine"
    assert "goes on from its last checkpoint" in tab.train.run.unfinished.text()
    n = training.steps[-1].step
    trigger(tab, "train.resume")
    qtbot.waitUntil(lambda: training.steps[-1].step > n)
    assert fake.requests[-1].resume
    assert [s.step for s in training.steps] == list(range(1, training.steps[-1].step + 1))


def test_a_tuning_of_an_earlier_day_is_offered(tab, fake, calm):
    make_tuning("old", step=4)
    tab.studio.models.look()
    calm(tab)
    assert "old: 4 of 10 steps" in tab.train.run.unfinished.text()
    assert said_of(tab)[0] == "4 of 10"
    trigger(tab, "train.resume")
    calm(tab)
    assert [s.step for s in tab.studio.training.steps] == list(range(1, 11))


def test_a_process_that_dies_is_told_once_and_can_be_gone_on_with(tab, fake, calm, answers):
    fake.error = EngineError("the process came to an end; go on from its last checkpoint")
    trigger(tab, "train.start")
    calm(tab)
    assert answers.errors == [str(fake.error)]
    assert tab.train.run._problem.text() == str(fake.error)
    assert tab.studio.training.offered.name == "mine"
    fake.error = None
    trigger(tab, "train.resume")
    calm(tab)
    assert tab.train.run._problem.text() == ""
    assert tab.studio.training.report.verdict == "better"


# Samples -----------------------------------------------------------------------------------


@pytest.fixture
def drafted(tab, fake, song_folder, calm):
    """A tuning that has drafted the song that the author's first chart is of."""
    song = source_at(song_folder).song
    notes = tuple(replace(n, lane=3 - n.lane) for n in song.charts[0].notes[:5])
    chart = replace(song.charts[0], notes=notes)
    fake.sample = sample.Sample(
        song_folder, replace(song, charts=(chart,)), 0, 4 * BAR, 6.0, 7, "mine 1", "cpu", "float32"
    )
    assert not is_enabled(tab, "train.sample")
    trigger(tab, "train.start")
    calm(tab)
    return tab


def test_the_current_sample_is_a_ghost_over_the_author_s_chart(drafted, fake, settle):
    studio = drafted.studio
    assert drafted.train.result.sample.isEnabled()
    trigger(drafted, "train.sample")
    settle(drafted)
    assert studio.document.song.metadata.title == "Test Song"
    assert studio.document.active_chart.name == "Hard"
    own = studio.document.active_chart.notes
    ghosts = studio.drafting.ghosts
    assert ghosts.notes == fake.sample.chart.notes
    assert ghosts.spans == ((0, 4 * BAR),)
    assert drafted.tabs.currentWidget() is drafted.draft
    assert studio.timeline.cursor_tick == 0
    assert "mine 1 drafted of this song after step 3" in drafted.status.currentMessage()
    studio.drafting.accept()
    assert studio.document.active_chart.notes == ghosts.notes
    assert studio.document.undo_label == "Accept draft"
    studio.document.undo()
    assert studio.document.active_chart.notes == own


def test_a_sample_can_be_looked_at_while_the_tuning_runs(tab, fake, song_folder, calm, qtbot):
    song = source_at(song_folder).song
    fake.sample = sample.Sample(song_folder, song, 0, BAR, 6.0, 7, "mine 1", "cpu", "float32")
    fake.n_steps = MANY
    trigger(tab, "train.start")
    qtbot.waitUntil(tab.train.run.sample.isEnabled)
    tab.train.run.sample.click()
    qtbot.waitUntil(lambda: tab.studio.drafting.waiting)
    assert tab.studio.training.stage is Stage.RUNNING
    trigger(tab, "train.stop")
    calm(tab)


def test_a_sample_of_a_song_that_has_changed_is_told(drafted, fake, song_folder, settle):
    training = paths.user_models() / "mine" / "training"
    chart = replace(fake.sample.chart, name="Gone")
    sample.keep(training, replace(fake.sample, song=Song(charts=(chart,))), 3)
    trigger(drafted, "train.sample")
    settle(drafted)
    assert drafted.studio.drafting.ghosts is None
    assert "has changed" in drafted.status.currentMessage()


def test_what_is_wrong_with_a_sample_is_told_once(drafted, answers, calm):
    file = paths.user_models() / "mine" / "training" / "sample.json"
    file.write_text("{")
    trigger(drafted, "train.sample")
    calm(drafted)
    assert "cannot be read" in answers.errors[0]
    file.unlink()
    assert not is_enabled(drafted, "train.sample")
    drafted.studio.samples.find("mine", answers.errors.append)
    calm(drafted)
    assert "has drafted no held-out song" in answers.errors[1]


def test_unsaved_work_is_asked_about_before_a_sample_is_opened(drafted, answers, calm):
    studio = drafted.studio
    studio.document.apply("x", edits.set_audio("other.wav"))
    trigger(drafted, "train.sample")
    calm(drafted)
    assert answers.asked == ["unsaved"]
    assert studio.drafting.ghosts is None

"""The models of the Train tab: used, rolled back, renamed, compared, packed, removed."""

import json
import zipfile
from pathlib import Path

import pytest
from training_rig import CHANGE, FIGURES, is_enabled, make_model, make_tuning, said_of, trigger

from chartstudio.core import paths
from chartstudio.core.job import Progress
from chartstudio.engine.tune import shelf
from chartstudio.engine.tune.lock import alone
from chartstudio.engine.tune.process import spawned
from chartstudio.gui.panels import train_beside
from chartstudio.gui.theme import DARK


@pytest.fixture
def models(tab, calm):
    """Models of three verdicts beside the one that ships."""
    for name in ("better", "worse", "even"):
        make_model(name, verdict=name)
    tab.studio.models.look()
    calm(tab)
    return tab.studio.models


def test_models_are_listed_with_their_verdicts(tab, models):
    assert said_of(tab) == ["better", "even", "worse", "ships"]
    assert tab.train.models.list.topLevelItem(3).text(0) == "base (in use)"


def test_a_worse_one_asks_first(tab, models, answers, calm):
    models.choose(("worse",))
    trigger(tab, "models.use")
    assert (answers.asked, models.in_use) == (["confirm"], "base")
    answers.answers["confirm"] = True
    trigger(tab, "models.use")
    calm(tab)
    assert models.in_use == "worse"


def test_rolling_back_steps_through_what_was_used(tab, models, calm):
    for name in ("better", "even"):
        models.use(name)
        calm(tab)
    for name in ("better", "base"):
        assert models.before == name
        trigger(tab, "models.back")
        calm(tab)
        assert models.in_use == name
    assert not is_enabled(tab, "models.back")


def test_a_model_is_renamed_with_what_names_it(tab, models, answers, calm):
    models.use("better")
    models.choose(("better",))
    answers.answers["text"] = " best "
    trigger(tab, "models.rename")
    calm(tab)
    folder = paths.user_models() / "best"
    assert json.loads((folder / "model.json").read_text())["name"] == "best"
    assert (folder / "README.md").read_text().startswith("# best\n")
    assert (models.in_use, models.marked.name) == ("best", "best")


@pytest.mark.parametrize(
    ("new", "why"), [("even", "already"), ("base", "ships"), ("a/b", "no name")]
)
def test_a_name_is_not_taken_twice(tab, models, answers, calm, new, why):
    models.choose(("better",))
    answers.answers["text"] = new
    trigger(tab, "models.rename")
    calm(tab)
    assert why in answers.errors[0]
    assert models.marked.name == "better"


def test_a_model_is_removed_once_the_author_agrees(tab, models, answers, calm):
    models.use("better")
    models.choose(("better",))
    trigger(tab, "models.remove")
    assert models.named("better")
    answers.answers["confirm"] = True
    trigger(tab, "models.remove")
    calm(tab)
    assert (models.named("better"), models.in_use) == (None, "base")
    models.choose(("base",))
    assert not is_enabled(tab, "models.remove")
    assert not is_enabled(tab, "models.rename")


def test_what_others_are_made_of_stays(tab, models, answers, calm):
    make_model("child", base="even")
    answers.answers["confirm"] = True
    models.choose(("even",))
    trigger(tab, "models.remove")
    calm(tab)
    assert "child cannot be without it" in answers.errors[0]
    assert models.named("even")


def test_a_model_is_packed_without_what_its_training_goes_on_from(
    tab, models, answers, calm, tmp_path
):
    make_tuning("better")
    folder = paths.user_models() / "better"
    spec = json.loads((folder / "model.json").read_text())
    spec["labels"] = [["Ann", {"holds": 0.2}], ["Ben", {"holds": 0.7}]]
    (folder / "model.json").write_text(json.dumps(spec))
    models.choose(("better",))
    answers.answers["folder"] = tmp_path
    trigger(tab, "models.export")
    calm(tab)
    with zipfile.ZipFile(tmp_path / "better.zip") as archive:
        names = sorted(archive.namelist())
        packed = json.loads(archive.read("better/model.json"))
    assert packed["labels"] == [["style 1", {"holds": 0.2}], ["style 2", {"holds": 0.7}]]
    assert packed | {"labels": spec["labels"]} == spec
    wanted = ("README.md", "model.json", "report.json", "report.txt")
    assert names == [f"better/{name}" for name in wanted]
    answers.answers["folder"] = Path(tmp_path / "gone")
    trigger(tab, "models.export")
    calm(tab)
    assert "choose another folder" in answers.errors[0]


def test_a_report_is_a_table_with_the_course(tab, models, calm):
    models.choose(("better",))
    assert tab.train.models.buttons[2].text() == "Report"
    trigger(tab, "models.report")
    calm(tab)
    dialog = tab.train.reports
    assert dialog.beside is None
    table = dialog.views[0].table
    assert [table.headerItem().text(i) for i in range(7)] == [
        *("Figure", "Base", "Habits", "Tuned", "Both", "Guessing", "Author"),
    ]
    rows = [table.topLevelItem(i).child(0) for i in range(2)]
    assert [[r.text(i) for i in range(7)] for r in rows] == [
        ["note times", "0.500", "0.550", "0.600", "", "0.400", "0.900"],
        ["note times", "0.510", "", "0.610", "", "0.410", ""],
    ]
    assert "3 charts" in table.topLevelItem(1).text(0)
    dialog.close()


def report_with(name, change, song="x"):
    """Another model's report: another change on the same charts, or on others."""
    changed = {"f1": {**CHANGE, "tuned": 0.5 + change, "change": change}}
    charts = [{"song": song, "chart": "Hard", "mode": "dance-single", "level": "5"}]
    make_model(name, verdict="better")
    whole = {**FIGURES, "verdict": "better", "gain": change, "changes": changed, "charts": charts}
    (paths.user_models() / name / "report.json").write_text(json.dumps(whole))


def lines_of(table):
    tops = [table.topLevelItem(i) for i in range(table.topLevelItemCount())]
    every = [
        item for top in tops for item in (top, *(top.child(i) for i in range(top.childCount())))
    ]
    return [[item.text(i) for i in range(item.columnCount())] for item in every]


def test_models_are_compared_in_one_table(tab, models, calm):
    report_with("more", 0.2)
    report_with("less", -0.1)
    make_model("never")
    models.look()
    calm(tab)
    models.choose(("less", "more", "never"))
    assert tab.train.models.buttons[2].text() == "Compare"
    trigger(tab, "models.report")
    calm(tab)
    dialog = tab.train.reports
    assert len(dialog.views) == 3
    table = dialog.beside.table
    assert [table.headerItem().text(i) for i in range(4)] == ["Figure", "less", "more", "never"]
    assert lines_of(table) == [
        ["Verdict", "better", "better", "not judged"],
        ["All figures weighed", "-0.100", "+0.200", "–"],
        ["What is used", "tuned", "tuned", "–"],
        ["Charts that it is judged on", "1", "1", "–"],
        ["All charts"],
        ["note times", "0.400 (-0.100)", "0.700 (+0.200)", "–"],
        ["Dance single 5"],
        ["note times", "0.610 (+0.100)", "0.610 (+0.100)", "–"],
    ]
    good = table.topLevelItem(4).child(0).foreground(2).color()
    assert good == table.topLevelItem(5).child(0).foreground(1).color() == DARK.good
    dialog.close()


def told_of(*names):
    return tuple(shelf.read_told(name) for name in names)


def test_reports_on_other_charts_are_told_apart(tab):
    for name, song in (("one", "x"), ("two", "x"), ("three", "y")):
        report_with(name, 0.1, song)
    assert train_beside.are_alike(told_of("one", "two"))
    assert not train_beside.are_alike(told_of("one", "three"))
    make_model("bare")
    assert train_beside.are_alike(told_of("one", "bare", "two"))
    assert "same charts" in train_beside.Beside(told_of("one", "three")).note.text()
    assert train_beside.Row("", -1.0, ((1.0, 0.2), (1.0, -0.1), None)).best == 1
    assert train_beside.Row("", 0.0, ((1.0, 0.2),)).best is None
    assert train_beside.sections(told_of("bare")) == []


def test_a_result_goes_with_its_model(tab, fake, answers, calm):
    trigger(tab, "train.start")
    calm(tab)
    assert tab.train.result.isVisible()
    tab.studio.models.choose(("mine",))
    answers.answers["text"] = "ours"
    trigger(tab, "models.rename")
    calm(tab)
    assert not tab.train.result.isVisible()
    assert tab.studio.models.in_use == "ours"


def test_a_tuning_that_another_process_works_on_is_left_to_it(tab, models, calm):
    make_tuning("busy")
    models.look()
    calm(tab)
    assert tab.studio.training.offered.name == "busy"
    with alone(paths.user_models() / "busy"):
        models.look()
        calm(tab)
        assert tab.studio.training.offered is None
        assert not tab.train.run.isVisible()
        models.choose(("busy",))
        assert "a process is tuning it" in tab.train.models._details.text()
        for command in ("train.resume", "models.rename", "models.remove"):
            assert not is_enabled(tab, command)
    models.look()
    calm(tab)
    assert is_enabled(tab, "train.resume")
    assert not list(paths.user_models().glob(".*"))


def test_a_tuning_that_is_taken_meanwhile_is_told(tab, fake, answers, calm):
    """As the process that tunes raises it: it asks for the lock itself."""
    make_tuning("busy")
    tab.studio.models.look()
    calm(tab)
    tab.studio.training.tune = lambda request: spawned(held, request)
    trigger(tab, "train.resume")
    calm(tab)
    assert "'busy' is being trained by another process" in answers.errors[0]
    assert tab.train.run._problem.text() == answers.errors[0]
    assert not tab.studio.training.is_busy


def held(request):
    folder = paths.user_models() / request.name
    with alone(folder), alone(folder):
        yield Progress(0.0)


def test_what_is_broken_is_left_out(models):
    (paths.user_models() / "better" / "model.json").write_text("{")
    (paths.user_models() / "even" / "model.json").write_text('{"modes": 3}')
    assert [s.name for s in shelf.shelf()] == ["worse", "base"]

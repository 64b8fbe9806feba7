"""The key test: who is tuned on and judged by whom, what is kept, and what is printed."""

import json
from dataclasses import replace

import pytest
from made_tuning import RECIPE, chart_of, save_song, tiny_base

from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.song import Metadata
from chartstudio.engine.evaluate.report import Score
from chartstudio.engine.requests import LeftOut
from chartstudio.engine.tune import folds, keytest
from chartstudio.engine.tune.folds import Judged
from chartstudio.engine.tune.keytest import Plan, charts_by_author, main, measure, parts_of, table
from chartstudio.engine.tune.opened import open_song
from chartstudio.formats import project
from chartstudio.formats.bundle import save_files

AUTHORS = {"a1": "Ann", "a2": "Ann", "b1": "Ben", "b2": "Ben", "c1": "Cis"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root, made = (tmp_path_factory.mktemp(name) for name in ("data", "made"))
    for n, (name, author) in enumerate(AUTHORS.items()):
        song, bundle = open_song(save_song(made / name, n, (chart_of(n),)))
        song = replace(song, metadata=Metadata(name, credit=author))
        save_files(root / name, {song.audio: bundle[song.audio], **project.write(song)})
    return root


def test_every_song_is_judged_once_by_its_own_and_by_every_other_author(data):
    authors = charts_by_author(data)
    assert {a: [c.song for c in own] for a, own in authors.items()} == {
        "Ann": ["a1", "a2"],
        "Ben": ["b1", "b2"],
    }
    found = {(p.way, tuple(sorted(p.learned)), tuple(sorted(p.judged))) for p in parts_of(authors)}
    assert found == {
        ("within Ann", ("a2",), ("a1",)),
        ("within Ann", ("a1",), ("a2",)),
        ("from Ann to Ben", ("a1", "a2"), ("b1", "b2")),
        ("within Ben", ("b2",), ("b1",)),
        ("within Ben", ("b1",), ("b2",)),
        ("from Ben to Ann", ("b1", "b2"), ("a1", "a2")),
    }
    assert len({p.name for p in parts_of(authors)}) == 6


def made_scores(song, better):
    measures = {"f1_20ms": 0.7 + better, "row_agreement": 0.3, "transition_distance": 0.6}
    nulls = {
        "f1_20ms.metro_fill": 0.65,
        "f1_20ms.flux_metre": 0.66,
        "row_agreement.fixed_pattern": 0.2,
        "transition_distance.random_places": 0.4,
    }
    return [Score(song, "Hard", "mania-4k", 2.0, "Hard", None, measures, nulls)]


def fake(work, read, measures):
    """Scores without a tuning; tuned is better within an author."""
    yield from ()
    charts = work.request.charts
    (judged, *_) = songs = sorted({c.song for c in charts if c.split == "test"})
    assert {s.chart.song for s in read.spelled} >= set(songs)
    assert measures == keytest.MEASURES
    near = all(c.song[0] == judged[0] for c in charts)
    return Judged(
        {
            "base": [s for song in songs for s in made_scores(song, 0.0)],
            "tuned": [s for song in songs for s in made_scores(song, 0.05 if near else -0.05)],
        },
        [LeftOut("x", "Easy", "too short")],
        {"base": (10, 40), "tuned": (20, 40)},
        60.0,
        30.0,
    )


def plan_of(data, work):
    tiny_base()
    return Plan(data, work, "tiny", RECIPE)


def test_ways_are_told_beside_their_nulls(data, tmp_path, monkeypatch):
    monkeypatch.setattr(keytest, "left_out", fake)
    found = run(measure(plan_of(data, tmp_path)))
    within, across = found["ways"]["within Ann"], found["ways"]["from Ann to Ben"]
    assert (within["n_songs"], across["n_songs"]) == (2, 2)
    assert within["arms"]["tuned"]["changes"]["f1_20ms"]["change"] == pytest.approx(0.05)
    assert across["arms"]["tuned"]["gain"] == pytest.approx(-0.05)
    assert within["accuracy"] == {"base": 0.25, "tuned": 0.5}
    assert (within["learning_s"], within["judging_s"]) == (120.0, 60.0)
    assert (within["chosen"]["arm"], across["chosen"]["arm"]) == ("tuned", "base")
    lines = table(json.loads(json.dumps(found["ways"])))
    first = lines[lines.index("within Ann: 2 charts of 2 songs, 3.0 min") :]
    assert "0.700" in first[2]
    assert "+0.050 (+0.050 +0.050)" in first[3]
    assert "0.650 0.660" in first[4]
    assert "chosen: tuned" in first[5]


def test_parts_are_kept_and_not_done_again(data, tmp_path, monkeypatch):
    plan = plan_of(data, tmp_path / "parts")
    plan = replace(plan, recipe=replace(RECIPE, n_steps=1, n_judged=2))
    learned, plain = [], folds.learn

    def learn(work, read, state, learner):
        learned.append(work.folder.path.name)
        yield from plain(work, read, state, learner)

    monkeypatch.setattr(folds, "learn", learn)
    job, done = measure(plan), 0
    for _ in job:
        done = len(list((tmp_path / "parts").glob("*/scores.json")))
        if done == 2:
            break
    job.close()
    assert len(learned) in (2, 3)
    before = list(learned)
    monkeypatch.setattr(keytest, "parts_of", lambda authors: list(parts_of(authors))[:3])
    found = run(measure(plan))
    # The one that was stopped goes on, those before it are not done again.
    assert set(learned[len(before) :]).isdisjoint(before[:2])
    assert len(found["ways"]["within Ann"]["arms"]) == 2
    assert 0 <= found["ways"]["within Ann"]["accuracy"]["tuned"] <= 1


def test_parts_of_another_test_are_not_taken_for_its_own(data, tmp_path, monkeypatch):
    monkeypatch.setattr(keytest, "left_out", fake)
    plan = plan_of(data, tmp_path / "parts")
    assert run(measure(plan)) == run(measure(plan))
    with pytest.raises(EngineError, match="another test; name another --work"):
        run(measure(replace(plan, recipe=replace(RECIPE, n_steps=2))))


def test_what_cannot_be_is_one_line(tmp_path, capsys):
    out = ["--out", str(tmp_path / "a.json")]
    assert main(["--data", str(tmp_path), *out]) == 1
    assert "charts of two authors" in capsys.readouterr().err
    assert main(["--data", str(tmp_path / "none"), *out]) == 1
    assert "two authors" in capsys.readouterr().err
    assert not (tmp_path / "a.json").exists()

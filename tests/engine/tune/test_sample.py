"""The newest draft of a held-out song: what a tuning leaves of it, and what is read again."""

import zipfile
from pathlib import Path

import pytest
from made_tuning import BEAT, TIMING, author, chart_of, request_of, steps_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.song import Song
from chartstudio.engine.tune import job, sample
from chartstudio.engine.tune.sample import Sample
from chartstudio.library.places import open_place


def made(path, mode_id="mania-4k"):
    song = Song(timing=TIMING, charts=(chart_of(1, mode_id),))
    return Sample(path, song, 0, 60 * BEAT, 4.5, 7, "mine 7", "cpu", "float32")


def test_a_tuning_keeps_the_newest_draft_of_a_held_out_song(tmp_path):
    tiny_base()
    charts = author(tmp_path)
    steps_of(job.tune(request_of(charts, draft_every=2)), 6)
    found = sample.read(paths.user_models() / "mine" / "training")
    assert found.step == 0
    assert found.place == (tmp_path / "song-2", "")
    steps_of(job.tune(request_of(charts, "more", draft_every=1)))
    found = sample.read(paths.user_models() / "more" / "training")
    assert (found.step, found.chart.mode, found.chart.name) == (8, "mania-4k", "Hard")
    assert found.song.timing == TIMING
    (candidate,) = found.draft().candidates
    assert candidate.notes == found.chart.notes != chart_of(2).notes
    assert all(found.start <= n.tick < found.end for n in candidate.notes)
    assert candidate.level_reached > 0


def test_songs_that_are_left_out_in_turn_are_drafted_too(tmp_path):
    tiny_base()
    charts = author(tmp_path, ("train", "validation"))[::2]
    run(job.tune(request_of(charts, n_steps=2, judge_every=1, folds=0, draft_every=1)))
    training = paths.user_models() / "mine" / "training"
    found = sample.read(training)
    assert (found.step, found.model, found.place) == (2, "mine 7+2", (tmp_path / "song-1", ""))
    for n in (1, 2):
        assert [p.name for p in (training / f"fold-{n}").iterdir()] == ["scores.json"]


@pytest.mark.parametrize("mode_id", ["mania-4k", "taiko"])
def test_a_sample_comes_back_as_it_was(tmp_path, mode_id):
    assert sample.read(tmp_path) is None
    sample.keep(tmp_path, made(tmp_path, mode_id), 30)
    found = sample.read(tmp_path)
    assert (found.step, found.seed, found.level) == (30, 7, 4.5)
    assert found.chart.notes == chart_of(1, mode_id).notes
    assert [p.name for p in tmp_path.iterdir()] == ["sample.json"]


def test_a_song_in_a_pack_is_found_again(tmp_path):
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for name in ("One/a.ssc", "Two/Deep/b.ssc"):
            archive.writestr(name, "#TITLE:A;")
    bundle = open_place(tmp_path / "pack.zip", "Two/Deep")
    assert made(bundle.path).place == (tmp_path / "pack.zip", "Two/Deep")
    assert made(Path("gone")).place == (Path("gone"), "")


@pytest.mark.parametrize(
    ("was", "now"), [('"step": 30', '"step": "x"'), ('"mode"', '"mood"'), ("{", "[")]
)
def test_a_broken_one_is_told(tmp_path, was, now):
    sample.keep(tmp_path, made(tmp_path), 30)
    file = tmp_path / "sample.json"
    file.write_text(file.read_text().replace(was, now))
    with pytest.raises(EngineError, match=r"sample\.json: cannot be read"):
        sample.read(tmp_path)

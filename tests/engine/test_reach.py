"""Levels asked and reached, and the estimators beside what people said."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from made_engine import song_of, tiny_model

from chartstudio.audio import encode
from chartstudio.core.job import Progress, run
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import checkpoint
from chartstudio.engine.evaluate import reach
from chartstudio.engine.evaluate.cases import Case
from chartstudio.engine.evaluate.reach import Reached, Said
from chartstudio.engine.generate import generate
from chartstudio.engine.levels import Aim, Attempt
from chartstudio.engine.requests import Candidate, Draft, GenerateRequest
from chartstudio.engine.task import prepare
from chartstudio.modes import MODES


@pytest.fixture(scope="module")
def folders(tmp_path_factory, audio):
    root = tmp_path_factory.mktemp("reach")
    model = tiny_model(scripted=False, seed=3)
    checkpoint.save(root / "wild", model.spec, model.net)
    (root / "songs").mkdir()
    wav = encode.wav(audio.samples, audio.rate_hz, "PCM_16")
    (root / "songs" / "clicks.wav").write_bytes(wav)
    return root


def asked(folders, out, *more):
    model, songs = str(folders / "wild"), str(folders / "songs")
    return reach.main(["--model", model, "--data", songs, "--out", str(out), *more])


def test_a_run_leaves_figures_and_a_table(folders, tmp_path, capsys):
    more = ("--modes", "mania-4k,taiko", "--levels", "1.5,2.5,99", "--seeds", "2")
    assert asked(folders, tmp_path, *more) == 0
    found = json.loads((tmp_path / "reach.json").read_text())
    assert [(d["mode"], d["asked"], d["seed"]) for d in found["drafts"]] == [
        (mode, level, seed) for mode in ("mania-4k", "taiko") for level in (1.5, 2.5)
        for seed in (0, 1)
    ]  # fmt: skip
    for d in found["drafts"]:
        assert d["within"] == (abs(d["reached"] - d["asked"]) <= 0.3)
    assert found["within"] == pytest.approx(sum(d["within"] for d in found["drafts"]) / 8, abs=1e-3)
    assert (tmp_path / "reach.txt").read_text() == capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong", [["--levels", "99"], ["--modes", "mania-18k"], ["--data", "nowhere"]]
)
def test_what_cannot_be_run_is_said_in_a_line(folders, tmp_path, capsys, wrong):
    assert asked(folders, tmp_path, "--modes", "taiko", *wrong) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ")


@pytest.mark.parametrize(
    ("mode", "miss", "within"),
    [
        ("mania-4k", 0.3, True),
        ("mania-4k", -0.31, False),
        ("pump-single", -1.0, True),
        ("dance-single", 1.1, False),
        ("beatsaber", 0.3, True),
        ("beatsaber", -0.35, False),
    ],
)
def test_tolerances_are_those_of_the_units(mode, miss, within):
    assert Reached("s", mode, 16, 0, 4.0, 4.0 + miss, 9).within is within


def test_figures_of_a_mode():
    misses = (0.0, 0.1, -0.2, 0.4, -0.9)
    found = reach.of_modes(
        Reached("s", "osu", 16, i, 3.0, 3.0 + m, 9) for i, m in enumerate(misses)
    )
    assert found["osu"]["within"] == 0.6
    assert found["osu"]["median_miss"] == 0.2
    assert found["osu"]["p90_miss"] == 0.7
    assert found["osu"]["mean_signed"] == pytest.approx(-0.12)


def test_the_grid_gets_finer_while_drafts_say_that_it_lacks_lines(audio):
    asked = []

    def draft(request):
        asked.append(request.grid)
        found = Candidate((LaneNote(0, 0, 0, "don"),), 0, 2.0)
        return Draft((found,), "m", "cpu", "float32", lacks_lines=request.grid < 32)

    song = reach.Song("s", audio, TimingMap.constant(120.0))
    drafter = SimpleNamespace(draft=draft)
    found = list(reach.drafts(drafter, song, [MODES["taiko"]], [2.0], 1))
    assert asked == [16, 24, 32]
    assert [one.grid for one in found] == [32]


def test_levels_go_through_the_range():
    for mode in MODES.values():
        low, high = mode.level_range
        levels = reach.levels_of(mode, None)
        assert levels == sorted(levels)
        assert low < levels[0] < levels[-1] < high


def test_what_authors_say():
    timing = TimingMap.constant(120.0)

    def of(mode, name, level=None):
        return reach.said(Case("s", Chart(mode, name, level=level), timing, MODES[mode]))

    assert of("dance-single", "Hard", 9.0).human == 9.0
    assert of("dance-single", "Hard") is None
    assert of("osu", "Someone's Insane").human > of("osu", "Normal").human
    assert of("osu", "A name of its own") is None


def test_agreement_of_estimates():
    said = [Said("s", "dance-single", "", h, e) for h, e in ((1, 2), (2, 1), (3, 6))]
    found = reach._agreement(said)
    assert found["in_order"] == pytest.approx(2 / 3, abs=1e-3)
    assert found["mean_error"] == 1.0
    assert found["mean_abs_error"] == pytest.approx(5 / 3, abs=0.01)
    assert "mean_error" not in reach._agreement([replace(s, mode="osu") for s in said])


def test_estimators_on_human_charts(shared):
    found = reach.of_estimators([shared / "fixtures", shared / "data" / "charted"])
    assert found["mania"]["charts"] >= 27
    assert found["mania"]["in_order"] > 0.85
    assert found["dance"]["mean_abs_error"] < 2


# Where the grid is full


def test_where_the_grid_has_no_room_rows_get_more_notes(audio, timing):
    model = tiny_model(scripted=False, seed=3)
    song = song_of(audio, timing, model.spec.features)
    mode = MODES["mania-4k"]

    def draft(level, **asked):
        request = GenerateRequest(
            audio, timing, Chart(mode.id), 0, 56 * BEAT, level, grid=8, **asked
        )
        return run(generate(prepare(request, mode, model, song)))

    full = draft(6.0, n_times=112).candidates[0]
    assert not draft(full.level_reached).lacks_lines
    thick = draft(full.level_reached + 0.8).candidates[0]
    assert len({n.tick for n in thick.notes}) > 100
    assert len(thick.notes) > len(full.notes) + 5
    assert full.level_reached + 0.4 < thick.level_reached
    assert [i for i in thick.issues if i.severity == "error"] == []
    far = draft(12.0)
    assert far.lacks_lines
    assert "1/8" in far.notice


def told(aim, n_times, thick, level):
    """What is written next after an attempt came out at a level."""
    writer = SimpleNamespace(n_times=n_times, n_left=0, thick=thick, notes=[1])
    return run(aim.next(writer, level, Progress(0.5)))


def aim_at(level, n_lines=100, worth=()):
    request = SimpleNamespace(worth=worth)
    return Aim(SimpleNamespace(level=level, lines=range(n_lines), request=request))


def test_thickness_is_sought_between_too_easy_and_too_hard():
    aim = aim_at(5.0)
    assert told(aim, 100, 0.0, 3.0) == Attempt(100, 3.0)
    assert told(aim, 100, 3.0, 4.0) == Attempt(100, 6.0)
    assert told(aim, 100, 6.0, 6.0) == Attempt(100, 4.5)
    assert told(aim, 100, 4.5, 5.1) is None


def test_thickness_ends_where_nothing_comes_of_it():
    aim = aim_at(9.0)
    for thick in (3.0, 6.0, 9.0):
        assert told(aim, 100, thick - 3.0, 2.0) == Attempt(100, thick)
    assert told(aim, 100, 9.0, 2.0) is None

"""The command line as other programs see it: exit status, standard output, files."""

import json
import shutil
import signal
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rosu_pp_py

from chartstudio.audio import encode
from chartstudio.cli import main
from chartstudio.core import paths
from chartstudio.core.job import Job, Progress
from chartstudio.core.note import LaneNote, slice_notes, sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.formats import read_song, write_song
from chartstudio.formats.bundle import Bundle, save_files

BPM, OFFSET_S = 150.0, 0.35
NOTES = sort_notes(
    [
        *(LaneNote(i * BEAT, i * BEAT, i % 4) for i in range(16)),
        LaneNote(16 * BEAT, 18 * BEAT, 2, "hold"),
    ]
)


def beat_track(seconds: float = 24.0) -> bytes:
    """Kick on the beat, hat between, a bass line by measure: something to chart."""
    rate_hz = 22_050
    time_s = np.arange(int(seconds * rate_hz)) / rate_hz
    rng = np.random.default_rng(1)
    samples = np.zeros_like(time_s)
    beat_s = 60 / BPM
    for i in range(int((seconds - OFFSET_S) / beat_s * 2) - 1):
        at = int((OFFSET_S + i * beat_s / 2) * rate_hz)
        t = np.arange(2000) / rate_hz
        kick = np.sin(2 * np.pi * (60 + 40 * np.exp(-t * 60)) * t) * np.exp(-t * 30)
        # High tones only: noise of all tones would be a snare, and the beat could be its.
        hat = np.diff(rng.normal(size=2001)) * np.exp(-t * 120) * 0.3
        samples[at : at + 2000] += (kick * (1.3 if i % 8 == 0 else 1.0)) if i % 2 == 0 else hat
    bass = np.sin(
        2 * np.pi * 55 * 2 ** (np.floor((time_s - OFFSET_S) / beat_s / 4) % 3 / 12) * time_s
    )
    mixed = (0.6 * samples + 0.1 * bass * (time_s > OFFSET_S)).astype(np.float32)
    return encode.wav(mixed[None], rate_hz, "PCM_16")


@pytest.fixture(scope="module")
def song_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("song")
    charts = (
        Chart("dance-single", "Hard", 9.0, NOTES),
        Chart("dance-single", "Easy", 3.0, NOTES[::2]),
    )
    song = Song(
        Metadata("Title", artist="Artist"), "song.wav", TimingMap.constant(BPM, OFFSET_S), charts
    )
    save_files(folder, {"song.wav": beat_track(), **write_song(song, "ssc")})
    return folder


def chart_file(folder: Path) -> Path:
    return next(folder.glob("*.ssc"))


def answer(capsys: pytest.CaptureFixture[str], *argv: object) -> dict[str, Any]:
    status = main([*(str(a) for a in argv), "--json"])
    out, err = capsys.readouterr()
    assert status == 0, err
    return json.loads(out)


def failure(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    status = main([str(a) for a in argv])
    out, err = capsys.readouterr()
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith("error: ")
    return err


def test_inspect_says_what_a_song_holds(
    song_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "inspect", song_folder, "--notes")
    assert (found["format"], found["title"], found["artist"]) == ("ssc", "Title", "Artist")
    assert (found["audio"], found["audio_found"], found["issues"]) == ("song.wav", True, [])
    assert found["timing"]["anchors"] == [{"tick": 0, "s": OFFSET_S, "bpm": BPM, "meter": 4}]
    hard = found["charts"][0]
    assert (hard["name"], hard["level"], hard["n_notes"]) == ("Hard", 9.0, 17)
    assert hard["counts"] == {"tap": 16, "hold": 1, "roll": 0, "mine": 0, "lift": 0, "fake": 0}
    assert hard["counts"] == hard["counts_all"]
    assert (hard["first_s"], hard["nps_peak"]) == (OFFSET_S, 2.5)
    assert hard["last_s"] == pytest.approx(OFFSET_S + 16 * 60 / BPM)
    assert hard["notes"][-1] == {
        "tick": 16 * BEAT,
        "start_s": pytest.approx(OFFSET_S + 6.4),
        "end_s": pytest.approx(OFFSET_S + 7.2),
        "kind": "hold",
        "lane": 2,
        "playable": True,
    }
    assert "notes" not in answer(capsys, "inspect", song_folder)["charts"][0]


def test_inspect_of_bare_audio_names_it(
    song_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "inspect", song_folder / "song.wav")
    assert (found["format"], found["title"], found["charts"]) == ("audio", "song", [])


def test_everything_also_prints_for_people(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(song_folder), "--notes"]) == 0
    assert main(["check", str(song_folder)]) == 0
    assert main(["models"]) == 0
    assert main(["convert", str(song_folder), "--to", "sm", "--out", str(tmp_path / "sm")]) == 0
    out, err = capsys.readouterr()
    assert "dance-single" in out
    assert "0 issue(s)" in out
    assert "* base" in out
    assert err == ""


def test_check_lists_issues_with_seconds(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jack = (LaneNote(0, 0, 0), LaneNote(BEAT // 12, BEAT // 12, 0))
    song = Song(
        audio="gone.ogg",
        timing=TimingMap.constant(BPM, 1.0),
        charts=(Chart("dance-single", "Hard", 9, jack),),
    )
    save_files(tmp_path, write_song(song, "ssc"))
    found = answer(capsys, "check", chart_file(tmp_path))["issues"]
    assert [i["id"] for i in found] == ["audio-missing", "jack-too-fast"]
    assert found[1] == {
        "chart": "Hard",
        "mode": "dance-single",
        "characteristic": "",
        "severity": "error",
        "start_s": 1.0,
        "end_s": pytest.approx(1.0 + 60 / BPM / 12, abs=1e-4),
        "id": "jack-too-fast",
        "text": found[1]["text"],
        "fixable": False,
    }


def test_convert_works_without_audio_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = Song(audio="gone.ogg", charts=(Chart("dance-single", "Hard", 9, NOTES),))
    save_files(tmp_path / "in", write_song(song, "ssc"))
    status = main(
        ["convert", str(tmp_path / "in"), "--to", "sm", "--out", str(tmp_path / "out"), "--json"]
    )
    out, err = capsys.readouterr()
    assert status == 0
    assert err.startswith("warning: ")
    files = [Path(f) for f in json.loads(out)["files"]]
    assert [f.suffix for f in files] == [".sm"]
    back, _ = read_song(Bundle.open(files[0]))
    assert back.charts[0].notes == NOTES


def test_timing_finds_the_tempo_and_ranks_it(
    song_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "timing", song_folder / "song.wav")
    best = found["candidates"][0]
    assert best["bpm"] == pytest.approx(BPM, abs=0.01)
    phase = (best["offset_s"] - OFFSET_S) / (60 / BPM)
    assert abs(phase - round(phase)) * 60 / BPM < 0.01
    assert found["anchors"][0]["bpm"] == best["bpm"]
    assert found["message"] == ""


def test_timing_of_silence_finds_nothing_and_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = tmp_path / "silent.wav"
    silent.write_bytes(encode.wav(np.zeros((1, 22_050 * 12), np.float32), 22_050))
    found = answer(capsys, "timing", silent)
    assert found["candidates"] == []
    assert found["message"]
    err = failure(
        capsys,
        "draft",
        silent,
        "--mode",
        "dance-single",
        "--level",
        5,
        "--to",
        "ssc",
        "--out",
        tmp_path / "d",
    )
    assert "--bpm" in err
    assert not (tmp_path / "d").exists()


DRAFT = ("--bpm", BPM, "--offset-s", OFFSET_S)


def test_a_draft_becomes_a_playable_folder(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = song_folder / "song.wav"
    asked = ("draft", audio, "--mode", "dance-single", "--level", "4,8", "--candidates", 2, *DRAFT)
    found = answer(capsys, *asked, "--to", "ssc", "--out", tmp_path / "a")
    assert [c["name"] for c in found["charts"]] == ["4", "4-2", "8", "8-2"]
    assert [c["candidate"] for c in found["charts"]] == [1, 2, 1, 2]
    assert all(c["off_grid"] == c["errors"] == 0 < c["n_notes"] for c in found["charts"])
    assert set(found["seconds"]) == {"decode", "timing", "features", "draft", "export"}
    files = {Path(f).suffix for f in found["files"]}
    assert files == {".ssc", ".ogg"}
    back = answer(capsys, "inspect", tmp_path / "a")
    assert back["audio_found"]
    assert [c["n_notes"] for c in back["charts"]] == [c["n_notes"] for c in found["charts"]]
    assert [c["label"] for c in back["charts"]] == ["4", "4-2", "8", "8-2"]
    answer(capsys, *asked, "--to", "ssc", "--out", tmp_path / "b")
    assert chart_file(tmp_path / "a").read_bytes() == chart_file(tmp_path / "b").read_bytes()


def test_a_mania_draft_becomes_an_archive(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = song_folder / "song.wav"
    found = answer(
        capsys,
        "draft",
        audio,
        "--mode",
        "mania-4k",
        "--level",
        2,
        *DRAFT,
        "--to",
        "osz",
        "--out",
        tmp_path,
    )
    (archive,) = found["files"]
    back = answer(capsys, "inspect", archive)
    assert back["format"] == "osz"
    assert back["audio_found"]
    assert back["charts"][0]["n_notes"] == found["charts"][0]["n_notes"]


def n_notes_by_simfile(path: Path) -> int:
    """Notes of a file's only chart, as another reader counts them."""
    with warnings.catch_warnings():
        # It asks setuptools for modules that are about to go.
        warnings.simplefilter("ignore")
        import simfile
        from simfile.notes import NoteData, NoteType
    (chart,) = simfile.open(path).charts
    kinds = (NoteType.TAP, NoteType.HOLD_HEAD, NoteType.ROLL_HEAD)
    return sum(note.note_type in kinds for note in NoteData(chart))


def test_other_programs_read_the_same_counts(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("draft", song_folder / "song.wav", *DRAFT, "--level", "3", "--seed", 5)
    dance = answer(
        capsys, *asked, "--mode", "dance-single", "--to", "ssc", "--out", tmp_path / "ssc"
    )
    mania = answer(capsys, *asked, "--mode", "mania-6k", "--to", "osz", "--out", tmp_path / "osz")
    assert n_notes_by_simfile(chart_file(tmp_path / "ssc")) == dance["charts"][0]["n_notes"] > 0
    with zipfile.ZipFile(mania["files"][0]) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".osu"))
        beatmap = rosu_pp_py.Beatmap(bytes=archive.read(name))
    assert beatmap.n_objects == mania["charts"][0]["n_notes"] > 0
    assert (beatmap.mode, beatmap.cs) == (rosu_pp_py.GameMode.Mania, 6.0)


def test_redrawing_measures_leaves_the_others_alone(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("draft", song_folder, "--mode", "dance-single", "--level", 6, "--range", "2:3")
    err = failure(capsys, *asked, "--to", "ssc", "--out", tmp_path)
    assert "Hard, Easy" in err
    found = answer(capsys, *asked, "--chart", "Hard", "--all", "--to", "project", "--out", tmp_path)
    project = next(Path(f) for f in found["files"] if f.endswith(".chartstudio"))
    song, _ = read_song(Bundle.open(project))
    assert [c.name for c in song.charts] == ["Hard", "Easy", "6"]
    start, end = 4 * BEAT, 12 * BEAT
    outside = [n for n in song.charts[2].notes if not start <= n.tick < end]
    assert outside == [n for n in NOTES if not start <= n.tick < end]
    assert found["charts"][0]["n_times"] == len(
        {n.tick for n in song.charts[2].notes if start <= n.tick < end}
    )


def test_kept_measures_stay_and_the_rest_is_drafted_around_them(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("draft", song_folder, "--mode", "dance-single", "--level", 6, "--chart", "Hard")
    found = answer(capsys, *asked, "--keep", "2,4", "--to", "project", "--out", tmp_path)
    assert found["charts"][0]["errors"] == found["charts"][0]["off_grid"] == 0
    project = next(Path(f) for f in found["files"] if f.endswith(".chartstudio"))
    song, _ = read_song(Bundle.open(project))
    for measure in (2, 4):
        start, end = (measure - 1) * 4 * BEAT, measure * 4 * BEAT
        assert slice_notes(song.charts[0].notes, start, end) == slice_notes(NOTES, start, end)
    drafted = [n for n in song.charts[0].notes if n.tick // (4 * BEAT) not in (1, 3)]
    assert found["charts"][0]["n_times"] == len({n.tick for n in drafted}) > 20
    err = failure(capsys, *asked, "--keep", "999", "--to", "project", "--out", tmp_path)
    assert "after the song" in err


def test_a_song_is_finished_at_the_kept_measures_own_level_and_count(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("draft", song_folder, "--mode", "dance-single", "--chart", "Hard", "--keep", "1,2,4")
    out = ("--to", "project", "--out", tmp_path)
    (chart,) = answer(capsys, *asked, *out)["charts"]
    assert chart["level_asked"] is None
    assert chart["name"] == f"{round(chart['level_reached'], 1):g}"
    # The kept measures have a note on each beat; the song has 58 beats.
    assert 30 <= chart["n_times"] <= 60
    (chart,) = answer(capsys, *asked, "--times", 40, "--level", 5, *out)["charts"]
    assert abs(chart["n_times"] - 40) <= 1
    with pytest.raises(SystemExit) as stopped:
        main([str(a) for a in (*asked[:-2], *out)])
    assert stopped.value.code == 2
    assert "--level is needed" in capsys.readouterr().err


def test_locked_notes_survive(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("draft", song_folder, "--mode", "dance-single", "--level", 7, "--chart", "Hard")
    out = ("--to", "project", "--out", tmp_path)
    found = answer(capsys, *asked, "--lock", "notes", *out)
    project = next(Path(f) for f in found["files"] if f.endswith(".chartstudio"))
    song, _ = read_song(Bundle.open(project))
    assert set(NOTES) < set(song.charts[0].notes)
    assert found["charts"][0]["errors"] == 0


def test_key_bars_are_measures_of_the_song(
    song_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "keybars", song_folder, "-n", 4)
    assert set(found) == {"measures", "coverage", "uncertainty"}
    assert len(set(found["measures"])) == len(found["coverage"]) == len(found["uncertainty"]) == 4
    assert all(1 <= m <= 15 for m in found["measures"])
    assert found["coverage"] == sorted(found["coverage"])
    begun = answer(capsys, "keybars", song_folder, "--chart", "Hard", "-n", 99)
    # The chart has notes in its first five measures.
    assert begun["measures"]
    assert not set(begun["measures"]) & {1, 2, 3, 4, 5}
    assert "Hard, Easy" in failure(capsys, "keybars", song_folder, "--chart", "None", "-n", 4)
    assert "1 or more" in failure(capsys, "keybars", song_folder, "-n", 0)
    assert "missing.ogg" in failure(capsys, "keybars", song_folder / "missing.ogg", "-n", 4)


def test_a_spread_takes_lower_levels_out_of_the_highest(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audio = song_folder / "song.wav"
    asked = ("draft", audio, "--mode", "dance-single", "--level", "2,8,5", "--spread", *DRAFT)
    found = answer(capsys, *asked, "--to", "project", "--out", tmp_path)
    assert [c["name"] for c in found["charts"]] == ["8", "5", "2"]
    reached = [c["level_reached"] for c in found["charts"]]
    assert reached == sorted(reached, reverse=True)
    project = next(Path(f) for f in found["files"] if f.endswith(".chartstudio"))
    song, _ = read_song(Bundle.open(project))
    hard, middle, easy = ({n.tick for n in c.notes} for c in song.charts)
    assert easy < middle < hard


def test_a_painted_density_is_followed(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curve = tmp_path / "density.json"
    curve.write_text(json.dumps([[m, 4 if m % 4 == 1 else 0.5] for m in range(1, 15)]))
    asked = ("draft", song_folder / "song.wav", "--mode", "mania-4k", "--level", 3, *DRAFT)
    found = answer(capsys, *asked, "--density", curve, "--to", "project", "--out", tmp_path / "p")
    project = next(Path(f) for f in found["files"] if f.endswith(".chartstudio"))
    song, _ = read_song(Bundle.open(project))
    measures = [n.tick // (4 * BEAT) for n in song.charts[0].notes]
    busy = sum(m % 4 == 0 for m in measures) / len(measures)
    assert busy > 0.6
    curve.write_text('[[1, "many"]]')
    assert "density curve" in failure(
        capsys, *asked, "--density", curve, "--to", "osz", "--out", tmp_path
    )


def test_layers_and_habits_are_asked_for_by_name(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("draft", song_folder / "song.wav", "--mode", "mania-4k", "--level", 3, *DRAFT)
    out = ("--to", "project", "--out", tmp_path / "p")
    found = answer(capsys, *asked, "--follow", "all", *out)
    assert found["charts"][0]["n_notes"] > 0
    with pytest.raises(SystemExit) as usage:
        main([str(a) for a in (*asked, "--follow", "drums,violin", *out)])
    assert usage.value.code == 2
    assert "'violin' is no layer" in capsys.readouterr().err
    habits = tmp_path / "habits.json"
    habits.write_text('{"swagger": 0.5}')
    assert "swagger" in failure(capsys, *asked, "--style", habits, *out)
    habits.write_text('["holds"]')
    assert "holds no habits" in failure(capsys, *asked, "--style", habits, *out)
    assert "cannot be read" in failure(capsys, *asked, "--style", tmp_path / "none.json", *out)


def test_a_locked_rhythm_keeps_every_time(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("draft", song_folder, "--mode", "dance-single", "--level", 6, "--chart", "Hard")
    out = ("--to", "project", "--out", tmp_path)
    found = answer(capsys, *asked, "--lock", "rhythm", "--seed", 3, *out)
    project = next(Path(f) for f in found["files"] if f.endswith(".chartstudio"))
    song, _ = read_song(Bundle.open(project))
    assert {n.tick for n in song.charts[0].notes} == {n.tick for n in NOTES}
    assert song.charts[0].notes != NOTES
    for option, value in (("--times", 9), ("--spread", None)):
        added = [option] if value is None else [option, value]
        assert "leave" in failure(capsys, *asked, "--lock", "rhythm", *added, *out)
    assert "nothing is left" in failure(capsys, *asked, "--lock", "rhythm,placement", *out)


def test_exact_note_times_are_met(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(
        capsys, "draft", song_folder / "song.wav", "--mode", "mania-5k", "--level", 3, *DRAFT,
        "--times", 70, "--to", "project", "--out", tmp_path,
    )  # fmt: skip
    assert abs(found["charts"][0]["n_times"] - 70) <= 2


BAD_SOURCES = {
    "missing.ogg": None,
    "empty.ogg": b"",
    "text.ogg": b"this is a text, not music\n" * 40,
    "cut.mp3": b"ID3\x04\x00\x00\x00\x00\x00\x00\xff\xfb",
    "empty.ssc": b"",
    "broken.osz": b"PK\x03\x04 and nothing more",
    "broken.chartstudio": b"{",
}


@pytest.mark.parametrize("name", BAD_SOURCES)
def test_bad_sources_fail_in_one_line_that_names_the_file(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = BAD_SOURCES[name]
    if data is not None:
        (tmp_path / name).write_bytes(data)
    out = tmp_path / "out"
    command = (
        "draft",
        tmp_path / name,
        "--mode",
        "mania-4k",
        "--level",
        2,
        "--to",
        "osz",
        "--out",
        out,
    )
    assert name in failure(capsys, *command)
    assert not out.exists()


def test_a_song_too_short_to_chart_fails_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "short.wav"
    short.write_bytes(encode.wav(np.ones((1, 4410), np.float32) * 0.1, 22_050))
    failure(
        capsys,
        "draft",
        short,
        "--mode",
        "mania-4k",
        "--level",
        2,
        "--to",
        "osz",
        "--out",
        tmp_path / "x",
    )


def test_modes_that_cannot_be_drafted_name_those_that_can(
    song_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    err = failure(
        capsys,
        "draft",
        song_folder,
        "--mode",
        "mania-9k",
        "--level",
        2,
        "--to",
        "osz",
        "--out",
        tmp_path,
    )
    assert "mania-7k" in err


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["inspect"],
        ["models", "use"],
        ["timing", "x.ogg", "--range", "5:2"],
        ["draft", "x", "--mode", "mania-4k", "--level", "hard", "--to", "osz", "--out", "o"],
        ["draft", "x", "--mode", "osu", "--level", "2", "--to", "osz", "--lock", "x", "--out", "o"],
        ["keybars", "x", "-n", "some"],
        [
            "draft",
            "x",
            "--mode",
            "mania-4k",
            "--level",
            "2",
            "--to",
            "osz",
            "--out",
            "o",
            "--range",
            "4:2",
        ],
    ],
)
def test_wrong_calls_are_usage_errors(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    assert capsys.readouterr().out == ""


def test_a_model_can_be_chosen_and_the_shipped_one_stays(
    own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(paths.shipped_models() / "base", own_home / "models" / "mine")
    assert {m["name"] for m in answer(capsys, "models")["models"]} == {"base", "mine"}
    chosen = {m["name"]: m["active"] for m in answer(capsys, "models", "use", "mine")["models"]}
    assert chosen == {"base": False, "mine": True}
    left = answer(capsys, "models", "remove", "mine")["models"]
    assert [(m["name"], m["active"]) for m in left] == [("base", True)]
    assert "ships with" in failure(capsys, "models", "remove", "base")
    assert "no model" in failure(capsys, "models", "use", "theirs")


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl+C as a terminal gives it: what runs in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_that_a_library_swallows_still_cancels(
    song_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = []

    def export(*args: object) -> Job[object]:
        try:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            yield Progress(0.5)
            steps.append("went on")
        finally:
            steps.append("closed")

    monkeypatch.setattr("chartstudio.cli.convert.carry_out", export)
    status = main(["convert", str(song_folder), "--to", "sm", "--out", str(tmp_path)])
    assert (status, steps) == (130, ["closed"])
    assert capsys.readouterr().err == "cancelled\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_is_130_and_leaves_nothing(
    song_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("chartstudio.formats.bundle.os.fsync", interrupt)
    status = main(["convert", str(song_folder), "--to", "sm", "--out", str(tmp_path / "out")])
    assert status == 130
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_an_empty_path_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["inspect", ""])
    assert stopped.value.code == 2
    assert "name a file or a folder" in capsys.readouterr().err


def test_an_interrupt_while_the_commands_load_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from chartstudio.cli import commands

    def interrupted(argv: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupted)
    assert main(["models"]) == 130
    assert capsys.readouterr().err == "cancelled\n"

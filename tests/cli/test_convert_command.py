"""The convert command: losses first, then files; nothing converted in silence."""

import json
from pathlib import Path

import numpy as np
import pytest

from chartstudio.audio import encode
from chartstudio.cli import main
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.editor.settings import Settings, save
from chartstudio.formats import FORMATS, read_song, write_song
from chartstudio.formats.bundle import Bundle, save_archive, save_files

OGG = encode.ogg_vorbis(np.zeros((2, 4410), np.float32), 44_100)
NOTES = tuple(LaneNote(i * BEAT, i * BEAT, i % 4) for i in range(4))
MINES = (*NOTES, LaneNote(9 * BEAT, 9 * BEAT, 0, "mine"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    charts = (Chart("dance-single", "Hard", 9, MINES),)
    song = Song(Metadata("Title", artist="Artist"), "song.ogg", charts=charts)
    save_files(tmp_path / "in", {"song.ogg": OGG, "note.txt": b"x", **write_song(song, "ssc")})
    return tmp_path / "in"


def test_losses_are_printed_before_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder.parent / "out"
    assert main(["convert", str(folder), "--to", "osz", "--out", str(out)]) == 0
    printed, err = capsys.readouterr()
    lines = printed.splitlines()
    assert lines[-1] == str(out / "Artist - Title.osz")
    assert all(line.startswith("lost: ") for line in lines[:-1])
    assert any("Hard: converted from" in line for line in lines)
    assert "lost: Hard: mines are left out (1)" in lines
    assert err == ""


def test_json_holds_files_and_losses_and_nothing_else(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.parent / "out"
    assert main(["convert", str(folder), "--to", "osz", "--out", str(out), "--json"]) == 0
    printed, err = capsys.readouterr()
    answer = json.loads(printed)
    assert set(answer) == {"files", "losses"}
    assert all(set(loss) == {"chart", "what", "n"} for loss in answer["losses"])
    assert {"chart": "Hard", "what": "mines are left out", "n": 1} in answer["losses"]
    assert [Path(f).name for f in answer["files"]] == ["Artist - Title.osz"]
    assert "converted to another mode" in err


def test_one_format_of_the_family_takes_everything_along(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.parent / "out"
    assert main(["convert", str(folder), "--to", "sm", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["losses"] == []
    assert {p.name for p in out.iterdir()} == {"Title.sm", "song.ogg", "note.txt"}


def test_an_archive_of_the_same_format_comes_back_byte_for_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = Song(Metadata("T"), "song.ogg", charts=(Chart("mania-4k", "Hard", 3.0, NOTES),))
    source = tmp_path / "a.osz"
    files = {**write_song(song, "osz"), "song.ogg": OGG, "a.osb": b"[Events]", "s/x.wav": b"x"}
    save_archive(source, files)
    assert main(["convert", str(source), "--to", "osz", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "lost" not in printed
    back = Bundle.open(Path(printed.strip()))
    assert {name: back[name] for name in back} == files


def test_a_format_that_holds_no_chart_fails_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = Song(Metadata("T"), charts=(Chart("catch", "Hard", 3.0, NOTES),))
    save_files(tmp_path / "in", write_song(song, "project"))
    for format_id in ("osz", "ssc"):
        argv = ["convert", str(tmp_path / "in"), "--to", format_id, "--out", str(tmp_path / "out")]
        assert main(argv) == 1
        printed, err = capsys.readouterr()
        assert printed == ""
        assert err.count("\n") == 1
        assert err.startswith("error: ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "argv", [[], ["x"], ["x", "--to", "ssc"], ["x", "--to", "nil", "--out", "y"]]
)
def test_a_wrong_call_is_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["convert", *argv])
    assert stop.value.code == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("format_id", [f.id for f in FORMATS])
def test_every_format_can_be_asked_for(
    format_id: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A song for pads goes where it can; elsewhere it is one line."""
    out = folder.parent / format_id
    status = main(["convert", str(folder), "--to", format_id, "--out", str(out)])
    printed, err = capsys.readouterr()
    if status == 0:
        paths = [Path(line) for line in printed.splitlines() if not line.startswith("lost: ")]
        assert paths
        assert all(path.is_file() for path in paths)
        song, _ = read_song(Bundle.open(paths[0] if len(paths) == 1 else out))
        assert song.charts
    else:
        assert (status, err.count("\n"), out.exists()) == (1, 1, False)


def test_the_remembered_sync_holds_for_songs_that_were_not_synced_yet(
    folder: Path, own_home: Path
) -> None:
    save(Settings(sync="itg"))
    song, _ = read_song(Bundle.open(folder))
    save_files(folder.parent / "osu", write_song(_as_mania(song), "osz"))
    kept, new = folder.parent / "kept", folder.parent / "new"
    assert main(["convert", str(folder), "--to", "sm", "--out", str(kept)]) == 0
    assert main(["convert", str(folder.parent / "osu"), "--to", "sm", "--out", str(new)]) == 0
    assert "#OFFSET:0;" in (kept / "Title.sm").read_text("utf-8")
    assert "#OFFSET:0.009;" in (new / "Title.sm").read_text("utf-8")


def _as_mania(song: Song) -> Song:
    return Song(song.metadata, "song.ogg", song.timing, (Chart("mania-4k", "4K", 3.0, NOTES),))


@pytest.mark.parametrize(
    ("folder_name", "format_id"),
    [
        ("stepmania/Springtime", "ssc"),
        ("stepmania/nekonabe", "sm"),
        ("osu", "osz"),
        ("beatsaber/JOURNEY", "beatsaber-v3"),
        ("beatsaber/werewolf howls", "beatsaber-v2"),
    ],
)
def test_real_charts_without_their_audio_come_back_byte_for_byte(
    folder_name: str, format_id: str, shared: Path, tmp_path: Path
) -> None:
    source = shared / "fixtures" / folder_name
    assert main(["convert", str(source), "--to", format_id, "--out", str(tmp_path)]) == 0
    archives = list(tmp_path.glob("*.osz"))
    written = Bundle.open(archives[0] if archives else tmp_path)
    for path in source.iterdir():
        assert written[path.name] == path.read_bytes(), path.name

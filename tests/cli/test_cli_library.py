"""The library commands about the author's songs."""

import json
from pathlib import Path

import numpy as np
import pytest

from chartstudio.audio import encode
from chartstudio.cli import main
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.formats import write_song
from chartstudio.formats.bundle import save_files
from chartstudio.library.catalog import Catalog

OGG = encode.ogg_vorbis(np.zeros((1, 44_100), np.float32), 44_100)


def put(folder: Path, title: str, mode: str, fmt: str, audio: bytes | None = OGG) -> None:
    notes = tuple(LaneNote(i * 20_160, i * 20_160, i % 4) for i in range(8))
    made = Song(Metadata(title, artist="Me"), "song.ogg", charts=(Chart(mode, "Hard", 7.0, notes),))
    extra = {} if audio is None else {"song.ogg": audio}
    save_files(folder / title, {**extra, **write_song(made, fmt)})


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "Songs"
    put(folder, "One", "dance-single", "ssc")
    put(folder, "Two", "mania-4k", "osz")
    put(folder, "Mute", "dance-single", "sm", None)
    return folder


def answer(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, object]:
    assert main(["library", *argv, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_folders_are_added_scanned_and_listed(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added = answer(capsys, "add", str(songs))
    assert (added["folder"], added["songs"], added["new"]) == (str(songs), 3, 3)
    assert answer(capsys, "list") == {
        "songs": [
            {
                "title": "Mute",
                "artist": "Me",
                "charts": 1,
                "excluded": "its audio song.ogg is missing",
            },
            {"title": "One", "artist": "Me", "charts": 1, "excluded": ""},
            {"title": "Two", "artist": "Me", "charts": 1, "excluded": ""},
        ]
    }
    quick = answer(capsys, "scan", "--headers")
    assert quick == {"songs": 3, "new": 0, "changed": 0, "moved": 0, "gone": 0, "broken": 0}
    scanned = answer(capsys, "scan", "--workers", "1")
    assert (scanned["read"], scanned["duplicates"]) == (3, 1)
    with Catalog() as catalog:
        assert all(s.is_filled for s in catalog.songs())


def test_lists_are_filtered(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "add", str(songs)]) == 0
    assert "3 songs in the library: 3 new" in capsys.readouterr().out

    def titles(*argv: str) -> list[str]:
        found = answer(capsys, "list", *argv)["songs"]
        assert isinstance(found, list)
        return [s["title"] for s in found]

    assert titles("--search", "on") == ["One"]
    assert titles("--search", "artist:me two") == ["Two"]
    assert titles("--mode", "dance-single") == ["Mute", "One"]
    assert titles("--mode", "mania") == ["Two"]
    assert titles("--excluded") == ["Mute"]
    assert titles("--level", "7:", "--mode", "dance") == ["Mute", "One"]
    assert titles("--level", "8:9") == []
    assert main(["library", "list"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("Me - Mute   left out: its audio song.ogg is missing")
    assert out[-1] == "3 songs, 1 left out of training"


def test_an_empty_library_lists_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "list") == {"songs": []}
    assert main(["library", "scan"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "library add DIR" in err


def test_no_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "add", str(tmp_path / "gone")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert (
        err == f"error: {tmp_path / 'gone'}: is no folder; name the folder that holds the songs\n"
    )


@pytest.mark.parametrize(
    "argv", [["add"], ["scan", "--workers", "0"], ["list", "--level", "a:b"], ["list", "x"]]
)
def test_a_wrong_call_is_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["library", *argv])
    assert stop.value.code == 2


def test_a_spoilt_library_is_told_once(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "add", str(songs)]) == 0
    with Catalog() as catalog:
        file = catalog.folder / "library.sqlite3"
    file.write_bytes(b"no database" * 500)
    capsys.readouterr()
    assert main(["library", "scan", "--headers"]) == 0
    out, err = capsys.readouterr()
    assert "begun anew" in err
    assert "3 songs in the library: 3 new" in out


def test_songs_are_picked_by_hand_and_folders_taken_out(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(capsys, "add", str(songs))
    answer(capsys, "scan", "--workers", "1")

    def excluded() -> dict[str, str]:
        found = answer(capsys, "list")["songs"]
        assert isinstance(found, list)
        return {s["title"]: s["excluded"] for s in found}

    assert answer(capsys, "pick", "leave", str(songs / "One")) == {"picked": 1, "refused": []}
    assert excluded()["One"] == "left out by hand"
    assert len(answer(capsys, "list", "--reason", "hand")["songs"]) == 1  # type: ignore[arg-type]
    refused = answer(capsys, "pick", "take", str(songs / "One"), str(songs / "Mute"))
    assert refused["picked"] == 1
    assert "song.ogg is missing" in str(refused["refused"])
    assert excluded()["One"] == ""
    capsys.readouterr()
    assert main(["library", "list", "--charter", "nobody"]) == 0
    assert "training would use 0 songs" in capsys.readouterr().err
    assert main(["library", "list"]) == 0
    err = capsys.readouterr().err
    assert "training would use 2 songs, 2 charts, 0.0 hours" in err
    assert "left out: 1 songs, 1 charts: no audio" in err
    for argv in (["pick", "take", str(songs / "gone")], ["remove", str(songs / "One")]):
        assert main(["library", *argv]) == 1
        assert capsys.readouterr().err.count("\n") == 1
    assert answer(capsys, "remove", str(songs)) == {"folder": str(songs), "songs": 0}
    assert (songs / "One").is_dir()

"""The library commands: found games, and a song put into one."""

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
from chartstudio.library.machine import Machine

OGG = encode.ogg_vorbis(np.zeros((2, 4410), np.float32), 44_100)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer with ITGmania on it."""
    home = tmp_path / "home"
    (home / ".itgmania" / "Songs").mkdir(parents=True)
    machine = Machine("linux", home, root=tmp_path)
    monkeypatch.setattr(Machine, "here", lambda: machine)
    return home


@pytest.fixture
def song(tmp_path: Path) -> Path:
    chart = Chart("mania-4k", "Hard", 3.0, (LaneNote(0, 0, 0), LaneNote(20_160, 20_160, 1)))
    made = Song(Metadata("Title", artist="Artist"), "song.ogg", charts=(chart,))
    save_files(tmp_path / "in", {"song.ogg": OGG, **write_song(made, "osz")})
    return tmp_path / "in"


def test_games_are_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["library", "games", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "games": [
            {
                "id": "itgmania",
                "path": str(home / ".itgmania"),
                "songs": str(home / ".itgmania" / "Songs"),
            }
        ]
    }
    assert main(["library", "games"]) == 0
    assert "itgmania" in capsys.readouterr().out


def test_no_game_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine("linux", tmp_path, root=tmp_path)
    monkeypatch.setattr(Machine, "here", lambda: machine)
    assert main(["library", "games", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"games": []}
    assert main(["library", "games"]) == 0
    assert "no game" in capsys.readouterr().out


def test_a_song_is_installed_with_its_losses_told(
    home: Path, song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["library", "install", str(song), "--game", "itgmania", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"files", "losses"}
    place = home / ".itgmania" / "Songs" / "chartstudio" / "Artist - Title"
    pack = place.parent / "Pack.ini"
    assert {Path(f) for f in answer["files"]} == {place / "Title.ssc", place / "song.ogg", pack}
    assert all(Path(f).is_file() for f in answer["files"])
    assert any("converted from" in loss["what"] for loss in answer["losses"])
    assert main(["library", "install", str(song), "--game", "itgmania"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("lost: ")
    assert str(place / "Title.ssc") in lines
    assert {p.name for p in place.parent.iterdir()} == {place.name, pack.name}


def test_a_game_that_is_not_here_is_one_line(
    home: Path, song: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["library", "install", str(song), "--game", "beat-saber"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: beat-saber was not found on this computer; there is itgmania\n"
    assert main(["library", "install", str(song / "gone"), "--game", "itgmania"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["install"],
        ["install", "x"],
        ["install", "x", "--game", "chess"],
        ["install", "x", "--game"],
        ["sing"],
    ],
)
def test_a_wrong_call_is_status_2(
    argv: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["library", *argv])
    assert stop.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv", [["convert"], ["library"], ["library", "games"], ["library", "install"]]
)
def test_every_command_explains_itself(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*argv, "--help"])
    assert stop.value.code == 0
    assert "usage: chartstudio" in capsys.readouterr().out

"""Songs go into games whole or not at all, and over nothing that is not ours."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.audio import encode
from chartstudio.core.errors import FormatError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.formats import FORMATS, bundle, read_song
from chartstudio.formats.bundle import Bundle
from chartstudio.library.games import FILE, PACK, Game
from chartstudio.library.install import MARKER, install, plan_for, start_program
from chartstudio.modes.beatsaber.notes import ColorNote

OGG = encode.ogg_vorbis(np.zeros((2, 4410), np.float32), 44_100)
SONG = Song(
    Metadata("Title", artist="Artist"),
    "song.ogg",
    charts=(Chart("dance-single", "Hard", 9, (LaneNote(0, 0, 0),)),),
)
NAME = "Artist - Title"


def stepmania(folder: Path) -> Game:
    return Game("itgmania", "ITGmania", folder, folder / "Songs", ("ssc", "sm"), PACK)


def installed(game: Game, song: Song = SONG, source_format: str | None = None):
    return run(install(plan_for(song, {"song.ogg": OGG}, game, source_format), game))


def everything_in(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*")}


def test_a_song_becomes_a_folder_in_our_pack(tmp_path: Path) -> None:
    done = installed(stepmania(tmp_path))
    place = tmp_path / "Songs" / PACK / NAME
    assert sorted(done.files) == [place / "Title.ssc", place / "song.ogg"]
    assert everything_in(place) == {"Title.ssc", "song.ogg", MARKER}
    assert read_song(Bundle.open(place))[1] == "ssc"
    assert everything_in(tmp_path / "Songs") == {
        PACK,
        *(f"{PACK}/{n}" for n in (NAME, *(f"{NAME}/{f}" for f in everything_in(place)))),
    }


def test_a_song_of_the_game_keeps_its_format(tmp_path: Path) -> None:
    done = installed(stepmania(tmp_path), source_format="sm")
    assert any(p.suffix == ".sm" for p in done.files)
    assert not any(p.suffix == ".ssc" for p in done.files)


def test_installing_again_replaces_what_is_ours(tmp_path: Path) -> None:
    game = stepmania(tmp_path)
    installed(game)
    changed = replace(SONG, charts=(replace(SONG.charts[0], level=12.0),))
    installed(game, changed)
    (place,) = (tmp_path / "Songs" / PACK).iterdir()
    assert read_song(Bundle.open(place))[0].charts[0].level == 12


def test_what_somebody_else_put_there_stays(tmp_path: Path) -> None:
    game = stepmania(tmp_path)
    foreign = tmp_path / "Songs" / PACK / NAME
    foreign.mkdir(parents=True)
    (foreign / "Title.ssc").write_text("mine")
    done = installed(game)
    assert {p.parent.name for p in done.files} == {f"{NAME} 2"}
    assert (foreign / "Title.ssc").read_text() == "mine"
    # The one with the number is ours, so it is taken again.
    assert {p.parent.name for p in installed(game).files} == {f"{NAME} 2"}
    assert everything_in(foreign) == {"Title.ssc"}


@pytest.mark.parametrize("change", ["edit", "add", "remove"])
def test_what_was_changed_since_stays(change: str, tmp_path: Path) -> None:
    game = stepmania(tmp_path)
    installed(game)
    place = tmp_path / "Songs" / PACK / NAME
    if change == "edit":
        (place / "Title.ssc").write_text("edited in the game")
    elif change == "add":
        (place / "lyrics.lrc").write_text("la")
    else:
        (place / "song.ogg").unlink()
    before = {p: p.read_bytes() for p in place.iterdir()}
    assert {p.parent.name for p in installed(game).files} == {f"{NAME} 2"}
    assert {p: p.read_bytes() for p in place.iterdir()} == before


def test_another_song_of_the_same_folder_name_stays(tmp_path: Path) -> None:
    game = stepmania(tmp_path)
    one = replace(SONG, metadata=Metadata("A/B", artist="Artist"))
    two = replace(SONG, metadata=Metadata("A_B", artist="Artist"))
    for song in (one, two, one, two):
        installed(game, song)
    assert sorted(p.name for p in (tmp_path / "Songs" / PACK).iterdir()) == [
        "Artist - A_B",
        "Artist - A_B 2",
    ]


def test_a_file_or_link_of_the_name_stays(tmp_path: Path) -> None:
    game = stepmania(tmp_path)
    pack = tmp_path / "Songs" / PACK
    pack.mkdir(parents=True)
    (pack / NAME).symlink_to(tmp_path / "nowhere")
    (pack / f"{NAME} 2").write_text("a file")
    assert {p.parent.name for p in installed(game).files} == {f"{NAME} 3"}
    assert (pack / NAME).is_symlink()


def test_links_of_the_game_are_followed_first(tmp_path: Path) -> None:
    shared = tmp_path / "SharedMaps"
    shared.mkdir()
    (tmp_path / "Songs").symlink_to(shared)
    done = installed(stepmania(tmp_path))
    assert {p.parent for p in done.files} == {shared / PACK / NAME}


def test_an_archive_format_is_unpacked_in_a_game_of_folders(tmp_path: Path) -> None:
    game = Game("osu-stable", "osu! (stable)", tmp_path, tmp_path / "Songs", ("osz",))
    mania = replace(SONG, charts=(replace(SONG.charts[0], mode="mania-4k"),))
    done = installed(game, mania)
    place = tmp_path / "Songs" / NAME
    assert {p.parent for p in done.files} == {place}
    assert {p.suffix for p in done.files} == {".osu", ".ogg"}


def test_a_map_lies_directly_in_its_folder(tmp_path: Path) -> None:
    levels = tmp_path / "Beat Saber_Data" / "CustomWIPLevels"
    formats = tuple(f.id for f in FORMATS if f.family == "beatsaber")
    game = Game("beat-saber-wip", "Beat Saber", tmp_path, levels, formats)
    notes = (ColorNote(0, 0, 1, 0, 0, 1), ColorNote(20_160, 20_160, 2, 0, 1, 1))
    made = replace(SONG, charts=(Chart("beatsaber", "Expert", 4.0, notes),))
    done = installed(game, made)
    assert {p.parent for p in done.files} == {levels / NAME}
    assert {"Info.dat", "cover.png", MARKER} <= {p.name for p in (levels / NAME).iterdir()}
    # Read again and installed from there, it is the same song.
    read, format_id = read_song(Bundle.open(levels / NAME))
    plan = plan_for(read, Bundle.open(levels / NAME), game, format_id)
    assert plan.losses == ()
    assert {p.parent for p in run(install(plan, game)).files} == {levels / NAME}


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_leads_out_of_the_songs_folder(tmp_path_factory, artist: str, title: str) -> None:
    folder = tmp_path_factory.mktemp("game")
    song = replace(SONG, metadata=Metadata(title, artist=artist))
    try:
        done = installed(stepmania(folder), song)
    except FormatError:
        # Names that the file system itself refuses.
        assert everything_in(folder) - {"Songs", f"Songs/{PACK}"} == set()
        return
    pack = folder / "Songs" / PACK
    assert len({p.parent for p in done.files}) == 1
    assert all(p.parent.parent == pack and p.is_file() for p in done.files)
    assert [p.name for p in pack.iterdir()] == [done.files[0].parent.name]


# What goes wrong -------------------------------------------------------------------------


class Killed(BaseException):
    """The program ends here."""


@pytest.mark.parametrize("where", ["write", "rename"])
def test_a_failure_leaves_the_old_song_and_nothing_else(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = stepmania(tmp_path)
    installed(game)
    place = tmp_path / "Songs" / PACK / NAME
    before = {p.name: p.read_bytes() for p in place.iterdir()}
    changed = replace(SONG, charts=(replace(SONG.charts[0], level=12.0),))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    rename = Path.rename

    def busy(self: Path, target: Path) -> Path:
        if target == place and self.name.startswith(".tmp-") and (self / "busy").exists() is False:
            monkeypatch.setattr(Path, "rename", rename)
            raise PermissionError(13, "in use")
        return rename(self, target)

    if where == "write":
        monkeypatch.setattr("chartstudio.formats.bundle.os.fsync", full)
    else:
        monkeypatch.setattr(Path, "rename", busy)
    with pytest.raises(FormatError):
        installed(game, changed)
    assert [p.name for p in place.parent.iterdir()] == [NAME]
    assert {p.name: p.read_bytes() for p in place.iterdir()} == before


def test_a_failure_in_an_empty_game_leaves_it_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "Songs").mkdir()
    monkeypatch.setattr("chartstudio.formats.bundle.os.fsync", full)
    with pytest.raises(FormatError, match="full"):
        installed(stepmania(tmp_path))
    assert everything_in(tmp_path) == {"Songs"}


def test_a_killed_program_leaves_no_half_song_and_is_cleaned_up_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = stepmania(tmp_path)
    pack = tmp_path / "Songs" / PACK
    n_writes = 0
    save = bundle._write

    def killed(path: Path, data: bytes) -> None:
        nonlocal n_writes
        n_writes += 1
        if n_writes > 2:
            raise Killed
        save(path, data)

    monkeypatch.setattr("chartstudio.formats.bundle._write", killed)
    monkeypatch.setattr("chartstudio.library.install.shutil.rmtree", lambda *a, **k: None)
    with pytest.raises(Killed):
        installed(game)
    monkeypatch.undo()
    (left,) = pack.iterdir()
    assert left.name.startswith(".tmp-")
    fresh = pack / f".tmp-{'0' * 32}"
    fresh.mkdir()
    (fresh / MARKER).write_bytes(b"")
    stranger = pack / ".tmp-mine"
    stranger.mkdir()
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(left, (long_ago, long_ago))
    os.utime(stranger, (long_ago, long_ago))
    installed(game)
    assert {p.name for p in pack.iterdir()} == {NAME, fresh.name, stranger.name}


def test_a_cancelled_installation_leaves_nothing(tmp_path: Path) -> None:
    game = stepmania(tmp_path)
    job = install(plan_for(SONG, {"song.ogg": OGG}, game), game)
    for _ in range(2):
        next(job)
    job.close()
    assert everything_in(tmp_path) == set()


# Games that are handed their songs -------------------------------------------------------


def lazer(folder: Path, *command: str) -> Game:
    return Game("osu-lazer", "osu! (lazer)", folder, None, ("osz",), command=command)


MANIA = replace(SONG, charts=(replace(SONG.charts[0], mode="mania-4k"),))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr("chartstudio.library.install.tempfile.tempdir", str(folder))
    return folder


def test_lazer_gets_a_copy_of_its_own(tmp_path: Path, temporary: Path) -> None:
    started = []
    game = lazer(tmp_path / "data", "run", FILE, "--now")
    done = run(install(plan_for(MANIA, {"song.ogg": OGG}, game), game, started.append))
    (path,) = done.files
    assert started == [("run", str(path), "--now")]
    assert path.name == f"{NAME}.osz"
    assert path.is_relative_to(temporary)
    assert read_song(Bundle.open(path))[0].charts[0].mode == "mania-4k"
    assert not (tmp_path / "data").exists()


def test_without_its_program_the_way_to_import_is_said(tmp_path: Path, temporary: Path) -> None:
    def missing(command: tuple[str, ...]) -> None:
        raise FileNotFoundError(command[0])

    for game in (lazer(tmp_path), lazer(tmp_path, "gone", FILE)):
        done = run(install(plan_for(MANIA, {"song.ogg": OGG}, game), game, missing))
        assert f"drag {done.files[0]}" in done.losses[-1].what
        assert done.files[0].is_file()


def test_a_program_is_started_and_not_waited_for(tmp_path: Path) -> None:
    there = tmp_path / "there"
    start_program((sys.executable, "-c", f"open({str(there)!r}, 'w').close()"))
    for _ in range(500):
        if there.exists():
            break
        time.sleep(0.02)
    assert there.exists()
    with pytest.raises(OSError):  # noqa: PT011
        start_program((str(tmp_path / "no program"),))


def test_a_program_has_no_way_to_our_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    class Popen:
        def __init__(self, command, **how):
            asked.update(how)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    start_program(("x",))
    assert {asked[name] for name in ("stdin", "stdout", "stderr")} == {subprocess.DEVNULL}

"""Songs and the packs that they go into say the same about sync."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chartstudio.audio import encode
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.formats import read_song, write_song
from chartstudio.formats.bundle import Bundle
from chartstudio.library import packs, sync
from chartstudio.library.export import Exported
from chartstudio.library.games import PACK, Game, find_games
from chartstudio.library.install import MARKER, install, plan_for
from chartstudio.library.machine import Machine

OGG = encode.ogg_vorbis(np.zeros((2, 4410), np.float32), 44_100)
NOTES = (LaneNote(4 * BEAT, 4 * BEAT, 0),)
SONG = Song(
    Metadata("Title", artist="Artist"),
    "song.ogg",
    TimingMap.constant(150.0, 0.1),
    (Chart("dance-single", "Hard", 9, NOTES),),
)


@pytest.fixture
def game(tmp_path: Path) -> Game:
    return Game(
        "itgmania", "ITGmania", tmp_path, tmp_path / "Songs", ("ssc", "sm"), PACK, reads_packs=True
    )


def put(game: Game, song: Song = SONG, synced: str = sync.NULL) -> Exported:
    return run(install(plan_for(song, {"song.ogg": OGG}, game, None, synced), game))


def pack_of(game: Game) -> Path:
    assert game.songs is not None
    return game.songs / PACK


def said(done: Exported) -> str:
    return "; ".join(loss.what for loss in done.losses)


def first_beat_s(done: Exported) -> float:
    return read_song(Bundle.open(done.files[0].parent))[0].timing.seconds_at(0)


@pytest.mark.parametrize(
    ("synced", "value", "beat_s"),
    [(sync.NULL, "NULL", 0.1), (sync.ITG, "ITG", 0.091), (sync.KEEP, "NULL", 0.1)],
)
def test_a_new_pack_says_how_its_songs_are_synced(
    synced: str, value: str, beat_s: float, game: Game
) -> None:
    done = put(game, synced=synced)
    ini = pack_of(game) / "Pack.ini"
    assert ini.read_text() == f"[Group]\nVersion=1\nSyncOffset={value}\n"
    assert packs.read_sync(ini.read_text()) == {"NULL": sync.NULL, "ITG": sync.ITG}[value]
    assert ini in done.files
    assert first_beat_s(done) == pytest.approx(beat_s)
    assert "Pack" not in said(done)


def test_a_pack_that_is_there_decides_and_that_is_said(game: Game) -> None:
    put(game, synced=sync.ITG)
    text = (pack_of(game) / "Pack.ini").read_bytes()
    other = replace(SONG, metadata=Metadata("Other", artist="Artist"))
    done = put(game, other, sync.NULL)
    assert first_beat_s(done) == pytest.approx(0.091)
    assert "ITG sync instead of NULL, because Pack.ini" in said(done)
    assert (pack_of(game) / "Pack.ini").read_bytes() == text
    assert said(put(game, replace(SONG, metadata=Metadata("Third")), sync.ITG)).count("Pack") == 0


def test_a_song_that_came_with_itg_sync_is_moved_for_a_pack_of_null(game: Game) -> None:
    put(game)
    itg = sync.marked_itg(True)(replace(SONG, metadata=Metadata("Came so")))
    done = put(game, itg, sync.KEEP)
    assert first_beat_s(done) == pytest.approx(0.109)
    assert "NULL sync instead of ITG" in said(done)


def test_a_pack_with_songs_of_others_gets_no_file_and_that_is_said(game: Game) -> None:
    (pack_of(game) / "Somebody's song").mkdir(parents=True)
    done = put(game)
    assert not (pack_of(game) / "Pack.ini").exists()
    assert "has no Pack.ini" in said(done)
    assert "9 ms off" in said(done)
    assert "SyncOffset=NULL" in said(done)
    # The game's own default would be right for ITG sync: nothing to say.
    assert "Pack.ini" not in said(put(game, replace(SONG, metadata=Metadata("B")), sync.ITG))


def test_what_the_player_has_chosen_is_the_default(game: Game) -> None:
    (pack_of(game) / "Somebody's song").mkdir(parents=True)
    (game.path / "Save").mkdir()
    (game.path / "Save" / "Preferences.ini").write_text("[Options]\nDefaultSyncOffset=NULL\n")
    assert "Pack.ini" not in said(put(game))
    assert "NULL sync (DefaultSyncOffset)" in said(put(game, synced=sync.ITG))


def test_songs_that_we_put_there_before_are_told_of(game: Game) -> None:
    put(replace(game, reads_packs=False))
    assert not (pack_of(game) / "Pack.ini").exists()
    done = put(game, replace(SONG, metadata=Metadata("Second")))
    assert (pack_of(game) / "Pack.ini").exists()
    assert "holds for the 1 song(s) there too" in said(done)


def test_a_song_whose_sync_nobody_knows_founds_no_pack(game: Game, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    for data in write_song(SONG, "ssc").values():
        (folder / "old.ssc").write_bytes(data)
    (folder / "song.ogg").write_bytes(OGG)
    song, _ = read_song(Bundle.open(folder))
    assert sync.came_with_choice(song)
    done = put(game, song, sync.KEEP)
    assert not (pack_of(game) / "Pack.ini").exists()
    assert "cannot be told" in said(done)
    chosen = put(game, song, sync.NULL)
    assert (pack_of(game) / "Pack.ini").exists()
    assert "cannot be told" not in said(chosen)


def test_stepmania_reads_no_such_file(game: Game) -> None:
    done = put(replace(game, id="stepmania", title="StepMania 5", reads_packs=False))
    assert not (pack_of(game) / "Pack.ini").exists()
    assert "Pack" not in said(done)


def test_a_file_that_comes_in_between_stays(game: Game) -> None:
    made = plan_for(SONG, {"song.ogg": OGG}, game, None, sync.NULL)
    pack_of(game).mkdir(parents=True)
    (pack_of(game) / "Pack.ini").write_text("mine")
    done = run(install(made, game))
    assert (pack_of(game) / "Pack.ini").read_text() == "mine"
    assert all(p.name != "Pack.ini" for p in done.files)


def test_a_pack_file_that_cannot_be_written_is_said_and_the_song_is_there(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refuse(self: Path, *more: Any, **named: Any) -> Any:
        if self.name == "Pack.ini":
            raise PermissionError(13, "Permission denied")
        return opened(self, *more, **named)

    made = plan_for(SONG, {"song.ogg": OGG}, game, None, sync.NULL)
    monkeypatch.setattr(Path, "open", refuse)
    done = run(install(made, game))
    assert "Pack.ini could not be written (Permission denied)" in said(done)
    assert done.files[0].is_file()
    assert done.files[0].parent.joinpath(MARKER).is_file()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[Group]\nVersion=1\nSyncOffset=ITG\n", sync.ITG),
        ("\ufeff[Group]\r\nDisplayTitle=X\r\nVersion = 1 \r\n SyncOffset = NULL \r\n", sync.NULL),
        ("[Group]\nSyncOffset=ITG\n", None),
        ("[Group]\nVersion=\nSyncOffset=ITG\n", None),
        ("[Group]\nVersion=1\nSyncOffset=itg\n", None),
        ("[Group]\nVersion=1\n;SyncOffset=ITG\n", None),
        ("[Other]\nVersion=1\nSyncOffset=ITG\n", None),
        ("Version=1\nSyncOffset=ITG\n", None),
        ("", None),
    ],
)
def test_it_is_read_as_the_game_reads_it(text: str, found: str | None) -> None:
    assert packs.read_sync(text) == found


def test_a_file_without_a_value_is_no_file(game: Game) -> None:
    pack_of(game).mkdir(parents=True)
    (pack_of(game) / "pack.INI").write_text("[Group]\nDisplayTitle=Mine\n")
    done = put(game)
    assert "Pack.ini without a SyncOffset" in said(done)
    assert (pack_of(game) / "pack.INI").read_text() == "[Group]\nDisplayTitle=Mine\n"
    assert not (pack_of(game) / "Pack.ini").exists()


def test_only_itgmania_reads_packs(tmp_path: Path) -> None:
    for name in (".itgmania", ".stepmania-5.1"):
        (tmp_path / name / "Songs").mkdir(parents=True)
    games = {g.id: g for g in find_games(Machine("linux", tmp_path, {}, root=tmp_path / "root"))}
    assert games["itgmania"].reads_packs
    assert not games["stepmania"].reads_packs

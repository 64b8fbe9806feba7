"""Where a song's audio starts: noted in projects, told when a game starts it elsewhere."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chartstudio.audio.decode import Origin, decode, origin_of
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Extra, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.formats import read_song
from chartstudio.formats.bundle import Bundle
from chartstudio.library.export import carry_out, plan
from chartstudio.library.soundtrack import noted, origin_noted, start_moved_s

RATE_HZ = 44_100
NOTES = tuple(LaneNote((8 + i) * BEAT, (8 + i) * BEAT, i % 4) for i in range(4))
SONG = Song(
    Metadata("Title", artist="Artist"), "song.mp3", charts=(Chart("mania-4k", "4K", 3, NOTES),)
)


def mp3(delay_and_padding: bytes | None = None) -> bytes:
    target = io.BytesIO()
    samples = 0.1 * np.sin(np.arange(2 * RATE_HZ) / 20)
    soundfile.write(target, samples, RATE_HZ, format="MP3")
    data = bytearray(target.getvalue())
    if delay_and_padding is not None:
        at = data.index(b"LAME")
        data[at + 21 : at + 24] = delay_and_padding
    return bytes(data)


def told(song: Song, data: bytes, to: str) -> list[str]:
    losses = plan(song, {"song.mp3": data}, to, None).losses
    return [loss.what for loss in losses if "ms" in loss.what]


def test_a_project_notes_where_its_audio_starts(tmp_path: Path) -> None:
    data = mp3()
    run(carry_out(plan(SONG, {"song.mp3": data}, "project"), tmp_path))
    back, _ = read_song(Bundle.open(tmp_path))
    audio = decode(data, "song.mp3")
    assert origin_noted(back) == audio.origin
    assert audio.trim_samples == 1105
    assert start_moved_s(back, audio.origin) == 0.0
    assert back.timing == SONG.timing
    assert back.charts == SONG.charts


def test_other_games_are_not_told(tmp_path: Path) -> None:
    made = plan(SONG, {"song.mp3": mp3()}, "osz")
    assert origin_noted(made.song) is None


def test_audio_that_is_missing_or_broken_has_no_start(tmp_path: Path) -> None:
    for name, assets in (("missing", {}), ("broken", {"song.mp3": b"no sound"})):
        run(carry_out(plan(SONG, assets, "project"), tmp_path / name))
        back, _ = read_song(Bundle.open(tmp_path / name))
        assert origin_noted(back) is None


def test_audio_that_starts_elsewhere_than_before_is_noticed() -> None:
    before = noted(SONG, Origin("miniaudio 1.71", RATE_HZ, 0))
    now = origin_of(mp3(), "song.mp3")
    assert start_moved_s(before, now) == pytest.approx(1105 / RATE_HZ)
    assert start_moved_s(noted(SONG, now), Origin("other", 48_000, 0)) == pytest.approx(
        -1105 / RATE_HZ
    )
    assert start_moved_s(SONG, now) == 0.0


@pytest.mark.parametrize("value", ["x", (1, 2), ("a", 0, 0), ("a", "b", "c"), None])
def test_a_note_of_another_shape_is_none(value: object) -> None:
    song = replace(SONG, extra=Extra().set("audio", value))  # type: ignore[arg-type]
    assert origin_noted(song) is None


def test_an_mp3_that_osu_starts_elsewhere_is_told() -> None:
    assert told(SONG, mp3(), "osz") == []
    (what,) = told(SONG, mp3(b"\0\0\0"), "osz")
    assert what.startswith("the game plays this mp3 12.0 ms later than it is heard here")
    assert told(SONG, mp3(b"\0\0\0"), "project") == []


def test_a_song_of_osu_itself_is_on_its_clock_already() -> None:
    song = replace(SONG, extra=Extra().set("osu", "x"))
    assert told(song, mp3(b"\0\0\0"), "osz") == []


def test_audio_that_is_encoded_anew_starts_alike_everywhere() -> None:
    song = replace(SONG, charts=(Chart("dance-single", "Hard", 9, NOTES),))
    assert told(song, mp3(b"\0\0\0"), "ssc") == []

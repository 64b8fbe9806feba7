"""Where exports put beats against the sound."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chartstudio.audio import encode
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.formats import FORMATS, find_format, read_song
from chartstudio.formats.bundle import Bundle, save_files
from chartstudio.library import sync
from chartstudio.library.export import carry_out, plan
from chartstudio.library.source import open_source

OGG = encode.ogg_vorbis(np.zeros((2, 4 * 44_100), np.float32), 44_100)
NOTES = tuple(LaneNote((4 + i) * BEAT, (4 + i) * BEAT, i % 4) for i in range(8))
TIMED_HERE = Song(
    Metadata("Title", artist="Artist", preview_s=1.5),
    "song.ogg",
    TimingMap.constant(150.0, 0.1),
    (Chart("dance-single", "Hard", 9, NOTES),),
)
OLD_FILE = """#TITLE:Old;
#MUSIC:song.ogg;
#OFFSET:-0.118000;// by ear
#BPMS:0.000=150.000;
#NOTES:
     dance-single:
     :
     Hard:
     9:
     0,0,0,0,0:
1000
0100
0010
0001
;
"""

METER = "#TIMESIGNATURES:0=4=4;\n"
"""What a file that said no meter gets when its timing is written anew."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    save_files(folder, {"old.sm": OLD_FILE.encode(), "song.ogg": OGG})
    return folder


def written(song: Song, format_id: str, synced: str, folder: Path, **more: object) -> str:
    made = plan(song, {"song.ogg": OGG}, format_id, synced=synced, **more)
    files = run(carry_out(made, folder)).files
    return next(f for f in files if f.suffix in (".sm", ".ssc")).read_text("utf-8")


@pytest.mark.parametrize("format_id", ["sm", "ssc"])
def test_golden_itg_sync_adds_nine_milliseconds_to_the_offset(
    format_id: str, tmp_path: Path
) -> None:
    """The wiki's own example: audio that starts on the beat has #OFFSET 0.009, not 0."""
    song = replace(TIMED_HERE, timing=TimingMap.constant(150.0, 0.0))
    assert "#OFFSET:0;" in written(song, format_id, "null", tmp_path / "null")
    assert "#OFFSET:0.009;" in written(song, format_id, "itg", tmp_path / "itg")


def test_itg_beats_come_before_their_sound(tmp_path: Path) -> None:
    text = written(TIMED_HERE, "ssc", "itg", tmp_path)
    assert "#OFFSET:-0.091;" in text
    back, _ = read_song(Bundle.open(tmp_path))
    assert back.timing.seconds_at(0) == pytest.approx(0.091, abs=1e-9)
    assert [n.tick for n in back.charts[0].notes] == [n.tick for n in NOTES]
    assert back.metadata.preview_s == 1.5


def test_a_first_note_on_the_first_sample_asks_for_no_silence() -> None:
    first = replace(TIMED_HERE.charts[0], notes=(LaneNote(0, 0, 0),))
    song = replace(TIMED_HERE, timing=TimingMap.constant(150.0, 0.0), charts=(first,))
    made = plan(song, {"song.ogg": OGG}, "ssc", synced="itg")
    assert made.song.timing.seconds_at(0) == -0.009
    assert not made.track.is_encoded


def test_every_timing_of_a_song_is_moved() -> None:
    own = TimingMap((Anchor(0, 0.1, 150.0), Anchor(8 * BEAT, 3.3, 75.0)))
    chart = replace(TIMED_HERE.charts[0], timing=own)
    moved = sync.later(replace(TIMED_HERE, charts=(chart,)), -0.009)
    assert [a.seconds for a in moved.timing_of(moved.charts[0]).anchors] == [0.091, 3.291]
    assert moved.timing.anchors[0].seconds == 0.091
    assert sync.later(TIMED_HERE, 0.0) is TIMED_HERE


@pytest.mark.parametrize("synced", ["keep", "null"])
def test_an_unchanged_song_is_unchanged(old: Path, tmp_path: Path, synced: str) -> None:
    source = open_source(old)
    text = written(source.song, "sm", synced, tmp_path / "out", source_format="sm")
    assert text == OLD_FILE


def test_only_the_offset_is_written_anew(old: Path, tmp_path: Path) -> None:
    song = open_source(old).song
    text = written(song, "sm", "itg", tmp_path / "out", source_format="sm")
    assert text.replace(METER, "") == OLD_FILE.replace("-0.118000", "-0.109")


def test_a_song_that_came_with_itg_sync_is_moved_where_it_differs(
    old: Path, tmp_path: Path
) -> None:
    song = sync.marked_itg(True)(open_source(old).song)
    for synced, offset in (("keep", "-0.118000"), ("itg", "-0.118000"), ("null", "-0.127")):
        text = written(song, "sm", synced, tmp_path / synced, source_format="sm")
        assert text.replace(METER, "") == OLD_FILE.replace("-0.118000", offset)
    assert plan(song, {}, "osz").song.timing.seconds_at(0) == pytest.approx(0.127)
    assert plan(song, {}, "project").song.timing == song.timing


def test_the_mark_is_kept_in_a_project_and_can_be_taken_off(old: Path, tmp_path: Path) -> None:
    plain = open_source(old).song
    song = sync.marked_itg(True)(plain)
    assert sync.marked_itg(True)(song) is song
    run(carry_out(plan(song, {"song.ogg": OGG}, "project"), tmp_path / "out"))
    back, _ = read_song(Bundle.open(tmp_path / "out"))
    assert sync.is_itg(back)
    assert sync.came_with_choice(back)
    assert sync.marked_itg(False)(song).extra == plain.extra


def test_the_author_is_told_of_a_shift(tmp_path: Path) -> None:
    whats = [loss.what for loss in plan(TIMED_HERE, {}, "ssc", synced="itg").losses]
    assert "every beat is written 9 ms earlier than here (sync)" in whats
    back = sync.marked_itg(True)(TIMED_HERE)
    whats = [loss.what for loss in plan(back, {}, "ssc", synced="null").losses]
    assert "every beat is written 9 ms later than here (sync)" in whats
    assert not any("beat" in loss.what for loss in plan(TIMED_HERE, {}, "ssc").losses)


def test_what_is_remembered_holds_for_songs_timed_here_only(old: Path) -> None:
    assert sync.usual(TIMED_HERE, "itg") == "itg"
    assert sync.usual(open_source(old).song, "itg") == "keep"
    assert sync.usual(TIMED_HERE, "what") == "null"


def test_other_games_have_no_choice() -> None:
    for fmt in FORMATS:
        assert sync.has_choice(fmt) == (fmt.id in ("sm", "ssc"))
    assert sync.shift_s(TIMED_HERE, find_format("osz"), "itg") == 0.0


def test_every_game_has_one_constant_with_its_source() -> None:
    for fmt in FORMATS:
        (bias,) = [b for b in sync.BIASES if fmt.title.startswith(b.game)]
        assert bias.why
        assert abs(bias.seconds) < 0.05

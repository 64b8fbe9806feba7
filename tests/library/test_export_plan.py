"""What an export says before it writes, and what goes along with the charts."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from strict_format import SIDE_PX, install

from chartstudio.audio import encode
from chartstudio.audio.decode import decode
from chartstudio.core.errors import FormatError, ModeError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.formats import find_format, read_song, write_song
from chartstudio.formats.bundle import Bundle, save_archive, save_files
from chartstudio.library import pictures
from chartstudio.library.export import (
    CUT_COVER,
    DRAWN_COVER,
    carry_out,
    export,
    plan,
)
from chartstudio.library.soundtrack import ENCODED_ANEW, codec_of
from chartstudio.library.source import open_source

RATE_HZ = 44_100
NOTES = tuple(LaneNote(i * BEAT, i * BEAT, i % 4) for i in range(8))
DANCE = Chart("dance-single", "Hard", 9, NOTES)
MANIA = Chart("mania-4k", "Hard", 3.0, NOTES)
TAIKO = Chart("taiko", "Oni", 3.0, (LaneNote(0, 0, 0, "don"),))
OGG = encode.ogg_vorbis(np.zeros((2, RATE_HZ), np.float32), RATE_HZ)
SQUARE = pictures.drawn("a", SIDE_PX).data


def song(*charts: Chart, **more) -> Song:
    return Song(Metadata("Title", artist="Artist"), "song.ogg", charts=charts, **more)


def whats(losses) -> list[str]:
    return [loss.what for loss in losses]


# Charts of other modes -------------------------------------------------------------------


def test_charts_are_converted_only_after_the_losses_are_told(tmp_path: Path) -> None:
    mine = replace(DANCE, notes=(*NOTES, LaneNote(99 * BEAT, 99 * BEAT, 0, "mine")))
    made = plan(song(mine), {}, "osz")
    assert made.changes_modes
    told = [loss for loss in made.losses if loss.chart == "Hard"]
    assert "converted from" in told[0].what
    assert ("mines are left out", 1) in [(loss.what, loss.n) for loss in told]
    done = run(carry_out(made, tmp_path))
    back, _ = read_song(Bundle.open(done.files[0]))
    assert [c.mode for c in back.charts] == ["mania-4k"]
    assert [n.tick for n in back.charts[0].notes] == [n.tick for n in NOTES]
    with pytest.raises(ModeError, match="dance-single"):
        run(export(song(mine), {}, "osz", tmp_path / "silent"))
    assert not (tmp_path / "silent").exists()


def test_what_cannot_go_along_is_named_and_left_out(tmp_path: Path) -> None:
    made = plan(song(DANCE, TAIKO), {"song.ogg": OGG}, "ssc")
    assert [(loss.chart, loss.n) for loss in made.losses] == [("Oni", 1)]
    assert "whole chart" in made.losses[0].what
    assert made.changes_modes
    run(carry_out(made, tmp_path))
    back, _ = read_song(Bundle.open(tmp_path))
    assert [c.mode for c in back.charts] == ["dance-single"]


def test_a_format_that_holds_none_of_the_charts_is_refused() -> None:
    with pytest.raises(ModeError, match="any of the charts"):
        plan(song(TAIKO), {}, "ssc")
    assert plan(song(), {}, "ssc").song.charts == ()


# Files that go along ---------------------------------------------------------------------

BESIDE = {
    "song.ogg": OGG,
    "storyboard.osb": b"[Events]",
    "sb/star.png": b"star",
    "soft-hitclap2.wav": b"clap",
    "movie.mp4": b"movie",
    "robots.txt": b"User-agent: *\nrobots: disallow\n",
}


@pytest.fixture
def osz(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "set.osz"
    save_archive(path, {**write_song(song(MANIA), "osz"), **BESIDE})
    return path


def converted(path: Path, to: str, folder: Path) -> tuple[Bundle, list[str]]:
    source = open_source(path)
    made = plan(source.song, source.assets, to, source.format_id)
    done = run(carry_out(made, folder))
    there = done.files[0] if len(done.files) == 1 else folder
    return Bundle.open(there), whats(done.losses)


def test_an_unchanged_archive_comes_back_whole_and_byte_for_byte(osz: Path, tmp_path: Path) -> None:
    back, losses = converted(osz, "osz", tmp_path / "out")
    before = Bundle.open(osz)
    assert {n: back[n] for n in back} == {n: before[n] for n in before}
    assert losses == []


def test_another_game_gets_what_the_song_names_and_the_opt_out(osz: Path, tmp_path: Path) -> None:
    back, losses = converted(osz, "ssc", tmp_path / "out")
    assert sorted(back) == ["Title.ssc", "robots.txt", "song.ogg"]
    assert back["robots.txt"] == BESIDE["robots.txt"]
    assert "files that the charts of this format do not use" in losses
    assert read_song(back)[0].metadata.disallow_training


def test_a_project_keeps_everything_and_knows_its_own(osz: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    kept, losses = converted(osz, "project", folder)
    assert set(BESIDE) <= set(kept)
    assert losses == []
    (folder / "diary.txt").write_text("private")
    chosen = next(folder.glob("*.chartstudio"))
    back, losses = converted(chosen, "osz", tmp_path / "again")
    before = Bundle.open(osz)
    assert {n: back[n] for n in back} == {n: before[n] for n in before}
    assert losses == ["files beside the chart; open the whole folder to take them along"]
    whole, _ = converted(folder, "osz", tmp_path / "whole")
    assert "diary.txt" in whole


def test_a_lone_chart_file_takes_no_strangers_along(tmp_path: Path) -> None:
    files = {**write_song(song(MANIA), "osz"), "song.ogg": OGG, "tax.pdf": b"private"}
    save_files(tmp_path / "downloads", files)
    chosen = next((tmp_path / "downloads").glob("*.osu"))
    back, losses = converted(chosen, "osz", tmp_path / "out")
    assert "tax.pdf" not in back
    assert "song.ogg" in back
    assert losses == ["files beside the chart; open the whole folder to take them along"]


def test_chart_files_of_the_family_do_not_go_along(tmp_path: Path) -> None:
    files = {**write_song(song(DANCE), "sm"), "song.ogg": OGG, "lyrics.lrc": b"la"}
    save_files(tmp_path / "in", files)
    back, _ = converted(tmp_path / "in", "ssc", tmp_path / "out")
    assert sorted(back) == ["Title.ssc", "lyrics.lrc", "song.ogg"]


def test_a_file_of_the_song_wins_over_one_that_differs_in_case(tmp_path: Path) -> None:
    named = replace(song(DANCE), metadata=Metadata("Title", cover="Cover.PNG"))
    save_files(tmp_path / "in", {**write_song(named, "ssc"), "cover.png": SQUARE, "Song.ogg": OGG})
    back, _ = converted(tmp_path / "in", "ssc", tmp_path / "out")
    assert sorted(n.lower() for n in back) == ["cover.png", "song.ogg", "title.ssc"]


def test_names_that_lead_out_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    assets = {"song.ogg": OGG, "../evil.png": b"x"}
    with pytest.raises(FormatError, match="evil"):
        run(carry_out(plan(song(DANCE), assets, "sm", "ssc"), tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


# Audio -----------------------------------------------------------------------------------


def clicks(offset_s: float, rate_hz: int = RATE_HZ) -> bytes:
    """A wav with a click half a second after the offset, at 120 BPM beat 1."""
    samples = np.zeros((1, 4 * rate_hz), np.float32)
    samples[0, round((offset_s + 0.5) * rate_hz)] = 0.9
    return encode.wav(samples, rate_hz)


@pytest.mark.parametrize("offset_s", [0.0, 0.35, -0.123456, 1.9999, 0.004])
@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_notes_stay_with_the_sound_when_the_offset_is_baked_in(
    offset_s: float, rate_hz: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    notes = (LaneNote(BEAT, BEAT, 0), LaneNote(2 * BEAT, 2 * BEAT, 0))
    timing = TimingMap.constant(120, offset_s)
    before = replace(song(replace(DANCE, notes=notes), timing=timing), audio="x.wav")
    made = plan(before, {"x.wav": clicks(offset_s, rate_hz)}, "strict")
    assert [w for w in whats(made.losses) if "silence" in w or "cut off" in w]
    done = run(carry_out(made, tmp_path))
    assert {p.name for p in done.files} == {"x.egg", "cover.png", "song.strict"}
    after, _ = read_song(Bundle.open(tmp_path))
    audio = decode((tmp_path / after.audio).read_bytes(), "x.egg")
    heard_s = abs(audio.samples[0]).argmax() / audio.rate_hz
    note_s = after.timing.seconds_at(after.charts[0].notes[0].tick)
    assert abs(heard_s - note_s) < 1e-4
    assert note_s >= 2.0
    assert after.timing.anchors[0].seconds == 0.0
    assert audio.rate_hz == 44_100


def test_audio_that_begins_right_is_kept_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    late = tuple(replace(n, tick=n.tick + 4 * BEAT, end=n.end + 4 * BEAT) for n in NOTES)
    made = plan(song(replace(DANCE, notes=late)), {"song.ogg": OGG, "c.png": b""}, "strict")
    assert (made.track.name, made.track.is_encoded) == ("song.ogg", False)
    assert whats(made.losses) == [DRAWN_COVER]


def test_maps_of_one_game_keep_their_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    own = song(DANCE)
    own = replace(own, extra=own.extra.set("strict", "text"))
    made = plan(own, {"song.ogg": OGG}, "strict-2", "strict")
    assert (made.track.is_encoded, made.song.charts[0].notes) == (False, NOTES)


def test_missing_audio_is_told_with_what_is_to_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch)
    made = plan(replace(song(DANCE), audio="song.mp3"), {}, "strict")
    (told,) = [w for w in whats(made.losses) if "missing" in w]
    assert "song.mp3" in told
    assert "2.000 s of silence" in told
    assert "song.egg" in told
    done = run(carry_out(made, tmp_path))
    assert {p.suffix for p in done.files} == {".strict", ".png"}
    assert read_song(Bundle.open(tmp_path))[0].audio == "song.egg"
    assert "put it beside" in plan(song(DANCE), {}, "ssc").losses[0].what
    nameless = plan(replace(song(DANCE), audio=""), {}, "ssc")
    assert whats(nameless.losses) == ["the song names no audio"]


def test_encoded_audio_takes_no_other_files_name(tmp_path: Path) -> None:
    wav = encode.wav(np.zeros((1, 100), np.float32), RATE_HZ)
    assets = {"song.wav": wav, "song.ogg": b"a sample of its own"}
    made = plan(replace(song(DANCE), audio="song.wav"), assets, "ssc", "sm")
    assert whats(made.losses) == [ENCODED_ANEW]
    run(carry_out(made, tmp_path))
    assert (tmp_path / "song.ogg").read_bytes() == b"a sample of its own"
    assert codec_of((tmp_path / "song 2.ogg").read_bytes()) == "vorbis"
    assert not (tmp_path / "song.wav").exists()


def test_codecs_are_told_by_bytes() -> None:
    assert codec_of(OGG) == "vorbis"
    assert codec_of(encode.wav(np.zeros((1, 10), np.float32), 8000)) == "wav"
    assert [codec_of(b) for b in (b"ID3\x04", b"\xff\xfb\x90", b"fLaC", b"", b"\xff\xd8\xff")] == [
        "mp3",
        "mp3",
        "flac",
        "",
        "",
    ]


def test_audio_that_is_none_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"song\.ogg"):
        run(carry_out(plan(song(DANCE), {"song.ogg": b"text"}, "ssc"), tmp_path / "out"))
    assert not (tmp_path / "out").exists()


# Covers ----------------------------------------------------------------------------------


def covered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cover: str, assets: dict[str, bytes]
) -> tuple[str, bytes, list[str]]:
    install(monkeypatch)
    meta = Metadata("Title", cover=cover)
    before = replace(song(DANCE), metadata=meta)
    done = run(carry_out(plan(before, assets, "strict"), tmp_path))
    after, _ = read_song(Bundle.open(tmp_path))
    name = after.metadata.cover
    losses = [w for w in whats(done.losses) if "cover" in w]
    return name, (tmp_path / name).read_bytes(), losses


def test_a_square_cover_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = covered(tmp_path, monkeypatch, "my.png", {"my.png": SQUARE})
    assert found == ("my.png", SQUARE, [])


def test_a_song_without_picture_gets_a_plain_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, data, losses = covered(tmp_path, monkeypatch, "", {})
    assert name == "cover.png"
    assert pictures.is_square(data, SIDE_PX)
    assert losses == [DRAWN_COVER]


def test_a_drawn_picture_stands_in_for_one_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, data, losses = covered(tmp_path, monkeypatch, "art/Gone.png", {})
    assert name == "art/Gone.png"
    assert pictures.is_square(data, SIDE_PX)
    assert losses == [DRAWN_COVER]


@pytest.mark.parametrize(
    "junk", [b"", b"no picture", SQUARE[:200], b"\xff\xd8\xff\xe0\x00\x10JFIF"]
)
def test_a_picture_that_is_none_becomes_a_plain_one(
    junk: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, data, losses = covered(tmp_path, monkeypatch, "cover.png", {"cover.png": junk})
    # The name is taken by the picture that is there.
    assert name == "cover 2.png"
    assert pictures.is_square(data, SIDE_PX)
    assert losses[0] == CUT_COVER
    assert "cover.png" in losses[1]
    assert "plain" in losses[1]


def test_a_cancelled_export_of_anything_leaves_nothing(osz: Path, tmp_path: Path) -> None:
    source = open_source(osz)
    for n_steps in (1, 2):
        job = carry_out(plan(source.song, source.assets, "ssc", "osz"), tmp_path / "out")
        for _ in range(n_steps):
            next(job)
        job.close()
        assert not (tmp_path / "out").exists()


def test_an_archive_holds_what_the_plan_says(osz: Path, tmp_path: Path) -> None:
    source = open_source(osz)
    done = run(carry_out(plan(source.song, source.assets, "osz", "osz"), tmp_path / "out"))
    with zipfile.ZipFile(done.files[0]) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == len(set(archive.namelist())) == len(BESIDE) + 1


def test_charts_that_are_kept_unread_are_told_before_they_stay_behind() -> None:
    files = {
        "a.osu": b"osu file format v14\n[General]\nMode: 2\n[HitObjects]\n1,1,1,1,0\n",
        "b.osu": b"osu file format v14\n[General]\nMode: 3\n[HitObjects]\n1,1,1,1,0\n",
    }
    song = find_format("osz").read(files, None)
    told = [loss for loss in plan(song, {}, "ssc").losses if loss.chart == "a.osu"]
    assert [loss.what for loss in told] == ["the whole chart: it is for a mode that is not read"]
    assert not [loss for loss in plan(song, {}, "osz").losses if loss.chart == "a.osu"]
    assert not [loss for loss in plan(song, {}, "project").losses if loss.chart == "a.osu"]
    text = (
        b"#TITLE:a;#BPMS:0=120;#NOTES:lights-cabinet::Hard:1::\n000000;"
        b"#NOTES:dance-single::Hard:1::\n1000;"
    )
    pads = find_format("sm").read({"a.sm": text}, None)
    assert next(loss.chart for loss in plan(pads, {}, "osz").losses).startswith("lights-cabinet")
    alone = find_format("osz").read({"a.osu": files["a.osu"]}, None)
    with pytest.raises(ModeError, match="cannot hold any of the charts"):
        plan(alone, {}, "ssc")

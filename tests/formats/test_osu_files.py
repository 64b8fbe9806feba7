"""Whole .osu files: what is read, and that a change touches nothing else."""

import difflib
from dataclasses import replace

import chart_samples as samples
import pytest
from chart_samples import BEAT, hold, tap

from chartstudio.core.errors import FormatError, ModeError
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Effect, Metadata, Song
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats import find_format, losses, write_song
from chartstudio.formats.osu_lines import Sheet

OSZ = find_format("osz")


def read(text: str | bytes, name: str = "a.osu") -> Song:
    return OSZ.read({name: text if isinstance(text, bytes) else text.encode()}, name)


def write(song: Song) -> str:
    (data,) = write_song(song, "osz").values()
    return data.decode()


def changed_lines(before: str, after: str) -> list[str]:
    diff = difflib.ndiff(before.splitlines(), after.splitlines())
    return sorted(line for line in diff if line[0] in "+-")


# Reading


def test_what_a_file_holds() -> None:
    song = read(samples.OSU)
    assert song.metadata == Metadata(
        title="題名",
        title_translit="Romanised",
        artist="誰か",
        artist_translit="Someone",
        credit="Mapper",
        source="Game",
        tags="one two",
        preview_s=12.345,
        background="bg.jpg",
    )
    assert song.audio == "song.mp3"
    (chart,) = song.charts
    assert (chart.mode, chart.name, chart.credit) == (
        "mania-4k",
        "Hard // not a comment here",
        "Mapper",
    )
    assert chart.level is None
    assert chart.timing is None
    assert len(song.problems) == 2


def test_objects() -> None:
    song = read(samples.OSU)
    times = [
        (
            round(song.timing.seconds_at(n.tick) * 1000),
            round(song.timing.seconds_at(n.end) * 1000),
            n.lane,
            n.kind,
            n.sound,
        )
        for n in song.charts[0].notes
        if isinstance(n, LaneNote)
    ]
    assert times == [
        (1000, 1000, 0, "tap", ""),
        (1250, 1250, 1, "tap", "osu:2,1:0:0:70:clap.wav"),
        (1500, 2500, 2, "hold", ""),
        (2001, 2001, 3, "hold", "osu:8,1:2:0:0:"),
        (3000, 3500, 0, "hold", ""),
        (4000, 4179, 0, "hold", ""),
        (6001, 6001, 3, "tap", ""),
    ]


def test_files_before_version_5_are_24_ms_late() -> None:
    song = read(samples.OSU_V3.replace("Mode: 3", "Mode: 3\nPreviewTime: 1000"))
    assert song.timing.anchors[0].seconds == 1.624
    assert song.metadata.preview_s == 1.024
    assert song.charts[0].mode == "mania-7k"
    assert [n.lane for n in song.charts[0].notes if isinstance(n, LaneNote)] == [0, 6]
    chart = song.charts[0]
    moved = replace(chart, notes=(*chart.notes, hold(4, 5, 1)))
    after = write(song.with_chart(0, moved))
    start = round(song.timing.seconds_at(4 * BEAT) * 1000) - 24
    assert f"109,192,{start},128,0," in after
    assert read(after).charts[0].notes == moved.notes
    earlier = replace(song, metadata=replace(song.metadata, preview_s=0.524))
    assert "PreviewTime: 500" in write(earlier)


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ("osu file format v14", 14),
        ("\ufeffosu file format v128", 128),
        ("\n\nosu file format v9", 9),
        ("something else", 14),
        ("", 14),
    ],
)
def test_versions(header: str, version: int) -> None:
    assert Sheet.of(f"{header}\n[General]\n").version == version


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_line_ends_and_marks(end: str, bom: str) -> None:
    text = bom + samples.OSU.replace("\r\n", end)
    song = read(text)
    assert len(song.charts[0].notes) == 7
    chart = song.charts[0]
    after = write(song.with_chart(0, replace(chart, notes=(*chart.notes, tap(99, 0)))))
    assert after.replace(end, "").count("\r") + after.replace(end, "").count("\n") == 0
    assert after.startswith(bom + "osu")


def test_utf_16_is_read() -> None:
    data = ("\ufeff" + samples.OSU).encode("utf-16-le")
    song = read(data)
    assert song.metadata.title == "題名"
    assert write_song(song, "osz") == {"a.osu": data}


def test_text_of_another_encoding_is_read_and_said() -> None:
    data = samples.OSU_V3.replace("Older", "Ölder").encode("cp1252")
    song = read(data)
    assert song.metadata.artist == "Ölder"
    assert any("not UTF-8" in p for p in song.problems)
    assert write_song(song, "osz") == {"a.osu": data}


@pytest.mark.parametrize(
    ("keys", "mode"), [("0.4", "1k"), ("6.5", "6k"), ("18", "18k"), ("99", "18k"), ("x", "5k")]
)
def test_keys_are_the_circle_size(keys: str, mode: str) -> None:
    song = read(samples.OSU.replace("CircleSize:4", f"CircleSize:{keys}"))
    assert song.charts[0].mode == f"mania-{mode}"


def test_a_file_without_tempo() -> None:
    song = read("osu file format v14\n[General]\nMode: 3\n[HitObjects]\n0,0,500,1,0\n")
    assert song.timing == TimingMap.constant(60.0)
    assert song.charts[0].notes == (LaneNote(BEAT // 2, BEAT // 2, 0),)
    assert "60 BPM" in song.problems[0]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('0,0,"dir\\a b.jpg",0,0', "dir/a b.jpg"),
        ("Background,0,plain.png", "plain.png"),
        ('1,0,"picture.jpg"', "picture.jpg"),
        ('Video,0,"film.MP4"', ""),
        ("0,0", ""),
    ],
)
def test_backgrounds(line: str, name: str) -> None:
    text = samples.OSU.replace('0,0,"bg.jpg",0,0', line)
    assert read(text).metadata.background == name


def catch(text: str = samples.OSU) -> str:
    return text.replace("Mode: 3", "Mode: 2").replace("Version:Hard", "Version:Rain")


def test_other_modes_are_kept_as_text() -> None:
    files = {"b.osu": samples.OSU.encode(), "a.osu": catch().encode("utf-16")}
    song = OSZ.read(files, None)
    assert [c.mode for c in song.charts] == ["mania-4k"]
    assert any("catch" in p for p in song.problems)
    assert write_song(song, "osz") == files
    assert write_song(replace(song, charts=()), "osz") == {"a.osu": files["a.osu"]}
    only = OSZ.read(files, "a.osu")
    assert only.charts == ()
    assert only.metadata.title == "題名"
    odd = OSZ.read({"a.osu": samples.OSU.replace("Mode: 3", "Mode: 7").encode()}, None)
    assert "mode 7" in odd.problems[0]


def test_a_set_of_all_modes() -> None:
    files = {
        f"{number}.osu": samples.OSU.replace("Mode: 3", f"Mode: {number}").encode()
        for number in range(4)
    }
    song = OSZ.read(files, None)
    assert [c.mode for c in song.charts] == ["osu", "taiko", "mania-4k"]
    assert write_song(song, "osz") == files


def test_charts_of_one_song_share_its_timing_or_have_their_own() -> None:
    other = samples.OSU.replace("1000,500,4", "1001,499,4").replace("Hard //", "Easy //")
    third = samples.OSU.replace("song.mp3", "other.mp3").replace("Hard //", "Normal //")
    files = {"1.osu": samples.OSU.encode(), "2.osu": other.encode(), "3.osu": third.encode()}
    song = OSZ.read(files, None)
    assert [c.timing is None for c in song.charts] == [True, False, True]
    assert any("other.mp3" in p for p in song.problems)
    assert write_song(song, "osz") == files


def test_files_that_are_no_charts() -> None:
    with pytest.raises(FormatError, match="is empty"):
        read("")
    with pytest.raises(FormatError, match="no osu! chart"):
        read("hello")
    song = OSZ.read({"a.osu": b"", "b.osu": samples.OSU.encode()}, None)
    assert len(song.charts) == 1
    assert "a.osu: is empty" in song.problems[0]


def test_the_opt_out_is_a_tag() -> None:
    song = read(samples.OSU.replace("Tags:one two", "Tags:one robots: disallow two"))
    assert song.metadata.disallow_training
    assert song.metadata.tags == "one two"
    assert "robots: disallow" in write(song)
    free = replace(song, metadata=replace(song.metadata, disallow_training=False))
    assert "Tags:one two\r\n" in write(free)
    again = read(write(replace(read(samples.OSU), metadata=song.metadata)))
    assert again.metadata == song.metadata
    beside = OSZ.read({"a.osu": samples.OSU.encode(), "robots.txt": b"Robots: Disallow"}, None)
    assert beside.metadata.disallow_training


# Writing what was changed


def test_moving_a_note_touches_its_line() -> None:
    song = read(samples.OSU)
    chart = song.charts[0]
    first, *others = chart.notes
    moved = replace(chart, notes=sort_notes([LaneNote(BEAT // 4, BEAT // 4, 3), *others]))
    after = write(song.with_chart(0, moved))
    assert changed_lines(samples.OSU, after) == [
        "+ 448,192,1125,1,0,0:0:0:0:",
        "- 64,192,1000,1,0,0:0:0:0:",
    ]
    assert read(after).charts[0].notes == moved.notes
    assert isinstance(first, LaneNote)


def test_a_new_title_touches_its_lines() -> None:
    song = read(samples.OSU)
    meta = replace(song.metadata, title="新", background="new.png")
    (name,) = write_song(replace(song, metadata=meta), "osz")
    assert name == "a.osu"
    after = write(replace(song, metadata=meta))
    assert changed_lines(samples.OSU, after) == [
        '+ 0,0,"new.png",0,0',
        "+ TitleUnicode:新",
        '- 0,0,"bg.jpg",0,0',
        "- TitleUnicode:題名",
    ]
    latin = replace(song, metadata=replace(meta, title_translit="New"), audio="b.ogg")
    (name,) = write_song(latin, "osz")
    assert name == "Someone - New (Mapper) [Hard __ not a comment here].osu"
    assert "AudioFilename: b.ogg\r\n" in write(latin)
    plain = replace(song, metadata=replace(song.metadata, background="", preview_s=None))
    assert '"bg.jpg"' not in write(plain)
    assert "PreviewTime: -1" in write(plain)


def test_a_new_tempo_touches_its_line() -> None:
    song = read(samples.OSU)
    first, second = song.timing.anchors
    timing = TimingMap((first, replace(second, bpm=200.0)))
    after = write(replace(song, timing=timing))
    assert [line for line in changed_lines(samples.OSU, after) if ",1,8" in line] == [
        "+ 5250,300,3,1,0,80,1,8",
        "- 5250,400.5,3,2,1,70,1,8",
    ]
    again = read(after)
    assert again.timing == timing
    assert again.charts[0].effects == song.charts[0].effects


def test_retimed_notes_are_written_at_their_new_times() -> None:
    song = read(samples.OSU)
    shifted = TimingMap(tuple(replace(a, seconds=a.seconds + 0.1) for a in song.timing.anchors))
    again = read(write(replace(song, timing=shifted)))
    assert again.timing == shifted
    starts = [round(again.timing.seconds_at(n.tick) * 1000) for n in again.charts[0].notes]
    assert starts[:4] == [1100, 1350, 1600, 2101]


def test_other_keys_move_every_note_to_its_column() -> None:
    song = read(samples.OSU)
    wider = song.with_chart(0, replace(song.charts[0], mode="mania-8k"))
    again = read(write(wider)).charts[0]
    assert again.mode == "mania-8k"
    notes = [n for n in song.charts[0].notes if isinstance(n, LaneNote)]
    assert [n.lane for n in again.notes if isinstance(n, LaneNote)] == [n.lane for n in notes]
    assert "this line is no object" in write(wider)


def test_names_of_files() -> None:
    song = read(samples.OSU)
    chart = replace(song.charts[0], name="Easy")
    twins = replace(song, charts=(song.charts[0], chart, chart))
    assert list(write_song(twins, "osz")) == [
        "a.osu",
        "Someone - Romanised (Mapper) [Easy].osu",
        "Someone - Romanised (Mapper) [Easy] 2.osu",
    ]


def test_authors_of_charts() -> None:
    song = read(samples.OSU)
    own = song.with_chart(0, replace(song.charts[0], credit="Other"))
    assert read(write(own)).charts[0].credit == "Other"
    shared = replace(song, metadata=replace(song.metadata, credit="New host"))
    assert read(write(shared)).charts[0].credit == "New host"


def test_missing_keys_and_sections_are_added() -> None:
    text = "osu file format v14\n\n[General]\nMode: 3\n\n[Metadata]\nTitle:a"
    song = read(text)
    chart = replace(song.charts[0], notes=(tap(0, 0),), name="v")
    meta = replace(song.metadata, artist="x\ny // z", background='b".png')
    after = write(replace(song, metadata=meta, audio="a.ogg", charts=(chart,)))
    assert after.startswith("osu file format v14\n\n[General]\nMode: 3\nAudioFilename: a.ogg\n\n")
    again = read(after)
    assert again.charts[0].notes == chart.notes
    assert again.metadata.artist == "x y / / z"
    assert again.metadata.background == "b.png"
    timed = read(write(replace(again, timing=TimingMap.constant(150.0, 0.5))))
    assert timed.timing == TimingMap.constant(150.0, 0.5)


def test_a_section_can_be_emptied() -> None:
    sheet = Sheet.of('[Events]\n0,0,"a"\n// kept\n[Other]\nx')
    assert sheet.with_section("Events", []).text == "[Events]\n// kept\n[Other]\nx"
    assert sheet.with_section("Missing", []).text == sheet.text
    assert Sheet.of("[A]").with_section("A", ["1"]).text == "[A]\r\n1\r\n"


# Writing a new file


def test_a_new_file_says_everything() -> None:
    (name,) = write_song(samples.KEY_SONG, "osz")
    assert name == "Nobody - New song () [Hard].osu"
    text = write(samples.KEY_SONG)
    assert text.startswith("osu file format v14\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert "CircleSize:4\r\n" in text
    assert "\r\n321,486.02673147,4,1,0,100,1,0\r\n" in text
    again = read(text)
    assert again.timing == samples.KEY_SONG.timing
    assert again.charts[0].notes == samples.KEY_SONG.charts[0].notes
    assert again.metadata.preview_s == 1.5
    unnamed = replace(
        samples.KEY_SONG, charts=(Chart("mania-7k"),), timing=TimingMap.constant(60.0)
    )
    assert read(write(unnamed)).charts[0].name == "Normal"
    assert read(write(unnamed)).charts[0].timing is None


def test_modes_and_lanes_that_the_format_lacks_are_refused() -> None:
    with pytest.raises(ModeError, match="dance-single"):
        write_song(samples.PAD_SONG, "osz")
    chart = Chart("mania-4k", "x", notes=(tap(0, 4),))
    with pytest.raises(ModeError, match="lane 5 of 4"):
        write_song(Song(charts=(chart,)), "osz")


def test_losses() -> None:
    notes = [
        tap(0, 0, "sm:1"),
        LaneNote(0, 0, 1, "mine"),
        hold(0, 1, 2, "roll"),
        LaneNote(0, 0, 3, "lift"),
        LaneNote(9, 9, 3, "fake"),
        LaneNote(10, 10, 3, "?"),
    ]
    timing = TimingMap(
        (
            Anchor(0, 0.0, 60.0),
            Anchor(BEAT, 1.0, 120.0),
            Anchor(2 * BEAT, 1.5, 120.0),
            Anchor(2 * BEAT, 1.6, 120.0, cause=Cause.DELAY),
            Anchor(3 * BEAT, 1.6, 120.0, cause=Cause.WARP),
        )
    )
    chart = Chart(
        "mania-4k",
        "x",
        notes=sort_notes(notes),
        effects=(Effect(0, "sv", (2.0,)), Effect(0, "scroll", (2.0,))),
        label="label",
    )
    meta = Metadata(subtitle="s", genre="g", banner="b", cover="c", preview_length_s=3.0)
    song = Song(meta, timing=timing, charts=(chart,), effects=(Effect(0, "fakes", (1.0,)),))
    assert {loss.what: loss.n for loss in losses(song, "osz")} == {
        "subtitle": 1,
        "genre": 1,
        "banner and cover pictures": 2,
        "length of the preview": 1,
        "scroll, speed, fake and label changes of the song": 1,
        "mines": 1,
        "rolls": 1,
        "lifts": 1,
        "fake notes": 1,
        "notes of an unknown kind": 1,
        "samples of notes from StepMania": 1,
        "scroll, speed, fake and label changes": 1,
        "chart's own label": 1,
        "stops and delays; notes keep their seconds": 1,
        "warps; notes in them come all at once": 1,
        "tempo changes inside a measure; they start a new one": 4,
    }
    assert len(read(write(song)).charts[0].notes) == 1
    assert losses(read(samples.OSU), "osz") == ()

"""Corners of .sm and .ssc files that strangers' files have, one test each."""

from dataclasses import replace
from pathlib import Path

import chart_samples as samples
import pytest
from chart_samples import BEAT

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats import Bundle, find_format, read_song, write_song
from chartstudio.formats.playable import count_kinds, count_notes, playable
from chartstudio.formats.stepmania_notes import STYLES


def read(text: str | bytes, name: str = "a.ssc") -> Song:
    data = text if isinstance(text, bytes) else text.encode()
    return find_format(name.rpartition(".")[2]).read({name: data}, name)


def write(song: Song, format_id: str = "ssc") -> str:
    (data,) = write_song(song, format_id).values()
    return data.decode()


def ssc(notes: str, tags: str = "#BPMS:0=60;", own: str = "") -> str:
    head = f"#VERSION:0.83;{tags}\n#NOTEDATA:;#STEPSTYPE:dance-single;#DIFFICULTY:Hard;#METER:9;"
    return f"{head}{own}\n#NOTES:\n{notes};"


def seconds(song: Song) -> list[float]:
    chart = song.charts[0]
    timing = song.timing_of(chart)
    return [round(timing.seconds_at(n.tick), 6) for n in chart.notes]


def sm_chart(notes: str, tags: str = "#BPMS:0=60;") -> Song:
    return read(f"{tags}\n#NOTES:dance-single::Hard:9:0,0,0,0,0:\n{notes};", "a.sm")


# Notes and counts


@pytest.mark.parametrize(
    ("rows", "counts", "n_notes"),
    [
        # Lifts are notes; fakes and mines are none.
        ("1LFM\n0000\n0000\n0000", {"tap": 1, "lift": 1, "fake": 1, "mine": 1}, 2),
        # A head without a tail is nothing, and a note in a hold takes the tail away from it.
        ("2000\n0000\n0000\n0000", {}, 0),
        ("2000\n1000\n3000\n0000", {"tap": 1}, 1),
        ("2000\nM000\n3000\n0000", {"mine": 1}, 0),
        ("2000\nL000\n3000\n0000", {"lift": 1}, 1),
        ("2000\nF000\n3000\n0000", {"fake": 1}, 0),
        ("4000\n2000\n3000\n3000", {"hold": 1}, 1),
        ("2000\n4000\n3000\n1000", {"roll": 1, "tap": 1}, 2),
        # A sample that plays by itself lies in a hold without harm, and counts for nothing.
        ("2000\nK000\n3000\n0K00", {"hold": 1}, 1),
        # Attacks are no longer parsed: their letters are empty lanes.
        ("A{x1\n1{x}1\n0000\n0000", {"tap": 2}, 2),
        # Sample numbers take no lane.
        ("1[12]1[ 3][]1\n1[-1]0[x]01[9\n0000\n0000", {"tap": 4}, 4),
        # Lower case, letters and blanks are empty.
        ("m1kl\nX??1\n0000\n0000", {"tap": 2}, 2),
    ],
)
def test_counts(rows: str, counts: dict[str, int], n_notes: int) -> None:
    for song in (read(ssc(rows)), sm_chart(rows)):
        (chart,) = song.charts
        assert dict(count_kinds(song, chart)) == counts
        assert count_notes(song, chart) == n_notes


def test_a_hold_over_measures_and_one_that_ends_where_the_next_begins() -> None:
    (chart,) = read(ssc("2000\n0000\n0000\n0000\n,\n0000\n3000\n2000\n3000")).charts
    assert [(n.tick // BEAT, n.end // BEAT) for n in chart.notes] == [(0, 5), (6, 7)]


def test_notes_in_warps_and_fakes_are_held_but_not_counted() -> None:
    tags = "#BPMS:0=60;#WARPS:1=1;#FAKES:3=0.5;#STOPS:1=0.5;"
    song = read(ssc("1000\n2M00\n3000\n1000", tags))
    (chart,) = song.charts
    # A stop on the warp's first row makes that row one to hit.
    assert playable(song, chart).tolist() == [True, True, True, False]
    assert dict(count_kinds(song, chart, everything=True)) == {"tap": 2, "hold": 1, "mine": 1}
    without = read(ssc("1000\n2M00\n3000\n1000", tags.replace("#STOPS:1=0.5;", "")))
    assert playable(without, without.charts[0]).tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ("n_rows", "row", "place"), [(20, 1, 10), (28, 3, 21), (48, 47, 188), (384, 2, 1), (1, 0, 0)]
)
def test_rows_between_the_192_places_go_to_the_nearest(n_rows: int, row: int, place: int) -> None:
    rows = ["0000"] * n_rows
    rows[row] = "0100"
    (chart,) = read(ssc("\n".join(rows))).charts
    assert [n.tick * 48 // BEAT for n in chart.notes] == [place]


def test_of_rows_on_one_place_the_last_counts() -> None:
    rows = ["0000"] * 768
    rows[4], rows[5], rows[8] = "1020", "M030", "0030"
    (chart,) = read(ssc("\n".join(rows))).charts
    assert [(n.kind, n.tick, n.end) for n in chart.notes] == [
        ("mine", 420, 420),
        ("hold", 420, 840),
    ]


def test_a_note_between_rows_stays_on_the_right_side_of_a_stop() -> None:
    rows = "\n".join(["0000"] * 8 + ["0100"] + ["0000"] * 11)
    assert seconds(read(ssc(rows, "#BPMS:0=60;#STOPS:1.6=5;"))) == [pytest.approx(77 / 48)]


def test_unpaired_and_odd_measures_come_back_as_they_are() -> None:
    rows = "\n".join(["1000", *["0000"] * 19])
    text = ssc(f"{rows}\n,\n1000\n,\n\n0000\n0003\n,,0100")
    song = read(text)
    assert write(song) == text
    chart = song.charts[0]
    more = song.with_chart(
        0, replace(chart, notes=(*chart.notes, LaneNote(20 * BEAT, 20 * BEAT, 3)))
    )
    after = write(more)
    assert after.startswith(text.removesuffix(";").partition("#METER")[0])
    assert rows in after
    assert read(after).charts[0].notes == more.charts[0].notes


# Tags


def test_semicolons_may_be_missing_and_comments_stand_anywhere() -> None:
    text = (
        "#TITLE:no end // not this;\n#ARTIST:a # b\n  #BPMS:0.0=60.0 // slow; #1\n"
        ",4.0=120.0\n#STOPS:\n#NOTES:dance-single:desc // here\n:Hard:9:0:\n"
        "1000 // one, two;\n0000\n// , 1111\n0000\n0001\n,\n1000\n"
    )
    song = read(text, "a.sm")
    assert (song.metadata.title, song.metadata.artist) == ("no end", "a # b")
    assert seconds(song) == [0.0, 3.0, 4.0]
    assert write(song, "sm") == text


def test_escapes_in_texts() -> None:
    song = read(
        "#TITLE:a\\:b\\;c\\#d\\\\e \\/\\/ f;#ARTIST:x;#NOTES:dance-single:de\\:sc:Hard:9:0:1;",
        "a.sm",
    )
    assert song.metadata.title == "a:b;c#d\\e // f"
    assert song.charts[0].label == "de:sc"
    renamed = replace(song, metadata=replace(song.metadata, artist="y // z: w"))
    again = read(write(renamed, "sm"), "a.sm")
    assert again.metadata == renamed.metadata


def test_tags_in_any_case_and_styles_too() -> None:
    song = read(
        "#title:x;#bpms:0=99;#noteDATA:;#StepsType: Dance-Single;#difficulty:HARD;#notes:1000;"
    )
    assert song.metadata.title == "x"
    assert song.timing.anchors[0].bpm == 99
    assert [(c.mode, c.name) for c in song.charts] == [("dance-single", "Hard")]
    assert "Dance-Single" in write(song.with_chart(0, replace(song.charts[0], level=4.0)))
    assert read("#NOTES:para::Easy:3:0:10000;", "a.sm").charts[0].mode == "para-single"


@pytest.mark.parametrize(("text", "name"), [("", "Easy"), ("Challenge", "Challenge")])
def test_an_empty_meter_is_1_in_sm_files(text: str, name: str) -> None:
    song = read(f"#NOTES:dance-single:{text}:{name}::0:1000;", "a.sm")
    assert (song.charts[0].name, song.charts[0].level) == (name, 1.0)
    assert write(song, "sm").count("::0:") == 1


def test_attacks_and_everything_unknown_are_kept_through_edits() -> None:
    kept = (
        "#ATTACKS:TIME=1.5:LEN=2:MODS=50% drunk\n:TIME=4:END=6:MODS=tipsy;",
        "#MADEUP:a:b;\n#DISPLAYBPM:*;\n#LASTSECONDHINT:90;",
        "#KEYSOUNDS:a.ogg,b.ogg;",
        "#CHARTSTYLE:Pad;#ATTACKS:TIME=0:LEN=1:MODS=dark;#DISPLAYBPM:100:200;",
    )
    text = ssc("1000\n0000\n0000\n0000", "\n".join(("#BPMS:0=60;", *kept[:3])), kept[3])
    song = read(text)
    chart = replace(song.charts[0], notes=(LaneNote(BEAT, BEAT, 2),), label="new")
    changed = replace(song, charts=(chart,), timing=TimingMap.constant(77.0, 1.0))
    after = write(changed)
    assert [k for k in kept if k not in after] == []


def test_a_chart_that_is_not_touched_keeps_every_byte() -> None:
    for text, name in ((samples.SSC, "a.ssc"), (samples.SM, "a.sm")):
        song = read(text.replace("\n", "\r\n"), name)
        first, second = song.charts
        format_id = name.rpartition(".")[2]
        for index, other in ((0, second), (1, first)):
            notes = song.charts[index].notes[1:]
            edited = song.with_chart(index, replace(song.charts[index], notes=notes, level=3.0))
            assert other.extra.get(format_id) in write(edited, format_id)


def test_edits_of_the_song_leave_all_charts_alone() -> None:
    song = read(samples.SSC)
    changed = replace(
        song,
        metadata=replace(song.metadata, title="New", disallow_training=True),
        timing=TimingMap.constant(111.0, 0.009),
        effects=(),
    )
    after = write(changed)
    assert all(chart.extra.get("ssc") in after for chart in song.charts)


# Timing


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        # Delay before the note, stop behind it.
        ("#BPMS:0=60;#STOPS:1=2;#DELAYS:1=0.5;", [0.0, 1.5, 4.5, 5.5]),
        ("#OFFSET:-0.25;#BPMS:0=120;", [0.25, 0.75, 1.25, 1.75]),
        # Entries without exactly one = go; order does not matter.
        ("#BPMS:2=120,0=60,1,3=1=2;", [0.0, 1.0, 2.0, 2.5]),
    ],
)
def test_times_of_both_dialects(tags: str, expected: list[float]) -> None:
    rows = "1000\n1000\n1000\n1000"
    assert seconds(read(ssc(rows, tags))) == expected
    assert seconds(sm_chart(rows, tags)) == expected


@pytest.mark.parametrize(
    ("tags", "in_sm", "in_ssc"),
    [
        # Back one beat in one beat's time: two beats pass free.
        ("#BPMS:0=60,1=-60,2=60;", [0, 1, 1, 1], [0, 1, 2, 3]),
        ("#BPMS:0=60;#STOPS:1=-1;", [0, 1, 1, 2], [0, 1, 2, 3]),
        ("#BPMS:0=60;#FREEZES:1=2;", [0, 1, 4, 5], [0, 1, 2, 3]),
        ("#BPMS:0=60;#STOPS:-1=0.5;", [0.5, 1.5, 2.5, 3.5], [0, 1, 2, 3]),
        ("#BPMS:0=60;#WARPS:1=1;", [0, 1, 2, 3], [0, 1, 1, 2]),
    ],
)
def test_what_only_one_dialect_knows(tags: str, in_sm: list[float], in_ssc: list[float]) -> None:
    rows = "1000\n1000\n1000\n1000"
    assert seconds(sm_chart(rows, tags)) == in_sm
    assert seconds(read(ssc(rows, tags))) == in_ssc


@pytest.mark.parametrize(
    ("version", "warps", "expected"),
    [
        ("0.69", "1=2", [0, 1, 1, 2]),
        ("0.69", "2=1", [0, 1, 2, 2]),
        ("0.70", "1=2", [0, 1, 1, 1]),
    ],
)
def test_warps_by_version(version: str, warps: str, expected: list[float]) -> None:
    text = ssc("1000\n1000\n1000\n1000", f"#BPMS:0=60;#WARPS:{warps};")
    assert seconds(read(text.replace("0.83", version))) == expected


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        # One tag is enough; what is missing then is empty, but for the offset.
        ("#BPMS:0=120;", [1.0, 1.5, 2.0, 2.5]),
        ("#LABELS:0=Song Start;", [1.0, 2.0, 3.0, 4.0]),
        ("#OFFSET:-5;#BPMS:0=60;", [5.0, 6.0, 7.0, 8.0]),
        ("#DISPLAYBPM:120;#ATTACKS:;", [1.0, 2.5, 3.0, 3.5]),
    ],
)
def test_split_timing(own: str, expected: list[float]) -> None:
    tags = "#OFFSET:-1;#BPMS:0=60,1=120;#STOPS:0=0.5;#WARPS:4=1;"
    assert seconds(read(ssc("1000\n1000\n1000\n1000", tags, own))) == expected


# The opt-out


@pytest.mark.parametrize(
    "said",
    ["#ROBOTS:disallow;", "#robots : DISALLOW ;", "#Robots:\n Disallow\n;", "//robots:disallow"],
)
@pytest.mark.parametrize("name", ["a.sm", "a.ssc"])
def test_the_opt_out_in_any_case_and_spacing(said: str, name: str) -> None:
    song = read(f"#TITLE:x;\n{said}\n", name)
    assert song.metadata.disallow_training
    assert write(song, name.rpartition(".")[2]) == f"#TITLE:x;\n{said}\n"


@pytest.mark.parametrize("format_id", ["sm", "ssc"])
def test_the_opt_out_can_be_switched(format_id: str) -> None:
    song = read("#TITLE:x;\n#ARTIST:y;\n", f"a.{format_id}")
    on = replace(song, metadata=replace(song.metadata, disallow_training=True))
    text = write(on, format_id)
    assert text == "#TITLE:x;\n#ARTIST:y;\n#ROBOTS:disallow;\n"
    again = read(text, f"a.{format_id}")
    assert again.metadata.disallow_training
    off = replace(again, metadata=replace(again.metadata, disallow_training=False))
    assert "ROBOTS" not in write(off, format_id)
    other = read("#TITLE:x;\n#ROBOTS:be nice;\n", f"a.{format_id}")
    assert "#ROBOTS:be nice;" in write(
        replace(other, metadata=replace(other.metadata, title="z")), format_id
    )


def test_an_opt_out_among_a_chart_s_tags_is_taken_back_too() -> None:
    song = read(ssc("1000", own="#ROBOTS:disallow;"))
    assert song.metadata.disallow_training
    off = replace(song, metadata=replace(song.metadata, disallow_training=False))
    assert not read(write(off)).metadata.disallow_training


# Encodings and files


@pytest.mark.parametrize(
    ("title", "encoding"),
    [
        ("ソラのカナタ 表", "cp932"),
        ("恋の☆呪文", "cp932"),
        ("바람의 노래", "cp949"),
        ("Hélène à l'été ÀÉ", "cp1252"),
        ("Mötley Größe", "cp1252"),
    ],
)
def test_texts_of_the_years_before_utf_8(title: str, encoding: str) -> None:
    data = f"#TITLE:{title};\n#ARTIST:x;\n".encode(encoding)
    song = read(data, "a.sm")
    assert song.metadata.title == title
    assert any("not UTF-8" in problem for problem in song.problems)
    assert write_song(song, "sm") == {"a.sm": data}
    changed = replace(song, metadata=replace(song.metadata, artist="y"))
    assert write(changed, "sm") == f"#TITLE:{title};\n#ARTIST:y;\n"


def test_of_several_files_in_a_folder_the_ssc_wins(tmp_path: Path) -> None:
    (tmp_path / "a.sm").write_text("#TITLE:sm;", encoding="utf-8")
    (tmp_path / "b.ssc").write_text("#TITLE:ssc;", encoding="utf-8")
    (tmp_path / "c.ssc").write_text("#TITLE:later;", encoding="utf-8")
    song, format_id = read_song(Bundle.open(tmp_path))
    assert (song.metadata.title, format_id) == ("ssc", "ssc")
    song, format_id = read_song(Bundle.open(tmp_path / "a.sm"))
    assert (song.metadata.title, format_id) == ("sm", "sm")


@pytest.mark.parametrize("format_id", ["sm", "ssc"])
@pytest.mark.parametrize("style", ["pump-double", "pump-halfdouble", "dance-solo", "dance-couple"])
def test_every_style_is_read_and_written_under_its_name(format_id: str, style: str) -> None:
    song = samples.song_for(style, STYLES[style])
    text = write(song, format_id)
    again = read(text, f"a.{format_id}")
    assert [c.mode for c in again.charts] == [style]
    assert again.charts[0].notes == song.charts[0].notes
    assert style in text
    assert write(again, format_id) == text


@pytest.mark.parametrize("style", ["dance-routine", "pump-routine", "lights-cabinet"])
def test_styles_that_are_not_lanes_of_one_player_stay_in_the_file(style: str) -> None:
    text = ssc("1000\n&\n0001").replace("dance-single", style)
    song = read(text)
    assert song.charts == ()
    more = replace(song, charts=(Chart("dance-single", "Easy", 1.0),))
    assert text.partition("#NOTEDATA")[2] in write(more)

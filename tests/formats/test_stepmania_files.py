"""Whole .sm and .ssc files: what is read, and that a change touches nothing else."""

import difflib
from dataclasses import replace

import chart_samples as samples
import pytest
from chart_samples import BEAT, hold, tap

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Effect, Metadata, Song
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats import find_format, losses, write_song


def read(text: str | bytes, name: str = "a.ssc", **others: bytes) -> Song:
    data = text if isinstance(text, bytes) else text.encode()
    fmt = find_format(name.rpartition(".")[2])
    return fmt.read({name: data, **{k.replace("_", "."): v for k, v in others.items()}}, name)


def write(song: Song, format_id: str = "ssc") -> str:
    (data,) = write_song(song, format_id).values()
    return data.decode()


def changed_lines(before: str, after: str) -> list[str]:
    """Lines taken out (-) and put in (+)."""
    diff = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in diff if line[0] in "+-"]


# Reading


def test_what_an_ssc_file_holds() -> None:
    song = read(samples.SSC)
    meta = song.metadata
    assert meta.title == "Colons : and ; and // slashes"
    assert (meta.artist, meta.genre, meta.source) == ("Somebody", "Test", "Nowhere")
    assert (meta.preview_s, meta.preview_length_s) == (12.5, 15.0)
    assert song.audio == "song.ogg"
    assert not meta.disallow_training
    first, second = song.charts
    assert (first.mode, first.name, first.level) == ("dance-single", "Hard", 9.0)
    assert (first.label, first.credit) == ("first", "Someone else")
    assert (second.mode, second.level) == ("pump-double", 17.0)
    assert any("lights-cabinet" in problem for problem in song.problems)


def test_song_effects() -> None:
    kinds = {(e.kind, e.tick // BEAT): e.values for e in read(samples.SSC).effects}
    assert kinds == {
        ("speed", 4): (2.0, 1.5, 1),
        ("scroll", 4): (0.5,),
        ("label", 4): ("Verse",),
        ("combo", 8): (2, 3),
        ("fakes", 24): (BEAT,),
    }


def test_a_chart_with_any_timing_tag_has_only_its_own() -> None:
    song = read(samples.SSC)
    own = song.charts[1].timing
    assert own == TimingMap.constant(150.0, 0.009)
    assert song.charts[0].timing is None


def test_before_version_0_7_charts_have_no_timing_and_warps_end_absolutely() -> None:
    old = samples.SSC.replace("#VERSION:0.83;", "#VERSION:0.69;")
    old = old.replace("#WARPS:20.000=2.000;", "#WARPS:20.000=22.000;")
    song = read(old)
    assert song.charts[1].timing is None
    assert song.timing == read(samples.SSC).timing


def test_keysounds_and_autokeysounds() -> None:
    first = read(samples.SSC).charts[0]
    assert [n.sound for n in first.notes if n.sound] == ["sm:0"]
    assert [e for e in first.effects if e.kind == "keysound"] == [
        Effect(BEAT, "keysound", (1, "1"))
    ]


def test_what_an_sm_file_holds() -> None:
    song = read(samples.SM, "a.sm")
    first, second = song.charts
    assert (first.name, first.label, first.level) == ("Challenge", "smaniac", 1.0)
    assert (second.mode, second.name, second.label) == ("dance-double", "Medium", "Second")
    assert song.timing.anchors[0].seconds == -0.1


@pytest.mark.parametrize(
    ("text", "description", "meter", "name"),
    [
        ("basic", "", "3", "Easy"),
        ("TRICK", "", "3", "Medium"),
        ("heavy", "", "9", "Hard"),
        ("hard", "Challenge", "9", "Challenge"),
        ("oni", "", "9", "Challenge"),
        ("edit", "mine", "9", "Edit"),
        ("what", "beginner", "9", "Beginner"),
        ("what", "", "1", "Beginner"),
        ("what", "", "3", "Easy"),
        ("what", "", "6", "Medium"),
        ("what", "", "7", "Hard"),
    ],
)
def test_old_names_of_difficulties(text: str, description: str, meter: str, name: str) -> None:
    song = read(f"#NOTES:dance-single:{description}:{text}:{meter}:0:1000;", "a.sm")
    assert song.charts[0].name == name


def test_old_names_mean_nothing_in_ssc_files() -> None:
    text = "#NOTEDATA:;#STEPSTYPE:dance-single;#DIFFICULTY:heavy;#METER:2;#NOTES:1000;"
    assert read(text).charts[0].name == "Easy"


def test_text_that_is_not_utf_8_is_taken_for_cp1252() -> None:
    data = "#TITLE:Café;#ARTIST:x;".encode("cp1252")
    song = read(data, "a.sm")
    assert song.metadata.title == "Café"
    assert "not UTF-8" in song.problems[0]
    assert write_song(song, "sm") == {"a.sm": data}
    renamed = replace(song, metadata=replace(song.metadata, artist="y"))
    assert write_song(renamed, "sm") == {"a.sm": "#TITLE:Café;#ARTIST:y;".encode()}


def test_bytes_of_no_encoding_come_back() -> None:
    data = b"#TITLE:\x81\x8d\xff;"
    assert write_song(read(data, "a.sm"), "sm") == {"a.sm": data}


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("#TITLE:x;\n// Robots :  DISALLOW\n", {}),
        ("#ROBOTS:disallow;", {}),
        ("#TITLE:x;", {"robots_txt": b"robots: disallow"}),
    ],
)
def test_the_opt_out_is_read_wherever_it_is(text: str, files: dict[str, bytes]) -> None:
    assert read(text, "a.sm", **files).metadata.disallow_training


def test_an_empty_file_is_a_song_without_charts() -> None:
    song = read("")
    assert song == replace(Song(timing=TimingMap.constant(60.0)), extra=song.extra)
    assert write(song) == ""


def test_the_first_file_of_a_folder_is_read() -> None:
    files = {"b.ssc": b"#TITLE:b;", "a.ssc": b"#TITLE:a;", "sub/0.ssc": b"#TITLE:0;"}
    assert find_format("ssc").read(files, None).metadata.title == "a"


def test_many_problems_are_summed_up() -> None:
    song = read("#BPMS:" + ",".join(["nothing"] * 50) + ";")
    assert len(song.problems) == 21
    assert song.problems[-1] == "and 30 more of this sort"


# Writing what was changed


def test_a_new_title_touches_one_line() -> None:
    song = read(samples.SSC)
    after = write(replace(song, metadata=replace(song.metadata, title="A; new // one")))
    assert changed_lines(samples.SSC, after) == [
        r"- #TITLE:Colons \: and \; and \/\/ slashes;",
        r"+ #TITLE:A\; new \/\/ one;",
    ]


def test_a_removed_note_touches_its_measure_and_the_radar() -> None:
    song = read(samples.SSC)
    chart = song.charts[0]
    notes = tuple(n for n in chart.notes if n.kind != "fake")
    after = write(song.with_chart(0, replace(chart, notes=notes)))
    lines = changed_lines(samples.SSC, after)
    assert "- 0F00" in lines
    assert "+ 0000" in lines
    assert [line[:14] for line in lines if "0F00" not in line and "0000" not in line] == [
        "- #RADARVALUES",
        "+ #RADARVALUES",
    ]
    assert "  // measure 1\n" in after
    assert read(after).charts[0].notes == notes


def test_a_new_tempo_touches_its_tag() -> None:
    song = read(samples.SSC)
    faster = read(samples.SSC.replace("=240.500", "=241.500")).timing
    after = write(replace(song, timing=faster))
    assert sorted(changed_lines(samples.SSC, after)) == [
        "+ #BPMS:0=120,",
        "+ 16=241.5;",
        "- #BPMS:0.000=120.000",
        "- ,16.000=240.500 // faster",
        "- ;",
    ]


def test_a_chart_can_get_and_lose_its_own_timing() -> None:
    song = read(samples.SSC)
    own = replace(song.charts[0], timing=TimingMap.constant(99.5, 0.25))
    after = write(song.with_chart(0, own))
    assert read(after).charts[0].timing == own.timing
    assert write(read(after).with_chart(0, song.charts[0])) != after
    back = read(after)
    plain = replace(back.charts[0], timing=None)
    assert read(write(back.with_chart(0, plain))).charts[0].timing is None


def test_a_chart_with_effects_of_its_own_gets_all_timing_tags() -> None:
    song = read(samples.SSC)
    chart = replace(song.charts[0], effects=(Effect(BEAT, "scroll", (2.0,)),))
    again = read(write(song.with_chart(0, chart))).charts[0]
    assert again.timing == song.timing
    assert Effect(BEAT, "scroll", (2.0,)) in again.effects
    assert Effect(24 * BEAT, "fakes", (BEAT,)) in again.effects


def test_an_old_file_is_brought_to_the_new_version_with_a_new_timing() -> None:
    old = samples.SSC.replace("#VERSION:0.83;", "#VERSION:0.5;")
    song = read(old)
    retimed = replace(song, timing=TimingMap.constant(77.0), charts=song.charts)
    after = write(retimed)
    assert "#VERSION:0.83;" in after
    again = read(after)
    assert again.timing == retimed.timing
    assert [c.timing for c in again.charts] == [None, None]
    assert write(song) == old


def test_charts_can_be_removed_and_added() -> None:
    song = read(samples.SSC)
    fewer = read(write(replace(song, charts=song.charts[1:])))
    assert [c.mode for c in fewer.charts] == ["pump-double"]
    assert "lights-cabinet" in write(fewer)
    new = samples.PAD_SONG.charts[0]
    more = write(replace(song, charts=(*song.charts, new)))
    assert [c.name for c in read(more).charts] == ["Hard", "Challenge", "Hard"]
    assert read(more).charts[2].notes == new.notes
    assert more.startswith(samples.SSC.split("#AFTERWARDS")[0])
    assert "#AFTERWARDS:still here;" in more


def test_unknown_tags_survive_in_the_other_dialect() -> None:
    song = read(samples.SSC)
    text = write(song, "sm").partition("\n\n//")[0]
    assert "#MADEUP:kept: as it is;" in text
    assert "#BGCHANGES:0.000=bg.avi" in text
    assert text.count("#BGCHANGES") == 1


def test_line_ends_of_the_file_are_kept() -> None:
    text = samples.SSC.replace("\n", "\r\n")
    song = read(text)
    chart = song.charts[0]
    changed = song.with_chart(0, replace(chart, notes=chart.notes[1:], label="other"))
    after = write(replace(changed, timing=TimingMap.constant(100.0)))
    assert "\n" not in after.replace("\r\n", "")


def test_the_opt_out_is_written_and_taken_back() -> None:
    song = samples.PAD_SONG
    out = replace(song, metadata=replace(song.metadata, disallow_training=True))
    for format_id in ("sm", "ssc"):
        text = write(out, format_id)
        assert text.count("#ROBOTS:disallow;") == 1
        again = read(text, f"a.{format_id}")
        assert again.metadata.disallow_training
        assert write(again, format_id) == text
        free = replace(again, metadata=replace(again.metadata, disallow_training=False))
        assert "ROBOTS" not in write(free, format_id)


def test_sample_tags_are_left_out_where_the_game_chooses() -> None:
    text = write(replace(samples.PAD_SONG, metadata=Metadata(title="x")))
    assert "#SAMPLESTART" not in text
    song = read("#SAMPLESTART:-1;#SAMPLELENGTH:;")
    assert song.metadata.preview_s is None
    assert write(song) == "#SAMPLESTART:-1;#SAMPLELENGTH:;"


def test_repeated_tags_become_one_when_changed() -> None:
    song = read("#TITLE:a;\n#TITLE:b;\n#BPMS:0=100;\n#BPMS:4=200;\n")
    assert song.metadata.title == "b"
    assert [a.bpm for a in song.timing.anchors] == [100.0, 200.0]
    after = write(replace(song, metadata=replace(song.metadata, title="c")))
    assert after == "\n#TITLE:c;\n#BPMS:0=100;\n#BPMS:4=200;\n"


# Writing a new file


@pytest.mark.parametrize("format_id", ["sm", "ssc"])
def test_a_new_file_says_everything(format_id: str) -> None:
    (name,) = write_song(samples.PAD_SONG, format_id)
    assert name == f"New song.{format_id}"
    text = write(samples.PAD_SONG, format_id)
    again = read(text, f"a.{format_id}")
    assert again.metadata == samples.PAD_SONG.metadata
    assert again.timing == samples.PAD_SONG.timing
    assert again.charts[0].notes == samples.PAD_SONG.charts[0].notes
    assert (again.charts[0].name, again.charts[0].level) == ("Hard", 7.0)
    for tag in ("#TITLE:", "#MUSIC:song.ogg;", "#OFFSET:-0.321;", "#BPMS:0=123.45;", "#STOPS:;"):
        assert tag in text
    if format_id == "ssc":
        assert text.startswith("#VERSION:0.83;\n")
        assert "#TICKCOUNTS:0=4;" in text
        assert "#SPEEDS:0=1=0=0;" in text


def test_a_chart_whose_name_the_game_does_not_know_is_an_edit() -> None:
    song = replace(samples.PAD_SONG, charts=(replace(samples.PAD_SONG.charts[0], name="12-2"),))
    again = read(write(song)).charts[0]
    assert (again.name, again.label) == ("Edit", "12-2")


def test_in_sm_files_the_author_stands_in_the_description() -> None:
    chart = replace(samples.PAD_SONG.charts[0], credit="Someone")
    again = read(write(replace(samples.PAD_SONG, charts=(chart,)), "sm"), "a.sm").charts[0]
    assert again.label == "Someone"


def test_levels_are_whole_numbers_from_one() -> None:
    for level, written in ((None, 1.0), (0.2, 1.0), (12.5, 13.0), (9.4, 9.0)):
        chart = replace(samples.PAD_SONG.charts[0], level=level)
        again = read(write(replace(samples.PAD_SONG, charts=(chart,))))
        assert again.charts[0].level == written


def test_notes_before_the_first_beat_move_the_first_measure() -> None:
    song = replace(
        samples.PAD_SONG,
        timing=TimingMap.constant(120.0, 3.0),
        charts=(Chart("dance-single", "Easy", 1.0, (tap(-5, 0), tap(1, 1))),),
        effects=(Effect(0, "scroll", (2.0,)),),
    )
    again = read(write(song))
    assert again.timing.seconds_at(0) == -1.0
    assert [n.tick for n in again.charts[0].notes] == [3 * BEAT, 9 * BEAT]
    assert again.effects == (Effect(8 * BEAT, "scroll", (2.0,)),)
    before = song.timing.seconds_at(song.charts[0].notes[0].tick)
    assert again.timing.seconds_at(3 * BEAT) == before


def test_keysounds_ask_for_the_newer_tag() -> None:
    chart = Chart("dance-single", "Easy", 1.0, (tap(0, 0, "sm:4"),))
    text = write(replace(samples.PAD_SONG, charts=(chart,)))
    assert "#NOTES2:\n1[4]000\n" in text


def test_modes_and_lanes_that_the_format_lacks_are_refused() -> None:
    with pytest.raises(ModeError, match="mania-4k"):
        write_song(samples.KEY_SONG, "ssc")
    chart = Chart("dance-single", "Easy", 1.0, (tap(0, 4),))
    with pytest.raises(ModeError, match="lane 5 of 4"):
        write_song(replace(samples.PAD_SONG, charts=(chart,)), "ssc")


# One timing for all charts of an .sm file


def test_sm_takes_the_timing_that_most_charts_have() -> None:
    own = TimingMap.constant(150.0, 0.25)
    chart = samples.PAD_SONG.charts[0]
    charts = (replace(chart, timing=own), replace(chart, timing=own, name="Easy"), chart)
    song = replace(samples.PAD_SONG, charts=charts)
    again = read(write(song, "sm"), "a.sm")
    assert again.timing == own
    assert again.charts[0].notes == chart.notes
    ticks = [n.tick for n in again.charts[2].notes]
    for tick, note in zip(ticks, chart.notes, strict=True):
        there = again.timing.seconds_at(tick)
        assert there == pytest.approx(song.timing.seconds_at(note.tick), abs=60 / 150 / 96)
    own_lost = [x for x in losses(song, "sm") if "own timing" in x.what]
    assert [(x.chart, x.n) for x in own_lost] == [("Hard", 1)]


def test_pauses_and_warps_survive_as_negative_stops() -> None:
    timing = TimingMap(
        (
            Anchor(0, 0.5, 120.0, bar=True),
            Anchor(4 * BEAT, 2.5, 120.0),
            Anchor(4 * BEAT, 2.75, 120.0, cause=Cause.DELAY),
            Anchor(4 * BEAT, 3.25, 120.0, cause=Cause.STOP),
            Anchor(8 * BEAT, 3.25, 150.0, cause=Cause.WARP),
            Anchor(8 * BEAT, 4.25, 150.0, cause=Cause.STOP),
            Anchor(10 * BEAT, 4.25, 150.0, cause=Cause.WARP),
            Anchor(15 * BEAT, 6.25, 180.0, 3, bar=True),
        )
    )
    chart = Chart("dance-single", "Easy", 1.0, tuple(tap(b, 0) for b in range(24)))
    song = replace(samples.PAD_SONG, timing=timing, charts=(chart,))
    for format_id in ("sm", "ssc"):
        again = read(write(song, format_id), f"a.{format_id}")
        for beat in range(24):
            there = again.timing.seconds_at(beat * BEAT)
            assert there == pytest.approx(timing.seconds_at(beat * BEAT), abs=2e-6), beat
    assert read(write(song)).timing == timing


# Losses


def test_losses_of_the_dialects() -> None:
    chart = Chart(
        "dance-single",
        "Hard",
        7.5,
        sort_notes(
            [
                LaneNote(1, 1, 0),
                hold(4, 6, 0),
                tap(5, 0),
                tap(8, 1),
                tap(8, 1),
                tap(9, 2, "osu:2,"),
            ]
        ),
        effects=(Effect(7, "scroll", (1.0,)), Effect(0, "sv", (2.0,))),
        label="label",
        credit="credit",
    )
    song = Song(
        Metadata(tags="two words", source="src", cover="c.png"),
        timing=TimingMap((Anchor(0, 0.0, 120.0), Anchor(101, 1.0, 100.0))),
        charts=(chart, samples.KEY_SONG.charts[0]),
        effects=(Effect(0, "sv", (1.0,)), Effect(0, "scroll", (2.0,))),
    )
    found = {loss.what: loss.n for loss in losses(song, "sm")}
    assert found.pop("the whole chart: StepMania .sm has no mania-4k") == 1
    assert found == {
        "tags": 2,
        "source": 1,
        "cover picture": 1,
        "scroll, speed and label changes of the song": 2,
        "tempo changes between the rows of 1/192": 1,
        "hit sounds": 1,
        "scroll, speed and label changes": 1,
        "osu! changes of speed and sound": 1,
        "decimals of the level": 1,
        "author of the chart": 1,
        "notes moved to the nearest 1/192": 1,
        "holds cut short by a note in their lane": 1,
        "notes without a place of their own": 1,
    }
    for_ssc = {loss.what for loss in losses(song, "ssc")}
    named = replace(song, charts=(replace(chart, name="own"),))
    assert "name of the chart" in {loss.what for loss in losses(named, "ssc")}
    assert "effects moved to the nearest 1/192" in for_ssc
    assert not {"source", "cover picture", "author of the chart"} & for_ssc

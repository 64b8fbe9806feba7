"""What a rewrite of .sm and .ssc files keeps, and that the rest is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.errors import FormatError
from chartstudio.core.song import Chart, Effect, Extra, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.formats import Bundle, find_format, losses, read_song, write_song
from chartstudio.formats.playable import playable
from chartstudio.formats.stepmania import unread
from chartstudio.formats.stepmania_tempo import as_read
from chartstudio.formats.stepmania_timing import Segments, to_map

EIGHT = "1000\n1000\n1000\n1000\n,\n1000\n1000\n1000\n1000\n"


def read(text: str, name: str) -> Song:
    return find_format(name.rpartition(".")[2]).read({name: text.encode()}, name)


def written(song: Song, format_id: str) -> str:
    (data,) = write_song(song, format_id).values()
    return data.decode()


def again(song: Song, format_id: str) -> Song:
    return read(written(song, format_id), f"a.{format_id}")


def bare(song: Song) -> Song:
    """The song without the text that it was read from."""
    charts = tuple(replace(c, extra=Extra()) for c in song.charts)
    return replace(song, extra=Extra(), charts=charts)


def sm(tags: str, notes: str = EIGHT, more: str = "") -> Song:
    return read(f"{tags}\n#NOTES:dance-single::Hard:9:0:\n{notes};\n{more}", "a.sm")


def ssc(tags: str, notes: str = EIGHT, more: str = "") -> Song:
    head = f"#VERSION:0.83;{tags}\n#NOTEDATA:;#STEPSTYPE:dance-single;#DIFFICULTY:Hard;#METER:9;"
    return read(f"{head}#NOTES:\n{notes};\n{more}", "a.ssc")


def told(song: Song, format_id: str) -> dict[str, int]:
    return {loss.what: loss.n for loss in losses(song, format_id)}


# Warps


@pytest.mark.parametrize(
    ("tags", "n_playable"),
    [
        ("#BPMS:0=120,4=-120;", 4),
        ("#BPMS:0=120,4=99999999;", 4),
        # Time stands still for a stop on the way, and the row of it is played.
        ("#BPMS:0=120,4=-120;#STOPS:5=2;", 5),
        ("#BPMS:0=120,4=-120;#DELAYS:5=2,6=1;", 6),
        ("#BPMS:0=120,2=-120,4=240,6=-100;", 2),
        ("#BPMS:0=0.01;#STOPS:0=-99999;", 0),
    ],
)
@pytest.mark.parametrize("format_id", ["sm", "ssc", "project"])
def test_a_warp_that_never_ends_stays_one(tags: str, n_playable: int, format_id: str) -> None:
    song = bare(sm(tags))
    assert playable(song, song.charts[0]).sum() == n_playable
    (name,) = files = write_song(song, format_id)
    back = find_format(format_id).read(files, name)
    before, after = (playable(s, s.charts[0]).tolist() for s in (song, back))
    assert after == before
    assert told(song, format_id) == {}


def test_a_warp_over_the_whole_song_and_one_too_long_for_a_stop() -> None:
    whole = bare(ssc("#BPMS:0=60;#WARPS:0=1000000;"))
    assert not playable(whole, whole.charts[0]).any()
    assert playable(again(whole, "sm"), whole.charts[0]).tolist() == [False] * 8
    # Two beats that take longer than any stop may, and play goes on after them.
    slow = bare(ssc("#BPMS:0=120,3=0.001;#WARPS:3=2;#STOPS:6=1;"))
    after = again(slow, "sm")
    assert playable(after, after.charts[0]).tolist() == [True] * 3 + [False] * 2 + [True] * 3
    ticks = np.arange(8) * BEAT
    np.testing.assert_allclose(after.timing.seconds_at(ticks), slow.timing.seconds_at(ticks))


_WARPS = st.lists(st.tuples(st.integers(1, 300), st.integers(1, 300)), min_size=1, max_size=3)
_ROWS = st.integers(0, 1500)


@settings(max_examples=150, deadline=None)
@given(
    gaps=_WARPS,
    first=st.integers(0, 200),
    bpms=st.dictionaries(_ROWS, st.sampled_from((0.0001, 0.002, 60.0, 175.5)), max_size=4),
    stops=st.dictionaries(_ROWS, st.sampled_from((0.25, 3.0)), max_size=3),
    endless=st.booleans(),
)
def test_warps_of_any_length_come_back_from_stops_and_tempos(
    gaps: list[tuple[int, int]],
    first: int,
    bpms: dict[int, float],
    stops: dict[int, float],
    endless: bool,
) -> None:
    warps, row = {}, first
    for gap, length in gaps:
        warps[row] = float(length)
        row += length + gap
    if endless:
        warps[row] = 48e6 - row
    rows = {0: 120.0} | {r: v * 10 for r, v in bpms.items()}
    segments = Segments(
        0.0,
        tuple(sorted(rows.items())),
        tuple(sorted(stops.items())),
        (),
        tuple(sorted(warps.items())),
    )
    timing = to_map(segments)
    there = as_read(timing, warp_tags=False)
    ticks = np.arange(1600, dtype=np.int64) * BEAT // 48
    assert there.warped(ticks).tolist() == timing.warped(ticks).tolist()
    # A reader pays back what a warp owes at beats of six decimals.
    slack_s = 1e-5 + 1e-6 * 60 / min(rows.values()) * (len(warps) + len(stops))
    np.testing.assert_allclose(
        there.seconds_at(ticks), timing.seconds_at(ticks), rtol=1e-9, atol=slack_s
    )


def test_warps_and_fakes_of_a_chart_that_loses_its_timing_are_told() -> None:
    block = (
        "#NOTEDATA:;#STEPSTYPE:dance-single;#DIFFICULTY:Easy;#METER:2;#BPMS:0=60;#WARPS:2=2;"
        "#FAKES:6=1;#NOTES:\n1000\n1000\n1000\n0100\n,\n0010\n1000\n1000\n1000;\n"
    )
    plain = block.replace("Easy", "Medium").replace("#BPMS:0=60;#WARPS:2=2;#FAKES:6=1;", "")
    song = ssc("#BPMS:0=60;", more=block + plain)
    assert told(song, "ssc") == {}
    assert told(song, "sm") == {
        "own timing; notes keep their seconds": 1,
        "fake stretches": 1,
        "notes and mines of fake stretches that become real": 1,
        "notes and mines of warps that become real": 2,
    }
    there = again(song, "sm")
    n_more = playable(there, there.charts[1]).sum() - playable(song, song.charts[1]).sum()
    assert n_more == 3
    # Where notes fall onto one place, that alone is told.
    stacked = ssc("#BPMS:0=60;", more=block.replace("0100", "1000").replace("0010", "1000") + plain)
    found = told(stacked, "sm")
    assert found["notes without a place of their own"] == 2
    assert "notes and mines of warps that become real" not in found


def test_a_tempo_that_sm_files_take_for_a_warp_is_told() -> None:
    song = ssc("#BPMS:0=60,4=20000000;")
    assert playable(song, song.charts[0]).all()
    there = again(song, "sm")
    n_lost = 8 - int(playable(there, there.charts[0]).sum())
    assert n_lost > 0
    assert told(song, "sm") == {"notes and mines that end up inside warps": n_lost}


# Fakes


def test_notes_and_mines_that_become_real_are_told() -> None:
    notes = EIGHT.replace("1000", "1M00")
    song = ssc("#BPMS:0=60;#FAKES:1=2,6=1;#SCROLLS:2=0.5;#WARPS:2=1;", notes)
    assert told(song, "ssc") == {}
    assert told(song, "sm") == {
        "scroll, speed and label changes of the song": 1,
        "fake stretches of the song": 2,
        # Beats 1 and 6; beat 2 lies in a warp all the same.
        "notes and mines of fake stretches that become real": 4,
    }
    there = again(song, "sm")
    n_more = playable(there, there.charts[0]).sum() - playable(song, song.charts[0]).sum()
    assert n_more == 4


def test_fakes_over_no_notes_make_nothing_real() -> None:
    song = ssc("#BPMS:0=60;#FAKES:1.5=0.25;")
    assert told(song, "sm") == {"fake stretches of the song": 1}


# Charts that are not read


ROUTINE = "2000\n0001\n3000\n0000\n&\n1[2]000\n0000\n0L00\n000M\n"


@pytest.mark.parametrize(("source", "target"), [("sm", "ssc"), ("ssc", "sm")])
def test_unread_charts_go_into_the_other_dialect_and_back(source: str, target: str) -> None:
    text = {
        "sm": f"#NOTES:\n dance-routine:\n by\\: us:\n smaniac:\n 11:\n 0,0:\n// one\n{ROUTINE};\n"
        f"#NOTES2:lights-cabinet::Easy:1:0:\n100000\n;\n",
        "ssc": "#NOTEDATA:;#STEPSTYPE:dance-routine;#DESCRIPTION:by\\: us;#DIFFICULTY:Challenge;"
        f"#METER:11;#NOTES:\n// one\n{ROUTINE};\n"
        "#NOTEDATA:;#STEPSTYPE:lights-cabinet;#DIFFICULTY:Easy;#METER:1;#NOTES2:\n100000\n;\n",
    }
    text["sm"] = text["sm"].replace("smaniac", "Challenge")
    song = {"sm": sm, "ssc": ssc}[source]("#BPMS:0=60;", more=text[source])
    names = ("dance-routine Challenge", "lights-cabinet Easy")
    assert unread(song) == names
    assert told(song, target) == told(song, source) == {}
    there = again(song, target)
    assert unread(there) == names
    assert [(c.mode, c.notes) for c in there.charts] == [("dance-single", song.charts[0].notes)]
    after = written(song, target)
    assert f"// one\n{ROUTINE};" in after
    assert "#NOTES2:\n100000\n;" in after or "#NOTES2:\n     lights-cabinet:" in after
    assert "by\\: us" in after
    assert "11" in after
    # And back, where nothing is known of the first file any more.
    home = again(there, source)
    assert unread(home) == names
    assert f"// one\n{ROUTINE};" in written(there, source)
    assert written(again(song, target), target) == after


def test_old_names_of_difficulties_are_written_in_new_words() -> None:
    song = sm("#BPMS:0=60;", more="#NOTES:dance-routine::heavy:9:0:1000;")
    assert unread(song) == ("dance-routine Hard",)
    assert "#DIFFICULTY:Hard;" in written(song, "ssc").partition("dance-routine")[2]


def test_unread_charts_that_cannot_be_carried_are_told() -> None:
    own = "#NOTEDATA:;#STEPSTYPE:dance-routine;#DIFFICULTY:Hard;#METER:9;#BPMS:0=99;#NOTES:1000;\n"
    cut = "#NOTEDATA:;#STEPSTYPE:dance-single;#DIFFICULTY:Hard;\n"
    song = ssc("#BPMS:0=60;", more=own + cut)
    assert unread(song) == ("dance-routine Hard", "a broken chart")
    assert told(song, "ssc") == {}
    lost = {"the unread chart dance-routine Hard": 1, "the unread chart a broken chart": 1}
    assert told(song, "sm") == lost
    assert unread(again(song, "sm")) == ()
    old = read(written(song, "ssc").replace("0.83", "0.5"), "a.ssc")
    assert told(old, "sm") == {"the unread chart a broken chart": 1}
    assert unread(again(old, "sm")) == ("dance-routine Hard",)


def test_unread_charts_stay_behind_where_the_file_counts_its_beats_anew() -> None:
    song = sm("#BPMS:0=60;", more="#NOTES:dance-routine::Hard:9:0:1000;")
    (chart,) = song.charts
    early = tuple(replace(n, tick=n.tick - BEAT, end=n.end - BEAT) for n in chart.notes)
    moved = song.with_chart(0, replace(chart, notes=early))
    assert told(moved, "ssc") == {"the unread chart dance-routine Hard": 1}
    assert unread(again(moved, "ssc")) == ()
    retimed = ssc("#BPMS:0=60;", more="#NOTEDATA:;#STEPSTYPE:dance-routine;#NOTES:1000;")
    own = replace(retimed.charts[0], timing=TimingMap.constant(99.0))
    assert told(retimed.with_chart(0, own), "sm") == {"the unread chart dance-routine Beginner": 1}


@pytest.mark.parametrize("stray", ["#NOTES:dance-single::Hard:9:0:1000;", "#NOTES2:1;"])
def test_notes_astray_among_the_tags_become_no_chart_of_the_other_dialect(stray: str) -> None:
    song = ssc(f"#BPMS:0=60;{stray}")
    assert len(again(song, "sm").charts) == 1
    assert unread(again(song, "sm")) == unread(song) == ()
    back = again(sm("#BPMS:0=60;#NOTEDATA:;"), "ssc")
    assert (len(back.charts), unread(back)) == (1, ())


def test_a_song_from_nothing_holds_nothing_unread() -> None:
    assert unread(Song()) == ()


# Files that are none


@pytest.mark.parametrize("name", ["a.sm", "a.ssc"])
@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)),
        np.random.default_rng(0).bytes(50_000),
        b"hello",
        b"\n",
        b"// #\n",
        b"#;:",
        b"osu file format v14\n[General]\nMode: 0\n",
    ],
)
def test_files_without_a_tag_are_refused(data: bytes, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(FormatError, match="is no StepMania file; ") as caught:
        read_song(Bundle.open(path))
    assert caught.value.file == str(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["#TITLE:", "\ufeff#title : x;", "junk #BPMS:0=60", "#MADEUP:x;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_any_tag_makes_a_file_one(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    song = find_format("sm").read({"a.sm": data}, "a.sm")
    assert write_song(song, "sm") == {"a.sm": data}


def test_a_file_of_no_bytes_is_told_of() -> None:
    assert read("", "a.sm").problems == ("a.sm is empty",)


def test_what_is_left_of_a_file_whose_only_tag_goes_can_be_read() -> None:
    song = read("// mine\n#ROBOTS:disallow;\n// too\n", "a.sm")
    free = replace(song, metadata=replace(song.metadata, disallow_training=False))
    assert again(free, "sm").metadata == free.metadata


# The opt-out in words of its own


@pytest.mark.parametrize("said", ["#TITLE:robots: disallow;", "// robots: disallow\n#TITLE:x;"])
@pytest.mark.parametrize("format_id", ["sm", "ssc"])
def test_an_opt_out_in_other_words_stays_and_nothing_false_is_told(
    said: str, format_id: str
) -> None:
    song = read(f"{said}\n#MUSIC:a.ogg;", f"a.{format_id}")
    assert song.metadata.disallow_training
    assert song.problems == ()
    free = replace(song, metadata=replace(song.metadata, disallow_training=False))
    for one in (song, free):
        assert told(one, format_id) == {}
        there = again(one, format_id)
        assert there.metadata == song.metadata
        assert there.problems == ()
    assert written(free, format_id) == f"{said}\n#MUSIC:a.ogg;"


@pytest.mark.parametrize("format_id", ["sm", "ssc"])
def test_an_opt_out_outlives_the_title_that_said_it(format_id: str) -> None:
    song = read("#TITLE:robots: disallow;\n#MUSIC:a.ogg;", f"a.{format_id}")
    renamed = replace(song, metadata=replace(song.metadata, title="x"))
    assert again(renamed, format_id).metadata == renamed.metadata


def test_effects_of_a_chart_are_told_apart() -> None:
    effects = (Effect(0, "fakes", (BEAT,)), Effect(0, "scroll", (2.0,)), Effect(BEAT, "sv", (1.0,)))
    song = sm("#BPMS:0=60;")
    chart: Chart = replace(song.charts[0], effects=effects)
    assert told(song.with_chart(0, chart), "sm") == {
        "scroll, speed and label changes": 1,
        "fake stretches": 1,
        "notes and mines of fake stretches that become real": 1,
        "osu! changes of speed and sound": 1,
    }

"""Whole charts of osu!standard and taiko: what is read, written, and written anew."""

import difflib
import math
import re
from collections import Counter
from dataclasses import replace

import chart_samples as samples
import pytest
from chart_samples import BEAT

from chartstudio.core.errors import ModeError
from chartstudio.core.note import LaneNote, Note, sort_notes
from chartstudio.core.song import Chart, Effect, Extra, Metadata, Song
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.formats import find_format, losses, write_song
from chartstudio.modes.osu.notes import Circle, Slider, Spinner

OSZ = find_format("osz")


def read(text: str | bytes) -> Song:
    return OSZ.read({"a.osu": text if isinstance(text, bytes) else text.encode()}, None)


def write(song: Song) -> str:
    (data,) = write_song(song, "osz").values()
    return data.decode()


def with_notes(song: Song, *notes: Note) -> Song:
    return song.with_chart(0, replace(song.charts[0], notes=sort_notes(notes)))


def anew(song: Song) -> Song:
    """The song without what its files held beyond our model."""
    charts = tuple(replace(c, extra=Extra()) for c in song.charts)
    return replace(song, charts=charts, extra=Extra())


def changed_lines(before: str, after: str) -> list[str]:
    diff = difflib.ndiff(before.splitlines(), after.splitlines())
    return sorted(line for line in diff if line[0] in "+-")


def times_ms(song: Song) -> list[tuple[float, float]]:
    chart = song.charts[0]
    at = song.timing_of(chart).seconds_at
    return [(round(at(n.tick) * 1000, 3), round(at(n.end) * 1000, 3)) for n in chart.notes]


# osu!standard


def test_a_chart_of_osu() -> None:
    song = read(samples.OSU_STANDARD)
    (chart,) = song.charts
    assert (chart.mode, chart.name, chart.credit) == ("osu", "Insane", "Mapper")
    assert Counter(type(n) for n in chart.notes) == {Circle: 4, Slider: 8, Spinner: 1}
    assert chart.settings == (
        ("ar", 8.0),
        ("cs", 4.2),
        ("hp", 6.5),
        ("od", 8.0),
        ("slider_multiplier", 1.6),
        ("slider_tick_rate", 2.0),
        ("stack_leniency", 0.4),
    )
    assert song.problems == ("a.osu: 1 x hit objects that osu! skips too",)


def test_where_objects_of_osu_lie_in_time() -> None:
    """Worked out by hand: 160 px a beat of 400 ms, from 5300 on of 500 ms."""
    expected = [
        (500, 500),
        (900, 900),
        (1300, 1700),  # 160 px
        (1700, 1700 + 2 * 240 / 160 * 400),
        (2100, 2100 + 3 * 80 / 320 * 400),  # twice as fast
        (2500, 2700),
        (2900, 3300),  # 120 px at 0.75
        (3700, 3700 + 300 / 120 * 400),  # no length: that of its path
        (4500, 5100),
        (5300, 5300),
        (5800, 5800 + 200 / 160 * 500),  # ends twice at one point, but needs no stretching
        (6300, 6800),  # NaN: no ticks, velocity 1
        (7300, 7300),
    ]
    found = times_ms(read(samples.OSU_STANDARD))
    assert [t for pair in sorted(found) for t in pair] == pytest.approx(
        [t for pair in sorted(expected) for t in pair], abs=0.03
    )


def test_lines_lie_on_the_ticks_of_their_notes() -> None:
    text = samples.OSU_STANDARD.replace("500,400,4", "500.3,400,4")
    song = read(text)
    chart = song.charts[0]
    starts = {n.tick for n in chart.notes}
    assert {e.tick for e in chart.effects if e.kind == "sv"} <= starts
    assert write(song) == text


def test_moving_one_object_touches_its_line() -> None:
    song = read(samples.OSU_STANDARD)
    notes = list(song.charts[0].notes)
    circle = next(n for n in notes if isinstance(n, Circle) and n.sound)
    notes[notes.index(circle)] = replace(circle, x=5.0, tick=BEAT // 2, end=BEAT // 2)
    after = write(with_notes(song, *notes))
    assert changed_lines(samples.OSU_STANDARD, after) == [
        "+ 5,200,700,1,10,2:1:3:70:own sound.wav",
        "- 300,200,900,1,10,2:1:3:70:own sound.wav",
    ]
    assert read(after).charts[0].notes == sort_notes(notes)


def test_changing_a_path_touches_its_line() -> None:
    song = read(samples.OSU_STANDARD)
    notes = list(song.charts[0].notes)
    slider = next(n for n in notes if isinstance(n, Slider) and n.curve == "B3")
    points = (*slider.points[:-1], ("", 250.0, 0.0))
    notes[notes.index(slider)] = replace(slider, points=points)
    after = write(with_notes(song, *notes))
    assert changed_lines(samples.OSU_STANDARD, after) == [
        "+ 10,20,2900,2,2,B3|60:20|110:70|P|160:20|250:0,1,120",
        "- 10,20,2900,2,2,B3|60:20|110:70|P|160:20|210:70,1,120",
    ]
    assert read(after).charts[0].notes == tuple(notes)


def slider_at(song: Song, tick: int) -> Slider:
    return next(n for n in song.charts[0].notes if isinstance(n, Slider) and n.tick == tick)


def with_end(song: Song, tick: int, end: int) -> Song:
    old = slider_at(song, tick)
    notes = [replace(old, end=end) if n is old else n for n in song.charts[0].notes]
    return with_notes(song, *notes)


def test_a_slider_with_another_end_gets_a_line_at_its_head() -> None:
    song = read(samples.OSU_STANDARD)
    # The slider of 160 px at 1300 takes two beats now; the next one still has its own speed.
    edited = with_end(song, 2 * BEAT, 4 * BEAT)
    after = write(edited)
    assert changed_lines(samples.OSU_STANDARD, after) == [
        "+ 1300,-200,4,2,1,60,0,0",
        "+ 1700,-100,4,2,1,60,0,0",
    ]
    again = read(after)
    assert again.charts[0].notes == edited.charts[0].notes
    assert losses(edited, "osz") == ()


def test_a_line_at_the_head_takes_the_place_of_the_one_there() -> None:
    song = read(samples.OSU_STANDARD)
    # The slider at 2100 lies on a line of its own, which the one at 2500 needs as well.
    edited = with_end(song, 4 * BEAT, 5 * BEAT)
    after = write(edited)
    assert changed_lines(samples.OSU_STANDARD, after) == [
        "+ 2100,-66.667,4,2,1,60,0,0",
        "+ 2500,-50,4,2,1,60,0,0",
        "- 2100,-50,4,2,1,60,0,0",
    ]
    assert read(after).charts[0].notes == edited.charts[0].notes


def test_a_line_of_the_chart_takes_the_speed_back_by_itself() -> None:
    song = read(samples.OSU_STANDARD)
    edited = with_end(song, 5 * BEAT, 6 * BEAT)  # the one at 2500; 2900 has its own line
    after = write(edited)
    assert len(changed_lines(samples.OSU_STANDARD, after)) == 1
    assert read(after).charts[0].notes == edited.charts[0].notes


@pytest.mark.parametrize("end", [2 * BEAT + BEAT // 48, 300 * BEAT, 2 * BEAT])
def test_what_no_velocity_does_is_done_by_the_length(end: int) -> None:
    song = read(samples.OSU_STANDARD)
    edited = with_end(song, 2 * BEAT, end)
    again = read(write(edited))
    now = slider_at(again, 2 * BEAT)
    assert now.end == end
    assert now.length_px != 160
    assert replace(now, length_px=160.0) == slider_at(edited, 2 * BEAT)
    (loss,) = losses(edited, "osz")
    assert (loss.n, "length" in loss.what) == (1, True)
    assert changed_lines(write(song), write(edited))[0].startswith("+ 64,64,1300,2,0,L|224:64,1,")


@pytest.mark.parametrize(
    ("end", "is_read"),
    [
        (3 * BEAT + 1050, 3 * BEAT + 1050),
        (3 * BEAT - 210, 3 * BEAT - 210),
        # Less than half a millisecond from a grid line, which is what is read.
        (3 * BEAT - 11, 3 * BEAT),
    ],
)
@pytest.mark.parametrize("start", [2 * BEAT, 2 * BEAT + 231])
def test_an_end_off_the_grid_is_met_whatever_its_head_was_rounded_to(
    start: int, end: int, is_read: int
) -> None:
    timing = TimingMap.constant(151.3, 0.00047)
    slider = Slider(start, end, 0.0, 0.0, "L", (("", 280.0, 0.0),), 130.0)
    song = Song(timing=timing, charts=(Chart("osu", "x", notes=(slider,)),))
    again = read(write(song))
    assert again.charts[0].notes[0].end == is_read
    assert read(write(again)) == again
    # The head is written in whole milliseconds, and only one on the grid is known by them.
    assert [loss.what for loss in losses(song, "osz")] == [
        "times between two milliseconds; they are rounded"
    ] * (start % BEAT != 0)


def test_two_sliders_at_once_share_a_velocity() -> None:
    song = read(samples.OSU_STANDARD)
    first = slider_at(song, 2 * BEAT)
    second = replace(first, x=0.0, end=4 * BEAT)
    edited = with_notes(song, *song.charts[0].notes, second)
    again = read(write(edited))
    assert [n.end for n in again.charts[0].notes] == [n.end for n in edited.charts[0].notes]
    assert [loss.n for loss in losses(edited, "osz")] == [1]


def test_another_multiplier_keeps_the_ends() -> None:
    song = read(samples.OSU_STANDARD)
    faster = song.with_chart(0, song.charts[0].with_setting("slider_multiplier", 2.0))
    after = write(faster)
    again = read(after)
    assert again.charts[0].notes == song.charts[0].notes
    assert "SliderMultiplier:2\r\n" in after
    objects = samples.OSU_STANDARD.partition("[HitObjects]")[2]
    assert after.endswith(objects)


def test_retimed_sliders_keep_their_ticks() -> None:
    song = read(samples.OSU_STANDARD)
    first, second = song.timing.anchors
    half = TimingMap((first, Anchor(second.tick, second.seconds + 2.0, 90.0, 3, bar=True)))
    again = read(write(replace(song, timing=half)))
    assert again.timing.anchors[1].seconds == 7.3
    assert again.charts[0].notes == song.charts[0].notes
    lengths = [n.length_px for n in again.charts[0].notes if isinstance(n, Slider)]
    assert lengths == [n.length_px for n in song.charts[0].notes if isinstance(n, Slider)]


def test_a_velocity_of_the_chart_holds_for_the_slider_on_its_tick() -> None:
    timing = TimingMap.constant(150.0, 0.0004)
    slider = Slider(BEAT, 2 * BEAT, 0.0, 0.0, "L", (("", 280.0, 0.0),), 280.0)
    chart = Chart("osu", "x", notes=(slider,), effects=(Effect(BEAT, "sv", (2.0,)),))
    song = Song(timing=timing, charts=(chart,))
    after = write(song)
    assert re.findall(r"\n(\d+,-.*)\r", after) == ["400,-50,4,1,0,100,0,0"]
    again = read(after)
    assert again.charts[0].notes == chart.notes
    assert again.charts[0].effects == chart.effects


def test_places_that_osu_does_not_read() -> None:
    song = samples.OSU_SONG
    with pytest.raises(ModeError, match="too far away"):
        write(with_notes(song, Circle(0, 0, 200_000.0, 0.0)))
    with pytest.raises(ModeError, match="too far away"):
        write(with_notes(song, Slider(0, BEAT, 0.0, 0.0, "L", (("", 0.0, math.inf),), 9.0)))
    far = 10**12
    with pytest.raises(ModeError, match="does not read"):
        write(with_notes(song, Circle(far, far, 0.0, 0.0)))


def test_losses_of_osu() -> None:
    notes = (
        Circle(0, 0, 0.5, 0.0),
        Slider(BEAT, 2 * BEAT, 0.0, 0.0, "L", (("", 0.25, 1.0),), 140.0, sound="sm:3"),
        LaneNote(3 * BEAT, 3 * BEAT, 0, "mine"),
        LaneNote(4 * BEAT, 4 * BEAT, 0),
    )
    chart = Chart("osu", "x", notes=notes, settings=(("njs", 16.0),))
    song = Song(timing=TimingMap.constant(120.0), charts=(chart,))
    assert {loss.what: loss.n for loss in losses(song, "osz")} == {
        "places between two pixels; they are rounded": 2,
        "mines": 1,
        "notes of an unknown kind": 1,
        "samples of notes from StepMania": 1,
        "settings of another game": 1,
    }
    assert len(read(write(song)).charts[0].notes) == 2
    lazer = samples.OSU_STANDARD.replace("v14", "v128").replace("100,100,500", "100.5,100,500")
    song = read(lazer)
    assert song.charts[0].notes[0] == Circle(0, 0, 100.5, 100.0, True)
    assert losses(song, "osz") == ()
    assert len(losses(anew(song), "osz")) == 1


def test_each_file_of_a_set_keeps_what_only_it_says() -> None:
    changes = (
        ("song.mp3", "other.mp3"),
        ("PreviewTime: -1", "PreviewTime: 777"),
        ("[Events]", '[Events]\r\n0,0,"x.jpg"'),
        ("Insane", "Normal"),
    )
    other = samples.OSU_STANDARD.replace("Insane", "Normal").replace(
        "[Events]", '[Events]\r\n0,0,"x.jpg"'
    )
    for old, new in changes:
        other = other.replace(old, new)
    files = {"1.osu": samples.OSU_STANDARD.encode(), "2.osu": other.encode()}
    song = OSZ.read(files, None)
    first, second = song.charts
    edited = replace(song, charts=(first, replace(second, notes=second.notes[1:])))
    written = OSZ.write(edited)
    assert written["1.osu"] == files["1.osu"]
    assert changed_lines(other, written["2.osu"].decode()) == ["- 100,100,500,5,0,0:0:0:0:"]
    titled = OSZ.write(replace(song, metadata=replace(song.metadata, title="New")))
    for name, data in titled.items():
        assert data.count(b"Title:New\r\n") == 1, name
        assert (b"other.mp3" in data, b"x.jpg" in data, b": 777" in data).count(True) in (0, 3)


def test_lines_that_osu_skips_are_counted() -> None:
    text = samples.OSU_STANDARD.replace("500,400,4", "x,y\r\n500,400,4")
    song = read(text)
    assert song.problems[0] == "a.osu: 1 x timing points that osu! skips too"
    assert write(song) == text


# Settings


@pytest.mark.parametrize(
    ("name", "line", "value"),
    [
        ("hp", "HPDrainRate:6.5", 7.25),
        ("cs", "CircleSize:4.2", 5.0),
        ("slider_tick_rate", "SliderTickRate:2", 1.0),
        ("stack_leniency", "StackLeniency: 0.4", 0.7),
    ],
)
def test_a_setting_touches_its_line(name: str, line: str, value: float) -> None:
    song = read(samples.OSU_STANDARD)
    after = write(song.with_chart(0, song.charts[0].with_setting(name, value)))
    key, _, old = line.partition(":")
    space = " " * old.startswith(" ")
    expected = [f"+ {key}:{space}{value:g}", f"- {line}"]
    assert changed_lines(samples.OSU_STANDARD, after) == expected
    assert read(after).charts[0].setting(name) == value


def test_without_an_approach_rate_it_is_the_overall_difficulty() -> None:
    song = read(samples.OSU_STANDARD)
    chart = song.charts[0].with_setting("od", 9.0)
    assert changed_lines(samples.OSU_STANDARD, write(song.with_chart(0, chart))) == [
        "+ ApproachRate:8",
        "+ OverallDifficulty:9",
        "- OverallDifficulty:8",
    ]
    both = chart.with_setting("ar", 9.0)
    assert "ApproachRate" not in write(song.with_chart(0, both))


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("CircleSize:11", "cs", 10.0),
        ("HPDrainRate:-1", "hp", 0.0),
        ("SliderMultiplier:9", "slider_multiplier", 3.6),
        ("SliderMultiplier:0.1", "slider_multiplier", 0.4),
        ("SliderTickRate:0.1", "slider_tick_rate", 0.5),
        ("SliderTickRate:99", "slider_tick_rate", 8.0),
        ("CircleSize:nan", "cs", None),
        ("CircleSize:", "cs", None),
    ],
)
def test_settings_have_the_games_ranges(line: str, name: str, value: float | None) -> None:
    key = line.partition(":")[0]
    text = re.sub(rf"{key}:.*", line, samples.OSU_STANDARD.replace("\r\n", "\n"))
    song = read(text)
    assert song.charts[0].setting(name) == value
    assert write(song) == text


def test_a_mania_chart_has_no_circle_size() -> None:
    song = read(samples.OSU)
    assert song.charts[0].setting("cs") is None
    assert song.charts[0].setting("od") == 8.0
    assert "CircleSize:4" in write(song.with_chart(0, song.charts[0].with_setting("cs", 7.0)))


# Taiko


def test_a_chart_of_taiko() -> None:
    song = read(samples.taiko())
    (chart,) = song.charts
    assert chart.mode == "taiko"
    kinds = [(n.kind, n.lane, n.sound) for n in chart.notes if isinstance(n, LaneNote)]
    assert kinds == [
        ("don", 0, ""),
        ("kat", 0, "osu:2,1:0:0:70:clap.wav"),
        ("denden", 0, ""),
        ("denden", 0, "osu:8,1:2:0:0:"),
        ("drumroll", 0, "osu:0,0|2,0:0|0:0,"),
        ("drumroll", 0, ""),
        ("denden", 0, ""),
        ("don", 0, ""),
    ]
    # 140 px twice at velocity 2 are 500 ms; without a length there is none.
    assert [pair for pair in times_ms(song) if pair[0] in (3000, 4000)] == [
        (3000, 3500),
        (4000, 4000),
    ]


def test_a_changed_kind_touches_its_line() -> None:
    song = read(samples.taiko())
    first, *others = song.charts[0].notes
    assert isinstance(first, LaneNote)
    after = write(with_notes(song, replace(first, kind="big-kat"), *others))
    assert changed_lines(samples.taiko(), after) == [
        "+ 256,192,1000,1,12,0:0:0:0:",
        "- 64,192,1000,1,0,0:0:0:0:",
    ]


def test_another_scroll_speed_keeps_the_ends_of_drumrolls_and_holds() -> None:
    for text in (samples.taiko(), samples.OSU):
        song = read(text)
        chart = song.charts[0]
        new = {2.0: 1.5, 0.5: 0.75}
        speeds = [
            replace(e, values=(new.get(e.values[0], e.values[0]),)) if e.kind == "sv" else e
            for e in chart.effects
        ]
        edited = song.with_chart(0, replace(chart, effects=tuple(speeds)))
        again = read(write(edited))
        assert again.charts[0].effects == edited.charts[0].effects
        ends = [[end for _, end in times_ms(s)] for s in (again, edited)]
        assert ends[0] == pytest.approx(ends[1], abs=0.5)
        assert [e.kind for e in again.charts[0].effects].count("sv") == 3


# New files


@pytest.mark.parametrize(
    ("song", "number"), [(samples.OSU_SONG, 0), (samples.DRUM_SONG, 1), (samples.KEY_SONG, 3)]
)
def test_a_new_song_of_each_mode(song: Song, number: int) -> None:
    text = write(song)
    assert f"Mode: {number}\r\n" in text
    again = read(text)
    assert again.charts[0].notes == song.charts[0].notes
    assert again.charts[0].mode == song.charts[0].mode
    assert again.timing == song.timing
    assert set(song.charts[0].settings) <= set(again.charts[0].settings)
    assert write(again) == text
    assert read(write(again)) == again
    assert losses(replace(song, metadata=Metadata()), "osz") == ()
    edited = with_notes(again, *again.charts[0].notes[2:])
    assert read(write(edited)).charts[0].notes == edited.charts[0].notes


def test_a_new_song_is_read_by_rosu_pp() -> None:
    rosu_pp_py = pytest.importorskip("rosu_pp_py")
    theirs = rosu_pp_py.Beatmap(content=write(samples.OSU_SONG))
    assert (theirs.n_circles, theirs.n_sliders, theirs.n_spinners) == (2, 3, 1)
    assert (theirs.ar, theirs.cs, theirs.slider_multiplier) == (pytest.approx(9.3), 4.0, 1.4)
    theirs = rosu_pp_py.Beatmap(content=write(samples.DRUM_SONG))
    assert (theirs.n_circles, theirs.n_sliders, theirs.n_spinners) == (32, 2, 1)

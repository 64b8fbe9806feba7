"""Corners of .osu files that strangers' charts turned up, in charts made by hand."""

import random
from dataclasses import replace

import numpy as np
import pytest
import rosu_pp_py

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Extra, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.formats import find_format, losses, write_song
from chartstudio.modes import MODES
from chartstudio.modes.osu.curve import end_position, length_of
from chartstudio.modes.osu.notes import Slider
from chartstudio.modes.osu.timing import RULES_VERSION, ticks_of_slider

N_SLIDERS = 300


def chart_text(objects: str, version: int = 14, lines: str = "", **difficulty: object) -> str:
    values = {"SliderMultiplier": 1.4, "SliderTickRate": 1, "CircleSize": 4, **difficulty}
    mode = values.pop("Mode", 0)
    rows = "\n".join(f"{key}:{value}" for key, value in values.items())
    return (
        f"osu file format v{version}\n\n[General]\nMode: {mode}\n\n[Difficulty]\n{rows}\n\n"
        f"[TimingPoints]\n{lines or '0,500,4,2,1,60,1,0'}\n\n[HitObjects]\n{objects}\n"
    )


def read(text: str) -> Song:
    return find_format("osz").read({"a.osu": text.encode()}, None)


def only_slider(song: Song) -> Slider:
    (note,) = song.charts[0].notes
    assert isinstance(note, Slider)
    return note


def longest_combo(text: str) -> int:
    beatmap = rosu_pp_py.Beatmap(bytes=text.encode())
    return int(rosu_pp_py.Difficulty().calculate(beatmap).max_combo)


def n_parts(text: str) -> int:
    """Head, ticks, repeats and end of the one slider of a chart."""
    song = read(text)
    chart = song.charts[0]
    times = ticks_of_slider(only_slider(song), chart, song.timing_of(chart))
    return 2 + len(times.ticks_s) + len(times.repeats_s)


BEATS_MS = (500, 333.333333333333, 300.75, 352.941176470588, 350.877192982456)
PERCENTS = (100, 50, 200, 133.333333333333, 80, 66.6666666666667, 111.111111111111, 1000, 10)


@pytest.mark.parametrize("edge", ["any", "at", "near"])
@pytest.mark.parametrize("version", [3, 6, 7, 8, 14, 128])
def test_every_judged_part_of_a_slider_is_found(version: int, edge: str) -> None:
    """The calculator's longest combo, also of sliders that end 10 ms behind a tick."""
    rng = random.Random(f"{version} {edge}")
    for _ in range(N_SLIDERS):
        beat_ms, percent = rng.choice(BEATS_MS), rng.choice(PERCENTS)
        multiplier = rng.choice((1.4, 1, 1.8, 0.7, 3.6, 1.1))
        rate = rng.choice((1, 2, 4, 0.5, 1.5))
        # Two roundings of the game decide at the edge: percents are floats, and the distance
        # between ticks goes by way of the velocity.
        px_per_ms = 100 * multiplier / (beat_ms * (float(np.float32(percent)) / 100))
        if edge == "any":
            length = multiplier * 100 * 100 / percent * rng.choice((0.5, 0.75, 1, 1.5, 2, 3.3))
        else:
            tick_px = px_per_ms * beat_ms / rate * (percent / 100 if version < 8 else 1)
            length = tick_px * rng.randint(1, 6) + px_per_ms * 10
        if edge == "near":
            length += rng.choice((-1, 1)) * 10 ** rng.uniform(-9, -3)
        text = chart_text(
            f"100,100,1000,2,0,L|400:100,{rng.randint(1, 4)},{length}",
            version,
            f"0,{beat_ms},4,2,1,60,1,0\n0,-{percent},4,2,1,60,0,0",
            SliderMultiplier=multiplier,
            SliderTickRate=rate,
        )
        assert n_parts(text) == longest_combo(text), text


def test_a_tick_a_hair_more_than_10_ms_before_the_end_counts() -> None:
    # The game's own expected conversion has ticks at 7843 and the end at 7853.
    text = chart_text(
        "130,232,7493,6,0,P|78:218|28:208,1,101.82149697876",
        lines="6967,350.877192982456,4,2,1,60,1,0\n7493,-111.111111111111,4,2,1,60,0,0",
        SliderMultiplier=1.1,
    )
    song = read(text)
    chart = song.charts[0]
    times = ticks_of_slider(only_slider(song), chart, song.timing_of(chart))
    assert [int(tick_s * 1000) for tick_s in times.ticks_s] == [7843]
    assert int(times.legacy_last_tick_s * 1000) == 7817


OLD = chart_text(
    "0,0,1000,2,0,L|400:0,1,400\n0,0,3000,2,0,L|100:0,1,100\n90,90,6000,1,0\n90,90,6100,1,0",
    6,
    "0,500,4,1,0,60,1,0\n0,-50,4,1,0,60,0,0",
    SliderMultiplier=1,
)


def without_text(song: Song) -> Song:
    return replace(
        song, extra=Extra(), charts=tuple(replace(c, extra=Extra()) for c in song.charts)
    )


def test_ticks_of_files_before_version_8_go_by_speed() -> None:
    song = read(OLD)
    (chart,) = song.charts
    slider = chart.notes[0]
    assert isinstance(slider, Slider)
    timing = song.timing_of(chart)
    assert ticks_of_slider(slider, chart, timing).ticks_s == pytest.approx([1.25, 1.5, 1.75])
    today = chart.with_setting(RULES_VERSION, None)
    assert ticks_of_slider(slider, today, timing).ticks_s == pytest.approx([1.5])
    # An end set by hand changes the speed, and that the number of ticks.
    slow = replace(slider, end=slider.tick + 4 * BEAT)
    assert ticks_of_slider(slow, chart, timing).ticks_s == pytest.approx([1.5, 2, 2.5])
    assert RULES_VERSION not in {s.name for s in MODES["osu"].settings}
    assert read(OLD.replace("v6", "v8")).charts[0].setting(RULES_VERSION) is None
    assert read(OLD.replace("Mode: 0", "Mode: 1")).charts[0].setting(RULES_VERSION) is None


def rated(version: int, lines: list[str], points: str = "", **difficulty: object) -> float:
    """Our rating of a chart, which has to be the calculator's of its file."""
    text = chart_text("\n".join(lines), version, points, **difficulty)
    song = read(text)
    chart = song.charts[0]
    stars = MODES["osu"].difficulty(chart, song.timing_of(chart))
    expected = rosu_pp_py.Difficulty().calculate(rosu_pp_py.Beatmap(content=text)).stars
    assert stars == pytest.approx(expected, abs=0.001)
    return stars


def test_ratings_follow_the_ticks_of_old_files() -> None:
    rng = random.Random(3)
    lines = []
    for start_ms in range(1000, 37_000, 600):
        x, y = rng.randint(0, 400), rng.randint(0, 300)
        # Out and back in one span: only a tick on the way makes the cursor follow.
        lines.append(f"{x},{y},{start_ms},2,0,L|{x + 95}:{y}|{x}:{y},1,190")
        lines += [f"{x},{y},{start_ms + ms},1,0" for ms in (400, 500)]
    points = "0,500,4,1,0,60,1,0\n0,-50,4,1,0,60,0,0"
    stars = [
        rated(version, lines, points, SliderMultiplier=2, SliderTickRate=2)
        for version in (5, 7, 8, 14)
    ]
    assert stars[0] == stars[1] != stars[2] == stars[3]


def test_ratings_follow_the_stacks_of_old_files() -> None:
    rng = random.Random(3)
    lines = []
    for start_ms in range(1000, 17_000, 200):
        x, y = rng.choice(((100, 100), (104, 100), (100, 103), (220, 200)))
        slider = f"{x},{y},{start_ms},2,0,L|{x + 120}:{y + 100},1,60"
        lines.append(rng.choice((slider, f"{x},{y},{start_ms},1,0")))
    stars = [rated(v, lines, CircleSize=7, SliderMultiplier=2) for v in (5, 6, 14)]
    assert stars[0] != stars[1] == stars[2]


def test_old_rules_stay_with_their_file_and_are_a_loss_without_it() -> None:
    song = read(OLD)
    assert losses(song, "osz") == ()
    assert write_song(song, "osz")["a.osu"] == OLD.encode()
    bare = without_text(song)
    # The short slider has no tick either way.
    found = {loss.what: loss.n for loss in losses(bare, "osz")}
    assert found == {"sliders with ticks by the rules of old .osu files": 1}
    older = without_text(read(OLD.replace("v6", "v5")))
    assert "stacks by the rules of old .osu files" in {x.what for x in losses(older, "osz")}
    (data,) = write_song(bare, "osz").values()
    assert read(data.decode()).charts[0].setting(RULES_VERSION) is None


def test_times_between_milliseconds_are_a_loss_where_lines_are_new() -> None:
    objects = "90,90,1000.7,1,0\n90,90,1500,1,0\n256,192,2003,12,0,2600.5\n9,9,3001,1,0"
    song = read(chart_text(objects, 128))
    assert losses(song, "osz") == ()
    bare = without_text(song)
    (loss,) = losses(bare, "osz")
    assert (loss.what, loss.n) == ("times between two milliseconds; they are rounded", 2)
    (data,) = write_song(bare, "osz").values()
    again = read(data.decode()).charts[0]
    (chart,) = bare.charts
    moved = [
        (a.tick, a.end) != (b.tick, b.end) for a, b in zip(chart.notes, again.notes, strict=True)
    ]
    assert moved == [True, False, True, False]
    # Only what is written anew is rounded.
    notes = (*song.charts[0].notes[:1], *song.charts[0].notes[3:])
    assert losses(song.with_chart(0, replace(song.charts[0], notes=notes)), "osz") == ()


@pytest.mark.parametrize(
    ("title", "encoding"), [("さくらの歌", "cp932"), ("사랑 노래", "cp949"), ("Où Ölt", "cp1252")]
)
def test_code_pages_of_old_files(title: str, encoding: str) -> None:
    text = chart_text("90,90,1000,1,0") + f"\n[Metadata]\nTitle:{title}\nVersion:x\n"
    data = text.encode(encoding)
    song = find_format("osz").read({"a.osu": data}, None)
    assert song.metadata.title == title
    assert song.problems == (f"a.osu is not UTF-8; read as {encoding}",)
    assert write_song(song, "osz") == {"a.osu": data}
    renamed = replace(song, metadata=replace(song.metadata, credit="y", source="y"))
    assert title in next(iter(write_song(renamed, "osz").values())).decode()


LENGTHS = [
    # path, length in the file -> length played, and where the ball ends
    ("L|200:100", 50, 50, (150, 100)),
    ("L|200:100", 150, 150, (250, 100)),
    ("L|200:100", 0, 100, (200, 100)),
    # A path that stands still at its end is not stretched.
    ("B|200:100|200:100|200:100", 150, 100, (200, 100)),
    ("P|200:100|200:100", 150, 100, (200, 100)),
    # One curve that only slows down there is.
    ("B|150:100|200:100|200:100", 150, 150, (250, 100)),
    # Three points on a line are no arc.
    ("P|150:100|200:100", 120, 120, (220, 100)),
]


@pytest.mark.parametrize(("path", "said_px", "played_px", "end"), LENGTHS)
def test_lengths(path: str, said_px: float, played_px: float, end: tuple[float, float]) -> None:
    slider = only_slider(read(chart_text(f"100,100,1000,2,0,{path},1,{said_px}")))
    played = length_of(slider.curve, slider.x, slider.y, slider.points, slider.length_px)
    assert min(played, slider.length_px or played) == pytest.approx(played_px, abs=1e-3)
    assert end_position(slider) == pytest.approx(end, abs=1e-3)


@pytest.mark.parametrize("n_keys", [*range(1, 11), 12, 14, 16, 18])
def test_columns_of_all_key_counts(n_keys: int) -> None:
    rows = (f"{int((i + 0.5) * 512 / n_keys)},192,{i * 125},1,0" for i in range(n_keys))
    text = chart_text("\n".join(rows), CircleSize=n_keys, Mode=3)
    (chart,) = read(text).charts
    assert chart.mode == f"mania-{n_keys}k"
    lanes = [n.lane for n in chart.notes if isinstance(n, LaneNote)]
    assert lanes == list(range(n_keys))


def test_columns_outside_the_field_are_the_outermost() -> None:
    rows = ["-50,192,0,1,0", "0,192,100,1,0", "512,192,200,1,0", "9999,192,300,1,0"]
    (chart,) = read(chart_text("\n".join(rows), Mode=3)).charts
    assert [n.lane for n in chart.notes if isinstance(n, LaneNote)] == [0, 0, 3, 3]


def test_a_slider_of_a_mania_chart_is_a_hold() -> None:
    # 3 times 140 px at 100 px a beat of 476.19 ms: 2000 ms.
    text = chart_text(
        "256,352,500,2,0,L|256:208,3,140",
        lines="355,476.190476190476,4,2,1,60,1,0",
        CircleSize=5,
        SliderMultiplier=1,
        Mode=3,
    )
    song = read(text)
    (note,) = song.charts[0].notes
    assert isinstance(note, LaneNote)
    assert (note.kind, note.lane) == ("hold", 2)
    assert song.timing.seconds_at(note.end) == pytest.approx(2.5, abs=1e-3)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_and_line_ends_come_back(newline: str, encoding: str) -> None:
    text = chart_text("100,100,1000,1,0,0:0:0:0:").replace("\n", newline)
    data = text.encode(encoding)
    song = find_format("osz").read({"a.osu": data}, None)
    assert len(song.charts[0].notes) == 1
    assert find_format("osz").write(song) == {"a.osu": data}

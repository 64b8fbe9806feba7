"""Corners of .osu files that strangers' charts turned up, in charts made by hand."""

import random

import pytest
import rosu_pp_py

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Song
from chartstudio.formats import find_format
from chartstudio.modes.osu.curve import end_position, length_of
from chartstudio.modes.osu.notes import Slider
from chartstudio.modes.osu.timing import ticks_of_slider

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


@pytest.mark.parametrize("version", [8, 14, 128])
def test_every_judged_part_of_a_slider_is_found(version: int) -> None:
    """The calculator's longest combo of one slider: head, ticks, repeats and end."""
    rng = random.Random(version)
    for _ in range(N_SLIDERS):
        beat_ms = rng.choice((500, 333.333333333333, 300.75, 352.941176470588))
        percent = rng.choice((100, 50, 200, 133.333333333333, 80, 66.6666666666667, 1000, 10))
        multiplier = rng.choice((1.4, 1, 1.8, 0.7, 3.6))
        beats = rng.choice((0.5, 0.75, 1, 1.5, 2, 3.3))
        length = multiplier * 100 * 100 / percent * beats
        n_spans = rng.randint(1, 4)
        text = chart_text(
            f"100,100,1000,2,0,L|400:100,{n_spans},{length}",
            version,
            f"0,{beat_ms},4,2,1,60,1,0\n0,-{percent},4,2,1,60,0,0",
            SliderMultiplier=multiplier,
            SliderTickRate=rng.choice((1, 2, 4, 0.5, 1.5)),
        )
        song = read(text)
        chart = song.charts[0]
        times = ticks_of_slider(only_slider(song), chart, song.timing_of(chart))
        n_parts = 2 + len(times.ticks_s) + len(times.repeats_s)
        beatmap = rosu_pp_py.Beatmap(bytes=text.encode())
        assert n_parts == rosu_pp_py.Difficulty().calculate(beatmap).max_combo, text


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

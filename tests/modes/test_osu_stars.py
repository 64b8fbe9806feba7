"""Star ratings of osu! charts, against rosu-pp on the files themselves."""

from dataclasses import replace
from pathlib import Path

import pytest
import rosu_pp_py

from chartstudio.core.song import Chart, Effect
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.modes.osu import CALCULATOR, MODE
from chartstudio.modes.osu.notes import Circle, ControlPoint, Slider, Spinner

TIMING = TimingMap.constant(180, 0.5)


def stars_of(text: str) -> float:
    return float(rosu_pp_py.Difficulty().calculate(rosu_pp_py.Beatmap(content=text)).stars)


FILE = """osu file format v14

[General]
StackLeniency: 0.5
Mode: 0

[Difficulty]
HPDrainRate:6
CircleSize:4.2
OverallDifficulty:8
ApproachRate:9.3
SliderMultiplier:1.8
SliderTickRate:2

[TimingPoints]
0,400,4,2,1,60,1,0
3200,-50,4,2,1,60,0,0
6400,300,4,2,1,60,1,0
6400,-125,4,2,1,60,0,0

[HitObjects]
100,100,400,5,0,0:0:0:0:
300,200,800,2,0,B|350:250|350:250|400:200,1,180
50,60,1600,2,0,P|100:150|200:60,2,180
256,192,3000,12,0,4000,0:0:0:0:
400,300,4400,1,0,0:0:0:0:
200,300,4600,6,0,L|20:300,3,180
10,10,6400,2,0,C|60:60|120:10|180:60,1,216
400,10,7600,1,0,0:0:0:0:
100,310,7750,1,0,0:0:0:0:
"""


def at(*places: tuple[float, float]) -> tuple[ControlPoint, ...]:
    return tuple(("", x, y) for x, y in places)


def as_chart() -> tuple[Chart, TimingMap]:
    """The file above as a chart, each slider ending where the game ends it."""
    timing = TimingMap((Anchor(0, 0, 150), Anchor(16 * BEAT, 6.4, 200, bar=True)))

    def tick(ms: float) -> int:
        return timing.tick_at(ms / 1000)

    def circle(ms: float, x: float, y: float) -> Circle:
        return Circle(tick(ms), tick(ms), x, y)

    notes = (
        circle(400, 100, 100),
        Slider(tick(800), tick(1200), 300, 200, "B", at((350, 250), (350, 250), (400, 200)), 180),
        Slider(tick(1600), tick(2400), 50, 60, "P", at((100, 150), (200, 60)), 180, 2),
        Spinner(tick(3000), tick(4000)),
        circle(4400, 400, 300),
        Slider(tick(4600), tick(5200), 200, 300, "L", at((20, 300)), 180, 3),
        Slider(tick(6400), tick(6850), 10, 10, "C", at((60, 60), (120, 10), (180, 60)), 216),
        circle(7600, 400, 10),
        circle(7750, 100, 310),
    )
    effects = (Effect(tick(3200), "sv", (2.0,)), Effect(tick(6400), "sv", (0.8,)))
    chart = Chart("osu", notes=notes, effects=effects)
    for name, value in (
        ("hp", 6.0), ("cs", 4.2), ("od", 8.0), ("ar", 9.3), ("slider_multiplier", 1.8),
        ("slider_tick_rate", 2.0), ("stack_leniency", 0.5),
    ):  # fmt: skip
        chart = chart.with_setting(name, value)
    return chart, timing


def test_a_chart_rates_like_its_file() -> None:
    chart, timing = as_chart()
    assert MODE.difficulty(chart, timing) == pytest.approx(stars_of(FILE), abs=0.001)


def test_a_sliders_end_decides_its_velocity_where_effects_say_otherwise() -> None:
    chart, timing = as_chart()
    bare = replace(chart, effects=())
    assert MODE.difficulty(bare, timing) == pytest.approx(stars_of(FILE), abs=0.001)


def test_settings_and_ticks_count() -> None:
    chart, timing = as_chart()
    small = chart.with_setting("cs", 6.5)
    assert MODE.difficulty(small, timing) > MODE.difficulty(chart, timing) + 0.1
    tickless = replace(chart, effects=(Effect(0, "sv", ("nan",)),))
    assert MODE.difficulty(tickless, timing) > 0


def test_charts_of_other_games_timing_rate_too() -> None:
    stopped = TimingMap(
        (Anchor(0, 0, 120), Anchor(BEAT, 0.5, 120), Anchor(BEAT, 1.5, 120, cause=Cause.STOP))
    )
    notes = tuple(Circle(i * BEAT // 2, i * BEAT // 2, 40 * (i % 12), 90) for i in range(24))
    assert MODE.difficulty(Chart("osu", notes=notes), stopped) > 0
    assert MODE.difficulty(Chart("osu"), TIMING) == 0


def test_monsters_are_not_rated() -> None:
    line = at((100.0, 0.0))
    loops = tuple(
        Slider(i * BEAT, i * BEAT + BEAT // 2, 9, 9, "L", line, 100.0, 9000) for i in range(60)
    )
    far = (Circle(0, 0, 9, 9), Circle(10**6 * BEAT, 10**6 * BEAT, 9, 9))
    for notes in (loops, far):
        chart = Chart("osu", notes=notes)
        assert MODE.difficulty(chart, TIMING) == 0
        assert {i.id for i in MODE.check(chart, TIMING)} <= {"slider-velocity", "off-grid"}


def test_the_calculator_is_named_with_its_version() -> None:
    name, _, version = CALCULATOR.partition(" ")
    assert name == "rosu-pp-py"
    assert version.count(".") >= 1


def test_fixtures_rate_like_their_files(shared: Path) -> None:
    from chartstudio.formats import read_song
    from chartstudio.formats.bundle import Bundle

    n = 0
    for path in sorted((shared / "fixtures/osu").glob("*.osu")):
        song, _ = read_song(Bundle.open(path))
        for chart in song.charts:
            if chart.mode == "osu":
                n += 1
                ours = MODE.difficulty(chart, song.timing_of(chart))
                assert ours == pytest.approx(stars_of(path.read_text("utf-8-sig")), abs=0.01)
    if not n:
        pytest.skip("osu!standard is not read yet")

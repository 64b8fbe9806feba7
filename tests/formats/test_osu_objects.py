"""Lines of [HitObjects]: what each means in each mode, and how it is written."""

import pytest

from chartstudio.core.note import LaneNote
from chartstudio.formats.osu_lines import to_int
from chartstudio.formats.osu_objects import HitObject, Lines, merge
from chartstudio.formats.osu_sounds import Sound
from chartstudio.formats.osu_speeds import Speeds
from chartstudio.formats.osu_timing import State, controls, read_point
from chartstudio.modes.osu.notes import Circle, Slider, Spinner


def lines(mode: str, *points: str, n_keys: int = 4, multiplier: float = 1.4, **more: bool) -> Lines:
    found = controls([read_point(p, 0, State()) for p in points or ("0,500",)], State())
    return Lines(mode, n_keys, 0, more.get("whole", True), Speeds(multiplier, 1.0, found))


def note(mode: str, line: str) -> object:
    return lines(mode).read(line).note


# Any mode


@pytest.mark.parametrize("mode", ["osu", "taiko", "mania"])
@pytest.mark.parametrize(
    "line",
    [
        "",
        "0,0,100,1",
        "x,0,100,1,0",
        "0,999999,100,1,0",
        "0,0,nan,1,0",
        "0,0,100,1.5,0",
        "0,0,100,4,0",
        "0,0,100,1,0,x:0",
        "0,0,100,1,0,0",
        "0,0,100,1,0,0:0:x",
        "0,0,100,128,0,x:0",
        "0,0,100,2,0,L|1:1",
        "0,0,100,2,0,L|1:1,9001,10",
        "0,0,100,2,0,L|1,1,10",
        "0,0,100,2,0,L||1:1,1,10",
        "0,0,100,2,0,,1,10",
        "0,0,100,2,0,L|?:1,1,0",
        "0,0,100,2,0,L|1:131073,1,0",
        "0,0,100,2,0,L|1:1,1,131073",
        "0,0,100,2,0,L|1:1,1,10,0|0,x",
    ],
)
def test_lines_that_are_no_note(mode: str, line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        lines(mode).read(line)


def test_whole_numbers() -> None:
    assert to_int(" -12 ") == -12
    for text in ("1.0", "", "2147483648", "1" * 30):
        with pytest.raises(ValueError, match="whole number"):
            to_int(text)


def test_new_objects_are_put_in_their_place() -> None:
    def at(ms: float, lane: int = 0) -> HitObject:
        return HitObject(ms, ms, LaneNote(0, 0, lane))

    kept = [(7, 0, at(100)), (8, 0, None), (9, 3, at(300))]
    new = [(4, at(400)), (2, at(200)), (1, at(100, 1))]
    assert merge(kept, new) == [7, 8, at(100, 1), at(200), 9, at(400)]
    # Of those at one time, the chart's order decides.
    assert merge([(5, 1, at(100))], [(2, at(100, 2)), (0, at(100, 3))]) == [
        at(100, 3),
        5,
        at(100, 2),
    ]


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("", Sound()),
        ("osu:2", Sound(2)),
        ("osu:2,", Sound(2)),
        ("osu:2,1:0:0:70:clap.wav", Sound(2, "1:0:0:70:clap.wav")),
        ("osu:2,8|0,1:0|0:0,", Sound(2, "", "8|0", "1:0|0:0")),
        ("osu:x,nonsense", Sound()),
        ("sm:3", Sound()),
        ("osu:4,0:0:0:0:", Sound(4)),
    ],
)
def test_sounds(text: str, sound: Sound) -> None:
    assert Sound.of(text) == sound
    assert Sound.of(sound.text) == sound


def test_zeros_for_the_ends_of_a_slider_are_the_default_only_where_all_is() -> None:
    assert Sound(0, "", "0|0", "0:0|0:0").text == ""
    assert Sound(2, "", "0|0", "0:0|0:0").text == "osu:2,0|0,0:0|0:0,"
    assert Sound(0, "1:0:0:0:", "0|0", "0:0|0:0").text == "osu:0,0|0,0:0|0:0,1:0:0:0:"
    assert Sound(0, "", "0|2", "0:0|0:0").text == "osu:0,0|2,0:0|0:0,"


# osu!standard


def slider(curve: str, length_px: float, n_spans: int, *points: tuple[str, float, float]) -> Slider:
    return Slider(0, 0, 0, 0, curve, points, length_px, n_spans, new_combo=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("100,200,500,1,0,0:0:0:0:", Circle(0, 0, 100, 200)),
        ("100.9,-0.9,500,5,0", Circle(0, 0, 100, 0, True)),
        ("-100,600,500,117,2,1:2:3:7:a", Circle(0, 0, -100, 600, True, 7, "osu:2,1:2:3:7:a")),
        ("1,2,500,49,0", Circle(0, 0, 1, 2, False, 3)),
        ("1,2,500,3,0", Circle(0, 0, 1, 2)),
        ("1,2,500,12,8,900,0:0:0:0:", Spinner(0, 0, True, 0, "osu:8,")),
        ("1,2,500,8,0,400", Spinner(0, 0)),
        ("1,2,500,132,0,900:0:0:0:0:", Spinner(0, 0, True)),
        ("0,0,9,2,0,L|50:0,1,50", Slider(0, 0, 0, 0, "L", (("", 50, 0),), 50)),
        ("0,0,9,6,0,P|5:5|9:0,3,15.5", slider("P", 15.5, 3, ("", 5, 5), ("", 9, 0))),
        ("0,0,9,6,0,B3|5:5.9|P|1:1,0,9", slider("B3", 9, 1, ("", 5, 5), ("P", 1, 1))),
        ("0,0,9,6,0,Z|5:5|B0|1:1:7,1,9", slider("C", 9, 1, ("", 5, 5), ("B", 1, 1))),
        ("0,0,9,2,0,B|3:4,1,0", Slider(0, 0, 0, 0, "B", (("", 3, 4),), 5)),
        ("0,0,9,2,0,L|3:4|3:0,1", Slider(0, 0, 0, 0, "L", (("", 3, 4), ("", 3, 0)), 9)),
        ("0,0,9,2,0,L|3:4,1,-7", Slider(0, 0, 0, 0, "L", (("", 3, 4),), 5)),
        ("0,0,9,2,0,L|B,1,9", Slider(0, 0, 0, 0, "L", (), 9)),
    ],
)  # fmt: skip
def test_osu_objects(line: str, expected: object) -> None:
    assert note("osu", line) == expected


def test_fractions_of_pixels_are_kept_since_lazer() -> None:
    reader = lines("osu", whole=False)
    assert reader.read("1.25,2.5,9,1,0").note == Circle(0, 0, 1.25, 2.5)
    found = reader.read("1.25,2.5,9,2,0,L|3.125:4,1,7.0625")
    assert reader.text(found) == "1.25,2.5,9,2,0,L|3.125:4,1,7.0625"


@pytest.mark.parametrize(
    "line",
    [
        "100,200,500,1,0,0:0:0:0:",
        "100,200,500,53,10,0:1:0:70:a b.wav",
        "256,192,500,12,8,900,0:0:0:0:",
        "0,0,9,2,0,L|50:0,1,50",
        "0,0,9,6,0,P|5:5|10:0,3,15.5",
        "0,0,9,2,2,B3|5:5|P|1:1|2:2,1,9.00000000001",
        "0,0,9,2,0,L|50:0,2,50,2|0|4,1:2|0:0|0:0,3:0:0:0:",
    ],
)
def test_osu_lines_come_back(line: str) -> None:
    reader = lines("osu")
    assert reader.text(reader.read(line)) == line


def test_where_an_object_of_osu_ends() -> None:
    reader = lines("osu")
    assert reader.read("1,2,500,8,0,400").end_ms == 500
    assert reader.read("1,2,500,8,0,900.5").end_ms == 900.5
    assert reader.read("1,2,500,128,0").end_ms == 500
    with pytest.raises(ValueError, match="end"):
        reader.read("1,2,500,8,0")


@pytest.mark.parametrize(
    ("line", "duration_ms"),
    [
        # 140 px at 1.4 x 100 px a beat of 500 ms.
        ("0,0,0,2,0,L|140:0,1,140", 500.0),
        ("0,0,0,2,0,L|140:0,3,70", 750.0),
        # No length: 3-4-5 triangles and a quarter of a circle of radius 50.
        ("0,0,0,2,0,L|42:56|42:126,1", 500.0),
        ("0,0,0,2,0,P|20:40|50:50,1,0", 78.54 / 140 * 500),
        # The green line doubles the velocity, and the next one asks for more than the game has.
        ("0,0,1000,2,0,L|140:0,1,140", 250.0),
        ("0,0,2000,2,0,L|140:0,1,140", 50.0),
        # As slow as it goes.
        ("0,0,2500,2,0,L|140:0,1,140", 5000.0),
        # The red line has another tempo and takes the velocity back.
        ("0,0,3000,2,0,L|140:0,1,140", 400.0),
        ("0,0,2999,2,0,L|140:0,1,140", 5000.0),
        # NaN switches ticks off and plays at velocity 1.
        ("0,0,4000,2,0,L|140:0,1,140", 400.0),
        # The last point twice: the path is not stretched to its length.
        ("0,0,0,2,0,L|70:0|70:0,1,140", 250.0),
        ("0,0,0,2,0,L|70:0|70:0,1,35", 125.0),
        # A path of one point has no length, whatever the line says.
        ("5,5,0,2,0,L|5:5,1,140", 0.0),
        ("5,5,0,2,0,L,1,140", 0.0),
    ],
)  # fmt: skip
def test_how_long_sliders_take(line: str, duration_ms: float) -> None:
    reader = lines(
        "osu", "0,500", "1000,-50,4,1,0,50,0,0", "2000,-1,4,1,0,50,0,0",
        "2500,-5000,4,1,0,50,0,0", "3000,400", "4000,NaN,4,1,0,50,0,0",
    )  # fmt: skip
    found = reader.read(line)
    assert found.end_ms - found.start_ms == pytest.approx(duration_ms, abs=1e-9, rel=1e-3)


def test_a_path_of_very_many_points_counts_as_straight() -> None:
    path = "B|" + "|".join(f"{i % 2}:{i}" for i in range(1, 20_001))
    straight = 20_000 * 2**0.5
    for line, px in ((f"0,0,0,2,0,{path},1", straight), (f"0,0,0,2,0,{path},9000,131072", 131_072)):
        found = lines("osu").read(line)
        assert isinstance(found.note, Slider)
        assert found.note.length_px == pytest.approx(px)
        assert found.end_ms == pytest.approx(found.note.n_spans * px / 140 * 500)


# Taiko


@pytest.mark.parametrize(
    ("bits", "kind", "sound", "written"),
    [
        (0, "don", "", 0),
        (1, "don", "osu:1,", 1),
        (2, "kat", "osu:2,", 2),
        (8, "kat", "", 8),
        (10, "kat", "osu:10,", 10),
        (4, "big-don", "", 4),
        (6, "big-kat", "osu:2,", 6),
        (12, "big-kat", "", 12),
        (15, "big-kat", "osu:11,", 15),
    ],
)
def test_taiko_hits(bits: int, kind: str, sound: str, written: int) -> None:
    reader = lines("taiko")
    found = reader.read(f"100,100,500,5,{bits},0:0:0:0:")
    assert found.note == LaneNote(0, 0, 0, kind, sound)
    assert reader.text(found) == f"256,192,500,1,{written},0:0:0:0:"


def test_the_kind_of_a_taiko_hit_decides_over_its_sound() -> None:
    reader = lines("taiko")
    changed = HitObject(500, 500, LaneNote(0, 0, 0, "don", "osu:10,1:0:0:0:"))
    assert reader.text(changed) == "256,192,500,1,0,1:0:0:0:"
    changed = HitObject(500, 500, LaneNote(0, 0, 0, "big-kat", "osu:1"))
    assert reader.text(changed) == "256,192,500,1,13,0:0:0:0:"


def test_taiko_rolls() -> None:
    reader = lines("taiko")
    roll = reader.read("0,0,100,2,4,L|140:0,2,140,0|0|0,0:0|0:0|0:0,0:0:0:0:")
    assert roll.note == LaneNote(0, 0, 0, "drumroll", "osu:4,0|0|0,0:0|0:0|0:0,")
    assert roll.end_ms == 1100
    denden = reader.read("0,0,100,12,0,900,0:0:0:0:")
    assert (denden.note, denden.end_ms) == (LaneNote(0, 0, 0, "denden"), 900)
    assert reader.text(denden) == "256,192,100,8,0,900,0:0:0:0:"
    assert reader.read("0,0,100,128,0,900:0:0:0:0:").note == LaneNote(0, 0, 0, "denden")


@pytest.mark.parametrize(
    ("length", "n_spans", "points", "multiplier", "duration_ms"),
    [
        # Whole in exact numbers, and on either side of it with the game's own: each of these
        # was worked out with the floats of the game, step by step.
        ("140", 1, ("0,500",), 1.4, 500),
        ("70", 3, ("0,500",), 1.4, 750),
        ("100", 1, ("0,333.333333333333",), 1.4, 238),
        ("140", 1, ("0,500", "0,-50,4,1,0,50,0,0"), 1.4, 250),
        ("140", 1, ("0,500", "0,-10000,4,1,0,50,0,0"), 1.4, 50_000),
        ("140", 1, ("0,500", "0,-1,4,1,0,50,0,0"), 1.4, 50),
        ("", 1, ("0,500",), 1.4, 0),
        ("0", 2, ("0,500",), 1.4, 0),
    ],
)
def test_how_long_drumrolls_take(
    length: str, n_spans: int, points: tuple[str, ...], multiplier: float, duration_ms: int
) -> None:
    reader = lines("taiko", *points, multiplier=multiplier)
    found = reader.read(f"0,0,0,2,0,L|140:0,{n_spans},{length}")
    assert found.end_ms == duration_ms


@pytest.mark.parametrize("duration_ms", [0, 1, 17, 250, 333, 499, 500, 501, 60_000, 1_000_000])
@pytest.mark.parametrize("point", ["0,500", "0,333.333333333333", "0,7.5", "0,60000"])
def test_new_drumrolls_take_as_long_as_they_should(duration_ms: int, point: str) -> None:
    reader = lines("taiko", point, "0,-13,4,1,0,50,0,0", multiplier=1.7)
    made = HitObject(100, 100 + duration_ms, LaneNote(0, 0, 0, "drumroll"))
    assert reader.read(reader.text(made)) == made


def test_a_new_drumroll_has_a_plain_length() -> None:
    made = HitObject(100, 600, LaneNote(0, 0, 0, "drumroll", "osu:4"))
    assert lines("taiko").text(made) == "256,192,100,2,4,L|396:192,1,140"


# Mania


@pytest.mark.parametrize(
    ("x", "n_keys", "lane"),
    [(0, 4, 0), (127, 4, 0), (128, 4, 1), (511, 4, 3), (512, 4, 3), (-9, 4, 0), (256, 7, 3)],
)
def test_columns(x: int, n_keys: int, lane: int) -> None:
    assert lines("mania", n_keys=n_keys).read(f"{x},192,0,1,0").note == LaneNote(0, 0, lane)


@pytest.mark.parametrize("n_keys", range(1, 19))
def test_every_column_comes_back(n_keys: int) -> None:
    reader = lines("mania", n_keys=n_keys)
    for lane in range(n_keys):
        made = HitObject(0, 0, LaneNote(0, 0, lane))
        assert reader.read(reader.text(made)) == made


@pytest.mark.parametrize(
    ("line", "end_ms", "kind"),
    [
        ("0,0,100,1,0,0:0:0:0:", 100, "tap"),
        ("0,0,100,21,0", 100, "tap"),
        ("0,0,100.5,1,0", 100.5, "tap"),
        ("0,0,100,128,0,900:0:0:0:0:", 900, "hold"),
        ("0,0,100,128,0,50:0:0:0:0:", 100, "hold"),
        ("0,0,100,128,0", 100, "hold"),
        ("0,0,100,128,0,", 100, "hold"),
        ("0,0,100,2,0,L|140:0,1,140", 600, "hold"),
        ("0,0,100,2,0,L|140:0,3,70", 850, "hold"),
        ("0,0,100,2,0,B|70:0|140:0,0,0", 600, "hold"),
        ("0,0,100,2,0,B3|70:0|B|140:0,1,", 600, "hold"),
        ("0,0,100,2,0,P|20:40|50:50,1", 100 + 78.54 / 140 * 500, "hold"),
        ("0,0,100,6,2,P|9:9|8:8,1,70,2|0,0:0|0:0,1:0:0:0:", 350, "hold"),
    ],
)
def test_mania_objects_end(line: str, end_ms: float, kind: str) -> None:
    found = lines("mania").read(line)
    assert isinstance(found.note, LaneNote)
    assert (found.end_ms, found.note.kind) == (pytest.approx(end_ms, abs=0.5), kind)


def test_mania_sliders_follow_speed_and_tempo() -> None:
    reader = lines(
        "mania", "0,500", "1000,-50,4,1,0,50,0,0", "2000,1000", "3000,-1,4,1,0,50,0,0",
        "4000,-10000,4,1,0,50,0,0", "5000,-99999,4,1,0,50,0,0",
    )  # fmt: skip
    times = range(0, 6000, 1000)
    lengths = [reader.read(f"0,0,{t},2,0,L|140:0,1,140").end_ms - t for t in times]
    assert lengths == pytest.approx([500, 250, 1000, 100, 100_000, 100_000])


def test_mania_has_no_lane_for_a_spinner() -> None:
    with pytest.raises(ValueError, match="spinner"):
        lines("mania").read("0,0,100,12,0,200")

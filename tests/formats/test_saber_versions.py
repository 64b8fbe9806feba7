"""Beat Saber's files version by version: defaults, junk, new songs, conversions."""

import gzip
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import saber_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from saber_samples import BEAT, DIFFICULTY_2, DIFFICULTY_3, dumps, entry2, info2, level

from chartstudio.core.errors import FormatError, ModeError
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats import find_format, losses
from chartstudio.formats.beatsaber import V2_FORMAT, V3_FORMAT, V4_FORMAT
from chartstudio.formats.format import Format
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, SaberNote, Wall

FORMATS = (V2_FORMAT, V3_FORMAT, V4_FORMAT)
FORMAT = pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.id)
BY_MAJOR = {2: V2_FORMAT, 3: V3_FORMAT, 4: V4_FORMAT}


def read_one(difficulty: Any, major: int = 2, **more: Any) -> Song:
    files = level(major)
    files["ExpertStandard.dat"] = dumps(difficulty)
    if major < 4:
        files["Info.dat"] = dumps(info2(entry2("Expert"), **more))
    return BY_MAJOR[major].read(files, None)


def rows(song: Song) -> list[SaberNote]:
    return list(song.charts[0].notes)


# Reading ---------------------------------------------------------------------------------


def test_objects_of_version_2() -> None:
    song = V2_FORMAT.read(level(2), None)
    assert rows(song) == [
        ColorNote(2 * BEAT, 2 * BEAT, 2, 0, 1, 8, custom='{"_odd":[1]}'),
        Bomb(3 * BEAT, 3 * BEAT, 0, 1),
        ColorNote(4 * BEAT, 4 * BEAT, 1, 0, 0, 1),
        Wall(5 * BEAT, round(6.5 * BEAT), 0, 0, 1, 5),
        Wall(6 * BEAT, 6 * BEAT + round(0.333 * BEAT), 0, 2, 4, 3),
        Wall(7 * BEAT, 8 * BEAT, 1, 1, 2, 2),
    ]
    assert song.problems == ()


def test_what_version_3_leaves_out_is_zero() -> None:
    song = V3_FORMAT.read(level(3), None)
    assert rows(song) == [
        ColorNote(BEAT, BEAT, 0, 0, 0, 0),
        ColorNote(2 * BEAT, 2 * BEAT, 1, 2, 1, 3, 15),
        Bomb(3 * BEAT, 3 * BEAT, 3, 0),
        Wall(4 * BEAT, 6 * BEAT, 0, 2, 1, 3),
        Arc(5 * BEAT, 6 * BEAT, 0, 0, 0, 0, 1, 2, 1, 1.0, 0.5, 1),
        Chain(7 * BEAT, 7 * BEAT + BEAT // 2, 0, 0, 0, 1, 2, 0, 5, 0.8),
    ]


def test_version_4_looks_data_up() -> None:
    song = V4_FORMAT.read(level(4), None)
    assert rows(song) == [
        ColorNote(BEAT, BEAT, 0, 0, 0, 0),
        ColorNote(2 * BEAT, 2 * BEAT, 1, 2, 1, 3, 15, 15),
        ColorNote(3 * BEAT, 3 * BEAT, 0, 0, 0, 0),
        Bomb(3 * BEAT, 3 * BEAT, 3, 1),
        Wall(4 * BEAT, 6 * BEAT, 0, 0, 1, 5),
        Arc(5 * BEAT, 6 * BEAT, 1, 2, 1, 3, 0, 0, 0, 1.0, 0.5, 0),
        Chain(7 * BEAT, 7 * BEAT + BEAT // 2, 1, 2, 1, 3, 2, 1, 5, 0.5),
    ]
    assert song.metadata.credit == "One, Two"
    assert any("refer to data that is not there" in p for p in song.problems)


@pytest.mark.parametrize("major", [2, 3, 4])
@pytest.mark.parametrize("indent", [None, 2, 4])
def test_levels_come_back_byte_for_byte(major: int, indent: int | None) -> None:
    files = level(major, indent)
    fmt = BY_MAJOR[major]
    assert [f.id for f in FORMATS if f.sniff(files, None)] == [fmt.id]
    song = fmt.read(files, None)
    assert fmt.write(song) == files
    assert fmt.read(fmt.write(song), None) == song


@pytest.mark.parametrize("major", [2, 3, 4])
def test_packed_and_marked_files(major: int) -> None:
    files = level(major)
    plain = BY_MAJOR[major].read(files, None)
    files = {name: gzip.compress(data, 9) for name, data in files.items()}
    files["info.DAT"] = b"\xef\xbb\xbf" + gzip.decompress(files.pop("Info.dat"))
    fmt = BY_MAJOR[major]
    assert fmt.sniff(files, None)
    song = fmt.read(files, None)
    assert [c.notes for c in song.charts] == [c.notes for c in plain.charts]
    written = fmt.write(song)
    assert written.pop("info.DAT") == files.pop("info.DAT")
    assert written == files
    chart = song.charts[0]
    edited = fmt.write(song.with_chart(0, replace(chart, notes=chart.notes[1:])))
    assert edited["ExpertStandard.dat"][:2] == b"\x1f\x8b"
    assert fmt.read(edited, None).charts[0].notes == chart.notes[1:]


def test_a_packed_file_cannot_fill_the_memory() -> None:
    bomb = gzip.compress(b" " * (70 << 20))
    with pytest.raises(FormatError, match="unpacks to more than 64 MiB"):
        V2_FORMAT.read({"Info.dat": bomb}, None)
    song = V2_FORMAT.read({**level(2), "ExpertStandard.dat": bomb}, None)
    assert song.charts == ()
    assert V2_FORMAT.write(song)["ExpertStandard.dat"] == bomb


def test_the_highest_version_in_use_wins() -> None:
    files = level(2)
    files["Info.dat"] = dumps(info2(entry2("Expert"), entry2("Hard")))
    files["HardStandard.dat"] = dumps(DIFFICULTY_3)
    assert [f.id for f in FORMATS if f.sniff(files, None)] == ["beatsaber-v3"]
    assert [f.id for f in FORMATS if f.sniff(files, "ExpertStandard.dat")] == ["beatsaber-v2"]
    song = V3_FORMAT.read(files, None)
    assert V3_FORMAT.write(song) == files
    both = V2_FORMAT.write(song)
    assert all(b"_version" in data for data in both.values())


def test_a_version_is_told_without_a_number() -> None:
    for major, value in ((2, DIFFICULTY_2), (3, DIFFICULTY_3)):
        bare = {k: v for k, v in value.items() if "version" not in k}
        files = {**level(major), "ExpertStandard.dat": dumps(bare)}
        assert BY_MAJOR[major].sniff(files, None)
        assert len(rows(BY_MAJOR[major].read(files, None))) == 6


def test_a_missing_or_damaged_difficulty_leaves_the_rest() -> None:
    files = level(2)
    files["Info.dat"] = dumps(info2(entry2("Easy"), entry2("Hard"), entry2("Expert")))
    files["HardStandard.dat"] = b'{"_notes": [}'
    song = V2_FORMAT.read(files, None)
    assert [c.name for c in song.charts] == ["Expert"]
    assert any("EasyStandard.dat: the file is missing" in p for p in song.problems)
    assert any("HardStandard.dat:1: is damaged" in p for p in song.problems)
    assert V2_FORMAT.write(song) == files
    edited = V2_FORMAT.write(replace(song, charts=()))
    names = json.loads(edited["Info.dat"])["_difficultyBeatmapSets"][0]["_difficultyBeatmaps"]
    assert [e["_difficulty"] for e in names] == ["Easy", "Hard"]


@pytest.mark.parametrize(
    ("said", "name", "level_said"),
    [("Expert+", "ExpertPlus", 5.0), ("expertplus", "ExpertPlus", 5.0), ("Odd", "Odd", None)],
)
def test_odd_spellings_of_difficulties(said: str, name: str, level_said: float | None) -> None:
    files = level(2)
    files["Info.dat"] = dumps(info2(entry2(said, "ExpertStandard.dat")))
    song = V2_FORMAT.read(files, None)
    assert (song.charts[0].name, song.charts[0].level) == (name, level_said)
    assert V2_FORMAT.write(song) == files


def test_a_difficulty_alone() -> None:
    files = {"ExpertPlusOneSaber.dat": dumps(DIFFICULTY_3)}
    song = V3_FORMAT.read(files, "ExpertPlusOneSaber.dat")
    assert (song.charts[0].name, song.charts[0].setting("characteristic")) == (
        "ExpertPlus",
        "OneSaber",
    )
    assert song.timing == TimingMap.constant(120.0)
    assert any("120 BPM" in p for p in song.problems)
    assert V3_FORMAT.write(song) == files
    named = replace(song, metadata=replace(song.metadata, title="Now a level"))
    assert set(V3_FORMAT.write(named)) == {"Info.dat", "ExpertPlusOneSaber.dat"}


# Junk ------------------------------------------------------------------------------------

_JUNK: list[tuple[Any, int]] = [
    ({"_time": 1, "_lineIndex": 4500, "_lineLayer": -2000, "_type": 0, "_cutDirection": 1360}, 1),
    ({"_time": 1, "_lineIndex": 1.0, "_type": 1}, 1),
    ({"_time": 1, "_lineIndex": 1.7, "_type": 1}, 1),
    ({"_time": "1", "_type": 0}, 0),
    ({"_time": None, "_type": 0}, 0),
    ({"_time": 1e308, "_type": 0}, 0),
    ({"_time": 1, "_type": 2}, 0),
    ({"_time": 1, "_type": True}, 0),
    ({"_time": 1, "_type": 0, "_lineIndex": 10**40}, 0),
    ({"_time": -3, "_type": 0}, 1),
    (None, 0),
    ([1], 0),
    ({}, 1),
]


@pytest.mark.parametrize(("junk", "n_read"), _JUNK)
def test_junk_is_read_or_kept(junk: Any, n_read: int) -> None:
    value = {**DIFFICULTY_2, "_notes": [junk, *DIFFICULTY_2["_notes"]]}
    song = read_one(value)
    assert len(rows(song)) == 6 + n_read
    files = V2_FORMAT.write(song)
    assert json.loads(files["ExpertStandard.dat"]) == value
    chart = song.charts[0]
    kept = tuple(n for n in chart.notes if n.tick != 4 * BEAT)
    files = V2_FORMAT.write(song.with_chart(0, replace(chart, notes=kept)))
    assert json.loads(files["ExpertStandard.dat"])["_notes"][0] == junk
    losses(song, "beatsaber-v4")
    for fmt in FORMATS:
        fmt.read(fmt.write(song), None)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-0"])
def test_numbers_that_are_none(text: str) -> None:
    data = dumps(DIFFICULTY_2).replace(b'"_time":4.0', f'"_time":{text}'.encode())
    files = {**level(2), "ExpertStandard.dat": data}
    song = V2_FORMAT.read(files, None)
    assert V2_FORMAT.write(song) == files
    assert len(rows(song)) == (6 if text == "-0" else 5)


def test_deep_nesting_is_refused_in_words() -> None:
    files = {**level(2), "ExpertStandard.dat": b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"}
    song = V2_FORMAT.read(files, None)
    assert any("is damaged" in p for p in song.problems)
    with pytest.raises(FormatError):
        V2_FORMAT.read({"Info.dat": files["ExpertStandard.dat"]}, None)


def test_walls_and_arcs_that_run_backwards() -> None:
    for major, value in (
        (2, {**DIFFICULTY_2, "_obstacles": [{"_time": 9, "_duration": -2.5, "_width": -1}]}),
        (3, {**DIFFICULTY_3, "obstacles": [{"b": 9, "d": -2.5, "w": -1, "h": 5}]}),
    ):
        song = read_one(value, major)
        wall = next(n for n in rows(song) if isinstance(n, Wall))
        assert (wall.tick, wall.end, wall.width) == (9 * BEAT, 9 * BEAT, -1)
        for fmt in FORMATS:
            again = fmt.read(fmt.write(song), None)
            found = next(n for n in rows(again) if isinstance(n, Wall))
            assert replace(found, rotation=0) == wall
        moved = sort_notes(replace(n, tick=n.tick + BEAT, end=n.end + BEAT) for n in rows(song))
        files = V3_FORMAT.write(song.with_chart(0, replace(song.charts[0], notes=moved)))
        written = json.loads(files["ExpertStandard.dat"])["obstacles"]
        assert [(w["b"], w["d"]) for w in written] == [(10, -2.5)]
    arc = {**DIFFICULTY_3, "sliders": [{"b": 9, "tb": 8.75, "mu": 1, "tmu": 1}]}
    song = read_one(arc, 3)
    for fmt in FORMATS:
        again = fmt.read(fmt.write(song), None)
        arcs = [n for n in rows(again) if isinstance(n, Arc)]
        assert [replace(n, rotation=0, tail_rotation=0) for n in arcs] == [
            n for n in rows(song) if isinstance(n, Arc)
        ]


def test_walls_of_mapping_extensions_keep_their_type() -> None:
    value = {**DIFFICULTY_2, "_obstacles": [{"_time": 1, "_duration": 1, "_type": 4001}]}
    song = read_one(value)
    chart = song.charts[0]
    moved = sort_notes(replace(n, tick=n.tick + BEAT, end=n.end + BEAT) for n in chart.notes)
    files = V2_FORMAT.write(song.with_chart(0, replace(chart, notes=moved)))
    assert json.loads(files["ExpertStandard.dat"])["_obstacles"][0]["_type"] == 4001


# Writing ---------------------------------------------------------------------------------


@FORMAT
def test_a_new_level(fmt: Format) -> None:
    files = fmt.write(samples.SONG)
    assert next(iter(files)) == "Info.dat"
    assert "ExpertStandard.dat" in files
    assert ("AudioData.dat" in files) == ("Lightshow.dat" in files) == (fmt is V4_FORMAT)
    song = fmt.read(files, None)
    assert song.problems == ()
    assert rows(song) == rows(samples.SONG)
    assert song.timing == samples.SONG.timing
    expected = replace(samples.SONG.metadata, preview_s=12.0, preview_length_s=10.0)
    assert song.metadata == expected
    assert dict(song.charts[0].settings) == {
        "characteristic": "Standard",
        "njs": 16.0,
        "jump_offset": 0.0,
    }
    assert fmt.losses(samples.SONG) == ()
    difficulty = json.loads(files["ExpertStandard.dat"])
    if fmt is V4_FORMAT:
        assert all(name in difficulty for name in ("colorNotes", "bombNotes", "obstacles"))
        assert len(difficulty["colorNotesData"]) < len(difficulty["colorNotes"]) + 3
    if fmt is V3_FORMAT:
        assert set(difficulty["colorNotes"][0]) == {"b", "x", "y", "c", "d", "a"}
    if fmt is V2_FORMAT:
        assert [w["_type"] for w in difficulty["_obstacles"]] == [0, 1, 2]


@FORMAT
def test_sets_by_characteristic(fmt: Format) -> None:
    chart = samples.SONG.charts[0]
    charts = (
        replace(chart, name="Hard", level=3.0),
        chart.with_setting("characteristic", "OneSaber"),
        chart.with_setting("njs", 17.25).with_setting("jump_offset", -0.5),
        replace(chart, label="own name", name="ExpertPlus"),
    )
    song = fmt.read(fmt.write(replace(samples.SONG, charts=charts)), None)
    said = [(c.setting("characteristic"), c.name, c.label, c.setting("njs")) for c in song.charts]
    assert sorted(said) == [
        ("OneSaber", "Expert", "", 16.0),
        ("Standard", "Expert", "", 17.25),
        ("Standard", "ExpertPlus", "own name", 18.0),
        ("Standard", "Hard", "", 12.0),
    ]


@FORMAT
def test_notes_of_other_games_are_refused(fmt: Format) -> None:
    chart = replace(samples.SONG.charts[0], notes=(LaneNote(0, 0, 1),))
    with pytest.raises(ModeError, match="LaneNote"):
        fmt.write(samples.SONG.with_chart(0, chart))


def test_chains_and_angles_need_version_3() -> None:
    angled = replace(samples.note(30, 1), angle=30)
    chart = samples.SONG.charts[0]
    notes = sort_notes([*chart.notes, samples.CHAIN, angled])
    song = samples.SONG.with_chart(0, replace(chart, notes=notes))
    for fmt in (V3_FORMAT, V4_FORMAT):
        assert fmt.losses(song) == ()
        assert rows(fmt.read(fmt.write(song), None)) == list(notes)
    lost = {loss.what: loss.n for loss in V2_FORMAT.losses(song)}
    assert lost == {"chains": 1, "angles of notes beyond the nine directions": 1}
    assert len(rows(V2_FORMAT.read(V2_FORMAT.write(song), None))) == len(notes) - 1


def test_a_mixed_set_grows_to_what_its_notes_need() -> None:
    files = level(2)
    files["Info.dat"] = dumps(info2(entry2("Expert"), entry2("Hard")))
    files["HardStandard.dat"] = dumps(DIFFICULTY_3)
    song = V3_FORMAT.read(files, None)
    chart = song.charts[0]
    notes = sort_notes([*chart.notes, samples.CHAIN])
    written = V3_FORMAT.write(song.with_chart(0, replace(chart, notes=notes)))
    assert json.loads(written["ExpertStandard.dat"])["version"] == "3.3.0"
    assert written["HardStandard.dat"] == files["HardStandard.dat"]
    assert samples.CHAIN in rows(V3_FORMAT.read(written, None))


def test_old_files_grow_within_their_version() -> None:
    value = {**DIFFICULTY_2, "_version": "2.2.0", "_obstacles": [], "_sliders": []}
    song = read_one(value)
    chart = song.charts[0]
    arc = Arc(13 * BEAT, 14 * BEAT, 1, 0, 0, 1, 2, 2, 0)
    notes = sort_notes([*chart.notes, arc])
    written = V2_FORMAT.write(song.with_chart(0, replace(chart, notes=notes)))
    difficulty = json.loads(written["ExpertStandard.dat"])
    assert difficulty["_version"] == "2.6.0"
    # Before 2.5 lights had no brightness and shone fully.
    assert difficulty["_events"][0] == {"_time": 0, "_type": 1, "_value": 3, "_floatValue": 1}
    assert arc in rows(V2_FORMAT.read(written, None))


# Conversions -----------------------------------------------------------------------------


def test_lights_go_through_every_version() -> None:
    song = V2_FORMAT.read(level(2), None)
    in3 = json.loads(V3_FORMAT.write(song)["ExpertStandard.dat"])
    assert in3["basicBeatmapEvents"] == [{"b": 0, "et": 1, "i": 3, "f": 1}]
    assert in3["colorBoostBeatmapEvents"] == [{"b": 1, "o": True}]
    assert in3["rotationEvents"] == [{"b": 2, "e": 0, "r": 15}, {"b": 3, "e": 1, "r": -60}]
    assert in3["waypoints"] == [{"b": 9, "x": 1, "y": 0, "d": 2}]
    assert in3["basicEventTypesWithKeywords"] == {"d": [{"k": "SECRET", "e": [40, 41]}]}
    assert in3["customData"]["bookmarks"] == [{"b": 1, "n": "a"}]
    files4 = V4_FORMAT.write(song)
    shown = json.loads(files4["Lightshow.dat"])
    assert shown["basicEvents"] == [{"b": 0, "i": 0}]
    assert shown["basicEventsData"] == [{"t": 1, "i": 3, "f": 1}]
    assert shown["colorBoostEventsData"] == [{"b": 1}]
    song4 = V4_FORMAT.read(files4, None)
    # Early at beat 2, late at beat 3: what is on beat 3 still faces 15 degrees.
    facing = {n.tick // BEAT: n.rotation for n in rows(song4)}
    assert facing == {2: 15, 3: 15, 4: -45, 5: -45, 6: -45, 7: -45}
    back = json.loads(V2_FORMAT.write(song4)["ExpertStandard.dat"])
    events = [(e["_time"], e["_type"], e["_value"]) for e in back["_events"]]
    assert events == [(0, 1, 3), (1, 5, 1), (2, 14, 4), (4, 14, 0)]


def test_groups_of_lights_between_3_and_4() -> None:
    filters = {"c": 1, "f": 1, "p": 1, "t": 0, "r": 0, "n": 0, "s": 0, "l": 0, "d": 0}
    box = {"f": filters, "w": 1, "d": 1, "t": 1, "b": 1, "i": 2}
    color = [{"b": 0, "c": 1, "s": 0.5, "f": 2, "sb": 0.25, "sf": 1, "i": i} for i in (0, 1, 2)]
    turn = [{"b": 0, "p": 0, "e": 1, "r": 340, "o": 1, "l": 2}]
    move = [{"b": 0.5, "p": 0, "e": 1, "t": 100}]
    moved = {**box, "s": 1, "a": 1, "r": 1}
    value = {
        **DIFFICULTY_3,
        "lightColorEventBoxGroups": [{"b": 2, "g": 3, "e": [{**box, "r": 1, "e": color}]}],
        "lightRotationEventBoxGroups": [{"b": 2, "g": 0, "e": [{**moved, "l": turn}]}],
        "lightTranslationEventBoxGroups": [{"b": 2, "g": 0, "e": [{**moved, "l": move}]}],
        "vfxEventBoxGroups": [{"b": 2, "g": 0, "t": 1, "e": [{**box, "s": 1, "l": [0]}]}],
        "_fxEventsCollection": {"_fl": [{"b": 0, "p": 0, "i": 1, "v": 100}], "_il": []},
    }
    song = read_one(value, 3)
    assert V4_FORMAT.losses(song) == ()
    files = V4_FORMAT.write(song)
    assert len(json.loads(files["Lightshow.dat"])["eventBoxGroups"]) == 4
    back = json.loads(V3_FORMAT.write(V4_FORMAT.read(files, None))["ExpertStandard.dat"])
    for name in value:
        if "Groups" in name or name == "_fxEventsCollection":
            assert back[name] == value[name], name
    assert {x.what: x.n for x in V2_FORMAT.losses(song)}["groups of lights"] == 4


def test_custom_data_under_other_names() -> None:
    notes = [
        {"_time": 1, "_type": 0, "_customData": {"_color": [1, 0, 0], "_made": 1}},
        {"_time": 2, "_type": 0, "_customData": {"_fake": True}},
    ]
    song = read_one({**DIFFICULTY_2, "_notes": notes, "_obstacles": []})
    made = json.loads(V3_FORMAT.write(song)["ExpertStandard.dat"])["colorNotes"]
    assert [n.get("customData") for n in made] == [{"color": [1, 0, 0]}]
    lost = {x.what: x.n for x in V3_FORMAT.losses(song)}
    assert lost["fake notes of mods, left out"] == 1
    assert lost["values of custom data that the version has no name for"] == 1
    assert V2_FORMAT.losses(song) == ()


def test_colours_and_environments_of_the_info() -> None:
    color = {"r": 0.5, "g": 0, "b": 1, "a": 1}
    scheme = {"useOverride": True, "colorScheme": {"colorSchemeId": "X", "saberAColor": color}}
    more = {"_environmentNames": ["A", "B"], "_colorSchemes": [scheme], "_songTimeOffset": 0.5}
    files = level(2)
    entry = entry2("Expert", _environmentNameIdx=1, _beatmapColorSchemeIdx=0)
    custom = {"_requirements": ["Chroma"], "_difficultyLabel": "L"}
    files["Info.dat"] = dumps(info2({**entry, "_customData": custom}, **more))
    song = V2_FORMAT.read(files, None)
    in4 = json.loads(V4_FORMAT.write(song)["Info.dat"])
    assert in4["environmentNames"] == ["A", "B"]
    assert in4["colorSchemes"][0]["saberAColor"] == "8000FFFF"
    made = in4["difficultyBeatmaps"][0]
    assert (made["environmentNameIdx"], made["beatmapColorSchemeIdx"]) == (1, 0)
    assert made["customData"] == {"requirements": ["Chroma"], "difficultyLabel": "L"}
    song4 = V4_FORMAT.read(V4_FORMAT.write(song), None)
    assert song4.timing.seconds_at(0) == 0.5
    back = json.loads(V2_FORMAT.write(song4)["Info.dat"])
    assert back["_songTimeOffset"] == 0.5
    assert back["_environmentNames"] == ["A", "B"]
    assert back["_colorSchemes"][0]["colorScheme"]["saberAColor"]["b"] == 1


# Any song --------------------------------------------------------------------------------

_TICKS = st.integers(0, 200 * BEAT)
_GRID = st.tuples(st.integers(-2000, 4500), st.integers(-1000, 3000))


@st.composite
def _notes(draw: st.DrawFn, major: int) -> tuple[SaberNote, ...]:
    found: list[SaberNote] = []
    for _ in range(draw(st.integers(0, 12))):
        tick, length = draw(_TICKS), draw(st.integers(0, 3 * BEAT))
        (x, y), (tx, ty) = draw(_GRID), draw(_GRID)
        color, direction = draw(st.integers(0, 1)), draw(st.integers(0, 1360))
        spin = draw(st.sampled_from([0, 15, -90])) if major == 4 else 0
        angle = draw(st.integers(-45, 45)) if major > 2 else 0
        kind = draw(st.integers(0, 4 if major > 2 else 3))
        end = tick + length
        reach = draw(st.integers(0, 40)) / 8
        if kind == 0:
            found.append(ColorNote(tick, tick, x, y, color, direction, angle, spin))
        elif kind == 1:
            found.append(Bomb(tick, tick, x, y, spin))
        elif kind == 2:
            found.append(Wall(tick, end, x, y, tx, ty, spin))
        elif kind == 3:
            arc = Arc(tick, end, x, y, color, direction, tx, ty, 1, reach, reach, 2, spin, spin)
            found.append(arc)
        else:
            found.append(Chain(tick, end, x, y, color, 1, tx, ty, 3, reach, spin, spin))
    return sort_notes(found)


@FORMAT
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_level_comes_back(fmt: Format, data: st.DataObject) -> None:
    major = int(fmt.id[-1])
    chart = Chart("beatsaber", "Hard", 3.0, data.draw(_notes(major)))
    bpm = data.draw(st.integers(30_000, 400_000)) / 1000
    title = data.draw(st.text(max_size=9))
    song = Song(replace(samples.SONG.metadata, title=title), "a.ogg", TimingMap.constant(bpm))
    song = replace(song, charts=(chart,))
    files = fmt.write(song)
    again = fmt.read(files, None)
    assert again.charts[0].notes == chart.notes
    assert again.timing == song.timing
    assert fmt.write(again) == files
    notes = data.draw(_notes(major))
    edited = again.with_chart(0, replace(again.charts[0], notes=notes))
    third = fmt.read(fmt.write(edited), None)
    assert Counter(third.charts[0].notes) == Counter(notes)
    assert third.charts[0].notes == notes or major == 4
    assert find_format(fmt.id) is fmt

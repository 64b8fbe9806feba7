"""Edits of Beat Saber levels: what changed is written, and nothing else."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import saber_samples as samples
from saber_samples import (
    AUDIO_4,
    BEAT,
    DIFFICULTY_2,
    DIFFICULTY_3,
    DIFFICULTY_4,
    dumps,
    entry2,
    entry4,
    info2,
    info4,
    level,
)

from chartstudio.core.errors import FormatError
from chartstudio.core.note import sort_notes
from chartstudio.core.provenance import Generated, mark
from chartstudio.core.song import Chart, Song
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats.beatsaber import (
    V2_FORMAT,
    V3_FORMAT,
    V4_FORMAT,
    level_hash,
    prepare,
    with_audio_facts,
)
from chartstudio.formats.beatsaber.tempo import map_of_regions, plain, tempos_of
from chartstudio.formats.format import Format
from chartstudio.modes.beatsaber.notes import ColorNote

FORMATS = (V2_FORMAT, V3_FORMAT, V4_FORMAT)
FORMAT = pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.id)
NAME = "ExpertStandard.dat"


def major_of(fmt: Format) -> int:
    return int(fmt.id[-1])


def edited(song: Song, notes: Any) -> Song:
    return song.with_chart(0, replace(song.charts[0], notes=sort_notes(notes)))


# Notes -----------------------------------------------------------------------------------


@FORMAT
@pytest.mark.parametrize("indent", [None, 2])
def test_one_note_moved_changes_one_line(fmt: Format, indent: int | None) -> None:
    files = level(major_of(fmt), indent)
    song = fmt.read(files, None)
    notes = song.charts[0].notes
    first = notes[0]
    moved = replace(first, tick=first.tick + BEAT // 3, end=first.end + BEAT // 3)
    written = fmt.write(edited(song, [moved, *notes[1:]]))
    assert {n for n in files if written[n] != files[n]} == {NAME}
    before, after = files[NAME].decode(), written[NAME].decode()
    parts = "\n" if indent else "},"
    removed = Counter(before.split(parts)) - Counter(after.split(parts))
    assert sum(removed.values()) <= (8 if indent else 4)
    again = fmt.read(written, None)
    assert again.charts[0].notes == sort_notes([moved, *notes[1:]])
    assert fmt.write(edited(again, notes)).keys() == files.keys()


@FORMAT
def test_notes_removed_and_put_back(fmt: Format) -> None:
    files = level(major_of(fmt))
    song = fmt.read(files, None)
    empty = fmt.read(fmt.write(edited(song, [])), None)
    assert empty.charts[0].notes == ()
    back = fmt.read(fmt.write(edited(empty, song.charts[0].notes)), None)
    assert back.charts[0].notes == song.charts[0].notes


def test_unknown_values_and_number_spellings_stay() -> None:
    files = level(2)
    data = files[NAME].replace(b'"_value":3', b'"_value":3.0,"_x":1.500E1')
    song = V2_FORMAT.read({**files, NAME: data}, None)
    new = samples.note(3.5, 0)
    written = V2_FORMAT.write(edited(song, [*song.charts[0].notes, new]))[NAME]
    text = b'{"_time":3.5,"_lineIndex":0,"_lineLayer":0,"_type":0,"_cutDirection":1},{"_time":4.0'
    # The list is not sorted: the new note stands before the first that is later.
    assert written == data.replace(b'{"_time":4.0', text)


def test_beats_are_the_shortest_that_read_back() -> None:
    ticks = [BEAT // 3, BEAT // 7, 1, BEAT - 1, 1000 * BEAT + 5, 3 * BEAT, BEAT // 2]
    notes = [ColorNote(t, t, i % 4, 0, 0, 1) for i, t in enumerate(ticks)]
    song = edited(samples.SONG, notes)
    for fmt in FORMATS:
        files = fmt.write(song)
        assert fmt.read(files, None).charts[0].notes == sort_notes(notes)
    beats = [n["b"] for n in json.loads(V3_FORMAT.write(song)[NAME])["colorNotes"]]
    assert beats == [0.00005, 0.14286, 0.33333, 0.5, 0.99995, 3, 1000.00025]


def test_equal_notes_are_counted() -> None:
    twice = {**DIFFICULTY_3, "colorNotes": [{"b": 1}, {"b": 1}, {"b": 1}]}
    files = {**level(3), NAME: dumps(twice)}
    song = V3_FORMAT.read(files, None)
    written = V3_FORMAT.write(edited(song, song.charts[0].notes[1:]))
    assert json.loads(written[NAME])["colorNotes"] == [{"b": 1}, {"b": 1}]


def test_version_4_uses_the_data_that_is_there() -> None:
    song = V4_FORMAT.read(level(4), None)
    new = ColorNote(9 * BEAT, 9 * BEAT, 1, 2, 1, 3, 15)
    other = ColorNote(9 * BEAT, 9 * BEAT, 0, 1, 0, 1)
    written = json.loads(V4_FORMAT.write(edited(song, [*song.charts[0].notes, new, other]))[NAME])
    assert written["colorNotes"][-2:] == [{"b": 9, "r": 0, "i": 2}, {"b": 9, "r": 0, "i": 1}]
    assert written["colorNotesData"] == [
        *DIFFICULTY_4["colorNotesData"],
        {"x": 0, "y": 1, "c": 0, "d": 1, "a": 0},
    ]


# The Info --------------------------------------------------------------------------------


@FORMAT
def test_what_the_info_says_is_changed_alone(fmt: Format) -> None:
    files = level(major_of(fmt))
    song = fmt.read(files, None)
    meta = replace(song.metadata, title="New “title”", credit="Somebody", preview_s=3.25)
    chart = replace(song.charts[0], name="Hard", label="Mine").with_setting("njs", 14.5)
    written = fmt.write(replace(song, metadata=meta, audio="a.ogg", charts=(chart,)))
    assert {n for n in files if written[n] != files[n]} == {"Info.dat"}
    again = fmt.read(written, None)
    assert again.metadata == meta
    assert again.audio == "a.ogg"
    assert replace(again.charts[0], extra=chart.extra, level=4.0) == chart
    before, after = files["Info.dat"].decode(), written["Info.dat"].decode()
    unchanged = [line for line in before.splitlines() if "nvironment" in line or "0.5" in line]
    assert all(line in after for line in unchanged)


def test_charts_leave_and_join() -> None:
    files = level(2)
    files["Info.dat"] = dumps(info2(entry2("Expert"), entry2("Hard")), 2)
    files["HardStandard.dat"] = dumps(DIFFICULTY_2)
    song = V2_FORMAT.read(files, None)
    without = V2_FORMAT.write(replace(song, charts=song.charts[1:]))
    assert set(without) == {"Info.dat", "HardStandard.dat"}
    assert [c.name for c in V2_FORMAT.read(without, None).charts] == ["Hard"]
    new = replace(samples.SONG.charts[0], name="Easy").with_setting("characteristic", "Lawless")
    joined = V2_FORMAT.write(replace(song, charts=(*song.charts, new)))
    assert joined["ExpertStandard.dat"] == files["ExpertStandard.dat"]
    said = [(c.setting("characteristic"), c.name) for c in V2_FORMAT.read(joined, None).charts]
    assert said == [("Standard", "Expert"), ("Standard", "Hard"), ("Lawless", "Easy")]


def test_mappers_of_version_4() -> None:
    files = level(4)
    files["Info.dat"] = dumps(info4(entry4("Expert"), entry4("Hard", "ExpertStandard.dat")))
    song = V4_FORMAT.read(files, None)
    assert (song.metadata.credit, [c.credit for c in song.charts]) == ("One, Two", ["", ""])
    assert V4_FORMAT.write(song) == files
    chart = replace(song.charts[1], credit="Three")
    again = V4_FORMAT.read(V4_FORMAT.write(song.with_chart(1, chart)), None)
    assert (again.metadata.credit, [c.credit for c in again.charts]) == (
        "One, Two, Three",
        ["One, Two", "Three"],
    )


# Tempo -----------------------------------------------------------------------------------


def tempo_song(*anchors: tuple[int, float, float]) -> TimingMap:
    return TimingMap(
        tuple(Anchor(t * BEAT, s, b, 4, bar=i == 0) for i, (t, s, b) in enumerate(anchors))
    )


def test_tempo_changes_of_difficulties() -> None:
    events = [{"b": 20, "m": 240}, {"b": 10, "m": 60}, {"b": 0, "m": 100}, {"b": 5, "m": -1}]
    files = {**level(3), NAME: dumps({**DIFFICULTY_3, "bpmEvents": events})}
    song = V3_FORMAT.read(files, None)
    assert song.timing == tempo_song((0, 0.0, 100.0), (10, 6.0, 60.0), (20, 16.0, 240.0))
    assert song.charts[0].timing is None
    assert any("1 x tempo changes" in p for p in song.problems)
    assert V3_FORMAT.write(song) == files
    for fmt in FORMATS:
        again = fmt.read(fmt.write(song), None)
        assert again.timing == song.timing
    old = [{"_time": 10, "_type": 10, "_value": 60}, {"_time": 20, "_type": 100, "_floatValue": 90}]
    for version, expected in (("2.2.0", [120.0, 60.0, 90.0]), ("2.5.0", [120.0, 90.0])):
        value = {**DIFFICULTY_2, "_version": version, "_events": old}
        song = V2_FORMAT.read({**level(2), NAME: dumps(value)}, None)
        assert [a.bpm for a in song.timing.anchors] == expected


def test_charts_with_tempos_of_their_own() -> None:
    files = level(3)
    files["Info.dat"] = dumps(info2(entry2("Easy"), entry2("Hard"), entry2("Expert")))
    files["EasyStandard.dat"] = files["HardStandard.dat"] = dumps(DIFFICULTY_3)
    files[NAME] = dumps({**DIFFICULTY_3, "bpmEvents": [{"b": 4, "m": 60}]})
    song = V3_FORMAT.read(files, None)
    assert song.timing == TimingMap.constant(120.0)
    assert [c.timing is None for c in song.charts] == [True, True, False]
    assert V3_FORMAT.write(song) == files
    lost = [(x.chart, x.what) for x in V4_FORMAT.losses(song) if "timing" in x.what]
    assert lost == [("Expert", "own timing; notes keep their seconds")]
    again = V4_FORMAT.read(V4_FORMAT.write(song), None)
    before, after = song.charts[2], again.charts[2]
    assert after.timing is None
    for old, new in zip(before.notes, after.notes, strict=True):
        old_s = song.timing_of(before).seconds_at(old.tick)
        assert again.timing.seconds_at(new.tick) == pytest.approx(old_s, abs=2e-5)


@FORMAT
def test_a_new_tempo_is_written(fmt: Format) -> None:
    files = level(major_of(fmt))
    song = fmt.read(files, None)
    timing = tempo_song((0, 0.0, 150.0), (30, 12.0, 75.0))
    written = fmt.write(replace(song, timing=timing))
    again = fmt.read(written, None)
    assert again.timing == timing
    assert again.charts[0].notes == song.charts[0].notes
    assert fmt.write(again) == written
    if fmt is V2_FORMAT:
        events = json.loads(written[NAME])["_events"]
        assert [e for e in events if e["_type"] != 100] == DIFFICULTY_2["_events"]


def test_the_game_starts_late_by_its_offset() -> None:
    files = {**level(2), "Info.dat": dumps(info2(entry2("Expert"), _songTimeOffset=0.25))}
    song = V2_FORMAT.read(files, None)
    assert song.timing == TimingMap.constant(120.0, 0.25)
    assert V2_FORMAT.write(song) == files
    in4 = V4_FORMAT.write(song)
    assert json.loads(in4["AudioData.dat"])["bpmData"][0]["si"] == 11_025
    assert V4_FORMAT.read(in4, None).timing == song.timing
    baked = V2_FORMAT.write(replace(song, timing=TimingMap.constant(120.0)))
    assert json.loads(baked["Info.dat"])["_songTimeOffset"] == 0


def test_stops_and_warps_become_beats() -> None:
    timing = TimingMap(
        (
            Anchor(0, 0.0, 120.0, 4, bar=True),
            Anchor(8 * BEAT, 4.0, 120.0),
            Anchor(8 * BEAT, 5.0, 120.0, cause=Cause.STOP),
            Anchor(16 * BEAT, 9.0, 120.0),
            Anchor(20 * BEAT, 9.0, 60.0, cause=Cause.WARP),
        )
    )
    flat = plain(timing)
    assert [(a.tick // BEAT, a.seconds, a.bpm) for a in flat.anchors] == [
        (0, 0.0, 120.0),
        (8, 4.0, 120.0),
        (10, 5.0, 120.0),
        (18, 9.0, 60.0),
    ]
    assert plain(flat) == flat
    notes = [samples.note(beat, i) for i, beat in enumerate((8, 9, 17, 24))]
    song = replace(edited(samples.SONG, notes), timing=timing)
    for fmt in FORMATS:
        again = fmt.read(fmt.write(song), None)
        times = [again.timing.seconds_at(n.tick) for n in again.charts[0].notes]
        assert times == pytest.approx([4.0, 5.5, 9.0, 13.0], abs=1e-4)
        lost = {loss.what.split(";")[0]: loss.n for loss in fmt.losses(song)}
        assert lost["stops and delays"] == 1
        assert lost["warps"] == 1


def test_anchors_that_do_not_fit_their_tempo_are_reached() -> None:
    timing = tempo_song((0, 0.0, 120.0), (4, 2.01, 120.0), (8, 4.01, 120.0))
    tempos = tempos_of(timing, 120.0, 0.0)
    assert [t.beat for t in tempos] == [0, 4]
    song = replace(samples.SONG, timing=timing)
    again = V3_FORMAT.read(V3_FORMAT.write(song), None)
    for tick in (0, 3 * BEAT, 4 * BEAT, 30 * BEAT):
        assert again.timing.seconds_at(tick) == pytest.approx(timing.seconds_at(tick), abs=1e-6)


def test_regions_of_audio_data() -> None:
    song = V4_FORMAT.read(level(4), None)
    assert song.timing == tempo_song((0, 0.0, 120.0), (20, 10.0, 150.0))
    odd = [
        *AUDIO_4["bpmData"],
        {"si": 5, "ei": 1},
        {"si": "x"},
        {"si": 9, "ei": 9, "sb": 3, "eb": 4},
    ]
    timing, n_bad = map_of_regions({**AUDIO_4, "bpmData": odd}, 120.0)
    assert (timing, n_bad) == (song.timing, 3)
    assert map_of_regions({}, 120.0) == (None, 0)


def test_the_editors_table_counts_where_difficulties_say_nothing() -> None:
    regions = [
        {"_startSampleIndex": 0, "_endSampleIndex": 441_000, "_startBeat": 0, "_endBeat": 20},
        {
            "_startSampleIndex": 441_000,
            "_endSampleIndex": 882_000,
            "_startBeat": 20,
            "_endBeat": 30,
        },
    ]
    table = {"_version": "2.0.0", "_songSampleCount": 882_000, "_songFrequency": 44_100}
    files = {**level(2), "BPMInfo.dat": dumps({**table, "_regions": regions})}
    song = V2_FORMAT.read(files, None)
    assert song.timing == tempo_song((0, 0.0, 120.0), (20, 10.0, 60.0))
    assert any("BPMInfo.dat is taken" in p for p in song.problems)
    assert V2_FORMAT.write(song) == files
    written = V2_FORMAT.write(replace(song, timing=TimingMap.constant(90.0)))
    new = json.loads(written["BPMInfo.dat"])["_regions"]
    assert [(r["_startBeat"], r["_endBeat"]) for r in new] == [(0, 30)]
    assert V2_FORMAT.read(written, None).timing == TimingMap.constant(90.0)


def test_what_is_known_of_the_audio_is_put_in() -> None:
    song = replace(samples.SONG, timing=tempo_song((0, 0.0, 120.0), (20, 10.0, 150.0)))
    files = V4_FORMAT.write(song)
    exact = with_audio_facts(files, 48_000 * 60, 48_000)
    table = json.loads(exact["AudioData.dat"])
    assert table["songSampleCount"] == 2_880_000
    assert table["bpmData"] == [
        {"si": 0, "ei": 480_000, "sb": 0, "eb": 20},
        {"si": 480_000, "ei": 2_880_000, "sb": 20, "eb": 145},
    ]
    assert json.loads(exact["Info.dat"])["audio"]["songDuration"] == 60.0
    assert V4_FORMAT.read(exact, None).timing == song.timing
    for other in (V2_FORMAT.write(song), {"x": b""}):
        assert with_audio_facts(other, 1, 1) == other


# Marks -----------------------------------------------------------------------------------

_SAYS = [
    {"robots": "disallow"},
    {"Robots": " Disallow "},
    {"note": "please: ROBOTS:disallow"},
    {"deep": [{"x": "robots  :  disallow"}]},
]


@pytest.mark.parametrize("custom", _SAYS)
@pytest.mark.parametrize("where", ["Info.dat", NAME])
def test_the_opt_out_is_read_and_taken_out(custom: dict[str, Any], where: str) -> None:
    files = level(2)
    value = json.loads(files[where])
    files[where] = dumps({**value, "_customData": {"_other": 1, **custom}})
    song = V2_FORMAT.read(files, None)
    assert song.metadata.disallow_training
    assert V2_FORMAT.write(song) == files
    for fmt in FORMATS:
        assert fmt.read(fmt.write(song), None).metadata.disallow_training
    allowed = replace(song, metadata=replace(song.metadata, disallow_training=False))
    for fmt in FORMATS:
        again = fmt.read(fmt.write(allowed), None)
        assert not again.metadata.disallow_training
    assert json.loads(V2_FORMAT.write(allowed)[where])["_customData"]["_other"] == 1


@FORMAT
def test_the_opt_out_is_written(fmt: Format) -> None:
    for song in (samples.SONG, fmt.read(level(major_of(fmt)), None)):
        meta = replace(song.metadata, disallow_training=True)
        files = fmt.write(replace(song, metadata=meta))
        key = "customData" if fmt is V4_FORMAT else "_customData"
        assert json.loads(files["Info.dat"])[key]["robots"] == "disallow"
        assert fmt.read(files, None).metadata.disallow_training


def test_a_robots_file_beside_counts() -> None:
    files = {**level(2), "robots.txt": b"Robots: Disallow"}
    song = V2_FORMAT.read(files, None)
    assert song.metadata.disallow_training
    assert V2_FORMAT.write(song) == level(2)


@FORMAT
def test_generated_charts_say_so(fmt: Format) -> None:
    files = level(major_of(fmt))
    key = "customData" if fmt is V4_FORMAT else "_customData"
    old = {"contributors" if fmt is V4_FORMAT else "_contributors": [{"name": "A", "_name": "A"}]}
    files["Info.dat"] = dumps({**json.loads(files["Info.dat"]), key: old})
    song = fmt.read(files, None)
    assert fmt.write(fmt.prepare(song)) == files
    end = max(n.tick for n in song.charts[0].notes) + 1
    chart = mark(song.charts[0], Generated(0, end, "base 1.0", 1, "2026-01-01"))
    ready = fmt.prepare(song.with_chart(0, chart))
    assert fmt.prepare(ready) == ready
    written = fmt.write(ready)
    said = json.loads(written["Info.dat"])
    names = [c.get("name", c.get("_name")) for c in next(iter(said[key].values()))]
    assert names == ["A", "ChartStudio"]
    assert written["Info.dat"].count(b"AI-assisted (ChartStudio)") == 1
    assert written[NAME] == files[NAME]
    again = fmt.prepare(fmt.read(written, None))
    assert fmt.write(again) == written
    clean = replace(ready.charts[0], extra=ready.charts[0].extra.set("provenance", None))
    assert fmt.write(fmt.prepare(song.with_chart(0, clean))) == files
    emptied = mark(song.charts[0], Generated(end, end + BEAT, "base 1.0", 1, "2026-01-01"))
    assert fmt.write(fmt.prepare(song.with_chart(0, emptied))) == files


def test_charts_get_difficulties_that_the_game_knows() -> None:
    names = [("Expert", 4.0), ("4.2", 4.2), ("5", 5.0), ("normal", None), ("x", 1.2)]
    charts = tuple(Chart("beatsaber", name, at) for name, at in names)
    ready = prepare(Song(charts=charts))
    assert [(c.name, c.label, c.level) for c in ready.charts] == [
        ("Expert", "", 4.0),
        ("ExpertPlus", "4.2", 5.0),
        ("Hard", "5", 3.0),
        ("Normal", "", 2.0),
        ("Easy", "x", 1.0),
    ]
    assert prepare(ready) == ready


# Hashes ----------------------------------------------------------------------------------


def test_hashes_by_the_games_rule() -> None:
    # Each digest is what sha1sum says of the files, one after the other.
    info = b'{"_version":"2.0.0","_difficultyBeatmapSets":[{"_difficultyBeatmaps":[' + (
        b'{"_beatmapFilename":"b.dat"},{"_beatmapFilename":"c.dat"},{"_beatmapFilename":"a.dat"}]}]}'
    )
    files = {"Info.dat": info, "a.dat": b"AAA", "b.dat": b"BBB", "Lightshow.dat": b"L"}
    assert level_hash(files) == "B7F4F09CDD643CDFD6091C4740CB219C8AC40908"
    assert (
        level_hash({**files, "Info.dat": b"\xef\xbb\xbf" + info})
        == "B7F4F09CDD643CDFD6091C4740CB219C8AC40908"
    )
    info = b'{"version":"4.0.0","audio":{"audioDataFilename":"x.dat"},"difficultyBeatmaps":[' + (
        b'{"beatmapDataFilename":"b.dat","lightshowDataFilename":"Lightshow.dat"},'
        b'{"beatmapDataFilename":"a.dat","lightshowDataFilename":"Lightshow.dat"}]}'
    )
    files = {**files, "Info.dat": info, "x.dat": b"XXX"}
    assert level_hash(files) == "2DE0321CF34D44AA9B823B7BFCC7815B281F8C6C"
    with pytest.raises(FormatError, match=r"Info\.dat: is missing"):
        level_hash({})

"""Beat Saber sets as they are found: padded, wrapped, oddly named, with fakes and duplicates."""

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from saber_samples import (
    AUDIO_4,
    BEAT,
    DIFFICULTY_2,
    DIFFICULTY_4,
    dumps,
    entry2,
    entry4,
    info2,
    info4,
    level,
    note,
)

from chartstudio.core.song import Extra, Song
from chartstudio.formats.beatsaber import V2_FORMAT, V3_FORMAT, V4_FORMAT, with_audio_facts
from chartstudio.modes.beatsaber.notes import ColorNote, Wall

BY_MAJOR = {2: V2_FORMAT, 3: V3_FORMAT, 4: V4_FORMAT}
MAJOR = pytest.mark.parametrize("major", [2, 3, 4])
NAME = "ExpertStandard.dat"


def with_note(song: Song, beat: float = 30) -> Song:
    chart = song.charts[0]
    return song.with_chart(0, replace(chart, notes=(*chart.notes, note(beat, 2))))


# Padding ---------------------------------------------------------------------------------


@MAJOR
@pytest.mark.parametrize("packed", [False, True])
def test_padded_files_are_read_and_come_back(major: int, packed: bool) -> None:
    plain = BY_MAJOR[major].read(level(major), None)
    files = {name: data + b"\0\0 \n\0" for name, data in level(major).items()}
    if packed:
        files = {name: gzip.compress(data) for name, data in files.items()}
    fmt = BY_MAJOR[major]
    assert fmt.sniff(files, None)
    song = fmt.read(files, None)
    assert song.problems == plain.problems
    assert song.charts[0].notes == plain.charts[0].notes
    assert fmt.write(song) == files
    written = fmt.write(with_note(song))
    changed = gzip.decompress(written[NAME]) if packed else written[NAME]
    assert changed.endswith(b"}\0\0 \n\0")
    assert fmt.read(written, None).charts[0].notes == with_note(song).charts[0].notes


# Wrapped files ---------------------------------------------------------------------------


def wrapped(value: dict[str, Any], indent: int | None = None) -> bytes:
    content = {k: v for k, v in value.items() if k != "version"}
    version = value.get("version", "4.0.0")
    return dumps({"version": version, "contentChecksum": "", "content": content}, indent)


@pytest.mark.parametrize("indent", [None, 2])
def test_wrapped_files_are_read_and_stay_wrapped(indent: int | None) -> None:
    plain_files = level(4)
    files = {n: wrapped(json.loads(data), indent) for n, data in plain_files.items()}
    plain, song = (V4_FORMAT.read(f, None) for f in (plain_files, files))
    assert V4_FORMAT.sniff(files, None)
    assert plain.metadata == song.metadata
    assert (plain.timing, plain.problems) == (song.timing, song.problems)
    assert [c.notes for c in plain.charts] == [c.notes for c in song.charts]
    assert V4_FORMAT.write(song) == files
    for to in (V2_FORMAT, V3_FORMAT):
        assert to.write(song) == to.write(plain)
        assert to.losses(song) == to.losses(plain)


def test_edits_of_wrapped_files_change_their_content() -> None:
    files = {n: wrapped(json.loads(data), 2) for n, data in level(4).items()}
    song = V4_FORMAT.read(files, None)
    changed = with_note(replace(song, metadata=replace(song.metadata, title="Other")))
    written = V4_FORMAT.write(changed)
    assert {n for n in files if written[n] != files[n]} == {NAME, "Info.dat"}
    info = json.loads(written["Info.dat"])
    assert list(info) == ["version", "contentChecksum", "content"]
    assert info["content"]["song"]["title"] == "Other"
    before, after = files[NAME].decode(), written[NAME].decode()
    assert after.startswith(before[: before.index('"colorNotesData"') - 20])
    assert len(json.loads(after)["content"]["colorNotes"]) == 1 + len(DIFFICULTY_4["colorNotes"])
    # New lines stand as deep as those beside them.
    depths = {len(line) - len(line.lstrip()) for line in after.splitlines()}
    assert depths == {len(line) - len(line.lstrip()) for line in before.splitlines()}
    again = V4_FORMAT.read(written, None)
    assert again.charts[0].notes == changed.charts[0].notes
    assert again.metadata == changed.metadata


def test_audio_facts_of_a_wrapped_set() -> None:
    files = {n: wrapped(json.loads(data)) for n, data in level(4).items()}
    written = with_audio_facts(files, 5_000_000, 48000)
    (name,) = (n for n, d in files.items() if json.loads(d)["content"].keys() >= {"bpmData"})
    table = json.loads(written[name])["content"]
    assert (table["songSampleCount"], table["songFrequency"]) == (5_000_000, 48000)
    assert table["bpmData"][-1]["ei"] == 5_000_000
    assert table.keys() == AUDIO_4.keys() - {"version"}


def test_the_opt_out_of_a_wrapped_file_comes_and_goes() -> None:
    files = {n: wrapped(json.loads(data)) for n, data in level(4).items()}
    song = V4_FORMAT.read(files, None)
    marked = replace(song, metadata=replace(song.metadata, disallow_training=True))
    written = V4_FORMAT.write(marked)
    assert json.loads(written["Info.dat"])["content"]["customData"] == {"robots": "disallow"}
    again = V4_FORMAT.read(written, None)
    assert again.metadata.disallow_training
    cleared = replace(again, metadata=replace(again.metadata, disallow_training=False))
    assert b"robots" not in V4_FORMAT.write(cleared)["Info.dat"]


# Fake notes ------------------------------------------------------------------------------


FAKE = {"_customData": {"_fake": True}}


def with_fakes() -> dict[str, bytes]:
    """A set of version 2 with a fake of each sort between true ones."""
    notes = [
        {"_time": beat, "_lineIndex": 1, "_lineLayer": 0, "_type": kind, "_cutDirection": 1, **more}
        for beat, kind, more in ((1, 0, {}), (2, 1, FAKE), (3, 3, FAKE), (4, 1, {}))
    ]
    wall = {"_time": 5, "_lineIndex": 0, "_type": 0, "_duration": 1, "_width": 1}
    notes[0]["_customData"] = {"_fake": False}
    walls = [{**wall, **FAKE}, {**wall, "_time": 7}]
    files = level(2)
    files[NAME] = dumps({**DIFFICULTY_2, "_notes": notes, "_obstacles": walls})
    return files


def test_fakes_of_version_2_are_kept_and_are_no_notes() -> None:
    files = with_fakes()
    song = V2_FORMAT.read(files, None)
    kinds = [(n.tick // BEAT, type(n)) for n in song.charts[0].notes]
    assert kinds == [(1, ColorNote), (4, ColorNote), (7, Wall)]
    (problem,) = song.problems
    assert problem.startswith(f"{NAME}: 3 x fake notes")
    assert V2_FORMAT.write(song) == files
    written = V2_FORMAT.write(with_note(song, 3.5))[NAME]
    there = json.loads(written)["_notes"]
    assert [n["_time"] for n in there] == [1, 2, 3, 3.5, 4]
    assert [n["_time"] for n in there if n.get("_customData") == FAKE["_customData"]] == [2, 3]
    assert V2_FORMAT.losses(song) == ()
    for fmt in (V3_FORMAT, V4_FORMAT):
        assert {x.what: x.n for x in fmt.losses(song)}["fake notes of mods, left out"] == 3


def test_fakes_of_version_3_are_kept_and_are_no_notes() -> None:
    files = level(3)
    plain = V3_FORMAT.read(files, None)
    custom = {"fakeColorNotes": [{"b": 1}, {"b": 2}], "fakeObstacles": [{"b": 3}]}
    files[NAME] = dumps({**json.loads(files[NAME]), "customData": custom})
    song = V3_FORMAT.read(files, None)
    assert song.charts[0].notes == plain.charts[0].notes
    (problem,) = set(song.problems) - set(plain.problems)
    assert problem.startswith(f"{NAME}: 3 x fake notes")
    assert V3_FORMAT.write(song) == files
    assert json.loads(V3_FORMAT.write(with_note(song))[NAME])["customData"] == custom


# Names and order -------------------------------------------------------------------------


@MAJOR
@pytest.mark.parametrize("name", ["info.dat", "INFO.DAT", "Info.dat"])
def test_the_info_keeps_its_name(major: int, name: str) -> None:
    files = level(major)
    files[name] = files.pop("Info.dat")
    fmt = BY_MAJOR[major]
    for chosen in (None, name):
        song = fmt.read(files, chosen)
        assert fmt.write(song) == files
        renamed = replace(song, metadata=replace(song.metadata, title="Other"))
        assert fmt.write(renamed).keys() == files.keys()
    assert with_audio_facts(files, 1_000_000, 48000).keys() == files.keys()


@MAJOR
@pytest.mark.parametrize("to", [2, 3, 4])
def test_a_converted_info_takes_the_place_of_the_old_one(major: int, to: int) -> None:
    files = level(major)
    files["info.dat"] = files.pop("Info.dat")
    written = BY_MAJOR[to].write(BY_MAJOR[major].read(files, None))
    assert [name for name in written if name.lower() == "info.dat"] == ["info.dat"]


def test_of_two_infos_the_one_that_the_game_wants_is_taken() -> None:
    files = level(2)
    junk = files["Info.dat"].replace(b'"Name"', b'"Old"')
    song = V2_FORMAT.read({"info.dat": junk, **files}, None)
    assert song.metadata.title == "Name"
    assert V2_FORMAT.write(song) == files


DIFFICULTIES: dict[int, Any] = {
    2: lambda beat: {"_version": "2.6.0", "_notes": [{"_time": beat, "_type": 0}]},
    3: lambda beat: {"version": "3.3.0", "colorNotes": [{"b": beat}]},
    4: lambda beat: {"version": "4.0.0", "colorNotes": [{"b": beat}], "colorNotesData": [{}]},
}


@MAJOR
@pytest.mark.parametrize("to", [2, 3, 4])
@pytest.mark.parametrize("new", ["", "abcde", "bd", "ae"])
@pytest.mark.parametrize("stems", ["abcde", "edcba", "badce"])
def test_difficulties_of_one_name_keep_their_order(
    major: int, to: int, new: str, stems: str
) -> None:
    files = level(major)
    entry, info = (entry4, info4) if major == 4 else (entry2, info2)
    names = ("Expert", "Easy", "Expert", "expert", "Easy")
    entries = [entry(name, f"{stem}.dat") for name, stem in zip(names, stems, strict=True)]
    files["Info.dat"] = dumps(info(*entries))
    for beat, stem in enumerate(stems, 1):
        files[f"{stem}.dat"] = dumps(DIFFICULTIES[major](beat))
    song = BY_MAJOR[major].read(files, None)
    charts = (
        replace(chart, extra=Extra()) if stem in new else chart
        for stem, chart in zip(stems, song.charts, strict=True)
    )
    song = replace(song, charts=tuple(charts))
    again = BY_MAJOR[to].read(BY_MAJOR[to].write(song), None)
    for name, beats in (("Expert", [1, 3, 4]), ("Easy", [2, 5])):
        found = [c.notes[0].tick // BEAT for c in again.charts if c.name == name]
        assert found == beats

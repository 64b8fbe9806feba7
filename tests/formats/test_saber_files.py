"""Real Beat Saber levels: counts, bytes, and what survives the way through the versions."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from chartstudio.core.errors import FormatError
from chartstudio.core.song import Chart, Song
from chartstudio.formats import Bundle, find_format, losses, read_song, write_song
from chartstudio.modes.beatsaber.notes import Arc, Bomb, Chain, ColorNote, SaberNote, Wall

EXPECTED = {
    ("JOURNEY", "Standard", "Easy"): (624, 12, 493, 0),
    ("JOURNEY", "Standard", "Normal"): (881, 12, 489, 0),
    ("JOURNEY", "Standard", "Hard"): (1242, 14, 471, 0),
    ("JOURNEY", "Standard", "Expert"): (1869, 16, 236, 0),
    ("JOURNEY", "Standard", "ExpertPlus"): (2313, 16, 236, 0),
    ("JOURNEY", "OneSaber", "ExpertPlus"): (1227, 22, 435, 45),
    ("werewolf howls", "Standard", "Easy"): (258, 144, 324, 0),
    ("werewolf howls", "Standard", "Normal"): (371, 140, 324, 0),
    ("werewolf howls", "Standard", "Hard"): (495, 154, 324, 0),
    ("werewolf howls", "Standard", "Expert"): (729, 121, 263, 0),
    ("werewolf howls", "Standard", "ExpertPlus"): (909, 102, 261, 0),
}

LEVELS = pytest.mark.parametrize(
    ("name", "home"), [("JOURNEY", "beatsaber-v3"), ("werewolf howls", "beatsaber-v2")]
)


@pytest.fixture
def folder(shared: Path) -> Path:
    return shared / "fixtures" / "beatsaber"


def counts(chart: Chart) -> tuple[int, ...]:
    types = Counter(type(n) for n in chart.notes)
    return tuple(types[t] for t in (ColorNote, Bomb, Wall, Arc))


def bare(chart: Chart, angles: bool = True) -> Counter[SaberNote]:
    """Notes without the custom data of their version."""
    notes = (replace(n, custom="") for n in chart.notes)
    if not angles:
        notes = (replace(n, angle=0) if isinstance(n, ColorNote) else n for n in notes)
    return Counter(notes)


def test_counts_of_real_levels(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for name in dict.fromkeys(key[0] for key in EXPECTED):
        song, _ = read_song(Bundle.open(folder / name))
        assert song.problems == ()
        rows += [((name, c.setting("characteristic"), c.name), counts(c)) for c in song.charts]
    with capsys.disabled():
        print("\nlevel, characteristic, difficulty: notes/bombs/walls/arcs, expected")
        for key, found in rows:
            print(f"{', '.join(key):45} {found}  {EXPECTED[key]}")
    assert dict(rows) == EXPECTED


@LEVELS
def test_real_levels_come_back_byte_for_byte(folder: Path, name: str, home: str) -> None:
    bundle = Bundle.open(folder / name)
    song, format_id = read_song(bundle)
    assert format_id == home
    files = write_song(song, home)
    assert files == {n: bundle[n] for n in bundle}
    assert next(iter(files)) == "Info.dat"
    assert find_format(home).read(files, None) == song


def test_a_real_level_in_words(folder: Path) -> None:
    song, _ = read_song(Bundle.open(folder / "JOURNEY"))
    meta = song.metadata
    assert (meta.title, meta.artist, meta.credit) == ("Vagueness & JOURNEY", "FELT", "Kival Evan")
    assert (meta.cover, meta.preview_s, meta.preview_length_s) == ("cover.jpg", 250.9688, 22.5)
    assert song.audio == "JOURNEY.egg"
    assert [a.bpm for a in song.timing.anchors] == [185.0]
    last = song.charts[-1]
    assert (last.mode, last.name, last.label, last.level) == (
        "beatsaber",
        "ExpertPlus",
        "Extra Stage",
        5.0,
    )
    assert dict(last.settings) == {"characteristic": "Standard", "jump_offset": -0.25, "njs": 19.0}
    assert not any(chart.timing for chart in song.charts)


def test_one_difficulty_of_a_real_level(folder: Path) -> None:
    path = folder / "JOURNEY" / "HardStandard.dat"
    song, format_id = read_song(Bundle.open(path))
    assert format_id == "beatsaber-v2"
    assert [(c.name, counts(c)) for c in song.charts] == [("Hard", (1242, 14, 471, 0))]
    assert song.metadata.title == "Vagueness & JOURNEY"
    files = write_song(song, format_id)
    assert set(files) == {"Info.dat", "HardStandard.dat"}
    assert files["HardStandard.dat"] == path.read_bytes()
    assert find_format(format_id).read(files, None) == song


@LEVELS
def test_real_levels_through_every_version(folder: Path, name: str, home: str) -> None:
    whole, _ = read_song(Bundle.open(folder / name))
    # The easiest and the hardest will do.
    song = first = replace(whole, charts=(whole.charts[0], whole.charts[-1]))
    for target in ("beatsaber-v2", "beatsaber-v3", "beatsaber-v4", "beatsaber-v3", "beatsaber-v2"):
        fmt = find_format(target)
        files = fmt.write(song)
        assert fmt.sniff(files, None)
        again = fmt.read(files, None)
        assert again.problems == ()
        assert fmt.write(again) == files
        for before, after in zip(first.charts, again.charts, strict=True):
            # The one thing that version 2 cannot say here, and it says so.
            assert bare(after, angles=False) == bare(before, angles=False)
            assert after.settings == before.settings
            assert after.label == before.label
        assert replace(again.metadata, credit=first.metadata.credit) == first.metadata
        assert again.timing == first.timing
        song = again


def test_losses_of_a_real_level(folder: Path) -> None:
    whole, _ = read_song(Bundle.open(folder / "JOURNEY"))
    song = replace(whole, charts=(whole.charts[0], whole.charts[-1]))
    assert losses(song, "beatsaber-v3") == ()
    angles = [x.n for x in losses(song, "beatsaber-v2") if "angles" in x.what]
    assert angles == [sum(n.angle != 0 for n in song.charts[0].notes if isinstance(n, ColorNote))]
    custom = [x for x in losses(song, "beatsaber-v4") if "custom data" in x.what]
    # The version 2 difficulty has 138 environment enhancements and 16 custom events.
    assert [x.n for x in custom] == [154]


@pytest.mark.parametrize("kind", ["beatmap", "info"])
def test_samples_of_every_schema_version(folder: Path, kind: str) -> None:
    for path in sorted((folder / "schema-samples" / kind).iterdir()):
        song, format_id = read_song(Bundle.open(path))
        assert format_id == f"beatsaber-v{max(int(path.name[0]), 2)}"
        assert write_song(song, format_id) == {path.name: path.read_bytes()}
        assert find_format(format_id).read(write_song(song, format_id), path.name) == song
        if kind == "beatmap":
            types = {type(n) for n in song.charts[0].notes}
            wanted = {ColorNote, Bomb, Wall}
            wanted |= {Arc} if path.name >= "2.6" else set()
            wanted |= {Chain} if path.name >= "3" else set()
            assert types == wanted, path.name
        else:
            assert song.metadata.title == "Magic"
            assert sum("missing" in problem for problem in song.problems) >= 5


def test_samples_change_tempo_as_they_say(folder: Path) -> None:
    for name in ("2.0.0", "2.4.0", "2.5.0", "2.6.0", "3.0.0", "3.3.0"):
        song, _ = read_song(Bundle.open(folder / "schema-samples" / "beatmap" / f"{name}.dat"))
        tempos = [(a.tick // 20_160, a.bpm) for a in song.timing.anchors]
        assert tempos == [(0, 120.0), (10, 128.0)], name


def test_the_sample_that_lacks_a_comma(folder: Path) -> None:
    song, _ = read_song(Bundle.open(folder / "schema-samples" / "beatmap" / "4.1.0.dat"))
    assert any("1 x commas" in problem for problem in song.problems)
    chart = song.charts[0]
    edited = song.with_chart(0, replace(chart, notes=chart.notes[1:]))
    again = find_format("beatsaber-v4").read(write_song(edited, "beatsaber-v4"), None)
    assert again.charts[0].notes == chart.notes[1:]


@pytest.mark.parametrize("name", ["audio/2.0.0.dat", "audio/4.0.0.dat", "lightshow/4.0.0.dat"])
def test_files_without_notes_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(FormatError, match="holds no notes"):
        read_song(Bundle.open(folder / "schema-samples" / name))


@pytest.mark.parametrize("name", ["v1", "v2", "v4"])
def test_levels_of_the_least(folder: Path, name: str) -> None:
    bundle = Bundle.open(folder / "minimal" / name)
    song, format_id = read_song(bundle)
    assert song.charts == ()
    assert write_song(song, format_id) == {"Info.dat": bundle["Info.dat"]}
    for path in (folder / "minimal" / name).iterdir():
        if path.name == "Lightshow.dat":
            with pytest.raises(FormatError, match="holds no notes"):
                read_song(Bundle.open(path))
            continue
        alone, format_id = read_song(Bundle.open(path))
        assert sum(len(c.notes) for c in alone.charts) == 0
        assert write_song(alone, format_id) == {path.name: path.read_bytes()}


def test_a_song_from_a_level_is_the_same_as_a_value(folder: Path) -> None:
    bundle = Bundle.open(folder / "werewolf howls")
    assert read_song(bundle) == read_song(bundle)
    song, _ = read_song(bundle)
    project = find_format("project")
    assert project.read(project.write(song), None) == song
    assert isinstance(song, Song)

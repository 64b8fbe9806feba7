"""What every format promises, whichever it is."""

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import chart_samples as samples
import pytest
from chart_samples import BEAT
from hypothesis import given, settings
from hypothesis import strategies as st

from chartstudio.core.errors import FormatError, ModeError
from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.timing import TimingMap
from chartstudio.formats import (
    FORMATS,
    Bundle,
    Format,
    find_format,
    losses,
    read_song,
    write_song,
)
from chartstudio.formats.bundle import save_archive, save_files
from chartstudio.modes.beatsaber.notes import ColorNote, Wall

FORMAT = pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.id)

SAMPLES = [
    ("ssc", "a.ssc", samples.SSC),
    ("sm", "a.sm", samples.SM),
    ("osz", "a.osu", samples.OSU),
    ("osz", "a.osu", samples.OSU_V3),
    ("osz", "a.osu", samples.taiko()),
    ("osz", "a.osu", samples.taiko(samples.OSU_STANDARD.replace("Mode: 0", "Mode: 3"))),
    ("osz", "a.osu", samples.OSU_STANDARD),
]


def song_for(fmt: Format) -> Song:
    if fmt.family == "beatsaber":
        return as_saber(samples.PAD_SONG)
    return samples.KEY_SONG if fmt.id == "osz" else samples.PAD_SONG


def as_saber(song: Song) -> Song:
    """The song with blocks for taps and walls for holds, its audio starting on beat 0."""
    timing = replace(song.timing.anchors[0], seconds=0.0)
    notes = sort_notes(
        Wall(n.tick, n.end, n.lane, 0, 1, 5)
        if n.end > n.tick
        else ColorNote(n.tick, n.tick, n.lane, n.lane % 3, n.lane % 2, 8)
        for n in song.charts[0].notes
        if isinstance(n, LaneNote)
    )
    chart = replace(song.charts[0], mode="beatsaber", notes=notes, level=3.0)
    return replace(song, timing=TimingMap((timing,)), charts=(chart,))


def times(song: Song) -> list[list[tuple[int, str]]]:
    """Notes by whole milliseconds."""
    return [
        [(round(song.timing_of(c).seconds_at(n.tick) * 1000), look(n)) for n in c.notes]
        for c in song.charts
    ]


def look(note: Any) -> str:
    """What a note is, wherever it stands."""
    if isinstance(note, LaneNote):
        return f"{note.lane} {note.kind}"
    return str(replace(note, tick=0, end=0))


def test_the_table() -> None:
    sabers = ["beatsaber-v2", "beatsaber-v3", "beatsaber-v4"]
    assert [f.id for f in FORMATS] == ["sm", "ssc", "osz", *sabers, "project"]
    assert len({f.title for f in FORMATS}) == len(FORMATS)
    for fmt in FORMATS:
        assert all(s.startswith(".") and s == s.lower() for s in fmt.suffixes)
        assert find_format(fmt.id) is fmt
    with pytest.raises(KeyError):
        find_format("none")


@FORMAT
def test_a_new_song_comes_back(fmt: Format) -> None:
    song = song_for(fmt)
    again = fmt.read(fmt.write(song), None)
    assert times(again) == times(song)
    assert again.metadata.title == song.metadata.title
    assert again.audio == song.audio
    assert again.timing == song.timing
    assert [c.mode for c in again.charts] == [c.mode for c in song.charts]


@FORMAT
def test_what_was_read_is_written_the_same(fmt: Format) -> None:
    files = fmt.write(song_for(fmt))
    song = fmt.read(files, None)
    again = fmt.write(song)
    assert again == files
    assert fmt.read(again, None) == song


@pytest.mark.parametrize(("format_id", "name", "text"), SAMPLES)
def test_samples_come_back_byte_for_byte(format_id: str, name: str, text: str) -> None:
    fmt = find_format(format_id)
    song = fmt.read({name: text.encode()}, name)
    assert fmt.write(song) == {name: text.encode()}
    assert fmt.read(fmt.write(song), None) == song


@FORMAT
def test_an_edited_song_comes_back(fmt: Format) -> None:
    song = fmt.read(fmt.write(song_for(fmt)), None)
    chart = song.charts[0]
    edited = song.with_chart(0, replace(chart, notes=chart.notes[3:]))
    again = fmt.read(fmt.write(edited), None)
    assert again.charts[0].notes == edited.charts[0].notes
    assert times(again) == times(edited)


@FORMAT
def test_files_have_the_suffix_and_are_recognised(fmt: Format) -> None:
    files = fmt.write(song_for(fmt))
    assert all(name.endswith(fmt.suffixes) for name in files)
    names = tuple(files)
    assert fmt.sniff(files, None)
    assert fmt.sniff(files, names[0].upper())
    assert not fmt.sniff({"other.txt": b"", "sub/" + names[0]: files[names[0]]}, None)
    assert not fmt.sniff(files, "other.txt")


@FORMAT
def test_a_song_on_disk(fmt: Format, tmp_path: Path) -> None:
    files = fmt.write(song_for(fmt))
    folder = tmp_path / "song"
    save_files(folder, {**files, "song.ogg": b"sound"})
    archive = tmp_path / "song.zip"
    save_archive(archive, {**files, "song.ogg": b"sound"})
    for path in (folder, folder / next(iter(files)), archive):
        bundle = Bundle.open(path)
        song, format_id = read_song(bundle)
        assert format_id == fmt.id
        assert bundle[song.audio] == b"sound"
        assert len(song.charts) == 1


@FORMAT
def test_losses_are_told_before_writing(fmt: Format) -> None:
    assert all(loss.n > 0 and loss.what for loss in losses(samples.RICH_SONG, fmt.id))
    chart = Chart("no-such-mode", "x")
    whole = [loss for loss in losses(Song(charts=(chart,)), fmt.id) if "whole" in loss.what]
    if fmt.modes is None:
        assert whole == []
        return
    assert [(loss.chart, loss.n) for loss in whole] == [("x", 1)]
    with pytest.raises(ModeError, match="no-such-mode"):
        write_song(Song(charts=(chart,)), fmt.id)


@FORMAT
def test_a_song_without_anything_is_written(fmt: Format) -> None:
    files = fmt.write(Song())
    if files:
        assert fmt.read(files, None).charts == ()


def test_a_folder_with_several_formats_is_read_as_the_games_do(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    for fmt, expected in (
        (f, f) for f in map(find_format, ("beatsaber-v3", "osz", "sm", "ssc", "project"))
    ):
        files |= fmt.write(song_for(fmt))
        folder = tmp_path / fmt.id
        save_files(folder, files)
        assert read_song(Bundle.open(folder))[1] == expected.id


def test_errors_name_the_file_as_the_user_knows_it(tmp_path: Path) -> None:
    (tmp_path / "a.osu").write_bytes(b"")
    (tmp_path / "b.chartstudio").write_bytes(b"{")
    for name in ("a.osu", "b.chartstudio"):
        with pytest.raises(FormatError) as caught:
            read_song(Bundle.open(tmp_path / name))
        assert str(caught.value).startswith(str(tmp_path / name))
    (tmp_path / "c.txt").write_bytes(b"hello")
    with pytest.raises(FormatError, match=r"c\.txt: holds no chart that can be read.*\.ssc"):
        read_song(Bundle.open(tmp_path / "c.txt"))
    gone = Bundle.open(tmp_path / "a.osu")
    (tmp_path / "a.osu").unlink()
    with pytest.raises(FormatError, match="does not exist"):
        read_song(gone)


@st.composite
def _songs(draw: st.DrawFn) -> Song:
    """Taps and holds on 1/48s, at tempos and offsets with three decimals."""
    lanes: dict[int, list[LaneNote]] = {}
    for lane in range(4):
        rows = sorted(draw(st.sets(st.integers(0, 600), max_size=12)))
        for row, after in pairwise([*rows, 700]):
            length = draw(st.integers(0, min(30, after - row - 1)))
            kind = "hold" if length else "tap"
            ticks = (row * BEAT // 12, (row + length) * BEAT // 12)
            lanes.setdefault(lane, []).append(LaneNote(*ticks, lane, kind))
    bpm = draw(st.integers(30_000, 400_000)) / 1000
    timing = TimingMap.constant(bpm, draw(st.integers(-3000, 3000)) / 1000)
    title = draw(st.text(max_size=9)).strip()
    notes = sort_notes(n for lane in lanes.values() for n in lane)
    chart = Chart("any", "Hard", 5.0, notes)
    return Song(Metadata(title=title), "a.ogg", timing, (chart,))


@FORMAT
@given(song=_songs())
@settings(max_examples=40, deadline=None)
def test_any_song_comes_back(fmt: Format, song: Song) -> None:
    mode = song_for(fmt).charts[0].mode
    song = song.with_chart(0, replace(song.charts[0], mode=mode))
    if fmt.family == "beatsaber":
        song = as_saber(song)
    again = fmt.read(fmt.write(song), None)
    assert again.charts[0].notes == song.charts[0].notes
    assert again.timing == song.timing
    assert fmt.read(fmt.write(again), None) == again


@pytest.mark.parametrize("name", ["L9", "Springtime", "blank", "nekonabe"])
def test_real_songs_come_back_byte_for_byte(shared: Path, name: str) -> None:
    folder = shared / "fixtures" / "stepmania" / name
    for path in (p for p in folder.iterdir() if p.suffix in (".sm", ".ssc")):
        bundle = Bundle.open(path)
        song, format_id = read_song(bundle)
        assert write_song(song, format_id) == {path.name: path.read_bytes()}
        assert find_format(format_id).read(write_song(song, format_id), None) == song


@pytest.mark.parametrize("name", ["L9", "Springtime", "nekonabe"])
def test_real_songs_survive_the_other_dialect(shared: Path, name: str) -> None:
    song, format_id = read_song(Bundle.open(shared / "fixtures" / "stepmania" / name))
    other = "sm" if format_id == "ssc" else "ssc"
    again = find_format(other).read(write_song(song, other), None)
    assert again.metadata == song.metadata
    for chart, there in zip(song.charts, again.charts, strict=True):
        before, after = song.timing_of(chart), again.timing_of(there)
        worst = max(
            (
                abs(after.seconds_at(b.tick) - before.seconds_at(a.tick))
                for a, b in zip(chart.notes, there.notes, strict=True)
            ),
            default=0.0,
        )
        assert worst < 60 / 181 / 96 + 1e-4
        assert math.isfinite(worst)

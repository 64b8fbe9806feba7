import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chartstudio.audio import encode
from chartstudio.audio.decode import decode
from chartstudio.core.errors import ChartStudioError, FormatError
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.provenance import Generated, mark
from chartstudio.core.song import Chart, Effect, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.formats import read_song
from chartstudio.formats.bundle import Bundle
from chartstudio.formats.marks import AI_MARK
from chartstudio.library.describe import describe_chart, nps_peak
from chartstudio.library.export import export, folder_name
from chartstudio.library.source import open_source, song_of_audio

NOTES = tuple(LaneNote(i * BEAT, i * BEAT, i % 4) for i in range(8))
META = Metadata("Title", artist="Artist", cover="cover.png")
WAV = encode.wav(np.sin(np.arange(44_100) / 20)[None].astype(np.float32) * 0.5, 22_050, "PCM_16")
ASSETS = {"song.wav": WAV, "cover.png": b"picture"}
DANCE = Song(META, "song.wav", charts=(Chart("dance-single", "Hard", 9, NOTES),))
MANIA = Song(META, "song.wav", charts=(Chart("mania-4k", "3", 3.0, NOTES),))


def test_stepmania_gets_vorbis_and_its_pictures(tmp_path: Path) -> None:
    done = run(export(DANCE, ASSETS, "ssc", tmp_path / "Title"))
    assert {p.name for p in done.files} == {"song.ogg", "cover.png", "Title.ssc"}
    song, _ = read_song(Bundle.open(tmp_path / "Title"))
    assert song.audio == "song.ogg"
    audio = decode((tmp_path / "Title" / "song.ogg").read_bytes(), "song.ogg")
    assert (audio.rate_hz, audio.samples.shape) == (44_100, (2, 88_200))


def test_osu_keeps_what_it_plays(tmp_path: Path) -> None:
    done = run(export(MANIA, ASSETS, "osz", tmp_path))
    assert [p.name for p in done.files] == ["Artist - Title.osz"]
    bundle = Bundle.open(done.files[0])
    assert bundle["song.wav"] == WAV
    assert bundle["cover.png"] == b"picture"


def test_vorbis_goes_to_stepmania_untouched(tmp_path: Path) -> None:
    ogg = encode.ogg_vorbis(np.zeros((2, 44_100), np.float32), 44_100)
    song = Song(META, "song.ogg", charts=DANCE.charts)
    run(export(song, {"song.ogg": ogg}, "sm", tmp_path))
    assert (tmp_path / "song.ogg").read_bytes() == ogg


def test_missing_audio_is_left_out(tmp_path: Path) -> None:
    done = run(export(DANCE, {}, "sm", tmp_path))
    assert [p.suffix for p in done.files] == [".sm"]


def test_charts_with_other_names_become_what_stepmania_shows(tmp_path: Path) -> None:
    charts = tuple(
        Chart("dance-single", name, level, NOTES)
        for name, level in (("Hard", 9), ("9", 9.0), ("3", 3.0), ("3-2", 3.0), ("14", 14.0))
    )
    run(export(Song(META, charts=charts), {}, "ssc", tmp_path))
    song, _ = read_song(Bundle.open(tmp_path))
    assert [(c.name, c.label) for c in song.charts] == [
        ("Hard", ""),
        ("Edit", "9"),
        ("Easy", "3"),
        ("Edit", "3-2"),
        ("Challenge", "14"),
    ]


@pytest.mark.parametrize(("song", "format_id"), [(DANCE, "ssc"), (MANIA, "osz")])
def test_generated_charts_say_so_once(song: Song, format_id: str, tmp_path: Path) -> None:
    chart = mark(song.charts[0], Generated(0, BEAT, "base", 1, "2026-01-01"))
    for folder in ("first", "second"):
        done = run(export(song.with_chart(0, chart), ASSETS, format_id, tmp_path / folder))
        path = done.files[0] if format_id == "osz" else tmp_path / folder
        song, _ = read_song(Bundle.open(path))
        chart = mark(song.charts[0], Generated(0, BEAT, "base", 1, "2026-01-01"))
    if format_id == "osz":
        assert song.metadata.tags.count("ai-assisted") == 1
    else:
        assert song.charts[0].credit == AI_MARK


def test_an_sm_file_says_it_in_the_line_that_it_has(tmp_path: Path) -> None:
    chart = mark(DANCE.charts[0], Generated(0, BEAT, "base", 1, "2026-01-01"))
    run(export(DANCE.with_chart(0, replace(chart, name="9")), {}, "sm", tmp_path))
    song, _ = read_song(Bundle.open(tmp_path))
    assert song.charts[0].label == f"9, {AI_MARK}"


def test_a_cancelled_export_leaves_nothing(tmp_path: Path) -> None:
    job = export(DANCE, ASSETS, "ssc", tmp_path / "out")
    next(job)
    next(job)
    job.close()
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(("song", "format_id"), [(DANCE, "ssc"), (MANIA, "osz")])
def test_a_full_disk_is_one_line_and_leaves_no_half_file(
    song: Song, format_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("chartstudio.formats.bundle.os.fsync", full)
    with pytest.raises(FormatError, match="space"):
        run(export(song, ASSETS, format_id, tmp_path / "out"))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    ("artist", "title", "name"),
    [
        ("A/B", 'T: "x"?', "A_B - T_ _x__"),
        ("", "", "song"),
        ("", "..", "song"),
        ("", "CON", "_CON"),
        ("", "x" * 300, "x" * 120),
    ],
)
def test_folder_names_suit_every_file_system(artist: str, title: str, name: str) -> None:
    assert folder_name(Song(Metadata(title, artist=artist))) == name


def test_bare_audio_is_a_song_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "Some Artist - Some_Title.wav"
    path.write_bytes(WAV)
    source = open_source(path)
    assert (source.song.metadata.artist, source.song.metadata.title) == (
        "Some Artist",
        "Some Title",
    )
    assert source.audio() == WAV
    assert (source.format_id, source.audio_found, list(source.assets)) == (None, True, [path.name])
    assert len(source.assets) == 1
    assert song_of_audio("x.ogg").metadata.artist == ""


def test_missing_audio_is_named_with_the_way_out(tmp_path: Path) -> None:
    run(export(DANCE, {}, "sm", tmp_path))
    source = open_source(tmp_path)
    assert not source.audio_found
    with pytest.raises(FormatError, match="put the file beside"):
        source.audio()
    run(export(Song(META, charts=DANCE.charts), {}, "sm", tmp_path / "none"))
    with pytest.raises(ChartStudioError, match="names no audio"):
        open_source(tmp_path / "none").audio()


def test_notes_in_warps_and_fake_stretches_are_described_but_not_counted() -> None:
    timing = TimingMap(
        (Anchor(0, 0, 120), Anchor(4 * BEAT, 2, 120), Anchor(6 * BEAT, 2, 120, cause=Cause.WARP))
    )
    effects = (Effect(0, "fakes", (float(BEAT),)),)
    chart = Chart("dance-single", "Hard", 9, NOTES, effects=effects)
    found = describe_chart(Song(timing=timing), chart, with_notes=True)
    assert [n["playable"] for n in found["notes"]] == [
        False,
        True,
        True,
        True,
        False,
        False,
        True,
        True,
    ]
    assert (found["n_notes"], found["counts"]["tap"], found["counts_all"]["tap"]) == (5, 5, 8)
    assert (found["first_s"], found["last_s"]) == (0.5, 2.5)
    own = describe_chart(Song(), Chart("other-mode", timing=timing))
    assert (own["counts"], own["first_s"], own["nps_peak"]) == ({}, None, 0.0)
    assert len(own["timing"]["anchors"]) == 3


def test_the_busiest_measure_sets_the_peak() -> None:
    ticks = np.array([0, BEAT, *range(4 * BEAT, 8 * BEAT, BEAT // 4)])
    assert nps_peak(ticks, TimingMap.constant(120)) == 8.0

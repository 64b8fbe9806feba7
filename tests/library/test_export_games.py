"""Exports to the formats there are, heard again: notes stay with the sound."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chartstudio.audio import encode
from chartstudio.audio.decode import decode
from chartstudio.core.job import run
from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import Anchor, TimingMap
from chartstudio.formats import FORMATS, read_song
from chartstudio.formats.bundle import Bundle
from chartstudio.formats.format import Format
from chartstudio.library import pictures
from chartstudio.library.export import carry_out, plan
from chartstudio.library.soundtrack import codec_of
from chartstudio.modes.beatsaber.notes import ColorNote

RATE_HZ = 44_100
BAKED = [f for f in FORMATS if f.needs.starts_on_beat]
LANES = [f for f in FORMATS if not f.needs.starts_on_beat]

NOTE_BEATS = (1, 2.5, 6, 9.25, 11)


def clicks(timing: TimingMap, seconds: float = 8.0) -> bytes:
    """A wav with a click at each of `NOTE_BEATS`."""
    samples = np.zeros((1, int(seconds * RATE_HZ)), np.float32)
    times_s = timing.seconds_at(np.array([int(b * BEAT) for b in NOTE_BEATS]))
    samples[0, np.rint(times_s * RATE_HZ).astype(int)] = 0.9
    return encode.wav(samples, RATE_HZ)


def heard_s(data: bytes, n: int) -> np.ndarray:
    """Times of the loudest places, at least a tenth of a second apart."""
    audio = decode(data, "x")
    level = abs(audio.samples).max(axis=0)
    found = []
    for _ in range(n):
        at = int(level.argmax())
        found.append(at / audio.rate_hz)
        level[max(0, at - audio.rate_hz // 10) : at + audio.rate_hz // 10] = 0
    return np.sort(found)


def chart_for(fmt: Format) -> Chart:
    ticks = [int(b * BEAT) for b in NOTE_BEATS]
    if fmt.needs.starts_on_beat:
        assert fmt.modes is not None
        notes = tuple(ColorNote(t, t, i % 4, 0, i % 2, 1) for i, t in enumerate(ticks))
        return Chart(fmt.modes[0], "Expert", 4.0, notes)
    lanes = tuple(LaneNote(t, t, i % 4) for i, t in enumerate(ticks))
    return Chart("mania-4k" if fmt.family == "osu" else "dance-single", "Hard", 5.0, lanes)


TIMINGS = [
    TimingMap.constant(150, 0.35),
    TimingMap.constant(173.21, -0.217),
    TimingMap((Anchor(0, 0.5, 120, 3, True), Anchor(3 * BEAT, 2.0, 180, 4, True))),
]


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.id)
@pytest.mark.parametrize("timing", TIMINGS, ids=["later", "before", "two tempos"])
def test_notes_are_heard_where_they_stand(fmt: Format, timing: TimingMap, tmp_path: Path) -> None:
    song = Song(Metadata("T", artist="A"), "x.wav", timing, (chart_for(fmt),))
    made = plan(song, {"x.wav": clicks(timing)}, fmt.id)
    assert not made.changes_modes
    done = run(carry_out(made, tmp_path))
    bundle = Bundle.open(done.files[0] if fmt.needs.archive else tmp_path)
    back, format_id = read_song(bundle)
    assert format_id == fmt.id
    chart = back.charts[0]
    ticks = np.array([n.tick for n in chart.notes])
    notes_s = back.timing_of(chart).seconds_at(ticks)
    slack_s = 1e-3 if fmt.family == "osu" else 1e-4  # osu! counts whole milliseconds
    assert np.abs(heard_s(bundle[back.audio], len(ticks)) - notes_s).max() < slack_s


@pytest.mark.parametrize("fmt", BAKED, ids=lambda f: f.id)
def test_a_game_that_asks_for_it_gets_its_lead_in_and_its_cover(
    fmt: Format, tmp_path: Path
) -> None:
    timing = TIMINGS[0]
    song = Song(Metadata("T", artist="A"), "x.wav", timing, (chart_for(fmt),))
    run(carry_out(plan(song, {"x.wav": clicks(timing)}, fmt.id), tmp_path))
    bundle = Bundle.open(tmp_path)
    back, _ = read_song(bundle)
    chart = back.charts[0]
    assert back.timing_of(chart).seconds_at(chart.notes[0].tick) >= fmt.needs.lead_in_s
    assert back.timing.anchors[0] == replace(back.timing.anchors[0], tick=0, seconds=0.0)
    assert chart.notes[0].tick % BEAT == 0
    assert pictures.is_square(bundle[back.metadata.cover], fmt.needs.square_cover_px)
    assert codec_of(bundle[back.audio]) == "vorbis"


@pytest.mark.parametrize("source", BAKED, ids=lambda f: f.id)
@pytest.mark.parametrize("target", BAKED, ids=lambda f: f.id)
def test_between_versions_of_one_game_the_audio_is_untouched(
    source: Format, target: Format, tmp_path: Path
) -> None:
    timing = TIMINGS[0]
    song = Song(Metadata("T", artist="A"), "x.wav", timing, (chart_for(source),))
    run(carry_out(plan(song, {"x.wav": clicks(timing)}, source.id), tmp_path / "a"))
    first = Bundle.open(tmp_path / "a")
    read, _ = read_song(first)
    # Two seconds more of it are not wanted, even where the first note is early.
    early = tuple(
        replace(n, tick=n.tick - 4 * BEAT, end=n.end - 4 * BEAT) for n in read.charts[0].notes
    )
    read = read.with_chart(0, replace(read.charts[0], notes=early))
    made = plan(read, first, target.id, source.id)
    run(carry_out(made, tmp_path / "b"))
    second = Bundle.open(tmp_path / "b")
    assert second[read.audio] == first[read.audio]
    assert second[read.metadata.cover] == first[read.metadata.cover]
    assert [n.tick for n in read_song(second)[0].charts[0].notes] == [n.tick for n in early]


@pytest.mark.parametrize("fmt", FORMATS, ids=lambda f: f.id)
def test_every_format_has_what_an_export_goes_by(fmt: Format) -> None:
    assert fmt.needs.audio_suffix.startswith(".")
    assert not fmt.needs.archive or fmt.needs.archive in fmt.suffixes
    assert fmt.prepare(Song()) == Song()


def test_the_length_of_the_audio_is_in_files_that_say_it(tmp_path: Path) -> None:
    (fmt,) = [f for f in BAKED if f.id.endswith("v4")]
    song = Song(Metadata("T"), "x.wav", TIMINGS[0], (chart_for(fmt),))
    run(carry_out(plan(song, {"x.wav": clicks(TIMINGS[0])}, fmt.id), tmp_path))
    bundle = Bundle.open(tmp_path)
    n_samples = decode(bundle["x.ogg"], "x").samples.shape[1]
    said = json.loads(bundle["AudioData.dat"])
    assert (said["songSampleCount"], said["songFrequency"]) == (n_samples, RATE_HZ)
    assert json.loads(bundle["Info.dat"])["audio"]["songDuration"] == round(n_samples / RATE_HZ, 3)

import itertools
import json
from pathlib import Path

import mido
import numpy as np
import pytest

from chartstudio.core.errors import EngineError
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine.train import synthesis
from chartstudio.engine.train.piece import LAYERS, Piece, Sound

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="no shared data")


def _renderable() -> bool:
    try:
        synthesis._fluidsynth()
    except EngineError:
        return False
    return True


needs_fluidsynth = pytest.mark.skipif(not _renderable(), reason="no FluidSynth or soundfont")


def midi_file(path: Path, tracks, ticks_per_beat=480) -> Path:
    file = mido.MidiFile(ticks_per_beat=ticks_per_beat)
    for messages in tracks:
        file.tracks.append(mido.MidiTrack(messages))
    file.save(str(path))
    return path


def note(channel, pitch, length, wait=0, velocity=100):
    return [
        mido.Message("note_on", channel=channel, note=pitch, velocity=velocity, time=wait),
        mido.Message("note_off", channel=channel, note=pitch, time=length),
    ]


def test_tempos_and_meters_become_anchors(tmp_path):
    head = [
        mido.MetaMessage("set_tempo", tempo=500_000),
        mido.MetaMessage("time_signature", numerator=3, denominator=4),
        mido.MetaMessage("set_tempo", tempo=250_000, time=480 * 6),
        mido.MetaMessage("time_signature", numerator=7, denominator=8, time=480 * 6),
    ]
    piece = synthesis.read_midi(midi_file(tmp_path / "a.mid", [head, note(0, 60, 480)]))
    timing = piece.timing
    assert timing.seconds_at(6 * BEAT) == pytest.approx(3.0)
    assert timing.seconds_at(12 * BEAT) == pytest.approx(4.5)
    assert timing.position(3 * BEAT).measure == 2
    # Two bars of 7/8 make one measure of seven beats.
    assert timing.measure_start(6) - timing.measure_start(5) == 7 * BEAT


def test_ticks_keep_what_the_player_did(tmp_path):
    path = midi_file(tmp_path / "a.mid", [note(9, 38, 60, wait=487)])
    assert synthesis.read_midi(path).sounds[0].tick == round(487 * BEAT / 480)


def test_volume_and_expression_are_part_of_loudness(tmp_path):
    quiet = [mido.Message("control_change", channel=0, control=7, value=50), *note(0, 60, 100)]
    piece = synthesis.read_midi(midi_file(tmp_path / "a.mid", [quiet]))
    assert piece.sounds[0].velocity == 50


def test_layers(tmp_path):
    def track(channel, program, pitches):
        change = mido.Message("program_change", channel=channel, program=program)
        body = [m for p in pitches for m in note(channel, p, 240)]
        return [change, *body]

    def stack(channel, program):
        change = mido.Message("program_change", channel=channel, program=program)
        ons = [mido.Message("note_on", channel=channel, note=p, velocity=90) for p in (60, 64, 67)]
        offs = [
            mido.Message("note_off", channel=channel, note=p, time=480 * (p == 60))
            for p in (60, 64, 67)
        ]
        return [change, *ons, *offs]

    path = midi_file(
        tmp_path / "a.mid",
        [
            track(9, 0, [36, 22, 26]),
            track(0, 33, [60] * 9),
            track(1, 80, [72] * 8),
            stack(2, 0),
            track(3, 0, [40] * 7),
            track(4, 116, [50]),
            track(5, 125, [50]),
        ],
    )
    piece = synthesis.read_midi(path)
    by_program = {piece.programs[s.part]: s.layer for s in piece.sounds if s.layer != "drums"}
    assert by_program[33] == "bass"
    assert by_program[80] == "lead"
    assert {s.layer for s in piece.sounds if s.part and piece.programs[s.part] == 0} == {
        "bass",
        "chords",
    }
    # Kit zones outside General MIDI are moved to the keys that sound; the taiko joins them.
    assert sorted(s.pitch for s in piece.sounds if s.layer == "drums") == [36, 41, 42, 46]
    assert 125 not in piece.programs


def test_something_always_leads(tmp_path):
    pad = [mido.Message("program_change", channel=0, program=89), *note(0, 60, 480)]
    assert synthesis.read_midi(midi_file(tmp_path / "a.mid", [pad])).sounds[0].layer == "lead"


@pytest.mark.parametrize("content", [b"", b"not MIDI", b"MThd\x00\x00"])
def test_unreadable_midi_is_one_line(tmp_path, content):
    path = tmp_path / "bad.mid"
    path.write_bytes(content)
    with pytest.raises(EngineError, match=r"bad\.mid"):
        synthesis.read_midi(path)


def test_midi_without_notes_is_refused(tmp_path):
    with pytest.raises(EngineError, match="no notes"):
        synthesis.read_midi(midi_file(tmp_path / "a.mid", [[]]))


def test_music_without_beats_is_unusable():
    rng = np.random.default_rng(0)
    free = np.sort(rng.integers(0, 64 * BEAT, 400))
    strict = np.arange(0, 64 * BEAT, BEAT // 4)
    for ticks, expected in ((free, False), (strict, True)):
        sounds = tuple(Sound(int(t), int(t) + 100, 60, 90, "lead") for t in ticks)
        assert synthesis.usable(Piece("p", TimingMap.constant(120), sounds)) is expected
    short = tuple(Sound(int(t), int(t) + 100, 60, 90, "lead") for t in strict[:40])
    assert not synthesis.usable(Piece("p", TimingMap.constant(120), short))
    long = tuple(Sound(int(t), int(t) + 100, 60, 90, "lead") for t in strict)
    assert not synthesis.usable(Piece("p", TimingMap.constant(1000), long))


def test_a_drummer_is_repeated_by_whole_measures():
    lead = tuple(Sound(k * BEAT, k * BEAT + 99, 60, 90, "lead", 1) for k in range(40))
    old = Sound(0, 9, 42, 90, "drums")
    beat = (Sound(130, 300, 36, 90, "drums"), Sound(8 * BEAT + 5, 8 * BEAT + 9, 38, 90, "drums"))
    timing = TimingMap.constant(120)
    mixed = synthesis.with_drummer(Piece("a", timing, (old, *lead)), Piece("b", timing, beat))
    drums = [s.tick for s in mixed.sounds if s.layer == "drums"]
    assert drums == [130 + k * 8 * BEAT for k in range(5)]
    assert [s for s in mixed.sounds if s.layer == "lead"] == list(lead)


def test_a_drummer_in_another_meter_is_sent_away():
    lead = (Sound(0, 99, 60, 90, "lead", 1),)
    piece = Piece("a", TimingMap.constant(120, meter=3), lead)
    waltz = Piece("b", TimingMap.constant(120, meter=4), (Sound(0, 9, 36, 90, "drums"),))
    assert synthesis.with_drummer(piece, waltz) is piece


def test_varied_tempo_keeps_ticks_and_drum_keys():
    sounds = (Sound(0, 9, 38, 90, "drums"), Sound(BEAT, 2 * BEAT, 60, 90, "lead", 1))
    piece = Piece("a", TimingMap.constant(100, offset_s=1.0), sounds, (0, 80))
    seen = set()
    for seed in range(30):
        new = synthesis.vary(piece, np.random.default_rng(seed))
        (anchor,) = new.timing.anchors
        assert 80 - 1e-9 <= anchor.bpm <= 126
        assert anchor.seconds * anchor.bpm == pytest.approx(100.0)
        assert [s.tick for s in new.sounds] == [0, BEAT]
        assert new.sounds[0].pitch == 38
        seen.add(new.sounds[1].pitch)
    assert len(seen) > 5


def test_only_rows_that_may_train_are_opened(tmp_path):
    good = [m for k in range(40) for m in note(0, 60 + k % 3, 480)]
    beat = [m for _ in range(40) for m in note(9, 36, 480)]
    midi_file(tmp_path / "good.mid", [good])
    midi_file(tmp_path / "beat.mid", [beat])
    rows = [
        {"kind": "midi", "train_ok": True, "title": "good", "midi": "good.mid"},
        {"kind": "drums", "train_ok": True, "title": "beat", "midi": "beat.mid"},
        {"kind": "midi", "train_ok": False, "title": "no", "midi": "missing.mid"},
        {"kind": "paired", "train_ok": True, "title": "no", "midi": "missing.mid"},
        {"kind": "charted", "train_ok": True, "title": "no", "midi": "missing.mid"},
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(rows))
    for piece in itertools.islice(synthesis.pieces(tmp_path, 0), 30):
        assert "no" not in piece.name


def test_missing_data_is_one_line(tmp_path):
    with pytest.raises(EngineError, match=r"manifest\.json"):
        next(synthesis.pieces(tmp_path, 0))


@needs_data
def test_pieces_are_sorted_and_follow_the_seed():
    first, again, other = (
        list(itertools.islice(synthesis.pieces(DATA, seed), 3)) for seed in (7, 7, 8)
    )
    assert first == again
    assert first != other
    for piece in first:
        ticks = [s.tick for s in piece.sounds]
        assert ticks == sorted(ticks)
        assert piece.timing.seconds_at(ticks[0]) >= 0
        assert {s.layer for s in piece.sounds} <= set(LAYERS)


def test_missing_fluidsynth_is_one_line(monkeypatch):
    monkeypatch.setattr(synthesis.shutil, "which", lambda _: None)
    piece = Piece("a", TimingMap.constant(120), (Sound(0, 9, 60, 90, "lead"),))
    with pytest.raises(EngineError, match="install"):
        synthesis.render(piece, np.random.default_rng(0))


@needs_fluidsynth
def test_drums_sound_where_their_ticks_say():
    rng = np.random.default_rng(3)
    ticks = [k * BEAT + int(rng.integers(0, BEAT // 2)) for k in range(1, 31)]
    sounds = tuple(
        Sound(t, t + BEAT // 8, 36 if i % 2 else 38, 110, "drums") for i, t in enumerate(ticks)
    )
    piece = Piece("clicks", TimingMap.constant(75.0), sounds)
    samples = synthesis.render(piece, np.random.default_rng(1))
    assert samples.dtype == np.float32
    assert np.abs(samples).max() == pytest.approx(0.9, abs=1e-3)
    late_s = []
    for at in piece.timing.seconds_at(np.array(ticks)):
        i = round(at * synthesis.RATE_HZ)
        hit = np.abs(samples[i - 400 : i + 1000])
        late_s.append((int(np.argmax(hit > 0.2 * hit.max())) - 400) / synthesis.RATE_HZ)
    assert abs(np.median(late_s)) < 0.003
    assert np.ptp(late_s) < 0.008


@needs_fluidsynth
def test_rendering_follows_the_generator_and_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr(synthesis.tempfile, "tempdir", str(tmp_path))
    sounds = tuple(Sound(k * BEAT, (k + 1) * BEAT, 60 + k, 90, "lead", 1) for k in range(4))
    piece = Piece("scale", TimingMap.constant(140.0), sounds, (0, 0))
    first, again, other = (
        synthesis.render(piece, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not list(tmp_path.iterdir())

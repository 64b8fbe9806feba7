import importlib
import json
import struct
import zlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def make_demo():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "packaging"))
        return importlib.import_module("make_demo")


@pytest.fixture(scope="module")
def score(make_demo):
    return make_demo.compose()


@pytest.fixture(scope="module")
def shipped(make_demo):
    samples, rate_hz = soundfile.read(make_demo.AUDIO, dtype="float32", always_2d=True)
    assert rate_hz == make_demo.RATE_HZ
    return samples


def per_section(score):
    """The notes of each section by name, and its length in measures."""
    firsts = [first for _, first in score.sections] + [score.n_measures + 1]
    return {
        name: ([n for n in score.notes if first <= n.start // 16 + 1 < after], after - first)
        for (name, first), after in zip(score.sections, firsts[1:], strict=True)
    }


class TestScore:
    def test_is_the_same_every_time(self, make_demo, score):
        assert make_demo.compose() == score

    def test_notes_are_playable(self, make_demo, score):
        assert {note.part for note in score.notes} == set(make_demo.PARTS)
        for note in score.notes:
            assert 0 <= note.start < 16 * score.n_measures
            assert note.length > 0
            assert 0 <= note.key <= 127
            assert 1 <= note.velocity <= 127

    def test_no_key_is_struck_while_it_sounds(self, score):
        by_key = {}
        for note in score.notes:
            by_key.setdefault((note.part, note.key), []).append(note)
        for notes in by_key.values():
            for note, following in pairwise(notes):
                assert note.start + note.length <= following.start, (note, following)

    def test_drops_are_dense_and_the_break_is_sparse(self, score):
        density = {
            name: Counter(note.part for note in notes)["drums"] / n_measures
            for name, (notes, n_measures) in per_section(score).items()
        }
        assert density["drop"] > density["verse"] > 4 * density["break"]
        assert density["last drop"] > density["drop"]

    def test_a_tune_that_does_not_fill_its_measure_is_refused(self, make_demo):
        tune = importlib.import_module("demo_score")._tune
        with pytest.raises(ValueError, match="fills 15 sixteenths"):
            list(tune("lead", "D5:8 -:7", 0, 0))


def test_midi_has_the_score_behind_the_lead_in(make_demo, score):
    midi = make_demo.write_midi(score)
    at_s = 0.0
    starts = []
    for message in midi:
        at_s += message.time
        if message.type == "note_on":
            starts.append((round(at_s, 4), message.channel, message.note))
    wanted = [
        (
            round(make_demo.LEAD_IN_S + note.start * 0.1, 4),
            make_demo.PARTS[note.part].channel,
            note.key,
        )
        for note in score.notes
    ]
    assert sorted(starts) == sorted(wanted)


class TestMastering:
    def test_peaks_are_held_and_quiet_passages_left_alone(self, make_demo):
        rng = np.random.default_rng(1)
        samples = rng.normal(0, 0.05, (50_000, 2)).clip(-0.3, 0.3)
        samples[20_000:20_100] *= 40
        limited = make_demo.limit(samples)
        assert np.abs(limited).max() <= make_demo.PEAK
        np.testing.assert_allclose(limited[:19_000], samples[:19_000], rtol=1e-12)
        np.testing.assert_allclose(limited[21_000:], samples[21_000:], rtol=1e-12)
        # Held by the gain, not by cutting the tops off.
        assert np.mean(np.abs(limited) >= make_demo.PEAK) < 0.0005

    def test_ends_in_silence_at_the_second_asked_for(self, make_demo):
        out = make_demo.master(np.full((200_000, 2), 0.5, np.float32), 5.0)
        assert out.shape == (5 * make_demo.RATE_HZ, 2)
        assert np.abs(out[-1]).max() < 1e-6


class TestShipped:
    def test_facts_fit_the_score_and_the_audio(self, make_demo, score, shipped):
        told = json.loads((make_demo.FOLDER / "demo.json").read_text("utf-8"))
        assert told == make_demo.facts(score, len(shipped) / make_demo.RATE_HZ)
        assert 75 <= told["duration_s"] <= 100
        assert told["licence"] == "CC0-1.0"
        assert told["sections"][0] == {"name": "intro", "start_measure": 1}

    def test_size_and_peak(self, make_demo, shipped):
        assert 1e6 < make_demo.AUDIO.stat().st_size < 2e6
        assert 0.7 < np.abs(shipped).max() < 0.95

    def test_starts_on_the_first_downbeat(self, make_demo, shipped):
        first = round(make_demo.LEAD_IN_S * make_demo.RATE_HZ)
        before, after = (np.abs(part).max() for part in (shipped[: first - 220], shipped[first:]))
        assert before < 0.01 * after
        assert np.abs(shipped[first : first + 2205]).max() > 0.1

    def test_drums_are_heard_where_they_are_written(self, make_demo, score, shipped):
        offsets_s = make_demo.drum_offsets_s(shipped, score)
        assert len(offsets_s) > 200
        assert abs(np.median(offsets_s)) < 0.002

    def test_sections_differ_in_loudness_as_they_should(self, make_demo, score, shipped):
        loud = {}
        firsts = [first for _, first in score.sections] + [score.n_measures + 1]
        for (name, first), after in zip(score.sections, firsts[1:], strict=True):
            start, end = (
                round((make_demo.LEAD_IN_S + (m - 1) * 1.6) * make_demo.RATE_HZ)
                for m in (first, after)
            )
            loud[name] = float(np.sqrt(np.mean(shipped[start:end] ** 2)))
        assert loud["last drop"] > loud["drop"] > 1.2 * loud["verse"] > 2 * loud["break"]

    def test_cover_is_a_small_square_png(self, make_demo):
        data = make_demo.COVER.read_bytes()
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", data[16:24]) == (make_demo.COVER_PX, make_demo.COVER_PX)
        assert len(data) < 200_000


def test_png_holds_the_picture(make_demo):
    image = np.random.default_rng(2).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    data = make_demo.png(image)
    assert struct.unpack(">II", data[16:24]) == (5, 3)
    (length,) = struct.unpack(">I", data[33:37])
    rows = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8).reshape(3, 16)
    assert set(rows[:, 0]) == {2}
    undone = rows[:, 1:].astype(int).cumsum(axis=0).astype(np.uint8)
    np.testing.assert_array_equal(undone.reshape(3, 5, 3), image)

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chartstudio.audio.decode import Audio, load
from chartstudio.core.job import Progress, run
from chartstudio.engine import onsets
from chartstudio.engine.beats import find_tempo
from chartstudio.engine.requests import TimingRequest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="no shared data")


def audio(samples, rate_hz=22_050) -> Audio:
    return Audio(np.asarray(samples, dtype=np.float32)[None], rate_hz, "made here")


def hits(n_samples, rate_hz, times_s, make):
    """Sounds of ``make(time in seconds)`` at exact, fractional sample positions."""
    samples = np.random.default_rng(9).standard_normal(n_samples) * 1e-4
    length = int(0.15 * rate_hz)
    for at in times_s:
        first = int(np.ceil(at * rate_hz))
        local_s = (first + np.arange(length)) / rate_hz - at
        stretch = samples[first : first + length]
        stretch += make(local_s)[: len(stretch)]
    return samples


def click(t):
    return 0.5 * np.sin(2 * np.pi * 1200 * t) * np.exp(-t / 0.006)


def kick(t):
    return 0.9 * np.sin(2 * np.pi * 55 * t) * np.exp(-t / 0.06) + 0.2 * click(t)


def hat(t):
    noise = np.random.default_rng(1).standard_normal(len(t))
    return 0.25 * np.diff(noise, prepend=0.0) * np.exp(-t / 0.015)


def snare(t):
    noise = np.random.default_rng(2).standard_normal(len(t))
    return (0.4 * noise + 0.3 * np.sin(2 * np.pi * 190 * t)) * np.exp(-t / 0.05)


def chord(t, root_hz):
    return sum(0.06 * np.sin(2 * np.pi * root_hz * k * t) for k in (2, 2.5, 3)) * (t >= 0)


def drum_loop(bpm, offset_s, seconds=40.0, rate_hz=22_050, meter=4, swing=0.0):
    """Kick on 1 and 3, snare on 2 and 4, eighth hats, a new chord in every measure."""
    beat_s = 60 / bpm
    n = int(seconds * rate_hz)
    beats = np.arange(int((seconds - offset_s - 0.2) / beat_s))
    at = offset_s + beats * beat_s
    strong = beats % meter == 0
    back = beats % 2 == 1 if meter % 2 == 0 else ~strong
    samples = hits(n, rate_hz, at[strong if meter % 2 else ~back], kick)
    samples += hits(n, rate_hz, at[back], snare)
    samples += hits(n, rate_hz, np.concatenate((at, at + beat_s * (0.5 + swing / 6))), hat)
    time_s = np.arange(n) / rate_hz
    roots = np.array((110.0, 130.8, 98.0, 146.8, 123.5))
    which = np.clip(np.floor((time_s - offset_s) / beat_s / meter), 0, None).astype(int)
    sounding = time_s >= offset_s
    return samples + np.where(sounding, chord(time_s, roots[which % len(roots)]), 0.0)


def find(samples, rate_hz=22_050, **where):
    return run(find_tempo(TimingRequest(audio(samples, rate_hz), **where)))


def beat_error_s(candidate, offset_s, bpm, at_s=20.0):
    """Distance from the true beat near ``at_s`` to the reading's nearest beat."""
    true_s = offset_s + round((at_s - offset_s) * bpm / 60) * 60 / bpm
    beat_s = 60 / candidate.bpm
    return (true_s - candidate.offset_s + beat_s / 2) % beat_s - beat_s / 2


@pytest.mark.parametrize(
    ("bpm", "rate_hz"),
    [(60.0, 22_050), (73.37, 44_100), (97.123, 48_000), (128.0, 24_000), (181.685, 22_050)],
)
def test_a_metronome_is_found_to_a_tenth_of_a_millisecond(bpm, rate_hz):
    offset_s = 0.3217
    times_s = np.arange(offset_s, 39.5, 60 / bpm)
    best = find(hits(40 * rate_hz, rate_hz, times_s, click), rate_hz).candidates[0]
    assert best.bpm == pytest.approx(bpm, abs=0.001)
    assert abs(beat_error_s(best, offset_s, bpm)) < 0.0002
    assert best.score > 0.95


@pytest.mark.parametrize("bpm", [240.5, 320.0])
def test_fast_metronomes(bpm):
    times_s = np.arange(0.1, 19.5, 60 / bpm)
    best = find(hits(20 * 22_050, 22_050, times_s, click)).candidates[0]
    assert best.bpm == pytest.approx(bpm, abs=0.003)


@pytest.mark.parametrize("bpm", [88.8, 112.345, 140.0, 166.66])
@pytest.mark.parametrize("swing", [0.0, 1.0])
def test_drum_loops(bpm, swing):
    offset_s = 1.2345
    found = find(drum_loop(bpm, offset_s, swing=swing))
    close = [c for c in found.candidates[:3] if abs(c.bpm / bpm - 1) < 2e-3]
    assert close, found
    assert close[0].bpm == pytest.approx(bpm, abs=0.003)
    assert abs(beat_error_s(close[0], offset_s, bpm)) < 0.004
    assert found.message == ""


def test_whole_tempos_are_preferred_and_fractions_kept():
    assert find(drum_loop(150.0, 0.5)).candidates[0].bpm == 150.0
    assert find(drum_loop(150.137, 0.5)).candidates[0].bpm == pytest.approx(150.137, abs=0.003)


def test_the_downbeat_is_where_the_harmony_changes():
    best = find(drum_loop(120.0, 2.0)).candidates[0]
    assert best.meter == 4
    assert (best.offset_s - 2.0) % 2.0 == pytest.approx(0.0, abs=0.004) or (
        best.offset_s - 2.0
    ) % 2.0 == pytest.approx(2.0, abs=0.004)


def test_waltzes():
    found = find(drum_loop(132.0, 1.0, meter=3))
    best = next(c for c in found.candidates if abs(c.bpm - 132) < 0.01)
    assert best.meter == 3


def test_other_readings_are_offered():
    found = find(drum_loop(140.0, 0.5)).candidates
    assert len(found) == len(set(found))
    ratios = [c.bpm / 140.0 for c in found]
    for ratio in (0.5, 1.0, 2.0):
        assert any(abs(r / ratio - 1) < 1e-3 for r in ratios)
    beat_s = 60 / found[0].bpm
    assert any(
        abs(c.bpm - found[0].bpm) < 0.01
        and abs((c.offset_s - found[0].offset_s) % beat_s - beat_s / 2) < 0.1 * beat_s
        for c in found[1:]
    )


def test_a_stretch_keeps_the_recordings_time():
    offset_s, bpm = 0.7, 125.0
    samples = drum_loop(bpm, offset_s, seconds=60.0)
    samples[: 25 * 22_050] = np.random.default_rng(0).standard_normal(25 * 22_050) * 0.3
    best = find(samples, start_s=26.0, end_s=55.0).candidates[0]
    assert best.bpm == pytest.approx(bpm, abs=0.01)
    assert abs(beat_error_s(best, offset_s, bpm, at_s=40.0)) < 0.004


def noise(n, rng):
    return rng.standard_normal(n) * 0.2


def pad(n, rng):
    t = np.arange(n) / 22_050
    return sum(0.1 * np.sin(2 * np.pi * f * t) for f in (110, 138.6, 164.8, 220.3)) * np.minimum(
        t / 2, 1
    )


def drops(n, rng):
    samples = np.zeros(n)
    for at in rng.integers(0, n - 900, n // 6000):
        samples[at : at + 800] += rng.standard_normal(800) * np.exp(-np.arange(800) / 150) * 0.3
    return samples


def syllables(n, rng):
    samples, at = np.zeros(n), 2000
    while at < n - 20_000:
        length = int(rng.gamma(4, 1000)) + 1000
        tone = np.sign(np.sin(2 * np.pi * rng.uniform(100, 180) * np.arange(length) / 22_050))
        samples[at : at + length] += tone * np.hanning(length) * rng.uniform(0.1, 0.4)
        at += (
            length + int(rng.exponential(1500)) + (rng.random() < 0.1) * int(rng.uniform(5e3, 2e4))
        )
    return samples


@pytest.mark.parametrize("sound", [noise, pad, drops, syllables])
@pytest.mark.parametrize("seconds", [12, 40])
def test_what_has_no_rhythm_gets_no_tempo(sound, seconds):
    found = find(sound(seconds * 22_050, np.random.default_rng(seconds)))
    assert found.candidates == ()
    assert found.message


@pytest.mark.parametrize(
    ("samples", "word"), [(np.zeros(10 * 22_050), "silent"), (np.ones(2_000), "short")]
)
def test_silence_and_scraps_are_named(samples, word):
    found = find(samples)
    assert found.candidates == ()
    assert word in found.message


def test_a_tempo_that_changes_is_not_averaged():
    halves = [drum_loop(bpm, 0.0, seconds=20.0) for bpm in (112.0, 131.3)]
    found = find(np.concatenate(halves))
    assert not any(113 < c.bpm < 130 for c in found.candidates[:1])


def test_progress_and_cancelling():
    job = find_tempo(TimingRequest(audio(drum_loop(120.0, 0.0))))
    steps = list(zip(range(5), job, strict=False))
    assert all(isinstance(p, Progress) for _, p in steps)
    job.close()
    done = []
    run(find_tempo(TimingRequest(audio(drum_loop(120.0, 0.0)))), lambda p: done.append(p.done))
    assert done == sorted(done)
    assert 0 <= done[0] < done[-1] <= 1
    assert len(done) > 10


def test_onsets_are_exact_whatever_the_rate():
    times_s = np.array((0.5, 1.01234, 1.7, 2.98765))
    for rate_hz in (22_050, 44_100, 48_000):
        samples = hits(4 * rate_hz, rate_hz, times_s, click).astype(np.float32)
        found = exhausted(onsets.novelty(samples, rate_hz))
        picked = exhausted(onsets.pick(samples, rate_hz, found, onsets.salience(found)))
        assert picked.times_s == pytest.approx(times_s, abs=0.0004)


def exhausted(steps):
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


@needs_data
@pytest.mark.parametrize("name", ["chaos-god", "war-of-freedom"])
def test_human_charts_agree(name):
    rows = json.loads((DATA / "manifest.json").read_text(encoding="utf-8"))
    row = next(r for r in rows if r["kind"] == "charted" and f"/{name}/" in r["audio"])
    first_line = (DATA / row["charts"][0]["file"]).read_text(encoding="utf-8")
    offset_ms, beat_ms = first_line.split("[TimingPoints]")[1].split()[0].split(",")[:2]
    whole = load(DATA / row["audio"])
    short = replace(whole, samples=whole.samples[:, : 90 * whole.rate_hz])
    found = run(find_tempo(TimingRequest(short)))
    bpm = 60_000 / float(beat_ms)
    best = next(c for c in found.candidates[:3] if abs(c.bpm / bpm - 1) < 1e-3)
    assert best.bpm == pytest.approx(bpm, abs=0.01)
    # This author's charts sit 8 to 14 ms before the sound.
    error_s = beat_error_s(best, float(offset_ms) / 1000, bpm)
    assert abs(error_s + 0.0105) < 0.006

import numpy as np
import pytest
from made_engine import RATE_HZ, clicks

from chartstudio.core.errors import EngineError
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.core.timing import Anchor, Cause, TimingMap
from chartstudio.engine.features import (
    BLOCK_BEATS,
    POSITIONS_PER_BEAT,
    SLOTS_PER_BEAT,
    FeatureSpec,
    SongFeatures,
    activity,
    mono,
    slot_grid,
)

SPEC = FeatureSpec()


def features(samples, timing):
    return SongFeatures(samples, slot_grid(timing, len(samples) / RATE_HZ), SPEC)


def test_grid_of_a_constant_tempo_starts_before_the_audio_and_ends_behind_it():
    grid = slot_grid(TimingMap.constant(120.0, 0.3), 10.0)
    assert grid.slot_s[0] <= 0
    assert grid.slot_s[-1] >= 10.0 - 0.5 / SLOTS_PER_BEAT
    assert grid.valid.sum() == np.sum((grid.slot_s >= 0) & (grid.slot_s < 10))
    assert np.all(np.diff(grid.slot_ticks) == TICKS_PER_BEAT // SLOTS_PER_BEAT)


def test_bar_anchor_that_cuts_a_beat_shortens_that_beat_only():
    cut = 5 * TICKS_PER_BEAT + TICKS_PER_BEAT // 3
    first = Anchor(0, 0.0, 120.0, 4, bar=True)
    timing = TimingMap((first, Anchor(cut, cut / TICKS_PER_BEAT * 0.5, 120.0, 4, bar=True)))
    grid = slot_grid(timing, 8.0)
    valid = grid.valid.reshape(-1, SLOTS_PER_BEAT)
    beat = grid.beat_of(cut - 1)
    assert valid[beat].sum() == SLOTS_PER_BEAT // 3
    assert grid.beat_ticks[beat + 1] == cut
    assert grid.beat_in_bar[beat + 1] == 0
    assert valid[beat - 1].all()
    assert valid[beat + 1].all()


def test_slots_inside_a_warp_are_invalid():
    a, b = 4 * TICKS_PER_BEAT, 6 * TICKS_PER_BEAT
    timing = TimingMap(
        (
            Anchor(0, 0.0, 120.0, bar=True),
            Anchor(a, 2.0, 120.0),
            Anchor(b, 2.0, 120.0, cause=Cause.WARP),
        )
    )
    grid = slot_grid(timing, 8.0)
    inside = (grid.slot_ticks >= a) & (grid.slot_ticks < b)
    assert inside.any()
    assert not grid.valid[inside].any()


@pytest.mark.parametrize("bpm", [12.0, 29.0, 401.0, 5000.0])
def test_odd_tempos_are_refused_with_the_way_out(bpm):
    with pytest.raises(EngineError, match="halve or double"):
        slot_grid(TimingMap.constant(bpm), 30.0)


def test_an_odd_tempo_outside_the_audio_is_no_matter():
    far = 100 * TICKS_PER_BEAT
    timing = TimingMap((Anchor(0, 0.0, 120.0, bar=True), Anchor(far, 50.0, 9000.0)))
    assert slot_grid(timing, 20.0).n_beats >= 40


def test_a_pause_is_no_tempo():
    timing = TimingMap((Anchor(0, 0.0, 120.0, bar=True), Anchor(0, 3.0, 120.0, cause=Cause.STOP)))
    assert slot_grid(timing, 20.0).n_beats >= 34


def test_a_song_of_a_fifth_of_a_second_is_refused():
    with pytest.raises(EngineError, match=r"0\.20 s"):
        slot_grid(TimingMap.constant(120.0), 0.2)


def test_a_click_rises_at_its_slot():
    timing = TimingMap.constant(120.0)
    beats = [4.0, 9.25, 14.5]
    song = features(clicks([b * 0.5 for b in beats], 12.0), timing)
    onsets = song.onsets(0, 22)
    found = np.argsort(-onsets)[:12] / SLOTS_PER_BEAT
    for beat in beats:
        assert np.min(np.abs(found - beat)) <= 2 / SLOTS_PER_BEAT


def test_any_window_equals_the_whole(audio, timing):
    whole = features(audio.samples[0], timing)
    stored = whole.all_blocks().reshape(-1, SPEC.n_channels)
    for first, n in ((0, 5), (7, 20), (33, 27), (5, 1)):
        fresh = features(audio.samples[0], timing)
        at = slice(first * POSITIONS_PER_BEAT, (first + n) * POSITIONS_PER_BEAT)
        assert np.array_equal(fresh.beats(first, n), stored[at])


def test_beyond_the_song_there_are_zeros(audio, timing):
    song = features(audio.samples[0], timing)
    n = song.grid.n_beats
    assert not song.beats(-3, 2).any()
    assert not song.beats(n + 1, 4).any()
    edge = song.beats(n - 1, 3)
    assert edge[:POSITIONS_PER_BEAT].any()
    assert not edge[POSITIONS_PER_BEAT:].any()


def test_features_are_finite_and_scaled(audio, timing):
    blocks = features(audio.samples[0], timing).all_blocks()
    assert blocks.shape == (-(-61 // BLOCK_BEATS), BLOCK_BEATS * POSITIONS_PER_BEAT, 800)
    assert np.isfinite(blocks).all()
    assert np.abs(blocks).max() < 100


def test_silence_has_no_activity(audio, timing):
    grid = slot_grid(timing, audio.duration_s)
    found = activity(audio.samples[0], grid, SPEC)
    assert found.shape == (grid.n_beats,)
    assert not found[31:33].any()
    assert np.all(found[5:25] > 0.3)
    assert not activity(np.zeros(RATE_HZ * 5, np.float32), slot_grid(timing, 5.0), SPEC).any()


def test_mono_halves_the_rate():
    stereo = np.stack([np.sin(np.arange(44_100) * 0.05)] * 2).astype(np.float32)
    one = mono(stereo, 44_100, SPEC)
    assert one.shape == (22_050,)
    assert np.abs(one[1000:-1000] - stereo[0, 2000:-2000:2]).max() < 1e-3

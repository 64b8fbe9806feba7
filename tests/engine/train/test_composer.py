import numpy as np
import pytest

from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.ticks import snap_ticks
from chartstudio.engine.train import composer, synthesis
from chartstudio.engine.train.composer import Frame, compose
from chartstudio.engine.train.piece import LAYERS

PIECES = [compose(np.random.default_rng(seed)) for seed in range(60)]


def test_same_generator_same_piece():
    assert compose(np.random.default_rng(4)) == PIECES[4]
    assert compose(np.random.default_rng(5)) != PIECES[4]


def test_pieces_are_music_that_can_be_used():
    for piece in PIECES:
        ticks = [s.tick for s in piece.sounds]
        assert ticks == sorted(ticks)
        assert synthesis.usable(piece)
        assert {s.layer for s in piece.sounds} == set(LAYERS)
        assert all(s.end > s.tick and 0 <= s.pitch <= 127 for s in piece.sounds)
        assert all(20 <= s.velocity <= 127 for s in piece.sounds)


def test_tempos_meters_and_grids_are_varied():
    bpms = [p.timing.anchors[0].bpm for p in PIECES]
    assert min(bpms) < 85
    assert max(bpms) > 190
    assert any(bpm != round(bpm) for bpm in bpms)
    assert {p.timing.anchors[0].meter for p in PIECES} == {3, 4}
    assert {len(p.timing.anchors) for p in PIECES} == {1, 2}
    triplets = [p for p in PIECES if p.name.startswith(("shuffle", "jig"))]
    assert triplets
    for piece in triplets:
        third = snap_ticks(12)
        near = [min(s.tick % third, -s.tick % third) < BEAT // 24 for s in piece.sounds]
        assert np.mean(near) > 0.9


def measures_of(piece, layer):
    length = piece.timing.anchors[0].meter * BEAT
    found: dict[int, list] = {}
    for s in piece.sounds:
        if s.layer == layer:
            found.setdefault(s.tick // length, []).append((s.tick % length, s.pitch))
    return found


def test_sections_come_back():
    n_exact = 0
    for piece in PIECES:
        tune = [tuple(m) for m in measures_of(piece, "lead").values()]
        n_exact += len(set(tune)) < 0.7 * len(tune)
    assert n_exact > len(PIECES) / 4


@pytest.mark.parametrize("meter", [3, 4, 5, 6, 7])
def test_playing_with_a_drummer(meter):
    piece = compose(np.random.default_rng(meter), Frame(97.3, meter, 41))
    assert {s.layer for s in piece.sounds} <= {"bass", "chords", "lead"}
    (anchor,) = piece.timing.anchors
    assert (anchor.bpm, anchor.meter) == (97.3, meter)
    assert 38 * meter * BEAT < max(s.tick for s in piece.sounds) < 41 * meter * BEAT


def test_builds_get_faster():
    for piece in PIECES:
        snares = measures_of(piece, "drums")
        counts = [sum(p == 38 for _, p in hits) for _, hits in sorted(snares.items())]
        if piece.name.startswith("house") and max(counts) >= 16:
            assert counts.index(16) > 4
            return
    pytest.fail("no build was composed")


@pytest.mark.parametrize("genre", composer.WIDE.genres, ids=lambda g: g.name)
def test_patterns_fill_whole_measures(genre):
    n = genre.steps * genre.meter
    for pattern in (genre.kick, genre.snare, genre.hat, genre.bass, genre.chords):
        assert n % len(pattern) == 0
        assert set(pattern) <= set("xo.")


# The wide repertoire


WIDE = [compose(np.random.default_rng([1, seed]), repertoire=composer.WIDE) for seed in range(150)]


def genre_of(piece):
    name = piece.name.rsplit(" ", 1)[0]
    return next(g for g in composer.WIDE.genres if g.name == name)


def test_seeds_of_the_small_repertoire_make_what_they_made():
    """Others keep renders of them."""
    piece = compose(np.random.default_rng(4))
    again = compose(np.random.default_rng(4), None, composer.SMALL)
    assert piece == again
    assert genre_of(piece) in composer.GENRES


def test_the_wide_repertoire_covers_what_songs_have():
    bpms = [p.timing.anchors[0].bpm for p in WIDE]
    assert min(bpms) < 66
    assert max(bpms) > 225
    counts = np.histogram(bpms, (60, 80, 100, 120, 140, 160, 180, 200, 241))[0]
    assert counts.min() >= 5
    assert {p.timing.anchors[0].meter for p in WIDE} == {3, 4, 5, 7}
    assert sum(genre_of(p).steps == 3 for p in WIDE) > 15
    assert sum(genre_of(p).swing[1] > 0 for p in WIDE) > 8
    assert len({p.name for p in WIDE}) == len(WIDE)


def test_swung_sixteenths_come_late():
    late = []
    for piece in WIDE:
        if genre_of(piece).name != "garage":
            continue
        ticks = np.array([s.tick for s in piece.sounds])
        odd = ticks % (BEAT // 2)
        late.append(float(np.median(odd[np.abs(odd - BEAT // 4) < BEAT // 8])) - BEAT // 4)
    assert late
    assert all(0 < found < BEAT // 12 + BEAT // 20 for found in late)


def test_some_pieces_stop_and_some_go_at_half_speed():
    n_stops, n_halves = 0, 0
    for piece in WIDE:
        length = piece.timing.anchors[0].meter * BEAT
        ticks = np.unique([s.tick for s in piece.sounds])
        gaps = np.diff(ticks)
        n_stops += bool(np.any(gaps > 0.7 * length))
        snares = measures_of(piece, "drums")
        n_halves += any(
            sorted(p for _, p in hits) == sorted((36, 38, *(42,) * (length // BEAT)))
            for hits in snares.values()
        )
    assert n_stops > 15
    assert n_halves > 10


def test_repeats_are_exact_or_varied():
    shares = []
    for piece in WIDE:
        tune = [tuple(sorted(m)) for m in measures_of(piece, "lead").values()]
        if piece.timing.anchors[0].meter == 4 and len(tune) > 20:
            # Played by a machine, measures come back to the tick; else they are near it.
            shares.append(len(set(tune)) / len(tune))
    assert sum(share < 0.5 for share in shares) > 10
    assert sum(share > 0.5 for share in shares) > 10

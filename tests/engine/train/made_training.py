"""A piece of a few beats with charts of several modes, in a store."""

from dataclasses import replace

import numpy as np
from made_engine import clicks

from chartstudio.core.note import LaneNote, sort_notes
from chartstudio.core.song import Chart, Extra, Metadata, Song
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.core.timing import TimingMap
from chartstudio.engine import features
from chartstudio.engine.train.store import Store
from chartstudio.modes import MODES

TIMING = TimingMap.constant(150.0)
N_BEATS = 60
SPEC = features.FeatureSpec()
SAMPLES = clicks([b * 0.4 for b in range(N_BEATS)], 24.5)
LANES = ("dance-single", "mania-7k", "pump-double")
OTHERS = ("taiko", "osu", "beatsaber")
FOLLOW = ((0, 24 * BEAT, "drums"), (24 * BEAT, 60 * BEAT, "lead"))


def lane_chart(mode_id, shift=0):
    n = len(MODES[mode_id].layout.lanes)
    notes = []
    for b in range(N_BEATS):
        length = BEAT if b % 7 == 0 else 0
        notes.append(LaneNote(b * BEAT, b * BEAT + length, b % n, "hold" if length else "tap"))
        if b % 4 == 0:
            notes.append(LaneNote(b * BEAT + BEAT // 2, b * BEAT + BEAT // 2, (b + 2) % n))
    return Chart(mode_id, level=2.0 + shift, notes=sort_notes(notes))


def spelled_chart(mode_id, seed=0, level=3.0):
    """Rows by chance, as far as the mode's own grammar allows."""
    from chartstudio.core.mode import RowContext
    from chartstudio.engine.sampling import RowSpeller

    mode, rng = MODES[mode_id], np.random.default_rng(seed)
    notes = []
    for b in range(N_BEATS):
        tick = b * BEAT
        if any(n.end > tick for n in notes):
            continue
        context = RowContext(tick, TIMING, tuple(notes), (), (), level)
        row = RowSpeller(mode.grammar(context), np.ones(mode.n_events, dtype=bool))
        while not row.done:
            row.push(int(rng.choice(np.flatnonzero(row.legal()))))
        notes += mode.decode(tick, row.events)[0]
    return Chart(mode_id, level=level, notes=sort_notes(notes), settings=(("od", 5.0),))


def made_chart(mode_id, seed=0):
    chart = spelled_chart(mode_id, seed) if mode_id in OTHERS else lane_chart(mode_id, seed)
    knobs = (("accents", 0.1 * (seed + 1)), ("section_measures", 8), ("repeat", 1.0))
    return replace(chart, extra=Extra((("teacher", knobs), ("follow", FOLLOW))))


def made_song(name="made", modes=(*LANES, *OTHERS), seeds=(0, 1)):
    charts = tuple(made_chart(mode_id, seed) for mode_id in modes for seed in seeds)
    return Song(metadata=Metadata(title=name), timing=TIMING, charts=charts)


def heard():
    samples = features.mono(SAMPLES[None], SPEC.rate_hz, SPEC)
    return features.SongFeatures(
        samples, features.slot_grid(TIMING, len(samples) / SPEC.rate_hz), SPEC
    )


def names(judged):
    """Names of pieces that are kept for judging, or not."""
    from chartstudio.engine.train.store import held_out

    return [n for n in (f"piece {i}" for i in range(60)) if held_out(n) == judged]


def filled(folder):
    """A store of two pieces to train on and one to judge by."""
    store = Store.create(folder, SPEC)
    for number, name in enumerate((names(False)[0], names(False)[1], names(True)[0])):
        store.add(number, made_song(name), heard())
    return store

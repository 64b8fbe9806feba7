"""Density curves measured on a model's own drafts."""

import numpy as np
from made_engine import tiny_model

from chartstudio.core.job import run
from chartstudio.engine.train import calibrate


def test_scattered_points_give_a_rising_curve():
    rng = np.random.default_rng(0)
    points = [(level, level * 0.8 + rng.normal(0, 0.3)) for level in rng.uniform(1, 9, 60)]
    curve = np.array(calibrate.rising(points))
    assert np.all(np.diff(curve, axis=0) > 0)
    assert np.abs(curve[:, 1] - 0.8 * curve[:, 0]).max() < 0.5
    assert calibrate.rising([(2.0, 3.0)]) == ((2.0, 3.0),)


def test_calibrated_drafts_start_near_the_asked_level(audio, timing, monkeypatch):
    model = tiny_model()
    monkeypatch.setattr(calibrate, "N_LEVELS", 3)
    found = run(calibrate.calibrate(model, [(audio, timing)], ["dance-single"]))
    ((mode_id, curve),) = found
    assert mode_id == "dance-single"
    assert len(curve) >= 2
    assert np.all(np.diff(np.array(curve), axis=0) > 0)

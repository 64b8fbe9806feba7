from dataclasses import replace

import numpy as np
import pytest
from made_engine import song_of, tiny_model

from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.core.note import ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.ticks import TICKS_PER_BEAT as BEAT
from chartstudio.engine.density import chances, densities
from chartstudio.engine.generate import generate
from chartstudio.engine.guiding import guide_of
from chartstudio.engine.requests import LAYERS, GenerateRequest
from chartstudio.engine.task import prepare
from chartstudio.modes import MODES

END = 32 * BEAT


@pytest.fixture
def request_(audio, timing):
    return GenerateRequest(
        audio=audio, timing=timing, chart=Chart("mania-4k"), start=0, end=END, level=2.0
    )


def task_of(request, model):
    song = song_of(request.audio, request.timing, model.spec.features)
    return prepare(request, MODES[request.chart.mode], model, song)


def test_the_guide_says_what_is_asked_where_it_is_asked(request_, model):
    asked = replace(
        request_,
        density=((8 * BEAT, 16 * BEAT, 1.5),),
        follow=((0, 4 * BEAT, "drums"), (2 * BEAT, 4 * BEAT, "bass")),
    )
    found = task_of(asked, model).shown[2]
    assert np.isnan(found.density[:8]).all()
    assert (found.density[8:16] == 1.5).all()
    shares = dict(zip(("unknown", *LAYERS), found.layers[:5].T.tolist(), strict=True))
    assert shares["drums"] == [1, 1, 0.5, 0.5, 0]
    assert shares["bass"] == [0, 0, 0.5, 0.5, 0]
    assert shares["unknown"] == [0, 0, 0, 0, 1]


def test_habits_reach_the_network(request_, model):
    spec = replace(model.spec, net=replace(model.spec.net, styles=(("accents", 0.0, 0.4),)))
    asked = replace(request_, style=(("accents", 0.3),))
    song = song_of(request_.audio, request_.timing, spec.features)
    assert guide_of(asked, spec, song.grid).style.tolist() == [[1.0, pytest.approx(0.5)]]


@pytest.mark.parametrize(
    "odd",
    [
        {"follow": ((0, END, "violin"),)},
        {"style": (("swagger", 1.0),)},
    ],
)
def test_what_the_model_cannot_be_told_is_refused(request_, model, odd):
    with pytest.raises(EngineError, match=r"violin|swagger"):
        task_of(replace(request_, **odd), model)


def test_a_rest_stays_empty_and_the_rest_takes_its_share(request_, model):
    asked = replace(request_, follow=((8 * BEAT, 16 * BEAT, "none"),))
    ticks = ticks_of(run(generate(task_of(asked, model))).candidates[0].notes)
    assert len(ticks)
    assert not np.any((ticks >= 8 * BEAT) & (ticks < 16 * BEAT))


def test_density_adds_up_to_what_the_level_takes(request_, model):
    task = task_of(request_, model)
    found = run(densities(task))
    assert [start for start, _, _ in found] == list(range(0, END, 4 * BEAT))
    total = sum(rate * (end - start) / BEAT for start, end, rate in found)
    assert total == pytest.approx(task.n_times, rel=1e-3)
    denser = run(densities(task_of(replace(request_, level=4.0), model)))
    assert sum(r for *_, r in denser) > sum(r for *_, r in found)


def test_density_is_none_where_the_author_rests(request_, model):
    asked = replace(request_, follow=((8 * BEAT, 16 * BEAT, "none"),))
    rates = [rate for _, _, rate in run(densities(task_of(asked, model)))]
    assert rates[2] == rates[3] == 0
    assert min(rates[:2]) > 0


def test_chances_keep_their_differences():
    odds = np.array([0.0, 1.0, 3.0, -np.inf])
    found = chances(odds, 1.2)
    assert found.sum() == pytest.approx(1.2)
    assert found[3] == 0
    assert np.diff(np.log(found[:3] / (1 - found[:3]))) == pytest.approx([1.0, 2.0])
    assert chances(odds, 9.0)[:3] == pytest.approx(1.0)


def test_a_model_that_knows_no_layers_can_still_rest(request_):
    model = tiny_model()
    deaf = replace(model, spec=replace(model.spec, net=replace(model.spec.net, layers=())))
    with pytest.raises(EngineError, match="drums"):
        task_of(replace(request_, follow=((0, END, "drums"),)), deaf)
    asked = replace(request_, follow=((0, 4 * BEAT, "none"), (4 * BEAT, END, "all")))
    assert task_of(asked, deaf).shown[2].layers is None

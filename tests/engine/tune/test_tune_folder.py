"""The files of a tuning: killed at any moment, they can be loaded and belong together."""

import json
import os
import signal
import sys
import time

import numpy as np
import pytest
import torch
from made_tuning import RECIPE, request_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.engine import checkpoint
from chartstudio.engine.requests import TrainChart, TrainStep
from chartstudio.engine.train.state import Counts, State, load_state, optimizer_of, save_state
from chartstudio.engine.tune import adapters
from chartstudio.engine.tune import work as ready
from chartstudio.engine.tune.folder import Folder
from chartstudio.engine.tune.team import Team

N_KILLS = 20


def made_work(name="mine"):
    tiny_base()
    chart = TrainChart(paths.user_models() / "song", 0, "train", "song")
    return ready.prepare(request_of((chart,), name), Team(), torch.device("cpu"))


def made_state(work):
    net = ready.net_of(work)
    return State(ready.spec_of(work), net, optimizer_of(net, 1e-3, 0.0), Counts())


def set_to(state, step):
    """Every number that learns says which step it is of."""
    state.counts.step = step
    with torch.no_grad():
        for own in state.net.parameters():
            if own.requires_grad:
                own.fill_(step)
                state.optimizer.state[own] = {
                    "step": torch.tensor(float(step)),
                    "exp_avg": torch.full_like(own, step),
                    "exp_avg_sq": torch.full_like(own, step),
                }


def save_all(work, state, step):
    set_to(state, step)
    learned = adapters.learned(state.net)
    work.folder.keep(step, float(-step), learned)
    ready.publish(work, state.spec, step % 2000, learned)
    save_state(work.folder.training, state)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork and no such signal")
def test_whenever_it_is_killed_what_is_there_can_be_loaded():
    work = made_work()
    state = made_state(work)
    save_all(work, state, 1)
    rng = np.random.default_rng(0)
    last = 1
    for _ in range(N_KILLS):
        heard, said = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                for step in range(last + 1, last + 500):
                    save_all(work, state, step)
                    os.write(said, b".")
            finally:
                os._exit(0)
        # Once it has saved twice, it is killed somewhere within the next time or two.
        os.read(heard, 1)
        started = time.perf_counter()
        os.read(heard, 1)
        time.sleep(float(rng.uniform(0.0, 2.0)) * (time.perf_counter() - started))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(heard)
        os.close(said)
        found = load_state(work.folder.training, 1e-3, 0.0, ready.net_of(work))
        assert found.counts.step >= last + 2
        last = found.counts.step
        for own in found.net.parameters():
            if own.requires_grad:
                assert (own == last).all()
                assert (found.optimizer.state[own]["exp_avg"] == last).all()
        kept = work.folder.kept()
        assert 1 <= len(kept) <= 4
        assert all((t == kept[0].step).all() for t in kept[0].load().values())
        model = checkpoint.load(work.folder.path)
        assert model.spec.base is not None
    assert last > 2 * N_KILLS


def test_a_request_comes_back_as_it_was(tmp_path):
    tiny_base()
    charts = (
        TrainChart(tmp_path / "ä song", 3, "train", "sound", "inside"),
        TrainChart(tmp_path / "b", 0, "test", "other"),
    )
    folder = Folder.of("mine")
    folder.begin(request_of(charts, recipe=RECIPE))
    found = folder.request("mine", "cpu")
    assert (found.charts, found.recipe, found.base) == (charts, RECIPE, "tiny")
    assert found.resume
    path = folder.training / "request.json"
    path.write_text(json.dumps({"base": 3}), "utf-8")
    with pytest.raises(EngineError, match=r"delete .* and start again"):
        folder.request("mine", None)


def test_the_log_forgets_what_will_be_done_again_and_lines_that_were_cut():
    folder = Folder.of("mine")
    folder.training.mkdir(parents=True)
    steps = [TrainStep(n, 9, {"times": 1.0}, 2.0, held_out=3.0) for n in range(1, 5)]
    for step in steps:
        folder.log(step)
    with (folder.training / "log.jsonl").open("a") as file:
        file.write('{"step": 5, "n_st')
    assert folder.steps() == steps
    folder.rewind(2)
    assert folder.steps() == steps[:2]


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\\b", ".hidden", "end.", " x", "a" * 70, "C:"])
def test_names_that_no_folder_can_have_are_refused(name):
    with pytest.raises(EngineError, match="no name for a model"):
        Folder.of(name)


@pytest.mark.parametrize("name", ["mine", "Mein Stil 2", "v1.2-a_b", "x", "うた"])
def test_other_names_are_taken(name):
    assert Folder.of(name).path.name == name

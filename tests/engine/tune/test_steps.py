"""Steps: windows by number, parts of a step, memory that runs out, and several processes."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from made_tuning import RECIPE, author, request_of, steps_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.core.job import run
from chartstudio.engine import checkpoint
from chartstudio.engine.train.losses import LOSSES
from chartstudio.engine.tune import job, steps
from chartstudio.engine.tune import work as ready
from chartstudio.engine.tune.team import Team

CPU = torch.device("cpu")
SURE = replace(RECIPE, dropout=False, n_steps=4, speeds=1)


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    return author(tmp_path_factory.mktemp("songs"), ("train", "train"))


@pytest.fixture
def work(songs):
    tiny_base()
    charts = songs
    return ready.prepare(request_of(charts, recipe=SURE), Team(), CPU)


def learner_of(work, at_once=None):
    state, learner = ready.learner_of(work, run(ready.read_all(work)))
    if at_once:
        learner.at_once = at_once
    return state, learner


def learned(learner, n):
    try:
        return [learner.step() for _ in range(n)]
    finally:
        learner.close()


def same(one, other, within=1e-4):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.keys() == b.keys() == set(LOSSES)
        assert a == pytest.approx(b, abs=within)


def test_a_step_in_parts_is_the_same_step(work):
    one, whole = learner_of(work)
    other, parts = learner_of(work, at_once=1)
    assert whole.at_once == 4
    same(learned(whole, 4), learned(parts, 4))
    for a, b in zip(one.net.parameters(), other.net.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-4)


def test_a_window_depends_on_its_number_alone(work):
    _, learner = learner_of(work)
    learner.close()
    numbered = learner._numbered
    (whole,) = numbered.parts(2, 4)
    _, second = numbered.parts(2, 2)
    assert torch.equal(whole.heard.features[2:], second.heard.features)
    assert torch.equal(whole.when[2:], second.when)
    beside = replace(numbered, team=Team(rank=1, size=2))
    (odd,) = beside.parts(2, 4)
    assert torch.equal(whole.heard.raster[1::2], odd.heard.raster)
    assert not torch.equal(whole.heard.features, numbered.parts(3, 4)[0].heard.features)


def full_above(monkeypatch, n_most, device_type="cpu"):
    """A device that holds so many windows and no more."""
    plain = steps.losses

    def losses(net, batch, numbers, smoothing):
        if numbers.device.type == device_type and len(batch.when) > n_most:
            raise torch.OutOfMemoryError("no room")
        return plain(net, batch, numbers, smoothing)

    monkeypatch.setattr(steps, "losses", losses)


def test_half_as_many_windows_are_taken_when_memory_runs_out(work, monkeypatch):
    expected = learned(learner_of(work)[1], 3)
    full_above(monkeypatch, 1)
    _, learner = learner_of(work)
    same(learned(learner, 3), expected)
    assert learner.at_once == 1
    assert learner.notices == [f"memory ran out: {n} windows at once from here on" for n in (2, 1)]


def test_a_gpu_that_is_too_small_is_left_for_the_processor(work, monkeypatch):
    expected = learned(learner_of(work)[1], 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1 << 40, 1 << 40))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(steps, "to_device", lambda state, device: None)
    moved = steps.Learner._descend

    def descend(self, parts):
        # No tensor can be moved to a GPU that is not there.
        if self._numbers.device.type == "cuda":
            raise torch.OutOfMemoryError("no room")
        return moved(self, parts)

    monkeypatch.setattr(steps.Learner, "_descend", descend)
    _, learner = learner_of(replace(work, device=torch.device("cuda")))
    learner.at_once = 1
    same(learned(learner, 2), expected)
    assert learner.notices == ["the GPU has too little memory: the processor goes on"]
    assert learner.numbers.device == CPU


def test_no_room_for_one_window_is_one_line(work, monkeypatch):
    full_above(monkeypatch, 0)
    _, learner = learner_of(work)
    with pytest.raises(EngineError, match="one window at once; close other programs"):
        learned(learner, 1)


def test_memory_decides_how_many_windows_are_taken(work, monkeypatch):
    each = steps.bytes_per_window(work.base.spec.net, 32)
    monkeypatch.setattr(steps, "_free_bytes", lambda device: 3 * each + 1)
    _, learner = learner_of(work)
    learner.close()
    assert learner.at_once == 3


# Highest resident memory of tunings with the shipped model on 20 songs, in MiB.
MEASURED = (
    ("bfloat16", 4, 1572),
    ("bfloat16", 8, 1589),
    ("bfloat16", 16, 2013),
    ("float32", 4, 993),
)


@pytest.mark.parametrize(("numbers", "n_windows", "peak"), MEASURED)
def test_memory_is_told_from_above_and_not_by_much(numbers, n_windows, peak):
    spec = checkpoint.load_spec(paths.shipped_models() / "base")
    each = steps.bytes_per_window(spec.net, spec.windows.n_beats)
    told = (steps.process_bytes(numbers) + n_windows * each) / 2**20
    assert peak <= told <= 1.2 * peak


def test_freed_memory_is_given_back_now_and_then(work, monkeypatch):
    given = []
    monkeypatch.setattr(steps, "_GIVE_BACK_EVERY", 2)
    give_back = steps._give_back
    monkeypatch.setattr(steps, "_give_back", lambda: given.append(give_back()))
    _, learner = learner_of(work)
    learned(learner, 5)
    assert len(given) == 2


# Several processes -------------------------------------------------------------------------

_PROGRAM = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from made_tuning import steps_of
from chartstudio.engine.requests import TrainRequest
from chartstudio.engine.tune import job
from chartstudio.engine.tune.team import Team
request = TrainRequest("both", device="cpu")
if Team.here().leads:
    from pathlib import Path
    from test_steps import SURE, author, request_of
    charts = author(Path(sys.argv[3]), ("train", "train"))
    request = request_of(charts, "both", recipe=SURE)
found, report = steps_of(job.tune(request))
print(json.dumps([s.losses for s in found]))
"""


def test_two_processes_learn_what_one_does(work, tmp_path):
    expected, _ = steps_of(job.tune(request_of(work.request.charts, "one", recipe=SURE)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    here = Path(__file__).parent
    shared = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
              "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}  # fmt: skip
    both = [
        subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(here), str(here.parent), str(tmp_path / "songs")],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    first, second = (json.loads(out.splitlines()[-1]) for out in outputs)
    # Only the first looks at the held-out songs, before the first step for the first time.
    assert first[1:] == second
    same([s.losses for s in expected[1:]], second)


def test_more_processes_than_windows_are_refused(work):
    read = run(ready.read_all(work))
    with pytest.raises(EngineError, match="5 processes cannot share 4 windows"):
        ready.learner_of(replace(work, team=Team(1, 5)), read)


def test_a_process_knows_its_team_by_what_torchrun_tells_it():
    told = {"RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}
    assert Team.here(told) == Team(3, 8, 1)
    assert Team.here({}) == Team()
    assert Team.here({"RANK": "3"}) == Team()

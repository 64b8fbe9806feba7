"""Jobs in other processes: steps, results, errors, pausing, stopping, dying."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from made_tuning import author, request_of

from chartstudio.core.errors import EngineError
from chartstudio.core.job import Progress, run
from chartstudio.engine.requests import TrainRequest
from chartstudio.engine.tune.process import find_gpus, groups_apart, seeing_one, spawned


def counting(path):
    """Notes each step and how it ended in a file."""

    def note(word):
        with Path(path).open("a") as file:
            file.write(f"{word} ")

    try:
        for i in range(1000):
            note(i)
            yield Progress(i / 1000, f"step {i}", os.getpid())
            if i == 5 and "short" in str(path):
                return {"pid": os.getpid()}
    finally:
        note("closed")


def failing(how):
    yield Progress(0.0)
    if how == "error":
        raise EngineError("a.osu:3: is broken")
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ZeroDivisionError(how)


def test_a_job_elsewhere_steps_and_gives_its_result(tmp_path):
    steps = []
    result = run(spawned(counting, tmp_path / "short"), steps.append)
    assert [s.what for s in steps] == [f"step {i}" for i in range(6)]
    assert result["pid"] == steps[0].partial != os.getpid()


def test_who_does_not_ask_has_paused_it_and_closing_stops_it(tmp_path):
    path = tmp_path / "long"
    job = spawned(counting, path)
    for _ in range(3):
        next(job)
    time.sleep(0.3)
    assert path.read_text() == "0 1 2 "
    assert next(job).what == "step 3"
    pid = next(job).partial
    job.close()
    assert path.read_text() == "0 1 2 3 4 closed "
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_errors_come_back_as_they_are():
    with pytest.raises(EngineError, match=r"^a\.osu:3: is broken$"):
        run(spawned(failing, "error"))
    with pytest.raises(RuntimeError, match="ZeroDivisionError: other"):
        run(spawned(failing, "other"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_process_that_is_killed_is_one_line():
    with pytest.raises(EngineError, match=r"came to an end \(killed by signal 9\)") as found:
        run(spawned(failing, "die"))
    assert "\n" not in str(found.value)


def test_a_program_that_ends_takes_its_process_along(tmp_path):
    path = tmp_path / "long"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_tune_process import counting\n"
        "from chartstudio.engine.tune.process import spawned\n"
        "if __name__ == '__main__':\n"
        "    job = spawned(counting, sys.argv[2]); next(job); held = [job]\n"
    )
    script = tmp_path / "program.py"
    script.write_text(code)
    subprocess.run(
        [sys.executable, str(script), str(Path(__file__).parent), str(path)],
        check=True, timeout=300, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert path.read_text() == "0 closed "


def test_no_torch_is_needed_where_it_is_asked_from():
    code = "import sys, chartstudio.engine.tune.process; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("asked", "seen", "device", "visible"),
    [
        (None, None, None, None),
        ("cuda", "2,3", "cuda", "2,3"),
        ("cuda:1", None, "cuda", "1"),
        ("cuda:1", "2,3", "cuda", "3"),
    ],
)
def test_one_of_several_gpus_is_the_only_one_that_is_seen(
    monkeypatch, asked, seen, device, visible
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    if seen:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen)
    assert seeing_one(TrainRequest("mine", device=asked)).device == device
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == visible


def test_gpus_are_told_by_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda n: f"GPU {n}")
    assert run(find_gpus()) == ("GPU 0", "GPU 1")

    def broken(n):
        raise RuntimeError("no driver")

    monkeypatch.setattr(torch.cuda, "get_device_name", broken)
    assert run(find_gpus()) == ()


def test_ways_of_charting_are_found_elsewhere(tmp_path):
    charts = author(tmp_path)
    (group,) = run(groups_apart(request_of(charts, folds=0)))
    assert (group.name, group.by, len(group.songs)) == ("mine", "all", 4)
    (group,) = run(groups_apart(request_of(charts, folds=1)))
    assert len(group.songs) == 2

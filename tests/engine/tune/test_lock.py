"""The lock of a tuning: between processes, after a kill, and within one process."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from made_tuning import author, request_of, steps_of, tiny_base

from chartstudio.core import paths
from chartstudio.core.errors import EngineError
from chartstudio.engine.tune.job import tune
from chartstudio.engine.tune.lock import alone
from chartstudio.engine.tune.shelf import remove, rename

HOLDER = """
import sys
from pathlib import Path
from chartstudio.engine.tune.lock import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
print("free", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds ``tmp_path / "mine"`` until it is told a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "mine")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_what_another_process_holds_is_refused_in_one_line(holder, tmp_path):
    refused = pytest.raises(EngineError, match="'mine' is being trained by another")
    with refused as error, alone(tmp_path / "mine"):
        pass
    assert "\n" not in str(error.value)
    with alone(tmp_path / "other"):
        pass


def test_it_is_free_once_the_other_process_lets_go(holder, tmp_path):
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "free\n"
    with alone(tmp_path / "mine"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no such signal")
def test_a_killed_process_leaves_no_lock(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / ".mine.lock").exists()
    with alone(tmp_path / "mine"), pytest.raises(EngineError), alone(tmp_path / "mine"):
        pass


def test_a_second_tuning_is_refused_and_changes_nothing(tmp_path):
    tiny_base()
    charts = author(tmp_path)
    first = tune(request_of(charts))
    next(step for step in first if step.partial)
    folder = paths.user_models() / "mine"
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    for again in (request_of(charts), replace(request_of(()), resume=True)):
        with pytest.raises(EngineError, match="is being trained"):
            steps_of(tune(again))
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    first.close()
    with alone(folder):
        pass


def test_what_is_being_trained_is_neither_renamed_nor_removed():
    tiny_base("mine")
    folder = paths.user_models() / "mine"
    with alone(folder):
        with pytest.raises(EngineError, match="is being trained"):
            rename("mine", "yours")
        with pytest.raises(EngineError, match="is being trained"):
            remove("mine")
    assert (folder / "model.json").exists()
    rename("mine", "yours")
    remove("yours")
    assert [p.name for p in paths.user_models().iterdir()] == []

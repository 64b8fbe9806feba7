"""A job in a process of its own, behind the interface of a job.

The window's process imports no torch for it and is never held up by it. One step is asked for
at a time: who does not call ``next`` for a while has paused the job, who closes it has stopped
it, and a process that outlives its window notices and stops by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize
from typing import Any, TypeVar

from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.core.job import Job, Progress
from chartstudio.engine.requests import SPLITS, TrainEstimate, TrainReport, TrainRequest
from chartstudio.engine.tune.groups import Group, groups_of, look_at

A = TypeVar("A")
T = TypeVar("T")

_STEP, _RESULT, _ERROR, _DEFECT = range(4)

_STOP_S, _END_S = 60.0, 5.0
"""How long a process may take to finish its step and save, and to end after that."""

_NICE = 10
_VISIBLE = "CUDA_VISIBLE_DEVICES"
_FIRST = 10


def tune_apart(request: TrainRequest) -> Job[TrainReport]:
    """`job.tune` in a process of its own.

    Raises
    ------
    EngineError
        As `job.tune`, and when the process is brought down.
    """
    return spawned(_tune, request)


def estimate_apart(request: TrainRequest) -> Job[TrainEstimate]:
    """`job.estimate` in a process of its own."""
    return spawned(_estimate, request)


def find_gpus() -> Job[tuple[str, ...]]:
    """Names of the GPUs that work, in the order of their numbers; loads torch in this process."""
    yield Progress(0.0, "Looking for GPUs")
    import torch

    try:
        n_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return tuple(torch.cuda.get_device_name(n) for n in range(n_gpus))
    except (RuntimeError, AssertionError):
        # A driver that does not answer has no GPU that works.
        return ()


def groups_apart(request: TrainRequest) -> Job[tuple[Group, ...]]:
    """The ways of charting that a tuning would tell apart, found in a process of its own."""
    return spawned(_groups, request)


def _tune(request: TrainRequest) -> Job[TrainReport]:
    request = seeing_one(request)
    _leave_room()
    from chartstudio.engine.tune.job import tune

    return tune(request)


def _estimate(request: TrainRequest) -> Job[TrainEstimate]:
    request = seeing_one(request)
    _leave_room()
    from chartstudio.engine.tune.job import estimate

    return estimate(request)


def _groups(request: TrainRequest) -> Job[tuple[Group, ...]]:
    charts = request.charts
    if request.recipe.n_parts(len({c.song for c in charts})) == 1:
        charts = tuple(c for c in charts if c.split == SPLITS[0])
    portraits = yield from look_at(charts)
    return groups_of(portraits, request.name)


def seeing_one(request: TrainRequest) -> TrainRequest:
    """A request for one of several GPUs, ``cuda:1``, as one for the only GPU.

    This process then sees no other; it must not have used any before.
    """
    kind, _, number = (request.device or "").partition(":")
    if not number:
        return request
    seen = os.environ.get(_VISIBLE)
    os.environ[_VISIBLE] = seen.split(",")[int(number)] if seen else number
    return replace(request, device=kind)


def _leave_room() -> None:
    """Keep a core free for the window, and give way to it on the others."""
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    with suppress(AttributeError, OSError):
        os.nice(_NICE)


def spawned(make: Callable[[A], Job[T]], request: A) -> Job[T]:
    """Run a job elsewhere.

    Parameters
    ----------
    make : callable
        A function of a module that makes the job of a request.
    request : object
        It, the job's progress and its result must be such that they can be pickled.

    Raises
    ------
    EngineError
        What the job raises as `ChartStudioError`, and when its process is brought down.
    RuntimeError
        What it raises otherwise: a defect, with the trace of the other process.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(make, request, theirs))
    process.start()
    theirs.close()
    # Before Python waits for its processes on the way out, this one has to hear of it.
    finalizer = Finalize(None, ours.close, exitpriority=_FIRST)
    try:
        while True:
            kind, value = _ask(ours, process)
            if kind == _RESULT:
                result: T = value
                return result
            if kind == _ERROR:
                raise EngineError(value)
            if kind == _DEFECT:
                raise RuntimeError(f"in another process:\n{value}")
            yield value
    finally:
        finalizer.cancel()
        _end(ours, process)


def _ask(pipe: Connection, process: BaseProcess) -> tuple[int, Any]:
    """Have one step done, and hear what came of it."""
    try:
        pipe.send(None)
        found: tuple[int, Any] = pipe.recv()
        return found
    except (EOFError, OSError) as error:
        process.join(_END_S)
        code = process.exitcode
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"status {code}"
        raise EngineError(
            f"the process that does the work came to an end ({how}): memory may have run out; go "
            "on from its last checkpoint"
        ) from error


def _end(pipe: Connection, process: BaseProcess) -> None:
    """Let a process finish its step and save; one that does not is ended."""
    pipe.close()
    process.join(_STOP_S)
    if process.is_alive():
        process.terminate()
        process.join(_END_S)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


# In the other process --------------------------------------------------------------------


def _serve(make: Callable[[Any], Job[Any]], request: Any, pipe: Connection) -> None:
    # A terminal sends Ctrl+C to all: who asked decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job: Job[Any] | None = None
    try:
        while True:
            pipe.recv()
            job = job or make(request)
            pipe.send(_one(job))
    except (EOFError, OSError):
        # Nobody asks any more.
        return
    finally:
        if job is not None:
            job.close()


def _one(job: Job[Any]) -> tuple[int, Any]:
    try:
        step: Progress = next(job)
        return _STEP, step
    except StopIteration as stop:
        return _RESULT, stop.value
    except ChartStudioError as error:
        return _ERROR, str(error)
    except Exception:
        # It is told, not hidden: the caller raises it again.
        return _DEFECT, traceback.format_exc()

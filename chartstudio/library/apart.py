"""A job in a process of its own, behind the same interface: for work that would keep Python's
lock from the window.

Knows no songs. The process is spawned, so that it holds nothing of the window's, and ends by
itself when the one that started it is gone.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from chartstudio.core.errors import ChartStudioError
from chartstudio.core.job import Job, Progress
from chartstudio.library.workers import deaf_to_interrupts

T = TypeVar("T")

_LOOK_S = 0.1
"""How long is waited for news before the caller gets a chance to cancel."""

_TELL_S = 0.03
_NICE = 5
_END_S = 10.0


@dataclass(frozen=True, slots=True)
class _Done:
    value: Any


@dataclass(frozen=True, slots=True)
class _Failed:
    what: str
    is_ours: bool


def apart(make: Callable[..., Job[T]], *values: object) -> Job[T]:
    """Run a job in a process of its own.

    Parameters
    ----------
    make : callable
        A function of a module that makes the job; called there.
    *values : object
        What it is called with. These, what the job says and its result are pickled.

    Returns
    -------
    Job
        Closing it closes the job over there, so that its ``finally`` is run.

    Raises
    ------
    ChartStudioError
        What the job raises; or when its process comes to an end without a word.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # No daemon: those may have no processes of their own, and this job's may.
    process = context.Process(target=_serve, args=(make, values, theirs))
    with deaf_to_interrupts():
        process.start()
    theirs.close()
    try:
        said = Progress(0.0, "Starting")
        while True:
            yield said
            if not ours.poll(_LOOK_S):
                continue
            try:
                news = ours.recv()
            except (EOFError, OSError):
                process.join(_END_S)
                what = f"its process ended at once (status {process.exitcode}); try again"
                raise ChartStudioError(f"{said.what} stopped: {what}") from None
            if isinstance(news, _Done):
                result: T = news.value
                return result
            if isinstance(news, _Failed):
                raise ChartStudioError(news.what) if news.is_ours else RuntimeError(news.what)
            said = news
    finally:
        ours.close()
        _end(process)


def _end(process: BaseProcess) -> None:
    """Wait for a process that has been told to stop, and no longer than is decent."""
    process.join(_END_S)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _serve(make: Callable[..., Job[Any]], values: tuple[object, ...], pipe: Connection) -> None:
    """What the process does: run the job, say how far it is, stop when nobody listens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(AttributeError, OSError):
        os.nice(_NICE)
    # Nobody listens any more; the job's own `finally` has run by then.
    with suppress(BrokenPipeError, ConnectionError):
        pipe.send(_outcome(make, values, pipe))


def _outcome(
    make: Callable[..., Job[Any]], values: tuple[object, ...], pipe: Connection
) -> _Done | _Failed | None:
    job = make(*values)
    told_s = 0.0
    try:
        while True:
            progress = next(job)
            if time.monotonic() - told_s < _TELL_S:
                continue
            # Nothing is ever sent here: what can be read is the end of the line.
            if pipe.poll():
                return None
            pipe.send(progress)
            told_s = time.monotonic()
    except StopIteration as stop:
        return _Done(stop.value)
    except (BrokenPipeError, ConnectionError):
        return None
    except ChartStudioError as error:
        return _Failed(" ".join(str(error).split()), True)
    except Exception as error:
        # It is told, not hidden: the caller raises it.
        return _Failed(f"{type(error).__name__}: {error}", False)
    finally:
        job.close()

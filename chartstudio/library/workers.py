"""A few processes that each do one task after another, and may die of it.

Knows no songs. A task that brings its process down, or takes too long, comes back as a `Crash`
and the rest goes on in a new process; what a task raises comes back as one, too. Processes are
spawned, not forked, so that they hold nothing of the window's.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")

_LOOK_S = 0.1
"""How long is waited for a result before the caller gets a chance to cancel."""

_NICE = 10

_START_S = 300.0
"""How long a process may take to come up on a busy machine."""

_END_S = 2.0


@dataclass(frozen=True, slots=True)
class Crash:
    """A task that came to no result.

    Parameters
    ----------
    what : str
        In words.
    """

    what: str


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    number: int | None = None
    since_s: float = 0.0
    is_up: bool = False


def _serve(work: Callable[[A], B], pipe: Connection) -> None:
    """What a process does: take a task, send its result, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(AttributeError, OSError):
        os.nice(_NICE)
    # A process takes its time to come up; that is none of the first task's.
    with suppress(BrokenPipeError, OSError):
        pipe.send(None)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            result: Any = work(task)
        except Exception as error:
            # It is told, not hidden: the caller gets it in place of a result.
            result = Crash(f"reading it failed ({type(error).__name__}: {error})")
        try:
            pipe.send(result)
        except (BrokenPipeError, OSError):
            return


@contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """What is started here never hears Ctrl+C, which a terminal sends to every process.

    Else it would look as if the task had brought it down.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class Workers(Generic[A, B]):
    """Processes for as long as the ``with`` block runs; leaving it ends them.

    Parameters
    ----------
    work : callable
        A function of a module, ``task -> result``; both must be such that they can be pickled.
    n : int
        How many at most.
    longest_s : float
        After which a task is given up.
    """

    def __init__(self, work: Callable[[A], B], n: int, longest_s: float) -> None:
        self._work = work
        self._n = n
        self._longest_s = longest_s
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []

    def __enter__(self) -> Workers[A, B]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            self._end(worker)
        self._workers = []

    def run(self, tasks: Iterable[A]) -> Generator[tuple[int | None, B | Crash | None], None, None]:
        """Do tasks, in any order.

        Yields
        ------
        number : int or None
            The place of the task among the tasks; None where nothing is done yet, for the
            caller to go on with other things.
        result : object
            What the task gave, or `Crash`.
        """
        waiting = enumerate(tasks)
        self._supply(waiting)
        while any(w.number is not None for w in self._workers):
            done = list(self._results())
            self._supply(waiting)
            if done:
                yield from done
            else:
                yield None, None

    def _supply(self, waiting: Iterator[tuple[int, A]]) -> None:
        """Give each idle worker a task, with new workers where there are too few."""
        while True:
            idle = next((w for w in self._workers if w.number is None), None)
            if idle is None and len(self._workers) >= self._n:
                return
            following = next(waiting, None)
            if following is None:
                return
            worker = idle or self._start()
            worker.number, task = following
            worker.since_s = time.monotonic()
            with suppress(BrokenPipeError):
                # A worker that died meanwhile is found by `_results`.
                worker.pipe.send(task)

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(self._work, theirs), daemon=True)
        with deaf_to_interrupts():
            process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _results(self) -> Iterator[tuple[int | None, B | Crash | None]]:
        busy = [w for w in self._workers if w.number is not None]
        ready = set(wait([w.pipe for w in busy], _LOOK_S))
        now_s = time.monotonic()
        for worker in busy:
            number = worker.number
            if worker.pipe in ready:
                try:
                    result: B | Crash = worker.pipe.recv()
                except (EOFError, OSError):
                    self._lose(worker)
                    result = Crash("reading it brought the reader down; the file is damaged")
                else:
                    if not worker.is_up:
                        worker.is_up, worker.since_s = True, now_s
                        continue
                worker.number = None
                yield number, result
            elif now_s - worker.since_s > (self._longest_s if worker.is_up else _START_S):
                self._lose(worker)
                yield number, Crash(f"reading it took more than {self._longest_s:.0f} s")

    def _lose(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        self._end(worker)

    def _end(self, worker: _Worker) -> None:
        worker.pipe.close()
        if worker.number is not None or not worker.process.is_alive():
            worker.process.terminate()
        worker.process.join(_END_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.process.close()

"""Long work behind the window: the only file of the window that knows threads.

Lanes run `core.job.Job` generators step by step: the engine lane, serial because there is one
model on one device, a small one for reading, decoding, checking and writing, and one that
prepares the song for playing.
Everything a job says arrives on the window's thread through one queued signal, at most 30
times a second. A job is cancelled by closing its generator on its own thread, between two
steps. This module knows no song and no widget.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from chartstudio.core.job import Job, Progress

T = TypeVar("T")

UPDATES_PER_S = 30
"""How often the window hears of running jobs at most."""


_MAX_REST_S = 0.005


class Lane(Enum):
    """Where a job runs, how many run there at once, and how they rest between steps.

    The steps of engine and io let go of Python's lock all the time. Those of stretching the
    song hold it for 20 ms and would take it again at once, over and over, while the window
    waits to paint; a rest in proportion to the step gives it its turn. They also take ten
    seconds that a file should not have to wait, so that sound has a lane of its own.
    """

    ENGINE = ("engine", 1, 0.0)
    IO = ("io", 2, 0.0)
    SOUND = ("sound", 1, 0.3)
    TRAINING = ("training", 1, 0.0)
    """Waits for a process of its own that trains: for hours, so that nothing else may be here."""

    def __init__(self, title: str, n_workers: int, rest: float) -> None:
        self.title = title
        self.n_workers = n_workers
        self.rest = rest


class State(Enum):
    """How far a job has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: State
    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Listener:
    on_progress: Callable[[Progress], None] | None
    on_done: Callable[[Any], None] | None
    on_error: Callable[[Exception], None] | None


class Handle:
    """A submitted job, as the window holds it; made by `Jobs.submit`.

    Attributes
    ----------
    lane : Lane
    state : State
        As far as the window has been told.
    progress : Progress or None
        The last one delivered.
    """

    def __init__(self, lane: Lane, factory: Callable[[], Job[Any]], listener: _Listener) -> None:
        self.lane = lane
        self.state = State.WAITING
        self.progress: Progress | None = None
        self._factory: Callable[[], Job[Any]] | None = factory
        self._listener: _Listener | None = listener
        self._cancelled = threading.Event()
        self._going = threading.Event()
        self._going.set()
        # Written by the worker, read by the window's thread; each is one assignment.
        self._said: Progress | None = None
        self._outcome: _Outcome | None = None

    @property
    def active(self) -> bool:
        """Whether the job waits or runs, as far as the window has been told."""
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def ended(self) -> bool:
        """Whether the job has let go of all it held, cancelled or not."""
        return self._outcome is not None

    def pause(self) -> None:
        """Ask for no step after the present one, until `go_on`."""
        if self.active:
            self._going.clear()

    def go_on(self) -> None:
        """Ask for steps again."""
        self._going.set()

    def cancel(self) -> None:
        """Ask the job to stop after its present step; nothing of it is delivered any more."""
        if self.active:
            self._cancelled.set()
            self._going.set()
            self._listener = None
            self.state = State.CANCELLED

    def _run(self, wake: Callable[[], None]) -> None:
        """Run the job to its end on the worker's thread."""
        factory, self._factory = self._factory, None
        self._outcome = self._outcome_of(factory, wake)
        wake()

    def _outcome_of(
        self, factory: Callable[[], Job[Any]] | None, wake: Callable[[], None]
    ) -> _Outcome:
        if factory is None or self._cancelled.is_set():
            return _Outcome(State.CANCELLED)
        try:
            job = factory()
            try:
                while not self._cancelled.is_set():
                    began_s = time.monotonic()
                    self._said = next(job)
                    wake()
                    self._rest(time.monotonic() - began_s)
                    self._going.wait()
                return _Outcome(State.CANCELLED)
            except StopIteration as stop:
                return _Outcome(State.DONE, stop.value)
            finally:
                job.close()
        except Exception as error:
            # Carried to the window's thread, where it is shown; it is never dropped here.
            return _Outcome(State.FAILED, error=error)

    def _rest(self, worked_s: float) -> None:
        """Leave Python's lock to the window for a moment after a step that held it."""
        if self.lane.rest:
            self._cancelled.wait(min(_MAX_REST_S, self.lane.rest * worked_s))

    def _deliver(self) -> Exception | None:
        """Tell the listener what is new; give back an error that is to be shown."""
        said, listener = self._said, self._listener
        if listener is not None and said is not None and said is not self.progress:
            self.state = State.RUNNING
            self.progress = said
            if listener.on_progress is not None:
                listener.on_progress(said)
        outcome, listener = self._outcome, self._listener
        if outcome is None or listener is None:
            return None
        self._listener = None
        self.state = outcome.state
        if outcome.state is State.DONE and listener.on_done is not None:
            listener.on_done(outcome.value)
        if outcome.state is State.FAILED and listener.on_error is not None and outcome.error:
            listener.on_error(outcome.error)
        return outcome.error


class Jobs(QObject):
    """The lanes and what runs on them. Lives on the window's thread."""

    changed = Signal()
    """A job was submitted, said something or ended."""
    failed = Signal(object)
    """A job raised this exception; emitted once for each."""
    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queues: dict[Lane, queue.SimpleQueue[Handle | None]] = {}
        self._threads: list[threading.Thread] = []
        self._handles: list[Handle] = []
        self._is_woken = False
        self._closed = False
        self._told_s = 0.0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._tell)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        lane: Lane,
        job_factory: Callable[[], Job[T]],
        on_progress: Callable[[Progress], None] | None = None,
        on_done: Callable[[T], None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
    ) -> Handle:
        """Queue a job.

        Parameters
        ----------
        lane : Lane
        job_factory : callable
            Makes the job, on the lane's thread, so that it may import what is slow.
        on_progress, on_done, on_error : callable, optional
            Called on the window's thread. After ``on_error``, `failed` is emitted too.

        Returns
        -------
        Handle
        """
        if self._closed:
            raise RuntimeError("the lanes are closed")
        handle = Handle(lane, job_factory, _Listener(on_progress, on_done, on_error))
        self._handles.append(handle)
        self._queue(lane).put(handle)
        self.changed.emit()
        return handle

    def active(self, lane: Lane | None = None) -> tuple[Handle, ...]:
        """Jobs that wait or run, in the order in which they were submitted."""
        return tuple(h for h in self._handles if h.active and lane in (None, h.lane))

    @property
    def idle(self) -> bool:
        """Whether no job waits or runs, cancelled ones included."""
        return not self._handles

    def close(self, wait_s: float = 10.0) -> bool:
        """Cancel everything and end the threads.

        Parameters
        ----------
        wait_s : float
            How long to wait for the steps that run now.

        Returns
        -------
        bool
            Whether every thread has ended.
        """
        self._closed = True
        self._later.stop()
        for handle in self._handles:
            handle.cancel()
        for lane, waiting in self._queues.items():
            for _ in range(lane.n_workers):
                waiting.put(None)
        until_s = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        self._handles.clear()
        return not any(thread.is_alive() for thread in self._threads)

    def _queue(self, lane: Lane) -> queue.SimpleQueue[Handle | None]:
        """The lane's queue; its threads start with its first job."""
        if lane not in self._queues:
            waiting: queue.SimpleQueue[Handle | None] = queue.SimpleQueue()
            self._queues[lane] = waiting
            for i in range(lane.n_workers):
                # Daemons, so that a step that hangs in a driver cannot keep the program alive.
                name = f"chartstudio-{lane.title}-{i}"
                thread = threading.Thread(
                    target=self._work, args=(waiting,), name=name, daemon=True
                )
                self._threads.append(thread)
                thread.start()
        return self._queues[lane]

    def _work(self, waiting: queue.SimpleQueue[Handle | None]) -> None:
        for handle in iter(waiting.get, None):
            handle._run(self._wake)

    def _wake(self) -> None:
        """Ask, from any thread, for a round of deliveries."""
        if not (self._is_woken or self._closed):
            self._is_woken = True
            self._woken.emit()

    def _on_woken(self) -> None:
        wait_s = self._told_s + 1 / UPDATES_PER_S - time.monotonic()
        if wait_s <= 0:
            self._tell()
        elif not self._later.isActive():
            self._later.start(round(wait_s * 1000) + 1)

    def _tell(self) -> None:
        """Deliver what every job has said since the last time."""
        self._is_woken = False
        self._told_s = time.monotonic()
        errors = []
        for handle in tuple(self._handles):
            ended = handle._outcome is not None
            try:
                error = handle._deliver()
            finally:
                if ended and handle in self._handles:
                    self._handles.remove(handle)
            if error is not None:
                errors.append(error)
        self.changed.emit()
        for error in errors:
            self.failed.emit(error)

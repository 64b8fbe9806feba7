"""Long work as generators: progress by yielding, result by returning, cancel by closing."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a job, as the window's bar and the terminal's bar show it.

    Parameters
    ----------
    done : float
        Share of the work that is finished, 0 to 1.
    what : str
        What is being done now, in words for the user.
    partial : object, optional
        What exists so far, for jobs that stream (a draft's notes).
    """

    done: float
    what: str = ""
    partial: Any = None


Job = Generator[Progress, None, T]
"""A long task. ``next()`` does one bounded step; ``close()`` cancels it."""


def run(job: Job[T], report: Callable[[Progress], None] | None = None) -> T:
    """Run a job to its end on this thread.

    Parameters
    ----------
    job : Job
    report : callable, optional
        Called with every `Progress`.

    Returns
    -------
    object
        What the job returns.
    """
    try:
        while True:
            progress = next(job)
            if report is not None:
                report(progress)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        job.close()


def part(job: Job[T], start: float, end: float, what: str = "") -> Job[T]:
    """A job as one stretch of a longer one: ``result = yield from part(job, 0.2, 0.6)``.

    Parameters
    ----------
    job : Job
    start, end : float
        The share of the whole that it takes.
    what : str
        Said instead of the job's own words, where given.
    """
    try:
        while True:
            step = next(job)
            done = start + (end - start) * step.done
            yield Progress(done, what or step.what, step.partial)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        job.close()

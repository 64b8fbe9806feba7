"""A progress line on a terminal, silence elsewhere; and Ctrl+C between two steps of a job.

An interrupt that Python raises wherever it happens to be may land inside a C library's
callback, which prints it and goes on. So it is noted, and raised when the step is over.
"""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO, TypeVar

from chartstudio.core.job import Job, Progress, run

T = TypeVar("T")

_WIDTH = 24
_INTERVAL_S = 0.05


def path(text: str) -> Path:
    """A path among the arguments; an empty one would mean the folder one happens to be in."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a file or a folder")
    return Path(text)


class Console:
    """Where progress and messages go.

    Parameters
    ----------
    stream : file
        Standard error, as a rule.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._shown = False
        self._next_s = 0.0
        self._interrupted = False

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Note Ctrl+C and raise it after the running step; a second one at once.

        Where the caller's process handles or ignores it, nothing is changed.
        """
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return

        def note(number: int, frame: FrameType | None) -> None:
            if self._interrupted:
                raise KeyboardInterrupt
            self._interrupted = True

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def run(self, job: Job[T]) -> T:
        """Run a job to its end under the progress line.

        Raises
        ------
        KeyboardInterrupt
            After the step in which Ctrl+C was pressed; the job is closed.
        """
        result = run(job, self._report)
        self.clear()
        return result

    def say(self, text: str) -> None:
        """One line for the user."""
        self.clear()
        print(text, file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the progress line away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False

    def _report(self, progress: Progress) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        now_s = time.monotonic()
        if not self._live or now_s < self._next_s:
            return
        self._next_s = now_s + _INTERVAL_S
        done = max(0.0, min(1.0, progress.done))
        bar = ("█" * round(done * _WIDTH)).ljust(_WIDTH, "·")
        self._stream.write(f"\r\x1b[K{bar} {done:4.0%} {progress.what}"[:100])
        self._stream.flush()
        self._shown = True

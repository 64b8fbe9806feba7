"""A progress line on a terminal; silence elsewhere."""

from __future__ import annotations

import time
from typing import TextIO, TypeVar

from chartstudio.core.job import Job, Progress, run

T = TypeVar("T")

_WIDTH = 24
_INTERVAL_S = 0.05


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

    def run(self, job: Job[T]) -> T:
        """Run a job to its end under the progress line."""
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
        now_s = time.monotonic()
        if not self._live or now_s < self._next_s:
            return
        self._next_s = now_s + _INTERVAL_S
        done = max(0.0, min(1.0, progress.done))
        bar = ("█" * round(done * _WIDTH)).ljust(_WIDTH, "·")
        self._stream.write(f"\r\x1b[K{bar} {done:4.0%} {progress.what}"[:100])
        self._stream.flush()
        self._shown = True

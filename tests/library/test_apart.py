"""Jobs in a process of their own: what they say, how they end, and how they are ended."""

import os
import signal
import time
from pathlib import Path

import pytest

from chartstudio.core.errors import ChartStudioError, FormatError
from chartstudio.core.job import Job, Progress, run
from chartstudio.library.apart import apart


def odd(task: str, note: Path | None = None) -> Job[int]:
    """A job that ends as it is told; the process over there finds it by its name."""
    try:
        yield Progress(0.5, "Half")
        if task == "raise":
            raise FormatError("file.sm", 3, "is no song; choose another")
        if task == "defect":
            raise KeyError("odd")
        if task == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        while task == "endless":
            yield Progress(0.6, str(os.getpid()))
            time.sleep(0.01)
        return os.getpid()
    finally:
        if note is not None:
            note.write_text("tidied up")


def test_a_job_apart_says_and_returns_what_it_would_here() -> None:
    said: list[Progress] = []
    assert run(apart(odd, "plain"), said.append) != os.getpid()
    assert "Starting" in [p.what for p in said]


@pytest.mark.parametrize(
    ("task", "kind", "said"),
    [
        ("raise", ChartStudioError, "file.sm:3: is no song"),
        ("defect", RuntimeError, "KeyError: 'odd'"),
        ("die", ChartStudioError, "ended at once"),
    ],
)
def test_what_goes_wrong_apart_is_raised_here(task: str, kind: type, said: str) -> None:
    with pytest.raises(kind, match=said):
        run(apart(odd, task))


def test_a_cancelled_job_apart_tidies_up_and_is_gone(tmp_path: Path) -> None:
    note = tmp_path / "note"
    job = apart(odd, "endless", note)
    number = next(p.what for p in job if p.what.isdecimal())
    job.close()
    assert note.read_text() == "tidied up"
    with pytest.raises(ProcessLookupError):
        os.kill(int(number), 0)

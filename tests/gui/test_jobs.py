import threading

import pytest

from chartstudio.core.errors import FormatError
from chartstudio.core.job import Progress
from chartstudio.gui.jobs import Jobs, Lane, State


@pytest.fixture
def jobs(qtbot):
    made = Jobs()
    yield made
    assert made.close()


def _counting(n, seen=None):
    for i in range(n):
        if seen is not None:
            seen.append((i, threading.current_thread().name))
        yield Progress(i / n, f"step {i}")
    return n


def _our_threads():
    return [t for t in threading.enumerate() if t.name.startswith("chartstudio-")]


def test_a_job_runs_off_the_window_thread_and_reports_on_it(jobs, qtbot):
    seen, told = [], []
    done = []
    handle = jobs.submit(
        Lane.IO,
        lambda: _counting(5, seen),
        on_progress=lambda p: told.append((p.what, threading.current_thread())),
        on_done=lambda n: done.append((n, threading.current_thread())),
    )
    qtbot.waitUntil(lambda: bool(done))
    assert done == [(5, threading.main_thread())]
    assert {name for _, name in seen} == {"chartstudio-io-0"} or {name for _, name in seen} == {
        "chartstudio-io-1"
    }
    assert told[-1] == ("step 4", threading.main_thread())
    assert handle.state is State.DONE


def test_fast_progress_is_told_seldom_and_ends_with_the_last(jobs, qtbot):
    told, done = [], []
    jobs.submit(Lane.IO, lambda: _counting(5000), told.append, done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert len(told) < 500
    assert told[-1].what == "step 4999"


def test_cancel_closes_the_job_on_its_own_thread(jobs, qtbot):
    closed_on, said = [], []
    started = threading.Event()

    def endless():
        try:
            while True:
                started.set()
                yield Progress(0.0)
        finally:
            closed_on.append(threading.current_thread().name)

    handle = jobs.submit(Lane.ENGINE, endless, said.append, said.append, said.append)
    assert started.wait(5)
    handle.cancel()
    said.clear()
    qtbot.waitUntil(lambda: jobs.idle)
    assert closed_on == ["chartstudio-engine-0"]
    assert said == []
    assert handle.state is State.CANCELLED


def test_a_paused_job_takes_no_step_until_it_goes_on_or_is_cancelled(jobs, qtbot):
    steps = []

    def endless():
        while True:
            steps.append(1)
            yield Progress(0.0)

    handle = jobs.submit(Lane.TRAINING, endless)
    qtbot.waitUntil(lambda: bool(steps))
    handle.pause()
    qtbot.wait(30)
    n = len(steps)
    qtbot.wait(30)
    assert len(steps) == n
    handle.go_on()
    qtbot.waitUntil(lambda: len(steps) > n)
    handle.pause()
    assert not handle.ended
    handle.cancel()
    qtbot.waitUntil(lambda: handle.ended)


def test_a_job_cancelled_before_its_turn_never_starts(jobs, qtbot):
    gate, made = threading.Event(), []

    def first():
        yield Progress(0.0)
        gate.wait(5)

    def second():
        made.append(True)
        yield Progress(0.0)

    jobs.submit(Lane.ENGINE, first)
    jobs.submit(Lane.ENGINE, second).cancel()
    gate.set()
    qtbot.waitUntil(lambda: jobs.idle)
    assert made == []


def test_the_engine_lane_is_serial(jobs, qtbot):
    order = []

    def job(name):
        for _ in range(3):
            order.append(name)
            yield Progress(0.0)

    jobs.submit(Lane.ENGINE, lambda: job("a"))
    jobs.submit(Lane.ENGINE, lambda: job("b"))
    qtbot.waitUntil(lambda: jobs.idle)
    assert order == ["a"] * 3 + ["b"] * 3


@pytest.mark.parametrize("when", ["factory", "step"])
def test_an_error_arrives_once(jobs, qtbot, when):
    shown, reset = [], []
    jobs.failed.connect(shown.append)
    error = FormatError("song.ogg", None, "the file is empty")

    def job():
        yield Progress(0.0)
        raise error

    def factory():
        if when == "factory":
            raise error
        return job()

    handle = jobs.submit(Lane.IO, factory, on_error=reset.append)
    qtbot.waitUntil(lambda: jobs.idle)
    qtbot.wait(50)
    assert shown == [error]
    assert reset == [error]
    assert handle.state is State.FAILED


def test_closing_cancels_what_runs_and_leaves_no_thread(qtbot):
    jobs = Jobs()
    closed = []

    def endless():
        try:
            while True:
                yield Progress(0.0)
        finally:
            closed.append(True)

    started = len(_our_threads())
    jobs.submit(Lane.ENGINE, endless)
    jobs.submit(Lane.IO, lambda: _counting(10**9))
    qtbot.waitUntil(lambda: any(h.progress for h in jobs.active()))
    assert len(_our_threads()) == started + 3
    assert jobs.close()
    assert len(_our_threads()) == started
    assert closed == [True]
    with pytest.raises(RuntimeError):
        jobs.submit(Lane.IO, lambda: _counting(1))

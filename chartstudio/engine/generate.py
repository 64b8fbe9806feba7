"""Drafting: a request in, candidates out, one bounded step at a time.

Runs rounds over the sections of a task until the asked level is reached. Knows every other
part of the engine but training and the service.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import chain
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.job import Job, Progress, part
from chartstudio.core.note import Note, slice_notes, sort_notes
from chartstudio.engine.echo import repeated
from chartstudio.engine.levels import Aim, Attempt
from chartstudio.engine.requests import Candidate, Draft
from chartstudio.engine.task import Sound, Task, hear, prepare
from chartstudio.engine.writer import (
    SECTIONS_AHEAD,
    Desk,
    Writer,
    desks,
    new_writer,
    start_of,
    write,
)

_FULL = "no more notes fit on lines of 1/{grid}, and the level is not reached: try a finer grid"

_SPANS = ((0.0, 0.6), (0.6, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 1.0))
"""Shares of the progress that the rounds take; there are no more rounds than these."""

_FIRST_REACH, _WIDER = 2, 3
"""Rows on either side of a time without one that are left as they were; how these grow."""

# Judging ---------------------------------------------------------------------------------


def judge(task: Task, writer: Writer) -> Candidate:
    """A finished candidate with its level and issues; those within kept bars are left out."""
    request, stay = task.request, task.stay
    whole = replace(request.chart, notes=sort_notes((*stay.given, *writer.notes)))
    issues = tuple(
        issue
        for issue in task.mode.check(whole, request.timing)
        if any(issue.tick < end and issue.end >= start for start, end in stay.holes)
    )
    timing, grid = request.timing, request.grid
    own = frozenset(request.only or ()) if request.worth else frozenset()
    if stay.times is not None:
        own = frozenset(stay.times.tolist())
    ticks = {t for n in writer.notes for t in (n.tick, n.end)} - own
    off = {t for t in ticks if timing.snap(t, grid) != t}
    return Candidate(
        notes=tuple(slice_notes(whole.notes, request.start, request.end)),
        seed=writer.seed,
        level_reached=task.mode.difficulty(whole, request.timing),
        issues=issues,
        n_off_grid=sum(n.tick in off or n.end in off for n in writer.notes),
        n_bad_events=writer.n_bad,
    )


def n_errors(candidate: Candidate) -> int:
    """Issues that make a chart unplayable."""
    return sum(issue.severity == "error" for issue in candidate.issues)


# Scoring ---------------------------------------------------------------------------------


def scored(task: Task, sounds: Sequence[Sound]) -> list[NDArray[np.float32]]:
    """Log-odds of the lines of the sections that are heard.

    A song that is heard as a whole before its first note is scored alike where it repeats.
    """
    odds = [task.odds(s, sound) for s, sound in zip(task.sections, sounds, strict=False)]
    weight = task.model.spec.plan.repeats
    if task.like is None or not weight or len(task.sections) > SECTIONS_AHEAD:
        return odds
    even = repeated(np.concatenate(odds), task.line_slots, task.like, weight)
    return np.split(even, [s.end_line for s in task.sections[:-1]])


# The job ---------------------------------------------------------------------------------


def generate(task: Task) -> Job[Draft]:
    """Draft all candidates; where times are locked, each has a row at every one of them.

    Yields
    ------
    Progress
        ``partial`` holds the notes of the first candidate so far.

    Returns
    -------
    Draft
        Candidates by their errors, then by how far they are from the asked level.
    """
    draft = yield from _drafted(task)
    if task.stay.times is None:
        return draft
    whole = list(draft.candidates)
    for i, candidate in enumerate(draft.candidates):
        whole[i] = yield from _at_all_times(task, candidate)
    return replace(draft, candidates=tuple(whole))


def _at_all_times(task: Task, candidate: Candidate) -> Job[Candidate]:
    """A candidate that has a row at every locked time.

    What was written before a time may leave nothing to play there. It is then written again
    with the old rows about that time left as they are, and with more of them until all times
    have one: the old rows could be played at theirs.
    """
    pinned: frozenset[int] = frozenset()
    times, reach = task.lines, _FIRST_REACH
    request = replace(task.request, seed=candidate.seed, n_candidates=1)
    while True:
        written = {n.tick for n in candidate.notes if task.mode.counts(n)}
        missing = np.flatnonzero([t not in written for t in times.tolist()])
        if not len(missing):
            return candidate
        near = np.abs(np.arange(len(times))[:, None] - missing[None]).min(axis=1) <= reach
        pinned |= frozenset(times[near].tolist())
        reach *= _WIDER
        if len(pinned) == len(times):
            return _as_it_was(task, candidate)
        again = prepare(request, task.mode, task.model, task.song, pinned)
        job = part(_drafted(again), _SPANS[0][1], 1.0)
        candidate = (yield from job).candidates[0]


def _as_it_was(task: Task, candidate: Candidate) -> Candidate:
    """A candidate that leaves the range as the author has it."""
    chart, cut = task.request.chart, dict(task.stay.cut)
    whole = replace(chart, notes=tuple(cut.get(n, n) for n in chart.notes))
    notes = slice_notes(whole.notes, task.request.start, task.request.end)
    level = task.mode.difficulty(whole, task.request.timing)
    return Candidate(tuple(notes), candidate.seed, level)


def _drafted(task: Task) -> Job[Draft]:
    """Draft all candidates, as far as there is something to play at each time.

    See `generate`.
    """
    request = task.request
    sounds: list[Sound] = []
    seconds = {"features": 0.0, "draft": 0.0}
    aims = {request.seed + i: Aim(task) for i in range(request.n_candidates)}
    wanted = dict.fromkeys(aims, Attempt(task.n_times))
    best: dict[int, tuple[float, Candidate]] = {}
    shown: tuple[Note, ...] = ()
    for span in _SPANS:
        writers = yield from _round(task, wanted, sounds, seconds, (shown, span))
        started = perf_counter()
        wanted = {}
        for writer in writers:
            candidate, aim = judge(task, writer), aims[writer.seed]
            own = candidate.level_reached
            if task.stay.given and not task.fixed:
                own = aim.level_of(writer.notes)
            miss = aim.miss(own)
            if writer.seed not in best or miss < best[writer.seed][0]:
                best[writer.seed] = (miss, candidate)
            step = Progress(span[1], "Checking", best[request.seed][1].notes)
            seconds["draft"] += perf_counter() - started
            yield step
            started = perf_counter()
            again = None if task.fixed else (yield from aim.next(writer, own, step))
            if again is not None:
                wanted[writer.seed] = again
        seconds["draft"] += perf_counter() - started
        shown = best[request.seed][1].notes
        if not wanted:
            break
    ranked = sorted(best.values(), key=lambda b: (n_errors(b[1]), b[0], b[1].seed))
    first = ranked[0][1]
    lacks_lines = aims[first.seed].lacks_lines(first.level_reached)
    return Draft(
        candidates=tuple(candidate for _, candidate in ranked),
        model=task.model.label,
        device=task.model.ear.device.type,
        number_type=task.model.ear.number_type,
        seconds=seconds,
        holes=task.stay.holes,
        cut=task.stay.cut,
        notice=task.model.ear.news() or (_FULL.format(grid=request.grid) if lacks_lines else ""),
        lacks_lines=lacks_lines,
    )


def _round(
    task: Task,
    wanted: dict[int, Attempt],
    sounds: list[Sound],
    seconds: dict[str, float],
    view: tuple[tuple[Note, ...], tuple[float, float]],
) -> Generator[Progress, None, list[Writer]]:
    """Write the wanted candidates once, hearing what is not heard yet.

    ``view`` holds the notes to show while these are written (none in the first round, which
    shows its own), and the share of the progress that the round takes.
    """
    shown, (low, high) = view
    writers: list[Writer] = []
    seated: tuple[Desk, ...] = ()
    odds: list[NDArray[np.float32]] = []

    def progress(what: str, share: float) -> Progress:
        partial = shown or (sort_notes(writers[0].notes) if writers else ())
        return Progress(low + (high - low) * share, what, partial)

    n_sections = len(task.sections)
    for index in range(n_sections):
        while len(sounds) < min(index + SECTIONS_AHEAD, n_sections):
            section = task.sections[len(sounds)]
            started = perf_counter()
            for window in section.windows:
                task.song.beats(window.first, task.model.spec.windows.n_beats)
            seconds["features"] += perf_counter() - started
            yield progress("Listening", index / n_sections)
            started = perf_counter()
            sounds.append(hear(task, section))
            seconds["draft"] += perf_counter() - started
            yield progress("Listening", index / n_sections)
        started = perf_counter()
        if not writers:
            start = start_of(task, sounds[0])
            writers = [
                new_writer(task, seed, attempt.n_times, start, attempt.thick)
                for seed, attempt in wanted.items()
            ]
            seated = desks(task, writers, start)
        if len(odds) < len(sounds):
            odds = scored(task, sounds)
        for writer in writers:
            for heard in range(len(writer.scores), min(index + SECTIONS_AHEAD, n_sections)):
                writer.hear(task, heard, odds[heard])
            writer.plan(task, index, sounds[index])
        keep = 0 if index == n_sections - 1 else 1
        for _ in chain.from_iterable(write(desk, keep) for desk in seated):
            seconds["draft"] += perf_counter() - started
            yield progress("Writing", (index + 0.5) / n_sections)
            started = perf_counter()
        seconds["draft"] += perf_counter() - started
    return writers

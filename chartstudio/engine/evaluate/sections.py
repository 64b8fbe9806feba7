"""Thousands of redrawn sections, and everything that is wrong with them.

``python -m chartstudio.engine.evaluate.sections --model NAME --data DIR --n 10000 --out FILE``.
Modes, songs, tempos, ranges, levels, seeds, grids, locks and kept bars are drawn by chance;
all of it follows from the run's seed and a section's number, so that one alone can be asked
for again with ``--again``. A run that was cut off goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from chartstudio.core.errors import ChartStudioError, EngineError
from chartstudio.core.mode import Mode
from chartstudio.core.note import sort_notes
from chartstudio.engine.checkpoint import Model
from chartstudio.engine.evaluate.cuts import Drafter, cut_of, find_audio, open_model
from chartstudio.engine.evaluate.section_asked import (
    SECTIONS_PER_GROUND,
    Ground,
    ground,
    held_over,
    section,
)
from chartstudio.engine.evaluate.section_judged import (
    KINDS,
    Before,
    Fault,
    errors_of,
    judged,
    reason,
    refused,
)
from chartstudio.engine.requests import DRAFTED_MODES, GenerateRequest
from chartstudio.modes import MODES

CUT_S = 45.0
"""Songs are cut to so much: a section of 16 bars and something around it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run.

    Parameters
    ----------
    model : str
        Its name or folder.
    songs : tuple of Path
    modes : tuple of str
    seed : int
    n : int
        Sections in all.
    """

    model: str
    songs: tuple[Path, ...]
    modes: tuple[str, ...]
    seed: int
    n: int

    @property
    def n_grounds(self) -> int:
        """Context charts that this takes."""
        return -(-self.n // SECTIONS_PER_GROUND)

    def numbers(self, of_ground: int) -> range:
        """Numbers of the sections in one context."""
        first = of_ground * SECTIONS_PER_GROUND
        return range(first, min(first + SECTIONS_PER_GROUND, self.n))

    def ground(self, number: int) -> Ground:
        """One context."""
        modes = tuple(MODES[m] for m in self.modes)
        return ground(self.seed, number, modes, len(self.songs))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of the sections of one context.

    Parameters
    ----------
    ground : int
    n : int
        Sections.
    mode : str
    seconds : float
    asked : dict of str to int
        How often each thing was asked for.
    refusals : dict of str to int
        Refusals that were due, by their words.
    faults : dict of str to int
        By kind.
    failures : tuple of dict
        Each section with faults: its number, what was asked, what is wrong.
    """

    ground: int
    n: int
    mode: str
    seconds: float
    asked: dict[str, int]
    refusals: dict[str, int]
    faults: dict[str, int]
    failures: tuple[dict[str, Any], ...]


# One context -----------------------------------------------------------------------------


def outcome_of(plan: Plan, number: int, drafter: Drafter, only: int | None = None) -> Outcome:
    """Draft a context and redraw its sections, or one of them."""
    started = time.perf_counter()
    where = plan.ground(number)
    audio = cut_of(plan.songs[where.song], CUT_S, drafter.model.spec.features)
    request = where.context(audio)
    asked, refusals, faults = Counter[str](), Counter[str](), Counter[str]()
    failures: list[dict[str, Any]] = []
    numbers = plan.numbers(number) if only is None else (only,)

    def book(section: int, request: GenerateRequest, found: Sequence[Fault]) -> None:
        faults.update(f.kind for f in found)
        if found:
            failures.append(_failure(plan, where, section, request, found))

    try:
        draft = drafter.draft(request)
    except EngineError as error:
        # Cuts sound and have room: a whole draft has nothing to be refused for.
        book(numbers[0], request, [Fault("refused", f"context: {error}")])
        draft = None
    notes = () if draft is None else draft.candidates[0].notes
    chart = replace(request.chart, notes=sort_notes(notes))
    context = replace(request, chart=chart)
    errors = errors_of(chart, context)
    book(numbers[0], request, [Fault("errors", f"context: {e}") for e in errors])
    for n in numbers if draft is not None else ():
        wanted = section(plan.seed, n, where, context)
        before = Before(wanted, errors)
        asked.update(_asked(wanted))
        book(n, wanted, _faults(before, drafter, refusals))
    return Outcome(
        ground=number,
        n=len(numbers),
        mode=where.mode.id,
        seconds=round(time.perf_counter() - started, 2),
        asked=dict(asked),
        refusals=dict(refusals),
        faults=dict(faults),
        failures=tuple(failures),
    )


def _faults(before: Before, drafter: Drafter, refusals: Counter[str]) -> list[Fault]:
    try:
        return judged(before, drafter.draft(before.request))
    except EngineError as error:
        fault = refused(before, str(error))
        if fault is None:
            refusals[reason(str(error))] += 1
        return [] if fault is None else [fault]
    except Exception:  # whatever else is raised is what this looks for, and is reported whole
        return [Fault("crashed", traceback.format_exc())]


def _asked(request: GenerateRequest) -> Iterator[str]:
    """What a section asks for, in words to count."""
    yield "sections"
    if request.locks:
        yield "lock " + "+".join(sorted(request.locks)) + (" named" if request.lanes else "")
    edges = [request.start, request.end, *(t for span in request.keep for t in span)]
    if any(held_over(request.chart, edge) for edge in edges):
        yield "hold over an edge, cut" if request.cut_holds else "hold over an edge, whole"
    if request.keep:
        yield "kept bars"
    if request.density:
        yield "painted density"
    if request.level is None:
        yield "level of the author"


def _failure(
    plan: Plan, where: Ground, number: int, request: GenerateRequest, found: Sequence[Fault]
) -> dict[str, Any]:
    """A failed section with all that makes it again."""
    return {
        "section": number,
        "again": f"--seed {plan.seed} --modes {','.join(plan.modes)} --again {number}",
        "song": plan.songs[where.song].name,
        "mode": where.mode.id,
        "context": {"level": where.level, "grid": where.grid, "seed": where.seed},
        "asked": {
            "start": request.start,
            "end": request.end,
            "measures": [request.timing.position(t).measure for t in (request.start, request.end)],
            "level": request.level,
            "grid": request.grid,
            "seed": request.seed,
            "n_candidates": request.n_candidates,
            "locks": sorted(request.locks),
            "lanes": sorted(request.lanes),
            "keep": request.keep,
            "cut_holds": request.cut_holds,
            "density": request.density,
        },
        "faults": [asdict(f) for f in found],
    }


# Many ------------------------------------------------------------------------------------

_HERE: dict[str, Any] = {}
"""A worker's plan and drafter."""


def _begin(plan: Plan) -> None:
    torch.set_num_threads(1)
    _HERE.update(plan=plan, drafter=Drafter(open_model(plan.model)))


def _work(number: int) -> Outcome:
    return outcome_of(_HERE["plan"], number, _HERE["drafter"])


def outcomes(plan: Plan, grounds: Iterable[int], workers: int) -> Iterator[Outcome]:
    """Outcomes of some contexts as they come, from that many processes."""
    if workers < 2:
        _begin(plan)
        yield from map(_work, grounds)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _begin, (plan,)) as pool:
        yield from pool.imap_unordered(_work, list(grounds))


def summary(plan: Plan, found: Sequence[Outcome], workers: int) -> dict[str, Any]:
    """All figures of a run."""
    asked, refusals, faults = Counter[str](), Counter[str](), Counter[str]()
    by_mode: dict[str, Counter[str]] = {m: Counter() for m in plan.modes}
    for one in found:
        asked.update(one.asked)
        refusals.update(one.refusals)
        faults.update(one.faults)
        by_mode[one.mode].update({"sections": one.n, **one.faults})
    seconds = sum(one.seconds for one in found)
    counts = {kind: faults[kind] for kind in KINDS}
    return {
        "model": plan.model,
        "seed": plan.seed,
        "cut_s": CUT_S,
        "songs": [path.name for path in plan.songs],
        "sections": sum(one.n for one in found),
        "contexts": len(found),
        "errors": counts["errors"],
        "off_grid": counts["off_grid"],
        "broken_locks": sum(n for kind, n in counts.items() if kind.startswith("broken_")),
        "illegal_borders": counts["illegal_borders"],
        "not_answered": counts["refused"] + counts["crashed"],
        "failed_sections": sum(len(one.failures) for one in found),
        "faults": counts,
        "asked": dict(sorted(asked.items())),
        "refused_as_due": dict(refusals.most_common()),
        "modes": {m: dict(c) for m, c in by_mode.items()},
        "process_seconds": round(seconds, 1),
        "sections_per_process_s": round(sum(o.n for o in found) / max(seconds, 1e-9), 2),
        "workers": workers,
        "failures": [failure for one in found for failure in one.failures],
    }


def table(figures: dict[str, Any]) -> list[str]:
    """The figures as lines of text."""
    totals = ("errors", "off_grid", "broken_locks", "illegal_borders", "not_answered")
    lines = [
        f"{figures['sections']} sections in {figures['contexts']} contexts (songs cut to "
        f"{figures['cut_s']:g} s), {figures['sections_per_process_s']:g} per second and process",
        ", ".join(f"{name} {figures[name]}" for name in totals),
    ]
    lines += [f"  {kind} {n}" for kind, n in figures["faults"].items() if n]
    for mode, counts in figures["modes"].items():
        wrong = ", ".join(f"{k} {n}" for k, n in sorted(counts.items()) if k != "sections")
        lines.append(f"  {mode:14s} {counts.get('sections', 0):6d}  {wrong or 'nothing wrong'}")
    lines += [f"  asked {what}: {n}" for what, n in figures["asked"].items()]
    lines += [f"  refused {n}: {why}" for why, n in figures["refused_as_due"].items()]
    return lines


# The run's file --------------------------------------------------------------------------


class Kept:
    """Outcomes as they come, one line each beside the run's file, so that it can go on.

    Parameters
    ----------
    out : Path
        The run's file.
    plan : Plan

    Raises
    ------
    EngineError
        When what is there belongs to another run.
    """

    def __init__(self, out: Path, plan: Plan) -> None:
        self._path = out.with_name(out.name + "l")
        head = {"model": plan.model, "modes": list(plan.modes), "seed": plan.seed}
        self._head = {**head, "songs": [path.name for path in plan.songs]}
        self.done: dict[int, Outcome] = {}
        if self._path.is_file():
            self._read(plan)
            return
        out.parent.mkdir(parents=True, exist_ok=True)
        self._add(self._head)

    def _read(self, plan: Plan) -> None:
        first, *rest = self._path.read_text(encoding="utf-8").splitlines()
        if json.loads(first) != self._head:
            raise EngineError(f"{self._path}: is of another run; remove it or choose another --out")
        for line in rest:
            values = json.loads(line)
            one = Outcome(**{**values, "failures": tuple(values["failures"])})
            if one.n == len(plan.numbers(one.ground)):
                self.done[one.ground] = one

    def add(self, one: Outcome) -> None:
        """Keep an outcome."""
        self.done[one.ground] = one
        self._add(asdict(one))

    def _add(self, values: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print the figures; 0 when done, 1 with a line of why not."""
    args = _parser().parse_args(argv)
    try:
        plan = _plan(args)
        if args.again is not None:
            number = args.again // SECTIONS_PER_GROUND
            one = outcome_of(plan, number, Drafter(open_model(plan.model)), args.again)
            print(json.dumps(one.failures, indent=1))
            return 0
        figures = _run(plan, args.out, args.workers)
    except ChartStudioError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("\n".join(table(figures)))
    return 0


def _plan(args: argparse.Namespace) -> Plan:
    model = open_model(args.model)
    modes = drafted_modes(model, args.modes)
    songs = find_audio(args.data)[: args.songs]
    n = args.n if args.again is None else max(args.n, args.again + 1)
    return Plan(args.model, songs, tuple(m.id for m in modes), args.seed, n)


def drafted_modes(model: Model, asked: Sequence[str] | None) -> tuple[Mode, ...]:
    """The asked modes, or all that a draft is offered for and the model knows.

    Raises
    ------
    EngineError
        When it does not know one of those that are asked for.
    """
    known = model.spec.vocabulary.mode_ids
    wanted = [m for m in DRAFTED_MODES if m in known] if asked is None else asked
    unknown = [m for m in wanted if m not in known]
    if unknown:
        raise EngineError(
            f"{model.label} does not draft {unknown[0]}; it drafts {', '.join(known)}"
        )
    return tuple(MODES[m] for m in wanted)


def _run(plan: Plan, out: Path, workers: int) -> dict[str, Any]:
    kept = Kept(out, plan)
    left = [g for g in range(plan.n_grounds) if g not in kept.done]
    for one in outcomes(plan, left, workers):
        kept.add(one)
        wrong = ", ".join(f"{kind} {n}" for kind, n in one.faults.items())
        done = f"{len(kept.done)}/{plan.n_grounds}"
        print(f"{done} {one.mode} {one.seconds:.1f} s {wrong}", file=sys.stderr, flush=True)
    figures = summary(plan, [kept.done[g] for g in range(plan.n_grounds)], workers)
    out.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chartstudio.engine.evaluate.sections",
        description="Redraw sections of drafted charts by chance and count what is wrong.",
    )
    parser.add_argument("--model", default="base", help="an installed model, or a model's folder")
    parser.add_argument("--data", type=Path, required=True, help="folder with audio, at any depth")
    parser.add_argument("--n", type=int, default=1_000, help="sections (default 1000)")
    parser.add_argument("--modes", type=lambda text: text.split(","), metavar="MODE[,...]")
    parser.add_argument("--songs", type=int, help="only the first so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    parser.add_argument("--out", type=Path, default=Path("sections.json"))
    parser.add_argument("--again", type=int, metavar="SECTION", help="one section of a run")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

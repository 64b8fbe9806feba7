"""A spread: from one hard chart down to easier ones, each a part of the one above in time.

Every level takes its times from the next harder one, the most worthy of them first, as many as
reach it; what is played there is written anew, as is comfortable at that level. A level that
comes out no easier than the one above is written again with fewer times. Knows requests and
charts; refuses to know how they are answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, part
from chartstudio.core.mode import Mode
from chartstudio.core.note import slice_notes
from chartstudio.core.song import Chart
from chartstudio.engine.requests import Candidate, Draft, GenerateRequest
from chartstudio.engine.thinning import FINEST, Pair, learned, pair, rows_of, worth
from chartstudio.modes import MODES
from chartstudio.modes.usual import usual_settings

Answer = Callable[[GenerateRequest], Job[Draft]]
"""What drafts: `engine.service.Engine.draft`."""

_FEWER = 0.85
_MOST_TRIES = 6


@dataclass(frozen=True, slots=True)
class SpreadRequest:
    """Easier charts below one that is there.

    Parameters
    ----------
    request : GenerateRequest
        The song, the range, the grid, the seed, and in ``chart`` the hardest chart. What else
        it says (locks, kept bars, density, counts, times to choose from) is left out of
        account.
    levels : tuple of float
        In the mode's unit, in any order, each below the hardest chart's.
    others : tuple of Chart
        The song's other charts of this mode: where the author has made an easier one beside
        a harder one, their way of leaving out is learned from them.
    """

    request: GenerateRequest
    levels: tuple[float, ...]
    others: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class SpreadLevel:
    """One level of a spread.

    Parameters
    ----------
    request : GenerateRequest
        What was asked for: its chart is the new one before it has notes, named as the one
        above it.
    draft : Draft
    """

    request: GenerateRequest
    draft: Draft

    @property
    def best(self) -> Candidate:
        """The candidate that lower levels are made of."""
        return self.draft.candidates[0]


def spread(asked: SpreadRequest, answer: Answer) -> Job[tuple[SpreadLevel, ...]]:
    """Draft the levels of a spread, hardest first.

    Parameters
    ----------
    asked : SpreadRequest
    answer : callable

    Returns
    -------
    tuple of SpreadLevel
        One for each level, from the highest to the lowest; times are proper parts of those
        above, and levels fall strictly.

    Raises
    ------
    EngineError
        When a level is not below the hardest chart's, or cannot be made of the times there.
    """
    request = asked.request
    mode = MODES[request.chart.mode]
    levels = sorted(set(asked.levels), reverse=True)
    reached = mode.difficulty(request.chart, request.timing)
    _refuse(levels, request.chart, reached)
    weights = learned(_pairs(asked, mode))
    made: list[SpreadLevel] = []
    for i, level in enumerate(levels):
        job = easier(request, level, reached, weights, answer)
        new = yield from part(job, i / len(levels), (i + 1) / len(levels))
        made.append(new)
        request = replace(request, chart=replace(new.request.chart, notes=new.best.notes))
        reached = new.best.level_reached
    return tuple(made)


def easier(
    request: GenerateRequest,
    level: float,
    above: float,
    weights: dict[str, float],
    answer: Answer,
) -> Job[SpreadLevel]:
    """Draft one level from the times of a harder chart.

    Parameters
    ----------
    request : GenerateRequest
        As in `SpreadRequest`; its chart is the next harder one.
    level : float
    above : float
        The level that the harder chart reaches.
    weights : dict of str to float
        By which its times are thinned; see `thinning.learned`.
    answer : callable

    Raises
    ------
    EngineError
        When the harder chart has too few times, or no fewer of them make an easier one.
    """
    wanted = _lower(request, level, weights)
    asked = wanted
    for _ in range(_MOST_TRIES):
        draft = yield from answer(asked)
        lower = tuple(c for c in draft.candidates if c.level_reached < above)
        if lower:
            return SpreadLevel(wanted, replace(draft, candidates=lower))
        n_times = len({n.tick for n in draft.candidates[0].notes})
        fewer = min(int(n_times * _FEWER), n_times - 1)
        if fewer < 1:
            break
        asked = replace(wanted, n_times=fewer)
    raise EngineError(
        f"level {level:g} came out no easier than the one above it, {above:.2f}: "
        "ask for a lower one"
    )


def _refuse(levels: Sequence[float], chart: Chart, top: float) -> None:
    if not levels:
        raise EngineError("a spread needs levels below the hardest chart: name some")
    if not chart.notes:
        raise EngineError("a spread is made of a chart's notes, and this one has none")
    if levels[0] >= max(top, chart.level or 0.0):
        raise EngineError(
            f"level {levels[0]:g} is not below the hardest chart's {top:.2f}: ask for lower ones"
        )


def _pairs(asked: SpreadRequest, mode: Mode) -> list[Pair]:
    """What the author made of their own charts: each with the next easier one."""
    request = asked.request
    charts = {c.notes: c for c in (request.chart, *asked.others) if c.mode == mode.id and c.notes}
    by_level = sorted(
        charts.values(), key=lambda c: mode.difficulty(c, request.timing), reverse=True
    )
    return [
        pair(rows_of(harder, mode, request.timing, request.audio), easier, mode, request.timing)
        for harder, easier in pairwise(by_level)
    ]


def _lower(request: GenerateRequest, level: float, weights: dict[str, float]) -> GenerateRequest:
    """A draft of a level from the times above it, of which the least worthy is left out."""
    timing, mode = request.timing, MODES[request.chart.mode]
    inside = slice_notes(request.chart.notes, request.start, request.end)
    rows = rows_of(replace(request.chart, notes=tuple(inside)), mode, timing, request.audio)
    if len(rows.ticks) < 2:
        raise EngineError(f"level {level:g} cannot be made: the level above it has too few notes")
    only, worths = rows.ticks.tolist(), worth(rows, weights).tolist()
    least = worths.index(min(worths))
    del only[least], worths[least]
    on_grid = all(timing.snap(t, request.grid) == t for t in only)
    middle = (request.start + request.end) // 2
    settings = usual_settings(mode.id, level, timing, middle)
    return GenerateRequest(
        audio=request.audio,
        timing=timing,
        chart=Chart(mode.id, request.chart.name, level=level, settings=settings),
        start=request.start,
        end=request.end,
        level=level,
        grid=request.grid if on_grid else FINEST,
        seed=request.seed,
        n_candidates=request.n_candidates,
        only=tuple(only),
        worth=tuple(worths),
        style=request.style,
    )

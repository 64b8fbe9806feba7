"""Which filled bars follow bars that the author has changed since: those that sound like them.

Asked through key bars: how little is known of a bar once only some others are charted is how
unlike them it sounds. Knows the engine's requests; knows no document and no widget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chartstudio.core.errors import EngineError
from chartstudio.core.job import Job, Progress
from chartstudio.core.note import LaneNote
from chartstudio.editor.finish import Span
from chartstudio.engine.requests import KeyBarsRequest
from chartstudio.gui.engine_host import EngineHost
from chartstudio.gui.text import tr

_SLACK = 0.1
"""A charted bar counts for another one as long as no other is more alike by this: beyond,
its weight in what is written there is less than a seventh."""

_STRANGE = 0.97
"""From so much doubt on, two bars have nothing in common."""


@dataclass(frozen=True, slots=True)
class Changed:
    """What a fill followed, and what of it has changed.

    Parameters
    ----------
    request : KeyBarsRequest
        The song, its timing and its chart; notes, number and stretch are not read.
    own : tuple of (int, int)
        The author's bars.
    changed : tuple of (int, int)
        Those that have changed, and those that are no longer the author's.
    """

    request: KeyBarsRequest
    own: tuple[Span, ...]
    changed: tuple[Span, ...]


def alike(engine: EngineHost, what: Changed, bars: Sequence[Span]) -> Job[tuple[Span, ...]]:
    """Find the bars whose notes would be others now.

    A bar is left alone where a bar that has not changed is more like it than all that have.

    Raises
    ------
    EngineError
        When nothing can be heard of any bar.
    """
    found: list[Span] = []
    problem: EngineError | None = None
    n_heard = 0
    for i, bar in enumerate(bars):
        yield Progress(i / len(bars), tr("Looking for bars like those you changed"))
        try:
            now = yield from _unlike(engine, what, what.changed, bar)
            if now >= _STRANGE:
                n_heard += 1
                continue
            least = yield from _unlike(engine, what, (*what.own, *what.changed), bar)
        except EngineError as error:
            # A silent bar is like no other.
            problem = error
            continue
        n_heard += 1
        if now <= least + _SLACK:
            found.append(bar)
    if problem is not None and not n_heard:
        raise problem
    return tuple(found)


def _unlike(engine: EngineHost, what: Changed, charted: Sequence[Span], bar: Span) -> Job[float]:
    """How unlike a bar is to the one of some others that is most like it, 0 to 1."""
    # Only that they are charted counts: with different notes they would disagree.
    notes = tuple(LaneNote(start, start, 0) for start, _ in sorted(set(charted)) if start != bar[0])
    chart = replace(what.request.chart, notes=notes)
    request = replace(what.request, chart=chart, n=1, stretch=bar)
    answer = yield from engine.key_bars(request)
    return answer.uncertainty[0]

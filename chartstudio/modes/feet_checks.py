"""What feet have to say about a chart of a pad game: twists, double steps, mines underfoot.

Nothing here is an error: all of it can be danced, and some charts are loved for it. This
module knows what to say of a walk; `feet` finds it, `lanes` has the rules of lanes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from chartstudio.core.mode import Check, Issue, Layout, Severity
from chartstudio.core.note import LaneNote, ticks_of
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.feet import Flag, Step, on_pad, steps
from chartstudio.modes.lanes import PRESSED, judged_notes, lane_notes


@dataclass(frozen=True, slots=True)
class FootRules:
    """From when a game's players mind.

    Parameters
    ----------
    bracket_level : float
        Charts below this level are not expected to ask for two panels under one foot.
    crossover_level : float
        From this level on crossovers are the game itself and not mentioned.
    fast_double_step_s, double_step_s : float
        A foot twice in a row within this is a warning, a hint; slower it is a walk.
    mine_after_s, mine_near_s : float
        A mine so soon after a step leaves no time to lift the foot (hint); so close to one
        that it cannot be told from it (warning).
    """

    bracket_level: float
    crossover_level: float
    fast_double_step_s: float = 0.1
    double_step_s: float = 0.35
    mine_after_s: float = 0.09
    mine_near_s: float = 0.045


def foot_checks(layout: Layout, rules: FootRules) -> tuple[Check, ...]:
    """The checks of a pad game that go by feet.

    Parameters
    ----------
    layout : Layout
    rules : FootRules
    """

    def check_steps(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
        """Where the feet have to twist, double or share."""
        walk = steps(chart, timing, layout)
        for before, step in pairwise([None, *walk]):
            assert step is not None
            yield from _of_step(chart, layout, rules, before, step)

    def check_mines(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
        """Mines on a panel that was just stepped on, or is about to be."""
        yield from _of_mines(on_pad(chart, layout), timing, layout, rules)

    return check_steps, check_mines


def _of_step(
    chart: Chart, layout: Layout, rules: FootRules, before: Step | None, step: Step
) -> Iterator[Issue]:
    names = ", ".join(f"{layout.lanes[lane].name}" for lane, _ in step.parts)
    since_ms = f"{step.gap_s * 1000:.0f} ms"
    foot = "Left" if any(part.startswith("left") for _, part in step.parts) else "Right"
    easy = chart.level is not None and chart.level < rules.bracket_level
    hard = chart.level is not None and chart.level >= rules.crossover_level
    known: set[Flag] = {"crossover"} if hard else set()
    if before is not None and "away" in before.flags:
        known.add("away")
    new = step.flags - known

    def issue(name: str, severity: Severity, text: str) -> Issue:
        start = step.tick if before is None or name != "double-step" else before.tick
        return Issue(name, severity, text, start, step.tick)

    if "double-step" in new and step.gap_s <= rules.double_step_s:
        fast = step.gap_s <= rules.fast_double_step_s
        text = f"{foot} foot twice within {since_ms}, now on {names}"
        yield issue("double-step", "warning" if fast else "hint", text)
    if "bracket" in new or "hold-bracket" in new:
        text = f"One foot on two panels at once ({names})"
        yield issue("bracket", "warning" if easy else "hint", text)
    said: tuple[tuple[Flag, str, Severity, str], ...] = (
        ("footswitch", "footswitch", "hint", f"Feet change on {names} within {since_ms}"),
        ("crossover", "crossover", "hint", f"Feet cross on {names}"),
        ("away", "facing-away", "warning", f"Back to the screen on {names}"),
        ("spin", "spin", "warning", f"A turn behind the back on {names}"),
    )
    yield from (issue(name, level, text) for flag, name, level, text in said if flag in new)


def _of_mines(chart: Chart, timing: TimingMap, layout: Layout, rules: FootRules) -> Iterator[Issue]:
    notes = judged_notes(lane_notes(chart.notes), chart, timing)
    starts = timing.seconds_at(ticks_of(notes)).tolist()
    # When each lane was last pressed, or let go after a hold, and its last mine.
    pressed: dict[int, tuple[int, float]] = {}
    mined: dict[int, tuple[LaneNote, float]] = {}
    for note, at_s in zip(notes, starts, strict=True):
        if note.kind == "mine":
            since = pressed.get(note.lane)
            mined[note.lane] = (note, at_s)
            if since is not None and note.tick > since[0] and at_s - since[1] <= rules.mine_after_s:
                near = at_s - since[1] <= rules.mine_near_s
                yield _mine_issue(note, layout, at_s - since[1], near, "after")
        elif note.kind in PRESSED:
            mine = mined.pop(note.lane, None)
            if mine is not None and note.tick > mine[0].tick:
                gap_s = at_s - mine[1]
                if gap_s <= rules.mine_near_s:
                    yield _mine_issue(mine[0], layout, gap_s, True, "before")
            end_s = at_s if note.end == note.tick else timing.seconds_at(note.end)
            pressed[note.lane] = (note.end, end_s)


def _mine_issue(mine: LaneNote, layout: Layout, gap_s: float, near: bool, side: str) -> Issue:
    name = layout.lanes[mine.lane].name
    return Issue(
        "mine-underfoot",
        "warning" if near else "hint",
        f"A mine {gap_s * 1000:.0f} ms {side} a step on {name}",
        mine.tick,
        mine.tick,
        _without_mine(mine),
    )


def _without_mine(mine: LaneNote) -> Callable[[Chart], Chart]:
    return lambda chart: replace(chart, notes=tuple(n for n in chart.notes if n != mine))

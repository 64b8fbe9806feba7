"""What is wrong with a Beat Saber chart: the table of rules and where each applies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chartstudio.core.mode import Issue
from chartstudio.core.song import Chart
from chartstudio.core.timing import TimingMap
from chartstudio.modes.beatsaber.check_flow import (
    check_awkward_angles,
    check_double_directionals,
    check_inline_angles,
    check_one_saber,
    check_resets,
    check_speed,
    check_stacks,
)
from chartstudio.modes.beatsaber.check_objects import (
    check_arcs,
    check_cells,
    check_chains,
    check_grid,
    check_jump,
    check_start,
)
from chartstudio.modes.beatsaber.check_sight import (
    check_bombs_in_path,
    check_handclaps,
    check_swing_paths,
    check_vision_blocks,
)
from chartstudio.modes.beatsaber.check_walls import (
    check_dodging,
    check_notes_in_walls,
    check_wall_sizes,
)
from chartstudio.modes.beatsaber.scene import TURNING, SaberCheck, Scene

_LAWLESS = frozenset({"Lawless", "Lightshow"})
"""Made to break rules, or not made to be played."""

_NO_ARROWS = _LAWLESS | {"NoArrows"}
"""Every note is played as a dot: there is no direction to be wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A check and where it applies.

    Parameters
    ----------
    check : callable
    never : frozenset of str
        Characteristics without this rule.
    only : frozenset of str
        The only ones with it; empty for all.
    """

    check: SaberCheck
    never: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    def applies(self, characteristic: str) -> bool:
        """Whether a chart of this characteristic has the rule."""
        if self.only:
            return characteristic in self.only
        return characteristic not in self.never


RULES: tuple[Rule, ...] = (
    Rule(check_double_directionals, never=_NO_ARROWS),
    Rule(check_resets, never=_NO_ARROWS),
    Rule(check_awkward_angles, never=_NO_ARROWS),
    Rule(check_speed, never=_LAWLESS),
    Rule(check_stacks, never=_NO_ARROWS),
    Rule(check_inline_angles, never=_NO_ARROWS),
    Rule(check_one_saber, only=frozenset({"OneSaber"})),
    Rule(check_vision_blocks, never=_LAWLESS | TURNING),
    Rule(check_handclaps, never=_NO_ARROWS | TURNING | {"OneSaber"}),
    Rule(check_swing_paths, never=_NO_ARROWS | TURNING | {"OneSaber"}),
    Rule(check_bombs_in_path, never=_NO_ARROWS | TURNING),
    Rule(check_cells),
    Rule(check_grid),
    Rule(check_start, never=_LAWLESS),
    Rule(check_jump, never=_LAWLESS),
    Rule(check_chains),
    Rule(check_arcs),
    Rule(check_wall_sizes),
    Rule(check_notes_in_walls, never=_LAWLESS | TURNING),
    Rule(check_dodging, never=_LAWLESS | TURNING),
)


def check(chart: Chart, timing: TimingMap) -> Iterator[Issue]:
    """Everything that the rules find; the chart is prepared once for all of them."""
    if not chart.notes:
        return
    scene = Scene.of(chart, timing)
    for rule in RULES:
        if rule.applies(scene.characteristic):
            yield from rule.check(scene)

"""Beat lines under the mouse, as states beside those of `drag`.

==========================  =================================================================
left on a flag              click: go there; drag: put that beat onto another time
left on tempo, waveform or  the same with the nearest beat line, with Alt or while the tool
ruler                       that drags beats is on
double click on tempo       let the tempo change on the nearest grid line
right on a flag             remove what happens there
==========================  =================================================================

A dragged line is drawn to sounds near it unless Ctrl is held. As everywhere, the edit is the
action of the release.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chartstudio.gui.timeline import drag
from chartstudio.gui.timeline.bands import Zone
from chartstudio.gui.timeline.drag import IDLE, SLACK_PX, Button, Keys, Pointer, Rules, SeekTick

_ZONES = (Zone.TEMPO, Zone.WAVE, Zone.RULER)


@dataclass(frozen=True, slots=True)
class DragBeat:
    """Put a beat onto a second."""

    tick: int
    seconds: float


@dataclass(frozen=True, slots=True)
class InsertChange:
    """Let the tempo change on a tick."""

    tick: int


@dataclass(frozen=True, slots=True)
class RemoveChange:
    """Remove the pause or the tempo change on a tick."""

    tick: int


BeatAction = DragBeat | InsertChange | RemoveChange


@dataclass(frozen=True, slots=True)
class Step:
    """The state that an event leads to, and what is to be done about it."""

    state: BeatState | drag.State
    action: BeatAction | drag.Action | None = None


@dataclass(frozen=True, slots=True)
class BeatPress:
    """Pressed on a beat line: a click so far."""

    tick: int
    at: Pointer

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Far enough, and the line follows."""
        if abs(at.x - self.at.x) < SLACK_PX:
            return Step(self)
        line_s = rules.seconds(self.tick)
        return BeatDrag(self.tick, line_s, self.at.seconds, line_s).move(at, rules)

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Go to the beat."""
        return Step(IDLE, SeekTick(self.tick))


@dataclass(frozen=True, slots=True)
class BeatDrag:
    """A beat line hangs on the pointer.

    Parameters
    ----------
    tick : int
    line_s : float
        Where the line was.
    pressed_s : float
        Where the pointer took hold of it.
    seconds : float
        Where it is now.
    """

    tick: int
    line_s: float
    pressed_s: float
    seconds: float

    def move(self, at: Pointer, rules: Rules) -> Step:
        """Follow by what the mouse moved, and be caught by sounds."""
        seconds = self.line_s + at.seconds - self.pressed_s
        return Step(replace(self, seconds=seconds if at.free else rules.catch(seconds)))

    def release(self, at: Pointer, rules: Rules) -> Step:
        """Leave the beat there."""
        moved = self.seconds != self.line_s
        return Step(IDLE, DragBeat(self.tick, self.seconds) if moved else None)


BeatState = BeatPress | BeatDrag


def press(at: Pointer, button: Button, keys: Keys, rules: Rules) -> Step | None:
    """What a button going down on a beat line begins; None where it is none of ours."""
    if at.zone is Zone.TEMPO and button is Button.RIGHT:
        return Step(IDLE, None if at.anchor is None else RemoveChange(at.anchor))
    if button is not Button.LEFT or keys.shift or at.zone not in _ZONES:
        return None
    if at.anchor is not None:
        return Step(BeatPress(at.anchor, at))
    if keys.alt or rules.drags_beats:
        return Step(BeatPress(rules.beat(at.tick), at))
    return None

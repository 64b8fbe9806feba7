"""The figures that StepMania writes about a chart (``RADARVALUES``).

Rules are those of ITGmania's ``NoteDataUtil::CalculateRadarValues``. The first five depend on
the length of the music, which is not known here: the end of the last note stands for it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import astuple, dataclass, field
from itertools import groupby

import numpy as np

from chartstudio.core.note import LaneNote
from chartstudio.core.song import Chart, Song, judged
from chartstudio.core.ticks import TICKS_PER_BEAT
from chartstudio.formats.playable import effects_of
from chartstudio.formats.stepmania_notes import KEYSOUND

_WINDOW_BEATS = 8
_AUTO = "keysound"
_PLAYED = frozenset(("tap", "hold", "roll", "lift"))


@dataclass(slots=True)
class Radar:
    """A chart's figures, in the order of the file."""

    stream: float = 0.0
    voltage: float = 0.0
    air: float = 0.0
    freeze: float = 0.0
    chaos: float = 0.0
    n_notes: int = 0
    n_rows: int = 0
    n_jumps: int = 0
    n_holds: int = 0
    n_mines: int = 0
    n_hands: int = 0
    n_rolls: int = 0
    n_lifts: int = 0
    n_fakes: int = 0

    def text(self, n_values: int) -> str:
        """The tag's value: as many figures as the format has, once for each player."""
        shares, counts = astuple(self)[:5], astuple(self)[5:n_values]
        once = [*(f"{share:.3f}" for share in shares), *map(str, counts)]
        return ",".join(once * 2)


def radar(song: Song, chart: Chart) -> Radar:
    """The figures of a chart of a pad game."""
    notes = [n for n in chart.notes if isinstance(n, LaneNote)]
    events = [(n.tick, n.lane, n.kind, n.end) for n in notes]
    events += [
        (e.tick, int(e.values[0]), _AUTO, e.tick) for e in chart.effects if e.kind == KEYSOUND
    ]
    events.sort()
    rows = [(tick, list(row)) for tick, row in groupby(events, key=lambda e: e[0])]
    ticks = np.array([tick for tick, _ in rows], dtype=np.int64)
    counted = judged(song.timing_of(chart), effects_of(song, chart), ticks)
    counting = _Counting()
    for (tick, row), is_judged in zip(rows, counted.tolist(), strict=True):
        counting.row(tick, [(kind, end) for _, _, kind, end in row], is_judged)
    found = counting.radar
    last_tick = max((n.end for n in notes), default=0)
    seconds = song.timing_of(chart).seconds_at(last_tick)
    if seconds > 0:
        found.stream = found.n_notes / seconds / 7
        peak = counting.n_in_window / _WINDOW_BEATS
        found.voltage = peak * (last_tick / TICKS_PER_BEAT) / seconds / 10
        found.air = found.n_jumps / seconds
        found.freeze = found.n_holds / seconds
        found.chaos = counting.n_broken_rows / seconds / 2
    return found


@dataclass(slots=True)
class _Counting:
    radar: Radar = field(default_factory=Radar)
    held_until: list[int] = field(default_factory=list)
    recent: deque[int] = field(default_factory=deque)
    n_in_window: int = 0
    n_broken_rows: int = 0

    def row(self, tick: int, row: list[tuple[str, int]], is_judged: bool) -> None:
        """Count one row with anything on it."""
        found = self.radar
        self.n_broken_rows += tick % (TICKS_PER_BEAT // 2) != 0
        self.held_until = [end for end in self.held_until if end >= tick]
        while self.recent and self.recent[0] < tick - _WINDOW_BEATS * TICKS_PER_BEAT:
            self.recent.popleft()
        if not is_judged:
            found.n_fakes += len(row)
            return
        kinds = [kind for kind, _ in row]
        n_pressed = sum(kind in _PLAYED for kind in kinds)
        found.n_notes += n_pressed
        found.n_rows += n_pressed > 0
        found.n_jumps += n_pressed > 1
        found.n_hands += n_pressed + len(self.held_until) >= 3
        found.n_holds += kinds.count("hold")
        found.n_rolls += kinds.count("roll")
        found.n_mines += kinds.count("mine")
        found.n_lifts += kinds.count("lift")
        found.n_fakes += kinds.count("fake")
        self.held_until += [end for kind, end in row if kind in ("hold", "roll")]
        self.recent.extend([tick] * n_pressed)
        self.n_in_window = max(self.n_in_window, len(self.recent))

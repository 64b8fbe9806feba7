"""On which lines of the grid a request may put notes, and on how many of them.

Knows requests, timing and what stays; refuses to know the network and chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chartstudio.core.errors import EngineError
from chartstudio.core.note import ticks_of
from chartstudio.core.ticks import TICKS_PER_BEAT, Ticks, snap_ticks
from chartstudio.engine.features import SlotGrid
from chartstudio.engine.requests import GenerateRequest
from chartstudio.engine.stay import Stay


@dataclass(frozen=True, slots=True)
class Count:
    """How many note times there are to be.

    Parameters
    ----------
    n_times : int
        To begin with.
    fixed : bool
        Whether that stays, whatever level comes of it.
    by_author : bool
        Whether the charted bars decide: each stretch takes what they let expect there.
    """

    n_times: int
    fixed: bool
    by_author: bool = False


def refuse_odd(request: GenerateRequest) -> None:
    """Say what cannot be asked for, whatever the song is.

    Raises
    ------
    EngineError
    """
    if request.level is not None and not 0 < request.level < 1000:
        raise EngineError(f"level {request.level:g} cannot be drafted: ask for more than 0")
    if request.n_candidates < 1:
        raise EngineError("ask for at least one candidate")
    if request.worth and len(request.worth) != len(request.only or ()):
        raise EngineError("what times are worth is said of those to choose from, one by one")
    try:
        snap_ticks(request.grid)
    except (ValueError, ZeroDivisionError):
        raise EngineError(
            f"1/{request.grid} is no grid: choose one of 4, 8, 12, 16, 24, 32, 48, 64, 96, 192"
        ) from None


def lines_of(request: GenerateRequest, stay: Stay, grid: SlotGrid) -> Ticks:
    """Lines on which a note may stand.

    Raises
    ------
    EngineError
        When there is none.
    """
    low = max(request.start, int(grid.beat_ticks[0]))
    high = min(request.end, int(grid.beat_ticks[-1]))
    lines = request.timing.lines(low, high, request.grid) if low < high else np.empty(0, np.int64)
    own = stay.times
    if own is None and request.worth:
        own = np.array(request.only, dtype=np.int64)
    if own is not None:
        lines = own[(own >= low) & (own < high)]
    if len(lines):
        seconds = request.timing.seconds_at(lines)
        heard = (seconds >= 0) & (seconds < request.audio.duration_s)
        lines = lines[heard & ~request.timing.warped(lines) & stay.written(lines)]
    if "notes" in request.locks:
        lines = lines[~np.isin(lines, ticks_of(stay.locked))]
    if request.only is not None:
        lines = lines[np.isin(lines, request.only)]
    if not len(lines):
        raise EngineError(
            f"no line of the 1/{request.grid} grid lies in this range of the audio: "
            "choose a longer range or a finer grid"
        )
    return lines


def count(
    request: GenerateRequest, stay: Stay, lines: Ticks, weights: NDArray[np.float64]
) -> Count:
    """How many of the lines get a row; locked notes count among the asked times.

    Raises
    ------
    EngineError
        When the lines have no room for so many, or nothing is left to write.
    """
    if stay.times is not None:
        return Count(len(lines), fixed=True)
    n_locked = len(np.unique(ticks_of(stay.locked))) if "notes" in request.locks else 0
    if request.n_times is not None:
        n_times, most = request.n_times - n_locked, len(lines)
        if not 0 < n_times <= most:
            raise EngineError(
                f"{request.n_times} note times were asked for, and the range has "
                f"{most + n_locked} lines of the 1/{request.grid} grid: ask for {n_locked + 1} "
                f"to {most + n_locked}, or choose a finer grid"
            )
        return Count(n_times, fixed=True)
    if stay.rows and not request.density:
        return Count(min(len(stay.rows), len(lines)), fixed=True)
    n_times = min(round(float(weights.sum())) - n_locked, len(lines))
    if request.level is None and not request.density:
        return Count(max(n_times, 1), fixed=True, by_author=True)
    if n_times <= 0 and n_locked:
        raise EngineError(
            f"the {n_locked} locked note times are all that this level takes: ask for a higher "
            "level or a note count"
        )
    if not weights.any():
        raise EngineError("nothing sounds in this range: choose another, or give a note count")
    return Count(max(n_times, 1), fixed=bool(request.density))


def painted(
    request: GenerateRequest, lines: Ticks, expected: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Expected note times at each line, as painted where something is painted."""
    found = expected.copy()
    for start, end, per_beat in request.density:
        inside = (lines >= start) & (lines < end)
        n_beats = (end - start) / TICKS_PER_BEAT
        found[inside] = min(per_beat * n_beats / max(int(inside.sum()), 1), 1.0)
    return found


def step_s(request: GenerateRequest, stay: Stay, lines: Ticks) -> NDArray[np.float64]:
    """Time from each line to the next, gaps and pauses left out."""
    step = snap_ticks(request.grid)
    bpm = np.array([request.timing.bpm_at(int(t)) for t in lines[:: max(len(lines) // 64, 1)]])
    usual_s = step / TICKS_PER_BEAT * 60.0 / np.median(bpm)
    seconds = np.diff(request.timing.seconds_at(lines))
    # Between chosen times there may be beats; between neighbouring lines only a pause.
    chosen = request.only is not None or stay.times is not None
    longest_s = (8 if chosen else 2) * usual_s
    capped: NDArray[np.float64] = np.minimum(np.append(seconds, usual_s), longest_s)
    return capped
